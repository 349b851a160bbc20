//! Writing a file: which releases, and all that their claims rest on.

use super::claim::{self, Known, LIMITS};
use super::file::{BAD, ClaimPart, DisclosurePart, EntryPart, File, ItemsPart, LogPart, PrefixPart};
use super::grounds;
use super::text;
use super::verify::check_own;
use crate::audit::{AuditEvent, Entry, LogHead, item_hash};
use crate::crypto::hash::sha256;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Timestamp};
use crate::label::Purpose;
use crate::record::Recipient;
use crate::vault::{Disclosing, HealthSpace, Log, is_damage};
use std::collections::{BTreeMap, BTreeSet};

/// What is shown of the items of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ItemsShown {
    /// How many, of which categories, and the root over them: what the entry says by itself.
    Count,
    /// Their salted hashes, which tell nothing to whoever lacks the salt.
    #[default]
    Hashes,
    /// Records and positions, with the salt: for whoever may know which they were. It also lets
    /// guesses at the question be tested against its hash.
    Open,
}

/// Which releases to give evidence of, and how much of each.
///
/// ```
/// use healthspace::consent::Recipient;
/// use healthspace::evidence::{EvidenceRequest, ItemsShown};
/// let ask = EvidenceRequest::new().recipient(Recipient::model("eu-llm")?).items(ItemsShown::Count);
/// # Ok::<(), healthspace::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct EvidenceRequest {
    partition: Option<String>,
    recipient: Option<Recipient>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    entries: Option<BTreeSet<u64>>,
    items: ItemsShown,
    without_system: bool,
    without_consents: bool,
    with_partition: bool,
}

impl core::fmt::Debug for EvidenceRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("EvidenceRequest(..)")
    }
}

impl EvidenceRequest {
    /// Every release of every partition.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of one partition.
    #[must_use]
    pub fn partition(mut self, name: &str) -> Self {
        self.partition = Some(name.to_owned());
        self
    }

    /// To one recipient.
    #[must_use]
    pub fn recipient(mut self, to: Recipient) -> Self {
        self.recipient = Some(to);
        self
    }

    /// Entered in this half-open range of time.
    #[must_use]
    pub fn between(mut self, from: Timestamp, until: Timestamp) -> Self {
        (self.from, self.until) = (Some(from), Some(until));
        self
    }

    /// Those entries of a partition's log; needs [`partition`](Self::partition).
    #[must_use]
    pub fn entries(mut self, entries: &[u64]) -> Self {
        self.entries = Some(entries.iter().copied().collect());
        self
    }

    /// How much is shown of the items.
    #[must_use]
    pub const fn items(mut self, shown: ItemsShown) -> Self {
        self.items = shown;
        self
    }

    /// Leaves out the entries of the space's log between a grant and the release. They show that no
    /// withdrawal came before, and that other consents were given or withdrawn, though not which:
    /// without them the claim's level is [`Level::Logged`](super::Level::Logged).
    #[must_use]
    pub const fn without_system_entries(mut self) -> Self {
        self.without_system = true;
        self
    }

    /// Leaves out the consents' texts. One may say that the grant was passed on under another, which
    /// must not have been withdrawn either: without them the claim's level is
    /// [`Level::Logged`](super::Level::Logged).
    #[must_use]
    pub const fn without_consents(mut self) -> Self {
        self.without_consents = true;
        self
    }

    /// Shows all of a partition's own log up to the last of the releases: that no withdrawal was entered there
    /// before, and that a counted grant was used no more often than it says, which is not proved without. Whoever
    /// reads the file learns what else was entered there: other releases, to whom and for what, refusals, imports.
    #[must_use]
    pub const fn with_partition_entries(mut self) -> Self {
        self.with_partition = true;
        self
    }

    fn wants(&self, index: u64, entry: &Entry) -> bool {
        let AuditEvent::Released { actor, .. } = &entry.event else { return false };
        self.entries.as_ref().is_none_or(|e| e.contains(&index))
            && self.recipient.as_ref().is_none_or(|r| r == actor)
            && self.from.is_none_or(|t| t <= entry.time)
            && self.until.is_none_or(|t| entry.time < t)
    }
}

impl HealthSpace {
    /// An evidence file (`.hsev`) of releases: entries, consents, signed checkpoints and proofs, and
    /// what they do not prove. [`verify_evidence`](super::verify_evidence) reads it, and so do
    /// programs that are not this library (`examples/verify`). Of several partitions, what one of them enters
    /// that no verifier would accept, or a log that cannot be read, keeps nobody from evidence of the others: the
    /// former is left out unless it was asked for by number, the latter unless that partition was asked for.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`] where some partitions only are open; [`Error::NoSuchPartition`];
    /// [`Error::NotFound`] for an entry that is no release; [`Error::Corrupt`] where a log is damaged.
    pub fn evidence(&self, request: &EvidenceRequest) -> Result<Vec<u8>> {
        self.disclosing(|all| Maker { all, request, system: BTreeMap::new(), parents: BTreeMap::new() }.make())
    }

    /// The verifier keys of all logs that are open here (C2SP signed-note), for whoever is to check
    /// receipts and evidence; that of the space's own log comes first.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`] where some partitions only are open.
    pub fn verifier_keys(&self) -> Result<Vec<String>> {
        self.disclosing(|all| {
            let mut keys = vec![all.system()?.key()?.to_text()];
            for (_, log) in all.partitions() {
                keys.push(log.key()?.to_text());
            }
            Ok(keys)
        })
    }
}

/// A file, or the entries in it, by log, whose disclosures contradict what it shows.
type Attempt = core::result::Result<Vec<u8>, BTreeSet<(String, u64)>>;

struct Maker<'a> {
    all: &'a Disclosing<'a>,
    request: &'a EvidenceRequest,
    /// Every entry of the space's log that was not erased.
    system: BTreeMap<u64, Entry>,
    /// Under which grant a version of another was passed on, as far as it was read.
    parents: BTreeMap<(GrantId, u64), Option<GrantId>>,
}

/// A grant when the log had a size.
#[derive(Clone, Copy)]
struct Stood {
    id: GrantId,
    /// Where it was given.
    index: u64,
    /// The version given there, and that in force: of both the text is shown.
    first: u64,
    version: u64,
}

/// What is to be shown of one log.
#[derive(Default)]
struct Shown {
    entries: BTreeSet<u64>,
    prefixes: BTreeMap<u64, [u8; 32]>,
    /// What is shown besides, below the last of the entries.
    below: BTreeSet<u64>,
}

impl Shown {
    fn all(&self) -> BTreeSet<u64> {
        let last = self.entries.last().copied().unwrap_or_default();
        self.entries.iter().chain(self.below.range(..last)).copied().collect()
    }
}

impl Maker<'_> {
    fn make(mut self) -> Result<Vec<u8>> {
        let system = self.all.system()?;
        self.system = system.read()?.into_iter().collect();
        let (mut own, mut grants) = (Shown::default(), BTreeSet::new());
        let mut logs = vec![(system, Shown::default())];
        let mut chosen = Vec::new();
        let named = |name: &str| self.request.partition.as_ref().is_none_or(|p| p == name);
        let mut found = false;
        for (_, log) in self.all.partitions().filter(|(name, _)| named(name)) {
            found = true;
            let mut shown = Shown::default();
            let entries = match log.read() {
                Err(e) if self.request.partition.is_none() && is_damage(&e) => continue,
                other => other?,
            };
            for (index, entry) in &entries {
                if self.request.wants(*index, entry) {
                    self.rests_on(&system, entry, &mut own, &mut grants)?;
                    shown.entries.insert(*index);
                    shown.entries.extend(began(&entries, *index, entry));
                    chosen.push((log.origin(), *index, self.items(&log, *index, entry)?));
                }
            }
            if self.request.with_partition {
                shown.below.extend(entries.iter().map(|(index, _)| *index));
            }
            // Which partition it is, the space's own log says.
            if !shown.entries.is_empty() && !self.request.without_system {
                let of = log.origin();
                let names = |e: &Entry| matches!(&e.event, AuditEvent::LogNamed { origin, .. } if *origin == of);
                own.entries.extend(self.system.iter().filter(|(_, e)| names(e)).map(|(index, _)| *index));
            }
            logs.push((log, shown));
        }
        if !found {
            return Err(Error::NoSuchPartition);
        }
        self.all_found(chosen.len())?;
        if let Some((_, shown)) = logs.first_mut() {
            *shown = own;
        }
        self.write(logs, chosen, &grants)
    }

    /// Entries that were asked for by number must all be releases, of one log.
    fn all_found(&self, found: usize) -> Result<()> {
        match &self.request.entries {
            Some(_) if self.request.partition.is_none() => Err(Error::Malformed(Malformed::Argument)),
            Some(asked) if asked.len() != found => Err(Error::NotFound),
            _ => Ok(()),
        }
    }

    /// Adds what a release rests on in the space's log: from the earliest of its grants, and of those
    /// under which they were passed on, up to the size that the entry names; and behind it what is dated before the
    /// release and ended one of them.
    fn rests_on(
        &mut self,
        log: &Log<'_>,
        entry: &Entry,
        own: &mut Shown,
        grants: &mut BTreeSet<(GrantId, u64)>,
    ) -> Result<()> {
        let AuditEvent::Released { grants: by, system: LogHead { origin, size, root }, .. } = &entry.event else {
            return Ok(());
        };
        // A release under another log than this one is shown as it is, and rests on nothing shown.
        if self.request.without_system || *origin != log.origin() || *size > log.size() {
            return Ok(());
        }
        let mut given = Vec::new();
        for id in by {
            let Some(own) = self.given(*id, *size) else { continue };
            given.push(own);
            if let Some(parent) = self.parent(own)? {
                given.extend(self.given(parent, *size));
            }
        }
        if let Some(first) = given.iter().map(|g| g.index).min() {
            own.entries.extend(self.system.range(first..*size).map(|(i, _)| *i));
            let ends = |e: &Entry| given.iter().any(|g| grounds::ends(e, g.id, entry.time));
            own.entries.extend(self.system.range(*size..).filter(|(_, e)| ends(e)).map(|(i, _)| *i));
            own.prefixes.insert(*size, *root);
            grants.extend(given.iter().flat_map(|g| [(g.id, g.first), (g.id, g.version)]));
        }
        Ok(())
    }

    /// How a grant stood when the log had this size.
    fn given(&self, id: GrantId, size: u64) -> Option<Stood> {
        let before = || self.system.range(..size).rev();
        let (index, entry) = before().find(|(_, e)| claim::gives(e, id))?;
        let (first, version) = (claim::files(entry, id)?, before().find_map(|(_, e)| claim::files(e, id))?);
        Some(Stood { id, index: *index, first, version })
    }

    /// The grant under which one was passed on; a consent from elsewhere never was.
    fn parent(&mut self, Stood { id, index, version, .. }: Stood) -> Result<Option<GrantId>> {
        if let Some(known) = self.parents.get(&(id, version)) {
            return Ok(*known);
        }
        let own = self.system.get(&index).is_some_and(|e| matches!(e.event, AuditEvent::Granted { .. }));
        let text = if own { self.all.consent(id, version)? } else { None };
        let parent = text.and_then(|t| text::parent(&t));
        self.parents.insert((id, version), parent);
        Ok(parent)
    }

    fn items(&self, log: &Log<'_>, index: u64, entry: &Entry) -> Result<ItemsPart> {
        let AuditEvent::Released { count, kind, .. } = entry.event else { return Ok(ItemsPart::Hidden) };
        let open = log.entry(index)?;
        // Of a large set only the root was kept.
        if kind.names_no_items() || open.items.len() as u64 != count {
            return Ok(ItemsPart::Hidden);
        }
        Ok(match self.request.items {
            ItemsShown::Count => ItemsPart::Hidden,
            ItemsShown::Hashes => {
                ItemsPart::Hashes((0..).zip(&open.items).map(|(i, item)| item_hash(&open.salt, i, item)).collect())
            }
            ItemsShown::Open => ItemsPart::Open(open.salt, open.items.clone()),
        })
    }

    /// Writes the file without the disclosures that contradict what it shows: who holds a partition's key can
    /// enter anything in its log, and that speaks for that partition alone.
    fn write(
        &self,
        mut logs: Vec<(Log<'_>, Shown)>,
        mut chosen: Vec<(String, u64, ItemsPart)>,
        grants: &BTreeSet<(GrantId, u64)>,
    ) -> Result<Vec<u8>> {
        loop {
            let refused = match self.attempt(&logs, &chosen, grants)? {
                Ok(bytes) => return Ok(bytes),
                Err(refused) if self.request.entries.is_some() || refused.is_empty() => return Err(BAD),
                Err(refused) => refused,
            };
            for (log, shown) in &mut logs {
                let origin = log.origin();
                shown.entries.retain(|index| !refused.contains(&(origin.clone(), *index)));
            }
            chosen.retain(|(origin, index, _)| !refused.contains(&(origin.clone(), *index)));
        }
    }

    /// The file, or what in it no verifier would accept.
    fn attempt(
        &self,
        all: &[(Log<'_>, Shown)],
        chosen: &[(String, u64, ItemsPart)],
        grants: &BTreeSet<(GrantId, u64)>,
    ) -> Result<Attempt> {
        let mut logs: Vec<&(Log<'_>, Shown)> = all.iter().collect();
        logs.retain(|(_, shown)| !shown.entries.is_empty());
        logs.sort_by_key(|(log, _)| log.origin());
        let space = self.all.system()?.origin();
        let mut file = File { limits: LIMITS.map(str::to_owned).to_vec(), ..File::default() };
        let (mut known, mut keys) = (Vec::new(), Vec::new());
        for (log, shown) in logs {
            keys.push(log.key()?);
            let (part, entries) = show(log, shown)?;
            let prefixes = shown.prefixes.clone();
            known.push(Known {
                origin: log.origin(),
                of_space: log.origin() == space,
                size: log.size(),
                partition: None,
                entries,
                prefixes,
            });
            file.logs.push(part);
        }
        claim::name_partitions(&mut known)?;
        if !self.request.without_consents {
            let named = claim::consents_named(&known);
            let texts = grants.iter().map(|(g, version)| self.all.consent(*g, *version)).collect::<Result<Vec<_>>>()?;
            file.consents = texts.into_iter().flatten().filter(|c| named.contains(&sha256(&[c]))).collect();
            file.consents.sort_by_key(|c| sha256(&[c]));
        }
        for (origin, index, items) in chosen {
            let log = known.iter().position(|k| k.origin == *origin).ok_or(Error::Internal(90))? as u64;
            let claim = ClaimPart { what: String::new(), level: String::new(), does_not_prove: Vec::new() };
            file.disclosures.push(DisclosurePart { log, index: *index, items: items.clone(), claim });
        }
        file.disclosures.sort_by_key(|d| (d.log, d.index));
        let (mut claims, mut refused) = (Vec::new(), BTreeSet::new());
        for d in &file.disclosures {
            match claim::derive(&known, &file, d.log, d.index, &d.items) {
                Ok(claim) => claims.push(claim.part()),
                Err(_) => {
                    let log = usize::try_from(d.log).ok().and_then(|n| known.get(n)).ok_or(Error::Internal(90))?;
                    refused.insert((log.origin.clone(), d.index));
                }
            }
        }
        if !refused.is_empty() {
            return Ok(Err(refused));
        }
        for (d, claim) in file.disclosures.iter_mut().zip(claims) {
            d.claim = claim;
        }
        let bytes = file.encode()?;
        check_own(&bytes, &self.all.system()?.key()?, &keys)?;
        Ok(Ok(bytes))
    }
}

/// The entry by which the emergency access began that a release is of.
fn began(entries: &[(u64, Entry)], index: u64, release: &Entry) -> Option<u64> {
    let AuditEvent::Released { purpose: Purpose::BreakGlass, .. } = &release.event else { return None };
    entries.iter().filter(|(i, e)| *i < index && grounds::begins(e, release)).map(|(i, _)| *i).next_back()
}

/// What is shown of a log, proved under its checkpoint.
fn show(log: &Log<'_>, shown: &Shown) -> Result<(LogPart, BTreeMap<u64, Entry>)> {
    let mut part = LogPart { checkpoint: log.checkpoint()?, entries: Vec::new(), prefixes: Vec::new() };
    let mut entries = BTreeMap::new();
    for index in shown.all() {
        let open = log.entry(index)?;
        let path = log.path(index, &open.leaf)?;
        entries.insert(index, Entry::decode(&open.bytes)?);
        part.entries.push(EntryPart { index, r: open.r, entry: open.bytes, path });
    }
    for (size, root) in &shown.prefixes {
        part.prefixes.push(PrefixPart { size: *size, root: *root, path: log.prefix(*size, root)? });
    }
    Ok((part, entries))
}

//! What follows from what a file shows, and what does not: derived when it is written and again
//! when it is read.

use super::file::{BAD, ClaimPart, File, ItemsPart};
use super::grounds::{Ground, Seen};
use crate::audit::{AuditEvent, Entry, LogHead, ReleaseKind, item_hash, root_of_hashes};
use crate::consent::ConsentDoc;
use crate::error::Result;
use crate::id::{GrantId, Identity, ScopeId};
use crate::label::{Label, PartitionKind, Purpose};
use crate::ledger::Hash;
use crate::record::{Category, Recipient};
use std::collections::{BTreeMap, BTreeSet};

/// How far a claim reaches without trusting whoever wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// The log says so, and more than it shows could contradict it.
    Logged,
    /// What is shown excludes, within the log shown, that it was otherwise.
    Verifiable,
}

impl Level {
    /// The word in the file.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Logged => "logged",
            Self::Verifiable => "verifiable",
        }
    }
}

pub(super) const UNDER_GRANT: &str = "released under a grant";
pub(super) const NOT_WITHDRAWN: &str = "released under a grant that was not withdrawn before";
pub(super) const OWN_LOOK: &str = "looked at by the person";

/// What no file of this kind proves.
pub(super) const LIMITS: [&str; 6] = [
    "that everything was entered, or that these are all disclosures",
    "that others are shown the same log",
    "that clock, recipient and gesture were what the host said",
    "that no other consent refused it",
    "what the items say, and that they are of the kinds, dates and labels that a grant names",
    "what the recipient did with them",
];
const OMITTED: &str = "omitted withdrawals";
const PASSED_ON: &str = "that the grant was not passed on under another";
const ACTIVE: &str = "that the consent from elsewhere was active";
const DATED: &str = "that an end of the grant that is dated before it came after it";
const LIMITED: &str = "withdrawals entered in the partition's own log";
const TERMS: &str = "the terms of the consent";
const PURPOSE: &str = "that the purpose lies within the grant's";
const RECIPIENT: &str = "that the recipient is the grant's";
const CATEGORIES: &str = "that the categories lie within the grant's";
const PARTITION: &str = "that the partition is the grant's";
const USES: &str = "that the grant was used no more often than it says";
const GLASS: &str = "that emergency access had begun";
const ITEMS: &str = "which items";

/// Largest size of a log: what every verifier can count.
pub(super) const MAX_SIZE: u64 = i64::MAX as u64;

/// A log whose checkpoint, entries and prefixes have been verified.
pub(super) struct Known {
    pub(super) origin: String,
    /// Whether it is the log of a space: consents stand in no other.
    pub(super) of_space: bool,
    pub(super) size: u64,
    /// Whose log it is, as far as the space's own log is shown to say it: scope, number and kind.
    pub(super) partition: Option<(ScopeId, u16, PartitionKind)>,
    pub(super) entries: BTreeMap<u64, Entry>,
    pub(super) prefixes: BTreeMap<u64, Hash>,
}

impl Known {
    /// Whether its first entry, where it is shown, says of it what the space's own log does.
    pub(super) fn is_of_its_partition(&self) -> bool {
        match self.entries.get(&0).map(|e| &e.event) {
            Some(AuditEvent::PartitionCreated { scope, ordinal, kind }) => {
                self.partition.is_none_or(|named| named == (*scope, *ordinal, *kind))
            }
            _ => true,
        }
    }
}

/// Takes from the space's own log which partition each of the others is of.
pub(super) fn name_partitions(logs: &mut [Known]) -> Result<()> {
    let mut all = BTreeMap::new();
    for entry in logs.iter().filter(|l| l.of_space).flat_map(|l| l.entries.values()) {
        let AuditEvent::LogNamed { scope, ordinal, kind, origin } = &entry.event else { continue };
        // Origins are random, and one is not given twice.
        if all.insert(origin.clone(), (*scope, *ordinal, *kind)).is_some() {
            return Err(BAD);
        }
    }
    logs.iter_mut().for_each(|l| l.partition = all.get(&l.origin).copied());
    Ok(())
}

/// A grant that a release names, as far as it is shown.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) grant: GrantId,
    /// Its entry in the system log.
    pub(super) index: Option<u64>,
    /// Position of its text among the consents.
    pub(super) consent: Option<usize>,
    /// The grant under which it was passed on.
    pub(super) parent: Option<GrantId>,
}

/// A claim, derived.
pub(super) struct Claim {
    pub(super) what: &'static str,
    pub(super) level: Level,
    pub(super) grants: Vec<Found>,
    pub(super) does_not_prove: Vec<&'static str>,
}

impl Claim {
    pub(super) fn part(&self) -> ClaimPart {
        let does_not_prove = self.does_not_prove.iter().map(|s| (*s).to_owned()).collect();
        ClaimPart { what: self.what.to_owned(), level: self.level.code().to_owned(), does_not_prove }
    }
}

/// Whether a consent is in force by this entry.
pub(super) fn gives(entry: &Entry, grant: GrantId) -> bool {
    !matches!(entry.event, AuditEvent::Renewed { .. }) && files(entry, grant).is_some()
}

/// The version of a consent that an entry files.
pub(super) fn files(entry: &Entry, grant: GrantId) -> Option<u64> {
    match entry.event {
        AuditEvent::Granted { grant: g, .. } if g == grant => Some(1),
        AuditEvent::Renewed { grant: g, version, .. } | AuditEvent::ConsentImported { grant: g, version, .. }
            if g == grant =>
        {
            Some(version)
        }
        _ => None,
    }
}

/// Whether all entries from one position up to another are shown.
pub(super) fn consecutive(log: &Known, from: u64, to: u64) -> bool {
    from <= to && log.entries.range(from..to).count() as u64 == to - from
}

/// Whether all of these are shown and read: an event of a later version may end a grant as well.
pub(super) fn read_through(log: &Known, from: u64, to: u64) -> bool {
    let read = |e: &Entry| !matches!(e.event, AuditEvent::Unknown { .. });
    consecutive(log, from, to) && log.entries.range(from..to).all(|(_, e)| read(e))
}

/// What a release says of itself.
#[derive(Clone, Copy)]
struct Release<'a> {
    purpose: Purpose,
    actor: &'a Recipient,
    label: Label,
    /// Whether it was handed out as a file.
    exported: bool,
}

/// What holds of all the grants of a release.
struct All {
    covered: bool,
    /// Whether the text of every grant of the space is shown, and of every one that the entry names: that in
    /// force, and the first one.
    texts: bool,
    named: bool,
    /// Whether that in force is shown of every one that is named.
    told: bool,
    /// Whether the entry of every one that is named is shown.
    within: bool,
    elsewhere: bool,
    active: bool,
    /// Whether nothing that is shown ended one of them by its time and not by its place.
    ordered: bool,
    counted: bool,
    /// Of the grants whose text is shown.
    categories: BTreeSet<Category>,
    scopes: BTreeSet<ScopeId>,
    subjects: BTreeSet<Identity>,
    /// The entries by which grants of the space were given.
    given: Vec<u64>,
    found: Vec<Found>,
}

impl All {
    /// Adds a grant that the entry names, and the one under which it was passed on.
    fn add(&mut self, ground: &Ground<'_>, grant: GrantId, release: Release<'_>) -> Result<()> {
        let Seen { mut found, covered, given, doc, texts, status, ordered } = ground.look(grant)?;
        (self.covered, self.ordered) = (self.covered && covered, self.ordered && ordered);
        match given.as_ref().map(|g| g.own.as_ref()) {
            // Nobody here reads the terms of a consent from elsewhere; but that it stands it says itself,
            // and none lifts the floor under training.
            Some(None) => {
                if status.as_ref().is_some_and(|s| s != "active") || release.purpose == Purpose::MlTraining {
                    return Err(BAD);
                }
                self.active &= status.is_some();
                self.elsewhere = true;
                self.found.push(found);
                return Ok(());
            }
            // A grant of the space is to access and to use, which is no leave to hand out a file.
            Some(Some(own)) if release.exported || !own.purpose.permits(release.purpose) => return Err(BAD),
            Some(Some(_)) => self.given.extend(found.index),
            None => self.within = false,
        }
        (self.texts, self.named) = (self.texts && texts, self.named && texts);
        let Some(doc) = doc else {
            self.told = false;
            self.found.push(found);
            return Ok(());
        };
        let terms = doc.spec.terms();
        if terms.recipient != *release.actor || !release.label.obligations.contains(terms.obligations) {
            return Err(BAD);
        }
        if let Some(uses) = terms.uses {
            self.counted = true;
            if given.map(|g| g.filed).is_some_and(|filed| ground.uses(grant, filed) > u64::from(uses)) {
                return Err(BAD);
            }
        }
        self.categories.extend(&terms.categories);
        self.scopes.insert(terms.scope);
        self.subjects.insert(doc.meta.subject);
        found.parent = doc.parent();
        self.found.push(found);
        let index = self.found.last().and_then(|f| f.index);
        doc.parent().map_or(Ok(()), |parent| self.above(ground, parent, &doc, index))
    }

    /// The grant under which one, given there, was passed on: it must have stood before and as well, and reach
    /// as far.
    fn above(&mut self, ground: &Ground<'_>, grant: GrantId, child: &ConsentDoc, at: Option<u64>) -> Result<()> {
        let Seen { found, covered, given, doc, texts, ordered, .. } = ground.look(grant)?;
        // A consent from elsewhere is not passed on.
        if given.is_some_and(|g| g.own.is_none() || Some(g.index) >= at)
            || doc.as_ref().is_some_and(|d| !child.spec.is_within(&d.spec))
        {
            return Err(BAD);
        }
        (self.covered, self.ordered) = (self.covered && covered, self.ordered && ordered);
        self.texts &= texts;
        self.subjects.extend(doc.map(|d| d.meta.subject));
        self.found.push(found);
        Ok(())
    }
}

/// Derives what follows about the release at `index` of log `at`.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) where the entry is no release, its items are not
/// those of the entry, or what is shown contradicts it: released after a withdrawal, under a grant that was
/// never given, or outside the time of a grant or the one above it, against what the grants' texts say, for another purpose than
/// theirs, as a file that they do not permit, or under a system log that is not the one shown, is a partition's, or is older than one
/// before.
pub(super) fn derive(logs: &[Known], file: &File, at: u64, index: u64, items: &ItemsPart) -> Result<Claim> {
    let log = usize::try_from(at).ok().and_then(|at| logs.get(at)).ok_or(BAD)?;
    let entry = log.entries.get(&index).ok_or(BAD)?;
    let AuditEvent::Released { purpose, grants, actor, count, items_root, system, label, kind, categories, .. } =
        &entry.event
    else {
        return Err(BAD);
    };
    // A log does not grow shorter.
    if log.entries.range(..index).any(|(_, e)| is_decided_later(e, system)) {
        return Err(BAD);
    }
    let mut does_not_prove = Vec::new();
    let hidden = check_items(items, *count, items_root, *kind)?;
    if grants.is_empty() {
        if *actor != Recipient::the_person() || *purpose != Purpose::PatientRequest {
            return Err(BAD);
        }
        does_not_prove.extend(hidden);
        return Ok(Claim { what: OWN_LOOK, level: Level::Logged, grants: Vec::new(), does_not_prove });
    }
    let training = *purpose == Purpose::MlTraining;
    let exported = *kind == ReleaseKind::File;
    let distinct = grants.iter().collect::<BTreeSet<_>>().len() == grants.len();
    let of_nothing = *count > 0 && categories.is_empty();
    // Broken glass never exports.
    let of_glass = exported && *purpose == Purpose::BreakGlass;
    if !distinct || of_nothing || of_glass || !training && !label.no_training() {
        return Err(BAD);
    }
    let shown = logs.iter().find(|l| l.origin == system.origin);
    let prefix = shown.and_then(|l| l.prefixes.get(&system.size));
    // Whoever writes a partition's log alone gives no consents there; and in the space's nothing is released.
    let foreign = |l: &Known| !l.of_space || l.origin == log.origin || l.size < system.size;
    if shown.is_some_and(foreign) || prefix.is_some_and(|root| *root != system.root) {
        return Err(BAD);
    }
    let (size, consents) = (system.size, &file.consents[..]);
    let ground = Ground { own: log, index, time: entry.time, system: shown, size, consents };
    if ground.is_before() {
        return Err(BAD);
    }
    let mut all = All {
        covered: prefix.is_some(),
        texts: true,
        named: true,
        told: true,
        within: true,
        elsewhere: false,
        active: true,
        ordered: true,
        counted: false,
        categories: BTreeSet::new(),
        scopes: BTreeSet::new(),
        subjects: BTreeSet::new(),
        given: Vec::new(),
        found: Vec::new(),
    };
    for grant in grants {
        all.add(&ground, *grant, Release { purpose: *purpose, actor, label: *label, exported })?;
    }
    let own = !all.elsewhere;
    let terms = all.texts && own;
    let partition = log.partition;
    let scope = partition.map(|(scope, ..)| scope);
    let is_below =
        |least: Label| !least.origins.is_subset(label.origins) || label.confidentiality < least.confidentiality;
    if partition.is_some_and(|(_, number, kind)| is_below(Label::of_partition(kind, number))) {
        return Err(BAD);
    }
    if all.told && own && !categories.is_subset(&all.categories)
        || scope.is_some_and(|of| all.scopes.iter().any(|s| *s != of))
        || all.subjects.len() > 1
    {
        return Err(BAD);
    }
    let whole = read_through(log, 0, index);
    let limits = [
        (all.covered, OMITTED),
        (all.texts, PASSED_ON),
        (all.active, ACTIVE),
        (all.ordered, DATED),
        (whole, LIMITED),
        (terms, TERMS),
        (all.within && own, PURPOSE),
        (all.named && own, RECIPIENT),
        (terms, CATEGORIES),
        (all.named && own && scope.is_some(), PARTITION),
        (whole && scope.is_some() || !all.counted, USES),
        (*purpose != Purpose::BreakGlass || ground.glass(&all.given)?, GLASS),
    ];
    does_not_prove.extend(limits.iter().filter(|(holds, _)| !holds).map(|(_, limit)| *limit));
    does_not_prove.extend(hidden);
    let (what, level) = match all.covered && all.texts && all.active && all.ordered {
        true => (NOT_WITHDRAWN, Level::Verifiable),
        false => (UNDER_GRANT, Level::Logged),
    };
    Ok(Claim { what, level, grants: all.found, does_not_prove })
}

/// Whether an entry is a release that was decided when the same system log was longer.
fn is_decided_later(entry: &Entry, than: &LogHead) -> bool {
    matches!(&entry.event, AuditEvent::Released { system, .. } if system.origin == than.origin && system.size > than.size)
}

/// Whether the items are those of the entry; what is not proved where they are not shown.
fn check_items(items: &ItemsPart, count: u64, root: &Hash, kind: ReleaseKind) -> Result<Option<&'static str>> {
    let hashes = match items {
        ItemsPart::Hidden => return Ok((count > 0).then_some(ITEMS)),
        // Of a count no items are named.
        _ if kind.names_no_items() => return Err(BAD),
        ItemsPart::Hashes(all) => all.clone(),
        ItemsPart::Open(salt, all) => (0..).zip(all).map(|(i, item)| item_hash(salt, i, item)).collect(),
    };
    let same = hashes.len() as u64 == count && root_of_hashes(&hashes)? == *root;
    if same { Ok(None) } else { Err(BAD) }
}

/// The hashes of all consents that shown entries of the space's log name: in no other are any given.
pub(super) fn consents_named(logs: &[Known]) -> BTreeSet<Hash> {
    let entries = logs.iter().filter(|l| l.of_space).flat_map(|l| l.entries.values());
    let hash = |e: &Entry| match e.event {
        AuditEvent::Granted { consent_hash, .. }
        | AuditEvent::Renewed { consent_hash, .. }
        | AuditEvent::ConsentImported { consent_hash, .. } => Some(consent_hash),
        _ => None,
    };
    entries.filter_map(hash).collect()
}

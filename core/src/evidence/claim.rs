//! What follows from what a file shows, and what does not: derived when it is written and again
//! when it is read.

use super::file::{BAD, ClaimPart, File, ItemsPart};
use super::text::{Rests, Text};
use crate::audit::{AuditEvent, Entry, LogHead, ReleaseKind, item_hash, root_of_hashes};
use crate::crypto::hash::sha256;
use crate::error::Result;
use crate::id::{GrantId, Timestamp};
use crate::label::Purpose;
use crate::ledger::Hash;
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
pub(super) const LIMITS: [&str; 5] = [
    "that everything was entered, or that these are all disclosures",
    "that others are shown the same log",
    "that clock, recipient and gesture were what the host said",
    "what the items say, and that they are of the kinds and dates that a grant names",
    "what the recipient did with them",
];
const OMITTED: &str = "omitted withdrawals";
const PASSED_ON: &str = "that the grant was not passed on under another";
const ACTIVE: &str = "that the consent from elsewhere was active";
const LIMITED: &str = "withdrawals entered in the partition's own log";
const TERMS: &str = "the terms of the consent";
const PURPOSE: &str = "that the purpose lies within the grant's";
const RECIPIENT: &str = "that the recipient is the grant's";
const CATEGORIES: &str = "that the categories lie within the grant's";
const ITEMS: &str = "which items";

/// Largest size of a log: what every verifier can count.
pub(super) const MAX_SIZE: u64 = i64::MAX as u64;

/// A log whose checkpoint, entries and prefixes have been verified.
pub(super) struct Known {
    pub(super) origin: String,
    /// Whether it is the log of a space: consents stand in no other.
    pub(super) of_space: bool,
    pub(super) size: u64,
    pub(super) entries: BTreeMap<u64, Entry>,
    pub(super) prefixes: BTreeMap<u64, Hash>,
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

/// What the entries of a grant say: by which it was given, and renewed.
struct Given {
    index: u64,
    consent_hash: Hash,
    /// Purpose and end; a consent from elsewhere has them in its text alone.
    terms: Option<(Purpose, Option<Timestamp>)>,
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

/// How a grant stood in the space's log when it had this size, by what is shown of it.
///
/// # Errors
/// Where it was withdrawn, or what is shown cannot be.
fn given(log: &Known, grant: GrantId, size: u64) -> Result<Option<Given>> {
    let (mut found, mut withdrawn, mut own): (Option<Given>, Option<u64>, bool) = (None, None, false);
    for (index, entry) in &log.entries {
        match entry.event {
            AuditEvent::Granted { grant: g, consent_hash, purpose, expires, .. } if g == grant => {
                // Ids are random: nobody honest gives one twice, or uses it before it is given.
                if found.is_some() || own || *index >= size {
                    return Err(BAD);
                }
                own = true;
                found = Some(Given { index: *index, consent_hash, terms: Some((purpose, expires)) });
            }
            // A renewal gives the same terms a new end, and the Consent a new text.
            AuditEvent::Renewed { grant: g, consent_hash, expires, .. } if g == grant && *index < size => {
                if let Some(Given { terms: Some((_, end)), consent_hash: hash, .. }) = &mut found {
                    (*hash, *end) = (consent_hash, Some(expires));
                }
            }
            // A newer version that the person filed counts, also after a withdrawal.
            AuditEvent::ConsentImported { grant: g, consent_hash, .. } if g == grant => {
                if own {
                    return Err(BAD);
                }
                if *index < size {
                    withdrawn = None;
                    found = Some(Given { index: *index, consent_hash, terms: None });
                }
            }
            AuditEvent::Withdrawn { grant: g, .. } if g == grant && *index < size => withdrawn = Some(*index),
            _ => {}
        }
    }
    // Of a consent from elsewhere a newer version may stand in an entry that is not shown, or erased.
    let open = |at: u64| found.as_ref().is_some_and(|g| g.terms.is_none()) && !consecutive(log, at, size);
    match withdrawn {
        Some(at) if !open(at) => Err(BAD),
        _ => Ok(found),
    }
}

fn consecutive(log: &Known, from: u64, to: u64) -> bool {
    from <= to && log.entries.range(from..to).count() as u64 == to - from
}

/// What a release rests on, as far as it is shown.
struct Ground<'a> {
    /// The log that it stands in, and where.
    own: &'a Known,
    index: u64,
    time: Timestamp,
    /// The space's log and its size then.
    system: Option<&'a Known>,
    size: u64,
    consents: &'a [Vec<u8>],
}

/// A grant as it stood then.
struct Seen {
    found: Found,
    /// Whether all entries from where it was given are shown.
    covered: bool,
    given: Option<Given>,
    text: Option<Text>,
}

impl Ground<'_> {
    /// # Errors
    /// Where the grant was withdrawn before, was over, or what is shown of it cannot be.
    fn look(&self, grant: GrantId) -> Result<Seen> {
        let given = match self.system {
            Some(log) => given(log, grant, self.size)?,
            None => None,
        };
        let is = |e: &Entry| matches!(e.event, AuditEvent::Withdrawn { grant: g, .. } if g == grant);
        if self.own.entries.range(..self.index).any(|(_, e)| is(e)) {
            return Err(BAD);
        }
        let end = given.as_ref().and_then(|g| g.terms).and_then(|(_, end)| end);
        if end.is_some_and(|end| end <= self.time) {
            return Err(BAD);
        }
        let index = given.as_ref().map(|g| g.index);
        let covered = matches!((self.system, index), (Some(l), Some(i)) if consecutive(l, i, self.size));
        let hash = given.as_ref().map(|g| g.consent_hash);
        let consent = hash.and_then(|hash| self.consents.iter().position(|c| sha256(&[c]) == hash));
        let text = consent.and_then(|at| self.consents.get(at)).map(|c| Text::read(c));
        Ok(Seen { found: Found { grant, index, consent, parent: None }, covered, given, text })
    }
}

/// What holds of all the grants of a release.
struct All {
    covered: bool,
    terms: bool,
    within: bool,
    named: bool,
    /// Whether it is known on which other grants they rest, and of one from elsewhere that it was active.
    alone: bool,
    active: bool,
    /// Every category of theirs; `None` where one does not tell.
    categories: Option<BTreeSet<String>>,
    found: Vec<Found>,
}

impl All {
    /// Adds a grant that the entry names, and the one under which it was passed on.
    fn add(&mut self, ground: &Ground<'_>, grant: GrantId, purpose: Purpose, actor: &str) -> Result<()> {
        let Seen { mut found, covered, given, text } = ground.look(grant)?;
        self.covered &= covered;
        // Nobody here reads the terms of a consent from elsewhere; but that it stands it says itself.
        if let Some(Given { terms: None, .. }) = given {
            let status = text.and_then(|t| t.status);
            if status.as_ref().is_some_and(|s| s != "active") {
                return Err(BAD);
            }
            self.active &= status.is_some();
            (self.terms, self.within, self.named, self.categories) = (false, false, false, None);
            self.found.push(found);
            return Ok(());
        }
        self.terms &= text.is_some();
        self.within &= given.and_then(|g| g.terms).is_some_and(|(p, _)| p == purpose);
        let recipient = text.as_ref().and_then(|t| t.recipient.as_deref());
        if recipient.is_some_and(|whom| whom != actor) {
            return Err(BAD);
        }
        self.named &= recipient.is_some();
        let rests = text.as_ref().map_or(Rests::Unread, |t| t.rests);
        let mut categories = text.and_then(|t| t.categories);
        self.alone &= rests != Rests::Unread;
        if let Rests::On(parent) = rests {
            found.parent = Some(parent);
            self.found.push(found);
            let above = self.above(ground, parent)?;
            categories = categories.zip(above).map(|(own, above)| &own & &above);
        } else {
            self.found.push(found);
        }
        self.categories = self.categories.take().zip(categories).map(|(all, own)| &all | &own);
        Ok(())
    }

    /// The grant under which one was passed on: it must have stood as well. Gives its categories.
    fn above(&mut self, ground: &Ground<'_>, grant: GrantId) -> Result<Option<BTreeSet<String>>> {
        let Seen { found, covered, given, text } = ground.look(grant)?;
        // A consent from elsewhere is not passed on.
        if given.is_some_and(|g| g.terms.is_none()) {
            return Err(BAD);
        }
        self.covered &= covered;
        self.terms &= text.is_some();
        self.found.push(found);
        match text.as_ref().map_or(Rests::Unread, |t| t.rests) {
            Rests::Unread => self.alone = false,
            // What was passed on is not passed on again, and nothing is that does not say so.
            Rests::On(_) => return Err(BAD),
            Rests::Alone if text.as_ref().is_some_and(|t| !t.may_pass_on) => return Err(BAD),
            Rests::Alone => {}
        }
        Ok(text.and_then(|t| t.categories))
    }
}

/// Derives what follows about the release at `index` of log `at`.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) where the entry is no release, its items are not
/// those of the entry, or what is shown contradicts it: released after a withdrawal or an expiry of
/// a grant or the one above it, of other categories than the grants', or under a system log that is
/// not the one shown, is a partition's, or is older than one before.
pub(super) fn derive(logs: &[Known], file: &File, at: u64, index: u64, items: &ItemsPart) -> Result<Claim> {
    let log = usize::try_from(at).ok().and_then(|at| logs.get(at)).ok_or(BAD)?;
    let entry = log.entries.get(&index).ok_or(BAD)?;
    let AuditEvent::Released { purpose, grants, actor, count, items_root, system, kind, categories, .. } = &entry.event
    else {
        return Err(BAD);
    };
    // A log does not grow shorter.
    if system.size > MAX_SIZE || log.entries.range(..index).any(|(_, e)| is_decided_later(e, system)) {
        return Err(BAD);
    }
    let mut does_not_prove = Vec::new();
    let hidden = check_items(items, *count, items_root, *kind)?;
    if grants.is_empty() {
        does_not_prove.extend(hidden);
        return Ok(Claim { what: OWN_LOOK, level: Level::Logged, grants: Vec::new(), does_not_prove });
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
    let mut all = All {
        covered: prefix.is_some(),
        terms: true,
        within: true,
        named: true,
        alone: true,
        active: true,
        categories: Some(BTreeSet::new()),
        found: Vec::new(),
    };
    for grant in grants {
        all.add(&ground, *grant, *purpose, actor)?;
    }
    if all.categories.as_ref().is_some_and(|of| !categories.iter().all(|c| of.contains(c.code()))) {
        return Err(BAD);
    }
    let limits = [
        (all.covered, OMITTED),
        (all.alone, PASSED_ON),
        (all.active, ACTIVE),
        (consecutive(log, 0, index), LIMITED),
        (all.terms, TERMS),
        (all.within, PURPOSE),
        (all.named, RECIPIENT),
        (all.categories.is_some(), CATEGORIES),
    ];
    does_not_prove.extend(limits.iter().filter(|(holds, _)| !holds).map(|(_, limit)| *limit));
    does_not_prove.extend(hidden);
    let (what, level) = match all.covered && all.alone && all.active {
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

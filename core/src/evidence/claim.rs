//! What follows from what a file shows, and what does not: derived when it is written and again
//! when it is read.

use super::file::{BAD, ClaimPart, File, ItemsPart};
use crate::audit::{AuditEvent, Entry, ReleaseKind, item_hash, root_of_hashes};
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
const LIMITED: &str = "withdrawals entered in the partition's own log";
const TERMS: &str = "the terms of the consent";
const PURPOSE: &str = "that the purpose lies within the grant's";
const RECIPIENT: &str = "that the recipient is the grant's";
const ITEMS: &str = "which items";

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
    let (mut found, mut withdrawn, mut own): (Option<Given>, bool, bool) = (None, false, false);
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
                    withdrawn = false;
                    found = Some(Given { index: *index, consent_hash, terms: None });
                }
            }
            AuditEvent::Withdrawn { grant: g, .. } if g == grant => withdrawn |= *index < size,
            _ => {}
        }
    }
    if withdrawn { Err(BAD) } else { Ok(found) }
}

/// For whom a grant of a space is, as its Consent says: the one actor's identifier.
fn recipient(consent: &[u8]) -> Option<String> {
    let consent: serde_json::Value = serde_json::from_slice(consent).ok()?;
    let [actor] = consent.pointer("/provision/actor")?.as_array()?.as_slice() else { return None };
    Some(actor.pointer("/reference/identifier/value")?.as_str()?.to_owned())
}

fn withdrawn(log: &Known, grant: GrantId, before: u64) -> bool {
    let is = |e: &Entry| matches!(e.event, AuditEvent::Withdrawn { grant: g, .. } if g == grant);
    log.entries.range(..before).any(|(_, e)| is(e))
}

fn consecutive(log: &Known, from: u64, to: u64) -> bool {
    from <= to && log.entries.range(from..to).count() as u64 == to - from
}

/// Derives what follows about the release at `index` of log `at`.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) where the entry is no release, its items are not
/// those of the entry, or what is shown contradicts it: released after a withdrawal or an expiry,
/// or under a system log that is not the one shown, or is a partition's.
pub(super) fn derive(logs: &[Known], file: &File, at: u64, index: u64, items: &ItemsPart) -> Result<Claim> {
    let log = usize::try_from(at).ok().and_then(|at| logs.get(at)).ok_or(BAD)?;
    let entry = log.entries.get(&index).ok_or(BAD)?;
    let AuditEvent::Released { purpose, grants, actor, count, items_root, system, kind, .. } = &entry.event else {
        return Err(BAD);
    };
    let mut does_not_prove = Vec::new();
    let hidden = check_items(items, *count, items_root, *kind)?;
    if grants.is_empty() {
        does_not_prove.extend(hidden);
        return Ok(Claim { what: OWN_LOOK, level: Level::Logged, grants: Vec::new(), does_not_prove });
    }
    let shown = logs.iter().find(|l| l.origin == system.origin);
    let prefix = shown.and_then(|l| l.prefixes.get(&system.size));
    // Whoever writes a partition's log alone gives no consents there.
    if shown.is_some_and(|l| !l.of_space || l.size < system.size) || prefix.is_some_and(|root| *root != system.root) {
        return Err(BAD);
    }
    let (mut covered, mut terms, mut within, mut named) = (prefix.is_some(), true, true, true);
    let mut found = Vec::new();
    for grant in grants {
        let given = match shown {
            Some(l) => given(l, *grant, system.size)?,
            None => None,
        };
        if withdrawn(log, *grant, index) {
            return Err(BAD);
        }
        let position = given.as_ref().map(|g| g.index);
        covered &= matches!((shown, position), (Some(l), Some(i)) if consecutive(l, i, system.size));
        let own = given.as_ref().and_then(|g| g.terms);
        if own.is_some_and(|(_, expires)| expires.is_some_and(|end| end <= entry.time)) {
            return Err(BAD);
        }
        let consent = given.and_then(|g| file.consents.iter().position(|c| sha256(&[c]) == g.consent_hash));
        // Nobody here reads the terms of a consent from elsewhere.
        let text = own.and(consent).and_then(|at| file.consents.get(at));
        let whom = text.and_then(|c| recipient(c));
        if whom.as_ref().is_some_and(|whom| whom != actor) {
            return Err(BAD);
        }
        within &= own.is_some_and(|(p, _)| p == *purpose);
        terms &= text.is_some();
        named &= whom.is_some();
        found.push(Found { grant: *grant, index: position, consent });
    }
    let limits = [
        (covered, OMITTED),
        (consecutive(log, 0, index), LIMITED),
        (terms, TERMS),
        (within, PURPOSE),
        (named, RECIPIENT),
    ];
    does_not_prove.extend(limits.iter().filter(|(holds, _)| !holds).map(|(_, limit)| *limit));
    does_not_prove.extend(hidden);
    let (what, level) = if covered { (NOT_WITHDRAWN, Level::Verifiable) } else { (UNDER_GRANT, Level::Logged) };
    Ok(Claim { what, level, grants: found, does_not_prove })
}

/// Whether the items are those of the entry; what is not proved where they are not shown.
fn check_items(items: &ItemsPart, count: u64, root: &Hash, kind: ReleaseKind) -> Result<Option<&'static str>> {
    let hashes = match items {
        ItemsPart::Hidden => return Ok((count > 0).then_some(ITEMS)),
        // Of a count no items are named.
        _ if kind == ReleaseKind::Count => return Err(BAD),
        ItemsPart::Hashes(all) => all.clone(),
        ItemsPart::Open(salt, all) => (0..).zip(all).map(|(i, item)| item_hash(salt, i, item)).collect(),
    };
    let same = hashes.len() as u64 == count && root_of_hashes(&hashes)? == *root;
    if same { Ok(None) } else { Err(BAD) }
}

/// The hashes of all consents that shown entries name.
pub(super) fn consents_named(logs: &[Known]) -> BTreeSet<Hash> {
    let entries = logs.iter().flat_map(|l| l.entries.values());
    let hash = |e: &Entry| match e.event {
        AuditEvent::Granted { consent_hash, .. }
        | AuditEvent::Renewed { consent_hash, .. }
        | AuditEvent::ConsentImported { consent_hash, .. } => Some(consent_hash),
        _ => None,
    };
    entries.filter_map(hash).collect()
}

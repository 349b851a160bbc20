//! Reading a FHIR Consent that somebody else wrote: R4 or R5, alone or in a Bundle.
//!
//! What belongs here: what is understood of a Consent, as allow-lists, and the flat rules that come
//! of it (specification sections 1.3 and 1.3.1). What must not: decisions, keys, storage or a clock.
//! Reading never fails for a Consent: what is not understood makes it refuse more, never less.

mod flat;
mod json;
mod node;
mod root;
mod terms;
#[cfg(test)]
mod tests;

use super::rule::{Rule, Validity};
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, ScopeId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A file of consents is not larger.
const MAX_FILE: usize = 16 * 1024 * 1024;
/// Nor one Consent.
const MAX_CONSENT: usize = 1024 * 1024;
const MAX_ENTRIES: usize = 10_000;

/// The release of FHIR that a Consent has the shape of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    R4,
    R5,
}

/// A Consent whose provisions cannot be read.
#[derive(Debug)]
struct Broken;

/// Where a consent from elsewhere stands, as its own text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// In force, as far as its periods go.
    Active,
    /// Not in force: withdrawn, a draft, rejected, entered in error.
    Inactive,
    /// It cannot be read: it refuses everything.
    Unusable,
}

/// A Consent from elsewhere, read.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadConsent {
    series: GrantId,
    reads: Reads,
    updated: Option<Timestamp>,
    subject: Option<String>,
    rules: Vec<Rule>,
    void: usize,
    only_training: bool,
    source: Vec<u8>,
}

impl core::fmt::Debug for ReadConsent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ReadConsent({:?}, {} rules, {} void)", self.reads, self.rules.len(), self.void)
    }
}

impl ReadConsent {
    /// Its versions have this in common: from the `identifier` where there is one, else from the
    /// subject and the `id`.
    #[must_use]
    pub const fn series(&self) -> GrantId {
        self.series
    }

    /// Where it stands.
    #[must_use]
    pub const fn reads(&self) -> Reads {
        self.reads
    }

    /// Whom it is about, as it says: a reference or `system|value`.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Permits that do not apply because something in them is not understood.
    #[must_use]
    pub const fn void_permits(&self) -> usize {
        self.void
    }

    /// When it was last updated, as it says.
    #[must_use]
    pub const fn updated(&self) -> Option<Timestamp> {
        self.updated
    }

    /// Its bytes, as they stood in the file.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// Whether anything in it permits.
    pub(crate) fn permits(&self) -> bool {
        self.rules.iter().any(|r| r.effect == super::Effect::Permit)
    }

    /// Permits for a partition that is none of these; none are counted where they are not known.
    pub(crate) fn permits_outside(&self, here: Option<&[ScopeId]>) -> usize {
        let Some(here) = here else { return 0 };
        let outside = |r: &&Rule| {
            r.effect == super::Effect::Permit && r.applies.scope.is_some_and(|scope| !here.contains(&scope))
        };
        self.rules.iter().filter(outside).count()
    }

    pub(super) fn withdraw(&mut self) {
        self.reads = Reads::Inactive;
    }

    /// Over which time it holds at most.
    pub(super) fn validity(&self) -> Validity {
        let start = self.rules.iter().map(|r| r.applies.validity.start).min().flatten();
        let end = self.rules.iter().map(|r| r.applies.validity.end);
        // An open end is later than any.
        let end = end.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten();
        Validity { start, end }
    }

    /// Until when any of its permits holds: `None` where it has none, `Some(None)` without an end.
    pub(super) fn permits_until(&self) -> Option<Option<Timestamp>> {
        let permits = self.rules.iter().filter(|r| r.effect == super::Effect::Permit);
        let ends = permits.map(|r| r.applies.validity.end);
        ends.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))
    }

    /// How often its permits can be used at all; without bound where one of them can.
    pub(super) fn uses(&self) -> Option<u32> {
        let permits = self.rules.iter().filter(|r| r.effect == super::Effect::Permit);
        permits.map(|r| r.uses_left).reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten()
    }

    /// Whether it says the same as another version of it, its bytes aside.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        self.reads == other.reads && self.rules == other.rules
    }

    /// The rules it amounts to under a version; none unless it is active.
    pub(super) fn rules(&self, version: u64, used: u32, notice_logged: bool) -> Vec<Rule> {
        match self.reads {
            Reads::Inactive => Vec::new(),
            Reads::Unusable => vec![Rule::unusable(self.series, version)],
            Reads::Active => {
                let lifts = self.only_training && notice_logged;
                let rule = |r: &Rule| Rule {
                    version,
                    uses_left: r.uses_left.map(|n| n.saturating_sub(used)),
                    lifts_floor: lifts && r.effect == super::Effect::Permit,
                    ..r.clone()
                };
                self.rules.iter().map(rule).collect()
            }
        }
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(borrow)]
    entry: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "resourceType")]
    resource_type: String,
}

/// Reads a Consent, or every Consent of a Bundle; one for each series: of several versions in one
/// Bundle the last updated. `zone` is minutes east of UTC, for dates without a time.
///
/// # Errors
/// `Malformed(Consent)` for a text that is neither, or too large, or a Bundle within which another
/// one stands.
pub fn read_consents(bytes: &[u8], zone: i16) -> Result<Vec<ReadConsent>> {
    const BAD: Error = Error::Malformed(Malformed::Consent);
    if bytes.len() > MAX_FILE {
        return Err(BAD);
    }
    let file: File<'_> = serde_json::from_slice(bytes).map_err(|_| BAD)?;
    match file.resource_type.as_str() {
        "Consent" => Ok(vec![read_consent(bytes.trim_ascii(), zone)]),
        "Bundle" => {
            let entries = file.entry.unwrap_or_default();
            if entries.len() > MAX_ENTRIES {
                return Err(BAD);
            }
            let mut all = BTreeMap::new();
            for raw in entries.iter().filter_map(|e| e.resource) {
                // A resource that does not say what it is may be a Consent.
                let of_type = serde_json::from_str::<Typed>(raw.get()).map(|t| t.resource_type);
                // What is in there may refuse something: nothing of it is passed over.
                if of_type.as_ref().is_ok_and(|t| ["Bundle", "Parameters"].contains(&t.as_str())) {
                    return Err(BAD);
                }
                if of_type.map_or(true, |t| t == "Consent") {
                    let consent = read_consent(raw.get().as_bytes(), zone);
                    let newest = match all.remove(&consent.series) {
                        Some(known) => newer(known, consent),
                        None => consent,
                    };
                    all.insert(newest.series, newest);
                }
            }
            Ok(all.into_values().collect())
        }
        _ => Err(BAD),
    }
}

/// Which of two versions counts; where neither is known to be newer, none can be read.
fn newer(a: ReadConsent, b: ReadConsent) -> ReadConsent {
    if a == b {
        return a;
    }
    match (a.updated, b.updated) {
        (Some(x), Some(y)) if x > y => a,
        (Some(x), Some(y)) if x < y => b,
        _ => {
            let source = together(&a.source, &b.source);
            ReadConsent { reads: Reads::Unusable, rules: Vec::new(), source, ..b }
        }
    }
}

const BEFORE: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":"#;
const BETWEEN: &[u8] = br#"},{"resource":"#;
const AFTER: &[u8] = b"}]}";

/// Versions of which none counts are kept as one text, or what is filed would be the last of them.
fn together(a: &[u8], b: &[u8]) -> Vec<u8> {
    let several = a.strip_prefix(BEFORE).and_then(|a| a.strip_suffix(AFTER));
    [BEFORE, several.unwrap_or(a), BETWEEN, b, AFTER].concat()
}

/// Reads one Consent, whatever it is; or versions of one in a Bundle, as they are filed where
/// nothing says which of them is newer.
#[must_use]
pub fn read_consent(bytes: &[u8], zone: i16) -> ReadConsent {
    if bytes.starts_with(BEFORE)
        && let Ok(versions) = read_consents(bytes, zone)
        && let Ok([one]) = <[ReadConsent; 1]>::try_from(versions)
    {
        return ReadConsent { source: bytes.to_vec(), ..one };
    }
    let seen = root::Shown::of(bytes);
    // Which consent it is must be plain, or an older version of it would stand.
    let plain = seen.is_some() && bytes.len() <= MAX_CONSENT;
    let shown = seen.unwrap_or_default();
    let mut read = ReadConsent {
        series: shown.series(bytes),
        reads: Reads::Unusable,
        updated: shown.updated(),
        subject: shown.subject(),
        rules: Vec::new(),
        void: 0,
        only_training: false,
        source: bytes.to_vec(),
    };
    if !plain {
        return read;
    }
    let Ok(json) = serde_json::from_slice(bytes) else { return read };
    if let Ok((reads, flat)) = root::read(&json, read.series, zone) {
        read.reads = reads;
        read.void = flat.void;
        read.only_training = flat.only_training();
        read.rules = flat.rules;
    }
    read
}

//! Reading a FHIR Consent that somebody else wrote: R4 or R5, alone or in a Bundle.
//!
//! What belongs here: what is understood of a Consent, as allow-lists, and the flat rules that come
//! of it (specification sections 1.3 and 1.3.1). What must not: decisions, keys, storage or a clock.
//! Reading never fails for a Consent: what is not understood makes it refuse more, never less.

mod around;
mod bundle;
mod flat;
mod json;
mod node;
mod root;
mod terms;
#[cfg(test)]
mod tests;
mod wrapped;

use super::rule::{Effect, Rule, Validity};
use crate::codec::json::has_private_name;
use crate::id::{GrantId, ScopeId, Timestamp};
pub use bundle::read_consents;
pub(crate) use bundle::{Version, read_versions, void};
pub(crate) use root::Whom;
use std::collections::BTreeSet;

/// One Consent is not larger.
const MAX_CONSENT: usize = 1024 * 1024;

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
    /// By what other versions of it are known.
    keys: BTreeSet<GrantId>,
    whole: root::Whole,
    reads: Reads,
    updated: Option<Timestamp>,
    subject: Option<String>,
    whom: Whom,
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
    /// What it was filed under, or would be if it were the first: from the `identifier` where there is
    /// one, else from the subject and the `id`.
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

    /// The same, as far as it can be compared.
    pub(crate) const fn whom(&self) -> &Whom {
        &self.whom
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
        self.rules.iter().any(|r| r.effect == Effect::Permit)
    }

    /// Whether anything in it refuses.
    pub(crate) fn refuses(&self) -> bool {
        self.reads == Reads::Unusable || self.rules.iter().any(|r| r.effect == Effect::Deny)
    }

    /// Whether it says the same, however it is printed.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        self.reads == other.reads && self.clone().filed_under(other.series).rules == other.rules
    }

    /// By what versions of it are known, as hashes.
    pub(crate) const fn keys(&self) -> &BTreeSet<GrantId> {
        &self.keys
    }

    /// Whether it is a version of another one by all that that one is known by, so that it may take the place of
    /// what that one refuses.
    pub(crate) fn is_version_of(&self, other: &Self) -> bool {
        self.source == other.source || self.whole.is_of(&other.whole)
    }

    /// As a version of a series, which may be called after an identifier that this one has no more.
    pub(super) fn filed_under(mut self, series: GrantId) -> Self {
        self.series = series;
        self.rules.iter_mut().for_each(|r| r.series = series);
        self
    }

    /// What it refuses in a partition that is none of these is refused everywhere.
    pub(crate) fn refuse_outside(&mut self, here: &[ScopeId]) {
        let outside =
            |r: &&mut Rule| r.effect == Effect::Deny && r.applies.scope.is_some_and(|scope| !here.contains(&scope));
        self.rules.iter_mut().filter(outside).for_each(|r| r.applies.scope = None);
    }

    /// Permits for a partition that is none of these; none are counted where they are not known.
    pub(crate) fn permits_outside(&self, here: Option<&[ScopeId]>) -> usize {
        let Some(here) = here else { return 0 };
        let outside =
            |r: &&Rule| r.effect == Effect::Permit && r.applies.scope.is_some_and(|scope| !here.contains(&scope));
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
        self.permitting(|r| r.applies.validity.end)
    }

    /// How often its permits can be used at all; without bound where one of them can.
    pub(super) fn uses(&self) -> Option<u32> {
        self.permitting(|r| r.uses_left).flatten()
    }

    /// The widest bound of its permits: `None` where it has none, `Some(None)` where one is without a bound.
    fn permitting<T: Ord>(&self, bound: impl Fn(&Rule) -> Option<T>) -> Option<Option<T>> {
        let bounds = self.rules.iter().filter(|r| r.effect == Effect::Permit).map(bound);
        bounds.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))
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
                    lifts_floor: lifts && r.effect == Effect::Permit,
                    ..r.clone()
                };
                self.rules.iter().map(rule).collect()
            }
        }
    }
}

/// Reads one Consent, whatever it is; or versions of one in a Bundle, as they are filed where
/// none of them counts.
#[must_use]
pub fn read_consent(bytes: &[u8], zone: i16) -> ReadConsent {
    if let Some((server, text)) = bundle::read_told(bytes) {
        let read = read_one(text, zone);
        let whom = read.whom.clone().of_server(Some(&server));
        return ReadConsent { whom, source: bytes.to_vec(), ..read };
    }
    bundle::read_void(bytes).unwrap_or_else(|| read_one(bytes, zone))
}

/// A Consent that stands alone.
fn read_one(bytes: &[u8], zone: i16) -> ReadConsent {
    let seen = root::Shown::of(bytes);
    // Which consent it is must be plain, or an older version of it would stand.
    let plain = seen.is_some() && bytes.len() <= MAX_CONSENT;
    let shown = seen.unwrap_or_default();
    let mut read = ReadConsent {
        series: shown.series(bytes),
        keys: shown.keys(bytes),
        whole: shown.whole(),
        reads: Reads::Unusable,
        updated: shown.updated(),
        subject: shown.subject(),
        whom: shown.whom(),
        rules: Vec::new(),
        void: 0,
        only_training: false,
        source: bytes.to_vec(),
    };
    // FHIR has no such member, and the parser takes it for what it is not.
    if !plain || has_private_name(bytes) {
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

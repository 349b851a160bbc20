//! What a verified file says.

use super::claim::Level;
use crate::audit::Entry;
use crate::id::{GrantId, RecordId};
use crate::lang::Lang;

/// What a verified evidence file proves, and what it does not.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvidenceReport {
    /// The disclosures, by log and position.
    pub disclosures: Vec<Disclosed>,
    /// The logs that are shown in part.
    pub logs: Vec<ShownLog>,
    /// What nothing in such a file proves.
    pub does_not_prove: Vec<&'static str>,
}

/// A log that a file shows a part of.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownLog {
    /// Its name.
    pub origin: String,
    /// Its size under the checkpoint.
    pub size: u64,
    /// Entries shown of events that this version does not know: nothing is read in them.
    pub unknown: u64,
}

/// One disclosure.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disclosed {
    /// The log it stands in.
    pub origin: String,
    /// Its position there.
    pub index: u64,
    /// When, to whom, what for, how many: an [`AuditEvent::Released`](crate::audit::AuditEvent).
    pub entry: Entry,
    /// How far the claim reaches.
    pub level: Level,
    /// The grants it rests on, each before the one under which it was passed on; none where the
    /// person looked by themself.
    pub grants: Vec<ShownGrant>,
    /// The items, as far as they are shown.
    pub items: DisclosedItems,
    /// What is not proved about it, besides what no such file proves.
    pub does_not_prove: Vec<&'static str>,
}

/// A grant that a disclosure rests on.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownGrant {
    /// Its id.
    pub id: GrantId,
    /// Its entry in the space's log, where that is shown.
    pub entry: Option<u64>,
    /// The FHIR Consent as it was stored, where it is shown.
    pub consent: Option<Vec<u8>>,
    /// The grant under which it was passed on, as its consent says: the next in the list.
    pub parent: Option<GrantId>,
}

/// The items of a disclosure.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisclosedItems {
    /// Only how many.
    Hidden,
    /// Their salted hashes.
    Hashes(Vec<[u8; 32]>),
    /// Records and positions of facts in them.
    Open(Vec<(RecordId, u16)>),
}

silent_debug!(EvidenceReport ShownLog Disclosed ShownGrant DisclosedItems);

impl Disclosed {
    /// In plain words, one line (`en`, `fr`).
    #[must_use]
    pub fn describe(&self, language: &str) -> String {
        let lang = Lang::parse(language);
        let level = match (self.level, lang) {
            (Level::Verifiable, Lang::En) => "no withdrawal before it, in the log shown",
            (Level::Verifiable, Lang::Fr) => "aucun retrait avant, dans le journal montré",
            (Level::Logged, Lang::En) => "as the log says",
            (Level::Logged, Lang::Fr) => "selon le journal",
        };
        format!("{} ({level})", self.entry.describe(lang))
    }
}

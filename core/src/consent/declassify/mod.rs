//! Consents to lower a label: what the person lets leave a partition, into which other one, and
//! what of its protection is dropped on the way.
//!
//! What belongs here: the terms of such a consent, its wire form and its notice. What must not:
//! grants to see data (those stand beside this folder; one of these permits nobody to see
//! anything), the lowering itself, keys, storage, the ledger or a clock.

mod notice;
mod wire;

pub use notice::notice as declassify_notice;
pub use wire::{from_fhir as declassify_from_fhir, to_fhir as declassify_to_fhir};

use super::fhir::{ConsentMeta, ConsentStatus};
use super::grant::{AFTER_LAST, FIRST, known_obligations};
use super::rule::Validity;
use super::state::Standing;
use crate::error::{Error, Malformed, Result};
use crate::id::{ScopeId, Timestamp};
use crate::label::{Lowering, Obligations, Origins, Purpose, Sensitivities, Sensitivity};

const MINUTE: i64 = 60_000;

/// A partition as a consent names it: by its id, and by the name that the person knows.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedPartition {
    /// Its scope: what is enforced.
    pub scope: ScopeId,
    /// Its name: what is shown.
    pub name: String,
}

impl core::fmt::Debug for NamedPartition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NamedPartition(..)")
    }
}

/// What is to be asked, before it is checked. One purpose, as for every consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclassifyTerms {
    /// For which use in the other partition.
    pub purpose: Purpose,
    /// Out of which partition: that origin is dropped.
    pub from: NamedPartition,
    /// Into which.
    pub to: NamedPartition,
    /// What else is dropped, at most; its `origins` are left empty, because `from` says it.
    pub lowering: Lowering,
    /// Before then; until withdrawn where absent. Cut to the whole minute that the notice shows.
    pub expires: Option<Timestamp>,
}

/// What is asked, checked: the notice, the wire form and what is enforced all come from this one
/// object.
///
/// ```
/// use healthspace::consent::{DeclassifySpec, DeclassifyTerms, NamedPartition};
/// use healthspace::{Confidentiality, Lowering, Obligations, Purpose, ScopeId};
/// let named = |n, name: &str| NamedPartition { scope: ScopeId::from_bytes([n; 16]), name: name.to_owned() };
/// let terms = DeclassifyTerms {
///     purpose: Purpose::PatientRequest,
///     from: named(1, "health"),
///     to: named(2, "general"),
///     lowering: Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE },
///     expires: None,
/// };
/// assert!(DeclassifySpec::new(terms.clone()).is_ok());
/// // Nothing is freed for training a model by lowering its label.
/// let lowering = Lowering { obligations: Obligations::NO_TRAINING, ..terms.lowering };
/// assert!(DeclassifySpec::new(DeclassifyTerms { lowering, ..terms }).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclassifySpec(DeclassifyTerms);

impl DeclassifySpec {
    /// Checks terms.
    ///
    /// # Errors
    /// `Malformed(Terms)` where a partition is lowered into itself or has no name, an end is
    /// outside the years 1..=9999, something is named that has no code, or a value would be freed
    /// for training a model: that takes a consent of its own over the data itself.
    pub fn new(mut terms: DeclassifyTerms) -> Result<Self> {
        let l = &terms.lowering;
        let coded = known_obligations().fold(Obligations::NONE, |all, (one, _)| all.union(one));
        let known = Sensitivity::ALL.iter().filter(|s| **s != Sensitivity::Unknown);
        let known = known.fold(Sensitivities::NONE, |all, s| all.union(Sensitivities::only(*s)));
        let purposes = Purpose::ALL.iter().filter(|p| !p.explicit_only() && l.purposes.contains(**p));
        let named = purposes.fold(0, |bits, p| bits | 1u64 << *p as u8);
        let name = |p: &NamedPartition| !p.name.is_empty() && !p.name.chars().any(char::is_control);
        let whole = |t: Timestamp| Timestamp::from_millis(t.as_millis() - t.as_millis().rem_euclid(MINUTE));
        let in_range = |t: Timestamp| (FIRST + 1..AFTER_LAST).contains(&t.as_millis());
        if terms.from.scope == terms.to.scope
            || !name(&terms.from)
            || !name(&terms.to)
            || l.origins != Origins::NONE
            || l.frees_for_training()
            || terms.purpose == Purpose::MlTraining
            || !l.obligations.is_subset(coded)
            || !l.sensitivities.is_subset(known)
            || l.purposes.bits() != named
            || !terms.expires.is_none_or(in_range)
        {
            return Err(Error::Malformed(Malformed::Terms));
        }
        terms.expires = terms.expires.map(whole);
        Ok(Self(terms))
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &DeclassifyTerms {
        &self.0
    }
}

/// A consent of this kind, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclassifyDoc {
    /// The terms.
    pub spec: DeclassifySpec,
    /// The rest.
    pub meta: ConsentMeta,
}

impl DeclassifyDoc {
    /// Where it stands.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        let validity = Validity { start: None, end: self.spec.terms().expires };
        match self.meta.status {
            ConsentStatus::Inactive => Standing::Withdrawn,
            ConsentStatus::Active if validity.is_over(now) => Standing::Expired,
            ConsentStatus::Active => Standing::InForce,
        }
    }
}

#[cfg(test)]
mod tests;

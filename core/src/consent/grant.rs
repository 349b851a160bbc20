//! What is asked of a person, checked before it is shown.

use super::carer::Delegation;
use crate::error::{Error, Malformed, Result};
use crate::id::{ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::record::{Category, Recipient, RecipientKind};

/// How long emergency access lasts at most, each time.
pub const GLASS_MINUTES: u32 = 60;

const BAD: Error = Error::Malformed(Malformed::Terms);

/// What is to be asked, before it is checked. One purpose: consent must be separable (GDPR
/// article 7(2)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// What for.
    pub purpose: Purpose,
    /// In which partition.
    pub scope: ScopeId,
    /// What. Empty is refused; [`Category::ALL`] says "everything" and the notice lists it.
    pub categories: Vec<Category>,
    /// For whom.
    pub recipient: Recipient,
    /// From then on; at once where absent.
    pub starts: Option<Timestamp>,
    /// Before then; until withdrawn where absent. Cut to the whole minute that the notice shows.
    pub expires: Option<Timestamp>,
    /// Only data dated in this half-open range.
    pub data_period: Option<(Timestamp, Timestamp)>,
    /// Only data at most this confidential, or of a listed sensitivity.
    pub confidentiality: Option<Confidentiality>,
    /// Only data all of whose sensitivities are listed, or within the confidentiality.
    pub sensitivities: Sensitivities,
    /// How many times; without bound where absent.
    pub uses: Option<u32>,
    /// What the recipient must and must not do.
    pub obligations: Obligations,
    /// Of a grant to a carer.
    pub delegation: Option<Delegation>,
}

impl GrantTerms {
    /// The narrowest common terms: no training, no other use, no passing on; no bound in time.
    #[must_use]
    pub fn new(purpose: Purpose, scope: ScopeId, categories: &[Category], recipient: Recipient) -> Self {
        let obligations = match purpose {
            Purpose::MlTraining => Obligations::PERSIST_LABEL.union(Obligations::COMPLY_CONSENT),
            _ => Obligations::HEALTH,
        };
        Self {
            purpose,
            scope,
            categories: categories.to_vec(),
            recipient,
            starts: None,
            expires: None,
            data_period: None,
            confidentiality: None,
            sensitivities: Sensitivities::NONE,
            uses: None,
            delegation: None,
            obligations: obligations.union(Obligations::NO_REDISCLOSURE),
        }
    }
}

/// What is asked, checked: the notice, the wire form and the rules all come from this one object.
///
/// ```
/// use healthspace::consent::{GrantSpec, GrantTerms, Recipient};
/// use healthspace::record::Category;
/// use healthspace::{Purpose, ScopeId};
/// let scope = ScopeId::from_bytes([7; 16]);
/// let who = Recipient::model("eu-llm").unwrap();
/// let ask = GrantTerms::new(Purpose::PatientRequest, scope, &[Category::Laboratory], who);
/// assert!(GrantSpec::new(ask.clone()).is_ok());
/// assert!(GrantSpec::new(GrantTerms { categories: vec![], ..ask }).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantSpec(GrantTerms);

/// 0001-01-01 and 10000-01-01, in milliseconds: what a FHIR dateTime can say.
pub(super) const FIRST: i64 = -62_135_596_800_000;
pub(super) const AFTER_LAST: i64 = 253_402_300_800_000;
const MINUTE: i64 = 60_000;

/// The sensitivities that a grant can list.
fn known_sensitivities() -> Sensitivities {
    Sensitivity::ALL
        .iter()
        .filter(|s| **s != Sensitivity::Unknown)
        .fold(Sensitivities::NONE, |set, s| set.union(Sensitivities::only(*s)))
}

/// The obligations that have a code.
pub(super) fn known_obligations() -> impl Iterator<Item = (Obligations, &'static str)> {
    (0..u32::BITS).filter_map(|i| {
        let one = Obligations::from_bits(1 << i);
        one.codes().next().map(|code| (one, code))
    })
}

impl GrantSpec {
    /// Checks terms and brings them to one form: categories sorted, once each; times in whole
    /// minutes.
    ///
    /// # Errors
    /// `Malformed(Terms)`: no category, a period that is empty or outside the years 1..=9999,
    /// zero uses, a recipient that is a reference or a role, a sensitivity or obligation that has no code, a training grant that forbids
    /// training, or any other grant that does not forbid it; a carer who is no person, has no end or
    /// another purpose than those of family, support and power of attorney.
    pub fn new(mut terms: GrantTerms) -> Result<Self> {
        terms.categories.sort_unstable();
        terms.categories.dedup();
        let whole = |t: Timestamp| Timestamp::from_millis(t.as_millis() - t.as_millis().rem_euclid(MINUTE));
        let in_range = |t: Timestamp| (FIRST..AFTER_LAST).contains(&t.as_millis());
        if !RecipientKind::ALL.contains(&terms.recipient.kind()) {
            return Err(BAD);
        }
        let times = [terms.starts, terms.expires, terms.data_period.map(|p| p.0), terms.data_period.map(|p| p.1)];
        if terms.categories.is_empty() || !times.into_iter().flatten().all(in_range) {
            return Err(BAD);
        }
        terms.starts = terms.starts.map(whole);
        terms.expires = terms.expires.map(whole);
        terms.data_period = terms.data_period.map(|(a, b)| (whole(a), whole(b)));
        if terms.starts.zip(terms.expires).is_some_and(|(a, b)| a >= b)
            || terms.data_period.is_some_and(|(a, b)| a >= b)
            || terms.expires.is_some_and(|e| e.as_millis() <= FIRST)
        {
            return Err(BAD);
        }
        let coded = known_obligations().fold(Obligations::NONE, |all, (one, _)| all.union(one));
        let training = terms.purpose == Purpose::MlTraining;
        if terms.uses == Some(0)
            || terms.delegation.is_some_and(|d| !d.fits(&terms))
            || !terms.sensitivities.is_subset(known_sensitivities())
            || !terms.obligations.is_subset(coded)
            || terms.obligations.contains(Obligations::NO_TRAINING) == training
        {
            return Err(BAD);
        }
        Ok(Self(terms))
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &GrantTerms {
        &self.0
    }
}

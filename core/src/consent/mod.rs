//! Consents: what a person is asked, in which words, how it is kept, and the rules it amounts to.
//!
//! What belongs here: grants, their notice, their wire form (a FHIR R4 Consent; handed out as one of R5 too), which version of
//! a consent stands, and the flat rules that come out of it. What must not: decisions (those are
//! `policy`'s), keys, storage, the ledger or a clock.

mod carer;
mod declassify;
mod detail;
mod dpv;
mod fhir;
mod fhir5;
mod grant;
mod notice;
mod read;
mod renewal;
mod rule;
mod state;
#[cfg(test)]
mod tests;
mod wire;
mod words;

pub use crate::record::{Recipient, RecipientKind};
pub use carer::Delegation;
pub use declassify::{
    DeclassifyDoc, DeclassifySpec, DeclassifyTerms, NamedPartition, declassify_from_fhir, declassify_notice,
    declassify_to_fhir,
};
pub use detail::{Code, Detail, Facts, Meaning, Named, Types};
pub use dpv::Parties;
pub(crate) use dpv::{Happened, receipt, record};
pub(crate) use fhir::as_written;
pub use fhir::{ConsentDoc, ConsentMeta, ConsentStatus, from_fhir, to_fhir, withdraw};
pub use fhir5::to_fhir_r5;
pub use grant::{GLASS_MINUTES, GrantSpec, GrantTerms};
pub use notice::notice;
pub use read::{ReadConsent, Reads, read_consent, read_consents};
pub(crate) use read::{Version, Whom, read_versions, void};
pub use renewal::{renewal_notice, renewed};
pub use rule::{Action, Actions, Actor, Among, Applies, Covers, Effect, LabelTest, Place, Rule, Rules, Validity};
pub use state::{ConsentState, Kept, Standing};

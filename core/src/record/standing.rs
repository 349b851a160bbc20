//! How a condition or an allergy stands: the clinical status, whether it is confirmed, and what its
//! time is (FHIR R4, 9.1 and 9.2).
//!
//! A fact has one status and one time. What these do not tell is kept in the fact's value, which
//! such facts have no other use for: codes of systems that are only ours.

use super::{Coding, FactDraft, Kind, Status, Value};

/// The clinical status of what is not confirmed; the code is that of a [`Status`].
const CLINICAL: &str = "urn:healthspace:clinical-status";
/// What is not confirmed, in the source's word.
const VERIFICATION: &str = "urn:healthspace:verification-status";
/// What the time of the fact is, where it is not the onset.
const TIME: &str = "urn:healthspace:time";

/// How a fact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it goes on. Of what is neither a condition nor an allergy, the status itself.
    pub clinical: Status,
    /// Whether the source says nothing against its being so.
    pub confirmed: bool,
    /// Whether its time is when it was recorded: nobody says since when it is so.
    pub recorded: bool,
}

impl FactDraft {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let codes = match &self.value {
            Value::Coded(codes, _) if matches!(self.kind, Kind::Condition | Kind::Allergy) => codes.as_slice(),
            _ => &[],
        };
        let open = self.status == Status::Preliminary && matches!(self.kind, Kind::Condition | Kind::Allergy);
        let of = |system: &str| codes.iter().find(|c| c.system == system);
        let clinical = match of(CLINICAL).and_then(|c| Status::from_code(&c.code)) {
            Some(stated) => stated,
            None if open => Status::Unstated,
            None => self.status,
        };
        Standing { clinical, confirmed: !open, recorded: of(TIME).is_some() }
    }

    /// Keeps how it stands, with the word for its verification. What the status and the time tell by
    /// themselves leaves no trace.
    pub(crate) fn stand(&mut self, standing: Standing, verification: &str) {
        let mut codes = Vec::new();
        if !standing.confirmed {
            codes.push(Coding::new(VERIFICATION, verification, ""));
            codes.push(Coding::new(CLINICAL, standing.clinical.code(), ""));
        }
        if standing.recorded {
            codes.push(Coding::new(TIME, "recorded", ""));
        }
        self.value = if codes.is_empty() { Value::None } else { Value::Coded(codes, String::new()) };
    }
}

//! What is asked of a person, checked before it is shown.

use super::carer::Delegation;
use crate::error::{Error, Malformed, Result};
use crate::id::{ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::record::Category;
use unicode_normalization::UnicodeNormalization;

/// How long emergency access lasts at most, each time.
pub const GLASS_MINUTES: u32 = 60;

const BAD: Error = Error::Malformed(Malformed::Argument);
/// What an entry of the log can name.
const LONGEST_NAME: usize = 256;

/// What a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecipientKind {
    /// A model at a provider.
    Model,
    /// An app.
    App,
    /// A person.
    Person,
    /// An organisation.
    Organization,
    /// Whoever a FHIR reference or a business identifier names: as consents from elsewhere do.
    Reference,
    /// A role that somebody holds.
    Role,
}

impl RecipientKind {
    /// Every kind that a grant of this library can name.
    pub const ALL: &'static [Self] = &[Self::Model, Self::App, Self::Person, Self::Organization];

    /// The fixed word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::App => "app",
            Self::Person => "person",
            Self::Organization => "organization",
            Self::Reference => "reference",
            Self::Role => "role",
        }
    }
}

/// Who is to receive data. The host authenticates who acts; the name is compared as it stands.
///
/// ```
/// use healthspace::consent::Recipient;
/// assert_eq!(Recipient::model("eu-llm").unwrap().name(), "eu-llm");
/// assert!(Recipient::model("").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient {
    kind: RecipientKind,
    name: String,
}

impl core::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Recipient({}, ..)", self.kind.code())
    }
}

/// What is not seen: controls, directions, line breaks, tags.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}' | '\u{ad}')
        || matches!(c, '\u{180e}' | '\u{e0000}'..='\u{e007f}')
}

impl Recipient {
    /// A recipient; the name is brought to Unicode NFC.
    ///
    /// # Errors
    /// `Malformed(Argument)` unless the name has 1..=200 characters in at most 256 bytes, none of
    /// them one that is not seen (controls, directions, line breaks, tags), and does not begin or end
    /// with a blank. Whoever can be named can be logged.
    pub fn new(kind: RecipientKind, name: &str) -> Result<Self> {
        if name.len() > 4000 {
            return Err(BAD);
        }
        let name: String = name.nfc().collect();
        let count = name.chars().count();
        if !(1..=200).contains(&count)
            || name.len() > LONGEST_NAME
            || name.chars().any(is_hidden)
            || name.trim() != name
        {
            return Err(BAD);
        }
        Ok(Self { kind, name })
    }

    /// A recipient by the name as it stands, if an entry of a log can hold it.
    pub(super) fn as_it_stands(kind: RecipientKind, name: &str) -> Option<Self> {
        let shown = (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(is_hidden);
        shown.then(|| Self { kind, name: name.to_owned() })
    }

    /// A model.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn model(name: &str) -> Result<Self> {
        Self::new(RecipientKind::Model, name)
    }

    /// An app.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn app(name: &str) -> Result<Self> {
        Self::new(RecipientKind::App, name)
    }

    /// Whoever a FHIR reference names (`Practitioner/1`), as the host has authenticated them.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn reference(name: &str) -> Result<Self> {
        Self::new(RecipientKind::Reference, name)
    }

    /// Whoever a business identifier names.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn identifier(system: &str, value: &str) -> Result<Self> {
        Self::new(RecipientKind::Reference, &format!("{system}|{value}"))
    }

    /// A role by its code.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn role(system: &str, code: &str) -> Result<Self> {
        Self::new(RecipientKind::Role, &format!("{system}|{code}"))
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> RecipientKind {
        self.kind
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

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
    /// `Malformed(Argument)`: no category, a period that is empty or outside the years 1..=9999,
    /// zero uses, a recipient that is a reference or a role, a sensitivity or obligation that has no code, a training grant that forbids
    /// training, or any other grant that does not forbid it; a carer who is no person, has no end or
    /// another purpose than those of family, support and power of attorney.
    pub fn new(mut terms: GrantTerms) -> Result<Self> {
        terms.categories.sort_unstable();
        terms.categories.dedup();
        let whole = |t: Timestamp| Timestamp::from_millis(t.as_millis() - t.as_millis().rem_euclid(MINUTE));
        let in_range = |t: Timestamp| (FIRST..AFTER_LAST).contains(&t.as_millis());
        if !RecipientKind::ALL.contains(&terms.recipient.kind) {
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

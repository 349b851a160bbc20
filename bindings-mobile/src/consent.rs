//! Recipients, consent requests and grants.

use crate::error::{HealthspaceError, argument, call};
use crate::space::gesture;
use healthspace::consent::{self, Standing};
use healthspace::{Error, Purpose, record};

macro_rules! categories {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// What consent is asked by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
        pub enum HealthCategory { $($(#[$doc])* $name,)* }

        impl From<HealthCategory> for record::Category {
            fn from(c: HealthCategory) -> Self {
                match c { $(HealthCategory::$name => Self::$name,)* }
            }
        }

        impl From<record::Category> for HealthCategory {
            fn from(c: record::Category) -> Self {
                match c { $(record::Category::$name => Self::$name,)* _ => Self::Other }
            }
        }
    };
}

categories! {
    /// Laboratory results.
    Laboratory
    /// Vital signs and body measures.
    VitalSigns
    /// Medications: requests, statements, dispenses, administrations.
    Medications
    /// Conditions, problems, diagnoses.
    Conditions
    /// Allergies and intolerances.
    Allergies
    /// Immunizations.
    Immunizations
    /// Procedures, devices and implants.
    Procedures
    /// Encounters, appointments, referrals and administration.
    Encounters
    /// Notes, letters, reports, images.
    Documents
    /// Steps, energy, workouts.
    Activity
    /// Sleep.
    Sleep
    /// Nutrition.
    Nutrition
    /// Cycle, pregnancy, sexual health.
    Reproductive
    /// Surveys, social history, lifestyle.
    SocialHistory
    /// Name, birth date, sex.
    Demographics
    /// Care plans, goals, care teams.
    CarePlans
    /// Claims and insurance.
    Financial
    /// What an assistant was told or concluded.
    Memories
    /// Everything else.
    Other
}

/// What a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RecipientKind {
    /// A model at a provider.
    Model,
    /// An app.
    App,
    /// A person.
    Person,
    /// An organisation.
    Organization,
    /// Whoever a FHIR reference or a business identifier names.
    Reference,
    /// A role that somebody holds.
    Role,
}

/// Who is to receive data.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Recipient {
    /// What it is.
    pub kind: RecipientKind,
    /// Its name, compared as it stands.
    pub name: String,
}

impl TryFrom<Recipient> for consent::Recipient {
    type Error = Error;

    fn try_from(r: Recipient) -> Result<Self, Error> {
        let kind = match r.kind {
            RecipientKind::Model => consent::RecipientKind::Model,
            RecipientKind::App => consent::RecipientKind::App,
            RecipientKind::Person => consent::RecipientKind::Person,
            RecipientKind::Organization => consent::RecipientKind::Organization,
            RecipientKind::Reference => consent::RecipientKind::Reference,
            RecipientKind::Role => consent::RecipientKind::Role,
        };
        Self::new(kind, &r.name)
    }
}

impl From<&consent::Recipient> for Recipient {
    fn from(r: &consent::Recipient) -> Self {
        let kind = match r.kind() {
            consent::RecipientKind::Model => RecipientKind::Model,
            consent::RecipientKind::App => RecipientKind::App,
            consent::RecipientKind::Person => RecipientKind::Person,
            consent::RecipientKind::Organization => RecipientKind::Organization,
            consent::RecipientKind::Reference => RecipientKind::Reference,
            consent::RecipientKind::Role => RecipientKind::Role,
        };
        Self { kind, name: r.name().to_owned() }
    }
}

/// A half-open range of dates, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct DataPeriod {
    /// From.
    pub from_millis: i64,
    /// Before.
    pub to_millis: i64,
}

/// What a consent is asked for.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ConsentTerms {
    /// For whom.
    pub recipient: Recipient,
    /// What.
    pub categories: Vec<HealthCategory>,
    /// What for: an HL7 v3-ActReason code.
    #[uniffi(default = "PATRQT")]
    pub purpose: String,
    /// In which partition.
    #[uniffi(default = "health")]
    pub partition: String,
    /// Until so many days from now.
    #[uniffi(default = None)]
    pub expires_in_days: Option<u32>,
    /// Only data dated in this range.
    #[uniffi(default = None)]
    pub data_period: Option<DataPeriod>,
    /// The language in which the notice is shown and logged: `en` or `fr`.
    #[uniffi(default = "en")]
    pub language: String,
    /// No more than so many releases. Such grants apply where the space has an anchor only.
    #[uniffi(default = None)]
    pub uses: Option<u32>,
}

/// A consent that is being asked for.
#[derive(uniffi::Object)]
pub struct ConsentRequest {
    pub(crate) inner: healthspace::ConsentRequest,
    pub(crate) language: String,
}

/// A grant that is to hold longer, or again.
#[derive(uniffi::Object)]
pub struct RenewalRequest {
    pub(crate) inner: healthspace::RenewalRequest,
    pub(crate) language: String,
}

/// A consent that the person has given.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Grant {
    /// By which it is withdrawn.
    pub id: String,
    /// Position of its entry in the space's log.
    pub entry: u64,
}

/// A grant as the person sees it in a list.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct GrantInfo {
    /// By which it is withdrawn.
    pub id: String,
    /// Which partition it opens.
    pub partition: String,
    /// What for.
    pub purpose: String,
    /// What.
    pub categories: Vec<HealthCategory>,
    /// For whom.
    pub recipient: Recipient,
    /// Until when, in milliseconds since 1970-01-01T00:00:00Z.
    pub expires_millis: Option<i64>,
    /// Where it stands now.
    pub standing: GrantStanding,
    /// How often it can still be used; none where that is without bound.
    pub uses_left: Option<u32>,
}

veiled!(Recipient DataPeriod ConsentTerms ConsentRequest RenewalRequest Grant GrantInfo);

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum GrantStanding {
    /// In force.
    InForce,
    /// It begins later.
    NotYet,
    /// It is over.
    Expired,
    /// The person withdrew it.
    Withdrawn,
    /// It was used as often as it allows.
    UsedUp,
    /// It cannot be read or verified.
    Unusable,
    /// The space was restored: it permits nothing until the person confirms it.
    Suspended,
    /// It counts uses or is for emergencies, and the space has no anchor here.
    Unanchored,
}

impl From<Standing> for GrantStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::InForce => Self::InForce,
            Standing::NotYet => Self::NotYet,
            Standing::Expired => Self::Expired,
            Standing::Withdrawn => Self::Withdrawn,
            Standing::UsedUp => Self::UsedUp,
            Standing::Unusable => Self::Unusable,
            Standing::Suspended => Self::Suspended,
            Standing::Unanchored => Self::Unanchored,
        }
    }
}

impl From<healthspace::GrantInfo> for GrantInfo {
    fn from(g: healthspace::GrantInfo) -> Self {
        Self {
            id: g.id.to_hex(),
            purpose: g.terms.purpose.code().to_owned(),
            categories: g.terms.categories.iter().map(|c| (*c).into()).collect(),
            recipient: (&g.terms.recipient).into(),
            expires_millis: g.terms.expires.map(healthspace::Timestamp::as_millis),
            standing: g.standing.into(),
            uses_left: g.uses_left,
            partition: g.partition,
        }
    }
}

/// A purpose from its HL7 code.
pub(crate) fn purpose(code: &str) -> Result<Purpose, Error> {
    Purpose::from_code(code).ok_or_else(argument)
}

#[uniffi::export]
impl ConsentRequest {
    /// The text to show to the person: who, what, why, until when, what is not allowed and how to
    /// withdraw; in the language of the terms, which is the one that is logged, or in another.
    #[uniffi::method(default(language = None))]
    pub fn notice(&self, language: Option<String>) -> Result<String, HealthspaceError> {
        call(|| self.inner.notice(language.as_ref().unwrap_or(&self.language)))
    }

    /// Records the person's consent. `evidence` is a hash of 32 bytes of whatever the host keeps
    /// as proof of the gesture.
    pub fn confirm(&self, method: String, evidence: Vec<u8>) -> Result<Grant, HealthspaceError> {
        call(|| {
            let grant = self.inner.confirm(gesture(method, evidence)?)?;
            Ok(Grant { id: grant.id().to_hex(), entry: grant.entry() })
        })
    }
}

#[uniffi::export]
impl RenewalRequest {
    /// The text to show to the person: what stood, what changes, and the whole notice; in the
    /// language of the request, which is the one that is logged, or in another.
    #[uniffi::method(default(language = None))]
    pub fn notice(&self, language: Option<String>) -> Result<String, HealthspaceError> {
        call(|| self.inner.notice(language.as_ref().unwrap_or(&self.language)))
    }

    /// Records the renewal. `evidence` as for `ConsentRequest.confirm`.
    pub fn confirm(&self, method: String, evidence: Vec<u8>) -> Result<(), HealthspaceError> {
        call(|| self.inner.confirm(gesture(method, evidence)?).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_mirrored_one_to_one() {
        for c in record::Category::ALL {
            assert_eq!(record::Category::from(HealthCategory::from(*c)), *c);
        }
    }
}

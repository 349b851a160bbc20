//! What an importer hands over: a slice of the source, and the typed facts read from it.

use super::{Quantity, Value, When};
use crate::id::Identity;
use crate::label::{Confidentiality, Obligations, Sensitivities};
use core::cmp::Ordering;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $v:ident = $n:literal, $code:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vdoc])* $v = $n,)* }

        impl $name {
            /// Every value, in order of its stored number.
            pub const ALL: &'static [Self] = &[$(Self::$v,)*];

            /// The fixed word for it.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$v => $code,)* } }

            /// From the stored number.
            #[must_use]
            pub const fn from_u8(n: u8) -> Option<Self> { match n { $($n => Some(Self::$v),)* _ => None } }

            /// From the fixed word.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> { Self::ALL.iter().copied().find(|v| v.code() == code) }
        }
    };
}

numbered! {
    /// What consent is asked by. The numbers are stored: append only.
    Category {
        /// Laboratory results.
        Laboratory = 0, "laboratory";
        /// Vital signs and body measures.
        VitalSigns = 1, "vital-signs";
        /// Medications: requests, statements, dispenses, administrations.
        Medications = 2, "medications";
        /// Conditions, problems, diagnoses.
        Conditions = 3, "conditions";
        /// Allergies and intolerances.
        Allergies = 4, "allergies";
        /// Immunizations.
        Immunizations = 5, "immunizations";
        /// Procedures, devices and implants.
        Procedures = 6, "procedures";
        /// Encounters, appointments, referrals and administration.
        Encounters = 7, "encounters";
        /// Notes, letters, reports, images.
        Documents = 8, "documents";
        /// Steps, energy, workouts.
        Activity = 9, "activity";
        /// Sleep.
        Sleep = 10, "sleep";
        /// Nutrition.
        Nutrition = 11, "nutrition";
        /// Cycle, pregnancy, sexual health.
        Reproductive = 12, "reproductive";
        /// Surveys, social history, lifestyle.
        SocialHistory = 13, "social-history";
        /// Name, birth date, sex.
        Demographics = 14, "demographics";
        /// Care plans, goals, care teams.
        CarePlans = 15, "care-plans";
        /// Claims and insurance.
        Financial = 16, "financial";
        /// What an assistant was told or concluded.
        Memories = 17, "memories";
        /// Everything else.
        Other = 18, "other";
    }
}

numbered! {
    /// What a fact is. The numbers are stored: append only.
    Kind {
        /// A measured or observed value.
        Observation = 0, "observation";
        /// A medication that is or was taken or prescribed.
        Medication = 1, "medication";
        /// A condition.
        Condition = 2, "condition";
        /// An allergy or intolerance.
        Allergy = 3, "allergy";
        /// An immunization.
        Immunization = 4, "immunization";
        /// A procedure.
        Procedure = 5, "procedure";
        /// A visit.
        Encounter = 6, "encounter";
        /// A document, note or report.
        Document = 7, "document";
        /// The person: name, birth date, sex.
        Patient = 8, "patient";
        /// A chunk of wearable samples of one type and source.
        Series = 9, "series";
        /// A workout.
        Workout = 10, "workout";
        /// A day's activity rings.
        ActivitySummary = 11, "activity-summary";
        /// "None known" or "not asked": an absence that the source states.
        Absence = 12, "absence";
        /// A remembered statement.
        Memory = 13, "memory";
        /// A resource that is kept but has no typed fact.
        Other = 14, "other";
        /// A turn of a conversation.
        Turn = 15, "turn";
    }
}

numbered! {
    /// Where a record stands in its life; the words of several FHIR resources folded together.
    Status {
        /// Not stated.
        Unstated = 0, "";
        /// `active`, `in-progress`, `recurrence`, `relapse`
        Active = 1, "active";
        /// `final`, `completed`, `finished`, `done`
        Final = 2, "final";
        /// `amended`, `corrected`
        Amended = 3, "amended";
        /// `preliminary`, `registered`, `draft`, `planned`, `unconfirmed`, `provisional`
        Preliminary = 4, "preliminary";
        /// `stopped`, `ended`, `inactive`
        Stopped = 5, "stopped";
        /// `resolved`
        Resolved = 6, "resolved";
        /// `on-hold`, `suspended`
        OnHold = 7, "on-hold";
        /// `cancelled`, `not-done`, `refuted`, `not-taken`
        NotDone = 8, "not-done";
        /// `entered-in-error`: kept, shown to nobody as a fact
        EnteredInError = 9, "entered-in-error";
        /// `remission`: without signs of it, and not said to be over
        Remission = 10, "remission";
    }
}

/// A code of a code system.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Coding {
    /// The system's URI; empty where the source gives none.
    pub system: String,
    /// The code.
    pub code: String,
    /// The source's words for it; may be empty.
    pub display: String,
}

silent_debug!(Coding);

impl Coding {
    /// A code without words.
    #[must_use]
    pub fn new(system: &str, code: &str, display: &str) -> Self {
        Self { system: system.to_owned(), code: code.to_owned(), display: display.to_owned() }
    }
}

/// Where a record stands in the source it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Which member of an archive (its position in the archive's directory); 0 for a plain file.
    pub member: u32,
    /// First byte, counted in the (decompressed) member.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
}

/// A reference range as reported.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct ObservedRange {
    /// Lower bound.
    pub low: Option<Quantity>,
    /// Upper bound.
    pub high: Option<Quantity>,
    /// The source's words.
    pub text: String,
    /// The reported flag: `H`, `L`, `HH`, `N` ... (HL7 ObservationInterpretation); may be empty.
    pub interpretation: String,
}

silent_debug!(ObservedRange);

/// One typed fact, owned.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FactDraft {
    /// What it is.
    pub kind: Kind,
    /// What consent is asked by.
    pub category: Category,
    /// Its codes, the most specific first; may be empty.
    pub codes: Vec<Coding>,
    /// The source's words for it.
    pub text: String,
    /// When it was, or began.
    pub when: Option<When>,
    /// When it ended.
    pub until: Option<When>,
    /// What it says.
    pub value: Value,
    /// Where it stands in its life.
    pub status: Status,
    /// The reference range as reported.
    pub range: Option<Box<ObservedRange>>,
    /// More words that belong to it: a dosage instruction, a reason; may be empty.
    pub note: String,
}

silent_debug!(FactDraft);

impl FactDraft {
    /// A fact that says only that it is there.
    #[must_use]
    pub fn new(kind: Kind, category: Category) -> Self {
        Self {
            kind,
            category,
            codes: Vec::new(),
            text: String::new(),
            when: None,
            until: None,
            value: Value::None,
            status: Status::Unstated,
            range: None,
            note: String::new(),
        }
    }
}

/// Which version of a thing a record is, as far as its server says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Revision {
    /// When it was last changed, in milliseconds since the epoch (`meta.lastUpdated`).
    pub updated: Option<i64>,
    /// The number of the version, where it is one (`meta.versionId`).
    pub version: Option<u64>,
}

silent_debug!(Revision);

impl Revision {
    /// Which is newer: by the time of the change, or else by the number. `None` where nothing tells.
    #[must_use]
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        let by = |a: Option<Ordering>| a.filter(|o| o.is_ne());
        let time = self.updated.zip(other.updated).map(|(a, b)| a.cmp(&b));
        let number = self.version.zip(other.version).map(|(a, b)| a.cmp(&b));
        by(time).or(by(number)).or(time).or(number)
    }

    /// Whether this says more than the other: it is newer, or the other says nothing.
    #[must_use]
    pub fn exceeds(&self, other: &Self) -> bool {
        self.order(other).map_or(*other == Self::default() && self != other, Ordering::is_gt)
    }
}

/// Whom a record is about, as far as its file says.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct SubjectHint {
    /// BLAKE3-based pseudonym of what identifies the person in the file: `Patient` reference or
    /// identifier. Two files about one person may differ here.
    pub reference: Option<Identity>,
    /// BLAKE3-based pseudonym of (family name, first given name, birth date), folded: the same
    /// in files of different origin.
    pub person: Option<Identity>,
    /// Where the record describes the person.
    pub described: Option<Box<PersonHint>>,
}

/// What a record says of the person it describes.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct PersonHint {
    /// Pseudonyms of every name that a reference to the person may use.
    pub names: Vec<Identity>,
    /// The date of birth as printed: a year, a month or a day; empty where unknown.
    pub born: String,
    /// The sex, where it is one that two files can disagree about.
    pub sex: Option<Sex>,
    /// Stated within another record: compared, but nobody that references lead to.
    pub within: bool,
}

silent_debug!(PersonHint);

numbered! {
    /// Administrative sex. The numbers are stored: append only.
    Sex {
        /// Female.
        Female = 1, "female";
        /// Male.
        Male = 2, "male";
    }
}

silent_debug!(SubjectHint);

/// Whose labels hold for whom, where that is another record. The other is named by everything that it may be across
/// files: which of its names is the one that tells it, a reference does not say.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Ties {
    /// What the record is by its type and id alone, where others may have to be found by them.
    pub named: Option<Identity>,
    /// What its labels hold for: the bytes that a document names.
    pub over: Vec<Identity>,
    /// Whether it has no label itself: those of its other versions and copies hold for the bytes as well.
    pub bare: bool,
    /// What the labels that hold for it stand in (`Binary.securityContext`).
    pub under: Vec<Identity>,
}

silent_debug!(Ties);

/// One record as an importer hands it over.
#[derive(Clone)]
pub struct Draft<'a> {
    /// The record, byte for byte as it stands in the source.
    pub body: &'a [u8],
    /// Where it stands there.
    pub span: Span,
    /// What it is across files.
    pub identity: Identity,
    /// The word by which reports count it: a FHIR resource type, an Apple element; from a fixed
    /// table, never free text of the file.
    pub type_name: &'static str,
    /// Whom it is about.
    pub subject: SubjectHint,
    /// Confidentiality as the source labels it.
    pub confidentiality: Option<Confidentiality>,
    /// Sensitivities as the source labels it.
    pub sensitivities: Sensitivities,
    /// Obligations and refrains as the source labels it.
    pub obligations: Obligations,
    /// Whom else its labels concern.
    pub ties: Ties,
    /// What it says. A record without one is kept all the same.
    pub facts: Vec<FactDraft>,
    /// Hash of what it says, however it is printed; `None` where only equal bytes say the same.
    pub content: Option<[u8; 16]>,
    /// A hash that only equal bytes share; `None`: of the bytes.
    pub print: Option<[u8; 16]>,
    /// Which version of the thing it is.
    pub revision: Revision,
    /// The bytes serve to rebuild the source: where an equal record is known in another printing,
    /// they are kept beside it.
    pub verbatim: bool,
}

silent_debug!(Draft<'a>);

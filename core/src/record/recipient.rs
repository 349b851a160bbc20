//! Who is to receive records: what they are and what they are called. By these two, a consent, a session
//! and an entry of the log mean the same recipient.

use crate::error::{Error, Malformed, Result};
use crate::lang::Lang;
use unicode_normalization::UnicodeNormalization;

const BAD: Error = Error::Malformed(Malformed::Argument);
/// What an entry of the log can name.
const LONGEST_NAME: usize = 256;

/// The identifier system of recipients in FHIR, before their kind.
pub(crate) const RECIPIENT_SYSTEM: &str = "https://healthspace.invalid/fhir/recipient/";

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

    /// The kind of this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().chain(&[Self::Reference, Self::Role]).find(|k| k.code() == code).copied()
    }

    /// The FHIR type of whom it names, where that is known.
    pub(crate) const fn fhir_type(self) -> Option<&'static str> {
        match self {
            Self::Model | Self::App => Some("Device"),
            Self::Person => Some("RelatedPerson"),
            Self::Organization => Some("Organization"),
            Self::Reference | Self::Role => None,
        }
    }

    /// What stands in brackets behind a name: English, French.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Model => ("AI model", "modèle d’IA"),
            Self::App => ("app", "application"),
            Self::Person => ("person", "personne"),
            Self::Organization => ("organisation", "organisation"),
            Self::Reference => ("by reference", "par référence"),
            Self::Role => ("role", "rôle"),
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

/// What is not seen: controls, directions, line breaks, blank letters, and what Unicode calls
/// default ignorable.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || matches!(c, '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
}

/// What cannot stand in a name: also a quotation mark, for notices put names in them, and the rest of the
/// name would read as what the notice says.
pub(crate) fn is_no_name(c: char) -> bool {
    is_hidden(c) || matches!(c, '"' | '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{ff02}')
}

impl Recipient {
    /// A recipient; the name is brought to Unicode NFC.
    ///
    /// # Errors
    /// `Malformed(Argument)` unless the name has 1..=200 characters in at most 256 bytes, none of
    /// them one that is not seen (controls, directions, line breaks, what Unicode ignores) or a double
    /// quotation mark, and does not begin or end with a blank. Whoever can be named can be logged.
    pub fn new(kind: RecipientKind, name: &str) -> Result<Self> {
        if name.len() > 4000 {
            return Err(BAD);
        }
        let name: String = name.nfc().collect();
        let count = name.chars().count();
        if !(1..=200).contains(&count)
            || name.len() > LONGEST_NAME
            || name.chars().any(is_no_name)
            || name.trim() != name
        {
            return Err(BAD);
        }
        Ok(Self { kind, name })
    }

    /// A recipient by the name as it stands, if an entry of a log can hold it.
    pub(crate) fn as_it_stands(kind: RecipientKind, name: &str) -> Option<Self> {
        let shown = (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(is_hidden);
        shown.then(|| Self { kind, name: name.to_owned() })
    }

    /// The person whose space it is, where they look by themself.
    pub(crate) fn the_person() -> Self {
        Self { kind: RecipientKind::Person, name: "person".to_owned() }
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

    /// The name with what it is, for the person: “eu-llm” (AI model).
    pub(crate) fn told(&self, lang: Lang) -> String {
        match (lang, self.kind.words()) {
            (Lang::En, (kind, _)) => format!("\u{201c}{}\u{201d} ({kind})", self.name),
            (Lang::Fr, (_, kind)) => format!("«\u{a0}{}\u{a0}» ({kind})", self.name),
        }
    }
}

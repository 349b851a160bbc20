//! Languages that texts for people are written in.
//!
//! What belongs here: the choice of a language. What must not: the texts themselves; each module
//! keeps its own.

/// A language that this library writes.
///
/// ```
/// use healthspace::Lang;
/// assert_eq!(Lang::parse("fr-CA"), Some(Lang::Fr));
/// assert_eq!(Lang::parse("xx"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// French.
    Fr,
}

impl Lang {
    /// From a BCP 47 tag; only its primary language counts.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else if primary.eq_ignore_ascii_case("fr") {
            Some(Self::Fr)
        } else {
            None
        }
    }

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }
}

//! The languages in which the library speaks to a person.

/// A language of texts meant for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Lang {
    /// English
    #[default]
    En,
    /// French
    Fr,
}

impl Lang {
    /// From a language tag (RFC 5646) or a POSIX locale name: only the language subtag counts.
    ///
    /// ```
    /// use healthspace::Lang;
    /// assert_eq!(Lang::parse("fr-FR"), Some(Lang::Fr));
    /// assert_eq!(Lang::parse("EN"), Some(Lang::En));
    /// assert_eq!(Lang::parse("french"), None);
    /// ```
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_', '.']).next()?;
        [Self::En, Self::Fr].into_iter().find(|l| language.eq_ignore_ascii_case(l.code()))
    }

    /// The language subtag.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        for (tag, want) in [
            ("en", Some(Lang::En)),
            ("fr", Some(Lang::Fr)),
            ("fr-FR", Some(Lang::Fr)),
            ("fr_CA.UTF-8", Some(Lang::Fr)),
            ("en-Latn-GB", Some(Lang::En)),
            ("", None),
            ("-fr", None),
            ("de", None),
            ("frr", None),
        ] {
            assert_eq!(Lang::parse(tag), want);
        }
    }
}

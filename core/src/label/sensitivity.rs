//! Sensitivity codes of HL7 v3-ActCode: the branch below `_ActInformationSensitivityPolicy`.
//!
//! Taken from HL7's source of truth (repository `HL7/UTG`,
//! `input/sourceOfTruth/v3/codeSystems/v3-ActCode.xml`): each concept whose `subsumedBy` chain ends
//! there, with its parent; `COGN`, `DVD` and `EMOTDIS` with the parent that FHIR R4 gives them
//! (`core/tools/terminology.py`, as for purposes).
//! Codes of the branches about roles, entities and requests are not in it: they are
//! [`Sensitivity::Unknown`], which no listed code permits and every deny hits.

macro_rules! sensitivities {
    ($($(#[$doc:meta])* $name:ident = $n:literal, $code:literal, $parent:expr;)*) => {
        /// Why an item is sensitive. The numbers are stored: append only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Sensitivity { $($(#[$doc])* $name = $n,)* }

        impl Sensitivity {
            /// Every code of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HL7 code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }

            /// The code directly above in HL7's tree.
            #[must_use]
            pub const fn parent(self) -> Option<Self> { match self { $(Self::$name => $parent,)* } }
        }
    };
}

sensitivities! {
    /// A sensitivity code that this version does not know: kept, and never ignored.
    Unknown = 0, "?", None;
    /// Specially protected information
    SpeciallyProtected = 1, "SPI", None;
    /// Behavioural health
    BehaviouralHealth = 2, "BH", Some(Self::SpeciallyProtected);
    /// Psychiatry disorder
    Psychiatry = 3, "PSY", Some(Self::SpeciallyProtected);
    /// Substance use disorder
    SubstanceUse = 4, "SUD", Some(Self::SpeciallyProtected);
    /// Substance abuse
    SubstanceAbuse = 5, "ETH", None;
    /// Alcohol use disorder
    AlcoholUse = 6, "ETHUD", Some(Self::SubstanceUse);
    /// Opioid use disorder
    OpioidUse = 7, "OPIOIDUD", Some(Self::SubstanceUse);
    /// HIV/AIDS
    Hiv = 8, "HIV", None;
    /// Sexual assault, abuse or domestic violence
    DomesticViolence = 9, "SDV", None;
    /// Sexuality and reproductive health
    Sexuality = 10, "SEX", None;
    /// Genetic disease
    Genetic = 11, "GDIS", None;
    /// Sexually transmitted disease
    Std = 12, "STD", None;
    /// Sickle cell (retired by HL7)
    SickleCell = 13, "SICKLE", None;
    /// Mental health
    MentalHealth = 14, "MH", Some(Self::SpeciallyProtected);
    /// Psychotherapy notes
    Psychotherapy = 15, "PSYTHPN", Some(Self::SpeciallyProtected);
    /// Cognitive disability
    Cognitive = 16, "COGN", Some(Self::BehaviouralHealth);
    /// Developmental disability
    Developmental = 17, "DVD", Some(Self::BehaviouralHealth);
    /// Emotional disturbance
    Emotional = 18, "EMOTDIS", Some(Self::BehaviouralHealth);
    /// Military sexual trauma
    MilitaryTrauma = 19, "MST", None;
    /// Pregnancy
    Pregnancy = 20, "PREGNANT", None;
    /// Sickle cell anaemia
    SickleCellAnemia = 21, "SCA", None;
    /// Not to be told to the patient first
    Taboo = 22, "TBOO", None;
    /// Violence
    Violence = 23, "VIO", None;
    /// Identifiers
    Identifiers = 24, "IDS", None;
}

impl Sensitivity {
    /// From the HL7 code; a code outside the table is [`Sensitivity::Unknown`].
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        Self::ALL.iter().copied().find(|s| s.code() == code).unwrap_or(Self::Unknown)
    }

    /// How far a *deny* reaches: as [`covers`](Self::covers), and from `ETH` to the disorders that
    /// IHE PCF 1.1 lists under it but HL7 does not.
    #[must_use]
    pub fn hits(self, other: Self) -> bool {
        self.covers(other) || self == Self::SubstanceAbuse && Self::SubstanceUse.covers(other)
    }

    /// Equal, or above `other` in HL7's tree: how far a *permit* reaches.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        let mut at = Some(other);
        while let Some(s) = at {
            if s == self {
                return true;
            }
            at = s.parent();
        }
        false
    }
}

/// A set of sensitivity codes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sensitivities(u32);

silent_debug!(Sensitivities);

impl Sensitivities {
    /// None.
    pub const NONE: Self = Self(0);
    /// All, known or not yet.
    pub const ALL: Self = Self(u32::MAX);

    /// Just this one.
    #[must_use]
    pub const fn only(s: Sensitivity) -> Self {
        Self(1 << s as u8)
    }

    /// Both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of these are among `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The codes in it.
    pub fn iter(self) -> impl Iterator<Item = Sensitivity> {
        Sensitivity::ALL.iter().copied().filter(move |s| self.0 >> *s as u8 & 1 == 1)
    }

    /// As stored.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From what [`bits`](Self::bits) gave.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positions_and_the_branch_is_whole() {
        for (i, s) in Sensitivity::ALL.iter().enumerate() {
            assert_eq!(*s as usize, i);
            assert_eq!(Sensitivity::from_code(s.code()), *s);
        }
        let below = |p| Sensitivity::ALL.iter().filter(|c| c.parent() == p).count();
        assert_eq!(below(Some(Sensitivity::SpeciallyProtected)), 5);
        assert_eq!((below(Some(Sensitivity::SubstanceUse)), below(Some(Sensitivity::BehaviouralHealth))), (2, 3));
        assert_eq!(below(None) - 1, 14);
        // Not all 32 bits: the highest stay for what later versions know.
        assert!(Sensitivity::ALL.len() < 30);
        assert!(Sensitivity::SubstanceAbuse.hits(Sensitivity::AlcoholUse));
        assert!(!Sensitivity::SubstanceAbuse.covers(Sensitivity::AlcoholUse));
    }
}

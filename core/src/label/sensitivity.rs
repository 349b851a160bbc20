//! Sensitivity codes of HL7 v3-ActCode (InformationSensitivityPolicy).

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
    SubstanceUse = 4, "SUD", Some(Self::BehaviouralHealth);
    /// Substance abuse
    SubstanceAbuse = 5, "ETH", Some(Self::BehaviouralHealth);
    /// Alcohol use disorder
    AlcoholUse = 6, "ETHUD", Some(Self::SubstanceAbuse);
    /// Opioid use disorder
    OpioidUse = 7, "OPIOIDUD", Some(Self::SubstanceAbuse);
    /// HIV/AIDS
    Hiv = 8, "HIV", Some(Self::SpeciallyProtected);
    /// Sexual assault, abuse or domestic violence
    DomesticViolence = 9, "SDV", Some(Self::SpeciallyProtected);
    /// Sexuality and reproductive health
    Sexuality = 10, "SEX", None;
    /// Genetic disease
    Genetic = 11, "GDIS", None;
    /// Sexually transmitted disease
    Std = 12, "STD", None;
    /// Sickle cell
    SickleCell = 13, "SICKLE", None;
}

impl Sensitivity {
    /// From the HL7 code; a code outside the table is [`Sensitivity::Unknown`].
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        Self::ALL.iter().copied().find(|s| s.code() == code).unwrap_or(Self::Unknown)
    }

    /// Equal, or above `other` in HL7's tree.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Sensitivities(u32);

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

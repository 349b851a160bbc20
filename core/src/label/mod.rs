//! Labels: what may happen to a value, carried with it.
//!
//! What belongs here: the label and its algebra (`join`, `flows_to`), and the vocabularies it is
//! made of. What must not: decisions about people or data; those are `policy`'s.
//!
//! A label is `(confidentiality, sensitivities, origins, purposes, obligations, integrity)`. It
//! only ever grows: [`Label::join`] is a least upper bound, and nothing in this crate lowers one
//! without a recorded gesture of the person.
//!
//! ```
//! use healthspace::{Label, Confidentiality, Origins};
//! let a = Label { confidentiality: Confidentiality::Restricted, ..Label::BOTTOM };
//! let b = Label { origins: Origins::partition(3), ..Label::BOTTOM };
//! let both = a.join(b);
//! assert!(a.flows_to(both) && b.flows_to(both) && !both.flows_to(a));
//! ```

mod lowering;
mod purpose;
mod sensitivity;
#[cfg(test)]
mod tests_terminology;
mod words;

pub use lowering::Lowering;
pub use purpose::{NamedPurpose, Purpose, Purposes};
pub use sensitivity::{Sensitivities, Sensitivity};
pub(crate) use words::purpose_words;

/// HL7 v3-Confidentiality, ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Confidentiality {
    /// `U`
    #[default]
    Unrestricted = 0,
    /// `L`
    Low = 1,
    /// `M`
    Moderate = 2,
    /// `N`
    Normal = 3,
    /// `R`: what an unlabelled item in a health partition is.
    Restricted = 4,
    /// `V`
    VeryRestricted = 5,
}

impl Confidentiality {
    /// The HL7 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unrestricted => "U",
            Self::Low => "L",
            Self::Moderate => "M",
            Self::Normal => "N",
            Self::Restricted => "R",
            Self::VeryRestricted => "V",
        }
    }

    /// From the HL7 code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        (0..=5).filter_map(Self::from_u8).find(|c| c.code() == code)
    }

    /// From its rank.
    #[must_use]
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            0 => Self::Unrestricted,
            1 => Self::Low,
            2 => Self::Moderate,
            3 => Self::Normal,
            4 => Self::Restricted,
            5 => Self::VeryRestricted,
            _ => return None,
        })
    }
}

/// Who stands behind a value; a join takes the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Integrity {
    /// Came from a file or a device nobody vouches for.
    External = 0,
    /// Written by an AI (HL7 `AIAST`).
    AiAsserted = 1,
    /// Entered or confirmed by the person.
    User = 2,
    /// Verified by a clinician.
    #[default]
    Clinician = 3,
}

impl Integrity {
    /// From its rank.
    #[must_use]
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            0 => Self::External,
            1 => Self::AiAsserted,
            2 => Self::User,
            3 => Self::Clinician,
            _ => return None,
        })
    }
}

/// The partitions that a value comes from, by ordinal (1..=63; ordinal 0 is the system scope).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Origins(u64);

impl Origins {
    /// From nowhere.
    pub const NONE: Self = Self(0);

    /// Whether partitions of ordinals up to this one have a bit each; a space has no others.
    pub(crate) const fn tells_apart(ordinal: u16) -> bool {
        ordinal < u64::BITS as u16
    }

    /// From the partition of this ordinal. A space has none above 63: they would share the last bit, which
    /// makes a label stricter, never laxer.
    #[must_use]
    pub const fn partition(ordinal: u16) -> Self {
        Self(1 << if Self::tells_apart(ordinal) { ordinal } else { 63 })
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

    /// Whether a value comes from nowhere in particular.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As stored.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// From what [`bits`](Self::bits) gave.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// What kind of room a partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionKind {
    /// Health data: restricted, no training, default deny.
    Health,
    /// What a general assistant may keep: nothing that came from a health partition flows here.
    General,
}

impl PartitionKind {
    /// The fixed word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::General => "general",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Health, Self::General].into_iter().find(|k| k.code() == code)
    }
}

/// Obligations and refrains of HL7 v3-ActCode that travel with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Obligations(u32);

impl Obligations {
    /// None.
    pub const NONE: Self = Self(0);
    /// Local code `NOMLTRAINING`: must not be used to train, fine-tune or distil a model. HL7 has
    /// no refrain code for it yet; exports carry a Consent that denies `MLTRAINING` beside it.
    pub const NO_TRAINING: Self = Self(1);
    /// `PERSISTLABEL`: the label must stay with the value.
    pub const PERSIST_LABEL: Self = Self(1 << 1);
    /// `NOREUSE`: no use beyond the purpose of the request.
    pub const NO_REUSE: Self = Self(1 << 2);
    /// `CPLYCD`: comply with the consent directive.
    pub const COMPLY_CONSENT: Self = Self(1 << 3);
    /// `NORDSCLCD`: no redisclosure without consent.
    pub const NO_REDISCLOSURE: Self = Self(1 << 4);
    /// `DEID`: only de-identified.
    pub const DEIDENTIFY: Self = Self(1 << 5);
    /// `REDACT`: parts must be left out.
    pub const REDACT: Self = Self(1 << 6);
    /// `DELAU`: delete after use.
    pub const DELETE_AFTER_USE: Self = Self(1 << 7);
    /// `PSEUD`: only under a pseudonym.
    pub const PSEUDONYMIZE: Self = Self(1 << 8);
    /// `NOINTEGRATE`: must not be merged into another record.
    pub const NO_INTEGRATION: Self = Self(1 << 9);
    /// `NOPERSISTP`: must not be stored permanently.
    pub const NO_PERSISTENCE: Self = Self(1 << 10);
    /// `NODSCLCD`: no disclosure without consent.
    pub const NO_DISCLOSURE: Self = Self(1 << 11);
    /// `NORELINK`: must not be linked to the person again.
    pub const NO_RELINKING: Self = Self(1 << 12);
    /// `NOCOLLECT`: must not be gathered.
    pub const NO_COLLECTION: Self = Self(1 << 13);
    /// `MASK`: parts must be made unreadable.
    pub const MASK: Self = Self(1 << 14);
    /// One that this library does not know, or knows and has no bit for. Nobody understands it.
    pub const UNKNOWN: Self = Self(1 << 31);
    /// What everything in a health partition carries.
    pub const HEALTH: Self =
        Self(Self::NO_TRAINING.0 | Self::PERSIST_LABEL.0 | Self::NO_REUSE.0 | Self::COMPLY_CONSENT.0);

    const CODES: [(Self, &'static str); 15] = [
        (Self::NO_TRAINING, "NOMLTRAINING"),
        (Self::PERSIST_LABEL, "PERSISTLABEL"),
        (Self::NO_REUSE, "NOREUSE"),
        (Self::COMPLY_CONSENT, "CPLYCD"),
        (Self::NO_REDISCLOSURE, "NORDSCLCD"),
        (Self::DEIDENTIFY, "DEID"),
        (Self::REDACT, "REDACT"),
        (Self::DELETE_AFTER_USE, "DELAU"),
        (Self::PSEUDONYMIZE, "PSEUD"),
        (Self::NO_INTEGRATION, "NOINTEGRATE"),
        (Self::NO_PERSISTENCE, "NOPERSISTP"),
        (Self::NO_DISCLOSURE, "NODSCLCD"),
        (Self::NO_RELINKING, "NORELINK"),
        (Self::NO_COLLECTION, "NOCOLLECT"),
        (Self::MASK, "MASK"),
    ];

    /// The codes of the same two branches of v3-ActCode that are not among those above.
    const OTHERS: [&'static str; 33] = [
        "ANONY",
        "AOD",
        "AUDIT",
        "AUDTR",
        "CPLYCC",
        "CPLYCUI",
        "CPLYJPP",
        "CPLYJSP",
        "CPLYOPP",
        "CPLYOSP",
        "CPLYPOL",
        "DECLASSIFYLABEL",
        "DOWNGRDLABEL",
        "DRIVLABEL",
        "ENCRYPT",
        "ENCRYPTR",
        "ENCRYPTT",
        "ENCRYPTU",
        "HUAPRV",
        "LABEL",
        "MINEC",
        "NOAUTH",
        "NODSCLCDS",
        "NOLIST",
        "NOMOU",
        "NOORGPOL",
        "NOPAT",
        "NORDSCLCDS",
        "NORDSCLW",
        "NOVIP",
        "ORCON",
        "PRIVMARK",
        "UPGRDLABEL",
    ];

    /// From the code that [`codes`](Self::codes) gives.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::CODES.into_iter().find(|(_, c)| *c == code).map(|(o, _)| o)
    }

    /// What a label on data says with a code: as [`from_code`](Self::from_code), and
    /// [`UNKNOWN`](Self::UNKNOWN) for an obligation or refrain of HL7 that has no bit here.
    #[must_use]
    pub fn on_data(code: &str) -> Option<Self> {
        Self::from_code(code).or_else(|| Self::OTHERS.contains(&code).then_some(Self::UNKNOWN))
    }

    /// Whether somebody who understands these complies with all of it: with one that is not known
    /// nobody does.
    #[must_use]
    pub const fn is_understood(self, understands: Self) -> bool {
        self.0 >> Self::CODES.len() == 0 && self.is_subset(understands)
    }

    /// Both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These but those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of these are among `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether all of `other` are here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        other.is_subset(self)
    }

    /// The codes, for a receipt or a tag.
    pub fn codes(self) -> impl Iterator<Item = &'static str> {
        Self::CODES.into_iter().filter(move |(o, _)| self.contains(*o)).map(|(_, code)| code)
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

/// What may happen to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// How confidential; a join takes the highest.
    pub confidentiality: Confidentiality,
    /// Why it is sensitive; a join takes all.
    pub sensitivities: Sensitivities,
    /// Which partitions it comes from; a join takes all.
    pub origins: Origins,
    /// For which purposes it may be used; a join takes what both allow.
    pub purposes: Purposes,
    /// What its user must and must not do; a join takes all.
    pub obligations: Obligations,
    /// Who stands behind it; a join takes the weakest.
    pub integrity: Integrity,
}

impl Label {
    /// The least label: a session that has read nothing.
    pub const BOTTOM: Self = Self {
        confidentiality: Confidentiality::Unrestricted,
        sensitivities: Sensitivities::NONE,
        origins: Origins::NONE,
        purposes: Purposes::ALL,
        obligations: Obligations::NONE,
        integrity: Integrity::Clinician,
    };

    /// The least label that is at least both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            confidentiality: self.confidentiality.max(other.confidentiality),
            sensitivities: self.sensitivities.union(other.sensitivities),
            origins: self.origins.union(other.origins),
            purposes: self.purposes.intersect(other.purposes),
            obligations: self.obligations.union(other.obligations),
            integrity: self.integrity.min(other.integrity),
        }
    }

    /// The greatest label that is at most both.
    #[must_use]
    pub(crate) fn meet(self, other: Self) -> Self {
        Self {
            confidentiality: self.confidentiality.min(other.confidentiality),
            sensitivities: Sensitivities::from_bits(self.sensitivities.bits() & other.sensitivities.bits()),
            origins: Origins::from_bits(self.origins.bits() & other.origins.bits()),
            purposes: Purposes::from_bits(self.purposes.bits() | other.purposes.bits()),
            obligations: Obligations::from_bits(self.obligations.bits() & other.obligations.bits()),
            integrity: self.integrity.max(other.integrity),
        }
    }

    /// Whether a value of this label may stand where `clearance` is the bound.
    #[must_use]
    pub fn flows_to(self, clearance: Self) -> bool {
        self.confidentiality <= clearance.confidentiality
            && self.sensitivities.is_subset(clearance.sensitivities)
            && self.origins.is_subset(clearance.origins)
            && clearance.purposes.is_subset(self.purposes)
            && self.obligations.is_subset(clearance.obligations)
            && self.integrity >= clearance.integrity
    }

    /// Whether the value must not be used to train a model.
    #[must_use]
    pub const fn no_training(self) -> bool {
        self.obligations.contains(Obligations::NO_TRAINING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label() -> impl Strategy<Value = Label> {
        (0u8..6, any::<u32>(), any::<u64>(), any::<u64>(), any::<u32>(), 0u8..4).prop_map(|(c, s, o, p, b, i)| Label {
            confidentiality: Confidentiality::from_u8(c).unwrap_or_default(),
            sensitivities: Sensitivities::from_bits(s),
            origins: Origins::from_bits(o),
            purposes: Purposes::from_bits(p & Purposes::ALL.bits()),
            obligations: Obligations::from_bits(b),
            integrity: Integrity::from_u8(i).unwrap_or_default(),
        })
    }

    /// The laws of a join-semilattice with a least element, and of its order.
    fn laws(a: Label, b: Label, c: Label) {
        assert_eq!(a.join(a), a);
        assert_eq!(a.join(b), b.join(a));
        assert_eq!(a.join(b).join(c), a.join(b.join(c)));
        assert_eq!(a.join(Label::BOTTOM), a);
        assert!(a.flows_to(a) && a.flows_to(a.join(b)) && b.flows_to(a.join(b)));
        assert_eq!(a.flows_to(b), a.join(b) == b);
        assert_eq!(a.flows_to(c) && b.flows_to(c), a.join(b).flows_to(c));
        assert!(a.meet(b) == b.meet(a) && a.meet(b).flows_to(a) && a.meet(b).flows_to(b));
        assert_eq!(c.flows_to(a) && c.flows_to(b), c.flows_to(a.meet(b)));
        if a.flows_to(b) && b.flows_to(a) {
            assert_eq!(a, b);
        }
        if a.flows_to(b) && b.flows_to(c) {
            assert!(a.flows_to(c));
        }
        assert!(Label::BOTTOM.flows_to(a));
    }

    /// Labels of a few bits, so that a third of the pairs are comparable.
    fn small(n: u64) -> Label {
        let bit = |at: u32| n >> at & 1;
        Label {
            confidentiality: Confidentiality::from_u8((n % 3) as u8).unwrap(),
            sensitivities: Sensitivities::from_bits((bit(8) & bit(9)) as u32),
            origins: Origins::from_bits((bit(10) & bit(11)) << 1 | bit(12) & bit(13)),
            purposes: Purposes::from_bits(Purposes::ALL.bits() & !((bit(14) & bit(15)) << 3)),
            obligations: Obligations::from_bits((bit(16) & bit(17)) as u32),
            integrity: Integrity::from_u8(3 - (bit(18) & bit(19)) as u8).unwrap(),
        }
    }

    /// A label of any bits.
    fn any_bits(n: u64) -> Label {
        Label {
            confidentiality: Confidentiality::from_u8((n >> 8) as u8 % 6).unwrap(),
            sensitivities: Sensitivities::from_bits((n >> 32) as u32),
            origins: Origins::from_bits(n.rotate_left(17)),
            purposes: Purposes::from_bits(Purposes::ALL.bits() & (n.rotate_left(29) | n.rotate_left(41))),
            obligations: Obligations::from_bits(n as u32),
            integrity: Integrity::from_u8((n >> 5) as u8 & 3).unwrap(),
        }
    }

    #[test]
    fn the_laws_hold_for_a_hundred_thousand_triples() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut comparable = 0;
        for i in 0..120_000 {
            let of = if i % 3 == 0 { any_bits } else { small };
            let (a, b, c) = (of(next()), of(next()), of(next()));
            comparable += u32::from(a.flows_to(b) || b.flows_to(a));
            laws(a, b, c);
        }
        // The laws about comparable labels were tried, too.
        assert!(comparable > 20_000, "{comparable}");
    }

    #[test]
    fn nobody_understands_what_is_not_known() {
        let all = Obligations::from_bits(u32::MAX);
        assert!(Obligations::MASK.is_understood(all) && Obligations::NONE.is_understood(Obligations::NONE));
        assert!(!Obligations::MASK.is_understood(Obligations::HEALTH));
        for bit in 15..32 {
            assert!(!Obligations::from_bits(1 << bit | 1).is_understood(all), "{bit}");
        }
        // What a consent can name is what has a bit; a label on data may say more.
        assert_eq!((Obligations::from_code("NOVIP"), Obligations::from_code("MASK")), (None, Some(Obligations::MASK)));
        assert_eq!(Obligations::on_data("NOVIP"), Some(Obligations::UNKNOWN));
        assert_eq!((Obligations::on_data("MASK"), Obligations::on_data("HIV")), (Some(Obligations::MASK), None));
        assert!(Obligations::OTHERS.iter().all(|code| Obligations::from_code(code).is_none()));
        assert_eq!(Obligations::UNKNOWN.codes().count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]
        #[test]
        fn join_is_a_least_upper_bound(a in label(), b in label(), c in label()) {
            laws(a, b, c);
        }
    }
}

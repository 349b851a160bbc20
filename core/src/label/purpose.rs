//! Purposes of use: HL7 v3-ActReason 4.0.0, the branch below PurposeOfUse.
//!
//! The table is a fact of the code system, taken from HL7's source of truth (repository `HL7/UTG`,
//! `input/sourceOfTruth/v3/codeSystems/v3-ActReason.xml`): every concept whose `subsumedBy` chain
//! ends at the abstract `PurposeOfUse`, with its parent: `core/tools/terminology.py` makes
//! `terminology.tsv` of it, to which a test holds this table. A later version appends; a number that
//! was stored never changes its meaning.

use super::{Label, Obligations};

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident = $n:literal, $code:literal, $parent:expr;)*) => {
        /// A purpose of use of HL7 v3-ActReason 4.0.0. The numbers are stored: append only.
        ///
        /// ```
        /// use healthspace::Purpose;
        /// assert_eq!(Purpose::PatientRequest.code(), "PATRQT");
        /// // HL7's own tree has AI training below health care operations:
        /// assert!(Purpose::Operations.covers(Purpose::MlTraining));
        /// // ... which is why a permit never reaches it from above.
        /// assert!(!Purpose::Operations.permits(Purpose::MlTraining));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Purpose { $($(#[$doc])* $name = $n,)* }

        impl Purpose {
            /// Every purpose of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HL7 code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }

            /// The purpose directly above in HL7's tree.
            #[must_use]
            pub const fn parent(self) -> Option<Self> { match self { $(Self::$name => $parent,)* } }
        }
    };
}

purposes! {
    /// Treatment
    Treatment = 0, "TREAT", None;
    /// Clinical trial
    ClinicalTrial = 1, "CLINTRL", Some(Self::Treatment);
    /// Coordination of care
    CareCoordination = 2, "COC", Some(Self::Treatment);
    /// Emergency treatment
    EmergencyTreatment = 3, "ETREAT", Some(Self::Treatment);
    /// Break the glass; explicit only
    BreakGlass = 4, "BTG", Some(Self::EmergencyTreatment);
    /// Emergency room treatment
    EmergencyRoom = 5, "ERTREAT", Some(Self::EmergencyTreatment);
    /// Population health
    PopulationHealth = 6, "POPHLTH", Some(Self::Treatment);
    /// Treatment decision support (AI); explicit only
    TreatmentDecisionSupport = 7, "TREATDS", Some(Self::Treatment);
    /// Health care payment
    Payment = 8, "HPAYMT", None;
    /// Claim attachment
    ClaimAttachment = 9, "CLMATTCH", Some(Self::Payment);
    /// Coverage authorization
    CoverageAuthorization = 10, "COVAUTH", Some(Self::Payment);
    /// Coverage under a policy or program
    Coverage = 11, "COVERAGE", Some(Self::Payment);
    /// Remittance advice
    RemittanceAdvice = 12, "REMITADV", Some(Self::Payment);
    /// Payment decision support (AI); explicit only
    PaymentDecisionSupport = 13, "PMTDS", Some(Self::Payment);
    /// Health care operations
    Operations = 14, "HOPERAT", None;
    /// Care management
    CareManagement = 15, "CAREMGT", Some(Self::Operations);
    /// Record management
    RecordManagement = 16, "RECORDMGT", Some(Self::Operations);
    /// Quality improvement
    QualityImprovement = 17, "HQUALIMP", Some(Self::Operations);
    /// Patient administration
    PatientAdministration = 18, "PATADMIN", Some(Self::Operations);
    /// System development
    SystemDevelopment = 19, "SYSDEV", Some(Self::Operations);
    /// Test data
    TestData = 20, "HTEST", Some(Self::SystemDevelopment);
    /// Training of people
    StaffTraining = 21, "TRAIN", Some(Self::Operations);
    /// Training of a machine-learning model; explicit only, and behind a floor
    MlTraining = 22, "MLTRAINING", Some(Self::Operations);
    /// Legal
    Legal = 23, "HLEGAL", Some(Self::Operations);
    /// Fraud detection
    Fraud = 24, "FRAUD", Some(Self::Operations);
    /// Research
    Research = 25, "HRESCH", None;
    /// Biomedical research
    BiomedicalResearch = 26, "BIORCH", Some(Self::Research);
    /// Clinical trial research
    ClinicalTrialResearch = 27, "CLINTRCH", Some(Self::Research);
    /// Disease-specific research
    DiseaseResearch = 28, "DSRCH", Some(Self::Research);
    /// Population origins or ancestry research
    AncestryResearch = 29, "POARCH", Some(Self::Research);
    /// Translational research
    TranslationalResearch = 30, "TRANSRCH", Some(Self::Research);
    /// At the person's own request: an AI app that the person uses
    PatientRequest = 31, "PATRQT", None;
    /// Family request
    FamilyRequest = 32, "FAMRQT", Some(Self::PatientRequest);
    /// Power of attorney
    PowerOfAttorney = 33, "PWATRNY", Some(Self::PatientRequest);
    /// Support network
    SupportNetwork = 34, "SUPNWK", Some(Self::PatientRequest);
    /// Public health
    PublicHealth = 35, "PUBHLTH", None;
    /// Disaster
    Disaster = 36, "DISASTER", Some(Self::PublicHealth);
    /// Threat
    Threat = 37, "THREAT", Some(Self::PublicHealth);
    /// Health care marketing
    Marketing = 38, "HMARKT", None;
    /// Clinical trial research without care
    ClinicalTrialResearchWithoutCare = 39, "CLINTRCHNPC", Some(Self::ClinicalTrialResearch);
    /// Clinical trial research with care
    ClinicalTrialResearchWithCare = 40, "CLINTRCHPC", Some(Self::ClinicalTrialResearch);
    /// Preclinical trial research
    PreclinicalResearch = 41, "PRECLINTRCH", Some(Self::ClinicalTrialResearch);
    /// Eligibility determination
    EligibilityDetermination = 42, "ELIGDTRM", Some(Self::Coverage);
    /// Eligibility verification
    EligibilityVerification = 43, "ELIGVER", Some(Self::Coverage);
    /// Enrolment
    Enrollment = 44, "ENROLLM", Some(Self::Coverage);
    /// Military discharge
    MilitaryDischarge = 45, "MILDCRG", Some(Self::Coverage);
    /// Donation of organs or tissue
    Donation = 46, "DONAT", Some(Self::Operations);
    /// Government
    Government = 47, "GOV", Some(Self::Operations);
    /// Accreditation
    Accreditation = 48, "HACCRED", Some(Self::Operations);
    /// Compliance
    Compliance = 49, "HCOMPL", Some(Self::Operations);
    /// Matters of a deceased patient
    Decedent = 50, "HDECD", Some(Self::Operations);
    /// Directory
    Directory = 51, "HDIRECT", Some(Self::Operations);
    /// Management of the delivery of care
    DeliveryManagement = 52, "HDM", Some(Self::Operations);
    /// Outcome measures
    OutcomeMeasure = 53, "HOUTCOMS", Some(Self::Operations);
    /// Programme reporting
    ProgramReporting = 54, "HPRGRP", Some(Self::Operations);
    /// System administration
    SystemAdministration = 55, "HSYSADMIN", Some(Self::Operations);
    /// Labelling
    Labeling = 56, "LABELING", Some(Self::SystemAdministration);
    /// Metadata management
    MetadataManagement = 57, "METAMGT", Some(Self::SystemAdministration);
    /// Member administration
    MemberAdministration = 58, "MEMADMIN", Some(Self::Operations);
    /// Military command
    MilitaryCommand = 59, "MILCDM", Some(Self::Operations);
    /// Patient safety
    PatientSafety = 60, "PATSFTY", Some(Self::Operations);
    /// Performance measures
    PerformanceMeasure = 61, "PERFMSR", Some(Self::Operations);
}

impl Purpose {
    /// The code system of [`code`](Self::code).
    pub const SYSTEM: &'static str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

    /// Older names of the same code system, and its OID.
    const SYSTEMS: [&'static str; 3] =
        [Self::SYSTEM, "http://hl7.org/fhir/v3/ActReason", "urn:oid:2.16.840.1.113883.5.8"];
    /// The abstract code above all of them.
    const ROOT: &'static str = "PurposeOfUse";

    /// From the HL7 code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|p| p.code() == code)
    }

    /// What a coding names. Without a system it is read as v3-ActReason where the code exists
    /// there; outside that table only equality counts.
    #[must_use]
    pub fn named(system: Option<&str>, code: &str) -> NamedPurpose {
        if system.is_none_or(Self::is_system) {
            if let Some(p) = Self::from_code(code) {
                return NamedPurpose::Known(p);
            }
            if code == Self::ROOT {
                return NamedPurpose::Any;
            }
        }
        NamedPurpose::Other
    }

    /// Whether this is a name of the code system of the table.
    pub(crate) fn is_system(system: &str) -> bool {
        Self::SYSTEMS.contains(&system)
    }

    /// Equal, or above `other` in HL7's tree: how far a *deny* reaches.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        let mut at = Some(other);
        while let Some(p) = at {
            if p == self {
                return true;
            }
            at = p.parent();
        }
        false
    }

    /// Whether only a rule that names it can permit it (`MLTRAINING`, `TREATDS`, `PMTDS`, `BTG`).
    #[must_use]
    pub const fn explicit_only(self) -> bool {
        matches!(
            self,
            Self::MlTraining | Self::TreatmentDecisionSupport | Self::PaymentDecisionSupport | Self::BreakGlass
        )
    }

    /// How far a *permit* reaches: like [`covers`](Self::covers), but never from above to an
    /// explicit-only purpose.
    #[must_use]
    pub fn permits(self, other: Self) -> bool {
        if other.explicit_only() { self == other } else { self.covers(other) }
    }
}

/// What a coding says in the place of a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedPurpose {
    /// A purpose of the table.
    Known(Purpose),
    /// `PurposeOfUse`: the root of the table.
    Any,
    /// Something outside the table.
    Other,
}

/// A set of purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purposes(u64);

impl Purposes {
    /// Every purpose of the table. A bit that is no purpose's yet is not among them: what was labelled before there was
    /// one does not permit it.
    pub const ALL: Self = Self((1 << Purpose::ALL.len()) - 1);
    /// No purpose at all.
    pub const NONE: Self = Self(0);
    /// Every purpose but training a model: what imported health data allows.
    pub const ALL_BUT_TRAINING: Self = Self(Self::ALL.0 & !(1 << Purpose::MlTraining as u8));

    /// Just this one.
    #[must_use]
    pub const fn only(purpose: Purpose) -> Self {
        Self(1 << purpose as u8)
    }

    /// What both allow.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of these are among `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether this purpose is allowed.
    #[must_use]
    pub const fn contains(self, purpose: Purpose) -> bool {
        self.0 >> purpose as u8 & 1 == 1
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

impl Label {
    /// The label of everything imported into a health partition: restricted, its origin, no
    /// training, and nobody vouches for it but the file it came from.
    #[must_use]
    pub const fn health(ordinal: u16) -> Self {
        Self {
            confidentiality: super::Confidentiality::Restricted,
            sensitivities: super::Sensitivities::NONE,
            origins: super::Origins::partition(ordinal),
            purposes: Purposes::ALL_BUT_TRAINING,
            obligations: Obligations::HEALTH,
            integrity: super::Integrity::External,
        }
    }

    /// The least label of what is in a partition of this kind.
    pub(crate) const fn of_partition(kind: super::PartitionKind, ordinal: u16) -> Self {
        match kind {
            super::PartitionKind::Health => Self::health(ordinal),
            super::PartitionKind::General => Self { origins: super::Origins::partition(ordinal), ..Self::BOTTOM },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positions_and_codes_are_unique() {
        for (i, p) in Purpose::ALL.iter().enumerate() {
            assert_eq!(*p as usize, i);
            assert_eq!(Purpose::from_code(p.code()), Some(*p));
        }
        assert!(Purpose::ALL.len() < 64);
        assert_eq!(Purposes::ALL.bits(), (1 << 62) - 1);
    }

    /// HL7 v3-ActReason 4.0.0: how many purposes stand directly below which.
    #[test]
    fn the_table_is_whole() {
        let below = |p: Option<Purpose>| Purpose::ALL.iter().filter(|c| c.parent() == p).count();
        for (parent, n) in [
            ("TREAT", 5),
            ("ETREAT", 2),
            ("HPAYMT", 5),
            ("COVERAGE", 4),
            ("HOPERAT", 23),
            ("HSYSADMIN", 2),
            ("SYSDEV", 1),
            ("HRESCH", 5),
            ("CLINTRCH", 3),
            ("PATRQT", 3),
            ("PUBHLTH", 2),
        ] {
            assert_eq!(below(Purpose::from_code(parent)), n, "{parent}");
        }
        assert_eq!((below(None), Purpose::ALL.len()), (7, 62));
    }

    #[test]
    fn a_coding_names_a_purpose_of_the_table_or_something_else() {
        use NamedPurpose::{Any, Known, Other};
        for system in [None].into_iter().chain(Purpose::SYSTEMS.map(Some)) {
            assert_eq!(Purpose::named(system, "MLTRAINING"), Known(Purpose::MlTraining));
            assert_eq!(Purpose::named(system, "PurposeOfUse"), Any);
            assert_eq!(Purpose::named(system, "mltraining"), Other);
        }
        assert_eq!(Purpose::named(Some("http://example.org/purposes"), "TREAT"), Other);
    }

    #[test]
    fn treatment_payment_operations_never_reach_an_ai_purpose() {
        for above in [Purpose::Treatment, Purpose::Payment, Purpose::Operations, Purpose::EmergencyTreatment] {
            for p in Purpose::ALL.iter().filter(|p| p.explicit_only()) {
                assert!(!above.permits(*p));
            }
        }
        assert!(Purpose::Operations.covers(Purpose::MlTraining));
        assert!(!Label::health(1).purposes.contains(Purpose::MlTraining));
    }
}

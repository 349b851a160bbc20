//! Security labels: what `meta.security` says of a record, and of the Bundles around it.
//!
//! What is not understood is never dropped: it is [`Sensitivity::Unknown`], which no permit names
//! and every refusal of a sensitivity reaches, and where it may be an obligation or a refrain
//! [`Obligations::UNKNOWN`], which nobody understands.

use super::extract;
use super::node::{Node, Notes, Read};
use super::types::{Coding, Labelled};
use crate::label::{Confidentiality, NamedPurpose, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::record::Draft;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};
use std::borrow::Cow;

/// Labelled Bundles of a file that are remembered.
const BUNDLES: usize = 200_000;

/// What HL7's code systems are called, by the last part of their address and by OID.
const CONFIDENTIALITY: (&str, &str) = ("Confidentiality", "2.16.840.1.113883.5.25");
const ACT_CODE: (&str, &str) = ("ActCode", "2.16.840.1.113883.5.4");
/// Those that say nothing of sensitivity and oblige to nothing: integrity and what was left out (`SUBSETTED`), purposes
/// (`HTEST`).
const OTHERS: [(&str, &str); 2] =
    [("ObservationValue", "2.16.840.1.113883.5.1063"), ("ActReason", "2.16.840.1.113883.5.8")];
/// As [`OTHERS`], of FHIR.
const COMMON_TAGS: &str = "http://terminology.hl7.org/CodeSystem/common-tags";
/// Codes of v3-ActCode that say why a record is sensitive, not what has to be done, and that no grant names: laws
/// (`_ActPrivacyLaw`), and what is sensitive for other reasons than what it is about (employees, celebrities, adolescents,
/// compartments, facts of a person or a role).
const REASONS: [&str; 38] = [
    "42CFRPart2",
    "CommonRule",
    "HIPAAAuth",
    "HIPAAConsent",
    "HIPAANOPP",
    "HIPAAPsyNotes",
    "HIPAAROA",
    "HIPAASelfPay",
    "Title38Part1",
    "Title38Section7332",
    "COMPT",
    "ACOCOMPT",
    "CTCOMPT",
    "FMCOMPT",
    "HRCOMPT",
    "LRCOMPT",
    "PACOMPT",
    "RESCOMPT",
    "RMGTCOMPT",
    "ADOL",
    "CEL",
    "VIP",
    "DIA",
    "DRGIS",
    "EMP",
    "PDS",
    "PHY",
    "PRS",
    "DEMO",
    "DOB",
    "GENDER",
    "LIVARG",
    "MARST",
    "RACE",
    "REL",
    "B",
    "LOCIS",
    "SSP",
];
/// Obligations that HL7 has no code for.
const OWN: &str = "https://healthspace.invalid/fhir/CodeSystem/obligation";

/// Confidentiality, sensitivities, obligations and refrains.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Labels {
    pub(super) confidentiality: Option<Confidentiality>,
    pub(super) sensitivities: Sensitivities,
    pub(super) obligations: Obligations,
}

impl Labels {
    /// A code of somebody's own: why the record is sensitive.
    const STRANGE: Self = Self {
        confidentiality: None,
        sensitivities: Sensitivities::only(Sensitivity::Unknown),
        obligations: Obligations::NONE,
    };
    /// Something that is not understood, and may be anything.
    pub(super) const UNKNOWN: Self = Self { obligations: Obligations::UNKNOWN, ..Self::STRANGE };

    /// Both.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            confidentiality: self.confidentiality.max(other.confidentiality),
            sensitivities: self.sensitivities.union(other.sensitivities),
            obligations: self.obligations.union(other.obligations),
        }
    }

    /// As they hold for a record: one that is sensitive is restricted at least.
    pub(super) fn raised(self) -> Self {
        let least = (!self.sensitivities.is_empty()).then_some(Confidentiality::Restricted);
        Self { confidentiality: self.confidentiality.max(least), ..self }
    }

    /// As they hold for others beside it. What says nothing of itself is restricted, and lowered by nothing that is said
    /// elsewhere.
    pub(super) fn for_others(self) -> Self {
        let confidentiality = self.confidentiality.filter(|c| *c >= Confidentiality::Restricted);
        Self { confidentiality, ..self }
    }

    /// Joins what is said of the medication that a use has its name from.
    pub(super) fn lend(self, draft: &mut Draft<'_>) {
        let Draft { confidentiality, sensitivities, obligations, .. } = *draft;
        let all = Self { confidentiality, sensitivities, obligations }.join(self).raised();
        draft.content = draft.content.map(|c| with_labels(c, self));
        (draft.confidentiality, draft.sensitivities) = (all.confidentiality, all.sensitivities);
        draft.obligations = all.obligations;
    }

    /// Of a Bundle's `meta`.
    pub(super) fn of_meta(meta: &[u8]) -> Self {
        let text = String::from_utf8_lossy(meta);
        extract::parse::<Labelled<'_>>(&text, &Notes::new()).map_or(Self::UNKNOWN, |m| m.0.security.0)
    }

    /// Of a code of v3-Confidentiality: one that is not known may be the highest.
    pub(super) fn of_level(code: &str) -> Self {
        let level = Confidentiality::from_code(code).unwrap_or(Confidentiality::VeryRestricted);
        Self { confidentiality: Some(level), ..Self::default() }
    }

    pub(super) fn of_code(system: &str, code: &str) -> Self {
        let level = |c: Confidentiality| Self { confidentiality: Some(c), ..Self::default() };
        let sensitive = |s| Self { sensitivities: Sensitivities::only(s), ..Self::default() };
        let obliging = |o: Obligations| Self { obligations: o, ..Self::default() };
        // A version may stand behind it, as in a canonical address.
        let system = system.split('|').next().unwrap_or("").trim().trim_end_matches('/');
        let is = |(name, oid): (&str, &str)| {
            let hl7 = ["://terminology.hl7.org/", "://hl7.org/", "://www.hl7.org/"];
            let last = system.rsplit(['/', ':']).next().unwrap_or("");
            system.strip_prefix("urn:oid:").unwrap_or(system) == oid
                || hl7.iter().any(|h| system.contains(h)) && last.strip_prefix("v3-").unwrap_or(last) == name
        };
        if is(ACT_CODE) {
            // The one code system has both: what is in neither table may be either.
            match (Obligations::on_data(code), Sensitivity::from_code(code)) {
                (Some(o), _) => obliging(o),
                (None, Sensitivity::Unknown) if REASONS.contains(&code) => Self::STRANGE,
                (None, Sensitivity::Unknown) => Self::UNKNOWN,
                (None, s) => sensitive(s),
            }
        } else if system == OWN {
            obliging(Obligations::from_code(code).unwrap_or(Obligations::UNKNOWN))
        } else if code.is_empty() {
            Self::STRANGE
        } else if is(CONFIDENTIALITY) {
            Self::of_level(code)
        } else if OTHERS.into_iter().any(is) || system == COMMON_TAGS {
            Self::default()
        } else if !system.is_empty() {
            Self::STRANGE
        } else if let Some(c) = Confidentiality::from_code(code) {
            level(c)
        } else if let Some(o) = Obligations::on_data(code) {
            obliging(o)
        } else if Purpose::named(None, code) != NamedPurpose::Other {
            Self::default()
        } else {
            sensitive(Sensitivity::from_code(code))
        }
    }
}

/// A `meta.security` as it is read: what it says, and no more of it.
#[derive(Default)]
pub(super) struct Security(pub(super) Labels);

impl Security {
    pub(super) fn doubt(&mut self, notes: &Notes) {
        notes.wrong_type.set(true);
        self.0 = self.0.join(Labels::UNKNOWN);
    }
}

impl<'de> Node<'de> for Security {
    fn again(&mut self) {}
    fn text(&mut self, _: Cow<'de, str>, notes: &Notes) {
        self.doubt(notes);
    }
    fn boolean(&mut self, _: bool, notes: &Notes) {
        self.doubt(notes);
    }
    fn integer(&mut self, _: i128, notes: &Notes) {
        self.doubt(notes);
    }
    fn object<A: MapAccess<'de>>(&mut self, map: A, notes: &Notes) -> Result<(), A::Error> {
        let mut one = Tag::default();
        one.object(map, notes)?;
        self.0 = self.0.join(one.0.0);
        Ok(())
    }
    fn list<A: SeqAccess<'de>>(&mut self, mut seq: A, notes: &Notes) -> Result<(), A::Error> {
        loop {
            let mut one = Tag::default();
            if seq.next_element_seed(Read(&mut one, notes))?.is_none() {
                return Ok(());
            }
            self.0 = self.0.join(one.0.0);
        }
    }
}

/// One element of it.
#[derive(Default)]
struct Tag(Security);

impl<'de> Node<'de> for Tag {
    fn text(&mut self, _: Cow<'de, str>, notes: &Notes) {
        self.0.doubt(notes);
    }
    fn boolean(&mut self, _: bool, notes: &Notes) {
        self.0.doubt(notes);
    }
    fn integer(&mut self, _: i128, notes: &Notes) {
        self.0.doubt(notes);
    }
    fn object<A: MapAccess<'de>>(&mut self, map: A, notes: &Notes) -> Result<(), A::Error> {
        let before = (notes.duplicate.replace(false), notes.wrong_type.replace(false));
        let mut coding = Coding::default();
        coding.object(map, notes)?;
        let odd = notes.duplicate.get() || notes.wrong_type.get();
        notes.duplicate.set(notes.duplicate.get() || before.0);
        notes.wrong_type.set(notes.wrong_type.get() || before.1);
        let said = if odd { Labels::UNKNOWN } else { Labels::of_code(&coding.system, coding.code.trim()) };
        self.0.0 = self.0.0.join(said);
        Ok(())
    }
    fn list<A: SeqAccess<'de>>(&mut self, mut seq: A, notes: &Notes) -> Result<(), A::Error> {
        self.0.doubt(notes);
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// The labels of the Bundles of a file, wherever in them they stand: known before it is read.
#[derive(Default)]
pub(crate) struct Around {
    /// Those that have any, by their number in the file.
    labelled: Vec<(u64, Labels)>,
    /// From this one on there were too many.
    unknown_from: Option<u64>,
    /// Those of which something was not read that may have told their labels, and from which one on there were too
    /// many; whether that may be any label, not only a `security`.
    unfinished: Vec<(u64, bool)>,
    unfinished_from: Option<u64>,
}

impl Around {
    /// Adds what is said of a Bundle.
    pub(super) fn add(&mut self, bundle: u64, labels: Labels) {
        if labels == Labels::default() || self.unknown_from.is_some_and(|n| n <= bundle) {
            return;
        }
        if self.labelled.len() < BUNDLES {
            self.labelled.push((bundle, labels));
        } else {
            self.unknown_from = Some(self.unknown_from.map_or(bundle, |n| n.min(bundle)));
        }
    }

    /// Adds a Bundle of which something was not read: its `meta`, or what may have any label.
    pub(super) fn unfinished(&mut self, bundle: u64, any: bool) {
        if self.unfinished.len() < BUNDLES {
            self.unfinished.push((bundle, any));
        } else {
            self.unfinished_from = Some(self.unfinished_from.map_or(bundle, |n| n.min(bundle)));
        }
    }

    /// To be asked from now on. Where a `security`, or any label, stands anywhere in the file, it may be that of what was
    /// not read.
    pub(super) fn settle(&mut self, security: bool, any: bool) {
        for (n, may_be_any) in core::mem::take(&mut self.unfinished) {
            if security || any && may_be_any {
                self.add(n, Labels::UNKNOWN);
            }
        }
        if security || any {
            self.unknown_from = [self.unknown_from, self.unfinished_from].into_iter().flatten().min();
        }
        self.labelled.sort_by_key(|(n, _)| *n);
        self.labelled.dedup_by(|(n, labels), (kept, all)| {
            let same = n == kept;
            if same {
                *all = all.join(*labels);
            }
            same
        });
    }

    /// What holds for a Bundle.
    pub(super) fn of(&self, bundle: u64) -> Labels {
        if self.unknown_from.is_some_and(|n| n <= bundle) {
            return Labels::UNKNOWN;
        }
        let at = self.labelled.binary_search_by_key(&bundle, |(n, _)| *n);
        at.ok().and_then(|i| self.labelled.get(i)).map(|(_, l)| *l).unwrap_or_default()
    }
}

/// The content with what is said of the Bundles around, if anything is: it holds for the record.
pub(super) fn with_labels(content: [u8; 16], around: Labels) -> [u8; 16] {
    if around == Labels::default() {
        return content;
    }
    let level = around.confidentiality.map_or(0, |c| c as u8 + 1);
    let mut hash = blake3::Hasher::new();
    hash.update(&content).update(&[level]).update(&around.sensitivities.bits().to_be_bytes());
    hash.update(&around.obligations.bits().to_be_bytes());
    let mut out = [0; 16];
    hash.finalize_xof().fill(&mut out);
    out
}

//! The FHIR R4 data types, as far as facts need them (FHIR R4, 2.24 "Data Types").

use super::labels::Security;
use super::node::{Flag, List, Node, Notes, Number, Text, nodes};
use serde::de::{IgnoredAny, MapAccess, SeqAccess};
use std::borrow::Cow;

nodes! {
    /// `Coding`
    Coding { system: Text<'a> = "system", code: Text<'a> = "code", display: Text<'a> = "display", }
    /// `CodeableConcept`
    Concept { coding: List<Coding<'a>> = "coding", text: Text<'a> = "text", }
    /// `Quantity` and what is built on it
    Quantity {
        value: Number<'a> = "value",
        comparator: Text<'a> = "comparator",
        unit: Text<'a> = "unit",
        system: Text<'a> = "system",
        code: Text<'a> = "code",
    }
    /// `Range`
    Range { low: Quantity<'a> = "low", high: Quantity<'a> = "high", }
    /// `Ratio`
    Ratio { numerator: Quantity<'a> = "numerator", denominator: Quantity<'a> = "denominator", }
    /// `Period`
    Period { start: Text<'a> = "start", end: Text<'a> = "end", }
    /// `SampledData`
    SampledData {
        origin: Quantity<'a> = "origin",
        period: Number<'a> = "period",
        factor: Number<'a> = "factor",
        dimensions: Number<'a> = "dimensions",
        data: Text<'a> = "data",
    }
    /// `Identifier`
    Identifier { system: Text<'a> = "system", value: Text<'a> = "value", }
    /// `Reference`
    Reference {
        reference: Text<'a> = "reference",
        type_name: Text<'a> = "type",
        identifier: Identifier<'a> = "identifier",
        display: Text<'a> = "display",
    }
    /// Why something is, or what it brought about, in each of the forms that FHIR has for it: a
    /// concept, a reference, a `CodeableReference` of R5, or an element with one of these in it.
    Told {
        display: Text<'a> = "display",
        reference: Target<'a> = "reference",
        concept: List<Why<'a>> = "concept",
        value: List<Why<'a>> = "value",
        condition: List<Why<'a>> = "condition",
        diagnosis: List<Why<'a>> = "diagnosisCodeableConcept",
        diagnosed: List<Why<'a>> = "diagnosisReference",
        .. own: Concept<'a>
    }
    /// What a resource of whatever type may say of a condition beside its own matter.
    Beside {
        reason: List<Why<'a>> = "reason",
        reason_code: List<Why<'a>> = "reasonCode",
        reason_concept: List<Why<'a>> = "reasonCodeableConcept",
        reason_reference: List<Why<'a>> = "reasonReference",
        addresses: List<Why<'a>> = "addresses",
        indication: List<Why<'a>> = "indication",
        as_needed: List<Why<'a>> = "asNeededCodeableConcept",
        as_needed_for: List<Why<'a>> = "asNeededFor",
        status_reason: List<Why<'a>> = "statusReason",
        status_concept: List<Why<'a>> = "statusReasonCodeableConcept",
        status_reference: List<Why<'a>> = "statusReasonReference",
        complication: List<Why<'a>> = "complication",
        complication_detail: List<Why<'a>> = "complicationDetail",
        diagnosis: List<Why<'a>> = "diagnosis",
        conclusion: List<Why<'a>> = "conclusionCode",
        // STU3
        not_done: List<Why<'a>> = "notDoneReason",
        not_given: List<Why<'a>> = "reasonNotGiven",
        not_taken: List<Why<'a>> = "reasonNotTaken",
    }
    /// `CodeableReference`, of R5
    CodeableReference { concept: Concept<'a> = "concept", reference: Reference<'a> = "reference", }
    /// `Annotation`
    Annotation { text: Text<'a> = "text", }
    /// `HumanName`
    HumanName {
        usage: Text<'a> = "use",
        text: Text<'a> = "text",
        family: Text<'a> = "family",
        given: List<Text<'a>> = "given",
    }
    /// `Attachment`, without its data
    Attachment {
        title: Text<'a> = "title",
        content_type: Text<'a> = "contentType",
        creation: Text<'a> = "creation",
        url: Text<'a> = "url",
    }
    /// `Timing`
    Timing { event: List<Text<'a>> = "event", repeat: Repeat<'a> = "repeat", code: Concept<'a> = "code", }
    /// `Timing.repeat`
    Repeat {
        bounds: Period<'a> = "boundsPeriod",
        frequency: Number<'a> = "frequency",
        period: Number<'a> = "period",
        period_unit: Text<'a> = "periodUnit",
    }
    /// `Dosage`
    Dosage {
        text: Text<'a> = "text",
        patient_instruction: Text<'a> = "patientInstruction",
        timing: Timing<'a> = "timing",
        as_needed: Flag = "asNeededBoolean",
        needed_for: List<Why<'a>> = "asNeededCodeableConcept",
        needed_for_any: List<Why<'a>> = "asNeededFor",
        route: Concept<'a> = "route",
        dose_and_rate: List<DoseAndRate<'a>> = "doseAndRate",
        dose: Quantity<'a> = "dose",
    }
    /// `Dosage.doseAndRate`
    DoseAndRate { dose: Quantity<'a> = "doseQuantity", range: Range<'a> = "doseRange", }
    /// `Meta`
    Meta {
        security: Security = "security",
        updated: Text<'a> = "lastUpdated",
        version: Text<'a> = "versionId",
    }
    /// A contained resource, as far as the one around it needs it.
    Contained {
        resource_type: Text<'a> = "resourceType",
        id: Text<'a> = "id",
        code: Concept<'a> = "code",
        name: List<HumanName<'a>> = "name",
        birth_date: Text<'a> = "birthDate",
        gender: Text<'a> = "gender",
        kind: Concept<'a> = "type",
    }
    /// What any resource has.
    Common {
        id: Text<'a> = "id",
        meta: Labelled<'a> = "meta",
        contained: List<Contained<'a>> = "contained",
        subject: List<Reference<'a>> = "subject",
        patient: Reference<'a> = "patient",
        beneficiary: Reference<'a> = "beneficiary",
        about: Reference<'a> = "for",
        status: Text<'a> = "status",
        note: List<Annotation<'a>> = "note",
        identifier: List<Identifier<'a>> = "identifier",
        .. beside: Beside<'a>
    }
    /// `resourceType` alone.
    Head { resource_type: Text<'a> = "resourceType", }
}

/// [`Told`], or the plain words that older versions have in its place.
#[derive(Default)]
pub(super) struct Why<'a>(pub(super) Told<'a>);

impl<'de> Node<'de> for Why<'de> {
    fn text(&mut self, s: Cow<'de, str>, _: &Notes) {
        self.0.own.text = Text(s);
    }
    fn object<A: MapAccess<'de>>(&mut self, map: A, notes: &Notes) -> Result<(), A::Error> {
        self.0.object(map, notes)
    }
}

/// A resource's `Meta`. Where it stands twice the labels of both hold; what is none is a label that
/// is not understood.
#[derive(Default)]
pub(super) struct Labelled<'a>(pub(super) Meta<'a>);

impl<'de> Node<'de> for Labelled<'de> {
    fn again(&mut self) {
        let security = core::mem::take(&mut self.0.security);
        self.0 = Meta { security, ..Meta::default() };
    }
    fn text(&mut self, _: Cow<'de, str>, notes: &Notes) {
        self.0.security.doubt(notes);
    }
    fn boolean(&mut self, _: bool, notes: &Notes) {
        self.0.security.doubt(notes);
    }
    fn integer(&mut self, _: i128, notes: &Notes) {
        self.0.security.doubt(notes);
    }
    fn object<A: MapAccess<'de>>(&mut self, map: A, notes: &Notes) -> Result<(), A::Error> {
        self.0.object(map, notes)
    }
    fn list<A: SeqAccess<'de>>(&mut self, mut seq: A, notes: &Notes) -> Result<(), A::Error> {
        self.0.security.doubt(notes);
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Where a reference leads: the string of a `Reference`, or the `Reference` in a `CodeableReference`.
#[derive(Default)]
pub(super) struct Target<'a>(pub(super) Reference<'a>);

impl<'de> Node<'de> for Target<'de> {
    fn text(&mut self, s: Cow<'de, str>, _: &Notes) {
        self.0.reference = Text(s);
    }
    fn object<A: MapAccess<'de>>(&mut self, map: A, notes: &Notes) -> Result<(), A::Error> {
        self.0.object(map, notes)
    }
}

impl Coding<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.code.is_empty() && self.display.is_empty()
    }
}

impl Concept<'_> {
    /// The source's words: the text, or else the first display, or else the first code.
    pub(super) fn words(&self) -> &str {
        let display = || self.coding.iter().map(|c| &*c.display).find(|d| !d.is_empty());
        let code = || self.coding.iter().map(|c| &*c.code).find(|d| !d.is_empty());
        Some(&*self.text).filter(|t| !t.is_empty()).or_else(display).or_else(code).unwrap_or("")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.coding.iter().all(Coding::is_empty)
    }

    /// Whether any coding has this code, of whatever system.
    pub(super) fn has(&self, code: &str) -> bool {
        self.coding.iter().any(|c| &*c.code == code)
    }
}

impl Quantity<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.value.0.is_none()
    }
}

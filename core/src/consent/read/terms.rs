//! The vocabularies of a provision: what is understood stands here, all else is not.

use super::super::detail::{Code, Types};
use super::super::rule::{Action, Actions, Among, Effect};
use super::super::wire as w;
use super::json::Json;
use crate::label::{Confidentiality, NamedPurpose, Obligations, Purpose, Sensitivity};
use crate::record::{Category, Kind, ResourceType, When};

/// A `Coding`: its system, if any, and its code.
pub(super) fn coding(j: &Json) -> Option<(Option<&str>, &str)> {
    j.only(&["system", "version", "code", "display", "userSelected"])?;
    let system = match j.get("system") {
        Some(s) => Some(s.text()?),
        None => None,
    };
    Some((system, j.get("code")?.text().filter(|c| !c.is_empty())?))
}

/// The codings of a `CodeableConcept`, all of which say the same; `None` for text alone.
pub(super) fn concept(j: &Json) -> Option<Vec<(Option<&str>, &str)>> {
    j.only(&["coding", "text"])?;
    j.get("coding")?.list()?.iter().map(coding).collect()
}

/// What a security label is.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Confidentiality(Confidentiality),
    Sensitivity(Sensitivity),
    Obligation(Obligations),
}

const CONFIDENTIALITY: [&str; 3] =
    [w::CONFIDENTIALITY_SYSTEM, "http://hl7.org/fhir/v3/Confidentiality", "urn:oid:2.16.840.1.113883.5.25"];
const ACT_CODE: [&str; 3] = [w::ACT_CODE_SYSTEM, "http://hl7.org/fhir/v3/ActCode", "urn:oid:2.16.840.1.113883.5.4"];

pub(super) fn is_act_code(system: &str) -> bool {
    ACT_CODE.contains(&system)
}

pub(super) fn mark(system: Option<&str>, code: &str) -> Option<Mark> {
    let system = system?;
    if CONFIDENTIALITY.contains(&system) {
        return Confidentiality::from_code(code).map(Mark::Confidentiality);
    }
    if let Some(o) = obligation(Some(system), code) {
        return Some(Mark::Obligation(o));
    }
    let s = Sensitivity::from_code(code);
    (is_act_code(system) && s != Sensitivity::Unknown).then_some(Mark::Sensitivity(s))
}

pub(super) fn obligation(system: Option<&str>, code: &str) -> Option<Obligations> {
    let o = Obligations::from_code(code)?;
    let own = o == Obligations::NO_TRAINING;
    let system = system?;
    (if own { system == w::OWN_OBLIGATION_SYSTEM } else { is_act_code(system) }).then_some(o)
}

/// What HL7's consent actions let a permit do, and what they keep a deny from. A permit is read
/// narrowly and a deny widely: whatever is done with records retrieves them first.
pub(super) fn actions(effect: Effect, system: Option<&str>, code: &str) -> Option<&'static [Action]> {
    use Action::{Count, Erase, Export, Ground, Read, Remember};
    if system != Some(w::ACTION_SYSTEM) {
        return None;
    }
    Some(match (effect, code) {
        (Effect::Permit, "access") => &[Read, Count],
        (Effect::Permit, "use") => &[Read, Count, Ground, Remember],
        (Effect::Permit, "collect") => &[Remember],
        (Effect::Permit, "disclose") => &[Export],
        (Effect::Permit, "correct") => &[],
        (Effect::Deny, "access" | "disclose") => &[Read, Count, Ground, Remember, Export],
        (Effect::Deny, "use") => &[Ground, Remember],
        (Effect::Deny, "collect") => &[Remember, Export],
        (Effect::Deny, "correct") => &[Erase],
        _ => return None,
    })
}

/// The actions of a list of concepts.
pub(super) fn all_actions(effect: Effect, list: &[Vec<(Option<String>, String)>]) -> Option<Actions> {
    let mut all = Vec::new();
    for (system, code) in list.iter().flatten() {
        all.extend_from_slice(actions(effect, system.as_deref(), code)?);
    }
    Some(Actions::of(&all))
}

/// Purposes that a rule names.
#[derive(Clone, Default)]
pub(super) struct Uses {
    pub(super) known: Vec<Purpose>,
    pub(super) outside: Vec<Code>,
    /// The root of the table stands among them.
    pub(super) any: bool,
}

impl Uses {
    /// `None` for a code of the table's own system that the table does not have: it may stand above
    /// what it has.
    pub(super) fn add(&mut self, system: Option<&str>, code: &str) -> Option<()> {
        match Purpose::named(system, code) {
            NamedPurpose::Other if system.is_some_and(Purpose::is_system) => return None,
            NamedPurpose::Known(p) => self.known.push(p),
            NamedPurpose::Any => self.any = true,
            NamedPurpose::Other => {
                self.outside.push(Code { system: system.unwrap_or_default().to_owned(), code: code.to_owned() });
            }
        }
        Some(())
    }

    /// Training a model, and nothing else.
    pub(super) fn only_training(&self) -> bool {
        let training = self.known.iter().all(|p| Purpose::MlTraining.covers(*p));
        training && !self.known.is_empty() && self.outside.is_empty() && !self.any
    }
}

/// `provision.class` of R4, `provision.resourceType` of R5.
pub(super) enum Class<'a> {
    Category(Category),
    Type(&'a str),
}

pub(super) fn class<'a>(system: Option<&str>, code: &'a str) -> Option<Class<'a>> {
    match system? {
        w::OWN_CATEGORY_SYSTEM => Category::from_code(code).map(Class::Category),
        // An abstract type, or one that FHIR does not have, says nothing that could be held.
        "http://hl7.org/fhir/resource-types" | "http://hl7.org/fhir/fhir-types"
            if ResourceType::of(code) != ResourceType::NONE =>
        {
            Some(Class::Type(code))
        }
        _ => None,
    }
}

/// Which kinds of fact stand for a resource type: for a permit those that come from no other type, for
/// a deny those that may come from it, whatever record they stand in.
pub(super) fn kinds(effect: Effect, name: &str) -> &'static [Kind] {
    use Kind::{
        Absence, ActivitySummary, Allergy, Condition, Document, Encounter, Immunization, Medication, Memory,
        Observation, Other, Patient, Procedure, Series, Workout,
    };
    match (effect, name) {
        (Effect::Permit, "Condition") => &[Condition],
        (Effect::Permit, "AllergyIntolerance") => &[Allergy],
        (Effect::Permit, "Immunization") => &[Immunization],
        (Effect::Permit, "Patient") => &[Patient],
        (Effect::Permit, _) => &[],
        (Effect::Deny, "Observation") => &[Observation, Series, Workout, ActivitySummary, Absence, Other],
        (Effect::Deny, "Condition") => &[Condition, Absence],
        (Effect::Deny, "AllergyIntolerance") => &[Allergy, Absence],
        (Effect::Deny, "Immunization") => &[Immunization, Absence],
        (Effect::Deny, "Procedure") => &[Procedure, Absence],
        (Effect::Deny, "Encounter") => &[Encounter],
        (Effect::Deny, "Patient") => &[Patient],
        (
            Effect::Deny,
            "Medication"
            | "MedicationRequest"
            | "MedicationStatement"
            | "MedicationDispense"
            | "MedicationAdministration",
        ) => &[Medication, Absence],
        // Whatever else it is: all kinds that several types share.
        (Effect::Deny, _) => &[
            Observation,
            Medication,
            Procedure,
            Encounter,
            Document,
            Series,
            Workout,
            ActivitySummary,
            Absence,
            Memory,
            Other,
        ],
    }
}

/// The category that tells of what a resource type is about, in whatever record. A deny of conditions
/// thus reaches the reasons of medications, and what a resource contains is refused with its own type.
pub(super) fn category(name: &str) -> Option<Category> {
    Some(match name {
        "Condition" => Category::Conditions,
        "AllergyIntolerance" => Category::Allergies,
        "Immunization" => Category::Immunizations,
        "Procedure" => Category::Procedures,
        "Encounter" => Category::Encounters,
        "Patient" => Category::Demographics,
        "Medication"
        | "MedicationRequest"
        | "MedicationStatement"
        | "MedicationDispense"
        | "MedicationAdministration" => Category::Medications,
        _ => return None,
    })
}

pub(super) fn types(effect: Effect, names: &[String]) -> Types {
    let kinds: Vec<Kind> = names.iter().flat_map(|n| kinds(effect, n)).copied().collect();
    let denied: Vec<Category> = names.iter().filter(|_| effect == Effect::Deny).filter_map(|n| category(n)).collect();
    Types { names: names.to_vec(), kinds: Among::kinds(&kinds), categories: Among::categories(&denied) }
}

/// Roles that say how an actor takes part in the consent and are no condition (v3-ParticipationType,
/// v3-ParticipationFunction, v3-RoleCode, v3-RoleClass, `extra-security-role-type`).
const STRUCTURAL: [(&str, &[&str]); 5] = [
    ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", &["IRCP", "PRCP", "CST", "TRC", "REFT"]),
    ("http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction", &["AUCG", "AULR", "AUTM", "AUWA"]),
    ("http://terminology.hl7.org/CodeSystem/v3-RoleCode", &["GRANTEE", "DELEGATEE"]),
    ("http://terminology.hl7.org/CodeSystem/v3-RoleClass", &["GRANTEE", "AGNT"]),
    (
        "http://terminology.hl7.org/CodeSystem/extra-security-role-type",
        &["dataprocessor", "datacollector", "humanuser"],
    ),
];

pub(super) fn is_structural(system: Option<&str>, code: &str) -> bool {
    STRUCTURAL.iter().any(|(s, codes)| system == Some(s) && codes.contains(&code))
}

/// Who or what a `Reference` names.
pub(super) struct Target<'a> {
    pub(super) kind: Option<&'a str>,
    /// Without the version.
    pub(super) literal: Option<&'a str>,
    pub(super) identifier: Option<(&'a str, &'a str)>,
}

pub(super) fn reference(j: &Json) -> Option<Target<'_>> {
    j.only(&["reference", "type", "identifier", "display"])?;
    let literal = match j.get("reference") {
        None => None,
        // Of a contained resource nothing is known outside.
        Some(r) => Some(r.text().filter(|t| !t.is_empty() && !t.starts_with('#'))?),
    };
    let identifier = match j.get("identifier") {
        None => None,
        Some(i) => {
            i.only(&["use", "type", "system", "value", "period", "assigner"])?;
            let system = match i.get("system") {
                Some(s) => s.text()?,
                None => "",
            };
            Some((system, i.get("value")?.text().filter(|v| !v.is_empty())?))
        }
    };
    if literal.is_none() && identifier.is_none() {
        return None;
    }
    let literal = literal.map(|l| l.split_once("/_history/").map_or(l, |(before, _)| before));
    let kind = match j.get("type") {
        None => None,
        Some(kind) => Some(kind.text()?),
    };
    Some(Target { kind, literal, identifier })
}

/// A `Period` as a half-open range of milliseconds; date-only and partial bounds are whole
/// intervals in a zone, minutes east of UTC.
pub(super) fn period(j: &Json, zone: i16) -> Option<(Option<i64>, Option<i64>)> {
    j.only(&["start", "end"])?;
    let bound = |name| match j.get(name) {
        None => Some(None),
        Some(v) => When::parse_fhir(v.text()?).map(Some),
    };
    let shift = |w: &When| if w.offset.is_none() { i64::from(zone) * 60_000 } else { 0 };
    let (start, end) = (bound("start")?, bound("end")?);
    let range = (start.map(|w| w.at - shift(&w)), end.map(|w| w.end() - shift(&w)));
    match range {
        (None, None) => None,
        (Some(a), Some(b)) if a >= b => None,
        range => Some(range),
    }
}

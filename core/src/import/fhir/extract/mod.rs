//! From one resource to typed facts.
//!
//! What belongs here: which fields of which resource make which fact. What must not: where a
//! resource stands in a file, identities, and anything that needs more than the one resource
//! (medications in other resources excepted, which are looked up in a table).

mod clinical;
mod convert;
mod document;
mod medication;
mod observation;
mod other;
mod patient;
mod ucum;
mod why;

pub(super) use convert::cut;
pub(super) use medication::Known;

use super::labels::Labels;
use super::node::{Node, Notes, Read};
use super::types::{Common, Head, Why};
use crate::id::Identity;
use crate::record::{Category, FactDraft, PersonHint};
use serde::de::DeserializeSeed;
use std::cell::Cell;

/// What was noticed while one resource was read.
pub(super) struct Marks {
    pub(super) notes: Notes,
    pub(super) bad_date: Cell<bool>,
    pub(super) bad_number: Cell<bool>,
    pub(super) unknown_unit: Cell<bool>,
    /// A medication without any name.
    pub(super) nameless: Cell<bool>,
    /// A status that FHIR does not have.
    pub(super) odd_status: Cell<bool>,
    /// An observation within a resource that is about somebody else than the resource.
    pub(super) stranger: Cell<bool>,
}

impl Marks {
    pub(super) fn new() -> Self {
        let no = || Cell::new(false);
        Self {
            notes: Notes::new(),
            bad_date: no(),
            bad_number: no(),
            unknown_unit: no(),
            nameless: no(),
            odd_status: no(),
            stranger: no(),
        }
    }
}

/// What one resource says.
pub(super) struct Reading<'a> {
    pub(super) common: Common<'a>,
    pub(super) facts: Vec<FactDraft>,
    /// The medication it is about stands in another resource that was not met yet.
    pub(super) awaits: Option<String>,
    /// The labels of what it is named by.
    pub(super) lent: Labels,
    /// Where the bytes of the document stand that it is about.
    pub(super) attached: Vec<String>,
    /// What stands for it in the control of access, and of what type it is said to be.
    pub(super) context: Option<(String, String)>,
    /// Pseudonym of the person that it describes.
    pub(super) person: Option<Identity>,
    /// What else it says of that person.
    pub(super) described: Option<PersonHint>,
    /// Reasons that stand deeper within it than those of [`Common`], each with what it is to it.
    because: Vec<(&'static str, Why<'a>)>,
}

impl<'a> Reading<'a> {
    fn new(common: Common<'a>, facts: Vec<FactDraft>) -> Self {
        Self {
            common,
            facts,
            awaits: None,
            lent: Labels::default(),
            attached: Vec::new(),
            context: None,
            person: None,
            described: None,
            because: Vec::new(),
        }
    }
}

/// Parses a whole text into a node.
pub(super) fn parse<'a, T: Node<'a>>(text: &'a str, notes: &Notes) -> serde_json::Result<T> {
    let mut node = T::default();
    let mut json = serde_json::Deserializer::from_str(text);
    Read(&mut node, notes).deserialize(&mut json)?;
    json.end()?;
    Ok(node)
}

/// The resource type, wherever among the members it stands; empty where there is none.
pub(super) fn resource_type(text: &str) -> serde_json::Result<String> {
    // Nearly always the first member: then nothing else has to be read to know it.
    let first = text.trim_start_matches(['{', ' ', '\t', '\r', '\n']).strip_prefix("\"resourceType\"");
    let value = first.and_then(|r| r.trim_start().strip_prefix(':')).and_then(|r| r.trim_start().strip_prefix('"'));
    let name = value.and_then(|v| v.split_once('"')).map(|(name, _)| name);
    if let Some(name) = name.filter(|n| n.bytes().all(|b| b.is_ascii_alphabetic())) {
        return Ok(name.to_owned());
    }
    let head: Head<'_> = parse(text, &Notes::new())?;
    Ok(head.resource_type.0.into_owned())
}

/// Reads a resource of a type that FHIR R4 has; `category` is the one of [`super::tables`].
pub(super) fn read<'a>(
    type_name: &str,
    category: Option<Category>,
    text: &'a str,
    marks: &Marks,
    medications: &Known,
) -> serde_json::Result<Reading<'a>> {
    let notes = &marks.notes;
    let mut reading = match type_name {
        "Observation" => observation::read(parse(text, notes)?, marks),
        "MedicationRequest" | "MedicationStatement" | "MedicationDispense" | "MedicationAdministration" => {
            medication::read(parse(text, notes)?, marks, medications)
        }
        "Medication" => medication::definition(parse(text, notes)?),
        "Condition" => clinical::condition(parse(text, notes)?, marks),
        "AllergyIntolerance" => clinical::allergy(parse(text, notes)?, marks),
        "Immunization" => clinical::immunization(parse(text, notes)?, marks),
        "Procedure" => clinical::procedure(parse(text, notes)?, marks),
        "DeviceUseStatement" => clinical::device_use(parse(text, notes)?, marks),
        "Device" => clinical::device(parse(text, notes)?, marks),
        "Encounter" => clinical::encounter(parse(text, notes)?, marks),
        "DiagnosticReport" => document::report(parse(text, notes)?, marks),
        "Composition" => document::composition(parse(text, notes)?, marks),
        "DocumentReference" | "Media" | "Binary" => document::reference(parse(text, notes)?, marks),
        "Patient" => patient::read(parse(text, notes)?, marks),
        _ => other::read(parse(text, notes)?, category, marks),
    };
    let beside = why::beside(&reading.common, &reading.because, &reading.facts);
    reading.facts.extend(beside);
    // Few resources contain others: only they are read once more.
    if !reading.common.contained.is_empty() {
        let when = reading.facts.first().and_then(|f| f.when);
        let inner = observation::contained(parse(text, &Notes::new())?, when, marks);
        reading.facts.extend(inner);
        // As of the parts of one observation.
        if reading.facts.iter().any(|f| f.category == Category::Reproductive) {
            reading.facts.iter_mut().for_each(|f| f.category = Category::Reproductive);
        }
        let inner = why::contained(&reading.common, &reading.facts);
        reading.facts.extend(inner);
    }
    if notes.tells.get() {
        reading.facts.extend(why::unread(&reading.facts));
    }
    Ok(reading)
}

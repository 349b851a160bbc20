//! What a resource says of a condition beside its own matter: why it is, what it brought about,
//! what it was found to mean.
//!
//! Consent is by category. Whoever may not see conditions must learn none from a procedure, a visit
//! or a dosage, so each is a fact of that category, of the same record; a record of several
//! categories is handed out whole only where all of them are permitted.

use super::super::tables;
use super::super::types::{Common, Concept, Told, Why};
use super::convert::{cut, join, name};
use crate::record::{Category, FactDraft, Kind, Status};

/// Such facts of one record; beyond, what is said is in the record alone.
const MANY: usize = 64;

/// What a fact is to its record, in its note.
pub(super) const REASON: &str = "";
pub(super) const STATUS: &str = "status reason";
const COMPLICATION: &str = "complication";
const DIAGNOSIS: &str = "diagnosis";
const CONCLUSION: &str = "conclusion";
const CONTAINED: &str = "condition";
const CONTAINED_WITHIN: &str = "contained";

/// The facts of conditions beside these ones. `because` are reasons that stand deeper within.
pub(super) fn beside(common: &Common<'_>, because: &[(&str, Why<'_>)], facts: &[FactDraft]) -> Vec<FactDraft> {
    // What is about conditions tells them anyway, and where nothing is told there is no fact to stand beside.
    let Some(of) = facts.first().filter(|f| f.category != Category::Conditions) else { return Vec::new() };
    let b = &common.beside;
    let mut out = Facts { common, list: Vec::new() };
    for list in [&b.reason_code, &b.reason_concept, &b.reason, &b.reason_reference, &b.addresses, &b.indication] {
        out.add(list, REASON);
    }
    out.add(&b.as_needed, REASON);
    out.add(&b.as_needed_for, REASON);
    because.iter().for_each(|(role, w)| out.told(&w.0, role));
    out.add(&b.complication, COMPLICATION);
    out.add(&b.complication_detail, COMPLICATION);
    out.add(&b.diagnosis, DIAGNOSIS);
    if of.category == Category::Financial && !b.diagnosis.is_empty() && out.list.is_empty() {
        // Its items may be called after the diagnosis that it only refers to.
        out.push(&Concept::default(), "", DIAGNOSIS);
    }
    out.add(&b.conclusion, CONCLUSION);
    for list in [&b.status_reason, &b.status_concept, &b.status_reference, &b.not_done, &b.not_given, &b.not_taken] {
        out.add(list, STATUS);
    }
    for inner in common.contained.iter().filter(|c| &*c.resource_type == "Condition") {
        out.push(&inner.code, "", CONTAINED);
    }
    for fact in &mut out.list {
        fact.when = of.when;
        if of.status == Status::EnteredInError {
            fact.status = of.status;
        }
    }
    out.list
}

/// Facts of what a resource contains that is about something else than it is: one for each of such
/// categories. Of observations and conditions there are facts already, and what says nothing of a
/// person is no matter of its own.
pub(super) fn contained(common: &Common<'_>, facts: &[FactDraft]) -> Vec<FactDraft> {
    let Some(of) = facts.first() else { return Vec::new() };
    // What refuses such a type by kind does not reach these kinds.
    let apart = matches!(of.kind, Kind::Condition | Kind::Allergy | Kind::Immunization | Kind::Patient);
    let mut out: Vec<FactDraft> = Vec::new();
    for inner in common.contained.iter() {
        let own = match &*inner.resource_type {
            "Observation" | "Condition" => continue,
            // These have their words elsewhere.
            "AllergyIntolerance" | "Immunization" | "Procedure" | "Encounter" | "Patient" => true,
            name if name.starts_with("Medication") => true,
            _ => !inner.code.is_empty(),
        };
        let Some(category) = tables::resource_type(&inner.resource_type).and_then(|(_, c)| c).filter(|_| own) else {
            continue;
        };
        let known = !apart && facts.iter().any(|f| f.category == category);
        if known || out.iter().any(|f| f.category == category) {
            continue;
        }
        let mut fact = FactDraft::new(Kind::Other, category);
        name(&mut fact, &inner.code);
        CONTAINED_WITHIN.clone_into(&mut fact.note);
        fact.when = of.when;
        if of.status == Status::EnteredInError {
            fact.status = of.status;
        }
        out.push(fact);
    }
    out
}

/// What stands for a condition that a member tells of which is not read.
pub(super) fn unread(facts: &[FactDraft]) -> Option<FactDraft> {
    let of = facts.first().filter(|_| facts.iter().all(|f| f.category != Category::Conditions))?;
    let mut fact = FactDraft::new(Kind::Other, Category::Conditions);
    fact.when = of.when;
    if of.status == Status::EnteredInError {
        fact.status = of.status;
    }
    Some(fact)
}

/// The words of reasons, for what is about conditions itself.
pub(super) fn words(list: &[Why<'_>]) -> String {
    join(list.iter().map(|w| w.0.own.words()), ", ")
}

struct Facts<'c, 'a> {
    common: &'c Common<'a>,
    list: Vec<FactDraft>,
}

impl Facts<'_, '_> {
    fn add(&mut self, list: &[Why<'_>], role: &str) {
        list.iter().for_each(|w| self.told(&w.0, role));
    }

    /// A concept says it best, then what is within, then what is referred to.
    fn told(&mut self, t: &Told<'_>, role: &str) {
        if !t.own.is_empty() {
            return self.push(&t.own, "", role);
        }
        for list in [&t.concept, &t.value, &t.condition, &t.diagnosis, &t.diagnosed] {
            self.add(list, role);
        }
        if t.concept.iter().any(|c| !c.0.own.is_empty()) {
            return;
        }
        let (common, target) = (self.common, &t.reference.0);
        let display = if t.display.is_empty() { &target.display } else { &t.display };
        let inner = target.reference.strip_prefix('#').and_then(|id| common.contained.iter().find(|c| &*c.id == id));
        let none = Concept::default();
        let code = inner.filter(|c| &*c.resource_type == "Condition").map_or(&none, |c| &c.code);
        if !code.is_empty() || !display.is_empty() {
            self.push(code, display, role);
        }
    }

    fn push(&mut self, concept: &Concept<'_>, display: &str, role: &str) {
        let mut fact = FactDraft::new(Kind::Other, Category::Conditions);
        name(&mut fact, concept);
        if fact.text.is_empty() {
            fact.text = cut(display);
        }
        role.clone_into(&mut fact.note);
        let known = self.list.iter().any(|f| f.codes == fact.codes && f.text == fact.text);
        if !known && self.list.len() < MANY {
            self.list.push(fact);
        }
    }
}

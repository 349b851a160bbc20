//! `MedicationRequest`, `-Statement`, `-Dispense`, `-Administration` and `Medication` (FHIR R4,
//! 11.1 to 11.5).

use super::super::identity::server_of;
use super::super::labels::Labels;
use super::super::node::{Flag, List, Text, nodes};
use super::super::tables;
use super::super::types::{CodeableReference, Common, Concept, Dosage, Period, Reference};
use super::convert::{absence, amount_words, codings, cut, first, join, name, notes, range_words, when};
use super::{Marks, Reading, why};
use crate::record::{Category, Coding, FactDraft, Kind, Status, When};
use std::collections::HashMap;

nodes! {
    /// All four kinds of use: their fields do not clash.
    Use {
        concept: Concept<'a> = "medicationCodeableConcept",
        reference: Reference<'a> = "medicationReference",
        medication: CodeableReference<'a> = "medication",
        authored: Text<'a> = "authoredOn",
        effective: Text<'a> = "effectiveDateTime",
        effective_period: Period<'a> = "effectivePeriod",
        asserted: Text<'a> = "dateAsserted",
        handed_over: Text<'a> = "whenHandedOver",
        prepared: Text<'a> = "whenPrepared",
        dispense: Dispense<'a> = "dispenseRequest",
        instruction: List<Dosage<'a>> = "dosageInstruction",
        dosage: List<Dosage<'a>> = "dosage",
        not: Flag = "doNotPerform",
        intent: Text<'a> = "intent",
        taken: Text<'a> = "taken",
        adherence: Adherence<'a> = "adherence",
        reported: Flag = "reportedBoolean",
        reported_by: Reference<'a> = "reportedReference",
        .. common: Common<'a>
    }
    /// R5
    Adherence { code: Concept<'a> = "code", }
    Dispense { validity: Period<'a> = "validityPeriod", }
    Definition {
        code: Concept<'a> = "code",
        form: Concept<'a> = "form",
        ingredient: List<Ingredient<'a>> = "ingredient",
        .. common: Common<'a>
    }
    Ingredient { concept: Concept<'a> = "itemCodeableConcept", item: CodeableReference<'a> = "item", }
}

impl<'a> Ingredient<'a> {
    fn what(&self) -> &Concept<'a> {
        if self.concept.is_empty() { &self.item.concept } else { &self.concept }
    }
}

/// Codes and words of a medication, and what its labels say: they hold for whatever is told by its name.
type Named = (Vec<Coding>, String, Labels);

/// Medications met in this file, by every name that a reference may use.
#[derive(Default)]
pub(in crate::import::fhir) struct Known {
    /// By the `fullUrl` of an entry.
    by_url: HashMap<String, Named>,
    /// By type and id, with the server that the entry names, if any; none where two of them differ.
    by_id: HashMap<String, Option<(String, Named)>>,
    bytes: usize,
}

impl Known {
    /// Bytes kept; beyond, a use keeps the display of its reference.
    const MAX: usize = 8 << 20;

    pub(in crate::import::fhir) fn learn(&mut self, full_url: &str, id: &str, fact: &FactDraft, labels: Labels) {
        // One that says nothing must not take the words of a reference away.
        if is_nameless(fact) {
            return;
        }
        let codes = fact.codes.iter().map(|c| c.system.len() + c.code.len() + c.display.len() + 72);
        let bytes = 2 * (codes.sum::<usize>() + full_url.len() + id.len() + fact.text.len() + 144);
        if self.bytes + bytes > Self::MAX {
            return;
        }
        self.bytes += bytes;
        let by_url = full_url.contains(':');
        // One that comes twice has the labels of both, as it does itself.
        let labels = self.by_url.get(full_url).filter(|_| by_url).map_or(labels, |(.., old)| labels.join(*old));
        let named = (fact.codes.clone(), fact.text.clone(), labels);
        if !id.is_empty() {
            let new = (server(full_url).to_owned(), named.clone());
            let differs = |old: &(String, Named)| old.1 != new.1 && (old.0 != new.0 || new.0.is_empty());
            match self.by_id.get_mut(id) {
                Some(old) if old.as_ref().is_none_or(differs) => *old = None,
                Some(Some(old)) => {
                    let (server, (codes, text, labels)) = new;
                    *old = (server, (codes, text, labels.join(old.1.2)));
                }
                _ => {
                    self.by_id.insert(id.to_owned(), Some(new));
                }
            }
        }
        if by_url {
            self.by_url.insert(full_url.to_owned(), named);
        }
    }

    /// Gives a fact the codes of the medication that a reference names, and its labels back. `base` is the server of the
    /// record that refers, where it is known. An id alone says which only at the `end` of the file:
    /// two servers in one file may both use it.
    pub(in crate::import::fhir) fn resolve(
        &self,
        reference: &str,
        base: &str,
        end: bool,
        fact: &mut FactDraft,
    ) -> Option<Labels> {
        let reference = reference.split_once("/_history/").map_or(reference, |(r, _)| r);
        let own = if reference.contains(':') { server(reference) } else { base };
        let by_url = self.by_url.get(reference).or_else(|| self.by_url.get(&format!("{base}{reference}")));
        let by_id = || {
            let (server, named) = self.by_id.get(id_of(reference))?.as_ref()?;
            (server.is_empty() || own.is_empty() || server == own).then_some(named)
        };
        let (codes, text, labels) = by_url.or_else(|| if end { by_id() } else { None })?;
        fact.codes.clone_from(codes);
        if fact.text.is_empty() || !text.is_empty() {
            fact.text.clone_from(text);
        }
        Some(*labels)
    }
}

fn server(url: &str) -> &str {
    server_of(url, "Medication").unwrap_or("")
}

/// `7` of `https://base/Medication/7`.
fn id_of(reference: &str) -> &str {
    reference.rfind("Medication/").and_then(|i| reference.get(i + 11..)).unwrap_or("")
}

pub(super) fn read<'a>(m: Use<'a>, marks: &Marks, medications: &Known) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Medication, Category::Medications);
    let (mut awaits, mut lent) = (None, Labels::default());
    // R5 has both in one.
    let concept = if m.concept.is_empty() { &m.medication.concept } else { &m.concept };
    let named = !m.reference.reference.is_empty() || !m.reference.display.is_empty();
    let reference = if named { &m.reference } else { &m.medication.reference };
    if concept.is_empty() {
        let by = if m.reference.identifier.value.is_empty() { reference } else { &m.reference };
        fact.text = cut(&reference.display);
        match reference.reference.strip_prefix('#') {
            Some(id) => {
                if let Some(inner) = m.common.contained.iter().find(|c| &*c.id == id) {
                    name(&mut fact, &inner.code);
                    if fact.text.is_empty() {
                        fact.text = cut(&reference.display);
                    }
                }
            }
            None if reference.reference.is_empty() => {}
            None => match medications.resolve(&reference.reference, "", false, &mut fact) {
                Some(labels) => lent = labels,
                None => awaits = Some(cut(&reference.reference)),
            },
        }
        if fact.text.is_empty() {
            fact.text = cut(&by.identifier.value);
        }
    } else {
        name(&mut fact, concept);
    }
    absence(&mut fact);
    let (start, end) = taken(&m, marks);
    (fact.when, fact.until) = (start, end);
    let reporter = reporter(&m);
    let intent = if reporter.is_empty() || &*m.intent != "plan" { &*m.intent } else { "" };
    let stated = adherence(not_done(tables::status(&m.common.status), m.not), &m.adherence.code);
    fact.status = intended(stated, intent, &m.taken);
    if awaits.is_none() && is_nameless(&fact) {
        // What nobody can name is no medication in use.
        fact.kind = Kind::Other;
        marks.nameless.set(true);
    }
    let dosage = join(m.instruction.iter().chain(m.dosage.iter()).map(dosage), "; ");
    fact.note = join([reporter.to_owned(), dosage, notes(&m.common.note)], "; ");
    // What it is to be taken for, if needed, is a reason for it.
    let dosages = m.instruction.0.into_iter().chain(m.dosage.0);
    let because = dosages.flat_map(|d| d.needed_for.0.into_iter().chain(d.needed_for_any.0));
    let because = because.map(|w| (why::REASON, w)).collect();
    Reading { awaits, lent, because, ..Reading::new(m.common, vec![fact]) }
}

/// From when to when it is taken: as stated, else as its dosages are bounded, else since it was ordered
/// or handed over. A prescription is valid from and to other days than those of taking: its end stands
/// in for one that nothing tells, and its start where no other day is told that is before the end.
fn taken(m: &Use<'_>, marks: &Marks) -> (Option<When>, Option<When>) {
    let bounds = || m.instruction.iter().chain(m.dosage.iter()).map(|d| &d.timing.repeat.bounds);
    let stated = first(&[&m.effective, &m.effective_period.start], marks);
    let bounded = bounds().filter_map(|b| when(&b.start, marks)).min_by_key(|w| w.at);
    let ordered = first(&[&m.authored, &m.handed_over, &m.prepared], marks);
    let valid = first(&[&m.dispense.validity.start], marks);
    let starts = [stated, bounded, ordered, valid, first(&[&m.asserted], marks)];
    // One dosage that goes on goes on.
    let closed = bounds().all(|b| b.start.is_empty() || !b.end.is_empty());
    let last = bounds().filter_map(|b| when(&b.end, marks)).max_by_key(When::end).filter(|_| closed);
    let end = first(&[&m.effective_period.end], marks).or(last).or_else(|| first(&[&m.dispense.validity.end], marks));
    let all = || starts.iter().copied().flatten();
    let before = all().find(|s| end.is_none_or(|e| s.at < e.end()));
    // An order that is written after all was taken tells no start that its end could follow.
    (before.or(all().next()), end.filter(|_| before.is_some() || all().next().is_none()))
}

fn is_nameless(fact: &FactDraft) -> bool {
    fact.text.trim().is_empty() && fact.codes.iter().all(|c| c.code.is_empty() && c.display.is_empty())
}

/// A proposal that is `active` is an active proposal: nobody takes anything yet. STU3 says apart
/// from the status whether a medication was taken.
fn intended(status: Status, intent: &str, taken: &str) -> Status {
    match (status, intent, taken) {
        (Status::EnteredInError | Status::NotDone, ..) => status,
        (.., "n") => Status::NotDone,
        (Status::Active | Status::Final, _, "unk") => Status::Unstated,
        (_, "proposal" | "plan" | "option", _) => Status::Preliminary,
        _ => status,
    }
}

/// A plan that is reported and not ordered is how US Core lists what the patient takes unprescribed
/// ("Medication List Guidance"): whose word that is, in words; empty for what is ordered.
fn reporter(m: &Use<'_>) -> &'static str {
    let by = &m.reported_by;
    let patient = by.reference.starts_with("Patient/") || by.reference.contains("/Patient/");
    match (&*by.type_name, &*by.reference) {
        ("Patient", _) => "reported by the patient",
        _ if patient => "reported by the patient",
        ("", "") if m.reported.0 == Some(true) => "reported by the patient or another",
        ("", "") => "",
        _ => "reported by another",
    }
}

/// R5 says apart from the status whether the patient takes it.
fn adherence(status: Status, code: &Concept<'_>) -> Status {
    let said = |word: &str| code.coding.iter().any(|c| c.code.starts_with(word));
    match status {
        Status::EnteredInError | Status::NotDone | Status::Preliminary => status,
        _ if said("not-taking") => Status::NotDone,
        _ if said("stopped") => Status::Stopped,
        _ if said("on-hold") => Status::OnHold,
        _ if said("unknown") => Status::Unstated,
        Status::Unstated if said("taking") => Status::Active,
        _ => status,
    }
}

/// "Do not" turns every status into a thing that is not done, but an error into nothing.
pub(super) fn not_done(status: Status, not: Flag) -> Status {
    if not.0 == Some(true) && status != Status::EnteredInError { Status::NotDone } else { status }
}

/// A dosage in words: the source's, or else its amounts and times put side by side.
fn dosage(d: &Dosage<'_>) -> String {
    if !d.text.is_empty() {
        return cut(&d.text);
    }
    let rate = d.dose_and_rate.first();
    let dose = rate.map(|r| join([amount_words(&r.dose), range_words(&r.range)], " ")).unwrap_or_default();
    let r = &d.timing.repeat;
    let times = match (r.frequency.0, r.period.0) {
        (Some(n), Some(p)) => cut(&format!("{n} times per {p} {}", &*r.period_unit)),
        _ => cut(d.timing.code.words()),
    };
    let needed = if d.as_needed.0 == Some(true) { "as needed" } else { "" };
    join([&dose, &amount_words(&d.dose), &times, needed, d.route.words(), &d.patient_instruction], ", ")
}

/// A medication as such: nobody takes it yet, so it is no fact of kind Medication.
pub(super) fn definition(m: Definition<'_>) -> Reading<'_> {
    let mut fact = FactDraft::new(Kind::Other, Category::Medications);
    name(&mut fact, &m.code);
    if m.code.is_empty() {
        fact.codes = m.ingredient.first().map(|i| codings(i.what())).unwrap_or_default();
        fact.text = join(m.ingredient.iter().map(|i| i.what().words()), ", ");
    }
    fact.status = tables::status(&m.common.status);
    fact.note = cut(m.form.words());
    Reading::new(m.common, vec![fact])
}

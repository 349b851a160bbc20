//! From FHIR data types to the record model's.

use super::super::node::{List, Text};
use super::super::tables;
use super::super::types::{Annotation, Concept, Period, Quantity, Range, Timing};
use super::{Marks, ucum};
use crate::record::{Coding, Comparator, Decimal, FactDraft, Kind, Quantity as Amount, Value, When};

/// Bytes of one string of a fact; the record itself keeps all of it.
const TEXT: usize = 8 << 10;
/// Codes of one fact.
const CODES: usize = 32;
const UCUM: &str = "http://unitsofmeasure.org";
const LOINC: &str = "http://loinc.org";

/// A copy that is no longer than a fact's string may be; where it is cut, it says so.
pub(in crate::import::fhir) fn cut(s: &str) -> String {
    if s.len() <= TEXT {
        return s.to_owned();
    }
    let end = (0..=TEXT).rev().find(|i| s.is_char_boundary(*i)).unwrap_or(0);
    format!("{}…", s.get(..end).unwrap_or(""))
}

/// The parts that say something, one after the other.
pub(super) fn join<S: AsRef<str>>(parts: impl IntoIterator<Item = S>, between: &str) -> String {
    let mut out = String::new();
    for part in parts {
        let part = part.as_ref().trim();
        if part.is_empty() || out.len() > TEXT {
            continue;
        }
        if !out.is_empty() {
            out.push_str(between);
        }
        out.push_str(part);
    }
    if out.len() > TEXT { cut(&out) } else { out }
}

/// All codings, LOINC first.
pub(super) fn codings(concept: &Concept<'_>) -> Vec<Coding> {
    // Thousands wait to be sealed at a time: no room for codes that they do not have.
    let mut codes = Vec::with_capacity(concept.coding.len().min(CODES));
    let told = concept.coding.iter().filter(|c| !c.is_empty()).take(CODES);
    codes.extend(told.map(|c| Coding { system: cut(&c.system), code: cut(&c.code), display: cut(&c.display) }));
    codes.sort_by_key(|c| c.system != LOINC);
    codes
}

/// Gives a fact its codes and words.
pub(super) fn name(fact: &mut FactDraft, concept: &Concept<'_>) {
    fact.codes = codings(concept);
    fact.text = cut(concept.words());
}

/// "No known ..." is an absence, not a thing; so is what is uncoded and says so in words.
pub(super) fn absence(fact: &mut FactDraft) {
    let coded = fact.codes.iter().find_map(|c| tables::absence(&c.system, &c.code));
    let worded = || tables::absence_in_words(&fact.text).filter(|_| fact.codes.is_empty());
    if let Some(stated) = coded.or_else(worded) {
        fact.kind = Kind::Absence;
        fact.value = Value::Text(stated.to_owned());
    }
}

/// Words of several concepts.
pub(super) fn words(concepts: &[Concept<'_>]) -> String {
    join(concepts.iter().map(Concept::words), ", ")
}

/// The words of a resource's notes.
pub(super) fn notes(notes: &List<Annotation<'_>>) -> String {
    join(notes.iter().map(|n| &*n.text), "; ")
}

/// A date, or none.
pub(super) fn when(text: &str, marks: &Marks) -> Option<When> {
    let text = text.trim();
    let when = When::parse_fhir(text);
    if when.is_none() && !text.is_empty() {
        marks.bad_date.set(true);
    }
    when
}

/// The first of several dates that is there.
pub(super) fn first(texts: &[&Text<'_>], marks: &Marks) -> Option<When> {
    texts.iter().find(|t| !t.is_empty()).and_then(|t| when(t, marks))
}

/// Start and end: of a date if it is there, else of a period, else of a timing.
pub(super) fn span(
    date: &Text<'_>,
    period: &Period<'_>,
    timing: Option<&Timing<'_>>,
    marks: &Marks,
) -> (Option<When>, Option<When>) {
    if !date.is_empty() {
        return (when(date, marks), None);
    }
    let (start, end) = (when(&period.start, marks), when(&period.end, marks));
    if start.is_some() || end.is_some() {
        return (start, end);
    }
    let Some(t) = timing else { return (None, None) };
    match (t.event.first(), t.event.last()) {
        (Some(a), Some(b)) if t.event.len() > 1 => (when(a, marks), when(b, marks)),
        (Some(a), _) => (when(a, marks), None),
        _ => (when(&t.repeat.bounds.start, marks), when(&t.repeat.bounds.end, marks)),
    }
}

/// An amount; what is no number that fits comes back as text.
pub(super) fn amount(q: &Quantity<'_>, marks: &Marks) -> Option<Result<Amount, String>> {
    let raw = q.value.0?;
    let comparator = match &*q.comparator {
        "<" => Comparator::Less,
        "<=" => Comparator::LessOrEqual,
        ">=" => Comparator::GreaterOrEqual,
        ">" => Comparator::Greater,
        _ => Comparator::Equal,
    };
    let stated = if &*q.system == UCUM { cut(&q.code) } else { String::new() };
    let unit = cut(if q.unit.is_empty() { &q.code } else { &q.unit });
    if stated.is_empty() && !unit.is_empty() && !ucum::is_unit(&unit) && !ucum::is_unit(&q.code) {
        marks.unknown_unit.set(true);
    }
    Some(match Decimal::parse(raw) {
        Some(number) => Ok(Amount { number, comparator, unit, ucum: stated }),
        None => {
            marks.bad_number.set(true);
            Err(join([cut(&format!("{}{raw}", comparator.sign())), unit], " "))
        }
    })
}

/// An amount in words, digits as in the source.
pub(super) fn amount_words(q: &Quantity<'_>) -> String {
    let unit = if q.unit.is_empty() { &q.code } else { &q.unit };
    let number = cut(&format!("{}{}", &*q.comparator, q.value.0.unwrap_or("")));
    if q.is_empty() { String::new() } else { join([number, cut(unit)], " ") }
}

/// A range in words.
pub(super) fn range_words(r: &Range<'_>) -> String {
    match (amount_words(&r.low), amount_words(&r.high)) {
        (low, high) if high.is_empty() && !low.is_empty() => format!(">= {low}"),
        (low, high) if low.is_empty() && !high.is_empty() => format!("<= {high}"),
        (low, high) => join([low, high], " - "),
    }
}

/// Text as a value, or no value.
pub(super) fn text_value(s: String) -> Value {
    if s.is_empty() { Value::None } else { Value::Text(s) }
}

/// The bounds of a reference range; one that is no number is left to the range's text.
pub(super) fn bound(q: &Quantity<'_>, marks: &Marks) -> Option<Amount> {
    amount(q, marks)?.ok()
}

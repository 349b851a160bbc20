//! `Observation` (FHIR R4, 10.1).
//!
//! Category: a code that leaves no doubt (pregnancy, sleep, steps); else the source's own
//! `category`; else the tables of vital signs and social history by LOINC code; else Laboratory
//! for what is LOINC-coded and has an amount, a reference range, an interpretation or a specimen;
//! else Other. In doubt it is Other, which no narrower consent covers.

use super::super::node::{Flag, List, Number, Text, nodes};
use super::super::tables;
use super::super::types::{Common, Concept, Period, Quantity, Range, Ratio, Reference, SampledData, Timing};
use super::convert::{
    amount, amount_words, bound, codings, cut, first, join, name, notes, range_words, span, text_value,
};
use super::{Marks, Reading};
use crate::record::{Category, FactDraft, Kind, ObservedRange, Status, Value, When};

nodes! {
    /// Resources within another one, of which those that are Observations are read (FHIR R4, 2.3).
    Around {
        contained: List<Observation<'a>> = "contained",
        subject: Reference<'a> = "subject",
        status: Text<'a> = "status",
    }
    Observation {
        resource_type: Text<'a> = "resourceType",
        category: List<Concept<'a>> = "category",
        effective: Text<'a> = "effectiveDateTime",
        effective_period: Period<'a> = "effectivePeriod",
        effective_timing: Timing<'a> = "effectiveTiming",
        effective_instant: Text<'a> = "effectiveInstant",
        issued: Text<'a> = "issued",
        body_site: Concept<'a> = "bodySite",
        method: Concept<'a> = "method",
        specimen: Reference<'a> = "specimen",
        device: Reference<'a> = "device",
        component: List<Measured<'a>> = "component",
        .. measured: Measured<'a>
    }
    /// What an observation and its components have in common.
    Measured {
        code: Concept<'a> = "code",
        quantity: Quantity<'a> = "valueQuantity",
        concept: Concept<'a> = "valueCodeableConcept",
        string: Text<'a> = "valueString",
        boolean: Flag = "valueBoolean",
        integer: Number<'a> = "valueInteger",
        range: Range<'a> = "valueRange",
        ratio: Ratio<'a> = "valueRatio",
        sampled: SampledData<'a> = "valueSampledData",
        time: Text<'a> = "valueTime",
        date_time: Text<'a> = "valueDateTime",
        period: Period<'a> = "valuePeriod",
        absent: Concept<'a> = "dataAbsentReason",
        interpretation: List<Concept<'a>> = "interpretation",
        reference_range: List<ReferenceRange<'a>> = "referenceRange",
        .. common: Common<'a>
    }
    ReferenceRange { low: Quantity<'a> = "low", high: Quantity<'a> = "high", text: Text<'a> = "text", }
}

/// The facts of the observations that a resource contains; they have no life apart from it. What is
/// said of another subject is not its facts.
pub(super) fn contained(around: Around<'_>, when: Option<When>, marks: &Marks) -> Vec<FactDraft> {
    let error = tables::status(&around.status) == Status::EnteredInError;
    let mut facts = Vec::new();
    for o in around.contained.0.into_iter().filter(|o| &*o.resource_type == "Observation") {
        let of = o.measured.common.subject.first().map_or("", |s| &*s.reference);
        let own = &*around.subject.reference;
        if !of.is_empty() && !own.is_empty() && of != own {
            marks.stranger.set(true);
            continue;
        }
        for mut fact in read(o, marks).facts {
            fact.when = fact.when.or(when);
            if error {
                fact.status = Status::EnteredInError;
            }
            facts.push(fact);
        }
    }
    facts
}

pub(super) fn read<'a>(o: Observation<'a>, marks: &Marks) -> Reading<'a> {
    let date = if o.effective.is_empty() { &o.effective_instant } else { &o.effective };
    let (mut when, until) = span(date, &o.effective_period, Some(&o.effective_timing), marks);
    if when.is_none() && until.is_none() {
        when = first(&[&o.issued], marks);
    }
    let mut fact = measured(&o.measured, marks);
    fact.category = category(&o);
    fact.when = when;
    fact.until = until;
    fact.status = tables::status(&o.measured.common.status);
    // A word that no version of FHIR has may say that it is not so.
    if fact.status == Status::Unstated && !matches!(&*o.measured.common.status, "" | "unknown") {
        fact.status = Status::Preliminary;
        marks.odd_status.set(true);
    }
    fact.note = join(
        [fact.note.as_str(), o.method.words(), o.body_site.words(), &o.device.display, &notes(&o.measured.common.note)],
        "; ",
    );
    let mut facts = vec![fact];
    for part in o.component.iter() {
        let mut part = measured(part, marks);
        if let Some(whole) = facts.first() {
            part.category = part_category(&part).unwrap_or(whole.category);
            part.when = when;
            part.until = until;
            part.status = whole.status;
            // What it is a part of is told by a part of the same category alone.
            if part.category == whole.category {
                part.note = join([&whole.text, &part.note], "; ");
            }
        }
        facts.push(part);
    }
    // A part that is kept back more strictly takes the whole with it.
    if facts.iter().any(|f| f.category == Category::Reproductive) {
        facts.iter_mut().for_each(|f| f.category = Category::Reproductive);
    }
    Reading::new(o.measured.common, facts)
}

fn measured(m: &Measured<'_>, marks: &Marks) -> FactDraft {
    let mut fact = FactDraft::new(Kind::Observation, Category::Other);
    name(&mut fact, &m.code);
    fact.value = value(m, marks);
    if !m.absent.is_empty() {
        fact.note = format!("no value: {}", cut(m.absent.words()));
    }
    fact.range = range(m, marks).map(Box::new);
    fact
}

fn value(m: &Measured<'_>, marks: &Marks) -> Value {
    match amount(&m.quantity, marks) {
        Some(Ok(q)) => return Value::Quantity(q),
        Some(Err(text)) => return Value::Text(text),
        None => {}
    }
    if !m.concept.is_empty() {
        return Value::Coded(codings(&m.concept), cut(m.concept.words()));
    }
    if let Some(yes) = m.boolean.0 {
        return Value::Bool(yes);
    }
    if m.integer.0.is_some() {
        let whole = Quantity { value: m.integer.clone(), ..Quantity::default() };
        return match amount(&whole, marks) {
            Some(Ok(q)) => Value::Quantity(q),
            Some(Err(text)) => Value::Text(text),
            None => Value::None,
        };
    }
    let sampled = || {
        let of = |n: &Number<'_>| n.0.unwrap_or("").to_owned();
        let head = [amount_words(&m.sampled.origin), of(&m.sampled.period), of(&m.sampled.factor)];
        if m.sampled.data.is_empty() {
            return String::new();
        }
        join(["sampled (origin; period in ms; factor):", &join(head, "; "), "data:", &cut(&m.sampled.data)], " ")
    };
    let ratio = || join([amount_words(&m.ratio.numerator), amount_words(&m.ratio.denominator)], " : ");
    let period = || join([&*m.period.start, &*m.period.end], " - ");
    let texts: [&dyn Fn() -> String; 7] = [
        &|| cut(&m.string),
        &|| range_words(&m.range),
        &ratio,
        &sampled,
        &|| cut(&m.time),
        &|| cut(&m.date_time),
        &period,
    ];
    text_value(texts.iter().map(|f| f()).find(|s| !s.is_empty()).unwrap_or_default())
}

/// The first reference range in full; the words of all.
fn range(m: &Measured<'_>, marks: &Marks) -> Option<ObservedRange> {
    let flag = m.interpretation.first();
    let code = flag.and_then(|i| i.coding.iter().find(|c| !c.code.is_empty())).map(|c| cut(&c.code));
    let interpretation = code.or_else(|| flag.map(|i| cut(i.words()))).unwrap_or_default();
    let mut range = ObservedRange { interpretation, ..ObservedRange::default() };
    if let Some(r) = m.reference_range.first() {
        range.low = bound(&r.low, marks);
        range.high = bound(&r.high, marks);
        range.text = if m.reference_range.len() == 1 {
            let odd = (range.low.is_none() && !r.low.is_empty()) || (range.high.is_none() && !r.high.is_empty());
            if r.text.is_empty() && odd { bounds_words(r) } else { cut(&r.text) }
        } else {
            join(m.reference_range.iter().map(|r| join([cut(&r.text), bounds_words(r)], ": ")), "; ")
        };
    }
    (range != ObservedRange::default()).then_some(range)
}

fn bounds_words(r: &ReferenceRange<'_>) -> String {
    join([amount_words(&r.low), amount_words(&r.high)], " - ")
}

fn loinc<'c>(concept: &'c Concept<'_>) -> impl Iterator<Item = &'c str> {
    concept.coding.iter().filter(|c| &*c.system == "http://loinc.org").map(|c| &*c.code)
}

fn part_category(part: &FactDraft) -> Option<Category> {
    part.codes.iter().filter(|c| c.system == "http://loinc.org").find_map(|c| tables::loinc_first(&c.code))
}

fn category(o: &Observation<'_>) -> Category {
    let m = &o.measured;
    let by_code = |table: fn(&str) -> Option<Category>| loinc(&m.code).find_map(table);
    let stated = || {
        let codes = o.category.iter().flat_map(|c| c.coding.iter().map(|c| &*c.code).chain([&*c.text]));
        codes.filter_map(tables::observation_category).next()
    };
    let looks_measured = !m.quantity.is_empty() || !m.reference_range.is_empty() || !m.interpretation.is_empty();
    by_code(tables::loinc_first).or_else(stated).or_else(|| by_code(tables::loinc_else)).unwrap_or_else(|| {
        let specimen = !o.specimen.reference.is_empty() || !o.specimen.display.is_empty();
        let laboratory = loinc(&m.code).next().is_some() && (looks_measured || specimen);
        if laboratory { Category::Laboratory } else { Category::Other }
    })
}

//! All other resource types: kept, with at most one plain fact.

use super::super::node::{Flag, List, Text, nodes};
use super::super::tables;
use super::super::types::{Coding, Common, Concept, Period, Why};
use super::convert::{cut, first, join, name, span, words};
use super::{Marks, Reading, why};
use crate::record::{Category, Coding as Code, FactDraft, Kind};
use std::collections::BTreeSet;

/// Codes of one fact.
const CODES: usize = 8;

nodes! {
    Other {
        code: List<Words<'a>> = "code",
        kind: List<Words<'a>> = "type",
        procedure: List<Words<'a>> = "procedureCode",
        device: List<Words<'a>> = "codeCodeableConcept",
        item: List<Words<'a>> = "itemCodeableConcept",
        supplied: List<Item<'a>> = "suppliedItem",
        event: List<Words<'a>> = "event",
        disease: List<Words<'a>> = "targetDisease",
        recommended: List<Recommended<'a>> = "recommendation",
        lens: List<Lens<'a>> = "lensSpecification",
        morphology: List<Words<'a>> = "morphology",
        place: List<Words<'a>> = "location",
        diet: List<Diet<'a>> = "oralDiet",
        supplement: List<Diet<'a>> = "supplement",
        formula: List<Formula<'a>> = "enteralFormula",
        prediction: List<Prediction<'a>> = "prediction",
        finding: List<Item<'a>> = "finding",
        summary: Text<'a> = "summary",
        series: List<Series<'a>> = "series",
        category: List<Words<'a>> = "category",
        title: Text<'a> = "title",
        description: List<Words<'a>> = "description",
        service: List<Concept<'a>> = "serviceType",
        relationship: Concept<'a> = "relationship",
        condition: List<Condition<'a>> = "condition",
        outcome: Text<'a> = "conclusion",
        activity: List<Activity<'a>> = "activity",
        target: List<Target<'a>> = "target",
        date: Text<'a> = "date",
        authored: List<Text<'a>> = "authoredOn",
        authored_alone: Text<'a> = "authored",
        at: Text<'a> = "dateTime",
        issued: Text<'a> = "issued",
        identified: Text<'a> = "identifiedDateTime",
        identified_in: Period<'a> = "identifiedPeriod",
        collection: List<Collected<'a>> = "collection",
        written: Text<'a> = "dateWritten",
        received: Text<'a> = "receivedTime",
        created: Text<'a> = "created",
        started: Text<'a> = "started",
        start: Text<'a> = "start",
        start_date: Text<'a> = "startDate",
        end: Text<'a> = "end",
        sent: Text<'a> = "sent",
        occurrence: Text<'a> = "occurrenceDateTime",
        occurrence_period: Period<'a> = "occurrencePeriod",
        period: Period<'a> = "period",
        billable: Period<'a> = "billablePeriod",
        not: Flag = "doNotPerform",
        .. common: Common<'a>
    }
    Condition { code: Concept<'a> = "code", }
    /// Of a SupplyDelivery, and what a ClinicalImpression found
    Item { item: List<Words<'a>> = "itemCodeableConcept", }
    Recommended { vaccine: List<Words<'a>> = "vaccineCode", disease: List<Words<'a>> = "targetDisease", }
    Lens { product: List<Words<'a>> = "product", }
    Diet { kind: List<Words<'a>> = "type", product: Text<'a> = "productName", }
    Formula { kind: List<Words<'a>> = "baseFormulaType", product: Text<'a> = "baseFormulaProductName", }
    Prediction { outcome: List<Words<'a>> = "outcome", }
    Activity { detail: Detail<'a> = "detail", }
    Detail {
        code: Concept<'a> = "code",
        description: Text<'a> = "description",
        reason: List<Why<'a>> = "reasonCode",
        reference: List<Why<'a>> = "reasonReference",
        status: List<Why<'a>> = "statusReason",
    }
    /// Of an ImagingStudy
    Series { modality: Coding<'a> = "modality", }
    Target { due: Text<'a> = "dueDate", }
    /// Of a Specimen: before it was received
    Collected { at: Text<'a> = "collectedDateTime", period: Period<'a> = "collectedPeriod", }
}

/// A concept, or the plain code or string that some types have in its place.
#[derive(Default)]
pub(in crate::import::fhir) struct Words<'a>(Concept<'a>);

impl<'de> super::super::node::Node<'de> for Words<'de> {
    fn text(&mut self, s: std::borrow::Cow<'de, str>, _: &super::super::node::Notes) {
        self.0.text = Text(s);
    }
    fn object<A: serde::de::MapAccess<'de>>(&mut self, map: A, n: &super::super::node::Notes) -> Result<(), A::Error> {
        self.0.object(map, n)
    }
}

pub(super) fn read<'a>(o: Other<'a>, category: Option<Category>, marks: &Marks) -> Reading<'a> {
    let Some(category) = category else { return Reading::new(o.common, Vec::new()) };
    let mut fact = FactDraft::new(Kind::Other, category);
    // What is supplied, predicted or ordered is its name; that it is a device, or a diet, is only its sort.
    let within = things(&o);
    let lists = [&o.code, &o.device, &o.item, &o.event, &o.disease];
    let after = [&o.morphology, &o.kind, &o.procedure, &o.description, &o.category, &o.place];
    let all = lists.into_iter().chain(within.iter().copied()).chain(after);
    if let Some(concept) = all.flat_map(|l| l.iter().map(|w| &w.0)).find(|c| !c.is_empty()) {
        name(&mut fact, concept);
    } else if !o.relationship.is_empty() {
        name(&mut fact, &o.relationship);
    }
    for m in o.series.iter().map(|s| &s.modality).filter(|m| !m.is_empty()) {
        if fact.codes.len() < CODES && fact.codes.iter().all(|c| *c.code != *m.code) {
            fact.codes.push(Code { system: cut(&m.system), code: cut(&m.code), display: cut(&m.display) });
        }
    }
    let title = [&*o.title, &words(&o.service)].into_iter().find(|t| !t.is_empty()).map(cut);
    if fact.text.is_empty() || !o.title.is_empty() {
        fact.text = title.unwrap_or(fact.text);
    }
    let (on, to) = span(&o.occurrence, &o.occurrence_period, None, marks);
    (fact.when, fact.until) = if on.is_some() || to.is_some() { (on, to) } else { period(&o, marks) };
    let taken = |c: &Collected<'_>| Some(span(&c.at, &c.period, None, marks)).filter(|s| *s != (None, None));
    if fact.when.is_none() && fact.until.is_none() {
        let taken = o.collection.iter().find_map(taken);
        (fact.when, fact.until) = taken.unwrap_or_else(|| span(&o.identified, &o.identified_in, None, marks));
    }
    if fact.when.is_none() && fact.until.is_none() {
        let empty = Text::default();
        let authored = o.authored.first().unwrap_or(&empty);
        let made = [
            authored,
            &o.authored_alone,
            &o.date,
            &o.start,
            &o.start_date,
            &o.started,
            &o.sent,
            &o.written,
            &o.created,
        ];
        let other = [&o.at, &o.issued, &o.received];
        fact.when = first(&made, marks).or_else(|| first(&other, marks));
        let due = o.target.iter().map(|t| &t.due).find(|t| !t.is_empty()).unwrap_or(&empty);
        fact.until = first(&[&o.end, due], marks);
    }
    fact.status = super::medication::not_done(tables::status(&o.common.status), o.not);
    // A relative's conditions, and what a finding rests on.
    let ill = category == Category::Conditions;
    let conditions = join(o.condition.iter().filter(|_| ill).map(|c| c.code.words()), ", ");
    let reasons = if ill { why::words(&o.common.beside.reason_code) } else { String::new() };
    let activities = o.activity.iter().map(|a| join([a.detail.code.words(), &a.detail.description], ": "));
    let described = o.description.iter().map(|w| w.0.words()).filter(|w| *w != fact.text);
    // The other things that one record names, each once.
    let mut others: Vec<String> = within.iter().flat_map(|l| l.iter()).map(|w| w.0.words().to_owned()).collect();
    others.extend(o.supplement.iter().map(|d| cut(&d.product)).chain(o.formula.iter().map(|f| cut(&f.product))));
    let own = super::convert::cut(&fact.text);
    let mut seen = BTreeSet::new();
    others.retain(|t| !t.is_empty() && *t != own && seen.insert(t.clone()));
    let told = [
        join(described, "; "),
        conditions,
        join(activities, "; "),
        reasons,
        join(others, "; "),
        cut(&o.outcome),
        cut(&o.summary),
    ];
    fact.note = join([join(told, "; "), super::convert::notes(&o.common.note)], "; ");
    let says = !fact.codes.is_empty() || !fact.text.is_empty() || fact.when.is_some();
    let details = o.activity.0.into_iter().map(|a| a.detail);
    let because = details.flat_map(|d| {
        let reasons = d.reason.0.into_iter().chain(d.reference.0).map(|w| (why::REASON, w));
        reasons.chain(d.status.0.into_iter().map(|w| (why::STATUS, w)))
    });
    let because = because.collect();
    Reading { because, ..Reading::new(o.common, if says { vec![fact] } else { Vec::new() }) }
}

/// What it names within: the lists of its parts.
fn things<'o, 'a>(o: &'o Other<'a>) -> Vec<&'o List<Words<'a>>> {
    let items = o.supplied.iter().chain(o.finding.iter()).map(|i| &i.item);
    let vaccines = o.recommended.iter().flat_map(|r| [&r.vaccine, &r.disease]);
    let food = o.diet.iter().chain(o.supplement.iter()).map(|d| &d.kind).chain(o.formula.iter().map(|f| &f.kind));
    let lenses = o.lens.iter().map(|l| &l.product);
    items.chain(vaccines).chain(food).chain(lenses).chain(o.prediction.iter().map(|p| &p.outcome)).collect()
}

fn period(o: &Other<'_>, marks: &Marks) -> (Option<crate::record::When>, Option<crate::record::When>) {
    let none = Text::default();
    let (start, end) = span(&none, &o.period, None, marks);
    if start.is_some() || end.is_some() { (start, end) } else { span(&none, &o.billable, None, marks) }
}

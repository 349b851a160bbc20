//! A plain in-memory view, and hand-made facts.

use crate::catalog::{FactRow, Facts, ObjectRef, Order, Origin, Presence, Query, SeriesSummary, SourceInfo};
use crate::error::Result;
use crate::grounding::{Composed, Options, compose};
use crate::id::{RecordId, SourceId, Timestamp};
use crate::label::Confidentiality;
use crate::record::{
    Author, Category, Coding, Comparator, Decimal, DecisionClass, FactDraft, Kind, ObservedRange, Precision, Quantity,
    ResourceType, Sample, Span, Status, Value, When,
};

/// 2026-11-23T12:00:00Z.
pub(super) const NOW: i64 = 1_795_435_200_000;

#[derive(Clone, Default)]
pub(super) struct Fake {
    pub(super) rows: Vec<FactRow>,
    pub(super) samples: Vec<(RecordId, Vec<Sample>)>,
    pub(super) opened: std::cell::Cell<usize>,
}

impl Facts for Fake {
    fn query(&self, q: &Query) -> Result<Vec<FactRow>> {
        let mut rows: Vec<FactRow> = self.rows.iter().filter(|r| fits(q, r)).cloned().collect();
        let at = |r: &FactRow| r.fact.when.map_or(0, |w| w.at);
        match q.order {
            Order::OldestFirst => rows.sort_by_key(|r| (r.fact.when.is_none(), at(r))),
            Order::NewestFirst => rows.sort_by_key(|r| (r.fact.when.is_none(), core::cmp::Reverse(at(r)))),
        }
        let limit = if q.limit == 0 { usize::MAX } else { q.limit };
        Ok(rows.into_iter().skip(q.skip).take(limit).collect())
    }

    fn count(&self, q: &Query) -> Result<u64> {
        Ok(self.rows.iter().filter(|r| fits(q, r)).count() as u64)
    }

    fn presence(&self) -> Result<Vec<Presence>> {
        let mut out: Vec<Presence> = Vec::new();
        for r in self.rows.iter().filter(|r| r.fact.status != Status::EnteredInError) {
            let first = r.fact.codes.first().cloned().unwrap_or_default();
            let at = r.fact.when.map(|w| w.at);
            let same = |p: &&mut Presence| {
                (p.category, p.kind, &p.system, &p.code) == (r.fact.category, r.fact.kind, &first.system, &first.code)
                    && (!first.code.is_empty() || p.text == r.fact.text)
            };
            match out.iter_mut().find(same) {
                Some(p) => {
                    p.count += 1;
                    p.first = [p.first, at].into_iter().flatten().min();
                    p.last = p.last.max(at);
                    p.names.extend(names(r));
                    p.names.sort();
                    p.names.dedup();
                }
                None => out.push(Presence {
                    category: r.fact.category,
                    kind: r.fact.kind,
                    system: first.system,
                    code: first.code,
                    text: r.fact.text.clone(),
                    display: first.display,
                    names: names(r),
                    count: 1,
                    first: at,
                    last: at,
                }),
            }
        }
        Ok(out)
    }

    fn samples(&self, row: &FactRow) -> Result<Vec<Sample>> {
        self.opened.set(self.opened.get() + 1);
        Ok(self.samples.iter().find(|(id, _)| *id == row.record).map(|(_, s)| s.clone()).unwrap_or_default())
    }

    fn source(&self, source: u32) -> Result<SourceInfo> {
        Ok(SourceInfo { id: SourceId::from_bytes([source as u8; 32]), imported_at: NOW - 1000 })
    }
}

/// What the codes of a row are called, ascending.
fn names(r: &FactRow) -> Vec<String> {
    let all: std::collections::BTreeSet<&str> = r.fact.codes.iter().map(|c| c.display.as_str()).collect();
    all.into_iter().filter(|d| !d.is_empty()).map(str::to_owned).collect()
}

fn fits(q: &Query, r: &FactRow) -> bool {
    let f = &r.fact;
    let code = |(s, c): &(String, String)| f.codes.iter().any(|k| k.code == *c && (s.is_empty() || k.system == *s));
    (q.codes.is_empty() || q.codes.iter().any(code))
        && (q.categories.is_empty() || q.categories.contains(&f.category))
        && (q.kinds.is_empty() || q.kinds.contains(&f.kind))
        && q.from.is_none_or(|t| f.when.is_some_and(|w| w.at >= t))
        && q.to.is_none_or(|t| f.when.is_some_and(|w| w.at < t))
        && !(q.standing && f.status == Status::NotDone)
        && (q.include_errors || f.status != Status::EnteredInError)
}

impl Fake {
    pub(super) fn push(&mut self, fact: FactDraft) -> RecordId {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&(self.rows.len() as u64 + 1).to_be_bytes());
        let record = RecordId::from_bytes(id);
        self.push_part(fact, record, 0);
        record
    }

    pub(super) fn push_part(&mut self, fact: FactDraft, record: RecordId, part: u16) {
        let n = self.rows.len() as u64;
        let class = DecisionClass {
            category: fact.category,
            kind: fact.kind,
            confidentiality: Confidentiality::Restricted,
            sensitivities: 0,
            obligations: 0,
            author: Author::Source,
            resource: ResourceType::NONE,
        };
        self.rows.push(FactRow {
            record,
            part,
            object: ObjectRef { number: n, version: 1, group: 1 },
            origins: vec![Origin { source: 1, span: Span { member: 0, offset: 100 * n, len: 90 } }],
            class,
            fact,
            series: None,
            type_name: String::new(),
        });
    }

    /// Only these categories: what a consent leaves of the view.
    pub(super) fn only(&self, categories: &[Category]) -> Self {
        let mut out = self.clone();
        out.rows.retain(|r| categories.contains(&r.fact.category));
        out
    }

    pub(super) fn ask(&self, question: &str) -> Composed {
        self.ask_with(question, 4000)
    }

    pub(super) fn ask_with(&self, question: &str, tokens: usize) -> Composed {
        compose(self, question, &options(tokens)).unwrap()
    }

    pub(super) fn lab(&mut self, code: &str, text: &str, value: &str, unit: &str, date: &str) -> RecordId {
        self.push(lab(code, text, value, unit, date))
    }

    pub(super) fn med(&mut self, text: &str, date: &str, status: Status) -> RecordId {
        let mut f = FactDraft::new(Kind::Medication, Category::Medications);
        f.text = text.to_owned();
        f.when = When::parse_fhir(date);
        f.status = status;
        self.push(f)
    }

    pub(super) fn listed(&mut self, kind: Kind, category: Category, text: &str, date: &str) -> RecordId {
        let mut f = FactDraft::new(kind, category);
        f.text = text.to_owned();
        f.when = When::parse_fhir(date);
        f.status = Status::Active;
        self.push(f)
    }

    pub(super) fn person(&mut self, born: &str, sex: &str) {
        let mut f = FactDraft::new(Kind::Patient, Category::Demographics);
        f.when = When::parse_fhir(born);
        f.value = Value::Coded(vec![Coding::new("http://hl7.org/fhir/administrative-gender", sex, "")], String::new());
        self.push(f);
    }

    /// A chunk of samples: (start, number or word, minutes long).
    pub(super) fn chunk(
        &mut self,
        code: &str,
        unit: &str,
        source: &str,
        category: Category,
        samples: &[(&str, &str, i64)],
    ) -> RecordId {
        let mut f = FactDraft::new(Kind::Series, category);
        f.codes = vec![Coding::new("urn:apple:healthkit", code, "")];
        f.text = source.to_owned();
        f.note = unit.to_owned();
        let list: Vec<Sample> = samples
            .iter()
            .enumerate()
            .map(|(i, (at, value, minutes))| {
                let when = When::parse_fhir(at).unwrap();
                let start = when.at;
                Sample {
                    start,
                    end: start + minutes * 60_000,
                    created: None,
                    offset: when.offset.unwrap_or(0),
                    number: Decimal::parse(value),
                    word: Decimal::parse(value).is_none().then(|| (*value).into()),
                    source_version: None,
                    device: None,
                    meta: Vec::new().into(),
                    at: 10_000 + 50 * i as u64,
                    len: 40,
                }
            })
            .collect();
        let instant = |s: &Sample| When { at: s.start, precision: Precision::Second, offset: Some(s.offset) };
        f.when = list.first().map(instant);
        f.until = list.last().map(instant);
        let numbers: Vec<f64> = list.iter().filter_map(|s| s.number).map(Decimal::to_f64).collect();
        let record = self.push(f);
        if let Some(row) = self.rows.last_mut() {
            row.series = Some(SeriesSummary {
                count: list.len() as u32,
                numbers: numbers.len() as u32,
                sum: numbers.iter().sum(),
                min: numbers.iter().copied().fold(f64::INFINITY, f64::min),
                max: numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            });
        }
        self.samples.push((record, list));
        record
    }
}

pub(super) const fn options(tokens: usize) -> Options {
    Options { lang: None, tokens, now: Timestamp::from_millis(NOW), nonce: [0xa5; 8], zone_offset_minutes: 60 }
}

/// A text without the name of its fences.
pub(super) fn plain(text: &str) -> String {
    text.replace("a5a5a5a5a5a5a5a5 ", "")
}

pub(super) fn quantity(value: &str, unit: &str) -> Quantity {
    Quantity {
        number: Decimal::parse(value).unwrap(),
        comparator: Comparator::Equal,
        unit: unit.to_owned(),
        ucum: unit.to_owned(),
    }
}

pub(super) fn lab(code: &str, text: &str, value: &str, unit: &str, date: &str) -> FactDraft {
    let mut f = FactDraft::new(Kind::Observation, Category::Laboratory);
    if !code.is_empty() {
        f.codes = vec![Coding::new("http://loinc.org", code, text)];
    }
    f.text = text.to_owned();
    f.when = When::parse_fhir(date);
    f.status = Status::Final;
    f.value = Value::Quantity(quantity(value, unit));
    f
}

pub(super) fn with_range(mut f: FactDraft, low: Option<&str>, high: Option<&str>, flag: &str) -> FactDraft {
    let unit = match &f.value {
        Value::Quantity(q) => q.unit.clone(),
        _ => String::new(),
    };
    f.range = Some(Box::new(ObservedRange {
        low: low.map(|v| quantity(v, &unit)),
        high: high.map(|v| quantity(v, &unit)),
        text: String::new(),
        interpretation: flag.to_owned(),
    }));
    f
}

/// Six LDL results around a statin, and some company.
pub(super) fn patient() -> Fake {
    let mut f = Fake::default();
    f.person("1970-05-01", "female");
    for (value, date) in [
        ("155.2", "2009-03-02"),
        ("160", "2010-03-01"),
        ("101.5", "2010-09-01"),
        ("95", "2011-09-01"),
        ("90.0", "2012-09-01"),
        ("92.10", "2014-01-28"),
    ] {
        f.lab("18262-6", "Low Density Lipoprotein Cholesterol", value, "mg/dL", date);
    }
    f.push(with_range(lab("2160-0", "Creatinine", "0.95", "mg/dL", "2026-08-01"), Some("0.6"), Some("1.2"), "N"));
    f.med("simvastatin 20 MG Oral Tablet", "2010-05-01", Status::Active);
    f.med("lisinopril 10 MG Oral Tablet", "2012-01-01", Status::Stopped);
    f.listed(Kind::Condition, Category::Conditions, "Hypertension", "2005-01-01");
    f.listed(Kind::Allergy, Category::Allergies, "Allergy to penicillin", "1999-01-01");
    f
}

//! How long a context takes over 100,000 facts: `HEALTHSPACE_SPEED=1 cargo test --release -p
//! healthspace grounding_speed -- --nocapture`. Prints; asserts only that the answers are there.

use super::{Options, compose};
use crate::catalog::{
    Catalog, FactRow, Facts, Lean, LeanRows, NewRecord, ObjectRef, Origin, Presence, Query, Segment, SegmentBuilder,
};
use crate::catalog::{SourceInfo, View, merge, plan};
use crate::error::Result;
use crate::id::{Identity, RecordId, SourceId, Timestamp};
use crate::label::{Confidentiality, Sensitivities};
use crate::record::{
    Author, Category, Coding, Comparator, Decimal, Everything, FactDraft, Kind, Precision, Quantity, Sample, Span,
    Status, Value, When,
};

struct Plain<'a>(View<'a>);

impl Facts for Plain<'_> {
    fn query(&self, query: &Query) -> Result<Vec<FactRow>> {
        Ok(self.0.query(query))
    }

    fn lean(&self, query: &Query) -> Result<LeanRows> {
        Ok(self.0.lean(query))
    }

    fn whole(&self, row: &Lean) -> Result<FactRow> {
        Ok(self.0.whole(row).unwrap())
    }

    fn count(&self, query: &Query) -> Result<u64> {
        Ok(self.0.count(query, &mut |_| {}))
    }

    fn presence(&self) -> Result<Vec<Presence>> {
        Ok(self.0.presence(&mut |_| {}))
    }

    fn samples(&self, _: &FactRow) -> Result<Vec<Sample>> {
        Ok(Vec::new())
    }

    fn source(&self, _: u32) -> Result<SourceInfo> {
        Ok(SourceInfo { id: SourceId::from_bytes([1; 32]), imported_at: 0 })
    }
}

/// A person with so many facts: 120 analytes, LDL among them, and some of everything else.
fn fact(i: usize) -> FactDraft {
    let at = 1_300_000_000_000 + i as i64 * 3_600_000;
    let when = Some(When { at, precision: Precision::Second, offset: Some(60) });
    if i.is_multiple_of(50) {
        let (kind, category, text) = match i / 50 % 4 {
            0 => (Kind::Medication, Category::Medications, "simvastatin 20 MG Oral Tablet"),
            1 => (Kind::Condition, Category::Conditions, "Hypertension"),
            2 => (Kind::Encounter, Category::Encounters, "Visit"),
            _ => (Kind::Medication, Category::Medications, "lisinopril 10 MG Oral Tablet"),
        };
        let code = format!("{}", 100_000 + i / 50 % 40);
        let codes = vec![Coding::new("http://www.nlm.nih.gov/research/umls/rxnorm", &code, text)];
        return FactDraft {
            codes,
            text: text.to_owned(),
            when,
            status: Status::Active,
            ..FactDraft::new(kind, category)
        };
    }
    let code = i % 120;
    let loinc = if code == 0 { "18262-6".to_owned() } else { format!("{}-{}", 90_000 + code, code % 10) };
    let text = format!("Analyte number {code} [Mass/volume] in Serum");
    let number = Decimal::new(400 + (i * 7919 % 1600) as i64, 1).unwrap();
    let (unit, ucum) = ("mg/dL".to_owned(), "mg/dL".to_owned());
    FactDraft {
        codes: vec![
            Coding::new("http://loinc.org", &loinc, &text),
            Coding::new("urn:oid:1.2.3", &format!("L{code}"), ""),
        ],
        text,
        when,
        value: Value::Quantity(Quantity { number, comparator: Comparator::Equal, unit, ucum }),
        status: Status::Final,
        ..FactDraft::new(Kind::Observation, Category::Laboratory)
    }
}

fn catalog(records: usize) -> Catalog {
    let (mut catalog, mut levels) = (Catalog::new(), Vec::new());
    for n in 0..records / 1000 {
        let mut b = SegmentBuilder::new();
        for i in n * 1000..n * 1000 + 1000 {
            let mut id = [0; 16];
            id.copy_from_slice(&blake3::hash(&i.to_le_bytes()).as_bytes()[..16]);
            b.add(NewRecord {
                id: RecordId::from_bytes(id),
                identity: Identity(id),
                content: id,
                object: ObjectRef { number: i as u64, version: n as u64, group: 9 },
                origins: &[Origin { source: 1, span: Span { member: 0, offset: 900 * i as u64, len: 890 } }],
                author: Author::Source,
                confidentiality: Confidentiality::Restricted,
                sensitivities: Sensitivities::NONE,
                obligations: crate::label::Obligations::NONE,
                type_name: "Observation",
                facts: &[fact(i)],
                series: None,
                revision: crate::record::Revision::default(),
                history: false,
            });
        }
        let s = Segment::decode(&b.finish().unwrap()).unwrap();
        levels.push((0, s.weight()));
        catalog.push(s);
        while let Some(m) = plan(&levels) {
            let parts: Vec<&Segment> = catalog.segments().skip(m.segments.start).take(m.segments.len()).collect();
            let s = Segment::decode(&merge(&parts).unwrap()).unwrap();
            levels.splice(m.segments.clone(), [(m.level, s.weight())]);
            catalog.replace(m.segments, s);
        }
    }
    catalog
}

#[test]
fn grounding_speed() {
    if std::env::var_os("HEALTHSPACE_SPEED").is_none() {
        println!("SKIPPED: HEALTHSPACE_SPEED is not set");
        return;
    }
    for records in [100_000, 1_000_000] {
        let catalog = catalog(records);
        let facts = Plain(View::new(&catalog, &Everything));
        let start = std::time::Instant::now();
        facts.presence().unwrap();
        println!("{records} facts: {} segments, first presence {:?}", catalog.len(), start.elapsed());
        for question in [
            "How did my LDL change since I started the statin?",
            "What is my latest HbA1c?",
            "Which medicines am I taking?",
            "Show my lab results",
            "hello there",
        ] {
            let options = Options {
                lang: None,
                tokens: 1500,
                now: Timestamp::from_millis(1_790_000_000_000),
                nonce: [1; 8],
                zone_offset_minutes: 60,
            };
            let ask = || compose(&facts, question, &options).unwrap();
            assert!(!ask().text.is_empty());
            let mut times: Vec<f64> = (0..21)
                .map(|_| {
                    let start = std::time::Instant::now();
                    ask();
                    start.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("  p50 {:8.2} ms  {:6} items  {question}", times[10], ask().items.len());
        }
        let start = std::time::Instant::now();
        for _ in 0..10 {
            facts.presence().unwrap();
        }
        println!("  presence {:?}", start.elapsed() / 10);
    }
}

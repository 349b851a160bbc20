//! How fast and how small: `HEALTHSPACE_SPEED=1 cargo test --release -p healthspace catalog_speed
//! -- --nocapture`. Prints; asserts only that the answers are right.

use super::*;
use crate::id::{Identity, RecordId};
use crate::label::{Confidentiality, Sensitivities};
use crate::record::{
    Author, Category, ClassFilter, Coding, Decimal, DecisionClass, FactDraft, Kind, ObservedRange, Quantity, Span,
    Status, Value, Verdict, When,
};

const RECORDS: usize = 100_000;

/// A source of numbers that is the same in every run.
struct Steps(u64);

impl Steps {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Laboratory results as a hospital's FHIR export has them: 200 codes, 4 years, times to the second.
fn records() -> Vec<(RecordId, Identity, [u8; 16], FactDraft)> {
    let mut r = Steps(7);
    (0..RECORDS)
        .map(|i| {
            let code = r.below(200);
            let mut fact = FactDraft::new(Kind::Observation, Category::Laboratory);
            fact.codes = vec![
                Coding::new(
                    "http://loinc.org",
                    &format!("{}-{}", 1000 + code, code % 10),
                    &format!("Analyte number {code} [Mass/volume] in Serum"),
                ),
                Coding::new("urn:oid:1.2.276.0.76.3.1.999", &format!("LAB{code}"), ""),
            ];
            fact.text = format!("Analyte number {code}");
            let at = 1_500_000_000 + i as i64 * 1200 + r.below(1200) as i64;
            fact.when = Some(When {
                at: at * 1000,
                precision: crate::record::Precision::Second,
                offset: Some(if at / 15_000_000 % 2 == 0 { 60 } else { 120 }),
            });
            let q = |n: u64| Quantity {
                number: Decimal::new(n as i64, 1).unwrap(),
                comparator: crate::record::Comparator::Equal,
                unit: "mg/dL".to_owned(),
                ucum: "mg/dL".to_owned(),
            };
            fact.value = Value::Quantity(q(400 + r.below(1600)));
            fact.status = Status::Final;
            fact.range = Some(Box::new(ObservedRange {
                low: Some(q(500 + code)),
                high: Some(q(1500 + code)),
                text: String::new(),
                interpretation: ["N", "N", "N", "H", "L"][r.below(5) as usize].to_owned(),
            }));
            let hash = |part: &str| {
                let mut id = [0; 16];
                id.copy_from_slice(&blake3::hash(format!("{part}{i}").as_bytes()).as_bytes()[..16]);
                id
            };
            (RecordId(hash("r")), Identity(hash("i")), hash("c"), fact)
        })
        .collect()
}

struct OnlyLab;

impl ClassFilter for OnlyLab {
    fn judge(&self, class: &DecisionClass) -> Verdict {
        match class.category {
            Category::Laboratory => Verdict::Within(vec![(0, i64::MAX)]),
            _ => Verdict::Nothing,
        }
    }
}

/// CPU time of this thread where the system tells (Linux, to a few milliseconds), else wall time:
/// the machine may be busy.
#[derive(Clone, Copy)]
enum Stopwatch {
    Cpu(u64),
    Wall(std::time::Instant),
}

impl Stopwatch {
    fn cpu() -> Option<u64> {
        std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
    }

    fn start() -> Self {
        Self::cpu().map_or_else(|| Self::Wall(std::time::Instant::now()), Self::Cpu)
    }

    fn micros(self) -> f64 {
        match self {
            Self::Cpu(start) => Self::cpu().map_or(f64::NAN, |now| (now - start) as f64 / 1e3),
            Self::Wall(start) => start.elapsed().as_secs_f64() * 1e6,
        }
    }
}

/// Wall time of the median run, which a busy machine hardly moves.
fn median(n: usize, mut f: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..n)
        .map(|_| {
            let start = std::time::Instant::now();
            f();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[n / 2]
}

#[test]
fn catalog_speed() {
    if std::env::var_os("HEALTHSPACE_SPEED").is_none() {
        println!("SKIPPED: HEALTHSPACE_SPEED is not set");
        return;
    }
    let records = records();
    let mut offset = 0;
    let mut built = Vec::new();
    let start = Stopwatch::start();
    for (n, chunk) in records.chunks(1000).enumerate() {
        let mut b = SegmentBuilder::new();
        for (i, (id, identity, content, fact)) in chunk.iter().enumerate() {
            let len = 850 + (id.0[0] % 100) as u64;
            let origin = Origin { source: 1, span: Span { member: 0, offset, len } };
            offset += len + 1;
            b.add(NewRecord {
                id: *id,
                identity: *identity,
                content: *content,
                object: ObjectRef {
                    number: (1 << 40) + (n * 1000 + i) as u64,
                    version: n as u64 * 0x1_2345_6789,
                    group: 9,
                },
                origins: &[origin],
                author: Author::Source,
                confidentiality: Confidentiality::Restricted,
                sensitivities: Sensitivities::NONE,
                obligations: crate::label::Obligations::NONE,
                type_name: "Observation",
                facts: core::slice::from_ref(fact),
                series: None,
                revision: crate::record::Revision::default(),
                history: false,
            });
        }
        built.push(b.finish().unwrap());
    }
    let us = start.micros() / RECORDS as f64;
    let small: usize = built.iter().map(Vec::len).sum();
    println!("encode, segments of 1,000      {us:8.3} us/record   {:6.1} bytes/fact", small as f64 / RECORDS as f64);

    // As the vault does it, the decoding of what was merged included.
    let start = Stopwatch::start();
    let (mut catalog, mut levels, mut merged, mut files) = (Catalog::new(), Vec::new(), 0, Vec::new());
    let mut merging = 0.0;
    for bytes in built {
        let s = Segment::decode(&bytes).unwrap();
        levels.push((0, s.weight()));
        catalog.push(s);
        files.push(bytes);
        while let Some(m) = plan(&levels) {
            let parts: Vec<&Segment> = catalog.segments().skip(m.segments.start).take(m.segments.len()).collect();
            merged += parts.iter().map(|s| s.facts()).sum::<usize>();
            let begin = Stopwatch::start();
            let bytes = merge(&parts).unwrap();
            merging += begin.micros();
            let s = Segment::decode(&bytes).unwrap();
            levels.splice(m.segments.clone(), [(m.level, s.weight())]);
            files.splice(m.segments.clone(), [bytes]);
            catalog.replace(m.segments, s);
        }
    }
    let us = start.micros() / RECORDS as f64;
    let size: usize = files.iter().map(Vec::len).sum();
    println!(
        "merge, amortised, with decode  {us:8.3} us/record   {:6.1} bytes/fact   {:.2} merges/fact, {:.3} us/record of it merge()",
        size as f64 / RECORDS as f64,
        merged as f64 / RECORDS as f64,
        merging / RECORDS as f64,
    );
    println!("segments: {:?}", levels);

    let big = files.iter().max_by_key(|f| f.len()).unwrap();
    let n = Segment::decode(big).unwrap().facts();
    let us = median(21, || drop(Segment::decode(big).unwrap()));
    println!("decode of {n} facts          {us:8.0} us, so 1M in {:.0} ms", us * 1e3 / n as f64);
    let us = median(21, || files.iter().for_each(|f| drop(Segment::decode(f).unwrap())));
    println!("decode of all 100k             {us:8.0} us");

    let mut q = Query { limit: 100, ..Query::default() };
    let mut code = 0;
    View::new(&catalog, &OnlyLab).count(&q, &mut |_| ());
    let us = median(1001, || {
        code = (code + 37) % 200;
        q.codes = vec![("http://loinc.org".to_owned(), format!("{}-{}", 1000 + code, code % 10))];
        let view = View::new(&catalog, &OnlyLab);
        let facts = view.query_facts(&q);
        let (mut sum, mut last) = (0.0, 0);
        for f in &facts {
            sum += f.number().map_or(0.0, Decimal::to_f64);
            last = f.when().map_or(last, |w| w.at);
            assert_eq!(f.unit(), "mg/dL");
        }
        assert!(facts.len() == 100 && sum > 0.0 && last > 0);
    });
    println!("last 100 of a code, typed      {us:8.1} us");
    let us = median(1001, || assert_eq!(View::new(&catalog, &OnlyLab).query(&q).len(), 100));
    println!("the same as owned rows         {us:8.1} us");
    let q = Query { limit: 20, ..Query::default() };
    let us = median(101, || assert_eq!(View::new(&catalog, &OnlyLab).query_facts(&q).len(), 20));
    println!("last 20 of anything            {us:8.1} us");
    let us =
        median(21, || assert_eq!(View::new(&catalog, &OnlyLab).count(&Query::default(), &mut |_| ()), RECORDS as u64));
    println!("count of everything            {us:8.0} us");
    let us = median(21, || assert_eq!(View::new(&catalog, &OnlyLab).presence(&mut |_| ()).len(), 200));
    println!("presence                       {us:8.0} us");
    println!("memory, no identity index      {:8.1} bytes/fact", catalog.memory_bytes() as f64 / RECORDS as f64);

    let start = std::time::Instant::now();
    assert!(catalog.find_identity(&Identity([1; 16])).is_none());
    println!("identity index                 {:8.0} us once", start.elapsed().as_secs_f64() * 1e6);
    let mut at = 0;
    let us = median(10_001, || {
        at = (at + 7919) % RECORDS;
        assert_eq!(
            catalog.find_identity(&records[at].1).map(|r| (r.id(), r.content())),
            Some((records[at].0, records[at].2))
        );
    });
    println!("find_identity                  {us:8.3} us");
    assert!(catalog.find_record(&records[5].0).is_some());
    println!("memory, both indexes           {:8.1} bytes/fact", catalog.memory_bytes() as f64 / RECORDS as f64);
}

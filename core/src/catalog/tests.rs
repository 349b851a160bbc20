//! Every answer against a naive model: a list that is filtered and sorted.

use super::merge::rewrite;
use super::segment::SegmentBuilder;
use super::*;
use crate::error::{Error, Part};
use crate::id::{Identity, RecordId};
use crate::label::{Confidentiality, Obligations, Sensitivities};
use crate::record::{
    Author, Category, ClassFilter, Coding, Comparator, Decimal, DecisionClass, Everything, FactDraft, Kind,
    ObservedRange, Precision, Quantity, ResourceType, Revision, Span, Status, Value, Verdict, When,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SYSTEMS: [&str; 3] = ["http://loinc.org", "http://snomed.info/sct", ""];

fn coding() -> impl Strategy<Value = Coding> {
    (0usize..3, 0u8..5, 0u8..2)
        .prop_map(|(s, c, d)| Coding::new(SYSTEMS[s], &format!("c{c}"), if d == 0 { "" } else { "words" }))
}

fn when() -> impl Strategy<Value = When> {
    (-3i64..6, 0u8..6, prop::option::of(-60i16..60), any::<bool>()).prop_map(|(t, p, offset, odd)| When {
        at: t * 60_000 + i64::from(odd),
        precision: Precision::from_u8(p).unwrap(),
        offset,
    })
}

fn quantity() -> impl Strategy<Value = Quantity> {
    (prop_oneof![any::<i64>(), -50i64..50], -18i8..=30, 0u8..5, "[a-z]{0,2}", "[a-z]{0,1}").prop_map(
        |(m, s, c, unit, ucum)| Quantity {
            number: Decimal::new(m, s).unwrap(),
            comparator: Comparator::from_u8(c).unwrap(),
            unit,
            ucum,
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::None),
        quantity().prop_map(Value::Quantity),
        (prop::collection::vec(coding(), 0..3), "[äb]{0,2}").prop_map(|(c, t)| Value::Coded(c, t)),
        "\\PC{0,5}".prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
    ]
}

fn range() -> impl Strategy<Value = Option<Box<ObservedRange>>> {
    let bounds = (prop::option::of(quantity()), prop::option::of(quantity()), "[a-b]{0,2}", "H?");
    prop::option::of(
        bounds
            .prop_map(|(low, high, text, interpretation)| Box::new(ObservedRange { low, high, text, interpretation })),
    )
}

fn fact() -> impl Strategy<Value = FactDraft> {
    let what = (0usize..4, prop_oneof![0usize..3, Just(9)], prop::collection::vec(coding(), 0..3), "[a-c]{0,1}");
    let times = (prop::option::weighted(0.8, when()), prop::option::weighted(0.2, when()));
    let rest = (value(), prop_oneof![0usize..3, Just(9)], range(), "n{0,2}");
    (what, times, rest).prop_map(|((category, kind, codes, text), (when, until), (value, status, range, note))| {
        FactDraft {
            kind: Kind::ALL[kind],
            category: Category::ALL[category],
            codes,
            text,
            when,
            until,
            value,
            status: Status::ALL[status],
            range,
            note,
        }
    })
}

fn origin() -> impl Strategy<Value = Origin> {
    (0u32..3, 0u32..2, prop_oneof![0u64..99, any::<u64>()], 0u64..9)
        .prop_map(|(source, member, offset, len)| Origin { source, span: Span { member, offset, len } })
}

#[derive(Debug, Clone)]
struct Rec {
    identity: u8,
    object: ObjectRef,
    origins: Vec<Origin>,
    author: u8,
    confidentiality: u8,
    sensitivities: u32,
    obligations: u32,
    facts: Vec<FactDraft>,
    series: Option<SeriesSummary>,
}

fn rec() -> impl Strategy<Value = Rec> {
    let object = (any::<u32>(), 0u64..3, 0u64..3).prop_map(|(n, version, group)| ObjectRef {
        number: u64::from(n),
        version,
        group,
    });
    let series = prop::option::of((0u32..9, -1.0f64..1.0).prop_map(|(n, f)| SeriesSummary {
        count: n,
        numbers: n,
        sum: f,
        min: f - 1.0,
        max: f + 1.0,
    }));
    let class = (0u8..3, 0u8..6, 0u32..3, prop::sample::select(vec![0, 1 << 12, 1 << 31]));
    (0u8..9, object, prop::collection::vec(origin(), 0..3), class, prop::collection::vec(fact(), 0..4), series)
        .prop_map(
            |(identity, object, origins, (author, confidentiality, sensitivities, obligations), facts, series)| Rec {
                identity,
                object,
                origins,
                author,
                confidentiality,
                sensitivities,
                obligations,
                facts,
                series,
            },
        )
}

/// What a commit does: additions, and by position among the live records retirements, links, and
/// retired records that come back at once.
type Step = (Vec<Rec>, Vec<usize>, Vec<(usize, Origin)>, Vec<usize>);

fn step() -> impl Strategy<Value = Step> {
    let link = (0usize..50, origin());
    (
        prop::collection::vec(rec(), 0..8),
        prop::collection::vec(0usize..50, 0..3),
        prop::collection::vec(link, 0..4),
        prop::collection::vec(0usize..50, 0..2),
    )
}

/// A live record of the model.
#[derive(Debug, Clone)]
struct Live {
    id: RecordId,
    age: usize,
    rec: Rec,
}

/// All that a fact may be of, the end included.
fn span(fact: &FactDraft) -> Option<(i64, i64)> {
    let when = fact.when?;
    let both = || [Some(when), fact.until].into_iter().flatten();
    Some((both().map(|w| w.at).min()?, both().map(|w| w.end() - 1).max()?))
}

#[derive(Default)]
struct Model(Vec<Live>);

impl Model {
    fn rows(&self) -> Vec<(usize, FactRow)> {
        let mut out = Vec::new();
        for live in &self.0 {
            for (part, fact) in live.rec.facts.iter().enumerate() {
                let class = DecisionClass {
                    category: fact.category,
                    kind: fact.kind,
                    confidentiality: Confidentiality::from_u8(live.rec.confidentiality).unwrap(),
                    sensitivities: live.rec.sensitivities,
                    obligations: live.rec.obligations,
                    author: Author::from_u8(live.rec.author).unwrap(),
                    resource: ResourceType::of(type_of(live.id)),
                };
                out.push((
                    live.age,
                    FactRow {
                        record: live.id,
                        part: part as u16,
                        object: live.rec.object,
                        origins: live.rec.origins.clone(),
                        class,
                        fact: fact.clone(),
                        series: live.rec.series.filter(|_| fact.kind == Kind::Series),
                        type_name: type_of(live.id).to_owned(),
                    },
                ));
            }
        }
        out
    }

    fn matching(&self, q: &Query, filter: &dyn ClassFilter) -> Vec<FactRow> {
        let mut rows = self.rows();
        rows.retain(|(_, r)| {
            let at = r.fact.when.map(|w| w.at);
            let code = |c: &Coding| {
                q.codes.iter().any(|(system, code)| c.code == *code && (system.is_empty() || c.system == *system))
            };
            let verdict = filter.judge(&r.class);
            // A chunk that a period governs is for whoever can open it.
            verdict.passes(span(&r.fact))
                && !(r.fact.kind == Kind::Series && matches!(verdict, Verdict::Within(_)))
                && (!q.standing || r.fact.status != Status::NotDone)
                && (q.codes.is_empty() || r.fact.codes.iter().any(code))
                && (q.categories.is_empty() || q.categories.contains(&r.fact.category))
                && (q.kinds.is_empty() || q.kinds.contains(&r.fact.kind))
                && q.from.is_none_or(|t| at.is_some_and(|at| at >= t))
                && q.to.is_none_or(|t| at.is_some_and(|at| at < t))
                && (q.include_errors || r.fact.status != Status::EnteredInError)
        });
        let sign = if q.order == Order::OldestFirst { 1 } else { -1 };
        let key = |r: &FactRow| {
            let time = r.fact.when.map_or((1, 0), |w| (0, w.at * sign));
            (time, r.object.number, r.record, r.part)
        };
        rows.sort_by_key(|(_, r)| key(r));
        rows.into_iter().map(|(_, r)| r).collect()
    }

    fn presence(&self, filter: &dyn ClassFilter) -> Vec<Presence> {
        let mut lines: BTreeMap<(Category, Kind, String, String, String), Presence> = BTreeMap::new();
        for r in self.matching(&Query::default(), filter) {
            let first = r.fact.codes.first();
            let key = (
                r.fact.category,
                r.fact.kind,
                first.map_or(String::new(), |c| c.system.clone()),
                first.map_or(String::new(), |c| c.code.clone()),
                if first.is_none() { r.fact.text.clone() } else { String::new() },
            );
            let (category, kind, system, code, _) = key.clone();
            let text = if r.fact.text.is_empty() {
                first.map_or(String::new(), |c| c.display.clone())
            } else {
                r.fact.text.clone()
            };
            let at = r.fact.when.map(|w| w.at);
            let line = lines.entry(key).or_insert(Presence {
                category,
                kind,
                system,
                code,
                text,
                display: first.map_or(String::new(), |c| c.display.clone()),
                names: Vec::new(),
                count: 0,
                first: at,
                last: at,
            });
            line.count += 1;
            line.names.extend(r.fact.codes.iter().map(|c| c.display.clone()).filter(|d| !d.is_empty()));
            line.names.sort();
            line.names.dedup();
            line.first = match (line.first, at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        lines.into_values().collect()
    }
}

fn new_record<'a>(id: RecordId, rec: &'a Rec) -> NewRecord<'a> {
    NewRecord {
        id,
        identity: Identity([rec.identity; 16]),
        content: [id.0[0] ^ 0xff; 16],
        object: rec.object,
        origins: &rec.origins,
        author: Author::from_u8(rec.author).unwrap(),
        confidentiality: Confidentiality::from_u8(rec.confidentiality).unwrap(),
        sensitivities: Sensitivities::from_bits(rec.sensitivities),
        obligations: Obligations::from_bits(rec.obligations),
        type_name: type_of(id),
        facts: &rec.facts,
        series: rec.series,
        revision: revision(id),
        history: false,
    }
}

/// A type of FHIR for most, and what is none.
fn type_of(id: RecordId) -> &'static str {
    ["Observation", "Immunization", "X"][usize::from(id.0[0]) % 3]
}

/// A segment that was written when classes did not know the type of their records: one class for all.
#[test]
fn classes_of_an_older_segment_are_parted_by_type() {
    let rec = |n: u8| Rec {
        identity: n,
        object: ObjectRef { number: n.into(), version: 1, group: 1 },
        origins: vec![Origin { source: 1, span: Span { member: 0, offset: 0, len: 1 } }],
        author: 0,
        confidentiality: 2,
        sensitivities: 0,
        obligations: 0,
        facts: vec![FactDraft::new(Kind::Other, Category::Other)],
        series: None,
    };
    let of = |bytes: &[u8]| {
        let mut catalog = Catalog::new();
        catalog.push(Segment::decode(bytes).unwrap());
        let seen = catalog.records().map(|r| (r.id().0[0], r.facts().next().unwrap().class().resource));
        (seen.collect::<BTreeMap<u8, ResourceType>>(), catalog.classes().len())
    };
    let build = || {
        let mut b = SegmentBuilder::new();
        (0..6).for_each(|n| b.add(new_record(RecordId([n; 16]), &rec(n))));
        b
    };
    let expect = (0..6).map(|n| (n, ResourceType::of(type_of(RecordId([n; 16]))))).collect();
    let older = build().finish_without_types().unwrap();
    assert!(older.len() < build().finish().unwrap().len(), "one class in the place of three");
    assert_eq!(of(&older), (expect, 3));
    assert_eq!(of(&older), of(&build().finish().unwrap()));
    let merged = merge(&[&Segment::decode(&older).unwrap()]).unwrap();
    assert_eq!(of(&merged), of(&older));
}

fn revision(id: RecordId) -> Revision {
    Revision {
        updated: Some(i64::from(id.0[0]) - 9).filter(|t| *t != 0),
        version: id.0[1].checked_sub(1).map(u64::from),
    }
}

/// Runs a commit on the model and gives the builder that says the same.
fn commit(model: &mut Model, ids: &mut u16, age: usize, (adds, retires, links, returns): &Step) -> SegmentBuilder {
    let mut b = SegmentBuilder::new();
    let mut back = Vec::new();
    for (at, again) in retires.iter().map(|r| (r, false)).chain(returns.iter().map(|r| (r, true))) {
        if model.0.is_empty() {
            break;
        }
        let gone = model.0.remove(at % model.0.len());
        b.retire(gone.id);
        if again {
            back.push(gone);
        }
    }
    let mut added: Vec<Live> = Vec::new();
    for rec in adds {
        // Ids are spread so that their order is not that of age.
        *ids += 1;
        let n = ids.wrapping_mul(40_503);
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        added.push(Live { id: RecordId(id), age, rec: rec.clone() });
    }
    for mut gone in back {
        gone.age = age;
        gone.rec.object.number += 1;
        added.push(gone);
    }
    for live in &added {
        b.add(new_record(live.id, &live.rec));
    }
    model.0.extend(added);
    for (at, origin) in links {
        if !model.0.is_empty() {
            let at = at % model.0.len();
            let live = &mut model.0[at];
            b.link(live.id, *origin);
            if !live.rec.origins.contains(origin) {
                live.rec.origins.push(*origin);
            }
        }
    }
    b
}

#[derive(Debug, Clone)]
struct Rules(Vec<Verdict>);

impl ClassFilter for Rules {
    fn judge(&self, class: &DecisionClass) -> Verdict {
        let n = class.category as usize
            + 3 * class.kind as usize
            + 5 * class.confidentiality as usize
            + 7 * class.author as usize
            + class.sensitivities as usize
            + class.obligations as usize
            + class.resource.name().map_or(0, str::len);
        self.0[n % self.0.len()].clone()
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let ranges = prop::collection::vec((-200_000i64..300_000, 0i64..200_000), 0..3)
        .prop_map(|v| Verdict::Within(v.into_iter().map(|(a, n)| (a, a + n)).collect()));
    let verdict = prop_oneof![Just(Verdict::Nothing), Just(Verdict::All), ranges];
    prop::collection::vec(verdict, 1..5).prop_map(Rules)
}

fn query() -> impl Strategy<Value = Query> {
    let code = (prop::sample::select(vec!["http://loinc.org", "http://snomed.info/sct", "", "x"]), 0u8..6)
        .prop_map(|(s, c)| (s.to_owned(), format!("c{c}")));
    let lists = (
        prop::collection::vec(code, 0..3),
        prop::collection::vec((0usize..4).prop_map(|i| Category::ALL[i]), 0..2),
        prop::collection::vec((0usize..3).prop_map(|i| Kind::ALL[i]), 0..2),
    );
    let period = (prop::option::of(-200_000i64..400_000), prop::option::of(-200_000i64..400_000));
    (lists, period, 0usize..6, 0usize..4, any::<bool>(), any::<(bool, bool)>()).prop_map(
        |((codes, categories, kinds), (from, to), limit, skip, oldest, (include_errors, standing))| Query {
            codes,
            categories,
            kinds,
            from,
            to,
            limit,
            skip,
            order: if oldest { Order::OldestFirst } else { Order::NewestFirst },
            include_errors,
            standing,
        },
    )
}

fn check(catalog: &Catalog, model: &Model, filter: &dyn ClassFilter, queries: &[Query]) -> Result<(), TestCaseError> {
    let view = View::new(catalog, filter);
    for q in queries {
        let all = model.matching(q, filter);
        prop_assert_eq!(view.count(q, &mut |_| ()), all.len() as u64);
        let limit = if q.limit == 0 { usize::MAX } else { q.limit };
        let expect: Vec<FactRow> = all.into_iter().skip(q.skip).take(limit).collect();
        let lean = view.lean(q);
        let whole: Vec<FactRow> = lean.rows.iter().map(|r| view.whole(r).unwrap()).collect();
        for (row, all) in lean.rows.iter().zip(&whole) {
            prop_assert_eq!((row.fact.when, row.fact.status, &row.class), (all.fact.when, all.fact.status, &all.class));
            let head = &lean.heads[row.head as usize];
            prop_assert_eq!((&head.codes, &head.text), (&all.fact.codes, &all.fact.text));
            match (&row.fact.value, &all.fact.value, &head.value) {
                (Value::Quantity(a), Value::Quantity(b), Value::Quantity(c)) => {
                    prop_assert_eq!((a.number, a.comparator), (b.number, b.comparator));
                    prop_assert_eq!((&b.unit, &b.ucum), (&c.unit, &c.ucum));
                }
                (a, b, c) => {
                    prop_assert_eq!(*a == Value::None, *b == Value::None);
                    prop_assert!(!matches!((b, c), (Value::Quantity(_), _) | (_, Value::Quantity(_))));
                }
            }
        }
        prop_assert_eq!(whole, expect.clone());
        prop_assert_eq!(view.query(q), expect);
    }
    prop_assert_eq!(view.presence(&mut |_| ()), model.presence(filter));
    Ok(())
}

fn check_records(catalog: &Catalog, model: &Model, ids: u16) -> Result<(), TestCaseError> {
    for n in 1..=ids {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.wrapping_mul(40_503).to_be_bytes());
        let expect = model.0.iter().find(|l| l.id.0 == id);
        let found = catalog.find_record(&RecordId(id));
        prop_assert_eq!(found.is_some(), expect.is_some());
        if let (Some(found), Some(expect)) = (found, expect) {
            let rec = &expect.rec;
            prop_assert_eq!(found.object(), rec.object);
            prop_assert_eq!(found.origins(), rec.origins.clone());
            prop_assert_eq!(found.identity(), Identity([rec.identity; 16]));
            prop_assert_eq!(found.sensitivities().bits(), rec.sensitivities);
            prop_assert_eq!(found.obligations().bits(), rec.obligations);
            prop_assert_eq!(found.author() as u8, rec.author);
            prop_assert_eq!(found.confidentiality() as u8, rec.confidentiality);
            prop_assert_eq!(found.series(), rec.series);
            prop_assert_eq!(found.type_name(), type_of(found.id()));
            prop_assert_eq!((found.revision(), found.is_history()), (revision(found.id()), false));
            let facts: Vec<FactDraft> = found.facts().map(|f| f.to_row().fact).collect();
            prop_assert_eq!(&facts, &rec.facts);
        }
    }
    for identity in 0..10 {
        let of: Vec<&Live> = model.0.iter().filter(|l| l.rec.identity == identity).collect();
        let found = catalog.find_identity(&Identity([identity; 16]));
        // The newest segment's; within it any.
        let newest = of.iter().map(|l| l.age).max();
        prop_assert_eq!(found.is_some(), newest.is_some());
        if let Some(found) = found {
            let id = found.id();
            prop_assert_eq!(found.content(), [id.0[0] ^ 0xff; 16]);
            prop_assert!(of.iter().any(|l| l.id == id && Some(l.age) == newest));
        }
    }
    prop_assert_eq!(catalog.records().count(), model.0.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn answers_as_a_sorted_list_does(
        steps in prop::collection::vec((step(), prop::option::of((0usize..8, 1usize..5))), 1..9),
        queries in prop::collection::vec(query(), 6),
        filter in rules(),
    ) {
        let (mut model, mut catalog, mut ids) = (Model::default(), Catalog::new(), 0);
        for (age, (step, merging)) in steps.iter().enumerate() {
            let bytes = commit(&mut model, &mut ids, age, step).finish().unwrap();
            catalog.push(Segment::decode(&bytes).unwrap());
            if let Some((start, n)) = merging {
                let start = start % catalog.len();
                let range = start..(start + n).min(catalog.len());
                let parts: Vec<&Segment> = catalog.segments().skip(range.start).take(range.len()).collect();
                let merged = Segment::decode(&merge(&parts).unwrap()).unwrap();
                catalog.replace(range, merged);
            }
            check(&catalog, &model, &Everything, &queries)?;
        }
        check(&catalog, &model, &filter, &queries)?;
        check_records(&catalog, &model, ids)?;
        // All in one, and read again from nothing.
        let all: Vec<&Segment> = catalog.segments().collect();
        let mut one = Catalog::new();
        one.push(Segment::decode(&merge(&all).unwrap()).unwrap());
        check(&one, &model, &filter, &queries)?;
        check_records(&one, &model, ids)?;
        let only = one.segments().next().unwrap();
        prop_assert_eq!(only.records(), model.0.len());
        prop_assert!(only.retired.is_empty() && only.links.is_empty());
        let mut again = Catalog::new();
        for s in catalog.segments() {
            again.push(Segment::decode(&merge(&[s]).unwrap()).unwrap());
        }
        check(&again, &model, &filter, &queries)?;
    }

    #[test]
    fn erasure_leaves_out_a_group_and_an_origin(
        steps in prop::collection::vec(step(), 1..5), queries in prop::collection::vec(query(), 3),
    ) {
        let (mut model, mut segments, mut ids) = (Model::default(), Vec::new(), 0);
        for (age, step) in steps.iter().enumerate() {
            let bytes = commit(&mut model, &mut ids, age, step).finish().unwrap();
            segments.push(Segment::decode(&bytes).unwrap());
        }
        let mut catalog = Catalog::new();
        for s in &segments {
            let kept = rewrite(&[s], &Keep { record: &|_, group| group != 1, origin: &|o| o.source != 2, ..Keep::ALL }).unwrap();
            let kept = Segment::decode(&kept).unwrap();
            prop_assert!(!kept.groups().contains(&1));
            catalog.push(kept);
        }
        model.0.retain(|l| l.rec.object.group != 1);
        for l in &mut model.0 {
            l.rec.origins.retain(|o| o.source != 2);
        }
        check(&catalog, &model, &Everything, &queries)?;
        check_records(&catalog, &model, ids)?;
    }

    #[test]
    fn random_bytes_are_no_segment(mut bytes in prop::collection::vec(any::<u8>(), 0..300), zero: bool) {
        if zero && !bytes.is_empty() { bytes[0] = 0; }
        match Segment::decode(&bytes) {
            Ok(s) => touch(s),
            Err(e) => prop_assert!(matches!(e, Error::Corrupt(Part::Segment) | Error::NeedsNewerLibrary)),
        }
    }

    #[test]
    fn a_damaged_segment_never_panics(
        steps in prop::collection::vec(step(), 2..4),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        stored in prop::bool::weighted(0.8),
    ) {
        let (mut model, mut ids, mut last) = (Model::default(), 0, SegmentBuilder::new());
        for (age, step) in steps.iter().enumerate() {
            last = commit(&mut model, &mut ids, age, step);
        }
        let mut bytes = if stored { last.finish_stored().unwrap() } else { last.finish().unwrap() };
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        if let Ok(s) = Segment::decode(&bytes) {
            touch(s);
        }
    }
}

/// Looks at everything that a segment says.
fn touch(segment: Segment) {
    let bytes = merge(&[&segment]);
    let mut catalog = Catalog::new();
    catalog.push(segment);
    let all = Query { include_errors: true, ..Query::default() };
    for order in [Order::NewestFirst, Order::OldestFirst] {
        for codes in [vec![], vec![(String::new(), "c1".to_owned())]] {
            let q = Query { order, codes, from: Some(0), ..all.clone() };
            View::new(&catalog, &Everything).query(&q);
        }
    }
    let view = View::new(&catalog, &Everything);
    let rows = view.query(&all);
    assert_eq!(rows.len() as u64, view.count(&all, &mut |_| ()));
    view.presence(&mut |_| ());
    for r in &rows {
        let found = catalog.find_record(&r.record);
        assert!(found.is_some_and(|f| f.facts().len() > 0));
    }
    assert!(catalog.records().count() > 0 || rows.is_empty());
    assert!(catalog.memory_bytes() > 0);
    if let Ok(bytes) = bytes {
        let again = Segment::decode(&bytes).unwrap();
        assert_eq!(again.facts(), rows.len());
    }
}

#[test]
fn truncated_at_every_byte() {
    let rec = Rec {
        identity: 1,
        object: ObjectRef { number: 1, version: 2, group: 3 },
        origins: vec![],
        author: 0,
        confidentiality: 4,
        sensitivities: 0,
        obligations: 0,
        facts: vec![FactDraft::new(Kind::Condition, Category::Conditions)],
        series: None,
    };
    let mut b = SegmentBuilder::new();
    b.add(new_record(RecordId([1; 16]), &rec));
    let bytes = b.finish().unwrap();
    assert!(Segment::decode(&bytes).is_ok());
    for n in 0..bytes.len() {
        assert!(Segment::decode(&bytes[..n]).is_err());
    }
    let mut newer = bytes.clone();
    newer[0] = 1;
    assert!(matches!(Segment::decode(&newer), Err(Error::NeedsNewerLibrary)));
    newer[0] = 0;
    newer.push(0);
    assert!(Segment::decode(&newer).is_err());
}

#[test]
fn a_frame_may_not_grow_without_bound() {
    let bomb = zstd::bulk::compress(&vec![0; 32 << 20], 3).unwrap();
    let mut bytes = vec![0, 0, 0, 0, 0, 1];
    crate::codec::varint::put(&mut bytes, 32 << 20);
    bytes.extend(bomb);
    assert!(matches!(Segment::decode(&bytes), Err(Error::Corrupt(Part::Segment))));
    // What really is that repetitive is stored as it is, and read again.
    let mut fact = FactDraft::new(Kind::Document, Category::Documents);
    fact.note = "a".repeat(4 << 20);
    let rec = Rec {
        identity: 1,
        object: ObjectRef { number: 1, version: 2, group: 3 },
        origins: vec![],
        author: 0,
        confidentiality: 4,
        sensitivities: 0,
        obligations: 0,
        facts: vec![fact.clone()],
        series: None,
    };
    let mut b = SegmentBuilder::new();
    b.add(new_record(RecordId([1; 16]), &rec));
    let s = Segment::decode(&b.finish().unwrap()).unwrap();
    assert!(s.weight() > 4096);
    let mut catalog = Catalog::new();
    catalog.push(s);
    assert_eq!(View::new(&catalog, &Everything).query(&Query::default())[0].fact.note, fact.note);
}

#[test]
fn limits_are_errors() {
    let facts = vec![FactDraft::new(Kind::Other, Category::Other); 65_537];
    let rec = Rec {
        identity: 1,
        object: ObjectRef { number: 1, version: 2, group: 3 },
        origins: vec![],
        author: 0,
        confidentiality: 4,
        sensitivities: 0,
        obligations: 0,
        facts,
        series: None,
    };
    let mut b = SegmentBuilder::new();
    b.add(new_record(RecordId([1; 16]), &rec));
    assert!(matches!(b.finish(), Err(Error::TooLarge(crate::error::Limit::Items))));
}

#[test]
fn the_words_of_a_retired_record_do_not_survive_a_merge() {
    let mut fact = FactDraft::new(Kind::Condition, Category::Conditions);
    fact.text = "unmistakable".to_owned();
    let rec = Rec {
        identity: 1,
        object: ObjectRef { number: 1, version: 2, group: 3 },
        origins: vec![],
        author: 0,
        confidentiality: 4,
        sensitivities: 0,
        obligations: 0,
        facts: vec![fact],
        series: None,
    };
    let mut a = SegmentBuilder::new();
    a.add(new_record(RecordId([1; 16]), &rec));
    let mut b = SegmentBuilder::new();
    b.retire(RecordId([1; 16]));
    let (a, b) = (Segment::decode(&a.finish().unwrap()).unwrap(), Segment::decode(&b.finish().unwrap()).unwrap());
    let merged = Segment::decode(&merge(&[&a, &b]).unwrap()).unwrap();
    assert_eq!((merged.records(), merged.facts(), merged.words.text.len(), merged.groups().len()), (0, 0, 0, 0));
}

#[test]
fn a_superseded_version_keeps_its_body_and_loses_its_facts() {
    let fact = FactDraft { text: "old words".to_owned(), ..FactDraft::new(Kind::Observation, Category::Laboratory) };
    let rec = |n: u64, facts| Rec {
        identity: 7,
        object: ObjectRef { number: n, version: 2, group: 3 },
        origins: vec![Origin { source: n as u32, span: Span::default() }],
        author: 0,
        confidentiality: 4,
        sensitivities: 0,
        obligations: 0,
        facts,
        series: None,
    };
    let (old, new) = (rec(1, vec![fact.clone()]), rec(2, vec![FactDraft { text: "new".to_owned(), ..fact }]));
    let segment = |f: &dyn Fn(&mut SegmentBuilder)| {
        let mut b = SegmentBuilder::new();
        f(&mut b);
        Segment::decode(&b.finish().unwrap()).unwrap()
    };
    let a = segment(&|b| b.add(new_record(RecordId([1; 16]), &old)));
    let b = segment(&|b| {
        b.add(new_record(RecordId([2; 16]), &new));
    });
    let c = segment(&|b| {
        b.retire(RecordId([1; 16]));
        b.add(NewRecord { history: true, ..new_record(RecordId([1; 16]), &old) });
        b.link(RecordId([1; 16]), Origin { source: 9, span: Span::default() });
    });
    let merged = Segment::decode(&merge(&[&a, &b, &c]).unwrap()).unwrap();
    assert!(!merged.words.text.contains("old words"));
    for catalog in [Catalog::of([a, b, c].map(std::sync::Arc::new)), Catalog::of([std::sync::Arc::new(merged)])] {
        let rows = View::new(&catalog, &Everything).query(&Query { include_errors: true, ..Query::default() });
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].record, RecordId([2; 16]));
        let identity = Identity([7; 16]);
        assert_eq!(catalog.find_identity(&identity).unwrap().id(), RecordId([2; 16]));
        assert_eq!(catalog.versions(&identity).count(), 2);
        let kept = catalog.find_record(&RecordId([1; 16])).unwrap();
        assert!(kept.is_history() && kept.object().number == 1 && kept.facts().len() == 0);
        assert_eq!(kept.revision(), revision(RecordId([1; 16])));
        assert_eq!(kept.origins().iter().map(|o| o.source).collect::<Vec<_>>(), [1, 9]);
    }
}

//! Erasing a period, against a plain filter over what was imported.

use super::tests::{allow, clock, events, gesture, model, source, unlock};
use super::tests_faults::create;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::{RecordRef, series};
use crate::crypto::context::Class;
use crate::error::Error;
use crate::id::Timestamp;
use crate::import::Source;
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DAY: i64 = 86_400_000;
/// 2024-01-01T00:00:00Z.
const BEGIN: i64 = 1_704_067_200_000;

fn text(at: i64) -> String {
    Timestamp::from_millis(at).to_rfc3339()
}

/// When something was: from, and until where it has an end.
type Time = Option<(i64, Option<i64>)>;

/// Whether it reaches into a period.
fn in_period(time: Time, (from, up_to): (i64, i64)) -> bool {
    time.is_some_and(|(first, last)| first < up_to && last.unwrap_or(first) >= from)
}

fn observation(n: u32, time: Time) -> String {
    let time = match time {
        None => String::new(),
        Some((at, None)) => format!(r#""effectiveDateTime":"{}","#, text(at)),
        Some((at, Some(end))) => format!(r#""effectivePeriod":{{"start":"{}","end":"{}"}},"#, text(at), text(end)),
    };
    format!(
        r#"{{"resourceType":"Observation","id":"{n}","status":"final",{time}"code":{{"text":"word-{n}-"}},"category":[{{"coding":[{{"code":"laboratory"}}]}}],"subject":{{"reference":"Patient/p1"}}}}"#
    )
}

/// Steps at these seconds from the beginning; each sample ends a minute later.
fn steps(seconds: &BTreeSet<i64>) -> Source {
    let date =
        |s: i64| text(BEGIN + s * 1000).replace('T', " ").split('.').next().unwrap().trim_end_matches('Z').to_owned();
    let sample = |s: &i64| {
        let (from, to) = (date(*s), date(*s + 60));
        format!(
            r#"<Record type="HKQuantityTypeIdentifierStepCount" sourceName="Watch" unit="count" creationDate="{to} +0000" startDate="{from} +0000" endDate="{to} +0000" value="{}"/>"#,
            s % 977
        )
    };
    let all: String = seconds.iter().map(sample).collect();
    let xml = format!(
        r#"<?xml version="1.0"?><HealthData locale="en_US"><ExportDate value="2026-09-01 10:00:00 +0200"/>{all}</HealthData>"#
    );
    Source::bytes(xml.into_bytes()).unwrap()
}

/// What is there: numbers of observations with how many versions, and the starts of samples.
fn held(space: &HealthSpace) -> (BTreeMap<u32, usize>, BTreeSet<i64>) {
    let (txn, state) = space.inner.read().unwrap();
    let scope = &state.partitions[0];
    let (mut bodies, mut starts) = (BTreeMap::new(), BTreeSet::new());
    let mut raw = Vec::new();
    for record in scope.readable.records() {
        if record.series().is_some() {
            scope.open_object(&space.inner.base, &*txn, Class::Series, &record.object(), &mut raw).unwrap();
            let samples = series::decode(&raw).unwrap();
            let fact = record.facts().next().unwrap();
            let (first, last) = (samples.iter().map(|s| s.start).min(), samples.iter().map(|s| s.start).max());
            assert_eq!((fact.when().map(|t| t.at), fact.until().map(|t| t.at)), (first, last));
            assert_eq!(record.series().unwrap().count as usize, samples.len());
            assert!(samples.iter().all(|s| starts.insert((s.start - BEGIN) / 1000)), "a sample twice");
        } else if record.type_name() == "Observation" {
            scope.open_object(&space.inner.base, &*txn, Class::Body, &record.object(), &mut raw).unwrap();
            let body = super::permitted::block_record(&raw, &record.object()).unwrap();
            let body = std::str::from_utf8(body).unwrap();
            let n = body.split("word-").nth(1).unwrap().split('-').next().unwrap();
            *bodies.entry(n.parse().unwrap()).or_default() += 1;
        }
    }
    (bodies, starts)
}

fn period((from, up_to): (i64, i64)) -> Erase {
    Erase::Period { from: Timestamp::from_millis(from), up_to: Timestamp::from_millis(up_to) }
}

fn whole(space: &HealthSpace) {
    let found = space.check().unwrap();
    assert!(found.is_whole() && found.scopes.iter().all(|s| s.unnamed == 0), "{found:?}");
}

fn open(disk: &Disk) -> HealthSpace {
    HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap()
}

/// Records and samples at random, some known from two files, some in two versions, some without a date.
#[test]
fn what_stays_is_what_a_plain_filter_leaves() {
    let mut random = 11u64;
    let mut below = |n: i64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(random >> 33).unwrap() % n
    };
    let (mut cut, mut gone) = (0, 0);
    for round in 0..12 {
        let disk = Disk::new();
        let space = create(Arc::new(disk.clone()), clock().0);
        let health = space.partition("health").unwrap();
        let time = |below: &mut dyn FnMut(i64) -> i64| -> Time {
            let at = BEGIN + below(90) * DAY + below(3) * 3_600_000;
            match below(4) {
                0 => None,
                1 => Some((at, Some(at + below(40) * DAY))),
                _ => Some((at, None)),
            }
        };
        let mut times: BTreeMap<u32, Time> = BTreeMap::new();
        let mut versions: BTreeMap<u32, usize> = BTreeMap::new();
        for file in 0..2 {
            let mine: BTreeMap<u32, Time> = (file * 12..file * 12 + 20).map(|n| (n, time(&mut below))).collect();
            let all: Vec<String> = mine.iter().map(|(n, t)| observation(*n, *t)).collect();
            health.import(source(&all)).unwrap();
            for (n, t) in mine {
                if times.insert(n, t) != Some(t) {
                    *versions.entry(n).or_default() += 1;
                }
            }
        }
        let mut samples = BTreeSet::new();
        for _ in 0..2 {
            // Two exports that overlap: the chunks of one month are of both.
            let mine: BTreeSet<i64> =
                (0..60).map(|_| below(80 * 24) * 3600).chain(samples.iter().take(9).copied()).collect();
            health.import(steps(&mine)).unwrap();
            samples.extend(mine);
        }
        assert_eq!(held(&space), (versions.clone(), samples.clone()), "before");
        for _ in 0..3 {
            let from = BEGIN + below(90) * DAY + below(2) * 3_600_000;
            let of = (from, from + 1 + below(20) * DAY);
            let inside = |s: &i64| (of.0..of.1).contains(&(BEGIN + s * 1000));
            let doomed: BTreeSet<u32> = times.iter().filter(|(_, t)| in_period(**t, of)).map(|(n, _)| *n).collect();
            let undated = times.values().filter(|t| t.is_none()).count() as u64;
            let none = doomed.is_empty() && !samples.iter().any(inside);
            let done = health.erase(&period(of), gesture());
            times.retain(|n, _| !doomed.contains(n));
            versions.retain(|n, _| !doomed.contains(n));
            let before = samples.len();
            samples.retain(|s| !inside(s));
            if none {
                assert!(matches!(done, Err(Error::NotFound)), "{round}: {done:?}");
            } else {
                assert_eq!(done.unwrap().undated, undated);
                cut += usize::from(samples.len() < before);
                gone += doomed.len();
            }
            for space in [&space, &open(&disk)] {
                assert_eq!(held(space), (versions.clone(), samples.clone()), "{round}");
                whole(space);
            }
        }
        // The same export brings back what went of it, and nothing twice.
        let all: BTreeSet<i64> = samples.iter().copied().chain([1, 86_400 * 40]).collect();
        health.import(steps(&all)).unwrap();
        assert_eq!(held(&space).1, all);
    }
    assert!(cut > 10 && gone > 30, "{cut} {gone}");
}

#[test]
fn what_reaches_over_an_edge_goes_and_a_sample_goes_where_it_begins() {
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), clock().0);
    let health = space.partition("health").unwrap();
    let day = |n: i64| BEGIN + n * DAY;
    let times: [Time; 9] = [
        Some((day(0), Some(day(5)))),     // into it
        Some((day(9), Some(day(20)))),    // out of it
        Some((day(0), Some(day(20)))),    // over all of it
        Some((day(0), Some(day(5) - 1))), // ends before it
        Some((day(5) - 1, None)),         // an instant before it
        Some((day(5), None)),             // its first instant
        Some((day(10) - 1, None)),        // its last
        Some((day(10), None)),            // behind it
        None,
    ];
    let all: Vec<String> = (0..).zip(times).map(|(n, t)| observation(n, t)).collect();
    health.import(source(&all)).unwrap();
    // One sample that begins before the edge and ends behind it, at either side.
    let seconds = |at: i64| (at - BEGIN) / 1000;
    let (before, inside, last) = (seconds(day(5)) - 30, seconds(day(7)), seconds(day(10)) - 30);
    health.import(steps(&[before, inside, last].into())).unwrap();
    let of = (day(5), day(10));
    for wrong in [(day(5), day(5)), (day(10), day(5))] {
        assert!(matches!(health.erase(&period(wrong), gesture()), Err(Error::Malformed(_))));
    }
    let done = health.erase(&period(of), gesture()).unwrap();
    assert_eq!((done.records, done.undated, done.sources), (6, 1, 0), "five observations and the chunk");
    let (bodies, samples) = held(&space);
    assert_eq!(bodies.keys().copied().collect::<Vec<_>>(), [3, 4, 7, 8]);
    assert_eq!(samples, [before].into());
    let all = events(&space, LogOf::Partition("health"));
    let entry = usize::try_from(done.entry).unwrap();
    assert!(matches!(&all[entry], AuditEvent::Erased { what, records: 6, .. } if what == "period"));
    whole(&open(&disk));
}

/// A source of which nothing is left but the rest of a chunk, and one that is erased after it.
#[test]
fn the_rest_of_a_chunk_stays_its_sources() {
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), clock().0);
    let health = space.partition("health").unwrap();
    let first: BTreeSet<i64> = (0..10).map(|n| n * 3600).collect();
    let second: BTreeSet<i64> = (5..15).map(|n| n * 3600).collect();
    health.import(steps(&first)).unwrap();
    health.import(steps(&second)).unwrap();
    health.erase(&period((BEGIN, BEGIN + 3_600_000 * 7)), gesture()).unwrap();
    assert_eq!(held(&space).1, (7..15).map(|n| n * 3600).collect());
    let sources: Vec<_> = health.sources().unwrap().iter().map(|s| s.id).collect();
    let original = |id| health.original(id, gesture(), &mut Vec::new());
    assert!(sources.iter().all(|id| matches!(original(*id), Err(Error::NotFound))));
    // The second attests what is left of the first one's as well.
    health.erase(&Erase::Source(sources[0]), gesture()).unwrap();
    assert_eq!(held(&space).1, (7..15).map(|n| n * 3600).collect());
    health.erase(&Erase::Source(sources[1]), gesture()).unwrap();
    assert!(held(&space).1.is_empty());
    whole(&open(&disk));
}

/// Chunks of one month are told as one thing in overlapping exports: they are no versions of each other.
#[test]
fn a_chunk_that_is_erased_by_its_id_takes_no_other_of_its_month_along() {
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), clock().0);
    let health = space.partition("health").unwrap();
    health.import(steps(&(0..10).map(|n| n * 3600).collect())).unwrap();
    health.import(steps(&(20..30).map(|n| n * 3600).collect())).unwrap();
    let chunks: Vec<_> = {
        let (_, state) = space.inner.read().unwrap();
        let is_chunk = |r: &RecordRef<'_>| r.series().is_some();
        state.partitions[0].readable.records().filter(is_chunk).map(|r| r.id()).collect()
    };
    assert_eq!(chunks.len(), 2);
    assert_eq!(health.erase(&Erase::Records(vec![chunks[0]]), gesture()).unwrap().records, 1);
    assert_eq!(held(&space).1, (20..30).map(|n| n * 3600).collect());
}

#[test]
fn memories_go_by_when_they_were_written_and_with_what_they_were_made_from() {
    let disk = Disk::new();
    let (env, time) = clock();
    let space = create(Arc::new(disk.clone()), env);
    let _grant = allow(&space, Category::ALL);
    let health = space.partition("health").unwrap();
    health.import(source(&[observation(1, Some((BEGIN, None)))])).unwrap();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.remember_in("health", "early").unwrap();
    let asked = crate::catalog::Query { categories: vec![Category::Laboratory], ..Default::default() };
    let id = session.query(&asked).unwrap().into_value()[0].record;
    session.remember("made from it", &[id][..]).unwrap();
    let now = 1_790_000_000_000;
    time.set(Timestamp::from_millis(now + DAY));
    let other = space.session(model(), Purpose::PatientRequest).unwrap();
    other.remember_in("general", "elsewhere").unwrap();
    let texts = |of: &str| {
        let all = space.partition(of).unwrap().memories().unwrap().into_value();
        all.into_iter().map(|m| m.text).collect::<Vec<_>>()
    };
    let done = health.erase(&period((BEGIN, BEGIN + 1)), gesture()).unwrap();
    assert_eq!((done.records, done.derived), (2, 1));
    assert_eq!(texts("health"), ["early"]);
    let done = health.erase(&period((now, now + 1)), gesture()).unwrap();
    assert_eq!((done.records, texts("health").len(), texts("general").len()), (1, 0, 1));
    whole(&space);
}

/// A backup from before holds the whole chunk: what the later state has of it comes back, and no more.
#[test]
fn a_restored_backup_keeps_of_a_chunk_what_the_later_state_has() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (space, _) = HealthSpace::create(at("me.hs"), &unlock(), clock().0).unwrap();
    let health = space.partition("health").unwrap();
    health.import(steps(&(0..10).map(|n| n * 3600).collect())).unwrap();
    space.backup_to(at("me.hsb")).unwrap();
    health.erase(&period((BEGIN, BEGIN + 3_600_000 * 4)), gesture()).unwrap();
    let options = RestoreOptions::new(gesture()).later(&space);
    let (back, restored) = HealthSpace::restore(at("me.hsb"), at("back.hs"), &unlock(), clock().0, &options).unwrap();
    assert!(matches!(restored.erasures, ErasuresAfter::Replayed { records: 1, .. }));
    assert_eq!(held(&back).1, held(&space).1);
    assert_eq!(held(&back).1.len(), 6);
    whole(&back);
}

//! Where the facts of small commits go.

use super::key_list::STRETCH;
use super::tests::{clock, fill, model, observation, source, unlock};
use super::tests_faults::create;
use super::*;
use crate::catalog::FAN;
use crate::label::Purpose;
use crate::storage::memory::{Memory, Op};
use std::sync::Arc;

fn space() -> (Memory, HealthSpace) {
    let memory = Memory::new();
    let space = create(Arc::new(memory.clone()), clock().0);
    fill(&space);
    (memory, space)
}

/// Of the health partition: (weight, whether it stands in the manifest) of each visible segment.
fn segments(space: &HealthSpace) -> Vec<(u64, bool)> {
    let (_, state) = space.inner.read().unwrap();
    let list = &state.partitions[0].manifest.segments;
    list.iter().filter(|s| s.staged == 0).map(|s| (s.weight, s.here.is_some())).collect()
}

#[test]
fn the_newest_few_facts_stand_in_the_manifest_and_nothing_is_lost() {
    let (_, space) = space();
    let mut expected = 0;
    for n in 0..150u32 {
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        // Long texts fill the manifest's share before eight stand in it.
        let long = "word ".repeat(if n % 50 > 40 { 120 } else { 1 });
        session.remember_in("health", &format!("Remark {n} {long}")).unwrap();
        expected += 1;
        if n % 40 == 39 {
            let one = observation(&format!("n{n}"), "laboratory", "13457-7", "2026-02-01", &n.to_string(), "");
            space.partition("health").unwrap().import(source(&[one])).unwrap();
        }
        let all = segments(&space);
        let here: Vec<_> = all.iter().enumerate().filter(|(_, s)| s.1).collect();
        assert!(here.len() <= 1, "{all:?}");
        assert!(here.iter().all(|(at, s)| *at + 1 == all.len() && s.0 < FAN as u64), "{all:?}");
        assert!(all.len() < 24, "{all:?}");
    }
    let kept = space.partition("health").unwrap().memories().unwrap().into_value();
    assert_eq!(kept.len(), expected);
}

/// As `format.md` has it: a manifest's length says no more than its KiB, from the first on.
#[test]
fn manifests_grow_in_steps_of_a_kib() {
    let (_memory, space) = space();
    let lengths = || {
        let (txn, state) = space.inner.read().unwrap();
        let scopes: Vec<_> = state.system.iter().chain(&state.partitions).collect();
        let row = |s: &&scope::Scope| {
            let mut sealed = Vec::new();
            txn.row_into(&s.id, u64::from(s.ordinal) << 40 | 1, &mut sealed).unwrap().unwrap();
            // Salt, commitment and tag stand around what was padded.
            sealed.len() - 72
        };
        scopes.iter().map(row).collect::<Vec<_>>()
    };
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..24 {
        for length in lengths() {
            assert_eq!((length + 192) % 1024, 0, "{length} after {n}");
            seen.insert(length);
        }
        session.remember_in("general", &format!("Prefers mornings, said {n} times.")).unwrap();
    }
    assert!(seen.len() > 1, "{seen:?}");
}

#[test]
fn a_remembered_sentence_writes_its_body_and_the_manifest() {
    let (memory, space) = space();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let mut most = 0;
    let mut puts = 0;
    for n in 0..64 {
        let from = memory.operations().len();
        session.remember_in("health", &format!("Remark {n}")).unwrap();
        let written = memory.operations()[from..].iter().filter(|o| matches!(o, Op::Put { .. })).count();
        most = most.max(written);
        puts += written;
    }
    // Every eighth fills a segment, and one fills a page of keys.
    assert!(most <= 5 && puts <= 64 * 2 + 64 / 8 + 4, "{puts} rows in 64 commits, {most} in one");
}

#[test]
fn the_manifest_does_not_grow_with_the_number_of_memories() {
    let (memory, space) = space();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let mut ids = Vec::new();
    for n in 0..18 * 64 {
        ids.push(session.remember_in("health", &format!("Remark {n}")).unwrap());
    }
    let manifest = Arc::clone(&space.inner.read().unwrap().1.partitions[0].manifest);
    let pages = manifest.key_pages.len();
    assert!(pages > STRETCH && manifest.key_pages.stretches().len() == pages / STRETCH, "{pages}");
    let bytes = manifest.encode().len();
    assert!(bytes < 4600, "{bytes} bytes");

    // Its keys are found by another handle, by one that reads the list and one that followed it.
    let open = || HealthSpace::open_in(Arc::new(memory.clone()), &unlock(), clock().0, None).unwrap();
    let other = open();
    assert!(other.check().unwrap().is_whole());
    let erase =
        |s: &HealthSpace, id| s.partition("health").unwrap().delete_memory(id, super::tests::gesture()).unwrap();
    erase(&space, ids[3]);
    erase(&other, ids[800]);
    for space in [space, other, open()] {
        let kept = space.partition("health").unwrap().memories().unwrap().into_value();
        assert_eq!(kept.len(), ids.len() - 2);
        let found = space.check().unwrap();
        assert!(found.is_whole() && found.scopes.iter().all(|s| s.unnamed == 0), "{found:?}");
    }
}

#[test]
fn a_key_that_stands_in_the_manifest_is_dropped_there() {
    let (memory, space) = space();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let id = session.remember_in("health", "To be forgotten").unwrap();
    session.remember_in("health", "To be kept").unwrap();
    let group = {
        let (_, state) = space.inner.read().unwrap();
        state.partitions[0].readable.find_record(&id).unwrap().object().group
    };
    space.partition("health").unwrap().delete_memory(id, super::tests::gesture()).unwrap();
    drop((session, space));
    let space = HealthSpace::open_in(Arc::new(memory), &unlock(), clock().0, None).unwrap();
    let (txn, state) = space.inner.read().unwrap();
    let scope = &state.partitions[0];
    assert!(scope.with_group(&space.inner.base, &*txn, group, |_, _| Ok(())).is_err());
    drop(txn);
    assert_eq!(space.partition("health").unwrap().memories().unwrap().into_value().len(), 1);
}

/// Each month of a series is looked up by itself, and not among all months.
#[test]
fn an_export_that_comes_again_takes_time_in_proportion_to_its_length() {
    use crate::import::Source;
    let export = |n: u32, more: &str| {
        let one = |i: u32| {
            let day = format!("{:04}-{:02}-05 10:00:00 +0000", 1700 + i / 12, i % 12 + 1);
            format!(
                r#"<Record type="HKQuantityTypeIdentifierStepCount" sourceName="P" unit="count" startDate="{day}" endDate="{day}" value="{i}"/>"#
            )
        };
        let all: String = (0..n).map(one).collect();
        let text = format!(r#"<?xml version="1.0"?><HealthData locale="en_US">{all}{more}</HealthData>"#);
        Source::bytes(text.into_bytes()).unwrap()
    };
    // How much longer the second takes than the first.
    let ratio = |n: u32| {
        let space = super::tests_faults::create(Arc::new(crate::storage::memory::Memory::new()), clock().0);
        let health = space.partition("health").unwrap();
        let timed = |more: &str| {
            let begin = std::time::Instant::now();
            let report = health.import(export(n, more)).unwrap();
            (begin.elapsed().as_secs_f64(), report.imported())
        };
        let (first, again) = (timed(""), timed("<!-- again -->"));
        assert_eq!((first.1, again.1), (u64::from(n), 0));
        again.0 / first.0
    };
    let (few, many) = (ratio(500), ratio(4000));
    assert!(many < few * 3.0, "{few} {many}");
}

//! Erasing records: they are gone, with their keys and what was made from them, and nothing else is.

use super::tests::{allow, clock, events, gesture, model, observation, of_code, source, unlock};
use super::tests_faults::create;
use super::*;
use crate::audit::{AuditEvent, items_root};
use crate::catalog::Query;
use crate::error::Error;
use crate::id::{RecordId, SourceId};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::{Fault, Memory as Disk};
use std::path::Path;
use std::sync::Arc;

fn space() -> (Disk, HealthSpace) {
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), clock().0);
    (disk, space)
}

fn open(disk: &Disk) -> HealthSpace {
    HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap()
}

/// A file of laboratory results with these ids; each says its own word.
fn file(ids: std::ops::Range<u32>) -> crate::import::Source {
    let one = |n: u32| {
        let word = format!(r#""note":[{{"text":"word-{n}-"}}],"#);
        observation(&n.to_string(), "laboratory", "13457-7", "2026-01-05", &format!("{n}.5"), &word)
    };
    source(&ids.map(one).collect::<Vec<_>>())
}

fn import(space: &HealthSpace, source: crate::import::Source) {
    space.partition("health").unwrap().import(source).unwrap();
}

fn query(space: &HealthSpace) -> Vec<(RecordId, Vec<u8>)> {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let reader = session.reader(&Query::default(), 10_000).unwrap();
    let rows = reader.facts(&Query { categories: vec![Category::Laboratory], ..Query::default() }).unwrap();
    rows.into_iter().map(|r| (r.record, reader.body(r.record).unwrap())).collect()
}

fn with_word(space: &HealthSpace, n: u32) -> Option<RecordId> {
    let word = format!("word-{n}-");
    let all = query(space);
    all.iter().find(|(_, body)| memchr::memmem::find(body, word.as_bytes()).is_some()).map(|(id, _)| *id)
}

fn whole(space: &HealthSpace) {
    let found = space.check().unwrap();
    assert!(found.is_whole() && found.scopes.iter().all(|s| s.unnamed == 0), "{found:?}");
}

#[test]
fn one_record_goes_and_its_neighbours_stay() {
    let (disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    import(&space, file(0..40));
    import(&space, file(100..110));
    let before = query(&space);
    let id = with_word(&space, 7).unwrap();
    let health = space.partition("health").unwrap();
    let sources: Vec<_> = health.sources().unwrap().iter().map(|s| s.id).collect();

    let done = health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert_eq!((done.records, done.derived, done.sources, done.sealed_anew), (1, 0, 0, 39));
    assert_eq!(done.level, ErasureLevel::FileErased);
    for space in [&space, &open(&disk)] {
        // What shared a key with it was sealed anew, and comes last among what is of one date.
        let by_id = |rows: Vec<_>| rows.into_iter().collect::<std::collections::BTreeMap<_, _>>();
        let kept: Vec<_> = before.iter().filter(|(i, _)| *i != id).cloned().collect();
        assert!(by_id(query(space)) == by_id(kept));
        whole(space);
    }
    // The file that it came in is not handed out any more, the other one is.
    let original = |id| health.original(id, gesture(), &mut Vec::new());
    assert!(matches!(original(sources[0]), Err(Error::NotFound)));
    assert!(original(sources[1]).is_ok());
    assert!(matches!(health.erase(&Erase::Records(vec![id]), gesture()), Err(Error::NotFound)));

    // The entry says how many and, to whoever has the salt, which.
    let root = items_root(&done.salt, [&id.0[..]].into_iter()).unwrap();
    let all = events(&space, LogOf::Partition("health"));
    let at = usize::try_from(done.entry).unwrap();
    assert!(matches!(&all[at], AuditEvent::Erased { records: 1, ids_root, .. } if *ids_root == root));
    assert!(matches!(&all[at + 1..], [AuditEvent::ErasureSwept { entry, .. }, ..] if *entry == done.entry));

    // The same file was imported already; another one that holds the record brings it back.
    import(&space, file(0..40));
    assert!(with_word(&space, 7).is_none());
    import(&space, file(0..41));
    assert!(with_word(&space, 7).is_some() && query(&space).len() == before.len() + 1);
    whole(&space);
}

#[test]
fn what_two_files_attest_outlives_one_of_them() {
    let (disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    import(&space, file(0..20));
    import(&space, file(10..30));
    let health = space.partition("health").unwrap();
    let sources: Vec<_> = health.sources().unwrap().iter().map(|s| s.id).collect();

    let done = health.erase(&Erase::Source(sources[0]), gesture()).unwrap();
    assert_eq!((done.records, done.sources, done.sealed_anew), (10, 1, 10));
    for space in [&space, &open(&disk)] {
        for n in 0..30 {
            assert_eq!(with_word(space, n).is_some(), n >= 10, "{n}");
        }
        whole(space);
    }
    assert_eq!(health.sources().unwrap().iter().map(|s| s.id).collect::<Vec<_>>(), sources[1..]);
    // Its own file is still whole: every word of it came in again, or was linked.
    let mut out = Vec::new();
    health.original(sources[1], gesture(), &mut out).unwrap();
    assert!(memchr::memmem::find(&out, b"word-29-").is_some());

    let done = health.erase(&Erase::Source(sources[1]), gesture()).unwrap();
    assert_eq!((done.records, done.sources, done.sealed_anew), (20, 1, 0));
    assert!(query(&space).is_empty() && health.sources().unwrap().is_empty());
    whole(&space);
    // Nothing remembers the file: it is imported as a new one.
    import(&space, file(0..20));
    assert_eq!(query(&space).len(), 20);
}

#[test]
fn memories_go_with_what_they_were_made_from() {
    let (disk, space) = space();
    let grant = allow(&space, Category::ALL);
    import(&space, file(0..3));
    let id = with_word(&space, 1).unwrap();
    let health = space.partition("health").unwrap();
    let texts = |space: &HealthSpace, of: &str| -> Vec<String> {
        let all = space.partition(of).unwrap().memories().unwrap().into_value();
        all.into_iter().map(|m| m.text).collect()
    };
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.query(&of_code("13457-7")).unwrap();
    let first = session.remember("Upon all three", &[id][..]).unwrap();
    session.remember("Upon that", &[first][..]).unwrap();
    let edited = health.edit_memory(first, "Upon all three, edited", gesture()).unwrap();
    let fresh = space.session(model(), Purpose::PatientRequest).unwrap();
    fresh.remember_in("health", "By itself").unwrap();

    let done = health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert_eq!((done.records, done.derived), (4, 3), "the record, two versions and one upon the first");
    for space in [&space, &open(&disk)] {
        assert_eq!(texts(space, "health"), ["By itself"]);
        whole(space);
    }
    assert!(matches!(health.erase(&Erase::Records(vec![edited]), gesture()), Err(Error::NotFound)));

    // What rests on a consent goes by it.
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.query(&of_code("13457-7")).unwrap();
    session.remember_in("health", "Under the grant").unwrap();
    assert_eq!(texts(&space, "health").len(), 2);
    let done = health.erase(&Erase::Consent(grant.id()), gesture()).unwrap();
    assert_eq!(done.records, 1);
    assert_eq!(texts(&space, "health"), ["By itself"]);
    assert!(matches!(health.erase(&Erase::Consent(grant.id()), gesture()), Err(Error::NotFound)));
}

#[test]
fn everything_is_everything_and_nothing_of_another_partition() {
    let (disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    let patient = |id: &str| format!(r#"{{"resourceType":"Patient","id":"{id}","birthDate":"1970-02-01"}}"#);
    import(&space, source(&[patient("p1"), observation("1", "laboratory", "1-8", "2026-01-01", "5", "")]));
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.remember_in("general", "Likes tea").unwrap();
    let health = space.partition("health").unwrap();
    let done = health.erase(&Erase::Everything, gesture()).unwrap();
    assert_eq!((done.records, done.sources), (2, 1));
    whole(&space);
    let space = open(&disk);
    assert!(query(&space).is_empty());
    assert_eq!(space.partition("general").unwrap().memories().unwrap().into_value().len(), 1);
    // Not even whose it was: somebody else's file needs no confirmation.
    let other = source(&[r#"{"resourceType":"Patient","id":"p2","birthDate":"1980-03-04"}"#.to_owned()]);
    assert_eq!(space.partition("health").unwrap().import(other).unwrap().imported(), 1);
}

#[test]
fn a_handle_of_some_partitions_and_an_import_under_way_are_refused() {
    let (disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    import(&space, file(0..3));
    let id = with_word(&space, 1).unwrap();
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["health"])).unwrap();
    let refused = part.partition("health").unwrap().erase(&Erase::Records(vec![id]), gesture());
    assert!(matches!(refused, Err(Error::NeedsFullSlot)));
    assert!(matches!(
        space.partition("health").unwrap().erase(&Erase::Records(vec![id; MANY]), gesture()),
        Err(Error::TooLarge(_))
    ));
    assert!(with_word(&space, 1).is_some());
    let health = space.partition("health").unwrap();
    assert!(matches!(health.sweep(0), Err(Error::NotFound)));

    // An import may have linked to what would go.
    disk.fail_after(60, Fault::Full);
    assert!(health.import(file(1000..2100)).is_err() && !disk.fault_pending());
    let staged = health.staged_imports().unwrap();
    let refused = health.erase(&Erase::Records(vec![id]), gesture());
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?} {}", staged.len());
    health.discard(staged[0].source).unwrap();
    health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert!(with_word(&space, 1).is_none());
}

/// A document whose producer names everything anew: its source keeps a digest of each thing.
#[test]
fn no_digest_of_what_is_gone_stays_with_its_source() {
    let (disk, space) = space();
    let entries = super::tests_names::small();
    let export = |run: u64| {
        let text = super::tests_names::document(run, &entries, &super::tests_names::all(&entries));
        crate::import::Source::bytes(text.into_bytes()).unwrap()
    };
    // Bytes of all tables, and whether the identity stands in one.
    let tables = |space: &HealthSpace, identity: &[u8; 16]| {
        let (txn, state) = space.inner.read().unwrap();
        let scope = &state.partitions[0];
        let entry = scope.source(&space.inner.base, &*txn, 0).unwrap();
        let mut all = Vec::new();
        for (number, version) in &entry.names {
            let object = crate::catalog::ObjectRef { number: number << 8, version: *version, group: entry.group };
            let mut raw = Vec::new();
            let class = crate::crypto::context::Class::Body;
            scope.open_object(&space.inner.base, &*txn, class, &object, &mut raw).unwrap();
            all.extend(raw);
        }
        (all.len(), memchr::memmem::find(&all, identity).is_some())
    };
    import(&space, export(1));
    let rows = |space: &HealthSpace| {
        let (_, state) = space.inner.read().unwrap();
        let of = |r: &crate::catalog::RecordRef<'_>| r.type_name() == "Observation";
        let all = state.partitions[0].readable.records().filter(of).map(|r| (r.id(), *r.identity().as_bytes()));
        all.collect::<Vec<_>>()
    };
    import(&space, export(3));
    let before = rows(&space);
    let (id, identity) = before[2];
    let (len, there) = tables(&space, &identity);
    assert!(there && before.len() == 3);
    space.partition("health").unwrap().erase(&Erase::Records(vec![id]), gesture()).unwrap();
    let (left, there) = tables(&space, &identity);
    assert!(!there && left > 0 && left < len);
    whole(&open(&disk));
    // The next export under other names brings back what is gone, and adds nothing else.
    import(&space, export(2));
    assert_eq!(rows(&space).len(), 3);
}

#[test]
fn samples_go_by_chunk_and_by_source() {
    let (disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    let export = |year: u32| {
        let sample = |n: u32| {
            let day = format!("{year}-{:02}-{:02} 08:00:00 +0200", n / 28 + 1, n % 28 + 1);
            format!(
                r#"<Record type="HKQuantityTypeIdentifierStepCount" sourceName="Watch" unit="count" creationDate="{day}" startDate="{day}" endDate="{day}" value="{n}"/>"#
            )
        };
        let all: String = (0..84).map(sample).collect();
        let xml = format!(
            r#"<?xml version="1.0"?><HealthData locale="en_US"><ExportDate value="2026-09-01 10:00:00 +0200"/>{all}</HealthData>"#
        );
        crate::import::Source::bytes(xml.into_bytes()).unwrap()
    };
    import(&space, export(2024));
    import(&space, export(2025));
    let health = space.partition("health").unwrap();
    let chunks = || -> Vec<RecordId> {
        let (_, state) = space.inner.read().unwrap();
        state.partitions[0].readable.records().filter(|r| r.series().is_some()).map(|r| r.id()).collect()
    };
    let all = chunks();
    assert_eq!(all.len(), 6);
    let done = health.erase(&Erase::Records(vec![all[1]]), gesture()).unwrap();
    assert_eq!((done.records, done.sealed_anew), (1, 2));
    assert_eq!(chunks().len(), 5);
    whole(&space);
    let source = health.sources().unwrap()[1].id;
    assert_eq!(health.erase(&Erase::Source(source), gesture()).unwrap().records, 3);
    let left = chunks();
    assert!(left.len() == 2 && left.iter().all(|id| all.contains(id)));
    whole(&open(&disk));
}

/// Imports and erasures at random against a list of who attests what.
#[test]
fn after_any_order_of_imports_and_erasures_exactly_what_is_attested_is_there() {
    let mut random = 7u64;
    let mut below = |n: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((random >> 33) % n).unwrap()
    };
    for _ in 0..6 {
        let (disk, space) = space();
        let _grant = allow(&space, Category::ALL);
        let mut attested: std::collections::BTreeMap<u32, Vec<SourceId>> = std::collections::BTreeMap::new();
        for _ in 0..14 {
            let health = space.partition("health").unwrap();
            let sources: Vec<SourceId> = health.sources().unwrap().iter().map(|s| s.id).collect();
            match below(3) {
                0 => {
                    let from = below(30);
                    let to = from + 1 + below(25);
                    health.import(file(from..to)).unwrap();
                    let new = health.sources().unwrap().into_iter().find(|s| !sources.contains(&s.id));
                    let Some(new) = new else { continue };
                    (from..to).for_each(|n| attested.entry(n).or_default().push(new.id));
                }
                1 if !attested.is_empty() => {
                    let n = *attested.keys().nth(below(attested.len() as u64) as usize).unwrap();
                    let id = with_word(&space, n).unwrap();
                    health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
                    attested.remove(&n);
                }
                2 if !sources.is_empty() => {
                    let gone = sources[below(sources.len() as u64) as usize];
                    let done = health.erase(&Erase::Source(gone), gesture()).unwrap();
                    let before = attested.len();
                    attested.values_mut().for_each(|by| by.retain(|s| *s != gone));
                    attested.retain(|_, by| !by.is_empty());
                    assert_eq!(done.records, (before - attested.len()) as u64);
                }
                _ => {}
            }
            let space = open(&disk);
            whole(&space);
            let all = query(&space);
            assert_eq!(all.len(), attested.len());
            let bodies: Vec<u8> = all.into_iter().flat_map(|(_, body)| body).collect();
            let there = |n: &u32| memchr::memmem::find(&bodies, format!("word-{n}-").as_bytes()).is_some();
            assert!(attested.keys().all(there) && (0..60).filter(|n| !attested.contains_key(n)).all(|n| !there(&n)));
        }
    }
}

const MANY: usize = 65_537;

/// Whatever fails, the record is there with all that belongs to it, or gone with all of it.
#[test]
fn a_disk_that_fails_at_any_step_leaves_all_or_nothing() {
    let (disk, space) = space();
    import(&space, file(0..12));
    let id = space.inner.peek().unwrap().partitions[0].readable.records().nth(4).unwrap().id();
    let image = disk.image();
    drop(space);
    let (mut kept, mut gone) = (0, 0);
    for step in 0.. {
        disk.restore(&image);
        let space = open(&disk);
        disk.fail_after(step, Fault::Full);
        let done = space.partition("health").unwrap().erase(&Erase::Records(vec![id]), gesture());
        if disk.fault_pending() {
            assert!(done.is_ok() && kept > 5 && gone > 0, "{kept} {gone}");
            break;
        }
        drop(space);
        disk.reopen();
        let space = open(&disk);
        whole(&space);
        let _grant = allow(&space, Category::ALL);
        let there = query(&space).iter().any(|(r, _)| *r == id);
        // Whoever is told of an error still has the record.
        assert_eq!(done.is_err(), there, "{step}: {done:?}");
        assert_eq!(query(&space).len(), if there { 12 } else { 11 });
        *(if there { &mut kept } else { &mut gone }) += 1;
    }
}

/// All bytes of the files of a space.
fn bytes(path: &Path) -> Vec<u8> {
    let file = |end: &str| std::fs::read(format!("{}{end}", path.display())).unwrap_or_default();
    [file(""), file("-wal"), file("-shm")].concat()
}

/// The salts of everything sealed in these bytes that the second ones do not have.
fn salts(path: &Path) -> Vec<[u8; 24]> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut all = conn.prepare("SELECT sealed FROM row").unwrap();
    let salt = |r: &rusqlite::Row<'_>| r.get::<_, Vec<u8>>(0);
    all.query_map([], salt).unwrap().map(|s| crate::crypto::seal::salt_of(&s.unwrap()).unwrap()).collect()
}

#[test]
fn no_older_image_is_left_in_the_file_and_while_somebody_reads_it_is_not_claimed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&path, &unlock(), clock().0).unwrap();
    let _grant = allow(&space, Category::ALL);
    // Enough for pages to be split and rows to be moved between them.
    for n in 0..30 {
        import(&space, file(n * 40..n * 40 + 40));
    }
    let doomed = with_word(&space, 333).unwrap();
    space.close();
    drop(space);
    let (before, control) = (salts(&path), bytes(&path));

    let space = HealthSpace::open(&path, &unlock(), clock().0).unwrap();
    let health = space.partition("health").unwrap();
    let other = HealthSpace::open(&path, &unlock(), clock().0).unwrap();
    let reading = other.inner.read().unwrap();
    let done = health.erase(&Erase::Records(vec![doomed]), gesture()).unwrap();
    assert_eq!(done.level, ErasureLevel::NotShown, "somebody holds an older image");
    assert_eq!(health.sweep(done.entry).unwrap(), ErasureLevel::NotShown);
    drop(reading);
    drop(other);
    assert_eq!(health.sweep(done.entry).unwrap(), ErasureLevel::FileErased);
    assert_eq!(health.sweep(done.entry).unwrap(), ErasureLevel::FileErased, "once is enough");
    let swept = events(&space, LogOf::Partition("health"));
    assert_eq!(swept.iter().filter(|e| matches!(e, AuditEvent::ErasureSwept { .. })).count(), 1);
    drop((health, space));

    let after = bytes(&path);
    let left: Vec<_> = salts(&path);
    let dropped: Vec<_> = before.iter().filter(|s| !left.contains(s)).collect();
    assert!(dropped.len() > 8, "bodies, segments, key page, manifest: {}", dropped.len());
    for salt in dropped {
        assert!(memchr::memmem::find(&control, salt).is_some());
        assert!(memchr::memmem::find(&after, salt).is_none());
    }
    // An older copy of the file with a way in still opens it: E1 does not claim more.
    let copy = dir.path().join("copy.hs");
    std::fs::write(&copy, control).unwrap();
    let old = HealthSpace::open(&copy, &unlock(), clock().0).unwrap();
    assert!(with_word(&old, 333).is_some());
}

/// What was remembered or said after a record had been shown may say what it says.
#[test]
fn what_was_said_after_a_record_was_shown_is_set_aside_with_it() {
    let (_disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    import(&space, file(0..3));
    let health = space.partition("health").unwrap();
    let session = || space.session(model(), Purpose::PatientRequest).unwrap();
    let all: Vec<RecordId> = query(&space).into_iter().map(|(id, _)| id).collect();
    let shown = |s: &Session, id: RecordId| s.hold(id).and_then(|v| s.reveal(&v)).unwrap();
    let (first, second, none) = (session(), session(), session());
    first.remember_in("health", "before").unwrap();
    shown(&first, all[0]);
    first.remember_in("health", "value of the first").unwrap();
    first.append("health", Role::Assistant, &first.say("the first, said").unwrap()).unwrap();
    shown(&second, all[1]);
    let other = second.remember_in("health", "value of the second").unwrap();
    none.remember_in("health", "nothing was shown").unwrap();
    // Through what another conversation was shown of it, and named or not.
    let third = session();
    let seen = third.memories("health").unwrap();
    third.remember_in("health", "from the memories").unwrap();
    drop(seen);

    let done = health.erase(&Erase::Records(vec![all[0]]), gesture()).unwrap();
    assert_eq!((done.records, done.derived, done.aside), (1, 0, 3));
    let texts = |s: &Session| {
        let mut texts: Vec<_> = s.memories("health").unwrap().into_value().into_iter().map(|m| m.text).collect();
        texts.sort();
        texts
    };
    assert_eq!(texts(&session()), ["before", "nothing was shown", "value of the second"]);
    assert!(first.turns("health").unwrap().value().is_empty());
    let quarantined = |e: &AuditEvent| matches!(e, AuditEvent::Quarantined { records: 3 });
    assert_eq!(events(&space, LogOf::Partition("health")).iter().filter(|e| quarantined(e)).count(), 1);
    // The person decides; what they keep stands by itself from then on.
    let mine = health.memories().unwrap().into_value();
    let kept = mine.iter().find(|m| m.text == "value of the first").unwrap();
    assert_eq!(kept.quarantine, Some(Quarantine::SourceGone));
    health.keep_memory(kept.id, gesture()).unwrap();
    assert_eq!(texts(&session()).len(), 4);
    // A number names no record.
    let counts = session();
    counts.count(&Query::default()).unwrap();
    counts.remember_in("health", "how many there are").unwrap();
    let done = health.erase(&Erase::Records(vec![all[2]]), gesture()).unwrap();
    assert_eq!(done.aside, 0);
    assert_eq!(health.erase(&Erase::Records(vec![all[1]]), gesture()).unwrap().aside, 1);
    assert!(!texts(&session()).contains(&"value of the second".to_owned()));
    assert!(health.memories().unwrap().value().iter().any(|m| m.id == other));
    whole(&space);
}

/// What was said of the partition goes too: who was shown what of it, why in an emergency, on which grants
/// something rested. What another partition keeps of a conversation has the label of all that it was shown.
#[test]
fn everything_takes_along_what_conversations_were_shown() {
    let (disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    import(&space, file(0..3));
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let rows = session.query(&Query::default()).unwrap();
    session.remember_in("health", "rests on them").unwrap();
    drop(rows);
    // Another one lives in the home of all, and has read here as well.
    let (id, label) = (session.conversation(), session.label());
    let stored = |space: &HealthSpace, at: usize| {
        let (txn, state) = space.inner.read().unwrap();
        state.partitions[at].conversation(&space.inner.base, &*txn, id).unwrap()
    };
    assert!(stored(&space, 0).is_some() && stored(&space, 1).is_some());
    assert!(!space.inner.peek().unwrap().partitions[0].manifest.tags.resting.is_empty());
    // The home forgets first: what it alone kept of the label is kept where the conversation goes on.
    space
        .inner
        .write(|tx, w| {
            let work = w.work(tx, state::Target::Partition(1))?;
            let more = crate::label::Label { confidentiality: crate::label::Confidentiality::VeryRestricted, ..label };
            let entry = (*work.scope.conversation(tx.base, &*tx.txn, id)?.unwrap()).clone();
            let tag = crate::policy::Tag { label: more, ..entry.tag.clone() };
            tx.set_conversation(work, manifest::ConversationEntry { tag, ..entry })
        })
        .unwrap();
    // There is nothing else in it.
    space.partition("general").unwrap().erase(&Erase::Everything, gesture()).unwrap();
    assert!(stored(&space, 1).is_none());
    let raised = stored(&space, 0).unwrap().tag.label;
    assert_eq!(raised.confidentiality, crate::label::Confidentiality::VeryRestricted);
    // It is over, too: the label of its home is what it was held to.
    assert!(matches!(space.resume(id, model(), Purpose::PatientRequest), Err(Error::NotFound)));

    space.partition("health").unwrap().erase(&Erase::Everything, gesture()).unwrap();
    for space in [&space, &open(&disk)] {
        let manifest = &space.inner.peek().unwrap().partitions[0].manifest;
        assert!(manifest.conversation_pages.is_empty() && manifest.tags.resting.is_empty());
        assert!(stored(space, 0).is_none());
        assert!(matches!(space.resume(id, model(), Purpose::PatientRequest), Err(Error::NotFound)));
        whole(space);
    }
}

/// Somebody was in the way of the sweep: the next opening goes on, for everything that waits for it.
#[test]
fn what_was_not_swept_is_swept_at_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&path, &unlock(), clock().0).unwrap();
    let _grant = allow(&space, Category::ALL);
    import(&space, file(0..3));
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let rows = session.query(&Query::default()).unwrap();
    session.remember("made from them", &rows).unwrap();
    drop(session);
    let other = HealthSpace::open(&path, &unlock(), clock().0).unwrap();
    let reading = other.inner.base.storage.begin_read().unwrap();
    let health = space.partition("health").unwrap();
    let done = health.erase(&Erase::Source(health.sources().unwrap()[0].id), gesture()).unwrap();
    assert_eq!((done.level, done.derived), (ErasureLevel::NotShown, 1));
    let level = |space: &HealthSpace| {
        let page = space.partition("health").unwrap().erasure_certificate(done.entry, "en").unwrap();
        serde_json::from_str::<serde_json::Value>(&page).unwrap()["level"].clone()
    };
    assert_eq!(level(&space), "E0");
    drop(reading);
    drop((other, health, space));
    // Whoever has some partitions only does not.
    let part = HealthSpace::open_partitions(&path, &unlock(), clock().0, &["health"]).unwrap();
    assert_eq!(level(&part), "E0");
    drop(part);
    let again = HealthSpace::open(&path, &unlock(), clock().0).unwrap();
    assert_eq!(level(&again), "E1");
    let all = events(&again, LogOf::Partition("health"));
    assert!(matches!(all.last().unwrap(), AuditEvent::ErasureSwept { entry, .. } if *entry == done.entry));
    assert_eq!(again.partition("health").unwrap().sweep(done.entry).unwrap(), ErasureLevel::FileErased);
    drop(again);
    let size = HealthSpace::open(&path, &unlock(), clock().0).unwrap().log(LogOf::Partition("health")).unwrap().len();
    assert_eq!(size, all.len(), "once is enough");
}

/// Its hash would tell which file it was.
#[test]
fn a_source_of_which_nothing_is_left_is_not_named() {
    let (disk, space) = space();
    let _grant = allow(&space, Category::ALL);
    import(&space, file(0..3));
    import(&space, file(2..6));
    let health = space.partition("health").unwrap();
    let first = health.sources().unwrap()[0].id;
    let erase = |n: u32| health.erase(&Erase::Records(vec![with_word(&space, n).unwrap()]), gesture()).unwrap();
    assert_eq!((erase(0).sources, erase(1).sources), (0, 0));
    // What both files said is the second one's as well.
    assert_eq!(erase(2).sources, 1);
    for space in [&space, &open(&disk)] {
        let sources = space.partition("health").unwrap().sources().unwrap();
        assert!(sources.len() == 1 && sources[0].id != first);
        whole(space);
    }
    import(&space, file(0..3));
    assert!(with_word(&space, 0).is_some(), "nothing remembers it");
}

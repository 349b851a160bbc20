//! A restore repeats what was erased in the later state that it is shown, and nothing that was lost there.

use super::backup::restore_in;
use super::tests::{allow, clock, fill, gesture, model, observation, source, unlock};
use super::tests_backup::options;
use super::tests_keystore::{make, open};
use super::tests_left_out::{damaged, spoil, spoil_segment};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::crypto::context::Class;
use crate::error::Error;
use crate::id::SourceId;
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use std::sync::Arc;

/// Forty records of two files, a memory, and an entry of a release.
fn setting() -> (Disk, HealthSpace) {
    let disk = Disk::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    fill(&space);
    allow(&space, Category::ALL);
    import(&space, 0..20);
    import(&space, 20..40);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.query(&crate::catalog::Query::default()).unwrap();
    (disk, space)
}

fn import(space: &HealthSpace, ids: std::ops::Range<u32>) {
    let one = |n: u32| observation(&format!("b{n}"), "laboratory", "13457-7", "2026-02-05", &format!("{n}.5"), "");
    space.partition("health").unwrap().import(source(&ids.map(one).collect::<Vec<_>>())).unwrap();
}

fn sources(space: &HealthSpace) -> Vec<SourceId> {
    space.partition("health").unwrap().sources().unwrap().iter().map(|s| s.id).collect()
}

fn records(space: &HealthSpace) -> u64 {
    space.partition("health").unwrap().stats().unwrap().records
}

fn entry_of(space: &HealthSpace, name: &str) -> u64 {
    let lines = space.log(LogOf::Partition("health")).unwrap();
    lines.iter().find(|l| l.entry.event.name() == name).unwrap().index
}

fn spoil_entry(disk: &Disk, space: &HealthSpace, index: u64) {
    let scope = space.inner.peek().unwrap().partitions[0].id;
    disk.tamper(|i| {
        let (_, row) = Arc::make_mut(&mut i.ledger)
            .iter_mut()
            .find(|((s, n), _)| *s == scope && *n == index.cast_signed())
            .unwrap();
        row.wrap[30] ^= 1;
    });
}

fn spoil_sources(disk: &Disk, space: &HealthSpace) {
    let p = space.inner.peek().unwrap().partitions[0].clone();
    spoil(disk, p.id, p.manifest.source_pages[0].number);
}

/// The backup restored, with what the file on `disk` is after it was given new keys as the later state.
/// A backup restored beside the damaged state, which gets new keys first.
fn restored(backup: &Disk, disk: &Disk) -> (HealthSpace, Restored) {
    restored_by(backup, &damaged(disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap().space)
}

fn restored_by(backup: &Disk, later: &HealthSpace) -> (HealthSpace, Restored) {
    let to = copy(backup);
    let asked = options().later(later);
    let (inner, places, next, restored) = restore_in(Arc::new(to.clone()), &unlock(), clock().0, &asked).unwrap();
    drop(inner);
    places.tell(&next).unwrap();
    (open(&to, &unlock()).unwrap(), restored)
}

fn copy(disk: &Disk) -> Disk {
    let backup = Disk::new();
    backup.restore(&disk.image());
    backup
}

#[test]
fn what_was_lost_in_the_later_state_is_restored() {
    let (disk, space) = setting();
    let backup = copy(&disk);
    let (all, named, released) = (records(&space), sources(&space), entry_of(&space, "Released"));
    spoil_segment(&disk, &space, 0, true);
    spoil_sources(&disk, &space);
    spoil_entry(&disk, &space, released);
    drop(space);
    let (again, restored) = restored(&backup, &disk);
    assert_eq!(restored.erasures, ErasuresAfter::Replayed { records: 0, sources: 0, entries: 0 });
    assert!(restored.unaccounted.records >= 20);
    assert_eq!((restored.unaccounted.sources, restored.unaccounted.entries), (named.len() as u64, 1));
    assert_eq!((records(&again), sources(&again), entry_of(&again, "Released")), (all, named, released));
    let log = again.log(LogOf::Partition("health")).unwrap();
    assert!(log.iter().all(|l| l.entry.event.name() != "Erased"));
    assert!(again.check().unwrap().is_whole());
}

/// What was erased goes as well where something else was lost: of that the keys are there.
#[test]
fn what_was_erased_beside_what_was_lost_is_erased_again() {
    let (disk, space) = setting();
    let backup = copy(&disk);
    let (all, named) = (records(&space), sources(&space));
    let health = space.partition("health").unwrap();
    health.erase(&Erase::Source(named[1]), gesture()).unwrap();
    let released = entry_of(&space, "Released");
    space.erase_entries(LogOf::Partition("health"), &[released], gesture()).unwrap();
    spoil_segment(&disk, &space, 0, true);
    drop((health, space));
    let (again, restored) = restored(&backup, &disk);
    assert_eq!(restored.erasures, ErasuresAfter::Replayed { records: 20, sources: 1, entries: 1 });
    assert!(restored.unaccounted.records > 0 && restored.unaccounted.sources == 0);
    assert_eq!((records(&again), sources(&again).len()), (all - 20, named.len() - 1));
    // The log says which entries are gone, as that of the later state does.
    let log = again.log(LogOf::Partition("health")).unwrap();
    let erased = |l: &LogLine| matches!(&l.entry.event, crate::audit::AuditEvent::EntriesErased { entries, .. } if entries == &[released]);
    assert!(log.iter().any(erased) && log.iter().all(|l| l.index != released));
    // So it is repeated from a restored one as well.
    let to = copy(&backup);
    let asked = options().later(&again);
    let (_, _, _, twice) = restore_in(Arc::new(to), &unlock(), clock().0, &asked).unwrap();
    assert_eq!((twice.erasures, twice.unaccounted), (restored.erasures, Unaccounted::default()));
}

/// With the page of the keys that go with it, nothing tells what was lost from what was erased.
#[test]
fn where_it_cannot_be_known_nothing_is_erased_and_that_is_told() {
    let (disk, space) = setting();
    let health = space.partition("health").unwrap();
    // The keys of all that is there so far fill a page.
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..80 {
        session.remember_in("health", &format!("note {n}")).unwrap();
    }
    drop(session);
    let backup = copy(&disk);
    let (all, memory) = (records(&space), health.memories().unwrap().value().last().unwrap().id);
    health.delete_memory(memory, gesture()).unwrap();
    let p = space.inner.peek().unwrap().partitions[0].clone();
    spoil(&disk, p.id, p.manifest.key_pages.get(0).unwrap().number);
    drop((health, space));
    let (again, restored) = restored(&backup, &disk);
    assert_eq!(restored.erasures, ErasuresAfter::ReplayedInPart { records: 0, sources: 0, entries: 0 });
    assert_eq!(
        (&restored.not_replayed[..], restored.erasures.code()),
        (&["health".to_owned()][..], "replayed-in-part")
    );
    let said = super::tests::events(&again, LogOf::Space);
    assert!(said.iter().any(|e| matches!(e, AuditEvent::Restored { erasures, .. } if erasures == "replayed-in-part")));
    assert!(restored.unaccounted.records > 1, "{restored:?}");
    assert_eq!(records(&again), all);
}

type Loss = fn(&Disk, &HealthSpace);

/// Rows of content of the partition `health`, and keys that its manifest still has.
fn left(disk: &Disk, space: &HealthSpace) -> (usize, usize) {
    let p = space.inner.peek().unwrap().partitions[0].clone();
    let content = |class: u8| [Class::Body as u8, Class::Series as u8].contains(&class);
    let rows = disk.image().rows.values().filter(|(s, row)| *s == p.id && content(row.class)).count();
    let txn = space.inner.base.storage.begin_read().unwrap();
    let segments: Vec<u64> = p.manifest.segments.iter().map(|s| s.group).collect();
    let keys = (0..(p.manifest.key_pages.len() + 1) as u64 * 64).filter(|at| {
        let (page, slot) = p.group_page(&space.inner.base, &*txn, at + 1).unwrap();
        page.get(slot).is_some() && !segments.contains(&(at + 1))
    });
    (rows, keys.count())
}

/// What a list that was lost told of is no less erased.
#[test]
fn what_nothing_names_any_more_goes_with_what_is_erased() {
    let losses: [(Loss, u64); 3] = [
        (|disk, space| spoil_segment(disk, space, 0, true), 1),
        (|disk, space| spoil_segment(disk, space, 0, false), 1),
        (spoil_sources, 1),
    ];
    for (loss, pages) in losses {
        for everything in [false, true] {
            let (disk, space) = setting();
            // The same records, printed otherwise: what surrounds them is kept.
            let session = space.session(model(), Purpose::PatientRequest).unwrap();
            for n in 0..12 {
                session.remember_in("health", &format!("note {n}")).unwrap();
            }
            let (before, named) = (records(&space), sources(&space));
            drop(session);
            loss(&disk, &space);
            drop(space);
            let rotated = damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
            assert_eq!(rotated.pages_lost, pages);
            let space = rotated.space;
            let health = space.partition("health").unwrap();
            if everything {
                health.erase(&Erase::Everything, gesture()).unwrap();
                assert_eq!(left(&disk, &space), (0, 0));
                let log = space.log(LogOf::Partition("health")).unwrap();
                assert!(log.iter().any(|l| l.describe("en").contains("names any more")));
            } else if let Some(source) = named.iter().find(|id| sources(&space).contains(id)) {
                let kept = records(&space);
                let done = health.erase(&Erase::Source(*source), gesture()).unwrap();
                assert_eq!(records(&space), kept - done.records);
                assert!(kept < before);
            }
            let found = space.check().unwrap();
            assert!(found.is_whole(), "{found:?}");
            assert!(sources(&space).is_empty() || found.scopes.iter().all(|s| s.unnamed == 0), "{found:?}");
        }
    }
}

/// What was erased in other partitions is erased again, and what was withdrawn is withdrawn.
#[test]
fn a_partition_that_began_anew_keeps_nothing_else_from_being_repeated() {
    let (disk, space) = setting();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.remember_in("general", "likes tea").unwrap();
    drop(session);
    let backup = copy(&disk);
    let (all, named) = (records(&space), sources(&space));
    let general = space.partition("general").unwrap();
    for (at, name, other) in [(1, "general", "health"), (0, "health", "general")] {
        let disk = copy(&disk);
        let space = open(&disk, &unlock()).unwrap();
        if other == "health" {
            space.partition(other).unwrap().erase(&Erase::Source(named[1]), gesture()).unwrap();
        } else {
            let memory = general.memories().unwrap().value()[0].id;
            space.partition(other).unwrap().delete_memory(memory, gesture()).unwrap();
        }
        super::tests_left_out::spoil_manifest(&disk, &space, at);
        drop(space);
        let (again, restored) = restored(&backup, &disk);
        assert!(matches!(restored.erasures, ErasuresAfter::ReplayedInPart { .. }));
        assert_eq!((restored.not_replayed, restored.unaccounted), (vec![name.to_owned()], Unaccounted::default()));
        let memories = again.partition("general").unwrap().memories().unwrap().value().len();
        assert_eq!((records(&again), memories), if other == "health" { (all - 20, 1) } else { (all, 0) });
    }
}

/// An erasure by name after new keys with damage is repeated as well: what was lost keeps its keys there.
#[test]
fn what_was_erased_by_name_after_a_loss_is_erased_again() {
    let (disk, space) = setting();
    let backup = copy(&disk);
    spoil_segment(&disk, &space, 0, true);
    drop(space);
    let later = damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap().space;
    let health = later.partition("health").unwrap();
    let one = {
        let state = later.inner.peek().unwrap();
        let all = state.partitions.iter().flat_map(|p| p.readable.records());
        all.into_iter().find(|r| r.type_name() == "Observation").unwrap().id()
    };
    let done = health.erase(&Erase::Records(vec![one]), gesture()).unwrap();
    assert_eq!(done.records, 1);
    drop(health);
    let (again, restored) = restored_by(&backup, &later);
    assert!(matches!(restored.erasures, ErasuresAfter::Replayed { records: 1, .. }), "{restored:?}");
    let state = again.inner.peek().unwrap();
    assert!(state.partitions.iter().all(|p| p.readable.find_record(&one).is_none()));
}

/// Where every record of a partition was in the list that was lost, everything is what it had named.
#[test]
fn everything_is_also_what_a_lost_list_had_named() {
    let (disk, space) = setting();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..8 {
        session.remember_in("general", &format!("note {n}")).unwrap();
    }
    drop(session);
    spoil_segment(&disk, &space, 1, true);
    drop(space);
    let space = damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap().space;
    let general = space.partition("general").unwrap();
    assert_eq!(general.stats().unwrap().records, 0);
    general.erase(&Erase::Everything, gesture()).unwrap();
    assert!(space.check().unwrap().scopes.iter().all(|s| s.unnamed == 0));
    assert!(matches!(general.erase(&Erase::Everything, gesture()), Err(Error::NotFound)));
}

/// Who filed a refusal since the backup is refused in what is restored of it, and told so.
#[test]
fn a_refusal_that_was_filed_since_refuses_in_the_restored_space() {
    const DENY: &[u8] = br#"{"resourceType":"Consent","id":"9","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"deny"}}"#;
    const PERMIT: &[u8] = br#"{"resourceType":"Consent","id":"7","meta":{"lastUpdated":"2026-01-01T00:00:00Z"},"status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
    let asks = |space: &HealthSpace| space.session(model(), Purpose::PatientRequest).unwrap().query(&Query::default());
    for files in [false, true] {
        let (disk, space) = setting();
        assert!(asks(&space).is_ok());
        let backup = copy(&disk);
        space.import_consents_confirmed(PERMIT, gesture()).unwrap();
        let refusal = files.then(|| space.import_consents_confirmed(DENY, gesture()).unwrap().filed[0]);
        assert_eq!(asks(&space).is_ok(), !files);
        let (again, restored) = restored_by(&backup, &space);
        assert_eq!((restored.refusals, restored.permissions), (u64::from(files), 1));
        again.confirm_all_permissions(gesture()).unwrap();
        assert_eq!(asks(&again).is_ok(), !files);
        let filed: Vec<_> = again.imported_consents().unwrap().iter().map(|c| c.id).collect();
        assert_eq!(filed, refusal.into_iter().collect::<Vec<_>>());
        assert!(again.check().unwrap().is_whole());
        // As anywhere, it is over once the person withdraws it.
        if let Some(refusal) = refusal {
            let said = super::tests::events(&again, LogOf::Space);
            let filed = |e: &&AuditEvent| matches!(e, AuditEvent::ConsentImported { grant, .. } if *grant == refusal);
            assert_eq!(said.iter().filter(filed).count(), 1);
            again.withdraw(refusal).unwrap();
            assert!(asks(&again).is_ok());
        }
    }
}

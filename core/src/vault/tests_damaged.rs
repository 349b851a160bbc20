//! What is damaged in one place keeps nothing elsewhere from being erased, nor a space from new keys.

use super::tests::{allow, clock, events, fill, gesture, model, of_code, unlock};
use super::tests_keystore::{make, open};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::Standing;
use crate::error::{Error, Part};
use crate::evidence::{EvidenceRequest, Level, verify_evidence};
use crate::id::ScopeId;
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::LedgerRow;
use crate::storage::memory::{Fault, Memory as Disk};
use crate::vault::head::RowRef;
use crate::vault::state::Target;
use crate::vault::tx::Work;
use std::sync::Arc;

const HEALTH: LogOf<'static> = LogOf::Partition("health");

fn setting() -> (Disk, HealthSpace) {
    let disk = Disk::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    fill(&space);
    (disk, space)
}

/// The scope of the space, of `health` and of `general`.
fn scopes(space: &HealthSpace) -> [ScopeId; 3] {
    let state = space.inner.peek().unwrap();
    [state.view.id, state.partitions[0].id, state.partitions[1].id]
}

fn spoil_entry(disk: &Disk, scope: ScopeId, index: u64, how: impl Fn(&mut LedgerRow)) {
    disk.tamper(|i| how(Arc::make_mut(&mut i.ledger).get_mut(&(scope, index.cast_signed())).unwrap()));
}

fn ask(space: &HealthSpace) -> u64 {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.query(&of_code("13457-7")).unwrap().receipt().entry
}

fn levels(space: &HealthSpace) -> Vec<Level> {
    let keys = space.verifier_keys().unwrap();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let file = space.evidence(&EvidenceRequest::new()).unwrap();
    verify_evidence(&file, &keys).unwrap().disclosures.iter().map(|d| d.level).collect()
}

#[test]
fn an_entry_that_opens_no_more_keeps_no_log_from_new_keys() {
    let spoilt: [fn(&mut LedgerRow); 3] =
        [|row| *row.wrap.last_mut().unwrap() ^= 1, |row| row.wrap.truncate(3), |row| row.wrap[2] ^= 1];
    for how in spoilt {
        let (disk, space) = setting();
        allow(&space, &[Category::Laboratory]);
        let entries = [ask(&space), ask(&space), ask(&space)];
        let (key, kept) = (space.verifier_key(HEALTH).unwrap(), space.checkpoint(HEALTH).unwrap());
        let old = space.receipt(HEALTH, entries[1]).unwrap();
        let size = entries[2] + 1;
        spoil_entry(&disk, scopes(&space)[1], entries[1], how);
        assert!(matches!(space.log(HEALTH), Err(Error::Corrupt(Part::Ledger))));
        let rotated = space.rotate(&unlock(), &[]).unwrap();
        assert_eq!(rotated.entries_lost, 1);
        let space = rotated.space;
        assert!(space.check().unwrap().is_whole());
        assert!(matches!(space.receipt(HEALTH, entries[1]), Err(Error::NotFound)));
        let left: Vec<u64> = space.log(HEALTH).unwrap().iter().map(|l| l.index).collect();
        assert!(left.iter().copied().eq((0..size + 2).filter(|n| *n != entries[1])));
        // What was handed out before keeps its worth.
        verify_receipt(&old, &key).unwrap();
        let step = space.handovers(HEALTH).unwrap().remove(0);
        verify_consistency(&kept, &space.consistency_with(HEALTH, size, &step).unwrap(), &key).unwrap();
        assert_eq!(space.rotate(&unlock(), &[]).unwrap().entries_lost, 0);
    }
}

#[test]
fn nor_from_having_others_erased() {
    let (disk, space) = setting();
    allow(&space, &[Category::Laboratory]);
    let entries = [ask(&space), ask(&space)];
    spoil_entry(&disk, scopes(&space)[1], entries[0], |row| row.wrap[20] ^= 1);
    let done = space.erase_entries(HEALTH, &[entries[1]], gesture()).unwrap();
    assert_eq!(done.entries_lost, 1);
    let said = events(&space, HEALTH);
    assert!(matches!(said.last(), Some(AuditEvent::EntriesErased { entries: named, .. }) if *named == [entries[1]]));
    assert!(space.check().unwrap().is_whole());
    assert_eq!(space.erase_entries(HEALTH, &[0], gesture()).unwrap().entries_lost, 0);
}

/// Whoever can write the file and has no key takes the words of an entry, no more: what is in force stays so, and
/// evidence says that it does not know.
#[test]
fn a_withdrawal_that_is_lost_is_withdrawn_and_a_gap() {
    let (disk, space) = setting();
    let grant = allow(&space, &[Category::Laboratory]);
    let other = allow(&space, &[Category::Activity]);
    space.withdraw(other.id()).unwrap();
    ask(&space);
    space.withdraw(grant.id()).unwrap();
    assert_eq!(levels(&space), [Level::Verifiable]);
    let log = space.log(LogOf::Space).unwrap();
    let withdrawn = |l: &&LogLine| matches!(l.entry.event, AuditEvent::Withdrawn { .. });
    for line in log.iter().filter(withdrawn) {
        spoil_entry(&disk, scopes(&space)[0], line.index, |row| row.wrap[30] ^= 1);
    }
    let rotated = space.rotate(&unlock(), &[]).unwrap();
    assert_eq!(rotated.entries_lost, 2);
    let space = rotated.space;
    assert_eq!(levels(&space), [Level::Logged], "one of them may have been of the grant");
    assert!(space.grants().unwrap().iter().all(|g| g.standing == Standing::Withdrawn));
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(session.query(&of_code("13457-7")), Err(Error::Denied)));
}

#[test]
fn a_disk_that_fails_is_no_damage() {
    let (disk, space) = setting();
    drop(space);
    let before = disk.image();
    let mut at = 0;
    loop {
        disk.restore(&before);
        let space = open(&disk, &unlock()).unwrap();
        disk.fail_after(at, Fault::Io);
        let rotated = space.rotate(&unlock(), &[]);
        let pending = disk.fault_pending();
        disk.crash();
        assert!(rotated.is_ok_and(|r| r.entries_lost == 0) || !pending, "step {at}");
        let state = open(&disk, &unlock()).unwrap().inner.peek().unwrap();
        assert!(state.system.iter().chain(&state.partitions).all(|s| s.manifest.erased.is_empty()), "step {at}");
        if pending {
            break;
        }
        at += 7;
    }
}

/// A log that is said to be longer than it is is not walked to its end.
#[test]
fn what_is_not_there_is_not_carried_without_end() {
    let (disk, space) = setting();
    disk.tamper(|i| Arc::make_mut(&mut i.ledger).clear());
    let made = space.inner.base.epoch;
    let lost = |size: u64| {
        space.inner.write(|tx, w| {
            let mut scope = w.state.partitions[0].clone();
            Arc::make_mut(&mut scope.head).log_size = size;
            let mut manifest = (*scope.manifest).clone();
            erase::replace_log_key(tx, &scope, &mut manifest, made)
        })
    };
    assert_eq!(lost(5).unwrap(), 5);
    assert!(matches!(lost(1 << 46), Err(Error::Corrupt(Part::Ledger))));
}

/// A row that is named and not there.
const NOWHERE: RowRef = RowRef { number: 99, version: 1, salt: [1; 24] };

/// As whoever has the key of a room can.
fn write_in(disk: &Disk, at: usize, change: impl Fn(&mut Work)) {
    let space = open(disk, &unlock()).unwrap();
    space.inner.write(|tx, w| w.work(tx, Target::Partition(at)).map(&change)).unwrap();
}

/// As whoever can write the file can.
fn lose_row(disk: &Disk, scope: ScopeId, number: u64) {
    let of = |(s, row): &(ScopeId, Arc<crate::storage::Row>)| *s == scope && row.number == number;
    disk.tamper(|i| Arc::make_mut(&mut i.rows).retain(|_, row| !of(row)));
}

#[test]
fn a_page_of_a_room_that_is_not_there_stops_no_new_keys_and_no_erasure_elsewhere() {
    type Harm = fn(&Disk, &HealthSpace);
    let harms: [Harm; 3] = [
        |disk, _| write_in(disk, 1, |work| work.manifest.conversation_pages.push(NOWHERE)),
        |disk, _| write_in(disk, 1, |work| work.manifest.source_pages.push(NOWHERE)),
        |disk, space| {
            let general = space.inner.peek().unwrap().partitions[1].clone();
            lose_row(disk, general.id, general.manifest.conversation_pages[0].number);
        },
    ];
    for (n, harm) in harms.into_iter().enumerate() {
        let (disk, space) = setting();
        allow(&space, Category::ALL);
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        let seen = session.query(&Query::default()).unwrap();
        session.remember("LDL was 112.5", &seen).unwrap();
        let label = session.label();
        harm(&disk, &space);
        let hurt = disk.image();
        let space = open(&disk, &unlock()).unwrap();
        assert!(!space.check().unwrap().is_whole());
        space.partition("health").unwrap().erase(&Erase::Everything, gesture()).unwrap();
        assert_eq!(space.partition("health").unwrap().stats().unwrap().records, 0);

        disk.restore(&hurt);
        let rotated = open(&disk, &unlock()).unwrap().rotate(&unlock(), &[]).unwrap();
        assert_eq!((rotated.pages_lost, rotated.entries_lost), (1, 0), "{n}");
        let space = rotated.space;
        assert!(space.check().unwrap().is_whole());
        // Where a conversation may have stood on the page, nobody knows what it was shown: it is over.
        let resumed = space.resume(session.conversation(), model(), Purpose::PatientRequest);
        if n == 2 {
            assert!(matches!(resumed, Err(Error::NotFound)));
        } else {
            assert_eq!(resumed.unwrap().label(), label);
        }
        ask(&space);
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        session.remember_in("general", "likes walking").unwrap();
        assert_eq!(space.rotate(&unlock(), &[]).unwrap().pages_lost, 0);
    }
}

#[test]
fn sources_whose_page_is_lost_leave_their_places() {
    let (disk, space) = setting();
    let health = space.inner.peek().unwrap().partitions[0].clone();
    lose_row(&disk, health.id, health.manifest.source_pages[0].number);
    let space = open(&disk, &unlock()).unwrap().rotate(&unlock(), &[]).unwrap().space;
    let room = space.partition("health").unwrap();
    assert_eq!((room.sources().unwrap().len(), room.stats().unwrap().records), (0, 3));
    let more = super::tests::observation("9", "laboratory", "1-8", "2026-01-05", "1", "");
    room.import(super::tests::source(&[more])).unwrap();
    let source = room.sources().unwrap()[0].id;
    assert_eq!(room.erase(&Erase::Source(source), gesture()).unwrap().records, 1);
    assert_eq!(room.stats().unwrap().records, 3);
    assert!(space.check().unwrap().is_whole());
}

/// What was remembered after a release of which the entry does not open may say what goes.
#[test]
fn an_entry_that_does_not_open_may_have_been_of_any_release() {
    for rotate in [false, true] {
        let (disk, mut space) = setting();
        allow(&space, Category::ALL);
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        let shown = session.query(&of_code("13457-7")).unwrap();
        let (entry, id) = (shown.receipt().entry, shown.value()[0].record);
        drop(shown);
        session.remember_in("health", "it was 112.5").unwrap();
        spoil_entry(&disk, scopes(&space)[1], entry, |row| row.wrap[20] ^= 1);
        if rotate {
            space = space.rotate(&unlock(), &[]).unwrap().space;
        }
        let done = space.partition("health").unwrap().erase(&Erase::Records(vec![id]), gesture()).unwrap();
        assert_eq!((done.records, done.aside), (1, 1));
    }
}

fn spoil_note(disk: &Disk, space: &HealthSpace, at: usize) -> crate::id::RecordId {
    let state = space.inner.peek().unwrap();
    let scope = &state.partitions[at];
    let (id, number) = scope.notes().first().map(|r| (r.id(), r.object().number >> 8)).unwrap();
    disk.tamper(|i| {
        let mut rows = Arc::make_mut(&mut i.rows).values_mut();
        let (_, row) = rows.find(|(s, row)| *s == scope.id && row.number == number).unwrap();
        let mut sealed = row.sealed.clone();
        *sealed.last_mut().unwrap() ^= 1;
        *row = Arc::new(crate::storage::Row { sealed, ..(**row).clone() });
    });
    id
}

/// Nobody knows what a memory was made from that does not open: what it may rest on goes, and it is set aside.
#[test]
fn a_memory_that_does_not_open_stops_no_erasure_and_is_set_aside() {
    for at in [1, 0] {
        let (disk, space) = setting();
        allow(&space, Category::ALL);
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        let room = ["health", "general"][at];
        session.remember_in(room, "likes walking").unwrap();
        let seen = session.query(&Query::default()).unwrap();
        let bad = spoil_note(&disk, &space, at);
        let ids: Vec<_> = seen.value().iter().map(|r| r.record).filter(|id| *id != bad).collect();
        let space = open(&disk, &unlock()).unwrap();
        let health = space.partition("health").unwrap();
        let done = health.erase(&Erase::Records(vec![ids[0]]), gesture()).unwrap();
        assert_eq!((done.records, done.unread, done.aside), (1, 1, 0), "{at}");
        let aside = |space: &HealthSpace| space.inner.peek().unwrap().partitions[at].manifest.tags.quarantined.clone();
        assert_eq!(aside(&space), [bad]);
        let said = events(&space, LogOf::Partition(room));
        assert_eq!(said.iter().filter(|e| matches!(e, AuditEvent::Quarantined { records: 1 })).count(), 1);
        // Once is enough, and a record that a newer version replaces goes on too.
        let newer = super::tests::observation("2", "vital-signs", "8867-4", "2026-01-06", "62", "");
        health.import(super::tests::source(&[newer])).unwrap();
        let done = health.erase(&Erase::Records(vec![ids[2]]), gesture()).unwrap();
        assert_eq!((done.unread, aside(&space).len()), (1, 1));
        // It goes as any other does.
        space.partition(room).unwrap().erase(&Erase::Records(vec![bad]), gesture()).unwrap();
        assert!(aside(&space).is_empty() && space.check().unwrap().is_whole());
    }
}

#[test]
fn a_damaged_entry_of_the_spaces_log_stops_no_erasure_and_the_copies_are_not_known() {
    let (disk, space) = setting();
    let (health, all) = (space.partition("health").unwrap(), Query::default());
    allow(&space, Category::ALL);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let ids: Vec<_> = session.query(&all).unwrap().value().iter().map(|r| r.record).collect();
    let not_covered = |room: &Partition, entry| {
        let page = room.erasure_certificate(entry, "en").unwrap();
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        page["notCovered"].to_string().contains("damaged entries of the space's log")
    };
    let done = health.erase(&Erase::Records(vec![ids[0]]), gesture()).unwrap();
    assert!(!done.copies_unknown && !not_covered(&health, done.entry));
    let last = space.log(LogOf::Space).unwrap().len() as u64 - 1;
    spoil_entry(&disk, scopes(&space)[0], last, |row| row.wrap[20] ^= 1);
    let done = health.erase(&Erase::Records(vec![ids[1]]), gesture()).unwrap();
    assert!(done.copies_unknown && done.level == ErasureLevel::FileErased && not_covered(&health, done.entry));
    assert!(matches!(space.known_copies(), Err(Error::Corrupt(Part::Ledger))));
    // The entry that new keys leave behind may have been of a backup as well.
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    let health = space.partition("health").unwrap();
    let done = health.erase(&Erase::Records(vec![ids[2]]), gesture()).unwrap();
    assert!(done.copies_unknown && not_covered(&health, done.entry));
}

/// What the keys of a page opened is lost with the page, and nothing else with it.
#[test]
fn a_page_of_keys_that_is_lost_keeps_no_space_from_new_ones() {
    let (disk, space) = setting();
    let made = space.inner.write(|tx, w| {
        let work = w.work(tx, Target::Partition(1))?;
        (0..66).map(|_| tx.new_group(work)).collect::<crate::Result<Vec<u64>>>()
    });
    assert_eq!(made.unwrap().last(), Some(&66));
    let general = space.inner.peek().unwrap().partitions[1].clone();
    lose_row(&disk, general.id, general.manifest.key_pages.iter().next().unwrap().number);
    let rotated = open(&disk, &unlock()).unwrap().rotate(&unlock(), &[]).unwrap();
    assert_eq!(rotated.pages_lost, 1);
    let space = rotated.space;
    assert!(space.check().unwrap().is_whole());
    // None of the keys is there, and none of the numbers is given out again.
    let now = space.inner.peek().unwrap().partitions[1].clone();
    let opens = |group| now.with_group(&space.inner.base, &*space.inner.read().unwrap().0, group, |_, _| Ok(()));
    assert!((1..=64).all(|group| matches!(opens(group), Err(Error::NotFound))));
    assert!((65..=66).all(|group| opens(group).is_ok()));
    space.session(model(), Purpose::PatientRequest).unwrap().remember_in("general", "likes walking").unwrap();
    assert_eq!(space.partition("general").unwrap().memories().unwrap().value().len(), 1);
}

/// Changes the row that lists the partitions.
fn spoil_list(disk: &Disk, space: &HealthSpace, how: impl Fn(&mut crate::storage::Row)) {
    let view = space.inner.peek().unwrap().view;
    let number = view.head.entry(&view.id).unwrap().policy.number;
    spoil_row(disk, view.id, number, how);
}

pub(super) fn spoil_row(disk: &Disk, scope: ScopeId, number: u64, how: impl Fn(&mut crate::storage::Row)) {
    disk.tamper(|i| {
        let mut rows = Arc::make_mut(&mut i.rows).values_mut();
        let (_, row) = rows.find(|(s, row)| *s == scope && row.number == number).unwrap();
        how(Arc::make_mut(row));
    });
}

fn row_of(disk: &Disk, scope: ScopeId, number: u64) -> crate::storage::Row {
    let image = disk.image();
    let found = image.rows.values().find(|(s, row)| *s == scope && row.number == number).unwrap();
    (*found.1).clone()
}

fn only(disk: &Disk, names: &[&str]) -> crate::Result<HealthSpace> {
    HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(names))
}

const NAMES: [&str; 3] = ["health", "general", "fitness"];

/// The list as it was is no list: what stands there now is read from the partitions' own rows.
#[test]
fn the_list_of_partitions_is_read_from_their_own_rows_and_written_again() {
    let (disk, space) = setting();
    let view = space.inner.peek().unwrap().view;
    let older = row_of(&disk, view.id, view.head.entry(&view.id).unwrap().policy.number);
    space.create_partition("fitness", crate::label::PartitionKind::Health, &unlock()).unwrap();
    let harms: [&dyn Fn(); 4] = [
        &|| spoil_list(&disk, &space, |row| *row.sealed.last_mut().unwrap() ^= 1),
        &|| spoil_list(&disk, &space, |row| row.sealed.truncate(9)),
        &|| spoil_list(&disk, &space, |row| row.sealed.clone_from(&older.sealed)),
        &|| {
            spoil_list(&disk, &space, |row| {
                (row.version, row.sealed) = (older.version, older.sealed.clone());
            });
        },
    ];
    let image = disk.image();
    for harm in harms {
        disk.restore(&image);
        harm();
        let hurt = disk.image();
        for name in NAMES {
            assert_eq!(only(&disk, &[name]).unwrap().info().unwrap().partitions, [name]);
        }
        assert!(matches!(only(&disk, &["else"]), Err(Error::NoSuchPartition)));
        let again = open(&disk, &unlock()).unwrap();
        assert_eq!(again.info().unwrap().partitions, NAMES);
        let found = again.check().unwrap();
        assert_eq!(found.scopes[0].damaged, [(Part::Policy, 1)]);
        assert!(found.scopes[1..].iter().all(|s| s.damaged.is_empty()));
        assert!(disk.image() == hurt, "looking changes nothing");
        type Change = fn(&HealthSpace) -> HealthSpace;
        let changes: [Change; 3] = [
            |s| {
                allow(s, &[Category::Laboratory]);
                s.clone()
            },
            |s| {
                s.create_partition("more", crate::label::PartitionKind::General, &unlock()).unwrap();
                s.clone()
            },
            |s| s.rotate(&unlock(), &[]).unwrap().space,
        ];
        for change in changes {
            disk.restore(&hurt);
            let space = change(&open(&disk, &unlock()).unwrap());
            assert!(space.check().unwrap().is_whole());
            let names = space.info().unwrap().partitions;
            assert!(names.starts_with(&NAMES.map(String::from)));
            assert_eq!(open(&disk, &unlock()).unwrap().info().unwrap().partitions, names);
        }
    }
}

/// Nothing but what the signed head names stands in for it.
#[test]
fn no_other_row_stands_in_for_the_list_of_partitions() {
    let (disk, space) = setting();
    let view = space.inner.peek().unwrap().view;
    let health = scopes(&space)[1];
    let older = row_of(&disk, view.id, view.head.entry(&health).unwrap().policy.number);
    let grant = allow(&space, &[Category::Laboratory]);
    let given = row_of(&disk, view.id, space.inner.peek().unwrap().view.head.entry(&health).unwrap().policy.number);
    space.withdraw(grant.id()).unwrap();
    let number = space.inner.peek().unwrap().view.head.entry(&health).unwrap().policy.number;
    spoil_list(&disk, &space, |row| *row.sealed.last_mut().unwrap() ^= 1);
    open(&disk, &unlock()).unwrap();
    let image = disk.image();
    for old in [&older, &given] {
        for version in [false, true] {
            disk.restore(&image);
            spoil_row(&disk, view.id, number, |row| {
                row.sealed.clone_from(&old.sealed);
                if version {
                    row.version = old.version;
                }
            });
            assert!(matches!(open(&disk, &unlock()), Err(Error::Corrupt(Part::Policy))));
            assert!(matches!(only(&disk, &["health"]), Err(Error::Corrupt(Part::Policy))));
        }
    }
    // A disk that fails is no damage.
    disk.restore(&image);
    drop(space);
    disk.fail_after(3, Fault::Io);
    assert!(open(&disk, &unlock()).is_err() || disk.fault_pending());
}

/// One damaged memory hides no other, and is counted.
#[test]
fn a_memory_that_does_not_open_is_counted_and_the_others_are_shown() {
    let (disk, space) = setting();
    allow(&space, Category::ALL);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..3 {
        session.remember_in("general", &format!("likes walk {n}")).unwrap();
    }
    let turn = session.say("Good morning").unwrap();
    session.append("general", crate::Role::Assistant, &turn).unwrap();
    let general = space.partition("general").unwrap();
    let whole = general.memories().unwrap();
    assert_eq!((whole.value().len(), whole.unread()), (3, 0));
    let of = |n: usize| {
        let state = space.inner.peek().unwrap();
        let query = Query { kinds: vec![crate::record::Kind::Memory], ..Query::default() };
        let view = crate::catalog::View::new(&state.partitions[1].readable, &crate::record::Everything);
        let found = view.query_facts(&query)[n].record();
        (state.partitions[1].id, found.id(), found.object().number >> 8)
    };
    let (scope, bad, number) = of(1);
    spoil_row(&disk, scope, number, |row| *row.sealed.last_mut().unwrap() ^= 1);
    let space = open(&disk, &unlock()).unwrap();
    let general = space.partition("general").unwrap();
    let found = general.memories().unwrap();
    assert_eq!((found.value().len(), found.unread()), (2, 1));
    assert!(found.value().iter().all(|m| m.id != bad));
    assert!(matches!(found.into_whole(), Err(Error::Corrupt(Part::Body))));
    let told = general.memories_in_words(crate::lang::Lang::En).unwrap();
    assert_eq!((told.value().len(), told.unread()), (2, 1));
    let turns = general.turns(session.conversation()).unwrap();
    assert_eq!((turns.value().len(), turns.unread()), (1, 0));
    let consent = space
        .consent_request()
        .partition("general")
        .purpose(Purpose::PatientRequest)
        .categories(Category::ALL)
        .recipient(model());
    consent.agree(gesture()).unwrap();
    let found = space.session(model(), Purpose::PatientRequest).unwrap().memories("general").unwrap();
    assert_eq!((found.value().len(), found.unread()), (2, 1));
}

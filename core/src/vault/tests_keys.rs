//! Ways in: added, changed, removed; by crash, by old copy and by planted row.

use super::tests::{clock, events, fill, unlock};
use super::tests_keystore::{Mood, TestKeyStore, alone, make, open, store, with};
use super::*;
use crate::audit::AuditEvent;
use crate::error::{Error, Malformed, Result};
use crate::keyring::{KdfParams, SpaceRow, Unlock, space_row_id};
use crate::storage::Copy;
use crate::storage::memory::{Fault, Memory};
use std::sync::Arc;

pub(super) fn pass(words: &str) -> Unlock {
    Unlock::passphrase(words).with_cost(KdfParams::FLOOR)
}

fn code(code: &crate::RecoveryCode) -> Unlock {
    Unlock::recovery_code(&code.reveal()).unwrap()
}

fn kinds(space: &HealthSpace) -> Vec<WayInKind> {
    let mut kinds: Vec<_> = space.ways_in().unwrap().iter().map(|w| w.kind).collect();
    kinds.sort_by_key(|k| *k as u8);
    kinds
}

fn refused<T>(r: Result<T>) -> bool {
    matches!(r, Err(Error::CannotOpen))
}

#[test]
fn nothing_is_made_with_an_empty_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.hs");
    let empty = || Unlock::passphrase("").with_cost(KdfParams::FLOOR);
    let made = HealthSpace::create(&path, &empty(), clock().0);
    assert!(matches!(made, Err(Error::Malformed(_))) && !path.exists());
    let (space, _) = HealthSpace::create(&path, &unlock(), clock().0).unwrap();
    assert!(matches!(space.add_way_in(&unlock(), &empty()), Err(Error::Malformed(_))));
    assert!(matches!(HealthSpace::open(&path, &empty(), clock().0), Err(Error::CannotOpen)));
}

/// The first ways in are entered as every later one is.
#[test]
fn the_log_begins_with_the_space_and_its_ways_in() {
    let (disk, keys) = (Memory::new(), store());
    for unlock in [unlock(), with(&keys, "one"), alone(&keys)] {
        let (space, _) = make(&disk, &unlock, clock().0).unwrap();
        let log = events(&space, LogOf::Space);
        assert!(matches!(log[0], AuditEvent::SpaceCreated {}));
        let named = log.iter().filter(|e| matches!(e, AuditEvent::LogNamed { .. })).count();
        let mut entered: Vec<_> = log
            .iter()
            .filter_map(|e| match e {
                AuditEvent::WayInAdded { slot, scopes, .. } if scopes.is_empty() => Some(*slot),
                _ => None,
            })
            .collect();
        assert_eq!((named, entered.len(), log.len()), (2, 2, 5));
        let mut there: Vec<_> = space.ways_in().unwrap().iter().map(|w| w.id).collect();
        entered.sort();
        there.sort();
        assert_eq!(entered, there);
        disk.restore(&Memory::new().image());
    }
}

#[test]
fn ways_in_are_added_changed_and_removed() {
    let disk = Memory::new();
    let (space, first_code) = make(&disk, &unlock(), clock().0).unwrap();
    fill(&space);
    assert_eq!(kinds(&space), [WayInKind::Passphrase, WayInKind::RecoveryCode]);
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["health"])).unwrap();
    assert_eq!(part.ways_in().unwrap(), space.ways_in().unwrap());
    assert!(matches!(part.add_way_in(&unlock(), &pass("two")), Err(Error::NeedsFullSlot)));
    assert!(refused(space.add_way_in(&pass("wrong"), &pass("two"))));
    let added = space.add_way_in(&unlock(), &pass("two")).unwrap();
    assert_eq!(added.old_copies, OldCopies::OpenAsBefore);
    let other = open(&disk, &pass("two")).unwrap();
    assert_eq!(other.partition("health").unwrap().stats().unwrap().records, 3);

    // Changed by another handle; this one follows, and the older copy opens as it is told.
    let before = disk.image();
    let changed = other.change_way_in(&pass("two"), &pass("three")).unwrap();
    assert_eq!(changed.old_copies, OldCopies::OpenWithTheOldSecret);
    assert!(refused(open(&disk, &pass("two"))));
    open(&disk, &pass("three")).unwrap();
    let now = disk.image();
    disk.restore(&before);
    open(&disk, &pass("two")).unwrap();
    disk.restore(&now);
    space.create_partition("fitness", PartitionKind::Health, &pass("three")).unwrap();

    // A code is typed again, then replaced.
    assert!(space.ways_in().unwrap().iter().any(|w| w.kind == WayInKind::RecoveryCode && !w.confirmed));
    assert!(refused(space.confirm_recovery_code(&code(&crate::RecoveryCode::make().unwrap()))));
    assert!(matches!(space.confirm_recovery_code(&unlock()), Err(Error::Malformed(Malformed::Argument))));
    space.confirm_recovery_code(&code(&first_code)).unwrap();
    space.confirm_recovery_code(&code(&first_code)).unwrap();
    assert!(space.ways_in().unwrap().iter().all(|w| w.confirmed));
    assert!(matches!(space.change_way_in(&code(&first_code), &pass("x")), Err(Error::Malformed(Malformed::Argument))));
    assert!(matches!(space.add_way_in(&unlock(), &code(&first_code)), Err(Error::Malformed(_))));
    let (second_code, replaced) = space.new_recovery_code(&code(&first_code)).unwrap();
    assert_eq!(replaced.old_copies, OldCopies::OpenWithTheOldSecret);
    assert!(refused(open(&disk, &code(&first_code))));
    open(&disk, &code(&second_code)).unwrap();

    // Never below two.
    assert!(matches!(space.remove_way_in(&unlock(), crate::SlotId([9; 16])), Err(Error::NotFound)));
    space.remove_way_in(&unlock(), changed.id).unwrap();
    assert!(refused(open(&disk, &pass("three"))));
    for way in space.ways_in().unwrap() {
        assert!(matches!(space.remove_way_in(&unlock(), way.id), Err(Error::TwoWaysIn)));
    }
    open(&disk, &unlock()).unwrap();
    let names: Vec<_> = events(&space, LogOf::Space).iter().map(AuditEvent::number).collect();
    assert_eq!(
        names.iter().filter(|n| (31..=34).contains(*n)).copied().collect::<Vec<_>>(),
        [31, 31, 31, 32, 34, 33, 31, 33]
    );
    assert!(space.check().unwrap().is_whole());
}

#[test]
fn a_host_may_do_without_a_code() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let space = HealthSpace::create_without_recovery_code(&file, &unlock(), clock().0).unwrap();
    assert_eq!(kinds(&space), [WayInKind::Passphrase]);
    fill(&space);
    let (first_code, made) = space.new_recovery_code(&unlock()).unwrap();
    assert_eq!(made.old_copies, OldCopies::OpenAsBefore);
    let again = HealthSpace::open(&file, &code(&first_code), clock().0).unwrap();
    assert_eq!(again.partition("health").unwrap().stats().unwrap().records, 3);
    let by_code = Unlock::of_code(&crate::RecoveryCode::make().unwrap());
    let made = HealthSpace::create(dir.path().join("two"), &by_code, clock().0);
    assert!(matches!(made, Err(Error::Malformed(Malformed::Argument))));
}

#[test]
fn a_destroyed_key_leaves_an_old_copy_without_its_part() {
    let (disk, store) = (Memory::new(), store());
    let (space, _) = make(&disk, &with(&store, "one"), clock().0).unwrap();
    assert_eq!(store.keys(), 2, "of the epoch and of the slot");
    let before = disk.image();
    let changed = space.change_way_in(&with(&store, "one"), &with(&store, "two")).unwrap();
    assert_eq!(changed.old_copies, OldCopies::LackTheDevicesPart { rollback_resistant: true });
    assert_eq!(store.keys(), 2);
    let now = disk.image();
    disk.restore(&before);
    assert!(refused(open(&disk, &with(&store, "one"))));
    disk.restore(&now);
    open(&disk, &with(&store, "two")).unwrap();

    // A keystore that does not destroy now does so at a later opening.
    let space = open(&disk, &with(&store, "two")).unwrap();
    let by_device = space.add_way_in(&with(&store, "two"), &alone(&store)).unwrap();
    store.set(Mood::Clings);
    let removed = space.remove_way_in(&with(&store, "two"), by_device.id).unwrap();
    assert_eq!(removed.old_copies, OldCopies::OpenWithTheOldSecret);
    assert_eq!(store.keys(), 3);
    open(&disk, &with(&store, "two")).unwrap();
    assert_eq!(store.keys(), 3);
    store.set(Mood::Honest);
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &with(&store, "two"), clock().0, Some(&["health"]));
    assert_eq!((part.is_ok(), store.keys()), (true, 3), "a handle of some partitions changes no slots");
    open(&disk, &with(&store, "two")).unwrap();
    assert_eq!(store.keys(), 2);
    let settled = disk.image().slots;
    open(&disk, &with(&store, "two")).unwrap();
    assert!(settled == disk.image().slots, "done once");
}

#[test]
fn a_device_that_is_not_the_spaces_own_is_no_way_in() {
    let (disk, store, other) = (Memory::new(), store(), store());
    let (space, first_code) = make(&disk, &with(&store, "one"), clock().0).unwrap();
    assert!(matches!(space.add_way_in(&with(&store, "one"), &with(&other, "two")), Err(Error::NotFound)));
    assert!(matches!(space.add_way_in(&with(&store, "one"), &pass("two")), Err(Error::Malformed(_))));
    assert_eq!(other.keys(), 0);
    // The device is lost: the code gets in, and puts nothing in the place of a device that it has not.
    let space = open(&disk, &code(&first_code)).unwrap();
    let lost = space.ways_in().unwrap().into_iter().find(|w| w.kind == WayInKind::PassphraseAndDevice).unwrap();
    assert!(matches!(space.remove_way_in(&code(&first_code), lost.id), Err(Error::TwoWaysIn)));
    // In a space that keeps its secret itself any device will do.
    let disk = Memory::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    space.add_way_in(&unlock(), &with(&other, "two")).unwrap();
    assert_eq!(open(&disk, &with(&other, "two")).unwrap().info().unwrap().keystore, "none");
    let by_device = space.add_way_in(&unlock(), &alone(&other)).unwrap();
    assert_eq!(kinds(&space).len(), 4);
    let removed = space.remove_way_in(&with(&other, "two"), by_device.id).unwrap();
    assert_eq!(removed.old_copies, OldCopies::LackTheDevicesPart { rollback_resistant: true });
}

/// Whoever can write the file writes down that the key in use is to be destroyed.
#[test]
fn a_planted_death_warrant_kills_no_key() {
    let (disk, store) = (Memory::new(), store());
    let unlock = with(&store, "one");
    drop(make(&disk, &unlock, clock().0).unwrap());
    for copies in [0..1, 1..2, 0..2] {
        let good = disk.image();
        disk.tamper(|image| {
            for n in copies {
                let slots = Arc::make_mut(&mut image.slots[n]);
                let shared = slots.get_mut(&space_row_id()).unwrap();
                let mut row = SpaceRow::decode(shared).unwrap();
                let key = row.kept.as_ref().unwrap().1.key.clone();
                row.pending.push(crate::keyring::Pending { key, epoch: 0 });
                *shared = row.encode();
            }
        });
        let _ = open(&disk, &unlock);
        assert_eq!(store.keys(), 2);
        disk.restore(&good);
        open(&disk, &unlock).unwrap();
    }
}

#[test]
fn a_damaged_copy_of_the_slots_is_good_after_the_next_change() {
    for copy in 0..2 {
        let disk = Memory::new();
        let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
        disk.tamper(|image| {
            let slots = Arc::make_mut(&mut image.slots[copy]);
            slots.insert([0xee; 16], b"planted".to_vec());
            slots.get_mut(&space_row_id()).unwrap()[3] ^= 1;
        });
        space.add_way_in(&unlock(), &pass("two")).unwrap();
        let image = disk.image();
        assert!(image.slots[0] == image.slots[1] && image.slots[0].len() == 4);
        open(&disk, &pass("two")).unwrap();
    }
}

#[test]
fn a_table_of_slots_has_a_bound() {
    let (disk, store) = (Memory::new(), store());
    let (space, _) = make(&disk, &alone(&store), clock().0).unwrap();
    for _ in 2..64 {
        space.add_way_in(&alone(&store), &alone(&store)).unwrap();
    }
    assert!(matches!(space.add_way_in(&alone(&store), &alone(&store)), Err(Error::TooLarge(_))));
    assert_eq!(store.keys(), 64, "of 63 slots and the epoch");
    open(&disk, &alone(&store)).unwrap();
}

/// A change, and the way in that opens after it and not before.
type Change<'a> = (&'a dyn Fn(&HealthSpace, &Arc<TestKeyStore>) -> Result<()>, &'a [&'a str], &'a [&'a str]);

#[test]
fn a_change_happens_whole_or_not_at_all() {
    let by = |s: &Arc<TestKeyStore>| with(s, "one");
    let add = |space: &HealthSpace, s: &Arc<TestKeyStore>| space.add_way_in(&by(s), &with(s, "two")).map(|_| ());
    let change = |space: &HealthSpace, s: &Arc<TestKeyStore>| space.change_way_in(&by(s), &with(s, "two")).map(|_| ());
    let changes: [Change<'_>; 2] = [(&add, &["one"], &["one", "two"]), (&change, &["one"], &["two"])];
    for (change, before, after) in changes {
        let setup = || {
            let (disk, store) = (Memory::new(), store());
            let (space, _) = make(&disk, &by(&store), clock().0).unwrap();
            (disk, store, space)
        };
        let steps = {
            let (disk, store, space) = setup();
            let begin = disk.operations().len();
            change(&space, &store).unwrap();
            (disk.operations().len() - begin) as u64
        };
        for fault in [Fault::Io, Fault::IoAfterEffect] {
            for step in 0..steps {
                let (disk, store, space) = setup();
                disk.fail_after(step, fault);
                let done = change(&space, &store);
                drop(space);
                disk.crash();
                let opens: Vec<_> =
                    ["one", "two"].into_iter().filter(|w| open(&disk, &with(&store, w)).is_ok()).collect();
                assert!(opens == before || opens == after, "{fault:?} at {step} of {steps}: {opens:?}");
                assert!(done.is_err() || opens == after, "acknowledged and lost at {step}");
                // One made for a slot that came to nothing may be left over, and opens nothing. A slot that
                // is gone has none.
                let keys = store.keys() - 1 - opens.len();
                assert!(keys == 0 || keys == 1 && opens == before, "{fault:?} at {step} of {steps}: {keys}");
            }
        }
    }
}

/// What made guessing costly when the space was created does not stay for life.
#[test]
fn new_keys_take_a_new_salt_and_the_cost_that_is_asked_for() {
    let disk = Memory::new();
    let (space, lost) = make(&disk, &unlock(), clock().0).unwrap();
    let of = |space: &HealthSpace| {
        let txn = space.inner.base.storage.begin_read().unwrap();
        let rows = txn.slots(Copy::First).unwrap();
        let shared = rows.iter().find(|r| r.id == space_row_id()).unwrap();
        let row = SpaceRow::decode(&shared.body).unwrap();
        (row.salt, row.params)
    };
    let before = of(&space);
    assert_eq!(before.1, KdfParams::FLOOR);
    let dearer = KdfParams { passes: KdfParams::FLOOR.passes + 1, ..KdfParams::FLOOR };
    // A second passphrase, whose cost nobody states, and the code stay ways in.
    let second = Unlock::passphrase("another one");
    space.add_way_in(&unlock(), &second).unwrap();
    let done = space.rotate(&unlock().with_cost(dearer), &[&second, &code(&lost)]).unwrap();
    assert!(done.removed.is_empty());
    let after = of(&done.space);
    assert!(after.0 != before.0 && after.1 == dearer);
    for unlock in [unlock(), second, code(&lost)] {
        assert_eq!(of(&open(&disk, &unlock).unwrap()), after);
    }
    // Without a word of it the cost stays; below the floor and above the ceiling nothing changes.
    let plain = Unlock::passphrase("another one");
    let space = done.space.rotate(&plain, &[]).unwrap().space;
    assert!(of(&space).1 == dearer && of(&space).0 != after.0);
    for passes in [KdfParams::FLOOR.passes - 1, 10_000] {
        let cost = KdfParams { passes, ..KdfParams::FLOOR };
        assert!(matches!(
            space.rotate(&Unlock::passphrase("another one").with_cost(cost), &[]),
            Err(Error::TooLarge(_))
        ));
    }
    open(&disk, &plain).unwrap();
}

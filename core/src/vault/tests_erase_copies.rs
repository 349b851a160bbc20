//! Erasure that holds against older copies of the file, with keystores that work, fail and lie.

use super::tests::{clock, fill, gesture, unlock};
use super::tests_keystore::{Mood, TestKeyStore, alone, make, open, store, with};
use super::*;
use crate::audit::AuditEvent;
use crate::error::{Error, Result};
use crate::keyring::{KeyStore, RecoveryCode, SoftwareKeyStore, SpaceRow, Unlock};
use crate::storage::memory::{Fault, Image, Memory};
use std::sync::Arc;

fn by(code: &RecoveryCode) -> Unlock {
    Unlock::recovery_code(&code.reveal()).unwrap()
}

fn shared(phone: &Arc<TestKeyStore>) -> Arc<dyn KeyStore> {
    Arc::<TestKeyStore>::clone(phone)
}

/// A space whose recovery code opens nothing without the device.
fn bound(disk: &Memory, unlock: &Unlock) -> (HealthSpace, RecoveryCode) {
    let row = SpaceRow { recoverable: false, ..SpaceRow::make_for(unlock).unwrap() };
    HealthSpace::create_in(Arc::new(disk.clone()), &row, unlock, clock().0).unwrap()
}

/// Erases one of three records.
fn erase_one(space: &HealthSpace) {
    let one = space.inner.peek().unwrap().partitions[0].readable.records().next().unwrap().id();
    space.partition("health").unwrap().erase(&Erase::Records(vec![one]), gesture()).unwrap();
}

fn records(space: &HealthSpace) -> u64 {
    space.partition("health").unwrap().stats().unwrap().records
}

/// Entries by which the person asked, and by which it was done.
fn entries(space: &HealthSpace) -> (Vec<AuditEvent>, Vec<AuditEvent>) {
    let events: Vec<_> = space.log(LogOf::Space).unwrap().into_iter().map(|l| l.entry.event).collect();
    let of = |n: u64| events.iter().filter(|e| e.number() == n).cloned().collect();
    (of(46), of(47))
}

fn closed(r: Result<HealthSpace>) -> bool {
    matches!(r, Err(Error::CannotOpen))
}

#[test]
fn an_older_copy_opens_by_its_recovery_code_alone() {
    let (disk, phone) = (Memory::new(), store());
    let (space, code) = make(&disk, &with(&phone, "one"), clock().0).unwrap();
    space.add_way_in(&with(&phone, "one"), &alone(&phone)).unwrap();
    fill(&space);
    let (program, _) = space.add_limited_way_in(&with(&phone, "one"), &["health"]).unwrap();
    let program = Unlock::limited(program.expose().to_vec()).with_device(shared(&phone));
    assert_eq!(records(&open(&disk, &program).unwrap()), 3);
    let older = disk.image();
    erase_one(&space);
    let logs: Vec<_> = space.inner.peek().unwrap().partitions.iter().map(|p| p.head.log_size).collect();
    let done = space.erase_from_copies(&with(&phone, "one"), &[&alone(&phone), &program], gesture()).unwrap();
    assert_eq!(done.old_copies, OldCopies::OpenByTheRecoveryCodeAlone { rollback_resistant: true });
    let gone = done.destroyed.unwrap();
    assert_eq!((gone.epoch, gone.since, gone.level), (1, 1, ErasureLevel::CopiesButByCode));
    let space = done.space;
    assert_eq!(records(&space), 2);

    // The certificate: it names who asked, and the logs in which stands what was erased.
    let receipt = space.receipt(LogOf::Space, gone.entry).unwrap();
    let proved = verify_receipt(&receipt, &space.verifier_key(LogOf::Space).unwrap()).unwrap();
    let AuditEvent::EpochDestroyed { level, asked: Some(asked), keystore, .. } = proved.entry.event else { panic!() };
    assert_eq!((&level[..], &keystore[..]), ("E2r", "hardware"));
    let AuditEvent::EpochEnded { epoch: 1, logs: named, .. } =
        space.log(LogOf::Space).unwrap()[asked as usize].entry.event.clone()
    else {
        panic!()
    };
    assert_eq!(named.iter().map(|l| l.size).collect::<Vec<_>>(), logs);
    for entry in [asked, gone.entry] {
        assert!(matches!(space.erase_entries(LogOf::Space, &[entry], gesture()), Err(Error::Denied)));
    }

    // A copy of the file, all that the person knows, and the device as it is now.
    let now = disk.image();
    disk.restore(&older);
    assert!(closed(open(&disk, &with(&phone, "one"))) && closed(open(&disk, &alone(&phone))));
    assert!(closed(open(&disk, &program)));
    assert_eq!(records(&open(&disk, &by(&code)).unwrap()), 3);
    disk.restore(&now);
    assert_eq!(records(&open(&disk, &program).unwrap()), 2);
    assert!(closed(open(&disk, &by(&code))));
    let again = open(&disk, &by(&done.recovery_code.unwrap())).unwrap();
    assert!(again.check().unwrap().is_whole() && again.info().unwrap().opens_by_code);
    assert_eq!((entries(&again).0.len(), entries(&again).1.len(), phone.keys()), (1, 1, 3));
}

#[test]
fn a_certificate_says_how_far_an_erasure_has_come() {
    let (disk, phone) = (Memory::new(), store());
    let (space, _) = make(&disk, &with(&phone, "one"), clock().0).unwrap();
    fill(&space);
    let one = space.inner.peek().unwrap().partitions[0].readable.records().next().unwrap().id();
    let erased = space.partition("health").unwrap().erase(&Erase::Records(vec![one]), gesture()).unwrap();
    let read = |space: &HealthSpace, lang| {
        let text = space.partition("health").unwrap().erasure_certificate(erased.entry, lang).unwrap();
        assert!(!text.contains(&one.to_hex()));
        let page: serde_json::Value = serde_json::from_str(&text).unwrap();
        // All that it says is in entries that verify.
        let of = |name: &str| page[name].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
        let (receipts, keys): (Vec<String>, Vec<String>) = (of("receipts"), of("verifierKeys"));
        let events: Vec<u64> = receipts
            .iter()
            .map(|r| keys.iter().find_map(|k| verify_receipt(r, k).ok()).unwrap().entry.event.number())
            .collect();
        (page, events)
    };
    let (page, events) = read(&space, "en");
    assert_eq!((&page["level"], &page["erased"]["records"], &page["copies"]), (&"E1".into(), &1.into(), &().into()));
    assert_eq!((events, page["notCovered"].as_array().unwrap().len()), (vec![40, 41], 2));
    phone.set(Mood::Clings);
    let space = space.erase_from_copies(&with(&phone, "one"), &[], gesture()).unwrap().space;
    assert_eq!(read(&space, "en").0["level"], "E1", "not before the secret is destroyed");
    phone.set(Mood::Honest);
    drop(space);
    let space = open(&disk, &with(&phone, "one")).unwrap();
    // What happens later is not this erasure's.
    let space = space.rotate(&with(&phone, "one"), &[]).unwrap().space;
    let (page, events) = read(&space, "fr");
    assert_eq!(events, [40, 41, 35, 46, 47]);
    assert_eq!((&page["level"], &page["copies"]["since"]), (&"E2r".into(), &1.into()));
    assert_eq!(page["copies"]["asked"]["gesture"]["method"], "tap");
    assert!(page["holds"].as_str().unwrap().contains("code de récupération"));
    assert_eq!(page["notCovered"].as_array().unwrap().len(), 1);
    // Nothing else has one.
    let health = space.partition("health").unwrap();
    assert!(matches!(health.erasure_certificate(0, "en"), Err(Error::NotFound)));
    // A later erasure is not in copies of before.
    let later = health.erase(&Erase::Everything, gesture()).unwrap().entry;
    assert!(health.erasure_certificate(later, "en").unwrap().contains("\"level\": \"E1\""));
}

#[test]
fn bound_to_the_device_it_opens_no_more() {
    let (disk, phone) = (Memory::new(), store());
    let (space, code) = bound(&disk, &with(&phone, "one"));
    fill(&space);
    assert!(!space.info().unwrap().opens_by_code);
    assert!(closed(open(&disk, &by(&code))));
    let with_code = |code: &RecoveryCode| by(code).with_device(shared(&phone));
    assert_eq!(records(&open(&disk, &with_code(&code)).unwrap()), 3);
    let older = disk.image();
    erase_one(&space);
    // The forgotten passphrase is replaced in the same call.
    let done = space.erase_from_copies(&with_code(&code), &[&with(&phone, "two")], gesture()).unwrap();
    assert_eq!(done.old_copies, OldCopies::OpenNoMore { rollback_resistant: true });
    assert_eq!(done.destroyed.unwrap().level, ErasureLevel::CopiesByDevice);
    let now = disk.image();
    disk.restore(&older);
    for u in [with(&phone, "one"), with(&phone, "two"), with_code(&code), by(&code)] {
        assert!(closed(open(&disk, &u)));
    }
    disk.restore(&now);
    assert!(closed(open(&disk, &by(&code))));
    assert_eq!(records(&open(&disk, &with(&phone, "two")).unwrap()), 2);
    assert!(!open(&disk, &with_code(&code)).unwrap().info().unwrap().opens_by_code);

    // In software: whoever puts the directory back has the keys again.
    let dir = tempfile::tempdir().unwrap();
    let keys: Arc<dyn KeyStore> = Arc::new(SoftwareKeyStore::new(dir.path()));
    let (disk, way) = (Memory::new(), unlock().with_device(Arc::clone(&keys)));
    let (space, _) = bound(&disk, &way);
    let done = space.erase_from_copies(&way, &[], gesture()).unwrap();
    assert_eq!(done.destroyed.unwrap().level, ErasureLevel::CopiesByFile);
    assert_eq!(done.old_copies, OldCopies::OpenNoMore { rollback_resistant: false });
}

#[test]
fn without_the_keystore_that_holds_the_secret_nothing_happens() {
    let (disk, phone, other) = (Memory::new(), store(), store());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let made = HealthSpace::create_bound_to_device(&file, &unlock(), clock().0);
    assert!(matches!(made, Err(Error::LevelUnavailable)) && !file.exists());
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    let unavailable = |r: Result<Rotated>| matches!(r, Err(Error::LevelUnavailable));
    assert!(unavailable(space.erase_from_copies(&unlock(), &[], gesture())));
    // New keys do not reach copies of before: a keystore that comes in now knows nothing of them.
    assert!(unavailable(space.erase_from_copies(&unlock(), &[&with(&phone, "one")], gesture())));
    let disk = Memory::new();
    let (space, code) = make(&disk, &with(&phone, "one"), clock().0).unwrap();
    let keys = phone.keys();
    assert!(unavailable(space.erase_from_copies(&by(&code), &[&with(&other, "two")], gesture())));
    phone.set(Mood::Away);
    let away = space.erase_from_copies(&by(&code), &[&with(&phone, "one")], gesture());
    assert!(matches!(away, Err(Error::Io(_))));
    phone.set(Mood::Honest);
    assert_eq!((phone.keys(), other.keys(), space.info().unwrap().keystore), (keys, 0, "hardware"));
    assert!(entries(&space).0.is_empty());
}

#[test]
fn copies_from_before_there_was_a_keystore_are_said_to_open() {
    let (disk, phone) = (Memory::new(), store());
    let (space, code) = make(&disk, &unlock(), clock().0).unwrap();
    fill(&space);
    let first = disk.image();
    let space = space.rotate(&by(&code), &[&with(&phone, "one")]).unwrap().space;
    let second = disk.image();
    erase_one(&space);
    let done = space.erase_from_copies(&with(&phone, "one"), &[], gesture()).unwrap();
    let gone = done.destroyed.unwrap();
    assert_eq!((gone.epoch, gone.since, done.old_copies), (2, 2, OldCopies::OpenUpToTheRotation));
    // A second time nothing of the second epoch is missing in between.
    let done = done.space.erase_from_copies(&with(&phone, "one"), &[], gesture()).unwrap();
    assert_eq!((done.destroyed.unwrap().epoch, done.destroyed.unwrap().since), (3, 2));
    disk.restore(&second);
    assert!(closed(open(&disk, &with(&phone, "one"))));
    disk.restore(&first);
    assert_eq!(records(&open(&disk, &unlock()).unwrap()), 3);
}

/// In a space that is bound to its device the code is typed again on the device.
#[test]
fn the_code_of_a_bound_space_is_confirmed_with_its_device() {
    let (dir, phone) = (tempfile::tempdir().unwrap(), store());
    let way = || with(&phone, "one");
    let (space, code) = HealthSpace::create_bound_to_device(dir.path().join("me.hs"), &way(), clock().0).unwrap();
    assert!(matches!(space.confirm_recovery_code(&by(&code)), Err(Error::CannotOpen)));
    space.confirm_recovery_code(&by(&code).with_device(shared(&phone))).unwrap();
    assert!(space.ways_in().unwrap().iter().all(|w| w.confirmed));
}

#[test]
fn a_keystore_that_clings_or_feigns_is_asked_again() {
    for mood in [Mood::Clings, Mood::Feigns, Mood::Sulks] {
        let (disk, phone) = (Memory::new(), store());
        let (space, _) = make(&disk, &with(&phone, "one"), clock().0).unwrap();
        fill(&space);
        let older = disk.image();
        erase_one(&space);
        phone.set(mood);
        let done = space.erase_from_copies(&with(&phone, "one"), &[], gesture()).unwrap();
        assert_eq!((done.destroyed, done.old_copies), (None, OldCopies::OpenUpToTheRotation), "{mood:?}");
        assert!(entries(&done.space).1.is_empty());
        // It is asked at each opening, and the promise is made once it is kept.
        let again = open(&disk, &with(&phone, "one")).unwrap();
        assert!(entries(&again).1.is_empty() && phone.keys() == 4);
        let now = disk.image();
        disk.restore(&older);
        open(&disk, &with(&phone, "one")).unwrap();
        disk.restore(&now);
        phone.set(Mood::Honest);
        let again = open(&disk, &with(&phone, "one")).unwrap();
        let (asked, gone) = entries(&again);
        assert!(asked.len() == 1 && phone.keys() == 2);
        assert!(matches!(gone[..], [AuditEvent::EpochDestroyed { epoch: 1, since: 1, asked: Some(_), .. }]));
        let now = disk.image();
        disk.restore(&older);
        assert!(closed(open(&disk, &with(&phone, "one"))));
        disk.restore(&now);
        assert_eq!(entries(&open(&disk, &with(&phone, "one")).unwrap()).1.len(), 1);
    }
}

/// The phone could not destroy the key, and is lost: another device must not say that it did.
#[test]
fn another_device_claims_nothing() {
    let (disk, phone, other) = (Memory::new(), store(), store());
    let (space, code) = make(&disk, &with(&phone, "one"), clock().0).unwrap();
    phone.set(Mood::Clings);
    let done = space.erase_from_copies(&by(&code), &[&with(&phone, "one")], gesture()).unwrap();
    assert!(done.destroyed.is_none());
    // By the code, with a keystore that has never had the key.
    let space = open(&disk, &by(&code).with_device(shared(&other))).unwrap();
    assert!(entries(&space).1.is_empty());
    let done = space.rotate(&by(&code), &[&with(&other, "two")]).unwrap();
    assert!(done.destroyed.is_none() && entries(&done.space).1.is_empty());
    // What it can destroy itself, it does, and says since when.
    let done = done.space.erase_from_copies(&with(&other, "two"), &[], gesture()).unwrap();
    assert_eq!((done.destroyed.unwrap().epoch, done.destroyed.unwrap().since), (3, 3));
    assert_eq!(entries(&done.space).1.len(), 1);
}

/// A disk and a keystore, each of which fails at any step (C11).
#[test]
fn whatever_fails_it_is_done_or_not_done() {
    let setup = || {
        let (disk, phone) = (Memory::new(), store());
        let (space, code) = make(&disk, &alone(&phone), clock().0).unwrap();
        fill(&space);
        let older = disk.image();
        erase_one(&space);
        (disk, phone, space, code, older)
    };
    let (steps, calls) = {
        let (disk, phone, space, ..) = setup();
        let (begin, called) = (disk.operations().len(), phone.calls.lock().unwrap().0);
        space.erase_from_copies(&alone(&phone), &[], gesture()).unwrap();
        ((disk.operations().len() - begin) as u64, phone.calls.lock().unwrap().0 - called)
    };
    assert!(steps > 60 && calls > 8, "{steps} {calls}");
    let mut outcomes = [0, 0];
    let mut judge = |what: &str,
                     disk: &Memory,
                     phone: &Arc<TestKeyStore>,
                     older: &Image,
                     code: &RecoveryCode,
                     done: Result<Rotated>| {
        disk.crash();
        *phone.calls.lock().unwrap() = (0, None);
        phone.set(Mood::Honest);
        let space = open(disk, &alone(phone)).unwrap_or_else(|e| panic!("{what}: {e:?}"));
        assert!(space.check().unwrap().is_whole() && records(&space) == 2, "{what}");
        let (asked, gone) = entries(&space);
        assert_eq!(asked.len(), gone.len(), "{what}: what was begun is finished");
        assert!(done.is_err() || gone.len() == 1, "{what}: acknowledged and not done");
        assert!(gone.len() == 1 || !closed(open(disk, &by(code))), "{what}");
        outcomes[gone.len()] += 1;
        let now = disk.image();
        disk.restore(older);
        assert_eq!(closed(open(disk, &alone(phone))), gone.len() == 1, "{what}");
        // The disk holds what it held, whatever an older copy was opened for.
        disk.restore(&now);
        assert_eq!(records(&open(disk, &alone(phone)).unwrap()), 2, "{what}");
    };
    for n in 0..=calls {
        let (disk, phone, space, code, older) = setup();
        let from = phone.calls.lock().unwrap().0 + n;
        phone.calls.lock().unwrap().1 = Some(from);
        let done = space.erase_from_copies(&alone(&phone), &[], gesture());
        judge(&format!("keystore at {n}"), &disk, &phone, &older, &code, done);
        // And one that fails a single time.
        let (disk, phone, space, code, older) = setup();
        *phone.once.lock().unwrap() = Some(phone.calls.lock().unwrap().0 + n + 1);
        let done = space.erase_from_copies(&alone(&phone), &[], gesture());
        *phone.once.lock().unwrap() = None;
        judge(&format!("keystore at {n} alone"), &disk, &phone, &older, &code, done);
    }
    for mood in [Mood::Honest, Mood::Clings, Mood::Feigns] {
        for fault in [Fault::Io, Fault::IoAfterEffect, Fault::Full] {
            for step in (0..steps + 8).filter(|s| s % 13 == 0 || s + 44 > steps && s % 3 == 0) {
                let (disk, phone, space, code, older) = setup();
                phone.set(mood);
                disk.fail_after(step, fault);
                let done = space.erase_from_copies(&alone(&phone), &[], gesture());
                judge(&format!("{mood:?}, {fault:?} at {step} of {steps}"), &disk, &phone, &older, &code, done);
            }
        }
    }
    assert!(outcomes[0] > 20 && outcomes[1] > 20, "{outcomes:?}");
}

/// Backups are copies as well.
#[test]
fn a_backup_from_before_opens_as_far_as_the_level_says() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let phone = store();
    let way = || with(&phone, "one");
    for bound in [false, true] {
        let file = at(&format!("{bound}.hs"));
        let make = if bound { HealthSpace::create_bound_to_device } else { HealthSpace::create };
        let (space, code) = make(&file, &way(), clock().0).unwrap();
        fill(&space);
        let backup = at(&format!("{bound}.hsb"));
        space.backup_to(&backup).unwrap();
        erase_one(&space);
        let erased = space.log(LogOf::Partition("health")).unwrap().len() as u64 - 2;
        let later = space.erase_from_copies(&way(), &[], gesture()).unwrap().space;
        let page = later.partition("health").unwrap().erasure_certificate(erased, "en").unwrap();
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        let copy = later.known_copies().unwrap()[0];
        assert_eq!(page["level"], if bound { "E2-device" } else { "E2r" });
        assert_eq!(page["backupsBefore"].as_array().unwrap().len(), 1);
        assert_eq!(page["backupsBefore"][0]["entry"], copy.entry);
        let restore = |unlock: &Unlock, name: &str, options: &RestoreOptions| {
            HealthSpace::restore(&backup, at(name), unlock, clock().0, options)
        };
        let asked = RestoreOptions::new(gesture());
        assert!(matches!(restore(&way(), "no.hs", &asked), Err(Error::CannotOpen)));
        if bound {
            for unlock in [by(&code), by(&code).with_device(shared(&phone))] {
                assert!(matches!(restore(&unlock, "no.hs", &asked), Err(Error::CannotOpen)));
            }
            continue;
        }
        assert_eq!(records(&restore(&by(&code), "back.hs", &asked).unwrap().0), 3);
        // The later state has other keys, and its logs begin with those of the backup all the same.
        let (space, restored) = restore(&by(&code), "again.hs", &asked.later(&later)).unwrap();
        assert!(matches!(restored.erasures, ErasuresAfter::Replayed { records: 1, sources: 0, .. }));
        assert_eq!(records(&space), 2);
        // The device's part of these keys is gone: new ones bring it back in.
        drop(space);
        assert!(closed(HealthSpace::open(at("again.hs"), &way(), clock().0)));
        let space = HealthSpace::open(at("again.hs"), &by(&code), clock().0).unwrap();
        let done = space.rotate(&by(&code), &[&way()]).unwrap();
        assert!(done.destroyed.is_none() && done.space.check().unwrap().is_whole());
        assert_eq!(done.space.handovers(LogOf::Partition("health")).unwrap().len(), 1);
        assert_eq!(records(&HealthSpace::open(at("again.hs"), &way(), clock().0).unwrap()), 2);
        // And a backup of new keys opens by them.
        later.backup_to(at("new.hsb")).unwrap();
        let asked = RestoreOptions::new(gesture());
        let (space, restored) = HealthSpace::restore(at("new.hsb"), at("new.hs"), &way(), clock().0, &asked).unwrap();
        assert!(restored.read.is_whole() && records(&space) == 2);
        assert_eq!(space.handovers(LogOf::Space).unwrap().len(), 1);
        // The backup has its secret under another key of the keystore: what is reached begins with new keys.
        assert!(matches!(space.erase_from_copies(&way(), &[], gesture()), Err(Error::LevelUnavailable)));
        let space = space.rotate(&way(), &[]).unwrap().space;
        let space = space.erase_from_copies(&way(), &[], gesture()).unwrap().space;
        assert_eq!((entries(&space).1.len(), space.handovers(LogOf::Space).unwrap().len()), (2, 3));
    }
}

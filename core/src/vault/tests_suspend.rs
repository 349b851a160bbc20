//! A handle that gives its keys up, and goes on afterwards.

use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::tests_faults::{bundle, import};
use super::tests_keys::pass;
use super::tests_keystore::make;
use super::*;
use crate::catalog::Query;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::id::Timestamp;
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::Memory;
use std::sync::Arc;
use std::time::Duration;

fn locked<T>(r: Result<T>) -> bool {
    matches!(r, Err(Error::Locked))
}

#[test]
fn a_suspended_handle_goes_on_where_it_was() {
    let disk = Memory::new();
    let (space, code) = make(&disk, &unlock(), clock().0).unwrap();
    fill(&space);
    allow(&space, Category::ALL);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    s.query(&Query::default()).unwrap();
    let label = s.label();
    let reader = s.reader(&Query::default(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    let clone = space.clone();
    space.suspend();
    assert!(locked(clone.info()) && locked(s.query(&Query::default())) && locked(reader.body(record)));
    assert!(locked(space.ways_in()) && locked(space.add_way_in(&unlock(), &pass("two"))));
    assert!(matches!(space.reopen(&pass("wrong")), Err(Error::CannotOpen)));
    assert!(locked(space.info()));
    space.suspend();
    space.reopen(&crate::Unlock::recovery_code(&code.reveal()).unwrap()).unwrap();
    space.reopen(&unlock()).unwrap();
    assert!(clone.info().unwrap().full);
    // The session goes on with the label it had; the reader has ended.
    assert_eq!(s.label(), label);
    s.query(&Query::default()).unwrap();
    assert!(matches!(s.remember_in("general", "x"), Err(Error::FlowDenied)));
    assert!(locked(reader.body(record)));
    // Closed for good.
    space.suspend();
    space.close();
    assert!(locked(space.reopen(&unlock())));
}

#[test]
fn it_is_reopened_to_what_it_was_and_no_more() {
    let disk = Memory::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["general"])).unwrap();
    part.suspend();
    part.reopen(&unlock()).unwrap();
    assert_eq!((part.info().unwrap().partitions, part.info().unwrap().full), (vec!["general".to_owned()], false));
    let (secret, _) = space.add_limited_way_in(&unlock(), &["general"]).unwrap();
    let by = crate::Unlock::limited(secret);
    part.suspend();
    part.reopen(&by).unwrap();
    space.suspend();
    assert!(matches!(space.reopen(&by), Err(Error::NeedsFullSlot)));
    space.reopen(&unlock()).unwrap();
}

#[test]
fn an_older_file_is_refused_after_a_rest_as_before() {
    let disk = Memory::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    let grant = allow(&space, Category::ALL);
    let before = disk.image();
    space.withdraw(grant.id()).unwrap();
    let after = disk.image();
    space.suspend();
    disk.restore(&before);
    assert!(matches!(space.reopen(&unlock()), Err(Error::RolledBack)));
    // Another history of the same length.
    let other = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap();
    other.withdraw(grant.id()).unwrap();
    assert!(matches!(space.reopen(&unlock()), Err(Error::Forked)));
    assert!(locked(space.info()));
    disk.restore(&after);
    space.reopen(&unlock()).unwrap();
}

#[test]
fn a_handle_that_nobody_uses_locks_itself() {
    let minute = |n: i64| Timestamp::from_millis(1_790_000_000_000 + n * 60_000);
    let (env, clock) = clock();
    let env = Environment { lock_after: Some(Duration::from_secs(300)), ..env };
    let disk = Memory::new();
    let (space, _) = make(&disk, &unlock(), env).unwrap();
    fill(&space);
    allow(&space, Category::ALL);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    // Used every four minutes it stays open.
    for n in 1..5 {
        clock.set(minute(4 * n));
        s.query(&Query::default()).unwrap();
    }
    let reader = s.reader(&Query::default(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    let calls: [&dyn Fn() -> bool; 6] = [
        &|| locked(space.info()),
        &|| locked(s.query(&Query::default())),
        &|| locked(s.remember_in("health", "x")),
        &|| locked(reader.body(record)),
        &|| locked(space.withdraw(crate::GrantId::from_bytes([0; 16]))),
        &|| space.lock_if_idle(),
    ];
    let mut now = 16;
    for call in calls {
        now += 6;
        clock.set(minute(now));
        assert!(call());
        assert!(locked(space.log(LogOf::Space)), "and stays so");
        space.reopen(&unlock()).unwrap();
        assert!(!space.lock_if_idle());
    }
    // To ask whether it is idle is no use of it.
    clock.set(minute(now + 3));
    assert!(!space.lock_if_idle());
    clock.set(minute(now + 6));
    assert!(space.lock_if_idle());
    space.reopen(&unlock()).unwrap();
    // A clock that is set back keeps nothing open.
    clock.set(minute(now - 60));
    assert!(locked(space.info()));
    // What waits behind it goes on under the ledger's own time.
    space.reopen(&unlock()).unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL).recipient(model());
    ask.agree(gesture()).unwrap();
}

/// The handle that rotated leaves its file to the one that it hands out, also when it is closed afterwards: a
/// file that was let go of is opened for every use, and what fails in closing it nobody is told.
#[test]
fn the_new_handle_keeps_the_file_open() {
    let dir = tempfile::tempdir().unwrap();
    let (path, unlock) = (dir.path().join("p.hs"), pass("one"));
    let (space, _) = HealthSpace::create(&path, &unlock, clock().0).unwrap();
    let wal = || std::fs::metadata(dir.path().join("p.hs-wal")).is_ok();
    let new = space.rotate(&unlock, &[]).unwrap().space;
    import(&new, &bundle(1, "")).unwrap();
    assert!(wal());
    space.close();
    import(&new, &bundle(2, "")).unwrap();
    assert!(wal());
    new.close();
    assert!(!wal());
    // Likewise one that is closed while suspended.
    let space = HealthSpace::open(&path, &unlock, clock().0).unwrap();
    space.suspend();
    assert!(wal());
    space.close();
    assert!(!wal());
}

//! A restored copy beside the space that it was made of, on one device: what the one does with its keys
//! leaves the other open.

use super::tests::{clock, fill, gesture, observation, source};
use super::tests_keystore::{TestKeyStore, alone, store, with};
use super::*;
use crate::error::Error;
use crate::keyring::Unlock;
use crate::storage::Sqlite;
use std::path::PathBuf;
use std::sync::Arc;

struct Two {
    dir: tempfile::TempDir,
    phone: Arc<TestKeyStore>,
    code: crate::RecoveryCode,
}

impl Two {
    /// A space, a backup of it, and the space as it went on since.
    fn new(bound: bool) -> Self {
        let (dir, phone) = (tempfile::tempdir().unwrap(), store());
        let (file, by) = (dir.path().join("a.hs"), with(&phone, "one"));
        let made = if bound {
            HealthSpace::create_bound_to_device(&file, &by, clock().0)
        } else {
            HealthSpace::create(&file, &by, clock().0)
        };
        let (space, code) = made.unwrap();
        fill(&space);
        space.add_way_in(&by, &alone(&phone)).unwrap();
        space.backup_to(dir.path().join("a.hsb")).unwrap();
        let more = observation("9", "laboratory", "1-1", "2026-02-02", "5", "");
        space.partition("health").unwrap().import(source(&[more])).unwrap();
        Self { dir, phone, code }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn by(&self) -> Unlock {
        with(&self.phone, "one")
    }

    fn restore(&self, by: &Unlock) -> HealthSpace {
        let options = RestoreOptions::new(gesture());
        HealthSpace::restore(self.path("a.hsb"), self.path("b.hs"), by, clock().0, &options).unwrap().0
    }

    fn opens(&self, name: &str) {
        for by in [self.by(), alone(&self.phone)] {
            HealthSpace::open(self.path(name), &by, clock().0).unwrap();
        }
    }
}

#[test]
fn new_keys_for_one_leave_the_other_open() {
    for bound in [false, true] {
        let two = Two::new(bound);
        let copy = two.restore(&two.by());
        let done = copy.rotate(&two.by(), &[&alone(&two.phone)]).unwrap();
        // The backup opens as it did, and nothing else is said.
        assert_eq!((done.old_copies, done.destroyed), (OldCopies::OpenUpToTheRotation, None));
        two.opens("a.hs");
        two.opens("b.hs");
        HealthSpace::restore(
            two.path("a.hsb"),
            two.path("c.hs"),
            &two.by(),
            clock().0,
            &RestoreOptions::new(gesture()),
        )
        .unwrap();
        let two = Two::new(bound);
        drop(two.restore(&two.by()));
        let original = HealthSpace::open(two.path("a.hs"), &two.by(), clock().0).unwrap();
        original.rotate(&two.by(), &[&alone(&two.phone)]).unwrap();
        two.opens("a.hs");
        two.opens("b.hs");
    }
}

/// The device was not there when it was restored: its keys are the original's.
#[test]
fn keys_of_a_device_that_was_not_there_are_not_destroyed() {
    let two = Two::new(false);
    let by_code = Unlock::recovery_code(&two.code.reveal()).unwrap();
    let copy = two.restore(&by_code);
    let keys = two.phone.keys();
    let way = copy.ways_in().unwrap().into_iter().find(|w| w.kind == WayInKind::KeyStore).unwrap();
    let done = copy.remove_way_in(&two.by(), way.id).unwrap();
    assert_eq!((done.old_copies, two.phone.keys()), (OldCopies::OpenWithTheOldSecret, keys));
    let done = copy.rotate(&two.by(), &[]).unwrap();
    assert!(done.destroyed.is_none());
    two.opens("a.hs");
    // From here on it has keys of its own.
    let keys = two.phone.keys();
    assert!(done.space.rotate(&two.by(), &[]).unwrap().destroyed.is_some());
    assert_eq!(two.phone.keys(), keys);
    two.opens("a.hs");
}

#[test]
fn what_reaches_older_copies_is_claimed_from_the_first_own_keys_on() {
    let two = Two::new(true);
    let copy = two.restore(&two.by());
    let refused = copy.erase_from_copies(&two.by(), &[], gesture());
    assert!(matches!(refused, Err(Error::LevelUnavailable)));
    let way = copy.ways_in().unwrap().into_iter().find(|w| w.kind == WayInKind::KeyStore).unwrap();
    // The backup has the device's part under another key.
    assert_eq!(copy.remove_way_in(&two.by(), way.id).unwrap().old_copies, OldCopies::OpenWithTheOldSecret);
    let space = copy.rotate(&two.by(), &[]).unwrap().space;
    let done = space.erase_from_copies(&two.by(), &[], gesture()).unwrap().destroyed.unwrap();
    assert_eq!((done.epoch, done.since), (2, 2));
    two.opens("a.hs");
}

/// The same where nothing was copied by a backup, but the file went on without its anchor's word.
#[test]
fn a_recovered_space_has_keys_of_its_own() {
    let two = Two::new(true);
    std::fs::copy(two.path("a.hs"), two.path("b.hs")).unwrap();
    let file = Arc::new(Sqlite::open(&two.path("b.hs")).unwrap());
    let (copy, _) =
        HealthSpace::recover_in(file, &two.by(), clock().0, &gesture(), crate::vault::scope::Damage::Refused).unwrap();
    assert!(copy.rotate(&two.by(), &[]).unwrap().destroyed.is_none());
    two.opens("a.hs");
}

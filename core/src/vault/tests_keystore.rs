//! Keystores: they take part, they fail, and they lie.

use super::tests::{clock, fill, unlock};
use super::*;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::keyring::{DestroyProof, KdfParams, KeyStore, KeyStoreClass, SpaceRow, Unlock};
use crate::storage::memory::Memory;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// How a keystore behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Mood {
    #[default]
    Honest,
    /// Cannot be reached.
    Away,
    /// Gives other bytes than it was given.
    Lies,
    /// Gives fewer bytes.
    Short,
    /// Everything but destroying works.
    Clings,
    /// Says that it destroyed what it keeps.
    Feigns,
    /// The same, and cannot be reached when it is asked whether that is so.
    Sulks,
    /// Gives back what it was given, unencrypted, under a name that is too long.
    Rambles,
}

/// A keystore whose keys are numbers, and which can be told how to behave.
#[derive(Default)]
pub(super) struct TestKeyStore {
    keys: Mutex<BTreeMap<Vec<u8>, u8>>,
    pub(super) mood: Mutex<Mood>,
    /// Keys that it said were destroyed.
    said: Mutex<Vec<Vec<u8>>>,
    /// Calls of `unwrap`.
    pub(super) asked: Mutex<usize>,
    /// Calls of any kind, and from which on it cannot be reached.
    pub(super) calls: Mutex<(usize, Option<usize>)>,
    /// The one call that fails.
    pub(super) once: Mutex<Option<usize>>,
}

impl TestKeyStore {
    pub(super) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn mood(&self) -> Result<Mood> {
        let mut calls = self.calls.lock().unwrap();
        calls.0 += 1;
        if calls.1.is_some_and(|from| calls.0 > from) || *self.once.lock().unwrap() == Some(calls.0) {
            return Err(Error::Io(std::io::ErrorKind::ConnectionReset));
        }
        match *self.mood.lock().unwrap() {
            Mood::Away => Err(Error::Io(std::io::ErrorKind::ConnectionRefused)),
            mood => Ok(mood),
        }
    }

    pub(super) fn keys(&self) -> usize {
        self.keys.lock().unwrap().len()
    }
}

impl KeyStore for TestKeyStore {
    fn create(&self) -> Result<Vec<u8>> {
        let mood = self.mood()?;
        let mut name = crate::crypto::random_array::<8>()?.to_vec();
        if mood == Mood::Rambles {
            name = vec![1; 300];
        }
        let mask = name[0] | 1;
        self.keys.lock().unwrap().insert(name.clone(), mask);
        Ok(name)
    }

    fn wrap(&self, key: &[u8], secret: &[u8; 32]) -> Result<Vec<u8>> {
        if self.mood()? == Mood::Sulks && self.said.lock().unwrap().iter().any(|k| k == key) {
            return Err(Error::Io(std::io::ErrorKind::TimedOut));
        }
        let mask = *self.keys.lock().unwrap().get(key).ok_or(Error::NotFound)?;
        Ok(secret.iter().map(|b| b ^ mask).collect())
    }

    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        *self.asked.lock().unwrap() += 1;
        let mood = self.mood()?;
        let mask = *self.keys.lock().unwrap().get(key).ok_or(Error::NotFound)?;
        let mut out: Vec<u8> = wrapped.iter().map(|b| b ^ mask).collect();
        match mood {
            Mood::Lies => out[0] ^= 1,
            Mood::Short => _ = out.pop(),
            _ => {}
        }
        Ok(Zeroizing::new(out))
    }

    fn destroy(&self, key: &[u8]) -> Result<DestroyProof> {
        match self.mood()? {
            Mood::Clings => return Err(Error::Io(std::io::ErrorKind::TimedOut)),
            Mood::Feigns | Mood::Sulks => self.said.lock().unwrap().push(key.to_vec()),
            _ => _ = self.keys.lock().unwrap().remove(key),
        }
        Ok(DestroyProof { rollback_resistant: true, evidence: vec![1] })
    }

    fn class(&self) -> KeyStoreClass {
        KeyStoreClass::Hardware
    }
}

pub(super) fn store() -> Arc<TestKeyStore> {
    Arc::default()
}

pub(super) fn with(store: &Arc<TestKeyStore>, words: &str) -> Unlock {
    let store: Arc<dyn KeyStore> = Arc::<TestKeyStore>::clone(store);
    Unlock::passphrase(words).with_device(store).with_cost(KdfParams::FLOOR)
}

pub(super) fn alone(store: &Arc<TestKeyStore>) -> Unlock {
    Unlock::keystore(Arc::<TestKeyStore>::clone(store) as Arc<dyn KeyStore>).with_cost(KdfParams::FLOOR)
}

pub(super) fn make(disk: &Memory, unlock: &Unlock, env: Environment) -> Result<(HealthSpace, crate::RecoveryCode)> {
    HealthSpace::create_in(Arc::new(disk.clone()), &SpaceRow::make_for(unlock)?, unlock, env)
}

pub(super) fn open(disk: &Memory, unlock: &Unlock) -> Result<HealthSpace> {
    HealthSpace::open_in(Arc::new(disk.clone()), unlock, clock().0, None)
}

#[test]
fn the_device_takes_part_and_the_code_opens_without_it() {
    for by_device in [with, |s: &Arc<TestKeyStore>, _: &str| alone(s)] {
        let (disk, store, other) = (Memory::new(), store(), store());
        let (space, code) = make(&disk, &by_device(&store, "one"), clock().0).unwrap();
        assert_eq!(space.info().unwrap().keystore, "hardware");
        fill(&space);
        let again = open(&disk, &by_device(&store, "one")).unwrap();
        assert_eq!(again.partition("health").unwrap().stats().unwrap().records, 3);
        let by_code = open(&disk, &Unlock::recovery_code(&code.reveal()).unwrap()).unwrap();
        assert_eq!(by_code.info().unwrap().keystore, "hardware");
        assert_eq!(by_code.partition("health").unwrap().stats().unwrap().records, 3);
        for wrong in [unlock(), by_device(&other, "one"), with(&store, "two")] {
            assert!(matches!(open(&disk, &wrong), Err(Error::CannotOpen)));
        }
    }
}

#[test]
fn a_keystore_that_fails_says_so_and_harms_nothing() {
    let (disk, store) = (Memory::new(), store());
    let (space, code) = make(&disk, &with(&store, "one"), clock().0).unwrap();
    fill(&space);
    drop(space);
    store.set(Mood::Away);
    assert!(matches!(open(&disk, &with(&store, "one")), Err(Error::Io(_))));
    // The code asks nobody.
    open(&disk, &Unlock::recovery_code(&code.reveal()).unwrap()).unwrap();
    for mood in [Mood::Lies, Mood::Short] {
        store.set(mood);
        assert!(matches!(open(&disk, &with(&store, "one")), Err(Error::CannotOpen | Error::KeyStore)), "{mood:?}");
    }
    store.set(Mood::Honest);
    open(&disk, &with(&store, "one")).unwrap();
}

#[test]
fn nothing_is_made_that_rests_on_a_keystore_that_lies() {
    for (mood, left) in [(Mood::Away, 0), (Mood::Lies, 0), (Mood::Short, 0), (Mood::Rambles, 0)] {
        let store = store();
        store.set(mood);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("me.hs");
        let made = HealthSpace::create(&file, &with(&store, "one"), clock().0);
        assert!(matches!(made, Err(Error::KeyStore | Error::Io(_))), "{mood:?}");
        assert!(!file.exists());
        assert_eq!(store.keys(), left, "{mood:?}");
    }
    // A file that is there already costs no key.
    let (dir, store) = (tempfile::tempdir().unwrap(), store());
    let file = dir.path().join("me.hs");
    HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    assert!(matches!(HealthSpace::create(&file, &with(&store, "one"), clock().0), Err(Error::AlreadyExists)));
    assert_eq!(store.keys(), 0);
}

#[test]
fn neither_the_device_secret_nor_the_epoch_secret_stands_in_the_file() {
    let (disk, store) = (Memory::new(), store());
    let unlock = with(&store, "one");
    let (space, _) = make(&disk, &unlock, clock().0).unwrap();
    let secret = space.epoch_secret_for_tests(&unlock);
    let find = |disk: &Memory| {
        let txn = crate::storage::Storage::begin_read(disk).unwrap();
        let slots = crate::storage::ReadTxn::slots(&*txn, crate::storage::Copy::First).unwrap();
        slots.iter().map(|s| memchr::memmem::find_iter(&s.body, &secret).count()).sum::<usize>()
    };
    assert_eq!(find(&disk), 0);
    // The control: without a keystore it does.
    let plain = Memory::new();
    let (space, _) = make(&plain, &super::tests::unlock(), clock().0).unwrap();
    let secret = space.epoch_secret_for_tests(&super::tests::unlock());
    let txn = crate::storage::Storage::begin_read(&plain).unwrap();
    let slots = crate::storage::ReadTxn::slots(&*txn, crate::storage::Copy::First).unwrap();
    assert!(slots.iter().any(|s| memchr::memmem::find(&s.body, &secret).is_some()));
}

#[test]
fn one_derivation_an_attempt() {
    use crate::crypto::kdf::ARGON2_RUNS;
    let runs = |f: &mut dyn FnMut()| {
        let before = ARGON2_RUNS.get();
        f();
        ARGON2_RUNS.get() - before
    };
    let (disk, store) = (Memory::new(), store());
    let (space, code) = make(&disk, &with(&store, "one"), clock().0).unwrap();
    for n in 0..5 {
        space.add_way_in(&with(&store, "one"), &with(&store, &format!("more {n}"))).unwrap();
    }
    *store.asked.lock().unwrap() = 0;
    assert_eq!(runs(&mut || _ = open(&disk, &with(&store, "nobody's"))), 1);
    assert_eq!(*store.asked.lock().unwrap(), 6, "every slot of the kind was tried");
    assert_eq!(runs(&mut || _ = open(&disk, &with(&store, "one")).unwrap()), 1);
    assert_eq!(runs(&mut || _ = open(&disk, &with(&store, "more 4")).unwrap()), 1);
    assert_eq!(runs(&mut || _ = open(&disk, &Unlock::recovery_code(&code.reveal()).unwrap())), 0);
    assert_eq!(runs(&mut || _ = open(&disk, &alone(&store))), 0);
    assert_eq!(runs(&mut || _ = space.create_partition("more", PartitionKind::Health, &with(&store, "one"))), 1);
    // Copies of the slots that differ, of one salt, cost one as well.
    disk.tamper(|image| _ = Arc::make_mut(&mut image.slots[0]).pop_last());
    assert_eq!(runs(&mut || _ = open(&disk, &with(&store, "nobody's"))), 1);
}

/// The platform may ask the person each time: planted slots do not multiply that.
#[test]
fn planted_slots_ask_the_device_no_more_often() {
    use crate::keyring::{Slot, SlotKind};
    let (disk, phone) = (Memory::new(), store());
    let (space, _) = make(&disk, &with(&phone, "one"), clock().0).unwrap();
    space.add_way_in(&with(&phone, "one"), &alone(&phone)).unwrap();
    let asked = || {
        let before = *phone.asked.lock().unwrap();
        let opened = open(&disk, &alone(&phone)).is_ok();
        (opened, *phone.asked.lock().unwrap() - before)
    };
    assert_eq!(asked(), (true, 2));
    let good = disk.image();
    for varied in [false, true] {
        disk.restore(&good);
        disk.tamper(|image| {
            let all = Arc::make_mut(&mut image.slots[0]);
            let own = all.values().filter_map(|b| Slot::decode(b)).find(|s| s.kind == SlotKind::KeyStore).unwrap();
            for n in 0..60u8 {
                let mut slot = Slot::decode(&own.encode()).unwrap();
                if varied {
                    slot.kept.as_mut().unwrap().wrapped[0] ^= n + 1;
                }
                all.insert([n + 1; 16], slot.encode());
            }
        });
        let (opened, times) = asked();
        assert!(opened && times <= 6, "{varied} {times}");
    }
}

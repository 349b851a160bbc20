//! A keystore that the app gives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{bundle, import, kind, place, secret};
use healthspace_mobile::{
    DestroyOutcome, DeviceKeyError, DeviceKeyStore, Erasing, ErrorKind, HealthSpace, KeyStoreKind, Secret,
    SpaceKeyStore, create_space_bound_to_device, create_space_with_keystore,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// How the app's keystore behaves.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Mood {
    #[default]
    Honest,
    Panics,
    /// Names of no length, or too long.
    Nameless,
    Rambles,
    Short,
    Clings,
}

#[derive(Default)]
struct Phone {
    keys: Mutex<BTreeMap<Vec<u8>, u8>>,
    made: AtomicU8,
    mood: Mutex<Mood>,
}

impl Phone {
    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn mood(&self) -> Mood {
        let mood = *self.mood.lock().unwrap();
        assert!(mood != Mood::Panics, "LDL 3.1");
        mood
    }

    fn mask(&self, key: &[u8]) -> Result<u8, DeviceKeyError> {
        self.keys.lock().unwrap().get(key).copied().ok_or(DeviceKeyError::NotFound)
    }
}

impl DeviceKeyStore for Phone {
    fn create_key(&self) -> Result<Vec<u8>, DeviceKeyError> {
        let mood = self.mood();
        let mut keys = self.keys.lock().unwrap();
        let next = self.made.fetch_add(1, Ordering::Relaxed);
        let name = match mood {
            Mood::Nameless => Vec::new(),
            Mood::Rambles => vec![1; 257],
            _ => vec![next, 1, 1],
        };
        keys.insert(name.clone(), next | 0x40);
        Ok(name)
    }

    fn wrap(&self, key: Vec<u8>, secret: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError> {
        self.mood();
        let mask = self.mask(&key)?;
        Ok(std::iter::once(mask).chain(secret.iter().map(|b| b ^ mask)).collect())
    }

    fn unwrap(&self, key: Vec<u8>, wrapped: Vec<u8>) -> Result<Secret, DeviceKeyError> {
        let (mood, mask) = (self.mood(), self.mask(&key)?);
        let (first, rest) = wrapped.split_first().ok_or(DeviceKeyError::NotThisKey)?;
        if *first != mask {
            return Err(DeviceKeyError::NotThisKey);
        }
        let short = usize::from(mood == Mood::Short);
        Ok(Secret::from(rest.iter().skip(short).map(|b| b ^ mask).collect::<Vec<u8>>()))
    }

    fn destroy_key(&self, key: Vec<u8>) -> Result<DestroyOutcome, DeviceKeyError> {
        if self.mood() == Mood::Clings {
            return Err(DeviceKeyError::Failed);
        }
        self.keys.lock().unwrap().remove(&key);
        Ok(DestroyOutcome { rollback_resistant: true, evidence: vec![7] })
    }

    fn kind(&self) -> Result<KeyStoreKind, DeviceKeyError> {
        self.mood();
        Ok(KeyStoreKind::Os)
    }
}

fn phone() -> (Arc<Phone>, Arc<SpaceKeyStore>) {
    let phone = Arc::new(Phone::default());
    let store = SpaceKeyStore::device(Arc::<Phone>::clone(&phone)).unwrap();
    (phone, store)
}

#[test]
fn a_space_opens_with_the_keystore_that_it_was_given() {
    let (place, (phone, store)) = (place(), phone());
    let made = create_space_bound_to_device(place.file.clone(), secret(), Arc::clone(&store), None).unwrap();
    import(&made.space, bundle(1));
    let open =
        |store: &Arc<SpaceKeyStore>| HealthSpace::open_with_keystore(place.file.clone(), secret(), Arc::clone(store));
    open(&store).unwrap();
    let code = || Secret::from(made.recovery_code.reveal().into_bytes());
    assert_eq!(kind(HealthSpace::open_recovery(place.file.clone(), code(), None)), ErrorKind::CannotOpen);
    HealthSpace::open_recovery(place.file.clone(), code(), Some(Arc::clone(&store))).unwrap();
    assert_eq!(kind(open(&self::phone().1)), ErrorKind::CannotOpen);
    // What breaks in it is a failure, and never a crash.
    phone.set(Mood::Panics);
    assert_eq!(kind(open(&store)), ErrorKind::Io);
    assert_eq!(kind(SpaceKeyStore::device(Arc::<Phone>::clone(&phone))), ErrorKind::Io);
    phone.set(Mood::Short);
    assert!(matches!(kind(open(&store)), ErrorKind::KeyStore | ErrorKind::CannotOpen));
    phone.set(Mood::Honest);
    open(&store).unwrap();
    assert_eq!(format!("{store:?} {store}"), "SpaceKeyStore(..) SpaceKeyStore(..)");
}

#[test]
fn nothing_rests_on_a_keystore_that_does_not_keep_its_word() {
    let place = place();
    for mood in [Mood::Nameless, Mood::Rambles, Mood::Short] {
        let (phone, store) = phone();
        phone.set(mood);
        let made = create_space_with_keystore(place.file.clone(), secret(), store);
        assert_eq!(kind(made), ErrorKind::KeyStore);
        assert!(!std::path::Path::new(&place.file).exists() && phone.keys.lock().unwrap().is_empty());
    }
}

#[test]
fn it_destroys_what_was_erased_at_once_or_at_a_later_opening() {
    let (place, (phone, store)) = (place(), phone());
    let proof = || vec![7; 32];
    let open = || HealthSpace::open_with_keystore(place.file.clone(), secret(), Arc::clone(&store));
    create_space_bound_to_device(place.file.clone(), secret(), Arc::clone(&store), None).unwrap();
    for (mood, level) in [(Mood::Honest, Some("E2-device")), (Mood::Clings, None)] {
        let space = open().unwrap();
        import(&space, bundle(1));
        space.erase("health".into(), Erasing::Everything, "tap".into(), proof()).unwrap();
        let before: Vec<_> = phone.keys.lock().unwrap().keys().cloned().collect();
        phone.set(mood);
        let rotated = space.erase_from_copies(secret(), "tap".into(), proof(), None, Some(Arc::clone(&store))).unwrap();
        assert_eq!(rotated.level.as_deref(), level);
        phone.set(Mood::Honest);
        drop((space, rotated));
        open().unwrap();
        let keys = phone.keys.lock().unwrap();
        assert!(!keys.is_empty() && before.iter().all(|name| !keys.contains_key(name)));
    }
}

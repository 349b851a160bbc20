//! What a loss concerns.

use super::tests::{allow, events, fill, gesture, model, unlock};
use super::tests_backup::{Place, import};
use super::*;
use crate::catalog::Query;
use crate::environment::Environment;
use crate::error::Error;
use crate::id::{BackupId, SlotId};
use crate::label::Purpose;
use crate::record::Category;

fn of(scope: &BreachScope) -> Vec<(&str, u64, Exposure)> {
    scope.partitions.iter().map(|p| (p.name.as_str(), p.records, p.exposure)).collect()
}

#[test]
fn a_loss_is_told_by_partition_and_recipient() {
    let t = Place::new(super::tests::clock().0);
    let space = &t.space;
    allow(space, Category::ALL);
    let (_, limited) = space.add_limited_way_in(&unlock(), &["general"]).unwrap();
    let all = [("health", 3, Exposure::Clear), ("general", 0, Exposure::Clear)];
    let passphrase = space.ways_in().unwrap().iter().find(|w| w.kind == WayInKind::Passphrase).unwrap().id;
    assert_eq!(of(&space.breach_scope(&Lost::WayIn(passphrase)).unwrap()), all);
    // A limited one, before and after it was removed.
    for _ in 0..2 {
        assert_eq!(of(&space.breach_scope(&Lost::WayIn(limited)).unwrap()), all[1..]);
        let _ = space.remove_way_in(&unlock(), limited);
    }
    assert_eq!(space.ways_in().unwrap().len(), 2);
    // A backup, with what was erased since; a partition that came later is not in it.
    let backup = t.backup("b").id;
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    let source = import(space, 0..4);
    let sealed = [("health", 7, Exposure::Sealed), ("general", 0, Exposure::Sealed)];
    let scope = space.breach_scope(&Lost::Backup(backup)).unwrap();
    assert_eq!((of(&scope), scope.erasures_since), (sealed.to_vec(), 0));
    space.partition("health").unwrap().erase(&Erase::Source(source), gesture()).unwrap();
    assert_eq!(space.breach_scope(&Lost::Backup(backup)).unwrap().erasures_since, 1);
    assert_eq!(of(&space.breach_scope(&Lost::Device).unwrap()).len(), 3);
    // Entries: whoever received something.
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let before = space.log(LogOf::Partition("health")).unwrap().len() as u64;
    let items = session.query(&Query::default()).unwrap().into_value().len() as u64;
    session.count(&Query::default()).unwrap();
    // Told that there is more than one: a number too.
    assert!(session.reader(&Query::default(), 1).is_err());
    space.partition("health").unwrap().memories().unwrap();
    let after = space.log(LogOf::Partition("health")).unwrap().len() as u64;
    let scope = space.breach_scope(&Lost::Entries("health", before..after)).unwrap();
    assert_eq!(of(&scope), [("health", items, Exposure::Clear)]);
    let to: Vec<_> = scope.recipients.iter().map(|r| (r.recipient.name(), r.releases, r.items)).collect();
    assert_eq!(to, [(model().name(), 3, items)]);
    let none = space.breach_scope(&Lost::Entries("health", 0..1)).unwrap();
    assert!(none.partitions.is_empty() && none.recipients.is_empty());
    // An erased entry is not passed over in silence.
    space.erase_entries(LogOf::Partition("health"), &[before], gesture()).unwrap();
    let less = space.breach_scope(&Lost::Entries("health", before..after)).unwrap();
    assert_eq!((less.recipients[0].releases, less.does_not_say.len()), (2, scope.does_not_say.len() + 1));
    assert_eq!(events(space, LogOf::Partition("health")).len() as u64, after);
    for (lost, e) in [
        (Lost::WayIn(SlotId::from_bytes([1; 16])), Error::NotFound),
        (Lost::Backup(BackupId::from_bytes([1; 16])), Error::NotFound),
        (Lost::Entries("health", 0..99), Error::Malformed(crate::error::Malformed::Argument)),
        (Lost::Entries("health", 2..2), Error::Malformed(crate::error::Malformed::Argument)),
        (Lost::Entries("nowhere", 0..1), Error::NoSuchPartition),
    ] {
        assert_eq!(space.breach_scope(&lost).unwrap_err().code(), e.code(), "{lost:?}");
    }
    assert_eq!(format!("{scope:?}"), "BreachScope(..)");
}

#[test]
fn a_device_that_opens_by_itself_exposes_what_is_on_it() {
    let store = super::tests_keystore::store();
    let by = super::tests_keystore::with(&store, "one");
    let disk = crate::storage::memory::Memory::new();
    let (space, _) = super::tests_keystore::make(&disk, &by, Environment::default()).unwrap();
    fill(&space);
    let exposure = |s: &HealthSpace| s.breach_scope(&Lost::Device).unwrap().partitions[0].exposure;
    let way = space.ways_in().unwrap().iter().find(|w| w.kind == WayInKind::PassphraseAndDevice).unwrap().id;
    assert_eq!(exposure(&space), Exposure::Sealed);
    assert_eq!(space.breach_scope(&Lost::WayIn(way)).unwrap().partitions[0].exposure, Exposure::Sealed);
    space.add_way_in(&by, &super::tests_keystore::alone(&store)).unwrap();
    assert_eq!(exposure(&space), Exposure::Clear);
}

#[test]
fn a_lost_device_gives_what_its_programs_open() {
    let store = super::tests_keystore::store();
    let by = super::tests_keystore::with(&store, "one");
    let disk = crate::storage::memory::Memory::new();
    let (space, _) = super::tests_keystore::make(&disk, &by, Environment::default()).unwrap();
    let exposure = |s: &HealthSpace| {
        s.breach_scope(&Lost::Device).unwrap().partitions.iter().map(|p| p.exposure).collect::<Vec<_>>()
    };
    let (_, slot) = space.add_limited_way_in(&by, &["general"]).unwrap();
    assert_eq!(exposure(&space), [Exposure::Sealed, Exposure::Clear]);
    // Which partitions it opens is not known any more.
    let entry = events(&space, LogOf::Space).len() as u64 - 1;
    space.erase_entries(LogOf::Space, &[entry], gesture()).unwrap();
    assert_eq!(exposure(&space), [Exposure::Clear, Exposure::Clear]);
    space.remove_way_in(&by, slot).unwrap();
    assert_eq!(exposure(&space), [Exposure::Sealed, Exposure::Sealed]);
}

/// New keys are the answer to a leak: what leaked is asked about after it.
#[test]
fn a_way_in_from_before_new_keys_is_still_known_and_one_that_went_along_opens_what_it_did() {
    let t = Place::new(super::tests::clock().0);
    let passphrase = t.space.ways_in().unwrap().iter().find(|w| w.kind == WayInKind::Passphrase).unwrap().id;
    let (secret, before) = t.space.add_limited_way_in(&unlock(), &["general"]).unwrap();
    let limited = crate::keyring::Unlock::limited(secret.expose().to_vec());
    let space = t.space.rotate(&unlock(), &[&limited]).unwrap().space;
    let all = [("health", 3, Exposure::Clear), ("general", 0, Exposure::Clear)];
    assert_eq!(of(&space.breach_scope(&Lost::WayIn(passphrase)).unwrap()), all);
    assert_eq!(of(&space.breach_scope(&Lost::WayIn(before)).unwrap()), all[1..]);
    let now = space.ways_in().unwrap().iter().find(|w| w.kind == WayInKind::Limited).unwrap().id;
    assert_eq!(of(&space.breach_scope(&Lost::WayIn(now)).unwrap()), all[1..]);
    let device = space.breach_scope(&Lost::Device).unwrap();
    assert_eq!(device.partitions.iter().map(|p| p.exposure).collect::<Vec<_>>(), [Exposure::Sealed, Exposure::Clear]);
}

#[test]
fn what_opens_nothing_without_the_device_is_half_of_a_secret() {
    let store = super::tests_keystore::store();
    let by = super::tests_keystore::with(&store, "one");
    let dir = tempfile::tempdir().unwrap();
    for (n, expected) in [Exposure::Clear, Exposure::Sealed].into_iter().enumerate() {
        let make = if n == 0 { HealthSpace::create } else { HealthSpace::create_bound_to_device };
        let (space, _) = make(&dir.path().join(n.to_string()), &by, Environment::default()).unwrap();
        let (_, limited) = space.add_limited_way_in(&by, &["general"]).unwrap();
        let code = space.ways_in().unwrap().iter().find(|w| w.kind == WayInKind::RecoveryCode).unwrap().id;
        let exposure = |way| space.breach_scope(&Lost::WayIn(way)).unwrap().partitions[0].exposure;
        assert_eq!((exposure(code), exposure(limited)), (expected, Exposure::Sealed));
    }
}

//! Looking for what was erased: what is confirmed at each level, and what is not.

use super::ErasureLevel as Level;
use super::tests::{clock, events, fill, gesture, unlock};
use super::tests_keystore::{Mood, TestKeyStore, alone, store, with};
use super::*;
use crate::audit::AuditEvent;
use crate::error::Error;
use crate::id::RecordId;
use crate::keyring::{KeyStore, RecoveryCode, Unlock};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn copy(from: &Path, to: &Path) {
    for end in ["", "-wal"] {
        let name = |p: &Path| PathBuf::from(format!("{}{end}", p.display()));
        if name(from).exists() {
            std::fs::copy(name(from), name(to)).unwrap();
        }
    }
}

fn one(space: &HealthSpace) -> RecordId {
    space.inner.peek().unwrap().partitions[0].readable.records().next().unwrap().id()
}

/// How many objects were tried and opened, by what.
fn tried(check: &ErasureCheck, by: TriedBy) -> (u64, u64) {
    check.tries.iter().find(|t| t.by == by).map(|t| (t.objects, t.opened)).unwrap()
}

fn page(space: &HealthSpace, entry: u64, language: &str) -> serde_json::Value {
    let text = space.partition("health").unwrap().erasure_certificate(entry, language).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_file_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (space, _) = HealthSpace::create(at("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let health = space.partition("health").unwrap();
    let id = one(&space);
    copy(&at("me.hs"), &at("older.hs"));
    // Somebody reads meanwhile: the file still holds an older image.
    let other = HealthSpace::open(at("me.hs"), &unlock(), clock().0).unwrap();
    let reading = other.inner.read().unwrap();
    let done = health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert_eq!(done.level, Level::NotShown);
    let by_id = ErasureTrial::new().ids(vec![id], done.salt);
    let older = || ErasureTrial::new().older(at("older.hs"));
    let check = health.verify_erasure(done.entry, &by_id).unwrap();
    assert_eq!((check.claimed, check.confirmed), (Level::NotShown, Some(Level::NotShown)));
    assert_eq!(tried(&check, TriedBy::Id), (1, 0));
    let check = health.verify_erasure(done.entry, &older()).unwrap();
    assert_eq!((check.confirmed, check.tries.len()), (None, 0), "it could not be looked at");
    drop(reading);
    drop(other);
    // Not swept yet: what was deleted where it lay may have left nothing, and no more than E0 is claimed.
    assert!(health.verify_erasure(done.entry, &older()).unwrap().confirmed.is_none_or(|l| l == Level::NotShown));
    assert_eq!(health.sweep(done.entry).unwrap(), Level::FileErased);
    let words = unlock();
    for trial in [older(), older().way(&words), older().way(&words).ids(vec![id], done.salt)] {
        let check = health.verify_erasure(done.entry, &trial).unwrap();
        assert_eq!((check.claimed, check.confirmed), (Level::FileErased, Some(Level::FileErased)));
        assert!(tried(&check, TriedBy::Bytes).0 > 0 && tried(&check, TriedBy::Bytes).1 == 0);
        if let Some(t) = check.tries.iter().find(|t| matches!(t.by, TriedBy::OlderCopy(_))) {
            assert_eq!((t.objects, t.opened), (1, 1), "the older copy opens, and nobody said otherwise");
        }
        let all = events(&space, LogOf::Partition("health"));
        let said = &all[usize::try_from(check.entry.unwrap()).unwrap()];
        assert!(
            matches!(said, AuditEvent::ErasureChecked { entry, level, .. } if *entry == done.entry && level == "E1")
        );
        assert_eq!(check.does_not_prove("fr").len(), check.does_not_prove("en").len());
    }
    let en = page(&space, done.entry, "en");
    assert_eq!((&en["checks"][4]["level"], &en["checks"][4]["opened"]), (&"E1".into(), &0.into()));
    assert!(en["notReached"].as_str().unwrap().starts_with("E3:"));
    assert!(page(&space, done.entry, "fr")["notReached"].as_str().unwrap().starts_with("E3"));
    // Without anything to look for nothing is confirmed, and nothing entered.
    let check = health.verify_erasure(done.entry, &ErasureTrial::new()).unwrap();
    assert_eq!((check.confirmed, check.entry, check.tries.len()), (None, None, 0));
    // Something else.
    assert!(matches!(health.verify_erasure(0, &older()), Err(Error::NotFound)));
    let wrong = ErasureTrial::new().ids(vec![RecordId::from_bytes([1; 16])], done.salt);
    assert!(matches!(health.verify_erasure(done.entry, &wrong), Err(Error::Malformed(_))));
    copy(&at("me.hs"), &at("later.hs"));
    let later = ErasureTrial::new().older(at("later.hs"));
    assert!(matches!(health.verify_erasure(done.entry, &later), Err(Error::Malformed(_))));
    drop(HealthSpace::create(at("other.hs"), &unlock(), clock().0).unwrap());
    let foreign = ErasureTrial::new().older(at("other.hs"));
    assert!(matches!(health.verify_erasure(done.entry, &foreign), Err(Error::Forked)));
}

/// What only hides is found: by its id, in the bytes.
#[test]
fn the_control_finds_what_was_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (space, _) = HealthSpace::create(at("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let health = space.partition("health").unwrap();
    let id = one(&space);
    copy(&at("me.hs"), &at("older.hs"));
    let done = health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    // A row of the older copy stands in the file again.
    let old = rusqlite::Connection::open(at("older.hs")).unwrap();
    let bodies: Vec<(i64, Vec<u8>, i64, Vec<u8>)> = {
        let mut s = old.prepare("SELECT number, sealed, version, scope FROM row WHERE class=1").unwrap();
        let all = s.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap();
        all.map(Result::unwrap).collect()
    };
    let new = rusqlite::Connection::open(at("me.hs")).unwrap();
    let (_, sealed, ..) = &bodies[0];
    new.execute("UPDATE row SET sealed=?1 WHERE number=(SELECT max(number) FROM row)", [sealed]).unwrap();
    drop((old, new));
    let check = health.verify_erasure(done.entry, &ErasureTrial::new().older(at("older.hs"))).unwrap();
    assert_eq!((tried(&check, TriedBy::Bytes).1, check.confirmed, check.entry), (1, None, None));
    // The same file imported anew brings the record back.
    fill_again(&health, &space, id);
    let by_id = ErasureTrial::new().ids(vec![id], done.salt);
    let check = health.verify_erasure(done.entry, &by_id).unwrap();
    assert_eq!((tried(&check, TriedBy::Id), check.confirmed), ((1, 1), None));
}

fn fill_again(health: &Partition, space: &HealthSpace, id: RecordId) {
    let more = super::tests::observation("9", "laboratory", "1-8", "2026-01-05", "1", "");
    let first = super::tests::observation("1", "laboratory", "13457-7", "2026-01-05", "112.5", "");
    health.import(super::tests::source(&[first, more])).unwrap();
    assert!(space.inner.peek().unwrap().partitions[0].readable.find_record(&id).is_some());
}

fn by(code: &RecoveryCode) -> Unlock {
    Unlock::recovery_code(&code.reveal()).unwrap()
}

#[test]
fn older_copies() {
    for (bound, level) in [(false, Level::CopiesButByCode), (true, Level::CopiesByDevice)] {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let phone: Arc<TestKeyStore> = store();
        let way = || with(&phone, "one");
        let make = if bound { HealthSpace::create_bound_to_device } else { HealthSpace::create };
        let (space, code) = make(&at("me.hs"), &way(), clock().0).unwrap();
        space.add_way_in(&way(), &alone(&phone)).unwrap();
        fill(&space);
        let id = one(&space);
        copy(&at("me.hs"), &at("older.hs"));
        let health = space.partition("health").unwrap();
        let done = health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
        let (words, device, code) = (way(), alone(&phone), by(&code));
        let shared: Arc<dyn KeyStore> = Arc::<TestKeyStore>::clone(&phone);
        let code = if bound { code.with_device(shared) } else { code };
        let all = || ErasureTrial::new().older(at("older.hs")).way(&words).way(&device).way(&code);
        // Not taken from copies yet: they open.
        let check = health.verify_erasure(done.entry, &all()).unwrap();
        assert_eq!((check.claimed, check.confirmed), (Level::FileErased, Some(Level::FileErased)));
        assert!(check.tries[1..].iter().all(|t| t.opened == 1), "{:?}", check.tries);

        // A keystore that keeps the key: a passphrase that is mistyped confirms nothing.
        phone.set(Mood::Feigns);
        let space = space.erase_from_copies(&way(), &[&alone(&phone)], gesture()).unwrap().space;
        let health = space.partition("health").unwrap();
        let wrong = with(&phone, "mistyped");
        let check = health.verify_erasure(done.entry, &ErasureTrial::new().older(at("older.hs")).way(&wrong)).unwrap();
        assert_eq!(check.confirmed, Some(Level::FileErased));
        assert!(check.tries[1].opened > 0);
        phone.set(Mood::Honest);
        drop((space, health));
        let space = HealthSpace::open(at("me.hs"), &way(), clock().0).unwrap();
        let health = space.partition("health").unwrap();

        let check = health.verify_erasure(done.entry, &all()).unwrap();
        assert_eq!((check.claimed, check.confirmed), (level, Some(level)), "{:?}", check.tries);
        assert!(check.tries.iter().all(|t| t.objects > 0));
        let opened: Vec<u64> = check.tries.iter().map(|t| t.opened).collect();
        assert_eq!(opened, [0, 0, 0, u64::from(!bound)], "{:?}", check.tries);
        // The code was not tried: no more is confirmed than was found out.
        let some = ErasureTrial::new().older(at("older.hs")).way(&words).way(&device);
        assert_eq!(health.verify_erasure(done.entry, &some).unwrap().confirmed, Some(Level::CopiesButByCode));
        phone.set(Mood::Away);
        assert!(matches!(health.verify_erasure(done.entry, &some), Err(Error::Io(_))));
        phone.set(Mood::Honest);
        let page = page(&space, done.entry, "en");
        let last = page["checks"].as_array().unwrap().len() - 2;
        assert_eq!((&page["level"], &page["checks"][last]["level"]), (&level.name().into(), &level.name().into()));
    }
}

/// A copy in which it never stood does not show that it is gone.
#[test]
fn a_copy_from_before_it_was_brought_confirms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (space, code) = HealthSpace::create(at("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let health = space.partition("health").unwrap();
    let first = one(&space);
    copy(&at("me.hs"), &at("older.hs"));
    let gone = health.erase(&Erase::Records(vec![first]), gesture()).unwrap();
    let more = super::tests::observation("9", "laboratory", "1-8", "2026-01-05", "1", "");
    health.import(super::tests::source(&[more])).unwrap();
    let before: Vec<RecordId> = space.inner.peek().unwrap().partitions[0].readable.records().map(|r| r.id()).collect();
    let source = health.sources().unwrap().last().unwrap().id;
    let done = health.erase(&Erase::Source(source), gesture()).unwrap();
    let left = space.inner.peek().unwrap().partitions[0].clone();
    let ids: Vec<RecordId> = before.into_iter().filter(|id| left.readable.find_record(id).is_none()).collect();
    assert_eq!(ids.len(), 1);
    let (code, wrong) = (by(&code), Unlock::passphrase("another"));
    let older = || ErasureTrial::new().older(at("older.hs"));
    for trial in [older(), older().way(&unlock()), older().way(&wrong).way(&code)] {
        let check = health.verify_erasure(done.entry, &trial).unwrap();
        assert_eq!((check.confirmed, check.entry), (None, None), "{:?}", check.tries);
    }
    // By its id it is not there: no more is found out with this copy.
    let check = health.verify_erasure(done.entry, &older().way(&unlock()).ids(ids, done.salt)).unwrap();
    assert_eq!(check.confirmed, Some(Level::NotShown));
    // What stood in it is gone from the file.
    let check = health.verify_erasure(gone.entry, &older()).unwrap();
    assert_eq!(check.confirmed, Some(Level::FileErased));
    // With a key it is seen that it stood there, whatever was brought since.
    copy(&at("me.hs"), &at("later.hs"));
    let id = one(&space);
    let more = super::tests::observation("10", "laboratory", "1-8", "2026-01-05", "2", "");
    health.import(super::tests::source(&[more])).unwrap();
    let done = health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    let later = || ErasureTrial::new().older(at("later.hs")).ids(vec![id], done.salt);
    assert_eq!(health.verify_erasure(done.entry, &later()).unwrap().confirmed, Some(Level::NotShown));
    let check = health.verify_erasure(done.entry, &later().way(&unlock())).unwrap();
    assert_eq!(check.confirmed, Some(Level::FileErased));
}

/// A row that an erasure of everything left where it was is found.
#[test]
fn a_row_that_stayed_confirms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (space, _) = HealthSpace::create(at("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let health = space.partition("health").unwrap();
    copy(&at("me.hs"), &at("older.hs"));
    let done = health.erase(&Erase::Everything, gesture()).unwrap();
    let words = unlock();
    let trials = || [ErasureTrial::new().older(at("older.hs")), ErasureTrial::new().older(at("older.hs")).way(&words)];
    for trial in trials() {
        assert_eq!(health.verify_erasure(done.entry, &trial).unwrap().confirmed, Some(Level::FileErased));
    }
    let scope = space.inner.peek().unwrap().partitions[0].id;
    let older = crate::storage::Sqlite::open(&at("older.hs")).unwrap();
    let then = crate::storage::Storage::begin_read(&older).unwrap();
    let mut rows = Vec::new();
    then.scan(&scope, crate::crypto::context::Class::Body as u8, &mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    let row = rows.pop().unwrap();
    let mut txn = space.inner.base.storage.begin_write().unwrap();
    txn.put(&scope, row.number, row.group, row.class, row.version, &row.sealed).unwrap();
    txn.commit().unwrap();
    drop(then);
    for trial in trials() {
        let check = health.verify_erasure(done.entry, &trial).unwrap();
        assert_eq!((tried(&check, TriedBy::Bytes).1, check.confirmed), (1, None));
    }
}

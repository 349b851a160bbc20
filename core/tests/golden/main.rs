//! Files of format 1 that this library wrote once, opened by the library as it is now: they open forever.
//!
//! What belongs here: the files under `format-1` and `format-1b`, how they were made, and what they must say. What must not:
//! how anything is worded. A file is never made anew: where a test here fails, the library is wrong. A later
//! format gets a folder of its own.
//!
//! `HEALTHSPACE_WRITE_GOLDEN=1 cargo test --test golden -- --ignored` makes those that are not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod input;
mod make;
mod second;
mod tell;

use healthspace::evidence::{Disclosed, verify_evidence};
use healthspace::import::Source;
use healthspace::{
    Erase, Error, ErrorCode, HealthSpace, LogOf, RestoreOptions, SoftwareKeyStore, Unlock, verify_consistency,
    verify_receipt,
};
use make::{DEVICE, PASSPHRASE, env, gesture};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tell::tell;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-1")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// A copy to work on, in a folder of its own.
fn copy(name: &str) -> (tempfile::TempDir, PathBuf) {
    copied(&folder(), name)
}

fn copied(from: &Path, name: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join(name);
    std::fs::copy(from.join(name), &to).unwrap();
    (dir, to)
}

/// The device whose keys lie beside its space, copied too: opening may destroy one of them.
fn device(dir: &Path) -> Arc<SoftwareKeyStore> {
    let to = dir.join("device.keys");
    std::fs::create_dir_all(&to).unwrap();
    for key in std::fs::read_dir(folder().join("device.keys")).unwrap() {
        let key = key.unwrap();
        std::fs::copy(key.path(), to.join(key.file_name())).unwrap();
    }
    Arc::new(SoftwareKeyStore::new(to))
}

/// What evidence says of one disclosure, and what it leaves open.
pub(crate) fn claim(d: &Disclosed) -> String {
    format!("{} {} {} under {}: {}", d.origin, d.index, d.level.code(), d.grants.len(), d.does_not_prove.join(", "))
}

/// Shows the first line in which two texts differ, and not all of both.
fn same(is: &str, must: &str, what: &str) {
    let mut pairs = is.lines().zip(must.lines());
    if let Some((is, must)) = pairs.find(|(a, b)| a != b) {
        panic!("{what}: it says\n{is}\nand said\n{must}");
    }
    assert_eq!(is.lines().count(), must.lines().count(), "{what}");
}

#[test]
#[ignore = "writes the files, once"]
fn write() {
    if std::env::var_os("HEALTHSPACE_WRITE_GOLDEN").is_some() {
        make::all(&folder());
        second::all();
    }
}

#[test]
fn a_space_opens_by_every_way_in_and_says_what_it_said() {
    let told = text("all.txt");
    let ways = [Unlock::passphrase(PASSPHRASE), Unlock::recovery_code(text("all.code").trim()).unwrap()];
    for unlock in ways {
        let (_dir, file) = copy("all.hs");
        let space = HealthSpace::open(&file, &unlock, env()).unwrap();
        assert!(space.check().unwrap().is_whole());
        same(&tell(&space), &told, "all.hs");
    }
    let (_dir, file) = copy("all.hs");
    let wrong = HealthSpace::open(&file, &Unlock::passphrase("another"), env());
    assert_eq!(wrong.map(|_| ()).unwrap_err().code(), ErrorCode::CannotOpen);
    let secret = tell::unhex(text("all.limited").trim());
    let part = HealthSpace::open(&file, &Unlock::limited(secret), env()).unwrap();
    assert_eq!(part.info().unwrap().partitions, ["health"]);
    assert!(!part.info().unwrap().full);
    same(&tell::log(&part, LogOf::Partition("health")), &text("all.limited.txt"), "its limited way in");
}

/// Its logs go on under other names, from the old ones.
#[test]
fn a_restored_space_opens() {
    let (_dir, file) = copy("restored.hs");
    let space = HealthSpace::open(&file, &Unlock::passphrase(PASSPHRASE), env()).unwrap();
    assert!(space.check().unwrap().is_whole());
    same(&tell(&space), &text("restored.txt"), "restored.hs");
}

/// What was imported then is known now: the hashes by which things are told are part of the format.
#[test]
fn the_same_files_add_nothing_and_new_ones_do() {
    let (_dir, file) = copy("all.hs");
    let space = HealthSpace::open(&file, &Unlock::passphrase(PASSPHRASE), env()).unwrap();
    let health = space.partition("health").unwrap();
    let records = || health.stats().unwrap().records;
    let before = records();
    let add = |file: Vec<u8>| health.import(Source::bytes(file).unwrap()).unwrap();
    assert!(add(input::bundle(1)).already_imported);
    // Another printing of the same, and an export that goes on where the last one ended.
    add(input::bundle(1).into_iter().chain(*b"\n").collect());
    assert_eq!(records(), before);
    let more = add(input::export(3));
    assert_eq!(more.types["HKQuantityTypeIdentifierStepCount"].imported, 1, "one sample is new");
    add(input::bundle(9));
    assert!(records() > before);
    drop(health);
    let session = space.session(make::model(), healthspace::Purpose::PatientRequest).unwrap();
    session.remember_in("general", "written on").unwrap();
    drop(session);
    space.close();
    let space = HealthSpace::open(&file, &Unlock::passphrase(PASSPHRASE), env()).unwrap();
    assert!(space.check().unwrap().is_whole());
}

/// What nothing names goes with any erasure: of what was written then everything is named.
#[test]
fn an_erasure_takes_what_was_asked_for_and_nothing_else() {
    for (from, name) in
        [(folder(), "all.hs"), (folder(), "restored.hs"), (folder(), "staged.hs"), (second::folder(), "late.hs")]
    {
        let (_dir, file) = copied(&from, name);
        let space = HealthSpace::open(&file, &Unlock::passphrase(PASSPHRASE), env()).unwrap();
        for partition in space.info().unwrap().partitions {
            let of = space.partition(&partition).unwrap();
            let before = of.stats().unwrap();
            let memory = of.memories().unwrap().into_whole().unwrap().first().map(|m| m.id);
            let what = Erase::Records(memory.into_iter().collect());
            let Ok(done) = of.erase(&what, gesture()) else {
                assert!(memory.is_none(), "{name} {partition}");
                continue;
            };
            assert_eq!(of.stats().unwrap().records, before.records - done.records, "{name} {partition}");
            for line in space.log(LogOf::Partition(&partition)).unwrap() {
                assert!(!line.describe("en").contains("names any more"), "{name} {partition}");
            }
        }
        assert!(space.check().unwrap().is_whole(), "{name}");
    }
    // An unfinished import goes on.
    let (_dir, file) = copy("staged.hs");
    let space = HealthSpace::open(&file, &Unlock::passphrase(PASSPHRASE), env()).unwrap();
    let session = space.session(make::model(), healthspace::Purpose::PatientRequest).unwrap();
    let memory = session.remember_in("general", "to be erased").unwrap();
    drop(session);
    space.partition("general").unwrap().erase(&Erase::Records(vec![memory]), gesture()).unwrap();
    let health = space.partition("health").unwrap();
    assert_eq!(health.staged_imports().unwrap().len(), 1);
    health.import(Source::bytes(input::long()).unwrap()).unwrap();
    assert!(space.check().unwrap().is_whole());
}

#[test]
fn an_import_that_was_broken_off_goes_on() {
    let (_dir, file) = copy("staged.hs");
    let space = HealthSpace::open(&file, &Unlock::passphrase(PASSPHRASE), env()).unwrap();
    let health = space.partition("health").unwrap();
    let staged = health.staged_imports().unwrap();
    assert_eq!(staged.len(), 1);
    assert!(staged[0].units > 0);
    health.import(Source::bytes(input::long()).unwrap()).unwrap();
    assert!(health.staged_imports().unwrap().is_empty());
    assert_eq!(health.stats().unwrap().records, input::LONG);
}

#[test]
fn a_space_that_a_device_keeps_opens_with_it_and_not_without() {
    let (dir, file) = copy("device.hs");
    let without = HealthSpace::open(&file, &Unlock::passphrase(DEVICE), env());
    assert!(matches!(without, Err(Error::Malformed(_) | Error::CannotOpen)));
    let unlock = Unlock::passphrase(DEVICE).with_device(device(dir.path()));
    let unknown = HealthSpace::open(&file, &unlock, make::anchored(dir.path()));
    assert!(matches!(unknown, Err(Error::AnchorMissing)));
    std::fs::copy(folder().join("device.anchor"), dir.path().join("device.anchor")).unwrap();
    let space = HealthSpace::open(&file, &unlock, make::anchored(dir.path())).unwrap();
    assert_eq!(space.break_glass_notices().unwrap().len(), 1);
    assert!(space.check().unwrap().is_whole());
    same(&tell(&space), &text("device.txt"), "device.hs");
}

#[test]
fn a_backup_is_restored() {
    let (dir, file) = copy("all.hsb");
    let to = dir.path().join("restored.hs");
    let unlock = Unlock::passphrase(PASSPHRASE);
    let (space, restored) = HealthSpace::restore(&file, &to, &unlock, env(), &RestoreOptions::new(gesture())).unwrap();
    assert!(restored.read.is_whole());
    space.confirm_all_permissions(gesture()).unwrap();
    // Its logs have other names; what they hold is the same.
    let content = |text: &str| text.lines().filter(|l| l.starts_with("fact ")).map(str::to_owned).collect::<Vec<_>>();
    let (is, must) = (content(&tell(&space)), content(&text("all.txt")));
    assert!(!must.is_empty());
    assert_eq!(is, must);
}

#[test]
fn what_was_handed_out_verifies() {
    let key = text("proof.key");
    let receipt = verify_receipt(&text("proof.receipt"), key.trim()).unwrap();
    assert!(receipt.index < receipt.size);
    verify_consistency(&text("proof.old"), &text("proof.consistency"), key.trim()).unwrap();
    let keys: Vec<String> = text("evidence.keys").lines().map(str::to_owned).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let file = std::fs::read(folder().join("evidence.hsev")).unwrap();
    let read = verify_evidence(&file, &keys).unwrap();
    let claims: Vec<String> = read.disclosures.iter().map(claim).collect();
    assert!(!claims.is_empty());
    assert_eq!(claims, text("evidence.txt").lines().collect::<Vec<_>>());
}

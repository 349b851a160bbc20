//! A space that is open elsewhere, and a file that somebody has written to.

use super::common::*;
use healthspace::import::Source;
use healthspace::{Environment, Error, HealthSpace, KdfParams, Unlock};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[test]
fn both_handles_work_while_one_imports() {
    let room = Room::new();
    let other = room.again();
    let part = HealthSpace::open_partitions(&room.file, &unlock(), env(), &["health"]).unwrap();
    let file = |n: usize| bundle(&(0..1200).map(|i| observation(n * 10_000 + i, &value("1"))).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for (n, space) in [&room.space, &other, &part].into_iter().enumerate() {
            scope.spawn(move || {
                let report = space.partition("health").unwrap().import(Source::bytes(file(n)).unwrap()).unwrap();
                assert_eq!(report.imported(), 1200);
            });
        }
        scope.spawn(|| {
            let s = session(&other);
            for _ in 0..5 {
                let seen = *s.count(&healthspace::catalog::Query::default()).unwrap().value();
                assert_eq!(seen % 1200, 0, "an import is seen whole or not at all");
            }
        });
    });
    for space in [&room.space, &other] {
        assert_eq!(facts(space).len(), 3600);
        assert_eq!(space.partition("health").unwrap().sources().unwrap().len(), 3);
    }
    assert_eq!(part.partition("health").unwrap().stats().unwrap().facts, 3600);
}

#[test]
fn another_writer_means_busy_and_nothing_half_done() {
    let room = Room::new();
    let before = room.mark();
    let blocker = Connection::open(&room.file).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begin = Instant::now();
    assert!(matches!(room.import(observation(1, &value("1"))), Err(Error::Busy)));
    assert!(begin.elapsed() >= Duration::from_secs(4) && begin.elapsed() < Duration::from_secs(20));
    // Reading goes on, here and for who opens it now.
    assert_eq!(room.mark(), before);
    assert!(mark(&room.again()) == before);
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(room.import(observation(1, &value("1"))).unwrap().imported(), 1);
}

/// A closed space with something in it.
fn closed() -> (tempfile::TempDir, PathBuf) {
    let room = Room::new();
    room.import(observation(1, &value("1"))).unwrap();
    facts(&room.space);
    let Room { dir, file, space, .. } = room;
    drop(space);
    (dir, file)
}

fn bytes_of(file: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&p).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_planted_schema_is_no_space_and_is_left_alone() {
    for planted in [
        "CREATE TRIGGER t AFTER INSERT ON ledger BEGIN DELETE FROM ledger; END",
        "CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
        "CREATE TABLE notes(x)",
        "CREATE VIEW v AS SELECT * FROM row",
        "CREATE INDEX i ON row(abs(number))",
        "ALTER TABLE row ADD COLUMN extra DEFAULT 1",
        "DROP TABLE slot_copy",
        "DROP TABLE ledger; CREATE VIEW ledger AS SELECT 1",
        "PRAGMA application_id=1",
    ] {
        let (_dir, file) = closed();
        let conn = Connection::open(&file).unwrap();
        if planted.contains("INSTEAD") {
            conn.execute_batch("CREATE VIEW v AS SELECT 1 AS x").unwrap();
        }
        conn.execute_batch(planted).unwrap();
        conn.close().unwrap();
        let before = bytes_of(&file);
        for _ in 0..2 {
            let e = HealthSpace::open(&file, &unlock(), env()).map(|_| ());
            assert!(matches!(e, Err(Error::NotASpace)), "{planted}: {e:?}");
            let e = HealthSpace::open_partitions(&file, &unlock(), env(), &["health"]).map(|_| ());
            assert!(matches!(e, Err(Error::NotASpace)), "{planted}: {e:?}");
        }
        assert_eq!(bytes_of(&file), before, "{planted}: the file was changed");
    }
    // Under an open handle.
    let room = Room::new();
    Connection::open(&room.file)
        .unwrap()
        .execute_batch("CREATE TRIGGER t AFTER INSERT ON row BEGIN SELECT 1; END")
        .unwrap();
    assert!(matches!(room.import(observation(1, &value("1"))), Err(Error::NotASpace)));
    assert!(matches!(room.health().stats(), Err(Error::NotASpace)));
}

#[test]
fn what_is_no_space_and_what_is_newer_are_told_apart_and_left_alone() {
    let (_dir, file) = closed();
    let whole = std::fs::read(&file).unwrap();
    let open = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let before = bytes_of(&file);
        let e = HealthSpace::open(&file, &unlock(), env()).map(|_| ()).unwrap_err();
        assert_eq!(bytes_of(&file), before);
        e
    };
    assert!(matches!(open(b""), Error::NotASpace));
    assert!(matches!(open(b"{\"resourceType\":\"Patient\"}"), Error::NotASpace));
    assert!(matches!(open(&vec![0; 8192]), Error::NotASpace));
    let mut newer = whole.clone();
    newer[63] = 2; // the format, in SQLite's header
    assert!(matches!(open(&newer), Error::NeedsNewerLibrary));
    newer[63] = 0;
    assert!(matches!(open(&newer), Error::PreRelease));
    for cut in [512, 4096, whole.len() / 2, whole.len() - 4096] {
        let e = open(&whole[..cut]);
        assert!(matches!(e, Error::NotASpace | Error::CannotOpen | Error::Corrupt(_)), "{cut}: {e:?}");
    }
    std::fs::write(&file, &whole).unwrap();
    open_and_look(&file);
}

fn open_and_look(file: &Path) {
    let space = HealthSpace::open(file, &unlock(), env()).unwrap();
    assert_eq!(facts(&space).len(), 1);
}

/// One page of the file after the other is overwritten.
#[test]
fn no_single_bad_page_is_read_as_something_else() {
    let room = Room::new();
    room.import(observation(1, &value("1"))).unwrap();
    facts(&room.space);
    let Room { dir: _dir, file, space, code } = room;
    drop(space);
    let whole = std::fs::read(&file).unwrap();
    // A way in that costs no derivation.
    let unlock = Unlock::recovery_code(&code).unwrap();
    let read = |bytes: &[u8]| -> healthspace::Result<Vec<String>> {
        std::fs::write(&file, bytes).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
        let space = HealthSpace::open(&file, &unlock, Environment { ..env() })?;
        let mut said = Vec::new();
        for of in [healthspace::LogOf::Space, healthspace::LogOf::Partition("health")] {
            said.extend(space.log(of)?.iter().map(|l| format!("{:?} {}", l.time(), l.describe("en"))));
        }
        said.push(format!("{:?}", space.partition("health")?.sources()?));
        said.push(format!("{:?}", space.grants()?.len()));
        Ok(said)
    };
    let truth = read(&whole).unwrap();
    let pages = whole.len() / 4096;
    let (mut refused, mut harmless) = (0, 0);
    for page in 0..pages {
        for fill in [0u8, 0xff, 0x5a] {
            let mut bad = whole.clone();
            bad[page * 4096 + if page == 0 { 100 } else { 0 }..(page + 1) * 4096].fill(fill);
            match read(&bad) {
                Ok(said) => {
                    assert_eq!(said, truth, "page {page}");
                    harmless += 1;
                }
                Err(Error::NotASpace | Error::CannotOpen | Error::Corrupt(_)) => refused += 1,
                Err(e) => panic!("page {page}: {e:?}"),
            }
        }
    }
    println!("{pages} pages: {refused} refused, {harmless} harmless");
    assert!(refused > pages && harmless > 0, "both copies of heads and slots lie on pages of their own");
}

#[test]
fn too_dear_a_derivation_is_refused_when_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    for params in [
        KdfParams { memory_kib: 1 << 30, ..KdfParams::FLOOR },
        KdfParams { memory_kib: 8, ..KdfParams::FLOOR },
        KdfParams { passes: 0, ..KdfParams::FLOOR },
    ] {
        let mut best = Duration::MAX;
        for _ in 0..10 {
            let begin = Instant::now();
            let e = HealthSpace::create(&file, &Unlock::passphrase("x").with_cost(params), env()).map(|_| ());
            best = best.min(begin.elapsed());
            assert!(matches!(e, Err(Error::TooLarge(_) | Error::Malformed(_))), "{e:?}");
        }
        assert!(best.as_millis() < 5, "{best:?}");
        assert!(!file.exists(), "nothing is left of the attempt");
    }
}

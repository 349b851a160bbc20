//! What only a file can get wrong.

use super::super::{Copy, Sqlite, Storage, schema};
use super::{A, B, body, rows, write};
use crate::error::{Error, Malformed, Part, Result};
use rusqlite::Connection;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A space with some rows, closed.
fn space(dir: &tempfile::TempDir) -> PathBuf {
    let path = dir.path().join("s.hs");
    let storage = Sqlite::create(&path).unwrap();
    write(&storage, |t| {
        for n in 0..100 {
            t.put(&A, n, n % 3, 1, n, &body(n)).unwrap();
        }
        t.put_head(&A, b"head", b"mac").unwrap();
        t.put_head(&B, b"head b", b"mac").unwrap();
        t.put_slot(&[1; 16], b"slot").unwrap();
    });
    path
}

fn digest(path: &Path) -> blake3::Hash {
    blake3::hash(&std::fs::read(path).unwrap())
}

/// Opens a file that must be refused, and sees that the attempt changed nothing.
fn refused(path: &Path) -> Error {
    let (before, time) = (digest(path), std::fs::metadata(path).unwrap().modified().unwrap());
    let e = Sqlite::open(path).expect_err("opened");
    assert_eq!(digest(path), before, "the file was changed");
    assert_eq!(std::fs::metadata(path).unwrap().modified().unwrap(), time, "the file was written to");
    e
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let storage = Sqlite::open(&path).unwrap();
    let txn = storage.begin_read().unwrap();
    assert_eq!(rows(txn.as_ref(), &A, 1).len(), 100);
    assert_eq!(txn.scopes().unwrap(), [A, B]);
    assert_eq!(txn.slots(Copy::Second).unwrap().len(), 1);
    drop(txn);
    drop(storage);
    for suffix in ["-wal", "-shm", "-journal"] {
        assert!(!dir.path().join(format!("s.hs{suffix}")).exists(), "{suffix} was left behind");
    }
}

#[test]
fn the_header_and_the_settings_are_ours() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(&bytes[68..72], b"HSPC");
    assert_eq!(bytes[60..64], [0, 0, 0, 1]);
    assert_eq!((bytes[18], bytes[19]), (2, 2), "write-ahead log");
    assert_eq!(u16::from_be_bytes([bytes[16], bytes[17]]), schema::PAGE_SIZE as u16);
    let conn = schema::connect(&path, Duration::ZERO).unwrap();
    schema::settle(&conn).unwrap();
    for (pragma, value) in [
        ("synchronous", 2),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("mmap_size", 0),
        ("fullfsync", 1),
        ("checkpoint_fullfsync", 1),
        ("cache_size", -8192),
        ("wal_autocheckpoint", 0),
    ] {
        let found: i64 = conn.query_row(&format!("PRAGMA {pragma}"), [], |r| r.get(0)).unwrap();
        assert_eq!(found, value, "{pragma}");
    }
    assert!(conn.query_row("SELECT load_extension('x')", [], |_| Ok(())).is_err());
    assert!(conn.execute_batch("ATTACH ':memory:' AS other").is_err());
    assert!(conn.execute_batch("PRAGMA writable_schema=ON;DELETE FROM sqlite_schema").is_err());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hs");
    let storage = Sqlite::create(&path).unwrap();
    write(&storage, |t| t.put(&A, 1, 1, 1, 1, b"x").unwrap());
    for suffix in ["", "-wal", "-shm"] {
        let meta = std::fs::metadata(dir.path().join(format!("p.hs{suffix}"))).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{suffix}");
    }
}

#[test]
fn creating_never_replaces() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.hs");
    std::fs::write(&path, b"somebody's").unwrap();
    assert!(matches!(Sqlite::create(&path), Err(Error::AlreadyExists)));
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody's");
    std::fs::remove_file(&path).unwrap();
    let log = dir.path().join("x.hs-wal");
    std::fs::write(&log, b"what is left of somebody's space").unwrap();
    assert!(matches!(Sqlite::create(&path), Err(Error::AlreadyExists)));
    assert!(!path.exists() && log.exists());
    assert!(matches!(Sqlite::create(dir.path()), Err(Error::AlreadyExists)));
    assert!(matches!(Sqlite::create(&dir.path().join("no/x.hs")), Err(Error::Io(ErrorKind::NotFound))));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(dir.path().join("nowhere"), dir.path().join("link.hs")).unwrap();
        assert!(matches!(Sqlite::create(&dir.path().join("link.hs")), Err(Error::AlreadyExists)));
        assert!(!dir.path().join("nowhere").exists());
    }
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file:x?mode=memory");
    drop(Sqlite::create(&path).unwrap());
    assert!(path.exists());
    Sqlite::open(&path).unwrap();
}

#[test]
fn what_is_no_space_is_refused_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let good = std::fs::read(space(&dir)).unwrap();
    let path = dir.path().join("bad.hs");
    assert!(matches!(Sqlite::open(&path), Err(Error::Io(ErrorKind::NotFound))));
    assert!(!path.exists());
    assert!(matches!(Sqlite::open(dir.path()), Err(Error::Malformed(Malformed::NotAFile))));
    let mut other_magic = good.clone();
    other_magic[0] ^= 1;
    let mut other_application = good.clone();
    other_application[70] ^= 1;
    let mut rollback_journal = good.clone();
    rollback_journal[18..20].copy_from_slice(&[1, 1]);
    let files: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("one byte", b"S"),
        ("a header without pages", &good[..100]),
        ("part of the first page", &good[..3000]),
        ("garbage", &body(7).repeat(100)),
        ("text", &b"{\"resourceType\":\"Bundle\"}\n".repeat(1000)),
        ("another magic", &other_magic),
        ("another application", &other_application),
        ("not in WAL mode", &rollback_journal),
    ];
    for (name, bytes) in files {
        std::fs::write(&path, bytes).unwrap();
        let e = refused(&path);
        assert!(matches!(e, Error::NotASpace), "{name}: {e:?}");
        for suffix in ["-wal", "-shm", "-journal"] {
            assert!(!dir.path().join(format!("bad.hs{suffix}")).exists(), "{name}: {suffix} was left behind");
        }
    }
}

#[test]
fn a_truncated_space_is_refused_or_reads_as_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let good = std::fs::read(space(&dir)).unwrap();
    let page = schema::PAGE_SIZE as usize;
    for pages in 1..good.len() / page {
        let path = dir.path().join(format!("cut{pages}.hs"));
        std::fs::write(&path, &good[..pages * page]).unwrap();
        let outcome = (|| -> Result<usize> {
            let storage = Sqlite::open(&path)?;
            let txn = storage.begin_read()?;
            let mut n = txn.scopes()?.len() + txn.slots(Copy::First)?.len() + txn.slots(Copy::Second)?.len();
            txn.scan(&A, 1, &mut |_| {
                n += 1;
                Ok(())
            })?;
            Ok(n)
        })();
        assert!(matches!(outcome, Err(Error::NotASpace | Error::Corrupt(Part::File))), "{pages}: {outcome:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed_but_linked_directories_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let link = dir.path().join("link.hs");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(Sqlite::open(&link), Err(Error::Malformed(Malformed::NotAFile))));
    let elsewhere = tempfile::tempdir().unwrap();
    let way = elsewhere.path().join("way");
    std::os::unix::fs::symlink(dir.path(), &way).unwrap();
    Sqlite::open(&way.join("s.hs")).unwrap();
}

/// Statements that somebody with the file could run on it.
const PLANTED: [&str; 12] = [
    "CREATE TRIGGER t AFTER INSERT ON row BEGIN DELETE FROM ledger; END",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TABLE extra(x)",
    "CREATE INDEX i ON row(class)",
    "CREATE VIRTUAL TABLE f USING fts5(x)",
    "ALTER TABLE row ADD COLUMN extra",
    "ALTER TABLE row RENAME COLUMN sealed TO opened",
    "ALTER TABLE slot RENAME TO slots",
    "CREATE INDEX row_class ON row(class)",
    "DROP TABLE ledger",
    "DROP TABLE slot; CREATE VIEW slot AS SELECT zeroblob(16) AS id, zeroblob(1) AS body",
    "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=sql||' ' WHERE name='row'",
];

#[test]
fn a_planted_schema_is_refused_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let good = std::fs::read(space(&dir)).unwrap();
    for (i, sql) in PLANTED.into_iter().enumerate() {
        let path = dir.path().join(format!("planted{i}.hs"));
        std::fs::write(&path, &good).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let e = refused(&path);
        assert!(matches!(e, Error::NotASpace), "{sql}: {e:?}");
    }
}

/// The planted schema is in the log only: closing must not move it into the file.
#[test]
fn a_planted_log_is_refused_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let planter = Connection::open(&path).unwrap();
    planter.execute_batch("PRAGMA wal_autocheckpoint=0; CREATE TABLE extra(x)").unwrap();
    let (copy, log) = (dir.path().join("c.hs"), dir.path().join("c.hs-wal"));
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(dir.path().join("s.hs-wal"), &log).unwrap();
    let before = digest(&log);
    assert!(matches!(refused(&copy), Error::NotASpace));
    assert_eq!(digest(&log), before);
}

#[test]
fn a_journal_beside_the_file_is_not_played_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let journal = dir.path().join("s.hs-journal");
    std::fs::write(&journal, body(1)).unwrap();
    assert!(matches!(refused(&path), Error::NotASpace));
    assert!(journal.exists());
}

#[test]
fn a_newer_format_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    for (version, newer) in [(2, true), (i32::MAX, true), (0, false), (-1, false)] {
        let path = dir.path().join(format!("v{version}.hs"));
        drop(Sqlite::create(&path).unwrap());
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(&format!("PRAGMA user_version={version}; CREATE TABLE from_the_future(x)")).unwrap();
        drop(conn);
        match refused(&path) {
            Error::NeedsNewerLibrary if newer => {}
            Error::PreRelease if version == 0 => {}
            Error::NotASpace if !newer && version < 0 => {}
            e => panic!("{version}: {e:?}"),
        }
    }
}

#[test]
fn a_schema_changed_under_an_open_handle_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let storage = Sqlite::open(&path).unwrap();
    assert!(storage.begin_read().is_ok());
    Connection::open(&path).unwrap().execute_batch(PLANTED[0]).unwrap();
    assert!(matches!(storage.begin_read().err(), Some(Error::NotASpace)));
    assert!(matches!(storage.begin_write().err(), Some(Error::NotASpace)));
    Connection::open(&path).unwrap().execute_batch("DROP TRIGGER t").unwrap();
    assert!(storage.begin_write().is_ok(), "ours again");
}

#[test]
fn foreign_values_are_damage_not_panics() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let conn = Connection::open(&path).unwrap();
    for (number, set) in [
        (1, "scope=NULL"),
        (2, "grp='x'"),
        (3, "class=256"),
        (4, "class=-1"),
        (5, "version=1.5"),
        (6, "sealed='text'"),
        (7, "sealed=NULL"),
        (8, "scope='aaaaaaaaaaaaaaaa'"),
    ] {
        conn.execute_batch(&format!("UPDATE row SET {set} WHERE number={number} << 24")).unwrap();
        let storage = Sqlite::open(&path).unwrap();
        let found = storage.begin_read().unwrap().row(&A, number).err();
        assert!(matches!(found, Some(Error::Corrupt(Part::File))), "{set}: {found:?}");
    }
    conn.execute_batch("UPDATE slot SET id=x'01'; INSERT INTO head VALUES(x'0102',x'',x'')").unwrap();
    let storage = Sqlite::open(&path).unwrap();
    let txn = storage.begin_read().unwrap();
    assert!(matches!(txn.slots(Copy::First), Err(Error::Corrupt(_))));
    assert_eq!(txn.slots(Copy::Second).unwrap().len(), 1);
    assert_eq!(txn.scopes().unwrap(), [A, B], "the other copy answers");
}

#[test]
fn one_bad_page_is_not_a_total_loss() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let root: usize = {
        let conn = Connection::open(&path).unwrap();
        conn.query_row("SELECT rootpage FROM sqlite_schema WHERE name='head'", [], |r| r.get::<_, i64>(0)).unwrap()
            as usize
    };
    let mut bytes = std::fs::read(&path).unwrap();
    let page = schema::PAGE_SIZE as usize;
    bytes[(root - 1) * page..root * page].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let storage = Sqlite::open(&path).unwrap();
    let txn = storage.begin_read().unwrap();
    assert!(matches!(txn.head(&A, Copy::First).err(), Some(Error::Corrupt(Part::File))));
    assert_eq!(txn.head(&A, Copy::Second).unwrap().unwrap().body, b"head");
    assert_eq!(txn.scopes().unwrap(), [A, B]);
    assert_eq!(rows(txn.as_ref(), &A, 1).len(), 100);
}

/// Whether 16 bytes from the middle of a body occur anywhere in the file.
fn occurs(file: &[u8], sealed: &[u8]) -> bool {
    let needle = &sealed[sealed.len() / 2..sealed.len() / 2 + 16];
    memchr::memmem::find(file, needle).is_some()
}

/// Written in ascending order, as the vault does, nothing has moved between pages.
/// Bookkeeping that takes the place of its last version, of the same length and longer than a page, is written over it:
/// no page is freed and none is taken, and nothing of what it was is left.
#[test]
fn bookkeeping_of_the_same_length_is_written_where_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    let path = space(&dir);
    let storage = Sqlite::open(&path).unwrap();
    let log = || std::fs::metadata(dir.path().join("s.hs-wal")).unwrap().len();
    let put = |fill: u8, version, group| {
        let before = if version == 101 { 0 } else { log() };
        write(&storage, |t| t.put(&A, 1000, group, 4, version, &[fill; 9000]).unwrap());
        (log() - before) / 4120
    };
    // A version takes as many bytes as the one before.
    put(0x5a, 101, 0);
    // The leaf, and the two pages behind it.
    assert_eq!(put(0xa5, 102, 0), 3);
    assert_eq!(put(0x5a, 103, 0), 3);
    // Content is not: the control.
    assert!(put(0xa5, 104, 7) > 3);
    let mut sealed = Vec::new();
    let found = storage.begin_read().unwrap().row_into(&A, 1000, &mut sealed).unwrap();
    assert_eq!((found, sealed), (Some((7, 4, 104)), vec![0xa5; 9000]));
    storage.checkpoint().unwrap();
    assert!(!occurs(&std::fs::read(&path).unwrap(), &[0x5a; 64]));
}

#[test]
fn deleted_bytes_are_gone_after_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.hs");
    let storage = Sqlite::create(&path).unwrap();
    fill(&storage, |n| n);
    let file = std::fs::read(&path).unwrap();
    let log = std::fs::read(dir.path().join("e.hs-wal")).unwrap();
    assert!((0..2000).all(|n| occurs(&file, &sealed(n)) || occurs(&log, &sealed(n))), "the search finds what is there");
    write(&storage, |t| {
        assert_eq!(t.delete_group(&A, 1, 0).unwrap(), 500);
        t.put(&A, 2, 2, 1, 0, b"short").unwrap();
        t.delete(&A, 0).unwrap();
        t.delete_slot(&[1; 16]).unwrap();
    });
    assert!(storage.checkpoint().unwrap());
    assert_eq!(std::fs::metadata(dir.path().join("e.hs-wal")).unwrap().len(), 0);
    let file = std::fs::read(&path).unwrap();
    for n in 0..2000 {
        assert_eq!(occurs(&file, &sealed(n)), n % 4 != 1 && n != 0 && n != 2, "row {n}");
    }
    for n in 10_000..10_020 {
        assert!(!occurs(&file, &body(n)), "slot {n}");
    }
}

/// Written in no order, so that pages split and merge and leave copies behind: zeroing what is
/// deleted does not reach those, rewriting the file does.
#[test]
fn moved_and_deleted_bytes_are_gone_after_a_scrub() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.hs");
    let storage = Sqlite::create(&path).unwrap();
    fill(&storage, |n| n * 977 % 2000);
    write(&storage, |t| {
        t.delete_group(&A, 1, 0).unwrap();
        for n in (2..2000).step_by(4) {
            t.put(&A, n, 2, 1, 0, b"short").unwrap();
        }
    });
    let deleted = || (0..2000).filter(|n| n % 4 == 1 || n % 4 == 2);
    assert!(storage.checkpoint().unwrap());
    let file = std::fs::read(&path).unwrap();
    assert!(deleted().any(|n| occurs(&file, &sealed(n))), "otherwise this test shows nothing");
    assert!(storage.scrub().unwrap());
    let file = std::fs::read(&path).unwrap();
    for n in deleted() {
        assert!(!occurs(&file, &sealed(n)), "row {n}");
    }
    for storage in [storage, Sqlite::open(&path).unwrap()] {
        let txn = storage.begin_read().unwrap();
        for n in (0..2000).filter(|n| n % 4 == 0 || n % 4 == 3) {
            assert_eq!(txn.row(&A, n).unwrap().unwrap().sealed, sealed(n));
        }
    }
}

/// Some bodies need overflow pages.
fn sealed(n: u64) -> Vec<u8> {
    if n.is_multiple_of(50) { body(n).repeat(60) } else { body(n) }
}

fn fill(storage: &Sqlite, order: impl Fn(u64) -> u64) {
    for batch in 0..20 {
        write(storage, |t| {
            for n in (batch * 100..batch * 100 + 100).map(&order) {
                t.put(&A, n, n % 4, 1, n, &sealed(n)).unwrap();
            }
            t.put_slot(&[1; 16], &body(10_000 + batch)).unwrap();
        });
    }
}

#[test]
fn a_long_log_is_emptied_along_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("l.hs");
    let storage = Sqlite::create(&path).unwrap();
    for n in 0..60 {
        write(&storage, |t| t.put(&A, n, 0, 2, 0, &vec![n as u8; 1 << 20]).unwrap());
    }
    let log = std::fs::metadata(dir.path().join("l.hs-wal")).unwrap().len();
    assert!(log < 12 << 20, "{log}");
}

#[test]
fn a_handle_does_not_cross_a_fork() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Sqlite::open(&space(&dir)).unwrap();
    let reader = storage.begin_read().unwrap();
    storage.set_process(std::process::id() ^ 1);
    assert!(matches!(storage.begin_read().err(), Some(Error::ForkedProcess)));
    assert!(matches!(storage.begin_write().err(), Some(Error::ForkedProcess)));
    assert!(matches!(storage.checkpoint(), Err(Error::ForkedProcess)));
    drop(reader);
    storage.set_process(std::process::id());
    assert!(storage.begin_write().is_ok());
}

#[test]
fn a_full_disk_fails_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Sqlite::open(&space(&dir)).unwrap();
    storage.limit_pages(40);
    let mut txn = storage.begin_write().unwrap();
    txn.put(&A, 1, 9, 9, 9, b"not to be seen").unwrap();
    let full = (1000..2000).find_map(|n| txn.put(&A, n, 1, 1, 1, &body(n)).err());
    assert!(matches!(full, Some(Error::DiskFull)), "{full:?}");
    // Whoever overlooks the error does not get half a transaction, nor one per statement.
    assert!(txn.put(&A, 2, 9, 9, 9, b"small").is_err());
    assert!(txn.commit().is_err());
    let txn = storage.begin_read().unwrap();
    assert_eq!(rows(txn.as_ref(), &A, 1).len(), 100);
    assert!(rows(txn.as_ref(), &A, 9).is_empty());
    drop(txn);
    storage.limit_pages(0);
    write(&storage, |t| t.put(&A, 1000, 1, 1, 1, &body(1)).unwrap());
}

#[test]
fn an_io_error_of_a_write_ends_the_handle() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Sqlite::open(&space(&dir)).unwrap();
    let code = |n| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(n), Some("a path".into()));
    for (n, expected) in [
        (rusqlite::ffi::SQLITE_FULL, "DiskFull"),
        (rusqlite::ffi::SQLITE_BUSY_SNAPSHOT, "Busy"),
        (rusqlite::ffi::SQLITE_LOCKED, "Busy"),
        (rusqlite::ffi::SQLITE_CORRUPT_INDEX, "Corrupt(File)"),
        (rusqlite::ffi::SQLITE_NOTADB, "Corrupt(File)"),
        (rusqlite::ffi::SQLITE_TOOBIG, "TooLarge(Capacity)"),
        (rusqlite::ffi::SQLITE_NOMEM, "Storage(7)"),
        (rusqlite::ffi::SQLITE_SCHEMA, "Storage(17)"),
    ] {
        assert_eq!(format!("{:?}", storage.write_error(&code(n))), expected);
    }
    assert!(storage.begin_write().is_ok(), "none of these is the disk failing");
    assert!(matches!(storage.write_error(&code(rusqlite::ffi::SQLITE_IOERR_FSYNC)), Error::Io(ErrorKind::Other)));
    assert!(matches!(storage.begin_read().err(), Some(Error::Io(ErrorKind::Other))));
    assert!(matches!(storage.begin_write().err(), Some(Error::Io(ErrorKind::Other))));
    assert!(matches!(storage.checkpoint(), Err(Error::Io(ErrorKind::Other))));
}

/// A space that is closed is one file, which can be moved or copied.
#[test]
fn a_file_that_was_let_go_of_stands_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hs");
    let storage = Sqlite::create(&path).unwrap();
    write(&storage, |t| t.put_slot(&[9; 16], b"kept").unwrap());
    let reading = storage.begin_read().unwrap();
    let beside = |suffix: &str| std::fs::metadata(format!("{}{suffix}", path.display())).is_ok();
    storage.release_file();
    assert!(beside("-wal"), "somebody still reads");
    drop(reading);
    assert!(!beside("-wal") && !beside("-shm"));
    let copy = dir.path().join("copy.hs");
    std::fs::copy(&path, &copy).unwrap();
    let copied = Sqlite::open(&copy).unwrap();
    assert_eq!(copied.begin_read().unwrap().slots(Copy::First).unwrap().len(), 1);
    // It may be used again, and is let go of each time.
    write(&storage, |t| t.put_slot(&[8; 16], b"more").unwrap());
    assert_eq!(storage.begin_read().unwrap().slots(Copy::First).unwrap().len(), 2);
    assert!(!beside("-wal"));
}

/// What is planted is refused before it takes memory.
#[test]
fn heads_and_slots_that_are_too_long_or_too_many_are_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hs");
    let storage = Sqlite::create(&path).unwrap();
    write(&storage, |t| {
        t.put_slot(&[9; 16], b"good").unwrap();
        t.put_head(&A, b"body", b"auth").unwrap();
        t.put_head(&B, &vec![1; 1 << 20], &[2; 4096]).unwrap();
        let long = vec![0; (1 << 20) + 1];
        assert!(matches!(t.put_slot(&[1; 16], &long[..(64 << 10) + 1]), Err(Error::TooLarge(_))));
        assert!(matches!(t.put_head(&A, &long, b"auth"), Err(Error::TooLarge(_))));
        assert!(matches!(t.put_head(&A, b"body", &long[..4097]), Err(Error::TooLarge(_))));
    });
    drop(storage);
    {
        let conn = rusqlite::Connection::open(&path).unwrap();
        for (n, len) in [(1u8, (64 << 10) + 1), (2, 70 << 20)] {
            conn.execute("INSERT INTO slot VALUES(?1,zeroblob(?2))", rusqlite::params![vec![n; 16], len]).unwrap();
        }
        for n in 0..1000u16 {
            let id = [&[0; 14][..], &n.to_be_bytes()].concat();
            conn.execute("INSERT INTO slot_copy VALUES(?1,x'01')", [id]).unwrap();
        }
        let a = A.as_bytes();
        conn.execute("UPDATE head SET body=zeroblob(70<<20) WHERE scope=?1", [a]).unwrap();
        conn.execute("UPDATE head_copy SET auth=zeroblob(4097) WHERE scope=?1", [a]).unwrap();
        conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    }
    let storage = Sqlite::open(&path).unwrap();
    let txn = storage.begin_read().unwrap();
    let slots = txn.slots(Copy::First).unwrap();
    assert_eq!(slots.iter().map(|s| s.body.len()).collect::<Vec<_>>(), [0, 0, 4]);
    assert_eq!(txn.slots(Copy::Second).unwrap().len(), 256);
    for copy in [Copy::First, Copy::Second] {
        assert!(matches!(txn.head(&A, copy), Err(Error::Corrupt(_))));
        assert_eq!(txn.head(&B, copy).unwrap().unwrap().body.len(), 1 << 20);
    }
}

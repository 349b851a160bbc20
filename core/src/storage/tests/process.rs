//! Several processes on one file: this test binary runs itself with a role in its environment.

use super::super::{Copy, Sqlite, Storage};
use super::{A, body, rows, write};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROLE: &str = "HEALTHSPACE_TEST_ROLE";
const FILE: &str = "HEALTHSPACE_TEST_FILE";

fn spawn(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::tests::process::child", "--nocapture"])
        .env(ROLE, role)
        .env(FILE, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn mark(path: &Path) -> PathBuf {
    path.with_extension("ready")
}

fn wait_for(path: &Path) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the child never came that far");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The other process. Without a role it has nothing to do.
#[test]
fn child() {
    let (Ok(role), Some(path)) = (std::env::var(ROLE), std::env::var_os(FILE).map(PathBuf::from)) else { return };
    let storage = Sqlite::open(&path).unwrap();
    match role.split_once(' ') {
        Some(("count", first)) => count(&storage, first.parse().unwrap()).unwrap(),
        _ => {
            let mut txn = storage.begin_write().unwrap();
            if role == "spill" {
                // More than the page cache holds: some of it has reached the log already.
                for n in 0..20 {
                    txn.put(&A, n, 1, 1, 2, &vec![2; 1 << 20]).unwrap();
                }
                txn.put_head(&A, b"never", b"").unwrap();
            }
            std::fs::write(mark(&path), b"").unwrap();
            std::thread::sleep(Duration::from_secs(120));
        }
    }
}

/// Fifty transactions that each read a counter and write it back one higher, with a row.
fn count(storage: &Sqlite, first: u64) -> Result<()> {
    for i in 0..50 {
        let mut txn = storage.begin_write()?;
        let n = counter(&txn.head(&A, Copy::First)?);
        txn.put(&A, first + i, first, 1, n, &body(first + i))?;
        txn.put_head(&A, &(n + 1).to_be_bytes(), b"")?;
        txn.commit()?;
    }
    Ok(())
}

fn counter(head: &Option<super::super::HeadRow>) -> u64 {
    head.as_ref().map_or(0, |h| u64::from_be_bytes(h.body.as_slice().try_into().unwrap()))
}

#[test]
fn processes_and_handles_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hs");
    let storage = Sqlite::create(&path).unwrap();
    let mut children: Vec<_> = (1..3).map(|i| spawn(&format!("count {}", i * 1000), &path)).collect();
    let second = Sqlite::open(&path).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| count(&storage, 10_000).unwrap());
        scope.spawn(|| count(&second, 20_000).unwrap());
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let txn = storage.begin_read().unwrap();
    assert_eq!(counter(&txn.head(&A, Copy::Second).unwrap()), 200);
    let mut versions: Vec<_> = rows(txn.as_ref(), &A, 1).iter().map(|r| r.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (0..200).collect::<Vec<_>>());
}

#[test]
fn another_process_writing_is_busy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hs");
    let mut storage = Sqlite::create(&path).unwrap();
    storage.set_wait(Duration::from_millis(300));
    write(&storage, |t| t.put(&A, 1, 1, 1, 1, b"x").unwrap());
    let mut child = spawn("hold", &path);
    wait_for(&mark(&path));
    let begun = Instant::now();
    assert!(matches!(storage.begin_write().err(), Some(Error::Busy)));
    assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
    assert!(!storage.checkpoint().unwrap());
    assert!(storage.begin_read().unwrap().row(&A, 1).unwrap().is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(storage.begin_write().is_ok(), "no lock outlives its process");
}

#[test]
fn a_killed_process_leaves_its_last_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hs");
    let storage = Sqlite::create(&path).unwrap();
    write(&storage, |t| {
        for n in 0..20 {
            t.put(&A, n, 1, 1, 1, &body(n)).unwrap();
        }
    });
    drop(storage);
    let mut child = spawn("spill", &path);
    wait_for(&mark(&path));
    child.kill().unwrap();
    child.wait().unwrap();
    let log = std::fs::metadata(dir.path().join("p.hs-wal")).unwrap().len();
    assert!(log > 4 << 20, "the transaction had reached the log: {log}");
    let storage = Sqlite::open(&path).unwrap();
    let txn = storage.begin_read().unwrap();
    let found = rows(txn.as_ref(), &A, 1);
    assert_eq!(found.len(), 20);
    assert!(found.iter().all(|r| r.version == 1 && r.sealed == body(r.number)));
    assert!(txn.scopes().unwrap().is_empty());
}

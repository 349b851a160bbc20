//! The figures that page size and index were chosen by. Run by hand:
//! `cargo test --release -p healthspace --lib storage::tests::measure -- --ignored --nocapture`

use super::super::{Sqlite, Storage};
use super::{A, LOG_A, write};
use std::time::Instant;

/// CPU time of this thread, nanoseconds.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[test]
#[ignore = "a measurement"]
fn puts_and_random_reads() {
    const ROWS: u64 = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let storage = Sqlite::create(&dir.path().join("m.hs")).unwrap();
    let sealed = [0x5a; 300];
    let report = |what: &str, n: u64, wall: Instant, from: u64| {
        let us = |ns: u128| ns as f64 / 1000.0 / n as f64;
        println!("{what}: {:.2} us CPU, {:.2} us wall", us((cpu() - from).into()), us(wall.elapsed().as_nanos()));
    };
    let (wall, from) = (Instant::now(), cpu());
    for batch in 0..ROWS / 1000 {
        write(&storage, |txn| {
            for i in 0..1000 {
                let number = (1 << 40) | (batch * 1000 + i);
                txn.put(&A, number, batch / 10, 1, 0x1234_5678_9abc_def0 ^ number, &sealed).unwrap();
            }
        });
    }
    report("put, commit per 1,000", ROWS, wall, from);

    let (wall, from) = (Instant::now(), cpu());
    for i in 0..1000 {
        write(&storage, |txn| {
            let number = (1 << 40) | (ROWS + i);
            txn.put(&A, number, 77, 1, i, &sealed).unwrap();
            txn.put(&A, number + 5000, 78, 2, i, &[1; 900]).unwrap();
            txn.put(&A, 1 << 41, 0, 4, i, &[2; 2000]).unwrap();
            txn.put_head(&A, &[3; 300], &[4; 32]).unwrap();
            txn.put_ledger(&LOG_A, i, &[[7; 32]], &[5; 100], &[6; 400]).unwrap();
        });
    }
    report("commit of one record", 1000, wall, from);

    assert!(storage.checkpoint().unwrap());
    let txn = storage.begin_read().unwrap();
    let mut out = Vec::new();
    for what in ["random read, cold cache", "random read, warm"] {
        let mut x = 1u64;
        let (wall, from) = (Instant::now(), cpu());
        for _ in 0..ROWS {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            assert!(txn.row_into(&A, (1 << 40) | ((x >> 33) % ROWS), &mut out).unwrap().is_some());
        }
        report(what, ROWS, wall, from);
    }
    drop(txn);

    let (wall, from) = (Instant::now(), cpu());
    for _ in 0..1000 {
        drop(storage.begin_read().unwrap());
    }
    report("begin and end a snapshot", 1000, wall, from);

    let (wall, from) = (Instant::now(), cpu());
    write(&storage, |txn| assert_eq!(txn.delete_group(&A, 3, 0).unwrap(), 10_000));
    report("delete_group", 10_000, wall, from);
    println!("file: {} bytes per row", std::fs::metadata(dir.path().join("m.hs")).unwrap().len() / ROWS);
}

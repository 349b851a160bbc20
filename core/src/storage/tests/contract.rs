//! What both engines must do.

use super::super::memory::{Fault, Memory, Op};
use super::super::{Copy, LogId, Sqlite, Storage};
use super::{A, B, LOG_A, LOG_B, body, rows, write};
use crate::error::Error;
use std::time::Duration;

macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod memory { $(#[test] fn $name() { super::$name(&super::Memory::new().with_wait(super::SHORT)); })+ }
        mod sqlite { $(#[test] fn $name() {
            let dir = tempfile::tempdir().unwrap();
            let mut storage = super::Sqlite::create(&dir.path().join("c.hs")).unwrap();
            storage.set_wait(super::SHORT);
            super::$name(&storage);
        })+ }
    };
}

const SHORT: Duration = Duration::from_millis(200);

contract![
    an_empty_space_has_nothing,
    rows_come_back,
    a_row_is_its_scopes,
    a_put_overwrites,
    deleting_spares_the_others,
    of_a_deleted_scope_nothing_is_left,
    a_scan_is_in_order_and_can_stop,
    extreme_numbers_and_sizes,
    two_copies_of_heads_and_slots,
    log_and_tree,
    dropped_is_undone,
    a_reader_keeps_its_snapshot,
    one_writer_at_a_time,
    a_checkpoint_waits_for_readers,
    threads_lose_nothing,
];

fn an_empty_space_has_nothing(s: &dyn Storage) {
    let txn = s.begin_read().unwrap();
    let mut out = vec![1, 2, 3];
    assert!(txn.row_into(&A, 1, &mut out).unwrap().is_none());
    assert!(out.is_empty(), "the buffer's earlier content is gone");
    assert!(txn.head(&A, Copy::First).unwrap().is_none());
    assert!(txn.slots(Copy::Second).unwrap().is_empty());
    assert!(txn.scopes().unwrap().is_empty());
    assert!(txn.ledger(&LOG_A, 0).unwrap().is_none());
    assert!(txn.tree(&LOG_A, 0, 0).unwrap().is_none());
    assert!(rows(txn.as_ref(), &A, 1).is_empty());
}

fn rows_come_back(s: &dyn Storage) {
    write(s, |t| {
        for n in 0..500 {
            t.put(&A, n, n % 7, 1, n << 32 | 9, &body(n)).unwrap();
        }
        assert_eq!(t.row(&A, 3).unwrap().unwrap().sealed, body(3), "a writer reads what it wrote");
    });
    let txn = s.begin_read().unwrap();
    let mut out = Vec::new();
    for n in (0..500).rev() {
        assert_eq!(txn.row_into(&A, n, &mut out).unwrap(), Some((n % 7, 1, n << 32 | 9)));
        assert_eq!(out, body(n));
    }
    let row = txn.row(&A, 17).unwrap().unwrap();
    assert_eq!((row.number, row.group, row.class, row.version), (17, 3, 1, 17 << 32 | 9));
}

fn a_row_is_its_scopes(s: &dyn Storage) {
    write(s, |t| t.put(&A, 5, 1, 1, 1, b"a").unwrap());
    write(s, |t| {
        t.delete(&B, 5).unwrap();
        assert_eq!(t.delete_group(&B, 1, 0).unwrap(), 0);
        assert!(t.row(&B, 5).unwrap().is_none());
        assert!(t.row(&A, 5).unwrap().is_some());
    });
    // A number is one row, whosever it was.
    write(s, |t| t.put(&B, 5, 1, 1, 1, b"b").unwrap());
    let txn = s.begin_read().unwrap();
    assert!(txn.row(&A, 5).unwrap().is_none());
    assert_eq!(txn.row(&B, 5).unwrap().unwrap().sealed, b"b");
}

fn a_put_overwrites(s: &dyn Storage) {
    for (group, sealed) in [(1, vec![1; 5000]), (2, vec![2; 3]), (2, vec![3; 9000])] {
        write(s, |t| t.put(&A, 1, group, 4, group, &sealed).unwrap());
        let txn = s.begin_read().unwrap();
        let row = txn.row(&A, 1).unwrap().unwrap();
        assert_eq!((row.group, row.version, row.sealed), (group, group, sealed));
    }
    write(s, |t| assert_eq!(t.delete_group(&A, 1, 0).unwrap(), 0, "the old group no longer has it"));
    write(s, |t| assert_eq!(t.delete_group(&A, 2, 0).unwrap(), 1));
}

fn deleting_spares_the_others(s: &dyn Storage) {
    write(s, |t| {
        for n in 0..300 {
            t.put(if n % 2 == 0 { &A } else { &B }, n, n % 3, 1, n, &body(n)).unwrap();
        }
    });
    write(s, |t| {
        t.delete(&A, 4).unwrap();
        t.delete(&A, 100_000).unwrap();
        assert_eq!(t.delete_group(&A, 0, 0).unwrap(), 0, "0 is no group");
        assert_eq!(t.delete_group(&A, 1, 100_001).unwrap(), 0);
        assert_eq!(t.delete_group(&A, 1, 150).unwrap(), 25);
        assert_eq!(t.delete_group(&A, 1, 0).unwrap(), 24);
        assert_eq!(t.delete_group(&A, 1, 0).unwrap(), 0);
    });
    let txn = s.begin_read().unwrap();
    for n in 0..300 {
        let (scope, gone) = if n % 2 == 0 { (&A, n == 4 || n % 3 == 1) } else { (&B, false) };
        assert_eq!(txn.row(scope, n).unwrap().is_none(), gone, "row {n}");
    }
}

fn of_a_deleted_scope_nothing_is_left(s: &dyn Storage) {
    write(s, |t| {
        for (scope, log, n) in [(&A, &LOG_A, 1), (&B, &LOG_B, 2)] {
            t.put(scope, n, n, 1, 0, &body(n)).unwrap();
            t.put_head(scope, b"head", b"auth").unwrap();
            t.put_ledger(log, 0, &[[1; 32]], b"wrap", b"sealed").unwrap();
        }
        t.delete_scope(&A).unwrap();
    });
    let txn = s.begin_read().unwrap();
    assert!(txn.row(&A, 1).unwrap().is_none() && txn.row(&B, 2).unwrap().is_some());
    assert!(txn.ledger(&LOG_A, 0).unwrap().is_none() && txn.ledger(&LOG_B, 0).unwrap().is_some());
    assert!(txn.tree(&LOG_A, 0, 0).unwrap().is_none() && txn.tree(&LOG_B, 0, 0).unwrap().is_some());
    assert_eq!(txn.scopes().unwrap(), [B]);
}

fn a_scan_is_in_order_and_can_stop(s: &dyn Storage) {
    write(s, |t| {
        for n in (0..200).rev() {
            t.put(&A, n, n / 50, (n % 2) as u8, n, &body(n)).unwrap();
        }
        t.put(&B, 1000, 1, 1, 0, b"another scope's").unwrap();
    });
    let txn = s.begin_read().unwrap();
    let found = rows(txn.as_ref(), &A, 1);
    assert_eq!(found.iter().map(|r| r.number).collect::<Vec<_>>(), (1..200).step_by(2).collect::<Vec<_>>());
    assert!(found.iter().all(|r| r.sealed == body(r.number) && r.class == 1 && r.group == r.number / 50));
    let all = rows(txn.as_ref(), &A, 0);
    assert_eq!(all.iter().map(|r| r.number).collect::<Vec<_>>(), (0..200).step_by(2).collect::<Vec<_>>());
    let mut seen = 0;
    let stopped = txn.scan(&A, 0, &mut |row| {
        seen += 1;
        // A callback may read in the same transaction.
        assert!(txn.row(&A, row.number).unwrap().is_some());
        if seen == 3 { Err(Error::Cancelled) } else { Ok(()) }
    });
    assert!(matches!(stopped, Err(Error::Cancelled)) && seen == 3);
    assert_eq!(rows(txn.as_ref(), &A, 0).len(), 100, "a stopped scan leaves nothing behind");
}

fn extreme_numbers_and_sizes(s: &dyn Storage) {
    let numbers = [0, 1, 255 << 40 | 7, i64::MAX as u64, 1 << 63, u64::MAX];
    let large = vec![7; 3 << 20];
    // Of a log, and the subtrees that end with each leaf.
    let entries = [0, 1, 255 << 32 | 7, (1 << 47) - 1];
    let nodes = |last: u64| vec![[1; 32]; last.trailing_ones() as usize + 1];
    write(s, |t| {
        for n in numbers {
            t.put(&A, n, n, 255, n, b"").unwrap();
        }
        for n in entries {
            t.put_ledger(&LOG_A, n, &nodes(n), b"", b"").unwrap();
        }
        t.put(&A, 2, 2, 2, 2, &large).unwrap();
    });
    let txn = s.begin_read().unwrap();
    for n in numbers {
        let row = txn.row(&A, n).unwrap().unwrap();
        assert_eq!((row.number, row.group, row.class, row.version, row.sealed.len()), (n, n, 255, n, 0));
    }
    for n in entries {
        assert!(txn.ledger(&LOG_A, n).unwrap().is_some_and(|l| l.wrap.is_empty() && l.sealed.is_empty()));
        for level in 0..n.trailing_ones() as u8 + 1 {
            assert_eq!(txn.tree(&LOG_A, level, n >> level).unwrap(), Some([1; 32]));
        }
    }
    assert_eq!(txn.row(&A, 2).unwrap().unwrap().sealed, large);
}

fn two_copies_of_heads_and_slots(s: &dyn Storage) {
    write(s, |t| {
        t.put_head(&B, b"old", b"mac").unwrap();
        t.put_head(&B, b"body", b"auth").unwrap();
        t.put_head(&A, b"x", b"y").unwrap();
        for id in [9, 3, 5] {
            t.put_slot(&[id; 16], &[id; 40]).unwrap();
        }
        t.put_slot(&[5; 16], b"new").unwrap();
        t.delete_slot(&[9; 16]).unwrap();
    });
    let txn = s.begin_read().unwrap();
    assert_eq!(txn.scopes().unwrap(), [A, B]);
    for copy in [Copy::First, Copy::Second] {
        let head = txn.head(&B, copy).unwrap().unwrap();
        assert_eq!((head.body.as_slice(), head.auth.as_slice()), (&b"body"[..], &b"auth"[..]));
        let slots = txn.slots(copy).unwrap();
        let found: Vec<_> = slots.iter().map(|s| (s.id[0], s.body.as_slice())).collect();
        assert_eq!(found, [(3, &[3; 40][..]), (5, &b"new"[..])]);
    }
}

fn log_and_tree(s: &dyn Storage) {
    write(s, |t| {
        for i in 0u64..50 {
            let nodes = (0..=i.trailing_ones()).map(|level| [level as u8 ^ i as u8; 32]);
            t.put_ledger(&LOG_A, i, &nodes.collect::<Vec<_>>(), &body(i), &body(i + 1)).unwrap();
        }
        t.put_ledger(&LOG_A, 7, &[[0xee; 32]], b"", b"rewritten").unwrap();
    });
    let txn = s.begin_read().unwrap();
    let entry = txn.ledger(&LOG_A, 8).unwrap().unwrap();
    assert_eq!((entry.wrap, entry.sealed), (body(8), body(9)));
    assert_eq!(txn.ledger(&LOG_A, 7).unwrap().unwrap().sealed, b"rewritten");
    assert_eq!((txn.tree(&LOG_A, 0, 7).unwrap(), txn.tree(&LOG_A, 0, 8).unwrap()), (Some([0xee; 32]), Some([8; 32])));
    assert_eq!((txn.tree(&LOG_A, 1, 4).unwrap(), txn.tree(&LOG_A, 2, 2).unwrap()), (Some([8; 32]), Some([9; 32])));
    // Another scope's, under the same number: a planted row.
    let planted = LogId { scope: B, ..LOG_A };
    assert!(txn.ledger(&planted, 8).unwrap().is_none() && txn.tree(&planted, 0, 8).unwrap().is_none());
    assert!(txn.ledger(&LOG_B, 8).unwrap().is_none() && txn.tree(&LOG_A, 0, 50).unwrap().is_none());
    assert!(txn.tree(&LOG_A, 1, 25).unwrap().is_none() && txn.tree(&LOG_A, 3, 6).unwrap().is_none());
    drop(txn);
    write(s, |t| {
        t.erase_ledger(&LOG_A, 9).unwrap();
        t.rewrap_ledger(&LOG_A, 9, b"not there any more").unwrap();
        t.rewrap_ledger(&LOG_A, 10, b"another").unwrap();
    });
    let txn = s.begin_read().unwrap();
    let rewrapped = txn.ledger(&LOG_A, 10).unwrap().unwrap();
    assert_eq!((rewrapped.wrap.as_slice(), rewrapped.sealed), (&b"another"[..], body(11)));
    assert!(txn.ledger(&LOG_A, 9).unwrap().is_none() && txn.ledger(&LOG_A, 8).unwrap().is_some());
    assert_eq!((txn.tree(&LOG_A, 0, 9).unwrap(), txn.tree(&LOG_A, 1, 4).unwrap()), (Some([9; 32]), Some([8; 32])));
}

fn dropped_is_undone(s: &dyn Storage) {
    write(s, |t| t.put(&A, 1, 1, 1, 1, b"kept").unwrap());
    let mut txn = s.begin_write().unwrap();
    txn.put(&A, 1, 1, 1, 2, b"lost").unwrap();
    txn.delete(&A, 1).unwrap();
    txn.put_head(&A, b"lost", b"").unwrap();
    drop(txn);
    let txn = s.begin_read().unwrap();
    assert_eq!(txn.row(&A, 1).unwrap().unwrap().sealed, b"kept");
    assert!(txn.scopes().unwrap().is_empty());
    drop(txn);
    write(s, |t| t.put(&A, 2, 1, 1, 1, b"the lock is free again").unwrap());
}

fn a_reader_keeps_its_snapshot(s: &dyn Storage) {
    write(s, |t| t.put(&A, 1, 1, 1, 1, b"before").unwrap());
    let old = s.begin_read().unwrap();
    let mut txn = s.begin_write().unwrap();
    txn.put(&A, 1, 1, 1, 2, b"after").unwrap();
    txn.put_head(&A, b"h", b"").unwrap();
    let during = s.begin_read().unwrap();
    txn.commit().unwrap();
    // Nothing was read before the commit: the snapshot counts from its beginning all the same.
    for txn in [&old, &during] {
        assert_eq!(txn.row(&A, 1).unwrap().unwrap().sealed, b"before");
        assert!(txn.head(&A, Copy::First).unwrap().is_none());
    }
    assert_eq!(s.begin_read().unwrap().row(&A, 1).unwrap().unwrap().sealed, b"after");
}

fn one_writer_at_a_time(s: &dyn Storage) {
    let held = s.begin_write().unwrap();
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(matches!(s.begin_write(), Err(Error::Busy))));
    });
    assert!(begun.elapsed() >= SHORT, "it waits before it gives up");
    assert!(s.begin_read().is_ok(), "readers do not wait for writers");
    drop(held);
    assert!(s.begin_write().is_ok());
}

fn a_checkpoint_waits_for_readers(s: &dyn Storage) {
    write(s, |t| t.put(&A, 1, 1, 1, 1, b"x").unwrap());
    let reader = s.begin_read().unwrap();
    write(s, |t| t.put(&A, 2, 1, 1, 1, b"y").unwrap());
    assert!(!s.checkpoint().unwrap());
    drop(reader);
    let writer = s.begin_write().unwrap();
    assert!(!s.checkpoint().unwrap());
    drop(writer);
    assert!(s.checkpoint().unwrap());
    assert!(s.scrub().unwrap());
    assert!(s.begin_read().unwrap().row(&A, 2).unwrap().is_some());
}

fn threads_lose_nothing(s: &dyn Storage) {
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            scope.spawn(move || {
                for i in 0..25 {
                    let mut txn = loop {
                        match s.begin_write() {
                            Ok(txn) => break txn,
                            Err(Error::Busy) => {}
                            Err(e) => panic!("{e}"),
                        }
                    };
                    // Read, add one, write: lost updates would show.
                    let n = txn
                        .head(&A, Copy::First)
                        .unwrap()
                        .map_or(0, |h| u64::from_be_bytes(h.body.try_into().unwrap()));
                    txn.put_head(&A, &(n + 1).to_be_bytes(), b"").unwrap();
                    txn.put(&A, thread * 100 + i, thread, 1, n, &body(n)).unwrap();
                    txn.commit().unwrap();
                }
            });
            scope.spawn(move || {
                for _ in 0..50 {
                    let txn = s.begin_read().unwrap();
                    let head = txn.head(&A, Copy::First).unwrap();
                    let n = head.map_or(0, |h| u64::from_be_bytes(h.body.try_into().unwrap()));
                    assert_eq!(rows(txn.as_ref(), &A, 1).len() as u64, n, "half a transaction was seen");
                }
            });
        }
    });
    let txn = s.begin_read().unwrap();
    assert_eq!(txn.head(&A, Copy::Second).unwrap().unwrap().body, 100u64.to_be_bytes());
    assert_eq!(rows(txn.as_ref(), &A, 1).len(), 100);
}

/// One transaction of the fault tests below.
fn step(s: &dyn Storage, version: u64) -> crate::Result<()> {
    let mut txn = s.begin_write()?;
    txn.put(&A, 1, 1, 1, version, &body(version))?;
    txn.put(&A, 2, 1, 1, version, &body(version))?;
    txn.put_head(&A, &version.to_be_bytes(), b"")?;
    txn.commit()
}

fn version(s: &dyn Storage) -> u64 {
    let txn = s.begin_read().unwrap();
    let versions = [1, 2].map(|n| txn.row(&A, n).unwrap().unwrap().version);
    let head = u64::from_be_bytes(txn.head(&A, Copy::First).unwrap().unwrap().body.try_into().unwrap());
    assert_eq!(versions, [head; 2]);
    head
}

#[test]
fn memory_fails_at_every_operation() {
    for fault in [Fault::Io, Fault::IoAfterEffect, Fault::Full] {
        for n in 0.. {
            let disk = Memory::new();
            step(&disk, 1).unwrap();
            disk.fail_after(n, fault);
            let outcome = step(&disk, 2);
            if disk.fault_pending() {
                assert_eq!(n, 5, "begin, two rows, head, commit");
                outcome.unwrap();
                break;
            }
            match (fault, outcome) {
                (Fault::Full, Err(Error::DiskFull)) => {
                    assert_eq!(version(&disk), 1);
                    step(&disk, 3).unwrap();
                }
                (Fault::Io | Fault::IoAfterEffect, Err(Error::Io(_))) => {
                    assert!(matches!(disk.begin_read().err(), Some(Error::Io(_))), "the handle has ended");
                    disk.reopen();
                    assert_eq!(version(&disk), if fault == Fault::IoAfterEffect && n == 4 { 2 } else { 1 });
                }
                (_, other) => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn memory_crashes_lies_and_goes_back() {
    let disk = Memory::new();
    step(&disk, 1).unwrap();
    let old = disk.image();
    step(&disk, 2).unwrap();
    let mut open = disk.begin_write().unwrap();
    open.put(&A, 1, 1, 1, 9, b"in flight").unwrap();
    disk.crash();
    assert!(open.commit().is_err(), "a transaction from before a crash");
    assert_eq!(version(&disk), 2);
    disk.lie(true);
    step(&disk, 3).unwrap();
    assert_eq!(version(&disk), 3);
    disk.crash();
    assert_eq!(version(&disk), 2);
    disk.restore(&old);
    assert_eq!(version(&disk), 1);
    disk.tamper(|image| {
        std::sync::Arc::make_mut(&mut image.heads[1]).clear();
    });
    assert!(disk.begin_read().unwrap().head(&A, Copy::Second).unwrap().is_none());
    assert_eq!(
        disk.operations()[..3],
        [Op::BeginWrite, Op::Put { number: 1, bytes: 201 }, Op::Put { number: 2, bytes: 201 }]
    );
}

//! A file of which a page is damaged (a bad sector): what still opens comes into another file by a backup, and lives on
//! in what is restored of it.

use super::backup::restore_in;
use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::tests_anchor::{TestAnchor, with};
use super::tests_backup::{Place, import, options};
use super::tests_keystore::{make, open};
use super::*;
use crate::crypto::context::Class;
use crate::error::Error;
use crate::id::RecordId;
use crate::label::Purpose;
use crate::ledger::tree;
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use crate::vault::logs::tree_head;
use crate::vault::tx::ReadRows;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

const PAGE: usize = 4096;

/// Everything of the open partitions that opens: records and memories with their bytes.
fn held(space: &HealthSpace) -> BTreeSet<(RecordId, Vec<u8>)> {
    let (txn, state) = space.inner.read().unwrap();
    let mut all = BTreeSet::new();
    for p in &state.partitions {
        for record in p.readable.records() {
            let mut out = Vec::new();
            let class = if record.series().is_some() { Class::Series } else { Class::Body };
            if p.open_object(&space.inner.base, &*txn, class, &record.object(), &mut out).is_ok() {
                all.insert((record.id(), out));
            }
        }
    }
    all
}

/// With several hundred records, memories and entries of logs, all of it in its one file.
fn setting() -> Place {
    let t = Place::new(clock().0);
    allow(&t.space, Category::ALL);
    for n in 0..12 {
        import(&t.space, n * 50..(n + 1) * 50);
    }
    for n in 0..60 {
        let session = t.space.session(model(), Purpose::PatientRequest).unwrap();
        session.remember_in("general", &format!("likes walk {n}")).unwrap();
    }
    for _ in 0..60 {
        let session = t.space.session(model(), Purpose::PatientRequest).unwrap();
        session.count(&crate::catalog::Query::default()).unwrap();
    }
    t.space.close();
    t
}

fn garbage(seed: usize) -> Vec<u8> {
    let mut x = seed as u64 * 0x9e37_79b9 + 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x as u8
    };
    (0..PAGE).map(|_| next()).collect()
}

/// Another file of the space, with a page spoilt.
fn spoil(t: &Place, page: usize, with: &[u8]) -> PathBuf {
    for name in ["t.hs", "t.hs-wal", "t.hs-shm", "b", "r", "r-wal", "r-shm"] {
        let _ = std::fs::remove_file(t.at(name));
    }
    let mut bytes = std::fs::read(t.at("me.hs")).unwrap();
    bytes[(page - 1) * PAGE..page * PAGE].copy_from_slice(with);
    std::fs::write(t.at("t.hs"), &bytes).unwrap();
    t.at("t.hs")
}

/// The first page of a table.
fn root(t: &Place, table: &str) -> usize {
    let conn = rusqlite::Connection::open(t.at("me.hs")).unwrap();
    let root: i64 = conn.query_row("SELECT rootpage FROM sqlite_schema WHERE name=?1", [table], |r| r.get(0)).unwrap();
    root as usize
}

#[test]
fn what_still_opens_leaves_a_file_with_a_bad_page() {
    let t = setting();
    let pages = std::fs::metadata(t.at("me.hs")).unwrap().len() as usize / PAGE;
    // All of them, where that is asked for; else those of the tables' roots and one in three.
    let all = std::env::var_os("ALL_PAGES").is_some();
    let (mut lost, mut tried, mut by_rows, mut bridged) = (BTreeSet::new(), 0, 0, 0);
    let mut entered = BTreeSet::new();
    for page in (2..=pages).filter(|page| all || *page < 16 || page % 3 == 0) {
        for (n, with) in [vec![0; PAGE], garbage(page)].iter().enumerate() {
            if !all && page % 2 == n && page > 15 {
                continue;
            }
            tried += 1;
            let file = spoil(&t, page, with);
            let Ok(space) = HealthSpace::open_damaged(&file, &unlock(), clock().0) else {
                lost.insert(page);
                continue;
            };
            let (before, found) = (held(&space), space.check().unwrap());
            let named: u64 = found.scopes.iter().flat_map(|s| &s.damaged).map(|(_, n)| n).sum();
            let made = space.backup_to(t.at("b")).unwrap();
            space.close();
            assert_eq!(std::fs::metadata(t.at("b")).unwrap().len(), made.bytes);
            let (again, restored) = t.restore_with("b", "r", clock().0, &options().with_damage()).unwrap();
            assert!(held(&again) == before, "page {page}: {} of {}", held(&again).len(), before.len());
            assert!(again.check().unwrap().pages_in_order);
            let told: u64 = restored.read.scopes.iter().flat_map(|s| &s.damaged).map(|(_, n)| n).sum();
            bridged += restored.broken_logs;
            let Some(row_by_row) = made.row_by_row else { continue };
            by_rows += 1;
            entered.insert(row_by_row.entered.code());
            assert_eq!(row_by_row.damaged, named, "page {page}");
            assert!(told > 0 || named == 0, "page {page}");
            // Not told where entries are damaged: a later backup may be among them.
            assert!(restored.backup.is_none_or(|id| id == made.id), "page {page}");
            // It is a space like any other: it is written to; where a list is damaged, once it has new keys.
            let writes = |space: &HealthSpace| {
                let session = space.session(model(), Purpose::PatientRequest)?;
                session.remember_in("general", "likes tea").map(drop)
            };
            if writes(&again).is_err() {
                let rotated = again.rotate_with_damage(&unlock(), &[]).unwrap();
                assert!(rotated.pages_lost > 0 && rotated.emptied.is_empty());
                writes(&rotated.space).unwrap();
                assert!(held(&rotated.space).is_superset(&before));
            }
            again.close();
            HealthSpace::open(t.at("r"), &unlock(), clock().0).unwrap();
        }
    }
    println!("{tried} trials on {pages} pages, {by_rows} row by row, {bridged} logs, lost {lost:?}, {entered:?}");
    // The root of the rows, and their first page, where all manifests stand.
    assert!(lost.len() == 2 && lost.contains(&root(&t, "row")), "{lost:?}");
    assert!(by_rows * 10 > tried * 7 && bridged > 3);
    assert_eq!(entered.into_iter().collect::<Vec<_>>(), ["backup", "log", "nowhere"]);
}

#[test]
fn a_copy_of_what_opens_is_broken_off_like_any_other() {
    let t = setting();
    let file = spoil(&t, root(&t, "ledger"), &[0; PAGE]);
    let env = clock().0;
    let space = HealthSpace::open_damaged(&file, &unlock(), env.clone()).unwrap();
    env.cancel.cancel();
    assert!(matches!(space.backup_to(t.at("b")), Err(Error::Cancelled)));
    env.cancel.reset();
    std::fs::write(t.at("b"), "something").unwrap();
    assert!(matches!(space.backup_to(t.at("b")), Err(Error::AlreadyExists)));
    let left = std::fs::read_dir(t.at("")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert!(!left.into_iter().any(|name| name.contains("part")));
}

/// The first copy of the heads cannot be written: the copy of the file goes on, and the anchor knows the file.
#[test]
fn an_anchor_is_told_nothing_of_what_a_copy_says_of_itself() {
    let (t, anchor) = (setting(), TestAnchor::new());
    let env = || with(&anchor);
    drop(HealthSpace::recover(t.at("me.hs"), &unlock(), env(), gesture()).unwrap());
    let file = spoil(&t, root(&t, "head"), &[0; PAGE]);
    let space = HealthSpace::open(&file, &unlock(), env()).unwrap();
    let known = anchor.heads.lock().unwrap().clone();
    let made = space.backup_to(t.at("b")).unwrap();
    assert_eq!(made.row_by_row.map(|r| (r.damaged, r.entered)), Some((0, EnteredIn::Backup)));
    assert!(space.known_copies().unwrap().is_empty());
    assert!(*anchor.heads.lock().unwrap() == known);
    space.close();
    drop(HealthSpace::open(&file, &unlock(), env()).unwrap());
    let (again, restored) = t.restore_with("b", "r", env(), &options()).unwrap();
    assert_eq!((restored.backup, restored.erasures), (Some(made.id), ErasuresAfter::Unknown));
    assert_eq!(again.known_copies().unwrap().len(), 1);
    assert!(matches!(HealthSpace::open(&file, &unlock(), env()), Err(Error::RolledBack)));
}

/// Nothing leads from what was signed of a log to what goes on without its entries.
#[test]
fn a_log_that_lost_what_its_tree_rests_on_is_no_continuation() {
    let t = setting();
    let space = HealthSpace::open(t.at("me.hs"), &unlock(), clock().0).unwrap();
    let heads: Vec<_> = space.inner.peek().unwrap().partitions.iter().map(tree_head).collect();
    space.close();
    for (table, proves) in [("ledger", false), ("slot", true)] {
        let space = HealthSpace::open_damaged(spoil(&t, root(&t, table), &[0; PAGE]), &unlock(), clock().0).unwrap();
        space.backup_to(t.at("b")).unwrap();
        let refused = t.restore_with("b", "r", clock().0, &options());
        assert_eq!(refused.map(drop).is_ok(), proves);
        let _ = std::fs::remove_file(t.at("r"));
        let (again, restored) = t.restore_with("b", "r", clock().0, &options().with_damage()).unwrap();
        assert_eq!(restored.broken_logs == 0, proves);
        let (txn, state) = again.inner.read().unwrap();
        for (p, before) in state.partitions.iter().zip(&heads) {
            assert!(p.head.log_size > before.size);
            let found = tree::root(&ReadRows(&*txn, p.log()), before.size).unwrap();
            assert_eq!(found == before.root, proves, "{table}");
        }
    }
}

/// Of one log alone: the others are read, and what is claimed of logs is not claimed of it.
#[test]
fn a_log_that_is_no_continuation_is_not_claimed_to_be_one() {
    let disk = Disk::new();
    let (made, _) = make(&disk, &unlock(), clock().0).unwrap();
    fill(&made);
    let p = made.inner.peek().unwrap().partitions[0].clone();
    let claim = |space: &HealthSpace| space.claims().unwrap().into_iter().find(|c| c.name == "log").unwrap();
    assert_eq!(claim(&made).level, ClaimLevel::Verifiable);
    drop(made);
    for loses in [false, true] {
        let (disk, size) = (copy_of(&disk), p.head.log_size);
        if loses {
            disk.tamper(|i| {
                Arc::make_mut(&mut i.ledger).remove(&(p.id, size as i64 - 1));
                Arc::make_mut(&mut i.tree)
                    .retain(|(s, level, idx), _| *s != p.id || (*idx as u64 + 1) << level != size);
            });
        }
        let asked = options().with_damage();
        let (inner, places, next, restored) = restore_in(Arc::new(disk.clone()), &unlock(), clock().0, &asked).unwrap();
        drop(inner);
        places.tell(&next).unwrap();
        assert_eq!(restored.broken_logs, u64::from(loses));
        let space = open(&disk, &unlock()).unwrap();
        let told = claim(&space);
        assert_eq!((told.level == ClaimLevel::Verifiable, told.claim.contains("restored without")), (!loses, loses));
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        session.remember_in("general", "likes tea").unwrap();
    }
}

fn copy_of(disk: &Disk) -> Disk {
    let other = Disk::new();
    other.restore(&disk.image());
    other
}

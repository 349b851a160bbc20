//! Damage is told by scope and part, rows that nothing names are counted, and the rest stays
//! readable.

use super::tests::{allow, clock, fill, model, unlock};
use super::*;
use crate::catalog::Query;
use crate::crypto::context::Class;
use crate::error::{Error, Part};
use crate::id::ScopeId;
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::Row;
use crate::storage::memory::{Image, Memory as Disk};
use std::sync::Arc;

fn setting() -> (Disk, HealthSpace, Image) {
    let disk = Disk::new();
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let space = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), clock().0).unwrap().0;
    fill(&space);
    allow(&space, Category::ALL);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let read = s.query(&Query::default()).unwrap();
    s.remember("LDL was 112.5", &read).unwrap();
    let image = disk.image();
    (disk, space, image)
}

/// Spoils every row of a class in a scope; how many there are.
fn spoil(image: &mut Image, scope: ScopeId, class: Class) -> u64 {
    let mut n = 0;
    let all = Arc::make_mut(&mut image.rows).values_mut();
    for (_, row) in all.filter(|(s, r)| *s == scope && r.class == class as u8) {
        let mut sealed = row.sealed.clone();
        *sealed.last_mut().unwrap() ^= 1;
        *row = Arc::new(Row { sealed, ..(**row).clone() });
        n += 1;
    }
    n
}

#[test]
fn a_whole_space_has_no_damage_and_nothing_left_over() {
    let (_, space, _) = setting();
    let found = space.check().unwrap();
    assert!(found.is_whole());
    assert_eq!(
        found.scopes.iter().map(|s| s.partition.as_deref()).collect::<Vec<_>>(),
        [None, Some("health"), Some("general")]
    );
    assert!(found.scopes.iter().all(|s| s.unnamed == 0 && s.whole > 2), "{found:?}");
    assert_eq!(found.stray, 0);
}

#[test]
fn damage_is_told_by_scope_and_part() {
    let (disk, space, _) = setting();
    // More keys than stand in the manifest.
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..crate::keyring::PAGE_KEYS {
        s.remember_in("health", &format!("Remark {n}")).unwrap();
    }
    let image = disk.image();
    let health = space.inner.peek().unwrap().partitions[0].id;
    let whole = space.check().unwrap();
    for (class, part) in [
        (Class::Body, Part::Body),
        (Class::Catalog, Part::Segment),
        (Class::KeyPage, Part::KeyPage),
        (Class::LogSeed, Part::Manifest),
    ] {
        disk.restore(&image);
        let mut n = 0;
        disk.tamper(|i| n = spoil(i, health, class));
        let found = space.check().unwrap();
        assert!(n > 0 && !found.is_whole());
        let damaged = &found.scopes[1].damaged;
        assert!(damaged.contains(&(part, n)), "{class:?}: {damaged:?}");
        assert!(found.scopes[0] == whole.scopes[0] && found.scopes[2] == whole.scopes[2]);
    }
    // One entry of the log, and one node of the tree over it.
    disk.restore(&image);
    disk.tamper(|i| Arc::make_mut(&mut i.ledger).get_mut(&(health, 2)).unwrap().sealed[40] ^= 1);
    assert_eq!(space.check().unwrap().scopes[1].damaged, [(Part::Ledger, 1)]);
    disk.restore(&image);
    disk.tamper(|i| Arc::make_mut(&mut i.tree).get_mut(&(health, 1, 0)).unwrap()[3] ^= 1);
    assert_eq!(space.check().unwrap().scopes[1].damaged, [(Part::Ledger, 1)]);
    disk.restore(&image);
    assert_eq!(space.check().unwrap(), whole);
}

#[test]
fn a_damaged_record_leaves_the_others_readable() {
    let (disk, space, image) = setting();
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let health = space.partition("health").unwrap();
    let rows: Vec<i64> =
        image.rows.iter().filter(|(_, (_, r))| r.class == Class::Body as u8).map(|(n, _)| *n).collect();
    let mut damaged = 0;
    for number in rows {
        disk.restore(&image);
        disk.tamper(|i| {
            let (_, row) = Arc::make_mut(&mut i.rows).get_mut(&number).unwrap();
            *row = Arc::new(Row { sealed: vec![9; row.sealed.len()], ..(**row).clone() });
        });
        let found = space.check().unwrap();
        let n: u64 = found.scopes.iter().flat_map(|s| &s.damaged).map(|(_, n)| n).sum();
        assert_eq!(n, 1, "{number}: {found:?}");
        damaged += n;
        // Opened anew, everything that is typed is there, and so is the general partition.
        let again = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap();
        assert_eq!(again.partition("health").unwrap().stats().unwrap().facts, health.stats().unwrap().facts);
        again.partition("general").unwrap().memories().unwrap();
    }
    assert!(damaged >= 3);
    disk.restore(&image);
    assert_eq!(s.query(&Query::default()).unwrap().value().len(), 4);
}

#[test]
fn what_nothing_names_is_counted_and_ignored() {
    let (disk, space, image) = setting();
    let health = space.inner.peek().unwrap().partitions[0].id;
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let seen = s.query(&Query::default()).unwrap().into_value();
    let image_now = disk.image();
    disk.tamper(|i| {
        let rows = Arc::make_mut(&mut i.rows);
        let (_, own) = image.rows.values().find(|(s, r)| *s == health && r.class == Class::Body as u8).unwrap().clone();
        for (n, scope) in [(1 << 50, health), ((1 << 50) + 1, health), (1 << 51, ScopeId::from_bytes([9; 16]))] {
            rows.insert(n, (scope, Arc::new(Row { number: n as u64, ..(*own).clone() })));
        }
    });
    let found = space.check().unwrap();
    assert!(found.is_whole());
    assert_eq!((found.scopes[1].unnamed, found.stray), (2, 1));
    assert_eq!(s.query(&Query::default()).unwrap().into_value(), seen);
    // A handle of one partition tells of that one.
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["general"])).unwrap();
    let found = part.check().unwrap();
    assert_eq!((found.scopes.len(), found.stray), (1, 1));
    disk.restore(&image_now);
}

#[test]
fn copies_that_differ_are_told() {
    let (disk, space, image) = setting();
    let health = space.inner.peek().unwrap().partitions[0].id;
    for copy in 0..2 {
        disk.restore(&image);
        disk.tamper(|i| Arc::make_mut(&mut i.heads[copy]).get_mut(&health).unwrap().body[9] ^= 1);
        let again = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap();
        let found = again.check().unwrap();
        assert_eq!(found.scopes.iter().map(|s| s.heads_agree).collect::<Vec<_>>(), [true, false, true]);
        assert!(!found.is_whole() && found.scopes.iter().all(|s| s.damaged.is_empty()));
        disk.restore(&image);
        disk.tamper(|i| Arc::make_mut(&mut i.slots[copy]).values_mut().next().unwrap()[3] ^= 1);
        let found = space.check().unwrap();
        assert!(!found.slots_agree && !found.is_whole());
    }
    space.close();
    assert!(matches!(space.check(), Err(Error::Locked)));
}

#[test]
fn a_copy_that_is_bad_is_written_again_from_the_good_one() {
    let (disk, space, image) = setting();
    let health = space.inner.peek().unwrap().partitions[0].id;
    let system = space.inner.peek().unwrap().view.id;
    assert_eq!(space.repair().unwrap(), Repaired { heads: 0, slots: false });
    assert!(disk.image() == image, "nothing to do, nothing done");
    for copy in 0..2 {
        disk.tamper(|i| {
            let heads = Arc::make_mut(&mut i.heads[copy]);
            heads.get_mut(&health).unwrap().body[9] ^= 1;
            heads.remove(&system);
            Arc::make_mut(&mut i.slots[copy]).values_mut().next().unwrap()[3] ^= 1;
        });
        let again = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap();
        assert!(!again.info().unwrap().copies_agree);
        assert_eq!(again.repair().unwrap(), Repaired { heads: 2, slots: true });
        assert!(again.check().unwrap().is_whole() && again.info().unwrap().copies_agree);
        assert!(disk.image() == image);
    }
    // A slot that was planted beside goes, one of the two that went comes back.
    disk.tamper(|i| {
        let slots = Arc::make_mut(&mut i.slots[1]);
        slots.insert([3; 16], vec![1]);
    });
    assert_eq!(space.repair().unwrap(), Repaired { heads: 0, slots: true });
    assert!(disk.image().slots == image.slots);
    // A handle of one partition mends what it can verify.
    disk.tamper(|i| {
        Arc::make_mut(&mut i.heads[1]).get_mut(&health).unwrap().body[9] ^= 1;
    });
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["general"])).unwrap();
    assert_eq!(part.repair().unwrap().heads, 0);
    assert_eq!(space.repair().unwrap().heads, 1);
}

/// Where a scope's sealed key stands in the system head's body.
fn key_in_head(space: &HealthSpace, scope: ScopeId) -> usize {
    let head = &space.inner.peek().unwrap().view.head;
    memchr::memmem::find(&head.encode(), &head.entry(&scope).unwrap().wrap).unwrap()
}

/// The keys of scopes stand in both copies of the system head: a damaged one is told, and mended from
/// the other; of both, it is told too, and nothing is said to be whole.
#[test]
fn a_damaged_key_of_a_scope_is_told_and_mended() {
    let (disk, space, image) = setting();
    let state = space.inner.peek().unwrap();
    let scopes: Vec<ScopeId> = [state.view.id].into_iter().chain(state.partitions.iter().map(|p| p.id)).collect();
    for scope in scopes {
        let at = key_in_head(&space, scope) + 60;
        let flip = |copies: std::ops::Range<usize>| {
            disk.restore(&image);
            disk.tamper(|i| {
                for copy in copies {
                    Arc::make_mut(&mut i.heads[copy]).get_mut(&state.view.id).unwrap().body[at] ^= 1;
                }
            });
        };
        for copy in 0..2 {
            flip(copy..copy + 1);
            assert!(!space.check().unwrap().is_whole());
            for only in [None, Some(&["health"][..])] {
                HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, only).unwrap();
            }
            assert_eq!(space.repair().unwrap().heads, 1);
            assert!(disk.image() == image);
        }
        flip(0..2);
        assert!(space.check().map_or(true, |found| !found.is_whole()));
        let again = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None);
        assert!(matches!(again, Err(Error::CannotOpen)));
    }
}

/// Every byte of what authenticates a head counts, for the handle of the whole space as well.
#[test]
fn a_damaged_authenticator_is_told_and_mended() {
    let (disk, space, image) = setting();
    let state = space.inner.peek().unwrap();
    let (system, health) = (state.view.id, state.partitions[0].id);
    type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
    let longer: Change<'_> = &|auth| auth.extend_from_slice(&[7; 1000]);
    let cases: [(ScopeId, Change<'_>); 5] = [
        (system, &|auth| auth[0] ^= 1),
        (system, &|auth| auth[40] ^= 1),
        (system, longer),
        (health, &|auth| auth[31] ^= 1),
        (health, longer),
    ];
    for (scope, change) in cases {
        let damage = |copies: std::ops::Range<usize>| {
            disk.restore(&image);
            disk.tamper(|i| {
                for copy in copies {
                    change(&mut Arc::make_mut(&mut i.heads[copy]).get_mut(&scope).unwrap().auth);
                }
            });
        };
        for copy in 0..2 {
            damage(copy..copy + 1);
            let again = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap();
            let found = again.check().unwrap();
            assert!(!found.is_whole() && found.scopes.iter().filter(|s| !s.heads_agree).count() == 1, "{found:?}");
            assert_eq!(again.repair().unwrap(), Repaired { heads: 1, slots: false });
            assert!(disk.image() == image);
            // Without the system's key its MAC cannot be judged: what may be good is not written over.
            damage(copy..copy + 1);
            let only = Some(&["general"][..]);
            let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, only).unwrap();
            part.repair().unwrap();
            assert_eq!(disk.image().heads[1 - copy][&scope].auth, image.heads[0][&scope].auth);
        }
        damage(0..2);
        assert!(!space.check().unwrap().is_whole());
        assert!(matches!(space.repair(), Err(Error::Corrupt(Part::Head))));
        let again = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None);
        assert!(matches!(again, Err(Error::CannotOpen | Error::Corrupt(Part::Head))));
    }
}

/// Every row of the file in turn: what is not that row's own is there, for a handle that is open, and
/// for one that is opened afterwards.
#[test]
fn each_damaged_row_leaves_the_rest_readable() {
    let (disk, space, _) = setting();
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..crate::keyring::PAGE_KEYS {
        s.remember_in("general", &format!("Remark {n}")).unwrap();
    }
    let general = space.partition("general").unwrap().memories().unwrap().value().len();
    let image = disk.image();
    let state = space.inner.peek().unwrap();
    let system = state.view.id;
    let (mut whole, mut rest, mut named, mut nothing) = (0, 0, 0, Vec::new());
    let rows: Vec<_> = image.rows.iter().map(|(n, (scope, row))| (*n, *scope, row.class)).collect();
    for (number, scope, class) in rows {
        disk.restore(&image);
        disk.tamper(|i| {
            let (_, row) = Arc::make_mut(&mut i.rows).get_mut(&number).unwrap();
            *row = Arc::new(Row { sealed: vec![9; row.sealed.len()], ..(**row).clone() });
        });
        let found = space.check().unwrap();
        let damaged: Vec<_> = found.scopes.iter().filter(|s| !s.damaged.is_empty()).collect();
        assert!(damaged.len() == 1 && damaged[0].damaged.iter().map(|d| d.1).sum::<u64>() >= 1, "{class} {found:?}");
        // Bodies are named by their records; what surrounds the records of a file belongs to none.
        if class == Class::Body as u8 {
            named += damaged[0].records.len();
        }
        let open =
            |only: Option<&[&str]>| HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, only).ok();
        if let Some(again) = open(None) {
            let stats = |s: &HealthSpace| s.partition("health").unwrap().stats().unwrap().facts;
            assert_eq!(stats(&again), stats(&space));
            whole += 1;
            continue;
        }
        let opened = [open(Some(&["health"])), open(Some(&["general"]))];
        match (damaged[0].partition.as_deref(), opened) {
            (Some("health"), [_, Some(part)]) => {
                assert_eq!(part.partition("general").unwrap().memories().unwrap().value().len(), general);
                rest += 1;
            }
            (Some("general"), [Some(part), _]) => {
                assert_eq!(part.partition("health").unwrap().stats().unwrap().records, 4);
                rest += 1;
            }
            // A row of the space's own that is about a partition, or about consents alone.
            (None, [None, None]) => nothing.push((scope == system, class)),
            (None, _) => rest += 1,
            (of, _) => panic!("{of:?} {class}"),
        }
    }
    // The list of partitions stands in their own rows, too.
    assert_eq!(nothing, []);
    assert_eq!(named, 4 + crate::keyring::PAGE_KEYS);
    assert!(whole > 60 && rest > 4, "{whole} {rest}");
}

#[test]
fn entries_and_heads_that_nothing_names_are_counted() {
    let (disk, space, _) = setting();
    let health = space.inner.peek().unwrap().partitions[0].id;
    let size = space.inner.peek().unwrap().partitions[0].head.log_size.cast_signed();
    disk.tamper(|i| {
        let (tree, other) = (Arc::make_mut(&mut i.tree), ScopeId::from_bytes([9; 16]));
        tree.insert((health, 0, size), [1; 32]);
        tree.insert((health, 0, size + 7), [1; 32]);
        tree.insert((other, 0, 0), [1; 32]);
        let heads = Arc::make_mut(&mut i.heads[0]);
        let head = heads[&health].clone();
        heads.insert(other, head);
    });
    let found = space.check().unwrap();
    assert!(found.is_whole());
    assert_eq!((found.scopes[1].unnamed, found.stray), (2, 2));
}

/// A page that cannot be walked through, as of a bad sector: where the space opens, the check says that it is damaged.
#[test]
fn a_page_that_is_damaged_is_told_and_fails_no_check() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&path, &unlock(), clock().0).unwrap();
    allow(&space, Category::ALL);
    for n in 0..4 {
        super::tests_backup::import(&space, n * 40..n * 40 + 40);
    }
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    (0..30).for_each(|_| drop(s.count(&Query::default()).unwrap()));
    drop(s);
    space.close();
    drop(space);
    let whole = std::fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    let (mut opened, mut unwalked) = (0, 0);
    for page in 1..pages {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0);
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(dir.path().join(format!("me.hs{end}")));
        }
        std::fs::write(&path, &bytes).unwrap();
        let Ok(space) = HealthSpace::open_damaged(&path, &unlock(), clock().0) else { continue };
        opened += 1;
        let found = space.check().unwrap();
        assert!(!found.is_whole(), "page {page}");
        unwalked += u64::from(!found.pages_in_order);
    }
    assert!(opened > 5 && unwalked > 2, "{opened} {unwalked} of {pages}");
}

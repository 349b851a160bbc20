//! Every image that a commit left since the space was made, given to every adversary of the levels.
//!
//! A coarse form of the part `erasure` of `make torture`, which takes images after every write of real files.

use super::tests::{clock, fill, gesture, model, observation, source};
use super::tests_keystore::{TestKeyStore, alone, open, store, with};
use super::*;
use crate::crypto::context::Class;
use crate::crypto::seal;
use crate::id::RecordId;
use crate::keyring::{KeyStore, SpaceRow, Unlock};
use crate::label::Purpose;
use crate::storage::memory::{Image, Memory};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far an erasure goes here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// It is only not shown any more: the control.
    Hidden,
    File,
    CopiesButByCode,
    Copies,
}

struct Played {
    phone: Arc<TestKeyStore>,
    code: String,
    doomed: BTreeSet<RecordId>,
    images: Vec<Image>,
    /// Images between these hold the doomed records.
    from: usize,
    to: usize,
}

fn play(until: Until) -> Played {
    let (disk, phone) = (Memory::new(), store());
    disk.keep_images();
    let way = || with(&phone, "one");
    let row = SpaceRow { recoverable: until != Until::Copies, ..SpaceRow::make_for(&way()).unwrap() };
    let (space, code) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &way(), clock().0).unwrap();
    space.add_way_in(&way(), &alone(&phone)).unwrap();
    let _grant = super::tests::allow(&space, crate::record::Category::ALL);
    fill(&space);
    let health = space.partition("health").unwrap();
    let entries: Vec<String> =
        (20..40).map(|n| observation(&n.to_string(), "laboratory", "1-8", "2026-02-01", &n.to_string(), "")).collect();
    health.import(source(&entries)).unwrap();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let record = session.query(&super::tests::of_code("1-8")).unwrap().into_value()[0].record;
    let memory = session.remember("made from it", &[record][..]).unwrap();
    let from = disk.images().len() - 1;
    health.import(source(&[observation("50", "laboratory", "2-6", "2026-03-01", "1", "")])).unwrap();
    let doomed: BTreeSet<RecordId> = [record, memory].into();
    let to = disk.images().len();
    if until == Until::Hidden {
        // The past of a memory is kept, and no call shows it.
        health.edit_memory(memory, "something else", gesture()).unwrap();
    } else {
        assert_eq!(health.erase(&Erase::Records(vec![record]), gesture()).unwrap().records, 2);
    }
    if matches!(until, Until::CopiesButByCode | Until::Copies) {
        let done = space.erase_from_copies(&way(), &[&alone(&phone)], gesture()).unwrap();
        let level = done.destroyed.unwrap().level;
        let want = if until == Until::Copies { ErasureLevel::CopiesByDevice } else { ErasureLevel::CopiesButByCode };
        assert!(level == want);
    }
    Played { phone, code: code.reveal().to_string(), doomed, images: disk.images(), from, to }
}

/// How many of these records open in an image, by this way in; whether they are shown or not.
fn opens(image: &Image, unlock: &Unlock, doomed: &BTreeSet<RecordId>) -> usize {
    let disk = Memory::new();
    disk.restore(image);
    let Ok(space) = open(&disk, unlock) else { return 0 };
    let (txn, state) = space.inner.read().unwrap();
    let mut n = 0;
    for scope in &state.partitions {
        for record in scope.readable.records().filter(|r| doomed.contains(&r.id())) {
            n += usize::from(
                scope.open_object(&space.inner.base, &*txn, Class::Body, &record.object(), &mut Vec::new()).is_ok(),
            );
        }
    }
    n
}

fn salts(image: &Image) -> BTreeSet<[u8; 24]> {
    image.rows.values().map(|(_, row)| seal::salt_of(&row.sealed).unwrap()).collect()
}

#[test]
fn what_was_erased_opens_from_no_image_at_the_level_that_is_claimed() {
    for until in [Until::Hidden, Until::File, Until::CopiesButByCode, Until::Copies] {
        let p = play(until);
        let shared: Arc<dyn KeyStore> = Arc::<TestKeyStore>::clone(&p.phone);
        let code = || Unlock::recovery_code(&p.code).unwrap();
        let code = if until == Until::Copies { code().with_device(shared) } else { code() };
        let ways = [with(&p.phone, "one"), alone(&p.phone), code];
        let last = p.images.last().unwrap();
        assert!(p.images.len() > 12 && p.to > p.from);
        for (n, image) in p.images.iter().enumerate() {
            let there = if (p.from..p.to).contains(&n) { p.doomed.len() } else { 0 };
            for (kind, way) in ways.iter().enumerate() {
                let by_code = kind == 2;
                let found = opens(image, way, &p.doomed);
                match until {
                    // E0 and E1 say nothing of older copies: all of them open.
                    Until::Hidden | Until::File if there > 0 => assert_eq!(found, there, "image {n}"),
                    // E2r says nothing of the code that the copy had.
                    Until::CopiesButByCode if by_code && there > 0 => assert_eq!(found, there, "image {n}"),
                    Until::CopiesButByCode if !by_code => assert_eq!(found, 0, "image {n}"),
                    Until::Copies => assert_eq!(found, 0, "image {n}"),
                    _ => {}
                }
            }
        }
        // The file as it is, with every way in; and what of the last image that held them is left in it.
        let left = opens(last, &ways[0], &p.doomed);
        let record = p.images[p.to - 1].rows.values().filter(|(_, r)| r.class == Class::Body as u8);
        let bodies: BTreeSet<_> = record.map(|(_, r)| seal::salt_of(&r.sealed).unwrap()).collect();
        let gone = bodies.difference(&salts(last)).count();
        if until == Until::Hidden {
            assert_eq!((left, gone), (p.doomed.len(), 0), "hidden is not erased");
        } else {
            assert_eq!(left, 0);
            assert!(gone >= 2, "the block of the record, and the memory's");
        }
    }
}

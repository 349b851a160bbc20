//! How a space comes to be anchored: whoever brings the anchor first, and wherever a process ends,
//! the space is not locked by it; once an anchor knows a head, nothing from before is taken.

use super::tests::*;
use super::tests_anchor::{TestAnchor, ask, with};
use super::*;
use crate::environment::{AnchoredHead, Environment, FreshnessAnchor};
use crate::error::{Error, Result};
use crate::id::{ScopeId, SpaceId};
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An anchor as a process sees it that ends at the call after so many.
struct Dying {
    anchor: Arc<TestAnchor>,
    left: AtomicUsize,
    /// Whether the last call still reaches the anchor.
    arrives: bool,
}

const DEAD: Error = Error::Io(std::io::ErrorKind::TimedOut);

impl FreshnessAnchor for Dying {
    fn read(&self, space: SpaceId, scope: ScopeId) -> Result<Option<AnchoredHead>> {
        if self.left.load(Ordering::SeqCst) == usize::MAX { Err(DEAD) } else { self.anchor.read(space, scope) }
    }

    fn advance(&self, space: SpaceId, scope: ScopeId, prev: Option<AnchoredHead>, new: AnchoredHead) -> Result<bool> {
        match self.left.load(Ordering::SeqCst) {
            usize::MAX => return Err(DEAD),
            0 => self.left.store(usize::MAX, Ordering::SeqCst),
            n => {
                self.left.store(n - 1, Ordering::SeqCst);
                return self.anchor.advance(space, scope, prev, new);
            }
        }
        if self.arrives {
            self.anchor.advance(space, scope, prev, new)?;
        }
        Err(DEAD)
    }
}

fn dying(anchor: &Arc<TestAnchor>, after: usize, arrives: bool) -> Environment {
    let anchor = Dying { anchor: Arc::clone(anchor), left: after.into(), arrives };
    Environment { anchor: Some(Arc::new(anchor)), ..clock().0 }
}

/// A space that never saw an anchor.
fn bare() -> (Disk, HealthSpace) {
    let disk = Disk::new();
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), clock().0).unwrap();
    fill(&space);
    (disk, space)
}

fn open(disk: &Disk, env: Environment, only: &[&str]) -> Result<HealthSpace> {
    let only = Some(only).filter(|names| !names.is_empty());
    HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), env, only)
}

fn write(space: &HealthSpace) {
    (0..3).for_each(|_| _ = allow(space, &[Category::Laboratory]));
}

#[test]
fn a_handle_of_some_partitions_cannot_anchor_a_space_and_does_not_lock_it() {
    let (disk, space) = bare();
    let counted = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL).recipient(model());
    counted.uses(3).agree(gesture()).unwrap();
    let old = disk.image();
    let anchor = TestAnchor::new();
    let part = open(&disk, with(&anchor), &["health"]).unwrap();
    assert_eq!(part.info().unwrap().freshness, "unverified");
    assert!(matches!(ask(&part), Err(Error::Denied)), "a counted grant takes an anchor that knows the space");
    assert_eq!((anchor.advanced.load(Ordering::SeqCst), anchor.heads.lock().unwrap().len()), (0, 0));
    // It reads on all the same, a reader too, while others write without the anchor.
    let free = allow(&space, &[Category::Laboratory]).id();
    let session = part.session(model(), Purpose::PatientRequest).unwrap();
    let reader = session.reader(&crate::catalog::Query::default(), 10).unwrap();
    let record = reader.facts(&crate::catalog::Query::default()).unwrap()[0].record;
    write(&space);
    reader.body(record).unwrap();
    ask(&part).unwrap();
    space.withdraw(free).unwrap();
    // Opened in full with it, the space is anchored, for the handle that was there before too.
    let whole = open(&disk, with(&anchor), &[]).unwrap();
    for s in [&whole, &part] {
        ask(s).unwrap();
        assert_eq!(s.info().unwrap().freshness, "anchored");
    }
    reader.body(record).unwrap();
    assert!(matches!(ask(&space), Err(Error::AnchorMissing)));
    disk.restore(&old);
    assert!(matches!(reader.body(record), Err(Error::RolledBack)));
    for only in [&[][..], &["health"], &["general"]] {
        assert!(matches!(open(&disk, with(&anchor), only), Err(Error::RolledBack)));
    }
}

#[test]
fn wherever_a_process_ends_that_anchors_a_space_the_next_one_goes_on() {
    // Three places are kept, three heads flagged in one commit, three heads told.
    for (after, arrives) in (0..6).flat_map(|n| [(n, false), (n, true)]) {
        let (disk, space) = bare();
        let old = disk.image();
        let anchor = TestAnchor::new();
        assert!(open(&disk, dying(&anchor, after, arrives), &[]).is_err());
        drop(space);
        // Until the commit, others may go on without the anchor, and with one of some partitions.
        let others = open(&disk, clock().0, &[]);
        assert_eq!(others.is_ok(), after < 3, "{after} {arrives}");
        match others {
            Ok(space) => {
                write(&space);
                ask(&open(&disk, with(&anchor), &["health"]).unwrap()).unwrap();
                write(&space);
            }
            Err(e) => assert!(matches!(e, Error::AnchorMissing)),
        }
        let again = open(&disk, with(&anchor), &[]).unwrap();
        assert_eq!(again.info().unwrap().freshness, "anchored");
        write(&again);
        disk.restore(&old);
        assert!(matches!(open(&disk, with(&anchor), &[]), Err(Error::RolledBack)), "{after} {arrives}");
        assert!(matches!(ask(&again), Err(Error::RolledBack)));
    }
}

/// A copy from before that somebody went on with, without the anchor, until it was ahead of it.
#[test]
fn a_file_from_before_that_was_written_to_since_is_refused_as_well() {
    let (disk, space) = bare();
    let other = Disk::new();
    other.restore(&disk.image());
    let anchor = TestAnchor::new();
    drop(space);
    open(&disk, with(&anchor), &[]).unwrap();
    let ahead = open(&other, clock().0, &[]).unwrap();
    write(&ahead);
    write(&ahead);
    disk.restore(&other.image());
    assert!(matches!(open(&disk, with(&anchor), &[]), Err(Error::Forked)));
    assert!(matches!(open(&disk, with(&anchor), &["health"]), Err(Error::Forked)));
}

#[test]
fn wherever_a_process_ends_that_adds_a_partition_the_next_one_goes_on() {
    for (after, arrives) in (0..5).flat_map(|n| [(n, false), (n, true)]) {
        let (disk, space) = bare();
        let anchor = TestAnchor::new();
        drop(space);
        open(&disk, with(&anchor), &[]).unwrap();
        let space = open(&disk, dying(&anchor, after, arrives), &[]).unwrap();
        assert!(space.create_partition("fitness", PartitionKind::Health, &unlock()).is_err());
        let again = open(&disk, with(&anchor), &[]).unwrap();
        if after == 0 {
            // Its place was not kept yet: there is none.
            assert_eq!(again.info().unwrap().partitions, ["health", "general"]);
            again.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
        }
        let info = again.info().unwrap();
        assert_eq!((info.freshness, &info.partitions[2][..]), ("anchored", "fitness"), "{after} {arrives}");
        again.partition("fitness").unwrap().memories().unwrap();
        write(&again);
    }
}

#[test]
fn a_space_that_could_not_be_created_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    // Three places, three heads.
    for (after, arrives) in (0..6).flat_map(|n| [(n, false), (n, true)]) {
        let made = HealthSpace::create(&file, &unlock(), dying(&TestAnchor::new(), after, arrives));
        assert!(matches!(made, Err(Error::Io(_) | Error::NotAnchored)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{after} {arrives}");
    }
    let (_, code) = HealthSpace::create(&file, &unlock(), dying(&TestAnchor::new(), 6, true)).unwrap();
    assert!(!code.reveal().is_empty());
}

//! Freshness: an older copy of the file is refused where an anchor is given, whatever happens
//! between commit and anchor.

use super::tests::*;
use super::*;
use crate::environment::{AnchoredHead, Environment, FileAnchor, FreshnessAnchor};
use crate::error::{Error, Result};
use crate::id::{ScopeId, SpaceId};
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What goes wrong with an anchor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Cannot be reached at all.
    Away,
    /// Fails without storing.
    FailsBefore,
    /// Stores, and fails.
    FailsAfter,
    /// Says that it stored, and did not.
    Lies,
    /// Says that something else stood there, and stored nothing.
    Refuses,
}

/// An anchor in memory.
pub(super) struct TestAnchor {
    pub(super) heads: Mutex<BTreeMap<(SpaceId, ScopeId), AnchoredHead>>,
    fault: Mutex<Fault>,
    pub(super) advanced: AtomicUsize,
}

impl TestAnchor {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { heads: Mutex::default(), fault: Mutex::new(Fault::None), advanced: AtomicUsize::new(0) })
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

impl FreshnessAnchor for TestAnchor {
    fn read(&self, space: SpaceId, scope: ScopeId) -> Result<Option<AnchoredHead>> {
        if *self.fault.lock().unwrap() == Fault::Away {
            return Err(Error::Io(std::io::ErrorKind::TimedOut));
        }
        Ok(self.heads.lock().unwrap().get(&(space, scope)).copied())
    }

    fn advance(
        &self,
        space: SpaceId,
        scope: ScopeId,
        expect_prev: Option<AnchoredHead>,
        new: AnchoredHead,
    ) -> Result<bool> {
        let fault = *self.fault.lock().unwrap();
        match fault {
            Fault::Away | Fault::FailsBefore => return Err(Error::Io(std::io::ErrorKind::TimedOut)),
            Fault::Lies => return Ok(true),
            Fault::Refuses => return Ok(false),
            Fault::None | Fault::FailsAfter => {}
        }
        let mut heads = self.heads.lock().unwrap();
        if heads.get(&(space, scope)).copied() != expect_prev {
            return Ok(false);
        }
        heads.insert((space, scope), new);
        self.advanced.fetch_add(1, Ordering::SeqCst);
        if fault == Fault::FailsAfter { Err(Error::Io(std::io::ErrorKind::TimedOut)) } else { Ok(true) }
    }
}

struct Setup {
    disk: Disk,
    anchor: Arc<TestAnchor>,
    env: Environment,
    space: HealthSpace,
}

pub(super) fn with(anchor: &Arc<TestAnchor>) -> Environment {
    Environment { anchor: Some(Arc::<TestAnchor>::clone(anchor)), ..clock().0 }
}

impl Setup {
    fn new() -> Self {
        let (disk, anchor) = (Disk::new(), TestAnchor::new());
        let env = with(&anchor);
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let (space, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), env.clone()).unwrap();
        fill(&space);
        Self { disk, anchor, env, space }
    }

    fn open(&self) -> Result<HealthSpace> {
        HealthSpace::open_in(Arc::new(self.disk.clone()), &unlock(), self.env.clone(), None)
    }
}

pub(super) fn ask(space: &HealthSpace) -> Result<usize> {
    let session = space.session(model(), Purpose::PatientRequest)?;
    session.query(&crate::catalog::Query::default()).map(|r| r.into_value().len())
}

#[test]
fn a_withdrawn_grant_does_not_come_back_with_an_older_copy_of_the_file() {
    let t = Setup::new();
    let grant = allow(&t.space, &[Category::Laboratory]).id();
    assert_eq!(ask(&t.space).unwrap(), 2);
    let reading = t.space.session(model(), Purpose::PatientRequest).unwrap();
    let reader = reading.reader(&crate::catalog::Query::default(), 10).unwrap();
    let record = reader.facts(&crate::catalog::Query::default()).unwrap()[0].record;
    let old = t.disk.image();
    // Withdrawn by another handle: this one has not looked since.
    t.open().unwrap().withdraw(grant).unwrap();
    t.disk.restore(&old);
    assert!(matches!(t.open(), Err(Error::RolledBack)), "opened anew");
    assert!(matches!(ask(&t.space), Err(Error::RolledBack)), "by a handle that was open all the time");
    assert!(matches!(reader.body(record), Err(Error::RolledBack)), "by an open reader");
    assert!(matches!(t.space.grants(), Err(Error::RolledBack)));
    assert!(matches!(t.space.withdraw(grant), Err(Error::RolledBack)), "nothing is written over it");
    // A handle of one partition sees it too.
    let part = HealthSpace::open_in(Arc::new(t.disk.clone()), &unlock(), t.env.clone(), Some(&["health"]));
    assert!(matches!(part, Err(Error::RolledBack)));
}

#[test]
fn without_an_anchor_it_does_and_that_is_said() {
    let disk = Disk::new();
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), clock().0).unwrap();
    fill(&space);
    let grant = allow(&space, &[Category::Laboratory]).id();
    let old = disk.image();
    space.withdraw(grant).unwrap();
    drop(space);
    disk.restore(&old);
    let again = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None).unwrap();
    assert_eq!(again.info().unwrap().freshness, "unverified");
    assert_eq!(ask(&again).unwrap(), 2);
    // From the first time that one is given, it is refused.
    let anchor = TestAnchor::new();
    let open = || HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), with(&anchor), None);
    let anchored = open().unwrap();
    assert_eq!(anchored.info().unwrap().freshness, "anchored");
    anchored.withdraw(grant).unwrap();
    disk.restore(&old);
    assert!(matches!(open(), Err(Error::RolledBack)));
}

#[test]
fn an_anchored_space_does_not_open_without_its_anchor() {
    let t = Setup::new();
    let bare = || HealthSpace::open_in(Arc::new(t.disk.clone()), &unlock(), clock().0, None);
    assert!(matches!(bare(), Err(Error::AnchorMissing)));
    let forgetful = TestAnchor::new();
    let other = HealthSpace::open_in(Arc::new(t.disk.clone()), &unlock(), with(&forgetful), None);
    assert!(matches!(other, Err(Error::AnchorMissing)), "one that does not know it is none");
    assert_eq!(forgetful.advanced.load(Ordering::SeqCst), 0);
    t.anchor.set(Fault::Away);
    assert!(matches!(t.open(), Err(Error::Io(_))));
    assert!(matches!(ask(&t.space), Err(Error::Io(_))));
    t.anchor.set(Fault::None);
    t.open().unwrap();
}

#[test]
fn no_part_is_written_without_the_anchor_once_it_was_opened_with_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    drop(HealthSpace::create(&file, &unlock(), clock().0).unwrap());
    let anchor = TestAnchor::new();
    let space = HealthSpace::open(&file, &unlock(), with(&anchor)).unwrap();
    // Only `health` is written to; `general` is not free for all the same.
    fill(&space);
    for part in ["general", "health"] {
        let open = HealthSpace::open_partitions(&file, &unlock(), clock().0, &[part]);
        assert!(matches!(open, Err(Error::AnchorMissing)), "{part}");
    }
    HealthSpace::open(&file, &unlock(), with(&anchor)).unwrap().log(LogOf::Partition("general")).unwrap();
}

#[test]
fn a_handle_that_was_opened_without_one_stops_once_the_space_is_anchored() {
    let disk = Disk::new();
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let (bare, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), clock().0).unwrap();
    let anchor = TestAnchor::new();
    allow(&bare, &[Category::Laboratory]);
    let anchored = HealthSpace::open_in(Arc::new(disk), &unlock(), with(&anchor), None).unwrap();
    assert!(matches!(bare.grants(), Err(Error::AnchorMissing)));
    allow(&anchored, &[Category::Laboratory]);
}

#[test]
fn whatever_ends_a_process_between_commit_and_anchor_the_next_one_goes_on() {
    let faults = [Fault::FailsBefore, Fault::FailsAfter, Fault::Refuses];
    for (fault, same_handle) in faults.into_iter().flat_map(|f| [(f, true), (f, false)]) {
        let t = Setup::new();
        let grant = allow(&t.space, &[Category::Laboratory]).id();
        let before = t.disk.image();
        t.anchor.set(fault);
        assert!(matches!(t.space.withdraw(grant), Err(Error::NotAnchored)), "not acknowledged");
        t.anchor.set(Fault::None);
        // Durable all the same: the next call, of this handle or a new one, brings the anchor on.
        let space = if same_handle { t.space.clone() } else { t.open().unwrap() };
        assert!(matches!(ask(&space), Err(Error::Denied)));
        t.disk.restore(&before);
        assert!(matches!(t.open(), Err(Error::RolledBack)));
    }
}

#[test]
fn nothing_is_released_before_the_anchor_knows_of_the_entry() {
    let t = Setup::new();
    allow(&t.space, &[Category::Laboratory]);
    let entries = |space: &HealthSpace| space.log(LogOf::Partition("health")).unwrap().len();
    let before = entries(&t.space);
    t.anchor.set(Fault::FailsBefore);
    assert!(matches!(ask(&t.space), Err(Error::NotAnchored)));
    // Nothing is committed over what the anchor does not know.
    assert!(ask(&t.space).is_err());
    t.anchor.set(Fault::None);
    assert_eq!(entries(&t.space), before + 1, "entered, not released: never the other way round");
    assert_eq!(ask(&t.space).unwrap(), 2);
}

#[test]
fn an_anchor_that_lies_is_found_out() {
    let t = Setup::new();
    t.anchor.set(Fault::Lies);
    let grant = allow(&t.space, &[Category::Laboratory]).id();
    // One generation behind is what a killed process leaves; two is not.
    t.space.withdraw(grant).unwrap();
    assert!(matches!(ask(&t.space), Err(Error::Forked)));
    t.anchor.set(Fault::None);
    assert!(matches!(t.open(), Err(Error::Forked)));
}

#[test]
fn two_copies_of_one_space_cannot_both_go_on() {
    let t = Setup::new();
    let copy = t.disk.image();
    let other = Disk::new();
    other.restore(&copy);
    let theirs = HealthSpace::open_in(Arc::new(other), &unlock(), t.env.clone(), None).unwrap();
    allow(&t.space, &[Category::Laboratory]);
    let ask = theirs.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL).recipient(model());
    assert!(matches!(ask.agree(gesture()), Err(Error::RolledBack)));
    // Whichever was quicker: the other one has lost.
    allow(&t.space, &[Category::Activity]);
    // Equal generation, other content.
    t.disk.restore(&copy);
    let (space, scope) = (theirs.inner.base.space, theirs.inner.peek().unwrap().partitions[0].id);
    let head = theirs.inner.peek().unwrap().partitions[0].head.generation;
    let planted = AnchoredHead { epoch: 1, generation: head, digest: [9; 32] };
    t.anchor.heads.lock().unwrap().insert((space, scope), planted);
    let system = theirs.inner.peek().unwrap();
    let own = AnchoredHead { epoch: 1, generation: system.view.head.generation, digest: system.view.digest };
    t.anchor.heads.lock().unwrap().insert((space, system.view.id), own);
    assert!(matches!(t.open(), Err(Error::Forked)));
}

#[test]
fn many_handles_share_an_anchor() {
    let t = Setup::new();
    allow(&t.space, &[Category::Laboratory]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let space = t.open().unwrap();
                (0..10).for_each(|_| assert_eq!(ask(&space).unwrap(), 2));
            });
        }
    });
    let released = events(&t.space, LogOf::Partition("health")).iter().filter(|e| e.name() == "Released").count();
    assert_eq!(released, 40);
    t.open().unwrap();
}

#[test]
fn a_file_is_a_local_anchor() {
    let dir = tempfile::tempdir().unwrap();
    let (file, copy) = (dir.path().join("me.hs"), dir.path().join("copy.hs"));
    let env = || Environment { anchor: Some(Arc::new(FileAnchor::new(dir.path().join("anchor")))), ..clock().0 };
    let (space, _) = HealthSpace::create(&file, &unlock(), env()).unwrap();
    fill(&space);
    let grant = allow(&space, &[Category::Laboratory]).id();
    assert_eq!(space.info().unwrap().freshness, "local");
    let claim = |space: &HealthSpace| space.claims().unwrap().into_iter().find(|c| c.name == "freshness").unwrap();
    assert_eq!(claim(&space).level, ClaimLevel::Configured);
    assert_eq!(claim(&space).evidence, "freshness: local");
    assert!(!claim(&space).does_not_prove.is_empty(), "whoever can write to both puts both back");
    drop(space);
    std::fs::copy(&file, &copy).unwrap();
    let space = HealthSpace::open(&file, &unlock(), env()).unwrap();
    space.withdraw(grant).unwrap();
    // The last handle leaves no write-ahead log behind.
    drop(space);
    std::fs::copy(&copy, &file).unwrap();
    assert!(matches!(HealthSpace::open(&file, &unlock(), env()), Err(Error::RolledBack)));
}

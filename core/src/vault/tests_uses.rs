//! Counted and one-time grants (D10).

use super::tests::*;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::{Recipient, Standing};
use crate::environment::{Environment, FileAnchor};
use crate::error::{Error, Result};
use crate::grounding::Budget;
use crate::label::Purpose;
use crate::record::{Category, Kind};
use crate::storage::memory::Fault;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ROLE: &str = "HEALTHSPACE_TEST_USES";

fn env(file: &Path) -> Environment {
    let anchor = FileAnchor::new(file.with_extension("anchor"));
    Environment { anchor: Some(Arc::new(anchor)), ..clock().0 }
}

fn open(file: &Path) -> HealthSpace {
    HealthSpace::open(file, &unlock(), env(file)).unwrap()
}

fn space() -> (tempfile::TempDir, PathBuf, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), env(&file)).unwrap();
    fill(&space);
    (dir, file, space)
}

fn counted(space: &HealthSpace, times: u32) -> Grant {
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).uses(times).agree(gesture()).unwrap()
}

fn ask(space: &HealthSpace) -> Result<usize> {
    let session = space.session(model(), Purpose::PatientRequest)?;
    session.query(&Query::default()).map(|r| r.into_value().len())
}

fn left(space: &HealthSpace) -> Vec<(Standing, Option<u32>)> {
    space.grants().unwrap().into_iter().map(|g| (g.standing, g.uses_left)).collect()
}

fn releases(space: &HealthSpace) -> usize {
    events(space, LogOf::Partition("health")).iter().filter(|e| e.name() == "Released").count()
}

#[test]
fn d10_a_one_time_grant_lets_through_once_also_after_reopening() {
    let (_dir, file, space) = space();
    counted(&space, 1);
    assert_eq!(left(&space), [(Standing::InForce, Some(1))]);
    assert_eq!(ask(&space).unwrap(), 2);
    assert!(matches!(ask(&space), Err(Error::Denied)));
    assert_eq!(left(&space), [(Standing::UsedUp, Some(0))]);
    drop(space);
    let again = open(&file);
    assert!(matches!(ask(&again), Err(Error::Denied)));
    assert_eq!((left(&again), releases(&again)), (vec![(Standing::UsedUp, Some(0))], 1));
    let part = HealthSpace::open_partitions(&file, &unlock(), env(&file), &["health"]).unwrap();
    assert!(matches!(ask(&part), Err(Error::Denied)), "a handle of the partition alone counts with it");
}

/// A question about one thing neither uses up nor rests on a grant for another.
#[test]
fn d10_an_answer_rests_on_the_grants_that_it_needs_and_on_no_others() {
    let (_dir, _file, space) = space();
    let of =
        |category| space.consent_request().purpose(Purpose::PatientRequest).categories(&[category]).recipient(model());
    let lab = of(Category::Laboratory).agree(gesture()).unwrap().id();
    let once = of(Category::Immunizations).uses(1).agree(gesture()).unwrap().id();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let grants = || match events(&space, LogOf::Partition("health")).pop() {
        Some(AuditEvent::Released { grants, .. }) => grants,
        other => panic!("{:?}", other.map(|e| e.name())),
    };
    let whole = Query { categories: vec![Category::Laboratory], ..Query::default() };
    let rows = session.query(&Query::default()).unwrap();
    assert_eq!((rows.value().len(), grants()), (2, vec![lab]));
    session.count(&whole).unwrap();
    assert_eq!(grants(), [lab]);
    session.presence().unwrap();
    assert_eq!(grants(), [lab]);
    let answer = session.ground("What was my last LDL?", Budget::tokens(500)).unwrap();
    assert_eq!(grants(), [lab]);
    let reader = session.reader(&Query::default(), 10).unwrap();
    assert_eq!(grants(), [lab]);
    reader.body(rows.value()[0].record).unwrap();
    session.hold(rows.value()[0].record).unwrap();
    let memory = session.remember("The LDL fell", &answer).unwrap();
    let by_id = session.remember("The LDL fell indeed", &[rows.value()[0].record][..]).unwrap();
    assert_eq!(left(&space).iter().filter_map(|g| g.1).collect::<Vec<_>>(), [1]);
    space.withdraw(once).unwrap();
    reader.body(rows.value()[0].record).unwrap();
    let kept = space.partition("health").unwrap().memories().unwrap().into_value();
    assert!(kept.iter().all(|m| m.quarantine.is_none()) && kept.len() == 2);
    assert!([memory, by_id].iter().all(|id| kept.iter().any(|m| m.id == *id)));
    // That there is nothing of it is looked for under all.
    let again = of(Category::Immunizations).uses(1).agree(gesture()).unwrap().id();
    let none = session.query(&Query { kinds: vec![Kind::Immunization], ..Query::default() }).unwrap();
    assert!(none.value().is_empty() && grants().contains(&again) && grants().contains(&lab));
    assert!(left(&space).contains(&(Standing::UsedUp, Some(0))));
}

#[test]
fn d10_each_kind_of_release_takes_one_use_and_a_refusal_none() {
    let (_dir, _file, space) = space();
    counted(&space, 3);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let other = space.session(Recipient::model("other").unwrap(), Purpose::PatientRequest).unwrap();
    assert!(other.query(&Query::default()).is_err());
    assert_eq!(left(&space)[0].1, Some(3));
    session.count(&Query::default()).unwrap();
    session.presence().unwrap();
    assert_eq!(left(&space)[0].1, Some(1));
    // That there is more than was asked for is an answer.
    assert!(matches!(session.reader(&Query::default(), 1), Err(Error::TooLarge(_))));
    assert_eq!(left(&space)[0].1, Some(0));
    assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
}

#[test]
fn a_reader_is_one_use_and_goes_on_with_its_own() {
    let (_dir, _file, space) = space();
    let grant = counted(&space, 1).id();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let reader = session.reader(&Query::default(), 10).unwrap();
    let rows = reader.facts(&Query::default()).unwrap();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        reader.body(row.record).unwrap();
    }
    assert!(matches!(session.reader(&Query::default(), 10), Err(Error::Denied)), "the next one has none left");
    reader.body(rows[0].record).unwrap();
    space.withdraw(grant).unwrap();
    assert!(matches!(reader.body(rows[0].record), Err(Error::Denied)));
}

#[test]
fn a_reader_never_goes_on_at_the_cost_of_another_grant() {
    let (_dir, _file, space) = space();
    let unlimited = allow(&space, &[Category::Laboratory]).id();
    counted(&space, 1);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let reader = session.reader(&Query::default(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    assert_eq!(left(&space).iter().filter_map(|g| g.1).collect::<Vec<_>>(), [1], "the unlimited one is preferred");
    space.withdraw(unlimited).unwrap();
    assert!(matches!(reader.body(record), Err(Error::Denied)));
    assert_eq!(ask(&space).unwrap(), 2);
    assert!(matches!(ask(&space), Err(Error::Denied)));
}

#[test]
fn a_one_time_answer_can_be_remembered() {
    let (_dir, _file, space) = space();
    counted(&space, 1);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let read = session.query(&Query::default()).unwrap();
    session.remember("LDL was 112.5", &read).unwrap();
    assert!(matches!(ask(&space), Err(Error::Denied)));
}

#[test]
fn r_freshness_without_an_anchor_a_counted_grant_does_not_apply() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    counted(&space, 5);
    assert!(matches!(ask(&space), Err(Error::Denied)));
    assert_eq!(left(&space), [(Standing::Unanchored, Some(5))]);
}

#[test]
fn a_use_does_not_come_back_with_an_older_copy_of_the_file() {
    let (dir, file, first) = space();
    counted(&first, 1);
    drop(first);
    let copy = dir.path().join("copy");
    std::fs::copy(&file, &copy).unwrap();
    let space = open(&file);
    ask(&space).unwrap();
    drop(space);
    std::fs::copy(&copy, &file).unwrap();
    assert!(matches!(HealthSpace::open(&file, &unlock(), env(&file)), Err(Error::RolledBack)));
}

#[test]
fn d10_use_and_entry_are_one_wherever_the_disk_fails() {
    use crate::keyring::{KdfParams, SpaceRow};
    for fault in [Fault::Io, Fault::IoAfterEffect] {
        let disk = crate::storage::memory::Memory::new();
        let dir = tempfile::tempdir().unwrap();
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let e = env(&dir.path().join("x"));
        let open = || HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), e.clone(), None).unwrap();
        let (first, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), e.clone()).unwrap();
        fill(&first);
        counted(&first, 1);
        let done = (0..200).find_map(|n| {
            let space = open();
            disk.fail_after(n, fault);
            let said = ask(&space);
            // Power off: what was not durable is gone.
            disk.crash();
            let space = open();
            let (used, released) = (left(&space)[0].1 == Some(0), releases(&space) == 1);
            assert_eq!(used, released, "{n}");
            assert!(said.is_err() || used, "{n}");
            used.then_some((n, said.is_ok()))
        });
        let (operations, answered) = done.unwrap();
        assert!(operations > 3);
        // A commit of which nobody knows whether it was durable releases nothing.
        assert_eq!(answered, fault == Fault::Io);
        assert!(matches!(ask(&open()), Err(Error::Denied)));
    }
}

/// The other process: asks until it is refused.
#[test]
fn child() {
    let Some(file) = std::env::var_os(ROLE).map(PathBuf::from) else { return };
    let space = open(&file);
    let mut got = 0;
    while ask(&space).is_ok() {
        got += 1;
    }
    std::fs::write(file.with_extension(format!("got{}", std::process::id())), got.to_string()).unwrap();
}

#[test]
fn d10_processes_and_threads_together_never_exceed_the_count() {
    let (dir, file, space) = space();
    counted(&space, 25);
    let spawn = |_| {
        let mut c = std::process::Command::new(std::env::current_exe().unwrap());
        c.args(["--exact", "vault::tests_uses::child", "--nocapture"]).env(ROLE, &file);
        c.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let mut children: Vec<_> = (0..2).map(spawn).collect();
    let here: usize = std::thread::scope(|s| {
        let work = || {
            let space = open(&file);
            std::iter::repeat_with(|| ask(&space)).take_while(Result::is_ok).count()
        };
        let threads: Vec<_> = (0..2).map(|_| s.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    children.iter_mut().for_each(|c| assert!(c.wait().unwrap().success()));
    let theirs: usize = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e.to_string_lossy().starts_with("got")))
        .map(|p| std::fs::read_to_string(p).unwrap().parse::<usize>().unwrap())
        .sum();
    assert_eq!((here + theirs, releases(&space)), (25, 25));
    assert_eq!(left(&space), [(Standing::UsedUp, Some(0))]);
}

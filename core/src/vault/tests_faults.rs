//! Disks that fill up or fail, and handles that get into each other's way, in the middle of an
//! import: nothing half-done is seen, and going on gives what an undisturbed import gives.

use super::tests::{clock, gesture, unlock};
use super::*;
use crate::catalog::{FactRow, Query};
use crate::consent::Recipient;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::import::{Report, Source};
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::{Fault, Memory as Disk};
use crate::storage::{Sqlite, Storage};
use std::sync::{Arc, Mutex};

/// A Bundle of so many observations, the same every time; `tail` makes another file of it.
pub(super) fn bundle(n: usize, tail: &str) -> Vec<u8> {
    let entry = |i: usize| {
        format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"{i}","status":"final","code":{{"text":"c{}"}},
"effectiveDateTime":"2026-01-{:02}","valueQuantity":{{"value":{i}.5,"unit":"mg/dL"}},"note":[{{"text":"{}"}}]}}}}"#,
            i % 7,
            i % 28 + 1,
            "x".repeat(i % 300)
        )
    };
    let all: Vec<String> = (0..n).map(entry).collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{}\n]}}{tail}", all.join(",\n")).into()
}

/// More than one batch, and more than one look at the progress.
const N: usize = 1100;

pub(super) fn create(storage: Arc<dyn Storage>, env: Environment) -> HealthSpace {
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    HealthSpace::create_in(storage, &row, &unlock(), env).unwrap().0
}

fn open(storage: Arc<dyn Storage>, env: Environment) -> HealthSpace {
    HealthSpace::open_in(storage, &unlock(), env, None).unwrap()
}

pub(super) fn import(space: &HealthSpace, file: &[u8]) -> Result<Report> {
    space.partition("health").unwrap().import(Source::bytes(file).unwrap())
}

fn session(space: &HealthSpace) -> Session {
    let model = Recipient::model("eu-llm").unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
    ask.recipient(model.clone()).agree(gesture()).unwrap();
    space.session(model, Purpose::PatientRequest).unwrap()
}

/// Every fact with its body, where it stands in its sources, and the files themselves: all that
/// does not depend on how it came to be.
#[derive(Debug, PartialEq)]
pub(super) struct Held {
    pub(super) facts: Vec<(FactRow, Vec<u8>)>,
    pub(super) originals: Vec<Vec<u8>>,
}

pub(super) fn held(space: &HealthSpace) -> Held {
    let s = session(space);
    let reader = s.reader(&Query::default(), 100_000).unwrap();
    let rows = reader.facts(&Query::default()).unwrap();
    let mut facts: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let body = reader.body(row.record).unwrap();
            let object = crate::catalog::ObjectRef { number: 0, version: 0, group: 0 };
            let mut origins = row.origins.clone();
            origins.iter_mut().for_each(|o| o.source = 0);
            // Ids are keyed: another space has others for the same records.
            let record = RecordId(crate::vault::ingest::content_of(&body));
            (FactRow { object, origins, record, ..row }, body)
        })
        .collect();
    facts.sort_by_key(|(row, _)| (row.record, row.part));
    let health = space.partition("health").unwrap();
    let sources = health.sources().unwrap();
    let originals = sources.iter().map(|source| {
        let mut out = Vec::new();
        health.original(source.id, gesture(), &mut out).unwrap();
        out
    });
    Held { facts, originals: originals.collect() }
}

pub(super) fn sorted(mut held: Held) -> Held {
    held.facts.iter_mut().for_each(|(f, _)| f.origins.sort());
    held.originals.sort();
    held
}

/// What an undisturbed import of these files gives.
pub(super) fn undisturbed(files: &[&[u8]]) -> (Held, Vec<Report>) {
    let space = create(Arc::new(Disk::new()), clock().0);
    let reports = files.iter().map(|f| import(&space, f).unwrap()).collect();
    (held(&space), reports)
}

fn nothing_is_seen(space: &HealthSpace) {
    let health = space.partition("health").unwrap();
    let stats = health.stats().unwrap();
    assert_eq!((stats.facts, stats.records), (0, 0));
    assert!(health.sources().unwrap().is_empty());
    assert_eq!(*session(space).count(&Query::default()).unwrap().value(), 0);
}

#[test]
fn a_disk_that_fills_up_at_any_step_of_an_import() {
    let file = bundle(N, "");
    let (want, reports) = undisturbed(&[&file]);
    assert_eq!((want.facts.len(), &want.originals), (N, &vec![file.clone()]));
    let (env, _) = clock();
    let steps = {
        let disk = Disk::new();
        let space = create(Arc::new(disk.clone()), env.clone());
        let before = disk.operations().len();
        import(&space, &file).unwrap();
        (disk.operations().len() - before) as u64
    };
    let mut resumed = 0;
    for fault in [Fault::Full, Fault::Io, Fault::IoAfterEffect] {
        let at: Vec<u64> = match fault {
            Fault::Full => (0..8).map(|i| steps * i / 8 + i % 3).chain([steps - 1]).collect(),
            _ => vec![2, steps * 2 / 3, steps - 1],
        };
        for step in at {
            let disk = Disk::new();
            let space = create(Arc::new(disk.clone()), env.clone());
            disk.fail_after(step, fault);
            let done = import(&space, &file);
            assert!(!disk.fault_pending(), "step {step} of {steps} was never reached");
            match (&done, fault) {
                (Err(Error::DiskFull), Fault::Full) | (Err(Error::Io(_)), _) => {}
                other => panic!("{step}: {other:?}"),
            }
            // An I/O error of a write ends the handle; a full disk does not.
            let space = if fault == Fault::Full {
                space
            } else {
                disk.reopen();
                open(Arc::new(disk.clone()), env.clone())
            };
            let published = !space.partition("health").unwrap().sources().unwrap().is_empty();
            assert!(!published || fault == Fault::IoAfterEffect, "{step}");
            if !published {
                nothing_is_seen(&space);
                resumed +=
                    u32::from(space.partition("health").unwrap().staged_imports().unwrap().iter().any(|s| s.units > 0));
            }
            let report = import(&space, &file).unwrap();
            assert!(report.already_imported == published && (published || report == reports[0]), "{step}");
            assert!(space.partition("health").unwrap().staged_imports().unwrap().is_empty());
            assert_eq!(held(&space), want, "{step}");
        }
    }
    assert!(resumed > 2, "{resumed} began in the middle");
}

#[test]
fn a_full_disk_under_a_real_file() {
    let file = bundle(N, "");
    let (want, reports) = undisturbed(&[&file]);
    let (env, _) = clock();
    let dir = tempfile::tempdir().unwrap();
    let (mut full, mut units) = (0, 0);
    let count = |path: &std::path::Path| -> u32 {
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap()
    };
    let (empty, needed) = {
        let path = dir.path().join("whole.hs");
        let space = create(Arc::new(Sqlite::create(&path).unwrap()), env.clone());
        let empty = count(&path);
        import(&space, &file).unwrap();
        (empty, count(&path))
    };
    for share in [0, 10, 19, 20] {
        let path = dir.path().join(format!("{share}.hs"));
        let disk = Arc::new(Sqlite::create(&path).unwrap());
        let space = create(Arc::<Sqlite>::clone(&disk), env.clone());
        disk.limit_pages(empty + (needed - empty) * share / 20);
        if let Err(e) = import(&space, &file) {
            assert!(matches!(e, Error::DiskFull), "{e:?}");
            full += 1;
            // Even with no room for a log entry, what is there can be looked at.
            assert_eq!(space.partition("health").unwrap().stats().unwrap().facts, 0);
            // Somebody else who opens it sees the same.
            drop(open(Arc::new(Sqlite::open(&path).unwrap()), env.clone()));
        }
        disk.limit_pages(0);
        let published = !space.partition("health").unwrap().sources().unwrap().is_empty();
        if !published {
            nothing_is_seen(&space);
        }
        units += space.partition("health").unwrap().staged_imports().unwrap().iter().map(|s| s.units).sum::<u64>();
        let report = import(&space, &file).unwrap();
        assert!(report.already_imported == published && (published || report == reports[0]));
        assert_eq!(held(&space), want);
    }
    assert!(full >= 3 && units > 1000, "{full} {units}");
}

/// Runs `meddle` once, in the middle of an import that has one batch behind it.
pub(super) fn meddled(
    space_env: Environment,
    disk: &Disk,
    file: &[u8],
    meddle: impl FnOnce() + Send + 'static,
) -> (HealthSpace, Result<Report>) {
    let meddle = Mutex::new(Some(meddle));
    let env = Environment {
        progress: Some(Arc::new(move |p| {
            if p.records > 1000
                && let Some(f) = meddle.lock().unwrap().take()
            {
                f();
            }
        })),
        ..space_env
    };
    let space = open(Arc::new(disk.clone()), env);
    let done = import(&space, file);
    (space, done)
}

#[test]
fn two_handles_that_import_one_file_store_it_once() {
    let file = bundle(2 * N, "");
    let (want, reports) = undisturbed(&[&file]);
    let (env, _) = clock();
    let disk = Disk::new();
    let other = create(Arc::new(disk.clone()), env.clone());
    let (file2, seen) = (file.clone(), Arc::new(Mutex::new(None)));
    let result = Arc::clone(&seen);
    let (space, done) = meddled(env, &disk, &file, move || *result.lock().unwrap() = Some(import(&other, &file2)));
    assert_eq!(seen.lock().unwrap().take().unwrap().unwrap(), reports[0], "the other one went on where this one was");
    assert!(matches!(done, Err(Error::Busy)), "{done:?}");
    assert!(import(&space, &file).unwrap().already_imported);
    assert_eq!(held(&space), want);
}

#[test]
fn an_import_that_is_discarded_under_way_leaves_nothing() {
    let file = bundle(2 * N, "");
    let (want, _) = undisturbed(&[&file]);
    let (env, _) = clock();
    let disk = Disk::new();
    let other = create(Arc::new(disk.clone()), env.clone());
    let (space, done) = meddled(env, &disk, &file, move || {
        let health = other.partition("health").unwrap();
        let staged = health.staged_imports().unwrap();
        assert!(staged[0].units >= 1000);
        health.discard(staged[0].source).unwrap();
    });
    assert!(matches!(done, Err(Error::NotFound)), "{done:?}");
    nothing_is_seen(&space);
    let (txn, state) = space.inner.read().unwrap();
    let left = state.partitions[0].source(&space.inner.base, &*txn, 0).unwrap();
    assert_eq!((left.secret, *left.id.as_bytes()), ([0; 32], [0; 32]), "nobody can test a guess at the file");
    drop(txn);
    assert!(space.partition("health").unwrap().staged_imports().unwrap().is_empty());
    import(&space, &file).unwrap();
    assert_eq!(held(&space), want);
}

#[test]
fn an_import_that_another_one_overtakes_stores_nothing_twice() {
    let (file, twin) = (bundle(2 * N, ""), bundle(2 * N, "\n"));
    let (want, reports) = undisturbed(&[&twin, &file]);
    assert_eq!((want.facts.len(), reports[1].linked()), (2 * N, 2 * N as u64));
    let want = sorted(want);
    // While it runs.
    let (env, _) = clock();
    let disk = Disk::new();
    let other = create(Arc::new(disk.clone()), env.clone());
    let twin2 = twin.clone();
    let (space, done) = meddled(env.clone(), &disk, &file, move || drop(import(&other, &twin2).unwrap()));
    assert_eq!(done.unwrap(), reports[1]);
    assert_eq!(sorted(held(&space)), want);
    // Between a break and going on.
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), env.clone());
    let cancel = env.cancel.clone();
    let (cut, done) = meddled(env.clone(), &disk, &file, move || cancel.cancel());
    assert!(matches!(done, Err(Error::Cancelled)));
    env.cancel.reset();
    drop(cut);
    import(&space, &twin).unwrap();
    let resumed = import(&space, &file).unwrap();
    assert_eq!((&resumed.types, &resumed.issue_counts), (&reports[1].types, &reports[1].issue_counts));
    assert_eq!(resumed.facts, reports[1].facts);
    assert_eq!(sorted(held(&space)), want);
}

/// Cut off at every step of the disk: whatever opens afterwards has logs that say what they are of.
#[test]
fn spaces_and_partitions_begin_with_their_first_entries_or_not_at_all() {
    let first = |space: &HealthSpace, of| super::tests::events(space, of).first().map(crate::audit::AuditEvent::number);
    let try_open = |disk: &Disk| HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, None);
    let (mut made, mut refused) = (0, 0);
    for n in 0.. {
        let disk = Disk::new();
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        disk.fail_after(n, Fault::Io);
        let done = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), clock().0).map(|_| ());
        disk.crash();
        match try_open(&disk) {
            Ok(space) => {
                made += 1;
                for (of, number) in
                    [(LogOf::Space, 1), (LogOf::Partition("health"), 3), (LogOf::Partition("general"), 3)]
                {
                    assert_eq!(first(&space, of), Some(number), "{n}");
                }
            }
            Err(_) => refused += 1,
        }
        if done.is_ok() {
            break;
        }
    }
    assert!(made > 0 && refused > 10, "{made} {refused}");
    let (mut made, mut refused) = (0, 0);
    for n in 0.. {
        let disk = Disk::new();
        let space = create(Arc::new(disk.clone()), clock().0);
        disk.fail_after(n, Fault::Io);
        let done = space.create_partition("fitness", PartitionKind::Health, &unlock());
        disk.crash();
        let space = try_open(&disk).unwrap();
        match first(&space, LogOf::Space).zip(space.partition("fitness").ok()) {
            Some(_) => {
                made += 1;
                assert_eq!(first(&space, LogOf::Partition("fitness")), Some(3), "{n}");
            }
            None => refused += 1,
        }
        if done.is_ok() {
            break;
        }
    }
    assert!(made > 0 && refused > 10, "{made} {refused}");
}

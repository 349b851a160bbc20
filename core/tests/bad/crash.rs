//! A process that is killed in the middle of an import, at several places. This test binary runs
//! itself with a role in its environment.

use super::common::*;
use healthspace::catalog::Query;
use healthspace::import::{Report, Source};
use healthspace::{Environment, Error, HealthSpace};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SPACE: &str = "HEALTHSPACE_TEST_SPACE";
const INPUT: &str = "HEALTHSPACE_TEST_INPUT";
const STOP: &str = "HEALTHSPACE_TEST_STOP";

/// The other process: imports, and stands still once so many records were met.
#[test]
fn child() {
    let (Some(space), Some(input)) = (std::env::var_os(SPACE), std::env::var_os(INPUT)) else { return };
    let stop: u64 = std::env::var(STOP).unwrap().parse().unwrap();
    let mark = mark_of(Path::new(&space));
    let env = Environment {
        progress: Some(Arc::new(move |p| {
            if p.records >= stop {
                std::fs::write(&mark, b"").unwrap();
                std::thread::sleep(Duration::from_secs(120));
            }
        })),
        ..env()
    };
    let space = HealthSpace::open(&space, &unlock(), env).unwrap();
    std::fs::write(mark_of(Path::new(&std::env::var_os(SPACE).unwrap())).with_extension("begun"), b"").unwrap();
    space.partition("health").unwrap().import(Source::open(&input).unwrap()).unwrap();
}

fn mark_of(space: &Path) -> PathBuf {
    space.with_extension("ready")
}

fn start(space: &Path, input: &Path, stop: u64) -> Child {
    for left in [mark_of(space), mark_of(space).with_extension("begun")] {
        let _ = std::fs::remove_file(left);
    }
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(SPACE, space)
        .env(INPUT, input)
        .env(STOP, stop.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn wait_for(path: &Path, child: &mut Child) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the child never came that far");
        assert!(child.try_wait().unwrap().is_none() || path.exists(), "the child ended first");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// kill -9.
fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn fhir() -> String {
    let note = "x".repeat(250);
    let all: Vec<String> = (0..2100)
        .map(|i| observation(i, &(value(&format!("{}.5", i % 97)) + &format!(r#","note":[{{"text":"{note}{i}"}}]"#))))
        .collect();
    bundle(&all)
}

/// More than a thousand chunks: kinds, months and sources in every combination.
fn apple() -> String {
    let mut inner = String::new();
    for i in 0..2600 {
        let (kind, month, source) = (i % 13, i / 13 % 12 + 1, i / 156 % 7);
        let t = format!("2025-{month:02}-{:02} 10:{:02}:00 +0000", i % 28 + 1, i % 60);
        inner += &format!(
            " <Record type=\"HKQuantityTypeIdentifierX{kind}\" sourceName=\"S{source}\" unit=\"count\" startDate=\"{t}\" endDate=\"{t}\" value=\"{i}\"/>\n"
        );
    }
    export("", &inner)
}

fn undisturbed(input: &Path) -> (Held, Report) {
    let room = Room::new();
    let report = room.health().import(Source::open(input).unwrap()).unwrap();
    (room.held(), report)
}

#[track_caller]
fn nothing_is_seen(space: &HealthSpace) {
    let health = space.partition("health").unwrap();
    let stats = health.stats().unwrap();
    assert_eq!((stats.facts, stats.records), (0, 0));
    assert!(health.sources().unwrap().is_empty());
    let s = session(space);
    assert_eq!(*s.count(&Query::default()).unwrap().value(), 0);
    assert!(s.presence().unwrap().value().is_empty() && s.query(&Query::default()).unwrap().value().is_empty());
}

#[test]
fn a_killed_import_goes_on_to_the_same_result() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.json");
    std::fs::write(&input, fhir()).unwrap();
    let (want, report) = undisturbed(&input);
    assert_eq!((want.facts.len(), want.bodies.len()), (2100, 2100));
    let mut units = Vec::new();
    for stop in [0, 1000, 1900, 2100] {
        let room = Room::new();
        let mut child = start(&room.file, &input, stop);
        wait_for(&mark_of(&room.file), &mut child);
        kill(child);
        // The handle that was open all along, and a new one.
        nothing_is_seen(&room.space);
        let space = room.again();
        nothing_is_seen(&space);
        let staged = space.partition("health").unwrap().staged_imports().unwrap();
        units.push(staged.iter().map(|s| s.units).sum::<u64>());
        if stop == 1900 {
            // Once more from the middle, and again not to the end.
            let mut child = start(&room.file, &input, 2050);
            wait_for(&mark_of(&room.file), &mut child);
            kill(child);
            nothing_is_seen(&space);
        }
        let resumed = space.partition("health").unwrap().import(Source::open(&input).unwrap()).unwrap();
        assert_eq!(resumed, report, "killed at {stop}");
        assert_eq!(held(&space), want, "killed at {stop}");
        assert_eq!(room.held(), want);
        assert!(space.partition("health").unwrap().staged_imports().unwrap().is_empty());
        assert_eq!(events(&space).iter().filter(|e| *e == "Imported(..)").count(), 1);
    }
    println!("durable when killed: {units:?}");
    assert!(units.iter().filter(|n| **n >= 1000).count() >= 2 && units.is_sorted());
}

/// At any moment, whatever the process was doing.
#[test]
fn an_import_killed_at_any_time_goes_on_to_the_same_result() {
    let dir = tempfile::tempdir().unwrap();
    let (mut killed, mut staged_at) = (0, 0);
    for (name, text) in [("in.json", fhir()), ("in.xml", apple())] {
        let input = dir.path().join(name);
        std::fs::write(&input, text).unwrap();
        let (want, report) = undisturbed(&input);
        let begin = {
            let room = Room::new();
            let mut child = start(&room.file, &input, u64::MAX);
            wait_for(&mark_of(&room.file).with_extension("begun"), &mut child);
            let begin = Instant::now();
            assert!(child.wait().unwrap().success());
            begin.elapsed()
        };
        for share in [1, 3, 5] {
            let room = Room::new();
            let mut child = start(&room.file, &input, u64::MAX);
            wait_for(&mark_of(&room.file).with_extension("begun"), &mut child);
            std::thread::sleep(begin * share / 7);
            kill(child);
            let space = room.again();
            let health = space.partition("health").unwrap();
            let published = !health.sources().unwrap().is_empty();
            if !published {
                nothing_is_seen(&space);
                killed += 1;
                staged_at += u32::from(health.staged_imports().unwrap().iter().any(|s| s.units > 0));
            }
            let resumed = health.import(Source::open(&input).unwrap()).unwrap();
            assert!(resumed == report || published && resumed.already_imported, "{name} {share}");
            assert_eq!(held(&space), want, "{name} {share}");
        }
    }
    println!("{killed} killed before the end, {staged_at} of them with something staged");
    assert!(killed > 0);
}

#[test]
fn what_a_killed_import_left_can_be_discarded() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.json");
    std::fs::write(&input, fhir()).unwrap();
    let (want, report) = undisturbed(&input);
    let room = Room::new();
    let rows = |room: &Room| {
        let conn = rusqlite::Connection::open(&room.file).unwrap();
        conn.query_row("SELECT count(*) FROM row WHERE class IN (1, 2, 7)", [], |r| r.get::<_, i64>(0)).unwrap()
    };
    let before = rows(&room);
    let mut child = start(&room.file, &input, 1900);
    wait_for(&mark_of(&room.file), &mut child);
    kill(child);
    let space = room.again();
    let health = space.partition("health").unwrap();
    let staged = health.staged_imports().unwrap();
    assert!(staged[0].units > 1000 && rows(&room) > before + 200);
    health.discard(staged[0].source).unwrap();
    assert!(matches!(health.discard(staged[0].source), Err(Error::NotFound)));
    assert!(health.staged_imports().unwrap().is_empty());
    nothing_is_seen(&space);
    assert_eq!(discarded(&space), 1);
    // Two consents were filed meanwhile, which are rows of class 1 as well; nothing else is left.
    assert_eq!(rows(&room), before + 1);
    assert_eq!(health.import(Source::open(&input).unwrap()).unwrap(), report);
    assert_eq!(held(&space), want);
}

#[test]
fn the_file_is_gone_or_another_one_when_the_import_would_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.json");
    let text = fhir();
    std::fs::write(&input, &text).unwrap();
    let (want, _) = undisturbed(&input);
    let room = Room::new();
    let mut child = start(&room.file, &input, 1900);
    wait_for(&mark_of(&room.file), &mut child);
    kill(child);
    let health = room.health();
    let staged = health.staged_imports().unwrap();
    // Gone: what is staged stays, to go on with or to discard.
    std::fs::remove_file(&input).unwrap();
    assert!(matches!(Source::open(&input).map(|_| ()), Err(Error::Io(std::io::ErrorKind::NotFound))));
    assert_eq!(health.staged_imports().unwrap(), staged);
    // Another one under its name: an import of its own, beside what is staged.
    std::fs::write(&input, bundle(&[observation(1, &value("7"))])).unwrap();
    let report = health.import(Source::open(&input).unwrap()).unwrap();
    assert_eq!((report.imported(), report.linked()), (1, 0));
    assert_eq!(facts(&room.space).len(), 1);
    assert_eq!(health.staged_imports().unwrap(), staged);
    // The first one is back: it is read against what is known by now.
    std::fs::write(&input, &text).unwrap();
    let report = health.import(Source::open(&input).unwrap()).unwrap();
    assert_eq!((report.imported(), report.replaced()), (2099, 1));
    assert_eq!(
        *report.issue_counts.iter().find(|((_, w), _)| *w == healthspace::import::What::ConflictingId).unwrap().1,
        1
    );
    let now = room.held();
    assert_eq!(now.facts.len(), want.facts.len(), "one value of a thing is shown");
    assert!(health.staged_imports().unwrap().is_empty());
}

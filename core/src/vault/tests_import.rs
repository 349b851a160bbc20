//! Importing real and generated files into a space, end to end.

use super::tests::{clock, gesture, unlock};
use super::*;
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::environment::Environment;
use crate::error::Error;
use crate::import::Source;
use crate::label::Purpose;
use crate::record::{Category, Kind};
use std::path::{Path, PathBuf};

pub(crate) fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("HEALTHSPACE_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let found = given.or(Some(beside)).filter(|p| p.join("data").is_dir());
    if found.is_none() {
        println!("SKIPPED: shared data not found");
    }
    found
}

pub(crate) fn files(of: &str, ending: &str) -> Vec<PathBuf> {
    let Some(shared) = shared() else { return Vec::new() };
    let mut list: Vec<PathBuf> = std::fs::read_dir(shared.join("data").join(of))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.to_string_lossy().ends_with(ending))
        .collect();
    list.sort();
    list
}

pub(crate) fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    (dir, space)
}

pub(crate) fn allow(space: &HealthSpace, categories: &[Category]) -> Session {
    let model = Recipient::model("eu-llm").unwrap();
    space
        .consent_request()
        .purpose(Purpose::PatientRequest)
        .categories(categories)
        .recipient(model.clone())
        .agree(gesture())
        .unwrap();
    space.session(model, Purpose::PatientRequest).unwrap()
}

#[test]
fn every_real_fhir_file_is_imported_and_again_adds_nothing() {
    let mut all = files("spezi-synthea", ".json");
    all.extend(files("hl7-r4-examples", ".json"));
    all.extend(files("ips-connectathon", ".json"));
    let mut records = 0;
    for file in &all {
        let (_dir, space) = space();
        let health = space.partition("health").unwrap();
        let confirmed = ImportOptions::new().confirm_subject();
        let report = health.import_with(Source::open(file).unwrap(), &confirmed).unwrap();
        let n = report.imported();
        records += n;
        assert_eq!(report.refused(), 0, "{file:?} {:?}", report.issue_counts);
        let again = health.import(Source::open(file).unwrap()).unwrap();
        assert!(again.already_imported && again.imported() == 0);
        // The same records in another file (one byte more) are linked, not stored.
        let mut bytes = std::fs::read(file).unwrap();
        bytes.push(b'\n');
        let other = health.import_with(Source::bytes(bytes).unwrap(), &confirmed).unwrap();
        let all = n + report.linked() + report.superseded();
        assert_eq!((other.imported(), other.replaced(), other.linked()), (0, 0, all), "{file:?}");
    }
    assert!(all.is_empty() || records > 5000, "{records} records of {} files", all.len());
}

#[test]
fn the_last_ldl_is_released_with_its_entry_and_a_label() {
    let files = files("spezi-synthea", ".json");
    let Some(file) = files.iter().find(|f| f.to_string_lossy().contains("Allen322")) else { return };
    let (dir, space) = space();
    space.partition("health").unwrap().import(Source::open(file).unwrap()).unwrap();
    let s = allow(&space, &[Category::Laboratory]);
    let ldl = Query { codes: vec![("http://loinc.org".into(), "18262-6".into())], limit: 1, ..Query::default() };
    let out = s.query(&ldl).unwrap();
    assert_eq!(out.value().len(), 1);
    assert!(out.label().no_training() && s.label().no_training());
    assert_eq!(out.receipt().count, 1);
    // What is not granted does not exist: not in lists, counts or presences.
    let meds = Query { kinds: vec![Kind::Medication], ..Query::default() };
    assert_eq!(s.query(&meds).unwrap().value().len(), 0);
    assert_eq!(*s.count(&meds).unwrap().value(), 0);
    assert!(s.presence().unwrap().value().iter().all(|p| p.category == Category::Laboratory));
    // All of it is still there for a handle that opens later.
    drop(space);
    let again = HealthSpace::open(dir.path().join("me.hs"), &unlock(), Environment::default()).unwrap();
    let s = allow(&again, Category::ALL);
    assert!(*s.count(&meds).unwrap().value() > 0);
}

#[test]
fn a_file_about_somebody_else_is_refused_and_leaves_nothing() {
    let files = files("spezi-synthea", ".json");
    let [a, b, ..] = &files[..] else { return };
    let (_dir, space) = space();
    let health = space.partition("health").unwrap();
    health.import(Source::open(a).unwrap()).unwrap();
    let s = allow(&space, Category::ALL);
    let before = *s.count(&Query::default()).unwrap().value();
    assert!(matches!(health.import(Source::open(b).unwrap()), Err(Error::OtherSubject)));
    assert_eq!(*s.count(&Query::default()).unwrap().value(), before);
    assert!(health.staged_imports().unwrap().is_empty());
    let confirmed = ImportOptions::new().confirm_subject();
    assert!(health.import_with(Source::open(b).unwrap(), &confirmed).unwrap().imported() > 0);
}

#[test]
fn an_import_that_was_cut_off_goes_on_where_it_was() {
    let files = files("spezi-synthea", ".json");
    let Some(file) = files.iter().find(|f| f.to_string_lossy().contains("Allen322")) else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (mut env, _) = clock();
    let cancel = env.cancel.clone();
    let stop = cancel.clone();
    env.progress = Some(std::sync::Arc::new(move |p| {
        if p.records > 700 {
            stop.cancel();
        }
    }));
    let (space, _) = HealthSpace::create(&path, &unlock(), env).unwrap();
    let health = space.partition("health").unwrap();
    let whole = {
        let (_d, fresh) = self::space();
        fresh.partition("health").unwrap().import(Source::open(file).unwrap()).unwrap()
    };
    assert!(matches!(health.import(Source::open(file).unwrap()), Err(Error::Cancelled)));
    let staged = health.staged_imports().unwrap();
    assert_eq!(staged.len(), 1);
    let s = allow(&space, Category::ALL);
    assert_eq!(*s.count(&Query::default()).unwrap().value(), 0, "staged facts are invisible");
    drop(space);
    let space = HealthSpace::open(&path, &unlock(), Environment::default()).unwrap();
    let health = space.partition("health").unwrap();
    let report = health.import(Source::open(file).unwrap()).unwrap();
    assert_eq!(report, whole);
    let s = allow(&space, Category::ALL);
    assert_eq!(*s.count(&Query::default()).unwrap().value(), whole.facts);
    drop(cancel);
}

#[test]
fn apple_health_comes_in_and_an_overlapping_export_adds_only_what_is_new() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let make = |args: &[&str]| {
        let ok = std::process::Command::new("python3").arg(shared.join("data/gen.py")).args(args).status().unwrap();
        assert!(ok.success());
    };
    let (a, b) = (dir.path().join("a.zip"), dir.path().join("b.xml"));
    make(&["apple", "--records", "20000", "--zip", a.to_str().unwrap()]);
    make(&["apple", "--records", "20000", "--export-serial", "2", "--tz", "newyork", "--out", b.to_str().unwrap()]);
    let (_dir, space) = space();
    let health = space.partition("health").unwrap();
    let first = health.import(Source::open(&a).unwrap()).unwrap();
    assert!(first.imported() >= 20_000, "{}", first.imported());
    let s = allow(&space, Category::ALL);
    let series = Query { kinds: vec![Kind::Series], ..Query::default() };
    let samples = |s: &Session| -> u64 {
        let rows = s.query(&series).unwrap().into_value();
        rows.iter().filter_map(|r| r.series).map(|s| u64::from(s.count)).sum()
    };
    let n = samples(&s);
    let second = health.import(Source::open(&b).unwrap()).unwrap();
    let new: Vec<_> = second.types.iter().filter(|(_, c)| c.imported > 0).collect();
    assert!(new.is_empty(), "{new:?}");
    assert_eq!(samples(&s), n);
}

#[test]
fn a_reader_opens_what_was_released_byte_for_byte_and_a_withdrawal_stops_it() {
    let files = files("spezi-synthea", ".json");
    let Some(file) = files.iter().find(|f| f.to_string_lossy().contains("Beatris")) else { return };
    let bytes = std::fs::read(file).unwrap();
    let (_dir, space) = space();
    space.partition("health").unwrap().import(Source::open(file).unwrap()).unwrap();
    for by_part in [false, true] {
        let s = allow(&space, &[Category::Laboratory, Category::VitalSigns]);
        let grant =
            space.grants().unwrap().into_iter().rfind(|g| g.standing == crate::consent::Standing::InForce).unwrap();
        let all = Query::default();
        assert!(matches!(s.reader(&all, 3), Err(Error::TooLarge(_))));
        let reader = s.reader(&all, 100_000).unwrap();
        let rows = reader.facts(&all).unwrap();
        assert!(reader.len() > 50 && rows.len() >= reader.len());
        for row in &rows {
            let at = row.origins[0].span;
            let (a, n) = (usize::try_from(at.offset).unwrap(), usize::try_from(at.len).unwrap());
            assert_eq!(reader.body(row.record).unwrap(), bytes[a..a + n]);
        }
        let typed = reader.readings(&Query { limit: 10, ..Query::default() }).unwrap();
        assert!(!typed.is_empty() && typed.iter().all(|r| r.when.is_some()));
        // Another entry in the log changes a head and stops nobody.
        s.count(&all).unwrap();
        reader.body(rows[0].record).unwrap();
        if by_part {
            let dir = _dir.path().join("me.hs");
            let (env, _) = clock();
            let other = HealthSpace::open_partitions(dir, &unlock(), env, &["health"]).unwrap();
            other.withdraw(grant.id).unwrap();
        } else {
            space.withdraw(grant.id).unwrap();
        }
        assert!(matches!(reader.body(rows[0].record), Err(Error::Denied)));
        assert!(matches!(reader.facts(&all), Err(Error::Denied)));
        assert!(matches!(reader.readings(&all), Err(Error::Denied)));
    }
}

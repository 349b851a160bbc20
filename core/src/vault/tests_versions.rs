//! The same data exported again, versions of one thing, imports at once.

use super::tests::{clock, unlock};
use super::tests_import::{allow, files, space};
use super::*;
use crate::catalog::{FactRow, Query};
use crate::environment::{Environment, Progress};
use crate::error::{Error, Result};
use crate::import::{Limits, Report, Severity, Source, What};
use crate::record::{Category, Kind, Status, Value};
use std::io::Write as _;
use std::sync::{Arc, Mutex};

pub(crate) const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Durand","given":["Anne"]}],"gender":"female","birthDate":"1970-01-02"}"#;

pub(crate) fn bundle(entries: &[String]) -> String {
    let list: Vec<String> = entries.iter().map(|r| format!("{{\"resource\":{r}}}")).collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{}]}}", list.join(",\n"))
}

/// An observation of LDL; `meta` is empty or ends with a comma.
pub(crate) fn ldl(id: &str, value: &str, status: &str, meta: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}",{meta}"status":"{status}","code":{{"coding":[{{"system":"http://loinc.org","code":"13457-7"}}],"text":"LDL"}},"subject":{{"reference":"Patient/p1"}},"effectiveDateTime":"2026-01-05","valueQuantity":{{"value":{value},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}}"#
    )
}

fn meta(version: &str, updated: &str) -> String {
    format!(r#""meta":{{"versionId":"{version}","lastUpdated":"{updated}"}},"#)
}

pub(crate) fn import(space: &HealthSpace, text: &str) -> Result<Report> {
    space.partition("health").unwrap().import(Source::bytes(text.as_bytes().to_vec()).unwrap())
}

pub(crate) fn rows(space: &HealthSpace, kind: Option<Kind>) -> Vec<FactRow> {
    let query = Query { kinds: kind.into_iter().collect(), ..Query::default() };
    allow(space, Category::ALL).query(&query).unwrap().into_value()
}

/// What is shown of LDL: value and status.
fn shown(space: &HealthSpace) -> Vec<(String, Status)> {
    let rows = rows(space, Some(Kind::Observation));
    rows.iter()
        .map(|r| match &r.fact.value {
            Value::Quantity(q) => (q.number.to_string(), r.fact.status),
            _ => panic!("no number"),
        })
        .collect()
}

/// Without white space outside strings.
fn minified(json: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    for c in json.chars() {
        if inside {
            inside = escaped || c != '"';
            escaped = !escaped && c == '\\';
            out.push(c);
        } else if !c.is_whitespace() {
            inside = c == '"';
            out.push(c);
        }
    }
    out
}

/// Each resource with another `meta.lastUpdated`.
fn updated(json: &str, at: &str) -> String {
    let mut out = String::new();
    let mut rest = json;
    while let Some(i) = rest.find("\"resourceType\":") {
        let name = &rest[i..];
        let end = i + name.match_indices('"').nth(3).unwrap().0 + 1;
        // Resources of entries alone: contained ones have no version of their own.
        let own = rest[..i].trim_end_matches(|c: char| c.is_whitespace() || "{:".contains(c)).ends_with("\"resource\"");
        out += &rest[..end];
        if own {
            out += &format!(",\"meta\":{{\"lastUpdated\":\"{at}\",\"source\":\"#x\"}}");
        }
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn exported_again_the_same_data_is_not_doubled() {
    let made = bundle(&[PATIENT.into(), ldl("1", "100.0", "final", ""), ldl("2", "120", "final", "")]);
    let real = files("spezi-synthea", ".json").into_iter().find(|f| f.to_string_lossy().contains("Allen322"));
    let real = real.map(|f| std::fs::read_to_string(f).unwrap());
    for text in core::iter::once(made).chain(real) {
        let (_dir, space) = space();
        let first = import(&space, &text).unwrap();
        let before = rows(&space, None);
        let ldl = before.iter().filter(|r| r.fact.codes.iter().any(|c| c.code == "18262-6")).count();
        let small = minified(&text);
        for other in [small.clone(), updated(&small, "2026-02-01T00:00:00Z"), updated(&text, "2026-03-01T00:00:00Z")] {
            let report = import(&space, &other).unwrap();
            assert_eq!((report.imported(), report.replaced(), report.superseded()), (0, 0, 0));
            assert_eq!(report.linked(), first.imported() + first.linked());
            assert!(report.issue_counts.keys().all(|(_, w)| *w != What::ConflictingId));
            let after = rows(&space, None);
            assert_eq!(after.len(), before.len());
            assert_eq!(after.iter().filter(|r| r.fact.codes.iter().any(|c| c.code == "18262-6")).count(), ldl);
        }
        // Every file is listed as a source of each fact.
        let sources = |r: &FactRow| r.origins.iter().map(|o| o.source).collect::<std::collections::BTreeSet<_>>();
        assert!(rows(&space, None).iter().all(|r| sources(r).len() == 4));
    }
}

#[test]
fn the_newer_version_is_shown_whichever_comes_first() {
    let version = |value: &str, status: &str, meta: &str| bundle(&[PATIENT.into(), ldl("1", value, status, meta)]);
    let old = version("155", "final", &meta("1", "2026-01-06T00:00:00Z"));
    let new = version("100", "corrected", &meta("2", "2026-02-01T00:00:00Z"));
    let now = [("100".to_owned(), Status::Amended)];
    for (first, second, replaced) in [(&old, &new, true), (&new, &old, false)] {
        let (_dir, space) = space();
        import(&space, first).unwrap();
        let report = import(&space, second).unwrap();
        assert_eq!(shown(&space), now);
        assert_eq!((report.replaced(), report.superseded()), (u64::from(replaced), u64::from(!replaced)));
        assert_eq!((report.imported(), report.linked(), report.facts), (0, 1, u64::from(replaced)));
        assert!(report.issue_counts.is_empty());
        // Either of them again, in another print, changes nothing.
        for text in [&old, &new] {
            let again = import(&space, &format!("{text}\n")).unwrap();
            assert_eq!((again.imported(), again.replaced(), again.superseded(), again.linked()), (0, 0, 0, 2));
            assert_eq!(shown(&space), now);
        }
        let reader_sees = allow(&space, Category::ALL);
        let reader = reader_sees.reader(&Query::default(), 10).unwrap();
        assert_eq!(reader.len(), 2);
    }
    // By number, where no time is given; a newer time goes before a lower number.
    let pairs = [
        (r#""meta":{"versionId":"9"},"#.to_owned(), r#""meta":{"versionId":"10"},"#.to_owned()),
        (meta("7", "2026-01-01T00:00:00Z"), meta("3", "2026-01-01T00:00:00.001Z")),
    ];
    for (a, b) in &pairs {
        let (_dir, space) = space();
        import(&space, &version("100", "final", b)).unwrap();
        import(&space, &version("155", "final", a)).unwrap();
        assert_eq!(shown(&space)[0].0, "100");
        assert_eq!(shown(&space).len(), 1);
    }
}

#[test]
fn where_nothing_tells_the_last_import_is_shown_and_said_to_conflict() {
    let (_dir, space) = space();
    let version = |value: &str| bundle(&[PATIENT.into(), ldl("1", value, "final", "")]);
    import(&space, &version("155")).unwrap();
    let report = import(&space, &version("100")).unwrap();
    assert_eq!(report.replaced(), 1);
    assert_eq!(report.issue_counts.get(&(Severity::Repaired, What::ConflictingId)), Some(&1));
    assert_eq!(shown(&space), [("100".to_owned(), Status::Final)]);
    // What was shown before and comes again is shown again.
    import(&space, &format!("{}\n", version("155"))).unwrap();
    assert_eq!(shown(&space), [("155".to_owned(), Status::Final)]);
    import(&space, &format!("{}\n", version("100"))).unwrap();
    assert_eq!(shown(&space), [("100".to_owned(), Status::Final)]);
}

#[test]
fn an_error_taken_back_hides_what_it_takes_back() {
    let (_dir, space) = space();
    import(&space, &bundle(&[PATIENT.into(), ldl("1", "999", "final", &meta("1", "2026-01-06T00:00:00Z"))])).unwrap();
    let gone = ldl("1", "999", "entered-in-error", &meta("2", "2026-01-07T00:00:00Z"));
    import(&space, &bundle(&[PATIENT.into(), gone])).unwrap();
    assert!(shown(&space).is_empty());
    let wanted = Query { kinds: vec![Kind::Observation], include_errors: true, ..Query::default() };
    assert_eq!(allow(&space, Category::ALL).query(&wanted).unwrap().value().len(), 1);
}

#[test]
fn several_versions_in_one_file_leave_the_newest() {
    let (dir, space) = space();
    let v = |n: u32, value: &str| ldl("1", value, "final", &meta(&n.to_string(), &format!("2026-01-0{n}T00:00:00Z")));
    let report =
        import(&space, &bundle(&[v(2, "120"), v(3, "130"), PATIENT.into(), v(1, "110"), v(3, "130")])).unwrap();
    assert_eq!((report.imported(), report.superseded(), report.linked()), (2, 2, 1));
    assert_eq!(report.facts, 4);
    assert_eq!(shown(&space), [("130".to_owned(), Status::Final)]);
    // A version between two that are known; then one that only its date makes the newest.
    import(&space, &bundle(&[v(4, "130")])).unwrap();
    let between = ldl("1", "135", "final", &meta("x", "2026-01-03T12:00:00Z"));
    assert_eq!(import(&space, &bundle(&[between])).unwrap().superseded(), 1);
    assert_eq!(shown(&space), [("130".to_owned(), Status::Final)]);
    drop(space);
    let space = HealthSpace::open(dir.path().join("me.hs"), &unlock(), Environment::default()).unwrap();
    assert_eq!(shown(&space).len(), 1);
}

#[test]
fn conflicts_are_counted_though_they_are_not_listed() {
    let (_dir, space) = space();
    let many = |value: &str| -> String {
        let list: Vec<String> = (0..1200).map(|i| ldl(&i.to_string(), value, "final", "")).collect();
        bundle(&list)
    };
    import(&space, &many("1")).unwrap();
    let report = import(&space, &many("2")).unwrap();
    assert_eq!((report.imported(), report.replaced(), report.issues.len()), (0, 1200, 1000));
    assert_eq!(report.issue_counts.get(&(Severity::Repaired, What::ConflictingId)), Some(&1200));
    assert_eq!(shown(&space).len(), 1200);
}

#[test]
fn a_stricter_label_is_not_lost_to_a_version_that_nothing_makes_newer() {
    let (_dir, space) = space();
    let strict =
        r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]},"#;
    import(&space, &bundle(&[ldl("1", "100", "final", strict)])).unwrap();
    import(&space, &bundle(&[ldl("1", "100", "final", "")])).unwrap();
    let rows = rows(&space, Some(Kind::Observation));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].class.confidentiality, crate::label::Confidentiality::VeryRestricted);
}

/// Whether a newer version says less because its label was lifted, or because it came without the Bundle that had it,
/// nobody can tell: a label of any version protects the one that is shown, in whatever order they come.
#[test]
fn a_label_of_any_version_protects_the_one_that_is_shown() {
    let v = r#""security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]"#;
    let around = |text: &str| text.replace(r#""type":"#, &format!(r#""meta":{{{v}}},"type":"#));
    let of = |value: &str, version: &str, more: &str| {
        let meta = meta(version, &format!("2026-01-0{version}T00:00:00Z")).replace("},", &format!("{more}}},"));
        bundle(&[ldl("1", value, "final", &meta)])
    };
    let plain = |value: &str, version: &str| of(value, version, "");
    for labelled in [around(&plain("100", "1")), of("100", "1", &format!(",{v}"))] {
        for newer in [plain("100", "2"), plain("101", "2")] {
            let line = |text: &str| text.replace('\n', "");
            let at_once = format!("{}\n{}\n", line(&labelled), line(&newer));
            for files in [vec![&labelled, &newer], vec![&newer, &labelled], vec![&at_once]] {
                let (_dir, space) = space();
                files.iter().for_each(|text| assert!(import(&space, text).is_ok()));
                let rows = rows(&space, Some(Kind::Observation));
                assert_eq!(rows.len(), 1);
                assert_eq!(rows[0].class.confidentiality, crate::label::Confidentiality::VeryRestricted, "{files:?}");
                let value = if newer.contains("101") { "101" } else { "100" };
                assert!(
                    matches!(&rows[0].fact.value, Value::Quantity(q) if q.number.to_string() == value),
                    "{files:?}"
                );
            }
        }
    }
}

fn many() -> String {
    let list: Vec<String> = (0..3000).map(|i| ldl(&format!("o{i}"), &i.to_string(), "final", "")).collect();
    bundle(&list)
}

/// A space, and a second handle in whose import `meanwhile` runs once, after its first batch.
fn meanwhile(run: impl FnOnce(&HealthSpace) + Send + 'static) -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (env, _) = clock();
    let (first, _) = HealthSpace::create(&path, &unlock(), env.clone()).unwrap();
    let once = Mutex::new(Some((first, run)));
    let mut env = env;
    env.progress = Some(Arc::new(move |p| {
        if p.records > 1500
            && let Some((space, run)) = once.lock().unwrap().take()
        {
            run(&space);
        }
    }));
    let second = HealthSpace::open(&path, &unlock(), env).unwrap();
    (dir, second)
}

#[test]
fn whoever_takes_an_import_over_is_the_one_to_finish_it() {
    let text = many();
    let (_dir, space) = meanwhile(|s| assert_eq!(import(s, &many()).unwrap().imported(), 3000));
    assert!(matches!(import(&space, &text), Err(Error::Busy)));
    assert_eq!(rows(&space, None).len(), 3000);
    assert!(import(&space, &text).unwrap().already_imported);
    assert!(space.partition("health").unwrap().staged_imports().unwrap().is_empty());
}

#[test]
fn a_discarded_import_is_not_gone_on_with() {
    let text = many();
    let (_dir, space) = meanwhile(|s| {
        let health = s.partition("health").unwrap();
        let staged = health.staged_imports().unwrap();
        health.discard(staged[0].source).unwrap();
    });
    assert!(matches!(import(&space, &text), Err(Error::NotFound)));
    assert_eq!(import(&space, &text).unwrap().imported(), 3000);
}

#[test]
fn the_same_records_in_two_files_at_once_are_stored_once() {
    for (other, linked) in [(format!("{}\n", many()), 3000), (minified(&many()), 3000)] {
        let (_dir, space) = meanwhile(move |s| assert_eq!(import(s, &other).unwrap().imported(), 3000));
        let report = import(&space, &many()).unwrap();
        assert_eq!((report.imported(), report.linked(), report.facts), (0, linked, 0));
        let rows = rows(&space, None);
        assert_eq!(rows.len(), 3000);
        assert!(rows.iter().all(|r| r.origins.len() == 2));
    }
    // Of two versions imported at once the newer one is shown.
    for (mine, theirs) in [("1", "2"), ("2", "1")] {
        let version = |n: &str| {
            let list: Vec<String> = (0..3000)
                .map(|i| {
                    ldl(&format!("o{i}"), &format!("{n}{i:04}"), "final", &format!(r#""meta":{{"versionId":"{n}"}},"#))
                })
                .collect();
            bundle(&list)
        };
        let other = version(theirs);
        let (_dir, space) = meanwhile(move |s| assert_eq!(import(s, &other).unwrap().imported(), 3000));
        let report = import(&space, &version(mine)).unwrap();
        let (newer, older) = (report.replaced(), report.superseded());
        assert_eq!((report.imported(), newer, older), if mine == "2" { (0, 3000, 0) } else { (0, 0, 3000) });
        let shown = shown(&space);
        assert_eq!(shown.len(), 3000);
        assert!(shown.iter().all(|(v, _)| v.starts_with('2') && v.len() == 5));
    }
}

/// Two exports of the same months: a chunk of the one holds samples of a chunk of the other.
#[test]
fn the_same_samples_in_two_exports_at_once_are_stored_once() {
    let export = |days: core::ops::Range<u32>| {
        let one = |n: u32| {
            let (month, day, hour) = (1 + n / 672, 1 + n / 24 % 28, n % 24);
            let at = format!("2026-{month:02}-{day:02} {hour:02}:00:00 +0000");
            format!(
                r#"<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" creationDate="{at}" startDate="{at}" endDate="{at}" value="{}"/>"#,
                60 + n % 40
            )
        };
        let all: String = (days.start * 24..days.end * 24).map(one).collect();
        format!(
            r#"<?xml version="1.0"?><HealthData locale="en_US"><ExportDate value="2026-09-01 10:00:00 +0000"/>{all}</HealthData>"#
        )
    };
    let (mine, other) = (export(0..200), export(5..205));
    let alone = {
        let (_dir, space) = meanwhile(|_| {});
        import(&space, &other).unwrap();
        import(&space, &mine).unwrap();
        rows(&space, None).iter().filter_map(|r| r.series.map(|s| s.count)).sum::<u32>()
    };
    assert_eq!(alone, 205 * 24);
    let (_dir, space) = meanwhile(move |s| assert_eq!(import(s, &other).unwrap().imported(), 200 * 24));
    let report = import(&space, &mine).unwrap();
    assert_eq!((report.imported(), report.linked()), (5 * 24, 195 * 24));
    assert_eq!(rows(&space, None).iter().filter_map(|r| r.series.map(|s| s.count)).sum::<u32>(), alone);
}

/// Steps of one day, a minute each: of `(minute, value, metadata)`.
fn steps_of(list: &[(u32, &str, &str)]) -> String {
    let one = |(minute, value, meta): &(u32, &str, &str)| {
        let at = format!("2024-03-01 {:02}:{:02}:00 +0000", minute / 60, minute % 60);
        format!(
            r#"<Record type="HKQuantityTypeIdentifierStepCount" sourceName="Watch" unit="count" startDate="{at}" endDate="{at}" value="{value}">{meta}</Record>"#
        )
    };
    let all: String = list.iter().map(one).collect();
    format!(r#"<?xml version="1.0"?><HealthData locale="en_US">{all}</HealthData>"#)
}

fn samples(space: &HealthSpace) -> u32 {
    rows(space, None).iter().map(|r| r.series.map_or(0, |s| s.count)).sum()
}

#[test]
fn a_sample_that_is_known_with_other_metadata_is_told() {
    let (_dir, space) = space();
    let entered = |how: u8| format!(r#"<MetadataEntry key="HKWasUserEntered" value="{how}"/>"#);
    let (no, yes) = (entered(0), entered(1));
    assert_eq!(import(&space, &steps_of(&[(1, "10", &no), (2, "20", &no)])).unwrap().imported(), 2);
    let report = import(&space, &steps_of(&[(1, "10", &no), (2, "20", &yes), (3, "30", &yes)])).unwrap();
    assert_eq!((report.imported(), report.linked()), (1, 2));
    assert_eq!(report.issue_counts.get(&(Severity::Repaired, What::OtherMetadata)), Some(&1));
    assert_eq!(report.issues.len(), 1);
    assert_eq!(samples(&space), 3);
}

#[test]
fn a_value_with_more_digits_is_the_same_value() {
    let (_dir, space) = space();
    import(&space, &steps_of(&[(1, "1.0", ""), (2, "0", ""), (3, "100", "")])).unwrap();
    let report = import(&space, &steps_of(&[(1, "1.00", ""), (2, "0.0", ""), (3, "1e2", ""), (4, "10", "")])).unwrap();
    assert_eq!((report.imported(), report.linked()), (1, 3));
    assert_eq!(samples(&space), 4);
}

/// Old and new exports kept together: what both hold is there once, whichever run reads it.
#[test]
fn two_exports_in_one_archive_are_stored_once() {
    let all: Vec<(u32, String)> = (0..1200).map(|n| (n, (n % 90).to_string())).collect();
    let export = |n: usize| steps_of(&all[..n].iter().map(|(at, v)| (*at, v.as_str(), "")).collect::<Vec<_>>());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, n) in [("old", 900), ("new", 1200), ("newest", 1200)] {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{name}/apple_health_export/export.xml"), options).unwrap();
        zip.write_all(export(n).as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (stopping, cancel) = (env.cancel.clone(), env.cancel.clone());
    // In the second export.
    let progress = Arc::new(move |p: Progress| {
        if p.records > 1500 {
            stopping.cancel();
        }
    });
    let path = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&path, &unlock(), env.clone()).unwrap();
    let cut = HealthSpace::open(&path, &unlock(), Environment { progress: Some(progress), ..env }).unwrap();
    let read = |space: &HealthSpace| space.partition("health").unwrap().import(Source::bytes(bytes.clone()).unwrap());
    let stopped = read(&cut);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    cancel.reset();
    for _ in 0..2 {
        let report = read(&space).unwrap();
        assert!(report.already_imported || (report.imported(), report.linked()) == (1200, 900 + 1200));
        assert_eq!(samples(&space), 1200);
    }
    assert!(space.check().unwrap().is_whole());
}

/// Each export costs a look at those before it: there are 16 at most.
#[test]
fn exports_beyond_sixteen_in_one_archive_are_refused_and_named() {
    let archive = |n: u32| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for i in 0..n {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(format!("{i}/apple_health_export/export.xml"), options).unwrap();
            zip.write_all(steps_of(&[(i, "10", "")]).as_bytes()).unwrap();
        }
        Source::bytes(zip.finish().unwrap().into_inner()).unwrap()
    };
    let (_dir, space) = space();
    let health = space.partition("health").unwrap();
    let report = health.import(archive(18)).unwrap();
    assert_eq!((report.imported(), samples(&space)), (16, 16), "{:?}", report.issue_counts);
    assert_eq!(report.issue_counts.get(&(Severity::Refused, What::TooLarge)), Some(&2), "{:?}", report.issue_counts);
}

/// What was read before the break did not know what was published since.
#[test]
fn samples_of_an_import_that_goes_on_after_another_one_are_stored_once() {
    let step = |n: u32| {
        let at = format!("2024-03-{:02} {:02}:{:02}:00 +0000", 1 + n / 1440, n / 60 % 24, n % 60);
        format!(
            r#"<Record type="HKQuantityTypeIdentifierStepCount" sourceName="Watch" unit="count" creationDate="{at}" startDate="{at}" endDate="{at}" value="{}"/>"#,
            1 + n % 90
        )
    };
    let day = |n: u32| {
        let date = format!("{}-{:02}-{:02}", 2015 + n / 336, 1 + n / 28 % 12, 1 + n % 28);
        format!(r#"<ActivitySummary dateComponents="{date}" activeEnergyBurned="{n}" activeEnergyBurnedUnit="kcal"/>"#)
    };
    let export = |from: u32| {
        let all: String = (from..9100).map(step).chain((0..2500).map(day)).collect();
        format!(
            r#"<?xml version="1.0"?><HealthData locale="en_US"><ExportDate value="2026-09-01 10:00:00 +0000"/>{all}</HealthData>"#
        )
    };
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (stopping, cancel) = (env.cancel.clone(), env.cancel.clone());
    let progress = Arc::new(move |p: Progress| {
        if p.records > 9000 + 2200 {
            stopping.cancel();
        }
    });
    let path = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&path, &unlock(), env.clone()).unwrap();
    let cut = HealthSpace::open(&path, &unlock(), Environment { progress: Some(progress), ..env }).unwrap();
    assert!(matches!(import(&cut, &export(100)), Err(Error::Cancelled)));
    cancel.reset();
    assert!(space.partition("health").unwrap().staged_imports().unwrap()[0].units > 1000);
    // A later export, of which the chunks begin elsewhere.
    assert_eq!(import(&space, &export(0)).unwrap().imported(), 9100 + 2500);
    let report = import(&space, &export(100)).unwrap();
    assert_eq!((report.imported(), report.linked()), (0, 9000 + 2500));
    let steps = |r: &FactRow| r.series.map_or(0, |s| s.count);
    assert_eq!(rows(&space, None).iter().map(steps).sum::<u32>(), 9100);
}

#[test]
fn an_import_begun_under_other_limits_begins_anew() {
    let big = PATIENT.replace("\"gender\"", &format!("\"x\":\"{}\",\"gender\"", "y".repeat(5000)));
    let list: Vec<String> =
        core::iter::once(big).chain((0..3000).map(|i| ldl(&format!("o{i}"), "1", "final", ""))).collect();
    let text = bundle(&list);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (mut env, _) = clock();
    let (space, _) = HealthSpace::create(&path, &unlock(), env.clone()).unwrap();
    let stop = env.cancel.clone();
    env.progress = Some(Arc::new(move |p| {
        if p.records > 1500 {
            stop.cancel();
        }
    }));
    let other = HealthSpace::open(&path, &unlock(), env).unwrap();
    let limits = Limits { resource_bytes: 2000, ..Limits::default() };
    let source = || Source::bytes(text.clone().into_bytes()).unwrap();
    let stopped = other.partition("health").unwrap().import_with(source(), &ImportOptions::new().limits(limits));
    assert!(matches!(stopped, Err(Error::Cancelled)));
    let staged = space.partition("health").unwrap().staged_imports().unwrap();
    assert!(staged.len() == 1 && staged[0].units >= 1000);
    drop(other);
    // The handle that shares the cancelled token cannot be used again.
    let (env, _) = clock();
    let space = HealthSpace::open(&path, &unlock(), env).unwrap();
    assert_eq!(import(&space, &text).unwrap().imported(), 3001);
    assert_eq!(shown(&space).len(), 3000);
    assert!(!rows(&space, Some(Kind::Patient)).is_empty());
    assert!(space.partition("health").unwrap().staged_imports().unwrap().is_empty());
}

/// Somebody else publishes a labelled text of a thing while another one of it is read: its label holds for both.
#[test]
fn what_protects_a_text_that_was_published_meanwhile_protects_the_other() {
    let refrain =
        r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"NORELINK"}]},"#;
    let other = bundle(&[ldl("o1", "99999", "final", refrain)]);
    let (_dir, space) = meanwhile(move |s| assert_eq!(import(s, &other).unwrap().imported(), 1));
    import(&space, &many()).unwrap();
    let values: Vec<String> = shown(&space).into_iter().map(|(value, _)| value).collect();
    assert_eq!(values.len(), 2999);
    assert!(!values.contains(&"99999".into()) && !values.contains(&"1".into()));
}

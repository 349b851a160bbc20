//! Documents that their producer exports again with new `urn:uuid:` names.

use super::tests::{clock, gesture};
use super::tests_faults::{create, held, meddled, sorted, undisturbed};
use super::tests_import::{files, space};
use super::tests_versions::{import, rows};
use super::*;
use crate::error::Error;
use crate::import::{Report, Source};
use crate::storage::memory::Memory as Disk;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An entry: what it says, with `{n}` for the name of entry n, `{own}` for its own.
pub(super) type Entry = String;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"{own}","identifier":[{"system":"urn:x","value":"{own}"}],"name":[{"family":"Durand","given":["Anne"]}],"birthDate":"1970-01-02"}"#;

/// A name, as by a producer that makes them anew for each document.
fn uuid(document: u64, n: usize) -> String {
    let hash = blake3::hash(format!("{document}/{n}").as_bytes()).to_hex();
    let h = hash.as_str();
    format!("{}-{}-4{}-8{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..32])
}

pub(super) fn document(of: u64, entries: &[Entry], order: &[usize]) -> String {
    let list: Vec<String> = order
        .iter()
        .map(|&i| {
            let own = uuid(of, i);
            let mut body = entries[i].replace("{own}", &own);
            for (j, _) in entries.iter().enumerate() {
                body = body.replace(&format!("{{{j}}}"), &format!("urn:uuid:{}", uuid(of, j)));
            }
            format!("{{\"fullUrl\":\"urn:uuid:{own}\",\"resource\":{body}}}")
        })
        .collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"document\",\"entry\":[{}]}}", list.join(",\n"))
}

pub(super) fn all(entries: &[Entry]) -> Vec<usize> {
    (0..entries.len()).collect()
}

fn reading(value: usize, visit: usize) -> Entry {
    format!(
        r#"{{"resourceType":"Observation","id":"{{own}}","status":"final","code":{{"text":"c"}},"subject":{{"reference":"{{0}}"}},"encounter":{{"reference":"{{{visit}}}"}},"effectiveDateTime":"2026-01-05","valueQuantity":{{"value":{value},"unit":"mg/dL"}}}}"#
    )
}

fn visit(day: usize, part_of: usize) -> Entry {
    format!(
        r#"{{"resourceType":"Encounter","status":"finished","subject":{{"reference":"{{0}}"}},"period":{{"start":"2026-01-{day:02}"}},"partOf":{{"reference":"{{{part_of}}}"}}}}"#
    )
}

fn report(results: &[usize]) -> Entry {
    let results: Vec<String> = results.iter().map(|r| format!(r#"{{"reference":"{{{r}}}"}}"#)).collect();
    format!(
        r#"{{"resourceType":"DiagnosticReport","status":"final","code":{{"text":"r"}},"subject":{{"reference":"{{0}}"}},"result":[{}]}}"#,
        results.join(",")
    )
}

pub(super) fn small() -> Vec<Entry> {
    // Two readings of one visit that say the same, and one of another visit.
    vec![PATIENT.to_owned(), visit(1, 1), visit(2, 1), reading(5, 1), reading(5, 1), reading(5, 2), report(&[3, 5])]
}

/// New, known already, and nothing else.
fn counts(report: &Report) -> (u64, u64) {
    assert_eq!((report.replaced(), report.superseded(), report.refused()), (0, 0, 0));
    (report.imported(), report.linked())
}

fn originals(space: &HealthSpace, files: &[String]) {
    let health = space.partition("health").unwrap();
    let sources = health.sources().unwrap();
    assert_eq!(sources.len(), files.len());
    for s in sources {
        let mut out = Vec::new();
        health.original(s.id, gesture(), &mut out).unwrap();
        assert!(files.iter().any(|f| f.as_bytes() == out));
    }
}

#[test]
fn names_made_anew_add_nothing() {
    let (_dir, space) = space();
    let entries = small();
    let n = entries.len() as u64;
    let first = document(1, &entries, &all(&entries));
    assert_eq!(counts(&import(&space, &first).unwrap()), (n, 0));
    let facts = rows(&space, None).len();
    let order: Vec<usize> = all(&entries).into_iter().rev().collect();
    let second = document(2, &entries, &order);
    assert_eq!(counts(&import(&space, &second).unwrap()), (0, n));
    // A third reading like the two, and one of a new visit: each counts.
    let mut more = entries.clone();
    more.extend([reading(5, 1), visit(3, 1), reading(5, 8)]);
    let third = document(3, &more, &all(&more));
    assert_eq!(counts(&import(&space, &third).unwrap()), (3, n));
    // What the third brought is known as well, and so is the first under its own names.
    assert_eq!(counts(&import(&space, &document(4, &more, &all(&more))).unwrap()), (0, n + 3));
    assert_eq!(counts(&import(&space, &format!("{first} ")).unwrap()), (0, n));
    assert_eq!(rows(&space, None).len(), facts + 3);
    originals(&space, &[first.clone(), second, third, document(4, &more, &all(&more)), format!("{first} ")]);
}

#[test]
fn names_that_last_are_told_by_them() {
    let (_dir, space) = space();
    let mut entries = small();
    import(&space, &document(1, &entries, &all(&entries))).unwrap();
    // One more like the others, before them: the names that are known take what is theirs.
    entries.push(reading(5, 1));
    let order = [7, 0, 1, 2, 3, 4, 5, 6];
    assert_eq!(counts(&import(&space, &document(1, &entries, &order)).unwrap()), (1, 7));
    // A correction under a known name replaces what it corrects.
    entries[3] = reading(6, 1);
    let report = import(&space, &document(1, &entries, &all(&entries))).unwrap();
    assert_eq!((report.imported(), report.replaced()), (0, 1));
}

#[test]
fn what_is_referred_to_tells_apart() {
    let (_dir, space) = space();
    let one = vec![PATIENT.to_owned(), visit(1, 1), reading(5, 1)];
    assert_eq!(counts(&import(&space, &document(1, &one, &all(&one))).unwrap()), (3, 0));
    // The same reading at another visit is another reading.
    let other = vec![PATIENT.to_owned(), visit(2, 1), reading(5, 1)];
    assert_eq!(counts(&import(&space, &document(2, &other, &all(&other))).unwrap()), (2, 1));
    // The patient moved: the person is the same one, and so are the readings.
    let moved =
        vec![PATIENT.replace("\"name\"", "\"address\":[{\"city\":\"x\"}],\"name\""), visit(2, 1), reading(5, 1)];
    assert_eq!(counts(&import(&space, &document(3, &moved, &all(&moved))).unwrap()), (1, 2));
}

#[test]
fn two_persons_are_never_one() {
    let confirmed = ImportOptions::new().confirm_subject();
    let nameless = PATIENT.replace("\"name\":[{\"family\":\"Durand\",\"given\":[\"Anne\"]}],", "");
    let other = PATIENT.replace("Durand", "Moreau");
    for (a, b) in [(PATIENT, &*other), (&*nameless, &*nameless), (PATIENT, &*nameless)] {
        let (_dir, space) = space();
        let of = |patient: &str| vec![patient.to_owned(), visit(1, 1), reading(5, 1)];
        let health = space.partition("health").unwrap();
        let take = |n: u64, patient: &str| {
            let file = document(n, &of(patient), &[0, 1, 2]);
            health.import_with(Source::bytes(file).unwrap(), &confirmed).unwrap()
        };
        assert_eq!(counts(&take(1, a)), (3, 0));
        assert_eq!(counts(&take(2, b)), (3, 0));
        let third = document(9, &of(&PATIENT.replace("Anne", "Zoe")), &[0, 1, 2]);
        // Where no name is known, the day of birth has to do.
        assert_eq!(matches!(import(&space, &third), Err(Error::OtherSubject)), a == PATIENT);
    }
}

/// A label around a copy is none of what the record says, and holds for the record, whichever copy comes first.
#[test]
fn the_label_around_a_copy_holds_for_the_record() {
    let entries = small();
    let r =
        r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]},"#;
    let file = |of: u64, meta: &str| {
        let text = document(of, &entries, &all(&entries));
        text.replace("\"type\":\"document\",", &format!("{meta}\"type\":\"document\","))
    };
    for [first, second] in [["", r], [r, ""], [r, r]] {
        let (_dir, space) = space();
        assert_eq!(counts(&import(&space, &file(1, first)).unwrap()), (entries.len() as u64, 0));
        assert_eq!(counts(&import(&space, &file(2, second)).unwrap()), (0, entries.len() as u64));
        let state = space.inner.peek().unwrap();
        let all = state.partitions[0].readable.records();
        assert!(all.map(|r| r.confidentiality()).all(|c| c == crate::label::Confidentiality::VeryRestricted));
    }
}

/// One name in a Bundle and, with other words, in a line behind it: the second is not lost.
#[test]
fn what_says_something_else_under_a_linked_name_counts() {
    let (_dir, space) = space();
    let entries = small();
    import(&space, &document(1, &entries, &all(&entries))).unwrap();
    let line = entries[3].replace("{own}", &uuid(2, 3)).replace("{0}", &format!("urn:uuid:{}", uuid(2, 0)));
    let file = document(2, &entries, &all(&entries)) + "\n" + &line.replace("\"value\":5", "\"value\":6");
    assert_eq!(counts(&import(&space, &file).unwrap()), (1, 7));
}

/// Many that say the same: each is one, and finding that out takes no long time.
#[test]
fn a_thousand_twins() {
    let (_dir, space) = space();
    let twins = |of: u64, n: usize| {
        let entry = |i| {
            format!(
                r#"{{"fullUrl":"urn:uuid:{}","resource":{{"resourceType":"Observation","code":{{"text":"x"}}}}}}"#,
                uuid(of, i)
            )
        };
        let list: Vec<String> = (0..n).map(entry).collect();
        format!("{{\"resourceType\":\"Bundle\",\"entry\":[{}]}}", list.join(","))
    };
    assert_eq!(counts(&import(&space, &twins(1, 1000)).unwrap()), (1000, 0));
    assert_eq!(counts(&import(&space, &twins(2, 1005)).unwrap()), (5, 1000));
    assert_eq!(counts(&import(&space, &twins(3, 1006)).unwrap()), (1, 1005));
}

/// Two exports in one archive.
#[test]
fn two_members_of_an_archive() {
    use std::io::Write;
    let (_dir, space) = space();
    let entries = small();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for n in [1, 2] {
        zip.start_file(format!("{n}.json"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(document(n, &entries, &all(&entries)).as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let report = space.partition("health").unwrap().import(Source::bytes(bytes).unwrap()).unwrap();
    assert_eq!(counts(&report), (7, 7));
}

/// Real files, of which every name of an entry is made anew.
#[test]
fn real_documents_under_other_names() {
    let samples = files("ips-connectathon", "IPS_IG-bundle-01.json");
    for path in files("spezi-synthea", ".json").into_iter().take(2).chain(samples) {
        let text = std::fs::read_to_string(&path).unwrap();
        let names: BTreeSet<&str> = text.split("\"urn:uuid:").skip(1).filter_map(|s| s.get(..36)).collect();
        let mut other = text.clone();
        for (i, name) in names.iter().enumerate() {
            other = other.replace(name, &uuid(7, i));
        }
        let (_dir, space) = space();
        let first = import(&space, &text).unwrap().imported();
        assert!(first >= 20);
        assert_eq!(counts(&import(&space, &other).unwrap()), (0, first));
    }
}

/// Enough for several batches.
fn long(of: u64) -> String {
    let mut entries = vec![PATIENT.to_owned(), visit(1, 1)];
    entries.extend((0..1500).map(|i| reading(i % 700, 1)));
    // Names in place of `{n}` only where they occur: otherwise this takes long.
    let list: Vec<String> = entries
        .iter()
        .enumerate()
        .map(|(i, e)| {
            let own = uuid(of, i);
            let mut body = e.replace("{own}", &own);
            for j in [0, 1] {
                body = body.replace(&format!("{{{j}}}"), &format!("urn:uuid:{}", uuid(of, j)));
            }
            format!("{{\"fullUrl\":\"urn:uuid:{own}\",\"resource\":{body}}}")
        })
        .collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"document\",\"entry\":[{}]}}", list.join(",\n"))
}

#[test]
fn imports_at_once_and_resumed_agree() {
    let (file, twin) = (long(1), long(2));
    let (want, reports) = undisturbed(&[twin.as_bytes(), file.as_bytes()]);
    assert_eq!((counts(&reports[0]), counts(&reports[1])), ((1502, 0), (0, 1502)));
    let want = sorted(want);
    // While it runs.
    let (env, _) = clock();
    let disk = Disk::new();
    let other = create(Arc::new(disk.clone()), env.clone());
    let twin2 = twin.clone();
    let meddle = move || drop(import(&other, &twin2).unwrap());
    let (space, done) = meddled(env.clone(), &disk, file.as_bytes(), meddle);
    assert_eq!(done.unwrap(), reports[1]);
    assert_eq!(sorted(held(&space)), want);
    // Between a break and going on.
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), env.clone());
    let cancel = env.cancel.clone();
    let (cut, done) = meddled(env.clone(), &disk, file.as_bytes(), move || cancel.cancel());
    assert!(matches!(done, Err(Error::Cancelled)));
    env.cancel.reset();
    drop(cut);
    import(&space, &twin).unwrap();
    assert_eq!(import(&space, &file).unwrap(), reports[1]);
    assert_eq!(sorted(held(&space)), want);
    // Going on with nothing in between.
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), env.clone());
    let cancel = env.cancel.clone();
    drop(meddled(env.clone(), &disk, file.as_bytes(), move || cancel.cancel()));
    env.cancel.reset();
    assert!(space.partition("health").unwrap().staged_imports().unwrap()[0].units > 0);
    assert_eq!(counts(&import(&space, &file).unwrap()), (1502, 0));
    assert_eq!(counts(&import(&space, &twin).unwrap()), (0, 1502));
}

#[derive(Debug, Clone)]
struct Random {
    entries: Vec<Entry>,
    more: Vec<Entry>,
    orders: (Vec<usize>, Vec<usize>),
}

fn random() -> impl Strategy<Value = Random> {
    // Few values, so that many say the same.
    let entry = (0..3usize, 0..3usize, 0..9usize, prop::collection::vec(0..9usize, 0..4));
    let entries = prop::collection::vec(entry, 1..14);
    (
        entries.clone(),
        prop::collection::vec((0..3usize, 0..3usize, 0..9usize, prop::collection::vec(0..9usize, 0..4)), 0..6),
    )
        .prop_flat_map(|(old, new)| {
            let n = old.len() + 1;
            let total = n + new.len();
            // What is old refers to what is old alone: otherwise it would say something else.
            let make = |of: &[(usize, usize, usize, Vec<usize>)], reach: usize| -> Vec<Entry> {
                of.iter()
                    .map(|(kind, value, to, list)| match kind {
                        0 => reading(*value, to % reach),
                        1 => visit(value + 1, to % reach),
                        _ => report(&list.iter().map(|i| i % reach).collect::<Vec<_>>()),
                    })
                    .collect()
            };
            let entries: Vec<Entry> = core::iter::once(PATIENT.to_owned()).chain(make(&old, n)).collect();
            let more = make(&new, total);
            let shuffled = |n: usize| Just((0..n).collect::<Vec<_>>()).prop_shuffle();
            (Just(entries), Just(more), (shuffled(n), shuffled(total)))
        })
        .prop_map(|(entries, more, orders)| Random { entries, more, orders })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_exported_again(r in random()) {
        let (_dir, space) = space();
        let n = r.entries.len() as u64;
        let first = document(1, &r.entries, &all(&r.entries));
        prop_assert_eq!(counts(&import(&space, &first).unwrap()), (n, 0));
        let second = document(2, &r.entries, &r.orders.0);
        prop_assert_eq!(counts(&import(&space, &second).unwrap()), (0, n));
        let more: Vec<Entry> = r.entries.iter().chain(&r.more).cloned().collect();
        let third = document(3, &more, &r.orders.1);
        prop_assert_eq!(counts(&import(&space, &third).unwrap()), (r.more.len() as u64, n));
        let files = [first, second, third];
        originals(&space, &files);
    }
}

//! What is said of a document holds for the bytes that it names, in whatever order they come.

use super::tests::{allow, clock, gesture, model, source, unlock};
use super::*;
use crate::catalog::Query;
use crate::grounding::Budget;
use crate::import::Source;
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::record::{Category, Kind};
use std::io::Write as _;

const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const URL: &str = "https://a.example/fhir/";
const UUID: &str = "0b1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4e5f";
const PSY: Sensitivities = Sensitivities::only(Sensitivity::Psychiatry);

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
    (dir, space)
}

/// A letter; its members end with a comma.
fn letter(members: &str, url: &str) -> String {
    format!(
        r#"{{"resourceType":"DocumentReference","id":"dr",{members}"status":"current","subject":{{"reference":"Patient/p"}},"identifier":[{{"system":"urn:x:letters","value":"1"}}],"date":"2026-01-05","type":{{"text":"Letter"}},"content":[{{"attachment":{{"contentType":"text/plain","url":"{url}"}}}}]}}"#
    )
}

/// The bytes of it; the members end with a comma.
fn bytes(members: &str) -> String {
    format!(r#"{{"resourceType":"Binary",{members}"contentType":"text/plain","data":"V29yZHMgb2YgdGhlIGxldHRlcg=="}}"#)
}

fn label() -> String {
    format!(r#""securityLabel":[{{"coding":[{{"system":"{ACT}","code":"PSY"}}]}}],"#)
}

fn meta() -> String {
    format!(r#""meta":{{"security":[{{"system":"{ACT}","code":"PSY"}}]}},"#)
}

fn entry(url: &str, resource: &str) -> String {
    format!(r#"{{"fullUrl":"{url}","resource":{resource}}}"#)
}

fn bundle(entries: &[String]) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","))
}

fn import(space: &HealthSpace, text: String) -> crate::import::Report {
    space.partition("health").unwrap().import(Source::bytes(text.into_bytes()).unwrap()).unwrap()
}

/// How the one record of this type is protected.
fn protection(space: &HealthSpace, type_name: &str) -> (Confidentiality, Sensitivities, Obligations) {
    let state = space.inner.peek().unwrap();
    let all = state.partitions[0].readable.records().filter(|r| r.type_name() == type_name && !r.is_history());
    let all: Vec<_> = all.map(|r| (r.confidentiality(), r.sensitivities(), r.obligations())).collect();
    assert_eq!(all.len(), 1, "{type_name}");
    all[0]
}

/// A letter and its bytes as files have them, each by the names that a producer may give.
fn pairs() -> Vec<[String; 2]> {
    let id = r#""id":"b1","#;
    let (letter_url, bytes_url) = (format!("{URL}DocumentReference/dr"), format!("{URL}Binary/b1"));
    let urn = format!("urn:uuid:{UUID}");
    let whole = |url: &str| entry(&letter_url, &letter(&label(), url));
    vec![
        [whole("Binary/b1"), entry(&bytes_url, &bytes(id))],
        [whole(&bytes_url), entry(&bytes_url, &bytes(id))],
        [whole(&format!("{bytes_url}/_history/2")), entry(&bytes_url, &bytes(id))],
        [entry(&letter_url, &letter(&meta(), "Binary/b1")), entry(&bytes_url, &bytes(id))],
        [entry("urn:uuid:4f1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4e5f", &letter(&label(), &urn)), entry(&urn, &bytes(""))],
        [whole(&bytes_url), format!(r#"{{"resource":{}}}"#, bytes(id))],
        [format!(r#"{{"resource":{}}}"#, letter(&label(), "Binary/b1")), entry(&bytes_url, &bytes(id))],
        [whole(&format!("Binary/{UUID}")), format!(r#"{{"resource":{}}}"#, bytes(&format!(r#""id":"{UUID}","#)))],
        // Access to the bytes is as to the letter, which does not name them.
        [
            entry(&letter_url, &letter(&label(), "")),
            entry(&bytes_url, &bytes(r#""securityContext":{"reference":"DocumentReference/dr"},"#)),
        ],
        [
            format!(r#"{{"resource":{}}}"#, letter(&meta(), "")),
            format!(
                r#"{{"resource":{}}}"#,
                bytes(r#""id":"b1","securityContext":{"reference":"DocumentReference/dr"},"#)
            ),
        ],
        [
            entry(&urn, &letter(&meta(), "")),
            entry(&bytes_url, &bytes(&format!(r#""securityContext":{{"reference":"{urn}"}},"#))),
        ],
    ]
}

#[test]
fn what_is_said_of_a_document_holds_for_its_bytes() {
    for [letter, bytes] in pairs() {
        for text in [bundle(&[letter.clone(), bytes.clone()]), bundle(&[bytes, letter])] {
            let (_dir, space) = space();
            import(&space, text.clone());
            assert_eq!(protection(&space, "Binary").1, PSY, "{text}");
            allow(&space, &[Category::Documents]);
            let all = Query { kinds: vec![Kind::Document], ..Query::default() };
            let seen = || space.session(model(), Purpose::PatientRequest).unwrap().query(&all).unwrap().value().len();
            assert_eq!(seen(), 2, "{text}");
            let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"provision":{"type":"deny","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]}}"#;
            space.import_consents(refusal, gesture()).unwrap();
            assert_eq!(seen(), 0, "{text}");
            let s = space.session(model(), Purpose::PatientRequest).unwrap();
            assert!(s.ground("What documents do I have?", Budget::tokens(500)).unwrap().value().citations.is_empty());
        }
    }
}

/// Lines of one file, and files of one archive in whatever order.
#[test]
fn the_bytes_may_stand_in_another_line_or_member() {
    let (letter, bytes) = (letter(&label(), "Binary/b1"), bytes(r#""id":"b1","#));
    for text in [format!("{letter}\n{bytes}\n"), format!("{bytes}\n{letter}\n")] {
        let (_dir, space) = space();
        import(&space, text.clone());
        assert_eq!(protection(&space, "Binary").1, PSY, "{text}");
    }
    for members in
        [["a/Binary.ndjson", "a/DocumentReference.ndjson"], ["b/Binary.ndjson", "a/DocumentReference.ndjson"]]
    {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in members.iter().zip([&bytes, &letter]) {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        let (_dir, space) = space();
        let archive = Source::bytes(zip.finish().unwrap().into_inner()).unwrap();
        space.partition("health").unwrap().import(archive).unwrap();
        assert_eq!(protection(&space, "Binary").1, PSY, "{members:?}");
    }
}

/// Of an import before: what was remembered of the bytes until then is set aside, for it has not their labels.
#[test]
fn a_letter_that_comes_later_labels_the_bytes_that_are_here() {
    let url = format!("{URL}Binary/b1");
    let bytes = entry(&url, &bytes(r#""id":"b1","#));
    let letter = entry(&format!("{URL}DocumentReference/dr"), &letter(&label(), "Binary/b1"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.hs");
    let (s, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    allow(&s, &[Category::Documents, Category::Memories]);
    import(&s, bundle(std::slice::from_ref(&bytes)));
    let session = s.session(model(), Purpose::PatientRequest).unwrap();
    let seen = session.query(&Query { kinds: vec![Kind::Document], ..Query::default() }).unwrap();
    session.remember("There is a letter", &seen).unwrap();
    drop((session, seen));
    let set_aside = |s: &HealthSpace| s.inner.peek().unwrap().partitions[0].manifest.tags.quarantined.len();
    assert_eq!(set_aside(&s), 0);
    import(&s, bundle(std::slice::from_ref(&letter)));
    assert_eq!(protection(&s, "Binary").1, PSY);
    assert_eq!(set_aside(&s), 1);
    drop(s);
    let s = HealthSpace::open(&file, &unlock(), clock().0).unwrap();
    assert_eq!(protection(&s, "Binary").1, PSY);
    assert!(s.check().is_ok());
}

/// As a bulk export has them, file by file.
#[test]
fn bytes_that_come_after_their_letter_have_its_labels() {
    for [letter, bytes] in pairs() {
        // What says itself whose access it has is found by that name; by an `id` alone, in one import.
        if bytes.contains("securityContext") && !bytes.contains("fullUrl") {
            continue;
        }
        let (_dir, s) = space();
        import(&s, bundle(std::slice::from_ref(&letter)));
        import(&s, bundle(std::slice::from_ref(&bytes)));
        assert_eq!(protection(&s, "Binary").1, PSY, "{letter} {bytes}");
    }
    let bytes = bytes(r#""id":"b1","#);
    for (one, expected) in [
        (letter(&label(), "Binary/b1"), PSY),
        (letter("", "Binary/b1"), Sensitivities::NONE),
        (letter(&label(), "Binary/b2"), Sensitivities::NONE),
        (letter(&label(), "Binary/b1").replace("DocumentReference", "Media"), Sensitivities::NONE),
        (letter(&meta(), "Binary/b1").replace("DocumentReference", "Media"), PSY),
        (letter(&meta(), "Binary/b1").replace("DocumentReference", "Communication"), PSY),
        // It is looked for in what has its bytes elsewhere as a rule.
        (letter(&meta(), "Binary/b1").replace("DocumentReference", "Observation"), Sensitivities::NONE),
    ] {
        let (_dir, s) = space();
        import(&s, format!("{one}\n"));
        import(&s, format!("{bytes}\n"));
        assert_eq!(protection(&s, "Binary").1, expected, "{one}");
        // And again, with nothing that is new.
        import(&s, format!("{bytes}\n\n"));
        assert_eq!(protection(&s, "Binary").1, expected, "{one}");
    }
}

/// Each labelled document is read once where an import brings bytes, and none where it does not.
#[test]
fn many_documents_keep_no_import_waiting() {
    let (_dir, s) = space();
    let document = |n: usize| {
        let one = letter(&label(), &format!("Binary/b{n}")).replace(r#""id":"dr""#, &format!(r#""id":"dr{n}""#));
        one.replace(r#""value":"1""#, &format!(r#""value":"{n}""#))
    };
    import(&s, (0..2000).map(document).collect::<Vec<_>>().join("\n"));
    let took = |text: String| {
        let begun = std::time::Instant::now();
        import(&s, text);
        begun.elapsed()
    };
    let without = took(letter("", "").replace(r#""id":"dr""#, r#""id":"other""#));
    let with = took(bytes(r#""id":"b1999","#));
    println!("an import beside 2,000 labelled documents: {without:?}, with bytes {with:?}");
    assert_eq!(protection(&s, "Binary").1, PSY);
    assert!(with.as_secs() < 5, "{with:?}");
}

/// Names that are made anew for each document: the bytes are those of the import before.
#[test]
fn a_letter_labels_bytes_that_are_known_under_another_name() {
    let of = |n: u8, label: &str| {
        let urn = |what: u8| format!("urn:uuid:0b1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4{n}0{what}");
        bundle(&[entry(&urn(1), &letter(label, &urn(2))), entry(&urn(2), &bytes(""))])
    };
    let (_dir, space) = space();
    import(&space, of(1, ""));
    assert_eq!(protection(&space, "Binary").1, Sensitivities::NONE);
    import(&space, of(2, &label()));
    assert_eq!(protection(&space, "Binary").1, PSY);
}

/// A label that says little lowers nothing, and what is said of nothing is not said of the bytes.
#[test]
fn a_document_lowers_nothing() {
    let normal =
        r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]},"#;
    for (own, said) in [("", ""), ("", normal), (normal, "")] {
        let (_dir, space) = space();
        import(&space, format!("{}\n{}\n", letter(said, "Binary/b1"), bytes(&format!(r#""id":"b1",{own}"#))));
        let level = if own.is_empty() { Confidentiality::Restricted } else { Confidentiality::Normal };
        assert_eq!(protection(&space, "Binary").0, level);
    }
    let (_dir, space) = space();
    let two = [letter(&label(), "Binary/b2"), bytes(r#""id":"b1","#)];
    space.partition("health").unwrap().import(source(&two)).unwrap();
    assert_eq!(protection(&space, "Binary").1, Sensitivities::NONE);
}

/// They are one: a refusal of what is very restricted reaches every entry.
#[test]
fn the_entries_of_a_document_are_as_confidential_as_it_is() {
    let composition = r#"{"resourceType":"Composition","id":"c","status":"final","type":{"text":"Summary"},"subject":{"reference":"Patient/p"},"date":"2026-01-05","title":"Summary","confidentiality":"V"}"#;
    let value = r#"{"resourceType":"Observation","id":"1","status":"final","code":{"text":"LDL"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-01-05","valueInteger":131}"#;
    for (kind, level) in [("document", Confidentiality::VeryRestricted), ("collection", Confidentiality::Restricted)] {
        for named in [true, false] {
            let (_dir, space) = space();
            let entry = |n: usize, resource: &str| match named {
                true => entry(&format!("urn:uuid:0b1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4e0{n}"), resource),
                false => format!(r#"{{"resource":{resource}}}"#),
            };
            let entries = [entry(1, composition), entry(2, value), entry(3, &letter("", "Binary/b1"))];
            import(&space, bundle(&entries).replace("collection", kind));
            assert_eq!(protection(&space, "Composition").0, Confidentiality::VeryRestricted);
            assert_eq!(protection(&space, "Observation").0, level);
            assert_eq!(protection(&space, "DocumentReference").0, level);
        }
    }
}

/// What an earlier version or copy of a document said holds for the bytes that come with a later one.
#[test]
fn bytes_that_come_with_an_unlabelled_version_are_those_of_the_document() {
    let url = "https://x/DocumentReference/dr";
    let around = bundle(&[entry(url, &letter("", "Binary/b0"))]);
    let around = around.replace(r#""type":"collection","#, &format!(r#""type":"collection",{}"#, meta()));
    let first = [bundle(&[entry(url, &letter(&meta(), "Binary/b0"))]), around];
    for first in first {
        for version in ["", r#""description":"again","#] {
            let (_dir, space) = space();
            import(&space, first.clone());
            let text = bundle(&[
                entry(url, &letter(version, "Binary/b1")),
                entry("https://x/Binary/b1", &bytes(r#""id":"b1","#)),
            ]);
            import(&space, text);
            assert_eq!(protection(&space, "Binary").1, PSY, "{first} {version}");
        }
    }
}

/// One name for many things, from many places: looked up once.
#[test]
fn a_file_that_names_one_thing_everywhere_is_read_in_time() {
    let (_dir, space) = space();
    let mut entries = Vec::new();
    for n in 0..1500 {
        let document = letter(&meta(), "Binary/b1").replace(r#""id":"dr""#, &format!(r#""id":"dr{n}""#));
        let document = document.replace(r#""value":"1""#, &format!(r#""value":"{n}""#));
        entries.push(entry(&format!("https://x{n}/DocumentReference/dr{n}"), &document));
        entries.push(entry(&format!("https://x{n}/Binary/b1"), &bytes(r#""id":"b1","#)));
    }
    let begun = std::time::Instant::now();
    import(&space, bundle(&entries));
    let took = begun.elapsed();
    assert!(took.as_secs() < 20, "{took:?}");
    let state = space.inner.peek().unwrap();
    let all = state.partitions[0].readable.records().filter(|r| r.type_name() == "Binary");
    let labels: Vec<_> = all.map(|r| r.sensitivities()).collect();
    assert!(!labels.is_empty() && labels.iter().all(|s| *s == PSY), "{}", labels.len());
}

/// A name that stands twice, and one that is escaped, hide no label of a Composition.
#[test]
fn what_a_composition_says_is_found_however_it_is_written() {
    let plain = r#"{"resourceType":"Composition","id":"c","status":"final","type":{"text":"Summary"},"subject":{"reference":"Patient/p"},"date":"2026-01-05","title":"Summary","confidentiality":"V"}"#;
    let value = r#"{"resourceType":"Observation","id":"1","status":"final","code":{"text":"LDL"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-01-05","valueInteger":131}"#;
    for kinds in [r#""type":"document","type":"collection","#, r#""type":"collection","type":"document","#] {
        let (_dir, space) = space();
        let all = bundle(&[format!(r#"{{"resource":{plain}}}"#), format!(r#"{{"resource":{value}}}"#)]);
        import(&space, all.replace(r#""type":"collection","#, kinds));
        assert_eq!(protection(&space, "Observation").0, Confidentiality::VeryRestricted, "{kinds}");
    }
}

/// Whatever names them: by an address, by a search, by an operation, by a reference.
#[test]
fn what_is_said_of_any_record_holds_for_the_bytes_that_it_names() {
    let about = r#""status":"final","code":{"text":"ECG"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-01-05""#;
    let named = |url: &str| {
        [
            ("Observation", format!(r#"{about},"valueAttachment":{{"url":"{url}"}}"#)),
            (
                "Communication",
                format!(
                    r#""status":"completed","payload":[{{"contentAttachment":{{"contentType":"text/plain","url":"{url}"}}}}]"#
                ),
            ),
            (
                "Communication",
                format!(r#""status":"completed","payload":[{{"contentReference":{{"reference":"{url}"}}}}]"#),
            ),
            (
                "QuestionnaireResponse",
                format!(
                    r#""status":"completed","item":[{{"linkId":"1","item":[{{"linkId":"2","answer":[{{"valueAttachment":{{"url":"{url}"}}}}]}}]}}]"#
                ),
            ),
            ("Consent", format!(r#""status":"active","sourceAttachment":{{"url":"{url}"}}"#)),
            ("Consent", format!(r#""status":"active","sourceReference":{{"reference":"{url}"}}"#)),
            ("DocumentManifest", format!(r#""status":"current","content":[{{"reference":"{url}"}}]"#)),
            (
                "Composition",
                format!(r#""status":"final","title":"x","section":[{{"entry":[{{"reference":"{url}"}}]}}]"#),
            ),
            ("DocumentReference", format!(r#""status":"current","content":[{{"attachment":{{"url":"{url}"}}}}]"#)),
        ]
    };
    for base in
        ["Binary/b", "Binary?_id=b", "Binary/b$", "https://a.example/fhir/Binary?_format=json&_id=b", "urn:uuid:"]
    {
        let (mut labelled, mut silent) = (Vec::new(), Vec::new());
        let all = named("").len();
        for n in 0..all {
            let (url, id) = match base {
                "urn:uuid:" => (UUID.replace("3d4e5f", &format!("3d4e{n:02}")), String::new()),
                "Binary/b$" => (format!("b{n}/$binary-access-read"), format!(r#""id":"b{n}","#)),
                _ => (format!("{n}"), format!(r#""id":"b{n}","#)),
            };
            let prefix = if base == "Binary/b$" { "Binary/" } else { base };
            let (type_name, members) = named(&format!("{prefix}{url}"))[n].clone();
            let full = if base.starts_with("https") { format!("{URL}Binary/b{n}") } else { format!("urn:uuid:{url}") };
            // Not the same bytes under several names.
            let bytes = bytes(&id).replace("V29y", &format!("V29{n}"));
            let bytes = if base.contains(':') { entry(&full, &bytes) } else { format!(r#"{{"resource":{bytes}}}"#) };
            for (list, said) in [(&mut labelled, meta()), (&mut silent, String::new())] {
                let record = format!(r#"{{"resourceType":"{type_name}","id":"n{n}",{said}{members}}}"#);
                let record = format!(r#"{{"resource":{record}}}"#);
                list.extend(if n % 2 == 0 { [bytes.clone(), record] } else { [record, bytes.clone()] });
            }
        }
        for (entries, expected) in [(labelled, all), (silent, 0)] {
            let (_dir, space) = space();
            import(&space, bundle(&entries));
            let state = space.inner.peek().unwrap();
            let records = state.partitions[0].readable.records().filter(|r| r.type_name() == "Binary");
            let said: Vec<bool> = records.map(|r| r.sensitivities() == PSY).collect();
            assert_eq!((said.len(), said.iter().filter(|s| **s).count()), (all, expected), "{base}");
        }
    }
}

/// What was too large or too deep to be looked at may have been the Composition, or name the bytes.
#[test]
fn what_is_stepped_over_may_have_been_labelled() {
    let value = r#"{"resourceType":"Observation","id":"1","status":"final","code":{"text":"LDL"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-01-05","valueInteger":131}"#;
    let composition = |more: &str| {
        format!(
            r#"{{"resourceType":"Composition","id":"c",{more}"status":"final","type":{{"text":"Summary"}},"subject":{{"reference":"Patient/p"}},"date":"2026-01-05","title":"Summary"}}"#
        )
    };
    let large = format!(r#""language":"{}","#, "x".repeat(5000));
    let deep = format!(r#""extension":{}1{},"#, "[".repeat(40), "]".repeat(40));
    let said = r#""confidentiality":"V","#;
    let limits = crate::import::Limits { resource_bytes: 4000, json_depth: 30, ..crate::import::Limits::default() };
    let read = |text: &str| {
        let (dir, space) = space();
        let options = ImportOptions::new().limits(limits);
        let source = Source::bytes(text.as_bytes().to_vec()).unwrap();
        let report = space.partition("health").unwrap().import_with(source, &options).unwrap();
        (dir, space, report)
    };
    let unknown = |space: &HealthSpace, type_name: &str| protection(space, type_name).2 == Obligations::UNKNOWN;
    for stepped in [&large, &deep, &r#""status":"#.to_owned()] {
        let entries = |c: String| bundle(&[format!(r#"{{"resource":{c}}}"#), format!(r#"{{"resource":{value}}}"#)]);
        let labelled = entries(composition(&format!("{said}{stepped}")));
        let (_dir, space, report) = read(&labelled.replace("collection", "document"));
        assert_eq!(report.refused(), 1, "{stepped:.20}");
        assert!(unknown(&space, "Observation"), "{stepped:.20}");
        // No document, one without any label, and something else that is stepped over in one.
        let silent = entries(composition(stepped)).replace("collection", "document");
        let other = entries(composition(&format!("{said}{stepped}")).replace("Composition", "Basic"));
        for text in [&labelled, &silent, &other.replace("collection", "document")] {
            let (_dir, space, report) = read(text);
            assert_eq!(report.refused(), 1);
            assert!(!unknown(&space, "Observation") || stepped.len() < 20, "{text:.200}");
        }
        // Bytes that a document may have named, wherever they stand.
        for (label, is) in [(label(), true), (String::new(), false)] {
            let (letter, bytes) = (letter(&format!("{label}{stepped}"), "Binary/b1"), bytes(r#""id":"b1","#));
            for text in [format!("{letter}\n{bytes}\n"), format!("{bytes}\n{letter}\n")] {
                let (_dir, space, report) = read(&text);
                assert_eq!(report.refused(), 1);
                assert_eq!(unknown(&space, "Binary"), is, "{stepped:.20}");
            }
        }
        // A Binary names none.
        let huge = bytes(&format!(r#""id":"b2",{}{stepped}"#, meta()));
        let (_dir, space, _) = read(&format!("{huge}\n{}\n", bytes(r#""id":"b1","#)));
        assert!(!unknown(&space, "Binary") || stepped.len() < 20);
    }
}

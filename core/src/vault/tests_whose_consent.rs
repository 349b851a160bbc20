//! Consents from elsewhere that are somebody else's, or of nobody knows whom, permit nothing without the
//! person's word, in whatever order they and the data come.

use super::tests::{clock, fill, gesture, observation, of_code, source, unlock};
use super::*;
use crate::consent::{Recipient, Standing};
use crate::error::Error;
use crate::id::GrantId;
use crate::label::Purpose;

const LDL: &str = "13457-7";

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
    (dir, space)
}

/// A Consent about a patient, which permits a practitioner to treat, or refuses it.
fn consent(id: &str, patient: &str, effect: &str, more: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Consent","id":"{id}"{more},"status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{patient},"provision":{{"type":"{effect}","purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}}]}}}}"#
    )
    .into_bytes()
}

fn refers(to: &str) -> String {
    format!(r#"{{"reference":"{to}"}}"#)
}

fn permit(to: &str) -> Vec<u8> {
    consent("1", &refers(to), "permit", "")
}

/// How many LDL results a practitioner is shown.
fn shown(space: &HealthSpace) -> crate::Result<usize> {
    let s = space.session(Recipient::reference("Practitioner/1").unwrap(), Purpose::Treatment)?;
    Ok(s.query(&of_code(LDL))?.into_value().len())
}

fn standing(space: &HealthSpace, id: GrantId) -> Standing {
    let all = space.imported_consents().unwrap();
    all.iter().find(|c| c.id == id).unwrap().standing
}

fn is_other<T: core::fmt::Debug>(r: crate::Result<T>) -> bool {
    matches!(r, Err(Error::OtherSubject))
}

#[test]
fn a_consent_of_somebody_else_that_was_filed_before_the_data_waits() {
    let (dir, space) = space();
    let id = space.import_consents(&permit("Patient/zzz"), gesture()).unwrap().filed[0];
    assert_eq!(standing(&space, id), Standing::InForce);
    // Another file says who the person is.
    fill(&space);
    assert!(matches!(shown(&space), Err(Error::Denied)));
    assert_eq!(standing(&space, id), Standing::Suspended);
    assert!(space.permissions().unwrap().iter().any(|p| p.id() == id && p.standing() == Standing::Suspended));
    drop(space);
    let space = HealthSpace::open(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
    assert!(matches!(shown(&space), Err(Error::Denied)));
    // It tells of nobody who the person is, and one that comes in its place waits as well.
    assert!(is_other(space.import_consents(&consent("2", &refers("Patient/zzz"), "permit", ""), gesture())));
    // Once the person said that it is theirs, it is, whatever comes.
    space.confirm_permission(id, gesture()).unwrap();
    assert_eq!(shown(&space).unwrap(), 1);
    let more = observation("9", "laboratory", LDL, "2026-02-05", "99", "");
    space.partition("health").unwrap().import(source(&[more])).unwrap();
    assert_eq!((shown(&space).unwrap(), standing(&space, id)), (2, Standing::InForce));
    let next = consent("1", &refers("Patient/zzz"), "permit", r#","meta":{"lastUpdated":"2026-01-01T00:00:00Z"}"#);
    assert_eq!(space.import_consents(&next, gesture()).unwrap().filed, [id]);
    let more = observation("10", "laboratory", LDL, "2026-03-05", "98", "");
    space.partition("health").unwrap().import(source(&[more])).unwrap();
    assert_eq!(shown(&space).unwrap(), 3);
}

#[test]
fn what_is_the_persons_or_was_confirmed_goes_on() {
    let own = |s: &HealthSpace| s.import_consents(&permit("Patient/p1"), gesture()).unwrap();
    let by_version = |s: &HealthSpace| s.import_consents(&permit("Patient/p1/_history/3"), gesture()).unwrap();
    let confirmed = |s: &HealthSpace| s.import_consents_confirmed(&permit("Patient/zzz"), gesture()).unwrap();
    let identified = consent("1", r#"{"identifier":{"system":"urn:mrn","value":"7"}}"#, "permit", "");
    let identified = |s: &HealthSpace| s.import_consents(&identified, gesture()).unwrap();
    let files: [&dyn Fn(&HealthSpace) -> ConsentsReport; 4] = [&own, &by_version, &confirmed, &identified];
    for (n, file) in files.into_iter().enumerate() {
        let (_dir, space) = space();
        let id = file(&space).filed[0];
        fill(&space);
        assert_eq!((shown(&space).unwrap(), standing(&space, id)), (1, Standing::InForce), "{n}");
    }
}

#[test]
fn what_it_refuses_is_refused_while_it_waits() {
    let (_dir, space) = space();
    space.import_consents(&permit("Patient/p1"), gesture()).unwrap();
    let refusal = consent("2", &refers("Patient/p1"), "deny", "");
    let (_other_dir, other) = self::space();
    for (space, patient) in [(&space, "Patient/p1"), (&other, "Patient/zzz")] {
        let text = String::from_utf8(refusal.clone()).unwrap().replace("Patient/p1", patient);
        // Both in one: what is refused, and within it what is permitted.
        let both = text.replace(
            r#""type":"deny","#,
            r#""type":"deny","provision":[{"type":"permit","actor":[{"reference":{"reference":"Practitioner/2"}}]}],"#,
        );
        space.import_consents(both.as_bytes(), gesture()).unwrap();
        fill(space);
        assert!(matches!(shown(space), Err(Error::Denied)), "{patient}");
    }
    let mine = consent("3", &refers("Patient/p1"), "permit", "");
    other.import_consents(&mine, gesture()).unwrap();
    assert!(matches!(shown(&other), Err(Error::Denied)), "the refusal holds");
}

#[test]
fn a_subject_that_is_no_plain_patient_needs_the_persons_word() {
    let odd = [
        refers("Patient/zzz|1"),
        refers("Patient/p1|1"),
        refers("Patient?identifier=urn:mrn|999"),
        refers("RelatedPerson/x"),
        refers("Group/1"),
        refers("#pat"),
        refers(""),
        refers("p1"),
        refers("urn:mrn|999"),
        refers("ftp://other.example/Patient/p1"),
        r#"{"type":"Group","identifier":{"system":"urn:mrn","value":"7"}}"#.to_owned(),
    ];
    let contained = r#","contained":[{"resourceType":"Patient","id":"pat","name":[{"family":"Else"}]}]"#;
    let address = [refers("https://other.example/fhir/Patient/p1")];
    for patient in odd.iter().chain(&address) {
        let (_dir, space) = space();
        let text = consent("1", patient, "permit", contained);
        if !address.contains(patient) {
            assert!(is_other(space.import_consents(&text, gesture())), "{patient}: before there are data");
        }
        fill(&space);
        assert!(is_other(space.import_consents(&text, gesture())), "{patient}");
        assert!(space.imported_consents().unwrap().is_empty(), "{patient}");
        let id = space.import_consents_confirmed(&text, gesture()).unwrap().filed[0];
        assert_eq!((shown(&space).unwrap(), standing(&space, id)), (1, Standing::InForce), "{patient}");
        let more = observation("9", "laboratory", LDL, "2026-02-05", "99", "");
        space.partition("health").unwrap().import(source(&[more])).unwrap();
        assert_eq!(shown(&space).unwrap(), 2, "{patient}");
    }
    // An address of a server, before there are data.
    let (_dir, space) = space();
    let id = space.import_consents(&permit("https://other.example/fhir/Patient/p1"), gesture()).unwrap().filed[0];
    fill(&space);
    assert_eq!((standing(&space, id), shown(&space).is_err()), (Standing::Suspended, true));
}

#[test]
fn a_handle_of_some_partitions_brings_no_data_under_a_consent_of_somebody_else() {
    let (dir, space) = space();
    space.import_consents(&permit("Patient/zzz"), gesture()).unwrap();
    let part = HealthSpace::open_partitions(dir.path().join("s.hs"), &unlock(), clock().0, &["health"]).unwrap();
    let data = || source(&[observation("1", "laboratory", LDL, "2026-01-05", "131.5", "")]);
    let refused = part.partition("health").unwrap().import(data());
    assert!(matches!(refused, Err(Error::NeedsFullSlot)));
    assert!(!matches!(shown(&space), Ok(1..)));
    // The whole space takes it, and goes on with what was read.
    space.partition("health").unwrap().import(data()).unwrap();
    assert!(matches!(shown(&space), Err(Error::Denied)) && matches!(shown(&part), Err(Error::Denied)));
}

/// The word for all that waits since a restore is none for what is somebody else's.
#[test]
fn a_consent_of_somebody_else_takes_a_word_of_its_own() {
    let (_dir, space) = space();
    let id = space.import_consents(&permit("Patient/zzz"), gesture()).unwrap().filed[0];
    let data = || source(&[observation("1", "laboratory", LDL, "2026-01-05", "131.5", "")]);
    let health = space.partition("health").unwrap();
    assert_eq!(health.import(data()).unwrap().held_back, 1);
    assert_eq!(space.confirm_all_permissions(gesture()).unwrap(), 0);
    assert!(matches!(shown(&space), Err(Error::Denied)));
    assert_eq!(standing(&space, id), Standing::Suspended);
    // A newer version of it waits as well, and the report says so.
    let next = consent("1", &refers("Patient/zzz"), "permit", r#","meta":{"lastUpdated":"2026-01-01T00:00:00Z"}"#);
    let report = space.import_consents_confirmed(&next, gesture()).unwrap();
    assert_eq!((report.filed, report.waiting), (vec![id], 1));
    assert_eq!(standing(&space, id), Standing::Suspended);
    space.confirm_permission(id, gesture()).unwrap();
    assert_eq!(shown(&space).unwrap(), 1);
    let more = source(&[observation("2", "laboratory", LDL, "2026-01-06", "132.5", "")]);
    assert_eq!(health.import(more).unwrap().held_back, 0);
}

/// One id on two servers is two people's, and a reference in a Bundle is to the server that has the text.
#[test]
fn a_patient_is_of_the_server_that_names_them() {
    let address = |server: &str| permit(&format!("https://{server}.example/Patient/1"));
    let bundle = |texts: &[(&str, Vec<u8>)]| {
        let entry = |(server, text): &(&str, Vec<u8>)| {
            let text = core::str::from_utf8(text).unwrap();
            format!(r#"{{"fullUrl":"https://{server}.example/Consent/1","resource":{text}}}"#)
        };
        let entries: Vec<String> = texts.iter().map(entry).collect();
        format!(r#"{{"resourceType":"Bundle","entry":[{}]}}"#, entries.join(",")).into_bytes()
    };
    let local = permit("Patient/1");
    for (first, second, other) in [
        (address("a"), address("b"), true),
        (address("a"), address("a"), false),
        (address("a"), bundle(&[("b", local.clone())]), true),
        (address("a"), bundle(&[("a", local.clone())]), false),
        (local.clone(), address("a"), false),
        // What a Bundle tells of the server is kept with what is filed.
        (bundle(&[("a", local.clone())]), bundle(&[("b", local.clone())]), true),
        (bundle(&[("a", local.clone())]), bundle(&[("a", local.clone())]), false),
        (bundle(&[("a", local.clone())]), address("b"), true),
        (bundle(&[("a", local.clone())]), address("a"), false),
    ] {
        let (_dir, space) = space();
        space.import_consents(&first, gesture()).unwrap();
        assert_eq!(is_other(space.import_consents(&second, gesture())), other, "{second:?}");
    }
    let (_dir, space) = space();
    let other = consent("2", &refers("https://b.example/Patient/1"), "permit", "");
    let two = bundle(&[("a", address("a")), ("b", other)]);
    assert!(is_other(space.import_consents_confirmed(&two, gesture())));
    // Nor are they the data's, which names no server.
    fill(&space);
    let own = permit("Patient/p1");
    assert!(is_other(space.import_consents(&bundle(&[("a", own.clone())]), gesture())));
    space.import_consents(&own, gesture()).unwrap();
    assert_eq!(shown(&space).unwrap(), 1);
}

/// A refusal of one server's patient is not replaced by a permit of another's, and a permit waits where the data
/// turns out to be of another server; what is handed out and read again says the same.
#[test]
fn the_server_that_a_bundle_tells_is_filed_with_the_consent() {
    let of = |server: &str, effect: &str| {
        let text = consent("1", &refers("Patient/p1"), effect, "");
        let text = core::str::from_utf8(&text).unwrap().to_owned();
        format!(r#"{{"resourceType":"Bundle","entry":[{{"fullUrl":"https://{server}.example/Consent/1","resource":{text}}}]}}"#)
            .into_bytes()
    };
    let (dir, space) = space();
    let denied = space.import_consents(&of("a", "deny"), gesture()).unwrap().filed[0];
    assert!(is_other(space.import_consents(&of("b", "permit"), gesture())));
    drop(space);
    let space = HealthSpace::open(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
    assert!(is_other(space.import_consents(&of("b", "permit"), gesture())));
    let filed = space.imported_consents().unwrap();
    assert_eq!((filed.len(), filed[0].id), (1, denied));
    // The same again is known, by its own text, too.
    assert_eq!(space.import_consents(&of("a", "deny"), gesture()).unwrap().unchanged, 1);
    drop(space);

    let (_dir, space) = self::space();
    let id = space.import_consents(&of("a", "permit"), gesture()).unwrap().filed[0];
    fill(&space);
    assert_eq!(standing(&space, id), Standing::Suspended);
    assert!(matches!(shown(&space), Err(Error::Denied)));
}

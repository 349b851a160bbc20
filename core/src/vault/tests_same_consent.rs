//! Which texts from elsewhere are versions of one consent: what refuses is not replaced by what is one by chance.

use super::tests::{clock, fill, gesture, of_code, unlock};
use super::*;
use crate::consent::Recipient;
use crate::error::Error;
use crate::label::Purpose;

const LDL: &str = "13457-7";

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    (dir, space)
}

/// `day` of January 2026 is when it was updated; `more` stands among its members.
fn text(id: &str, effect: &str, day: u32, source: &str, more: &str) -> String {
    let source = if source.is_empty() { String::new() } else { format!(r#","source":"{source}""#) };
    let id = if id.is_empty() { String::new() } else { format!(r#","id":"{id}""#) };
    format!(
        r#"{{"resourceType":"Consent"{id}{more},"meta":{{"lastUpdated":"2026-01-{day:02}T00:00:00Z"{source}}},"status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{{"type":"{effect}","purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}}]}}}}"#
    )
}

fn identified(identifiers: &[&str]) -> String {
    format!(r#","identifier":[{}]"#, identifiers.join(","))
}

fn shown(space: &HealthSpace) -> Option<usize> {
    let s = space.session(Recipient::reference("Practitioner/1").unwrap(), Purpose::Treatment).unwrap();
    match s.query(&of_code(LDL)) {
        Ok(rows) => Some(rows.into_value().len()),
        Err(Error::Denied) => None,
        Err(e) => panic!("{e}"),
    }
}

/// What is shown where one text comes after the other, and where both stand in one file.
fn after(first: &str, then: &str) -> [Option<usize>; 3] {
    let (_dir, apart) = space();
    for text in [first, then] {
        apart.import_consents(text.as_bytes(), gesture()).unwrap();
    }
    let together = [[first, then], [then, first]].map(|[a, b]| {
        let (_dir, space) = space();
        let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{a}}},{{"resource":{b}}}]}}"#);
        space.import_consents(bundle.as_bytes(), gesture()).unwrap();
        shown(&space)
    });
    [shown(&apart), together[0], together[1]]
}

const X: &str = r#"{"system":"urn:x","value":"1"}"#;
const Y: &str = r#"{"system":"urn:y","value":"1"}"#;

#[test]
fn an_identifier_without_a_system_identifies_nothing() {
    for number in [
        r#"{"value":"1"}"#,
        r#"{"system":"","value":"1"}"#,
        r#"{"use":"old","value":"1"}"#,
        r#"{"system":" /","value":"1"}"#,
    ] {
        let one = identified(&[number]);
        // Two hospitals: neither is a version of the other, and a refusal outweighs.
        let deny = text("a", "deny", 1, "", &one);
        assert_eq!(after(&deny, &text("b", "permit", 2, "", &one)), [None; 3], "{number}");
        let permit = text("a", "permit", 1, "", &one);
        assert_eq!(after(&permit, &text("b", "deny", 2, "", &one)), [None; 3], "{number}");
        // One hospital: by its id.
        assert_eq!(after(&deny, &text("a", "permit", 2, "", &one)), [Some(1); 3], "{number}");
    }
}

#[test]
fn the_same_id_of_two_servers_is_not_one_consent_where_one_refuses() {
    let deny = text("1", "deny", 1, "https://a.example/fhir#7", "");
    assert_eq!(after(&deny, &text("1", "permit", 2, "https://b.example/fhir", "")), [None; 3]);
    assert_eq!(after(&deny, &text("1", "permit", 2, "", "")), [None; 3]);
    // The fragment of a source is of a version.
    assert_eq!(after(&deny, &text("1", "permit", 2, "https://a.example/fhir#9", "")), [Some(1); 3]);
    // A permit gives way to whatever may be a version of it.
    let permit = text("1", "permit", 1, "https://a.example/fhir", "");
    let over = text("1", "permit", 2, "https://b.example/fhir", "").replace(r#""active""#, r#""inactive""#);
    assert_eq!(after(&permit, &over), [None; 3]);
}

#[test]
fn a_refusal_gives_way_to_what_shares_all_its_identifiers_alone() {
    let deny = |ids: &[&str]| text("", "deny", 1, "", &identified(ids));
    let permit = |ids: &[&str]| text("", "permit", 2, "", &identified(ids));
    assert_eq!(after(&deny(&[X]), &permit(&[X])), [Some(1); 3]);
    assert_eq!(after(&deny(&[X]), &permit(&[Y, X])), [Some(1); 3]);
    assert_eq!(after(&deny(&[X, Y]), &permit(&[Y, X])), [Some(1); 3]);
    assert_eq!(after(&deny(&[X, Y]), &permit(&[Y])), [None; 3]);
    assert_eq!(after(&deny(&[X, Y]), &permit(&[X])), [None; 3], "under the same series");
    // A permit gives way to a text that shares any.
    let over = |ids: &[&str]| permit(ids).replace(r#""active""#, r#""inactive""#);
    let was = text("", "permit", 1, "", &identified(&[X, Y]));
    assert_eq!(after(&was, &over(&[Y])), [None; 3]);
}

/// Each shares something with every other one.
#[test]
fn a_file_of_many_texts_that_share_something_is_read_in_time_and_refuses() {
    let (_dir, space) = space();
    let own = |n: u32| format!(r#"{{"system":"urn:own","value":"{n}"}}"#);
    let one = |n: u32| text("", "deny", 1 + n % 28, "", &identified(&[Y, &own(n)]));
    let entries: Vec<String> = (0..2_000).map(|n| format!(r#"{{"resource":{}}}"#, one(n))).collect();
    let permit = text("z", "permit", 30, "", &identified(&[Y]));
    let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{},{{"resource":{permit}}}]}}"#, entries.join(","));
    let begun = std::time::Instant::now();
    let report = space.import_consents(bundle.as_bytes(), gesture());
    assert!(begun.elapsed() < std::time::Duration::from_secs(60));
    match report {
        Ok(report) => assert!(report.filed.len() < 20 && report.unusable > 0),
        Err(e) => assert!(matches!(e, Error::TooLarge(_)), "{e}"),
    }
    assert_eq!(shown(&space), None);
}

/// Two texts of one file that would each take the place of what is there.
#[test]
fn no_refusal_of_a_file_is_lost_to_another_text_of_it() {
    let (_dir, space) = space();
    let there = text("", "permit", 1, "", &identified(&[X, Y]));
    space.import_consents(there.as_bytes(), gesture()).unwrap();
    assert_eq!(shown(&space), Some(1));
    let deny = text("", "deny", 2, "", &identified(&[X, Y]));
    let permit = text("", "permit", 3, "", &identified(&[Y]));
    let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{deny}}},{{"resource":{permit}}}]}}"#);
    space.import_consents(bundle.as_bytes(), gesture()).unwrap();
    assert_eq!(shown(&space), None);
}

/// An id alone is a number that anybody may give, and one that a patient has on another server is another patient's.
#[test]
fn an_id_that_nothing_places_takes_the_place_of_no_refusal() {
    let of = |patient: &str, text: String| match patient {
        "" => text.replace(r#","patient":{"reference":"Patient/p1"}"#, ""),
        _ => text.replace("Patient/p1", patient),
    };
    let both = |a: &str, b: &str| {
        let (deny, permit) = (of(a, text("1", "deny", 1, "", "")), of(b, text("1", "permit", 2, "", "")));
        let (_dir, space) = space();
        for text in [deny, permit] {
            space.import_consents_confirmed(text.as_bytes(), gesture()).unwrap();
        }
        shown(&space)
    };
    let (a, b) = ("https://a.example/Patient/1", "https://b.example/Patient/1");
    assert_eq!(both("", ""), None);
    assert_eq!(both("", "Patient/p1"), None);
    assert_eq!(both(a, b), None);
    assert_eq!(both(a, "Patient/1"), None);
    assert_eq!(both(a, a), Some(1));
    assert_eq!(both(a, &format!("{a}/_history/2")), Some(1));
    assert_eq!(both("Patient/p1", "Patient/p1"), Some(1));
    // A permit gives way to whatever may be a version of it.
    let (_dir, space) = space();
    let permit = of("", text("1", "permit", 1, "", ""));
    space.import_consents(permit.as_bytes(), gesture()).unwrap();
    assert_eq!(shown(&space), Some(1));
    let over = of("", text("1", "permit", 2, "", "")).replace(r#""active""#, r#""inactive""#);
    space.import_consents(over.as_bytes(), gesture()).unwrap();
    assert_eq!(shown(&space), None);
}

//! Labels of data from elsewhere: what is not understood is no less sensitive for it.

use super::tests::{allow, clock, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::import::Source;
use crate::label::{Confidentiality, Purpose};
use crate::record::Category;

const LDL: &str = "13457-7";

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
    (dir, space)
}

fn refuse_hiv(space: &HealthSpace) {
    let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"provision":{"type":"deny","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}}"#;
    space.import_consents(refusal, gesture()).unwrap();
}

fn shown(space: &HealthSpace) -> usize {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.query(&of_code(LDL)).unwrap().into_value().len()
}

fn labelled(security: &str) -> String {
    observation("1", "laboratory", LDL, "2026-01-05", "131.5", &format!(r#""meta":{{"security":[{security}]}},"#))
}

#[test]
fn a_label_that_is_not_understood_is_hit_by_every_refusal_of_a_label() {
    let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    let of = |system: &str, code: &str| format!(r#"{{"system":"{system}","code":"{code}"}}"#);
    for refused in [
        of(act, "HIV"),
        r#"{"code":"HIV"}"#.into(),
        r#"{"code":"HIV","display":"HIV"}"#.into(),
        r#"{"display":"HIV"}"#.into(),
        of(&format!("{act}|4.0.0"), "HIV"),
        of("urn:oid:2.16.840.1.113883.5.4", "HIV"),
        of(act, "SOMETHINGNEW"),
        of("https://hospital.example/labels", "hiv-data"),
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        space.partition("health").unwrap().import(source(&[labelled(&refused)])).unwrap();
        assert_eq!(shown(&space), 1, "{refused}");
        refuse_hiv(&space);
        assert_eq!(shown(&space), 0, "{refused}");
    }
    for silent in [
        of("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"),
        of("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST"),
        of("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED"),
        of(act, "NORELINK"),
        r#"{"code":"N"}"#.into(),
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        refuse_hiv(&space);
        space.partition("health").unwrap().import(source(&[labelled(&silent)])).unwrap();
        assert_eq!(shown(&space), 1, "{silent}");
    }
}

/// D6: "ingest must raise any sensitive item to R".
#[test]
fn d6_what_is_sensitive_is_restricted_whatever_else_it_says() {
    let (_dir, space) = space();
    let normal = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}"#;
    let hiv = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}"#;
    space.partition("health").unwrap().import(source(&[labelled(&format!("{normal},{hiv}"))])).unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).up_to(Confidentiality::Normal).agree(gesture()).unwrap();
    assert_eq!(shown(&space), 0);
    allow(&space, &[Category::Laboratory]);
    assert_eq!(shown(&space), 1);
}

/// Members of an object have no order.
#[test]
fn the_labels_of_a_bundle_hold_wherever_they_stand() {
    let entry = format!(r#""entry":[{{"resource":{}}}]"#, labelled(""));
    let meta = r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}"#;
    let bundle = |members: &str| format!(r#"{{"resourceType":"Bundle","type":"collection",{members}}}"#);
    let inner = bundle(&entry);
    for text in [
        bundle(&format!("{meta},{entry}")),
        bundle(&format!("{entry},{meta}")),
        bundle(&format!(r#""entry":[{{"resource":{inner}}}],{meta}"#)),
        bundle(&format!(r#""entry":[{{"resource":{}}}]"#, bundle(&format!("{entry},{meta}")))),
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        space.partition("health").unwrap().import(Source::bytes(text.clone().into_bytes()).unwrap()).unwrap();
        assert_eq!(shown(&space), 1, "{text}");
        refuse_hiv(&space);
        assert_eq!(shown(&space), 0, "{text}");
    }
}

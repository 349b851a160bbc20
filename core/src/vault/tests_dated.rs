//! Rules about when data is from, and data of a partial date or a period: all of it counts.

use super::tests::{allow, clock, gesture, model, source, unlock};
use super::*;
use crate::catalog::Query;
use crate::id::Timestamp;
use crate::label::Purpose;
use crate::record::{Category, When};

const DATES: [(&str, &str); 9] = [
    ("year", r#""effectiveDateTime":"2026""#),
    ("may", r#""effectiveDateTime":"2026-05""#),
    ("june", r#""effectiveDateTime":"2026-06""#),
    ("day in june", r#""effectiveDateTime":"2026-06-20""#),
    ("day in may", r#""effectiveDateTime":"2026-05-20""#),
    ("over june", r#""effectivePeriod":{"start":"2026-05-02","end":"2026-07-31"}"#),
    ("in may", r#""effectivePeriod":{"start":"2026-05-02","end":"2026-05-31"}"#),
    ("into june", r#""effectivePeriod":{"start":"2026-05-02","end":"2026-06"}"#),
    ("undated", r#""status":"final""#),
];

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    let of = |(name, date): &(&str, &str)| {
        format!(
            r#"{{"resourceType":"Observation","id":"{}","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"text":"{name}"}},"subject":{{"reference":"Patient/p1"}},"valueString":"x",{date}}}"#,
            name.replace(' ', "-")
        )
    };
    let entries: Vec<String> = DATES.iter().map(of).collect();
    space.partition("health").unwrap().import(source(&entries)).unwrap();
    (dir, space)
}

/// What is shown.
fn seen(space: &HealthSpace) -> Vec<String> {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let rows = session.query(&Query::default()).unwrap().into_value();
    let mut names: Vec<String> = rows.into_iter().map(|r| r.fact.text).collect();
    names.sort();
    names
}

#[test]
fn a_refusal_by_date_hits_what_reaches_into_it() {
    let (_dir, space) = space();
    allow(&space, Category::ALL);
    assert_eq!(seen(&space).len(), DATES.len(), "the control");
    let refusal = |period: &str| {
        format!(
            r#"{{"resourceType":"Consent","id":"june","status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{{"type":"deny","dataPeriod":{period}}}}}"#
        )
    };
    let june = refusal(r#"{"start":"2026-06-01","end":"2026-06-30"}"#);
    assert_eq!(space.import_consents(june.as_bytes(), gesture()).unwrap().filed.len(), 1);
    assert_eq!(seen(&space), ["day in may", "in may", "may"]);
}

#[test]
fn a_permit_by_date_holds_all_of_what_it_shows() {
    let (_dir, space) = space();
    let at = |date: &str| Timestamp::from_millis(When::parse_fhir(date).unwrap().at);
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL).recipient(model());
    ask.expires_in_days(90).data_period(at("2026-05-01"), at("2026-06-01")).agree(gesture()).unwrap();
    assert_eq!(seen(&space), ["day in may", "in may", "may"]);
}

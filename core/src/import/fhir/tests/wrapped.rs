//! Observations that stand in something else than a Bundle's entry.
use super::*;
use crate::record::When;

const POTASSIUM: &str = r#""resourceType":"Observation","id":"k","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},"valueQuantity":{"value":4.10,"unit":"mmol/L"}"#;

#[test]
fn parameters_are_read_as_a_bundle_is() {
    let o = format!(r#"{{{POTASSIUM},"effectiveDateTime":"2021-06-01"}}"#);
    for json in [
        format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"return","resource":{o}}}]}}"#),
        format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"a","valueString":"x"}},{{"name":"b","part":[{{"name":"c","resource":{o}}}]}}]}}"#
        ),
        format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Parameters","parameter":[{{"name":"r","resource":{o}}}]}}}}]}}"#
        ),
    ] {
        let (c, r) = run(json.as_bytes());
        assert_eq!((c.records.len(), c.fact().kind, issues(&r)), (1, Kind::Observation, vec![]), "{json}");
        assert_eq!(c.fact().codes[0].code, "2823-3");
    }
    // Parts of parts end somewhere, and it is said where.
    let deep = format!(
        r#"{{"resourceType":"Parameters","parameter":[{}{o}{}]}}"#,
        r#"{"name":"p","part":["#.repeat(50_000),
        "]}".repeat(50_000)
    );
    let (c, r) = run(deep.as_bytes());
    assert_eq!((c.records.len(), issues(&r)), (0, vec![(Severity::Refused, What::TooDeep)]));
}

#[test]
fn an_observation_within_a_resource_is_a_fact_of_it() {
    let report = |status: &str, subject: &str| {
        format!(
            r##"{{"resourceType":"DiagnosticReport","status":"{status}","code":{{"text":"lab"}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2021-06-02",
            "contained":[{{{POTASSIUM}{subject}}},{{"resourceType":"Practitioner","id":"d"}}],"result":[{{"reference":"#k"}}]}}"##
        )
    };
    let (c, r) = run(report("final", "").as_bytes());
    let facts = &c.records[0].facts;
    assert_eq!((facts.len(), facts[1].kind, issues(&r)), (2, Kind::Observation, vec![]));
    assert_eq!(facts[1].codes[0].code, "2823-3");
    // It is dated as the report where it has no date of its own, and in error where that is.
    assert_eq!(facts[1].when, When::parse_fhir("2021-06-02"));
    let (c, _) = run(report("entered-in-error", "").as_bytes());
    assert_eq!(c.records[0].facts[1].status, Status::EnteredInError);
    // About somebody else it is not read, and that is said.
    let (c, r) = run(report("final", r#","subject":{"reference":"Patient/other"}"#).as_bytes());
    assert_eq!((c.records[0].facts.len(), issues(&r)), (1, vec![(Severity::Refused, What::OtherSubject)]));
    let (c, _) = run(report("final", r#","subject":{"reference":"Patient/p"}"#).as_bytes());
    assert_eq!(c.records[0].facts.len(), 2);
}

#[test]
fn a_status_that_fhir_does_not_have_settles_nothing() {
    let (c, r) = run(format!("{{{POTASSIUM}}}").replace("final", "weird").as_bytes());
    assert_eq!((c.fact().status, issues(&r)), (Status::Preliminary, vec![(Severity::Repaired, What::MissingField)]));
    for known in ["unknown", "final"] {
        let (_, r) = run(format!("{{{POTASSIUM}}}").replace("final", known).as_bytes());
        assert_eq!(issues(&r), vec![]);
    }
}

//! A Consent from elsewhere refuses a type of resource: nothing that comes from one is shown, by any call.

use super::tests::{allow, clock, fill, gesture, model, observation, source, unlock};
use super::*;
use crate::catalog::{FactRow, Query};
use crate::grounding::Budget;
use crate::label::{Label, Obligations, Purpose};
use crate::record::Category;

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    (dir, space)
}

fn session(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

fn keeps() -> Label {
    Endpoint::cleared(Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE))
}

fn import(space: &HealthSpace, entries: &[String]) {
    space.partition("health").unwrap().import(source(entries)).unwrap();
}

fn med(kind: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"{kind}","id":"m1","status":"active","intent":"order","medicationCodeableConcept":{{"text":"Zyloprim"}},"subject":{{"reference":"Patient/p1"}},"authoredOn":"2026-01-01","effectiveDateTime":"2026-01-01"{more}}}"#
    )
}

fn deny_type(t: &str) -> String {
    format!(
        r#"{{"resourceType":"Consent","id":"deny-{t}","status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{{"type":"deny","class":[{{"system":"http://hl7.org/fhir/resource-types","code":"{t}"}}]}}}}"#
    )
}

fn rows(space: &HealthSpace) -> Vec<FactRow> {
    session(space).query(&Query::default()).map(|r| r.into_value()).unwrap_or_default()
}

/// What is shown of a resource type under grants for everything and a refusal of that type.
fn shown_under_refusal(resource: &str, t: &str) -> Vec<String> {
    let (_dir, space) = space();
    import(&space, &[resource.to_owned(), observation("9", "vital-signs", "8867-4", "2026-01-06", "61", "")]);
    allow(&space, Category::ALL);
    let seen = |s: &HealthSpace| -> Vec<String> {
        let of = rows(s).into_iter().filter(|r| r.type_name == t);
        of.map(|r| format!("{:?} {:?} {} {:?}", r.class.kind, r.class.category, r.fact.text, r.part)).collect()
    };
    let before = seen(&space);
    assert!(!before.is_empty(), "the control");
    let report = space.import_consents(deny_type(t).as_bytes(), gesture()).unwrap();
    assert_eq!((report.filed.len(), report.unusable), (1, 0));
    seen(&space)
}

const REASON: &str =
    r#","reasonCode":[{"coding":[{"system":"http://snomed.info/sct","code":"86406008"}],"text":"HIV infection"}]"#;

const CONDITION: &str = r#"{"resourceType":"Condition","id":"c1","clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"HIV infection"},"subject":{"reference":"Patient/p1"},"recordedDate":"2026-01-01"}"#;

#[test]
fn a_refused_medication_request_tells_no_reason() {
    let left = shown_under_refusal(&med("MedicationRequest", REASON), "MedicationRequest");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_refused_medication_statement_tells_no_reason() {
    let left = shown_under_refusal(&med("MedicationStatement", REASON), "MedicationStatement");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_refused_medication_definition_is_not_shown() {
    let m = r#"{"resourceType":"Medication","id":"d1","status":"active","code":{"text":"Biktarvy"}}"#;
    let left = shown_under_refusal(m, "Medication");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_refused_medication_without_a_name_is_not_shown() {
    let m = r#"{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","subject":{"reference":"Patient/p1"},"authoredOn":"2026-01-01","dosageInstruction":[{"text":"one tablet of the HIV medicine daily"}]}"#;
    let left = shown_under_refusal(m, "MedicationRequest");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_a_refused_resource_contains_is_refused() {
    let inner = r#","contained":[{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"20447-9"}],"text":"HIV RNA"},"effectiveDateTime":"2026-01-01","valueQuantity":{"value":50,"unit":"copies/mL"}}]"#;
    let condition = format!(
        r##"{{"resourceType":"Condition","id":"c1"{inner},"clinicalStatus":{{"coding":[{{"code":"active"}}]}},"code":{{"text":"HIV infection"}},"subject":{{"reference":"Patient/p1"}},"recordedDate":"2026-01-01","evidence":[{{"detail":[{{"reference":"#o"}}]}}]}}"##
    );
    let imm = format!(
        r##"{{"resourceType":"Immunization","id":"i1"{inner},"status":"completed","vaccineCode":{{"text":"Mpox"}},"patient":{{"reference":"Patient/p1"}},"occurrenceDateTime":"2026-01-01","reaction":[{{"detail":{{"reference":"#o"}}}}]}}"##
    );
    let mut left = Vec::new();
    for (r, t) in
        [(condition, "Condition"), (imm, "Immunization"), (med("MedicationRequest", inner), "MedicationRequest")]
    {
        let l = shown_under_refusal(&r, t);
        if !l.is_empty() {
            left.push((t, l));
        }
    }
    assert!(left.is_empty(), "{left:?}");
}

/// FHIR's resource types have two abstract ones, that every resource is of.
#[test]
fn a_refusal_of_every_resource_refuses_every_resource() {
    let mut left = Vec::new();
    for t in ["DomainResource", "Resource"] {
        let (_dir, space) = space();
        fill(&space);
        import(&space, &[CONDITION.to_owned()]);
        allow(&space, Category::ALL);
        assert_eq!(rows(&space).len(), 4);
        let report = space.import_consents(deny_type(t).as_bytes(), gesture()).unwrap();
        assert_eq!((report.filed.len(), report.unusable), (1, 0));
        left.extend(rows(&space).iter().map(|r| format!("{t}: {}", r.fact.text)));
    }
    assert!(left.is_empty(), "{left:?}");
}

/// What a deny names and nobody knows does not restrict it.
#[test]
fn a_refusal_of_a_type_that_fhir_does_not_have_is_not_narrowed_by_it() {
    let (_dir, space) = space();
    fill(&space);
    import(&space, &[CONDITION.to_owned()]);
    allow(&space, Category::ALL);
    let report = space.import_consents(deny_type("Diagnosis").as_bytes(), gesture()).unwrap();
    assert_eq!((report.filed.len(), report.unusable), (1, 0));
    let left: Vec<String> = rows(&space).iter().map(|r| r.fact.text.clone()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What a medication is for tells a condition, to whoever is refused conditions.
#[test]
fn a_refusal_of_conditions_reaches_the_reason_of_a_medication() {
    let (_dir, space) = space();
    import(&space, &[med("MedicationRequest", REASON), CONDITION.to_owned()]);
    allow(&space, Category::ALL);
    let report = space.import_consents(deny_type("Condition").as_bytes(), gesture()).unwrap();
    assert_eq!((report.filed.len(), report.unusable), (1, 0));
    let left: Vec<String> = rows(&space).iter().map(|r| format!("{} {}", r.type_name, r.fact.text)).collect();
    assert!(!left.iter().any(|l| l.contains("HIV")), "{left:?}");
}

/// What is asked in words is answered from what a refused resource says, too.
#[test]
fn a_question_is_not_answered_from_a_refused_medication_request() {
    let (_dir, space) = space();
    import(
        &space,
        &[med("MedicationRequest", REASON), observation("9", "vital-signs", "8867-4", "2026-01-06", "61", "")],
    );
    allow(&space, Category::ALL);
    space.import_consents(deny_type("MedicationRequest").as_bytes(), gesture()).unwrap();
    let out = session(&space).ground("Do I have an HIV infection?", Budget::tokens(500)).unwrap();
    let text = out.value().text.clone();
    assert!(!text.contains("reason for a medication"), "{text}");
}

/// What leaves of a medication under a grant for medications alone: by a reader's body, and by a held value.
fn body_under_medications(resource: &str) -> String {
    let (_dir, space) = space();
    import(&space, &[resource.to_owned()]);
    allow(&space, &[Category::Medications]);
    let all = rows(&space);
    assert_eq!(all.len(), 1, "the medication itself");
    let s = session(&space);
    let reader = s.reader(&Query::default(), 10).unwrap();
    let body = reader.body(all[0].record).map(|b| String::from_utf8(b).unwrap()).unwrap_or_default();
    let passed = s.hold(all[0].record).and_then(|v| {
        let call = s.model_call(&[&v], &Endpoint::model(model(), keeps()))?;
        let out = call.contents().next().unwrap_or_default().to_owned();
        Ok(out)
    });
    body + &passed.unwrap_or_default() + &all[0].fact.note
}

#[test]
fn control_a_body_with_a_reason_code_stays() {
    let out = body_under_medications(&med("MedicationRequest", REASON));
    assert!(!out.contains("HIV"), "{out}");
}

#[test]
fn a_reason_by_reference_does_not_leave_with_the_medication() {
    let out = body_under_medications(&med(
        "MedicationRequest",
        r#","reasonReference":[{"reference":"Condition/7","display":"HIV infection"}]"#,
    ));
    assert!(!out.contains("HIV"), "{out}");
}

#[test]
fn a_contained_condition_does_not_leave_with_the_medication() {
    let out = body_under_medications(&med(
        "MedicationRequest",
        r##","contained":[{"resourceType":"Condition","id":"c","code":{"text":"HIV infection"},"subject":{"reference":"Patient/p1"}}],"reasonReference":[{"reference":"#c"}]"##,
    ));
    assert!(!out.contains("HIV"), "{out}");
}

#[test]
fn what_it_is_taken_for_as_needed_does_not_leave_with_the_medication() {
    let out = body_under_medications(&med(
        "MedicationRequest",
        r#","dosageInstruction":[{"asNeededCodeableConcept":{"text":"HIV neuropathy"}}]"#,
    ));
    assert!(!out.contains("HIV"), "{out}");
}

#[test]
fn why_it_was_stopped_does_not_leave_with_the_medication() {
    let out = body_under_medications(&med("MedicationRequest", r#","statusReason":{"text":"HIV infection cured"}"#));
    assert!(!out.contains("HIV"), "{out}");
}

#[test]
fn a_reason_of_older_fhir_does_not_leave_with_the_medication() {
    let out = body_under_medications(&med(
        "MedicationStatement",
        r#","reasonForUseCodeableConcept":{"text":"HIV infection"}"#,
    ));
    assert!(!out.contains("HIV"), "{out}");
}

#[test]
fn a_reason_for_a_vaccination_does_not_leave_with_it() {
    let (_dir, space) = space();
    let i = format!(
        r#"{{"resourceType":"Immunization","id":"i1","status":"completed","vaccineCode":{{"text":"Mpox"}},"patient":{{"reference":"Patient/p1"}},"occurrenceDateTime":"2026-01-01"{REASON}}}"#
    );
    import(&space, &[i]);
    allow(&space, &[Category::Immunizations]);
    let all = rows(&space);
    let s = session(&space);
    let body = s.reader(&Query::default(), 10).unwrap().body(all[0].record).map(|b| String::from_utf8(b).unwrap());
    assert!(!body.as_ref().is_ok_and(|b| b.contains("HIV")), "{body:?}");
}

/// Types of which facts are made; what is not in them is ignored by each.
const TYPES: [&str; 42] = [
    "AllergyIntolerance",
    "Appointment",
    "BodyStructure",
    "CarePlan",
    "CareTeam",
    "Claim",
    "ClinicalImpression",
    "Communication",
    "Composition",
    "Condition",
    "Coverage",
    "DetectedIssue",
    "Device",
    "DeviceRequest",
    "DeviceUseStatement",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "ImagingStudy",
    "Immunization",
    "ImmunizationRecommendation",
    "List",
    "Media",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "NutritionOrder",
    "Observation",
    "Procedure",
    "QuestionnaireResponse",
    "RiskAssessment",
    "ServiceRequest",
    "Specimen",
    "Task",
    "VisionPrescription",
];

/// A resource that says "Own" of itself, "Why" of what it is for, "Within" of what it contains.
fn any(t: &str, id: &str, contained: &str) -> String {
    let title = if t == "DeviceUseStatement" { r#","device":{"display":"Own"}"# } else { "" };
    format!(
        r#"{{"resourceType":"{t}","id":"{id}","status":"completed","subject":{{"reference":"Patient/p1"}},"patient":{{"reference":"Patient/p1"}},"code":{{"text":"Own"}},"vaccineCode":{{"text":"Own"}},"medicationCodeableConcept":{{"text":"Own"}},"description":"Own","type":[{{"text":"Own"}}],"date":"2026-01-05","authoredOn":"2026-01-05","effectiveDateTime":"2026-01-05","reasonCode":[{{"text":"Why"}}],"empty":{{"reasonUnread":{{"text":"Why"}}}}{title},"contained":[{contained}]}}"#
    )
}

#[test]
fn of_a_refused_type_nothing_is_told_by_any_call() {
    let within =
        r#"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"Within"},"valueString":"Within"}"#;
    for t in TYPES {
        let (_dir, space) = space();
        let other = if t == "AllergyIntolerance" { "Immunization" } else { "AllergyIntolerance" };
        let plain =
            any(other, "c", "").replace("Own", "Control").replace("reasonCode", "none").replace("reasonUnread", "n");
        import(&space, &[any(t, "x", within), plain]);
        allow(&space, Category::ALL);
        let before: Vec<FactRow> = rows(&space).into_iter().filter(|r| r.type_name == t).collect();
        assert!(before.len() >= 2, "{t}: {}", before.len());
        let report = space.import_consents(deny_type(t).as_bytes(), gesture()).unwrap();
        assert_eq!((report.filed.len(), report.unusable), (1, 0), "{t}");
        let left = rows(&space);
        assert!(left.len() == 1 && left[0].fact.text == "Control", "{t}: {}", left.len());
        let all = Query::default();
        assert_eq!(*session(&space).count(&all).unwrap().value(), 1, "{t}");
        assert_eq!(session(&space).presence().unwrap().value().len(), 1, "{t}");
        for question in ["What do you know about me?", "Own Why Within", "What conditions do I have?"] {
            let out = session(&space).ground(question, Budget::tokens(1000)).unwrap();
            let page = out.value().text.replace(question, "");
            assert!(!["Own", "Why", "Within"].iter().any(|w| page.contains(&format!("«{w}"))), "{t}: {page}");
        }
        let s = session(&space);
        let reader = s.reader(&all, 10).unwrap();
        assert!(reader.body(before[0].record).is_err() && s.hold(before[0].record).is_err(), "{t}");
    }
}

#[test]
fn what_is_contained_in_another_type_is_refused_with_its_own() {
    let own = [
        "AllergyIntolerance",
        "Condition",
        "DiagnosticReport",
        "Encounter",
        "Immunization",
        "Medication",
        "MedicationStatement",
        "Observation",
        "Procedure",
    ];
    for outer in ["Condition", "Immunization", "MedicationRequest", "Observation", "DiagnosticReport"] {
        for t in own.into_iter().filter(|t| *t != outer) {
            let inner = format!(r#"{{"resourceType":"{t}","id":"i","status":"completed","code":{{"text":"Within"}}}}"#);
            let (_dir, space) = space();
            import(&space, &[any(outer, "x", &inner)]);
            allow(&space, Category::ALL);
            let record = rows(&space)[0].record;
            let body = || {
                let s = session(&space);
                let reader = s.reader(&Query::default(), 10)?;
                let body = reader.body(record)?;
                s.hold(record)?;
                Ok::<_, crate::Error>(body)
            };
            assert!(body().is_ok_and(|b| String::from_utf8(b).unwrap().contains("Within")), "{t} in {outer}");
            let report = space.import_consents(deny_type(t).as_bytes(), gesture()).unwrap();
            assert_eq!((report.filed.len(), report.unusable), (1, 0), "{t}");
            assert!(body().is_err(), "{t} in {outer}");
        }
    }
}

/// A permit by an abstract type, or one that FHIR does not have, permits nothing.
#[test]
fn a_permit_of_a_type_that_fhir_does_not_have_is_void() {
    for (t, permits) in [("Condition", true), ("DomainResource", false), ("Diagnosis", false)] {
        let (_dir, space) = space();
        import(&space, &[CONDITION.to_owned()]);
        let permit = deny_type(t).replace(r#""type":"deny""#, r#""type":"permit""#);
        let report = space.import_consents(permit.as_bytes(), gesture()).unwrap();
        assert_eq!((report.filed.len(), report.unusable), (1, 0), "{t}");
        assert_eq!(!rows(&space).is_empty(), permits, "{t}");
    }
}

/// Members that are not read, and where they stand.
#[test]
fn what_is_not_read_and_tells_of_a_condition_keeps_the_body_from_whoever_may_see_none() {
    for more in [
        r#","extension":[{"url":"http://example.org/fhir/indication","valueString":"HIV"}]"#,
        r#","dosageInstruction":[{"additionalInstruction":[{"text":"x"}],"extension":[{"url":"http://example.org/reason-for-use","valueCodeableConcept":{"text":"HIV"}}]}]"#,
        r#","contained":[{"resourceType":"MedicationStatement","id":"c","reasonCode":[{"text":"HIV"}]}]"#,
        r#","contained":[{"resourceType":"Procedure","id":"c","code":{"text":"HIV test"}}]"#,
        r#","_statusReason":{"extension":[{"url":"http://example.org/x","valueString":"HIV"}]}"#,
    ] {
        let out = body_under_medications(&med("MedicationRequest", more));
        assert!(!out.contains("HIV"), "{out}");
    }
    // Without words there is nothing to keep.
    for more in [
        r#","reasonReference":[{"reference":"Condition/7"}]"#,
        r#","reasonForUseReference":{"reference":"Condition/7"}"#,
        r#","substitution":{"allowedBoolean":true,"reason":{"text":"Condition/7 of the formulary"}}"#,
    ] {
        let out = body_under_medications(&med("MedicationRequest", more));
        assert!(out.contains("Condition/7"), "{out}");
    }
}

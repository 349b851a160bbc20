//! Why something was done is a condition: a grant of the thing alone tells no word of it, by no call.

use super::tests::{allow, clock, model, source, unlock};
use super::*;
use crate::catalog::Query;
use crate::error::Error;
use crate::grounding::Budget;
use crate::label::Purpose;
use crate::record::{Category, FactDraft, Kind, Value};

/// Two conditions whose names are as long as each other: nothing may tell which of them it is.
const TWINS: [&str; 2] = ["Syphilis", "Migraine"];

/// Every resource type that says of a condition beside its own matter, with WHY in its place.
const TOLD: [(&str, Category, &str); 20] = [
    (
        "procedure",
        Category::Procedures,
        r#""resourceType":"Procedure","code":{"text":"Own"},"performedDateTime":"2026-01-05","reasonCode":[{"text":"WHY"}]"#,
    ),
    (
        "procedure of R5",
        Category::Procedures,
        r#""resourceType":"Procedure","code":{"text":"Own"},"occurrenceDateTime":"2026-01-05","reason":[{"concept":{"text":"WHY"}}]"#,
    ),
    (
        "procedure by reference",
        Category::Procedures,
        r#""resourceType":"Procedure","code":{"text":"Own"},"performedDateTime":"2026-01-05","reasonReference":[{"display":"WHY"}]"#,
    ),
    (
        "complication",
        Category::Procedures,
        r#""resourceType":"Procedure","code":{"text":"Own"},"performedDateTime":"2026-01-05","complication":[{"text":"WHY"}]"#,
    ),
    (
        "device",
        Category::Procedures,
        r#""resourceType":"DeviceUseStatement","device":{"display":"Own"},"timingDateTime":"2026-01-05","reasonCode":[{"text":"WHY"}]"#,
    ),
    (
        "visit",
        Category::Encounters,
        r#""resourceType":"Encounter","type":[{"text":"Own"}],"period":{"start":"2026-01-05"},"reasonCode":[{"text":"WHY"}]"#,
    ),
    (
        "visit's diagnosis",
        Category::Encounters,
        r#""resourceType":"Encounter","type":[{"text":"Own"}],"period":{"start":"2026-01-05"},"diagnosis":[{"condition":{"display":"WHY"}}]"#,
    ),
    (
        "contained",
        Category::Encounters,
        r##""resourceType":"Encounter","type":[{"text":"Own"}],"period":{"start":"2026-01-05"},"contained":[{"resourceType":"Condition","id":"c","code":{"text":"WHY"}}],"reasonReference":[{"reference":"#c"}]"##,
    ),
    (
        "order",
        Category::Encounters,
        r#""resourceType":"ServiceRequest","code":{"text":"Own"},"authoredOn":"2026-01-05","reasonCode":[{"text":"WHY"}]"#,
    ),
    (
        "appointment",
        Category::Encounters,
        r#""resourceType":"Appointment","serviceType":[{"text":"Own"}],"start":"2026-01-05T10:00:00Z","reasonCode":[{"text":"WHY"}]"#,
    ),
    (
        "vaccination",
        Category::Immunizations,
        r#""resourceType":"Immunization","vaccineCode":{"text":"Own"},"occurrenceDateTime":"2026-01-05","reasonCode":[{"text":"WHY"}]"#,
    ),
    (
        "vaccination not done",
        Category::Immunizations,
        r#""resourceType":"Immunization","vaccineCode":{"text":"Own"},"occurrenceDateTime":"2026-01-05","statusReason":{"text":"WHY"}"#,
    ),
    (
        "medication",
        Category::Medications,
        r#""resourceType":"MedicationRequest","medicationCodeableConcept":{"text":"Own"},"authoredOn":"2026-01-05","reasonReference":[{"display":"WHY"}]"#,
    ),
    (
        "as needed",
        Category::Medications,
        r#""resourceType":"MedicationStatement","medicationCodeableConcept":{"text":"Own"},"effectiveDateTime":"2026-01-05","dosage":[{"asNeededCodeableConcept":{"text":"WHY"}}]"#,
    ),
    (
        "plan",
        Category::CarePlans,
        r#""resourceType":"CarePlan","title":"Own","period":{"start":"2026-01-05"},"addresses":[{"display":"WHY"}]"#,
    ),
    (
        "goal",
        Category::CarePlans,
        r#""resourceType":"Goal","description":{"text":"Own"},"startDate":"2026-01-05","addresses":[{"display":"WHY"}]"#,
    ),
    (
        "team",
        Category::CarePlans,
        r#""resourceType":"CareTeam","category":[{"text":"Own"}],"period":{"start":"2026-01-05"},"reasonCode":[{"text":"WHY"}]"#,
    ),
    (
        "claim",
        Category::Financial,
        r#""resourceType":"Claim","type":{"text":"Own"},"created":"2026-01-05","diagnosis":[{"sequence":1,"diagnosisCodeableConcept":{"text":"WHY"}}]"#,
    ),
    (
        "claim's item",
        Category::Financial,
        r#""resourceType":"Claim","type":{"text":"Own"},"created":"2026-01-05","diagnosis":[{"sequence":1,"diagnosisReference":{"reference":"Condition/1"}}],"item":[{"sequence":1,"diagnosisSequence":[1],"productOrService":{"text":"WHY"}}]"#,
    ),
    (
        "report",
        Category::Documents,
        r#""resourceType":"DiagnosticReport","code":{"text":"Own"},"effectiveDateTime":"2026-01-05","conclusionCode":[{"text":"WHY"}]"#,
    ),
];

const QUESTIONS: [&str; 7] = [
    "What do you know about me?",
    "What procedures did I have, and when was I at the doctor?",
    "What medications do I take, and which vaccines did I get?",
    "What conditions do I have?",
    "Which care plans, goals, claims and reports are there?",
    "What is Own?",
    "Pourquoi ai-je eu une intervention ?",
];

fn space(resource: &str, why: &str) -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    let resource = format!(
        r#"{{"id":"x","status":"completed","subject":{{"reference":"Patient/p1"}},{}}}"#,
        resource.replace("WHY", why)
    );
    assert_eq!(space.partition("health").unwrap().import(source(&[resource])).unwrap().imported(), 1);
    (dir, space)
}

fn words(f: &FactDraft) -> String {
    let value = match &f.value {
        Value::Text(t) | Value::Coded(_, t) => t.as_str(),
        _ => "",
    };
    let codes: String = f.codes.iter().map(|c| format!("{} {} {};", c.system, c.code, c.display)).collect();
    format!("{:?} {:?} {:?} {} {} {codes} {value}", f.kind, f.category, f.status, f.text, f.note)
}

/// All that a session is told, in words.
fn told(space: &HealthSpace) -> Vec<String> {
    let session = || space.session(model(), Purpose::PatientRequest).unwrap();
    let all = Query::default();
    let mut out = Vec::new();
    let rows = session().query(&all).unwrap().into_value();
    out.extend(rows.iter().map(|r| {
        let origins: Vec<_> = r.origins.iter().map(|o| (o.source, o.span)).collect();
        format!("{} {} {:?} {:?} {origins:?}", words(&r.fact), r.type_name, r.part, r.class)
    }));
    out.push(format!("{}", session().count(&all).unwrap().value()));
    for kind in [Kind::Other, Kind::Condition] {
        let of = Query { kinds: vec![kind], ..Query::default() };
        out.push(format!("{}", session().count(&of).unwrap().value()));
    }
    let presence = session().presence().unwrap().into_value();
    out.extend(presence.iter().map(|p| {
        format!("{:?} {:?} {} {} {} {:?} {}", p.category, p.kind, p.code, p.text, p.display, p.names, p.count)
    }));
    for question in QUESTIONS {
        let c = session().ground(question, Budget::tokens(2000)).unwrap().into_value();
        // What fences the page is drawn anew for each.
        let nonce = c.text.split(|c: char| !c.is_ascii_hexdigit()).find(|w| w.len() == 16).unwrap_or("none");
        out.push(format!("{} {:?} {:?}", c.text.replace(nonce, "nonce"), c.categories, c.missing));
    }
    for record in rows.iter().map(|r| r.record) {
        let s = session();
        let reader = s.reader(&all, 10).unwrap();
        let body = |b: crate::Result<Vec<u8>>| match b {
            Ok(b) => String::from_utf8(b).unwrap(),
            Err(e) => e.to_string(),
        };
        out.push(body(reader.body(record)));
        out.push(body(reader.bodies(&[record]).map(|b| b.concat())));
        out.extend(reader.facts(&all).unwrap().iter().map(|r| words(&r.fact)));
        out.push(match session().hold(record) {
            Ok(value) => session().reveal(&value).unwrap_or_else(|e| e.to_string()),
            Err(e) => e.to_string(),
        });
    }
    out
}

#[test]
fn what_something_is_for_is_told_by_no_call_where_conditions_are_withheld() {
    for (name, category, resource) in TOLD {
        let [one, two] = TWINS.map(|why| {
            let (_dir, space) = space(resource, why);
            allow(&space, &[category]);
            let told = told(&space);
            assert!(told.iter().any(|t| t.contains("Own")), "{name}");
            for t in &told {
                assert!(!TWINS.iter().any(|w| t.contains(w)), "{name}: {t}");
            }
            assert_eq!(
                told.iter().filter(|t| **t == Error::NotFound.to_string()).count(),
                3,
                "{name}: body, bodies, hold"
            );
            told
        });
        assert_eq!(one, two, "{name}");
    }
}

#[test]
fn what_something_is_for_is_told_with_the_conditions() {
    for (name, category, resource) in TOLD {
        let why = TWINS[0];
        let (_dir, space) = space(resource, why);
        allow(&space, &[category, Category::Conditions]);
        let session = || space.session(model(), Purpose::PatientRequest).unwrap();
        let rows = session().query(&Query::default()).unwrap().into_value();
        let [own, of] = &rows[..] else { panic!("{name}: {}", rows.len()) };
        let [own, of] = if own.part == 0 { [own, of] } else { [of, own] };
        assert_eq!((own.fact.category, own.fact.text.as_str()), (category, "Own"), "{name}");
        assert_eq!((of.fact.category, of.fact.kind), (Category::Conditions, Kind::Other), "{name}");
        assert_eq!(own.fact.when, of.fact.when, "{name}");
        let s = session();
        let body = s.reader(&Query::default(), 10).unwrap().body(own.record).unwrap();
        assert!(String::from_utf8(body).unwrap().contains(why), "{name}");
        // What a claim only refers to has no words of its own.
        if name == "claim's item" {
            continue;
        }
        assert_eq!(of.fact.text, why, "{name}");
        let c = session().ground("Do I have syphilis?", Budget::tokens(2000)).unwrap().into_value();
        assert!(c.text.contains("«Syphilis»") || c.text.contains("Syphilis»"), "{name}: {}", c.text);
        assert!(c.categories.contains(&Category::Conditions), "{name}");
        // It is never read as a diagnosis of its own.
        let c = session().ground("What conditions do I have?", Budget::tokens(2000)).unwrap().into_value();
        assert!(!c.text.contains("Syphilis"), "{name}: {}", c.text);
    }
}

/// The page says what a procedure or a visit was for, as of a medication.
#[test]
fn a_list_says_what_each_was_for_where_conditions_are_granted() {
    for (name, question) in [
        ("procedure", "What procedures did I have?"),
        ("visit", "What visits did I have?"),
        ("vaccination", "Which vaccines did I get?"),
        ("medication", "What medications do I take?"),
        ("procedure", "Quelles interventions ai-je eues ?"),
    ] {
        let (_, category, resource) = TOLD.into_iter().find(|(n, ..)| *n == name).unwrap();
        let (_dir, space) = space(resource, TWINS[0]);
        let s = || space.session(model(), Purpose::PatientRequest).unwrap();
        allow(&space, &[category]);
        let alone = s().ground(question, Budget::tokens(2000)).unwrap().into_value();
        assert!(alone.text.contains("Own") && !alone.text.contains("Syphilis"), "{question}: {}", alone.text);
        allow(&space, &[Category::Conditions]);
        let with = s().ground(question, Budget::tokens(2000)).unwrap().into_value();
        let word = if question.starts_with("Quelles") { ", pour «" } else { ", for «" };
        assert!(with.text.contains(word) && with.text.contains("Syphilis"), "{question}: {}", with.text);
        assert!(with.categories.contains(&Category::Conditions), "{question}");
    }
}

//! What a resource says of a condition beside its own matter is a fact of conditions, and no word of
//! its own.

use super::*;

/// The facts of one resource with these members.
fn facts(json: &str) -> Vec<FactDraft> {
    run(json.as_bytes()).0.records.remove(0).facts
}

/// Category, words and note of the facts after the first, each of kind Other and of its time.
fn beside(facts: &[FactDraft]) -> Vec<(Category, &str, &str)> {
    let own = &facts[0];
    let of = |f: &FactDraft| f.kind == Kind::Other && f.when == own.when && f.until.is_none();
    assert!(facts[1..].iter().all(of));
    facts[1..].iter().map(|f| (f.category, f.text.as_str(), f.note.as_str())).collect()
}

fn says(fact: &FactDraft, word: &str) -> bool {
    let value = match &fact.value {
        V::Text(t) | V::Coded(_, t) => t.as_str(),
        _ => "",
    };
    let codes = fact.codes.iter().flat_map(|c| [c.code.as_str(), c.display.as_str()]);
    codes.chain([fact.text.as_str(), fact.note.as_str(), value]).any(|s| s.contains(word))
}

const WHY: &str = r#"{"coding":[{"system":"http://snomed.info/sct","code":"90560007","display":"Gout"}]}"#;

#[test]
fn a_reason_is_a_condition_whatever_it_is_the_reason_for() {
    for (name, own, category) in [
        ("Procedure", r#""code":{"text":"Own"},"outcome":{"text":"Well"}"#, Category::Procedures),
        ("DeviceUseStatement", r#""device":{"display":"Own"}"#, Category::Procedures),
        ("DeviceRequest", r#""code":{"text":"Own"}"#, Category::Procedures),
        ("SupplyRequest", r#""category":{"text":"Own"}"#, Category::Procedures),
        ("Encounter", r#""type":[{"text":"Own"}]"#, Category::Encounters),
        ("Appointment", r#""serviceType":[{"text":"Own"}]"#, Category::Encounters),
        ("ServiceRequest", r#""code":{"text":"Own"}"#, Category::Encounters),
        ("Task", r#""code":{"text":"Own"}"#, Category::Encounters),
        ("Immunization", r#""vaccineCode":{"text":"Own"}"#, Category::Immunizations),
        ("MedicationRequest", r#""medicationCodeableConcept":{"text":"Own"}"#, Category::Medications),
        ("Communication", r#""category":[{"text":"Own"}]"#, Category::Documents),
        ("ImagingStudy", r#""description":"Own""#, Category::Documents),
        ("Media", r#""type":{"text":"Own"}"#, Category::Documents),
        ("CareTeam", r#""category":[{"text":"Own"}]"#, Category::CarePlans),
        ("RequestGroup", r#""code":{"text":"Own"}"#, Category::CarePlans),
        ("GuidanceResponse", r#""code":{"text":"Own"}"#, Category::Other),
    ] {
        for (why, words, code) in [
            (format!(r#""reasonCode":[{WHY}]"#), "Gout", true),
            (r#""reasonReference":[{"reference":"Condition/1","display":"Gout"}]"#.to_owned(), "Gout", false),
            (format!(r#""reason":[{{"concept":{WHY}}}]"#), "Gout", true),
            (r#""reason":[{"reference":{"reference":"Condition/1","display":"Gout"}}]"#.to_owned(), "Gout", false),
            (format!(r#""reason":[{{"value":[{{"concept":{WHY}}}]}}]"#), "Gout", true),
            (format!(r#""reason":[{WHY}]"#), "Gout", true),
            (format!(r#""reasonCode":{WHY}"#), "Gout", true),
        ] {
            let all = facts(&format!(r#"{{"resourceType":"{name}",{own},{why}}}"#));
            assert_eq!((all[0].category, all[0].text.as_str()), (category, "Own"), "{name}");
            assert!(!says(&all[0], "Gout") && !says(&all[0], "90560007"), "{name} {why}");
            assert_eq!(beside(&all), [(Category::Conditions, words, "")], "{name} {why}");
            assert_eq!(all[1].codes.len(), usize::from(code), "{name} {why}");
            assert_eq!(all[1].status, Status::Unstated);
        }
        let both = facts(&format!(
            r#"{{"resourceType":"{name}",{own},"status":"entered-in-error","reasonCode":[{WHY},{WHY},{{"text":"Pain"}}]}}"#
        ));
        assert_eq!(beside(&both).len(), 2, "said once: {name}");
        assert!(both.iter().all(|f| f.status == Status::EnteredInError), "{name}");
    }
}

#[test]
fn what_it_brought_about_or_means_is_a_condition_too() {
    let told = |json: &str| {
        let all = facts(json);
        assert!(!says(&all[0], "Gout"), "{json}");
        beside(&all).iter().map(|(c, t, n)| (*c, (*t).to_owned(), (*n).to_owned())).collect::<Vec<_>>()
    };
    let one = |note: &str| vec![(Category::Conditions, "Gout".to_owned(), note.to_owned())];
    for (json, note) in [
        (format!(r#"{{"resourceType":"Procedure","code":{{"text":"x"}},"complication":[{WHY}]}}"#), "complication"),
        (
            r#"{"resourceType":"Procedure","code":{"text":"x"},"complicationDetail":[{"display":"Gout"}]}"#.to_owned(),
            "complication",
        ),
        (format!(r#"{{"resourceType":"Procedure","code":{{"text":"x"}},"statusReason":{WHY}}}"#), "status reason"),
        (
            format!(r#"{{"resourceType":"Immunization","vaccineCode":{{"text":"x"}},"statusReason":{WHY}}}"#),
            "status reason",
        ),
        (
            format!(
                r#"{{"resourceType":"MedicationStatement","medicationCodeableConcept":{{"text":"x"}},"statusReason":[{WHY}]}}"#
            ),
            "status reason",
        ),
        (
            format!(
                r#"{{"resourceType":"MedicationDispense","medicationCodeableConcept":{{"text":"x"}},"statusReasonCodeableConcept":{WHY}}}"#
            ),
            "status reason",
        ),
        (
            r#"{"resourceType":"Encounter","type":[{"text":"x"}],"diagnosis":[{"condition":{"reference":"Condition/1","display":"Gout"},"rank":1}]}"#
                .to_owned(),
            "diagnosis",
        ),
        (
            format!(
                r#"{{"resourceType":"Encounter","type":[{{"text":"x"}}],"diagnosis":[{{"condition":[{{"concept":{WHY}}}]}}]}}"#
            ),
            "diagnosis",
        ),
        (
            r#"{"resourceType":"EpisodeOfCare","type":[{"text":"x"}],"diagnosis":[{"condition":{"display":"Gout"}}]}"#
                .to_owned(),
            "diagnosis",
        ),
        (
            format!(
                r#"{{"resourceType":"Claim","type":{{"text":"x"}},"diagnosis":[{{"sequence":1,"diagnosisCodeableConcept":{WHY}}}]}}"#
            ),
            "diagnosis",
        ),
        (
            r#"{"resourceType":"ExplanationOfBenefit","type":{"text":"x"},"diagnosis":[{"diagnosisReference":{"display":"Gout"}}]}"#
                .to_owned(),
            "diagnosis",
        ),
        (
            format!(r#"{{"resourceType":"DiagnosticReport","code":{{"text":"x"}},"conclusionCode":[{WHY}]}}"#),
            "conclusion",
        ),
        (r#"{"resourceType":"CarePlan","title":"x","addresses":[{"display":"Gout"}]}"#.to_owned(), ""),
        (format!(r#"{{"resourceType":"CarePlan","title":"x","addresses":[{{"concept":{WHY}}}]}}"#), ""),
        (r#"{"resourceType":"Goal","description":{"text":"x"},"addresses":[{"display":"Gout"}]}"#.to_owned(), ""),
        (
            format!(r#"{{"resourceType":"CarePlan","title":"x","activity":[{{"detail":{{"reasonCode":[{WHY}]}}}}]}}"#),
            "",
        ),
        (
            format!(
                r#"{{"resourceType":"CarePlan","title":"x","activity":[{{"detail":{{"statusReason":{WHY}}}}}]}}"#
            ),
            "status reason",
        ),
        (
            format!(
                r#"{{"resourceType":"MedicationRequest","medicationCodeableConcept":{{"text":"x"}},"dosageInstruction":[{{"asNeededCodeableConcept":{WHY}}}]}}"#
            ),
            "",
        ),
        (
            format!(
                r#"{{"resourceType":"MedicationStatement","medicationCodeableConcept":{{"text":"x"}},"dosage":[{{"asNeededFor":[{WHY}]}}]}}"#
            ),
            "",
        ),
        (
            format!(
                r##"{{"resourceType":"Encounter","type":[{{"text":"x"}}],"contained":[{{"resourceType":"Condition","id":"c","code":{WHY}}}],"reasonReference":[{{"reference":"#c"}}]}}"##
            ),
            "",
        ),
        (
            format!(
                r#"{{"resourceType":"Procedure","code":{{"text":"x"}},"contained":[{{"resourceType":"Condition","id":"c","code":{WHY}}}]}}"#
            ),
            "condition",
        ),
    ] {
        assert_eq!(told(&json), one(note), "{json}");
    }
    // A claim that only refers to its diagnosis may still bill it by name.
    let bare =
        told(r#"{"resourceType":"Claim","type":{"text":"x"},"diagnosis":[{"diagnosisReference":{"reference":"a"}}]}"#);
    assert_eq!(bare, [(Category::Conditions, String::new(), "diagnosis".to_owned())]);
    // A reference by itself tells no word.
    let mut none =
        String::from(r#"{"resourceType":"Procedure","code":{"text":"x"},"reasonReference":[{"reference":"a"}]}"#);
    assert_eq!(told(&none), []);
    none = none.replace("Procedure", "DiagnosticReport").replace("reasonReference", "result");
    assert_eq!(told(&none), []);
}

/// What is about conditions is told by its own category; nor is a relative's condition one of the person.
#[test]
fn what_is_about_conditions_has_its_reasons_in_its_words() {
    let all = facts(&format!(
        r#"{{"resourceType":"FamilyMemberHistory","relationship":{{"text":"father"}},"reasonCode":[{WHY}],"condition":[{{"code":{{"text":"Stroke"}}}}]}}"#
    ));
    let [one] = &all[..] else { panic!("{}", all.len()) };
    assert_eq!((one.category, one.note.as_str()), (Category::Conditions, "Stroke; Gout"));
}

/// The words of a conclusion are what the report is.
#[test]
fn a_report_keeps_the_words_of_its_conclusion() {
    let all = facts(&format!(
        r#"{{"resourceType":"DiagnosticReport","code":{{"text":"x"}},"conclusion":"As it was","conclusionCode":[{WHY}]}}"#
    ));
    assert_eq!((&all[0].value, all.len()), (&V::Text("As it was".into()), 2));
}

#[test]
fn reasons_without_end_are_not_kept_one_by_one() {
    let many: Vec<String> = (0..5000).map(|i| format!(r#"{{"text":"reason {i}"}}"#)).collect();
    let all =
        facts(&format!(r#"{{"resourceType":"Procedure","code":{{"text":"x"}},"reasonCode":[{}]}}"#, many.join(",")));
    assert_eq!(all.len(), 65);
    // Nor is a reason within a reason within a reason.
    let deep = format!("{}{WHY}{}", r#"{"value":["#.repeat(20), "]}".repeat(20));
    let all = facts(&format!(r#"{{"resourceType":"Encounter","type":[{{"text":"x"}}],"reason":[{deep}]}}"#));
    assert_eq!(beside(&all), [(Category::Conditions, "Gout", "")]);
}

/// Its panel's name would tell what another category withholds.
#[test]
fn a_part_of_another_category_does_not_name_the_whole() {
    let part = |code: &str| {
        format!(r#"{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"valueInteger":1}}"#)
    };
    let all = facts(&format!(
        r#"{{"resourceType":"Observation","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"text":"Gout panel"}},"component":[{},{}]}}"#,
        part("41950-7"),
        part("2339-0")
    ));
    let notes: Vec<_> = all.iter().map(|f| (f.category, f.note.as_str())).collect();
    let lab = Category::Laboratory;
    assert_eq!(notes, [(lab, ""), (Category::Activity, ""), (lab, "Gout panel")]);
}

//! What single resources are read as.
use super::*;

fn one(json: &str) -> (Collect, Report) {
    run(json.as_bytes())
}

#[test]
fn values_of_all_sorts() {
    let value = |field: &str| {
        let o = format!(r#"{{"resourceType":"Observation","code":{{"text":"x"}},{field}}}"#);
        one(&o).0.fact().value.clone()
    };
    let V::Quantity(q) = value(
        r#""valueQuantity":{"value":1.50,"comparator":"<=","unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}"#,
    ) else {
        panic!()
    };
    assert_eq!((q.number.to_string().as_str(), q.comparator), ("1.50", Comparator::LessOrEqual));
    assert_eq!((q.unit.as_str(), q.ucum.as_str()), ("mg/dL", "mg/dL"));
    assert_eq!(value(r#""valueQuantity":{"value":1e99999,"unit":"g"}"#), V::Text("1e99999 g".into()));
    assert_eq!(value(r#""valueQuantity":{"value":12345678901234567890.5}"#), V::Text("12345678901234567890.5".into()));
    assert!(matches!(value(r#""valueQuantity":{"value":"7.10"}"#), V::Quantity(q) if q.number.to_string() == "7.10"));
    assert!(matches!(value(r#""valueInteger":42"#), V::Quantity(q) if q.number.to_string() == "42"));
    assert_eq!(value(r#""valueString":"a\u00e9\n""#), V::Text("aé\n".into()));
    assert_eq!(value(r#""valueBoolean":false"#), V::Bool(false));
    assert!(matches!(value(r#""valueCodeableConcept":{"coding":[{"code":"c","system":"s"}],"text":"T"}"#),
        V::Coded(c, t) if c[0].code == "c" && t == "T"));
    assert_eq!(
        value(r#""valueRange":{"low":{"value":1,"unit":"g"},"high":{"value":2.0,"unit":"g"}}"#),
        V::Text("1 g - 2.0 g".into())
    );
    assert_eq!(
        value(r#""valueRatio":{"numerator":{"value":1},"denominator":{"value":128}}"#),
        V::Text("1 : 128".into())
    );
    assert_eq!(value(r#""valueTime":"10:30:00""#), V::Text("10:30:00".into()));
    assert_eq!(value(r#""valueDateTime":"2020-01""#), V::Text("2020-01".into()));
    assert_eq!(value(r#""valuePeriod":{"start":"2020","end":"2021"}"#), V::Text("2020 - 2021".into()));
    assert!(
        matches!(value(r#""valueSampledData":{"origin":{"value":2048},"period":10,"dimensions":1,"data":"1 2 E"}"#),
        V::Text(t) if t.contains("1 2 E") && t.contains("2048"))
    );
    assert_eq!(value(r#""dataAbsentReason":{"text":"not asked"}"#), V::None);
    assert_eq!(value(r#""valueQuantity":[[1],{"x":{}}]"#), V::None);
}

#[test]
fn an_observation_in_full() {
    let (c, r) = one(
        r#"{"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg"}}],
        "status":"amended","code":{"coding":[{"system":"urn:x","code":"1"},{"system":"http://loinc.org","code":"85354-9","display":"BP"}]},
        "effectivePeriod":{"start":"2020-02-30","end":"2020-03-01"},"interpretation":[{"coding":[{"code":"H"}]}],
        "referenceRange":[{"low":{"value":60},"high":{"value":90.0},"text":"normal"}],"subject":{"reference":"Patient/1"},
        "meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"},
        {"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"},
        {"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PERSISTLABEL"}]},
        "dataAbsentReason":{"text":"unknown"},"id":"o1","resourceType":"Observation"}"#,
    );
    let g = &c.records[0];
    assert_eq!((g.type_name, g.facts.len()), ("Observation", 2));
    assert_eq!(g.confidentiality, Some(Confidentiality::VeryRestricted));
    assert_eq!(g.sensitivities, Sensitivities::only(Sensitivity::Hiv));
    let f = &g.facts[0];
    assert_eq!((f.codes[0].code.as_str(), f.text.as_str(), f.category), ("85354-9", "BP", Category::VitalSigns));
    assert_eq!((f.when, f.until.map(|w| w.to_local_date()).as_deref()), (None, Some("2020-03-01")));
    assert_eq!((f.status, f.note.as_str()), (Status::Amended, "no value: unknown"));
    let range = f.range.as_ref().unwrap();
    assert_eq!((range.text.as_str(), range.interpretation.as_str()), ("normal", "H"));
    assert_eq!(range.high.as_ref().unwrap().number.to_string(), "90.0");
    assert_eq!((g.facts[1].note.as_str(), g.facts[1].status), ("BP", Status::Amended));
    assert_eq!(issues(&r), [(Severity::Repaired, What::BadDate), (Severity::Repaired, What::UnknownUnit)]);
}

#[test]
fn a_wrong_type_costs_its_field_alone() {
    let (c, r) = one(
        r#"{"resourceType":"Condition","code":{"text":"Asthma","coding":7},"onsetDateTime":["2020"],"subject":"me",
        "clinicalStatus":{"coding":{"code":"active"}},"_onsetDateTime":{"x":1},"note":[null,{"text":"n"},3]}"#,
    );
    assert_eq!(issues(&r), [(Severity::Repaired, What::MissingField)]);
    let f = c.fact();
    assert_eq!((f.text.as_str(), f.status, f.when, f.note.as_str()), ("Asthma", Status::Active, None, "n"));
    assert_eq!(issues(&r), [(Severity::Repaired, What::MissingField)]);
    // Numbers of every sort where none is expected.
    let (c, r) = one(
        r#"{"resourceType":"Condition","id":7,"code":{"text":1.50,"coding":[-1,1e400,18446744073709551616,true]},"subject":1.5,"meta":-0}"#,
    );
    assert_eq!((c.fact().text.as_str(), c.fact().codes.len()), ("1.50", 0));
    assert_eq!(issues(&r), [(Severity::Repaired, What::MissingField)]);
    let (c, r) = one(r#"{"resourceType":"Condition","id":"a","id":"b","code":{"text":"1","text":"2"}}"#);
    assert_eq!(c.fact().text, "2");
    assert_eq!(issues(&r), [(Severity::Repaired, What::DuplicateKey)]);
}

#[test]
fn medications_before_after_inside_and_nowhere() {
    let bundle = |order: [&str; 2]| format!(r#"{{"resourceType":"Bundle","entry":[{},{}]}}"#, order[0], order[1]);
    let m = r#"{"resource":{"resourceType":"Medication","id":"m","code":{"coding":[{"code":"7"}],"text":"Metformin"}},"fullUrl":"http://a/Medication/m"}"#;
    for reference in ["Medication/m", "http://a/Medication/m", "http://a/Medication/m/_history/2"] {
        let u = format!(
            r#"{{"resource":{{"resourceType":"MedicationRequest","id":"r","authoredOn":"2020","status":"stopped",
            "medicationReference":{{"reference":"{reference}"}},"dosageInstruction":[{{"text":"1x"}}]}}}}"#
        );
        for order in [[m, &u], [&u, m]] {
            let (c, _) = run(bundle(order).as_bytes());
            let f = &c.of("MedicationRequest")[0].facts[0];
            assert_eq!((f.codes[0].code.as_str(), f.text.as_str()), ("7", "Metformin"));
            assert_eq!((f.note.as_str(), f.status), ("1x", Status::Stopped));
        }
    }
    let (c, _) = one(
        r##"{"resourceType":"MedicationStatement","contained":[{"resourceType":"Medication","id":"m","code":{"text":"In"}}],
        "medicationReference":{"reference":"#m"},"effectivePeriod":{"start":"2019","end":"2020"}}"##,
    );
    assert_eq!((c.fact().text.as_str(), c.fact().until.is_some()), ("In", true));
    let (c, _) =
        one(r#"{"resourceType":"MedicationRequest","medicationReference":{"reference":"Medication/9","display":"D"}}"#);
    assert_eq!(c.fact().text, "D");
}

#[test]
fn absence_is_not_presence() {
    let kind = |code: &str| one(&format!(r#"{{"resourceType":"AllergyIntolerance","code":{code}}}"#)).0.fact().kind;
    for words in ["No known allergies", "NKDA", "no known drug allergy"] {
        assert_eq!(kind(&format!(r#"{{"text":"{words}"}}"#)), Kind::Absence);
    }
    assert_eq!(kind(r#"{"text":"Nobody knows"}"#), Kind::Allergy);
    assert_eq!(kind(r#"{"text":"No known severity","coding":[{"code":"7"}]}"#), Kind::Allergy);
    let (c, _) = one(
        r#"{"resourceType":"AllergyIntolerance","code":{"coding":[{"system":"http://snomed.info/sct","code":"716186003"}]}}"#,
    );
    assert_eq!((c.fact().kind, &c.fact().value), (Kind::Absence, &V::Text("nilknown".into())));
    let (c, _) = one(
        r#"{"resourceType":"Composition","date":"2020-01-01","title":"IPS","section":[{"title":"Meds","code":{"coding":[{"code":"10160-0"}]},
        "emptyReason":{"coding":[{"code":"unavailable"}]}},{"title":"Problems","section":[{"code":{"coding":[{"code":"11450-4"}]},"emptyReason":{"text":"none"}}]}]}"#,
    );
    let facts = &c.records[0].facts;
    assert_eq!((facts.len(), facts[0].kind, facts[0].note.as_str()), (3, Kind::Document, "Meds; Problems"));
    assert_eq!((facts[1].category, &facts[1].value), (Category::Medications, &V::Text("unavailable".into())));
    assert_eq!((facts[2].category, facts[2].kind), (Category::Conditions, Kind::Absence));
}

#[test]
fn refuted_and_in_error() {
    for (verification, status) in [
        ("refuted", Status::NotDone),
        ("entered-in-error", Status::EnteredInError),
        ("provisional", Status::Preliminary),
    ] {
        let (c, _) = one(&format!(
            r#"{{"resourceType":"Condition","clinicalStatus":{{"coding":[{{"code":"active"}}]}},"verificationStatus":{{"coding":[{{"code":"{verification}"}}]}}}}"#
        ));
        assert_eq!(c.fact().status, status);
    }
}

#[test]
fn what_is_not_confirmed_keeps_its_clinical_status_and_what_its_time_is() {
    let of = |kind: &str, clinical: &str, more: &str| {
        let json = format!(
            r#"{{"resourceType":"{kind}","clinicalStatus":{{"coding":[{{"code":"{clinical}"}}]}},"code":{{"text":"x"}}{more}}}"#
        );
        let fact = one(&json).0.fact().clone();
        let s = fact.standing();
        (fact.status, s.clinical, s.confirmed, s.recorded)
    };
    let open = r#","verificationStatus":{"coding":[{"code":"unconfirmed"}]},"recordedDate":"2020""#;
    for kind in ["Condition", "AllergyIntolerance"] {
        for (clinical, status) in [("active", Status::Active), ("resolved", Status::Resolved), ("", Status::Unstated)] {
            assert_eq!(of(kind, clinical, open), (Status::Preliminary, status, false, true));
        }
        let both = r#","onsetDateTime":"2011","recordedDate":"2020""#;
        assert_eq!(of(kind, "active", both), (Status::Active, Status::Active, true, false));
        assert_eq!(of(kind, "active", r#","recordedDate":"2020""#), (Status::Active, Status::Active, true, true));
    }
}

#[test]
fn remission_is_a_status_of_its_own() {
    for (clinical, status) in [("remission", Status::Remission), ("resolved", Status::Resolved)] {
        let (c, _) = one(&format!(
            r#"{{"resourceType":"Condition","clinicalStatus":{{"coding":[{{"code":"{clinical}"}}]}},"code":{{"text":"Asthma"}}}}"#
        ));
        assert_eq!(c.fact().status, status);
    }
}

#[test]
fn the_person_is_known_by_name_and_reference() {
    let patient = r#"{"resourceType":"Patient","id":"p","name":[{"use":"old","family":"X"},{"use":"official","family":"Müller","given":["Zoë","B"]}],"gender":"female","birthDate":"1980-05-06"}"#;
    let o = r#"{"resourceType":"Observation","code":{"text":"t"},"subject":{"reference":"urn:uuid:11111111-2222-3333-4444-555555555555"}}"#;
    let (c, _) = run(format!(
        r#"{{"resourceType":"Bundle","entry":[{{"fullUrl":"urn:uuid:11111111-2222-3333-4444-555555555555","resource":{patient}}},{{"resource":{o}}}]}}"#
    )
    .as_bytes());
    let p = c.of("Patient")[0];
    let words: Vec<_> = p.facts.iter().map(|f| (f.codes[0].code.as_str(), f.value.clone())).collect();
    assert_eq!(words[0], ("name", V::Text("Zoë B Müller".into())));
    assert_eq!(words[1], ("birth-date", V::Text("1980-05-06".into())));
    assert_eq!(words[2], ("sex", V::Text("female".into())));
    let same = SubjectHint { described: None, ..p.subject.clone() };
    assert_eq!(c.of("Observation")[0].subject, same);
    let described = p.subject.described.as_deref().unwrap();
    assert_eq!(
        (described.names.len(), described.born.as_str(), described.sex),
        (2, "1980-05-06", Some(crate::record::Sex::Female))
    );
    assert_eq!(
        p.subject.person,
        one(&patient.replace("Müller", "MULLER").replace("\"p\"", "\"q\"")).0.records[0].subject.person
    );
    assert_eq!(p.subject.reference, Some(crate::import::subject::reference("p")));
}

#[test]
fn in_doubt_an_observation_is_other() {
    let category = |fields: &str| one(&format!(r#"{{"resourceType":"Observation",{fields}}}"#)).0.fact().category;
    let loinc = |c: &str| format!(r#""code":{{"coding":[{{"system":"http://loinc.org","code":"{c}"}}]}}"#);
    assert_eq!(category(&loinc("99999-9")), Category::Other);
    assert_eq!(category(&format!(r#"{},"valueQuantity":{{"value":1}}"#, loinc("2339-0"))), Category::Laboratory);
    assert_eq!(category(r#""code":{"text":"x"},"valueQuantity":{"value":1}"#), Category::Other);
    assert_eq!(category(&loinc("8867-4")), Category::VitalSigns);
    let social = r#","category":[{"coding":[{"code":"social-history"}]}]"#;
    assert_eq!(category(&(loinc("72166-2") + social)), Category::SocialHistory);
    assert_eq!(category(&(loinc("82810-3") + social)), Category::Reproductive);
}

#[test]
fn a_label_of_a_bundle_holds_for_what_is_in_it() {
    let label =
        |code: &str| format!(r#"{{"security":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-{code}"}}]}}"#);
    let v = label(r#"Confidentiality","code":"V"#);
    let psy = label(r#"ActCode","code":"PSY"#);
    let p = r#"{"resourceType":"Patient"}"#;
    let inner = format!(r#"{{"resourceType":"Bundle","meta":{psy},"entry":[{{"resource":{p}}}]}}"#);
    let (c, _) = one(&format!(
        r#"{{"resourceType":"Bundle","meta":{v},"entry":[{{"resource":{inner}}},{{"resource":{p}}}]}} {p}"#
    ));
    let labels: Vec<_> = c.records.iter().map(|r| (r.confidentiality, r.sensitivities)).collect();
    let very = Some(Confidentiality::VeryRestricted);
    assert_eq!(labels[0], (very, Sensitivities::only(Sensitivity::Psychiatry)));
    assert_eq!(labels[1], (very, Sensitivities::NONE));
    assert_eq!(labels[2], (None, Sensitivities::NONE));
}

#[test]
fn a_proposal_is_no_treatment() {
    let status = |fields: &str| {
        let m =
            format!(r#"{{"resourceType":"MedicationRequest","medicationCodeableConcept":{{"text":"x"}},{fields}}}"#);
        one(&m).0.fact().status
    };
    for intent in ["proposal", "plan", "option"] {
        assert_eq!(status(&format!(r#""status":"active","intent":"{intent}""#)), Status::Preliminary);
    }
    assert_eq!(status(r#""status":"active","intent":"order""#), Status::Active);
    assert_eq!(status(r#""status":"unknown","intent":"order""#), Status::Unstated);
    assert_eq!(status(r#""status":"entered-in-error","intent":"plan""#), Status::EnteredInError);
    assert_eq!(status(r#""status":"cancelled","intent":"plan""#), Status::NotDone);
}

/// US Core, "Medication List Guidance": what the patient takes without an order.
#[test]
fn what_is_reported_is_taken() {
    let of = |fields: &str| {
        let m = format!(
            r#"{{"resourceType":"MedicationRequest","status":"active","medicationCodeableConcept":{{"text":"x"}},{fields}}}"#
        );
        let fact = one(&m).0.fact().clone();
        (fact.status, fact.note)
    };
    let by = |words: &str| (Status::Active, words.to_owned());
    assert_eq!(of(r#""intent":"plan","reportedBoolean":true"#), by("reported by the patient or another"));
    let reported = r#""intent":"plan","reportedReference":{"reference":"Patient/1"}"#;
    assert_eq!(of(reported), by("reported by the patient"));
    assert_eq!(of(&reported.replace("Patient", "Practitioner")), by("reported by another"));
    assert_eq!(of(r#""intent":"plan","reportedBoolean":false"#), (Status::Preliminary, String::new()));
    // A proposal stays one, whoever reports it.
    assert_eq!(of(r#""intent":"proposal","reportedBoolean":true"#).0, Status::Preliminary);
}

/// R5 puts a concept or a reference into one field, and says apart whether it is taken.
#[test]
fn names_and_adherence_of_r5() {
    let all = |fields: &str| {
        let (c, r) = one(&format!(r#"{{"resourceType":"MedicationStatement","status":"recorded",{fields}}}"#));
        assert_eq!(issues(&r), []);
        c.records[0].facts.clone()
    };
    let of = |fields: &str| all(fields).remove(0);
    let facts = all(
        r#""medication":{"concept":{"coding":[{"system":"s","code":"7"}],"text":"Metformin"}},"reason":[{"concept":{"text":"diabetes"}},{"reference":{"display":"d"}}]"#,
    );
    let fact = &facts[0];
    assert_eq!((fact.kind, fact.text.as_str(), fact.codes[0].code.as_str()), (Kind::Medication, "Metformin", "7"));
    assert_eq!((fact.status, fact.note.as_str()), (Status::Unstated, ""));
    let why: Vec<_> = facts[1..].iter().map(|f| (f.kind, f.category, f.text.as_str())).collect();
    assert_eq!(why, ["diabetes", "d"].map(|t| (Kind::Other, Category::Conditions, t)));
    assert_eq!(of(r#""medication":{"reference":{"display":"Metformin"}}"#).text, "Metformin");
    for (code, status) in [
        ("taking-as-directed", Status::Active),
        ("not-taking", Status::NotDone),
        ("on-hold-as-directed", Status::OnHold),
        ("stopped", Status::Stopped),
        ("unknown", Status::Unstated),
    ] {
        let adherence = format!(
            r#""medication":{{"concept":{{"text":"x"}}}},"adherence":{{"code":{{"coding":[{{"code":"{code}"}}]}}}}"#
        );
        assert_eq!(of(&adherence).status, status, "{code}");
    }
    let m = r#"{"resourceType":"Medication","id":"m","ingredient":[{"item":{"concept":{"text":"Metformin"}}}]}"#;
    let u = r#"{"resourceType":"MedicationRequest","medication":{"reference":{"reference":"Medication/m"}}}"#;
    for order in [[m, u], [u, m]] {
        let (c, _) = one(&order.join("\n"));
        assert_eq!(c.of("MedicationRequest")[0].facts[0].text, "Metformin");
    }
    let (c, _) = one(
        r#"{"resourceType":"Procedure","code":{"text":"x"},"occurrenceDateTime":"2020","reason":[{"concept":{"text":"y"}}]}"#,
    );
    assert!(c.fact().when.is_some() && c.fact().note.is_empty());
    assert_eq!((c.records[0].facts[1].text.as_str(), c.records[0].facts[1].when), ("y", c.fact().when));
}

/// A unit that is one of UCUM, where nothing says so, is as good as reported.
#[test]
fn a_plain_unit_is_no_repair() {
    let of = |quantity: &str| {
        let o = format!(
            r#"{{"resourceType":"Observation","code":{{"text":"x"}},"valueQuantity":{{"value":1,{quantity}}}}}"#
        );
        issues(&one(&o).1)
    };
    for unit in ["mg/dL", "mmol/L", "%"] {
        assert_eq!(of(&format!(r#""unit":"{unit}""#)), [], "{unit}");
    }
    assert_eq!(of(r#""unit":"mmHg","code":"mm[Hg]""#), []);
    assert_eq!(of(r#""unit":"mmHg""#), [(Severity::Repaired, What::UnknownUnit)]);
}

#[test]
fn what_was_not_taken_is_not_done() {
    let m = |taken: &str| {
        let m = format!(
            r#"{{"resourceType":"MedicationStatement","status":"active","taken":"{taken}","medicationCodeableConcept":{{"text":"x"}}}}"#
        );
        one(&m).0.fact().status
    };
    assert_eq!([m("n"), m("y"), m("unk")], [Status::NotDone, Status::Active, Status::Unstated]);
}

#[test]
fn a_medication_without_a_name_is_an_issue() {
    let use_of = |field: &str| one(&format!(r#"{{"resourceType":"MedicationStatement","status":"active"{field}}}"#));
    for field in ["", r#","medication":{"concept":{}}"#, r#","medicationCodeableConcept":{}"#] {
        let (c, r) = use_of(field);
        assert_eq!((c.fact().kind, c.fact().category), (Kind::Other, Category::Medications), "{field}");
        assert_eq!(issues(&r), [(Severity::Repaired, What::MissingField)], "{field}");
    }
    let (c, r) = use_of(r#","medicationCodeableConcept":{"coding":[{"code":"7"}]}"#);
    assert_eq!((c.fact().kind, issues(&r)), (Kind::Medication, vec![]));
    // The words of the reference stand where the medication that it names says nothing.
    let m = r#"{"resourceType":"Medication","id":"m"}"#;
    let u = r#"{"resourceType":"MedicationRequest","medicationReference":{"reference":"Medication/m"}}"#;
    for order in [[m, u], [u, m]] {
        let (c, r) = one(&order.join("\n"));
        let f = &c.of("MedicationRequest")[0].facts[0];
        assert_eq!((f.kind, f.text.as_str()), (Kind::Medication, "Medication/m"));
        assert_eq!(issues(&r), [(Severity::Repaired, What::MissingField)]);
    }
}

/// `Medication/1` of one server is not that of another, whatever stands first in the file.
#[test]
fn a_medication_of_another_server_is_not_taken() {
    let medication = |server: &str, text: &str| {
        format!(
            r#"{{"fullUrl":"{server}Medication/1","resource":{{"resourceType":"Medication","id":"1","code":{{"text":"{text}"}}}}}}"#
        )
    };
    let usage = |server: &str, reference: &str| {
        format!(
            r#"{{"fullUrl":"{server}MedicationRequest/2","resource":{{"resourceType":"MedicationRequest","id":"2","medicationReference":{{"reference":"{reference}","display":"D"}}}}}}"#
        )
    };
    let texts = |entries: &[String]| -> Vec<String> {
        let (c, _) = run(format!(r#"{{"resourceType":"Bundle","entry":[{}]}}"#, entries.join(",")).as_bytes());
        let mut texts: Vec<String> = c.of("MedicationRequest").iter().map(|r| r.facts[0].text.clone()).collect();
        texts.sort();
        texts
    };
    let (a, b) = ("http://a/", "http://b/");
    let [ma, mb] = [medication(a, "A"), medication(b, "B")];
    let [ua, ub] = [usage(a, "Medication/1"), usage(b, "Medication/1")];
    for order in [[&ua, &ma, &ub, &mb], [&ma, &ub, &ua, &mb]] {
        // Each gets its own: that of `b` never `A`.
        let one =
            |i: usize| texts(&order.map(Clone::clone).into_iter().filter(|e| *e != *[&ua, &ub][i]).collect::<Vec<_>>());
        assert_eq!((one(0), one(1)), (vec!["B".to_owned()], vec!["A".to_owned()]));
    }
    assert_eq!(texts(&[mb.clone(), ua.clone()]), ["D"]);
    assert_eq!(texts(&[mb.clone(), usage(a, "http://a/Medication/1")]), ["D"]);
    // Nothing tells which of two.
    assert_eq!(texts(&[ma, mb, usage("urn:uuid:", "Medication/1")]), ["D"]);
    let [x, y] = ["X", "Y"].map(|t| medication("urn:uuid:", t));
    assert_eq!(texts(&[x.clone(), usage("urn:uuid:", "Medication/1"), y]), ["D"]);
    assert_eq!(texts(&[x, usage("urn:uuid:", "Medication/1")]), ["X"]);
}

/// What a medication is for is a condition: no fact of the medication tells it, R4 as R5.
#[test]
fn a_reason_is_no_word_of_the_medication() {
    for kind in ["MedicationRequest", "MedicationStatement", "MedicationAdministration"] {
        let (c, _) = one(&format!(
            r#"{{"resourceType":"{kind}","status":"active","medicationCodeableConcept":{{"text":"Zyloprim"}},"dosage":[{{"text":"once daily"}}],"dosageInstruction":[{{"text":"once daily"}}],"reasonCode":[{{"coding":[{{"system":"http://snomed.info/sct","code":"90560007"}}],"text":"Gout"}}],"authoredOn":"2020-01-01"}}"#
        ));
        let [taken, why] = &c.records[0].facts[..] else { panic!("{kind}") };
        assert!(!taken.note.contains("Gout") && taken.note.contains("once daily"), "{kind}: {}", taken.note);
        assert_eq!((why.category, why.text.as_str(), why.codes.len()), (Category::Conditions, "Gout", 1), "{kind}");
    }
}

/// What a record is of stands under another name in each of these types.
#[test]
fn what_is_supplied_ordered_or_found_is_named() {
    for (kind, members, name) in [
        (
            "SupplyDelivery",
            r#""type":{"text":"Device"},"suppliedItem":{"itemCodeableConcept":{"text":"Wheelchair"}}"#,
            "Wheelchair",
        ),
        ("SupplyRequest", r#""itemCodeableConcept":{"text":"Towelette"}"#, "Towelette"),
        ("DeviceRequest", r#""codeCodeableConcept":{"text":"Walker"}"#, "Walker"),
        ("AdverseEvent", r#""event":{"text":"Mild rash"}"#, "Mild rash"),
        ("RiskAssessment", r#""prediction":[{"outcome":{"text":"Breast cancer"}}]"#, "Breast cancer"),
        ("ImmunizationRecommendation", r#""recommendation":[{"vaccineCode":[{"text":"Zoster"}]}]"#, "Zoster"),
        ("ImmunizationEvaluation", r#""targetDisease":{"text":"Measles"},"doseStatus":{"text":"valid"}"#, "Measles"),
        ("VisionPrescription", r#""lensSpecification":[{"product":{"text":"Lens"}}]"#, "Lens"),
        ("NutritionOrder", r#""oralDiet":{"type":[{"text":"Low sodium"}]}"#, "Low sodium"),
        ("BodyStructure", r#""morphology":{"text":"Splenic mass"}"#, "Splenic mass"),
        (
            "ClinicalImpression",
            r#""finding":[{"itemCodeableConcept":{"text":"Fracture of ankle"}}]"#,
            "Fracture of ankle",
        ),
    ] {
        let json = format!(r#"{{"resourceType":"{kind}","id":"1",{members}}}"#);
        assert_eq!(one(&json).0.fact().text, name, "{kind}");
    }
    for (kind, member) in
        [("NutritionOrder", "dateTime"), ("DetectedIssue", "identifiedDateTime"), ("Contract", "issued")]
    {
        let json = format!(r#"{{"resourceType":"{kind}","id":"1","code":{{"text":"x"}},"{member}":"2020-05-06"}}"#);
        assert!(one(&json).0.fact().when.is_some(), "{kind}");
    }
    for (members, at) in [
        (r#""resourceType":"DetectedIssue","identifiedPeriod":{"start":"2020-05-06"}"#, "2020-05-06"),
        (r#""resourceType":"VisionPrescription","created":"2020-06-01","dateWritten":"2020-05-06""#, "2020-05-06"),
        (
            r#""resourceType":"Specimen","receivedTime":"2020-06-01","collection":{"collectedDateTime":"2020-05-06"}"#,
            "2020-05-06",
        ),
        (
            r#""resourceType":"Specimen","receivedTime":"2020-06-01","collection":{"collectedPeriod":{"start":"2020-05-06"}}"#,
            "2020-05-06",
        ),
        (r#""resourceType":"Specimen","receivedTime":"2020-06-01","collection":{"method":{"text":"x"}}"#, "2020-06-01"),
    ] {
        let when = one(&format!(r#"{{"id":"1","code":{{"text":"x"}},{members}}}"#)).0.fact().when;
        assert_eq!(when.map(|w| w.at), crate::record::When::parse_fhir(at).map(|w| w.at), "{members}");
    }
    let two = r#"{"resourceType":"RiskAssessment","prediction":[{"outcome":{"text":"A"}},{"outcome":{"text":"B"}}]}"#;
    let (c, _) = one(two);
    assert_eq!((c.fact().text.as_str(), c.fact().note.as_str()), ("A", "B"));
}

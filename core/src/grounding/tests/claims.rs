//! What a text must not claim: cancelled values, endings that no prescription says, sums over bounds.

use super::chunks::{allow, space};
use super::fake::{Fake, lab, patient, quantity};
use crate::import::Source;
use crate::record::{Category, Coding, Comparator, FactDraft, Kind, Status, Value, When};

fn with_status(f: &mut Fake, code: &str, text: &str, value: &str, date: &str, status: Status) {
    let mut row = lab(code, text, value, "mg/dL", date);
    row.status = status;
    f.push(row);
}

#[test]
fn a_cancelled_result_is_no_value_anywhere() {
    let mut f = Fake::default();
    with_status(&mut f, "18262-6", "LDL", "112.5", "2025-01-05", Status::Final);
    with_status(&mut f, "18262-6", "LDL", "999", "2026-03-05", Status::NotDone);
    with_status(&mut f, "2160-0", "Creatinine", "1.9", "2026-03-05", Status::Preliminary);
    with_status(&mut f, "99999-1", "Zonulin", "998", "2026-03-06", Status::NotDone);
    for (record, date, status, pair) in [
        (1u8, "2026-01-01", Status::Final, ["120", "80"]),
        (2, "2026-05-01", Status::NotDone, ["250", "150"]),
        (3, "2026-04-01", Status::Preliminary, ["130", "85"]),
    ] {
        for (part, (code, value)) in ["8480-6", "8462-4"].into_iter().zip(pair).enumerate() {
            let mut row = lab(code, "part", value, "mm[Hg]", date);
            (row.category, row.status) = (Category::VitalSigns, status);
            f.push_part(row, crate::id::RecordId::from_bytes([record; 16]), part as u16 + 1);
        }
    }
    let all: String = [
        "Show my lab results",
        "Show my vital signs",
        "What is my latest LDL?",
        "What was my LDL in 2026?",
        "What is my blood pressure?",
        "my zonulin",
        "my LDL and creatinine",
    ]
    .map(|q| f.ask(q).text)
    .concat();
    for wrong in ["999", "998", "250", "150"] {
        assert!(!all.contains(wrong), "{wrong}: {all}");
    }
    let t = f.ask("Show my lab results").text;
    assert!(t.contains("LDL cholesterol: 112.5 mg/dL (2025-01-05) [r:"), "{t}");
    assert!(t.contains("creatinine: 1.9 mg/dL (2026-03-05), preliminary [r:"), "{t}");
    let t = f.ask("What was my LDL in 2026?").text;
    assert!(t.contains("none in the period asked; the latest is 112.5 mg/dL (2025-01-05)"), "{t}");
    let t = f.ask("What is my blood pressure?").text;
    assert!(t.contains("last reading 130/85 mm[Hg] (2026-04-01), preliminary [r:"), "{t}");
    assert!(t.contains("2 results (1 preliminary); last 130 mm[Hg] (2026-04-01), preliminary"), "{t}");
    let t = f.ask("Ma créatinine ?").text;
    assert!(t.contains("1 résultat : 1,9 mg/dL (2026-03-05), provisoire [r:"), "{t}");
}

fn med(f: &mut Fake, text: &str, date: &str, status: Status, type_name: &str) {
    f.med(text, date, status);
    f.rows.last_mut().unwrap().type_name = type_name.to_owned();
}

#[test]
fn medications_are_listed_by_product_and_prescriptions_decide() {
    let mut f = Fake::default();
    let (request, supply, dose) = ("MedicationRequest", "MedicationDispense", "MedicationAdministration");
    med(&mut f, "warfarin 5 MG", "2020-01-01", Status::Active, request);
    med(&mut f, "warfarin 1 MG", "2021-01-01", Status::Stopped, request);
    med(&mut f, "metformin 500 MG", "2024-05-01", Status::Active, request);
    med(&mut f, "metformin 500 MG", "2024-05-02", Status::Final, supply);
    med(&mut f, "metformin 500 MG", "2024-05-03", Status::Final, dose);
    med(&mut f, "ramipril 5 MG", "2022-01-01", Status::Active, request);
    med(&mut f, "ramipril 5 MG", "2023-01-01", Status::Final, "MedicationStatement");
    med(&mut f, "enoxaparin 100 MG", "2024-06-01", Status::Final, dose);
    med(&mut f, "aspirin 100 MG", "2026-01-01", Status::NotDone, request);
    med(&mut f, "simvastatin 20 MG", "2026-02-01", Status::Preliminary, request);
    let t = f.ask("Which medicines am I taking?").text.replace("a5a5a5a5a5a5a5a5 ", "");
    assert!(t.contains("- 5 in all, 3 active (1 of them "), "{t}");
    assert!(t.contains("; besides, 2 planned, cancelled or not to be taken ["), "{t}");
    for line in [
        "- warfarin «warfarin 5 MG», active, since 2020-01-01 [",
        "- warfarin «warfarin 1 MG», stopped, entered 2021-01-01 [",
        "- metformin «metformin 500 MG», active [r:",
        ", 3 entries, first 2024-05-01 [",
        "- ramipril «ramipril 5 MG», active (2022-01-01) [r:",
        "; another entry says: completed (2023-01-01) [r:",
        "enoxaparin 100 MG», dispensed or given, 2024-06-01 [",
        "aspirin 100 MG», not to be taken, or cancelled, 2026-01-01 [",
        "simvastatin 20 MG», planned or unconfirmed, 2026-02-01 [",
    ] {
        assert!(t.contains(line), "{line}\n{t}");
    }
    let t = f.ask("my LDL").text;
    assert!(t.contains("warfarin 5 MG"), "{t}");
    assert!(!t.contains("aspirin") && !t.contains("simvastatin") && !t.contains("enoxaparin"), "{t}");
}

/// A draft starts nothing; a box that was handed over is evidence of a start.
#[test]
fn a_draft_or_a_cancelled_prescription_is_no_start() {
    const Q: &str = "How did my LDL change since I started the statin?";
    for status in [Status::Preliminary, Status::NotDone, Status::EnteredInError] {
        let mut f = patient();
        f.rows.retain(|r| !r.fact.text.contains("simvastatin"));
        med(&mut f, "simvastatin 20 MG", "2008-02-01", status, "MedicationRequest");
        let c = f.ask(Q);
        assert_eq!(c.missing, ["start:statin"], "{}", c.text);
        med(&mut f, "simvastatin 20 MG", "2010-06-01", Status::Final, "MedicationDispense");
        let t = f.ask(Q).text;
        assert!(t.contains("statin (simvastatin): first entry 2010-06-01"), "{t}");
    }
}

/// The same through an importer: what kind of resource says a thing is kept with it.
#[test]
fn a_dispense_ends_no_prescription() {
    let of = |kind: &str, id: &str, status: &str, date: &str| {
        format!(
            r#"{{"resource":{{"resourceType":"{kind}","id":"{id}","status":"{status}","medicationCodeableConcept":{{"text":"metformin 500 MG"}},"subject":{{"reference":"Patient/p1"}},{date}}}}}"#
        )
    };
    let entries = [
        of("MedicationRequest", "1", "active", r#""authoredOn":"2024-05-01","intent":"order""#),
        of("MedicationDispense", "2", "completed", r#""whenHandedOver":"2024-05-02""#),
        of("MedicationAdministration", "3", "completed", r#""effectiveDateTime":"2024-05-03""#),
    ];
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","));
    let (_dir, space) = space();
    space.partition("health").unwrap().import(Source::bytes(bundle.into_bytes()).unwrap()).unwrap();
    let s = allow(&space, None);
    let t = s.ground("Which medicines am I taking?", crate::grounding::Budget::tokens(1000)).unwrap().into_value().text;
    assert!(t.contains("1 in all, 1 active"), "{t}");
}

fn bound(value: &str, comparator: Comparator, date: &str) -> FactDraft {
    let mut f = lab("18262-6", "LDL", value, "mg/dL", date);
    let mut q = quantity(value, "mg/dL");
    q.comparator = comparator;
    f.value = Value::Quantity(q);
    f
}

#[test]
fn bounds_are_not_computed_with_as_if_exact() {
    let mut f = Fake::default();
    f.med("simvastatin 20 MG", "2025-01-01", Status::Active);
    f.push(bound("155.2", Comparator::Equal, "2024-01-01"));
    f.push(bound("100", Comparator::Equal, "2025-06-01"));
    f.push(bound("30", Comparator::Less, "2025-09-01"));
    let t = f.ask("How did my LDL change since I started the statin?").text;
    assert!(t.contains("change from first to last: not computed, not both are exact numbers [r:"), "{t}");
    assert!(t.contains("latest after: not computed, not both are exact numbers [r:"), "{t}");
    assert!(t.contains("highest 100 mg/dL (2025-06-01) [r:4]; mean not computed, not all are exact numbers"), "{t}");
    assert!(t.contains("lowest <30 mg/dL (2025-09-01)") && !t.contains("-55.2") && !t.contains("-125.2"), "{t}");
    // `<120` may be less than 100, and `>90` more than 155.2.
    f.push(bound("120", Comparator::Less, "2025-07-01"));
    f.push(bound("90", Comparator::Greater, "2025-07-02"));
    f.rows.retain(|r| !matches!(&r.fact.value, Value::Quantity(q) if q.number.to_string() == "30"));
    let t = f.ask("my LDL").text;
    assert!(t.contains("lowest 100 mg/dL (2025-06-01) [r:3], bounds aside; highest 155.2"), "{t}");
    assert!(t.contains("highest 155.2 mg/dL (2024-01-01) [r:2], bounds aside\n"), "{t}");
    let t = f.ask("mon LDL est-il bon ?").text;
    assert!(t.contains("bornes mises à part"), "{t}");
    // An undated result is neither first nor last.
    let mut f = patient();
    let mut row = lab("18262-6", "LDL", "1", "mg/dL", "2020-01-01");
    row.when = None;
    f.push(row);
    assert!(f.ask("my LDL").text.contains("change from first to last: -63.10 mg/dL"));
}

#[test]
fn what_is_withheld_is_not_for_want_of_room() {
    let mut f = patient();
    for text in ["Opioid abuse (disorder)", "Major depressive disorder", "Received higher education (finding)"] {
        f.listed(Kind::Condition, Category::Conditions, text, "2015-01-01");
    }
    let c = f.ask("What is my latest creatinine?");
    assert!(!c.text.contains("Opioid") && !c.text.contains("depress") && !c.text.contains("education"), "{}", c.text);
    assert!(c.text.contains("- 3 more, not shown unless the question asks for them\n"), "{}", c.text);
    assert!(c.omitted.is_empty(), "{:?}", c.omitted);
    // Their number was released, so they stand among the items.
    assert_eq!(f.rows.iter().filter(|r| r.fact.kind == Kind::Condition).count(), 4);
    assert!(f.rows.iter().all(|r| r.fact.kind != Kind::Condition || c.items.contains(&(r.record, r.part))));
    let t = f.ask("What conditions do I have?").text;
    assert!(t.contains("Opioid abuse") && t.contains("4 in all"), "{t}");
    let c = f.ask("hello there");
    let line = c.text.lines().find(|l| l.contains("Laboratory results: 7 entries")).unwrap();
    assert_eq!(line.matches("[r:").count(), 2, "first and last are cited: {line}");
}

#[test]
fn one_of_a_thing_is_singular() {
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "100", "mg/dL", "2026-01-01");
    f.chunk(
        "HKQuantityTypeIdentifierStepCount",
        "count",
        "Watch",
        Category::Activity,
        &[("2026-10-01T08:00:00Z", "9", 1)],
    );
    assert!(f.ask("my LDL").text.contains("; 1 record; "));
    assert!(f.ask("mon LDL est-il bon ?").text.contains(" ; 1 enregistrement ; "));
    let t = f.ask("How many steps?").text;
    assert!(t.contains("- 1 sample, ") && t.contains("over 1 day (total"), "{t}");
    // One value and an event: before and after are said.
    f.med("amlodipine 5 MG", "2026-02-01", Status::Active);
    let t = f.ask("Did amlodipine change my LDL?").text;
    assert!(t.contains("before the start of amlodipine (2026-02-01) [r:1]: n 1, last 100 mg/dL"), "{t}");
    assert!(t.contains("after it: no result"), "{t}");
    let t = f.ask("Comment mon LDL a-t-il évolué depuis l'amlodipine ?").text;
    assert!(t.contains("avant le début d'amlodipine (2026-02-01)"), "{t}");
}

/// A panel's own record has no value; its parts have.
#[test]
fn a_panel_is_not_a_result_without_a_value() {
    let mut f = Fake::default();
    let mut panel = FactDraft::new(Kind::Observation, Category::VitalSigns);
    panel.codes = vec![Coding::new("http://loinc.org", "85354-9", "Blood Pressure")];
    panel.text = "Blood Pressure".to_owned();
    panel.status = Status::Final;
    for date in ["2026-01-01", "2026-02-01"] {
        panel.when = When::parse_fhir(date);
        f.push(panel.clone());
    }
    let t = f.ask("Show my vital signs").text;
    assert!(!t.contains("no value"), "{t}");
    let mut odd = lab("99999-1", "Zonulin", "5", "ng/mL", "2026-01-01");
    f.push(odd.clone());
    (odd.value, odd.when) = (Value::None, When::parse_fhir("2026-02-01"));
    f.push(odd);
    let t = f.ask("my zonulin").text;
    assert!(t.contains("1 result: 5 ng/mL (2026-01-01)"), "{t}");
    assert!(t.contains("- 1 record without a value of its own, latest 2026-02-01 [r:"), "{t}");
}

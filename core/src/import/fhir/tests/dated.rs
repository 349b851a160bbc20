//! What the time of a fact is: when a thing was taken or used, not when it was ordered or made.
use super::*;

fn one(json: &str) -> (Option<String>, Option<String>, String) {
    let (c, _) = run(json.as_bytes());
    let f = c.fact();
    let date = |w: Option<crate::record::When>| w.map(|w| w.to_local_date());
    (date(f.when), date(f.until), f.note.clone())
}

fn request(fields: &str) -> (Option<String>, Option<String>) {
    let (from, to, _) = one(&format!(
        r#"{{"resourceType":"MedicationRequest","status":"active","intent":"order",
        "medicationCodeableConcept":{{"text":"metformin"}},{fields}}}"#
    ));
    (from, to)
}

#[test]
fn a_medication_begins_when_it_is_taken() {
    let bounds = |b: &str| format!(r#""dosageInstruction":[{{"timing":{{"repeat":{{"boundsPeriod":{b}}}}}}}]"#);
    let valid = |v: &str| format!(r#""dispenseRequest":{{"validityPeriod":{v}}}"#);
    let ordered = r#""authoredOn":"2024-05-16""#;
    let of = |from: &str, to: &str| {
        let date = |d: &str| (!d.is_empty()).then(|| d.to_owned());
        (date(from), date(to))
    };
    for (fields, expected) in [
        (ordered.to_owned(), of("2024-05-16", "")),
        (format!("{ordered},{}", bounds(r#"{"start":"2024-02-18"}"#)), of("2024-02-18", "")),
        (
            format!("{ordered},{}", bounds(r#"{"start":"2024-02-18","end":"2024-03-01"}"#)),
            of("2024-02-18", "2024-03-01"),
        ),
        // Valid is not taken; its end stands in for one that nothing tells.
        (
            format!("{ordered},{}", valid(r#"{"start":"2024-02-18","end":"2025-02-18"}"#)),
            of("2024-05-16", "2025-02-18"),
        ),
        (valid(r#"{"start":"2021-01-01"}"#), of("2021-01-01", "")),
        // No end is before its start.
        (
            format!("{ordered},{}", valid(r#"{"start":"2015-06-22","end":"2015-07-02"}"#)),
            of("2015-06-22", "2015-07-02"),
        ),
        (format!("{ordered},{}", valid(r#"{"end":"2015-07-02"}"#)), of("2024-05-16", "")),
        (format!("{ordered},{}", bounds(r#"{"end":"2024-05-16"}"#)), of("2024-05-16", "2024-05-16")),
    ] {
        assert_eq!(request(&fields), expected, "{fields}");
    }
    // Of several dosages the earliest begins it, and one without an end goes on.
    let dosages = r#""dosageInstruction":[
        {"timing":{"repeat":{"boundsPeriod":{"start":"2024-03-01","end":"2024-04-01"}}}},
        {"timing":{"repeat":{"boundsPeriod":{"start":"2024-02-01"}}}}]"#;
    assert_eq!(request(&format!("{ordered},{dosages}")), of("2024-02-01", ""));
    // What a statement states itself comes before its dosage.
    let (from, to, _) = one(
        r#"{"resourceType":"MedicationStatement","status":"active","medicationCodeableConcept":{"text":"x"},
        "effectivePeriod":{"start":"2019","end":"2020"},"dosage":[{"timing":{"repeat":{"boundsPeriod":{"start":"2018"}}}}]}"#,
    );
    assert_eq!((from, to), of("2019", "2020"));
}

#[test]
fn a_device_is_not_used_when_it_is_made() {
    let (from, to, note) = one(r#"{"resourceType":"Device","status":"active","patient":{"reference":"Patient/1"},
        "type":{"text":"Implantable defibrillator"},"deviceName":[{"name":"D","type":"user-friendly-name"}],
        "manufactureDate":"2018-05-29","expirationDate":"2043-06-13"}"#);
    assert_eq!((from, to), (None, None));
    assert_eq!(note, "D; manufactured 2018-05-29; expires 2043-06-13");
}

//! Questions as a person types them: slips, seasons, somebody else's results, workouts.

use super::fake::{Fake, lab, patient, quantity};
use crate::record::{Category, Coding, FactDraft, Kind, Status, Value, When};

/// A space holds one person's records: a question about somebody else is not answered with them.
#[test]
fn what_is_about_kin_is_not_answered_with_ones_own() {
    let f = patient();
    for q in [
        "What is my son's LDL?",
        "Quel est le LDL de ma mère ?",
        "Which medicines does my wife take?",
        "LDL de la fille de Paul",
    ] {
        let c = f.ask(q);
        assert_eq!(c.missing, ["another-person"], "{q}: {}", c.text);
        assert!(!c.text.contains("mg/dL") && !c.text.contains("imvastatin"), "{q}: {}", c.text);
        assert!(c.text.contains("another person") || c.text.contains("autre personne"), "{}", c.text);
    }
    let c = f.ask("my LDL, and my son's LDL in 2010");
    assert!(c.text.contains("last 92.10 mg/dL") && c.text.contains("another person"), "{}", c.text);
    for q in ["My mother asks about my LDL", "Ma femme demande mon LDL", "Is my LDL a worry to my son?"] {
        let c = f.ask(q);
        assert!(c.missing.is_empty() && c.text.contains("92"), "{q}: {}", c.text);
    }
}

/// Slips in a phrase of several words, seasons, care by another name.
#[test]
fn questions_as_they_are_typed() {
    let mut f = patient();
    f.lab("718-7", "Hemoglobin", "14.9", "g/dL", "2020-01-01");
    f.lab("4548-4", "HbA1c", "5.81", "%", "2020-01-02");
    f.listed(Kind::Encounter, Category::Encounters, "Encounter Inpatient", "2012-09-01");
    f.rows.last_mut().unwrap().fact.codes = vec![Coding::new("", "IMP", "")];
    f.listed(Kind::Immunization, Category::Immunizations, "SARS-COV-2 (COVID-19) vaccine", "2021-05-04");
    f.med("Acetaminophen 325 MG Oral Tablet", "2012-01-04", Status::Stopped);
    f.listed(Kind::Allergy, Category::Allergies, "Peanut (substance)", "2001-07-20");
    let c = f.ask("mon hémoglobine glyqée");
    assert!(c.text.contains("5,81 %") && !c.text.contains("14,9"), "{}", c.text);
    let c = f.ask("what was my blood presure in 2015");
    assert!(!c.text.contains("HbA1c"), "{}", c.text);
    for q in ["When was I last in hospital?", "Quand suis-je allé à l'hôpital ?"] {
        let c = f.ask(q);
        assert!(c.text.contains("Encounter Inpatient»") && c.missing.is_empty(), "{q}: {}", c.text);
        assert!(c.text.contains(", hospital stay, 2012") || c.text.contains(", hospitalisation, 2012"), "{}", c.text);
    }
    let c = f.ask("Was I vaccinated against covid?");
    assert!(c.text.contains("COVID-19 vaccine «") && c.missing.is_empty(), "{}", c.text);
    let c = f.ask("What painkillers have I taken?");
    assert!(c.text.contains("Painkiller\n- acetaminophen") && c.missing.is_empty(), "{}", c.text);
    let c = f.ask("Is my LDL lower than in 2012?");
    assert!(
        c.text.contains("last 92.10 mg/dL (2014-01-28)") && c.text.contains("first 90.0 mg/dL (2012"),
        "{}",
        c.text
    );
    let c = f.ask("Suis-je allergique aux cacahuètes ?");
    assert!(c.text.contains("Peanut") && c.missing.is_empty(), "{}", c.text);
    let c = f.ask("What was my LDL last summer?");
    assert!(
        c.text.contains("period asked: 2026-06-01 to 2026-08-31\n") && c.text.contains("none in the period"),
        "{}",
        c.text
    );
    let c = f.ask("What happened in September 2012?");
    assert!(c.text.contains("Encounter Inpatient") && c.text.contains("LDL cholesterol: 90.0"), "{}", c.text);
    let c = f.ask("Any abnormal lab results?");
    assert!(c.missing.is_empty(), "{}", c.text);
}

/// A workout is one, with its totals; what only workouts tell is not denied.
#[test]
fn workouts_are_counted_as_such_and_say_what_was_done() {
    let mut f = Fake::default();
    for (day, km) in [("2023-12-28", "2.0"), ("2024-01-05", "42.195")] {
        let mut fact = FactDraft::new(Kind::Workout, Category::Activity);
        (fact.text, fact.when) = ("Running".into(), When::parse_fhir(day));
        fact.value = Value::Quantity(quantity("240", "min"));
        let record = f.push(fact.clone());
        for (part, (code, words, value, unit)) in [
            ("totalDistance", "sum", km, "km"),
            ("HKQuantityTypeIdentifierActiveEnergyBurned", "sum", "900", "kJ"),
            ("HKQuantityTypeIdentifierHeartRate", "average", "151", "count/min"),
        ]
        .into_iter()
        .enumerate()
        {
            (fact.codes, fact.text) = (vec![Coding::new("urn:apple:healthkit", code, "")], words.into());
            fact.value = Value::Quantity(quantity(value, unit));
            f.push_part(fact.clone(), record, part as u16 + 1);
        }
    }
    let c = f.ask("How far did I run in 2024?");
    assert!(
        c.text.contains("1 in all")
            && c.text.contains(
                "2024-01-05: 240 min; distance: 42.195 km; active energy: 900 kJ; heart rate (average): 151 count/min"
            ),
        "{}",
        c.text
    );
    assert!(f.ask("Show my workouts").text.contains("2 in all"));
    let c = f.ask("how many calories burned in 2023");
    assert!(c.text.contains("active energy: 900 kJ") && c.missing.is_empty(), "{}", c.text);
    assert_eq!(f.ask("my steps").missing, ["steps"]);
}

/// The name of a code tells what a measure is, where the record's own words do not.
#[test]
fn a_measure_is_found_by_the_name_of_its_code() {
    let mut f = Fake::default();
    let coded = |text: &str, display: &str, code: &str, value: &str, unit: &str| {
        let mut fact = lab(code, display, value, unit, "2024-01-01");
        fact.text = text.to_owned();
        fact
    };
    f.push(coded("Hip scan", "Femur DXA Bone density", "24701-5", "0.81", "g/cm2"));
    f.push(coded("DXA T-score", "DXA T-score", "38265-5", "-2.5", "{T-score}"));
    f.push(coded("PHQ-2", "PHQ-2", "55758-7", "1", "{score}"));
    for q in ["What is my T-score?", "What was my bone density?"] {
        let t = f.ask(q).text;
        assert!(t.contains("0.81") && t.contains("-2.5") && !t.contains("PHQ"), "{t}");
    }
    // Words that make it another thing are not overruled.
    let mut f = Fake::default();
    f.push(coded("Urine sample", "Potassium", "99998-3", "40", "mmol/L"));
    f.push(coded("Spot urine, potassium", "Potassium", "99998-3", "41", "mmol/L"));
    assert_eq!(f.ask("my potassium").missing, ["result:potassium"]);
}

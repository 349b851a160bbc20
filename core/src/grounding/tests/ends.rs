//! First, last and change, where times tie or are not known; results that are told twice.

use super::fake::{Fake, lab};
use crate::record::{Category, Kind};

#[track_caller]
fn says(text: &str, wanted: &[&str]) {
    for w in wanted {
        assert!(text.contains(w), "{w}\n{text}");
    }
}

#[test]
fn of_several_first_results_none_is_taken_silently() {
    let mut f = Fake::default();
    for (v, date) in [("52", "2020-04-06"), ("54", "2020-04-06"), ("57", "2020-04-06"), ("62", "2020-08-01")] {
        f.lab("29463-7", "Body weight", v, "kg", date);
    }
    let t = f.ask("my weight").text;
    says(
        &t,
        &[
            "first 52 kg (2020-04-06) [",
            "; equally early: 54 kg [",
            "; equally early: 57 kg [",
            "change from first to last: not computed, nothing tells which result is the first or the last [",
        ],
    );
    assert!(!t.contains("+5 kg") && !t.contains("+10 kg"), "{t}");
    says(&f.ask("mon poids").text, &[" ; aussi ancien : 54 kg [", "non calculée, rien ne dit quel résultat"]);
}

#[test]
fn what_came_first_is_not_made_up_from_vague_dates() {
    let mut f = Fake::default();
    f.lab("4548-4", "HbA1c", "6.1", "%", "2023-02");
    f.lab("4548-4", "HbA1c", "7.4", "%", "2023");
    let t = f.ask("What is my HbA1c?").text;
    says(&t, &["last 6.1 % (2023-02) [", "; perhaps later: 7.4 % (2023) [", "; perhaps earlier: 6.1 % (2023-02) ["]);
    assert!(!t.contains("-1.3") && !t.contains("17.6"), "{t}");
    // A year before it is surely earlier.
    let mut f = Fake::default();
    f.lab("4548-4", "HbA1c", "6.1", "%", "2023-02");
    f.lab("4548-4", "HbA1c", "7.4", "%", "2022");
    says(&f.ask("What is my HbA1c?").text, &["change from first to last: -1.3 points"]);
}

#[test]
fn undated_results_have_no_first_and_no_last() {
    let mut f = Fake::default();
    for v in ["4.3", "4.0", "5.1"] {
        let mut row = lab("2823-3", "Potassium", v, "mmol/L", "2005-01-27");
        row.when = None;
        f.push(row);
    }
    let t = f.ask("What is my potassium?").text;
    says(
        &t,
        &[
            "- 3 results, none dated: nothing tells which is the first or the last [",
            "- lowest 4.0 mmol/L (undated) [",
            "highest 5.1 mmol/L (undated)",
            "- undated: 4.3 mmol/L [",
        ],
    );
    assert!(!t.contains("last 4") && !t.contains("- first"), "{t}");
    let c = f.ask("What was my potassium in January 2005?");
    says(&c.text, &["besides, 3 records of which no date tells whether it lies in the period asked: "]);
    assert!(c.missing.is_empty() && !c.text.contains("no potassium"), "{}", c.text);
    says(&f.ask("mon potassium en janvier 2005").text, &["de plus, 3 enregistrements dont aucune date ne dit"]);
    // Beside a dated one they are counted.
    f.lab("2823-3", "Potassium", "4.4", "mmol/L", "2005-01-27");
    says(&f.ask("What is my potassium?").text, &["4 results (3 undated); last 4.4 mmol/L (2005-01-27)"]);
    let t = f.ask("What was my potassium in January 2005?").text;
    says(&t, &["1 result: 4.4 mmol/L (2005-01-27)", "besides, 3 records of which no date tells"]);
    // A year may be the year of it.
    let mut f = Fake::default();
    f.lab("2823-3", "Potassium", "4.4", "mmol/L", "2005-01-27");
    f.lab("2823-3", "Potassium", "4.9", "mmol/L", "2005");
    f.lab("2823-3", "Potassium", "3.9", "mmol/L", "2004");
    let t = f.ask("What was my potassium in January 2005?").text;
    says(&t, &["besides, 1 record of which no date tells whether it lies in the period asked: 4.9 mmol/L (2005) ["]);
}

#[test]
fn a_result_that_is_told_twice_is_one() {
    let mut f = Fake::default();
    for _ in 0..2 {
        f.lab("18262-6", "LDL", "100", "mg/dL", "2020-01-01T08:00:00Z");
        f.lab("18262-6", "LDL", "90", "mg/dL", "2021-01-01T08:00:00Z");
        f.listed(Kind::Immunization, Category::Immunizations, "Influenza, seasonal", "2021-10-01T08:00:00Z");
    }
    let t = f.ask("my LDL").text;
    says(&t, &["- 2 results; last 90 mg/dL", "- besides, 2 results told twice in the same file, counted once ["]);
    let t = f.ask("mon LDL est-il bon ?").text;
    says(&t, &["de plus, 2 résultats dits deux fois dans le même fichier, comptés une fois ["]);
    let t = f.ask("How many flu shots have I had?").text;
    says(&t, &[", 2021-10-01", "; told twice in its file and counted once: 1"]);
    assert!(!t.contains("2 entries"), "{t}");
    // Another file is another witness, and another value another result.
    f.rows.iter_mut().skip(3).for_each(|r| r.origins[0].source = 2);
    says(&f.ask("my LDL").text, &["- 4 results; last 90 mg/dL"]);
}

/// The later one has the earlier date: without the offsets that reads as a mistake.
#[test]
fn offsets_are_told_where_dates_and_instants_disagree() {
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "118", "mg/dL", "2024-06-02T02:00:00+09:00");
    f.lab("18262-6", "LDL", "120", "mg/dL", "2024-06-01T23:30:00-05:00");
    let t = f.ask("my latest LDL").text;
    says(&t, &["last 120 mg/dL (2024-06-01 23:30 -05:00)", "first 118 mg/dL (2024-06-02 02:00 +09:00)"]);
}

#[test]
fn readings_of_one_time_are_both_the_last() {
    let mut f = Fake::default();
    for (record, pair) in [(1u8, ["110", "70"]), (2, ["117", "64"])] {
        for (part, (code, value)) in ["8480-6", "8462-4"].into_iter().zip(pair).enumerate() {
            let mut row = lab(code, "part", value, "mm[Hg]", "2016-07-01T08:30:00Z");
            row.category = Category::VitalSigns;
            f.push_part(row, crate::id::RecordId::from_bytes([record; 16]), part as u16 + 1);
        }
    }
    let t = f.ask("my blood pressure in July 2016").text;
    says(
        &t,
        &["last reading 117/64 mm[Hg] (2016-07-01)", "; equally late: 110/70 mm[Hg]", "not computed, nothing tells"],
    );
}

#[test]
fn a_device_that_measured_later_leads() {
    let mut f = Fake::default();
    for (part, (code, value)) in [("8480-6", "143"), ("8462-4", "88")].into_iter().enumerate() {
        let mut row = lab(code, "part", value, "mmHg", "2021-06-13");
        row.category = Category::VitalSigns;
        f.push_part(row, crate::id::RecordId::from_bytes([9; 16]), part as u16 + 1);
    }
    f.lab("29463-7", "Body weight", "79.0", "kg", "2021-10-14");
    let at = "2026-08-11T07:00:00Z";
    for (code, unit, value) in [
        ("BloodPressureSystolic", "mmHg", "133"),
        ("BloodPressureDiastolic", "mmHg", "80"),
        ("BodyMass", "kg", "65.21"),
    ] {
        let code = format!("HKQuantityTypeIdentifier{code}");
        f.chunk(&code, unit, "Cuff", Category::VitalSigns, &[("2026-01-11T07:00:00Z", "66", 0), (at, value, 0)]);
    }
    let t = f.ask("What is my latest blood pressure?").text;
    let (device, record) = (t.find("last reading of a device 133/80 mmHg (2026-08-11)"), t.find("last reading 143/88"));
    assert!(device.is_some() && device < record, "{t}");
    says(&f.ask("Quelle est ma tension ?").text, &["dernière mesure d'un appareil 133/80 mmHg (2026-08-11)"]);
    let t = f.ask("What is my weight?").text;
    assert!(t.find("last 65.21 kg (2026-08-11)") < t.find("79.0 kg (2021-10-14)"), "{t}");
    says(&t, &["first 66 kg (2026-01-11) [", "; change from first to last: -0.79 kg (≈-1.2 %) [", "; 5 years ago"]);
    let t = f.ask("my blood pressure in 2021").text;
    assert!(t.contains("last reading 143/88 mmHg (2021-06-13)") && !t.contains("133"), "{t}");
}

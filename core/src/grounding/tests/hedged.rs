//! Conditions whose words say something else than their name, statements that a later one ends, and
//! what a source says of what there is not.

use super::fake::Fake;
use crate::record::{Category, FactDraft, Kind, Status, Value};

/// The answer without the mark of its fences.
fn ask(f: &Fake, question: &str) -> String {
    f.ask(question).text.replace("a5a5a5a5a5a5a5a5 ", "")
}

fn condition(f: &mut Fake, text: &str) {
    f.listed(Kind::Condition, Category::Conditions, text, "2025-03-01");
    f.rows.last_mut().unwrap().fact.status = Status::Active;
}

#[test]
fn a_condition_that_is_denied_feared_or_another_one_is_not_said_to_be_had() {
    for (text, question, ours) in [
        ("Family history of cancer of colon", "Do I have cancer?", "cancer «"),
        ("Acute tension-type headache", "Do I have migraine?", "migraine «"),
        ("Cancer associated pain", "Do I have cancer?", "cancer «"),
        ("Overweight", "Am I obese?", "obesity «"),
        ("HIV negative", "Do I have HIV?", "HIV infection «"),
        ("Not pregnant", "Am I pregnant?", "pregnancy «"),
        ("Diabetes insipidus", "Do I have diabetes?", "diabetes «"),
        ("Heat stroke", "Did I have a stroke?", "stroke «"),
        ("Absence of stroke", "Did I have a stroke?", "stroke «"),
        ("Rule out pulmonary embolism", "Did I have a pulmonary embolism?", "pulmonary embolism «"),
        ("Pas de fracture", "Ai-je eu une fracture ?", "fracture «"),
    ] {
        let mut f = Fake::default();
        condition(&mut f, text);
        let t = ask(&f, question);
        assert!(!t.contains(ours), "{t}");
        assert!(!t.contains(&format!("{text}», active")) && !t.contains(&format!("{text}», en cours")), "{t}");
    }
    // What is plainly so still is.
    for (text, question) in [("Migraine", "Do I have migraine?"), ("Type 2 diabetes", "Do I have diabetes?")] {
        let mut f = Fake::default();
        condition(&mut f, text);
        assert!(f.ask(question).text.contains(", active"), "{text}");
    }
}

#[test]
fn influenza_is_a_disease_and_its_vaccine_a_vaccine() {
    let mut f = Fake::default();
    condition(&mut f, "Influenza caused by Influenza A virus");
    for q in ["Do I have the flu?", "Did I ever have influenza?", "Ai-je eu la grippe ?"] {
        let t = ask(&f, q);
        assert!(t.contains("Influenza A virus") && !t.contains("no influenza"), "{q} {t}");
    }
    let mut f = Fake::default();
    f.listed(Kind::Immunization, Category::Immunizations, "Influenza, seasonal, injectable", "2025-10-01");
    for q in ["When was my last flu shot?", "Was I vaccinated against flu?", "Suis-je vacciné contre la grippe ?"] {
        assert!(f.ask(q).text.contains("2025-10-01"), "{q} {}", f.ask(q).text);
    }
}

#[test]
fn a_later_stop_is_told_and_each_word_is_cited_to_its_record() {
    let mut f = Fake::default();
    let note = |f: &mut Fake, note: &str| f.rows.last_mut().unwrap().fact.note = note.into();
    f.med("Simvastatin 20 MG Oral Tablet", "2018-01-01", Status::Active);
    note(&mut f, "1/day");
    f.med("Simvastatin 20 MG Oral Tablet", "2022-01-01", Status::Stopped);
    note(&mut f, "2/day");
    let t = ask(&f, "Am I still taking simvastatin?");
    assert!(t.contains("active [r:") && t.contains(", but stopped by an entry of 2022-01-01 [r:"), "{t}");
    // "last 2022-01-01" is of the later record, the dose of the earlier one.
    let cited = |after: &str| {
        let at = t.find(after).unwrap_or_else(|| panic!("{after}: {t}")) + after.len();
        t[at..].split_once("[r:").unwrap().1.split(']').next().unwrap().to_owned()
    };
    assert_eq!(cited("«1/day»"), cited("simvastatin «Simvastatin 20 MG Oral Tablet», active"));
    assert_ne!(cited("last 2022-01-01"), cited("«1/day»"));
    let t = ask(&f, "Est-ce que je prends encore de la simvastatine ?");
    assert!(t.contains("mais arrêté selon une entrée du 2022-01-01"), "{t}");
}

#[test]
fn a_stated_absence_comes_before_what_is_not_stated_and_none_is_lost_unsaid() {
    let mut f = Fake::default();
    let absence = |f: &mut Fake, text: &str, reason: &str, date: &str| {
        f.listed(Kind::Absence, Category::Allergies, text, date);
        f.rows.last_mut().unwrap().fact =
            FactDraft { value: Value::Text(reason.into()), ..f.rows.last().unwrap().fact.clone() };
    };
    absence(&mut f, "No known allergies", "nilknown", "2024-05-01");
    for n in 0..7 {
        absence(&mut f, &format!("Section {n}"), "unavailable", &format!("2025-01-0{}", n + 1));
    }
    let t = ask(&f, "Do I have any allergies?");
    assert!(t.contains("none known, as the source states: «No known allergies»"), "{}", t);
    assert_eq!(t.matches("not stated by the source").count(), 4, "{}", t);
    assert!(t.contains("Not shown here: Allergies and intolerances (3)"), "{}", t);
}

//! Conditions whose words say something else than their name, statements that a later one ends, and
//! what a source says of what there is not.

use super::fake::Fake;
use crate::record::{Category, Coding, FactDraft, Kind, Status, Value};

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
        ("Cancer associated pain", "Do I have cancer?", "cancer «"),
        ("HIV negative", "Do I have HIV?", "HIV infection «"),
        ("Not pregnant", "Am I pregnant?", "pregnancy «"),
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
    // What is another thing is said to be that.
    for (text, question, ours) in [
        ("Acute tension-type headache", "Do I have migraine?", "no migraine on record"),
        (
            "Diabetes insipidus",
            "Do I have diabetes?",
            "or is another thing; their words:\n- «Diabetes insipidus» (2025-03-01)",
        ),
        ("Heat stroke", "Did I have a stroke?", "or is another thing; their words:\n- «Heat stroke» (2025-03-01)"),
        ("Overweight", "Am I obese?", "\nObesity or overweight\n- «Overweight», active, since"),
    ] {
        let mut f = Fake::default();
        condition(&mut f, text);
        let t = ask(&f, question);
        assert!(t.contains(ours) && t.contains(&format!("- «{text}», active")), "{t}");
    }
    // What is plainly so still is.
    for (text, question) in [("Migraine", "Do I have migraine?"), ("Type 2 diabetes", "Do I have diabetes?")] {
        let mut f = Fake::default();
        condition(&mut f, text);
        assert!(f.ask(question).text.contains(", active"), "{text}");
    }
}

/// What names it is shown, in its own words, under a line that says how to read it.
#[test]
fn a_record_that_only_names_a_condition_is_shown_in_its_own_words() {
    let mut f = Fake::default();
    condition(&mut f, "HIV negative");
    condition(&mut f, "Fear of HIV");
    let t = ask(&f, "Do I have HIV?");
    assert!(t.contains("\n- named by records that may say it is not so"), "{t}");
    assert!(
        t.contains("\n- «HIV negative» (2025-03-01) [r:") && t.contains("\n- «Fear of HIV» (2025-03-01) [r:"),
        "{t}"
    );
    let t = ask(&f, "Ai-je le VIH ?");
    assert!(t.contains("\n- nommé par des éléments qui peuvent dire") && !t.contains("rien au dossier"), "{t}");
    // Where nobody asked for it, it is not told; listed with the others, it has no status either.
    f.lab("18262-6", "LDL", "100", "mg/dL", "2026-01-01");
    let t = ask(&f, "my LDL");
    assert!(!t.contains("HIV") && t.contains("- 2 more, not shown unless the question asks for them"), "{t}");
    condition(&mut f, "Fear of cancer");
    assert!(!ask(&f, "my LDL").contains("cancer"));
    let t = ask(&f, "What conditions do I have?");
    assert!(t.contains("\n- «HIV negative», 2025-03-01 [r:"), "{t}");
    // A code does not outweigh the words.
    let mut f = Fake::default();
    condition(&mut f, "No stroke");
    f.rows.last_mut().unwrap().fact.codes = vec![Coding::new("http://snomed.info/sct", "230690007", "")];
    let t = ask(&f, "Did I have a stroke?");
    assert!(t.contains("\n- «No stroke» (2025-03-01)") && !t.contains(", active"), "{t}");
    f.lab("18262-6", "LDL", "100", "mg/dL", "2026-01-01");
    assert!(f.ask("my LDL since my stroke").missing.contains(&"start:stroke".to_owned()));
    // Our name stands beside the record's words only where a code tells it.
    let mut f = Fake::default();
    condition(&mut f, "Adult-onset diabetes");
    assert!(ask(&f, "Do I have diabetes?").contains("\n- «Adult-onset diabetes», active, since 2025-03-01"));
    f.rows.last_mut().unwrap().fact.codes = vec![Coding::new("http://snomed.info/sct", "44054006", "")];
    assert!(ask(&f, "Do I have diabetes?").contains("\n- diabetes «Adult-onset diabetes», active, since 2025-03-01"));
}

#[test]
fn a_disease_and_its_vaccine_are_told_apart() {
    let mut f = Fake::default();
    condition(&mut f, "Chickenpox");
    for q in ["Did I have chickenpox?", "Ai-je eu la varicelle ?"] {
        let c = f.ask(q);
        assert!(c.text.contains("Chickenpox") || c.text.contains("Varicelle"), "{}", c.text);
        assert!(c.missing.is_empty(), "{q} {:?}", c.missing);
    }
    let c = f.ask("Did I ever have measles?");
    assert_eq!(c.missing, ["measles", "mmr-vaccine"]);
    assert!(c.text.contains("no measles (the disease) on record available here"), "{}", c.text);
    let c = f.ask("Am I vaccinated against chickenpox?");
    assert!(c.missing == ["varicella-vaccine"] && !c.text.contains("the disease"), "{:?} {}", c.missing, c.text);
    f.listed(Kind::Immunization, Category::Immunizations, "Td (adult)", "2021-10-01");
    let t = ask(&f, "When was my last tetanus?");
    assert!(t.contains("2021-10-01") && t.contains("no tetanus (the disease) on record"), "{t}");
}

/// Who has the vaccine and not the disease is told of both; of several vaccines against one, each is meant.
#[test]
fn a_disease_that_nobody_had_is_told_beside_its_vaccine() {
    let mut f = Fake::default();
    f.listed(Kind::Immunization, Category::Immunizations, "SARS-COV-2 (COVID-19) vaccine, mRNA", "2021-03-30");
    f.listed(Kind::Immunization, Category::Immunizations, "Hep A, adult", "2014-06-24");
    f.listed(Kind::Immunization, Category::Immunizations, "Pneumococcal conjugate PCV 13", "2016-05-01");
    for (q, date, key) in [
        ("Tell me about covid", "2021-03-30", "covid"),
        ("Have I had pneumonia?", "2016-05-01", "pneumonia"),
        ("Ai-je eu une hépatite ?", "2014-06-24", "hepatitis"),
    ] {
        let c = f.ask(q);
        assert!(c.text.contains(date), "{q} {}", c.text);
        assert!(c.text.contains(" (the disease)") || c.text.contains(" (la maladie)"), "{q} {}", c.text);
        assert_eq!(c.missing, [key], "{q}");
    }
    for (q, missing) in [
        ("hepatitis vaccines", &["hepatitis-b-vaccine"][..]),
        ("Did I have my pneumonia and flu shots?", &["pneumonia", "flu-vaccine"]),
        ("vaccins contre l'hépatite", &["hepatitis-b-vaccine"]),
    ] {
        let c = f.ask(q);
        assert_eq!(c.missing, missing, "{q} {}", c.text);
    }
}

/// Of several that a word means one may be taken: "no iron" above it would be a wrong no.
#[test]
fn what_is_measured_and_taken_is_told_where_it_is_taken() {
    let mut f = Fake::default();
    f.med("Ferrous sulfate (iron) 325 MG", "2024-09-01", Status::Active);
    for with_result in [false, true] {
        if with_result {
            f.lab("2276-4", "Ferritin", "56", "ng/mL", "2021-03-24");
        }
        let c = f.ask("What is my iron level?");
        assert!(c.text.contains("no result on record available here is iron; records"), "{}", c.text);
        assert!(c.missing.contains(&"result:iron".to_owned()), "{:?}", c.missing);
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
    assert!(t.contains("active (2018-01-01), «1/day» [r:"), "{t}");
    assert!(t.contains("; another entry says: stopped (2022-01-01), «2/day» [r:"), "{t}");
    // "last 2022-01-01" is of the later record, the dose of the earlier one.
    let cited = |after: &str| {
        let at = t.find(after).unwrap_or_else(|| panic!("{after}: {t}")) + after.len();
        t[at..].split_once("[r:").unwrap().1.split(']').next().unwrap().to_owned()
    };
    assert_ne!(cited("last 2022-01-01"), cited("«1/day»"));
    assert_eq!(cited("last 2022-01-01"), cited("«2/day»"));
    let t = ask(&f, "Est-ce que je prends encore de la simvastatine ?");
    assert!(t.contains("une autre entrée dit : arrêté (2022-01-01)"), "{t}");
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

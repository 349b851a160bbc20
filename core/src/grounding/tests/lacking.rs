//! What is not on record as such: other records that speak of it, words that nothing has, and no wrong
//! yes or no beside them.

use super::fake::{Fake, lab};
use super::words::{SCT, coded, has, lacks, other, procedure, said};
use crate::record::{Category, Kind, Status};

fn allergy(f: &mut Fake, code: &str, text: &str) {
    f.push(coded(Kind::Allergy, Category::Allergies, "https://example.org/allergens", code, text, text, "2001-01-01"));
}

#[test]
fn a_concept_of_several_words_needs_all_of_them() {
    let mut f = Fake::default();
    f.med("Penicillin V Potassium 250 MG Oral Tablet", "2020-01-01", Status::Stopped);
    f.med("168 HR Ethinyl Estradiol Patch", "2020-01-01", Status::Stopped);
    f.push(said("2132-9", "Vitamin B12", "350", "2020-01-01"));
    f.push(said("4548-4", "Hemoglobin A1c", "7.5", "2020-01-01"));
    f.push(said("11640-0", "Births total", "1", "2020-01-01"));
    f.listed(Kind::Condition, Category::Conditions, "Congestive heart failure", "2015-01-01");
    other(&mut f, "Medication", "Rocephin (ceftriaxone sodium)", "");
    for (question, key, absent) in [
        ("What is my potassium?", "potassium", "«Penicillin V"),
        ("What is my potasium", "potassium", "«Penicillin V"),
        ("sodium", "sodium", "Rocephin"),
        ("heart rate", "heart-rate", "\n«Congestive"),
        ("HR", "heart-rate", "Ethinyl"),
        ("last hemoglobin", "hemoglobin", "7.5"),
        ("vitamin d", "vitamin-d", "350"),
    ] {
        let c = f.ask(question);
        lacks(&c, question, &[absent]);
        assert_eq!(c.missing, [key], "{question}\n{}", c.text);
    }
    let mut f = Fake::default();
    f.push(said("11640-0", "Births total", "1", "2020-01-01"));
    assert_eq!(f.ask("birth control").missing, ["contraceptive"]);
}

#[test]
fn words_that_a_match_lacks_are_said_to_be_so() {
    let mut f = Fake::default();
    procedure(&mut f, "Total hip replacement", "", "2000-04-28");
    procedure(&mut f, "Ankle X-ray", "", "2012-01-04");
    f.push(said("77353-1", "Noninvasive colorectal cancer DNA", "Negative", "2024-03-14"));
    f.listed(Kind::Condition, Category::Conditions, "Escherichia coli urinary tract infection", "2019-04-25");
    other(&mut f, "CarePlan", "Health risks education", "");
    for (question, absent) in [
        ("Did I have a knee replacement?", "hip"),
        ("chest x-ray date", "Ankle"),
        ("Ai-je passé une radio des poumons ?", "Ankle"),
        ("Was my flu test negative?", "colorectal"),
        ("Number of sinus infections", "\n«Escherichia"),
        ("Ai-je un risque de chute ?", "Health risks"),
    ] {
        let c = f.ask(question);
        lacks(&c, question, &[absent]);
        assert!(!c.missing.is_empty(), "{question}");
    }
    let c = f.ask("Did I have breast cancer?");
    has(&c, "breast", &["no record available here has all of these words of the question", "«breast, cancer»"]);
    has(&f.ask("Do I have a hip replacement?"), "hip", &["«Total hip replacement»"]);
    lacks(&f.ask("Do I have a hip replacement?"), "hip", &["has all of these words"]);
    has(&f.ask("What infections have I had?"), "infections", &["Escherichia"]);
    for question in ["Did I ever have a urine infection?", "Did I have a bladder infection?"] {
        has(&f.ask(question), question, &["Escherichia"]);
    }
    // Beside what is named and found, too.
    f.push(lab("72514-3", "", "2", "{score}", "2020-01-01"));
    has(&f.ask("Do I have chest pain?"), "chest", &["2 ", "matches these words of the question: «chest»"]);
    lacks(&f.ask("What is my pain score?"), "pain", &["matches"]);
    // A pain is looked for as the pain of what is named with it.
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Joint pain (finding)", "2020-04-01");
    f.listed(Kind::Condition, Category::Conditions, "Muscle pain (finding)", "2020-04-02");
    let c = f.ask("Do I have joint pain?");
    has(&c, "joint", &["«Joint pain (finding)»\n"]);
    lacks(&c, "joint", &["\n«Muscle"]);
}

#[test]
fn no_record_hides_a_diagnosis() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Opioid abuse (disorder)", "1976-06-01");
    other(&mut f, "CarePlan", "Substance abuse prevention; drug abuse counseling", "");
    procedure(&mut f, "Encounter for problem", "", "2020-01-01");
    for question in [
        "Do I abuse drugs?",
        "Do I use drugs?",
        "Est-ce que je consomme de la drogue ?",
        "Ai-je un problème d'addiction aux opioïdes ?",
    ] {
        has(&f.ask(question), question, &["«Opioid abuse (disorder)», "]);
    }
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Fracture of wrist bone", "2019-01-01");
    procedure(&mut f, "Measurement of the grip of the left wrist by dynamometer", "", "2020-01-01");
    let c = f.ask("dynamometer grip wrist");
    has(&c, "wrist", &["«Fracture of wrist bone»", "dynamometer"]);
}

/// A denial above the very thing is none: what is there is said to be of another sort.
#[test]
fn no_flat_denial_stands_above_the_thing() {
    let mut f = Fake::default();
    f.push(said("18906-8", "Ciprofloxacin MIC", "S", "2016-08-18"));
    f.listed(Kind::Condition, Category::Conditions, "Fever", "2015-06-22");
    allergy(&mut f, "7984", "Penicillin V");
    f.med("Influenzavaccin 2020", "2020-11-07", Status::Final);
    for (question, denied, key) in [
        (
            "Is it resistant to ciprofloxacin?",
            "no medication on record available here is ciprofloxacin;",
            "medication:ciprofloxacin",
        ),
        ("Do I have Fever?", "no result on record available here is body temperature;", "result:temperature"),
        ("Do I take penicillin?", "no medication on record available here is penicillin;", "medication:penicillin"),
        ("Do I take ampicillin?", "no medication on record available here is ampicillin;", "medication:ampicillin"),
        (
            "Did I have a flu vaccine?",
            "no vaccination on record available here is influenza vaccine;",
            "vaccination:flu-vaccine",
        ),
    ] {
        let c = f.ask(question);
        has(&c, question, &[denied, "records that speak of it follow"]);
        lacks(&c, question, &["ciprofloxacin on record", "temperature on record", "vaccine on record"]);
        assert_eq!(c.missing, [key], "{question}");
    }
    has(&f.ask("Do I take penicillin?"), "penicillin", &["\nAllergy or intolerance: «Penicillin V»"]);
    has(&f.ask("Did I have a flu vaccine?"), "flu", &["\nMedication: «Influenzavaccin 2020»"]);
    // Where nothing speaks of it, it is denied as ever.
    let c = f.only(&[Category::Medications]).ask("Do I take ciprofloxacin?");
    assert_eq!(c.missing, ["ciprofloxacin"]);
    has(&c, "ciprofloxacin", &["no ciprofloxacin on record available here"]);
}

#[test]
fn prediabetes_is_named_and_is_no_diabetes() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Prediabetes", "1973-05-15");
    other(&mut f, "CarePlan", "Diabetic diet; Exercise therapy", "");
    for question in ["Do I have diabetes?", "Am I diabetic?"] {
        let c = f.ask(question);
        has(
            &c,
            question,
            &["no condition on record available here is diabetes; what is akin to it follows", "prediabetes, active"],
        );
        lacks(&c, question, &["Diabetic diet"]);
    }
    has(&f.ask("diabetic diet"), "diet", &["care plan (active): «Diabetic diet; Exercise therapy»"]);
}

#[test]
fn a_heart_disease_is_more_than_that_of_the_coronaries() {
    for (text, question) in [
        ("Congestive heart failure", "Do I have heart disease?"),
        ("Cardiac Arrest", "Ai-je une maladie cardiaque ?"),
        ("Angina pectoris", "Do I have a heart condition?"),
        ("Atrial fibrillation", "Ai-je un problème cardiaque ?"),
    ] {
        let mut f = Fake::default();
        f.listed(Kind::Condition, Category::Conditions, text, "2015-01-01");
        let c = f.ask(question);
        assert!(c.missing.is_empty(), "{question}: {:?}", c.missing);
        has(&c, question, &["2015-01-01"]);
    }
    assert_eq!(Fake::default().ask("Do I have heart disease?").missing, ["heart-disease"]);
}

#[test]
fn an_allergy_is_told_once_and_medications_are_none() {
    let mut f = Fake::default();
    allergy(&mut f, "1", "Penicillin V");
    allergy(&mut f, "2", "Peanut");
    f.med("Amoxicillin 500 MG Oral Tablet", "2016-11-23", Status::Stopped);
    f.med("Penicillin V Potassium 250 MG", "2016-11-23", Status::Stopped);
    let c = f.ask("Am I allergic to amoxicillin?");
    has(
        &c,
        "amoxicillin",
        &[
            "\nAllergy or intolerance: «Penicillin V»",
            "\nMedication, not an allergy: «Amoxicillin",
            "1 of them shown above",
            "«Peanut»",
        ],
    );
    lacks(&c, "amoxicillin", &["Potassium"]);
    assert_eq!(c.text.matches("active, recorded").count() + c.text.matches("active, since").count(), 2, "{}", c.text);
    has(&f.ask("Do I react to peanuts?"), "react", &["\nAllergy or intolerance: «Peanut»"]);
    for question in ["Am I allergic to acetaminophen?", "Suis-je allergique au paracétamol ?"] {
        let mut f = Fake::default();
        allergy(&mut f, "3", "PARACETAMOL");
        let c = f.ask(question);
        has(&c, question, &["«PARACETAMOL»\n"]);
        assert!(c.missing.is_empty(), "{question}: {:?}", c.missing);
        let c = Fake::default().ask(question);
        has(&c, question, &[if question.contains("para") { "«paracetamol»" } else { "«acetaminophen»" }]);
    }
    // What a germ resists is one drug and not its kin.
    let mut f = Fake::default();
    f.push(lab("18864-9", "Ampicillin", "2", "", "2024-01-01"));
    lacks(&f.ask("Is it resistant to penicillin?"), "resistant", &["Ampicillin"]);
}

#[test]
fn a_code_for_several_things_is_parted_by_its_words() {
    let mut f = Fake::default();
    allergy(&mut f, "-", "cephalosporins");
    allergy(&mut f, "-", "Seafood");
    let c = f.ask("Am I allergic to fish?");
    has(&c, "fish", &["«Seafood»\n- «Seafood»"]);
    lacks(&c, "fish", &["«cephalosporins»\n"]);
    let c = f.ask("Can I take cefalexin?");
    has(&c, "cefalexin", &["Allergy or intolerance: «cephalosporins»"]);
    // Two wordings of one thing stay one.
    let mut f = Fake::default();
    for text in ["Total hip replacement", "Hip replacement, left"] {
        f.push(coded(Kind::Procedure, Category::Procedures, SCT, "52734007", "", text, "2000-04-28"));
    }
    let c = f.ask("hip replacement");
    assert_eq!(c.text.matches("2000-04-28").count(), 2, "{}", c.text);
}

/// A coding can be a name alone: it is found, listed and counted all the same.
#[test]
fn a_name_without_a_code_is_found() {
    let mut f = Fake::default();
    f.push(coded(
        Kind::Allergy,
        Category::Allergies,
        "",
        "",
        "Unverträglichkeit: Penicillin",
        "Unverträglichkeit: Penicillin",
        "2001-01-01",
    ));
    for question in ["Can I take penicillin?", "Am I allergic to penicillin?"] {
        has(&f.ask(question), question, &["\nAllergy or intolerance: «Unverträglichkeit: Penicillin»\n- «Unv"]);
    }
}

#[test]
fn what_stands_under_its_name_is_not_told_again() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Father had colon cancer", "2001-01-01");
    let c = f.ask("Do I have colon cancer?");
    assert_eq!(c.text.matches("colon cancer»").count(), 1, "{}", c.text);
}

#[test]
fn what_hurts_is_a_pain_of_it() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Chest pain", "2020-04-01");
    f.listed(Kind::Condition, Category::Conditions, "Headache", "2020-04-01");
    has(&f.ask("Ai-je mal à la poitrine ?"), "poitrine", &["\n«Chest pain»"]);
    has(&f.ask("Ai-je mal à la tête ?"), "tete", &["- mal de tête, en cours"]);
    assert!(f.ask("Ai-je mal à la tête ?").missing.is_empty());
}

#[test]
fn vaccines_do_not_answer_for_the_disease() {
    let mut f = Fake::default();
    f.listed(Kind::Immunization, Category::Immunizations, "COVID-19, mRNA vaccine", "2021-04-12");
    for question in ["Did I have covid?", "Mon test covid était-il positif ?"] {
        let c = f.ask(question);
        // It is told as what it is, beside the disease that nobody had.
        assert!(
            c.text.contains("\nCOVID-19 vaccine\n") || c.text.contains("\nVaccin contre la COVID-19\n"),
            "{}",
            c.text
        );
        assert!(
            c.text.contains("COVID-19 (the disease) on") || c.text.contains("COVID-19 (la maladie) :"),
            "{}",
            c.text
        );
        assert_eq!(c.missing, ["covid"], "{question}");
    }
    f.listed(Kind::Immunization, Category::Immunizations, "Mumps", "2024-07-18");
    let c = f.ask("When did I get the Mumps vaccine?");
    has(&c, "mumps", &["\nVaccination: «Mumps»", "records that speak of it follow"]);
    lacks(&c, "mumps", &["vaccine on record"]);
    f.listed(Kind::Immunization, Category::Immunizations, "DPT/HIB", "2005-05-11");
    assert!(f.ask("Have I had the DTP vaccine?").missing.is_empty());
    let mut f = Fake::default();
    procedure(&mut f, "Insertion of intrauterine contraceptive device", "", "2017-02-07");
    for question in ["Do I have an IUD?", "Ai-je un stérilet ?"] {
        let c = f.ask(question);
        has(&c, question, &["intrauterine"]);
        assert!(c.missing.is_empty(), "{question}");
    }
}

/// A record's own name is found by all of its words, whatever a table makes of some of them.
#[test]
fn what_has_all_words_is_what_is_asked_for() {
    let mut f = Fake::default();
    let width = "Erythrocyte distribution width [Entitic volume] by Automated count";
    f.lab("21000-5", width, "39.31", "fL", "2020-02-04");
    f.lab("32207-3", "Platelet distribution width [Entitic volume] in Blood", "11", "fL", "2020-02-04");
    f.lab("718-7", "Hemoglobin [Mass/volume] in Blood", "14.5", "g/dL", "2020-02-04");
    for (q, value) in [
        (width, "39.31 fL"),
        ("erythrocyte distribution width", "39.31 fL"),
        ("Hemoglobin [Mass/volume] in Blood", "14.5 g/dL"),
    ] {
        let c = f.ask(q);
        assert!(c.text.contains(value) && !c.text.contains("has all of these words"), "{q}\n{}", c.text);
    }
    // "Does it mean" asks for none.
    f.lab("2823-3", "Potassium", "4.1", "mmol/L", "2020-02-04");
    f.lab("2823-3", "Potassium", "4.3", "mmol/L", "2020-03-04");
    for (q, mean) in [("mean potassium", true), ("my mean potassium", true), ("what does my potassium mean", false)] {
        let c = f.ask(q);
        assert_eq!(c.text.contains("mean ≈4.20") || c.text.contains("mean 4.2"), mean, "{q}\n{}", c.text);
    }
}

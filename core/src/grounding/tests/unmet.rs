//! What is asked for and not worked out is said; words of movement are none of a record's.

use super::fake::{Fake, patient};
use super::words::{has, lacks};
use crate::record::{Category, Kind, Status};

const POUNDS: &str = "not worked out here, values are shown as they are recorded: «in pounds»";

#[test]
fn what_is_not_worked_out_is_said() {
    let mut f = Fake::default();
    f.lab("29463-7", "Body Weight", "70.5", "kg", "2020-02-04");
    f.lab("2823-3", "Potassium", "4.1", "mmol/L", "2020-02-04");
    for (question, said) in [
        ("my weight in pounds", POUNDS),
        ("median potassium", "«median»"),
        ("potassium < 4", "«below 4»"),
        ("How often was my potassium above 4?", "«above 4»"),
        ("potassium médian, et la médiane de mon poids", "«median, mediane»"),
        ("mon poids en livres", "non calculé ici, les valeurs sont montrées comme au dossier : «en livres»"),
        ("potassium in mg/dL", "«in mg dl»"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[said]);
        assert_eq!(c.missing, ["computation"], "{question}\n{}", c.text);
    }
    for question in
        ["my weight in kg", "potassium in mmol/L", "mon poids en kilos", "my potassium over the last 10 years"]
    {
        let c = f.ask(question);
        lacks(&c, question, &["not worked out", "non calculé ici"]);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
    }
    let c = f.ask("How much in pounds?");
    has(&c, "pounds alone", &["70.5 kg", POUNDS]);
}

#[test]
fn a_movement_of_values_is_no_name() {
    let mut f = patient();
    let mut fall = super::words::said("59460-6", "Fall risk total [Morse Fall Scale]", "20", "2021-01-01");
    fall.category = Category::Laboratory;
    f.push(fall);
    f.lab("2823-3", "Potassium", "4.1", "mmol/L", "2020-02-04");
    for question in ["Did my potassium fall?", "potassium fall", "Has my potassium spiked?", "Did my potassium peak?"] {
        let c = f.ask(question);
        has(&c, question, &["4.1"]);
        lacks(&c, question, &["Morse", "words of the question"]);
    }
    has(&f.ask("Did I have a fall?"), "a fall", &["Morse"]);
}

/// A patient with a flu vaccine in two years, results of three years, and two cardioversions.
fn events() -> Fake {
    let mut f = Fake::default();
    for (value, date) in [("4.1", "2017-02-04"), ("4.2", "2019-01-10"), ("4.3", "2020-06-04"), ("4.4", "2021-06-04")] {
        f.lab("2823-3", "Potassium", value, "mmol/L", date);
        f.lab("6690-2", "Leukocytes", "6.4", "10*3/uL", date);
    }
    for date in ["2012-12-25", "2019-01-29", "2021-05-04"] {
        f.listed(Kind::Immunization, Category::Immunizations, "Influenza vaccine", date);
    }
    f.listed(Kind::Procedure, Category::Procedures, "Electrical cardioversion", "2018-03-01");
    f.listed(Kind::Procedure, Category::Procedures, "Insertion of cardioverter defibrillator", "2018-06-19");
    f
}

#[test]
fn the_event_that_is_meant_is_the_one_compared_with() {
    let f = events();
    for (question, said) in [
        ("potassium since the flu vaccine in 2019", "first entry 2019-01-29"),
        ("potassium since my second flu vaccine", "second entry 2019-01-29"),
        ("potassium since my third flu vaccine", "third entry 2021-05-04"),
        ("potassium since the defibrillator was implanted", "2018-06-19"),
        ("potassium depuis ma première cardioversion", "2018-03-01"),
        ("potassium prior to my cardioversion", "before the start of"),
    ] {
        has(&f.ask(question), question, &[said]);
    }
    for question in
        ["potassium since my fifth flu vaccine", "potassium since my divorce", "potassium since vaccination"]
    {
        let c = f.ask(question);
        assert!(c.text.contains("no start date for"), "{question}\n{}", c.text);
    }
}

#[test]
fn what_is_left_out_is_not_listed() {
    let mut f = events();
    for (name, date) in
        [("Warfarin Sodium 5 MG Oral Tablet", "2020-01-01"), ("Digoxin 0.125 MG Oral Tablet", "2020-01-01")]
    {
        f.med(name, date, Status::Active);
    }
    f.med("lisinopril 10 MG Oral Tablet", "2020-01-01", Status::Active);
    for (question, kept, gone) in [
        ("medicines except warfarin and digoxin", "lisinopril", "Warfarin"),
        ("medications other than lisinopril", "Warfarin", "lisinopril 10"),
        ("tous mes médicaments sauf la warfarine", "lisinopril", "Warfarin"),
        ("labs excluding potassium", "6.4", "4.4"),
        ("my labs without potassium", "6.4", "4.4"),
        ("my results without potassium", "6.4", "4.4"),
        ("mes analyses à part le potassium", "6,4", "4,4"),
    ] {
        let c = f.ask(question);
        let said = ["left out, as the question says", "laissé de côté"];
        assert!(said.iter().any(|s| c.text.contains(s)), "{question}\n{}", c.text);
        has(&c, question, &[kept]);
        lacks(&c, question, &[gone]);
    }
    lacks(&f.ask("medicines except warfarin and digoxin"), "digoxin", &["Digoxin"]);
    has(&f.ask("Did the antibiotics change my white count?"), "white count", &["6.4"]);
}

/// The word that makes another quantity of it is never passed over.
#[test]
fn a_word_at_the_name_of_a_measure_is_found_or_told() {
    let mut f = Fake::default();
    f.lab("2339-0", "Glucose", "75.5", "mg/dL", "2020-02-04");
    f.lab("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "1.1", "mg/dL", "2020-02-04");
    f.lab("2161-8", "Creatinine [Mass/volume] in Urine", "120", "mg/dL", "2020-02-04");
    f.lab("29463-7", "Body weight", "71", "kg", "2020-02-04");
    for (question, words) in [
        ("urine glucose", "urine, glucose"),
        ("glucose in urine", "urine, glucose"),
        ("glucose urinaire", "urinaire, glucose"),
        ("birth weight", "birth, weight"),
        ("mon poids de naissance", "naissance, poids"),
        ("ideal weight", "ideal, weight"),
    ] {
        let c = f.ask(question);
        let quoted = words.split(", ").all(|w| c.text.contains(&format!("{w}»")) || c.text.contains(&format!("{w},")));
        let told = quoted && c.missing.contains(&"other".to_owned());
        assert!(told, "{question} {:?}\n{}", c.missing, c.text);
    }
    for question in ["urine creatinine", "creatinine in my urine", "créatinine urinaire"] {
        let c = f.ask(question);
        let at = |t: &str| c.text.find(t).unwrap_or(usize::MAX);
        assert!(at("120") < at("1.1 ").min(at("1,1 ")), "{question}\n{}", c.text);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
    }
    for question in ["blood glucose", "serum creatinine", "my latest weight", "how is my glucose?", "glucose level"] {
        let c = f.ask(question);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
    }
}

/// A parent opens one space for each child, and asks of it as of a child.
#[test]
fn in_the_space_of_a_child_the_child_is_the_person() {
    let ask = |born: &str, question: &str| {
        let mut f = Fake::default();
        f.person(born, "female");
        f.lab("29463-7", "Body weight", "17.5", "kg", "2024-02-04");
        f.lab("29463-7", "Body weight", "12.1", "kg", "2020-02-04");
        f.ask(question)
    };
    for question in ["How much does my daughter weigh?", "poids de mon enfant", "What is my kid's weight?"] {
        let c = ask("2018-05-01", question);
        assert!(c.missing.is_empty() && c.text.contains("17"), "{question} {:?}\n{}", c.missing, c.text);
        assert!(ask("1978-05-01", question).missing.contains(&"another-person".to_owned()), "{question}");
    }
    let c = ask("2018-05-01", "weight when she was 1");
    has(&c, "when she was 1", &["period asked: 2019-05-01 to 2020-04-30", "12.1"]);
    assert!(ask("2018-05-01", "my mother's weight").missing.contains(&"another-person".to_owned()));
}

/// What an event or a visit limits is lists of measures alone; for all else it is said to limit nothing.
#[test]
fn what_limits_no_list_is_said_to() {
    let mut f = events();
    f.med("Warfarin Sodium 5 MG Oral Tablet", "2020-01-01", Status::Active);
    f.listed(Kind::Condition, Category::Conditions, "Cardiac arrest", "2018-06-19");
    for (question, said) in [
        ("medications since my cardiac arrest", "since my cardiac arrest"),
        ("vaccines before my cardiac arrest", "before my cardiac arrest"),
        ("lab results of my last checkup", "of my last checkup"),
        ("potassium in hospital", "in hospital"),
        ("potassium at the time of my cardioversion", "the time of my"),
        ("potassium the year I was diagnosed", "the year i"),
        ("potassium around 2019-01-10", "around"),
        ("potassium in 1850", "1850"),
        ("potassium from age 16 to 18", "18"),
        ("potassium between ages 18 and 20", "between ages"),
    ] {
        let c = f.ask(question);
        assert!(c.missing.contains(&"period".to_owned()), "{question} {:?}\n{}", c.missing, c.text);
        has(&c, question, &[said, "limit nothing here"]);
    }
    for question in ["When was I in hospital?", "my visits", "medications", "When was my cardiac arrest?"] {
        assert!(!f.ask(question).missing.contains(&"period".to_owned()), "{question}");
    }
}

//! Units that differ in their spelling alone, and words that are no slips.

use super::fake::{Fake, plain, quantity};
use crate::record::{Category, Kind, Status, Value};

/// A result with a unit as printed, and its UCUM code.
fn lab(f: &mut Fake, code: &str, value: &str, (unit, ucum): (&str, &str), date: &str) {
    f.lab(code, "words", value, unit, date);
    let mut q = quantity(value, unit);
    q.ucum = ucum.to_owned();
    f.rows.last_mut().unwrap().fact.value = Value::Quantity(q);
}

#[test]
fn spellings_of_one_unit_are_computed_with_together() {
    let mut f = Fake::default();
    lab(&mut f, "18262-6", "100", ("mg/dL", ""), "2019-01-01");
    lab(&mut f, "18262-6", "120", ("mg/dl", ""), "2020-01-01");
    lab(&mut f, "18262-6", "90", ("mg/dl", "mg/dL"), "2021-01-01");
    let t = f.ask("How did my LDL change?").text;
    assert!(t.contains("3 results; last 90 mg/dl (2021-01-01)") && !t.contains("kept apart"), "{t}");
    assert!(t.contains("first 100 mg/dL (2019-01-01)") && t.contains("highest 120 mg/dl (2020-01-01)"), "{t}");
    assert!(t.contains("change from first to last: -10 mg/dL (-10.0 %)"), "{t}");
    let mut f = Fake::default();
    lab(&mut f, "6690-2", "6.1", ("10*9/L", "10*9/L"), "2020-01-01");
    lab(&mut f, "6690-2", "5.9", ("G/L", ""), "2021-01-01");
    assert!(f.ask("my white blood cells").text.contains("2 results; "));
    let mut f = Fake::default();
    lab(&mut f, "4548-4", "7", ("percent", ""), "2020-01-01");
    lab(&mut f, "4548-4", "6", ("%", "%"), "2021-01-01");
    let t = plain(&f.ask("my hba1c").text);
    assert!(t.contains("2 results; last 6 % (2021-01-01)") && t.contains("first 7 «percent» (2020-01-01)"), "{t}");
    assert!(t.contains("change from first to last: -1 points"), "{t}");
}

#[test]
fn an_activity_and_an_arbitrary_unit_stay_apart_and_it_is_said() {
    let mut f = Fake::default();
    lab(&mut f, "1742-6", "30", ("U/L", ""), "2020-01-01");
    lab(&mut f, "1742-6", "32", ("UI/L", ""), "2021-01-01");
    lab(&mut f, "1742-6", "31", ("IU/L", ""), "2022-01-01");
    let t = f.ask("my ALT").text;
    assert!(t.contains("several units or codes: kept apart, nothing is converted"), "{t}");
    assert!(t.contains("IU/L: 2 results; last 31 IU/L") || t.contains("UI/L: 2 results; last 31 IU/L"), "{t}");
}

/// What is no slip: an ordinary word, and one that a record has as it is.
#[test]
fn a_word_that_stands_in_a_record_is_not_mended() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Single ventricle", "2001-01-01");
    f.listed(Kind::Condition, Category::Conditions, "Lightning strike injury", "2011-01-01");
    f.listed(Kind::Condition, Category::Conditions, "Creatine transporter deficit", "2012-01-01");
    f.med("Eflornithine 11.5 % cream", "2020-01-01", Status::Active);
    for (q, has) in [
        ("single ventricle", "Single ventricle"),
        ("when was my lightning strike?", "Lightning strike injury"),
        ("which cream do I use?", "Eflornithine"),
        ("my creatine transporter", "Creatine transporter"),
    ] {
        let c = f.ask(q);
        assert!(c.text.contains(has), "{q} {}", c.text);
        assert!(c.missing.is_empty(), "{q} {:?} {}", c.missing, c.text);
        for wrong in ["shingles", "stroke", "creatinine", "speak of it"] {
            assert!(!c.text.contains(wrong), "{q} {}", c.text);
        }
    }
    // What has one of two words does not speak of the other.
    let c = f.ask("was any single LDL high?");
    assert!(c.missing.contains(&"ldl".to_owned()), "{:?} {}", c.missing, c.text);
    assert!(!c.text.contains("speak of it"), "{}", c.text);
    // Nor is a word that a result has as its value; and an aid is no disease.
    f.lab("600-7", "Culture", "1", "1", "2020-01-01");
    f.rows.last_mut().unwrap().fact.value = Value::Text("Klebsiella pneumoniae".into());
    f.listed(Kind::Procedure, Category::Procedures, "Fitting of hearing aid", "2020-01-01");
    for (q, wrong) in [("klebsiella pneumoniae", "pneumonia"), ("do I have a hearing aid?", "HIV")] {
        let c = f.ask(q);
        assert!(c.missing.is_empty() && !c.text.contains(&format!("no {wrong}")), "{q} {:?} {}", c.missing, c.text);
        assert!(!c.text.contains(&format!("is {wrong}")), "{q} {}", c.text);
    }
    assert_eq!(f.ask("Do I have AIDS?").missing, ["hiv"]);
    assert_eq!(f.ask("do I have aids?").missing, ["hiv"]);
    // A slip is said to be taken for one.
    let c = f.ask("my creatinin");
    assert!(
        c.missing == ["creatinine"] && c.text.contains("«a5a5a5a5a5a5a5a5 creatinin» taken for a slip"),
        "{}",
        c.text
    );
}

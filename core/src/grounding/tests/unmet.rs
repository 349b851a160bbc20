//! What is asked for and not worked out is said; words of movement are none of a record's.

use super::fake::{Fake, patient};
use super::words::{has, lacks};
use crate::record::Category;

const POUNDS: &str = "not worked out here, values are shown as they are recorded: «in pounds»";

#[test]
fn what_is_not_worked_out_is_said() {
    let mut f = Fake::default();
    f.lab("29463-7", "Body Weight", "70.5", "kg", "2020-02-04");
    f.lab("2823-3", "Potassium", "4.1", "mmol/L", "2020-02-04");
    for (question, said) in [
        ("my weight in pounds", POUNDS),
        ("median potassium", "«median»"),
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

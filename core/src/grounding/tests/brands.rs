//! Medications under a brand's name.

use super::fake::{Fake, plain};
use crate::record::Status;

#[test]
fn a_common_brand_is_the_ingredient_and_of_its_class() {
    for (text, question, line) in [
        ("Zyloprim 300 MG", "Do I take allopurinol?", "- allopurinol «Zyloprim 300 MG», active"),
        ("ZESTRIL 10 mg", "Am I on an ACE inhibitor?", "- lisinopril «ZESTRIL 10 mg», active"),
        ("Lipitor 20 MG", "Which statin do I take?", "- atorvastatin «Lipitor 20 MG», active"),
        ("Inipomp 20 mg", "Est-ce que je prends un IPP ?", "- pantoprazole «Inipomp 20 mg», en cours"),
    ] {
        let mut f = Fake::default();
        f.med(text, "2020-01-01", Status::Active);
        let c = f.ask(question);
        assert!(c.missing.is_empty() && plain(&c.text).contains(line), "{}", c.text);
    }
    // An ingredient with uses outside of the class is not of it by its name alone.
    let mut f = Fake::default();
    f.med("Flonase nasal spray", "2020-01-01", Status::Active);
    assert_eq!(f.ask("Do I use an inhaler?").missing, ["inhaler"]);
}

#[test]
fn that_a_medication_is_not_found_says_how_it_was_looked_for() {
    let mut f = Fake::default();
    f.med("Obscurol 5 MG", "2020-01-01", Status::Active);
    let t = f.ask("Do I take allopurinol?").text;
    assert!(
        t.contains("no allopurinol on record available here (looked for by its codes, its names and common"),
        "{t}"
    );
    let t = f.ask("Est-ce que je prends de l'allopurinol ?").text;
    assert!(t.contains("une autre marque ne serait pas trouvée"), "{t}");
}

//! The period asked holds for everything that is listed.

use super::fake::{Fake, plain};
use crate::record::{Category, Kind, When};

#[track_caller]
fn says(text: &str, wanted: &[&str]) {
    for w in wanted {
        assert!(text.contains(w), "{w}\n{text}");
    }
}

#[test]
fn what_is_found_by_its_words_is_of_the_period() {
    let mut f = Fake::default();
    for date in ["2011-12-20", "2013-12-31", "2021-02-09", ""] {
        f.listed(Kind::Procedure, Category::Procedures, "Electrical cardioversion", date);
    }
    let t = plain(&f.ask("Was there a cardioversion before 2015?").text);
    says(&t, &["2 entries, first 2011-12-20", "last 2013-12-31", "besides, 1 record of which no date tells"]);
    assert!(!t.contains("2021"), "{t}");
    let t = f.ask("Was there a cardioversion in 2016?").text;
    says(&t, &["none in the period asked; the latest is of 2021-02-09"]);
    says(&f.ask("une cardioversion en 2016 ?").text, &["rien dans la période demandée"]);
}

#[test]
fn a_stay_counts_on_each_of_its_days() {
    let mut f = Fake::default();
    f.listed(Kind::Encounter, Category::Encounters, "Hospital admission", "2020-11-21");
    f.rows.last_mut().unwrap().fact.until = When::parse_fhir("2020-12-02");
    f.listed(Kind::Encounter, Category::Encounters, "Check-up", "2021-09-08");
    for q in ["What happened on 2020-12-02?", "my visits on 2020-11-25"] {
        let t = f.ask(q).text;
        assert!(t.contains("Hospital admission") && !t.contains("Check-up"), "{q} {t}");
    }
    let t = f.ask("my visits on 2020-12-03").text;
    says(&t, &["none in the period asked; the latest is of 2021-09-08"]);
}

#[test]
fn a_vague_date_is_neither_in_nor_out() {
    let mut f = Fake::default();
    f.listed(Kind::Procedure, Category::Procedures, "Colonoscopy", "2020");
    f.listed(Kind::Procedure, Category::Procedures, "Knee surgery", "2020-03-05");
    let t = f.ask("my procedures in March 2020").text;
    says(&t, &["1 in all", "Knee surgery", "besides, 1 record of which no date tells whether it lies in the period"]);
}

#[test]
fn one_product_does_not_stand_for_another() {
    let mut f = Fake::default();
    for (text, date) in [
        ("COVID-19 vaccine Alpha", "2021-01-01"),
        ("COVID-19 vaccine Alpha", "2021-02-01"),
        ("COVID-19 vaccine bivalent", "2022-10-01"),
    ] {
        f.listed(Kind::Immunization, Category::Immunizations, text, date);
    }
    let t = plain(&f.ask("How many covid vaccines have I had?").text);
    says(
        &t,
        &["- COVID-19 vaccine, ", "3 entries", "; «COVID-19 vaccine bivalent»: 1 [", "; «COVID-19 vaccine Alpha»: 2 ["],
    );
    let t = plain(&f.ask("Combien de vaccins contre le covid ai-je reçus ?").text);
    says(&t, &["- vaccin contre la COVID-19, ", "; «COVID-19 vaccine Alpha» : 2 ["]);
}

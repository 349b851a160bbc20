//! Workouts by their sort, and totals that only a daily summary has.

use super::fake::{Fake, plain, quantity};
use crate::record::{Category, Coding, FactDraft, Kind, Value, When};

fn workout(f: &mut Fake, sort: &str, date: &str) {
    let mut fact = FactDraft::new(Kind::Workout, Category::Activity);
    (fact.text, fact.when) = (sort.to_owned(), When::parse_fhir(date));
    let record = f.push(fact.clone());
    // A total of it is a part of the same record.
    fact.codes = vec![Coding::new("urn:apple:healthkit", "totalDistance", "")];
    fact.value = Value::Quantity(quantity("5", "km"));
    fact.text = String::new();
    f.push_part(fact, record, 1);
}

#[test]
fn workouts_are_counted_by_the_sort_that_is_asked_for() {
    let mut f = Fake::default();
    for day in 1..=7 {
        workout(&mut f, "Running", &format!("2026-10-0{day}"));
    }
    workout(&mut f, "Cycling", "2026-10-09");
    let t = plain(&f.ask("Combien de fois ai-je couru ?").text);
    assert!(t.contains("\n- 7 du type demandé ; de plus, 1 d'un autre type") && !t.contains("Cycling"), "{t}");
    let t = plain(&f.ask("How many times did I run?").text);
    assert!(t.contains("\n- 7 of the sort asked; besides, 1 of another sort") && !t.contains("Cycling"), "{t}");
    let t = plain(&f.ask("Combien de fois ai-je fait du vélo ?").text);
    assert!(t.contains("\n- 1 du type demandé ; de plus, 7 d'un autre type") && !t.contains("Running"), "{t}");
    let t = plain(&f.ask("Did I swim?").text);
    assert!(t.contains("\n- 0 of the sort asked; besides, 8 of another sort"), "{t}");
    let t = plain(&f.ask("How often did I cycle or run?").text);
    assert!(t.contains("\n- 8 in all"), "{t}");
    assert!(plain(&f.ask("my workouts").text).contains("\n- 8 in all"));
}

#[test]
fn energy_that_only_a_daily_summary_has_is_not_denied() {
    let mut f = Fake::default();
    for (value, date) in [("410", "2026-07-01"), ("395", "2026-07-02")] {
        let mut fact = FactDraft::new(Kind::ActivitySummary, Category::Activity);
        fact.codes = vec![Coding::new("urn:apple:healthkit", "activeEnergyBurned", "")];
        fact.when = When::parse_fhir(date);
        fact.value = Value::Quantity(quantity(value, "kcal"));
        f.push(fact);
    }
    let c = f.ask("How many calories did I burn in July 2026?");
    assert!(c.missing.is_empty(), "{:?}", c.missing);
    assert!(c.text.contains("\nActive energy (daily totals)\n- 2 results; last 395 kcal (2026-07-02)"), "{}", c.text);
    assert!(f.ask("mes calories brûlées").text.contains("\nÉnergie active (totaux par jour)\n"));
}

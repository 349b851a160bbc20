//! What a list says of a status: each statement cited to its own record, none hidden by another.

use super::fake::{Fake, plain};
use crate::grounding::Composed;
use crate::id::RecordId;
use crate::record::{Category, FactDraft, Kind, Status, When};

fn med(f: &mut Fake, text: &str, dates: (&str, &str), status: Status, note: &str) -> RecordId {
    let mut fact = FactDraft::new(Kind::Medication, Category::Medications);
    (fact.text, fact.note, fact.status) = (text.to_owned(), note.to_owned(), status);
    (fact.when, fact.until) = (When::parse_fhir(dates.0), When::parse_fhir(dates.1));
    f.push(fact)
}

/// The number by which a context cites a record.
fn cited(c: &Composed, record: RecordId) -> String {
    let citation = c.citations.iter().find(|x| x.record == record).unwrap();
    format!("[r:{}]", citation.number)
}

#[test]
fn a_later_stop_shows_beside_an_older_active_entry() {
    let mut f = Fake::default();
    let taken = med(&mut f, "Simvastatin 20 MG", ("2018-01-01", ""), Status::Active, "1/day");
    let stopped = med(&mut f, "Simvastatin 20 MG", ("2022-01-01", ""), Status::Stopped, "2/day");
    let c = f.ask("Am I still taking simvastatin?");
    let t = plain(&c.text);
    let (taken, stopped) = (cited(&c, taken), cited(&c, stopped));
    let said = format!(
        "active (2018-01-01), «1/day» {taken}; another entry says: stopped (2022-01-01), «2/day» {stopped}, 2 entries, \
         first 2018-01-01 {taken}, last 2022-01-01 {stopped}\n"
    );
    assert!(t.contains(&said), "{t}");
    let t = f.ask("What medications do I take?").text;
    assert!(
        t.contains("1 in all, 1 active (1 of them past its end, or with another entry that says otherwise)"),
        "{t}"
    );
    // Also where nobody asked for it.
    assert!(f.ask("my LDL").text.contains("; another entry says: stopped (2022-01-01)"));
    let t = f.ask("Est-ce que je prends encore de la simvastatine ?").text;
    assert!(
        t.contains("en cours (2018-01-01), «") && t.contains("; une autre entrée dit : arrêté (2022-01-01), «"),
        "{t}"
    );
}

#[test]
fn an_older_stop_contradicts_nothing() {
    let mut f = Fake::default();
    med(&mut f, "Simvastatin 20 MG", ("2018-01-01", ""), Status::Stopped, "");
    med(&mut f, "Simvastatin 20 MG", ("2022-01-01", ""), Status::Active, "");
    let t = f.ask("Am I still taking simvastatin?").text;
    assert!(t.contains(", active, 2 entries, first 2018-01-01 ") && !t.contains("another entry"), "{t}");
    // Undated, nothing tells which is later.
    let mut f = Fake::default();
    med(&mut f, "Simvastatin 20 MG", ("2018-01-01", ""), Status::Active, "");
    med(&mut f, "Simvastatin 20 MG", ("", ""), Status::Stopped, "");
    let t = f.ask("Am I still taking simvastatin?").text;
    assert!(t.contains("active (2018-01-01) [r:1]; another entry says: stopped (undated) [r:2]"), "{t}");
}

#[test]
fn an_end_in_the_past_is_said_of_what_is_called_active() {
    let mut f = Fake::default();
    med(&mut f, "Simvastatin 20 MG", ("2017-01-01", "2018-01-01"), Status::Active, "");
    let t = f.ask("What medications do I take?").text;
    assert!(t.contains("1 in all, 1 active (1 of them past its end"), "{t}");
    assert!(t.contains("until 2018-01-01 (in the past)"), "{t}");
    let t = f.ask("Quels médicaments est-ce que je prends ?").text;
    assert!(t.contains("jusqu'au 2018-01-01 (dans le passé)"), "{t}");
}

#[test]
fn remission_is_not_resolved() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Asthma", "1990");
    f.rows.last_mut().unwrap().fact.status = Status::Remission;
    let t = f.ask("Do I have asthma?").text;
    assert!(t.contains(", in remission, ") && !t.contains("resolved"), "{t}");
    assert!(f.ask("Ai-je de l'asthme ?").text.contains(", en rémission, "));
}

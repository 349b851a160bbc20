//! Questions that ask for several things: none is lost.

use super::fake::{Fake, patient};
use crate::grounding::concepts::{self, Area, GROUPS};
use crate::grounding::question::{self, TOPICS, Topic};
use crate::grounding::{overview, period};
use crate::record::{Category, Kind, Status, When};
use proptest::prelude::*;

/// Every wording of a measure, with the keys it stands for.
fn measures() -> Vec<(&'static str, Vec<&'static str>)> {
    let one = concepts::all().filter(|c| c.area == Area::Measure).map(|c| (c.says, vec![c.key]));
    let many = GROUPS.iter().map(|(says, keys)| (*says, keys.split(' ').collect()));
    one.chain(many).flat_map(|(says, keys)| says.split('|').map(move |p| (p, keys.clone()))).collect()
}

/// Every wording of a topic.
fn topics() -> Vec<(&'static str, Topic)> {
    TOPICS.iter().flat_map(|(t, says)| says.split('|').map(move |p| (p, *t))).collect()
}

const JOINS: [&str; 7] = [" and my ", " et mes ", ". ", "? ", ", ", ", and also ", " ainsi que mon "];

/// What a question asks for, by the stable keys.
fn asked(question: &str) -> Vec<&'static str> {
    let plan = question::parse(question, None, period::Base { today: 20_000, born: None });
    plan.concepts.iter().map(|c| c.key).chain(plan.topics.iter().map(|t| overview::key(*t))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any measure with any topic, in both orders and languages; where nothing is on record, both
    /// are said to be missing.
    #[test]
    fn a_measure_and_a_topic_are_both_asked_for(m in 0usize..10_000, t in 0usize..10_000, join in 0usize..7, swap: bool, fr: bool) {
        let (measures, topics) = (measures(), topics());
        let (phrase, keys) = &measures[m % measures.len()];
        let (word, topic) = topics[t % topics.len()];
        let (a, b) = if swap { (word, *phrase) } else { (*phrase, word) };
        let head = if fr { "Quel est mon" } else { "What is my" };
        let question = format!("{head} {a}{}{b}?", JOINS[join]);
        let asked = asked(&question);
        let missing = Fake::default().ask(&question).missing;
        for key in keys.iter().copied().chain([overview::key(topic)]) {
            prop_assert!(asked.contains(&key), "{} of {:?}: {:?}", key, question, asked);
            prop_assert!(missing.iter().any(|k| k == key), "{} of {:?}: {:?}", key, question, missing);
        }
    }

    /// Two topics, and a third.
    #[test]
    fn three_topics_are_all_asked_for(m in 0usize..10_000, t in 0usize..10_000, u in 0usize..10_000, fr: bool) {
        let (measures, topics) = (measures(), topics());
        let (phrase, keys) = &measures[m % measures.len()];
        let ((a, x), (b, y)) = (topics[t % topics.len()], topics[u % topics.len()]);
        let question = if fr { format!("Mes {a}, mon {phrase} et mes {b} ?") } else { format!("My {a}, my {phrase} and my {b}?") };
        let asked = asked(&question);
        for key in keys.iter().copied().chain([overview::key(x), overview::key(y)]) {
            prop_assert!(asked.contains(&key), "{} of {:?}: {:?}", key, question, asked);
        }
    }
}

#[test]
fn questions_with_two_topics_lose_neither() {
    for (question, keys) in [
        ("What is my LDL, and when was my last visit?", vec!["ldl", "encounters"]),
        ("What is my heart rate? Any workouts?", vec!["heart-rate", "workouts"]),
        ("LDL and my vaccines", vec!["ldl", "immunizations"]),
        ("my HbA1c and conditions?", vec!["hba1c", "conditions"]),
        ("What medication do I take for my LDL?", vec!["statin"]),
        ("Quel est mon LDL et quelles sont mes allergies et mes vaccins ?", vec!["ldl", "allergies", "immunizations"]),
        ("Do I take metformin, what is my LDL?", vec!["metformin", "ldl"]),
        ("Am I allergic to penicillin and do I take metformin?", vec!["metformin", "allergies"]),
        ("my flu shot and my other vaccines", vec!["flu-vaccine", "immunizations"]),
        ("Do I have diabetes, and which other diseases?", vec!["diabetes", "conditions"]),
    ] {
        let found = asked(question);
        assert!(keys.iter().all(|k| found.contains(k)), "{question}: {found:?}");
    }
}

#[test]
fn a_word_that_accompanies_something_more_exact_asks_for_nothing() {
    for (question, keys) in [
        ("LDL lab result", vec!["ldl"]),
        ("am I taking a statin", vec!["statin"]),
        ("How many steps am I taking?", vec!["steps"]),
        ("résultat d'analyse de mon LDL", vec!["ldl"]),
        ("my flu vaccine", vec!["flu-vaccine"]),
        // One slip away from a tablet.
        ("Show my LDL as a table", vec!["ldl"]),
    ] {
        assert_eq!(asked(question), keys, "{question}");
    }
}

#[test]
fn an_event_holds_for_every_clause() {
    for question in [
        "Since I started the statin, how did my LDL change, and when was my last visit?",
        "When was my last visit, and how did my LDL change since I started taking the statin?",
        "My last visit? And my LDL, since I started, I think, the statin?",
        "Depuis que je prends la statine, comment mon LDL a-t-il évolué, et ma dernière consultation ?",
    ] {
        let plan = question::parse(question, None, period::Base { today: 20_000, born: None });
        assert_eq!(plan.event.and_then(|e| e.concept).map(|c| c.key), Some("statin"), "{question}");
        let found = asked(question);
        assert!(found.contains(&"ldl") && found.contains(&"encounters"), "{question}: {found:?}");
        assert!(!found.contains(&"medications"), "{question}: {found:?}");
    }
    let mut f = patient();
    f.listed(Kind::Procedure, Category::Procedures, "Appendectomy", "2010-06-01");
    f.listed(Kind::Encounter, Category::Encounters, "Check-up", "2026-01-01");
    let t = f.ask("How did my LDL change since the appendectomy, and when was my last visit?").text;
    assert!(t.contains("the event asked about: first entry 2010-06-01"), "{t}");
    assert!(t.contains("after it: n 4") && t.contains("Check-up», 2026-01-01"), "{t}");
}

/// The status of a medication is no part of an event: it is listed where it is asked for.
#[test]
fn a_medication_asked_for_beside_a_measure_is_listed() {
    let t = patient().ask("What is my LDL, and do I still take lisinopril?").text;
    assert!(t.contains("lisinopril 10 MG Oral Tablet», stopped, entered 2012-01-01"), "{t}");
    assert!(t.contains("6 results; last 92.10 mg/dL"), "{t}");
}

#[test]
fn a_clause_that_nobody_understands_is_said_to_be_missing() {
    for (question, said) in [
        ("my LDL and my zorbification?", "matches these words of the question: «a5a5a5a5a5a5a5a5 zorbification»"),
        (
            "How did my LDL change since I started the statin? And my zorbification?",
            "question: «a5a5a5a5a5a5a5a5 zorbification»",
        ),
        (
            "How did my LDL change since I started frobnol, and my zorbification?",
            "question: «a5a5a5a5a5a5a5a5 zorbification»",
        ),
        ("Mon LDL et ma zorbification ?", "ne correspond à ces mots de la question : «a5a5a5a5a5a5a5a5 zorbification»"),
        ("my LDL and my zorbification lab results?", "question: «a5a5a5a5a5a5a5a5 zorbification»"),
        ("my LDL? Am I allergic to codeine?", "question: «a5a5a5a5a5a5a5a5 codeine»"),
        ("my allergies, and my zorbification?", "question: «a5a5a5a5a5a5a5a5 zorbification»"),
    ] {
        let c = patient().ask(question);
        assert!(c.text.contains(said), "{question}\n{}", c.text);
        assert!(c.missing.iter().any(|m| m == "other"), "{question}");
    }
    let c = patient().ask("my LDL? Am I allergic to codeine?");
    assert_eq!(c.missing, ["other"], "nothing is asked about a start: {}", c.text);
    for question in [
        "Thanks, could you explain my LDL, please?",
        "Is my LDL getting better, or worse?",
        "My LDL is too high, is that true?",
        "Mon LDL va mieux, oui ou non ?",
    ] {
        let c = patient().ask(question);
        assert!(c.missing.is_empty(), "{}", c.text);
    }
}

#[test]
fn words_of_each_clause_are_looked_for_on_their_own() {
    let mut f = patient();
    f.lab("99999-1", "Zonulin in Stool", "44", "ng/mL", "2025-02-03");
    f.listed(Kind::Procedure, Category::Procedures, "Appendectomy", "1988-07-01");
    let t = f.ask("my zonulin in stool, my LDL and my appendectomy").text;
    assert!(t.contains("44 ng/mL (2025-02-03)") && t.contains("Appendectomy», 1988-07-01"), "{t}");
    assert!(t.contains("6 results; last 92.10 mg/dL"), "{t}");
}

/// A year that was asked of one thing must not make another look as if it never were.
#[test]
fn what_lies_outside_the_period_is_not_said_to_be_missing() {
    let mut f = patient();
    f.listed(Kind::Immunization, Category::Immunizations, "Influenza, seasonal", "2024-10-01");
    f.med("metformin 500 MG", "2015-01-01", Status::Stopped);
    for question in ["my LDL in 2010, and my vaccines?", "my LDL in 2010, and my flu shot?"] {
        let c = f.ask(question);
        assert!(c.missing.is_empty(), "{}", c.text);
        assert!(c.text.contains("none in the period asked; the latest is of 2024-10-01"), "{}", c.text);
    }
    let c = f.ask("mon LDL en 2010, et mes analyses ?");
    assert!(c.missing.is_empty() && c.text.contains("101,5 mg/dL (2010-09-01)"), "{}", c.text);
    let c = f.ask("my lab results in 2020");
    assert!(c.missing.is_empty(), "{}", c.text);
    assert!(c.text.contains("none in the period asked; the latest is of 2026-08-01"), "{}", c.text);
    // Two periods: all between them.
    let c = f.ask("What was my LDL in 2010, and in 2014?");
    assert!(c.text.contains("period asked: 2010-01-01 to 2014-12-31") && c.text.contains("92.10"), "{}", c.text);
}

#[test]
fn what_is_not_read_or_not_shown_is_said() {
    let long = format!("my LDL {} and my vaccines", "and my LDL ".repeat(60));
    for question in [long, format!("my LDL {} and my vaccines", " ".repeat(5000))] {
        let c = patient().ask(&question);
        assert!(c.text.contains("- the end of the question was not read: it is too long"), "{}", c.text);
        assert_eq!(c.missing, ["other"]);
    }
    let mut f = patient();
    for i in 0..7 {
        f.lab(&format!("9999{i}-1"), &format!("Zonulin {i}"), "44", "ng/mL", "2025-02-03");
    }
    let t = f.ask("my zonulin").text;
    assert!(t.contains("Not shown here: other records with these words (3)."), "{t}");
}

/// What began before the period and has not ended lies in it.
#[test]
fn what_lasts_is_there_in_a_later_period() {
    let mut f = patient();
    f.med("bisoprolol 5 MG", "2009-02-01", Status::Active);
    f.med("naproxen 250 MG", "2010-02-01", Status::Stopped);
    let ended = f.med("doxycycline 100 MG", "2012-12-20", Status::Final);
    let row = f.rows.iter_mut().find(|r| r.record == ended).unwrap();
    row.fact.until = When::parse_fhir("2013-01-05");
    f.listed(Kind::Condition, Category::Conditions, "Gout", "2008-05-01");
    f.rows.last_mut().unwrap().fact.status = Status::Active;
    let t = f.ask("What medications was I on in 2013?").text;
    assert!(t.contains("bisoprolol") && t.contains("doxycycline") && !t.contains("naproxen"), "{t}");
    assert!(t.contains("besides, 2 records of which no date tells whether it lies in the period asked"), "{t}");
    let t = f.ask("Quels médicaments je prenais en 2014 ?").text;
    assert!(t.contains("bisoprolol") && !t.contains("doxycycline"), "{t}");
    assert!(t.contains("de plus, 2 enregistrements dont aucune date"), "{t}");
    let t = f.ask("Did I have gout in 2013?").text;
    assert!(t.contains("active, since 2008-05-01") && !t.contains("none in the period"), "{t}");
    let t = f.ask("Did I have gout in 2007?").text;
    assert!(t.contains("none in the period asked; the latest is of 2008-05-01"), "{t}");
}

#[test]
fn words_that_only_compare_ask_for_nothing() {
    let mut f = patient();
    f.med("doxycycline hyclate 100 MG", "2010-02-01", Status::Stopped);
    for q in ["LDL in 2010 vs 2014", "Was my LDL below 100 two years ago?", "my LDL versus HDL?"] {
        let c = f.ask(q);
        assert!(!c.missing.iter().any(|m| m == "esr" || m == "other"), "{:?}", c.missing);
        assert!(!c.text.contains("doxycycline"), "{}", c.text);
    }
    assert_eq!(asked("Quelle est ma VS ?"), ["esr"]);
}

/// "Since I stopped" is not answered with what followed the start.
#[test]
fn an_end_is_not_taken_for_a_start() {
    let c = patient().ask("How is my LDL since I stopped simvastatin?");
    assert_eq!(c.missing, ["end:simvastatin"]);
    assert!(c.text.contains("what followed the end of simvastatin is not computed"), "{}", c.text);
    let c = patient().ask("Mon LDL depuis l'arrêt de la simvastatine ?");
    assert_eq!(c.missing, ["end:simvastatin"]);
    assert!(c.text.contains("la fin de simvastatine n'est pas calculé"), "{}", c.text);
    assert!(patient().ask("How is my LDL since I started simvastatin?").missing.is_empty());
}

/// A bulk export names a medication in another file than its prescription.
#[test]
fn a_medication_without_a_name_is_no_wrong_no() {
    let mut p = Fake::default();
    let id = p.med("Medication/1", "2024-01-01", Status::Active);
    p.med("simvastatin 20 MG", "2024-01-01", Status::Active);
    let c = p.ask("Am I on methotrexate?");
    assert!(c.text.contains("1 of the medications on record: name not readable"), "{}", c.text);
    assert!(c.items.iter().any(|i| i.0 == id), "what is told of is entered");
    assert!(p.ask("Est-ce que je prends du méthotrexate ?").text.contains("nom illisible"));
    assert!(!p.ask("Am I on simvastatin?").text.contains("not readable"));
    let labs = p.only(&[Category::Laboratory]).ask("Am I on methotrexate?");
    assert!(!labs.text.contains("readable"), "{}", labs.text);
}

//! Whole-life bundles of Synthea (generated, no real person) through the whole public path: create,
//! import, grant, ground. Every digit is held against an oracle that reads the JSON on its own; no
//! miss is allowed.

use super::oracle::{self, Result, Start, change, is_less, mean};
use crate::audit::Gesture;
use crate::consent::Recipient;
use crate::environment::{Environment, FixedClock};
use crate::grounding::concepts::{self, Area, Concept};
use crate::grounding::{Budget, Composed, GroundOptions};
use crate::id::Timestamp;
use crate::import::Source;
use crate::lang::Lang;
use crate::record::Category;
use crate::vault::Session;
use crate::{HealthSpace, KdfParams, Purpose, Unlock};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every file of the set, shared out over the tests.
fn files(test: usize, of: usize) -> Vec<PathBuf> {
    let given = std::env::var_os("HEALTHSPACE_SHARED").map(PathBuf::from);
    let shared = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let Ok(dir) = std::fs::read_dir(shared.join("data/spezi-synthea")) else {
        println!("SKIPPED: shared data not found");
        return Vec::new();
    };
    let mut all: Vec<PathBuf> = dir.map(|e| e.unwrap().path()).collect();
    all.sort();
    assert!(all.len() >= 4, "{all:?}");
    all.into_iter().skip(test).step_by(of).collect()
}

/// A space that holds a bundle, and a session that may see some of it.
struct Room {
    _dir: tempfile::TempDir,
    session: Session,
    _space: HealthSpace,
}

fn room(bundle: &Json, categories: &[Category]) -> Room {
    let dir = tempfile::tempdir().unwrap();
    let unlock = Unlock::passphrase("a long passphrase").with_cost(KdfParams::FLOOR);
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_790_000_000_000)));
    let env = Environment { clock, ..Environment::default() };
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock, env).unwrap();
    let source = Source::bytes(serde_json::to_vec(bundle).unwrap()).unwrap();
    assert!(space.partition("health").unwrap().import(source).unwrap().imported() > 100);
    let model = Recipient::model("eu-llm").unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(categories).recipient(model.clone());
    ask.expires_in_days(90).agree(Gesture { method: "tap".into(), evidence: [1; 32] }).unwrap();
    let session = space.session(model, Purpose::PatientRequest).unwrap();
    Room { _dir: dir, session, _space: space }
}

impl Room {
    fn ask(&self, question: &str) -> Composed {
        let mut how = GroundOptions::new(Budget::tokens(20_000));
        how.nonce = Some([3; 8]);
        self.session.ground_with(question, &how).unwrap().into_value()
    }

    /// The lines of the answer, without citations and fences.
    fn lines(&self, question: &str, lang: Lang) -> Vec<String> {
        let c = self.ask(question);
        assert_eq!(c.lang, lang, "{question}");
        let mut out = Vec::new();
        for line in c.text.replace("«0303030303030303 ", "").replace('»', "").lines() {
            let mut parts = line.split(" [r:");
            let mut plain = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                plain.push_str(part.split_once(']').map_or("", |(_, rest)| rest));
            }
            out.push(plain);
        }
        out
    }
}

fn say(lang: Lang, en: &str, fr: &str) -> String {
    match lang {
        Lang::En => en.to_owned(),
        Lang::Fr => fr.replace('.', ","),
    }
}

/// `92.10 mg/dL (2014-01-28)`
fn valued(lang: Lang, r: &Result) -> String {
    format!("{} {} ({})", say(lang, &r.number, &r.number), r.unit, r.date)
}

/// A line that says this, and goes on, if at all, with another thing.
fn expect(lines: &[String], want: &str) {
    let hit = |l: &String| {
        l.strip_prefix(want).is_some_and(|r| r.is_empty() || r.starts_with([';', ',']) || r.starts_with(" ;"))
    };
    assert!(lines.iter().any(hit), "not said: {want}\n{}", lines.join("\n"));
}

/// The results of a person, by concept and code.
fn measures(all: &[Result]) -> Vec<(&'static Concept, String, Vec<&Result>)> {
    let mut out = Vec::new();
    for c in concepts::all().filter(|c| c.area == Area::Measure) {
        let known: Vec<&str> = c.codes.split(' ').collect();
        let code = |r: &Result| r.codes.iter().find(|x| known.contains(&x.as_str())).cloned();
        let mut codes: Vec<String> = all.iter().filter_map(code).collect();
        codes.sort();
        codes.dedup();
        for k in codes {
            let rows: Vec<&Result> = all.iter().filter(|r| code(r).as_ref() == Some(&k)).collect();
            assert!(rows.iter().all(|r| r.unit == rows[0].unit));
            out.push((c, k, rows));
        }
    }
    out
}

/// What stands before the lines of one code, where a measure has several.
fn prefix(lines: &[String], code: &str, unit: &str) -> String {
    let several =
        lines.iter().any(|l| l.starts_with("- several units or codes") || l.starts_with("- plusieurs unités"));
    if several { format!("- LOINC {code}, {unit}: ") } else { "- ".to_owned() }
}

/// n, first, last, least, greatest, every value, the change: of every measure, in both languages.
fn numbers(room: &Room, all: &[Result]) -> usize {
    let mut asked = 0;
    for (c, code, rows) in measures(all) {
        for (lang, question) in
            [(Lang::En, format!("What is my {}?", c.en)), (Lang::Fr, format!("Quelle est ma valeur de {} ?", c.fr))]
        {
            asked += 1;
            let lines = room.lines(&question, lang);
            let (first, last, n) = (rows[0], rows[rows.len() - 1], rows.len());
            let start = prefix(&lines, &code, &last.unit);
            let v = |r: &Result| valued(lang, r);
            if n == 1 {
                expect(&lines, &format!("{start}{}{}", say(lang, "1 result: ", "1 résultat : "), v(last)));
                continue;
            }
            // Of two results of one second either may be called the last; the other is said with it.
            let latest: Vec<&Result> = rows.iter().copied().filter(|r| r.at == last.at).collect();
            let head = say(lang, &format!("{n} results; last "), &format!("{n} résultats ; dernier "));
            let named =
                latest.iter().filter(|r| lines.iter().any(|l| l.starts_with(&format!("{start}{head}{}", v(r)))));
            let last = named.copied().next().unwrap_or(latest[0]);
            expect(&lines, &format!("{start}{head}{}", v(last)));
            for other in latest.iter().filter(|r| !std::ptr::eq(**r, last)) {
                let said = say(lang, "equally late: ", "aussi récent : ") + &say(lang, &other.number, &other.number);
                assert!(lines.iter().any(|l| l.contains(&said)), "{said}\n{}", lines.join("\n"));
            }
            let low = rows.iter().copied().reduce(|a, b| if is_less(&b.number, &a.number) { b } else { a }).unwrap();
            let high = rows.iter().copied().reduce(|a, b| if is_less(&a.number, &b.number) { b } else { a }).unwrap();
            let (v1, v2, v3) = (v(first), v(low), v(high));
            let span = match lang {
                Lang::En => format!("first {v1}; lowest {v2}; highest {v3}"),
                Lang::Fr => format!("premier {v1} ; minimum {v2} ; maximum {v3}"),
            };
            expect(&lines, &format!("{start}{span}"));
            let moved = change(&first.number, &last.number, &last.unit);
            let moved = say(lang, &moved, &moved);
            let head = say(lang, "change from first to last: ", "évolution du premier au dernier : ");
            expect(&lines, &format!("{start}{head}{moved}"));
            assert!(n <= 40, "listed one by one");
            for r in rows.iter().filter(|r| !std::ptr::eq(**r, last)) {
                let colon = say(lang, ": ", " : ");
                let want = format!("{start}{}{colon}{} {}", r.date, say(lang, &r.number, &r.number), r.unit);
                let same = |x: &&&Result| x.date == r.date && x.number == r.number && !std::ptr::eq(**x, last);
                let stated = lines
                    .iter()
                    .filter(|l| l.strip_prefix(&want).is_some_and(|x| x.is_empty() || x.starts_with(',')))
                    .count();
                assert_eq!(stated, rows.iter().filter(same).count(), "{want}\n{}", lines.join("\n"));
            }
        }
    }
    asked
}

/// Medications of the tables that a person's prescriptions name: English, French, ingredients.
fn taken(starts: &[Start]) -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let ingredients = concepts::all().filter(|c| c.area == Area::Medication).map(|c| (c.en, c.fr, vec![c.en]));
    let classes = [
        ("statin", "statine", vec!["simvastatin"]),
        ("calcium channel blocker", "inhibiteur calcique", vec!["amlodipine", "verapamil"]),
    ];
    let is = |names: &[&str]| starts.iter().any(|s| names.iter().any(|n| s.text.contains(n)));
    ingredients.chain(classes).filter(|(_, _, names)| is(names)).collect()
}

/// Before and after the start of every medication, of some measures, in both languages.
fn changes(room: &Room, all: &[Result], starts: &[Start]) -> usize {
    let mut asked = 0;
    for (en, fr, names) in taken(starts) {
        let start = starts.iter().find(|s| names.iter().any(|n| s.text.contains(n))).unwrap();
        let sides = |rows: &[&Result]| rows.iter().filter(|r| r.at <= start.at).count();
        let mut some = measures(all);
        // What lies on both sides first; a few of the rest.
        some.sort_by_key(|(.., rows)| sides(rows) == 0 || sides(rows) == rows.len());
        let both = some.iter().filter(|(.., rows)| sides(rows) > 0 && sides(rows) < rows.len()).count();
        for (c, code, rows) in some.into_iter().take(both.min(6) + 2) {
            let (before, after) = rows.split_at(sides(&rows));
            for lang in [Lang::En, Lang::Fr] {
                let question = match lang {
                    Lang::En => format!("How did my {} change since I started {en}?", c.en),
                    Lang::Fr => format!("Comment mon {} a-t-il évolué depuis que je prends {fr} ?", c.fr),
                };
                asked += 1;
                around(&room.lines(&question, lang), lang, start, &code, before, after);
            }
        }
    }
    asked
}

fn around(lines: &[String], lang: Lang, start: &Start, code: &str, before: &[&Result], after: &[&Result]) {
    let unit = &before.iter().chain(after).next().unwrap().unit;
    let prefix = prefix(lines, code, unit);
    let (head, colon) = (say(lang, "before the start of ", "avant le début "), say(lang, ": ", " : "));
    let v = |r: &Result| valued(lang, r);
    let mean_of = |rows: &[&Result]| {
        let m = mean(&rows.iter().map(|r| r.number.as_str()).collect::<Vec<_>>());
        let m = say(lang, &m, &m);
        let semi = say(lang, "; mean", " ; moyenne");
        if rows.len() < 2 { String::new() } else { format!("{semi} {m} {unit} (n {})", rows.len()) }
    };
    let ends_of = |rows: &[&Result]| {
        let low = rows.iter().copied().reduce(|a, b| if is_less(&b.number, &a.number) { b } else { a });
        let high = rows.iter().copied().reduce(|a, b| if is_less(&a.number, &b.number) { b } else { a });
        let (Some(low), Some(high), 2..) = (low, high, rows.len()) else { return String::new() };
        match lang {
            Lang::En => format!("; lowest {}; highest {}", v(low), v(high)),
            Lang::Fr => format!(" ; minimum {} ; maximum {}", v(low), v(high)),
        }
    };
    let line = |prefix: &str| {
        let hit = lines.iter().find(|l| l.starts_with(prefix));
        hit.unwrap_or_else(|| panic!("no line {prefix}\n{}", lines.join("\n")))
    };
    let said = line(&format!("{prefix}{head}")).split_once(&format!(" ({}){colon}", start.date));
    let said = said.unwrap_or_else(|| panic!("not started {}\n{}", start.date, lines.join("\n"))).1;
    match before.last() {
        Some(last) => {
            let word = say(lang, "last", "dernier");
            assert_eq!(said, format!("n {}, {word} {}{}{}", before.len(), v(last), ends_of(before), mean_of(before)));
        }
        None => assert_eq!(said, say(lang, "no result", "aucun résultat")),
    }
    let head = format!("{prefix}{}{colon}", say(lang, "after it", "après"));
    let said = &line(&head)[head.len()..];
    match after {
        [] => assert_eq!(said, say(lang, "no result", "aucun résultat")),
        [one] => assert_eq!(said, format!("n 1, {}", v(one))),
        [first, .., last] => {
            let (a, b) = match lang {
                Lang::En => ("first", "; latest"),
                Lang::Fr => ("premier", " ; dernier"),
            };
            // Of two results of one second either may be called the latest.
            let tied = after.iter().filter(|r| r.at == last.at);
            let wants = tied.map(|r| {
                format!("n {}, {a} {}{b} {}{}{}", after.len(), v(first), v(r), ends_of(after), mean_of(after))
            });
            let wants: Vec<String> = wants.collect();
            assert!(wants.iter().any(|w| w == said), "{said} is none of {wants:?}");
        }
    }
    if let (Some(a), Some(b)) = (before.last(), after.last())
        && after.iter().filter(|r| r.at == b.at).count() == 1
    {
        let moved = change(&a.number, &b.number, unit);
        let moved = say(lang, &moved, &moved);
        let head = say(
            lang,
            "change from the last before to the latest after: ",
            "évolution du dernier avant au dernier après : ",
        );
        expect(lines, &format!("{prefix}{head}{moved}"));
    }
}

/// With laboratory results alone, a person who takes something and one who does not look alike.
fn laboratory_alone(bundle: &Json, all: &[Result], starts: &[Start]) {
    let (with, without) = (&[Category::Laboratory], oracle::without_medications(bundle));
    let (a, b) = (room(bundle, with), room(&without, with));
    let words = oracle::medication_words(bundle);
    assert!(!words.is_empty());
    let mut questions: Vec<String> = [
        "What medications do I take?",
        "Show my lab results",
        "What is here?",
        "Quels médicaments est-ce que je prends ?",
        "Mon bilan sanguin, mes allergies et mon traitement ?",
    ]
    .map(str::to_owned)
    .to_vec();
    questions.extend(measures(all).iter().step_by(5).map(|(c, ..)| format!("my {}, and my medications", c.en)));
    let plain = questions.len();
    for (en, fr, _) in taken(starts) {
        questions.push(format!("How did my hemoglobin change since I started {en}?"));
        questions.push(format!("Mon hémoglobine depuis que je prends {fr}, et mon traitement ?"));
    }
    for (i, q) in questions.iter().enumerate() {
        let (x, y) = (a.ask(q), b.ask(q));
        assert_eq!(x.text, y.text, "{q}");
        assert_eq!(
            (&x.missing, &x.omitted, x.items.len(), x.citations.len(), x.tokens_estimate),
            (&y.missing, &y.omitted, y.items.len(), y.citations.len(), y.tokens_estimate),
            "{q}"
        );
        // What a question names itself is repeated.
        let text = x.text.to_lowercase();
        for w in words.iter().filter(|_| i < plain) {
            assert!(!text.contains(w.as_str()), "{w} in the answer to {q}\n{text}");
        }
    }
}

/// Adds a prescription of a statin a day after the middle LDL: no person of the set takes one.
fn with_statin(bundle: &Json, all: &[Result]) -> Option<Json> {
    let ldl: Vec<&Result> = all.iter().filter(|r| r.codes.iter().any(|c| c == "18262-6")).collect();
    let middle = ldl.get((ldl.len().max(1) - 1) / 2).filter(|_| ldl.len() > 1)?;
    let mut out = bundle.clone();
    let entries = out["entry"].as_array_mut().unwrap();
    let patient = entries.iter().find(|e| e["resource"]["resourceType"] == "Patient").unwrap()["fullUrl"].clone();
    entries.push(json!({ "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": {
        "resourceType": "MedicationRequest", "id": "00000000-0000-4000-8000-000000000001",
        "status": "active", "intent": "order", "subject": { "reference": patient },
        "medicationCodeableConcept": { "text": "simvastatin 20 MG Oral Tablet" },
        "authoredOn": format!("{}T23:59:59+00:00", &middle.date[..10]),
    }}));
    Some(out)
}

fn people(test: usize) {
    for file in files(test, 4) {
        let bundle: Json = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let results = oracle::results(&bundle);
        let bundle = with_statin(&bundle, &results).unwrap_or(bundle);
        let starts = oracle::starts(&bundle);
        let room = room(&bundle, Category::ALL);
        let (n, m) = (numbers(&room, &results), changes(&room, &results, &starts));
        println!("{n} questions on numbers and {m} on starts, all right");
        assert!(n >= 20 && m >= 8, "{n} {m}");
        laboratory_alone(&bundle, &results, &starts);
    }
}

#[test]
fn a_first_part_of_the_synthea_bundles_is_answered_to_the_digit() {
    people(0);
}

#[test]
fn a_second_part_of_the_synthea_bundles_is_answered_to_the_digit() {
    people(1);
}

#[test]
fn a_third_part_of_the_synthea_bundles_is_answered_to_the_digit() {
    people(2);
}

#[test]
fn a_fourth_part_of_the_synthea_bundles_is_answered_to_the_digit() {
    people(3);
}

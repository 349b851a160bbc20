//! Synthetic FHIR records: a question bank with its answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;

use super::fake::{Fake, quantity};
use crate::grounding::Composed;
use crate::id::RecordId;
use crate::record::{Category, Coding, FactDraft, Kind, ObservedRange, Status, Value, When};

fn shared() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = std::env::var_os("HEALTHSPACE_SHARED")
        .map(PathBuf::from)
        .into_iter()
        .chain(["../shared", "../../shared"].map(|p| root.join(p)))
        .find(|p| p.join("data").is_dir());
    if found.is_none() {
        println!("SKIPPED: shared data not found");
    }
    found
}

fn codings(v: &Json) -> Vec<Coding> {
    let text = |c: &Json, k: &str| c[k].as_str().unwrap_or_default().to_owned();
    let list = v["coding"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|c| Coding { system: text(c, "system"), code: text(c, "code"), display: text(c, "display") })
        .collect()
}

fn amount(v: &Json) -> Option<Value> {
    let mut q = quantity(&v.get("value")?.as_number()?.to_string(), v["unit"].as_str().unwrap_or_default());
    q.ucum = v["code"].as_str().unwrap_or_default().to_owned();
    Some(Value::Quantity(q))
}

fn fact(kind: Kind, category: Category, concept: &Json, when: &Json) -> FactDraft {
    let mut f = FactDraft::new(kind, category);
    f.codes = codings(concept);
    f.text = concept["text"]
        .as_str()
        .map(str::to_owned)
        .unwrap_or_else(|| f.codes.first().map(|c| c.display.clone()).unwrap_or_default());
    f.when = when.as_str().and_then(When::parse_fhir);
    f.status = Status::Active;
    f
}

/// The typed facts that an importer would make of a bundle, as far as these tests need them.
fn read(bundle: &Json) -> (Fake, BTreeMap<String, RecordId>) {
    let mut fake = Fake::default();
    let mut ids = BTreeMap::new();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let medications: BTreeMap<&str, &Json> = entries
        .iter()
        .filter(|e| e["resource"]["resourceType"] == "Medication")
        .filter_map(|e| Some((e["fullUrl"].as_str()?, &e["resource"]["code"])))
        .collect();
    for e in &entries {
        let r = &e["resource"];
        let record = match r["resourceType"].as_str() {
            Some("Observation") => {
                let lab = r["category"][0]["coding"][0]["code"] == "laboratory";
                let category = if lab { Category::Laboratory } else { Category::VitalSigns };
                let mut f = fact(Kind::Observation, category, &r["code"], &r["effectiveDateTime"]);
                f.status = Status::Final;
                f.value = amount(&r["valueQuantity"]).unwrap_or_default();
                if let Some(range) = r["referenceRange"].get(0) {
                    let side = |k: &str| match amount(&range[k]) {
                        Some(Value::Quantity(q)) => Some(q),
                        _ => None,
                    };
                    f.range = Some(Box::new(ObservedRange {
                        low: side("low"),
                        high: side("high"),
                        text: String::new(),
                        interpretation: r["interpretation"][0]["coding"][0]["code"]
                            .as_str()
                            .unwrap_or_default()
                            .to_owned(),
                    }));
                }
                let record = fake.push(f);
                for (i, c) in r["component"].as_array().cloned().unwrap_or_default().iter().enumerate() {
                    let mut f = fact(Kind::Observation, category, &c["code"], &r["effectiveDateTime"]);
                    f.status = Status::Final;
                    f.value = amount(&c["valueQuantity"]).unwrap_or_default();
                    fake.push_part(f, record, i as u16 + 1);
                }
                record
            }
            Some("MedicationRequest") => {
                let code = r
                    .get("medicationCodeableConcept")
                    .or_else(|| medications.get(r["medicationReference"]["reference"].as_str()?).copied());
                let Some(code) = code else { continue };
                let mut f = fact(Kind::Medication, Category::Medications, code, &r["authoredOn"]);
                f.status = match r["status"].as_str() {
                    Some("active") => Status::Active,
                    Some("stopped") => Status::Stopped,
                    _ => Status::Final,
                };
                f.note = r["dosageInstruction"][0]["text"].as_str().unwrap_or_default().to_owned();
                fake.push(f)
            }
            Some("Condition") => {
                let mut f = fact(Kind::Condition, Category::Conditions, &r["code"], &r["onsetDateTime"]);
                f.until = r["abatementDateTime"].as_str().and_then(When::parse_fhir);
                fake.push(f)
            }
            Some("AllergyIntolerance") => {
                fake.push(fact(Kind::Allergy, Category::Allergies, &r["code"], &r["recordedDate"]))
            }
            Some("Immunization") => fake.push(fact(
                Kind::Immunization,
                Category::Immunizations,
                &r["vaccineCode"],
                &r["occurrenceDateTime"],
            )),
            Some("Patient") => {
                fake.person(r["birthDate"].as_str().unwrap_or_default(), r["gender"].as_str().unwrap_or_default());
                continue;
            }
            _ => continue,
        };
        if let Some(id) = r["id"].as_str() {
            ids.insert(id.to_owned(), record);
        }
    }
    (fake, ids)
}

/// The number as the language prints it.
fn printed(v: &Json, fr: bool) -> String {
    let s = v.as_number().map(ToString::to_string).unwrap_or_default();
    if fr { s.replace('.', ",") } else { s }
}

/// Whether the context states the expected answer, the right value beside the right date.
fn answers(c: &Composed, q: &Json, fr: bool) -> bool {
    let e = &q["expect"];
    let date = |v: &Json| format!("({})", v.as_str().unwrap_or_default());
    let stated = |value: &str, date: &str| c.text.lines().any(|l| l.contains(&format!("{value} ")) && l.contains(date));
    if e["unanswerable"] == true {
        return c.missing.contains(&"psa".to_owned()) && c.text.contains("PSA");
    }
    if let Some(before) = e["before"].as_array() {
        let latest = &e["latest"];
        let start = e["med_start"].as_str().unwrap_or_default();
        let percent = e["change_pct"].as_number().and_then(|n| n.to_string().parse::<f64>().ok()).unwrap_or(f64::NAN);
        let percent = if fr { format!("{percent:.1} %").replace('.', ",") } else { format!("{percent:.1} %") };
        return c.text.contains(start)
            && stated(&printed(&before[0], fr), &date(&before[2]))
            && stated(&printed(&latest[0], fr), &date(&latest[2]))
            && c.text.contains(&percent);
    }
    if let Some(pair) = e["value"].as_array() {
        return stated(&format!("{}/{}", printed(&pair[0], fr), printed(&pair[1], fr)), &date(&e["date"]));
    }
    if e.get("value").is_some() {
        let n = e["n"].as_u64().unwrap_or(0);
        let counted = n == 1 || c.text.contains(&if fr { format!("{n} résultats") } else { format!("{n} results") });
        return counted && stated(&printed(&e["value"], fr), &date(&e["date"]));
    }
    match e["n"].as_u64() {
        Some(0) => c.missing.contains(&"medications".to_owned()),
        Some(n) => c.text.contains(&if fr { format!("{n} en tout") } else { format!("{n} in all") }),
        None => false,
    }
}

/// Generated patients with a bank of questions and their answers, computed by the generator.
#[test]
fn the_question_bank_is_answered() {
    let Some(shared) = shared() else { return };
    for lang in ["en", "fr"] {
        let dir = tempfile::tempdir().unwrap();
        let bank = dir.path().join("qa.jsonl");
        let made = Command::new("python3")
            .arg(shared.join("data/gen.py"))
            .args(["fhir", "--patients", "10", "--years", "8", "--lang", lang, "--out"])
            .arg(dir.path())
            .arg("--qa")
            .arg(&bank)
            .output();
        if !made.is_ok_and(|o| o.status.success()) {
            println!("SKIPPED: no python3 to generate patients with");
            return;
        }
        let mut people = BTreeMap::new();
        for i in 0..10 {
            let text = std::fs::read_to_string(dir.path().join(format!("patient-{i:05}.json"))).unwrap();
            let bundle: Json = serde_json::from_str(&text).unwrap();
            people.insert(bundle["entry"][0]["resource"]["id"].as_str().unwrap().to_owned(), read(&bundle));
        }
        let (mut asked, mut right, mut gold, mut found, mut tokens) = (0, 0, 0, 0, 0);
        for line in std::fs::read_to_string(&bank).unwrap().lines() {
            let q: Json = serde_json::from_str(line).unwrap();
            let (fake, ids) = &people[q["patient"].as_str().unwrap()];
            let c = fake.ask_with(q["question"].as_str().unwrap(), 1500);
            asked += 1;
            tokens += c.tokens_estimate;
            if answers(&c, &q, lang == "fr") {
                right += 1;
            } else {
                println!("MISSED {line}\n{}", c.text);
            }
            for id in q["gold_ids"].as_array().unwrap() {
                gold += 1;
                found += usize::from(c.items.iter().any(|(r, _)| *r == ids[id.as_str().unwrap()]));
            }
        }
        println!(
            "{lang}: {right} of {asked} answered; {found} of {gold} gold records released; {} tokens each",
            tokens / asked
        );
        assert!(asked > 0 && right == asked, "{lang}: {right} of {asked}");
        assert!(gold > 0 && found == gold, "{lang}: {found} of {gold}");
    }
}

//! The whole story on a real file: import, grant, ground, remember, be refused, withdraw, verify.

use crate::audit::{AuditEvent, Gesture};
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::environment::{Environment, FixedClock};
use crate::error::Error;
use crate::grounding::{Budget, GroundOptions, check_answer};
use crate::id::Timestamp;
use crate::import::Source;
use crate::record::Category;
use crate::{HealthSpace, KdfParams, LogOf, Purpose, Unlock, verify_consistency, verify_receipt};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const QUESTION: &str = "How did my LDL change since I started the statin?";

fn bundle() -> Option<PathBuf> {
    let given = std::env::var_os("HEALTHSPACE_SHARED").map(PathBuf::from);
    let shared = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let dir = std::fs::read_dir(shared.join("data/spezi-synthea"));
    let Ok(dir) = dir else {
        println!("SKIPPED: shared data not found");
        return None;
    };
    dir.map(|e| e.unwrap().path()).find(|p| p.to_string_lossy().contains("Allen322"))
}

/// Ids are those of one space: nothing that is told rests on them.
#[test]
fn the_same_files_give_the_same_answers_in_every_space() {
    let ties: Vec<String> = (0..60)
        .map(|n| {
            let (code, name) = [("2823-3", "Potassium"), ("2951-2", "Sodium"), ("13457-7", "LDL")][n % 3];
            format!(
                r#"{{"resource":{{"resourceType":"Observation","id":"t{n}","status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}","display":"{name}"}}]}},"effectiveDateTime":"2026-01-0{}","valueQuantity":{{"value":{n},"unit":"mmol/L"}}}}}}"#,
                1 + n / 30
            )
        })
        .collect();
    let mut files =
        vec![format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, ties.join(",")).into_bytes()];
    files.extend(bundle().map(|path| std::fs::read(path).unwrap()));
    for file in files {
        let answers = || -> Vec<String> {
            let dir = tempfile::tempdir().unwrap();
            let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), env()).unwrap();
            space.partition("health").unwrap().import(Source::bytes(file.clone()).unwrap()).unwrap();
            let model = Recipient::model("eu-llm").unwrap();
            let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
            ask.recipient(model.clone()).agree(gesture()).unwrap();
            let session = space.session(model, Purpose::PatientRequest).unwrap();
            [
                "What was my last lab result?",
                "How did my potassium change?",
                "What is my LDL?",
                "Which medications do I take?",
                "What conditions do I have?",
                "Quelles sont mes allergies ?",
                "my vaccinations and procedures",
                "visits in 2019",
                "an overview of everything",
            ]
            .iter()
            .map(|q| {
                let mut how = GroundOptions::new(Budget::tokens(1500));
                how.nonce = Some([7; 8]);
                session.ground_with(q, &how).unwrap().into_value().text
            })
            .collect()
        };
        let first = answers();
        for _ in 0..2 {
            for (a, b) in first.iter().zip(answers()) {
                assert_eq!(*a, b);
            }
        }
    }
}

fn unlock() -> Unlock {
    Unlock::passphrase("a long passphrase").with_cost(KdfParams::FLOOR)
}

fn gesture() -> Gesture {
    Gesture { method: "tap".into(), evidence: [1; 32] }
}

fn env() -> Environment {
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_790_000_000_000)));
    Environment { clock, ..Environment::default() }
}

fn model() -> Recipient {
    Recipient::model("eu-llm").unwrap()
}

fn grant(space: &HealthSpace, categories: &[Category]) -> crate::Grant {
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(categories).recipient(model());
    ask.expires_in_days(90).agree(gesture()).unwrap()
}

#[test]
fn the_story_from_first_to_last() {
    let Some(file) = bundle() else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (space, _code) = HealthSpace::create(&path, &unlock(), env()).unwrap();
    let health = space.partition("health").unwrap();
    assert!(health.import(Source::open(&file).unwrap()).unwrap().imported() > 100);
    let old = space.checkpoint(LogOf::Partition("health")).unwrap();
    let g = grant(&space, Category::ALL);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let fresh = space.session(model(), Purpose::PatientRequest).unwrap();
    fresh.remember_in("general", "Prefers short answers").unwrap();

    let ctx = s.ground(QUESTION, Budget::tokens(1500)).unwrap();
    let text = ctx.value().text.clone();
    println!("{text}");
    assert!(text.contains("LDL") && text.contains("[r:1]"));
    let check = check_answer(&text, ctx.value());
    assert!(check.is_clean(), "{check:?}");
    assert!(ctx.label().no_training());
    // Every citation leads back to the bytes of the file.
    let bytes = std::fs::read(&file).unwrap();
    let id = blake3::hash(&bytes);
    for c in &ctx.value().citations {
        assert_eq!(c.source.as_bytes(), id.as_bytes());
        let (a, n) = (usize::try_from(c.span.offset).unwrap(), usize::try_from(c.span.len).unwrap());
        let record: serde_json::Value = serde_json::from_slice(&bytes[a..a + n]).unwrap();
        assert!(record.get("resourceType").is_some());
    }

    // Its entry names the categories of its items: of no more than was released.
    let all = s.query(&Query::default()).unwrap().into_value();
    let items: BTreeSet<_> = ctx.value().items.iter().copied().collect();
    let of: BTreeMap<_, _> = all.iter().map(|r| ((r.record, r.part), r.class.category)).collect();
    let released: BTreeSet<Category> = items.iter().map(|item| of[item]).collect();
    let there: BTreeSet<Category> = of.values().copied().collect();
    assert!(released.len() >= 2 && released.len() < there.len(), "{released:?} of {there:?}");

    // What is remembered keeps the label and the parents, and cannot flow to the general memory.
    s.remember("LDL fell after the statin", &ctx).unwrap();
    let kept = health.memories().unwrap().into_value();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].label.no_training() && !kept[0].parents.is_empty());
    assert!(matches!(s.remember_in("general", "LDL fell"), Err(Error::FlowDenied)));
    let conversation = s.conversation();
    drop((s, fresh, space));
    // Also after a restart, and in a process that opens the general memory alone.
    for names in [&["health", "general"][..], &["general"][..]] {
        let again = HealthSpace::open_partitions(&path, &unlock(), env(), names).unwrap();
        let s = again.resume(conversation, model(), Purpose::PatientRequest).unwrap();
        assert!(matches!(s.remember_in("general", "LDL fell"), Err(Error::FlowDenied)));
    }
    let space = HealthSpace::open(&path, &unlock(), env()).unwrap();
    assert_eq!(space.partition("general").unwrap().memories().unwrap().value().len(), 1);

    // One call, and the next request is refused.
    space.withdraw(g.id()).unwrap();
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(s.ground(QUESTION, Budget::tokens(1500)), Err(Error::Denied)));

    // The receipt of the release is verified offline; a changed bit is refused.
    let log = LogOf::Partition("health");
    let key = space.verifier_key(log).unwrap();
    let receipt = space.receipt(log, ctx.receipt().entry).unwrap();
    let verified = verify_receipt(&receipt, &key).unwrap();
    match &verified.entry.event {
        AuditEvent::Released { grants, count, items_root, categories, .. } => {
            assert_eq!(grants[..], [g.id()]);
            assert_eq!(*categories, released);
            assert_eq!((*count, *items_root), (ctx.receipt().count, ctx.receipt().items_root));
        }
        other => panic!("{}", other.name()),
    }
    assert!(verify_receipt(&receipt.replacen('A', "B", 1), &key).is_err());
    assert!(verify_receipt(&receipt, &space.verifier_key(LogOf::Space).unwrap()).is_err());
    let size: u64 = old.lines().nth(1).unwrap().parse().unwrap();
    let proof = space.consistency(log, size).unwrap();
    verify_consistency(&old, &proof, &key).unwrap();
    let forked = old.replacen(&size.to_string(), &(size + 1).to_string(), 1);
    assert!(verify_consistency(&forked, &proof, &key).is_err());
    let names = |of| -> Vec<_> { space.log(of).unwrap().iter().map(|l| l.entry.event.name()).collect() };
    // A refused flow is entered where its label may stand, and in `general` by whom has nothing else open.
    let told = ["PartitionCreated", "SubjectPinned", "Imported", "Released", "Released", "Remembered", "Released"];
    let refused = ["FlowDenied", "FlowDenied", "Refused"];
    assert_eq!(names(log), [&told[..], &refused].concat());
    assert_eq!(names(LogOf::Partition("general")).iter().filter(|n| **n == "FlowDenied").count(), 1);
}

#[test]
fn with_laboratory_alone_nobody_learns_that_a_statin_exists() {
    let Some(file) = bundle() else { return };
    let bytes = std::fs::read(&file).unwrap();
    // The same person without any medication: what the answer may look like at most.
    let mut value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let entries = value["entry"].as_array_mut().unwrap();
    entries.retain(|e| !e["resource"]["resourceType"].as_str().unwrap_or_default().starts_with("Medication"));
    let without = serde_json::to_vec(&value).unwrap();
    let answer = |source: Source| {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env()).unwrap();
        space.partition("health").unwrap().import(source).unwrap();
        grant(&space, &[Category::Laboratory]);
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        let mut how = super::super::GroundOptions::new(Budget::tokens(1500));
        how.nonce = Some([3; 8]);
        let text = s.ground_with(QUESTION, &how).unwrap().into_value().text;
        let meds = Query { categories: vec![Category::Medications], ..Query::default() };
        assert_eq!(*s.count(&meds).unwrap().value(), 0);
        text
    };
    let text = answer(Source::bytes(bytes).unwrap());
    assert_eq!(text, answer(Source::bytes(without).unwrap()));
    assert!(!text.to_lowercase().contains("simva") && !text.to_lowercase().contains("atorva"));
}

/// Questions with answers that the generator computed, through import, consent and ledger.
#[test]
fn generated_people_are_answered_to_the_digit_in_two_languages() {
    let given = std::env::var_os("HEALTHSPACE_SHARED").map(PathBuf::from);
    let shared = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    if !shared.join("data/gen.py").is_file() {
        println!("SKIPPED: shared data not found");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut asked, mut right, mut statins) = (0, 0, 0);
    for lang in ["en", "fr"] {
        let out = dir.path().join(lang);
        let qa = dir.path().join(format!("{lang}.jsonl"));
        let made = std::process::Command::new("python3")
            .arg(shared.join("data/gen.py"))
            .args(["fhir", "--patients", "6", "--years", "8", "--lang", lang, "--out", out.to_str().unwrap()])
            .args(["--qa", qa.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(made.status.success());
        let qa: Vec<serde_json::Value> =
            std::fs::read_to_string(&qa).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        for file in std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().path()) {
            let bytes = std::fs::read(&file).unwrap();
            let home = tempfile::tempdir().unwrap();
            let (space, _) = HealthSpace::create(home.path().join("me.hs"), &unlock(), env()).unwrap();
            space.partition("health").unwrap().import(Source::bytes(bytes.clone()).unwrap()).unwrap();
            grant(&space, Category::ALL);
            let s = space.session(model(), Purpose::PatientRequest).unwrap();
            let is_here = |q: &&serde_json::Value| {
                let id = q["patient"].as_str().unwrap().as_bytes();
                bytes.windows(id.len()).any(|w| w == id)
            };
            for q in qa.iter().filter(is_here) {
                let ctx = s.ground(q["question"].as_str().unwrap(), Budget::tokens(1500)).unwrap().into_value();
                let print = |v: &serde_json::Value| match (lang, v.to_string()) {
                    ("fr", n) => n.replace('.', ","),
                    (_, n) => n,
                };
                let e = &q["expect"];
                let mut want: Vec<String> = Vec::new();
                if e["unanswerable"] == true {
                    want.push(if lang == "fr" { "PSA : rien au dossier" } else { "no PSA" }.to_lowercase());
                } else if e["before"].is_array() {
                    statins += 1;
                    want.extend([print(&e["before"][0]), print(&e["latest"][0])]);
                    want.extend(
                        [&e["med_start"], &e["before"][2], &e["latest"][2]].map(|d| d.as_str().unwrap().to_owned()),
                    );
                } else if let Some(both) = e["value"].as_array() {
                    want.extend(both.iter().map(print));
                } else if !e["value"].is_null() {
                    want.extend([print(&e["value"]), e["date"].as_str().unwrap().to_owned()]);
                }
                asked += 1;
                let text = ctx.text.to_lowercase();
                let ok = want.iter().all(|w| text.contains(&w.to_lowercase()));
                if !ok {
                    println!("{} wanted {want:?}\n{}", q["question"], ctx.text);
                }
                right += u32::from(ok);
                assert!(check_answer(&ctx.text, &ctx).is_clean());
            }
        }
    }
    println!("{right} of {asked} answered, {statins} of them about a statin");
    assert!(asked >= 70 && statins >= 4 && right == asked, "{right} of {asked}, {statins} statins");
}

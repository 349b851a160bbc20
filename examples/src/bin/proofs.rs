//! Writes what a log hands out into a directory, for verifiers that are not this library:
//! `examples/verify/test.sh` runs two of them over it. Whatever is written was verified here first,
//! and whatever is meant to be refused was refused.
//!
//! `proofs DIRECTORY [DISCLOSURES]` writes; `proofs --verify KEYS FILE...` verifies evidence files, as the
//! other two programs do, with the same exit codes.
#![forbid(unsafe_code)]

use healthspace::audit::Gesture;
use healthspace::catalog::Query;
use healthspace::consent::{Parties, Recipient, RecipientKind};
use healthspace::evidence::{EvidenceRequest, ItemsShown, Level, verify_evidence};
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{
    ConsentRequest, Environment, Error, Grant, HealthSpace, KdfParams, LogOf, Purpose, Unlock, verify_consistency,
    verify_receipt,
};
use healthspace_examples::person;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HEALTH: LogOf<'_> = LogOf::Partition("health");
const PAIRS: u64 = 100;

type Done<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, keys, files @ ..] = &args[..]
        && flag == "--verify"
    {
        return verify(keys, files);
    }
    let (Some(dir), Ok(disclosures)) = (args.first(), args.get(1).map_or(Ok(1000), |n| n.parse::<u64>())) else {
        say("usage: proofs DIRECTORY [DISCLOSURES]");
        return ExitCode::from(2);
    };
    match write(Path::new(dir), disclosures) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("proofs: {why}"));
            ExitCode::from(1)
        }
    }
}

fn verify(keys: &str, files: &[String]) -> ExitCode {
    let Ok(keys) = fs::read_to_string(keys) else { return ExitCode::from(2) };
    let keys: Vec<&str> = keys.lines().collect();
    let mut refused = 0;
    for file in files {
        let Ok(bytes) = fs::read(file) else { return ExitCode::from(2) };
        match verify_evidence(&bytes, &keys) {
            Ok(report) => report.disclosures.iter().for_each(|d| say(&d.describe("en"))),
            Err(e) => {
                refused += 1;
                say(&format!("REFUSED {file}: {e}"));
            }
        }
    }
    say(&format!("evidence files: {} verified, {refused} refused", files.len() - refused));
    ExitCode::from(u8::from(refused > 0))
}

fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn told(e: impl std::fmt::Display) -> String {
    e.to_string()
}

fn write(dir: &Path, disclosures: u64) -> Done {
    for folder in ["receipts", "consistency", "evidence", "refused"] {
        fs::create_dir_all(dir.join(folder)).map_err(told)?;
    }
    let file = dir.join("me.hs");
    let unlock = Unlock::passphrase("an invented passphrase").with_cost(KdfParams::FLOOR);
    let (space, _) = HealthSpace::create(&file, &unlock, Environment::default()).map_err(told)?;
    consented(&space)?;
    let keys = Keys::of(&space)?;
    put(dir.join("keys.txt"), &format!("{}\n{}\n", keys.system, keys.health))?;

    let steps = disclosures.div_ceil(PAIRS).max(1);
    let mut kept: Vec<(u64, String)> = Vec::new();
    let mut pairs = 0;
    for n in 0..disclosures {
        disclose(&space)?;
        if n % steps == 0 {
            // Not the neighbour alone: the proof of a long way has another shape.
            let (size, checkpoint) = match kept.get(kept.len() / 2) {
                Some(c) => c.clone(),
                None => checkpoint(&space)?,
            };
            pair(&space, &keys, dir, &format!("consistency/{pairs:03}"), &checkpoint, size)?;
            pairs += 1;
            kept.push(self::checkpoint(&space)?);
        }
    }
    let receipts = receipts(&space, &keys, dir)?;
    let spoiled = every_flip(&space, &keys)?;
    say(&format!("{spoiled} spoiled copies of a receipt and of a consistency proof, all refused here"));
    say(&format!("{receipts} receipts and {pairs} consistency proofs, all verified here"));
    evidence(&space, dir)?;
    in_words(&space, dir)?;
    passed_on(&space, dir)?;
    let space = rotated(space, &keys, dir, &unlock)?;
    let keys = Keys::of(&space)?;
    rewritten(space, &keys, dir, &file, &unlock)?;
    fs::remove_file(&file).map_err(told)
}

/// What a verifier must hold already.
struct Keys {
    system: String,
    health: String,
}

impl Keys {
    fn of(space: &HealthSpace) -> Done<Self> {
        let key = |of| space.verifier_key(of).map_err(told);
        Ok(Self { system: key(LogOf::Space)?, health: key(HEALTH)? })
    }
}

/// The person reads the notice and agrees.
fn agreed(ask: &ConsentRequest) -> Done<Grant> {
    ask.notice("en").map_err(told)?;
    ask.confirm(Gesture { method: "tap".into(), evidence: [7; 32] }).map_err(told)
}

fn consented(space: &HealthSpace) -> Done {
    let health = space.partition("health").map_err(told)?;
    health.import(Source::bytes(person::bundle().into_bytes()).map_err(told)?).map_err(told)?;
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    agreed(&ask.recipient(model()?)).map(|_| ())
}

fn model() -> Done<Recipient> {
    Recipient::model("eu-llm").map_err(told)
}

/// One release, one entry.
fn disclose(space: &HealthSpace) -> Done {
    let session = space.session(model()?, Purpose::PatientRequest).map_err(told)?;
    session.query(&Query::default()).map(|_| ()).map_err(told)
}

fn checkpoint(space: &HealthSpace) -> Done<(u64, String)> {
    let text = space.checkpoint(HEALTH).map_err(told)?;
    let size = text.lines().nth(1).and_then(|n| n.parse().ok()).ok_or("a checkpoint without a size")?;
    Ok((size, text))
}

fn pair(space: &HealthSpace, keys: &Keys, dir: &Path, name: &str, kept: &str, size: u64) -> Done {
    let proof = space.consistency(HEALTH, size).map_err(told)?;
    verify_consistency(kept, &proof, &keys.health).map_err(told)?;
    put(dir.join(format!("{name}.checkpoint")), kept)?;
    put(dir.join(format!("{name}.proof")), &proof)
}

fn receipts(space: &HealthSpace, keys: &Keys, dir: &Path) -> Done<usize> {
    let lines = space.log(HEALTH).map_err(told)?;
    let releases: Vec<u64> = lines.iter().filter(|l| l.entry.event.name() == "Released").map(|l| l.index).collect();
    for index in &releases {
        let text = space.receipt(HEALTH, *index).map_err(told)?;
        let proved = verify_receipt(&text, &keys.health).map_err(told)?;
        if proved.index != *index {
            return Err("a receipt of another entry".into());
        }
        put(dir.join(format!("receipts/{index:05}.receipt")), &text)?;
    }
    Ok(releases.len())
}

/// Evidence files: all disclosures, the last one with more and with less shown.
fn evidence(space: &HealthSpace, dir: &Path) -> Done {
    let last = space.log(HEALTH).map_err(told)?.len() as u64 - 1;
    let one = EvidenceRequest::new().partition("health").entries(&[last]);
    let keys = space.verifier_keys().map_err(told)?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for (name, request) in [
        ("all", EvidenceRequest::new()),
        ("counted", EvidenceRequest::new().items(ItemsShown::Count)),
        ("open", one.clone().items(ItemsShown::Open)),
        ("logged", one.clone().without_system_entries()),
        ("whole", one.clone().with_partition_entries()),
        ("one", one),
    ] {
        let bytes = space.evidence(&request).map_err(told)?;
        let report = verify_evidence(&bytes, &keys).map_err(told)?;
        say(&format!("{name}.hsev: {} disclosures, {} bytes, verified here", report.disclosures.len(), bytes.len()));
        fs::write(dir.join(format!("evidence/{name}.hsev")), bytes).map_err(told)?;
    }
    Ok(())
}

/// A carer passes on what they were given: evidence of what that let out shows both grants.
fn passed_on(space: &HealthSpace, dir: &Path) -> Done {
    let to = |name: &str| {
        let ask = space.consent_request().purpose(Purpose::FamilyRequest).categories(&[Category::Laboratory]);
        ask.carer(name).map(|ask| ask.expires_in_days(30)).map_err(told)
    };
    let above = agreed(&to("Ana")?.may_pass_on())?.id();
    agreed(&to("Ben")?.under(above))?;
    let who = Recipient::new(RecipientKind::Person, "Ben").map_err(told)?;
    let session = space.session(who.clone(), Purpose::FamilyRequest).map_err(told)?;
    session.query(&Query::default()).map_err(told)?;
    // Later, and of no weight before.
    space.withdraw(above).map_err(told)?;
    let keys = space.verifier_keys().map_err(told)?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let bytes = space.evidence(&EvidenceRequest::new().recipient(who)).map_err(told)?;
    let report = verify_evidence(&bytes, &keys).map_err(told)?;
    match &report.disclosures[..] {
        [one] if one.level == Level::Verifiable && one.grants.len() == 2 => {}
        _ => return Err("what was passed on is not proved with both grants".into()),
    }
    say(&format!("passed-on.hsev: {} bytes, verified here with the grant above", bytes.len()));
    fs::write(dir.join("evidence/passed-on.hsev"), bytes).map_err(told)
}

/// The same for a person, and for an auditor's tools.
fn in_words(space: &HealthSpace, dir: &Path) -> Done {
    let lines = space.disclosure_log().map_err(told)?;
    for lang in ["en", "fr"] {
        put(dir.join(format!("audit-health-{lang}.json")), &space.audit_events(HEALTH, lang).map_err(told)?)?;
        put(dir.join(format!("audit-space-{lang}.json")), &space.audit_events(LogOf::Space, lang).map_err(told)?)?;
        if let Some(first) = lines.first() {
            say(&first.describe(lang));
        }
    }
    let grant = space.grants().map_err(told)?.first().ok_or("no grant")?.id;
    let parties = Parties {
        controller: "Example App Ltd".into(),
        contact: "privacy@example.org".into(),
        jurisdictions: vec!["FR".into()],
    };
    for (name, parties) in [("complete", parties), ("without-parties", Parties::default())] {
        let record = space.consent_record(grant, &parties).map_err(told)?;
        put(dir.join(format!("record-{name}.jsonld")), &record)?;
        let receipt = space.consent_receipt(grant, &parties).map_err(told)?;
        put(dir.join(format!("receipt-{name}.jsonld")), &receipt)?;
    }
    Ok(())
}

/// After the keys were changed: what was kept verifies under the old keys, the log leads from them to the
/// new ones, and what is handed out from then on, old entries too, verifies under the new ones.
fn rotated(space: HealthSpace, old: &Keys, dir: &Path, unlock: &Unlock) -> Done<HealthSpace> {
    fs::create_dir_all(dir.join("rotated")).map_err(told)?;
    let file = |name: &str| dir.join("rotated").join(name);
    let (size, kept) = checkpoint(&space)?;
    let space = space.rotate(unlock, &[]).map_err(told)?.space;
    disclose(&space)?;
    let new = Keys::of(&space)?;
    put(file("new-keys.txt"), &format!("{}\n{}\n", new.system, new.health))?;
    let [step] = &space.handovers(HEALTH).map_err(told)?[..] else { return Err("not one handover".into()) };
    if step.old_key != old.health || step.new_key != new.health {
        return Err("a handover between other keys".into());
    }
    verify_receipt(&step.receipt, &old.health).map_err(told)?;
    put(file("old-names-new.receipt"), &step.receipt)?;
    for (name, from, size, proof, key) in [
        ("old", &kept, size, space.consistency_with(HEALTH, size, step), &old.health),
        ("new", &step.first, step.size, space.consistency(HEALTH, step.size), &new.health),
    ] {
        let proof = proof.map_err(told)?;
        verify_consistency(from, &proof, key).map_err(|e| format!("{name} {size}: {e}"))?;
        put(file(&format!("{name}.checkpoint")), from)?;
        put(file(&format!("{name}.proof")), &proof)?;
    }
    // An entry from before the change.
    let text = space.receipt(HEALTH, size - 1).map_err(told)?;
    verify_receipt(&text, &new.health).map_err(told)?;
    put(file("new.receipt"), &text)?;
    let keys = space.verifier_keys().map_err(told)?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let bytes = space.evidence(&EvidenceRequest::new().partition("health")).map_err(told)?;
    let report = verify_evidence(&bytes, &keys).map_err(told)?;
    if report.disclosures.iter().any(|d| d.level != Level::Verifiable) {
        return Err("a disclosure is proved less after the change".into());
    }
    fs::write(file("new.hsev"), bytes).map_err(told)?;
    say(&format!("the keys were changed: {} disclosures verified here under the new ones", report.disclosures.len()));
    Ok(space)
}

/// Every one-bit change and every cut of one text of each kind.
fn every_flip(space: &HealthSpace, keys: &Keys) -> Done<usize> {
    let (size, kept) = checkpoint(space)?;
    disclose(space)?;
    let receipt = space.receipt(HEALTH, size).map_err(told)?;
    let proof = space.consistency(HEALTH, size).map_err(told)?;
    let texts = |b: &[u8], check: &dyn Fn(&str) -> bool| std::str::from_utf8(b).is_ok_and(check);
    let spoiled = spoil(receipt.as_bytes(), &|b| texts(b, &|t| verify_receipt(t, &keys.health).is_ok()))?
        + spoil(proof.as_bytes(), &|b| texts(b, &|t| verify_consistency(&kept, t, &keys.health).is_ok()))?
        + spoil(kept.as_bytes(), &|b| texts(b, &|t| verify_consistency(t, &proof, &keys.health).is_ok()))?;
    Ok(spoiled)
}

fn spoil(good: &[u8], accepts: &dyn Fn(&[u8]) -> bool) -> Done<usize> {
    if !accepts(good) {
        return Err("what was made was not accepted".into());
    }
    let mut bad = good.to_vec();
    for bit in 0..good.len() * 8 {
        bad[bit / 8] ^= 1 << (bit % 8);
        if accepts(&bad) {
            return Err(format!("accepted although bit {bit} was changed"));
        }
        bad[bit / 8] ^= 1 << (bit % 8);
    }
    match (0..good.len()).find(|n| accepts(&good[..*n])) {
        Some(n) => Err(format!("accepted although it was cut to {n} bytes")),
        None => Ok(good.len() * 9),
    }
}

/// The owner puts an old file back and goes on from there: every text is signed by the log's own key
/// and sound by itself, and refused by whoever kept a checkpoint.
fn rewritten(space: HealthSpace, keys: &Keys, dir: &Path, file: &Path, unlock: &Unlock) -> Done {
    space.close();
    drop(space);
    let copy = dir.join("older.hs");
    fs::copy(file, &copy).map_err(told)?;
    let open = |path: &Path| HealthSpace::open(path, unlock, Environment::default()).map_err(told);
    let space = open(file)?;
    for _ in 0..6 {
        disclose(&space)?;
    }
    let (size, kept) = checkpoint(&space)?;
    space.close();
    let older = open(&copy)?;
    let refused = |name: &str, proof: &str| {
        let outcome = verify_consistency(&kept, proof, &keys.health);
        if !matches!(outcome, Err(Error::Forked | Error::RolledBack)) {
            return Err(format!("{name} was not refused"));
        }
        put(dir.join(format!("refused/{name}.checkpoint")), &kept)?;
        put(dir.join(format!("refused/{name}.proof")), proof)
    };
    let shorter = older.consistency(HEALTH, size - 6).map_err(told)?;
    refused("rolled-back", &shorter)?;
    refused("rolled-back-and-renamed", &shorter.replacen(&format!("old {}", size - 6), &format!("old {size}"), 1))?;
    for _ in 0..9 {
        disclose(&older)?;
    }
    // Sizes that were signed are signed again, over other entries.
    refused("forked", &older.consistency(HEALTH, size).map_err(told)?)?;
    refused("forked-from-the-last-common-entry", &older.consistency(HEALTH, size - 6).map_err(told)?)?;
    older.close();
    say("4 rewritten histories, all refused here");
    fs::remove_file(copy).map_err(told)
}

fn put(path: PathBuf, text: &str) -> Done {
    fs::write(path, text).map_err(told)
}

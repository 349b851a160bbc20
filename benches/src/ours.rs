//! Our side of the works, each in a process of its own.

use crate::dataset::{Random, SYSTEM, code, ndjson};
use crate::measure::{Timer, each, figure, status};
use healthspace::audit::Gesture;
use healthspace::catalog::Query;
use healthspace::consent::{
    Action, ConsentMeta, ConsentState, ConsentStatus, GrantSpec, GrantTerms, Kept, Recipient, from_fhir, to_fhir,
};
use healthspace::evidence::{EvidenceRequest, verify_evidence};
use healthspace::grounding::Budget;
use healthspace::import::Source;
use healthspace::policy::{ItemFacts, Request, decide};
use healthspace::record::{Author, Category, DecisionClass, Kind, ResourceType};
use healthspace::{
    Confidentiality, Environment, Erase, ErasureLevel, GrantId, HealthSpace, Identity, KdfParams, Lang, LogOf,
    Obligations, Purpose, RecordId, ScopeId, Session, Timestamp, Unlock, verify_consistency, verify_receipt,
};
use std::hint::black_box;
use std::path::Path;

type Failure = Box<dyn std::error::Error>;

/// Runs one work on a file that `create` made.
pub(crate) fn run(work: &str, file: &Path, n: u64, input: Option<&Path>) -> Result<(), Failure> {
    match work {
        "put" => put(file, n),
        "reads" => reads(file),
        "one" => one(file, n),
        "open" => open(file),
        "ground" => ground(file),
        "import" => import(file, input.ok_or("no input")?),
        "empty" => empty(file),
        "decision" => decision(),
        "ledger" => ledger(file, n),
        "erase" => erase(file, n),
        "rotate" => rotate(file, n),
        other => Err(format!("no such work: {other}").into()),
    }
}

fn model() -> Result<Recipient, Failure> {
    Ok(Recipient::model("eu-llm")?)
}

fn size(file: &Path) -> Result<f64, Failure> {
    Ok(std::fs::metadata(file)?.len() as f64)
}

/// An empty space with a grant; its recovery code stands beside it, for it needs no password KDF.
fn create(file: &Path) -> Result<HealthSpace, Failure> {
    let unlock = Unlock::passphrase("benchmark").with_cost(KdfParams::FLOOR);
    let (space, code) = HealthSpace::create(file, &unlock, Environment::default())?;
    std::fs::write(file.with_extension("code"), code.reveal().as_bytes())?;
    let ask = space
        .consent_request()
        .purpose(Purpose::PatientRequest)
        .categories(&[Category::Laboratory, Category::VitalSigns, Category::Activity])
        .recipient(model()?)
        .expires_in_days(90);
    ask.notice("en")?;
    ask.confirm(Gesture { method: "benchmark".into(), evidence: [7; 32] })?;
    Ok(space)
}

fn unlock(file: &Path) -> Result<Unlock, Failure> {
    Ok(Unlock::recovery_code(&std::fs::read_to_string(file.with_extension("code"))?)?)
}

fn session(space: &HealthSpace) -> Result<Session, Failure> {
    Ok(space.session(model()?, Purpose::PatientRequest)?)
}

fn put(file: &Path, n: u64) -> Result<(), Failure> {
    let space = create(file)?;
    let partition = space.partition("health")?;
    // In parts, so that a million need not stand in memory at once; only storing is timed.
    let part = 200_000;
    let mut from = 0;
    while from < n {
        let to = (from + part).min(n);
        let parsed = partition.parse_only(Source::bytes(ndjson(from, to))?)?;
        let timer = Timer::start();
        let report = partition.put_parsed(parsed)?;
        if to == n {
            timer.report("put", to - from);
        }
        if report.imported() != to - from {
            return Err("not all were imported".into());
        }
        from = to;
    }
    drop(partition);
    space.close();
    drop(space);
    figure("size", size(file)?);
    Ok(())
}

fn last(code: &str) -> Query {
    Query { codes: vec![(SYSTEM.to_owned(), code.to_owned())], limit: 100, ..Query::default() }
}

fn reads(file: &Path) -> Result<(), Failure> {
    let space = HealthSpace::open(file, &unlock(file)?, Environment::default())?;
    let session = session(&space)?;
    let reader = session.reader(&Query::default(), 2_000_000)?;
    let rows = reader.facts(&Query::default())?;
    let mut random = Random::new(7);
    let mut bytes = 0;
    let mut some = |n: u64, random: &mut Random| -> Result<(), Failure> {
        for _ in 0..n {
            let row = rows.get(random.below(rows.len() as u64) as usize).ok_or("no rows")?;
            bytes += reader.body(row.record)?.len();
        }
        Ok(())
    };
    some(5_000, &mut random)?;
    let timer = Timer::start();
    some(20_000, &mut random)?;
    timer.report("random", 20_000);
    if bytes == 0 {
        return Err("no bodies".into());
    }
    for round in 0..2 {
        let timer = Timer::start();
        for i in 0..320 {
            if reader.readings(&last(code(i)))?.len() != 100 {
                return Err("not 100 values".into());
            }
        }
        if round == 1 {
            timer.report("values", 320);
        }
    }
    // Every code once is what nobody has read before; then the same again.
    for (name, rounds) in [("bodies-first", 32), ("bodies", 320)] {
        let timer = Timer::start();
        for i in 0..rounds {
            let records: Vec<RecordId> = reader.readings(&last(code(i)))?.iter().map(|r| r.record).collect();
            if reader.bodies(&records)?.len() != 100 {
                return Err("not 100 bodies".into());
            }
        }
        timer.report(name, rounds);
    }
    Ok(())
}

/// A remembered statement: one record, its segment and its entry, durable before the next.
fn one(file: &Path, n: u64) -> Result<(), Failure> {
    let space = HealthSpace::open(file, &unlock(file)?, Environment::default())?;
    let session = session(&space)?;
    let texts: Vec<String> = (0..n).map(|i| format!("Prefers appointments in the morning ({i}).")).collect();
    let timer = Timer::start();
    for text in &texts {
        session.remember_in("health", text)?;
    }
    timer.report("one", n);
    Ok(())
}

fn open(file: &Path) -> Result<(), Failure> {
    let empty = file.with_extension("empty");
    let baseline = if empty.exists() { std::fs::read_to_string(&empty)?.parse()? } else { 0.0 };
    let timer = Timer::start();
    let space = HealthSpace::open(file, &unlock(file)?, Environment::default())?;
    let session = session(&space)?;
    let first = session.query(&last(code(0)))?;
    timer.report("open", 1);
    let facts = session.count(&Query::default())?.into_value();
    if first.value().is_empty() || facts == 0 {
        return Err("nothing there".into());
    }
    figure("facts", facts as f64);
    figure("resident", status("VmRSS") - baseline);
    Ok(())
}

/// Questions about a series, in both languages; each is a release with its durable entry.
fn ground(file: &Path) -> Result<(), Failure> {
    const QUESTIONS: [&str; 4] = [
        "How did my LDL change over the last year?",
        "Comment mon taux de créatinine a-t-il évolué ?",
        "What was my last potassium?",
        "Quelle est ma tension artérielle depuis 2024 ?",
    ];
    let space = HealthSpace::open(file, &unlock(file)?, Environment::default())?;
    let session = session(&space)?;
    let mut ask = |i: usize| -> Result<(), Failure> {
        let question = QUESTIONS.get(i % QUESTIONS.len()).ok_or("no question")?;
        let context = session.ground(question, Budget::tokens(1500))?;
        if context.value().citations.is_empty() { Err("nothing cited".into()) } else { Ok(()) }
    };
    (0..QUESTIONS.len()).try_for_each(&mut ask)?;
    each("ground", 40, ask)
}

/// Resident bytes of a process that opens an empty space; the first process only makes it.
fn empty(file: &Path) -> Result<(), Failure> {
    if !file.exists() {
        create(file)?.close();
        return Ok(());
    }
    let space = HealthSpace::open(file, &unlock(file)?, Environment::default())?;
    let session = session(&space)?;
    session.query(&last(code(0)))?;
    session.count(&Query::default())?;
    figure("empty", status("VmRSS"));
    Ok(())
}

fn import(file: &Path, input: &Path) -> Result<(), Failure> {
    let space = create(file)?;
    let partition = space.partition("health")?;
    let before = size(file)?;
    let timer = Timer::start();
    let report = partition.import(Source::open(input)?)?;
    timer.report("import", 1);
    figure("peak", status("VmHWM"));
    figure("records", report.imported() as f64);
    let timer = Timer::start();
    let again = partition.import(Source::open(input)?)?;
    timer.report("again", 1);
    if report.imported() == 0 || !again.already_imported {
        return Err("not imported".into());
    }
    space.close();
    drop((partition, space));
    figure("size", size(file)? - before);
    Ok(())
}

/// One document erased where `n` things have a key of their own, the memories that nobody asked for
/// looked through, the file swept.
fn erase(file: &Path, n: u64) -> Result<(), Failure> {
    let space = create(file)?;
    let partition = space.partition("health")?;
    let writing = session(&space)?;
    for i in 2..n {
        writing.remember_in("health", &format!("Prefers appointments in the morning ({i})."))?;
    }
    let files = [ndjson(0, 1), ndjson(1, 2)];
    for text in files {
        partition.import(Source::bytes(text)?)?;
        let source = partition.sources()?.last().ok_or("no source")?.id;
        let gesture = Gesture { method: "bench".into(), evidence: [0; 32] };
        let timer = Timer::start();
        let done = partition.erase(&Erase::Source(source), gesture)?;
        timer.report("erase", 1);
        if done.records != 1 || done.level != ErasureLevel::FileErased {
            return Err("not erased".into());
        }
    }
    Ok(())
}

/// New keys for a space of `n` MB with 10,000 entries in its log, again and again: by a recovery code and
/// a passphrase, whose derivation is in it.
fn rotate(file: &Path, n: u64) -> Result<(), Failure> {
    let space = create(file)?;
    let partition = space.partition("health")?;
    partition.log_only(10_000)?;
    let part = 50_000;
    let mut from = 0;
    while size(file)? < n as f64 * 1e6 {
        partition.import(Source::bytes(ndjson(from, from + part))?)?;
        from += part;
    }
    drop(partition);
    space.close();
    drop(space);
    let bytes = size(file)?;
    let (code, words) = (unlock(file)?, Unlock::passphrase("benchmark").with_cost(KdfParams::FLOOR));
    let mut space = HealthSpace::open(file, &code, Environment::default())?;
    for _ in 0..5 {
        let timer = Timer::start();
        let done = space.rotate(&code, &[&words])?;
        timer.report("rotate", 1);
        if !done.swept {
            return Err("not swept".into());
        }
        space = done.space;
    }
    figure("size", bytes);
    Ok(())
}

/// A log of `n` entries: appending to it, proofs out of it, and verifying them.
fn ledger(file: &Path, n: u64) -> Result<(), Failure> {
    let health = LogOf::Partition("health");
    let space = create(file)?;
    let partition = space.partition("health")?;
    // In parts, as an import writes them.
    for from in (0..n).step_by(20_000) {
        partition.log_only((n - from).min(20_000))?;
    }
    each("append", 200, |_| partition.log_only(1))?;
    let key = space.verifier_key(health)?;
    let mut random = Random::new(7);
    let mut receipts = Vec::new();
    each("prove", 500, |_| space.receipt(health, random.below(n)).map(|r| receipts.push(r)))?;
    each("verify", 500, |i| verify_receipt(receipts.get(i).map_or("", String::as_str), &key).map(|_| ()))?;
    figure("receipt", receipts.iter().map(String::len).sum::<usize>() as f64 / receipts.len() as f64);
    let kept = space.checkpoint(health)?;
    partition.log_only(n.div_ceil(3))?;
    let mut proof = String::new();
    let size = kept.lines().nth(1).ok_or("checkpoint")?.parse()?;
    each("prove-growth", 200, |_| space.consistency(health, size).map(|p| proof = p))?;
    each("verify-growth", 200, |_| verify_consistency(&kept, &proof, &key))?;
    // Evidence of one release: what it is taken from is read and checked as a whole.
    partition.import(Source::bytes(ndjson(0, 100))?)?;
    session(&space)?.count(&Query::default())?;
    let last = space.log(health)?.len() as u64 - 1;
    let wanted = EvidenceRequest::new().partition("health").entries(&[last]);
    let keys = space.verifier_keys()?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut file = Vec::new();
    each("evidence", 3, |_| space.evidence(&wanted).map(|f| file = f))?;
    each("verify-evidence", 20, |_| verify_evidence(&file, &keys).map(|_| ()))?;
    Ok(())
}

/// One item against the rules of 100 grants, half of them to the one that asks.
fn decision() -> Result<(), Failure> {
    let now = Timestamp::from_millis(1_800_000_000_000);
    let scope = ScopeId::from_bytes([1; 16]);
    let mut state = ConsentState::default();
    for n in 0..100u8 {
        let who = if n % 2 == 0 { model()? } else { Recipient::model(&format!("model-{n}"))? };
        let category = Category::ALL.get(usize::from(n) % Category::ALL.len()).copied().ok_or("category")?;
        let mut terms = GrantTerms::new(Purpose::PatientRequest, scope, &[category], who);
        terms.expires = Some(now.plus_millis(90 * 86_400_000));
        terms.data_period = (n % 5 == 0).then(|| (Timestamp::from_millis(0), now));
        let series = GrantId::from_bytes([n; 16]);
        let meta = ConsentMeta {
            series,
            version: 1,
            status: ConsentStatus::Active,
            subject: Identity::from_bytes([9; 16]),
            given: now,
            updated: now,
            notice: [3; 32],
            lang: Lang::En,
        };
        let spec = GrantSpec::new(terms).map_err(|_| "terms")?;
        let doc = from_fhir(&to_fhir(&spec, &meta)?)?;
        state.add(series, 1, Kept::Read { doc: Box::new(doc), used: 0, notice_logged: true });
    }
    let rules = state.rules_at(now);
    let actors = [model()?];
    let request = Request {
        scope,
        actors: &actors,
        purpose: Purpose::PatientRequest,
        outside: None,
        action: Action::Ground,
        now,
        clock_behind: false,
        fresh: true,
        understands: Obligations::from_bits(u32::MAX),
    };
    let class = DecisionClass {
        category: Category::Laboratory,
        kind: Kind::Observation,
        confidentiality: Confidentiality::Restricted,
        sensitivities: 0,
        obligations: 0,
        author: Author::Source,
        resource: ResourceType::of("Observation"),
    };
    let item = ItemFacts::of_row(class, Some(1));
    let timer = Timer::start();
    for _ in 0..20_000 {
        black_box(decide(&rules, black_box(&request), &item));
    }
    timer.report("decision", 20_000);
    let timer = Timer::start();
    for _ in 0..2_000 {
        black_box(state.rules_at(black_box(now)));
    }
    timer.report("rules", 2_000);
    Ok(())
}

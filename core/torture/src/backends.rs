//! Spaces that one cryptographic library wrote, opened with the other.
//!
//! What belongs here: random spaces, all that they say as bytes, and the comparison of two programs
//! that are this one, built on ring and on AWS-LC. What must not: what either library does.
//!
//! `healthspace-torture backends OTHER COUNT [SEED]`: each program writes so many spaces; the other
//! opens them, must say the same of them to the byte, and writes on; the first must then say what the
//! other said. In the children a file's name says whose turn it was: `7.hs`, `7.ways`, `7.said-1`.

use crate::look::{env, gesture, model};
use crate::random::Random;
use crate::story::{STEPS, Story};
use healthspace::catalog::Query;
use healthspace::grounding::Budget;
use healthspace::import::Source;
use healthspace::{
    CRYPTO_BACKEND, ConversationId, Erase, Error, HealthSpace, LogOf, Purpose, RecordId, Result, SoftwareKeyStore,
    SourceId, Unlock,
};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// How a child ends that was told another thing than was written.
const DIFFERS: i32 = 4;

/// What is kept of a space beside its file, to open it again.
struct Ways {
    code: String,
    conversation: ConversationId,
    /// A program's secret for the partition `health`.
    limited: Vec<u8>,
}

impl Ways {
    fn save(&self, at: &Path) {
        let hex: String = self.limited.iter().map(|b| format!("{b:02x}")).collect();
        std::fs::write(at, format!("{}\n{}\n{hex}\n", self.code, self.conversation.to_hex())).unwrap();
    }

    fn load(at: &Path) -> Self {
        let text = std::fs::read_to_string(at).unwrap();
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap();
        let code = line().to_owned();
        let conversation = ConversationId::from_hex(line()).unwrap();
        let limited = SourceId::from_hex(line()).unwrap().as_bytes().to_vec();
        Self { code, conversation, limited }
    }
}

fn device(dir: &Path, n: u64) -> Unlock {
    let store = SoftwareKeyStore::new(dir.join(format!("{n}.device")));
    Unlock::passphrase("two").with_device(Arc::new(store))
}

/// A bundle of a few resources of several kinds, some of them sensitive.
fn bundle(r: &mut Random) -> Vec<u8> {
    let entries: Vec<String> = (0..1 + r.below(6))
        .map(|_| {
            let (id, value, day) = (r.below(1 << 40), r.below(2000), 1 + r.below(28));
            let resource = match r.below(5) {
                0 => format!(r#""resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"13457-7"}}],"text":"LDL"}},"effectiveDateTime":"2026-02-{day:02}","valueQuantity":{{"value":{value}.25,"unit":"mg/dL"}}"#),
                1 => format!(r#""resourceType":"MedicationRequest","id":"{id}","status":"active","intent":"order","medicationCodeableConcept":{{"text":"simvastatin {value} mg"}},"authoredOn":"2026-02-{day:02}""#),
                2 => format!(r#""resourceType":"Condition","id":"{id}","code":{{"text":"migraine, no. {value}"}},"onsetDateTime":"2025-03-{day:02}""#),
                3 => format!(r#""resourceType":"Condition","id":"{id}","meta":{{"security":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}}]}},"code":{{"text":"trouble déclaré {value}"}},"recordedDate":"2025-03-{day:02}""#),
                _ => format!(r#""resourceType":"Immunization","id":"{id}","status":"completed","vaccineCode":{{"text":"vaccine {value}"}},"occurrenceDateTime":"2024-05-{day:02}""#),
            };
            format!("{{\"resource\":{{{resource}}}}}")
        })
        .collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{}\n]}}", entries.join(",\n")).into()
}

/// What a step may find out of place, since steps come in any order.
fn tolerable(done: Result<()>) {
    match done {
        Ok(()) => {}
        // Nothing is erased while an import is not finished.
        Err(Error::Busy) => {}
        Err(Error::Denied | Error::FlowDenied | Error::NotFound | Error::AlreadyExists | Error::NoSuchPartition) => {}
        Err(e) => panic!("a step failed: {e:?}"),
    }
}

/// Erases a record, or a file, of those that are there.
fn erase(space: &HealthSpace, r: &mut Random) -> Result<()> {
    let health = space.partition("health")?;
    let sources = health.sources()?;
    let what = if r.below(2) == 0 {
        let at = r.below(sources.len() as u64) as usize;
        Erase::Source(sources.get(at).ok_or(Error::NotFound)?.id)
    } else {
        let session = space.session(model()?, Purpose::PatientRequest)?;
        let rows = session.query(&Query::default())?.into_value();
        Erase::Records(vec![rows.get(r.below(rows.len() as u64) as usize).ok_or(Error::NotFound)?.record])
    };
    health.erase(&what, gesture()).map(drop)
}

/// Makes a space by what the seed says.
fn make(dir: &Path, n: u64, seed: u64) {
    let mut r = Random::new(seed ^ n << 32);
    let mut story = Story::create(&dir.join(format!("{n}.hs"))).unwrap();
    let by_code = Unlock::recovery_code(&story.code).unwrap();
    let space = story.space().unwrap();
    let (limited, _) = space.add_limited_way_in(&by_code, &["health"]).unwrap();
    space.add_way_in(&by_code, &device(dir, n)).unwrap();
    let run = |story: &mut Story, name: &str| {
        let (_, step) = STEPS.iter().find(|(n, _)| *n == name).unwrap();
        tolerable(step(story));
    };
    run(&mut story, "import FHIR");
    // Of a space without a grant a model reads nothing.
    if r.below(4) > 0 {
        run(&mut story, "grant");
    }
    for _ in 0..4 + r.below(14) {
        let space = story.space().unwrap();
        match r.below(8) {
            0 | 1 => drop(space.partition("health").unwrap().import(Source::bytes(bundle(&mut r)).unwrap()).unwrap()),
            2 => tolerable(erase(space, &mut r)),
            3 => run(&mut story, "remember"),
            4 if r.below(3) == 0 => run(&mut story, "withdraw"),
            _ => {
                let (name, _) = STEPS[r.below(STEPS.len() as u64) as usize];
                // A rotation keeps the ways in that it is shown, and the story does not know all of these.
                let rotates = name == "rotate the keys";
                // A thousand records: of some spaces.
                if !rotates && (name != "break an import off" || r.below(8) == 0) {
                    run(&mut story, name);
                }
            }
        }
    }
    let ways = Ways { code: story.code.clone(), conversation: story.conversation, limited: limited.expose().to_vec() };
    drop(story);
    ways.save(&dir.join(format!("{n}.ways")));
    std::fs::write(dir.join(format!("{n}.said-1")), said(dir, n, &ways)).unwrap();
}

/// Opens a space by each of its ways in, which must say the same, and gives what it says. On a
/// copy: to read is to write to a log.
fn said(dir: &Path, n: u64, ways: &Ways) -> Vec<u8> {
    let copy = dir.join(format!("{n}.copy.hs"));
    let fresh = || std::fs::copy(dir.join(format!("{n}.hs")), &copy).unwrap();
    let passphrase = Unlock::passphrase("one");
    let ways_in = [Unlock::recovery_code(&ways.code).unwrap(), passphrase, device(dir, n)];
    let mut all: Option<Vec<u8>> = None;
    // The passphrases are tried in some spaces only: they cost time by design.
    for unlock in ways_in.iter().take(if n.is_multiple_of(8) { 3 } else { 1 }) {
        fresh();
        let text = tell(&HealthSpace::open(&copy, unlock, env()).unwrap(), ways.conversation).unwrap().into_bytes();
        assert!(all.as_ref().is_none_or(|a| *a == text), "two ways in say different things");
        all = Some(text);
    }
    fresh();
    let space = HealthSpace::open(&copy, &Unlock::limited(ways.limited.clone()), env()).unwrap();
    let mut all = all.unwrap_or_default();
    all.extend_from_slice(log(&space, LogOf::Partition("health")).unwrap().as_bytes());
    drop(space);
    std::fs::remove_file(&copy).unwrap();
    all
}

/// A log, whole: its key, each entry with its proof under a signed checkpoint, and what they say.
fn log(space: &HealthSpace, of: LogOf<'_>) -> Result<String> {
    let mut out = format!("{}\n{}\n", space.verifier_key(of)?, space.checkpoint(of)?);
    for line in space.log(of)? {
        let said = line.describe("en");
        // Whatever is there is named: an erasure that found more would have taken what nobody asked for.
        assert!(!said.contains("names any more"), "an erasure found content that nothing names");
        let _ = writeln!(out, "{}\n{said}\n{}", line.index, line.describe("fr"));
        match space.receipt(of, line.index) {
            Ok(receipt) => out.push_str(&receipt),
            // Of an entry that was erased there is none.
            Err(Error::NotFound) => out.push_str("erased\n"),
            Err(e) => return Err(e),
        }
    }
    Ok(out)
}

/// Everything that a space says to its person, as text.
fn tell(space: &HealthSpace, conversation: ConversationId) -> Result<String> {
    let mut out = log(space, LogOf::Space)?;
    let names = space.info()?.partitions;
    for name in &names {
        let p = space.partition(name)?;
        let _ = writeln!(out, "== {name}\n{:?} {:?}", p.stats()?, space.clearance(name)?);
        out.push_str(&log(space, LogOf::Partition(name))?);
    }
    for (id, consent) in space.export_consents()? {
        let _ = writeln!(out, "{} {}", id.to_hex(), String::from_utf8_lossy(&consent));
    }
    let _ = writeln!(out, "{:?}\n{:?}\n{:?}", space.grants()?, space.imported_consents()?, space.declassify_grants()?);
    // From here on, reading adds entries to the logs.
    for name in &names {
        let p = space.partition(name)?;
        for m in p.memories()?.into_whole()? {
            let _ = writeln!(out, "{} {} {:?} {}", m.id.to_hex(), m.text, m.label, m.at.as_millis());
        }
        for t in p.turns(conversation)?.into_whole()? {
            let _ = writeln!(out, "{:?} {}", t.role, t.memory.text);
        }
        for source in p.sources()? {
            let mut original = Vec::new();
            match p.original(source.id, gesture(), &mut original) {
                // Of some sources the bytes are not kept, of others records were erased.
                Ok(_) | Err(Error::NotFound) => {}
                Err(e) => return Err(e),
            }
            let _ = writeln!(out, "{} {}", source.id.to_hex(), String::from_utf8_lossy(&original));
        }
    }
    // What a grant to the model covers, where one does.
    let session = space.session(model()?, Purpose::PatientRequest)?;
    let all = Query { include_errors: true, ..Query::default() };
    let told = session.reader(&all, 1_000_000).and_then(|reader| {
        let rows = reader.facts(&all)?;
        let is_series = |r: &&healthspace::catalog::FactRow| r.fact.kind == healthspace::record::Kind::Series;
        let mut records: Vec<RecordId> = rows.iter().filter(|r| !is_series(r)).map(|r| r.record).collect();
        records.sort_unstable();
        records.dedup();
        for row in &rows {
            let _ = writeln!(out, "{} {} {} {}", row.record.to_hex(), row.part, row.type_name, row.fact.text);
        }
        for body in reader.bodies(&records)? {
            let _ = writeln!(out, "{}", String::from_utf8_lossy(&body));
        }
        // Samples are read by a question about them alone.
        let said = session.ground("steps on 2026-01-05", Budget::tokens(400))?;
        said.value().text.lines().filter(|l| l.contains("step")).for_each(|l| out.push_str(l));
        Ok(())
    });
    tolerable(told);
    Ok(out)
}

/// Compares what a space says with what the other program said of it in this round, writes on, and
/// keeps what it says then for the next.
fn compare(dir: &Path, n: u64, round: u64, seed: u64) -> bool {
    let ways = Ways::load(&dir.join(format!("{n}.ways")));
    if std::fs::read(dir.join(format!("{n}.said-{round}"))).unwrap() != said(dir, n, &ways) {
        println!("space {n} says another thing in round {round}");
        return false;
    }
    let mut r = Random::new(seed ^ n << 32 ^ round << 24);
    let space =
        HealthSpace::open(dir.join(format!("{n}.hs")), &Unlock::recovery_code(&ways.code).unwrap(), env()).unwrap();
    space.partition("health").unwrap().import(Source::bytes(bundle(&mut r)).unwrap()).unwrap();
    let session = space.session(model().unwrap(), Purpose::PatientRequest).unwrap();
    session.remember_in("general", &format!("round {round}")).unwrap();
    tolerable(erase(&space, &mut r));
    drop((session, space));
    std::fs::write(dir.join(format!("{n}.said-{}", round + 1)), said(dir, n, &ways)).unwrap();
    true
}

/// A child: `DIR ROUND SEED FROM TO`; round 0 makes the spaces.
pub(crate) fn child(dir: &Path, args: &[String]) {
    let number = |i: usize| args[i].parse::<u64>().unwrap();
    let (round, seed, from, to) = (number(0), number(1), number(2), number(3));
    println!("{CRYPTO_BACKEND}");
    for n in from..to {
        if round == 0 {
            make(dir, n, seed);
        } else if !compare(dir, n, round, seed) {
            std::process::exit(DIFFERS);
        }
    }
}

/// Runs children of a program side by side; its library, and whether all of them were content.
fn run(program: &Path, dir: &Path, round: u64, seed: u64, spaces: core::ops::Range<u64>) -> (String, bool) {
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get() as u64).min(spaces.end - spaces.start);
    let bound = |j: u64| spaces.start + (spaces.end - spaces.start) * j / jobs;
    let start = |j: u64| {
        let numbers = [round, seed, bound(j), bound(j + 1)].map(|n| n.to_string());
        Command::new(program).arg("backend").arg(dir).args(numbers).stdout(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..jobs).map(start).collect();
    let mut library = String::new();
    let mut content = true;
    for child in children {
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success() || out.status.code() == Some(DIFFERS), "a child failed");
        content &= out.status.success();
        let text = String::from_utf8(out.stdout).unwrap();
        text.lines().skip(1).for_each(|l| println!("{l}"));
        library = text.lines().next().unwrap_or_default().to_owned();
    }
    (library, content)
}

/// `backends OTHER COUNT [SEED]`.
pub(crate) fn campaign(other: &Path, args: &[String]) {
    let count: u64 = args[0].parse().unwrap();
    let seed = args.get(1).map_or(1, |s| s.parse().unwrap());
    let this = std::env::current_exe().unwrap();
    for (first, second) in [(this.as_path(), other), (other, this.as_path())] {
        let dir = tempfile::tempdir().unwrap();
        let begun = std::time::Instant::now();
        let (writes, _) = run(first, dir.path(), 0, seed, 0..count);
        let bytes = |suffix: &str| -> u64 {
            (0..count).map(|n| std::fs::metadata(dir.path().join(format!("{n}.{suffix}"))).unwrap().len()).sum()
        };
        // The control: of a space that says one byte less than was kept, the difference is seen.
        let kept = dir.path().join("0.said-1");
        let whole = std::fs::read(&kept).unwrap();
        std::fs::write(&kept, [&whole[..], b"\n"].concat()).unwrap();
        let (_, blind) = run(second, dir.path(), 1, seed, 0..1);
        assert!(!blind, "the comparison sees nothing");
        std::fs::write(&kept, whole).unwrap();
        let (reads, opened) = run(second, dir.path(), 1, seed, 0..count);
        assert_ne!(writes, reads, "both programs were built on {reads}");
        assert!(opened, "{reads} does not read what {writes} wrote");
        let (_, back) = run(first, dir.path(), 2, seed, 0..count);
        assert!(back, "{writes} does not read what {reads} wrote");
        println!(
            "{count} spaces written by {writes}, {} bytes: opened by {reads}, which wrote on, and by {writes} again; \
             all said the same, {} and {} bytes; {} s",
            bytes("hs"),
            bytes("said-1"),
            bytes("said-2"),
            begun.elapsed().as_secs()
        );
    }
}

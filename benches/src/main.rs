//! DESIGN.md's table of what must be fast, measured: one run, all engines in turn, medians.
//!
//! Every measurement is a process of its own, so that memory and CPU time are its own. The parent
//! lets engines take turns, so that a machine that slows down slows all of them. A row that
//! misses its goal carries the word `short`.

mod dataset;
mod measure;
mod ours;
mod sql;
mod table;

use measure::Timer;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use table::Table;

type Failure = Box<dyn std::error::Error>;

/// Figures of one engine: name to (wall, CPU) of every round.
pub(crate) type Figures = BTreeMap<String, Vec<(f64, f64)>>;

/// How much is measured.
struct Plan {
    rounds: usize,
    records: u64,
    million: u64,
    samples: u64,
    peer: Option<PathBuf>,
    out: PathBuf,
}

const USAGE: &str = "healthspace-benches [--quick] [--peer PROGRAM] [--rounds N] [--out FILE]";

fn plan(args: &[String]) -> Result<Plan, Failure> {
    let mut plan = Plan {
        rounds: 5,
        records: 100_000,
        million: 1_000_000,
        samples: 1_000_000,
        peer: None,
        out: "target/bench.json".into(),
    };
    let mut args = args.iter();
    while let Some(a) = args.next() {
        let mut value = || args.next().ok_or(USAGE);
        match a.as_str() {
            "--quick" => plan = Plan { rounds: 3, records: 20_000, million: 0, samples: 50_000, ..plan },
            "--peer" => plan.peer = Some(value()?.into()),
            "--rounds" => plan.rounds = value()?.parse()?,
            "--out" => plan.out = value()?.into(),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(plan)
}

/// One engine of the comparison, as a command.
struct Engine {
    name: &'static str,
    program: PathBuf,
    first: &'static str,
}

impl Engine {
    fn file(&self, dir: &Path, what: &str) -> PathBuf {
        dir.join(format!("{}-{what}.hs", self.name))
    }

    /// Runs a work in a process of its own; its figures are added.
    fn run(&self, work: &str, file: &Path, n: u64, input: Option<&Path>, into: &mut Figures) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        command.args([self.first, work]).arg(file).arg(n.to_string()).args(input);
        let out = command.output()?;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            return Err(format!("{} {work}: {said}", self.name).into());
        }
        for line in String::from_utf8(out.stdout)?.lines() {
            let [name, wall, cpu] = line.split(' ').collect::<Vec<_>>()[..] else {
                return Err("a child's line".into());
            };
            into.entry(name.to_owned()).or_default().push((wall.parse()?, cpu.parse()?));
        }
        Ok(())
    }
}

/// Removes a database and what stands beside it.
fn remove(file: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        // It may not be there.
        let _ = std::fs::remove_file(name);
    }
}

#[expect(clippy::print_stderr, reason = "what it is at, for whoever waits")]
fn at(what: &str) {
    eprintln!("bench: {what}");
}

/// The works that all engines share.
fn compare(plan: &Plan, engines: &[Engine], dir: &Path) -> Result<Vec<Figures>, Failure> {
    let mut all: Vec<Figures> = engines.iter().map(|_| Figures::new()).collect();
    for work in ["put", "reads", "open", "one"] {
        for round in 0..plan.rounds {
            at(&format!("{work}, round {} of {}", round + 1, plan.rounds));
            for (e, figures) in engines.iter().zip(&mut all) {
                let file = e.file(dir, "table");
                if work == "put" {
                    remove(&file);
                }
                let n = if work == "one" { 1000 } else { plan.records };
                e.run(work, &file, n, None, figures)?;
            }
        }
    }
    at("grounding");
    if let (Some(e), Some(figures)) = (engines.first(), all.first_mut()) {
        for _ in 0..plan.rounds {
            e.run("ground", &e.file(dir, "table"), plan.records, None, figures)?;
        }
    }
    Ok(all)
}

/// Opening a million records: ours, and the naive schema where there is a peer.
fn million(plan: &Plan, engines: &[Engine], dir: &Path) -> Result<Vec<Figures>, Failure> {
    let mut all: Vec<Figures> = engines.iter().map(|_| Figures::new()).collect();
    for (e, figures) in engines.iter().zip(&mut all).filter(|(e, _)| matches!(e.name, "ours" | "naive")) {
        at(&format!("a million records, {}", e.name));
        let file = e.file(dir, "million");
        if e.name == "ours" {
            std::fs::copy(e.file(dir, "table").with_extension("empty"), file.with_extension("empty"))?;
        }
        e.run("put", &file, plan.million, None, figures)?;
        for _ in 0..plan.rounds {
            e.run("open", &file, plan.million, None, figures)?;
            if e.name == "ours" {
                e.run("ground", &file, plan.million, None, figures)?;
            }
        }
        remove(&file);
    }
    Ok(all)
}

/// Whole imports beside a parser that keeps nothing.
fn imports(plan: &Plan, ours: &Engine, dir: &Path, input: &Path, parser: &str) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    for round in 0..plan.rounds {
        at(&format!("import beside {parser}, round {} of {}", round + 1, plan.rounds));
        let file = ours.file(dir, "import");
        remove(&file);
        ours.run("import", &file, 0, Some(input), &mut figures)?;
        ours.run(parser, &file, 0, Some(input), &mut figures)?;
        remove(&file);
    }
    figures.insert("bytes".into(), vec![(std::fs::metadata(input)?.len() as f64, 0.0)]);
    Ok(figures)
}

/// A parser alone over a whole file.
fn parse(parser: &str, input: &Path) -> Result<(), Failure> {
    let timer = Timer::start();
    let mut seen = 0u64;
    match parser {
        "parse-json" => {
            let text = std::fs::read(input)?;
            for line in text.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                let value: serde_json::Value = serde_json::from_slice(line)?;
                seen += u64::from(value.is_object());
            }
        }
        _ => {
            let mut reader = quick_xml::Reader::from_file(input)?;
            let mut buffer = Vec::new();
            loop {
                use quick_xml::events::Event;
                match reader.read_event_into(&mut buffer)? {
                    Event::Eof => break,
                    Event::Start(e) | Event::Empty(e) => {
                        for a in e.attributes().with_checks(false) {
                            seen += a?.value.len() as u64;
                        }
                    }
                    _ => {}
                }
                buffer.clear();
            }
        }
    }
    timer.report("parse", 1);
    let timer = Timer::start();
    let mut file = std::fs::File::open(input)?;
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        total += n;
    }
    timer.report("read", 1);
    if seen == 0 || total == 0 { Err("nothing to parse".into()) } else { Ok(()) }
}

/// An Apple Health export from the generator in the shared data.
fn apple(plan: &Plan, dir: &Path) -> Result<Option<PathBuf>, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("HEALTHSPACE_SHARED").map_or_else(|| root.join("../../shared"), PathBuf::from);
    let generator = shared.join("data/gen.py");
    if !generator.exists() {
        at("SKIPPED: shared data not found, no Apple Health export");
        return Ok(None);
    }
    let out = dir.join("export.xml");
    let mut command = Command::new("python3");
    command.arg(generator).arg("apple").arg("--records").arg(plan.samples.to_string()).arg("--out").arg(&out);
    let done = command.output()?;
    if done.status.success() { Ok(Some(out)) } else { Err("the generator failed".into()) }
}

fn child(args: &[String]) -> Result<(), Failure> {
    let (Some(side), Some(work), Some(file), Some(n)) = (args.first(), args.get(1), args.get(2), args.get(3)) else {
        return Err("SIDE WORK FILE N".into());
    };
    let (file, n) = (Path::new(file), n.parse()?);
    let input = args.get(4).map(Path::new);
    match (side.as_str(), work.as_str()) {
        ("plain", work) => sql::run("", false, work, file, n),
        (_, "parse-json" | "parse-xml") => parse(work, input.ok_or("no input")?),
        (_, work) => ours::run(work, file, n, input),
    }
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if matches!(args.first().map(String::as_str), Some("ours" | "plain")) {
        return child(&args);
    }
    let plan = plan(&args)?;
    let dir = std::env::temp_dir().join(format!("healthspace-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let done = measure_all(&plan, &dir);
    std::fs::remove_dir_all(&dir)?;
    let table = done?;
    table.print();
    if let Some(parent) = plan.out.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&plan.out, table.json()?)?;
    Ok(())
}

fn measure_all(plan: &Plan, dir: &Path) -> Result<Table, Failure> {
    let own = std::env::current_exe()?;
    let mut engines = vec![Engine { name: "ours", program: own.clone(), first: "ours" }];
    if let Some(peer) = &plan.peer {
        engines.push(Engine { name: "naive", program: peer.clone(), first: "naive" });
        engines.push(Engine { name: "best", program: peer.clone(), first: "best" });
    }
    engines.push(Engine { name: "plain", program: own, first: "plain" });
    let ours = engines.first().ok_or("no engine")?;
    let mut empty = Figures::new();
    let space = ours.file(dir, "empty");
    ours.run("empty", &space, 0, None, &mut empty)?;
    ours.run("empty", &space, 0, None, &mut empty)?;
    remove(&space);
    let resident = empty.get("empty").and_then(|v| v.first()).map_or(0.0, |v| v.0);
    std::fs::write(ours.file(dir, "table").with_extension("empty"), resident.to_string())?;

    let mut table = Table::new(plan.records, plan.rounds, engines.iter().map(|e| e.name).collect());
    table.common(&compare(plan, &engines, dir)?);
    if plan.million > 0 {
        table.million(&million(plan, &engines, dir)?);
    }
    let fhir = dir.join("observations.ndjson");
    std::fs::write(&fhir, dataset::ndjson(0, plan.records))?;
    table.fhir(&imports(plan, ours, dir, &fhir, "parse-json")?);
    std::fs::remove_file(&fhir)?;
    if let Some(xml) = apple(plan, dir)? {
        table.apple(&imports(plan, ours, dir, &xml, "parse-xml")?);
    }
    let mut decisions = Figures::new();
    for _ in 0..plan.rounds {
        ours.run("decision", dir, 0, None, &mut decisions)?;
    }
    table.decision(&decisions);
    let mut erased = Figures::new();
    for _ in 0..plan.rounds {
        at("erasing one document of 10000");
        let file = ours.file(dir, "erase");
        ours.run("erase", &file, 10_000, None, &mut erased)?;
        remove(&file);
    }
    table.erase(&erased);
    at("rotating the keys of a whole space");
    let mut rotated = Figures::new();
    let file = ours.file(dir, "rotate");
    let megabytes = if plan.million > 0 { 100 } else { 10 };
    ours.run("rotate", &file, megabytes, None, &mut rotated)?;
    remove(&file);
    table.rotate(&rotated);
    let logs: &[u64] = if plan.million > 0 { &[1_000, 100_000, 1_000_000] } else { &[1_000, 100_000] };
    let mut all = Vec::new();
    for n in logs {
        at(&format!("a log of {n} entries"));
        let file = ours.file(dir, "ledger");
        let mut figures = Figures::new();
        ours.run("ledger", &file, *n, None, &mut figures)?;
        remove(&file);
        all.push((*n, figures));
    }
    table.ledger(&all);
    Ok(table)
}

//! Crashes, faults, damage and kills, by the hundred thousand.
//!
//! What belongs here: what happens to the files of a space from outside, and what must hold then,
//! through the public interface of the core alone. What must not: knowledge of what a row means.
//!
//! `make torture` runs everything at the figures of `core/docs/assurance.md`; `--quick` is a bounded
//! version. `--only crash,flips` runs some parts, `--seed`, `--from` and `--seconds` (for each part)
//! repeat, continue and bound a run.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test program")]

mod allocators;
mod backends;
mod bombs;
mod crash;
mod erasure;
mod faults;
mod flips;
mod history;
mod kills;
mod linear;
mod look;
mod memory;
#[cfg(target_os = "linux")]
mod power;
mod process;
mod random;
mod report;
mod sectors;
mod story;
mod swaps;
mod together;
mod vfs;

use report::Report;
use std::time::Duration;

/// What was asked for.
struct Args {
    quick: bool,
    only: Option<String>,
    seed: u64,
    from: u64,
    seconds: Option<u64>,
    jobs: usize,
}

fn args() -> Args {
    let time = std::time::UNIX_EPOCH.elapsed().map_or(1, |d| d.as_nanos() as u64);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut a = Args { quick: false, only: None, seed: time, from: 0, seconds: None, jobs };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().unwrap_or_else(|| usage(&format!("{name} needs a value")));
        let number = |text: String| text.parse().unwrap_or_else(|_| usage(&format!("{text} is no number")));
        match name.as_str() {
            "--quick" => a.quick = true,
            "--only" => a.only = Some(value()),
            "--seed" => a.seed = number(value()),
            "--from" => a.from = number(value()),
            "--seconds" => a.seconds = Some(number(value())),
            "--jobs" => a.jobs = number(value()) as usize,
            "--help" | "-h" => usage(""),
            _ => usage(&format!("unknown: {name}")),
        }
    }
    a
}

/// How it is called; with what was wrong, where something was.
fn usage(wrong: &str) -> ! {
    let parts: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    let text = format!(
        "healthspace-torture [--quick] [--only PART,..] [--seed N] [--from N] [--seconds N] [--jobs N]\n\
         \x20 --quick    the figures of CI; without it the full ones, for hours\n\
         \x20 --only     some of: {}\n\
         \x20 --seed     repeats what is broken (not the keys, which are random)\n\
         \x20 --from     flips: the first bit\n\
         \x20 --seconds  ends each part after so long\n\
         \x20 --jobs     how many threads",
        parts.join(", ")
    );
    if wrong.is_empty() {
        println!("{text}");
        std::process::exit(0);
    }
    println!("{wrong}\n{text}");
    std::process::exit(2);
}

type Part = (&'static str, fn(&Args, &std::path::Path, &Report));

const PARTS: [Part; 12] = [
    ("control", |a, dir, report| crash::control(dir, a.seed, report)),
    ("crash", |a, dir, report| {
        let (effort, target) = if a.quick { (crash::QUICK, 50_000) } else { (crash::FULL, 1_200_000) };
        crash::campaign(dir, effort, target, a.seed, a.jobs, report);
    }),
    ("faults", |a, dir, report| faults::campaign(dir, if a.quick { 23 } else { 1 }, a.jobs, report)),
    ("flips", |a, dir, report| flips::campaign(dir, if a.quick { 20_000 } else { 0 }, a.from, a.jobs, report)),
    ("swaps", |a, dir, report| swaps::campaign(dir, if a.quick { 29 } else { 1 }, a.jobs, report)),
    ("sectors", |a, dir, report| sectors::campaign(dir, a.quick, a.seed, a.jobs, report)),
    ("erasure", |a, dir, report| erasure::campaign(dir, if a.quick { 9 } else { 1 }, a.jobs, report)),
    ("kills", |a, dir, report| kills::relay("kills", dir, &[if a.quick { 500 } else { 10_000 }, a.seed], report)),
    ("power", |a, dir, report| kills::relay("power", dir, &[if a.quick { 10 } else { 1_000 }, a.seed], report)),
    ("together", |a, dir, report| {
        kills::relay("together", dir, &[if a.quick { 2_000 } else { 100_000 }, a.seed], report);
    }),
    ("memory", |a, dir, report| memory::campaign(dir, if a.quick { 53 } else { 1 }, a.seed, a.jobs, report)),
    ("bombs", |_, dir, report| bombs::campaign(dir, report)),
];

fn main() {
    // A child of this program, or the comparison of two backends, by its first argument.
    let all: Vec<String> = std::env::args().collect();
    if let Some(role) = all.get(1).filter(|r| !r.starts_with("--")) {
        return process::child(role, &all[2..]);
    }
    vfs::register();
    let a = args();
    println!("seed {}", a.seed);
    let mut broken = Vec::new();
    for (name, run) in PARTS {
        if a.only.as_ref().is_some_and(|o| !o.split(',').any(|o| o == name)) {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        let report = Report::new(name, a.seconds.map(Duration::from_secs), Some("target/torture".into()));
        run(&a, &dir.path().canonicalize().unwrap(), &report);
        let n = report.end();
        if n > 0 {
            broken.push(format!("{n} in {name}"));
        }
    }
    println!("{}", if broken.is_empty() { "nothing broken".into() } else { format!("BROKEN: {}", broken.join(", ")) });
    std::process::exit(i32::from(!broken.is_empty()));
}

//! The leak test kit, as a program: exit code 0 where nothing told the twins apart, 1 where
//! something did, 2 for wrong usage. See `healthspace_examples::leak`.
#![forbid(unsafe_code)]

use healthspace_examples::leak::probe::{self, Probe};
use healthspace_examples::leak::program::Program;
use healthspace_examples::leak::twins::{self, Failure};
use healthspace_examples::leak::{App, Direct, Outcome, Times, compare, control, stats};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
leak-kit: does an app tell anything of what its grant withholds?

Usage:
  leak_kit [--rounds N]                     test the library itself
  leak_kit --program PROGRAM [--rounds N]   test your app

It makes two spaces that differ in withheld data only, asks both the same (questions, counts, pages,
ids that were guessed, other partitions), and compares replies, errors, the number of ledger entries
and, with 30 rounds or more, times (Welch's t over as many pairs of spaces, limit 4.5).

PROGRAM is started as `PROGRAM SPACE RECOVERY-CODE-FILE`, once for each space. It opens the space,
acts for the model `leak-kit` at the patient's request, reads requests from its standard input, one
a line, and answers each on its standard output with any number of lines and a line with a single
full stop. Requests begin with a word: ask, facts, count, presence, open, body, rest-on,
remember-in, memories, turns, conversations, resume, hold, reveal, model-call, keep-in, append-to,
within, emergency, label; one that your app has no answer to may be answered by an empty reply, and how
many were is told at the end. Questions alone: --only ask.

Options:
  --rounds N    pairs of spaces that are timed (default: 0, no times; 30 at least)
  --only WORD   only requests that begin so
  --help        this text

Exit codes: 0 no difference; 1 a difference, or something failed; 2 wrong usage.
";

#[derive(Default)]
struct Options {
    program: Option<String>,
    rounds: usize,
    only: Option<String>,
}

fn options() -> Option<Options> {
    let mut out = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(a) = args.next() {
        match a.as_str() {
            "--program" => out.program = Some(args.next()?),
            "--rounds" => out.rounds = args.next()?.parse().ok()?,
            "--only" => out.only = Some(args.next()?),
            _ => return None,
        }
    }
    Some(out)
}

/// Fewer pairs tell nothing of times.
const FEWEST: usize = 30;

fn run(options: &Options) -> Result<Outcome, Failure> {
    let dir = std::env::temp_dir().join(format!("healthspace-leak-kit-{}", std::process::id()));
    std::fs::create_dir(&dir)?;
    let done = run_in(options, &dir);
    std::fs::remove_dir_all(&dir)?;
    done
}

fn run_in(options: &Options, dir: &Path) -> Result<Outcome, Failure> {
    let mut times = Times::default();
    let mut out = Outcome::default();
    let mut last = Vec::new();
    for pair in 0..options.rounds.max(1) {
        if std::io::stderr().is_terminal() {
            // Nobody is there to be told that the terminal is gone.
            let _ = write!(std::io::stderr(), "\rpair {} of {}", pair + 1, options.rounds.max(1));
        }
        let dir = dir.join(pair.to_string());
        std::fs::create_dir(&dir)?;
        let twins = twins::make(&dir)?;
        let mut probes = probe::all(&twins.guessed);
        if let Some(word) = &options.only {
            probes.retain(|p| p.to_string().starts_with(word));
        }
        let timed = options.rounds >= FEWEST;
        match &options.program {
            Some(program) => {
                let mut with = Program::start(program, twins.with)?;
                let mut without = Program::start(program, twins.without)?;
                both(pair, timed, (&mut with, &mut without), &probes, (&mut out, &mut times))?;
            }
            None => {
                let (mut with, mut without) = (Direct::open(twins.with)?, Direct::open(twins.without)?);
                both(pair, timed, (&mut with, &mut without), &probes, (&mut out, &mut times))?;
            }
        }
        std::fs::remove_dir_all(&dir)?;
        last = probes;
    }
    times.judge(&last, &mut out);
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\u{1b}[K");
    }
    Ok(out)
}

fn both<A: App>(
    pair: usize,
    timed: bool,
    (with, without): (&mut A, &mut A),
    probes: &[Probe],
    (out, times): (&mut Outcome, &mut Times),
) -> Result<(), Failure> {
    if pair == 0 {
        let mute = control(with)?.into_iter().chain(control(without)?);
        let mute: Vec<_> = mute.collect();
        *out = compare(with, without, probes)?;
        out.leaks.extend(mute);
    }
    if timed { times.take(with, without, probes) } else { Ok(()) }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]
fn main() -> ExitCode {
    if std::env::args().any(|a| a == "--help" || a == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let Some(options) = options() else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match run(&options) {
        Err(e) => {
            eprintln!("leak-kit: {e}");
            ExitCode::from(1)
        }
        Ok(out) => {
            for leak in &out.leaks {
                println!("LEAK: {leak}");
            }
            if let (Some((probe, t)), true) = (&out.worst, options.rounds >= FEWEST) {
                println!("times: largest |t| = {t:.2} (limit {}), of {probe}", stats::LIMIT);
            }
            println!(
                "{} requests, {} answered by nothing, {} different replies, {} differences",
                out.probes,
                out.empty,
                out.replies,
                out.leaks.len()
            );
            ExitCode::from(u8::from(!out.leaks.is_empty()))
        }
    }
}

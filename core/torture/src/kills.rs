//! Processes are killed at any moment, on a real file system (C8): two that write and one that
//! reads share one space. What was acknowledged is there, and nothing else than what was begun.

use crate::look;
use crate::process::ANOMALY;
use crate::random::Random;
use crate::report::{Broken, Report};
use crate::vfs::Files;
use healthspace::{HealthSpace, KdfParams, Unlock};
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// Kills after which a new space is begun: what is read after each grows.
const ROUND: u64 = 250;

/// A child and what it says.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: JoinHandle<Vec<String>>,
}

/// A space, and what was said by those who wrote to it.
pub(crate) struct Arena {
    pub(crate) path: PathBuf,
    pub(crate) code: String,
    pub(crate) begun: HashSet<String>,
    pub(crate) done: HashSet<String>,
    /// Imports that were begun, and those that were acknowledged.
    pub(crate) imports: [usize; 2],
    /// Checkpoints of the log of `general`, one line each, in the order in which they were said.
    pub(crate) kept: Vec<String>,
    /// Operations with their times, as their threads told them.
    pub(crate) ops: Vec<String>,
    /// Errors of which the writers may die.
    pub(crate) deadly: &'static [&'static str],
    names: u64,
}

impl Arena {
    /// A new space.
    pub(crate) fn create(path: PathBuf) -> Self {
        let unlock = Unlock::passphrase("one").with_cost(KdfParams::FLOOR);
        let (_, code) = HealthSpace::create(&path, &unlock, look::env()).unwrap();
        let code = code.reveal().to_string();
        let (begun, done, kept) = (HashSet::new(), HashSet::new(), Vec::new());
        Self { path, code, begun, done, imports: [0; 2], kept, ops: Vec::new(), deadly: &[], names: 0 }
    }

    pub(crate) fn start(&mut self, role: &str, more: &[&str]) -> Running {
        self.names += 1;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(role).arg(&self.path).arg(&self.code).arg(format!("w{}", self.names)).args(more);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        // A line without its end was cut off: it was not said.
        let lines = std::thread::spawn(move || out.lines().map_while(Result::ok).collect());
        Running { child, lines }
    }

    /// kill -9; what it had said.
    pub(crate) fn kill(&mut self, mut r: Running) -> Option<Broken> {
        r.child.kill().unwrap();
        self.hear(r)
    }

    /// What one that ends had said.
    pub(crate) fn hear(&mut self, mut r: Running) -> Option<Broken> {
        let status = r.child.wait().unwrap();
        let (mut broken, mut died) = (None, false);
        for line in r.lines.join().unwrap() {
            match line.split_once(' ') {
                Some(("begin", what)) => _ = self.begun.insert(what.to_owned()),
                Some(("done", what)) => _ = self.done.insert(what.to_owned()),
                Some(("import", _)) => self.imports[0] += 1,
                Some(("imported", _)) => self.imports[1] += 1,
                Some(("at", checkpoint)) => self.kept.push(checkpoint.to_owned()),
                Some(("op", what)) => self.ops.push(what.to_owned()),
                Some(("error", e)) if self.deadly.iter().any(|d| e.starts_with(d)) => died = true,
                _ => broken = Some(Broken::Unreadable(line)),
            }
        }
        if broken.is_none() && status.code().is_some_and(|c| c == 101 || c == ANOMALY && !died) {
            broken = Some(Broken::Panicked);
        }
        broken
    }

    /// All that was acknowledged is there, and nothing that was never begun.
    pub(crate) fn judge(&self) -> Option<Broken> {
        let space = match look::open(&self.path, &self.code) {
            Ok(s) => s,
            Err(e) => return Some(Broken::Unopenable(format!("{e:?}"))),
        };
        let read = space.partition("general").and_then(|p| p.memories()?.into_whole());
        let there: HashSet<String> = match read {
            Ok(m) => m.into_iter().map(|m| m.text).collect(),
            Err(e) => return Some(Broken::Unreadable(format!("{e:?}"))),
        };
        if !self.done.is_subset(&there) {
            return Some(Broken::Lost);
        }
        (!there.is_subset(&self.begun)).then_some(Broken::Phantom)
    }
}

/// Runs `role` as a process of its own, which sees the real file system (this one has another under
/// SQLite), and passes on what it says.
pub(crate) fn relay(role: &str, dir: &Path, args: &[u64], report: &Report) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(role).arg(dir).args(args.iter().map(u64::to_string));
    command.arg(report.left().map_or(0, |l| l.as_secs().max(1)).to_string());
    let mut judge = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(judge.stdout.take().unwrap()).lines().map_while(Result::ok);
    let broken = |what| report.broken(&what, &format!("{role} {args:?}"), &Files::default(), "");
    let (mut ended, mut last) = (false, String::new());
    for line in lines {
        match line.split_once(' ') {
            Some(("tried", _)) => report.state(false),
            Some(("say", what)) => report.say(what),
            Some(("end", what)) => {
                ended = true;
                report.say(what);
            }
            _ => broken(Broken::Unnoticed(line.clone())),
        }
        last = line;
    }
    let status = judge.wait().unwrap();
    if !status.success() || !ended {
        broken(Broken::Unnoticed(format!("ended early ({status}) after: {last}")));
    }
}

/// Kills and judges, as a process that sees the real file system.
pub(crate) fn judge(dir: &Path, kills: u64, seed: u64, seconds: u64) {
    let mut rng = Random::new(seed);
    let (mut n, mut acknowledged) = (0, 0);
    let begun = std::time::Instant::now();
    while n < kills && (seconds == 0 || begun.elapsed().as_secs() < seconds) {
        let mut arena = Arena::create(dir.join(format!("{n}.hs")));
        let roles = ["write", "write", "read"];
        let mut running = roles.map(|role| arena.start(role, &[]));
        for i in 0..ROUND.min(kills - n) {
            std::thread::sleep(Duration::from_micros(rng.below(25_000)));
            // The writers twice as often as the reader.
            let which = [0, 1, 0, 1, 2][rng.below(5) as usize];
            let fresh = arena.start(roles[which], &[]);
            let old = std::mem::replace(&mut running[which], fresh);
            if let Some(broken) = arena.kill(old) {
                println!("{broken:?} at kill {n}");
            }
            n += 1;
            println!("tried {n}");
            // While the others go on, only what was said by those that are gone can be judged.
            if i % 25 == 24 {
                for r in running {
                    if let Some(broken) = arena.kill(r) {
                        println!("{broken:?} at kill {n}");
                    }
                }
                if let Some(broken) = arena.judge() {
                    println!("{broken:?} at kill {n}");
                }
                running = roles.map(|role| arena.start(role, &[]));
            }
        }
        for r in running {
            if let Some(broken) = arena.kill(r) {
                println!("{broken:?} at kill {n}");
            }
        }
        if let Some(broken) = arena.judge() {
            println!("{broken:?} at kill {n}");
        }
        acknowledged += arena.done.len();
    }
    println!("end {n} kills, {acknowledged} acknowledged writes");
}

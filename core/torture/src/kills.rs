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
struct Running {
    child: Child,
    lines: JoinHandle<Vec<String>>,
}

struct Arena {
    path: PathBuf,
    code: String,
    begun: HashSet<String>,
    done: HashSet<String>,
    names: u64,
}

impl Arena {
    fn start(&mut self, writes: bool) -> Running {
        self.names += 1;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(if writes { "write" } else { "read" }).arg(&self.path).arg(&self.code);
        command.arg(format!("w{}", self.names)).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        // A line without its end was cut off: it was not said.
        let lines = std::thread::spawn(move || out.lines().map_while(Result::ok).collect());
        Running { child, lines }
    }

    /// kill -9; what it had said.
    fn kill(&mut self, mut r: Running) -> Option<Broken> {
        r.child.kill().unwrap();
        let status = r.child.wait().unwrap();
        let mut broken = None;
        for line in r.lines.join().unwrap() {
            match line.split_once(' ') {
                Some(("begin", what)) => _ = self.begun.insert(what.to_owned()),
                Some(("done", what)) => _ = self.done.insert(what.to_owned()),
                _ => broken = Some(Broken::Unreadable(line)),
            }
        }
        if broken.is_none() && status.code().is_some_and(|c| c == ANOMALY || c == 101) {
            broken = Some(Broken::Panicked);
        }
        broken
    }

    /// All that was acknowledged is there, and nothing that was never begun.
    fn judge(&self) -> Option<Broken> {
        let space = match look::open(&self.path, &self.code) {
            Ok(s) => s,
            Err(e) => return Some(Broken::Unopenable(format!("{e:?}"))),
        };
        let read = space.partition("general").and_then(|p| Ok(p.memories()?.into_value()));
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

/// The parent itself opens the real file, so that it is a process of its own as well.
pub(crate) fn campaign(dir: &Path, kills: u64, seed: u64, report: &Report) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["kills", &dir.to_string_lossy(), &kills.to_string(), &seed.to_string()]);
    command.arg(report.left().map_or("0".into(), |l| l.as_secs().max(1).to_string()));
    let mut judge = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(judge.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut ended = false;
    for line in lines {
        match line.split_once(' ') {
            Some(("killed", _)) => report.state(false),
            Some(("end", what)) => {
                ended = true;
                report.say(what);
            }
            _ => report.broken(&Broken::Unnoticed(line), &format!("kills, seed {seed}"), &Files::default(), ""),
        }
    }
    assert!(judge.wait().unwrap().success() && ended, "the judge ended early");
}

/// Kills and judges, as a process that sees the real file system.
pub(crate) fn judge(dir: &Path, kills: u64, seed: u64, seconds: u64) {
    let mut rng = Random::new(seed);
    let (mut n, mut acknowledged) = (0, 0);
    let begun = std::time::Instant::now();
    while n < kills && (seconds == 0 || begun.elapsed().as_secs() < seconds) {
        let path = dir.join(format!("{n}.hs"));
        let unlock = Unlock::passphrase("one").with_cost(KdfParams::FLOOR);
        let (space, code) = HealthSpace::create(&path, &unlock, look::env()).unwrap();
        drop(space);
        let code = code.reveal().to_string();
        let mut arena = Arena { path, code, begun: HashSet::new(), done: HashSet::new(), names: 0 };
        let mut running = [arena.start(true), arena.start(true), arena.start(false)];
        for i in 0..ROUND.min(kills - n) {
            std::thread::sleep(Duration::from_micros(rng.below(25_000)));
            // The writers twice as often as the reader.
            let which = [0, 1, 0, 1, 2][rng.below(5) as usize];
            let fresh = arena.start(which != 2);
            let old = std::mem::replace(&mut running[which], fresh);
            if let Some(broken) = arena.kill(old) {
                println!("{broken:?} at kill {n}");
            }
            n += 1;
            println!("killed {n}");
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
                running = [arena.start(true), arena.start(true), arena.start(false)];
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

//! Memory that is not there (C7). Each allocation of SQLite fails once, or all from one on: the call gives
//! an error or what it gives otherwise, and the same handle and a new one go on with all that was
//! acknowledged. An allocation of Rust that fails ends the process: to the file that is a kill.

use crate::allocators::{self, RUST, SQLITE};
use crate::crash::guarded;
use crate::faults::{Said, go_on, say, stands_at};
use crate::kills::relay;
use crate::look::{env, gesture, model};
use crate::process::{ended, tell};
use crate::random::Random;
use crate::report::{Broken, Report};
use crate::story::{STEPS, Story};
use healthspace::catalog::Query;
use healthspace::grounding::Budget;
use healthspace::{Erase, Error, HealthSpace, LogOf, Purpose, RecordId, RestoreOptions, Result, Unlock};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Allocations of one call that are tried at most, spread over all of them.
const MOST: u64 = 2_500;

/// What is called while memory lacks. What it says must be what it says otherwise.
type Call = (&'static str, fn(&mut Story) -> Result<String>);

fn reader(s: &Story) -> Result<String> {
    let all = Query { include_errors: true, ..Query::default() };
    let session = s.space()?.session(model()?, Purpose::PatientRequest)?;
    let reader = session.reader(&all, 1_000_000)?;
    let rows = reader.facts(&all)?;
    let mut out = String::new();
    let mut records: Vec<RecordId> = Vec::new();
    for row in rows.iter().filter(|r| r.fact.kind != healthspace::record::Kind::Series) {
        let _ = writeln!(out, "{} {} {} {}", row.record.to_hex(), row.part, row.type_name, row.fact.text);
        records.push(row.record);
    }
    records.sort_unstable();
    records.dedup();
    for body in reader.bodies(&records)? {
        let _ = writeln!(out, "{}", String::from_utf8_lossy(&body));
    }
    Ok(out)
}

fn log(s: &Story) -> Result<String> {
    let (space, mut out) = (s.space()?, String::new());
    for of in [LogOf::Space, LogOf::Partition("health"), LogOf::Partition("general")] {
        for line in space.log(of)? {
            let _ = writeln!(out, "{} {}", line.index, line.describe("en"));
        }
        out += &space.consistency(of, 1)?;
    }
    Ok(out)
}

/// Calls beside the steps of the story.
const CALLS: &[Call] = &[
    ("open", |s| s.reopen().and_then(|()| Ok(s.space()?.info()?.partitions.join(" ")))),
    ("read", |s| reader(s)),
    ("ask", |s| {
        let session = s.space()?.session(model()?, Purpose::PatientRequest)?;
        Ok(session.ground("What is my last LDL?", Budget::tokens(300))?.value().text.clone())
    }),
    ("count", |s| {
        let session = s.space()?.session(model()?, Purpose::PatientRequest)?;
        Ok(format!("{} {}", session.count(&Query::default())?.value(), session.presence()?.value().len()))
    }),
    ("read the logs", |s| log(s)),
    ("memories", |s| {
        let all = s.space()?.partition("general")?.memories()?.into_whole()?;
        Ok(all.into_iter().map(|m| m.text).collect::<Vec<_>>().join("\n"))
    }),
    ("permissions", |s| Ok(format!("{} {}", s.space()?.permissions()?.len(), s.space()?.export_consents()?.len()))),
    ("read an original", |s| {
        let health = s.space()?.partition("health")?;
        let (mut out, source) = (Vec::new(), health.sources()?.first().map(|f| f.id).ok_or(Error::NotFound)?);
        health.original(source, gesture(), &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }),
    ("check", |s| s.space()?.check().map(|c| format!("{}", c.is_whole()))),
    ("back up", |s| s.space()?.backup_to(s.path.with_extension("backup")).map(|_| String::new())),
    ("restore", |s| {
        let (from, to) = (s.path.with_file_name("kept.backup"), s.path.with_extension("restored"));
        let code = Unlock::recovery_code(&s.code)?;
        let (space, _) = HealthSpace::restore(from, to, &code, env(), &RestoreOptions::new(gesture()))?;
        Ok(space.info()?.partitions.join(" "))
    }),
    ("make a space", |s| {
        let unlock = Unlock::passphrase("one").with_cost(healthspace::KdfParams::FLOOR);
        HealthSpace::create(s.path.with_extension("restored"), &unlock, env()).map(|_| String::new())
    }),
    ("ways in", |s| {
        let (code, new) = (Unlock::recovery_code(&s.code)?, Unlock::passphrase("three"));
        s.space()?.add_way_in(&code, &new.with_cost(healthspace::KdfParams::FLOOR))?;
        s.space()?.ways_in()?;
        // Asked again after it was added and not counted, there is one more.
        Ok(String::new())
    }),
    ("erase a file", |s| {
        let health = s.space()?.partition("health")?;
        let source = health.sources()?.first().map(|f| f.id).ok_or(Error::NotFound)?;
        health.erase(&Erase::Source(source), gesture())?;
        s.files -= 1;
        Ok(String::new())
    }),
];

/// SQLITE_NOMEM, and the same from below it. SQLite's check of its pages, which restoring makes too, does
/// not say why it could not have a free one: it is told as an I/O error, not as damage.
fn no_memory(e: &Error, name: &str) -> bool {
    matches!(e, Error::Storage(7 | 3082)) || matches!(e, Error::Io(_)) && ["check", "restore"].contains(&name)
}

/// What a call starts from.
struct Base {
    file: Vec<u8>,
    story: Story,
    work: PathBuf,
}

impl Base {
    /// Of a story, which is closed and opened again.
    fn of(story: &mut Story) -> Result<Self> {
        story.space = None;
        let file = std::fs::read(&story.path)?;
        let base = Self { file, story: story.copy(), work: story.path.with_file_name("work.hs") };
        story.reopen()?;
        Ok(base)
    }

    fn fresh(&self) -> Story {
        for end in ["hs-wal", "hs-shm", "backup", "restored"] {
            let _ = std::fs::remove_file(self.work.with_extension(end));
        }
        std::fs::write(&self.work, &self.file).unwrap();
        self.story.at(&self.work).unwrap()
    }

    /// Allocations of a call, and what it says.
    fn measure(&self, call: &dyn Fn(&mut Story) -> Result<String>) -> Result<(u64, String)> {
        let mut story = self.fresh();
        SQLITE.arm(0, false);
        let said = call(&mut story);
        let calls = SQLITE.disarm();
        Ok((calls, said?))
    }

    /// One call in which the `n`-th allocation fails, or all from it on.
    fn trial(
        &self,
        name: &str,
        call: &dyn Fn(&mut Story) -> Result<String>,
        n: u64,
        all: bool,
        expected: &str,
    ) -> core::result::Result<(), Broken> {
        let mut story = self.fresh();
        let unreadable = |e: Error| Broken::Unreadable(format!("{e:?}"));
        let before = say(&story).map_err(unreadable)?;
        SQLITE.arm(n, all);
        let done = call(&mut story);
        SQLITE.disarm();
        let failed = done.is_err();
        match done {
            Ok(answer) if answer != expected => return Err(Broken::Wrong),
            Ok(_) => {}
            // SQLITE_NOMEM, and the same from below it.
            Err(e) if no_memory(&e, name) => {
                for left in ["backup", "restored"] {
                    if self.work.with_extension(left).exists() {
                        return Err(Broken::Phantom);
                    }
                }
            }
            Err(e) => return Err(Broken::Unnoticed(format!("told as {e:?}"))),
        }
        if story.space.is_none() {
            story.reopen().map_err(|e| Broken::Unopenable(format!("{e:?}")))?;
        }
        // Asked again, the same handle says the same: it holds nothing half-read.
        if failed && !expected.is_empty() && call(&mut story).map_err(unreadable)? != expected {
            return Err(Broken::Wrong);
        }
        // The same handle goes on. One whose keys were changed, by a call that said that it failed, is opened again.
        if let Err(e) = story.again() {
            if !(matches!(e, Error::Rekeyed) && name.starts_with("rotate")) {
                return Err(Broken::Unnoticed(format!("with memory again: {e:?}")));
            }
            story.reopen().and_then(|()| story.again()).map_err(unreadable)?;
        }
        go_on(story.space().map_err(unreadable)?, &before.checkpoints)?;
        let said = say(&story).map_err(unreadable)?;
        drop(story.space.take());
        stands_at(&self.work, &story, &said)
    }
}

/// Who tries what, and how long.
struct Run {
    stride: u64,
    jobs: u64,
    job: u64,
    seconds: u64,
    begun: Instant,
    tried: u64,
}

impl Run {
    fn call(&mut self, base: &Base, name: &str, call: &dyn Fn(&mut Story) -> Result<String>) {
        let (calls, expected) = base.measure(call).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let stride = self.stride.max(calls / MOST);
        if self.job == 0 {
            println!("say {name}: {calls} allocations, one in {stride}");
        }
        for n in (1 + self.job..=calls).step_by((stride * self.jobs) as usize) {
            if self.seconds > 0 && self.begun.elapsed().as_secs() >= self.seconds {
                return;
            }
            let all = self.tried.is_multiple_of(2);
            let verdict = guarded(|| base.trial(name, call, n, all, &expected));
            SQLITE.disarm();
            self.tried += 1;
            println!("tried {n}");
            if let Err(broken) = verdict {
                println!("{broken:?} in {name}, allocation {n} of {calls}, all from it on: {all}");
            }
        }
    }
}

/// Everything, as a process that sees the real file system: one of several.
pub(crate) fn judge(dir: &Path, [stride, jobs, job, seed, seconds]: [u64; 5]) {
    allocators::under_sqlite();
    let mut run = Run { stride, jobs, job, seconds, begun: Instant::now(), tried: 0 };
    if job == 0 {
        control(dir);
    }
    let mut story = Story::create(&dir.join("story.hs")).unwrap();
    let mut seen = Vec::new();
    for (name, step) in STEPS {
        if !seen.contains(name) {
            seen.push(name);
            let base = Base::of(&mut story).unwrap();
            run.call(&base, name, &|s| step(s).map(|()| String::new()));
        }
        step(&mut story).unwrap();
    }
    let session = story.session().unwrap();
    session.remember_in("general", "The last").unwrap();
    drop(session);
    story.space().unwrap().backup_to(dir.join("kept.backup")).unwrap();
    let base = Base::of(&mut story).unwrap();
    CALLS.iter().for_each(|(name, call)| run.call(&base, name, call));
    let starved = if job == 0 { starved(dir, stride, seed) } else { String::new() };
    println!("end {} calls without memory{starved}", run.tried);
}

/// What judges is judged: a process that lost what it acknowledged is found out, and allocations do fail.
fn control(dir: &Path) {
    let mut story = Story::create(&dir.join("control.hs")).unwrap();
    story.small().unwrap();
    let base = Base::of(&mut story).unwrap();
    let mut said = say(&story).unwrap();
    drop(story.space.take());
    said.files += 1;
    if stands_at(&story.path, &story, &said).is_ok() {
        println!("a lost file was not found out");
    }
    // A call that swallows the error is told by its answer.
    let swallows = |s: &mut Story| Ok(s.space()?.partition("health")?.sources().map_or(0, |s| s.len()).to_string());
    let (calls, expected) = base.measure(&swallows).unwrap();
    if (1..=calls).all(|n| base.trial("control", &swallows, n, false, &expected).is_ok()) {
        println!("a call that swallows failures was not found out");
    }
}

/// A process whose `n`-th allocation fails, 0 for none: steps of the story, each told before and after it.
pub(crate) fn starve(path: &Path, code: &str, n: u64) {
    RUST.arm(n, false);
    let mut story = Story::open(path, code).unwrap_or_else(|e| ended(&e));
    for (_, step) in STEPS {
        let said = step(&mut story).and_then(|()| say(&story)).unwrap_or_else(|e| ended(&e));
        let logs = said.checkpoints.join("|").replace('\n', "/");
        tell(&format!("done {} {} {logs}", said.files, said.grants));
    }
    tell(&format!("allocations {}", RUST.disarm()));
}

/// Processes that end for want of memory, at allocations spread over the story; what came of it.
fn starved(dir: &Path, stride: u64, seed: u64) -> String {
    let path = dir.join("starved.hs");
    let mut story = Story::create(&path).unwrap();
    let first = say(&story).unwrap().checkpoints;
    story.space = None;
    let file = std::fs::read(&path).unwrap();
    let starve = |n: u64| {
        for end in ["hs-wal", "hs-shm"] {
            let _ = std::fs::remove_file(path.with_extension(end));
        }
        std::fs::write(&path, &file).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("starve").arg(&path).arg(&story.code).arg(n.to_string()).stderr(Stdio::null());
        let out = command.output().unwrap();
        (out.status, String::from_utf8(out.stdout).unwrap())
    };
    let (_, whole) = starve(0);
    let all: u64 =
        whole.lines().last().and_then(|l| l.strip_prefix("allocations ")).and_then(|n| n.parse().ok()).unwrap();
    let processes = if stride > 1 { 20 } else { 400 };
    let (mut rng, mut ended, mut acknowledged) = (Random::new(seed), 0, 0);
    for i in 0..processes {
        let n = 1 + all * i / processes + rng.below(all / processes);
        let ((status, text), mut told) = (starve(n), false);
        println!("tried {n}");
        let mut said = Said { checkpoints: first.clone(), files: 0, grants: 0 };
        for line in text.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n')) {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["done", files, grants, logs] => {
                    let checkpoints = logs.split('|').map(|l| l.replace('/', "\n")).collect();
                    said = Said { checkpoints, files: files.parse().unwrap(), grants: grants.parse().unwrap() };
                    acknowledged += 1;
                }
                ["allocations", _] => {}
                // Where the standard library asks first, it says so.
                ["error", "Io(OutOfMemory)"] => told = true,
                _ => println!("{line} at allocation {n} of {all}"),
            }
        }
        ended += u64::from(!status.success());
        if status.code().is_some_and(|c| c != 0) && !told {
            println!("ended with {status} at allocation {n} of {all}");
        }
        if let Err(broken) = stands_at(&path, &story, &said) {
            println!("{broken:?} after allocation {n} of {all}");
        }
    }
    if ended == 0 {
        println!("no process ended for want of memory");
    }
    format!("; {ended} of {processes} processes ended for want of memory, {acknowledged} acknowledged steps")
}

/// Judges side by side.
pub(crate) fn campaign(dir: &Path, stride: u64, seed: u64, jobs: usize, report: &Report) {
    // In memory where that is offered: nothing here rests on a disk.
    let memory = tempfile::tempdir_in("/dev/shm").ok();
    let dir = memory.as_ref().map_or(dir, tempfile::TempDir::path);
    std::thread::scope(|s| {
        for job in 0..jobs as u64 {
            let dir = dir.join(job.to_string());
            std::fs::create_dir_all(&dir).unwrap();
            s.spawn(move || relay("memory", &dir, &[stride, jobs as u64, job, seed], report));
        }
    });
}

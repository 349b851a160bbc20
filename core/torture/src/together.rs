//! Four processes of two threads each work on one space at the same time (C10): what they saw must be
//! what one after the other could have seen. And a writer is stopped where it stands, inside a
//! transaction or between two while the keys change: nobody waits for ever, nothing is half there.
#![expect(unsafe_code, reason = "signals, which std does not offer")]

use crate::kills::Arena;
use crate::linear::{Op, Span, What, check, parse};
use crate::look::{self, gesture};
use crate::process::{ended, monotonic, tell};
use crate::random::Random;
use crate::story::bundle;
use healthspace::catalog::Query;
use healthspace::consent::Recipient;
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{Error, GrantId, HealthSpace, KdfParams, Purpose, RecordId, Result, Unlock};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const PROCESSES: u64 = 4;
const THREADS: u64 = 2;
/// Registers from which on none is made.
const REGISTERS: usize = 12;
/// More than the 5 s that a writer waits, on a machine in use.
const PATIENCE: Duration = Duration::from_secs(9);

/// One thread of a process.
struct Thread<'a> {
    space: &'a HealthSpace,
    /// Of all threads; also the model whose consent it gives and withdraws.
    me: u64,
    rng: Random,
    grant: Option<GrantId>,
    /// What it saw last: register, value and id.
    seen: Vec<(String, String, RecordId)>,
}

fn model(n: u64) -> Result<Recipient> {
    Recipient::model(&format!("model-{n}"))
}

/// Whether a refusal is one that says that nothing was done.
fn refused<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Ok(t) => Ok(Some(t)),
        Err(Error::Busy) => Ok(None),
        Err(e) => Err(e),
    }
}

impl Thread<'_> {
    fn list(&mut self) -> Result<Option<What>> {
        let Some(all) = refused(self.space.partition("general")?.memories())? else { return Ok(None) };
        let split = |text: &str| text.split_once(' ').map(|(r, v)| (r.to_owned(), v.to_owned()));
        self.seen = all.into_whole()?.into_iter().filter_map(|m| split(&m.text).map(|(r, v)| (r, v, m.id))).collect();
        // Two versions of one: no write made that.
        let mut list = BTreeMap::new();
        for (register, value, _) in &self.seen {
            if list.insert(register.clone(), value.clone()).is_some() {
                list.insert(register.clone(), "twice".into());
            }
        }
        Ok(Some(What::List(list)))
    }

    fn remember(&self, value: String) -> Result<Option<What>> {
        let session = self.space.session(model(self.me)?, Purpose::PatientRequest)?;
        let done = refused(session.remember_in("general", &format!("r{value} {value}")))?;
        Ok(done.map(|_| What::Write { register: format!("r{value}"), old: None, new: Some(value) }))
    }

    /// Writes over what it saw, or deletes it.
    fn change(&mut self, new: Option<String>) -> Result<Option<What>> {
        if self.seen.is_empty() {
            return Ok(None);
        }
        let (register, old, id) = self.seen.swap_remove(self.rng.below(self.seen.len() as u64) as usize);
        let general = self.space.partition("general")?;
        let done = match &new {
            Some(new) => general.edit_memory(id, &format!("{register} {new}"), gesture()).map(drop),
            None => general.delete_memory(id, gesture()).map(drop),
        };
        match done {
            Err(Error::NotFound) => Ok(Some(What::Missed { register, old })),
            done => Ok(refused(done)?.map(|()| What::Write { register, old: Some(old), new })),
        }
    }

    fn ask(&mut self, of: u64) -> Result<Option<What>> {
        let session = self.space.session(model(of)?, Purpose::PatientRequest)?;
        match session.query(&Query::default()) {
            Ok(rows) if rows.value().is_empty() => Err(Error::NotFound),
            Ok(_) => Ok(Some(What::Asked { model: of, allowed: true })),
            Err(Error::Denied) => Ok(Some(What::Asked { model: of, allowed: false })),
            Err(Error::Busy) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// One operation, told with its times; one that was refused as busy was not done.
    fn step(&mut self, n: u64) -> Result<()> {
        let value = format!("{}.{n}", self.me);
        let choice = self.rng.below(12);
        let ask = (choice == 11 && self.grant.is_none()).then(|| -> Result<_> {
            let ask = self.space.consent_request().partition("health").purpose(Purpose::PatientRequest);
            let ask = ask.categories(Category::ALL).recipient(model(self.me)?);
            ask.notice("en")?;
            Ok(ask)
        });
        let ask = ask.transpose()?;
        let from = monotonic();
        let what = match choice {
            0..=2 => self.list()?,
            3 | 4 if self.seen.len() < REGISTERS => self.remember(value)?,
            3..=6 => self.change(Some(value))?,
            7 => self.change(None)?,
            8..=10 => {
                let of = self.rng.below(PROCESSES * THREADS);
                self.ask(of)?
            }
            _ => match (ask, self.grant.take()) {
                (Some(ask), _) => {
                    self.grant = refused(ask.confirm(gesture()))?.map(|g| g.id());
                    self.grant.map(|_| What::Consent { model: self.me, given: true })
                }
                (None, Some(grant)) => {
                    let done = refused(self.space.withdraw(grant))?;
                    self.grant = done.is_none().then_some(grant);
                    done.map(|()| What::Consent { model: self.me, given: false })
                }
                (None, None) => None,
            },
        };
        if let Some(what) = what {
            tell(&format!("op {from} {} {}", monotonic(), what.line()));
        }
        Ok(())
    }
}

/// A process of the eight threads.
pub(crate) fn act(path: &Path, code: &str, [index, seed, ops]: [u64; 3]) {
    let space = look::open(path, code).unwrap_or_else(|e| ended(&e));
    std::thread::scope(|s| {
        for t in 0..THREADS {
            let me = index * THREADS + t;
            let rng = Random::new(seed.wrapping_add(me));
            let mut thread = Thread { space: &space, me, rng, grant: None, seen: Vec::new() };
            s.spawn(move || (0..ops).try_for_each(|n| thread.step(n)).unwrap_or_else(|e| ended(&e)));
        }
    });
}

/// Runs all of them once, each thread with so many operations; the history.
fn round(path: &Path, seed: u64, ops: u64) -> std::result::Result<Vec<Op>, String> {
    let mut arena = Arena::create(path.to_owned());
    let space = look::open(path, &arena.code).map_err(|e| format!("{e:?}"))?;
    let file = Source::bytes(bundle(1, 3)).and_then(|s| space.partition("health")?.import(s));
    file.map_err(|e| format!("{e:?}"))?;
    drop(space);
    let words = |i: u64| [i, seed, ops].map(|n| n.to_string());
    let mut start = |i| arena.start("together-act", &words(i).each_ref().map(String::as_str));
    let running: Vec<_> = (0..PROCESSES).map(&mut start).collect();
    for r in running {
        if let Some(broken) = arena.hear(r) {
            return Err(format!("{broken:?}"));
        }
    }
    let ops: Option<Vec<Op>> = arena.ops.iter().map(|l| parse(l)).collect();
    ops.ok_or("a history that cannot be read".into())
}

/// The same history, with something old put in by hand, is refused.
fn control(ops: &[Op]) -> bool {
    let end = ops.iter().map(|(s, _)| s.to).max().unwrap_or(0);
    let after = Span { from: end + 1, to: end + 2 };
    let with = |what| check(&[ops, &[(after, what)]].concat()).is_err();
    let stale = ops.iter().find_map(|(_, what)| match what {
        What::Write { register, old: Some(old), .. } => Some((register.clone(), old.clone())),
        _ => None,
    });
    let withdrawn = ops.iter().rev().find_map(|(_, what)| match what {
        What::Consent { model, given } => Some((*model, !given)),
        _ => None,
    });
    let (Some(stale), Some((model, allowed))) = (stale, withdrawn) else { return false };
    with(What::List([stale].into())) && with(What::Asked { model, allowed })
}

fn signal(child: &std::process::Child, signal: libc::c_int) {
    let pid = child.id().cast_signed();
    // SAFETY: both calls take numbers and the address of one, which outlives them; the process is our
    // child and was not waited for.
    unsafe {
        libc::kill(pid, signal);
        if signal == libc::SIGSTOP {
            let mut status = 0;
            libc::waitpid(pid, &raw mut status, libc::WUNTRACED);
        }
    }
}

/// Writes from two threads on one handle, and from a third on another, while somebody is stopped. How
/// many were refused as busy.
fn others_write(arena: &mut Arena, n: u64) -> std::result::Result<u64, String> {
    let (one, two) = (look::open(&arena.path, &arena.code), look::open(&arena.path, &arena.code));
    let (one, two) = (one.map_err(|e| format!("open: {e:?}"))?, two.map_err(|e| format!("open: {e:?}"))?);
    let write = |space: &HealthSpace, text: &str| {
        let begun = Instant::now();
        let session = space.session(model(0)?, Purpose::PatientRequest)?;
        let done = session.remember_in("general", text).map(drop);
        Ok::<_, Error>((done, begun.elapsed()))
    };
    let texts = [0, 1, 2].map(|i| format!("other-{n}-{i}"));
    let spaces = [&one, &one, &two];
    let results = std::thread::scope(|s| {
        let running = [0, 1, 2].map(|i| {
            s.spawn({
                let (space, text) = (spaces[i], &texts[i]);
                move || write(space, text)
            })
        });
        running.map(|r| r.join().unwrap())
    });
    // Who only reads waits for nobody.
    one.log(healthspace::LogOf::Partition("general")).map_err(|e| format!("a log: {e:?}"))?;
    let mut busy = 0;
    for (text, result) in texts.into_iter().zip(results) {
        let (done, time) = result.map_err(|e| format!("{e:?}"))?;
        if time > PATIENCE {
            return Err(format!("a writer waited for {time:?}"));
        }
        match done {
            Ok(()) => _ = arena.done.insert(text.clone()),
            Err(Error::Busy) => busy += 1,
            Err(e) => return Err(format!("told as {e:?}")),
        }
        arena.begun.insert(text);
    }
    Ok(busy)
}

/// Stops a writer until it was inside a transaction so often. How often it was not.
fn stopped_inside(path: &Path, hits: u64, rng: &mut Random) -> std::result::Result<u64, String> {
    let mut arena = Arena::create(path.to_owned());
    let (mut inside, mut between) = (0, 0);
    while inside < hits {
        let writer = arena.start("write", &[]);
        std::thread::sleep(Duration::from_micros(60_000 + rng.below(40_000)));
        signal(&writer.child, libc::SIGSTOP);
        let n = inside + between;
        let busy = others_write(&mut arena, 2 * n);
        signal(&writer.child, libc::SIGCONT);
        std::thread::sleep(Duration::from_millis(200));
        let broken = arena.kill(writer);
        *if busy? > 0 { &mut inside } else { &mut between } += 1;
        // With nobody else, everybody goes on.
        if others_write(&mut arena, 2 * n + 1)? > 0 {
            return Err("busy, and nobody writes".into());
        }
        if let Some(broken) = broken.or_else(|| arena.judge()) {
            return Err(format!("{broken:?}"));
        }
        if between > 100 * hits {
            return Err("the writer was never inside a transaction".into());
        }
    }
    Ok(between)
}

/// The keys change while a writer is stopped between two transactions: it writes nothing more. `false`:
/// it was stopped inside one.
fn stopped_between(path: &Path, rng: &mut Random) -> std::result::Result<bool, String> {
    let mut arena = Arena::create(path.to_owned());
    arena.deadly = &["Rekeyed"];
    let told = |e: Error| format!("{e:?}");
    let space = look::open(path, &arena.code).map_err(told)?;
    let mut writer = arena.start("write", &["50"]);
    std::thread::sleep(Duration::from_micros(150_000 + rng.below(60_000)));
    signal(&writer.child, libc::SIGSTOP);
    let texts = |space: &HealthSpace| -> Result<Vec<String>> {
        Ok(space.partition("general")?.memories()?.into_whole()?.into_iter().map(|m| m.text).collect())
    };
    let rotate = || -> Result<(HealthSpace, Vec<String>)> {
        let words = Unlock::passphrase("two").with_cost(KdfParams::FLOOR);
        let space = space.rotate(&Unlock::recovery_code(&arena.code)?, &[&words])?.space;
        let before = texts(&space)?;
        Ok((space, before))
    };
    let rotated = rotate();
    signal(&writer.child, libc::SIGCONT);
    let (space, before) = match rotated {
        Ok(rotated) => rotated,
        Err(e) => {
            let broken = arena.kill(writer).map(|b| format!("{b:?}"));
            let inside = matches!(e, Error::Busy | Error::InUse);
            return broken.or((!inside).then(|| told(e))).map_or(Ok(false), Err);
        }
    };
    let begun = Instant::now();
    while writer.child.try_wait().is_ok_and(|s| s.is_none()) {
        if begun.elapsed() > PATIENCE {
            let _ = arena.kill(writer);
            return Err("a writer went on with the keys of before".into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    if let Some(broken) = arena.hear(writer) {
        return Err(format!("{broken:?}"));
    }
    // The handle that is open, and one that is opened anew, find what stood there at the rotation.
    if before.is_empty() || texts(&space).map_err(told)? != before {
        return Err("something was written after the rotation".into());
    }
    arena.judge().map_or(Ok(true), |b| Err(format!("{b:?}")))
}

/// Everything, as a process that sees the real file system: so many operations at least.
pub(crate) fn judge(dir: &Path, target: u64, seed: u64, seconds: u64) {
    let mut rng = Random::new(seed);
    let begun = Instant::now();
    let (mut n, mut rounds) = (0, 0);
    // What is read each time grows, so that a space is not used for too long.
    let each = (target / (PROCESSES * THREADS - 1)).min(250);
    while n < target && (seconds == 0 || begun.elapsed().as_secs() < seconds) {
        let ops = round(&dir.join(format!("{rounds}.hs")), rng.next(), each);
        match ops.and_then(|ops| check(&ops).map(|()| ops)) {
            Ok(ops) => {
                if !control(&ops) {
                    println!("a history with something old in it was accepted");
                }
                n += ops.len() as u64;
                rounds += 1;
                ops.iter().for_each(|_| println!("tried 1"));
            }
            Err(e) => {
                println!("{e}");
                break;
            }
        }
    }
    let hits = if target < 1_000 { 1 } else { 12 };
    match stopped_inside(&dir.join("inside.hs"), hits, &mut rng) {
        Ok(between) => println!("say stopped {hits} times inside a transaction, {between} times between two"),
        Err(e) => println!("stopped inside: {e}"),
    }
    let (mut between, mut i) = (0, 0);
    while between < 2 * hits && i < 20 * hits {
        i += 1;
        match stopped_between(&dir.join(format!("between-{i}.hs")), &mut rng) {
            Ok(hit) => between += u64::from(hit),
            Err(e) => {
                println!("stopped between: {e}");
                break;
            }
        }
    }
    println!("say stopped {between} times between transactions while the keys changed, {} inside one", i - between);
    println!("end {n} operations in {rounds} spaces, linearizable");
}

//! The leak test kit: the library passes it, and apps that leak do not.
#![allow(clippy::unwrap_used)]

use healthspace::RecordId;
use healthspace_examples::leak::probe::{self, Probe};
use healthspace_examples::leak::twins::{self, Failure, Twin};
use healthspace_examples::leak::{App, Direct, Leak, Outcome, Times, compare, control};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

#[test]
fn the_library_answers_as_if_what_is_withheld_were_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let twins = twins::make(dir.path()).unwrap();
    let probes = probe::all(&twins.guessed);
    let (mut with, mut without) = (Direct::open(twins.with).unwrap(), Direct::open(twins.without).unwrap());
    // What is granted is answered, so that equal replies are not equal refusals.
    let reply = with.ask(&Probe::Ask("What is my last creatinine?".into())).unwrap();
    assert!(reply.contains("0.96") && !reply.contains("1.77") && !reply.contains("6.0"), "{reply}");
    assert!(control(&mut with).unwrap().is_none() && control(&mut without).unwrap().is_none());
    let counted = with.ask(&Probe::Count(healthspace::catalog::Query::default())).unwrap();
    assert!(counted.starts_with("16 label=R"), "{counted}");
    let memories = with.ask(&Probe::Memories("notes".into())).unwrap();
    assert!(memories.contains("Likes tea.") && !memories.contains("without milk"), "{memories}");
    let memories = with.ask(&Probe::Memories("health".into())).unwrap();
    assert!(memories.contains("Watches the LDL."), "{memories}");
    assert!(!memories.contains("HIV") && !memories.contains("viral load"), "{memories}");
    let out = compare(&mut with, &mut without, &probes).unwrap();
    let told: Vec<String> = out.leaks.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(out.probes > 180, "{}", out.probes);
}

/// Answers right, but for one thing.
struct Leaky {
    inner: Direct,
    size: u64,
    /// It is the twin with the withheld data.
    more: bool,
    how: How,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Tells,
    Writes,
    Waits,
}

impl Leaky {
    fn of(twin: Twin, more: bool, how: How) -> Self {
        let size = twin.entries().unwrap();
        Self { inner: Direct::open(twin).unwrap(), size, more, how }
    }
}

impl App for Leaky {
    fn ask(&mut self, probe: &Probe) -> Result<String, Failure> {
        let reply = self.inner.ask(probe)?;
        match self.how {
            How::Tells => return Ok(format!("{reply} (of {} entries)", self.size)),
            How::Writes if self.more => drop(self.inner.ask(&Probe::Presence)?),
            How::Waits if self.more => std::thread::sleep(Duration::from_millis(25)),
            How::Writes | How::Waits => {}
        }
        Ok(reply)
    }

    fn random(&self) -> &[RecordId] {
        self.inner.random()
    }

    fn entries(&mut self) -> Result<Option<u64>, Failure> {
        self.inner.entries()
    }
}

#[test]
fn apps_that_leak_are_caught() {
    for how in [How::Tells, How::Writes, How::Waits] {
        let probes = [Probe::Presence];
        let (mut times, mut out) = (Times::default(), Outcome::default());
        // Few pairs do, for the wait is long.
        for _ in 0..if how == How::Waits { 8 } else { 1 } {
            let dir = tempfile::tempdir().unwrap();
            let twins = twins::make(dir.path()).unwrap();
            let (mut with, mut without) = (Leaky::of(twins.with, true, how), Leaky::of(twins.without, false, how));
            if how == How::Waits {
                times.take(&mut with, &mut without, &probes).unwrap();
            } else {
                out = compare(&mut with, &mut without, &probes).unwrap();
            }
        }
        times.judge(&probes, &mut out);
        let caught = matches!(
            (how, out.leaks.first()),
            (How::Tells, Some(Leak::Reply { .. }))
                | (How::Writes, Some(Leak::Entries { .. }))
                | (How::Waits, Some(Leak::Time { .. }))
        );
        assert!(caught, "{:?}", out.leaks);
    }
}

/// Says the same to everything.
struct Mute;

impl App for Mute {
    fn ask(&mut self, _: &Probe) -> Result<String, Failure> {
        Ok("Denied".into())
    }
}

#[test]
fn an_app_that_answers_nothing_does_not_pass() {
    assert!(compare(&mut Mute, &mut Mute, &[Probe::Presence]).unwrap().leaks.is_empty());
    assert!(matches!(control(&mut Mute).unwrap(), Some(Leak::Mute { .. })));
}

/// Slower whenever it is asked first of a pair; the two are the same otherwise.
struct Cold(Rc<Cell<u64>>);

impl App for Cold {
    fn ask(&mut self, _: &Probe) -> Result<String, Failure> {
        let n = self.0.replace(self.0.get() + 1);
        if n.is_multiple_of(2) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(String::new())
    }
}

#[test]
fn two_equal_apps_that_are_slow_when_asked_first_are_not_told_apart() {
    let (probes, n) = ([Probe::Presence], Rc::new(Cell::new(0)));
    let (mut times, mut out) = (Times::default(), Outcome::default());
    for _ in 0..30 {
        times.take(&mut Cold(Rc::clone(&n)), &mut Cold(Rc::clone(&n)), &probes).unwrap();
    }
    times.judge(&probes, &mut out);
    assert!(out.leaks.is_empty(), "{:?}", out.leaks);
}

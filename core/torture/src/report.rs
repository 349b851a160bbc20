//! Counts, progress, and what broke: with the seed that repeats it, and the files.

use crate::vfs::Files;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What must never happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A space that was there cannot be opened.
    Unopenable(String),
    /// It opens, and cannot be read.
    Unreadable(String),
    /// What was acknowledged is not there.
    Lost,
    /// Something is there that nobody committed, or a part of something.
    Phantom,
    /// Something else is read than what was stored.
    Wrong,
    Panicked,
    /// What was erased opens, or what a control must find is not found.
    Erasure(String),
    /// A failure was not told, or a handle went on after it.
    Unnoticed(String),
}

/// One campaign.
pub(crate) struct Report {
    name: &'static str,
    begun: Instant,
    until: Option<Instant>,
    said: Mutex<Instant>,
    states: AtomicU64,
    twice: AtomicU64,
    broken: AtomicU64,
    stop: AtomicBool,
    keep: Option<PathBuf>,
}

impl Report {
    /// `keep`: where the files of a failure go.
    pub(crate) fn new(name: &'static str, limit: Option<Duration>, keep: Option<PathBuf>) -> Self {
        let now = Instant::now();
        Self {
            name,
            begun: now,
            until: limit.map(|l| now + l),
            said: Mutex::new(now),
            states: AtomicU64::new(0),
            twice: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            keep,
        }
    }

    pub(crate) fn say(&self, what: &str) {
        println!("{}: {what}", self.name);
    }

    /// Counts one state, and says now and then how far it is.
    pub(crate) fn state(&self, inside: bool) {
        let n = self.states.fetch_add(1, Relaxed) + 1;
        self.twice.fetch_add(inside.into(), Relaxed);
        if n.is_multiple_of(256)
            && let Ok(mut said) = self.said.try_lock()
            && said.elapsed() > Duration::from_secs(10)
        {
            *said = Instant::now();
            self.say(&self.so_far());
        }
        if self.until.is_some_and(|u| Instant::now() > u) {
            self.stop.store(true, Relaxed);
        }
    }

    pub(crate) fn states(&self) -> u64 {
        self.states.load(Relaxed)
    }

    /// Whether the time is over, or too much is broken to go on.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// The time that is left, where it is bounded.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.until.map(|u| u.saturating_duration_since(Instant::now()))
    }

    fn so_far(&self) -> String {
        let (n, twice) = (self.states(), self.twice.load(Relaxed));
        let inside = if twice > 0 { format!(" ({twice} of them in a recovery)") } else { String::new() };
        let (broken, t) = (self.broken.load(Relaxed), self.begun.elapsed());
        format!("{n} states{inside}, {broken} broken, {:.0} s", t.as_secs_f64())
    }

    /// Tells of a failure; the files of the first few are kept.
    pub(crate) fn broken(&self, broken: &Broken, whence: &str, files: &Files, code: &str) {
        let n = self.broken.fetch_add(1, Relaxed);
        if n >= 20 {
            self.stop.store(true, Relaxed);
            return;
        }
        let Some(keep) = &self.keep else { return };
        self.say(&format!("BROKEN: {broken:?}: {whence}"));
        let dir = keep.join(format!("{}-{n}", self.name.replace(' ', "-")));
        let kept = std::fs::create_dir_all(&dir)
            .and_then(|()| std::fs::write(dir.join("me.hs"), &files.main))
            .and_then(|()| files.log.as_ref().map_or(Ok(()), |l| std::fs::write(dir.join("me.hs-wal"), l)))
            .and_then(|()| std::fs::write(dir.join("recovery-code"), code));
        self.say(&format!("its files: {} {kept:?}", dir.display()));
    }

    /// The last word: how many failures there were.
    pub(crate) fn end(&self) -> u64 {
        self.say(&format!("done: {}", self.so_far()));
        self.broken.load(Relaxed)
    }
}

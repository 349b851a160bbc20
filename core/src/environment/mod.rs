//! What the host lends the library: a clock, an anchor, an observer, progress and a way to cancel.
//!
//! What belongs here: the interfaces through which time and control enter; nothing in this crate
//! is global. What must not: content. An observer sees codes, counts and durations only.
//! Randomness is the operating system's and is not lent: a host cannot make keys predictable.

mod anchor;

#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) use anchor::fuzz_lines;
pub use anchor::{AnchoredHead, FileAnchor, FreshnessAnchor};

use crate::id::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Tells the time. The library reads no clock of its own.
pub trait Clock: Send + Sync {
    /// Now. Asked under no lock of the handle, but also within a write transaction: it may look at
    /// the space, and must not wait for a call that writes to it.
    fn now(&self) -> Timestamp;

    /// Whether the host confirms that it is `now`, although the last entry of the space is more than
    /// 24 hours older. Otherwise nothing is written, and [`Error::ClockAhead`](crate::Error::ClockAhead)
    /// says why: an entry dated too late ends grants before their time. A host that has a trusted
    /// time compares with that, one that has none may ask the person. By default it is confirmed.
    fn confirms(&self, last: Timestamp, now: Timestamp) -> bool {
        let _ = (last, now);
        true
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let ms = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(d) => i64::try_from(d.as_millis()).unwrap_or(i64::MAX),
            Err(e) => i64::try_from(e.duration().as_millis()).map_or(i64::MIN, |v| -v),
        };
        Timestamp::from_millis(ms)
    }
}

/// A clock that stands where it is put: tests, replays and fixed demonstrations.
#[derive(Debug, Default)]
pub struct FixedClock(std::sync::atomic::AtomicI64);

impl FixedClock {
    /// A clock that says `now` until it is set.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(now.as_millis().into())
    }

    /// Moves the clock, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// How far a long operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the input read so far.
    pub done: u64,
    /// Bytes of the input in all, where that is known.
    pub total: Option<u64>,
    /// Records met so far.
    pub records: u64,
}

impl Progress {
    pub(crate) const fn new(done: u64, total: Option<u64>, records: u64) -> Self {
        Self { done, total, records }
    }
}

/// An event for the host's own metrics: codes, counts and durations, never content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What happened; a fixed word.
    pub name: &'static str,
    /// How many.
    pub count: u64,
}

impl Event {
    pub(crate) const fn new(name: &'static str, count: u64) -> Self {
        Self { name, count }
    }
}

/// Stops a long operation at its next batch; the space stays consistent.
///
/// ```
/// let cancel = healthspace::Cancel::default();
/// assert!(!cancel.is_cancelled());
/// cancel.cancel();
/// assert!(cancel.is_cancelled());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the operation to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Takes the request back, for the next operation.
    pub fn reset(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A callback for progress.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;
/// A callback for events.
pub type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

/// What a space is given when it is created or opened.
///
/// ```
/// let env = healthspace::Environment::default();
/// assert!(env.now().as_millis() > 1_600_000_000_000);
/// ```
#[derive(Clone)]
pub struct Environment {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where the newest state of the space is remembered outside its file; without one an older copy
    /// of the file is not noticed. A space that was once opened in full with one opens without one no
    /// more; until then one that is given counts for nothing.
    pub anchor: Option<Arc<dyn FreshnessAnchor>>,
    /// Called about once per batch of a long operation, under no lock.
    pub progress: Option<OnProgress>,
    /// Told what happened, without content, under no lock.
    pub observer: Option<OnEvent>,
    /// Looked at once per batch.
    pub cancel: Cancel,
    /// A handle that was not used for longer than this, by the clock, gives its keys up as
    /// [`suspend`](crate::HealthSpace::suspend) does. Looked at by each call of it: without one nothing
    /// happens, so that a host calls [`lock_if_idle`](crate::HealthSpace::lock_if_idle) from a timer of
    /// its own. Each call asks the clock then, which must not look at the space itself. `None`: never.
    pub lock_after: Option<Duration>,
}

impl Default for Environment {
    fn default() -> Self {
        let clock = Arc::new(SystemClock);
        Self { clock, anchor: None, progress: None, observer: None, cancel: Cancel::default(), lock_after: None }
    }
}

impl core::fmt::Debug for Environment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment {
    /// The time now, by the host's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn observe(&self, name: &'static str, count: u64) {
        if let Some(f) = &self.observer {
            f(Event::new(name, count));
        }
    }
}

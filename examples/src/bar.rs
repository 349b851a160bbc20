//! A progress bar for a terminal; nothing at all where standard error is a file or a pipe.

use healthspace::Progress;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const WIDTH: u64 = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// A bar for one long operation after the other.
#[derive(Clone, Default)]
pub struct Bar(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    label: String,
    drawn: Option<Instant>,
}

impl Bar {
    /// Names the operation that begins; the bar appears once it has lasted a while.
    pub fn begin(&self, label: &str) {
        *self.lock() = State { label: label.to_owned(), drawn: Some(Instant::now()) };
    }

    /// Takes the bar off the screen.
    pub fn end(&self) {
        if self.lock().drawn.take().is_some() && std::io::stderr().is_terminal() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }

    /// What to hand to [`Environment::progress`](healthspace::Environment).
    #[must_use]
    pub fn callback(&self) -> healthspace::OnProgress {
        let bar = self.clone();
        Arc::new(move |p| bar.draw(p))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self, p: Progress) {
        let mut state = self.lock();
        let due = state.drawn.is_some_and(|t| t.elapsed() >= PAUSE);
        if !due || !std::io::stderr().is_terminal() {
            return;
        }
        state.drawn = Some(Instant::now());
        // A screen that is gone is no reason to stop an import.
        let _ = write!(std::io::stderr(), "\r\u{1b}[K{}", line(&state.label, p));
        let _ = std::io::stderr().flush();
    }
}

/// One line: label, bar where the length is known, bytes, records.
fn line(label: &str, p: Progress) -> String {
    let known = p.total.filter(|t| *t > 0).map(|total| {
        let part = |of: u64| (u128::from(p.done.min(total)) * u128::from(of) / u128::from(total)) as u64;
        let full = part(WIDTH) as usize;
        format!("[{}{}] {:3} % ", "#".repeat(full), ".".repeat(WIDTH as usize - full), part(100))
    });
    format!("{label} {}{}, {} records", known.unwrap_or_default(), super::tell::bytes(p.done), p.records)
}

//! Clocks and memory of this process, and the line by which a child tells its parent.

use std::time::{Duration, Instant};

/// Wall and CPU time since it was started.
pub(crate) struct Timer {
    wall: Instant,
    cpu: Duration,
}

fn cpu() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

impl Timer {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    /// Prints `name wall-us cpu-us` for each of `n` operations.
    pub(crate) fn report(&self, name: &str, n: u64) {
        let (wall, cpu) = (self.wall.elapsed(), cpu() - self.cpu);
        let per = |d: Duration| d.as_secs_f64() * 1e6 / n as f64;
        say(&format!("{name} {:.6} {:.6}", per(wall), per(cpu)));
    }
}

/// Prints `name wall-us cpu-us`, the medians of `n` single operations.
pub(crate) fn each<E>(name: &str, n: usize, mut f: impl FnMut(usize) -> Result<(), E>) -> Result<(), E> {
    let (mut walls, mut cpus) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for i in 0..n {
        let (wall, before) = (Instant::now(), cpu());
        f(i)?;
        cpus.push((cpu() - before).as_secs_f64() * 1e6);
        walls.push(wall.elapsed().as_secs_f64() * 1e6);
    }
    let middle = |v: &mut Vec<f64>| {
        v.sort_by(f64::total_cmp);
        v.get(n / 2).copied().unwrap_or(f64::NAN)
    };
    let (wall, cpu) = (middle(&mut walls), middle(&mut cpus));
    say(&format!("{name} {wall:.6} {cpu:.6}"));
    Ok(())
}

/// A line for the parent.
#[expect(clippy::print_stdout, reason = "the pipe to the parent")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A figure for the parent.
pub(crate) fn figure(name: &str, value: f64) {
    say(&format!("{name} {value:.6} {value:.6}"));
}

/// A field of `/proc/self/status`, in bytes.
pub(crate) fn status(field: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib * 1024.0)
}

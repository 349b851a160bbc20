//! Two classes of inputs, timed in turns of chance, and Welch's t of the two (dudect: Reparaz,
//! Balasch and Verbauwhede, DATE 2017).

use core::hint::black_box;
use std::time::Instant;

/// Inputs made at once, before any of them is timed.
const BATCH: usize = 500;
/// Of which share of the fastest calls the means are compared: what interrupts a call only makes it
/// slower, and hides what is looked for.
const CROPS: [f64; 7] = [0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0];

/// Numbers that a seed repeats (SplitMix64).
pub struct Random(u64);

impl Random {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.next() as u8)
    }
}

/// Writes an input of a class. All inputs of a target have one length.
type Input = Box<dyn FnMut(bool, &mut Random, &mut Vec<u8>)>;

/// Whether an input is accepted.
type Run = Box<dyn FnMut(&[u8]) -> bool>;

/// What is timed.
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Whether it leaks on purpose: a measurement that does not catch it says nothing.
    pub control: bool,
    pub(super) input: Input,
    pub(super) run: Run,
    /// What must come of it: the same for both classes, or they are not what they are said to be.
    pub(super) accepts: bool,
}

/// What was measured.
pub struct Verdict {
    /// Welch's t, of the crop where it is farthest from 0. Beyond 4.5 the classes differ.
    pub t: f64,
    /// By how many nanoseconds the means differ there.
    pub difference: f64,
    /// The mean of a call there, in nanoseconds.
    pub mean: f64,
    /// Calls that were timed.
    pub samples: usize,
    /// Calls that did not end as they must; 0 unless something is broken.
    pub wrong: usize,
}

/// Mean and variance of a class, as they come (Welford).
#[derive(Clone, Copy, Default)]
struct Class {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Class {
    fn add(&mut self, x: f64) {
        self.n += 1.0;
        let off = x - self.mean;
        self.mean += off / self.n;
        self.squares += off * (x - self.mean);
    }

    /// Variance of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.n - 1.0) / self.n
    }
}

/// Times so many calls.
pub fn measure(target: &mut Target, samples: usize, random: &mut Random) -> Verdict {
    let mut inputs: Vec<(bool, Vec<u8>)> = vec![(false, Vec::new()); BATCH];
    let (mut work, mut wrong, mut done) = (Vec::new(), 0, 0);
    let mut crops: Vec<(f64, [Class; 2])> = Vec::new();
    let mut first = Vec::new();
    while done < samples {
        for (class, input) in &mut inputs {
            *class = random.next() >> 63 == 1;
            input.clear();
            (target.input)(*class, random, input);
        }
        for (class, input) in &inputs {
            // The same memory for both classes.
            work.clear();
            work.extend_from_slice(input);
            let begun = Instant::now();
            let accepted = (target.run)(black_box(&work));
            let took = begun.elapsed().as_nanos() as f64;
            wrong += usize::from(black_box(accepted) != target.accepts);
            // The first calls say where the crops are, and are not counted.
            if crops.is_empty() {
                first.push(took);
                continue;
            }
            done += 1;
            for (limit, classes) in &mut crops {
                if let Some(c) = classes.get_mut(usize::from(*class)).filter(|_| took <= *limit) {
                    c.add(took);
                }
            }
        }
        if crops.is_empty() && first.len() >= 4 * BATCH {
            first.sort_by(f64::total_cmp);
            let at = |share: f64| first.get((share * first.len() as f64) as usize).copied().unwrap_or(f64::INFINITY);
            crops = CROPS.iter().map(|share| (at(*share), [Class::default(); 2])).collect();
        }
    }
    let mut verdict = Verdict { t: 0.0, difference: 0.0, mean: 0.0, samples: done, wrong };
    for (_, [a, b]) in &crops {
        let t = (a.mean - b.mean) / (a.error() + b.error()).sqrt();
        // Of too few calls a crop says nothing.
        if a.n.min(b.n) >= samples as f64 / 20.0 && t.abs() >= verdict.t.abs() {
            verdict = Verdict { t, difference: (a.mean - b.mean).abs(), mean: a.mean, ..verdict };
        }
    }
    verdict
}

//! Whether the time that a comparison of secrets takes says how it came out, or what was compared.
//!
//! Two classes of inputs in turns of chance, Welch's t of their times: `make timing` wants less than
//! 4.5 of every place and far more of the control. `healthspace-timing [SAMPLES] [SEED]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

use healthspace::timing_internals::{BAR, Random, measure, targets};

fn main() {
    let mut given = std::env::args().skip(1);
    let samples = given.next().map_or(1_000_000, |n| n.parse().unwrap());
    let seed = given.next().map_or(1, |n| n.parse().unwrap());
    let mut random = Random::new(seed);
    println!("{}, {samples} calls of each, seed {seed}", healthspace::CRYPTO_BACKEND);
    let mut broken = false;
    for mut target in targets() {
        let v = measure(&mut target, samples, &mut random);
        // An early exit that the measurement does not see would go unseen elsewhere too.
        let bad = if target.control { v.t.abs() < 10.0 * BAR } else { v.t.abs() >= BAR } || v.wrong > 0;
        broken |= bad;
        println!(
            "t {:>8.2}  {:>6.1} of {:>8.1} ns  {}{}",
            v.t,
            v.difference,
            v.mean,
            target.name,
            if bad { ": BROKEN" } else { "" }
        );
    }
    println!("{}", if broken { "BROKEN" } else { "nothing broken" });
    std::process::exit(i32::from(broken));
}

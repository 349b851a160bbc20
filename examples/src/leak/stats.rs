//! Welch's t-test on times, as dudect does it (Reparaz, Balasch, Verbauwhede, DATE 2017).

/// From here on a difference of times is taken for real.
pub const LIMIT: f64 = 4.5;

/// The part of the slowest measurements that is left out: interrupts, not the program.
const CROPPED: usize = 10;

/// Welch's t of two samples, the slowest tenth of both together left out; 0 where there is nothing
/// to compare.
#[must_use]
pub fn welch(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_by(f64::total_cmp);
    let Some(bound) = all.get((all.len() - all.len() / CROPPED).saturating_sub(1)) else { return 0.0 };
    let moments = |v: &[f64]| {
        let kept: Vec<f64> = v.iter().copied().filter(|x| x <= bound).collect();
        let n = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / n;
        let variance = kept.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (n, mean, variance)
    };
    let ((n, mean_a, var_a), (m, mean_b, var_b)) = (moments(a), moments(b));
    let t = (mean_a - mean_b) / (var_a / n + var_b / m).sqrt();
    if n < 2.0 || m < 2.0 {
        // All of one are slower than the bound: nothing is left of it to compare.
        return if a.len() < 2 || b.len() < 2 { 0.0 } else { f64::INFINITY };
    }
    if t.is_nan() { 0.0 } else { t }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64, n: usize, shift: f64) -> Vec<f64> {
        let mut x = seed;
        let mut next = || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 33) as f64 / f64::from(1u32 << 31)
        };
        // About normal: twelve uniform ones.
        (0..n).map(|_| (0..12).map(|_| next()).sum::<f64>() - 6.0 + 100.0 + shift).collect()
    }

    #[test]
    fn equal_times_pass_and_shifted_ones_do_not() {
        assert!(welch(&noise(1, 400, 0.0), &noise(2, 400, 0.0)).abs() < LIMIT);
        assert!(welch(&noise(1, 400, 0.6), &noise(2, 400, 0.0)) > LIMIT);
        assert!(welch(&noise(1, 400, 0.0), &noise(2, 400, 0.6)) < -LIMIT);
        assert!(welch(&noise(1, 400, 50.0), &noise(2, 400, 0.0)).abs() > LIMIT, "all of one are cropped");
        assert!((welch(&[], &[]) - 0.0).abs() < f64::EPSILON);
    }

    /// Over many pairs of equal samples, the limit is not reached.
    #[test]
    fn equal_times_are_not_accused() {
        let accused =
            (0..200).filter(|i| welch(&noise(2 * i + 9, 100, 0.0), &noise(2 * i + 10, 100, 0.0)).abs() >= LIMIT);
        assert_eq!(accused.count(), 0);
    }
}

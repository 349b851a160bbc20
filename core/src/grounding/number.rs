//! Exact arithmetic over reported decimals.
//!
//! A reported number is printed digit for digit. A computed one is rounded half to even, and
//! marked with `≈` where rounding changed it. French texts print a decimal comma for both.

use crate::lang::Lang;
use crate::record::{Decimal, printed};

/// An integer and how many of its digits stand behind the point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) units: i128,
    pub(super) scale: u32,
    pub(super) exact: bool,
}

silent_debug!(Fixed);

fn lift(d: Decimal, scale: u32) -> Option<i128> {
    let by = u32::try_from(i64::from(scale) - i64::from(d.scale())).ok()?;
    i128::from(d.mantissa()).checked_mul(10i128.checked_pow(by)?)
}

fn common(values: impl IntoIterator<Item = Decimal>) -> u32 {
    values.into_iter().map(|d| u32::try_from(d.scale()).unwrap_or(0)).max().unwrap_or(0)
}

/// Quotient by a positive number, rounded half to even, and whether it was exact.
fn divide(num: i128, den: i128) -> Option<(i128, bool)> {
    let (q, r) = (num.checked_div_euclid(den)?, num.checked_rem_euclid(den)?);
    let twice = r.checked_mul(2)?;
    let up = twice > den || (twice == den && q % 2 != 0);
    Some((q.checked_add(i128::from(up))?, r == 0))
}

/// `b - a`, exactly.
pub(super) fn difference(a: Decimal, b: Decimal) -> Option<Fixed> {
    let scale = common([a, b]);
    Some(Fixed { units: lift(b, scale)?.checked_sub(lift(a, scale)?)?, scale, exact: true })
}

/// How many percent `b` is above `a`, to one decimal; `None` where `a` is not positive.
pub(super) fn percent(a: Decimal, b: Decimal) -> Option<Fixed> {
    let scale = common([a, b]);
    let (a, b) = (lift(a, scale)?, lift(b, scale)?);
    if a <= 0 {
        return None;
    }
    let (units, exact) = divide(b.checked_sub(a)?.checked_mul(1000)?, a)?;
    Some(Fixed { units, scale: 1, exact })
}

/// A hundred times a number, digit for digit: a fraction as a percentage.
pub(super) fn hundredfold(d: Decimal) -> Option<Decimal> {
    match d.scale() {
        2.. => Decimal::new(d.mantissa(), d.scale() - 2),
        scale => {
            let by = 10i64.checked_pow(u32::try_from(2 - i32::from(scale)).ok()?)?;
            Decimal::new(d.mantissa().checked_mul(by)?, 0)
        }
    }
}

/// Decimals that a measurement has at most.
const DECIMALS: u32 = 6;
/// Digits of a mean of numbers that have more.
const SIGNIFICANT: u32 = 6;

/// The mean, to one digit more than the most precise value.
pub(super) fn mean(values: &[Decimal]) -> Option<Fixed> {
    let scale = common(values.iter().copied());
    let mut sum = 0i128;
    for v in values {
        sum = sum.checked_add(lift(*v, scale)?)?;
    }
    let n = i128::try_from(values.len()).ok().filter(|n| *n > 0)?;
    let (mut units, mut exact) = divide(sum.checked_mul(10)?, n)?;
    // So many decimals are those of a binary number, and no measurement's.
    let surplus = units.unsigned_abs().checked_ilog10().map_or(0, |d| (d + 1).saturating_sub(SIGNIFICANT));
    let drop = if scale > DECIMALS { surplus.min(scale + 1) } else { 0 };
    if drop > 0 {
        (units, exact) = divide(sum.checked_mul(10)?, n.checked_mul(10i128.checked_pow(drop)?)?)?;
        return Some(Fixed { units, scale: scale + 1 - drop, exact });
    }
    let mean = Fixed { units, scale: scale + 1, exact };
    // An exact mean needs no digit of its own: 151.0 of whole numbers is 151.
    Some(if exact && units % 10 == 0 { Fixed { units: units / 10, scale, exact } } else { mean })
}

impl Fixed {
    /// With `≈` where it was rounded.
    pub(super) fn print(self, lang: Lang) -> String {
        format!("{}{}", if self.exact { "" } else { "≈" }, self.digits(lang, false))
    }

    /// With a sign, and `≈` where it was rounded.
    pub(super) fn signed(self, lang: Lang) -> String {
        format!("{}{}", if self.exact { "" } else { "≈" }, self.digits(lang, true))
    }

    fn digits(self, lang: Lang, plus: bool) -> String {
        let sign = match self.units.signum() {
            -1 => "-",
            1 if plus => "+",
            _ => "",
        };
        let digits = printed(self.units.unsigned_abs(), i32::try_from(self.scale).unwrap_or(i32::MAX));
        format!("{sign}{}", local(lang, &digits))
    }
}

/// With the decimal sign of the language.
pub(super) fn local(lang: Lang, digits: &str) -> String {
    match lang {
        Lang::En => digits.to_owned(),
        Lang::Fr => digits.replace('.', ","),
    }
}

/// A number computed in binary, with digits that suit its size; always an approximation.
pub(super) fn approximate(lang: Lang, x: f64) -> String {
    let digits = if x.abs() >= 1000.0 {
        0
    } else if x.abs() >= 10.0 {
        1
    } else {
        2
    };
    local(lang, &format!("{x:.digits$}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(s: &str) -> Decimal {
        Decimal::parse(s).unwrap()
    }

    #[test]
    fn digits_are_right() {
        assert_eq!(difference(d("155.2"), d("92.10")).unwrap().signed(Lang::En), "-63.10");
        assert_eq!(percent(d("155.2"), d("92.10")).unwrap().signed(Lang::Fr), "≈-40,7");
        assert_eq!(percent(d("100"), d("150")).unwrap().signed(Lang::En), "+50.0");
        assert_eq!(mean(&[d("1"), d("2")]).unwrap().print(Lang::En), "1.5");
        assert_eq!(mean(&[d("150"), d("152")]).unwrap().print(Lang::En), "151");
        assert_eq!(mean(&[d("1"), d("1"), d("2")]).unwrap().print(Lang::En), "≈1.3");
        let long = [d("122.110473402233852"), d("122.110473402233850")];
        assert_eq!(mean(&long).unwrap().print(Lang::En), "≈122.110");
        assert_eq!(difference(d("1E-22"), d("3E-22")).unwrap().signed(Lang::Fr), "+2E-22");
        assert_eq!(percent(d("0"), d("1")), None);
        for (x, y) in [("0.97", "97"), ("0.970", "97.0"), ("0.2135", "21.35"), ("1", "100"), ("0.5", "50"), ("0", "0")]
        {
            assert_eq!(hundredfold(d(x)).unwrap().to_string(), y);
        }
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn halves_go_to_even() {
        for (n, q) in
            [(5, 0), (15, 2), (25, 2), (35, 4), (-5, 0), (-15, -2), (-25, -2), (-35, -4), (-14, -1), (-16, -2)]
        {
            assert_eq!(divide(n, 10).map(|(q, _)| q), Some(q), "{n}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_binary(a in 1i64..1_000_000, b in -1_000_000i64..1_000_000, s in 0i8..4) {
            let (x, y) = (Decimal::new(a, s).unwrap(), Decimal::new(b, s).unwrap());
            let p = percent(x, y).unwrap();
            prop_assert!((p.units as f64 / 10.0 - 100.0 * (b - a) as f64 / a as f64).abs() <= 0.0500001);
            let m = mean(&[x, y]).unwrap();
            prop_assert!((m.units as f64 / 10f64.powi(m.scale as i32) - (x.to_f64() + y.to_f64()) / 2.0).abs() < 1e-6);
        }
    }
}

//! Values as reported: decimals keep their digits, units keep their text.

use super::Coding;
use core::fmt;

/// A decimal number that keeps its digits: `1.50` stays `1.50` (FHIR R4 `decimal`).
///
/// ```
/// use healthspace::record::Decimal;
/// let d = Decimal::parse("1.50").unwrap();
/// assert_eq!((d.mantissa(), d.scale(), d.to_string().as_str()), (150, 2, "1.50"));
/// assert_eq!(Decimal::parse("12e-1").unwrap().to_f64(), 1.2);
/// assert!(Decimal::parse("1e999999999").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    scale: i8,
}

silent_debug!(Decimal);

impl Decimal {
    /// `mantissa * 10^-scale`; `None` outside the scales of -18..=30.
    #[must_use]
    pub const fn new(mantissa: i64, scale: i8) -> Option<Self> {
        if scale >= -18 && scale <= 30 { Some(Self { mantissa, scale }) } else { None }
    }

    /// Reads a JSON number, or the same with a leading `+`. `None` for anything that does not fit
    /// 18 digits: such a value is kept as text by its importer.
    #[must_use]
    pub fn parse(s: &str) -> Option<Self> {
        let b = s.as_bytes();
        if b.is_empty() || b.len() > 64 {
            return None;
        }
        let (neg, mut i) = match b.first() {
            Some(b'-') => (true, 1),
            Some(b'+') => (false, 1),
            _ => (false, 0),
        };
        let (mut m, mut scale, mut digits, mut point) = (0i64, 0i32, 0usize, false);
        while let Some(c) = b.get(i) {
            match c {
                b'0'..=b'9' => {
                    m = m.checked_mul(10)?.checked_add(i64::from(c - b'0'))?;
                    digits += 1;
                    scale += i32::from(point);
                }
                b'.' if !point && digits > 0 => point = true,
                b'e' | b'E' if digits > 0 => break,
                _ => return None,
            }
            i += 1;
        }
        if digits == 0 || b.get(i.wrapping_sub(1)) == Some(&b'.') {
            return None;
        }
        if i < b.len() {
            let e = core::str::from_utf8(b.get(i + 1..)?).ok()?;
            let digits = e.strip_prefix(['+', '-']).unwrap_or(e);
            if !digits.bytes().next()?.is_ascii_digit() {
                return None;
            }
            scale = scale.checked_sub(e.parse::<i32>().ok()?)?;
        }
        Self::new(if neg { -m } else { m }, i8::try_from(scale).ok()?)
    }

    /// The digits.
    #[must_use]
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// How many of the digits stand behind the point.
    #[must_use]
    pub const fn scale(self) -> i8 {
        self.scale
    }

    /// The nearest binary number, for comparisons and trends.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Dividing by an exact power of ten is correctly rounded for <= 15 digits and scale <= 22.
        let p = 10f64.powi(i32::from(self.scale.unsigned_abs()));
        if self.scale >= 0 { self.mantissa as f64 / p } else { self.mantissa as f64 * p }
    }

    /// Orders by value, exactly where the digits allow it.
    #[must_use]
    pub fn cmp_value(self, other: Self) -> core::cmp::Ordering {
        let scale = self.scale.max(other.scale);
        let lift = |d: Self| {
            let by = u32::try_from(i32::from(scale) - i32::from(d.scale)).ok()?;
            i128::from(d.mantissa).checked_mul(10i128.checked_pow(by)?)
        };
        match (lift(self), lift(other)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

/// Every digit, as `to-scientific-string` of the General Decimal Arithmetic specification (and
/// Java's `BigDecimal`) prints it: `1.50`, and `1E-22` or `1.5E+3` where there is an exponent that
/// plain digits would hide.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        f.write_str(sign)?;
        f.write_str(&printed(u128::from(self.mantissa.unsigned_abs()), i32::from(self.scale)))
    }
}

/// `digits * 10^-scale` without a sign, as [`Decimal`] prints.
pub(crate) fn printed(digits: u128, scale: i32) -> String {
    let digits = digits.to_string();
    let len = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let exponent = len - 1 - scale;
    match usize::try_from(scale) {
        Ok(0) => digits,
        Ok(s) if exponent >= -6 => {
            let padded = format!("{digits:0>width$}", width = s + 1);
            let (a, b) = padded.split_at(padded.len() - s);
            format!("{a}.{b}")
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{first}{point}{rest}E{exponent:+}")
        }
    }
}

/// FHIR `Quantity.comparator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Comparator {
    /// Exactly.
    #[default]
    Equal = 0,
    /// `<`
    Less = 1,
    /// `<=`
    LessOrEqual = 2,
    /// `>=`
    GreaterOrEqual = 3,
    /// `>`
    Greater = 4,
}

impl Comparator {
    /// From its number.
    #[must_use]
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            0 => Self::Equal,
            1 => Self::Less,
            2 => Self::LessOrEqual,
            3 => Self::GreaterOrEqual,
            4 => Self::Greater,
            _ => return None,
        })
    }

    /// As printed before the number; empty for "exactly".
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

/// A measured amount, as reported.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// The number, digit for digit.
    pub number: Decimal,
    /// Below or above it.
    pub comparator: Comparator,
    /// The unit as the source prints it.
    pub unit: String,
    /// The UCUM code, where the source gives one; empty otherwise.
    pub ucum: String,
}

silent_debug!(Quantity);

/// What a fact says.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub enum Value {
    /// That it is there: a condition, a medication, a visit.
    #[default]
    None,
    /// An amount.
    Quantity(Quantity),
    /// One of a list of codes; the text as the source prints it.
    Coded(Vec<Coding>, String),
    /// Words.
    Text(String),
    /// Yes or no.
    Bool(bool),
}

silent_debug!(Value);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_its_digits() {
        for s in ["0", "1", "-1", "1.50", "0.001", "-0.5", "123456789012345678", "100"] {
            assert_eq!(Decimal::parse(s).map(|d| d.to_string()).as_deref(), Some(s));
        }
        for (read, shown) in [
            ("1E-22", "1E-22"),
            ("-1.50e-20", "-1.50E-20"),
            ("1E3", "1E+3"),
            ("1.5e+3", "1.5E+3"),
            ("0.00000000000000000000012", "1.2E-22"),
            ("1.2E-1", "0.12"),
            ("0E-30", "0E-30"),
        ] {
            assert_eq!(Decimal::parse(read).map(|d| d.to_string()).as_deref(), Some(shown));
        }
        for bad in [
            "",
            "-",
            ".5",
            "1.",
            "1..2",
            "1e",
            "e5",
            "NaN",
            "0x1",
            "1e999999999",
            "12345678901234567890",
            "1 ",
            "1e+-2",
        ] {
            assert!(Decimal::parse(bad).is_none());
        }
    }

    proptest! {
        #[test]
        fn prints_what_it_read(m: i64, s in -18i8..=30) {
            if let Some(d) = Decimal::new(m, s) {
                if m != i64::MIN {
                    prop_assert_eq!(Decimal::parse(&d.to_string()), Some(d));
                }
            }
        }

        #[test]
        fn order_agrees_with_floats(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000, s in 0i8..6, t in 0i8..6) {
            if let (Some(x), Some(y)) = (Decimal::new(a, s), Decimal::new(b, t)) {
                let (fx, fy) = (x.to_f64(), y.to_f64());
                if fx != fy { prop_assert_eq!(Some(x.cmp_value(y)), fx.partial_cmp(&fy)); }
            }
        }

        #[test]
        fn never_panics(s in "\\PC{0,70}") { let _ = Decimal::parse(&s); }
    }
}

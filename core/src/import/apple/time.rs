//! `2019-07-19 10:36:11 -0700`, and nothing else on the fast way.

use crate::id::{civil_from_days, days_from_civil};
use crate::record::When;

/// Reads Apple's times; remembers the last day, which most often is the next one too.
pub(super) struct Times {
    day: [u8; 10],
    ms: i64,
}

impl Default for Times {
    fn default() -> Self {
        Self { day: *b"1970-01-01", ms: 0 }
    }
}

fn two(hi: u8, lo: u8) -> Option<i64> {
    let (hi, lo) = (hi.wrapping_sub(b'0'), lo.wrapping_sub(b'0'));
    (hi < 10 && lo < 10).then(|| i64::from(hi) * 10 + i64::from(lo))
}

impl Times {
    /// Milliseconds since the epoch and the offset in minutes; `None` for any other form.
    pub(super) fn read(&mut self, b: &[u8]) -> Option<(i64, i16)> {
        let b: &[u8; 25] = b.try_into().ok()?;
        let [day @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = b;
        if *day != self.day {
            self.ms = days(day)?.checked_mul(86_400_000)?;
            self.day = *day;
        }
        let [.., b' ', h1, h0, b':', m1, m0, b':', s1, s0, b' ', sign @ (b'+' | b'-'), oh1, oh0, om1, om0] = b else {
            return None;
        };
        let (h, m, s) = (two(*h1, *h0)?, two(*m1, *m0)?, two(*s1, *s0)?);
        let (oh, om) = (two(*oh1, *oh0)?, two(*om1, *om0)?);
        if h > 23 || m > 59 || s > 60 || oh > 14 || om > 59 {
            return None;
        }
        let offset = i16::try_from(oh * 60 + om).ok()?;
        let offset = if *sign == b'-' { -offset } else { offset };
        // A leap second is the last second of its minute: civil time has no other place.
        let local = self.ms + (h * 3600 + m * 60 + s.min(59)) * 1000;
        Some((local - i64::from(offset) * 60_000, offset))
    }

    /// As [`read`](Self::read), and the ISO forms that other writers use.
    pub(super) fn read_any(&mut self, s: &str) -> Option<(i64, i16)> {
        let s = s.trim();
        self.read(s.as_bytes()).or_else(|| When::parse_fhir(s).map(|w| (w.at, w.offset.unwrap_or(0))))
    }
}

fn days(day: &[u8; 10]) -> Option<i64> {
    let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = day else { return None };
    let y = two(*y3, *y2)? * 100 + two(*y1, *y0)?;
    let (m, d) = (u8::try_from(two(*m1, *m0)?).ok()?, u8::try_from(two(*d1, *d0)?).ok()?);
    if !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    let n = days_from_civil(y, m, d);
    (civil_from_days(n) == (y, m, d)).then_some(n)
}

/// Months since year 0 (UTC), with the bounds of the month that was asked for last.
#[derive(Default)]
pub(super) struct Months {
    from: i64,
    to: i64,
    month: i32,
}

impl Months {
    pub(super) fn of(&mut self, ms: i64) -> i32 {
        if !(self.from..self.to).contains(&ms) {
            let (y, m, _) = civil_from_days(ms.div_euclid(86_400_000));
            let (ny, nm) = if m == 12 { (y + 1, 1) } else { (y, m + 1) };
            self.from = days_from_civil(y, m, 1) * 86_400_000;
            self.to = days_from_civil(ny, nm, 1) * 86_400_000;
            self.month = i32::try_from(y * 12 + i64::from(m) - 1).unwrap_or(i32::MAX);
        }
        self.month
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_what_is_none() {
        let mut t = Times::default();
        assert_eq!(t.read(b"1970-01-01 02:00:00 +0200"), Some((0, 120)));
        assert_eq!(t.read(b"2019-07-19 10:36:11 -0730"), Some((1_563_559_571_000, -450)));
        assert_eq!(t.read(b"2019-07-19 10:36:12 -0730"), Some((1_563_559_572_000, -450)));
        assert_eq!(t.read_any("1970-01-01T00:00:00Z"), Some((0, 0)));
        for bad in [
            "2019-02-29 00:00:00 +0000",
            "2019-01-01 24:00:00 +0000",
            "2019-01-01 00:00:00 *0000",
            "2019-01-01T00:00:00 +0000",
            "2019-01-01 00:00:00 +1500",
            "2019-01-01 00:00:00 +000",
            "x019-01-01 00:00:00 +0000",
            "2019-00-01 00:00:00 +0000",
        ] {
            assert_eq!(t.read(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(t.read(b"2019-07-19 10:36:12 -0730"), Some((1_563_559_572_000, -450)));
    }

    #[test]
    fn months_agree_with_the_calendar() {
        let mut m = Months::default();
        for day in -800_000..200_000i64 {
            let (y, mo, _) = civil_from_days(day);
            assert_eq!(i64::from(m.of(day * 86_400_000)), y * 12 + i64::from(mo) - 1);
            assert_eq!(i64::from(m.of(day * 86_400_000 + 86_399_999)), y * 12 + i64::from(mo) - 1);
        }
    }
}

//! Clinical time: an instant, how precisely it was stated, and in which offset.

use crate::id::{civil_from_days, days_from_civil};

/// How precisely a source stated a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Precision {
    /// A year.
    Year = 0,
    /// A month.
    Month = 1,
    /// A day.
    Day = 2,
    /// A minute.
    Minute = 3,
    /// A second.
    Second = 4,
    /// A fraction of a second.
    Milli = 5,
}

impl Precision {
    /// From its number.
    #[must_use]
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            0 => Self::Year,
            1 => Self::Month,
            2 => Self::Day,
            3 => Self::Minute,
            4 => Self::Second,
            5 => Self::Milli,
            _ => return None,
        })
    }
}

/// A point in clinical time.
///
/// `at` is the first millisecond of what was stated, in UTC; where no offset was stated the local
/// time is kept as if it were UTC and `offset` is `None` ("zone unknown").
///
/// ```
/// use healthspace::record::{Precision, When};
/// let w = When::parse_fhir("2014-03-02T10:20:30+02:00").unwrap();
/// assert_eq!((w.precision, w.offset), (Precision::Second, Some(120)));
/// assert_eq!(w.to_local_date(), "2014-03-02");
/// assert_eq!(When::parse_fhir("2014").unwrap().precision, Precision::Year);
/// assert!(When::parse_fhir("2014-13").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct When {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// How precisely it was stated.
    pub precision: Precision,
    /// Minutes east of UTC, where stated.
    pub offset: Option<i16>,
}

silent_debug!(When);

impl When {
    /// From a FHIR `date`, `dateTime` or `instant` (FHIR R4 section 2.24.0.1): years 0001..=9999.
    #[must_use]
    pub fn parse_fhir(s: &str) -> Option<Self> {
        let b = s.as_bytes();
        let year = digits(b, 0, 4)?;
        if year == 0 {
            return None;
        }
        if b.len() == 4 {
            return Self::local(year, 1, 1, 0, Precision::Year, None);
        }
        is(b, 4, b'-')?;
        let month = digits(b, 5, 2)?;
        if b.len() == 7 {
            return Self::local(year, month, 1, 0, Precision::Month, None);
        }
        is(b, 7, b'-')?;
        let day = digits(b, 8, 2)?;
        if b.len() == 10 {
            return Self::local(year, month, day, 0, Precision::Day, None);
        }
        is(b, 10, b'T')?;
        let (h, m) = (digits(b, 11, 2)?, digits(b, 14, 2)?);
        is(b, 13, b':')?;
        let mut at = 16;
        let mut precision = Precision::Minute;
        let mut ms = (h * 3600 + m * 60) * 1000;
        if b.get(at) == Some(&b':') {
            let sec = digits(b, 17, 2)?;
            if sec > 60 {
                return None;
            }
            // A leap second is the last second of its minute: civil time has no other place.
            ms += sec.min(59) * 1000;
            at = 19;
            precision = Precision::Second;
            if b.get(at) == Some(&b'.') {
                let frac = b.get(at + 1..)?.iter().take_while(|c| c.is_ascii_digit()).count();
                if frac == 0 || frac > 12 {
                    return None;
                }
                let mut f = 0;
                for i in 0..3 {
                    let d = b.get(at + 1 + i).filter(|_| i < frac).map_or(0, |c| i64::from(c - b'0'));
                    f = f * 10 + d;
                }
                ms += f;
                at += 1 + frac;
                precision = Precision::Milli;
            }
        }
        if h > 23 || m > 59 {
            return None;
        }
        let offset = match b.get(at) {
            None => None,
            Some(b'Z') if b.len() == at + 1 => Some(0),
            Some(sign @ (b'+' | b'-')) if b.len() == at + 6 => {
                is(b, at + 3, b':')?;
                let (oh, om) = (digits(b, at + 1, 2)?, digits(b, at + 4, 2)?);
                if oh > 14 || om > 59 {
                    return None;
                }
                let o = i16::try_from(oh * 60 + om).ok()?;
                Some(if *sign == b'-' { -o } else { o })
            }
            _ => return None,
        };
        Self::local(year, month, day, ms, precision, offset)
    }

    /// From local civil fields and an offset; `None` where the date does not exist.
    #[must_use]
    pub fn local(
        year: i64,
        month: i64,
        day: i64,
        ms_of_day: i64,
        precision: Precision,
        offset: Option<i16>,
    ) -> Option<Self> {
        let (m, d) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        if !(1..=12).contains(&m) || !(1..=31).contains(&d) {
            return None;
        }
        let days = days_from_civil(year, m, d);
        if civil_from_days(days) != (year, m, d) {
            return None;
        }
        let at = days * 86_400_000 + ms_of_day - i64::from(offset.unwrap_or(0)) * 60_000;
        Some(Self { at, precision, offset })
    }

    /// The first millisecond after what was stated: a year-precise time covers its year.
    #[must_use]
    pub fn end(&self) -> i64 {
        let local = self.at + i64::from(self.offset.unwrap_or(0)) * 60_000;
        let (y, m, _) = civil_from_days(local.div_euclid(86_400_000));
        let span = match self.precision {
            Precision::Year => (days_from_civil(y + 1, 1, 1) - days_from_civil(y, 1, 1)) * 86_400_000,
            Precision::Month => {
                let (ny, nm) = if m == 12 { (y + 1, 1) } else { (y, m + 1) };
                (days_from_civil(ny, nm, 1) - days_from_civil(y, m, 1)) * 86_400_000
            }
            Precision::Day => 86_400_000,
            Precision::Minute => 60_000,
            Precision::Second => 1000,
            Precision::Milli => 1,
        };
        self.at.saturating_add(span)
    }

    /// The date as the source would print it, as precisely as it was stated: `2014`, `2014-03` or
    /// `2014-03-02`.
    #[must_use]
    pub fn to_local_date(&self) -> String {
        let local = self.at + i64::from(self.offset.unwrap_or(0)) * 60_000;
        let (y, m, d) = civil_from_days(local.div_euclid(86_400_000));
        match self.precision {
            Precision::Year => format!("{y:04}"),
            Precision::Month => format!("{y:04}-{m:02}"),
            _ => format!("{y:04}-{m:02}-{d:02}"),
        }
    }

    /// As [`to_local_date`](Self::to_local_date), with the local time where one was stated:
    /// `2014-03-02 14:30`.
    #[must_use]
    pub fn to_local_minute(&self) -> String {
        let date = self.to_local_date();
        if self.precision <= Precision::Day {
            return date;
        }
        let minutes = (self.at.div_euclid(60_000) + i64::from(self.offset.unwrap_or(0))).rem_euclid(1440);
        format!("{date} {:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// The first and the last millisecond of what is dated so: a partial date is all that it may mean,
/// and a period goes to the end of its last day. None without a beginning.
pub(crate) fn whole(when: Option<When>, until: Option<When>) -> Option<(i64, i64)> {
    let when = when?;
    let last = |w: When| w.end().saturating_sub(1);
    let (first, end) = until.map_or((when.at, last(when)), |u| (when.at.min(u.at), last(when).max(last(u))));
    Some((first, end.max(first)))
}

fn digits(b: &[u8], at: usize, n: usize) -> Option<i64> {
    b.get(at..at + n)?.iter().try_fold(0, |v, c| c.is_ascii_digit().then(|| v * 10 + i64::from(c - b'0')))
}

fn is(b: &[u8], at: usize, c: u8) -> Option<()> {
    (b.get(at) == Some(&c)).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fhir_forms() {
        let p = |s: &str| When::parse_fhir(s);
        assert_eq!(p("1970-01-01T00:00:00Z").map(|w| w.at), Some(0));
        assert_eq!(p("1970-01-01T02:00:00+02:00").map(|w| w.at), Some(0));
        assert_eq!(p("1970-01-01T00:00:00.1234Z").map(|w| w.at), Some(123));
        assert_eq!(p("1969-12-31").map(|w| w.end()), Some(0));
        assert_eq!(p("2000-02").map(|w| w.end() - w.at), Some(29 * 86_400_000));
        assert!(p("0001-01-01").is_some() && p("9999-12-31T23:59:59Z").is_some());
        for bad in [
            "",
            "0000",
            "999",
            "2001-02-29",
            "2001-1-1",
            "2001-01-01T",
            "2001-01-01T24:00:00Z",
            "2001-01-01T00:00:00.Z",
            "2001-01-01T00:00:00+25:00",
            "2001-01-01T00:00:00+0200",
            "2001-01-01 00:00:00Z",
            "+2001",
            "2001-01-01T00:60:00Z",
            "２００１",
        ] {
            assert!(p(bad).is_none());
        }
    }

    proptest! {
        #[test]
        fn never_panics(s in "\\PC{0,40}", t in "[0-9T:.+Z-]{0,32}") {
            let _ = When::parse_fhir(&s);
            if let Some(w) = When::parse_fhir(&t) {
                prop_assert!(w.end() > w.at);
                let _ = w.to_local_date();
            }
        }
    }
}

//! Identifiers and instants.
//!
//! What belongs here: newtypes around fixed-size ids, and the point in time as the library counts
//! it. What must not: anything that knows what an id refers to. `Debug` never prints an id.

use core::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) [u8; $len]);

        impl $name {
            /// From its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Lower-case hexadecimal, for a host that has to store it.
            #[must_use]
            pub fn to_hex(&self) -> String {
                let mut s = String::with_capacity(2 * $len);
                for b in self.0 {
                    s.push(char::from_digit(u32::from(b >> 4), 16).unwrap_or('0'));
                    s.push(char::from_digit(u32::from(b & 15), 16).unwrap_or('0'));
                }
                s
            }

            /// Reads what [`to_hex`](Self::to_hex) wrote.
            #[must_use]
            pub fn from_hex(s: &str) -> Option<Self> {
                let s = s.as_bytes();
                if s.len() != 2 * $len {
                    return None;
                }
                let mut out = [0; $len];
                for (o, pair) in out.iter_mut().zip(s.chunks_exact(2)) {
                    let hi = char::from(*pair.first()?).to_digit(16)?;
                    let lo = char::from(*pair.get(1)?).to_digit(16)?;
                    *o = u8::try_from(hi << 4 | lo).ok()?;
                }
                Some(Self(out))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

id!(
    /// A space: random, made once, bound into everything sealed.
    SpaceId,
    16
);
id!(
    /// A scope (the system scope or a partition) as the file shows it: random, says nothing.
    ScopeId,
    16
);
id!(
    /// A stored record: half of a BLAKE3 over its identity and its content, under a key of its partition, or random
    /// for what was written here. It says nothing to whoever does not hold that key.
    RecordId,
    16
);
id!(
    /// What a record *is* across files: its source id, or else its kind, code, value and time.
    Identity,
    16
);
id!(
    /// A grant; withdrawal takes it.
    GrantId,
    16
);
id!(
    /// A way into a space, as its log and its list of ways in name it.
    SlotId,
    16
);
id!(
    /// A backup, as the log of its space names it.
    BackupId,
    16
);
id!(
    /// A file as it was given: BLAKE3 of its bytes.
    SourceId,
    32
);
id!(
    /// A file as a log names it: HMAC-SHA-256 of its [`SourceId`] under a secret that is kept with the file
    /// and goes with it, so that nobody can test a guess at a file that was erased.
    SourceTag,
    32
);
id!(
    /// A conversation whose label outlives the process.
    ConversationId,
    16
);

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// ```
/// use healthspace::Timestamp;
/// assert_eq!(Timestamp::from_millis(0).to_rfc3339(), "1970-01-01T00:00:00Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant and so many milliseconds; stops at the ends.
    #[must_use]
    pub const fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// RFC 3339 in UTC, to the second.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let (y, m, d) = civil_from_days(self.0.div_euclid(86_400_000));
        let s = self.0.rem_euclid(86_400_000) / 1000;
        format!("{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60)
    }
}

/// Proleptic Gregorian date of a day number (days since 1970-01-01).
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
#[must_use]
pub(crate) const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let z = days.saturating_add(719_468);
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    let y = yoe + era * 400 + if m <= 2 { 1 } else { 0 };
    (y, m as u8, d as u8)
}

/// Day number (days since 1970-01-01) of a proleptic Gregorian date; the reverse of
/// [`civil_from_days`].
#[must_use]
pub(crate) const fn days_from_civil(y: i64, m: u8, d: u8) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (m as i64 + 9) % 12;
    let doy = (153 * mp + 2) / 5 + d as i64 - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_over_ten_thousand_years() {
        let mut expect = days_from_civil(0, 1, 1);
        for y in 0..10_000i64 {
            let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
            for m in 1..=12u8 {
                let n = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][m as usize - 1];
                assert_eq!(days_from_civil(y, m, 1), expect);
                assert_eq!(civil_from_days(expect), (y, m, 1));
                assert_eq!(civil_from_days(expect + n - 1), (y, m, n as u8));
                expect += n;
            }
        }
    }

    #[test]
    fn hex_round_trips_and_debug_is_silent() {
        let id = SpaceId::from_bytes([0xab; 16]);
        assert_eq!(SpaceId::from_hex(&id.to_hex()), Some(id));
        assert_eq!(SpaceId::from_hex("zz"), None);
        assert_eq!(format!("{id:?}"), "SpaceId(..)");
    }
}

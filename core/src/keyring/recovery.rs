//! The recovery code: 160 random bits in Crockford base32 and two check characters.

use crate::crypto::hash::sha256;
use crate::crypto::random;
use crate::crypto::secret::SecretBytes;
use crate::error::Result;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Read as the digits that they look like.
const ALIKE: [(u8, u8); 3] = [(b'O', 0), (b'I', 1), (b'L', 1)];
const BITS: usize = 20;

/// The symbol of five bits. The whole alphabet is looked at: neither the time taken nor the memory
/// touched says which it was.
fn symbol_of(value: u8) -> u8 {
    let mut symbol = 0;
    for (v, s) in (0..).zip(ALPHABET) {
        symbol.conditional_assign(s, value.ct_eq(&v));
    }
    symbol
}

/// The five bits of a symbol in any case, in the same way; more than 31 where it is none.
fn value_of(symbol: u8) -> u8 {
    let symbol = symbol.to_ascii_uppercase();
    let mut value = u8::MAX;
    let known = (0..).zip(ALPHABET).map(|(v, s)| (*s, v));
    for (s, v) in known.chain(ALIKE) {
        value.conditional_assign(&v, symbol.ct_eq(&s));
    }
    value
}

/// A way in for the day the passphrase is lost: shown once, stored nowhere.
///
/// Eight groups of four characters and two check characters, `XXXX-XXXX-...-XX`. The letters I, L,
/// O and U are not used; typed, I and L are read as 1 and O as 0.
pub struct RecoveryCode([u8; BITS]);

impl Drop for RecoveryCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl core::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

impl RecoveryCode {
    pub(crate) fn make() -> Result<Self> {
        let mut c = Self([0; BITS]);
        random(&mut c.0)?;
        Ok(c)
    }

    /// A code that is none: its bits are not of chance.
    #[cfg(any(test, feature = "timing-internals"))]
    pub(crate) fn of_bytes_for_timing(bytes: [u8; BITS]) -> Self {
        Self(bytes)
    }

    fn check(&self) -> [u8; 2] {
        let h = sha256(&[b"hs/v1/recovery-check\0", &self.0]);
        let [a, b, ..] = h;
        [a & 31, b & 31]
    }

    /// The code as the person writes it down; the returned buffer wipes itself.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(42));
        let mut symbol = |n: u16, i: usize| {
            if i > 0 && i.is_multiple_of(4) {
                out.push('-');
            }
            out.push(char::from(symbol_of(n as u8 & 31)));
        };
        for i in 0..32 {
            let bit = i * 5;
            let at = |k: usize| self.0.get(k).copied().map_or(0, u16::from);
            let pair = at(bit / 8) << 8 | at(bit / 8 + 1);
            symbol(pair >> (11 - bit % 8), i);
        }
        for (k, c) in self.check().into_iter().enumerate() {
            symbol(u16::from(c), 32 + k);
        }
        out
    }

    /// Reads a code as typed; `None` where it is no code or its check characters do not fit. The time
    /// taken says where blanks stand and whether it is a code, not which.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut code = Self([0; BITS]);
        let mut check = [0u8; 2];
        let (mut n, mut seen) = (0usize, 0);
        for c in text.bytes().filter(|c| !matches!(c, b'-' | b' ' | b'\t' | b'\r' | b'\n')) {
            let v = value_of(c);
            seen |= v;
            if n < 32 {
                let bit = n * 5;
                let wide = u16::from(v) << (11 - bit % 8);
                let [hi, lo] = wide.to_be_bytes();
                *code.0.get_mut(bit / 8)? |= hi;
                if let Some(b) = code.0.get_mut(bit / 8 + 1) {
                    *b |= lo;
                }
            } else {
                *check.get_mut(n - 32)? = v;
            }
            n += 1;
        }
        (n == 34 && seen < 32 && bool::from(code.check().ct_eq(&check))).then_some(code)
    }

    /// Whether the person typed the code that was shown; constant time.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        Self::parse(typed).is_some_and(|t| bool::from(t.0.ct_eq(&self.0)))
    }

    pub(crate) fn into_secret(self) -> SecretBytes {
        SecretBytes::new(self.0.to_vec())
    }

    pub(crate) fn secret(&self) -> SecretBytes {
        SecretBytes::new(self.0.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_paper() {
        for _ in 0..200 {
            let c = RecoveryCode::make().unwrap();
            let text = c.reveal();
            assert_eq!(text.len(), 42);
            assert!(c.matches(&text));
            assert!(c.matches(&text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l")));
            // One wrong character is a typing error nearly always: 10 bits of check.
            let mut wrong: Vec<char> = text.chars().collect();
            wrong[0] = if wrong[0] == 'A' { 'B' } else { 'A' };
            let wrong: String = wrong.into_iter().collect();
            assert!(!c.matches(&wrong));
        }
        // Every symbol and its look-alikes; nothing else is one.
        for c in 0..=u8::MAX {
            let like = match c.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                c => c,
            };
            let at = ALPHABET.iter().position(|a| *a == like);
            assert_eq!(at, Some(usize::from(value_of(c))).filter(|v| *v < 32), "{c}");
        }
        (0..32).for_each(|v| assert_eq!(symbol_of(v), ALPHABET[usize::from(v)]));
        // A character that is none, in a code that is whole otherwise.
        let text = RecoveryCode([0; BITS]).reveal();
        assert!(RecoveryCode::parse(&text.replacen('0', "U", 1)).is_none());
        assert!(RecoveryCode::parse("").is_none());
        assert!(RecoveryCode::parse(&"A".repeat(100)).is_none());
        assert!(RecoveryCode::parse("é").is_none());
    }
}

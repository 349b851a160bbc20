//! Canonical CBOR: RFC 8949 section 4.2.1, restricted to unsigned and negative integers, byte and
//! text strings, arrays, maps with ascending unsigned keys, booleans and null.
//!
//! No floats, no tags, no indefinite lengths. The decoder refuses everything that the encoder
//! would not have written, so a value has exactly one encoding.

use crate::error::{Error, Malformed, Result};
use zeroize::Zeroize;

const BAD: Error = Error::Malformed(Malformed::Cbor);

/// Writes canonical CBOR. The caller writes as many items as it announced.
#[derive(Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
    secret: bool,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A writer of something that holds keys: where it has to move to more memory, it wipes what it
    /// leaves behind. Whoever takes the bytes wipes those.
    pub(crate) fn secret(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), secret: true }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.secret && self.out.capacity() - self.out.len() < bytes.len() {
            let mut larger = Vec::with_capacity((self.out.len() + bytes.len()) * 2);
            larger.extend_from_slice(&self.out);
            self.out.zeroize();
            self.out = larger;
        }
        self.out.extend_from_slice(bytes);
    }

    fn head(&mut self, major: u8, n: u64) {
        let m = major << 5;
        let b = n.to_be_bytes();
        match n {
            0..=23 => self.put(&[m | b[7]]),
            24..=0xff => self.put(&[m | 24, b[7]]),
            0x100..=0xffff => self.put(&[m | 25, b[6], b[7]]),
            0x1_0000..=0xffff_ffff => self.put(&[m | 26, b[4], b[5], b[6], b[7]]),
            _ => {
                self.put(&[m | 27]);
                self.put(&b);
            }
        }
    }

    pub(crate) fn uint(&mut self, n: u64) -> &mut Self {
        self.head(0, n);
        self
    }

    pub(crate) fn int(&mut self, n: i64) -> &mut Self {
        if n >= 0 {
            self.head(0, n.unsigned_abs());
        } else {
            self.head(1, !(n as u64));
        }
        self
    }

    pub(crate) fn bytes(&mut self, b: &[u8]) -> &mut Self {
        self.head(2, b.len() as u64);
        self.put(b);
        self
    }

    pub(crate) fn text(&mut self, s: &str) -> &mut Self {
        self.head(3, s.len() as u64);
        self.put(s.as_bytes());
        self
    }

    pub(crate) fn array(&mut self, len: usize) -> &mut Self {
        self.head(4, len as u64);
        self
    }

    pub(crate) fn map(&mut self, len: usize) -> &mut Self {
        self.head(5, len as u64);
        self
    }

    pub(crate) fn bool(&mut self, b: bool) -> &mut Self {
        self.put(&[if b { 0xf5 } else { 0xf4 }]);
        self
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.put(&[0xf6]);
        self
    }
}

/// Reads canonical CBOR and refuses anything else. Never allocates more than it is given bytes.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Ends reading: trailing bytes are an error.
    pub(crate) fn finish(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(BAD) }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (a, b) = self.rest.split_at_checked(n).ok_or(BAD)?;
        self.rest = b;
        Ok(a)
    }

    fn head(&mut self) -> Result<(u8, u64)> {
        let first = *self.take(1)?.first().ok_or(BAD)?;
        let (major, low) = (first >> 5, first & 31);
        let width = match low {
            0..=23 => return Ok((major, u64::from(low))),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(BAD),
        };
        let n = self.take(width)?.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let shortest = match width {
            1 => n > 23,
            2 => n > 0xff,
            4 => n > 0xffff,
            _ => n > 0xffff_ffff,
        };
        if shortest { Ok((major, n)) } else { Err(BAD) }
    }

    fn expect(&mut self, major: u8) -> Result<u64> {
        match self.head()? {
            (m, n) if m == major => Ok(n),
            _ => Err(BAD),
        }
    }

    pub(crate) fn uint(&mut self) -> Result<u64> {
        self.expect(0)
    }

    /// An unsigned integer that fits the target type.
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Result<T> {
        T::try_from(self.uint()?).map_err(|_| BAD)
    }

    pub(crate) fn int(&mut self) -> Result<i64> {
        match self.head()? {
            (0, n) => i64::try_from(n).map_err(|_| BAD),
            (1, n) => i64::try_from(n).map(|n| !n).map_err(|_| BAD),
            _ => Err(BAD),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let n = self.expect(2)?;
        self.take(usize::try_from(n).map_err(|_| BAD)?)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.bytes()?.try_into().map_err(|_| BAD)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str> {
        let n = self.expect(3)?;
        let b = self.take(usize::try_from(n).map_err(|_| BAD)?)?;
        core::str::from_utf8(b).map_err(|_| BAD)
    }

    /// The length of an array: never more than the bytes that are left.
    pub(crate) fn array(&mut self) -> Result<usize> {
        let n = usize::try_from(self.expect(4)?).map_err(|_| BAD)?;
        if n <= self.rest.len() { Ok(n) } else { Err(BAD) }
    }

    /// An array of exactly `n` items.
    pub(crate) fn array_of(&mut self, n: usize) -> Result<()> {
        if self.array()? == n { Ok(()) } else { Err(BAD) }
    }

    /// The number of pairs of a map: never more than the bytes that are left allow.
    pub(crate) fn map(&mut self) -> Result<usize> {
        let n = usize::try_from(self.expect(5)?).map_err(|_| BAD)?;
        if n <= self.rest.len() / 2 { Ok(n) } else { Err(BAD) }
    }

    /// The next key of a map with unsigned keys; must be above the one before.
    #[cfg(test)]
    pub(crate) fn key(&mut self, after: Option<u64>) -> Result<u64> {
        let k = self.uint()?;
        match after {
            Some(p) if k <= p => Err(BAD),
            _ => Ok(k),
        }
    }

    /// A key that must be just this one.
    pub(crate) fn key_is(&mut self, key: u64) -> Result<()> {
        if self.uint()? == key { Ok(()) } else { Err(BAD) }
    }

    pub(crate) fn bool(&mut self) -> Result<bool> {
        match self.take(1)?.first() {
            Some(0xf4) => Ok(false),
            Some(0xf5) => Ok(true),
            _ => Err(BAD),
        }
    }

    /// Reads a null if one stands here.
    pub(crate) fn null(&mut self) -> bool {
        match self.rest.split_first() {
            Some((0xf6, rest)) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_8949_appendix_a() {
        let enc = |f: &dyn Fn(&mut Writer)| {
            let mut w = Writer::new();
            f(&mut w);
            w.into_bytes()
        };
        for (n, hex) in [
            (0u64, vec![0x00]),
            (23, vec![0x17]),
            (24, vec![0x18, 0x18]),
            (100, vec![0x18, 0x64]),
            (1000, vec![0x19, 0x03, 0xe8]),
            (1_000_000, vec![0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (u64::MAX, vec![0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ] {
            assert_eq!(
                enc(&|w| {
                    w.uint(n);
                }),
                hex
            );
            assert_eq!(Reader::new(&hex).uint().ok(), Some(n));
        }
        assert_eq!(
            enc(&|w| {
                w.int(-1);
            }),
            [0x20]
        );
        assert_eq!(
            enc(&|w| {
                w.int(-1000);
            }),
            [0x39, 0x03, 0xe7]
        );
        assert_eq!(
            enc(&|w| {
                w.text("\u{fc}");
            }),
            [0x62, 0xc3, 0xbc]
        );
    }

    #[test]
    fn refuses_what_it_would_not_write() {
        for bad in [
            &[0x18, 0x17][..],                                       // not the shortest form
            &[0x19, 0x00, 0xff],                                     // same
            &[0x5f, 0x41, 0x00, 0xff],                               // indefinite
            &[0x1c],                                                 // reserved
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // longer than the input
        ] {
            let mut r = Reader::new(bad);
            assert!(r.uint().is_err());
            let mut r = Reader::new(bad);
            assert!(r.bytes().is_err());
            let mut r = Reader::new(bad);
            assert!(r.array().is_err());
        }
        let mut r = Reader::new(&[0x02, 0x01]);
        let k = r.key(None).ok();
        assert!(r.key(k).is_err());
        assert!(Reader::new(&[0x00]).finish().is_err());
    }

    proptest! {
        #[test]
        fn integers_round_trip(n: i64, u: u64, b: Vec<u8>, s: String) {
            let mut w = Writer::new();
            w.int(n).uint(u).bytes(&b).text(&s).bool(true).null();
            let bytes = w.into_bytes();
            let mut r = Reader::new(&bytes);
            prop_assert_eq!(r.int().ok(), Some(n));
            prop_assert_eq!(r.uint().ok(), Some(u));
            prop_assert_eq!(r.bytes().ok(), Some(&b[..]));
            prop_assert_eq!(r.text().ok(), Some(&s[..]));
            prop_assert_eq!(r.bool().ok(), Some(true));
            prop_assert!(r.null());
            prop_assert!(r.finish().is_ok());
        }

        #[test]
        fn never_panics(b: Vec<u8>) {
            let mut r = Reader::new(&b);
            while r.head().is_ok() {}
            let _ = Reader::new(&b).text();
            let _ = Reader::new(&b).map();
        }
    }
}

//! LEB128 integers and length-prefixed strings, for columns and small tables.

use crate::error::{Error, Malformed, Result};

const BAD: Error = Error::Malformed(Malformed::Cbor);

/// Appends an unsigned LEB128 integer.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a signed integer, zigzag first.
#[inline]
pub(crate) fn put_i(out: &mut Vec<u8>, n: i64) {
    put(out, (n << 1 ^ n >> 63) as u64);
}

/// Appends a length and the bytes.
#[inline]
pub(crate) fn put_bytes(out: &mut Vec<u8>, b: &[u8]) {
    put(out, b.len() as u64);
    out.extend_from_slice(b);
}

/// Takes an unsigned LEB128 integer off the front.
#[inline]
pub(crate) fn take(rest: &mut &[u8]) -> Result<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (b, tail) = rest.split_first().ok_or(BAD)?;
        *rest = tail;
        if shift == 63 && *b > 1 {
            return Err(BAD);
        }
        n |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Ok(n);
        }
    }
    Err(BAD)
}

/// Takes a signed integer off the front.
#[inline]
pub(crate) fn take_i(rest: &mut &[u8]) -> Result<i64> {
    let n = take(rest)?;
    Ok((n >> 1) as i64 ^ -((n & 1) as i64))
}

/// Takes a length and as many bytes off the front.
#[inline]
pub(crate) fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let n = usize::try_from(take(rest)?).map_err(|_| BAD)?;
    let (a, b) = rest.split_at_checked(n).ok_or(BAD)?;
    *rest = b;
    Ok(a)
}

/// Takes a length and as much UTF-8 off the front.
#[inline]
pub(crate) fn take_str<'a>(rest: &mut &'a [u8]) -> Result<&'a str> {
    core::str::from_utf8(take_bytes(rest)?).map_err(|_| BAD)
}

/// Takes a count that may not exceed the bytes that are left: bounds an allocation.
#[inline]
pub(crate) fn take_count(rest: &mut &[u8]) -> Result<usize> {
    let n = usize::try_from(take(rest)?).map_err(|_| BAD)?;
    if n <= rest.len() { Ok(n) } else { Err(BAD) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(a: u64, b: i64, s: Vec<u8>) {
            let mut v = Vec::new();
            put(&mut v, a);
            put_i(&mut v, b);
            put_bytes(&mut v, &s);
            let mut r = &v[..];
            prop_assert_eq!(take(&mut r).ok(), Some(a));
            prop_assert_eq!(take_i(&mut r).ok(), Some(b));
            prop_assert_eq!(take_bytes(&mut r).ok(), Some(&s[..]));
            prop_assert!(r.is_empty());
        }

        #[test]
        fn never_panics(v: Vec<u8>) {
            let mut r = &v[..];
            while take_bytes(&mut r).is_ok() {}
        }
    }
}

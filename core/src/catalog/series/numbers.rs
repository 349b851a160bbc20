//! Columns of decimals, digit for digit.
//!
//! Sources print numbers without trailing zeros, so all are brought to the longest scale of the
//! column and the zeros at the end tell the scale again; exceptions are written down.

use super::{BAD, Input, Output, ints};
use crate::codec::varint;
use crate::error::Result;
use crate::record::Decimal;

const LIFTED: u8 = 0;
const APART: u8 = 1;

pub(super) fn put(out: &mut Output, v: &[Decimal]) {
    let scales = || v.iter().map(|d| d.scale());
    let (Some(floor), Some(top)) = (scales().min(), scales().max()) else { return };
    match v.iter().map(|d| lift(*d, top)).collect::<Option<Vec<i64>>>() {
        Some(lifted) => {
            out.plain.push(LIFTED);
            varint::put_i(&mut out.plain, top.into());
            varint::put_i(&mut out.plain, floor.into());
            ints::put(out, &lifted);
            let residue: Vec<i64> =
                v.iter().zip(&lifted).map(|(d, m)| i64::from(d.scale()) - guess(*m, top, floor)).collect();
            ints::put(out, &residue);
        }
        None => {
            out.plain.push(APART);
            ints::put(out, &v.iter().map(|d| d.mantissa()).collect::<Vec<_>>());
            ints::put(out, &scales().map(i64::from).collect::<Vec<_>>());
        }
    }
}

pub(super) fn take(input: &mut Input<'_>, n: usize) -> Result<Vec<Decimal>> {
    if n == 0 {
        return Ok(Vec::new());
    }
    match input.byte()? {
        LIFTED => {
            let mut scale = || varint::take_i(&mut input.plain).ok().and_then(|s| i8::try_from(s).ok()).ok_or(BAD);
            let (top, floor) = (scale()?, scale()?);
            let lifted = ints::take(input, n)?;
            let residue = ints::take(input, n)?;
            let lower = |(m, r): (i64, i64)| {
                let scale = i8::try_from(guess(m, top, floor).wrapping_add(r)).ok()?;
                let power = 10i64.checked_pow(u32::try_from(i32::from(top) - i32::from(scale)).ok()?)?;
                if m % power == 0 { Decimal::new(m / power, scale) } else { None }
            };
            lifted.into_iter().zip(residue).map(|pair| lower(pair).ok_or(BAD)).collect()
        }
        APART => {
            let mantissas = ints::take(input, n)?;
            let scales = ints::take(input, n)?;
            let pair = |(m, s): (i64, i64)| Decimal::new(m, i8::try_from(s).ok()?);
            mantissas.into_iter().zip(scales).map(|p| pair(p).ok_or(BAD)).collect()
        }
        _ => Err(BAD),
    }
}

fn lift(d: Decimal, top: i8) -> Option<i64> {
    let by = u32::try_from(i32::from(top) - i32::from(d.scale())).ok()?;
    d.mantissa().checked_mul(10i64.checked_pow(by)?)
}

/// The scale that a number most likely had: without its trailing zeros, but not below `floor`.
fn guess(mut m: i64, top: i8, floor: i8) -> i64 {
    let mut scale = top;
    while scale > floor && m % 10 == 0 {
        m /= 10;
        scale -= 1;
    }
    scale.into()
}

//! Columns of integers: whatever is smallest for the column at hand.
//!
//! A tag says how: 0 one value for all; else what comes first (its upper half: nothing,
//! differences, or the distance from a line), then the least value, the common factor, and the
//! rest as LEB128 (1), pco of 32 (2) or 64 bits (3).

use super::{BAD, Input, Output};
use crate::codec::varint;
use crate::error::Result;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec, PagingSpec};

const SAME: u8 = 0;
const VARINT: u8 = 1;
const PCO32: u8 = 2;
const PCO64: u8 = 3;
/// Upper half of the tag: as they are, differences, lines that follow more and more slowly.
const RAW: u8 = 0;
const DELTA: u8 = 0x10;
const LINES: [u8; 3] = [0x20, 0x30, 0x40];

/// Below this, pco's own tables cost more than they save.
const FEW: usize = 48;
/// Bins and time that pco spends.
const LEVEL: usize = 7;

/// Writes a column; its length is known to the reader.
pub(super) fn put(out: &mut Output, v: &[i64]) {
    let Some((first, rest)) = v.split_first() else { return };
    if rest.iter().all(|x| x == first) {
        out.plain.push(SAME);
        varint::put_i(&mut out.plain, *first);
        return;
    }
    let deltas: Vec<i64> = rest.iter().zip(v).map(|(b, a)| b.wrapping_sub(*a)).collect();
    let mut best = (bits(v), RAW, None);
    let mut rival = |cost: f64, how: u8, line: Option<(Line, Vec<i64>)>| {
        if cost + 0.05 * v.len() as f64 + 16.0 < best.0 {
            best = (cost, how, line);
        }
    };
    rival(bits(&deltas), DELTA, None);
    if v.len() >= FEW {
        for how in LINES {
            let line = Line::through(v, how);
            let off = line.off(v);
            rival(bits(&off) + 32.0, how, Some((line, off)));
        }
    }
    match best {
        (_, how, Some((line, off))) => reduced(out, how, Some(&line), &off),
        (_, DELTA, None) => reduced(out, DELTA, Some(&Line { first: *first, ..Line::default() }), &deltas),
        _ => reduced(out, RAW, None, v),
    }
}

/// Expects each value on a line that follows the ones before slowly: readings taken at about equal
/// intervals, or that wander about a level, are closer to it than to their neighbour. Integers
/// only, so that a reader expects just the same; wrapping, so that it is exact for all.
#[derive(Default)]
struct Line {
    first: i64,
    factor: i64,
    /// Per step, times 256.
    slope: i64,
    /// What a value weighs against the past: 2^-shift.
    shift: u32,
}

impl Line {
    fn through(v: &[i64], how: u8) -> Self {
        let first = v.first().copied().unwrap_or(0);
        let factor = v.iter().fold(0, |g, x| if g == 1 { 1 } else { gcd(g, x.wrapping_sub(first).unsigned_abs()) });
        let factor = i64::try_from(factor).unwrap_or(1).max(1);
        let last = v.last().copied().unwrap_or(0).wrapping_sub(first) / factor;
        let steps = v.len().saturating_sub(1).max(1) as i64;
        let slope = last.checked_mul(256).map_or(0, |l| l / steps);
        Self { first, factor, slope, shift: Self::shift(how) }
    }

    fn shift(how: u8) -> u32 {
        u32::from(how >> 4)
    }

    /// From one state of the line to the next: `value` is told what is expected.
    fn step(&self, state: i64, value: impl FnOnce(i64) -> i64) -> i64 {
        let state = state.wrapping_add(self.slope);
        let value = value(state >> 8);
        state.wrapping_add(value.wrapping_mul(256).wrapping_sub(state) >> self.shift)
    }

    /// How far each value but the first is off.
    fn off(&self, v: &[i64]) -> Vec<i64> {
        let mut state = 0;
        let mut off = Vec::with_capacity(v.len());
        for x in v.iter().skip(1) {
            let value = x.wrapping_sub(self.first) / self.factor;
            state = self.step(state, |expected| {
                off.push(value.wrapping_sub(expected));
                value
            });
        }
        off
    }

    /// The values again.
    fn values(&self, off: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut state = 0;
        let mut out = vec![self.first];
        for d in off {
            state = self.step(state, |expected| {
                let value = expected.wrapping_add(d);
                out.push(value.wrapping_mul(self.factor).wrapping_add(self.first));
                value
            });
        }
        out
    }
}

fn reduced(out: &mut Output, before: u8, line: Option<&Line>, v: &[i64]) {
    let min = v.iter().copied().min().unwrap_or(0);
    let mut off: Vec<u64> = v.iter().map(|x| x.wrapping_sub(min) as u64).collect();
    let factor = off.iter().fold(0, |g, x| if g == 1 { 1 } else { gcd(g, *x) }).max(1);
    if factor > 1 {
        off.iter_mut().for_each(|x| *x /= factor);
    }
    let max = off.iter().copied().max().unwrap_or(0);
    let mut plain = Vec::new();
    off.iter().for_each(|x| varint::put(&mut plain, *x));
    let packed = if off.len() < FEW {
        None
    } else if let Ok(small) = off.iter().map(|x| u32::try_from(*x)).collect::<Result<Vec<_>, _>>() {
        pack(&small).map(|p| (PCO32, p))
    } else {
        pack(&off).map(|p| (PCO64, p))
    };
    let how = match &packed {
        // Few distinct values in a pattern: zstd, which sees all LEB128 columns, finds it.
        Some((_, p)) if max < 128 => {
            let seen =
                zstd::bulk::compress(&plain, super::ZSTD_LEVEL).map_or(usize::MAX, |z| z.len().saturating_sub(9));
            if p.len() < seen { packed } else { None }
        }
        Some((_, p)) if p.len() < plain.len() => packed,
        _ => None,
    };
    out.plain.push(before | how.as_ref().map_or(VARINT, |(tag, _)| *tag));
    if let Some(line) = line {
        varint::put_i(&mut out.plain, line.first);
        if before != DELTA {
            varint::put_i(&mut out.plain, line.factor);
            varint::put_i(&mut out.plain, line.slope);
        }
    }
    varint::put_i(&mut out.plain, min);
    varint::put(&mut out.plain, factor);
    match how {
        Some((_, p)) => {
            varint::put(&mut out.plain, p.len() as u64);
            out.packed.extend_from_slice(&p);
        }
        None => out.plain.extend_from_slice(&plain),
    }
}

/// Reads a column of `n`.
pub(super) fn take(input: &mut Input<'_>, n: usize) -> Result<Vec<i64>> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let tag = input.byte()?;
    if tag == SAME {
        return Ok(vec![varint::take_i(&mut input.plain).map_err(|_| BAD)?; n]);
    }
    let before = tag & 0xf0;
    let mut signed = || varint::take_i(&mut input.plain).map_err(|_| BAD);
    let mut line = Line { first: if before == RAW { 0 } else { signed()? }, ..Line::default() };
    if LINES.contains(&before) {
        line = Line { factor: signed()?, slope: signed()?, shift: Line::shift(before), ..line };
    } else if !matches!(before, RAW | DELTA) {
        return Err(BAD);
    }
    let min = signed()?;
    let m = if before == RAW { n } else { n - 1 };
    let factor = input.count()?;
    let off: Vec<u64> = match tag & 0x0f {
        VARINT if m <= input.plain.len() => (0..m).map(|_| input.count()).collect::<Result<_>>()?,
        PCO32 => unpack::<u32>(input, m)?.into_iter().map(u64::from).collect(),
        PCO64 => unpack::<u64>(input, m)?,
        _ => return Err(BAD),
    };
    let values = off.into_iter().map(|x| (x.wrapping_mul(factor) as i64).wrapping_add(min));
    Ok(match before {
        RAW => values.collect(),
        DELTA => {
            let sum = |at: &mut i64, d: i64| {
                *at = at.wrapping_add(d);
                Some(*at)
            };
            core::iter::once(line.first).chain(values.scan(line.first, sum)).collect()
        }
        _ => line.values(values),
    })
}

fn pack<T: pco::data_types::Number>(v: &[T]) -> Option<Vec<u8>> {
    let config = ChunkConfig::default()
        .with_compression_level(LEVEL)
        .with_mode_spec(ModeSpec::Classic)
        .with_delta_spec(DeltaSpec::NoOp)
        .with_paging_spec(PagingSpec::Exact(vec![v.len()]));
    let file = FileCompressor::default();
    let mut out = file.write_header(Vec::new()).ok()?;
    let mut chunk = file.chunk_compressor(v, &config).ok()?;
    out = chunk.write_meta(out).ok()?;
    chunk.write_page(0, out).ok()
}

fn unpack<T: pco::data_types::Number + Default>(input: &mut Input<'_>, n: usize) -> Result<Vec<T>> {
    let len = usize::try_from(input.count()?).map_err(|_| BAD)?;
    let (bytes, rest) = input.packed.split_at_checked(len).ok_or(BAD)?;
    input.packed = rest;
    let (file, rest) = FileDecompressor::new(bytes).map_err(|_| BAD)?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest).map_err(|_| BAD)?;
    let mut page = chunk.page_decompressor(rest, n).map_err(|_| BAD)?;
    let mut out = vec![T::default(); n];
    let done = page.read(&mut out).map_err(|_| BAD)?;
    if done.n_processed == n && done.finished && page.into_src().is_empty() { Ok(out) } else { Err(BAD) }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// About how many bits a column takes: by how often each value comes where there are few, else by
/// its spread.
fn bits(v: &[i64]) -> f64 {
    let n = v.len() as f64;
    let (min, max) = v.iter().fold((i64::MAX, i64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
    let span = max.wrapping_sub(min) as u64;
    if span < 2 * v.len() as u64 {
        let mut count = vec![0u32; span as usize + 1];
        for x in v {
            if let Some(c) = usize::try_from(x.wrapping_sub(min)).ok().and_then(|i| count.get_mut(i)) {
                *c += 1;
            }
        }
        let seen = count.iter().filter(|c| **c > 0).map(|c| f64::from(*c));
        return seen.map(|c| 6.0 + c * (n / c).log2()).sum();
    }
    let mean = v.iter().map(|x| *x as f64).sum::<f64>() / n;
    v.iter().map(|x| 2.0 + (1.0 + (*x as f64 - mean).abs()).log2()).sum()
}

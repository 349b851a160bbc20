//! Chunks of wearable samples: columns, compressed without loss.
//!
//! What belongs here: turning samples of one series into bytes and back, summing them up, and
//! collecting them into chunks. What must not: keys, storage, file formats.
//!
//! A chunk: version 0, its length before zstd, then one zstd frame (with a fixed dictionary) of
//! small tables and LEB128 columns, then the pco streams that the frame names. Reading is bounded:
//! [`MOST_SAMPLES`], [`MOST_TEXT`]; anything else is [`Error::Corrupt`].

mod chunker;
mod ints;
mod metas;
mod numbers;
mod place;
mod strings;
#[cfg(test)]
mod tests;

pub(crate) use chunker::{Chunk, Chunker};

use super::{FactRow, SeriesSummary};
use crate::codec::varint;
use crate::error::{Error, Part, Result};
use crate::record::{Decimal, Precision, Sample, Span, When, lies_within};
use std::sync::Arc;

/// Samples in a full chunk.
pub(crate) const CHUNK: usize = 4096;
/// Samples that a reader accepts in one chunk.
const MOST_SAMPLES: usize = 1 << 16;
/// Bytes of tables and text that a reader accepts in one chunk.
const MOST_TEXT: usize = 64 << 20;
const ZSTD_LEVEL: i32 = 6;
const VERSION: u8 = 0;
const BAD: Error = Error::Corrupt(Part::Body);

/// What zstd has seen before a chunk begins: small chunks repeat these. Part of the format.
const DICTIONARY: &[u8] = b"HKMetadataKeyHeartRateRecoveryTestType HKWasUserEntered HKMetadataKeySyncVersion \
HKMetadataKeySyncIdentifier HKExternalUUID HKBloodGlucoseMealTime HKInsulinDeliveryReason HKVO2MaxTestType \
HKMetadataKeyDevicePlacementSide HKMetadataKeyAlgorithmVersion HKDateOfEarliestDataUsedForEstimate \
HKMetadataKeyAppleDeviceCalibrated HKMetadataKeyHeartRateEventThreshold HKMetadataKeyHeartRateMotionContext \
HKMetadataKeyBarometricPressure HKTimeZone America/New_York America/Chicago America/Los_Angeles Asia/Tokyo \
Europe/London Europe/Berlin Europe/Paris /HeartRateVariabilityMetadataList/InstantaneousBeatsPerMinute@bpm@time \
AM PM mmHg HKCategoryValueSleepAnalysisAsleepUnspecified HKCategoryValueSleepAnalysisAwake \
HKCategoryValueSleepAnalysisAsleepREM HKCategoryValueSleepAnalysisAsleepDeep \
HKCategoryValueSleepAnalysisAsleepCore HKCategoryValueSleepAnalysisInBed HKCategoryValueAppleStandHourIdle \
HKCategoryValueAppleStandHourStood <<HKDevice>, name:iPhone, manufacturer:Apple Inc., model:iPhone, \
hardware:iPhone14,5, software:17.1> <<HKDevice>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, \
hardware:Watch6,1, software:10.1>";

/// The two halves of a chunk being written.
#[derive(Default)]
struct Output {
    plain: Vec<u8>,
    packed: Vec<u8>,
}

/// The two halves of a chunk being read.
struct Input<'a> {
    plain: &'a [u8],
    packed: &'a [u8],
}

impl<'a> Input<'a> {
    fn byte(&mut self) -> Result<u8> {
        let (b, rest) = self.plain.split_first().ok_or(BAD)?;
        self.plain = rest;
        Ok(*b)
    }

    fn count(&mut self) -> Result<u64> {
        varint::take(&mut self.plain).map_err(|_| BAD)
    }

    /// A count of things that take a byte or more each.
    fn bounded(&mut self) -> Result<usize> {
        varint::take_count(&mut self.plain).map_err(|_| BAD)
    }

    fn text(&mut self) -> Result<&'a str> {
        varint::take_str(&mut self.plain).map_err(|_| BAD)
    }
}

/// Writes samples, of one series for best effect, in the order given.
pub(crate) fn encode(samples: &[Sample]) -> Vec<u8> {
    let out = columns(samples, &mut |_, _| {});
    let mut bytes = vec![VERSION];
    varint::put(&mut bytes, out.plain.len() as u64);
    let frame = zstd::bulk::Compressor::with_dictionary(ZSTD_LEVEL, DICTIONARY).and_then(|mut z| {
        z.set_parameter(zstd::zstd_safe::CParameter::ContentSizeFlag(false))?;
        z.compress(&out.plain)
    });
    match frame {
        Ok(frame) if frame.len() < out.plain.len() => varint::put_bytes(&mut bytes, &frame),
        // Nothing gained: an empty frame says that the tables follow as they are.
        _ => {
            varint::put(&mut bytes, 0);
            bytes.extend_from_slice(&out.plain);
        }
    }
    bytes.extend_from_slice(&out.packed);
    bytes
}

/// The columns; `measure` is told how many bytes stand in both halves after each.
fn columns(samples: &[Sample], measure: &mut dyn FnMut(&'static str, &Output)) -> Output {
    let mut out = Output::default();
    varint::put(&mut out.plain, samples.len() as u64);
    let column = |f: &dyn Fn(&Sample) -> i64| samples.iter().map(f).collect::<Vec<_>>();
    ints::put(&mut out, &column(&|s| s.start));
    measure("start", &out);
    ints::put(&mut out, &column(&|s| s.end.wrapping_sub(s.start)));
    measure("end", &out);
    ints::put(&mut out, &column(&|s| s.created.is_some().into()));
    let created: Vec<i64> = samples.iter().filter_map(|s| Some(s.created?.wrapping_sub(s.end))).collect();
    ints::put(&mut out, &created);
    measure("created", &out);
    ints::put(&mut out, &column(&|s| s.offset.into()));
    measure("offset", &out);
    ints::put(&mut out, &column(&|s| s.number.is_some().into()));
    numbers::put(&mut out, &samples.iter().filter_map(|s| s.number).collect::<Vec<Decimal>>());
    measure("number", &out);
    for (name, text) in TEXTS {
        ints::put(&mut out, &column(&|s| text(s).is_some().into()));
        strings::put(&mut out, &samples.iter().filter_map(|s| text(s).as_deref()).collect::<Vec<_>>());
        measure(name, &out);
    }
    let shapes = metas::put(&mut out, samples);
    measure("meta", &out);
    place::put(&mut out, samples, &shapes);
    measure("place", &out);
    out
}

type Text = fn(&Sample) -> &Option<Arc<str>>;
const TEXTS: [(&str, Text); 3] = [("word", |s| &s.word), ("version", |s| &s.source_version), ("device", |s| &s.device)];

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`Error::Corrupt`] for anything else, and for a chunk over the bounds.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Sample>> {
    let mut rest = bytes.strip_prefix(&[VERSION]).ok_or(BAD)?;
    let len = varint::take(&mut rest).ok().and_then(|n| usize::try_from(n).ok()).ok_or(BAD)?;
    if len > MOST_TEXT {
        return Err(BAD);
    }
    let frame = varint::take_bytes(&mut rest).map_err(|_| BAD)?;
    let inflated;
    let (plain, packed) = if frame.is_empty() {
        rest.split_at_checked(len).ok_or(BAD)?
    } else {
        let bad = |e| Error::unless_memory(&e, BAD);
        let mut z = zstd::bulk::Decompressor::with_dictionary(DICTIONARY).map_err(bad)?;
        inflated = z.decompress(frame, len).map_err(bad)?;
        (inflated.as_slice(), rest)
    };
    if plain.len() != len {
        return Err(BAD);
    }
    let mut input = Input { plain, packed };
    let samples = samples(&mut input)?;
    if input.plain.is_empty() && input.packed.is_empty() { Ok(samples) } else { Err(BAD) }
}

fn samples(input: &mut Input<'_>) -> Result<Vec<Sample>> {
    let n = usize::try_from(input.count()?).ok().filter(|n| *n <= MOST_SAMPLES).ok_or(BAD)?;
    let starts = ints::take(input, n)?;
    let lasts = ints::take(input, n)?;
    let created = optional(input, n, ints::take)?;
    let offsets = ints::take(input, n)?;
    let numbers = optional(input, n, numbers::take)?;
    let mut texts = [const { Vec::new() }; 3];
    for text in &mut texts {
        *text = optional(input, n, strings::take)?;
    }
    let (metas, shapes) = metas::take(input, n)?;
    let [words, versions, devices] = texts;
    let mut rest = starts.into_iter().zip(lasts).zip(offsets).zip(metas);
    let mut optional = created.into_iter().zip(numbers).zip(words).zip(versions).zip(devices);
    let mut out = Vec::with_capacity(n);
    while let (Some((((start, last), offset), meta)), Some(((((created, number), word), version), device))) =
        (rest.next(), optional.next())
    {
        let end = start.wrapping_add(last);
        out.push(Sample {
            start,
            end,
            created: created.map(|c| c.wrapping_add(end)),
            offset: i16::try_from(offset).map_err(|_| BAD)?,
            number,
            word,
            source_version: version,
            device,
            meta,
            at: 0,
            len: 0,
        });
    }
    place::take(input, &mut out, &shapes)?;
    Ok(out)
}

/// A column of which some are absent.
fn optional<T>(
    input: &mut Input<'_>,
    n: usize,
    take: impl Fn(&mut Input<'_>, usize) -> Result<Vec<T>>,
) -> Result<Vec<Option<T>>> {
    let there = ints::take(input, n)?;
    let count = there.iter().filter(|t| **t == 1).count();
    if there.iter().any(|t| !matches!(t, 0 | 1)) {
        return Err(BAD);
    }
    let mut values = take(input, count)?.into_iter();
    Ok(there.into_iter().map(|t| if t == 1 { values.next() } else { None }).collect())
}

/// What most questions about a chunk come down to.
pub(crate) fn summary(samples: &[Sample]) -> SeriesSummary {
    let mut s = SeriesSummary { count: samples.len() as u32, numbers: 0, sum: 0.0, min: 0.0, max: 0.0 };
    for n in samples.iter().filter_map(|s| s.number).map(Decimal::to_f64) {
        (s.min, s.max) = if s.numbers == 0 { (n, n) } else { (s.min.min(n), s.max.max(n)) };
        s.numbers += 1;
        s.sum += n;
    }
    s
}

/// The samples that lie within one of these half-open ranges from start to end; an end is its last
/// moment, so that one which ends as a day does is of that day.
pub(crate) fn within(mut samples: Vec<Sample>, ranges: &[(i64, i64)]) -> Vec<Sample> {
    samples.retain(|s| lies_within(ranges, (s.start, s.end.saturating_sub(1).max(s.start))));
    samples
}

/// Makes the row of a chunk that of some of its samples, in order of start: nothing of it tells
/// of the others. `false` where there are none.
pub(crate) fn cut(row: &mut FactRow, samples: &[Sample]) -> bool {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return false };
    let when = |s: &Sample| Some(When { at: s.start, precision: Precision::Second, offset: Some(s.offset) });
    (row.fact.when, row.fact.until) = (when(first), when(last));
    row.series = Some(summary(samples));
    // Another source's span covers all that the chunk holds.
    row.origins.truncate(1);
    for origin in &mut row.origins {
        let start = samples.iter().map(|s| s.at).min().unwrap_or(0);
        let end = samples.iter().map(|s| s.at.saturating_add(s.len.into())).max().unwrap_or(start);
        origin.span = Span { offset: start, len: end - start, ..origin.span };
    }
    true
}

/// Adds up the bytes that each column takes, each compressed on its own.
#[cfg(test)]
pub(crate) fn measure(samples: &[Sample], sums: &mut std::collections::BTreeMap<&'static str, usize>) {
    let mut before = (0, 0);
    columns(samples, &mut |name, out| {
        let plain = out.plain.get(before.0..).unwrap_or_default();
        let frame = zstd::bulk::Compressor::with_dictionary(ZSTD_LEVEL, DICTIONARY)
            .and_then(|mut z| z.compress(plain))
            .map_or(plain.len(), |z| z.len().saturating_sub(8).min(plain.len()));
        *sums.entry(name).or_default() += frame + out.packed.len() - before.1;
        before = (out.plain.len(), out.packed.len());
    });
}

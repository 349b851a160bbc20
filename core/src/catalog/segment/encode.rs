//! Writing a segment.
//!
//! Version byte 0; counts; ids, identities, content hashes, retired and linked ids raw (hashes do
//! not compress); then everything else as columns in one zstd frame.

use super::super::column::{Column, bias, zigzag};
use super::super::dictionary::{Interner, MAX_BYTES, MAX_ITEMS};
use super::super::query::Origin;
use super::{Row, Table};
use crate::codec::varint;
use crate::error::{Error, Limit, Result};

/// First byte of a segment of this form.
pub(super) const VERSION: u8 = 0;
pub(super) const STORED: u8 = 0;
pub(super) const ZSTD: u8 = 1;
/// A reader believes no frame that claims to grow by more; a writer stores what would.
pub(super) const MAX_RATIO: usize = 512;
/// What the segments of a scope grow by, all together and beyond what one may be long, is no more.
pub(super) const GROWTH: usize = 16;
/// What grows by more than that is stored unpacked, but for frames that are small.
const SMALL: usize = 64 << 10;
const LEVEL: i32 = 3;
/// A smaller frame is stored as it is: what it could save is less than the work of a context, and
/// the merge that takes it up compresses it.
const WORTH_PACKING: usize = 4096;

impl Table {
    /// The bytes of the segment.
    pub(in crate::catalog) fn encode(self) -> Result<Vec<u8>> {
        let frame = self.frame()?;
        if frame.len() < WORTH_PACKING {
            return Ok(self.around(STORED, frame.len(), &frame));
        }
        let packed = zstd::bulk::compress(&frame, LEVEL).map_err(|e| Error::unless_memory(&e, Error::Internal(310)))?;
        let small = frame.len() <= SMALL && frame.len() / MAX_RATIO < packed.len();
        let (form, body) = if packed.len() < frame.len() && (small || frame.len() / GROWTH < packed.len()) {
            (ZSTD, &packed)
        } else {
            (STORED, &frame)
        };
        Ok(self.around(form, frame.len(), body))
    }

    /// As [`encode`](Self::encode), the frame uncompressed: so that tests can damage its tables.
    #[cfg(test)]
    pub(in crate::catalog) fn encode_stored(self) -> Result<Vec<u8>> {
        let frame = self.frame()?;
        Ok(self.around(STORED, frame.len(), &frame))
    }

    fn around(&self, form: u8, unpacked: usize, body: &[u8]) -> Vec<u8> {
        let raw = 48 * self.records.len() + 16 * (self.retired.len() + self.links.len());
        let mut out = Vec::with_capacity(raw + body.len() + 32);
        out.push(VERSION);
        for n in [self.records.len(), self.rows.len(), self.retired.len(), self.links.len()] {
            varint::put(&mut out, n as u64);
        }
        self.records.iter().for_each(|r| out.extend_from_slice(&r.id));
        self.records.iter().for_each(|r| out.extend_from_slice(&r.identity));
        self.records.iter().for_each(|r| out.extend_from_slice(&r.content));
        self.retired.iter().for_each(|id| out.extend_from_slice(id));
        self.links.iter().for_each(|(id, _)| out.extend_from_slice(id));
        out.push(form);
        varint::put(&mut out, unpacked as u64);
        out.extend_from_slice(body);
        out
    }

    fn frame(&self) -> Result<Vec<u8>> {
        let counts = [self.records.len(), self.rows.len(), self.origins.len(), self.retired.len(), self.links.len()];
        if counts.into_iter().any(|n| n > MAX_ITEMS) || self.words.over() {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        let mut out = Vec::with_capacity(64 * self.rows.len() + self.words.strings.text.len() + 1024);
        put_words(&mut out, &self.words);
        let order = self.order()?;
        self.put_facts(&mut out, &order);
        self.put_records(&mut out);
        put_origins(&mut out, self.links.iter().map(|(_, o)| *o));
        if out.len() > MAX_BYTES { Err(Error::TooLarge(Limit::Capacity)) } else { Ok(out) }
    }

    /// The rows by code set, undated last, time, place of the record's body, part: ids are those of one space
    /// alone, and what is equally late is to come in the order of its file.
    fn order(&self) -> Result<Vec<u32>> {
        let mut keys: Vec<(u64, i64, u32)> =
            (0..).zip(&self.rows).map(|(i, r)| (u64::from(r.set) << 1 | u64::from(r.zone == 0), r.at, i)).collect();
        let tie = |i: u32| {
            let row = self.rows.get(i as usize);
            row.map(|r| (self.records.get(r.record as usize).map(|rec| (rec.number, &rec.id)), r.part))
        };
        keys.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| tie(a.2).cmp(&tie(b.2))));
        Ok(keys.into_iter().map(|k| k.2).collect())
    }

    fn put_facts(&self, out: &mut Vec<u8>, order: &[u32]) {
        let sorted: Vec<Row> = order.iter().filter_map(|i| self.rows.get(*i as usize).copied()).collect();
        let mut per_set = vec![0u32; self.words.set_ends.len()];
        for r in &sorted {
            if let Some(n) = per_set.get_mut(r.set as usize) {
                *n += 1;
            }
        }
        put(out, per_set.iter().map(|n| u64::from(*n)));
        // Times as steps from one row to the next, in the coarsest unit that all of them share.
        let unit = sorted.iter().fold(86_400_000u64, |u, r| gcd(u, r.at.unsigned_abs()));
        varint::put(out, unit);
        let unit = unit as i64;
        let mut last = 0i64;
        let steps: Vec<u64> = sorted
            .iter()
            .map(|r| {
                let at = r.at / unit;
                zigzag(at.wrapping_sub(core::mem::replace(&mut last, at)))
            })
            .collect();
        put(out, steps.iter().copied());
        let rows = sorted.iter();
        put_least(out, rows.clone().map(|r| u64::from(r.zone)), 1);
        put(out, rows.clone().map(|r| u64::from(r.until_zone)));
        put(out, rows.clone().map(|r| if r.until_zone == 0 { 0 } else { zigzag(r.until.wrapping_sub(r.at)) }));
        put(out, rows.clone().map(|r| u64::from(r.tag)));
        put(out, rows.clone().map(|r| bias(r.num)));
        put(out, rows.clone().map(|r| u64::from(r.reference)));
        put(out, rows.clone().map(|r| u64::from(r.status)));
        put(out, rows.clone().map(|r| u64::from(r.class)));
        put(out, rows.clone().map(|r| u64::from(r.text)));
        put(out, rows.clone().map(|r| u64::from(r.note)));
        put(out, rows.clone().map(|r| u64::from(r.range)));
        put(out, rows.clone().map(|r| u64::from(r.record)));
        put(out, rows.map(|r| u64::from(r.part)));
    }

    fn put_records(&self, out: &mut Vec<u8>) {
        let records = self.records.iter();
        put(out, records.clone().map(|r| r.number));
        put(out, records.clone().map(|r| u64::from(r.version)));
        put(out, records.clone().map(|r| u64::from(r.group)));
        put(out, records.clone().map(|r| u64::from(r.class)));
        put(out, records.clone().map(|r| u64::from(r.type_name)));
        put(out, records.clone().map(|r| r.updated));
        put(out, records.clone().map(|r| r.revision));
        let mut last = 0;
        let counts: Vec<u64> =
            records.clone().map(|r| (r.origins_end - core::mem::replace(&mut last, r.origins_end)) as u64).collect();
        put(out, counts.iter().copied());
        varint::put(out, self.origins.len() as u64);
        put_origins(out, self.origins.iter().copied());
        let series: Vec<_> = (0u64..).zip(records).filter_map(|(i, r)| r.series.map(|s| (i, s))).collect();
        varint::put(out, series.len() as u64);
        put_least(out, series.iter().map(|(i, _)| *i), 1);
        put(out, series.iter().map(|(_, s)| u64::from(s.count)));
        put(out, series.iter().map(|(_, s)| u64::from(s.numbers)));
        put(out, series.iter().map(|(_, s)| s.sum.to_bits()));
        put(out, series.iter().map(|(_, s)| s.min.to_bits()));
        put(out, series.iter().map(|(_, s)| s.max.to_bits()));
    }
}

fn put(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u64>) {
    Column::pack(values, 0).write(out);
}

/// With at least so many bytes per value, by which the reader bounds what it allocates.
fn put_least(out: &mut Vec<u8>, values: impl ExactSizeIterator<Item = u64>, least: u8) {
    Column::pack(values, least).write(out);
}

/// Offsets as gaps after the end of the span before: records mostly follow each other.
fn put_origins(out: &mut Vec<u8>, origins: impl ExactSizeIterator<Item = Origin> + Clone) {
    put_least(out, origins.clone().map(|o| u64::from(o.source)), 1);
    put(out, origins.clone().map(|o| u64::from(o.span.member)));
    let mut end = 0u64;
    let gaps: Vec<u64> = origins
        .clone()
        .map(|o| {
            let gap = o.span.offset.wrapping_sub(end);
            end = o.span.offset.wrapping_add(o.span.len);
            zigzag(gap as i64)
        })
        .collect();
    put(out, gaps.iter().copied());
    put(out, origins.map(|o| o.span.len));
}

fn put_words(out: &mut Vec<u8>, w: &Interner) {
    varint::put(out, w.strings.len() as u64);
    put_least(out, lengths(&w.strings.ends).iter().copied(), 1);
    out.extend_from_slice(w.strings.text.as_bytes());

    let n = |out: &mut Vec<u8>, n: usize| varint::put(out, n as u64);
    let codings = w.codings.items();
    n(out, codings.len());
    put_least(out, codings.iter().map(|c| u64::from(c[0])), 1);
    put(out, codings.iter().map(|c| u64::from(c[1])));
    put(out, codings.iter().map(|c| u64::from(c[2])));

    n(out, w.set_ends.len());
    put_least(out, lengths(&w.set_ends).iter().copied(), 1);
    n(out, w.set_members.len());
    put_least(out, w.set_members.iter().map(|m| u64::from(*m)), 1);

    let measures = w.measures.items();
    n(out, measures.len());
    put_least(out, measures.iter().map(|m| u64::from(m.unit)), 1);
    put(out, measures.iter().map(|m| u64::from(m.ucum)));
    put(out, measures.iter().map(|m| u64::from(m.scale as u8)));
    put(out, measures.iter().map(|m| m.comparator as u64));

    let codeds = w.codeds.items();
    n(out, codeds.len());
    put_least(out, codeds.iter().map(|c| u64::from(c.0)), 1);
    put(out, codeds.iter().map(|c| u64::from(c.1)));

    let ranges = w.ranges.items();
    n(out, ranges.len());
    put_least(out, ranges.iter().map(|r| u64::from(r.low.is_some()) | u64::from(r.high.is_some()) << 1), 1);
    for bound in [0, 1] {
        let of = ranges.iter().map(|r| if bound == 0 { r.low } else { r.high }.unwrap_or((0, 0)));
        put(out, of.clone().map(|q| bias(q.0)));
        put(out, of.map(|q| u64::from(q.1)));
    }
    put(out, ranges.iter().map(|r| u64::from(r.text)));
    put(out, ranges.iter().map(|r| u64::from(r.interpretation)));

    let classes = w.classes.items();
    n(out, classes.len());
    put_least(out, classes.iter().map(|c| c.category as u64), 1);
    put(out, classes.iter().map(|c| c.kind as u64));
    put(out, classes.iter().map(|c| c.confidentiality as u64));
    put(out, classes.iter().map(|c| u64::from(c.sensitivities)));
    put(out, classes.iter().map(|c| c.author as u64));
    put(out, classes.iter().map(|c| u64::from(c.obligations)));

    let record_classes = w.record_classes.items();
    n(out, record_classes.len());
    put_least(out, record_classes.iter().map(|c| u64::from(c.0)), 1);
    put(out, record_classes.iter().map(|c| u64::from(c.1)));
    put(out, record_classes.iter().map(|c| u64::from(c.2)));
    put(out, record_classes.iter().map(|c| u64::from(c.3)));

    // Zone 0, "no time", is always there and not written.
    let zones = w.zones.items().iter().skip(1).flatten();
    let zones: Vec<_> = zones.map(|(p, o)| (*p as u64, o.map_or(0, |o| (i64::from(o) + 32_769) as u64))).collect();
    n(out, zones.len());
    put_least(out, zones.iter().map(|z| z.0), 1);
    put(out, zones.iter().map(|z| z.1));

    for table in [w.versions.items(), w.groups.items()] {
        n(out, table.len());
        put_least(out, table.iter().copied(), 1);
    }
}

fn lengths(ends: &[u32]) -> Vec<u64> {
    let mut last = 0;
    ends.iter().map(|e| u64::from(e - core::mem::replace(&mut last, *e))).collect()
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

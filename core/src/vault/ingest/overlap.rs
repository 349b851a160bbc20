//! Which samples of a chunk are known already: an overlapping export adds only what is new.

use crate::catalog::{Catalog, FactRow, RecordRef, series};
use crate::crypto::context::Class;
use crate::error::{Error, Limit, Result};
use crate::id::Identity;
use crate::record::{Decimal, Sample, SeriesKey};
use crate::storage::ReadTxn;
use crate::vault::manifest::Staged;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What makes a sample the same in two exports: its instants and its value. Where and when the
/// source wrote it down, and in which offset, differ between exports of the same data.
pub(crate) fn key(s: &Sample) -> u128 {
    let mut h = blake3::Hasher::new();
    h.update(&s.start.to_be_bytes()).update(&s.end.to_be_bytes());
    match (&s.number, &s.word) {
        (Some(n), _) => {
            let (mantissa, scale) = value(*n);
            h.update(b"n").update(&mantissa.to_be_bytes()).update(&scale.to_be_bytes());
        }
        (None, Some(w)) => {
            h.update(b"w").update(w.as_bytes());
        }
        (None, None) => {
            h.update(b"-");
        }
    }
    short(&h)
}

/// A number as it is whatever its digits: 1.50 is 1.5.
fn value(n: Decimal) -> (i64, i16) {
    let (mut mantissa, mut scale) = (n.mantissa(), i16::from(n.scale()));
    if mantissa == 0 {
        return (0, 0);
    }
    while mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    (mantissa, scale)
}

/// A sample with what its source says of it besides.
fn with_meta(key: u128, s: &Sample) -> u128 {
    let mut h = blake3::Hasher::new();
    h.update(&key.to_be_bytes());
    for text in s.meta.iter().flat_map(|m| [&m.key, &m.value]) {
        h.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
    }
    short(&h)
}

fn short(h: &blake3::Hasher) -> u128 {
    let mut out = [0; 16];
    h.finalize_xof().fill(&mut out);
    u128::from_be_bytes(out)
}

/// The samples of one series and month that are known, and the chunks they stand in.
pub(crate) struct Known {
    of: Identity,
    /// How often each is there.
    samples: HashMap<u128, u32>,
    /// As each is there, with its metadata.
    whole: HashSet<u128>,
    pub(crate) chunks: Vec<FactRow>,
}

/// What was taken out of a chunk.
#[derive(Default)]
pub(crate) struct Stripped {
    /// Samples that are known.
    pub(crate) linked: u64,
    /// Where those begin that are known with other metadata: theirs is not kept.
    pub(crate) other: Vec<u64>,
}

impl Known {
    /// Loads what is known of a series and month: what was published, and `earlier` members of the same archive.
    pub(crate) fn load(
        base: &Base,
        txn: &dyn ReadTxn,
        scope: &Scope,
        of: &SeriesKey,
        earlier: &Earlier,
    ) -> Result<Self> {
        let of = of.identity();
        let mut known = Self { of, samples: HashMap::new(), whole: HashSet::new(), chunks: Vec::new() };
        let mut raw = Vec::new();
        let mut found: Vec<_> = scope.catalog()?.versions(&of).filter(|r| r.series().is_some()).collect();
        // The oldest first.
        found.reverse();
        found.extend(earlier.catalog.versions(&of).filter(|r| r.series().is_some() && earlier.has(r)));
        for fact in found.iter().flat_map(|r| r.facts()) {
            let row = fact.to_row();
            scope.open_object(base, txn, Class::Series, &row.object, &mut raw)?;
            for sample in series::decode(&raw)? {
                let key = key(&sample);
                let n: &mut u32 = known.samples.entry(key).or_default();
                *n = n.saturating_add(1);
                known.whole.insert(with_meta(key, &sample));
            }
            known.chunks.push(row);
        }
        Ok(known)
    }

    pub(crate) fn is_of(&self, key: &Identity) -> bool {
        self.of == *key
    }

    /// Takes out of `samples` what is known, each as often as it is there. What was taken out once is not known
    /// for the next chunk of the same file.
    pub(crate) fn strip(&mut self, samples: &mut Vec<Sample>) -> Stripped {
        let mut out = Stripped::default();
        if self.samples.is_empty() {
            return out;
        }
        samples.retain(|s| {
            let key = key(s);
            match self.samples.get_mut(&key) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    out.linked += 1;
                    if !self.whole.contains(&with_meta(key, s)) {
                        out.other.push(s.at);
                    }
                    false
                }
                _ => true,
            }
        });
        out
    }
}

/// What an archive's earlier members brought: a zip may hold two exports of one person.
#[derive(Default)]
pub(crate) struct Earlier {
    /// What is staged of this import so far; empty while its first member is read.
    catalog: Catalog,
    source: u32,
    member: u32,
}

impl Earlier {
    /// Before the samples of `member` are read.
    pub(crate) fn before(base: &Base, txn: &dyn ReadTxn, scope: &Scope, staged: &Staged, member: u32) -> Result<Self> {
        let mark = staged.mark().ok_or(Error::TooLarge(Limit::Capacity))?;
        let mine = scope.manifest.segments.iter().filter(|s| s.staged == mark);
        let segments: Vec<_> = mine.map(|s| scope.read_segment(base, txn, s).map(Arc::new)).collect::<Result<_>>()?;
        Ok(Self { catalog: Catalog::of(segments), source: staged.ordinal, member })
    }

    /// An earlier run may have staged chunks of this member, and of later ones.
    fn has(&self, r: &RecordRef<'_>) -> bool {
        r.origins().iter().any(|o| o.source == self.source && o.span.member < self.member)
    }
}

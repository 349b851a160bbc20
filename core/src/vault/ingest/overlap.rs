//! Which samples of a chunk are known already: an overlapping export adds only what is new.

use crate::catalog::{FactRow, series};
use crate::crypto::context::Class;
use crate::error::Result;
use crate::id::Identity;
use crate::record::{Sample, SeriesKey};
use crate::storage::ReadTxn;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use std::collections::HashMap;

/// What makes a sample the same in two exports: its instants and its value. Where and when the
/// source wrote it down, and in which offset, differ between exports of the same data.
pub(crate) fn key(s: &Sample) -> u128 {
    let mut h = blake3::Hasher::new();
    h.update(&s.start.to_be_bytes()).update(&s.end.to_be_bytes());
    match (&s.number, &s.word) {
        (Some(n), _) => {
            h.update(b"n").update(&n.mantissa().to_be_bytes()).update(&[n.scale().cast_unsigned()]);
        }
        (None, Some(w)) => {
            h.update(b"w").update(w.as_bytes());
        }
        (None, None) => {
            h.update(b"-");
        }
    }
    let mut out = [0; 16];
    h.finalize_xof().fill(&mut out);
    u128::from_be_bytes(out)
}

/// The samples of one series and month that were published before, and the chunks they stand in.
pub(crate) struct Known {
    of: Identity,
    /// How often each is there.
    samples: HashMap<u128, u32>,
    pub(crate) chunks: Vec<FactRow>,
}

impl Known {
    /// Loads what is known of a series and month.
    pub(crate) fn load(base: &Base, txn: &dyn ReadTxn, scope: &Scope, of: &SeriesKey) -> Result<Self> {
        let mut known = Self { of: of.identity(), samples: HashMap::new(), chunks: Vec::new() };
        let mut raw = Vec::new();
        let mut found: Vec<_> = scope.catalog.versions(&known.of).filter(|r| r.series().is_some()).collect();
        // The oldest first.
        found.reverse();
        for fact in found.iter().flat_map(|r| r.facts()) {
            let row = fact.to_row();
            scope.open_object(base, txn, Class::Series, &row.object, &mut raw)?;
            for sample in series::decode(&raw)? {
                let n: &mut u32 = known.samples.entry(key(&sample)).or_default();
                *n = n.saturating_add(1);
            }
            known.chunks.push(row);
        }
        Ok(known)
    }

    pub(crate) fn is_of(&self, key: &Identity) -> bool {
        self.of == *key
    }

    /// Takes out of `samples` what is known, each as often as it is there; how many that were. What was taken out
    /// once is not known for the next chunk of the same file.
    pub(crate) fn strip(&mut self, samples: &mut Vec<Sample>) -> usize {
        if self.samples.is_empty() {
            return 0;
        }
        let before = samples.len();
        samples.retain(|s| match self.samples.get_mut(&key(s)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        });
        before - samples.len()
    }
}

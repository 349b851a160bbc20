//! Where samples stand in their file. The length of an element is nearly determined by what it
//! says, and the next one nearly always follows at once: what is stored is how it differs.

use super::{BAD, Input, Output, ints};
use crate::codec::varint;
use crate::error::Result;
use crate::record::Sample;
use std::collections::HashMap;

/// The bytes of a sample that vary with its content.
fn content(s: &Sample) -> i64 {
    let number = s.number.map_or(0, |n| {
        let digits = i64::from(n.mantissa().unsigned_abs().max(1).ilog10() + 1);
        let scale = i64::from(n.scale());
        let point = if scale > 0 { digits.max(scale + 1) + 1 } else { digits };
        point + i64::from(n.mantissa() < 0)
    });
    let meta: usize = s.meta.iter().map(|m| m.key.len() + m.value.len()).sum();
    let word = s.word.as_ref().map_or(0, |w| w.len());
    number + (meta + word) as i64
}

/// Predicts a sample's length from the last one of its form.
#[derive(Default)]
struct Lengths(HashMap<(i64, usize, usize, bool), i64>);

impl Lengths {
    /// The last difference between length and content among samples of this form.
    fn last(&mut self, shape: i64, s: &Sample) -> &mut i64 {
        let len = |t: &Option<std::sync::Arc<str>>| t.as_ref().map_or(0, |t| t.len() + 1);
        self.0.entry((shape, len(&s.device), len(&s.source_version), s.created.is_some())).or_default()
    }
}

pub(super) fn put(out: &mut Output, samples: &[Sample], shapes: &[i64]) {
    let mut lengths = Lengths::default();
    let residue: Vec<i64> = samples
        .iter()
        .zip(shapes)
        .map(|(s, shape)| {
            let beside = i64::from(s.len) - content(s);
            beside - core::mem::replace(lengths.last(*shape, s), beside)
        })
        .collect();
    ints::put(out, &residue);
    varint::put(&mut out.plain, samples.first().map_or(0, |s| s.at));
    let gaps: Vec<i64> = samples
        .windows(2)
        .filter_map(|w| w.first().zip(w.last()))
        .map(|(a, b)| b.at.wrapping_sub(a.at.wrapping_add(u64::from(a.len))) as i64)
        .collect();
    ints::put(out, &gaps);
}

/// Fills in `at` and `len` of samples that are complete but for them.
pub(super) fn take(input: &mut Input<'_>, samples: &mut [Sample], shapes: &[i64]) -> Result<()> {
    let residue = ints::take(input, samples.len())?;
    let mut lengths = Lengths::default();
    for ((s, shape), r) in samples.iter_mut().zip(shapes).zip(residue) {
        let last = lengths.last(*shape, s);
        *last = last.wrapping_add(r);
        let len = last.wrapping_add(content(s));
        s.len = u32::try_from(len).map_err(|_| BAD)?;
    }
    let mut at = input.count()?;
    let gaps = ints::take(input, samples.len().saturating_sub(1))?;
    for (s, gap) in samples.iter_mut().zip(gaps.into_iter().chain([0])) {
        s.at = at;
        at = at.wrapping_add(u64::from(s.len)).wrapping_add(gap as u64);
    }
    Ok(())
}

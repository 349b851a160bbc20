//! Which result is the last and which the first, where that can be told, and which are told twice.

use super::period::days;
use super::view::View;
use crate::catalog::Lean;
use crate::error::Result;
use crate::record::{Precision, When};
use std::collections::BTreeSet;

/// Whether nothing tells which of two times is the earlier one: they are the same, or one is stated
/// so vaguely that it may be on either side of the other.
fn unordered(a: &When, b: &When) -> bool {
    if a.precision > Precision::Day && b.precision > Precision::Day {
        return a.at == b.at;
    }
    let (a, b) = (days(a), days(b));
    a.0 <= b.1 && b.0 <= a.1
}

/// The dated results with another value that may stand where this one does, as the last or the
/// first.
pub(super) fn rivals<'a>(rows: &[&'a Lean], of: &Lean) -> Vec<&'a Lean> {
    let same_time = |r: &Lean| r.fact.when.zip(of.fact.when).is_some_and(|(a, b)| unordered(&a, &b));
    let rival = |r: &&Lean| !core::ptr::eq(*r, of) && r.fact.value != of.fact.value && same_time(r);
    rows.iter().copied().filter(rival).collect()
}

/// Takes apart the results and those that tell one of them again: of one code, time and value, from
/// one file. The order stays.
pub(super) fn once(view: &View<'_>, rows: Vec<Lean>) -> Result<(Vec<Lean>, Vec<Lean>)> {
    let dated = rows.iter().zip(0..).filter_map(|(r, i)| r.fact.when.map(|when| (when.at, r.head, i)));
    let mut by_time: Vec<(i64, u32, usize)> = dated.collect();
    // Nearly in order already; few are of one time.
    by_time.sort_unstable();
    let mut again = BTreeSet::new();
    for group in by_time.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|g| g.len() > 1) {
        let mut told: Vec<&Lean> = Vec::new();
        for (_, _, i) in group {
            let Some(row) = rows.get(*i) else { continue };
            if is_told(view, &told, row)? {
                again.insert(*i);
            } else {
                told.push(row);
            }
        }
    }
    if again.is_empty() {
        return Ok((rows, Vec::new()));
    }
    let (twins, once): (Vec<_>, Vec<_>) = rows.into_iter().zip(0..).partition(|(_, i)| again.contains(i));
    let bare = |rows: Vec<(Lean, usize)>| rows.into_iter().map(|(r, _)| r).collect();
    Ok((bare(once), bare(twins)))
}

fn is_told(view: &View<'_>, told: &[&Lean], row: &Lean) -> Result<bool> {
    let alike = |o: &&&Lean| o.record != row.record && o.fact.when == row.fact.when && o.fact.value == row.fact.value;
    for other in told.iter().filter(alike) {
        let (a, b) = (view.whole(other)?, view.whole(row)?);
        let same_file = || a.origins.iter().any(|o| b.origins.iter().any(|p| p.source == o.source));
        if a.fact.value == b.fact.value && same_file() {
            return Ok(true);
        }
    }
    Ok(false)
}

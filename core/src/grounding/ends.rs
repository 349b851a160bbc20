//! Which result is the last and which the first, where that can be told, and which are told twice.

use std::collections::HashMap;

use super::period::days;
use super::view::View;
use crate::catalog::Lean;
use crate::error::Result;
use crate::record::{Precision, Value, When};

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
    let mut seen: HashMap<(u32, When, Value), Vec<Lean>> = HashMap::new();
    let (mut out, mut again) = (Vec::new(), Vec::new());
    for row in rows {
        let Some(when) = row.fact.when else {
            out.push(row);
            continue;
        };
        let told = seen.entry((row.head, when, row.fact.value.clone())).or_default();
        let mut twin = false;
        for other in told.iter().filter(|o| o.record != row.record) {
            let (a, b) = (view.whole(other)?, view.whole(&row)?);
            let same_file = || a.origins.iter().any(|o| b.origins.iter().any(|p| p.source == o.source));
            twin = a.fact.value == b.fact.value && same_file();
            if twin {
                break;
            }
        }
        if twin {
            again.push(row);
        } else {
            told.push(row.clone());
            out.push(row);
        }
    }
    Ok((out, again))
}

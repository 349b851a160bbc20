//! Sums over the samples of chunks, and the local days that they lie on.
//!
//! A day is that of the place where a sample was recorded: each one counts by its own offset.

use std::collections::{BTreeMap, BTreeSet};

use super::period::DAY_MS;
use super::view::{View, place};
use crate::catalog::{FactRow, SeriesSummary};
use crate::error::Result;
use crate::id::{civil_from_days, days_from_civil};
use crate::record::{Decimal, Sample, When};

/// Sums over some samples of one source.
#[derive(Clone, Default)]
pub(super) struct Sums {
    pub(super) count: u64,
    pub(super) numbers: u64,
    pub(super) sum: f64,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    /// First and last local day.
    pub(super) days: Option<(i64, i64)>,
    /// The days known to have a sample; a summary tells its first and its last only.
    seen: BTreeSet<i64>,
    /// Whether a summary may have days between that are not among those.
    vague: bool,
    /// Rows it comes from, by position.
    pub(super) rows: Vec<usize>,
}

silent_debug!(Sums);

impl Sums {
    fn add(&mut self, count: u64, numbers: u64, sum: f64, range: Option<(f64, f64)>, days: (i64, i64)) {
        self.count += count;
        self.numbers += numbers;
        self.sum += sum;
        if let Some((low, high)) = range {
            self.min = Some(self.min.map_or(low, |m| m.min(low)));
            self.max = Some(self.max.map_or(high, |m| m.max(high)));
        }
        self.days = Some(self.days.map_or(days, |(a, b)| (a.min(days.0), b.max(days.1))));
        self.seen.extend([days.0, days.1]);
    }

    fn from(&mut self, row: usize) {
        if self.rows.last() != Some(&row) {
            self.rows.push(row);
        }
    }

    /// A whole chunk, from its summary.
    pub(super) fn chunk(&mut self, row: usize, s: &SeriesSummary, days: (i64, i64)) {
        let range = (s.numbers > 0).then_some((s.min, s.max));
        self.add(u64::from(s.count), u64::from(s.numbers), s.sum, range, days);
        self.vague |= days.1 - days.0 > 1;
        self.from(row);
    }

    pub(super) fn sample(&mut self, row: usize, s: &Sample) {
        let x = s.number.map(Decimal::to_f64);
        let day = day_of(s);
        self.add(1, u64::from(x.is_some()), x.unwrap_or(0.0), x.map(|x| (x, x)), (day, day));
        self.from(row);
    }

    /// All of another's.
    pub(super) fn merge(&mut self, other: &Self) {
        let Some(days) = other.days else { return };
        self.add(other.count, other.numbers, other.sum, other.min.zip(other.max), days);
        self.seen.extend(&other.seen);
        self.vague |= other.vague;
        other.rows.iter().for_each(|row| self.from(*row));
    }

    /// How many days have a sample, where that is known.
    pub(super) fn days_with_data(&self) -> Option<u64> {
        (!self.vague).then_some(self.seen.len() as u64)
    }
}

/// The source with the most numbers; of equals, the first by name.
pub(super) fn best(by_source: &BTreeMap<String, Sums>) -> Option<(&String, &Sums)> {
    by_source.iter().max_by(|a, b| (a.1.numbers, a.1.count).cmp(&(b.1.numbers, b.1.count)).then(b.0.cmp(a.0)))
}

/// The local day of an instant in an offset.
const fn day(at: i64, offset: i16) -> i64 {
    at.saturating_add(offset as i64 * 60_000).div_euclid(DAY_MS)
}

/// The local day on which a sample begins.
pub(super) const fn day_of(s: &Sample) -> i64 {
    day(s.start, s.offset)
}

/// First and last instant of a chunk, as far as it does not lie ahead; `None` where all of it does.
pub(super) fn ends(view: &View<'_>, row: &FactRow) -> Option<(i64, i64)> {
    let (first, last) = (row.fact.when?.at, last(row)?.at);
    let now = view.options.now.as_millis();
    (first <= now).then_some((first, last.min(now)))
}

/// The local days of those instants.
pub(super) fn days(view: &View<'_>, row: &FactRow) -> Option<(i64, i64)> {
    let (first, end) = ends(view, row)?;
    let zone = |w: Option<When>| w.and_then(|w| w.offset).unwrap_or(view.options.zone_offset_minutes);
    Some((day(first, zone(row.fact.when)), day(end, zone(last(row)))))
}

fn last(row: &FactRow) -> Option<When> {
    row.fact.until.or(row.fact.when)
}

/// Where a chunk ends, whether that lies ahead or not.
pub(super) fn end(row: &FactRow) -> Option<i64> {
    last(row).map(|w| w.at)
}

/// Whether some of a chunk lies ahead.
pub(super) fn reaches_ahead(view: &View<'_>, row: &FactRow) -> bool {
    end(row).is_some_and(|at| at > view.options.now.as_millis())
}

/// The samples of a chunk that do not lie ahead.
pub(super) fn samples(view: &View<'_>, row: &FactRow) -> Result<Vec<Sample>> {
    let mut samples = view.facts.samples(row)?;
    samples.retain(|s| s.start <= view.options.now.as_millis());
    Ok(samples)
}

/// The latest sample with a number, and its position in its chunk. `fits` looks at local days.
pub(super) fn newest<'a>(
    view: &View<'_>,
    rows: &[&'a FactRow],
    fits: &dyn Fn(i64) -> bool,
) -> Result<Option<(&'a FactRow, usize, Sample)>> {
    let mut rows: Vec<_> = rows.iter().filter_map(|r| Some((ends(view, r)?.1, place(r), *r))).collect();
    rows.sort_by_key(|r| core::cmp::Reverse((r.0, r.1)));
    let mut out: Option<(&FactRow, usize, Sample)> = None;
    for (end, _, row) in rows {
        if out.as_ref().is_some_and(|(.., s)| s.start >= end) {
            break;
        }
        let samples = samples(view, row)?;
        let pick = samples.into_iter().enumerate().filter(|(_, s)| s.number.is_some() && fits(day_of(s)));
        for (i, s) in pick {
            if out.as_ref().is_none_or(|(.., o)| o.start < s.start || (o.start == s.start && o.at < s.at)) {
                out = Some((row, i, s));
            }
        }
    }
    Ok(out)
}

/// The earliest sample with a number, likewise.
pub(super) fn oldest<'a>(
    view: &View<'_>,
    rows: &[&'a FactRow],
    fits: &dyn Fn(i64) -> bool,
) -> Result<Option<(&'a FactRow, usize, Sample)>> {
    let mut rows: Vec<_> = rows.iter().filter_map(|r| Some((ends(view, r)?.0, place(r), *r))).collect();
    rows.sort_by_key(|r| (r.0, r.1));
    let mut out: Option<(&FactRow, usize, Sample)> = None;
    for (begin, _, row) in rows {
        if out.as_ref().is_some_and(|(.., s)| s.start <= begin) {
            break;
        }
        let samples = samples(view, row)?;
        let pick = samples.into_iter().enumerate().filter(|(_, s)| s.number.is_some() && fits(day_of(s)));
        for (i, s) in pick {
            if out.as_ref().is_none_or(|(.., o)| (s.start, s.at) < (o.start, o.at)) {
                out = Some((row, i, s));
            }
        }
    }
    Ok(out)
}

/// The Monday of a day's week: 1970-01-01 was a Thursday.
pub(super) const fn monday(day: i64) -> i64 {
    day - (day + 3).rem_euclid(7)
}

/// The first day of a day's month.
pub(super) const fn month(day: i64) -> i64 {
    let (y, m, _) = civil_from_days(day);
    days_from_civil(y, m, 1)
}

//! What happened in a period: records by what they say, samples one by one.

use super::act::Rests;
use crate::catalog::{Fact, RecordRef, series};
use crate::crypto::context::Class;
use crate::error::Result;
use crate::storage::ReadTxn;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use core::ops::Range;

/// What a period takes of one partition.
pub(super) struct InPeriod<'a> {
    /// Chunks of which samples stay among them.
    pub(super) records: Vec<RecordRef<'a>>,
    pub(super) rests: Rests,
    pub(super) undated: u64,
}

/// Finds what happened in a period, in milliseconds.
pub(super) fn in_period<'a>(
    base: &Base,
    txn: &dyn ReadTxn,
    scope: &'a Scope,
    period: Range<i64>,
) -> Result<InPeriod<'a>> {
    let mut found = InPeriod { records: Vec::new(), rests: Rests::new(), undated: 0 };
    // Older versions have no facts: they go where the newest does.
    for record in scope.catalog()?.records().filter(|r| !r.is_history()) {
        let times: Vec<Range<i64>> = record.facts().filter_map(|fact| time_of(&fact)).collect();
        found.undated += u64::from(times.is_empty());
        let reaches = |t: &Range<i64>| t.start < period.end && t.end >= period.start;
        if !times.iter().any(reaches) {
            continue;
        }
        // Of a chunk the first and the last sample are known without opening it.
        let whole = times.iter().all(|t| period.contains(&t.start) && period.contains(&t.end));
        if record.series().is_some() && !whole {
            let mut raw = zeroize::Zeroizing::new(Vec::new());
            scope.open_object(base, txn, Class::Series, &record.object(), &mut raw)?;
            let mut samples = series::decode(&raw)?;
            let before = samples.len();
            samples.retain(|s| !period.contains(&s.start));
            if samples.len() == before {
                continue;
            }
            if !samples.is_empty() {
                found.rests.insert(record.id(), samples);
            }
        }
        found.records.push(record);
    }
    Ok(found)
}

/// From when to when: the end is the last instant.
fn time_of(fact: &Fact<'_>) -> Option<Range<i64>> {
    let (first, last) = (fact.when(), fact.until());
    let start = first.or(last)?.at;
    Some(start..last.map_or(start, |t| t.at.max(start)))
}

//! Which records an erasure takes: those that were asked for in all their versions, and what was
//! made from them.

use super::act::Rests;
use super::period::in_period;
use super::records::Erase;
use super::shown::may_rest_on;
use crate::catalog::RecordRef;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::storage::ReadTxn;
use crate::vault::memory::{Notes, Place, notes_of, reach};
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::state::State;
use std::collections::BTreeSet;

/// What goes.
pub(super) struct Chosen {
    /// Records by open partition.
    pub(super) records: Vec<BTreeSet<RecordId>>,
    /// Sources of the partition that was asked, by ordinal: those that were asked for, and those of which
    /// nothing is left.
    pub(super) sources: BTreeSet<u32>,
    /// What stays of chunks of samples that go, in the partition that was asked.
    pub(super) rests: Rests,
    /// Records that no period takes, because nothing dates them.
    pub(super) undated: u64,
    /// How many of the records are memories and turns that nobody asked for: they were made from others.
    pub(super) derived: u64,
    /// Memories and turns, by open partition, that stay but may rest on what goes.
    pub(super) aside: Vec<Vec<RecordId>>,
    /// Those that stay and cannot be read, and so may as well.
    pub(super) unread: Vec<(usize, RecordId)>,
}

impl Chosen {
    /// Nothing of so many partitions.
    pub(super) fn nothing(partitions: usize) -> Self {
        Self {
            records: vec![BTreeSet::new(); partitions],
            sources: BTreeSet::new(),
            rests: Rests::new(),
            undated: 0,
            derived: 0,
            aside: vec![Vec::new(); partitions],
            unread: Vec::new(),
        }
    }
}

/// Finds what `what` of the partition at `at` is.
///
/// # Errors
/// [`Error::NotFound`] where there is nothing of the kind.
pub(super) fn choose(base: &Base, txn: &dyn ReadTxn, state: &State, at: usize, what: &Erase) -> Result<Chosen> {
    // What is not read may be of it, or rest on it.
    state.is_whole()?;
    let scope = state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
    let mut sources = sources(base, txn, scope, what)?;
    let mut asked = BTreeSet::new();
    let (mut rests, mut undated) = (Rests::new(), 0);
    match what {
        Erase::Records(ids) => {
            for id in ids {
                all_versions(scope, scope.readable.find_record(id).ok_or(Error::NotFound)?, &mut asked);
            }
        }
        Erase::Source(_) => {
            // What another source attests as well stays.
            let only = |r: &RecordRef<'_>| {
                let origins = r.origins();
                !origins.is_empty() && origins.iter().all(|o| sources.contains(&o.source))
            };
            asked.extend(scope.readable.records().filter(only).map(|r| r.id()));
        }
        Erase::Consent(grant) => {
            let rests = |r: &RecordRef<'_>| scope.tag_of(*r).basis.contains(*grant);
            for note in notes_of(&scope.readable).into_iter().filter(rests) {
                all_versions(scope, note, &mut asked);
            }
        }
        Erase::Period { from, up_to } => {
            let found = in_period(base, txn, scope, from.as_millis()..up_to.as_millis())?;
            for record in found.records {
                all_versions(scope, record, &mut asked);
            }
            (rests, undated) = (found.rests, found.undated);
        }
        Erase::Everything => asked.extend(scope.readable.records().map(|r| r.id())),
    }
    let conversations = *what == Erase::Everything && !scope.manifest.conversation_pages.is_empty();
    if asked.is_empty() && sources.is_empty() && !conversations {
        return Err(Error::NotFound);
    }
    let Notes { read: notes, mut unread } = state.notes_but(base, txn, at, &asked)?;
    let from = asked.iter().map(|id| Place { of: scope.ordinal, id: *id }).collect();
    let reached = reach(from, notes.iter().map(|(_, v)| v));
    let mut records = vec![BTreeSet::new(); state.partitions.len()];
    let mut derived = 0;
    for (n, p) in state.partitions.iter().enumerate() {
        let Some(mine) = records.get_mut(n) else { continue };
        for (_, v) in notes.iter().filter(|(of, v)| *of == n && reached.contains(&v.place())) {
            all_versions(p, p.readable.find_record(&v.id).ok_or(Error::NotFound)?, mine);
        }
        derived += mine.len() as u64;
    }
    if let Some(mine) = records.get_mut(at) {
        mine.extend(asked);
    }
    if let Some(mine) = records.get(at) {
        sources.extend(emptied(base, txn, scope, mine, &rests)?);
    }
    let aside = may_rest_on(base, txn, state, &records, &notes)?;
    unread.retain(|(n, id)| records.get(*n).is_some_and(|gone| !gone.contains(id)));
    Ok(Chosen { records, sources, rests, undated, derived, aside, unread })
}

/// Sources of which nothing is left: they go as well, for their hash tells which file it was.
fn emptied(
    base: &Base,
    txn: &dyn ReadTxn,
    scope: &Scope,
    gone: &BTreeSet<RecordId>,
    rests: &Rests,
) -> Result<BTreeSet<u32>> {
    let (mut touched, mut left) = (BTreeSet::new(), BTreeSet::new());
    for record in scope.readable.records() {
        let goes = gone.contains(&record.id()) && !rests.contains_key(&record.id());
        let list = if goes { &mut touched } else { &mut left };
        list.extend(record.origins().iter().map(|o| o.source));
    }
    let mut empty = BTreeSet::new();
    for ordinal in touched.difference(&left) {
        if scope.source(base, txn, *ordinal)?.finished {
            empty.insert(*ordinal);
        }
    }
    Ok(empty)
}

/// An older version tells as much as the newest.
fn all_versions(scope: &Scope, record: RecordRef<'_>, into: &mut BTreeSet<RecordId>) {
    into.insert(record.id());
    // Chunks of one month are told as one thing, and are no versions of each other.
    if record.series().is_some() {
        return;
    }
    into.extend(scope.readable.versions(&record.identity()).map(|r| r.id()));
}

fn sources(base: &Base, txn: &dyn ReadTxn, scope: &Scope, what: &Erase) -> Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    let wanted = match what {
        Erase::Source(id) => Some(*id),
        Erase::Everything => None,
        Erase::Records(_) | Erase::Consent(_) | Erase::Period { .. } => return Ok(found),
    };
    let mut ordinal = 0;
    for row in &scope.manifest.source_pages {
        for entry in scope.source_page(base, txn, row)?.iter() {
            if entry.finished && wanted.is_none_or(|id| id == entry.id) {
                found.insert(ordinal);
            }
            ordinal += 1;
        }
    }
    if wanted.is_some() && found.is_empty() { Err(Error::NotFound) } else { Ok(found) }
}

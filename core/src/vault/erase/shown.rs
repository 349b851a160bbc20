//! What may rest on records that go without naming them: what was remembered or said in a conversation
//! after it had been shown one.

use crate::audit::{AuditEvent, Entry};
use crate::error::Result;
use crate::id::{ConversationId, RecordId};
use crate::storage::ReadTxn;
use crate::vault::memory::{Place, Version, reach};
use crate::vault::rows::Base;
use crate::vault::state::State;
use crate::vault::tx::read_entry;
use std::collections::BTreeSet;

/// A release to a conversation.
struct Shown {
    conversation: ConversationId,
    partition: usize,
    at: i64,
    /// `None` where they were too many to be kept.
    items: Option<Vec<RecordId>>,
}

/// Memories and turns that are not among the records that go, by partition: those of a conversation
/// that was shown one of these before, and what was made from those. One that rests on no grant was
/// written before anything was shown, or the person has kept it by itself.
pub(super) fn may_rest_on(
    base: &Base,
    txn: &dyn ReadTxn,
    state: &State,
    records: &[BTreeSet<RecordId>],
    notes: &[(usize, Version)],
) -> Result<Vec<Vec<RecordId>>> {
    let by_place = records.iter().enumerate().flat_map(|(n, ids)| ids.iter().map(move |id| (n, *id)));
    let gone: BTreeSet<Place> = by_place.collect();
    let rests = |(n, v): &&(usize, Version)| {
        let scope = state.partitions.get(*n);
        let record = scope.and_then(|p| p.catalog.find_record(&v.id).map(|r| p.tag_of(r)));
        !gone.contains(&(*n, v.id)) && record.is_some_and(|tag| !tag.basis.is_empty())
    };
    let resting: Vec<&(usize, Version)> = notes.iter().filter(rests).collect();
    if resting.is_empty() {
        return Ok(vec![Vec::new(); state.partitions.len()]);
    }
    let shown = releases(base, txn, state)?;
    let mut reached = gone;
    loop {
        let before = reached.len();
        for s in &shown {
            // Of a set that was too large to be kept, it may have been one.
            let saw = match &s.items {
                Some(items) => items.iter().any(|id| reached.contains(&(s.partition, *id))),
                None => records.get(s.partition).is_some_and(|r| !r.is_empty()),
            };
            let since = resting.iter().filter(|(_, v)| v.note.conversation == s.conversation && v.note.at >= s.at);
            reached.extend(since.filter(|_| saw).map(|(n, v)| (*n, v.id)));
        }
        reached = reach(state, reached, resting.iter().copied());
        if reached.len() == before {
            break;
        }
    }
    let of = |n| {
        let here = resting.iter().filter(|(p, v)| *p == n && !v.history && reached.contains(&(n, v.id)));
        here.map(|(_, v)| v.id).collect()
    };
    Ok((0..state.partitions.len()).map(of).collect())
}

/// Every release to a conversation whose entry was not erased.
fn releases(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<Vec<Shown>> {
    let mut all = Vec::new();
    for (partition, scope) in state.partitions.iter().enumerate() {
        for index in scope.manifest.left(scope.head.log_size) {
            let open = read_entry(base, txn, scope, index)?;
            let Some(conversation) = open.shown_in else { continue };
            let Entry { time, event } = Entry::decode(&open.bytes)?;
            let AuditEvent::Released { count, kind, .. } = event else { continue };
            // A number names nothing.
            let whole = kind.names_no_items() || open.items.len() as u64 == count;
            let ids = open.items.iter().filter_map(|i| i.first_chunk::<16>()).map(|id| RecordId(*id));
            let items = whole.then(|| ids.collect());
            all.push(Shown { conversation, partition, at: time.as_millis(), items });
        }
    }
    Ok(all)
}

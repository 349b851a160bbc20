//! What may rest on records that go without naming them: what was remembered or said in a conversation
//! that was shown one. What was shown later is known where both entries stand in one log, by their
//! places in it: the times of two logs are told by two clocks, and either may have been set back.

use crate::audit::{AuditEvent, Entry};
use crate::error::Result;
use crate::id::{ConversationId, RecordId};
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::memory::{Place, Version, reach};
use crate::vault::rows::Base;
use crate::vault::state::State;
use crate::vault::tx::read_entry;
use std::collections::{BTreeMap, BTreeSet};

/// What the logs tell.
#[derive(Default)]
struct Told {
    releases: Vec<Shown>,
    /// Which entry of its partition's log last says that a memory or a turn was written.
    written: BTreeMap<Place, u64>,
}

/// A release to a conversation.
struct Shown {
    /// `None` where its entry does not open: it may have been any.
    conversation: Option<ConversationId>,
    /// The ordinal of its partition.
    of: u16,
    entry: u64,
    /// `None` where they were too many to be kept.
    items: Option<Vec<RecordId>>,
}

/// Memories and turns that are not among the records that go, by partition: those of a conversation
/// that was shown one of these, but those of which the same log says that they were written before, and
/// what was made from those. One that rests on no grant was written before anything was shown, or the
/// person has kept it by itself.
pub(super) fn may_rest_on(
    base: &Base,
    txn: &dyn ReadTxn,
    state: &State,
    records: &[BTreeSet<RecordId>],
    notes: &[(usize, Version)],
) -> Result<Vec<Vec<RecordId>>> {
    let by_place = state.partitions.iter().zip(records);
    let by_place = by_place.flat_map(|(p, ids)| ids.iter().map(|id| Place { of: p.ordinal, id: *id }));
    let gone: BTreeSet<Place> = by_place.collect();
    let rests = |(n, v): &&(usize, Version)| {
        let scope = state.partitions.get(*n);
        let record = scope.and_then(|p| p.readable.find_record(&v.id).map(|r| p.tag_of(r)));
        !gone.contains(&v.place()) && record.is_some_and(|tag| !tag.basis.is_empty())
    };
    let resting: Vec<&(usize, Version)> = notes.iter().filter(rests).collect();
    if resting.is_empty() {
        return Ok(vec![Vec::new(); state.partitions.len()]);
    }
    let told = read_logs(base, txn, state)?;
    let touched: BTreeSet<u16> = gone.iter().map(|p| p.of).collect();
    let mut reached = gone;
    loop {
        let before = reached.len();
        for s in &told.releases {
            // Of a set that was too large to be kept, it may have been one.
            let saw = match &s.items {
                Some(items) => items.iter().any(|id| reached.contains(&Place { of: s.of, id: *id })),
                None => touched.contains(&s.of),
            };
            let earlier = |v: &Version| v.of == s.of && told.written.get(&v.place()).is_some_and(|n| *n < s.entry);
            let within = |v: &Version| s.conversation.is_none_or(|c| c == v.note.conversation);
            let of = resting.iter().filter(|(_, v)| within(v) && !earlier(v));
            reached.extend(of.filter(|_| saw).map(|(_, v)| v.place()));
        }
        reached = reach(reached, resting.iter().map(|(_, v)| v));
        if reached.len() == before {
            break;
        }
    }
    let of = |n| {
        let here = resting.iter().filter(|(p, v)| *p == n && !v.history && reached.contains(&v.place()));
        here.map(|(_, v)| v.id).collect()
    };
    Ok((0..state.partitions.len()).map(of).collect())
}

/// Every entry that was not erased and tells of a release to a conversation, or of a memory or a turn. One that does not
/// open, or that is gone without any other that says that it was erased, may have told of a release of anything.
fn read_logs(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<Told> {
    let mut told = Told::default();
    for scope in &state.partitions {
        let (of, size) = (scope.ordinal, scope.head.log_size);
        let (mut named, mut unknown) = (BTreeSet::new(), None);
        for index in scope.manifest.left(size) {
            let read = read_entry(base, txn, scope, index).and_then(|o| Ok((Entry::decode(&o.bytes)?.event, o)));
            let Some((event, open)) = or_damaged(read)? else {
                unknown = Some(index);
                break;
            };
            match (event, open.shown_in) {
                (AuditEvent::EntriesErased { entries, .. }, _) => named.extend(entries),
                (AuditEvent::Released { count, kind, .. }, Some(conversation)) => {
                    // A number names nothing.
                    let whole = kind.names_no_items() || open.items.len() as u64 == count;
                    let ids = open.items.iter().filter_map(|i| i.first_chunk::<16>()).map(|id| RecordId(*id));
                    let items = whole.then(|| ids.collect());
                    told.releases.push(Shown { conversation: Some(conversation), of, entry: index, items });
                }
                (
                    AuditEvent::Remembered { record: id, .. }
                    | AuditEvent::TurnAppended { record: id, .. }
                    | AuditEvent::MemoryEdited { record: id, .. },
                    _,
                ) => {
                    told.written.insert(Place { of, id }, index);
                }
                _ => {}
            }
        }
        let lost = scope.manifest.first_lost(&named, unknown.unwrap_or(size));
        if let Some(entry) = lost.or(unknown) {
            told.releases.push(Shown { conversation: None, of, entry, items: None });
        }
    }
    Ok(told)
}

//! What may rest on records without naming them: what was remembered or said in a conversation that was
//! shown one, or remembered something that names one. What was shown later is known where both entries stand in one
//! log, by their places in it: the times of two logs are told by two clocks, and either may have been set back.

use crate::audit::{AuditEvent, Entry};
use crate::error::Result;
use crate::id::{ConversationId, RecordId};
use crate::label::{Label, Origins};
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::memory::{Place, Version};
use crate::vault::rows::Base;
use crate::vault::state::State;
use crate::vault::tx::read_entry;
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};

/// What the logs tell.
#[derive(Default)]
pub(in crate::vault) struct Told {
    releases: Vec<Shown>,
    /// Which entries of its partition's log first and last say that a memory or a turn was written.
    written: BTreeMap<Place, (u64, u64)>,
    /// Whether a log goes on from another one, or entries of it were erased: more was released than it says.
    gaps: bool,
    /// What the person deleted, and the partitions that its label said that it came from.
    deleted: BTreeMap<Place, Origins>,
}

/// To whom something was released.
enum To {
    Conversation(ConversationId),
    /// To no conversation, as what a model is called with.
    Another,
    /// Its entry does not open: it may have been any.
    Any,
}

/// A release.
struct Shown {
    to: To,
    /// The ordinal of its partition.
    of: u16,
    entry: u64,
    /// `None` where they were too many to be kept.
    items: Option<Vec<RecordId>>,
}

/// What some records may have reached, and with which label.
#[derive(Default)]
pub(in crate::vault) struct Reached {
    /// Those records themselves, and memories and turns.
    pub(in crate::vault) places: BTreeMap<Place, Label>,
    /// Conversations; `None` for any.
    pub(in crate::vault) conversations: BTreeMap<Option<ConversationId>, Label>,
}

/// Whether it says more with this label.
fn raise<K: Ord>(map: &mut BTreeMap<K, Label>, key: K, label: Label) -> bool {
    match map.entry(key) {
        Slot::Vacant(new) => {
            new.insert(label);
            true
        }
        Slot::Occupied(mut known) => {
            let before = *known.get();
            *known.get_mut() = before.join(label);
            *known.get() != before
        }
    }
}

impl Told {
    /// What no entry says was released, where entries were lost or erased that may have said it: since the first one.
    fn unseen(&self, from: &BTreeMap<Place, Label>) -> BTreeMap<u16, (u64, Label)> {
        let mut unseen: BTreeMap<u16, (u64, Label)> = BTreeMap::new();
        if self.deleted.is_empty() || !self.gaps {
            return unseen;
        }
        let items = self.releases.iter().filter_map(|s| Some((s.of, s.items.as_ref()?)));
        let seen: BTreeSet<Place> =
            items.flat_map(|(of, ids)| ids.iter().map(move |id| Place { of, id: *id })).collect();
        for (place, label) in from.iter().filter(|(place, _)| !seen.contains(place)) {
            let all = unseen.entry(place.of).or_insert((0, *label));
            all.1 = all.1.join(*label);
        }
        unseen
    }

    /// What records of these labels may have reached: of the memories and turns in `resting` those of a conversation
    /// that was shown one, but those of which the same log says that they were written before, and of `made` what
    /// was made from those. What a memory in `naming` was made from was shown to its conversation, too, when it was
    /// written: it was given the label of that, whoever had shown it. Of what was deleted nobody knows what it was made
    /// from: anything of where it came from that was released before it was written.
    pub(in crate::vault) fn reach(
        &self,
        from: BTreeMap<Place, Label>,
        resting: &[&Version],
        made: &[&Version],
        naming: &[&Version],
    ) -> Reached {
        let mut touched = BTreeMap::new();
        for (place, label) in &from {
            raise(&mut touched, place.of, *label);
        }
        let mut by: BTreeMap<ConversationId, Vec<&Version>> = BTreeMap::new();
        for v in resting {
            by.entry(v.note.conversation).or_default().push(v);
        }
        let unseen = self.unseen(&from);
        let mut reached = Reached { places: from, conversations: BTreeMap::new() };
        let before = |v: &Version, of: u16, entry: u64| {
            v.of == of && self.written.get(&v.place()).is_some_and(|(_, last)| *last < entry)
        };
        let of_parents = |reached: &Reached, v: &Version| {
            v.note.parents.iter().filter_map(|p| reached.places.get(p)).copied().reduce(Label::join)
        };
        // A turn names what stands behind a value, which its session need not have seen.
        let naming: Vec<&Version> = naming.iter().copied().filter(|v| v.note.role.is_none()).collect();
        loop {
            let mut more = false;
            let mut earliest = unseen.clone();
            for s in &self.releases {
                // Of a set that was too large to be kept, it may have been one.
                let seen = match &s.items {
                    Some(items) => {
                        let labels = items.iter().filter_map(|id| reached.places.get(&Place { of: s.of, id: *id }));
                        labels.copied().reduce(Label::join)
                    }
                    None => touched.get(&s.of).copied(),
                };
                let Some(label) = seen else { continue };
                let first = earliest.entry(s.of).or_insert((s.entry, label));
                *first = (first.0.min(s.entry), first.1.join(label));
                let (conversation, within) = match &s.to {
                    To::Conversation(c) => (Some(*c), by.get(c).map_or(&[][..], Vec::as_slice)),
                    To::Another => continue,
                    To::Any => (None, resting),
                };
                more |= raise(&mut reached.conversations, conversation, label);
                for v in within.iter().filter(|v| !before(v, s.of, s.entry)) {
                    more |= raise(&mut reached.places, v.place(), label);
                }
            }
            for (place, origins) in &self.deleted {
                let since = |(of, (entry, label)): (&u16, &(u64, Label))| {
                    let before = place.of == *of && self.written.get(place).is_some_and(|(_, last)| last < entry);
                    (!before && Origins::partition(*of).is_subset(*origins)).then_some(*label)
                };
                for label in earliest.iter().filter_map(since) {
                    more |= raise(&mut reached.places, *place, label);
                }
            }
            for v in made {
                let of = of_parents(&reached, v);
                more |= of.is_some_and(|label| raise(&mut reached.places, v.place(), label));
            }
            for named in &naming {
                let Some(label) = of_parents(&reached, named) else { continue };
                let conversation = named.note.conversation;
                more |= raise(&mut reached.conversations, Some(conversation), label);
                // Where no entry tells when, it may have been at any time.
                let since = self.written.get(&named.place()).map_or(0, |(first, _)| *first);
                for v in by.get(&conversation).into_iter().flatten().filter(|v| !before(v, named.of, since)) {
                    more |= raise(&mut reached.places, v.place(), label);
                }
            }
            if !more {
                return reached;
            }
        }
    }
}

/// Memories and turns that are not among the records that go, by partition: those of a conversation
/// that was shown one of these, but those of which the same log says that they were written before, and
/// what was made from those; a conversation that named one in a memory was shown it. One that rests on no grant was
/// written before anything was shown, or the person has kept it by itself.
pub(super) fn may_rest_on(
    base: &Base,
    txn: &dyn ReadTxn,
    state: &State,
    records: &[BTreeSet<RecordId>],
    notes: &[(usize, Version)],
) -> Result<Vec<Vec<RecordId>>> {
    if !state.partitions.iter().any(|p| p.manifest.tags.any_rests()) {
        return Ok(vec![Vec::new(); state.partitions.len()]);
    }
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
    let resting: Vec<&Version> = resting.into_iter().map(|(_, v)| v).collect();
    // Also what goes, and what the person has kept.
    let naming: Vec<&Version> = notes.iter().map(|(_, v)| v).collect();
    let from = gone.into_iter().map(|place| (place, Label::BOTTOM)).collect();
    let reached = read_logs(base, txn, state)?.reach(from, &resting, &resting, &naming).places;
    let of = |n: usize| {
        let of = state.partitions.get(n).map(|p| p.ordinal);
        let here = resting.iter().filter(|v| Some(v.of) == of && !v.history && reached.contains_key(&v.place()));
        here.map(|v| v.id).collect()
    };
    Ok((0..state.partitions.len()).map(of).collect())
}

/// Every entry that was not erased and tells of a release to a conversation, or of a memory or a turn. One that does not
/// open, or that is gone without any other that says that it was erased, may have told of a release of anything.
pub(in crate::vault) fn read_logs(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<Told> {
    let (mut told, mut lowered) = (Told::default(), BTreeMap::new());
    for scope in &state.partitions {
        let (of, size) = (scope.ordinal, scope.head.log_size);
        let (mut named, mut unknown) = (BTreeSet::new(), None);
        let (mut labels, mut replaced, mut deleted) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for index in scope.manifest.left(size) {
            let read = read_entry(base, txn, scope, index).and_then(|o| Ok((Entry::decode(&o.bytes)?.event, o)));
            let Some((event, open)) = or_damaged(read)? else {
                unknown = Some(index);
                break;
            };
            match (event, open.shown_in) {
                (AuditEvent::EntriesErased { entries, .. }, _) => {
                    told.gaps = true;
                    named.extend(entries);
                }
                (AuditEvent::LogOpened { previous: Some(_), .. }, _) => told.gaps = true,
                (AuditEvent::Released { count, kind, .. }, shown_in) => {
                    // A number names nothing.
                    let whole = kind.names_no_items() || open.items.len() as u64 == count;
                    let ids = open.items.iter().filter_map(|i| i.first_chunk::<16>()).map(|id| RecordId(*id));
                    let items = whole.then(|| ids.collect());
                    let to = shown_in.map_or(To::Another, To::Conversation);
                    told.releases.push(Shown { to, of, entry: index, items });
                }
                (AuditEvent::MemoryDeleted { record, .. }, _) => deleted.push(record),
                (AuditEvent::Declassified { record, before, .. }, _) => _ = lowered.insert(record, before.origins),
                (event, _) => {
                    let Some((id, label)) = written(&event) else { continue };
                    if let AuditEvent::MemoryEdited { replaces, .. } = event {
                        replaced.insert(id, replaces);
                    }
                    let origins = labels.entry(id).or_insert(Origins::NONE);
                    *origins = origins.union(label.origins);
                    told.written.entry(Place { of, id }).or_insert((index, index)).1 = index;
                }
            }
        }
        // It, and what it said before it was edited.
        for mut id in deleted {
            loop {
                let origins = labels.get(&id).copied().unwrap_or(Origins::from_bits(u64::MAX));
                told.deleted.insert(Place { of, id }, origins);
                match replaced.remove(&id) {
                    Some(older) => id = older,
                    None => break,
                }
            }
        }
        let lost = scope.manifest.first_lost(&named, unknown.unwrap_or(size));
        if let Some(entry) = lost.or(unknown) {
            told.releases.push(Shown { to: To::Any, of, entry, items: None });
        }
    }
    // A copy came from where it was let go.
    for (place, origins) in &mut told.deleted {
        *origins = origins.union(lowered.get(&place.id).copied().unwrap_or(Origins::NONE));
    }
    Ok(told)
}

/// Which memory or turn an entry says was written, and its label.
const fn written(event: &AuditEvent) -> Option<(RecordId, Label)> {
    match event {
        AuditEvent::Remembered { record, label, .. }
        | AuditEvent::TurnAppended { record, label, .. }
        | AuditEvent::MemoryEdited { record, label, .. } => Some((*record, *label)),
        _ => None,
    }
}

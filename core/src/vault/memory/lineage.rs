//! What was derived from what, and what becomes of it when that ends.
//!
//! A memory that rests on a grant which has ended is quarantined by that alone: nothing has to be
//! written to it, whoever withdrew the grant and however it ran out. A memory whose parent is gone
//! is entered in its partition's list when the parent goes.

use super::{Note, Place, Quarantine, is_note, open_note};
use crate::audit::AuditEvent;
use crate::catalog::{Catalog, Query, RecordRef, Seeded, Segment, SegmentBuilder, View};
use crate::consent::Standing;
use crate::error::{Error, Result};
use crate::id::{GrantId, Identity, RecordId, Timestamp};
use crate::label::{Confidentiality, Integrity, Label, Obligations, Origins, Purposes, Sensitivities};
use crate::policy::{Basis, Tag};
use crate::record::{Everything, Kind};
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::rows::Base;
use crate::vault::scope::{Scope, Shown};
use crate::vault::space::HealthSpace;
use crate::vault::state::{State, Target, Writing};
use crate::vault::tx::Tx;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, PoisonError};

/// A memory or a turn, by where it stands: one that rests on a grant, or was made in a conversation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Derived {
    /// In which partition.
    pub partition: String,
    /// Its id.
    pub record: RecordId,
}

silent_debug!(Derived);

/// What nothing is above: of a tag that is missing.
pub(in crate::vault) const STRICTEST: Label = Label {
    confidentiality: Confidentiality::VeryRestricted,
    sensitivities: Sensitivities::ALL,
    origins: Origins::from_bits(u64::MAX),
    purposes: Purposes::NONE,
    obligations: Obligations::from_bits(u32::MAX),
    integrity: Integrity::External,
};

impl Scope {
    /// The tag of a record: of a memory its own, of anything else what its partition and its
    /// source give it.
    pub(crate) fn tag_of(&self, record: RecordRef<'_>) -> Tag {
        let own = Label {
            confidentiality: record.confidentiality(),
            sensitivities: record.sensitivities(),
            obligations: record.obligations(),
            ..Label::BOTTOM
        };
        let mut tag = Tag { label: self.label().join(own), basis: Basis::default() };
        if is_note(record.type_name()) {
            // What a person endorsed keeps that standing, whatever else is in the partition.
            let missing = || Tag { label: STRICTEST, basis: Basis::default() };
            tag = self.manifest.tags.find(&record.content()).cloned().unwrap_or_else(missing);
        }
        tag
    }

    /// Whether a grant is one of this partition, by its signed policy row.
    pub(crate) fn names(&self, grant: GrantId) -> bool {
        self.policy.state.version(grant).is_some() || self.policy.lowering(grant).is_some()
    }

    /// Whether a handle of this partition withdrew one of its grants. What it says of others is no word of
    /// the space.
    pub(crate) fn has_withdrawn(&self, grant: GrantId) -> bool {
        self.manifest.denied.contains(&grant) && self.names(grant)
    }

    /// Whether this partition knows that a grant has ended, or that it waits to be confirmed.
    fn says_ended(&self, grant: GrantId, now: Timestamp) -> bool {
        self.says_over(grant, now) || self.policy.suspended.contains(&grant)
    }

    /// Whether this partition knows that a grant has ended: its policy row does, or a handle of it withdrew
    /// one of its own.
    fn says_over(&self, grant: GrantId, now: Timestamp) -> bool {
        let own = self.policy.state.doc(grant).is_some() || self.policy.lowering(grant).is_some();
        // A consent from elsewhere stands in several partitions: the time of one log is not that of all.
        let now = if own { Timestamp::from_millis(now.as_millis().max(self.head.last_entry)) } else { now };
        let lowering = self.policy.lowering(grant).map(|doc| doc.standing(now));
        let given = self.policy.state.standing(grant, now);
        // One from elsewhere may go on refusing when its permits are over.
        let from_elsewhere = self.policy.state.imported(grant).is_some();
        let over = || self.policy.state.end(grant).is_none_or(|end| end.is_some_and(|end| end <= now));
        lowering.is_some_and(|s| s != Standing::InForce)
            || matches!(given, Some(Standing::Withdrawn | Standing::Expired | Standing::Unusable))
            || from_elsewhere && over()
            || self.has_withdrawn(grant)
    }

    /// Every memory and turn, the newest first.
    pub(crate) fn notes(&self) -> Vec<RecordRef<'_>> {
        notes_of(&self.readable)
    }
}

/// Every memory and turn of a catalog, the newest first.
pub(crate) fn notes_of(catalog: &Catalog) -> Vec<RecordRef<'_>> {
    let query = Query { kinds: vec![Kind::Memory, Kind::Turn], ..Query::default() };
    View::new(catalog, &Everything).query_facts(&query).into_iter().map(|f| f.record()).collect()
}

impl State {
    /// Whether a grant that memories of a scope rest on has ended, as far as this handle can see.
    pub(crate) fn has_ended(&self, scope: &Scope, grant: GrantId, now: Timestamp) -> bool {
        let here = now.as_millis().max(scope.head.last_entry);
        let kept = scope.manifest.tags.resting.iter().find(|r| r.grant == grant);
        if kept.is_some_and(|r| r.ended || r.expires.is_some_and(|end| end <= here)) {
            return true;
        }
        self.partitions
            .iter()
            .any(|p| p.says_ended(grant, now) || p.id == scope.id && p.manifest.denied.contains(&grant))
    }

    /// Until when the grants of a basis hold, as far as this handle can see: one that has ended,
    /// since ever; one that waits to be confirmed, as it stood. A handle that sees less learns it from where
    /// this is kept.
    pub(crate) fn ends(&self, basis: &Basis, now: Timestamp) -> Vec<(GrantId, Option<i64>)> {
        let end = |grant| {
            if self.partitions.iter().any(|p| p.says_over(grant, now)) {
                return Some(i64::MIN);
            }
            if let Some(doc) = self.partitions.iter().find_map(|p| p.policy.lowering(grant)) {
                return doc.spec.terms().expires.map(Timestamp::as_millis);
            }
            if let Some(p) = self.partitions.iter().find(|p| p.names(grant)) {
                return p.policy.state.end(grant).map_or(Some(i64::MIN), |end| end.map(Timestamp::as_millis));
            }
            // Of none that is open here: what is kept with other memories that rest on it.
            let mut kept = self.partitions.iter().flat_map(|p| &p.manifest.tags.resting).filter(|r| r.grant == grant);
            kept.next().and_then(|r| if r.ended { Some(i64::MIN) } else { r.expires })
        };
        basis.iter().map(|grant| (grant, end(grant))).collect()
    }

    /// Whether a grant has ended for what is in no partition: a text that rests on it.
    pub(crate) fn is_over(&self, grant: GrantId, now: Timestamp) -> bool {
        self.partitions.iter().any(|p| p.says_ended(grant, now))
            || self.ends(&Basis::of([grant]), now).iter().any(|(_, end)| end.is_some_and(|end| end <= now.as_millis()))
    }

    /// The tags of a scope that rest on a grant which has ended.
    fn ended_tags(&self, scope: &Scope, now: Timestamp) -> BTreeSet<[u8; 16]> {
        let tags = &scope.manifest.tags;
        let ended: Vec<GrantId> =
            tags.resting.iter().map(|r| r.grant).filter(|g| self.has_ended(scope, *g, now)).collect();
        let rests = |tag: &Tag| ended.iter().any(|g| tag.basis.contains(*g));
        tags.named.iter().filter(|(_, tag)| rests(tag)).map(|(name, _)| *name).collect()
    }

    /// Whether a grant that memories of a scope rest on ends between these times.
    pub(crate) fn ends_within(&self, scope: &Scope, from: Timestamp, to: Timestamp) -> bool {
        self.ended_tags(scope, from) != self.ended_tags(scope, to)
    }

    /// When the next grant that memories of a scope rest on runs out.
    pub(crate) fn next_end(&self, scope: &Scope, now: Timestamp) -> Option<i64> {
        let ends = scope.manifest.tags.resting.iter().filter_map(|r| r.expires);
        ends.filter(|end| *end > now.as_millis()).min()
    }

    /// Why a note is quarantined, if it is.
    pub(crate) fn quarantine(&self, scope: &Scope, record: RecordRef<'_>, now: Timestamp) -> Option<Quarantine> {
        if !is_note(record.type_name()) {
            return None;
        }
        if scope.manifest.tags.quarantined.contains(&record.id()) {
            return Some(Quarantine::SourceGone);
        }
        self.ended_tags(scope, now).contains(&record.content()).then_some(Quarantine::ConsentEnded)
    }

    /// The open partition of an ordinal.
    pub(in crate::vault) fn of_ordinal(&self, ordinal: u16) -> Option<&Scope> {
        self.partitions.iter().find(|p| p.ordinal == ordinal)
    }

    /// The record at a place; `None` where its partition is not open here, too.
    pub(in crate::vault) fn record_at(&self, place: Place) -> Option<RecordRef<'_>> {
        self.of_ordinal(place.of)?.readable.find_record(&place.id)
    }

    /// Whether all of these records are where they are said to be, in partitions that are open here, and
    /// none is quarantined or replaced by a newer version: whether something may be made from them.
    pub(in crate::vault) fn all_stand(&self, places: &[Place], now: Timestamp) -> Result<bool> {
        let mut shown: BTreeMap<u16, Arc<Catalog>> = BTreeMap::new();
        for place in places {
            let Some(p) = self.of_ordinal(place.of) else { return Ok(false) };
            let catalog = match shown.entry(place.of) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.shown(p, now)?),
            };
            if catalog.find_record(&place.id).is_none_or(|r| r.is_history()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What records say of how they are protected, as they stand: more may be known than when they were released.
    pub(in crate::vault) fn protection_of(&self, places: &[Place]) -> Label {
        let of = |r: RecordRef<'_>| Label {
            confidentiality: r.confidentiality(),
            sensitivities: r.sensitivities(),
            obligations: r.obligations(),
            ..Label::BOTTOM
        };
        places.iter().filter_map(|place| self.record_at(*place)).map(of).fold(Label::BOTTOM, Label::join)
    }

    /// Every version of every memory and turn by partition, but those of the partition at `of` that are gone. One that
    /// is damaged keeps nothing from being known of the others.
    pub(in crate::vault) fn notes_but(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        of: usize,
        gone: &BTreeSet<RecordId>,
    ) -> Result<Notes> {
        self.is_whole()?;
        let (mut notes, none) = (Notes::default(), BTreeSet::new());
        for (at, p) in self.partitions.iter().enumerate() {
            let gone = if at == of { gone } else { &none };
            let (versions, unread) = versions_of_notes(base, txn, p, gone)?;
            notes.read.extend(versions.into_iter().map(|v| (at, v)));
            notes.unread.extend(unread.into_iter().map(|id| (at, id)));
        }
        Ok(notes)
    }

    /// The catalog of a scope as sessions see it: without what is quarantined.
    pub(crate) fn shown(&self, scope: &Scope, now: Timestamp) -> Result<Arc<Catalog>> {
        let ended = self.ended_tags(scope, now);
        let listed = &scope.manifest.tags.quarantined;
        if ended.is_empty() && listed.is_empty() {
            return Ok(Arc::clone(&scope.readable));
        }
        let without = |r: &RecordRef<'_>| listed.contains(&r.id()) || ended.contains(&r.content());
        let without: Vec<RecordId> = scope.notes().into_iter().filter(without).map(|r| r.id()).collect();
        if without.is_empty() {
            return Ok(Arc::clone(&scope.readable));
        }
        let visible = scope.manifest.segments.iter().filter(|s| s.staged == 0);
        let segments: Vec<(u64, u64)> = visible.map(|s| (s.row.number, s.row.version)).collect();
        let mut last = scope.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = last.as_ref().filter(|l| l.segments == segments && l.without == without) {
            return Ok(Arc::clone(&same.catalog));
        }
        let mut builder = SegmentBuilder::new();
        without.iter().for_each(|id| builder.retire(*id));
        let mut catalog = (*scope.readable).clone();
        catalog.push(Segment::decode(&builder.finish()?)?);
        let catalog = Arc::new(catalog);
        *last = Some(Shown { segments, without, catalog: Arc::clone(&catalog) });
        Ok(catalog)
    }
}

/// Memories and turns, each with the position of its partition.
#[derive(Default)]
pub(in crate::vault) struct Notes {
    pub(in crate::vault) read: Vec<(usize, Version)>,
    /// Those of which a version does not open: they may have been made from anything.
    pub(in crate::vault) unread: Vec<(usize, RecordId)>,
}

/// A version of a memory or a turn.
pub(in crate::vault) struct Version {
    pub(in crate::vault) id: RecordId,
    /// The ordinal of its partition.
    pub(in crate::vault) of: u16,
    pub(in crate::vault) note: Note,
    pub(in crate::vault) history: bool,
}

impl Version {
    pub(in crate::vault) const fn place(&self) -> Place {
        Place { of: self.of, id: self.id }
    }
}

/// Every version of every memory and turn but those that are gone: what was made from an older one
/// was made from what that one was made from. Then the notes of which one does not open.
pub(super) fn versions_of_notes(
    base: &Base,
    txn: &dyn ReadTxn,
    scope: &Scope,
    gone: &BTreeSet<RecordId>,
) -> Result<(Vec<Version>, Vec<RecordId>)> {
    let (mut versions, mut unread) = (Vec::new(), Vec::new());
    scope.catalog()?;
    // Most have one version: the other segments are not asked for more of them.
    let (mut met, mut several) = (HashSet::<Identity, Seeded>::default(), HashSet::<Identity, Seeded>::default());
    for r in scope.readable.records().filter(|r| is_note(r.type_name())) {
        if !met.insert(r.identity()) {
            several.insert(r.identity());
        }
    }
    for current in scope.notes() {
        let mut whole = true;
        let identity = current.identity();
        let alone = is_note(current.type_name()) && !several.contains(&identity);
        let all = (!alone).then(|| scope.readable.versions(&identity)).into_iter().flatten();
        let all = alone.then_some(current).into_iter().chain(all);
        for r in all.filter(|r| !gone.contains(&r.id())) {
            let (id, of, history) = (r.id(), scope.ordinal, r.is_history());
            match or_damaged(open_note(base, txn, scope, r))? {
                Some(note) => versions.push(Version { id, of, note, history }),
                None => whole = false,
            }
        }
        if !whole {
            unread.push(current.id());
        }
    }
    Ok((versions, unread))
}

/// What was made from some records, directly or through others, and those themselves.
pub(in crate::vault) fn reach<'n>(
    from: BTreeSet<Place>,
    notes: impl Iterator<Item = &'n Version> + Clone,
) -> BTreeSet<Place> {
    let mut reached = from;
    loop {
        let before = reached.len();
        for v in notes.clone() {
            if v.note.parents.iter().any(|p| reached.contains(p)) {
                reached.insert(v.place());
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

/// Enters in the lists of their partitions what was derived from records that are gone or were
/// replaced, of the partition at `of`, directly or through others, older versions of memories too, and what
/// cannot be read and may have been; each
/// partition's log says how many.
pub(in crate::vault) fn quarantine_derived(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    of: usize,
    gone: &BTreeSet<RecordId>,
) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let Notes { read: notes, unread } = w.state.notes_but(tx.base, &*tx.txn, of, gone)?;
    let ordinal = w.state.partitions.get(of).ok_or(Error::NoSuchPartition)?.ordinal;
    let from = gone.iter().map(|id| Place { of: ordinal, id: *id }).collect();
    let reached = reach(from, notes.iter().map(|(_, v)| v));
    for at in (0..w.state.partitions.len()).filter(|at| w.can_change(*at)).collect::<Vec<_>>() {
        let here = notes.iter().filter(|(p, v)| *p == at && !v.history && reached.contains(&v.place()));
        let unread = unread.iter().filter(|(p, _)| *p == at).map(|(_, id)| *id);
        let ids: BTreeSet<RecordId> = here.map(|(_, v)| v.id).chain(unread).collect();
        set_aside(tx, w, at, ids.into_iter().collect())?;
    }
    Ok(())
}

/// Enters memories and turns of a partition in its list; how many were not there yet.
pub(in crate::vault) fn set_aside(tx: &mut Tx<'_>, w: &mut Writing, at: usize, mut ids: Vec<RecordId>) -> Result<u64> {
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
    ids.retain(|id| !scope.manifest.tags.quarantined.contains(id));
    if ids.is_empty() {
        return Ok(0);
    }
    let work = w.work(tx, Target::Partition(at))?;
    ids.retain(|id| !work.manifest.tags.quarantined.contains(id));
    let records = ids.len() as u64;
    if records > 0 {
        work.manifest.tags.quarantined.extend(ids);
        tx.log(work, AuditEvent::Quarantined { records })?;
    }
    Ok(records)
}

impl HealthSpace {
    /// The memories and turns that rest on a grant, in the partitions that are open here: those
    /// that its withdrawal quarantines. Ids only; the person looks at the texts with
    /// [`Partition::memories`](crate::Partition::memories).
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked), and what rereading the heads can yield.
    pub fn derived(&self, grant: GrantId) -> Result<Vec<Derived>> {
        let (_txn, state) = self.inner.read()?;
        state.is_whole()?;
        let mut list = Vec::new();
        for p in &state.partitions {
            let rests = |r: &RecordRef<'_>| p.tag_of(*r).basis.contains(grant);
            let here = p.notes().into_iter().filter(rests);
            list.extend(here.map(|r| Derived { partition: p.policy.name.clone(), record: r.id() }));
        }
        list.sort();
        Ok(list)
    }
}

impl Writing {
    /// A grant has ended: every open partition whose memories rest on it keeps that.
    pub(crate) fn end_grant(&mut self, tx: &Tx<'_>, grant: GrantId) -> Result<()> {
        for at in 0..self.state.partitions.len() {
            let rests = |p: &Scope| p.manifest.tags.resting.iter().any(|r| r.grant == grant && !r.ended);
            if self.state.partitions.get(at).is_some_and(rests) && self.can_change(at) {
                self.work(tx, Target::Partition(at))?.manifest.tags.end(grant);
            }
        }
        Ok(())
    }

    /// A grant was renewed: every open partition whose memories rest on it keeps its new end.
    pub(crate) fn extend_grant(&mut self, tx: &Tx<'_>, grant: GrantId, until: Timestamp) -> Result<()> {
        for at in 0..self.state.partitions.len() {
            let rests = |p: &Scope| p.manifest.tags.resting.iter().any(|r| r.grant == grant);
            if self.state.partitions.get(at).is_some_and(rests) && self.can_change(at) {
                self.work(tx, Target::Partition(at))?.manifest.tags.extend(grant, until.as_millis());
            }
        }
        Ok(())
    }
}

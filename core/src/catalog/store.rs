//! The catalog of a partition: its segments in order of age, and what newer ones say of records in
//! older ones.

#![cfg_attr(not(test), expect(dead_code, reason = "erasure and repair will retire, rewrite and walk records"))]

use super::fact::RecordRef;
use super::query::Origin;
use super::segment::{Segment, SetLine};
use crate::id::{Identity, RecordId};
use crate::label::Obligations;
use crate::record::DecisionClass;
use core::ops::Range;
use std::sync::{Arc, OnceLock};

/// A segment and what newer segments say of its records.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(super) segment: Arc<Segment>,
    /// The catalog's number of each class of the segment.
    pub(super) classes: Box<[u32]>,
    /// One bit per record that was retired since; empty where none was.
    dead: Vec<u64>,
    /// Origins that were added since, by record.
    links: Vec<(u32, Origin)>,
    /// What is there of the records that were not retired, once it was asked for.
    live: OnceLock<Arc<[SetLine]>>,
}

impl Slot {
    /// Whether a record was not retired.
    #[inline]
    pub(super) fn is_live(&self, record: u32) -> bool {
        self.dead.get(record as usize / 64).is_none_or(|w| w >> (record % 64) & 1 == 0)
    }

    /// Whether a record of it was retired at all.
    #[inline]
    pub(super) fn any_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// What is there: one line per code set, class and words.
    pub(super) fn lines(&self) -> &[SetLine] {
        if !self.any_dead() {
            return self.segment.lines();
        }
        self.live.get_or_init(|| self.segment.sum_up(|record| self.is_live(record)).into())
    }

    pub(super) fn linked(&self, record: u32) -> impl Iterator<Item = Origin> + '_ {
        let from = self.links.partition_point(|l| l.0 < record);
        self.links.iter().skip(from).take_while(move |l| l.0 == record).map(|l| l.1)
    }

    /// Applies what a newer segment says.
    fn apply(&mut self, newer: &Segment) {
        let segment = Arc::clone(&self.segment);
        for id in &newer.retired {
            for record in segment.with_id(id) {
                self.live = OnceLock::new();
                self.dead.resize(segment.records().div_ceil(64), 0);
                if let Some(word) = self.dead.get_mut(record as usize / 64) {
                    *word |= 1 << (record % 64);
                }
            }
        }
        let before = self.links.len();
        for (id, origin) in &newer.links {
            let live = segment.with_id(id).find(|r| self.is_live(*r));
            self.links.extend(live.map(|record| (record, *origin)));
        }
        if self.links.len() > before {
            self.links.sort_by_key(|l| l.0);
        }
    }
}

/// The segments of a partition. Cloning it is cheap: segments are shared.
#[derive(Clone, Default)]
pub(crate) struct Catalog {
    slots: Vec<Slot>,
    /// Every class of any segment so far.
    classes: Vec<DecisionClass>,
}

/// Some records of a catalog as it stands: one bit for each record of each of its segments.
#[derive(Default)]
pub(crate) struct RecordSet(Vec<Box<[u64]>>);

impl RecordSet {
    /// Whether a record of the segment in that place is one of them.
    #[inline]
    pub(super) fn holds(&self, slot: usize, record: u32) -> bool {
        let word = self.0.get(slot).and_then(|words| words.get(record as usize / 64));
        word.is_some_and(|w| w >> (record % 64) & 1 == 1)
    }
}

impl Catalog {
    /// What any record of it obliges to, one that is history or was retired since, too.
    pub(crate) fn obliges(&self) -> Obligations {
        self.slots.iter().fold(Obligations::NONE, |all, s| all.union(s.segment.obliges()))
    }

    /// The records that `keep` says yes to.
    pub(crate) fn records_where(&self, keep: impl Fn(&RecordId) -> bool) -> RecordSet {
        let words = |slot: &Slot| {
            let mut words = vec![0u64; slot.segment.records().div_ceil(64)];
            for record in 0..slot.segment.records() as u32 {
                if keep(&RecordRef { slot, record }.id())
                    && let Some(word) = words.get_mut(record as usize / 64)
                {
                    *word |= 1 << (record % 64);
                }
            }
            words.into_boxed_slice()
        };
        RecordSet(self.slots.iter().map(words).collect())
    }

    /// An empty one.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Of segments that others may hold too, the oldest first.
    pub(crate) fn of(segments: impl IntoIterator<Item = Arc<Segment>>) -> Self {
        let mut catalog = Self::default();
        segments.into_iter().for_each(|s| catalog.push(s));
        catalog
    }

    /// How many segments.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The segments, the oldest first.
    pub(crate) fn segments(&self) -> impl ExactSizeIterator<Item = &Segment> + DoubleEndedIterator {
        self.slots.iter().map(|s| &*s.segment)
    }

    /// Whether a segment of it names records of older ones that it retires.
    #[cfg(test)]
    pub(crate) fn retires(&self) -> bool {
        self.slots.iter().any(|s| !s.segment.retired.is_empty())
    }

    /// Adds the newest segment.
    pub(crate) fn push(&mut self, segment: impl Into<Arc<Segment>>) {
        let segment = segment.into();
        if !segment.retired.is_empty() || !segment.links.is_empty() {
            for slot in &mut self.slots {
                slot.apply(&segment);
            }
        }
        let slot = self.slot(segment);
        self.slots.push(slot);
    }

    /// Puts a segment in the place of neighbours that it was merged from.
    pub(crate) fn replace(&mut self, range: Range<usize>, merged: Segment) {
        let end = range.end.min(self.slots.len());
        let start = range.start.min(end);
        let mut slot = self.slot(Arc::new(merged));
        for newer in self.slots.iter().skip(end) {
            slot.apply(&newer.segment);
        }
        self.slots.splice(start..end, [slot]);
    }

    fn slot(&mut self, segment: Arc<Segment>) -> Slot {
        let number = |class: &DecisionClass| {
            let known = self.classes.iter().position(|c| c == class);
            known.unwrap_or_else(|| {
                self.classes.push(*class);
                self.classes.len() - 1
            }) as u32
        };
        let classes = segment.words.classes.iter().map(number).collect();
        Slot { segment, classes, dead: Vec::new(), links: Vec::new(), live: OnceLock::new() }
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn classes(&self) -> &[DecisionClass] {
        &self.classes
    }

    /// Every version of a thing that was not retired, those that came last first.
    pub(crate) fn versions<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = RecordRef<'a>> {
        self.slots.iter().rev().flat_map(|slot| {
            let live = slot.segment.with_identity(&identity.0).filter(|r| slot.is_live(*r));
            live.map(move |record| RecordRef { slot, record })
        })
    }

    /// The version of a thing that queries find.
    pub(crate) fn find_identity(&self, identity: &Identity) -> Option<RecordRef<'_>> {
        self.slots.iter().rev().find_map(|slot| {
            let of = |record| RecordRef { slot, record };
            slot.segment.with_identity(&identity.0).filter(|r| slot.is_live(*r)).map(of).find(|r| !r.is_history())
        })
    }

    /// A record that was not retired.
    pub(crate) fn find_record(&self, id: &RecordId) -> Option<RecordRef<'_>> {
        self.slots.iter().rev().find_map(|slot| {
            let record = slot.segment.with_id(&id.0).find(|r| slot.is_live(*r))?;
            Some(RecordRef { slot, record })
        })
    }

    /// Every record that was not retired, the oldest first: for erasure, verification and export.
    pub(crate) fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.slots.iter().flat_map(|slot| {
            let all = 0..slot.segment.records() as u32;
            all.filter(|r| slot.is_live(*r)).map(move |record| RecordRef { slot, record })
        })
    }

    /// Resident bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let of = |s: &Slot| {
            s.segment.memory_bytes()
                + 4 * s.classes.len()
                + 8 * s.dead.len()
                + size_of_val(s.links.as_slice())
                + s.live.get().map_or(0, |l| size_of_val(&**l))
        };
        self.slots.iter().map(of).sum()
    }
}

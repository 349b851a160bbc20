//! What the rows of a segment refer to by number: strings, codes, units, ranges, classes. One form
//! that grows while a segment is built, one that is compact and read-only.

use super::strings::Strings;
use crate::record::{Comparator, DecisionClass, Precision};
use std::collections::HashMap;
use std::hash::Hash;

/// Most entries of any one table, and most rows of a segment.
pub(super) const MAX_ITEMS: usize = 1 << 20;
/// Most bytes of the strings, and of everything in a segment that is compressed.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// How a time was stated; `None` is "no time".
pub(super) type Zone = Option<(Precision, Option<i16>)>;

/// What amounts have in common: unit, UCUM code (strings), digits behind the point, comparator.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Measure {
    pub(super) unit: u32,
    pub(super) ucum: u32,
    pub(super) scale: i8,
    pub(super) comparator: Comparator,
}

silent_debug!(Measure);

/// A reference range: mantissas with their measures, and two strings.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RangeItem {
    pub(super) low: Option<(i64, u32)>,
    pub(super) high: Option<(i64, u32)>,
    pub(super) text: u32,
    pub(super) interpretation: u32,
}

silent_debug!(RangeItem);

/// What a record has in common with many: author, confidentiality, sensitivities, obligations.
pub(super) type RecordClass = (u8, u8, u32, u32);

/// Distinct values, numbered as they come.
pub(super) struct Pool<T> {
    items: Vec<T>,
    ids: HashMap<T, u32, super::index::Seeded>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { items: Vec::new(), ids: HashMap::default() }
    }
}

impl<T: Copy + Eq + Hash> Pool<T> {
    fn new() -> Self {
        Self::default()
    }

    #[inline]
    pub(super) fn intern(&mut self, item: T) -> u32 {
        let next = self.items.len() as u32;
        let id = *self.ids.entry(item).or_insert(next);
        if id == next {
            self.items.push(item);
        }
        id
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }
}

/// The growing form. String 0 is empty, code set 0 has no codes, zone 0 is "no time".
pub(super) struct Interner {
    pub(super) strings: Strings,
    pub(super) codings: Pool<[u32; 3]>,
    pub(super) set_ends: Vec<u32>,
    pub(super) set_members: Vec<u32>,
    set_ids: HashMap<Box<[u32]>, u32, super::index::Seeded>,
    pub(super) measures: Pool<Measure>,
    /// Coded values: the set of their codes, and their words.
    pub(super) codeds: Pool<(u32, u32)>,
    pub(super) ranges: Pool<RangeItem>,
    pub(super) classes: Pool<DecisionClass>,
    /// Record classes: author, confidentiality, sensitivities, obligations.
    pub(super) record_classes: Pool<RecordClass>,
    pub(super) zones: Pool<Zone>,
    pub(super) versions: Pool<u64>,
    pub(super) groups: Pool<u64>,
    /// Scratch for the members of a set.
    members: Vec<u32>,
}

impl Interner {
    pub(super) fn new() -> Self {
        let mut new = Self {
            strings: Strings::new(),
            codings: Pool::new(),
            set_ends: Vec::new(),
            set_members: Vec::new(),
            set_ids: HashMap::default(),
            measures: Pool::new(),
            codeds: Pool::new(),
            ranges: Pool::new(),
            classes: Pool::new(),
            record_classes: Pool::new(),
            zones: Pool::new(),
            versions: Pool::new(),
            groups: Pool::new(),
            members: Vec::new(),
        };
        new.set(core::iter::empty());
        new.zones.intern(None);
        new
    }

    #[inline]
    pub(super) fn string(&mut self, s: &str) -> u32 {
        self.strings.intern(s)
    }

    pub(super) fn set<'s>(&mut self, codes: impl Iterator<Item = (&'s str, &'s str, &'s str)>) -> u32 {
        let mut members = core::mem::take(&mut self.members);
        members.clear();
        for (system, code, display) in codes {
            let coding = [self.string(system), self.string(code), self.string(display)];
            members.push(self.codings.intern(coding));
        }
        let id = match self.set_ids.get(&members[..]) {
            Some(id) => *id,
            None => {
                let id = self.set_ends.len() as u32;
                self.set_members.extend_from_slice(&members);
                self.set_ends.push(self.set_members.len() as u32);
                self.set_ids.insert(members.as_slice().into(), id);
                id
            }
        };
        self.members = members;
        id
    }

    /// Whether a table went over its limit.
    pub(super) fn over(&self) -> bool {
        let tables = [
            self.strings.len(),
            self.codings.items.len(),
            self.set_ends.len(),
            self.set_members.len(),
            self.measures.items.len(),
            self.codeds.items.len(),
            self.ranges.items.len(),
            self.classes.items.len(),
            self.record_classes.items.len(),
            self.zones.items.len(),
            self.versions.items.len(),
            self.groups.items.len(),
        ];
        self.strings.over() || tables.into_iter().any(|n| n > MAX_ITEMS)
    }
}

/// The compact form. Every number in it was bounded when it was read.
pub(super) struct Dictionary {
    pub(super) text: Box<str>,
    /// Where each string ends.
    pub(super) ends: Box<[u32]>,
    pub(super) codings: Box<[[u32; 3]]>,
    /// Where the members of each set end.
    pub(super) set_ends: Box<[u32]>,
    pub(super) set_members: Box<[u32]>,
    pub(super) measures: Box<[Measure]>,
    pub(super) codeds: Box<[(u32, u32)]>,
    pub(super) ranges: Box<[RangeItem]>,
    pub(super) classes: Box<[DecisionClass]>,
    pub(super) record_classes: Box<[RecordClass]>,
    pub(super) zones: Box<[Zone]>,
    pub(super) versions: Box<[u64]>,
    pub(super) groups: Box<[u64]>,
}

/// A code of a code system, borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodingRef<'a> {
    /// The system's URI; may be empty.
    pub(crate) system: &'a str,
    /// The code.
    pub(crate) code: &'a str,
    /// The source's words for it; may be empty.
    pub(crate) display: &'a str,
}

silent_debug!(CodingRef<'a>);

/// The part of `all` that entry `id` of a table of ends covers.
#[inline]
pub(super) fn between(ends: &[u32], id: u32) -> core::ops::Range<usize> {
    let id = id as usize;
    let end = ends.get(id).copied().unwrap_or(0) as usize;
    let start = id.checked_sub(1).and_then(|i| ends.get(i)).copied().unwrap_or(0) as usize;
    start..end
}

impl Dictionary {
    #[inline]
    pub(super) fn string(&self, id: u32) -> &str {
        self.text.get(between(&self.ends, id)).unwrap_or("")
    }

    #[inline]
    pub(super) fn members(&self, set: u32) -> &[u32] {
        self.set_members.get(between(&self.set_ends, set)).unwrap_or(&[])
    }

    #[inline]
    pub(super) fn coding(&self, id: u32) -> CodingRef<'_> {
        let [system, code, display] = self.codings.get(id as usize).copied().unwrap_or_default();
        CodingRef { system: self.string(system), code: self.string(code), display: self.string(display) }
    }

    pub(super) fn codes(&self, set: u32) -> impl ExactSizeIterator<Item = CodingRef<'_>> + Clone + '_ {
        self.members(set).iter().map(|c| self.coding(*c))
    }

    pub(super) fn memory(&self) -> usize {
        self.text.len()
            + size_of_val(&*self.ends)
            + size_of_val(&*self.codings)
            + size_of_val(&*self.set_ends)
            + size_of_val(&*self.set_members)
            + size_of_val(&*self.measures)
            + size_of_val(&*self.codeds)
            + size_of_val(&*self.ranges)
            + size_of_val(&*self.classes)
            + size_of_val(&*self.record_classes)
            + size_of_val(&*self.zones)
            + 8 * (self.versions.len() + self.groups.len())
    }
}

//! One immutable segment: typed facts in columns, sorted by code set and time, and the records
//! they come from.
//!
//! What belongs here: the form of a segment, in bytes and in memory. What must not: anything that
//! looks at two segments at once; that is `merge`'s, `store`'s and `view`'s.

mod build;
mod decode;
mod encode;
mod lines;

pub(crate) use build::{NewRecord, SegmentBuilder};
pub(super) use build::{RecordRow, Row, Table};
pub(crate) use decode::Room;
pub(super) use lines::SetLine;

use super::column::{Column, unbias, unzigzag};
use super::dictionary::Dictionary;
use super::index::IdIndex;
use super::query::{ObjectRef, Origin, SeriesSummary};
use crate::id::RecordId;
use crate::label::Obligations;
use crate::record::{Span, When};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// What a value column holds, by number.
pub(super) mod tag {
    pub(crate) const NONE: u8 = 0;
    /// `num` is the mantissa, `reference` a measure.
    pub(crate) const QUANTITY: u8 = 1;
    /// `reference` is a coded value.
    pub(crate) const CODED: u8 = 2;
    /// `reference` is a string.
    pub(crate) const TEXT: u8 = 3;
    pub(crate) const FALSE: u8 = 4;
    pub(crate) const TRUE: u8 = 5;
}

/// A segment, decoded and checked: every number in it that refers to something refers to something
/// that is there.
pub(crate) struct Segment {
    pub(super) words: Dictionary,
    pub(super) rows: FactColumns,
    pub(super) records: RecordColumns,
    /// Records of older segments that are gone.
    pub(super) retired: Box<[[u8; 16]]>,
    /// Records of older segments that another source attests.
    pub(super) links: Box<[([u8; 16], Origin)]>,
    /// Bytes of the encoded form.
    encoded: usize,
    /// Bytes of its frame.
    unpacked: usize,
    codes: OnceLock<Box<[CodeEntry]>>,
    by_id: OnceLock<IdIndex>,
    by_identity: OnceLock<IdIndex>,
    by_record: OnceLock<RowLists>,
    lines: OnceLock<Box<[SetLine]>>,
}

/// The facts.
pub(super) struct FactColumns {
    /// Where the rows of each code set end.
    pub(super) set_ends: Box<[u32]>,
    /// Where its dated rows end; the undated ones stand behind them.
    pub(super) dated_ends: Box<[u32]>,
    /// Milliseconds; 0 where undated.
    pub(super) at: Box<[i64]>,
    pub(super) zone: Column,
    pub(super) until_zone: Column,
    pub(super) until: Column,
    pub(super) tag: Column,
    pub(super) num: Column,
    pub(super) reference: Column,
    pub(super) status: Column,
    pub(super) class: Column,
    pub(super) text: Column,
    pub(super) note: Column,
    /// Range and one; 0 is none.
    pub(super) range: Column,
    pub(super) record: Column,
    pub(super) part: Column,
    /// Whether a row was entered in error at all.
    pub(super) any_errors: bool,
}

/// The records.
pub(super) struct RecordColumns {
    pub(super) ids: Box<[[u8; 16]]>,
    pub(super) identities: Box<[[u8; 16]]>,
    pub(super) contents: Box<[[u8; 16]]>,
    pub(super) number: Column,
    pub(super) version: Column,
    pub(super) group: Column,
    pub(super) class: Column,
    pub(super) type_name: Column,
    /// When the version was made, in zigzag; 0 is unknown.
    pub(super) updated: Column,
    /// Number of the version and one, or 0; the lowest bit: superseded.
    pub(super) revision: Column,
    /// Where the origins of each record end; absent where each has just one.
    pub(super) origin_ends: Option<Box<[u32]>>,
    pub(super) source: Column,
    pub(super) member: Column,
    pub(super) offset: Column,
    pub(super) len: Column,
    /// By record, ascending.
    pub(super) series: Box<[(u32, SeriesSummary)]>,
}

/// A code of the code index: hash of the code, coding, a set that holds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct CodeEntry {
    hash: u32,
    coding: u32,
    set: u32,
}

/// The rows of each record.
struct RowLists {
    ends: Box<[u32]>,
    rows: Box<[u32]>,
}

impl Segment {
    /// How many facts.
    pub(crate) fn facts(&self) -> usize {
        self.rows.at.len()
    }

    /// How many records.
    pub(crate) fn records(&self) -> usize {
        self.records.ids.len()
    }

    /// Key groups of its records: erasing one must rewrite this segment.
    pub(crate) fn groups(&self) -> &[u64] {
        &self.words.groups
    }

    /// What any of its records obliges to.
    pub(super) fn obliges(&self) -> Obligations {
        let bits = self.words.record_classes.iter().fold(0, |all, class| all | class.3);
        Obligations::from_bits(bits)
    }

    /// What [`plan`](super::plan) counts: facts, or what takes as much work as so many.
    pub(crate) fn weight(&self) -> usize {
        let rows = self.facts().max(self.records()).max(self.retired.len() + self.links.len());
        rows.max(self.encoded / 1024).max(self.words.text.len() / 512)
    }

    /// Resident bytes, indexes that were needed so far included.
    pub(crate) fn memory_bytes(&self) -> usize {
        let (f, r) = (&self.rows, &self.records);
        let columns = [
            &f.zone,
            &f.until_zone,
            &f.until,
            &f.tag,
            &f.num,
            &f.reference,
            &f.status,
            &f.class,
            &f.text,
            &f.note,
            &f.range,
            &f.record,
            &f.part,
            &r.number,
            &r.version,
            &r.group,
            &r.class,
            &r.type_name,
            &r.updated,
            &r.revision,
            &r.source,
            &r.member,
            &r.offset,
            &r.len,
        ];
        let tables = size_of_val(&*f.set_ends) + size_of_val(&*f.dated_ends) + size_of_val(&*f.at);
        let indexes = self.by_id.get().map_or(0, IdIndex::memory)
            + self.by_identity.get().map_or(0, IdIndex::memory)
            + self.by_record.get().map_or(0, |l| 4 * (l.ends.len() + l.rows.len()))
            + self.codes.get().map_or(0, |c| size_of_val(&**c))
            + self.lines.get().map_or(0, |l| size_of_val(&**l));
        size_of::<Self>()
            + columns.iter().map(|c| c.memory()).sum::<usize>()
            + tables
            + 48 * r.ids.len()
            + r.origin_ends.as_ref().map_or(0, |e| 4 * e.len())
            + size_of_val(&*r.series)
            + 16 * self.retired.len()
            + size_of_val(&*self.links)
            + self.words.memory()
            + indexes
    }

    /// Code sets with rows that hold this code; an empty system is any system.
    pub(super) fn sets_with(&self, system: &str, code: &str, out: &mut Vec<u32>) {
        let index = self.codes.get_or_init(|| {
            let mut entries = Vec::new();
            for set in 0..self.words.set_ends.len() as u32 {
                if !self.rows_of_set(set).is_empty() {
                    for coding in self.words.members(set) {
                        let hash = code_hash(self.words.coding(*coding).code);
                        entries.push(CodeEntry { hash, coding: *coding, set });
                    }
                }
            }
            entries.sort_unstable();
            entries.into()
        });
        let hash = code_hash(code);
        let from = index.partition_point(|e| e.hash < hash);
        for e in index.iter().skip(from).take_while(|e| e.hash == hash) {
            let c = self.words.coding(e.coding);
            if c.code == code && (system.is_empty() || c.system == system) {
                out.push(e.set);
            }
        }
    }

    /// The rows of a code set.
    #[inline]
    pub(super) fn rows_of_set(&self, set: u32) -> core::ops::Range<usize> {
        super::dictionary::between(&self.rows.set_ends, set)
    }

    /// Where the dated rows of a code set end.
    #[inline]
    pub(super) fn dated_end(&self, set: u32) -> usize {
        self.rows.dated_ends.get(set as usize).copied().unwrap_or(0) as usize
    }

    /// The code set of a row.
    #[inline]
    pub(super) fn set_of(&self, row: usize) -> u32 {
        self.rows.set_ends.partition_point(|end| *end as usize <= row) as u32
    }

    #[inline]
    pub(super) fn at(&self, row: usize) -> i64 {
        self.rows.at.get(row).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn when(&self, row: usize) -> Option<When> {
        let zone = self.words.zones.get(self.rows.zone.id(row) as usize).copied()?;
        zone.map(|(precision, offset)| When { at: self.at(row), precision, offset })
    }

    pub(super) fn until(&self, row: usize) -> Option<When> {
        let zone = self.words.zones.get(self.rows.until_zone.id(row) as usize).copied()?;
        let after = unzigzag(self.rows.until.get(row));
        zone.map(|(precision, offset)| When { at: self.at(row).wrapping_add(after), precision, offset })
    }

    #[inline]
    pub(super) fn num(&self, row: usize) -> i64 {
        unbias(self.rows.num.get(row))
    }

    #[inline]
    pub(super) fn record_id(&self, record: u32) -> [u8; 16] {
        self.records.ids.get(record as usize).copied().unwrap_or_default()
    }

    pub(super) fn place(&self, record: u32) -> u64 {
        self.records.number.get(record as usize)
    }

    pub(super) fn object(&self, record: u32) -> ObjectRef {
        let (r, at) = (&self.records, record as usize);
        ObjectRef {
            number: r.number.get(at),
            version: self.words.versions.get(r.version.id(at) as usize).copied().unwrap_or(0),
            group: self.words.groups.get(r.group.id(at) as usize).copied().unwrap_or(0),
        }
    }

    /// The origins that the record came with.
    pub(super) fn origins(&self, record: u32) -> impl Iterator<Item = Origin> + '_ {
        let range = match &self.records.origin_ends {
            Some(ends) => super::dictionary::between(ends, record),
            None => record as usize..record as usize + 1,
        };
        range.map(|i| self.origin_at(i))
    }

    fn origin_at(&self, i: usize) -> Origin {
        let r = &self.records;
        let span = Span { member: r.member.id(i), offset: r.offset.get(i), len: r.len.get(i) };
        Origin { source: r.source.id(i), span }
    }

    pub(super) fn series(&self, record: u32) -> Option<SeriesSummary> {
        let at = self.records.series.binary_search_by_key(&record, |s| s.0).ok()?;
        self.records.series.get(at).map(|s| s.1)
    }

    /// Records of an id; more than one only where a record came back after it was retired.
    pub(super) fn with_id<'a>(&'a self, id: &'a [u8; 16]) -> impl Iterator<Item = u32> + 'a {
        self.by_id.get_or_init(|| IdIndex::build(&self.records.ids)).rows(&self.records.ids, id)
    }

    /// Whether a record of this id is in it.
    pub(crate) fn holds(&self, id: &RecordId) -> bool {
        self.with_id(&id.0).next().is_some()
    }

    /// Whether it holds something of these key groups or sources, or links to these records.
    pub(crate) fn is_about(
        &self,
        groups: &BTreeSet<u64>,
        sources: &BTreeSet<u32>,
        records: &BTreeSet<RecordId>,
    ) -> bool {
        let of = |o: Origin| sources.contains(&o.source);
        self.groups().iter().any(|g| groups.contains(g))
            || self.links.iter().any(|(id, o)| records.contains(&RecordId(*id)) || of(*o))
            || !sources.is_empty() && (0..self.records() as u32).any(|r| self.origins(r).any(of))
    }

    /// Records of an identity, the last first.
    pub(super) fn with_identity<'a>(&'a self, id: &'a [u8; 16]) -> impl Iterator<Item = u32> + 'a {
        self.by_identity.get_or_init(|| IdIndex::build(&self.records.identities)).rows(&self.records.identities, id)
    }

    /// The rows of a record, by part.
    pub(super) fn rows_of_record(&self, record: u32) -> &[u32] {
        let lists = self.by_record.get_or_init(|| {
            let mut rows: Vec<u32> = (0..self.facts() as u32).collect();
            rows.sort_unstable_by_key(|r| (self.rows.record.id(*r as usize), self.rows.part.get(*r as usize)));
            let ends = (0..self.records() as u32)
                .map(|n| rows.partition_point(|r| self.rows.record.id(*r as usize) <= n) as u32)
                .collect();
            RowLists { ends, rows: rows.into() }
        });
        lists.rows.get(super::dictionary::between(&lists.ends, record)).unwrap_or(&[])
    }
}

/// FNV-1a: a short index key, compared in full afterwards.
fn code_hash(code: &str) -> u32 {
    code.bytes().fold(0x811c_9dc5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

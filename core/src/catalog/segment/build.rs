//! Collecting records, and the wide rows between reading and writing a segment.

use super::super::column::zigzag;
use super::super::dictionary::{Interner, Measure, RangeItem};
use super::super::query::{ObjectRef, Origin, SeriesSummary};
use super::tag;
use crate::error::{Error, Limit, Result};
use crate::id::{Identity, RecordId};
use crate::label::{Confidentiality, Obligations, Sensitivities};
use crate::record::{Author, Coding, DecisionClass, FactDraft, Quantity, ResourceType, Revision, Value, When};
use std::collections::{HashMap, HashSet};

/// A record as the catalog is told of it.
#[derive(Clone, Copy)]
pub(crate) struct NewRecord<'a> {
    /// Its id: new to the catalog, or retired by the same builder.
    pub(crate) id: RecordId,
    /// What it is across files.
    pub(crate) identity: Identity,
    /// Hash of what it says, however it is printed.
    pub(crate) content: [u8; 16],
    /// Where its body is.
    pub(crate) object: ObjectRef,
    /// Who attests it, the first import first.
    pub(crate) origins: &'a [Origin],
    /// Who stands behind it.
    pub(crate) author: Author,
    /// How confidential it is.
    pub(crate) confidentiality: Confidentiality,
    /// Why it is sensitive.
    pub(crate) sensitivities: Sensitivities,
    /// What it obliges its reader to.
    pub(crate) obligations: Obligations,
    /// The word by which reports count it.
    pub(crate) type_name: &'a str,
    /// What it says.
    pub(crate) facts: &'a [FactDraft],
    /// For a chunk of samples.
    pub(crate) series: Option<SeriesSummary>,
    /// Which version of its thing it is.
    pub(crate) revision: Revision,
    /// Superseded, and kept without facts: its body is there, no query finds it.
    pub(crate) history: bool,
}

/// The largest number of a version that is told apart.
const MAX_VERSION: u64 = (1 << 62) - 1;

/// One fact, all that refers to something by number.
#[derive(Clone, Copy)]
pub(in crate::catalog) struct Row {
    pub(in crate::catalog) set: u32,
    pub(in crate::catalog) at: i64,
    pub(in crate::catalog) zone: u32,
    pub(in crate::catalog) until: i64,
    pub(in crate::catalog) until_zone: u32,
    pub(in crate::catalog) tag: u8,
    pub(in crate::catalog) num: i64,
    pub(in crate::catalog) reference: u32,
    pub(in crate::catalog) status: u8,
    pub(in crate::catalog) class: u32,
    pub(in crate::catalog) text: u32,
    pub(in crate::catalog) note: u32,
    pub(in crate::catalog) range: u32,
    pub(in crate::catalog) record: u32,
    pub(in crate::catalog) part: u16,
}

/// One record; its origins stand in the table's list.
#[derive(Clone, Copy)]
pub(in crate::catalog) struct RecordRow {
    pub(in crate::catalog) id: [u8; 16],
    pub(in crate::catalog) identity: [u8; 16],
    pub(in crate::catalog) content: [u8; 16],
    pub(in crate::catalog) number: u64,
    pub(in crate::catalog) version: u32,
    pub(in crate::catalog) group: u32,
    pub(in crate::catalog) class: u32,
    pub(in crate::catalog) type_name: u32,
    pub(in crate::catalog) origins_end: usize,
    pub(in crate::catalog) series: Option<SeriesSummary>,
    pub(in crate::catalog) updated: u64,
    pub(in crate::catalog) revision: u64,
}

/// What becomes a segment.
pub(in crate::catalog) struct Table {
    pub(in crate::catalog) words: Interner,
    pub(in crate::catalog) rows: Vec<Row>,
    pub(in crate::catalog) records: Vec<RecordRow>,
    pub(in crate::catalog) origins: Vec<Origin>,
    pub(in crate::catalog) retired: Vec<[u8; 16]>,
    pub(in crate::catalog) links: Vec<([u8; 16], Origin)>,
}

impl Table {
    pub(in crate::catalog) fn new() -> Self {
        Self {
            words: Interner::new(),
            rows: Vec::new(),
            records: Vec::new(),
            origins: Vec::new(),
            retired: Vec::new(),
            links: Vec::new(),
        }
    }
}

/// Collects what one commit adds.
///
/// Within one segment, retirements come first: they concern records of older segments only, and a
/// record that is retired may be added again, with another object or other origins.
pub(crate) struct SegmentBuilder {
    table: Table,
    too_many_parts: bool,
}

impl Default for SegmentBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl SegmentBuilder {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { table: Table::new(), too_many_parts: false }
    }

    /// One that goes on where a segment ended. `None` where that one holds links, which would be read
    /// as this builder's.
    pub(in crate::catalog) fn upon(table: Table) -> Option<Self> {
        table.links.is_empty().then_some(Self { table, too_many_parts: false })
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.records.is_empty() && self.table.retired.is_empty() && self.table.links.is_empty()
    }

    /// Adds a record with its facts.
    pub(crate) fn add(&mut self, rec: NewRecord<'_>) {
        let t = &mut self.table;
        let record = t.records.len() as u32;
        let w = &mut t.words;
        t.origins.extend_from_slice(rec.origins);
        let (bits, obligations) = (rec.sensitivities.bits(), rec.obligations.bits());
        t.records.push(RecordRow {
            id: rec.id.0,
            identity: rec.identity.0,
            content: rec.content,
            number: rec.object.number,
            version: w.versions.intern(rec.object.version),
            group: w.groups.intern(rec.object.group),
            class: w.record_classes.intern((rec.author as u8, rec.confidentiality as u8, bits, obligations)),
            type_name: w.string(rec.type_name),
            origins_end: t.origins.len(),
            series: rec.series,
            updated: rec.revision.updated.map_or(0, zigzag),
            revision: rec.revision.version.map_or(0, |v| v.min(MAX_VERSION) + 1) << 1 | u64::from(rec.history),
        });
        let resource = ResourceType::of(rec.type_name);
        let facts = if rec.history { &[] } else { rec.facts };
        for (part, fact) in facts.iter().enumerate() {
            let Ok(part) = u16::try_from(part) else {
                self.too_many_parts = true;
                return;
            };
            let class = DecisionClass {
                category: fact.category,
                kind: fact.kind,
                confidentiality: rec.confidentiality,
                sensitivities: bits,
                obligations,
                author: rec.author,
                resource,
            };
            t.rows.push(row(w, fact, class, record, part));
        }
    }

    /// A record of an older segment is gone, with its facts and everything that was linked to it.
    pub(crate) fn retire(&mut self, id: RecordId) {
        self.table.retired.push(id.0);
    }

    /// Another source attests a record of an older segment, or of this one.
    pub(crate) fn link(&mut self, id: RecordId, origin: Origin) {
        self.table.links.push((id.0, origin));
    }

    /// The segment's bytes, to be sealed.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where a record has more than 65,536 facts or the segment more than a
    /// million records, facts or table entries, or 64 MiB before compression.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
        if self.too_many_parts {
            return Err(Error::TooLarge(Limit::Items));
        }
        self.table.settle();
        self.table.encode()
    }

    /// As [`finish`](Self::finish), with one class for records of whatever type.
    #[cfg(test)]
    pub(in crate::catalog) fn finish_without_types(mut self) -> Result<Vec<u8>> {
        let t = &mut self.table;
        let all = core::mem::take(&mut t.words.classes);
        for row in &mut t.rows {
            if let Some(class) = all.items().get(row.class as usize) {
                row.class = t.words.classes.intern(DecisionClass { resource: ResourceType::NONE, ..*class });
            }
        }
        t.settle();
        self.table.encode()
    }

    /// As [`finish`](Self::finish), uncompressed, so that tests can damage the tables.
    #[cfg(test)]
    pub(in crate::catalog) fn finish_stored(mut self) -> Result<Vec<u8>> {
        self.table.settle();
        self.table.encode_stored()
    }
}

impl Table {
    /// Gives links to records of this very segment to those, and drops links to what is retired.
    fn settle(&mut self) {
        self.retired.sort_unstable();
        self.retired.dedup();
        if self.links.is_empty() {
            return;
        }
        let gone: HashSet<[u8; 16]> = self.retired.iter().copied().collect();
        let here: HashMap<[u8; 16], usize> = self.records.iter().enumerate().map(|(i, r)| (r.id, i)).collect();
        let mut more: Vec<(usize, Origin)> = Vec::new();
        self.links.retain(|(id, origin)| match here.get(id) {
            Some(record) => {
                more.push((*record, *origin));
                false
            }
            None => !gone.contains(id),
        });
        self.add_origins(more);
    }

    /// Adds origins behind those that the records have.
    pub(in crate::catalog) fn add_origins(&mut self, mut more: Vec<(usize, Origin)>) {
        if more.is_empty() {
            return;
        }
        more.sort_by_key(|(record, _)| *record);
        let old = core::mem::take(&mut self.origins);
        let (mut from, mut more) = (0, more.into_iter().peekable());
        for (i, r) in self.records.iter_mut().enumerate() {
            let start = self.origins.len();
            self.origins.extend_from_slice(old.get(from..r.origins_end).unwrap_or(&[]));
            from = r.origins_end;
            while let Some((_, origin)) = more.next_if(|(record, _)| *record == i) {
                if !self.origins.iter().skip(start).any(|o| *o == origin) {
                    self.origins.push(origin);
                }
            }
            r.origins_end = self.origins.len();
        }
    }
}

fn row(w: &mut Interner, fact: &FactDraft, class: DecisionClass, record: u32, part: u16) -> Row {
    let (tag, num, reference) = match &fact.value {
        Value::None => (tag::NONE, 0, 0),
        Value::Quantity(q) => {
            let (num, measure) = quantity(w, q);
            (tag::QUANTITY, num, measure)
        }
        Value::Coded(codes, text) => {
            let coded = (set(w, codes), w.string(text));
            (tag::CODED, 0, w.codeds.intern(coded))
        }
        Value::Text(text) => (tag::TEXT, 0, w.string(text)),
        Value::Bool(b) => (if *b { tag::TRUE } else { tag::FALSE }, 0, 0),
    };
    let range = fact.range.as_deref().map_or(0, |r| {
        let item = RangeItem {
            low: r.low.as_ref().map(|q| quantity(w, q)),
            high: r.high.as_ref().map(|q| quantity(w, q)),
            text: w.string(&r.text),
            interpretation: w.string(&r.interpretation),
        };
        w.ranges.intern(item) + 1
    });
    let zone = |w: &mut Interner, t: Option<When>| w.zones.intern(t.map(|t| (t.precision, t.offset)));
    Row {
        set: set(w, &fact.codes),
        at: fact.when.map_or(0, |t| t.at),
        zone: zone(w, fact.when),
        until: fact.until.map_or(0, |t| t.at),
        until_zone: zone(w, fact.until),
        tag,
        num,
        reference,
        status: fact.status as u8,
        class: w.classes.intern(class),
        text: w.string(&fact.text),
        note: w.string(&fact.note),
        range,
        record,
        part,
    }
}

fn set(w: &mut Interner, codes: &[Coding]) -> u32 {
    w.set(codes.iter().map(|c| (c.system.as_str(), c.code.as_str(), c.display.as_str())))
}

fn quantity(w: &mut Interner, q: &Quantity) -> (i64, u32) {
    let measure =
        Measure { unit: w.string(&q.unit), ucum: w.string(&q.ucum), scale: q.number.scale(), comparator: q.comparator };
    (q.number.mantissa(), w.measures.intern(measure))
}

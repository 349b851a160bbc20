//! Facts and records as they stand in a segment: accessors that copy nothing.

#![cfg_attr(not(test), expect(dead_code, reason = "erasure and repair will retire, rewrite and walk records"))]

use super::column::unzigzag;
use super::dictionary::{CodingRef, Dictionary};
use super::query::{FactRow, ObjectRef, Origin, SeriesSummary};
use super::segment::tag;
use super::store::Slot;
use crate::id::{Identity, RecordId};
use crate::label::{Confidentiality, Obligations, Sensitivities};
use crate::record::{
    Author, Category, Coding, Comparator, Decimal, DecisionClass, FactDraft, Kind, ObservedRange, Quantity,
    ResourceType, Revision, Status, Value, When,
};
use core::cmp::Ordering;

/// A live fact of a catalog.
#[derive(Clone, Copy)]
pub(crate) struct Fact<'a> {
    pub(super) slot: &'a Slot,
    pub(super) set: u32,
    pub(super) row: usize,
}

/// An amount, borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuantityRef<'a> {
    /// The number, digit for digit.
    pub(crate) number: Decimal,
    /// Below or above it.
    pub(crate) comparator: Comparator,
    /// The unit as the source prints it.
    pub(crate) unit: &'a str,
    /// The UCUM code; may be empty.
    pub(crate) ucum: &'a str,
}

silent_debug!(QuantityRef<'a>);

/// The codes of a set, borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Codes<'a> {
    words: &'a Dictionary,
    set: u32,
}

impl<'a> Codes<'a> {
    /// The codes, in the source's order.
    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = CodingRef<'a>> + Clone {
        self.words.codes(self.set)
    }

    fn to_vec(self) -> Vec<Coding> {
        self.iter().map(|c| Coding::new(c.system, c.code, c.display)).collect()
    }
}

/// What a fact says, borrowed.
#[derive(Clone, Copy)]
pub(crate) enum ValueRef<'a> {
    /// That it is there.
    None,
    /// An amount.
    Quantity(QuantityRef<'a>),
    /// One of a list of codes, and the source's words.
    Coded(Codes<'a>, &'a str),
    /// Words.
    Text(&'a str),
    /// Yes or no.
    Bool(bool),
}

/// A reference range as reported, borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RangeRef<'a> {
    /// Lower bound.
    pub(crate) low: Option<QuantityRef<'a>>,
    /// Upper bound.
    pub(crate) high: Option<QuantityRef<'a>>,
    /// The source's words.
    pub(crate) text: &'a str,
    /// The reported flag; may be empty.
    pub(crate) interpretation: &'a str,
}

silent_debug!(RangeRef<'a>);

fn quantity(words: &Dictionary, mantissa: i64, measure: u32) -> Option<QuantityRef<'_>> {
    let m = words.measures.get(measure as usize)?;
    Some(QuantityRef {
        number: Decimal::new(mantissa, m.scale)?,
        comparator: m.comparator,
        unit: words.string(m.unit),
        ucum: words.string(m.ucum),
    })
}

impl QuantityRef<'_> {
    fn to_owned(self) -> Quantity {
        Quantity {
            number: self.number,
            comparator: self.comparator,
            unit: self.unit.to_owned(),
            ucum: self.ucum.to_owned(),
        }
    }
}

impl<'a> Fact<'a> {
    fn words(&self) -> &'a Dictionary {
        &self.slot.segment.words
    }

    fn string(&self, id: u32) -> &'a str {
        self.words().string(id)
    }

    /// The record that says it.
    pub(crate) fn record(&self) -> RecordRef<'a> {
        RecordRef { slot: self.slot, record: self.slot.segment.rows.record.id(self.row) }
    }

    /// Position among that record's facts.
    pub(crate) fn part(&self) -> u16 {
        self.slot.segment.rows.part.get(self.row) as u16
    }

    /// What decisions look at.
    pub(crate) fn class(&self) -> DecisionClass {
        let id = self.slot.segment.rows.class.id(self.row);
        self.words().classes.get(id as usize).copied().unwrap_or(DecisionClass {
            category: Category::Other,
            kind: Kind::Other,
            confidentiality: Confidentiality::VeryRestricted,
            sensitivities: u32::MAX,
            obligations: u32::MAX,
            author: Author::Source,
            resource: ResourceType::NONE,
        })
    }

    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        self.class().kind
    }

    /// Its codes, the most specific first.
    pub(crate) fn codes(&self) -> Codes<'a> {
        Codes { words: self.words(), set: self.set }
    }

    /// The source's words for it.
    pub(crate) fn text(&self) -> &'a str {
        self.string(self.slot.segment.rows.text.id(self.row))
    }

    /// When it was, or began.
    pub(crate) fn when(&self) -> Option<When> {
        self.slot.segment.when(self.row)
    }

    /// When it ended.
    pub(crate) fn until(&self) -> Option<When> {
        self.slot.segment.until(self.row)
    }

    /// What it says.
    pub(crate) fn value(&self) -> ValueRef<'a> {
        let rows = &self.slot.segment.rows;
        let reference = rows.reference.id(self.row);
        match rows.tag.get(self.row) as u8 {
            tag::QUANTITY => self.quantity().map_or(ValueRef::None, ValueRef::Quantity),
            tag::CODED => {
                let (set, text) = self.words().codeds.get(reference as usize).copied().unwrap_or_default();
                ValueRef::Coded(Codes { words: self.words(), set }, self.string(text))
            }
            tag::TEXT => ValueRef::Text(self.string(reference)),
            tag::FALSE => ValueRef::Bool(false),
            tag::TRUE => ValueRef::Bool(true),
            _ => ValueRef::None,
        }
    }

    /// Its amount, where it has one.
    pub(crate) fn quantity(&self) -> Option<QuantityRef<'a>> {
        let s = &self.slot.segment;
        if s.rows.tag.get(self.row) as u8 != tag::QUANTITY {
            return None;
        }
        quantity(self.words(), s.num(self.row), s.rows.reference.id(self.row))
    }

    /// The number of its amount.
    pub(crate) fn number(&self) -> Option<Decimal> {
        self.quantity().map(|q| q.number)
    }

    /// The unit of its amount as the source prints it; empty where there is none.
    pub(crate) fn unit(&self) -> &'a str {
        self.quantity().map_or("", |q| q.unit)
    }

    /// Where it stands in its life.
    pub(crate) fn status(&self) -> Status {
        Status::from_u8(self.slot.segment.rows.status.get(self.row) as u8).unwrap_or(Status::Unstated)
    }

    /// The reference range as reported.
    pub(crate) fn range(&self) -> Option<RangeRef<'a>> {
        let id = self.slot.segment.rows.range.id(self.row).checked_sub(1)?;
        let r = self.words().ranges.get(id as usize)?;
        let bound = |q: Option<(i64, u32)>| q.and_then(|(n, m)| quantity(self.words(), n, m));
        Some(RangeRef {
            low: bound(r.low),
            high: bound(r.high),
            text: self.string(r.text),
            interpretation: self.string(r.interpretation),
        })
    }

    /// More words that belong to it.
    pub(crate) fn note(&self) -> &'a str {
        self.string(self.slot.segment.rows.note.id(self.row))
    }

    /// For [`Kind::Series`].
    pub(crate) fn series(&self) -> Option<SeriesSummary> {
        if self.kind() != Kind::Series {
            return None;
        }
        self.slot.segment.series(self.record().record)
    }

    /// The fact, owned.
    pub(crate) fn to_row(self) -> FactRow {
        let class = self.class();
        let record = self.record();
        let value = match self.value() {
            ValueRef::None => Value::None,
            ValueRef::Quantity(q) => Value::Quantity(q.to_owned()),
            ValueRef::Coded(codes, text) => Value::Coded(codes.to_vec(), text.to_owned()),
            ValueRef::Text(text) => Value::Text(text.to_owned()),
            ValueRef::Bool(b) => Value::Bool(b),
        };
        let range = self.range().map(|r| {
            Box::new(ObservedRange {
                low: r.low.map(QuantityRef::to_owned),
                high: r.high.map(QuantityRef::to_owned),
                text: r.text.to_owned(),
                interpretation: r.interpretation.to_owned(),
            })
        });
        FactRow {
            record: record.id(),
            part: self.part(),
            object: record.object(),
            origins: record.origins(),
            class,
            fact: FactDraft {
                kind: class.kind,
                category: class.category,
                codes: self.codes().to_vec(),
                text: self.text().to_owned(),
                when: self.when(),
                until: self.until(),
                value,
                status: self.status(),
                range,
                note: self.note().to_owned(),
            },
            series: self.series(),
            type_name: record.type_name().to_owned(),
        }
    }

    /// Orders facts of equal time, so that an answer does not depend on how segments were merged.
    pub(super) fn tie(&self, other: &Self) -> Ordering {
        let key = |f: &Self| (f.record().place(), f.record().id(), f.part());
        key(self).cmp(&key(other))
    }
}

/// A record of a catalog.
#[derive(Clone, Copy)]
pub(crate) struct RecordRef<'a> {
    pub(super) slot: &'a Slot,
    pub(super) record: u32,
}

impl<'a> RecordRef<'a> {
    /// Its id.
    pub(crate) fn id(&self) -> RecordId {
        RecordId(self.slot.segment.record_id(self.record))
    }

    /// What it is across files.
    pub(crate) fn identity(&self) -> Identity {
        let at = self.record as usize;
        Identity(self.slot.segment.records.identities.get(at).copied().unwrap_or_default())
    }

    /// Hash of what it says, however it is printed.
    pub(crate) fn content(&self) -> [u8; 16] {
        self.slot.segment.records.contents.get(self.record as usize).copied().unwrap_or_default()
    }

    /// The number of its body: that of its row and the position in it, in the order in which records came.
    pub(crate) fn place(&self) -> u64 {
        self.slot.segment.place(self.record)
    }

    /// Where its body is.
    pub(crate) fn object(&self) -> ObjectRef {
        self.slot.segment.object(self.record)
    }

    /// Which version of its thing it is.
    pub(crate) fn revision(&self) -> Revision {
        let (r, at) = (&self.slot.segment.records, self.record as usize);
        let updated = Some(r.updated.get(at)).filter(|u| *u != 0).map(unzigzag);
        Revision { updated, version: (r.revision.get(at) >> 1).checked_sub(1) }
    }

    /// Whether it was superseded.
    pub(crate) fn is_history(&self) -> bool {
        self.slot.segment.records.revision.get(self.record as usize) & 1 == 1
    }

    /// Every place that attests it, the first import first.
    pub(crate) fn origins(&self) -> Vec<Origin> {
        let mut all: Vec<Origin> = self.slot.segment.origins(self.record).collect();
        for o in self.slot.linked(self.record) {
            if !all.contains(&o) {
                all.push(o);
            }
        }
        all
    }

    fn class(&self) -> (Author, Confidentiality, u32, u32) {
        let s = &self.slot.segment;
        let id = s.records.class.id(self.record as usize);
        let strict = (Author::Source as u8, Confidentiality::VeryRestricted as u8, u32::MAX, u32::MAX);
        let (a, c, bits, obligations) = s.words.record_classes.get(id as usize).copied().unwrap_or(strict);
        let author = Author::from_u8(a).unwrap_or(Author::Source);
        (author, Confidentiality::from_u8(c).unwrap_or(Confidentiality::VeryRestricted), bits, obligations)
    }

    /// Who stands behind it.
    pub(crate) fn author(&self) -> Author {
        self.class().0
    }

    /// How confidential it is.
    pub(crate) fn confidentiality(&self) -> Confidentiality {
        self.class().1
    }

    /// Why it is sensitive.
    pub(crate) fn sensitivities(&self) -> Sensitivities {
        Sensitivities::from_bits(self.class().2)
    }

    /// What it obliges its reader to.
    pub(crate) fn obligations(&self) -> Obligations {
        Obligations::from_bits(self.class().3)
    }

    /// The word by which reports count it.
    pub(crate) fn type_name(&self) -> &'a str {
        let s = &self.slot.segment;
        s.words.string(s.records.type_name.id(self.record as usize))
    }

    /// For a chunk of samples.
    pub(crate) fn series(&self) -> Option<SeriesSummary> {
        self.slot.segment.series(self.record)
    }

    /// Its facts, unfiltered, by part: for the vault's own bookkeeping.
    pub(crate) fn facts(&self) -> impl ExactSizeIterator<Item = Fact<'a>> + use<'a> {
        let slot = self.slot;
        slot.segment.rows_of_record(self.record).iter().map(move |row| {
            let row = *row as usize;
            Fact { slot, set: slot.segment.set_of(row), row }
        })
    }
}

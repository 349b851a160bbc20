//! Facts without their words: what statistics over a long series need.

use super::fact::{Fact, ValueRef};
use super::query::{FactRow, ObjectRef};
use super::segment::tag;
use crate::record::{Coding, FactDraft, Quantity, Value};
use std::collections::HashMap;

/// A row that may lack its words.
#[derive(Clone, PartialEq)]
pub struct Lean {
    /// The row. Of a lean one, codes, words, units, range and origins are left out; record, part, row,
    /// class, time, status, number and comparator are there.
    pub row: FactRow,
    /// Position in [`LeanRows::heads`] of what it shares with others.
    pub head: u32,
    /// Where its view finds all of it.
    pub place: (u32, u32),
}

silent_debug!(Lean);

impl core::ops::Deref for Lean {
    type Target = FactRow;

    fn deref(&self) -> &FactRow {
        &self.row
    }
}

/// Rows, and what they share.
#[derive(Clone, PartialEq, Default)]
pub struct LeanRows {
    /// The rows, in the order asked for.
    pub rows: Vec<Lean>,
    /// A fact of each kind that there is: its codes and words, and the unit of its value.
    pub heads: Vec<FactDraft>,
}

silent_debug!(LeanRows);

impl LeanRows {
    /// Of whole rows.
    #[must_use]
    pub fn of_rows(rows: Vec<FactRow>) -> Self {
        type Key = (Vec<Coding>, String, String, String);
        let mut known: HashMap<Key, u32> = HashMap::new();
        let mut out = Self::default();
        for row in rows {
            let f = &row.fact;
            let (unit, ucum) = match &f.value {
                Value::Quantity(q) => (q.unit.clone(), q.ucum.clone()),
                _ => (String::new(), String::new()),
            };
            let head = *known.entry((f.codes.clone(), f.text.clone(), unit, ucum)).or_insert_with(|| {
                out.heads.push(f.clone());
                out.heads.len() as u32 - 1
            });
            out.rows.push(Lean { row, head, place: (0, 0) });
        }
        out
    }

    /// Of facts of a catalog, each with its segment's position; words are read once per head.
    pub(super) fn of_facts(facts: &[(u32, Fact<'_>)]) -> Self {
        let mut known: HashMap<[u32; 4], u32, super::index::Seeded> = HashMap::default();
        let mut out = Self { rows: Vec::with_capacity(facts.len()), heads: Vec::new() };
        for (slot, fact) in facts {
            let rows = &fact.slot.segment.rows;
            let measure = (rows.tag.get(fact.row) as u8 == tag::QUANTITY).then(|| rows.reference.id(fact.row));
            let key = [*slot, fact.set, rows.text.id(fact.row), measure.map_or(u32::MAX, |m| m)];
            let head = *known.entry(key).or_insert_with(|| {
                out.heads.push(fact.to_row().fact);
                out.heads.len() as u32 - 1
            });
            out.rows.push(Lean { row: lean(*fact), head, place: (*slot, fact.row as u32) });
        }
        out
    }

    /// Only rows of the heads that `keep` says yes to.
    pub(crate) fn retain_heads(&mut self, keep: impl Fn(&FactDraft) -> bool) {
        let kept: Vec<bool> = self.heads.iter().map(keep).collect();
        self.rows.retain(|r| kept.get(r.head as usize).is_some_and(|k| *k));
    }

    /// More rows behind these.
    pub(crate) fn extend(&mut self, more: Self) {
        let shift = self.heads.len() as u32;
        self.heads.extend(more.heads);
        self.rows.extend(more.rows.into_iter().map(|r| Lean { head: r.head + shift, ..r }));
    }
}

fn lean(fact: Fact<'_>) -> FactRow {
    let class = fact.class();
    let value = match fact.value() {
        ValueRef::Quantity(q) => Value::Quantity(Quantity {
            number: q.number,
            comparator: q.comparator,
            unit: String::new(),
            ucum: String::new(),
        }),
        ValueRef::None => Value::None,
        // Neither a number nor nothing is all that statistics ask of the others.
        _ => Value::Bool(true),
    };
    FactRow {
        record: fact.record().id(),
        part: fact.part(),
        object: ObjectRef { number: fact.record().place(), version: 0, group: 0 },
        origins: Vec::new(),
        class,
        fact: FactDraft {
            when: fact.when(),
            value,
            status: fact.status(),
            ..FactDraft::new(class.kind, class.category)
        },
        series: None,
        type_name: String::new(),
    }
}

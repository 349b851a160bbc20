//! What a permit shows of one partition: its rows, cut to what may be seen, and the label of what
//! was looked at.

use super::memory::{is_note, notes_of};
use super::scope::Scope;
use super::state::Inner;
use crate::catalog::{
    Catalog, FactRow, Facts, Lean, LeanRows, ObjectRef, Presence, Query, RecordRef, Seeded, SourceInfo, View,
};
use crate::error::{Error, Limit, Part, Result};
use crate::id::RecordId;
use crate::label::Label;
use crate::policy::{Basis, RowFilter, Tag};
use crate::record::{Category, DecisionClass, Kind, Sample};
use crate::storage::ReadTxn;
use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
/// Whether facts of this kind were written by a session: they bring a tag of their own.
pub(super) const fn is_noted(kind: Kind) -> bool {
    matches!(kind, Kind::Memory | Kind::Turn)
}

/// What a composing function sees: a partition's facts through the permit's filter. Every row that
/// it is shown raises the label of the release.
pub(crate) struct Visible<'a> {
    pub(super) inner: &'a Inner,
    pub(super) txn: &'a dyn ReadTxn,
    pub(super) scope: &'a Scope,
    /// Without what is quarantined.
    pub(super) catalog: &'a Catalog,
    pub(super) view: View<'a>,
    pub(super) filter: &'a RowFilter,
    pub(super) label: Cell<Label>,
    /// Of the memories among it; the permit's own grants come on top.
    pub(super) basis: RefCell<Basis>,
    /// Whether all memories were joined in.
    pub(super) noted: Cell<bool>,
    /// Facts that were counted, not shown, and their categories.
    pub(super) counted: Cell<u64>,
    pub(super) counted_of: RefCell<BTreeSet<Category>>,
    pub(super) buffer: RefCell<Vec<u8>>,
    /// What is left of chunks that a period cuts; `None` where nothing is.
    pub(super) cut: RefCell<HashMap<RecordId, Option<FactRow>>>,
}

impl<'a> Visible<'a> {
    pub(super) fn new(
        inner: &'a Inner,
        txn: &'a dyn ReadTxn,
        scope: &'a Scope,
        catalog: &'a Catalog,
        filter: &'a RowFilter,
    ) -> Self {
        let view = View::new(catalog, filter);
        Self {
            inner,
            txn,
            scope,
            catalog,
            view,
            filter,
            label: Cell::new(scope.label()),
            basis: RefCell::default(),
            noted: Cell::new(false),
            counted: Cell::new(0),
            counted_of: RefCell::default(),
            buffer: RefCell::default(),
            cut: RefCell::default(),
        }
    }

    pub(super) fn raise(&self, class: &DecisionClass) {
        let mut label = self.label.get();
        label.confidentiality = label.confidentiality.max(class.confidentiality);
        label.sensitivities = label.sensitivities.union(class.sensitivities());
        label.obligations = label.obligations.union(class.obligations());
        self.label.set(label);
        // Which memories a number or a list tells of is not known here: of all that it can. What the
        // permit withholds is not among them: the label would tell of it.
        if is_noted(class.kind) && !self.noted.replace(true) {
            let seen = notes_of(self.catalog).into_iter().filter(|r| self.view.sees_any(*r));
            seen.for_each(|r| self.join(&self.scope.tag_of(r)));
        }
    }

    /// As [`raise`](Self::raise), by a row that is shown.
    fn raise_by(&self, row: &FactRow) {
        if is_noted(row.class.kind)
            && let Some(record) = self.catalog.find_record(&row.record)
        {
            return self.join(&self.scope.tag_of(record));
        }
        self.raise(&row.class);
    }

    /// Something of this tag is shown.
    pub(super) fn join(&self, tag: &Tag) {
        self.label.set(self.label.get().join(tag.label));
        self.basis.borrow_mut().extend(&tag.basis);
    }

    /// The records whose facts match; more than `max` is an error.
    pub(crate) fn records(&self, query: &Query, max: usize) -> Result<HashMap<RecordId, Held, Seeded>> {
        let mut held = HashMap::default();
        for fact in self.view.query_facts(query) {
            let record = fact.record();
            let Entry::Vacant(place) = held.entry(record.id()) else { continue };
            place.insert(Held::of(&self.view, record));
            self.join(&self.scope.tag_of(record));
            if held.len() > max {
                // What is told is how many were asked for, and of what there is more.
                self.counted.set(max as u64);
                self.counted_of.borrow_mut().extend(self.categories_of(held.keys()));
                return Err(Error::TooLarge(Limit::Items));
            }
        }
        Ok(held)
    }

    /// The categories of what may be seen of these records.
    pub(crate) fn categories_of<'r>(&self, records: impl IntoIterator<Item = &'r RecordId>) -> BTreeSet<Category> {
        let found = records.into_iter().filter_map(|id| self.catalog.find_record(id));
        found.flat_map(|r| self.view.seen_of(r)).map(|f| f.class().category).collect()
    }

    /// The permit's filter, for a reader that outlives the release.
    pub(crate) fn filter(&self) -> RowFilter {
        self.filter.clone()
    }
}

/// A released record: where it stands, and whether its body may be opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) object: ObjectRef,
    /// Every fact of it passes. A body shows all of them, and chunks of samples have none.
    pub(crate) whole: bool,
    /// A memory or a turn: of its body its text is shown, and not what it was made from, nor its row.
    pub(crate) note: bool,
}

impl Held {
    pub(crate) fn of(view: &View<'_>, record: RecordRef<'_>) -> Self {
        let whole = record.series().is_none() && view.sees_whole(record);
        Self { object: record.object(), whole, note: is_note(record.type_name()) }
    }
}

/// A record of an open block: its position stands in the low eight bits of the object's number.
pub(crate) fn block_record<'b>(block: &'b [u8], object: &ObjectRef) -> Result<&'b [u8]> {
    let at = usize::try_from(object.number & 0xff).map_err(|_| Error::Internal(80))?;
    super::block::record(block, at).ok_or(Error::Corrupt(Part::Body))
}

impl Facts for Visible<'_> {
    fn is_partial(&self) -> bool {
        self.scope.missing() > 0
    }

    fn query(&self, query: &Query) -> Result<Vec<FactRow>> {
        let rows = if self.view.cuts(query) { self.query_with_cut(query)? } else { self.view.query(query) };
        rows.iter().for_each(|row| self.raise_by(row));
        Ok(rows)
    }

    fn lean(&self, query: &Query) -> Result<LeanRows> {
        if self.view.cuts(query) {
            return self.query(query).map(LeanRows::of_rows);
        }
        let lean = self.view.lean(query);
        lean.rows.iter().for_each(|r| self.raise_by(&r.row));
        Ok(lean)
    }

    fn whole(&self, row: &Lean) -> Result<FactRow> {
        // A row of cut chunks is whole already, and has no place in the catalog.
        Ok(self.view.whole(row).unwrap_or_else(|| row.row.clone()))
    }

    fn count(&self, query: &Query) -> Result<u64> {
        let cut = self.cut_rows(query)?;
        let seen = &mut |class: &DecisionClass| {
            self.raise(class);
            self.counted_of.borrow_mut().insert(class.category);
        };
        cut.iter().for_each(|row| seen(&row.class));
        let n = self.view.count(query, seen) + cut.len() as u64;
        self.counted.set(self.counted.get() + n);
        Ok(n)
    }

    fn presence(&self) -> Result<Vec<Presence>> {
        let lines = self.presence_with_cut()?;
        self.counted.set(self.counted.get() + lines.iter().map(|l| l.count).sum::<u64>());
        self.counted_of.borrow_mut().extend(lines.iter().map(|l| l.category));
        Ok(lines)
    }

    fn samples(&self, row: &FactRow) -> Result<Vec<Sample>> {
        self.admitted(row)
    }

    fn source(&self, source: u32) -> Result<SourceInfo> {
        let s = self.scope.source(&self.inner.base, self.txn, source)?;
        Ok(SourceInfo { id: s.id, imported_at: s.imported_at })
    }
}

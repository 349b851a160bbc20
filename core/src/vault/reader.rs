//! Readers: one entry for a bounded set, then its facts and bodies, one by one.
//!
//! The unit of audit is the release of the set: count and root of its items are durable before the
//! first body is opened. Every read takes a new snapshot and looks at the system head and the
//! partition's head again: a withdrawal stops a reader that is open.

use super::release::{Release, open_body};
use super::scope::Scope;
use super::session::Session;
use super::state::{Inner, State};
use crate::audit::ReleaseKind;
use crate::catalog::{Catalog, FactRow, Query, View};
use crate::consent::Action;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::label::Label;
use crate::policy::RowFilter;
use crate::record::ClassFilter;
use crate::storage::{Copy, ReadTxn};
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

/// A released set of records, opened one by one.
pub struct Reader<'s> {
    session: &'s Session,
    partition: String,
    scope: Scope,
    system: crate::id::ScopeId,
    system_digest: [u8; 32],
    catalog: Arc<Catalog>,
    filter: RowFilter,
    set: HashSet<RecordId>,
    entry: u64,
    label: Label,
    block: RefCell<Block>,
}

#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
}

impl core::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Reader(..)")
    }
}

impl Session {
    /// Releases the records that match, `max` at most, to be opened one by one.
    ///
    /// # Errors
    /// [`Error::Denied`] where no grant covers the request; [`Error::TooLarge`] where more than
    /// `max` records match: the person was told of a bounded set.
    pub fn reader(&self, query: &Query, max: usize) -> Result<Reader<'_>> {
        let partition = self.default_partition()?;
        let bytes = format!("{query:?} max {max}").into_bytes();
        let out = self.release(&partition, Action::Read, ReleaseKind::Reader, &bytes, &mut |v| {
            let ids = v.records(query, max)?;
            let items = ids.iter().map(|id| (*id, u16::MAX)).collect();
            Ok(Release { value: (ids, v.filter()), items })
        })?;
        let (entry, label) = (out.receipt().entry, out.label());
        let (ids, filter) = out.into_value();
        let state = self.inner.peek()?;
        let scope = state.partitions.get(state.position(&partition)?).cloned().ok_or(Error::NoSuchPartition)?;
        Ok(Reader {
            session: self,
            partition,
            catalog: Arc::clone(&scope.catalog),
            system: state.view.id,
            system_digest: state.view.digest,
            scope,
            filter,
            set: ids.into_iter().collect(),
            entry,
            label,
            block: RefCell::default(),
        })
    }
}

/// The filter of a reader: the permit's, and nothing outside the released set.
struct Within<'a>(&'a RowFilter);

impl ClassFilter for Within<'_> {
    fn judge(&self, class: &crate::record::DecisionClass) -> crate::record::Verdict {
        self.0.judge(class)
    }
}

impl Reader<'_> {
    /// How many records were released.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The entry of the release in the partition's log.
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }

    /// The label of everything read through it.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.label
    }

    /// Whether the consent still stands: cheap as long as no head has changed.
    fn check(&self, txn: &dyn ReadTxn) -> Result<()> {
        let same = |scope, digest: &[u8; 32]| -> Result<bool> {
            Ok(txn.head(scope, Copy::First)?.is_some_and(|h| super::head::digest(&h.body) == *digest))
        };
        if same(&self.system, &self.system_digest)? && self.denials_unchanged(txn)? {
            return Ok(());
        }
        self.recheck()
    }

    /// A withdrawal by a handle without the system key stands in the partition's own manifest.
    fn denials_unchanged(&self, txn: &dyn ReadTxn) -> Result<bool> {
        let head = txn.head(&self.scope.id, Copy::First)?;
        Ok(head.is_some_and(|h| super::head::digest(&h.body) == self.scope.digest))
    }

    /// Something changed: decide again under the heads as they are now.
    fn recheck(&self) -> Result<()> {
        let inner = &*self.session.inner;
        let (_txn, state) = inner.read()?;
        let scope = self.current(&state)?;
        let asking = super::release::Asking {
            actors: &self.session.actors,
            purpose: self.session.purpose,
            action: Action::Read,
            kind: ReleaseKind::Reader,
            query: b"",
        };
        inner.decide(&state, scope, &asking).map(|_| ())
    }

    fn current<'a>(&self, state: &'a State) -> Result<&'a Scope> {
        state.partitions.get(state.position(&self.partition)?).ok_or(Error::NoSuchPartition)
    }

    fn inner(&self) -> &Inner {
        &self.session.inner
    }

    /// The facts of released records that match.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over.
    pub fn facts(&self, query: &Query) -> Result<Vec<FactRow>> {
        let txn = self.inner().base.storage.begin_read()?;
        self.check(&*txn)?;
        let view = View::new(&self.catalog, &Within(&self.filter));
        let facts = view.query_facts(query);
        Ok(facts.into_iter().filter(|f| self.set.contains(&f.record().id())).map(|f| f.to_row()).collect())
    }

    /// A released record, byte for byte as it stood in its source.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over; [`Error::NotFound`] for a record
    /// outside the set.
    pub fn body(&self, row: &FactRow) -> Result<Vec<u8>> {
        if !self.set.contains(&row.record) {
            return Err(Error::NotFound);
        }
        let txn = self.inner().base.storage.begin_read()?;
        self.check(&*txn)?;
        open_body(self.inner(), &*txn, &self.scope, row, &mut self.block.borrow_mut().bytes)
    }
}

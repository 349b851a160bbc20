//! Readers: one entry for a bounded set, then its facts and bodies, one by one.
//!
//! The unit of audit is the release of the set: count and root of its items are durable before the
//! first body is opened. Every read is a short snapshot of its own in which the system head and the
//! partition's head are looked at again: a withdrawal stops a reader that is open.

use super::opened::Opened;
use super::release::{Asking, Release, block_record};
use super::scope::Scope;
use super::session::Session;
use super::state::Inner;
use crate::audit::ReleaseKind;
use crate::catalog::{FactRow, ObjectRef, Query, View};
use crate::consent::Action;
use crate::crypto::context::Class;
use crate::error::{Error, Part, Result};
use crate::id::RecordId;
use crate::label::Label;
use crate::policy::RowFilter;
use crate::record::{Comparator, Decimal, When};
use crate::storage::{Copy, HeadSeen, ReadTxn, Under};
use std::cell::RefCell;
use std::collections::HashMap;
use zeroize::Zeroize;

/// Records that are opened in one snapshot at most: one that stays open keeps the write-ahead log
/// from being emptied.
const SNAPSHOT: usize = 256;

/// A released set of records, opened one by one.
pub struct Reader<'s> {
    session: &'s Session,
    partition: String,
    scope: Scope,
    filter: RowFilter,
    set: HashMap<RecordId, ObjectRef>,
    entry: u64,
    label: Label,
    seen: RefCell<[HeadSeen; 2]>,
    buffers: RefCell<Buffers>,
    opened: RefCell<Opened>,
}

#[derive(Default)]
struct Buffers {
    sealed: Vec<u8>,
    block: Vec<u8>,
}

impl Drop for Buffers {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

/// A number of a released fact, borrowed from the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading<'r> {
    /// The record that says it.
    pub record: RecordId,
    /// When.
    pub when: Option<When>,
    /// The number, digit for digit.
    pub number: Decimal,
    /// Below or above it.
    pub comparator: Comparator,
    /// The unit as the source prints it.
    pub unit: &'r str,
}

impl core::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Reader(..)")
    }
}

/// The authenticators of the two heads that a reader rests on.
fn heads(txn: &dyn ReadTxn, system: crate::id::ScopeId, scope: &Scope) -> Result<[HeadSeen; 2]> {
    let seen = |of: crate::id::ScopeId| -> Result<HeadSeen> {
        let row = txn.head(&of, Copy::First)?.ok_or(Error::Corrupt(Part::Head))?;
        Ok(HeadSeen { scope: of, auth: row.auth })
    };
    Ok([seen(system)?, seen(scope.id)?])
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
            let items = ids.iter().map(|(id, _)| (*id, u16::MAX)).collect();
            Ok(Release { value: (ids, v.filter()), items })
        })?;
        let (entry, label) = (out.receipt().entry, out.label());
        let (ids, filter) = out.into_value();
        let (txn, state) = self.inner.read()?;
        let scope = state.partitions.get(state.position(&partition)?).cloned().ok_or(Error::NoSuchPartition)?;
        let seen = heads(&*txn, state.view.id, &scope)?;
        drop(txn);
        let reader = Reader {
            session: self,
            partition,
            scope,
            filter,
            set: ids.into_iter().collect(),
            entry,
            label,
            seen: RefCell::new(seen),
            buffers: RefCell::default(),
            opened: RefCell::default(),
        };
        // Between the release and this snapshot the consent may have been withdrawn.
        reader.recheck()?;
        Ok(reader)
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

    fn inner(&self) -> &Inner {
        &self.session.inner
    }

    /// Decides again under the heads as they are now, and remembers those.
    fn recheck(&self) -> Result<()> {
        let inner = self.inner();
        let (txn, state) = inner.read()?;
        let scope = state.partitions.get(state.position(&self.partition)?).ok_or(Error::NoSuchPartition)?;
        let asking = Asking {
            actors: &self.session.actors,
            purpose: self.session.purpose,
            action: Action::Read,
            kind: ReleaseKind::Reader,
            query: b"",
        };
        let _standing = inner.decide(&state, scope, &asking)?;
        *self.seen.borrow_mut() = heads(&*txn, state.view.id, scope)?;
        Ok(())
    }

    /// Takes the sealed bytes of a row in a snapshot in which the consent still stands; nothing is
    /// opened before.
    fn fetch(&self, number: u64, sealed: &mut Vec<u8>) -> Result<Under> {
        // Somebody else may commit between the recheck and the next look: a few times at most.
        for _ in 0..8 {
            let storage = &self.inner().base.storage;
            let found = storage.row_under(&self.seen.borrow(), &self.scope.id, number, sealed)?;
            if found != Under::HeadChanged {
                return Ok(found);
            }
            self.recheck()?;
        }
        Err(Error::Busy)
    }

    /// Whether the consent still stands, without reading a row.
    fn check(&self) -> Result<()> {
        let sealed = &mut self.buffers.borrow_mut().sealed;
        self.fetch(u64::MAX >> 1, sealed).map(|_| ())
    }

    /// The facts of released records that match.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over.
    pub fn facts(&self, query: &Query) -> Result<Vec<FactRow>> {
        self.check()?;
        let view = View::new(&self.scope.catalog, &self.filter);
        let facts = view.query_facts(query);
        Ok(facts.into_iter().filter(|f| self.set.contains_key(&f.record().id())).map(|f| f.to_row()).collect())
    }

    /// The numbers of released records that match: what a chart needs, without copying words.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over.
    pub fn readings(&self, query: &Query) -> Result<Vec<Reading<'_>>> {
        self.check()?;
        let facts = View::new(&self.scope.catalog, &self.filter).query_facts(query);
        let mut out = Vec::with_capacity(facts.len());
        for f in facts {
            let (record, Some(q)) = (f.record().id(), f.quantity()) else { continue };
            if self.set.contains_key(&record) {
                let (number, comparator, unit) = (q.number, q.comparator, q.unit);
                out.push(Reading { record, when: f.when(), number, comparator, unit });
            }
        }
        Ok(out)
    }

    /// A released record, byte for byte as it stood in its source.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over; [`Error::NotFound`] for a record
    /// outside the set.
    pub fn body(&self, record: RecordId) -> Result<Vec<u8>> {
        // Where it stands is looked up here: a caller's word for it could name any record.
        let object = self.set.get(&record).ok_or(Error::NotFound)?;
        let mut opened = self.opened.borrow_mut();
        if let Some(body) = opened.get(object) {
            let body = body.to_vec();
            self.check()?;
            return Ok(body);
        }
        let mut buffers = self.buffers.borrow_mut();
        let Buffers { sealed, block } = &mut *buffers;
        let base = &self.inner().base;
        match self.fetch(object.number >> 8, sealed)? {
            Under::Row(_, class, version) if class == Class::Body as u8 && version == object.version => {}
            _ => return Err(Error::Corrupt(Part::Body)),
        }
        self.scope.open_sealed(base, Class::Body, object, sealed, block)?;
        let body = block_record(block, object)?.to_vec();
        opened.keep(object, &body);
        Ok(body)
    }

    /// Released records, in the order asked for. Up to 256 of them are read in one snapshot, in
    /// which the consent is looked at once.
    ///
    /// # Errors
    /// As [`body`](Self::body).
    pub fn bodies(&self, records: &[RecordId]) -> Result<Vec<Vec<u8>>> {
        let wanted: Option<Vec<&ObjectRef>> = records.iter().map(|r| self.set.get(r)).collect();
        let wanted = wanted.ok_or(Error::NotFound)?;
        let mut out = Vec::with_capacity(wanted.len());
        for part in wanted.chunks(SNAPSHOT) {
            let txn = self.standing()?;
            let mut opened = self.opened.borrow_mut();
            let mut buffers = self.buffers.borrow_mut();
            for object in part {
                if let Some(body) = opened.get(object) {
                    out.push(body.to_vec());
                    continue;
                }
                let base = &self.inner().base;
                self.scope.open_object(base, &*txn, Class::Body, object, &mut buffers.block)?;
                let body = block_record(&buffers.block, object)?.to_vec();
                opened.keep(object, &body);
                out.push(body);
            }
        }
        Ok(out)
    }

    /// A snapshot in which the consent stands.
    fn standing(&self) -> Result<Box<dyn ReadTxn + '_>> {
        for _ in 0..8 {
            let txn = self.inner().base.storage.begin_read()?;
            let mut same = true;
            for seen in &*self.seen.borrow() {
                same &= txn.head(&seen.scope, Copy::First)?.is_some_and(|h| h.auth == seen.auth);
            }
            if same {
                return Ok(txn);
            }
            drop(txn);
            self.recheck()?;
        }
        Err(Error::Busy)
    }
}

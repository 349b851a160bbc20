//! Readers: one entry for a bounded set, then its facts and bodies, one by one.
//!
//! The unit of audit is the release of the set: count and root of its items are durable before the
//! first body is opened. Every read is a short snapshot of its own in which the system head and the
//! partition's head are looked at again, and every read looks at the clock: where a head changed or
//! a consent began or ended, the request is decided again, and what the new permit does not let
//! through is read no more. What is read is never more than what was released.

use super::memory::text_of_note;
use super::opened::Opened;
use super::permitted::{Held, block_record};
use super::release::{Asking, CLOCK_TOLERANCE, Release, is_refusal};
use super::scope::Scope;
use super::session::Session;
use super::state::{Inner, Lent, Loan};
use super::uses::Counting;
use crate::audit::ReleaseKind;
use crate::catalog::{Catalog, Fact, FactRow, ObjectRef, Query, RecordSet, Seeded, View};
use crate::consent::{Action, Among};
use crate::crypto::context::Class;
use crate::environment::AnchoredHead;
use crate::error::{Error, Part, Result};
use crate::id::{GrantId, RecordId, ScopeId, Timestamp};
use crate::label::Label;
use crate::policy::RowFilter;
use crate::record::{ClassFilter, Comparator, Decimal, DecisionClass, Verdict, When};
use crate::storage::{Copy, HeadSeen, ReadTxn, Under};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use zeroize::Zeroize;

/// Records that are opened in one snapshot at most: one that stays open keeps the write-ahead log
/// from being emptied.
const SNAPSHOT: usize = 256;

/// A released set of records, opened one by one.
pub struct Reader<'s> {
    session: &'s Session,
    partition: String,
    id: ScopeId,
    /// Facts as they stood at the release.
    catalog: Arc<Catalog>,
    loan: Arc<Loan>,
    /// Of the release.
    filter: RowFilter,
    standing: RefCell<Standing>,
    set: RefCell<HashMap<RecordId, Held, Seeded>>,
    /// The same records in the catalog, once facts were asked for.
    records: RefCell<Option<RecordSet>>,
    entry: u64,
    label: Label,
    /// Counted grants of which a use was taken.
    taken: Vec<GrantId>,
    /// The categories of what was released, outside of which no grant was needed.
    within: Among,
    unread: u64,
    buffers: RefCell<Buffers>,
}

/// What the last decision said, and for how long it holds.
struct Standing {
    /// Of system and partition, as each read compares them with the file.
    seen: [HeadSeen; 2],
    /// Their bodies, as compared with the newest that the handle has seen: the file may hold older
    /// ones again.
    digests: [[u8; 32]; 2],
    /// The same, as an anchor knows them.
    anchored: [(ScopeId, AnchoredHead); 2],
    filter: RowFilter,
    from: i64,
    until: i64,
}

/// What two filters both let through.
struct Both<'f>(&'f RowFilter, &'f RowFilter);

impl ClassFilter for Both<'_> {
    fn judge(&self, class: &DecisionClass) -> Verdict {
        self.0.judge(class).and(self.1.judge(class))
    }
}

/// What is released to a reader: the records, and the filter that let them through.
struct Holding {
    set: HashMap<RecordId, Held, Seeded>,
    filter: RowFilter,
}

impl PartialEq for Holding {
    /// Of what is released: two filters may let the same through.
    fn eq(&self, other: &Self) -> bool {
        self.set == other.set
    }
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
#[derive(Clone, Copy, PartialEq, Eq)]
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

silent_debug!(Reading<'r>);

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
        let bytes = [&(max as u64).to_be_bytes()[..], &query.canonical()].concat();
        let out = self.release(&partition, Action::Read, ReleaseKind::Reader, &bytes, &mut |v| {
            let set = v.records(query, max)?;
            let mut items: Vec<(RecordId, u16)> = set.keys().map(|id| (*id, u16::MAX)).collect();
            items.sort_unstable();
            let categories = v.categories_of(set.keys());
            Ok(Release { value: Holding { set, filter: v.filter() }, items, categories, unread: 0 })
        })?;
        let (entry, label, taken) = (out.receipt().entry, out.label(), out.taken().to_vec());
        let (within, unread) = (out.within(), out.unread());
        let Holding { set: held, filter } = out.into_value();
        let (txn, state) = self.inner.read()?;
        let scope = state.partitions.get(state.position(&partition)?).cloned().ok_or(Error::NoSuchPartition)?;
        let seen = heads(&*txn, state.view.id, &scope)?;
        drop(txn);
        let (id, catalog, digests) = (scope.id, Arc::clone(&scope.readable), [state.view.digest, scope.digest]);
        let anchored = state.known_heads(&scope);
        let loan = self.inner.lend(Lent { scope, opened: Opened::default() })?;
        let reader = Reader {
            session: self,
            partition,
            id,
            catalog,
            loan,
            standing: RefCell::new(Standing {
                seen,
                digests,
                anchored,
                filter: filter.clone(),
                from: i64::MIN,
                until: i64::MIN,
            }),
            filter,
            set: RefCell::new(held),
            records: RefCell::default(),
            entry,
            label,
            taken,
            within,
            unread,
            buffers: RefCell::default(),
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
        self.set.borrow().len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.borrow().is_empty()
    }

    /// The entry of the release in the partition's log.
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }

    /// How much of the partition is damaged and could not be looked through: [`Audited::unread`](crate::Audited::unread).
    #[must_use]
    pub const fn unread(&self) -> u64 {
        self.unread
    }

    /// The label of everything read through it.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.label
    }

    fn inner(&self) -> &Inner {
        &self.session.inner
    }

    /// Decides again, under the heads and at the time as they are now.
    fn recheck(&self) -> Result<()> {
        let inner = self.inner();
        let (txn, state) = inner.read()?;
        let scope = state.partitions.get(state.position(&self.partition)?).ok_or(Error::NoSuchPartition)?;
        // The uses that opening it took are its own; it takes no others.
        let (kind, counting) = (ReleaseKind::Reader, Counting::Taken(&self.taken));
        let asking = Asking { kind, counting, within: self.within, ..self.session.asking(Action::Read, b"") };
        let permit = match inner.decide(&state, scope, &asking) {
            Err(e) if is_refusal(&e) => {
                drop(txn);
                inner.log_refusal(&self.partition, &asking)?;
                return Err(e);
            }
            other => other?,
        };
        let seen = heads(&*txn, state.view.id, scope)?;
        let (digests, anchored) = ([state.view.digest, scope.digest], state.known_heads(scope));
        let shown = state.shown(scope, permit.decided_at())?;
        let mut gone = false;
        if self.standing.borrow().digests[1] != scope.digest || !Arc::ptr_eq(&shown, &scope.readable) {
            // What was erased, deleted or set aside since is not given any more; what shared a key with it
            // stands elsewhere.
            self.set.borrow_mut().retain(|id, held| {
                let found = shown.find_record(id);
                held.object = found.map_or(held.object, |r| r.object());
                gone |= found.is_none();
                found.is_some()
            });
            *self.records.borrow_mut() = None;
        }
        let glass = self.session.glass.as_ref().map_or(i64::MAX, |g| g.until(scope));
        let next_end = state.next_end(scope, permit.decided_at()).unwrap_or(i64::MAX);
        let scope = scope.clone();
        drop(txn);
        // Where keys stand now: a page of keys is sealed anew whenever a key is added, and what was
        // erased has none.
        self.lent(|l| {
            l.scope = scope;
            if gone {
                l.opened = Opened::default();
            }
            Ok(())
        })?;
        let mut standing = self.standing.borrow_mut();
        if standing.filter != *permit.filter() {
            let view = View::new(&self.catalog, &Both(&self.filter, permit.filter()));
            for (id, held) in self.set.borrow_mut().iter_mut() {
                held.whole = self.catalog.find_record(id).is_some_and(|r| Held::of(&view, r).whole);
            }
        }
        *standing = Standing {
            seen,
            digests,
            anchored,
            filter: permit.filter().clone(),
            from: permit.decided_at().as_millis(),
            until: permit.until().map_or(i64::MAX, Timestamp::as_millis).min(next_end).min(glass),
        };
        Ok(())
    }

    /// Decides again where time has ended the last decision, or where this handle has seen newer
    /// heads: the file may hold the older ones again.
    fn in_time(&self) -> Result<()> {
        let now = self.inner().base.env.now().as_millis();
        let holds = {
            let standing = self.standing.borrow();
            let inner = self.inner();
            inner.stands(&standing.digests, &self.id)?
                && inner.base.anchor_knows(&standing.anchored)?
                && self.session.glass.as_ref().is_none_or(|g| g.goes_on(now, false))
                && now < standing.until
                && now >= standing.from.saturating_sub(CLOCK_TOLERANCE)
        };
        if holds { Ok(()) } else { self.recheck() }
    }

    /// What the handle lends; [`Error::Locked`] once it was closed.
    fn lent<T>(&self, f: impl FnOnce(&mut Lent) -> Result<T>) -> Result<T> {
        // Every field is whole at any moment, so a panic elsewhere is no reason to stop.
        let mut loan = self.loan.lock().unwrap_or_else(PoisonError::into_inner);
        f(loan.as_mut().ok_or(Error::Locked)?)
    }

    /// Takes the sealed bytes of a row in a snapshot in which the consent still stands; nothing is
    /// opened before.
    fn fetch(&self, number: u64, sealed: &mut Vec<u8>) -> Result<Under> {
        self.in_time()?;
        // Somebody else may commit between the recheck and the next look: a few times at most.
        for _ in 0..8 {
            let storage = &self.inner().base.storage;
            let found = storage.row_under(&self.standing.borrow().seen, &self.id, number, sealed)?;
            if found != Under::HeadChanged {
                return Ok(found);
            }
            self.recheck()?;
        }
        Err(Error::Busy)
    }

    /// Where a record's body stands, if all of it may be seen. A caller's word for where it stands
    /// could name any record.
    fn object(&self, record: &RecordId) -> Result<ObjectRef> {
        let set = self.set.borrow();
        set.get(record).filter(|h| h.whole).map(|h| h.object).ok_or(Error::NotFound)
    }

    /// Whether the consent still stands, without reading a row.
    fn check(&self, sealed: &mut Vec<u8>) -> Result<()> {
        self.fetch(u64::MAX >> 1, sealed).map(|_| ())
    }

    /// The facts of released records that match.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over.
    pub fn facts(&self, query: &Query) -> Result<Vec<FactRow>> {
        let mut out = Vec::new();
        self.each(query, &mut |fact| out.push(fact.to_row()))?;
        Ok(out)
    }

    /// The numbers of released records that match: what a chart needs, without copying words.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over.
    pub fn readings(&self, query: &Query) -> Result<Vec<Reading<'_>>> {
        let mut out = Vec::new();
        self.each(query, &mut |fact| {
            if let Some(q) = fact.quantity() {
                let (number, comparator, unit) = (q.number, q.comparator, q.unit);
                out.push(Reading { record: fact.record().id(), when: fact.when(), number, comparator, unit });
            }
        })?;
        Ok(out)
    }

    fn each<'r>(&'r self, query: &Query, f: &mut dyn FnMut(Fact<'r>)) -> Result<()> {
        self.check(&mut self.buffers.borrow_mut().sealed)?;
        let standing = self.standing.borrow();
        let view = View::new(&self.catalog, &Both(&self.filter, &standing.filter));
        let mut records = self.records.borrow_mut();
        let records = records.get_or_insert_with(|| {
            let set = self.set.borrow();
            self.catalog.records_where(|id| set.contains_key(id))
        });
        // Limit and page are of the released set, not of the catalog.
        view.query_facts_of(query, records).into_iter().for_each(f);
        Ok(())
    }

    /// A released record, byte for byte as it stood in its source.
    ///
    /// # Errors
    /// [`Error::Denied`] once the consent is withdrawn or over; [`Error::NotFound`] for a record
    /// outside the set, for samples (they have no body of their own), and for one of which the
    /// consent covers a part only: a body shows everything.
    pub fn body(&self, record: RecordId) -> Result<Vec<u8>> {
        let mut buffers = self.buffers.borrow_mut();
        let Buffers { sealed, block } = &mut *buffers;
        // The consent is looked at before the set is: it may shrink it.
        self.in_time()?;
        let mut object = self.object(&record)?;
        if let Some(body) = self.lent(|l| Ok(l.opened.get(&object).map(<[u8]>::to_vec)))? {
            self.check(sealed)?;
            self.object(&record)?;
            return Ok(body);
        }
        let base = &self.inner().base;
        for again in [true, false] {
            let found = self.fetch(object.number >> 8, sealed)?;
            let now = self.object(&record)?;
            // Sealed elsewhere behind the look at the heads.
            if core::mem::replace(&mut object, now) != now && again {
                continue;
            }
            match found {
                Under::Row(_, class, version) if class == Class::Body as u8 && version == object.version => {}
                _ => return Err(Error::Corrupt(Part::Body)),
            }
            match self.lent(|l| l.scope.open_sealed(base, Class::Body, &object, sealed, block)) {
                // Its page of keys was sealed anew behind the look at the heads.
                Err(Error::Corrupt(Part::KeyPage)) if again => {}
                other => {
                    other?;
                    break;
                }
            }
        }
        let body = self.said(&record, block_record(block, &object)?)?;
        self.lent(|l| {
            l.opened.keep(&object, &body);
            Ok(body)
        })
    }

    /// Released records, in the order asked for. Up to 256 of them are read in one snapshot, in
    /// which the consent is looked at once.
    ///
    /// # Errors
    /// As [`body`](Self::body).
    pub fn bodies(&self, records: &[RecordId]) -> Result<Vec<Vec<u8>>> {
        let mut out = Vec::with_capacity(records.len());
        for part in records.chunks(SNAPSHOT) {
            let txn = self.snapshot()?;
            let block = &mut self.buffers.borrow_mut().block;
            for record in part {
                let object = self.object(record)?;
                out.push(self.lent(|l| {
                    if let Some(body) = l.opened.get(&object) {
                        return Ok(body.to_vec());
                    }
                    l.scope.open_object(&self.inner().base, &*txn, Class::Body, &object, block)?;
                    let body = self.said(record, block_record(block, &object)?)?;
                    l.opened.keep(&object, &body);
                    Ok(body)
                })?);
            }
        }
        Ok(out)
    }

    /// What a body says to whom it is released.
    fn said(&self, record: &RecordId, body: &[u8]) -> Result<Vec<u8>> {
        let note = self.set.borrow().get(record).is_some_and(|held| held.note);
        if note { text_of_note(body).map(String::into_bytes) } else { Ok(body.to_vec()) }
    }

    /// A snapshot in which the consent stands.
    fn snapshot(&self) -> Result<Box<dyn ReadTxn + '_>> {
        self.in_time()?;
        for _ in 0..8 {
            let txn = self.inner().base.storage.begin_read()?;
            let mut same = true;
            for seen in &self.standing.borrow().seen {
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

//! What an open handle holds, and the one way to read and to change it.

use super::anchor::{self, Others};
use super::check::or_damaged;
use super::grants::put_row;
use super::head::{self, SystemPart};
use super::keys::Left;
use super::opened::Opened;
use super::policy_row::{DirectoryEntry, PolicyRow};
use super::rows::{Base, Place};
use super::scope::{Damage, Scope};
use super::system_view::SystemView;
use super::tx::{Tx, Work};
use crate::crypto::context::Class;
use crate::crypto::hash::sha256;
use crate::crypto::seal;
use crate::crypto::sign::{SigningKey, VerifyingKey};
use crate::environment::AnchoredHead;
use crate::error::{Error, Limit, Part, Result};
use crate::id::{ScopeId, Timestamp};
use crate::keyring::ScopeKeys;
use crate::storage::{Copy, HeadRow, ReadTxn, WriteTxn};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A handle's view of the space.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) view: SystemView,
    /// Only where the space was opened in full.
    pub(crate) system: Option<Scope>,
    pub(crate) partitions: Vec<Scope>,
    /// Whether the list of partitions was damaged when the space was opened. The system scope has the list as
    /// the partitions' own rows say it; the next commit of that scope writes it again.
    pub(crate) directory_lost: bool,
    /// What damage did when it was opened.
    pub(crate) damage: Damage,
    /// Partitions that are too damaged to be opened.
    pub(crate) left_out: Vec<LeftOut>,
}

/// A partition that is left out.
#[derive(Clone)]
pub(crate) struct LeftOut {
    pub(crate) scope: ScopeId,
    pub(crate) listed: DirectoryEntry,
    /// What of it is damaged.
    pub(crate) part: Part,
    pub(crate) keys: Arc<ScopeKeys>,
    /// Where that is whole.
    pub(crate) policy: Option<Arc<PolicyRow>>,
}

/// A handle.
pub(crate) struct Inner {
    pub(crate) base: Base,
    state: Mutex<Option<State>>,
    /// Of a handle that was suspended; taken after `state`.
    left: Mutex<Option<Left>>,
    /// When it was used last, in milliseconds since the epoch.
    used: AtomicI64,
    /// What open readers hold: closing the handle takes it back.
    loans: Mutex<Vec<Weak<Loan>>>,
}

/// Keys and opened records that a reader has use of until its handle is closed.
pub(crate) struct Lent {
    pub(crate) scope: Scope,
    pub(crate) opened: Opened,
}

/// `None` once the handle was closed.
pub(crate) type Loan = Mutex<Option<Lent>>;

/// Further than this an entry is not dated after the last one without the host's word.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Which scope a transaction changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The system scope: first, because partitions' heads name its new head.
    System,
    /// An open partition, by position.
    Partition(usize),
}

/// The scopes that a transaction changes.
pub(crate) struct Writing {
    pub(crate) state: State,
    works: BTreeMap<Target, Work>,
    /// To be set once this is durable, and not before: of sessions whose conversation it stores.
    stored: Vec<Arc<AtomicBool>>,
    /// Whether the space goes on anew: a scope that has no number left for a head begins at 1.
    anew: bool,
}

impl Writing {
    /// The working copy of a scope, made at the first call.
    pub(crate) fn work(&mut self, tx: &Tx<'_>, target: Target) -> Result<&mut Work> {
        if !self.works.contains_key(&target) {
            let scope = match target {
                Target::System => self.state.system.as_ref().ok_or(Error::NeedsFullSlot)?,
                Target::Partition(i) => self.state.partitions.get(i).ok_or(Error::NoSuchPartition)?,
            };
            let first = self.anew.then_some(1);
            let generation = scope.next_generation().or(first).ok_or(Error::TooLarge(Limit::Capacity))?;
            self.works.insert(target, tx.work(scope, generation));
        }
        self.works.get_mut(&target).ok_or(Error::Internal(50))
    }

    /// It stores a conversation: told to the session once it is durable.
    pub(crate) fn stores(&mut self, told: &Arc<AtomicBool>) {
        self.stored.push(Arc::clone(told));
    }

    /// Whether a partition can be changed: see [`Scope::next_generation`]. What happens in others does not
    /// wait for one that cannot.
    pub(crate) fn can_change(&self, at: usize) -> bool {
        self.anew || self.state.partitions.get(at).is_some_and(|p| p.next_generation().is_some())
    }

    /// The system head's own fields, to be changed.
    pub(crate) fn system_part(&mut self, tx: &Tx<'_>) -> Result<&mut SystemPart> {
        self.work(tx, Target::System)?.system.as_mut().ok_or(Error::Internal(51))
    }
}

impl State {
    /// For what concerns every partition: that none is left out.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(crate) fn has_all(&self) -> Result<()> {
        self.left_out.first().map_or(Ok(()), |left| Err(Error::Corrupt(left.part)))
    }

    /// For what concerns everything that is there: that none is left out, nor a part of one.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(crate) fn is_whole(&self) -> Result<()> {
        self.has_all()?;
        self.partitions.iter().try_for_each(|p| p.catalog().map(drop))
    }

    /// Position of an open partition.
    pub(crate) fn position(&self, name: &str) -> Result<usize> {
        self.partitions.iter().position(|p| p.policy.name == name).ok_or(Error::NoSuchPartition)
    }

    /// The last entry of the space's log: time never runs behind it.
    pub(crate) fn floor(&self) -> i64 {
        self.view.head.last_entry
    }

    /// Nor behind a partition's own log, in what concerns that partition. What its head says of the time is
    /// said by whoever can write there, and counts nowhere else.
    pub(crate) fn floor_in(&self, scope: &Scope) -> i64 {
        self.floor().max(scope.head.last_entry)
    }

    /// The latest entry of any open log.
    pub(crate) fn latest(&self) -> i64 {
        self.partitions.iter().map(|p| p.head.last_entry).fold(self.floor(), i64::max)
    }

    /// The signing key of an open scope's log.
    pub(crate) fn signer(&self, base: &Base, txn: &dyn ReadTxn, scope: &Scope) -> Result<SigningKey> {
        scope.signer(base, txn, &self.view.head)
    }

    /// Rereads the heads in this snapshot and loads what changed.
    pub(crate) fn refresh(&mut self, base: &Base, txn: &dyn ReadTxn) -> Result<()> {
        let changed = match &mut self.system {
            Some(s) => {
                let before = s.digest;
                s.refresh(base, txn, None)?;
                self.view.head = Arc::clone(&s.head);
                self.view.digest = s.digest;
                if let Some(own) = s.head.entry(&s.id) {
                    self.view.verify = VerifyingKey(own.verify);
                }
                before != s.digest
            }
            None => self.view.refresh(base, txn)?,
        };
        let system = self.view.name();
        for p in &mut self.partitions {
            if changed {
                p.policy = load_policy(base, txn, &self.view, &p.id, &p.keys)?;
            }
            p.refresh(base, txn, Some(system))?;
        }
        Ok(())
    }

    /// Whether this is a later snapshot than `other`, or saw a damaged copy that the other did not.
    fn is_newer(&self, other: &Self) -> bool {
        let own = |s: &Self| (s.view.head.generation, s.system.as_ref().is_some_and(|s| !s.whole));
        let mut order = own(self).cmp(&own(other));
        for p in &self.partitions {
            let Some(q) = other.partitions.iter().find(|q| q.id == p.id) else { continue };
            let this = (p.head.generation, !p.whole).cmp(&(q.head.generation, !q.whole));
            // Snapshots of one history: where one scope is further, none is behind.
            if order != this && order.is_ne() && this.is_ne() {
                return false;
            }
            order = order.then(this);
        }
        order.is_gt()
    }
}

/// Reads a partition's policy row as the signed system head names it.
pub(crate) fn load_policy(
    base: &Base,
    txn: &dyn ReadTxn,
    view: &SystemView,
    scope: &ScopeId,
    keys: &ScopeKeys,
) -> Result<Arc<PolicyRow>> {
    const BAD: Error = Error::Corrupt(Part::Policy);
    let entry = view.head.entry(scope).ok_or(BAD)?;
    let mut row = txn.row(&view.id, entry.policy.number)?.ok_or(BAD)?;
    if row.class != Class::Policy as u8
        || row.version != entry.policy.version
        || sha256(&[&row.sealed]) != entry.policy_digest
    {
        return Err(BAD);
    }
    let place = Place {
        tag: view.id,
        scope: *scope,
        class: Class::Policy,
        number: entry.policy.number,
        version: entry.policy.version,
        epoch: base.epoch,
        group: 0,
    };
    let plain =
        seal::open_in_place(keys.policy.expose(), &base.context(&place).encode(), &mut row.sealed).map_err(|_| BAD)?;
    let mut raw = Vec::new();
    base.codec.unpack(plain, Part::Policy, &mut raw)?;
    let here: Vec<ScopeId> = view.head.system.iter().flat_map(|s| &s.scopes).map(|s| s.scope).collect();
    Ok(Arc::new(PolicyRow::decode(&raw, &here)?))
}

/// Writes the system head's first copy again where only the second is left: a partition's
/// transactions do not rewrite it, and readers look at the first.
fn mend(txn: &mut dyn WriteTxn, view: &SystemView) -> Result<()> {
    let good = |row: &HeadRow| head::digest(&row.body) == view.digest;
    match txn.head(&view.id, Copy::First) {
        Ok(Some(row)) if good(&row) => Ok(()),
        // The engine cannot even read the page: then it cannot replace a row of it either.
        Err(Error::Corrupt(_)) => Ok(()),
        Err(e) => Err(e),
        Ok(_) => match txn.head(&view.id, Copy::Second)? {
            Some(row) if good(&row) => txn.put_head(&view.id, &row.body, &row.auth),
            _ => Ok(()),
        },
    }
}

impl Inner {
    pub(crate) fn new(base: Base, state: State) -> Self {
        let used = AtomicI64::new(base.env.now().as_millis());
        Self { base, state: Mutex::new(Some(state)), left: Mutex::default(), used, loans: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        // State is replaced whole, after a commit: a panic cannot leave it half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops every key, those of open readers too, and lets go of the file; the handle stays, locked. The file of
    /// a handle that holds nothing any more may be another's: [`lock_up`](Self::lock_up).
    pub(crate) fn close(&self) {
        if self.lock_up() {
            self.base.storage.release_file();
        }
    }

    /// Drops every key, those of open readers too, and leaves the file to whoever goes on with it. Whether there was
    /// anything to go on from.
    pub(crate) fn lock_up(&self) -> bool {
        let mut state = self.lock();
        let held = self.lock_left().take().is_some() | state.take().is_some();
        drop(state);
        self.take_loans();
        held
    }

    /// As [`close`](Self::close), for as long as it is not opened again.
    pub(crate) fn suspend(&self) {
        let mut state = self.lock();
        if let Some(state) = state.take() {
            *self.lock_left() = Some(Left::of(&state));
        }
        drop(state);
        self.take_loans();
    }

    /// What a suspended handle goes on from; `None` of one that is open.
    pub(super) fn left(&self) -> Result<Option<Left>> {
        let state = self.lock();
        if state.is_some() {
            return Ok(None);
        }
        self.lock_left().clone().ok_or(Error::Locked).map(Some)
    }

    /// Goes on with a state, unless the handle was closed or taken back meanwhile.
    pub(super) fn take_back(&self, next: State) -> Result<()> {
        // Under no lock of the handle.
        let now = self.base.env.now().as_millis();
        let mut state = self.lock();
        match (&*state, self.lock_left().take()) {
            (None, Some(_)) => {
                *state = Some(next);
                self.used.store(now, Ordering::SeqCst);
                Ok(())
            }
            (Some(_), _) => Ok(()),
            (None, None) => Err(Error::Locked),
        }
    }

    /// Suspends the handle where nobody has used it for too long by the host's clock; a clock that was set
    /// back counts as time that has gone by. A `use` of it starts the time anew.
    pub(super) fn look_at_clock(&self, is_use: bool) -> Result<()> {
        let Some(limit) = self.base.env.lock_after else { return Ok(()) };
        let now = self.base.env.now().as_millis();
        if u128::from(now.abs_diff(self.used.load(Ordering::SeqCst))) > limit.as_millis() {
            self.suspend();
            return Err(Error::Locked);
        }
        if is_use {
            self.used.store(now, Ordering::SeqCst);
        }
        Ok(())
    }

    fn lock_left(&self) -> MutexGuard<'_, Option<Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_loans(&self) {
        let loans = core::mem::take(&mut *self.loans.lock().unwrap_or_else(PoisonError::into_inner));
        for loan in loans.iter().filter_map(Weak::upgrade) {
            *loan.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        crate::crypto::secret::burn_stack();
    }

    /// Lends a reader what it needs, until the handle is closed.
    pub(crate) fn lend(&self, lent: Lent) -> Result<Arc<Loan>> {
        let loan = Arc::new(Mutex::new(Some(lent)));
        {
            let mut loans = self.loans.lock().unwrap_or_else(PoisonError::into_inner);
            loans.retain(|l| l.strong_count() > 0);
            loans.push(Arc::downgrade(&loan));
        }
        // Closed before it stood in the list.
        self.is_open()?;
        Ok(loan)
    }

    /// Whether the newest heads that this handle has seen are these: of the system and of a
    /// partition.
    pub(crate) fn stands(&self, digests: &[[u8; 32]; 2], scope: &ScopeId) -> Result<bool> {
        self.look_at_clock(true)?;
        let guard = self.lock();
        let state = guard.as_ref().ok_or(Error::Locked)?;
        let [system, partition] = digests;
        let same = state.partitions.iter().any(|p| p.id == *scope && p.digest == *partition);
        Ok(same && state.view.digest == *system)
    }

    /// The state after rereading the heads in a new snapshot, and that snapshot.
    pub(crate) fn read(&self) -> Result<(Box<dyn ReadTxn + '_>, State)> {
        // Taken before the snapshot begins, so that it cannot be ahead of it.
        let mut next = self.peek()?;
        let said = self.base.ask_anchor(&next.scopes())?;
        let txn = self.base.storage.begin_read()?;
        next.refresh(&self.base, &*txn)?;
        self.base.hold_against_anchor(&next, &said, Others::MayWrite)?;
        self.publish(&next)?;
        Ok((txn, next))
    }

    /// The time of the next entry: never before the last one of the space's log, and more than a day after
    /// the latest of any only where the host confirms.
    fn now_after(&self, state: &State) -> Result<i64> {
        let (last, now) = (state.latest(), self.base.env.now());
        if now.as_millis().saturating_sub(last) > DAY
            && !self.base.env.clock.confirms(Timestamp::from_millis(last), now)
        {
            return Err(Error::ClockAhead);
        }
        Ok(now.as_millis().max(state.floor()))
    }

    pub(super) fn is_open(&self) -> Result<()> {
        self.lock().as_ref().map(|_| ()).ok_or(Error::Locked)
    }

    /// Makes a state that was read or committed the handle's, unless another call has got further.
    /// A handle that was closed meanwhile stays so.
    fn publish(&self, next: &State) -> Result<()> {
        let mut guard = self.lock();
        let state = guard.as_mut().ok_or(Error::Locked)?;
        if next.is_newer(state) {
            // Partitions that were opened meanwhile stay open.
            let others: Vec<Scope> =
                state.partitions.iter().filter(|p| next.partitions.iter().all(|n| n.id != p.id)).cloned().collect();
            *state = next.clone();
            state.partitions.extend(others);
        }
        Ok(())
    }

    /// The state as last seen, without looking at the file.
    pub(crate) fn peek(&self) -> Result<State> {
        self.look_at_clock(true)?;
        self.lock().clone().ok_or(Error::Locked)
    }

    /// The database's write lock, the state reread under it and held against the anchor, and the time of
    /// the next entry.
    pub(super) fn begin(&self) -> Result<(Box<dyn WriteTxn + '_>, State, i64)> {
        self.look_at_clock(true)?;
        let scopes = self.lock().as_ref().ok_or(Error::Locked)?.scopes();
        let said = self.base.ask_anchor(&scopes)?;
        let mut txn = self.base.storage.begin_write()?;
        let mut fresh = self.peek()?;
        fresh.refresh(&self.base, &*txn)?;
        self.base.hold_against_anchor(&fresh, &said, Others::Wait)?;
        self.publish(&fresh)?;
        mend(&mut *txn, &fresh.view)?;
        let now = self.now_after(&fresh)?;
        Ok((txn, fresh, now))
    }

    /// Runs a write transaction. Heads are reread under the database's write lock, and held against
    /// the anchor, before `f` decides anything; what `f` changed becomes durable and visible together,
    /// or not at all, and is acknowledged once the anchor knows it.
    ///
    /// The handle's own lock is held only to take the state and to put it back: whoever waits for the
    /// database, or for the host's clock, keeps nobody from reading or closing.
    pub(crate) fn write<T>(&self, f: impl FnOnce(&mut Tx<'_>, &mut Writing) -> Result<T>) -> Result<T> {
        let (txn, fresh, now) = self.begin()?;
        let mut tx = Tx::new(&self.base, txn, now)?;
        let mut writing = Writing { state: fresh, works: BTreeMap::new(), stored: Vec::new(), anew: false };
        let out = f(&mut tx, &mut writing)?;
        let whole_space = writing.state.system.is_some();
        let flags = |scope: &Scope| self.base.next_flags(scope, whole_space);
        let Some((before, next)) = self.commit(tx, writing, flags)? else { return Ok(out) };
        // Acknowledged, and released, only once an older copy of the file would be seen.
        match self.base.advance_anchor(&before, &next) {
            Ok(true) => Ok(out),
            // Others have committed since: over this commit, or over a copy of the file without it.
            Ok(false) => self.read().map(|_| out),
            Err(e @ (Error::RolledBack | Error::Forked | Error::AnchorMissing)) => Err(e),
            Err(_) => Err(Error::NotAnchored),
        }
    }

    /// Runs the write transaction by which a space goes on without what an anchor knew. Nothing is asked
    /// of the anchor and nothing is told to it: that is for the caller, who also says which flags the
    /// heads have from then on, or that they stay as they are.
    pub(super) fn write_anew<T>(
        &self,
        flags: Option<u64>,
        f: impl FnOnce(&mut Tx<'_>, &mut Writing) -> Result<T>,
    ) -> Result<(T, State)> {
        let mut txn = self.base.storage.begin_write()?;
        let mut fresh = self.peek()?;
        fresh.refresh(&self.base, &*txn)?;
        mend(&mut *txn, &fresh.view)?;
        let now = self.now_after(&fresh)?;
        let mut tx = Tx::new(&self.base, txn, now)?;
        let mut writing = Writing { state: fresh, works: BTreeMap::new(), stored: Vec::new(), anew: true };
        let out = f(&mut tx, &mut writing)?;
        let flags = |scope: &Scope| Ok(flags.unwrap_or(scope.head.flags));
        let (_, next) = self.commit(tx, writing, flags)?.ok_or(Error::Internal(121))?;
        // Also where a generation began anew, which is no later one.
        if let Some(state) = self.lock().as_mut() {
            state.clone_from(&next);
        }
        Ok((out, next))
    }

    /// Runs a write transaction that changes no head: what is stored twice is made whole.
    pub(super) fn mend_copies<T>(&self, f: impl FnOnce(&mut dyn WriteTxn, &State) -> Result<T>) -> Result<T> {
        let mut txn = self.base.storage.begin_write()?;
        let mut state = self.peek()?;
        state.refresh(&self.base, &*txn)?;
        let out = f(&mut *txn, &state)?;
        txn.commit()?;
        if let Some(own) = self.lock().as_mut() {
            own.system.iter_mut().chain(&mut own.partitions).for_each(|s| s.whole = true);
        }
        Ok(out)
    }

    /// Writes the list of partitions again where it was damaged.
    fn mend_directory(&self, tx: &mut Tx<'_>, w: &mut Writing) -> Result<()> {
        if !core::mem::take(&mut w.state.directory_lost) {
            return Ok(());
        }
        let Some(system) = w.state.system.clone() else { return Ok(()) };
        // By another handle, meanwhile.
        if or_damaged(load_policy(&self.base, &*tx.txn, &w.state.view, &system.id, &system.keys))?.is_some() {
            return Ok(());
        }
        // A list that leaves one out would lose it.
        if system.lists_all(&w.state.view.head) { put_row(tx, w, &system, &system.policy) } else { Ok(()) }
    }

    /// Makes what a transaction changed durable, and the handle's: the heads that it was made over, as
    /// an anchor knows them, and the state; `None` where nothing was changed.
    #[expect(clippy::type_complexity, reason = "one private step of two transactions")]
    fn commit(
        &self,
        mut tx: Tx<'_>,
        mut writing: Writing,
        flags: impl Fn(&Scope) -> Result<u64>,
    ) -> Result<Option<(Vec<(ScopeId, AnchoredHead)>, State)>> {
        let policies = writing.works.contains_key(&Target::System);
        if policies {
            self.mend_directory(&mut tx, &mut writing)?;
            // Every partition's head names the new system head, so that putting the system scope
            // back alone is seen: it would undo a withdrawal.
            for i in (0..writing.state.partitions.len()).filter(|i| writing.can_change(*i)).collect::<Vec<_>>() {
                writing.work(&tx, Target::Partition(i))?;
            }
        }
        let Writing { state: mut next, works, stored, .. } = writing;
        if works.is_empty() {
            return Ok(None);
        }
        let mut before = Vec::with_capacity(works.len());
        for (target, work) in works {
            before.push((work.scope.id, anchor::named(&work.scope.head, work.scope.digest)));
            let flags = flags(&work.scope)?;
            match target {
                Target::System => {
                    let signer = work.scope.signer_of(&self.base, &*tx.txn, &work.manifest.seed)?;
                    let scope = tx.finish(work, None, Some(&signer), flags)?;
                    next.view.verify = signer.verifying_key();
                    next.view.head = Arc::clone(&scope.head);
                    next.view.digest = scope.digest;
                    next.system = Some(scope);
                }
                Target::Partition(i) => {
                    let scope = tx.finish(work, Some(next.view.name()), None, flags)?;
                    if let Some(p) = next.partitions.get_mut(i) {
                        *p = scope;
                    }
                }
            }
        }
        let base = &self.base;
        // Policy rows that this transaction wrote are reread from it, before it ends.
        if policies {
            for p in &mut next.partitions {
                p.policy = load_policy(base, &*tx.txn, &next.view, &p.id, &p.keys)?;
            }
        }
        // Closed meanwhile: nothing more is done with its keys.
        self.is_open()?;
        tx.commit()?;
        stored.iter().for_each(|s| s.store(true, Ordering::SeqCst));
        match self.publish(&next) {
            // What is durable has happened.
            Ok(()) | Err(Error::Locked) => {}
            Err(e) => return Err(e),
        }
        Ok(Some((before, next)))
    }
}

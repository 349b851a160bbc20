//! New keys for the whole space, in one transaction.
//!
//! A new root, epoch secret, key of every scope, signing key and log key of every log. The file holds
//! either the old keys or the new ones: a crash at any moment leaves one of the two, and a keystore's
//! old keys are destroyed only once the new ones are durable.

use super::begin_anew::{Begun, begin_anew};
use super::reseal::{Forgot, Resealed, reseal};
use super::slots::{LEAST, Slots, WayIn, write_slots};
use super::{EpochDestroyed, OldCopies};
use crate::audit::{AuditEvent, Gesture, LogHead};
use crate::crypto::secret::{EpochRoot, Key, SpaceRoot};
use crate::environment::Progress;
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::{ScopeId, SlotId};
use crate::keyring::{
    Bundle, Kept, KeyStore, KeysOf, MAX_PENDING, MAX_SLOTS, Pending, RecoveryCode, Slot, SlotKind, SpaceRow, Stretched,
    Unlock, make_limited, make_slot, open_slots,
};
use crate::ledger::note;
use crate::vault::HealthSpace;
use crate::vault::anchor;
use crate::vault::found::{policy_place, put_policy, wrap_context};
use crate::vault::founding::end_lost;
use crate::vault::head::ScopeEntry;
use crate::vault::logs;
use crate::vault::rows::Base;
use crate::vault::scope::{Damage, Scope};
use crate::vault::state::{Inner, State};
use crate::vault::tx::{Tx, Work};
use crate::vault::unlocking::{FullWay, open_scopes};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a rotation leaves.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rotated {
    /// The space, open in full under its new keys. The handle that rotated is closed; others fail with
    /// [`Error::Rekeyed`] and are opened again.
    pub space: HealthSpace,
    /// A new recovery code, shown once, where none was presented: the old one opens this file no more.
    pub recovery_code: Option<RecoveryCode>,
    /// The ways in that are gone, because they were not presented.
    pub removed: Vec<WayIn>,
    /// What an older copy of the file still allows.
    pub old_copies: OldCopies,
    /// What the keystore destroyed of the old keys; `None` where it does so at a later opening with it, and
    /// where the old keys had nothing in a keystore that was presented.
    pub destroyed: Option<EpochDestroyed>,
    /// Whether the file's write-ahead log was emptied since, so that nothing under the old keys is left
    /// in it but content. `false` where somebody else was reading: the last close does it.
    pub swept: bool,
    /// Entries of logs that were damaged, so that they could not be given new keys: what they said is lost, and they
    /// count as [erased](HealthSpace::erase_entries) from here on, which evidence says. Any of them may have been a
    /// withdrawal: what is in force does not rest on the log.
    pub entries_lost: u64,
    /// Pages that were damaged and are empty now: of keys, whose records open no more than they did; of sources, which
    /// are not known any more; and of conversations, which cannot be resumed. A conversation that other partitions know
    /// as well goes on there with the strictest label, where it may have stood on such a page. Segments of catalogs of a
    /// space that was opened [all the same](HealthSpace::open_damaged) are gone, and the records that they told of are
    /// not known any more: what they say stays sealed in the file, unnamed, until something is
    /// [erased](crate::Partition::erase).
    pub pages_lost: u64,
    /// Partitions that were too damaged to be given new keys, by name, where
    /// [that was asked for](HealthSpace::rotate_with_damage): they are empty, without the consents that were given there
    /// and without their logs, so that nothing tells any more what was released from them; that an earlier log is gone is told
    /// ([`HealthSpace::claims`], [`HealthSpace::disclosure_log`], [`HealthSpace::withdrawal_notices`]).
    pub emptied: Vec<String>,
    /// Consents from elsewhere that wait to be [confirmed](HealthSpace::confirm_permission) since: in a partition that
    /// was too damaged one of them may have been withdrawn.
    pub permissions: u64,
}

/// Keys that keystores made for slots that are not in the file yet.
type Made = Vec<(Arc<dyn KeyStore>, Vec<u8>)>;

/// The space under its new keys.
struct Rekeyed {
    space: HealthSpace,
    code: Option<RecoveryCode>,
    /// The slots that were there and stay.
    kept: Vec<[u8; 16]>,
    lost: Lost,
    emptied: Vec<String>,
    permissions: u64,
}

/// What was damaged, and is not carried along.
#[derive(Clone, Copy, Default)]
struct Lost {
    entries: u64,
    pages: u64,
}

/// The slots of the new epoch, on their way into the file.
struct NewSlots<'a> {
    row: SpaceRow,
    vrk: Key<EpochRoot>,
    slots: BTreeMap<[u8; 16], Slot>,
    /// Their bundles are made once the new keys are.
    limited: Vec<(Stretched<'a>, Vec<ScopeId>)>,
    code: Option<RecoveryCode>,
    /// Of the slots that were there and were presented.
    kept: Vec<[u8; 16]>,
    /// By which the person asked that what was erased be taken from older copies.
    gesture: Option<Gesture>,
    /// What becomes of partitions that are too damaged to be opened.
    damage: Damage,
    begun: Vec<Begun>,
    /// How many consents wait since.
    waiting: u64,
    lost: Lost,
    /// The slots that were there: none keeps its id.
    gone: Vec<AuditEvent>,
}

impl HealthSpace {
    /// Gives the space new keys, for the day somebody may have the old ones: a copy of the file and its
    /// passphrase, a device, a root key. `unlock` and `others` are the ways in from then on, whether they
    /// were before or not; limited ones must have been. All others are gone; a recovery code is issued
    /// anew unless it is among them. Passphrases are derived with a new salt, and at the cost that the first of
    /// them that states one [asks for](Unlock::with_cost). Where one of them brings a keystore, it keeps the new epoch secret;
    /// where none does, the secret stands in the file. Unfinished imports are discarded: import the file again.
    ///
    /// Takes time in proportion to the logs and the lists of sources and conversations, not to the
    /// records, and keeps the write lock for that time. [`Cancel`](crate::Cancel) is looked at once per
    /// way in and per partition. Progress is told in steps under no lock: one per way in, one for the
    /// transaction, one for the old keys' destruction. There is nothing to resume: it is done or it is not.
    ///
    /// ```
    /// use healthspace::{Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-rotate-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let file = dir.join("me.hs");
    /// let unlock = Unlock::passphrase("correct horse battery staple").with_cost(KdfParams::FLOOR);
    /// let (space, lost) = HealthSpace::create(&file, &unlock, Environment::default())?;
    /// let rotated = space.rotate(&unlock, &[])?;
    /// println!("{}", rotated.old_copies.describe("en"));
    /// assert!(HealthSpace::open(&file, &Unlock::recovery_code(&lost.reveal())?, Environment::default()).is_err());
    /// assert!(rotated.recovery_code.is_some());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`], [`Error::CannotOpen`] (also for a limited way in that there is not, and for
    /// a second device's keystore); [`Error::Malformed`] for a passphrase without the device where the
    /// device keeps the epoch secret, and for two recovery codes; [`Error::TwoWaysIn`] for a recovery code
    /// alone; [`Error::Corrupt`] where a partition is left out or a segment of a catalog is damaged, see
    /// [`rotate_with_damage`](Self::rotate_with_damage);
    /// [`Error::Busy`];
    /// [`Error::Cancelled`]; [`Error::KeyStore`], and what the keystore says. Nothing has changed then.
    /// [`Error::NotAnchored`]: the new keys are durable; so they may be after an error of the disk. Then this
    /// handle says [`Error::Rekeyed`], every way in that was presented opens, and a recovery code that was
    /// to be issued is made by [`new_recovery_code`](Self::new_recovery_code).
    pub fn rotate(&self, unlock: &Unlock, others: &[&Unlock]) -> Result<Rotated> {
        let ways: Vec<&Unlock> = core::iter::once(unlock).chain(others.iter().copied()).collect();
        self.renew_keys(&ways, None, Damage::Refused)
    }

    /// As [`rotate`](Self::rotate), also where something is too damaged to be given new keys, which `rotate` refuses.
    ///
    /// Of a partition the head, the manifest or the policy row:
    /// such a partition begins anew under its name, empty and without the consents that were given there; what was
    /// refused in all health partitions is refused there too, as far as another one is whole. [`Rotated::emptied`]
    /// names it. What consents from elsewhere permit waits to be [confirmed](Self::confirm_permission), for it may have been
    /// withdrawn there. Memories elsewhere that rest on a grant which was lost with it wait until the person
    /// [keeps](crate::Partition::keep_memory) or deletes them, and conversations go on with the strictest label, because
    /// the partition may have known more of them. What stood in it is gone from this file and cannot be put back: were
    /// its key kept, whoever has the old keys could go on in it.
    ///
    /// Segments of catalogs that are damaged are left behind ([`Rotated::pages_lost`]). From then on nothing says that
    /// something is missing: the space opens as ever, and where a lost segment had replaced a record, or made it more
    /// confidential, the older version counts. Import again what brought it.
    ///
    /// Where a page of the file cannot be read ([`SpaceCheck::pages_in_order`](crate::SpaceCheck::pages_in_order)), restore
    /// a backup with damage, and give that new keys: this call writes to the file as it is, and mostly fails there. Where
    /// rows of a log are lost, it may fail with [`Error::Corrupt`] there as well.
    ///
    /// Make a [backup](Self::backup_to) first: it holds the partition as it is, under the keys that it has.
    ///
    /// ```
    /// # use healthspace::{Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-rotate-damaged-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let file = dir.join("me.hs");
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # HealthSpace::create(&file, &unlock, Environment::default())?.0.close();
    /// let space = HealthSpace::open_damaged(&file, &unlock, Environment::default())?;
    /// space.backup_to(dir.join("before.hsb"))?;
    /// let rotated = space.rotate_with_damage(&unlock, &[])?;
    /// assert!(rotated.emptied.is_empty());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`rotate`](Self::rotate), but for a partition that is left out and for a segment.
    pub fn rotate_with_damage(&self, unlock: &Unlock, others: &[&Unlock]) -> Result<Rotated> {
        let ways: Vec<&Unlock> = core::iter::once(unlock).chain(others.iter().copied()).collect();
        self.renew_keys(&ways, None, Damage::LeftOut)
    }

    /// New keys. The first of the ways in opens the space now; the person's gesture is there where what
    /// was erased is to be taken from older copies.
    pub(super) fn renew_keys(&self, ways: &[&Unlock], gesture: Option<Gesture>, damage: Damage) -> Result<Rotated> {
        let way = self.way(ways.first().ok_or(Error::Internal(131))?)?;
        let before = self.named_slots()?;
        let mut made = Vec::new();
        let env = self.inner.base.env.clone();
        let steps = ways.len() as u64 + 2;
        let mut step = 0;
        let mut tell = || {
            step += 1;
            if let Some(f) = &env.progress {
                f(Progress::new(step, Some(steps), 0));
            }
        };
        let done = NewSlots::make(&way, &before, ways, &mut made, &mut || {
            tell();
            if env.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
        })
        .and_then(|mut new| {
            (new.gesture, new.damage) = (gesture, damage);
            self.rekey(&way, new, &mut made)
        });
        crate::crypto::secret::burn_stack();
        let Rekeyed { space, code: recovery_code, kept, lost, emptied, permissions } = done.inspect_err(|_| {
            made.iter().for_each(|(store, key)| _ = store.destroy(key));
        })?;
        self.inner.lock_up();
        tell();
        let mut old_copies = OldCopies::OpenUpToTheRotation;
        let mut destroyed = None;
        for store in ways.iter().filter(|w| w.keystore.is_some()) {
            // What it cannot do now it does at a later opening.
            for gone in space.destroy_waiting(store).unwrap_or_default() {
                let Some(epoch) = gone.epoch.filter(|e| e.epoch == before.row.epoch) else { continue };
                destroyed = Some(epoch);
                // Otherwise some older copies open as they did.
                if epoch.since == 1 {
                    let rollback_resistant = gone.rollback_resistant();
                    old_copies = if before.row.recoverable {
                        OldCopies::OpenByTheRecoveryCodeAlone { rollback_resistant }
                    } else {
                        OldCopies::OpenNoMore { rollback_resistant }
                    };
                }
            }
        }
        let mut removed = before.list();
        removed.retain(|w| !kept.contains(w.id.as_bytes()));
        let swept = space.inner.base.storage.checkpoint().unwrap_or(false);
        tell();
        let Lost { entries: entries_lost, pages: pages_lost } = lost;
        Ok(Rotated {
            space,
            recovery_code,
            removed,
            old_copies,
            destroyed,
            swept,
            entries_lost,
            pages_lost,
            emptied,
            permissions,
        })
    }

    /// The transaction. `made` is emptied once the new keys may be durable: a commit that failed may stand
    /// after a crash.
    fn rekey(&self, way: &FullWay, mut new: NewSlots<'_>, made: &mut Made) -> Result<Rekeyed> {
        let inner = &self.inner;
        let (storage, env) = (&inner.base.storage, &inner.base.env);
        // A handle of all that the head names, whatever this one has open.
        let damage = if new.damage == Damage::LeftOut { new.damage } else { inner.peek()?.damage };
        let whole = {
            let base = Base::of(Arc::clone(storage), &way.row, env.clone())?;
            let txn = storage.begin_read()?;
            let state = open_scopes(&base, &*txn, way.row.system, &way.vrk, &way.digest, None, damage)?;
            drop(txn);
            Inner::new(base, state)
        };
        let base = Base::of(Arc::clone(storage), &new.row, env.clone())?;
        let (txn, state, now) = whole.begin()?;
        if new.damage == Damage::Refused {
            // What is begun anew or left behind is marked no more.
            state.is_whole()?;
        }
        let named = state.view.head.system.as_ref().map_or(0, |s| s.scopes.len());
        if named != state.partitions.len() + state.left_out.len() + 1 || state.view.slots_digest() != Some(way.digest) {
            // Somebody else has changed partitions or ways in since.
            return Err(Error::Busy);
        }
        let mut tx = Tx::new(&base, txn, now)?;
        let heads = new.reseal_all(&mut tx, &whole.base, &state)?;
        inner.is_open()?;
        made.clear();
        tx.commit()?;
        let mut known = Vec::new();
        for s in state.system.iter().chain(&state.partitions) {
            known.push((s.id, anchor::named(&s.head, s.digest)));
        }
        known.extend(new.begun.iter().map(|b| b.known));
        let emptied = state.left_out.iter().map(|left| left.listed.name.clone()).collect();
        whole.lock_up();
        let NewSlots { row, vrk, code, kept, lost, waiting, .. } = new;
        let txn = storage.begin_read()?;
        let state = open_scopes(&base, &*txn, row.system, &vrk, &heads, None, Damage::Refused)?;
        drop(txn);
        match base.advance_anchor(&known, &state) {
            Ok(_) => {}
            Err(e @ (Error::RolledBack | Error::Forked | Error::AnchorMissing)) => return Err(e),
            Err(_) => return Err(Error::NotAnchored),
        }
        let space = Self { inner: Arc::new(Inner::new(base, state)) };
        space.inner.read()?;
        Ok(Rekeyed { space, code, kept, lost, emptied, permissions: waiting })
    }
}

/// What waits in a partition that was begun anew waits in all: it is one permission. How many these are.
fn suspend(rooms: &mut [Resealed], anew: &[Work]) -> u64 {
    let mut waiting: BTreeSet<_> = anew.iter().flat_map(|work| &work.scope.policy.suspended).copied().collect();
    waiting.retain(|g| rooms.iter().all(|r| !r.work.scope.policy.suspended.contains(g)));
    for r in rooms {
        let here: Vec<_> = waiting.iter().copied().filter(|g| r.work.scope.names(*g)).collect();
        if !here.is_empty() {
            Arc::make_mut(&mut r.work.scope.policy).suspended.extend(here);
        }
    }
    waiting.len() as u64
}

/// Whether one of these keystores keeps it. One that fails otherwise than by not having it may well do so, and what is
/// not noted as dead is never destroyed.
fn keeps(stores: &[&Arc<dyn KeyStore>], kept: &Kept) -> Result<bool> {
    for store in stores {
        match kept.open(store) {
            Ok(_) => return Ok(true),
            Err(Error::NotFound | Error::CannotOpen | Error::Malformed(_) | Error::KeyStore) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(false)
}

impl<'a> NewSlots<'a> {
    /// Slots for these ways in under a new root. Keys that keystores made for them are added to `made`; `tell` is
    /// called after each way, and may stop it.
    fn make(
        way: &FullWay,
        before: &Slots,
        ways: &[&'a Unlock],
        made: &mut Made,
        tell: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Self> {
        if ways.len() >= MAX_SLOTS {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        let full = ways.iter().filter(|w| w.kind != SlotKind::Limited).count();
        match ways.iter().filter(|w| w.kind == SlotKind::Recovery).count() {
            // Its code is issued below.
            0 => {}
            1 if full < LEAST => return Err(Error::TwoWaysIn),
            1 => {}
            _ => return Err(Error::Malformed(Malformed::Argument)),
        }
        let mut row = way.row.next_epoch(ways.iter().find_map(|w| w.params))?;
        let mut stores = ways.iter().filter_map(|w| w.keystore.as_ref());
        if let Some(first) = stores.next() {
            row.keep(first)?;
            let (_, kept) = row.kept.as_ref().ok_or(Error::Internal(126))?;
            made.push((Arc::clone(first), kept.key.clone()));
            // Another device could not open what this one keeps.
            stores.try_for_each(|store| kept.open(store).map(drop).map_err(|_| Error::CannotOpen))?;
        }
        let stores: Vec<_> = ways.iter().filter_map(|w| w.keystore.as_ref()).collect();
        // Not where the space rests on another's keys as well.
        let destroys = before.row.keys_of != KeysOf::Others;
        let here = |kept: &Kept| if destroys { keeps(&stores, kept) } else { Ok(false) };
        let epoch = match &before.row.kept {
            Some((_, kept)) => here(kept)?.then_some(kept),
            None => None,
        };
        // What another device was to destroy of older keys this one cannot.
        row.pending = before.row.pending.iter().filter(|p| p.epoch == 0 || epoch.is_some()).cloned().collect();
        // Where older copies have the epoch's secret under another key, it is not gone with this one.
        let alone = before.row.keys_of == KeysOf::ItsOwn;
        let of_epoch = if alone { before.row.epoch } else { 0 };
        row.pending.extend(epoch.map(|kept| Pending { key: kept.key.clone(), epoch: of_epoch }));
        for kept in before.slots.values().filter_map(|s| s.kept.as_ref()) {
            if here(kept)? {
                row.pending.push(Pending { key: kept.key.clone(), epoch: 0 });
            }
        }
        if row.pending.len() > MAX_PENDING {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        let srk: Key<SpaceRoot> = Key::make()?;
        let vrk = row.epoch_root(&srk)?;
        let mut new = Self {
            row,
            vrk,
            slots: BTreeMap::new(),
            limited: Vec::new(),
            code: None,
            kept: Vec::new(),
            gesture: None,
            damage: Damage::Refused,
            begun: Vec::new(),
            waiting: 0,
            lost: Lost::default(),
            gone: before
                .slots
                .iter()
                .map(|(id, slot)| AuditEvent::WayInRemoved { slot: SlotId(*id), kind: slot.kind as u64 })
                .collect(),
        };
        let bodies: Vec<_> = before.slots.iter().map(|(id, slot)| (id, slot.encode())).collect();
        for unlock in ways {
            if unlock.kind == SlotKind::Passphrase && new.row.kept.is_some() {
                return Err(Error::Malformed(Malformed::Argument));
            }
            // Salt and cost of passphrases are new.
            let (old, by) = (way.row.stretch(unlock)?, new.row.stretch(unlock)?);
            let there = open_slots(&way.row, &old, bodies.iter().map(|(id, body)| (*id, &body[..])));
            if let Ok(there) = &there {
                new.kept.push(there.id);
            }
            tell()?;
            if unlock.kind == SlotKind::Limited {
                let rooms = Bundle::open(&way.row, &there?)?.partitions.iter().map(|(id, _)| *id).collect();
                new.limited.push((by, rooms));
                continue;
            }
            let (id, mut slot) = make_slot(&new.row, &by, &srk)?;
            // The person has just typed it.
            slot.confirmed = slot.kind == SlotKind::Recovery;
            if let (Some(Kept { key, .. }), Some(store)) = (&slot.kept, &unlock.keystore) {
                made.push((Arc::clone(store), key.clone()));
            }
            new.slots.insert(id, slot);
        }
        if ways.iter().all(|w| w.kind != SlotKind::Recovery) {
            let code = RecoveryCode::make()?;
            let by_code = Unlock::of_code(&code);
            let (id, slot) = make_slot(&new.row, &new.row.stretch(&by_code)?, &srk)?;
            new.slots.insert(id, slot);
            new.code = Some(code);
        }
        Ok(new)
    }

    /// Writes every scope under new keys, and the slots; their digest.
    fn reseal_all(&mut self, tx: &mut Tx<'_>, old: &Base, state: &State) -> Result<[u8; 32]> {
        let system = state.system.as_ref().ok_or(Error::NeedsFullSlot)?;
        let forgot = Forgot::of(old, &*tx.txn, state)?;
        let mut own = reseal(tx, old, state, system, &[])?;
        let mut rooms = Vec::new();
        for p in &state.partitions {
            if tx.base.env.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            rooms.push(reseal(tx, old, state, p, &forgot)?);
        }
        for r in rooms.iter().chain([&own]) {
            self.lost.entries += r.entries_lost;
            self.lost.pages += r.pages_lost;
        }
        for r in rooms.iter().filter(|r| r.work.origin != r.work.scope.head.log_origin) {
            tx.log(&mut own.work, logs::named(&r.work.scope, &r.work.origin))?;
        }
        let anew = self.begin_anew(tx, system, state, &mut own)?;
        if !anew.is_empty() {
            let there = state.partitions.iter().chain(anew.iter().map(|work| &work.scope));
            rooms.iter_mut().for_each(|r| end_lost(&mut r.work, there.clone()));
            self.waiting = suspend(&mut rooms, &anew);
        }
        if let Some(gesture) = self.gesture.take() {
            let heads = state.partitions.iter().map(|p| LogHead {
                origin: note::origin(&p.head.log_origin),
                size: p.head.log_size,
                root: p.head.log_root,
            });
            let (epoch, logs) = (u64::from(old.epoch), heads.collect());
            tx.log(&mut own.work, AuditEvent::EpochEnded { epoch, logs, gesture })?;
        }
        let verify = own.verify();
        let added =
            |id, slot: &Slot, scopes| AuditEvent::WayInAdded { slot: SlotId(id), kind: slot.kind as u64, scopes };
        let mut ways = core::mem::take(&mut self.gone);
        ways.extend(self.slots.iter().map(|(id, slot)| added(*id, slot, Vec::new())));
        for (by, allowed) in &self.limited {
            let of = |id: &ScopeId| {
                let begun = || self.begun.iter().zip(&anew).find(|(b, _)| b.instead_of == *id).map(|(_, work)| work);
                let kept = rooms.iter().map(|r| &r.work).find(|w| w.scope.id == *id);
                kept.or_else(begun).map(|w| &w.scope).ok_or(Error::CannotOpen)
            };
            let of = allowed.iter().map(of).collect::<Result<Vec<&Scope>>>()?;
            let keys = of.iter().map(|s| (s.id, &*s.keys));
            let (id, slot) = make_limited(&self.row, by, system.id, &verify.0, keys)?;
            ways.push(added(id, &slot, of.iter().map(|s| s.id).collect()));
            self.slots.insert(id, slot);
        }
        for way in ways {
            tx.log(&mut own.work, way)?;
        }
        let slots = write_slots(&mut *tx.txn, &self.row, &self.slots, &[])?;
        let version = tx.version(&own.work);
        let mut entries = vec![self.announce(tx, system, &own, version)?];
        for r in &rooms {
            entries.push(self.announce(tx, system, r, version)?);
        }
        let part = own.work.system.as_mut().ok_or(Error::Internal(127))?;
        part.slots_digest = slots;
        for entry in &mut part.scopes {
            let begun = self.begun.iter().find(|b| b.instead_of == entry.scope).map(|b| &b.entry);
            let new = entries.iter().find(|e| e.scope == entry.scope).or(begun).ok_or(Error::Internal(128))?;
            entry.clone_from(new);
        }
        let flags = tx.base.next_flags(&own.work.scope, true)?;
        let head = tx.finish(own.work, None, Some(&own.signer), flags)?;
        let under = Some((head.head.generation, head.digest));
        for r in rooms {
            let flags = tx.base.next_flags(&r.work.scope, true)?;
            tx.finish(r.work, under, None, flags)?;
        }
        for work in anew {
            let flags = tx.base.next_flags(&work.scope, true)?;
            tx.finish(work, under, None, flags)?;
        }
        Ok(slots)
    }

    /// Founds the partitions that are left behind anew, under their names, and lists them.
    fn begin_anew(&mut self, tx: &mut Tx<'_>, system: &Scope, state: &State, own: &mut Resealed) -> Result<Vec<Work>> {
        let mut directory = (*system.policy).clone();
        let mut works = Vec::new();
        for left in &state.left_out {
            let (begun, work) = begin_anew(tx, &self.vrk, state, left, own)?;
            let listed = directory.directory.iter_mut().find(|d| d.scope == left.scope);
            listed.ok_or(Error::Corrupt(Part::Policy))?.scope = begun.entry.scope;
            self.begun.push(begun);
            works.push(work);
        }
        if !works.is_empty() {
            own.work.scope.policy = Arc::new(directory);
        }
        Ok(works)
    }

    /// What the system head says of a scope: its key, sealed anew, and its policy row where it stood.
    fn announce(&self, tx: &mut Tx<'_>, system: &Scope, new: &Resealed, version: u64) -> Result<ScopeEntry> {
        let (scope, base) = (&new.work.scope, tx.base);
        let old = system.head.entry(&scope.id).ok_or(Error::Internal(129))?;
        let wrap = scope.keys.wrap(&self.vrk, &wrap_context(base, scope.id, old.ordinal))?;
        let place = policy_place(base, system.id, scope.id, old.policy.number, version);
        let (policy, policy_digest) = put_policy(base, &mut *tx.txn, &place, &scope.keys, &scope.policy)?;
        Ok(ScopeEntry { wrap, policy, policy_digest, verify: new.verify().0, ..old.clone() })
    }
}

//! Ways in: listed, added, changed, removed.
//!
//! Each change is one transaction: the slots, their digest in the system head and the entry in the log
//! become durable together. A key of the keystore that is needed no more is first written down as such
//! with the change and destroyed afterwards, so that a crash between the two loses nothing: the next
//! opening in full destroys it.

use super::OldCopies;
use crate::audit::AuditEvent;
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::SlotId;
use crate::keyring::{
    KeyStore, KeysOf, MAX_PENDING, MAX_SLOTS, Pending, RecoveryCode, Slot, SlotKind, SpaceRow, Unlock, make_slot,
    space_row_id,
};
use crate::storage::{Copy, ReadTxn, SlotRow, WriteTxn};
use crate::vault::HealthSpace;
use crate::vault::state::Target;
use crate::vault::unlocking::{FullWay, WaysIn, slots_digest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Ways in that a space is not brought below.
pub(super) const LEAST: usize = 2;

/// With what a way in opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WayInKind {
    /// A passphrase alone.
    Passphrase,
    /// A passphrase and a secret of the device: no way in once the device is lost.
    PassphraseAndDevice,
    /// The device alone.
    KeyStore,
    /// A recovery code.
    RecoveryCode,
    /// A program's own secret, for some partitions.
    Limited,
}

impl From<SlotKind> for WayInKind {
    fn from(kind: SlotKind) -> Self {
        match kind {
            SlotKind::Passphrase => Self::Passphrase,
            SlotKind::PassphraseDevice => Self::PassphraseAndDevice,
            SlotKind::KeyStore => Self::KeyStore,
            SlotKind::Recovery => Self::RecoveryCode,
            SlotKind::Limited => Self::Limited,
        }
    }
}

/// A way in, without what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WayIn {
    /// By which it is removed.
    pub id: SlotId,
    /// With what it opens.
    pub kind: WayInKind,
    /// Of a recovery code: whether the person has typed it again since it was shown; `true` for others.
    pub confirmed: bool,
}

/// A change of the ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaysInChanged {
    /// The way in that was added, changed or removed.
    pub id: SlotId,
    /// What an older copy of the file still allows.
    pub old_copies: OldCopies,
}

/// The slots as the system head names them, to be changed.
pub(in crate::vault) struct Slots {
    pub(in crate::vault) row: SpaceRow,
    pub(in crate::vault) slots: BTreeMap<[u8; 16], Slot>,
    /// Rows that this version does not understand stay as they are.
    others: Vec<SlotRow>,
}

impl Slots {
    /// The copy that the head names; the other one may be damaged.
    pub(super) fn read(txn: &dyn ReadTxn, named: Option<[u8; 32]>) -> Result<Self> {
        const BAD: Error = Error::Corrupt(Part::Slot);
        for copy in [Copy::First, Copy::Second] {
            let rows = match txn.slots(copy) {
                Err(Error::Corrupt(_)) => continue,
                other => other?,
            };
            if named == Some(slots_digest(&rows)) {
                let shared = rows.iter().find(|r| r.id == space_row_id()).ok_or(BAD)?;
                let row = SpaceRow::decode(&shared.body).map_err(|_| BAD)?;
                let mut all = Self { row, slots: BTreeMap::new(), others: Vec::new() };
                for r in rows.into_iter().filter(|r| r.id != space_row_id()) {
                    match Slot::decode(&r.body) {
                        Some(slot) => _ = all.slots.insert(r.id, slot),
                        None => all.others.push(r),
                    }
                }
                return Ok(all);
            }
        }
        Err(BAD)
    }

    pub(super) fn write(&self, txn: &mut dyn WriteTxn) -> Result<[u8; 32]> {
        write_slots(txn, &self.row, &self.slots, &self.others)
    }

    pub(super) fn list(&self) -> Vec<WayIn> {
        let list = self.slots.iter().map(|(id, slot)| WayIn {
            id: SlotId(*id),
            kind: slot.kind.into(),
            confirmed: slot.confirmed || slot.kind != SlotKind::Recovery,
        });
        list.collect()
    }

    /// Ways in that open the whole space.
    fn full(&self) -> usize {
        self.slots.values().filter(|s| s.kind != SlotKind::Limited).count()
    }

    pub(super) fn add(&mut self, id: [u8; 16], slot: Slot) -> Result<()> {
        // The shared row counts, and so does what a later version wrote.
        if self.slots.len() + self.others.len() >= MAX_SLOTS {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        self.slots.insert(id, slot);
        Ok(())
    }

    /// Takes a slot out; its key, where this keystore has it and it is the space's own, waits to be destroyed. It
    /// is returned where older copies of the slot rest on it.
    fn remove(&mut self, id: &[u8; 16], store: Option<&Arc<dyn KeyStore>>) -> Result<(Slot, Option<Vec<u8>>)> {
        let slot = self.slots.remove(id).ok_or(Error::NotFound)?;
        let key = match (&slot.kept, store) {
            (Some(kept), Some(store)) if self.row.keys_of != KeysOf::Others && kept.open(store).is_ok() => {
                Some(kept.key.clone())
            }
            _ => None,
        };
        if self.row.pending.len() + usize::from(key.is_some()) > MAX_PENDING {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        self.row.pending.extend(key.clone().map(|key| Pending { key, epoch: 0 }));
        Ok((slot, key.filter(|_| self.row.keys_of == KeysOf::ItsOwn)))
    }
}

/// Writes both copies whole, so that one that was damaged is good again; the new digest.
pub(super) fn write_slots(
    txn: &mut dyn WriteTxn,
    row: &SpaceRow,
    slots: &BTreeMap<[u8; 16], Slot>,
    others: &[SlotRow],
) -> Result<[u8; 32]> {
    let mut rows = others.to_vec();
    rows.push(SlotRow { id: space_row_id(), body: row.encode() });
    rows.extend(slots.iter().map(|(id, slot)| SlotRow { id: *id, body: slot.encode() }));
    rows.sort_by_key(|r| r.id);
    for copy in [Copy::First, Copy::Second] {
        let old = match txn.slots(copy) {
            Err(Error::Corrupt(_)) => continue,
            other => other?,
        };
        for id in old.iter().map(|r| &r.id).filter(|id| rows.iter().all(|r| r.id != **id)) {
            txn.delete_slot(id)?;
        }
    }
    for r in &rows {
        txn.put_slot(&r.id, &r.body)?;
    }
    Ok(slots_digest(&rows))
}

/// Writes both copies as the head names them: one of them is that.
pub(in crate::vault) fn write_both(txn: &mut dyn WriteTxn, named: &[u8; 32]) -> Result<()> {
    let slots = Slots::read(&*txn, Some(*named))?;
    if slots.write(txn)? == *named { Ok(()) } else { Err(Error::Internal(124)) }
}

impl HealthSpace {
    /// The ways in.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Corrupt`] where both copies of the slots are damaged.
    pub fn ways_in(&self) -> Result<Vec<WayIn>> {
        Ok(self.named_slots()?.list())
    }

    /// Adds a way in, beside the others. `unlock` is one that there is.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`], [`Error::CannotOpen`]; [`Error::Malformed`] for a recovery code (see
    /// [`new_recovery_code`](Self::new_recovery_code)) and for a passphrase without the device in a space
    /// whose secret the device keeps, which it could not open; [`Error::CannotOpen`] for another device
    /// than that one; [`Error::TooLarge`] beyond 64 ways in; [`Error::KeyStore`], and what the keystore says.
    pub fn add_way_in(&self, unlock: &Unlock, new: &Unlock) -> Result<WaysInChanged> {
        let way = self.way(unlock)?;
        let (id, slot) = new_slot(&way, new)?;
        let kind = slot.kind as u64;
        let done = self.change_slots(|slots| {
            slots.add(id, slot.clone())?;
            Ok(vec![AuditEvent::WayInAdded { slot: SlotId(id), kind, scopes: Vec::new() }])
        });
        self.forget(id, &slot, new, done)?;
        Ok(WaysInChanged { id: SlotId(id), old_copies: OldCopies::OpenAsBefore })
    }

    /// Puts another passphrase, or the device, in the place of the way in that `unlock` is. Root key and
    /// all others stay: the value says what that means.
    ///
    /// # Errors
    /// As [`add_way_in`](Self::add_way_in).
    pub fn change_way_in(&self, unlock: &Unlock, new: &Unlock) -> Result<WaysInChanged> {
        let way = self.way(unlock)?;
        if unlock.kind == SlotKind::Recovery {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let (id, slot) = new_slot(&way, new)?;
        let kind = slot.kind as u64;
        let mut key = None;
        let done = self.change_slots(|slots| {
            key = slots.remove(&way.id, unlock.keystore.as_ref())?.1;
            slots.add(id, slot.clone())?;
            Ok(vec![AuditEvent::WayInChanged { slot: SlotId(id), kind, replaces: SlotId(way.id) }])
        });
        self.forget(id, &slot, new, done)?;
        Ok(WaysInChanged { id: SlotId(id), old_copies: self.destroy_keys(unlock, key.as_deref()) })
    }

    /// Makes a recovery code in the place of those there are. It is shown once and stored nowhere; ask
    /// the person to type it again ([`confirm_recovery_code`](Self::confirm_recovery_code)).
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`], [`Error::CannotOpen`].
    pub fn new_recovery_code(&self, unlock: &Unlock) -> Result<(RecoveryCode, WaysInChanged)> {
        let way = self.way(unlock)?;
        let code = RecoveryCode::make()?;
        let by_code = Unlock::of_code(&code);
        let (id, slot) = make_slot(&way.row, &way.row.stretch(&by_code)?, &way.srk)?;
        let kind = slot.kind as u64;
        let mut old_copies = OldCopies::OpenAsBefore;
        self.change_slots(|slots| {
            let old: Vec<_> =
                slots.slots.iter().filter(|(_, s)| s.kind == SlotKind::Recovery).map(|(id, _)| *id).collect();
            let mut events = Vec::new();
            for old in old {
                slots.remove(&old, None)?;
                events.push(AuditEvent::WayInRemoved { slot: SlotId(old), kind });
                old_copies = OldCopies::OpenWithTheOldSecret;
            }
            slots.add(id, slot.clone())?;
            events.push(AuditEvent::WayInAdded { slot: SlotId(id), kind, scopes: Vec::new() });
            Ok(events)
        })?;
        Ok((code, WaysInChanged { id: SlotId(id), old_copies }))
    }

    /// Removes a way in at once, with no other secret at hand than one of those that stay. The root key
    /// stays the same: the value says what that means.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`], [`Error::CannotOpen`]; [`Error::NotFound`];
    /// [`Error::TwoWaysIn`] where less than two would be left.
    pub fn remove_way_in(&self, unlock: &Unlock, id: SlotId) -> Result<WaysInChanged> {
        drop(self.way(unlock)?);
        let mut gone = None;
        self.change_slots(|slots| {
            let (slot, key) = slots.remove(id.as_bytes(), unlock.keystore.as_ref())?;
            let kind = slot.kind as u64;
            gone = key;
            if slot.kind != SlotKind::Limited && slots.full() < LEAST {
                return Err(Error::TwoWaysIn);
            }
            Ok(vec![AuditEvent::WayInRemoved { slot: id, kind }])
        })?;
        Ok(WaysInChanged { id, old_copies: self.destroy_keys(unlock, gone.as_deref()) })
    }

    /// Notes that the person typed the recovery code again, as it was shown: [`Unlock::recovery_code`], with the device
    /// where the space is bound to one, for there the code opens nothing without it.
    ///
    /// # Errors
    /// [`Error::CannotOpen`] where it is not the code of this space; [`Error::Malformed`] for another way in;
    /// [`Error::NeedsFullSlot`].
    pub fn confirm_recovery_code(&self, typed: &Unlock) -> Result<()> {
        if typed.kind != SlotKind::Recovery {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let id = self.way(typed)?.id;
        self.change_slots(|slots| {
            let slot = slots.slots.get_mut(&id).ok_or(Error::NotFound)?;
            if core::mem::replace(&mut slot.confirmed, true) {
                return Ok(Vec::new());
            }
            Ok(vec![AuditEvent::RecoveryConfirmed { slot: SlotId(id) }])
        })
    }

    /// Opens the root of this space again, by one of its ways in.
    pub(in crate::vault) fn way(&self, unlock: &Unlock) -> Result<FullWay> {
        let inner = &self.inner;
        let (txn, state) = inner.read()?;
        if state.system.is_none() || unlock.kind == SlotKind::Limited {
            return Err(Error::NeedsFullSlot);
        }
        let way = WaysIn::new(unlock).named(&*txn, state.view.slots_digest(), inner.base.epoch);
        crate::crypto::secret::burn_stack();
        way?.full()
    }

    /// One transaction over the slots. Without an event nothing is written.
    pub(super) fn change_slots(&self, mut f: impl FnMut(&mut Slots) -> Result<Vec<AuditEvent>>) -> Result<()> {
        self.inner.write(|tx, w| {
            let mut slots = Slots::read(&*tx.txn, w.state.view.slots_digest())?;
            let events = f(&mut slots)?;
            if events.is_empty() {
                return Ok(());
            }
            w.system_part(tx)?.slots_digest = slots.write(&mut *tx.txn)?;
            let work = w.work(tx, Target::System)?;
            events.into_iter().try_for_each(|event| tx.log(work, event).map(|_| ()))
        })
    }

    pub(in crate::vault) fn named_slots(&self) -> Result<Slots> {
        let (txn, state) = self.inner.read()?;
        Slots::read(&*txn, state.view.slots_digest())
    }

    /// A slot that was not written leaves no key behind in the keystore.
    fn forget(&self, id: [u8; 16], slot: &Slot, new: &Unlock, done: Result<()>) -> Result<()> {
        if let (Err(_), Some(kept), Some(store)) = (&done, &slot.kept, &new.keystore)
            // An error may also come after the slot is durable.
            && self.named_slots().is_ok_and(|s| !s.slots.contains_key(&id))
        {
            let _ = store.destroy(&kept.key);
        }
        done
    }
}

/// A slot for another way in.
fn new_slot(way: &FullWay, new: &Unlock) -> Result<([u8; 16], Slot)> {
    new.worth_making()?;
    match (new.kind, &way.row.kept, &new.keystore) {
        (SlotKind::Recovery | SlotKind::Limited, ..) | (SlotKind::Passphrase, Some(_), _) => {
            return Err(Error::Malformed(Malformed::Argument));
        }
        // It must have the space's own secret, or it opens nothing.
        (_, Some((_, kept)), Some(store)) => _ = kept.open(store)?,
        _ => {}
    }
    let made = make_slot(&way.row, &way.row.stretch(new)?, &way.srk);
    crate::crypto::secret::burn_stack();
    made
}

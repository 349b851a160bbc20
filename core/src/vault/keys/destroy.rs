//! Destroying keys of the keystore that nothing rests on any more, and saying so in the log.
//!
//! Each is named in the slots until it is gone, in the transaction that made it useless: whatever
//! stops the process, the next opening with the keystore goes on.

use super::OldCopies;
use super::slots::Slots;
use crate::audit::AuditEvent;
use crate::crypto::hash::sha256;
use crate::error::{Error, Part, Result};
use crate::keyring::{DestroyProof, KeyStore, KeyStoreClass, Pending, Unlock};
use crate::ledger::tree::Edge;
use crate::vault::HealthSpace;
use crate::vault::erase::ErasureLevel;
use crate::vault::logs::read_line;
use crate::vault::scope::Scope;
use crate::vault::state::Target;
use crate::vault::tx::Tx;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The secret of older keys is destroyed: copies of the file that were made under them open no more, as
/// far as the level says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EpochDestroyed {
    /// Its entry in the space's log, whose receipt certifies it.
    pub entry: u64,
    /// The keys that are gone.
    pub epoch: u32,
    /// It holds against copies that were made since these keys were new; older ones open as they did.
    /// From 1 on it holds against all.
    pub since: u32,
    /// Whom it holds against, also for everything that was erased before the keys were changed.
    pub level: ErasureLevel,
}

/// A key that the keystore destroyed.
pub(super) struct Gone {
    key: Pending,
    proof: DestroyProof,
    /// Of an epoch's.
    pub(super) epoch: Option<EpochDestroyed>,
}

impl Gone {
    pub(super) const fn rollback_resistant(&self) -> bool {
        self.proof.rollback_resistant
    }
}

impl HealthSpace {
    /// Destroys the keys that wait for it; what that of `gone` leaves to older copies. What the keystore
    /// or the disk cannot do now is done at a later opening: the change that went before is durable.
    pub(in crate::vault) fn destroy_keys(&self, unlock: &Unlock, gone: Option<&[u8]>) -> OldCopies {
        let destroyed = self.destroy_waiting(unlock).unwrap_or_default();
        match destroyed.iter().find(|g| Some(&g.key.key[..]) == gone) {
            Some(g) => OldCopies::LackTheDevicesPart { rollback_resistant: g.rollback_resistant() },
            None => OldCopies::OpenWithTheOldSecret,
        }
    }

    /// Destroys what waits for it and can be.
    pub(super) fn destroy_waiting(&self, unlock: &Unlock) -> Result<Vec<Gone>> {
        let Some(store) = &unlock.keystore else { return Ok(Vec::new()) };
        let slots = self.named_slots()?;
        let waiting = dead_keys(&slots);
        // Another device's keystore has never had an epoch's key, and would say that it is gone.
        let own = waiting.iter().any(|p| p.epoch != 0)
            && slots.row.kept.as_ref().is_some_and(|(_, kept)| kept.open(store).is_ok());
        // Under no lock: the platform may take its time.
        let mut gone = Vec::new();
        for key in waiting.into_iter().filter(|p| p.epoch == 0 || own) {
            if let Some(proof) = destroy(store, &key.key) {
                gone.push(Gone { key, proof, epoch: None });
            }
        }
        if gone.is_empty() {
            return Ok(gone);
        }
        let recoverable = slots.row.recoverable;
        self.inner.write(|tx, w| {
            let mut slots = Slots::read(&*tx.txn, w.state.view.slots_digest())?;
            // Another handle may have been quicker.
            gone.retain(|g| slots.row.pending.contains(&g.key));
            slots.row.pending.retain(|key| gone.iter().all(|g| g.key != *key));
            w.system_part(tx)?.slots_digest = slots.write(&mut *tx.txn)?;
            if gone.iter().all(|g| g.key.epoch == 0) {
                return Ok(());
            }
            let system = w.state.system.clone().ok_or(Error::NeedsFullSlot)?;
            let mut history = History::read(tx, &system)?;
            gone.sort_by_key(|g| g.key.epoch);
            for g in gone.iter_mut().filter(|g| g.key.epoch != 0) {
                let epoch = g.key.epoch;
                let (since, asked) = history.destroyed(epoch);
                let level = level(recoverable, store.class(), &g.proof);
                let work = w.work(tx, Target::System)?;
                let event = AuditEvent::EpochDestroyed {
                    epoch: u64::from(epoch),
                    since: u64::from(since),
                    level: level.name().into(),
                    keystore: store.class().code().into(),
                    evidence: sha256(&[&g.proof.evidence]),
                    asked,
                };
                g.epoch = Some(EpochDestroyed { entry: tx.log(work, event)?, epoch, since, level });
            }
            Ok(())
        })?;
        Ok(gone)
    }
}

/// Keys that wait to be destroyed, without any that something still rests on.
fn dead_keys(slots: &Slots) -> Vec<Pending> {
    let epoch = slots.row.kept.iter().map(|(_, k)| &k.key);
    let live: Vec<_> = slots.slots.values().filter_map(|s| s.kept.as_ref().map(|k| &k.key)).chain(epoch).collect();
    slots.row.pending.iter().filter(|p| !live.contains(&&p.key)).cloned().collect()
}

/// A key destroyed, as the keystore says and as it shows: it has none of that name to wrap with any more. One that fails
/// otherwise may have it.
fn destroy(store: &Arc<dyn KeyStore>, key: &[u8]) -> Option<DestroyProof> {
    let proof = store.destroy(key).ok()?;
    matches!(store.wrap(key, &[0; 32]), Err(Error::NotFound)).then_some(proof)
}

/// What erasures reach by it against copies of the file.
fn level(recoverable: bool, class: KeyStoreClass, proof: &DestroyProof) -> ErasureLevel {
    if recoverable {
        ErasureLevel::CopiesButByCode
    } else if proof.rollback_resistant && class > KeyStoreClass::Software {
        ErasureLevel::CopiesByDevice
    } else {
        ErasureLevel::CopiesByFile
    }
}

/// What the space's log says of older keys.
struct History {
    gone: BTreeSet<u64>,
    /// By which entry the person asked for it.
    asked: BTreeMap<u64, u64>,
}

impl History {
    fn read(tx: &Tx<'_>, system: &Scope) -> Result<Self> {
        let mut history = Self { gone: BTreeSet::new(), asked: BTreeMap::new() };
        let mut edge = Edge::default();
        for index in 0..system.head.log_size {
            let (leaf, entry) = read_line(tx.base, &*tx.txn, system, index)?;
            edge.push(leaf, |_| ())?;
            match entry.map(|entry| entry.event) {
                Some(AuditEvent::EpochDestroyed { epoch, .. }) => _ = history.gone.insert(epoch),
                Some(AuditEvent::EpochEnded { epoch, .. }) => _ = history.asked.insert(epoch, index),
                _ => {}
            }
        }
        let head = edge.head();
        if (head.size, head.root) != (system.head.log_size, system.head.log_root) {
            return Err(Error::Corrupt(Part::Ledger));
        }
        Ok(history)
    }

    /// Notes one; since when none is left, and by which entry it was asked for.
    fn destroyed(&mut self, epoch: u32) -> (u32, Option<u64>) {
        self.gone.insert(u64::from(epoch));
        let since = (1..=epoch).rev().take_while(|e| self.gone.contains(&u64::from(*e))).last();
        (since.unwrap_or(epoch), self.asked.get(&u64::from(epoch)).copied())
    }
}

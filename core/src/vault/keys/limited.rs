//! Limited ways in: made by somebody who holds the space, opened by a program that does not.

use super::slots::Slots;
use crate::audit::AuditEvent;
use crate::crypto::random_array;
use crate::crypto::secret::SecretBytes;
use crate::crypto::sign::VerifyingKey;
use crate::error::{Error, Malformed, Part, Result};
use crate::id::SlotId;
use crate::keyring::{Bundle, Slot, SlotKind, Unlock, make_limited};
use crate::label::PartitionKind;
use crate::storage::ReadTxn;
use crate::vault::HealthSpace;
use crate::vault::head;
use crate::vault::policy_row::PolicyRow;
use crate::vault::rows::Base;
use crate::vault::scope::{Damage, Found, Scope, read_head};
use crate::vault::state::{State, Target, Writing, load_policy};
use crate::vault::system_view::SystemView;
use crate::vault::tx::Tx;
use crate::vault::unlocking::{before_a_head, open_partition};
use std::sync::Arc;

impl HealthSpace {
    /// Adds a way in for a program (a general chat, an agent) that is to reach these partitions and
    /// nothing else: it reads and writes there as consents allow, verifies them, and withdraws; it can
    /// give no consent, open no other partition and change no way in, whatever it does to the file. Give
    /// it the secret (32 random bytes) and the file; it opens the space with [`Unlock::limited`], with
    /// [`Unlock::with_device`] where the device's keystore takes part.
    ///
    /// ```
    /// use healthspace::{Environment, Error, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-limited-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let file = dir.join("me.hs");
    /// let unlock = Unlock::passphrase("correct horse battery staple").with_cost(KdfParams::FLOOR);
    /// let (space, _code) = HealthSpace::create(&file, &unlock, Environment::default())?;
    /// let (secret, _slot) = space.add_limited_way_in(&unlock, &["general"])?;
    /// let chat = HealthSpace::open(&file, &Unlock::limited(secret), Environment::default())?;
    /// assert_eq!(chat.info()?.partitions, ["general"]);
    /// assert!(matches!(chat.partition("health"), Err(Error::NoSuchPartition)));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`], [`Error::CannotOpen`]; [`Error::NoSuchPartition`]; [`Error::Malformed`] for
    /// no partition or one named twice; [`Error::TooLarge`] beyond 64 ways in.
    pub fn add_limited_way_in(&self, unlock: &Unlock, partitions: &[&str]) -> Result<(SecretBytes, SlotId)> {
        let way = self.way(unlock)?;
        let twice = (1..partitions.len()).any(|i| partitions.iter().take(i).any(|p| Some(p) == partitions.get(i)));
        if partitions.is_empty() || twice {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let state = self.inner.peek()?;
        let of = |name: &&str| state.partitions.get(state.position(name)?).ok_or(Error::NoSuchPartition);
        let allowed = partitions.iter().map(of).collect::<Result<Vec<&Scope>>>()?;
        let secret = SecretBytes::new(random_array::<32>()?.to_vec());
        let by = Unlock::limited(secret.expose().to_vec());
        let keys = allowed.iter().map(|p| (p.id, &*p.keys));
        let (id, slot) = make_limited(&way.row, &way.row.stretch(&by)?, state.view.id, &state.view.verify.0, keys)?;
        crate::crypto::secret::burn_stack();
        let scopes = allowed.iter().map(|p| p.id).collect();
        let event = AuditEvent::WayInAdded { slot: SlotId(id), kind: slot.kind as u64, scopes };
        self.change_slots(|slots: &mut Slots| {
            slots.add(id, slot.clone())?;
            Ok(vec![event.clone()])
        })?;
        Ok((secret, SlotId(id)))
    }
}

/// Removes every limited way in; how many there were. Each holds the key by which it verifies the
/// system head, so that none outlives that key.
pub(in crate::vault) fn drop_limited(tx: &mut Tx<'_>, w: &mut Writing) -> Result<u64> {
    let mut slots = Slots::read(&*tx.txn, w.state.view.slots_digest())?;
    let limited = |(id, slot): (&[u8; 16], &Slot)| (slot.kind == SlotKind::Limited).then_some(*id);
    let gone: Vec<[u8; 16]> = slots.slots.iter().filter_map(limited).collect();
    if gone.is_empty() {
        return Ok(0);
    }
    slots.slots.retain(|id, _| !gone.contains(id));
    w.system_part(tx)?.slots_digest = slots.write(&mut *tx.txn)?;
    let work = w.work(tx, Target::System)?;
    for id in &gone {
        tx.log(work, AuditEvent::WayInRemoved { slot: SlotId(*id), kind: SlotKind::Limited as u64 })?;
    }
    Ok(gone.len() as u64)
}

/// The partitions of a bundle, under the system head that its key has signed.
pub(in crate::vault) fn open_limited(
    base: &Base,
    txn: &dyn ReadTxn,
    bundle: Bundle,
    slots: &[u8; 32],
    only: Option<&[&str]>,
    damage: Damage,
) -> Result<State> {
    let verify = VerifyingKey(bundle.verify);
    let signed = |body: &[u8], auth: &[u8]| head::verify_signature(body, auth, &verify);
    let Found { head, digest, .. } = read_head(txn, &bundle.system, &signed).map_err(before_a_head)?;
    if head.epoch != base.epoch || head.space != base.space {
        return Err(Error::Corrupt(Part::Head));
    }
    let view = SystemView { id: bundle.system, verify, digest, head: Arc::new(head) };
    if view.slots_digest() != Some(*slots) {
        return Err(Error::Corrupt(Part::Slot));
    }
    let (mut partitions, mut left_out) = (Vec::new(), Vec::new());
    for (id, keys) in bundle.partitions {
        let ordinal = view.head.entry(&id).ok_or(Error::Corrupt(Part::Head))?.ordinal;
        let listed = match load_policy(base, txn, &view, &id, &keys) {
            Ok(policy) => policy.as_listed(id, ordinal),
            // Its name stands nowhere else that this way in leads to.
            Err(Error::Corrupt(_)) if damage == Damage::LeftOut => {
                PolicyRow::new("", PartitionKind::General).as_listed(id, ordinal)
            }
            Err(e) => return Err(e),
        };
        if only.is_some_and(|names| !names.contains(&listed.name.as_str())) {
            continue;
        }
        match open_partition(base, txn, &view, &listed, Arc::new(keys), damage)? {
            Ok(scope) => partitions.push(scope),
            Err(left) => left_out.push(left),
        }
    }
    Ok(State { view, system: None, partitions, directory_lost: false, damage, left_out })
}

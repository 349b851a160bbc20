//! From a way in to the keys of the system scope: slots, root key, the head that names the slots.

use super::check::or_damaged;
use super::found::wrap_context;
use super::head::{self, Head, ScopeEntry};
use super::policy_row::{DirectoryEntry, PolicyRow};
use super::rows::Base;
use super::scope::{Damage, Found, Opening, Scope, read_head, stands_under};
use super::state::{LeftOut, State, load_policy};
use super::system_view::SystemView;
use crate::crypto::hash::sha256;
use crate::crypto::secret::{EpochRoot, Key, SpaceRoot};
use crate::crypto::sign::VerifyingKey;
use crate::error::{Error, Part, Result};
use crate::id::ScopeId;
use crate::keyring::{Bundle, ScopeKeys, SlotKind, SpaceRow, Stretched, Unlock, open_slots, space_row_id};
use crate::label::PartitionKind;
use crate::storage::{Copy, ReadTxn, SlotRow};
use std::sync::Arc;

/// What the system head says of the slots.
pub(super) fn slots_digest(rows: &[SlotRow]) -> [u8; 32] {
    let mut all = Vec::new();
    for r in rows {
        all.extend_from_slice(&r.id);
        all.extend_from_slice(&(r.body.len() as u64).to_be_bytes());
        all.extend_from_slice(&r.body);
    }
    sha256(&[&all])
}

/// A way in that opened.
pub(super) struct WayOpened {
    pub(super) row: SpaceRow,
    /// Of the copy of the slots that it stands in.
    pub(super) digest: [u8; 32],
    id: [u8; 16],
    pub(super) held: Held,
}

/// What a way in gives.
pub(super) enum Held {
    /// The root, and that of the current epoch.
    Full { srk: Key<SpaceRoot>, vrk: Key<EpochRoot> },
    /// Some partitions.
    Limited(Bundle),
}

/// A way into the whole space: the row that all slots share, the slot, the roots.
pub(super) struct FullWay {
    pub(super) row: SpaceRow,
    pub(super) id: [u8; 16],
    pub(super) srk: Key<SpaceRoot>,
    pub(super) vrk: Key<EpochRoot>,
    /// Of the slots as they stood.
    pub(super) digest: [u8; 32],
}

impl WayOpened {
    pub(super) fn full(self) -> Result<FullWay> {
        match self.held {
            Held::Full { srk, vrk } => Ok(FullWay { row: self.row, id: self.id, srk, vrk, digest: self.digest }),
            Held::Limited(_) => Err(Error::NeedsFullSlot),
        }
    }
}

/// The ways in, one copy of the slots after the other. The second copy's turn comes where the first
/// is damaged, holds no slot that this secret opens, or is not the one that the head names.
pub(super) struct WaysIn<'a> {
    unlock: &'a Unlock,
    turn: usize,
    tried: Option<Vec<SlotRow>>,
    /// Copies of one salt and cost need one derivation.
    stretched: Option<Stretched<'a>>,
    failure: Option<Error>,
}

impl<'a> WaysIn<'a> {
    pub(super) fn new(unlock: &'a Unlock) -> Self {
        Self { unlock, turn: 0, tried: None, stretched: None, failure: None }
    }

    /// Opens the root of the current epoch from the next copy.
    pub(super) fn next(&mut self, txn: &dyn ReadTxn) -> Result<WayOpened> {
        while let Some(copy) = [Copy::First, Copy::Second].get(self.turn) {
            self.turn += 1;
            let rows = match txn.slots(*copy) {
                Err(Error::Corrupt(_)) => continue,
                other => other?,
            };
            if self.tried.as_ref() == Some(&rows) {
                continue;
            }
            let opened = self.open(&rows);
            self.tried = Some(rows);
            match opened {
                // Tried and refused: whatever a damaged copy says besides is no better answer.
                Err(Error::CannotOpen) => self.failure = Some(Error::CannotOpen),
                Err(e @ (Error::NeedsNewerLibrary | Error::TooLarge(_))) => _ = self.failure.get_or_insert(e),
                other => return other,
            }
        }
        Err(self.failure.take().unwrap_or(Error::CannotOpen))
    }

    /// From that copy which the system head of an epoch names.
    ///
    /// # Errors
    /// [`Error::Rekeyed`] where a copy that opens is of another epoch.
    pub(super) fn named(mut self, txn: &dyn ReadTxn, digest: Option<[u8; 32]>, epoch: u32) -> Result<WayOpened> {
        loop {
            let way = self.next(txn)?;
            if way.row.epoch != epoch {
                return Err(Error::Rekeyed);
            }
            if digest == Some(way.digest) {
                return Ok(way);
            }
            self.unnamed(Error::Corrupt(Part::Slot));
        }
    }

    /// The copy that was opened leads to no head, or is not the one that the head names.
    pub(super) fn unnamed(&mut self, e: Error) {
        self.failure = Some(e);
    }

    fn open(&mut self, rows: &[SlotRow]) -> Result<WayOpened> {
        let shared = rows.iter().find(|r| r.id == space_row_id()).ok_or(Error::CannotOpen)?;
        let mut row = SpaceRow::decode(&shared.body)?;
        let by = match self.stretched.take() {
            Some(by) if by.fits(&row) => by,
            _ => row.stretch(self.unlock)?,
        };
        let slots = rows.iter().filter(|r| r.id != space_row_id()).map(|r| (&r.id, &r.body[..]));
        let opened = open_slots(&row, &by, slots);
        self.stretched = Some(by);
        let mut opened = opened?;
        row.open_epoch_secret(self.unlock, opened.epoch_secret.take())?;
        let held = if opened.slot.kind == SlotKind::Limited {
            Held::Limited(Bundle::open(&row, &opened)?)
        } else {
            Held::Full { vrk: row.epoch_root(&opened.root)?, srk: opened.root }
        };
        Ok(WayOpened { row, digest: slots_digest(rows), id: opened.id, held })
    }
}

/// Until a head's MAC has held, nothing says whether the secret or the file is to blame.
pub(super) fn before_a_head(e: Error) -> Error {
    if matches!(e, Error::Corrupt(_)) { Error::CannotOpen } else { e }
}

/// Opens the key of a scope that the system head names.
pub(super) fn open_scope_key(base: &Base, vrk: &Key<EpochRoot>, entry: &ScopeEntry) -> Result<ScopeKeys> {
    ScopeKeys::unwrap(vrk, &wrap_context(base, entry.scope, entry.ordinal), &entry.wrap)
}

/// Opens the system scope's key, which stands in its head, and verifies that head with it. A copy that is
/// damaged has no key, or one that does not verify it: then there is the other.
pub(super) fn open_system(
    base: &Base,
    txn: &dyn ReadTxn,
    vrk: &Key<EpochRoot>,
    id: ScopeId,
) -> Result<(ScopeKeys, Head, [u8; 32])> {
    let verify = |body: &[u8], auth: &[u8]| {
        let keys = ScopeKeys::unwrap(vrk, &wrap_context(base, id, 0), &Head::own_key(body)?).ok()?;
        head::verify_system(body, auth, &keys.head_mac)
    };
    let Found { head, digest, .. } = read_head(txn, &id, &verify).map_err(before_a_head)?;
    if head.epoch != base.epoch || head.space != base.space {
        return Err(Error::Corrupt(Part::Head));
    }
    let keys = open_scope_key(base, vrk, head.entry(&id).ok_or(Error::Corrupt(Part::Head))?)?;
    Ok((keys, head, digest))
}

/// All partitions, or those of `only`, by the root of the current epoch.
pub(super) fn open_scopes(
    base: &Base,
    txn: &dyn ReadTxn,
    system: ScopeId,
    vrk: &Key<EpochRoot>,
    slots: &[u8; 32],
    only: Option<&[&str]>,
    damage: Damage,
) -> Result<State> {
    let (system_keys, head, digest) = open_system(base, txn, vrk, system)?;
    let part = head.system.as_ref().ok_or(Error::Corrupt(Part::Head))?;
    if *slots != part.slots_digest {
        return Err(Error::Corrupt(Part::Slot));
    }
    let own = head.entry(&head.scope).ok_or(Error::Corrupt(Part::Head))?;
    let view = SystemView { id: head.scope, verify: VerifyingKey(own.verify), digest, head: Arc::new(head.clone()) };
    let (directory, directory_lost) = directory(base, txn, &view, vrk, &system_keys)?;
    let (mut partitions, mut left_out) = (Vec::new(), Vec::new());
    for d in &directory.directory {
        if only.is_some_and(|names| !names.contains(&d.name.as_str())) {
            continue;
        }
        let entry = head.entry(&d.scope).ok_or(Error::Corrupt(Part::Head))?;
        let keys = Arc::new(open_scope_key(base, vrk, entry)?);
        match open_partition(base, txn, &view, d, keys, damage)? {
            Ok(scope) => partitions.push(scope),
            Err(left) => left_out.push(left),
        }
    }
    let system = match only {
        None => {
            let o = Opening {
                id: head.scope,
                ordinal: 0,
                keys: Arc::new(system_keys),
                policy: directory,
                damage: Damage::Refused,
            };
            Some(Scope::open(base, txn, o)?)
        }
        Some(_) => None,
    };
    Ok(State { view, system, partitions, directory_lost, damage, left_out })
}

/// Opens a partition, or leaves it out where it is too damaged and that is asked for. One that is not damaged but
/// older or another than the system head allows is refused all the same.
pub(super) fn open_partition(
    base: &Base,
    txn: &dyn ReadTxn,
    view: &SystemView,
    listed: &DirectoryEntry,
    keys: Arc<ScopeKeys>,
    damage: Damage,
) -> Result<core::result::Result<Scope, LeftOut>> {
    let (id, ordinal) = (listed.scope, listed.ordinal);
    let policy = load_policy(base, txn, view, &id, &keys);
    let opened = match &policy {
        Ok(policy) => {
            Scope::open(base, txn, Opening { id, ordinal, keys: Arc::clone(&keys), policy: Arc::clone(policy), damage })
        }
        Err(_) => Err(Error::Corrupt(Part::Policy)),
    };
    match opened {
        Ok(scope) => {
            stands_under(&scope.head, view.name())?;
            Ok(Ok(scope))
        }
        Err(Error::Corrupt(part)) if damage == Damage::LeftOut => {
            let policy = or_damaged(policy)?;
            Ok(Err(LeftOut { scope: id, listed: listed.clone(), part, keys, policy }))
        }
        Err(e) => policy.and(Err(e)),
    }
}

/// The partitions: their names, places and kinds, and whether the row that lists them is damaged. Then the
/// partitions' own policy rows say it, which the same signed head names by their digests.
fn directory(
    base: &Base,
    txn: &dyn ReadTxn,
    view: &SystemView,
    vrk: &Key<EpochRoot>,
    system: &ScopeKeys,
) -> Result<(Arc<PolicyRow>, bool)> {
    if let Some(row) = or_damaged(load_policy(base, txn, view, &view.id, system))? {
        return Ok((row, false));
    }
    let mut row = PolicyRow::new("", PartitionKind::General);
    for entry in view.head.scopes().filter(|e| e.scope != view.id) {
        let keys = open_scope_key(base, vrk, entry)?;
        row.directory.push(load_policy(base, txn, view, &entry.scope, &keys)?.as_listed(entry.scope, entry.ordinal));
    }
    Ok((Arc::new(row), true))
}

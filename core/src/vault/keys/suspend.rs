//! A handle that gives its keys up for a while, by itself or when told.

use crate::error::{Error, Result};
use crate::id::ScopeId;
use crate::keyring::Unlock;
use crate::vault::HealthSpace;
use crate::vault::scope::{Damage, HeadName, follows};
use crate::vault::state::State;
use std::sync::Arc;

/// What a suspended handle goes on from: no key, and nothing that was opened.
#[derive(Clone)]
pub(in crate::vault) struct Left {
    full: bool,
    damage: Damage,
    partitions: Vec<String>,
    /// The heads that it had seen: an older file is refused afterwards as it was before.
    seen: Vec<(ScopeId, HeadName)>,
}

impl Left {
    pub(in crate::vault) fn of(state: &State) -> Self {
        let partitions = state.partitions.iter();
        let own = (state.view.id, state.view.name());
        let seen = partitions.clone().map(|p| (p.id, (p.head.generation, p.digest))).chain([own]).collect();
        let (full, damage) = (state.system.is_some(), state.damage);
        Self { full, damage, partitions: partitions.map(|p| p.policy.name.clone()).collect(), seen }
    }

    /// Whether this state is the one that was left, or a later one of its history.
    fn leads_to(&self, state: &State) -> Result<()> {
        for (scope, seen) in &self.seen {
            let partition = state.partitions.iter().find(|p| p.id == *scope).map(|p| (&p.head, p.digest));
            let own = (state.view.id == *scope).then_some((&state.view.head, state.view.digest));
            let (head, digest) = own.or(partition).ok_or(Error::RolledBack)?;
            if digest != seen.1 {
                follows(*seen, head)?;
            }
        }
        Ok(())
    }
}

impl HealthSpace {
    /// Gives up every key that this handle (and its clones) holds, and keeps the handle: calls fail with
    /// [`Error::Locked`] until [`reopen`](Self::reopen). Sessions keep their labels and go on afterwards;
    /// readers have ended. For a screen that locks, and an app that goes into the background.
    pub fn suspend(&self) {
        self.inner.suspend();
    }

    /// Suspends the handle where it has not been used for longer than
    /// [`Environment::lock_after`](crate::Environment::lock_after), and says whether it is locked. Any
    /// call looks at that first; a host that wants the keys gone without one calls this from a timer.
    #[must_use]
    pub fn lock_if_idle(&self) -> bool {
        self.inner.look_at_clock(false).is_err() || self.inner.is_open().is_err()
    }

    /// Opens a suspended handle again, to what it was opened for. An open one stays as it is.
    ///
    /// # Errors
    /// [`Error::Locked`] for one that was closed; [`Error::Rekeyed`] where keys were rotated meanwhile;
    /// [`Error::RolledBack`] and [`Error::Forked`] where the file is older than what this handle had
    /// seen; [`Error::NeedsFullSlot`] where the way in opens less than before; else as [`open`](Self::open).
    pub fn reopen(&self, unlock: &Unlock) -> Result<()> {
        let Some(left) = self.inner.left()? else { return Ok(()) };
        let base = &self.inner.base;
        let names: Vec<&str> = left.partitions.iter().map(String::as_str).collect();
        let only = (!left.full).then_some(&names[..]);
        let opened = Self::open_keys(Arc::clone(&base.storage), unlock, base.env.clone(), only, left.damage);
        crate::crypto::secret::burn_stack();
        let (now, state, _) = opened?;
        if now.space != base.space || now.epoch != base.epoch {
            return Err(Error::Rekeyed);
        }
        if left.full && state.system.is_none() {
            return Err(Error::NeedsFullSlot);
        }
        left.leads_to(&state)?;
        self.inner.take_back(state)?;
        // Held against the anchor, as at any other opening.
        self.inner.read().map(|_| ())
    }
}

//! Opening a space whose anchor is lost, or knows a newer state than the file.

use super::anew::{Anew, Filed, Narrowed, Places, go_on};
use super::restore::leave_behind;
use super::since;
use crate::audit::{AuditEvent, Gesture};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::keyring::Unlock;
use crate::storage::Sqlite;
use crate::storage::Storage;
use crate::vault::keys::OwnKeys;
use crate::vault::scope::Damage;
use crate::vault::space::HealthSpace;
use crate::vault::state::{Inner, Target};
use std::path::Path;
use std::sync::Arc;

/// What going on without the anchor's word came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Permissions that wait to be [confirmed](HealthSpace::confirm_permission).
    pub permissions: u64,
    /// Limited ways in that are gone: programs get new ones.
    pub limited_ways_in: u64,
    /// Partitions that were too damaged to be read, by name, where [that was asked for](HealthSpace::recover_damaged):
    /// they are empty, and without the consents that were given there.
    pub emptied: Vec<String>,
    /// Logs that go on without entries on which their proofs rest, because these are lost: nothing proves that such a log
    /// continues what was signed of it before.
    pub broken_logs: u64,
}

impl HealthSpace {
    /// Opens a space that [`open`](Self::open) refuses because its anchor is lost, knows a newer state or
    /// another one: by the person's explicit act, for the file may be an older one that somebody put
    /// back. What was withdrawn or erased since is then not withdrawn or erased here, so that every
    /// permission waits to be confirmed, every count of uses begins anew, what may flow into a
    /// partition is no more than its kind allows, conversations have the strictest label (nobody knows what they were
    /// shown since), and limited ways in are gone. Logs go on under another
    /// name and key, from their last checkpoint here; whoever holds their old keys is given the new ones.
    ///
    /// With an anchor in the environment the space is that one's from then on, and other states of it
    /// are refused there; without one it is anchored no more.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what an anchor says; [`Error::NeedsFullSlot`] by a limited way in;
    /// [`Error::Forked`] where somebody else changed the space meanwhile: then try again.
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn recover(
        path: impl AsRef<Path>,
        unlock: &Unlock,
        env: Environment,
        gesture: Gesture,
    ) -> Result<(Self, Recovered)> {
        Self::recover_in(Arc::new(Sqlite::open(path.as_ref())?), unlock, env, &gesture, Damage::Refused)
    }

    /// As [`recover`](Self::recover), also where a partition is damaged, which `recover` refuses: a partition of which the
    /// head, the manifest or the policy row is damaged begins anew, empty ([`Recovered::emptied`]), and damaged segments
    /// of catalogs are left behind, as in a restore [with damage](crate::RestoreOptions::with_damage). That ends what a
    /// whole row could be put back into: keep a copy of the file.
    ///
    /// # Errors
    /// As [`recover`](Self::recover), but for [`Error::Corrupt`] by a partition.
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn recover_damaged(
        path: impl AsRef<Path>,
        unlock: &Unlock,
        env: Environment,
        gesture: Gesture,
    ) -> Result<(Self, Recovered)> {
        Self::recover_in(Arc::new(Sqlite::open(path.as_ref())?), unlock, env, &gesture, Damage::LeftOut)
    }

    pub(crate) fn recover_in(
        storage: Arc<dyn Storage>,
        unlock: &Unlock,
        env: Environment,
        gesture: &Gesture,
        damage: Damage,
    ) -> Result<(Self, Recovered)> {
        let opened = Self::open_keys(storage, unlock, env, None, damage);
        crate::crypto::secret::burn_stack();
        let (base, state, _) = opened?;
        if state.system.is_none() {
            return Err(Error::NeedsFullSlot);
        }
        let inner = Inner::new(base, state.clone());
        let emptied = state.left_out.iter().map(|left| left.listed.name.clone()).collect();
        let state = leave_behind(&inner, unlock)?;
        let places = Places::ask(&inner.base, &state)?;
        let state = if places.are_those_of(&state) { state } else { since::raise(&inner, state, None)? };
        // Where the commit fails they stay: it may stand after a crash.
        let own = OwnKeys::make(&inner.base, &state, unlock)?;
        let (anew, next) = inner.write_anew(Some(places.flags()), |tx, w| {
            let anew = go_on(tx, w, (&places, &own), damage, &Filed::new(), &Narrowed::new())?;
            let work = w.work(tx, Target::System)?;
            let event = AuditEvent::Recovered { permissions: anew.permissions, gesture: gesture.clone() };
            tx.log(work, event)?;
            Ok(anew)
        })?;
        places.tell(&next)?;
        let Anew { permissions, limited, broken, .. } = anew;
        let space = Self { inner: Arc::new(inner) };
        space.inner.read()?;
        Ok((space, Recovered { permissions, limited_ways_in: limited, emptied, broken_logs: broken }))
    }
}

//! Founding a partition: beside the others, or in the place of one that is left out.

use super::found::{Announcement, NewScope, policy_place, put_policy};
use super::logs::named;
use super::policy_row::{DirectoryEntry, Origin, PolicyRow};
use super::scope::{Damage, Opening, Scope};
use super::state::{LeftOut, Target, Writing};
use super::tx::{FIRST_ROW, Tx, Work};
use crate::audit::AuditEvent;
use crate::crypto::secret::{EpochRoot, Key};
use crate::error::{Error, Result};
use crate::id::GrantId;
use crate::label::PartitionKind;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A partition to be founded.
pub(super) struct Founding<'a> {
    pub(super) new: NewScope,
    pub(super) listed: &'a DirectoryEntry,
    /// The list of partitions, with this one in it.
    pub(super) directory: &'a PolicyRow,
    /// What seals its key.
    pub(super) vrk: &'a Key<EpochRoot>,
    /// The one whose place it takes; it stands beside the others where there is none.
    pub(super) instead_of: Option<&'a LeftOut>,
}

/// What a new partition refuses and has waiting from the beginning, because the others do.
pub(super) struct Inherited {
    pub(super) policy: PolicyRow,
    /// Withdrawn by handles that cannot write the policies.
    pub(super) denied: Vec<GrantId>,
}

impl Inherited {
    pub(super) fn of(partitions: &[Scope], listed: &DirectoryEntry, instead_of: Option<&LeftOut>) -> Self {
        let mut policy = PolicyRow::new(&listed.name, listed.kind);
        let healthy = || partitions.iter().filter(|p| p.policy.kind == PartitionKind::Health);
        let own = instead_of.and_then(|left| left.policy.as_ref());
        let row = healthy().next().map(|p| &p.policy).or(own).filter(|_| listed.kind == PartitionKind::Health);
        // What was refused elsewhere is refused here too, from the first record on.
        let imported = row.into_iter().flat_map(|row| &row.consents).filter(|c| c.origin != Origin::Own);
        policy.consents = imported.cloned().collect();
        let here = |g: &GrantId| policy.consents.iter().any(|c| c.series == *g);
        // Also where that was withdrawn by a handle that cannot write the policies.
        let denied: BTreeSet<_> = healthy().flat_map(|p| &p.manifest.denied).copied().filter(here).collect();
        let waiting = partitions.iter().map(|p| &p.policy).chain(own).flat_map(|p| &p.suspended);
        policy.suspended = waiting.copied().filter(here).collect();
        if instead_of.is_some() {
            // A handle may have withdrawn what one of them permits in the partition that is lost: nothing else says so.
            let permits = |g: &GrantId| row.and_then(|row| row.state.imported(*g)).is_some_and(|c| c.permits());
            policy.suspended.extend(policy.consents.iter().map(|c| c.series).filter(permits));
        }
        Self { policy, denied: denied.into_iter().collect() }
    }
}

impl Founding<'_> {
    pub(super) fn found(self, tx: &mut Tx<'_>, w: &mut Writing) -> Result<()> {
        let Self { new, listed, directory, vrk, instead_of } = self;
        let base = tx.base;
        let system = w.state.system.clone().ok_or(Error::NeedsFullSlot)?;
        let work = w.work(tx, Target::System)?;
        let version = tx.version(work);
        let (number, directory_row) = (tx.next_row(work)?, tx.next_row(work)?);
        let Inherited { policy, denied } = Inherited::of(&w.state.partitions, listed, instead_of);
        let at = Announcement { system: system.id, number, version };
        let entry = new.announce(base, &mut *tx.txn, vrk, at, &policy)?;
        let place = policy_place(base, system.id, system.id, directory_row, version);
        let new_directory = put_policy(base, &mut *tx.txn, &place, &system.keys, directory)?;
        let part = w.system_part(tx)?;
        let own = part.scopes.iter_mut().find(|e| e.scope == system.id).ok_or(Error::Internal(62))?;
        let old = own.policy.number;
        (own.policy, own.policy_digest) = new_directory;
        let gone = instead_of.and_then(|left| part.scopes.iter().position(|e| e.scope == left.scope));
        let gone = gone.map(|at| part.scopes.remove(at));
        part.scopes.push(entry);
        w.state.directory_lost = false;
        tx.txn.delete(&system.id, old)?;
        if let Some(gone) = gone {
            tx.txn.delete(&system.id, gone.policy.number)?;
        }
        if instead_of.is_none() {
            let work = w.work(tx, Target::System)?;
            tx.log(work, AuditEvent::LogOpened { scope: new.id, previous: None })?;
        }
        // The system head that its first entry's names is not written yet.
        let under = Some(w.state.view.name());
        let scope = open_new(tx, new, policy, under)?;
        // A space that goes on anew says so under the new name of its log.
        if instead_of.is_none() {
            let name = named(&scope, &scope.head.log_origin);
            tx.log(w.work(tx, Target::System)?, name)?;
        }
        let created =
            AuditEvent::PartitionCreated { scope: scope.id, ordinal: listed.ordinal, kind: scope.policy.kind };
        w.state.partitions.push(scope);
        let target = Target::Partition(w.state.partitions.len() - 1);
        let work = w.work(tx, target)?;
        work.manifest.denied = denied;
        tx.log(work, created).map(drop)
    }
}

/// Writes the first manifest and head of a partition that was announced, and opens it.
pub(super) fn open_new(
    tx: &mut Tx<'_>,
    new: NewScope,
    policy: PolicyRow,
    under: Option<(u32, [u8; 32])>,
) -> Result<Scope> {
    new.found(tx.base, &mut *tx.txn, FIRST_ROW, tx.now, None, under)?;
    let (id, ordinal, keys, policy) = (new.id, new.ordinal, Arc::new(new.keys), Arc::new(policy));
    Scope::open(tx.base, &*tx.txn, Opening { id, ordinal, keys, policy, damage: Damage::Refused })
}

/// Ends the grants on which memories of a partition rest and that no partition has: they were lost with one that is
/// left behind, and nobody could withdraw them any more.
pub(super) fn end_lost<'a>(work: &mut Work, partitions: impl Iterator<Item = &'a Scope> + Clone) {
    let resting = work.scope.manifest.tags.resting.iter().map(|r| r.grant);
    for grant in resting.filter(|g| !partitions.clone().any(|p| p.names(*g))) {
        work.manifest.tags.end(grant);
    }
}

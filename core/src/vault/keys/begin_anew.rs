//! A partition that is too damaged for new keys, begun anew under its name.

use super::reseal::Resealed;
use crate::audit::AuditEvent;
use crate::crypto::random_array;
use crate::crypto::secret::{EpochRoot, Key};
use crate::environment::AnchoredHead;
use crate::error::{Error, Result};
use crate::id::ScopeId;
use crate::vault::anchor;
use crate::vault::found::{Announcement, NewScope};
use crate::vault::founding::{Inherited, open_new};
use crate::vault::head::ScopeEntry;
use crate::vault::logs::named;
use crate::vault::state::{LeftOut, State};
use crate::vault::tx::{Tx, Work};

/// A partition that takes the place of one that is left behind.
pub(super) struct Begun {
    pub(super) instead_of: ScopeId,
    /// What the system head says of it.
    pub(super) entry: ScopeEntry,
    /// Its first head.
    pub(super) known: (ScopeId, AnchoredHead),
}

/// Founds it in this transaction's epoch, and tells the space's own log of it. Its key is a new one: under the one that
/// was, whoever has the old keys could make heads that the space would take for its own.
pub(super) fn begin_anew(
    tx: &mut Tx<'_>,
    vrk: &Key<EpochRoot>,
    state: &State,
    left: &LeftOut,
    own: &mut Resealed,
) -> Result<(Begun, Work)> {
    tx.txn.delete_scope(&left.scope)?;
    let new = NewScope::make(ScopeId(random_array()?), left.listed.ordinal)?;
    let Inherited { policy, denied } = Inherited::of(&state.partitions, &left.listed, Some(left));
    // Where the other one's row stood.
    let number = own.work.scope.head.entry(&left.scope).ok_or(Error::Internal(140))?.policy.number;
    let at = Announcement { system: own.work.scope.id, number, version: tx.version(&own.work) };
    let entry = new.announce(tx.base, &mut *tx.txn, vrk, at, &policy)?;
    tx.log(&mut own.work, AuditEvent::LogOpened { scope: new.id, previous: None })?;
    // The system head of these keys is not written yet.
    let scope = open_new(tx, new, policy, Some(state.view.name()))?;
    tx.log(&mut own.work, named(&scope, &scope.head.log_origin))?;
    let known = (scope.id, anchor::named(&scope.head, scope.digest));
    let mut work = tx.work(&scope, scope.next_generation().ok_or(Error::Internal(141))?);
    work.manifest.denied = denied;
    let kind = scope.policy.kind;
    tx.log(&mut work, AuditEvent::PartitionCreated { scope: scope.id, ordinal: scope.ordinal, kind })?;
    Ok((Begun { instead_of: left.scope, entry, known }, work))
}

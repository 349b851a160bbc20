//! Permissions that wait since a restore, confirmed one by one or together.

use super::anew::standings;
use crate::audit::{AuditEvent, Gesture};
use crate::consent::Standing;
use crate::error::{Error, Result};
use crate::id::{GrantId, Timestamp};
use crate::vault::grants::put_row;
use crate::vault::policy_row::{Origin, PolicyRow};
use crate::vault::scope::Scope;
use crate::vault::space::HealthSpace;
use crate::vault::state::{State, Target, Writing};
use crate::vault::tx::Tx;
use crate::vault::whose_consent::of_others;
use std::collections::BTreeSet;

impl HealthSpace {
    /// Confirms a permission that waits since a [restore](Self::restore), or because it is from elsewhere and
    /// names another patient than the data does: it is in force again as it was
    /// given, and uses of a counted one are counted anew. [`permissions`](Self::permissions) lists those
    /// that wait; to give one up, [withdraw](Self::withdraw) it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such permission waits; [`Error::Denied`] where it was passed on under
    /// one that waits itself; [`Error::NeedsFullSlot`].
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn confirm_permission(&self, grant: GrantId, gesture: Gesture) -> Result<()> {
        self.inner.write(|tx, w| {
            let waiting = waiting(&w.state, Timestamp::from_millis(tx.now));
            if !waiting.contains(&grant) {
                return Err(Error::NotFound);
            }
            let parent = w.state.partitions.iter().find_map(|p| p.policy.state.doc(grant)).and_then(|d| d.parent());
            if parent.is_some_and(|parent| waiting.contains(&parent)) {
                return Err(Error::Denied);
            }
            confirm(tx, w, &BTreeSet::from([grant]), &gesture)
        })
    }

    /// Confirms every permission that waits since a restore; how many there were. One from elsewhere that names another
    /// patient than the data does goes on waiting: it takes a word of its own
    /// ([`confirm_permission`](Self::confirm_permission)).
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`].
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn confirm_all_permissions(&self, gesture: Gesture) -> Result<u64> {
        self.inner.write(|tx, w| {
            let mut waiting = waiting(&w.state, Timestamp::from_millis(tx.now));
            let others = of_others(tx, w, &waiting)?;
            waiting.retain(|grant| !others.contains(grant));
            confirm(tx, w, &waiting, &gesture)?;
            Ok(waiting.len() as u64)
        })
    }
}

/// What waits, and what would if it were not over: that can be renewed once it is confirmed.
fn waiting(state: &State, now: Timestamp) -> BTreeSet<GrantId> {
    let of = |p: &Scope| {
        let waits = |(grant, standing): &(GrantId, Standing)| match standing {
            Standing::Suspended => true,
            Standing::Expired => p.policy.suspended.contains(grant),
            _ => false,
        };
        standings(p, now).into_iter().filter(waits).map(|(grant, _)| grant).collect::<Vec<_>>()
    };
    state.partitions.iter().flat_map(of).collect()
}

fn confirm(tx: &mut Tx<'_>, w: &mut Writing, grants: &BTreeSet<GrantId>, gesture: &Gesture) -> Result<()> {
    if w.state.system.is_none() {
        return Err(Error::NeedsFullSlot);
    }
    if grants.is_empty() {
        return Ok(());
    }
    for p in w.state.partitions.clone() {
        let mut row: PolicyRow = (*p.policy).clone();
        row.suspended.retain(|g| !grants.contains(g));
        // Also that one from elsewhere is theirs.
        let confirmed = row.consents.iter_mut().filter(|c| c.origin != Origin::Own && grants.contains(&c.series));
        confirmed.for_each(|c| c.confirmed = true);
        put_row(tx, w, &p, &row)?;
    }
    let work = w.work(tx, Target::System)?;
    for grant in grants {
        tx.log(work, AuditEvent::PermissionConfirmed { grant: *grant, gesture: gesture.clone() })?;
    }
    Ok(())
}

//! What a newer version of a consent from elsewhere ends: what was released and remembered under the older one
//! was so by a text that stands no more.

use super::memory::set_aside;
use super::policy_row::{FiledConsent, Origin};
use super::state::{Target, Writing};
use super::tx::Tx;
use crate::audit::AuditEvent;
use crate::consent::{ReadConsent, read_consent};
use crate::error::Result;
use crate::id::RecordId;

/// Enters the older version as withdrawn where the newer one does not say the same, so that whoever was given
/// something under it is to be told, and sets aside what rests on it.
pub(super) fn end_older(tx: &mut Tx<'_>, w: &mut Writing, older: &FiledConsent, newer: &ReadConsent) -> Result<()> {
    let was = read_consent(&older.bytes, 0);
    let stands = older.origin == Origin::Imported;
    if older.origin == Origin::Own || !was.permits() || stands && was.says_as(newer) {
        return Ok(());
    }
    if stands {
        let work = w.work(tx, Target::System)?;
        tx.log(work, AuditEvent::Withdrawn { grant: older.series, gesture: None })?;
    }
    w.state.is_whole()?;
    for at in (0..w.state.partitions.len()).filter(|at| w.can_change(*at)).collect::<Vec<_>>() {
        let rest: Vec<RecordId> = w.state.partitions.get(at).map_or_else(Vec::new, |p| {
            p.notes().into_iter().filter(|r| p.tag_of(*r).basis.contains(older.series)).map(|r| r.id()).collect()
        });
        set_aside(tx, w, at, rest)?;
    }
    Ok(())
}

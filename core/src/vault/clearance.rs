//! What may flow into a partition, pinned in its policy row: signed with the system head, and
//! changed only by a handle that can sign it.

use super::grants::put_row;
use super::memory::clearance;
use super::policy_row::PolicyRow;
use super::space::HealthSpace;
use super::state::Target;
use crate::audit::{AuditEvent, Gesture};
use crate::error::{Error, Malformed, Result};
use crate::label::Label;

impl HealthSpace {
    /// Up to which label values may flow into a partition.
    ///
    /// # Errors
    /// [`Error::NoSuchPartition`].
    pub fn clearance(&self, partition: &str) -> Result<Label> {
        let (_txn, state) = self.inner.read()?;
        let at = state.position(partition)?;
        Ok(clearance(state.partitions.get(at).ok_or(Error::NoSuchPartition)?))
    }

    /// Changes up to which label values may flow into a partition. The new clearance is in force in
    /// every handle at commit; the entry, in the space's log, is part of that commit. What is in the
    /// partition stays there with its labels.
    ///
    /// Whatever lets more in than before is a choice of the person: health data in a general
    /// memory, say, is read by whoever may read that. Training a model is never opened by this.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, Environment, Error, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-clear-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// let wide = space.clearance("health")?;
    /// assert!(matches!(space.set_clearance("general", wide, None), Err(Error::Malformed(_))));
    /// space.set_clearance("general", wide, Some(Gesture { method: "passcode".into(), evidence: [0; 32] }))?;
    /// assert_eq!(space.clearance("general")?, wide);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`] where the space was opened for some partitions only;
    /// [`Error::Malformed`] where more is let in and no gesture is given.
    pub fn set_clearance(&self, partition: &str, after: Label, gesture: Option<Gesture>) -> Result<u64> {
        self.inner.write(|tx, w| {
            if w.state.system.is_none() {
                return Err(Error::NeedsFullSlot);
            }
            let at = w.state.position(partition)?;
            let p = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
            let before = clearance(&p);
            if !after.flows_to(before) && gesture.is_none() {
                return Err(Error::Malformed(Malformed::Gesture));
            }
            let row = PolicyRow { clearance: Some(after), ..(*p.policy).clone() };
            put_row(tx, w, &p, &row)?;
            let work = w.work(tx, Target::System)?;
            tx.log(work, AuditEvent::ClearanceChanged { scope: p.id, before, after, gesture })
        })
    }
}

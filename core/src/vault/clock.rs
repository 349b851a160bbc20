//! The clock that ran ahead: time never runs behind the logs, so that a clock set back brings no
//! grant to life again. Where it was the logs that were wrong, the person says so.

use super::space::HealthSpace;
use super::state::Target;
use crate::audit::{AuditEvent, Gesture};
use crate::error::{Error, Result};
use crate::id::Timestamp;

impl HealthSpace {
    /// The person confirms that the host's clock is right although the logs hold later entries:
    /// from now on decisions use it again. Logged with the gesture and the time that stood before.
    ///
    /// Grants that are over by the host's clock stay over; one that only the wrong time had ended
    /// is in force again. Emergency access that was going on is over. Does nothing where the clock is
    /// not behind.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`] where some partitions only are open; [`Error::NoSuchPartition`]
    /// where another handle has added one that is not open here: open the space again.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-clock-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// space.confirm_clock(Gesture { method: "tap".into(), evidence: [0; 32] })?;
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn confirm_clock(&self, gesture: Gesture) -> Result<()> {
        let clock = self.inner.base.env.now().as_millis();
        self.inner.write(|tx, w| {
            if w.state.system.is_none() {
                return Err(Error::NeedsFullSlot);
            }
            let floor = w.state.latest();
            if clock >= floor {
                return Ok(());
            }
            let view = &w.state.view;
            let open = |scope| scope == view.id || w.state.partitions.iter().any(|p| p.id == scope);
            if !view.head.scopes().all(|e| open(e.scope)) {
                return Err(Error::NoSuchPartition);
            }
            tx.now = clock;
            let work = w.work(tx, Target::System)?;
            work.last_entry = clock;
            tx.log(work, AuditEvent::ClockConfirmed { floor: Timestamp::from_millis(floor), gesture })?;
            for at in (0..w.state.partitions.len()).filter(|at| w.can_change(*at)).collect::<Vec<_>>() {
                let work = w.work(tx, Target::Partition(at))?;
                work.last_entry = work.last_entry.min(clock);
                work.manifest.breaks.iter_mut().for_each(|b| b.cut(clock));
            }
            Ok(())
        })
    }
}

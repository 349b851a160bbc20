//! Sweeping the file after an erasure, so that no older image of a row is left in it: at once where nobody
//! else is using it, or later.

use super::records::ErasureLevel;
use crate::audit::AuditEvent;
use crate::error::{Error, Result};
use crate::id::ScopeId;
use crate::vault::HealthSpace;
use crate::vault::ingest::Partition;
use crate::vault::logs::read_line;
use crate::vault::state::{Inner, State, Target};
use std::collections::BTreeSet;

/// Erasures after which the file was not swept: partition and entry.
fn waiting(state: &State) -> Vec<(ScopeId, u64)> {
    state.partitions.iter().flat_map(|p| p.manifest.unswept.iter().map(|entry| (p.id, *entry))).collect()
}

/// Enters that the file was swept after these, in each room by itself: one that can take no entry keeps no other from
/// its own. Whether it could be entered is told of the room that is asked about.
fn note(inner: &Inner, swept: &[(ScopeId, u64)], asked: Option<ScopeId>) -> Result<()> {
    let rooms: BTreeSet<ScopeId> = swept.iter().map(|(id, _)| *id).collect();
    let mut told = Ok(());
    for id in rooms {
        let noted = inner.write(|tx, w| {
            let Some(at) = w.state.partitions.iter().position(|p| p.id == id) else { return Ok(()) };
            let p = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            let entries: Vec<u64> =
                p.manifest.unswept.iter().copied().filter(|entry| swept.contains(&(id, *entry))).collect();
            for entry in entries {
                let work = w.work(tx, Target::Partition(at))?;
                work.manifest.unswept.retain(|e| *e != entry);
                let level = ErasureLevel::FileErased.name().into();
                tx.log(work, AuditEvent::ErasureSwept { entry, level })?;
            }
            Ok(())
        });
        if asked == Some(id) {
            told = noted;
        }
    }
    told
}

impl HealthSpace {
    /// Goes on with erasures after which the file could not be swept.
    pub(in crate::vault) fn sweep_waiting(&self) -> Result<()> {
        // What is erased from here on has a sweep of its own.
        let swept = waiting(&self.inner.read()?.1);
        let storage = &self.inner.base.storage;
        // The file is written anew only where nobody is in the way.
        if !swept.is_empty() && storage.checkpoint()? && storage.scrub()? {
            note(&self.inner, &swept, None)?;
        }
        Ok(())
    }
}

impl Partition {
    /// Sweeps the file after an erasure that reached [`NotShown`](ErasureLevel::NotShown) only, and says
    /// so in the log where it could: nobody else may be using the file meanwhile. Costs time and
    /// memory in proportion to the file. Swept once, it stays so, and nothing is written. The next opening
    /// of the whole space does the same.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the entry is none of an erasure of records in this partition's log;
    /// [`Error::DiskFull`] and [`Error::Io`], where what was erased stays erased.
    pub fn sweep(&self, entry: u64) -> Result<ErasureLevel> {
        let (here, swept) = {
            let (txn, state) = self.inner.read()?;
            let scope = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
            if entry >= scope.head.log_size {
                return Err(Error::NotFound);
            }
            let (_, line) = read_line(&self.inner.base, &*txn, scope, entry)?;
            if !line.is_some_and(|line| matches!(line.event, AuditEvent::Erased { .. })) {
                return Err(Error::NotFound);
            }
            if !scope.manifest.unswept.contains(&entry) {
                return Ok(ErasureLevel::FileErased);
            }
            (scope.id, waiting(&state))
        };
        if !self.inner.base.storage.scrub()? {
            return Ok(ErasureLevel::NotShown);
        }
        note(&self.inner, &swept, Some(here))?;
        Ok(ErasureLevel::FileErased)
    }
}

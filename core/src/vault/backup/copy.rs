//! Making a backup, and what the space knows of its backups.

use crate::audit::{AuditEvent, LogMark};
use crate::crypto::random_array;
use crate::error::{Error, Part, Result};
use crate::id::{BackupId, ScopeId, Timestamp};
use crate::storage::{Draft, Extent, ReadTxn, Watch};
use crate::vault::check::{look_through, or_damaged};
use crate::vault::logs::read_line;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::space::HealthSpace;
use crate::vault::state::{Inner, State, Target, Writing};
use crate::vault::tx::Tx;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backup {
    /// How the log names it.
    pub id: BackupId,
    /// Length of its file.
    pub bytes: u64,
    /// Where pages of the file are damaged, so that it could not be copied as it is: what was left out.
    pub row_by_row: Option<RowByRow>,
}

/// A backup that was made row by row, because pages of the file are damaged. Everything that still opens is in it; it is
/// restored [with damage](crate::RestoreOptions::with_damage), which says by partition what is missing
/// ([`Restored::read`](crate::Restored::read)), as [`HealthSpace::check`] does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowByRow {
    /// Rows and entries of logs that are named and do not open: they are left out. What a damaged list named is not
    /// counted, and of a partition that is [left out](HealthSpace::open_damaged) one.
    pub damaged: u64,
    /// Where the entry stands that names it.
    pub entered: EnteredIn,
}

/// Where the entry of a backup stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnteredIn {
    /// In the space's log, as that of any backup.
    Log,
    /// In the backup alone: the file is too damaged to be written to. [`HealthSpace::known_copies`] does not list it.
    Backup,
    /// Nowhere: the space's log is too damaged to be gone on with. What is restored names the backup before it.
    Nowhere,
}

impl EnteredIn {
    /// The word for it: `log`, `backup`, `nowhere`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Backup => "backup",
            Self::Nowhere => "nowhere",
        }
    }
}

/// Says in the space's log that a backup is made, and how far all logs have come.
fn enter(tx: &mut Tx<'_>, w: &mut Writing, backup: BackupId) -> Result<u64> {
    let scopes = w.state.system.iter().chain(&w.state.partitions);
    let mark = |s: &Scope| LogMark { scope: s.id, size: s.head.log_size, root: s.head.log_root };
    let event = AuditEvent::BackedUp { backup, logs: scopes.map(mark).collect() };
    let work = w.work(tx, Target::System)?;
    tx.log(work, event)
}

/// A backup that the space knows of. Copies of the file that were made by other means are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownCopy {
    /// Which.
    pub id: BackupId,
    /// When it was begun.
    pub made: Timestamp,
    /// Its entry in the space's log.
    pub entry: u64,
    /// Erasures since, in the logs that are open here: of records, sources and memories, and of
    /// entries. Where there is one, the copy still holds what is gone here.
    pub erasures_since: u64,
}

impl HealthSpace {
    /// Makes a backup: a copy of the file, encrypted as it is, of one moment, while the space is open and
    /// others write. It opens with the ways in as they are now, by [`restore`](Self::restore) and not by
    /// [`open`](Self::open). Nothing that was deleted is in it.
    ///
    /// It is entered in the space's log before it is made, so that an erasure can tell which copies it
    /// does not reach ([`known_copies`](Self::known_copies)). Where pages of the file are damaged (a bad sector) it is made
    /// row by row instead, of everything that still opens, and [`Backup::row_by_row`] says so. Progress and cancelling
    /// are those of the [environment](crate::Environment).
    ///
    /// ```
    /// use healthspace::{audit::Gesture, Environment, HealthSpace, KdfParams, RestoreOptions, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-backup-{}", std::process::id()));
    /// # let _ = std::fs::remove_dir_all(&dir);
    /// # std::fs::create_dir_all(&dir)?;
    /// let unlock = || Unlock::passphrase("correct horse battery staple").with_cost(KdfParams::FLOOR);
    /// let (space, _code) = HealthSpace::create(dir.join("me.hs"), &unlock(), Environment::default())?;
    /// let backup = space.backup_to(dir.join("me.hsb"))?;
    /// assert_eq!(space.known_copies()?[0].id, backup.id);
    ///
    /// let asked = RestoreOptions::new(Gesture { method: "passcode".into(), evidence: [0; 32] });
    /// let (again, restored) =
    ///     HealthSpace::restore(dir.join("me.hsb"), dir.join("again.hs"), &unlock(), Environment::default(), &asked)?;
    /// assert_eq!(restored.backup, Some(backup.id));
    /// assert!(restored.read.is_whole());
    /// # drop(again); std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] where something of that name is there; [`Error::NeedsFullSlot`];
    /// [`Error::Cancelled`]; [`Error::DiskFull`] and [`Error::Io`]. No file is left then, but for one that ends in
    /// `.part` where the process was killed.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<Backup> {
        let id = BackupId(random_array()?);
        let entered = match self.inner.write(|tx, w| enter(tx, w, id)) {
            // The file cannot be written to: the copy can.
            Err(Error::Corrupt(_)) => false,
            other => other.map(|_| true)?,
        };
        let base = &self.inner.base;
        let watch = Watch { progress: base.env.progress.clone(), cancel: base.env.cancel.clone() };
        let copied =
            if entered { base.storage.copy_to(path.as_ref(), &watch) } else { Err(Error::Corrupt(Part::File)) };
        let made = match copied {
            Err(Error::Corrupt(Part::File)) => self.copy_what_opens(path.as_ref(), &watch, (!entered).then_some(id)),
            made => made.map(|bytes| (bytes, None)),
        };
        if made.is_err() && entered {
            // Should this fail too, a copy is listed that is not there: the safe side.
            let _ = self.inner.write(|tx, w| {
                let work = w.work(tx, Target::System)?;
                tx.log(work, AuditEvent::BackupFailed { backup: id })
            });
        }
        let (bytes, row_by_row) = made?;
        Ok(Backup { id, bytes, row_by_row })
    }

    /// The copy of a file of which pages are damaged, with an entry where there is none yet.
    fn copy_what_opens(&self, path: &Path, watch: &Watch, id: Option<BackupId>) -> Result<(u64, Option<RowByRow>)> {
        let (txn, state) = self.inner.read()?;
        let named = state.view.head.system.as_ref().ok_or(Error::Corrupt(Part::Head))?;
        let open = || state.system.iter().chain(&state.partitions);
        let extent = Extent {
            scopes: named.scopes.iter().map(|e| (e.scope, e.ordinal)).collect(),
            rows: open().map(|s| s.manifest.next_row).max().unwrap_or(0),
            entries: open().map(|s| s.head.log_size).max().unwrap_or(0),
        };
        let found = look_through(&self.inner.base, &*txn, &state)?;
        let draft = txn.copy_what_opens(path, &extent, watch)?;
        drop(txn);
        let entered = match id {
            None => EnteredIn::Log,
            Some(id) if or_damaged(self.enter_in(&draft, state, id))?.is_some() => EnteredIn::Backup,
            Some(_) => EnteredIn::Nowhere,
        };
        let damaged = found.scopes.iter().flat_map(|s| &s.damaged).map(|(_, n)| n).sum();
        Ok((draft.finish_backup(watch)?, Some(RowByRow { damaged, entered })))
    }

    /// Enters a backup in itself. The anchor is told nothing: it knows the file that this is a copy of.
    fn enter_in(&self, draft: &Draft, state: State, id: BackupId) -> Result<()> {
        let inner = Inner::new(self.inner.base.on(Arc::new(draft.open()?))?, state);
        inner.write_anew(None, |tx, w| enter(tx, w, id))?;
        if inner.base.storage.checkpoint()? { Ok(()) } else { Err(Error::Busy) }
    }

    /// The backups that the space knows of, the oldest first, and whether they hold what was erased
    /// since. One of which the process was killed is listed, whether or not a file is there. One whose entry was
    /// damaged when the keys were [changed](Self::rotate) is not known any more.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn known_copies(&self) -> Result<Vec<KnownCopy>> {
        let (txn, state) = self.inner.read()?;
        let base = &self.inner.base;
        let copies = registered(base, &*txn, &state)?;
        let mut erasures: BTreeMap<ScopeId, Vec<u64>> = BTreeMap::new();
        for scope in state.system.iter().chain(&state.partitions) {
            // What no copy is older than cannot be missing in one.
            let first = copies.iter().map(|(_, logs)| size_of(logs, scope.id)).min().unwrap_or(u64::MAX);
            let mut at = Vec::new();
            for index in first..scope.head.log_size {
                let event = read_line(base, &*txn, scope, index)?.1.map(|entry| entry.event);
                if matches!(
                    event,
                    Some(
                        AuditEvent::Erased { .. } | AuditEvent::EntriesErased { .. } | AuditEvent::MemoryDeleted { .. }
                    )
                ) {
                    at.push(index);
                }
            }
            erasures.insert(scope.id, at);
        }
        let since = |logs: &[LogMark]| {
            let of = |(scope, at): (&ScopeId, &Vec<u64>)| at.iter().filter(|i| **i >= size_of(logs, *scope)).count();
            erasures.iter().map(of).sum::<usize>() as u64
        };
        Ok(copies.into_iter().map(|(copy, logs)| KnownCopy { erasures_since: since(&logs), ..copy }).collect())
    }
}

/// Size of a scope's log when a backup was made; one that came later was empty.
pub(super) fn size_of(logs: &[LogMark], scope: ScopeId) -> u64 {
    logs.iter().find(|m| m.scope == scope).map_or(0, |m| m.size)
}

/// The backups in the space's log, the oldest first, and how far all logs had come.
pub(super) fn registered(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<Vec<(KnownCopy, Vec<LogMark>)>> {
    let register = Register::read(base, txn, state)?;
    if register.damaged { Err(Error::Corrupt(Part::Ledger)) } else { Ok(register.copies) }
}

/// What the space's log says of backups.
struct Register {
    copies: Vec<(KnownCopy, Vec<LogMark>)>,
    /// Whether entries do not open.
    damaged: bool,
    /// Whether any do not, or are gone without another that says that they were erased: there may be more backups.
    unsure: bool,
}

impl Register {
    fn read(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<Self> {
        let system = state.system.as_ref().ok_or(Error::NeedsFullSlot)?;
        let mut copies: Vec<(KnownCopy, Vec<LogMark>)> = Vec::new();
        let (mut named, mut damaged) = (BTreeSet::new(), false);
        for index in 0..system.head.log_size {
            let Some((_, entry)) = or_damaged(read_line(base, txn, system, index))? else {
                damaged = true;
                continue;
            };
            let Some(entry) = entry else { continue };
            match entry.event {
                AuditEvent::BackedUp { backup, logs } => {
                    copies.push((KnownCopy { id: backup, made: entry.time, entry: index, erasures_since: 0 }, logs));
                }
                AuditEvent::BackupFailed { backup } => copies.retain(|(copy, _)| copy.id != backup),
                AuditEvent::EntriesErased { entries, .. } => named.extend(entries),
                _ => {}
            }
        }
        let lost = system.manifest.first_lost(&named, system.head.log_size);
        Ok(Self { copies, damaged, unsure: damaged || lost.is_some() })
    }
}

/// The backups that the space knows of, as far as its log can be read, and whether there may be more.
pub(in crate::vault) fn known_copies(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<(Vec<KnownCopy>, bool)> {
    let Register { copies, unsure, .. } = Register::read(base, txn, state)?;
    Ok((copies.into_iter().map(|(copy, _)| copy).collect(), unsure))
}

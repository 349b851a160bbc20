//! An engine in memory that fails, crashes and lies on demand. Tests only.
//!
//! What belongs here: the traits over ordered maps, a log of what was asked, faults. What must not:
//! anything a space could be kept in.
//!
//! A [`Memory`] is a disk; its clones are handles to the same one.

use super::{Copy, HeadRow, LedgerRow, LogId, ReadTxn, Row, SlotRow, Storage, WriteTxn};
use crate::error::{Error, Result};
use crate::id::ScopeId;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// All tables at one moment. A clone shares what neither side has written since.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) rows: Arc<BTreeMap<i64, (ScopeId, Arc<Row>)>>,
    pub(crate) ledger: Arc<BTreeMap<(ScopeId, i64), LedgerRow>>,
    pub(crate) tree: Arc<BTreeMap<(ScopeId, u8, i64), [u8; 32]>>,
    /// First and second copy.
    pub(crate) heads: [Arc<BTreeMap<ScopeId, HeadRow>>; 2],
    /// First and second copy.
    pub(crate) slots: [Arc<BTreeMap<[u8; 16], Vec<u8>>>; 2],
}

/// What was asked of the disk, without content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    BeginRead,
    BeginWrite,
    Get,
    Put { number: u64, bytes: usize },
    Delete,
    PutHead,
    PutSlot,
    PutLedger { idx: u64 },
    Commit,
    Rollback,
    Checkpoint,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// With an I/O error. While writing it ends the handles until [`Memory::reopen`].
    Io,
    /// As `Io`; but a commit has reached the disk all the same.
    IoAfterEffect,
    /// The disk is full.
    Full,
}

#[derive(Default)]
struct Disk {
    /// What a reader sees.
    seen: Image,
    /// What outlives a crash.
    durable: Image,
    log: Vec<Op>,
    /// What every commit left, where that is kept.
    images: Option<Vec<Image>>,
    fault: Option<(u64, Fault)>,
    failed: bool,
    lying: bool,
    writing: bool,
    reading: usize,
    /// Counts crashes: a transaction from before one cannot commit.
    life: u64,
}

/// A disk in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    disk: Arc<(Mutex<Disk>, Condvar)>,
    wait: Option<Duration>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// This handle, waiting so long for another writer instead of 5 s.
    pub(crate) fn with_wait(self, wait: Duration) -> Self {
        Self { wait: Some(wait), ..self }
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `n` operations succeed, and the one after them fail.
    pub(crate) fn fail_after(&self, n: u64, fault: Fault) {
        self.lock().fault = Some((n, fault));
    }

    /// Whether the fault that was set is still to come.
    pub(crate) fn fault_pending(&self) -> bool {
        self.lock().fault.is_some()
    }

    /// From now on commits say `Ok` but do not outlive a crash: a disk that ignores `fsync`.
    pub(crate) fn lie(&self, lying: bool) {
        let mut disk = self.lock();
        disk.lying = lying;
        if !lying {
            disk.durable = disk.seen.clone();
        }
    }

    /// Power off and on: what was not durable is gone, and open transactions with it.
    pub(crate) fn crash(&self) {
        let mut disk = self.lock();
        disk.seen = disk.durable.clone();
        disk.life += 1;
        disk.writing = false;
        disk.fault = None;
        disk.failed = false;
        drop(disk);
        self.disk.1.notify_all();
    }

    /// Fresh handles, as after an I/O error ended the old ones.
    pub(crate) fn reopen(&self) {
        self.lock().failed = false;
    }

    /// What is committed now.
    pub(crate) fn image(&self) -> Image {
        self.lock().seen.clone()
    }

    /// Keeps what each commit leaves, from now on.
    pub(crate) fn keep_images(&self) {
        self.lock().images = Some(Vec::new());
    }

    /// What the commits left since.
    pub(crate) fn images(&self) -> Vec<Image> {
        self.lock().images.clone().unwrap_or_default()
    }

    /// Puts an earlier image back, as somebody with a copy of the file would.
    pub(crate) fn restore(&self, image: &Image) {
        let mut disk = self.lock();
        disk.seen = image.clone();
        disk.durable = image.clone();
    }

    /// Changes what is stored behind everybody's back.
    pub(crate) fn tamper(&self, f: impl FnOnce(&mut Image)) {
        let mut disk = self.lock();
        f(&mut disk.seen);
        disk.durable = disk.seen.clone();
    }

    /// What was asked so far.
    pub(crate) fn operations(&self) -> Vec<Op> {
        self.lock().log.clone()
    }

    fn step(&self, op: Op, writing: bool) -> Result<(), Fault> {
        self.lock().step(op, writing)
    }
}

impl Disk {
    /// Counts one operation; whether it fails.
    fn step(&mut self, op: Op, writing: bool) -> Result<(), Fault> {
        self.log.push(op);
        match &mut self.fault {
            Some((0, fault)) => {
                let fault = *fault;
                self.fault = None;
                self.failed |= writing && fault != Fault::Full;
                Err(fault)
            }
            Some((n, _)) => {
                *n -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn usable(&self) -> Result<()> {
        if self.failed { Err(Error::Io(ErrorKind::Other)) } else { Ok(()) }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Io | Fault::IoAfterEffect => Self::Io(ErrorKind::Other),
            Fault::Full => Self::DiskFull,
        }
    }
}

impl Storage for Memory {
    fn begin_read(&self) -> Result<Box<dyn ReadTxn + '_>> {
        let mut disk = self.lock();
        disk.usable()?;
        disk.step(Op::BeginRead, false)?;
        disk.reading += 1;
        Ok(Box::new(MemoryTxn {
            memory: self,
            image: disk.seen.clone(),
            life: disk.life,
            write: false,
            done: false,
            broken: false,
        }))
    }

    fn begin_write(&self) -> Result<Box<dyn WriteTxn + '_>> {
        self.lock().usable()?;
        let deadline = Instant::now() + self.wait.unwrap_or(Duration::from_secs(5));
        let mut disk = self.lock();
        while disk.writing {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Busy);
            }
            disk = self.disk.1.wait_timeout(disk, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        disk.usable()?;
        disk.step(Op::BeginWrite, true)?;
        disk.writing = true;
        Ok(Box::new(MemoryTxn {
            memory: self,
            image: disk.seen.clone(),
            life: disk.life,
            write: true,
            done: false,
            broken: false,
        }))
    }

    fn checkpoint(&self) -> Result<bool> {
        let mut disk = self.lock();
        disk.usable()?;
        disk.step(Op::Checkpoint, true)?;
        Ok(!disk.writing && disk.reading == 0)
    }

    fn look_at(&self, look: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let image = self.image();
        image.rows.values().for_each(|(_, row)| look(&row.sealed));
        Ok(true)
    }

    fn scrub(&self) -> Result<bool> {
        self.checkpoint()
    }

    fn copy_to(&self, _: &std::path::Path, _: &super::Watch) -> Result<u64> {
        Err(Error::Io(ErrorKind::Unsupported))
    }
}

struct MemoryTxn<'m> {
    memory: &'m Memory,
    image: Image,
    life: u64,
    write: bool,
    done: bool,
    /// A write failed: nothing may follow it.
    broken: bool,
}

impl MemoryTxn<'_> {
    fn step(&self, op: Op) -> Result<()> {
        Ok(self.memory.step(op, self.write)?)
    }

    fn write_step(&mut self, op: Op) -> Result<()> {
        if self.broken {
            return Err(Error::Storage(4));
        }
        self.step(op).inspect_err(|_| self.broken = true)
    }
}

const fn index(copy: Copy) -> usize {
    match copy {
        Copy::First => 0,
        Copy::Second => 1,
    }
}

impl ReadTxn for MemoryTxn<'_> {
    fn row_into(&self, scope: &ScopeId, number: u64, out: &mut Vec<u8>) -> Result<Option<(u64, u8, u64)>> {
        out.clear();
        self.step(Op::Get)?;
        Ok(self.image.rows.get(&number.cast_signed()).filter(|(s, _)| s == scope).map(|(_, row)| {
            out.extend_from_slice(&row.sealed);
            (row.group, row.class, row.version)
        }))
    }

    fn scan(&self, scope: &ScopeId, class: u8, f: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.step(Op::Get)?;
        for (of, row) in self.image.rows.values() {
            if of == scope && row.class == class {
                f(Row::clone(row))?;
            }
        }
        Ok(())
    }

    fn places(&self, f: &mut dyn FnMut(Option<ScopeId>, u64, u64) -> Result<()>) -> Result<()> {
        self.step(Op::Get)?;
        self.image.rows.values().try_for_each(|(scope, row)| f(Some(*scope), row.number, row.group))
    }

    fn log_rows(&self, f: &mut dyn FnMut(Option<ScopeId>, u64) -> Result<()>) -> Result<()> {
        self.step(Op::Get)?;
        let leaves = self.image.tree.keys().filter(|(_, level, _)| *level == 0);
        leaves.into_iter().try_for_each(|(scope, ..)| f(Some(*scope), 1))
    }

    fn in_order(&self) -> Result<bool> {
        self.step(Op::Get).map(|()| true)
    }

    fn copy_what_opens(&self, _: &std::path::Path, _: &super::Extent, _: &super::Watch) -> Result<super::Draft> {
        Err(Error::Io(ErrorKind::Unsupported))
    }

    fn head(&self, scope: &ScopeId, copy: Copy) -> Result<Option<HeadRow>> {
        self.step(Op::Get)?;
        Ok(self.image.heads[index(copy)].get(scope).cloned())
    }

    fn scopes(&self) -> Result<Vec<ScopeId>> {
        self.step(Op::Get)?;
        let all: BTreeSet<_> = self.image.heads.iter().flat_map(|h| h.keys().copied()).collect();
        Ok(all.into_iter().collect())
    }

    fn slots(&self, copy: Copy) -> Result<Vec<SlotRow>> {
        self.step(Op::Get)?;
        let slots = self.image.slots[index(copy)].iter();
        Ok(slots.map(|(id, body)| SlotRow { id: *id, body: body.clone() }).collect())
    }

    fn ledger(&self, log: &LogId, idx: u64) -> Result<Option<LedgerRow>> {
        self.step(Op::Get)?;
        Ok(self.image.ledger.get(&(log.scope, idx.cast_signed())).cloned())
    }

    fn tree(&self, log: &LogId, level: u8, idx: u64) -> Result<Option<[u8; 32]>> {
        self.step(Op::Get)?;
        Ok(self.image.tree.get(&(log.scope, level, idx.cast_signed())).copied())
    }
}

impl WriteTxn for MemoryTxn<'_> {
    fn put(&mut self, scope: &ScopeId, number: u64, group: u64, class: u8, version: u64, sealed: &[u8]) -> Result<()> {
        self.write_step(Op::Put { number, bytes: sealed.len() })?;
        let row = Arc::new(Row { number, group, class, version, sealed: sealed.to_vec() });
        Arc::make_mut(&mut self.image.rows).insert(number.cast_signed(), (*scope, row));
        Ok(())
    }

    fn delete(&mut self, scope: &ScopeId, number: u64) -> Result<()> {
        self.write_step(Op::Delete)?;
        let rows = Arc::make_mut(&mut self.image.rows);
        if rows.get(&number.cast_signed()).is_some_and(|(of, _)| of == scope) {
            rows.remove(&number.cast_signed());
        }
        Ok(())
    }

    fn delete_group(&mut self, scope: &ScopeId, group: u64, from: u64) -> Result<u64> {
        self.write_step(Op::Delete)?;
        let rows = Arc::make_mut(&mut self.image.rows);
        let before = rows.len();
        rows.retain(|n, (of, row)| *n < from.cast_signed() || of != scope || row.group != group || group == 0);
        Ok((before - rows.len()) as u64)
    }

    fn delete_scope(&mut self, scope: &ScopeId) -> Result<()> {
        self.write_step(Op::Delete)?;
        Arc::make_mut(&mut self.image.rows).retain(|_, (of, _)| of != scope);
        Arc::make_mut(&mut self.image.ledger).retain(|(of, _), _| of != scope);
        Arc::make_mut(&mut self.image.tree).retain(|(of, ..), _| of != scope);
        self.image.heads.iter_mut().for_each(|copy| _ = Arc::make_mut(copy).remove(scope));
        Ok(())
    }

    fn put_head(&mut self, scope: &ScopeId, body: &[u8], auth: &[u8]) -> Result<()> {
        self.write_step(Op::PutHead)?;
        for copy in &mut self.image.heads {
            Arc::make_mut(copy).insert(*scope, HeadRow { body: body.to_vec(), auth: auth.to_vec() });
        }
        Ok(())
    }

    fn put_slot(&mut self, id: &[u8; 16], body: &[u8]) -> Result<()> {
        self.write_step(Op::PutSlot)?;
        for copy in &mut self.image.slots {
            Arc::make_mut(copy).insert(*id, body.to_vec());
        }
        Ok(())
    }

    fn delete_slot(&mut self, id: &[u8; 16]) -> Result<()> {
        self.write_step(Op::Delete)?;
        for copy in &mut self.image.slots {
            Arc::make_mut(copy).remove(id);
        }
        Ok(())
    }

    fn put_ledger(&mut self, log: &LogId, idx: u64, nodes: &[[u8; 32]], wrap: &[u8], sealed: &[u8]) -> Result<()> {
        self.write_step(Op::PutLedger { idx })?;
        let tree = Arc::make_mut(&mut self.image.tree);
        for (level, hash) in (0u8..).zip(nodes) {
            tree.insert((log.scope, level, (idx >> level).cast_signed()), *hash);
        }
        let row = LedgerRow { wrap: wrap.to_vec(), sealed: sealed.to_vec() };
        Arc::make_mut(&mut self.image.ledger).insert((log.scope, idx.cast_signed()), row);
        Ok(())
    }

    fn rewrap_ledger(&mut self, log: &LogId, idx: u64, wrap: &[u8]) -> Result<()> {
        self.write_step(Op::PutLedger { idx })?;
        if let Some(row) = Arc::make_mut(&mut self.image.ledger).get_mut(&(log.scope, idx.cast_signed())) {
            row.wrap = wrap.to_vec();
        }
        Ok(())
    }

    fn erase_ledger(&mut self, log: &LogId, idx: u64) -> Result<()> {
        self.write_step(Op::Delete)?;
        Arc::make_mut(&mut self.image.ledger).remove(&(log.scope, idx.cast_signed()));
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        if self.broken {
            return Err(Error::Storage(4));
        }
        let outcome = self.memory.step(Op::Commit, true);
        let mut disk = self.memory.lock();
        if disk.life != self.life {
            return Err(Error::Io(ErrorKind::Other));
        }
        if matches!(outcome, Ok(()) | Err(Fault::IoAfterEffect)) {
            disk.seen = std::mem::take(&mut self.image);
            let seen = disk.seen.clone();
            disk.images.iter_mut().for_each(|all| all.push(seen.clone()));
            if !disk.lying {
                disk.durable = disk.seen.clone();
            }
        }
        self.done = true;
        Ok(outcome?)
    }
}

impl Drop for MemoryTxn<'_> {
    fn drop(&mut self) {
        let mut disk = self.memory.lock();
        if self.write {
            if !self.done {
                disk.log.push(Op::Rollback);
            }
            if disk.life == self.life {
                disk.writing = false;
            }
            drop(disk);
            self.memory.disk.1.notify_one();
        } else {
            disk.reading -= 1;
        }
    }
}

//! Files as bytes, what was done to them, and what fails.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A file of a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Main,
    Log,
    Journal,
}

/// What was done, in order. Files are told by the number under which they were made: a log that is
/// deleted and made anew is another file.
#[derive(Clone)]
pub(crate) enum Op {
    Create(usize, Which),
    Delete(Which),
    Write(usize, u64, Arc<[u8]>),
    Truncate(usize, u64),
    /// Of a file's content; and of the directory, where the file was new.
    Sync(usize, bool),
    /// The program was told that this step is done.
    Acknowledged(usize),
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An input or output error, whatever the call.
    Io,
    /// No space left, where the call would take some.
    Full,
    /// Half of it is written, then the space is gone.
    Short,
    /// Synchronising fails; any other call is let through.
    Sync,
}

/// The bytes of the main file and of the log, if there is one.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) main: Vec<u8>,
    pub(crate) log: Option<Vec<u8>>,
}

/// Calls that are counted for faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Open,
    Read,
    Write,
    Truncate,
    Sync,
    Other,
}

#[derive(Default)]
pub(super) struct Inode {
    pub(super) data: Vec<u8>,
    /// Its name may not outlive a crash yet.
    pub(super) fresh: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: [Option<usize>; 3],
    record: Option<Vec<Op>>,
    fault: Option<(u64, Fault)>,
    /// After a disk was full, it stays full until this is lifted.
    full: bool,
    calls: u64,
    fired: bool,
    pub(super) locks: super::shim::Locks,
    stub: u64,
}

/// A disk that holds one space.
pub(crate) struct Disk {
    path: PathBuf,
    state: Mutex<State>,
}

impl Disk {
    /// A disk for a space of this name. The stub is made with the first write.
    pub(crate) fn new(path: &Path) -> Arc<Self> {
        let disk = Arc::new(Self { path: path.to_owned(), state: Mutex::default() });
        super::shim::mount(&disk);
        disk
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Power off and on, with these files. Whoever still has one open has lost it.
    pub(crate) fn load(&self, files: Files) {
        let mut s = self.lock();
        *s = State { stub: s.stub, ..State::default() };
        s.put(Which::Main, files.main);
        if let Some(log) = files.log {
            s.put(Which::Log, log);
        }
        let len = s.inodes[0].data.len() as u64;
        self.stub(&mut s, len);
    }

    /// As if nothing had ever been on it.
    pub(crate) fn forget(&self) {
        *self.lock() = State::default();
    }

    /// What is in the files now, synchronised or not.
    pub(crate) fn files(&self) -> Files {
        let s = self.lock();
        let of = |w: Which| s.names[w as usize].map(|i| s.inodes[i].data.clone());
        Files { main: of(Which::Main).unwrap_or_default(), log: of(Which::Log) }
    }

    /// Starts to record.
    pub(crate) fn record(&self) {
        self.lock().record = Some(Vec::new());
    }

    /// What was done since.
    pub(crate) fn recorded(&self) -> Vec<Op> {
        self.lock().record.take().unwrap_or_default()
    }

    /// Shows what was done since, and goes on recording.
    pub(crate) fn recorded_so_far(&self, f: impl FnMut(&Op)) {
        self.lock().record.iter().flatten().for_each(f);
    }

    /// Whether the fault that was set has come.
    pub(crate) fn fired(&self) -> bool {
        self.lock().fired
    }

    /// Notes that a step is done.
    pub(crate) fn acknowledge(&self, step: usize) {
        self.lock().note(|| Op::Acknowledged(step));
    }

    /// Lets `n` calls succeed and the one after them fail.
    pub(crate) fn fail_after(&self, n: u64, fault: Fault) {
        let mut s = self.lock();
        s.fault = Some((s.calls + n, fault));
        s.fired = false;
    }

    /// Nothing fails any more; whether something had.
    pub(crate) fn heal(&self) -> bool {
        let mut s = self.lock();
        s.fault = None;
        s.full = false;
        std::mem::take(&mut s.fired)
    }

    /// How many calls were counted so far.
    pub(crate) fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Keeps the stub as long as the main file: all that the core asks of it.
    pub(super) fn stub(&self, s: &mut State, len: u64) {
        if s.stub != len
            && let Ok(f) = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&self.path)
            && f.set_len(len).is_ok()
        {
            s.stub = len;
        }
    }
}

impl State {
    fn put(&mut self, which: Which, data: Vec<u8>) {
        self.names[which as usize] = Some(self.inodes.len());
        self.inodes.push(Inode { data, fresh: false });
    }

    pub(super) fn note(&mut self, op: impl FnOnce() -> Op) {
        if let Some(r) = &mut self.record {
            r.push(op());
        }
    }

    /// Counts a call; how it fails, if it does.
    pub(super) fn step(&mut self, call: Call) -> Option<Fault> {
        self.calls += 1;
        let takes = matches!(call, Call::Write);
        if self.full && takes {
            return Some(Fault::Full);
        }
        let (at, fault) = self.fault?;
        let due = self.calls > at
            && match fault {
                Fault::Io => true,
                Fault::Full | Fault::Short => takes,
                Fault::Sync => call == Call::Sync,
            };
        if !due {
            return None;
        }
        self.fired = true;
        self.full = matches!(fault, Fault::Full | Fault::Short);
        self.fault = None;
        Some(fault)
    }

    pub(super) fn make(&mut self, which: Which) -> usize {
        let ino = self.inodes.len();
        self.inodes.push(Inode { data: Vec::new(), fresh: true });
        self.names[which as usize] = Some(ino);
        self.note(|| Op::Create(ino, which));
        ino
    }
}

/// Writes as a file system does: what lies between the end and the beginning reads as zeros.
pub(crate) fn write_at(data: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = at as usize;
    let end = at + bytes.len();
    if data.len() < end {
        data.resize(end, 0);
    }
    data[at..end].copy_from_slice(bytes);
}

//! What may be in the files after a crash: what was synchronised, and any part of the rest.

use crate::vfs::{Files, Op, Which, write_at};
use std::sync::Arc;

/// What a disk writes whole or not at all.
pub(crate) const UNIT: u64 = 512;

/// A part of a write that is not synchronised yet.
#[derive(Clone)]
pub(crate) struct Unit {
    pub(crate) ino: usize,
    pub(crate) id: u64,
    what: What,
}

#[derive(Clone)]
enum What {
    Bytes { at: u64, of: Arc<[u8]>, from: usize, to: usize },
    Length(u64),
}

#[derive(Clone, Copy)]
enum Entry {
    Made(usize, Which),
    Gone(Which),
}

/// Files as they are known to be durable, and what is under way.
#[derive(Clone)]
pub(crate) struct History {
    durable: Vec<Vec<u8>>,
    names: [Option<usize>; 3],
    entries: Vec<Entry>,
    pub(crate) pending: Vec<Unit>,
    /// Changes with every synchronisation: two states are the same where it and their units are.
    pub(crate) synced: u64,
    next: u64,
    /// A disk that says that it synchronises, and does not.
    pub(crate) lies: bool,
}

/// What becomes of a part that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// What was there before.
    Old,
    /// The file is as long as it would have been; there are zeros.
    Zeros,
    /// The sector was being written: anything.
    Garbage(u64),
}

impl History {
    pub(crate) fn new(base: &Files) -> Self {
        let mut h = Self {
            durable: Vec::new(),
            names: [None; 3],
            entries: Vec::new(),
            pending: Vec::new(),
            synced: 0,
            next: 0,
            lies: false,
        };
        h.names[Which::Main as usize] = Some(0);
        h.durable.push(base.main.clone());
        if let Some(log) = &base.log {
            h.names[Which::Log as usize] = Some(1);
            h.durable.push(log.clone());
        }
        h
    }

    /// A disk on which nothing is.
    pub(crate) fn empty() -> Self {
        let mut h = Self::new(&Files::default());
        h.durable.clear();
        h
    }

    fn unit(&mut self, ino: usize, what: What) {
        self.next += 1;
        self.pending.push(Unit { ino, id: self.next, what });
    }

    /// Follows one operation.
    pub(crate) fn follow(&mut self, op: &Op) {
        match op {
            Op::Create(ino, which) => {
                self.durable.resize_with(ino + 1, Vec::new);
                // The core itself makes the main file durable before anybody is told of it.
                if *which == Which::Main {
                    self.names[Which::Main as usize] = Some(*ino);
                } else {
                    self.entries.push(Entry::Made(*ino, *which));
                }
            }
            Op::Delete(which) => self.entries.push(Entry::Gone(*which)),
            Op::Write(ino, at, bytes) => {
                let (mut from, len) = (0, bytes.len());
                while from < len {
                    let at = at + from as u64;
                    let to = len.min(from + (UNIT - at % UNIT) as usize);
                    self.unit(*ino, What::Bytes { at, of: Arc::clone(bytes), from, to });
                    from = to;
                }
            }
            Op::Truncate(ino, len) => self.unit(*ino, What::Length(*len)),
            Op::Sync(ino, directory) if !self.lies => {
                for u in self.pending.iter().filter(|u| u.ino == *ino) {
                    u.apply(&mut self.durable[*ino]);
                }
                self.pending.retain(|u| u.ino != *ino);
                if *directory {
                    for e in std::mem::take(&mut self.entries) {
                        e.apply(&mut self.names);
                    }
                }
                self.synced += 1;
            }
            Op::Sync(..) | Op::Acknowledged(_) => {}
        }
    }

    /// How many changes of the directory are under way.
    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The files where of the directory's changes the first `entries` are kept, and of the parts
    /// under way those that `keep` keeps.
    pub(crate) fn files(&self, entries: usize, keep: &dyn Fn(usize) -> bool, lost: Lost) -> Files {
        let mut names = self.names;
        self.entries.iter().take(entries).for_each(|e| e.apply(&mut names));
        let of = |which: Which| {
            names[which as usize].map(|ino| {
                let mut data = self.durable[ino].clone();
                for (i, u) in self.pending.iter().enumerate().filter(|(_, u)| u.ino == ino) {
                    if keep(i) { u.apply(&mut data) } else { u.lose(&mut data, lost) }
                }
                data
            })
        };
        Files { main: of(Which::Main).unwrap_or_default(), log: of(Which::Log) }
    }

    /// The files as the program sees them.
    pub(crate) fn whole(&self) -> Files {
        self.files(usize::MAX, &|_| true, Lost::Old)
    }

    /// The files where nothing was kept that was not synchronised.
    pub(crate) fn bare(&self) -> Files {
        self.files(0, &|_| false, Lost::Old)
    }
}

impl Unit {
    fn apply(&self, data: &mut Vec<u8>) {
        match &self.what {
            What::Bytes { at, of, from, to } => write_at(data, *at, &of[*from..*to]),
            What::Length(len) => data.resize(*len as usize, 0),
        }
    }

    fn lose(&self, data: &mut Vec<u8>, lost: Lost) {
        let What::Bytes { at, from, to, .. } = &self.what else { return };
        match lost {
            Lost::Old => {}
            Lost::Zeros => data.resize(data.len().max(*at as usize + to - from), 0),
            Lost::Garbage(seed) => {
                let mut rng = crate::random::Random::new(seed ^ self.id);
                let bytes: Vec<u8> = (*from..*to).map(|_| rng.next() as u8).collect();
                write_at(data, *at, &bytes);
            }
        }
    }
}

impl Entry {
    fn apply(self, names: &mut [Option<usize>; 3]) {
        match self {
            Self::Made(ino, which) => names[which as usize] = Some(ino),
            Self::Gone(which) => names[which as usize] = None,
        }
    }
}

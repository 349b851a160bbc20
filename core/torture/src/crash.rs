//! Power is lost after every operation, and again while a space recovers (C1, C2): what was
//! acknowledged is there, what was not is there whole or not at all.

use crate::history::{History, Lost};
use crate::look::{self, Look};
use crate::random::Random;
use crate::report::{Broken, Report};
use crate::story::{STEPS, Story};
use crate::vfs::{Disk, Files, Op};
use healthspace::{ConversationId, Error, HealthSpace, LogOf, StagedImport, Stats};
use std::collections::HashSet;
use std::path::Path;

/// A story, as it was written.
pub(crate) struct Recording {
    pub(crate) code: String,
    pub(crate) conversation: ConversationId,
    pub(crate) ops: Vec<Op>,
    /// Files and grants acknowledged so far, by step.
    said: Vec<(usize, usize)>,
    /// Every state that a commit left, in order; what it says; and after which operation.
    whole: Vec<(usize, Known)>,
}

/// What a state says: in short, and at length.
pub(crate) struct Known {
    pub(crate) brief: Brief,
    look: Look,
}

/// Enough to tell the states of one story apart: the roots of all logs, and what no log tells.
#[derive(Debug, PartialEq)]
pub(crate) struct Brief {
    pub(crate) checkpoints: Vec<String>,
    stats: Vec<Stats>,
    staged: Vec<StagedImport>,
}

pub(crate) fn brief(space: &HealthSpace) -> healthspace::Result<Brief> {
    let mut b = Brief { checkpoints: vec![space.checkpoint(LogOf::Space)?], stats: Vec::new(), staged: Vec::new() };
    for name in space.info()?.partitions {
        let p = space.partition(&name)?;
        b.checkpoints.push(space.checkpoint(LogOf::Partition(&name))?);
        b.stats.push(p.stats()?);
        b.staged.extend(p.staged_imports()?);
    }
    Ok(b)
}

/// Opens these files and reads them; what they said.
pub(crate) fn known(disk: &Disk, files: Files, of: &Recording) -> healthspace::Result<Known> {
    disk.load(files);
    let space = look::open(disk.path(), &of.code)?;
    Ok(Known { brief: brief(&space)?, look: look::look(&space, of.conversation)? })
}

impl Recording {
    /// Runs the whole story on a disk.
    pub(crate) fn make(disk: &Disk) -> Self {
        let _ = std::fs::remove_file(disk.path());
        disk.load(Files::default());
        let _ = std::fs::remove_file(disk.path());
        disk.forget();
        disk.record();
        let mut story = Story::create(disk.path()).unwrap();
        disk.acknowledge(0);
        let mut said = vec![(0, 0)];
        let mut conversation = story.conversation;
        for (i, (name, step)) in STEPS.iter().enumerate() {
            step(&mut story).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            disk.acknowledge(i + 1);
            said.push((story.files, story.grants));
            conversation = story.conversation;
        }
        let code = story.code.clone();
        drop(story);
        Self { code, conversation, ops: disk.recorded(), said, whole: Vec::new() }
    }

    /// Reads every state that a commit left, and sees that they are one history in which all that
    /// was acknowledged stands.
    pub(crate) fn understand(&mut self, disk: &Disk) {
        let mut h = History::empty();
        let mut last = Files::default();
        let mut whole: Vec<(usize, Known)> = Vec::new();
        for (i, op) in self.ops.iter().enumerate() {
            h.follow(op);
            if let Op::Sync(..) = op {
                let files = h.whole();
                if files != last
                    && let Ok(known) = known(disk, files.clone(), self)
                    && whole.last().is_none_or(|(_, k)| k.brief != known.brief)
                {
                    if let Some((_, before)) = whole.last() {
                        self.follows(disk, &before.brief);
                    }
                    whole.push((i, known));
                }
                last = files;
            }
            if let Op::Acknowledged(step) = op {
                let Some((_, k)) = whole.last() else { panic!("acknowledged, and nothing is there") };
                let files: usize = k.look.partitions.iter().map(|p| p.sources.len()).sum();
                assert_eq!((files, k.look.grants.len()), self.said[*step], "after step {step}");
            }
        }
        self.whole = whole;
    }

    /// The log of the open space goes on where that of an earlier state ended.
    fn follows(&self, disk: &Disk, before: &Brief) {
        let space = look::open(disk.path(), &self.code).unwrap();
        let names = space.info().unwrap().partitions;
        let logs = [LogOf::Space].into_iter().chain(names.iter().map(|n| LogOf::Partition(n)));
        for (of, old) in logs.zip(&before.checkpoints) {
            look::goes_on(&space, of, old).unwrap();
        }
    }

    /// What a crash after operation `at` may leave: positions in `whole`.
    fn allowed(&self, at: usize) -> std::ops::Range<usize> {
        let acknowledged = self.ops[..=at].iter().rposition(|op| matches!(op, Op::Acknowledged(_)));
        let of = |at: usize| self.whole.partition_point(|(i, _)| *i <= at);
        let from = acknowledged.map_or(0, |a| of(a) - 1);
        // The commit that was under way may have been made durable by the disk itself.
        from..(of(at) + 1).min(self.whole.len())
    }

    /// Judges what is in the files after a crash.
    fn judge(&self, disk: &Disk, at: usize, deep: bool) -> Result<(), Broken> {
        let nothing_yet = !self.ops[..=at].iter().any(|op| matches!(op, Op::Acknowledged(_)));
        let space = match look::open(disk.path(), &self.code) {
            Ok(space) => space,
            // A space that nobody was told of may be unfinished.
            Err(Error::NotASpace | Error::CannotOpen | Error::Io(_)) if nothing_yet => return Ok(()),
            Err(e) => return Err(Broken::Unopenable(format!("{e:?}"))),
        };
        let found = match brief(&space) {
            Ok(b) => b,
            Err(e) => return Err(Broken::Unreadable(format!("{e:?}"))),
        };
        let allowed = self.allowed(at);
        let Some((_, known)) = self.whole[allowed.clone()].iter().find(|(_, k)| k.brief == found) else {
            let earlier = self.whole[..allowed.start].iter().any(|(_, k)| k.brief == found);
            return Err(if earlier { Broken::Lost } else { Broken::Phantom });
        };
        if deep {
            match look::look(&space, self.conversation) {
                Ok(l) if l == known.look => {}
                Ok(_) => return Err(Broken::Wrong),
                Err(e) => return Err(Broken::Unreadable(format!("{e:?}"))),
            }
        }
        Ok(())
    }
}

/// A panic is a failure like any other, and the files that led to it are kept.
pub(crate) fn guarded(f: impl FnOnce() -> Result<(), Broken>) -> Result<(), Broken> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_or(Err(Broken::Panicked))
}

/// How much is tried.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Random choices of parts for each operation.
    pub(crate) random: u64,
    /// One in so many states is read at length.
    pub(crate) deep: u64,
    /// One in so many states is broken again while it recovers.
    pub(crate) twice: u64,
    /// Every how many operations.
    pub(crate) stride: usize,
}

/// One state that a crash may leave.
struct Choice {
    entries: usize,
    keep: Keep,
    lost: Lost,
}

enum Keep {
    Bits(u64),
    Only(usize),
    AllBut(usize),
    First(usize),
    Random(u64),
}

impl Keep {
    fn keeps(&self, i: usize) -> bool {
        match self {
            Self::Bits(b) => b.checked_shr(i as u32).is_some_and(|b| b & 1 == 1),
            Self::Only(n) => i == *n,
            Self::AllBut(n) => i != *n,
            Self::First(n) => i < *n,
            Self::Random(seed) => Random::new(seed ^ ((i as u64) << 32)).below(2) == 0,
        }
    }
}

fn choices(h: &History, new: usize, effort: Effort, rng: &mut Random) -> Vec<Choice> {
    let n = h.pending.len();
    let mut all: Vec<Keep> = Vec::new();
    if n <= 10 {
        all.extend((0..1 << n).map(Keep::Bits));
    } else {
        all.extend([Keep::Bits(0), Keep::First(n)]);
        // Parts that were there before this operation were kept alone after an earlier one.
        all.extend((n - new..n).map(Keep::Only));
        all.extend((n - new..n).map(Keep::AllBut));
        all.extend((0..16).map(|_| Keep::AllBut(rng.below(n as u64) as usize)));
        all.extend(
            (0..effort.random)
                .map(|i| if i % 4 == 0 { Keep::First(rng.below(n as u64) as usize) } else { Keep::Random(rng.next()) }),
        );
    }
    let entries = h.entries();
    let of = |keep, rng: &mut Random| {
        let lost = match rng.below(8) {
            0 => Lost::Zeros,
            1 => Lost::Garbage(rng.next()),
            _ => Lost::Old,
        };
        Choice { entries: rng.below(entries as u64 + 1) as usize, keep, lost }
    };
    all.into_iter().map(|keep| of(keep, rng)).collect()
}

/// Breaks a recording after every operation. `part` of `parts` workers.
pub(crate) fn run(
    r: &Recording,
    disk: &Disk,
    effort: Effort,
    seed: u64,
    (part, parts): (usize, usize),
    report: &Report,
) {
    breaks(r, disk, History::empty(), &r.ops, None, effort, seed, (part, parts), report);
}

#[expect(clippy::too_many_arguments, reason = "one private function, for a crash and for one in its recovery")]
fn breaks(
    r: &Recording,
    disk: &Disk,
    mut h: History,
    ops: &[Op],
    inside: Option<usize>,
    effort: Effort,
    seed: u64,
    (part, parts): (usize, usize),
    report: &Report,
) {
    let mut seen = HashSet::new();
    for (i, op) in ops.iter().enumerate() {
        let before = h.pending.len();
        h.follow(op);
        if matches!(op, Op::Acknowledged(_)) || i % effort.stride != 0 || i / effort.stride % parts != part {
            continue;
        }
        let mut rng = Random::new(seed ^ ((i as u64) << 20) ^ inside.unwrap_or(0) as u64);
        let new = h.pending.len().saturating_sub(before);
        for (n, c) in choices(&h, new, effort, &mut rng).into_iter().enumerate() {
            if report.stopped() {
                return;
            }
            let mut print = std::hash::DefaultHasher::new();
            std::hash::Hash::hash(&(h.synced, c.entries, format!("{:?}", c.lost)), &mut print);
            h.pending
                .iter()
                .enumerate()
                .filter(|(i, _)| c.keep.keeps(*i))
                .for_each(|(_, u)| std::hash::Hash::hash(&u.id, &mut print));
            if !seen.insert(std::hash::Hasher::finish(&print)) {
                continue;
            }
            let files = h.files(c.entries, &|i| c.keep.keeps(i), c.lost);
            disk.load(files.clone());
            let again = inside.is_none() && effort.twice > 0 && rng.below(effort.twice) == 0;
            if again {
                disk.record();
            }
            let at = inside.unwrap_or(i);
            let deep = !again && (n as u64).is_multiple_of(effort.deep);
            let verdict = guarded(|| r.judge(disk, at, deep));
            report.state(inside.is_some());
            if let Err(broken) = verdict {
                report.broken(&broken, &format!("crash, seed {seed}, after operation {at}"), &files, &r.code);
                continue;
            }
            if again {
                let recovery = disk.recorded();
                let effort = Effort { random: 4, deep: u64::MAX, twice: 0, stride: 1 + recovery.len() / 24 };
                breaks(r, disk, History::new(&files), &recovery, Some(at), effort, seed, (0, 1), report);
            }
        }
    }
}

/// The whole of it, until so many states were seen.
pub(crate) fn campaign(dir: &Path, effort: Effort, target: u64, seed: u64, jobs: usize, report: &Report) {
    let mut round = 0;
    while report.states() < target && !report.stopped() {
        let seed = seed.wrapping_add(round);
        let disks: Vec<_> = (0..jobs).map(|j| Disk::new(&dir.join(format!("crash-{j}.hs")))).collect();
        let mut recording = Recording::make(&disks[0]);
        recording.understand(&disks[0]);
        report.say(&format!(
            "round {round}, seed {seed}: {} operations, {} commits",
            recording.ops.len(),
            recording.whole.len()
        ));
        let recording = &recording;
        std::thread::scope(|s| {
            for (j, disk) in disks.iter().enumerate() {
                s.spawn(move || run(recording, disk, effort, seed, (j, jobs), report));
            }
        });
        round += 1;
    }
}

/// For a run of half a minute.
pub(crate) const QUICK: Effort = Effort { random: 4, deep: 64, twice: 2000, stride: 11 };
/// For the figures of `core/docs/assurance.md`.
pub(crate) const FULL: Effort = Effort { random: 256, deep: 32, twice: 1500, stride: 1 };

/// What judges is judged: on a disk that only says that it synchronises, losses are found.
pub(crate) fn control(dir: &Path, seed: u64, report: &Report) {
    let disk = Disk::new(&dir.join("control.hs"));
    let mut recording = Recording::make(&disk);
    recording.understand(&disk);
    let found = Report::new("a lying disk", None, None);
    // Where the space is made is left out: nothing at all is there then.
    let made = recording.ops.iter().position(|op| matches!(op, Op::Acknowledged(_))).unwrap();
    let honest = {
        let mut h = History::empty();
        recording.ops[..made].iter().for_each(|op| h.follow(op));
        h.whole()
    };
    let mut lying = History::new(&honest);
    lying.lies = true;
    let mut rng = Random::new(seed);
    for (i, op) in recording.ops.iter().enumerate().skip(made) {
        lying.follow(op);
        if rng.below(40) == 0 {
            let n = rng.below(lying.pending.len() as u64 + 1) as usize;
            disk.load(lying.files(usize::MAX, &|i| i < n, Lost::Old));
            found.state(false);
            if let Err(b) = guarded(|| recording.judge(&disk, i, false)) {
                found.broken(&b, "control", &Files::default(), "");
            }
        }
    }
    let n = found.end();
    report.state(false);
    if n == 0 {
        report.broken(
            &Broken::Unnoticed("a disk that lies was not found out".into()),
            "control",
            &Files::default(),
            "",
        );
    }
}

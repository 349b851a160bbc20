//! Sectors that are not what was written there (C4): zeros, another one of the file, an older one, one of another
//! space, an end too early, and something behind the end. Refused, or exactly what was acknowledged is read.

use crate::crash::{brief, guarded};
use crate::flips::space;
use crate::look::{Look, env, model};
use crate::random::Random;
use crate::report::{Broken, Report};
use crate::story::{Story, steps};
use crate::swaps::told;
use crate::vfs::{Disk, Files};
use healthspace::{Environment, Error, FileAnchor, HealthSpace, KdfParams, Purpose, Unlock};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const PAGE: usize = 4096;
/// Of a write-ahead log: its head, and that of each frame.
const LOG_HEAD: usize = 32;
const FRAME: usize = PAGE + 24;

/// What happens to the files.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// A page of zeros, or of garbage of this seed.
    Lost(usize, Option<u64>),
    /// Two pages stand in each other's place.
    Exchanged(usize, usize),
    /// A page as it was in an earlier state.
    Stale(usize, usize),
    /// A page of another space, from this place of it.
    Foreign(usize, usize),
    /// The file ends here.
    Cut(usize),
    /// So many of its last bytes stand behind its end once more; or so much garbage.
    Again(usize),
    Behind(u64),
    /// The log ends here; so many of its last frames stand behind it once more; two frames stand in each other's place;
    /// a frame is one of another log of the space.
    LogCut(usize),
    LogAgain(usize),
    LogExchanged(usize, usize),
    LogStale(usize),
}

/// How many of a kind are tried; the counts are those of a quick run.
const KINDS: [(&str, usize); 11] = [
    ("zeros", 180),
    ("garbage", 180),
    ("exchanged", 780),
    ("stale", 780),
    ("foreign", 360),
    ("cut", 1500),
    ("again", 180),
    ("log cut", 660),
    ("log again", 60),
    ("log exchanged", 180),
    ("log stale", 60),
];

fn garbage(out: &mut [u8], seed: u64) {
    let mut random = Random::new(seed);
    out.iter_mut().for_each(|b| *b = random.next() as u8);
}

fn page(of: &[u8], n: usize) -> &[u8] {
    &of[n * PAGE..(n + 1) * PAGE]
}

/// What is broken, and what it must say.
struct Setting {
    story: Story,
    /// Checkpointed, with an empty log, and what it says.
    closed: (Files, Look),
    /// Earlier states of it.
    earlier: Vec<Vec<u8>>,
    /// Another space of the same story.
    other: Vec<u8>,
    /// With a log in which several commits stand.
    open: Files,
    /// What each of them left, by the end of its last frame; that of the file without them first.
    commits: Vec<(usize, Look)>,
    /// Another log of the same space.
    older_log: Vec<u8>,
}

impl Setting {
    fn make(dir: &Path) -> Self {
        let disk = Disk::new(&dir.join("sector-other.hs"));
        let (other, _) = space(&disk);
        let disk = Disk::new(&dir.join("sector.hs"));
        let mut earlier: Vec<Vec<u8>> = Vec::new();
        let (files, story) = crate::flips::space_with(&disk, |main| {
            if earlier.last() != Some(&main) {
                earlier.push(main);
            }
        });
        earlier.retain(|e| *e != files.main);
        let truth = crate::flips::read(&disk, files.clone(), &story).unwrap();
        // What follows is written into the log, and no checkpoint empties it.
        let read = |files: &Files| {
            let beside = Disk::new(&dir.join("sector-beside.hs"));
            crate::flips::read(&beside, files.clone(), &story).unwrap()
        };
        let (mut logs, mut said, mut last) = (Vec::new(), Vec::new(), Files::default());
        for _ in 0..2 {
            disk.load(files.clone());
            let mut writing = story.at(disk.path()).unwrap();
            said.clear();
            for _ in 0..4 {
                writing.small().unwrap();
                // A handle that is closed would empty it: as the files are, at any moment after a commit.
                last = disk.files();
                said.push(read(&last));
            }
            logs.push(last.log.clone().unwrap());
        }
        // A frame that ends a commit says how many pages the file has then. A step is more than one of them.
        let log = last.log.as_ref().unwrap();
        let ends = (0..(log.len() - LOG_HEAD) / FRAME).map(|n| LOG_HEAD + n * FRAME);
        let ends = ends.filter(|at| log[at + 4..at + 8] != [0; 4]).map(|at| at + FRAME);
        let mut commits = vec![(0, read(&files))];
        commits.extend(ends.map(|end| (end, read(&Files { main: last.main.clone(), log: Some(log[..end].to_vec()) }))));
        let mut after = commits.iter();
        assert!(said.iter().all(|s| after.any(|(_, c)| c == s)), "what was acknowledged is among them, in order");
        assert_eq!(last.main.len() % PAGE, 0);
        Self {
            closed: (files, truth),
            earlier,
            other: other.main,
            open: last,
            commits,
            older_log: logs.swap_remove(0),
            story,
        }
    }

    /// Every harm of a kind, in the order in which it is counted up.
    fn all(&self, kind: &str, seed: u64) -> Vec<Harm> {
        let (main, log) = (&self.closed.0.main, self.open.log.as_ref().unwrap());
        let pages = main.len() / PAGE;
        let frames = (log.len() - LOG_HEAD) / FRAME;
        let pairs = |n: usize| (0..n).flat_map(move |a| (a + 1..n).map(move |b| (a, b)));
        match kind {
            "zeros" => (0..pages).map(|p| Harm::Lost(p, None)).collect(),
            "garbage" => (0..pages).map(|p| Harm::Lost(p, Some(seed ^ p as u64))).collect(),
            "exchanged" => pairs(pages).map(|(a, b)| Harm::Exchanged(a, b)).collect(),
            "stale" => {
                let changed = |p: usize, v: &Vec<u8>| v.len() >= (p + 1) * PAGE && page(v, p) != page(main, p);
                let mut all = Vec::new();
                for p in 0..pages {
                    let mut seen: Vec<&[u8]> = Vec::new();
                    for (n, v) in self.earlier.iter().enumerate() {
                        // Each older content once.
                        if changed(p, v) && !seen.contains(&page(v, p)) {
                            seen.push(page(v, p));
                            all.push(Harm::Stale(p, n));
                        }
                    }
                }
                all
            }
            "foreign" => {
                let theirs = self.other.len() / PAGE;
                let own = (0..pages.min(theirs)).map(|p| Harm::Foreign(p, p));
                own.chain((0..pages).map(|p| Harm::Foreign(p, (p * 7 + seed as usize % 97) % theirs))).collect()
            }
            "cut" => (0..main.len()).map(Harm::Cut).collect(),
            "again" => {
                let doubled = (1..=pages).map(|n| Harm::Again(n * PAGE));
                doubled
                    .chain((1..64).map(|n| Harm::Again(n * 61)))
                    .chain((0..32).map(|n| Harm::Behind(seed ^ n)))
                    .collect()
            }
            "log cut" => (0..log.len()).map(Harm::LogCut).collect(),
            "log again" => (1..=frames).map(Harm::LogAgain).collect(),
            "log exchanged" => pairs(frames).map(|(a, b)| Harm::LogExchanged(a, b)).collect(),
            _ => (0..frames.min((self.older_log.len() - LOG_HEAD) / FRAME)).map(Harm::LogStale).collect(),
        }
    }

    /// What the log says where it is as it was up to here.
    fn until(&self, end: usize) -> &Look {
        let n = self.commits.partition_point(|(at, _)| *at <= end);
        &self.commits[n - 1].1
    }

    /// The files after it, and what they may say: of a log, what was committed before the first frame that is not as it
    /// was.
    fn after(&self, harm: Harm) -> (Files, &Look) {
        let (mut closed, mut open) = (self.closed.0.clone(), self.open.clone());
        let main = &mut closed.main;
        let log = open.log.as_mut().unwrap();
        let at = |p: usize| p * PAGE..(p + 1) * PAGE;
        let frame = |n: usize| LOG_HEAD + n * FRAME..LOG_HEAD + (n + 1) * FRAME;
        match harm {
            Harm::Lost(p, None) => main[at(p)].fill(0),
            Harm::Lost(p, Some(seed)) => garbage(&mut main[at(p)], seed),
            Harm::Exchanged(a, b) => {
                let first = page(main, a).to_vec();
                main.copy_within(at(b), a * PAGE);
                main[at(b)].copy_from_slice(&first);
            }
            Harm::Stale(p, v) => main[at(p)].copy_from_slice(page(&self.earlier[v], p)),
            Harm::Foreign(p, from) => main[at(p)].copy_from_slice(page(&self.other, from)),
            Harm::Cut(n) => main.truncate(n),
            Harm::Again(n) => main.extend_from_within(main.len() - n..),
            Harm::Behind(seed) => {
                let mut more = vec![0; 1 + seed as usize % (2 * PAGE)];
                garbage(&mut more, seed);
                main.extend_from_slice(&more);
            }
            Harm::LogCut(n) => {
                log.truncate(n);
                return (open, self.until(n));
            }
            Harm::LogAgain(n) => {
                log.extend_from_within(log.len() - n * FRAME..);
                return (open, self.until(usize::MAX));
            }
            Harm::LogExchanged(a, b) => {
                let first = log[frame(a)].to_vec();
                log.copy_within(frame(b), frame(a).start);
                log[frame(b)].copy_from_slice(&first);
                return (open, self.until(frame(a.min(b)).start));
            }
            Harm::LogStale(n) => {
                log[frame(n)].copy_from_slice(&self.older_log[frame(n)]);
                return (open, self.until(frame(n).start));
            }
        }
        (closed, &self.closed.1)
    }
}

/// What came of one.
#[derive(Clone, Copy)]
enum Came {
    Refused,
    /// Everything reads as before, and a look through the space tells of it; or nobody does.
    ByCheck,
    ByNobody,
    /// An older acknowledged state: of a log that ends too early.
    Earlier,
}

fn judge(disk: &Disk, setting: &Setting, harm: Harm) -> Result<Came, Broken> {
    let (files, must) = setting.after(harm);
    match crate::flips::read(disk, files.clone(), &setting.story) {
        // That is for what cannot be.
        Err(e @ Error::Internal(_)) => Err(Broken::Unreadable(format!("{e:?}"))),
        Err(_) => Ok(Came::Refused),
        Ok(l) if l != *must => Err(Broken::Wrong),
        Ok(_) if !std::ptr::eq(must, setting.until(usize::MAX)) && !std::ptr::eq(must, &setting.closed.1) => {
            Ok(Came::Earlier)
        }
        Ok(_) => {
            disk.load(files);
            Ok(if told(disk, &setting.story.code) { Came::ByCheck } else { Came::ByNobody })
        }
    }
}

/// What judges is judged: a state that is another one is found out.
fn control(dir: &Path, setting: &Setting, report: &Report) {
    let disk = Disk::new(&dir.join("sector-control.hs"));
    let older = Files { main: setting.earlier.last().unwrap().clone(), log: None };
    match crate::flips::read(&disk, older.clone(), &setting.story) {
        Ok(l) if l != setting.closed.1 => {}
        _ => report.broken(&Broken::Unnoticed("an older file was not".into()), "control", &older, &setting.story.code),
    }
}

/// A log that ends too early, or is gone, is an older state of the file. With an anchor it is refused.
fn anchored(dir: &Path, quick: bool, seed: u64, report: &Report) {
    let disk = Disk::new(&dir.join("sector-anchored.hs"));
    let anchor = dir.join("sector.anchor");
    let with = || Environment { anchor: Some(Arc::new(FileAnchor::new(&anchor))), ..env() };
    let unlock = Unlock::passphrase("one").with_cost(KdfParams::FLOOR);
    let (space, code) = HealthSpace::create(disk.path(), &unlock, with()).unwrap();
    let by = Unlock::recovery_code(&code.reveal()).unwrap();
    let session = space.session(model().unwrap(), Purpose::PatientRequest).unwrap();
    (0..4).for_each(|n| _ = session.remember_in("general", &format!("note {n}")).unwrap());
    let (files, known, last) = (disk.files(), std::fs::read(&anchor).unwrap(), brief(&space).unwrap());
    drop((session, space));
    let log = files.log.clone().unwrap();
    let mut random = Random::new(seed);
    let ends = (0..=(log.len() - LOG_HEAD) / FRAME).map(|n| LOG_HEAD + n * FRAME);
    let others = (0..if quick { 60 } else { 2_000 }).map(|_| random.below(log.len() as u64) as usize);
    let (mut refused, mut whole, mut older) = (0, 0, 0);
    for end in ends.chain(others).map(Some).chain([None]) {
        if report.stopped() {
            return;
        }
        let cut = Files { main: files.main.clone(), log: end.map(|end| log[..end].to_vec()) };
        let verdict = guarded(|| {
            std::fs::write(&anchor, &known).unwrap();
            disk.load(cut.clone());
            match HealthSpace::open(disk.path(), &by, with()) {
                // It may be from before there was a space, or before its first head that is anchored.
                Err(Error::RolledBack | Error::NotASpace | Error::CannotOpen) => refused += 1,
                Err(e) => return Err(Broken::Unnoticed(format!("told as {e:?}"))),
                Ok(space) if brief(&space).is_ok_and(|b| b == last) => whole += 1,
                Ok(_) => return Err(Broken::Lost),
            }
            // Who does not have it opens nothing but what is from before the space was anchored.
            disk.load(cut.clone());
            match HealthSpace::open(disk.path(), &by, env()) {
                Err(Error::AnchorMissing | Error::NotASpace | Error::CannotOpen) => Ok(()),
                Err(e) => Err(Broken::Unnoticed(format!("told as {e:?}"))),
                Ok(_) => {
                    older += 1;
                    Ok(())
                }
            }
        });
        report.state(false);
        if let Err(broken) = verdict {
            report.broken(&broken, &format!("an anchored log that ends at {end:?}, seed {seed}"), &cut, &code.reveal());
        }
    }
    report.say(&format!("anchored logs cut: {refused} refused, {whole} whole; without the anchor {older} open"));
    if refused == 0 || whole == 0 {
        report.broken(&Broken::Unnoticed("no log was cut".into()), "anchored", &files, &code.reveal());
    }
}

/// All harms, or so many of each kind as a quick run tries, drawn by the seed.
pub(crate) fn campaign(dir: &Path, quick: bool, seed: u64, jobs: usize, report: &Report) {
    let setting = &Setting::make(dir);
    control(dir, setting, report);
    anchored(dir, quick, seed, report);
    report.say(&format!(
        "{} pages, {} earlier states, {} steps, a log of {} bytes, {} commits in it",
        setting.closed.0.main.len() / PAGE,
        setting.earlier.len(),
        steps().count(),
        setting.open.log.as_ref().map_or(0, Vec::len),
        setting.commits.len() - 1
    ));
    for (kind, few) in KINDS {
        let mut all = setting.all(kind, seed);
        let of = all.len();
        if quick {
            let mut random = Random::new(seed ^ few as u64);
            for n in 0..few.min(of) {
                let other = n + random.below((of - n) as u64) as usize;
                all.swap(n, other);
            }
            all.truncate(few);
        }
        let counts: [AtomicU64; 4] = Default::default();
        let (all, counts) = (&all, &counts);
        std::thread::scope(|s| {
            for j in 0..jobs {
                let disk = Disk::new(&dir.join(format!("sector-{j}.hs")));
                s.spawn(move || {
                    for harm in all.iter().skip(j).step_by(jobs) {
                        if report.stopped() {
                            return;
                        }
                        let verdict = guarded(|| {
                            counts[judge(&disk, setting, *harm)? as usize].fetch_add(1, Relaxed);
                            Ok(())
                        });
                        report.state(false);
                        if let Err(broken) = verdict {
                            let (files, _) = setting.after(*harm);
                            report.broken(&broken, &format!("{harm:?}, seed {seed}"), &files, &setting.story.code);
                        }
                    }
                });
            }
        });
        let [refused, by_check, by_nobody, earlier] = [0, 1, 2, 3].map(|n: usize| counts[n].load(Relaxed));
        report.say(&format!(
            "{kind}: {} of {of}: {refused} refused, {by_check} told by check() alone, {by_nobody} by nobody, \
             {earlier} an earlier acknowledged state",
            all.len()
        ));
    }
}

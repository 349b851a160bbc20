//! Every call to the file system fails once (C5, C6): the failure is told, nothing acknowledged is
//! lost, and a handle whose synchronisation failed does nothing more.

use crate::crash::{brief, guarded};
use crate::history::History;
use crate::look;
use crate::report::{Broken, Report};
use crate::story::{Story, steps};
use crate::vfs::{Disk, Fault, Files};
use healthspace::{Error, HealthSpace, LogOf, Result};
use std::path::Path;

const FAULTS: [Fault; 4] = [Fault::Sync, Fault::Io, Fault::Full, Fault::Short];

/// Whether what fails in a step fails in the handle that goes on: not where one is closed, nor where
/// another one imports or comes in.
fn same_handle(step: &str) -> bool {
    !step.starts_with("close") && !["break an import off", "let the device in", "let a program in"].contains(&step)
}

/// What was acknowledged.
pub(crate) struct Said {
    /// Of all logs, the space's first.
    pub(crate) checkpoints: Vec<String>,
    pub(crate) files: usize,
    pub(crate) grants: usize,
}

pub(crate) fn say(story: &Story) -> Result<Said> {
    Ok(Said { checkpoints: brief(story.space()?)?.checkpoints, files: story.files, grants: story.grants })
}

fn stands(disk: &Disk, files: Files, story: &Story, said: &Said) -> std::result::Result<(), Broken> {
    disk.load(files);
    stands_at(disk.path(), story, said)
}

/// The logs go on where they ended.
pub(crate) fn go_on(space: &HealthSpace, checkpoints: &[String]) -> std::result::Result<(), Broken> {
    let names = space.info().map_err(|e| Broken::Unreadable(format!("{e:?}")))?.partitions;
    let logs = [LogOf::Space].into_iter().chain(names.iter().map(|n| LogOf::Partition(n)));
    let mut ends = logs.zip(checkpoints);
    ends.try_for_each(|(of, old)| look::goes_on(space, of, old).map_err(|_| Broken::Lost))
}

/// Opens this file: all that was said stands, and the logs go on where they ended.
pub(crate) fn stands_at(path: &Path, story: &Story, said: &Said) -> std::result::Result<(), Broken> {
    let space = look::open(path, &story.code).map_err(|e| Broken::Unopenable(format!("{e:?}")))?;
    go_on(&space, &said.checkpoints)?;
    let unreadable = |e: Error| Broken::Unreadable(format!("{e:?}"));
    let seen = look::look(&space, story.conversation).map_err(unreadable)?;
    let files: usize = seen.partitions.iter().map(|p| p.sources.len()).sum();
    if files < said.files || seen.grants.len() < said.grants {
        return Err(Broken::Lost);
    }
    Ok(())
}

struct Setting<'a> {
    base: &'a Files,
    story: &'a Story,
    disk: &'a Disk,
}

impl Setting<'_> {
    /// Tells the story with one failure in it. Whether that came.
    fn tell(&self, n: u64, fault: Fault) -> std::result::Result<bool, Broken> {
        let disk = self.disk;
        disk.load(self.base.clone());
        let first = look::open(disk.path(), &self.story.code).map_err(|e| Broken::Unopenable(format!("{e:?}")))?;
        let checkpoints = brief(&first).map_err(|e| Broken::Unreadable(format!("{e:?}")))?.checkpoints;
        drop(first);
        let mut said = Said { checkpoints, files: 0, grants: 0 };
        disk.load(self.base.clone());
        disk.record();
        disk.fail_after(n, fault);
        let mut failed = None;
        let mut ended = false;
        let mut story = match self.story.at(disk.path()) {
            Ok(s) => Some(s),
            Err(e) => {
                failed = Some((0, e));
                None
            }
        };
        for (i, (name, step)) in steps().enumerate() {
            let Some(s) = &mut story else { break };
            let before = disk.fired();
            match step(s).and_then(|()| say(s)) {
                Ok(_) if ended && same_handle(name) => {
                    return Err(Broken::Unnoticed(format!("step {name} after a failed fsync")));
                }
                Ok(new) => said = new,
                Err(e) => {
                    failed = Some((i, e));
                    break;
                }
            }
            // The handle that failed is gone.
            ended &= !name.starts_with("close");
            ended |= fault == Fault::Sync && !before && disk.fired() && same_handle(name);
        }
        let fired = disk.heal();
        let Some((at, e)) = failed else {
            drop(story);
            stands(disk, disk.files(), self.story, &said)?;
            return Ok(fired);
        };
        // A failure of the disk is told as one, not as damage or a wrong secret.
        if !matches!(e, Error::Io(_) | Error::DiskFull | Error::Storage(_)) {
            return Err(Broken::Unnoticed(format!("told as {e:?}")));
        }
        if let Some(s) = &mut story {
            match fault {
                Fault::Sync if steps().nth(at).is_some_and(|(name, _)| same_handle(name)) && s.again().is_ok() => {
                    return Err(Broken::Unnoticed("a handle went on after a failed fsync".into()));
                }
                // Room again: the same handle goes on.
                Fault::Full | Fault::Short if matches!(e, Error::DiskFull) => {
                    s.again().map_err(|e| Broken::Unnoticed(format!("room again, and {e:?}")))?;
                }
                _ => {}
            }
        }
        let conversation = story.as_ref().map_or(self.story.conversation, |s| s.conversation);
        let mut h = History::new(self.base);
        // What is synchronised when the handle closes counts too.
        let volatile = disk.files();
        let lost = {
            disk.recorded_so_far(|op| h.follow(op));
            h.bare()
        };
        drop(story);
        let mut judged = self.story.copy();
        judged.conversation = conversation;
        stands(disk, volatile, &judged, &said)?;
        stands(disk, lost, &judged, &said)?;
        Ok(fired)
    }
}

/// Every `stride`-th call, with every fault.
pub(crate) fn campaign(dir: &Path, stride: u64, jobs: usize, report: &Report) {
    let disk = Disk::new(&dir.join("fault.hs"));
    let mut story = Story::create(disk.path()).unwrap();
    story.space = None;
    let base = disk.files();
    disk.load(base.clone());
    let mut whole = story.at(disk.path()).unwrap();
    steps().for_each(|(name, step)| {
        step(&mut whole).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        say(&whole).unwrap();
    });
    drop(whole);
    let calls = disk.calls();
    report.say(&format!("{calls} calls, {} faults each, one in {stride}", FAULTS.len()));
    let (base, story) = (&base, &story);
    std::thread::scope(|s| {
        for j in 0..jobs as u64 {
            let disk = Disk::new(&dir.join(format!("fault-{j}.hs")));
            s.spawn(move || {
                let setting = Setting { base, story, disk: &disk };
                for fault in FAULTS {
                    for n in (j * stride..calls).step_by(stride as usize * jobs) {
                        if report.stopped() {
                            return;
                        }
                        let mut fired = false;
                        let verdict = guarded(|| setting.tell(n, fault).map(|f| fired = f));
                        report.state(false);
                        if let Err(broken) = verdict {
                            report.broken(&broken, &format!("{fault:?} at call {n}"), &disk.files(), &story.code);
                        } else if !fired {
                            // No such call is left.
                            break;
                        }
                    }
                }
            });
        }
    });
}

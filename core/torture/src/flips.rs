//! Every single bit of a file is flipped (C3): detected, or harmless; never is anything else read.

use crate::crash::guarded;
use crate::look::{self, Look};
use crate::report::{Broken, Report};
use crate::story::{STEPS, Story};
use crate::vfs::{Disk, Files};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes of the file.
pub(crate) const SPACE: usize = 256 << 10;

/// A space of just that size at least, with an empty log.
pub(crate) fn space(disk: &Disk) -> (Files, Story) {
    let mut story = Story::create(disk.path()).unwrap();
    for (name, step) in STEPS {
        step(&mut story).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    }
    loop {
        story.reopen().unwrap();
        if disk.files().main.len() >= SPACE {
            break;
        }
        story.small().unwrap();
    }
    story.space = None;
    let files = disk.files();
    assert!(files.log.is_none());
    (files, story)
}

pub(crate) fn read(disk: &Disk, files: Files, story: &Story) -> healthspace::Result<Look> {
    disk.load(files);
    look::look(&look::open(disk.path(), &story.code)?, story.conversation)
}

/// Flips so many bits, every one of the file where `of` is 0. They are taken in an order in which
/// any beginning is spread over the whole file; `from` continues where an earlier run ended.
pub(crate) fn campaign(dir: &Path, of: u64, from: u64, jobs: usize, report: &Report) {
    let disk = Disk::new(&dir.join("flip.hs"));
    let (files, story) = space(&disk);
    let truth = read(&disk, files.clone(), &story).unwrap();
    let bits = files.main.len() as u64 * 8;
    // Prime to the number of bits, so that every bit comes once.
    let step = ((bits / 3) | 1..).find(|s| gcd(*s, bits) == 1).unwrap();
    let count = if of == 0 { bits } else { of.min(bits) };
    report.say(&format!("{bits} bits, {count} of them, from {from}"));
    let (files, story, truth) = (&files, &story, &truth);
    let harmless = &AtomicU64::new(0);
    std::thread::scope(|s| {
        for j in 0..jobs as u64 {
            let disk = Disk::new(&dir.join(format!("flip-{j}.hs")));
            s.spawn(move || {
                for n in (from + j..count).step_by(jobs) {
                    if report.stopped() {
                        return;
                    }
                    let bit = (u128::from(n) * u128::from(step) % u128::from(bits)) as u64;
                    let mut bad = files.clone();
                    bad.main[(bit / 8) as usize] ^= 1 << (bit % 8);
                    let verdict = guarded(|| match read(&disk, bad, story) {
                        Ok(l) if l == *truth => {
                            harmless.fetch_add(1, Relaxed);
                            Ok(())
                        }
                        Ok(_) => Err(Broken::Wrong),
                        Err(_) => Ok(()),
                    });
                    report.state(false);
                    if let Err(broken) = verdict {
                        report.broken(&broken, &format!("bit {bit}"), &disk.files(), &story.code);
                    }
                }
            });
        }
    });
    report.say(&format!("{} of them made no difference, the others were refused", harmless.load(Relaxed)));
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

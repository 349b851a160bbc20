//! Every single bit of a file is flipped (C3): detected, or harmless; never is anything else read.

use crate::crash::guarded;
use crate::look::{self, Look};
use crate::report::{Broken, Report};
use crate::story::{Story, steps};
use crate::swaps::told;
use crate::vfs::{Disk, Files};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes of the file.
pub(crate) const SPACE: usize = 256 << 10;

/// One in so many of the bits that change nothing that SQLite returns is looked at by the core too.
const CONTROL: u64 = 64;

/// Bytes at the beginning, each bit of which the core looks at.
const FIRST: u64 = 4096;

/// A space of just that size at least, with an empty log.
pub(crate) fn space(disk: &Disk) -> (Files, Story) {
    told_in(disk, false, |_| {})
}

/// The same, and the file as it was after each step.
pub(crate) fn space_with(disk: &Disk, earlier: impl FnMut(Vec<u8>)) -> (Files, Story) {
    told_in(disk, true, earlier)
}

fn told_in(disk: &Disk, closing: bool, mut earlier: impl FnMut(Vec<u8>)) -> (Files, Story) {
    let mut story = Story::create(disk.path()).unwrap();
    for (name, step) in steps() {
        step(&mut story).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        if closing {
            story.reopen().unwrap();
            earlier(disk.files().main);
        }
    }
    loop {
        story.reopen().unwrap();
        if disk.files().main.len() >= SPACE {
            break;
        }
        story.small().unwrap();
        if closing {
            story.reopen().unwrap();
            earlier(disk.files().main);
        }
    }
    story.space = None;
    let files = disk.files();
    assert!(files.log.is_none());
    (files, story)
}

/// All that SQLite returns: every row of every table, after its own look at how the pages hang together.
/// `None` where it refuses, or finds anything out of place.
fn rows(disk: &Disk) -> Option<Vec<Value>> {
    let conn = Connection::open_with_flags(disk.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    let all = |sql: &str, into: &mut Vec<Value>| -> rusqlite::Result<()> {
        let mut s = conn.prepare(sql)?;
        let columns = s.column_count();
        let mut rows = s.query([])?;
        while let Some(row) = rows.next()? {
            for c in 0..columns {
                into.push(row.get(c)?);
            }
        }
        Ok(())
    };
    let mut said = Vec::new();
    all("PRAGMA integrity_check", &mut said).ok()?;
    if said != [Value::Text("ok".into())] {
        return None;
    }
    all("SELECT * FROM sqlite_schema", &mut said).ok()?;
    let tables: Vec<Value> =
        said.iter().skip(1).step_by(5).zip(said.iter().skip(2).step_by(5)).filter_map(table).collect();
    for t in tables {
        let Value::Text(t) = t else { continue };
        all(&format!("SELECT * FROM \"{t}\""), &mut said).ok()?;
    }
    Some(said)
}

/// The name, where a row of the schema is one of a table.
fn table((kind, name): (&Value, &Value)) -> Option<Value> {
    matches!(kind, Value::Text(k) if k == "table").then(|| name.clone())
}

pub(crate) fn read(disk: &Disk, files: Files, story: &Story) -> healthspace::Result<Look> {
    disk.load(files);
    look::look(&look::open(disk.path(), &story.code)?, story.conversation)
}

/// Flips so many bits, every one of the file where `of` is 0. They are taken in an order in which
/// any beginning is spread over the whole file; `from` continues where an earlier run ended.
///
/// A bit of which SQLite knows nothing (four in five: room in pages that is not used) gives the core what
/// it got before: every row of every table, in pages that hang together. One in [`CONTROL`] of these is
/// looked at nevertheless, and the others are left at that; not in the first block, where the file's own
/// header stands.
pub(crate) fn campaign(dir: &Path, of: u64, from: u64, jobs: usize, report: &Report) {
    let disk = Disk::new(&dir.join("flip.hs"));
    let (files, story) = space(&disk);
    let truth = read(&disk, files.clone(), &story).unwrap();
    let bits = files.main.len() as u64 * 8;
    // The golden section of them, so that any beginning is spread evenly; prime to their number, so that
    // every bit comes once.
    let step = (bits * 618 / 1000 + 34..).find(|s| gcd(*s, bits) == 1).unwrap();
    let count = if of == 0 { bits } else { of.min(bits) };
    report.say(&format!("{bits} bits, {count} of them, from {from}"));
    disk.load(files.clone());
    let before = &rows(&disk);
    assert!(before.is_some());
    let (files, story, truth) = (&files, &story, &truth);
    let counts: [AtomicU64; 5] = Default::default();
    let [unseen, control, refused, by_check, by_nobody] = &counts;
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
                    let same = bit / 8 >= FIRST && {
                        disk.load(bad.clone());
                        rows(&disk) == *before
                    };
                    let verdict = if same && n % CONTROL != 0 {
                        unseen.fetch_add(1, Relaxed);
                        Ok(())
                    } else {
                        let again = bad.clone();
                        guarded(|| {
                            let counted = match read(&disk, bad, story) {
                                // What SQLite returns as before is not refused either.
                                Err(_) if !same => refused,
                                Ok(l) if l != *truth => return Err(Broken::Wrong),
                                Err(_) => return Err(Broken::Wrong),
                                Ok(_) if same => control,
                                Ok(_) => {
                                    disk.load(again);
                                    if told(&disk, &story.code) { by_check } else { by_nobody }
                                }
                            };
                            counted.fetch_add(1, Relaxed);
                            Ok(())
                        })
                    };
                    report.state(false);
                    if let Err(broken) = verdict {
                        report.broken(&broken, &format!("bit {bit}"), &disk.files(), &story.code);
                    }
                }
            });
        }
    });
    let [unseen, control, refused, by_check, by_nobody] = [0, 1, 2, 3, 4].map(|n| counts[n].load(Relaxed));
    report.say(&format!(
        "{refused} refused; {} changed nothing that SQLite returns, of which {control} were looked at; \
         {by_check} told by check() alone, and {by_nobody} by nobody, while everything reads as before",
        unseen + control
    ));
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

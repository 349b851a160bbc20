//! Importing, and its report.

use crate::error::ProgressError;
use healthspace::import::Source;
use healthspace::{Cancel, Environment, Error, Progress};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Told how far an import has come, by the thread that imports.
#[uniffi::export(with_foreign)]
pub trait ImportProgress: Send + Sync {
    /// Bytes read, bytes in all, records met. `false`, and any failure, cancels the import; the
    /// same file resumes it.
    fn on_progress(&self, done: u64, total: Option<u64>, records: u64) -> Result<bool, ProgressError>;
}

/// Counts of one type of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct TypeCount {
    /// New in the space.
    pub imported: u64,
    /// Known already.
    pub linked: u64,
    /// Newer versions of what was known: they are shown from now on, the older ones are kept.
    pub replaced: u64,
    /// Older versions of what is known, or of what the same file holds: kept, not shown.
    pub superseded: u64,
    /// Not imported.
    pub refused: u64,
}

/// One place of a file where something was repaired or refused.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ImportIssue {
    /// Whether it was not imported; otherwise it was read with a repair.
    pub refused: bool,
    /// What was the matter, as a stable name: `bad-date`.
    pub code: String,
    /// The same in plain English words.
    pub what: String,
    /// The archive member's number; 0 for a plain file.
    pub member: u32,
    /// The archive member's name without its folders.
    pub name: Option<String>,
    /// The byte in the (decompressed) file or member.
    pub offset: u64,
}

// The name of a member is content of the archive.
veiled!(ImportIssue);

/// What an import did: counts, and places in the file.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ImportReport {
    /// New in the space.
    pub imported: u64,
    /// Known already.
    pub linked: u64,
    /// Newer versions of what was known: they are shown from now on, the older ones are kept.
    pub replaced: u64,
    /// Older versions of what is known, or of what the same file holds: kept, not shown.
    pub superseded: u64,
    /// Not imported.
    pub refused: u64,
    /// Read with a repair.
    pub repaired: u64,
    /// Typed facts added.
    pub facts: u64,
    /// The very same file was imported before.
    pub already_imported: bool,
    /// Consents from elsewhere that permit nothing from now on, until the person confirms them: the file tells of
    /// another patient than they do.
    pub held_back: u64,
    /// Counts by type.
    pub types: HashMap<String, TypeCount>,
    /// Where something was refused or repaired, in the order met; a very long list ends early, the counts do not.
    pub issues: Vec<ImportIssue>,
}

// The names of types alone tell what somebody suffers from or measures.
veiled!(ImportReport);

impl From<healthspace::import::Report> for ImportReport {
    fn from(r: healthspace::import::Report) -> Self {
        let count = |c: &healthspace::import::TypeCount| TypeCount {
            imported: c.imported,
            linked: c.linked,
            replaced: c.replaced,
            superseded: c.superseded,
            refused: c.refused,
        };
        let issue = |i: &healthspace::import::Issue| ImportIssue {
            refused: i.severity == healthspace::import::Severity::Refused,
            code: i.what.code().to_owned(),
            what: i.what.to_string(),
            member: i.member,
            name: r.members.get(&i.member).map(|n| n.as_str().to_owned()),
            offset: i.offset,
        };
        Self {
            imported: r.imported(),
            linked: r.linked(),
            replaced: r.replaced(),
            superseded: r.superseded(),
            refused: r.refused(),
            repaired: r.repaired(),
            facts: r.facts,
            already_imported: r.already_imported,
            held_back: r.held_back,
            types: r.types.iter().map(|(name, c)| (name.clone(), count(c))).collect(),
            issues: r.issues.iter().map(issue).collect(),
        }
    }
}

thread_local! {
    /// The callback of the import that this thread runs.
    static CURRENT: RefCell<Option<Arc<dyn ImportProgress>>> = const { RefCell::new(None) };
}

/// One import at a time per handle, so that cancelling stops the import that asked for it.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    taken: AtomicBool,
    cancel: Cancel,
}

impl Lane {
    /// For a handle that goes on with the environment of this one's.
    pub(crate) fn another(&self) -> Self {
        Self { cancel: self.cancel.clone(), ..Self::default() }
    }

    /// The environment of a space that imports through this lane.
    pub(crate) fn environment(&self) -> Environment {
        let cancel = self.cancel.clone();
        let tell = move |p: Progress| {
            // Out of the cell first: the callback may come back here.
            let current = CURRENT.with_borrow(Clone::clone);
            if current.is_some_and(|f| f.on_progress(p.done, p.total, p.records) != Ok(true)) {
                cancel.cancel();
            }
        };
        Environment { progress: Some(Arc::new(tell)), cancel: self.cancel.clone(), ..Environment::default() }
    }

    /// Takes the lane, and makes `progress` what this thread tells.
    fn enter(&self, progress: Option<Arc<dyn ImportProgress>>) -> Result<Entered<'_>, Error> {
        if self.taken.swap(true, Ordering::AcqRel) {
            return Err(Error::Busy);
        }
        Ok(Entered { lane: self, outer: CURRENT.replace(progress) })
    }
}

struct Entered<'a> {
    lane: &'a Lane,
    /// Of the import whose callback began this one, into another space.
    outer: Option<Arc<dyn ImportProgress>>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.outer.take());
        self.lane.cancel.reset();
        self.lane.taken.store(false, Ordering::Release);
    }
}

pub(crate) fn run(
    space: &healthspace::HealthSpace,
    lane: &Lane,
    partition: &str,
    source: Source,
    confirm_subject: bool,
    progress: Option<Arc<dyn ImportProgress>>,
) -> Result<ImportReport, Error> {
    let partition = space.partition(partition)?;
    let _entered = lane.enter(progress)?;
    let mut how = healthspace::ImportOptions::new();
    if confirm_subject {
        how = how.confirm_subject();
    }
    partition.import_with(source, &how).map(ImportReport::from)
}

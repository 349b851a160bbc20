//! Importing, and its report.

use crate::call::call;
use healthspace::import::Source;
use healthspace::{Cancel, Environment, Error, Progress};
use pyo3::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What an import did.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Report(healthspace::import::Report);

/// One place of a file where something was repaired or refused.
#[pyclass(frozen, get_all, module = "healthspace")]
pub(crate) struct Issue {
    /// `refused`, or `repaired`: read all the same.
    severity: &'static str,
    /// What was the matter, as a stable name: `bad-date`.
    code: &'static str,
    /// The same in plain English words.
    what: String,
    /// The archive member's number; 0 for a plain file.
    member: u32,
    /// The archive member's name without its folders; `None` for a plain file.
    name: Option<String>,
    /// The byte in the (decompressed) file or member.
    offset: u64,
}

#[pymethods]
impl Issue {
    fn __repr__(&self) -> String {
        let Self { severity, code, member, offset, .. } = self;
        format!("Issue(severity={severity}, code={code}, member={member}, offset={offset})")
    }
}

/// Counts of one type of records.
#[pyclass(frozen, get_all, module = "healthspace")]
pub(crate) struct TypeCount {
    imported: u64,
    linked: u64,
    replaced: u64,
    superseded: u64,
    refused: u64,
}

#[pymethods]
impl TypeCount {
    fn __repr__(&self) -> String {
        let Self { imported, linked, replaced, superseded, refused } = self;
        format!(
            "TypeCount(imported={imported}, linked={linked}, replaced={replaced}, superseded={superseded}, refused={refused})"
        )
    }
}

#[pymethods]
impl Report {
    /// New in the space.
    #[getter]
    fn imported(&self) -> u64 {
        self.0.imported()
    }

    /// Known already.
    #[getter]
    fn linked(&self) -> u64 {
        self.0.linked()
    }

    /// Newer versions of what was known: they are shown from now on, the older ones are kept.
    #[getter]
    fn replaced(&self) -> u64 {
        self.0.replaced()
    }

    /// Older versions of what is known, or of what the same file holds: kept, not shown.
    #[getter]
    fn superseded(&self) -> u64 {
        self.0.superseded()
    }

    /// Not imported.
    #[getter]
    fn refused(&self) -> u64 {
        self.0.refused()
    }

    /// Read with a repair.
    #[getter]
    fn repaired(&self) -> u64 {
        self.0.repaired()
    }

    /// Typed facts added.
    #[getter]
    const fn facts(&self) -> u64 {
        self.0.facts
    }

    /// The very same file was imported before.
    #[getter]
    const fn already_imported(&self) -> bool {
        self.0.already_imported
    }

    /// Consents from elsewhere that permit nothing from now on, until the person confirms them: the file tells of
    /// another patient than they do.
    #[getter]
    const fn held_back(&self) -> u64 {
        self.0.held_back
    }

    /// Counts by type.
    #[getter]
    fn types(&self) -> std::collections::BTreeMap<String, TypeCount> {
        let count = |c: &healthspace::import::TypeCount| TypeCount {
            imported: c.imported,
            linked: c.linked,
            replaced: c.replaced,
            superseded: c.superseded,
            refused: c.refused,
        };
        self.0.types.iter().map(|(name, c)| (name.clone(), count(c))).collect()
    }

    /// Where something was refused or repaired, in the order met; a very long list ends early, `issue_counts` does not.
    #[getter]
    fn issues(&self) -> Vec<Issue> {
        let issue = |i: &healthspace::import::Issue| Issue {
            severity: i.severity.code(),
            code: i.what.code(),
            what: i.what.to_string(),
            member: i.member,
            name: self.0.members.get(&i.member).map(|n| n.as_str().to_owned()),
            offset: i.offset,
        };
        self.0.issues.iter().map(issue).collect()
    }

    /// How often each thing was the matter, by severity and code.
    #[getter]
    fn issue_counts(&self) -> std::collections::BTreeMap<(&'static str, &'static str), u64> {
        self.0.issue_counts.iter().map(|((s, w), n)| ((s.code(), w.code()), *n)).collect()
    }

    fn __repr__(&self) -> String {
        let (imported, linked, refused) = (self.imported(), self.linked(), self.refused());
        let (replaced, superseded) = (self.replaced(), self.superseded());
        format!(
            "Report(imported={imported}, linked={linked}, replaced={replaced}, superseded={superseded}, refused={refused})"
        )
    }
}

#[derive(Default)]
struct Current {
    on_progress: Option<Py<PyAny>>,
    raised: Option<PyErr>,
    running: bool,
}

thread_local! {
    /// The import that this thread runs.
    static CURRENT: RefCell<Current> = RefCell::default();
}

/// One import at a time per handle, so that cancelling stops the import that asked for it.
#[derive(Default)]
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
            if tell(p).is_err() {
                cancel.cancel();
            }
        };
        Environment { progress: Some(Arc::new(tell)), cancel: self.cancel.clone(), ..Environment::default() }
    }

    fn enter(&self) -> Result<Entered<'_>, Error> {
        if self.taken.swap(true, Ordering::AcqRel) { Err(Error::Busy) } else { Ok(Entered(self)) }
    }
}

struct Entered<'a>(&'a Lane);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.cancel.reset();
        self.0.taken.store(false, Ordering::Release);
    }
}

/// Tells Python how far it has come. Whatever Python raises, Ctrl-C too, stops the import and is
/// raised again from it.
fn tell(p: Progress) -> Result<(), ()> {
    if !CURRENT.with_borrow(|c| c.running) {
        return Ok(());
    }
    Python::attach(|py| {
        let call = CURRENT.with_borrow(|c| c.on_progress.as_ref().map(|f| f.clone_ref(py)));
        let told = py.check_signals().and_then(|()| match call {
            Some(f) => f.call1(py, (p.done, p.total, p.records)).map(|_| ()),
            None => Ok(()),
        });
        told.map_err(|e| CURRENT.with_borrow_mut(|c| c.raised = Some(e)))
    })
}

pub(crate) fn run(
    py: Python<'_>,
    space: &healthspace::HealthSpace,
    lane: &Lane,
    partition: &str,
    source: impl FnOnce() -> Result<Source, Error> + Send,
    confirm_subject: bool,
    on_progress: Option<Py<PyAny>>,
) -> PyResult<Report> {
    let outer = CURRENT.replace(Current { on_progress, raised: None, running: true });
    let report = call(py, || {
        let partition = space.partition(partition)?;
        let _entered = lane.enter()?;
        let mut how = healthspace::ImportOptions::new();
        if confirm_subject {
            how = how.confirm_subject();
        }
        partition.import_with(source()?, &how)
    });
    match CURRENT.replace(outer).raised {
        Some(raised) => Err(raised),
        None => Ok(Report(report?)),
    }
}

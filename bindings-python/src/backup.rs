//! Backups, what comes back from one, and going on without a lost anchor.

use crate::call::call;
use crate::convert::datetime;
use healthspace::audit::Gesture;
use healthspace::{HealthSpace, RestoreOptions};
use pyo3::prelude::*;

/// A backup that the space knows of.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct KnownCopy(healthspace::KnownCopy);

#[pymethods]
impl KnownCopy {
    /// Which.
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_hex()
    }

    /// When it was begun.
    #[getter]
    fn made<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.0.made)
    }

    /// Its entry in the space's log.
    #[getter]
    const fn entry(&self) -> u64 {
        self.0.entry
    }

    /// Erasures since: where there is one, the backup holds what is gone here.
    #[getter]
    const fn erasures_since(&self) -> u64 {
        self.0.erasures_since
    }

    fn __repr__(&self) -> String {
        format!("KnownCopy(erasures_since={}, ..)", self.0.erasures_since)
    }
}

/// What a restore came to.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Restored(pub(crate) healthspace::Restored);

#[pymethods]
impl Restored {
    /// Which backup it was.
    #[getter]
    fn backup(&self) -> Option<String> {
        self.0.backup.map(|id| id.to_hex())
    }

    /// When it was made.
    #[getter]
    fn made<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.made.map(|at| datetime(py, at)).transpose()
    }

    /// What is known of erasures after it: "unknown", "none", "replayed" or "replayed-in-part".
    #[getter]
    const fn erasures(&self) -> &'static str {
        self.0.erasures.code()
    }

    /// Whether nothing in it was damaged, in either copy of what is stored twice.
    #[getter]
    fn is_whole(&self) -> bool {
        self.0.read.is_whole()
    }

    /// Permissions that wait to be confirmed.
    #[getter]
    const fn permissions(&self) -> u64 {
        self.0.permissions
    }

    /// Limited ways in that are gone.
    #[getter]
    const fn limited_ways_in(&self) -> u64 {
        self.0.limited_ways_in
    }

    /// Records, sources and entries of logs that the later state lacks and that were not erased there, as far as is known:
    /// they are back.
    #[getter]
    const fn unaccounted(&self) -> (u64, u64, u64) {
        let healthspace::Unaccounted { records, sources, entries, .. } = self.0.unaccounted;
        (records, sources, entries)
    }

    /// Partitions, by name, of which it is not known what was erased in them after the backup, so that it is back.
    #[getter]
    fn not_replayed(&self) -> Vec<String> {
        self.0.not_replayed.clone()
    }

    /// Partitions that were too damaged to be read, by name: they are empty, and without the consents that were given
    /// there.
    #[getter]
    fn emptied(&self) -> Vec<String> {
        self.0.emptied.clone()
    }

    /// Consents from elsewhere that refuse something and were filed since, in the later state: they refuse here too.
    #[getter]
    const fn refusals(&self) -> u64 {
        self.0.refusals
    }

    /// Logs of which entries are lost, so that nothing proves that they continue what was signed before.
    #[getter]
    const fn broken_logs(&self) -> u64 {
        self.0.broken_logs
    }

    fn __repr__(&self) -> String {
        format!("Restored(erasures={:?}, permissions={}, ..)", self.erasures(), self.permissions())
    }
}

/// What going on without an anchor and with damage came to.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Recovered(pub(crate) healthspace::Recovered);

#[pymethods]
impl Recovered {
    /// Permissions that wait to be confirmed.
    #[getter]
    const fn permissions(&self) -> u64 {
        self.0.permissions
    }

    /// Limited ways in that are gone.
    #[getter]
    const fn limited_ways_in(&self) -> u64 {
        self.0.limited_ways_in
    }

    /// Partitions that were too damaged to be read, by name: they are empty, and without the consents that were given
    /// there.
    #[getter]
    fn emptied(&self) -> Vec<String> {
        self.0.emptied.clone()
    }

    /// Logs of which entries are lost, so that nothing proves that they continue what was signed before.
    #[getter]
    const fn broken_logs(&self) -> u64 {
        self.0.broken_logs
    }

    fn __repr__(&self) -> String {
        format!("Recovered(permissions={}, ..)", self.permissions())
    }
}

/// A backup that was made.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Backup(pub(crate) healthspace::Backup);

#[pymethods]
impl Backup {
    /// How the log names it.
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_hex()
    }

    /// Length of its file.
    #[getter]
    const fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Where pages of the file are damaged, so that it was made row by row: how many rows and entries that are named do not
    /// open, and are left out. None for a copy of the whole file.
    #[getter]
    fn left_out(&self) -> Option<u64> {
        self.0.row_by_row.map(|r| r.damaged)
    }

    /// Where the entry stands that names it: "log", or "backup" or "nowhere" where the file is too damaged.
    #[getter]
    fn entered(&self) -> &'static str {
        self.0.row_by_row.map_or("log", |r| r.entered.code())
    }

    fn __repr__(&self) -> String {
        format!("Backup(bytes={}, ..)", self.0.bytes)
    }
}

pub(crate) fn known_copies(py: Python<'_>, space: &HealthSpace) -> PyResult<Vec<KnownCopy>> {
    Ok(call(py, || space.known_copies())?.into_iter().map(KnownCopy).collect())
}

pub(crate) fn options(gesture: Gesture, later: Option<&HealthSpace>, with_damage: bool) -> RestoreOptions {
    let mut options = RestoreOptions::new(gesture);
    if let Some(space) = later {
        options = options.later(space);
    }
    if with_damage { options.with_damage() } else { options }
}

//! Erasing, new keys, and what a loss concerns.

use crate::call::{argument, call, exception};
use crate::consent::Recipient;
use crate::convert::{Secret, datetime};
use crate::keystore::{Device, with_device};
use crate::space::RecoveryCode;
use healthspace::audit::Gesture;
use healthspace::{
    Erase, ErasureTrial, Exposure, HealthSpace, RecordId, Rotated as CoreRotated, TriedBy, Unlock, WayInKind,
};
use pyo3::prelude::*;
use std::path::PathBuf;

const fn way_in(kind: WayInKind) -> &'static str {
    match kind {
        WayInKind::Passphrase => "passphrase",
        WayInKind::PassphraseAndDevice => "passphrase_and_device",
        WayInKind::KeyStore => "keystore",
        WayInKind::RecoveryCode => "recovery_code",
        WayInKind::Limited => "limited",
        _ => "other",
    }
}

/// What an erasure came to.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Erasure(healthspace::RecordErasure);

#[pymethods]
impl Erasure {
    /// Its entry in the partition's log.
    #[getter]
    const fn entry(&self) -> u64 {
        self.0.entry
    }

    /// "E1", or "E0" where somebody was reading: see sweep.
    #[getter]
    const fn level(&self) -> &'static str {
        self.0.level.name()
    }

    /// Records that are gone, older versions counted.
    #[getter]
    const fn records(&self) -> u64 {
        self.0.records
    }

    /// How many of these are memories and turns that were made from the others.
    #[getter]
    const fn derived(&self) -> u64 {
        self.0.derived
    }

    /// Memories and turns that were set aside: they may rest on what went.
    #[getter]
    const fn aside(&self) -> u64 {
        self.0.aside
    }

    /// Imported files that are gone.
    #[getter]
    const fn sources(&self) -> u64 {
        self.0.sources
    }

    /// Of an erasure by period: records that stay because nothing they say has a date.
    #[getter]
    const fn undated(&self) -> u64 {
        self.0.undated
    }

    /// Backups that the space knows of: it is not erased there.
    #[getter]
    const fn known_copies(&self) -> u64 {
        self.0.known_copies
    }

    /// Whether there may be more of them: entries of the space's log are damaged, or were lost.
    #[getter]
    const fn copies_unknown(&self) -> bool {
        self.0.copies_unknown
    }

    /// Memories and turns that are damaged and were set aside as well: nothing says what they were made from.
    #[getter]
    const fn unread(&self) -> u64 {
        self.0.unread
    }

    /// By which it can be shown later which records they were.
    #[getter]
    const fn salt(&self) -> [u8; 32] {
        self.0.salt
    }

    fn __repr__(&self) -> String {
        format!("Erasure(level={:?}, records={}, ..)", self.level(), self.0.records)
    }
}

pub(crate) fn erase(
    py: Python<'_>,
    space: &HealthSpace,
    partition: &str,
    what: &Erase,
    gesture: Gesture,
) -> PyResult<Erasure> {
    call(py, || space.partition(partition)?.erase(what, gesture)).map(Erasure)
}

/// One thing that was tried.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct ErasureTry(healthspace::ErasureTry);

#[pymethods]
impl ErasureTry {
    /// "id", "bytes", or the kind of the way into the older copy.
    #[getter]
    const fn by(&self) -> &'static str {
        match self.0.by {
            TriedBy::Id => "id",
            TriedBy::Bytes => "bytes",
            TriedBy::OlderCopy(kind) => way_in(kind),
            _ => "other",
        }
    }

    /// On how many.
    #[getter]
    const fn objects(&self) -> u64 {
        self.0.objects
    }

    /// How many were found, or opened.
    #[getter]
    const fn opened(&self) -> u64 {
        self.0.opened
    }

    fn __repr__(&self) -> String {
        format!("ErasureTry(by={:?}, objects={}, opened={})", self.by(), self.0.objects, self.0.opened)
    }
}

/// What came of looking for what was erased.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct ErasureCheck(healthspace::ErasureCheck);

#[pymethods]
impl ErasureCheck {
    /// The level that the logs claim.
    #[getter]
    const fn claimed(&self) -> &'static str {
        self.0.claimed.name()
    }

    /// The level that this confirms.
    #[getter]
    fn confirmed(&self) -> Option<&'static str> {
        self.0.confirmed.map(healthspace::ErasureLevel::name)
    }

    /// What was tried.
    #[getter]
    fn tries(&self) -> Vec<ErasureTry> {
        self.0.tries.iter().copied().map(ErasureTry).collect()
    }

    /// The entry that says so.
    #[getter]
    const fn entry(&self) -> Option<u64> {
        self.0.entry
    }

    /// What it does not prove, in plain words.
    #[pyo3(signature = (language = "en"))]
    fn does_not_prove(&self, language: &str) -> Vec<&'static str> {
        self.0.does_not_prove(language).to_vec()
    }

    fn __repr__(&self) -> String {
        format!("ErasureCheck(claimed={:?}, confirmed={:?})", self.claimed(), self.confirmed())
    }
}

/// What is looked for, and with what.
pub(crate) struct Looked {
    pub(crate) records: Vec<String>,
    pub(crate) salt: Option<[u8; 32]>,
    pub(crate) older: Option<PathBuf>,
    pub(crate) passphrase: Option<Secret>,
    pub(crate) code: Option<Secret>,
    pub(crate) keystore: Option<Device>,
}

pub(crate) fn verify(
    py: Python<'_>,
    space: &HealthSpace,
    partition: &str,
    entry: u64,
    with: Looked,
) -> PyResult<ErasureCheck> {
    let ids: Option<Vec<RecordId>> = with.records.iter().map(|id| RecordId::from_hex(id)).collect();
    let ids = ids.ok_or_else(|| exception(&argument()))?;
    let device = with.keystore.as_ref();
    let mut ways: Vec<Unlock> = Vec::new();
    ways.extend(with.passphrase.map(|words| with_device(Unlock::passphrase(words.0), device)));
    if let Some(code) = &with.code {
        ways.push(with_device(code.code()?, device));
    }
    call(py, || {
        let mut trial = ErasureTrial::new();
        if let Some(older) = &with.older {
            trial = ways.iter().fold(trial.older(older), ErasureTrial::way);
        }
        if let Some(salt) = with.salt {
            trial = trial.ids(ids, salt);
        }
        space.partition(partition)?.verify_erasure(entry, &trial)
    })
    .map(ErasureCheck)
}

/// What new keys came to.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Rotated {
    code: Option<Py<RecoveryCode>>,
    removed: Vec<&'static str>,
    old_copies: &'static str,
    level: Option<&'static str>,
    since: Option<u32>,
    swept: bool,
    entries_lost: u64,
    pages_lost: u64,
    emptied: Vec<String>,
    permissions: u64,
}

/// Which new keys.
pub(crate) enum Renewing {
    Keys {
        with_damage: bool,
    },
    /// For what was erased in older copies too.
    FromCopies(Gesture),
}

#[pymethods]
impl Rotated {
    /// A new recovery code, shown once, where none was presented.
    #[getter]
    fn recovery_code(&self, py: Python<'_>) -> Option<Py<RecoveryCode>> {
        self.code.as_ref().map(|code| code.clone_ref(py))
    }

    /// Kinds of the ways in that are gone.
    #[getter]
    fn removed(&self) -> Vec<&'static str> {
        self.removed.clone()
    }

    /// What an older copy of the file still allows, in words.
    #[getter]
    const fn old_copies(&self) -> &'static str {
        self.old_copies
    }

    /// How far what was erased is gone from older copies: "E2r", "E2-file" or "E2-device".
    #[getter]
    const fn level(&self) -> Option<&'static str> {
        self.level
    }

    /// Since which keys that holds.
    #[getter]
    const fn since(&self) -> Option<u32> {
        self.since
    }

    /// Whether nothing under the old keys is left in the file but content.
    #[getter]
    const fn swept(&self) -> bool {
        self.swept
    }

    /// Entries of logs that were damaged: they count as erased from here on.
    #[getter]
    const fn entries_lost(&self) -> u64 {
        self.entries_lost
    }

    /// Pages of keys, sources and conversations that were damaged, and are empty now.
    #[getter]
    const fn pages_lost(&self) -> u64 {
        self.pages_lost
    }

    /// Partitions that were too damaged to be given new keys, by name, where that was asked for: they are empty, and
    /// without the consents that were given there.
    #[getter]
    fn emptied(&self) -> Vec<String> {
        self.emptied.clone()
    }

    /// Consents from elsewhere that wait to be confirmed since: one may have been withdrawn in what was damaged.
    #[getter]
    const fn permissions(&self) -> u64 {
        self.permissions
    }

    fn __repr__(&self) -> String {
        format!("Rotated(level={:?}, ..)", self.level)
    }
}

/// Gives new keys; of what was erased in older copies too where there is a gesture.
pub(crate) fn rotate(
    py: Python<'_>,
    space: &HealthSpace,
    passphrase: Secret,
    code: Option<Secret>,
    keystore: Option<&Device>,
    renewing: Renewing,
) -> PyResult<(HealthSpace, Rotated)> {
    let words = with_device(Unlock::passphrase(passphrase.0), keystore);
    let code = code.map(|c| c.code()).transpose()?;
    let others: Vec<&Unlock> = code.iter().collect();
    let r: CoreRotated = call(py, || match renewing {
        Renewing::Keys { with_damage: false } => space.rotate(&words, &others),
        Renewing::Keys { with_damage: true } => space.rotate_with_damage(&words, &others),
        Renewing::FromCopies(gesture) => space.erase_from_copies(&words, &others, gesture),
    })?;
    let told = Rotated {
        code: r.recovery_code.map(|c| Py::new(py, RecoveryCode(c))).transpose()?,
        removed: r.removed.iter().map(|w| way_in(w.kind)).collect(),
        old_copies: r.old_copies.describe("en"),
        level: r.destroyed.map(|d| d.level.name()),
        since: r.destroyed.map(|d| d.since),
        swept: r.swept,
        entries_lost: r.entries_lost,
        pages_lost: r.pages_lost,
        emptied: r.emptied,
        permissions: r.permissions,
    };
    Ok((r.space, told))
}

/// Who, releases, items, and when the last time.
type Received<'py> = (Recipient, u64, u64, Bound<'py, PyAny>);

/// What a loss concerns.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct BreachScope(pub(crate) healthspace::BreachScope);

#[pymethods]
impl BreachScope {
    /// Partitions: name, records, and whether they can be read.
    #[getter]
    fn partitions(&self) -> Vec<(String, u64, bool)> {
        let of = |p: &healthspace::BreachedPartition| (p.name.clone(), p.records, p.exposure == Exposure::Clear);
        self.0.partitions.iter().map(of).collect()
    }

    /// Who received something, releases, items, and when the last time.
    #[getter]
    fn recipients<'py>(&self, py: Python<'py>) -> PyResult<Vec<Received<'py>>> {
        let of = |r: &healthspace::BreachedRecipient| {
            Ok((Recipient(r.recipient.clone()), r.releases, r.items, datetime(py, r.last)?))
        };
        self.0.recipients.iter().map(of).collect()
    }

    /// Erasures since, of which a lost backup holds what is gone here.
    #[getter]
    const fn erasures_since(&self) -> u64 {
        self.0.erasures_since
    }

    /// What this does not say.
    #[getter]
    fn does_not_say(&self) -> Vec<&'static str> {
        self.0.does_not_say.clone()
    }

    fn __repr__(&self) -> &'static str {
        "BreachScope(..)"
    }
}

pub(crate) fn ways_in(py: Python<'_>, space: &HealthSpace) -> PyResult<Vec<(String, &'static str, bool)>> {
    let all = call(py, || space.ways_in())?;
    Ok(all.into_iter().map(|w| (w.id.to_hex(), way_in(w.kind), w.confirmed)).collect())
}

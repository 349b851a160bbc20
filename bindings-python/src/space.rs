//! A space: creating, opening, closing, and what is begun from it.

use crate::backup::{self, Backup, KnownCopy, Recovered, Restored};
use crate::call::{argument, call, exception};
use crate::consent::{self, ConsentRequest, ConsentsReport, Grant, GrantInfo, Recipient, RenewalRequest};
use crate::convert::{Instant, Secret, id};
use crate::damaged::{self, Readable};
use crate::erase::{self, BreachScope, Erasure, ErasureCheck, Looked, Renewing, Rotated};
use crate::import::{self, Lane, Report};
use crate::keystore::{Device, with_device};
use crate::memory::{self, Act, Memory};
use crate::session::Session;
use crate::told::{self, Claim, Permission, SpaceCheck, WithdrawalNotice};
use healthspace::audit::Gesture;
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{
    BackupId, ConversationId, Environment, Erase, ErasureLevel, Error, FileAnchor, FreshnessAnchor, GrantId, LogOf,
    Lost, PartitionKind, RecordId, SlotId, SourceId, Unlock,
};
use pyo3::prelude::*;
use pyo3::types::PyByteArray;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A person's space, open.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct HealthSpace {
    inner: healthspace::HealthSpace,
    lane: Lane,
}

/// The second way into a space: show it to the person once.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct RecoveryCode(pub(crate) healthspace::RecoveryCode);

#[pymethods]
impl RecoveryCode {
    /// The code as the person writes it down, in ASCII: a bytearray, to be overwritten once it was shown.
    fn reveal<'py>(&self, py: Python<'py>) -> Bound<'py, PyByteArray> {
        PyByteArray::new(py, self.0.reveal().as_bytes())
    }

    fn __repr__(&self) -> &'static str {
        "RecoveryCode(..)"
    }
}

/// Runs `f` with a fresh environment, the anchor at this path in it, and the lane that belongs to it.
fn opened<T: Send>(
    py: Python<'_>,
    anchor: Option<PathBuf>,
    f: impl FnOnce(Environment) -> Result<(healthspace::HealthSpace, T), Error> + Send,
) -> PyResult<(HealthSpace, T)> {
    let lane = Lane::default();
    let anchor = anchor.map(|path| Arc::new(FileAnchor::new(path)) as Arc<dyn FreshnessAnchor>);
    let env = Environment { anchor, ..lane.environment() };
    let (inner, more) = call(py, || f(env))?;
    Ok((HealthSpace { inner, lane }, more))
}

/// What a call about a grant takes: a grant, or the text of its id.
#[derive(FromPyObject)]
enum GrantOrId<'py> {
    Grant(PyRef<'py, Grant>),
    Id(String),
}

impl GrantOrId<'_> {
    fn id(&self) -> PyResult<GrantId> {
        match self {
            Self::Grant(g) => Ok(g.0.id()),
            Self::Id(text) => id(GrantId::from_hex(text)),
        }
    }
}

/// The log of a partition, or of the space.
fn log_of(partition: Option<&str>) -> LogOf<'_> {
    partition.map_or(LogOf::Space, LogOf::Partition)
}

#[pymethods]
impl HealthSpace {
    /// Creates a space in a new file; with a keystore (one of the host, or the
    /// directory of one of files) a copy of the file opens
    /// neither by guessing nor, after erase_from_copies, at all. Bound to it, nor does the recovery code.
    #[staticmethod]
    #[pyo3(signature = (path, passphrase, *, anchor = None, keystore = None, bound = false))]
    fn create(
        py: Python<'_>,
        path: PathBuf,
        passphrase: Secret,
        anchor: Option<PathBuf>,
        keystore: Option<Device>,
        bound: bool,
    ) -> PyResult<(Self, RecoveryCode)> {
        let unlock = with_device(Unlock::passphrase(passphrase.0), keystore.as_ref());
        let (space, code) = opened(py, anchor, move |env| {
            let make =
                if bound { healthspace::HealthSpace::create_bound_to_device } else { healthspace::HealthSpace::create };
            make(path, &unlock, env)
        })?;
        Ok((space, RecoveryCode(code)))
    }

    /// Opens a space: in full, or chosen partitions only.
    #[staticmethod]
    #[pyo3(signature = (path, passphrase, *, partitions = None, anchor = None, keystore = None))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        passphrase: Secret,
        partitions: Option<Vec<String>>,
        anchor: Option<PathBuf>,
        keystore: Option<Device>,
    ) -> PyResult<Self> {
        let unlock = with_device(Unlock::passphrase(passphrase.0), keystore.as_ref());
        let open = move |env| {
            let space = match &partitions {
                None => healthspace::HealthSpace::open(path, &unlock, env)?,
                Some(names) => {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    healthspace::HealthSpace::open_partitions(path, &unlock, env, &names)?
                }
            };
            Ok((space, ()))
        };
        opened(py, anchor, open).map(|(space, ())| space)
    }

    /// Opens a space in full with its recovery code; one that is bound to its device with the keystore too.
    #[staticmethod]
    #[pyo3(signature = (path, code, *, anchor = None, keystore = None))]
    fn open_recovery(
        py: Python<'_>,
        path: PathBuf,
        code: Secret,
        anchor: Option<PathBuf>,
        keystore: Option<Device>,
    ) -> PyResult<Self> {
        let unlock = with_device(code.code()?, keystore.as_ref());
        let open = move |env| Ok((healthspace::HealthSpace::open(path, &unlock, env)?, ()));
        opened(py, anchor, open).map(|(space, ())| space)
    }

    /// As open, for a space that it refuses with Corrupt because something in a partition is damaged: opens what is
    /// whole. By the passphrase or the recovery code.
    #[staticmethod]
    #[pyo3(signature = (path, passphrase = None, *, code = None, anchor = None, keystore = None))]
    fn open_damaged(
        py: Python<'_>,
        path: PathBuf,
        passphrase: Option<Secret>,
        code: Option<Secret>,
        anchor: Option<PathBuf>,
        keystore: Option<Device>,
    ) -> PyResult<Self> {
        let unlock = damaged::way(passphrase, code, keystore.as_ref())?;
        let open = move |env| Ok((healthspace::HealthSpace::open_damaged(path, &unlock, env)?, ()));
        opened(py, anchor, open).map(|(space, ())| space)
    }

    /// Makes a space of a backup, at a path where nothing is, and opens it in full. Every permission waits to
    /// be confirmed; what was erased in the later state of the space is erased again.
    #[staticmethod]
    #[pyo3(signature = (backup, to, passphrase, method, evidence, *, anchor = None, later = None, with_damage = false, keystore = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn restore(
        py: Python<'_>,
        backup: PathBuf,
        to: PathBuf,
        passphrase: Secret,
        method: String,
        evidence: [u8; 32],
        anchor: Option<PathBuf>,
        later: Option<PyRef<'_, Self>>,
        with_damage: bool,
        keystore: Option<Device>,
    ) -> PyResult<(Self, Restored)> {
        let unlock = with_device(Unlock::passphrase(passphrase.0), keystore.as_ref());
        let options = backup::options(Gesture { method, evidence }, later.as_deref().map(|s| &s.inner), with_damage);
        let restore = move |env| healthspace::HealthSpace::restore(backup, to, &unlock, env, &options);
        opened(py, anchor, restore).map(|(space, r)| (space, Restored(r)))
    }

    /// As restore, by the recovery code: on a new device, say.
    #[staticmethod]
    #[pyo3(signature = (backup, to, code, method, evidence, *, anchor = None, keystore = None, with_damage = false))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn restore_recovery(
        py: Python<'_>,
        backup: PathBuf,
        to: PathBuf,
        code: Secret,
        method: String,
        evidence: [u8; 32],
        anchor: Option<PathBuf>,
        keystore: Option<Device>,
        with_damage: bool,
    ) -> PyResult<(Self, Restored)> {
        let unlock = with_device(code.code()?, keystore.as_ref());
        let options = backup::options(Gesture { method, evidence }, None, with_damage);
        let restore = move |env| healthspace::HealthSpace::restore(backup, to, &unlock, env, &options);
        opened(py, anchor, restore).map(|(space, r)| (space, Restored(r)))
    }

    /// Opens a space whose anchor is lost or knows another state, by the person's explicit act: how many
    /// permissions wait to be confirmed.
    #[staticmethod]
    #[pyo3(signature = (path, passphrase, method, evidence, *, anchor = None, keystore = None))]
    fn recover(
        py: Python<'_>,
        path: PathBuf,
        passphrase: Secret,
        method: String,
        evidence: [u8; 32],
        anchor: Option<PathBuf>,
        keystore: Option<Device>,
    ) -> PyResult<(Self, u64)> {
        let unlock = with_device(Unlock::passphrase(passphrase.0), keystore.as_ref());
        let gesture = Gesture { method, evidence };
        let recover = move |env| healthspace::HealthSpace::recover(path, &unlock, env, gesture);
        opened(py, anchor, recover).map(|(space, done)| (space, done.permissions))
    }

    /// As recover, also where something in a partition is damaged, which it refuses with Corrupt: damaged lists of records
    /// are left behind, and a partition that is too damaged to be read begins anew, empty. Keep a copy of the file.
    #[staticmethod]
    #[pyo3(signature = (path, passphrase, method, evidence, *, code = None, anchor = None, keystore = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn recover_damaged(
        py: Python<'_>,
        path: PathBuf,
        passphrase: Option<Secret>,
        method: String,
        evidence: [u8; 32],
        code: Option<Secret>,
        anchor: Option<PathBuf>,
        keystore: Option<Device>,
    ) -> PyResult<(Self, Recovered)> {
        let unlock = damaged::way(passphrase, code, keystore.as_ref())?;
        let gesture = Gesture { method, evidence };
        let recover = move |env| healthspace::HealthSpace::recover_damaged(path, &unlock, env, gesture);
        opened(py, anchor, recover).map(|(space, done)| (space, Recovered(done)))
    }

    /// As backup, and what was left out where pages of the file are damaged.
    fn backup_told(&self, py: Python<'_>, path: PathBuf) -> PyResult<Backup> {
        call(py, || self.inner.backup_to(path)).map(Backup)
    }

    /// Makes a backup, while the space is open and others write: its id, and the length of its file.
    fn backup(&self, py: Python<'_>, path: PathBuf) -> PyResult<(String, u64)> {
        call(py, || self.inner.backup_to(path)).map(|made| (made.id.to_hex(), made.bytes))
    }

    /// The backups that the space knows of, and whether they hold what was erased since.
    fn known_copies(&self, py: Python<'_>) -> PyResult<Vec<KnownCopy>> {
        backup::known_copies(py, &self.inner)
    }

    /// Confirms a permission that waits since a restore.
    fn confirm_permission(
        &self,
        py: Python<'_>,
        grant: GrantOrId<'_>,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<()> {
        let grant = grant.id()?;
        call(py, || self.inner.confirm_permission(grant, Gesture { method, evidence }))
    }

    /// Confirms every permission that waits since a restore: how many there were.
    fn confirm_all_permissions(&self, py: Python<'_>, method: String, evidence: [u8; 32]) -> PyResult<u64> {
        call(py, || self.inner.confirm_all_permissions(Gesture { method, evidence }))
    }

    /// Writes heads and key slots again whose one copy is damaged: how many heads, and whether the slots.
    fn repair(&self, py: Python<'_>) -> PyResult<(u64, bool)> {
        call(py, || self.inner.repair()).map(|done| (done.heads, done.slots))
    }

    /// Erases records of a partition for good, memories and turns among them, and what was made from them.
    fn erase_records(
        &self,
        py: Python<'_>,
        partition: &str,
        records: Vec<String>,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<Erasure> {
        let ids = records.iter().map(|text| id(RecordId::from_hex(text))).collect::<PyResult<_>>()?;
        erase::erase(py, &self.inner, partition, &Erase::Records(ids), Gesture { method, evidence })
    }

    /// Erases what an imported file brought, and that it was imported.
    fn erase_source(
        &self,
        py: Python<'_>,
        partition: &str,
        source: &str,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<Erasure> {
        let source = id(SourceId::from_hex(source))?;
        erase::erase(py, &self.inner, partition, &Erase::Source(source), Gesture { method, evidence })
    }

    /// Erases memories and turns that rest on a grant.
    fn erase_consent(
        &self,
        py: Python<'_>,
        partition: &str,
        grant: GrantOrId<'_>,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<Erasure> {
        let what = Erase::Consent(grant.id()?);
        erase::erase(py, &self.inner, partition, &what, Gesture { method, evidence })
    }

    /// Erases what happened in a period: records that reach into it, samples by where they begin.
    fn erase_period(
        &self,
        py: Python<'_>,
        partition: &str,
        start: Instant,
        end: Instant,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<Erasure> {
        let what = Erase::Period { from: start.0, up_to: end.0 };
        erase::erase(py, &self.inner, partition, &what, Gesture { method, evidence })
    }

    /// Erases every record and imported file of a partition.
    fn erase_everything(
        &self,
        py: Python<'_>,
        partition: &str,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<Erasure> {
        erase::erase(py, &self.inner, partition, &Erase::Everything, Gesture { method, evidence })
    }

    /// Sweeps the file after an erasure that reached "E0": the level that it has now.
    fn sweep(&self, py: Python<'_>, partition: &str, entry: u64) -> PyResult<&'static str> {
        call(py, || self.inner.partition(partition)?.sweep(entry)).map(ErasureLevel::name)
    }

    /// The certificate of an erasure, as JSON.
    #[pyo3(signature = (partition, entry, language = "en"))]
    fn erasure_certificate(&self, py: Python<'_>, partition: &str, entry: u64, language: &str) -> PyResult<String> {
        call(py, || self.inner.partition(partition)?.erasure_certificate(entry, language))
    }

    /// Looks for what an erasure took: by ids with its salt, and in an older copy of the file with what is given.
    #[pyo3(signature = (partition, entry, *, records = Vec::new(), salt = None, older = None, passphrase = None, code = None, keystore = None))]
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    fn verify_erasure(
        &self,
        py: Python<'_>,
        partition: &str,
        entry: u64,
        records: Vec<String>,
        salt: Option<[u8; 32]>,
        older: Option<PathBuf>,
        passphrase: Option<Secret>,
        code: Option<Secret>,
        keystore: Option<Device>,
    ) -> PyResult<ErasureCheck> {
        let with = Looked { records, salt, older, passphrase, code, keystore };
        erase::verify(py, &self.inner, partition, entry, with)
    }

    /// Gives the space new keys: another handle, and what came of it. This one is closed. What is not presented is
    /// no way in any more; a recovery code is issued anew unless it is given. With damage, a partition that is too
    /// damaged for new keys begins anew under its name, empty.
    #[pyo3(signature = (passphrase, *, code = None, keystore = None, with_damage = false))]
    fn rotate_keys(
        &self,
        py: Python<'_>,
        passphrase: Secret,
        code: Option<Secret>,
        keystore: Option<Device>,
        with_damage: bool,
    ) -> PyResult<(Self, Rotated)> {
        let keys = Renewing::Keys { with_damage };
        let (inner, told) = erase::rotate(py, &self.inner, passphrase, code, keystore.as_ref(), keys)?;
        Ok((Self { inner, lane: self.lane.another() }, told))
    }

    /// As rotate_keys, and what was erased is taken from older copies of the file: the keystore destroys the
    /// secret of the old keys.
    #[pyo3(signature = (passphrase, method, evidence, *, code = None, keystore = None))]
    fn erase_from_copies(
        &self,
        py: Python<'_>,
        passphrase: Secret,
        method: String,
        evidence: [u8; 32],
        code: Option<Secret>,
        keystore: Option<Device>,
    ) -> PyResult<(Self, Rotated)> {
        let keys = Renewing::FromCopies(Gesture { method, evidence });
        let (inner, told) = erase::rotate(py, &self.inner, passphrase, code, keystore.as_ref(), keys)?;
        Ok((Self { inner, lane: self.lane.another() }, told))
    }

    /// Notes that the person typed the recovery code again, as it was shown; with the keystore where the space is
    /// bound to one. CannotOpen where it is not the code of this space.
    #[pyo3(signature = (code, *, keystore = None))]
    fn confirm_recovery_code(&self, py: Python<'_>, code: Secret, keystore: Option<Device>) -> PyResult<()> {
        let typed = with_device(code.code()?, keystore.as_ref());
        call(py, || self.inner.confirm_recovery_code(&typed))
    }

    /// The ways in: of each its id, its kind, and whether it is confirmed.
    fn ways_in(&self, py: Python<'_>) -> PyResult<Vec<(String, &'static str, bool)>> {
        erase::ways_in(py, &self.inner)
    }

    /// What the loss of a backup, of a way in, or of entries of a log (from, before) concerns; of the device, where
    /// nothing is given.
    #[pyo3(signature = (*, backup = None, way_in = None, entries = None))]
    fn breach_scope(
        &self,
        py: Python<'_>,
        backup: Option<&str>,
        way_in: Option<&str>,
        entries: Option<(String, u64, u64)>,
    ) -> PyResult<BreachScope> {
        let lost = match (backup, way_in, &entries) {
            (None, None, None) => Lost::Device,
            (Some(text), None, None) => Lost::Backup(id(BackupId::from_hex(text))?),
            (None, Some(text), None) => Lost::WayIn(id(SlotId::from_hex(text))?),
            (None, None, Some((partition, from, to))) => Lost::Entries(partition, *from..*to),
            _ => return Err(exception(&argument())),
        };
        call(py, || self.inner.breach_scope(&lost)).map(BreachScope)
    }

    /// Drops every key of the handle; later calls raise Locked.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        call(py, || {
            self.inner.close();
            Ok(())
        })
    }

    const fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> &'static str {
        "HealthSpace(..)"
    }

    /// Names of the partitions that are open here.
    #[getter]
    fn partitions(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        call(py, || Ok(self.inner.info()?.partitions))
    }

    /// Names of the partitions of which something is damaged, in a space of open_damaged; empty for one whose name is
    /// damaged as well.
    #[getter]
    fn damaged(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        damaged::partitions(py, &self.inner)
    }

    /// Whether an older copy of the file would be noticed: "anchored", "local" or "unverified".
    #[getter]
    fn freshness(&self, py: Python<'_>) -> PyResult<&'static str> {
        call(py, || Ok(self.inner.info()?.freshness))
    }

    /// Adds a partition, "health" or "general" by kind.
    fn create_partition(&self, py: Python<'_>, name: &str, kind: &str, passphrase: Secret) -> PyResult<()> {
        let unlock = Unlock::passphrase(passphrase.0);
        call(py, || {
            let kind = match kind {
                "health" => PartitionKind::Health,
                "general" => PartitionKind::General,
                _ => return Err(argument()),
            };
            self.inner.create_partition(name, kind, &unlock)
        })
    }

    /// Imports a file: FHIR R4 JSON, NDJSON, or an Apple Health export.
    #[pyo3(signature = (partition, path, *, confirm_subject = false, on_progress = None))]
    fn import_file(
        &self,
        py: Python<'_>,
        partition: &str,
        path: PathBuf,
        confirm_subject: bool,
        on_progress: Option<Py<PyAny>>,
    ) -> PyResult<Report> {
        import::run(py, &self.inner, &self.lane, partition, || Source::open(path), confirm_subject, on_progress)
    }

    /// Imports bytes in memory.
    #[pyo3(signature = (partition, data, *, confirm_subject = false, on_progress = None))]
    fn import_bytes(
        &self,
        py: Python<'_>,
        partition: &str,
        data: Vec<u8>,
        confirm_subject: bool,
        on_progress: Option<Py<PyAny>>,
    ) -> PyResult<Report> {
        import::run(py, &self.inner, &self.lane, partition, || Source::bytes(data), confirm_subject, on_progress)
    }

    /// Begins to ask for a consent.
    #[pyo3(signature = (*, recipient, categories, purpose = "PATRQT", partition = "health",
                        expires_in_days = None, expires_at = None, data_period = None, uses = None,
                        language = "en"))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn consent_request(
        &self,
        recipient: &Recipient,
        categories: Vec<String>,
        purpose: &str,
        partition: &str,
        expires_in_days: Option<u32>,
        expires_at: Option<Instant>,
        data_period: Option<(Instant, Instant)>,
        uses: Option<u32>,
        language: &str,
    ) -> PyResult<ConsentRequest> {
        let categories: Option<Vec<Category>> = categories.iter().map(|c| Category::from_code(c)).collect();
        let mut request = self
            .inner
            .consent_request()
            .partition(partition)
            .purpose(consent::purpose(purpose)?)
            .categories(&id(categories)?)
            .recipient(recipient.0.clone());
        if let Some(days) = expires_in_days {
            request = request.expires_in_days(days);
        }
        if let Some(at) = expires_at {
            request = request.expires_at(at.0);
        }
        if let Some((from, to)) = data_period {
            request = request.data_period(from.0, to.0);
        }
        if let Some(times) = uses {
            request = request.uses(times);
        }
        Ok(ConsentRequest { inner: request, language: language.to_owned() })
    }

    /// Begins to renew a grant that was not withdrawn: another end, and a new count where it has one.
    #[pyo3(signature = (grant, *, expires_in_days = None, expires_at = None, uses = None, language = "en"))]
    fn renewal(
        &self,
        grant: GrantOrId<'_>,
        expires_in_days: Option<u32>,
        expires_at: Option<Instant>,
        uses: Option<u32>,
        language: &str,
    ) -> PyResult<RenewalRequest> {
        let mut request = self.inner.renewal(grant.id()?);
        if let Some(days) = expires_in_days {
            request = request.expires_in_days(days);
        }
        if let Some(at) = expires_at {
            request = request.expires_at(at.0);
        }
        if let Some(times) = uses {
            request = request.uses(times);
        }
        Ok(RenewalRequest { inner: request, language: language.to_owned() })
    }

    /// Every grant over the partitions that are open here.
    fn grants(&self, py: Python<'_>) -> PyResult<Vec<GrantInfo>> {
        Ok(call(py, || self.inner.grants())?.into_iter().map(GrantInfo).collect())
    }

    /// Withdraws a grant: effective when the call returns, in every open handle and process.
    fn withdraw(&self, py: Python<'_>, grant: GrantOrId<'_>) -> PyResult<()> {
        let grant = grant.id()?;
        call(py, || self.inner.withdraw(grant))
    }

    /// All that is in force: grants, consents to lower a label, and consents from elsewhere.
    fn permissions(&self, py: Python<'_>) -> PyResult<Vec<Permission>> {
        told::permissions(py, &self.inner)
    }

    /// Every recipient of what was released under a grant that is withdrawn since.
    fn withdrawal_notices(&self, py: Python<'_>) -> PyResult<Vec<WithdrawalNotice>> {
        told::withdrawal_notices(py, &self.inner)
    }

    /// Enters that a recipient was told of a withdrawal.
    fn recipient_notified(
        &self,
        py: Python<'_>,
        grant: GrantOrId<'_>,
        recipient: &Recipient,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<()> {
        let grant = grant.id()?;
        call(py, || self.inner.recipient_notified(grant, &recipient.0, Gesture { method, evidence }))
    }

    /// Enters that a recipient acknowledged a withdrawal.
    fn recipient_acknowledged(
        &self,
        py: Python<'_>,
        grant: GrantOrId<'_>,
        recipient: &Recipient,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<()> {
        let grant = grant.id()?;
        call(py, || self.inner.recipient_acknowledged(grant, &recipient.0, Gesture { method, evidence }))
    }

    /// What this space promises as it stands, how far, and what that does not prove.
    fn claims(&self, py: Python<'_>) -> PyResult<Vec<Claim>> {
        told::claims(py, &self.inner)
    }

    /// What was released, handed out or refused, in words, the oldest first.
    #[pyo3(signature = (language = "en"))]
    fn disclosure_log(&self, py: Python<'_>, language: &str) -> PyResult<Vec<String>> {
        told::disclosure_log(py, &self.inner, language)
    }

    /// An evidence file of releases. With `partition_entries` it shows all of a partition's own log up to the last of
    /// them: that no withdrawal was entered there before, and how often a counted grant was used, and to whoever reads
    /// it also what else was entered there.
    #[pyo3(signature = (*, partition = None, recipient = None, between = None, partition_entries = false))]
    fn evidence(
        &self,
        py: Python<'_>,
        partition: Option<&str>,
        recipient: Option<&Recipient>,
        between: Option<(Instant, Instant)>,
        partition_entries: bool,
    ) -> PyResult<Vec<u8>> {
        told::evidence(py, &self.inner, partition, recipient, between.map(|(a, b)| (a.0, b.0)), partition_entries)
    }

    /// The verifier keys of all logs, that of the space's own log first.
    fn verifier_keys(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        call(py, || self.inner.verifier_keys())
    }

    /// The verifier key of one log: of a partition, or of the space.
    #[pyo3(signature = (partition = None))]
    fn verifier_key(&self, py: Python<'_>, partition: Option<&str>) -> PyResult<String> {
        call(py, || self.inner.verifier_key(log_of(partition)))
    }

    /// A receipt for an entry of a log: of a partition, or of the space.
    #[pyo3(signature = (entry, partition = None))]
    fn receipt(&self, py: Python<'_>, entry: u64, partition: Option<&str>) -> PyResult<String> {
        call(py, || self.inner.receipt(log_of(partition), entry))
    }

    /// Looks through the space: where it is damaged, and what nothing names.
    fn check(&self, py: Python<'_>) -> PyResult<SpaceCheck> {
        told::check(py, &self.inner)
    }

    /// What is remembered in a partition, what is quarantined too. Logged before it is shown.
    fn memories(&self, py: Python<'_>, partition: &str) -> PyResult<Vec<Memory>> {
        memory::list(py, &self.inner, partition)
    }

    /// As memories, which raises Corrupt where one is damaged: those that can be read, and how many others there may be.
    fn readable_memories(&self, py: Python<'_>, partition: &str) -> PyResult<Readable> {
        damaged::readable(py, || self.inner.partition(partition)?.memories())
    }

    /// The person writes a memory anew: the new id.
    fn edit_memory(
        &self,
        py: Python<'_>,
        partition: &str,
        memory: &str,
        text: &str,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<String> {
        memory::act(py, &self.inner, partition, memory, &Act::Edit(text), Gesture { method, evidence })
    }

    /// The person vouches for a memory.
    fn endorse_memory(
        &self,
        py: Python<'_>,
        partition: &str,
        memory: &str,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<()> {
        memory::act(py, &self.inner, partition, memory, &Act::Endorse, Gesture { method, evidence }).map(|_| ())
    }

    /// The person keeps a memory that is quarantined.
    fn keep_memory(
        &self,
        py: Python<'_>,
        partition: &str,
        memory: &str,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<()> {
        memory::act(py, &self.inner, partition, memory, &Act::Keep, Gesture { method, evidence }).map(|_| ())
    }

    /// Deletes a memory with all that it said before.
    fn delete_memory(
        &self,
        py: Python<'_>,
        partition: &str,
        memory: &str,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<()> {
        memory::act(py, &self.inner, partition, memory, &Act::Delete, Gesture { method, evidence }).map(|_| ())
    }

    /// Deletes a whole conversation; the memories that were made in it stay.
    fn delete_conversation(
        &self,
        py: Python<'_>,
        conversation: &str,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<memory::DeletedConversation> {
        memory::delete_conversation(py, &self.inner, conversation, Gesture { method, evidence })
    }

    /// The person confirms that the host's clock is right although the logs hold later entries.
    fn confirm_clock(&self, py: Python<'_>, method: String, evidence: [u8; 32]) -> PyResult<()> {
        call(py, || self.inner.confirm_clock(Gesture { method, evidence }))
    }

    /// Files FHIR Consents that were given elsewhere; what came of it. Of a patient whom the data do not refer to only
    /// where the person confirms that it is them.
    #[pyo3(signature = (source, method, evidence, *, confirm_subject = false))]
    fn import_consents(
        &self,
        py: Python<'_>,
        source: Vec<u8>,
        method: String,
        evidence: [u8; 32],
        confirm_subject: bool,
    ) -> PyResult<ConsentsReport> {
        let gesture = healthspace::audit::Gesture { method, evidence };
        call(py, || match confirm_subject {
            true => self.inner.import_consents_confirmed(&source, gesture),
            false => self.inner.import_consents(&source, gesture),
        })
        .map(ConsentsReport)
    }

    /// Every consent as stored: a FHIR Consent by the id of its grant.
    fn export_consents(&self, py: Python<'_>) -> PyResult<BTreeMap<String, Vec<u8>>> {
        Ok(call(py, || self.inner.export_consents())?.into_iter().map(|(id, bytes)| (id.to_hex(), bytes)).collect())
    }

    /// A new conversation on behalf of a recipient, for one purpose; it reads the first health
    /// partition, or the one named.
    #[pyo3(signature = (recipient, purpose = "PATRQT", *, partition = None))]
    fn session(
        &self,
        py: Python<'_>,
        recipient: &Recipient,
        purpose: &str,
        partition: Option<&str>,
    ) -> PyResult<Session> {
        let (who, purpose) = (recipient.0.clone(), consent::purpose(purpose)?);
        let session = call(py, || self.inner.session(who, purpose))?;
        Ok(Session(match partition {
            Some(name) => session.within(name),
            None => session,
        }))
    }

    /// A conversation that goes on, with the label that it had.
    #[pyo3(signature = (conversation, recipient, purpose = "PATRQT"))]
    fn resume(&self, py: Python<'_>, conversation: &str, recipient: &Recipient, purpose: &str) -> PyResult<Session> {
        let conversation = id(ConversationId::from_hex(conversation))?;
        let (who, purpose) = (recipient.0.clone(), consent::purpose(purpose)?);
        Ok(Session(call(py, || self.inner.resume(conversation, who, purpose))?))
    }
}

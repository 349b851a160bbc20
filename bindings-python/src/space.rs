//! A space: creating, opening, closing, and what is begun from it.

use crate::call::{argument, call, exception};
use crate::consent::{self, ConsentRequest, Grant, GrantInfo, Recipient};
use crate::convert::{Instant, Secret, id};
use crate::import::{self, Lane, Report};
use crate::session::Session;
use healthspace::audit::Gesture;
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{ConversationId, Environment, Error, GrantId, PartitionKind, Unlock};
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A person's space, open.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct HealthSpace {
    inner: healthspace::HealthSpace,
    lane: Lane,
}

/// The second way into a space: show it to the person once.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct RecoveryCode(healthspace::RecoveryCode);

#[pymethods]
impl RecoveryCode {
    /// The code as the person writes it down.
    fn reveal(&self) -> String {
        self.0.reveal().to_string()
    }

    fn __repr__(&self) -> &'static str {
        "RecoveryCode(..)"
    }
}

/// Runs `f` with a fresh environment and the lane that belongs to it.
fn opened<T: Send>(
    py: Python<'_>,
    f: impl FnOnce(Environment) -> Result<(healthspace::HealthSpace, T), Error> + Send,
) -> PyResult<(HealthSpace, T)> {
    let lane = Lane::default();
    let env = lane.environment();
    let (inner, more) = call(py, || f(env))?;
    Ok((HealthSpace { inner, lane }, more))
}

/// What a withdrawal takes: a grant, or the text of its id.
#[derive(FromPyObject)]
enum GrantOrId<'py> {
    Grant(PyRef<'py, Grant>),
    Id(String),
}

#[pymethods]
impl HealthSpace {
    /// Creates a space in a new file.
    #[staticmethod]
    fn create(py: Python<'_>, path: PathBuf, passphrase: Secret) -> PyResult<(Self, RecoveryCode)> {
        let unlock = Unlock::passphrase(passphrase.0);
        let (space, code) = opened(py, move |env| healthspace::HealthSpace::create(path, &unlock, env))?;
        Ok((space, RecoveryCode(code)))
    }

    /// Opens a space: in full, or chosen partitions only.
    #[staticmethod]
    #[pyo3(signature = (path, passphrase, *, partitions = None))]
    fn open(py: Python<'_>, path: PathBuf, passphrase: Secret, partitions: Option<Vec<String>>) -> PyResult<Self> {
        let unlock = Unlock::passphrase(passphrase.0);
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
        opened(py, open).map(|(space, ())| space)
    }

    /// Opens a space in full with its recovery code.
    #[staticmethod]
    fn open_recovery(py: Python<'_>, path: PathBuf, code: &str) -> PyResult<Self> {
        let unlock = Unlock::recovery_code(code).map_err(|e| exception(&e))?;
        opened(py, move |env| Ok((healthspace::HealthSpace::open(path, &unlock, env)?, ()))).map(|(space, ())| space)
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
                        expires_in_days = None, expires_at = None, data_period = None, language = "en"))]
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
        language: &str,
    ) -> PyResult<ConsentRequest> {
        let categories: Option<Vec<Category>> = categories.iter().map(|c| Category::from_code(c)).collect();
        let mut request = self
            .inner
            .consent_request()
            .partition(partition)
            .purpose(consent::purpose(purpose)?)
            .categories(&id(categories)?)
            .recipient(recipient.0.clone())
            .language(language);
        if let Some(days) = expires_in_days {
            request = request.expires_in_days(days);
        }
        if let Some(at) = expires_at {
            request = request.expires_at(at.0);
        }
        if let Some((from, to)) = data_period {
            request = request.data_period(from.0, to.0);
        }
        Ok(ConsentRequest { inner: request, language: language.to_owned() })
    }

    /// Every grant over the partitions that are open here.
    fn grants(&self, py: Python<'_>) -> PyResult<Vec<GrantInfo>> {
        Ok(call(py, || self.inner.grants())?.into_iter().map(GrantInfo).collect())
    }

    /// Withdraws a grant: effective when the call returns, in every open handle and process.
    fn withdraw(&self, py: Python<'_>, grant: GrantOrId<'_>) -> PyResult<()> {
        let grant = match grant {
            GrantOrId::Grant(g) => g.0.id(),
            GrantOrId::Id(text) => id(GrantId::from_hex(&text))?,
        };
        call(py, || self.inner.withdraw(grant))
    }

    /// The person confirms that the host's clock is right although the logs hold later entries.
    fn confirm_clock(&self, py: Python<'_>, method: String, evidence: [u8; 32]) -> PyResult<()> {
        call(py, || self.inner.confirm_clock(Gesture { method, evidence }))
    }

    /// Files FHIR Consents that were given elsewhere; the ids of those that are new here.
    fn import_consents(
        &self,
        py: Python<'_>,
        source: Vec<u8>,
        method: String,
        evidence: [u8; 32],
    ) -> PyResult<Vec<String>> {
        let gesture = healthspace::audit::Gesture { method, evidence };
        let report = call(py, || self.inner.import_consents(&source, gesture))?;
        Ok(report.filed.iter().map(|id| id.to_hex()).collect())
    }

    /// Every consent as stored: a FHIR Consent by the id of its grant.
    fn export_consents(&self, py: Python<'_>) -> PyResult<BTreeMap<String, Vec<u8>>> {
        Ok(call(py, || self.inner.export_consents())?.into_iter().map(|(id, bytes)| (id.to_hex(), bytes)).collect())
    }

    /// A new conversation on behalf of a recipient, for one purpose.
    #[pyo3(signature = (recipient, purpose = "PATRQT"))]
    fn session(&self, py: Python<'_>, recipient: &Recipient, purpose: &str) -> PyResult<Session> {
        let (who, purpose) = (recipient.0.clone(), consent::purpose(purpose)?);
        Ok(Session(call(py, || self.inner.session(who, purpose))?))
    }

    /// A conversation that goes on, with the label that it had.
    #[pyo3(signature = (conversation, recipient, purpose = "PATRQT"))]
    fn resume(&self, py: Python<'_>, conversation: &str, recipient: &Recipient, purpose: &str) -> PyResult<Session> {
        let conversation = id(ConversationId::from_hex(conversation))?;
        let (who, purpose) = (recipient.0.clone(), consent::purpose(purpose)?);
        Ok(Session(call(py, || self.inner.resume(conversation, who, purpose))?))
    }
}

//! Recipients, consent requests and grants.

use crate::call::{argument, call, exception};
use crate::convert::datetime;
use healthspace::audit::Gesture;
use healthspace::consent::RecipientKind;
use healthspace::{Purpose, consent};
use pyo3::prelude::*;

/// Who is to receive data.
#[pyclass(frozen, eq, hash, module = "healthspace")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Recipient(pub(crate) consent::Recipient);

/// A consent that is being put together.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct ConsentRequest {
    pub(crate) inner: healthspace::ConsentRequest,
    pub(crate) language: String,
}

/// A grant that is to hold longer, or again.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct RenewalRequest {
    pub(crate) inner: healthspace::RenewalRequest,
    pub(crate) language: String,
}

/// What came of filing Consents that were given elsewhere.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct ConsentsReport(pub(crate) healthspace::ConsentsReport);

#[pymethods]
impl ConsentsReport {
    /// Ids of what was filed: new, or a new version.
    #[getter]
    fn filed(&self) -> Vec<String> {
        self.0.filed.iter().map(|id| id.to_hex()).collect()
    }

    /// There already, byte for byte.
    #[getter]
    const fn unchanged(&self) -> usize {
        self.0.unchanged
    }

    /// Older than the version that is there: not filed.
    #[getter]
    const fn older(&self) -> usize {
        self.0.older
    }

    /// Of those filed: a version of one that waits until the person confirms it, and so waits itself.
    #[getter]
    const fn waiting(&self) -> usize {
        self.0.waiting
    }

    /// Another text for a grant that was given here: not filed.
    #[getter]
    const fn conflicting(&self) -> usize {
        self.0.conflicting
    }

    /// Of those filed: they cannot be read, and refuse everything.
    #[getter]
    const fn unusable(&self) -> usize {
        self.0.unusable
    }

    /// Of those filed: permits that do not apply, because something in them is not understood.
    #[getter]
    const fn void_permits(&self) -> usize {
        self.0.void_permits
    }

    fn __repr__(&self) -> String {
        format!("ConsentsReport(filed={}, older={}, ..)", self.0.filed.len(), self.0.older)
    }
}

/// A consent that the person has given.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Grant(pub(crate) healthspace::Grant);

/// A grant as the person sees it in a list.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct GrantInfo(pub(crate) healthspace::GrantInfo);

/// A purpose from its HL7 code.
pub(crate) fn purpose(code: &str) -> PyResult<Purpose> {
    Purpose::from_code(code).ok_or_else(|| exception(&argument()))
}

#[pymethods]
impl Recipient {
    /// A recipient of a kind: "model", "app", "person", "organization"; "reference" or "role" where a
    /// consent from elsewhere names it so.
    #[new]
    fn new(kind: &str, name: &str) -> PyResult<Self> {
        let kind = RecipientKind::from_code(kind).ok_or_else(|| exception(&argument()))?;
        consent::Recipient::new(kind, name).map(Self).map_err(|e| exception(&e))
    }

    /// A model at a provider.
    #[staticmethod]
    fn model(name: &str) -> PyResult<Self> {
        Self::new("model", name)
    }

    /// An app.
    #[staticmethod]
    fn app(name: &str) -> PyResult<Self> {
        Self::new("app", name)
    }

    #[getter]
    const fn kind(&self) -> &'static str {
        self.0.kind().code()
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    fn __repr__(&self) -> String {
        format!("Recipient({}, ..)", self.kind())
    }
}

#[pymethods]
impl ConsentRequest {
    /// The text to show to the person.
    #[pyo3(signature = (language = None))]
    fn notice(&self, py: Python<'_>, language: Option<&str>) -> PyResult<String> {
        let language = language.unwrap_or(&self.language);
        call(py, || self.inner.notice(language))
    }

    /// Records the person's consent.
    fn confirm(&self, py: Python<'_>, method: String, evidence: [u8; 32]) -> PyResult<Grant> {
        call(py, || self.inner.confirm(Gesture { method, evidence })).map(Grant)
    }

    fn __repr__(&self) -> &'static str {
        "ConsentRequest(..)"
    }
}

#[pymethods]
impl RenewalRequest {
    /// The text to show: what stood, what changes, and the whole notice.
    #[pyo3(signature = (language = None))]
    fn notice(&self, py: Python<'_>, language: Option<&str>) -> PyResult<String> {
        let language = language.unwrap_or(&self.language);
        call(py, || self.inner.notice(language))
    }

    /// Records the renewal.
    fn confirm(&self, py: Python<'_>, method: String, evidence: [u8; 32]) -> PyResult<Grant> {
        call(py, || self.inner.confirm(Gesture { method, evidence })).map(Grant)
    }

    fn __repr__(&self) -> &'static str {
        "RenewalRequest(..)"
    }
}

#[pymethods]
impl Grant {
    /// By which it is withdrawn.
    #[getter]
    fn id(&self) -> String {
        self.0.id().to_hex()
    }

    /// Position of its entry in the space's log.
    #[getter]
    const fn entry(&self) -> u64 {
        self.0.entry()
    }

    fn __repr__(&self) -> &'static str {
        "Grant(..)"
    }
}

#[pymethods]
impl GrantInfo {
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_hex()
    }

    #[getter]
    fn partition(&self) -> &str {
        &self.0.partition
    }

    #[getter]
    const fn purpose(&self) -> &'static str {
        self.0.terms.purpose.code()
    }

    #[getter]
    fn categories(&self) -> Vec<&'static str> {
        self.0.terms.categories.iter().map(|c| c.code()).collect()
    }

    #[getter]
    fn recipient(&self) -> Recipient {
        Recipient(self.0.terms.recipient.clone())
    }

    #[getter]
    fn expires<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.terms.expires.map(|at| datetime(py, at)).transpose()
    }

    /// "in-force", "not-yet", "expired", "withdrawn", "used-up" or "unusable".
    #[getter]
    const fn standing(&self) -> &'static str {
        self.0.standing.code()
    }

    /// How often it can still be used; None where that is without bound.
    #[getter]
    const fn uses_left(&self) -> Option<u32> {
        self.0.uses_left
    }

    fn __repr__(&self) -> String {
        format!("GrantInfo({}, ..)", self.standing())
    }
}

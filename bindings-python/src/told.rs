//! What a space tells the person about itself: permissions, promises, disclosures, whom to tell of
//! a withdrawal, evidence and damage.

use crate::call::call;
use crate::consent::Recipient;
use crate::convert::datetime;
use healthspace::evidence::{self, EvidenceRequest};
use healthspace::{HealthSpace, NoticeState, Timestamp};
use pyo3::prelude::*;
use std::collections::BTreeMap;

/// A consent that counts: a grant, one to lower a label, or one from elsewhere.
#[pyclass(frozen, get_all, module = "healthspace")]
pub(crate) struct Permission {
    /// "grant", "lowering" or "imported".
    kind: &'static str,
    /// By which it is withdrawn.
    id: String,
    /// As that of a grant.
    standing: &'static str,
}

#[pymethods]
impl Permission {
    fn __repr__(&self) -> String {
        format!("Permission({}, {}, ..)", self.kind, self.standing)
    }
}

/// One promise of the space, as it stands.
#[pyclass(frozen, get_all, module = "healthspace")]
pub(crate) struct Claim {
    /// Its name, the same in every version.
    name: &'static str,
    /// What is promised.
    claim: String,
    /// "promise", "configured", "logged", "verifiable" or "witnessed".
    level: &'static str,
    /// What shows it.
    evidence: String,
    /// What it does not prove.
    does_not_prove: Vec<&'static str>,
}

#[pymethods]
impl Claim {
    fn __repr__(&self) -> String {
        format!("Claim({}, {}, ..)", self.name, self.level)
    }
}

/// A recipient of what was released under a grant that is withdrawn.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct WithdrawalNotice(healthspace::WithdrawalNotice);

#[pymethods]
impl WithdrawalNotice {
    /// The grant.
    #[getter]
    fn grant(&self) -> String {
        self.0.grant.to_hex()
    }

    /// The recipient, as releases name it; None where erased entries may have said of more.
    #[getter]
    fn recipient(&self) -> Option<Recipient> {
        self.0.recipient.clone().map(Recipient)
    }

    /// How many releases there were.
    #[getter]
    const fn releases(&self) -> u64 {
        self.0.releases
    }

    /// How many entries were erased that may have been of releases under this grant, to anybody.
    #[getter]
    const fn erased(&self) -> u64 {
        self.0.erased
    }

    /// "open", "notified" or "acknowledged".
    #[getter]
    const fn state(&self) -> &'static str {
        match self.0.state {
            NoticeState::Open => "open",
            NoticeState::Notified(_) => "notified",
            NoticeState::Acknowledged(_) => "acknowledged",
        }
    }

    /// Past due, and not acknowledged.
    #[getter]
    const fn overdue(&self) -> bool {
        self.0.overdue
    }

    /// When the last release was.
    #[getter]
    fn last_release<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.0.last_release)
    }

    /// When the grant was withdrawn.
    #[getter]
    fn withdrawn<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.0.withdrawn)
    }

    /// Until when the recipient should acknowledge.
    #[getter]
    fn due<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.0.due)
    }

    fn __repr__(&self) -> String {
        format!("WithdrawalNotice({}, ..)", self.state())
    }
}

/// What looking through a space found.
#[pyclass(frozen, get_all, module = "healthspace")]
pub(crate) struct SpaceCheck {
    /// Nothing is damaged, in either copy of what is stored twice.
    is_whole: bool,
    /// Both copies of the key slots are whole and the same.
    slots_agree: bool,
    /// SQLite finds its pages, indexes and free room in order.
    pages_in_order: bool,
    /// Rows of no scope that the space has.
    stray: u64,
    /// The space's own scope, where it is open, and each partition.
    scopes: Vec<Py<ScopeCheck>>,
}

#[pymethods]
impl SpaceCheck {
    fn __repr__(&self) -> String {
        format!("SpaceCheck(is_whole={}, ..)", if self.is_whole { "True" } else { "False" })
    }
}

/// What was found in one scope.
#[pyclass(frozen, get_all, module = "healthspace")]
pub(crate) struct ScopeCheck {
    /// Its partition; None for the space's own scope.
    partition: Option<String>,
    /// Rows and entries that are whole.
    whole: u64,
    /// Rows and entries that are missing or damaged, by what they are.
    damaged: BTreeMap<String, u64>,
    /// Ids of records whose bodies do not open, the first thousand.
    records: Vec<String>,
    /// Positions of damaged entries of the log, the first thousand.
    entries: Vec<u64>,
    /// Rows that nothing names: nothing reads them.
    unnamed: u64,
    /// Both copies of the head are whole and the same.
    heads_agree: bool,
}

#[pymethods]
impl ScopeCheck {
    fn __repr__(&self) -> String {
        format!("ScopeCheck(whole={}, damaged={}, ..)", self.whole, self.damaged.values().sum::<u64>())
    }
}

/// What a verified evidence file proves, and what it does not.
#[pyclass(frozen, get_all, module = "healthspace")]
pub(crate) struct EvidenceReport {
    /// The disclosures that it shows.
    disclosures: Vec<Py<Disclosure>>,
    /// What no such file proves.
    does_not_prove: Vec<&'static str>,
}

#[pymethods]
impl EvidenceReport {
    fn __repr__(&self) -> String {
        format!("EvidenceReport(disclosures={}, ..)", self.disclosures.len())
    }
}

/// One disclosure of a verified evidence file.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Disclosure(evidence::Disclosed);

#[pymethods]
impl Disclosure {
    /// Its position in its log.
    #[getter]
    const fn entry(&self) -> u64 {
        self.0.index
    }

    /// "logged" or "verifiable".
    #[getter]
    const fn level(&self) -> &'static str {
        self.0.level.code()
    }

    /// Ids of the grants it rests on; none where the person looked by themself.
    #[getter]
    fn grants(&self) -> Vec<String> {
        self.0.grants.iter().map(|g| g.id.to_hex()).collect()
    }

    /// What is not proved about it, besides what no such file proves.
    #[getter]
    fn does_not_prove(&self) -> Vec<&'static str> {
        self.0.does_not_prove.clone()
    }

    /// In plain words, one line.
    #[pyo3(signature = (language = "en"))]
    fn describe(&self, language: &str) -> String {
        self.0.describe(language)
    }

    fn __repr__(&self) -> String {
        format!("Disclosure({}, ..)", self.level())
    }
}

pub(crate) fn permissions(py: Python<'_>, space: &HealthSpace) -> PyResult<Vec<Permission>> {
    let kind = |p: &healthspace::Permission| match p {
        healthspace::Permission::Grant(_) => "grant",
        healthspace::Permission::Lowering(_) => "lowering",
        healthspace::Permission::Imported(_) => "imported",
        // Whatever comes later counts, and is withdrawn like the others.
        _ => "other",
    };
    let all = call(py, || space.permissions())?;
    let told = |p| Permission { kind: kind(p), id: p.id().to_hex(), standing: p.standing().code() };
    Ok(all.iter().map(told).collect())
}

pub(crate) fn claims(py: Python<'_>, space: &HealthSpace) -> PyResult<Vec<Claim>> {
    let told = |c: healthspace::SpaceClaim| Claim {
        name: c.name,
        claim: c.claim,
        level: c.level.code(),
        evidence: c.evidence,
        does_not_prove: c.does_not_prove,
    };
    Ok(call(py, || space.claims())?.into_iter().map(told).collect())
}

pub(crate) fn withdrawal_notices(py: Python<'_>, space: &HealthSpace) -> PyResult<Vec<WithdrawalNotice>> {
    Ok(call(py, || space.withdrawal_notices())?.into_iter().map(WithdrawalNotice).collect())
}

pub(crate) fn disclosure_log(py: Python<'_>, space: &HealthSpace, language: &str) -> PyResult<Vec<String>> {
    call(py, || Ok(space.disclosure_log()?.iter().map(|line| line.describe(language)).collect()))
}

pub(crate) fn check(py: Python<'_>, space: &HealthSpace) -> PyResult<SpaceCheck> {
    let found = call(py, || space.check())?;
    let (is_whole, slots_agree, stray) = (found.is_whole(), found.slots_agree, found.stray);
    let pages_in_order = found.pages_in_order;
    let told = |s: healthspace::ScopeCheck| {
        let damaged = s.damaged.iter().map(|(part, n)| (format!("{part:?}"), *n)).collect();
        let (partition, whole, unnamed, heads_agree) = (s.partition, s.whole, s.unnamed, s.heads_agree);
        let (records, entries) = (s.records.iter().map(healthspace::RecordId::to_hex).collect(), s.entries);
        Py::new(py, ScopeCheck { partition, whole, damaged, records, entries, unnamed, heads_agree })
    };
    let scopes = found.scopes.into_iter().map(told).collect::<PyResult<_>>()?;
    Ok(SpaceCheck { is_whole, slots_agree, pages_in_order, stray, scopes })
}

/// An evidence file of releases.
pub(crate) fn evidence(
    py: Python<'_>,
    space: &HealthSpace,
    partition: Option<&str>,
    recipient: Option<&Recipient>,
    between: Option<(Timestamp, Timestamp)>,
    partition_entries: bool,
) -> PyResult<Vec<u8>> {
    let mut request = EvidenceRequest::new();
    if let Some(name) = partition {
        request = request.partition(name);
    }
    if let Some(to) = recipient {
        request = request.recipient(to.0.clone());
    }
    if let Some((from, until)) = between {
        request = request.between(from, until);
    }
    if partition_entries {
        request = request.with_partition_entries();
    }
    call(py, || space.evidence(&request))
}

/// Verifies an evidence file with verifier keys, that of the space's own log first: needs no space.
#[pyfunction]
pub(crate) fn verify_evidence(py: Python<'_>, data: Vec<u8>, keys: Vec<String>) -> PyResult<EvidenceReport> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let report = call(py, || evidence::verify_evidence(&data, &keys))?;
    let disclosures = report.disclosures.into_iter().map(|d| Py::new(py, Disclosure(d))).collect::<PyResult<_>>()?;
    Ok(EvidenceReport { disclosures, does_not_prove: report.does_not_prove })
}

/// Verifies a receipt with its log's verifier key: needs no space. What it proves, in words.
#[pyfunction]
#[pyo3(signature = (receipt, key, language = "en"))]
pub(crate) fn verify_receipt(py: Python<'_>, receipt: &str, key: &str, language: &str) -> PyResult<String> {
    let proved = call(py, || healthspace::verify_receipt(receipt, key))?;
    Ok(proved.entry.describe(healthspace::Lang::parse(language)))
}

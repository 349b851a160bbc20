//! Conversations: grounding, and memories under the conversation's label.

use crate::call::call;
use crate::convert::{datetime, id};
use crate::damaged::{self, Readable};
use crate::memory::Memory;
use healthspace::grounding::{self, Budget, Composed, GroundOptions};
use healthspace::{Audited, Lang, RecordId};
use pyo3::prelude::*;

/// A conversation of one recipient for one purpose.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Session(pub(crate) healthspace::Session);

/// Cited facts for a model: released, and in the ledger.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Context(Audited<Composed>);

/// What a line of a context stands on.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Citation(grounding::Citation);

#[pymethods]
impl Session {
    /// By which it is resumed.
    #[getter]
    fn conversation(&self) -> String {
        self.0.conversation().to_hex()
    }

    /// Whether it has read what no model may be trained on.
    #[getter]
    fn no_training(&self) -> bool {
        self.0.label().no_training()
    }

    /// Facts that answer a question, computed and cited, within a budget of estimated tokens; "today"
    /// is the day in the person's zone, minutes east of UTC.
    #[pyo3(signature = (question, *, tokens = 1500, language = None, zone_offset_minutes = 0))]
    fn ground(
        &self,
        py: Python<'_>,
        question: &str,
        tokens: usize,
        language: Option<&str>,
        zone_offset_minutes: i16,
    ) -> PyResult<Context> {
        let mut how = GroundOptions::new(Budget::tokens(tokens));
        how.lang = language.map(Lang::parse);
        how.zone_offset_minutes = zone_offset_minutes;
        call(py, || self.0.ground_with(question, &how)).map(Context)
    }

    /// Stores a text under the conversation's label, with the records that it rests on.
    #[pyo3(signature = (text, records = Vec::new()))]
    fn remember(&self, py: Python<'_>, text: &str, records: Vec<String>) -> PyResult<String> {
        let records: Option<Vec<RecordId>> = records.iter().map(|r| RecordId::from_hex(r)).collect();
        let records = id(records)?;
        call(py, || self.0.remember(text, &records)).map(|r| r.to_hex())
    }

    /// Stores a text in a partition under the conversation's label.
    fn remember_in(&self, py: Python<'_>, partition: &str, text: &str) -> PyResult<String> {
        call(py, || self.0.remember_in(partition, text)).map(|r| r.to_hex())
    }

    /// What is remembered in a partition, as far as grants reach: one release.
    fn memories(&self, py: Python<'_>, partition: &str) -> PyResult<Vec<Memory>> {
        Ok(call(py, || self.0.memories(partition)?.into_whole())?.into_iter().map(Memory).collect())
    }

    /// As memories, which raises Corrupt where something is damaged: those that can be read, and how much cannot.
    fn readable_memories(&self, py: Python<'_>, partition: &str) -> PyResult<Readable> {
        damaged::readable(py, || self.0.memories(partition))
    }

    fn __repr__(&self) -> &'static str {
        "Session(..)"
    }
}

#[pymethods]
impl Context {
    /// The text for the model.
    #[getter]
    fn text(&self) -> &str {
        &self.0.value().text
    }

    /// The citations, by number.
    #[getter]
    fn citations(&self) -> Vec<Citation> {
        self.0.value().citations.iter().map(|c| Citation(*c)).collect()
    }

    /// What was asked for and is not there: stable words.
    #[getter]
    fn missing(&self) -> Vec<String> {
        self.0.value().missing.clone()
    }

    /// How much of what it was made from is damaged and could not be read; 0 where nothing is missing.
    #[getter]
    const fn unread(&self) -> u64 {
        self.0.unread()
    }

    /// A cautious estimate of the text's length in tokens.
    #[getter]
    const fn tokens_estimate(&self) -> usize {
        self.0.value().tokens_estimate
    }

    /// Position of the release in the partition's log.
    #[getter]
    const fn entry(&self) -> u64 {
        self.0.receipt().entry
    }

    /// Whether no model may be trained on it.
    #[getter]
    const fn no_training(&self) -> bool {
        self.0.label().no_training()
    }

    fn __repr__(&self) -> String {
        format!("Context(citations={}, ..)", self.0.value().citations.len())
    }
}

#[pymethods]
impl Citation {
    /// N of the text's [r:N].
    #[getter]
    const fn number(&self) -> u32 {
        self.0.number
    }

    /// The record.
    #[getter]
    fn record(&self) -> String {
        self.0.record.to_hex()
    }

    /// BLAKE3 of the file that it came from; all zero where it came from none.
    #[getter]
    fn source(&self) -> String {
        self.0.source.to_hex()
    }

    /// Member of an archive, first byte in it, and how many bytes.
    #[getter]
    const fn span(&self) -> (u32, u64, u64) {
        (self.0.span.member, self.0.span.offset, self.0.span.len)
    }

    /// Of a wearable sample: its position among the samples of its chunk that may be seen, by start. The span is that of
    /// its own bytes.
    #[getter]
    const fn sample(&self) -> Option<u32> {
        self.0.sample
    }

    /// When the file was imported.
    #[getter]
    fn imported_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.0.imported_at)
    }

    fn __repr__(&self) -> String {
        format!("Citation({}, ..)", self.0.number)
    }
}

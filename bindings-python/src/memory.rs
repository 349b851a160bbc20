//! Memories, as the person looks through them and as a session is shown them.

use crate::call::call;
use crate::convert::{datetime, id};
use healthspace::audit::Gesture;
use healthspace::record::Author;
use healthspace::{ConversationId, HealthSpace, Integrity, Quarantine, RecordId};
use pyo3::prelude::*;

/// What a session wrote down.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct Memory(pub(crate) healthspace::Memory);

#[pymethods]
impl Memory {
    /// By which it is edited, endorsed and deleted; an edited one has a new id.
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_hex()
    }

    /// What was remembered.
    #[getter]
    fn text(&self) -> &str {
        &self.0.text
    }

    /// Who wrote the words: "assistant" or "person".
    #[getter]
    const fn author(&self) -> &'static str {
        match self.0.author {
            Author::Person => "person",
            _ => "assistant",
        }
    }

    /// Whether it is what an AI asserts (HL7 AIAST): an assistant's words, and not endorsed.
    #[getter]
    fn ai_asserted(&self) -> bool {
        self.0.is_ai_asserted()
    }

    /// Whether the person vouches for it.
    #[getter]
    fn endorsed(&self) -> bool {
        self.0.label.integrity >= Integrity::User
    }

    /// Whether no model may be trained on it.
    #[getter]
    const fn no_training(&self) -> bool {
        self.0.label.no_training()
    }

    /// The records that it was made from.
    #[getter]
    fn parents(&self) -> Vec<String> {
        self.0.parents.iter().map(|r| r.to_hex()).collect()
    }

    /// The grants under which those were released.
    #[getter]
    fn grants(&self) -> Vec<String> {
        self.0.grants.iter().map(|g| g.to_hex()).collect()
    }

    /// In which conversation.
    #[getter]
    fn conversation(&self) -> String {
        self.0.conversation.to_hex()
    }

    /// When.
    #[getter]
    fn at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, self.0.at)
    }

    /// Why it is kept from sessions until the person keeps or deletes it: "consent-ended",
    /// "source-gone", or None.
    #[getter]
    fn quarantine(&self) -> Option<&'static str> {
        self.0.quarantine.map(|why| match why {
            Quarantine::ConsentEnded => "consent-ended",
            _ => "source-gone",
        })
    }

    fn __repr__(&self) -> &'static str {
        "Memory(..)"
    }
}

/// What the person does with a memory, with a gesture.
pub(crate) enum Act<'a> {
    Edit(&'a str),
    Endorse,
    Keep,
    Delete,
}

pub(crate) fn list(py: Python<'_>, space: &HealthSpace, partition: &str) -> PyResult<Vec<Memory>> {
    let all = call(py, || space.partition(partition)?.memories()?.into_whole())?;
    Ok(all.into_iter().map(Memory).collect())
}

/// The id under which the memory stands now.
pub(crate) fn act(
    py: Python<'_>,
    space: &HealthSpace,
    partition: &str,
    memory: &str,
    act: &Act<'_>,
    gesture: Gesture,
) -> PyResult<String> {
    let memory = id(RecordId::from_hex(memory))?;
    let now = call(py, || {
        let partition = space.partition(partition)?;
        match act {
            Act::Edit(text) => return partition.edit_memory(memory, text, gesture),
            Act::Endorse => partition.endorse(memory, gesture)?,
            Act::Keep => partition.keep_memory(memory, gesture)?,
            Act::Delete => partition.delete_memory(memory, gesture)?,
        };
        Ok(memory)
    });
    now.map(|id| id.to_hex())
}

/// What went with a conversation, and what is left.
#[pyclass(frozen, module = "healthspace")]
pub(crate) struct DeletedConversation(healthspace::DeletedConversation);

#[pymethods]
impl DeletedConversation {
    /// How many turns are gone.
    #[getter]
    const fn turns(&self) -> u64 {
        self.0.turns
    }

    /// The memories that were made in it, and stay: each as partition and id.
    #[getter]
    fn memories(&self) -> Vec<(String, String)> {
        self.0.memories.iter().map(|m| (m.partition.clone(), m.record.to_hex())).collect()
    }

    /// Turns and memories that are damaged, so that nobody knows of which conversation they are: they stay.
    #[getter]
    const fn unread(&self) -> u64 {
        self.0.unread
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

pub(crate) fn delete_conversation(
    py: Python<'_>,
    space: &HealthSpace,
    conversation: &str,
    gesture: Gesture,
) -> PyResult<DeletedConversation> {
    let conversation = id(ConversationId::from_hex(conversation))?;
    call(py, || space.delete_conversation(conversation, gesture)).map(DeletedConversation)
}

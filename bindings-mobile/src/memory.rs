//! Memories, as the person looks through them.

use crate::error::{HealthspaceError, argument, call};
use crate::space::{HealthSpace, gesture};
use healthspace::record::Author;
use healthspace::{ConversationId, Integrity, Partition, Quarantine, RecordId};
use std::sync::Arc;

/// What a session wrote down.
#[derive(uniffi::Object)]
pub struct HealthMemory(healthspace::Memory);

impl From<healthspace::Memory> for HealthMemory {
    fn from(memory: healthspace::Memory) -> Self {
        Self(memory)
    }
}

veiled!(HealthMemory);

/// Why a memory is kept from sessions until the person keeps or deletes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MemoryQuarantine {
    /// A grant that it rests on was withdrawn, or is over.
    ConsentEnded,
    /// Something that it was made from is gone or was replaced.
    SourceGone,
}

/// Where a memory stands.
#[derive(Clone, uniffi::Record)]
pub struct MemoryPlace {
    /// In which partition.
    pub partition: String,
    /// Its id.
    pub memory: String,
}

veiled!(MemoryPlace);

#[uniffi::export]
impl HealthMemory {
    /// By which it is edited, endorsed and deleted; an edited one has a new id.
    pub fn id(&self) -> String {
        self.0.id.to_hex()
    }

    /// What was remembered.
    pub fn text(&self) -> String {
        self.0.text.clone()
    }

    /// Whether the person wrote the words; else an assistant did.
    pub fn is_by_person(&self) -> bool {
        self.0.author == Author::Person
    }

    /// Whether it is what an AI asserts (HL7 AIAST): an assistant's words, and not endorsed.
    pub fn is_ai_asserted(&self) -> bool {
        self.0.is_ai_asserted()
    }

    /// Whether the person vouches for it.
    pub fn endorsed(&self) -> bool {
        self.0.label.integrity >= Integrity::User
    }

    /// Whether no model may be trained on it.
    pub fn no_training(&self) -> bool {
        self.0.label.no_training()
    }

    /// The records that it was made from.
    pub fn parents(&self) -> Vec<String> {
        self.0.parents.iter().map(RecordId::to_hex).collect()
    }

    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn at_millis(&self) -> i64 {
        self.0.at.as_millis()
    }

    /// Why it is kept from sessions, if it is.
    pub fn quarantine(&self) -> Option<MemoryQuarantine> {
        self.0.quarantine.map(|why| match why {
            Quarantine::ConsentEnded => MemoryQuarantine::ConsentEnded,
            _ => MemoryQuarantine::SourceGone,
        })
    }
}

impl HealthSpace {
    fn note(&self, partition: &str, memory: &str) -> Result<(Partition, RecordId), healthspace::Error> {
        Ok((self.inner.partition(partition)?, RecordId::from_hex(memory).ok_or_else(argument)?))
    }
}

#[uniffi::export]
impl HealthSpace {
    /// What is remembered in a partition, the newest first, what is quarantined too. Logged before
    /// it is shown.
    pub fn memories(&self, partition: String) -> Result<Vec<Arc<HealthMemory>>, HealthspaceError> {
        call(|| {
            let all = self.inner.partition(&partition)?.memories()?.into_whole()?;
            Ok(all.into_iter().map(|m| Arc::new(HealthMemory::from(m))).collect())
        })
    }

    /// The person writes a memory anew: its new id. `evidence` as for `ConsentRequest.confirm`.
    pub fn edit_memory(
        &self,
        partition: String,
        memory: String,
        text: String,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<String, HealthspaceError> {
        call(|| {
            let (partition, memory) = self.note(&partition, &memory)?;
            Ok(partition.edit_memory(memory, &text, gesture(method, evidence)?)?.to_hex())
        })
    }

    /// The person vouches for a memory that an assistant wrote.
    pub fn endorse_memory(
        &self,
        partition: String,
        memory: String,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<(), HealthspaceError> {
        call(|| {
            let (partition, memory) = self.note(&partition, &memory)?;
            partition.endorse(memory, gesture(method, evidence)?).map(drop)
        })
    }

    /// The person keeps a memory that is quarantined.
    pub fn keep_memory(
        &self,
        partition: String,
        memory: String,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<(), HealthspaceError> {
        call(|| {
            let (partition, memory) = self.note(&partition, &memory)?;
            partition.keep_memory(memory, gesture(method, evidence)?).map(drop)
        })
    }

    /// Deletes a whole conversation: its turns in every partition that is open, and for whom and what for it was
    /// held. The memories that were made in it stay.
    pub fn delete_conversation(
        &self,
        conversation: String,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<Vec<MemoryPlace>, HealthspaceError> {
        call(|| {
            let conversation = ConversationId::from_hex(&conversation).ok_or_else(argument)?;
            let done = self.inner.delete_conversation(conversation, gesture(method, evidence)?)?;
            let place = |m: healthspace::Derived| MemoryPlace { partition: m.partition, memory: m.record.to_hex() };
            Ok(done.memories.into_iter().map(place).collect())
        })
    }

    /// Deletes a memory with all that it said before.
    pub fn delete_memory(
        &self,
        partition: String,
        memory: String,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<(), HealthspaceError> {
        call(|| {
            let (partition, memory) = self.note(&partition, &memory)?;
            partition.delete_memory(memory, gesture(method, evidence)?).map(drop)
        })
    }
}

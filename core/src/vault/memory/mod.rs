//! What a session leaves behind: memories and the turns of conversations, each with the label of
//! the session that wrote it, the records it was made from and the grants it rests on.
//!
//! What belongs here: writing them where they may flow, listing them to sessions (by consent) and
//! to the person (by themself), editing, endorsing and deleting them, and what becomes of them
//! when that which they were derived from ends. What must not: decisions, the label algebra, and
//! values that are not written yet (those are `flow`'s).

mod conversation;
mod lineage;
mod parents;
mod person;
mod raise;
mod recall;
mod remember;
mod wire;
mod words;
mod write;

pub use conversation::DeletedConversation;
pub use lineage::Derived;
pub use parents::{Parents, Records};

pub(crate) use lineage::notes_of;
pub(super) use lineage::{Notes, STRICTEST, Version, quarantine_derived, reach, set_aside};
pub(super) use person::prune;
pub(super) use raise::raise_notes;
pub(super) use wire::{Note, Place};
pub(super) use write::{New, check_text, open_note, put_note, text_of_note};
pub(crate) use write::{by_kind, clearance};

use crate::id::{ConversationId, GrantId, RecordId, Timestamp};
use crate::label::{Integrity, Label};
use crate::record::Author;

/// A memory, read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Its id; an edited one has a new id.
    pub id: RecordId,
    /// What was remembered.
    pub text: String,
    /// Who wrote the words; whether the person vouches for them is in the label's integrity.
    pub author: Author,
    /// The session's label when it was written, joined with that of what it was made from.
    pub label: Label,
    /// The records it was made from.
    pub parents: Vec<RecordId>,
    /// The grants under which those were released.
    pub grants: Vec<GrantId>,
    /// In which conversation.
    pub conversation: ConversationId,
    /// When.
    pub at: Timestamp,
    /// Kept from sessions until the person keeps or deletes it.
    pub quarantine: Option<Quarantine>,
}

impl Memory {
    /// Whether it is what an AI asserts (HL7 `AIAST`): an assistant wrote the words, and the person has not
    /// endorsed them. The integrity may be lower than an AI's: that of what it was made from.
    #[must_use]
    pub fn is_ai_asserted(&self) -> bool {
        is_ai_asserted(self.author, self.label.integrity)
    }
}

fn is_ai_asserted(author: Author, integrity: Integrity) -> bool {
    author == Author::Assistant && integrity <= Integrity::AiAsserted
}

impl core::fmt::Debug for Memory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Memory(..)")
    }
}

/// Whose turn it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The person's.
    Person,
    /// The assistant's.
    Assistant,
    /// A tool's.
    Tool,
}

/// A turn of a conversation, read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// Whose.
    pub role: Role,
    /// As a memory of its text: a turn is edited, deleted and endorsed like one.
    pub memory: Memory,
}

impl core::fmt::Debug for Turn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Turn({:?}, ..)", self.role)
    }
}

/// A conversation of which turns are kept: what a list shows of it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conversation {
    /// By which it is resumed.
    pub id: ConversationId,
    /// When the earliest of its turns was written; one that was edited counts by its editing.
    pub first: Timestamp,
    /// When the latest was.
    pub last: Timestamp,
    /// How many turns are among what is shown.
    pub turns: u64,
}

impl core::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Conversation(..)")
    }
}

/// Why a memory is kept from sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quarantine {
    /// A grant that it rests on was withdrawn, or is over.
    ConsentEnded,
    /// Something that it was made from is gone, or a newer version took its place.
    SourceGone,
}

/// The type of a memory's record.
pub(super) const MEMORY: &str = "Memory";
/// The type of a turn's record.
pub(super) const TURN: &str = "Turn";

/// Whether records of this type were written by a session.
pub(super) fn is_note(type_name: &str) -> bool {
    matches!(type_name, MEMORY | TURN)
}

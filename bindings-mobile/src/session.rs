//! Conversations: grounding, and memories under the conversation's label.

use crate::error::{HealthspaceError, argument, call};
use healthspace::grounding::{Budget, Composed};
use healthspace::{Audited, RecordId};
use std::sync::Arc;

/// A conversation of one recipient for one purpose.
#[derive(Debug, uniffi::Object)]
pub struct Session(pub(crate) healthspace::Session);

/// Cited facts for a model: released, and in the ledger.
#[derive(Debug, uniffi::Object)]
pub struct Context(Audited<Composed>);

/// What a line of a context stands on.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Citation {
    /// N of the text's `[r:N]`.
    pub number: u32,
    /// The record.
    pub record: String,
    /// BLAKE3 of the file that it came from; all zero where it came from none.
    pub source: String,
    /// Member of an archive; 0 for a plain file.
    pub member: u32,
    /// First byte in it.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// When the file was imported, in milliseconds since 1970-01-01T00:00:00Z.
    pub imported_at_millis: i64,
}

#[uniffi::export]
impl Session {
    /// By which it is resumed.
    pub fn conversation(&self) -> String {
        self.0.conversation().to_hex()
    }

    /// Facts that answer a question, computed and cited, within a budget of estimated tokens.
    #[uniffi::method(default(tokens = 1500))]
    pub fn ground(&self, question: String, tokens: u32) -> Result<Arc<Context>, HealthspaceError> {
        let budget = Budget::tokens(usize::try_from(tokens).unwrap_or(usize::MAX));
        call(|| Ok(Arc::new(Context(self.0.ground(&question, budget)?))))
    }

    /// Stores a text under the conversation's label, with the records that it rests on.
    pub fn remember(&self, text: String, records: Vec<String>) -> Result<String, HealthspaceError> {
        call(|| {
            let ids: Option<Vec<RecordId>> = records.iter().map(|r| RecordId::from_hex(r)).collect();
            Ok(self.0.remember(&text, &ids.ok_or_else(argument)?)?.to_hex())
        })
    }

    /// Stores a text in a partition under the conversation's label; `FlowDenied` where the
    /// conversation has read what may not flow there.
    pub fn remember_in(&self, partition: String, text: String) -> Result<String, HealthspaceError> {
        call(|| Ok(self.0.remember_in(&partition, &text)?.to_hex()))
    }
}

#[uniffi::export]
impl Context {
    /// The text for the model.
    pub fn text(&self) -> String {
        self.0.value().text.clone()
    }

    /// The citations, by number.
    pub fn citations(&self) -> Vec<Citation> {
        let cited = |c: &healthspace::grounding::Citation| Citation {
            number: c.number,
            record: c.record.to_hex(),
            source: c.source.to_hex(),
            member: c.span.member,
            offset: c.span.offset,
            length: c.span.len,
            imported_at_millis: c.imported_at.as_millis(),
        };
        self.0.value().citations.iter().map(cited).collect()
    }

    /// Position of the release in the partition's log.
    pub fn entry(&self) -> u64 {
        self.0.receipt().entry
    }

    /// Whether no model may be trained on it.
    pub fn no_training(&self) -> bool {
        self.0.label().no_training()
    }
}

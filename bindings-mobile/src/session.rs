//! Conversations: grounding, and memories under the conversation's label.

use crate::error::{HealthspaceError, call};
use healthspace::grounding::{Budget, Composed, GroundOptions};
use healthspace::{Audited, Lang, RecordId};
use std::sync::Arc;

/// A conversation of one recipient for one purpose.
#[derive(Debug, uniffi::Object)]
pub struct Session(pub(crate) healthspace::Session);

/// Cited facts for a model: released, and in the ledger.
#[derive(Debug, uniffi::Object)]
pub struct GroundedContext(Audited<Composed>);

impl GroundedContext {
    pub(crate) const fn released(&self) -> &Audited<Composed> {
        &self.0
    }
}

/// What a line of a context stands on.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
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
    /// Of a wearable sample: its position among the samples of its chunk that may be seen, by start.
    pub sample: Option<u32>,
    /// When the file was imported, in milliseconds since 1970-01-01T00:00:00Z.
    pub imported_at_millis: i64,
}

veiled!(Citation);

#[uniffi::export]
impl Session {
    /// By which it is resumed.
    pub fn conversation(&self) -> String {
        self.0.conversation().to_hex()
    }

    /// Whether it has read what no model may be trained on.
    pub fn no_training(&self) -> bool {
        self.0.label().no_training()
    }

    /// Facts that answer a question, computed and cited, within a budget of estimated tokens; in
    /// the question's language, or in `en` or `fr`. "Today" is the day in the person's zone, minutes
    /// east of UTC.
    #[uniffi::method(default(tokens = 1500, language = None, zone_offset_minutes = 0))]
    pub fn ground(
        &self,
        question: String,
        tokens: u32,
        language: Option<String>,
        zone_offset_minutes: i16,
    ) -> Result<Arc<GroundedContext>, HealthspaceError> {
        let mut how = GroundOptions::new(Budget::tokens(usize::try_from(tokens).unwrap_or(usize::MAX)));
        how.lang = language.map(|tag| Lang::parse(&tag));
        how.zone_offset_minutes = zone_offset_minutes;
        call(|| Ok(Arc::new(GroundedContext(self.0.ground_with(&question, &how)?))))
    }

    /// Stores a text where what the conversation has read may stay, under the conversation's label
    /// joined with that of the context it was made from, and with the context's records as its
    /// parents. Returns the memory's record.
    #[uniffi::method(default(context = None))]
    pub fn remember(&self, text: String, context: Option<Arc<GroundedContext>>) -> Result<String, HealthspaceError> {
        call(|| {
            let id = match context {
                Some(c) => self.0.remember(&text, &c.0),
                None => self.0.remember(&text, &Vec::<RecordId>::new()),
            };
            Ok(id?.to_hex())
        })
    }

    /// Stores a text in a partition under the conversation's label; `FlowDenied` where the
    /// conversation has read what may not flow there.
    pub fn remember_in(&self, partition: String, text: String) -> Result<String, HealthspaceError> {
        call(|| Ok(self.0.remember_in(&partition, &text)?.to_hex()))
    }
}

#[uniffi::export]
impl GroundedContext {
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
            sample: c.sample,
            imported_at_millis: c.imported_at.as_millis(),
        };
        self.0.value().citations.iter().map(cited).collect()
    }

    /// What was asked for and is not there: stable words.
    pub fn missing(&self) -> Vec<String> {
        self.0.value().missing.clone()
    }

    /// Position of the release in the partition's log: `HealthSpace.receipt` proves it.
    pub fn entry(&self) -> u64 {
        self.0.receipt().entry
    }

    /// Whether no model may be trained on it.
    pub fn no_training(&self) -> bool {
        self.0.label().no_training()
    }
}

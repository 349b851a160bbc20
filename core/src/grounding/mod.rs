//! Grounding: a question and a filtered view of the facts in, a cited context for a model out.
//!
//! What belongs here: understanding a question in English or French, computing from typed facts,
//! packing lines into a token budget, citing every line, checking an answer. What must not:
//! decisions about what may be seen (the view is filtered before it comes here), keys, storage.
//!
//! The library computes, the model words. The text is a function of the view, the question and
//! the [`Options`]: no clock, no randomness, no model. What the view does not hold does not exist
//! here, so that "not on record", "not consented" and "never happened" read the same.

mod absence;
mod check;
mod clause;
mod compose;
mod concepts;
mod dictionary;
mod ends;
mod entry;
mod event;
mod family;
mod fence;
mod find;
mod fold;
mod imaging;
mod limits;
mod lists;
mod meant;
mod net;
mod number;
mod overview;
mod page;
mod period;
mod person;
mod phrases;
mod pressure;
mod question;
mod ranges;
mod remarks;
mod rest;
mod series;
mod session;
mod sides;
mod sleep;
#[cfg(test)]
mod speed;
mod standing;
mod start;
mod sums;
mod taken;
#[cfg(test)]
mod tests;
mod topic;
mod uncomputed;
mod units;
mod values;
mod view;
mod visits;
mod wearable;
mod whose;
mod within;
mod workouts;

pub use check::{AnswerCheck, Violation, check_answer};
pub use compose::compose;
pub use session::{Budget, GroundOptions};

use crate::catalog::ObjectRef;
use crate::id::{RecordId, SourceId, Timestamp};
use crate::lang::Lang;
use crate::record::{Category, Span};
use std::collections::BTreeSet;

/// A fact that went into the text: its record and its position among the record's facts.
pub type Item = (RecordId, u16);

/// What a context is made with, besides the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The language of the text; `None` is that of the question.
    pub lang: Option<Lang>,
    /// Upper bound of the estimated tokens.
    pub tokens: usize,
    /// The time that "today", ages and "this year" count from.
    pub now: Timestamp,
    /// Names the fences around quoted text; random, and new for every call.
    pub nonce: [u8; 8],
    /// The person's zone, minutes east of UTC: the day that "today" is, and that of a sample without
    /// an offset.
    pub zone_offset_minutes: i16,
}

/// One place that a line of the context stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Citation {
    /// N of `[r:N]`, from 1.
    pub number: u32,
    /// The record.
    pub record: RecordId,
    /// The source file; all zero for a record that came from no file.
    pub source: SourceId,
    /// Where in the file; for a sample, its own bytes.
    pub span: Span,
    /// When the file was imported.
    pub imported_at: Timestamp,
    /// For a wearable sample: its position among the chunk's samples that may be seen, by start.
    pub sample: Option<u32>,
    /// Where the vault keeps the record's body.
    pub object: ObjectRef,
}

/// What was left out for lack of room.
#[derive(Clone, PartialEq, Eq)]
pub struct Omission {
    /// Of what, in the language of the text.
    pub what: String,
    /// How many lines or rows.
    pub count: u32,
}

silent_debug!(Omission);

/// A context for a model. Its `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    /// Plain text; lines of facts end with the citations they stand on. One line of the head says what the question was
    /// read as, and that nothing else in it limits what follows.
    pub text: String,
    /// The citations, by number.
    pub citations: Vec<Citation>,
    /// Every fact that went into the text, those only counted or averaged included; ascending.
    pub items: Vec<Item>,
    /// The categories of those facts.
    pub categories: BTreeSet<Category>,
    /// What did not fit.
    pub omitted: Vec<Omission>,
    /// Stable keys of what was asked for and is not here: `hba1c`, `start:statin`. With the sort of record
    /// before it (`condition:diabetes`), nothing of that sort is it, and others speak of it. `damaged`: some of what
    /// is stored could not be read, and may be it.
    pub missing: Vec<String>,
    /// The language of the text.
    pub lang: Lang,
    /// A cautious estimate of the text's length in tokens; never above the budget.
    pub tokens_estimate: usize,
}

impl core::fmt::Debug for Composed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Composed")
            .field("citations", &self.citations.len())
            .field("items", &self.items.len())
            .field("tokens_estimate", &self.tokens_estimate)
            .finish_non_exhaustive()
    }
}

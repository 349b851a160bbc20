//! Typed facts: the segments of a partition's catalog, and queries over them.
//!
//! What belongs here: encoding facts in columns, merging segments, answering "last 100 of a code",
//! series, counts and "what is there", always through a row filter. What must not: keys, storage
//! or decisions; the vault seals and stores segments and hands in the filter.

mod query;
pub(crate) mod series;

pub use query::{FactRow, Facts, ObjectRef, Order, Origin, Presence, Query, SeriesSummary, SourceInfo};

//! Typed facts: the segments of a partition's catalog, and queries over them.
//!
//! What belongs here: encoding facts in columns, merging segments, answering "last 100 of a code",
//! series, counts and "what is there", always through a row filter. What must not: keys, storage
//! or decisions; the vault seals and stores segments and hands in the filter.

mod column;
mod dictionary;
mod fact;
mod index;
mod lean;
mod levels;
mod merge;
mod query;
mod segment;
pub(crate) mod series;
mod store;
mod strings;
mod view;

#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;

pub(crate) use fact::{Fact, RecordRef};
pub(crate) use index::Seeded;
pub(crate) use levels::{FAN, plan};
pub(crate) use merge::{Keep, merge, rewrite, upon};
pub(crate) use segment::{NewRecord, Room, Segment, SegmentBuilder};
pub(crate) use store::{Catalog, RecordSet};
pub(crate) use view::View;

pub use lean::{Lean, LeanRows};
pub use query::{FactRow, Facts, ObjectRef, Order, Origin, Presence, Query, SeriesSummary, SourceInfo};

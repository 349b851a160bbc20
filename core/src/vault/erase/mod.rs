//! Erasing: what records, sources, consents' memories and entries of a log said.
//!
//! What belongs here: choosing what goes, dropping its keys, sealing anew what shared a key with it,
//! and what the ledger says of it. What must not: hiding. What is only not shown any more is deleted
//! nowhere in this folder.

mod act;
mod certificate;
mod check;
mod chosen;
mod entries;
mod period;
mod records;
mod rest;
mod shown;
mod sweep;
mod unnamed;

pub(super) use act::{Destroyed, Rests, act};
pub use check::{ErasureCheck, ErasureTrial, ErasureTry, TriedBy};
pub use entries::LogErasure;
pub(super) use entries::{MOST_ENTRIES, forget_entries, replace_log_key};
pub(super) use records::EVERYTHING;
pub use records::{Erase, ErasureLevel, RecordErasure};
pub(super) use rest::forget_the_rest;
pub(super) use shown::read_logs;
pub(super) use unnamed::{UNNAMED, unnamed};

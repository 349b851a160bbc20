//! Ingestion: bytes of a source in, drafts and a report out. Pure, bounded, streaming.
//!
//! What belongs here: reading health file formats. What must not: keys, storage, policy or the
//! network; hostile input meets no key. An importer opens no URL, follows no path of an archive
//! and never fails the whole file for one bad entry: it reports the entry and goes on.

mod apple;
mod archive;
mod fhir;
mod issue;
mod limits;
mod report;
mod source;
mod subject;

pub(crate) use fhir::names_of_bytes;
pub use issue::{Issue, MemberName, Severity, What};
pub use limits::Limits;
pub use report::{Report, TypeCount};

pub use source::{Input, Source};
pub(crate) use subject::{patient_key, reference as subject_reference};

use crate::error::Result;
use crate::id::Identity;
use crate::record::{Draft, Sample, SeriesKey};

/// An entry whose name the producer may have made for this file alone, and what it is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// By the name in the file.
    pub identity: Identity,
    /// Equal for entries that say the same and refer to what says the same, by whatever names.
    pub digest: [u8; 16],
}

/// Receives what an importer reads, in the order of the source.
pub trait Sink {
    /// What the entries of a file are told by whose names may not last, in the order of the file
    /// and before any of its records.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn names(&mut self, list: &[Named]) -> Result<()> {
        let _ = list;
        Ok(())
    }

    /// One record.
    ///
    /// # Errors
    /// Whatever stops the import: cancelled, disk full, another subject.
    fn record(&mut self, draft: Draft<'_>) -> Result<()>;

    /// One wearable sample. `member` is its archive member.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn sample(&mut self, key: &SeriesKey, member: u32, sample: Sample) -> Result<()>;

    /// Bytes of the source that belong to no record: together with the records' bodies, in order,
    /// they rebuild the file byte for byte. Not called for samples, whose XML is not kept.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn envelope(&mut self, member: u32, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Something was not read that has a label, and may be a document that names the bytes of any `Binary`.
    fn unread_label(&mut self) {}

    /// How far reading has come, in bytes of the input as given; about once per 256 KiB.
    ///
    /// # Errors
    /// [`Error::Cancelled`](crate::Error::Cancelled) where the host asked to stop.
    fn progress(&mut self, done: u64) -> Result<()>;
}

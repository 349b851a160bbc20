//! FHIR R4 in JSON: one resource, one Bundle, or one of them per line (NDJSON).
//!
//! What belongs here: finding the resources of a file, and reading facts from each. What must
//! not: FHIR in XML (reported by the caller as unsupported), validation against profiles, and
//! anything that follows a reference out of the file.
//!
//! Nothing is validated and nothing is dropped: a resource is kept byte for byte, and facts are
//! read from it as far as it allows. Everything else of the file (a Bundle's head, `fullUrl`s,
//! white space, and all that is refused) goes to the envelope, so that records and envelope, put
//! back by their offsets, are the file again. Envelope comes in order; a record may come late: a
//! medication use waits for the `Medication` that it refers to, to the end of the file or, in an
//! archive, of its folder ([`waiting`]).
//!
//! At most one resource is held at a time, and some 16 MiB of what waits; [`survey`], which reads a
//! file before, holds 16 bytes for each labelled Bundle, and in a file of `urn:uuid:` names some 130
//! for each entry and 16 for each reference.
//! [`Limits::token_bytes`] does not apply to a string within a resource, which is bounded by
//! [`Limits::resource_bytes`] like all of it: documents carry whole PDFs in one string.

mod bytes;
mod canonical;
mod extract;
mod identity;
mod inner;
mod labels;
mod node;
mod scan;
mod session;
mod skim;
mod survey;
mod tables;
#[cfg(test)]
mod tests;
mod types;
mod waiting;
mod walk;
mod window;

pub(crate) use bytes::names_of_bytes;
pub(crate) use labels::Around;
pub(crate) use survey::{LONGEST_LABEL, has_label, survey};
pub(crate) use waiting::Shared;

use super::{Limits, Report, Sink};
use crate::error::{Error, Limit, Malformed, Result};

/// What else is known of a file.
#[derive(Default)]
pub(crate) struct Context<'s> {
    /// What the files of its folder share, in an archive.
    pub(crate) shared: Option<&'s mut Shared>,
    /// What [`survey`] said of it.
    pub(crate) around: Around,
}

/// Imports FHIR R4 JSON from `input`, which is `total` bytes long where that is known, as archive
/// member `member` (0 for a plain file).
///
/// Counts what is refused in `report`; what is new or known already is for the sink to count, as
/// are the bytes of the input as given, which may be an archive. What the files of its folder
/// share is for the caller to finish.
///
/// # Errors
/// [`Error::Malformed`] with [`Malformed::Empty`], [`Malformed::Json`] (no JSON object at the
/// start, or broken before anything was recognised; UTF-16 is not JSON, RFC 8259 section 8.1) or
/// [`Malformed::NotFhir`]; [`Error::TooLarge`] with [`Limit::InputBytes`]; whatever the sink or
/// the reader returns. Anything smaller is an issue in the report, and the import goes on.
pub(crate) fn import(
    input: &mut dyn std::io::Read,
    total: Option<u64>,
    member: u32,
    limits: &Limits,
    sink: &mut dyn Sink,
    report: &mut Report,
    context: Context<'_>,
) -> Result<()> {
    if total.is_some_and(|t| t > limits.input_bytes) {
        return Err(Error::TooLarge(Limit::InputBytes));
    }
    let mut session = walk::walk(input, session::Session::new(sink, report, member, limits, context), limits)?;
    session.finish()?;
    match (session.recognised, session.broken) {
        (true, _) => Ok(()),
        (false, true) => Err(Error::Malformed(Malformed::Json)),
        (false, false) => Err(Error::Malformed(Malformed::NotFhir)),
    }
}

/// Whether a file that begins so may be FHIR JSON: the first byte behind a byte order mark and
/// white space is a brace. What is in it, only reading it tells.
#[must_use]
pub(crate) fn looks_like(prefix: &[u8]) -> bool {
    let prefix = prefix.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(prefix);
    prefix.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')) == Some(&b'{')
}

//! A file as it was, byte for byte: the slices that became records, and the envelope around them.
//!
//! What belongs here: putting an imported document together again for the person whose it is. What
//! must not: recipients, consents or labels; what goes to anybody else is a release.

use super::ingest::Partition;
use super::permitted::block_record;
use super::rows::Base;
use super::scope::Scope;
use super::sources::SourceEntry;
use super::state::Target;
use crate::audit::{AuditEvent, Gesture};
use crate::catalog::ObjectRef;
use crate::codec::varint;
use crate::crypto::context::Class;
use crate::error::{Error, Part, Result};
use crate::id::SourceId;
use crate::storage::ReadTxn;
use std::io::Write;

/// A stretch of a file, and where its bytes are.
#[derive(Clone, Copy)]
struct Piece {
    offset: u64,
    len: u64,
    from: From,
}

#[derive(Clone, Copy)]
enum From {
    /// A record; whether it is history.
    Record(ObjectRef, bool),
    /// Behind so many bytes of an envelope row.
    Envelope(ObjectRef, usize),
}

impl From {
    /// Where several have a stretch: what was put into the envelope was printed otherwise than the
    /// record that it was linked to, and so was a history record beside the one that is shown.
    const fn order(&self) -> u8 {
        match self {
            Self::Envelope(..) => 0,
            Self::Record(_, true) => 1,
            Self::Record(_, false) => 2,
        }
    }
}

impl Partition {
    /// Writes an imported document as it was, byte for byte, and returns its entry in the
    /// partition's log. For the person: the entry holds what they did to ask for it, and is
    /// durable before the first byte is written.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`] where some partitions only are open. [`Error::NotFound`] for a
    /// source that was not imported here, or of which not every byte is kept: wearable samples are
    /// stored as columns, archives as their members' records. [`Error::Io`] where `out` fails;
    /// [`Error::Corrupt`].
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, import::Source, Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-original-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// let health = space.partition("health")?;
    /// let file = b"{ \"resourceType\": \"Patient\" }\n";
    /// health.import(Source::bytes(file.to_vec())?)?;
    /// let mut out = Vec::new();
    /// health.original(health.sources()?[0].id, Gesture { method: "tap".into(), evidence: [0; 32] }, &mut out)?;
    /// assert_eq!(out, file);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn original(&self, source: SourceId, gesture: Gesture, out: &mut dyn Write) -> Result<u64> {
        let base = &self.inner.base;
        let (txn, state) = self.inner.read()?;
        if state.system.is_none() {
            return Err(Error::NeedsFullSlot);
        }
        let scope = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
        let (ordinal, entry) = finished(base, &*txn, scope, source)?;
        let pieces = pieces(base, &*txn, scope, ordinal, &entry)?.ok_or(Error::NotFound)?;
        let bytes = entry.bytes;
        let event = AuditEvent::OriginalExported { source: entry.tag(), bytes, gesture };
        let at = self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let work = w.work(tx, Target::Partition(at))?;
            tx.log(work, event)
        })?;
        let mut hash = blake3::Hasher::new();
        let (mut row, mut raw) = (None, Vec::new());
        for piece in pieces {
            let (From::Record(object, _) | From::Envelope(object, _)) = piece.from;
            if row != Some(object.number >> 8) {
                scope.open_object(base, &*txn, Class::Body, &object, &mut raw)?;
                row = Some(object.number >> 8);
            }
            let found = match piece.from {
                From::Record(object, _) => block_record(&raw, &object)?,
                From::Envelope(_, at) => raw.get(at..).ok_or(BAD)?,
            };
            let len = usize::try_from(piece.len).map_err(|_| BAD)?;
            let bytes = found.get(..len).ok_or(BAD)?;
            hash.update(bytes);
            out.write_all(bytes)?;
        }
        out.flush()?;
        if SourceId::from_bytes(*hash.finalize().as_bytes()) == source { Ok(at) } else { Err(BAD) }
    }
}

const BAD: Error = Error::Corrupt(Part::Body);

fn finished(base: &Base, txn: &dyn ReadTxn, scope: &Scope, source: SourceId) -> Result<(u32, SourceEntry)> {
    let mut ordinal = 0;
    for row in &scope.manifest.source_pages {
        for entry in scope.source_page(base, txn, row)?.iter() {
            if entry.id == source && entry.finished {
                return Ok((ordinal, (**entry).clone()));
            }
            ordinal += 1;
        }
    }
    Err(Error::NotFound)
}

/// All pieces of a source in order; `None` where they are not the whole of it.
fn pieces(
    base: &Base,
    txn: &dyn ReadTxn,
    scope: &Scope,
    ordinal: u32,
    entry: &SourceEntry,
) -> Result<Option<Vec<Piece>>> {
    let mut pieces = Vec::new();
    for record in scope.catalog()?.records() {
        for origin in record.origins().iter().filter(|o| o.source == ordinal) {
            if record.series().is_some() || origin.span.member != 0 {
                return Ok(None);
            }
            let from = From::Record(record.object(), record.is_history());
            pieces.push(Piece { offset: origin.span.offset, len: origin.span.len, from });
        }
    }
    let mut raw = Vec::new();
    for (number, version) in &entry.envelope {
        let object = ObjectRef { number: number << 8, version: *version, group: entry.group };
        scope.open_object(base, txn, Class::Body, &object, &mut raw)?;
        let mut rest = &raw[..];
        while !rest.is_empty() {
            if varint::take(&mut rest).map_err(|_| BAD)? != 0 {
                return Ok(None);
            }
            let offset = varint::take(&mut rest).map_err(|_| BAD)?;
            let bytes = varint::take_bytes(&mut rest).map_err(|_| BAD)?;
            let at = raw.len() - rest.len() - bytes.len();
            pieces.push(Piece { offset, len: bytes.len() as u64, from: From::Envelope(object, at) });
        }
    }
    pieces.sort_unstable_by_key(|p| (p.offset, p.from.order()));
    pieces.dedup_by_key(|p| (p.offset, p.len));
    let mut end = 0u64;
    for p in &pieces {
        if p.offset != end {
            return Ok(None);
        }
        end = end.checked_add(p.len).ok_or(BAD)?;
    }
    Ok((end == entry.bytes).then_some(pieces))
}

//! The part of the input that is in memory: a sliding window which hands what nobody keeps to the
//! envelope, so that every byte of the source goes somewhere, once and in order.

use crate::error::{Error, Limit, Result};
use crate::import::{Severity, What};
use std::io::Read;

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// Receives what the walk over a file finds.
pub(super) trait Handler {
    /// One resource, with its entry's `fullUrl`. `false` if it is refused: its bytes then belong
    /// to the envelope.
    fn resource(&mut self, body: &[u8], at: u64, full_url: Option<&str>) -> Result<bool>;
    /// Bytes that belong to no record.
    fn envelope(&mut self, at: u64, bytes: &[u8]) -> Result<()>;
    /// Something was the matter.
    fn issue(&mut self, severity: Severity, what: What, at: u64);
    /// A resource was stepped over, of this type where it was told.
    fn skipped(&mut self, _: Option<&str>) {}
    /// A Bundle begins, within so many others.
    fn bundle(&mut self, level: usize);
    /// The type of the Bundle that began last, and has not ended.
    fn bundle_type(&mut self, _: &str) {}
    /// The `meta` of the Bundle that began last, and has not ended; empty if it is too long, or was cut.
    fn bundle_meta(&mut self, meta: &[u8]);
    /// The Bundle of this level ends; not `whole` if part of it is not there, or was stepped over.
    fn bundle_end(&mut self, level: usize, whole: bool);
    /// How many bytes were read so far.
    fn progress(&mut self, done: u64) -> Result<()>;
}

/// Why a step of the walk could not be finished.
pub(super) enum Halt {
    /// The input ended in the middle of something.
    End,
    /// This is not JSON.
    Bad,
    /// What is being kept is over its bound.
    Full,
    /// A line ended within a value, in a file of one value per line.
    Line,
    /// The import itself must stop.
    Stop(Error),
}

impl From<std::io::Error> for Halt {
    fn from(e: std::io::Error) -> Self {
        Self::Stop(e.into())
    }
}

impl From<Error> for Halt {
    fn from(e: Error) -> Self {
        Self::Stop(e)
    }
}

pub(super) struct Window<'r, H> {
    input: &'r mut dyn Read,
    pub(super) out: H,
    pub(super) buf: Vec<u8>,
    /// Offset in the input of `buf[0]`.
    base: u64,
    /// Next byte to look at.
    pub(super) pos: usize,
    /// Up to here everything was delivered, as a record or as envelope.
    delivered: usize,
    /// From here on nothing may leave the window.
    pub(super) keep: Option<usize>,
    /// How many bytes may be kept.
    pub(super) room: usize,
    max_input: u64,
    ended: bool,
}

impl<'r, H: Handler> Window<'r, H> {
    pub(super) fn new(input: &'r mut dyn Read, out: H, room: usize, max_input: u64) -> Self {
        let buf = Vec::with_capacity(2 * CHUNK);
        Self { input, out, buf, base: 0, pos: 0, delivered: 0, keep: None, room, max_input, ended: false }
    }

    /// Offset in the input of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.pos as u64
    }

    /// Reads on; `false` at the end of the input. Places in `buf` other than `pos` and `keep` are
    /// void afterwards.
    pub(super) fn fill(&mut self) -> Result<bool, Halt> {
        if self.ended {
            return Ok(false);
        }
        let floor = self.keep.unwrap_or(self.pos);
        if self.buf.len() - floor > self.room {
            return Err(Halt::Full);
        }
        self.deliver(floor)?;
        self.buf.drain(..floor);
        self.base += floor as u64;
        self.pos -= floor;
        self.delivered = self.delivered.saturating_sub(floor);
        self.keep = self.keep.map(|_| 0);
        let n = (&mut *self.input).take(CHUNK as u64).read_to_end(&mut self.buf)?;
        self.ended = n < CHUNK;
        let done = self.base + self.buf.len() as u64;
        if done > self.max_input {
            return Err(Halt::Stop(Error::TooLarge(Limit::InputBytes)));
        }
        self.out.progress(done)?;
        Ok(n > 0)
    }

    /// Hands everything before `to` that was not delivered yet to the envelope.
    pub(super) fn deliver(&mut self, to: usize) -> Result<()> {
        if let Some(bytes) = self.buf.get(self.delivered..to).filter(|b| !b.is_empty()) {
            self.out.envelope(self.base + self.delivered as u64, bytes)?;
        }
        self.delivered = self.delivered.max(to);
        Ok(())
    }

    /// Offers `buf[from..to]` as a resource; the envelope before it goes first.
    pub(super) fn offer(&mut self, from: usize, to: usize, full_url: Option<&str>) -> Result<()> {
        self.deliver(from)?;
        let body = self.buf.get(from..to).unwrap_or_default();
        if self.out.resource(body, self.base + from as u64, full_url)? {
            self.delivered = to;
        }
        Ok(())
    }

    /// Reads to the end of the input; all of it is envelope.
    pub(super) fn drain(&mut self) -> Result<(), Halt> {
        self.keep = None;
        loop {
            self.pos = self.buf.len();
            if !self.fill()? {
                return Ok(self.deliver(self.pos)?);
            }
        }
    }
}

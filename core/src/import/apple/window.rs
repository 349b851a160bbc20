//! The part of a stream that is in memory: grows until one element fits, and no further.

use crate::error::Result;
use std::io::{ErrorKind, Read};

/// Bytes asked for at a time.
const STEP: usize = 256 << 10;

pub(super) struct Window<'r> {
    input: &'r mut dyn Read,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    base: u64,
    eof: bool,
}

impl<'r> Window<'r> {
    pub(super) fn new(input: &'r mut dyn Read) -> Self {
        Self { input, buf: Vec::new(), start: 0, end: 0, base: 0, eof: false }
    }

    /// What is in memory and not consumed.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or_default()
    }

    /// Offset of the first of [`bytes`](Self::bytes) in the stream.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// Reads on; `false` at the end of the stream. Asks for at least as much as is there, so that
    /// an element that is scanned anew after each call costs linear time in all.
    pub(super) fn more(&mut self) -> Result<bool> {
        if self.eof {
            return Ok(false);
        }
        self.buf.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        let want = self.end + STEP.max(self.end);
        if self.buf.len() < want {
            self.buf.resize(want, 0);
        } else if self.buf.len() > 4 * want {
            self.buf.truncate(want);
            self.buf.shrink_to_fit();
        }
        let before = self.end;
        while self.end < want {
            match self.input.read(self.buf.get_mut(self.end..want).unwrap_or_default()) {
                Ok(0) => {
                    self.eof = true;
                    break;
                }
                Ok(n) => self.end = (self.end + n).min(want),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(self.end > before)
    }

    /// Makes `n` bytes available where the stream has them.
    pub(super) fn ensure(&mut self, n: usize) -> Result<bool> {
        while self.bytes().len() < n {
            if !self.more()? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

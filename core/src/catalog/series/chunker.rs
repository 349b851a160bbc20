//! Collecting samples, as they come, into chunks of one series.

use super::CHUNK;
use crate::error::Result;
use crate::record::{Sample, SeriesKey};
use std::collections::HashMap;

/// Samples of one series and archive member, in the order of the source.
pub(crate) struct Chunk {
    /// What they have in common.
    pub(crate) key: SeriesKey,
    /// Their archive member.
    pub(crate) member: u32,
    /// At least one, at most [`CHUNK`].
    pub(crate) samples: Vec<Sample>,
}

struct Open {
    samples: Vec<Sample>,
    bytes: usize,
    touched: u64,
}

/// Buffers samples per series and hands out chunks: full ones at once, and those that wait longest
/// when more than `most` bytes are held.
///
/// An export is ordered by type and time, so what waits longest is a month that is over.
pub(crate) struct Chunker {
    open: HashMap<(SeriesKey, u32), Open>,
    /// The series of the last sample, which most often is that of the next.
    last: Option<((SeriesKey, u32), Open)>,
    clock: u64,
    pub(super) bytes: usize,
    most: usize,
}

/// Bytes that the samples held may take.
const HELD: usize = 16 << 20;

impl Default for Chunker {
    fn default() -> Self {
        Self::new(HELD)
    }
}

/// About how many bytes a sample holds. Shared strings count each time: hostile ones are not shared.
fn weight(s: &Sample) -> usize {
    let text = |t: &Option<std::sync::Arc<str>>| t.as_ref().map_or(0, |t| t.len().saturating_sub(256));
    let meta: usize = s.meta.iter().map(|m| 48 + m.key.len().saturating_sub(64) + m.value.len()).sum();
    size_of::<Sample>() + text(&s.word) + text(&s.device) + text(&s.source_version) + meta
}

impl Chunker {
    /// Holds at most about `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { open: HashMap::new(), last: None, clock: 0, bytes: 0, most }
    }

    /// Takes one sample; `emit` is given the chunks that are due.
    ///
    /// # Errors
    /// What `emit` fails with.
    pub(crate) fn push(
        &mut self,
        key: &SeriesKey,
        member: u32,
        sample: Sample,
        emit: &mut dyn FnMut(Chunk) -> Result<()>,
    ) -> Result<()> {
        if !self.last.as_ref().is_some_and(|((k, m), _)| k == key && *m == member) {
            self.park();
            let at = (key.clone(), member);
            let open = self.open.remove(&at).unwrap_or(Open { samples: Vec::new(), bytes: 0, touched: 0 });
            self.last = Some((at, open));
        }
        let Some((_, open)) = &mut self.last else { return Ok(()) };
        let bytes = weight(&sample);
        open.samples.push(sample);
        open.bytes += bytes;
        self.bytes += bytes;
        if open.samples.len() >= CHUNK
            && let Some((at, open)) = self.last.take()
        {
            self.out(at, open, emit)?;
        }
        if self.bytes > self.most {
            self.make_room(emit)?;
        }
        Ok(())
    }

    /// Hands out everything that is left.
    ///
    /// # Errors
    /// What `emit` fails with.
    pub(crate) fn finish(mut self, emit: &mut dyn FnMut(Chunk) -> Result<()>) -> Result<()> {
        self.most = 0;
        self.make_room(emit)
    }

    fn park(&mut self) {
        if let Some((at, mut open)) = self.last.take() {
            self.clock += 1;
            open.touched = self.clock;
            self.open.insert(at, open);
        }
    }

    fn out(&mut self, at: (SeriesKey, u32), open: Open, emit: &mut dyn FnMut(Chunk) -> Result<()>) -> Result<()> {
        self.bytes -= open.bytes;
        let (key, member) = at;
        emit(Chunk { key, member, samples: open.samples })
    }

    /// Hands out what has waited longest, down to three quarters.
    fn make_room(&mut self, emit: &mut dyn FnMut(Chunk) -> Result<()>) -> Result<()> {
        self.park();
        let mut held = self.bytes;
        let mut by_age: Vec<(u64, usize)> = self.open.values().map(|o| (o.touched, o.bytes)).collect();
        by_age.sort_unstable();
        let mut until = 0;
        for (touched, bytes) in by_age {
            if held <= self.most / 4 * 3 {
                break;
            }
            held -= bytes;
            until = touched;
        }
        let mut due: Vec<_> = self.open.extract_if(|_, o| o.touched <= until).collect();
        due.sort_unstable_by_key(|(_, o)| o.touched);
        due.into_iter().try_for_each(|(at, open)| self.out(at, open, emit))
    }
}

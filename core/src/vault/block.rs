//! Blocks: a few records sealed together.
//!
//! `count LEB128 | length LEB128 * count | bytes`. Small records in one message share its fixed
//! cost (one key derivation, one row) and each other's words; a block is small enough that reading
//! one record of it stays cheap. Only records of one key group share a block.

use crate::codec::varint;

/// So many records at most: a position takes eight bits of an object's number.
pub(crate) const MAX_RECORDS: usize = 5;
/// A block is closed once it holds so many bytes.
pub(crate) const FULL: usize = 4608;

/// A block that is being filled.
#[derive(Default)]
pub(crate) struct Block {
    lengths: Vec<usize>,
    bytes: Vec<u8>,
}

impl Block {
    /// Adds a record; its position.
    pub(crate) fn push(&mut self, record: &[u8]) -> usize {
        self.lengths.push(record.len());
        self.bytes.extend_from_slice(record);
        self.lengths.len() - 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.lengths.len() >= MAX_RECORDS || self.bytes.len() >= FULL
    }

    /// Whether a record of this length should rather begin a block of its own.
    pub(crate) fn would_overflow(&self, len: usize) -> bool {
        !self.is_empty() && self.bytes.len() + len > FULL
    }

    /// The block's bytes; the block is empty again.
    pub(crate) fn take(&mut self, out: &mut Vec<u8>) {
        out.clear();
        varint::put(out, self.lengths.len() as u64);
        self.lengths.drain(..).for_each(|n| varint::put(out, n as u64));
        out.append(&mut self.bytes);
    }
}

/// A record of a block, by position.
pub(crate) fn record(block: &[u8], at: usize) -> Option<&[u8]> {
    let mut rest = block;
    let count = varint::take_count(&mut rest).ok()?;
    let (mut begin, mut len) = (0usize, None);
    for i in 0..count {
        let n = usize::try_from(varint::take(&mut rest).ok()?).ok()?;
        match i {
            i if i < at => begin = begin.checked_add(n)?,
            i if i == at => len = Some(n),
            _ => {}
        }
    }
    rest.get(begin..begin.checked_add(len?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_record_comes_back(records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20)) {
            let mut b = Block::default();
            for (i, r) in records.iter().enumerate() { prop_assert_eq!(b.push(r), i); }
            let mut bytes = Vec::new();
            b.take(&mut bytes);
            prop_assert!(b.is_empty());
            for (i, r) in records.iter().enumerate() { prop_assert_eq!(record(&bytes, i), Some(&r[..])); }
            prop_assert_eq!(record(&bytes, records.len()), None);
        }

        #[test]
        fn never_panics(b: Vec<u8>, at in 0usize..300) { let _ = record(&b, at); }
    }
}

//! Records that a reader has opened, kept until it ends or its handle is closed.
//!
//! A release hands out a bounded set; reading one of it again need not decrypt it again. What is
//! kept is bounded by the budget of a connection's page cache, oldest out first, and wiped.

use crate::catalog::{ObjectRef, Seeded};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use zeroize::Zeroizing;

/// Bytes that are kept at most.
const BYTES: usize = 8 << 20;
/// Longer records are not kept: a few of them would drive out everything else.
const LONGEST: usize = BYTES / 64;
/// What an entry costs besides its bytes.
const ENTRY: usize = 96;

/// Opened records by object and version.
#[derive(Default)]
pub(crate) struct Opened {
    records: HashMap<(u64, u64), Zeroizing<Box<[u8]>>, Seeded>,
    order: VecDeque<(u64, u64)>,
    bytes: usize,
}

impl Opened {
    /// The record, where it was opened before.
    pub(crate) fn get(&self, object: &ObjectRef) -> Option<&[u8]> {
        self.records.get(&(object.number, object.version)).map(|b| &b[..])
    }

    /// Keeps a record.
    pub(crate) fn keep(&mut self, object: &ObjectRef, body: &[u8]) {
        let key = (object.number, object.version);
        if body.len() > LONGEST {
            return;
        }
        if let Entry::Vacant(place) = self.records.entry(key) {
            place.insert(Zeroizing::new(body.into()));
            self.order.push_back(key);
            self.bytes += body.len() + ENTRY;
        }
        while self.bytes > BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(gone) = self.records.remove(&oldest) {
                self.bytes -= gone.len() + ENTRY;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_the_oldest_goes_first() {
        let mut opened = Opened::default();
        let at = |number| ObjectRef { number, version: 1, group: 1 };
        for n in 0..20_000u64 {
            opened.keep(&at(n), &[n as u8; 1000]);
            assert!(opened.bytes <= BYTES);
        }
        assert_eq!(opened.records.len(), opened.order.len());
        assert_eq!(opened.bytes, opened.records.len() * (1000 + ENTRY));
        assert!(opened.get(&at(0)).is_none());
        assert_eq!(opened.get(&at(19_999)), Some(&[19_999u64 as u8; 1000][..]));
        assert!(opened.get(&ObjectRef { version: 2, ..at(19_999) }).is_none(), "another version is another record");
        opened.keep(&at(7), &vec![0; LONGEST + 1]);
        assert!(opened.get(&at(7)).is_none());
    }
}

//! Key pages: 64 group keys each, with the epoch in which each was made. The last page stands in the
//! manifest until it is full; then it gets a row of its own.
//!
//! A group key is the unit of erasure: dropped from its page, what it sealed is gone.

use crate::crypto::secret::{Group, Key};
use crate::error::{Error, Part, Result};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Keys of one page.
pub(crate) const PAGE_KEYS: usize = 64;
const ENTRY: usize = 1 + 4 + 32;

/// A page in the open. A copy of it, for a transaction to change, shares the keys.
#[derive(Default, Clone)]
pub(crate) struct KeyPage {
    keys: Vec<Option<(u32, Arc<Key<Group>>)>>,
}

impl KeyPage {
    /// Adds a key; its position in the page, or `None` where the page is full.
    pub(crate) fn push(&mut self, epoch: u32, key: Key<Group>) -> Option<usize> {
        if self.keys.len() >= PAGE_KEYS {
            return None;
        }
        self.keys.push(Some((epoch, Arc::new(key))));
        Some(self.keys.len() - 1)
    }

    /// A full page of which every key is gone.
    pub(crate) fn spent() -> Self {
        Self { keys: vec![None; PAGE_KEYS] }
    }

    /// How many keys were ever put in it.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.keys.len() >= PAGE_KEYS
    }

    pub(crate) fn get(&self, slot: usize) -> Option<(u32, &Key<Group>)> {
        self.keys.get(slot)?.as_ref().map(|(e, k)| (*e, &**k))
    }

    /// Drops a key: whatever it sealed cannot be opened once the page is written.
    pub(crate) fn drop_key(&mut self, slot: usize) {
        if let Some(k) = self.keys.get_mut(slot) {
            *k = None;
        }
    }

    /// `version 0 | count u8 | (present u8 | epoch u32 | key 32)*`
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(2 + self.keys.len() * ENTRY));
        out.push(0);
        out.push(self.keys.len() as u8);
        for k in &self.keys {
            match k {
                Some((epoch, key)) => {
                    out.push(1);
                    out.extend_from_slice(&epoch.to_be_bytes());
                    out.extend_from_slice(key.expose());
                }
                None => out.extend_from_slice(&[0; ENTRY]),
            }
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        const BAD: Error = Error::Corrupt(Part::KeyPage);
        let (head, body) = bytes.split_at_checked(2).ok_or(BAD)?;
        let &[0, count] = head else { return Err(BAD) };
        if usize::from(count) > PAGE_KEYS || body.len() != usize::from(count) * ENTRY {
            return Err(BAD);
        }
        let mut keys = Vec::with_capacity(PAGE_KEYS);
        for e in body.chunks_exact(ENTRY) {
            let (present, rest) = e.split_first().ok_or(BAD)?;
            let (epoch, key) = rest.split_first_chunk::<4>().ok_or(BAD)?;
            keys.push(match present {
                0 if rest.iter().all(|b| *b == 0) => None,
                1 => Some((u32::from_be_bytes(*epoch), Arc::new(Key::copy_of(key).ok_or(BAD)?))),
                _ => return Err(BAD),
            });
        }
        Ok(Self { keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_round_trip_and_forget() {
        let mut p = KeyPage::default();
        for i in 0..PAGE_KEYS {
            assert_eq!(p.push(i as u32, Key::make().unwrap()), Some(i));
        }
        assert!(p.is_full() && p.push(0, Key::make().unwrap()).is_none());
        let before = *p.get(5).unwrap().1.expose();
        p.drop_key(5);
        let bytes = p.encode();
        assert!(!bytes.windows(32).any(|w| w == before));
        let q = KeyPage::decode(&bytes).unwrap();
        assert!(q.get(5).is_none() && q.get(64).is_none());
        assert_eq!(q.get(6).unwrap().1.expose(), p.get(6).unwrap().1.expose());
        assert_eq!(q.encode(), bytes);
        assert!(KeyPage::decode(&bytes[1..]).is_err());
        // A dropped key has one form.
        let mut junk = bytes.to_vec();
        junk[2 + 5 * ENTRY + 7] = 1;
        assert!(KeyPage::decode(&junk).is_err());
    }
}

//! Distinct strings in one buffer, numbered as they come: no allocation per string.

use super::dictionary::MAX_BYTES;
use super::index::Seeded;
use std::hash::{BuildHasher, Hasher};

/// String 0 is empty.
pub(super) struct Strings {
    pub(super) text: String,
    /// Where each string ends.
    pub(super) ends: Vec<u32>,
    /// Open addressing, a power of two: hash, and number and one; 0 is empty.
    slots: Vec<(u32, u32)>,
    key: Seeded,
    over: bool,
}

impl Strings {
    pub(super) fn new() -> Self {
        let mut new = Self {
            text: String::new(),
            ends: Vec::new(),
            slots: vec![(0, 0); 512],
            key: Seeded::default(),
            over: false,
        };
        new.intern("");
        new
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether a string was left out for want of room: the segment must be refused.
    pub(super) fn over(&self) -> bool {
        self.over
    }

    pub(super) fn intern(&mut self, s: &str) -> u32 {
        let mut hasher = self.key.build_hasher();
        hasher.write(s.as_bytes());
        let hash = hasher.finish() as u32;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while let Some((h, id)) = self.slots.get(at).and_then(|(h, n)| Some((*h, n.checked_sub(1)?))) {
            if h == hash && self.text.as_bytes().get(super::dictionary::between(&self.ends, id)) == Some(s.as_bytes()) {
                return id;
            }
            at = (at + 1) & mask;
        }
        let id = self.ends.len() as u32;
        if self.text.len() + s.len() <= MAX_BYTES {
            self.text.push_str(s);
        } else {
            self.over = true;
        }
        self.ends.push(self.text.len() as u32);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (hash, id + 1);
        }
        if self.ends.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        id
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let old = core::mem::replace(&mut self.slots, vec![(0, 0); size]);
        for (hash, n) in old.into_iter().filter(|s| s.1 != 0) {
            let mut at = hash as usize & (size - 1);
            while self.slots.get(at).is_some_and(|s| s.1 != 0) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = (hash, n);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_strings_get_one_number(picks in prop::collection::vec(0u32..2000, 0..3000)) {
            let mut strings = Strings::new();
            let mut seen = std::collections::HashMap::from([(String::new(), 0)]);
            for p in picks {
                let s = if p == 0 { String::new() } else { format!("string {p}") };
                let next = seen.len() as u32;
                let expect = *seen.entry(s.clone()).or_insert(next);
                prop_assert_eq!(strings.intern(&s), expect);
            }
            prop_assert_eq!(strings.len(), seen.len());
            prop_assert!(!strings.over());
        }
    }
}

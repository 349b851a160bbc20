//! Hashing: a keyed hasher for interning what files say, and an index over 16-byte ids.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Builds [`Folded`] hashers under a random key, so that no file can be made to collide.
#[derive(Clone)]
pub(crate) struct Seeded(u64, u64);

impl Default for Seeded {
    fn default() -> Self {
        let random = RandomState::new();
        Self(random.hash_one(0u8), random.hash_one(1u8) | 1)
    }
}

impl BuildHasher for Seeded {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded { state: self.0, key: self.1 }
    }
}

/// Multiply and fold, 8 bytes at a time: a third of the time of the standard hasher on short keys.
pub(crate) struct Folded {
    state: u64,
    key: u64,
}

impl Folded {
    #[inline]
    fn mix(&mut self, n: u64) {
        let wide = u128::from(self.state ^ n) * u128::from(self.key);
        self.state = (wide as u64 ^ (wide >> 64) as u64).rotate_left(23) ^ self.key;
    }
}

impl Hasher for Folded {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (chunks, tail) = bytes.as_chunks();
        for c in chunks {
            self.mix(u64::from_le_bytes(*c));
        }
        let tail = tail.iter().fold(bytes.len() as u64, |n, b| n << 8 | u64::from(*b));
        self.mix(tail);
    }

    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.mix(u64::from(n));
    }

    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.mix(u64::from(n));
    }

    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }

    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        let wide = u128::from(self.state) * u128::from(self.key);
        wide as u64 ^ (wide >> 64) as u64
    }
}

/// Where ids stand in a list: open addressing, one 4-byte slot per 0.5 to 0.75 ids.
///
/// A list may name an id more than once (the versions of one identity); the last one stands in the
/// table, those before it in a sorted list, so that a thousand versions do not cost a million steps.
pub(super) struct IdIndex {
    /// Row and one; 0 is empty. A power of two.
    slots: Box<[u32]>,
    earlier: Box<[u32]>,
    key: u64,
}

impl IdIndex {
    pub(super) fn build(ids: &[[u8; 16]]) -> Self {
        let size = (ids.len() * 4 / 3 + 1).next_power_of_two();
        let mut new =
            Self { slots: vec![0; size].into(), earlier: Box::default(), key: RandomState::new().hash_one(0u8) | 1 };
        let mut earlier = Vec::new();
        for (row, id) in ids.iter().enumerate().rev() {
            let mut at = new.start(id);
            while let Some(slot) = new.slots.get_mut(at) {
                match slot.checked_sub(1) {
                    None => {
                        *slot = row as u32 + 1;
                        break;
                    }
                    Some(other) if ids.get(other as usize) == Some(id) => {
                        earlier.push(row as u32);
                        break;
                    }
                    Some(_) => at = (at + 1) & (size - 1),
                }
            }
        }
        earlier.sort_unstable_by_key(|r| (ids.get(*r as usize).copied(), u32::MAX - r));
        new.earlier = earlier.into();
        new
    }

    #[inline]
    fn start(&self, id: &[u8; 16]) -> usize {
        let n = u128::from_le_bytes(*id);
        let mixed = (n as u64 ^ ((n >> 64) as u64).rotate_left(32)).wrapping_mul(self.key);
        (mixed >> 32) as usize & (self.slots.len() - 1)
    }

    /// The rows of an id, the last first.
    pub(super) fn rows<'a>(&'a self, ids: &'a [[u8; 16]], id: &'a [u8; 16]) -> impl Iterator<Item = u32> + 'a {
        let is = move |row: &u32| ids.get(*row as usize) == Some(id);
        let mut at = self.start(id);
        let mut last = None;
        while let Some(row) = self.slots.get(at).and_then(|s| s.checked_sub(1)) {
            if is(&row) {
                last = Some(row);
                break;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        let from = match last {
            Some(_) => self.earlier.partition_point(|r| ids.get(*r as usize) < Some(id)),
            None => self.earlier.len(),
        };
        let earlier = self.earlier.get(from..).unwrap_or(&[]);
        last.into_iter().chain(earlier.iter().copied().take_while(is))
    }

    pub(super) fn memory(&self) -> usize {
        4 * (self.slots.len() + self.earlier.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_every_row_of_an_id_the_last_first(keys in prop::collection::vec(0u8..20, 0..80)) {
            let ids: Vec<[u8; 16]> = keys.iter().map(|k| [*k; 16]).collect();
            let index = IdIndex::build(&ids);
            for k in 0..22u8 {
                let expect: Vec<u32> =
                    (0..ids.len() as u32).rev().filter(|r| keys[*r as usize] == k).collect();
                prop_assert_eq!(index.rows(&ids, &[k; 16]).collect::<Vec<_>>(), expect);
            }
        }
    }

    #[test]
    fn versions_of_one_identity_are_not_quadratic() {
        let ids = vec![[7; 16]; 100_000];
        let index = IdIndex::build(&ids);
        assert_eq!(index.rows(&ids, &[7; 16]).next(), Some(99_999));
        assert_eq!(index.rows(&ids, &[7; 16]).count(), 100_000);
    }
}

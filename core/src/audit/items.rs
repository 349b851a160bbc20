//! The Merkle root over the items of a release.

use crate::crypto::hash::hmac_sha256;
use crate::error::Result;
use crate::ledger::tree::{Edge, leaf_hash};

/// RFC 6962 root over the leaf data `HMAC-SHA-256(salt, index as 8 bytes, big-endian || item)`, in
/// the order given; constant memory.
///
/// The salt is 32 random bytes per release and is kept beside the entry's `r`, never inside the
/// entry: whoever holds it can test guesses at the items.
///
/// # Errors
/// None in practice: [`Error::TooLarge`](crate::Error::TooLarge) past 2^64 - 2 items.
pub(crate) fn items_root<'a>(salt: &[u8; 32], items: impl Iterator<Item = &'a [u8]>) -> Result<[u8; 32]> {
    let mut edge = Edge::default();
    for (index, item) in (0u64..).zip(items) {
        edge.push(leaf_hash(&item_hash(salt, index, item)), |_| ())?;
    }
    Ok(edge.head().root)
}

/// The salted hash of an item: leaf data, which tells nothing to whoever lacks the salt.
pub(crate) fn item_hash(salt: &[u8; 32], index: u64, item: &[u8]) -> [u8; 32] {
    hmac_sha256(salt, &[&index.to_be_bytes(), item])
}

/// The root over items of which the salted hashes are at hand.
///
/// # Errors
/// As [`items_root`].
pub(crate) fn root_of_hashes(hashes: &[[u8; 32]]) -> Result<[u8; 32]> {
    let mut edge = Edge::default();
    for hash in hashes {
        edge.push(leaf_hash(hash), |_| ())?;
    }
    Ok(edge.head().root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hash::sha256;
    use crate::ledger::tree::node_hash;
    use proptest::prelude::*;

    #[test]
    fn three_items_by_hand() {
        let salt = [9; 32];
        let root = |items: &[&[u8]]| items_root(&salt, items.iter().copied()).unwrap();
        let leaf =
            |i: u64, item: &[u8]| sha256(&[&[0], &hmac_sha256(&salt, &[&[i.to_be_bytes().as_slice(), item].concat()])]);
        assert_eq!(root(&[]), sha256(&[]));
        assert_eq!(root(&[b"a"]), leaf(0, b"a"));
        let (a, b, c) = (leaf(0, b"a"), leaf(1, b"b"), leaf(2, b"c"));
        assert_eq!(root(&[b"a", b"b", b"c"]), node_hash(&node_hash(&a, &b), &c));
    }

    proptest! {
        #[test]
        fn binds_salt_order_and_content(
            salt: [u8; 32], other: [u8; 32], items in prop::collection::vec(any::<Vec<u8>>(), 1..40), at: prop::sample::Index,
        ) {
            let root = |salt, items: &[Vec<u8>]| items_root(salt, items.iter().map(Vec::as_slice)).unwrap();
            let want = root(&salt, &items);
            prop_assert_eq!(salt == other, want == root(&other, &items));
            let mut changed = items.clone();
            changed[at.index(items.len())].push(0);
            prop_assert_ne!(want, root(&salt, &changed));
            prop_assert_ne!(want, root(&salt, &items[1..]));
            let mut turned = items.clone();
            turned.rotate_left(1);
            prop_assert_eq!(items == turned, want == root(&salt, &turned));
        }
    }
}

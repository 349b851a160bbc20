//! Committed leaves: what the tree holds instead of an entry.
//!
//! Leaf data = `"healthspace-ledger/v1\0" || HMAC-SHA-256(r, entry)`, 54 bytes, with 32 random
//! bytes `r` per entry. All leaves look alike, and once `r` and the entry are destroyed not even
//! somebody who guesses the entry can confirm it, while every proof still holds.

use super::Hash;
use super::tree::leaf_hash;
use crate::crypto::hash::hmac_sha256;

const DOMAIN: &[u8; 22] = b"healthspace-ledger/v1\0";

/// The leaf data of an entry. `r` is used for this entry only and comes from the system's generator.
pub(crate) fn leaf_data(r: &[u8; 32], entry: &[u8]) -> [u8; 54] {
    let mut out = [0; 54];
    let (domain, mac) = out.split_at_mut(DOMAIN.len());
    domain.copy_from_slice(DOMAIN);
    mac.copy_from_slice(&hmac_sha256(r, &[entry]));
    out
}

/// The level-0 tree hash of an entry.
pub(crate) fn commitment(r: &[u8; 32], entry: &[u8]) -> Hash {
    leaf_hash(&leaf_data(r, entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hash::sha256;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn layout_and_binding(r: [u8; 32], s: [u8; 32], entry: Vec<u8>, other: Vec<u8>) {
            let data = leaf_data(&r, &entry);
            prop_assert_eq!(&data[..22], b"healthspace-ledger/v1\0");
            prop_assert_eq!(&data[22..], hmac_sha256(&r, &[&entry]));
            prop_assert_eq!(commitment(&r, &entry), sha256(&[&[0], &data]));
            prop_assert_eq!(r == s, data == leaf_data(&s, &entry));
            prop_assert_eq!(entry == other, data == leaf_data(&r, &other));
        }
    }
}

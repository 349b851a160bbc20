//! Checking tree proofs: RFC 9162 sections 2.1.3.2 and 2.1.4.2. Needs no tree and trusts nothing.
//!
//! Both functions are total: whatever they are given, they answer within one step per bit of the
//! tree size, and a proof that is too long is refused before it is read to its end.

use super::Hash;
use super::tree::node_hash;

/// Whether `proof` shows the leaf of hash `leaf` at `idx` in the tree of `size` leaves and `root`.
pub(crate) fn verify_inclusion(root: &Hash, size: u64, idx: u64, leaf: &Hash, proof: &[Hash]) -> bool {
    if idx >= size {
        return false;
    }
    let mut walk = Walk { at: idx, last: size - 1 };
    let mut hash = *leaf;
    for p in proof {
        match walk.step() {
            Some(Side::Left) => hash = node_hash(p, &hash),
            Some(Side::Right) => hash = node_hash(&hash, p),
            None => return false,
        }
    }
    walk.last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `new_size` leaves and `new_root` begins with the tree of
/// `old_size` leaves and `old_root`. `old_size` 0 is refused: an empty tree says nothing.
pub(crate) fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> bool {
    if old_size == 0 || old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    // A complete old tree is a node of the new one, and its root is not repeated in the proof.
    let (first, rest) = match proof.split_first() {
        None => return false,
        Some(_) if old_size.is_power_of_two() => (old_root, proof),
        Some(split) => split,
    };
    let skip = (old_size - 1).trailing_ones();
    let mut walk = Walk { at: shr(old_size - 1, skip), last: shr(new_size - 1, skip) };
    let (mut old, mut new) = (*first, *first);
    for p in rest {
        match walk.step() {
            Some(Side::Left) => {
                old = node_hash(p, &old);
                new = node_hash(p, &new);
            }
            Some(Side::Right) => new = node_hash(&new, p),
            None => return false,
        }
    }
    walk.last == 0 && old == *old_root && new == *new_root
}

/// On which side of what is known the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

/// The way from a node to the root: `fn` and `sn` of RFC 9162.
struct Walk {
    at: u64,
    last: u64,
}

impl Walk {
    /// One level up; `None` at the root.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.at & 1 == 1 || self.at == self.last {
            // Levels on which this node has no sibling: it is the last of an incomplete row.
            let alone = self.at.trailing_zeros();
            self.at = shr(self.at, alone);
            self.last = shr(self.last, alone);
            Side::Left
        } else {
            Side::Right
        };
        self.at >>= 1;
        self.last >>= 1;
        Some(side)
    }
}

fn shr(n: u64, by: u32) -> u64 {
    n.checked_shr(by).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::base64;
    use crate::crypto::hash::sha256;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::path::{Path, PathBuf};

    fn shared() -> Option<PathBuf> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let from_env = std::env::var_os("HEALTHSPACE_SHARED").map(PathBuf::from);
        [from_env, Some(here.join("../../shared")), Some(here.join("../shared"))]
            .into_iter()
            .flatten()
            .map(|p| p.join("vectors/merkle/testdata"))
            .find(|p| p.is_dir())
    }

    fn files(dir: &Path, out: &mut Vec<PathBuf>) {
        for e in std::fs::read_dir(dir).unwrap() {
            let p = e.unwrap().path();
            if p.is_dir() {
                files(&p, out);
            } else if p.extension().is_some_and(|e| e == "json") {
                out.push(p);
            }
        }
    }

    /// A hash of the wrong length cannot be expressed here. A few files use short words as roots to
    /// say "any value": each becomes a value of its own, except the empty one, which is refused.
    fn any_hash(v: &Value) -> Option<Hash> {
        let b = base64::decode(v.as_str().unwrap_or("")).unwrap();
        if b.is_empty() { None } else { Some(b.as_slice().try_into().unwrap_or_else(|_| sha256(&[&b]))) }
    }

    fn proof(v: &Value) -> Option<Vec<Hash>> {
        let empty = Vec::new();
        let list = v.as_array().unwrap_or(&empty);
        list.iter().map(|h| base64::decode(h.as_str()?)?.try_into().ok()).collect()
    }

    fn inclusion(v: &Value) -> Option<bool> {
        let (root, leaf) = (any_hash(&v["root"])?, any_hash(&v["leafHash"])?);
        Some(verify_inclusion(&root, v["treeSize"].as_u64()?, v["leafIdx"].as_u64()?, &leaf, &proof(&v["proof"])?))
    }

    fn consistency(v: &Value) -> Option<bool> {
        let (a, b) = (any_hash(&v["root1"])?, any_hash(&v["root2"])?);
        Some(verify_consistency(v["size1"].as_u64()?, &a, v["size2"].as_u64()?, &b, &proof(&v["proof"])?))
    }

    #[test]
    fn transparency_dev_vectors() {
        let Some(dir) = shared() else {
            println!("SKIPPED: shared data not found");
            return;
        };
        let (mut honest, mut refused) = (0, 0);
        for (kind, check) in [("inclusion", inclusion as fn(&Value) -> Option<bool>), ("consistency", consistency)] {
            let mut all = Vec::new();
            files(&dir.join(kind), &mut all);
            for f in all {
                let v: Value = serde_json::from_slice(&std::fs::read(&f).unwrap()).unwrap();
                let want = !v["wantErr"].as_bool().unwrap();
                assert_eq!(check(&v).unwrap_or(false), want, "{}", v["desc"]);
                if want { honest += 1 } else { refused += 1 }
            }
        }
        println!("{honest} honest proofs accepted, {refused} others refused");
        assert!(honest > 0 && refused > 0 && honest + refused >= 196);
    }

    proptest! {
        #[test]
        fn total(a: u64, b: u64, x: Hash, y: Hash, proof in prop::collection::vec(any::<Hash>(), 0..80)) {
            prop_assert!(!verify_inclusion(&x, a, b, &y, &proof));
            prop_assert!(!verify_consistency(a, &x, b, &y, &proof));
            prop_assert!(!verify_consistency(0, &x, b, &y, &proof));
        }
    }
}

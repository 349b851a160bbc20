//! The hash tree of RFC 6962 section 2.1 over stored rows.
//!
//! A row `(level, idx)` is the hash of the complete subtree over the leaves
//! `idx << level .. (idx + 1) << level`; rows of incomplete subtrees are never stored, so a row
//! once written never changes. An append reads the right edge, at most 64 rows; a proof as many.

use super::Hash;
use crate::crypto::hash::sha256;
use crate::error::{Error, Limit, Malformed, Part, Result};

/// Where the rows of a tree are read from.
pub(crate) trait Nodes {
    /// The hash of a complete subtree, if it is stored.
    fn get(&self, level: u8, idx: u64) -> Result<Option<Hash>>;
}

/// The hash of a leaf: SHA-256(0x00 || data).
pub(crate) fn leaf_hash(data: &[u8]) -> Hash {
    sha256(&[&[0], data])
}

/// The hash of two subtrees: SHA-256(0x01 || left || right).
pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// How many leaves a tree has, and its root.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeHead {
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

impl TreeHead {
    /// The tree without leaves: its root is the hash of nothing.
    pub(crate) fn empty() -> Self {
        Self { size: 0, root: sha256(&[]) }
    }
}

/// One row to store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) level: u8,
    pub(crate) idx: u64,
    pub(crate) hash: Hash,
}

/// The right edge: the roots of the complete subtrees that a tree of `size` leaves is made of, the
/// largest first, one per bit of `size`.
#[derive(Clone, Default)]
pub(crate) struct Edge {
    size: u64,
    peaks: Vec<Hash>,
}

impl Edge {
    /// Adds a leaf and reports every subtree that it completes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when 2^64 - 1 leaves are there.
    pub(crate) fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Row)) -> Result<()> {
        let size = self.size.checked_add(1).ok_or(Error::TooLarge(Limit::Capacity))?;
        let (mut level, mut idx, mut hash) = (0, self.size, leaf);
        completed(Row { level, idx, hash });
        while idx & 1 == 1 {
            let left = self.peaks.pop().ok_or(Error::Corrupt(Part::Ledger))?;
            hash = node_hash(&left, &hash);
            level += 1;
            idx >>= 1;
            completed(Row { level, idx, hash });
        }
        self.peaks.push(hash);
        self.size = size;
        Ok(())
    }

    /// How many leaves there are.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Size and root.
    pub(crate) fn head(&self) -> TreeHead {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => TreeHead::empty(),
            Some(last) => TreeHead { size: self.size, root: peaks.fold(*last, |r, l| node_hash(l, &r)) },
        }
    }
}

/// The stored right edge of the tree whose head is `head`: what an append goes on from.
///
/// # Errors
/// [`Error::Corrupt`] if the stored right edge does not give the head's root: nothing is built on
/// a tree that somebody touched.
pub(crate) fn edge(nodes: &impl Nodes, head: &TreeHead) -> Result<Edge> {
    let edge = Edge { size: head.size, peaks: peaks(nodes, 0, head.size)? };
    if edge.head() == *head { Ok(edge) } else { Err(Error::Corrupt(Part::Ledger)) }
}

/// What stands in an edge for a subtree that is lost: the hash of nothing.
pub(crate) const LOST: Hash = [0; 32];

/// As [`edge`], of a tree of which rows are lost or changed, and the subtrees that are lost, by level and index. Where
/// there is one the root is not the head's: whatever is appended to this is no continuation, and no proof says that it
/// is.
pub(crate) fn broken_edge(nodes: &impl Nodes, size: u64) -> Result<(Edge, Vec<(u8, u64)>)> {
    let (mut peaks, mut lost, mut at) = (Vec::new(), Vec::new(), 0u64);
    for level in (0..64u8).rev().filter(|level| size >> level & 1 == 1) {
        let found = match nodes.get(level, at >> level) {
            Err(Error::Corrupt(_)) => None,
            other => other?,
        };
        if found.is_none() {
            lost.push((level, at >> level));
        }
        peaks.push(found.unwrap_or(LOST));
        at = at.wrapping_add(1 << level);
    }
    Ok((Edge { size, peaks }, lost))
}

/// The root over the first `size` leaves.
///
/// # Errors
/// [`Error::Corrupt`] if a row is missing.
pub(crate) fn root(nodes: &impl Nodes, size: u64) -> Result<Hash> {
    range(nodes, 0, size)
}

/// The audit path of leaf `idx` in the tree of `size` leaves (RFC 6962 section 2.1.1), the leaf's
/// sibling first.
///
/// # Errors
/// [`Error::Malformed`] if there is no such leaf, [`Error::Corrupt`] if a row is missing.
pub(crate) fn inclusion_proof(nodes: &impl Nodes, size: u64, idx: u64) -> Result<Vec<Hash>> {
    if idx >= size {
        return Err(Error::Malformed(Malformed::Argument));
    }
    let (mut lo, mut hi) = (0, size);
    let mut path = Vec::new();
    while hi - lo > 1 {
        let mid = lo + split(hi - lo);
        if idx < mid {
            path.push(range(nodes, mid, hi)?);
            hi = mid;
        } else {
            path.push(range(nodes, lo, mid)?);
            lo = mid;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the first `old` of `new` leaves are the tree that `old` leaves made (RFC 6962
/// section 2.1.2). Empty if both are the same size.
///
/// # Errors
/// [`Error::Malformed`] unless `0 < old <= new`: from an empty tree there is nothing to prove.
/// [`Error::Corrupt`] if a row is missing.
pub(crate) fn consistency_proof(nodes: &impl Nodes, old: u64, new: u64) -> Result<Vec<Hash>> {
    if old == 0 || old > new {
        return Err(Error::Malformed(Malformed::Argument));
    }
    let (mut lo, mut hi) = (0, new);
    let mut path = Vec::new();
    while old != hi {
        let mid = lo + split(hi - lo);
        if old <= mid {
            path.push(range(nodes, mid, hi)?);
            hi = mid;
        } else {
            path.push(range(nodes, lo, mid)?);
            lo = mid;
        }
    }
    // The verifier knows the old root itself; any other subtree it must be given.
    if lo != 0 {
        path.push(range(nodes, lo, hi)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two below `n`, for `n > 1`.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The hash over the leaves `lo..hi`, where `lo` is a multiple of a power of two `>= hi - lo`: so
/// are all ranges that RFC 6962's splits lead to.
fn range(nodes: &impl Nodes, lo: u64, hi: u64) -> Result<Hash> {
    let size = hi - lo;
    Ok(Edge { size, peaks: peaks(nodes, lo, size)? }.head().root)
}

/// The complete subtrees that the leaves `lo..lo + size` are made of, the largest first.
fn peaks(nodes: &impl Nodes, lo: u64, size: u64) -> Result<Vec<Hash>> {
    let mut peaks = Vec::new();
    let mut at = lo;
    for level in (0..64u8).rev().filter(|level| size >> level & 1 == 1) {
        peaks.push(nodes.get(level, at >> level)?.ok_or(Error::Corrupt(Part::Ledger))?);
        at = at.wrapping_add(1 << level);
    }
    Ok(peaks)
}

silent_debug!(TreeHead Row Edge);

#[cfg(test)]
pub(crate) mod tests {
    use super::super::verify::{verify_consistency, verify_inclusion};
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::collections::BTreeMap;

    /// Rows in memory, counting reads.
    #[derive(Default)]
    pub(crate) struct Memory {
        pub(crate) rows: BTreeMap<(u8, u64), Hash>,
        pub(crate) reads: Cell<usize>,
    }

    impl Nodes for Memory {
        fn get(&self, level: u8, idx: u64) -> Result<Option<Hash>> {
            self.reads.set(self.reads.get() + 1);
            Ok(self.rows.get(&(level, idx)).copied())
        }
    }

    impl Memory {
        pub(crate) fn append(&mut self, head: &TreeHead, leaves: &[Hash]) -> TreeHead {
            let mut edge = edge(self, head).unwrap();
            for leaf in leaves {
                let mut write = |r: Row| {
                    assert!(self.rows.insert((r.level, r.idx), r.hash).is_none(), "a row was written twice");
                };
                edge.push(*leaf, &mut write).unwrap();
            }
            edge.head()
        }
    }

    pub(crate) fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    fn tree(n: u64) -> (Memory, TreeHead) {
        let mut m = Memory::default();
        let head = m.append(&TreeHead::empty(), &leaves(n));
        (m, head)
    }

    /// RFC 6962 section 2.1 as it is written there.
    fn mth(d: &[Hash]) -> Hash {
        match d {
            [] => sha256(&[]),
            [one] => *one,
            _ => {
                let (l, r) = d.split_at(d.len().next_power_of_two() / 2);
                node_hash(&mth(l), &mth(r))
            }
        }
    }

    /// Section 2.1.1.
    fn path(m: usize, d: &[Hash]) -> Vec<Hash> {
        if d.len() == 1 {
            return vec![];
        }
        let (l, r) = d.split_at(d.len().next_power_of_two() / 2);
        let (mut p, sibling) = if m < l.len() { (path(m, l), mth(r)) } else { (path(m - l.len(), r), mth(l)) };
        p.push(sibling);
        p
    }

    /// Section 2.1.2.
    fn subproof(m: usize, d: &[Hash], whole: bool) -> Vec<Hash> {
        if m == d.len() {
            return if whole { vec![] } else { vec![mth(d)] };
        }
        let (l, r) = d.split_at(d.len().next_power_of_two() / 2);
        let (mut p, other) =
            if m <= l.len() { (subproof(m, l, whole), mth(r)) } else { (subproof(m - l.len(), r, false), mth(l)) };
        p.push(other);
        p
    }

    #[test]
    fn roots_one_by_one_and_in_batches() {
        let all = leaves(200);
        let (mut m, mut head) = (Memory::default(), TreeHead::empty());
        for (i, leaf) in all.iter().enumerate() {
            assert_eq!(head.root, mth(&all[..i]));
            m.reads.set(0);
            head = m.append(&head, &[*leaf]);
            assert!(m.reads.get() <= 8);
        }
        assert_eq!(head, TreeHead { size: 200, root: mth(&all) });
        for cut in 0..=200 {
            let (mut n, h) = tree(cut);
            assert_eq!(n.append(&h, &all[cut as usize..]), head);
            assert_eq!(n.rows, m.rows);
            assert_eq!(root(&n, cut).unwrap(), mth(&all[..cut as usize]));
        }
    }

    #[test]
    fn consistency_of_all_pairs_up_to_64() {
        let all = leaves(64);
        let (m, _) = tree(64);
        for new in 1..=64 {
            let new_root = root(&m, new).unwrap();
            for old in 1..=new {
                let proof = consistency_proof(&m, old, new).unwrap();
                assert_eq!(proof, subproof(old as usize, &all[..new as usize], true));
                let old_root = root(&m, old).unwrap();
                assert!(verify_consistency(old, &old_root, new, &new_root, &proof));
                assert!(old == new || !verify_consistency(old, &new_root, new, &new_root, &proof));
                assert!(old == new || !verify_consistency(old, &old_root, new, &old_root, &proof));
                for i in 0..proof.len() {
                    let mut bad = proof.clone();
                    bad[i][0] ^= 1;
                    assert!(!verify_consistency(old, &old_root, new, &new_root, &bad));
                    bad.remove(i);
                    assert!(!verify_consistency(old, &old_root, new, &new_root, &bad));
                }
            }
        }
    }

    #[test]
    fn a_touched_edge_is_corrupt() {
        for size in 1..=33 {
            let (mut m, head) = tree(size);
            let stored: Vec<_> = (0..7u8).filter(|l| size >> l & 1 == 1).map(|l| (l, (size >> l) - 1)).collect();
            for at in stored {
                let good = m.rows[&at];
                m.rows.get_mut(&at).unwrap()[31] ^= 1;
                assert!(matches!(edge(&m, &head), Err(Error::Corrupt(Part::Ledger))));
                m.rows.remove(&at);
                assert!(matches!(edge(&m, &head), Err(Error::Corrupt(Part::Ledger))));
                m.rows.insert(at, good);
            }
            let wrong = TreeHead { size: size - 1, ..head };
            assert!(matches!(edge(&m, &wrong), Err(Error::Corrupt(Part::Ledger))));
            assert!(edge(&m, &head).unwrap().head() == head);
        }
    }

    #[test]
    fn out_of_range_is_refused() {
        let (m, _) = tree(5);
        assert!(inclusion_proof(&m, 5, 5).is_err() && inclusion_proof(&m, 0, 0).is_err());
        assert!(consistency_proof(&m, 0, 5).is_err() && consistency_proof(&m, 3, 2).is_err());
        assert!(matches!(inclusion_proof(&m, 6, 0), Err(Error::Corrupt(Part::Ledger))));
        let mut full = Edge { size: u64::MAX, peaks: vec![[0; 32]; 64] };
        assert!(matches!(full.push([0; 32], |_| ()), Err(Error::TooLarge(Limit::Capacity))));
    }

    /// A tree of 2^64 - 1 leaves need not exist for a proof in it to take 63 steps.
    #[test]
    fn nothing_overflows_at_the_largest_size() {
        struct Ones;
        impl Nodes for Ones {
            fn get(&self, _: u8, _: u64) -> Result<Option<Hash>> {
                Ok(Some([1; 32]))
            }
        }
        let size = u64::MAX;
        root(&Ones, size).unwrap();
        for idx in [0, 1, size / 2, size - 2, size - 1] {
            assert!(inclusion_proof(&Ones, size, idx).unwrap().len() <= 64);
            assert!(consistency_proof(&Ones, idx + 1, size).unwrap().len() <= 65);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn every_leaf_is_proved_and_only_there(size in 1u64..300, wrong in 0u64..300, bit in 0usize..256) {
            let all = leaves(size);
            let (m, head) = tree(size);
            for idx in 0..size {
                m.reads.set(0);
                let proof = inclusion_proof(&m, size, idx).unwrap();
                prop_assert!(m.reads.get() <= 18);
                prop_assert_eq!(&proof, &path(idx as usize, &all));
                let leaf = all[idx as usize];
                prop_assert!(verify_inclusion(&head.root, size, idx, &leaf, &proof));
                prop_assert!(wrong == idx || !verify_inclusion(&head.root, size, wrong, &leaf, &proof));
                for i in 0..proof.len() {
                    let mut bad = proof.clone();
                    bad[i][bit / 8] ^= 1 << (bit % 8);
                    prop_assert!(!verify_inclusion(&head.root, size, idx, &leaf, &bad));
                }
                let mut longer = proof.clone();
                longer.push([0; 32]);
                prop_assert!(!verify_inclusion(&head.root, size, idx, &leaf, &longer));
                prop_assert!(proof.is_empty() || !verify_inclusion(&head.root, size, idx, &leaf, &proof[1..]));
            }
        }
    }
}

//! Offline proof that something stands in a log: C2SP tlog-proof, version 1.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>          optional; authenticated by nothing
//! index <decimal>
//! <base64 hash>           audit path, the leaf's sibling first; none or more
//!
//! <signed checkpoint>     verbatim, to the end
//! ```

use super::note::{self, Checkpoint, VerifierKey};
use super::tree::leaf_hash;
use super::verify::verify_inclusion;
use super::{BAD, Hash};
use crate::codec::base64;
use crate::error::Result;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// One hash per bit of a tree's size.
const MAX_PATH: usize = 64;
const MAX_EXTRA: usize = 64 << 10;
/// Longest proof that is read.
pub(crate) const MAX_PROOF: usize = note::MAX_NOTE + 2 * MAX_EXTRA;

/// A proof that has been read and not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// For the application; whoever passes the file on can change it unseen.
    pub(crate) extra: Option<Vec<u8>>,
    pub(crate) index: u64,
    pub(crate) path: Vec<Hash>,
    /// A signed checkpoint, verbatim.
    pub(crate) checkpoint: String,
}

impl Proof {
    /// The text of a `.tlog-proof` file.
    pub(crate) fn to_text(&self) -> String {
        let mut out = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            out += &format!("extra {}\n", base64::encode(extra));
        }
        out += &format!("index {}\n", self.index);
        for h in &self.path {
            out += &base64::encode(h);
            out.push('\n');
        }
        out.push('\n');
        out + &self.checkpoint
    }

    /// Reads what [`to_text`](Self::to_text) wrote, and nothing else.
    ///
    /// # Errors
    /// [`Malformed::Proof`](crate::Malformed::Proof).
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_PROOF {
            return Err(BAD);
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(BAD)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(BAD);
        }
        let mut line = lines.next().ok_or(BAD)?;
        let mut extra = None;
        if let Some(b) = line.strip_prefix("extra ") {
            extra = Some(base64::decode(b).filter(|b| b.len() <= MAX_EXTRA).ok_or(BAD)?);
            line = lines.next().ok_or(BAD)?;
        }
        let index = line.strip_prefix("index ").and_then(|n| n.parse().ok()).ok_or(BAD)?;
        let path = lines
            .take(MAX_PATH + 1)
            .map(|l| base64::decode(l)?.try_into().ok())
            .collect::<Option<Vec<Hash>>>()
            .filter(|p| p.len() <= MAX_PATH)
            .ok_or(BAD)?;
        let out = Self { extra, index, path, checkpoint: checkpoint.into() };
        if out.to_text() == text { Ok(out) } else { Err(BAD) }
    }

    /// Checks that `data` is the leaf data at [`index`](Self::index) of the log that `key` names;
    /// gives its checkpoint and how many signatures of others it carries.
    ///
    /// # Errors
    /// [`Malformed::Proof`](crate::Malformed::Proof) if it is not proved.
    pub(crate) fn verify(&self, key: &VerifierKey, data: &[u8]) -> Result<(Checkpoint, usize)> {
        let (checkpoint, others) = note::open_checkpoint(&self.checkpoint, key)?;
        let head = checkpoint.head;
        if verify_inclusion(&head.root, head.size, self.index, &leaf_hash(data), &self.path) {
            Ok((checkpoint, others))
        } else {
            Err(BAD)
        }
    }
}

silent_debug!(Proof);

#[cfg(test)]
mod tests {
    use super::super::tree::tests::Memory;
    use super::super::tree::{TreeHead, inclusion_proof};
    use super::*;
    use crate::crypto::sign::SigningKey;
    use proptest::prelude::*;

    fn proofs(size: u64) -> (Vec<Proof>, VerifierKey) {
        let key = SigningKey::from_seed(&[9; 32]).unwrap();
        let origin = note::origin(&[1; 16]);
        let leaves: Vec<_> = (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let mut m = Memory::default();
        let head = m.append(&TreeHead::empty(), &leaves);
        let checkpoint = Checkpoint { origin: origin.clone(), head }.sign(&key).unwrap();
        let proofs = (0..size)
            .map(|index| Proof {
                extra: (index % 2 == 1).then(|| vec![7; index as usize]),
                index,
                path: inclusion_proof(&m, size, index).unwrap(),
                checkpoint: checkpoint.clone(),
            })
            .collect();
        (proofs, VerifierKey { name: origin, key: key.verifying_key() })
    }

    #[test]
    fn every_leaf_is_proved_and_no_other() {
        for size in 1..=20u64 {
            let (all, key) = proofs(size);
            for p in &all {
                let p = Proof::parse(&p.to_text()).unwrap();
                assert_eq!(p.verify(&key, &p.index.to_be_bytes()).unwrap().0.head.size, size);
                assert!(p.verify(&key, &(p.index + 1).to_be_bytes()).is_err());
                let other = VerifierKey { name: "x".into(), key: key.key };
                assert!(p.verify(&other, &p.index.to_be_bytes()).is_err());
            }
        }
    }

    #[test]
    fn the_text_of_the_specification() {
        let (path, checkpoint) = (vec![[0; 32]; 2], String::from("c\n"));
        let p = Proof { extra: Some(b"extra information".into()), index: 10, path, checkpoint };
        let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        let text = format!("{HEADER}\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{zero}{zero}\nc\n");
        assert_eq!(p.to_text(), text);
        for (from, to) in [
            (HEADER, "c2sp.org/tlog-proof@v2"),
            ("index 10", "index 010"),
            ("index 10", "index +10"),
            ("index 10", "index 18446744073709551616"),
            ("index 10\n", ""),
            ("index 10", "index 10 "),
            ("AAA=\n", "AAA\n"),
            ("AAA=\n", "AAB=\n"),
            ("AAA=\n", "AAA=\r\n"),
            ("\n\n", "\n"),
            ("extra ", "Extra "),
            ("extra Z", "extra Z extra Z"),
        ] {
            assert!(Proof::parse(&text).is_ok() && Proof::parse(&text.replace(from, to)).is_err(), "{to}");
        }
        let long = Proof { path: vec![[0; 32]; MAX_PATH + 1], ..p };
        assert!(Proof::parse(&long.to_text()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(s in "\\PC{0,80}", t in "(c2sp.org/tlog-proof@v1\n)(extra [A=]{0,4}\n)?(index [0-9]{0,22}\n)?([A=\n]{0,50})") {
            let _ = (Proof::parse(&s), Proof::parse(&t));
        }
    }
}

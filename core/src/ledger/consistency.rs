//! Offline proof that a log only grew: the text of a C2SP tlog-witness `add-checkpoint` request.
//!
//! ```text
//! old <decimal>           size under the earlier checkpoint
//! <base64 hash>           RFC 9162 section 2.1.4.1, in its order; none or more
//!
//! <signed checkpoint>     verbatim, to the end; one signature, the log's
//! ```
//!
//! The earlier checkpoint is not in it: whoever checks has kept that one, and trusts no other.

use super::note::{self, Checkpoint, VerifierKey};
use super::verify::verify_consistency;
use super::{BAD, Hash};
use crate::codec::base64;
use crate::error::{Error, Result};

/// One hash per bit of a tree's size: what tlog-witness allows.
const MAX_PATH: usize = 63;
const MAX_TEXT: usize = note::MAX_NOTE + 4096;

/// A proof that has been read and not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Consistency {
    pub(crate) old: u64,
    pub(crate) path: Vec<Hash>,
    /// A signed checkpoint, verbatim.
    pub(crate) checkpoint: String,
}

impl Consistency {
    pub(crate) fn to_text(&self) -> String {
        let mut out = format!("old {}\n", self.old);
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
        if text.len() > MAX_TEXT {
            return Err(BAD);
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(BAD)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|l| l.strip_prefix("old ")).and_then(|n| n.parse().ok()).ok_or(BAD)?;
        let path = lines
            .take(MAX_PATH + 1)
            .map(|l| base64::decode(l)?.try_into().ok())
            .collect::<Option<Vec<Hash>>>()
            .filter(|p| p.len() <= MAX_PATH)
            .ok_or(BAD)?;
        let out = Self { old, path, checkpoint: checkpoint.into() };
        if out.to_text() == text { Ok(out) } else { Err(BAD) }
    }

    /// Checks that the log that `key` names, whose checkpoint `old` was kept, only grew since; gives
    /// its newer checkpoint.
    ///
    /// # Errors
    /// [`Malformed::Proof`](crate::Malformed::Proof) for a text that is not of this log;
    /// [`Error::RolledBack`] where it is shorter than it was; [`Error::Forked`] where it is another.
    pub(crate) fn verify(&self, key: &VerifierKey, old: &str) -> Result<Checkpoint> {
        let old = only(note::open_checkpoint(old, key)?)?.head;
        let checkpoint = only(note::open_checkpoint(&self.checkpoint, key)?)?;
        let new = &checkpoint.head;
        if new.size < old.size {
            return Err(Error::RolledBack);
        }
        let holds = self.old == old.size && verify_consistency(old.size, &old.root, new.size, &new.root, &self.path);
        if holds { Ok(checkpoint) } else { Err(Error::Forked) }
    }
}

/// Signatures that nobody here can check would be bits that nobody authenticates.
fn only((checkpoint, others): (Checkpoint, usize)) -> Result<Checkpoint> {
    if others == 0 { Ok(checkpoint) } else { Err(BAD) }
}

silent_debug!(Consistency);

#[cfg(test)]
mod tests {
    use super::super::tree::tests::{Memory, leaves};
    use super::super::tree::{TreeHead, consistency_proof, root};
    use super::*;
    use crate::crypto::sign::SigningKey;
    use crate::error::Malformed;
    use proptest::prelude::*;

    struct Log(Memory, SigningKey);

    impl Log {
        fn of(all: &[Hash]) -> Self {
            let mut nodes = Memory::default();
            nodes.append(&TreeHead::empty(), all);
            Self(nodes, SigningKey::from_seed(&[3; 32]).unwrap())
        }

        fn key(&self) -> VerifierKey {
            VerifierKey { name: note::origin(&[2; 16]), key: self.1.verifying_key() }
        }

        fn checkpoint(&self, size: u64) -> String {
            let head = TreeHead { size, root: root(&self.0, size).unwrap() };
            Checkpoint { origin: note::origin(&[2; 16]), head }.sign(&self.1).unwrap()
        }

        fn proof(&self, old: u64, new: u64) -> Consistency {
            let path = consistency_proof(&self.0, old, new).unwrap();
            Consistency { old, path, checkpoint: self.checkpoint(new) }
        }
    }

    #[test]
    fn every_pair_holds_and_every_flip_and_cut_is_refused() {
        let log = Log::of(&leaves(12));
        for new in 1..=12 {
            for old in 1..=new {
                let kept = log.checkpoint(old);
                let text = log.proof(old, new).to_text();
                let read = Consistency::parse(&text).unwrap();
                assert_eq!(read.verify(&log.key(), &kept).unwrap().head.size, new);
                if (old, new) != (5, 11) {
                    continue;
                }
                let check = |b: &[u8]| {
                    let text = core::str::from_utf8(b).map_err(|_| BAD)?;
                    Consistency::parse(text)?.verify(&log.key(), &kept)
                };
                let good = text.into_bytes();
                let mut bad = good.clone();
                for bit in 0..good.len() * 8 {
                    bad[bit / 8] ^= 1 << (bit % 8);
                    assert!(check(&bad).is_err(), "bit {bit}");
                    bad[bit / 8] ^= 1 << (bit % 8);
                }
                for at in 0..good.len() {
                    assert!(check(&good[..at]).is_err());
                }
            }
        }
    }

    #[test]
    fn forks_and_rollbacks_that_the_log_itself_signed_are_refused() {
        let honest = leaves(9);
        let log = Log::of(&honest);
        let kept = log.checkpoint(6);
        let mut other = honest.clone();
        other[4] = [1; 32];
        let forked = Log::of(&other);
        for new in 6..=9 {
            let outcome = forked.proof(6, new).verify(&log.key(), &kept);
            assert!(matches!(outcome, Err(Error::Forked)));
        }
        let mut short = log.proof(3, 5);
        short.old = 6;
        assert!(matches!(short.verify(&log.key(), &kept), Err(Error::RolledBack)));
        assert!(matches!(log.proof(3, 9).verify(&log.key(), &kept), Err(Error::Forked)));
        let twice = note::countersign(&kept, "witness.example", &SigningKey::from_seed(&[5; 32]).unwrap()).unwrap();
        assert!(matches!(log.proof(6, 9).verify(&log.key(), &twice), Err(Error::Malformed(Malformed::Proof))));
    }

    proptest! {
        #[test]
        fn never_panics(s in "\\PC{0,80}", t in "(old [0-9]{0,22}\n)?([A=\n]{0,50})") {
            for text in [&s, &t] {
                if let Ok(c) = Consistency::parse(text) {
                    prop_assert_eq!(&c.to_text(), text);
                }
            }
        }
    }
}

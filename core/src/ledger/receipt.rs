//! A receipt: one disclosed entry and the proof that it stands in a log, as one text.
//!
//! ```text
//! healthspace-receipt/v1
//! r <base64 of 32 bytes>
//! entry <base64 of 1 to 65,536 bytes>
//!
//! c2sp.org/tlog-proof@v1
//! index <decimal>
//! <base64 hash>                                   none or more
//!
//! healthspace.invalid/log/<32 hex digits>
//! <size>
//! <base64 root>
//!
//! — healthspace.invalid/log/<32 hex digits> <base64>
//! ```
//!
//! UTF-8, lines end with U+000A, base64 as RFC 4648 section 4 with padding. Everything after the
//! first empty line is a stock `.tlog-proof` file over the leaf data of [`commit`](super::commit);
//! what stands before it is the sidecar that opens the commitment. There is no `extra` line and
//! just one signature, the log's: so every bit of a receipt is either fixed or authenticated.
//!
//! A receipt shows origin, index and size of the log. Those are the same for every recipient, and
//! the size counts events; hence it goes to the person unless they decide otherwise.

use super::BAD;
use super::commit::leaf_data;
use super::note::{self, VerifierKey};
use super::proof::{MAX_PROOF, Proof};
use crate::codec::base64;
use crate::crypto::sign::VerifyingKey;
use crate::error::Result;

const HEADER: &str = "healthspace-receipt/v1";
const MAX_ENTRY: usize = 64 << 10;
const MAX_RECEIPT: usize = MAX_PROOF + 2 * MAX_ENTRY;

/// What a receipt proves: this entry stood at this index when the log had this size.
pub(crate) struct Verified {
    /// Of the log. The verifier compares it with the one it knows the key for.
    pub(crate) origin: String,
    pub(crate) index: u64,
    pub(crate) size: u64,
    /// As `audit` encoded it.
    pub(crate) entry: Vec<u8>,
}

/// Writes a receipt.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) if the entry is empty or too long, or the proof
/// carries extra data.
pub(crate) fn write(r: &[u8; 32], entry: &[u8], proof: &Proof) -> Result<String> {
    if entry.is_empty() || entry.len() > MAX_ENTRY || proof.extra.is_some() {
        return Err(BAD);
    }
    let (r, entry) = (base64::encode(r), base64::encode(entry));
    Ok(format!("{HEADER}\nr {r}\nentry {entry}\n\n{}", proof.to_text()))
}

/// Checks a receipt offline, with nothing but the log's public key.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) if anything at all is wrong with it.
pub(crate) fn verify(receipt: &[u8], key: &VerifyingKey) -> Result<Verified> {
    if receipt.len() > MAX_RECEIPT {
        return Err(BAD);
    }
    let text = core::str::from_utf8(receipt).map_err(|_| BAD)?;
    let (sidecar, proof) = text.split_once("\n\n").ok_or(BAD)?;
    let mut lines = sidecar.split('\n');
    if lines.next() != Some(HEADER) {
        return Err(BAD);
    }
    let mut value = |name| lines.next().and_then(|l| l.strip_prefix(name)).and_then(base64::decode).ok_or(BAD);
    let (r, entry) = (value("r ")?, value("entry ")?);
    let r: [u8; 32] = r.try_into().map_err(|_| BAD)?;
    let proof = Proof::parse(proof)?;
    if write(&r, &entry, &proof)? != text {
        return Err(BAD);
    }
    let key = VerifierKey { name: note::claimed_origin(&proof.checkpoint)?, key: *key };
    let (checkpoint, others) = proof.verify(&key, &leaf_data(&r, &entry))?;
    if others != 0 {
        return Err(BAD);
    }
    Ok(Verified { origin: checkpoint.origin, index: proof.index, size: checkpoint.head.size, entry })
}

silent_debug!(Verified);

#[cfg(test)]
mod tests {
    use super::super::commit::commitment;
    use super::super::note::{Checkpoint, countersign, origin};
    use super::super::tree::tests::Memory;
    use super::super::tree::{TreeHead, inclusion_proof};
    use super::*;
    use crate::crypto::hash::sha256;
    use crate::crypto::sign::SigningKey;
    use proptest::prelude::*;

    struct Log {
        key: SigningKey,
        nodes: Memory,
        head: TreeHead,
    }

    fn r(i: u64) -> [u8; 32] {
        [i as u8 ^ 0xa5; 32]
    }

    fn entry(i: u64) -> Vec<u8> {
        vec![i as u8; 1 + i as usize]
    }

    impl Log {
        fn of(size: u64) -> Self {
            let mut nodes = Memory::default();
            let leaves: Vec<_> = (0..size).map(|i| commitment(&r(i), &entry(i))).collect();
            let head = nodes.append(&TreeHead::empty(), &leaves);
            Self { key: SigningKey::from_seed(&[4; 32]).unwrap(), nodes, head }
        }

        fn proof(&self, index: u64) -> Proof {
            let checkpoint = Checkpoint { origin: origin(&[6; 16]), head: self.head };
            Proof {
                extra: None,
                index,
                path: inclusion_proof(&self.nodes, self.head.size, index).unwrap(),
                checkpoint: checkpoint.sign(&self.key).unwrap(),
            }
        }

        fn receipt(&self, i: u64) -> String {
            write(&r(i), &entry(i), &self.proof(i)).unwrap()
        }

        fn verify(&self, receipt: &[u8]) -> Result<Verified> {
            verify(receipt, &self.key.verifying_key())
        }
    }

    #[test]
    fn a_receipt_for_every_entry() {
        for size in 1..=12 {
            let log = Log::of(size);
            for i in 0..size {
                let v = log.verify(log.receipt(i).as_bytes()).unwrap();
                assert_eq!((v.index, v.size, v.origin), (i, size, origin(&[6; 16])));
                assert_eq!(v.entry, entry(i));
                assert!(verify(log.receipt(i).as_bytes(), &VerifyingKey([1; 32])).is_err());
                assert!(
                    write(&r(i), &entry(i), &log.proof((i + 1) % size))
                        .is_ok_and(|t| size == 1 || log.verify(t.as_bytes()).is_err())
                );
            }
        }
    }

    /// The hash of a receipt that an independent reader (Python, `hashlib` and `cryptography`) took
    /// apart and verified line by line.
    #[test]
    fn the_format_is_frozen() {
        let text = Log::of(3).receipt(2);
        assert!(text.starts_with("healthspace-receipt/v1\nr p6enp6en"));
        let hash: String = sha256(&[text.as_bytes()]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hash, "84cc29b0af77b7fc39caf1fc435f7b105d2c89608cfaf8099a14d2a36653c9d4");
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let log = Log::of(7);
        let mut flips = 0;
        for i in [0, 3, 6] {
            let good = log.receipt(i).into_bytes();
            assert!(log.verify(&good).is_ok());
            let mut bad = good.clone();
            for bit in 0..good.len() * 8 {
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(log.verify(&bad).is_err(), "bit {bit}");
                bad[bit / 8] ^= 1 << (bit % 8);
                flips += 1;
            }
        }
        println!("{flips} flips refused");
    }

    #[test]
    fn every_cut_and_every_inserted_or_dropped_byte_is_refused() {
        let log = Log::of(5);
        let good = log.receipt(2).into_bytes();
        for at in 0..=good.len() {
            assert!(at == good.len() || log.verify(&good[..at]).is_err());
            for b in *b"\n\r\t =A0\0" {
                let mut bad = good.clone();
                bad.insert(at, b);
                assert!(log.verify(&bad).is_err());
            }
            if at < good.len() {
                let mut bad = good.clone();
                bad.remove(at);
                assert!(log.verify(&bad).is_err());
            }
        }
    }

    #[test]
    fn nothing_unauthenticated_fits_in() {
        let log = Log::of(3);
        let proof = log.proof(1);
        let with_extra = Proof { extra: Some(vec![1]), ..proof.clone() };
        assert!(write(&r(1), &entry(1), &with_extra).is_err());
        let text = log.receipt(1).replace("\nindex", "\nextra AQ==\nindex");
        assert!(log.verify(text.as_bytes()).is_err());
        let other = SigningKey::from_seed(&[5; 32]).unwrap();
        let checkpoint = countersign(&proof.checkpoint, "witness.example", &other).unwrap();
        let text = write(&r(1), &entry(1), &Proof { checkpoint, ..proof.clone() }).unwrap();
        assert!(log.verify(text.as_bytes()).is_err());
        assert!(write(&r(1), &[], &proof).is_err());
        assert!(write(&r(1), &[0; MAX_ENTRY + 1], &proof).is_err());
    }

    #[test]
    fn what_follows_the_sidecar_is_a_stock_proof() {
        let log = Log::of(4);
        let text = log.receipt(3);
        let proof = Proof::parse(text.split_once("\n\n").unwrap().1).unwrap();
        assert_eq!(proof, log.proof(3));
    }

    proptest! {
        #[test]
        fn never_panics(b: Vec<u8>, t in "healthspace-receipt/v1\nr [A=]{0,50}\nentry [A=]{0,9}\n\n(c2sp.org/tlog-proof@v1\n)?\\PC{0,20}") {
            let log = VerifyingKey([2; 32]);
            prop_assert!(verify(&b, &log).is_err() && verify(t.as_bytes(), &log).is_err());
        }
    }
}

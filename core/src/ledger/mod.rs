//! The ledger: an append-only Merkle log whose leaves are commitments, and the texts that prove
//! what stands in it.
//!
//! What belongs here: the hash tree (RFC 6962), committed leaves, signed checkpoints and proofs
//! (C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-witness) and receipts. What must not: storage, which is
//! reached through [`tree::Nodes`] and gets back the rows to write; and what an entry means, which
//! is `audit`'s business: here it is a byte string.

pub(crate) mod commit;
pub(crate) mod consistency;
pub(crate) mod note;
pub(crate) mod proof;
pub(crate) mod receipt;
pub(crate) mod tree;
pub(crate) mod verify;

/// A SHA-256 value.
pub(crate) type Hash = [u8; 32];

use crate::error::{Error, Malformed};

/// A text that is not what it should be, or does not verify: not told apart.
const BAD: Error = Error::Malformed(Malformed::Proof);

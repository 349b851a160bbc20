//! The system scope as handles of partitions see it: its head, by the signature alone.

use super::head::{self, Head};
use super::rows::Base;
use super::scope::{Found, HeadName, follows, or_rekeyed, read_head, unchanged};
use crate::crypto::sign::VerifyingKey;
use crate::error::{Error, Part, Result};
use crate::id::ScopeId;
use crate::storage::{HeadRow, ReadTxn};
use std::sync::Arc;

/// The system scope as a handle without its key sees it.
#[derive(Clone)]
pub(crate) struct SystemView {
    pub(crate) id: ScopeId,
    pub(crate) head: Arc<Head>,
    pub(crate) digest: [u8; 32],
    pub(crate) verify: VerifyingKey,
}

impl SystemView {
    /// What it says of the slots.
    pub(crate) fn slots_digest(&self) -> Option<[u8; 32]> {
        self.head.system.as_ref().map(|s| s.slots_digest)
    }

    /// Whether a stored head is the one that was last seen, as far as its signature says.
    pub(crate) fn is_own_head(&self, row: &HeadRow) -> bool {
        head::digest(&row.body) == self.digest
            && matches!(head::verify_signature(&row.body, &row.auth, &self.verify), Some(Ok(_)))
    }

    /// The head as partitions' heads name it.
    pub(crate) fn name(&self) -> HeadName {
        (self.head.generation, self.digest)
    }

    /// Rereads the system head; `true` where it changed.
    pub(crate) fn refresh(&mut self, base: &Base, txn: &dyn ReadTxn) -> Result<bool> {
        if unchanged(txn, &self.id, &self.digest)? {
            return Ok(false);
        }
        let key = &self.verify;
        let found = read_head(txn, &self.id, &|b, a| head::verify_signature(b, a, key));
        let Found { head, digest, .. } = found.map_err(|e| or_rekeyed(txn, &self.id, base.epoch, e))?;
        if head.epoch != base.epoch {
            return Err(Error::Rekeyed);
        }
        if head.space != base.space {
            return Err(Error::Corrupt(Part::Head));
        }
        if digest == self.digest {
            return Ok(false);
        }
        follows((self.head.generation, self.digest), &head)?;
        self.head = Arc::new(head);
        self.digest = digest;
        Ok(true)
    }
}

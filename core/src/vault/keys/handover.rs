//! How a log shows that it is the one it was, after its signing key was changed.

use crate::audit::AuditEvent;
use crate::crypto::sign::VerifyingKey;
use crate::error::{Error, Malformed, Part, Result};
use crate::ledger::consistency::Consistency;
use crate::ledger::note::{self, Checkpoint, VerifierKey};
use crate::ledger::proof::Proof;
use crate::ledger::tree::{self, TreeHead};
use crate::ledger::{receipt, verify};
use crate::vault::logs::{LogOf, read_line, scope_of};
use crate::vault::tx::{ReadRows, read_entry};
use crate::vault::{HealthSpace, verify_receipt};

const BAD: Error = Error::Corrupt(Part::Ledger);

/// A log's change of keys: what takes whoever trusts the old key to the new one.
///
/// With the old key, [`verify_receipt`](crate::verify_receipt) of `receipt` gives the entry that names the
/// new one. [`verify_consistency`](crate::verify_consistency) leads from a checkpoint that was kept to
/// `last` with the old key ([`HealthSpace::consistency_with`]), and from `first` to today's with the new
/// one. It does not prove who changed the keys: whoever had the old one could have made the same.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogHandover {
    /// The verifier key until then.
    pub old_key: String,
    /// The verifier key since.
    pub new_key: String,
    /// A receipt, under the old key, of the entry that names the new one.
    pub receipt: String,
    /// The old key's last checkpoint.
    pub last: String,
    /// The same checkpoint, signed by the new key.
    pub first: String,
    /// Its size.
    pub size: u64,
}

silent_debug!(LogHandover);

impl HealthSpace {
    /// Every change of a log's key, the oldest first. One whose entry was damaged when the keys were changed again is
    /// passed over: nothing shows it any more.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn handovers(&self, of: LogOf<'_>) -> Result<Vec<LogHandover>> {
        let (txn, state) = self.inner.read()?;
        let (scope, base) = (scope_of(&state, of)?, &self.inner.base);
        let rows = ReadRows(&*txn, scope.log());
        let mut out = Vec::new();
        let mut named = None;
        for index in 0..scope.head.log_size {
            let event = read_line(base, &*txn, scope, index)?.1.map(|entry| entry.event);
            if let Some(AuditEvent::LogContinued { last, key, signature, countersignature }) = &event {
                let next = match named.take() {
                    Some(AuditEvent::LogRekeyed { key, .. }) => key,
                    // Its entry says nothing any more.
                    None if index > 0 => continue,
                    _ => return Err(BAD),
                };
                let (name, size) = (last.origin.clone(), last.size);
                let of = |key: &[u8; 32]| VerifierKey { name: name.clone(), key: VerifyingKey(*key) };
                let (old, new) = (of(key), of(&next));
                let checkpoint = Checkpoint { origin: name.clone(), head: TreeHead { size, root: last.root } };
                let before = index.checked_sub(1).ok_or(BAD)?;
                let entry = read_entry(base, &*txn, scope, before)?;
                let path = tree::inclusion_proof(&rows, size, before)?;
                let last = checkpoint.signed(&old, signature)?;
                let proof = Proof { extra: None, index: before, path, checkpoint: last.clone() };
                let handover = LogHandover {
                    receipt: receipt::write(&entry.r, &entry.bytes, &proof)?,
                    first: checkpoint.signed(&new, countersignature)?,
                    old_key: old.to_text(),
                    new_key: new.to_text(),
                    last,
                    size,
                };
                // Nothing is handed out that would not verify.
                verify_receipt(&handover.receipt, &handover.old_key).map_err(|_| BAD)?;
                note::open_checkpoint(&handover.first, &new).map_err(|_| BAD)?;
                out.push(handover);
            }
            named = event;
        }
        Ok(out)
    }

    /// As [`consistency`](Self::consistency), up to the last checkpoint of the old key.
    ///
    /// # Errors
    /// [`Error::Malformed`] for size 0, one beyond the handover, or the handover of another log; otherwise
    /// as [`log`](Self::log).
    pub fn consistency_with(&self, of: LogOf<'_>, old_size: u64, handover: &LogHandover) -> Result<String> {
        const WRONG: Error = Error::Malformed(Malformed::Argument);
        let (txn, state) = self.inner.read()?;
        let scope = scope_of(&state, of)?;
        let (last, _) = note::open_checkpoint(&handover.last, &VerifierKey::parse(&handover.old_key)?)?;
        let head = last.head;
        let own = last.origin == note::origin(&scope.head.log_origin) && head.size <= scope.head.log_size;
        if !own || old_size == 0 || old_size > head.size {
            return Err(WRONG);
        }
        let rows = ReadRows(&*txn, scope.log());
        let path = tree::consistency_proof(&rows, old_size, head.size)?;
        if !verify::verify_consistency(old_size, &tree::root(&rows, old_size)?, head.size, &head.root, &path) {
            return Err(BAD);
        }
        Ok(Consistency { old: old_size, path, checkpoint: handover.last.clone() }.to_text())
    }
}

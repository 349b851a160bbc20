//! The logs as the person and an outsider see them: entries, checkpoints, receipts, proofs.

use super::check::or_damaged;
use super::rows::Base;
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::State;
use super::tx::{ReadRows, read_entry};
use crate::audit::{AuditEvent, Entry};
use crate::crypto::sign::VerifyingKey;
use crate::error::{Error, Malformed, Part, Result};
use crate::id::{ScopeId, Timestamp};
use crate::lang::Lang;
use crate::ledger::consistency::Consistency;
use crate::ledger::note::{self, Checkpoint, VerifierKey};
use crate::ledger::proof::Proof;
use crate::ledger::tree::{self, Edge, TreeHead};
use crate::ledger::{Hash, receipt, verify};
use crate::storage::ReadTxn;
use std::collections::BTreeMap;

/// Which log: that of the space, or that of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOf<'a> {
    /// Consents, withdrawals and partitions.
    Space,
    /// Imports, releases, refusals and memories of a partition.
    Partition(&'a str),
}

/// An entry of a log, read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// Its position.
    pub index: u64,
    /// When and what.
    pub entry: Entry,
}

impl LogLine {
    /// In plain words.
    #[must_use]
    pub fn describe(&self, language: &str) -> String {
        self.entry.describe(Lang::parse(language))
    }
}

/// What a receipt proves, offline.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedReceipt {
    /// The log's name.
    pub origin: String,
    /// The entry's position.
    pub index: u64,
    /// The log's size under the checkpoint.
    pub size: u64,
    /// What the entry says.
    pub entry: Entry,
}

pub(super) fn scope_of<'a>(state: &'a State, of: LogOf<'_>) -> Result<&'a Scope> {
    match of {
        LogOf::Space => state.system.as_ref().ok_or(Error::NeedsFullSlot),
        LogOf::Partition(name) => state.partitions.get(state.position(name)?).ok_or(Error::NoSuchPartition),
    }
}

/// The leaf of an entry, and what it says unless that was erased.
pub(super) fn read_line(base: &Base, txn: &dyn ReadTxn, scope: &Scope, index: u64) -> Result<(Hash, Option<Entry>)> {
    if scope.manifest.is_erased(index) {
        return Ok((txn.tree(&scope.log(), 0, index)?.ok_or(Error::Corrupt(Part::Ledger))?, None));
    }
    let open = read_entry(base, txn, scope, index)?;
    Ok((open.leaf, Some(Entry::decode(&open.bytes)?)))
}

impl HealthSpace {
    /// The entries of a log, the oldest first: just those, in that order, whose root the head names.
    /// Entries that were [erased](Self::erase_entries) are passed over.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`] for the space's log where some partitions only are open;
    /// [`Error::Corrupt`] where the entries are damaged, or are not those of this log.
    pub fn log(&self, of: LogOf<'_>) -> Result<Vec<LogLine>> {
        let (txn, state) = self.inner.read()?;
        let scope = scope_of(&state, of)?;
        let mut edge = Edge::default();
        let mut lines = Vec::new();
        for index in 0..scope.head.log_size {
            let (leaf, entry) = read_line(&self.inner.base, &*txn, scope, index)?;
            edge.push(leaf, |_| ())?;
            lines.extend(entry.map(|entry| LogLine { index, entry }));
        }
        if edge.head().root != scope.head.log_root {
            return Err(Error::Corrupt(Part::Ledger));
        }
        Ok(lines)
    }

    /// The log's name and public key, as text (C2SP signed-note): whoever holds it can verify
    /// receipts and checkpoints without this library.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn verifier_key(&self, of: LogOf<'_>) -> Result<String> {
        let (txn, state) = self.inner.read()?;
        let scope = scope_of(&state, of)?;
        let key = state.signer(&self.inner.base, &*txn, scope)?.verifying_key();
        Ok(VerifierKey { name: note::origin(&scope.head.log_origin), key }.to_text())
    }

    /// A signed checkpoint of a log as it stands (C2SP tlog-checkpoint).
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn checkpoint(&self, of: LogOf<'_>) -> Result<String> {
        let (txn, state) = self.inner.read()?;
        let scope = scope_of(&state, of)?;
        checkpoint(scope).sign(&state.signer(&self.inner.base, &*txn, scope)?)
    }

    /// A receipt of an entry: what it says, and a proof that it stands in the log
    /// (C2SP tlog-proof).
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such entry, or it was erased; [`Error::Corrupt`] where it, or its path to
    /// the root that the head names, is damaged; otherwise as [`log`](Self::log).
    pub fn receipt(&self, of: LogOf<'_>, index: u64) -> Result<String> {
        let (txn, state) = self.inner.read()?;
        let scope = scope_of(&state, of)?;
        let open = read_entry(&self.inner.base, &*txn, scope, index)?;
        let size = scope.head.log_size;
        let path = tree::inclusion_proof(&ReadRows(&*txn, scope.log()), size, index)?;
        if !verify::verify_inclusion(&scope.head.log_root, size, index, &open.leaf, &path) {
            return Err(Error::Corrupt(Part::Ledger));
        }
        let checkpoint = checkpoint(scope).sign(&state.signer(&self.inner.base, &*txn, scope)?)?;
        receipt::write(&open.r, &open.bytes, &Proof { extra: None, index, path, checkpoint })
    }

    /// A proof that the log of `old_size` entries is a beginning of today's (RFC 9162 section
    /// 2.1.4), with today's checkpoint: the text of a C2SP tlog-witness `add-checkpoint` request.
    ///
    /// # Errors
    /// [`Error::Malformed`] for size 0 or one beyond the log's; otherwise as [`log`](Self::log).
    pub fn consistency(&self, of: LogOf<'_>, old_size: u64) -> Result<String> {
        let (txn, state) = self.inner.read()?;
        let scope = scope_of(&state, of)?;
        if old_size == 0 || old_size > scope.head.log_size {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let (rows, head) = (ReadRows(&*txn, scope.log()), tree_head(scope));
        let path = tree::consistency_proof(&rows, old_size, head.size)?;
        if !verify::verify_consistency(old_size, &tree::root(&rows, old_size)?, head.size, &head.root, &path) {
            return Err(Error::Corrupt(Part::Ledger));
        }
        let checkpoint = checkpoint(scope).sign(&state.signer(&self.inner.base, &*txn, scope)?)?;
        Ok(Consistency { old: old_size, path, checkpoint }.to_text())
    }
}

/// Whether a log cannot be read for what stands there: then the others are told all the same.
pub(crate) const fn is_damage(e: &Error) -> bool {
    matches!(e, Error::Corrupt(_) | Error::Malformed(_) | Error::NeedsNewerLibrary)
}

/// What the space's own log says of a partition's: by which name it goes.
pub(super) fn named(scope: &Scope, origin: &[u8; 16]) -> AuditEvent {
    let origin = note::origin(origin);
    AuditEvent::LogNamed { scope: scope.id, ordinal: scope.ordinal, kind: scope.policy.kind, origin }
}

/// An earlier log of a partition that is gone: the partition was too damaged for new keys or to be restored, and has
/// another scope since.
pub(super) struct LostLog {
    /// The partition's.
    pub(super) ordinal: u16,
    /// Where the space's own log says by which name the new one goes.
    pub(super) index: u64,
    pub(super) time: Timestamp,
}

/// Which are gone, by what the space's own log says.
pub(super) fn lost_logs<'a>(entries: impl Iterator<Item = (u64, &'a Entry)>) -> Vec<LostLog> {
    let mut names: BTreeMap<u16, ScopeId> = BTreeMap::new();
    let mut lost = Vec::new();
    for (index, entry) in entries {
        if let AuditEvent::LogNamed { scope, ordinal, .. } = entry.event
            && names.insert(ordinal, scope).is_some_and(|before| before != scope)
        {
            lost.push(LostLog { ordinal, index, time: entry.time });
        }
    }
    lost
}

/// Whether a log went on, in a copy or a restored space, from another root than the one that it names as the last: entries
/// on which that rests were lost. What is damaged is passed over.
pub(super) fn is_broken(base: &Base, txn: &dyn ReadTxn, scope: &Scope) -> Result<bool> {
    for index in 0..scope.head.log_size {
        let Some((_, Some(entry))) = or_damaged(read_line(base, txn, scope, index))? else { continue };
        if let AuditEvent::LogOpened { previous: Some(last), .. } = entry.event
            && last.size == index
            && index > 0
            && or_damaged(tree::root(&ReadRows(txn, scope.log()), index))? != Some(last.root)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn tree_head(scope: &Scope) -> TreeHead {
    TreeHead { size: scope.head.log_size, root: scope.head.log_root }
}

pub(super) fn checkpoint(scope: &Scope) -> Checkpoint {
    Checkpoint { origin: note::origin(&scope.head.log_origin), head: tree_head(scope) }
}

/// Verifies a receipt offline, with nothing but the log's verifier key.
///
/// It proves that the log signed a tree in which this entry stands. It does not prove that nothing
/// was left out of the log, nor that its owner shows everybody the same log.
///
/// # Errors
/// [`Error::Malformed`] for anything that is not a receipt of this log, to the bit.
pub fn verify_receipt(text: &str, verifier_key: &str) -> Result<VerifiedReceipt> {
    let key = VerifierKey::parse(verifier_key)?;
    let v = receipt::verify(text.as_bytes(), &VerifyingKey(key.key.0))?;
    if v.origin != key.name {
        return Err(Error::Malformed(Malformed::Proof));
    }
    Ok(VerifiedReceipt { origin: v.origin, index: v.index, size: v.size, entry: Entry::decode(&v.entry)? })
}

/// Verifies offline that a checkpoint that was kept is a beginning of a newer one, by the proof
/// that [`HealthSpace::consistency`] gave for its size.
///
/// It proves that nothing was changed or taken away since the checkpoint that was kept. It does not
/// prove that this is the log that others are shown, unless they compare what they kept.
///
/// # Errors
/// [`Error::Malformed`] for a text that is not of this log; [`Error::RolledBack`] where it is
/// shorter than it was; [`Error::Forked`] where it is another one.
pub fn verify_consistency(old_checkpoint: &str, consistency: &str, verifier_key: &str) -> Result<()> {
    let key = VerifierKey::parse(verifier_key)?;
    Consistency::parse(consistency)?.verify(&key, old_checkpoint).map(|_| ())
}

impl LogLine {
    /// When.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.entry.time
    }
}

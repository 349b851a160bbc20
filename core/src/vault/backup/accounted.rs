//! What of that which a later state lacks was erased there, as its log and its keys say. What was lost to damage is
//! missing as well, and a restore is what brings it back.

use crate::audit::AuditEvent;
use crate::error::Result;
use crate::id::RecordId;
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::logs::read_line;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use std::collections::BTreeSet;

/// What a later state of the space lacks although nothing there says that it was erased: it was lost there, and is
/// in the restored space.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unaccounted {
    /// Records.
    pub records: u64,
    /// Sources.
    pub sources: u64,
    /// Entries of logs.
    pub entries: u64,
}

/// What a log says of erasures since some entry.
pub(super) struct Said {
    /// Records that were erased or deleted, at most.
    records: u64,
    /// Entries of which only the leaf is left, by the person's word.
    pub(super) entries: BTreeSet<u64>,
}

impl Said {
    /// Reads what a later log says from this entry on.
    pub(super) fn since(base: &Base, txn: &dyn ReadTxn, later: &Scope, from: u64) -> Result<Self> {
        let mut said = Self { records: 0, entries: BTreeSet::new() };
        for index in later.manifest.left(later.head.log_size).skip_while(|index| *index < from) {
            // What is damaged says nothing.
            let Some((_, Some(entry))) = or_damaged(read_line(base, txn, later, index))? else { continue };
            match entry.event {
                AuditEvent::Erased { records, .. } => said.records = said.records.saturating_add(records),
                AuditEvent::MemoryDeleted { versions, .. } => said.records = said.records.saturating_add(versions),
                AuditEvent::EntriesErased { entries, .. } => said.entries.extend(entries),
                _ => {}
            }
        }
        // One of these may have told of any erasure.
        if said.entries.iter().any(|index| *index >= from) {
            said.records = u64::MAX;
        }
        Ok(said)
    }

    /// Which of these records, missing there, were erased: an erasure destroys the key of whatever it takes, and damage
    /// leaves it. Of more than the log tells of none is known to be: a key goes too where its page is damaged, or where
    /// what it sealed was sealed anew beside what was erased.
    pub(super) fn erased(
        &self,
        (base, txn, later): (&Base, &dyn ReadTxn, &Scope),
        missing: impl Iterator<Item = (RecordId, u64)>,
    ) -> Result<BTreeSet<RecordId>> {
        let mut all = BTreeSet::new();
        for (id, group) in missing {
            // A page that is damaged does not say that a key is gone.
            if let Some((page, slot)) = or_damaged(later.group_page(base, txn, group))? {
                if page.get(slot).is_none() {
                    all.insert(id);
                }
            }
        }
        if all.len() as u64 > self.records {
            all.clear();
        }
        Ok(all)
    }
}

//! What of that which a later state lacks was erased there, as its log and its keys say. What was lost to damage is
//! missing as well, and a restore is what brings it back.

use crate::audit::AuditEvent;
use crate::catalog::RecordRef;
use crate::error::Result;
use crate::id::RecordId;
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::erase::{EVERYTHING, UNNAMED};
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
    /// Whether all that was there then was.
    everything: bool,
    /// Whether keys went of which nobody knows what they sealed.
    unnamed: bool,
    /// Entries of which only the leaf is left, by the person's word.
    pub(super) entries: BTreeSet<u64>,
    /// Whether entries since then say nothing and no other one says that they were erased: they may have told of
    /// erasures.
    pub(super) gap: bool,
}

/// Records that were erased.
pub(super) struct Erased {
    pub(super) records: BTreeSet<RecordId>,
    /// Whether others may have been, and nothing says which.
    pub(super) unsure: bool,
}

impl Said {
    /// Reads what a later log says from this entry on.
    pub(super) fn since(base: &Base, txn: &dyn ReadTxn, later: &Scope, from: u64) -> Result<Self> {
        let mut said = Self { records: 0, everything: false, unnamed: false, entries: BTreeSet::new(), gap: false };
        for index in later.manifest.left(later.head.log_size).skip_while(|index| *index < from) {
            // What is damaged says nothing.
            let Some((_, Some(entry))) = or_damaged(read_line(base, txn, later, index))? else {
                said.gap = true;
                continue;
            };
            match entry.event {
                // Rows alone leave the keys, and by these lost and erased are told apart.
                AuditEvent::Erased { what, keys, .. } if what == UNNAMED => said.unnamed |= keys > 0,
                AuditEvent::Erased { what, records, .. } => {
                    said.records = said.records.saturating_add(records);
                    said.everything |= what == EVERYTHING;
                }
                AuditEvent::MemoryDeleted { versions, .. } => said.records = said.records.saturating_add(versions),
                AuditEvent::EntriesErased { entries, .. } => said.entries.extend(entries),
                _ => {}
            }
        }
        let silent = |index: &u64| later.manifest.is_erased(*index) && !said.entries.contains(index);
        said.gap |= (from..later.head.log_size).any(|index| silent(&index));
        // One of these may have told of any erasure.
        if said.entries.iter().any(|index| *index >= from) {
            said.records = u64::MAX;
        }
        Ok(said)
    }

    /// Which of these records, missing there, were erased: an erasure destroys the key of whatever it takes, and damage
    /// leaves it. What these erased sources alone attested went with them. Of others, where more are missing than the log
    /// tells of, none is known to be erased: a key goes too where its page is damaged, where what it sealed was sealed
    /// anew beside what was erased, and where nothing named it any more.
    pub(super) fn erased(
        &self,
        (base, txn, later): (&Base, &dyn ReadTxn, &Scope),
        missing: &[RecordRef<'_>],
        sources: &BTreeSet<u32>,
    ) -> Result<Erased> {
        let (mut with_source, mut others, mut damaged) = (BTreeSet::new(), BTreeSet::new(), false);
        for record in missing {
            // A page that is damaged does not say that a key is gone.
            let Some((page, slot)) = or_damaged(later.group_page(base, txn, record.object().group))? else {
                damaged = true;
                continue;
            };
            if page.get(slot).is_some() {
                continue;
            }
            let origins = record.origins();
            let with = !origins.is_empty() && origins.iter().all(|o| sources.contains(&o.source));
            if with { &mut with_source } else { &mut others }.insert(record.id());
        }
        let told = self.records.saturating_sub(with_source.len() as u64);
        let sure = self.everything || !self.unnamed && others.len() as u64 <= told;
        let unsure = damaged && !self.everything || !sure && !others.is_empty();
        if sure {
            with_source.extend(others);
        }
        Ok(Erased { records: with_source, unsure })
    }
}

//! A scope under new keys: everything that its key, its log key and its signing key reach.
//!
//! Content stays as it is: its group keys move into key pages that are sealed anew, and whoever knew one
//! of them knew what it sealed. What is written later gets group keys of its own.

use crate::audit::{AuditEvent, LogHead};
use crate::crypto::context::Class;
use crate::crypto::random_array;
use crate::crypto::secret::{Key, Seed};
use crate::crypto::sign::{SigningKey, VerifyingKey};
use crate::error::{Error, Result};
use crate::id::{ConversationId, ScopeId};
use crate::keyring::{KeyPage, PAGE_KEYS, ScopeKeys};
use crate::ledger::note::{self, Checkpoint};
use crate::policy::{Basis, Tag};
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::erase::replace_log_key;
use crate::vault::head::RowRef;
use crate::vault::ingest::drop_staged;
use crate::vault::manifest::{ConversationEntry, PAGE_ENTRIES, PageEntry, encode_page};
use crate::vault::memory::STRICTEST;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::sources::SourceEntry;
use crate::vault::state::State;
use crate::vault::tx::{SEED_ROW, Tx, Work};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A scope on its way to new keys.
pub(super) struct Resealed {
    pub(super) work: Work,
    /// Of the log, from here on.
    pub(super) signer: SigningKey,
    /// Entries that are carried like erased ones, because what opened them is damaged.
    pub(super) entries_lost: u64,
    /// Pages that did not open.
    pub(super) pages_lost: u64,
}

impl Resealed {
    pub(super) fn verify(&self) -> VerifyingKey {
        self.signer.verifying_key()
    }
}

/// A partition of whose conversations some are lost.
pub(in crate::vault) struct Forgot {
    scope: ScopeId,
    /// Those that are not.
    known: BTreeSet<ConversationId>,
}

impl Forgot {
    /// Those that have lost some; of one that is left out nothing is known.
    pub(in crate::vault) fn of(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<Vec<Self>> {
        let left_out = state.left_out.iter().map(|left| Self { scope: left.scope, known: BTreeSet::new() });
        let mut all: Vec<Self> = left_out.collect();
        for scope in &state.partitions {
            let (mut known, mut lost) = (BTreeSet::new(), false);
            for row in &scope.manifest.conversation_pages {
                match or_damaged(scope.conversation_page(base, txn, row))? {
                    Some(page) => known.extend(page.iter().map(|c| c.id)),
                    None => lost = true,
                }
            }
            if lost {
                all.push(Self { scope: scope.id, known });
            }
        }
        Ok(all)
    }

    /// A page of a partition's conversations, with the strictest label where one of these may have known more.
    pub(in crate::vault) fn raised(
        all: &[Self],
        scope: &Scope,
        page: &[Arc<ConversationEntry>],
    ) -> Vec<Arc<ConversationEntry>> {
        let raise = |entry: &Arc<ConversationEntry>| {
            if !all.iter().any(|f| f.may_hold(scope, entry.id)) {
                return Arc::clone(entry);
            }
            let tag = Tag { label: STRICTEST, basis: Basis::default() };
            Arc::new(ConversationEntry { tag: entry.tag.clone().join(&tag), ..(**entry).clone() })
        };
        page.iter().map(raise).collect()
    }

    /// Whether a conversation that another partition knows may be among them: then nobody knows its label.
    fn may_hold(&self, scope: &Scope, conversation: ConversationId) -> bool {
        self.scope != scope.id && !self.known.contains(&conversation)
    }
}

/// Seals what the scope's manifest names under new keys of this transaction's epoch, and hands its log
/// over to a new signing key. What its head names besides (its wrapped key and policy row) is the
/// caller's.
///
/// Unfinished imports are discarded: their group keys would go on to be used. Generations begin anew. A page that
/// does not open is written empty: whoever can write in a partition, or damages one row of a file, keeps no space from
/// new keys.
pub(super) fn reseal(tx: &mut Tx<'_>, old: &Base, state: &State, scope: &Scope, forgot: &[Forgot]) -> Result<Resealed> {
    let before = match state.signer(old, &*tx.txn, scope) {
        // Whoever can write in a partition can take its key away, but not keep it from new ones.
        Err(Error::Corrupt(_)) => None,
        other => Some(other?),
    };
    let (mut work, mut pages_lost) = (tx.work(scope, 1), 0);
    for index in 0..scope.manifest.key_pages.len() {
        let page = or_damaged(scope.group_page(old, &*tx.txn, (index * PAGE_KEYS) as u64 + 1))?;
        pages_lost += u64::from(page.is_none());
        work.dirty_keys.insert(index, page.map_or_else(KeyPage::spent, |(page, _)| (*page).clone()));
    }
    pages_lost += tx.leave_missing(&mut work)?;
    let unfinished = scope.manifest.staged.clone();
    unfinished.iter().try_for_each(|staged| drop_staged(tx, &mut work, staged))?;
    work.scope.keys = Arc::new(ScopeKeys::make()?);
    for i in 0..scope.manifest.source_pages.len() {
        let row = *scope.manifest.source_pages.get(i).ok_or(Error::Internal(124))?;
        let page = or_damaged(scope.source_page(old, &*tx.txn, &row))?;
        pages_lost += u64::from(page.is_none());
        // Their ordinals stay theirs.
        let places = (scope.manifest.sources as usize).saturating_sub(i * PAGE_ENTRIES).min(PAGE_ENTRIES);
        let unknown = || (0..places).map(|_| Arc::new(SourceEntry::unknown())).collect();
        let mut page = page.map_or_else(unknown, |page| page.to_vec());
        for staged in &unfinished {
            let at = staged.ordinal as usize;
            if let Some(entry) = page.get_mut(at % PAGE_ENTRIES).filter(|_| at / PAGE_ENTRIES == i) {
                *entry = Arc::new(entry.emptied());
            }
        }
        put_page(tx, &mut work, i, &row, &page, |w| &mut w.manifest.source_pages)?;
    }
    for i in 0..scope.manifest.conversation_pages.len() {
        let row = *scope.manifest.conversation_pages.get(i).ok_or(Error::Internal(125))?;
        let page = or_damaged(scope.conversation_page(old, &*tx.txn, &row))?;
        pages_lost += u64::from(page.is_none());
        let page = page.map_or_else(Vec::new, |page| Forgot::raised(forgot, scope, &page));
        put_page(tx, &mut work, i, &row, &page, |w| &mut w.manifest.conversation_pages)?;
    }
    let seed: Key<Seed> = Key::make()?;
    let number = u64::from(scope.ordinal) << 40 | SEED_ROW;
    work.manifest.seed = tx.put_bookkeeping(&work, Class::LogSeed, seed.expose(), number)?;
    let signer = SigningKey::from_seed(seed.expose())?;
    let entries_lost = replace_log_key(tx, scope, &mut work.manifest, old.epoch)?;
    match before {
        Some(before) => hand_over(tx, &mut work, &before, &signer)?,
        None => {
            // Nothing can be signed for the log that it was: another one goes on from it.
            let origin = note::origin(&core::mem::replace(&mut work.origin, random_array()?));
            let previous = LogHead { origin, size: scope.head.log_size, root: scope.head.log_root };
            tx.log(&mut work, AuditEvent::LogOpened { scope: scope.id, previous: Some(previous) })?;
        }
    }
    for staged in unfinished.iter().filter(|s| s.units > 0) {
        tx.log(&mut work, AuditEvent::ImportDiscarded { source: staged.tag, records: staged.units })?;
    }
    Ok(Resealed { work, signer, entries_lost, pages_lost })
}

fn put_page<T: PageEntry>(
    tx: &mut Tx<'_>,
    work: &mut Work,
    at: usize,
    row: &RowRef,
    page: &[Arc<T>],
    list: impl FnOnce(&mut Work) -> &mut Vec<RowRef>,
) -> Result<()> {
    let new = tx.put_bookkeeping(work, Class::Manifest, &encode_page(page), row.number)?;
    if let Some(r) = list(work).get_mut(at) {
        *r = new;
    }
    Ok(())
}

/// Two entries: one that names the new key, the last that the old key signs for; and one that holds
/// that signature, with the new key's over the same checkpoint.
fn hand_over(tx: &mut Tx<'_>, work: &mut Work, before: &SigningKey, after: &SigningKey) -> Result<()> {
    let epoch = u64::from(tx.base.epoch);
    tx.log(work, AuditEvent::LogRekeyed { epoch, key: after.verifying_key().0 })?;
    let origin = note::origin(&work.scope.head.log_origin);
    let head = work.tree();
    let last = Checkpoint { origin: origin.clone(), head }.to_text();
    tx.log(
        work,
        AuditEvent::LogContinued {
            last: LogHead { origin, size: head.size, root: head.root },
            key: before.verifying_key().0,
            signature: before.sign(last.as_bytes())?,
            countersignature: after.sign(last.as_bytes())?,
        },
    )?;
    Ok(())
}

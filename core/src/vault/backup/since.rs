//! Conversations of a state that may not be the newest: they may have been shown more since.

use crate::error::Result;
use crate::id::ConversationId;
use crate::label::Label;
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::ingest::raise_conversations;
use crate::vault::memory::STRICTEST;
use crate::vault::rows::Base;
use crate::vault::state::{Inner, State};
use std::collections::BTreeMap;

/// What each conversation has been shown in a later state.
pub(super) type Shown = BTreeMap<Option<ConversationId>, Label>;

/// What the later state knows of every conversation; nothing where it lost some of them, or a partition of the
/// older one.
pub(super) fn shown(base: &Base, txn: &dyn ReadTxn, later: &State, older: &State) -> Result<Option<Shown>> {
    let has = |id| later.partitions.iter().any(|p| p.id == id);
    if older.partitions.iter().any(|p| !has(p.id)) {
        return Ok(None);
    }
    let mut all = Shown::new();
    for scope in &later.partitions {
        for row in &scope.manifest.conversation_pages {
            let Some(page) = or_damaged(scope.conversation_page(base, txn, row))? else { return Ok(None) };
            for c in page.iter() {
                let label = all.entry(Some(c.id)).or_insert(Label::BOTTOM);
                *label = label.join(c.tag.label);
            }
        }
    }
    Ok(Some(all))
}

/// Gives every conversation the label that it has in the later state, and the strictest where nobody knows it: what it
/// was shown after this state was made, whoever goes on with it may still remember. In a commit of its own.
pub(super) fn raise(inner: &Inner, state: State, shown: Option<&Shown>) -> Result<State> {
    let all = raised(&inner.base, &state, shown)?;
    if all.iter().all(Shown::is_empty) {
        return Ok(state);
    }
    inner.write_anew(None, |tx, w| {
        all.iter().enumerate().try_for_each(|(at, labels)| raise_conversations(tx, w, at, labels))
    })?;
    inner.peek()
}

/// The labels of those conversations that get another one, by partition.
fn raised(base: &Base, state: &State, shown: Option<&Shown>) -> Result<Vec<Shown>> {
    let txn = base.storage.begin_read()?;
    let mut all = Vec::new();
    for scope in &state.partitions {
        let mut labels = Shown::new();
        for row in &scope.manifest.conversation_pages {
            // What does not open there resumes no conversation.
            let Some(page) = or_damaged(scope.conversation_page(base, &*txn, row))? else { continue };
            for c in page.iter() {
                let known = shown.and_then(|s| s.get(&Some(c.id))).copied().unwrap_or(STRICTEST);
                if c.tag.label.join(known) != c.tag.label {
                    labels.insert(Some(c.id), known);
                }
            }
        }
        all.push(labels);
    }
    Ok(all)
}

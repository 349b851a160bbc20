//! What a partition says besides its records: who was shown them and how confidential
//! that was, and why in an emergency. It goes with everything else.

use crate::crypto::context::Class;
use crate::error::{Error, Result};
use crate::id::ConversationId;
use crate::policy::Tag;
use crate::vault::check::or_damaged;
use crate::vault::glass::Break;
use crate::vault::manifest::{ConversationEntry, encode_page};
use crate::vault::state::{Target, Writing};
use crate::vault::tx::{Tx, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Forgets it. What the person has not seen yet of an emergency stays until they have.
pub(in crate::vault) fn forget_the_rest(tx: &mut Tx<'_>, work: &mut Work) -> Result<()> {
    let m = &mut work.manifest;
    m.tags.resting.clear();
    m.breaks.retain(Break::is_unseen);
    for row in core::mem::take(&mut m.conversation_pages) {
        tx.txn.delete(&work.scope.id, row.number)?;
    }
    Ok(())
}

/// Conversations that go on elsewhere keep the label of what they were shown here: it may be repeated.
pub(super) fn raise_elsewhere(tx: &mut Tx<'_>, w: &mut Writing, at: usize) -> Result<()> {
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?.clone();
    let mut tags: BTreeMap<ConversationId, Tag> = BTreeMap::new();
    for row in &scope.manifest.conversation_pages {
        let page = scope.conversation_page(tx.base, &*tx.txn, row)?;
        tags.extend(page.iter().map(|c| (c.id, c.tag.clone())));
    }
    for n in (0..w.state.partitions.len()).filter(|n| *n != at) {
        let p = w.state.partitions.get(n).ok_or(Error::NoSuchPartition)?.clone();
        for (i, row) in p.manifest.conversation_pages.iter().enumerate() {
            // What does not open there resumes no conversation.
            let Some(page) = or_damaged(p.conversation_page(tx.base, &*tx.txn, row))? else { continue };
            let raise = |c: &Arc<ConversationEntry>| match tags.get(&c.id) {
                Some(tag) => Arc::new(ConversationEntry { tag: c.tag.clone().join(tag), ..(**c).clone() }),
                None => Arc::clone(c),
            };
            let raised: Vec<_> = page.iter().map(raise).collect();
            if raised == *page {
                continue;
            }
            let work = w.work(tx, Target::Partition(n))?;
            let new = tx.put_bookkeeping(work, Class::Manifest, &encode_page(&raised), row.number)?;
            *work.manifest.conversation_pages.get_mut(i).ok_or(Error::Internal(61))? = new;
        }
    }
    Ok(())
}

//! A label that comes later than the record: whoever was shown the record has it from then on, as if it had been
//! there from the start. Looked for only where something that was here is protected better than it was.

use super::settle::Protection;
use crate::crypto::context::Class;
use crate::error::{Error, Result};
use crate::id::{ConversationId, RecordId};
use crate::label::{Label, Origins};
use crate::vault::check::or_damaged;
use crate::vault::erase::read_logs;
use crate::vault::manifest::{ConversationEntry, encode_page};
use crate::vault::memory::{Notes, Place, Version, raise_notes, set_aside};
use crate::vault::state::{Target, Writing};
use crate::vault::tx::Tx;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Raises the conversations that were shown one of these records of the partition at `at`, and sets aside and raises
/// what they wrote afterwards, and what was made from the records.
pub(super) fn follow(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    at: usize,
    raised: &BTreeMap<RecordId, Protection>,
) -> Result<()> {
    if raised.is_empty() {
        return Ok(());
    }
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?.clone();
    let Notes { read: notes, .. } = w.state.notes_but(tx.base, &*tx.txn, at, &BTreeSet::new())?;
    if notes.is_empty() && scope.manifest.conversation_pages.is_empty() {
        return Ok(());
    }
    let label = |(confidentiality, sensitivities, obligations): Protection| Label {
        confidentiality,
        sensitivities,
        obligations,
        ..Label::BOTTOM
    };
    let place = |id: &RecordId| Place { of: scope.ordinal, id: *id };
    let from: BTreeMap<Place, Label> = raised.iter().map(|(id, p)| (place(id), label(*p))).collect();
    // Of one that rests on nothing released, and on nothing of this partition, nobody was shown anything before it.
    let own = Origins::partition(scope.ordinal);
    let rests = |(n, v): &&(usize, Version)| {
        let p = w.state.partitions.get(*n);
        let tag = p.and_then(|p| p.readable.find_record(&v.id).map(|r| p.tag_of(r)));
        tag.is_some_and(|tag| !tag.basis.is_empty() || own.is_subset(tag.label.origins))
    };
    let resting: Vec<&Version> = notes.iter().filter(rests).map(|(_, v)| v).collect();
    let made: Vec<&Version> = notes.iter().map(|(_, v)| v).collect();
    let reached = read_logs(tx.base, &*tx.txn, &w.state)?.reach(from, &resting, &made, &made);
    for n in 0..w.state.partitions.len() {
        if !w.can_change(n) {
            continue;
        }
        raise_conversations(tx, w, n, &reached.conversations)?;
        let here = notes.iter().filter(|(p, v)| *p == n && !v.history);
        let here: BTreeMap<RecordId, Label> =
            here.filter_map(|(_, v)| Some((v.id, *reached.places.get(&v.place())?))).collect();
        raise_notes(tx, w, n, &here)?;
        set_aside(tx, w, n, here.into_keys().collect())?;
    }
    Ok(())
}

/// What is stored of conversations in a partition: a session joins it before it is given or writes anything.
pub(in crate::vault) fn raise_conversations(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    at: usize,
    labels: &BTreeMap<Option<ConversationId>, Label>,
) -> Result<()> {
    if labels.is_empty() {
        return Ok(());
    }
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?.clone();
    let any = labels.get(&None).copied().unwrap_or(Label::BOTTOM);
    for (i, row) in scope.manifest.conversation_pages.iter().enumerate() {
        // What does not open there resumes no conversation.
        let Some(page) = or_damaged(scope.conversation_page(tx.base, &*tx.txn, row))? else { continue };
        let raise = |c: &Arc<ConversationEntry>| {
            let mut tag = c.tag.clone();
            tag.label = labels.get(&Some(c.id)).copied().unwrap_or(Label::BOTTOM).join(any).join(tag.label);
            if tag == c.tag { Arc::clone(c) } else { Arc::new(ConversationEntry { tag, ..(**c).clone() }) }
        };
        let new: Vec<_> = page.iter().map(raise).collect();
        if new == *page {
            continue;
        }
        let work = w.work(tx, Target::Partition(at))?;
        let new = tx.put_bookkeeping(work, Class::Manifest, &encode_page(&new), row.number)?;
        *work.manifest.conversation_pages.get_mut(i).ok_or(Error::Internal(95))? = new;
    }
    Ok(())
}

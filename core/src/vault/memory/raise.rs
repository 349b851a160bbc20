//! Memories and turns of which it turns out later that they rest on more than was known.

use super::is_note;
use super::person::prune;
use crate::catalog::{NewRecord, SegmentBuilder};
use crate::error::Result;
use crate::id::RecordId;
use crate::label::Label;
use crate::policy::Tag;
use crate::record::FactDraft;
use crate::vault::state::{Target, Writing};
use crate::vault::tx::Tx;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Notes that one segment puts in their place at most.
const SEGMENT: usize = 1000;

/// Joins these labels with those that notes of the partition at `at` have in its catalog. Their bodies stay as they
/// are: what counts is what the catalog says.
pub(in crate::vault) fn raise_notes(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    at: usize,
    labels: &BTreeMap<RecordId, Label>,
) -> Result<()> {
    let Some(scope) = w.state.partitions.get(at) else { return Ok(()) };
    let mut raised: BTreeMap<RecordId, Tag> = BTreeMap::new();
    for (id, label) in labels {
        let Some(r) = scope.readable.find_record(id).filter(|r| is_note(r.type_name()) && !r.is_history()) else {
            continue;
        };
        let tag = scope.tag_of(r);
        let joined = Tag { label: tag.label.join(*label), basis: tag.basis.clone() };
        if joined != tag {
            raised.insert(*id, joined);
        }
    }
    if raised.is_empty() {
        return Ok(());
    }
    let work = w.work(tx, Target::Partition(at))?;
    let catalog = Arc::clone(&work.scope.readable);
    prune(work, &raised.keys().copied().collect::<BTreeSet<_>>());
    let mut raised = raised.into_iter();
    loop {
        let mut builder = SegmentBuilder::new();
        for (id, tag) in raised.by_ref().take(SEGMENT) {
            let Some(r) = catalog.find_record(&id) else { continue };
            let added = labels.get(&id).map_or(r.obligations(), |l| r.obligations().union(l.obligations));
            let facts: Vec<FactDraft> = r.facts().map(|f| f.to_row().fact).collect();
            builder.retire(id);
            builder.add(NewRecord {
                id,
                identity: r.identity(),
                content: work.manifest.tags.adopt(&tag, &[]),
                object: r.object(),
                origins: &r.origins(),
                author: r.author(),
                confidentiality: tag.label.confidentiality,
                sensitivities: tag.label.sensitivities,
                obligations: added,
                type_name: r.type_name(),
                facts: &facts,
                series: None,
                revision: r.revision(),
                history: false,
            });
        }
        if builder.is_empty() {
            return Ok(());
        }
        tx.add_segment(work, &builder.finish()?, 0)?;
    }
}

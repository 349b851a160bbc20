//! The act, in one partition: the keys of everything that goes are dropped, what shared a key with it
//! is sealed anew under another one, and catalog and sources are written as if it had never been there.

use crate::catalog::{self, Keep, NewRecord, ObjectRef, Origin, RecordRef, SegmentBuilder, series};
use crate::crypto::context::Class;
use crate::error::{Error, Part, Result};
use crate::id::{Identity, RecordId};
use crate::record::{Sample, Span};
use crate::vault::block::Block;
use crate::vault::ingest::{content_of, record_id, without_things};
use crate::vault::memory::prune;
use crate::vault::payload::Content;
use crate::vault::permitted::block_record;
use crate::vault::sources::SourceEntry;
use crate::vault::tx::{Put, Tx, Work};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an erasure destroyed in one partition.
#[derive(Default)]
pub(in crate::vault) struct Destroyed {
    pub(in crate::vault) keys: u64,
    /// Sealed rows that are gone.
    pub(in crate::vault) rows: u64,
    /// Records that were sealed anew.
    pub(in crate::vault) kept: u64,
}

/// Records in which a file describes its person.
const DESCRIBES: [&str; 2] = ["Patient", "Me"];

/// The samples that stay of chunks that go, in the order in which they stood.
pub(in crate::vault) type Rests = BTreeMap<RecordId, Vec<Sample>>;

/// Erases records of a partition, and sources by ordinal. What `rests` says of a record that goes stays as
/// a record of its own.
pub(in crate::vault) fn act(
    tx: &mut Tx<'_>,
    work: &mut Work,
    gone: &BTreeSet<RecordId>,
    sources: &BTreeSet<u32>,
    rests: &Rests,
) -> Result<Destroyed> {
    let mut done = Destroyed::default();
    let catalog = Arc::clone(work.scope.catalog()?);
    let mut groups = BTreeSet::new();
    let mut touched: BTreeMap<u32, SourceEntry> = BTreeMap::new();
    let mut things = BTreeSet::new();
    for ordinal in sources {
        touched.insert(*ordinal, (*tx.source_entry(work, *ordinal)?).clone());
    }
    for record in catalog.records().filter(|r| gone.contains(&r.id())) {
        groups.insert(record.object().group);
        things.insert(record.identity());
        for origin in record.origins() {
            let entry = match touched.entry(origin.source) {
                Entry::Vacant(v) => v.insert((*tx.source_entry(work, origin.source)?).clone()),
                Entry::Occupied(o) => o.into_mut(),
            };
            if DESCRIBES.contains(&record.type_name()) {
                entry.subject.forget_description();
            }
        }
    }
    // What surrounds the records of a file may hold the same words, printed otherwise.
    groups.extend(touched.values().filter(|s| !s.envelope.is_empty() || !s.names.is_empty()).map(|s| s.group));
    let mut moved = BTreeMap::new();
    let mut rows = BTreeSet::new();
    let mut cut = SegmentBuilder::new();
    let mut renamed = BTreeMap::new();
    let mut by_group: BTreeMap<u64, Vec<RecordRef<'_>>> = groups.iter().map(|g| (*g, Vec::new())).collect();
    for record in catalog.records() {
        if let Some(here) = by_group.get_mut(&record.object().group) {
            here.push(record);
        }
    }
    for (group, here) in &by_group {
        rows.extend(here.iter().map(|r| r.object().number >> 8));
        let stays: Vec<RecordRef<'_>> = here.iter().copied().filter(|r| !gone.contains(&r.id())).collect();
        let named = touched.iter().any(|(n, s)| s.group == *group && !sources.contains(n) && !s.names.is_empty());
        let rest: Vec<_> = here.iter().filter_map(|r| Some((*r, rests.get(&r.id())?))).collect();
        if stays.is_empty() && rest.is_empty() && !named {
            continue;
        }
        let new = tx.new_group(work)?;
        renamed.insert(*group, new);
        done.kept += (stays.len() + rest.len()) as u64;
        move_records(tx, work, stays, new, &mut moved)?;
        for (record, samples) in rest {
            put_rest(tx, work, record, samples, sources, new, &mut cut)?;
        }
    }
    let mut entries = BTreeMap::new();
    for (ordinal, entry) in touched {
        rows.extend(entry.envelope.iter().chain(&entry.names).map(|(number, _)| *number));
        let entry = if sources.contains(&ordinal) {
            // Its hash and its secret would tell whoever has the file that it was here.
            entry.emptied()
        } else {
            let group = renamed.get(&entry.group).copied().unwrap_or(entry.group);
            let names = move_names(tx, work, &entry, group, &things)?;
            SourceEntry { group, envelope: Vec::new(), names, ..entry }
        };
        entries.insert(ordinal, entry);
    }
    tx.set_sources(work, entries)?;
    for group in &groups {
        tx.drop_group(work, *group)?;
    }
    for number in &rows {
        tx.txn.delete(&work.scope.id, *number)?;
    }
    rewrite(tx, work, gone, sources, &groups, &moved)?;
    if !cut.is_empty() {
        tx.add_segment(work, &cut.finish()?, 0)?;
    }
    work.manifest.tags.quarantined.retain(|q| !gone.contains(q));
    prune(work, gone);
    done.keys = groups.len() as u64;
    done.rows = rows.len() as u64;
    Ok(done)
}

/// Seals records under another group, in the order in which they stood.
fn move_records(
    tx: &mut Tx<'_>,
    work: &mut Work,
    mut records: Vec<RecordRef<'_>>,
    group: u64,
    moved: &mut BTreeMap<RecordId, ObjectRef>,
) -> Result<()> {
    records.sort_unstable_by_key(|r| r.object().number);
    let (mut block, mut waiting) = (Block::default(), Vec::new());
    let mut raw = zeroize::Zeroizing::new(Vec::new());
    let mut last = None;
    for record in records {
        let object = record.object();
        let row = object.number >> 8;
        let class = if record.series().is_some() { Class::Series } else { Class::Body };
        if last.replace(row) != Some(row) {
            work.scope.open_object(tx.base, &*tx.txn, class, &object, &mut raw)?;
        }
        if class == Class::Series {
            let put = tx.put_content(work, class, group, Content::Dense, &raw)?;
            moved.insert(record.id(), at(put, 0, group));
            continue;
        }
        let body = block_record(&raw, &object)?;
        if block.would_overflow(body.len()) {
            close(tx, work, &mut block, &mut waiting, group, moved)?;
        }
        waiting.push((record.id(), block.push(body)));
        if block.is_full() {
            close(tx, work, &mut block, &mut waiting, group, moved)?;
        }
    }
    close(tx, work, &mut block, &mut waiting, group, moved)
}

/// What stays of a chunk is another record: the same export brings what went as something new.
fn put_rest(
    tx: &mut Tx<'_>,
    work: &mut Work,
    record: RecordRef<'_>,
    samples: &[Sample],
    sources: &BTreeSet<u32>,
    group: u64,
    into: &mut SegmentBuilder,
) -> Result<()> {
    let bytes = zeroize::Zeroizing::new(series::encode(samples));
    let put = tx.put_content(work, Class::Series, group, Content::Dense, &bytes)?;
    let mut row = record.facts().next().ok_or(Error::Corrupt(Part::Segment))?.to_row();
    let mut by_start = samples.to_vec();
    by_start.sort_by_key(|s| (s.start, s.at));
    series::cut(&mut row, &by_start);
    // Where it stands in the other files is not told apart from what went.
    let others = record.origins().into_iter().skip(1);
    row.origins.extend(others.map(|o| Origin { span: Span { offset: 0, len: 0, ..o.span }, ..o }));
    row.origins.retain(|o| !sources.contains(&o.source));
    let (identity, content) = (record.identity(), content_of(&bytes));
    into.add(NewRecord {
        id: record_id(&work.manifest.id_key, &identity, &content),
        identity,
        content,
        object: at(put, 0, group),
        origins: &row.origins,
        author: record.author(),
        confidentiality: record.confidentiality(),
        sensitivities: record.sensitivities(),
        obligations: record.obligations(),
        type_name: record.type_name(),
        facts: &[row.fact],
        series: row.series,
        revision: record.revision(),
        history: false,
    });
    Ok(())
}

const fn at(put: Put, position: usize, group: u64) -> ObjectRef {
    ObjectRef { number: put.number << 8 | position as u64, version: put.version, group }
}

fn close(
    tx: &mut Tx<'_>,
    work: &mut Work,
    block: &mut Block,
    waiting: &mut Vec<(RecordId, usize)>,
    group: u64,
    moved: &mut BTreeMap<RecordId, ObjectRef>,
) -> Result<()> {
    if block.is_empty() {
        return Ok(());
    }
    let mut raw = zeroize::Zeroizing::new(Vec::new());
    block.take(&mut raw);
    let put = tx.put_content(work, Class::Body, group, Content::Document, &raw)?;
    moved.extend(waiting.drain(..).map(|(id, position)| (id, at(put, position, group))));
    Ok(())
}

/// The table by which a later export of the same producer is told stays with its source, without what
/// it says of things that go.
fn move_names(
    tx: &mut Tx<'_>,
    work: &mut Work,
    entry: &SourceEntry,
    group: u64,
    gone: &BTreeSet<Identity>,
) -> Result<Vec<(u64, u64)>> {
    let mut names = Vec::with_capacity(entry.names.len());
    for (number, version) in &entry.names {
        let object = ObjectRef { number: number << 8, version: *version, group: entry.group };
        let mut raw = Vec::new();
        work.scope.open_object(tx.base, &*tx.txn, Class::Body, &object, &mut raw)?;
        let left = without_things(&raw, gone)?;
        if !left.is_empty() {
            let put = tx.put_content(work, Class::Body, group, Content::Dense, &left)?;
            names.push((put.number, put.version));
        }
    }
    Ok(names)
}

/// Writes the segments that hold any of it anew, each under a key of its own.
fn rewrite(
    tx: &mut Tx<'_>,
    work: &mut Work,
    gone: &BTreeSet<RecordId>,
    sources: &BTreeSet<u32>,
    groups: &BTreeSet<u64>,
    moved: &BTreeMap<RecordId, ObjectRef>,
) -> Result<()> {
    let keep = Keep {
        // What is not listed any more, and lay under a key that is gone, goes as well.
        record: &|id, group| !gone.contains(id) && (!groups.contains(&group) || moved.contains_key(id)),
        linked: &|id| !gone.contains(id),
        origin: &|o| !sources.contains(&o.source),
        object: &|id| moved.get(id).copied(),
    };
    for index in 0..work.manifest.segments.len() {
        let Some(s) = work.manifest.segments.get(index) else { continue };
        let segment = work.segments.get(&s.key()).ok_or(Error::Corrupt(Part::Segment))?;
        if segment.is_about(groups, sources, gone) {
            let bytes = catalog::rewrite(&[&**segment], &keep)?;
            tx.replace_segment(work, index, &bytes)?;
        }
    }
    Ok(())
}

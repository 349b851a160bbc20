//! Batches: what an importer hands over, collected until it is worth a transaction.

use super::documents;
use super::names::Names;
use super::overlap::{Earlier, Known, Stripped};
use super::settle::{Pending, visible};
use super::subject::Subjects;
use super::ties::TieList;
use super::versions::{Fate, Version, Versions};
use super::{ImportOptions, chunker};
use crate::catalog::series::{self, Chunk, Chunker};
use crate::catalog::{Catalog, NewRecord, ObjectRef, Origin, SegmentBuilder, SeriesSummary};
use crate::codec::varint;
use crate::crypto::context::Class;
use crate::crypto::secret::{Ids, Key};
use crate::error::{Error, Limit, Part, Result};
use crate::id::{Identity, RecordId};
use crate::import::{Named, Report, Severity, Sink, What};
use crate::label::{Confidentiality, Obligations, Sensitivities};
use crate::record::{Author, Coding, Draft, FactDraft, Kind, Precision, Revision, Sample, SeriesKey, Span, When};
use crate::vault::block::Block;
use crate::vault::manifest::Staged;
use crate::vault::payload::Content;
use crate::vault::state::{Inner, Target};
use crate::vault::tx::{Tx, Work};
use std::sync::Arc;

/// Records of a batch; fewer in tests, so that a small import has several.
const RECORDS: usize = if cfg!(test) { 1000 } else { 4000 };
/// For how many records a chunk counts: hundreds of samples stand in it, and what is not durable is read again.
const CHUNK: usize = 8;
/// Bytes of a batch.
const BYTES: usize = 8 << 20;
/// Members of one archive that bring samples: for each of them, those before are looked through again.
const EXPORTS: u32 = 16;
/// Bytes of one piece of the envelope.
const PIECE: usize = 256 << 10;

/// What a finished reading leaves for the last transaction.
pub(crate) struct Done {
    pub(crate) subjects: Subjects,
    pub(crate) pending: Pending,
    pub(super) names: Names,
}

/// A record waiting for its transaction. Its bytes stand in the batch's arena.
struct Waiting {
    id: RecordId,
    identity: Identity,
    content: [u8; 16],
    len: usize,
    origin: Origin,
    confidentiality: Confidentiality,
    sensitivities: Sensitivities,
    obligations: Obligations,
    type_name: &'static str,
    facts: Vec<FactDraft>,
    series: Option<SeriesSummary>,
    revision: Revision,
    history: bool,
}

type Tick<'a> = dyn Fn(u64, u64) -> Result<()> + 'a;

/// Receives what an importer reads.
pub(crate) struct Ingest<'a> {
    tick: &'a Tick<'a>,
    issues: usize,
    chunker: Option<Chunker>,
    /// The archive member that samples came from last.
    member: Option<u32>,
    /// How many members brought samples.
    exports: u32,
    store: Store<'a>,
}

/// What is kept between batches, apart from the chunker, which hands chunks to it.
struct Store<'a> {
    inner: &'a Inner,
    partition: &'a str,
    staged: &'a Staged,
    id_key: Arc<Key<Ids>>,
    /// Units met so far; those below `staged.units` are durable already.
    units: u64,
    /// Units that are durable, as this import last wrote them.
    durable: u64,
    /// Records and samples met so far.
    records: u64,
    arena: Vec<u8>,
    waiting: Vec<Waiting>,
    /// How many of them are chunks.
    chunks: usize,
    links: Vec<(RecordId, Origin)>,
    envelope: Vec<u8>,
    versions: Versions,
    /// The segments that were visible when reading began.
    base: Vec<(u64, u64)>,
    /// What was visible then, where an earlier run has read part of it.
    began: Option<Arc<Catalog>>,
    known: Option<Known>,
    /// What the members before this one brought, where they brought samples.
    earlier: Earlier,
    names: Names,
    ties: TieList,
    subjects: Subjects,
    report: Report,
    issues: usize,
    base_confidentiality: Confidentiality,
}

pub(crate) fn content_of(body: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    let h = blake3::hash(body);
    out.iter_mut().zip(h.as_bytes()).for_each(|(o, b)| *o = *b);
    out
}

/// Keyed, so that nobody who is shown an id can test a guess at what the record says, or tell that two
/// spaces hold the same.
pub(crate) fn record_id(key: &Key<Ids>, identity: &Identity, content: &[u8; 16]) -> RecordId {
    let mut both = [0; 32];
    let (a, b) = both.split_at_mut(16);
    a.copy_from_slice(identity.as_bytes());
    b.copy_from_slice(content);
    let mut id = [0; 16];
    id.iter_mut().zip(blake3::keyed_hash(key.expose(), &both).as_bytes()).for_each(|(o, b)| *o = *b);
    RecordId(id)
}

impl<'a> Ingest<'a> {
    pub(crate) fn new(
        inner: &'a Inner,
        partition: &'a str,
        staged: &'a Staged,
        options: &ImportOptions,
        tick: &'a Tick<'a>,
    ) -> Result<Self> {
        let state = inner.peek()?;
        let scope = state.partitions.get(state.position(partition)?).ok_or(Error::NoSuchPartition)?;
        let store = Store {
            inner,
            partition,
            staged,
            id_key: Arc::clone(&scope.manifest.id_key),
            units: 0,
            durable: staged.units,
            records: 0,
            arena: Vec::new(),
            waiting: Vec::new(),
            chunks: 0,
            links: Vec::new(),
            envelope: Vec::new(),
            versions: Versions::new(Arc::clone(scope.catalog()?)),
            base: visible(&scope.manifest),
            began: (staged.units > 0).then(|| Arc::clone(&scope.readable)),
            known: None,
            earlier: Earlier::default(),
            names: Names::default(),
            ties: TieList::default(),
            subjects: Subjects::default(),
            report: Report::default(),
            issues: options.limits.issues,
            // An item without confidentiality is R in a health partition and N elsewhere.
            base_confidentiality: scope.label().confidentiality.max(Confidentiality::Normal),
        };
        Ok(Self { tick, issues: options.limits.issues, chunker: Some(chunker()), member: None, exports: 0, store })
    }

    /// Samples of another member begin: those before are staged, so that they are known.
    fn begin_member(&mut self, member: u32) -> Result<()> {
        self.exports += 1;
        if self.exports > EXPORTS {
            return Err(Error::TooLarge(Limit::Members));
        }
        if self.member.replace(member).is_some() {
            if let Some(c) = self.chunker.replace(chunker()) {
                c.finish(&mut |chunk| self.store.chunk(chunk))?;
            }
            self.store.begin_member(member)?;
        }
        Ok(())
    }

    /// Ends reading: what is still open is made durable, counts go into the report.
    pub(crate) fn finish(mut self, report: &mut Report) -> Result<Done> {
        if let Some(c) = self.chunker.take() {
            c.finish(&mut |chunk| self.store.chunk(chunk))?;
        }
        self.store.flush()?;
        if self.store.ties.brings_bytes() {
            // Most of it before the write lock is taken.
            let (txn, state) = self.store.inner.read()?;
            let at = state.position(self.store.partition)?;
            let scope = state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            documents::tie(&mut self.store.ties, &self.store.inner.base, &*txn, scope, scope.catalog()?)?;
        }
        let Store { report: found, subjects, versions, base, began, names, ties, .. } = self.store;
        report.add(found, self.issues);
        Ok(Done { subjects, pending: Pending::new(versions, base, began, ties), names })
    }
}

impl Sink for Ingest<'_> {
    fn names(&mut self, list: &[Named]) -> Result<()> {
        self.store.names(list)
    }

    fn record(&mut self, draft: Draft<'_>) -> Result<()> {
        self.store.record(draft)
    }

    fn sample(&mut self, key: &SeriesKey, member: u32, sample: Sample) -> Result<()> {
        if self.member != Some(member) {
            self.begin_member(member)?;
        }
        let store = &mut self.store;
        store.records += 1;
        match &mut self.chunker {
            Some(c) => c.push(key, member, sample, &mut |chunk| store.chunk(chunk)),
            None => Err(Error::Internal(90)),
        }
    }

    fn envelope(&mut self, member: u32, offset: u64, bytes: &[u8]) -> Result<()> {
        self.store.envelope(member, offset, bytes)
    }

    fn unread_label(&mut self) {
        self.store.ties.unread_label();
    }

    fn progress(&mut self, done: u64) -> Result<()> {
        (self.tick)(done, self.store.records)
    }
}

impl Store<'_> {
    /// Counts a unit; `true` where it is durable from an earlier run.
    fn is_durable(&mut self) -> bool {
        self.units += 1;
        self.units <= self.staged.units
    }

    fn names(&mut self, list: &[Named]) -> Result<()> {
        if !self.names.is_loaded() {
            let (txn, state) = self.inner.read()?;
            let scope = state.partitions.get(state.position(self.partition)?).ok_or(Error::NoSuchPartition)?;
            self.names.load(&self.inner.base, &*txn, scope, self.staged.ordinal)?;
            // What the tables name must be found.
            self.versions.catalog = Arc::clone(scope.catalog()?);
        }
        self.names.announce(list, &self.versions);
        Ok(())
    }

    fn record(&mut self, draft: Draft<'_>) -> Result<()> {
        self.records += 1;
        self.subjects.add(&draft.subject);
        self.ties.add(draft.identity, draft.type_name, &draft.ties);
        let raw = draft.print.unwrap_or_else(|| content_of(draft.body));
        let mut new = Version {
            id: record_id(&self.id_key, &draft.identity, &raw),
            content: draft.content.unwrap_or(raw),
            revision: draft.revision,
            confidentiality: draft.confidentiality.unwrap_or(self.base_confidentiality),
            sensitivities: draft.sensitivities,
            obligations: draft.obligations,
        };
        let (id, origin) = (new.id, Origin { source: self.staged.ordinal, span: draft.span });
        let durable = self.is_durable();
        if let Some(known) = self.names.is(&draft.identity, &new.content, &self.versions, durable) {
            self.report.tally(draft.type_name, |c| c.linked += 1);
            let labelled = draft.confidentiality.is_some()
                || draft.sensitivities != Sensitivities::NONE
                || draft.obligations != Obligations::NONE;
            let copy = (new.confidentiality, new.sensitivities, new.obligations);
            self.ties.is(draft.identity, known, labelled.then_some(copy));
            if !durable {
                self.links.push((known, origin));
                // The names in it are others: without it this source could not be rebuilt.
                self.put_envelope(draft.span.member, draft.span.offset, draft.body);
            }
            return self.flush_if_full();
        }
        let again = || {
            let told_apart = content_of(&[&raw[..], self.staged.source.as_bytes()].concat());
            record_id(&self.id_key, &draft.identity, &told_apart)
        };
        let fate = self.versions.judge(draft.identity, &mut new, again);
        let history = matches!(fate, Fate::Older);
        self.names.learn(&draft.identity, new.content, durable);
        match fate {
            Fate::Same(known) => {
                self.report.tally(draft.type_name, |c| c.linked += 1);
                if !durable {
                    self.links.push((known, origin));
                    if draft.verbatim && known != id {
                        // Another printing: without it this source could not be rebuilt.
                        self.put_envelope(draft.span.member, draft.span.offset, draft.body);
                    }
                }
                return self.flush_if_full();
            }
            Fate::Newer { conflicts: true } => {
                let Span { member, offset, .. } = draft.span;
                self.report.issue(self.issues, Severity::Repaired, What::ConflictingId, member, offset);
            }
            Fate::New | Fate::Newer { .. } | Fate::Older => {}
        }
        self.report.tally(draft.type_name, |c| *(if history { &mut c.superseded } else { &mut c.imported }) += 1);
        if !history {
            self.report.facts += draft.facts.len() as u64;
        }
        if durable {
            return Ok(());
        }
        self.arena.extend_from_slice(draft.body);
        self.waiting.push(Waiting {
            id: new.id,
            identity: draft.identity,
            content: new.content,
            len: draft.body.len(),
            origin,
            confidentiality: new.confidentiality,
            sensitivities: new.sensitivities,
            obligations: new.obligations,
            type_name: draft.type_name,
            facts: draft.facts,
            series: None,
            revision: new.revision,
            history,
        });
        self.flush_if_full()
    }

    fn begin_member(&mut self, member: u32) -> Result<()> {
        self.flush()?;
        let (txn, state) = self.inner.read()?;
        let scope = state.partitions.get(state.position(self.partition)?).ok_or(Error::NoSuchPartition)?;
        self.earlier = Earlier::before(&self.inner.base, &*txn, scope, self.staged, member)?;
        self.known = None;
        Ok(())
    }

    fn chunk(&mut self, chunk: Chunk) -> Result<()> {
        let Chunk { key, member, mut samples } = chunk;
        let identity = key.identity();
        if !self.known.as_ref().is_some_and(|k| k.is_of(&identity)) {
            let (txn, state) = self.inner.read()?;
            let scope = state.partitions.get(state.position(self.partition)?).ok_or(Error::NoSuchPartition)?;
            self.known = Some(Known::load(&self.inner.base, &*txn, scope, &key, &self.earlier)?);
        }
        let span = |samples: &[Sample]| {
            let first = samples.iter().map(|s| s.at).min().unwrap_or(0);
            let end = samples.iter().map(|s| s.at + u64::from(s.len)).max().unwrap_or(first);
            Origin { source: self.staged.ordinal, span: Span { member, offset: first, len: end - first } }
        };
        let whole = span(&samples);
        let Stripped { linked, other } = self.known.as_mut().map(|k| k.strip(&mut samples)).unwrap_or_default();
        for at in other {
            self.report.issue(self.issues, Severity::Repaired, What::OtherMetadata, member, at);
        }
        self.report.tally(&key.code, |c| {
            c.linked += linked;
            c.imported += samples.len() as u64;
        });
        let durable = self.is_durable();
        if linked > 0 && !durable {
            let chunks = self.known.iter().flat_map(|k| k.chunks.iter().map(|c| c.record));
            self.links.extend(chunks.map(|id| (id, whole)));
        }
        if samples.is_empty() {
            return self.flush_if_full();
        }
        self.report.facts += 1;
        if durable {
            return Ok(());
        }
        let origin = Origin { source: self.staged.ordinal, span: span(&samples).span };
        let bytes = series::encode(&samples);
        let content = content_of(&bytes);
        let when = |at: i64, offset: i16| Some(When { at, precision: Precision::Second, offset: Some(offset) });
        let first = samples.iter().min_by_key(|s| s.start);
        let last = samples.iter().max_by_key(|s| s.start);
        let fact = FactDraft {
            codes: vec![Coding::new(&key.system, &key.code, "")],
            text: key.source.clone(),
            note: key.unit.clone(),
            when: first.and_then(|s| when(s.start, s.offset)),
            until: last.and_then(|s| when(s.start, s.offset)),
            ..FactDraft::new(Kind::Series, key.category)
        };
        self.arena.extend_from_slice(&bytes);
        self.chunks += 1;
        self.waiting.push(Waiting {
            id: record_id(&self.id_key, &identity, &content),
            identity,
            content,
            len: bytes.len(),
            origin,
            confidentiality: self.base_confidentiality,
            sensitivities: Sensitivities::NONE,
            obligations: Obligations::NONE,
            type_name: "Series",
            facts: vec![fact],
            series: Some(series::summary(&samples)),
            revision: Revision::default(),
            history: false,
        });
        self.flush_if_full()
    }

    fn envelope(&mut self, member: u32, offset: u64, bytes: &[u8]) -> Result<()> {
        if self.is_durable() {
            return Ok(());
        }
        self.put_envelope(member, offset, bytes);
        self.flush_if_full()
    }

    /// `member | offset | length | bytes`, LEB128, one after the other.
    fn put_envelope(&mut self, member: u32, offset: u64, bytes: &[u8]) {
        varint::put(&mut self.envelope, u64::from(member));
        varint::put(&mut self.envelope, offset);
        varint::put_bytes(&mut self.envelope, bytes);
    }

    fn flush_if_full(&mut self) -> Result<()> {
        let full = self.waiting.len() + self.links.len() + (CHUNK - 1) * self.chunks >= RECORDS
            || self.arena.len() + self.envelope.len() >= BYTES
            || self.envelope.len() >= PIECE;
        if full { self.flush() } else { Ok(()) }
    }

    /// Makes everything met so far durable, in one transaction.
    fn flush(&mut self) -> Result<()> {
        if self.waiting.is_empty() && self.links.is_empty() && self.envelope.is_empty() {
            return Ok(());
        }
        let mark = self.staged.mark().ok_or(Error::TooLarge(Limit::Capacity))?;
        self.inner.write(|tx, w| {
            let at = w.state.position(self.partition)?;
            let work = w.work(tx, Target::Partition(at))?;
            let staged = owned(tx, work, self.staged)?;
            if staged.units != self.durable {
                return Err(Error::Busy);
            }
            staged.units = self.units;
            let mut builder = SegmentBuilder::new();
            put_records(tx, work, self.staged.group, &self.arena, &self.waiting, &mut builder)?;
            for (id, origin) in &self.links {
                builder.link(*id, *origin);
            }
            if !builder.is_empty() {
                let bytes = builder.finish()?;
                tx.add_segment(work, &bytes, mark)?;
            }
            let mut put = |content: Content, bytes: &[u8]| {
                if bytes.is_empty() {
                    return Ok(None);
                }
                tx.put_content(work, Class::Body, self.staged.group, content, bytes).map(Some)
            };
            let envelope = put(Content::Document, &self.envelope)?;
            let names = put(Content::Dense, &self.names.fresh)?;
            if envelope.is_some() || names.is_some() {
                tx.add_pieces(work, self.staged.ordinal, envelope, names)?;
            }
            Ok(())
        })?;
        self.durable = self.units;
        let state = self.inner.peek()?;
        let scope = state.partitions.get(state.position(self.partition)?).ok_or(Error::NoSuchPartition)?;
        self.versions.catalog = Arc::clone(scope.catalog()?);
        self.arena.clear();
        self.waiting.clear();
        self.chunks = 0;
        self.links.clear();
        self.envelope.clear();
        self.names.fresh.clear();
        Ok(())
    }
}

/// The staged import, as long as it is this handle's to go on with: [`Error::Busy`] where another
/// one took it over, [`Error::NotFound`] where it was discarded.
pub(crate) fn owned<'w>(tx: &Tx<'_>, work: &'w mut Work, mine: &Staged) -> Result<&'w mut Staged> {
    let elsewhere = work.manifest.staged.iter().any(|s| s.source == mine.source && s.owner != mine.owner)
        || tx.source_entry(work, mine.ordinal)?.finished;
    if elsewhere {
        return Err(Error::Busy);
    }
    work.manifest.staged.iter_mut().find(|s| s.ordinal == mine.ordinal).ok_or(Error::NotFound)
}

/// Seals records in blocks and chunks in rows of their own, and tells the catalog.
fn put_records(
    tx: &mut Tx<'_>,
    work: &mut Work,
    group: u64,
    arena: &[u8],
    waiting: &[Waiting],
    builder: &mut SegmentBuilder,
) -> Result<()> {
    let mut block = Block::default();
    let mut raw = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut objects = vec![ObjectRef { number: 0, version: 0, group }; waiting.len()];
    let mut close =
        |tx: &mut Tx<'_>, work: &mut Work, block: &mut Block, open: &mut Vec<(usize, usize)>| -> Result<()> {
            if block.is_empty() {
                return Ok(());
            }
            block.take(&mut raw);
            let put = tx.put_content(work, Class::Body, group, Content::Document, &raw)?;
            for (i, position) in open.drain(..) {
                if let Some(o) = objects.get_mut(i) {
                    *o = ObjectRef { number: put.number << 8 | position as u64, version: put.version, group };
                }
            }
            Ok(())
        };
    let mut at = 0;
    let mut chunks = Vec::new();
    for (i, r) in waiting.iter().enumerate() {
        let body = arena.get(at..at + r.len).ok_or(Error::Corrupt(Part::Body))?;
        at += r.len;
        if r.series.is_some() {
            let put = tx.put_content(work, Class::Series, group, Content::Dense, body)?;
            chunks.push((i, ObjectRef { number: put.number << 8, version: put.version, group }));
            continue;
        }
        if block.would_overflow(body.len()) {
            close(tx, work, &mut block, &mut open)?;
        }
        open.push((i, block.push(body)));
        if block.is_full() {
            close(tx, work, &mut block, &mut open)?;
        }
    }
    close(tx, work, &mut block, &mut open)?;
    for (i, object) in chunks {
        if let Some(o) = objects.get_mut(i) {
            *o = object;
        }
    }
    for (r, object) in waiting.iter().zip(objects) {
        builder.add(NewRecord {
            id: r.id,
            identity: r.identity,
            content: r.content,
            object,
            origins: &[r.origin],
            author: Author::Source,
            confidentiality: r.confidentiality,
            sensitivities: r.sensitivities,
            obligations: r.obligations,
            type_name: r.type_name,
            facts: &r.facts,
            series: r.series,
            revision: r.revision,
            history: r.history,
        });
    }
    Ok(())
}

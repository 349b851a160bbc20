//! Importing a source: staged batches, published by one last transaction.
//!
//! What belongs here: turning what an importer hands over into sealed blocks, chunks and segments,
//! resuming after a crash, telling new from known, and whose data it is. What must not: reading
//! formats.
//!
//! A batch (at most 4,000 records or 8 MiB) is durable but staged: no query sees it. The last
//! transaction publishes all of them with the ledger entry. After a crash the same file (its hash
//! is checked) is read again from its beginning, and units that are durable already are counted,
//! not stored again: reading is deterministic and many times faster than sealing.

mod batch;
#[cfg(feature = "bench-internals")]
mod bench;
mod documents;
mod names;
mod overlap;
mod relabel;
mod settle;
mod subject;
mod ties;
mod versions;

pub(super) use batch::{content_of, record_id};
pub(super) use names::without_things;
pub(super) use overlap::key as sample_key;
pub(super) use relabel::raise_conversations;

use super::manifest::Staged;
use super::memory::quarantine_derived;
use super::sources::{SourceEntry, Subject};
use super::space::HealthSpace;
use super::state::{Inner, Target};
use super::tx::{Tx, Work};
use super::whose_consent::hold_back;
use crate::audit::AuditEvent;
use crate::catalog::Segment;
use crate::catalog::series::Chunker;
use crate::crypto::random_array;
use crate::environment::Progress;
use crate::error::{Error, Limit, Result};
use crate::id::{Identity, SourceId, SourceTag, Timestamp};
use crate::import::{Limits, Report, Source};
use batch::Ingest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use subject::Checked;

/// One partition of an open space.
#[derive(Clone)]
pub struct Partition {
    pub(crate) inner: Arc<Inner>,
    pub(crate) name: String,
}

impl core::fmt::Debug for Partition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Partition(..)")
    }
}

/// How to import.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Bounds on the input.
    pub limits: Limits,
    /// The person confirmed that the file is about them although it says otherwise.
    pub confirm_subject: bool,
}

impl ImportOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The person confirmed that the file is about them although it says otherwise.
    #[must_use]
    pub const fn confirm_subject(mut self) -> Self {
        self.confirm_subject = true;
        self
    }

    /// Other bounds.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// An import that is not finished: import the same file again to resume it, or discard it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StagedImport {
    /// BLAKE3 of the file.
    pub source: SourceId,
    /// Records and chunks that are durable.
    pub units: u64,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedSource {
    /// BLAKE3 of its bytes.
    pub id: SourceId,
    /// How the log names it.
    pub tag: SourceTag,
    /// When.
    pub imported_at: Timestamp,
    /// Its length.
    pub bytes: u64,
}

/// How much a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Typed facts, those of replaced records too.
    pub facts: u64,
    /// Records and chunks of samples.
    pub records: u64,
    /// Catalog segments.
    pub segments: u64,
    /// Bytes that the catalog takes in memory.
    pub catalog_bytes: u64,
    /// Entries of the log.
    pub log_entries: u64,
}

impl HealthSpace {
    /// A partition that is open here.
    ///
    /// # Errors
    /// [`Error::NoSuchPartition`].
    pub fn partition(&self, name: &str) -> Result<Partition> {
        self.inner.peek()?.position(name)?;
        Ok(Partition { inner: Arc::clone(&self.inner), name: name.to_owned() })
    }
}

impl Partition {
    /// Imports a file: FHIR R4 JSON, NDJSON, or an Apple Health export.
    ///
    /// The same file again adds nothing. Records that are known already are linked to the new
    /// source, not stored twice.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::TooLarge`] where the whole file cannot be read,
    /// [`Error::FlowDenied`] for a general partition, which takes no files, [`Error::OtherSubject`],
    /// [`Error::InputChanged`], [`Error::Cancelled`] (call again to resume), [`Error::DiskFull`],
    /// [`Error::Busy`] where another handle imports or has discarded this very file meanwhile. A bad
    /// entry in a good file is no error: it is in the report. [`Error::NeedsFullSlot`] where a consent from
    /// elsewhere that names another patient than this file permits something, and has to wait for the
    /// person's word: a handle of some partitions cannot make it.
    ///
    /// ```
    /// # use healthspace::{import::Source, Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-import-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// let heart_rate = br#"{"resourceType":"Observation","id":"1","status":"final",
    ///   "code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},
    ///   "effectiveDateTime":"2026-01-05","valueQuantity":{"value":61,"unit":"/min"}}"#;
    /// let report = space.partition("health")?.import(Source::bytes(heart_rate.to_vec())?)?;
    /// assert_eq!(report.imported(), 1);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(&self, source: Source) -> Result<Report> {
        self.import_with(source, &ImportOptions::new())
    }

    /// As [`import`](Self::import), with options.
    ///
    /// # Errors
    /// As [`import`](Self::import).
    pub fn import_with(&self, mut source: Source, options: &ImportOptions) -> Result<Report> {
        self.takes_files()?;
        let inner = &*self.inner;
        let total = source.len();
        let tick = |done: u64, records: u64| -> Result<()> {
            if inner.base.env.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            if let Some(f) = &inner.base.env.progress {
                f(Progress::new(done, Some(total), records));
            }
            Ok(())
        };
        // What is no health file at all leaves no trace.
        source.check(&options.limits)?;
        let id = source.id(&options.limits, &mut |done| tick(done / 64, 0))?;
        loop {
            if let Some(report) = self.import_once(&mut source, id, options, &tick)? {
                return Ok(report);
            }
        }
    }

    /// Reads the source and publishes it; `None` where another import brought meanwhile what this
    /// one took for new: then it is discarded, and to be read again.
    fn import_once(
        &self,
        source: &mut Source,
        id: SourceId,
        options: &ImportOptions,
        tick: &dyn Fn(u64, u64) -> Result<()>,
    ) -> Result<Option<Report>> {
        let inner = &*self.inner;
        let total = source.len();
        let mut report = Report { bytes: total, ..Report::default() };
        let Some(staged) = self.stage(id, total, options.limits.fingerprint())? else {
            report.already_imported = true;
            return Ok(Some(report));
        };
        let read = (|| {
            let mut sink = Ingest::new(inner, &self.name, &staged, options, tick)?;
            source.read(&options.limits, &mut sink, &mut report)?;
            let done = sink.finish(&mut report)?;
            report.trim_members();
            // What was parsed must be what was hashed.
            if source.id(&options.limits, &mut |_| tick(total, report.imported()))? != id {
                return Err(Error::InputChanged);
            }
            self.publish(&staged, done, options, &mut report)
        })();
        match read {
            Ok(true) => {
                inner.base.env.observe("import.published", report.imported());
                Ok(Some(report))
            }
            Ok(false) => {
                self.discard_one(staged.ordinal, Some(staged.owner))?;
                Ok(None)
            }
            // These would fail again with the same file: what was staged is of no use.
            Err(e @ (Error::OtherSubject | Error::InputChanged | Error::Malformed(_) | Error::TooLarge(_))) => {
                self.discard_one(staged.ordinal, Some(staged.owner))?;
                Err(e)
            }
            Err(e) => Err(e),
        }
    }

    /// Imports that are not finished.
    ///
    /// # Errors
    /// [`Error::Locked`], and what rereading the heads can yield.
    pub fn staged_imports(&self) -> Result<Vec<StagedImport>> {
        let (_txn, state) = self.inner.read()?;
        let p = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
        Ok(p.manifest.staged.iter().map(|s| StagedImport { source: s.source, units: s.units }).collect())
    }

    /// The files that were imported, the oldest first.
    ///
    /// # Errors
    /// [`Error::Locked`], and what rereading the heads can yield.
    pub fn sources(&self) -> Result<Vec<ImportedSource>> {
        let (txn, state) = self.inner.read()?;
        let p = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
        let mut list = Vec::new();
        for row in &p.manifest.source_pages {
            let page = p.source_page(&self.inner.base, &*txn, row)?;
            list.extend(page.iter().filter(|s| s.finished).map(|s| ImportedSource {
                id: s.id,
                tag: s.tag(),
                imported_at: Timestamp::from_millis(s.imported_at),
                bytes: s.bytes,
            }));
        }
        Ok(list)
    }

    /// How much is here and how much memory its catalog takes: for the host's own bookkeeping;
    /// counts of everything, released to nobody.
    ///
    /// # Errors
    /// [`Error::Locked`], and what rereading the heads can yield.
    pub fn stats(&self) -> Result<Stats> {
        let (_txn, state) = self.inner.read()?;
        let p = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
        let of = |f: fn(&Segment) -> usize| p.readable.segments().map(f).sum::<usize>() as u64;
        Ok(Stats {
            facts: of(Segment::facts),
            records: of(Segment::records),
            segments: p.readable.len() as u64,
            catalog_bytes: p.readable.memory_bytes() as u64,
            log_entries: p.head.log_size,
        })
    }

    /// Discards an import that is not finished: its key is dropped, its rows are deleted.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such import is staged.
    pub fn discard(&self, source: SourceId) -> Result<()> {
        let ordinal = {
            let (_txn, state) = self.inner.read()?;
            let p = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
            p.manifest.staged.iter().find(|s| s.source == source).map(|s| s.ordinal).ok_or(Error::NotFound)?
        };
        self.discard_one(ordinal, None)
    }

    /// Registers the source as staged, or takes over what is staged of it; `None` where it was
    /// imported before.
    ///
    /// Whoever staged it before and still reads is told so at its next batch. What was read under
    /// other limits is of no use: which unit is which depends on them.
    fn stage(&self, id: SourceId, bytes: u64, settings: [u8; 16]) -> Result<Option<Staged>> {
        let useless = {
            let (txn, state) = self.inner.read()?;
            let p = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
            if p.has_source(&self.inner.base, &*txn, &id)? {
                return Ok(None);
            }
            let other = |s: &&Staged| s.source == id && s.settings != settings;
            p.manifest.staged.iter().find(other).map(|s| (s.ordinal, s.owner))
        };
        if let Some((ordinal, owner)) = useless {
            self.discard_one(ordinal, Some(owner))?;
        }
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let owner = random_array()?;
            let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            let now = tx.now_in(scope);
            if scope.has_source(tx.base, &*tx.txn, &id)? {
                return Ok(None);
            }
            let work = w.work(tx, Target::Partition(at))?;
            if let Some(s) = work.manifest.staged.iter_mut().find(|s| s.source == id) {
                if s.settings != settings {
                    return Err(Error::Busy);
                }
                s.owner = owner;
                return Ok(Some(s.clone()));
            }
            let group = tx.new_group(work)?;
            let entry = SourceEntry {
                id,
                secret: random_array()?,
                imported_at: now,
                bytes,
                group,
                envelope: Vec::new(),
                names: Vec::new(),
                finished: false,
                subject: Subject::default(),
            };
            let tag = entry.tag();
            let ordinal = tx.add_source(work, entry)?;
            let first_row = work.manifest.next_row;
            let staged = Staged { ordinal, source: id, tag, group, units: 0, first_row, began: now, owner, settings };
            work.manifest.staged.push(staged.clone());
            Ok(Some(staged))
        })
    }

    /// The last transaction of an import; `false` where it is to be read again.
    fn publish(
        &self,
        staged: &Staged,
        done: batch::Done,
        options: &ImportOptions,
        report: &mut Report,
    ) -> Result<bool> {
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            if done.names.overtaken(tx.base, &*tx.txn, scope)? {
                return Ok(false);
            }
            let pinned = scope.subject(tx.base, &*tx.txn)?;
            let work = w.work(tx, Target::Partition(at))?;
            batch::owned(tx, work, staged)?;
            let salt = work.manifest.log_key.expose();
            let (checked, subject) = subject::check(&pinned, salt, &done.subjects, options.confirm_subject)?;
            let Some(settled) = settle::settle(tx, work, staged, done.pending, report)? else {
                return Ok(false);
            };
            let mark = staged.mark().ok_or(Error::TooLarge(Limit::Capacity))?;
            let imported_at = tx.now_in(&work.scope);
            for s in work.manifest.segments.iter_mut().filter(|s| s.staged == mark) {
                s.staged = 0;
            }
            work.manifest.staged.retain(|s| s.ordinal != staged.ordinal);
            tx.load_segments(work)?;
            for bytes in &settled.segments {
                tx.add_segment(work, bytes, 0)?;
            }
            tx.merge_segments(work)?;
            let old = tx.source_entry(work, staged.ordinal)?;
            let references: BTreeSet<Identity> = subject.references.iter().copied().collect();
            let entry = SourceEntry { imported_at, bytes: report.bytes, finished: true, subject, ..(*old).clone() };
            tx.set_source(work, staged.ordinal, entry)?;
            match checked {
                Checked::Known => {}
                Checked::Pinned(subject_hash) => {
                    tx.log(work, AuditEvent::SubjectPinned { subject_hash })?;
                }
                Checked::Confirmed(subject_hash) => {
                    tx.log(work, AuditEvent::SubjectConfirmed { source: staged.tag, subject_hash })?;
                }
            }
            let event = AuditEvent::Imported {
                source: staged.tag,
                records: report.imported() + report.replaced() + report.superseded(),
                facts: report.facts,
                linked: report.linked(),
                issues: report.issue_counts.values().sum(),
            };
            tx.log(work, event)?;
            quarantine_derived(tx, w, at, &settled.changed)?;
            relabel::follow(tx, w, at, &settled.raised)?;
            report.held_back = hold_back(tx, w, &references)?;
            Ok(true)
        })
    }

    /// With an owner: only while it is that one's.
    fn discard_one(&self, ordinal: u32, owner: Option<[u8; 16]>) -> Result<()> {
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let work = w.work(tx, Target::Partition(at))?;
            let of = |s: &&Staged| s.ordinal == ordinal && owner.is_none_or(|o| o == s.owner);
            let Some(staged) = work.manifest.staged.iter().find(of).cloned() else {
                return Ok(());
            };
            drop_staged(tx, work, &staged)?;
            let entries = discarded_entry(tx, work, &staged)?.into_iter().collect();
            tx.set_sources(work, entries)?;
            if staged.units == 0 {
                return Ok(());
            }
            tx.log(work, AuditEvent::ImportDiscarded { source: staged.tag, records: staged.units }).map(|_| ())
        })
    }
}

/// Drops everything that an unfinished import has put. What it names may not be there: whoever can write in
/// a partition can enter what they like.
pub(super) fn drop_staged(tx: &mut Tx<'_>, work: &mut Work, staged: &Staged) -> Result<()> {
    work.manifest.staged.retain(|s| s.ordinal != staged.ordinal);
    // 0 marks what is visible.
    let Some(mark) = staged.mark() else { return Ok(()) };
    let gone: Vec<_> = work.manifest.segments.iter().filter(|s| s.staged == mark).cloned().collect();
    for s in gone {
        tx.drop_segment(work, &s)?;
    }
    work.manifest.segments.retain(|s| s.staged != mark);
    let from = u64::from(work.scope.ordinal) << 40 | staged.first_row;
    tx.txn.delete_group(&work.scope.id, staged.group, from)?;
    tx.drop_group(work, staged.group)
}

/// What is left to be said of a source whose import was discarded, by its ordinal, where it has an entry.
fn discarded_entry(tx: &Tx<'_>, work: &Work, staged: &Staged) -> Result<Option<(u32, SourceEntry)>> {
    match tx.source_entry(work, staged.ordinal) {
        Ok(entry) => Ok(Some((staged.ordinal, entry.emptied()))),
        Err(Error::NotFound) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Discards every unfinished import, without an entry: the tag and units of each.
pub(super) fn discard_all(tx: &mut Tx<'_>, work: &mut Work) -> Result<Vec<(SourceTag, u64)>> {
    let all = work.manifest.staged.clone();
    let mut entries = BTreeMap::new();
    for staged in &all {
        drop_staged(tx, work, staged)?;
        entries.extend(discarded_entry(tx, work, staged)?);
    }
    tx.set_sources(work, entries)?;
    Ok(all.into_iter().map(|s| (s.tag, s.units)).collect())
}

/// Bytes of samples that the chunker may hold before it closes the oldest chunks.
const CHUNKER_BYTES: usize = 16 << 20;

fn chunker() -> Chunker {
    Chunker::new(CHUNKER_BYTES)
}

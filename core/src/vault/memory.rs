//! Memories: what an assistant keeps, with the session's label and the records it rests on.

use super::ingest::Partition;
use super::payload::Content;
use super::policy_row::PartitionKind;
use super::release::{Asking, Audited, Release, block_record};
use super::scope::Scope;
use super::session::Session;
use super::state::{Inner, State, Target};
use super::{block, manifest};
use crate::audit::{AuditEvent, ReleaseKind};
use crate::catalog::{FactRow, NewRecord, ObjectRef, Query, SegmentBuilder, View};
use crate::codec::cbor::{Reader, Writer};
use crate::consent::Action;
use crate::crypto::context::Class;
use crate::crypto::random_array;
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::{ConversationId, Identity, RecordId, Timestamp};
use crate::label::{Integrity, Label, Origins};
use crate::policy::{Sink, clearance_of_general, clearance_of_health, may_flow};
use crate::record::{Author, Category, Everything, FactDraft, Kind, Precision, Revision, Status, Value, When};
use crate::storage::ReadTxn;

/// The longest memory, in bytes.
const LONGEST: usize = 16 << 10;
/// The most parents that are kept.
const PARENTS: usize = 4096;

/// A memory, read.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Its id.
    pub id: RecordId,
    /// What was remembered.
    pub text: String,
    /// The session's label when it was written, joined with nothing less.
    pub label: Label,
    /// The records it rests on.
    pub parents: Vec<RecordId>,
    /// In which conversation.
    pub conversation: ConversationId,
    /// When.
    pub at: Timestamp,
}

impl core::fmt::Debug for Memory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Memory(..)")
    }
}

/// What a memory rests on: a release, a list of records, or nothing. Only this library's own types
/// are: the label that comes with one is not for the host to choose.
pub trait Parents: sealed::Parents {}

mod sealed {
    use crate::id::RecordId;
    use crate::label::Label;

    pub trait Parents {
        /// The records, and the label under which they were released. Without one they are looked up.
        fn parents(&self) -> (Vec<RecordId>, Option<Label>);
    }
}

impl Parents for [RecordId] {}

impl sealed::Parents for [RecordId] {
    fn parents(&self) -> (Vec<RecordId>, Option<Label>) {
        (self.to_vec(), None)
    }
}

impl Parents for Vec<RecordId> {}

impl sealed::Parents for Vec<RecordId> {
    fn parents(&self) -> (Vec<RecordId>, Option<Label>) {
        (self.clone(), None)
    }
}

/// Something released that names the records it was made of.
pub trait Records {
    /// The records.
    fn records(&self) -> Vec<RecordId>;
}

impl Records for Vec<FactRow> {
    fn records(&self) -> Vec<RecordId> {
        let mut ids: Vec<RecordId> = self.iter().map(|r| r.record).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl<T: Records> Parents for Audited<T> {}

impl<T: Records> sealed::Parents for Audited<T> {
    fn parents(&self) -> (Vec<RecordId>, Option<Label>) {
        (self.value().records(), Some(self.label()))
    }
}

/// What may be written into a partition.
fn clearance(scope: &Scope) -> Label {
    match scope.policy.kind {
        PartitionKind::Health => clearance_of_health(),
        PartitionKind::General => clearance_of_general(scope.ordinal),
    }
}

/// `{1 text, 2 label, 3 parents, 4 conversation, 5 time}`
fn encode(text: &str, label: &Label, parents: &[RecordId], conversation: ConversationId, at: i64) -> Vec<u8> {
    let mut w = Writer::new();
    w.map(5).uint(1).text(text).uint(2);
    manifest::write_label(&mut w, label);
    w.uint(3).array(parents.len());
    parents.iter().for_each(|p| {
        w.bytes(p.as_bytes());
    });
    w.uint(4).bytes(conversation.as_bytes()).uint(5).int(at);
    w.into_bytes()
}

fn decode(id: RecordId, bytes: &[u8]) -> Result<Memory> {
    let mut r = Reader::new(bytes);
    if r.map()? != 5 {
        return Err(Error::Malformed(Malformed::Cbor));
    }
    r.key_is(1)?;
    let text = r.text()?.to_owned();
    r.key_is(2)?;
    let label = manifest::read_label(&mut r)?;
    r.key_is(3)?;
    let n = r.array()?;
    let parents = (0..n).map(|_| r.fixed().map(RecordId)).collect::<Result<_>>()?;
    r.key_is(4)?;
    let conversation = ConversationId(r.fixed()?);
    r.key_is(5)?;
    let at = Timestamp::from_millis(r.int()?);
    r.finish()?;
    Ok(Memory { id, text, label, parents, conversation, at })
}

impl Session {
    /// Remembers a statement where what this session has read may stay: the first partition that
    /// is cleared for its label. The library gives it the session's label, joined with that of
    /// `from`; the host cannot choose one. The session's own label is raised by that of `from`: what
    /// another conversation was shown has reached this one.
    ///
    /// # Errors
    /// [`Error::FlowDenied`] where no open partition is cleared; [`Error::Malformed`] for an empty
    /// text, [`Error::TooLarge`] for one over 16 KiB; [`Error::NotFound`] where a record of a list is
    /// in no partition that is open here, or may not be seen by this session.
    pub fn remember(&self, text: &str, from: &(impl Parents + ?Sized)) -> Result<RecordId> {
        let (parents, released) = from.parents();
        let (txn, state) = self.inner.read()?;
        let base = &self.inner.base;
        let mut label = self.label().join(match released {
            Some(label) => label,
            None => self.label_of(&*txn, &state, &parents)?,
        });
        if let Some(stored) = state.conversation(base, &*txn, self.conversation())? {
            label = label.join(stored);
        }
        drop(txn);
        let cleared = |p: &&Scope| may_flow(label, Sink::Partition(clearance(p)), self.purpose);
        // What came from a partition goes back to it first.
        let own = state.partitions.iter().filter(cleared).find(|p| p.label().origins.is_subset(label.origins));
        let place = own.or_else(|| state.partitions.iter().rev().find(cleared));
        let name = match place {
            Some(p) => p.policy.name.clone(),
            None => self.default_partition()?,
        };
        self.write_memory(&name, text, &parents, label)
    }

    /// The label that records bring along, wherever they stand. Of a health partition a session can
    /// name what a grant lets it see, and its own memories.
    fn label_of(&self, txn: &dyn ReadTxn, state: &State, ids: &[RecordId]) -> Result<Label> {
        let mut label = Label::BOTTOM;
        let mut found = vec![false; ids.len()];
        for p in state.partitions.iter().filter(|_| !ids.is_empty()) {
            let permits = [Action::Read, Action::Ground].map(|action| {
                let (actors, purpose, kind) = (&self.actors[..], self.purpose, ReleaseKind::Read);
                self.inner.decide(state, p, &Asking { actors, purpose, action, kind, query: b"" }).ok()
            });
            let views: Vec<View<'_>> =
                permits.iter().flatten().map(|permit| View::new(&p.catalog, permit.filter())).collect();
            for (id, found) in ids.iter().zip(&mut found) {
                let Some(record) = p.catalog.find_record(id) else { continue };
                let memory = match record.type_name() {
                    MEMORY => Some(open_memory(&self.inner, txn, p, *id, &record.object(), &mut Vec::new())?),
                    _ => None,
                };
                let own = memory.as_ref().is_some_and(|m| m.conversation == self.conversation());
                let general = p.policy.kind == PartitionKind::General;
                if !general && !own && !views.iter().any(|v| v.sees_any(record)) {
                    continue;
                }
                *found = true;
                label = label.join(p.label()).join(Label {
                    confidentiality: record.confidentiality(),
                    sensitivities: record.sensitivities(),
                    ..memory.map_or(Label::BOTTOM, |m| m.label)
                });
            }
        }
        if found.iter().all(|f| *f) { Ok(label) } else { Err(Error::NotFound) }
    }

    /// Remembers a statement in a partition of the caller's choice.
    ///
    /// # Errors
    /// [`Error::FlowDenied`] where the partition is not cleared for what this session, or an
    /// earlier run of its conversation, has read; the refusal is logged. Otherwise as
    /// [`remember`](Self::remember).
    pub fn remember_in(&self, partition: &str, text: &str) -> Result<RecordId> {
        self.write_memory(partition, text, &[], self.label())
    }

    fn write_memory(&self, partition: &str, text: &str, parents: &[RecordId], label: Label) -> Result<RecordId> {
        if text.trim().is_empty() {
            return Err(Error::Malformed(Malformed::Argument));
        }
        if text.len() > LONGEST {
            return Err(Error::TooLarge(Limit::TokenBytes));
        }
        let parents = parents.get(..parents.len().min(PARENTS)).unwrap_or_default();
        let outcome = self.inner.write(|tx, w| {
            let at = w.state.position(partition)?;
            // Another handle of this conversation may have read more meanwhile.
            let stored = w.state.conversation(tx.base, &*tx.txn, self.conversation())?.unwrap_or(Label::BOTTOM);
            let label = label.join(stored);
            if self.label().join(label) != self.label() {
                self.store_label(tx, w, partition, label)?;
            }
            // An assistant wrote it, whatever it was made of.
            let label = Label { integrity: label.integrity.min(Integrity::AiAsserted), ..label };
            let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            let allowed = may_flow(label, Sink::Partition(clearance(scope)), self.purpose);
            let own = scope.label();
            let now = tx.now;
            let work = w.work(tx, Target::Partition(at))?;
            if !allowed {
                let into = Some(work.scope.id);
                tx.log(work, AuditEvent::FlowDenied { label, into })?;
                return Ok(None);
            }
            let label = label.join(Label { integrity: Integrity::Clinician, ..own });
            let identity = Identity(random_array()?);
            let id = RecordId(random_array()?);
            let body = encode(text, &label, parents, self.conversation(), now);
            let group = tx.new_group(work)?;
            let mut one = block::Block::default();
            one.push(&body);
            let mut raw = Vec::new();
            one.take(&mut raw);
            let put = tx.put_content(work, Class::Body, group, Content::Document, &raw)?;
            let fact = FactDraft {
                text: text.to_owned(),
                when: Some(When { at: now, precision: Precision::Milli, offset: Some(0) }),
                value: Value::Text(text.to_owned()),
                status: Status::Active,
                ..FactDraft::new(Kind::Memory, Category::Memories)
            };
            let mut builder = SegmentBuilder::new();
            builder.add(NewRecord {
                id,
                identity,
                content: random_array()?,
                object: ObjectRef { number: put.number << 8, version: put.version, group },
                origins: &[],
                author: Author::Assistant,
                confidentiality: label.confidentiality,
                sensitivities: label.sensitivities,
                type_name: MEMORY,
                facts: &[fact],
                series: None,
                revision: Revision::default(),
                history: false,
            });
            let bytes = builder.finish()?;
            tx.add_segment(work, &bytes, 0)?;
            tx.log(work, AuditEvent::Remembered { record: id, parents: parents.len() as u64, label })?;
            Ok(Some(id))
        })?;
        outcome.ok_or(Error::FlowDenied)
    }
}

/// The type of a memory's record.
const MEMORY: &str = "Memory";

fn open_memory(
    inner: &Inner,
    txn: &dyn ReadTxn,
    scope: &Scope,
    id: RecordId,
    object: &ObjectRef,
    block: &mut Vec<u8>,
) -> Result<Memory> {
    scope.open_object(&inner.base, txn, Class::Body, object, block)?;
    decode(id, block_record(block, object)?).map_err(|_| Error::Corrupt(Part::Body))
}

impl Partition {
    /// What is remembered here, the newest first, for the person to look through: no grant is asked
    /// for, and an entry that names none is durable before anything is shown. Not for an assistant:
    /// nothing that this gives reaches the label of a session.
    ///
    /// # Errors
    /// [`Error::Locked`], and what reading and writing can yield.
    pub fn memories(&self) -> Result<Audited<Vec<Memory>>> {
        let query = Query { kinds: vec![Kind::Memory], ..Query::default() };
        self.inner.show(&self.name, b"memories", |txn, scope| {
            let (mut block, mut label) = (Vec::new(), scope.label());
            let mut value = Vec::new();
            for row in View::new(&scope.catalog, &Everything).query(&query) {
                let memory = open_memory(&self.inner, txn, scope, row.record, &row.object, &mut block)?;
                label = label.join(memory.label);
                value.push(memory);
            }
            let items = value.iter().map(|m| (m.id, 0)).collect();
            Ok((Release { value, items }, label))
        })
    }

    /// Files are health data: a general partition takes none, and the attempt is logged.
    pub(crate) fn takes_files(&self) -> Result<()> {
        let state = self.inner.peek()?;
        let at = state.position(&self.name)?;
        if state.partitions.get(at).is_some_and(|p| p.policy.kind == PartitionKind::Health) {
            return Ok(());
        }
        self.inner.write(|tx, w| {
            let work = w.work(tx, Target::Partition(w.state.position(&self.name)?))?;
            let (label, into) = (Label { origins: Origins::NONE, ..Label::health(0) }, Some(work.scope.id));
            tx.log(work, AuditEvent::FlowDenied { label, into })
        })?;
        Err(Error::FlowDenied)
    }
}

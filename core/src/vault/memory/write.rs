//! Writing a memory or a turn: one record under a key group of its own, one segment.

use super::is_ai_asserted;
use super::wire::Note;
use crate::catalog::{NewRecord, ObjectRef, RecordRef, SegmentBuilder};
use crate::crypto::context::Class;
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::{GrantId, Identity, RecordId};
use crate::label::PartitionKind;
use crate::label::{Integrity, Label, Obligations, Origins};
use crate::policy::{Basis, Tag, clearance_of_general, clearance_of_health};
use crate::record::{Author, Category, FactDraft, Precision, Revision, Status, Value, When};
use crate::storage::ReadTxn;
use crate::vault::block;
use crate::vault::payload::Content;
use crate::vault::permitted::block_record;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::state::State;
use crate::vault::tx::{Tx, Work};

/// The longest memory, in bytes.
const LONGEST: usize = 16 << 10;
/// The most parents: lineage is kept whole or nothing is remembered.
const PARENTS: usize = 4096;

/// What may be written into a partition.
pub(crate) fn clearance(scope: &Scope) -> Label {
    scope.policy.clearance.unwrap_or_else(|| by_kind(scope))
}

/// What may be written into a partition of its kind.
pub(crate) fn by_kind(scope: &Scope) -> Label {
    match scope.policy.kind {
        PartitionKind::Health => clearance_of_health(),
        PartitionKind::General => clearance_of_general(scope.ordinal),
    }
}

/// Whether a text can be remembered.
pub(in crate::vault) fn check_text(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::Malformed(Malformed::Argument));
    }
    if text.len() > LONGEST {
        return Err(Error::TooLarge(Limit::TokenBytes));
    }
    Ok(())
}

/// A note on its way into a partition.
pub(in crate::vault) struct New<'a> {
    pub(in crate::vault) id: RecordId,
    pub(in crate::vault) identity: Identity,
    pub(in crate::vault) author: Author,
    pub(in crate::vault) note: Note,
    /// Of its label's obligations, those that records themselves may have: they stand in its class, also where its
    /// partition gives the same to everything.
    pub(in crate::vault) own: Obligations,
    pub(in crate::vault) basis: &'a Basis,
    /// Until when each grant of the basis holds.
    pub(in crate::vault) ends: &'a [(GrantId, Option<i64>)],
}

/// Writes a note; whatever it replaces is in `builder` already. The label that it got: never less
/// than what its partition gives to everything in it.
pub(in crate::vault) fn put_note(
    tx: &mut Tx<'_>,
    work: &mut Work,
    new: New<'_>,
    builder: SegmentBuilder,
) -> Result<Label> {
    let New { id, identity, author, mut note, own, basis, ends } = new;
    note.label = note.label.join(Label { integrity: Integrity::Clinician, ..work.scope.label() });
    if note.parents.len() > PARENTS {
        return Err(Error::TooLarge(Limit::Items));
    }
    if note.place == 0 {
        note.place = work.manifest.next_row;
    }
    let label = note.label;
    let name = work.manifest.tags.adopt(&Tag { label, basis: basis.clone() }, ends);
    let group = tx.new_group(work)?;
    let mut one = block::Block::default();
    one.push(&note.encode());
    let mut raw = Vec::new();
    one.take(&mut raw);
    let put = tx.put_content(work, Class::Body, group, Content::Document, &raw)?;
    // What an AI asserts is not confirmed.
    let asserted = is_ai_asserted(author, label.integrity);
    let fact = FactDraft {
        text: note.text.clone(),
        when: Some(When { at: note.at, precision: Precision::Milli, offset: Some(0) }),
        value: Value::Text(note.text.clone()),
        status: if asserted { Status::Preliminary } else { Status::Active },
        ..FactDraft::new(note.kind(), Category::Memories)
    };
    let record = NewRecord {
        id,
        identity,
        content: name,
        object: ObjectRef { number: put.number << 8, version: put.version, group },
        origins: &[],
        author,
        confidentiality: label.confidentiality,
        sensitivities: label.sensitivities,
        // What the partition alone gives to everything is no word of this one.
        obligations: label.obligations.without(work.scope.label().obligations).union(own),
        type_name: note.type_name(),
        facts: &[fact],
        series: None,
        revision: Revision::default(),
        history: false,
    };
    tx.add_record(work, builder, record)?;
    Ok(label)
}

impl State {
    /// What records themselves may oblige to of all that has flowed into a label. Which records of a partition a
    /// conversation was shown stands nowhere: it may be any of them, and of one that is not open here nobody knows what
    /// they say.
    pub(in crate::vault) fn own_obligations(&self, label: Label) -> Obligations {
        let (mut open, mut own) = (Origins::NONE, Obligations::NONE);
        for p in &self.partitions {
            let of = Origins::partition(p.ordinal);
            if p.catalog().is_err() {
                // As of one that is not open.
                continue;
            }
            open = open.union(of);
            if of.is_subset(label.origins) {
                own = own.union(p.readable.obliges());
            }
        }
        if !label.origins.is_subset(open) {
            return label.obligations;
        }
        // Of those, what was carried.
        label.obligations.without(label.obligations.without(own))
    }
}

/// What a memory or a turn says, of its body.
pub(in crate::vault) fn text_of_note(body: &[u8]) -> Result<String> {
    Note::decode(body).map(|note| note.text).map_err(|_| Error::Corrupt(Part::Body))
}

/// Opens a memory or a turn.
pub(in crate::vault) fn open_note(
    base: &Base,
    txn: &dyn ReadTxn,
    scope: &Scope,
    record: RecordRef<'_>,
) -> Result<Note> {
    let (object, mut block) = (record.object(), zeroize::Zeroizing::new(Vec::new()));
    scope.open_object(base, txn, Class::Body, &object, &mut block)?;
    Note::decode(block_record(&block, &object)?).map_err(|_| Error::Corrupt(Part::Body))
}

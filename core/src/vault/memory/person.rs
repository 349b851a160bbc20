//! What the person does with a memory or a turn: endorse, edit, keep or delete it. Each leaves an
//! entry in the partition's log, in the transaction of the change.

use super::lineage::{reach, versions_of_notes};
use super::{Memory, New, Note, Place, check_text, is_note, notes_of, open_note, put_note, quarantine_derived};
use crate::audit::{AuditEvent, Gesture};
use crate::catalog::{self, Keep, NewRecord, RecordRef, SegmentBuilder};
use crate::crypto::random_array;
use crate::error::{Error, Result};
use crate::id::{Identity, RecordId, Timestamp};
use crate::label::{Integrity, Obligations};
use crate::policy::{Basis, Tag};
use crate::record::{Author, Kind};
use crate::vault::ingest::Partition;
use crate::vault::release::Audited;
use crate::vault::state::{Target, Writing};
use crate::vault::tx::{Tx, Work};
use std::collections::BTreeSet;

/// A note that is about to change.
struct Found {
    note: Note,
    tag: Tag,
    identity: Identity,
    author: Author,
    /// What its class says.
    own: Obligations,
}

impl Partition {
    /// The person vouches for a memory that an assistant wrote: its integrity is theirs from now
    /// on. Nothing else of its label changes. The entry.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such memory or turn.
    pub fn endorse(&self, memory: RecordId, gesture: Gesture) -> Result<u64> {
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let Found { mut note, tag, identity, author, own } = find(tx, w, at, memory)?;
            let before = tag.label;
            note.label.integrity = note.label.integrity.max(Integrity::User);
            let ends = w.state.ends(&tag.basis, Timestamp::from_millis(tx.now));
            let work = w.work(tx, Target::Partition(at))?;
            let builder = replace(tx, work, memory)?;
            let new = New { id: memory, identity, author, note, own, basis: &tag.basis, ends: &ends };
            let after = put_note(tx, work, new, builder)?;
            tx.log(work, AuditEvent::Endorsed { record: Some(memory), before, after, gesture })
        })
    }

    /// The person writes a memory anew. As with records, what it said before is kept as history,
    /// which no query finds; the new version has a new id, the person's integrity, and otherwise
    /// the label, the parents and the grants of the old one. What was derived from what it said before
    /// is quarantined. The new id.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, consent::Recipient, Environment, HealthSpace, KdfParams, Purpose, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-memory-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = || Gesture { method: "tap".into(), evidence: [0; 32] };
    /// # let session = space.session(Recipient::model("eu-llm")?, Purpose::PatientRequest)?;
    /// let id = session.remember_in("general", "Likes coffee")?;
    /// let general = space.partition("general")?;
    /// let edited = general.edit_memory(id, "Likes tea", gesture())?;
    /// assert_eq!(general.memories()?.value()[0].text, "Likes tea");
    /// general.delete_memory(edited, gesture())?;
    /// assert!(general.memories()?.value().is_empty());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such memory or turn; [`Error::Malformed`] for an empty
    /// text, [`Error::TooLarge`] for one over 16 KiB.
    pub fn edit_memory(&self, memory: RecordId, text: &str, gesture: Gesture) -> Result<RecordId> {
        check_text(text)?;
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let Found { mut note, tag, identity, own, .. } = find(tx, w, at, memory)?;
            text.clone_into(&mut note.text);
            note.label.integrity = note.label.integrity.max(Integrity::User);
            let (id, ends) = (RecordId(random_array()?), w.state.ends(&tag.basis, Timestamp::from_millis(tx.now)));
            let work = w.work(tx, Target::Partition(at))?;
            note.at = tx.now_in(&work.scope);
            let mut builder = SegmentBuilder::new();
            builder.retire(memory);
            let old = std::sync::Arc::clone(&work.scope.readable);
            as_history(&mut builder, old.find_record(&memory).ok_or(Error::NotFound)?);
            for listed in work.manifest.tags.quarantined.iter_mut().filter(|q| **q == memory) {
                *listed = id;
            }
            let author = Author::Person;
            let new = New { id, identity, author, note, own, basis: &tag.basis, ends: &ends };
            let label = put_note(tx, work, new, builder)?;
            tx.log(work, AuditEvent::MemoryEdited { record: id, replaces: memory, label, gesture })?;
            quarantine_derived(tx, w, at, &BTreeSet::from([memory]))?;
            Ok(id)
        })
    }

    /// The person keeps a quarantined memory: it stands by itself from now on, no longer on what
    /// has ended. Its label stays as it is. The entry.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such memory or turn, or it is not quarantined.
    pub fn keep_memory(&self, memory: RecordId, gesture: Gesture) -> Result<u64> {
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let now = Timestamp::from_millis(tx.now);
            let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            let record = scope.catalog()?.find_record(&memory).ok_or(Error::NotFound)?;
            w.state.quarantine(scope, record, now).ok_or(Error::NotFound)?;
            let stands: Vec<_> =
                scope.tag_of(record).basis.iter().filter(|g| !w.state.has_ended(scope, *g, now)).collect();
            let Found { note, identity, author, own, .. } = find(tx, w, at, memory)?;
            let basis = Basis::of(stands);
            let ends = w.state.ends(&basis, now);
            let work = w.work(tx, Target::Partition(at))?;
            work.manifest.tags.quarantined.retain(|q| *q != memory);
            let builder = replace(tx, work, memory)?;
            prune(work, &BTreeSet::from([memory]));
            let new = New { id: memory, identity, author, note, own, basis: &basis, ends: &ends };
            let label = put_note(tx, work, new, builder)?;
            tx.log(work, AuditEvent::MemoryKept { record: memory, label, gesture })
        })
    }

    /// Deletes a memory with all that it said before: the keys that sealed its bodies are dropped,
    /// the catalog is written anew without it. What was derived from it is quarantined. The entry.
    /// A [whole conversation](crate::HealthSpace::delete_conversation) is deleted in one call.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such memory or turn.
    pub fn delete_memory(&self, memory: RecordId, gesture: Gesture) -> Result<u64> {
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let identity = find(tx, w, at, memory)?.identity;
            let entries = delete_notes(tx, w, at, &[(memory, identity)], &gesture)?;
            entries.first().copied().ok_or(Error::Internal(135))
        })
    }

    /// The memories here that were made from a record, directly or through other memories here, for
    /// the person to look through: as [`memories`](Self::memories).
    ///
    /// # Errors
    /// As [`memories`](Self::memories).
    pub fn derived_from(&self, record: RecordId) -> Result<Audited<Vec<Memory>>> {
        let (txn, state) = self.inner.read()?;
        let at = state.position(&self.name)?;
        let scope = state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
        let (notes, _) = versions_of_notes(&self.inner.base, &*txn, scope, &BTreeSet::new())?;
        drop(txn);
        let of = scope.ordinal;
        // Wherever it stands: one of a partition that is not open here is named, too.
        let wherever = notes.iter().flat_map(|v| v.note.parents.iter().copied()).filter(|p| p.id == record).collect();
        let reached = reach(wherever, notes.iter());
        let of = |r: RecordRef<'_>, note: Note, basis: &Basis, q| {
            (r.id() != record && reached.contains(&Place { of, id: r.id() })).then(|| note.memory(r, basis, q))
        };
        self.look(Kind::Memory, b"derived", of, |all| all)
    }
}

/// Deletes notes with all that they said before; what was derived from them is quarantined. The entries.
pub(super) fn delete_notes(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    at: usize,
    notes: &[(RecordId, Identity)],
    gesture: &Gesture,
) -> Result<Vec<u64>> {
    let work = w.work(tx, Target::Partition(at))?;
    let catalog = std::sync::Arc::clone(&work.scope.readable);
    let mut gone = BTreeSet::new();
    let mut versions = Vec::with_capacity(notes.len());
    for (_, identity) in notes {
        let before = gone.len();
        for record in catalog.versions(identity) {
            gone.insert(record.id());
            drop_body(tx, work, record)?;
        }
        versions.push((gone.len() - before) as u64);
    }
    forget(tx, work, &gone)?;
    work.manifest.tags.quarantined.retain(|q| !gone.contains(q));
    prune(work, &gone);
    let mut entries = Vec::with_capacity(notes.len());
    for ((record, _), versions) in notes.iter().zip(versions) {
        let gesture = gesture.clone();
        entries.push(tx.log(work, AuditEvent::MemoryDeleted { record: *record, versions, gesture })?);
    }
    quarantine_derived(tx, w, at, &gone)?;
    Ok(entries)
}

fn find(tx: &Tx<'_>, w: &Writing, at: usize, memory: RecordId) -> Result<Found> {
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
    let record = scope.catalog()?.find_record(&memory).ok_or(Error::NotFound)?;
    if !is_note(record.type_name()) || record.is_history() {
        return Err(Error::NotFound);
    }
    let mut note = open_note(tx.base, &*tx.txn, scope, record)?;
    note.label = note.label_in(record);
    let (tag, own) = (scope.tag_of(record), record.obligations());
    Ok(Found { note, tag, identity: record.identity(), author: record.author(), own })
}

/// Makes room for a note under its own id: the old body is gone with its key.
fn replace(tx: &mut Tx<'_>, work: &mut Work, id: RecordId) -> Result<SegmentBuilder> {
    let catalog = std::sync::Arc::clone(&work.scope.readable);
    drop_body(tx, work, catalog.find_record(&id).ok_or(Error::NotFound)?)?;
    let mut builder = SegmentBuilder::new();
    builder.retire(id);
    Ok(builder)
}

fn drop_body(tx: &mut Tx<'_>, work: &mut Work, record: RecordRef<'_>) -> Result<()> {
    let object = record.object();
    tx.txn.delete(&work.scope.id, object.number >> 8)?;
    tx.drop_group(work, object.group)
}

/// Forgets the tags that only these versions had: a label and its grants tell something, too.
pub(in crate::vault) fn prune(work: &mut Work, gone: &BTreeSet<RecordId>) {
    let catalog = std::sync::Arc::clone(&work.scope.readable);
    let mut unused = work.manifest.tags.names();
    for note in notes_of(&catalog) {
        // There are few tags, and the first of many notes have them all.
        if unused.is_empty() {
            return;
        }
        let identity = note.identity();
        let stays = catalog.versions(&identity).filter(|r| !gone.contains(&r.id()));
        stays.for_each(|r| _ = unused.remove(&r.content()));
    }
    work.manifest.tags.forget(&unused);
}

fn as_history(builder: &mut SegmentBuilder, r: RecordRef<'_>) {
    builder.add(NewRecord {
        id: r.id(),
        identity: r.identity(),
        content: r.content(),
        object: r.object(),
        origins: &r.origins(),
        author: r.author(),
        confidentiality: r.confidentiality(),
        sensitivities: r.sensitivities(),
        obligations: r.obligations(),
        type_name: r.type_name(),
        facts: &[],
        series: None,
        revision: r.revision(),
        history: true,
    });
}

/// Writes the segments that hold these records anew without them: a retirement alone would leave
/// their words where they are until a merge.
fn forget(tx: &mut Tx<'_>, work: &mut Work, gone: &BTreeSet<RecordId>) -> Result<()> {
    for at in 0..work.manifest.segments.len() {
        let Some(s) = work.manifest.segments.get(at).filter(|s| s.staged == 0) else { continue };
        let segment = work.segments.get(&s.key()).ok_or(Error::Internal(92))?;
        if !gone.iter().any(|id| segment.holds(id)) {
            continue;
        }
        let bytes = catalog::rewrite(&[&**segment], &Keep { record: &|id, _| !gone.contains(id), ..Keep::ALL })?;
        tx.replace_segment(work, at, &bytes)?;
    }
    Ok(())
}

//! Writing memories and turns: only where the session's label lets them flow.

use super::parents::{Named, Parents};
use super::{New, Note, Place, Role, check_text, clearance, put_note};
use crate::audit::AuditEvent;
use crate::catalog::SegmentBuilder;
use crate::consent::Action;
use crate::crypto::random_array;
use crate::error::{Error, Malformed, Result};
use crate::id::{Identity, RecordId, Timestamp};
use crate::label::PartitionKind;
use crate::label::{Integrity, Label};
use crate::policy::{Sink, Tag, may_flow};
use crate::record::Author;
use crate::vault::flow::{Value, cleared_for};
use crate::vault::ingest::Partition;
use crate::vault::scope::Scope;
use crate::vault::session::Session;
use crate::vault::state::Target;

/// What came of writing.
enum Outcome {
    Stored(RecordId),
    /// It may not flow there.
    Stopped,
    /// The person refuses that what it rests on is remembered.
    Refused,
}

/// What is to be written.
struct Writing<'a> {
    text: &'a str,
    parents: &'a [Place],
    role: Option<Role>,
    author: Author,
    /// Of the text; the session's own is joined.
    tag: Tag,
    /// Whether the session was shown what it rests on, and an assistant wrote it.
    shown: bool,
}

impl Session {
    /// Remembers a statement where what this session has read may stay: the first partition that is
    /// cleared for its label and that is there for it, as [`remember_in`](Self::remember_in) says. The library gives it the session's label, joined with that of
    /// `from`; the host cannot choose one. The session's own label is raised by that of `from`: what
    /// another conversation was shown has reached this one.
    ///
    /// # Errors
    /// [`Error::FlowDenied`] where no open partition is cleared; [`Error::Denied`], logged, where a consent
    /// refuses that this recipient remembers ([`Action::Remember`]) what it rests on; [`Error::Malformed`] for an
    /// empty text, [`Error::TooLarge`] for one over 16 KiB or made from more than 4096 records;
    /// [`Error::NotFound`] where something that it is made from is in no partition that is open here,
    /// is quarantined, or was replaced by a newer version, or where a record of a list may not be
    /// seen by this session; that is logged as a refusal.
    pub fn remember(&self, text: &str, from: &(impl Parents + ?Sized)) -> Result<RecordId> {
        let (txn, state, stored) = self.look()?;
        let mut floating = self.floating();
        let named = match from.parents() {
            Named::Released(places, tag) => Ok((places, tag)),
            Named::Ids(ids) => self.places_of(&*txn, &state, &ids),
        };
        if matches!(named, Err(Error::NotFound)) {
            drop(txn);
            self.log_guess(&self.asking(Action::Read, b""))?;
            return Err(Error::NotFound);
        }
        let (parents, of) = named?;
        floating.raise(&of);
        floating.raise(&stored);
        drop(txn);
        let label = floating.tag().label;
        let mut cleared = Vec::new();
        for p in &state.partitions {
            if may_flow(label, Sink::Partition(clearance(p)), self.purpose) && self.is_there(&state, p)? {
                cleared.push(p);
            }
        }
        // What came from a partition goes back to it first.
        let own = cleared.iter().find(|p| p.label().origins.is_subset(label.origins));
        let place = own.or(cleared.last());
        let name = match place {
            Some(p) => p.policy.name.clone(),
            None => state.first_health()?,
        };
        let tag = floating.tag().clone();
        let author = Author::Assistant;
        self.write_note(&name, Writing { text, parents: &parents, role: None, author, tag, shown: true })
    }

    /// Remembers a statement in a partition of the caller's choice: the first general one, the first
    /// health one, or one of which a grant lets this session see something.
    ///
    /// # Errors
    /// [`Error::Denied`], logged, for any other, whether there is one of that name or not.
    /// [`Error::FlowDenied`] where the partition is not cleared for what this session, or an
    /// earlier run of its conversation, has read; the refusal is logged. Otherwise as
    /// [`remember`](Self::remember).
    pub fn remember_in(&self, partition: &str, text: &str) -> Result<RecordId> {
        let tag = self.floating().tag().clone();
        let author = Author::Assistant;
        self.write_note(partition, Writing { text, parents: &[], role: None, author, tag, shown: true })
    }

    /// Remembers a value, hidden or not, under its own label joined with the session's, with its
    /// parents. The session's label is not raised by what it was not shown.
    ///
    /// # Errors
    /// [`Error::Denied`] and [`Error::FlowDenied`] as [`remember_in`](Self::remember_in).
    /// [`Error::Malformed`] for a held record: it is where it is.
    pub fn keep(&self, value: &Value, partition: &str) -> Result<RecordId> {
        self.write_value(value, partition, None)
    }

    /// Appends a turn to this conversation, in a partition. The person's turn is one that they
    /// vouched for: [`Session::heard`].
    ///
    /// # Errors
    /// As [`keep`](Self::keep); [`Error::Malformed`] where a turn of the person is not theirs.
    pub fn append(&self, partition: &str, role: Role, value: &Value) -> Result<RecordId> {
        if role == Role::Person && value.label().integrity < Integrity::User {
            return Err(Error::Malformed(Malformed::Argument));
        }
        self.write_value(value, partition, Some(role))
    }

    fn write_value(&self, value: &Value, partition: &str, role: Option<Role>) -> Result<RecordId> {
        value.is_of(&self.inner)?;
        let text = value.text().ok_or(Error::Malformed(Malformed::Argument))?;
        let tag = value.tag().clone();
        let (parents, author) = (value.places(), value.author());
        self.write_note(partition, Writing { text, parents, role, author, tag, shown: false })
    }

    fn write_note(&self, partition: &str, writing: Writing<'_>) -> Result<RecordId> {
        let Writing { text, parents, role, author, tag: mut of, shown } = writing;
        check_text(text)?;
        self.must_be_there(partition, &self.asking(Action::Read, b"write"))?;
        let asking = self.asking(Action::Remember, b"remember");
        let outcome = self.inner.write(|tx, w| {
            let at = w.state.position(partition)?;
            // Another handle of this conversation may have read more meanwhile.
            let mut floating = self.floating();
            floating.raise(&self.stored(tx, w)?);
            of.label = of.label.join(w.state.protection_of(parents));
            if shown {
                floating.raise(&of);
            }
            let tag = if shown { of.clone().by_assistant() } else { of.clone() };
            if floating.tag() != self.floating().tag() {
                self.store_label(tx, w, partition, floating.tag())?;
            }
            if !w.state.all_stand(parents, Timestamp::from_millis(tx.now))? {
                return Err(Error::NotFound);
            }
            let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            let allowed = floating.may_write(&tag, Sink::Partition(clearance(scope)), self.purpose);
            let tag = floating.written(&tag);
            let (ends, now) = (w.state.ends(&tag.basis, Timestamp::from_millis(tx.now)), tx.now_in(scope));
            if !allowed {
                let (label, into) = (tag.label, Some(scope.id));
                let work = w.work(tx, Target::Partition(cleared_for(&w.state, label)))?;
                let (purpose, actor) = (Some(self.purpose), self.actors.first().cloned());
                let event = AuditEvent::FlowDenied { label, into, purpose, actor };
                let (log, entry) = (work.scope.id, tx.log(work, event)?);
                self.note_use(tx, w, log, entry)?;
                return Ok(Outcome::Stopped);
            }
            let rests_on = |p: &&Scope| p.label().origins.is_subset(tag.label.origins);
            if w.state.partitions.iter().filter(rests_on).any(|p| self.inner.refuses(&w.state, p, &asking, tx.now)) {
                return Ok(Outcome::Refused);
            }
            let own = w.state.own_obligations(tag.label);
            let work = w.work(tx, Target::Partition(at))?;
            let id = RecordId(random_array()?);
            let note = Note {
                text: text.to_owned(),
                label: tag.label,
                parents: parents.to_vec(),
                conversation: self.conversation(),
                at: now,
                role,
                place: 0,
            };
            let (identity, basis) = (Identity(random_array()?), &tag.basis);
            let new = New { id, identity, author, note, own, basis, ends: &ends };
            let label = put_note(tx, work, new, SegmentBuilder::new())?;
            let event = match role {
                Some(_) => AuditEvent::TurnAppended { record: id, conversation: self.conversation(), label },
                None => AuditEvent::Remembered { record: id, parents: parents.len() as u64, label },
            };
            let (log, entry) = (work.scope.id, tx.log(work, event)?);
            self.note_use(tx, w, log, entry)?;
            Ok(Outcome::Stored(id))
        })?;
        match outcome {
            Outcome::Stored(id) => Ok(id),
            Outcome::Stopped => Err(Error::FlowDenied),
            Outcome::Refused => {
                self.inner.log_refusal(self.home(), &asking)?;
                Err(Error::Denied)
            }
        }
    }
}

impl Partition {
    /// Files are health data: a general partition takes none, and the attempt is logged.
    pub(crate) fn takes_files(&self) -> Result<()> {
        let state = self.inner.peek()?;
        let at = state.position(&self.name)?;
        if state.partitions.get(at).is_some_and(|p| p.policy.kind == PartitionKind::Health) {
            return Ok(());
        }
        self.inner.write(|tx, w| {
            let work = w.work(tx, Target::Partition(w.state.position(&self.name)?))?;
            let (label, into) =
                (Label { origins: crate::label::Origins::NONE, ..Label::health(0) }, Some(work.scope.id));
            tx.log(work, AuditEvent::FlowDenied { label, into, purpose: None, actor: None })
        })?;
        Err(Error::FlowDenied)
    }
}

//! Lowering a label, by the person alone: a consent that names what is dropped and where it goes,
//! a request that no model can make, and an entry that is durable before the value exists.

use super::endorse::cleared_for;
use super::value::{Content, Value};
use crate::audit::{AuditEvent, Gesture};
use crate::catalog::SegmentBuilder;
use crate::consent::Standing;
use crate::crypto::random_array;
use crate::error::{Error, Result};
use crate::id::{ConversationId, GrantId, Identity, RecordId, Timestamp};
use crate::label::{Integrity, Label, Lowering, Origins, Purpose};
use crate::policy::{Basis, Sink, may_flow};
use crate::vault::ingest::Partition;
use crate::vault::memory::{New, Note, Place, check_text, clearance, is_note, open_note, put_note};
use crate::vault::space::HealthSpace;
use crate::vault::state::{State, Target, Writing};
use crate::vault::tx::Tx;

/// What is to be moved, where, and under which consent.
#[derive(Debug)]
pub struct Declassify<'a> {
    /// A text, or a held memory.
    pub value: &'a Value,
    /// Into which partition: the one that the consent names.
    pub into: &'a str,
    /// The consent: [`HealthSpace::declassify_request`].
    pub grant: GrantId,
    /// What is dropped besides that which must be so that it may stand there.
    pub also: Lowering,
}

/// What was found to hold, under the write lock.
struct Settled {
    /// Where the value comes from, by position.
    from: usize,
    /// Where it goes, by position.
    into: usize,
    /// Its label, with what has been said since of what it was made from.
    before: Label,
    after: Label,
}

impl Partition {
    /// A memory as a value, for the person to pass on: what it says is shown to nobody by this.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such memory or turn, or it is quarantined.
    pub fn memory_value(&self, memory: RecordId) -> Result<Value> {
        let (_txn, state) = self.inner.read()?;
        let scope = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
        let now = Timestamp::from_millis(self.inner.base.env.now().as_millis().max(state.floor()));
        let shown = state.shown(scope, now)?;
        let found = shown.find_record(&memory).filter(|r| is_note(r.type_name()) && !r.is_history());
        let record = found.ok_or(Error::NotFound)?;
        Ok(Value {
            space: self.inner.base.space,
            content: Content::Held(self.name.clone()),
            tag: scope.tag_of(record),
            parents: vec![Place { of: scope.ordinal, id: memory }],
            author: record.author(),
            spoken: Vec::new(),
        })
    }
}

impl HealthSpace {
    /// Copies a statement into a partition that its label does not let it flow into. The new memory
    /// keeps purposes, obligations, integrity and parents; it loses the confidentiality,
    /// sensitivities and origins that must be lost to stand there, and what `also` names, where the
    /// consent names all of it. The entry is committed first; the memory stands only as long as the
    /// consent does.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, consent::Recipient, import::Source, record::Category};
    /// # use healthspace::{Confidentiality, Declassify, Environment, Error, HealthSpace, KdfParams, Lowering, Purpose, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-declassify-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = || Gesture { method: "tap".into(), evidence: [0; 32] };
    /// # let session = space.session(Recipient::model("eu-llm")?, Purpose::PatientRequest)?;
    /// let id = session.remember_in("health", "Needs a low-salt diet")?;
    /// let value = space.partition("health")?.memory_value(id)?;
    /// // What may be dropped and where it may go, said in the notice and enforced.
    /// let ask = space.declassify_request("health", "general", Purpose::PatientRequest);
    /// let ask = ask.dropping(Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE });
    /// println!("{}", ask.notice("en")?);
    /// let grant = ask.confirm(gesture())?.id();
    /// let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
    /// // A model cannot ask for it; the person can.
    /// let model = session.say("Please tell the cook")?;
    /// assert!(matches!(space.declassify(&what, &model, gesture()), Err(Error::FlowDenied)));
    /// let person = session.heard("Tell the cook", gesture())?;
    /// space.declassify(&what, &person, gesture())?;
    /// assert_eq!(space.partition("general")?.memories()?.value().len(), 1);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// `request` is what the person said to ask for it, which no model can make: a value of the
    /// person's integrity, from [`Session::heard`](crate::Session::heard) or
    /// [`endorse`](Self::endorse). `gesture` is the person's presence now.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such consent is known here, or the value is quarantined.
    /// [`Error::FlowDenied`], logged, where the consent is not in force or names another partition,
    /// where something is to be dropped that it does not name, where the result could still not
    /// stand there, or where the request is not the person's. [`Error::NoSuchPartition`] where
    /// either partition is not open here.
    pub fn declassify(&self, what: &Declassify<'_>, request: &Value, gesture: Gesture) -> Result<RecordId> {
        what.value.is_of(&self.inner)?;
        request.is_of(&self.inner)?;
        let id = RecordId(random_array()?);
        let settled = self.inner.write(|tx, w| {
            // Refused before anything is looked at: the answer tells a model nothing.
            let asked = request.label().integrity >= Integrity::User;
            let settled = if asked { settle(tx, &w.state, what)? } else { None };
            let Some(Settled { from, before, after, .. }) = settled else {
                let before = what.value.label();
                let into = w.state.partitions.get(w.state.position(what.into)?).map(|p| p.id);
                let work = w.work(tx, Target::Partition(cleared_for(&w.state, before)))?;
                // The person asks for it, or a model in their place: nobody would have been given it.
                tx.log(work, AuditEvent::FlowDenied { label: before, into, purpose: None, actor: None })?;
                return Ok(None);
            };
            let work = w.work(tx, Target::Partition(from))?;
            tx.log(work, AuditEvent::Declassified { record: id, grant: what.grant, before, after, gesture })?;
            Ok(Some(after))
        })?;
        let after = settled.ok_or(Error::FlowDenied)?;
        // The entry is durable. Whatever ended meanwhile ends this too.
        let written = self.inner.write(|tx, w| {
            let Some(settled) = settle(tx, &w.state, what)?.filter(|s| s.after == after) else { return Ok(false) };
            put(tx, w, what, id, &settled).map(|()| true)
        })?;
        if written { Ok(id) } else { Err(Error::FlowDenied) }
    }
}

/// Whether a declassification holds now; `None` where it does not.
fn settle(tx: &Tx<'_>, state: &State, what: &Declassify<'_>) -> Result<Option<Settled>> {
    let into = state.lowering_at(what.grant).ok_or(Error::NotFound)?;
    let target = state.partitions.get(into).ok_or(Error::NoSuchPartition)?;
    let doc = target.policy.lowering(what.grant).ok_or(Error::NotFound)?;
    let terms = doc.spec.terms();
    let from = state.partitions.iter().position(|p| p.id == terms.from.scope).ok_or(Error::NoSuchPartition)?;
    let source = state.partitions.get(from).ok_or(Error::NoSuchPartition)?;
    let now = Timestamp::from_millis(tx.now_in(source).max(tx.now_in(target)));
    let denied = target.manifest.denied.contains(&what.grant)
        || source.manifest.denied.contains(&what.grant)
        || target.policy.suspended.contains(&what.grant);
    stands(state, what.value, now)?;
    // A statement is lowered, not what a source said.
    let held = what.value.text().is_none();
    let noted = |place: &Place| state.record_at(*place).is_some_and(|r| is_note(r.type_name()));
    if held && !what.value.places().iter().all(noted) {
        return Ok(None);
    }
    if denied || doc.standing(now) != Standing::InForce || state.position(what.into)? != into {
        return Ok(None);
    }
    let bound = Lowering { origins: Origins::partition(source.ordinal), ..terms.lowering };
    // More may be said of a record than when the value was made from it.
    let before = what.value.label().join(state.protection_of(what.value.places()));
    let clearance = clearance(target);
    let by = Lowering::to_fit(before, clearance).and(what.also);
    let own = Label { integrity: Integrity::Clinician, ..target.label() };
    let after = before.lowered(&by).join(own);
    let fits = may_flow(after, Sink::Partition(clearance), terms.purpose) && terms.purpose != Purpose::MlTraining;
    if !by.is_within(&bound) || by.frees_for_training() || !fits {
        return Ok(None);
    }
    Ok(Some(Settled { from, into, before, after }))
}

/// What a value was made from must be there, and every grant that it rests on must stand.
fn stands(state: &State, value: &Value, now: Timestamp) -> Result<()> {
    if !state.all_stand(value.places(), now)? {
        return Err(Error::NotFound);
    }
    if value.tag().basis.iter().any(|g| state.is_over(g, now)) { Err(Error::NotFound) } else { Ok(()) }
}

fn put(tx: &mut Tx<'_>, w: &mut Writing, what: &Declassify<'_>, id: RecordId, settled: &Settled) -> Result<()> {
    let (text, conversation) = content(tx, &w.state, what.value)?;
    check_text(&text)?;
    let basis = Basis::of(what.value.tag().basis.iter().chain([what.grant]));
    let parents = what.value.places().to_vec();
    let ends = w.state.ends(&basis, Timestamp::from_millis(tx.now));
    let at = w.state.partitions.get(settled.into).map_or(tx.now, |p| tx.now_in(p));
    let note = Note { text, label: settled.after, parents, conversation, at, role: None, place: 0 };
    let record = AuditEvent::Remembered { record: id, parents: note.parents.len() as u64, label: settled.after };
    let own = w.state.own_obligations(settled.before);
    let work = w.work(tx, Target::Partition(settled.into))?;
    let (identity, author) = (Identity(random_array()?), what.value.author());
    let new = New { id, identity, author, note, own, basis: &basis, ends: &ends };
    put_note(tx, work, new, SegmentBuilder::new())?;
    tx.log(work, record).map(|_| ())
}

/// The text of a value and the conversation that it was written in; none for what was not stored.
fn content(tx: &Tx<'_>, state: &State, value: &Value) -> Result<(String, ConversationId)> {
    if let Some(text) = value.text() {
        return Ok((text.to_owned(), ConversationId([0; 16])));
    }
    let Content::Held(partition) = &value.content else { return Err(Error::Internal(94)) };
    let scope = state.partitions.get(state.position(partition)?).ok_or(Error::NoSuchPartition)?;
    let place = value.places().first().ok_or(Error::NotFound)?;
    let record = scope.catalog()?.find_record(&place.id).ok_or(Error::NotFound)?;
    let note = open_note(tx.base, &*tx.txn, scope, record)?;
    Ok((note.text, note.conversation))
}

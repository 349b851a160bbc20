//! Holding, revealing and passing on: what a session does with values.

use super::endorse::cleared_for;
use super::endpoint::Endpoint;
use super::value::{Content, Value};
use crate::audit::{AuditEvent, ReleaseKind};
use crate::catalog::{RecordRef, View};
use crate::consent::{Action, Recipient};
use crate::crypto::context::Class;
use crate::error::{Error, Part, Result};
use crate::id::{RecordId, SpaceId};
use crate::label::{Label, Purpose};
use crate::policy::Tag;
use crate::record::Author;
use crate::vault::memory::{Place, check_text, is_note, open_note};
use crate::vault::permitted::{Visible, block_record};
use crate::vault::release::{Asking, Audited, Release, is_refusal};
use crate::vault::session::Session;
use crate::vault::state::Target;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What a model (or a tool) is called with, and what its answer will carry. The session that makes
/// the call is not tainted by it: neither the contents nor the answer are shown to it.
pub struct Call {
    space: SpaceId,
    contents: Vec<Zeroizing<String>>,
    tag: Tag,
    parents: Vec<Place>,
    spoken: Vec<(Recipient, Purpose)>,
}

impl core::fmt::Debug for Call {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Call(..)")
    }
}

impl Call {
    /// The inputs in the order given, for the endpoint alone: a host that shows them to anybody
    /// else has left what this library can follow.
    pub fn contents(&self) -> impl ExactSizeIterator<Item = &str> {
        self.contents.iter().map(|c| c.as_str())
    }

    /// The label that the answer will carry.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.tag.label
    }

    /// The answer, still hidden: it carries the label of all inputs and of the session as it was
    /// at the call, at most an AI's integrity, and the parents of all inputs.
    ///
    /// # Errors
    /// [`Error::Malformed`] for an empty text, [`Error::TooLarge`] for one over 16 KiB.
    pub fn finish(&self, text: &str) -> Result<Value> {
        check_text(text)?;
        let value = Value::of_text(self.space, text, Author::Assistant, self.tag.clone().by_assistant());
        Ok(Value { parents: self.parents.clone(), spoken: self.spoken.clone(), ..value })
    }
}

/// Contents, by which input each is.
type Opened = Vec<(usize, Zeroizing<String>)>;

/// What is to be released from one partition.
#[derive(Default)]
struct FromOne {
    /// Records to be opened, and which input each is.
    held: Vec<(RecordId, usize)>,
    /// Records that texts were made from.
    behind: Vec<RecordId>,
}

impl Session {
    /// A record that a grant lets this session see in whole, without opening it: nothing is
    /// released and nothing tainted, until it is revealed or passed on.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the record is in no open partition, no grant covers reading there
    /// or it may not be seen in whole, and where records of several partitions have this id, none of them
    /// in the one that the session is [within](Session::within): one answer, and one entry of a refusal.
    pub fn hold(&self, record: RecordId) -> Result<Value> {
        let (txn, state, _) = self.look()?;
        let mut found = Vec::new();
        let asking = self.asking(Action::Read, b"hold");
        // Refused or not there: not told apart, or an id could be tried.
        for p in &state.partitions {
            let shown = state.shown(p, self.now())?;
            let Some(r) = shown.find_record(&record) else { continue };
            let permit = match self.inner.decide(&state, p, &asking) {
                Err(e) if is_refusal(&e) => continue,
                other => other?,
            };
            let view = View::new(&shown, permit.filter());
            if r.series().is_some() || !view.sees_whole(r) {
                continue;
            }
            let own = Label { obligations: permit.obligations(), ..Label::BOTTOM };
            let tag = Tag { label: own, basis: self.inner.basis_of(&state, p, &asking, &permit, &view, r) };
            found.push(Value {
                space: self.inner.base.space,
                content: Content::Held(p.policy.name.clone()),
                tag: p.tag_of(r).join(&tag),
                parents: vec![Place { of: p.ordinal, id: record }],
                author: r.author(),
                spoken: Vec::new(),
            });
        }
        drop(txn);
        // An id is what anybody can give to a record of their own: none is taken for another.
        let within = |v: &Value| matches!((&v.content, self.reads()), (Content::Held(p), Some(reads)) if p == reads);
        let place = found.iter().position(within).or((found.len() == 1).then_some(0));
        if let Some(at) = place {
            return Ok(found.swap_remove(at));
        }
        self.log_guess(&asking)?;
        Err(Error::NotFound)
    }

    /// What this session says: it carries the session's label, at most with an AI's integrity.
    ///
    /// # Errors
    /// [`Error::Malformed`] for an empty text, [`Error::TooLarge`] for one over 16 KiB, and what reading
    /// can yield: another handle of this conversation may have been shown more.
    pub fn say(&self, text: &str) -> Result<Value> {
        check_text(text)?;
        Ok(self.spoken(text, Author::Assistant, self.caught_up()?.said()))
    }

    pub(super) fn spoken(&self, text: &str, author: Author, tag: Tag) -> Value {
        let spoken = if tag.basis.is_empty() { Vec::new() } else { self.audience() };
        Value { spoken, ..Value::of_text(self.inner.base.space, text, author, tag) }
    }

    /// Who is shown what this session speaks, and what for.
    fn audience(&self) -> Vec<(Recipient, Purpose)> {
        self.actors.iter().map(|a| (a.clone(), self.purpose)).collect()
    }

    /// Shows a value to this session: its label is raised by the value's and stored. Of a record,
    /// or of what was made from records, that is a release like any other, decided now, with an
    /// entry that is durable first.
    ///
    /// # Errors
    /// [`Error::Denied`] and [`Error::NotFound`] where the records behind it may no longer be seen, or
    /// a grant that a text rests on has ended;
    /// [`Error::FlowDenied`], logged, where it rests on what only another recipient was shown, or this
    /// one for another purpose.
    pub fn reveal(&self, value: &Value) -> Result<String> {
        value.is_of(&self.inner)?;
        if !self.actors.iter().all(|a| value.is_for(a, self.purpose)) {
            return Err(self.stopped(value.label(), None)?);
        }
        // Also where nothing is stored by it.
        let mut raised = self.caught_up()?;
        self.grants_stand(&[value])?;
        let parts = self.parts(&[value])?;
        if parts.is_empty() {
            raised.raise(value.tag());
            let place = self.home().to_owned();
            self.shown(&place, raised.tag())?;
        }
        let asking = self.asking(Action::Read, b"reveal");
        let out = self.inner.release_together(&asking, &parts, &open, &mut |tx, w, tag| {
            let tag = tag.clone().join(value.tag());
            parts.keys().try_for_each(|partition| self.store_label(tx, w, partition, &tag))
        })?;
        let opened = out.into_iter().find_map(|part| part.into_value().pop());
        let opened = opened.map(|(_, text)| text.to_string());
        opened.or_else(|| value.text().map(str::to_owned)).ok_or(Error::NotFound)
    }

    fn shown(&self, partition: &str, tag: &Tag) -> Result<()> {
        if self.floating().tag() == tag {
            return Ok(());
        }
        self.inner.write(|tx, w| self.store_label(tx, w, partition, tag))
    }

    /// Calls a model with values that this session need not have seen. The join of their labels and
    /// the session's must be within the endpoint's clearance; the records behind them are released
    /// to the endpoint, decided for it and entered under its name. The session is not tainted.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, consent::Recipient, import::Source, record::Category};
    /// # use healthspace::{catalog::Query, Endpoint, Environment, Error, HealthSpace, KdfParams, Obligations, Purpose, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-call-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = || Gesture { method: "tap".into(), evidence: [0; 32] };
    /// # let file = br#"{"resourceType":"Observation","id":"1","status":"final","category":[{"coding":[{"code":"laboratory"}]}],
    /// #   "code":{"text":"LDL"},"effectiveDateTime":"2026-01-05","valueQuantity":{"value":112.5,"unit":"mg/dL"}}"#;
    /// # space.partition("health")?.import(Source::bytes(file.to_vec())?)?;
    /// # let llm = Recipient::model("eu-llm")?;
    /// # let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    /// # let ask = ask.recipient(llm.clone());
    /// # ask.notice("en")?;
    /// # ask.confirm(gesture())?;
    /// # let found = space.session(llm.clone(), Purpose::PatientRequest)?.query(&Query::default())?;
    /// # let record = found.value()[0].record;
    /// let session = space.session(llm.clone(), Purpose::PatientRequest)?;
    /// // Held, not read: the session stays what it was.
    /// let held = session.hold(record)?;
    /// let question = session.say("One sentence for a cook:")?;
    /// let keeps = Endpoint::cleared(Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE));
    /// let call = session.model_call(&[&question, &held], &Endpoint::model(llm, keeps))?;
    /// assert!(call.contents().any(|c| c.contains("112.5")));
    /// let answer = call.finish("Use less butter")?;
    /// assert!(answer.label().no_training() && !session.label().no_training());
    /// // Hidden or not, it goes where its label may flow.
    /// session.keep(&answer, "health")?;
    /// assert!(matches!(session.keep(&answer, "general"), Err(Error::FlowDenied)));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::FlowDenied`] where the endpoint is not cleared, or part of the inputs rests on what
    /// only this session's own recipient was shown, or, to a file, on what was shown to any; the
    /// refusal is logged. [`Error::Denied`] and [`Error::NotFound`] where no grant lets the endpoint
    /// see the records behind the inputs, or a grant that a text rests on has ended.
    pub fn model_call(&self, inputs: &[&Value], endpoint: &Endpoint) -> Result<Call> {
        self.pass(inputs, endpoint)
    }

    /// Writes a value to a tool, a screen or a file: what is to be handed there. Otherwise as
    /// [`model_call`](Self::model_call).
    ///
    /// # Errors
    /// As [`model_call`](Self::model_call).
    pub fn write(&self, value: &Value, endpoint: &Endpoint) -> Result<String> {
        let call = self.pass(&[value], endpoint)?;
        call.contents.into_iter().next().map(|c| c.to_string()).ok_or(Error::Internal(93))
    }

    fn pass(&self, inputs: &[&Value], endpoint: &Endpoint) -> Result<Call> {
        inputs.iter().try_for_each(|v| v.is_of(&self.inner))?;
        let floating = self.caught_up()?;
        let mut tag = floating.called(inputs.iter().map(|v| v.tag()));
        let cleared = floating.may_write(&tag, endpoint.sink(), self.purpose);
        // To export needs a grant of its own, and what a session spoke may rest on records that it
        // does not name.
        let exports = endpoint.action() == Action::Export;
        let meant = |v: &&Value| v.is_for(endpoint.recipient(), self.purpose) && (!exports || v.spoken.is_empty());
        if !cleared || !inputs.iter().all(meant) {
            return Err(self.stopped(tag.label, Some(endpoint.recipient()))?);
        }
        self.grants_stand(inputs)?;
        let texts = inputs.iter().map(|v| Zeroizing::new(v.text().unwrap_or_default().to_owned()));
        let mut contents: Vec<Zeroizing<String>> = texts.collect();
        let actors = [endpoint.recipient().clone()];
        let parts = self.parts(inputs)?;
        // Emergency access is for whoever took it, not for what they call.
        let kind = if exports { ReleaseKind::File } else { ReleaseKind::Read };
        let asking = self.asking(endpoint.action(), b"call");
        let asking = Asking { actors: &actors, glass: None, shown_in: None, kind, ..asking };
        // The endpoint's own grant may ask for more than the endpoint understands.
        let out = self.inner.release_together(&asking, &parts, &open, &mut |_, _, released| {
            tag = tag.clone().join(released);
            let cleared = floating.may_write(&tag, endpoint.sink(), self.purpose);
            if cleared { Ok(()) } else { Err(Error::FlowDenied) }
        });
        if matches!(out, Err(Error::FlowDenied)) {
            return Err(self.stopped(tag.label, Some(endpoint.recipient()))?);
        }
        for (at, text) in out?.into_iter().flat_map(Audited::into_value) {
            if let Some(slot) = contents.get_mut(at) {
                *slot = text;
            }
        }
        let mut parents: Vec<Place> = inputs.iter().flat_map(|v| v.parents.iter().copied()).collect();
        parents.sort_unstable();
        parents.dedup();
        let own = if floating.tag().basis.is_empty() { Vec::new() } else { self.audience() };
        let mut spoken: Vec<_> = inputs.iter().flat_map(|v| &v.spoken).chain(&own).cloned().collect();
        spoken.sort_unstable();
        spoken.dedup();
        Ok(Call { space: self.inner.base.space, contents, tag, parents, spoken })
    }

    /// A text goes nowhere once a grant that it rests on has ended, as no memory of it would. What
    /// is held is decided when it is opened.
    fn grants_stand(&self, inputs: &[&Value]) -> Result<()> {
        let now = self.now();
        let ended = {
            let (_txn, state) = self.inner.read()?;
            let mut grants = inputs.iter().filter(|v| v.text().is_some()).flat_map(|v| v.tag().basis.iter());
            grants.any(|g| state.is_over(g, now))
        };
        if !ended {
            return Ok(());
        }
        self.inner.log_refusal(self.home(), &self.asking(Action::Read, b"ended"))?;
        Err(Error::Denied)
    }

    /// The records behind values, by the partition that they stand in.
    fn parts(&self, inputs: &[&Value]) -> Result<BTreeMap<String, FromOne>> {
        let (_txn, state) = self.inner.read()?;
        let mut parts: BTreeMap<String, FromOne> = BTreeMap::new();
        for (at, value) in inputs.iter().enumerate() {
            match &value.content {
                Content::Held(partition) => {
                    let held = value.parents.first().map(|p| (p.id, at));
                    parts.entry(partition.clone()).or_default().held.extend(held);
                }
                Content::Text(_) => {
                    for place in &value.parents {
                        state.record_at(*place).ok_or(Error::NotFound)?;
                        let name = &state.of_ordinal(place.of).ok_or(Error::NotFound)?.policy.name;
                        parts.entry(name.clone()).or_default().behind.push(place.id);
                    }
                }
            }
        }
        Ok(parts)
    }

    /// A flow out of the space was stopped: it is logged where such a label may stand.
    /// Whoever would have been given it is named: the session's own recipient where nobody else is.
    fn stopped(&self, label: Label, to: Option<&Recipient>) -> Result<Error> {
        self.inner.write(|tx, w| {
            let work = w.work(tx, Target::Partition(cleared_for(&w.state, label)))?;
            let log = work.scope.id;
            let (purpose, actor) = (Some(self.purpose), to.or(self.actors.first()).cloned());
            let entry = tx.log(work, AuditEvent::FlowDenied { label, into: None, purpose, actor })?;
            self.note_use(tx, w, log, entry)
        })?;
        Ok(Error::FlowDenied)
    }
}

/// Opens held records, and counts those that texts were made from among what is released.
fn open(v: &Visible<'_>, part: &FromOne) -> Result<Release<Opened>> {
    let (mut value, mut items) = (Vec::new(), Vec::new());
    for (id, at) in &part.held {
        let record = v.catalog.find_record(id).ok_or(Error::NotFound)?;
        if record.series().is_some() || !v.view.sees_whole(record) {
            return Err(Error::NotFound);
        }
        v.join(&v.scope.tag_of(record));
        value.push((*at, body(v, record)?));
        items.push((*id, u16::MAX));
    }
    for id in &part.behind {
        let record = v.catalog.find_record(id).ok_or(Error::NotFound)?;
        if !v.view.sees_any(record) {
            return Err(Error::NotFound);
        }
        v.join(&v.scope.tag_of(record));
        items.push((*id, u16::MAX));
    }
    items.sort_unstable();
    items.dedup();
    let categories = v.categories_of(items.iter().map(|(id, _)| id));
    Ok(Release { value, items, categories, unread: 0 })
}

/// What a record says: of a memory its text, of anything else its source's bytes.
fn body(v: &Visible<'_>, record: RecordRef<'_>) -> Result<Zeroizing<String>> {
    let base = &v.inner.base;
    if is_note(record.type_name()) {
        return open_note(base, v.txn, v.scope, record).map(|n| Zeroizing::new(n.text));
    }
    let (object, mut block) = (record.object(), Zeroizing::new(Vec::new()));
    v.scope.open_object(base, v.txn, Class::Body, &object, &mut block)?;
    let text = core::str::from_utf8(block_record(&block, &object)?).map_err(|_| Error::Corrupt(Part::Body))?;
    Ok(Zeroizing::new(text.to_owned()))
}

//! Listing memories and turns: to a session by consent, to the person by themself.

use super::{Conversation, Memory, Note, Quarantine, Turn, open_note};
use crate::audit::ReleaseKind;
use crate::catalog::{Query, RecordRef, View};
use crate::consent::Action;
use crate::error::Result;
use crate::id::{ConversationId, Timestamp};
use crate::policy::{Basis, Tag};
use crate::record::Kind;
use crate::vault::check::or_damaged;
use crate::vault::ingest::Partition;
use crate::vault::release::{Audited, Release};
use crate::vault::session::Session;
use std::collections::{BTreeMap, BTreeSet};

fn of_kind(kind: Kind) -> Query {
    Query { kinds: vec![kind], ..Query::default() }
}

/// Turns in the order in which they were appended.
fn in_order(mut turns: Vec<(u64, Turn)>) -> Vec<Turn> {
    turns.sort_by_key(|(place, _)| *place);
    turns.into_iter().map(|(_, turn)| turn).collect()
}

fn placed(record: RecordRef<'_>, note: Note, basis: &Basis, quarantine: Option<Quarantine>) -> Option<(u64, Turn)> {
    let place = note.place;
    Some((place, note.turn(record, basis, quarantine)?))
}

/// The conversations of turns, that of the latest turn first.
fn by_conversation(turns: Vec<(ConversationId, Timestamp)>) -> Vec<Conversation> {
    let mut found: BTreeMap<ConversationId, Conversation> = BTreeMap::new();
    for (id, at) in turns {
        let c = found.entry(id).or_insert(Conversation { id, first: at, last: at, turns: 0 });
        (c.first, c.last, c.turns) = (c.first.min(at), c.last.max(at), c.turns + 1);
    }
    let mut list: Vec<_> = found.into_values().collect();
    list.sort_by_key(|c| core::cmp::Reverse(c.last));
    list
}

fn of_turn(note: &Note) -> (ConversationId, Timestamp) {
    (note.conversation, Timestamp::from_millis(note.at))
}

impl Session {
    /// What is remembered in a partition, the newest first, as far as grants reach: one release.
    /// What is quarantined is not among it, nor what is damaged: [`Audited::unread`] says how many there are.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) where no grant covers the request, and where there is no
    /// such partition: that is not told apart.
    pub fn memories(&self, partition: &str) -> Result<Audited<Vec<Memory>>> {
        self.recall(partition, Kind::Memory, b"memories", |r, note, basis| Some(note.memory(r, basis, None)), |all| all)
    }

    /// The turns of this conversation in a partition, the oldest first, as far as grants reach: one
    /// release. What is quarantined is not among them.
    ///
    /// # Errors
    /// As [`memories`](Self::memories).
    pub fn turns(&self, partition: &str) -> Result<Audited<Vec<Turn>>> {
        let own = |r: RecordRef<'_>, note: Note, basis: &Basis| {
            (note.conversation == self.conversation()).then(|| placed(r, note, basis, None)).flatten()
        };
        self.recall(partition, Kind::Turn, b"turns", own, in_order)
    }

    /// The conversations of which turns stand in a partition, that of the latest turn first, as far as
    /// grants reach: one release of those turns, by which they are told. Turns that are quarantined,
    /// and conversations without a turn, are not among it.
    ///
    /// # Errors
    /// As [`memories`](Self::memories).
    pub fn conversations(&self, partition: &str) -> Result<Audited<Vec<Conversation>>> {
        let all = |_: RecordRef<'_>, note: Note, _: &Basis| Some(of_turn(&note));
        self.recall(partition, Kind::Turn, b"conversations", all, by_conversation)
    }

    fn recall<T, U: PartialEq>(
        &self,
        partition: &str,
        kind: Kind,
        name: &[u8],
        pick: impl Fn(RecordRef<'_>, Note, &Basis) -> Option<T>,
        finish: impl Fn(Vec<T>) -> U,
    ) -> Result<Audited<U>> {
        self.release(partition, Action::Read, ReleaseKind::Read, name, &mut |v| {
            let (mut value, mut items, mut categories, mut unread) = (Vec::new(), Vec::new(), BTreeSet::new(), 0);
            for fact in v.view.query_facts(&of_kind(kind)) {
                let record = fact.record();
                let Some(note) = or_damaged(open_note(&v.inner.base, v.txn, v.scope, record))? else {
                    unread += 1;
                    continue;
                };
                let tag = v.scope.tag_of(record);
                if let Some(one) = pick(record, note, &tag.basis) {
                    v.join(&tag);
                    value.push(one);
                    items.push((record.id(), 0));
                    categories.insert(fact.class().category);
                }
            }
            Ok(Release { value: finish(value), items, categories, unread })
        })
    }
}

impl Partition {
    /// What is remembered here, the newest first, for the person to look through, quarantined or
    /// not: no grant is asked for, and an entry that names none is durable before anything is
    /// shown. Not for an assistant: nothing that this gives reaches the label of a session. Those that are
    /// damaged are not among it; [`Audited::unread`] says how many there are.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked), and what reading and writing can yield.
    pub fn memories(&self) -> Result<Audited<Vec<Memory>>> {
        let all = |r: RecordRef<'_>, note: Note, basis: &Basis, q| Some(note.memory(r, basis, q));
        self.look(Kind::Memory, b"memories", all, |all| all)
    }

    /// The turns of a conversation that stand here, the oldest first, for the person to look
    /// through; otherwise as [`memories`](Self::memories).
    ///
    /// # Errors
    /// As [`memories`](Self::memories).
    pub fn turns(&self, conversation: ConversationId) -> Result<Audited<Vec<Turn>>> {
        let of = |r: RecordRef<'_>, note: Note, basis: &Basis, q| {
            (note.conversation == conversation).then(|| placed(r, note, basis, q)).flatten()
        };
        self.look(Kind::Turn, b"turns", of, in_order)
    }

    /// The conversations of which turns stand here, that of the latest turn first, for the person to
    /// find one again; otherwise as [`memories`](Self::memories).
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, consent::Recipient, Environment, HealthSpace, KdfParams, Purpose, Role, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-conversations-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let llm = Recipient::model("eu-llm")?;
    /// # let session = space.session(llm.clone(), Purpose::PatientRequest)?;
    /// let said = session.say("Good morning")?;
    /// session.append("general", Role::Assistant, &said)?;
    /// let general = space.partition("general")?;
    /// let found = general.conversations()?.into_value();
    /// assert_eq!((found[0].id, found[0].turns), (session.conversation(), 1));
    /// assert_eq!(general.turns(found[0].id)?.value()[0].memory.text, "Good morning");
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`memories`](Self::memories).
    pub fn conversations(&self) -> Result<Audited<Vec<Conversation>>> {
        let all = |_: RecordRef<'_>, note: Note, _: &Basis, _: Option<Quarantine>| Some(of_turn(&note));
        self.look(Kind::Turn, b"conversations", all, by_conversation)
    }

    pub(super) fn look<T, U>(
        &self,
        kind: Kind,
        name: &[u8],
        pick: impl Fn(RecordRef<'_>, Note, &Basis, Option<Quarantine>) -> Option<T>,
        finish: impl Fn(Vec<T>) -> U,
    ) -> Result<Audited<U>> {
        self.inner.show(&self.name, name, |txn, state, scope, now| {
            let mut tag = Tag { label: scope.label(), basis: Basis::default() };
            let (mut value, mut items, mut categories, mut unread) = (Vec::new(), Vec::new(), BTreeSet::new(), 0);
            for fact in View::new(&scope.readable, &crate::record::Everything).query_facts(&of_kind(kind)) {
                let record = fact.record();
                let Some(note) = or_damaged(open_note(&self.inner.base, txn, scope, record))? else {
                    unread += 1;
                    continue;
                };
                let own = scope.tag_of(record);
                let quarantine = state.quarantine(scope, record, now);
                if let Some(one) = pick(record, note, &own.basis, quarantine) {
                    tag = tag.join(&own);
                    value.push(one);
                    items.push((record.id(), 0));
                    categories.insert(fact.class().category);
                }
            }
            Ok((Release { value: finish(value), items, categories, unread }, tag))
        })
    }
}

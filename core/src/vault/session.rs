//! Sessions: who asks and what for, with a label that floats up with every release.

use super::glass::Glass;
use super::manifest::ConversationEntry;
use super::permitted::Visible;
use super::release::{Asking, Audited, Release, is_refusal};
use super::rows::Base;
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::{Inner, State, Target, Writing};
use super::tx::Tx;
use super::uses::Counting;
use crate::audit::ReleaseKind;
use crate::catalog::{FactRow, Facts, Presence, Query};
use crate::consent::{Action, Among, Recipient};
use crate::crypto::hash::sha256;
use crate::crypto::random_array;
use crate::error::{Error, Result};
use crate::id::{ConversationId, ScopeId, Timestamp};
use crate::label::{Label, PartitionKind, Purpose};
use crate::policy::{Floating, Tag};
use crate::storage::ReadTxn;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A conversation of one recipient for one purpose.
///
/// Its label starts at the bottom and is raised by every release. It is stored with the
/// conversation in the same transaction as the entry, so a restart launders nothing; and so is for
/// whom and what for it was opened: for nobody and nothing else does it go on.
///
/// Once that is stored, and then gone from the partition that it was begun with, the session is over: by
/// [`delete_conversation`](HealthSpace::delete_conversation), or erased there with
/// [everything](crate::Erase::Everything). Whatever it is asked for is [`Error::NotFound`] then: what it, or another
/// handle of its conversation, was shown is not known any more, and no label would be high enough.
pub struct Session {
    pub(crate) inner: Arc<Inner>,
    pub(crate) actors: Vec<Recipient>,
    pub(crate) purpose: Purpose,
    conversation: ConversationId,
    home: String,
    /// What it reads; `None` for the first health partition.
    reads: Option<String>,
    /// Emergency access that it was begun with.
    pub(super) glass: Option<Glass>,
    floating: Mutex<Floating>,
    /// Whether the conversation was stored: one that is not any more was erased.
    was_stored: Arc<AtomicBool>,
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Session(..)")
    }
}

impl Scope {
    /// The label of whatever is read here.
    pub(crate) fn label(&self) -> Label {
        Label::of_partition(self.policy.kind, self.ordinal)
    }
}

impl HealthSpace {
    /// A new conversation on behalf of a recipient, for one purpose.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn session(&self, recipient: Recipient, purpose: Purpose) -> Result<Session> {
        let state = self.inner.peek()?;
        let general = state.partitions.iter().find(|p| p.policy.kind == PartitionKind::General);
        let home = general.or(state.partitions.first()).ok_or(Error::NoSuchPartition)?;
        let id = homed(random_array()?, home.id);
        Ok(self.begin(recipient, purpose, id, home, None))
    }

    /// A conversation that goes on, with the label that it had, for the recipient and the purpose
    /// that it was opened for: what was said in it was shown to that one, for that. It goes on where the partition
    /// is open that it was begun with (the first general one that was open, or else the first): its label is
    /// stored there whatever it reads, so that no handle goes on below what another was shown.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no partition that is open here knows the conversation, or it is
    /// another recipient's or of another purpose, or was begun with a partition that is not open here. A conversation that never released anything is not
    /// stored: begin a new one.
    pub fn resume(&self, conversation: ConversationId, recipient: Recipient, purpose: Purpose) -> Result<Session> {
        let (txn, state) = self.inner.read()?;
        let stored = state.conversation(&self.inner.base, &*txn, conversation)?;
        let over = state.is_gone_at_home(&self.inner.base, &*txn, conversation)?;
        drop(txn);
        let all = stored.iter().fold(Tag::bottom(), |tag, (_, c)| tag.join(&c.tag));
        // A partition of files says more than one that programs write in; several of them must agree.
        let of = |kind| stored.iter().filter(move |(k, _)| *k == kind).map(|(_, c)| (&c.recipient, c.purpose));
        let says = |kind| of(kind).next().is_some() && of(kind).all(|of| of == (&recipient, purpose));
        let files = of(PartitionKind::Health).next().is_some();
        if !says(if files { PartitionKind::Health } else { PartitionKind::General }) {
            return Err(Error::NotFound);
        }
        let home = state.home(conversation).ok_or(Error::NotFound)?;
        if over {
            return Err(Error::NotFound);
        }
        Ok(self.begin(recipient, purpose, conversation, home, Some(all)))
    }

    /// `stored` is what is known of the conversation; `None` of a new one.
    fn begin(
        &self,
        recipient: Recipient,
        purpose: Purpose,
        id: ConversationId,
        home: &Scope,
        stored: Option<Tag>,
    ) -> Session {
        Session {
            inner: Arc::clone(&self.inner),
            actors: vec![recipient],
            purpose,
            conversation: id,
            home: home.policy.name.clone(),
            reads: None,
            glass: None,
            was_stored: Arc::new(AtomicBool::new(stored.is_some())),
            floating: Mutex::new(Floating::at(stored.unwrap_or_else(Tag::bottom))),
        }
    }
}

/// Bytes of the id of a conversation that name its home.
const HOME: usize = 6;

/// An id of a conversation: random bytes, and behind them what tells by which partition it is at home.
fn homed(random: [u8; 16 - HOME], home: ScopeId) -> ConversationId {
    let mut id = [0; 16];
    let (head, tail) = id.split_at_mut(16 - HOME);
    head.copy_from_slice(&random);
    let named = sha256(&[b"healthspace/conversation-home/v1\0", &random, home.as_bytes()]);
    tail.iter_mut().zip(named).for_each(|(to, from)| *to = from);
    ConversationId(id)
}

impl State {
    /// The partition that a conversation is at home in; `None` where it is not open here. One that was begun before
    /// ids told it is at home in the first general partition, and goes on where all partitions are open.
    fn home(&self, id: ConversationId) -> Option<&Scope> {
        let told = self.told_home(id);
        let whole = self.system.is_some() && self.left_out.is_empty();
        let general = self.partitions.iter().find(|p| p.policy.kind == PartitionKind::General);
        told.or(general.or(self.partitions.first()).filter(|_| whole))
    }

    /// The partition that the id of a conversation names, where it is open here.
    fn told_home(&self, id: ConversationId) -> Option<&Scope> {
        let random = id.0.first_chunk()?;
        self.partitions.iter().find(|p| homed(*random, p.id) == id)
    }

    /// Whether the partition that a conversation was begun with has nothing stored of it, where that is open here:
    /// its label is always stored there, so that it was deleted, erased, or never stored.
    fn is_gone_at_home(&self, base: &Base, txn: &dyn ReadTxn, id: ConversationId) -> Result<bool> {
        self.told_home(id).map_or(Ok(false), |home| Ok(home.conversation(base, txn, id)?.is_none()))
    }

    /// What the partitions that are open here have stored of a conversation, and of which kind each is.
    fn conversation(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        id: ConversationId,
    ) -> Result<Vec<(PartitionKind, Arc<ConversationEntry>)>> {
        let stored = self.partitions.iter().map(|p| Ok(p.conversation(base, txn, id)?.map(|c| (p.policy.kind, c))));
        Ok(stored.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The tag of a conversation, joined over the partitions that are open here; `None` where it is stored
    /// in none.
    pub(crate) fn tag_of_conversation(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        id: ConversationId,
    ) -> Result<Option<Tag>> {
        Ok(self.conversation(base, txn, id)?.into_iter().map(|(_, c)| c.tag.clone()).reduce(|a, b| a.join(&b)))
    }

    /// The partition that a session reads unless told otherwise: the first health partition.
    pub(crate) fn first_health(&self) -> Result<String> {
        let p = self.partitions.iter().find(|p| p.policy.kind == PartitionKind::Health);
        Ok(p.ok_or(Error::NoSuchPartition)?.policy.name.clone())
    }
}

impl Session {
    /// Reads from this partition from here on: facts, counts, what is there, readers, and grounding that
    /// names none. One of which no grant lets it see anything is denied like one that is not there.
    ///
    /// ```
    /// # use healthspace::{Environment, HealthSpace, KdfParams, PartitionKind, Purpose, Unlock};
    /// # use healthspace::{catalog::Query, consent::Recipient};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-within-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// space.create_partition("fitness", PartitionKind::Health, &unlock)?;
    /// let session = space.session(Recipient::model("eu-llm")?, Purpose::PatientRequest)?.within("fitness");
    /// assert!(session.query(&Query::default()).is_err(), "no grant yet");
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn within(mut self, partition: &str) -> Self {
        self.reads = Some(partition.to_owned());
        self
    }

    /// By which it is resumed.
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The join of everything that was released to it, as far as this handle knows: one that was
    /// [resumed](HealthSpace::resume) beside another learns what that one was shown when it next speaks,
    /// writes, reads or passes something on.
    #[must_use]
    pub fn label(&self) -> Label {
        self.floating().tag().label
    }

    /// The floating label as it stands.
    pub(crate) fn floating(&self) -> Floating {
        self.floating.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The floating label, raised by what other handles of this conversation were shown meanwhile: what
    /// is spoken here may repeat it.
    pub(crate) fn caught_up(&self) -> Result<Floating> {
        let (_, _, stored) = self.look()?;
        let mut floating = self.floating.lock().unwrap_or_else(PoisonError::into_inner);
        floating.raise(&stored);
        Ok(floating.clone())
    }

    /// A snapshot, the state in it, and what is stored there of the conversation.
    pub(crate) fn look(&self) -> Result<(Box<dyn ReadTxn + '_>, State, Tag)> {
        // Asked before: what another call commits meanwhile is not missing from an older snapshot.
        let known = self.was_stored.load(Ordering::SeqCst);
        let (txn, state) = self.inner.read()?;
        let stored = self.stored_in(known, &state, &*txn)?;
        Ok((txn, state, stored))
    }

    /// The same under the write lock: what was committed before.
    pub(crate) fn stored(&self, tx: &Tx<'_>, w: &Writing) -> Result<Tag> {
        self.stored_in(self.was_stored.load(Ordering::SeqCst), &w.state, &*tx.txn)
    }

    /// What is stored of the conversation: the bottom before anything was. One that is not stored any more was
    /// erased: what it was shown is not known, and it is over.
    fn stored_in(&self, known: bool, state: &State, txn: &dyn ReadTxn) -> Result<Tag> {
        let stored = state.tag_of_conversation(&self.inner.base, txn, self.conversation)?;
        if (known || stored.is_some()) && state.is_gone_at_home(&self.inner.base, txn, self.conversation)? {
            return Err(Error::NotFound);
        }
        match stored {
            Some(tag) => {
                self.was_stored.store(true, Ordering::SeqCst);
                Ok(tag)
            }
            None if known => Err(Error::NotFound),
            None => Ok(Tag::bottom()),
        }
    }

    /// Raises the label and stores it where the conversation will be resumed from: in its home and
    /// in the partition that was read, in the transaction of the release itself. It is joined with
    /// what is stored: another handle of this conversation may have read more.
    pub(crate) fn store_label(&self, tx: &mut Tx<'_>, w: &mut Writing, read: &str, tag: &Tag) -> Result<()> {
        let stored = self.stored(tx, w)?;
        let mut floating = self.floating();
        floating.raise(tag);
        floating.raise(&stored);
        let tag = floating.tag();
        let mut places = vec![w.state.position(read)?];
        // Whoever opens its home alone goes on from what is stored there.
        let home = w.state.position(&self.home)?;
        if !places.contains(&home) {
            places.push(home);
        }
        for at in places {
            let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
            if scope.conversation(tx.base, &*tx.txn, self.conversation)?.is_some_and(|c| c.tag == *tag) {
                continue;
            }
            let work = w.work(tx, Target::Partition(at))?;
            let recipient = self.actors.first().cloned().ok_or(Error::Internal(131))?;
            let (id, purpose, tag) = (self.conversation, self.purpose, tag.clone());
            tx.set_conversation(work, ConversationEntry { id, recipient, purpose, tag })?;
        }
        w.stores(&self.was_stored);
        // Before the commit: where that fails the label is too high, never too low.
        self.floating.lock().unwrap_or_else(PoisonError::into_inner).raise(tag);
        Ok(())
    }

    /// Where its label is always stored.
    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// A request of this session.
    pub(crate) fn asking<'a>(&'a self, action: Action, query: &'a [u8]) -> Asking<'a> {
        let (kind, counting) = (ReleaseKind::Read, Counting::Left);
        let (actors, purpose, glass) = (&self.actors, self.purpose, self.glass.as_ref());
        let shown_in = Some(self.conversation);
        Asking { actors, purpose, action, kind, query, counting, glass, within: Among::ANY, shown_in }
    }

    /// A release to this session.
    pub(crate) fn release<T: PartialEq>(
        &self,
        partition: &str,
        action: Action,
        kind: ReleaseKind,
        query: &[u8],
        compose: &mut dyn FnMut(&Visible<'_>) -> Result<Release<T>>,
    ) -> Result<Audited<T>> {
        let asking = Asking { kind, ..self.asking(action, query) };
        self.must_be_there(partition, &asking)?;
        let mut also = |tx: &mut Tx<'_>, w: &mut Writing, tag: &Tag| self.store_label(tx, w, partition, tag);
        self.inner.release(partition, &asking, compose, &mut also)
    }

    /// Whether a partition is there for this session: those that it works in by itself, and those of
    /// which a grant lets it see something.
    pub(crate) fn is_there(&self, state: &State, scope: &Scope) -> Result<bool> {
        let name = &scope.policy.name;
        if *name == self.home || state.first_health().is_ok_and(|first| first == *name) {
            return Ok(true);
        }
        for action in [Action::Read, Action::Ground, Action::Count, Action::Remember] {
            match self.inner.decide(state, scope, &self.asking(action, b"")) {
                Ok(_) | Err(Error::ClockBehind) => return Ok(true),
                Err(e) if is_refusal(&e) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(false)
    }

    /// A partition that is not there for this session is not told from none: one answer, and one
    /// entry, which does not depend on it.
    pub(crate) fn must_be_there(&self, partition: &str, asking: &Asking<'_>) -> Result<()> {
        let first = self.inner.peek()?.first_health();
        if partition == self.home || first.is_ok_and(|first| first == partition) {
            return Ok(());
        }
        let there = {
            let (_txn, state) = self.inner.read()?;
            let found = state.partitions.iter().find(|p| p.policy.name == partition);
            found.map_or(Ok(false), |p| self.is_there(&state, p))?
        };
        if there {
            return Ok(());
        }
        self.log_guess(asking)?;
        Err(Error::Denied)
    }

    /// Who names records that they were not shown is asking whether they are there. The entry does
    /// not depend on it: it stands in the first health partition, wherever the record is or is not.
    pub(crate) fn log_guess(&self, asking: &Asking<'_>) -> Result<()> {
        let place = {
            let state = self.inner.peek()?;
            let health = state.partitions.iter().find(|p| p.policy.kind == PartitionKind::Health);
            health.or(state.partitions.first()).ok_or(Error::NoSuchPartition)?.policy.name.clone()
        };
        self.inner.log_refusal(&place, asking)
    }

    /// The time now: not before any entry of the logs that are open.
    pub(crate) fn now(&self) -> Timestamp {
        let floor = self.inner.peek().map_or(i64::MIN, |s| s.floor());
        Timestamp::from_millis(self.inner.base.env.now().as_millis().max(floor))
    }

    /// What a session with emergency access did is told to the person.
    pub(crate) fn note_use(&self, tx: &Tx<'_>, w: &mut Writing, log: ScopeId, entry: u64) -> Result<()> {
        self.glass.as_ref().map_or(Ok(()), |glass| glass.note(tx, w, log, entry))
    }

    /// Random bytes that name the fences around quoted text.
    #[expect(clippy::unused_self, reason = "a session is what may ask for one")]
    pub(crate) fn nonce(&self) -> Result<[u8; 8]> {
        random_array()
    }

    /// The partition that it was told to read from.
    pub(crate) fn reads(&self) -> Option<&str> {
        self.reads.as_deref()
    }

    /// The name of the partition that is read unless told otherwise.
    pub(crate) fn default_partition(&self) -> Result<String> {
        self.reads.clone().map_or_else(|| self.inner.peek()?.first_health(), Ok)
    }

    /// The facts that match, of the first health partition unless [`within`](Self::within) names another:
    /// one release, one entry.
    ///
    /// # Errors
    /// [`Error::Denied`] where no grant covers the request.
    pub fn query(&self, query: &Query) -> Result<Audited<Vec<FactRow>>> {
        let partition = self.default_partition()?;
        let bytes = query.canonical();
        self.release(&partition, Action::Read, ReleaseKind::Read, &bytes, &mut |v| {
            let value = v.query(query)?;
            let items = value.iter().map(|r| (r.record, r.part)).collect();
            let mut categories = BTreeSet::new();
            value.iter().for_each(|r| {
                categories.insert(r.class.category);
            });
            Ok(Release { value, items, categories, unread: 0 })
        })
    }

    /// What is there, as far as grants reach: one line per code; the entry says of how many facts.
    ///
    /// # Errors
    /// [`Error::Denied`] where no grant covers the request.
    pub fn presence(&self) -> Result<Audited<Vec<Presence>>> {
        let partition = self.default_partition()?;
        self.release(&partition, Action::Count, ReleaseKind::Count, b"presence", &mut |v| {
            Ok(Release::counted(v.presence()?))
        })
    }

    /// How many facts match, as far as grants reach; the entry says how many.
    ///
    /// # Errors
    /// [`Error::Denied`] where no grant covers the request.
    pub fn count(&self, query: &Query) -> Result<Audited<u64>> {
        let partition = self.default_partition()?;
        let bytes = query.canonical();
        self.release(&partition, Action::Count, ReleaseKind::Count, &bytes, &mut |v| {
            Ok(Release::counted(v.count(query)?))
        })
    }
}

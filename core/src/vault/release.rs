//! The one path by which data leaves: request, permit, durable entry, release.
//!
//! A request is decided against the consents in force; what it lets through is put together under
//! the permit's row filter; then, under the write lock and over unchanged heads, the entry is made
//! durable; only then does the caller get what was put together, as an [`Audited`] value. Each
//! step takes the value that the step before made, so leaving one out does not compile.

use super::anchor::is_anchored;
use super::glass::Glass;
use super::permitted::Visible;
use super::scope::Scope;
use super::state::{Inner, State, Target, Writing};
use super::tx::{EncodedItem, Tx};
use super::uses::{Counting, take_uses};
use crate::audit::{AuditEvent, LogHead, ReleaseKind, items_root};
use crate::catalog::{RecordRef, View};
use crate::consent::{Action, Among, Recipient};
use crate::crypto::hash::sha256;
use crate::crypto::random_array;
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::{ConversationId, GrantId, RecordId, Timestamp};
use crate::label::{Label, Obligations, Purpose};
use crate::ledger::note;
use crate::policy::{self, Basis, Permit, Request, Tag};
use crate::record::Category;
use crate::storage::ReadTxn;
use std::collections::{BTreeMap, BTreeSet};

/// How far behind the ledger's last entry the host's clock may be before permits that are bounded
/// in time stop to apply.
pub(crate) const CLOCK_TOLERANCE: i64 = 5 * 60 * 1000;

/// A value whose ledger entry is durable. Made in one place only.
pub struct Audited<T> {
    value: T,
    receipt: ReleaseReceipt,
    label: Label,
    basis: Basis,
    /// The counted grants of which it took a use.
    taken: Vec<GrantId>,
    /// The categories outside of which no grant was needed.
    within: Among,
    /// The ordinal of the partition that it came from.
    partition: u16,
    unread: u64,
}

impl<T> core::fmt::Debug for Audited<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Audited(..)")
    }
}

/// Where the entry of a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReleaseReceipt {
    /// Position in the partition's log.
    pub entry: u64,
    /// How many items were released.
    pub count: u64,
    /// Merkle root over their salted hashes.
    pub items_root: [u8; 32],
}

impl<T> Audited<T> {
    /// What was released.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// What was released.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Where its entry stands.
    #[must_use]
    pub const fn receipt(&self) -> ReleaseReceipt {
        self.receipt
    }

    /// The label of it all.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.label
    }

    /// How much of what was looked through is damaged and could not be read: memories and turns, and segments of the
    /// catalog of a space that was [opened all the same](crate::HealthSpace::open_damaged). 0: nothing is missing.
    #[must_use]
    pub const fn unread(&self) -> u64 {
        self.unread
    }

    /// What was released, for a caller that has no use of a part of it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where something [could not be read](Self::unread).
    pub fn into_whole(self) -> Result<T> {
        if self.unread == 0 { Ok(self.value) } else { Err(Error::Corrupt(Part::Body)) }
    }

    /// The ordinal of the partition that it came from.
    pub(crate) const fn partition(&self) -> u16 {
        self.partition
    }

    /// The counted grants of which it took a use.
    pub(crate) fn taken(&self) -> &[GrantId] {
        &self.taken
    }

    /// The categories outside of which no grant was needed.
    pub(crate) const fn within(&self) -> Among {
        self.within
    }

    /// The label, and the grants that it rests on.
    pub(crate) fn tag(&self) -> Tag {
        Tag { label: self.label, basis: self.basis.clone() }
    }
}

/// Who asks, what for, and in which form.
pub(crate) struct Asking<'a> {
    pub(crate) actors: &'a [Recipient],
    pub(crate) purpose: Purpose,
    pub(crate) action: Action,
    pub(crate) kind: ReleaseKind,
    /// Hashed, salted, into the entry.
    pub(crate) query: &'a [u8],
    pub(crate) counting: Counting<'a>,
    /// Emergency access that began; without it a request for one is refused.
    pub(crate) glass: Option<&'a Glass>,
    /// Of which categories it is: grants that cover none of them are left out.
    pub(crate) within: Among,
    /// The conversation that gets to see it; none where it goes to somebody whom the session calls.
    pub(crate) shown_in: Option<ConversationId>,
}

/// What a composing function hands back.
#[derive(PartialEq, Eq)]
pub(crate) struct Release<T> {
    pub(crate) value: T,
    /// One entry per released item; hashed with a salt into the ledger.
    pub(crate) items: Vec<(RecordId, u16)>,
    /// The categories of the items; of what is only counted, [`Visible`] knows them.
    pub(crate) categories: BTreeSet<Category>,
    /// What could not be read and may be among it.
    pub(crate) unread: u64,
}

impl<T> Release<T> {
    /// Nothing but numbers.
    pub(crate) const fn counted(value: T) -> Self {
        Self { value, items: Vec::new(), categories: BTreeSet::new(), unread: 0 }
    }
}

impl Inner {
    /// Decides a request about a partition, as of now.
    pub(crate) fn decide(&self, state: &State, scope: &Scope, asking: &Asking<'_>) -> Result<Permit> {
        let now = self.base.env.now().as_millis().max(state.floor());
        self.decide_at(state, scope, asking, now)
    }

    /// The same as of the time that an entry of it bears, which is not before those of the partition: no
    /// grant that is over by then stands in it.
    pub(crate) fn decide_at(&self, state: &State, scope: &Scope, asking: &Asking<'_>, now: i64) -> Result<Permit> {
        let clock = self.base.env.now().as_millis();
        let floor = state.floor_in(scope);
        let request = self.request(state, scope, asking, now);
        let now = request.now;
        if asking.purpose == Purpose::BreakGlass && !asking.glass.is_some_and(|g| g.holds(scope, clock, now)) {
            return Err(Error::Denied);
        }
        let narrowed = scope.narrowed(asking).map(|c| c.rules_at(Timestamp::from_millis(clock.min(floor))));
        let rules = narrowed.as_ref().unwrap_or(&scope.policy.rules);
        let decided = policy::authorize_within(rules, &request, asking.within).map_err(Error::from);
        // What the logs' time alone has ended is not refused by the person.
        let by_clock = Request { now: Timestamp::from_millis(clock), clock_behind: false, ..request };
        match decided {
            Err(Error::Denied)
                if request.clock_behind && policy::authorize_within(rules, &by_clock, asking.within).is_ok() =>
            {
                Err(Error::ClockBehind)
            }
            Ok(permit) if asking.glass.is_some_and(|g| !g.is_under(permit.basis())) => Err(Error::Denied),
            decided => decided,
        }
    }

    fn request<'a>(&self, state: &State, scope: &Scope, asking: &Asking<'a>, now: i64) -> Request<'a> {
        let floor = state.floor_in(scope);
        Request {
            scope: scope.id,
            actors: asking.actors,
            purpose: asking.purpose,
            outside: None,
            action: asking.action,
            now: Timestamp::from_millis(now.max(floor)),
            clock_behind: self.base.env.now().as_millis() < floor.saturating_sub(CLOCK_TOLERANCE),
            // A state with these flags was held against the anchor.
            fresh: is_anchored(&scope.head) && is_anchored(&state.view.head),
            understands: UNDERSTOOD,
        }
    }

    /// The grants that let a record be seen: those of the permit that cover something of its categories.
    pub(crate) fn basis_of(
        &self,
        state: &State,
        scope: &Scope,
        asking: &Asking<'_>,
        permit: &Permit,
        view: &View<'_>,
        record: RecordRef<'_>,
    ) -> Basis {
        let all: Vec<Category> = view.seen_of(record).map(|f| f.class().category).collect();
        let within = Asking { within: Among::categories(&all), ..*asking };
        let narrower = self.decide_at(state, scope, &within, permit.decided_at().as_millis());
        Basis::of(narrower.as_ref().unwrap_or(permit).basis().iter().copied())
    }

    /// Whether the person refuses what is asked, not only does not permit it.
    pub(crate) fn refuses(&self, state: &State, scope: &Scope, asking: &Asking<'_>, now: i64) -> bool {
        let request = self.request(state, scope, asking, now);
        matches!(policy::authorize(&scope.policy.rules, &request), Err(policy::Denied::Refused(_)))
    }

    /// A release. `compose` may run several times: without the write lock, again under it where something changed
    /// in between, and each time once more with the grants alone that the answer needs.
    pub(crate) fn release<T: PartialEq>(
        &self,
        partition: &str,
        asking: &Asking<'_>,
        compose: &mut dyn FnMut(&Visible<'_>) -> Result<Release<T>>,
        also: &mut dyn FnMut(&mut Tx<'_>, &mut Writing, &Tag) -> Result<()>,
    ) -> Result<Audited<T>> {
        let mut ready = {
            let (txn, state) = self.read()?;
            let scope = state.partitions.get(state.position(partition)?).ok_or(Error::NoSuchPartition)?;
            match self.decide(&state, scope, asking) {
                Ok(permit) => {
                    let composed = self.compose(&*txn, &state, scope, asking, permit, compose)?;
                    Some((composed, scope.digest, state.view.digest))
                }
                // Decided again under the write lock, where a refusal is logged.
                Err(e) if is_refusal(&e) => None,
                Err(e) => return Err(e),
            }
        };
        ready = match ready {
            Some((Composition { outcome: Err(e), .. }, ..)) if !is_refusal(&e) => return Err(e),
            other => other,
        };
        self.write(|tx, w| {
            let at = w.state.position(partition)?;
            let scope = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
            let permit = match self.decide_at(&w.state, &scope, asking, tx.now) {
                Err(e) if is_refusal(&e) => return refuse(tx, w, at, asking).map(|()| Err(e)),
                other => other?,
            };
            // Nothing changed, and time has ended nothing that it shows: what was put together stands.
            let unchanged = ready.take().filter(|(c, partition, system)| {
                let ended = w.state.ends_within(&scope, c.permit.decided_at(), permit.decided_at());
                !ended && *partition == scope.digest && *system == w.state.view.digest
            });
            let c = match unchanged {
                Some((c, ..)) => {
                    let now = match c.within {
                        Some(within) => self.decide_at(&w.state, &scope, &Asking { within, ..*asking }, tx.now).ok(),
                        None => Some(permit),
                    };
                    now.filter(|p| p.filter() == c.permit.filter()).map(|permit| Composition { permit, ..c })
                }
                None => None,
            };
            let c = match c {
                Some(c) => c,
                None => {
                    let permit = self.decide_at(&w.state, &scope, asking, tx.now)?;
                    self.compose(&*tx.txn, &w.state, &scope, asking, permit, compose)?
                }
            };
            let tag = c.whole_tag();
            let Composition { outcome, counted, counted_of, permit, within, .. } = c;
            let within = within.unwrap_or(Among::ANY);
            let composed = match outcome {
                // That there is more than was asked for is an answer too, and entered as one.
                Err(e @ Error::TooLarge(Limit::Items)) => {
                    let told = Asking { kind: ReleaseKind::More, ..*asking };
                    let what = (counted, counted_of);
                    give(tx, w, at, &told, permit, Release::counted(()), what, tag.clone())?;
                    also(tx, w, &tag)?;
                    return Ok(Err(e));
                }
                other => other?,
            };
            let (count, categories) = match asking.kind {
                ReleaseKind::Count => (counted, counted_of),
                _ => (composed.items.len() as u64, composed.categories.clone()),
            };
            let out = give(tx, w, at, asking, permit, composed, (count, categories), tag.clone())?;
            also(tx, w, &tag)?;
            Ok(Ok(Audited { within, ..out }))
        })?
        // `write` returns only once the transaction is durable: in this file alone `Audited` is made.
    }

    /// Releases from several partitions in one commit: all of them or none, so that no entry says that
    /// something was released which was then kept back. `also` is given the tag of it all, and may
    /// refuse it.
    pub(crate) fn release_together<P, T: PartialEq>(
        &self,
        asking: &Asking<'_>,
        parts: &BTreeMap<String, P>,
        compose: &dyn Fn(&Visible<'_>, &P) -> Result<Release<T>>,
        also: &mut dyn FnMut(&mut Tx<'_>, &mut Writing, &Tag) -> Result<()>,
    ) -> Result<Vec<Audited<T>>> {
        let mut refused = None;
        let out = self.write(|tx, w| {
            let (mut all, mut sum) = (Vec::new(), Tag::bottom());
            for (partition, part) in parts {
                let at = w.state.position(partition)?;
                let scope = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
                let permit = self.decide_at(&w.state, &scope, asking, tx.now).inspect_err(|e| {
                    refused = is_refusal(e).then_some(partition);
                })?;
                let c = self.compose(&*tx.txn, &w.state, &scope, asking, permit, &mut |v| compose(v, part))?;
                let (tag, composed) = (c.whole_tag(), c.outcome?);
                let what = (composed.items.len() as u64, composed.categories.clone());
                all.push(give(tx, w, at, asking, c.permit, composed, what, tag.clone())?);
                sum = sum.join(&tag);
            }
            also(tx, w, &sum)?;
            Ok(all)
        });
        refused.map_or(Ok(()), |partition| self.log_refusal(partition, asking))?;
        out
    }

    /// Puts a release together, and again with the grants alone that cover what it shows or counts: where that gives
    /// the very same, it rests on those, and on no others. An answer that shows nothing rests on all that it
    /// was looked for under.
    fn compose<T: PartialEq>(
        &self,
        txn: &dyn ReadTxn,
        state: &State,
        scope: &Scope,
        asking: &Asking<'_>,
        permit: Permit,
        compose: &mut dyn FnMut(&Visible<'_>) -> Result<Release<T>>,
    ) -> Result<Composition<T>> {
        let all = self.compose_under(txn, state, scope, permit, compose)?;
        let Some(within) = all.drawn_on().filter(|_| all.permit.basis().len() > 1) else { return Ok(all) };
        let narrower = Asking { within, ..*asking };
        let Ok(permit) = self.decide_at(state, scope, &narrower, all.permit.decided_at().as_millis()) else {
            return Ok(all);
        };
        if permit.basis().len() == all.permit.basis().len() {
            return Ok(all);
        }
        let least = self.compose_under(txn, state, scope, permit, compose)?;
        Ok(if least.is_same(&all) { Composition { within: Some(within), ..least } } else { all })
    }

    fn compose_under<T>(
        &self,
        txn: &dyn ReadTxn,
        state: &State,
        scope: &Scope,
        permit: Permit,
        compose: &mut dyn FnMut(&Visible<'_>) -> Result<Release<T>>,
    ) -> Result<Composition<T>> {
        let catalog = state.shown(scope, permit.decided_at())?;
        let visible = Visible::new(self, txn, scope, &catalog, permit.filter());
        let outcome = compose(&visible);
        let tag = Tag { label: visible.label.get(), basis: visible.basis.take() };
        let (counted, counted_of) = (visible.counted.get(), visible.counted_of.take());
        drop(visible);
        Ok(Composition { outcome, tag, counted, counted_of, permit, within: None })
    }

    /// What the person looks through by themself: no permit, but an entry that is durable first. It
    /// rests on no grant, by which it is told from every other release.
    pub(crate) fn show<T>(
        &self,
        partition: &str,
        query: &[u8],
        compose: impl FnOnce(&dyn ReadTxn, &State, &Scope, Timestamp) -> Result<(Release<T>, Tag)>,
    ) -> Result<Audited<T>> {
        self.write(|tx, w| {
            let at = w.state.position(partition)?;
            let scope = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
            let (composed, tag) = compose(&*tx.txn, &w.state, &scope, Timestamp::from_millis(tx.now_in(&scope)))?;
            let (count, categories) = (composed.items.len() as u64, composed.categories);
            let what = What { count, categories, items: &composed.items, label: tag.label };
            let receipt = enter(tx, w, at, Entering::person(query), what)?;
            let (value, taken, partition) = (composed.value, Vec::new(), scope.ordinal);
            let (within, unread) = (Among::ANY, composed.unread + scope.missing());
            Ok(Audited { value, receipt, label: tag.label, basis: tag.basis, taken, within, partition, unread })
        })
    }

    /// A refusal is logged too: the person sees who asked.
    pub(crate) fn log_refusal(&self, partition: &str, asking: &Asking<'_>) -> Result<()> {
        self.write(|tx, w| {
            let at = w.state.position(partition)?;
            refuse(tx, w, at, asking)
        })
    }
}

/// What came of putting a release together.
struct Composition<T> {
    outcome: Result<Release<T>>,
    tag: Tag,
    counted: u64,
    counted_of: BTreeSet<Category>,
    permit: Permit,
    /// The categories that the permit was cut to, where it was.
    within: Option<Among>,
}

impl<T: PartialEq> Composition<T> {
    fn is_same(&self, other: &Self) -> bool {
        let same = match (&self.outcome, &other.outcome) {
            (Ok(a), Ok(b)) => a == b,
            (Err(Error::TooLarge(Limit::Items)), Err(Error::TooLarge(Limit::Items))) => true,
            _ => false,
        };
        same && (self.counted, &self.counted_of) == (other.counted, &other.counted_of)
    }
}

impl<T> Composition<T> {
    /// The categories of what is shown or counted; `None` where nothing is.
    fn drawn_on(&self) -> Option<Among> {
        let shown = self.outcome.as_ref().ok().map(|r| &r.categories);
        let all: Vec<Category> = self.counted_of.iter().chain(shown.into_iter().flatten()).copied().collect();
        (!all.is_empty()).then(|| Among::categories(&all))
    }

    /// The tag of what was put together, with what the permit asks for and rests on.
    fn whole_tag(&self) -> Tag {
        let own = Label { obligations: self.permit.obligations(), ..Label::BOTTOM };
        self.tag.clone().join(&Tag { label: own, basis: Basis::of(self.permit.basis().iter().copied()) })
    }
}

/// Errors that tell whoever asked something, and the person that it was asked.
pub(crate) const fn is_refusal(e: &Error) -> bool {
    matches!(e, Error::Denied | Error::ClockBehind | Error::TooLarge(Limit::Items))
}

/// What the entry of a release says besides what was released.
struct Entering<'a> {
    purpose: Purpose,
    grants: Vec<GrantId>,
    actor: Recipient,
    query: &'a [u8],
    kind: ReleaseKind,
    shown_in: Option<ConversationId>,
}

impl<'a> Entering<'a> {
    /// Takes the permit.
    fn by(permit: Permit, asking: &Asking<'a>) -> Result<Self> {
        let grants = permit.basis().to_vec();
        let (query, kind, shown_in) = (asking.query, asking.kind, asking.shown_in);
        Ok(Self { purpose: permit.purpose(), grants, actor: asking.actor()?, query, kind, shown_in })
    }

    fn person(query: &'a [u8]) -> Self {
        let (purpose, kind) = (Purpose::PatientRequest, ReleaseKind::Read);
        Self { purpose, grants: Vec::new(), actor: Recipient::the_person(), query, kind, shown_in: None }
    }
}

impl Asking<'_> {
    /// Under whom it is entered.
    pub(super) fn actor(&self) -> Result<Recipient> {
        self.actors.first().cloned().ok_or(Error::Malformed(Malformed::Argument))
    }
}

pub(super) fn refuse(tx: &mut Tx<'_>, w: &mut Writing, at: usize, asking: &Asking<'_>) -> Result<()> {
    let work = w.work(tx, Target::Partition(at))?;
    let log = work.scope.id;
    let entry = tx.log(work, AuditEvent::Refused { purpose: asking.purpose, actor: asking.actor()? })?;
    match asking.glass {
        Some(glass) if glass.scope() != log => glass.note(tx, w, log, entry),
        _ => Ok(()),
    }
}

/// What was released, as its entry says it.
struct What<'a> {
    count: u64,
    categories: BTreeSet<Category>,
    items: &'a [(RecordId, u16)],
    label: Label,
}

/// Enters a release, with the uses that it takes.
#[expect(clippy::too_many_arguments, reason = "one private step of two kinds of release")]
fn give<T>(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    at: usize,
    asking: &Asking<'_>,
    permit: Permit,
    composed: Release<T>,
    (count, categories): (u64, BTreeSet<Category>),
    tag: Tag,
) -> Result<Audited<T>> {
    take_uses(tx, w, at, &permit)?;
    let taken = permit.counted().to_vec();
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
    let (partition, unread) = (scope.ordinal, composed.unread + scope.missing());
    let what = What { count, categories, items: &composed.items, label: tag.label };
    let receipt = enter(tx, w, at, Entering::by(permit, asking)?, what)?;
    let (value, within) = (composed.value, Among::ANY);
    Ok(Audited { value, receipt, label: tag.label, basis: tag.basis, taken, within, partition, unread })
}

/// Writes the entry of a release.
fn enter(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    at: usize,
    entering: Entering<'_>,
    what: What<'_>,
) -> Result<ReleaseReceipt> {
    let What { count, categories, items, label } = what;
    let salt: [u8; 32] = random_array()?;
    let encoded: Vec<EncodedItem> = items.iter().map(encode_item).collect();
    let items_root = items_root(&salt, encoded.iter().map(|i| &i[..]))?;
    let Entering { purpose, grants, actor, query, kind, shown_in } = entering;
    let query_hash = sha256(&[&salt, query]);
    let head = &w.state.view.head;
    let system = LogHead { origin: note::origin(&head.log_origin), size: head.log_size, root: head.log_root };
    let event =
        AuditEvent::Released { purpose, grants, actor, query_hash, count, items_root, system, label, kind, categories };
    let work = w.work(tx, Target::Partition(at))?;
    let entry = tx.log_with_items(work, event, shown_in, &salt, &encoded)?;
    Ok(ReleaseReceipt { entry, count, items_root })
}

/// What this library carries with everything it releases, so that a permit may ask for it.
const UNDERSTOOD: Obligations = Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE);

/// An item as the ledger hashes it.
pub(crate) fn encode_item(item: &(RecordId, u16)) -> EncodedItem {
    let mut out = EncodedItem::default();
    let (id, part) = out.split_at_mut(16);
    id.copy_from_slice(item.0.as_bytes());
    part.copy_from_slice(&item.1.to_be_bytes());
    out
}

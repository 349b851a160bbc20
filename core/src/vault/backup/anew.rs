//! Going on from a state that may not be the newest: with other names and keys of the logs, so that
//! nothing signed from now on can be taken for the old logs' own; with every permission suspended,
//! because it may have been withdrawn since; and with heads that follow what an anchor knows.

use crate::audit::{AuditEvent, LogHead};
use crate::consent::{Standing, read_consent};
use crate::crypto::context::Class;
use crate::crypto::random_array;
use crate::crypto::secret::{Key, Seed};
use crate::crypto::sign::SigningKey;
use crate::environment::{AnchoredHead, FreshnessAnchor};
use crate::error::{Error, Result};
use crate::id::{GrantId, ScopeId, SpaceId, Timestamp};
use crate::label::Label;
use crate::ledger::{note, tree};
use crate::vault::anchor::{ANCHORED, AWAITED, named, place};
use crate::vault::check::or_damaged;
use crate::vault::grants::{put_consent, put_row};
use crate::vault::keys::{OwnKeys, drop_limited};
use crate::vault::logs;
use crate::vault::memory::{by_kind, clearance};
use crate::vault::policy_row::{FiledConsent, PolicyRow};
use crate::vault::rows::Base;
use crate::vault::scope::{Damage, Scope};
use crate::vault::state::{State, Target, Writing};
use crate::vault::tx::{ReadRows, Tx, Work};
use crate::vault::uses::Uses;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an anchor knew of each scope before a space went on anew.
pub(in crate::vault) struct Places {
    space: SpaceId,
    anchor: Option<Arc<dyn FreshnessAnchor>>,
    known: Vec<(ScopeId, Option<AnchoredHead>)>,
}

impl Places {
    /// Asks the anchor. It is told nothing yet: a place that it kept would let the file be opened as it
    /// is, should the process end before the commit.
    pub(super) fn ask(base: &Base, state: &State) -> Result<Self> {
        let mut places = Self { space: base.space, anchor: base.env.anchor.clone(), known: Vec::new() };
        let Some(anchor) = &base.env.anchor else { return Ok(places) };
        let ask = |scope| Ok((scope, anchor.read(base.space, scope)?));
        places.known = state.scopes().into_iter().map(ask).collect::<Result<_>>()?;
        Ok(places)
    }

    /// Whether the anchor knows just these heads: then nothing was committed after them.
    pub(super) fn are_those_of(&self, state: &State) -> bool {
        let same = |(scope, known): &(ScopeId, Option<AnchoredHead>)| {
            let head = state.head_of(scope).map(|(head, digest)| named(head, digest));
            head.is_some() && head == *known && *known != Some(AWAITED)
        };
        self.anchor.is_some() && self.known.iter().all(same)
    }

    /// The flags of the heads from now on.
    pub(super) fn flags(&self) -> u64 {
        if self.anchor.is_some() { ANCHORED } else { 0 }
    }

    /// Tells the anchor, on the person's word: also where the new heads do not follow what it knew, or it
    /// knew nothing. A process that ends before that leaves a space that is locked then.
    ///
    /// # Errors
    /// [`Error::Forked`] where somebody else has told it something since it was asked.
    pub(in crate::vault) fn tell(&self, state: &State) -> Result<()> {
        let Some(anchor) = &self.anchor else { return Ok(()) };
        for (scope, known) in &self.known {
            let (head, digest) = state.head_of(scope).ok_or(Error::Internal(122))?;
            if !anchor.advance(self.space, *scope, *known, named(head, digest))? {
                return Err(Error::Forked);
            }
        }
        Ok(())
    }
}

/// Consents from elsewhere that are filed as a space goes on anew, by partition.
pub(super) type Filed = BTreeMap<usize, Vec<FiledConsent>>;

/// Up to which labels values may flow into each partition, in a later state.
pub(super) type Narrowed = BTreeMap<ScopeId, Label>;

/// What a space went on with.
pub(super) struct Anew {
    /// Permissions that wait to be confirmed.
    pub(super) permissions: u64,
    /// Limited ways in that are gone.
    pub(super) limited: u64,
    /// Logs that are no continuation.
    pub(super) broken: u64,
    /// Consents from elsewhere that were filed.
    pub(super) filed: BTreeSet<GrantId>,
}

/// Changes every scope. Nothing was sealed in this transaction before: it changes the number of the head.
pub(super) fn go_on(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    (places, own): (&Places, &OwnKeys),
    damage: Damage,
    filed: &Filed,
    narrowed: &Narrowed,
) -> Result<Anew> {
    w.state.has_all()?;
    let part = w.state.view.head.system.as_ref().ok_or(Error::NeedsFullSlot)?;
    if w.state.system.is_none() || part.scopes.len() != w.state.partitions.len() + 1 {
        // A partition that was added a moment ago would be left out.
        return Err(Error::Busy);
    }
    let (mut keys, mut broken) = (Vec::new(), 0);
    let partitions = (0..w.state.partitions.len()).map(Target::Partition);
    for target in std::iter::once(Target::System).chain(partitions) {
        let work = w.work(tx, target)?;
        let scope = work.scope.id;
        let known = places.known.iter().find(|p| p.0 == scope).and_then(|p| p.1);
        let head = &work.scope.head;
        if let Some(k) = known.filter(|k| place(k) >= (head.epoch, head.generation)) {
            // One of a later epoch, or the last that there is a number for, is followed by its hash alone.
            let same = k.epoch == head.epoch;
            work.generation = k.generation.checked_add(1).filter(|_| same).unwrap_or(work.generation);
            work.previous = k.digest;
        }
        work.manifest.uses = Uses::default();
        let seed: Key<Seed> = Key::make()?;
        let number = work.manifest.seed.number;
        work.manifest.seed = tx.put_bookkeeping(work, Class::LogSeed, seed.expose(), number)?;
        keys.push((scope, SigningKey::from_seed(seed.expose())?.verifying_key().0));
        let head = &work.scope.head;
        let previous = LogHead { origin: note::origin(&work.origin), size: head.log_size, root: head.log_root };
        work.origin = random_array()?;
        if damage == Damage::LeftOut {
            broken += u64::from(bridge(tx, work)?);
        }
        tx.log(work, AuditEvent::LogOpened { scope, previous: Some(previous) })?;
    }
    for i in 0..w.state.partitions.len() {
        let work = w.work(tx, Target::Partition(i))?;
        let name = logs::named(&work.scope, &work.origin);
        tx.log(w.work(tx, Target::System)?, name)?;
    }
    let permissions = suspend(tx, w, filed, narrowed)?;
    let filed = filed.values().flatten().map(|c| c.series).collect();
    let limited = drop_limited(tx, w)?;
    own.put(tx, w)?;
    for entry in &mut w.system_part(tx)?.scopes {
        entry.verify = keys.iter().find(|(scope, _)| *scope == entry.scope).ok_or(Error::Internal(123))?.1;
    }
    Ok(Anew { permissions, limited, broken, filed })
}

/// Lets a log go on of which the entries are lost that its tree rests on, so that nothing could be appended any more;
/// whether that was needed. What stands in their place is no hash: the first entry under the new name says which root was
/// there, and nothing proves that this tree continues it.
fn bridge(tx: &mut Tx<'_>, work: &mut Work) -> Result<bool> {
    if or_damaged(work.scope.edge(&*tx.txn))?.is_some() {
        return Ok(false);
    }
    let log = work.scope.log();
    let (edge, lost) = tree::broken_edge(&ReadRows(&*tx.txn, log), work.scope.head.log_size)?;
    for (level, idx) in lost {
        let last = (idx + 1).checked_shl(level.into()).ok_or(Error::Internal(124))? - 1;
        tx.txn.put_ledger(&log, last, &vec![tree::LOST; usize::from(level) + 1], &[], &[])?;
        tx.txn.erase_ledger(&log, last)?;
    }
    work.go_on_from(edge);
    Ok(true)
}

/// Suspends every permission that was not withdrawn, in the policy row of each partition that has it, and of
/// each whose memories rest on it: a way in for one partition learns nothing of the others'. How many
/// count otherwise. What is filed with that refuses from now on, and permits nothing either until it is confirmed.
/// What may flow in is no more than what the kind of partition lets in, and the later state.
fn suspend(tx: &mut Tx<'_>, w: &mut Writing, filed: &Filed, narrowed: &Narrowed) -> Result<u64> {
    let now = Timestamp::from_millis(tx.now);
    let (mut all, mut counting) = (BTreeSet::new(), BTreeSet::new());
    for p in &w.state.partitions {
        for (grant, standing) in standings(p, now) {
            if standing != Standing::Withdrawn {
                all.insert(grant);
            }
            if counts(standing) {
                counting.insert(grant);
            }
        }
    }
    let permits = |c: &&FiledConsent| read_consent(&c.bytes, 0).permits();
    let waiting: Vec<GrantId> = filed.values().flatten().filter(permits).map(|c| c.series).collect();
    counting.extend(&waiting);
    for (at, p) in w.state.partitions.clone().into_iter().enumerate() {
        let here = |grant: &GrantId| p.names(*grant) || p.manifest.tags.resting.iter().any(|r| r.grant == *grant);
        let mut suspended: BTreeSet<_> = all.iter().copied().filter(here).collect();
        let filed = filed.get(&at).map_or(&[][..], Vec::as_slice);
        suspended.extend(filed.iter().map(|c| c.series).filter(|id| waiting.contains(id)));
        let mut row = PolicyRow { suspended, ..(*p.policy).clone() };
        for consent in filed {
            put_consent(tx, w.work(tx, Target::System)?, p.id, consent)?;
            row.consents.retain(|c| c.series != consent.series);
            row.consents.push(consent.clone());
        }
        let (before, kind) = (clearance(&p), by_kind(&p));
        let after = narrowed.get(&p.id).map_or(kind, |later| kind.meet(*later)).meet(before);
        row.clearance = Some(after).filter(|c| *c != kind);
        put_row(tx, w, &p, &row)?;
        if after != before {
            let work = w.work(tx, Target::System)?;
            tx.log(work, AuditEvent::ClearanceChanged { scope: p.id, before, after, gesture: None })?;
        }
    }
    Ok(counting.len() as u64)
}

/// Whether a permission that waits would permit something.
pub(super) const fn counts(standing: Standing) -> bool {
    !matches!(standing, Standing::Withdrawn | Standing::Expired | Standing::Unusable)
}

/// Every permission of a partition, and where it stands.
pub(super) fn standings(p: &Scope, now: Timestamp) -> Vec<(GrantId, Standing)> {
    let consents = p.consents();
    let given = consents.series().filter_map(|id| Some((id, consents.standing(id, now)?)));
    let lowered = p.policy.lowered.iter().map(|(id, doc)| {
        let standing = match doc.as_ref().map(|doc| doc.standing(now)) {
            None => Standing::Unusable,
            Some(_) if p.manifest.denied.contains(id) => Standing::Withdrawn,
            Some(Standing::InForce) if p.policy.suspended.contains(id) => Standing::Suspended,
            Some(standing) => standing,
        };
        (*id, standing)
    });
    given.chain(lowered).collect()
}

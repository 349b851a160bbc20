//! Taking up a backup.

use super::accounted::Unaccounted;
use super::anew::{Anew, Narrowed, Places, go_on};
use super::copy::registered;
use super::replay::{compare, filed_since, forget, repeat, unaccounted, unsure, withdraw};
use super::since;
use crate::audit::{AuditEvent, Gesture};
use crate::crypto::context::Class;
use crate::crypto::hash::sha256;
use crate::crypto::random_array;
use crate::environment::Environment;
use crate::error::{Error, Part, Result};
use crate::id::{BackupId, ScopeId, SourceTag, Timestamp};
use crate::keyring::Unlock;
use crate::storage::{Draft, Sqlite, Storage, Watch};
use crate::vault::check::{SpaceCheck, look_through, or_damaged};
use crate::vault::found::NewScope;
use crate::vault::founding::{Founding, end_lost};
use crate::vault::ingest::discard_all;
use crate::vault::keys::{Forgot, OwnKeys};
use crate::vault::manifest::encode_page;
use crate::vault::memory::clearance;
use crate::vault::policy_row::DirectoryEntry;
use crate::vault::scope::{Damage, Scope};
use crate::vault::space::HealthSpace;
use crate::vault::state::{Inner, State, Target};
use crate::vault::tx::{Tx, Work};
use crate::vault::unlocking::WaysIn;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// How a backup is restored.
#[derive(Clone)]
pub struct RestoreOptions {
    gesture: Gesture,
    later: Option<HealthSpace>,
    with_damage: bool,
}

impl core::fmt::Debug for RestoreOptions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RestoreOptions(..)")
    }
}

impl RestoreOptions {
    /// On the person's word.
    #[must_use]
    pub const fn new(gesture: Gesture) -> Self {
        Self { gesture, later: None, with_damage: false }
    }

    /// A later state of the same space, open in full: what was erased or deleted there since the backup
    /// is erased in the restored space as well, what was withdrawn is, and what was set aside is. Of the consents
    /// that were filed since, those from elsewhere that refuse something are filed here too ([`Restored::refusals`]); the
    /// others are not brought along.
    ///
    /// It may be one that was given new keys with damage, or a newer backup restored. What was lost there is not taken for
    /// what was erased: that is what its log tells of and of which the keys are gone. Where more is gone than the log
    /// tells of, it cannot be known which of it was erased, and all of that partition is back. What is missing there and
    /// stays here is counted: [`Restored::unaccounted`]. In a partition that began anew there nothing is repeated
    /// ([`Restored::not_replayed`]).
    #[must_use]
    pub fn later(mut self, space: &HealthSpace) -> Self {
        self.later = Some(space.clone());
        self
    }

    /// Restores also a backup in which something of a partition is damaged; what is whole is readable then. What a
    /// damaged segment of a catalog told of is left behind, as in [`HealthSpace::rotate_with_damage`]; a partition of which
    /// the head, the manifest or the policy row is damaged begins anew, empty ([`Restored::emptied`]).
    #[must_use]
    pub const fn with_damage(mut self) -> Self {
        self.with_damage = true;
        self
    }
}

/// What is known of erasures after a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErasuresAfter {
    /// Nothing: what was erased after it is back.
    Unknown,
    /// The anchor knows just the state of the backup: nothing was changed after it.
    None,
    /// They were repeated from the later state that was shown, up to that one.
    Replayed {
        /// Records that were erased again.
        records: u64,
        /// Sources.
        sources: u64,
        /// Entries of logs.
        entries: u64,
    },
    /// As [`Replayed`](Self::Replayed), but not all: of what was erased since in
    /// [these partitions](Restored::not_replayed), or of entries of the space's own log, it is not known what it was, and
    /// it is back.
    ReplayedInPart {
        /// Records that were erased again.
        records: u64,
        /// Sources.
        sources: u64,
        /// Entries of logs.
        entries: u64,
    },
}

impl ErasuresAfter {
    /// The word for it in the log: `unknown`, `none`, `replayed`, `replayed-in-part`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::None => "none",
            Self::Replayed { .. } => "replayed",
            Self::ReplayedInPart { .. } => "replayed-in-part",
        }
    }
}

/// What a restore came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// Which backup it was, by what it says itself; `None` where that entry was erased, or entries of the space's log are
    /// damaged.
    pub backup: Option<BackupId>,
    /// When it was made.
    pub made: Option<Timestamp>,
    /// What was read before anything was changed: every object of every partition.
    pub read: SpaceCheck,
    /// What is known of erasures after it.
    pub erasures: ErasuresAfter,
    /// What the later state that was shown lacks and was not erased there, as far as is known: it is back.
    pub unaccounted: Unaccounted,
    /// Partitions, by name, of which it is not known what was erased in them after the backup, so that it is back: in the
    /// later state that was shown they were too damaged and began anew, or more is gone there than the log tells of.
    pub not_replayed: Vec<String>,
    /// Permissions that wait to be [confirmed](HealthSpace::confirm_permission).
    pub permissions: u64,
    /// Limited ways in that are gone: programs get new ones.
    pub limited_ways_in: u64,
    /// Partitions that were too damaged to be read, by name: they are empty, and without the consents that were
    /// given there.
    pub emptied: Vec<String>,
    /// Logs that go on without entries on which their proofs rest, because these are lost: nothing proves that such a log
    /// continues what was signed of it before.
    pub broken_logs: u64,
    /// Consents from elsewhere that refuse something and were filed since the backup, as the later state says that was
    /// shown: they are filed here too, and what they permit waits. Without a later state nobody knows of any.
    pub refusals: u64,
}

impl HealthSpace {
    /// Makes a space of a backup, at a path where nothing is, and opens it in full. The backup stays as
    /// it is. The copy proves itself before it gets its name: everything in it is read and verified.
    ///
    /// It may have forgotten something, so it goes on as [`recover`](Self::recover) says: every
    /// permission waits to be confirmed, limited ways in are gone, logs have other names and keys and
    /// their first entry under these says from which checkpoint they go on. What was erased after the
    /// backup is erased again where [a later state](RestoreOptions::later) is shown; otherwise it is back,
    /// and [`Restored::erasures`] says so. A conversation goes on with the label that it had in the later state; without
    /// one, unless an anchor knows that nothing was added, nobody knows what it was shown since, and it gets the
    /// strictest label: what goes on is a new one. Ways in are those of the backup: a passphrase that was
    /// changed since opens it. What a keystore keeps for the space it keeps for the restored one under keys of its
    /// own, where `unlock` brings that keystore: changing the keys of one of the two leaves the other open.
    ///
    /// With an anchor in the environment the restored space takes the place of the one that it knew, which
    /// is refused there from then on. Without one it is not anchored, and an anchor of the old space
    /// refuses it.
    ///
    /// # Errors
    /// [`Error::NotASpace`] for anything but a backup; [`Error::AlreadyExists`]; [`Error::CannotOpen`];
    /// [`Error::NeedsFullSlot`] by a limited way in; [`Error::Corrupt`] where it is damaged;
    /// [`Error::RolledBack`] and [`Error::Forked`] where the later state is an older or another one;
    /// [`Error::Cancelled`]; what the disk and the anchor say. No file is left then, but for one that ends
    /// in `.part` where the process was killed.
    pub fn restore(
        backup: impl AsRef<Path>,
        to: impl AsRef<Path>,
        unlock: &Unlock,
        env: Environment,
        options: &RestoreOptions,
    ) -> Result<(Self, Restored)> {
        let watch = Watch { progress: env.progress.clone(), cancel: env.cancel.clone() };
        let draft = Draft::of_backup(backup.as_ref(), to.as_ref(), &watch)?;
        let file: Arc<dyn Storage> = Arc::new(draft.open()?);
        let (inner, places, next, restored) = restore_in(file, unlock, env, options)?;
        let swept = match restored.erasures {
            // Rows that were erased again must not be left in the file.
            ErasuresAfter::Replayed { .. } | ErasuresAfter::ReplayedInPart { .. } => inner.base.storage.scrub()?,
            _ => inner.base.storage.checkpoint()?,
        };
        if !swept {
            return Err(Error::Busy);
        }
        let env = inner.base.env.clone();
        drop(inner);
        let file = Arc::new(draft.finish_and_open()?);
        // A process that ends before this leaves a file whose heads follow those that the anchor knows,
        // or one that is locked where it knows none.
        let opened = places
            .tell(&next)
            .and_then(|()| Self::open_in(Arc::<Sqlite>::clone(&file), unlock, env, None))
            .inspect_err(|_| Arc::into_inner(file).into_iter().for_each(Sqlite::discard));
        Ok((opened?, restored))
    }
}

/// Discards the unfinished imports of every partition, in a commit before that which goes on anew: no
/// page of sources is written twice in one. Nothing is entered yet, for it is no part of the old logs.
fn discard(inner: &Inner) -> Result<Vec<(usize, SourceTag, u64)>> {
    let all = inner.write_anew(None, |tx, w| {
        let mut all = Vec::new();
        for at in 0..w.state.partitions.len() {
            if w.state.partitions.get(at).is_none_or(|p| p.manifest.staged.is_empty()) {
                continue;
            }
            let work = w.work(tx, Target::Partition(at))?;
            all.extend(discard_all(tx, work)?.into_iter().map(|(source, units)| (at, source, units)));
        }
        Ok(all)
    })?;
    Ok(all.0)
}

/// Goes on without what does not open: segments of catalogs, and partitions, which begin anew under their names.
pub(super) fn leave_behind(inner: &Inner, unlock: &Unlock) -> Result<State> {
    let state = inner.peek()?;
    if state.is_whole().is_ok() {
        return Ok(state);
    }
    let base = &inner.base;
    let forgot = Forgot::of(base, &*base.storage.begin_read()?, &state)?;
    let way = match state.left_out.is_empty() {
        true => None,
        false => {
            let txn = base.storage.begin_read()?;
            Some(WaysIn::new(unlock).named(&*txn, state.view.slots_digest(), base.epoch)?.full()?)
        }
    };
    inner.write_anew(None, |tx, w| {
        for at in 0..w.state.partitions.len() {
            tx.leave_missing(w.work(tx, Target::Partition(at))?)?;
        }
        let (left_out, Some(way)) = (core::mem::take(&mut w.state.left_out), &way) else { return Ok(()) };
        let system = w.state.system.clone().ok_or(Error::NeedsFullSlot)?;
        let mut directory = (*system.policy).clone();
        for left in &left_out {
            tx.txn.delete_scope(&left.scope)?;
            let new = NewScope::make(ScopeId(random_array()?), left.listed.ordinal)?;
            let listed = DirectoryEntry { scope: new.id, ..left.listed.clone() };
            let place = directory.directory.iter_mut().find(|d| d.scope == left.scope);
            listed.clone_into(place.ok_or(Error::Corrupt(Part::Policy))?);
            let (directory, vrk, instead_of) = (&directory, &way.vrk, Some(left));
            Founding { new, listed: &listed, directory, vrk, instead_of }.found(tx, w)?;
        }
        let partitions = w.state.partitions.clone();
        for (at, scope) in partitions.iter().enumerate() {
            raise(tx, w.work(tx, Target::Partition(at))?, scope, &forgot)?;
            end_lost(w.work(tx, Target::Partition(at))?, partitions.iter());
        }
        Ok(())
    })?;
    inner.peek()
}

/// Gives conversations that a partition left behind may have known more of the strictest label.
fn raise(tx: &mut Tx<'_>, work: &mut Work, scope: &Scope, forgot: &[Forgot]) -> Result<()> {
    for (i, row) in scope.manifest.conversation_pages.iter().enumerate() {
        // What does not open there resumes no conversation.
        let Some(page) = or_damaged(scope.conversation_page(tx.base, &*tx.txn, row))? else { continue };
        let raised = Forgot::raised(forgot, scope, &page);
        if raised != *page {
            let new = tx.put_bookkeeping(work, Class::Manifest, &encode_page(&raised), row.number)?;
            *work.manifest.conversation_pages.get_mut(i).ok_or(Error::Internal(143))? = new;
        }
    }
    Ok(())
}

/// Everything but the file: proves what there is and lets it go on anew.
pub(in crate::vault) fn restore_in(
    storage: Arc<dyn Storage>,
    unlock: &Unlock,
    env: Environment,
    options: &RestoreOptions,
) -> Result<(Inner, Places, State, Restored)> {
    let damage = if options.with_damage { Damage::LeftOut } else { Damage::Refused };
    let opened = HealthSpace::open_keys(storage, unlock, env, None, damage);
    crate::crypto::secret::burn_stack();
    let (base, state, _) = opened?;
    if state.system.is_none() {
        return Err(Error::NeedsFullSlot);
    }
    let inner = Inner::new(base, state.clone());
    let base = &inner.base;
    let txn = base.storage.begin_read()?;
    let read = look_through(base, &*txn, &state)?;
    if let Some(part) = read.first_damage().filter(|_| !options.with_damage) {
        return Err(Error::Corrupt(part));
    }
    let from = registered(base, &*txn, &state).unwrap_or_default().pop().map(|(copy, _)| copy);
    let mut narrowed = Narrowed::new();
    let (missing, shown) = match &options.later {
        Some(later) => {
            let (later_txn, later_state) = later.inner.read()?;
            narrowed.extend(later_state.partitions.iter().map(|p| (p.id, clearance(p))));
            let missing = compare((base, &*txn, &state), (&later.inner.base, &*later_txn, &later_state))?;
            (Some(missing), since::shown(&later.inner.base, &*later_txn, &later_state, &state)?)
        }
        None => (None, None),
    };
    drop(txn);
    let emptied = state.left_out.iter().map(|left| left.listed.name.clone()).collect();
    let state = leave_behind(&inner, unlock)?;
    let base = &inner.base;
    // Whether what they have so far was erased or discarded since cannot be told.
    let staged = |p: &Scope| missing.is_some() && !p.manifest.staged.is_empty();
    let discarded = if state.partitions.iter().any(staged) { discard(&inner)? } else { Vec::new() };
    let places = Places::ask(base, &state)?;
    let newest = places.are_those_of(&state);
    let state = if newest { state } else { since::raise(&inner, state, shown.as_ref())? };
    let own = OwnKeys::make(base, &state, unlock)?;
    let backup = from.map(|copy| copy.id);
    let refusals = filed_since(missing.as_deref().unwrap_or_default());
    let ((Anew { permissions, limited, broken, filed }, erasures), next) = inner
        .write_anew(Some(places.flags()), |tx, w| {
            let entries = forget(tx, w, missing.as_deref().unwrap_or_default())?;
            let anew = go_on(tx, w, (&places, &own), damage, &refusals, &narrowed)?;
            let mut told = BTreeSet::new();
            for c in refusals.values().flatten().filter(|c| told.insert(c.series)) {
                let (grant, version, consent_hash) = (c.series, c.version, sha256(&[&c.bytes]));
                let gesture = options.gesture.clone();
                let work = w.work(tx, Target::System)?;
                tx.log(work, AuditEvent::ConsentImported { grant, version, consent_hash, gesture })?;
            }
            for (at, source, records) in discarded {
                let work = w.work(tx, Target::Partition(at))?;
                tx.log(work, AuditEvent::ImportDiscarded { source, records })?;
            }
            let withdrawn = withdraw(tx, w, missing.as_deref().unwrap_or_default())?;
            let erasures = match &missing {
                Some(missing) => {
                    let (records, sources) = repeat(tx, w, missing, &options.gesture)?;
                    match unsure(missing).0 {
                        false => ErasuresAfter::Replayed { records, sources, entries },
                        true => ErasuresAfter::ReplayedInPart { records, sources, entries },
                    }
                }
                None if newest => ErasuresAfter::None,
                None => ErasuresAfter::Unknown,
            };
            let work = w.work(tx, Target::System)?;
            let anew = Anew { permissions: anew.permissions.saturating_sub(withdrawn), ..anew };
            let (permissions, gesture) = (anew.permissions, options.gesture.clone());
            tx.log(work, AuditEvent::Restored { backup, erasures: erasures.code().into(), permissions, gesture })?;
            Ok((anew, erasures))
        })
        // Of a file that nobody gets.
        .inspect_err(|_| own.discard())?;
    let made = from.map(|copy| copy.made);
    let missing = missing.unwrap_or_default();
    let (unaccounted, not_replayed) = (unaccounted(&missing), unsure(&missing).1);
    let restored = Restored {
        backup,
        made,
        read,
        erasures,
        unaccounted,
        not_replayed,
        permissions,
        limited_ways_in: limited,
        emptied,
        broken_logs: broken,
        refusals: filed.len() as u64,
    };
    Ok((inner, places, next, restored))
}

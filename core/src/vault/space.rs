//! Creating, opening and closing a space, and its partitions.

use super::check::or_damaged;
use super::found::{Announcement, NewScope, first_version};
use super::founding::Founding;
use super::head::SystemPart;
use super::keys::open_limited;
use super::logs::named;
use super::policy_row::{DirectoryEntry, PolicyRow};
use super::rows::Base;
use super::scope::{Damage, Scope};
use super::state::{Inner, State, Target, Writing, load_policy};
use super::tx::{FIRST_ROW, Tx};
use super::unlocking::{FullWay, Held, WaysIn, open_scopes, slots_digest};
use crate::audit::AuditEvent;
use crate::crypto::random_array;
use crate::crypto::secret::{EpochRoot, Key, SpaceRoot};
use crate::environment::Environment;
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::{ScopeId, SlotId};
use crate::keyring::{RecoveryCode, SlotKind, SpaceRow, Unlock, make_slot, space_row_id};
use crate::label::{Origins, PartitionKind};
use crate::record::is_no_name;
use crate::storage::{SlotRow, Sqlite, Storage, WriteTxn};
use std::path::Path;
use std::sync::Arc;

/// A person's space, open.
///
/// `Send` and `Sync`; clones share one handle. Any number of handles and processes may have one
/// space open: nothing is locked between calls.
#[derive(Clone)]
pub struct HealthSpace {
    pub(crate) inner: Arc<Inner>,
}

impl core::fmt::Debug for HealthSpace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HealthSpace(..)")
    }
}

/// What can be told about a space without telling anything of its content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Format of the file.
    pub format: u64,
    /// Names of the partitions that are open in this handle.
    pub partitions: Vec<String>,
    /// Whether this handle can change consents, partitions and ways in.
    pub full: bool,
    /// Where the secret of the current keys is kept besides the ways in: `hardware`, `os`,
    /// `software`, or `none`, where it stands in the file; as the keystore said of itself.
    pub keystore: &'static str,
    /// Whether the recovery code opens the space without the device. `false`: with the device lost,
    /// everything is.
    pub opens_by_code: bool,
    /// Whether a rollback of the whole file would be noticed: `anchored`; `local`, where the anchor
    /// is a file that can be put back as well; `unverified` without an anchor, and with one as long
    /// as the space was never opened in full with it.
    pub freshness: &'static str,
    /// Whether both copies of every head were whole and the same when they were last read. `false`
    /// is damage that the second copies made good: back the file up.
    pub copies_agree: bool,
    /// Names of partitions of which something is damaged, in a handle that was opened
    /// [all the same](HealthSpace::open_damaged); empty for one whose name is damaged as well.
    pub damaged: Vec<String>,
}

impl core::fmt::Debug for Info {
    /// Without the names of partitions.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Info")
            .field("format", &self.format)
            .field("partitions", &self.partitions.len())
            .field("full", &self.full)
            .field("keystore", &self.keystore)
            .field("opens_by_code", &self.opens_by_code)
            .field("freshness", &self.freshness)
            .field("copies_agree", &self.copies_agree)
            .field("damaged", &self.damaged.len())
            .finish()
    }
}

impl HealthSpace {
    /// Creates a space with the partitions `health` and `general`, and a recovery code that is
    /// shown once and stored nowhere. Opens it in full.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] where the file is there; [`Error::Io`] and [`Error::DiskFull`];
    /// [`Error::KeyStore`], and what the keystore says; where an anchor fails also [`Error::NotAnchored`];
    /// [`Error::Malformed`] for a way in that only opens. No file is left then.
    ///
    /// ```
    /// use healthspace::{Environment, HealthSpace, KdfParams, Unlock};
    /// let dir = std::env::temp_dir().join(format!("hs-doc-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let file = dir.join("me.hs");
    /// # let _ = std::fs::remove_file(&file);
    /// let unlock = || Unlock::passphrase("correct horse battery staple").with_cost(KdfParams::FLOOR);
    /// let (space, code) = HealthSpace::create(&file, &unlock(), Environment::default())?;
    /// assert_eq!(space.info()?.partitions, ["health", "general"]);
    /// space.close();
    /// let again = HealthSpace::open(&file, &Unlock::recovery_code(&code.reveal())?, Environment::default())?;
    /// # drop(again); std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(path: impl AsRef<Path>, unlock: &Unlock, env: Environment) -> Result<(Self, RecoveryCode)> {
        Self::new_file(path.as_ref(), unlock, true, |storage, row| Self::create_in(storage, row, unlock, env))
    }

    /// As [`create`](Self::create), with one way in alone: lost, everything is. For a host that keeps
    /// another copy of the data, or that adds a way in itself.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_without_recovery_code(path: impl AsRef<Path>, unlock: &Unlock, env: Environment) -> Result<Self> {
        Self::new_file(path.as_ref(), unlock, true, |storage, row| Self::create_with(storage, row, unlock, None, env))
    }

    /// As [`create`](Self::create), with a recovery code that opens the space together with the device's
    /// keystore only ([`Unlock::with_device`]): nothing in the file holds the keystore's secret besides. What
    /// is erased from older copies ([`erase_from_copies`](Self::erase_from_copies)) is then gone also for
    /// whoever has that code. The price: with the device lost, everything is, unless the host keeps a
    /// backup. Whether to pay it is the person's choice, made once.
    ///
    /// # Errors
    /// [`Error::LevelUnavailable`] for a way in without a keystore; otherwise as [`create`](Self::create).
    pub fn create_bound_to_device(
        path: impl AsRef<Path>,
        unlock: &Unlock,
        env: Environment,
    ) -> Result<(Self, RecoveryCode)> {
        if unlock.keystore.is_none() {
            return Err(Error::LevelUnavailable);
        }
        Self::new_file(path.as_ref(), unlock, false, |storage, row| Self::create_in(storage, row, unlock, env))
    }

    /// Makes a file and fills it, or leaves none.
    fn new_file<T>(
        path: &Path,
        unlock: &Unlock,
        recoverable: bool,
        fill: impl FnOnce(Arc<dyn Storage>, &SpaceRow) -> Result<T>,
    ) -> Result<T> {
        if unlock.kind == SlotKind::Recovery {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let row = SpaceRow { recoverable, ..SpaceRow::make_for(unlock)? };
        let made = Sqlite::create(path).and_then(|file| {
            let file = Arc::new(file);
            fill(Arc::<Sqlite>::clone(&file), &row).inspect_err(|_| {
                // Whoever opened it would have no recovery code. Nobody else holds it.
                Arc::into_inner(file).into_iter().for_each(Sqlite::discard);
            })
        });
        made.inspect_err(|_| {
            // A key that stays behind opens nothing.
            if let (Some((_, kept)), Some(store)) = (&row.kept, &unlock.keystore) {
                let _ = store.destroy(&kept.key);
            }
        })
    }

    pub(crate) fn create_in(
        storage: Arc<dyn Storage>,
        row: &SpaceRow,
        unlock: &Unlock,
        env: Environment,
    ) -> Result<(Self, RecoveryCode)> {
        let code = RecoveryCode::make()?;
        let space = Self::create_with(storage, row, unlock, Some(&code), env)?;
        Ok((space, code))
    }

    fn create_with(
        storage: Arc<dyn Storage>,
        row: &SpaceRow,
        unlock: &Unlock,
        code: Option<&RecoveryCode>,
        env: Environment,
    ) -> Result<Self> {
        let srk: Key<SpaceRoot> = Key::make()?;
        let vrk = row.epoch_root(&srk)?;
        let mut slots = vec![SlotRow { id: space_row_id(), body: row.encode() }];
        let by_code = code.map(Unlock::of_code);
        let mut ways = Vec::new();
        for u in core::iter::once(unlock).chain(&by_code) {
            let (id, slot) = make_slot(row, &row.stretch(u)?, &srk)?;
            slots.push(SlotRow { id, body: slot.encode() });
            ways.push(AuditEvent::WayInAdded { slot: SlotId(id), kind: slot.kind as u64, scopes: Vec::new() });
        }
        slots.sort_by_key(|s| s.id);
        let base = Base::of(storage, row, env)?;
        let now = base.env.now().as_millis();
        {
            // One transaction: a space without the first entries of its logs there never is.
            let mut txn = base.storage.begin_write()?;
            for s in &slots {
                txn.put_slot(&s.id, &s.body)?;
            }
            Self::found(&base, &mut *txn, &vrk, row.system, &slots, now)?;
            let state = open_scopes(&base, &*txn, row.system, &vrk, &slots_digest(&slots), None, Damage::Refused)?;
            Self::log_foundation(Tx::new(&base, txn, now)?, &state, ways)?;
        }
        drop(vrk);
        drop(srk);
        crate::crypto::secret::burn_stack();
        Self::open_in(Arc::clone(&base.storage), unlock, base.env.clone(), None)
    }

    /// Writes the first state of a space: three scopes, their directory, and the system head.
    fn found(
        base: &Base,
        txn: &mut dyn WriteTxn,
        vrk: &Key<EpochRoot>,
        system: ScopeId,
        slots: &[SlotRow],
        now: i64,
    ) -> Result<()> {
        let version = first_version()?;
        let kinds =
            [("", PartitionKind::General), ("health", PartitionKind::Health), ("general", PartitionKind::General)];
        let mut scopes = Vec::new();
        for ordinal in 0..3u16 {
            let id = if ordinal == 0 { system } else { ScopeId(random_array()?) };
            scopes.push(NewScope::make(id, ordinal)?);
        }
        let named = scopes.iter().zip(kinds).skip(1);
        let directory: Vec<_> = named
            .map(|(s, (name, kind))| DirectoryEntry { name: name.to_owned(), scope: s.id, ordinal: s.ordinal, kind })
            .collect();
        let mut row = FIRST_ROW;
        let mut entries = Vec::new();
        for (s, (name, kind)) in scopes.iter().zip(kinds) {
            let mut policy = PolicyRow::new(name, kind);
            if s.ordinal == 0 {
                policy.directory.clone_from(&directory);
            }
            entries.push(s.announce(base, txn, vrk, Announcement { system, number: row, version }, &policy)?);
            row += 1;
        }
        let part = SystemPart { slots_digest: slots_digest(slots), scopes: entries };
        let mut under = None;
        for s in &scopes {
            let is_system = s.ordinal == 0;
            let first = if is_system { row } else { FIRST_ROW };
            let (head, digest) = s.found(base, txn, first, now, is_system.then(|| part.clone()), under)?;
            if is_system {
                under = Some((head.generation, digest));
            }
        }
        Ok(())
    }

    /// Writes the first entries of each log, and makes all that the transaction wrote durable.
    fn log_foundation(mut tx: Tx<'_>, state: &State, ways: Vec<AuditEvent>) -> Result<()> {
        let system = state.system.as_ref().ok_or(Error::Internal(130))?;
        let signer = system.signer(tx.base, &*tx.txn, &system.head)?;
        let next = |s: &Scope| s.next_generation().ok_or(Error::TooLarge(Limit::Capacity));
        let mut work = tx.work(system, next(system)?);
        tx.log(&mut work, AuditEvent::SpaceCreated {})?;
        for p in &state.partitions {
            tx.log(&mut work, named(p, &p.head.log_origin))?;
        }
        for way in ways {
            tx.log(&mut work, way)?;
        }
        let system = tx.finish(work, None, Some(&signer), 0)?;
        for p in &state.partitions {
            let mut work = tx.work(p, next(p)?);
            tx.log(&mut work, AuditEvent::PartitionCreated { scope: p.id, ordinal: p.ordinal, kind: p.policy.kind })?;
            tx.finish(work, Some((system.head.generation, system.digest)), None, 0)?;
        }
        tx.commit()
    }

    /// Opens a space in full: every partition, and the right to change consents. By a limited way in: its
    /// partitions, as [`open_partitions`](Self::open_partitions) does.
    ///
    /// # Errors
    /// [`Error::NotASpace`], [`Error::NeedsNewerLibrary`], [`Error::PreRelease`], [`Error::CannotOpen`] (a wrong secret and
    /// a damaged slot cannot be told apart), and [`Error::Corrupt`] only once a key has verified it;
    /// [`Error::AnchorMissing`], [`Error::RolledBack`] and [`Error::Forked`] by the anchor.
    pub fn open(path: impl AsRef<Path>, unlock: &Unlock, env: Environment) -> Result<Self> {
        Self::open_in(Arc::new(Sqlite::open(path.as_ref())?), unlock, env, None)
    }

    /// Opens chosen partitions only. Keys of the others, and of the system scope, are not kept:
    /// this handle can read, write and withdraw in its partitions, and can grant nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::NoSuchPartition`] where a name is unknown.
    pub fn open_partitions(path: impl AsRef<Path>, unlock: &Unlock, env: Environment, names: &[&str]) -> Result<Self> {
        if names.is_empty() {
            return Err(Error::Malformed(Malformed::Argument));
        }
        Self::open_in(Arc::new(Sqlite::open(path.as_ref())?), unlock, env, Some(names))
    }

    /// As [`open`](Self::open), for a space that it refuses because something in a partition is damaged: opens what is
    /// whole. [`Info::damaged`] names the partitions concerned, [`check`](Self::check) says what of them. Where its head,
    /// manifest or policy row is damaged, a partition is left out. Where a segment of its catalog is, it is open without
    /// the records that this segment tells of; what such a segment had replaced is given as it was before. What is
    /// released says that something is missing ([`Audited::unread`](crate::Audited::unread); a context, in its text).
    ///
    /// Consents, withdrawals, ways in and backups are what they were, for the partitions that are open. What takes all
    /// that there is fails with [`Error::Corrupt`]: imports, erasures and changes of memories where what is not read
    /// may be concerned, claims and the scope of a breach; and where a partition is left out evidence, new partitions and
    /// consents from elsewhere. To go on from here: a [backup](Self::backup_to) and its
    /// [restore](crate::RestoreOptions::with_damage), or [`rotate`](Self::rotate), and where a partition is left out
    /// [`rotate_with_damage`](Self::rotate_with_damage). All leave behind what does not open; the backup has it still.
    ///
    /// ```
    /// # use healthspace::{Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-damaged-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let file = dir.join("me.hs");
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # HealthSpace::create(&file, &unlock, Environment::default())?.0.close();
    /// let space = HealthSpace::open_damaged(&file, &unlock, Environment::default())?;
    /// assert!(space.info()?.damaged.is_empty());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), healthspace::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Corrupt`] for damage in the space's own scope alone.
    pub fn open_damaged(path: impl AsRef<Path>, unlock: &Unlock, env: Environment) -> Result<Self> {
        Self::open_with(Arc::new(Sqlite::open(path.as_ref())?), unlock, env, None, Damage::LeftOut)
    }

    pub(crate) fn open_in(
        storage: Arc<dyn Storage>,
        unlock: &Unlock,
        env: Environment,
        only: Option<&[&str]>,
    ) -> Result<Self> {
        Self::open_with(storage, unlock, env, only, Damage::Refused)
    }

    pub(super) fn open_with(
        storage: Arc<dyn Storage>,
        unlock: &Unlock,
        env: Environment,
        only: Option<&[&str]>,
        damage: Damage,
    ) -> Result<Self> {
        let opened = Self::open_keys(storage, unlock, env, only, damage);
        // Whatever derivation left on the stack goes, whether or not the secret was right.
        crate::crypto::secret::burn_stack();
        let (base, state, pending) = opened?;
        let space = Self { inner: Arc::new(Inner::new(base, state)) };
        // Which scopes the anchor is asked about is known only now: a snapshot of its own.
        let state = space.inner.read()?.1;
        // From the first time on that it has an anchor, no part of it is written without one.
        if state.system.is_some() && space.inner.base.env.anchor.is_some() && !state.is_anchored() {
            space.inner.write(|tx, w| w.work(tx, Target::System).map(|_| ()))?;
        }
        if state.system.is_some() {
            // As well as it can be done now: what is in the way may be so again at the next opening.
            let _ = space.sweep_waiting();
        }
        if pending && state.system.is_some() {
            // The head has named them by now. A disk that cannot be written to opens all the same.
            space.destroy_keys(unlock, None);
        }
        Ok(space)
    }

    /// What a handle is made of, and whether keys of the keystore wait to be destroyed.
    pub(super) fn open_keys(
        storage: Arc<dyn Storage>,
        unlock: &Unlock,
        env: Environment,
        only: Option<&[&str]>,
        damage: Damage,
    ) -> Result<(Base, State, bool)> {
        let txn = storage.begin_read()?;
        let mut ways = WaysIn::new(unlock);
        loop {
            let way = ways.next(&*txn)?;
            let base = Base::of(Arc::clone(&storage), &way.row, env.clone())?;
            let opened = match way.held {
                Held::Full { vrk, .. } => open_scopes(&base, &*txn, way.row.system, &vrk, &way.digest, only, damage),
                Held::Limited(bundle) => open_limited(&base, &*txn, bundle, &way.digest, only, damage),
            };
            match opened {
                Err(e @ (Error::Corrupt(Part::Slot) | Error::CannotOpen)) => ways.unnamed(e),
                Err(e) => return Err(e),
                Ok(state) => {
                    let open = |name: &&str| state.position(name).is_ok();
                    if only.is_some_and(|names| !names.iter().all(open)) {
                        return Err(Error::NoSuchPartition);
                    }
                    return Ok((base, state, !way.row.pending.is_empty()));
                }
            }
        }
    }

    /// Drops every key that this handle (and its clones) holds, and lets go of the file: once no other handle or
    /// process has it open, and no reader or call is under way, the file alone is the space, with nothing beside
    /// it. Later calls fail with [`Error::Locked`].
    pub fn close(&self) {
        self.inner.close();
    }

    /// What can be told about the space.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn info(&self) -> Result<Info> {
        let state = self.inner.peek()?;
        Ok(Info {
            format: crate::keyring::FORMAT,
            partitions: state.partitions.iter().map(|p| p.policy.name.clone()).collect(),
            full: state.system.is_some(),
            keystore: self.inner.base.keystore.code(),
            opens_by_code: self.inner.base.by_code,
            freshness: self.inner.base.freshness(&state),
            copies_agree: state.partitions.iter().chain(&state.system).all(|s| s.whole),
            damaged: {
                let open = state.partitions.iter().filter(|p| p.missing() > 0).map(|p| &p.policy.name);
                open.chain(state.left_out.iter().map(|left| &left.listed.name)).cloned().collect()
            },
        })
    }

    /// Adds a partition. Needs a way in, because the keys that seal scope keys are not kept open.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`], [`Error::CannotOpen`]; [`Error::AlreadyExists`] for a taken name;
    /// [`Error::TooLarge`] for the 64th partition: labels could not tell it from the 63rd;
    /// [`Error::Malformed`] for an empty name, one over 64 bytes, one that begins or ends with a
    /// blank, or one with double quotation marks or characters that are not seen (controls, directions, line breaks,
    /// what Unicode ignores).
    pub fn create_partition(&self, name: &str, kind: PartitionKind, unlock: &Unlock) -> Result<()> {
        if name.is_empty() || name.len() > 64 || name.chars().any(is_no_name) || name.trim() != name {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let FullWay { vrk, srk, .. } = self.way(unlock)?;
        drop(srk);
        self.inner.write(|tx, w| self.add_partition(tx, w, name, kind, &vrk))
    }

    fn add_partition(
        &self,
        tx: &mut Tx<'_>,
        w: &mut Writing,
        name: &str,
        kind: PartitionKind,
        vrk: &Key<EpochRoot>,
    ) -> Result<()> {
        let base = &self.inner.base;
        // What was refused in one that is left out is refused here too.
        w.state.has_all()?;
        let system = w.state.system.clone().ok_or(Error::NeedsFullSlot)?;
        let stored = load_policy(base, &*tx.txn, &w.state.view, &system.id, &system.keys);
        let stored = match or_damaged(stored)? {
            Some(row) => row,
            None if system.lists_all(&w.state.view.head) => Arc::clone(&system.policy),
            None => return Err(Error::Corrupt(Part::Policy)),
        };
        let mut directory = (*stored).clone();
        if directory.directory.iter().any(|d| d.name == name) {
            return Err(Error::AlreadyExists);
        }
        let ordinal = directory.directory.iter().map(|d| d.ordinal).max().unwrap_or(0);
        let ordinal =
            ordinal.checked_add(1).filter(|o| Origins::tells_apart(*o)).ok_or(Error::TooLarge(Limit::Capacity))?;
        let new = NewScope::make(ScopeId(random_array()?), ordinal)?;
        let listed = DirectoryEntry { name: name.to_owned(), scope: new.id, ordinal, kind };
        directory.directory.push(listed.clone());
        Founding { new, listed: &listed, directory: &directory, vrk, instead_of: None }.found(tx, w)
    }
}

#[cfg(test)]
impl HealthSpace {
    /// Keys of `health`, of `general`, and those above and beside them: root, wrap, system.
    pub(crate) fn keys_for_tests(&self, unlock: &Unlock) -> [Vec<[u8; 32]>; 3] {
        let state = self.inner.peek().unwrap();
        let (txn, _) = self.inner.read().unwrap();
        let FullWay { vrk, srk, .. } = WaysIn::new(unlock).next(&*txn).unwrap().full().unwrap();
        // The keys of its log, of its records' ids and of its groups stand in its manifest.
        let of = |s: &Scope| {
            let (mut all, groups) = (s.keys.all(), &s.manifest.last_keys);
            all.extend([*s.manifest.log_key.expose(), *s.manifest.id_key.expose()]);
            all.extend((0..groups.len()).filter_map(|n| groups.get(n)).map(|(_, key)| *key.expose()));
            all
        };
        let mut above = of(state.system.as_ref().unwrap());
        above.extend([*vrk.expose(), *srk.expose(), *crate::crypto::kdf::wrap_key(&vrk).unwrap().expose()]);
        [of(&state.partitions[0]), of(&state.partitions[1]), above]
    }

    /// The secret of the current epoch.
    pub(crate) fn epoch_secret_for_tests(&self, unlock: &Unlock) -> [u8; 32] {
        let (txn, _) = self.inner.read().unwrap();
        *WaysIn::new(unlock).next(&*txn).unwrap().row.epoch_secret.unwrap().expose()
    }

    /// The key of a partition's log.
    pub(crate) fn log_key_for_tests(&self, partition: &str) -> [u8; 32] {
        let state = self.inner.peek().unwrap();
        *state.partitions[state.position(partition).unwrap()].manifest.log_key.expose()
    }

    /// A slot that opens this space with another secret: what whoever once held the root key can make.
    pub(crate) fn slot_for_tests(&self, unlock: &Unlock, other: &Unlock) -> ([u8; 16], Vec<u8>) {
        let (txn, _) = self.inner.read().unwrap();
        let way = WaysIn::new(unlock).next(&*txn).unwrap().full().unwrap();
        let (id, slot) = make_slot(&way.row, &way.row.stretch(other).unwrap(), &way.srk).unwrap();
        (id, slot.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::KdfParams;

    fn pass(s: &str) -> Unlock {
        Unlock::passphrase(s).with_cost(KdfParams::FLOOR)
    }

    #[test]
    fn a_space_opens_with_every_way_in_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("me.hs");
        let (space, code) = HealthSpace::create(&file, &pass("one"), Environment::default()).unwrap();
        assert!(space.info().unwrap().full);
        drop(space);
        let open = |u: &Unlock| HealthSpace::open(&file, u, Environment::default());
        assert!(open(&pass("one")).is_ok());
        assert!(open(&Unlock::recovery_code(&code.reveal()).unwrap()).is_ok());
        assert!(matches!(open(&pass("two")), Err(Error::CannotOpen)));
        let part = HealthSpace::open_partitions(&file, &pass("one"), Environment::default(), &["general"]).unwrap();
        assert_eq!(part.info().unwrap().partitions, ["general"]);
        assert!(!part.info().unwrap().full);
        assert!(matches!(
            HealthSpace::open_partitions(&file, &pass("one"), Environment::default(), &["nowhere"]),
            Err(Error::NoSuchPartition)
        ));
        assert!(matches!(HealthSpace::create(&file, &pass("one"), Environment::default()), Err(Error::AlreadyExists)));
        part.close();
        assert!(matches!(part.info(), Err(Error::Locked)));
    }

    #[test]
    fn partitions_are_added_and_seen_by_other_handles_after_they_open_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("me.hs");
        let (space, _) = HealthSpace::create(&file, &pass("one"), Environment::default()).unwrap();
        let other = HealthSpace::open(&file, &pass("one"), Environment::default()).unwrap();
        space.create_partition("fitness", PartitionKind::Health, &pass("one")).unwrap();
        assert_eq!(space.info().unwrap().partitions, ["health", "general", "fitness"]);
        assert!(matches!(
            space.create_partition("fitness", PartitionKind::Health, &pass("one")),
            Err(Error::AlreadyExists)
        ));
        assert!(matches!(space.create_partition("", PartitionKind::Health, &pass("one")), Err(Error::Malformed(_))));
        assert!(matches!(space.create_partition("x", PartitionKind::Health, &pass("wrong")), Err(Error::CannotOpen)));
        // The other handle goes on working over the new system head.
        other.inner.read().unwrap();
        let again = HealthSpace::open(&file, &pass("one"), Environment::default()).unwrap();
        assert_eq!(again.info().unwrap().partitions, ["health", "general", "fitness"]);
    }
}

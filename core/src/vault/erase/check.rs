//! Looking for what was erased, as whoever has what a level is about would.

use super::{EVERYTHING, ErasureLevel};
use crate::audit::{AuditEvent, items_root};
use crate::catalog::{Catalog, RecordRef};
use crate::crypto::context::Class;
use crate::crypto::seal;
use crate::environment::Environment;
use crate::error::{Error, Malformed, Part, Result};
use crate::id::{RecordId, ScopeId};
use crate::keyring::{PAGE_KEYS, SpaceRow, Unlock, space_row_id};
use crate::lang::Lang;
use crate::storage::{Copy, ReadTxn, Sqlite, Storage};
use crate::vault::HealthSpace;
use crate::vault::check::or_damaged;
use crate::vault::ingest::Partition;
use crate::vault::keys::WayInKind;
use crate::vault::logs::read_line;
use crate::vault::rows::Base;
use crate::vault::scope::{Damage, Scope};
use crate::vault::state::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What whoever wants it back has, besides the file as it is.
#[derive(Default)]
#[non_exhaustive]
pub struct ErasureTrial<'a> {
    older: Option<PathBuf>,
    ways: Vec<&'a Unlock>,
    ids: Option<(Vec<RecordId>, [u8; 32])>,
}

impl core::fmt::Debug for ErasureTrial<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ErasureTrial(..)")
    }
}

impl<'a> ErasureTrial<'a> {
    /// The file as it is, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With an older copy of the file, from before the erasure, with its write-ahead log if it has one. It is opened
    /// as any file of a space is, so the engine may write to it: a copy is best.
    #[must_use]
    pub fn older(mut self, path: impl AsRef<Path>) -> Self {
        self.older = Some(path.as_ref().to_owned());
        self
    }

    /// With a way into the older copy: what the person knows, and the keystore as it is now.
    #[must_use]
    pub fn way(mut self, unlock: &'a Unlock) -> Self {
        self.ways.push(unlock);
        self
    }

    /// The ids of the erased records of this partition, and the salt that the erasure gave.
    #[must_use]
    pub fn ids(mut self, ids: Vec<RecordId>, salt: [u8; 32]) -> Self {
        self.ids = Some((ids, salt));
        self
    }
}

/// By what something was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TriedBy {
    /// Asked for by id in the file as it is, opened in full.
    Id,
    /// Every byte of the file as it is was looked at for the sealed rows, and for the pages of keys where the older
    /// copy opened and told which these were.
    Bytes,
    /// In the older copy, by this way in.
    OlderCopy(WayInKind),
}

/// One thing that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasureTry {
    /// By what.
    pub by: TriedBy,
    /// On how many: records by id, and in an older copy that opened; sealed rows otherwise, for nobody can tell which
    /// records they held.
    pub objects: u64,
    /// How many were found, or opened.
    pub opened: u64,
}

/// What came of looking for what was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasureCheck {
    /// The level that the erasure has reached, by the logs.
    pub claimed: ErasureLevel,
    /// The level that this confirms; never above. `None` where nothing was found out, or something opened that should
    /// not.
    pub confirmed: Option<ErasureLevel>,
    /// What was tried.
    pub tries: Vec<ErasureTry>,
    /// The entry that says so in the partition's log, where something is confirmed.
    pub entry: Option<u64>,
}

impl ErasureCheck {
    /// What it does not prove, in plain words.
    #[must_use]
    pub fn does_not_prove(&self, language: &str) -> [&'static str; 4] {
        match Lang::parse(language) {
            Lang::En => [
                "that there is no other copy, and that the keystore cannot be put back as it was",
                "that the passphrase and the code were those of the older copy: a wrong one opens nothing either",
                "what became of what was made of the records in other partitions",
                "that nobody had read, exported or received it before (E3 is never reached)",
            ],
            Lang::Fr => [
                "qu’il n’existe pas d’autre copie, ni que le trousseau ne peut être rétabli dans un état antérieur",
                "que la phrase secrète et le code étaient ceux de la copie\u{a0}: un secret erroné n’ouvre rien non plus",
                "ce qu’est devenu ce qui avait été tiré des données dans d’autres partitions",
                "que personne ne l’avait lu, exporté ou reçu auparavant (E3 n’est jamais atteint)",
            ],
        }
    }
}

/// Sealed rows, by number, each with its salt.
type Rows = BTreeMap<u64, [u8; 24]>;

/// An older copy as far as it can be read without a key.
struct Older {
    storage: Arc<dyn Storage>,
    row: SpaceRow,
    /// Rows of content of which none may be in the file any more.
    gone: Rows,
    /// All rows of content that it has.
    content: Rows,
    manifest: Vec<[u8; 24]>,
    /// Whether all that the erasure took stood in it, as far as is known.
    held: bool,
}

impl Partition {
    /// Looks for what an erasure of records took, as whoever has what its level is about would: by id in the file as
    /// it is (E0); in every byte of it, for the sealed rows and keys that an older copy had (E1); in that older copy,
    /// by the ways in that are given and the keystore as it is now (E2r; with the recovery code, E2). What it confirms
    /// is entered in the log, and stands on the [certificate](Self::erasure_certificate).
    ///
    /// Without ids and without an older copy there is nothing to look for: what is gone has left no trace here. A copy
    /// confirms nothing unless what was erased stood in it: because nothing was brought into the partition between the
    /// copy and the erasure, by its log, all of which is left from there; or because a way in opened the copy and all of
    /// the ids were found in it.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, import::Source, Environment, Erase, ErasureLevel, ErasureTrial, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-verify-erasure-{}", std::process::id()));
    /// # let _ = std::fs::remove_dir_all(&dir);
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = Gesture { method: "tap".into(), evidence: [0; 32] };
    /// let health = space.partition("health")?;
    /// health.import(Source::bytes(br#"{ "resourceType": "Patient" }"#.to_vec())?)?;
    /// # space.close();
    /// # drop((space, health));
    /// std::fs::copy(dir.join("me.hs"), dir.join("older.hs"))?;
    /// # let space = HealthSpace::open(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let health = space.partition("health")?;
    /// let erased = health.erase(&Erase::Everything, gesture)?;
    /// let trial = ErasureTrial::new().older(dir.join("older.hs")).way(&unlock);
    /// let check = health.verify_erasure(erased.entry, &trial)?;
    /// // The older copy opens: E1 does not claim more.
    /// assert_eq!(check.confirmed, Some(ErasureLevel::FileErased));
    /// assert_eq!(check.tries.last().map(|t| t.opened), Some(1));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] where the entry is none of an erasure of records in this partition's log;
    /// [`Error::NeedsFullSlot`] where some partitions only are open; [`Error::Malformed`] for ids that are not those of
    /// the entry, and for a copy from after it; [`Error::Forked`] for a copy of another space; what opening the copy, and its keystore, say.
    pub fn verify_erasure(&self, entry: u64, trial: &ErasureTrial<'_>) -> Result<ErasureCheck> {
        let found = self.find_erasure(entry)?;
        let claimed = found.level.ok_or(Error::NotFound)?;
        if let Some((ids, salt)) = &trial.ids
            && items_root(salt, ids.iter().map(|id| &id.0[..]))? != found.ids_root
        {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let everything = found.erased.get("what").is_some_and(|what| what == EVERYTHING);
        let mut older = trial.older.as_ref().map(|path| self.read_older(path, entry, everything)).transpose()?;
        let mut check = ErasureCheck { claimed, confirmed: None, tries: Vec::new(), entry: None };
        let mut needles: BTreeSet<[u8; 24]> = BTreeSet::new();
        if let Some(older) = &mut older {
            needles.extend(older.gone.values().chain(&older.manifest));
            for unlock in &trial.ways {
                check.tries.push(self.try_older(older, unlock, trial, &mut needles)?);
            }
        }
        let here = self.try_here(trial, older.as_ref().map_or(0, |o| o.gone.len()), &needles)?;
        check.tries.splice(0..0, here);
        check.confirmed = confirmed(&check, older.as_ref().filter(|o| o.held));
        if let Some(level) = check.confirmed {
            let objects = check.tries.iter().map(|t| t.objects).max().unwrap_or(0);
            let event = AuditEvent::ErasureChecked {
                entry,
                level: level.name().into(),
                objects,
                ways: trial.ways.len() as u64,
            };
            check.entry = Some(self.inner.write(|tx, w| {
                let at = w.state.position(&self.name)?;
                let work = w.work(tx, Target::Partition(at))?;
                tx.log(work, event)
            })?);
        }
        Ok(check)
    }

    /// In the file as it is.
    fn try_here(&self, trial: &ErasureTrial<'_>, rows: usize, needles: &BTreeSet<[u8; 24]>) -> Result<Vec<ErasureTry>> {
        let mut tries = Vec::new();
        if let Some((ids, _)) = &trial.ids {
            let state = self.inner.read()?.1;
            let scope = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
            scope.catalog()?;
            let opened = ids.iter().filter(|id| scope.readable.find_record(id).is_some()).count() as u64;
            tries.push(ErasureTry { by: TriedBy::Id, objects: ids.len() as u64, opened });
        }
        if rows > 0 {
            let mut opened = 0;
            let looked = self.inner.base.storage.look_at(&mut |bytes| opened += count(bytes, needles))?;
            if looked {
                tries.push(ErasureTry { by: TriedBy::Bytes, objects: rows as u64, opened });
            }
        }
        Ok(tries)
    }

    fn read_older(&self, path: &Path, entry: u64, everything: bool) -> Result<Older> {
        let (txn, state) = self.inner.read()?;
        if state.system.is_none() {
            return Err(Error::NeedsFullSlot);
        }
        let scope = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
        let id = scope.id;
        let storage: Arc<dyn Storage> = Arc::new(Sqlite::open(path)?);
        let then = storage.begin_read()?;
        let slots = then.slots(Copy::First)?;
        let shared = slots.iter().find(|r| r.id == space_row_id()).ok_or(Error::CannotOpen)?;
        let row = SpaceRow::decode(&shared.body)?;
        if row.space != self.inner.base.space {
            return Err(Error::Forked);
        }
        let mut size = 0;
        then.log_rows(&mut |scope, n| {
            size += if scope == Some(id) { n } else { 0 };
            Ok(())
        })?;
        if size > entry {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let (mut content, mut here, mut manifest) = (Rows::new(), Rows::new(), Vec::new());
        for class in [Class::Body, Class::Series] {
            content.extend(salts(&*then, &id, class)?);
            here.extend(salts(&*txn, &id, class)?);
        }
        let mut gone = content.clone();
        // Of everything nothing stays: a row that is still there was not erased.
        gone.retain(|number, salt| everything || here.get(number) != Some(salt));
        let now = salts(&*txn, &id, Class::Manifest)?;
        manifest.extend(salts(&*then, &id, Class::Manifest)?.values().filter(|s| !now.values().any(|n| n == *s)));
        drop(then);
        let mut held = true;
        for index in size..entry {
            let line = or_damaged(read_line(&self.inner.base, &*txn, scope, index))?;
            held &= line.and_then(|(_, entry)| entry).is_some_and(|entry| !brings(&entry.event));
        }
        Ok(Older { storage, row, gone, content, manifest, held })
    }

    /// One way into the older copy; `needles` grows by what it tells of keys and segments.
    fn try_older(
        &self,
        older: &mut Older,
        unlock: &Unlock,
        trial: &ErasureTrial<'_>,
        needles: &mut BTreeSet<[u8; 24]>,
    ) -> Result<ErasureTry> {
        let by = TriedBy::OlderCopy(unlock.kind.into());
        let rows = older.gone.len() as u64;
        // Where the keystore still gives the secret, a passphrase that is mistyped here proves nothing.
        let secret = match (&unlock.keystore, &older.row.kept) {
            (Some(store), Some((_, kept))) => match kept.open(store) {
                Ok(_) => true,
                Err(Error::NotFound | Error::CannotOpen) => false,
                Err(e) => return Err(e),
            },
            _ => false,
        };
        let env = Environment { clock: Arc::clone(&self.inner.base.env.clock), ..Environment::default() };
        let opened = HealthSpace::open_keys(Arc::clone(&older.storage), unlock, env, None, Damage::Refused);
        crate::crypto::secret::burn_stack();
        let (base, then, _) = match opened {
            Ok(opened) => opened,
            Err(Error::CannotOpen) => {
                return Ok(ErasureTry { by, objects: rows, opened: if secret { rows } else { 0 } });
            }
            Err(e) => return Err(e),
        };
        let state = self.inner.read()?.1;
        let now = state.partitions.get(state.position(&self.name)?).ok_or(Error::NoSuchPartition)?;
        let Some(scope) = then.partitions.iter().find(|p| p.id == now.id) else {
            return Ok(ErasureTry { by, objects: 0, opened: 0 });
        };
        now.catalog()?;
        let asked = |r: &RecordRef<'_>| match &trial.ids {
            Some((ids, _)) => ids.contains(&r.id()),
            None => now.readable.find_record(&r.id()).is_none(),
        };
        let erased: Vec<RecordRef<'_>> = scope.readable.records().filter(asked).collect();
        let txn = older.storage.begin_read()?;
        let mut opened = 0;
        let mut raw = Zeroizing::new(Vec::new());
        for record in &erased {
            let class = if record.series().is_some() { Class::Series } else { Class::Body };
            opened += u64::from(scope.open_object(&base, &*txn, class, &record.object(), &mut raw).is_ok());
        }
        // Also of one that is still there.
        needles.extend(erased.iter().filter_map(|r| older.content.get(&(r.object().number >> 8))));
        needles.extend(led_to(&base, scope, &erased)?);
        older.held |= trial
            .ids
            .as_ref()
            .is_some_and(|(ids, _)| !ids.is_empty() && ids.iter().all(|id| scope.readable.find_record(id).is_some()));
        Ok(ErasureTry { by, objects: erased.len() as u64, opened })
    }
}

/// What led to these records: pages with their keys, and segments that told of them.
fn led_to(base: &Base, scope: &Scope, records: &[RecordRef<'_>]) -> Result<Vec<[u8; 24]>> {
    let ids: BTreeSet<RecordId> = records.iter().map(RecordRef::id).collect();
    let mut all = Vec::new();
    for record in records {
        let index =
            usize::try_from(record.object().group.saturating_sub(1)).map_err(|_| Error::Corrupt(Part::KeyPage))?;
        // The last keys stand in the manifest.
        all.extend(scope.manifest.key_pages.get(index / PAGE_KEYS).map(|row| row.salt));
    }
    let txn = base.storage.begin_read()?;
    for s in scope.manifest.segments.iter().filter(|s| s.here.is_none()) {
        let segment = scope.read_segment(base, &*txn, s)?;
        if Catalog::of([Arc::new(segment)]).records().any(|r| ids.contains(&r.id())) {
            all.push(s.row.salt);
        }
    }
    Ok(all)
}

/// Whether an entry may tell of records that were not there before.
const fn brings(event: &AuditEvent) -> bool {
    matches!(
        event,
        AuditEvent::Imported { .. }
            | AuditEvent::Remembered { .. }
            | AuditEvent::TurnAppended { .. }
            | AuditEvent::MemoryEdited { .. }
            | AuditEvent::Declassified { .. }
            | AuditEvent::Restored { .. }
            | AuditEvent::Recovered { .. }
            | AuditEvent::LogOpened { .. }
            | AuditEvent::Unknown { .. }
    )
}

fn salts(txn: &dyn ReadTxn, scope: &ScopeId, class: Class) -> Result<Rows> {
    let mut all = Rows::new();
    txn.scan(scope, class as u8, &mut |row| {
        all.extend(seal::salt_of(&row.sealed).map(|salt| (row.number, salt)));
        Ok(())
    })?;
    Ok(all)
}

/// How many of these stand somewhere in the bytes.
fn count(bytes: &[u8], needles: &BTreeSet<[u8; 24]>) -> u64 {
    let mut begins = vec![false; 1 << 16];
    for n in needles {
        if let Some(b) = begins.get_mut(usize::from(n[0]) << 8 | usize::from(n[1])) {
            *b = true;
        }
    }
    let mut met = BTreeSet::new();
    for window in bytes.windows(24) {
        let [a, b, ..] = window else { continue };
        if begins.get(usize::from(*a) << 8 | usize::from(*b)) == Some(&true)
            && let Some(found) = window.first_chunk::<24>().and_then(|w| needles.get(w))
        {
            met.insert(found);
        }
    }
    met.len() as u64
}

/// What the tries confirm; those in an older copy only where what was erased stood in it.
fn confirmed(check: &ErasureCheck, older: Option<&Older>) -> Option<ErasureLevel> {
    let tried = |f: &dyn Fn(TriedBy) -> bool| {
        let mut of = check.tries.iter().filter(|t| f(t.by) && t.objects > 0).peekable();
        of.peek().is_some() && of.all(|t| t.opened == 0)
    };
    let code = |by| by == TriedBy::OlderCopy(WayInKind::RecoveryCode);
    let device = |by| matches!(by, TriedBy::OlderCopy(WayInKind::PassphraseAndDevice | WayInKind::KeyStore));
    let other = |by| matches!(by, TriedBy::OlderCopy(_)) && !code(by);
    // A copy whose keys rest on no keystore opens for whoever knows the words.
    let kept = older.is_some_and(|o| o.row.kept.is_some());
    let copies = kept && tried(&device) && tried(&other);
    let level = if copies && older.is_some_and(|o| !o.row.recoverable) && tried(&code) {
        ErasureLevel::CopiesByDevice
    } else if copies {
        ErasureLevel::CopiesButByCode
    } else if older.is_some() && tried(&|by| by == TriedBy::Bytes) {
        ErasureLevel::FileErased
    } else if tried(&|by| by == TriedBy::Id) {
        ErasureLevel::NotShown
    } else {
        return None;
    };
    // Found by its id, it is not erased at all.
    let by_id = check.tries.iter().any(|t| t.by == TriedBy::Id && t.opened > 0);
    (!by_id).then(|| level.min(check.claimed))
}

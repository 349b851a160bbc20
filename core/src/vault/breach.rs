//! What is concerned when something is lost: partitions, records and recipients, sealed or in clear.
//!
//! Read from the logs and the state, nothing else: it says what could have been seen, and never
//! that it was.

use super::keys::WayInKind;
use super::logs::LogOf;
use super::space::HealthSpace;
use super::state::State;
use crate::audit::AuditEvent;
use crate::consent::Recipient;
use crate::error::{Error, Malformed, Result};
use crate::id::{BackupId, ScopeId, SlotId, Timestamp};
use crate::keyring::SlotKind;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What was lost, or may be in wrong hands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost<'a> {
    /// The secret of a way in, one that was removed since too.
    WayIn(SlotId),
    /// A backup.
    Backup(BackupId),
    /// The device with the file and its keystore.
    Device,
    /// What left the space by these entries of a partition's log.
    Entries(&'a str, Range<u64>),
}

/// Whether what is concerned can be read by whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Exposure {
    /// A secret is wanted as well that was not lost with it.
    Sealed,
    /// It can be read: of a way in, by whoever has the file too, or any copy of it.
    Clear,
}

/// A partition that is concerned.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreachedPartition {
    /// Its name.
    pub name: String,
    /// Records in it now, older versions counted; of entries of a log, the items that were released,
    /// counted as often as they were.
    pub records: u64,
    /// Whether they can be read.
    pub exposure: Exposure,
}

/// Somebody who received something.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreachedRecipient {
    /// As releases name it.
    pub recipient: Recipient,
    /// How often.
    pub releases: u64,
    /// Items, counted as often as they were released; who was told a number received none.
    pub items: u64,
    /// The last time.
    pub last: Timestamp,
    /// What was released is in clear.
    pub exposure: Exposure,
}

/// What is concerned.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreachScope {
    /// Partitions that are open in this handle; of others nothing is known here.
    pub partitions: Vec<BreachedPartition>,
    /// Who received something, by the entries that were asked for.
    pub recipients: Vec<BreachedRecipient>,
    /// Erasures since, of which a lost backup holds what is gone here.
    pub erasures_since: u64,
    /// What this does not say.
    pub does_not_say: Vec<&'static str>,
}

macro_rules! veiled {
    ($($name:ident)*) => {$(
        impl core::fmt::Debug for $name {
            /// Without names.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}

veiled!(BreachedPartition BreachedRecipient BreachScope);

const WHETHER: &str = "whether anybody read it";
const OTHER_COPIES: &str = "copies of the file that were made by other means than a backup";
const OPENED: &str = "when the space was opened, and by which way in: that is not logged";
const THEN: &str = "how many records there were when the backup was made";
const SHOWN: &str = "what was open or on the screen when the device was lost, and what else is on it";
const DONE: &str = "what the recipients did with it, and to whom they passed it on";
const GONE: &str = "how many records there were in a partition that was too damaged and was begun anew since";
const ERASED: &str = "what entries in this range said that were erased";

impl HealthSpace {
    /// Says what is concerned by a loss: for whoever has to decide what to do about it and whom to tell
    /// (GDPR articles 33 and 34).
    ///
    /// ```
    /// # use healthspace::{Environment, Exposure, HealthSpace, KdfParams, Lost, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-breach-{}", std::process::id()));
    /// # let _ = std::fs::remove_dir_all(&dir);
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// let backup = space.backup_to(dir.join("me.hsb"))?;
    /// let scope = space.breach_scope(&Lost::Backup(backup.id))?;
    /// assert!(scope.partitions.iter().all(|p| p.exposure == Exposure::Sealed));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), healthspace::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] for a way in or a backup that the space does not know; [`Error::Malformed`] for
    /// a range that the log does not have; [`Error::NeedsFullSlot`]; else as [`log`](Self::log).
    pub fn breach_scope(&self, lost: &Lost<'_>) -> Result<BreachScope> {
        match lost {
            Lost::WayIn(slot) => {
                let (kind, scopes) = self.way_in_of(*slot)?;
                // What opens nothing without the device is half of a secret.
                let both = kind == WayInKind::PassphraseAndDevice || self.wants_device(*slot, kind)?;
                let exposure = if both { Exposure::Sealed } else { Exposure::Clear };
                let of = |id: &ScopeId| (scopes.is_empty() || scopes.contains(id)).then_some(exposure);
                let scope = self.concerned(of, vec![WHETHER, OPENED, OTHER_COPIES])?;
                self.with_gone(scope, &scopes.into_iter().collect(), exposure)
            }
            Lost::Backup(id) => {
                let copies = self.known_copies()?;
                let copy = copies.iter().find(|c| c.id == *id).ok_or(Error::NotFound)?;
                let logs = self.log(LogOf::Space)?.into_iter().find_map(|line| match line.entry.event {
                    AuditEvent::BackedUp { backup, logs } if backup == *id => Some(logs),
                    _ => None,
                });
                let there: BTreeSet<ScopeId> = logs.unwrap_or_default().into_iter().map(|m| m.scope).collect();
                let says_not = vec![WHETHER, THEN, OPENED];
                let scope = self.concerned(|id| there.contains(id).then_some(Exposure::Sealed), says_not)?;
                let scope = self.with_gone(scope, &there, Exposure::Sealed)?;
                Ok(BreachScope { erasures_since: copy.erasures_since, ..scope })
            }
            Lost::Device => {
                let ways = self.ways_in()?;
                // What the programs on it keep opens their partitions.
                let mut open = BTreeSet::new();
                let mut all = ways.iter().any(|w| w.kind == WayInKind::KeyStore);
                for way in ways.iter().filter(|w| w.kind == WayInKind::Limited) {
                    let scopes = self.way_in_of(way.id)?.1;
                    all |= scopes.is_empty();
                    open.extend(scopes);
                }
                let exposure = |id: &ScopeId| if all || open.contains(id) { Exposure::Clear } else { Exposure::Sealed };
                self.concerned(|id| Some(exposure(id)), vec![WHETHER, SHOWN, OPENED])
            }
            Lost::Entries(partition, range) => self.released_by(partition, range),
        }
    }

    /// Whether a way in that is there opens nothing without the keystore. How the space was when one was removed is not
    /// known.
    fn wants_device(&self, slot: SlotId, kind: WayInKind) -> Result<bool> {
        let slots = self.named_slots()?;
        let wants = match kind {
            WayInKind::RecoveryCode => !slots.row.opens_by_code(),
            WayInKind::Limited => slots.row.kept.is_some(),
            _ => false,
        };
        Ok(wants && slots.slots.contains_key(slot.as_bytes()))
    }

    fn concerned(
        &self,
        exposure: impl Fn(&ScopeId) -> Option<Exposure>,
        does_not_say: Vec<&'static str>,
    ) -> Result<BreachScope> {
        let (_txn, state) = self.inner.read()?;
        state.is_whole()?;
        let State { partitions, .. } = &state;
        let concerned = partitions.iter().filter_map(|p| {
            let (name, records) = (p.policy.name.clone(), p.readable.records().count() as u64);
            exposure(&p.id).map(|exposure| BreachedPartition { name, records, exposure })
        });
        Ok(BreachScope { partitions: concerned.collect(), recipients: Vec::new(), erasures_since: 0, does_not_say })
    }

    /// Adds those of these scopes that are none of the space any more: a partition has begun anew since in the place of
    /// each, under its name.
    fn with_gone(&self, mut scope: BreachScope, then: &BTreeSet<ScopeId>, exposure: Exposure) -> Result<BreachScope> {
        let (_txn, state) = self.inner.read()?;
        let mut gone: BTreeMap<ScopeId, Option<u16>> =
            then.iter().filter(|id| state.view.head.entry(id).is_none()).map(|id| (*id, None)).collect();
        if gone.is_empty() {
            return Ok(scope);
        }
        for line in self.log(LogOf::Space)? {
            if let AuditEvent::LogNamed { scope, ordinal, .. } = line.entry.event
                && let Some(of) = gone.get_mut(&scope)
            {
                *of = Some(ordinal);
            }
        }
        scope.does_not_say.push(GONE);
        scope.partitions.extend(gone.into_values().map(|ordinal| {
            let place = state.partitions.iter().find(|p| Some(p.ordinal) == ordinal);
            BreachedPartition { name: place.map_or_else(String::new, |p| p.policy.name.clone()), records: 0, exposure }
        }));
        Ok(scope)
    }

    /// What a way in opened, and of a limited one which partitions: none where that is not known any more.
    fn way_in_of(&self, slot: SlotId) -> Result<(WayInKind, Vec<ScopeId>)> {
        let mut found = self.ways_in()?.into_iter().find(|w| w.id == slot).map(|w| w.kind);
        let mut scopes = Vec::new();
        for line in self.log(LogOf::Space)? {
            let (of, kind, own) = match line.entry.event {
                AuditEvent::WayInAdded { slot, kind, scopes } => (slot, kind, scopes),
                AuditEvent::WayInChanged { slot, kind, .. } | AuditEvent::WayInRemoved { slot, kind } => {
                    (slot, kind, Vec::new())
                }
                _ => continue,
            };
            if of == slot {
                found = found.or_else(|| u8::try_from(kind).ok().and_then(SlotKind::from_u8).map(Into::into));
                scopes.extend(own);
            }
        }
        Ok((found.ok_or(Error::NotFound)?, scopes))
    }

    fn released_by(&self, partition: &str, range: &Range<u64>) -> Result<BreachScope> {
        let lines = self.log(LogOf::Partition(partition))?;
        let size = {
            let (_txn, state) = self.inner.read()?;
            state.partitions.get(state.position(partition)?).ok_or(Error::NoSuchPartition)?.head.log_size
        };
        if range.is_empty() || range.end > size {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let mut shown = 0;
        let mut recipients: BTreeMap<Recipient, (u64, u64, Timestamp)> = BTreeMap::new();
        for line in lines.into_iter().filter(|l| range.contains(&l.index)) {
            shown += 1;
            let (recipient, items) = match line.entry.event {
                AuditEvent::Released { grants, .. } if grants.is_empty() => continue,
                AuditEvent::Released { actor, kind, .. } if kind.names_no_items() => (actor, 0),
                AuditEvent::Released { actor, count, .. } => (actor, count),
                _ => continue,
            };
            let entry = recipients.entry(recipient).or_insert((0, 0, line.entry.time));
            *entry = (entry.0 + 1, entry.1.saturating_add(items), entry.2.max(line.entry.time));
        }
        let recipients: Vec<BreachedRecipient> = recipients
            .into_iter()
            .map(|(recipient, (releases, items, last))| {
                let exposure = Exposure::Clear;
                BreachedRecipient { recipient, releases, items, last, exposure }
            })
            .collect();
        let mut does_not_say = vec![WHETHER, DONE];
        if shown < range.end - range.start {
            does_not_say.push(ERASED);
        }
        let records = recipients.iter().fold(0u64, |sum, r| sum.saturating_add(r.items));
        let own = BreachedPartition { name: partition.to_owned(), records, exposure: Exposure::Clear };
        let partitions = if recipients.is_empty() { Vec::new() } else { vec![own] };
        Ok(BreachScope { partitions, recipients, erasures_since: 0, does_not_say })
    }
}

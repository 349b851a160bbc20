//! Erasing, new keys, what a loss concerns, and backups.

use crate::consent::Recipient;
use crate::error::{HealthspaceError, argument, call};
use crate::keystore::{SpaceKeyStore, with_device};
use crate::secret::Secret;
use crate::space::{HealthSpace, RecoveryCode, gesture};
use healthspace::audit::Gesture;
use healthspace::{
    BackupId, Erase, ErasureTrial, Error, Exposure, GrantId, Lost, RecordId, SlotId, SourceId, Timestamp, TriedBy,
    Unlock, WayInKind,
};
use std::sync::Arc;

/// What is to be erased in a partition.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Erasing {
    /// These records, memories or turns, with all their versions.
    Records {
        /// Their ids.
        ids: Vec<String>,
    },
    /// What this imported file brought, and that it was imported.
    Source {
        /// Its id.
        id: String,
    },
    /// Memories and turns that rest on this grant.
    Consent {
        /// Its id.
        grant: String,
    },
    /// What happened in this time: records that reach into it, samples by where they begin.
    Period {
        /// Milliseconds since 1970.
        from_millis: i64,
        /// The first instant after it.
        to_millis: i64,
    },
    /// Every record and imported file of the partition.
    Everything,
}

impl TryFrom<Erasing> for Erase {
    type Error = Error;

    fn try_from(what: Erasing) -> Result<Self, Error> {
        Ok(match what {
            Erasing::Records { ids } => {
                let ids: Option<Vec<RecordId>> = ids.iter().map(|id| RecordId::from_hex(id)).collect();
                Self::Records(ids.ok_or_else(argument)?)
            }
            Erasing::Source { id } => Self::Source(SourceId::from_hex(&id).ok_or_else(argument)?),
            Erasing::Consent { grant } => Self::Consent(GrantId::from_hex(&grant).ok_or_else(argument)?),
            Erasing::Period { from_millis, to_millis } => {
                Self::Period { from: Timestamp::from_millis(from_millis), up_to: Timestamp::from_millis(to_millis) }
            }
            Erasing::Everything => Self::Everything,
        })
    }
}

/// What an erasure came to.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Erasure {
    /// Its entry in the partition's log.
    pub entry: u64,
    /// "E1", or "E0" where somebody was reading: see `sweep`.
    pub level: String,
    /// Records that are gone, older versions counted.
    pub records: u64,
    /// How many of these are memories and turns that were made from the others.
    pub derived: u64,
    /// Memories and turns that were set aside: they may rest on what went.
    pub aside: u64,
    /// Imported files that are gone.
    pub sources: u64,
    /// Of an erasure by period: records that stay because nothing they say has a date.
    pub undated: u64,
    /// Backups that the space knows of: it is not erased there.
    pub known_copies: u64,
    /// Whether there may be more of them: entries of the space's log are damaged, or were lost.
    pub copies_unknown: bool,
    /// Memories and turns that are damaged and were set aside as well: nothing says what they were made from.
    pub unread: u64,
    /// By which it can be shown later which records they were.
    pub salt: Vec<u8>,
}

/// With what a way in opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WayKind {
    /// A passphrase alone.
    Passphrase,
    /// A passphrase and a secret of the device.
    PassphraseAndDevice,
    /// The device alone.
    KeyStore,
    /// A recovery code.
    RecoveryCode,
    /// A program's own secret, for some partitions.
    Limited,
    /// Of a later version of the library.
    Other,
}

impl From<WayInKind> for WayKind {
    fn from(kind: WayInKind) -> Self {
        match kind {
            WayInKind::Passphrase => Self::Passphrase,
            WayInKind::PassphraseAndDevice => Self::PassphraseAndDevice,
            WayInKind::KeyStore => Self::KeyStore,
            WayInKind::RecoveryCode => Self::RecoveryCode,
            WayInKind::Limited => Self::Limited,
            _ => Self::Other,
        }
    }
}

/// A way in, without what opens it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct WayIn {
    /// Its id.
    pub id: String,
    /// With what it opens.
    pub kind: WayKind,
    /// Of a recovery code: whether the person has typed it again.
    pub confirmed: bool,
}

/// One thing that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ErasureTry {
    /// The way into the older copy; none for the file as it is.
    pub way: Option<WayKind>,
    /// On how many records or sealed rows.
    pub objects: u64,
    /// How many were found, or opened.
    pub opened: u64,
}

/// What came of looking for what was erased.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ErasureCheck {
    /// The level that the logs claim.
    pub claimed: String,
    /// The level that this confirms.
    pub confirmed: Option<String>,
    /// What was tried.
    pub tries: Vec<ErasureTry>,
    /// The entry that says so.
    pub entry: Option<u64>,
}

/// What is looked for, and with what.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ErasureTrialTerms {
    /// Ids of the erased records, with `salt`.
    #[uniffi(default = [])]
    pub records: Vec<String>,
    /// The salt that the erasure gave.
    #[uniffi(default = None)]
    pub salt: Option<Vec<u8>>,
    /// An older copy of the file.
    #[uniffi(default = None)]
    pub older: Option<String>,
}

/// A space under new keys.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Display)]
pub struct RotatedSpace {
    /// The space; the handle that it was asked of is closed.
    pub space: Arc<HealthSpace>,
    /// A new recovery code, where none was presented.
    pub recovery_code: Option<Arc<RecoveryCode>>,
    /// Kinds of the ways in that are gone.
    pub removed: Vec<WayKind>,
    /// What an older copy of the file still allows, in words.
    pub old_copies: String,
    /// How far what was erased is gone from older copies.
    pub level: Option<String>,
    /// Entries of logs that were damaged: they count as erased from here on.
    pub entries_lost: u64,
    /// Pages of keys, sources and conversations that were damaged, and are empty now.
    pub pages_lost: u64,
    /// Partitions that were too damaged to be given new keys, by name, where that was asked for: they are empty, and
    /// without the consents that were given there.
    pub emptied: Vec<String>,
    /// Consents from elsewhere that wait to be confirmed since: one may have been withdrawn in what was damaged.
    pub permissions: u64,
}

/// A partition that a loss concerns.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct BreachedPartition {
    /// Its name.
    pub name: String,
    /// Records.
    pub records: u64,
    /// Whether they can be read.
    pub clear: bool,
}

/// Somebody who received something.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct BreachedRecipient {
    /// As releases name it.
    pub recipient: Recipient,
    /// How often.
    pub releases: u64,
    /// Items, counted as often as they were released.
    pub items: u64,
    /// The last time.
    pub last_millis: i64,
}

/// What a loss concerns.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct BreachScope {
    /// Partitions that are open in this handle.
    pub partitions: Vec<BreachedPartition>,
    /// Who received something, by the entries that were asked for.
    pub recipients: Vec<BreachedRecipient>,
    /// Erasures since, of which a lost backup holds what is gone here.
    pub erasures_since: u64,
    /// What this does not say.
    pub does_not_say: Vec<String>,
}

/// What was lost.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum LostThing {
    /// The device with the file and its keystore.
    Device,
    /// A backup.
    Backup {
        /// Its id.
        id: String,
    },
    /// The secret of a way in.
    WayIn {
        /// Its id.
        id: String,
    },
    /// What left the space by these entries of a partition's log.
    Entries {
        /// The partition.
        partition: String,
        /// The first.
        from: u64,
        /// The first after them.
        to: u64,
    },
}

/// A backup that was made.
#[derive(Debug, Clone, uniffi::Record)]
pub struct MadeBackup {
    /// How the log names it.
    pub id: String,
    /// Length of its file.
    pub bytes: u64,
    /// Where pages of the file are damaged, so that it was made row by row: how many rows and entries that are named do not
    /// open, and are left out. None for a copy of the whole file.
    pub left_out: Option<u64>,
    /// Where the entry stands that names it: "log", or "backup" or "nowhere" where the file is too damaged.
    pub entered: String,
}

/// A backup that was made, or that the space knows of.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct KnownCopy {
    /// Which.
    pub id: String,
    /// When it was begun.
    pub made_millis: i64,
    /// Erasures since: where there is one, the backup holds what is gone here.
    pub erasures_since: u64,
}

veiled!(Erasing Erasure WayIn ErasureTrialTerms BreachedPartition BreachedRecipient BreachScope LostThing KnownCopy
    RotatedSpace);

/// Which new keys.
enum Renewing {
    Keys {
        with_damage: bool,
    },
    /// For what was erased in older copies too.
    FromCopies(Gesture),
}

/// A recovery code as typed, in ASCII.
pub(crate) fn by_code(code: Secret) -> Result<Unlock, Error> {
    let code = code.into_bytes();
    Unlock::recovery_code(std::str::from_utf8(code.expose()).map_err(|_| Error::CannotOpen)?)
}

pub(crate) fn words(passphrase: Secret, keystore: Option<&SpaceKeyStore>) -> Unlock {
    with_device(Unlock::passphrase(passphrase.into_bytes()), keystore)
}

#[uniffi::export]
impl HealthSpace {
    /// Erases for good, and what was made from it. `evidence` is a hash of 32 bytes.
    pub fn erase(
        &self,
        partition: String,
        what: Erasing,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<Erasure, HealthspaceError> {
        call(|| {
            let done = self.inner.partition(&partition)?.erase(&what.try_into()?, gesture(method, evidence)?)?;
            Ok(Erasure {
                entry: done.entry,
                level: done.level.name().to_owned(),
                records: done.records,
                derived: done.derived,
                aside: done.aside,
                sources: done.sources,
                undated: done.undated,
                known_copies: done.known_copies,
                copies_unknown: done.copies_unknown,
                unread: done.unread,
                salt: done.salt.to_vec(),
            })
        })
    }

    /// Sweeps the file after an erasure that reached "E0": the level that it has now.
    pub fn sweep(&self, partition: String, entry: u64) -> Result<String, HealthspaceError> {
        call(|| Ok(self.inner.partition(&partition)?.sweep(entry)?.name().to_owned()))
    }

    /// The certificate of an erasure, as JSON.
    #[uniffi::method(default(language = "en"))]
    pub fn erasure_certificate(
        &self,
        partition: String,
        entry: u64,
        language: String,
    ) -> Result<String, HealthspaceError> {
        call(|| self.inner.partition(&partition)?.erasure_certificate(entry, &language))
    }

    /// Looks for what an erasure took: by ids with its salt, and in an older copy of the file by the passphrase and
    /// the recovery code, with the keystore.
    #[uniffi::method(default(passphrase = None, code = None, keystore = None))]
    pub fn verify_erasure(
        &self,
        partition: String,
        entry: u64,
        terms: ErasureTrialTerms,
        passphrase: Option<Secret>,
        code: Option<Secret>,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<ErasureCheck, HealthspaceError> {
        call(|| {
            let device = keystore.as_deref();
            let mut ways: Vec<Unlock> = passphrase.map(|p| words(p, device)).into_iter().collect();
            if let Some(code) = code {
                ways.push(with_device(by_code(code)?, device));
            }
            let mut trial = ErasureTrial::new();
            if let Some(older) = &terms.older {
                trial = ways.iter().fold(trial.older(older), ErasureTrial::way);
            }
            if let Some(salt) = terms.salt {
                let ids: Option<Vec<RecordId>> = terms.records.iter().map(|id| RecordId::from_hex(id)).collect();
                trial = trial.ids(ids.ok_or_else(argument)?, salt.try_into().map_err(|_| argument())?);
            }
            let found = self.inner.partition(&partition)?.verify_erasure(entry, &trial)?;
            let told = |t: &healthspace::ErasureTry| ErasureTry {
                way: match t.by {
                    TriedBy::OlderCopy(kind) => Some(kind.into()),
                    _ => None,
                },
                objects: t.objects,
                opened: t.opened,
            };
            Ok(ErasureCheck {
                claimed: found.claimed.name().to_owned(),
                confirmed: found.confirmed.map(|l| l.name().to_owned()),
                tries: found.tries.iter().map(told).collect(),
                entry: found.entry,
            })
        })
    }

    /// Gives the space new keys; the passphrase and the code are the ways in from then on, and a code is issued
    /// anew unless it is given. `withDamage` begins a partition that is too damaged for new keys anew under its name,
    /// empty; make a backup first, which holds it as it is.
    #[uniffi::method(default(code = None, keystore = None, with_damage = false))]
    pub fn rotate_keys(
        &self,
        passphrase: Secret,
        code: Option<Secret>,
        keystore: Option<Arc<SpaceKeyStore>>,
        with_damage: bool,
    ) -> Result<RotatedSpace, HealthspaceError> {
        call(|| self.renew(&words(passphrase, keystore.as_deref()), code, Renewing::Keys { with_damage }))
    }

    /// As `rotateKeys`, and what was erased is taken from older copies of the file: the keystore destroys the
    /// secret of the old keys.
    #[uniffi::method(default(code = None, keystore = None))]
    pub fn erase_from_copies(
        &self,
        passphrase: Secret,
        method: String,
        evidence: Vec<u8>,
        code: Option<Secret>,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<RotatedSpace, HealthspaceError> {
        call(|| {
            let gesture = gesture(method, evidence)?;
            self.renew(&words(passphrase, keystore.as_deref()), code, Renewing::FromCopies(gesture))
        })
    }

    /// Notes that the person typed the recovery code again, as it was shown; with the keystore where the space is
    /// bound to its device. `CannotOpen` where it is not the code of this space.
    #[uniffi::method(default(keystore = None))]
    pub fn confirm_recovery_code(
        &self,
        code: Secret,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<(), HealthspaceError> {
        call(|| self.inner.confirm_recovery_code(&with_device(by_code(code)?, keystore.as_deref())))
    }

    /// The ways in.
    pub fn ways_in(&self) -> Result<Vec<WayIn>, HealthspaceError> {
        let told = |w: healthspace::WayIn| WayIn { id: w.id.to_hex(), kind: w.kind.into(), confirmed: w.confirmed };
        call(|| Ok(self.inner.ways_in()?.into_iter().map(told).collect()))
    }

    /// What a loss concerns.
    pub fn breach_scope(&self, lost: LostThing) -> Result<BreachScope, HealthspaceError> {
        call(|| {
            let lost = match &lost {
                LostThing::Device => Lost::Device,
                LostThing::Backup { id } => Lost::Backup(BackupId::from_hex(id).ok_or_else(argument)?),
                LostThing::WayIn { id } => Lost::WayIn(SlotId::from_hex(id).ok_or_else(argument)?),
                LostThing::Entries { partition, from, to } => Lost::Entries(partition, *from..*to),
            };
            let scope = self.inner.breach_scope(&lost)?;
            let partition = |p: healthspace::BreachedPartition| BreachedPartition {
                name: p.name,
                records: p.records,
                clear: p.exposure == Exposure::Clear,
            };
            let recipient = |r: healthspace::BreachedRecipient| BreachedRecipient {
                recipient: (&r.recipient).into(),
                releases: r.releases,
                items: r.items,
                last_millis: r.last.as_millis(),
            };
            Ok(BreachScope {
                partitions: scope.partitions.into_iter().map(partition).collect(),
                recipients: scope.recipients.into_iter().map(recipient).collect(),
                erasures_since: scope.erasures_since,
                does_not_say: scope.does_not_say.into_iter().map(str::to_owned).collect(),
            })
        })
    }

    /// Makes a backup, while the space is open and others write: its id.
    pub fn backup(&self, path: String) -> Result<String, HealthspaceError> {
        call(|| Ok(self.inner.backup_to(path)?.id.to_hex()))
    }

    /// As `backup`, and what was left out where pages of the file are damaged.
    pub fn backup_told(&self, path: String) -> Result<MadeBackup, HealthspaceError> {
        call(|| {
            let made = self.inner.backup_to(path)?;
            let (id, bytes, rows) = (made.id.to_hex(), made.bytes, made.row_by_row);
            let entered = rows.map_or("log", |r| r.entered.code()).to_owned();
            Ok(MadeBackup { id, bytes, left_out: rows.map(|r| r.damaged), entered })
        })
    }

    /// The backups that the space knows of.
    pub fn known_copies(&self) -> Result<Vec<KnownCopy>, HealthspaceError> {
        let told = |c: healthspace::KnownCopy| KnownCopy {
            id: c.id.to_hex(),
            made_millis: c.made.as_millis(),
            erasures_since: c.erasures_since,
        };
        call(|| Ok(self.inner.known_copies()?.into_iter().map(told).collect()))
    }

    /// Confirms a permission that waits since a restore or a recovery.
    pub fn confirm_permission(&self, grant: String, method: String, evidence: Vec<u8>) -> Result<(), HealthspaceError> {
        call(|| {
            let grant = GrantId::from_hex(&grant).ok_or_else(argument)?;
            self.inner.confirm_permission(grant, gesture(method, evidence)?)
        })
    }

    /// Confirms every permission that waits since a restore: how many there were.
    pub fn confirm_all_permissions(&self, method: String, evidence: Vec<u8>) -> Result<u64, HealthspaceError> {
        call(|| self.inner.confirm_all_permissions(gesture(method, evidence)?))
    }
}

impl HealthSpace {
    fn renew(&self, words: &Unlock, code: Option<Secret>, renewing: Renewing) -> Result<RotatedSpace, Error> {
        let code = code.map(by_code).transpose()?;
        let others: Vec<&Unlock> = code.iter().collect();
        let r = match renewing {
            Renewing::Keys { with_damage: false } => self.inner.rotate(words, &others)?,
            Renewing::Keys { with_damage: true } => self.inner.rotate_with_damage(words, &others)?,
            Renewing::FromCopies(gesture) => self.inner.erase_from_copies(words, &others, gesture)?,
        };
        Ok(RotatedSpace {
            space: Arc::new(self.goes_on_as(r.space)),
            recovery_code: r.recovery_code.map(|c| Arc::new(RecoveryCode::from(c))),
            removed: r.removed.iter().map(|w| w.kind.into()).collect(),
            old_copies: r.old_copies.describe("en").to_owned(),
            level: r.destroyed.map(|d| d.level.name().to_owned()),
            entries_lost: r.entries_lost,
            pages_lost: r.pages_lost,
            emptied: r.emptied,
            permissions: r.permissions,
        })
    }
}

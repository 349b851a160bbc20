//! Erasing records, on the person's word.

use super::act::{Destroyed, Rests, act};
use super::chosen::{Chosen, choose};
use super::rest::{forget_the_rest, raise_elsewhere};
use super::unnamed::unnamed;
use crate::audit::{AuditEvent, Gesture, items_root};
use crate::crypto::random_array;
use crate::error::{Error, Limit, Malformed, Result};
use crate::id::{GrantId, RecordId, SourceId, Timestamp};
use crate::lang::Lang;
use crate::vault::backup::known_copies;
use crate::vault::ingest::Partition;
use crate::vault::memory::set_aside;
use crate::vault::state::Target;
use std::collections::BTreeSet;

/// How entries name [`Erase::Everything`].
pub(in crate::vault) const EVERYTHING: &str = "everything";
/// The most records that are named one by one in one erasure.
const MAX: usize = 65_536;

/// What is to be erased in a partition.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Erase {
    /// These records, memories or turns, with all their versions; an imported file of which nothing is left
    /// then goes too.
    Records(Vec<RecordId>),
    /// What this imported file brought, and that it was imported. What another file attests as well
    /// stays, as that one's.
    Source(SourceId),
    /// The memories and turns that rest on this grant, or on this consent to lower a label.
    Consent(GrantId),
    /// What happened in this time, memories and turns by when they were written. A record goes whole, in
    /// all its versions, where anything that its newest version says reaches into the time: from its date, which
    /// for a day, a month or a year is the first instant, to its end where it has one. A sample goes where it
    /// begins in it, as under a permit that is bounded in time; what stays of its chunk is sealed anew as another
    /// record. What has no date stays: [`RecordErasure::undated`] counts it.
    Period {
        /// The first instant.
        from: Timestamp,
        /// The first instant after it.
        up_to: Timestamp,
    },
    /// Every record and source of the partition, whose they are, and who was shown them: conversations are
    /// known here no more. A [`Session`](crate::Session) of one that no other partition open to it knows is over. Log,
    /// permissions and the partition's name stay, and an emergency access that the person has not seen yet.
    Everything,
}

impl core::fmt::Debug for Erase {
    /// Which kind: ids belong in no log.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.kind())
    }
}

impl Erase {
    /// How entries name it.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Records(_) => "records",
            Self::Source(_) => "source",
            Self::Consent(_) => "consent",
            Self::Period { .. } => "period",
            Self::Everything => EVERYTHING,
        }
    }
}

/// How far an erasure went, and whom it holds against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErasureLevel {
    /// E0: the keys are gone from what is live and no call gives it back. The file's write-ahead log,
    /// or free room in the file, may still hold an older image, which opens for whoever has a way in.
    NotShown,
    /// E1: the file as it is now holds neither the keys nor the sealed bytes. It does not hold against
    /// whoever has an older copy of the file, a backup or a snapshot, and a way in; nor against what a
    /// disk keeps of blocks that were written over.
    FileErased,
    /// E2r: an older copy of the file, with every way in and the device as it is now, does not give it back:
    /// the keystore destroyed the secret of the keys. The recovery code that such a copy had does.
    CopiesButByCode,
    /// E2-file: nor does the recovery code. A keystore that is put back as it was does.
    CopiesByFile,
    /// E2-device: nor does a keystore that is put back, as it says of itself.
    CopiesByDevice,
}

impl ErasureLevel {
    /// Its name in the entries: `E0`, `E1`, `E2r`, `E2-file`, `E2-device`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotShown => "E0",
            Self::FileErased => "E1",
            Self::CopiesButByCode => "E2r",
            Self::CopiesByFile => "E2-file",
            Self::CopiesByDevice => "E2-device",
        }
    }

    /// A level against older copies, by its name.
    pub(super) fn of_copies(name: &str) -> Option<Self> {
        [Self::CopiesButByCode, Self::CopiesByFile, Self::CopiesByDevice].into_iter().find(|l| l.name() == name)
    }

    /// What it holds against, in plain words.
    #[must_use]
    pub fn describe(self, language: &str) -> &'static str {
        match (self, Lang::parse(language)) {
            (Self::NotShown, Lang::En) => "No call gives it back; an older image in the file may still hold it.",
            (Self::NotShown, Lang::Fr) => {
                "Aucun appel ne le restitue\u{a0}; une image plus ancienne peut rester dans le fichier."
            }
            (Self::FileErased, Lang::En) => "The file no longer holds it; an older copy of the file does.",
            (Self::FileErased, Lang::Fr) => {
                "Le fichier ne le contient plus\u{a0}; une copie plus ancienne du fichier le contient."
            }
            (Self::CopiesButByCode, Lang::En) => {
                "Neither the file nor an older copy of it gives it back, unless with the recovery code that the copy had."
            }
            (Self::CopiesButByCode, Lang::Fr) => {
                "Ni le fichier ni une copie plus ancienne ne le restituent, sauf avec le code de récupération de cette copie."
            }
            (Self::CopiesByFile, Lang::En) => {
                "Neither the file nor an older copy of it gives it back, unless an older state of the device is put back."
            }
            (Self::CopiesByFile, Lang::Fr) => {
                "Ni le fichier ni une copie plus ancienne ne le restituent, sauf si un état antérieur de l’appareil est rétabli."
            }
            (Self::CopiesByDevice, Lang::En) => "Neither the file nor an older copy of it gives it back.",
            (Self::CopiesByDevice, Lang::Fr) => "Ni le fichier ni une copie plus ancienne ne le restituent.",
        }
    }
}

/// What an erasure came to.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordErasure {
    /// Its entry in the partition's log.
    pub entry: u64,
    /// How far it went. Where it is [`NotShown`](ErasureLevel::NotShown), somebody else was using the
    /// file, or the disk failed: [`sweep`](Partition::sweep) goes on, and so does the next opening in full.
    pub level: ErasureLevel,
    /// Records that are gone, here and elsewhere, older versions counted.
    pub records: u64,
    /// How many of these are memories and turns that were made from the others.
    pub derived: u64,
    /// How many memories and turns were set aside: of conversations that were shown one of the records,
    /// written since, and not naming it; where an entry of a log does not open or was lost, of any conversation. The
    /// person keeps or deletes them.
    pub aside: u64,
    /// How many memories and turns stay of which a version is damaged, so that nothing says what they were made from:
    /// they are set aside as well.
    pub unread: u64,
    /// Sources that are gone.
    pub sources: u64,
    /// Keys that were destroyed.
    pub keys: u64,
    /// Records that stay and were sealed anew, because they shared a key with what went; what stays of cut
    /// chunks of samples among them.
    pub sealed_anew: u64,
    /// Of an erasure by period: records of the partition that stay because nothing they say has a date.
    pub undated: u64,
    /// Backups that the space knows of: it is not erased there
    /// ([`known_copies`](crate::HealthSpace::known_copies)).
    pub known_copies: u64,
    /// Whether there may be more of them: entries of the space's log are damaged, or were lost.
    pub copies_unknown: bool,
    /// By which it can be shown later what the entry means: the entry's root is that of the ids of the
    /// records of this partition under this salt. It is kept nowhere else.
    pub salt: [u8; 32],
}

impl core::fmt::Debug for RecordErasure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RecordErasure({}, {} records)", self.level.name(), self.records)
    }
}

impl Partition {
    /// Erases records, for good: the keys that sealed them are destroyed, what shared a key with them
    /// is sealed anew under another, the catalog is written without them, and memories that were made
    /// from them go as well, in every partition; what was remembered or said in a conversation after it
    /// was shown one of them, and does not name it, is set aside. Then the file is swept, so that no older image of a
    /// row is left in it: [`ErasureLevel`] says how far that went and whom it holds against.
    ///
    /// A file of which a record was erased is no longer handed out [as it was](Self::original). Nothing
    /// remembers what was erased, so another export that holds it brings it back; the same file does
    /// where it was erased as a [source](Erase::Source) or nothing of it is left, for else it was imported already. What was released before is out of reach; the
    /// [disclosure log](crate::HealthSpace::disclosure_log) says to whom. Entries of logs name records by
    /// random ids and stay; [`erase_entries`](crate::HealthSpace::erase_entries) erases those.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, import::Source, Environment, Erase, ErasureLevel, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-erase-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = Gesture { method: "tap".into(), evidence: [0; 32] };
    /// let health = space.partition("health")?;
    /// health.import(Source::bytes(br#"{ "resourceType": "Patient" }"#.to_vec())?)?;
    /// let source = health.sources()?[0].id;
    /// let erased = health.erase(&Erase::Source(source), gesture)?;
    /// assert_eq!((erased.records, erased.level), (1, ErasureLevel::FileErased));
    /// assert!(health.sources()?.is_empty());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] where one of the records, or anything of the kind, is not there;
    /// [`Error::NeedsFullSlot`] where some partitions only are open: what was made from the records
    /// elsewhere would stay; [`Error::Busy`] while an import into this partition is not finished
    /// ([`discard`](Self::discard) ends it); [`Error::TooLarge`] for more than 65,536 records named one
    /// by one; [`Error::Malformed`] for a period that ends before it begins. Nothing is erased then.
    pub fn erase(&self, what: &Erase, gesture: Gesture) -> Result<RecordErasure> {
        if matches!(what, Erase::Records(ids) if ids.len() > MAX) {
            return Err(Error::TooLarge(Limit::Items));
        }
        if matches!(what, Erase::Period { from, up_to } if from >= up_to) {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let salt: [u8; 32] = random_array()?;
        let mut done = self.inner.write(|tx, w| {
            if w.state.system.is_none() {
                return Err(Error::NeedsFullSlot);
            }
            let at = w.state.position(&self.name)?;
            // What goes elsewhere are memories, which no import has to do with.
            if w.state.partitions.get(at).is_some_and(|p| !p.manifest.staged.is_empty()) {
                return Err(Error::Busy);
            }
            let left = unnamed(tx, w)?;
            let mut chosen = match choose(tx.base, &*tx.txn, &w.state, at, what) {
                // Everything is also what a damaged list had named.
                Err(Error::NotFound) if *what == Erase::Everything && left.iter().any(|(n, _)| *n == at) => {
                    Chosen::nothing(w.state.partitions.len())
                }
                chosen => chosen?,
            };
            // What damaged entries told keeps nothing from being erased.
            let (copies, copies_unknown) = known_copies(tx.base, &*tx.txn, &w.state)?;
            let mut done = RecordErasure {
                entry: 0,
                level: ErasureLevel::NotShown,
                records: chosen.records.iter().map(|r| r.len() as u64).sum(),
                derived: chosen.derived,
                aside: 0,
                unread: chosen.unread.len() as u64,
                sources: chosen.sources.len() as u64,
                keys: 0,
                sealed_anew: 0,
                undated: chosen.undated,
                known_copies: copies.len() as u64,
                copies_unknown,
                salt,
            };
            for (n, unnamed) in left {
                done.keys += unnamed.destroy(tx, w, n, &gesture)?.keys;
            }
            if *what == Erase::Everything {
                raise_elsewhere(tx, w, at)?;
            }
            for (n, records) in chosen.records.iter().enumerate() {
                if records.is_empty() && n != at {
                    continue;
                }
                let (mut sources, mut rests) = (BTreeSet::new(), Rests::new());
                if n == at {
                    sources.clone_from(&chosen.sources);
                    rests = core::mem::take(&mut chosen.rests);
                }
                let work = w.work(tx, Target::Partition(n))?;
                let Destroyed { keys, rows, kept } = act(tx, work, records, &sources, &rests)?;
                if n == at && *what == Erase::Everything {
                    forget_the_rest(tx, work)?;
                }
                let event = AuditEvent::Erased {
                    what: what.kind().into(),
                    records: records.len() as u64,
                    sources: sources.len() as u64,
                    keys,
                    rows,
                    sealed_anew: kept,
                    ids_root: items_root(&salt, records.iter().map(|id| &id.0[..]))?,
                    gesture: gesture.clone(),
                };
                let entry = tx.log(work, event)?;
                work.manifest.unswept.push(entry);
                if n == at {
                    done.entry = entry;
                }
                done.keys += keys;
                done.sealed_anew += kept;
            }
            for (n, ids) in chosen.aside.into_iter().enumerate() {
                done.aside += set_aside(tx, w, n, ids)?;
            }
            // A room that can take no entry any more has nobody wait for what cannot be read there.
            for n in (0..w.state.partitions.len()).filter(|n| w.can_change(*n)).collect::<Vec<_>>() {
                let of = chosen.unread.iter().filter(|(p, _)| *p == n);
                set_aside(tx, w, n, of.map(|(_, id)| *id).collect())?;
            }
            Ok(done)
        })?;
        // It is erased: that the file could not be swept is a lower level, and no error.
        done.level = self.sweep(done.entry).unwrap_or(ErasureLevel::NotShown);
        Ok(done)
    }
}

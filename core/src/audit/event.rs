//! The events. The table is the format: numbers are stored and append only.

use super::field::{Field, Gesture, LogHead, LogMark, ReleaseKind};
use super::{BAD, MAX_BODY};
use crate::codec::cbor::{Reader, Writer};
use crate::error::{Error, Limit, Malformed, Result};
use crate::id::{BackupId, ConversationId, GrantId, RecordId, ScopeId, SlotId, SourceTag, Timestamp};
use crate::label::{Label, PartitionKind, Purpose};
use crate::record::{Category, Recipient};
use core::fmt;
use std::collections::BTreeSet;

macro_rules! events {
    ($($(#[$doc:meta])* $number:literal $name:ident {
        $($(#[$field_doc:meta])* $key:literal $field:ident: $ty:ty,)*
    })*) => {
        /// Something that happened and was logged.
        #[derive(Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum AuditEvent {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $ty,)* },)*
            /// An event of a later version of this library: kept, not understood.
            Unknown {
                /// Its number.
                number: u64,
                /// Its fields, encoded.
                body: Vec<u8>,
            },
        }

        impl AuditEvent {
            /// The numbers that this version knows.
            pub(super) const KNOWN: &[u64] = &[$($number,)*];

            /// The event's number, the same for ever.
            #[must_use]
            pub const fn number(&self) -> u64 {
                match self {
                    $(Self::$name { .. } => $number,)*
                    Self::Unknown { number, .. } => *number,
                }
            }

            /// The event's name; that of an unknown one is `Unknown`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($name),)*
                    Self::Unknown { .. } => "Unknown",
                }
            }

            fn put(&self, w: &mut Writer) -> Result<()> {
                match self {
                    $(Self::$name { $($field,)* } => {
                        const KEYS: &[u64] = &[$($key,)*];
                        w.map(KEYS.len());
                        $(w.uint($key); $field.put(w)?;)*
                    })*
                    Self::Unknown { .. } => {}
                }
                Ok(())
            }

            fn take(number: u64, r: &mut Reader<'_>) -> Result<Option<Self>> {
                Ok(Some(match number {
                    $($number => {
                        const KEYS: &[u64] = &[$($key,)*];
                        if r.map()? != KEYS.len() {
                            return Err(BAD);
                        }
                        Self::$name { $($field: { r.key_is($key)?; Field::take(r)? },)* }
                    })*
                    _ => return Ok(None),
                }))
            }
        }
    };
}

events! {
    /// The space was made.
    1 SpaceCreated {}
    /// A log begins: its first entry.
    2 LogOpened {
        /// Whose log.
        1 scope: ScopeId,
        /// In a copy or a restored space: the last checkpoint known of the log it continues.
        2 previous: Option<LogHead>,
    }
    /// A partition was made.
    3 PartitionCreated {
        /// Its scope.
        1 scope: ScopeId,
        /// Its ordinal, by which labels name it.
        2 ordinal: u16,
        /// Whether it is one of health data.
        3 kind: PartitionKind,
    }
    /// The person consented.
    4 Granted {
        /// The grant.
        1 grant: GrantId,
        /// SHA-256 of the Consent as stored.
        2 consent_hash: [u8; 32],
        /// SHA-256 of the notice as shown.
        3 notice_hash: [u8; 32],
        /// In which language it was shown (RFC 5646).
        4 locale: String,
        /// How the person said yes.
        5 gesture: Gesture,
        /// For what.
        6 purpose: Purpose,
        /// Until when, if not until withdrawn.
        7 expires: Option<Timestamp>,
    }
    /// A consent was withdrawn.
    5 Withdrawn {
        /// The grant.
        1 grant: GrantId,
        /// How; withdrawing asks for no more than a call.
        2 gesture: Option<Gesture>,
    }
    /// A file was imported and its records can be found.
    6 Imported {
        /// The file.
        1 source: SourceTag,
        /// Records stored.
        2 records: u64,
        /// Facts indexed.
        3 facts: u64,
        /// Records that were there already, from another source.
        4 linked: u64,
        /// Problems reported.
        5 issues: u64,
    }
    /// An import was broken off and what it had stored is gone.
    7 ImportDiscarded {
        /// The file.
        1 source: SourceTag,
        /// Records that had been staged.
        2 records: u64,
    }
    /// Data was released.
    8 Released {
        /// For what.
        1 purpose: Purpose,
        /// By which grants; none where the person looked by themself.
        2 grants: Vec<GrantId>,
        /// To whom: what it is, and a name or a hash of it.
        3 actor: Recipient,
        /// SHA-256 of the query, salted.
        4 query_hash: [u8; 32],
        /// How many items; of a count, how many facts were counted.
        5 count: u64,
        /// Merkle root over the salted hashes of the items; of a count, of none.
        6 items_root: [u8; 32],
        /// The system log under which it was decided.
        7 system: LogHead,
        /// The label of what was released, all together.
        8 label: Label,
        /// In which form.
        9 kind: ReleaseKind,
        /// Of which categories it was, or what was counted: never of anything that was withheld.
        10 categories: BTreeSet<Category>,
    }
    /// A request was refused.
    9 Refused {
        /// For what it asked.
        1 purpose: Purpose,
        /// Who asked.
        2 actor: Recipient,
    }
    /// An AI's memory was stored.
    10 Remembered {
        /// The memory.
        1 record: RecordId,
        /// How many items it was derived from.
        2 parents: u64,
        /// Its label.
        3 label: Label,
    }
    /// A flow was stopped: what the session had read may not go there.
    11 FlowDenied {
        /// The label of what would have flown.
        1 label: Label,
        /// Into which scope; `None` is out of the space.
        2 into: Option<ScopeId>,
        /// For what it was asked, where a session asked.
        3 purpose: Option<Purpose>,
        /// Who would have been given it, or would have written it into the scope; `None` where no session asked.
        4 actor: Option<Recipient>,
    }
    /// The person lowered a label.
    12 Declassified {
        /// The item, under its new label.
        1 record: RecordId,
        /// The grant that names what may be dropped.
        2 grant: GrantId,
        /// The label before.
        3 before: Label,
        /// The label after.
        4 after: Label,
        /// How the person said yes.
        5 gesture: Gesture,
    }
    /// Whose space this is was settled.
    13 SubjectPinned {
        /// SHA-256 of what identifies the person, salted.
        1 subject_hash: [u8; 32],
    }
    /// The person confirmed the clock.
    14 ClockConfirmed {
        /// The time below which the clock could not go before.
        1 floor: Timestamp,
        /// How the person said yes.
        2 gesture: Gesture,
    }
    /// A conversation's label was stored.
    15 ConversationSaved {
        /// The conversation.
        1 conversation: ConversationId,
        /// Its label.
        2 label: Label,
    }
    /// The person said that a file is about them, although it says otherwise.
    16 SubjectConfirmed {
        /// The file.
        1 source: SourceTag,
        /// SHA-256 of all that identifies the person since, salted.
        2 subject_hash: [u8; 32],
    }
    /// A file was handed to the person as it was.
    17 OriginalExported {
        /// The file.
        1 source: SourceTag,
        /// Its length.
        2 bytes: u64,
        /// How the person asked for it.
        3 gesture: Gesture,
    }
    /// A Consent that was given elsewhere was filed.
    18 ConsentImported {
        /// Its series.
        1 grant: GrantId,
        /// Which version of it, counted here.
        2 version: u64,
        /// SHA-256 of the Consent as it came.
        3 consent_hash: [u8; 32],
        /// How the person asked for it.
        4 gesture: Gesture,
    }
    /// The person vouched for what an AI wrote.
    19 Endorsed {
        /// The memory; `None` for a value that is not stored.
        1 record: Option<RecordId>,
        /// The label before.
        2 before: Label,
        /// The label after.
        3 after: Label,
        /// How the person said yes.
        4 gesture: Gesture,
    }
    /// The person wrote a memory anew.
    20 MemoryEdited {
        /// The new version.
        1 record: RecordId,
        /// The old one, kept as history.
        2 replaces: RecordId,
        /// Its label.
        3 label: Label,
        /// How the person asked for it.
        4 gesture: Gesture,
    }
    /// The person deleted a memory.
    21 MemoryDeleted {
        /// The memory.
        1 record: RecordId,
        /// How many versions of it there were.
        2 versions: u64,
        /// How the person asked for it.
        3 gesture: Gesture,
    }
    /// The person kept a memory although what it rested on has ended.
    22 MemoryKept {
        /// The memory.
        1 record: RecordId,
        /// Its label.
        2 label: Label,
        /// How the person said yes.
        3 gesture: Gesture,
    }
    /// Memories were set aside because what they were made from is gone or was replaced.
    23 Quarantined {
        /// How many.
        1 records: u64,
    }
    /// A turn of a conversation was stored.
    24 TurnAppended {
        /// The turn.
        1 record: RecordId,
        /// The conversation.
        2 conversation: ConversationId,
        /// Its label.
        3 label: Label,
    }
    /// What may flow into a partition was changed.
    25 ClearanceChanged {
        /// The partition.
        1 scope: ScopeId,
        /// The clearance before.
        2 before: Label,
        /// The clearance after.
        3 after: Label,
        /// How the person said yes; it is not asked for where less may flow than before.
        4 gesture: Option<Gesture>,
    }
    /// A recipient was told that a grant was withdrawn.
    26 RecipientNotified {
        /// The grant.
        1 grant: GrantId,
        /// The recipient, as releases name it.
        2 actor: Recipient,
        /// How, and the hash of its proof.
        3 gesture: Gesture,
    }
    /// A recipient confirmed that it knows of a withdrawal.
    27 RecipientConfirmed {
        /// The grant.
        1 grant: GrantId,
        /// The recipient, as releases name it.
        2 actor: Recipient,
        /// How, and the hash of its proof.
        3 gesture: Gesture,
    }
    /// The person renewed a grant: the same terms under a new end.
    28 Renewed {
        /// The grant.
        1 grant: GrantId,
        /// Which version of it this is.
        2 version: u64,
        /// SHA-256 of the Consent as stored.
        3 consent_hash: [u8; 32],
        /// SHA-256 of the notice as shown.
        4 notice_hash: [u8; 32],
        /// In which language it was shown (RFC 5646).
        5 locale: String,
        /// How the person said yes.
        6 gesture: Gesture,
        /// Until when.
        7 expires: Timestamp,
    }
    /// Emergency access began (break-glass): before anything was shown.
    29 GlassBroken {
        /// The grants that allow it.
        1 grants: Vec<GrantId>,
        /// Who: what it is, and a name or a hash of it.
        2 actor: Recipient,
        /// SHA-256 of the reason given, salted; its words are kept with the notice.
        3 reason_hash: [u8; 32],
        /// Until when it lasts at most.
        4 until: Timestamp,
        /// That somebody was present and agreed; `None` where the person was not able to.
        5 gesture: Option<Gesture>,
    }
    /// The person saw the notice of an emergency access.
    30 GlassSeen {
        /// The entry by which it began.
        1 entry: u64,
        /// How they said so.
        2 gesture: Gesture,
    }
    /// A way in was added.
    31 WayInAdded {
        /// Which.
        1 slot: SlotId,
        /// Of which kind: 1 passphrase, 2 passphrase and device, 3 keystore, 4 recovery code, 5 limited.
        2 kind: u64,
        /// Of a limited one: the partitions that it opens.
        3 scopes: Vec<ScopeId>,
    }
    /// A way in took the place of another.
    32 WayInChanged {
        /// The new one.
        1 slot: SlotId,
        /// Of which kind.
        2 kind: u64,
        /// The one that it replaces.
        3 replaces: SlotId,
    }
    /// A way in was removed.
    33 WayInRemoved {
        /// Which.
        1 slot: SlotId,
        /// Of which kind.
        2 kind: u64,
    }
    /// The person typed the recovery code again.
    34 RecoveryConfirmed {
        /// Which.
        1 slot: SlotId,
    }
    /// The keys of the space were rotated: the last entry that this log's old key signs for.
    35 LogRekeyed {
        /// The epoch of the new keys.
        1 epoch: u64,
        /// The new signing key of this log.
        2 key: [u8; 32],
    }
    /// The log goes on under a new key.
    36 LogContinued {
        /// The old key's last checkpoint.
        1 last: LogHead,
        /// The old key.
        2 key: [u8; 32],
        /// Its signature over that checkpoint, as a signed note has it.
        3 signature: [u8; 64],
        /// The new key's over the same.
        4 countersignature: [u8; 64],
    }
    /// The person let the space go on without what its anchor knew: all permissions wait to be
    /// confirmed, and every log goes on under another name and key.
    37 Recovered {
        /// How many permissions wait.
        1 permissions: u64,
        /// How the person asked for it.
        2 gesture: Gesture,
    }
    /// The person confirmed a permission that had waited since a restore.
    38 PermissionConfirmed {
        /// Which.
        1 grant: GrantId,
        /// How.
        2 gesture: Gesture,
    }
    /// The person erased records of this partition: their keys are destroyed.
    40 Erased {
        /// What was asked for: `records`, `source`, `consent`, `period` or `everything`; `restored` of what had been
        /// erased after the backup that was restored.
        1 what: String,
        /// Records that are gone here, older versions counted.
        2 records: u64,
        /// Sources that are gone here.
        3 sources: u64,
        /// Keys that were destroyed.
        4 keys: u64,
        /// Sealed rows that were deleted.
        5 rows: u64,
        /// Records that shared a key with these and were sealed anew.
        6 sealed_anew: u64,
        /// RFC 6962 root over the ids of the records under a salt that only the person was given.
        7 ids_root: [u8; 32],
        /// How the person asked for it.
        8 gesture: Gesture,
    }
    /// No older image of what an erasure took is left in the file.
    41 ErasureSwept {
        /// The erasure's entry in this log.
        1 entry: u64,
        /// The level that it reached by that: `E1`.
        2 level: String,
    }
    /// A backup is about to be made. It stands here before there is one, and in the backup itself.
    42 BackedUp {
        /// Which.
        1 backup: BackupId,
        /// Every log before this entry.
        2 logs: Vec<LogMark>,
    }
    /// A backup could not be finished: there is no file of it.
    43 BackupFailed {
        /// Which.
        1 backup: BackupId,
    }
    /// The space was made from a backup: all permissions wait to be confirmed, and every log goes on
    /// under another name and key.
    44 Restored {
        /// From which, where the backup says so itself.
        1 backup: Option<BackupId>,
        /// Whether anything was erased after it: `unknown`, `none` or `replayed`.
        2 erasures: String,
        /// How many permissions wait.
        3 permissions: u64,
        /// How the person asked for it.
        4 gesture: Gesture,
    }
    /// The person erased what entries of this log said; their leaves stay.
    45 EntriesErased {
        /// Their positions.
        1 entries: Vec<u64>,
        /// How the person asked for it.
        2 gesture: Gesture,
    }
    /// The person had what was erased taken from older copies of the file as well: the keys are new, and
    /// the keystore is to destroy the secret of the old ones.
    46 EpochEnded {
        /// The epoch of the old keys.
        1 epoch: u64,
        /// The partitions' logs as they stood: the erasures in them are meant.
        2 logs: Vec<LogHead>,
        /// How the person asked for it.
        3 gesture: Gesture,
    }
    /// A keystore destroyed the secret of older keys: copies of the file that were made under them open no
    /// more, as far as the level says.
    47 EpochDestroyed {
        /// The epoch of these keys.
        1 epoch: u64,
        /// The first of the epochs up to this one whose secrets are all destroyed.
        2 since: u64,
        /// The level that erasures reach by that against copies made in these epochs: `E2r`, `E2-file` or
        /// `E2-device`.
        3 level: String,
        /// Of what class the keystore says it is.
        4 keystore: String,
        /// SHA-256 of what it attests, or of nothing.
        5 evidence: [u8; 32],
        /// The entry in this log by which the person asked for it; none for a rotation.
        6 asked: Option<u64>,
    }
    /// What an erasure took was looked for as whoever has what its level is about would, and not found.
    48 ErasureChecked {
        /// The erasure's entry in this log.
        1 entry: u64,
        /// The level that this confirms, never above the one that was reached.
        2 level: String,
        /// How many sealed rows or records were tried.
        3 objects: u64,
        /// How many ways in were tried on an older copy of the file.
        4 ways: u64,
    }
    /// The person said something in a conversation: these are their own words.
    49 Heard {
        /// The conversation.
        1 conversation: ConversationId,
        /// Their label.
        2 label: Label,
        /// How the person said so.
        3 gesture: Gesture,
    }
    /// In the space's own log: by which name the log of a partition goes from now on. A partition's log says so
    /// of itself, too, but whoever holds another partition's key can say the same there.
    50 LogNamed {
        /// The partition's scope.
        1 scope: ScopeId,
        /// Its ordinal, by which labels name it.
        2 ordinal: u16,
        /// Whether it is one of health data.
        3 kind: PartitionKind,
        /// The log's origin.
        4 origin: String,
    }
}

impl fmt::Debug for AuditEvent {
    /// Only what kind of event: a log line must not become a second ledger.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..)", self.name())
    }
}

impl AuditEvent {
    /// The fields, encoded.
    pub(super) fn body(&self) -> Result<Vec<u8>> {
        let body = match self {
            Self::Unknown { number, .. } if Self::KNOWN.contains(number) => {
                return Err(Error::Malformed(Malformed::Argument));
            }
            Self::Unknown { body, .. } => body.clone(),
            _ => {
                let mut w = Writer::new();
                self.put(&mut w)?;
                w.into_bytes()
            }
        };
        if body.len() <= MAX_BODY { Ok(body) } else { Err(Error::TooLarge(Limit::TokenBytes)) }
    }

    pub(super) fn from_body(number: u64, body: &[u8]) -> Result<Self> {
        if body.len() > MAX_BODY {
            return Err(BAD);
        }
        let mut r = Reader::new(body);
        match Self::take(number, &mut r)? {
            Some(event) => r.finish().map(|()| event),
            None => Ok(Self::Unknown { number, body: body.to_vec() }),
        }
    }
}

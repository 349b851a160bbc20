//! New scopes: the rows that make one exist.

use super::head::{self, Head, RowRef, ScopeEntry, SystemPart};
use super::manifest::Manifest;
use super::payload::Content;
use super::policy_row::PolicyRow;
use super::rows::{Base, Buffers, Place};
use super::tx::{MANIFEST_ROW, SEED_ROW};
use crate::crypto::context::{Class, Context};
use crate::crypto::hash::sha256;
use crate::crypto::secret::{EpochRoot, Key, Seed};
use crate::crypto::sign::SigningKey;
use crate::crypto::{random_array, seal};
use crate::error::{Error, Result};
use crate::id::ScopeId;
use crate::keyring::ScopeKeys;
use crate::ledger::tree::TreeHead;
use crate::storage::WriteTxn;

/// A new scope on its way into the file.
pub(crate) struct NewScope {
    pub(crate) id: ScopeId,
    pub(crate) ordinal: u16,
    pub(crate) keys: ScopeKeys,
    seed: Key<Seed>,
    verify: [u8; 32],
}

/// Where in the system scope a new scope's policy row goes.
pub(crate) struct Announcement {
    pub(crate) system: ScopeId,
    /// A free row.
    pub(crate) number: u64,
    pub(crate) version: u64,
}

/// Where a scope's key is sealed: no row, but the system head, which names one sealing of it in an epoch.
pub(crate) fn wrap_context(base: &Base, scope: ScopeId, ordinal: u16) -> Context {
    let (space, epoch) = (base.space, base.epoch);
    Context { space, scope, epoch, class: Class::ScopeWrap, object: u64::from(ordinal), version: 0 }
}

/// The place of a scope's policy row in the system scope.
pub(crate) fn policy_place(base: &Base, system: ScopeId, scope: ScopeId, number: u64, version: u64) -> Place {
    Place { tag: system, scope, class: Class::Policy, number, version, epoch: base.epoch, group: 0 }
}

/// Version of rows written by the first transaction of a scope.
pub(crate) fn first_version() -> Result<u64> {
    Ok(1u64 << 32 | u64::from(u32::from_be_bytes(random_array()?)))
}

impl NewScope {
    pub(crate) fn make(id: ScopeId, ordinal: u16) -> Result<Self> {
        let seed: Key<Seed> = Key::make()?;
        let verify = SigningKey::from_seed(seed.expose())?.verifying_key().0;
        Ok(Self { id, ordinal, keys: ScopeKeys::make()?, seed, verify })
    }

    /// What the system head will say of it: its key, and its policy, which is written.
    pub(crate) fn announce(
        &self,
        base: &Base,
        txn: &mut dyn WriteTxn,
        vrk: &Key<EpochRoot>,
        at: Announcement,
        policy: &PolicyRow,
    ) -> Result<ScopeEntry> {
        let Announcement { system, number, version } = at;
        let wrap = self.keys.wrap(vrk, &wrap_context(base, self.id, self.ordinal))?;
        let place = policy_place(base, system, self.id, number, version);
        let (policy, policy_digest) = put_policy(base, txn, &place, &self.keys, policy)?;
        Ok(ScopeEntry { scope: self.id, ordinal: self.ordinal, wrap, policy, policy_digest, verify: self.verify })
    }

    /// Writes its first manifest and head; the head and its digest.
    pub(crate) fn found(
        &self,
        base: &Base,
        txn: &mut dyn WriteTxn,
        first_row: u64,
        now: i64,
        system: Option<SystemPart>,
        under: Option<(u32, [u8; 32])>,
    ) -> Result<(Head, [u8; 32])> {
        let version = first_version()?;
        let mut buffers = Buffers::default();
        let number = |n: u64| u64::from(self.ordinal) << 40 | n;
        let place = |class, n| Place {
            tag: self.id,
            scope: self.id,
            class,
            number: number(n),
            version,
            epoch: base.epoch,
            group: 0,
        };
        let key = self.keys.manifest.expose();
        let seed =
            base.put(txn, &mut buffers, key, &place(Class::LogSeed, SEED_ROW), Content::Dense, self.seed.expose())?;
        let manifest = Manifest::new(seed, first_row)?.encode();
        let manifest =
            base.put(txn, &mut buffers, key, &place(Class::Manifest, MANIFEST_ROW), Content::Rewritten, &manifest)?;
        let head = Head {
            space: base.space,
            scope: self.id,
            epoch: base.epoch,
            generation: 1,
            log_origin: random_array()?,
            log_size: 0,
            log_root: TreeHead::empty().root,
            last_entry: now,
            manifest,
            previous: [0; 32],
            flags: 0,
            under,
            system,
        };
        let body = head.encode();
        let signer = SigningKey::from_seed(self.seed.expose())?;
        let auth = head::authenticate(&body, &self.keys.head_mac, head.system.is_some().then_some(&signer))?;
        txn.put_head(&self.id, &body, &auth)?;
        Ok((head, head::digest(&body)))
    }
}

/// Seals a policy row: its name and the digest of its sealed bytes.
pub(crate) fn put_policy(
    base: &Base,
    txn: &mut dyn WriteTxn,
    place: &Place,
    keys: &ScopeKeys,
    row: &PolicyRow,
) -> Result<(RowRef, [u8; 32])> {
    let mut packed = Vec::new();
    base.codec.pack(Content::Dense, &row.encode(), &mut packed)?;
    let sealed = seal::seal(keys.policy.expose(), &base.context(place).encode(), &packed)?;
    let salt = seal::salt_of(&sealed).ok_or(Error::Internal(60))?;
    txn.put(&place.tag, place.number, 0, Class::Policy as u8, place.version, &sealed)?;
    Ok((RowRef { number: place.number, version: place.version, salt }, sha256(&[&sealed])))
}

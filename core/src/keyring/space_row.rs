//! The row that all slots share, by the id of zeros.
//!
//! Space id, epoch, epoch secret (in clear, or as the keystore wrapped it), and one Argon2id salt and
//! cost for the whole space. Everything in it is bound into each slot's context or into the derivation
//! of the epoch's root key, so a change of a byte of it makes every slot fail; keys to be destroyed are
//! believed only once the system head has named the row.

use super::keystore::Kept;
use super::slots::Stretched;
use super::{KdfParams, KeyStore, KeyStoreClass, SlotKind, Unlock};
use crate::codec::cbor::{Reader, Writer};
use crate::crypto::context::{SLOT, SUITE};
use crate::crypto::kdf;
use crate::crypto::random_array;
use crate::crypto::secret::{Epoch, EpochRoot, Key, SpaceRoot};
use crate::error::{Error, Limit, Result};
use crate::id::{ScopeId, SpaceId};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Format of the whole file; 0 until the format is frozen.
pub(crate) const FORMAT: u64 = 1;
/// More keys do not wait to be destroyed.
pub(crate) const MAX_PENDING: usize = 128;

/// Id of the row that all slots share.
pub(crate) const fn space_row_id() -> [u8; 16] {
    [0; 16]
}

/// A key of the keystore that nothing needs any more.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) key: Vec<u8>,
    /// The epoch whose secret it wrapped; 0 of a slot's.
    pub(crate) epoch: u32,
}

/// Whose the keys are that the keystore has for a space. The numbers are stored: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum KeysOf {
    /// Its own, from when the secrets were made that they keep.
    ItsOwn = 0,
    /// Its own since it was taken up from a copy: what was before keeps the same secrets under other keys.
    ItsOwnSince = 1,
    /// Of the space that it was taken up from, too: they are not its to destroy.
    Others = 2,
}

impl KeysOf {
    const fn from_u8(n: u8) -> Option<Self> {
        match n {
            0 => Some(Self::ItsOwn),
            1 => Some(Self::ItsOwnSince),
            2 => Some(Self::Others),
            _ => None,
        }
    }
}

/// What all slots share.
pub(crate) struct SpaceRow {
    pub(crate) space: SpaceId,
    pub(crate) epoch: u32,
    /// In clear in the file, or opened already.
    pub(crate) epoch_secret: Option<Key<Epoch>>,
    /// As the keystore wrapped it, with the keystore's class.
    pub(crate) kept: Option<(KeyStoreClass, Kept)>,
    /// Whether recovery codes hold the epoch secret as well, where a keystore keeps it.
    pub(crate) recoverable: bool,
    /// To be destroyed.
    pub(crate) pending: Vec<Pending>,
    /// Whose the keys are that `kept` here and in the slots names.
    pub(crate) keys_of: KeysOf,
    pub(crate) salt: [u8; 32],
    pub(crate) params: KdfParams,
    /// Where the system scope's key stands. Only a pointer: what it points to is authenticated.
    pub(crate) system: ScopeId,
}

impl SpaceRow {
    /// The row of a new space without a keystore.
    pub(crate) fn make(params: KdfParams) -> Result<Self> {
        params.check()?;
        Ok(Self {
            space: SpaceId(random_array()?),
            epoch: 1,
            epoch_secret: Some(Key::make()?),
            kept: None,
            recoverable: true,
            pending: Vec::new(),
            keys_of: KeysOf::ItsOwn,
            salt: random_array()?,
            params,
            system: ScopeId(random_array()?),
        })
    }

    /// The row of a new space; the epoch secret goes into the keystore that the way in brings.
    pub(crate) fn make_for(unlock: &Unlock) -> Result<Self> {
        unlock.worth_making()?;
        let mut row = Self::make(unlock.params.unwrap_or_default())?;
        if let Some(store) = &unlock.keystore {
            row.keep(store)?;
        }
        Ok(row)
    }

    /// The row of the next epoch, with a new secret, in clear, and a new salt for passphrases; with another
    /// cost of them where one is asked for.
    pub(crate) fn next_epoch(&self, cost: Option<KdfParams>) -> Result<Self> {
        let epoch = self.epoch.checked_add(1).ok_or(Error::TooLarge(Limit::Capacity))?;
        let params = cost.unwrap_or(self.params);
        params.check()?;
        Ok(Self {
            epoch,
            epoch_secret: Some(Key::make()?),
            kept: None,
            pending: Vec::new(),
            keys_of: KeysOf::ItsOwn,
            salt: random_array()?,
            params,
            ..*self
        })
    }

    /// Whether a recovery code opens the space by itself.
    pub(crate) const fn opens_by_code(&self) -> bool {
        self.recoverable || self.kept.is_none()
    }

    /// Puts the epoch secret into a keystore.
    pub(crate) fn keep(&mut self, store: &Arc<dyn KeyStore>) -> Result<()> {
        let secret = self.epoch_secret.as_ref().ok_or(Error::CannotOpen)?;
        self.kept = Some((store.class(), Kept::make(store, secret.expose())?));
        Ok(())
    }

    /// Where the epoch secret is kept.
    pub(crate) fn class(&self) -> KeyStoreClass {
        self.kept.as_ref().map_or(KeyStoreClass::None, |(class, _)| *class)
    }

    /// `{1 format, 2 space, 3 epoch, 4 epoch secret or null, 5 salt, 6 memory, 7 passes, 8 lanes,
    /// 9 system scope, 10 [class, key, wrapped] or null, 11 [[key to be destroyed, its epoch or 0]],
    /// 12 whether recovery codes hold the epoch secret, 13 whose the keystore's keys are}`
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(13).uint(1).uint(FORMAT).uint(2).bytes(self.space.as_bytes()).uint(3).uint(u64::from(self.epoch)).uint(4);
        match &self.epoch_secret {
            Some(es) if self.kept.is_none() => w.bytes(es.expose()),
            _ => w.null(),
        };
        w.uint(5).bytes(&self.salt);
        w.uint(6).uint(u64::from(self.params.memory_kib));
        w.uint(7).uint(u64::from(self.params.passes));
        w.uint(8).uint(u64::from(self.params.lanes)).uint(9).bytes(self.system.as_bytes()).uint(10);
        match &self.kept {
            Some((class, kept)) => w.array(3).uint(*class as u64).bytes(&kept.key).bytes(&kept.wrapped),
            None => w.null(),
        };
        w.uint(11).array(self.pending.len());
        self.pending.iter().for_each(|p| _ = w.array(2).bytes(&p.key).uint(u64::from(p.epoch)));
        w.uint(12).bool(self.recoverable).uint(13).uint(self.keys_of as u64);
        w.into_bytes()
    }

    /// Reads the row. Nothing in it is authenticated yet: `CannotOpen` for whatever is wrong.
    pub(crate) fn decode(body: &[u8]) -> Result<Self> {
        let mut r = Reader::new(body);
        let (fields, format) = (|| -> Result<(usize, u64)> {
            let fields = r.map()?;
            r.key_is(1)?;
            Ok((fields, r.uint()?))
        })()
        .map_err(|_| Error::CannotOpen)?;
        if format > FORMAT {
            return Err(Error::NeedsNewerLibrary);
        }
        if fields != 13 || format != FORMAT {
            return Err(Error::CannotOpen);
        }
        Self::read(r).map_err(|_| Error::CannotOpen)
    }

    fn read(mut r: Reader<'_>) -> Result<Self> {
        const BAD: Error = Error::CannotOpen;
        r.key_is(2)?;
        let space = SpaceId(r.fixed()?);
        r.key_is(3)?;
        let epoch = r.small()?;
        r.key_is(4)?;
        let epoch_secret = if r.null() { None } else { Some(Key::copy_of(r.bytes()?).ok_or(BAD)?) };
        r.key_is(5)?;
        let salt = r.fixed()?;
        let mut n = [0u32; 3];
        for (k, v) in (6..).zip(n.iter_mut()) {
            r.key_is(k)?;
            *v = r.small()?;
        }
        let [memory_kib, passes, lanes] = n;
        r.key_is(9)?;
        let system = ScopeId(r.fixed()?);
        r.key_is(10)?;
        let kept = if r.null() {
            None
        } else {
            r.array_of(3)?;
            let class = KeyStoreClass::from_u8(r.small()?).ok_or(BAD)?;
            Some((class, Kept { key: r.bytes()?.to_vec(), wrapped: r.bytes()?.to_vec() }))
        };
        // One or the other, and not more than a keystore gives.
        if kept.is_some() == epoch_secret.is_some() || kept.as_ref().is_some_and(|(_, k)| !k.is_sound()) {
            return Err(BAD);
        }
        r.key_is(11)?;
        let n = r.array()?;
        if n > MAX_PENDING {
            return Err(BAD);
        }
        let pending = (0..n).map(|_| {
            r.array_of(2)?;
            Ok(Pending { key: r.bytes()?.to_vec(), epoch: r.small()? })
        });
        let pending = pending.collect::<Result<_>>()?;
        r.key_is(12)?;
        let recoverable = r.bool()?;
        r.key_is(13)?;
        let keys_of = KeysOf::from_u8(r.small()?).ok_or(BAD)?;
        r.finish()?;
        let params = KdfParams { memory_kib, passes, lanes };
        Ok(Self { space, epoch, epoch_secret, kept, recoverable, pending, keys_of, salt, params, system })
    }

    /// The context of a slot's sealed root.
    pub(super) fn context(&self, kind: SlotKind, id: &[u8; 16], salt: &[u8; 32]) -> Vec<u8> {
        let mut c = Vec::with_capacity(100);
        c.extend_from_slice(SLOT);
        c.extend_from_slice(&SUITE.to_be_bytes());
        c.extend_from_slice(self.space.as_bytes());
        c.push(kind as u8);
        c.extend_from_slice(id);
        c.extend_from_slice(salt);
        for n in [self.params.memory_kib, self.params.passes, self.params.lanes] {
            c.extend_from_slice(&n.to_be_bytes());
        }
        c
    }

    /// The context of what else a slot seals, which is of one epoch.
    pub(super) fn context_of_epoch(&self, kind: SlotKind, id: &[u8; 16], salt: &[u8; 32]) -> Vec<u8> {
        let mut c = self.context(kind, id, salt);
        c.extend_from_slice(&self.epoch.to_be_bytes());
        c
    }

    /// What a secret is before a slot's own salt is added: Argon2id of a passphrase, the code's own
    /// 160 bits, nothing where the device's secret is all. The costly part of an attempt, run once.
    pub(crate) fn stretch<'a>(&self, unlock: &'a Unlock) -> Result<Stretched<'a>> {
        let ikm = match unlock.kind {
            SlotKind::Passphrase | SlotKind::PassphraseDevice => {
                Zeroizing::new(kdf::argon2id(unlock.secret.expose(), &self.salt, self.params)?.to_vec())
            }
            _ => Zeroizing::new(unlock.secret.expose().to_vec()),
        };
        Ok(Stretched { unlock, ikm, of: (self.salt, self.params) })
    }

    /// Opens the epoch secret: it stands there, a recovery slot held it, or the keystore does.
    pub(crate) fn open_epoch_secret(&mut self, unlock: &Unlock, recovered: Option<Key<Epoch>>) -> Result<()> {
        if self.epoch_secret.is_none() {
            self.epoch_secret = match (recovered, &self.kept, &unlock.keystore) {
                (Some(es), ..) => Some(es),
                (None, Some((_, kept)), Some(store)) => match kept.open(store) {
                    // Destroyed since, or another device.
                    Err(Error::NotFound) => None,
                    opened => Key::copy_of(&opened?),
                },
                _ => None,
            };
        }
        self.epoch_secret.as_ref().map(|_| ()).ok_or(Error::CannotOpen)
    }

    pub(crate) fn epoch_root(&self, srk: &Key<SpaceRoot>) -> Result<Key<EpochRoot>> {
        let es = self.epoch_secret.as_ref().ok_or(Error::CannotOpen)?;
        kdf::epoch_root(srk, es, &self.space, self.epoch)
    }
}

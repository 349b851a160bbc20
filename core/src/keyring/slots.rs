//! Slots: each opens the space root key with one secret of the person.
//!
//! The row with an id of zeros holds what all slots share: space id, epoch, epoch secret (in clear
//! where no keystore is in use) and one Argon2id salt and cost for the whole space. Everything in
//! it is bound into each slot's context or into the derivation of the epoch's root key, so a
//! change of a byte of it makes every slot fail.

use super::{KdfParams, SlotKind, Unlock};
use crate::codec::cbor::{Reader, Writer};
use crate::crypto::context::{SLOT, SUITE};
use crate::crypto::kdf;
use crate::crypto::random_array;
use crate::crypto::seal;
use crate::crypto::secret::{Epoch, EpochRoot, Kek, Key, SpaceRoot};
use crate::error::{Error, Result};
use crate::id::{ScopeId, SpaceId};
use zeroize::{Zeroize, Zeroizing};

/// Format of the whole file; 0 until the format is frozen.
pub(crate) const FORMAT: u64 = 0;
/// More slots than a person has ways in: a planted table cannot make an attempt slow.
const MAX_SLOTS: usize = 64;

/// Id of the row that all slots share.
pub(crate) const fn space_row_id() -> [u8; 16] {
    [0; 16]
}

/// What all slots share.
pub(crate) struct SpaceRow {
    pub(crate) space: SpaceId,
    pub(crate) epoch: u32,
    pub(crate) epoch_secret: Key<Epoch>,
    pub(crate) salt: [u8; 32],
    pub(crate) params: KdfParams,
    /// Where the system scope's key stands. Only a pointer: what it points to is authenticated.
    pub(crate) system: ScopeId,
}

impl SpaceRow {
    pub(crate) fn make(params: KdfParams) -> Result<Self> {
        params.check()?;
        Ok(Self {
            space: SpaceId(random_array()?),
            epoch: 1,
            epoch_secret: Key::make()?,
            salt: random_array()?,
            params,
            system: ScopeId(random_array()?),
        })
    }

    /// `{1 format, 2 space, 3 epoch, 4 epoch secret, 5 salt, 6 memory, 7 passes, 8 lanes,
    /// 9 system scope}`
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(9).uint(1).uint(FORMAT).uint(2).bytes(self.space.as_bytes()).uint(3).uint(u64::from(self.epoch));
        w.uint(4).bytes(self.epoch_secret.expose()).uint(5).bytes(&self.salt);
        w.uint(6).uint(u64::from(self.params.memory_kib));
        w.uint(7).uint(u64::from(self.params.passes));
        w.uint(8).uint(u64::from(self.params.lanes)).uint(9).bytes(self.system.as_bytes());
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
        if fields != 9 {
            return Err(Error::CannotOpen);
        }
        (|| -> Result<Self> {
            r.key_is(2)?;
            let space = SpaceId(r.fixed()?);
            r.key_is(3)?;
            let epoch = r.small()?;
            r.key_is(4)?;
            let es = r.bytes()?;
            r.key_is(5)?;
            let salt = r.fixed()?;
            let mut n = [0u32; 3];
            for (k, v) in (6..).zip(n.iter_mut()) {
                r.key_is(k)?;
                *v = r.small()?;
            }
            r.key_is(9)?;
            let system = ScopeId(r.fixed()?);
            r.finish()?;
            let [memory_kib, passes, lanes] = n;
            let epoch_secret = Key::copy_of(es).ok_or(Error::CannotOpen)?;
            Ok(Self { space, epoch, epoch_secret, salt, params: KdfParams { memory_kib, passes, lanes }, system })
        })()
        .map_err(|_| Error::CannotOpen)
    }

    fn context(&self, kind: SlotKind, id: &[u8; 16], salt: &[u8; 32]) -> Vec<u8> {
        let mut c = Vec::with_capacity(96);
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

    /// The stretched secret: Argon2id for a passphrase, the code's own 160 bits for a recovery code.
    fn stretch(&self, unlock: &Unlock) -> Result<Zeroizing<Vec<u8>>> {
        Ok(match unlock.kind {
            SlotKind::Passphrase => {
                let out = kdf::argon2id(unlock.secret.expose(), &self.salt, self.params)?;
                Zeroizing::new(out.to_vec())
            }
            SlotKind::Recovery => Zeroizing::new(unlock.secret.expose().to_vec()),
        })
    }

    pub(crate) fn epoch_root(&self, srk: &Key<SpaceRoot>) -> Result<Key<EpochRoot>> {
        kdf::epoch_root(srk, &self.epoch_secret, &self.space, self.epoch)
    }
}

/// Makes a slot that opens `srk`: its id and body.
pub(crate) fn make_slot(row: &SpaceRow, unlock: &Unlock, srk: &Key<SpaceRoot>) -> Result<([u8; 16], Vec<u8>)> {
    let id: [u8; 16] = random_array()?;
    let salt: [u8; 32] = random_array()?;
    let ikm = row.stretch(unlock)?;
    let kek: Key<Kek> = kdf::slot_kek(&salt, &ikm, unlock.kind as u8)?;
    let sealed = seal::seal(kek.expose(), &row.context(unlock.kind, &id, &salt), srk.expose())?;
    let mut w = Writer::new();
    w.map(3).uint(1).uint(unlock.kind as u64).uint(2).bytes(&salt).uint(3).bytes(&sealed);
    Ok((id, w.into_bytes()))
}

fn read_slot(body: &[u8]) -> Option<(SlotKind, [u8; 32], Vec<u8>)> {
    let mut r = Reader::new(body);
    if r.map().ok()? != 3 {
        return None;
    }
    r.key_is(1).ok()?;
    let kind = SlotKind::from_u8(r.small().ok()?)?;
    r.key_is(2).ok()?;
    let salt = r.fixed().ok()?;
    r.key_is(3).ok()?;
    let sealed = r.bytes().ok()?.to_vec();
    r.finish().ok()?;
    Some((kind, salt, sealed))
}

/// What an unlock attempt yields.
pub(crate) struct Opened {
    pub(crate) srk: Key<SpaceRoot>,
}

/// Runs the derivation once, then tries every slot of the kind, with no early exit.
///
/// # Errors
/// [`Error::CannotOpen`] for a wrong secret and for damage alike; [`Error::TooLarge`] where the
/// row asks for more work than the ceiling allows (nothing is run).
pub(crate) fn open_slots<'a>(
    row: &SpaceRow,
    unlock: &Unlock,
    slots: impl Iterator<Item = (&'a [u8; 16], &'a [u8])>,
) -> Result<Opened> {
    if unlock.kind == SlotKind::Passphrase {
        row.params.check()?;
    }
    let ikm = row.stretch(unlock)?;
    let mut found: Option<Key<SpaceRoot>> = None;
    for (id, body) in slots.take(MAX_SLOTS) {
        let Some((kind, salt, mut sealed)) = read_slot(body) else { continue };
        if kind != unlock.kind {
            continue;
        }
        let kek = kdf::slot_kek(&salt, &ikm, kind as u8)?;
        if let Ok(plain) = seal::open_in_place(kek.expose(), &row.context(kind, id, &salt), &mut sealed) {
            found = Key::copy_of(plain).or(found);
            plain.zeroize();
        }
    }
    found.map(|srk| Opened { srk }).ok_or(Error::CannotOpen)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Slots = Vec<([u8; 16], Vec<u8>)>;

    fn setup() -> (SpaceRow, Key<SpaceRoot>, Slots, super::super::RecoveryCode) {
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let srk = Key::make().unwrap();
        let code = super::super::RecoveryCode::make().unwrap();
        let slots = vec![
            make_slot(&row, &Unlock::passphrase("one"), &srk).unwrap(),
            make_slot(&row, &Unlock::passphrase("two"), &srk).unwrap(),
            make_slot(&row, &Unlock::recovery_code(&code.reveal()).unwrap(), &srk).unwrap(),
        ];
        (row, srk, slots, code)
    }

    fn try_open(row: &SpaceRow, u: &Unlock, slots: &[([u8; 16], Vec<u8>)]) -> Result<Opened> {
        open_slots(row, u, slots.iter().map(|(i, b)| (i, &b[..])))
    }

    #[test]
    fn every_way_in_opens_and_no_other() {
        let (row, srk, slots, code) = setup();
        let row = SpaceRow::decode(&row.encode()).unwrap();
        for u in [Unlock::passphrase("one"), Unlock::passphrase("two"), Unlock::recovery_code(&code.reveal()).unwrap()]
        {
            assert_eq!(try_open(&row, &u, &slots).unwrap().srk.expose(), srk.expose());
        }
        assert!(matches!(try_open(&row, &Unlock::passphrase("three"), &slots), Err(Error::CannotOpen)));
        assert!(matches!(try_open(&row, &Unlock::passphrase("one"), &slots[1..]), Err(Error::CannotOpen)));
    }

    #[test]
    fn downgrade_and_swap_fail() {
        let (row, _, slots, _) = setup();
        let u = Unlock::passphrase("one");
        // weaker cost than the slot was made with
        let weaker = SpaceRow {
            params: KdfParams { passes: 3, ..KdfParams::FLOOR },
            ..SpaceRow::decode(&row.encode()).unwrap()
        };
        assert!(matches!(try_open(&weaker, &u, &slots), Err(Error::CannotOpen)));
        let bomb = SpaceRow {
            params: KdfParams { memory_kib: 1 << 30, passes: 9, lanes: 1 },
            ..SpaceRow::decode(&row.encode()).unwrap()
        };
        let begin = std::time::Instant::now();
        assert!(matches!(try_open(&bomb, &u, &slots), Err(Error::TooLarge(_))));
        assert!(begin.elapsed().as_millis() < 5);
        // ids exchanged
        let swapped = [(slots[1].0, slots[0].1.clone()), (slots[0].0, slots[1].1.clone())];
        assert!(matches!(try_open(&row, &u, &swapped), Err(Error::CannotOpen)));
        // another space
        let other = SpaceRow { space: SpaceId([9; 16]), ..SpaceRow::decode(&row.encode()).unwrap() };
        assert!(matches!(try_open(&other, &u, &slots), Err(Error::CannotOpen)));
    }

    #[test]
    fn every_bit_of_a_slot_counts() {
        let (row, _, slots, code) = setup();
        let u = Unlock::recovery_code(&code.reveal()).unwrap();
        let (id, body) = &slots[2];
        for i in 0..body.len() * 8 {
            let mut bad = body.clone();
            bad[i / 8] ^= 1 << (i % 8);
            assert!(matches!(try_open(&row, &u, &[(*id, bad)]), Err(Error::CannotOpen)));
        }
        assert!(matches!(SpaceRow::decode(b""), Err(Error::CannotOpen)));
        let mut newer = row.encode();
        newer[2] = 5;
        assert!(matches!(SpaceRow::decode(&newer), Err(Error::NeedsNewerLibrary)));
    }
}

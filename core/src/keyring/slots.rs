//! Slots: each opens the space root key with one secret of the person or the device.

use super::keystore::{Kept, device_secret};
use super::{KdfParams, KeyStore, SlotKind, SpaceRow, Unlock};
use crate::codec::cbor::{Reader, Writer};
use crate::crypto::kdf;
use crate::crypto::random_array;
use crate::crypto::seal;
use crate::crypto::secret::{Epoch, Kek, Key, SpaceRoot};
use crate::error::{Error, Result};
use std::sync::Arc;
use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, Zeroizing};

/// More slots than a person has ways in: a planted table cannot make an attempt slow.
pub(crate) const MAX_SLOTS: usize = 64;

/// A secret after its costly derivation, which is run once for all slots.
pub(crate) struct Stretched<'a> {
    pub(super) unlock: &'a Unlock,
    pub(super) ikm: Zeroizing<Vec<u8>>,
    /// The salt and cost that it was run with.
    pub(super) of: ([u8; 32], KdfParams),
}

impl Stretched<'_> {
    /// Whether it serves under this row as well.
    pub(crate) fn fits(&self, row: &SpaceRow) -> bool {
        self.of == (row.salt, row.params)
    }

    /// With a device's own secret, where the kind has one.
    fn kek(&self, salt: &[u8; 32], device: &[u8]) -> Result<Key<Kek>> {
        let mut ikm = Zeroizing::new(Vec::with_capacity(self.ikm.len() + device.len()));
        ikm.extend_from_slice(&self.ikm);
        ikm.extend_from_slice(device);
        kdf::slot_kek(salt, &ikm, self.unlock.kind as u8)
    }
}

#[cfg(test)]
impl Stretched<'_> {
    /// What an attempt has in its hands, for a test that looks for it in memory: what Argon2 gave, the device's
    /// secret, the slot's key.
    pub(crate) fn secrets_for_tests(&self, slot: &Slot) -> Vec<(&'static str, [u8; 32])> {
        let device = slot.kept.as_ref().map(|kept| kept.open(self.unlock.keystore.as_ref().unwrap()).unwrap());
        let device = device.as_ref().map_or(&[][..], |d| d.as_slice());
        let mut all = vec![("slot's key", *self.kek(&slot.salt, device).unwrap().expose())];
        let more = [("Argon2's output", self.ikm.as_slice()), ("device's secret", device)];
        all.extend(more.into_iter().filter_map(|(name, bytes)| Some((name, bytes.try_into().ok()?))));
        all
    }
}

/// A slot's row, read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) kind: SlotKind,
    pub(super) salt: [u8; 32],
    sealed: Vec<u8>,
    /// The device's secret, where the kind has one.
    pub(crate) kept: Option<Kept>,
    /// Recovery code: the epoch secret, where a keystore keeps it otherwise.
    epoch_secret: Option<Vec<u8>>,
    /// Recovery code: whether the person typed it again.
    pub(crate) confirmed: bool,
    /// Limited: the keys that it gives, sealed.
    pub(super) bundle: Option<Vec<u8>>,
}

impl Slot {
    /// `{1 kind, 2 salt, 3 sealed root}`; with a device's secret `4 key, 5 wrapped secret` as well;
    /// of a recovery code `6 sealed epoch secret or null, 7 whether it was typed again`; of a limited
    /// slot `8 sealed bundle`.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(self.kind.fields());
        w.uint(1).uint(self.kind as u64).uint(2).bytes(&self.salt).uint(3).bytes(&self.sealed);
        if let Some(kept) = &self.kept {
            w.uint(4).bytes(&kept.key).uint(5).bytes(&kept.wrapped);
        }
        if self.kind == SlotKind::Recovery {
            w.uint(6);
            match &self.epoch_secret {
                Some(sealed) => w.bytes(sealed),
                None => w.null(),
            };
            w.uint(7).bool(self.confirmed);
        }
        if let Some(sealed) = &self.bundle {
            w.uint(8).bytes(sealed);
        }
        w.into_bytes()
    }

    /// `None` for whatever is no slot that this version knows.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let mut r = Reader::new(body);
        let fields = r.map().ok()?;
        r.key_is(1).ok()?;
        let kind = SlotKind::from_u8(r.small().ok()?)?;
        r.key_is(2).ok()?;
        let salt = r.fixed().ok()?;
        r.key_is(3).ok()?;
        let sealed = r.bytes().ok()?.to_vec();
        let mut slot = Self { kind, salt, sealed, kept: None, epoch_secret: None, confirmed: false, bundle: None };
        if kind.has_device() {
            r.key_is(4).ok()?;
            let key = r.bytes().ok()?.to_vec();
            r.key_is(5).ok()?;
            slot.kept = Some(Kept { key, wrapped: r.bytes().ok()?.to_vec() }).filter(Kept::is_sound);
            slot.kept.as_ref()?;
        }
        if kind == SlotKind::Recovery {
            r.key_is(6).ok()?;
            slot.epoch_secret = if r.null() { None } else { Some(r.bytes().ok()?.to_vec()) };
            r.key_is(7).ok()?;
            slot.confirmed = r.bool().ok()?;
        }
        if kind == SlotKind::Limited {
            r.key_is(8).ok()?;
            slot.bundle = Some(r.bytes().ok()?.to_vec());
        }
        r.finish().ok()?;
        (fields == kind.fields()).then_some(slot)
    }
}

/// Makes a slot that opens `srk`: its id and body.
///
/// # Errors
/// [`Error::KeyStore`] and what the keystore says, where the kind needs one.
pub(crate) fn make_slot(row: &SpaceRow, by: &Stretched<'_>, srk: &Key<SpaceRoot>) -> Result<([u8; 16], Slot)> {
    let kind = by.unlock.kind;
    let (id, salt): ([u8; 16], [u8; 32]) = (random_array()?, random_array()?);
    let device = if kind.has_device() { Some(device_secret()?) } else { None };
    let kek = by.kek(&salt, device.as_ref().map_or(&[], |d| &d[..]))?;
    let sealed = seal::seal(kek.expose(), &row.context(kind, &id, &salt), srk.expose())?;
    let mut slot = Slot { kind, salt, sealed, kept: None, epoch_secret: None, confirmed: false, bundle: None };
    if let (SlotKind::Recovery, Some(_), true, Some(es)) = (kind, &row.kept, row.recoverable, &row.epoch_secret) {
        slot.epoch_secret = Some(seal::seal(kek.expose(), &row.context_of_epoch(kind, &id, &salt), es.expose())?);
    }
    if let Some(device) = &device {
        let store = by.unlock.keystore.as_ref().ok_or(Error::Internal(120))?;
        slot.kept = Some(Kept::make(store, device)?);
    }
    Ok((id, slot))
}

/// What an unlock attempt yields.
pub(crate) struct Opened {
    pub(crate) id: [u8; 16],
    pub(crate) slot: Slot,
    /// SRK; of a limited slot its own root, LSK.
    pub(crate) root: Key<SpaceRoot>,
    /// The epoch secret, where the slot held it.
    pub(crate) epoch_secret: Option<Key<Epoch>>,
}

/// How often one key of a keystore is asked for in an attempt. Each slot has a key of its own, so that more are
/// planted ones; each time, the platform may ask the person.
const ASKED: usize = 2;

/// The device's secret of a slot, the same wrapping asked for once.
fn ask<'s>(
    store: &Arc<dyn KeyStore>,
    kept: &'s Kept,
    asked: &mut Vec<(&'s Kept, Option<Zeroizing<Vec<u8>>>)>,
) -> Result<Zeroizing<Vec<u8>>> {
    if let Some((_, said)) = asked.iter().find(|(k, _)| *k == kept) {
        return said.clone().ok_or(Error::CannotOpen);
    }
    if asked.iter().filter(|(k, _)| k.key == kept.key).count() >= ASKED {
        return Err(Error::CannotOpen);
    }
    let said = kept.open(store);
    asked.push((kept, said.as_ref().ok().cloned()));
    said
}

/// Tries every slot of the kind, with no early exit: the time taken does not say which one opened.
///
/// # Errors
/// [`Error::CannotOpen`] for a wrong secret and for damage alike; what the keystore said where it
/// failed for another reason than not having a key.
pub(crate) fn open_slots<'a>(
    row: &SpaceRow,
    by: &Stretched<'_>,
    slots: impl Iterator<Item = (&'a [u8; 16], &'a [u8])>,
) -> Result<Opened> {
    let (kind, mut failed) = (by.unlock.kind, Error::CannotOpen);
    // In an order of chance: a processor that learned what a success looks like does not tell where it was.
    let read = slots.filter_map(|(id, body)| Some((id, Slot::decode(body)?)));
    let drawn =
        read.filter(|(_, s)| s.kind == kind).take(MAX_SLOTS).map(|(id, slot)| Ok((random_array::<8>()?, id, slot)));
    let mut slots = drawn.collect::<Result<Vec<_>>>()?;
    slots.sort_unstable_by_key(|(chance, ..)| *chance);
    let (mut root, mut at) = (Zeroizing::new([0; 32]), u32::MAX);
    let mut asked = Vec::new();
    for (n, (_, id, slot)) in (0..).zip(&slots) {
        let device = match (&slot.kept, &by.unlock.keystore) {
            (Some(kept), Some(store)) => match ask(store, kept, &mut asked) {
                Ok(secret) => secret,
                Err(Error::NotFound | Error::CannotOpen | Error::Malformed(_)) => continue,
                Err(e) => {
                    failed = e;
                    continue;
                }
            },
            _ => Zeroizing::default(),
        };
        let kek = by.kek(&slot.salt, &device)?;
        let mut sealed = slot.sealed.clone();
        let mut plain = Zeroizing::new([0; 32]);
        let opens = match seal::open_in_place(kek.expose(), &row.context(kind, id, &slot.salt), &mut sealed) {
            Ok(opened) => {
                let whole = opened.len() == plain.len();
                plain.iter_mut().zip(opened.iter()).for_each(|(to, from)| *to = *from);
                opened.zeroize();
                Choice::from(u8::from(whole))
            }
            Err(_) => Choice::from(0),
        };
        root.iter_mut().zip(plain.iter()).for_each(|(to, from)| to.conditional_assign(from, opens));
        at.conditional_assign(&n, opens);
    }
    let at = usize::try_from(at).ok().filter(|at| *at < slots.len()).ok_or(failed)?;
    let (_, id, slot) = slots.swap_remove(at);
    let epoch_secret = match &slot.epoch_secret {
        Some(sealed) => {
            let kek = by.kek(&slot.salt, &[])?;
            let mut sealed = sealed.clone();
            let plain = seal::open_in_place(kek.expose(), &row.context_of_epoch(kind, id, &slot.salt), &mut sealed);
            plain.ok().and_then(|plain| {
                let es = Key::copy_of(plain);
                plain.zeroize();
                es
            })
        }
        None => None,
    };
    let root = Key::copy_of(&root[..]).ok_or(Error::CannotOpen)?;
    Ok(Opened { id: *id, slot, root, epoch_secret })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SpaceId;

    type Slots = Vec<([u8; 16], Vec<u8>)>;

    fn make(row: &SpaceRow, u: &Unlock, srk: &Key<SpaceRoot>) -> ([u8; 16], Vec<u8>) {
        let (id, slot) = make_slot(row, &row.stretch(u).unwrap(), srk).unwrap();
        assert!(Slot::decode(&slot.encode()).unwrap() == slot);
        (id, slot.encode())
    }

    fn setup() -> (SpaceRow, Key<SpaceRoot>, Slots, super::super::RecoveryCode) {
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let srk = Key::make().unwrap();
        let code = super::super::RecoveryCode::make().unwrap();
        let ways = [Unlock::passphrase("one"), Unlock::passphrase("two"), Unlock::of_code(&code)];
        let slots = ways.map(|u| make(&row, &u, &srk)).into();
        (row, srk, slots, code)
    }

    fn try_open(row: &SpaceRow, u: &Unlock, slots: &[([u8; 16], Vec<u8>)]) -> Result<Opened> {
        open_slots(row, &row.stretch(u)?, slots.iter().map(|(i, b)| (i, &b[..])))
    }

    #[test]
    fn every_way_in_opens_and_no_other() {
        let (row, srk, slots, code) = setup();
        let row = SpaceRow::decode(&row.encode()).unwrap();
        for u in [Unlock::passphrase("one"), Unlock::passphrase("two"), Unlock::recovery_code(&code.reveal()).unwrap()]
        {
            assert_eq!(try_open(&row, &u, &slots).unwrap().root.expose(), srk.expose());
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
            // The last byte says whether the code was typed again: the head's digest covers it.
            if i / 8 + 1 == body.len() && Slot::decode(&bad).is_some() {
                continue;
            }
            assert!(matches!(try_open(&row, &u, &[(*id, bad)]), Err(Error::CannotOpen)));
        }
        assert!(matches!(SpaceRow::decode(b""), Err(Error::CannotOpen)));
        let mut newer = row.encode();
        newer[2] = 5;
        assert!(matches!(SpaceRow::decode(&newer), Err(Error::NeedsNewerLibrary)));
    }
}

//! Limited slots: a program's own secret opens some partitions and nothing above them.
//!
//! ```text
//! secret --> KEK --opens slot--> LSK --+ES--> bundle key --opens--> { PK of some partitions, system verify key }
//! ```
//! LSK is random and of this slot alone: neither the root key nor another slot leads to it or follows
//! from it.

use super::slots::{Opened, Stretched};
use super::{ScopeKeys, Slot, SlotKind, SpaceRow};
use crate::codec::cbor::{Reader, Writer};
use crate::crypto::secret::{BundleKey, Key, Limited};
use crate::crypto::{kdf, seal};
use crate::error::{Error, Part, Result};
use crate::id::ScopeId;
use zeroize::{Zeroize, Zeroizing};

/// What a limited slot gives: with it heads, policies and rows of its partitions are verified, opened and
/// written, and the system head is verified.
pub(crate) struct Bundle {
    pub(crate) system: ScopeId,
    /// Of the key that signs the system head.
    pub(crate) verify: [u8; 32],
    pub(crate) partitions: Vec<(ScopeId, ScopeKeys)>,
}

/// `[system scope 16, verify key 32, [[scope 16, key 32]...]]`
fn encode<'a>(
    system: ScopeId,
    verify: &[u8; 32],
    partitions: impl ExactSizeIterator<Item = (ScopeId, &'a ScopeKeys)>,
) -> Zeroizing<Vec<u8>> {
    let mut w = Writer::secret(128 + 64 * partitions.len());
    w.array(3).bytes(system.as_bytes()).bytes(verify).array(partitions.len());
    for (scope, keys) in partitions {
        w.array(2).bytes(scope.as_bytes()).bytes(keys.root.expose());
    }
    w.into_bytes().into()
}

impl Bundle {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        r.array_of(3)?;
        let (system, verify) = (ScopeId(r.fixed()?), r.fixed()?);
        let partitions = (0..r.array()?)
            .map(|_| {
                r.array_of(2)?;
                let scope = ScopeId(r.fixed()?);
                let root = Key::copy_of(r.bytes()?).ok_or(Error::Corrupt(Part::Slot))?;
                Ok((scope, ScopeKeys::from_root(root)?))
            })
            .collect::<Result<_>>()?;
        r.finish()?;
        Ok(Self { system, verify, partitions })
    }

    /// For fuzzing alone: as it is written.
    #[cfg(any(test, feature = "fuzz-internals"))]
    fn written(&self) -> Zeroizing<Vec<u8>> {
        encode(self.system, &self.verify, self.partitions.iter().map(|(scope, keys)| (*scope, keys)))
    }

    /// Opens the bundle of a limited slot that was opened.
    ///
    /// # Errors
    /// [`Error::CannotOpen`]: it is of another epoch, or damaged.
    pub(crate) fn open(row: &SpaceRow, opened: &Opened) -> Result<Self> {
        let lsk = Key::copy_of(opened.root.expose()).ok_or(Error::CannotOpen)?;
        let (key, slot) = (bundle_key(row, &lsk)?, &opened.slot);
        let mut sealed = slot.bundle.clone().ok_or(Error::CannotOpen)?;
        let context = row.context_of_epoch(SlotKind::Limited, &opened.id, &slot.salt);
        let plain = seal::open_in_place(key.expose(), &context, &mut sealed).map_err(|_| Error::CannotOpen)?;
        let bundle = Self::decode(plain).map_err(|_| Error::CannotOpen);
        plain.zeroize();
        bundle
    }
}

fn bundle_key(row: &SpaceRow, lsk: &Key<Limited>) -> Result<Key<BundleKey>> {
    let es = row.epoch_secret.as_ref().ok_or(Error::CannotOpen)?;
    kdf::bundle(lsk, es, &row.space, row.epoch)
}

/// Makes a limited slot for these partitions: its id and body.
pub(crate) fn make_limited<'a>(
    row: &SpaceRow,
    by: &Stretched<'_>,
    system: ScopeId,
    verify: &[u8; 32],
    partitions: impl ExactSizeIterator<Item = (ScopeId, &'a ScopeKeys)>,
) -> Result<([u8; 16], Slot)> {
    let lsk: Key<Limited> = Key::make()?;
    let as_root = Key::copy_of(lsk.expose()).ok_or(Error::Internal(123))?;
    let (id, mut slot) = super::make_slot(row, by, &as_root)?;
    let context = row.context_of_epoch(SlotKind::Limited, &id, &slot.salt);
    let bundle = encode(system, verify, partitions);
    slot.bundle = Some(seal::seal(bundle_key(row, &lsk)?.expose(), &context, &bundle)?);
    Ok((id, slot))
}

/// For fuzzing alone: decodes what a way in keeps, told by the first byte.
///
/// # Errors
/// [`Error::Internal`] where it is written otherwise than it was read.
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) fn fuzz(bytes: &[u8]) -> Result<()> {
    let (form, rest) = bytes.split_first().ok_or(Error::Internal(300))?;
    let same = |same: bool| if same { Ok(()) } else { Err(Error::Internal(301)) };
    match form {
        0 => same(Slot::decode(rest).ok_or(Error::CannotOpen)?.encode() == rest),
        1 => same(*Bundle::decode(rest)?.written() == rest),
        _ => {
            let code = super::RecoveryCode::parse(&String::from_utf8_lossy(rest)).ok_or(Error::CannotOpen)?;
            same(code.matches(&code.reveal()))
        }
    }
}

#[cfg(test)]
pub(crate) mod seeds {
    use super::*;
    use crate::keyring::{KdfParams, RecoveryCode, SlotKind, Unlock};

    /// A seed of each form.
    pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let keys = [ScopeKeys::make().unwrap(), ScopeKeys::make().unwrap()];
        let of = || keys.iter().enumerate().map(|(n, k)| (ScopeId([n as u8; 16]), k));
        let (words, secret) = (Unlock::passphrase("one"), Unlock::limited(vec![1; 32]));
        let root = Key::make().unwrap();
        let by_words = super::super::make_slot(&row, &row.stretch(&words).unwrap(), &root).unwrap().1;
        let limited = make_limited(&row, &row.stretch(&secret).unwrap(), ScopeId([9; 16]), &[7; 32], of()).unwrap().1;
        let mut recovery = by_words.clone();
        recovery.kind = SlotKind::Recovery;
        let form = |n: u8, bytes: &[u8]| [&[n], bytes].concat();
        vec![
            ("slot", form(0, &by_words.encode())),
            ("slot-limited", form(0, &limited.encode())),
            ("slot-recovery", form(0, &recovery.encode())),
            ("bundle", form(1, &encode(ScopeId([9; 16]), &[7; 32], of()))),
            ("code", form(2, RecoveryCode::of_bytes_for_timing([7; 20]).reveal().as_bytes())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KdfParams, Unlock, open_slots};
    use super::*;

    #[test]
    fn a_bundle_opens_with_its_own_slot_and_epoch_only() {
        let mut row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let keys = [ScopeKeys::make().unwrap(), ScopeKeys::make().unwrap()];
        let (secret, other) = (Unlock::limited(vec![1; 32]), Unlock::limited(vec![2; 32]));
        let make = |u: &Unlock, row: &SpaceRow| {
            let all = keys.iter().enumerate().map(|(n, k)| (ScopeId([n as u8; 16]), k));
            make_limited(row, &row.stretch(u).unwrap(), ScopeId([9; 16]), &[7; 32], all).unwrap()
        };
        let (id, slot) = make(&secret, &row);
        let body = slot.encode();
        assert!(Slot::decode(&body).unwrap() == slot);
        let open = |row: &SpaceRow, u: &Unlock, body: &[u8]| {
            let opened = open_slots(row, &row.stretch(u)?, [(&id, body)].into_iter())?;
            Bundle::open(row, &opened)
        };
        let bundle = open(&row, &secret, &body).unwrap();
        assert_eq!((bundle.system, bundle.verify, bundle.partitions.len()), (ScopeId([9; 16]), [7; 32], 2));
        assert_eq!(bundle.partitions[1].1.all(), keys[1].all());
        assert!(matches!(open(&row, &other, &body), Err(Error::CannotOpen)));
        // The bundle of another slot, and of another epoch.
        let mut mixed = slot.clone();
        mixed.bundle = make(&secret, &row).1.bundle;
        assert!(matches!(open(&row, &secret, &mixed.encode()), Err(Error::CannotOpen)));
        row.epoch = 2;
        assert!(matches!(open(&row, &secret, &body), Err(Error::CannotOpen)));
        row.epoch = 1;
        row.epoch_secret = Some(Key::make().unwrap());
        assert!(matches!(open(&row, &secret, &body), Err(Error::CannotOpen)));
        for i in 0..body.len() * 8 {
            let mut bad = body.clone();
            bad[i / 8] ^= 1 << (i % 8);
            assert!(open(&row, &secret, &bad).is_err());
        }
    }
}

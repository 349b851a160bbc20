//! The key hierarchy: slots open the space root key, which opens the keys of scopes.
//!
//! What belongs here: making, deriving, wrapping and opening keys, and the bytes of slots and key
//! pages. What must not: storage, records or policy. Labels of derived keys never contain user
//! text; the space root key and the epoch's root key are dropped as soon as the wanted scope keys
//! are open.
//!
//! ```text
//! passphrase + device | passphrase | keystore | recovery code --> KEK --opens slot--> SRK --+ES--> VRK --> wrap key --opens--> PK of a scope
//! PK --derives--> head MAC, manifest key, policy key;   random group keys stand in key pages
//! ```

mod keystore;
mod limited;
mod pages;
mod recovery;
mod slots;
mod space_row;
mod unlock;

pub(crate) use keystore::Kept;
pub use keystore::{DestroyProof, KeyStore, KeyStoreClass, SoftwareKeyStore};
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) use limited::fuzz;
#[cfg(test)]
pub(crate) use limited::seeds::all as fuzz_seeds;
pub(crate) use limited::{Bundle, make_limited};
pub(crate) use pages::{KeyPage, PAGE_KEYS};
pub use recovery::RecoveryCode;
pub(crate) use slots::{MAX_SLOTS, Slot, Stretched, make_slot, open_slots};
pub(crate) use space_row::{FORMAT, KeysOf, MAX_PENDING, Pending, SpaceRow, space_row_id};
pub use unlock::Unlock;

use crate::crypto::context::{self, Class, Context};
use crate::crypto::kdf;
use crate::crypto::seal;
use crate::crypto::secret::{EpochRoot, HeadMac, Key, Manifest, Policy, Scope};
use crate::error::{Error, Part, Result};

pub use crate::crypto::kdf::KdfParams;

/// What a slot is opened with. The numbers are stored: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum SlotKind {
    /// A passphrase alone.
    Passphrase = 1,
    /// A passphrase and a secret of the device.
    PassphraseDevice = 2,
    /// The device's secret alone.
    KeyStore = 3,
    /// A recovery code.
    Recovery = 4,
    /// A program's secret, for some partitions.
    Limited = 5,
}

impl SlotKind {
    pub(crate) const fn from_u8(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::Passphrase),
            2 => Some(Self::PassphraseDevice),
            3 => Some(Self::KeyStore),
            4 => Some(Self::Recovery),
            5 => Some(Self::Limited),
            _ => None,
        }
    }

    /// Fields of a slot of this kind.
    const fn fields(self) -> usize {
        match self {
            Self::Passphrase => 3,
            Self::Limited => 4,
            Self::PassphraseDevice | Self::KeyStore | Self::Recovery => 5,
        }
    }

    /// Whether a secret of the device takes part.
    const fn has_device(self) -> bool {
        matches!(self, Self::PassphraseDevice | Self::KeyStore)
    }
}

/// Length of a scope's sealed key.
pub(crate) const WRAPPED: usize = seal::sealed_len(32);

/// The keys of one open scope.
pub(crate) struct ScopeKeys {
    root: Key<Scope>,
    pub(crate) head_mac: Key<HeadMac>,
    pub(crate) manifest: Key<Manifest>,
    pub(crate) policy: Key<Policy>,
}

impl ScopeKeys {
    fn from_root(root: Key<Scope>) -> Result<Self> {
        Ok(Self {
            head_mac: kdf::of_scope(&root, context::HEAD_MAC)?,
            manifest: kdf::of_scope(&root, context::MANIFEST)?,
            policy: kdf::of_scope(&root, context::POLICY)?,
            root,
        })
    }

    /// Keys of a new scope.
    pub(crate) fn make() -> Result<Self> {
        Self::from_root(Key::make()?)
    }

    /// Every key of the scope, for a test that looks for them in memory.
    #[cfg(test)]
    pub(crate) fn all(&self) -> Vec<[u8; 32]> {
        vec![*self.root.expose(), *self.head_mac.expose(), *self.manifest.expose(), *self.policy.expose()]
    }

    /// Seals the scope's key for the head that names the scope (class 8).
    pub(crate) fn wrap(&self, vrk: &Key<EpochRoot>, at: &Context) -> Result<[u8; WRAPPED]> {
        debug_assert!(at.class == Class::ScopeWrap);
        let sealed = seal::seal(kdf::wrap_key(vrk)?.expose(), &at.encode(), self.root.expose())?;
        sealed.try_into().map_err(|_| Error::Internal(63))
    }

    /// Opens a scope's key.
    pub(crate) fn unwrap(vrk: &Key<EpochRoot>, at: &Context, sealed: &[u8; WRAPPED]) -> Result<Self> {
        let mut sealed = *sealed;
        let wrap = kdf::wrap_key(vrk)?;
        let plain =
            seal::open_in_place(wrap.expose(), &at.encode(), &mut sealed).map_err(|_| Error::Corrupt(Part::Slot))?;
        let root = Key::init_with(|k| {
            let ok = plain.len() == k.len();
            k.iter_mut().zip(plain.iter()).for_each(|(a, b)| *a = *b);
            zeroize::Zeroize::zeroize(plain);
            if ok { Ok(()) } else { Err(Error::Corrupt(Part::Slot)) }
        })?;
        Self::from_root(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ScopeId, SpaceId};

    #[test]
    fn a_scope_key_opens_only_in_its_own_place() {
        let vrk: Key<EpochRoot> = Key::make().unwrap();
        let at = Context {
            space: SpaceId([1; 16]),
            scope: ScopeId([2; 16]),
            epoch: 1,
            class: Class::ScopeWrap,
            object: 7,
            version: 9,
        };
        let keys = ScopeKeys::make().unwrap();
        let sealed = keys.wrap(&vrk, &at).unwrap();
        let again = ScopeKeys::unwrap(&vrk, &at, &sealed).unwrap();
        assert_eq!(keys.manifest.expose(), again.manifest.expose());
        assert_ne!(keys.manifest.expose(), keys.policy.expose());
        for other in [
            Context { scope: ScopeId([3; 16]), ..at },
            Context { epoch: 2, ..at },
            Context { object: 8, ..at },
            Context { version: 8, ..at },
        ] {
            assert!(ScopeKeys::unwrap(&vrk, &other, &sealed).is_err());
        }
    }
}

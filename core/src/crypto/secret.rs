//! Keys: 32 bytes, boxed, typed by role, wiped on drop.

use super::random;
use crate::error::Result;
use core::marker::PhantomData;
use zeroize::Zeroize;

/// Names a role; a key of one role cannot stand where another is wanted.
pub(crate) trait Role {}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident;)*) => { $($(#[$doc])* pub(crate) enum $name {} impl Role for $name {})* };
}

roles! {
    /// Opens a slot; derived from a secret of the person.
    Kek;
    /// Space root key.
    SpaceRoot;
    /// Epoch secret.
    Epoch;
    /// Root key of an epoch; derived.
    EpochRoot;
    /// Seals the keys of scopes; derived.
    Wrap;
    /// Key of a scope; only derives.
    Scope;
    /// Seals bookkeeping; derived.
    Manifest;
    /// Seals the policy row; derived.
    Policy;
    /// MACs a head; derived.
    HeadMac;
    /// Seals content; random, dropped to erase.
    Group;
    /// Seals the payload keys of a log.
    Log;
    /// Seals one log entry.
    Payload;
    /// Seed of a signing key.
    Seed;
    /// Root of a limited slot (LSK).
    Limited;
    /// Seals the bundle of a limited slot; derived.
    BundleKey;
    /// Makes the ids of a partition's records.
    Ids;
    /// Of the software keystore: wraps the secrets of slots and epochs.
    Stored;
}

/// Overwrites what calls that have returned left on the stack: the cryptographic library's own copies.
#[inline(always)]
pub(crate) fn burn_stack() {
    #[cfg(test)]
    if control::KEEP_STACK.load(core::sync::atomic::Ordering::SeqCst) {
        return;
    }
    healthspace_wipe::burn_stack();
}

/// A key of role `R`.
pub(crate) struct Key<R: Role>(Box<[u8; 32]>, PhantomData<fn() -> R>);

impl<R: Role> Key<R> {
    /// A new random key, born where it will live.
    pub(crate) fn make() -> Result<Self> {
        let mut k = Self(Box::new([0; 32]), PhantomData);
        random(&mut *k.0)?;
        Ok(k)
    }

    /// A key whose bytes the closure writes in place.
    pub(crate) fn init_with<E>(f: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut k = Self(Box::new([0; 32]), PhantomData);
        f(&mut k.0)?;
        Ok(k)
    }

    /// A key from bytes in a buffer that the caller wipes: no copy but the one in the box.
    pub(crate) fn copy_of(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let mut k = Self(Box::new([0; 32]), PhantomData);
        k.0.copy_from_slice(bytes);
        Some(k)
    }

    /// The bytes; the one way to them, so that every use can be found.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl<R: Role> Drop for Key<R> {
    fn drop(&mut self) {
        // What is freed is soon something else: a copy that nothing reuses.
        #[cfg(test)]
        control::keep(&self.0[..]);
        self.0.zeroize();
    }
}

/// A passphrase, recovery code or other secret bytes of any length; wiped on drop.
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over; the vector's own memory is wiped when this is dropped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes; the one way to them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for SecretBytes {
    fn from(s: &str) -> Self {
        Self(s.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl core::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

/// What the test that looks for keys in memory leaves unwiped, so that it must find them. No build but that of the tests
/// has it.
#[cfg(test)]
pub(crate) mod control {
    use core::sync::atomic::{AtomicBool, Ordering};

    /// Keys that are dropped, and what is wiped in buffers.
    pub(crate) static KEEP_KEYS: AtomicBool = AtomicBool::new(false);
    /// What the cryptographic library left on the stack.
    pub(crate) static KEEP_STACK: AtomicBool = AtomicBool::new(false);

    /// A secret in a buffer that wipes itself.
    pub(crate) fn keep(secret: &[u8]) {
        if KEEP_KEYS.load(Ordering::SeqCst) {
            Box::leak(secret.to_vec().into_boxed_slice());
        }
    }
}

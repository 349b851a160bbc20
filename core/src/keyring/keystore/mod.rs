//! Keystores: where a device keeps keys that never leave it.
//!
//! What belongs here: the interface that a host implements over its platform's keystore, what the
//! library holds every implementation to, and one in software for tests and desktops. What must
//! not: slots or the space's own keys; a keystore sees 32 random bytes and a name.

mod software;

pub use software::SoftwareKeyStore;

use crate::crypto::random_array;
use crate::error::{Error, Result};
use core::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Where a keystore keeps its keys, as it says itself, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum KeyStoreClass {
    /// There is none: what it would keep stands in the space's file.
    None = 0,
    /// Files: whoever copies them has the keys.
    Software = 1,
    /// The operating system, by its accounts and permissions.
    Os = 2,
    /// A chip that does not give its keys away (Secure Enclave, `StrongBox`, TPM).
    Hardware = 3,
}

impl KeyStoreClass {
    /// The word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Software => "software",
            Self::Os => "os",
            Self::Hardware => "hardware",
        }
    }

    pub(crate) const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            1 => Self::Software,
            2 => Self::Os,
            3 => Self::Hardware,
            _ => return None,
        })
    }
}

/// What a keystore says of a key that it destroyed.
#[derive(Clone, PartialEq, Eq)]
pub struct DestroyProof {
    /// Whether putting back any state of the device that its owner can put back (a backup, an
    /// image of its disk) leaves the key destroyed.
    pub rollback_resistant: bool,
    /// What the keystore attests, in its own form; may be empty.
    pub evidence: Vec<u8>,
}

silent_debug!(DestroyProof);

/// A device's keystore, implemented by the host over what its platform has.
///
/// Called within a call of the library that was given the keystore, never later, and under no lock
/// of the file. A keystore that fails locks the space for as long as it does; one that answers
/// falsely makes it not open. What it is asked to wrap is random and says nothing by itself.
pub trait KeyStore: Send + Sync {
    /// Makes a key that stays in the keystore, and returns the name by which it is asked for:
    /// 1 to 256 bytes that are no secret.
    ///
    /// # Errors
    /// Whatever kept it from doing so, mostly [`Error::Io`].
    fn create(&self) -> Result<Vec<u8>>;

    /// Encrypts 32 bytes under a key; at most 4,096 bytes. Opening what is not whole should fail.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a key that it does not have; [`Error::Io`].
    fn wrap(&self, key: &[u8], secret: &[u8; 32]) -> Result<Vec<u8>>;

    /// Decrypts what [`wrap`](Self::wrap) gave; the platform may ask the person first.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a key that it does not have; [`Error::CannotOpen`] for bytes that are
    /// not this key's; [`Error::Io`].
    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>>;

    /// Destroys a key for good. Of one that it does not have (any more) it says the same. The library asks
    /// it afterwards to wrap something under the key, which has to be [`Error::NotFound`]: any other failure does not
    /// count, and it is asked again at a later opening.
    ///
    /// # Errors
    /// [`Error::Io`]: the key may be there still, and is destroyed at a later opening.
    fn destroy(&self, key: &[u8]) -> Result<DestroyProof>;

    /// Where it keeps its keys.
    fn class(&self) -> KeyStoreClass;
}

const LONGEST_NAME: usize = 256;
const LONGEST_WRAP: usize = 4096;

/// 32 bytes that a keystore wrapped: the name of its key, and what it gave.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) key: Vec<u8>,
    pub(crate) wrapped: Vec<u8>,
}

impl Kept {
    /// Wraps a secret under a new key, and sees that it can be had back: a keystore that fails, or
    /// lies, does so before anything rests on it.
    ///
    /// # Errors
    /// [`Error::KeyStore`] where it did not keep its word; what it said where it failed.
    pub(crate) fn make(store: &Arc<dyn KeyStore>, secret: &[u8; 32]) -> Result<Self> {
        let key = store.create()?;
        let made = (|| {
            let kept = Self { wrapped: store.wrap(&key, secret)?, key: key.clone() };
            if !kept.is_sound() || !bool::from(kept.open(store)?.ct_eq(&secret[..])) {
                return Err(Error::KeyStore);
            }
            Ok(kept)
        })();
        if made.is_err() {
            // Nothing was wrapped under it that anybody keeps; what destroying it says changes nothing.
            let _ = store.destroy(&key);
        }
        made
    }

    pub(crate) fn is_sound(&self) -> bool {
        (1..=LONGEST_NAME).contains(&self.key.len()) && (1..=LONGEST_WRAP).contains(&self.wrapped.len())
    }

    /// What was wrapped.
    pub(crate) fn open(&self, store: &Arc<dyn KeyStore>) -> Result<Zeroizing<Vec<u8>>> {
        let secret = store.unwrap(&self.key, &self.wrapped)?;
        #[cfg(test)]
        crate::crypto::secret::control::keep(&secret);
        if secret.len() == 32 { Ok(secret) } else { Err(Error::KeyStore) }
    }
}

/// A secret of a device, random, on its way into a keystore.
pub(crate) fn device_secret() -> Result<Zeroizing<[u8; 32]>> {
    random_array().map(Zeroizing::new)
}

impl fmt::Debug for dyn KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyStore({})", self.class().code())
    }
}

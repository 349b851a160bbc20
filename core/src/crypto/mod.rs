//! Cryptographic mechanism without meaning: sealing, derivation, hashing, signing.
//!
//! What belongs here: every use of the crypto library, so that another backend can stand in its
//! place. What must not: knowledge of scopes, slots, records or files. Secrets are boxed, wiped on
//! drop, and have no `Clone`, `Debug` or `Serialize`.

pub(crate) mod context;
pub(crate) mod hash;
pub(crate) mod kdf;
pub(crate) mod seal;
pub(crate) mod secret;
pub(crate) mod sign;

use crate::error::{Error, Result};
use ring::rand::{SecureRandom, SystemRandom};

/// Fills with bytes of the operating system's generator.
pub(crate) fn random(out: &mut [u8]) -> Result<()> {
    SystemRandom::new().fill(out).map_err(|_| Error::Random)
}

/// An array of random bytes: salts and ids, not keys (those are born in [`secret::Key`]).
pub(crate) fn random_array<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0; N];
    random(&mut out)?;
    Ok(out)
}

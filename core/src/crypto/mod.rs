//! Cryptographic mechanism without meaning: sealing, derivation, hashing, signing.
//!
//! What belongs here: every use of the crypto library, called `backend` here: ring or AWS-LC, which
//! have one interface and give the same bytes. What must not: knowledge of scopes, slots, records or
//! files. Secrets are boxed, wiped on drop, and have no `Clone`, `Debug` or `Serialize`.

pub(crate) mod context;
pub(crate) mod hash;
pub(crate) mod kdf;
pub(crate) mod seal;
pub(crate) mod secret;
pub(crate) mod sign;

use crate::error::{Error, Result};
#[cfg(feature = "backend-aws-lc")]
use aws_lc_rs as backend;
#[cfg(not(feature = "backend-aws-lc"))]
use ring as backend;

/// The cryptographic library that this build uses: `ring` or `aws-lc`. Files are the same on both.
pub const CRYPTO_BACKEND: &str = if cfg!(feature = "backend-aws-lc") { "aws-lc" } else { "ring" };

/// Fills with bytes of the operating system's generator, on every backend: AWS-LC's own generator
/// keeps a state in the process, which a snapshot of a virtual machine would repeat.
pub(crate) fn random(out: &mut [u8]) -> Result<()> {
    getrandom::getrandom(out).map_err(|_| Error::Random)
}

/// An array of random bytes: salts and ids, not keys (those are born in [`secret::Key`]).
pub(crate) fn random_array<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0; N];
    random(&mut out)?;
    Ok(out)
}

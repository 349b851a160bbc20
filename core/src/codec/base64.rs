//! Base64, standard alphabet with padding (RFC 4648 section 4): checkpoints and proofs.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for c in bytes.chunks(3) {
        let at = |i: usize| u32::from(c.get(i).copied().unwrap_or(0));
        let n = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4u32 {
            if i as usize <= c.len() {
                let six = (n >> (18 - 6 * i) & 63) as usize;
                out.push(char::from(ALPHABET.get(six).copied().unwrap_or(b'=')));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Decodes; refuses what [`encode`] would not have written.
pub(crate) fn decode(s: &str) -> Option<Vec<u8>> {
    let s = s.as_bytes();
    if !s.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::with_capacity(s.len() / 4 * 3);
    for (i, q) in s.chunks_exact(4).enumerate() {
        let last = (i + 1) * 4 == s.len();
        let pad = q.iter().rev().take_while(|b| **b == b'=').count();
        if pad > 2 || pad > 0 && !last {
            return None;
        }
        let mut n = 0u32;
        for b in q.iter().take(4 - pad) {
            n = n << 6 | u32::try_from(ALPHABET.iter().position(|a| a == b)?).ok()?;
        }
        n <<= 6 * pad as u32;
        let b = n.to_be_bytes();
        out.extend(b.iter().skip(1).take(3 - pad));
        if b.iter().skip(4 - pad).any(|b| *b != 0) {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_4648_section_10() {
        for (a, b) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode(a.as_bytes()), b);
            assert_eq!(decode(b).as_deref(), Some(a.as_bytes()));
        }
        for bad in ["Zh==", "Zg=", "Zg", "Z===", "====", "Zg==Zg==", "Zm9v\n"] {
            assert_eq!(decode(bad), None);
        }
    }

    proptest! {
        #[test]
        fn round_trips(v: Vec<u8>) {
            let text = encode(&v);
            prop_assert_eq!(decode(&text), Some(v));
        }
    }
}

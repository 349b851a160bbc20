//! Domain strings and the sealing context: the only place in code where they stand.
//!
//! Each string names one key, one algorithm and one input layout; none is ever used for another.

use crate::id::{ScopeId, SpaceId};

/// HKDF-SHA-512, salt ES, ikm SRK, info = this || space || epoch u32: the epoch's root key.
pub(crate) const VRK: &[u8] = b"hs/v1/vrk";
/// HKDF-SHA-512, salt ES, ikm LSK, info = this || space || epoch u32: seals a limited slot's bundle.
pub(crate) const BUNDLE: &[u8] = b"hs/v1/bundle";
/// HKDF-Expand of the epoch's root key: seals scope keys (class 8).
pub(crate) const PARTITION_WRAP: &[u8] = b"hs/v1/partition-wrap";
/// HKDF-Expand of a scope key: HMAC-SHA-256 over this || 0 || head body.
pub(crate) const HEAD_MAC: &[u8] = b"hs/v1/head-mac";
/// Ed25519 with the system log's seed, over this || 0 || system head body.
pub(crate) const SYSTEM_HEAD: &[u8] = b"hs/v1/system-head";
/// HKDF-Expand of a scope key: seals classes 4, 5, 12.
pub(crate) const MANIFEST: &[u8] = b"hs/v1/manifest";
/// HKDF-Expand of a scope key: seals class 11.
pub(crate) const POLICY: &[u8] = b"hs/v1/policy";
/// HKDF-SHA-512, salt = the slot's, ikm = Argon2id output (or recovery code) || device secret,
/// info = this || type: a slot's KEK. Also the first bytes of a slot's contexts.
pub(crate) const SLOT: &[u8] = b"hs/v1/slot";
/// Context of what the software keystore wraps, each under a random key of its own.
pub(crate) const SOFTWARE_KEYSTORE: &[u8] = b"hs/v1/software-keystore";
/// HMAC-SHA-256 with the secret of a source, over this || 0 || BLAKE3 of the file: how a log names it.
pub(crate) const SOURCE: &[u8] = b"hs/v1/source";
const OBJECT: &[u8; 9] = b"hs/v1/obj";

/// Suite 1: Cobblestone-256, HKDF-SHA-512, HMAC-SHA-256, Ed25519, SHA-256 tree.
pub(crate) const SUITE: u16 = 1;

/// What a sealed row is. The numbers are stored: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    /// A block of record bodies, an envelope piece, a consent.
    Body = 1,
    /// A catalog segment.
    Catalog = 2,
    /// The manifest and its pages.
    Manifest = 4,
    /// A page of group keys.
    KeyPage = 5,
    /// The payload of a log entry.
    LedgerPayload = 6,
    /// A chunk of samples.
    Series = 7,
    /// A scope's key.
    ScopeWrap = 8,
    /// A log entry's payload key.
    LedgerWrap = 10,
    /// A partition's policy row.
    Policy = 11,
    /// A log's signing seed.
    LogSeed = 12,
}

impl Class {
    /// Whether what is sealed holds keys: buffers in which it stood in the open are wiped.
    pub(crate) const fn holds_keys(self) -> bool {
        matches!(self, Self::Manifest | Self::KeyPage | Self::ScopeWrap | Self::LedgerWrap | Self::LogSeed)
    }
}

/// The 72-byte context of a sealed object: fixed width, big-endian.
///
/// `"hs/v1/obj" | suite u16 | space 16 | scope 16 | key epoch u32 | class u8 | object 16 | version u64`
#[derive(Clone, Copy)]
pub(crate) struct Context {
    pub(crate) space: SpaceId,
    pub(crate) scope: ScopeId,
    /// The epoch in which the sealing key was made.
    pub(crate) epoch: u32,
    pub(crate) class: Class,
    /// Row number, or index in the log.
    pub(crate) object: u64,
    /// Generation (high half) and the transaction's random word (low half).
    pub(crate) version: u64,
}

/// Length of an encoded [`Context`].
pub(crate) const CONTEXT_LEN: usize = 72;

impl Context {
    pub(crate) fn encode(&self) -> [u8; CONTEXT_LEN] {
        let mut out = [0; CONTEXT_LEN];
        let (suite, epoch) = (SUITE.to_be_bytes(), self.epoch.to_be_bytes());
        let (object, version) = (self.object.to_be_bytes(), self.version.to_be_bytes());
        let parts: [&[u8]; 9] = [
            OBJECT,
            &suite,
            self.space.as_bytes(),
            self.scope.as_bytes(),
            &epoch,
            &[self.class as u8],
            &[0; 8],
            &object,
            &version,
        ];
        let bytes = parts.iter().flat_map(|p| p.iter());
        out.iter_mut().zip(bytes).for_each(|(o, b)| *o = *b);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_is_72_bytes_and_every_field_counts() {
        let base = Context {
            space: SpaceId([1; 16]),
            scope: ScopeId([2; 16]),
            epoch: 3,
            class: Class::Body,
            object: 4,
            version: 5,
        };
        let mut seen = vec![base.encode()];
        assert_eq!(seen[0][..9], *b"hs/v1/obj");
        assert_eq!(seen[0][9..11], [0, 1]);
        assert_eq!(seen[0][43..48], [0, 0, 0, 3, 1]);
        assert_eq!(seen[0][48..], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5]);
        for c in [
            Context { space: SpaceId([9; 16]), ..base },
            Context { scope: ScopeId([9; 16]), ..base },
            Context { epoch: 9, ..base },
            Context { class: Class::Catalog, ..base },
            Context { object: 9, ..base },
            Context { version: 9, ..base },
        ] {
            assert!(!seen.contains(&c.encode()));
            seen.push(c.encode());
        }
    }
}

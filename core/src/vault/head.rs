//! Heads: one per scope, the root of everything that exists in it.
//!
//! Canonical CBOR, MACed under the scope's key; the system head is also signed with the system
//! log's key, so that a handle without the system key can verify it.

use crate::codec::cbor::{Reader, Writer};
use crate::crypto::context::{HEAD_MAC, SUITE, SYSTEM_HEAD};
use crate::crypto::hash::{hmac_sha256, hmac_sha256_verify, sha256};
use crate::crypto::secret::{HeadMac, Key};
use crate::crypto::sign::{SigningKey, VerifyingKey};
use crate::error::{Error, Part, Result};
use crate::id::{ScopeId, SpaceId};
use crate::keyring::{FORMAT, WRAPPED};

/// A bookkeeping row that a head or manifest names: number, version and salt name one sealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowRef {
    pub(crate) number: u64,
    pub(crate) version: u64,
    pub(crate) salt: [u8; 24],
}

impl RowRef {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(3).uint(self.number).uint(self.version).bytes(&self.salt);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(3)?;
        Ok(Self { number: r.uint()?, version: r.uint()?, salt: r.fixed()? })
    }
}

/// What the system head says of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScopeEntry {
    pub(crate) scope: ScopeId,
    pub(crate) ordinal: u16,
    /// The scope's key, sealed (class 8): it stands in both copies of the head.
    pub(crate) wrap: [u8; WRAPPED],
    /// Class 11 row and the digest of its sealed bytes: whoever holds the partition's key can
    /// read it, but not exchange it.
    pub(crate) policy: RowRef,
    pub(crate) policy_digest: [u8; 32],
    pub(crate) verify: [u8; 32],
}

/// Fields that only the system head has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemPart {
    pub(crate) slots_digest: [u8; 32],
    pub(crate) scopes: Vec<ScopeEntry>,
}

/// A head's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) space: SpaceId,
    pub(crate) scope: ScopeId,
    pub(crate) epoch: u32,
    pub(crate) generation: u32,
    pub(crate) log_origin: [u8; 16],
    pub(crate) log_size: u64,
    pub(crate) log_root: [u8; 32],
    /// Milliseconds since the epoch.
    pub(crate) last_entry: i64,
    pub(crate) manifest: RowRef,
    pub(crate) previous: [u8; 32],
    pub(crate) flags: u64,
    pub(crate) system: Option<SystemPart>,
    /// Partition heads: generation and digest of the system head they were written under.
    pub(crate) under: Option<(u32, [u8; 32])>,
}

impl Head {
    /// `{1 suite, 2 format, 3 space, 4 scope, 5 epoch, 6 generation, 7 log origin, 8 log size,
    /// 9 log root, 10 last entry, 11 manifest, 12 previous, 13 flags, 14 slots, 15 scopes | 16 under}`
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(13 + if self.system.is_some() { 2 } else { 0 } + usize::from(self.under.is_some()));
        w.uint(1).uint(u64::from(SUITE)).uint(2).uint(FORMAT);
        w.uint(3).bytes(self.space.as_bytes()).uint(4).bytes(self.scope.as_bytes());
        w.uint(5).uint(u64::from(self.epoch)).uint(6).uint(u64::from(self.generation));
        w.uint(7).bytes(&self.log_origin).uint(8).uint(self.log_size).uint(9).bytes(&self.log_root);
        w.uint(10).int(self.last_entry).uint(11);
        self.manifest.write(&mut w);
        w.uint(12).bytes(&self.previous).uint(13).uint(self.flags);
        if let Some(s) = &self.system {
            w.uint(14).bytes(&s.slots_digest).uint(15).array(s.scopes.len());
            for e in &s.scopes {
                w.array(6).bytes(e.scope.as_bytes()).uint(u64::from(e.ordinal)).bytes(&e.wrap);
                e.policy.write(&mut w);
                w.bytes(&e.policy_digest).bytes(&e.verify);
            }
        }
        if let Some((generation, digest)) = &self.under {
            w.uint(16).array(2).uint(u64::from(*generation)).bytes(digest);
        }
        w.into_bytes()
    }

    pub(super) fn decode(body: &[u8]) -> Result<Self> {
        match Self::read(body)? {
            (head, true) => Ok(head),
            (_, false) => Err(Error::NeedsNewerLibrary),
        }
    }

    /// Reads a body, and whether this library knows all that it must know of it.
    fn read(body: &[u8]) -> Result<(Self, bool)> {
        let mut r = Reader::new(body);
        let fields = r.map()?;
        r.key_is(1)?;
        let mut known = r.uint()? == u64::from(SUITE);
        r.key_is(2)?;
        known &= r.uint()? == FORMAT;
        r.key_is(3)?;
        let space = SpaceId(r.fixed()?);
        r.key_is(4)?;
        let scope = ScopeId(r.fixed()?);
        r.key_is(5)?;
        let epoch = r.small()?;
        r.key_is(6)?;
        let generation = r.small()?;
        r.key_is(7)?;
        let log_origin = r.fixed()?;
        r.key_is(8)?;
        let log_size = r.uint()?;
        r.key_is(9)?;
        let log_root = r.fixed()?;
        r.key_is(10)?;
        let last_entry = r.int()?;
        r.key_is(11)?;
        let manifest = RowRef::read(&mut r)?;
        r.key_is(12)?;
        let previous = r.fixed()?;
        r.key_is(13)?;
        let flags = r.uint()?;
        known &= flags & !super::anchor::ANCHORED == 0;
        let mut head = Self {
            space,
            scope,
            epoch,
            generation,
            log_origin,
            log_size,
            log_root,
            last_entry,
            manifest,
            previous,
            flags,
            system: None,
            under: None,
        };
        match fields {
            15 => {
                r.key_is(14)?;
                let slots_digest = r.fixed()?;
                r.key_is(15)?;
                let n = r.array()?;
                let mut scopes = Vec::with_capacity(n.min(1024));
                for _ in 0..n {
                    r.array_of(6)?;
                    scopes.push(ScopeEntry {
                        scope: ScopeId(r.fixed()?),
                        ordinal: r.small()?,
                        wrap: r.fixed()?,
                        policy: RowRef::read(&mut r)?,
                        policy_digest: r.fixed()?,
                        verify: r.fixed()?,
                    });
                }
                head.system = Some(SystemPart { slots_digest, scopes });
            }
            14 => {
                r.key_is(16)?;
                r.array_of(2)?;
                head.under = Some((r.small()?, r.fixed()?));
            }
            _ => return Err(Error::Corrupt(Part::Head)),
        }
        r.finish()?;
        Ok((head, known))
    }

    /// What a body that nobody has verified yet says of its own scope's key: to be opened, and the body
    /// verified by what comes out.
    pub(super) fn own_key(body: &[u8]) -> Option<[u8; WRAPPED]> {
        let (head, _) = Self::read(body).ok()?;
        head.entry(&head.scope).map(|own| own.wrap)
    }

    /// What the system head says of a scope.
    pub(crate) fn entry(&self, scope: &ScopeId) -> Option<&ScopeEntry> {
        self.scopes().find(|e| e.scope == *scope)
    }

    /// What the system head says of scopes, its own among them.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &ScopeEntry> {
        self.system.iter().flat_map(|s| &s.scopes)
    }
}

/// SHA-256 of a head's body: what the next one names.
pub(crate) fn digest(body: &[u8]) -> [u8; 32] {
    sha256(&[body])
}

const MAC_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;

/// The authenticator of a body: MAC, and for the system head a signature behind it.
pub(crate) fn authenticate(body: &[u8], mac: &Key<HeadMac>, signer: Option<&SigningKey>) -> Result<Vec<u8>> {
    let mut auth = hmac_sha256(mac.expose(), &[HEAD_MAC, &[0], body]).to_vec();
    if let Some(s) = signer {
        let mut message = Vec::with_capacity(SYSTEM_HEAD.len() + 1 + body.len());
        message.extend_from_slice(SYSTEM_HEAD);
        message.push(0);
        message.extend_from_slice(body);
        auth.extend_from_slice(&s.sign(&message)?);
    }
    Ok(auth)
}

fn mac_holds(body: &[u8], tag: &[u8; MAC_LEN], mac: &Key<HeadMac>) -> bool {
    hmac_sha256_verify(mac.expose(), &[HEAD_MAC, &[0], body], tag)
}

/// Reads a partition's head whose MAC holds, and is all that stands there; `None` where not.
pub(crate) fn verify_mac(body: &[u8], auth: &[u8], mac: &Key<HeadMac>) -> Option<Result<Head>> {
    mac_holds(body, auth.try_into().ok()?, mac).then(|| Head::decode(body))
}

/// Reads the system head by both: the MAC, and the signature by the key that the body names; `None`
/// where one of them does not hold, or anything stands behind them.
pub(crate) fn verify_system(body: &[u8], auth: &[u8], mac: &Key<HeadMac>) -> Option<Result<Head>> {
    if !mac_holds(body, auth.first_chunk()?, mac) {
        return None;
    }
    match Head::read(body) {
        Ok((head, _)) => verify_signature(body, auth, &VerifyingKey(head.entry(&head.scope)?.verify)),
        Err(e) => Some(Err(e)),
    }
}

/// Reads a system head's body by its signature alone, as whoever lacks its key does; `None` where it does
/// not hold, or anything stands behind it.
pub(crate) fn verify_signature(body: &[u8], auth: &[u8], key: &VerifyingKey) -> Option<Result<Head>> {
    let signature: &[u8; SIGNATURE_LEN] = auth.get(MAC_LEN..)?.try_into().ok()?;
    let mut message = Vec::with_capacity(SYSTEM_HEAD.len() + 1 + body.len());
    message.extend_from_slice(SYSTEM_HEAD);
    message.push(0);
    message.extend_from_slice(body);
    key.verify(&message, signature).then(|| Head::decode(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u64) -> RowRef {
        RowRef { number: n, version: n << 32, salt: [n as u8; 24] }
    }

    fn head() -> Head {
        Head {
            space: SpaceId([1; 16]),
            scope: ScopeId([2; 16]),
            epoch: 1,
            generation: 77,
            log_origin: [3; 16],
            log_size: 9,
            log_root: [4; 32],
            last_entry: -5,
            manifest: row(6),
            previous: [7; 32],
            flags: 0,
            system: None,
            under: Some((5, [8; 32])),
        }
    }

    #[test]
    fn heads_round_trip_and_every_bit_is_authenticated() {
        let mac = Key::make().unwrap();
        let signer = SigningKey::from_seed(&[6; 32]).unwrap();
        let entry = ScopeEntry {
            scope: head().scope,
            ordinal: 0,
            wrap: [3; WRAPPED],
            policy: row(2),
            policy_digest: [1; 32],
            verify: signer.verifying_key().0,
        };
        let system =
            Head { under: None, system: Some(SystemPart { slots_digest: [5; 32], scopes: vec![entry] }), ..head() };
        assert_eq!(Head::own_key(&system.encode()), Some([3; WRAPPED]));
        assert_eq!(Head::own_key(&head().encode()), None);
        let by_mac = |body: &[u8], auth: &[u8]| verify_mac(body, auth, &mac);
        let by_both = |body: &[u8], auth: &[u8]| verify_system(body, auth, &mac);
        let by_signature = |body: &[u8], auth: &[u8]| verify_signature(body, auth, &signer.verifying_key());
        type Verify<'a> = &'a dyn Fn(&[u8], &[u8]) -> Option<Result<Head>>;
        let cases: [(&Head, bool, Verify<'_>, usize); 3] = [
            (&head(), false, &by_mac, 0),
            (&system, true, &by_both, 0),
            // Its MAC is not for whoever lacks the key.
            (&system, true, &by_signature, MAC_LEN),
        ];
        for (h, signed, verify, from) in cases {
            let body = h.encode();
            let auth = authenticate(&body, &mac, signed.then_some(&signer)).unwrap();
            assert_eq!(verify(&body, &auth).unwrap().unwrap(), *h);
            for i in (0..body.len() * 8).step_by(7) {
                let mut bad = body.clone();
                bad[i / 8] ^= 1 << (i % 8);
                assert!(verify(&bad, &auth).is_none());
            }
            for i in from * 8..auth.len() * 8 {
                let mut bad = auth.clone();
                bad[i / 8] ^= 1 << (i % 8);
                assert!(verify(&body, &bad).is_none());
            }
            for n in [0, 1, 31, 32, 33, 95, 96, 97, 1000].into_iter().filter(|n| *n != auth.len()) {
                let mut other = auth.clone();
                other.resize(n, 7);
                assert!(verify(&body, &other).is_none(), "{n}");
            }
        }
    }
}

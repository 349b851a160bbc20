//! Checkpoints (C2SP tlog-checkpoint) as signed notes (C2SP signed-note, Ed25519, type 0x01).
//!
//! ```text
//! healthspace.invalid/log/<32 hex digits>        origin, also the key's name
//! <size>                                         decimal
//! <root>                                         base64
//!
//! — <key name> <base64(key hash || signature)>   one line per signature
//! ```
//!
//! Every reader here is strict: what it accepts, its writer would have written, byte for byte.

#![cfg_attr(
    not(test),
    expect(dead_code, reason = "signatures of others, on one note with the log's, are read and not yet written")
)]

use super::tree::TreeHead;
use super::{BAD, Hash};
use crate::codec::base64;
use crate::crypto::hash::sha256;
use crate::crypto::sign::{SigningKey, VerifyingKey};
use crate::error::Result;

/// Longest note that is read: a checkpoint and about 16 post-quantum cosignatures.
pub(crate) const MAX_NOTE: usize = 128 << 10;
const MAX_SIGNATURES: usize = 32;
const MAX_NAME: usize = 256;
const ED25519: u8 = 1;
const DASH: &str = "\u{2014} ";

/// The origin of a log: random, and no name of a person, device or place.
pub(crate) fn origin(id: &[u8; 16]) -> String {
    let mut s = String::from("healthspace.invalid/log/");
    for b in id {
        s.extend([b >> 4, b & 15].iter().filter_map(|d| char::from_digit(u32::from(*d), 16)));
    }
    s
}

/// A key name: not empty, no Unicode space, no plus, no control character.
fn is_name(s: &str) -> bool {
    !s.is_empty() && s.len() <= MAX_NAME && !s.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

/// A log's name and public key: what somebody must already have to check a text.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct VerifierKey {
    pub(crate) name: String,
    pub(crate) key: VerifyingKey,
}

impl VerifierKey {
    /// The first four bytes of SHA-256(name || "\n" || 0x01 || key).
    pub(crate) fn hash(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = sha256(&[self.name.as_bytes(), b"\n", &[ED25519], &self.key.0]);
        [a, b, c, d]
    }

    /// `name+hash+base64(0x01 || key)`, the hash as eight hexadecimal digits.
    pub(crate) fn to_text(&self) -> String {
        let key = base64::encode(&[&[ED25519], &self.key.0[..]].concat());
        format!("{}+{:08x}+{key}", self.name, u32::from_be_bytes(self.hash()))
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`Malformed::Proof`](crate::Malformed::Proof), also for another kind of key.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(BAD) };
        let blob: [u8; 33] = base64::decode(key).and_then(|b| b.try_into().ok()).ok_or(BAD)?;
        let [ED25519, key @ ..] = blob else { return Err(BAD) };
        let out = Self { name: name.into(), key: VerifyingKey(key) };
        if is_name(name) && out.to_text() == text { Ok(out) } else { Err(BAD) }
    }
}

/// The body of a checkpoint. Extension lines are neither written nor accepted: nobody audits them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) origin: String,
    pub(crate) head: TreeHead,
}

impl Checkpoint {
    /// The note text: three lines.
    pub(crate) fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.head.size, base64::encode(&self.head.root))
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`Malformed::Proof`](crate::Malformed::Proof).
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(BAD);
        };
        let root: Hash = base64::decode(root).and_then(|b| b.try_into().ok()).ok_or(BAD)?;
        let head = TreeHead { size: size.parse().map_err(|_| BAD)?, root };
        let out = Self { origin: origin.into(), head };
        let fits = !origin.is_empty() && origin.len() <= MAX_NAME && !origin.chars().any(char::is_control);
        if fits && out.to_text() == text { Ok(out) } else { Err(BAD) }
    }

    /// The checkpoint with a signature that a key made over its text before.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub(crate) fn signed(&self, by: &VerifierKey, signature: &[u8; 64]) -> Result<String> {
        let text = self.to_text();
        let line = line_of(by, signature)?;
        Ok(format!("{text}\n{line}"))
    }

    /// The checkpoint signed by the log's key, under the origin as key name. Only of a durable head.
    ///
    /// # Errors
    /// [`Malformed::Proof`](crate::Malformed::Proof) if the origin is no key name.
    pub(crate) fn sign(&self, key: &SigningKey) -> Result<String> {
        let text = self.to_text();
        let line = signature_line(&text, &self.origin, key)?;
        Ok(format!("{text}\n{line}"))
    }
}

/// Appends a signature to a signed note.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) if the note cannot be read or `name` is none.
pub(crate) fn countersign(note: &str, name: &str, key: &SigningKey) -> Result<String> {
    let line = signature_line(&Note::parse(note)?.text, name, key)?;
    Ok(format!("{note}{line}"))
}

fn signature_line(text: &str, name: &str, key: &SigningKey) -> Result<String> {
    line_of(&VerifierKey { name: name.into(), key: key.verifying_key() }, &key.sign(text.as_bytes())?)
}

fn line_of(by: &VerifierKey, signature: &[u8; 64]) -> Result<String> {
    if !is_name(&by.name) {
        return Err(BAD);
    }
    let blob = [&by.hash()[..], signature].concat();
    Ok(format!("{DASH}{} {}\n", by.name, base64::encode(&blob)))
}

struct Signature {
    name: String,
    hash: [u8; 4],
    bytes: Vec<u8>,
}

/// A signed note that has been read and not yet verified.
struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    fn parse(note: &str) -> Result<Self> {
        if note.len() > MAX_NOTE || note.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(BAD);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(BAD)?;
        let lines = lines.strip_suffix('\n').ok_or(BAD)?;
        let signatures = lines.split('\n').map(signature).collect::<Option<Vec<_>>>().ok_or(BAD)?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(BAD);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, blob) = line.strip_prefix(DASH)?.split_once(' ')?;
    let blob = base64::decode(blob)?;
    let (hash, bytes) = blob.split_first_chunk::<4>()?;
    let good = is_name(name) && !bytes.is_empty();
    good.then(|| Signature { name: name.into(), hash: *hash, bytes: bytes.into() })
}

/// A note's text, verified.
pub(crate) struct Opened {
    pub(crate) text: String,
    /// Signatures by anybody else, which were not looked at.
    pub(crate) others: usize,
}

/// Opens a note that `key` signed. Signatures of unknown keys are ignored, as signed-note asks.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) if `key` did not sign, signed twice, or a
/// signature under its name and hash is wrong.
pub(crate) fn open(note: &str, key: &VerifierKey) -> Result<Opened> {
    let note = Note::parse(note)?;
    let hash = key.hash();
    let (ours, others): (Vec<_>, Vec<_>) = note.signatures.iter().partition(|s| s.name == key.name && s.hash == hash);
    let [one] = ours[..] else { return Err(BAD) };
    let bytes: &[u8; 64] = one.bytes[..].try_into().map_err(|_| BAD)?;
    if !key.key.verify(note.text.as_bytes(), bytes) {
        return Err(BAD);
    }
    Ok(Opened { others: others.len(), text: note.text })
}

/// Opens a checkpoint of the log whose origin is the key's name; also says how many other
/// signatures it carries.
///
/// # Errors
/// As [`open`]; and if it is another log's checkpoint, or none.
pub(crate) fn open_checkpoint(note: &str, key: &VerifierKey) -> Result<(Checkpoint, usize)> {
    let opened = open(note, key)?;
    let checkpoint = Checkpoint::parse(&opened.text)?;
    if checkpoint.origin == key.name { Ok((checkpoint, opened.others)) } else { Err(BAD) }
}

/// The origin that a checkpoint claims, before anything is verified: to find the key by.
///
/// # Errors
/// [`Malformed::Proof`](crate::Malformed::Proof) if this is no signed checkpoint.
pub(crate) fn claimed_origin(note: &str) -> Result<String> {
    Ok(Checkpoint::parse(&Note::parse(note)?.text)?.origin)
}

silent_debug!(VerifierKey Checkpoint Opened);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The Go checksum database: another implementation's key text, key hash, and signature.
    const GO_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    const GO_HEAD: &str = "go.sum database tree\n65209736\n5+uGFjx6xBZG8ip1+wi77v+grwbhhukIrxEUS8PXvRo=\n\n\
        \u{2014} sum.golang.org Az3grnbssgK7ubgFX36gVETtNv0U23qxyAhAMai2QUfeGa3nB/akvkMdlUErfcZz7l/R3cVtYspg3dxXABkGZZKdsQ8=\n";

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32]).unwrap()
    }

    fn verifier(n: u8, name: &str) -> VerifierKey {
        VerifierKey { name: name.into(), key: key(n).verifying_key() }
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: origin(&[0x5a; 16]), head: TreeHead { size: 7, root: [3; 32] } }
    }

    #[test]
    fn a_note_that_another_implementation_signed() {
        let key = VerifierKey::parse(GO_KEY).unwrap();
        assert_eq!((key.name.as_str(), key.hash()), ("sum.golang.org", [0x03, 0x3d, 0xe0, 0xae]));
        let opened = open(GO_HEAD, &key).unwrap();
        assert_eq!(Checkpoint::parse(&opened.text).unwrap().head.size, 65_209_736);
        assert!(open(&GO_HEAD.replace("65209736", "65209737"), &key).is_err());
        assert!(open_checkpoint(GO_HEAD, &key).is_err(), "its origin is not its key name");
    }

    #[test]
    fn what_is_written() {
        let c = checkpoint();
        assert_eq!(c.origin, "healthspace.invalid/log/5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
        assert_eq!(c.to_text(), format!("{}\n7\nAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n", c.origin));
        let note = c.sign(&key(1)).unwrap();
        assert!(note.starts_with(&format!("{}\n\u{2014} {} ", c.to_text(), c.origin)));
        let (back, others) = open_checkpoint(&note, &verifier(1, &c.origin)).unwrap();
        assert_eq!((back, others), (c.clone(), 0));
        assert_eq!(claimed_origin(&note).unwrap(), c.origin);
    }

    #[test]
    fn only_the_right_key_opens() {
        let c = checkpoint();
        let note = c.sign(&key(1)).unwrap();
        for wrong in [verifier(2, &c.origin), verifier(1, "healthspace.invalid/log/00")] {
            assert!(open(&note, &wrong).is_err());
        }
        // The right key, but another log's checkpoint.
        let line = signature_line(&c.to_text(), "other", &key(1)).unwrap();
        let foreign = format!("{}\n{line}", c.to_text());
        assert!(open(&foreign, &verifier(1, "other")).is_ok());
        assert!(open_checkpoint(&foreign, &verifier(1, "other")).is_err());
        // A second key's signature is ignored; a bad one under the known name and hash is not.
        let both = countersign(&note, &c.origin, &key(2)).unwrap();
        assert_eq!(open(&both, &verifier(1, &c.origin)).unwrap().others, 1);
        assert_eq!(open(&both, &verifier(2, &c.origin)).unwrap().others, 1);
        let twice = countersign(&note, &c.origin, &key(1)).unwrap();
        assert!(open(&twice, &verifier(1, &c.origin)).is_err());
    }

    #[test]
    fn malformed_notes_and_keys() {
        let c = checkpoint();
        let note = c.sign(&key(1)).unwrap();
        let k = verifier(1, &c.origin);
        for bad in [
            String::new(),
            "\n\n".into(),
            c.to_text(),
            format!("{}\n", c.to_text()),
            note.trim_end().into(),
            format!("{note}\n"),
            format!(" {note}"),
            note.replace('\u{2014}', "-"),
            note.replace("\u{2014} ", "\u{2014}  "),
            note.replace('\n', "\r\n"),
            note.replace("\n7\n", "\n07\n"),
            note.replace("\n7\n", "\n+7\n"),
            note.replace("\n7\n", "\n7\t\n"),
            note.replace("\n\n", "\nextension\n\n"),
            format!("{note}{}", "\u{2014} x AAAAAAE=\n".repeat(MAX_SIGNATURES)),
            format!("{note}\u{2014} x AAAAAA==\n"),
            format!("{note}\u{2014} x+y AAAAAAE=\n"),
            format!("{note}\u{2014} x\u{a0}y AAAAAAE=\n"),
        ] {
            assert!(open_checkpoint(&bad, &k).is_err(), "{bad:?}");
        }
        assert!(open(&format!("{note}\u{2014} x AAAAAAE=\n"), &k).is_ok());
        assert_eq!(VerifierKey::parse(&k.to_text()).unwrap(), k);
        for bad in ["", "+", "a+b+c", &k.to_text().to_uppercase(), &format!("{} ", k.to_text()), &format!("x{GO_KEY}")]
        {
            assert!(VerifierKey::parse(bad).is_err());
        }
        for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b", &"a".repeat(257)] {
            assert!(countersign(&note, name, &key(1)).is_err());
        }
    }

    proptest! {
        #[test]
        fn never_panics(s in "\\PC{0,60}", t in "[\u{2014} a\n+=A0]{0,60}", size: u64, root: Hash) {
            for s in [&s, &t] {
                let _ = (Note::parse(s), Checkpoint::parse(s), VerifierKey::parse(s));
            }
            let c = Checkpoint { origin: "a".into(), head: TreeHead { size, root } };
            prop_assert_eq!(Checkpoint::parse(&c.to_text()).ok(), Some(c));
        }
    }
}

//! Payloads: compressed, then padded, then sealed.
//!
//! `tag u8 | raw length LEB128 | data | zeros`. Tag 0: stored; 1: one zstd frame; 2: one zstd frame
//! with dictionary 1. A payload never mixes key groups, so compression cannot tell one group of
//! another's content. Lengths are padded with Padme (Nikitin et al., PETS 2019) and to 184 bytes
//! at least, so that a sealed row is never shorter than 256 bytes: what remains visible is a
//! length to within 12 %. Manifests grow in steps of a KiB.

use crate::codec::varint;
use crate::error::{Error, Part, Result};
use std::sync::Mutex;
use zeroize::Zeroize;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

const STORED: u8 = 0;
const ZSTD: u8 = 1;
const ZSTD_DICT_1: u8 = 2;
/// Dictionary 1: trained on invented data, public, kept for as long as a file may need it.
static DICT_1: &[u8] = include_bytes!("dictionary-1.bin");
const LEVEL: i32 = 1;
const LEAST: usize = 184;
/// What lengths of rows that are written again and again are multiples of, with what stands around them in a page.
const WHOLE: usize = 1024;
const ROOM: usize = 192;
/// The longest tag and length before the data.
const PREFIX: usize = 1 + 10;
/// The largest payload in the open.
pub(crate) const MAX_RAW: usize = 48 << 20;

/// What is being packed: only documents use the dictionary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text of documents: FHIR resources, envelope pieces.
    Document,
    /// Bookkeeping and columns that are compressed already or too small to gain.
    Dense,
    /// What nearly every commit writes anew in the same row: in steps of a KiB, so that it is mostly written over
    /// where it lies, and grows without saying by how much.
    Rewritten,
}

impl Content {
    /// What a length is padded to.
    fn padded(self, len: usize) -> usize {
        match self {
            // Padme's own steps are as long from 32 KiB on.
            Self::Rewritten if len < 32 << 10 => (len + ROOM).next_multiple_of(WHOLE) - ROOM,
            _ => padded(len, LEAST),
        }
    }
}

/// Compression contexts, kept because making them costs more than using them.
pub(crate) struct Codec(Mutex<Contexts>);

struct Contexts {
    pack: Compressor<'static>,
    unpack: Decompressor<'static>,
    unpack_plain: Decompressor<'static>,
}

impl Codec {
    pub(crate) fn new() -> Result<Self> {
        let bad = |_| Error::Internal(30);
        let mut pack = Compressor::with_dictionary(LEVEL, DICT_1).map_err(bad)?;
        // The tag names the dictionary and the head the length.
        pack.set_parameter(CParameter::DictIdFlag(false)).map_err(bad)?;
        pack.set_parameter(CParameter::ContentSizeFlag(false)).map_err(bad)?;
        Ok(Self(Mutex::new(Contexts {
            pack,
            unpack: Decompressor::with_dictionary(DICT_1).map_err(bad)?,
            unpack_plain: Decompressor::new().map_err(bad)?,
        })))
    }

    fn contexts(&self) -> std::sync::MutexGuard<'_, Contexts> {
        // A panic elsewhere cannot leave a compression context half-used: each call resets it.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Packs into `out`, which is cleared first. Where it has to grow, what stood in it is wiped: it
    /// may have held keys.
    pub(crate) fn pack(&self, content: Content, raw: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let most = content.padded(zstd::zstd_safe::compress_bound(raw.len()) + PREFIX);
        if out.capacity() < most {
            out.zeroize();
            *out = Vec::with_capacity(most.max(2 * out.capacity()));
        }
        out.push(STORED);
        varint::put(out, raw.len() as u64);
        let head = out.len();
        let mut packed = false;
        // What fits the least length as it is gains nothing from being packed.
        if content == Content::Document && head + raw.len() > LEAST {
            let bound = zstd::zstd_safe::compress_bound(raw.len());
            out.resize(head + bound, 0);
            let space = out.get_mut(head..).ok_or(Error::Internal(31))?;
            let n = self.contexts().pack.compress_to_buffer(raw, space).ok().filter(|n| *n < raw.len());
            if let (Some(n), Some(tag)) = (n, out.first_mut()) {
                *tag = ZSTD_DICT_1;
                out.truncate(head + n);
                packed = true;
            }
        }
        if !packed {
            out.truncate(head);
            out.extend_from_slice(raw);
        }
        out.resize(content.padded(out.len()), 0);
        Ok(())
    }

    /// Unpacks into `out`, which is cleared first.
    pub(crate) fn unpack(&self, payload: &[u8], part: Part, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let bad = || Error::Corrupt(part);
        let (tag, mut rest) = payload.split_first().ok_or_else(bad)?;
        let len = varint::take(&mut rest).ok().and_then(|n| usize::try_from(n).ok()).ok_or_else(bad)?;
        if len > MAX_RAW {
            return Err(bad());
        }
        match *tag {
            STORED => out.extend_from_slice(rest.get(..len).ok_or_else(bad)?),
            ZSTD | ZSTD_DICT_1 => {
                let n = zstd::zstd_safe::find_frame_compressed_size(rest).map_err(|_| bad())?;
                let frame = rest.get(..n).ok_or_else(bad)?;
                out.resize(len, 0);
                let mut c = self.contexts();
                let d = if *tag == ZSTD { &mut c.unpack_plain } else { &mut c.unpack };
                let done = match d.decompress_to_buffer(frame, &mut out[..]) {
                    Ok(n) if n == len => Ok(()),
                    Ok(_) => Err(bad()),
                    Err(e) => Err(Error::unless_memory(&e, bad())),
                };
                if done.is_err() {
                    out.clear();
                }
                return done;
            }
            _ => return Err(bad()),
        }
        Ok(())
    }
}

/// What a length is padded to: what is shorter, to `least`; else by Padme, which leaves as many leading bits as the
/// length's logarithm has bits, and rounds up the rest.
pub(super) fn padded(len: usize, least: usize) -> usize {
    if len <= least {
        return least;
    }
    let exponent = len.max(2).ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1usize << (exponent - kept)) - 1;
    (len + mask) & !mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_is_small_and_monotone_and_leaves_few_lengths() {
        let (mut last, mut lengths) = (0, 0);
        for n in 0..200_000 {
            let p = padded(n, LEAST);
            assert!(p >= n && p >= LEAST && p >= last);
            assert!(n < LEAST || p as f64 <= n as f64 * 1.12);
            assert_eq!(padded(p, LEAST), p);
            lengths += u32::from(p != last);
            last = p;
        }
        // Of 200,000.
        assert!((100..200).contains(&lengths), "{lengths} lengths");
        // By hand from the paper: the bits that are kept are one more than the exponent has after the first.
        for (len, must) in
            [(184, 184), (185, 192), (256, 256), (257, 272), (1000, 1024), (1025, 1088), (65_537, 67_584)]
        {
            assert_eq!(padded(len, LEAST), must, "{len}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(raw in proptest::collection::vec(any::<u8>(), 0..5000), repeat in 0usize..4, of in 0usize..3) {
            let codec = Codec::new().unwrap();
            let raw = raw.repeat(repeat);
            let (mut p, mut back) = (Vec::new(), Vec::new());
            let content = [Content::Document, Content::Dense, Content::Rewritten][of];
            codec.pack(content, &raw, &mut p).unwrap();
            prop_assert!(content != Content::Rewritten || p.len() >= 32 << 10 || (p.len() + ROOM).is_multiple_of(WHOLE));
            codec.unpack(&p, Part::Body, &mut back).unwrap();
            prop_assert_eq!(back, raw);
        }

        #[test]
        fn never_panics(p: Vec<u8>) {
            let codec = Codec::new().unwrap();
            let mut out = Vec::new();
            let _ = codec.unpack(&p, Part::Body, &mut out);
            for tag in 0..4 {
                let mut q = vec![tag];
                q.extend_from_slice(&p);
                let _ = codec.unpack(&q, Part::Body, &mut out);
            }
        }
    }
}

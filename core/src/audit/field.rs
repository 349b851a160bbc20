//! The types of which events are made, and their encoding.

use super::BAD;
use crate::codec::cbor::{Reader, Writer};
use crate::error::{Error, Limit, Malformed, Result};
use crate::id::{BackupId, ConversationId, GrantId, RecordId, ScopeId, SlotId, SourceTag, Timestamp};
use crate::label::{
    Confidentiality, Integrity, Label, Obligations, Origins, PartitionKind, Purpose, Purposes, Sensitivities,
};
use crate::record::{Category, Recipient, RecipientKind, is_hidden};
use core::fmt;
use std::collections::BTreeSet;

/// Longest text of an event, in bytes.
pub(super) const MAX_TEXT: usize = 256;
/// Most ids in a list.
pub(super) const MAX_LIST: usize = 256;

/// The size and root of a log at some time.
#[derive(Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Which log; at most 256 bytes.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// Root of its tree (RFC 6962).
    pub root: [u8; 32],
}

/// How far a scope's log had come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LogMark {
    /// Whose log.
    pub scope: ScopeId,
    /// Entries in it.
    pub size: u64,
    /// Root of its tree (RFC 6962).
    pub root: [u8; 32],
}

/// What the person did to say yes, as the host attests it.
#[derive(Clone, PartialEq, Eq)]
pub struct Gesture {
    /// A short code: `tap`, `passcode`, `biometric`, ...; at most 256 bytes.
    pub method: String,
    /// SHA-256 of the host's evidence.
    pub evidence: [u8; 32],
}

impl fmt::Debug for LogHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogHead(..)")
    }
}

impl fmt::Debug for LogMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogMark(..)")
    }
}

impl fmt::Debug for Gesture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gesture(..)")
    }
}

/// In which form data left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum ReleaseKind {
    /// Records, one by one.
    Read = 0,
    /// Cited context for an answer.
    Ground = 1,
    /// Only how many.
    Count = 2,
    /// A bounded set, opened later.
    Reader = 3,
    /// Only that there is more than was asked for: how much was.
    More = 4,
    /// A file: a copy that cannot be called back.
    File = 5,
}

impl ReleaseKind {
    /// Whether its entry says how many, and of which categories, but not what.
    pub(crate) const fn names_no_items(self) -> bool {
        matches!(self, Self::Count | Self::More)
    }
}

/// A value that stands in an event. No value is encoded as null: that is `Option`'s.
pub(super) trait Field: Sized {
    fn put(&self, w: &mut Writer) -> Result<()>;
    fn take(r: &mut Reader<'_>) -> Result<Self>;
}

impl Field for u64 {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.uint(*self);
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.uint()
    }
}

impl Field for u16 {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.uint(u64::from(*self));
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.small()
    }
}

impl Field for Timestamp {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.int(self.as_millis());
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.int().map(Self::from_millis)
    }
}

/// A hash, a key or a signature.
impl<const N: usize> Field for [u8; N] {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.bytes(self);
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.fixed()
    }
}

macro_rules! ids {
    ($($id:ty)*) => {$(
        impl Field for $id {
            fn put(&self, w: &mut Writer) -> Result<()> {
                w.bytes(self.as_bytes());
                Ok(())
            }

            fn take(r: &mut Reader<'_>) -> Result<Self> {
                r.fixed().map(Self::from_bytes)
            }
        }
    )*};
}

ids!(BackupId ScopeId GrantId RecordId SourceTag ConversationId SlotId);

/// A text is shown to the person: it holds nothing that is not seen or that reorders what is.
impl Field for String {
    fn put(&self, w: &mut Writer) -> Result<()> {
        if self.len() > MAX_TEXT {
            return Err(Error::TooLarge(Limit::TokenBytes));
        }
        if self.is_empty() || self.chars().any(is_hidden) {
            return Err(Error::Malformed(Malformed::Argument));
        }
        w.text(self);
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        let s = r.text()?;
        let shown = !s.is_empty() && s.len() <= MAX_TEXT && !s.chars().any(is_hidden);
        if shown { Ok(s.into()) } else { Err(BAD) }
    }
}

/// `[kind, name]`: two recipients of one name and of two kinds are two.
impl Field for Recipient {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.array(2).text(self.kind().code()).text(self.name());
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(2)?;
        let kind = RecipientKind::from_code(r.text()?).ok_or(BAD)?;
        Self::as_it_stands(kind, r.text()?).ok_or(BAD)
    }
}

impl Field for PartitionKind {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.text(self.code());
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        Self::from_code(r.text()?).ok_or(BAD)
    }
}

/// By its HL7 code, so that an entry can be read without this library's table.
impl Field for Purpose {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.text(self.code());
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        Self::from_code(r.text()?).ok_or(BAD)
    }
}

/// By their words as a Consent has them, ascending: an entry has one form.
impl Field for BTreeSet<Category> {
    fn put(&self, w: &mut Writer) -> Result<()> {
        let mut codes: Vec<&str> = self.iter().map(|c| c.code()).collect();
        codes.sort_unstable();
        w.array(codes.len());
        codes.iter().for_each(|code| {
            w.text(code);
        });
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        let (mut all, mut last) = (Self::new(), "");
        for _ in 0..r.array()? {
            let code = r.text()?;
            if code <= last {
                return Err(BAD);
            }
            all.insert(Category::from_code(code).ok_or(BAD)?);
            last = code;
        }
        Ok(all)
    }
}

impl Field for ReleaseKind {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.uint(*self as u64);
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.uint()? {
            0 => Self::Read,
            1 => Self::Ground,
            2 => Self::Count,
            3 => Self::Reader,
            4 => Self::More,
            5 => Self::File,
            _ => return Err(BAD),
        })
    }
}

impl Field for LogHead {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.array(3);
        self.origin.put(w)?;
        self.size.put(w)?;
        self.root.put(w)
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(3)?;
        Ok(Self { origin: Field::take(r)?, size: Field::take(r)?, root: Field::take(r)? })
    }
}

impl Field for LogMark {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.array(3);
        self.scope.put(w)?;
        self.size.put(w)?;
        self.root.put(w)
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(3)?;
        Ok(Self { scope: Field::take(r)?, size: Field::take(r)?, root: Field::take(r)? })
    }
}

impl Field for Gesture {
    fn put(&self, w: &mut Writer) -> Result<()> {
        w.array(2);
        self.method.put(w)?;
        self.evidence.put(w)
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(2)?;
        Ok(Self { method: Field::take(r)?, evidence: Field::take(r)? })
    }
}

impl Field for Label {
    fn put(&self, w: &mut Writer) -> Result<()> {
        LabelBytes(*self).put(w);
        Ok(())
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        LabelBytes::take(r).map(|l| l.0)
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(&self, w: &mut Writer) -> Result<()> {
        if self.len() > MAX_LIST {
            return Err(Error::TooLarge(Limit::Items));
        }
        w.array(self.len());
        self.iter().try_for_each(|one| one.put(w))
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        let n = r.array()?;
        if n > MAX_LIST {
            return Err(BAD);
        }
        (0..n).map(|_| Field::take(r)).collect()
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, w: &mut Writer) -> Result<()> {
        match self {
            Some(v) => v.put(w),
            None => {
                w.null();
                Ok(())
            }
        }
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        if r.null() { Ok(None) } else { T::take(r).map(Some) }
    }
}

/// A label as stored: the array `[confidentiality, sensitivities, origins, purposes, obligations,
/// integrity]`, ranks and bit sets. Bits of later versions are kept: dropping one would lower it.
#[derive(Clone, Copy)]
pub(crate) struct LabelBytes(pub(crate) Label);

impl LabelBytes {
    /// Appends the array.
    pub(crate) fn put(self, w: &mut Writer) {
        let l = self.0;
        w.array(6)
            .uint(l.confidentiality as u64)
            .uint(u64::from(l.sensitivities.bits()))
            .uint(l.origins.bits())
            .uint(l.purposes.bits())
            .uint(u64::from(l.obligations.bits()))
            .uint(l.integrity as u64);
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything that [`put`](Self::put) does not write.
    pub(crate) fn take(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(6)?;
        Ok(Self(Label {
            confidentiality: Confidentiality::from_u8(r.small()?).ok_or(BAD)?,
            sensitivities: Sensitivities::from_bits(r.small()?),
            origins: Origins::from_bits(r.uint()?),
            purposes: Purposes::from_bits(r.uint()?),
            obligations: Obligations::from_bits(r.small()?),
            integrity: Integrity::from_u8(r.small()?).ok_or(BAD)?,
        }))
    }
}

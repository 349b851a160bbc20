//! A column of integers in as few bytes as their spread needs.

use crate::codec::varint;
use crate::error::{Error, Part, Result};

pub(super) const CORRUPT: Error = Error::Corrupt(Part::Segment);

/// Integers above a base, in planes: all lowest bytes, then all second bytes and so on. Planes are
/// what zstd likes (like bytes stand together) and what memory likes (no column is wider than its
/// widest value); a constant column takes no byte at all.
pub(super) struct Column {
    base: u64,
    width: u8,
    len: usize,
    planes: Box<[u8]>,
}

impl Column {
    /// Packs values; at least `least` bytes each, where the reader needs the bytes to bound a count.
    pub(super) fn pack(values: impl ExactSizeIterator<Item = u64>, least: u8) -> Self {
        let values: Vec<u64> = values.collect();
        let len = values.len();
        let base = values.iter().copied().min().unwrap_or(0);
        let max = values.iter().copied().max().unwrap_or(0);
        let width = (8 - ((max - base).leading_zeros() / 8) as u8).max(least);
        let mut planes = vec![0; len * usize::from(width)];
        if len > 0 {
            for (k, plane) in planes.chunks_exact_mut(len).enumerate() {
                for (o, v) in plane.iter_mut().zip(&values) {
                    *o = ((v - base) >> (8 * k)) as u8;
                }
            }
        }
        Self { base, width, len, planes: planes.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.width);
        varint::put(out, self.base);
        out.extend_from_slice(&self.planes);
    }

    /// Reads a column of a known length.
    pub(super) fn read(rest: &mut &[u8], len: usize, least: u8) -> Result<Self> {
        let (&width, tail) = rest.split_first().ok_or(CORRUPT)?;
        *rest = tail;
        if width > 8 || width < least {
            return Err(CORRUPT);
        }
        let base = varint::take(rest).map_err(|_| CORRUPT)?;
        let size = len.checked_mul(usize::from(width)).ok_or(CORRUPT)?;
        let (planes, tail) = rest.split_at_checked(size).ok_or(CORRUPT)?;
        *rest = tail;
        Ok(Self { base, width, len, planes: planes.into() })
    }

    /// The value in a row; the base beyond the end.
    #[inline]
    pub(super) fn get(&self, row: usize) -> u64 {
        let raw = match self.width {
            0 => 0,
            1 => self.byte(row),
            2 => self.byte(row) | self.byte(self.len + row) << 8,
            w => (0..usize::from(w)).fold(0, |v, k| v | self.byte(k * self.len + row) << (8 * k)),
        };
        self.base.wrapping_add(raw)
    }

    /// As an index or a number of 32 bits; columns that are read so were bounded by
    /// [`all_below`](Self::all_below).
    #[inline]
    pub(super) fn id(&self, row: usize) -> u32 {
        self.get(row) as u32
    }

    #[inline]
    fn byte(&self, at: usize) -> u64 {
        self.planes.get(at).copied().map_or(0, u64::from)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = u64> + Clone + '_ {
        (0..self.len).map(|i| self.get(i))
    }

    /// Whether every value is below a limit.
    pub(super) fn all_below(&self, limit: u64) -> bool {
        if self.len == 0 {
            return true;
        }
        let max = match self.width {
            0 => 0,
            1 => self.planes.iter().copied().max().map_or(0, u64::from),
            2 => {
                let (low, high) = self.planes.split_at(self.len);
                low.iter().zip(high).map(|(l, h)| u16::from(*l) | u16::from(*h) << 8).max().map_or(0, u64::from)
            }
            _ => self.iter().map(|v| v.wrapping_sub(self.base)).max().unwrap_or(0),
        };
        self.base.checked_add(max).is_some_and(|m| m < limit)
    }

    pub(super) fn memory(&self) -> usize {
        self.planes.len()
    }
}

/// Maps signed to unsigned so that order is kept.
#[inline]
pub(super) const fn bias(n: i64) -> u64 {
    n as u64 ^ 1 << 63
}

/// Undoes [`bias`].
#[inline]
pub(super) const fn unbias(n: u64) -> i64 {
    (n ^ 1 << 63) as i64
}

/// Maps small signed numbers to small unsigned ones.
#[inline]
pub(super) const fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

/// Undoes [`zigzag`].
#[inline]
pub(super) const fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(values: Vec<u64>, shift in 0u32..64, least in 0u8..2) {
            let values: Vec<u64> = values.into_iter().map(|v| v >> shift).collect();
            let packed = Column::pack(values.iter().copied(), least);
            let mut bytes = Vec::new();
            packed.write(&mut bytes);
            let mut rest = &bytes[..];
            let back = Column::read(&mut rest, values.len(), least).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(back.iter().collect::<Vec<_>>(), &values[..]);
            if let Some(max) = values.iter().max() {
                prop_assert!(!back.all_below(*max));
                prop_assert!(*max == u64::MAX || back.all_below(max + 1));
            }
        }

        #[test]
        fn signed_maps_are_reversible(n: i64, m: i64) {
            prop_assert_eq!(unbias(bias(n)), n);
            prop_assert_eq!(unzigzag(zigzag(n)), n);
            prop_assert_eq!(bias(n).cmp(&bias(m)), n.cmp(&m));
        }
    }
}

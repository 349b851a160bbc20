//! Which rows are a scope's key pages.
//!
//! A manifest is rewritten by every commit, so what it holds must not grow with the number of key
//! groups: full stretches of the list stand in rows of their own, and the manifest names those and
//! the pages made last. In memory the list is whole.

use super::head::RowRef;
use super::manifest::PageEntry;
use crate::codec::cbor::{Reader, Writer};
use crate::error::{Error, Part, Result};
use std::sync::Arc;

/// Key pages that one row of the list names.
pub(crate) const STRETCH: usize = 16;

/// The key pages of a scope, in order of their groups.
#[derive(Clone, Default)]
pub(crate) struct KeyList {
    /// Rows that name `STRETCH` pages each: the first of the list.
    stretches: Vec<RowRef>,
    pages: Vec<RowRef>,
}

impl PageEntry for RowRef {
    fn write(&self, w: &mut Writer) {
        Self::write(self, w);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        Self::read(r)
    }
}

impl KeyList {
    /// How many pages.
    pub(crate) fn len(&self) -> usize {
        self.pages.len()
    }

    pub(crate) fn get(&self, page: usize) -> Option<&RowRef> {
        self.pages.get(page)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RowRef> {
        self.pages.iter()
    }

    pub(crate) fn push(&mut self, row: RowRef) {
        self.pages.push(row);
    }

    /// A page was sealed anew.
    pub(crate) fn set(&mut self, page: usize, row: RowRef) {
        if let Some(r) = self.pages.get_mut(page) {
            *r = row;
        }
    }

    /// The rows that hold stretches of the list.
    pub(crate) fn stretches(&self) -> &[RowRef] {
        &self.stretches
    }

    /// What a stretch names, as its row holds it.
    pub(crate) fn stretch(&self, at: usize) -> Vec<Arc<RowRef>> {
        self.pages.iter().skip(at * STRETCH).take(STRETCH).copied().map(Arc::new).collect()
    }

    /// Whether enough pages are named by the manifest alone to get a row.
    pub(crate) fn is_long(&self) -> bool {
        self.pages.len() >= (self.stretches.len() + 1) * STRETCH
    }

    /// A stretch was written: one that was there, or the next one.
    pub(crate) fn set_stretch(&mut self, at: usize, row: RowRef) {
        match self.stretches.get_mut(at) {
            Some(r) => *r = row,
            None => self.stretches.push(row),
        }
    }

    /// As the manifest holds it: `[[stretches], [pages behind them]]`.
    pub(crate) fn write(&self, w: &mut Writer) {
        let rest = self.pages.get(self.stretches.len() * STRETCH..).unwrap_or_default();
        w.array(2);
        for list in [&self.stretches, rest] {
            w.array(list.len());
            list.iter().for_each(|r| r.write(w));
        }
    }

    /// Reads what [`write`](Self::write) wrote; the pages of stretches are to be [filled](Self::fill) in.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self> {
        let list = |r: &mut Reader<'_>| {
            let n = r.array()?;
            (0..n).map(|_| RowRef::read(r)).collect::<Result<Vec<_>>>()
        };
        r.array_of(2)?;
        Ok(Self { stretches: list(r)?, pages: list(r)? })
    }

    /// Puts the pages of stretches before those that were read: from a list that has them already, or
    /// from their rows.
    pub(crate) fn fill(
        &mut self,
        known: Option<&Self>,
        mut row: impl FnMut(&RowRef) -> Result<Vec<Arc<RowRef>>>,
    ) -> Result<()> {
        let mut pages = Vec::with_capacity(self.stretches.len() * STRETCH + self.pages.len());
        for (at, stretch) in self.stretches.iter().enumerate() {
            match known.filter(|k| k.stretches.get(at) == Some(stretch)) {
                Some(k) => pages.extend(k.pages.iter().skip(at * STRETCH).take(STRETCH)),
                None => pages.extend(row(stretch)?.iter().map(|r| **r)),
            }
            if pages.len() != (at + 1) * STRETCH {
                return Err(Error::Corrupt(Part::KeyPage));
            }
        }
        pages.append(&mut self.pages);
        self.pages = pages;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_by_the_manifest_comes_from_its_row() {
        let row = |number| RowRef { number, version: 1, salt: [number as u8; 24] };
        let mut list = KeyList::default();
        for n in 0..2 * STRETCH as u64 + 3 {
            list.push(row(n));
            if list.is_long() {
                list.set_stretch(list.stretches().len(), row(1000 + n));
            }
        }
        assert_eq!(list.stretches().len(), 2);
        let mut w = Writer::new();
        list.write(&mut w);
        let bytes = w.into_bytes();
        let read = || KeyList::read(&mut Reader::new(&bytes)).unwrap();
        let stored = |r: &RowRef| Ok(list.stretch(list.stretches().iter().position(|s| s == r).unwrap()));

        let mut back = read();
        assert_eq!(back.len(), 3);
        back.fill(None, stored).unwrap();
        assert!(back.iter().eq(list.iter()) && back.len() == 2 * STRETCH + 3);

        // A stretch that is known is not read again; one that was sealed anew is.
        let mut newer = list.clone();
        newer.set(0, row(77));
        newer.set_stretch(0, row(2000));
        let mut again = read();
        let mut asked = 0;
        again
            .fill(Some(&newer), |r| {
                asked += 1;
                stored(r)
            })
            .unwrap();
        assert!(asked == 1 && again.get(0) == Some(&row(0)));

        // A row that names too few, or too many, is none of ours.
        for n in [0, STRETCH - 1, STRETCH + 1] {
            let wrong = |_: &RowRef| Ok((0..n).map(|_| Arc::new(row(1))).collect());
            assert!(matches!(read().fill(None, wrong), Err(Error::Corrupt(Part::KeyPage))));
        }
    }
}

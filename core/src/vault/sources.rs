//! Sources: what is kept of each file that was imported, and whose it says that it is.
//!
//! All of it goes when nothing is left of the file but its place in the list.

use super::manifest::{PageEntry, read_array};
use crate::codec::cbor::{Reader, Writer};
use crate::crypto::context::SOURCE;
use crate::crypto::hash::hmac_sha256;
use crate::error::{Error, Malformed, Result};
use crate::id::{Identity, SourceId, SourceTag};
use crate::record::Sex;

const BAD: Error = Error::Malformed(Malformed::Cbor);

/// A finished or staged source, one entry of a source page.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SourceEntry {
    /// Zeros where nothing is left of it, as its secret.
    pub(crate) id: SourceId,
    /// Under which the log names it.
    pub(crate) secret: [u8; 32],
    pub(crate) imported_at: i64,
    pub(crate) bytes: u64,
    pub(crate) group: u64,
    /// Rows with the envelope, in order; empty for sources whose bytes are not kept.
    pub(crate) envelope: Vec<(u64, u64)>,
    /// Rows with what its records are told by where their names may not last.
    pub(crate) names: Vec<(u64, u64)>,
    pub(crate) finished: bool,
    /// Whose it says that it is.
    pub(crate) subject: Subject,
}

impl SourceEntry {
    /// How the log names it.
    pub(crate) fn tag(&self) -> SourceTag {
        SourceTag(hmac_sha256(&self.secret, &[SOURCE, &[0], self.id.as_bytes()]))
    }

    /// What stays of one of which nothing is left: its place, for ordinals are given out once.
    pub(crate) fn emptied(&self) -> Self {
        Self { imported_at: self.imported_at, group: self.group, ..Self::unknown() }
    }

    /// The place of one of which nothing is known any more.
    pub(crate) fn unknown() -> Self {
        Self {
            id: SourceId([0; 32]),
            secret: [0; 32],
            imported_at: 0,
            bytes: 0,
            group: 0,
            envelope: Vec::new(),
            names: Vec::new(),
            finished: false,
            subject: Subject::default(),
        }
    }
}

/// More than files about one person ever name.
pub(crate) const MOST: usize = 4096;

/// Adds what is not there yet, up to [`MOST`].
pub(crate) fn add<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for one in more {
        if list.len() < MOST && !list.contains(&one) {
            list.push(one);
        }
    }
}

/// What files say of the person whom they are about: pseudonyms of name and birth date, those by which
/// they refer to the person, dates of birth as printed, sexes.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) persons: Vec<Identity>,
    pub(crate) references: Vec<Identity>,
    pub(crate) born: Vec<String>,
    pub(crate) sexes: Vec<Sex>,
}

impl Subject {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another file says.
    pub(crate) fn join(&mut self, other: &Self) {
        add(&mut self.persons, other.persons.iter().copied());
        add(&mut self.references, other.references.iter().copied());
        add(&mut self.born, other.born.iter().cloned());
        add(&mut self.sexes, other.sexes.iter().copied());
    }

    /// Keeps the names alone by which other records of the file refer to the person.
    pub(crate) fn forget_description(&mut self) {
        (self.persons, self.born, self.sexes) = Default::default();
    }

    fn write(&self, w: &mut Writer) {
        w.array(4);
        for list in [&self.persons, &self.references] {
            w.array(list.len());
            list.iter().for_each(|i| {
                w.bytes(i.as_bytes());
            });
        }
        w.array(self.born.len());
        self.born.iter().for_each(|b| {
            w.text(b);
        });
        w.array(self.sexes.len());
        self.sexes.iter().for_each(|s| {
            w.uint(*s as u64);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(4)?;
        let (persons, references) =
            (read_array(r, |r| r.fixed().map(Identity))?, read_array(r, |r| r.fixed().map(Identity))?);
        let born = read_array(r, |r| r.text().map(Into::into))?;
        let sexes = read_array(r, |r| Sex::from_u8(r.small()?).ok_or(BAD))?;
        Ok(Self { persons, references, born, sexes })
    }
}

impl PageEntry for SourceEntry {
    fn write(&self, w: &mut Writer) {
        w.array(9).bytes(self.id.as_bytes()).bytes(&self.secret);
        w.int(self.imported_at).uint(self.bytes).uint(self.group);
        for list in [&self.envelope, &self.names] {
            w.array(list.len());
            for (number, version) in list {
                w.array(2).uint(*number).uint(*version);
            }
        }
        w.bool(self.finished);
        self.subject.write(w);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(9)?;
        let (id, secret) = (SourceId(r.fixed()?), r.fixed()?);
        let (imported_at, bytes, group) = (r.int()?, r.uint()?, r.uint()?);
        let mut list = || {
            let n = r.array()?;
            let row = |_| {
                r.array_of(2)?;
                Ok((r.uint()?, r.uint()?))
            };
            (0..n).map(row).collect::<Result<Vec<_>>>()
        };
        let (envelope, names) = (list()?, list()?);
        let (finished, subject) = (r.bool()?, Subject::read(r)?);
        Ok(Self { id, secret, imported_at, bytes, group, envelope, names, finished, subject })
    }
}

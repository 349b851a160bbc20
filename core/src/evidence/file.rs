//! The file as it is written: deterministic CBOR in one form.

use crate::codec::cbor::{Reader, Writer};
use crate::error::{Error, Limit, Malformed, Result};
use crate::ledger::Hash;

/// The version stands in the first pair of the outermost map.
const HEADER: &str = "healthspace-evidence/v1";
const ANY_VERSION: &str = "healthspace-evidence/v";
/// Longest file that is read or written.
pub(super) const MAX_FILE: usize = 64 << 20;
/// One hash per bit of a tree's size.
const MAX_PATH: usize = 64;

/// Neither told where nor how: an evidence file holds when all of it does.
pub(super) const BAD: Error = Error::Malformed(Malformed::Proof);

/// All of a file.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct File {
    /// By origin, ascending.
    pub(super) logs: Vec<LogPart>,
    /// Consents as stored, by their SHA-256, ascending.
    pub(super) consents: Vec<Vec<u8>>,
    /// By log and index, ascending.
    pub(super) disclosures: Vec<DisclosurePart>,
    /// What nothing in the file proves.
    pub(super) limits: Vec<String>,
}

/// What is shown of one log.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct LogPart {
    pub(super) checkpoint: String,
    /// By index, ascending.
    pub(super) entries: Vec<EntryPart>,
    /// By size, ascending.
    pub(super) prefixes: Vec<PrefixPart>,
}

/// A disclosed entry.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct EntryPart {
    pub(super) index: u64,
    pub(super) r: [u8; 32],
    pub(super) entry: Vec<u8>,
    pub(super) path: Vec<Hash>,
}

/// The log's root at an earlier size, with the proof that the log is a continuation of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PrefixPart {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) path: Vec<Hash>,
}

/// A disclosure: which entry, its items, and what is claimed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DisclosurePart {
    /// Position in `logs`.
    pub(super) log: u64,
    pub(super) index: u64,
    pub(super) items: ItemsPart,
    pub(super) claim: ClaimPart,
}

/// The items of a release.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ItemsPart {
    Hidden,
    /// Leaf data of the items' tree.
    Hashes(Vec<Hash>),
    /// Salt and items: whoever knows a record can find it among them.
    Open(Hash, Vec<[u8; 18]>),
}

/// What is claimed about a disclosure; the reader derives it again.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ClaimPart {
    pub(super) what: String,
    pub(super) level: String,
    pub(super) does_not_prove: Vec<String>,
}

fn hashes(w: &mut Writer, all: &[Hash]) {
    w.array(all.len());
    all.iter().for_each(|h| {
        w.bytes(h);
    });
}

fn texts(w: &mut Writer, all: &[String]) {
    w.array(all.len());
    all.iter().for_each(|t| {
        w.text(t);
    });
}

fn many<'a, T>(r: &mut Reader<'a>, mut take: impl FnMut(&mut Reader<'a>) -> Result<T>) -> Result<Vec<T>> {
    (0..r.array()?).map(|_| take(r)).collect()
}

fn path(r: &mut Reader<'_>) -> Result<Vec<Hash>> {
    let n = r.array()?;
    if n > MAX_PATH { Err(BAD) } else { (0..n).map(|_| r.fixed()).collect() }
}

fn owned(r: &mut Reader<'_>) -> Result<String> {
    r.text().map(str::to_owned)
}

fn keys(r: &mut Reader<'_>, n: usize) -> Result<()> {
    if r.map()? == n { Ok(()) } else { Err(BAD) }
}

impl File {
    /// # Errors
    /// [`Error::TooLarge`].
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut w = Writer::new();
        w.map(5).uint(1).text(HEADER).uint(2).array(self.logs.len());
        self.logs.iter().for_each(|l| l.put(&mut w));
        w.uint(3).array(self.consents.len());
        self.consents.iter().for_each(|c| {
            w.bytes(c);
        });
        w.uint(4).array(self.disclosures.len());
        self.disclosures.iter().for_each(|d| d.put(&mut w));
        w.uint(5);
        texts(&mut w, &self.limits);
        let bytes = w.into_bytes();
        if bytes.len() <= MAX_FILE { Ok(bytes) } else { Err(Error::TooLarge(Limit::InputBytes)) }
    }

    /// Reads what [`encode`](Self::encode) wrote, and nothing else.
    ///
    /// # Errors
    /// [`Error::NeedsNewerLibrary`] for a later version, [`Error::Malformed`] for anything else.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let file = Self::read(bytes).map_err(|e| match e {
            Error::Malformed(_) => BAD,
            other => other,
        })?;
        // The reader is strict already; this holds it to that.
        if file.encode()? == bytes { Ok(file) } else { Err(BAD) }
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_FILE {
            return Err(Error::TooLarge(Limit::InputBytes));
        }
        let mut r = Reader::new(bytes);
        let pairs = r.map()?;
        r.key_is(1)?;
        match r.text()? {
            HEADER if pairs == 5 => {}
            later if later != HEADER && later.starts_with(ANY_VERSION) => return Err(Error::NeedsNewerLibrary),
            _ => return Err(BAD),
        }
        r.key_is(2)?;
        let logs = many(&mut r, LogPart::take)?;
        r.key_is(3)?;
        let consents = many(&mut r, |r| r.bytes().map(<[u8]>::to_vec))?;
        r.key_is(4)?;
        let disclosures = many(&mut r, DisclosurePart::take)?;
        r.key_is(5)?;
        let limits = many(&mut r, owned)?;
        r.finish()?;
        Ok(Self { logs, consents, disclosures, limits })
    }
}

impl LogPart {
    fn put(&self, w: &mut Writer) {
        w.map(3).uint(1).text(&self.checkpoint).uint(2).array(self.entries.len());
        for e in &self.entries {
            w.array(4).uint(e.index).bytes(&e.r).bytes(&e.entry);
            hashes(w, &e.path);
        }
        w.uint(3).array(self.prefixes.len());
        for p in &self.prefixes {
            w.array(3).uint(p.size).bytes(&p.root);
            hashes(w, &p.path);
        }
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        keys(r, 3)?;
        r.key_is(1)?;
        let checkpoint = owned(r)?;
        r.key_is(2)?;
        let entries = many(r, |r| {
            r.array_of(4)?;
            let (index, secret, entry) = (r.uint()?, r.fixed()?, r.bytes()?.to_vec());
            Ok(EntryPart { index, r: secret, entry, path: path(r)? })
        })?;
        r.key_is(3)?;
        let prefixes = many(r, |r| {
            r.array_of(3)?;
            Ok(PrefixPart { size: r.uint()?, root: r.fixed()?, path: path(r)? })
        })?;
        Ok(Self { checkpoint, entries, prefixes })
    }
}

impl DisclosurePart {
    fn put(&self, w: &mut Writer) {
        w.map(4).uint(1).uint(self.log).uint(2).uint(self.index).uint(3);
        match &self.items {
            ItemsPart::Hidden => {
                w.null();
            }
            ItemsPart::Hashes(all) => {
                w.array(1);
                hashes(w, all);
            }
            ItemsPart::Open(salt, all) => {
                w.array(2).bytes(salt).array(all.len());
                all.iter().for_each(|i| {
                    w.bytes(i);
                });
            }
        }
        w.uint(4).map(3).uint(1).text(&self.claim.what).uint(2).text(&self.claim.level).uint(3);
        texts(w, &self.claim.does_not_prove);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self> {
        keys(r, 4)?;
        r.key_is(1)?;
        let log = r.uint()?;
        r.key_is(2)?;
        let index = r.uint()?;
        r.key_is(3)?;
        let items = if r.null() {
            ItemsPart::Hidden
        } else {
            match r.array()? {
                1 => ItemsPart::Hashes(many(r, |r| r.fixed())?),
                2 => ItemsPart::Open(r.fixed()?, many(r, |r| r.fixed())?),
                _ => return Err(BAD),
            }
        };
        r.key_is(4)?;
        keys(r, 3)?;
        r.key_is(1)?;
        let what = owned(r)?;
        r.key_is(2)?;
        let level = owned(r)?;
        r.key_is(3)?;
        let does_not_prove = many(r, owned)?;
        Ok(Self { log, index, items, claim: ClaimPart { what, level, does_not_prove } })
    }
}

//! The manifest: what exists in a scope besides its log.
//!
//! Canonical CBOR, sealed as class 4 and named by the head. Lists that grow with use (sources,
//! conversations) stand in pages of their own, of which a commit rewrites only the last.

use super::glass::{Break, read_breaks, write_breaks};
use super::head::RowRef;
use super::key_list::KeyList;
use super::tags::{Tags, read_basis, write_basis};
use super::uses::Uses;
use crate::codec::cbor::{Reader, Writer};
use crate::consent::{Recipient, RecipientKind};
use crate::crypto::secret::{Ids, Key, Log};
use crate::error::{Error, Malformed, Result};
use crate::id::{ConversationId, GrantId, ScopeId, SourceId, SourceTag};
use crate::keyring::KeyPage;
use crate::label::{Confidentiality, Integrity, Label, Obligations, Origins, Purpose, Purposes, Sensitivities};
use crate::policy::Tag;
use std::collections::BTreeSet;
use std::sync::Arc;

const BAD: Error = Error::Malformed(Malformed::Cbor);

/// A catalog segment as the manifest names it, or as it holds it: the newest one, while it is small,
/// stands in the manifest itself, so that a commit of one record writes no further row for it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SegmentRef {
    /// Of a segment that stands here: number 0 and the version of the manifest that first held it.
    pub(crate) row: RowRef,
    /// 0 for a segment that stands here.
    pub(crate) group: u64,
    /// Its bytes, where it stands here.
    pub(crate) here: Option<Arc<[u8]>>,
    pub(crate) level: u8,
    /// What the level plan counts: facts, links and retirements.
    pub(crate) weight: u64,
    /// Belongs to this unfinished import (source ordinal + 1); 0 is visible.
    pub(crate) staged: u32,
}

impl SegmentRef {
    /// One that stands in the manifest.
    pub(crate) fn here(version: u64, weight: u64, bytes: &[u8]) -> Self {
        let row = RowRef { number: 0, version, salt: [0; 24] };
        Self { row, group: 0, here: Some(bytes.into()), level: 0, weight, staged: 0 }
    }

    /// Under what a handle keeps the opened segment.
    pub(crate) fn key(&self) -> (u64, u64) {
        (self.row.number, self.row.version)
    }
}

/// An import that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staged {
    pub(crate) ordinal: u32,
    pub(crate) source: SourceId,
    /// As the log names it.
    pub(crate) tag: SourceTag,
    pub(crate) group: u64,
    /// Units (records, chunks, envelope pieces) that are durable.
    pub(crate) units: u64,
    /// Row numbers of envelope pieces and bodies start here, so that a discard finds them.
    pub(crate) first_row: u64,
    pub(crate) began: i64,
    /// Who goes on with it: whoever resumes an import writes another token, and whoever finds
    /// another than its own stops.
    pub(crate) owner: [u8; 16],
    /// Under which limits, and by which importer, it is read: see [`Limits`](crate::import::Limits).
    pub(crate) settings: [u8; 16],
}

impl Staged {
    /// By which segments of it are told; `None` for an ordinal that no source can have.
    pub(crate) const fn mark(&self) -> Option<u32> {
        self.ordinal.checked_add(1)
    }
}

/// A consent document of the system scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentRef {
    pub(crate) series: GrantId,
    pub(crate) version: u32,
    pub(crate) scope: ScopeId,
    pub(crate) number: u64,
    pub(crate) row_version: u64,
    pub(crate) group: u64,
}

/// A conversation: for whom and what for it was opened, and its tag. One entry of a conversation page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConversationEntry {
    pub(crate) id: ConversationId,
    pub(crate) recipient: Recipient,
    pub(crate) purpose: Purpose,
    pub(crate) tag: Tag,
}

/// Entries of one page.
pub(crate) const PAGE_ENTRIES: usize = 64;

/// What exists in a scope.
#[derive(Clone)]
pub(crate) struct Manifest {
    pub(crate) next_row: u64,
    pub(crate) log_key: Arc<Key<Log>>,
    /// Makes the ids of records: kept as long as the partition, for they last.
    pub(crate) id_key: Arc<Key<Ids>>,
    pub(crate) seed: RowRef,
    /// Pages that were full: groups `64 * i + 1` to `64 * i + 64`.
    pub(crate) key_pages: Arc<KeyList>,
    /// The keys of the groups behind those.
    pub(crate) last_keys: Arc<KeyPage>,
    pub(crate) segments: Vec<SegmentRef>,
    pub(crate) source_pages: Vec<RowRef>,
    pub(crate) sources: u32,
    pub(crate) conversation_pages: Vec<RowRef>,
    pub(crate) staged: Vec<Staged>,
    /// Withdrawn here by a handle that cannot write the system scope.
    pub(crate) denied: Vec<GrantId>,
    pub(crate) consents: Vec<ConsentRef>,
    pub(crate) zone_minutes: i16,
    pub(crate) tags: Tags,
    /// Entries of the log of which only the leaf is left: half-open ranges, ascending, apart.
    pub(crate) erased: Vec<(u64, u64)>,
    /// Of counted grants.
    pub(crate) uses: Uses,
    /// Emergency accesses, the oldest first.
    pub(crate) breaks: Vec<Break>,
    /// Entries of erasures after which the file was not swept yet.
    pub(crate) unswept: Vec<u64>,
}

fn refs(w: &mut Writer, key: u64, list: &[RowRef]) {
    w.uint(key).array(list.len());
    list.iter().for_each(|r| r.write(w));
}

fn read_list<T>(r: &mut Reader<'_>, key: u64, f: impl FnMut(&mut Reader<'_>) -> Result<T>) -> Result<Vec<T>> {
    r.key_is(key)?;
    read_array(r, f)
}

pub(crate) fn read_array<T>(r: &mut Reader<'_>, mut f: impl FnMut(&mut Reader<'_>) -> Result<T>) -> Result<Vec<T>> {
    let n = r.array()?;
    (0..n).map(|_| f(r)).collect()
}

impl Manifest {
    pub(crate) fn new(seed: RowRef, first_row: u64) -> Result<Self> {
        Ok(Self {
            next_row: first_row,
            log_key: Arc::new(Key::make()?),
            id_key: Arc::new(Key::make()?),
            seed,
            key_pages: Arc::default(),
            last_keys: Arc::default(),
            segments: Vec::new(),
            source_pages: Vec::new(),
            sources: 0,
            conversation_pages: Vec::new(),
            staged: Vec::new(),
            denied: Vec::new(),
            consents: Vec::new(),
            zone_minutes: 0,
            tags: Tags::default(),
            erased: Vec::new(),
            uses: Uses::default(),
            breaks: Vec::new(),
            unswept: Vec::new(),
        })
    }

    /// Whether only the leaf is left of an entry.
    pub(crate) fn is_erased(&self, entry: u64) -> bool {
        self.erased.iter().any(|(from, to)| (*from..*to).contains(&entry))
    }

    /// Entries of a log of this size that say something still. Ranges are passed over whole: there is no
    /// telling how long whoever wrote them made them.
    pub(crate) fn left(&self, size: u64) -> impl Iterator<Item = u64> + '_ {
        let begins = core::iter::once(0).chain(self.erased.iter().map(|(_, to)| *to));
        let ends = self.erased.iter().map(|(from, _)| *from).chain([size]);
        begins.zip(ends).flat_map(move |(from, to)| from..to.min(size))
    }

    /// How many entries of a log of this size say nothing any more.
    pub(crate) fn erased_below(&self, size: u64) -> u64 {
        self.erased.iter().map(|(from, to)| (*to).min(size).saturating_sub(*from)).sum()
    }

    /// The first entry of a log of this size that says nothing any more and is not among these, which others say were
    /// erased.
    pub(crate) fn first_lost(&self, named: &BTreeSet<u64>, size: u64) -> Option<u64> {
        self.erased.iter().find_map(|(from, to)| (*from..(*to).min(size)).find(|index| !named.contains(index)))
    }

    /// Notes that only the leaf is left of these entries.
    pub(crate) fn note_erased(&mut self, entries: impl IntoIterator<Item = u64>) {
        self.erased.extend(entries.into_iter().map(|entry| (entry, entry.saturating_add(1))));
        self.erased.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.erased.len());
        for (from, to) in self.erased.drain(..) {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        self.erased = merged;
    }

    pub(crate) fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let rows = self.key_pages.stretches().len()
            + self.segments.len()
            + self.source_pages.len()
            + self.conversation_pages.len();
        let here: usize = self.segments.iter().filter_map(|s| s.here.as_ref()).map(|b| b.len()).sum();
        // Enough, mostly: it grows where it has to.
        let mut w = Writer::secret(4096 + 64 * rows + here);
        w.map(21).uint(1).uint(self.next_row).uint(2).bytes(self.log_key.expose()).uint(3);
        self.seed.write(&mut w);
        self.key_pages.write(w.uint(4));
        w.uint(5).array(self.segments.len());
        for s in &self.segments {
            if let Some(bytes) = &s.here {
                w.array(3).uint(s.row.version).uint(s.weight).bytes(bytes);
                continue;
            }
            w.array(5);
            s.row.write(&mut w);
            w.uint(s.group).uint(u64::from(s.level)).uint(s.weight).uint(u64::from(s.staged));
        }
        refs(&mut w, 6, &self.source_pages);
        w.uint(7).uint(u64::from(self.sources));
        refs(&mut w, 8, &self.conversation_pages);
        w.uint(9).array(self.staged.len());
        for s in &self.staged {
            w.array(9).uint(u64::from(s.ordinal)).bytes(s.source.as_bytes()).bytes(s.tag.as_bytes()).uint(s.group);
            w.uint(s.units).uint(s.first_row).int(s.began).bytes(&s.owner).bytes(&s.settings);
        }
        w.uint(10).array(self.denied.len());
        self.denied.iter().for_each(|g| {
            w.bytes(g.as_bytes());
        });
        w.uint(11).bytes(self.id_key.expose());
        w.uint(13).array(self.consents.len());
        for c in &self.consents {
            w.array(6).bytes(c.series.as_bytes()).uint(u64::from(c.version)).bytes(c.scope.as_bytes());
            w.uint(c.number).uint(c.row_version).uint(c.group);
        }
        w.uint(14).int(i64::from(self.zone_minutes));
        self.tags.write(&mut w);
        w.uint(20).bytes(&self.last_keys.encode());
        w.uint(21).array(self.erased.len());
        for (from, to) in &self.erased {
            w.array(2).uint(*from).uint(*to);
        }
        self.uses.write(&mut w);
        write_breaks(&mut w, &self.breaks);
        w.uint(24).array(self.unswept.len());
        self.unswept.iter().for_each(|entry| _ = w.uint(*entry));
        w.into_bytes().into()
    }

    /// Reads what [`encode`](Self::encode) wrote. The list of key pages is still to be filled.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        if r.map()? != 21 {
            return Err(BAD);
        }
        r.key_is(1)?;
        let next_row = r.uint()?;
        r.key_is(2)?;
        let log_key = Arc::new(Key::copy_of(r.bytes()?).ok_or(BAD)?);
        r.key_is(3)?;
        let seed = RowRef::read(&mut r)?;
        r.key_is(4)?;
        let key_pages = Arc::new(KeyList::read(&mut r)?);
        let segments = read_list(&mut r, 5, |r| {
            let fields = r.array()?;
            if fields == 3 {
                let (version, weight, bytes) = (r.uint()?, r.uint()?, r.bytes()?);
                return Ok(SegmentRef::here(version, weight, bytes));
            }
            if fields != 5 {
                return Err(BAD);
            }
            Ok(SegmentRef {
                row: RowRef::read(r)?,
                group: r.uint()?,
                here: None,
                level: r.small()?,
                weight: r.uint()?,
                staged: r.small()?,
            })
        })?;
        let source_pages = read_list(&mut r, 6, RowRef::read)?;
        r.key_is(7)?;
        let sources = r.small()?;
        let conversation_pages = read_list(&mut r, 8, RowRef::read)?;
        let staged = read_list(&mut r, 9, |r| {
            r.array_of(9)?;
            Ok(Staged {
                ordinal: r.small()?,
                source: SourceId(r.fixed()?),
                tag: SourceTag(r.fixed()?),
                group: r.uint()?,
                units: r.uint()?,
                first_row: r.uint()?,
                began: r.int()?,
                owner: r.fixed()?,
                settings: r.fixed()?,
            })
        })?;
        let denied = read_list(&mut r, 10, |r| Ok(GrantId(r.fixed()?)))?;
        r.key_is(11)?;
        let id_key = Arc::new(Key::copy_of(r.bytes()?).ok_or(BAD)?);
        let consents = read_list(&mut r, 13, |r| {
            r.array_of(6)?;
            Ok(ConsentRef {
                series: GrantId(r.fixed()?),
                version: r.small()?,
                scope: ScopeId(r.fixed()?),
                number: r.uint()?,
                row_version: r.uint()?,
                group: r.uint()?,
            })
        })?;
        r.key_is(14)?;
        let zone_minutes = i16::try_from(r.int()?).map_err(|_| BAD)?;
        let tags = Tags::read(&mut r)?;
        r.key_is(20)?;
        let last_keys = Arc::new(KeyPage::decode(r.bytes()?)?);
        let erased = read_list(&mut r, 21, |r| {
            r.array_of(2)?;
            Ok((r.uint()?, r.uint()?))
        })?;
        // Ascending and apart, so that nothing is counted twice.
        if !erased.iter().flat_map(|(from, to)| [from, to]).is_sorted_by(|a, b| a < b) {
            return Err(BAD);
        }
        let uses = Uses::read(&mut r)?;
        let breaks = read_breaks(&mut r)?;
        let unswept = read_list(&mut r, 24, |r| r.uint())?;
        r.finish()?;
        Ok(Self {
            next_row,
            log_key,
            id_key,
            seed,
            key_pages,
            last_keys,
            segments,
            source_pages,
            sources,
            conversation_pages,
            staged,
            denied,
            consents,
            zone_minutes,
            tags,
            erased,
            uses,
            breaks,
            unswept,
        })
    }
}

/// Writes a label: `[confidentiality, sensitivities, origins, purposes, obligations, integrity]`.
pub(crate) fn write_label(w: &mut Writer, l: &Label) {
    w.array(6).uint(l.confidentiality as u64).uint(u64::from(l.sensitivities.bits())).uint(l.origins.bits());
    w.uint(l.purposes.bits()).uint(u64::from(l.obligations.bits())).uint(l.integrity as u64);
}

/// Reads what [`write_label`] wrote.
pub(crate) fn read_label(r: &mut Reader<'_>) -> Result<Label> {
    r.array_of(6)?;
    Ok(Label {
        confidentiality: Confidentiality::from_u8(r.small()?).ok_or(BAD)?,
        sensitivities: Sensitivities::from_bits(r.small()?),
        origins: Origins::from_bits(r.uint()?),
        purposes: Purposes::from_bits(r.uint()?),
        obligations: Obligations::from_bits(r.small()?),
        integrity: Integrity::from_u8(r.small()?).ok_or(BAD)?,
    })
}

/// Pages of a growing list.
pub(crate) trait PageEntry: Sized {
    fn write(&self, w: &mut Writer);
    fn read(r: &mut Reader<'_>) -> Result<Self>;
}

impl PageEntry for ConversationEntry {
    fn write(&self, w: &mut Writer) {
        w.array(6).bytes(self.id.as_bytes());
        w.text(self.recipient.kind().code()).text(self.recipient.name()).text(self.purpose.code());
        write_label(w, &self.tag.label);
        write_basis(w, &self.tag.basis);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.array_of(6)?;
        let id = ConversationId(r.fixed()?);
        let (kind, name) = (r.text()?, r.text()?);
        let kind = RecipientKind::from_code(kind).ok_or(BAD)?;
        let recipient = Recipient::new(kind, name).ok().filter(|to| to.name() == name).ok_or(BAD)?;
        let purpose = Purpose::from_code(r.text()?).ok_or(BAD)?;
        let label = read_label(r)?;
        Ok(Self { id, recipient, purpose, tag: Tag { label, basis: read_basis(r)? } })
    }
}

/// Encodes a page.
pub(crate) fn encode_page<T: PageEntry>(entries: &[Arc<T>]) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(entries.len());
    entries.iter().for_each(|e| e.write(&mut w));
    w.into_bytes()
}

/// Reads a page.
pub(crate) fn decode_page<T: PageEntry>(bytes: &[u8]) -> Result<Vec<Arc<T>>> {
    let mut r = Reader::new(bytes);
    let n = r.array()?;
    let list = (0..n).map(|_| T::read(&mut r).map(Arc::new)).collect::<Result<Vec<_>>>()?;
    r.finish()?;
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_round_trips_and_has_one_form() {
        let row = RowRef { number: 5, version: 6, salt: [7; 24] };
        let mut m = Manifest::new(row, 9).unwrap();
        m.segments.push(SegmentRef { row, group: 3, here: None, level: 1, weight: 1000, staged: 2 });
        m.staged.push(Staged {
            ordinal: 1,
            source: SourceId([1; 32]),
            tag: SourceTag([2; 32]),
            group: 4,
            units: 5,
            first_row: 6,
            began: -7,
            owner: [8; 16],
            settings: [9; 16],
        });
        m.denied.push(GrantId([3; 16]));
        m.consents.push(ConsentRef {
            series: GrantId([3; 16]),
            version: 2,
            scope: ScopeId([4; 16]),
            number: 1,
            row_version: 2,
            group: 3,
        });
        for entry in [7, 3, 5, 4, 9, 3] {
            m.note_erased([entry]);
        }
        assert_eq!(m.erased, [(3, 6), (7, 8), (9, 10)]);
        assert!((0..12).filter(|n| m.is_erased(*n)).eq([3, 4, 5, 7, 9]));
        for size in 0..12 {
            assert!(m.left(size).eq((0..size).filter(|n| !m.is_erased(*n))));
            assert_eq!(m.erased_below(size), (0..size).filter(|n| m.is_erased(*n)).count() as u64);
        }
        let bytes = m.encode();
        assert_eq!(*Manifest::decode(&bytes).unwrap().encode(), *bytes);
        for cut in 0..bytes.len() {
            assert!(Manifest::decode(&bytes[..cut]).is_err());
        }
        let page = vec![Arc::new(ConversationEntry {
            id: ConversationId([1; 16]),
            recipient: Recipient::model("eu-llm").unwrap(),
            purpose: Purpose::PatientRequest,
            tag: Tag { label: Label::health(1), ..Tag::bottom() },
        })];
        assert_eq!(decode_page::<ConversationEntry>(&encode_page(&page)).unwrap(), page);
    }
}

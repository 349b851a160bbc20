//! Reading a segment: whatever the bytes are, it ends in a checked segment or in
//! `Corrupt(Segment)`, with memory bounded by a multiple of the input.

use super::super::column::{CORRUPT, Column, unbias, unzigzag};
use super::super::dictionary::{Dictionary, MAX_BYTES, MAX_ITEMS, Measure, RangeItem, Zone};
use super::super::query::{Origin, SeriesSummary};
use super::encode::{GROWTH, MAX_RATIO, STORED, VERSION, ZSTD};
use super::{FactColumns, RecordColumns, Segment, tag};
use crate::codec::varint;
use crate::error::{Error, Result};
use crate::label::Confidentiality;
use crate::record::{
    Author, Category, Comparator, Decimal, DecisionClass, Kind, Precision, ResourceType, Span, Status,
};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

impl Segment {
    /// Reads what [`SegmentBuilder::finish`](super::SegmentBuilder::finish) or
    /// [`merge`](crate::catalog::merge()) wrote.
    ///
    /// # Errors
    /// [`Error::NeedsNewerLibrary`] for a version that this one does not know,
    /// [`Error::Corrupt`] for anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        Self::decode_in(bytes, &mut Room::default())
    }

    /// As [`decode`](Self::decode), where it still has room beside others.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); [`Error::Corrupt`], before anything is unpacked, where it has not.
    pub(crate) fn decode_in(bytes: &[u8], room: &mut Room) -> Result<Self> {
        let (version, mut rest) = bytes.split_first().ok_or(CORRUPT)?;
        if *version != VERSION {
            return Err(Error::NeedsNewerLibrary);
        }
        let rest = &mut rest;
        let [records, facts, retired, links] = [count(rest)?, count(rest)?, count(rest)?, count(rest)?];
        let ids = raw(rest, records)?;
        let identities = raw(rest, records)?;
        let contents = raw(rest, records)?;
        let retired = raw(rest, retired)?;
        let linked = raw(rest, links)?;

        let frame = unpack(rest, |size| room.take(bytes.len(), size))?;
        let unpacked = frame.len();
        let rest = &mut &*frame;
        let mut words = take_words(rest)?;
        let mut rows = take_facts(rest, facts, records, &words)?;
        let records = take_records(rest, [ids, identities, contents], &words)?;
        add_types(&mut words, &mut rows, &records);
        let [source, member, offset, len] = take_origins(rest, links)?;
        let origin = |i| Origin {
            source: source.id(i),
            span: Span { member: member.id(i), offset: offset.get(i), len: len.get(i) },
        };
        let links = linked.iter().enumerate().map(|(i, id)| (*id, origin(i))).collect();
        if !rest.is_empty() {
            return Err(CORRUPT);
        }
        Ok(Self {
            words,
            rows,
            records,
            retired,
            links,
            encoded: bytes.len(),
            unpacked,
            codes: OnceLock::new(),
            by_id: OnceLock::new(),
            by_identity: OnceLock::new(),
            by_record: OnceLock::new(),
            lines: OnceLock::new(),
        })
    }
}

/// Gives each class the type of the records that have it: stored classes are without. The writer keeps
/// classes of different types apart; where it did not, they are parted here.
fn add_types(words: &mut Dictionary, rows: &mut FactColumns, records: &RecordColumns) {
    let mut of_name: HashMap<u32, ResourceType> = HashMap::new();
    let types: Vec<ResourceType> = (0..records.ids.len())
        .map(|r| {
            let name = records.type_name.id(r);
            *of_name.entry(name).or_insert_with(|| ResourceType::of(words.string(name)))
        })
        .collect();
    let type_of = |row: usize| types.get(rows.record.id(row) as usize).copied().unwrap_or(ResourceType::NONE);
    let mut met: Vec<Option<ResourceType>> = vec![None; words.classes.len()];
    let mut apart = true;
    for row in 0..rows.at.len() {
        if let Some(met) = met.get_mut(rows.class.id(row) as usize) {
            let of = type_of(row);
            apart &= *met.get_or_insert(of) == of;
        }
    }
    if apart {
        for (class, resource) in words.classes.iter_mut().zip(met) {
            class.resource = resource.unwrap_or(ResourceType::NONE);
        }
        return;
    }
    let mut classes: Vec<DecisionClass> = Vec::new();
    let mut ids: HashMap<(u32, ResourceType), u64> = HashMap::new();
    let class: Vec<u64> = (0..rows.at.len())
        .map(|row| {
            let (old, resource) = (rows.class.id(row), type_of(row));
            *ids.entry((old, resource)).or_insert_with(|| {
                // Checked to be there.
                classes.extend(words.classes.get(old as usize).map(|c| DecisionClass { resource, ..*c }));
                classes.len() as u64 - 1
            })
        })
        .collect();
    rows.class = Column::pack(class.into_iter(), 0);
    words.classes = classes.into();
}

fn count(rest: &mut &[u8]) -> Result<usize> {
    let n = varint::take(rest).map_err(|_| CORRUPT)?;
    usize::try_from(n).ok().filter(|n| *n <= MAX_ITEMS).ok_or(CORRUPT)
}

fn raw(rest: &mut &[u8], n: usize) -> Result<Box<[[u8; 16]]>> {
    let (ids, tail) = rest.split_at_checked(16 * n).ok_or(CORRUPT)?;
    *rest = tail;
    Ok(ids.as_chunks().0.into())
}

/// What segments that are held together unpack to: so much as they are said to, and no more than a multiple of
/// what they take in the file, so that nobody makes a small one fill the memory of whoever opens it.
#[derive(Default)]
pub(crate) struct Room {
    packed: usize,
    unpacked: usize,
}

impl Room {
    /// Takes room for a segment of this length, whose frame unpacks to that many bytes.
    fn take(&mut self, packed: usize, unpacked: usize) -> Result<()> {
        let (packed, unpacked) = (self.packed.saturating_add(packed), self.unpacked.saturating_add(unpacked));
        if unpacked > MAX_BYTES.saturating_add(packed.saturating_mul(GROWTH)) {
            // Left where it is, it takes none.
            return Err(CORRUPT);
        }
        (self.packed, self.unpacked) = (packed, unpacked);
        Ok(())
    }

    /// Takes room for one that is held already.
    pub(crate) fn hold(&mut self, segment: &Segment) -> Result<()> {
        self.take(segment.encoded, segment.unpacked)
    }
}

fn unpack<'a>(rest: &mut &'a [u8], take: impl FnOnce(usize) -> Result<()>) -> Result<Cow<'a, [u8]>> {
    let (&form, tail) = rest.split_first().ok_or(CORRUPT)?;
    *rest = tail;
    let size = varint::take(rest).map_err(|_| CORRUPT)?;
    let size = usize::try_from(size).ok().filter(|n| *n <= MAX_BYTES).ok_or(CORRUPT)?;
    take(size)?;
    let frame = match form {
        STORED => Cow::Borrowed(*rest),
        ZSTD if size / MAX_RATIO <= rest.len() => {
            Cow::Owned(zstd::bulk::decompress(rest, size).map_err(|e| Error::unless_memory(&e, CORRUPT))?)
        }
        _ => return Err(CORRUPT),
    };
    if frame.len() == size { Ok(frame) } else { Err(CORRUPT) }
}

/// A column whose values are all below a limit.
fn below(rest: &mut &[u8], len: usize, limit: usize) -> Result<Column> {
    bounded(rest, len, limit, 0)
}

fn bounded(rest: &mut &[u8], len: usize, limit: usize, least: u8) -> Result<Column> {
    let column = Column::read(rest, len, least)?;
    if column.all_below(limit as u64) { Ok(column) } else { Err(CORRUPT) }
}

const ANY_U32: usize = 1 << 32;

/// Ends of consecutive runs from their lengths; their sum must be `total`.
fn ends(lengths: &Column, total: usize) -> Result<Box<[u32]>> {
    let mut end = 0u64;
    let mut out = Vec::with_capacity(lengths.iter().len());
    for n in lengths.iter() {
        end = end.checked_add(n).filter(|e| *e <= total as u64).ok_or(CORRUPT)?;
        out.push(end as u32);
    }
    if end == total as u64 { Ok(out.into()) } else { Err(CORRUPT) }
}

fn take_words(rest: &mut &[u8]) -> Result<Dictionary> {
    let strings = count(rest)?;
    let lengths = bounded(rest, strings, MAX_BYTES + 1, 1)?;
    let total = lengths.iter().sum::<u64>();
    let total = usize::try_from(total).ok().filter(|n| *n <= rest.len()).ok_or(CORRUPT)?;
    let ends_of_strings = ends(&lengths, total)?;
    let (text, tail) = rest.split_at_checked(total).ok_or(CORRUPT)?;
    *rest = tail;
    let text = core::str::from_utf8(text).map_err(|_| CORRUPT)?;
    if ends_of_strings.first() != Some(&0) || !ends_of_strings.iter().all(|e| text.is_char_boundary(*e as usize)) {
        return Err(CORRUPT);
    }

    let n = count(rest)?;
    let [a, b, c] = [bounded(rest, n, strings, 1)?, below(rest, n, strings)?, below(rest, n, strings)?];
    let codings: Box<[[u32; 3]]> = (0..n).map(|i| [a.id(i), b.id(i), c.id(i)]).collect();

    let sets = count(rest)?;
    let lengths = bounded(rest, sets, MAX_ITEMS + 1, 1)?;
    let members = count(rest)?;
    let set_ends = ends(&lengths, members)?;
    let members = bounded(rest, members, codings.len(), 1)?;
    if set_ends.first() != Some(&0) {
        return Err(CORRUPT);
    }

    let n = count(rest)?;
    let [unit, ucum] = [bounded(rest, n, strings, 1)?, below(rest, n, strings)?];
    let [scale, comparator] = [below(rest, n, 256)?, below(rest, n, 256)?];
    let measures = (0..n)
        .map(|i| {
            let scale = scale.get(i) as u8 as i8;
            let comparator = Comparator::from_u8(comparator.get(i) as u8).ok_or(CORRUPT)?;
            Decimal::new(0, scale).ok_or(CORRUPT)?;
            Ok(Measure { unit: unit.id(i), ucum: ucum.id(i), scale, comparator })
        })
        .collect::<Result<Box<[_]>>>()?;

    let n = count(rest)?;
    let [set, words] = [bounded(rest, n, sets, 1)?, below(rest, n, strings)?];
    let codeds = (0..n).map(|i| (set.id(i), words.id(i))).collect();

    let n = count(rest)?;
    let flags = bounded(rest, n, 4, 1)?;
    let low = (Column::read(rest, n, 0)?, Column::read(rest, n, 0)?);
    let high = (Column::read(rest, n, 0)?, Column::read(rest, n, 0)?);
    let [words, interpretation] = [below(rest, n, strings)?, below(rest, n, strings)?];
    let bound = |q: &(Column, Column), flag: u64, i: usize| {
        if flags.get(i) & flag == 0 {
            return Ok(None);
        }
        let measure = q.1.get(i);
        if measure < measures.len() as u64 { Ok(Some((unbias(q.0.get(i)), measure as u32))) } else { Err(CORRUPT) }
    };
    let ranges = (0..n)
        .map(|i| {
            let (low, high) = (bound(&low, 1, i)?, bound(&high, 2, i)?);
            Ok(RangeItem { low, high, text: words.id(i), interpretation: interpretation.id(i) })
        })
        .collect::<Result<Box<[_]>>>()?;

    let n = count(rest)?;
    let [category, kind] = [bounded(rest, n, 256, 1)?, below(rest, n, 256)?];
    let [confidentiality, bits, author] = [below(rest, n, 256)?, below(rest, n, ANY_U32)?, below(rest, n, 256)?];
    let obligations = below(rest, n, ANY_U32)?;
    let classes = (0..n)
        .map(|i| {
            Ok(DecisionClass {
                category: Category::from_u8(category.get(i) as u8).ok_or(CORRUPT)?,
                kind: Kind::from_u8(kind.get(i) as u8).ok_or(CORRUPT)?,
                confidentiality: Confidentiality::from_u8(confidentiality.get(i) as u8).ok_or(CORRUPT)?,
                sensitivities: bits.id(i),
                obligations: obligations.id(i),
                author: Author::from_u8(author.get(i) as u8).ok_or(CORRUPT)?,
                resource: ResourceType::NONE,
            })
        })
        .collect::<Result<Box<[_]>>>()?;

    let n = count(rest)?;
    let [author, confidentiality, bits] = [bounded(rest, n, 256, 1)?, below(rest, n, 256)?, below(rest, n, ANY_U32)?];
    let obligations = below(rest, n, ANY_U32)?;
    let record_classes = (0..n)
        .map(|i| {
            let author = Author::from_u8(author.get(i) as u8).ok_or(CORRUPT)?;
            let confidentiality = Confidentiality::from_u8(confidentiality.get(i) as u8).ok_or(CORRUPT)?;
            Ok((author as u8, confidentiality as u8, bits.id(i), obligations.id(i)))
        })
        .collect::<Result<Box<[_]>>>()?;

    let n = count(rest)?;
    let [precision, offset] = [bounded(rest, n, 256, 1)?, below(rest, n, 65_537)?];
    let zone = |i| {
        let precision = Precision::from_u8(precision.get(i) as u8).ok_or(CORRUPT)?;
        let offset = offset.get(i).checked_sub(1).and_then(|o| i16::try_from(o as i64 - 32_768).ok());
        Ok(Some((precision, offset)))
    };
    let zones = core::iter::once(Ok(None)).chain((0..n).map(zone)).collect::<Result<Box<[Zone]>>>()?;

    let mut table = || -> Result<Box<[u64]>> {
        let n = count(rest)?;
        Ok(Column::read(rest, n, 1)?.iter().collect())
    };
    let (versions, groups) = (table()?, table()?);
    Ok(Dictionary {
        text: text.into(),
        ends: ends_of_strings,
        codings,
        set_ends,
        set_members: members.iter().map(|m| m as u32).collect(),
        measures,
        codeds,
        ranges,
        classes,
        record_classes,
        zones,
        versions,
        groups,
    })
}

fn take_facts(rest: &mut &[u8], n: usize, records: usize, w: &Dictionary) -> Result<FactColumns> {
    let per_set = below(rest, w.set_ends.len(), MAX_ITEMS + 1)?;
    let set_ends = ends(&per_set, n)?;
    let unit = varint::take(rest).map_err(|_| CORRUPT)?;
    let unit = i64::try_from(unit).ok().filter(|u| (1..=86_400_000).contains(u)).ok_or(CORRUPT)?;
    let steps = Column::read(rest, n, 0)?;
    let zone = bounded(rest, n, w.zones.len(), 1)?;
    let mut last = 0i64;
    let at: Box<[i64]> = steps
        .iter()
        .map(|s| {
            last = last.wrapping_add(unzigzag(s));
            last.wrapping_mul(unit)
        })
        .collect();

    // Within a set: dated rows in order of time, then the undated ones.
    let mut dated_ends = Vec::with_capacity(set_ends.len());
    let mut start = 0;
    for end in &*set_ends {
        let mut dated = start;
        while dated < *end && zone.get(dated as usize) != 0 {
            dated += 1;
        }
        let times = at.get(start as usize..dated as usize).unwrap_or(&[]);
        if !times.is_sorted() || (dated..*end).any(|r| zone.get(r as usize) != 0) {
            return Err(CORRUPT);
        }
        dated_ends.push(dated);
        start = *end;
    }

    let until_zone = below(rest, n, w.zones.len())?;
    let until = Column::read(rest, n, 0)?;
    let tag = below(rest, n, 6)?;
    let num = Column::read(rest, n, 0)?;
    let reference = below(rest, n, MAX_ITEMS)?;
    for row in 0..n {
        let limit = match tag.get(row) as u8 {
            tag::QUANTITY => w.measures.len(),
            tag::CODED => w.codeds.len(),
            tag::TEXT => w.ends.len(),
            _ => continue,
        };
        if reference.get(row) >= limit as u64 {
            return Err(CORRUPT);
        }
    }
    let status = below(rest, n, Status::ALL.len())?;
    let class = below(rest, n, w.classes.len())?;
    let [text, note] = [below(rest, n, w.ends.len())?, below(rest, n, w.ends.len())?];
    let range = below(rest, n, w.ranges.len() + 1)?;
    let record = below(rest, n, records)?;
    let part = below(rest, n, 65_536)?;
    let any_errors = !status.all_below(Status::EnteredInError as u64);
    Ok(FactColumns {
        set_ends,
        dated_ends: dated_ends.into(),
        at,
        zone,
        until_zone,
        until,
        tag,
        num,
        reference,
        status,
        class,
        text,
        note,
        range,
        record,
        part,
        any_errors,
    })
}

fn take_origins(rest: &mut &[u8], n: usize) -> Result<[Column; 4]> {
    let source = bounded(rest, n, ANY_U32, 1)?;
    let member = below(rest, n, ANY_U32)?;
    let gaps = Column::read(rest, n, 0)?;
    let len = Column::read(rest, n, 0)?;
    let mut end = 0u64;
    let offsets: Vec<u64> = gaps
        .iter()
        .zip(len.iter())
        .map(|(gap, len)| {
            let offset = end.wrapping_add(unzigzag(gap) as u64);
            end = offset.wrapping_add(len);
            offset
        })
        .collect();
    Ok([source, member, Column::pack(offsets.iter().copied(), 0), len])
}

fn take_records(
    rest: &mut &[u8],
    [ids, identities, contents]: [Box<[[u8; 16]]>; 3],
    w: &Dictionary,
) -> Result<RecordColumns> {
    let n = ids.len();
    let number = Column::read(rest, n, 0)?;
    let version = below(rest, n, w.versions.len())?;
    let group = below(rest, n, w.groups.len())?;
    let class = below(rest, n, w.record_classes.len())?;
    let type_name = below(rest, n, w.ends.len())?;
    let (updated, revision) = (Column::read(rest, n, 0)?, Column::read(rest, n, 0)?);
    let per_record = below(rest, n, MAX_ITEMS + 1)?;
    let origins = count(rest)?;
    let origin_ends = ends(&per_record, origins)?;
    let one_each = per_record.iter().all(|n| n == 1);
    let [source, member, offset, len] = take_origins(rest, origins)?;

    let k = count(rest)?;
    let of = bounded(rest, k, n, 1)?;
    let [counts, numbers] = [below(rest, k, ANY_U32)?, below(rest, k, ANY_U32)?];
    let [sum, min, max] = [Column::read(rest, k, 0)?, Column::read(rest, k, 0)?, Column::read(rest, k, 0)?];
    let series: Box<[(u32, SeriesSummary)]> = (0..k)
        .map(|i| {
            let [sum, min, max] = [&sum, &min, &max].map(|c| f64::from_bits(c.get(i)));
            (of.id(i), SeriesSummary { count: counts.id(i), numbers: numbers.id(i), sum, min, max })
        })
        .collect();
    if !series.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(CORRUPT);
    }
    Ok(RecordColumns {
        ids,
        identities,
        contents,
        number,
        version,
        group,
        class,
        type_name,
        updated,
        revision,
        origin_ends: (!one_each).then_some(origin_ends),
        source,
        member,
        offset,
        len,
        series,
    })
}

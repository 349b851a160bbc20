//! Neighbouring segments into one.

use super::dictionary::{Measure, RangeItem};
use super::query::{ObjectRef, Origin};
use super::segment::{RecordRow, Row, Segment, SegmentBuilder, Table, tag};
use crate::error::Result;
use crate::id::RecordId;
use crate::record::DecisionClass;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Merges neighbouring segments, the oldest first, into the bytes of one.
///
/// Retirements and links among them are applied; those about records elsewhere are kept. What
/// belonged only to retired records is gone from the result, dictionary and all.
///
/// # Errors
/// [`Error::TooLarge`](crate::Error::TooLarge) where together they go over the limits of one segment.
pub(crate) fn merge(segments: &[&Segment]) -> Result<Vec<u8>> {
    rewrite(segments, &Keep::ALL)
}

/// A builder that goes on where a segment ended: for records that are new, which it does not concern.
/// `None` where it has to be [merged](merge).
pub(crate) fn upon(segment: &Segment) -> Option<SegmentBuilder> {
    SegmentBuilder::upon(table(&[segment], &Keep::ALL))
}

/// What stays when segments are rewritten.
pub(crate) struct Keep<'a> {
    /// Records, by id and key group.
    pub(crate) record: &'a dyn Fn(&RecordId, u64) -> bool,
    /// Links to records of other segments, by id.
    pub(crate) linked: &'a dyn Fn(&RecordId) -> bool,
    /// Origins.
    pub(crate) origin: &'a dyn Fn(&Origin) -> bool,
    /// Where the body of a record is now, if it was moved.
    pub(crate) object: &'a dyn Fn(&RecordId) -> Option<ObjectRef>,
}

impl Keep<'static> {
    /// Everything, where it is.
    pub(crate) const ALL: Self = Self { record: &|_, _| true, linked: &|_| true, origin: &|_| true, object: &|_| None };
}

/// As [`merge`], leaving out records and origins: what erasure does to the segments that hold a
/// group (also to a single one).
///
/// # Errors
/// As [`merge`].
pub(crate) fn rewrite(segments: &[&Segment], keep: &Keep<'_>) -> Result<Vec<u8>> {
    table(segments, keep).encode()
}

fn table(segments: &[&Segment], keep: &Keep<'_>) -> Table {
    let fate = Fate::of(segments);
    let mut t = Table::new();
    let mut more = Vec::new();
    t.rows.reserve(segments.iter().map(|s| s.facts()).sum());
    t.records.reserve(segments.iter().map(|s| s.records()).sum());
    let mut links = fate.applied.iter().peekable();
    for (n, segment) in segments.iter().enumerate() {
        let mut words = Remap::new(segment);
        let mut moved = vec![NONE; segment.records()];
        for (old, new) in (0u32..).zip(&mut moved) {
            let place = (n as u32, old);
            let (id, object) = (RecordId(segment.record_id(old)), segment.object(old));
            let stays = !fate.dead.contains(&place) && (keep.record)(&id, object.group);
            if stays {
                *new = t.records.len() as u32;
                t.origins.extend(segment.origins(old).filter(keep.origin));
                let row = words.record(&mut t, segment, old, (keep.object)(&id).unwrap_or(object));
                t.records.push(row);
            }
            while let Some((_, origins)) = links.next_if(|(at, _)| **at == place) {
                if stays {
                    more.extend(origins.iter().filter(|o| (keep.origin)(o)).map(|o| (*new as usize, *o)));
                }
            }
        }
        for set in 0..segment.words.set_ends.len() as u32 {
            for at in segment.rows_of_set(set) {
                let record = moved.get(segment.rows.record.id(at) as usize).copied().unwrap_or(NONE);
                if record != NONE {
                    let row = words.row(&mut t, segment, set, at, record);
                    t.rows.push(row);
                }
            }
        }
    }
    t.add_origins(more);
    t.retired = fate.retired;
    t.links = fate.links.into_iter().flat_map(|(id, origins)| origins.into_iter().map(move |o| (id, o))).collect();
    t.links.retain(|(id, o)| (keep.origin)(o) && (keep.linked)(&RecordId(*id)));
    t
}

/// What the segments say of each other's records. Places are (segment, record).
#[derive(Default)]
struct Fate {
    dead: HashSet<(u32, u32)>,
    applied: BTreeMap<(u32, u32), Vec<Origin>>,
    /// About records elsewhere.
    retired: Vec<[u8; 16]>,
    links: BTreeMap<[u8; 16], Vec<Origin>>,
}

impl Fate {
    /// Goes through the segments in order of time: in each, retirements, then links, then records.
    fn of(segments: &[&Segment]) -> Self {
        let mut fate = Self::default();
        let mut live: HashMap<[u8; 16], Vec<(u32, u32)>> = HashMap::new();
        for s in segments {
            live.extend(s.retired.iter().map(|id| (*id, Vec::new())));
            live.extend(s.links.iter().map(|(id, _)| (*id, Vec::new())));
        }
        if live.is_empty() {
            return fate;
        }
        for (n, s) in segments.iter().enumerate() {
            for id in &s.retired {
                let here = live.get_mut(id).map(core::mem::take).unwrap_or_default();
                if here.is_empty() {
                    fate.retired.push(*id);
                    fate.links.remove(id);
                }
                fate.dead.extend(here);
            }
            for (id, origin) in &s.links {
                match live.get(id) {
                    Some(here) if !here.is_empty() => {
                        for place in here {
                            fate.applied.entry(*place).or_default().push(*origin);
                        }
                    }
                    _ => fate.links.entry(*id).or_default().push(*origin),
                }
            }
            for (record, id) in (0u32..).zip(&s.records.ids) {
                if let Some(here) = live.get_mut(id) {
                    here.push((n as u32, record));
                }
            }
        }
        fate.retired.sort_unstable();
        fate.retired.dedup();
        fate
    }
}

const NONE: u32 = u32::MAX;

/// Numbers of one segment's dictionary in the new one, found as live rows ask for them.
struct Remap {
    strings: Vec<u32>,
    sets: Vec<u32>,
    measures: Vec<u32>,
    codeds: Vec<u32>,
    ranges: Vec<u32>,
    classes: Vec<u32>,
    record_classes: Vec<u32>,
    zones: Vec<u32>,
}

/// The number that `old` has now; `new` makes it the first time.
#[inline]
fn known(map: &mut [u32], old: u32, new: impl FnOnce() -> u32) -> u32 {
    match map.get_mut(old as usize) {
        Some(n) => {
            if *n == NONE {
                *n = new();
            }
            *n
        }
        None => 0,
    }
}

impl Remap {
    fn new(s: &Segment) -> Self {
        let w = &s.words;
        Self {
            strings: vec![NONE; w.ends.len()],
            sets: vec![NONE; w.set_ends.len()],
            measures: vec![NONE; w.measures.len()],
            codeds: vec![NONE; w.codeds.len()],
            ranges: vec![NONE; w.ranges.len()],
            classes: vec![NONE; w.classes.len()],
            record_classes: vec![NONE; w.record_classes.len()],
            zones: vec![NONE; w.zones.len()],
        }
    }

    #[inline]
    fn string(&mut self, t: &mut Table, s: &Segment, old: u32) -> u32 {
        known(&mut self.strings, old, || t.words.string(s.words.string(old)))
    }

    #[inline]
    fn set(&mut self, t: &mut Table, s: &Segment, old: u32) -> u32 {
        let codes = || s.words.codes(old).map(|c| (c.system, c.code, c.display));
        known(&mut self.sets, old, || t.words.set(codes()))
    }

    #[inline]
    fn zone(&mut self, t: &mut Table, s: &Segment, old: u32) -> u32 {
        known(&mut self.zones, old, || t.words.zones.intern(s.words.zones.get(old as usize).copied().flatten()))
    }

    fn measure(&mut self, t: &mut Table, s: &Segment, old: u32) -> u32 {
        let Some(m) = s.words.measures.get(old as usize) else { return 0 };
        let strings = &mut self.strings;
        known(&mut self.measures, old, || {
            let unit = known(strings, m.unit, || t.words.string(s.words.string(m.unit)));
            let ucum = known(strings, m.ucum, || t.words.string(s.words.string(m.ucum)));
            t.words.measures.intern(Measure { unit, ucum, ..*m })
        })
    }

    fn range(&mut self, t: &mut Table, s: &Segment, old: u32) -> u32 {
        if let Some(n) = self.ranges.get(old as usize).filter(|n| **n != NONE) {
            return *n;
        }
        let Some(r) = s.words.ranges.get(old as usize) else { return 0 };
        let item = RangeItem {
            low: r.low.map(|(n, m)| (n, self.measure(t, s, m))),
            high: r.high.map(|(n, m)| (n, self.measure(t, s, m))),
            text: self.string(t, s, r.text),
            interpretation: self.string(t, s, r.interpretation),
        };
        known(&mut self.ranges, old, || t.words.ranges.intern(item))
    }

    fn coded(&mut self, t: &mut Table, s: &Segment, old: u32) -> u32 {
        if let Some(n) = self.codeds.get(old as usize).filter(|n| **n != NONE) {
            return *n;
        }
        let (set, text) = s.words.codeds.get(old as usize).copied().unwrap_or_default();
        let item = (self.set(t, s, set), self.string(t, s, text));
        known(&mut self.codeds, old, || t.words.codeds.intern(item))
    }

    fn record(&mut self, t: &mut Table, s: &Segment, record: u32, object: ObjectRef) -> RecordRow {
        let (r, at) = (&s.records, record as usize);
        let id = |ids: &[[u8; 16]]| ids.get(at).copied().unwrap_or_default();
        let class = r.class.id(at);
        let of = s.words.record_classes.get(class as usize).copied().unwrap_or_default();
        RecordRow {
            id: id(&r.ids),
            identity: id(&r.identities),
            content: id(&r.contents),
            number: object.number,
            version: t.words.versions.intern(object.version),
            group: t.words.groups.intern(object.group),
            class: known(&mut self.record_classes, class, || t.words.record_classes.intern(of)),
            type_name: self.string(t, s, r.type_name.id(at)),
            origins_end: t.origins.len(),
            series: s.series(record),
            updated: r.updated.get(at),
            revision: r.revision.get(at),
        }
    }

    fn row(&mut self, t: &mut Table, s: &Segment, set: u32, at: usize, record: u32) -> Row {
        let r = &s.rows;
        let until = s.until(at);
        let tag = r.tag.get(at) as u8;
        let old = r.reference.id(at);
        let reference = match tag {
            tag::QUANTITY => self.measure(t, s, old),
            tag::CODED => self.coded(t, s, old),
            tag::TEXT => self.string(t, s, old),
            _ => 0,
        };
        let range = match r.range.id(at).checked_sub(1) {
            Some(old) => self.range(t, s, old) + 1,
            None => 0,
        };
        let class = r.class.id(at);
        let of: Option<DecisionClass> = s.words.classes.get(class as usize).copied();
        Row {
            set: self.set(t, s, set),
            at: s.at(at),
            zone: self.zone(t, s, r.zone.id(at)),
            until: until.map_or(0, |u| u.at),
            until_zone: self.zone(t, s, r.until_zone.id(at)),
            tag,
            num: s.num(at),
            reference,
            status: r.status.get(at) as u8,
            class: of.map_or(0, |c| known(&mut self.classes, class, || t.words.classes.intern(c))),
            text: self.string(t, s, r.text.id(at)),
            note: self.string(t, s, r.note.id(at)),
            range,
            record,
            part: r.part.get(at) as u16,
        }
    }
}

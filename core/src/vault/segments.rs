//! Catalog segments in a transaction: where a commit's facts go, and when segments become one.

use super::check::or_damaged;
use super::manifest::SegmentRef;
use super::payload::Content;
use super::tx::{Tx, Work};
use crate::catalog::{self, NewRecord, Segment, SegmentBuilder};
use crate::crypto::context::Class;
use crate::error::{Error, Result};
use std::sync::Arc;

/// The longest segment that stands in the manifest.
const HERE: usize = 1536;

impl Tx<'_> {
    /// Adds a catalog segment, then merges where eight of a level stand.
    pub(crate) fn add_segment(&mut self, work: &mut Work, bytes: &[u8], staged: u32) -> Result<()> {
        let segment = Segment::decode(bytes)?;
        if staged != 0 {
            let new = self.put_segment(work, segment, bytes, 0, staged)?;
            work.manifest.segments.push(new);
            return Ok(());
        }
        self.add_visible(work, segment, bytes)?;
        self.merge_segments(work)
    }

    /// Adds a record that is new to the catalog, behind what `builder` has.
    pub(crate) fn add_record(
        &mut self,
        work: &mut Work,
        mut builder: SegmentBuilder,
        record: NewRecord<'_>,
    ) -> Result<()> {
        // Alone, it is written into the segment that stands in the manifest: the general way would
        // write it, read it, and write it again.
        let old = if builder.is_empty() { self.newest_here(work)? } else { None };
        if let Some((at, mut upon)) = old.and_then(|(at, old)| Some((at, catalog::upon(&old)?))) {
            upon.add(record);
            let bytes = upon.finish()?;
            self.take_segment(work, at)?;
            self.insert_visible(work, at, Segment::decode(&bytes)?, &bytes)?;
            return self.merge_segments(work);
        }
        builder.add(record);
        self.add_segment(work, &builder.finish()?, 0)
    }

    /// The newest segment and its place, where it stands in the manifest.
    fn newest_here(&self, work: &Work) -> Result<Option<(usize, Arc<Segment>)>> {
        let segments = &work.manifest.segments;
        // Nothing is put over what is not read.
        if segments.iter().any(|s| work.scope.misses(s)) {
            return Ok(None);
        }
        let Some(at) = segments.iter().rposition(|s| s.staged == 0) else { return Ok(None) };
        let Some(old) = segments.get(at).filter(|s| s.here.is_some()) else { return Ok(None) };
        Ok(Some((
            at,
            match work.segments.get(&old.key()) {
                Some(s) => Arc::clone(s),
                None => Arc::new(work.scope.read_segment(self.base, &*self.txn, old)?),
            },
        )))
    }

    /// A few facts join the segment that stands in the manifest, where it is the newest; when that has
    /// eight, it gets a row.
    fn add_visible(&mut self, work: &mut Work, new: Segment, bytes: &[u8]) -> Result<()> {
        let few = new.weight() < catalog::FAN;
        match self.newest_here(work)? {
            Some((at, old)) if few => {
                let bytes = catalog::merge(&[&old, &new])?;
                self.take_segment(work, at)?;
                self.insert_visible(work, at, Segment::decode(&bytes)?, &bytes)
            }
            _ => self.insert_visible(work, work.manifest.segments.len(), new, bytes),
        }
    }

    /// Into the manifest while it is small, else into a row.
    fn insert_visible(&mut self, work: &mut Work, at: usize, segment: Segment, bytes: &[u8]) -> Result<()> {
        let new = if segment.weight() < catalog::FAN && bytes.len() <= HERE {
            self.hold_segment(work, segment, bytes)
        } else {
            self.put_segment(work, segment, bytes, 0, 0)?
        };
        work.manifest.segments.insert(at, new);
        Ok(())
    }

    /// A segment that stands in the manifest.
    fn hold_segment(&self, work: &mut Work, segment: Segment, bytes: &[u8]) -> SegmentRef {
        let new = SegmentRef::here(self.version(work), segment.weight() as u64, bytes);
        work.segments.insert(new.key(), Arc::new(segment));
        new
    }

    /// A segment in a row of its own.
    fn put_segment(
        &mut self,
        work: &mut Work,
        segment: Segment,
        bytes: &[u8],
        level: u8,
        staged: u32,
    ) -> Result<SegmentRef> {
        let group = self.new_group(work)?;
        let number = self.next_row(work)?;
        let row = self.put_content_at(work, Class::Catalog, group, Content::Dense, bytes, number)?;
        let weight = segment.weight() as u64;
        let new = SegmentRef { row, group, here: None, level, weight, staged };
        work.segments.insert(new.key(), Arc::new(segment));
        Ok(new)
    }

    /// Drops a segment's row and key.
    pub(crate) fn drop_segment(&mut self, work: &mut Work, s: &SegmentRef) -> Result<()> {
        work.segments.remove(&s.key());
        if s.here.is_some() {
            return Ok(());
        }
        self.txn.delete(&work.scope.id, s.row.number)?;
        self.drop_group(work, s.group)
    }

    fn take_segment(&mut self, work: &mut Work, at: usize) -> Result<SegmentRef> {
        if at >= work.manifest.segments.len() {
            return Err(Error::Internal(56));
        }
        let old = work.manifest.segments.remove(at);
        self.drop_segment(work, &old)?;
        Ok(old)
    }

    /// Puts a segment in the place of another, in the order of segments too.
    pub(crate) fn replace_segment(&mut self, work: &mut Work, at: usize, bytes: &[u8]) -> Result<()> {
        let old = self.take_segment(work, at)?;
        let segment = Segment::decode(bytes)?;
        let new = if old.here.is_some() && bytes.len() <= HERE {
            self.hold_segment(work, segment, bytes)
        } else {
            self.put_segment(work, segment, bytes, old.level, old.staged)?
        };
        work.manifest.segments.insert(at, new);
        Ok(())
    }

    /// Gives a row to a segment that stands in the manifest and is the newest no more: at most one does.
    pub(super) fn settle_segments(&mut self, work: &mut Work) -> Result<()> {
        let Some(last) = work.manifest.segments.iter().rposition(|s| s.staged == 0) else { return Ok(()) };
        for at in 0..last {
            let Some(s) = work.manifest.segments.get(at).filter(|s| !work.scope.misses(s)) else { continue };
            let Some(bytes) = s.here.clone() else { continue };
            self.take_segment(work, at)?;
            let new = self.put_segment(work, Segment::decode(&bytes)?, &bytes, 0, 0)?;
            work.manifest.segments.insert(at, new);
        }
        Ok(())
    }

    /// Merges visible segments as the level plan asks for: bounded work per commit.
    pub(crate) fn merge_segments(&mut self, work: &mut Work) -> Result<()> {
        // What stands behind one that is not read stays behind it: it may be about what that one tells of.
        if work.manifest.segments.iter().any(|s| work.scope.misses(s)) {
            return Ok(());
        }
        loop {
            let all = &work.manifest.segments;
            let visible: Vec<usize> = (0..all.len()).filter(|i| all.get(*i).is_some_and(|s| s.staged == 0)).collect();
            let levels: Vec<(u8, usize)> =
                visible.iter().filter_map(|i| all.get(*i)).map(|s| (s.level, s.weight as usize)).collect();
            let Some(plan) = catalog::plan(&levels) else { return Ok(()) };
            let chosen: Vec<usize> = visible.get(plan.segments).ok_or(Error::Internal(49))?.to_vec();
            let refs: Vec<SegmentRef> = chosen.iter().filter_map(|i| all.get(*i).cloned()).collect();
            let parts = refs
                .iter()
                .map(|r| match work.segments.get(&r.key()) {
                    Some(s) => Ok(Arc::clone(s)),
                    None => work.scope.read_segment(self.base, &*self.txn, r).map(Arc::new),
                })
                .collect::<Result<Vec<_>>>()?;
            let borrowed: Vec<&Segment> = parts.iter().map(|s| &**s).collect();
            let merged = catalog::merge(&borrowed)?;
            for r in &refs {
                self.drop_segment(work, r)?;
            }
            // The merged segment takes the place of its oldest part: order stays that of arrival,
            // so that links and retirements of later segments still find earlier records.
            let at = chosen.first().copied().unwrap_or(0);
            let mut i = 0;
            work.manifest.segments.retain(|_| {
                i += 1;
                !chosen.contains(&(i - 1))
            });
            let new = self.put_segment(work, Segment::decode(&merged)?, &merged, plan.level, 0)?;
            work.manifest.segments.insert(at.min(work.manifest.segments.len()), new);
        }
    }

    /// Leaves behind the segments that are damaged; how many there were.
    pub(crate) fn leave_missing(&mut self, work: &mut Work) -> Result<u64> {
        let mut lost = work.manifest.segments.clone();
        lost.retain(|s| work.scope.misses(s));
        work.manifest.segments.retain(|s| !work.scope.misses(s));
        for s in lost.iter().filter(|s| s.here.is_none()) {
            self.txn.delete(&work.scope.id, s.row.number)?;
            // Its key may stand on a page that is damaged, and is lost with it.
            or_damaged(self.drop_group(work, s.group))?;
        }
        Ok(lost.len() as u64)
    }

    /// Reads the visible segments that this working copy does not hold yet: those just published.
    pub(crate) fn load_segments(&mut self, work: &mut Work) -> Result<()> {
        self.load_staged(work, 0)
    }

    /// Reads the segments of an import that is not finished; 0 is what is visible.
    pub(crate) fn load_staged(&mut self, work: &mut Work, mark: u32) -> Result<()> {
        for s in work.manifest.segments.iter().filter(|s| s.staged == mark) {
            if let std::collections::btree_map::Entry::Vacant(v) = work.segments.entry(s.key()) {
                v.insert(Arc::new(work.scope.read_segment(self.base, &*self.txn, s)?));
            }
        }
        Ok(())
    }
}

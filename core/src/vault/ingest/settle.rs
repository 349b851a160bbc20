//! The last look at an import before it is published, under the write lock: which version of each
//! thing is shown, and what another import published meanwhile.

use super::documents;
use super::ties::{TieList, join};
use super::versions::Versions;
use crate::catalog::{self, Catalog, Keep, NewRecord, Origin, RecordRef, SegmentBuilder};
use crate::error::{Error, Limit, Result};
use crate::id::{Identity, RecordId};
use crate::import::Report;
use crate::label::{Confidentiality, Obligations, Sensitivities};
use crate::record::{FactDraft, Revision};
use crate::vault::manifest::{Manifest, SegmentRef, Staged};
use crate::vault::tx::{Tx, Work};
use core::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Records that one segment puts in their place at most.
const SEGMENT: usize = 1000;

/// What reading leaves to be settled.
pub(crate) struct Pending {
    several: BTreeSet<Identity>,
    renewed: BTreeMap<RecordId, Revision>,
    /// The segments that were visible when reading began.
    base: Vec<(u64, u64)>,
    /// What was visible then, where part of the import was read by an earlier run: before others
    /// may have published.
    resumed: Option<Arc<Catalog>>,
    ties: TieList,
}

/// The segments that queries see, by row.
pub(crate) fn visible(manifest: &Manifest) -> Vec<(u64, u64)> {
    manifest.segments.iter().filter(|s| s.staged == 0).map(SegmentRef::key).collect()
}

impl Pending {
    pub(crate) fn new(versions: Versions, base: Vec<(u64, u64)>, resumed: Option<Arc<Catalog>>, ties: TieList) -> Self {
        Self { several: versions.several, renewed: versions.renewed, base, resumed, ties }
    }
}

/// Whether reading it again has counted it as linked: it was published before this run began.
fn counted(began: Option<&Arc<Catalog>>, r: &RecordRef<'_>) -> bool {
    began.is_some_and(|began| match r.series() {
        Some(_) => began.find_record(&r.id()).is_some(),
        None => began.find_identity(&r.identity()).is_some_and(|p| p.content() == r.content()),
    })
}

/// What became of a staged record, where it is not simply new.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Replaced,
    Superseded,
    Linked,
}

#[derive(Default)]
struct Settled {
    /// From now on history.
    history: BTreeSet<RecordId>,
    /// Staged although the very same record was published meanwhile.
    doubled: BTreeSet<RecordId>,
    links: Vec<(RecordId, Origin)>,
    ends: BTreeMap<RecordId, End>,
    renewed: BTreeMap<RecordId, Revision>,
    /// Records that are protected as another one is, too.
    joined: BTreeMap<RecordId, Protection>,
    /// What is shown of things from now on, and what was.
    instead: Vec<(RecordId, Protection, RecordId)>,
}

/// What is left to be done when an import is published.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Segments to be added behind the import's own.
    pub(crate) segments: Vec<Vec<u8>>,
    /// What is no longer what it was: from now on history, or better protected.
    pub(crate) changed: BTreeSet<RecordId>,
    /// What was here, in all its versions, of things that are better protected than they were.
    pub(crate) raised: BTreeMap<RecordId, Protection>,
}

/// Settles a staged import; `None` where another one brought samples meanwhile that this one may have taken for
/// new: which of them a chunk holds is told only by reading the file again.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    work: &mut Work,
    staged: &Staged,
    mut pending: Pending,
    report: &mut Report,
) -> Result<Option<Outcome>> {
    let look_again = pending.resumed.is_some() || visible(&work.manifest) != pending.base;
    let before = Arc::clone(work.scope.catalog()?);
    documents::tie(&mut pending.ties, tx.base, &*tx.txn, &work.scope, &before)?;
    let tied = !pending.ties.is_empty(&before, &pending.several);
    if !look_again && pending.several.is_empty() && pending.renewed.is_empty() && !tied {
        return Ok(Some(Outcome::default()));
    }
    let unseen = work.manifest.segments.iter().filter(|s| s.staged == 0 && !pending.base.contains(&s.key()));
    let unseen = Catalog::of(unseen.filter_map(|s| work.segments.get(&s.key()).cloned()));
    let mark = staged.mark().ok_or(Error::TooLarge(Limit::Capacity))?;
    tx.load_staged(work, mark)?;
    let of = |mine: bool| {
        let all = work.manifest.segments.iter();
        let chosen = all.filter(move |s| s.staged == mark || !mine && s.staged == 0);
        Catalog::of(chosen.filter_map(|s| work.segments.get(&s.key()).cloned()))
    };
    let (mine, all) = (of(true), of(false));
    let mut settled = Settled { renewed: pending.renewed, ..Settled::default() };
    let mut things: BTreeMap<Identity, Vec<RecordRef<'_>>> = BTreeMap::new();
    for r in mine.records() {
        let identity = r.identity();
        if r.series().is_some() {
            if look_again && before.find_record(&r.id()).is_some() {
                settled.doubled(&r);
                if !counted(pending.resumed.as_ref(), &r) {
                    samples_linked(&r, report);
                }
            } else if unseen.versions(&r.identity()).next().is_some()
                || pending.resumed.is_some() && is_since(tx, work, &before, &r.identity(), staged.began)?
            {
                return Ok(None);
            }
        } else if pending.several.contains(&identity) || look_again && before.versions(&identity).next().is_some() {
            things.entry(identity).or_default().push(r);
        }
    }
    for (id, protection) in pending.ties.copies() {
        settled.protect(*id, *protection, &all);
    }
    for (identity, staged) in &things {
        settled.thing(&before, identity, staged);
    }
    if let Some(unknown) = pending.ties.of_bytes() {
        mine.records().filter(|r| r.type_name() == "Binary").for_each(|r| settled.raise(&r, unknown));
    }
    // Twice: what one raises may be what another takes its labels from.
    for _ in 0..2 {
        let shown = |r: &RecordRef<'_>| !settled.history.contains(&r.id());
        for (r, labels) in pending.ties.raised(&all, &shown, &|r| settled.protection(r)) {
            settled.raise(&r, labels);
        }
    }
    settled.count(&mine, pending.resumed.as_ref(), report);
    let segments = settled.segments(&before, &all)?;
    if !settled.doubled.is_empty() {
        drop_doubled(tx, work, mark, &settled.doubled)?;
    }
    // What was made from a record before its labels were known has less than these.
    let raised = settled.joined.keys().filter(|id| before.find_record(id).is_some()).copied();
    let changed = settled.history.iter().copied().chain(raised).collect();
    Ok(Some(Outcome { segments, changed, raised: settled.raised(&before) }))
}

/// Whether chunks of a series and month were published since then: what an earlier run read did not know them.
fn is_since(tx: &Tx<'_>, work: &Work, before: &Catalog, of: &Identity, then: i64) -> Result<bool> {
    let sources: BTreeSet<u32> = before.versions(of).flat_map(|r| r.origins()).map(|o| o.source).collect();
    for source in sources {
        if tx.source_entry(work, source)?.imported_at >= then {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What labels say of a record.
pub(crate) type Protection = (Confidentiality, Sensitivities, Obligations);

impl Settled {
    fn protection(&self, r: &RecordRef<'_>) -> Protection {
        self.joined.get(&r.id()).copied().unwrap_or((r.confidentiality(), r.sensitivities(), r.obligations()))
    }

    /// What protects a copy of it protects the record, too.
    fn protect(&mut self, id: RecordId, copy: Protection, all: &Catalog) {
        if let Some(r) = all.find_record(&id) {
            self.raise(&r, copy);
        }
    }

    /// What protects the other protects this one, too.
    fn join(&mut self, one: &RecordRef<'_>, other: &RecordRef<'_>) {
        self.raise(one, self.protection(other));
    }

    fn raise(&mut self, one: &RecordRef<'_>, theirs: Protection) {
        let mine = self.protection(one);
        let all = join(mine, theirs);
        if all != mine {
            self.joined.insert(one.id(), all);
        }
    }

    fn doubled(&mut self, r: &RecordRef<'_>) {
        self.doubled.insert(r.id());
        self.links.extend(r.origins().into_iter().map(|o| (r.id(), o)));
    }

    /// One thing: what was shown of it, then what this import brings, in the order of its file.
    fn thing(&mut self, before: &Catalog, identity: &Identity, staged: &[RecordRef<'_>]) {
        let published = before.find_identity(identity);
        let mut shown = published;
        for r in staged {
            if before.find_record(&r.id()).is_some() {
                self.doubled(r);
                self.ends.insert(r.id(), End::Linked);
                continue;
            }
            if r.is_history() {
                continue;
            }
            let Some(s) = shown else {
                shown = Some(*r);
                continue;
            };
            let mine = published.is_none_or(|p| p.id() != s.id());
            let known = self.renewed.get(&s.id()).copied().unwrap_or(s.revision());
            if s.content() == r.content() && !mine {
                // Published meanwhile in another printing, whose bytes are not these.
                self.links.extend(r.origins().into_iter().map(|o| (s.id(), o)));
                self.history.insert(r.id());
                self.ends.insert(r.id(), End::Linked);
                if r.revision().exceeds(&known) {
                    self.renewed.insert(s.id(), r.revision());
                }
                continue;
            }
            let new = self.renewed.get(&r.id()).copied().unwrap_or(r.revision());
            if new.order(&known) == Some(Ordering::Less) {
                self.history.insert(r.id());
                self.ends.insert(r.id(), End::Superseded);
                continue;
            }
            self.history.insert(s.id());
            if mine {
                self.ends.insert(s.id(), End::Superseded);
            }
            if published.is_some() {
                self.ends.insert(r.id(), End::Replaced);
            }
            shown = Some(*r);
        }
        if let Some(s) = shown {
            published.iter().chain(staged).for_each(|r| self.join(&s, r));
            let own = (s.confidentiality(), s.sensitivities(), s.obligations());
            self.instead.extend(published.filter(|p| p.id() != s.id()).map(|p| (s.id(), own, p.id())));
        }
    }

    /// Whoever was shown an older version was shown the thing.
    fn raised(&self, before: &Catalog) -> BTreeMap<RecordId, Protection> {
        let renewed = self.instead.iter().map(|(new, own, old)| (*old, self.joined.get(new).copied().unwrap_or(*own)));
        let mut out = BTreeMap::new();
        for (id, now) in renewed.chain(self.joined.iter().map(|(id, now)| (*id, *now))) {
            let Some(r) = before.find_record(&id) else { continue };
            let was = (r.confidentiality(), r.sensitivities(), r.obligations());
            if join(was, now) != was {
                for v in before.versions(&r.identity()) {
                    out.entry(v.id()).and_modify(|known| *known = join(*known, now)).or_insert(now);
                }
            }
        }
        out
    }

    /// Corrects the report: each of these was counted as imported when it was read.
    fn count(&self, mine: &Catalog, began: Option<&Arc<Catalog>>, report: &mut Report) {
        for (id, end) in &self.ends {
            let Some(r) = mine.find_record(id) else { continue };
            if *end == End::Linked && counted(began, &r) {
                continue;
            }
            report.tally(r.type_name(), |count| {
                let counted = if r.is_history() { &mut count.superseded } else { &mut count.imported };
                *counted = counted.saturating_sub(1);
                match end {
                    End::Replaced => count.replaced += 1,
                    End::Superseded => count.superseded += 1,
                    End::Linked => count.linked += 1,
                }
            });
            if *end != End::Replaced {
                report.facts = report.facts.saturating_sub(r.facts().len() as u64);
            }
        }
    }

    /// Puts each record in its place: retired, and added again as what it is now.
    fn segments(&self, before: &Catalog, all: &Catalog) -> Result<Vec<Vec<u8>>> {
        let moved: BTreeSet<RecordId> =
            self.history.iter().chain(self.renewed.keys()).chain(self.joined.keys()).copied().collect();
        let mut out = Vec::new();
        let mut builder = SegmentBuilder::new();
        let mut n = 0;
        for id in moved {
            let found = if self.doubled.contains(&id) { before.find_record(&id) } else { all.find_record(&id) };
            let Some(r) = found else { continue };
            if n == SEGMENT {
                out.push(core::mem::take(&mut builder).finish()?);
                n = 0;
            }
            n += 1;
            let history = r.is_history() || self.history.contains(&id);
            let facts: Vec<FactDraft> = if history { Vec::new() } else { r.facts().map(|f| f.to_row().fact).collect() };
            let (confidentiality, sensitivities, obligations) = self.protection(&r);
            builder.retire(id);
            builder.add(NewRecord {
                id,
                identity: r.identity(),
                content: r.content(),
                object: r.object(),
                origins: &r.origins(),
                author: r.author(),
                confidentiality,
                sensitivities,
                obligations,
                type_name: r.type_name(),
                facts: &facts,
                series: r.series(),
                revision: self.renewed.get(&id).copied().unwrap_or(r.revision()),
                history,
            });
        }
        for (id, origin) in &self.links {
            builder.link(*id, *origin);
        }
        if !builder.is_empty() {
            out.push(builder.finish()?);
        }
        Ok(out)
    }
}

/// A whole chunk of samples was published meanwhile.
fn samples_linked(r: &RecordRef<'_>, report: &mut Report) {
    let n = r.series().map_or(0, |s| u64::from(s.count));
    let Some(fact) = r.facts().next().map(|f| f.to_row().fact) else { return };
    let Some(code) = fact.codes.first() else { return };
    report.tally(&code.code, |count| {
        count.imported = count.imported.saturating_sub(n);
        count.linked += n;
    });
    report.facts = report.facts.saturating_sub(1);
}

/// Rewrites staged segments without the records that are in the catalog already.
fn drop_doubled(tx: &mut Tx<'_>, work: &mut Work, mark: u32, doubled: &BTreeSet<RecordId>) -> Result<()> {
    for at in 0..work.manifest.segments.len() {
        let Some(s) = work.manifest.segments.get(at).filter(|s| s.staged == mark) else { continue };
        let segment = work.segments.get(&s.key()).ok_or(Error::Internal(91))?;
        if !doubled.iter().any(|id| segment.holds(id)) {
            continue;
        }
        let bytes = catalog::rewrite(&[&**segment], &Keep { record: &|id, _| !doubled.contains(id), ..Keep::ALL })?;
        tx.replace_segment(work, at, &bytes)?;
    }
    Ok(())
}

//! What a partition holds and nothing in it names any more: content of which the segment or the page of sources was
//! damaged and left behind. Nobody can tell what it is, so it may be of what is erased.

use super::act::Destroyed;
use crate::audit::{AuditEvent, Gesture, items_root};
use crate::catalog::{Catalog, Seeded};
use crate::error::Result;
use crate::keyring::PAGE_KEYS;
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::state::{Target, Writing};
use crate::vault::tx::Tx;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// How the entry of it is named.
pub(in crate::vault) const UNNAMED: &str = "unnamed";
/// The counter in a row's number.
const COUNTER: u64 = (1 << 40) - 1;

/// Keys and rows of content that are unnamed in a partition.
pub(in crate::vault) struct Unnamed {
    groups: Vec<u64>,
    rows: Vec<u64>,
}

/// What a partition names.
#[derive(Default)]
struct Named {
    /// With a key that is used.
    groups: HashSet<u64, Seeded>,
    rows: HashSet<u64, Seeded>,
    /// Of unfinished imports: their rows are told by their group.
    staged: BTreeSet<u64>,
}

impl Named {
    fn of(base: &Base, txn: &dyn ReadTxn, scope: &Scope) -> Result<Self> {
        let mut all = Self::default();
        let manifest = &scope.manifest;
        all.staged.extend(manifest.staged.iter().map(|s| s.group));
        for s in &manifest.segments {
            if s.here.is_none() {
                all.groups.insert(s.group);
                all.rows.insert(s.row.number);
            }
            let segment = match scope.segments().get(&s.key()) {
                Some(segment) => Arc::clone(segment),
                None => Arc::new(scope.read_segment(base, txn, s)?),
            };
            // Each by itself: what a later one retired is named as well.
            for record in Catalog::of([segment]).records() {
                all.groups.insert(record.object().group);
                all.rows.insert(record.object().number >> 8);
            }
        }
        for row in &manifest.source_pages {
            for source in scope.source_page(base, txn, row)?.iter().filter(|s| s.finished) {
                all.groups.insert(source.group);
                all.rows.extend(source.envelope.iter().chain(&source.names).map(|(number, _)| *number));
            }
        }
        for c in &manifest.consents {
            all.groups.insert(c.group);
            all.rows.insert(c.number);
        }
        Ok(all)
    }
}

/// What nothing names, by partition. Of one of which a list is damaged nothing is known.
pub(in crate::vault) fn unnamed(tx: &Tx<'_>, w: &Writing) -> Result<Vec<(usize, Unnamed)>> {
    let (base, txn) = (tx.base, &*tx.txn as &dyn ReadTxn);
    let mut all = BTreeMap::new();
    for (at, scope) in w.state.partitions.iter().enumerate().filter(|(at, _)| w.can_change(*at)) {
        let Some(named) = or_damaged(Named::of(base, txn, scope))? else { continue };
        let mut groups = Vec::new();
        for page in 0..=scope.manifest.key_pages.len() {
            let first = (page * PAGE_KEYS) as u64 + 1;
            let Some((keys, _)) = or_damaged(scope.group_page(base, txn, first))? else { continue };
            let here = (0..PAGE_KEYS).filter(|slot| keys.get(*slot).is_some()).map(|slot| first + slot as u64);
            groups.extend(here.filter(|group| !named.groups.contains(group) && !named.staged.contains(group)));
        }
        all.insert(scope.id, (at, scope, named, Unnamed { groups, rows: Vec::new() }));
    }
    txn.places(&mut |of, number, group| {
        let Some((_, scope, named, unnamed)) = of.and_then(|of| all.get_mut(&of)) else { return Ok(()) };
        // Bookkeeping is of no group. What is past the manifest's numbers is no row of it.
        let content = group != 0 && number & COUNTER < scope.manifest.next_row;
        if content && !named.rows.contains(&number) && !named.staged.contains(&group) {
            unnamed.rows.push(number);
        }
        Ok(())
    })?;
    let all = all.into_values().map(|(at, _, _, unnamed)| (at, unnamed));
    Ok(all.filter(|(_, unnamed)| !unnamed.groups.is_empty() || !unnamed.rows.is_empty()).collect())
}

impl Unnamed {
    /// Destroys it, with an entry.
    pub(in crate::vault) fn destroy(
        self,
        tx: &mut Tx<'_>,
        w: &mut Writing,
        at: usize,
        gesture: &Gesture,
    ) -> Result<Destroyed> {
        let work = w.work(tx, Target::Partition(at))?;
        for group in &self.groups {
            tx.drop_group(work, *group)?;
        }
        for number in &self.rows {
            tx.txn.delete(&work.scope.id, *number)?;
        }
        let done = Destroyed { keys: self.groups.len() as u64, rows: self.rows.len() as u64, kept: 0 };
        let event = AuditEvent::Erased {
            what: UNNAMED.into(),
            records: 0,
            sources: 0,
            keys: done.keys,
            rows: done.rows,
            sealed_anew: 0,
            ids_root: items_root(&[0; 32], core::iter::empty())?,
            gesture: gesture.clone(),
        };
        let entry = tx.log(work, event)?;
        work.manifest.unswept.push(entry);
        Ok(done)
    }
}

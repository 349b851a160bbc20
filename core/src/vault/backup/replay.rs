//! Repeating in a restored space what a later state of the same space no longer holds.
//!
//! The later state is believed because its logs begin with the restored one's, root for root: nobody
//! who lacks the keys can make that. Nothing remembers what was erased, so what is missing there is what
//! was erased or deleted, whichever; a restore must bring neither back.

use super::anew::{counts, standings};
use crate::audit::{AuditEvent, Gesture, items_root};
use crate::catalog::{RecordRef, series};
use crate::consent::Standing;
use crate::crypto::context::Class;
use crate::crypto::random_array;
use crate::error::{Error, Part, Result};
use crate::id::{GrantId, Identity, RecordId, Timestamp};
use crate::ledger::tree;
use crate::record::Sample;
use crate::storage::ReadTxn;
use crate::vault::erase::{Destroyed, Rests, act, forget_entries, forget_the_rest};
use crate::vault::ingest::sample_key;
use crate::vault::logs::tree_head;
use crate::vault::memory::set_aside;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::state::{State, Target, Writing};
use crate::vault::tx::{ReadRows, Tx};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use zeroize::Zeroizing;

/// What is missing in the later state of one scope.
pub(super) struct Missing {
    target: Target,
    records: BTreeSet<RecordId>,
    /// What is left there of chunks of samples.
    rests: Rests,
    sources: BTreeSet<u32>,
    entries: BTreeSet<u64>,
    /// Whether no conversation is left there.
    silent: bool,
    /// Memories and turns that were set aside there, in the version that stands here.
    aside: Vec<RecordId>,
    /// Permissions that were withdrawn there, or replaced by a newer version from elsewhere, as they stood before.
    ended: Vec<(GrantId, Standing)>,
}

/// Compares every scope of an older state with a later one.
///
/// # Errors
/// [`Error::RolledBack`] where it is not later; [`Error::Forked`] where it is not of this history.
pub(super) fn compare(
    (base, txn, old): (&Base, &dyn ReadTxn, &State),
    (later_base, later_txn, later): (&Base, &dyn ReadTxn, &State),
) -> Result<Vec<Missing>> {
    if base.space != later_base.space {
        return Err(Error::Forked);
    }
    let system = later.system.as_ref().ok_or(Error::NeedsFullSlot)?;
    later.has_all()?;
    let mut all = Vec::new();
    let partitions = old.partitions.iter().enumerate().map(|(i, p)| (Target::Partition(i), p));
    for (target, scope) in old.system.iter().map(|s| (Target::System, s)).chain(partitions) {
        let mut others = std::iter::once(system).chain(&later.partitions);
        let other = others.find(|s| s.id == scope.id).ok_or(Error::Forked)?;
        continues(later_txn, scope, other)?;
        // What is only not read there was not erased there.
        other.catalog()?;
        let there = |id: &RecordId| other.readable.find_record(id).is_some();
        let records: BTreeSet<RecordId> = scope.readable.records().map(|r| r.id()).filter(|id| !there(id)).collect();
        let mut rests = Rests::new();
        for record in scope.readable.records().filter(|r| r.series().is_some() && records.contains(&r.id())) {
            let identity = record.identity();
            let left: Vec<_> = other.readable.versions(&identity).collect();
            let left: HashSet<_> = samples(later_base, later_txn, other, &left)?.iter().map(sample_key).collect();
            let mut rest = samples(base, txn, scope, &[record])?;
            rest.retain(|s| left.contains(&sample_key(s)));
            if !rest.is_empty() {
                rests.insert(record.id(), rest);
            }
        }
        let before = finished(base, txn, scope)?;
        let after = finished(later_base, later_txn, other)?;
        let gone = |i: u64| other.manifest.is_erased(i) && !scope.manifest.is_erased(i);
        all.push(Missing {
            target,
            records,
            rests,
            sources: before.difference(&after).copied().collect(),
            entries: (0..scope.head.log_size).filter(|i| gone(*i)).collect(),
            silent: other.manifest.conversation_pages.is_empty(),
            aside: aside(scope, other),
            ended: ended(base.env.now(), scope, other),
        });
    }
    Ok(all)
}

/// What was set aside there, as what it was made from was erased or replaced, and stands here.
fn aside(scope: &Scope, later: &Scope) -> Vec<RecordId> {
    let there = later.manifest.tags.quarantined.iter().filter_map(|id| later.readable.find_record(id));
    // What was written anew since has another id.
    let things: BTreeSet<Identity> = there.map(|r| r.identity()).collect();
    scope.notes().into_iter().filter(|r| things.contains(&r.identity())).map(|r| r.id()).collect()
}

/// What a partition permits in the older state and no longer in the later one, by what was done there.
fn ended(now: Timestamp, scope: &Scope, later: &Scope) -> Vec<(GrantId, Standing)> {
    let there: BTreeMap<GrantId, Standing> = standings(later, now).into_iter().collect();
    let is_over = |id: &GrantId| {
        let newer = later.policy.state.imported(*id).is_some()
            && later.policy.state.version(*id) != scope.policy.state.version(*id);
        newer || matches!(there.get(id), None | Some(Standing::Withdrawn))
    };
    let here = standings(scope, now).into_iter().filter(|(_, standing)| *standing != Standing::Withdrawn);
    here.filter(|(id, _)| is_over(id)).collect()
}

/// The samples of chunks.
fn samples(base: &Base, txn: &dyn ReadTxn, scope: &Scope, chunks: &[RecordRef<'_>]) -> Result<Vec<Sample>> {
    let (mut all, mut raw) = (Vec::new(), Zeroizing::new(Vec::new()));
    for chunk in chunks {
        scope.open_object(base, txn, Class::Series, &chunk.object(), &mut raw)?;
        all.extend(series::decode(&raw)?);
    }
    Ok(all)
}

/// Whether a log begins with another one.
fn continues(txn: &dyn ReadTxn, scope: &Scope, later: &Scope) -> Result<()> {
    let (old, new) = (tree_head(scope), tree_head(later));
    if new.size < old.size {
        return Err(Error::RolledBack);
    }
    let root = tree::root(&ReadRows(txn, later.log()), old.size).map_err(|_| Error::Corrupt(Part::Ledger))?;
    if root != old.root {
        return Err(Error::Forked);
    }
    Ok(())
}

/// Ordinals of the finished sources. They are given out once and never again.
fn finished(base: &Base, txn: &dyn ReadTxn, scope: &Scope) -> Result<BTreeSet<u32>> {
    let (mut all, mut ordinal) = (BTreeSet::new(), 0);
    for row in &scope.manifest.source_pages {
        for entry in scope.source_page(base, txn, row)?.iter() {
            if entry.finished {
                all.insert(ordinal);
            }
            ordinal += 1;
        }
    }
    Ok(all)
}

/// Erases what entries say that say nothing there. Before anything is entered: the key of each log is
/// replaced, and what stands in it already sealed anew.
pub(super) fn forget(tx: &mut Tx<'_>, w: &mut Writing, missing: &[Missing]) -> Result<u64> {
    let mut done = 0;
    for m in missing.iter().filter(|m| !m.entries.is_empty()) {
        let work = w.work(tx, m.target)?;
        forget_entries(tx, work, &m.entries)?;
        done += m.entries.len() as u64;
    }
    Ok(done)
}

/// Withdraws what was withdrawn there: it does not wait to be confirmed, as the rest does. How many would
/// have counted among those that wait.
pub(super) fn withdraw(tx: &mut Tx<'_>, w: &mut Writing, missing: &[Missing]) -> Result<u64> {
    let mut done = BTreeSet::new();
    for m in missing {
        for (grant, standing) in &m.ended {
            let work = w.work(tx, m.target)?;
            work.manifest.denied.push(*grant);
            tx.log(work, AuditEvent::Withdrawn { grant: *grant, gesture: None })?;
            w.end_grant(tx, *grant)?;
            if counts(*standing) {
                done.insert(*grant);
            }
        }
    }
    Ok(done.len() as u64)
}

/// Erases records and sources that are missing, as they were erased there, and sets aside what was set aside: how many
/// of each were erased.
pub(super) fn repeat(tx: &mut Tx<'_>, w: &mut Writing, missing: &[Missing], gesture: &Gesture) -> Result<(u64, u64)> {
    let (mut records, mut sources) = (0, 0);
    for m in missing {
        let work = w.work(tx, m.target)?;
        // Only erasing everything takes conversations.
        if m.silent && !work.manifest.conversation_pages.is_empty() {
            forget_the_rest(tx, work)?;
        }
        if !m.records.is_empty() || !m.sources.is_empty() {
            let Destroyed { keys, rows, kept } = act(tx, work, &m.records, &m.sources, &m.rests)?;
            let salt: [u8; 32] = random_array()?;
            let event = AuditEvent::Erased {
                what: "restored".into(),
                records: m.records.len() as u64,
                sources: m.sources.len() as u64,
                keys,
                rows,
                sealed_anew: kept,
                ids_root: items_root(&salt, m.records.iter().map(|id| &id.0[..]))?,
                gesture: gesture.clone(),
            };
            let entry = tx.log(work, event)?;
            work.manifest.unswept.push(entry);
        }
        if let Target::Partition(at) = m.target {
            set_aside(tx, w, at, m.aside.iter().filter(|id| !m.records.contains(id)).copied().collect())?;
        }
        records += m.records.len() as u64;
        sources += m.sources.len() as u64;
    }
    Ok((records, sources))
}

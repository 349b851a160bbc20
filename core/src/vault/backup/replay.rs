//! Repeating in a restored space what a later state of the same space no longer holds.
//!
//! The later state is believed because its logs begin with the restored one's, root for root: nobody
//! who lacks the keys can make that. Nothing remembers what was erased: it is what is missing there and what the log
//! and the keys say was erased or deleted, whichever; a restore must bring neither back.

use super::accounted::{Erased, Said, Unaccounted};
use super::anew::{Filed, counts, standings};
use crate::audit::{AuditEvent, Gesture, items_root};
use crate::catalog::{RecordRef, series};
use crate::consent::{ReadConsent, Standing};
use crate::crypto::context::Class;
use crate::crypto::random_array;
use crate::error::{Error, Part, Result};
use crate::id::{GrantId, Identity, RecordId, Timestamp};
use crate::ledger::tree;
use crate::record::Sample;
use crate::storage::ReadTxn;
use crate::vault::erase::{Destroyed, MOST_ENTRIES, Rests, act, forget_entries, forget_the_rest, unnamed};
use crate::vault::ingest::sample_key;
use crate::vault::logs::tree_head;
use crate::vault::memory::set_aside;
use crate::vault::policy_row::{FiledConsent, Origin};
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
    /// Consents from elsewhere that refuse something and were filed there since.
    refusals: Vec<FiledConsent>,
    /// What is missing there and was not erased, as far as is known.
    unaccounted: Unaccounted,
    /// Whether it cannot be known of all that was erased there.
    unsure: bool,
    /// The partition's name.
    name: Option<String>,
}

impl Missing {
    fn nothing(target: Target) -> Self {
        Self {
            target,
            records: BTreeSet::new(),
            rests: Rests::new(),
            sources: BTreeSet::new(),
            entries: BTreeSet::new(),
            silent: false,
            aside: Vec::new(),
            ended: Vec::new(),
            refusals: Vec::new(),
            unaccounted: Unaccounted::default(),
            unsure: false,
            name: None,
        }
    }
}

/// Whether it is not known of all that was erased since, and partitions of which it is not, by name.
pub(super) fn unsure(missing: &[Missing]) -> (bool, Vec<String>) {
    let of = || missing.iter().filter(|m| m.unsure);
    (of().next().is_some(), of().filter_map(|m| m.name.clone()).collect())
}

/// What is missing in all scopes and was not erased, as far as is known.
pub(super) fn unaccounted(missing: &[Missing]) -> Unaccounted {
    let of = |part: fn(&Unaccounted) -> u64| missing.iter().map(|m| part(&m.unaccounted)).sum();
    Unaccounted { records: of(|u| u.records), sources: of(|u| u.sources), entries: of(|u| u.entries) }
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
        let Some(other) = others.find(|s| s.id == scope.id) else {
            // By a log that goes on from this one: then it was too damaged there.
            let anew = later.partitions.iter().find(|p| p.ordinal == scope.ordinal).ok_or(Error::Forked)?;
            let mut ended = ended(base.env.now(), scope, anew);
            ended.retain(|(id, _)| scope.policy.state.imported(*id).is_some());
            let (refusals, name) = (refusals(scope, anew), scope.policy.name.clone());
            all.push(Missing { ended, refusals, unsure: true, name: Some(name), ..Missing::nothing(target) });
            continue;
        };
        continues(later_txn, scope, other)?;
        // What is only not read there was not erased there.
        other.catalog()?;
        let there = |id: &RecordId| other.readable.find_record(id).is_some();
        let gone: Vec<RecordRef<'_>> = scope.readable.records().filter(|r| !there(&r.id())).collect();
        let said = Said::since(later_base, later_txn, other, scope.head.log_size)?;
        let before = Sources::of(base, txn, scope)?;
        let after = Sources::of(later_base, later_txn, other)?;
        let absent: BTreeSet<u32> = before.finished.difference(&after.finished).copied().collect();
        let erased: BTreeSet<u32> = absent.difference(&after.unknown).copied().collect();
        let Erased { records, unsure } = said.erased((later_base, later_txn, other), &gone, &erased)?;
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
        let sources =
            absent.iter().copied().filter(|n| !after.unknown.contains(n) || is_emptied(scope, *n, &records, &rests));
        let sources: BTreeSet<u32> = sources.collect();
        let silent = |i: &u64| other.manifest.is_erased(*i) && !scope.manifest.is_erased(*i);
        let (entries, lost): (BTreeSet<u64>, BTreeSet<u64>) =
            (0..scope.head.log_size).filter(silent).partition(|i| said.entries.contains(i));
        all.push(Missing {
            target,
            unaccounted: Unaccounted {
                records: (gone.len() - records.len()) as u64,
                sources: (absent.len() - sources.len()) as u64,
                entries: lost.len() as u64,
            },
            records,
            rests,
            sources,
            entries,
            // What the entries that are lost there told of erasing these entries is lost as well.
            unsure: unsure || said.gap && !lost.is_empty(),
            name: matches!(target, Target::Partition(_)).then(|| scope.policy.name.clone()),
            silent: other.manifest.conversation_pages.is_empty(),
            aside: aside(scope, other),
            ended: ended(base.env.now(), scope, other),
            refusals: refusals(scope, other),
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

/// Consents from elsewhere that refuse something there, also what cannot be read, and that are not filed here, or in an
/// older version.
fn refusals(scope: &Scope, later: &Scope) -> Vec<FiledConsent> {
    let refuses = |c: &&FiledConsent| later.policy.state.imported(c.series).is_none_or(ReadConsent::refuses);
    let here = |c: &FiledConsent| scope.policy.consents.iter().any(|o| o.series == c.series && o.version >= c.version);
    let all = later.policy.consents.iter().filter(|c| c.origin == Origin::Imported);
    all.filter(refuses).filter(|c| !here(c)).cloned().collect()
}

/// The refusals that were filed since, for whoever goes on anew: by partition.
pub(super) fn filed_since(missing: &[Missing]) -> Filed {
    let of = |m: &Missing| match m.target {
        Target::Partition(at) => Some((at, m.refusals.clone())),
        Target::System => None,
    };
    missing.iter().filter_map(of).collect()
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

/// Sources of a scope by ordinal, which are given out once and never again.
struct Sources {
    finished: BTreeSet<u32>,
    /// Of which nothing is known since the page that named them was lost: what was erased keeps the number of its
    /// group.
    unknown: BTreeSet<u32>,
}

impl Sources {
    fn of(base: &Base, txn: &dyn ReadTxn, scope: &Scope) -> Result<Self> {
        let (mut all, mut ordinal) = (Self { finished: BTreeSet::new(), unknown: BTreeSet::new() }, 0);
        for row in &scope.manifest.source_pages {
            for entry in scope.source_page(base, txn, row)?.iter() {
                if entry.finished {
                    all.finished.insert(ordinal);
                } else if entry.group == 0 {
                    all.unknown.insert(ordinal);
                }
                ordinal += 1;
            }
        }
        Ok(all)
    }
}

/// Whether a source had records and each of them goes: then it goes with them, as in any erasure.
fn is_emptied(scope: &Scope, source: u32, gone: &BTreeSet<RecordId>, rests: &Rests) -> bool {
    let goes = |id: &RecordId| gone.contains(id) && !rests.contains_key(id);
    let mut of = scope.readable.records().filter(|r| r.origins().iter().any(|o| o.source == source)).peekable();
    of.peek().is_some() && of.all(|r| goes(&r.id()))
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

/// Erases records and sources that were erased there, enters which entries were, and sets aside what was set aside: how many
/// of each were erased.
pub(super) fn repeat(tx: &mut Tx<'_>, w: &mut Writing, missing: &[Missing], gesture: &Gesture) -> Result<(u64, u64)> {
    let (mut records, mut sources) = (0, 0);
    if missing.iter().any(|m| !m.records.is_empty() || !m.sources.is_empty()) {
        for (n, unnamed) in unnamed(tx, w)? {
            unnamed.destroy(tx, w, n, gesture)?;
        }
    }
    for m in missing {
        let work = w.work(tx, m.target)?;
        let entries: Vec<u64> = m.entries.iter().copied().collect();
        for some in entries.chunks(MOST_ENTRIES) {
            let event = AuditEvent::EntriesErased { entries: some.to_vec(), gesture: gesture.clone() };
            tx.log(work, event)?;
        }
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

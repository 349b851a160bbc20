//! Looking through a space: where it is damaged, and what lies in it that nothing names.
//!
//! Reads every row that the open scopes name and opens it, every entry of their logs, and both copies
//! of heads and slots. What is damaged is counted by scope and part, and records and entries are named
//! by their ids and positions; no content is told. What is whole stays readable meanwhile, and
//! afterwards. Mending is writing a second copy again; of what stands once there is the backup.

use super::head::{Head, RowRef};
use super::keys::write_both;
use super::logs::read_line;
use super::rows::Base;
use super::scope::{Scope, load_manifest};
use super::space::HealthSpace;
use super::state::{State, load_policy};
use super::tx::MANIFEST_ROW;
use super::unlocking::slots_digest;
use crate::catalog::{Catalog, ObjectRef, Room, Segment};
use crate::crypto::context::Class;
use crate::error::{Error, Part, Result};
use crate::id::{RecordId, ScopeId};
use crate::ledger::tree::Edge;
use crate::storage::{Copy, HeadRow, ReadTxn, WriteTxn};
use std::collections::{BTreeMap, BTreeSet};

/// What [`HealthSpace::check`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpaceCheck {
    /// The space's own scope first, where it is open in this handle, then each open partition, then those that
    /// are [left out](HealthSpace::open_damaged), of which nothing more is read.
    pub scopes: Vec<ScopeCheck>,
    /// Whether both copies of the key slots are whole and the same.
    pub slots_agree: bool,
    /// Whether SQLite finds its pages, indexes and free room in order. Where it does not, what it can still
    /// read is judged above; what is written next may be lost. A backup and a restore with damage
    /// make a file in order: where a page cannot be read, the backup is made
    /// [row by row](crate::Backup::row_by_row).
    pub pages_in_order: bool,
    /// Rows, entries and heads of no scope that the space has: nothing reads them.
    pub stray: u64,
}

/// What [`HealthSpace::repair`] wrote anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// Heads.
    pub heads: u64,
    /// Whether the key slots.
    pub slots: bool,
}

/// What was found in one scope.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopeCheck {
    /// Its partition's name; `None` for the space's own scope.
    pub partition: Option<String>,
    /// Rows and log entries that were opened, or compared with their digest, and are whole.
    pub whole: u64,
    /// Rows and log entries that are missing or damaged, by what they are. What only a damaged segment
    /// names is not counted; bodies whose key stood on a damaged page are.
    pub damaged: Vec<(Part, u64)>,
    /// Records whose bodies do not open, the first thousand: what brought them can be imported again.
    pub records: Vec<RecordId>,
    /// Positions of damaged entries of the log, the first thousand.
    pub entries: Vec<u64>,
    /// Rows and entries of the scope that nothing names: left over, or planted. Nothing reads them.
    pub unnamed: u64,
    /// Whether both copies of the head are whole and the same.
    pub heads_agree: bool,
}

impl core::fmt::Debug for ScopeCheck {
    /// What is damaged and how much, without names and ids.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ScopeCheck")
            .field("whole", &self.whole)
            .field("damaged", &self.damaged)
            .field("records", &self.records.len())
            .field("entries", &self.entries.len())
            .field("unnamed", &self.unnamed)
            .field("heads_agree", &self.heads_agree)
            .finish_non_exhaustive()
    }
}

impl SpaceCheck {
    /// Whether nothing is damaged, in either copy of what is stored twice. Rows that nothing names
    /// are no damage.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.slots_agree && self.pages_in_order && self.scopes.iter().all(|s| s.damaged.is_empty() && s.heads_agree)
    }

    /// What is damaged, if anything is of which there is no second copy.
    pub(super) fn first_damage(&self) -> Option<Part> {
        self.scopes.iter().flat_map(|s| &s.damaged).map(|(part, _)| *part).next()
    }
}

/// One scope under way.
struct Looking<'a> {
    base: &'a Base,
    txn: &'a dyn ReadTxn,
    scope: Scope,
    named: BTreeSet<u64>,
    /// Groups of unfinished imports: what was put there is named once they are finished.
    groups: BTreeSet<u64>,
    whole: u64,
    damaged: BTreeMap<u8, (Part, u64)>,
    /// Rows of bodies that are damaged.
    bad_rows: BTreeSet<u64>,
    records: Vec<RecordId>,
    entries: Vec<u64>,
}

/// The most records and entries that are named.
const NAMED: usize = 1000;

impl HealthSpace {
    /// Looks through everything that is open in this handle, and says where it is damaged. Nothing
    /// is mended and nothing is logged: no content leaves. Costs a read of the whole file.
    ///
    /// Where a head, a manifest, a policy row or a segment of a partition is damaged, the space does not open but by
    /// [`open_damaged`](Self::open_damaged); the partitions that are whole do, by
    /// [`open_partitions`](Self::open_partitions), too.
    ///
    /// ```
    /// # use healthspace::{Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-check-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// let found = space.check()?;
    /// assert!(found.is_whole());
    /// assert_eq!(found.scopes.len(), 3);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), healthspace::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Cancelled`], and what rereading the heads can yield. Damage is no error
    /// of this call.
    pub fn check(&self) -> Result<SpaceCheck> {
        let (txn, state) = self.inner.read()?;
        look_through(&self.inner.base, &*txn, &state)
    }
}

impl HealthSpace {
    /// Writes heads and key slots anew whose one copy is damaged, from the other one; what was mended.
    /// Nothing else is stored twice: for the rest there is a backup.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the file itself is too damaged to be written to; [`Error::DiskFull`] and
    /// [`Error::Io`]; else as [`check`](Self::check).
    pub fn repair(&self) -> Result<Repaired> {
        self.inner.mend_copies(|txn, state| {
            let mut heads = 0;
            for scope in state.system.iter().chain(&state.partitions) {
                heads += u64::from(mend_head(txn, &scope.id, &|row| scope.is_own_head(row))?);
            }
            if state.system.is_none() {
                // Whoever lacks its key cannot tell which of two signed copies has the right MAC.
                let signed = |row: &HeadRow| state.view.is_own_head(row);
                let both = head_copies(txn, &state.view.id)?.iter().flatten().filter(|row| signed(row)).count() == 2;
                heads += u64::from(!both && mend_head(txn, &state.view.id, &signed)?);
            }
            let named = state.view.slots_digest().ok_or(Error::Corrupt(Part::Slot))?;
            let slots = !slots_agree(&*txn, &named)?;
            if slots {
                write_both(txn, &named)?;
            }
            Ok(Repaired { heads, slots })
        })
    }
}

/// Looks through what a state names, in one snapshot.
pub(super) fn look_through(base: &Base, txn: &dyn ReadTxn, state: &State) -> Result<SpaceCheck> {
    let mut places: BTreeMap<ScopeId, Vec<(u64, u64)>> = BTreeMap::new();
    let part = state.view.head.system.as_ref().ok_or(Error::Corrupt(Part::Head))?;
    let known: BTreeSet<ScopeId> = part.scopes.iter().map(|e| e.scope).collect();
    let mut stray = 0;
    // What cannot be walked through is told; each row that is named is looked for by itself.
    let walked = or_damaged(txn.places(&mut |scope, number, group| {
        match scope.filter(|s| known.contains(s)) {
            Some(s) => places.entry(s).or_default().push((number, group)),
            None => stray += 1,
        }
        Ok(())
    }))?;
    let mut entries: BTreeMap<ScopeId, u64> = BTreeMap::new();
    let counted = or_damaged(txn.log_rows(&mut |scope, n| {
        match scope.filter(|s| known.contains(s)) {
            Some(s) => *entries.entry(s).or_default() += n,
            None => stray += n,
        }
        Ok(())
    }))?;
    let heads = or_damaged(txn.scopes())?;
    stray += heads.iter().flatten().filter(|s| !known.contains(s)).count() as u64;
    let mut scopes = Vec::new();
    for scope in state.system.iter().chain(&state.partitions) {
        let mut looking = Looking::new(base, txn, scope.unread());
        looking.rows(&state.view.head)?;
        looking.log(entries.get(&scope.id).copied().unwrap_or(0))?;
        if scope.id == state.view.id {
            looking.of_the_system(state)?;
        }
        let all = places.remove(&scope.id).unwrap_or_default();
        let of_nobody = |(n, g): &&(u64, u64)| !looking.named.contains(n) && !looking.groups.contains(g);
        scopes.push(ScopeCheck {
            partition: (scope.id != state.view.id).then(|| scope.policy.name.clone()),
            unnamed: all.iter().filter(of_nobody).count() as u64
                + entries.get(&scope.id).map_or(0, |n| n.saturating_sub(scope.head.log_size)),
            heads_agree: heads_agree(txn, scope)?,
            whole: looking.whole,
            damaged: looking.damaged.into_values().collect(),
            records: looking.records,
            entries: looking.entries,
        });
    }
    scopes.extend(state.left_out.iter().map(|left| ScopeCheck {
        partition: Some(left.listed.name.clone()),
        whole: 0,
        damaged: vec![(left.part, 1)],
        records: Vec::new(),
        entries: Vec::new(),
        unnamed: 0,
        heads_agree: left.part != Part::Head,
    }));
    let slots_agree = slots_agree(txn, &part.slots_digest)?;
    let walked = walked.is_some() && counted.is_some() && heads.is_some();
    let pages_in_order = or_damaged(txn.in_order())? == Some(true) && walked;
    Ok(SpaceCheck { scopes, slots_agree, pages_in_order, stray })
}

/// Damage in one copy is what the other one is for, and no reason to end.
pub(in crate::vault) fn or_damaged<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(v) => Ok(Some(v)),
        Err(Error::Corrupt(_) | Error::Malformed(_) | Error::NotFound | Error::TooLarge(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

fn head_copies(txn: &dyn ReadTxn, scope: &ScopeId) -> Result<[Option<HeadRow>; 2]> {
    let read = |copy| or_damaged(txn.head(scope, copy)).map(Option::flatten);
    Ok([read(Copy::First)?, read(Copy::Second)?])
}

fn heads_agree(txn: &dyn ReadTxn, scope: &Scope) -> Result<bool> {
    let copies = head_copies(txn, &scope.id)?;
    Ok(copies.iter().all(|row| row.as_ref().is_some_and(|row| scope.is_own_head(row))))
}

/// Writes a head anew where a copy is not good, from the one that is; whether that was done.
fn mend_head(txn: &mut dyn WriteTxn, scope: &ScopeId, good: &dyn Fn(&HeadRow) -> bool) -> Result<bool> {
    let copies = head_copies(txn, scope)?;
    let whole: Vec<&HeadRow> = copies.iter().flatten().filter(|row| good(row)).collect();
    let Some(row) = whole.first() else { return Err(Error::Corrupt(Part::Head)) };
    if whole.len() == copies.len() {
        return Ok(false);
    }
    txn.put_head(scope, &row.body, &row.auth)?;
    Ok(true)
}

fn slots_agree(txn: &dyn ReadTxn, digest: &[u8; 32]) -> Result<bool> {
    for copy in [Copy::First, Copy::Second] {
        if or_damaged(txn.slots(copy))?.is_none_or(|rows| slots_digest(&rows) != *digest) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl<'a> Looking<'a> {
    fn new(base: &'a Base, txn: &'a dyn ReadTxn, scope: Scope) -> Self {
        let (named, groups) = (BTreeSet::new(), BTreeSet::new());
        let (damaged, bad_rows) = (BTreeMap::new(), BTreeSet::new());
        Self { base, txn, scope, named, groups, whole: 0, damaged, bad_rows, records: Vec::new(), entries: Vec::new() }
    }

    /// Counts what was read; gives it on where it is whole.
    fn count<T>(&mut self, part: Part, read: Result<T>) -> Result<Option<T>> {
        let found = or_damaged(read)?;
        match found {
            Some(_) => self.whole += 1,
            None => self.damaged.entry(part as u8).or_insert((part, 0)).1 += 1,
        }
        Ok(found)
    }

    fn object(&mut self, part: Part, class: Class, object: &ObjectRef) -> Result<()> {
        if self.base.env.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        // A block of records is opened once.
        if self.named.insert(object.number >> 8) {
            let read = self.scope.open_object(self.base, self.txn, class, object, &mut Vec::new());
            if self.count(part, read)?.is_none() {
                self.bad_rows.insert(object.number >> 8);
            }
        }
        Ok(())
    }

    /// Everything that the manifest names; the log's key by the system head.
    fn rows(&mut self, named_by: &Head) -> Result<()> {
        let manifest = std::sync::Arc::clone(&self.scope.manifest);
        let (base, txn) = (self.base, self.txn);
        self.named.insert(u64::from(self.scope.ordinal) << 40 | MANIFEST_ROW);
        let read = load_manifest(base, txn, &self.scope.keys, &self.scope.id, &self.scope.head, None);
        self.count(Part::Manifest, read)?;
        self.named.insert(manifest.seed.number);
        let read = self.scope.signer(base, txn, named_by);
        self.count(Part::Manifest, read)?;
        self.named.extend(manifest.key_pages.stretches().iter().map(|row| row.number));
        for (i, row) in manifest.key_pages.iter().enumerate() {
            self.named.insert(row.number);
            let read = self.scope.group_page(base, txn, (i * crate::keyring::PAGE_KEYS) as u64 + 1);
            self.count(Part::KeyPage, read)?;
        }
        for staged in &manifest.staged {
            self.groups.insert(staged.group);
        }
        let (mut segments, mut room): (Vec<Segment>, Room) = Default::default();
        for s in &manifest.segments {
            if s.here.is_none() {
                self.named.insert(s.row.number);
            }
            let read = self.scope.read_segment_in(base, txn, s, &mut room);
            segments.extend(self.count(Part::Segment, read)?);
        }
        let segments: Vec<_> = segments.into_iter().map(std::sync::Arc::new).collect();
        let live = Catalog::of(segments.iter().cloned());
        for segment in segments {
            // Each by itself: what a later one retired mostly stands in the file as well. The words of a note that was
            // endorsed went at once, and are missed by nobody.
            let catalog = Catalog::of([segment]);
            for record in catalog.records() {
                let object = record.object();
                let retired = live.find_record(&record.id()).is_none_or(|r| r.object() != object);
                if retired && txn.row(&self.scope.id, object.number >> 8)?.is_none() {
                    continue;
                }
                let class = if record.series().is_some() { Class::Series } else { Class::Body };
                self.object(Part::Body, class, &record.object())?;
                if self.bad_rows.contains(&(record.object().number >> 8)) && self.records.len() < NAMED {
                    self.records.push(record.id());
                }
            }
        }
        self.pages(&manifest.source_pages, &manifest.conversation_pages)?;
        for c in &manifest.consents {
            let object = ObjectRef { number: c.number << 8, version: c.row_version, group: c.group };
            self.object(Part::Policy, Class::Body, &object)?;
        }
        Ok(())
    }

    fn pages(&mut self, sources: &[RowRef], conversations: &[RowRef]) -> Result<()> {
        let (base, txn) = (self.base, self.txn);
        for row in conversations {
            self.named.insert(row.number);
            let read = self.scope.conversation_page(base, txn, row);
            self.count(Part::Manifest, read)?;
        }
        for row in sources {
            self.named.insert(row.number);
            let read = self.scope.source_page(base, txn, row);
            let Some(page) = self.count(Part::Manifest, read)? else { continue };
            for source in page.iter() {
                for (number, version) in source.envelope.iter().chain(&source.names) {
                    let object = ObjectRef { number: number << 8, version: *version, group: source.group };
                    self.object(Part::Body, Class::Body, &object)?;
                }
            }
        }
        Ok(())
    }

    /// Each entry of the log, the stored tree over them, and that they are those that the head names. Where
    /// more are missing than `rows` there are, the rest is not walked to: a head may name any size.
    fn log(&mut self, rows: u64) -> Result<()> {
        let (base, txn, log) = (self.base, self.txn, self.scope.log());
        let mut edge = Edge::default();
        let (mut broken, mut missing) = (false, 0u64);
        for index in 0..self.scope.head.log_size {
            let read = read_line(base, txn, &self.scope, index).map(|(leaf, _)| leaf);
            let Some(leaf) = self.count(Part::Ledger, read)? else {
                broken = true;
                if self.entries.len() < NAMED {
                    self.entries.push(index);
                }
                missing += 1;
                if missing > rows.saturating_add(NAMED as u64) {
                    break;
                }
                continue;
            };
            // Without one leaf, nothing above and behind it can be computed.
            if broken {
                continue;
            }
            let mut nodes = Vec::new();
            edge.push(leaf, |row| nodes.push(row))?;
            for node in nodes.into_iter().filter(|n| n.level > 0) {
                let read = txn.tree(&log, node.level, node.idx);
                let read =
                    read.and_then(|h| if h == Some(node.hash) { Ok(()) } else { Err(Error::Corrupt(Part::Ledger)) });
                self.count(Part::Ledger, read)?;
            }
        }
        if !broken && edge.head().root != self.scope.head.log_root {
            self.count::<()>(Part::Ledger, Err(Error::Corrupt(Part::Ledger)))?;
        }
        Ok(())
    }

    /// The rows of the system scope that its head names. Scopes' keys stand in the head itself.
    fn of_the_system(&mut self, state: &State) -> Result<()> {
        let (base, txn) = (self.base, self.txn);
        let part = state.view.head.system.as_ref().ok_or(Error::Corrupt(Part::Head))?;
        for entry in &part.scopes {
            self.named.insert(entry.policy.number);
            let scope = state.system.iter().chain(&state.partitions).find(|s| s.id == entry.scope);
            if let Some(scope) = scope {
                let read = load_policy(base, txn, &state.view, &scope.id, &scope.keys);
                self.count(Part::Policy, read)?;
            }
        }
        Ok(())
    }
}

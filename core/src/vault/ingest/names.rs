//! Records whose producer names them anew in each document: told by what they say and refer to,
//! as the importer found out before it read them ([`Named`]).
//!
//! Each source keeps a table of what it brought: digest, identity, content. An entry under a name
//! that is not known is the thing that has its digest, as long as the document does not hold that
//! thing by itself, and each thing once: of two that say the same, both count.

use super::versions::Versions;
use crate::catalog::ObjectRef;
use crate::crypto::context::Class;
use crate::error::{Error, Part, Result};
use crate::id::{Identity, RecordId};
use crate::import::Named;
use crate::storage::ReadTxn;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::sources::SourceEntry;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// Bytes of one entry of a table.
const LEN: usize = 48;

/// A thing and what it said when it was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thing {
    digest: [u8; 16],
    identity: [u8; 16],
    content: [u8; 16],
}

impl Thing {
    fn read(bytes: &[u8]) -> Option<Self> {
        let at = |i: usize| bytes.get(i..i + 16)?.try_into().ok();
        Some(Self { digest: at(0)?, identity: at(16)?, content: at(32)? })
    }

    const fn first(digest: [u8; 16]) -> Self {
        Self { digest, identity: [0; 16], content: [0; 16] }
    }

    const fn identity(&self) -> Identity {
        Identity::from_bytes(self.identity)
    }

    fn found(&self, versions: &Versions) -> Option<RecordId> {
        versions.find(&self.identity(), &self.content)
    }
}

/// What one import knows of names.
#[derive(Default)]
pub(super) struct Names {
    /// What the sources before this import brought, in order; read when first asked for.
    before: Option<Vec<Thing>>,
    /// The sources that `before` is from.
    sources: BTreeSet<u32>,
    /// What this import brought.
    brought: BTreeSet<Thing>,
    /// Of the file that is being read.
    digests: HashMap<Identity, [u8; 16]>,
    /// What its entries are, and what each says once it was met.
    linked: HashMap<Identity, (Thing, Option<[u8; 16]>)>,
    /// What an earlier run of this import brought under its own name.
    durable: HashSet<[u8; 16]>,
    /// For the next row of the table.
    pub(super) fresh: Vec<u8>,
    /// An earlier run took for new what was published before this one.
    pub(super) stale: bool,
}

impl Names {
    pub(super) fn is_loaded(&self) -> bool {
        self.before.is_some()
    }

    /// Reads the tables of all sources, and what an earlier run of this import has written.
    pub(super) fn load(&mut self, base: &Base, txn: &dyn ReadTxn, scope: &Scope, mine: u32) -> Result<()> {
        let mut all = Vec::new();
        each_source(base, txn, scope, &mut |ordinal, entry| {
            if ordinal == mine {
                table(base, txn, scope, entry, &mut |t| {
                    self.durable.insert(t.identity);
                })
            } else if entry.finished {
                self.sources.insert(ordinal);
                table(base, txn, scope, entry, &mut |t| all.push(t))
            } else {
                Ok(())
            }
        })?;
        all.sort_unstable();
        all.dedup();
        self.before = Some(all);
        Ok(())
    }

    /// Settles which entries of a file are which things.
    pub(super) fn announce(&mut self, list: &[Named], versions: &Versions) {
        self.digests = list.iter().map(|n| (n.identity, n.digest)).collect();
        self.linked.clear();
        // Of each digest, the things that are not taken yet.
        let mut free: HashMap<[u8; 16], VecDeque<Thing>> = HashMap::new();
        let mut taken = HashSet::new();
        for n in list.iter().filter(|n| !versions.knows(&n.identity)) {
            let of = || self.of(&n.digest).filter(|t| !self.digests.contains_key(&t.identity())).copied().collect();
            let free = free.entry(n.digest).or_insert_with(of);
            while let Some(thing) = free.pop_front() {
                // One that was read with several contents is there several times.
                if !taken.contains(&thing.identity) && thing.found(versions).is_some() {
                    taken.insert(thing.identity);
                    self.linked.insert(n.identity, (thing, None));
                    break;
                }
            }
        }
    }

    fn of(&self, digest: &[u8; 16]) -> impl Iterator<Item = &Thing> {
        let before = self.before.as_deref().unwrap_or_default();
        let from = before.partition_point(|t| t.digest < *digest);
        let same = before.iter().skip(from).take_while(|t| t.digest == *digest);
        same.chain(self.brought.range(Thing::first(*digest)..).take_while(|t| t.digest == *digest))
    }

    /// The record that an entry is, though its name is another; of another content under the same
    /// name nothing is known.
    pub(super) fn is(
        &mut self,
        identity: &Identity,
        content: &[u8; 16],
        versions: &Versions,
        durable: bool,
    ) -> Option<RecordId> {
        let (thing, said) = self.linked.get_mut(identity)?;
        if *said.get_or_insert(*content) != *content {
            return None;
        }
        let id = thing.found(versions)?;
        self.stale |= durable && self.durable.contains(identity.as_bytes());
        Some(id)
    }

    /// Notes what was read under its own name.
    pub(super) fn learn(&mut self, identity: &Identity, content: [u8; 16], durable: bool) {
        let Some(digest) = self.digests.get(identity).copied() else { return };
        let thing = Thing { digest, identity: *identity.as_bytes(), content };
        let known = self.before.as_ref().is_some_and(|b| b.binary_search(&thing).is_ok());
        if !known && self.brought.insert(thing) && !durable {
            self.fresh.extend_from_slice(&[digest, thing.identity, content].concat());
        }
    }

    /// Whether what was published since brought something that this import took for new.
    pub(super) fn overtaken(&self, base: &Base, txn: &dyn ReadTxn, scope: &Scope) -> Result<bool> {
        let mut found = self.stale;
        if self.brought.is_empty() {
            return Ok(found);
        }
        each_source(base, txn, scope, &mut |ordinal, entry| {
            if !entry.finished || self.sources.contains(&ordinal) {
                return Ok(());
            }
            table(base, txn, scope, entry, &mut |t| {
                let mine = |from| self.brought.range(from..).next();
                let same = mine(Thing { content: [0; 16], ..t })
                    .is_some_and(|m| m.digest == t.digest && m.identity == t.identity);
                found |= !same && mine(Thing::first(t.digest)).is_some_and(|m| m.digest == t.digest);
            })
        })?;
        Ok(found)
    }
}

/// A table without these things: its digests are hashes of what they said.
pub(in crate::vault) fn without_things(table: &[u8], gone: &BTreeSet<Identity>) -> Result<Vec<u8>> {
    let mut left = Vec::with_capacity(table.len());
    for entry in table.chunks(LEN) {
        let thing = Thing::read(entry).ok_or(Error::Corrupt(Part::Body))?;
        if !gone.contains(&thing.identity()) {
            left.extend_from_slice(entry);
        }
    }
    Ok(left)
}

fn each_source(
    base: &Base,
    txn: &dyn ReadTxn,
    scope: &Scope,
    f: &mut dyn FnMut(u32, &SourceEntry) -> Result<()>,
) -> Result<()> {
    let mut ordinal = 0;
    for row in &scope.manifest.source_pages {
        for entry in scope.source_page(base, txn, row)?.iter() {
            f(ordinal, entry)?;
            ordinal += 1;
        }
    }
    Ok(())
}

fn table(base: &Base, txn: &dyn ReadTxn, scope: &Scope, entry: &SourceEntry, f: &mut dyn FnMut(Thing)) -> Result<()> {
    let mut raw = Vec::new();
    for (number, version) in &entry.names {
        let object = ObjectRef { number: number << 8, version: *version, group: entry.group };
        scope.open_object(base, txn, Class::Body, &object, &mut raw)?;
        for thing in raw.chunks(LEN) {
            f(Thing::read(thing).ok_or(Error::Corrupt(Part::Body))?);
        }
    }
    Ok(())
}

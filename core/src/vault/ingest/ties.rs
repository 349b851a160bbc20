//! Labels that hold for another record than the one they stand in: a document's for the bytes that it names, those of
//! a Binary's security context for the Binary, and those of a copy for the record that it is one of.
//!
//! Collected while a file is read, in whatever order its records come, and followed when it is published, so that the
//! records of earlier imports are found as well. Not found is what an earlier import refers to: the catalog holds no
//! references.

use super::settle::Protection;
use crate::catalog::{Catalog, RecordRef};
use crate::id::{Identity, RecordId};
use crate::record::Ties;
use std::collections::{BTreeSet, HashMap};

/// The labels of one hold for the other.
struct Tie {
    of: Vec<Identity>,
    over: Vec<Identity>,
}

/// The ties of one import.
#[derive(Default)]
pub(crate) struct TieList {
    list: Vec<Tie>,
    /// What the records that may have to be found by type and id alone are.
    named: BTreeSet<(Identity, Identity)>,
    /// Records that are known under another name than this import has for them.
    known: HashMap<Identity, RecordId>,
    /// How the copies of these are labelled.
    copies: HashMap<RecordId, Protection>,
}

impl TieList {
    pub(super) fn add(&mut self, identity: Identity, ties: &Ties) {
        self.named.extend(ties.named.map(|name| (name, identity)));
        if !ties.over.is_empty() {
            self.list.push(Tie { of: vec![identity], over: ties.over.clone() });
        }
        if !ties.under.is_empty() {
            self.list.push(Tie { of: ties.under.clone(), over: vec![identity] });
        }
    }

    /// The record that something is, though its name is another, and how this copy is labelled.
    pub(super) fn is(&mut self, identity: Identity, id: RecordId, copy: Option<Protection>) {
        self.known.insert(identity, id);
        if let Some((level, sensitivities, obligations)) = copy {
            let all = self.copies.entry(id).or_insert((level, sensitivities, obligations));
            *all = (all.0.max(level), all.1.union(sensitivities), all.2.union(obligations));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.copies.is_empty()
    }

    /// Records of which this import brought a copy that is labelled.
    pub(super) fn copies(&self) -> impl Iterator<Item = (&RecordId, &Protection)> {
        self.copies.iter()
    }

    /// Every record with those whose labels hold for it.
    pub(super) fn pairs<'c>(&'c self, all: &'c Catalog) -> impl Iterator<Item = (RecordRef<'c>, RecordRef<'c>)> {
        self.list.iter().flat_map(move |tie| {
            let of = self.records(all, &tie.of);
            let over = self.records(all, &tie.over);
            over.into_iter().flat_map(move |to| of.clone().into_iter().map(move |from| (to, from)))
        })
    }

    /// What has one of these names, history aside.
    fn records<'c>(&'c self, all: &'c Catalog, names: &'c [Identity]) -> Vec<RecordRef<'c>> {
        let by_id = |name: &Identity| {
            let (first, last) = ((*name, Identity::from_bytes([0; 16])), (*name, Identity::from_bytes([255; 16])));
            self.named.range(first..=last).map(|(_, identity)| identity)
        };
        let identities = names.iter().flat_map(|name| by_id(name).chain([name]));
        let found = identities.flat_map(|identity| {
            let known = self.known.get(identity).and_then(|id| all.find_record(id));
            all.versions(identity).chain(known)
        });
        found.filter(|r| !r.is_history()).collect()
    }
}

//! Labels that hold for another record than the one they stand in: a document's for the bytes that it names, those of
//! a Binary's security context for the Binary, and those of a copy for the record that it is one of.
//!
//! Collected while a file is read, in whatever order its records come, and followed when it is published, so that the
//! records of earlier imports are found as well. What those refer to stands in no catalog: see [`super::documents`].

use super::settle::Protection;
use crate::catalog::{Catalog, RecordRef};
use crate::id::{Identity, RecordId};
use crate::label::{Confidentiality, Obligations, Sensitivities, Sensitivity};
use crate::record::Ties;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The labels of one hold for the other.
struct Tie {
    of: Vec<Identity>,
    over: Vec<Identity>,
    /// Whether the copy that was read has no label: those of its other versions count.
    bare: bool,
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
    /// What the Binaries of this import are, by all their names.
    bytes: HashSet<Identity>,
    /// Documents of earlier imports that were looked at.
    looked: HashSet<RecordId>,
    /// Something was not read that may hold for the bytes of any Binary of this import.
    unread: bool,
}

impl TieList {
    pub(super) fn add(&mut self, identity: Identity, type_name: &str, ties: &Ties) {
        if type_name == "Binary" {
            self.bytes.extend(ties.named.into_iter().chain([identity]));
        }
        self.named.extend(ties.named.map(|name| (name, identity)));
        if !ties.over.is_empty() {
            self.list.push(Tie { of: vec![identity], over: ties.over.clone(), bare: ties.bare });
        }
        if !ties.under.is_empty() {
            self.list.push(Tie { of: ties.under.clone(), over: vec![identity], bare: false });
        }
    }

    /// The record that something is, though its name is another, and how this copy is labelled.
    pub(super) fn is(&mut self, identity: Identity, id: RecordId, copy: Option<Protection>) {
        self.known.insert(identity, id);
        if let Some((level, sensitivities, obligations)) = copy {
            let all = self.copies.entry(id).or_insert((level, sensitivities, obligations));
            *all = join(*all, (level, sensitivities, obligations));
        }
    }

    pub(super) fn brings_bytes(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Whether a document of an earlier import was not looked at yet.
    pub(super) fn look_at(&mut self, document: RecordId) -> bool {
        self.looked.insert(document)
    }

    /// What it names, of what this import brings.
    pub(super) fn document(&mut self, identity: Identity, mut names: Vec<Identity>) {
        names.retain(|name| self.bytes.contains(name));
        if !names.is_empty() {
            self.list.push(Tie { of: vec![identity], over: names, bare: false });
        }
    }

    pub(super) fn unread_label(&mut self) {
        self.unread = true;
    }

    /// What protects every Binary of this import besides: of what was not read, nobody knows what it says.
    pub(super) fn of_bytes(&self) -> Option<Protection> {
        let unknown = (Sensitivities::only(Sensitivity::Unknown), Obligations::UNKNOWN);
        self.unread.then_some((Confidentiality::Restricted, unknown.0, unknown.1))
    }

    /// Whether there is anything to follow; `several` are told by more than one copy of this import.
    pub(super) fn is_empty(&self, before: &Catalog, several: &BTreeSet<Identity>) -> bool {
        let alone = |of: &Identity| {
            !several.contains(of) && !self.known.contains_key(of) && before.versions(of).next().is_none()
        };
        !self.unread && self.copies.is_empty() && self.list.iter().all(|tie| tie.bare && tie.of.iter().all(alone))
    }

    /// Records of which this import brought a copy that is labelled.
    pub(super) fn copies(&self) -> impl Iterator<Item = (&RecordId, &Protection)> {
        self.copies.iter()
    }

    /// Every record that others' labels hold for, with these labels. Each name is looked up once: a file can name one
    /// thing from as many places as it has records.
    pub(super) fn raised<'c>(
        &'c self,
        all: &'c Catalog,
        shown: &dyn Fn(&RecordRef<'_>) -> bool,
        protection: &dyn Fn(&RecordRef<'_>) -> Protection,
    ) -> Vec<(RecordRef<'c>, Protection)> {
        let mut said: HashMap<&Identity, Option<Protection>> = HashMap::new();
        let mut over: BTreeMap<&Identity, Protection> = BTreeMap::new();
        for tie in &self.list {
            let mut together: Option<Protection> = None;
            for name in &tie.of {
                let of_name = said.entry(name).or_insert_with(|| {
                    let of = self.records(all, name).into_iter().filter(|r| shown(r));
                    of.map(|r| protection(&r)).reduce(join)
                });
                together = together.into_iter().chain(*of_name).reduce(join);
            }
            for (name, labels) in tie.over.iter().zip(core::iter::repeat(together)) {
                let Some(labels) = labels else { continue };
                over.entry(name).and_modify(|l| *l = join(*l, labels)).or_insert(labels);
            }
        }
        let to = |(name, labels)| self.records(all, name).into_iter().map(move |r| (r, labels));
        over.into_iter().flat_map(to).filter(|(r, _)| shown(r)).collect()
    }

    /// What has this name, history aside.
    fn records<'c>(&'c self, all: &'c Catalog, name: &'c Identity) -> Vec<RecordRef<'c>> {
        let by_id = |name: &Identity| {
            let (first, last) = ((*name, Identity::from_bytes([0; 16])), (*name, Identity::from_bytes([255; 16])));
            self.named.range(first..=last).map(|(_, identity)| identity)
        };
        let identities = by_id(name).chain([name]);
        let found = identities.flat_map(|identity| {
            let known = self.known.get(identity).and_then(|id| all.find_record(id));
            all.versions(identity).chain(known)
        });
        found.filter(|r| !r.is_history()).collect()
    }
}

/// What protects as both do.
pub(super) fn join(one: Protection, other: Protection) -> Protection {
    (one.0.max(other.0), one.1.union(other.1), one.2.union(other.2))
}

//! Which version of a thing is shown: what a record is to those that are known already.
//!
//! A record that says the same as one that is known adds its source to that one. Otherwise the
//! newer one is shown: by `meta.lastUpdated`, or else by the number of the version, or else the one
//! that came last. The other is kept as history: its body and its sources, but no facts.
//!
//! A label may be that of the Bundle around one version, and whether the next one says less because it was lifted, or
//! because it came without that Bundle, nobody can tell: what protects one version protects the one that is shown.

use crate::catalog::{Catalog, RecordRef, Seeded};
use crate::id::{Identity, RecordId};
use crate::label::{Confidentiality, Obligations, Sensitivities};
use crate::record::Revision;
use core::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A version that is known.
#[derive(Clone, Copy)]
pub(crate) struct Version {
    pub(crate) id: RecordId,
    pub(crate) content: [u8; 16],
    pub(crate) revision: Revision,
    pub(crate) confidentiality: Confidentiality,
    pub(crate) sensitivities: Sensitivities,
    pub(crate) obligations: Obligations,
}

impl Version {
    fn of(r: &RecordRef<'_>) -> Self {
        Self {
            id: r.id(),
            content: r.content(),
            revision: r.revision(),
            confidentiality: r.confidentiality(),
            sensitivities: r.sensitivities(),
            obligations: r.obligations(),
        }
    }
}

/// What becomes of a record.
pub(crate) enum Fate {
    /// Nothing is known of it.
    New,
    /// This record says the same.
    Same(RecordId),
    /// It is shown from now on instead of another.
    Newer {
        /// Nothing tells that it is newer.
        conflicts: bool,
    },
    /// It is kept as history.
    Older,
}

/// Versions of one thing that are not shown. A file can hold any number under one name.
#[derive(Default)]
struct Others {
    by_content: HashMap<[u8; 16], RecordId, Seeded>,
    ids: HashSet<RecordId, Seeded>,
}

impl Others {
    fn push(&mut self, v: &Version) {
        self.by_content.entry(v.content).or_insert(v.id);
        self.ids.insert(v.id);
    }
}

/// The versions that one import knows of.
pub(crate) struct Versions {
    /// As it was published before.
    pub(crate) catalog: Arc<Catalog>,
    /// Of each thing met in this import, the version that is shown so far.
    shown: HashMap<Identity, Version, Seeded>,
    /// Other versions of it that this import met.
    others: HashMap<Identity, Others>,
    /// Things of which there are several versions.
    pub(crate) several: BTreeSet<Identity>,
    /// Records that were found to be of a newer version, though they say the same.
    pub(crate) renewed: BTreeMap<RecordId, Revision>,
}

impl Versions {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            shown: HashMap::default(),
            others: HashMap::new(),
            several: BTreeSet::new(),
            renewed: BTreeMap::new(),
        }
    }

    /// Whether a thing is known, by its name.
    pub(crate) fn knows(&self, identity: &Identity) -> bool {
        self.shown.contains_key(identity) || self.catalog.versions(identity).next().is_some()
    }

    /// The version of a thing that says this.
    pub(crate) fn find(&self, identity: &Identity, content: &[u8; 16]) -> Option<RecordId> {
        let shown = || self.shown.get(identity).filter(|v| v.content == *content).map(|v| v.id);
        let met = self.others.get(identity).and_then(|o| o.by_content.get(content)).copied();
        met.or_else(shown).or_else(|| self.catalog.versions(identity).find(|r| r.content() == *content).map(|r| r.id()))
    }

    /// What becomes of a record. `new` may be given another id: one that was used before belongs
    /// to the version that was shown before.
    pub(crate) fn judge(&mut self, identity: Identity, new: &mut Version, again: impl Fn() -> RecordId) -> Fate {
        let mine = self.shown.get(&identity).copied();
        let shown = mine.or_else(|| self.catalog.find_identity(&identity).map(|r| Version::of(&r)));
        let Some(shown) = shown else {
            self.shown.insert(identity, *new);
            return Fate::New;
        };
        if shown.content == new.content {
            let known = self.renewed.get(&shown.id).copied().unwrap_or(shown.revision);
            if new.revision.exceeds(&known) {
                self.renewed.insert(shown.id, new.revision);
                if let Some(m) = self.shown.get_mut(&identity) {
                    m.revision = new.revision;
                }
            }
            return Fate::Same(shown.id);
        }
        let known = self.renewed.get(&shown.id).copied().unwrap_or(shown.revision);
        let order = new.revision.order(&known);
        let others = self.others.entry(identity).or_default();
        let met = others.by_content.get(&new.content).copied();
        let published = || self.catalog.versions(&identity).find(|r| r.content() == new.content).map(|r| r.id());
        match (met, order) {
            (Some(id), None | Some(Ordering::Less | Ordering::Equal)) => return Fate::Same(id),
            (None, Some(Ordering::Less | Ordering::Equal)) => {
                if let Some(id) = published() {
                    return Fate::Same(id);
                }
            }
            _ => {}
        }
        self.several.insert(identity);
        if order == Some(Ordering::Less) {
            others.push(new);
            return Fate::Older;
        }
        if self.catalog.find_record(&new.id).is_some() || others.ids.contains(&new.id) {
            new.id = again();
        }
        if mine.is_some() {
            others.push(&shown);
        }
        new.confidentiality = new.confidentiality.max(shown.confidentiality);
        new.sensitivities = new.sensitivities.union(shown.sensitivities);
        new.obligations = new.obligations.union(shown.obligations);
        self.shown.insert(identity, *new);
        Fate::Newer { conflicts: order != Some(Ordering::Greater) }
    }
}

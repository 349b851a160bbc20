//! What a memory is made from.

use super::Memory;
use super::is_note;
use crate::catalog::{FactRow, View};
use crate::consent::Action;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::label::Label;
use crate::policy::{Basis, Tag};
use crate::storage::ReadTxn;
use crate::vault::memory::open_note;
use crate::vault::release::Audited;
use crate::vault::session::Session;
use crate::vault::state::State;

/// What a memory rests on: a release, a list of records, or nothing. Only this library's own types
/// are: the label that comes with one is not for the host to choose.
pub trait Parents: sealed::Parents {}

pub(super) mod sealed {
    use crate::id::RecordId;
    use crate::policy::Tag;

    pub trait Parents {
        /// The records, and the tag under which they were released. Without one they are looked up.
        #[allow(private_interfaces, reason = "the trait is sealed")]
        fn parents(&self) -> (Vec<RecordId>, Option<Tag>);
    }
}

impl Parents for [RecordId] {}

impl sealed::Parents for [RecordId] {
    #[allow(private_interfaces, reason = "the trait is sealed")]
    fn parents(&self) -> (Vec<RecordId>, Option<Tag>) {
        (self.to_vec(), None)
    }
}

impl Parents for Vec<RecordId> {}

impl sealed::Parents for Vec<RecordId> {
    #[allow(private_interfaces, reason = "the trait is sealed")]
    fn parents(&self) -> (Vec<RecordId>, Option<Tag>) {
        (self.clone(), None)
    }
}

/// Something released that names the records it was made of.
pub trait Records {
    /// The records.
    fn records(&self) -> Vec<RecordId>;
}

impl Records for Vec<FactRow> {
    fn records(&self) -> Vec<RecordId> {
        let mut ids: Vec<RecordId> = self.iter().map(|r| r.record).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl Records for Vec<Memory> {
    fn records(&self) -> Vec<RecordId> {
        self.iter().map(|m| m.id).collect()
    }
}

impl<T: Records> Parents for Audited<T> {}

impl<T: Records> sealed::Parents for Audited<T> {
    #[allow(private_interfaces, reason = "the trait is sealed")]
    fn parents(&self) -> (Vec<RecordId>, Option<Tag>) {
        (self.value().records(), Some(self.tag()))
    }
}

impl Session {
    /// The tag that records bring along, wherever they stand. A session can name what a
    /// grant lets it see, and its own memories; nothing that is quarantined.
    pub(super) fn tag_of(&self, txn: &dyn ReadTxn, state: &State, ids: &[RecordId]) -> Result<Tag> {
        let mut tag = Tag::bottom();
        let mut found = vec![false; ids.len()];
        for p in state.partitions.iter().filter(|_| !ids.is_empty()) {
            let shown = state.shown(p, self.now())?;
            let permits = [Action::Read, Action::Ground]
                .map(|action| self.inner.decide(state, p, &self.asking(action, b"")).ok());
            let views: Vec<(View<'_>, Basis)> = permits
                .iter()
                .flatten()
                .map(|permit| (View::new(&shown, permit.filter()), Basis::of(permit.basis().iter().copied())))
                .collect();
            for (id, found) in ids.iter().zip(&mut found) {
                let Some(record) = shown.find_record(id).filter(|r| !r.is_history()) else { continue };
                let seen = views.iter().find(|(v, _)| v.sees_any(record));
                let own = || -> Result<bool> {
                    let note = open_note(&self.inner.base, txn, p, record)?;
                    Ok(note.conversation == self.conversation())
                };
                let note = is_note(record.type_name());
                if seen.is_none() && !(note && own()?) {
                    continue;
                }
                *found = true;
                tag = tag.join(&p.tag_of(record));
                if let Some((_, basis)) = seen {
                    tag = tag.join(&Tag { label: Label::BOTTOM, basis: basis.clone() });
                }
            }
        }
        if found.iter().all(|f| *f) { Ok(tag) } else { Err(Error::NotFound) }
    }
}

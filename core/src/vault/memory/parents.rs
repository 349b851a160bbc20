//! What a memory is made from.

use super::{Memory, Place, is_note};
use crate::catalog::{FactRow, View};
use crate::consent::Action;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::label::Label;
use crate::policy::Tag;
use crate::storage::ReadTxn;
use crate::vault::memory::open_note;
use crate::vault::release::Audited;
use crate::vault::session::Session;
use crate::vault::state::State;

/// What a memory rests on: a release, a list of records, or nothing. Only this library's own types
/// are: the label that comes with one is not for the host to choose.
pub trait Parents: sealed::Parents {}

pub(super) mod sealed {
    use super::Named;

    pub trait Parents {
        /// The records.
        #[allow(private_interfaces, reason = "the trait is sealed")]
        fn parents(&self) -> Named;
    }
}

/// How what a memory is made from is named.
pub(super) enum Named {
    /// By ids alone: to be looked up.
    Ids(Vec<RecordId>),
    /// By a release, under this tag.
    Released(Vec<Place>, Tag),
}

impl Parents for [RecordId] {}

impl sealed::Parents for [RecordId] {
    #[allow(private_interfaces, reason = "the trait is sealed")]
    fn parents(&self) -> Named {
        Named::Ids(self.to_vec())
    }
}

impl Parents for Vec<RecordId> {}

impl sealed::Parents for Vec<RecordId> {
    #[allow(private_interfaces, reason = "the trait is sealed")]
    fn parents(&self) -> Named {
        Named::Ids(self.clone())
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
    fn parents(&self) -> Named {
        let of = self.partition();
        let places = self.value().records().into_iter().map(|id| Place { of, id }).collect();
        Named::Released(places, self.tag())
    }
}

impl Session {
    /// The records of these ids, wherever they stand, and the tag that they bring along. A session can
    /// name what a grant lets it remember, and its own memories; nothing that is quarantined. Where records of
    /// several partitions have one id, all of them are meant: none stands for another.
    pub(super) fn places_of(&self, txn: &dyn ReadTxn, state: &State, ids: &[RecordId]) -> Result<(Vec<Place>, Tag)> {
        let (mut places, mut tag) = (Vec::new(), Tag::bottom());
        let mut found = vec![false; ids.len()];
        for p in state.partitions.iter().filter(|_| !ids.is_empty()) {
            let shown = state.shown(p, self.now())?;
            let asking = self.asking(Action::Remember, b"");
            let permit = self.inner.decide(state, p, &asking).ok();
            let view = permit.as_ref().map(|permit| View::new(&shown, permit.filter()));
            for (id, found) in ids.iter().zip(&mut found) {
                let Some(record) = shown.find_record(id).filter(|r| !r.is_history()) else { continue };
                let seen = view.as_ref().filter(|v| v.sees_any(record));
                let own = || -> Result<bool> {
                    let note = open_note(&self.inner.base, txn, p, record)?;
                    Ok(note.conversation == self.conversation())
                };
                let note = is_note(record.type_name());
                if seen.is_none() && !(note && own()?) {
                    continue;
                }
                *found = true;
                places.push(Place { of: p.ordinal, id: *id });
                tag = tag.join(&p.tag_of(record));
                if let (Some(view), Some(permit)) = (seen, &permit) {
                    let basis = self.inner.basis_of(state, p, &asking, permit, view, record);
                    tag = tag.join(&Tag { label: Label::BOTTOM, basis });
                }
            }
        }
        if found.iter().all(|f| *f) { Ok((places, tag)) } else { Err(Error::NotFound) }
    }
}

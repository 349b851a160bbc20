//! A session's floating label, and what it gives to the values that a session makes (specification
//! section 4): pure, so that whole programs of calls can be tried against it.

use super::flow::{Sink, may_flow};
use crate::id::GrantId;
use crate::label::{Integrity, Label, Purpose};
use std::collections::BTreeSet;

/// The grants under which what a value is made of was released. It only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Basis(BTreeSet<GrantId>);

impl Basis {
    pub(crate) fn of(grants: impl IntoIterator<Item = GrantId>) -> Self {
        Self(grants.into_iter().collect())
    }

    /// Adds those of another.
    pub(crate) fn extend(&mut self, other: &Self) {
        if !other.0.is_subset(&self.0) {
            self.0.extend(&other.0);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, grant: GrantId) -> bool {
        self.0.contains(&grant)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = GrantId> + '_ {
        self.0.iter().copied()
    }
}

/// What travels with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) label: Label,
    pub(crate) basis: Basis,
}

impl Tag {
    /// From nowhere.
    pub(crate) fn bottom() -> Self {
        Self { label: Label::BOTTOM, basis: Basis::default() }
    }

    /// The least tag that is at least both.
    pub(crate) fn join(mut self, other: &Self) -> Self {
        self.label = self.label.join(other.label);
        self.basis.extend(&other.basis);
        self
    }

    /// Of what an AI wrote, whatever it was made of.
    pub(crate) fn by_assistant(mut self) -> Self {
        self.label.integrity = self.label.integrity.min(Integrity::AiAsserted);
        self
    }

    /// Of what the person vouches for.
    pub(crate) fn endorsed(mut self) -> Self {
        self.label.integrity = self.label.integrity.max(Integrity::User);
        self
    }
}

/// The label of a session: the join of all that reached it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Floating(Tag);

impl Floating {
    pub(crate) const fn at(tag: Tag) -> Self {
        Self(tag)
    }

    pub(crate) const fn tag(&self) -> &Tag {
        &self.0
    }

    /// Something was shown to the session.
    pub(crate) fn raise(&mut self, tag: &Tag) {
        self.0 = self.0.clone().join(tag);
    }

    /// What the session says may rest on all that it was shown.
    pub(crate) fn said(&self) -> Tag {
        self.0.clone().by_assistant()
    }

    /// What the person says in it: they vouch for it, but may repeat what they were shown.
    pub(crate) fn heard(&self) -> Tag {
        let mut tag = self.0.clone();
        tag.label.integrity = Integrity::User;
        tag
    }

    /// A call with inputs: which inputs were chosen rests on all that the session was shown.
    pub(crate) fn called<'t>(&self, inputs: impl IntoIterator<Item = &'t Tag>) -> Tag {
        inputs.into_iter().fold(self.0.clone(), Tag::join)
    }

    /// A value as it is stored: it keeps the integrity of whoever vouches for it.
    pub(crate) fn written(&self, value: &Tag) -> Tag {
        let mut tag = self.0.clone().join(value);
        tag.label.integrity = value.label.integrity;
        tag
    }

    /// Whether a value may be written: what is written, and that it is, rests on the session too.
    pub(crate) fn may_write(&self, value: &Tag, sink: Sink, purpose: Purpose) -> bool {
        may_flow(value.label.join(self.0.label), sink, purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{clearance_of_general, clearance_of_health};

    fn health() -> Tag {
        Tag { label: Label::health(1), basis: Basis::of([GrantId::from_bytes([1; 16])]) }
    }

    #[test]
    fn reading_taints_and_holding_does_not() {
        let mut session = Floating::at(Tag::bottom());
        let general = Sink::Partition(clearance_of_general(2));
        // Held: the value has the label, the session does not.
        assert!(!session.may_write(&health(), general, Purpose::PatientRequest));
        assert!(session.may_write(&session.said(), general, Purpose::PatientRequest));
        session.raise(&health());
        assert!(!session.may_write(&Tag::bottom(), general, Purpose::PatientRequest));
        assert!(session.may_write(&health(), Sink::Partition(clearance_of_health()), Purpose::PatientRequest));
    }

    #[test]
    fn a_call_joins_its_inputs_and_the_session() {
        let session = Floating::at(Tag::bottom());
        let out = session.called([&Tag::bottom(), &health()]).by_assistant();
        assert!(out.label.origins == Label::health(1).origins && out.basis == health().basis);
        assert_eq!(session.called([&Tag::bottom()]).by_assistant().label.integrity, Integrity::AiAsserted);
        // A file that nobody vouches for stays below what an AI says.
        assert_eq!(out.label.integrity, Integrity::External);
    }

    #[test]
    fn only_the_person_raises_integrity() {
        let session = Floating::at(health());
        assert!(session.said().label.integrity < Integrity::User);
        assert_eq!(session.heard().label.integrity, Integrity::User);
        assert_eq!(Floating::at(Tag::bottom()).heard().label.integrity, Integrity::User);
        assert_eq!(session.heard().label.origins, Label::health(1).origins);
    }
}

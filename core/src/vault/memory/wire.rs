//! The body of a memory or a turn.

use super::{MEMORY, Memory, Quarantine, Role, TURN, Turn};
use crate::catalog::RecordRef;
use crate::codec::cbor::{Reader, Writer};
use crate::error::{Error, Malformed, Result};
use crate::id::{ConversationId, RecordId, Timestamp};
use crate::label::Label;
use crate::policy::Basis;
use crate::record::Kind;
use crate::vault::manifest::{read_label, write_label};

const BAD: Error = Error::Malformed(Malformed::Cbor);

/// A record by the partition that it stands in: an id alone is what anybody can give to a record of
/// their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::vault) struct Place {
    /// The partition, by its ordinal: it is the same for every handle, and for ever.
    pub(in crate::vault) of: u16,
    pub(in crate::vault) id: RecordId,
}

/// What is stored.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::vault) struct Note {
    pub(in crate::vault) text: String,
    pub(in crate::vault) label: Label,
    pub(in crate::vault) parents: Vec<Place>,
    pub(in crate::vault) conversation: ConversationId,
    pub(in crate::vault) at: i64,
    /// Of a turn.
    pub(in crate::vault) role: Option<Role>,
    /// By which turns are ordered: the number of the row that it was first written to.
    pub(in crate::vault) place: u64,
}

impl Note {
    pub(super) const fn type_name(&self) -> &'static str {
        if self.role.is_some() { TURN } else { MEMORY }
    }

    pub(super) const fn kind(&self) -> Kind {
        if self.role.is_some() { Kind::Turn } else { Kind::Memory }
    }

    /// `{1 text, 2 label, 3 parents, 4 conversation, 5 time, 6 role, 7 place}`
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(7).uint(1).text(&self.text).uint(2);
        write_label(&mut w, &self.label);
        w.uint(3).array(self.parents.len());
        self.parents.iter().for_each(|p| {
            w.array(2).uint(u64::from(p.of)).bytes(p.id.as_bytes());
        });
        w.uint(4).bytes(self.conversation.as_bytes()).uint(5).int(self.at).uint(6);
        w.uint(match self.role {
            None => 0,
            Some(Role::Person) => 1,
            Some(Role::Assistant) => 2,
            Some(Role::Tool) => 3,
        });
        w.uint(7).uint(self.place);
        w.into_bytes()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        if r.map()? != 7 {
            return Err(BAD);
        }
        r.key_is(1)?;
        let text = r.text()?.to_owned();
        r.key_is(2)?;
        let label = read_label(&mut r)?;
        r.key_is(3)?;
        let n = r.array()?;
        let parents = (0..n).map(|_| {
            r.array_of(2)?;
            Ok(Place { of: r.small()?, id: RecordId(r.fixed()?) })
        });
        let parents = parents.collect::<Result<_>>()?;
        r.key_is(4)?;
        let conversation = ConversationId(r.fixed()?);
        r.key_is(5)?;
        let at = r.int()?;
        r.key_is(6)?;
        let role = match r.uint()? {
            0 => None,
            1 => Some(Role::Person),
            2 => Some(Role::Assistant),
            3 => Some(Role::Tool),
            _ => return Err(BAD),
        };
        r.key_is(7)?;
        let place = r.uint()?;
        r.finish()?;
        Ok(Self { text, label, parents, conversation, at, role, place })
    }

    /// Its label, which its row in the catalog may have raised since.
    pub(super) fn label_in(&self, record: RecordRef<'_>) -> Label {
        let (confidentiality, sensitivities) = (record.confidentiality(), record.sensitivities());
        self.label.join(Label { confidentiality, sensitivities, obligations: record.obligations(), ..Label::BOTTOM })
    }

    /// As it is shown.
    pub(super) fn memory(self, record: RecordRef<'_>, basis: &Basis, quarantine: Option<Quarantine>) -> Memory {
        let label = self.label_in(record);
        let Self { text, parents, conversation, at, .. } = self;
        let (id, author) = (record.id(), record.author());
        let parents = parents.into_iter().map(|p| p.id).collect();
        let (grants, at) = (basis.iter().collect(), Timestamp::from_millis(at));
        Memory { id, author, text, label, parents, grants, conversation, at, quarantine }
    }

    /// As it is shown, where it is a turn.
    pub(super) fn turn(self, record: RecordRef<'_>, basis: &Basis, quarantine: Option<Quarantine>) -> Option<Turn> {
        Some(Turn { role: self.role?, memory: self.memory(record, basis, quarantine) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_round_trip() {
        let note = Note {
            text: "a".into(),
            label: Label::health(1),
            parents: vec![Place { of: 63, id: RecordId([1; 16]) }, Place { of: 1, id: RecordId([1; 16]) }],
            conversation: ConversationId([2; 16]),
            at: -3,
            role: Some(Role::Tool),
            place: 9,
        };
        for role in [None, Some(Role::Person), Some(Role::Assistant), Some(Role::Tool)] {
            let note = Note { role, ..note.clone() };
            let bytes = note.encode();
            assert!(Note::decode(&bytes).unwrap() == note);
            assert!((0..bytes.len()).all(|n| Note::decode(&bytes[..n]).is_err()));
        }
    }
}

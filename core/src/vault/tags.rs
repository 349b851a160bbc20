//! Which tags a scope's memories have, and which of them are quarantined.
//!
//! The catalog keeps, as the content hash of a memory, the name of its tag; the tags themselves
//! stand once each in the manifest. So what a memory brings along is known without opening it, and
//! the end of a grant is seen on every memory that rests on it without writing to any.

use super::manifest::{read_label, write_label};
use crate::codec::cbor::{Reader, Writer};
use crate::crypto::hash::sha256;
use crate::error::Result;
use crate::id::{GrantId, RecordId};
use crate::policy::{Basis, Tag};
use std::collections::BTreeSet;

/// A grant that memories of a scope rest on. The scope keeps its end, because not every handle
/// that opens the scope can see the grant itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resting {
    pub(crate) grant: GrantId,
    pub(crate) expires: Option<i64>,
    /// Withdrawn by a handle that had this scope open.
    pub(crate) ended: bool,
}

/// The part of a manifest that is about memories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    pub(crate) resting: Vec<Resting>,
    pub(crate) named: Vec<([u8; 16], Tag)>,
    /// What they were derived from is gone, and the person has not decided yet.
    pub(crate) quarantined: Vec<RecordId>,
}

/// The name of a tag.
fn name(tag: &Tag) -> [u8; 16] {
    let mut w = Writer::new();
    w.array(2);
    write_label(&mut w, &tag.label);
    write_basis(&mut w, &tag.basis);
    let mut out = [0; 16];
    out.iter_mut().zip(sha256(&[b"hs/v1/tag-name\0", &w.into_bytes()])).for_each(|(o, b)| *o = b);
    out
}

/// Writes a basis: grants, ascending.
pub(crate) fn write_basis(w: &mut Writer, basis: &Basis) {
    w.array(basis.iter().len());
    basis.iter().for_each(|g| {
        w.bytes(g.as_bytes());
    });
}

/// Reads what [`write_basis`] wrote.
pub(crate) fn read_basis(r: &mut Reader<'_>) -> Result<Basis> {
    let n = r.array()?;
    Ok(Basis::of((0..n).map(|_| r.fixed().map(GrantId)).collect::<Result<Vec<_>>>()?))
}

impl Tags {
    /// Takes a tag in; its name. `ends` says until when each grant of its basis holds.
    pub(crate) fn adopt(&mut self, tag: &Tag, ends: &[(GrantId, Option<i64>)]) -> [u8; 16] {
        for (grant, expires) in ends {
            match self.resting.iter_mut().find(|r| r.grant == *grant) {
                None => self.resting.push(Resting { grant: *grant, expires: *expires, ended: false }),
                // Over by what whoever writes can see, which may be more than what was kept here.
                Some(kept) if *expires == Some(i64::MIN) => kept.expires = *expires,
                Some(_) => {}
            }
        }
        let name = name(tag);
        if self.find(&name).is_none() {
            self.named.push((name, tag.clone()));
        }
        name
    }

    /// The tag of a name.
    pub(crate) fn find(&self, name: &[u8; 16]) -> Option<&Tag> {
        self.named.iter().find(|(n, _)| n == name).map(|(_, tag)| tag)
    }

    /// What the tags are called.
    pub(crate) fn names(&self) -> BTreeSet<[u8; 16]> {
        self.named.iter().map(|(name, _)| *name).collect()
    }

    /// Forgets these tags. The ends of grants are kept: a session that was shown something
    /// under one may still write what rests on it.
    pub(crate) fn forget(&mut self, names: &BTreeSet<[u8; 16]>) {
        self.named.retain(|(name, _)| !names.contains(name));
    }

    /// Whether any tag rests on a grant.
    pub(crate) fn any_rests(&self) -> bool {
        self.named.iter().any(|(_, tag)| !tag.basis.is_empty())
    }

    /// Marks a grant as ended where memories here rest on it; whether anything changed.
    pub(crate) fn end(&mut self, grant: GrantId) -> bool {
        let found = self.resting.iter_mut().find(|r| r.grant == grant && !r.ended);
        found.map(|r| r.ended = true).is_some()
    }

    /// A grant that was over, or would be, holds until then; one that was withdrawn stays so.
    pub(crate) fn extend(&mut self, grant: GrantId, until: i64) {
        if let Some(r) = self.resting.iter_mut().find(|r| r.grant == grant) {
            r.expires = Some(until);
        }
    }

    /// Keys 17 to 19 of the manifest.
    pub(crate) fn write(&self, w: &mut Writer) {
        w.uint(17).array(self.resting.len());
        for r in &self.resting {
            w.array(3).bytes(r.grant.as_bytes());
            match r.expires {
                Some(at) => w.int(at),
                None => w.null(),
            };
            w.bool(r.ended);
        }
        w.uint(18).array(self.named.len());
        for (name, tag) in &self.named {
            w.array(3).bytes(name);
            write_label(w, &tag.label);
            write_basis(w, &tag.basis);
        }
        w.uint(19).array(self.quarantined.len());
        self.quarantined.iter().for_each(|id| {
            w.bytes(id.as_bytes());
        });
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.key_is(17)?;
        let n = r.array()?;
        let resting = (0..n).map(|_| {
            r.array_of(3)?;
            let grant = GrantId(r.fixed()?);
            let expires = if r.null() { None } else { Some(r.int()?) };
            Ok(Resting { grant, expires, ended: r.bool()? })
        });
        let resting = resting.collect::<Result<_>>()?;
        r.key_is(18)?;
        let n = r.array()?;
        let named = (0..n).map(|_| {
            r.array_of(3)?;
            let name = r.fixed()?;
            let label = read_label(r)?;
            Ok((name, Tag { label, basis: read_basis(r)? }))
        });
        let named = named.collect::<Result<_>>()?;
        r.key_is(19)?;
        let n = r.array()?;
        let quarantined = (0..n).map(|_| r.fixed().map(RecordId)).collect::<Result<_>>()?;
        Ok(Self { resting, named, quarantined })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Label;

    #[test]
    fn tags_without_a_memory_are_forgotten_and_ends_of_grants_are_not() {
        let [one, two, three] = [1, 2, 3].map(|n| GrantId([n; 16]));
        let tag = |g| Tag { label: Label::health(1), basis: Basis::of([g]) };
        let mut tags = Tags::default();
        let names = [one, two, three].map(|g| tags.adopt(&tag(g), &[(g, None)]));
        tags.end(two);
        assert_eq!(tags.names(), BTreeSet::from(names));
        tags.forget(&BTreeSet::from([names[1], names[2]]));
        assert!(tags.find(&names[0]).is_some() && tags.named.len() == 1);
        assert!(tags.resting.iter().map(|r| (r.grant, r.ended)).eq([(one, false), (two, true), (three, false)]));
    }

    #[test]
    fn tags_round_trip_and_are_kept_once() {
        let grant = GrantId([3; 16]);
        let tag = Tag { label: Label::health(1), basis: Basis::of([grant, GrantId([1; 16])]) };
        let mut tags = Tags::default();
        let ends = [(grant, Some(-5)), (GrantId([1; 16]), None)];
        let name = tags.adopt(&tag, &ends);
        assert_eq!(tags.adopt(&tag, &ends), name);
        assert_ne!(tags.adopt(&Tag::bottom(), &[]), name);
        assert_eq!((tags.named.len(), tags.resting.len()), (2, 2));
        assert_eq!(tags.find(&name), Some(&tag));
        assert!(tags.end(grant) && !tags.end(grant) && !tags.end(GrantId([9; 16])));
        // What is over is so for what rested on it before as well.
        tags.adopt(&tag, &[(grant, Some(i64::MIN))]);
        assert_eq!(tags.resting.iter().find(|r| r.grant == grant).unwrap().expires, Some(i64::MIN));
        tags.quarantined.push(RecordId([4; 16]));
        let mut w = Writer::new();
        tags.write(&mut w);
        let bytes = w.into_bytes();
        let mut r = Reader::new(&bytes);
        assert_eq!(Tags::read(&mut r).unwrap(), tags);
        r.finish().unwrap();
    }
}

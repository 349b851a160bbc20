//! The policy row of a partition: what a handle needs to decide about it without the system key.
//!
//! Sealed under the partition's policy key (class 11), stored in the system scope and named with
//! its digest by the signed system head: whoever holds the partition's key can read it, nobody but
//! a full slot can exchange it. The system scope's own policy row is the directory of partitions.

use super::manifest::{read_label, write_label};
use crate::codec::cbor::{Reader, Writer};
use crate::consent::{self, ConsentState, DeclassifyDoc, Kept, Rules};
use crate::error::{Error, Part, Result};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::{Label, PartitionKind};
use std::collections::BTreeSet;

/// Name and place of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryEntry {
    pub(crate) name: String,
    pub(crate) scope: ScopeId,
    pub(crate) ordinal: u16,
    pub(crate) kind: PartitionKind,
}

/// A policy row in the open.
#[derive(Clone, Debug)]
pub(crate) struct PolicyRow {
    pub(crate) name: String,
    pub(crate) kind: PartitionKind,
    /// Newest version of every consent series that names this partition, as stored.
    pub(crate) consents: Vec<FiledConsent>,
    /// Minutes east of UTC in which date-only bounds are read.
    pub(crate) zone_minutes: i16,
    /// Directory: the system scope's row only.
    pub(crate) directory: Vec<DirectoryEntry>,
    /// Newest version of every consent to lower a label into this partition, as stored.
    pub(crate) lowerings: Vec<FiledConsent>,
    /// What may flow into it, where the person changed that; by its kind where absent.
    pub(crate) clearance: Option<Label>,
    /// Consents of this space, in whichever partition, that permit nothing until the person confirms them.
    pub(crate) suspended: BTreeSet<GrantId>,
    /// The consents, read.
    pub(crate) state: ConsentState,
    /// The rules they amount to at any time: a decision looks at the time itself.
    pub(crate) rules: Rules,
    /// The consents to lower a label, read; `None` for one that cannot be.
    pub(crate) lowered: Vec<(GrantId, Option<DeclassifyDoc>)>,
}

/// A consent as a policy row keeps it. Series and version are those under which a full slot filed
/// it: a text that says otherwise, or cannot be read, is unusable and refuses everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FiledConsent {
    pub(crate) series: GrantId,
    pub(crate) version: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) origin: Origin,
    /// Of one from elsewhere: the person said that it is theirs, whomever it names.
    pub(crate) confirmed: bool,
}

/// Where a consent comes from. One from elsewhere never counts as a grant of ours, even in our own
/// form: no notice of it was shown here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Asked and given here.
    Own,
    /// From elsewhere.
    Imported,
    /// From elsewhere, and withdrawn here since; its bytes are as they came.
    Withdrawn,
}

impl FiledConsent {
    /// One that was asked and given here.
    pub(crate) fn own(series: GrantId, version: u64, bytes: &[u8]) -> Self {
        Self { series, version, bytes: bytes.to_vec(), origin: Origin::Own, confirmed: false }
    }
}

fn write_filed(w: &mut Writer, list: &[FiledConsent]) {
    w.array(list.len());
    list.iter().for_each(|c| {
        let items = if c.origin == Origin::Own { 3 } else { 4 };
        w.array(items).bytes(c.series.as_bytes()).uint(c.version).bytes(&c.bytes);
        if c.origin != Origin::Own {
            w.uint(u64::from(c.origin == Origin::Withdrawn) | u64::from(c.confirmed) << 1);
        }
    });
}

fn read_filed(r: &mut Reader<'_>) -> Result<Vec<FiledConsent>> {
    let n = r.array()?;
    let one = |r: &mut Reader<'_>| {
        let items = r.array()?;
        let (series, version, bytes) = (GrantId(r.fixed()?), r.uint()?, r.bytes()?.to_vec());
        let (origin, confirmed) = match items {
            3 => (Origin::Own, false),
            4 => match r.uint()? {
                n @ (0 | 2) => (Origin::Imported, n == 2),
                n @ (1 | 3) => (Origin::Withdrawn, n == 3),
                _ => return Err(BAD),
            },
            _ => return Err(BAD),
        };
        Ok(FiledConsent { series, version, bytes, origin, confirmed })
    };
    (0..n).map(|_| one(r)).collect()
}

const BAD: Error = Error::Corrupt(Part::Policy);
/// Before anything can be over.
const BEGINNING: Timestamp = Timestamp::from_millis(i64::MIN);

impl PolicyRow {
    /// A new partition's row.
    pub(crate) fn new(name: &str, kind: PartitionKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            consents: Vec::new(),
            zone_minutes: 0,
            directory: Vec::new(),
            lowerings: Vec::new(),
            clearance: None,
            suspended: BTreeSet::new(),
            lowered: Vec::new(),
            state: ConsentState::default(),
            rules: Rules::default(),
        }
    }

    /// As the directory lists a partition with this row.
    pub(crate) fn as_listed(&self, scope: ScopeId, ordinal: u16) -> DirectoryEntry {
        DirectoryEntry { name: self.name.clone(), scope, ordinal, kind: self.kind }
    }

    /// The newest version of a consent to lower a label into this partition.
    pub(crate) fn lowering(&self, grant: GrantId) -> Option<&DeclassifyDoc> {
        self.lowered.iter().find(|(id, _)| *id == grant).and_then(|(_, doc)| doc.as_ref())
    }

    /// `{1 name, 2 kind, 3 consents, 4 zone, 5 directory, 6 consents to lower, 7 clearance, 8 suspended}`
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(8).uint(1).text(&self.name).uint(2).uint(self.kind as u64).uint(3);
        write_filed(&mut w, &self.consents);
        w.uint(4).int(i64::from(self.zone_minutes)).uint(5).array(self.directory.len());
        for d in &self.directory {
            w.array(4).text(&d.name).bytes(d.scope.as_bytes()).uint(u64::from(d.ordinal)).uint(d.kind as u64);
        }
        w.uint(6);
        write_filed(&mut w, &self.lowerings);
        w.uint(7);
        match &self.clearance {
            Some(label) => write_label(&mut w, label),
            None => {
                w.null();
            }
        }
        w.uint(8).array(self.suspended.len());
        self.suspended.iter().for_each(|g| {
            w.bytes(g.as_bytes());
        });
        w.into_bytes()
    }

    /// `here` are the scopes of the space.
    pub(crate) fn decode(bytes: &[u8], here: &[ScopeId]) -> Result<Self> {
        Self::read(bytes, here).map_err(|_| BAD)
    }

    fn read(bytes: &[u8], here: &[ScopeId]) -> Result<Self> {
        let kind = |n: u64| match n {
            0 => Ok(PartitionKind::Health),
            1 => Ok(PartitionKind::General),
            _ => Err(BAD),
        };
        let mut r = Reader::new(bytes);
        if r.map()? != 8 {
            return Err(BAD);
        }
        r.key_is(1)?;
        let name = r.text()?.to_owned();
        r.key_is(2)?;
        let of = kind(r.uint()?)?;
        r.key_is(3)?;
        let consents = read_filed(&mut r)?;
        r.key_is(4)?;
        let zone_minutes = i16::try_from(r.int()?).map_err(|_| BAD)?;
        r.key_is(5)?;
        let n = r.array()?;
        let directory = (0..n)
            .map(|_| {
                r.array_of(4)?;
                let name = r.text()?.to_owned();
                Ok(DirectoryEntry { name, scope: ScopeId(r.fixed()?), ordinal: r.small()?, kind: kind(r.uint()?)? })
            })
            .collect::<Result<_>>()?;
        r.key_is(6)?;
        let lowerings = read_filed(&mut r)?;
        r.key_is(7)?;
        let clearance = if r.null() { None } else { Some(read_label(&mut r)?) };
        r.key_is(8)?;
        let n = r.array()?;
        let suspended: Vec<GrantId> = (0..n).map(|_| Ok(GrantId(r.fixed()?))).collect::<Result<_>>()?;
        if !suspended.is_sorted_by(|a, b| a < b) {
            return Err(BAD);
        }
        let suspended: BTreeSet<GrantId> = suspended.into_iter().collect();
        r.finish()?;
        let lowered = lowerings.iter().map(|c| {
            // As filed, or not at all.
            let doc = consent::declassify_from_fhir(&c.bytes).ok();
            (c.series, doc.filter(|d| (d.meta.series, d.meta.version) == (c.series, c.version)))
        });
        let lowered = lowered.collect();
        let mut state = ConsentState::default();
        for c in &consents {
            let kept = match (c.origin, consent::from_fhir(&c.bytes)) {
                // Only a full slot files a consent, in the transaction that logs its notice.
                (Origin::Own, Ok(doc)) => Kept::Read { doc: Box::new(doc), used: 0, notice_logged: true },
                (Origin::Own, Err(_)) => Kept::Unusable,
                _ => {
                    let mut consent = Box::new(consent::read_consent(&c.bytes, zone_minutes));
                    consent.refuse_outside(here);
                    // A count is kept in the one partition that a grant names; one from elsewhere holds
                    // in several, so that its counted permits are used up from the start.
                    Kept::Imported { consent, used: u32::MAX, notice_logged: false }
                }
            };
            state.add(c.series, c.version, kept);
            if c.origin == Origin::Withdrawn {
                state.withdraw_here(c.series);
            }
        }
        state.suspend(suspended.iter().copied());
        let rules = state.rules_at(BEGINNING);
        let mut row = Self::new(&name, of);
        (row.consents, row.zone_minutes, row.directory, row.lowerings) = (consents, zone_minutes, directory, lowerings);
        (row.clearance, row.suspended, row.state, row.rules, row.lowered) =
            (clearance, suspended, state, rules, lowered);
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_round_trip() {
        let mut p = PolicyRow::new("health", PartitionKind::Health);
        for (n, origin) in [Origin::Own, Origin::Imported, Origin::Withdrawn].into_iter().enumerate() {
            for confirmed in [false, origin != Origin::Own] {
                let series = GrantId([n as u8 | u8::from(confirmed) << 4; 16]);
                p.consents.push(FiledConsent { series, version: 1, bytes: b"{}".to_vec(), origin, confirmed });
            }
        }
        p.directory.push(DirectoryEntry {
            name: "general".into(),
            scope: ScopeId([1; 16]),
            ordinal: 2,
            kind: PartitionKind::General,
        });
        p.lowerings.push(FiledConsent::own(GrantId([6; 16]), 2, b"{}"));
        p.clearance = Some(Label::health(3));
        p.suspended = [GrantId([6; 16]), GrantId([1; 16])].into();
        let b = p.encode();
        let back = PolicyRow::decode(&b, &[]).unwrap();
        assert_eq!((&back.consents, &back.directory, &back.name), (&p.consents, &p.directory, &p.name));
        assert_eq!((&back.lowerings, back.clearance), (&p.lowerings, p.clearance));
        assert_eq!(back.suspended, p.suspended);
        assert!(back.lowering(GrantId([6; 16])).is_none());
        assert_eq!(back.encode(), b);
        assert!((0..b.len()).all(|n| PolicyRow::decode(&b[..n], &[]).is_err()));
    }
}

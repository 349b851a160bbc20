//! Counted grants: how often each was used, counted in the partition that it names.
//!
//! A use is taken in the transaction that writes the entry of the release: there is no release
//! without a use, and none is lost to a crash.

use super::release::Asking;
use super::scope::Scope;
use super::state::{Target, Writing};
use super::tx::Tx;
use crate::codec::cbor::{Reader, Writer};
use crate::consent::ConsentState;
use crate::error::{Error, Limit, Result};
use crate::id::GrantId;
use crate::policy::Permit;
use std::borrow::Cow;

/// How often a version of a grant was used. Renewed, it is counted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UseCount {
    pub(crate) grant: GrantId,
    pub(crate) version: u64,
    pub(crate) used: u32,
}

/// The counts of a partition; one for each counted grant that was used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses(Vec<UseCount>);

impl Uses {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, grant: GrantId, version: u64) -> Result<()> {
        match self.0.iter_mut().find(|u| u.grant == grant) {
            Some(u) if u.version == version => {
                u.used = u.used.checked_add(1).ok_or(Error::TooLarge(Limit::Capacity))?
            }
            Some(u) => *u = UseCount { grant, version, used: 1 },
            None => self.0.push(UseCount { grant, version, used: 1 }),
        }
        Ok(())
    }

    /// Key 22 of the manifest.
    pub(crate) fn write(&self, w: &mut Writer) {
        w.uint(22).array(self.0.len());
        for u in &self.0 {
            w.array(3).bytes(u.grant.as_bytes()).uint(u.version).uint(u64::from(u.used));
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self> {
        r.key_is(22)?;
        let n = r.array()?;
        let one = |_| {
            r.array_of(3)?;
            Ok(UseCount { grant: GrantId(r.fixed()?), version: r.uint()?, used: r.small()? })
        };
        (0..n).map(one).collect::<Result<_>>().map(Self)
    }
}

/// Which uses of counted grants a request may count on.
#[derive(Clone, Copy)]
pub(crate) enum Counting<'a> {
    /// Those that are left: the release takes one of each grant that it rests on.
    Left,
    /// Those that were taken when it began, and no others: an open reader.
    Taken(&'a [GrantId]),
}

impl Scope {
    /// The consents as they stand in this partition: with what was withdrawn here by a handle that
    /// cannot file it, and with the uses that were taken.
    pub(crate) fn consents(&self) -> Cow<'_, ConsentState> {
        self.consents_for(Counting::Left)
    }

    fn consents_for(&self, counting: Counting<'_>) -> Cow<'_, ConsentState> {
        let m = &self.manifest;
        if m.denied.is_empty() && m.uses.is_empty() && matches!(counting, Counting::Left) {
            return Cow::Borrowed(&self.policy.state);
        }
        let mut consents = self.policy.state.clone();
        m.uses.0.iter().for_each(|u| consents.used(u.grant, u.version, u.used));
        if let Counting::Taken(taken) = counting {
            consents.only_taken(taken);
        }
        m.denied.iter().for_each(|g| consents.withdraw_permits(*g));
        Cow::Owned(consents)
    }

    /// The same for a request, where they are not just those of the policy row.
    pub(crate) fn narrowed(&self, asking: &Asking<'_>) -> Option<ConsentState> {
        match self.consents_for(asking.counting) {
            Cow::Borrowed(_) => None,
            Cow::Owned(consents) => Some(consents),
        }
    }
}

/// Takes one use of each counted grant that a permit rests on (D10).
pub(crate) fn take_uses(tx: &Tx<'_>, w: &mut Writing, at: usize, permit: &Permit) -> Result<()> {
    let counted = permit.counted();
    if counted.is_empty() {
        return Ok(());
    }
    let work = w.work(tx, Target::Partition(at))?;
    for grant in counted {
        let version = work.scope.policy.state.version(*grant).ok_or(Error::Internal(111))?;
        work.manifest.uses.take(*grant, version)?;
    }
    Ok(())
}

//! Whose a consent from elsewhere is, as far as the data and the person tell.

use super::grants::put_row;
use super::policy_row::{FiledConsent, Origin, PolicyRow};
use super::scope::Scope;
use super::state::Writing;
use super::tx::Tx;
use crate::consent::{ReadConsent, Whom};
use crate::error::{Error, Result};
use crate::id::{GrantId, Identity};
use crate::import::{patient_key, subject_reference};
use crate::label::PartitionKind;
use std::collections::BTreeSet;

/// By what the patient of a consent is compared: with the data as it names them, an address of a server
/// being none of the data's; with other consents by the id alone.
struct Named {
    exact: Identity,
    plain: Identity,
}

impl Named {
    /// Whether another consent names the same one: one id on two servers is two people's.
    fn is_as(&self, (exact, plain): (Identity, Identity)) -> bool {
        self.exact == exact || self.plain == plain && (self.exact == self.plain || exact == plain)
    }
}

/// Whether consents of one file are about two people.
pub(super) fn are_two(consents: &[ReadConsent]) -> bool {
    let plain = consents.iter().filter_map(ReadConsent::subject).filter_map(patient_key).collect::<BTreeSet<_>>();
    let address = |c: &ReadConsent| if let Whom::At(address, _) = c.whom() { Some(address.clone()) } else { None };
    plain.len() > 1 || consents.iter().filter_map(address).collect::<BTreeSet<_>>().len() > 1
}

fn named(consent: &ReadConsent) -> Option<Named> {
    let of = |exact: &str, plain: &str| Named { exact: subject_reference(exact), plain: subject_reference(plain) };
    match consent.whom() {
        Whom::Untold | Whom::Other => None,
        Whom::Patient(id) => Some(of(id, id)),
        Whom::At(address, id) => Some(of(address, id)),
    }
}

fn foreign(p: &Scope) -> impl Iterator<Item = (&FiledConsent, &ReadConsent)> {
    let filed = p.policy.consents.iter().filter(|c| c.origin != Origin::Own);
    filed.filter_map(|c| Some((c, p.policy.state.imported(c.series)?)))
}

/// The people whom a space knows the person by.
pub(super) struct People {
    /// As the data refers to its subject.
    data: BTreeSet<Identity>,
    /// As consents do that the person said are theirs.
    confirmed: BTreeSet<Identity>,
    /// As any consent does that is here: each in both ways.
    consents: BTreeSet<(Identity, Identity)>,
}

impl People {
    /// `data` is how the data refers to its subject.
    pub(super) fn of<'p>(data: BTreeSet<Identity>, health: impl IntoIterator<Item = &'p Scope>) -> Self {
        let mut people = Self { data, confirmed: BTreeSet::new(), consents: BTreeSet::new() };
        for (filed, consent) in health.into_iter().flat_map(foreign) {
            if let Some(n) = named(consent) {
                people.consents.insert((n.exact, n.plain));
                if filed.confirmed {
                    people.confirmed.insert(n.exact);
                }
            }
        }
        people
    }

    /// Whether the person said of another consent of this patient that it is theirs.
    pub(super) fn confirms(&self, consent: &ReadConsent) -> bool {
        named(consent).is_some_and(|n| self.confirmed.contains(&n.exact))
    }

    /// Whether a consent refers to somebody else, or to nobody knows whom. An identifier is not compared:
    /// one person has many.
    pub(super) fn are_not(&self, consent: &ReadConsent) -> bool {
        match (consent.whom(), named(consent)) {
            (Whom::Untold, _) => false,
            (_, None) => true,
            // Without data there is nothing to tell the person by but what was filed first.
            (_, Some(n)) if self.data.is_empty() => {
                !self.consents.is_empty()
                    && !self.consents.iter().any(|c| n.is_as((c.0, c.1)))
                    && !self.confirmed.contains(&n.exact)
            }
            (_, Some(n)) => !self.data.contains(&n.exact) && !self.confirmed.contains(&n.exact),
        }
    }
}

/// What consents of somebody else that are here already permit waits for the person's word from now on, once
/// data refers to its subject. What they refuse is refused. How many there are.
///
/// # Errors
/// [`Error::NeedsFullSlot`] where this handle cannot make them wait.
pub(super) fn hold_back(tx: &mut Tx<'_>, w: &mut Writing, new: &BTreeSet<Identity>) -> Result<u64> {
    let health = |p: &&Scope| p.policy.kind == PartitionKind::Health;
    let health: Vec<Scope> = w.state.partitions.iter().filter(health).cloned().collect();
    let may_wait = |p: &Scope, (filed, consent): &(&FiledConsent, &ReadConsent)| {
        filed.origin == Origin::Imported
            && !filed.confirmed
            && consent.permits()
            && !p.policy.suspended.contains(&filed.series)
    };
    if !health.iter().any(|p| foreign(p).any(|c| may_wait(p, &c))) {
        return Ok(0);
    }
    let mut data = new.clone();
    for p in &health {
        data.extend(p.subject(tx.base, &*tx.txn)?.references);
    }
    if data.is_empty() {
        return Ok(0);
    }
    let people = People::of(data, &health);
    let mut held = BTreeSet::new();
    for p in &health {
        let of_others = foreign(p).filter(|c| may_wait(p, c) && people.are_not(c.1)).map(|(filed, _)| filed.series);
        let of_others: Vec<_> = of_others.collect();
        if of_others.is_empty() {
            continue;
        }
        if w.state.system.is_none() {
            return Err(Error::NeedsFullSlot);
        }
        let mut row: PolicyRow = (*p.policy).clone();
        held.extend(of_others.iter().copied());
        row.suspended.extend(of_others);
        put_row(tx, w, p, &row)?;
    }
    Ok(held.len() as u64)
}

/// Of permissions that wait, those that do so because they are somebody else's, or nobody knows whose: each waits for
/// the person's word on itself.
pub(super) fn of_others(tx: &Tx<'_>, w: &Writing, waiting: &BTreeSet<GrantId>) -> Result<BTreeSet<GrantId>> {
    let health: Vec<&Scope> = w.state.partitions.iter().filter(|p| p.policy.kind == PartitionKind::Health).collect();
    let mut data = BTreeSet::new();
    for p in &health {
        data.extend(p.subject(tx.base, &*tx.txn)?.references);
    }
    let people = People::of(data, health.iter().copied());
    let all = health.iter().copied().flat_map(foreign);
    let others = all.filter(|(filed, consent)| !filed.confirmed && people.are_not(consent));
    Ok(others.map(|(filed, _)| filed.series).filter(|id| waiting.contains(id)).collect())
}

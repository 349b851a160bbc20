//! One decision about one item: D1..D8, D12 and D13.

use super::request::{ItemFacts, Request, Says};
use crate::consent::{Place, Rule, Rules};
use crate::id::{GrantId, Timestamp};
use crate::label::Obligations;

/// The outcome. Only a permit lets anything through; an outside caller sees one refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Let through.
    Permit {
        /// What comes with it: the union over every permit that matched and whose terms are met, and the item itself.
        obligations: Obligations,
        /// The grants it rests on, in order. Those without a bound on their uses, or else the one
        /// counted grant that ends first, of which one use is to be taken.
        basis: Vec<GrantId>,
    },
    /// Refused.
    Deny {
        /// By what.
        basis: Refusal,
    },
    /// No rule speaks of it.
    NotApplicable,
}

/// What a refusal rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Training without a consent of its own (D13), or leaving or destroying by break-glass
    /// (D11): no consent's.
    Floor,
    /// The first consent that refuses, in order of series.
    Consent(GrantId),
    /// The first one that refuses because it cannot be read or verified, where none refuses
    /// otherwise before it.
    Unusable(GrantId),
}

impl Decision {
    /// Whether it lets through.
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        matches!(self, Self::Permit { .. })
    }
}

/// Where a rule stands and what it does: what overriding looks at.
pub(super) trait Placed {
    fn series(&self) -> GrantId;
    fn place(&self) -> Place;
}

impl Placed for Rule {
    fn series(&self) -> GrantId {
        self.series
    }
    fn place(&self) -> Place {
        self.place
    }
}

fn is_inside<R: Placed>(rule: &R, outer: &R) -> bool {
    outer.series() == rule.series() && rule.place().is_inside(outer.place())
}

/// Hands those matching rules on that no matching rule inside them overrides (D7). The rules come
/// by series and in preorder, so a rule that is overridden at all is overridden by its successor.
/// A permit that is withheld says nothing, and neither do the permits around it: as one that is not understood.
pub(super) fn deepest<'r, R: Placed + 'r, S: Default>(
    matching: impl Iterator<Item = (Says, &'r R)> + Clone,
    mut each: impl FnMut(&mut S, Says, &'r R),
) -> S {
    let (mut out, mut withheld) = (S::default(), false);
    let all = matching.clone().inspect(|(says, _)| withheld |= *says == Says::Withheld);
    walk(all, |says, rule| each(&mut out, says, rule));
    if withheld {
        // Rare, so that it may cost.
        out = S::default();
        let is_void = |(says, rule): &(Says, &'r R)| {
            let around = || matching.clone().any(|(s, inner)| s == Says::Withheld && is_inside(inner, *rule));
            *says == Says::Withheld || *says == Says::Permit && around()
        };
        walk(matching.clone().filter(|r| !is_void(r)), |says, rule| each(&mut out, says, rule));
    }
    out
}

fn walk<'r, R: Placed + 'r>(matching: impl Iterator<Item = (Says, &'r R)>, mut each: impl FnMut(Says, &'r R)) {
    let mut last: Option<(Says, &R)> = None;
    for rule in matching {
        if let Some(outer) = last.replace(rule)
            && !is_inside(rule.1, outer.1)
        {
            each(outer.0, outer.1);
        }
    }
    if let Some((says, rule)) = last {
        each(says, rule);
    }
}

/// Decides one item. Only a permit allocates (`tests/allocations.rs`).
#[must_use]
pub fn decide(rules: &Rules, request: &Request<'_>, item: &ItemFacts<'_>) -> Decision {
    let rules = rules.as_slice();
    if request.below_floor(rules) {
        return Decision::Deny { basis: Refusal::Floor };
    }
    let reached = |r| request.reach(r).map(|says| (says, r));
    let dated = item.dated();
    let matching =
        rules.iter().filter(|r| r.covers.meets(&item.class)).filter_map(reached).filter(|(says, r): &(Says, &Rule)| {
            says.of_class(&r.covers, &item.class, &item.more) && says.dated(&r.covers, dated)
        });
    let (refusal, permitted) = deepest(matching.clone(), |out: &mut (Option<Refusal>, bool), says, r| match says {
        Says::Deny if r.unusable => out.0 = out.0.or(Some(Refusal::Unusable(r.series))),
        Says::Deny => out.0 = out.0.or(Some(Refusal::Consent(r.series))),
        Says::Permit => out.1 = true,
        Says::Withheld => {}
    });
    match refusal {
        Some(basis) => Decision::Deny { basis },
        // What the record itself obliges to counts as what a permit asks for (D1, D12).
        None if permitted && item.class.obligations().is_understood(request.understands_of_items()) => {
            let permits = matching.clone().filter(|(says, _)| *says == Says::Permit);
            let obligations = permits.fold(item.class.obligations(), |all, (_, r)| all.union(r.obligations));
            Decision::Permit { obligations, basis: basis(matching) }
        }
        None => Decision::NotApplicable,
    }
}

/// What a permit rests on: those without a bound on their uses, or the counted one that ends first.
fn basis<'r>(matching: impl Iterator<Item = (Says, &'r Rule)> + Clone) -> Vec<GrantId> {
    type Found = (Vec<GrantId>, Option<(Timestamp, GrantId)>);
    let (unlimited, counted) =
        deepest(matching, |(unlimited, counted): &mut Found, says, r| match (says, r.uses_left) {
            (Says::Deny | Says::Withheld, _) => {}
            (Says::Permit, None) => push(unlimited, r.series),
            (Says::Permit, Some(_)) => {
                let this = (ends(r), r.series);
                *counted = Some(counted.map_or(this, |other| other.min(this)));
            }
        });
    if unlimited.is_empty() { counted.map(|(_, series)| series).into_iter().collect() } else { unlimited }
}

/// When a grant ends; one without an end, last.
pub(super) fn ends(rule: &Rule) -> Timestamp {
    rule.applies.validity.end.unwrap_or(Timestamp::from_millis(i64::MAX))
}

/// Rules come by series: looking at the last one keeps the list free of repetitions.
pub(super) fn push(list: &mut Vec<GrantId>, series: GrantId) {
    if list.last() != Some(&series) {
        list.push(series);
    }
}

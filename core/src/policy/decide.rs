//! One decision about one item: D1..D8, D12 and D13.

use super::request::{ItemFacts, Request};
use crate::consent::{Effect, Place, Rule, Rules};
use crate::id::{GrantId, Timestamp};
use crate::label::Obligations;

/// The outcome. Only a permit lets anything through; an outside caller sees one refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Let through.
    Permit {
        /// What comes with it: the union over every permit that matched.
        obligations: Obligations,
        /// The grants it rests on, in order. Those without a bound on their uses, or else the one
        /// counted grant that ends first, of which one use is to be taken.
        basis: Vec<GrantId>,
    },
    /// Refused.
    Deny {
        /// The consents that refuse; empty for the floor (D13, D11), which is no consent's.
        basis: Vec<GrantId>,
    },
    /// No rule speaks of it.
    NotApplicable,
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

/// Hands those matching rules on that no matching rule inside them overrides (D7). The rules come
/// by series and in preorder, so a rule that is overridden at all is overridden by its successor.
pub(super) fn deepest<'r, R: Placed + 'r>(matching: impl Iterator<Item = &'r R>, mut each: impl FnMut(&'r R)) {
    let mut last: Option<&R> = None;
    for rule in matching {
        if let Some(outer) = last.replace(rule)
            && !(outer.series() == rule.series() && rule.place().is_inside(outer.place()))
        {
            each(outer);
        }
    }
    if let Some(outer) = last {
        each(outer);
    }
}

/// Decides one item.
#[must_use]
pub fn decide(rules: &Rules, request: &Request<'_>, item: &ItemFacts) -> Decision {
    let rules = rules.as_slice();
    if request.below_floor(rules) {
        return Decision::Deny { basis: Vec::new() };
    }
    let mut obligations = Obligations::NONE;
    let mut refusing = Vec::new();
    let mut unlimited = Vec::new();
    let mut counted: Option<(Timestamp, GrantId)> = None;
    let matching = rules
        .iter()
        .filter(|r| request.reaches(r) && r.covers.class(r.effect, &item.class) && r.covers.date(r.effect, item.at))
        .inspect(|r| {
            if r.effect == Effect::Permit {
                obligations = obligations.union(r.obligations);
            }
        });
    deepest(matching, |r| match (r.effect, r.uses_left) {
        (Effect::Deny, _) => push(&mut refusing, r.series),
        (Effect::Permit, None) => push(&mut unlimited, r.series),
        (Effect::Permit, Some(_)) => {
            let this = (ends(r), r.series);
            counted = Some(counted.map_or(this, |other| other.min(this)));
        }
    });
    if !refusing.is_empty() {
        return Decision::Deny { basis: refusing };
    }
    let basis = match (unlimited.is_empty(), counted) {
        (false, _) => unlimited,
        (true, Some((_, series))) => vec![series],
        (true, None) => return Decision::NotApplicable,
    };
    Decision::Permit { obligations, basis }
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

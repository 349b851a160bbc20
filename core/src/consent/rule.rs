//! The flat rule (specification section 1.2): what every consent is reduced to before a decision.

use super::Recipient;
use super::detail::{Code, Detail, Facts};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Purposes, Sensitivities, Sensitivity};
use crate::record::{Author, Category, DecisionClass, Kind};
use std::sync::Arc;

/// What a rule does where it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Lets through.
    Permit,
    /// Refuses.
    Deny,
}

/// What is done with data. The first four read; the last two are never reached by breaking the
/// glass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Action {
    /// Opening records.
    Read = 0,
    /// Computing cited facts from records.
    Ground = 1,
    /// Counting, or asking what is there.
    Count = 2,
    /// Writing down a statement that rests on records.
    Remember = 3,
    /// Handing records out as a file.
    Export = 4,
    /// Destroying records.
    Erase = 5,
}

/// A set of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actions(u8);

impl Actions {
    /// Any action.
    pub const ANY: Self = Self(u8::MAX);
    /// What HL7's `access` and `use` mean here: everything but export and erasure.
    pub const ACCESS_AND_USE: Self = Self(0b1111);

    /// Just these.
    #[must_use]
    pub fn of(actions: &[Action]) -> Self {
        Self(actions.iter().fold(0, |bits, a| bits | 1 << *a as u8))
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn contains(self, action: Action) -> bool {
        self.0 >> action as u8 & 1 == 1
    }
}

/// Some of the values of a small numbered vocabulary, or any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Among(u32);

const _: () = assert!(Category::ALL.len() <= 32 && Kind::ALL.len() <= 32 && Sensitivity::ALL.len() <= 32);

impl Among {
    /// Any value: the dimension is not a condition.
    pub const ANY: Self = Self(u32::MAX);

    /// Any of these categories.
    #[must_use]
    pub fn categories(all: &[Category]) -> Self {
        Self(all.iter().fold(0, |bits, c| bits | 1 << *c as u8))
    }

    /// Any of these kinds.
    #[must_use]
    pub fn kinds(all: &[Kind]) -> Self {
        Self(all.iter().fold(0, |bits, k| bits | 1 << *k as u8))
    }

    /// Any of these authors.
    #[must_use]
    pub fn authors(all: &[Author]) -> Self {
        Self(all.iter().fold(0, |bits, a| bits | 1 << *a as u8))
    }

    pub(super) const fn has(self, n: u8) -> bool {
        n < 32 && self.0 >> n & 1 == 1
    }

    /// Whether something is among both.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// The labels of a rule. "Covers" and "hits" differ: see [`permits`](Self::permits) and
/// [`denies`](Self::denies).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LabelTest {
    /// The listed sensitivities and all below them.
    sensitivities: Sensitivities,
    /// A permit's highest, a deny's lowest listed confidentiality.
    confidentiality: Option<Confidentiality>,
}

impl LabelTest {
    /// From what a rule lists; nothing listed is no condition.
    #[must_use]
    pub fn new(effect: Effect, sensitivities: Sensitivities, confidentialities: &[Confidentiality]) -> Option<Self> {
        let all = confidentialities.iter().copied();
        let confidentiality = match effect {
            Effect::Permit => all.max(),
            Effect::Deny => all.min(),
        };
        if sensitivities.is_empty() && confidentiality.is_none() {
            return None;
        }
        let reaches = |listed: Sensitivity, s: Sensitivity| match effect {
            Effect::Permit => listed.covers(s),
            Effect::Deny => listed.hits(s),
        };
        let below = Sensitivity::ALL
            .iter()
            .filter(|s| sensitivities.iter().any(|listed| listed != Sensitivity::Unknown && reaches(listed, **s)))
            .fold(Sensitivities::NONE, |set, s| set.union(Sensitivities::only(*s)));
        // What was listed but is not in the table keeps its bit, so that the list is never empty.
        Some(Self { sensitivities: sensitivities.union(below), confidentiality })
    }

    /// A permit covers an item if each of its sensitivities (there is one at least) is listed, or
    /// else if the listed confidentiality reaches the item's.
    #[must_use]
    pub fn permits(&self, sensitivities: Sensitivities, confidentiality: Confidentiality) -> bool {
        let known = sensitivities.bits() & !KNOWN == 0;
        known && !sensitivities.is_empty() && sensitivities.is_subset(self.sensitivities)
            || self.confidentiality.is_some_and(|listed| listed >= confidentiality)
    }

    /// Whether a permit speaks of any label of an item; of one that this version does not know it may.
    fn may_permit(&self, sensitivities: Sensitivities, confidentiality: Confidentiality) -> bool {
        let hit = sensitivities.bits() & (self.sensitivities.bits() | !KNOWN) != 0;
        !self.sensitivities.is_empty() && hit || self.confidentiality.is_some_and(|listed| listed >= confidentiality)
    }

    /// A deny needs to hit one. A sensitivity that this version does not know could be below any
    /// listed one, so it is hit by each.
    #[must_use]
    pub fn denies(&self, sensitivities: Sensitivities, confidentiality: Confidentiality) -> bool {
        let hit = sensitivities.bits() & (self.sensitivities.bits() | !KNOWN) != 0;
        !self.sensitivities.is_empty() && hit || self.confidentiality.is_some_and(|listed| listed <= confidentiality)
    }
}

/// The sensitivities of the table but `Unknown`.
const KNOWN: u32 = ((1 << Sensitivity::ALL.len()) - 1) & !1;

/// When a rule holds: `start <= now < end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Validity {
    /// From then on.
    pub start: Option<Timestamp>,
    /// Before then.
    pub end: Option<Timestamp>,
}

impl Validity {
    /// Whether it holds now.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        self.start.is_none_or(|s| s <= now) && !self.is_over(now)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        self.end.is_some_and(|e| now >= e)
    }

    /// Whether time bounds it at all.
    #[must_use]
    pub const fn is_bounded(self) -> bool {
        self.start.is_some() || self.end.is_some()
    }
}

/// Somebody that a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Recipient,
    /// In any of these roles; in whichever where there is none.
    pub roles: Vec<Recipient>,
}

impl Actor {
    /// Whether the authenticated set has it.
    #[must_use]
    pub fn is_among(&self, set: &[Recipient]) -> bool {
        set.contains(&self.who) && (self.roles.is_empty() || self.roles.iter().any(|r| set.contains(r)))
    }
}

impl From<Recipient> for Actor {
    fn from(who: Recipient) -> Self {
        Self { who, roles: Vec::new() }
    }
}

/// What a rule asks of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applies {
    /// In this scope; any where absent.
    pub scope: Option<ScopeId>,
    /// By any of these; anybody where absent.
    pub actors: Option<Vec<Actor>>,
    /// For any of these purposes: the closure that [`Applies::reach`] computes.
    pub purposes: Purposes,
    /// For any of these purposes outside the table, which only equality reaches; whichever where
    /// absent, as in a deny that names no purpose.
    pub outside: Option<Vec<Code>>,
    /// Any of these actions.
    pub actions: Actions,
    /// While this holds.
    pub validity: Validity,
    /// Not before this, where it says when it was made. No period is bounded by it: what was made before now stays so,
    /// whatever the clock.
    pub made: Option<Timestamp>,
}

impl Applies {
    /// Which purposes a request may name, given those that the rule names (D5): a deny reaches all
    /// below, a permit never reaches an explicit-only purpose that it does not name.
    #[must_use]
    pub fn reach(effect: Effect, named: Option<&[Purpose]>) -> Purposes {
        let reaches = |asked: &Purpose| match (effect, named) {
            (Effect::Permit, Some(named)) => named.iter().any(|n| n.permits(*asked)),
            (Effect::Permit, None) => !asked.explicit_only(),
            (Effect::Deny, Some(named)) => named.iter().any(|n| n.covers(*asked)),
            (Effect::Deny, None) => true,
        };
        let bits = Purpose::ALL.iter().filter(|p| reaches(p)).fold(0, |bits, p| bits | Purposes::only(*p).bits());
        Purposes::from_bits(bits)
    }
}

/// What a rule asks of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covers {
    /// Of any of these categories.
    pub categories: Among,
    /// Of any of these kinds.
    pub kinds: Among,
    /// By any of these authors.
    pub authors: Among,
    /// Of these labels; any where absent.
    pub labels: Option<LabelTest>,
    /// Dated in this half-open range (milliseconds since the epoch), a permit's items from beginning
    /// to end; any where absent.
    pub data_period: Option<(i64, i64)>,
    /// What few rules ask for: codes, resource types, named records; nothing where absent.
    pub detail: Option<Arc<Detail>>,
}

impl Covers {
    /// Every item.
    pub const ANY: Self = Self {
        categories: Among::ANY,
        kinds: Among::ANY,
        authors: Among::ANY,
        labels: None,
        data_period: None,
        detail: None,
    };

    /// Whether it may speak of a class: what asks the same of a permit as of a deny. Cheap, so asked first.
    pub(crate) const fn meets(&self, class: &DecisionClass) -> bool {
        self.categories.has(class.category as u8)
            && self.kinds.has(class.kind as u8)
            && self.authors.has(class.author as u8)
    }

    /// Whether a class matches, its date aside.
    #[must_use]
    pub fn class(&self, effect: Effect, class: &DecisionClass) -> bool {
        self.meets(class)
            && self.labels.is_none_or(|test| match effect {
                Effect::Permit => test.permits(class.sensitivities(), class.confidentiality),
                Effect::Deny => test.denies(class.sensitivities(), class.confidentiality),
            })
    }

    /// Whether a date matches, given its first and its last millisecond: a permit holds all of it, a
    /// deny any of it. An absent one never evades a deny and never satisfies a permit; what reaches
    /// the last representable millisecond counts as absent, because half-open ranges cannot hold it.
    #[must_use]
    pub fn date(&self, effect: Effect, dated: Option<(i64, i64)>) -> bool {
        match (self.data_period, dated.filter(|(_, last)| *last != i64::MAX), effect) {
            (None, _, _) => true,
            (Some(_), None, _) => effect == Effect::Deny,
            (Some((from, to)), Some((first, last)), Effect::Permit) => from <= first && last < to,
            (Some((from, to)), Some((first, last)), Effect::Deny) => first < to && from <= last && from < to,
        }
    }

    /// Whether the rarely asked facts match.
    #[must_use]
    pub fn detail(&self, effect: Effect, class: &DecisionClass, facts: &Facts<'_>) -> bool {
        self.detail.as_ref().is_none_or(|d| d.matches(effect, class, facts))
    }

    /// Whether the conditions of a permit may be met: what is not known meets them, and of several sensitivities
    /// one is enough.
    #[must_use]
    pub fn may_permit(&self, class: &DecisionClass, facts: &Facts<'_>) -> bool {
        self.meets(class)
            && self.labels.is_none_or(|test| test.may_permit(class.sensitivities(), class.confidentiality))
            && self.detail.as_ref().is_none_or(|d| d.may_match(class, facts))
    }

    /// Whether it asks for what a class does not tell.
    pub(crate) fn needs_facts(&self) -> bool {
        self.detail.as_ref().is_some_and(|d| d.codes.is_some() || d.data.is_some())
    }

    /// Whether a deny with these conditions surely hits whatever `other` permits.
    pub(crate) fn surely_includes(&self, other: &Self) -> bool {
        self.categories.includes(other.categories)
            && self.kinds.includes(other.kinds)
            && self.authors.includes(other.authors)
            && self.labels.is_none()
            && self.detail.is_none()
            && self.data_period.is_none_or(|(a, b)| other.data_period.is_some_and(|(c, d)| a <= c && d <= b))
    }

    /// Whether a permit with these conditions surely covers whatever the permit `other` does.
    pub(crate) fn surely_permits(&self, other: &Self) -> bool {
        Self { labels: None, ..self.clone() }.surely_includes(other)
            && (self.labels.is_none() || self.labels == other.labels)
    }
}

/// Where a rule stands in the tree of its consent: nodes are numbered in preorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Its own number.
    pub at: u16,
    /// The number of its last descendant, or its own.
    pub last: u16,
    /// How deep it is nested; the root is 0.
    pub depth: u8,
}

impl Place {
    /// Whether this stands inside `other`, on the same branch.
    #[must_use]
    pub const fn is_inside(self, other: Self) -> bool {
        other.at < self.at && self.at <= other.last
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The series it belongs to.
    pub series: GrantId,
    /// The version of that series.
    pub version: u64,
    /// Where it stands in its consent.
    pub place: Place,
    /// What it does.
    pub effect: Effect,
    /// What it asks of a request.
    pub applies: Applies,
    /// What it asks of an item.
    pub covers: Covers,
    /// What comes with a permit.
    pub obligations: Obligations,
    /// How many more times a permit can be used; without bound where absent.
    pub uses_left: Option<u32>,
    /// Whether its consent permits training a model and nothing else, with a notice of its own in
    /// the ledger (D13).
    pub lifts_floor: bool,
    /// Whether it stands for a consent that cannot be read or verified.
    pub unusable: bool,
}

impl Rule {
    /// Refuses everything: what a consent that cannot be read or verified amounts to.
    #[must_use]
    pub const fn unusable(series: GrantId, version: u64) -> Self {
        Self {
            series,
            version,
            place: Place { at: 0, last: 0, depth: 0 },
            effect: Effect::Deny,
            applies: Applies {
                scope: None,
                actors: None,
                purposes: Purposes::ALL,
                outside: None,
                actions: Actions::ANY,
                validity: Validity { start: None, end: None },
                made: None,
            },
            covers: Covers::ANY,
            obligations: Obligations::NONE,
            uses_left: None,
            lifts_floor: false,
            unusable: true,
        }
    }
}

/// Rules in the order that a decision walks: by series, then in preorder. Of a series only the
/// newest version is kept (D8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Orders them. Not public: only a [`ConsentState`](super::ConsentState) makes rules.
    pub(crate) fn new(mut rules: Vec<Rule>) -> Self {
        rules.sort_by_key(|r| (r.series, core::cmp::Reverse(r.version), r.place));
        let mut newest: Option<(GrantId, u64)> = None;
        rules.retain(|r| match newest {
            Some((series, version)) if series == r.series => version == r.version,
            _ => {
                newest = Some((r.series, r.version));
                true
            }
        });
        Self(rules)
    }

    /// The rules.
    #[must_use]
    pub fn as_slice(&self) -> &[Rule] {
        &self.0
    }
}

//! What is asked of a decision.

use crate::consent::{Action, Covers, Effect, Facts, Recipient, Rule};
use crate::id::{ScopeId, Timestamp};
use crate::label::{NamedPurpose, Obligations, Purpose};
use crate::record::DecisionClass;

/// A request, as the vault puts it together.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// In which scope.
    pub scope: ScopeId,
    /// Everybody that the authenticated caller is or belongs to; the host expands groups.
    pub actors: &'a [Recipient],
    /// What for: exactly one.
    pub purpose: Purpose,
    /// What for, where the table of purposes does not have it; then `purpose` is not looked at.
    pub outside: Option<OutsidePurpose<'a>>,
    /// What is to be done.
    pub action: Action,
    /// The later of the host's clock and the ledger's last entry (D2).
    pub now: Timestamp,
    /// The host's clock is more than 5 minutes behind the ledger: time-bounded permits do not
    /// apply.
    pub clock_behind: bool,
    /// The space is known to be the newest: otherwise counted and break-glass permits do not
    /// apply.
    pub fresh: bool,
    /// What the caller can comply with: a permit that asks for more does not apply (D1).
    pub understands: Obligations,
}

/// A purpose outside HL7's table: only a rule that names the very same permits it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OutsidePurpose<'a> {
    system: &'a str,
    code: &'a str,
}

impl core::fmt::Debug for OutsidePurpose<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("OutsidePurpose(..)")
    }
}

impl<'a> OutsidePurpose<'a> {
    /// `None` where the table has it: then it is a [`Purpose`].
    #[must_use]
    pub fn new(system: &'a str, code: &'a str) -> Option<Self> {
        let named = Purpose::named(Some(system).filter(|s| !s.is_empty()), code);
        (named == NamedPurpose::Other).then_some(Self { system, code })
    }
}

/// The facts of an item that a decision looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemFacts<'a> {
    /// Its class.
    pub class: DecisionClass,
    /// Its date, or the first millisecond of it, since the epoch.
    pub at: Option<i64>,
    /// The last millisecond of a partial date or a period; `at` where absent.
    pub until: Option<i64>,
    /// What few rules ask for. A row filter knows none of it.
    pub more: Facts<'a>,
}

impl ItemFacts<'_> {
    /// What a row of the catalog tells.
    #[must_use]
    pub fn of_row(class: DecisionClass, at: Option<i64>) -> Self {
        Self { class, at, until: None, more: Facts::default() }
    }

    /// The first and the last millisecond of it.
    #[must_use]
    pub fn dated(&self) -> Option<(i64, i64)> {
        self.at.map(|at| (at, self.until.map_or(at, |until| until.max(at))))
    }
}

/// What a rule says where a request and an item match it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Permit,
    Deny,
    /// A permit whose terms are not met here: it asks for more than the caller can comply with, is used up, or the
    /// clock or the space is behind. It lets nothing through, and neither do the permits around it.
    Withheld,
}

impl Says {
    /// Whether it speaks of a class. What is not known of an item meets a refusal, and terms that are not met, and
    /// no permit.
    pub(super) fn of_class(self, covers: &Covers, class: &DecisionClass, facts: &Facts<'_>) -> bool {
        let effect = match self {
            Self::Permit => Effect::Permit,
            Self::Deny => Effect::Deny,
            Self::Withheld => return covers.may_permit(class, facts),
        };
        covers.class(effect, class) && covers.detail(effect, class, facts)
    }

    /// Whether it speaks of a date.
    pub(super) fn dated(self, covers: &Covers, dated: Option<(i64, i64)>) -> bool {
        covers.date(if self == Self::Permit { Effect::Permit } else { Effect::Deny }, dated)
    }
}

impl Request<'_> {
    /// The part of matching that does not look at the item, and what the rule says then. Whether a permit of a
    /// training purpose stands alone is part of it: the floor (D13).
    pub(super) fn reach(&self, rule: &Rule) -> Option<Says> {
        if !self.names(rule) {
            return None;
        }
        let terms = || self.in_force(rule) && self.understood(rule) && (!self.trains() || rule.lifts_floor);
        match rule.effect {
            Effect::Permit if terms() => Some(Says::Permit),
            Effect::Permit => self.may_hold(rule).then_some(Says::Withheld),
            Effect::Deny => self.may_hold(rule).then_some(Says::Deny),
        }
    }

    /// Scope, actor, purpose and action.
    pub(super) fn names(&self, rule: &Rule) -> bool {
        let a = &rule.applies;
        let purpose = match self.outside {
            None => a.purposes.contains(self.purpose),
            Some(p) => {
                a.outside.as_ref().is_none_or(|all| all.iter().any(|c| c.system == p.system && c.code == p.code))
            }
        };
        purpose
            && a.actions.contains(self.action)
            && a.scope.is_none_or(|s| s == self.scope)
            && a.actors.as_ref().is_none_or(|set| set.iter().any(|a| a.is_among(self.actors)))
    }

    pub(super) const fn understood(&self, rule: &Rule) -> bool {
        rule.obligations.is_understood(self.understands)
    }

    /// What of a record's own obligations it can comply with: to train is not to refrain from it.
    pub(super) fn understands_of_items(&self) -> Obligations {
        if self.trains() { self.understands.without(Obligations::NO_TRAINING) } else { self.understands }
    }

    /// Whether a permit holds now.
    pub(super) fn in_force(&self, rule: &Rule) -> bool {
        let validity = rule.applies.validity;
        let counted = rule.uses_left.is_some() || self.breaks_glass();
        rule.uses_left != Some(0)
            && validity.holds(self.now)
            && rule.applies.made.is_none_or(|made| made <= self.now)
            && !(self.clock_behind && validity.is_bounded())
            && (self.fresh || !counted)
    }

    /// Whether a rule holds now, or could: a clock that is behind does not put it off.
    fn may_hold(&self, rule: &Rule) -> bool {
        let validity = rule.applies.validity;
        if self.clock_behind { !validity.is_over(self.now) } else { validity.holds(self.now) }
    }

    /// Whether it asks to train a model.
    pub(super) fn trains(&self) -> bool {
        self.outside.is_none() && Purpose::MlTraining.covers(self.purpose)
    }

    fn breaks_glass(&self) -> bool {
        self.outside.is_none() && self.purpose == Purpose::BreakGlass
    }

    /// Breaking the glass never reaches what leaves or destroys (D11).
    pub(super) fn breaks_too_much(&self) -> bool {
        self.breaks_glass() && matches!(self.action, Action::Export | Action::Erase)
    }

    /// What no rule can override.
    pub(super) fn below_floor(&self, rules: &[Rule]) -> bool {
        self.breaks_too_much() || self.trains() && !rules.iter().any(|r| self.lifts(r))
    }

    fn lifts(&self, rule: &Rule) -> bool {
        rule.effect == Effect::Permit && rule.lifts_floor && self.in_force(rule)
    }
}

//! The same decision, compiled: rules run once per class and dates become ranges.

use super::decide::{Placed, deepest, ends, push};
use super::request::{Request, Says};
use crate::consent::{Among, Covers, Facts, Place, Rule, Rules};
use crate::id::{GrantId, Timestamp};
use crate::label::Obligations;
use crate::record::{ClassFilter, DecisionClass, Verdict};

/// What may be seen under one request. For every class and date it says what
/// [`decide`](super::decide) says; a property test holds the two together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    rules: Vec<Compiled>,
    /// What the caller can comply with: a record that itself obliges to more is not shown.
    understands: Obligations,
}

/// What is left of a rule once the request is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Compiled {
    series: GrantId,
    place: Place,
    says: Says,
    covers: Covers,
}

impl Placed for Compiled {
    fn series(&self) -> GrantId {
        self.series
    }
    fn place(&self) -> Place {
        self.place
    }
}

/// A filter and what it rests on.
#[derive(Debug, Default)]
pub(crate) struct Compilation {
    pub(crate) filter: RowFilter,
    /// Every grant that the filter may let something through by, in order of id.
    pub(crate) basis: Vec<GrantId>,
    /// Those of them whose uses are counted: a release takes one use of each.
    pub(crate) counted: Vec<GrantId>,
    /// What comes with whatever passes: the union over every permit that the request reaches, so
    /// never less than [`decide`](super::decide) says of an item.
    pub(crate) obligations: Obligations,
    /// From this instant on a rule that names the request begins or ends: decide again.
    pub(crate) until: Option<Timestamp>,
}

/// The next instant at which time alone may change the decision.
fn until(rules: &[Rule], request: &Request<'_>) -> Option<Timestamp> {
    let bounds = |r: &Rule| [r.applies.validity.start, r.applies.validity.end, r.applies.made];
    let named = rules.iter().filter(|r| request.names(r));
    named.flat_map(bounds).flatten().filter(|t| *t > request.now).min()
}

/// Compiles the rules that a request reaches. Of permits those alone that cover something of the categories
/// `within`: to leave a permit out shows less of what it covers, and nothing more of anything else.
pub(crate) fn compile_within(rules: &Rules, request: &Request<'_>, within: Among) -> Compilation {
    let all = rules.as_slice();
    if request.below_floor(all) {
        return Compilation::default();
    }
    let mut reached: Vec<(Says, &Rule)> = all.iter().filter_map(|r| Some((request.reach(r)?, r))).collect();
    reached.retain(|(says, r)| *says != Says::Permit || r.covers.categories.meets(within));
    let obligations = permits(&reached).fold(Obligations::NONE, |all, r| all.union(r.obligations));
    // A row tells no codes and no names: a permit that asks for them covers none.
    reached.retain(|(says, r)| *says != Says::Permit || !r.covers.needs_facts());
    let (mut basis, mut counted) = (Vec::new(), Vec::new());
    for r in permits(&reached).filter(|r| !is_spare(r, &reached)) {
        push(&mut basis, r.series);
        if r.uses_left.is_some() {
            push(&mut counted, r.series);
        }
    }
    if basis.is_empty() {
        return Compilation::default();
    }
    let compiled = |(says, r): &(Says, &Rule)| Compiled {
        series: r.series,
        place: r.place,
        says: *says,
        covers: r.covers.clone(),
    };
    let filter =
        RowFilter { rules: reached.iter().map(compiled).collect(), understands: request.understands_of_items() };
    if filter.is_empty() {
        return Compilation::default();
    }
    Compilation { filter, basis, counted, obligations, until: until(all, request) }
}

/// The same of every category.
pub(crate) fn compile(rules: &Rules, request: &Request<'_>) -> Compilation {
    compile_within(rules, request, Among::ANY)
}

fn permits<'r>(reached: &[(Says, &'r Rule)]) -> impl Iterator<Item = &'r Rule> {
    reached.iter().filter(|(says, _)| *says == Says::Permit).map(|(_, r)| *r)
}

/// Whether another permit already lets through whatever this counted one does, so that no use of
/// it need be taken: one without a bound on its uses, or a counted one that ends first. Only for
/// permits that cannot be lifting a deny of their own consent off an item, by consents of which nothing is withheld.
fn is_spare(rule: &Rule, reached: &[(Says, &Rule)]) -> bool {
    let order = |r: &Rule| (r.uses_left.is_some(), ends(r), r.series, r.place);
    let withholds = |series| reached.iter().any(|(says, r)| *says == Says::Withheld && r.series == series);
    rule.uses_left.is_some()
        && permits(reached).any(|other| {
            other.series != rule.series
                && order(other) < order(rule)
                && other.covers.surely_permits(&rule.covers)
                && !withholds(other.series)
        })
        && !reached
            .iter()
            .any(|(says, deny)| *says == Says::Deny && deny.series == rule.series && rule.place.is_inside(deny.place))
}

impl RowFilter {
    /// Whether nothing can pass. Looks at whole rules: it finds every case but those in which
    /// several rules together refuse what none of them refuses alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let of = |says| self.rules.iter().filter(move |r| r.says == says);
        let lifted =
            |outer: &Compiled| of(Says::Permit).any(|p| p.series == outer.series && p.place.is_inside(outer.place));
        let refused = |p: &Compiled| of(Says::Deny).any(|d| !lifted(d) && d.covers.surely_includes(&p.covers));
        let withheld = |p: &Compiled| {
            let speaks = |w: &Compiled| w.series == p.series && w.place.is_inside(p.place);
            of(Says::Withheld).any(|w| speaks(w) && w.covers.surely_includes(&p.covers))
        };
        of(Says::Permit).all(|p| p.covers.data_period.is_some_and(|(a, b)| a >= b) || refused(p) || withheld(p))
    }

    /// Whether a date passes, of the rules that match a class.
    fn passes(matching: &[&Compiled], dated: Option<(i64, i64)>) -> bool {
        let dated = matching.iter().filter(|r| r.says.dated(&r.covers, dated)).map(|r| (r.says, *r));
        let (permit, deny) = deepest(dated, |(permit, deny): &mut (bool, bool), says, _| {
            *permit |= says == Says::Permit;
            *deny |= says == Says::Deny;
        });
        permit && !deny
    }
}

impl ClassFilter for RowFilter {
    fn judge(&self, class: &DecisionClass) -> Verdict {
        if !class.obligations().is_understood(self.understands) {
            return Verdict::Nothing;
        }
        let matches = |r: &&Compiled| r.says.of_class(&r.covers, class, &Facts::default());
        let matching: Vec<&Compiled> = self.rules.iter().filter(matches).collect();
        // An absent date satisfies no permit that asks for one and evades no deny, so what passes
        // without a date passes with any.
        if Self::passes(&matching, None) {
            return Verdict::All;
        }
        let mut cuts: Vec<i64> =
            matching.iter().filter_map(|r| r.covers.data_period).flat_map(|(a, b)| [a, b]).collect();
        if cuts.is_empty() {
            return Verdict::Nothing;
        }
        cuts.extend([i64::MIN, i64::MAX]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut ranges: Vec<(i64, i64)> = Vec::new();
        // Nothing changes between two cuts. Whatever lies within something that passes, passes; so
        // from each cut on, the longest that does, if none before holds it.
        let (mut ends, mut reached) = (cuts.iter().copied().skip(1).peekable(), i64::MIN);
        for from in cuts.iter().copied() {
            while ends.next_if(|to| *to <= from).is_some() {}
            let mut longest = from.max(reached);
            while let Some(to) = ends.next_if(|to| Self::passes(&matching, Some((from, *to - 1)))) {
                longest = to;
            }
            if longest > from.max(reached) {
                ranges.push((from, longest));
                reached = longest;
            }
        }
        if ranges.is_empty() { Verdict::Nothing } else { Verdict::Within(ranges) }
    }
}

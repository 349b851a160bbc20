//! The decision again, over trees and lists, as the specification words it and without a thought
//! for speed.

use super::random::{CODES, NAMES, OUTSIDE, actors, role};
use crate::consent::{
    Action, Actions, Actor, Among, Applies, Code, Covers, Detail, Effect, LabelTest, Meaning, Named, Place, Rule,
    Rules, Types, Validity,
};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::policy::{Decision, ItemFacts, OutsidePurpose, Refusal, Request};
use crate::record::{Author, Category, Kind};
use std::sync::Arc;

/// A provision, flattened: its own value in every dimension; absent is any.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) effect: Effect,
    pub(super) scope: Option<ScopeId>,
    pub(super) actors: Option<Vec<usize>>,
    pub(super) purposes: Option<Vec<Purpose>>,
    pub(super) actions: Option<Vec<Action>>,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
    /// Of a permit: when its consent was made.
    pub(super) made: Option<Timestamp>,
    pub(super) categories: Option<Vec<Category>>,
    pub(super) kinds: Option<Vec<Kind>>,
    pub(super) authors: Option<Vec<Author>>,
    pub(super) sensitivities: Vec<Sensitivity>,
    pub(super) confidentialities: Vec<Confidentiality>,
    pub(super) data_period: Option<(i64, i64)>,
    /// Purposes outside the table; with `purposes` one dimension.
    pub(super) outside: Option<Vec<usize>>,
    /// A role that goes with every actor.
    pub(super) acting: bool,
    pub(super) types: Option<Vec<&'static str>>,
    pub(super) codes: Option<Vec<usize>>,
    pub(super) data: Option<Vec<(Meaning, usize)>>,
    pub(super) obligations: Obligations,
    pub(super) uses_left: Option<u32>,
    pub(super) lifts_floor: bool,
    pub(super) children: Vec<Self>,
}

/// What a provision says of a request and an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Permit,
    Deny,
    /// Permits under terms that are not met.
    Withheld,
}

#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) series: GrantId,
    pub(super) root: Node,
}

impl Node {
    /// A provision without any condition.
    pub(super) fn new(effect: Effect) -> Self {
        Self {
            effect,
            scope: None,
            actors: None,
            purposes: None,
            actions: None,
            start: None,
            end: None,
            made: None,
            categories: None,
            kinds: None,
            authors: None,
            sensitivities: Vec::new(),
            confidentialities: Vec::new(),
            data_period: None,
            outside: None,
            acting: false,
            types: None,
            codes: None,
            data: None,
            obligations: Obligations::NONE,
            uses_left: None,
            lifts_floor: false,
            children: Vec::new(),
        }
    }

    /// Every node below and including this one, in preorder.
    pub(super) fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }

    pub(super) fn nth(&mut self, n: usize) -> &mut Self {
        if n == 0 {
            return self;
        }
        let mut n = n - 1;
        for child in &mut self.children {
            let size = child.count();
            if n < size {
                return child.nth(n);
            }
            n -= size;
        }
        panic!("no such node")
    }

    fn rules(&self, series: GrantId, at: u16, depth: u8, out: &mut Vec<Rule>) {
        let sensitivities =
            self.sensitivities.iter().fold(Sensitivities::NONE, |set, s| set.union(Sensitivities::only(*s)));
        let who = actors();
        out.push(Rule {
            series,
            version: 1,
            place: Place { at, last: at + self.count() as u16 - 1, depth },
            effect: self.effect,
            applies: Applies {
                scope: self.scope,
                actors: self.actors.as_ref().map(|list| {
                    let roles = || if self.acting { vec![role()] } else { vec![] };
                    list.iter().map(|i| Actor { who: who[*i].clone(), roles: roles() }).collect()
                }),
                purposes: match (&self.purposes, &self.outside) {
                    (None, None) => Applies::reach(self.effect, None),
                    (named, _) => Applies::reach(self.effect, Some(named.as_deref().unwrap_or(&[]))),
                },
                outside: match (&self.purposes, &self.outside) {
                    (None, None) if self.effect == Effect::Deny => None,
                    (_, list) => Some(list.iter().flatten().map(|i| code(OUTSIDE[*i])).collect()),
                },
                actions: self.actions.as_ref().map_or(Actions::ANY, |list| Actions::of(list)),
                validity: Validity { start: self.start, end: self.end },
                made: self.made,
            },
            covers: Covers {
                categories: self.categories.as_ref().map_or(Among::ANY, |list| Among::categories(list)),
                kinds: self.kinds.as_ref().map_or(Among::ANY, |list| Among::kinds(list)),
                authors: self.authors.as_ref().map_or(Among::ANY, |list| Among::authors(list)),
                labels: LabelTest::new(self.effect, sensitivities, &self.confidentialities),
                data_period: self.data_period,
                detail: self.detail(),
            },
            obligations: self.obligations,
            uses_left: self.uses_left,
            lifts_floor: self.lifts_floor,
            unusable: false,
        });
        let mut next = at + 1;
        for child in &self.children {
            child.rules(series, next, depth + 1, out);
            next += child.count() as u16;
        }
    }

    fn detail(&self) -> Option<Arc<Detail>> {
        let types = self.types.as_ref().map(|list| {
            let kinds: Vec<Kind> = list.iter().flat_map(|t| kinds_of(self.effect, t)).copied().collect();
            let deny = self.effect == Effect::Deny;
            let told: Vec<Category> = list.iter().filter(|_| deny).filter_map(|t| category_of(t)).collect();
            let names = list.iter().map(|t| (*t).to_owned()).collect();
            Types { names, kinds: Among::kinds(&kinds), categories: Among::categories(&told) }
        });
        let codes = self.codes.as_ref().map(|list| list.iter().map(|i| code(CODES[*i])).collect());
        let named = |(meaning, i): &(Meaning, usize)| Named { meaning: *meaning, name: NAMES[*i].to_owned() };
        let data = self.data.as_ref().map(|list| list.iter().map(named).collect());
        (types.is_some() || codes.is_some() || data.is_some()).then(|| Arc::new(Detail { types, codes, data }))
    }

    /// What is not known speaks for a deny and against a permit.
    fn detail_matches(&self, item: &ItemFacts<'_>) -> bool {
        let deny = self.effect == Effect::Deny;
        let f = &item.more;
        let types = self.types.as_ref().is_none_or(|list| {
            let kind = list.iter().any(|t| kinds_of(self.effect, t).contains(&item.class.kind));
            let stands_in_one = item.class.resource.name().map(|t| list.contains(&t));
            if deny {
                let told = list.iter().any(|t| category_of(t) == Some(item.class.category));
                let is = match f.resource_type {
                    Some(t) => list.contains(&t),
                    None => kind,
                };
                is || told || stands_in_one == Some(true)
            } else {
                match f.resource_type {
                    Some(t) => list.contains(&t),
                    None => kind && stands_in_one != Some(false),
                }
            }
        });
        let codes = self.codes.as_ref().is_none_or(|list| match f.codes {
            Some(has) => has.iter().any(|c| list.iter().any(|i| CODES[*i] == *c)),
            None => deny,
        });
        let among = |names: Option<&[&str]>, i: usize| match names {
            Some(list) => list.contains(&NAMES[i]),
            None => deny,
        };
        let data = self.data.as_ref().is_none_or(|list| {
            list.iter().any(|(meaning, i)| match meaning {
                Meaning::Instance => among(f.names, *i),
                Meaning::AuthoredBy => among(f.authors, *i),
                Meaning::Dependents => among(f.names, *i) || among(f.refers_to, *i),
                Meaning::Related => among(f.names, *i) || among(f.refers_to, *i) || among(f.referred_by, *i),
            })
        });
        types && codes && data
    }

    fn in_force(&self, q: &Request<'_>) -> bool {
        let started = self.start.is_none_or(|s| s <= q.now);
        let over = self.end.is_some_and(|e| e <= q.now);
        let bounded = self.start.is_some() || self.end.is_some();
        let glass = q.outside.is_none() && q.purpose == Purpose::BreakGlass;
        let needs_freshness = self.uses_left.is_some() || glass;
        match self.effect {
            Effect::Permit => {
                started
                    && !over
                    && self.made.is_none_or(|made| made <= q.now)
                    && self.uses_left != Some(0)
                    && (!bounded || !q.clock_behind)
                    && (!needs_freshness || q.fresh)
            }
            Effect::Deny => !over && (started || q.clock_behind),
        }
    }

    /// Whether it is about such a request, whenever that is.
    fn asked(&self, q: &Request<'_>) -> bool {
        let permit = self.effect == Effect::Permit;
        let purpose = match (&q.outside, &self.purposes, &self.outside) {
            (Some(_), None, None) => !permit,
            (Some(asked), _, list) => {
                let same = |i: &usize| OutsidePurpose::new(OUTSIDE[*i].0, OUTSIDE[*i].1) == Some(*asked);
                list.iter().flatten().any(same)
            }
            (None, None, None) => !permit || !explicit(q.purpose),
            (None, list, _) => list.iter().flatten().any(|named| {
                *named == q.purpose || (!permit || !explicit(q.purpose)) && ancestors(q.purpose).contains(named)
            }),
        };
        let who = actors();
        let actor = self.actors.as_ref().is_none_or(|list| {
            let named = list.iter().any(|i| q.actors.iter().any(|a| *a == who[*i]));
            named && (!self.acting || q.actors.contains(&role()))
        });
        self.scope.is_none_or(|s| s == q.scope)
            && actor
            && purpose
            && self.actions.as_ref().is_none_or(|list| list.contains(&q.action))
    }

    fn class(&self, item: &ItemFacts<'_>) -> bool {
        let c = &item.class;
        self.categories.as_ref().is_none_or(|list| list.contains(&c.category))
            && self.kinds.as_ref().is_none_or(|list| list.contains(&c.kind))
            && self.authors.as_ref().is_none_or(|list| list.contains(&c.author))
    }

    /// Whether a permit lists a sensitivity.
    fn lists(&self, code: u8) -> bool {
        Sensitivity::ALL.get(usize::from(code)).is_some_and(|s| {
            *s != Sensitivity::Unknown && self.sensitivities.iter().any(|l| *l == *s || above(*s).contains(l))
        })
    }

    fn covers(&self, item: &ItemFacts<'_>) -> bool {
        let permit = self.effect == Effect::Permit;
        let date = self.data_period.is_none_or(|period| match span(item) {
            None => !permit,
            Some(item) if permit => shared(period, item) == Some(item),
            Some(item) => shared(period, item).is_some(),
        });
        let c = &item.class;
        let labels = if self.sensitivities.is_empty() && self.confidentialities.is_empty() {
            true
        } else if permit {
            let codes: Vec<_> = (0..32u8).filter(|i| c.sensitivities >> i & 1 == 1).collect();
            !codes.is_empty() && codes.iter().all(|c| self.lists(*c))
                || self.confidentialities.iter().any(|l| *l >= c.confidentiality)
        } else {
            let hit = |code: u8| match Sensitivity::ALL.get(usize::from(code)) {
                None | Some(Sensitivity::Unknown) => !self.sensitivities.is_empty(),
                Some(s) => self.sensitivities.iter().any(|l| {
                    // IHE PCF lists the use disorders below ETH.
                    let disorder = ["SUD", "ETHUD", "OPIOIDUD"].contains(&s.code());
                    l == s || above(*s).contains(l) || l.code() == "ETH" && disorder
                }),
            };
            (0..32u8).any(|i| c.sensitivities >> i & 1 == 1 && hit(i))
                || self.confidentialities.iter().any(|l| *l <= c.confidentiality)
        };
        self.class(item) && labels && date && self.detail_matches(item)
    }

    /// Whether a permit could cover an item: whatever is not known of it fits.
    fn may_cover(&self, item: &ItemFacts<'_>) -> bool {
        let date = self.data_period.is_none_or(|period| span(item).is_none_or(|i| shared(period, i).is_some()));
        let c = &item.class;
        let strange = |code: u8| Sensitivity::ALL.get(usize::from(code)).is_none_or(|s| *s == Sensitivity::Unknown);
        let mut has = (0..32u8).filter(|i| c.sensitivities >> i & 1 == 1);
        let labels = self.sensitivities.is_empty() && self.confidentialities.is_empty()
            || !self.sensitivities.is_empty() && has.any(|code| strange(code) || self.lists(code))
            || self.confidentialities.iter().any(|l| *l >= c.confidentiality);
        let types = self.types.as_ref().is_none_or(|list| {
            let mut told = item.more.resource_type.into_iter().chain(c.resource.name()).peekable();
            told.peek().is_none() || told.any(|t| list.contains(&t))
        });
        let rest = Self { effect: Effect::Deny, types: None, children: vec![], ..self.clone() };
        self.class(item) && labels && date && types && rest.detail_matches(item)
    }

    /// Whether it holds now, and what else it asks for is met.
    fn terms(&self, q: &Request<'_>) -> bool {
        let training = q.outside.is_none() && q.purpose == Purpose::MlTraining;
        let permit = self.effect == Effect::Permit;
        self.in_force(q)
            && (!permit || q.understands.contains(self.obligations))
            && (!permit || !training || self.lifts_floor)
    }

    fn says(&self, q: &Request<'_>, item: &ItemFacts<'_>) -> Option<Says> {
        if !self.asked(q) {
            return None;
        }
        let may_hold = Self { effect: Effect::Deny, children: vec![], ..self.clone() }.in_force(q);
        match (self.effect, self.terms(q)) {
            (Effect::Permit, true) => self.covers(item).then_some(Says::Permit),
            (Effect::Permit, false) => (may_hold && self.may_cover(item)).then_some(Says::Withheld),
            (Effect::Deny, holds) => (holds && self.covers(item)).then_some(Says::Deny),
        }
    }

    /// Whether a permit that is withheld stands here or below.
    fn withholds(&self, q: &Request<'_>, item: &ItemFacts<'_>) -> bool {
        self.says(q, item) == Some(Says::Withheld) || self.children.iter().any(|c| c.withholds(q, item))
    }

    /// Collects what speaks and has nothing inside that does; says whether anything did. A permit that is
    /// withheld speaks no more than one around it.
    fn survivors<'n>(
        &'n self,
        q: &Request<'_>,
        item: &ItemFacts<'_>,
        out: &mut Vec<(Says, &'n Self)>,
        all: &mut Obligations,
    ) -> bool {
        let mut inside = false;
        for child in &self.children {
            inside |= child.survivors(q, item, out, all);
        }
        let mut here = self.says(q, item);
        if here == Some(Says::Permit) {
            *all = all.union(self.obligations);
        }
        if here != Some(Says::Deny) && self.withholds(q, item) {
            here = None;
        }
        if let Some(says) = here.filter(|_| !inside) {
            out.push((says, self));
        }
        here.is_some() || inside
    }

    fn lifts(&self, q: &Request<'_>) -> bool {
        self.effect == Effect::Permit && self.lifts_floor && self.in_force(q)
            || self.children.iter().any(|c| c.lifts(q))
    }
}

fn code((system, code): (&str, &str)) -> Code {
    Code { system: system.to_owned(), code: code.to_owned() }
}

/// Which kinds stand for a type where the type is not known.
fn kinds_of(effect: Effect, name: &str) -> &'static [Kind] {
    use Kind::{Absence, ActivitySummary, Condition, Medication, Observation, Other, Series, Workout};
    match (effect, name) {
        (Effect::Permit, "Condition") => &[Condition],
        (Effect::Permit, _) => &[],
        (Effect::Deny, "Observation") => &[Observation, Series, Workout, ActivitySummary, Absence, Other],
        (Effect::Deny, "Condition") => &[Condition, Absence],
        (Effect::Deny, _) => &[Medication, Absence],
    }
}

fn category_of(name: &str) -> Option<Category> {
    match name {
        "Condition" => Some(Category::Conditions),
        "MedicationRequest" => Some(Category::Medications),
        _ => None,
    }
}

fn explicit(p: Purpose) -> bool {
    ["MLTRAINING", "TREATDS", "PMTDS", "BTG"].contains(&p.code())
}

fn ancestors(p: Purpose) -> Vec<Purpose> {
    std::iter::successors(p.parent(), |p| p.parent()).collect()
}

fn above(s: Sensitivity) -> Vec<Sensitivity> {
    std::iter::successors(s.parent(), |s| s.parent()).collect()
}

pub(super) fn rule_list(trees: &[Tree]) -> Vec<Rule> {
    let mut out = Vec::new();
    for tree in trees {
        tree.root.rules(tree.series, 0, 0, &mut out);
    }
    out
}

pub(super) fn rules(trees: &[Tree]) -> Rules {
    Rules::new(rule_list(trees))
}

/// The milliseconds that an item is of, the end included; none where that is not known, or more than a period can say.
fn span(item: &ItemFacts<'_>) -> Option<(i64, i64)> {
    let first = item.at?;
    let last = item.until.filter(|until| *until > first).unwrap_or(first);
    (last < i64::MAX).then_some((first, last))
}

/// Those that lie in a period, whose end is not in it.
fn shared(period: (i64, i64), item: (i64, i64)) -> Option<(i64, i64)> {
    let (first, end) = (item.0.max(period.0), (item.1 + 1).min(period.1));
    (first < end).then(|| (first, end - 1))
}

pub(super) fn decide(trees: &[Tree], q: &Request<'_>, item: &ItemFacts<'_>) -> Decision {
    let asks = |p: Purpose| q.outside.is_none() && q.purpose == p;
    let floor = asks(Purpose::MlTraining) && !trees.iter().any(|t| t.root.lifts(q))
        || asks(Purpose::BreakGlass) && (q.action == Action::Export || q.action == Action::Erase);
    if floor {
        return Decision::Deny { basis: Refusal::Floor };
    }
    let mut obligations = Obligations::NONE;
    let mut found: Vec<(GrantId, Says, &Node)> = Vec::new();
    for tree in trees {
        let mut nodes = Vec::new();
        tree.root.survivors(q, item, &mut nodes, &mut obligations);
        found.extend(nodes.into_iter().map(|(says, n)| (tree.series, says, n)));
    }
    let of = |keep: &dyn Fn(Says, &Node) -> bool| {
        let mut basis: Vec<GrantId> = found.iter().filter(|(_, says, n)| keep(*says, n)).map(|(s, ..)| *s).collect();
        basis.sort();
        basis.dedup();
        basis
    };
    let refusing = of(&|says, _| says == Says::Deny);
    if let Some(first) = refusing.first() {
        return Decision::Deny { basis: Refusal::Consent(*first) };
    }
    // What the item itself asks for, one by one.
    let own = item.class.obligations;
    let met = |bit: u32| {
        own >> bit & 1 == 0
            || bit < 15 && q.understands.bits() >> bit & 1 == 1 && !(bit == 0 && asks(Purpose::MlTraining))
    };
    if !(0..32).all(met) {
        return Decision::NotApplicable;
    }
    let obligations = obligations.union(item.class.obligations());
    let unlimited = of(&|says, n| says == Says::Permit && n.uses_left.is_none());
    if !unlimited.is_empty() {
        return Decision::Permit { obligations, basis: unlimited };
    }
    let first =
        found.iter().filter(|(_, says, _)| *says == Says::Permit).min_by_key(|(s, _, n)| (n.end.is_none(), n.end, *s));
    match first {
        Some((series, ..)) => Decision::Permit { obligations, basis: vec![*series] },
        None => Decision::NotApplicable,
    }
}

/// The series of which a permit survives on an item.
pub(super) fn permitting(trees: &[Tree], q: &Request<'_>, item: &ItemFacts<'_>) -> Vec<GrantId> {
    let survives = |t: &&Tree| {
        let mut nodes = Vec::new();
        t.root.survivors(q, item, &mut nodes, &mut Obligations::default());
        nodes.iter().any(|(says, _)| *says == Says::Permit)
    };
    trees.iter().filter(survives).map(|t| t.series).collect()
}

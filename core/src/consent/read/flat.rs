//! The tree as flat rules: each node with what it states itself or inherits (D3).

use super::super::detail::Detail;
use super::super::rule::{Actions, Actor, Among, Applies, Covers, Effect, LabelTest, Place, Rule, Validity};
use super::node::{Classes, Concepts, Data, Dim, Node, Party, Range, Stated};
use super::terms::{self, Uses};
use crate::id::{GrantId, Timestamp};
use crate::label::{Confidentiality, Obligations, Sensitivities};
use std::sync::Arc;

/// What a node says once it has inherited.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    actors: Dim<Vec<Party>>,
    purposes: Dim<Uses>,
    actions: Dim<Concepts>,
    labels: Dim<(Sensitivities, Vec<Confidentiality>)>,
    classes: Dim<Classes>,
    codes: Dim<Vec<super::super::detail::Code>>,
    data: Dim<Data>,
    data_period: Dim<Range>,
    validity: Validity,
    obligations: Obligations,
    uses: Option<u32>,
    /// What is not made yet permits nothing yet.
    made: Option<Timestamp>,
    /// Something that no dimension stands for is not understood.
    unknown: bool,
}

impl Inherited {
    /// From the consent itself, above the root.
    pub(super) fn root(validity: Option<Range>, unknown: bool, made: Option<Timestamp>) -> Self {
        let mut root = Self { unknown, made, ..Self::default() };
        root.narrow(validity.map(Dim::Is));
        root
    }

    /// Validity is inherited as an intersection.
    fn narrow(&mut self, period: Option<Dim<Range>>) {
        match period {
            None | Some(Dim::Any) => {}
            Some(Dim::Unknown) => self.unknown = true,
            Some(Dim::Is((start, end))) => {
                let v = &mut self.validity;
                v.start = v.start.max(start.map(Timestamp::from_millis));
                let end = end.map(Timestamp::from_millis);
                v.end = v.end.map_or(end, |e| Some(end.map_or(e, |f| e.min(f))));
            }
        }
    }

    fn below(&self, s: Stated) -> Self {
        let mut own = self.clone();
        fn set<T>(place: &mut Dim<T>, stated: Option<Dim<T>>) {
            if let Some(dim) = stated {
                *place = dim;
            }
        }
        set(&mut own.actors, s.actors);
        set(&mut own.purposes, s.purposes);
        set(&mut own.actions, s.actions);
        set(&mut own.labels, s.labels);
        set(&mut own.classes, s.classes);
        set(&mut own.codes, s.codes);
        set(&mut own.data, s.data);
        set(&mut own.data_period, s.data_period);
        own.narrow(s.period);
        own.obligations = own.obligations.union(s.obligations);
        own.uses = s.uses.or(own.uses);
        own.unknown |= s.unknown;
        own
    }

    /// A permit of which anything is not understood is void.
    fn is_void(&self) -> bool {
        let action = match &self.actions {
            Dim::Is(list) => terms::all_actions(Effect::Permit, list).is_none(),
            other => other.is_unknown(),
        };
        self.unknown
            || action
            || self.actors.is_unknown()
            || self.purposes.is_unknown()
            || self.labels.is_unknown()
            || self.classes.is_unknown()
            || self.codes.is_unknown()
            || self.data.is_unknown()
            || self.data_period.is_unknown()
    }

    fn rule(&self, series: GrantId, effect: Effect, place: Place) -> Rule {
        let permit = effect == Effect::Permit;
        let actor = |p: &Party| {
            // A role that is asked for narrows; so a deny does without.
            let roles = if permit { p.roles.clone() } else { Vec::new() };
            p.names.iter().map(move |who| Actor { who: who.clone(), roles: roles.clone() }).collect::<Vec<_>>()
        };
        let named = match &self.purposes {
            Dim::Is(u) if !u.any => Some(u),
            _ => None,
        };
        let (scope, data) = match &self.data {
            Dim::Is(Data::Scope(id)) => (Some(*id), None),
            Dim::Is(Data::Named(list)) => (None, Some(list.clone())),
            _ => (None, None),
        };
        let (categories, types) = match &self.classes {
            Dim::Is(Classes::Categories(list)) => (Among::categories(list), None),
            Dim::Is(Classes::Types(names)) => (Among::ANY, Some(terms::types(effect, names))),
            _ => (Among::ANY, None),
        };
        let codes = match &self.codes {
            Dim::Is(list) => Some(list.clone()),
            _ => None,
        };
        let detail =
            (types.is_some() || codes.is_some() || data.is_some()).then(|| Arc::new(Detail { types, codes, data }));
        let open = |(a, b): &Range| (a.unwrap_or(i64::MIN), b.unwrap_or(i64::MAX));
        Rule {
            series,
            version: 0,
            place,
            effect,
            applies: Applies {
                scope,
                actors: match &self.actors {
                    Dim::Is(list) => Some(list.iter().flat_map(actor).collect()),
                    _ => None,
                },
                purposes: Applies::reach(effect, named.map(|u| u.known.as_slice())),
                outside: match named {
                    Some(u) => Some(u.outside.clone()),
                    None => permit.then(Vec::new),
                },
                actions: match &self.actions {
                    Dim::Is(list) => terms::all_actions(effect, list).unwrap_or(Actions::ANY),
                    _ => Actions::ANY,
                },
                validity: self.validity,
                made: self.made.filter(|_| permit),
            },
            covers: Covers {
                categories,
                labels: match &self.labels {
                    Dim::Is((s, c)) => LabelTest::new(effect, *s, c),
                    _ => None,
                },
                data_period: match &self.data_period {
                    Dim::Is(range) => Some(open(range)),
                    _ => None,
                },
                detail,
                ..Covers::ANY
            },
            obligations: if permit { self.obligations } else { Obligations::NONE },
            uses_left: self.uses.filter(|_| permit),
            lifts_floor: false,
            unusable: false,
        }
    }
}

/// The rules of a consent, and what was noticed on the way.
#[derive(Default)]
pub(super) struct Flat {
    pub(super) rules: Vec<Rule>,
    pub(super) void: usize,
    /// Permits, void ones too, and those of them for training alone.
    permits: usize,
    training: usize,
    next: u16,
}

impl Flat {
    /// Whether training is all that it permits, void permits included (D13).
    pub(super) const fn only_training(&self) -> bool {
        self.permits > 0 && self.permits == self.training
    }

    /// Whether the whole tree was numbered.
    pub(super) fn walk(&mut self, node: Node, series: GrantId, around: &Inherited, outer: Option<Effect>, depth: u8) {
        // A node without a type says the opposite of the one around it (D3); a root has its own.
        let own = around.below(node.stated);
        let effect = node.effect.unwrap_or(match outer {
            Some(Effect::Deny) => Effect::Permit,
            _ => Effect::Deny,
        });
        let at = self.next;
        self.next = self.next.saturating_add(1);
        let index = self.rules.len();
        let mut kept = true;
        if effect == Effect::Permit {
            self.permits += 1;
            self.training += usize::from(matches!(&own.purposes, Dim::Is(u) if u.only_training()));
            if own.is_void() {
                self.void += 1;
                kept = false;
            }
        }
        if kept {
            self.rules.push(own.rule(series, effect, Place { at, last: at, depth }));
        }
        let void = self.void;
        for child in node.children {
            self.walk(child, series, &own, Some(effect), depth.saturating_add(1));
        }
        // A permit inside this one, which would have spoken in its place, is void: what it limits is
        // not known, so this one is void as well.
        if kept && effect == Effect::Permit && self.void > void {
            self.rules.remove(index);
            self.void += 1;
            kept = false;
        }
        let last = self.next.saturating_sub(1);
        if kept && let Some(rule) = self.rules.get_mut(index) {
            rule.place.last = last;
        }
    }
}

//! What only consents from elsewhere ask of an item: codes, FHIR resource types, named records.

use super::rule::{Among, Effect};
use crate::record::DecisionClass;
use core::fmt;

/// A code of a code system; no system is a value of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// The system's URI; empty where none is given.
    pub system: String,
    /// The code.
    pub code: String,
}

/// FHIR resource types, and which facts stand for them whatever the type of their record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Types {
    /// The types.
    pub names: Vec<String>,
    /// A permit's: kinds that come from these types alone. A deny's: kinds that may.
    pub kinds: Among,
    /// A deny's: categories that tell of what these types are about. None for a permit.
    pub categories: Among,
}

impl Types {
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    fn may_match(&self, class: &DecisionClass, facts: &Facts<'_>) -> bool {
        let told = [facts.resource_type, class.resource.name()];
        told == [None, None] || told.iter().flatten().any(|name| self.has(name))
    }

    /// A permit needs both, the type and the kind. A deny hits what stands in a record of the type, and
    /// what tells of the type in any other.
    fn matches(&self, effect: Effect, class: &DecisionClass, facts: &Facts<'_>) -> bool {
        let of_record = class.resource.name().map(|name| self.has(name));
        let kind = self.kinds.has(class.kind as u8);
        match (effect, facts.resource_type.map(|name| self.has(name))) {
            (Effect::Permit, Some(is)) => is,
            (Effect::Permit, None) => kind && of_record.unwrap_or(true),
            (Effect::Deny, is) => {
                is.unwrap_or(kind) || of_record.unwrap_or(false) || self.categories.has(class.category as u8)
            }
        }
    }
}

/// How `provision.data` points at records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// The record itself.
    Instance,
    /// The record, what it refers to and what refers to it.
    Related,
    /// The record and what refers to it.
    Dependents,
    /// What the one named has authored.
    AuthoredBy,
}

/// One entry of `provision.data`; the entries are alternatives.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// How.
    pub meaning: Meaning,
    /// The reference, or `system|value` of an identifier.
    pub name: String,
}

/// Conditions that few rules have, all of them needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Of any of these resource types.
    pub types: Option<Types>,
    /// With any of these codes.
    pub codes: Option<Vec<Code>>,
    /// Any of these records.
    pub data: Option<Vec<Named>>,
}

/// What is known of an item besides its class and date; `None` is not known.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Its FHIR resource type.
    pub resource_type: Option<&'a str>,
    /// Its codes, as `(system, code)`.
    pub codes: Option<&'a [(&'a str, &'a str)]>,
    /// Every name it goes by: references and `system|value`.
    pub names: Option<&'a [&'a str]>,
    /// The names of what it refers to.
    pub refers_to: Option<&'a [&'a str]>,
    /// The names of what refers to it.
    pub referred_by: Option<&'a [&'a str]>,
    /// The names of its authors.
    pub authors: Option<&'a [&'a str]>,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Named({:?}, ..)", self.meaning)
    }
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts(..)")
    }
}

/// An absent fact never evades a deny and never satisfies a permit.
fn known(effect: Effect, fact: Option<bool>) -> bool {
    fact.unwrap_or(effect == Effect::Deny)
}

impl Detail {
    /// Whether an item matches.
    #[must_use]
    pub fn matches(&self, effect: Effect, class: &DecisionClass, facts: &Facts<'_>) -> bool {
        self.types.as_ref().is_none_or(|t| t.matches(effect, class, facts)) && self.names_it(effect, facts)
    }

    /// Whether an item may match a permit's conditions: what is not known of it meets them.
    #[must_use]
    pub fn may_match(&self, class: &DecisionClass, facts: &Facts<'_>) -> bool {
        self.types.as_ref().is_none_or(|t| t.may_match(class, facts)) && self.names_it(Effect::Deny, facts)
    }

    fn names_it(&self, effect: Effect, facts: &Facts<'_>) -> bool {
        self.codes.as_ref().is_none_or(|listed| {
            let is_listed = |c: &(&str, &str)| listed.iter().any(|l| (l.system.as_str(), l.code.as_str()) == *c);
            known(effect, facts.codes.map(|has| has.iter().any(is_listed)))
        }) && self.data.as_ref().is_none_or(|listed| listed.iter().any(|n| n.points_at(effect, facts)))
    }
}

impl Named {
    fn points_at(&self, effect: Effect, facts: &Facts<'_>) -> bool {
        let has = |names: Option<&[&str]>| known(effect, names.map(|all| all.contains(&self.name.as_str())));
        match self.meaning {
            Meaning::Instance => has(facts.names),
            Meaning::Dependents => has(facts.names) || has(facts.refers_to),
            Meaning::Related => has(facts.names) || has(facts.refers_to) || has(facts.referred_by),
            Meaning::AuthoredBy => has(facts.authors),
        }
    }
}

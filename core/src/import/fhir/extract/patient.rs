//! `Patient` (FHIR R4, 8.1): who the person is.

use super::super::node::{List, Text, nodes};
use super::super::types::{Common, Concept, HumanName};
use super::convert::{codings, cut, join, when};
use super::{Marks, Reading};
use crate::import::subject;
use crate::record::{Category, Coding, FactDraft, Kind, PersonHint, Sex, Status, Value};

/// Identifiers of a person that references are looked up by.
const IDENTIFIERS: usize = 32;

nodes! {
    Patient {
        name: List<HumanName<'a>> = "name",
        gender: Text<'a> = "gender",
        birth_date: Text<'a> = "birthDate",
        deceased: Text<'a> = "deceasedDateTime",
        marital: Concept<'a> = "maritalStatus",
        .. common: Common<'a>
    }
}

/// The name to go by: the official one, else the usual one, else the first that is not old.
pub(super) fn main_name<'n, 'a>(names: &'n [HumanName<'a>]) -> Option<&'n HumanName<'a>> {
    let of = |usage: &str| names.iter().find(|n| &*n.usage == usage);
    of("official").or_else(|| of("usual")).or_else(|| names.iter().find(|n| &*n.usage != "old")).or(names.first())
}

pub(super) fn read<'a>(p: Patient<'a>, marks: &Marks) -> Reading<'a> {
    let mut facts = Vec::new();
    let mut say = |code: &str, text: &str, value: Value| {
        let mut fact = FactDraft::new(Kind::Patient, Category::Demographics);
        fact.codes = vec![Coding::new("healthspace", code, "")];
        fact.text = text.to_owned();
        fact.value = value;
        fact.status = Status::Active;
        facts.push(fact);
    };
    let name = main_name(&p.name);
    if let Some(n) = name {
        let parts = n.given.iter().map(|g| &**g).chain([&*n.family]);
        let text = if n.text.is_empty() { join(parts, " ") } else { cut(&n.text) };
        if !text.is_empty() {
            say("name", "name", Value::Text(text));
        }
    }
    if !p.birth_date.is_empty() {
        say("birth-date", "birth date", Value::Text(cut(&p.birth_date)));
    }
    if !p.gender.is_empty() {
        say("sex", "sex", Value::Text(cut(&p.gender)));
    }
    if !p.deceased.is_empty() {
        say("deceased", "deceased", Value::Text(cut(&p.deceased)));
    }
    if !p.marital.is_empty() {
        say("marital-status", "marital status", Value::Coded(codings(&p.marital), cut(p.marital.words())));
    }
    let born = when(&p.birth_date, marks);
    for fact in &mut facts {
        if fact.codes.iter().any(|c| c.code == "birth-date") {
            fact.when = born;
        }
    }
    let person = name.and_then(|n| {
        let given = n.given.first().map_or("", |g| &**g);
        subject::person(&n.family, given, &p.birth_date)
    });
    let identifiers = p.common.identifier.iter().filter_map(|i| subject::identifier_key(&i.system, &i.value));
    let described = PersonHint {
        names: identifiers.take(IDENTIFIERS).map(|k| subject::reference(&k)).collect(),
        born: subject::birth_date(&p.birth_date),
        sex: Sex::from_code(&p.gender),
        within: false,
    };
    Reading { person, described: Some(described), ..Reading::new(p.common, facts) }
}

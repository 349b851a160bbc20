//! Whose data it is: a space has one subject, pinned at the first import.
//!
//! What is pinned: pseudonyms of the person (name and birth date), the names by which files refer
//! to the person, birth date and sex, those of a patient within another record included; each with the
//! file that says it, so that it goes with that. A file passes if all that it says of its subject can be said
//! of the pinned one, and if each reference to a subject is known or leads to the file's own
//! Patient. A file that says nothing of its subject passes. Everything else needs the person's
//! confirmation, which is logged and pins what the file adds.

use crate::crypto::hash::sha256;
use crate::error::{Error, Result};
use crate::id::Identity;
use crate::record::{PersonHint, Sex, SubjectHint};
use crate::vault::sources::{MOST, Subject, add};
use std::collections::BTreeSet;

/// More than two persons are no worse than two.
const PEOPLE: usize = 32;
/// Characters of a date of which day, month and year are known.
const DAY: usize = 10;

/// Somebody whom the file describes.
#[derive(Clone, Default)]
struct Described {
    names: BTreeSet<Identity>,
    person: Option<Identity>,
    born: String,
    sex: Option<Sex>,
}

impl Described {
    /// Nothing but birth date and sex: Apple's `Me`.
    fn is_bare(&self) -> bool {
        self.names.is_empty() && self.person.is_none()
    }

    fn is(&self, other: &Self) -> bool {
        if self.is_bare() || other.is_bare() {
            let born = self.born.is_empty() || other.born.is_empty() || same_date(&self.born, &other.born);
            return born && self.sex.zip(other.sex).is_none_or(|(a, b)| a == b);
        }
        !self.names.is_disjoint(&other.names) || self.person.is_some() && self.person == other.person
    }

    fn take(&mut self, other: Self) {
        self.names.extend(other.names);
        self.person = self.person.or(other.person);
        self.sex = self.sex.or(other.sex);
        if other.born.len() > self.born.len() {
            self.born = other.born;
        }
    }
}

/// Whether two dates can be one: the one of less precision begins the other.
fn same_date(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// Everybody that the records of a file are about.
#[derive(Default)]
pub(crate) struct Subjects {
    people: Vec<Described>,
    /// Birth date and sex of patients within other records.
    within: BTreeSet<(String, Option<Sex>)>,
    persons: BTreeSet<Identity>,
    references: BTreeSet<Identity>,
}

impl Subjects {
    pub(crate) fn add(&mut self, hint: &SubjectHint) {
        if let Some(p) = hint.person
            && self.persons.len() < MOST
        {
            self.persons.insert(p);
        }
        if let Some(r) = hint.reference
            && self.references.len() < MOST
        {
            self.references.insert(r);
        }
        let Some(d) = &hint.described else { return };
        let PersonHint { names, born, sex, within } = &**d;
        if *within {
            if self.within.len() < PEOPLE {
                self.within.insert((born.clone(), *sex));
            }
            return;
        }
        let names = names.iter().copied().collect();
        let mut new = Described { names, person: hint.person, born: born.clone(), sex: *sex };
        // One record may tell that two of the others describe one person.
        let (same, mut people): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.people).into_iter().partition(|p| p.is(&new));
        same.into_iter().for_each(|p| new.take(p));
        if people.len() < PEOPLE {
            people.push(new);
        }
        self.people = people;
    }

    /// Whether all of it can be about the pinned subject, or about one person where none is pinned.
    fn fit(&self, m: &Subject) -> bool {
        let first = m.is_empty();
        let me = self.people.first();
        let mine = |r: &Identity| me.is_some_and(|p| p.names.contains(r));
        let pinned = |r: &Identity| m.references.contains(r);
        let persons = |list: &[Identity]| list.iter().any(|p| self.persons.contains(p));
        // A phone's first export may have named nobody: a later one of the same `Me` names them for the first time.
        let named = !m.persons.is_empty() || !m.references.is_empty();
        let same = |p: &Described| p.is_bare() && p.born.len() >= DAY && m.born.contains(&p.born);
        let names_first = !first && !named && self.references.len() <= 1 && me.is_some_and(same);
        let strangers = !names_first && self.references.iter().any(|r| !mine(r) && !pinned(r));
        if self.people.len() > 1 || self.persons.len() > 1 || !self.fit_within(m) {
            return false;
        }
        if first {
            return if me.is_some_and(|p| !p.is_bare()) { !strangers } else { self.references.len() <= 1 };
        }
        if !self.persons.is_empty() && !m.persons.is_empty() && !persons(&m.persons) {
            return false;
        }
        let Some(p) = me else { return !strangers };
        let born = m.born.iter().any(|b| same_date(b, &p.born));
        let other_date = !p.born.is_empty() && !m.born.is_empty() && !born;
        let other_sex = p.sex.is_some_and(|s| !m.sexes.is_empty() && !m.sexes.contains(&s));
        if other_date || other_sex || strangers {
            return false;
        }
        let bare = p.is_bare() || m.persons.is_empty() && m.references.is_empty();
        bare || persons(&m.persons)
            || p.names.iter().any(pinned)
            // Without names to compare, the day of birth has to do.
            || (p.person.is_none() || m.persons.is_empty()) && p.born.len() >= DAY && born
    }

    /// Whether what is said of patients within other records can be said of the one person, too.
    fn fit_within(&self, m: &Subject) -> bool {
        let people = self.people.iter().map(|p| (&*p.born, p.sex));
        let others = self.within.iter().map(|(born, sex)| (&**born, *sex));
        let all = || people.clone().chain(others.clone());
        self.within.iter().all(|(born, sex)| {
            let pinned = m.born.is_empty() || m.born.iter().any(|b| same_date(b, born));
            let sexes = sex.is_none_or(|s| m.sexes.is_empty() || m.sexes.contains(&s));
            let agree = |(b, s): (&str, Option<Sex>)| same_date(b, born) && s.zip(*sex).is_none_or(|(a, b)| a == b);
            pinned && sexes && all().all(agree)
        })
    }
}

/// What the check of a file has to leave in the log.
pub(crate) enum Checked {
    /// Nothing that was not there.
    Known,
    /// Whose space it is was settled just now: a salted hash of it.
    Pinned([u8; 32]),
    /// The person said that the file is about them, although it says otherwise.
    Confirmed([u8; 32]),
}

/// Checks a file against the pinned subject; also what the file itself says of its own.
pub(crate) fn check(pinned: &Subject, salt: &[u8; 32], seen: &Subjects, confirmed: bool) -> Result<(Checked, Subject)> {
    let fits = seen.fit(pinned);
    if !fits && !confirmed {
        return Err(Error::OtherSubject);
    }
    let mut own = Subject::default();
    add(&mut own.persons, seen.persons.iter().copied());
    add(&mut own.references, seen.references.iter().copied());
    for p in &seen.people {
        add(&mut own.references, p.names.iter().copied());
        add(&mut own.born, Some(p.born.clone()).filter(|b| !b.is_empty()));
        add(&mut own.sexes, p.sex);
    }
    for (born, sex) in &seen.within {
        add(&mut own.born, Some(born.clone()).filter(|b| !b.is_empty()));
        add(&mut own.sexes, *sex);
    }
    let mut all = pinned.clone();
    all.join(&own);
    if all.is_empty() || fits && !pinned.is_empty() {
        return Ok((Checked::Known, own));
    }
    // Salted with the log's own key: nobody who sees the entry can test a name against it.
    let mut parts: Vec<&[u8]> = vec![salt];
    parts.extend(all.persons.iter().chain(&all.references).map(|i| &i.as_bytes()[..]));
    parts.extend(all.born.iter().map(String::as_bytes));
    let hash = sha256(&parts);
    Ok((if fits { Checked::Pinned(hash) } else { Checked::Confirmed(hash) }, own))
}

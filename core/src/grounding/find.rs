//! Finding by words: what no table knows, and what a table knows under a name that no record of its
//! own kind has.
//!
//! Looked at are the words of every kind of fact: its text, what its codes are called, and of what is
//! kept without a kind of its own (a flag, a goal) its note too. Only what the
//! view holds is there to be found.

use super::concepts::{self, Concept};
use super::dictionary::Wanted;
use super::entry;
use super::fold;
use super::lists;
use super::page::{Block, Line};
use super::series;
use super::view::{self, View};
use crate::catalog::{FactRow, Presence, Query};
use crate::error::Result;
use crate::record::{Category, Coding, FactDraft, Kind, Value};
use core::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Words of a name at most, where nobody asked for its words.
pub(super) const NAME: usize = 16;

/// Codes shown at most for the words of a clause.
const FOUND: usize = 4;

/// The kinds whose facts can have other words than the newest of their code.
const LISTED: [Kind; 7] = [
    Kind::Medication,
    Kind::Condition,
    Kind::Allergy,
    Kind::Immunization,
    Kind::Procedure,
    Kind::Encounter,
    Kind::Document,
];

/// A thing on record and the words of each of its names.
struct Named<T> {
    thing: T,
    names: Vec<Vec<String>>,
}

impl<T> Named<T> {
    /// Of how many words that are wanted it has the like, in names of so many words at most.
    fn weight(&self, wanted: &[Wanted], longest: usize) -> usize {
        let names = || self.names.iter().filter(|n| n.len() <= longest);
        wanted.iter().filter(|w| names().any(|n| w.is_in(n))).map(|w| w.weight).sum()
    }
}

/// All that can be found.
pub(super) struct Finder {
    codes: Vec<Named<Presence>>,
    /// Facts without a kind of their own that say the same.
    rows: Vec<Named<Vec<FactRow>>>,
    /// What was shown already.
    shown: Vec<Presence>,
    told: Vec<usize>,
}

/// The folded words of a fact's names.
fn names(fact: &FactDraft) -> impl Iterator<Item = Vec<String>> {
    let displays = fact.codes.iter().map(|c| c.display.as_str());
    core::iter::once(fact.text.as_str()).chain(displays).filter(|t| !t.is_empty()).map(fold::words)
}

/// Whether a fact's words name any of these.
pub(super) fn says(fact: &FactDraft, wanted: &[Wanted]) -> bool {
    names(fact).any(|n| wanted.iter().any(|w| w.is_in(&n)))
}

/// The words of a name that is written in one, `AppleStandHour`.
fn parted(name: &str) -> Vec<String> {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            out.push(' ');
        }
        out.push(c);
    }
    fold::words(&out)
}

/// A type of samples by the name that HealthKit gives it.
fn type_words(code: &str) -> Vec<String> {
    let bare = ["HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"].iter().find_map(|p| code.strip_prefix(p));
    parted(bare.unwrap_or(code))
}

impl Finder {
    pub(super) fn new(view: &View<'_>) -> Result<Self> {
        type Key = (crate::record::Category, Kind, String, String, String);
        let mut codes: Vec<Named<Presence>> = Vec::new();
        let mut at: HashMap<Key, usize> = HashMap::new();
        for p in view.presence()? {
            if matches!(p.kind, Kind::Patient | Kind::Absence | Kind::Other) {
                continue;
            }
            let names = match p.kind {
                // Its text is the name of a device.
                Kind::Series => vec![type_words(&p.code)],
                _ => [&p.text].into_iter().chain(&p.names).map(|t| fold::words(t)).collect(),
            };
            let text = if p.code.is_empty() { p.text.clone() } else { String::new() };
            at.insert((p.category, p.kind, p.system.clone(), p.code.clone(), text), codes.len());
            codes.push(Named { thing: p.clone(), names });
        }
        for kind in LISTED {
            let rows = view.kind_rows(kind)?;
            // Few wordings, many rows.
            let mut seen = HashSet::new();
            for row in rows.iter().filter(|r| seen.insert((r.fact.category, &r.fact.codes, &r.fact.text))) {
                let first = row.fact.codes.first().cloned().unwrap_or_default();
                let text = if first.code.is_empty() { row.fact.text.clone() } else { String::new() };
                let known = at.get(&(row.fact.category, kind, first.system, first.code, text));
                let Some(line) = known.and_then(|i| codes.get_mut(*i)) else { continue };
                for n in names(&row.fact) {
                    if !line.names.contains(&n) {
                        line.names.push(n);
                    }
                }
            }
        }
        let mut same: BTreeMap<(String, String, String), Vec<FactRow>> = BTreeMap::new();
        for kind in [Kind::Other, Kind::Absence] {
            // What ran in the family is told where the family is asked for, and never as one's own.
            let of_relatives = |r: &FactRow| r.type_name == "FamilyMemberHistory";
            for row in view.kind_rows(kind)?.into_iter().filter(|r| !of_relatives(r)) {
                let key = (row.type_name.clone(), view::text(&row.fact).to_owned(), row.fact.note.clone());
                same.entry(key).or_default().push(row);
            }
        }
        let named = |rows: Vec<FactRow>| {
            let mut all = Vec::new();
            if let Some(r) = rows.first() {
                all.extend(names(&r.fact));
                all.push(fold::words(&r.fact.note));
                all.extend(TYPES.iter().filter(|(name, ..)| *name == r.type_name).map(|(name, ..)| parted(name)));
            }
            Named { thing: rows, names: all }
        };
        Ok(Self { codes, rows: same.into_values().map(named).collect(), shown: Vec::new(), told: Vec::new() })
    }

    /// The blocks of what has the most of what is wanted in its words, and whether anything has, be it
    /// shown before.
    ///
    /// `longest` bounds the words of a name: what only mentions a thing, as a questionnaire does, is
    /// nothing to show where nobody asked for its words.
    pub(super) fn blocks(&mut self, view: &View<'_>, wanted: &[Wanted], longest: usize) -> Result<(Vec<Block>, bool)> {
        // What the question names by a concept has a block of its own.
        let asked = |p: &Presence| {
            let c = concepts::of_fact(p.kind, &[Coding::new(&p.system, &p.code, "")], &p.text);
            c.is_some_and(|c| view.plan.concepts.iter().any(|a| a.key == c.key) && c.kinds().contains(&p.kind))
        };
        let weigh = |n: &Named<Presence>| Some(n.weight(wanted, longest)).filter(|w| *w > 0 && !asked(&n.thing));
        let mut codes: Vec<(usize, Presence)> =
            self.codes.iter().filter_map(|n| Some((weigh(n)?, n.thing.clone()))).collect();
        codes.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.last.cmp(&a.1.last)).then(a.1.cmp(&b.1)));
        let mut rows: Vec<(usize, usize)> =
            self.rows.iter().enumerate().map(|(i, n)| (n.weight(wanted, longest), i)).filter(|(w, _)| *w > 0).collect();
        let known = self.codes.iter().any(|n| n.weight(wanted, longest) > 0);
        if rows.is_empty() && !known {
            codes = self.valued(view, wanted)?;
        }
        let best = codes.first().map(|(n, _)| *n).max(rows.iter().map(|(n, _)| *n).max()).unwrap_or(0);
        codes.retain(|(n, _)| *n == best);
        rows.retain(|(n, _)| *n == best);
        let latest = |i: usize| self.rows.get(i).and_then(|n| n.thing.last()).and_then(|r| r.fact.when).map(|w| w.at);
        rows.sort_by_key(|(_, i)| (Reverse(latest(*i)), *i));

        let left = codes.len().saturating_sub(FOUND) + rows.len().saturating_sub(FOUND);
        let mut out = Vec::new();
        for (_, p) in codes.into_iter().take(FOUND) {
            if !self.shown.contains(&p) {
                out.extend(block(view, &p)?);
                self.shown.push(p);
            }
        }
        let title = view.say("Also on record", "Aussi au dossier");
        let mut also = Block::new(title.clone(), title);
        for (_, i) in rows.into_iter().take(FOUND) {
            if !self.told.contains(&i) {
                also.lines.extend(self.rows.get(i).and_then(|n| line(view, &n.thing)));
                self.told.push(i);
            }
        }
        out.extend((!also.lines.is_empty()).then_some(also));
        let mut more = Block::new("", view.say("other records with these words", "autres éléments avec ces mots"));
        more.unlisted = u32::try_from(left).unwrap_or(u32::MAX);
        out.extend((left > 0).then_some(more));
        Ok((out, best > 0 || known))
    }

    /// The codes of results that say it in a value: a germ, a finding. Every result is read, so only
    /// where no name has it; an address or an income is a value too, and nobody's finding.
    fn valued(&self, view: &View<'_>, wanted: &[Wanted]) -> Result<Vec<(usize, Presence)>> {
        let mut out = Vec::new();
        for n in
            self.codes.iter().filter(|n| n.thing.kind == Kind::Observation && n.thing.category == Category::Laboratory)
        {
            let mut best = 0;
            for row in view.presence_rows(&n.thing)?.rows {
                if matches!(row.fact.value, Value::Quantity(_) | Value::None) {
                    continue;
                }
                let names = match view.facts.whole(&row)?.fact.value {
                    Value::Text(t) => vec![fold::words(&t)],
                    Value::Coded(codes, t) => {
                        codes.iter().map(|c| &c.display).chain([&t]).map(|t| fold::words(t)).collect()
                    }
                    _ => continue,
                };
                best = best.max(Named { thing: (), names }.weight(wanted, usize::MAX));
            }
            out.extend((best > 0).then(|| (best, n.thing.clone())));
        }
        out.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.last.cmp(&a.1.last)).then(a.1.cmp(&b.1)));
        Ok(out)
    }

    /// The results that belong to a condition without being it: tests for an infection, the state of a
    /// pregnancy.
    pub(super) fn observed(&mut self, view: &View<'_>, c: &Concept) -> Result<Vec<Block>> {
        let belongs = |n: &&Named<Presence>| {
            let p = &n.thing;
            p.kind == Kind::Observation && concepts::observes(c, &Coding::new(&p.system, &p.code, ""), &n.names)
        };
        let mut found: Vec<Presence> = self.codes.iter().filter(belongs).map(|n| n.thing.clone()).collect();
        found.retain(|p| !self.shown.contains(p));
        found.sort_by(|a, b| b.last.cmp(&a.last).then(a.cmp(b)));
        let mut out = Vec::new();
        for p in found.iter().take(OBSERVED) {
            out.extend(block(view, p)?);
        }
        let mut more = Block::new("", view.say("other results with these words", "autres résultats avec ces mots"));
        more.unlisted = u32::try_from(found.len().saturating_sub(OBSERVED)).unwrap_or(u32::MAX);
        out.extend((more.unlisted > 0).then_some(more));
        self.shown.append(&mut found);
        Ok(out)
    }
}

/// Codes of such results shown at most.
const OBSERVED: usize = 8;

/// The records of one code, under its own words.
fn block(view: &View<'_>, p: &Presence) -> Result<Option<Block>> {
    let named = [&p.text, &p.display].into_iter().find(|t| !t.trim().is_empty() && **t != p.code);
    let mut title = view.quote(named.unwrap_or(&p.code));
    if p.kind == Kind::Allergy {
        // Under its bare name it would answer whether it is taken.
        title = view.say("Allergy or intolerance: ", "Allergie ou intolérance : ") + &title;
    }
    if matches!(p.kind, Kind::Memory | Kind::Turn) {
        title = view.say("Note: ", "Note : ") + &title;
    }
    if p.kind == Kind::Series {
        return samples(view, p);
    }
    let rows = view.presence_rows(p)?;
    if p.kind == Kind::Observation {
        return series::block(view, &title, &title, rows, None);
    }
    let rows = rows.rows.into_iter().map(|r| r.row).collect();
    Ok(Some(lists::found(view, title, rows)))
}

/// How many samples there are of a type that no concept has.
fn samples(view: &View<'_>, p: &Presence) -> Result<Option<Block>> {
    let codes = vec![(p.system.clone(), p.code.clone())];
    let query = Query { codes, kinds: vec![p.kind], categories: vec![p.category], ..Query::default() };
    let mut rows = view.facts.query(&query)?;
    view::sort(&mut rows);
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
    let n: u64 = rows.iter().filter_map(|r| r.series).map(|s| u64::from(s.count)).sum();
    let n = view.many(n, ["sample", "samples"], ["mesure", "mesures"]);
    let end = last.fact.until.or(last.fact.when);
    let (from, to) = (view.date(first.fact.when.as_ref()), view.date(end.as_ref()));
    let text = view.say(
        format!("{n}, {from} to {to}; nothing is computed from them here"),
        format!("{n}, du {from} au {to} ; rien n'en est calculé ici"),
    );
    let title = view.quote(&type_words(&p.code).join(" "));
    let mut block = Block::new(title.clone(), title);
    let line = Line::new(1).release(&rows).text(text).cite(first);
    block.push(if rows.len() > 1 { line.cite(last) } else { line });
    Ok(Some(block))
}

/// What a resource without a kind of its own is, where its type says it: English, French.
const TYPES: [(&str, &str, &str); 7] = [
    ("Flag", "flag", "alerte"),
    ("CarePlan", "care plan", "plan de soins"),
    ("CareTeam", "care team", "équipe de soins"),
    ("Goal", "goal", "objectif"),
    ("Coverage", "insurance", "assurance"),
    ("Claim", "claim", "demande de remboursement"),
    ("ExplanationOfBenefit", "statement of benefits", "décompte de prestations"),
];

/// `goal: «walk more», 2020-01-01`
fn line(view: &View<'_>, rows: &[FactRow]) -> Option<Line> {
    let last = rows.last()?;
    let fact = &last.fact;
    let sort = match TYPES.iter().find(|(name, ..)| *name == last.type_name) {
        Some((_, en, fr)) => view.say(*en, *fr) + view.colon(),
        None if fact.kind == Kind::Absence => view.say("the source states: ", "la source indique : "),
        None => String::new(),
    };
    let noted = !fact.note.trim().is_empty();
    let mut said: Vec<String> = Vec::new();
    if !noted || !view::text(fact).is_empty() {
        said.push(view.source_words(fact));
    }
    said.extend(noted.then(|| view.quote(&fact.note)));
    let mut text = sort + &said.join(", ");
    let status = entry::status(view, fact);
    if !status.is_empty() {
        text.push_str(&format!(", {status}"));
    }
    if rows.len() > 1 {
        let n = rows.len();
        text.push_str(&view.say(format!(", {n} entries, last"), format!(", {n} entrées, dernière")));
    } else {
        text.push(',');
    }
    text.push_str(&format!(" {}", view.dated(fact)));
    Some(Line::new(1).release(rows).text(text).cite(last))
}

//! Finding by words: what no table knows, and what a table knows under a name that no record of its
//! own kind has.
//!
//! Looked at are the words of every kind of fact: its text, what its codes are called, and of what is
//! kept without a kind of its own (a flag, a goal) its note too. Only what the
//! view holds is there to be found. What stands beside a name, or in a value, is in `values.rs`.

use super::concepts::{self, Area, Concept};
use super::dictionary::{self, Wanted};
use super::entry;
use super::fold;
use super::lists;
use super::page::{Block, Line};
use super::series;
use super::values::Noted;
use super::view::{self, View};
use crate::catalog::{FactRow, Presence, Query};
use crate::error::Result;
use crate::record::{Coding, FactDraft, Kind, Status};
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
pub(super) struct Named<T> {
    pub(super) thing: T,
    pub(super) names: Vec<Vec<String>>,
    /// Whether its code stands for other things too: then its words tell which rows are meant.
    parted: bool,
    /// What is said beside its name, record by record: how somebody reacts, how it is taken.
    pub(super) notes: Vec<Noted>,
}

impl<T> Named<T> {
    /// Of how many words that are wanted it has the like, in names of so many words at most; of none
    /// where it has only what says nothing beside them.
    fn weight(&self, wanted: &[Wanted], longest: usize, kind: Kind) -> usize {
        let names = || self.names.iter().filter(|n| n.len() <= longest);
        let mut weight = 0;
        let mut says = wanted.iter().all(|w| w.vague);
        for w in wanted.iter().filter(|w| names().any(|n| w.is_in(n, kind))) {
            weight += w.weight;
            says |= !w.vague;
        }
        if says { weight } else { 0 }
    }

    /// Whether one of its names has all of these words.
    fn has_all(&self, words: &[String]) -> bool {
        let same = |w: &String, n: &String| fold::alike(w, n) || dictionary::one(w, n);
        let has = |name: &Vec<String>| words.iter().all(|w| name.iter().any(|n| same(w, n)));
        words.len() > 1 && self.names.iter().any(has)
    }
}

/// More than any words weigh.
const ALL: usize = 1 << 20;

/// What was found by words.
pub(super) struct Hits {
    pub(super) blocks: Vec<Block>,
    /// Whether anything has any of them, be it shown before.
    pub(super) any: bool,
    /// Whether records that have them are told, here or before.
    pub(super) told: bool,
    /// Whether nothing has all of them.
    pub(super) partly: bool,
    /// Whether a result has every word of the clause.
    pub(super) whole: bool,
}

/// How the words of a clause are looked for.
#[derive(Clone, Copy)]
pub(super) struct Seek<'a> {
    /// Words of a name at most: what only mentions a thing, as a questionnaire does, is nothing to
    /// show where nobody asked for its words.
    pub(super) longest: usize,
    /// Whether the clause asks for allergies.
    pub(super) allergic: bool,
    /// Whether a score or a number is asked for: results come first.
    pub(super) measured: bool,
    /// Every word of the clause that names something, what a table took among them; none of a clause about allergies.
    pub(super) whole: &'a [String],
    /// The same of any clause.
    pub(super) every: &'a [String],
}

/// All that can be found.
pub(super) struct Finder {
    pub(super) codes: Vec<Named<Presence>>,
    /// Facts without a kind of their own that say the same.
    rows: Vec<Named<Vec<FactRow>>>,
    /// What is said of relatives, which is never told as one's own.
    relatives: Vec<Vec<String>>,
    /// What was shown already.
    shown: Vec<usize>,
    told: Vec<usize>,
}

/// The folded words of a fact's names.
pub(super) fn names(fact: &FactDraft) -> impl Iterator<Item = Vec<String>> {
    let displays = fact.codes.iter().map(|c| c.display.as_str());
    core::iter::once(fact.text.as_str()).chain(displays).filter(|t| !t.is_empty()).map(fold::words)
}

/// Whether one of a fact's names has all of these: "acute" alone is no "acute kidney failure".
pub(super) fn says(fact: &FactDraft, wanted: &[Wanted]) -> bool {
    !wanted.is_empty() && names(fact).any(|n| wanted.iter().all(|w| w.is_in(&n, fact.kind)))
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
                // Their rows are gone through below: one code can stand for several things.
                kind if LISTED.contains(&kind) => vec![fold::words(&p.text)],
                _ => [&p.text].into_iter().chain(&p.names).map(|t| fold::words(t)).collect(),
            };
            let text = if p.code.is_empty() { p.text.clone() } else { String::new() };
            at.insert((p.category, p.kind, p.system.clone(), p.code.clone(), text), codes.len());
            codes.push(Named { thing: p.clone(), names, parted: false, notes: Vec::new() });
        }
        for kind in LISTED {
            let rows = view.kind_rows(kind)?;
            // Few wordings, many rows.
            let mut seen = HashSet::new();
            for row in rows.iter().filter(|r| seen.insert((r.fact.category, &r.fact.codes, &r.fact.text, &r.fact.note)))
            {
                let first = row.fact.codes.first().cloned().unwrap_or_default();
                let text = if first.code.is_empty() { row.fact.text.clone() } else { String::new() };
                let mut key: Key = (row.fact.category, kind, first.system, first.code, text);
                let Some(line) = at.get(&key).and_then(|i| codes.get_mut(*i)) else { continue };
                let own: Vec<Vec<String>> = names(&row.fact).collect();
                let note = Noted::of(&row.fact);
                if is_another(&row.fact, &line.thing) {
                    // One code, several things: each is found by its own words.
                    line.parted = true;
                    let thing = Presence { text: row.fact.text.clone(), ..line.thing.clone() };
                    key.4 = row.fact.text.clone();
                    if at.insert(key, codes.len()).is_none() {
                        codes.push(Named { thing, names: own, parted: true, notes: note.into_iter().collect() });
                    }
                    continue;
                }
                for n in own {
                    if !line.names.contains(&n) {
                        line.names.push(n);
                    }
                }
                line.notes.extend(note);
            }
        }
        let mut relatives = Vec::new();
        let mut same: BTreeMap<(String, bool, String, String), Vec<FactRow>> = BTreeMap::new();
        for kind in [Kind::Other, Kind::Absence] {
            // What ran in the family is told where the family is asked for, and never as one's own.
            let of_relatives = |r: &FactRow| r.type_name == "FamilyMemberHistory";
            for row in view.kind_rows(kind)? {
                if of_relatives(&row) {
                    relatives.extend(names(&row.fact).chain([fold::words(&row.fact.note)]));
                    continue;
                }
                let (words, note) = (view::text(&row.fact).to_owned(), row.fact.note.clone());
                let key = (row.type_name.clone(), view::is_beside(&row), words, note);
                same.entry(key).or_default().push(row);
            }
        }
        let named = |rows: Vec<FactRow>| {
            let mut all = Vec::new();
            if let Some(r) = rows.first() {
                all.extend(names(&r.fact));
                all.push(fold::words(&r.fact.note));
                // A reason is no plan, nor a goal.
                let own = |_: &&(&str, &str, &str)| !view::is_beside(r);
                let sorts = TYPES.iter().filter(own).filter(|(name, ..)| *name == r.type_name);
                all.extend(sorts.flat_map(|(name, en, fr)| [parted(name), fold::words(en), fold::words(fr)]));
            }
            Named { thing: rows, names: all, parted: false, notes: Vec::new() }
        };
        let rows = same.into_values().map(named).collect();
        Ok(Self { codes, rows, relatives, shown: Vec::new(), told: Vec::new() })
    }

    /// The blocks of what has the most of what is wanted in its words, and of the conditions that have
    /// the most: no other record hides a diagnosis.
    pub(super) fn blocks(&mut self, view: &View<'_>, wanted: &[Wanted], seek: Seek<'_>) -> Result<Hits> {
        let weight = |n: &Named<Presence>| n.weight(wanted, seek.longest, n.thing.kind);
        let (mut known, mut asked, mut whole) = (false, false, false);
        let mut codes: Vec<(usize, usize)> = Vec::new();
        for (i, n) in self.codes.iter().enumerate() {
            // What has every word is what is asked for, whatever a table made of some of them.
            let all = n.has_all(seek.whole);
            let weight = if all { ALL } else { weight(n) };
            known |= weight > 0;
            whole |= all;
            if weight > 0 && is_asked(view, &n.thing, if all { &[] } else { wanted }) {
                asked = true;
            } else if weight > 0 {
                codes.push((weight, i));
            }
        }
        let product = |n: &Named<Vec<FactRow>>| n.thing.first().is_some_and(|r| r.type_name == "Medication");
        let row = |(i, n): (usize, &Named<Vec<FactRow>>)| {
            let kind = if product(n) { Kind::Medication } else { Kind::Other };
            (n.weight(wanted, seek.longest, kind), i)
        };
        let mut rows: Vec<(usize, usize)> = self.rows.iter().enumerate().map(row).filter(|(w, _)| *w > 0).collect();
        let all: usize = wanted.iter().filter(|w| !w.vague).map(|w| w.weight).sum();
        let some = codes.iter().chain(&rows).map(|(n, _)| *n).max().unwrap_or(0);
        let mut late = HashSet::new();
        if !whole && (some < all || some == 0) {
            let besides = [self.noted(wanted, seek.every), self.valued(view, wanted, seek.every)?];
            let most = besides.iter().map(|b| b.weight).max().unwrap_or(0);
            // Beside what is shown already, only what has all of it.
            if most > 0 && most >= if asked { all.max(1) } else { some } {
                for beside in besides.into_iter().filter(|b| b.weight == most) {
                    whole |= beside.has_all;
                    // What names have as much of leads.
                    codes.retain(|(n, i)| *n >= most || !beside.codes.contains(i));
                    for i in beside.codes {
                        if self.codes.get(i).is_some_and(|n| is_asked(view, &n.thing, &[])) {
                            // It has a block of its own.
                            known = true;
                            continue;
                        }
                        if !codes.iter().any(|(_, known)| *known == i) {
                            late.insert(i);
                            codes.push((most, i));
                        }
                    }
                }
            }
        }
        let thing = |i: usize| self.codes.get(i).map(|n| &n.thing);
        let is = |i: usize, kind: Kind| thing(i).is_some_and(|p| p.kind == kind);
        let last = |i: usize| thing(i).and_then(|p| p.last);
        codes.sort_by(|a, b| {
            let result = |i: usize| seek.measured && is(i, Kind::Observation);
            let first = result(b.1).cmp(&result(a.1));
            let first = late.contains(&a.1).cmp(&late.contains(&b.1)).then(first);
            b.0.cmp(&a.0).then(first).then_with(|| last(b.1).cmp(&last(a.1))).then_with(|| thing(a.1).cmp(&thing(b.1)))
        });
        let most =
            |kind: Option<Kind>| codes.iter().filter(|(_, i)| kind.is_none_or(|k| is(*i, k))).map(|(n, _)| *n).max();
        let best = most(None).max(rows.iter().map(|(n, _)| *n).max()).unwrap_or(0);
        let ill = most(Some(Kind::Condition)).unwrap_or(0);
        codes.retain(|(n, i)| *n == best || (*n == ill && is(*i, Kind::Condition)));
        rows.retain(|(n, _)| *n == best);
        // A product that is described is told where it is taken.
        let taken = codes.iter().any(|(_, i)| is(*i, Kind::Medication));
        rows.retain(|(_, i)| !taken || !self.rows.get(*i).is_some_and(product));
        let latest = |i: usize| self.rows.get(i).and_then(|n| n.thing.last()).and_then(|r| r.fact.when).map(|w| w.at);
        rows.sort_by_key(|(_, i)| (Reverse(latest(*i)), *i));

        let left = codes.len().saturating_sub(FOUND) + rows.len().saturating_sub(FOUND);
        let mut out = Vec::new();
        for (_, i) in codes.into_iter().take(FOUND) {
            if !self.shown.contains(&i) {
                out.extend(self.codes.get(i).map(|n| block(view, n, seek.allergic)).transpose()?.flatten());
                self.shown.push(i);
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
        let any = best > 0 || known;
        Ok(Hits { blocks: out, any, told: best > 0, partly: best > 0 && best < all && !whole, whole })
    }

    /// Whether some name has a word as it is.
    pub(super) fn has_word(&self, word: &str) -> bool {
        let has = |names: &[Vec<String>]| names.iter().flatten().any(|w| fold::stem(w) == fold::stem(word));
        self.codes.iter().any(|n| has(&n.names)) || self.rows.iter().any(|n| has(&n.names)) || has(&self.relatives)
    }

    /// Whether some result says a word in its value, as it is.
    pub(super) fn has_value(&self, view: &View<'_>, word: &str) -> Result<bool> {
        Ok(self.valued(view, &dictionary::wanted(&[word.to_owned()]), &[])?.weight > 0)
    }

    /// Whether some name, or what stands beside one, or some value speaks of one thing.
    pub(super) fn speaks_of(&self, view: &View<'_>, wanted: &Wanted, longest: usize) -> Result<bool> {
        let one = core::slice::from_ref(wanted);
        let noted = |n: &Named<Presence>| n.notes.iter().any(|note| note.says(one, &[]).is_some());
        Ok(self.codes.iter().any(|n| n.weight(one, longest, n.thing.kind) > 0 || noted(n))
            || self.rows.iter().any(|n| n.weight(one, longest, Kind::Other) > 0)
            || self.valued(view, one, &[])?.weight > 0)
    }

    /// Whether what is told of relatives has any of this.
    pub(super) fn of_relatives(&self, wanted: &[Wanted]) -> bool {
        let names = || wanted.iter().filter(|w| !w.vague);
        names().any(|w| self.relatives.iter().any(|n| w.is_in(n, Kind::Other)))
    }

    /// The results that belong to a condition without being it: tests for an infection, the state of a
    /// pregnancy.
    pub(super) fn observed(&mut self, view: &View<'_>, c: &Concept) -> Result<Vec<Block>> {
        let belongs = |n: &&Named<Presence>| {
            let p = &n.thing;
            p.kind == Kind::Observation && concepts::observes(c, &Coding::new(&p.system, &p.code, ""), &n.names)
        };
        let all = self.codes.iter().enumerate().filter(|(_, n)| belongs(n));
        let mut found: Vec<(usize, &Named<Presence>)> = all.filter(|(i, _)| !self.shown.contains(i)).collect();
        found.sort_by(|(_, a), (_, b)| b.thing.last.cmp(&a.thing.last).then_with(|| a.thing.cmp(&b.thing)));
        let mut out = Vec::new();
        for (_, n) in found.iter().take(OBSERVED) {
            out.extend(block(view, n, false)?);
        }
        let mut more = Block::new("", view.say("other results with these words", "autres résultats avec ces mots"));
        more.unlisted = u32::try_from(found.len().saturating_sub(OBSERVED)).unwrap_or(u32::MAX);
        out.extend((more.unlisted > 0).then_some(more));
        let found: Vec<usize> = found.into_iter().map(|(i, _)| i).collect();
        self.shown.extend(found);
        Ok(out)
    }
}

/// Codes of such results shown at most.
const OBSERVED: usize = 8;

/// Whether a wording of a code is of another thing: they share no word, nor the name of the code.
fn is_another(fact: &FactDraft, of: &Presence) -> bool {
    let (words, known) = (fold::words(&fact.text), fold::words(&of.text));
    let display = fact.codes.first().map_or("", |c| c.display.as_str());
    let same_name = display == of.display && display.chars().any(char::is_alphanumeric);
    let shares = || words.iter().any(|w| known.iter().any(|k| fold::alike(w, k)));
    !of.code.is_empty() && !words.is_empty() && !known.is_empty() && !same_name && !shares()
}

/// Whether a code is shown or denied already: what the question names by a concept has a block of its
/// own, and what is a measure of its own is none of those that are wanted.
fn is_asked(view: &View<'_>, p: &Presence, wanted: &[Wanted]) -> bool {
    let Some(c) = concepts::of_fact(p.kind, &[Coding::new(&p.system, &p.code, &p.display)], &p.text) else {
        return false;
    };
    let measures =
        || wanted.iter().filter_map(|w| w.concept).any(|w| w.area == Area::Measure && c.area == Area::Measure);
    (view.plan.concepts.iter().any(|a| a.key == c.key) && c.kinds().contains(&p.kind)) || measures()
}

/// The records of one code, under its own words and what sort of record they are: under its bare name
/// an allergy would answer whether a thing is taken.
fn block(view: &View<'_>, of: &Named<Presence>, allergic: bool) -> Result<Option<Block>> {
    let p = &of.thing;
    let named = [&p.text, &p.display].into_iter().find(|t| !t.trim().is_empty() && **t != p.code);
    let name = view.quote(named.unwrap_or(&p.code));
    let sort = match p.kind {
        Kind::Allergy => view.say("Allergy or intolerance", "Allergie ou intolérance"),
        Kind::Medication if allergic => view.say("Medication, not an allergy", "Médicament, pas une allergie"),
        Kind::Medication => view.say("Medication", "Médicament"),
        Kind::Immunization => view.say("Vaccination", "Vaccination"),
        Kind::Encounter => view.say("Visit", "Consultation ou séjour"),
        Kind::Document => view.say("Document", "Document"),
        Kind::Memory | Kind::Turn => view.say("Note", "Note"),
        _ => String::new(),
    };
    let title = if sort.is_empty() { name } else { sort + view.colon() + &name };
    if p.kind == Kind::Series {
        return samples(view, p);
    }
    let rows = view.presence_rows(p)?;
    if p.kind == Kind::Observation {
        return series::block(view, &title, &title, rows, None);
    }
    let mut rows: Vec<FactRow> = rows.rows.into_iter().map(|r| r.row).collect();
    if of.parted {
        rows.retain(|r| names(&r.fact).any(|n| of.names.contains(&n)));
    }
    lists::found(view, title, rows).map(Some)
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
const TYPES: [(&str, &str, &str); 9] = [
    ("Flag", "flag", "alerte"),
    ("CarePlan", "care plan", "plan de soins"),
    ("CareTeam", "care team", "équipe de soins"),
    ("Goal", "goal", "objectif"),
    ("Coverage", "insurance", "assurance"),
    ("Claim", "claim", "demande de remboursement"),
    ("ExplanationOfBenefit", "statement of benefits", "décompte de prestations"),
    ("QuestionnaireResponse", "form", "formulaire"),
    ("Communication", "message", "message"),
];

/// ` (active)`: how a plan, a team or a flag itself stands.
fn lasts(view: &View<'_>, fact: &FactDraft) -> String {
    let status = match fact.status {
        Status::Active if entry::ended(view, fact) => view.say("ended", "terminé"),
        Status::Active => view.say("active", "en cours"),
        Status::Final => view.say("completed", "terminé"),
        _ => entry::status(view, fact),
    };
    if status.is_empty() { status } else { format!(" ({status})") }
}

/// Of what a record is, where it tells of a condition as well: types, English, French.
const OF: [(&[&str], &str, &str); 8] = [
    (&["Procedure"], "a procedure", "un acte"),
    (&["Encounter", "EpisodeOfCare"], "a visit", "une consultation ou un séjour"),
    (&["Appointment"], "an appointment", "un rendez-vous"),
    (&["Immunization"], "a vaccination", "une vaccination"),
    (&["CarePlan", "CareTeam", "Goal"], "a care plan, team or goal", "un plan, une équipe ou un objectif de soins"),
    (&["Claim", "ExplanationOfBenefit"], "a claim or its settlement", "une demande ou un décompte de prestations"),
    (&["DiagnosticReport", "ImagingStudy", "Media"], "a report or image", "un compte rendu ou une image"),
    (&["Device", "DeviceUseStatement", "DeviceRequest"], "a device", "un dispositif"),
];

/// `reason for a medication: `, or where it is told for something else, `told with a medication: `
fn beside(view: &View<'_>, row: &FactRow) -> String {
    let of = OF.iter().find(|(types, ..)| types.contains(&row.type_name.as_str()));
    let (en, fr) = match of {
        Some((_, en, fr)) => (*en, *fr),
        None if row.type_name.starts_with("Medication") => ("a medication", "un médicament"),
        None => ("another record", "un autre élément"),
    };
    if row.fact.note.is_empty() {
        view.say(format!("reason for {en}: "), format!("motif d'{fr} : "))
    } else {
        view.say(format!("told with {en}: "), format!("indiqué avec {fr} : "))
    }
}

/// `goal (active): «walk more», 2020-01-01`
fn line(view: &View<'_>, rows: &[FactRow]) -> Option<Line> {
    let last = rows.last()?;
    let fact = &last.fact;
    let known = TYPES.iter().find(|(name, ..)| *name == last.type_name);
    let sort = match known {
        _ if view::is_beside(last) => beside(view, last),
        // Behind the words the status would be that of what they name.
        Some((_, en, fr)) => format!("{}{}{}", view.say(*en, *fr), lasts(view, fact), view.colon()),
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
    if known.is_none() && !status.is_empty() {
        text.push_str(&format!(", {status}"));
    }
    if rows.len() > 1 {
        let n = rows.len();
        text.push_str(&view.say(format!(", {n} entries, last"), format!(", {n} entrées, dernière")));
    } else {
        text.push(',');
    }
    text.push_str(&format!(" {}", view.dated(fact)));
    if let Some(until) = &fact.until {
        let until = view.date(Some(until));
        text.push_str(&view.say(format!(" to {until}"), format!(" au {until}")));
    }
    Some(Line::new(1).release(rows).text(text).cite(last))
}

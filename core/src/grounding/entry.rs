//! Entries of a list: which rows are one thing, what they say together of its status, and whether
//! it may be shown unasked.

use super::concepts::{self, Area, Concept};
use super::fold;
use super::view::{View, sort};
use crate::catalog::FactRow;
use crate::record::{FactDraft, Kind, Status};
use std::collections::HashMap;

/// Entries that say the same thing, oldest first.
pub(super) struct Entry {
    pub(super) concept: Option<&'static Concept>,
    pub(super) rows: Vec<FactRow>,
}

/// Whether a row says that something is not so: cancelled, refused, not to be given.
fn is_denied(row: &FactRow) -> bool {
    row.fact.status == Status::NotDone
}

/// Whether it is only planned, a draft, unconfirmed.
fn is_open(row: &FactRow) -> bool {
    row.fact.status == Status::Preliminary
}

/// Whether a record says that a medication was handed over or given: evidence that it began, but
/// that one box or one dose is `completed` ends no treatment.
fn is_supply(row: &FactRow) -> bool {
    matches!(row.type_name.as_str(), "MedicationDispense" | "MedicationAdministration")
}

impl Entry {
    pub(super) fn last(&self) -> Option<&FactRow> {
        self.rows.iter().rfind(|r| r.fact.when.is_some()).or(self.rows.last())
    }

    /// The row whose status is that of the entry. A medication is active where any prescription or
    /// statement of it is, else it is what the latest of them says; of other things the latest row
    /// decides.
    pub(super) fn deciding(&self) -> Option<&FactRow> {
        if self.rows.first().is_none_or(|r| r.fact.kind != Kind::Medication) {
            return self.last();
        }
        let said = || self.rows.iter().rev().filter(|r| !is_supply(r));
        let active = || said().filter(|r| r.fact.status == Status::Active);
        let dated = |r: &&FactRow| r.fact.when.is_some();
        active().find(dated).or(active().next()).or(said().find(dated)).or(said().next())
    }

    /// A row that is no earlier than the one that makes a medication active, and says that it is
    /// not, or no longer: nothing here tells which of them holds.
    pub(super) fn contradicted(&self) -> Option<&FactRow> {
        let said = self.deciding().filter(|r| r.fact.kind == Kind::Medication && r.fact.status == Status::Active)?;
        let from = said.fact.when.map(|w| w.at);
        let against = |r: &&FactRow| {
            let over = matches!(r.fact.status, Status::Stopped | Status::Final | Status::OnHold | Status::Resolved);
            over && !is_supply(r) && r.fact.when.is_none_or(|w| from.is_none_or(|from| w.at >= from))
        };
        let dated = |r: &&FactRow| against(r) && r.fact.when.is_some();
        self.rows.iter().rfind(dated).or_else(|| self.rows.iter().rfind(against))
    }

    /// Whether that it is active must be read with care: another row says otherwise, or its end
    /// has passed.
    pub(super) fn doubtful(&self, view: &View<'_>) -> bool {
        let past = |r: &FactRow| r.fact.kind == Kind::Medication && ended(view, &r.fact);
        self.active(view) && (self.contradicted().is_some() || self.deciding().is_some_and(past))
    }

    pub(super) fn active(&self, view: &View<'_>) -> bool {
        self.deciding().is_some_and(|r| match r.fact.status {
            // A prescription that ran out while the source calls it active is active, as reported.
            Status::Active if r.fact.kind == Kind::Medication => true,
            // That someone takes a thing must be said: `unknown` says that nobody knows.
            Status::Unstated if r.fact.kind == Kind::Medication => false,
            Status::Active | Status::Unstated => !ended(view, &r.fact),
            _ => false,
        })
    }

    /// Whether it holds at all: not cancelled, not a mere plan.
    pub(super) fn stands(&self) -> bool {
        !self.rows.iter().any(|r| r.fact.kind == Kind::Medication && (is_denied(r) || is_open(r)))
    }

    /// Whether it may be shown to a question that did not ask for it: not what a source or a rule
    /// marks as sensitive, nor a condition or medication that is so by our words; nor social
    /// findings that stand among the conditions (SNOMED CT tags them so), unless our table has
    /// them. Words lower what is volunteered, they do not rule it out: no list of them is complete.
    pub(super) fn volunteered(&self) -> bool {
        let Some(last) = self.last() else { return false };
        if self.rows.iter().any(|r| !r.class.sensitivities().is_empty()) {
            return false;
        }
        // An allergy is shown whatever it is to: not knowing of it does harm.
        if !matches!(last.fact.kind, Kind::Condition | Kind::Medication) {
            return true;
        }
        let words = fold::words(&last.fact.text);
        // Under a title that says "active", the words of a denial are easily lost.
        if last.fact.kind == Kind::Condition && concepts::is_turned(&words) {
            return false;
        }
        let displays = last.fact.codes.iter().map(|c| fold::words(&c.display));
        let said: Vec<Vec<String>> = displays.chain([words.clone()]).collect();
        let social =
            last.fact.kind == Kind::Condition && words.last().is_some_and(|w| w == "finding" || w == "situation");
        let private = self.concept.is_some_and(|c| PRIVATE.contains(&c.key))
            || PRIVATE_WORDS.split('|').any(|p| said.iter().any(|w| fold::matches(p, w)));
        !private && (self.concept.is_some() || !social)
    }
}

/// Conditions of our table that are shown only to a question that asks for them.
const PRIVATE: [&str; 6] = ["depression", "anxiety", "adhd", "hiv", "hpv", "pregnancy"];

/// The same, by words: mental health, substance use, sexuality, reproduction and violence, and the
/// medications that give them away.
const PRIVATE_WORDS: &str = "abus*|addict*|dependenc*|dependance|toxicoman*|alcohol*|alcool*|opioid*|opiace*|cocain*|cannabis|overdose|surdose|\
substance|drug use|intoxication|withdrawal|sevrage|psych*|schizo*|bipolar*|manic|mania|suicid*|self harm|automutilation|\
depress*|anxi*|panic|posttraumatic|traumatique|stress disorder|eating disorder|anorexi*|bulimi*|hiv|vih|sida|immunodeficiency|immunodeficience|\
syphilis|gonorr*|chlamydia*|genital*|venereal|sexual*|sexuel*|gender|genre|erectile|contracepti*|pregnan*|grossesse|\
abort*|avortement|miscarriage|fausse couche|infertil*|violence|victim*|assault*|rape|viol|maltreat*|maltraitance|incarcerat*|\
gestation*|enceinte|hpv|papillomavirus|aids*|heroin*|methadon*|buprenorphin*|mifepriston*|lithium|personality disorder|trouble personnalite|herpe*";

/// Whether its end has passed.
pub(super) fn ended(view: &View<'_>, fact: &FactDraft) -> bool {
    fact.until.is_some_and(|u| u.end() <= view.options.now.as_millis())
}

/// One entry per product, condition or vaccine. Two strengths of an ingredient are two products:
/// one can be stopped while the other is taken.
pub(super) fn entries(view: &View<'_>, mut rows: Vec<FactRow>) -> Vec<Entry> {
    rows.retain(|r| r.fact.status != Status::EnteredInError);
    sort(&mut rows);
    let mut out: Vec<Entry> = Vec::new();
    // Few wordings, many rows: each is looked up once.
    let mut names: Vec<Option<&'static Concept>> = Vec::new();
    let (mut by_name, mut known) = (HashMap::new(), HashMap::new());
    let mut which = Vec::with_capacity(rows.len());
    for row in &rows {
        let f = &row.fact;
        which.push(*known.entry((f.kind, &f.codes, &f.text)).or_insert_with(|| {
            let own = if concepts::is_bare(&f.text, &f.codes) { "" } else { &f.text };
            let (concept, words) = (concepts::of_fact(f.kind, &f.codes, &f.text), fold::words(own).join(" "));
            let code = || f.codes.first().map(|c| format!("{}|{}", c.system, c.code)).unwrap_or_default();
            let name = match concept {
                _ if f.kind == Kind::Medication => format!("{}\u{0}{words}", code()),
                Some(c) if c.area == Area::Immunization => c.key.to_owned(),
                _ if words.is_empty() => f.codes.first().map(|c| c.code.clone()).unwrap_or_default(),
                _ => words,
            };
            *by_name.entry(name).or_insert_with(|| {
                names.push(concept);
                names.len() - 1
            })
        }));
    }
    let mut places = HashMap::new();
    for (row, name) in rows.into_iter().zip(which) {
        let concept = names.get(name).copied().flatten();
        let f = &row.fact;
        // What was cancelled or only planned is never one entry with what is taken or was given.
        let apart = match f.kind {
            Kind::Medication => (is_denied(&row), is_open(&row)),
            Kind::Immunization => (is_denied(&row), false),
            _ => (false, false),
        };
        let at = *places.entry((name, apart)).or_insert(out.len());
        match out.get_mut(at) {
            Some(e) => e.rows.push(row),
            None => out.push(Entry { concept, rows: vec![row] }),
        }
    }
    // What is active first, then the latest.
    out.sort_by_key(|e| (!e.active(view), core::cmp::Reverse(e.last().and_then(|r| r.fact.when).map(|w| w.at))));
    out
}

/// The word for a status, by kind; empty where it says nothing.
pub(super) fn status(view: &View<'_>, fact: &FactDraft) -> String {
    let ended = ended(view, fact);
    match (fact.status, fact.kind) {
        (Status::Active, Kind::Medication) => view.say("active", "en cours"),
        (Status::Active, Kind::Condition | Kind::Allergy) if !ended => view.say("active", "en cours"),
        (Status::Final, Kind::Medication) => view.say("completed", "terminé"),
        (Status::Stopped, _) => view.say("stopped", "arrêté"),
        (Status::Resolved, _) => view.say("resolved", "résolu"),
        (Status::Remission, _) => view.say("in remission", "en rémission"),
        (Status::OnHold, _) => view.say("on hold", "suspendu"),
        (Status::NotDone, Kind::Medication) => view.say("not to be taken, or cancelled", "à ne pas prendre, ou annulé"),
        (Status::NotDone, _) => view.say("not done or refuted", "non fait ou écarté"),
        (Status::Preliminary, _) => view.say("planned or unconfirmed", "prévu ou non confirmé"),
        (_, Kind::Medication | Kind::Condition | Kind::Allergy) if ended => view.say("ended", "terminé"),
        (Status::Unstated, Kind::Medication) => view.say("status not stated", "statut non précisé"),
        _ => String::new(),
    }
}

/// Each row an entry of its own, the latest first.
pub(super) fn single(mut rows: Vec<FactRow>) -> Vec<Entry> {
    rows.retain(|r| r.fact.status != Status::EnteredInError);
    sort(&mut rows);
    rows.into_iter().rev().map(|r| Entry { concept: None, rows: vec![r] }).collect()
}

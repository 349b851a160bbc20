//! Entries of a list: which rows are one thing, what they say together of its status, and whether
//! it may be shown unasked.

use super::concepts::{self, Area, Concept};
use super::fold;
use super::view::{View, sort};
use crate::catalog::FactRow;
use crate::record::{FactDraft, Kind, Status};
use std::collections::{HashMap, HashSet};

/// Entries that say the same thing, oldest first.
pub(super) struct Entry {
    pub(super) concept: Option<&'static Concept>,
    pub(super) rows: Vec<FactRow>,
    /// Rows that tell one of those again.
    pub(super) twins: Vec<FactRow>,
}

/// What makes two rows of one file the same thing told twice: all that they say, and when.
fn told(row: &FactRow) -> Option<impl Eq + core::hash::Hash + '_> {
    let f = &row.fact;
    let said = (f.kind, &f.codes, &f.text, f.when?, f.until, f.status, &f.note, &f.value);
    Some((said, &row.type_name, row.part, row.origins.iter().map(|o| o.source).min()?))
}

/// Takes apart what is told for the first time and what is told again; the order stays.
fn once(rows: Vec<FactRow>) -> (Vec<FactRow>, Vec<FactRow>) {
    let mut seen = HashSet::new();
    let first: Vec<bool> = rows.iter().map(|r| told(r).is_none_or(|t| seen.insert(t))).collect();
    drop(seen);
    let (mut out, mut again) = (Vec::new(), Vec::new());
    for (row, first) in rows.into_iter().zip(first) {
        if first { out.push(row) } else { again.push(row) }
    }
    (out, again)
}

/// Whether nothing tells that one row is earlier than the other.
fn no_earlier(row: &FactRow, than: &FactRow) -> bool {
    row.fact.when.zip(than.fact.when).is_none_or(|(a, b)| a.end() > b.at)
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
    /// statement of it is, else it is what the latest of them says. Of a condition or an allergy the
    /// latest row decides, and one that says that it goes on where nothing tells which is later; of
    /// other things the latest row.
    pub(super) fn deciding(&self) -> Option<&FactRow> {
        let last = self.last()?;
        let goes_on = |r: &&FactRow| r.fact.standing().clinical == Status::Active;
        match last.fact.kind {
            Kind::Condition | Kind::Allergy if !goes_on(&last) => {
                Some(self.rows.iter().rfind(|r| goes_on(r) && no_earlier(r, last)).unwrap_or(last))
            }
            Kind::Medication => {
                let said = || self.rows.iter().rev().filter(|r| !is_supply(r));
                let active = || said().filter(|r| r.fact.status == Status::Active);
                let dated = |r: &&FactRow| r.fact.when.is_some();
                active().find(dated).or(active().next()).or(said().find(dated)).or(said().next())
            }
            _ => Some(last),
        }
    }

    /// A row that is no earlier than the one that makes a medication, a condition or an allergy
    /// active, and says that it is not, or no longer: nothing here tells which of them holds.
    pub(super) fn contradicted(&self) -> Option<&FactRow> {
        let goes_on = |r: &&FactRow| r.fact.standing().clinical == Status::Active;
        let said = self.deciding().filter(goes_on)?;
        let lasts = matches!(said.fact.kind, Kind::Medication | Kind::Condition | Kind::Allergy);
        let over = |f: &FactDraft| match f.standing().clinical {
            Status::Stopped | Status::Final | Status::OnHold | Status::Resolved => true,
            Status::Remission | Status::NotDone => f.kind != Kind::Medication,
            _ => false,
        };
        let from = said.fact.when.map(|w| w.at);
        let late = |r: &FactRow| match said.fact.kind {
            Kind::Medication => r.fact.when.is_none_or(|w| from.is_none_or(|from| w.at >= from)),
            _ => no_earlier(r, said),
        };
        let against = |r: &&FactRow| lasts && over(&r.fact) && !is_supply(r) && late(r);
        let dated = |r: &&FactRow| against(r) && r.fact.when.is_some();
        self.rows.iter().rfind(dated).or_else(|| self.rows.iter().rfind(against))
    }

    /// Whether that it is active must be read with care: another row says otherwise, or its end
    /// has passed.
    pub(super) fn doubtful(&self, view: &View<'_>) -> bool {
        let past = |r: &FactRow| r.fact.kind == Kind::Medication && ended(view, &r.fact);
        self.active(view) && (self.contradicted().is_some() || self.deciding().is_some_and(past))
    }

    /// Whether it goes on. Of a condition or an allergy the clinical status tells, be it confirmed
    /// or not: an allergy that is not confirmed is one to reckon with.
    pub(super) fn active(&self, view: &View<'_>) -> bool {
        // One that begins later is not yet, though another of the same may be.
        let called = |r: &FactRow| r.fact.status == Status::Active && !is_supply(r);
        self.deciding().is_some_and(|r| match r.fact.standing().clinical {
            // A prescription that ran out while the source calls it active is active, as reported.
            Status::Active if r.fact.kind == Kind::Medication => {
                self.rows.iter().any(|r| called(r) && !view.ahead(&r.fact))
            }
            // That someone takes a thing must be said: `unknown` says that nobody knows.
            Status::Unstated if r.fact.kind == Kind::Medication => false,
            Status::Active | Status::Unstated => !ended(view, &r.fact),
            _ => false,
        })
    }

    /// Whether it is called active and begins after now.
    pub(super) fn ahead(&self, view: &View<'_>) -> bool {
        let called = |r: &FactRow| r.fact.kind == Kind::Medication && r.fact.status == Status::Active;
        self.deciding().is_some_and(called) && !self.active(view)
    }

    /// Whether it is active and not confirmed.
    pub(super) fn open(&self, view: &View<'_>) -> bool {
        self.active(view) && self.deciding().is_some_and(|r| !r.fact.standing().confirmed)
    }

    /// Whether the words of a condition turn it, where no concept is known: "no history of diabetes".
    pub(super) fn turned(&self) -> bool {
        let turned = |r: &FactRow| r.fact.kind == Kind::Condition && concepts::is_turned(&fold::words(&r.fact.text));
        self.concept.is_none() && self.deciding().is_some_and(turned)
    }

    /// Whether it holds at all: not cancelled, refuted or not done, not a mere plan.
    pub(super) fn stands(&self) -> bool {
        match self.last().map(|r| r.fact.kind) {
            Some(Kind::Medication) => !self.rows.iter().any(|r| is_denied(r) || is_open(r)),
            Some(Kind::Procedure | Kind::Encounter) => !self.rows.iter().all(|r| is_denied(r) || is_open(r)),
            _ => !self.deciding().is_some_and(is_denied),
        }
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

/// Whether nobody can tell if it goes on: nothing says so, or two entries say two things.
pub(super) fn uncertain(view: &View<'_>, e: &Entry) -> bool {
    let unstated = |r: &FactRow| r.fact.standing().clinical == Status::Unstated;
    e.doubtful(view) || e.ahead(view) || e.deciding().is_none_or(unstated)
}

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
            None => out.push(Entry { concept, rows: vec![row], twins: Vec::new() }),
        }
    }
    for e in &mut out {
        (e.rows, e.twins) = once(core::mem::take(&mut e.rows));
    }
    // What is active first, then the latest.
    out.sort_by_key(|e| (!e.active(view), core::cmp::Reverse(e.last().and_then(|r| r.fact.when).map(|w| w.at))));
    out
}

/// The word for a status, by kind; empty where it says nothing. Of a condition or an allergy it is
/// the clinical status, and that it is not confirmed beside it.
pub(super) fn status(view: &View<'_>, fact: &FactDraft) -> String {
    let standing = fact.standing();
    let lasting = matches!(fact.kind, Kind::Condition | Kind::Allergy);
    let ended = ended(view, fact);
    let word = match (standing.clinical, fact.kind) {
        // A note of an assistant is no record, and says whose word it is.
        (Status::Preliminary, Kind::Memory | Kind::Turn) => view.say(
            "noted by an assistant, not confirmed by the person",
            "noté par un assistant, non confirmé par la personne",
        ),
        (_, Kind::Memory | Kind::Turn) => view.say("noted, confirmed by the person", "noté, confirmé par la personne"),
        (Status::Active, Kind::Medication) => view.say("active", "en cours"),
        (Status::Active, _) if lasting && !ended => view.say("active", "en cours"),
        (Status::Final, Kind::Medication) => view.say("completed", "terminé"),
        (Status::Stopped, _) if lasting => view.say("inactive", "inactif"),
        (Status::Stopped, _) => view.say("stopped", "arrêté"),
        (Status::Resolved, _) => view.say("resolved", "résolu"),
        (Status::Remission, _) => view.say("in remission", "en rémission"),
        (Status::OnHold, _) => view.say("on hold", "suspendu"),
        (Status::NotDone, Kind::Medication) => view.say("not to be taken, or cancelled", "à ne pas prendre, ou annulé"),
        (Status::NotDone, _) if lasting => view.say("refuted", "écarté"),
        (Status::NotDone, _) => view.say("not done", "non fait"),
        (Status::Preliminary, Kind::Medication) => view.say("planned or unconfirmed", "prévu ou non confirmé"),
        (Status::Preliminary, Kind::Document) => view.say("preliminary", "provisoire"),
        (Status::Preliminary, _) => view.say("planned", "prévu"),
        (_, Kind::Medication | Kind::Condition | Kind::Allergy) if ended => view.say("ended", "terminé"),
        (Status::Unstated, Kind::Medication) => view.say("status not stated", "statut non précisé"),
        _ => String::new(),
    };
    match (standing.confirmed, word.is_empty()) {
        (true, _) => word,
        (false, true) => view.say("not confirmed", "non confirmé"),
        (false, false) => view.say(format!("{word}, not confirmed"), format!("{word}, non confirmé")),
    }
}

/// When it was, in words that say which time that is: the onset, the beginning of what is taken, or
/// only when somebody wrote it down.
pub(super) fn time(view: &View<'_>, e: &Entry, row: &FactRow) -> String {
    let (fact, date) = (&row.fact, view.dated(&row.fact));
    if fact.when.is_none() || !e.stands() || e.turned() {
        return format!(", {date}");
    }
    match fact.kind {
        Kind::Condition | Kind::Allergy if fact.standing().recorded => {
            view.say(format!(", recorded {date}"), format!(", saisi le {date}"))
        }
        Kind::Medication | Kind::Condition | Kind::Allergy if e.active(view) => {
            view.say(format!(", since {date}"), format!(", depuis {date}"))
        }
        // "Stopped, since 2012" would date the end by the beginning.
        Kind::Condition | Kind::Allergy => view.say(format!(", began {date}"), format!(", début {date}")),
        Kind::Medication if e.ahead(view) => view.say(format!(", from {date}"), format!(", à partir de {date}")),
        Kind::Medication => view.say(format!(", entered {date}"), format!(", saisi le {date}")),
        _ => format!(", {date}"),
    }
}

/// Each row an entry of its own, the latest first; one that is told twice is one.
pub(super) fn single(mut rows: Vec<FactRow>) -> Vec<Entry> {
    rows.retain(|r| r.fact.status != Status::EnteredInError);
    sort(&mut rows);
    let (rows, again) = once(rows);
    let mut out: Vec<Entry> =
        rows.into_iter().rev().map(|r| Entry { concept: None, rows: vec![r], twins: Vec::new() }).collect();
    for row in again {
        if let Some(e) = out.iter_mut().find(|e| e.rows.first().is_some_and(|r| told(r) == told(&row))) {
            e.twins.push(row);
        }
    }
    out
}

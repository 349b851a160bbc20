//! Things that are listed rather than measured: medications, conditions, allergies, vaccines,
//! procedures, visits, documents.

use super::concepts::{self, Area, Concept};
use super::fold;
use super::page::{Block, Line};
use super::period::{Period, days};
use super::question::Topic;
use super::view::{View, sort};
use super::workouts;
use crate::catalog::FactRow;
use crate::error::Result;
use crate::record::{Category, FactDraft, Kind, Status, Value};
use std::collections::HashMap;

/// Lines at most, per list.
const LISTED: usize = 60;

/// Entries that say the same thing, oldest first.
struct Entry {
    concept: Option<&'static Concept>,
    rows: Vec<FactRow>,
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
    fn last(&self) -> Option<&FactRow> {
        self.rows.iter().rfind(|r| r.fact.when.is_some()).or(self.rows.last())
    }

    /// The row whose status is that of the entry. A medication is active where any prescription or
    /// statement of it is, else it is what the latest of them says; of other things the latest row
    /// decides.
    fn deciding(&self) -> Option<&FactRow> {
        if self.rows.first().is_none_or(|r| r.fact.kind != Kind::Medication) {
            return self.last();
        }
        let said = || self.rows.iter().rev().filter(|r| !is_supply(r));
        let active = || said().filter(|r| r.fact.status == Status::Active);
        let dated = |r: &&FactRow| r.fact.when.is_some();
        active().find(dated).or(active().next()).or(said().find(dated)).or(said().next())
    }

    /// A later statement of another status than the one that decides: whoever asks is to see both.
    fn later(&self) -> Option<&FactRow> {
        let said = self.deciding().filter(|r| r.fact.kind == Kind::Medication)?;
        let after = |r: &&FactRow| r.fact.when.map(|w| w.at) > said.fact.when.map(|w| w.at);
        let other = |r: &&FactRow| {
            !is_supply(r)
                && matches!(r.fact.status, Status::Stopped | Status::Final | Status::OnHold)
                && r.fact.status != said.fact.status
        };
        self.rows.iter().rev().filter(after).find(other)
    }

    fn active(&self, view: &View<'_>) -> bool {
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
    fn stands(&self) -> bool {
        !self.rows.iter().any(|r| r.fact.kind == Kind::Medication && (is_denied(r) || is_open(r)))
    }

    /// Whether it may be shown to a question that did not ask for it: not what a source or a rule
    /// marks as sensitive, nor a condition or medication that is so by our words; nor social
    /// findings that stand among the conditions (SNOMED CT tags them so), unless our table has
    /// them. Words lower what is volunteered, they do not rule it out: no list of them is complete.
    fn volunteered(&self) -> bool {
        let Some(last) = self.last() else { return false };
        if self.rows.iter().any(|r| !r.class.sensitivities().is_empty()) {
            return false;
        }
        // An allergy is shown whatever it is to: not knowing of it does harm.
        if !matches!(last.fact.kind, Kind::Condition | Kind::Medication) {
            return true;
        }
        let words = fold::words(&last.fact.text);
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
const PRIVATE: [&str; 4] = ["depression", "anxiety", "hiv", "pregnancy"];

/// The same, by words: mental health, substance use, sexuality, reproduction and violence, and the
/// medications that give them away.
const PRIVATE_WORDS: &str = "abus*|addict*|dependenc*|dependance|toxicoman*|alcohol*|alcool*|opioid*|opiace*|cocain*|cannabis|overdose|surdose|\
substance|drug use|intoxication|withdrawal|sevrage|psych*|schizo*|bipolar*|manic|mania|suicid*|self harm|automutilation|\
depress*|anxi*|panic|posttraumatic|traumatique|stress disorder|eating disorder|anorexi*|bulimi*|hiv|vih|sida|immunodeficiency|immunodeficience|\
syphilis|gonorr*|chlamydia*|genital*|venereal|sexual*|sexuel*|gender|genre|erectile|contracepti*|pregnan*|grossesse|\
abort*|avortement|miscarriage|fausse couche|infertil*|violence|victim*|assault*|rape|viol|maltreat*|maltraitance|incarcerat*|\
gestation*|enceinte|aids*|heroin*|methadon*|buprenorphin*|mifepriston*|lithium|personality disorder|trouble personnalite|herpe*";

/// Whether its end has passed.
fn ended(view: &View<'_>, fact: &FactDraft) -> bool {
    fact.until.is_some_and(|u| u.end() <= view.options.now.as_millis())
}

/// One entry per product, condition or vaccine. Two strengths of an ingredient are two products:
/// one can be stopped while the other is taken.
fn entries(view: &View<'_>, mut rows: Vec<FactRow>) -> Vec<Entry> {
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
            let (concept, words) = (concepts::of_fact(f.kind, &f.codes, &f.text), fold::words(&f.text).join(" "));
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
fn status_of(view: &View<'_>, fact: &FactDraft) -> String {
    let ended = ended(view, fact);
    match (fact.status, fact.kind) {
        (Status::Active, Kind::Medication) => view.say("active", "en cours"),
        (Status::Active, Kind::Condition | Kind::Allergy) if !ended => view.say("active", "en cours"),
        (Status::Final, Kind::Medication) => view.say("completed", "terminé"),
        (Status::Stopped, _) => view.say("stopped", "arrêté"),
        (Status::Resolved, _) => view.say("resolved", "résolu"),
        (Status::OnHold, _) => view.say("on hold", "suspendu"),
        (Status::NotDone, Kind::Medication) => view.say("not to be taken, or cancelled", "à ne pas prendre, ou annulé"),
        (Status::NotDone, _) => view.say("not done or refuted", "non fait ou écarté"),
        (Status::Preliminary, _) => view.say("planned or unconfirmed", "prévu ou non confirmé"),
        (_, Kind::Medication | Kind::Condition | Kind::Allergy) if ended => view.say("ended", "terminé"),
        (Status::Unstated, Kind::Medication) => view.say("status not stated", "statut non précisé"),
        _ => String::new(),
    }
}

fn line(view: &View<'_>, e: &Entry, rank: u8) -> Option<Line> {
    let (first, last) = (e.rows.first()?, e.last()?);
    if first.fact.kind == Kind::Workout {
        return workouts::line(view, &e.rows, rank);
    }
    let said = e.deciding();
    let named = said.unwrap_or(last);
    let words = fold::words(&named.fact.text);
    let name = match e.concept {
        Some(c) if c.area == Area::Measure => view.source_words(&named.fact),
        // Our name alone, where the file says just the same.
        Some(c) if [c.en, c.fr].iter().any(|n| fold::words(n) == words) => c.name(view.lang).to_owned(),
        Some(c) => format!("{} {}", c.name(view.lang), view.source_words(&named.fact)),
        None => view.source_words(&named.fact),
    };
    let mut line = Line::new(rank).release(&e.rows).text(name + &visit(view, &named.fact));
    let status = match said {
        Some(row) => status_of(view, &row.fact),
        None => view.say("dispensed or given", "délivré ou administré"),
    };
    // "«HIV negative», active" would read as a yes.
    let hedged = e.concept.is_none() && named.fact.kind == Kind::Condition && concepts::is_hedged(&words);
    if !status.is_empty() && !hedged {
        line = line.text(format!(", {status}"));
        if let Some(row) = said.filter(|r| !core::ptr::eq(*r, last)) {
            line = line.cite(row);
        }
    }
    if let Some(later) = e.later() {
        let (word, date) = (status_of(view, &later.fact), view.date(later.fact.when.as_ref()));
        line = line
            .text(view.say(
                format!(", but {word} by an entry of {date}"),
                format!(", mais {word} selon une entrée du {date}"),
            ))
            .cite(later);
    }
    let (from, to) = (view.dated(&first.fact), view.dated(&last.fact));
    line = match (e.rows.len(), first.fact.kind) {
        (1, Kind::Medication | Kind::Condition | Kind::Allergy)
            if first.fact.when.is_some() && said.is_some() && e.stands() =>
        {
            line.text(if e.active(view) {
                view.say(format!(", since {from}"), format!(", depuis {from}"))
            } else {
                // "Stopped, since 2012" would date the end by the beginning.
                view.say(format!(", entered {from}"), format!(", saisi le {from}"))
            })
        }
        (1, _) => line.text(format!(", {from}")),
        (n, _) => line
            .text(view.say(format!(", {n} entries, first {from}"), format!(", {n} entrées, première {from}")))
            .cite(first)
            .text(view.say(format!(", last {to}"), format!(", dernière {to}")))
            .cite(last),
    };
    if let Some(until) = &named.fact.until {
        let until = view.date(Some(until));
        line = line.text(view.say(format!(", until {until}"), format!(", jusqu'au {until}")));
    }
    if !named.fact.note.trim().is_empty() && named.fact.kind == Kind::Medication && rank < 10 {
        line = line.text(format!(", {}", view.quote(&named.fact.note)));
    }
    // What stands last is of the row that gave the name, not of the latest.
    Some(line.cite(named))
}

/// The sort of a visit (HL7 v3 ActEncounterCode): code, English, French.
const VISITS: [(&str, &str, &str); 8] = [
    ("EMER", "emergency", "urgences"),
    ("IMP", "hospital stay", "hospitalisation"),
    ("ACUTE", "hospital stay", "hospitalisation"),
    ("NONAC", "hospital stay", "hospitalisation"),
    ("OBSENC", "observation in hospital", "observation à l'hôpital"),
    ("AMB", "outpatient", "ambulatoire"),
    ("VR", "remote", "à distance"),
    ("HH", "at home", "à domicile"),
];

/// With the sort of visit: an answer to "how many emergencies" counts by it.
fn visit(view: &View<'_>, fact: &FactDraft) -> String {
    let coded = |code: &str| fact.kind == Kind::Encounter && fact.codes.iter().any(|c| c.code == code);
    let found = VISITS.iter().find(|(code, ..)| coded(code));
    found.map_or_else(String::new, |(_, en, fr)| format!(", {}", view.say(*en, *fr)))
}

/// Lists entries; `rank` of the first ones, later ones give way first.
fn list(view: &View<'_>, block: &mut Block, entries: &[Entry], rank: u8) {
    let mut rank = rank;
    for e in entries.iter().take(LISTED) {
        block.lines.extend(line(view, e, rank));
        rank = rank.saturating_add(1);
    }
    let left = entries.len().saturating_sub(LISTED);
    block.unlisted = block.unlisted.saturating_add(u32::try_from(left).unwrap_or(u32::MAX));
}

/// The latest row that stands, by date.
fn latest(rows: &[FactRow]) -> Option<FactRow> {
    let standing = rows.iter().filter(|r| r.fact.status != Status::EnteredInError);
    standing.max_by_key(|r| (r.fact.when.map(|w| w.at), r.record, r.part)).cloned()
}

/// That what there is lies outside the period asked, with its latest row.
pub(super) fn outside(view: &View<'_>, latest: &FactRow) -> Line {
    let text = match &latest.fact.when {
        Some(when) => {
            let (date, mark) = (view.date(Some(when)), view.mark(&latest.fact));
            view.say(
                format!("none in the period asked; the latest is of {date}{mark}"),
                format!("rien dans la période demandée ; le dernier élément date du {date}{mark}"),
            )
        }
        None => view.say(
            "none dated in the period asked; there are undated ones",
            "rien de daté dans la période demandée ; il y a des éléments sans date",
        ),
    };
    Line::new(1).text(text).cite(latest)
}

/// Whether a fact lies in a period; what lasts does from its beginning to its end. `None` where no
/// date tells.
fn reaches(p: &Period, f: &FactDraft) -> Option<bool> {
    let lasts =
        matches!(f.kind, Kind::Medication | Kind::Condition | Kind::Allergy) && f.status != Status::EnteredInError;
    let Some(when) = f.when.as_ref() else { return if lasts { None } else { Some(false) } };
    let (first, last) = days(when);
    if !lasts || p.covers(when) || p.to.is_some_and(|to| first >= to) {
        return Some(p.covers(when));
    }
    let end = f.until.as_ref().map_or(last, |u| days(u).1);
    match f.status {
        _ if p.from.is_none_or(|from| end >= from) => Some(true),
        _ if f.until.is_some() => Some(false),
        Status::Active | Status::OnHold => Some(true),
        Status::NotDone | Status::Preliminary => Some(false),
        _ => None,
    }
}

/// A named medication, condition or vaccine; `None` where there is none.
pub(super) fn concept(view: &View<'_>, c: &'static Concept) -> Result<Option<Block>> {
    let mut rows = view.listed_rows(c)?;
    let latest = latest(&rows);
    if let Some(p) = &view.plan.period {
        rows.retain(|r| r.fact.when.is_none() || reaches(p, &r.fact) != Some(false));
    }
    let entries = entries(view, rows);
    let name = capital(c.name(view.lang));
    let mut block = Block::new(name.clone(), name);
    if entries.is_empty() {
        block.lines.extend(latest.map(|r| outside(view, &r)));
    }
    list(view, &mut block, &entries, 1);
    Ok((!block.lines.is_empty()).then_some(block))
}

/// A whole kind; `None` where there is nothing, not even a stated absence.
pub(super) fn topic(view: &View<'_>, t: Topic, rank: u8, active_only: bool) -> Result<Option<Block>> {
    let Some(kind) = t.kind() else { return Ok(None) };
    let mut rows = view.kind_rows(kind)?;
    let latest = if view.plan.period.is_some() && !active_only { latest(&rows) } else { None };
    let mut unclear = Vec::new();
    if let (Some(p), false) = (&view.plan.period, active_only) {
        unclear = rows.iter().filter(|r| reaches(p, &r.fact).is_none()).cloned().collect();
        rows.retain(|r| reaches(p, &r.fact) == Some(true));
    }
    let mut entries = match kind {
        Kind::Procedure | Kind::Encounter | Kind::Document => single(rows),
        Kind::Workout => workouts::each(rows).into_iter().map(|rows| Entry { concept: None, rows }).collect(),
        _ => entries(view, rows),
    };
    let mut withheld = Vec::new();
    if active_only {
        entries.retain(|e| e.active(view));
        (entries, withheld) = entries.into_iter().partition(Entry::volunteered);
    }
    let name = title(view, t);
    let mut block = Block::new(name.clone(), name);
    absences(view, &mut block, kind, rank)?;
    if entries.is_empty() {
        block.lines.extend(latest.map(|r| outside(view, &r)));
    }
    if !entries.is_empty() && !active_only {
        let n = entries.iter().filter(|e| e.stands()).count();
        let besides = entries.len() - n;
        let active = entries.iter().filter(|e| e.active(view)).count();
        let all = entries.iter().flat_map(|e| &e.rows);
        let mut line = Line::new(rank).release(all).text(match kind {
            Kind::Medication | Kind::Condition | Kind::Allergy => {
                view.say(format!("{n} in all, {active} active"), format!("{n} en tout, {active} en cours"))
            }
            _ => view.say(format!("{n} in all"), format!("{n} en tout")),
        });
        if besides > 0 {
            line = line.text(view.say(
                format!("; besides, {besides} planned, cancelled or not to be taken"),
                format!(" ; de plus, {besides} en projet, annulés ou à ne pas prendre"),
            ));
        }
        for e in entries.iter().take(1).chain(entries.last().filter(|_| entries.len() > 1)) {
            if let Some(r) = e.last() {
                line = line.cite(r);
            }
        }
        block.push(line);
    }
    list(view, &mut block, &entries, rank);
    if !unclear.is_empty() {
        let n = unclear.len() as u64;
        let n = view.many(n, ["record", "records"], ["enregistrement", "enregistrements"]);
        let text = view.say(
            format!("besides, {n} of which no date tells whether it lies in the period asked"),
            format!("de plus, {n} dont aucune date ne dit s'il relève de la période demandée"),
        );
        block.push(Line::new(rank).text(text).release(&unclear));
    }
    if !withheld.is_empty() {
        let n = withheld.len();
        let text = view.say(
            format!("{n} more, not shown unless the question asks for them"),
            format!("{n} de plus, montrés seulement si la question les demande"),
        );
        block.push(Line::new(rank).text(text).release(withheld.iter().flat_map(|e| &e.rows)));
    }
    Ok((!block.lines.is_empty()).then_some(block))
}

/// Words of a stated absence, folded.
const NONE: [&str; 7] = ["no", "none", "known", "nil", "aucun", "aucune", "pas"];

/// Stated absences at most, per list.
const ABSENCES: usize = 5;

/// Whether a stated absence says that there is none. A coded reason decides (FHIR list-empty-reason), the
/// words where there is none.
fn says_none(row: &FactRow) -> bool {
    let reason = match &row.fact.value {
        Value::Text(t) => t.as_str(),
        _ => "",
    };
    match reason {
        "nilknown" => true,
        "" => fold::words(&row.fact.text).iter().any(|w| NONE.contains(&w.as_str())),
        _ => false,
    }
}

/// "None known", where the source says so itself.
fn absences(view: &View<'_>, block: &mut Block, kind: Kind, rank: u8) -> Result<()> {
    let mut rows = view.kind_rows(Kind::Absence)?;
    sort(&mut rows);
    let category = match kind {
        Kind::Allergy => Category::Allergies,
        Kind::Medication => Category::Medications,
        Kind::Condition => Category::Conditions,
        Kind::Immunization => Category::Immunizations,
        _ => return Ok(()),
    };
    let mut said: Vec<(bool, &FactRow)> =
        rows.iter().filter(|r| r.fact.category == category).map(|r| (says_none(r), r)).collect();
    // What the source says before what it does not say, the latest first.
    said.sort_by_key(|(none, r)| (!none, core::cmp::Reverse(r.fact.when.map(|w| w.at))));
    let left = said.len().saturating_sub(ABSENCES);
    block.unlisted = block.unlisted.saturating_add(u32::try_from(left).unwrap_or(u32::MAX));
    for (none, row) in said.into_iter().take(ABSENCES) {
        let line = Line::new(rank).text(if none {
            view.say("none known, as the source states: ", "aucun connu, selon la source : ")
        } else {
            view.say("not stated by the source: ", "non renseigné par la source : ")
        });
        let line = line.text(view.source_words(&row.fact)).text(format!(" ({})", view.dated(&row.fact)));
        block.push(line.cite(row));
    }
    Ok(())
}

fn single(mut rows: Vec<FactRow>) -> Vec<Entry> {
    rows.retain(|r| r.fact.status != Status::EnteredInError);
    sort(&mut rows);
    rows.into_iter().rev().map(|r| Entry { concept: None, rows: vec![r] }).collect()
}

/// Rows found by their own words.
pub(super) fn found(view: &View<'_>, title: String, rows: Vec<FactRow>) -> Block {
    let mut block = Block::new(title.clone(), title);
    list(view, &mut block, &entries(view, rows), 1);
    block
}

pub(super) fn title(view: &View<'_>, t: Topic) -> String {
    match t {
        Topic::Medications => view.say("Medications", "Médicaments"),
        Topic::Allergies => view.say("Allergies and intolerances", "Allergies et intolérances"),
        Topic::Conditions => view.say("Conditions", "Maladies et problèmes de santé"),
        Topic::Immunizations => view.say("Vaccinations", "Vaccinations"),
        Topic::Procedures => view.say("Procedures and devices", "Actes et dispositifs"),
        Topic::Encounters => view.say("Visits", "Consultations et séjours"),
        Topic::Documents => view.say("Documents", "Documents"),
        Topic::Laboratory => view.say("Laboratory results", "Résultats de laboratoire"),
        Topic::Vitals => view.say("Vital signs", "Signes vitaux"),
        Topic::Workouts => view.say("Workouts", "Séances d'exercice"),
        Topic::Person => view.say("Person", "Personne"),
    }
}

/// With a capital letter, unless the word has capitals of its own (`eGFR`).
pub(super) fn capital(s: &str) -> String {
    let mut chars = s.chars();
    let Some(first) = chars.next() else { return String::new() };
    if chars.clone().take_while(|c| c.is_alphanumeric()).any(char::is_uppercase) {
        return s.to_owned();
    }
    first.to_uppercase().chain(chars).collect()
}

/// A category's name.
pub(super) fn category(view: &View<'_>, c: Category) -> String {
    let t = match c {
        Category::Laboratory => Topic::Laboratory,
        Category::VitalSigns => Topic::Vitals,
        Category::Medications => Topic::Medications,
        Category::Conditions => Topic::Conditions,
        Category::Allergies => Topic::Allergies,
        Category::Immunizations => Topic::Immunizations,
        Category::Procedures => Topic::Procedures,
        Category::Encounters => Topic::Encounters,
        Category::Documents => Topic::Documents,
        Category::Demographics => Topic::Person,
        Category::Activity => return view.say("Activity", "Activité physique"),
        Category::Sleep => return view.say("Sleep", "Sommeil"),
        Category::Nutrition => return view.say("Nutrition", "Nutrition"),
        Category::Reproductive => return view.say("Reproductive health", "Santé reproductive"),
        Category::SocialHistory => return view.say("Social history", "Mode de vie"),
        Category::CarePlans => return view.say("Care plans", "Plans de soins"),
        Category::Financial => return view.say("Claims and insurance", "Assurance"),
        Category::Memories => return view.say("Memories", "Souvenirs"),
        Category::Other => return view.say("Other", "Autre"),
    };
    title(view, t)
}

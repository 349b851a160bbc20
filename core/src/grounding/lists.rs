//! Things that are listed rather than measured: medications, conditions, allergies, vaccines,
//! procedures, visits, documents.

use super::concepts::{self, Area, Concept};
use super::entry::{self, Entry, entries, single};
use super::fold;
use super::page::{Block, Line};
use super::period::{Period, days};
use super::question::Topic;
use super::view::{View, sort};
use super::workouts;
use crate::catalog::FactRow;
use crate::error::Result;
use crate::record::{Category, FactDraft, Kind, Status, Value};
use std::collections::BTreeSet;

/// Lines at most, per list.
const LISTED: usize = 60;

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
        // A condition that words alone tell is what they say, and may be less than its name.
        Some(c) if c.area == Area::Condition && !named.fact.codes.iter().any(|k| c.has_code(k)) => {
            view.source_words(&named.fact)
        }
        Some(c) => format!("{} {}", c.name(view.lang), view.source_words(&named.fact)),
        None => view.source_words(&named.fact),
    };
    let mut line = Line::new(rank).release(&e.rows).text(name + &visit(view, &named.fact));
    // "«HIV negative», active" would read as a yes.
    let turned = e.concept.is_none() && named.fact.kind == Kind::Condition && concepts::is_turned(&words);
    let status = match said {
        Some(_) if turned => String::new(),
        Some(row) => entry::status(view, &row.fact),
        None => view.say("dispensed or given", "délivré ou administré"),
    };
    // What is said of one row is cited to it, before the last one is.
    let apart = said.filter(|r| !core::ptr::eq(*r, last));
    let other = e.contradicted();
    if !status.is_empty() {
        line = line.text(format!(", {status}"));
    }
    if other.is_some() {
        line = line.text(format!(" ({})", view.dated(&named.fact)));
    }
    if let Some(row) = apart {
        line = line.text(details(view, &row.fact, rank));
    }
    if apart.is_some() || other.is_some() {
        line = line.cite(named);
    }
    if let Some(row) = other {
        let (status, date) = (entry::status(view, &row.fact), view.dated(&row.fact));
        line = line
            .text(view.say(
                format!("; another entry says: {status} ({date})"),
                format!(" ; une autre entrée dit : {status} ({date})"),
            ))
            .text(details(view, &row.fact, rank))
            .cite(row);
    }
    let (from, to) = (view.dated(&first.fact), view.dated(&last.fact));
    line = match (e.rows.len(), first.fact.kind) {
        (1, Kind::Medication | Kind::Condition | Kind::Allergy)
            if first.fact.when.is_some() && said.is_some() && e.stands() && !turned =>
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
            .text(view.say(format!(", last {to}"), format!(", dernière {to}"))),
    };
    if apart.is_none() {
        line = line.text(details(view, &named.fact, rank));
    }
    Some(line.cite(last))
}

/// When a row ends, and how it is taken.
fn details(view: &View<'_>, fact: &FactDraft, rank: u8) -> String {
    let mut out = String::new();
    if let Some(until) = &fact.until {
        let until = view.date(Some(until));
        out.push_str(&view.say(format!(", until {until}"), format!(", jusqu'au {until}")));
        if fact.kind == Kind::Medication && fact.status == Status::Active && entry::ended(view, fact) {
            out.push_str(&view.say(" (in the past)", " (dans le passé)"));
        }
    }
    if fact.kind == Kind::Medication && rank < 10 && !fact.note.trim().is_empty() {
        out.push_str(&format!(", {}", view.quote(&fact.note)));
    }
    out
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
    let mut turned = Vec::new();
    if c.area == Area::Condition {
        rows.retain(|r| !c.is_turned(&r.fact.text));
        let known: BTreeSet<_> = rows.iter().map(|r| (r.record, r.part)).collect();
        turned = view.kind_rows(Kind::Condition)?;
        turned.retain(|r| {
            let named = || c.is_named(&fold::words(&r.fact.text)) || r.fact.codes.iter().any(|k| c.has_code(k));
            !known.contains(&(r.record, r.part)) && named()
        });
    }
    let latest = latest(&rows);
    if let Some(p) = &view.plan.period {
        for rows in [&mut rows, &mut turned] {
            rows.retain(|r| r.fact.when.is_none() || reaches(p, &r.fact) != Some(false));
        }
    }
    // What names it and is a condition of its own is that: a gestational diabetes is none of type 2.
    let (kindred, turned): (Vec<FactRow>, Vec<FactRow>) =
        turned.into_iter().partition(|r| concepts::of_fact(r.fact.kind, &r.fact.codes, &r.fact.text).is_some());
    let entries = entries(view, rows);
    let name = capital(c.name(view.lang));
    let mut block = Block::new(name.clone(), name);
    if entries.is_empty() {
        block.lines.extend(latest.map(|r| outside(view, &r)));
    }
    list(view, &mut block, &entries, 1);
    list(view, &mut block, &entry::entries(view, kindred), 1);
    named(view, &mut block, turned);
    Ok((!block.lines.is_empty()).then_some(block))
}

/// Records that name a condition and say something else of it: in their own words, with nothing
/// beside them that reads as a yes.
fn named(view: &View<'_>, block: &mut Block, rows: Vec<FactRow>) {
    let all = entries(view, rows);
    if all.is_empty() {
        return;
    }
    block.push(Line::new(1).text(view.say(
        "named by records that may say it is not so, is another's, is past or is another thing; their words:",
        "nommé par des éléments qui peuvent dire que ce n'est pas le cas, que c'est celui d'un autre, passé, ou autre chose ; leurs mots :",
    )));
    for e in all.iter().take(LISTED) {
        let Some(last) = e.last() else { continue };
        let status = match last.fact.status {
            Status::Active => String::new(),
            _ => entry::status(view, &last.fact),
        };
        let status = if status.is_empty() { status } else { format!(", {status}") };
        let text = format!("{}{status} ({})", view.source_words(&last.fact), view.dated(&last.fact));
        block.push(Line::new(1).release(&e.rows).text(text).cite(last));
    }
    let left = u32::try_from(all.len().saturating_sub(LISTED)).unwrap_or(u32::MAX);
    block.unlisted = block.unlisted.saturating_add(left);
}

/// A whole kind; `None` where there is nothing, not even a stated absence.
pub(super) fn topic(view: &View<'_>, t: Topic, rank: u8, active_only: bool) -> Result<Option<Block>> {
    let Some(kind) = t.kind() else { return Ok(None) };
    let mut rows = view.kind_rows(kind)?;
    let mut others = Vec::new();
    if kind == Kind::Workout {
        (rows, others) = workouts::of_sorts(rows, &view.plan.sorts);
    }
    let latest = if view.plan.period.is_some() && !active_only { latest(&rows) } else { None };
    let mut unclear = Vec::new();
    if let (Some(p), false) = (&view.plan.period, active_only) {
        unclear = rows.iter().filter(|r| reaches(p, &r.fact).is_none()).cloned().collect();
        rows.retain(|r| reaches(p, &r.fact) == Some(true));
        others.retain(|r| reaches(p, &r.fact) == Some(true));
    }
    let others = workouts::each(others);
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
    let some = !entries.is_empty() || !others.is_empty();
    if some && !active_only {
        let n = entries.iter().filter(|e| e.stands()).count();
        let besides = entries.len() - n;
        let active = entries.iter().filter(|e| e.active(view)).count();
        let all = entries.iter().flat_map(|e| &e.rows);
        let mut line = Line::new(rank).release(all).text(match kind {
            Kind::Medication | Kind::Condition | Kind::Allergy => {
                view.say(format!("{n} in all, {active} active"), format!("{n} en tout, {active} en cours"))
            }
            _ if !others.is_empty() => view.say(format!("{n} of the sort asked"), format!("{n} du type demandé")),
            _ => view.say(format!("{n} in all"), format!("{n} en tout")),
        });
        if !others.is_empty() {
            let m = others.len();
            line = line
                .text(view.say(format!("; besides, {m} of another sort"), format!(" ; de plus, {m} d'un autre type")))
                .release(others.iter().flatten());
        }
        let doubtful = entries.iter().filter(|e| e.doubtful(view)).count();
        if doubtful > 0 {
            line = line.text(view.say(
                format!(" ({doubtful} of them past its end, or with another entry that says otherwise)"),
                format!(" (dont {doubtful} au terme dépassé, ou avec une autre entrée qui dit le contraire)"),
            ));
        }
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

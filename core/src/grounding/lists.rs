//! Things that are listed rather than measured: medications, conditions, allergies, vaccines,
//! procedures, visits, documents.

use super::Item;
use super::absence::absences;
use super::concepts::{Area, Concept};
use super::entry::{self, Entry, entries, single};
use super::fold;
use super::page::{Block, Line};
use super::question::Topic;
use super::standing::{chosen, limited};
use super::view::View;
use super::visits;
pub(super) use super::within::outside;
use super::within::{latest, unclear, within};
use super::workouts;
use crate::catalog::FactRow;
use crate::error::Result;
use crate::record::{Category, FactDraft, Kind, Status};
use std::collections::BTreeSet;

/// Lines at most, per list.
const LISTED: usize = 60;

/// Rank of what nobody asked for: behind every line of what was asked.
pub(super) const UNASKED: u8 = 150;

/// Reasons of one entry that are told, at most.
const REASONS: usize = 3;

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
    let names = names(view, e);
    let name = match (e.concept, names.is_empty()) {
        // What stands for all is what all are; the words of each follow.
        (Some(c), false) => c.name(view.lang).to_owned(),
        _ => name,
    };
    let mut line = Line::new(rank).release(&e.rows).release(&e.twins).text(name + &visits::sort(view, &named.fact));
    let turned = e.turned();
    let status = match said {
        // "«HIV negative», active" would read as a yes.
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
    line = match e.rows.len() {
        1 if said.is_none() => line.text(format!(", {from}")),
        1 => line.text(entry::time(view, e, first)),
        n => line
            .text(view.say(format!(", {n} entries, first {from}"), format!(", {n} entrées, première {from}")))
            .cite(first)
            .text(view.say(format!(", last {to}"), format!(", dernière {to}"))),
    };
    if apart.is_none() {
        line = line.text(details(view, &named.fact, rank));
    }
    line = line.cite(last);
    for (name, n, row) in &names {
        line = line.text(format!("; {name}{}{n}", view.colon())).cite(row);
    }
    if has_reasons(first.fact.kind) && rank < 10 {
        for why in view.reasons(named).iter().take(REASONS) {
            let words = view.source_words(&why.fact);
            line = line.text(view.say(format!(", for {words}"), format!(", pour {words}"))).release([why]);
        }
    }
    if first.fact.kind == Kind::Allergy && rank < UNASKED {
        // A reaction that an older entry tells is not forgotten.
        let other = |r: &&FactRow| !r.fact.note.trim().is_empty() && r.fact.note != named.fact.note;
        for row in e.rows.iter().rev().filter(other).take(NAMES) {
            let (note, date) = (view.quote(&row.fact.note), view.dated(&row.fact));
            line = line
                .text(view.say(
                    format!("; another entry tells: {note} ({date})"),
                    format!(" ; une autre entrée indique : {note} ({date})"),
                ))
                .cite(row);
        }
    }
    if !e.twins.is_empty() && rank < UNASKED {
        let n = e.twins.len();
        line = line.text(view.say(
            format!("; told twice in its file and counted once: {n}"),
            format!(" ; dit deux fois dans son fichier et compté une fois : {n}"),
        ));
    }
    Some(line)
}

/// Whether what it is for is told of such things.
fn has_reasons(kind: Kind) -> bool {
    matches!(kind, Kind::Medication | Kind::Procedure | Kind::Encounter | Kind::Immunization | Kind::Document)
}

/// Names of one entry, at most; the others are one.
const NAMES: usize = 5;

/// The words of an entry whose rows have several, with how many rows have them and the latest of
/// these: what one product is called must not stand for another.
fn names<'a>(view: &View<'_>, e: &'a Entry) -> Vec<(String, usize, &'a FactRow)> {
    let mut out: Vec<(Vec<String>, usize, &FactRow)> = Vec::new();
    if e.concept.is_none_or(|c| c.area != Area::Immunization) {
        return Vec::new();
    }
    for row in e.rows.iter().rev() {
        let words = fold::words(&row.fact.text);
        match out.iter_mut().find(|(w, ..)| *w == words) {
            Some((_, n, _)) => *n += 1,
            None => out.push((words, 1, row)),
        }
    }
    if out.len() < 2 {
        return Vec::new();
    }
    let rest: usize = out.iter().skip(NAMES).map(|(_, n, _)| n).sum();
    let more = out.get(NAMES).map(|(.., row)| (view.say("other names", "autres noms"), rest, *row));
    let named = out.iter().take(NAMES).map(|(_, n, row)| (view.source_words(&row.fact), *n, *row));
    named.chain(more).collect()
}

/// When a row ends, how it is taken, and how an allergy shows.
fn details(view: &View<'_>, fact: &FactDraft, rank: u8) -> String {
    let mut out = String::new();
    if let Some(until) = &fact.until {
        let until = view.date(Some(until));
        out.push_str(&view.say(format!(", until {until}"), format!(", jusqu'au {until}")));
        if fact.kind == Kind::Medication && fact.status == Status::Active && entry::ended(view, fact) {
            out.push_str(&view.say(" (in the past)", " (dans le passé)"));
        }
    }
    // Reaction and criticality are told wherever an allergy is asked for.
    if fact.kind == Kind::Allergy && rank < UNASKED {
        pieces(&fact.note).iter().for_each(|p| out.push_str(&format!(", {}", view.quote(p))));
    } else if fact.kind == Kind::Allergy {
        // That it can be grave is told everywhere.
        let grave = fact.note.split("; ").find(|p| *p == GRAVE);
        out.extend(grave.map(|p| format!(", {}", view.quote(p))));
    } else if fact.kind == Kind::Medication && rank < 10 && !fact.note.trim().is_empty() {
        out.push_str(&format!(", {}", view.quote(&fact.note)));
    }
    out
}

/// As the import of an allergy notes it.
const GRAVE: &str = "criticality high";

/// Characters of a note that one quotation takes, and quotations at most.
const PIECE: (usize, usize) = (90, 3);

/// A note in pieces that a quotation holds, cut where its parts end.
fn pieces(note: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in note.split("; ").filter(|p| !p.trim().is_empty()) {
        match out.last_mut() {
            Some(last) if last.chars().count() + part.chars().count() + 2 <= PIECE.0 => {
                *last = format!("{last}; {part}");
            }
            _ => out.push(part.to_owned()),
        }
    }
    let more = out.len() > PIECE.1;
    out.truncate(PIECE.1);
    if let Some(last) = out.last_mut().filter(|_| more) {
        last.push_str(" …");
    }
    out
}

/// Lists entries; `rank` of the first ones, later ones give way first.
pub(super) fn list(view: &View<'_>, block: &mut Block, entries: &[Entry], rank: u8) {
    let mut rank = rank;
    for e in entries.iter().take(LISTED) {
        block.lines.extend(line(view, e, rank));
        rank = rank.saturating_add(1);
    }
    let left = entries.len().saturating_sub(LISTED);
    block.unlisted = block.unlisted.saturating_add(u32::try_from(left).unwrap_or(u32::MAX));
}

/// A named medication, condition or vaccine; `None` where there is none. With whether nothing of it is
/// the thing itself: only what is akin to it.
pub(super) fn concept(view: &View<'_>, c: &'static Concept) -> Result<Option<(Block, bool)>> {
    if matches!(c.area, Area::Medication | Area::Immunization) {
        view.read_reasons()?;
    }
    let mut rows = view.listed_rows(c)?;
    let mut turned = Vec::new();
    if c.area == Area::Condition {
        rows.retain(|r| !c.is_turned(&r.fact.text));
        let known: BTreeSet<_> = rows.iter().map(|r| (r.record, r.part)).collect();
        turned = view.kind_rows(Kind::Condition)?;
        turned.retain(|r| {
            let named = || c.is_named(&fold::words(&r.fact.text)) || r.fact.codes.iter().any(|k| c.has_code(k));
            let named = || named() || super::concepts::akin(c).any(|k| super::view::is(k, &r.fact));
            !known.contains(&(r.record, r.part)) && named()
        });
    }
    let latest = latest(&rows);
    let only = rows.is_empty();
    let (rows, open) = within(view, rows);
    let (mut turned, doubtful) = within(view, turned);
    turned.extend(doubtful);
    // What names it and is a condition of its own is that: a gestational diabetes is none of type 2.
    let (kindred, turned): (Vec<FactRow>, Vec<FactRow>) =
        turned.into_iter().partition(|r| super::concepts::of_fact(r.fact.kind, &r.fact.codes, &r.fact.text).is_some());
    let entries = entries(view, rows);
    let name = capital(c.name(view.lang));
    let mut block = Block::new(name.clone(), name);
    if entries.is_empty() {
        block.lines.extend(latest.map(|r| outside(view, &r)));
    }
    list(view, &mut block, &entries, 1);
    // What is named is shown, also where nothing tells whether it lies in the period.
    block.lines.extend(unclear(view, &open, 2));
    if !open.is_empty() {
        list(view, &mut block, &self::entries(view, open), 3);
    }
    let akin = only && turned.is_empty() && !kindred.is_empty();
    list(view, &mut block, &self::entries(view, kindred), 1);
    named(view, &mut block, turned);
    Ok((!block.lines.is_empty()).then_some((block, akin)))
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

/// A whole kind; `None` where there is nothing, not even a stated absence. What was `told` already is
/// counted, and not told twice.
pub(super) fn topic(
    view: &View<'_>,
    t: Topic,
    rank: u8,
    active_only: bool,
    told: &BTreeSet<Item>,
) -> Result<Option<Block>> {
    let Some(kind) = t.kind() else { return Ok(None) };
    if has_reasons(kind) && !active_only {
        view.read_reasons()?;
    }
    let mut rows = view.kind_rows(kind)?;
    if !active_only {
        rows.retain(|r| !view.left_out(&r.fact));
    }
    let mut others = Vec::new();
    if kind == Kind::Workout {
        (rows, others) = workouts::of_sorts(rows, &view.plan.sorts);
    }
    let sorts = &view.plan.visits;
    if kind == Kind::Encounter && !sorts.is_empty() && !active_only {
        (rows, others) = rows.into_iter().partition(|r| sorts.iter().any(|s| visits::is(&r.fact, *s)));
    }
    let mut open = Vec::new();
    let mut outside_of = None;
    if !active_only {
        outside_of = latest(&rows).filter(|_| view.plan.period.is_some());
        (rows, open) = chosen(view, kind, rows);
        others = within(view, others).0;
    }
    // A source that says of no visit what sort it is has them all the same.
    let instead = if rows.is_empty() && kind == Kind::Encounter { single(others.clone()) } else { Vec::new() };
    let others = workouts::each(others);
    let mut entries = match kind {
        Kind::Procedure | Kind::Encounter | Kind::Document => single(rows),
        Kind::Workout => workouts::entries(rows),
        _ => entries(view, rows),
    };
    let mut withheld = Vec::new();
    if active_only {
        entries.retain(|e| e.active(view));
        (entries, withheld) = entries.into_iter().partition(Entry::volunteered);
    }
    let name = title(view, t);
    let mut block = Block::new(name.clone(), name);
    // What the source says there is not comes first where nothing stands against it.
    let against = entries.iter().any(|e| e.stands() && !e.turned());
    if !against {
        absences(view, &mut block, kind, rank, against)?;
    }
    if entries.is_empty() {
        block.lines.extend(outside_of.map(|r| outside(view, &r)));
    }
    let some = !entries.is_empty() || !others.is_empty();
    if some && !active_only {
        let mut line = Line::new(rank).release(entries.iter().flat_map(|e| &e.rows)).text(counts(
            view,
            kind,
            &entries,
            !others.is_empty() || (kind == Kind::Encounter && !sorts.is_empty()),
        ));
        if !others.is_empty() {
            let m = others.len();
            line = line
                .text(view.say(format!("; besides, {m} of another sort"), format!(" ; de plus, {m} d'un autre type")))
                .release(others.iter().flatten());
        }
        for e in entries.iter().take(1).chain(entries.last().filter(|_| entries.len() > 1)) {
            if let Some(r) = e.last() {
                line = line.cite(r);
            }
        }
        block.push(line);
    }
    let before = entries.len();
    entries.retain(|e| !e.rows.iter().all(|r| told.contains(&(r.record, r.part))));
    if entries.len() < before {
        let n = before - entries.len();
        let text = view.say(format!("{n} of them shown above"), format!("dont {n} ci-dessus"));
        block.push(Line::new(rank).text(text));
    }
    if !active_only {
        block.lines.extend(limited(view, kind, &mut entries, rank));
    }
    list(view, &mut block, &entries, rank);
    list(view, &mut block, &instead, rank.saturating_add(20));
    block.lines.extend(unclear(view, &open, rank));
    if against {
        absences(view, &mut block, kind, rank, against)?;
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

/// How many there are: what holds, what of it goes on, and what is counted apart.
fn counts(view: &View<'_>, kind: Kind, entries: &[Entry], sorted: bool) -> String {
    let count = |of: &dyn Fn(&Entry) -> bool| entries.iter().filter(|e| of(e)).count();
    let n = count(&Entry::stands);
    let active = |e: &Entry| e.active(view) && e.stands() && !e.turned();
    let mut out = match kind {
        Kind::Medication | Kind::Condition | Kind::Allergy => {
            let active = count(&active);
            view.say(format!("{n} in all, {active} active"), format!("{n} en tout, {active} en cours"))
        }
        // One entry is one sort of vaccine, and its rows are the doses.
        Kind::Immunization => {
            let doses: usize = entries.iter().filter(|e| e.stands()).map(|e| e.rows.len()).sum();
            let doses = view.many(doses as u64, ["vaccination", "vaccinations"], ["vaccination", "vaccinations"]);
            let sorts = view.many(n as u64, ["vaccine", "different vaccines"], ["vaccin", "vaccins différents"]);
            view.say(format!("{doses} in all, of {sorts}"), format!("{doses} en tout, de {sorts}"))
        }
        _ if sorted => view.say(format!("{n} of the sort asked"), format!("{n} du type demandé")),
        Kind::Encounter => {
            let rows = entries.iter().filter(|e| e.stands()).filter_map(Entry::last);
            let sorts = visits::counts(view, rows);
            view.say(format!("{n} in all{sorts}"), format!("{n} en tout{sorts}"))
        }
        _ => view.say(format!("{n} in all"), format!("{n} en tout")),
    };
    let mut add = |n: usize, en: &str, fr: &str| {
        if n > 0 {
            // A percent sign stands for the plural.
            let (en, fr) = (en.replace('#', &n.to_string()), fr.replace('#', &n.to_string()));
            let fr = fr.replace('%', if n > 1 { "s" } else { "" });
            out.push_str(&view.say(en, fr));
        }
    };
    add(
        count(&|e| active(e) && e.doubtful(view)),
        " (# of them past its end, or with another entry that says otherwise)",
        " (dont # au terme dépassé, ou avec une autre entrée qui dit le contraire)",
    );
    add(count(&|e| active(e) && e.open(view)), " (# of them not confirmed)", " (dont # non confirmé%)");
    add(
        count(&|e| e.stands() && e.ahead(view)),
        "; # of them called active, to begin in the future",
        " ; dont # dit% en cours, au début à venir",
    );
    add(
        count(&|e| e.stands() && e.turned()),
        "; # of them in words that may say that it is not so, or is another's: not counted as active",
        " ; dont # aux mots qui peuvent dire que ce n'est pas le cas, ou celui d'un autre : pas compté% en cours",
    );
    let besides = entries.len() - n;
    match kind {
        Kind::Medication => add(
            besides,
            "; besides, # planned, cancelled or not to be taken",
            " ; de plus, # en projet, annulé% ou à ne pas prendre",
        ),
        Kind::Condition | Kind::Allergy => add(besides, "; besides, # refuted", " ; de plus, # écarté%"),
        _ => add(besides, "; besides, # planned or not done", " ; de plus, # prévu% ou non fait%"),
    }
    out
}

/// Rows found by their own words.
pub(super) fn found(view: &View<'_>, title: String, rows: Vec<FactRow>) -> Result<Block> {
    if rows.iter().any(|r| has_reasons(r.fact.kind)) {
        view.read_reasons()?;
    }
    let mut block = Block::new(title.clone(), title);
    let latest = latest(&rows);
    let (rows, open) = within(view, rows);
    let entries = entries(view, rows);
    if entries.is_empty() {
        block.lines.extend(latest.map(|r| outside(view, &r)));
    }
    // What matches a question about an allergy outlasts the list of all of them.
    let allergy = entries.iter().flat_map(|e| &e.rows).any(|r| r.fact.kind == Kind::Allergy);
    list(view, &mut block, &entries, u8::from(!allergy));
    block.lines.extend(unclear(view, &open, 1));
    Ok(block)
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
        Topic::Imaging => view.say("Imaging", "Imagerie"),
        Topic::Laboratory => view.say("Laboratory results", "Résultats de laboratoire"),
        Topic::Vitals => view.say("Vital signs", "Signes vitaux"),
        Topic::Workouts => view.say("Workouts", "Séances d'exercice"),
        Topic::Person => view.say("Person", "Personne"),
        Topic::Marital => view.say("Marital status", "Situation matrimoniale"),
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

//! The start of the event that a question names.

use super::concepts;
use super::dictionary;
use super::find;
use super::fold;
use super::overview;
use super::page::{Block, Line};
use super::period;
use super::question::Topic;
use super::view::{self, Event, View, de};
use super::visits;
use crate::catalog::FactRow;
use crate::error::Result;
use crate::record::{Kind, Status};

/// Words for a stay in hospital among those for a visit.
const STAYS: &str = "hospital*|hopital*|inpatient|admission|admitted|sejour";

/// What is told of it, and itself.
#[derive(Default)]
pub(super) struct Start {
    pub(super) event: Option<Event>,
    pub(super) block: Option<Block>,
    pub(super) missing: Vec<String>,
    pub(super) absent: Vec<String>,
}

silent_debug!(Start);

/// Finds the start of the event that the question names. Where it is not in the view, the
/// text says the same whether there was none, or it may not be seen.
pub(super) fn of(view: &View<'_>) -> Result<Start> {
    let mut out = Start::default();
    let Some(ask) = &view.plan.event else { return Ok(out) };
    let (key, name, mut rows) = match (ask.concept, ask.topic) {
        (Some(c), _) => (c.key.to_owned(), c.name(view.lang).to_owned(), view.listed_rows(c)?),
        (None, Some(t)) => {
            let mut rows = t.kind().map(|k| view.kind_rows(k)).transpose()?.unwrap_or_default();
            let stay = ask.words.iter().any(|w| STAYS.split('|').any(|p| fold::word_matches(p, w)));
            rows.retain(|r| !stay || visits::is_stay(&r.fact));
            let name = match t {
                _ if stay => view.say("hospital stay", "séjour à l'hôpital"),
                Topic::Encounters => view.say("visit", "consultation ou séjour"),
                _ => view.say("procedure", "acte"),
            };
            (overview::key(t).to_owned(), name, rows)
        }
        (None, None) => {
            let mut rows = Vec::new();
            let wanted = dictionary::wanted(&ask.words);
            for kind in [Kind::Medication, Kind::Condition, Kind::Procedure] {
                rows.extend(view.kind_rows(kind)?.into_iter().filter(|r| find::says(&r.fact, &wanted)));
            }
            ("event".to_owned(), view.say("the event asked about", "l'événement demandé"), rows)
        }
    };
    // What is turned by its own words is another thing.
    rows.retain(|r| !ask.concept.is_some_and(|c| c.is_turned(&r.fact.text)));
    // A draft, or what was cancelled or not done, starts nothing.
    let starts = |s: Status| !matches!(s, Status::EnteredInError | Status::NotDone | Status::Preliminary);
    rows.retain(|r| r.fact.when.is_some() && starts(r.fact.status));
    view::sort(&mut rows);
    // What is dated ahead has not started: it is told, and compared with nothing.
    if let Some(at) = rows.iter().position(|r| !view.ahead(&r.fact)) {
        rows.drain(..at);
    }
    // "Since the flu vaccine in 2019"
    let meant = view.plan.begun.or(view.plan.period);
    let inside = |r: &FactRow| meant.zip(r.fact.when.as_ref()).is_some_and(|(p, when)| p.covers(when));
    if rows.iter().any(inside) {
        rows.retain(inside);
    } else if view.plan.begun.is_some() && !rows.is_empty() {
        // "Since I started it in 2018", which no record says.
        out.missing.push("period".to_owned());
        out.absent.push(view.say(
            format!(
                "no entry of {name} on record available here is of the time that the question names; all of time is \
                 shown beside it"
            ),
            format!(
                "{name} : aucune entrée au dossier disponible ici n'est de l'époque nommée par la question ; tout est \
                 montré à côté"
            ),
        ));
    }
    if let Some(strength) = &ask.strength {
        let has = |r: &FactRow| {
            let texts = || r.fact.codes.iter().map(|c| &c.display).chain([&r.fact.text]);
            texts().any(|t| fold::words(t).contains(strength))
        };
        if rows.iter().any(has) {
            rows.retain(has);
        } else if !rows.is_empty() {
            out.missing.push("limit".to_owned());
            out.absent.push(view.say(
                format!("no entry of {name} on record available here is of that strength; any is compared with"),
                format!(
                    "{name} : aucune entrée au dossier disponible ici n'a ce dosage ; comparaison avec toute entrée"
                ),
            ));
        }
    }
    if let Some(nth) = ask.nth {
        // One of a day is one.
        let day = |r: &FactRow| r.fact.when.as_ref().map(period::days);
        let mut each = rows.clone();
        each.dedup_by_key(|r| day(r));
        let at = each.get(nth - 1).and_then(|n| rows.iter().position(|r| day(r) == day(n)));
        rows.drain(..at.unwrap_or(rows.len()));
    }
    if ask.last
        && let Some(at) = rows.iter().rposition(|r| !view.ahead(&r.fact))
    {
        rows.drain(..at);
    }
    let Some((row, when)) = rows.first().and_then(|r| Some((r.clone(), r.fact.when?))) else {
        out.missing.push(format!("start:{key}"));
        out.absent.push(view.say(
            format!("no start date for {name} is available here; the whole period is shown"),
            format!("aucune date de début pour {name} n'est disponible ici ; toute la période est montrée"),
        ));
        return Ok(out);
    };
    let title = view.say("Event", "Événement");
    let mut block = Block::new(title.clone(), title);
    // The line states one date: only its record is released by it.
    let name = match concepts::of_fact(row.fact.kind, &row.fact.codes, &row.fact.text) {
        Some(c) if ask.concept.is_some_and(|a| a.key != c.key) => format!("{name} ({})", c.name(view.lang)),
        _ => name,
    };
    let (words, date) = (view.source_words(&row.fact), view.dated(&row.fact));
    let (en, fr) = match ask.nth {
        Some(2) => ("second", "deuxième"),
        Some(3) => ("third", "troisième"),
        Some(4) => ("fourth", "quatrième"),
        Some(_) => ("fifth", "cinquième"),
        None if ask.last => ("last", "dernière"),
        None => ("first", "première"),
    };
    let line = Line::new(1)
        .text(view.say(format!("{name}: {en} entry {date}, {words}"), format!("{name} : {fr} entrée {date}, {words}")));
    block.push(line.cite(&row));
    out.block = Some(block);
    if ask.end {
        // Nothing is compared with an end, and a comparison with the start must not pass for it.
        out.missing.push(format!("end:{key}"));
        out.absent.push(view.say(
            format!("what followed the end of {name} is not computed; comparisons are with its first entry"),
            format!("ce qui a suivi la fin {} n'est pas calculé ; comparaison avec la première entrée", de(&name)),
        ));
    }
    if view.ahead(&row.fact) {
        out.missing.push(format!("start:{key}"));
        return Ok(out);
    }
    out.event = Some(Event { name, when, row });
    Ok(out)
}

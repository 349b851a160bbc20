//! Questions without a table entry: what is there, the latest of everything.

use super::concepts;
use super::lists;
use super::page::{Block, Line};
use super::period::DAY_MS;
use super::question::Topic;
use super::series;
use super::view::{self, View, place};
use crate::catalog::{FactRow, Order, Presence, Query};
use crate::error::Result;
use crate::record::{Category, FactDraft, Kind, Value, When};
use std::collections::{BTreeMap, BTreeSet};

/// Codes shown at most by "my lab results".
const SHOWN: usize = 60;
/// Codes whose latest value is looked at for a flag.
const LOOKED_AT: usize = 400;

/// Stable key of a topic.
pub(super) const fn key(t: Topic) -> &'static str {
    match t {
        Topic::Medications => "medications",
        Topic::Allergies => "allergies",
        Topic::Conditions => "conditions",
        Topic::Immunizations => "immunizations",
        Topic::Procedures => "procedures",
        Topic::Encounters => "encounters",
        Topic::Documents => "documents",
        Topic::Imaging => "imaging",
        Topic::Laboratory => "laboratory",
        Topic::Vitals => "vital-signs",
        Topic::Workouts => "workouts",
        Topic::Person => "person",
        Topic::Marital => "marital-status",
    }
}

/// Values of one code that may be equally late.
const EQUAL: usize = 4;

/// Rows looked at for the latest that has a value.
const LATEST: usize = 16;

/// The latest value of every code of a category, the latest code first.
pub(super) fn latest_values(view: &View<'_>, t: Topic) -> Result<Option<Block>> {
    let category = if t == Topic::Laboratory { Category::Laboratory } else { Category::VitalSigns };
    let mut lines: Vec<Presence> =
        view.presence()?.iter().filter(|p| p.category == category && p.kind == Kind::Observation).cloned().collect();
    if lines.is_empty() {
        return Ok(None);
    }
    lines.sort_by(|a, b| b.last.cmp(&a.last).then(a.cmp(b)));
    let title = lists::title(view, t);
    let mut block = Block::new(title.clone(), title);
    let mut rank = 1u8;
    let (from, to) = view.plan.period.map_or((None, None), |p| p.query_bounds());
    // What the source flags must not be what is left out.
    let mut calm = 60u8;
    let mut shown = 0usize;
    let (mut quiet, mut open) = (Vec::new(), Vec::new());
    for p in lines.iter().take(LOOKED_AT) {
        let codes = if p.code.is_empty() { Vec::new() } else { vec![(p.system.clone(), p.code.clone())] };
        // A query cannot ask for words: where there is no code, a few of the latest are looked at.
        let limit = if p.code.is_empty() { 200 } else { EQUAL };
        let (categories, kinds) = (vec![category], vec![p.kind]);
        let query = Query { codes, categories, kinds, from, to, limit, standing: true, ..Query::default() };
        let mut rows = view.facts.query(&query)?;
        let asked = |r: &FactRow| view.plan.period.is_none_or(|q| r.fact.when.as_ref().is_some_and(|w| q.covers(w)));
        if limit == EQUAL && rows.iter().any(|r| r.fact.value == Value::None || view.ahead(&r.fact) || !asked(r)) {
            // The bounds of a query are wider than the period: all of what they hold may be outside.
            let limit = if view.plan.period.is_some() { 0 } else { LATEST };
            rows = view.facts.query(&Query { limit, ..query })?;
        }
        let fits = |r: &&FactRow| {
            // The record of a panel has no value of its own: its parts do.
            r.fact.value != Value::None
                && !view.left_out(&r.fact)
                && (!p.code.is_empty() || (view::is_uncoded(&r.fact) && r.fact.text == p.text))
                && asked(r)
        };
        let past = |r: &&FactRow| fits(r) && !view.ahead(&r.fact);
        let Some(row) = rows.iter().find(past).or(rows.iter().find(fits)) else { continue };
        let name = name(view, &row.fact);
        let flagged = series::is_flagged(&row.fact);
        if view.plan.limits.flagged && !flagged {
            // Where nothing says that it is normal, it may not be.
            if row.fact.range.is_some() {
                quiet.push(row.clone());
                continue;
            }
            open.push(row.clone());
        }
        if shown >= SHOWN && !flagged {
            block.unlisted = block.unlisted.saturating_add(1);
            continue;
        }
        shown += 1;
        let place = if flagged { &mut rank } else { &mut calm };
        let line = Line::new(*place).text(format!(
            "{name}{}{} ({}){}{}",
            view.colon(),
            view.value(&row.fact.value),
            view.date(row.fact.when.as_ref()),
            view.mark(&row.fact),
            series::judged(view, &row.fact, !flagged)
        ));
        *place = place.saturating_add(1);
        let mut line = line.cite(row);
        // Nothing tells which of one instant is the last.
        let equal = |o: &&FactRow| o.fact.when == row.fact.when && o.fact.value != row.fact.value;
        for other in rows.iter().filter(past).filter(equal) {
            let value = view.value(&other.fact.value);
            line = line
                .text(view.say(format!("; equally late: {value}"), format!(" ; aussi récent : {value}")))
                .cite(other);
        }
        block.push(line);
    }
    if view.plan.limits.flagged && !block.lines.is_empty() || !quiet.is_empty() {
        block.lines.insert(0, normal(view, &quiet, &open));
    }
    if block.lines.is_empty() && view.plan.period.is_some() {
        let (categories, kinds) = (vec![category], vec![Kind::Observation]);
        let rows = view.facts.query(&Query { categories, kinds, limit: LATEST, standing: true, ..Query::default() })?;
        let row = rows.iter().find(|r| r.fact.value != Value::None && !view.ahead(&r.fact)).or(rows.first());
        block.lines.extend(row.map(|r| lists::outside(view, r)));
    }
    let left = u32::try_from(lines.len().saturating_sub(LOOKED_AT)).unwrap_or(u32::MAX);
    block.unlisted = block.unlisted.saturating_add(left);
    if view.plan.oldest
        && let Some(row) = oldest(view, category, (from, to))?
    {
        let name = name(view, &row.fact);
        let head = view.say("the earliest of all", "le plus ancien de tous");
        let (value, date) = (view.value(&row.fact.value), view.date(row.fact.when.as_ref()));
        let text = format!("{head}{}{name}{}{value} ({date}){}", view.colon(), view.colon(), view.mark(&row.fact));
        block.lines.insert(0, Line::new(1).text(text).cite(&row));
    }
    Ok((!block.lines.is_empty()).then_some(block))
}

/// What a result is called: by its code, or in the words of its source. A word of these means too little: an antibody
/// to a receptor of TSH is no TSH.
fn name(view: &View<'_>, fact: &FactDraft) -> String {
    let known = concepts::all().find(|c| c.kinds().contains(&fact.kind) && fact.codes.iter().any(|k| c.has_code(k)));
    known.map_or_else(|| view.source_words(fact), |c| c.name(view.lang).to_owned())
}

/// What stands out is asked for: how many latest values do not, and of how many nothing tells.
fn normal(view: &View<'_>, quiet: &[FactRow], open: &[FactRow]) -> Line {
    let (n, m) = (quiet.len(), open.len());
    Line::new(1).release(quiet).text(view.say(
        format!("of each measure the latest value is looked at; not shown, as it is called normal or lies in its own range: {n}; without flag or range, so that nothing says whether it is normal: {m}"),
        format!("de chaque mesure la dernière valeur est examinée ; non montrées, car dites normales ou dans leurs propres valeurs de référence : {n} ; sans indicateur ni valeurs de référence, sans que rien ne dise si elles sont normales : {m}"),
    ))
}

/// The earliest result of a category that has a value.
fn oldest(view: &View<'_>, category: Category, bounds: (Option<i64>, Option<i64>)) -> Result<Option<FactRow>> {
    let (from, to) = bounds;
    let query = Query { categories: vec![category], kinds: vec![Kind::Observation], from, to, ..Query::default() };
    let query = Query { order: Order::OldestFirst, limit: OLDEST, standing: true, ..query };
    let fits = |r: &FactRow| {
        let inside = view.plan.period.is_none_or(|p| r.fact.when.as_ref().is_some_and(|w| p.covers(w)));
        r.fact.value != Value::None && r.fact.when.is_some() && inside
    };
    Ok(view.facts.query(&query)?.into_iter().find(fits))
}

/// Rows looked at for the earliest that has a value.
const OLDEST: usize = 200;

/// How much there is of what, with the first and the last record of each; shown only where a
/// question named nothing that is known.
pub(super) fn contents(view: &View<'_>) -> Result<Option<Block>> {
    let mut totals: BTreeMap<Category, (u64, Option<i64>, Option<i64>)> = BTreeMap::new();
    let mut series: BTreeSet<Category> = BTreeSet::new();
    for p in view.presence()? {
        series.extend((p.kind == Kind::Series).then_some(p.category));
        let t = totals.entry(p.category).or_default();
        t.0 += p.count;
        t.1 = [t.1, p.first].into_iter().flatten().min();
        t.2 = t.2.max(p.last);
    }
    if totals.is_empty() {
        return Ok(None);
    }
    let title = view.say("What is here", "Ce qu'il y a ici");
    let mut block = Block::new(title.clone(), title);
    for (category, (n, first, last)) in totals {
        // Of device series the samples are counted, not the months that they are kept in.
        let query = Query { categories: vec![category], kinds: vec![Kind::Series], ..Query::default() };
        let chunks = if series.contains(&category) { view.facts.query(&query)? } else { Vec::new() };
        let samples: u64 = chunks.iter().filter_map(|r| r.series).map(|s| u64::from(s.count)).sum();
        let records = n.saturating_sub(chunks.len() as u64);
        let mut said = Vec::new();
        if samples > 0 {
            said.push(view.many(samples, ["sample", "samples"], ["mesure", "mesures"]));
        }
        if records > 0 || samples == 0 {
            said.push(view.many(records, ["entry", "entries"], ["entrée", "entrées"]));
        }
        let n = said.join(", ");
        let until = chunks.iter().filter_map(|r| Some((r, r.fact.until?))).max_by_key(|(r, u)| (u.at, place(r)));
        let end = |order| {
            let query = Query { categories: vec![category], limit: 1, order, ..Query::default() };
            view.facts.query(&query)
        };
        let (oldest, newest) = (end(Order::OldestFirst)?, end(Order::NewestFirst)?);
        // Local days, by the offsets of the first and the last record.
        let local = |at: i64, when: Option<When>| {
            at.saturating_add(i64::from(when.and_then(|w| w.offset).unwrap_or(0)) * 60_000).div_euclid(DAY_MS)
        };
        let first = first.map(|at| local(at, oldest.first().and_then(|r| r.fact.when)));
        let later = until.filter(|(_, u)| last.is_none_or(|last| u.at > last));
        let newest = later.map_or(newest, |(row, _)| vec![row.clone()]);
        let last = later.map(|(_, u)| u.at).or(last);
        let last = last.map(|at| local(at, newest.first().and_then(|r| r.fact.until.or(r.fact.when))));
        let span = match (first, last) {
            (Some(a), Some(b)) => format!(" ({}–{})", view.day(a), view.day(b)),
            _ => String::new(),
        };
        // A chunk of samples can end ahead though it begins in the past.
        let ahead = newest.iter().any(|r| view.ahead(&r.fact)) || last.is_some_and(|day| day > view.today);
        let ahead = match ahead {
            true => view.say("; the latest is dated in the future", " ; le dernier est daté dans le futur"),
            false => String::new(),
        };
        let category = lists::category(view, category);
        let mut line = Line::new(3).text(format!("{category}{}{n}{span}{ahead}", view.colon()));
        for row in oldest.iter().chain(newest.iter().filter(|n| oldest.iter().all(|o| o.record != n.record))) {
            line = line.cite(row);
        }
        block.push(line);
    }
    Ok(Some(block))
}

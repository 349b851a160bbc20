//! Values over time: one block per measure, one set of lines per unit and code.
//!
//! Nothing is converted and nothing is mixed: results in another unit, or by another code of the
//! same analyte (molar, calculated, direct), are a group of their own. Ranges and flags are those
//! that the source reports.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::concepts;
use super::ends::{once, rivals};
use super::fold;
use super::number::{difference, mean, percent};
use super::page::{Block, Line};
use super::period::{Period, days};
pub(super) use super::ranges::{is_flagged, judged};
use super::sides::around;
use super::units;
use super::view::{self, Event, View, order};
use super::within::besides;
use crate::catalog::{FactRow, Lean, LeanRows};
use crate::error::Result;
use crate::record::{Comparator, Decimal, FactDraft, Kind, Precision, Status, Value, When};

/// Rows listed one by one at most, per group.
const LISTED: usize = 40;

/// Rows of one code and unit, oldest first.
pub(super) struct Group<'a> {
    label: String,
    /// What its code is called by the source, where the label is a number.
    named: Option<String>,
    /// The words of the source, where they alone tell what is measured.
    worded: Option<String>,
    pub(super) unit: String,
    pub(super) rows: Vec<&'a Lean>,
    /// Those dated after now: shown, and computed with nowhere.
    ahead: Vec<&'a Lean>,
    /// Local days with several results: there the time tells them apart.
    crowded: BTreeSet<i64>,
    /// Those with a result that is later and has an earlier date, or the other way round: there the
    /// offset tells why.
    crossed: BTreeSet<i64>,
}

impl Group<'_> {
    fn new(label: String, named: Option<String>, unit: String) -> Self {
        Self {
            label,
            named,
            worded: None,
            unit,
            rows: Vec::new(),
            ahead: Vec::new(),
            crowded: BTreeSet::new(),
            crossed: BTreeSet::new(),
        }
    }

    fn date(&self, view: &View<'_>, fact: &FactDraft) -> String {
        match &fact.when {
            Some(w) if self.crossed.contains(&days(w).0) => format!("{}{}", w.to_local_minute(), zone(w)),
            Some(w) if self.crowded.contains(&days(w).0) => w.to_local_minute(),
            when => view.date(when.as_ref()),
        }
    }

    pub(super) fn valued(&self, view: &View<'_>, row: &FactRow) -> String {
        format!("{} ({}){}", view.value(&row.fact.value), self.date(view, &row.fact), view.mark(&row.fact))
    }
}

/// Other results that may be the latest, or the first, that are named beside it, at most.
const EQUALS: usize = 3;

/// ` +02:00`, where a time of day and an offset are stated.
fn zone(when: &When) -> String {
    let Some(offset) = when.offset.filter(|_| when.precision > Precision::Day) else { return String::new() };
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs();
    format!(" {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Adds those to a line: `late` where the result is the last one.
pub(super) fn beside(
    view: &View<'_>,
    g: &Group<'_>,
    mut line: Line,
    rows: &[&Lean],
    of: &Lean,
    late: bool,
) -> Result<Line> {
    for row in rivals(rows, of).into_iter().take(EQUALS) {
        let row = &*view.whole(row)?;
        line = line.text(if row.fact.when == of.fact.when {
            let (equally, also) = if late { ("late", "récent") } else { ("early", "ancien") };
            let value = view.value(&row.fact.value);
            view.say(format!("; equally {equally}: {value}"), format!(" ; aussi {also} : {value}"))
        } else {
            let (perhaps, also) = if late { ("later", "plus récent") } else { ("earlier", "plus ancien") };
            let value = g.valued(view, row);
            view.say(format!("; perhaps {perhaps}: {value}"), format!(" ; peut-être {also} : {value}"))
        });
        line = line.cite(row);
    }
    Ok(line)
}

/// The number of a fact, where it is exactly one.
fn number(fact: &FactDraft) -> Option<Decimal> {
    match &fact.value {
        Value::Quantity(q) if q.comparator == Comparator::Equal => Some(q.number),
        _ => None,
    }
}

/// The block of a measure; `None` where it has no rows in the period asked.
pub(super) fn block(
    view: &View<'_>,
    title: &str,
    what: &str,
    values: LeanRows,
    event: Option<&Event>,
) -> Result<Option<Block>> {
    let LeanRows { mut rows, heads } = values;
    rows.sort_by_key(|r| order(r));
    let dated = |r: &&Lean| r.fact.when.is_some();
    let past = |r: &&Lean| dated(r) && !view.ahead(&r.fact);
    let latest = rows.iter().rfind(|r| past(r) && says(r)).or(rows.iter().rfind(past)).or(rows.iter().rfind(dated));
    let latest = latest.cloned();
    let mut open = Vec::new();
    if let Some(p) = &view.plan.period {
        let place = |r: &Lean| r.fact.when.as_ref().and_then(|w| p.holds(w));
        open = rows.iter().filter(|r| place(r).is_none() && says(r)).cloned().collect();
        rows.retain(|r| place(r) == Some(true));
    }
    let mut block = Block::new(title, what);
    if rows.is_empty() {
        // Rows exist but not in the period: the latest of them says where to look.
        if let Some(latest) = latest {
            let latest = view.whole(&latest)?;
            let line = Line::new(1)
                .text(view.say(
                    "none in the period asked; the latest is ",
                    "rien dans la période demandée ; le dernier résultat est ",
                ))
                .text(valued(view, &latest));
            block.push(line.cite(&latest));
        }
        unplaced(view, &mut block, &open)?;
        return Ok((!block.lines.is_empty()).then_some(block));
    }
    let (rows, silent): (Vec<Lean>, Vec<Lean>) = rows.into_iter().partition(|r| says(r));
    let (rows, twins) = once(view, rows)?;
    let groups = group(view, title, &rows, &heads);
    if groups.len() > 1 {
        block.push(Line::new(1).text(view.say(
            "several units or codes: kept apart, nothing is converted",
            "plusieurs unités ou codes : séparés, rien n'est converti",
        )));
        let mut said: BTreeSet<&String> = BTreeSet::new();
        for (named, g) in groups.iter().filter_map(|g| Some((g.named.as_ref()?, g))) {
            if said.insert(named) {
                block.push(
                    Line::new(1).text(named.clone()).release(g.rows.iter().chain(&g.ahead).take(1).map(|r| &r.row)),
                );
            }
        }
    }
    // "Thyrotropin" is a word of an antibody, too: who reads a name of ours reads the source's.
    if let [g] = groups.as_slice()
        && let Some(words) = g.worded.as_ref().filter(|w| !title.contains(w.as_str()))
    {
        let text = view.say(format!("called by its source: {words}"), format!("nommé par sa source : {words}"));
        block.push(Line::new(1).text(text).release(g.rows.iter().chain(&g.ahead).take(1).map(|r| &r.row)));
    }
    for g in &groups {
        lines(view, &mut block, g, groups.len() > 1, event)?;
        ahead(view, &mut block, g, groups.len() > 1)?;
    }
    if let Some(last) = silent.iter().rfind(dated).or(silent.last()) {
        let last = &*view.whole(last)?;
        let (n, date) = (silent.len() as u64, view.date(last.fact.when.as_ref()));
        let n = view.many(n, ["record", "records"], ["enregistrement", "enregistrements"]);
        let line = Line::new(2).release(silent.iter().map(|r| &r.row));
        block.push(
            line.text(view.say(
                format!("{n} without a value of its own, latest {date}"),
                format!("{n} sans valeur propre, dernier {date}"),
            ))
            .cite(last),
        );
    }
    if let Some(last) = twins.last() {
        let last = &*view.whole(last)?;
        let fr = [
            "résultat dit deux fois dans le même fichier, compté",
            "résultats dits deux fois dans le même fichier, comptés",
        ];
        let n = view.many(twins.len() as u64, ["result", "results"], fr);
        let line =
            Line::new(2).release(twins.iter().map(|r| &r.row)).text(view.say(
                format!("besides, {n} told twice in the same file, counted once"),
                format!("de plus, {n} une fois"),
            ));
        block.push(line.cite(last));
    }
    unplaced(view, &mut block, &open)?;
    Ok(Some(block))
}

/// How many results there are of which no date tells whether they lie in the period, with some.
fn unplaced(view: &View<'_>, block: &mut Block, open: &[Lean]) -> Result<()> {
    if open.is_empty() {
        return Ok(());
    }
    let mut line = Line::new(2).release(open.iter().map(|r| &r.row)).text(besides(view, open.len()));
    for (i, row) in open.iter().take(EQUALS).enumerate() {
        let row = &*view.whole(row)?;
        line = line.text(if i == 0 { view.colon() } else { ", " }).text(valued(view, row)).cite(row);
    }
    if open.len() > EQUALS {
        line = line.text(", …");
    }
    block.push(line);
    Ok(())
}

/// Whether any row lies in a period.
pub(super) fn reach(values: &LeanRows, period: &Period) -> bool {
    values.rows.iter().any(|r| r.fact.when.as_ref().is_some_and(|w| period.covers(w)))
}

/// Whether a row has a value: a panel's own record has none, nor has a result that is missing.
fn says(row: &FactRow) -> bool {
    row.fact.value != Value::None
}

fn group<'a>(view: &View<'_>, title: &str, rows: &'a [Lean], heads: &[FactDraft]) -> Vec<Group<'a>> {
    let known = concepts::measures_by_code();
    let mut groups: Vec<(String, Group<'a>)> = Vec::new();
    let mut of_head: Vec<Option<usize>> = vec![None; heads.len()];
    for row in rows {
        let Some(f) = heads.get(row.head as usize) else { continue };
        let place = of_head.get(row.head as usize).copied().flatten().unwrap_or_else(|| {
            let code = f.codes.iter().find(|c| known.contains_key(c.code.as_str())).or(f.codes.first());
            let (unit, canonical) = match &f.value {
                // As it is printed first; percentages are computed with as what they are.
                Value::Quantity(q) => match units::key(q) {
                    key if key == "%" => (key.clone(), key),
                    key => (view.unit(q), key),
                },
                _ => (String::new(), String::new()),
            };
            let key = format!("{}\u{0}{canonical}", code.map_or(f.text.as_str(), |c| &c.code));
            groups.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
                let words = view.source_words(f);
                let (label, named) = match code {
                    // A number tells nobody which is fasting.
                    Some(c) if is_loinc_number(&c.code) => {
                        let number = format!("LOINC {}", c.code);
                        let named = format!("{number}{}{words}", view.colon());
                        (number, Some(named))
                    }
                    Some(_) | None => (words.clone(), None),
                };
                let label = if unit.is_empty() { label } else { format!("{label}, {unit}") };
                let mut group = Group::new(label, named, unit);
                let by_code = code.is_some_and(|c| known.contains_key(c.code.as_str()));
                let bare = view::text(f);
                // In other words than ours.
                group.worded = (f.kind == Kind::Observation && !by_code && fold::words(bare) != fold::words(title))
                    .then_some(words);
                groups.push((key, group));
                groups.len() - 1
            })
        });
        if let Some(known) = of_head.get_mut(row.head as usize) {
            *known = Some(place);
        }
        if let Some((_, g)) = groups.get_mut(place) {
            if view.ahead(&row.fact) { g.ahead.push(row) } else { g.rows.push(row) }
        }
    }
    for (_, g) in &mut groups {
        let day = |r: &&Lean| r.fact.when.as_ref().filter(|w| w.precision >= Precision::Day).map(|w| days(w).0);
        let all: Vec<i64> = g.rows.iter().filter_map(day).collect();
        g.crowded = all.windows(2).filter_map(|w| (w.first() == w.last()).then(|| w.first().copied())?).collect();
    }
    for (_, g) in &mut groups {
        let timed = |r: &&Lean| r.fact.when.filter(|w| w.precision > Precision::Day).map(|w| days(&w).0);
        let local: Vec<i64> = g.rows.iter().filter_map(timed).collect();
        g.crossed = local.windows(2).filter(|w| w.first() > w.last()).flatten().copied().collect();
    }
    // The group with the latest result first.
    groups.sort_by_key(|(k, g)| (core::cmp::Reverse(g.rows.last().and_then(|r| r.fact.when).map(|w| w.at)), k.clone()));
    groups.into_iter().map(|(_, g)| g).collect()
}

/// `NNNNN-N`: short digits and a check digit, nothing that could carry text.
fn is_loinc_number(code: &str) -> bool {
    code.split_once('-').is_some_and(|(a, b)| {
        (1..=7).contains(&a.len()) && b.len() == 1 && a.bytes().chain(b.bytes()).all(|c| c.is_ascii_digit())
    })
}

fn valued(view: &View<'_>, row: &FactRow) -> String {
    let (value, date) = (view.value(&row.fact.value), view.date(row.fact.when.as_ref()));
    format!("{value} ({date}){}", view.mark(&row.fact))
}

fn lines(view: &View<'_>, block: &mut Block, g: &Group<'_>, several: bool, event: Option<&Event>) -> Result<()> {
    let prefix = if several { format!("{}: ", g.label) } else { String::new() };
    let n = g.rows.len();
    let dated: Vec<&Lean> = g.rows.iter().copied().filter(|r| r.fact.when.is_some()).collect();
    let Some(last) = dated.last().or(g.rows.last()).copied() else { return Ok(()) };
    let newest = &*view.whole(last)?;
    // Of several results none of which is dated, none is the latest.
    let stands_above = n == 1 || !dated.is_empty();

    let mut line = Line::new(1).release(g.rows.iter().map(|r| &r.row)).text(prefix.clone());
    line = line.text(match n {
        1 => view.say("1 result: ", "1 résultat : "),
        _ => counted(view, g, &dated),
    });
    if stands_above {
        line = line.text(g.valued(view, newest)).cite(newest).text(judged(view, &newest.fact, false));
        line = beside(view, g, line, &dated, last, true)?;
        if let Some(age) = newest.fact.when.as_ref().and_then(|w| view.age(w)) {
            line = line.text(view.say(format!("; {age} ago"), format!(" ; il y a {age}")));
        }
    } else {
        line = line.cite(newest);
    }
    block.push(line);

    if view.plan.average {
        let text = mean_of(view, &g.rows, &g.unit);
        let line = Line::new(1).release(g.rows.iter().map(|r| &r.row)).text(prefix.clone()).text(text).cite(newest);
        block.lines.extend((n > 1).then_some(line));
    }
    if n > 1 {
        span(view, block, g, &prefix, &dated)?;
    }
    if let Some(e) = event {
        around(view, block, g, &prefix, e)?;
    }
    gap(view, block, &dated, &prefix)?;
    // The last value stands above already.
    let listed = g.rows.iter().rev().filter(|r| !stands_above || !core::ptr::eq(**r, last)).take(LISTED);
    let mut rank = 20u8;
    let mut shown = 0usize;
    for row in listed {
        let row = &*view.whole(row)?;
        let line = Line::new(rank).text(prefix.clone()).text(format!(
            "{}{}{}{}{}",
            g.date(view, &row.fact),
            view.colon(),
            view.value(&row.fact.value),
            view.mark(&row.fact),
            judged(view, &row.fact, true)
        ));
        block.push(line.cite(row));
        shown += 1;
        rank = rank.saturating_add(1);
    }
    let unlisted = (n - usize::from(stands_above)).saturating_sub(shown);
    block.unlisted = block.unlisted.saturating_add(u32::try_from(unlisted).unwrap_or(u32::MAX));
    Ok(())
}

/// How many results there are, and what leads to the last of them.
fn counted(view: &View<'_>, g: &Group<'_>, dated: &[&Lean]) -> String {
    let n = g.rows.len();
    let open = g.rows.iter().filter(|r| r.fact.status == Status::Preliminary).count();
    let undated = n - dated.len();
    let mut apart = Vec::new();
    if open > 0 {
        let s = if open > 1 { "s" } else { "" };
        apart.push(view.say(format!("{open} preliminary"), format!("dont {open} provisoire{s}")));
    }
    if undated > 0 && undated < n {
        apart.push(view.say(format!("{undated} undated"), format!("dont {undated} sans date")));
    }
    let apart = if apart.is_empty() { String::new() } else { format!(" ({})", apart.join(", ")) };
    if undated == n {
        return view.say(
            format!("{n} results{apart}, none dated: nothing tells which is the first or the last"),
            format!("{n} résultats{apart}, aucun daté : rien ne dit lequel est le premier ou le dernier"),
        );
    }
    view.say(format!("{n} results{apart}; last "), format!("{n} résultats{apart} ; dernier "))
}

/// Results dated after now, each said to be so.
fn ahead(view: &View<'_>, block: &mut Block, g: &Group<'_>, several: bool) -> Result<()> {
    for row in g.ahead.iter().rev().take(LISTED) {
        let row = &*view.whole(row)?;
        let prefix = if several { format!("{}: ", g.label) } else { String::new() };
        block.push(Line::new(5).text(prefix).text(g.valued(view, row)).cite(row));
    }
    let left = g.ahead.len().saturating_sub(LISTED);
    block.unlisted = block.unlisted.saturating_add(u32::try_from(left).unwrap_or(u32::MAX));
    Ok(())
}

/// What is said of an extreme: which, English, French.
pub(super) const EXTREMES: [(Ordering, &str, &str); 2] =
    [(Ordering::Less, "lowest ", "minimum "), (Ordering::Greater, "highest ", "maximum ")];

/// First, least, greatest, and the change from first to last.
fn span(view: &View<'_>, block: &mut Block, g: &Group<'_>, prefix: &str, dated: &[&Lean]) -> Result<()> {
    let mut line = Line::new(2).release(g.rows.iter().map(|r| &r.row)).text(prefix);
    let mut some = false;
    if let Some(earliest) = dated.first() {
        let first = &*view.whole(earliest)?;
        line = line.text(view.say("first ", "premier ")).text(g.valued(view, first)).cite(first);
        line = beside(view, g, line, dated, earliest, false)?;
        some = true;
    }
    for (want, en, fr) in EXTREMES {
        let Some((row, sure)) = extreme(&g.rows, want) else { continue };
        let row = &*view.whole(row)?;
        let between = if core::mem::replace(&mut some, true) { view.say("; ", " ; ") } else { String::new() };
        line = line.text(between).text(view.say(en, fr)).text(g.valued(view, row)).cite(row);
        if !sure {
            line = line.text(view.say(", bounds aside", ", bornes mises à part"));
        }
    }
    block.lines.extend(some.then_some(line));
    if let [first, .., last] = dated {
        let line = Line::new(3)
            .text(prefix)
            .text(view.say("change from first to last: ", "évolution du premier au dernier : "));
        block.lines.extend(change(view, line, (dated, first), (dated, last), &g.unit)?);
    }
    Ok(())
}

/// The least or the greatest row, and whether it is surely so: `<30` may be less than anything
/// above it, and more than nothing.
pub(super) fn extreme<'a>(rows: &[&'a Lean], want: Ordering) -> Option<(&'a Lean, bool)> {
    let towards = |c: Comparator| match c {
        Comparator::Equal => true,
        Comparator::Less | Comparator::LessOrEqual => want == Ordering::Less,
        Comparator::Greater | Comparator::GreaterOrEqual => want == Ordering::Greater,
    };
    let amounts = || {
        rows.iter().filter_map(|r| match &r.fact.value {
            Value::Quantity(q) => Some((*r, q.number, q.comparator)),
            _ => None,
        })
    };
    let mut best: Option<(&Lean, Decimal, Comparator)> = None;
    for (row, x, c) in amounts().filter(|(_, _, c)| towards(*c)) {
        let wins = |(_, b, of): (&Lean, Decimal, Comparator)| match x.cmp_value(b) {
            Ordering::Equal => of == Comparator::Equal && c != Comparator::Equal,
            order => order == want,
        };
        if best.is_none_or(wins) {
            best = Some((row, x, c));
        }
    }
    let (row, x, c) = best?;
    let open = amounts().any(|(_, y, of)| {
        let beyond = y.cmp_value(x) == want;
        of != Comparator::Equal && (if towards(of) { c == Comparator::Equal } else { beyond })
    });
    Some((row, !open))
}

/// From one row to another, each the end of its rows, where both are exact and surely such ends;
/// said plainly where one is not.
pub(super) fn change(
    view: &View<'_>,
    line: Line,
    (before, a): (&[&Lean], &Lean),
    (after, b): (&[&Lean], &Lean),
    unit: &str,
) -> Result<Option<Line>> {
    let (first, last) = (view.whole(a)?, view.whole(b)?);
    let sure = rivals(before, a).is_empty() && rivals(after, b).is_empty();
    let text =
        match number(&a.fact).zip(number(&b.fact)) {
            _ if !sure => Some(view.say(
                "not computed, nothing tells which result is the first or the last",
                "non calculée, rien ne dit quel résultat est le premier ou le dernier",
            )),
            Some((x, y)) => moved(view, x, y, unit, &first.fact),
            None => Some(view.say(
                "not computed, not both are exact numbers",
                "non calculée, les deux ne sont pas des nombres exacts",
            )),
        };
    Ok(text.map(|text| line.text(text).cite(&first).cite(&last)))
}

/// `-63.10 mg/dL (≈-40.7 %)`
fn moved(view: &View<'_>, a: Decimal, b: Decimal, unit: &str, fact: &FactDraft) -> Option<String> {
    let diff = difference(a, b)?.signed(view.lang);
    let percent = percent(a, b).filter(|_| b.mantissa() > 0 && has_zero(unit, fact));
    let relative = percent.map_or_else(String::new, |p| format!(" ({} %)", p.signed(view.lang)));
    let unit = if unit == "%" { view.say("points", "points") } else { unit.to_owned() };
    let gap = if unit.is_empty() { "" } else { " " };
    Some(format!("{diff}{gap}{unit}{relative}"))
}

/// Whether zero of a scale means none, so that a part of a value means something: not for a score,
/// a degree, a number without a unit.
fn has_zero(unit: &str, fact: &FactDraft) -> bool {
    let score = |t: &str| t.to_lowercase().contains("score");
    let words = core::iter::once(&fact.text).chain(fact.codes.iter().map(|c| &c.display));
    let relative = matches!(unit, "" | "Cel" | "°C" | "degC" | "[degF]" | "°F" | "degF" | "pH" | "[pH]");
    !relative && !score(unit) && !words.into_iter().any(|t| score(t))
}

/// The mean of exact numbers and how many they are.
pub(super) fn mean_of(view: &View<'_>, rows: &[&Lean], unit: &str) -> String {
    let numbers: Vec<Decimal> = rows.iter().filter_map(|r| number(&r.fact)).collect();
    let mean = if numbers.len() == rows.len() { mean(&numbers) } else { None };
    match mean {
        Some(m) => {
            let (m, n) = (m.print(view.lang), numbers.len());
            view.say(format!("mean {m} {unit} (n {n})"), format!("moyenne {m} {unit} (n {n})"))
        }
        None => view.say(
            "mean not computed, not all are exact numbers",
            "moyenne non calculée, tous ne sont pas des nombres exacts",
        ),
    }
}

/// The longest time without a result, where it is two years and more.
fn gap(view: &View<'_>, block: &mut Block, dated: &[&Lean], prefix: &str) -> Result<()> {
    let longest = dated.windows(2).filter_map(|w| match w {
        [a, b] => Some((days(b.fact.when.as_ref()?).0 - days(a.fact.when.as_ref()?).0, *a, *b)),
        _ => None,
    });
    let Some((_, a, b)) = longest.max_by_key(|(d, ..)| *d).filter(|(d, ..)| *d >= 730) else { return Ok(()) };
    let (a, b) = (&*view.whole(a)?, &*view.whole(b)?);
    let (from, to) = (view.date(a.fact.when.as_ref()), view.date(b.fact.when.as_ref()));
    let text = view.say(format!("no result between {from} and {to}"), format!("aucun résultat entre {from} et {to}"));
    block.push(Line::new(4).text(prefix).text(text).cite(a).cite(b));
    Ok(())
}

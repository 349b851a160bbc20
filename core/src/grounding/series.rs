//! Values over time: one block per measure, one set of lines per unit and code.
//!
//! Nothing is converted and nothing is mixed: results in another unit, or by another code of the
//! same analyte (molar, calculated, direct), are a group of their own. Ranges and flags are those
//! that the source reports.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::concepts;
use super::number::{difference, local, mean, percent};
use super::page::{Block, Line};
use super::period::{Period, days};
use super::units;
use super::view::{Event, View, de, order};
use crate::catalog::{FactRow, Lean, LeanRows};
use crate::error::Result;
use crate::record::{Comparator, Decimal, FactDraft, Precision, Quantity, Status, Value, When};

/// Rows listed one by one at most, per group.
const LISTED: usize = 40;

/// Rows of one code and unit, oldest first.
struct Group<'a> {
    label: String,
    unit: String,
    rows: Vec<&'a Lean>,
    /// Those dated after now: shown, and computed with nowhere.
    ahead: Vec<&'a Lean>,
    /// Local days with several results: there the time tells them apart.
    crowded: BTreeSet<i64>,
}

impl Group<'_> {
    fn date(&self, view: &View<'_>, fact: &FactDraft) -> String {
        match &fact.when {
            Some(w) if self.crowded.contains(&days(w).0) => w.to_local_minute(),
            when => view.date(when.as_ref()),
        }
    }

    fn valued(&self, view: &View<'_>, row: &FactRow) -> String {
        format!("{} ({}){}", view.value(&row.fact.value), self.date(view, &row.fact), view.mark(&row.fact))
    }
}

/// Other results of the latest one's time that are named beside it, at most.
const EQUALS: usize = 3;

/// Where a row stands to an event.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Side {
    Before,
    After,
    /// Undated, or too vaguely dated to tell.
    Unclear,
}

/// A value of the same day counts as before: blood is drawn before a first tablet, and most
/// sources state days only.
pub(super) fn side(when: Option<&When>, event: &When) -> Side {
    let Some(w) = when else { return Side::Unclear };
    if w.end() <= event.at {
        Side::Before
    } else if w.at >= event.end() {
        Side::After
    } else if w.precision >= Precision::Day && event.precision >= Precision::Day {
        Side::Before
    } else {
        Side::Unclear
    }
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
    if let Some(p) = &view.plan.period {
        rows.retain(|r| r.fact.when.as_ref().is_some_and(|w| p.covers(w)));
    }
    let mut block = Block::new(title, what);
    if rows.is_empty() {
        // Rows exist but not in the period: the latest of them says where to look.
        let Some(latest) = latest else { return Ok(None) };
        let latest = view.whole(&latest)?;
        let line = Line::new(1)
            .text(view.say(
                "none in the period asked; the latest is ",
                "rien dans la période demandée ; le dernier résultat est ",
            ))
            .text(valued(view, &latest));
        block.push(line.cite(&latest));
        return Ok(Some(block));
    }
    let (rows, silent): (Vec<Lean>, Vec<Lean>) = rows.into_iter().partition(|r| says(r));
    let groups = group(view, &rows, &heads);
    if groups.len() > 1 {
        block.push(Line::new(1).text(view.say(
            "several units or codes: kept apart, nothing is converted",
            "plusieurs unités ou codes : séparés, rien n'est converti",
        )));
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
    Ok(Some(block))
}

/// Whether any row lies in a period.
pub(super) fn reach(values: &LeanRows, period: &Period) -> bool {
    values.rows.iter().any(|r| r.fact.when.as_ref().is_some_and(|w| period.covers(w)))
}

/// Whether a row has a value: a panel's own record has none, nor has a result that is missing.
fn says(row: &FactRow) -> bool {
    row.fact.value != Value::None
}

fn group<'a>(view: &View<'_>, rows: &'a [Lean], heads: &[FactDraft]) -> Vec<Group<'a>> {
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
                let label = match code {
                    Some(c) if is_loinc_number(&c.code) => format!("LOINC {}", c.code),
                    Some(_) | None => view.source_words(f),
                };
                let label = if unit.is_empty() { label } else { format!("{label}, {unit}") };
                groups
                    .push((key, Group { label, unit, rows: Vec::new(), ahead: Vec::new(), crowded: BTreeSet::new() }));
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
    let (Some(first), Some(last)) = (g.rows.first(), g.rows.last()) else { return Ok(()) };
    let prefix = if several { format!("{}: ", g.label) } else { String::new() };
    let n = g.rows.len();
    let dated: Vec<&Lean> = g.rows.iter().copied().filter(|r| r.fact.when.is_some()).collect();
    let last = dated.last().copied().unwrap_or(last);
    let newest = &*view.whole(last)?;

    let mut line = Line::new(1).release(g.rows.iter().map(|r| &r.row)).text(prefix.clone());
    line = line.text(match (n, view.lang) {
        (1, _) => view.say("1 result: ", "1 résultat : "),
        _ => {
            let open = g.rows.iter().filter(|r| r.fact.status == Status::Preliminary).count() as u64;
            let open = match open {
                0 => String::new(),
                open => view.say(
                    format!(" ({open} preliminary)"),
                    format!(" (dont {open} provisoire{})", if open > 1 { "s" } else { "" }),
                ),
            };
            view.say(format!("{n} results{open}; last "), format!("{n} résultats{open} ; dernier "))
        }
    });
    line = line.text(g.valued(view, newest)).cite(newest).text(judged(view, &newest.fact, false));
    // Nothing tells which of two results of one time is the later one.
    let equal =
        |r: &&&Lean| !core::ptr::eq(**r, last) && r.fact.when == last.fact.when && r.fact.value != last.fact.value;
    for row in dated.iter().filter(equal).take(EQUALS) {
        let row = &*view.whole(row)?;
        let value = view.value(&row.fact.value);
        line = line.text(view.say(format!("; equally late: {value}"), format!(" ; aussi récent : {value}"))).cite(row);
    }
    if let Some(age) = newest.fact.when.as_ref().and_then(|w| view.age(w)) {
        line = line.text(view.say(format!("; {age} old"), format!(" ; date de {age}")));
    }
    block.push(line);

    if view.plan.average {
        let text = mean_of(view, &g.rows, &g.unit);
        let line = Line::new(1).release(g.rows.iter().map(|r| &r.row)).text(prefix.clone()).text(text).cite(newest);
        block.lines.extend((n > 1).then_some(line));
    }
    if n > 1 {
        span(view, block, g, &prefix, first, &dated)?;
    }
    if let Some(e) = event {
        around(view, block, g, &prefix, e)?;
    }
    gap(view, block, &dated, &prefix)?;
    // The last value stands above already.
    let listed = g.rows.iter().rev().filter(|r| !core::ptr::eq(**r, last)).take(LISTED);
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
    let unlisted = (n - 1).saturating_sub(shown);
    block.unlisted = block.unlisted.saturating_add(u32::try_from(unlisted).unwrap_or(u32::MAX));
    Ok(())
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

/// First, least, greatest, and the change from first to last.
fn span(view: &View<'_>, block: &mut Block, g: &Group<'_>, prefix: &str, first: &Lean, dated: &[&Lean]) -> Result<()> {
    let mut line = Line::new(2).release(g.rows.iter().map(|r| &r.row)).text(prefix);
    let first = &*view.whole(first)?;
    line = line.text(view.say("first ", "premier ")).text(g.valued(view, first)).cite(first);
    for (want, name) in [
        (Ordering::Less, view.say("; lowest ", " ; minimum ")),
        (Ordering::Greater, view.say("; highest ", " ; maximum ")),
    ] {
        let Some((row, sure)) = extreme(&g.rows, want) else { continue };
        let row = &*view.whole(row)?;
        line = line.text(name).text(g.valued(view, row)).cite(row);
        if !sure {
            line = line.text(view.say(", bounds aside", ", bornes mises à part"));
        }
    }
    block.push(line);
    if let [first, .., last] = dated {
        let line = Line::new(3)
            .text(prefix)
            .text(view.say("change from first to last: ", "évolution du premier au dernier : "));
        block.lines.extend(change(view, line, first, last, &g.unit)?);
    }
    Ok(())
}

/// The least or the greatest row, and whether it is surely so: `<30` may be less than anything
/// above it, and more than nothing.
fn extreme<'a>(rows: &[&'a Lean], want: Ordering) -> Option<(&'a Lean, bool)> {
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

/// From one row to another, where both are exact; said plainly where one is not.
fn change(view: &View<'_>, line: Line, a: &Lean, b: &Lean, unit: &str) -> Result<Option<Line>> {
    let (first, last) = (view.whole(a)?, view.whole(b)?);
    let text =
        match number(&a.fact).zip(number(&b.fact)) {
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
fn mean_of(view: &View<'_>, rows: &[&Lean], unit: &str) -> String {
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

/// Before and after an event.
fn around(view: &View<'_>, block: &mut Block, g: &Group<'_>, prefix: &str, e: &Event) -> Result<()> {
    let of = |s: Side| -> Vec<&Lean> {
        g.rows.iter().copied().filter(|r| side(r.fact.when.as_ref(), &e.when) == s).collect()
    };
    let (before, after, unclear) = (of(Side::Before), of(Side::After), of(Side::Unclear));
    let start = format!("{} ({})", e.name, view.date(Some(&e.when)));
    let mean_text = |rows: &[&Lean]| match rows.len() {
        0 | 1 => String::new(),
        _ => view.say("; ", " ; ") + &mean_of(view, rows, &g.unit),
    };
    let mut line = Line::new(1).release(before.iter().map(|r| &r.row)).text(prefix);
    line = line
        .text(view.say(format!("before the start of {start}"), format!("avant le début {}", de(&start))))
        .cite(&e.row);
    line = match before.last() {
        Some(last) => {
            let last = &*view.whole(last)?;
            line.text(view.say(format!(": n {}, last ", before.len()), format!(" : n {}, dernier ", before.len())))
                .text(g.valued(view, last))
                .cite(last)
                .text(mean_text(&before))
        }
        None => line.text(view.say(": no result", " : aucun résultat")),
    };
    block.push(line);
    let mut line = Line::new(1).release(after.iter().map(|r| &r.row)).text(prefix).text(view.say("after it", "après"));
    line = match (after.first(), after.last()) {
        (Some(first), Some(last)) => {
            let (first, last) = (&*view.whole(first)?, &*view.whole(last)?);
            let line = line.text(view.say(format!(": n {}, ", after.len()), format!(" : n {}, ", after.len())));
            let line = if after.len() > 1 {
                line.text(view.say("first ", "premier "))
                    .text(g.valued(view, first))
                    .cite(first)
                    .text(view.say("; latest ", " ; dernier "))
            } else {
                line
            };
            line.text(g.valued(view, last)).cite(last).text(mean_text(&after))
        }
        _ => line.text(view.say(": no result", " : aucun résultat")),
    };
    block.push(line);
    if let (Some(a), Some(b)) = (before.last(), after.last()) {
        let line = Line::new(1).text(prefix).text(view.say(
            "change from the last before to the latest after: ",
            "évolution du dernier avant au dernier après : ",
        ));
        block.lines.extend(change(view, line, a, b, &g.unit)?);
    }
    if !unclear.is_empty() {
        block.push(Line::new(2).text(prefix).text(view.say(
            format!("dated too vaguely to place before or after: {}", unclear.len()),
            format!("date trop imprécise pour situer avant ou après : {}", unclear.len()),
        )));
    }
    Ok(())
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

/// Flag and reference range as reported, and where the value stands to that range. `brief` is for
/// rows below one that shows the range: only what stands out.
pub(super) fn judged(view: &View<'_>, fact: &FactDraft, brief: bool) -> String {
    let mut out = String::new();
    let Some(range) = &fact.range else { return out };
    let flag = range.interpretation.trim();
    if brief && matches!(flag, "N" | "") {
        return out;
    }
    if FLAGS.contains(&format!(" {flag} ")) && !flag.is_empty() && !flag.contains(' ') {
        out.push_str(&view.say(format!(", flag {flag} as reported"), format!(", indicateur {flag} d'origine")));
    } else if !flag.is_empty() {
        out.push_str(&view.say(format!(", flag {}", view.quote(flag)), format!(", indicateur {}", view.quote(flag))));
    }
    if brief {
        return out;
    }
    let printed = match (&range.low, &range.high) {
        (Some(l), Some(h)) if l.unit == h.unit && l.ucum == h.ucum => {
            format!("{}{}–{}", l.comparator.sign(), local(view.lang, &l.number.to_string()), view.quantity(h))
        }
        (Some(l), Some(h)) => format!("{}–{}", view.quantity(l), view.quantity(h)),
        (Some(l), None) => format!("≥ {}", view.quantity(l)),
        (None, Some(h)) => format!("≤ {}", view.quantity(h)),
        (None, None) if range.text.trim().is_empty() => return out,
        (None, None) => view.quote(&range.text),
    };
    let place = match place(fact) {
        None => view.say("reported range", "valeurs de référence indiquées"),
        Some(Ordering::Less) => view.say("below the reported range", "sous les valeurs de référence indiquées"),
        Some(Ordering::Equal) => view.say("within the reported range", "dans les valeurs de référence indiquées"),
        Some(Ordering::Greater) => view.say("above the reported range", "au-dessus des valeurs de référence indiquées"),
    };
    out.push_str(&format!(", {place} {printed}"));
    out
}

/// Where a value stands to its own range; only where all share a unit.
fn place(fact: &FactDraft) -> Option<Ordering> {
    let (Value::Quantity(q), Some(range)) = (&fact.value, &fact.range) else { return None };
    let same = |r: &Quantity| {
        (r.unit.is_empty() && r.ucum.is_empty()) || r.unit == q.unit || (!r.ucum.is_empty() && r.ucum == q.ucum)
    };
    if q.comparator != Comparator::Equal || ![&range.low, &range.high].into_iter().flatten().all(same) {
        return None;
    }
    let below = range.low.as_ref().map(|l| q.number.cmp_value(l.number) == Ordering::Less);
    let above = range.high.as_ref().map(|h| q.number.cmp_value(h.number) == Ordering::Greater);
    match (below, above) {
        (None, None) => None,
        (Some(true), _) => Some(Ordering::Less),
        (_, Some(true)) => Some(Ordering::Greater),
        _ => Some(Ordering::Equal),
    }
}

/// HL7 ObservationInterpretation codes that may stand unfenced.
const FLAGS: &str = " N H L HH LL HU LU A AA POS NEG S R I W U D B IND DET ND < > H* L* ";

/// A line on the pair of a blood pressure reading that was measured together.
pub(super) fn pressure(view: &View<'_>, systolic: &[Lean], diastolic: &[Lean]) -> Result<Option<Line>> {
    let asked = |r: &&Lean| match (&r.fact.when, &view.plan.period) {
        (Some(w), Some(p)) => p.covers(w),
        (when, _) => when.is_some(),
    };
    let dated = systolic.iter().filter(|r| asked(r) && says(r) && !view.ahead(&r.fact));
    let Some(last) = dated.max_by_key(|r| (r.fact.when.map(|w| w.at), r.record)) else { return Ok(None) };
    let pair = diastolic.iter().find(|d| d.record == last.record && d.fact.when == last.fact.when);
    let Some(pair) = pair else { return Ok(None) };
    let (last, pair) = (&*view.whole(last)?, &*view.whole(pair)?);
    let (Value::Quantity(s), Value::Quantity(d)) = (&last.fact.value, &pair.fact.value) else { return Ok(None) };
    if s.unit != d.unit {
        return Ok(None);
    }
    let print = |q: &Quantity| format!("{}{}", q.comparator.sign(), local(view.lang, &q.number.to_string()));
    let (high, low) = (print(s), print(d));
    let date = view.date(last.fact.when.as_ref());
    let unit = view.unit(s);
    let mark = [&last.fact, &pair.fact].map(|f| view.mark(f)).into_iter().max().unwrap_or_default();
    let text = view.say(
        format!("last reading {high}/{low} {unit} ({date}){mark}"),
        format!("dernière mesure {high}/{low} {unit} ({date}){mark}"),
    );
    Ok(Some(Line::new(1).text(text).cite(last).release([pair])))
}

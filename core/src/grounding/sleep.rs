//! Hours asleep per night, from the stages that a device reports.

use std::collections::BTreeMap;

use super::clause;
use super::fold::word_matches;
use super::number::approximate;
use super::page::{Block, Line};
use super::period::{self, DAY_MS};
use super::phrases::Word;
use super::sums::{days, monday, month, samples};
use super::view::{Event, View, de};
use crate::catalog::FactRow;
use crate::error::Result;

/// Without a period asked, so many days of data are looked at.
const DEFAULT_DAYS: i64 = 90;
const WEEKLY: i64 = 120;
const HOUR: i64 = 3_600_000;
const HALF_DAY: i64 = DAY_MS / 2;
/// What is asleep again within this goes on with the same sleep.
const AWAKE: i64 = 2 * HOUR;
/// From this length on a sleep by day is somebody's night.
const NAP: i64 = 3 * HOUR;

/// A stage that a question can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    InBed,
    Rem,
    Deep,
    Core,
    Awake,
}

/// Each with the words of a question, the ends of HealthKit's and the words of Health Connect's values,
/// English, French.
const STAGES: [(Stage, &str, &[&str], &str, &str); 5] = [
    (Stage::InBed, "in bed|au lit", &["inbed", "in bed"], "in bed", "au lit"),
    (Stage::Rem, "rem|paradoxal", &["asleeprem", "rem"], "of REM sleep", "de sommeil paradoxal"),
    (Stage::Deep, "deep|profond", &["asleepdeep", "deep"], "of deep sleep", "de sommeil profond"),
    (
        Stage::Core,
        "core|light sleep|sommeil leger",
        &["asleepcore", "light"],
        "of core (light) sleep",
        "de sommeil léger",
    ),
    (Stage::Awake, "awake|eveil*", &["awake"], "awake", "d'éveil"),
];

/// The stages that the words of a question name. Where it asks for sleep, "light and deep sleep" are two: words of a
/// stage that are joined to another's, or to sleep, are marked.
pub(super) fn stages(words: &mut [Word], asked: bool) -> Vec<Stage> {
    let is = |p: &str, at: usize| {
        p.split(' ').enumerate().all(|(i, p)| words.get(at + i).is_some_and(|w| word_matches(p, &w.text)))
    };
    let says = |list: &str| list.split('|').any(|p| (0..words.len()).any(|at| is(p, at)));
    let stage = |at: usize| ALONE.iter().find(|(_, list)| list.split('|').any(|p| is(p, at))).map(|(stage, _)| *stage);
    let joins = |at: &usize| words.get(*at).is_some_and(|w| clause::joins(&w.text) || w.text.is_empty());
    let sleeps = |at: usize| stage(at).is_some() || is("sleep", at) || is("sommeil", at);
    let joined = |at: usize| {
        let beside = [(at + 1..words.len()).find(|i| !joins(i)), (0..at).rev().find(|i| !joins(i))];
        beside.into_iter().flatten().any(sleeps)
    };
    let alone: Vec<(usize, Stage)> =
        (0..words.len()).filter(|at| asked && joined(*at)).filter_map(|at| Some((at, stage(at)?))).collect();
    let named = |of: Stage| alone.iter().any(|(_, stage)| *stage == of);
    let out = STAGES.iter().filter(|(stage, list, ..)| says(list) || named(*stage)).map(|(stage, ..)| *stage).collect();
    for (at, _) in alone {
        words.get_mut(at).into_iter().for_each(|w| w.used = true);
    }
    out
}

/// The words of stages that mean one beside another's, or beside sleep.
const ALONE: [(Stage, &str); 4] = [
    (Stage::Rem, "rem|paradoxal"),
    (Stage::Deep, "deep|profond"),
    (Stage::Core, "core|light|leger"),
    (Stage::Awake, "awake|eveil*"),
];

/// What a stage is called.
pub(super) fn name(view: &View<'_>, stage: Stage) -> String {
    Of(Some(stage)).name(view)
}

/// What is summed up: one stage, or all time asleep.
#[derive(Clone, Copy)]
struct Of(Option<Stage>);

impl Of {
    fn stage(self) -> Option<&'static (Stage, &'static str, &'static [&'static str], &'static str, &'static str)> {
        STAGES.iter().find(|(stage, ..)| self.0 == Some(*stage))
    }

    fn has(self, word: &str) -> bool {
        let Some((_, _, values, ..)) = self.stage() else { return is_asleep(word) };
        let w = word.to_lowercase();
        let w = w.strip_prefix("hkcategoryvaluesleepanalysis").unwrap_or(&w);
        values.contains(&w)
    }

    fn name(self, view: &View<'_>) -> String {
        match self.stage() {
            Some((.., en, fr)) => view.say(*en, *fr),
            None => view.say("asleep", "de sommeil"),
        }
    }
}

/// A stage in local milliseconds: its chunk's position, and whether it is of what is asked for.
struct Span {
    start: i64,
    end: i64,
    row: usize,
    meant: bool,
}

/// One source's time asleep.
#[derive(Default)]
struct Nights {
    /// By the day of waking: [start, end) of each stage, in local milliseconds.
    asleep: BTreeMap<i64, Vec<(i64, i64)>>,
    /// Naps, by their day.
    naps: BTreeMap<i64, Vec<(i64, i64)>>,
    rows: Vec<usize>,
}

impl Nights {
    /// Stages that follow one another are one sleep, of a night or a nap; of days from `from` on, nights before
    /// `to` and naps before `naps_to`.
    fn of(mut spans: Vec<Span>, from: i64, to: i64, naps_to: i64) -> Self {
        let mut out = Self::default();
        spans.sort_unstable_by_key(|s| (s.start, s.end));
        let mut rest = spans.as_slice();
        while let Some(first) = rest.first() {
            let (mut reach, mut len) = (first.end, 0);
            while let Some(s) = rest.get(len).filter(|s| s.start <= reach.saturating_add(AWAKE)) {
                reach = reach.max(s.end);
                len += 1;
            }
            let (sleep, others) = rest.split_at_checked(len.max(1)).unwrap_or((rest, &[]));
            rest = others;
            let (day, nap) = night(first.start, reach);
            let (list, to) = if nap { (&mut out.naps, naps_to) } else { (&mut out.asleep, to) };
            for s in sleep.iter().filter(|s| s.meant && from <= day && day < to) {
                list.entry(day).or_default().push((s.start, s.end));
                out.rows.push(s.row);
            }
        }
        out.rows.sort_unstable();
        out.rows.dedup();
        out
    }
}

/// The day that a sleep counts on, that of waking, and whether it is a nap: one that begins after ten and ends
/// before eight in the evening is no part of the night to come.
fn night(start: i64, end: i64) -> (i64, bool) {
    let day = start.div_euclid(DAY_MS);
    let clock = |at: i64| at - day * DAY_MS;
    if (10 * HOUR..18 * HOUR).contains(&clock(start)) && clock(end) <= 20 * HOUR {
        return (day, end - start < NAP);
    }
    (start.saturating_add(HALF_DAY).div_euclid(DAY_MS), false)
}

/// Adds the lines of a sleep series. A night belongs to the day on which it ends: what starts
/// after noon counts for the next day, but for naps, which are told beside it. Where one day is asked for, the night that begins on it is
/// meant too. Stages that overlap count once; time in bed does not count.
///
/// Where stages are asked for, each has its own lines; one that no sample has is said to be none, and
/// the time asleep of all stages follows.
pub(super) fn lines(view: &View<'_>, block: &mut Block, rows: &[&FactRow], event: Option<&Event>) -> Result<()> {
    let mut all = view.plan.stages.is_empty();
    for stage in &view.plan.stages {
        let of = Of(Some(*stage));
        let before = block.lines.len();
        of_stage(view, block, rows, of, event)?;
        if block.lines.len() == before {
            all = true;
            let name = of.name(view);
            block.push(Line::new(1).text(view.say(
                format!("no sample {name} here in what was looked at; all stages together follow"),
                format!("aucune mesure {name} dans ce qui a été lu ; tous les stades ensemble suivent"),
            )));
        }
    }
    if all {
        let before = block.lines.len();
        of_stage(view, block, rows, Of(None), event)?;
        // Nothing of a period is no answer to a question about a stage.
        if block.lines.len() == before {
            block.lines.clear();
        }
    }
    Ok(())
}

fn of_stage(view: &View<'_>, block: &mut Block, rows: &[&FactRow], of: Of, event: Option<&Event>) -> Result<()> {
    let Some(end) = rows.iter().filter_map(|r| days(view, r)).map(|d| d.1).max() else { return Ok(()) };
    let period = view.plan.period;
    // What is compared with an event is all that there is.
    let all = period.is_some() || event.is_some();
    let from = period.and_then(|p| p.from).unwrap_or(if all { i64::MIN } else { end - DEFAULT_DAYS + 1 });
    let to = period.and_then(|p| p.to).unwrap_or(end + 2);
    let one_day = to.checked_sub(from) == Some(1);
    let to = to + i64::from(one_day);
    let mut read: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        let Some((a, b)) = days(view, row) else { continue };
        // Another offset inside a chunk can move a sample by a day.
        if b.saturating_add(2) < from || a.saturating_sub(1) > to {
            continue;
        }
        for s in samples(view, row)? {
            let shift = i64::from(s.offset) * 60_000;
            let (start, end) = (s.start.saturating_add(shift), s.end.saturating_add(shift));
            let meant = s.word.as_deref().is_some_and(|w| of.has(w));
            if end > start && (meant || s.word.as_deref().is_some_and(is_asleep)) {
                read.entry(row.fact.text.as_str()).or_default().push(Span { start, end, row: i, meant });
            }
        }
    }
    let nights = |(source, spans)| (source, Nights::of(spans, from, to, to - i64::from(one_day)));
    let mut sources: BTreeMap<&str, Nights> = read.into_iter().map(nights).collect();
    sources.retain(|_, n| !n.rows.is_empty());
    // One source for all of it: the one with the most nights.
    let most = |n: &Nights| (n.asleep.len(), n.naps.len());
    let best = sources.iter().max_by(|a, b| most(a.1).cmp(&most(b.1)).then(b.0.cmp(a.0)));
    let Some((source, nights)) = best else { return Ok(()) };
    let hours: BTreeMap<i64, f64> = nights.asleep.iter().map(|(d, s)| (*d, union(s) as f64 / 3_600_000.0)).collect();
    let used: Vec<&FactRow> = nights.rows.iter().filter_map(|i| rows.get(*i).copied()).collect();
    let naps = naps(view, nights, of, one_day);
    let naps = naps.into_iter().map(|text| {
        let line = Line::new(2).text(format!("{text}, {}", view.quote(source))).release(used.iter().copied());
        used.last().map_or(line.clone(), |row| line.cite(row))
    });
    let naps: Vec<Line> = naps.collect();
    let (Some(first), Some(last)) = (hours.keys().next().copied(), hours.keys().next_back().copied()) else {
        naps.into_iter().for_each(|line| block.push(line));
        return Ok(());
    };
    if sources.len() > 1 {
        block.push(Line::new(2).text(view.say(
            "several sources: the one with the most nights is used, they are never added up",
            "plusieurs sources : celle qui a le plus de nuits est retenue, jamais leur somme",
        )));
    }
    if one_day {
        for (night, stages) in nights.asleep.iter().rev() {
            let text = format!("{}, {}", single(view, *night, stages, of), view.quote(source));
            let mut line = Line::new(1).text(text).release(used.iter().copied());
            let holds = |r: &&&FactRow| days(view, r).is_some_and(|d| d.0 <= *night);
            if let Some(row) = used.iter().rfind(holds).or(used.first()) {
                line = line.cite(row);
            }
            block.push(line);
        }
        naps.into_iter().for_each(|line| block.push(line));
        return Ok(());
    }
    let mut line = Line::new(1).release(used.iter().copied());
    line = line.text(view.say(
        format!(
            "{} to {}: {}, {}",
            view.day(first),
            view.day(last),
            mean(view, hours.values(), of),
            view.quote(source)
        ),
        format!(
            "du {} au {} : {}, {}",
            view.day(first),
            view.day(last),
            mean(view, hours.values(), of),
            view.quote(source)
        ),
    ));
    for row in used.first().into_iter().chain(used.last().filter(|_| used.len() > 1)) {
        line = line.cite(row);
    }
    block.push(line);
    if let Some(e) = event {
        around(view, block, &hours, (&used, source), of, e);
    }
    if !all && rows.iter().filter_map(|r| days(view, r)).any(|(first, _)| first < from) {
        block.push(Line::new(1).text(view.say(
            format!("of the last {DEFAULT_DAYS} days with data: earlier nights are there, and looked at where the question names a period"),
            format!("des {DEFAULT_DAYS} derniers jours de données : il y a des nuits plus anciennes, examinées si la question nomme une période"),
        )));
    }
    naps.into_iter().for_each(|line| block.push(line));
    block.push(Line::new(2).text(view.say("a night counts on the day of waking", "une nuit compte le jour du réveil")));
    let weekly = last - first <= WEEKLY;
    let mut buckets: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (day, h) in &hours {
        let start = if weekly { monday(*day) } else { month(*day) };
        buckets.entry(start).or_default().push(*h);
    }
    let mut rank = 12u8;
    for (start, h) in buckets.iter().rev() {
        let head = if weekly {
            view.say(format!("week of {}", view.day(*start)), format!("semaine du {}", view.day(*start)))
        } else {
            view.day(*start).chars().take(7).collect()
        };
        let mut line = Line::new(rank).text(format!("{head}{}{}", view.colon(), mean(view, h.iter(), of)));
        // The chunk that holds the interval: the last one that begins before its end.
        let row = used.iter().rfind(|r| days(view, r).is_some_and(|d| d.0 <= *start + 6)).or(used.first());
        if let Some(row) = row {
            line = line.cite(row);
        }
        block.push(line);
        rank = rank.saturating_add(1);
    }
    Ok(())
}

/// Nights before and after an event: that which ends on its day counts as before it.
fn around(
    view: &View<'_>,
    block: &mut Block,
    hours: &BTreeMap<i64, f64>,
    (used, source): (&[&FactRow], &str),
    of: Of,
    e: &Event,
) {
    let (day, end) = period::days(&e.when);
    let start = format!("{} ({})", e.name, view.date(Some(&e.when)));
    let to = de(&start);
    let side = |after: bool| -> Vec<&f64> {
        let of = |d: i64| if after { d > end } else { d <= day };
        hours.iter().filter(|(d, _)| of(**d)).map(|(_, h)| h).collect()
    };
    for (after, en, fr) in
        [(false, "before the start of", "avant le début"), (true, "from the start of", "depuis le début")]
    {
        let nights = side(after);
        let reaches = |r: &&&FactRow| days(view, r).is_some_and(|d| if after { d.1 >= end } else { d.0 <= day });
        let rows: Vec<&FactRow> = used.iter().filter(reaches).copied().collect();
        let line = Line::new(1).release(rows.iter().copied());
        let mut line = line.text(view.say(format!("{en} {start}"), format!("{fr} {to}"))).cite(&e.row);
        line = line.text(if nights.is_empty() {
            view.say(": no night", " : aucune nuit")
        } else {
            format!("{}{}, {}", view.colon(), mean(view, nights.iter().copied(), of), view.quote(source))
        });
        for row in rows.first().into_iter().chain(rows.last().filter(|_| rows.len() > 1)).filter(|_| !nights.is_empty())
        {
            line = line.cite(row);
        }
        block.push(line);
    }
    if hours.contains_key(&day) && day == end {
        block.push(Line::new(2).text(view.say(
            "the night that ends on the day of the event counts as before it",
            "la nuit qui finit le jour de l'événement compte avant lui",
        )));
    }
    let unclear = hours.keys().filter(|d| day < **d && **d <= end).count();
    if unclear > 0 {
        block.push(Line::new(2).text(view.say(
            format!("the event is dated too vaguely to place before or after: {unclear} nights"),
            format!("date de l'événement trop imprécise pour situer avant ou après : {unclear} nuits"),
        )));
    }
}

/// Naps, of one day each by itself, else how many and how long on average.
fn naps(view: &View<'_>, nights: &Nights, of: Of, each: bool) -> Vec<String> {
    let what = of.name(view);
    let hours = |spans: &[(i64, i64)]| union(spans) as f64 / 3_600_000.0;
    if each {
        let one = |(day, spans): (&i64, &Vec<(i64, i64)>)| {
            let (day, h) = (view.day(*day), approximate(view.lang, hours(spans)));
            view.say(
                format!("nap on {day}: ≈{h} h {what}, not counted as a night"),
                format!("sieste du {day} : ≈{h} h {what}, hors des nuits"),
            )
        };
        return nights.naps.iter().map(one).collect();
    }
    if nights.naps.is_empty() {
        return Vec::new();
    }
    let n = nights.naps.len();
    let mean = nights.naps.values().map(|s| hours(s)).sum::<f64>() / n.max(1) as f64;
    let (n, mean) = (view.many(n as u64, ["day", "days"], ["jour", "jours"]), approximate(view.lang, mean));
    vec![view.say(
        format!("naps on {n}: ≈{mean} h {what} each, not counted as nights"),
        format!("siestes sur {n} : ≈{mean} h {what} chacun, hors des nuits"),
    )]
}

/// One night: between which days, how long, from when to when.
fn single(view: &View<'_>, night: i64, stages: &[(i64, i64)], of: Of) -> String {
    let what = of.name(view);
    let clock = |at: i64| {
        let minutes = at.rem_euclid(DAY_MS) / 60_000;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    let from = stages.iter().map(|s| s.0).min().map(clock).unwrap_or_default();
    let to = stages.iter().map(|s| s.1).max().map(clock).unwrap_or_default();
    let hours = approximate(view.lang, union(stages) as f64 / 3_600_000.0);
    let (eve, day) = (view.day(night - 1), view.day(night));
    view.say(
        format!("night of {eve} to {day}: ≈{hours} h {what}, between {from} and {to}"),
        format!("nuit du {eve} au {day} : ≈{hours} h {what}, entre {from} et {to}"),
    )
}

/// HealthKit `...AsleepCore` and the like, Health Connect `light`, `deep`, `rem`.
fn is_asleep(word: &str) -> bool {
    let w = word.to_lowercase();
    w.contains("asleep") || matches!(w.as_str(), "light" | "deep" | "rem" | "sleeping")
}

/// Length of a union of intervals.
fn union(spans: &[(i64, i64)]) -> i64 {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    let (mut total, mut reach) = (0i64, i64::MIN);
    for (a, b) in spans {
        total = total.saturating_add(b.saturating_sub(a.max(reach)).max(0));
        reach = reach.max(b);
    }
    total
}

fn mean<'a>(view: &View<'_>, hours: impl ExactSizeIterator<Item = &'a f64>, of: Of) -> String {
    let what = of.name(view);
    let n = hours.len();
    let (mut sum, mut low, mut high) = (0.0, f64::INFINITY, 0.0f64);
    for h in hours {
        sum += h;
        low = low.min(*h);
        high = high.max(*h);
    }
    let p = |x: f64| approximate(view.lang, x);
    let (m, low, high) = (p(sum / n.max(1) as f64), p(low), p(high));
    let n = view.many(n as u64, ["night", "nights"], ["nuit", "nuits"]);
    view.say(
        format!("≈{m} h {what} per night, min ≈{low}, max ≈{high} ({n})"),
        format!("≈{m} h {what} par nuit, min ≈{low}, max ≈{high} ({n})"),
    )
}

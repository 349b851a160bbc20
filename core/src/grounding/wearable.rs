//! Wearable series: sums and means per week or month, without opening more than must be.
//!
//! Two sources that count the same steps are never added up: what adds up by day takes, each day, the source with
//! the most samples, anything else does so by interval, and the line names them. A whole chunk inside the period is taken from its
//! summary; only chunks that an end of the period or an event cuts, and those of a month with several sources that add up, are opened. Chunks are UTC
//! months: a month that is taken from one begins at midnight UTC, and the text says so.

use std::collections::{BTreeMap, BTreeSet};

use super::concepts::{Concept, Style};
use super::number::{approximate, difference, hundredfold, local, percent};
use super::page::{Block, Line};
use super::period::{DAY_MS, Period};
use super::sleep;
use super::sums::{Sums, best, day_of, days, end, ends, monday, month, newest, oldest, reaches_ahead, samples};
use super::view::{Event, View, de, place};
use crate::catalog::FactRow;
use crate::error::Result;
use crate::record::{Decimal, Sample};

/// Longest period that is shown by week, in days.
const WEEKLY: i64 = 120;
/// Intervals listed at most.
const LISTED: usize = 60;

/// The rows of one unit.
struct Chunks<'a> {
    view: &'a View<'a>,
    rows: Vec<&'a FactRow>,
    style: Style,
    /// The unit as it is shown.
    unit: String,
    /// Whether the numbers are fractions of 1, shown as percentages.
    fractions: bool,
    title: String,
}

/// That some samples are dated after now: they are told, and computed with nowhere.
fn ahead(view: &View<'_>, rows: &[&FactRow]) -> Result<Option<Line>> {
    let now = view.options.now.as_millis();
    let (mut n, mut days, mut from) = (0u64, None::<(i64, i64)>, Vec::new());
    for row in rows.iter().filter(|r| reaches_ahead(view, r)) {
        let before = n;
        for s in view.facts.samples(row)?.iter().filter(|s| s.start > now) {
            let day = day_of(s);
            n += 1;
            days = Some(days.map_or((day, day), |(a, b)| (a.min(day), b.max(day))));
        }
        from.extend((n > before).then_some(*row));
    }
    let Some((first, last)) = days else { return Ok(None) };
    let (first, last) = (view.day(first), view.day(last));
    let n = view.many(n, ["sample", "samples"], ["mesure", "mesures"]);
    let mut line = Line::new(5).release(from.iter().copied()).text(view.say(
        format!("{n} (dated in the future), {first} to {last}: not computed with"),
        format!("{n} (daté dans le futur), du {first} au {last} : hors calcul"),
    ));
    for row in from.iter().take(2) {
        line = line.cite(row);
    }
    Ok(Some(line))
}

type BySource = BTreeMap<String, Sums>;
type ByStart = BTreeMap<i64, BySource>;

#[derive(Default)]
struct Buckets {
    /// By the first day of the interval, and by source.
    by_start: ByStart,
    /// Of what adds up by day, the samples that were read, by day.
    by_day: BTreeMap<i64, ByStart>,
    /// Whether a month is taken whole that is cut at midnight UTC, not at the local one.
    utc: bool,
}

/// The rows by unit, each oldest first, and the line on what lies ahead.
fn by_unit<'a>(
    view: &'a View<'a>,
    concept: &Concept,
    title: &str,
    rows: &'a [FactRow],
) -> Result<Vec<(Chunks<'a>, Option<Line>)>> {
    let mut units: BTreeMap<&str, Vec<&FactRow>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.fact.when.is_some()) {
        units.entry(row.fact.note.as_str()).or_default().push(row);
    }
    let mut out = Vec::new();
    for (unit, mut rows) in units {
        rows.sort_by_key(|r| (r.fact.when.map(|w| w.at), end(r), place(r)));
        let later = ahead(view, &rows)?;
        rows.retain(|r| ends(view, r).is_some());
        let shown = view.unit_text(unit);
        let device = view.say("from devices", "des appareils");
        let title =
            if shown.is_empty() { format!("{title}, {device}") } else { format!("{title}, {device} ({shown})") };
        // HealthKit's percent unit counts 1 as 100 %. Where a number is above that, nobody knows.
        let apple = |r: &FactRow| r.fact.codes.iter().all(|c| c.code.starts_with("HKQuantityType"));
        let small = |r: &FactRow| r.series.is_none_or(|s| s.numbers == 0 || s.max <= 1.0);
        let fractions = unit == "%" && rows.iter().all(|r| apple(r) && small(r));
        out.push((Chunks { view, rows, style: concept.style, unit: shown, fractions, title }, later));
    }
    Ok(out)
}

/// The blocks of a wearable type, one per unit with samples in the period asked.
pub(super) fn blocks(
    view: &View<'_>,
    concept: &Concept,
    title: &str,
    rows: &[FactRow],
    event: Option<&Event>,
) -> Result<Vec<Block>> {
    let mut out = Vec::new();
    for (chunks, later) in by_unit(view, concept, title, rows)? {
        let mut block = Block::new(chunks.title.clone(), chunks.title.clone());
        if concept.style == Style::Sleep {
            sleep::lines(view, &mut block, &chunks.rows, event)?;
        } else {
            chunks.lines(&mut block, event)?;
        }
        if block.lines.is_empty() && view.plan.period.is_some() {
            continue;
        }
        block.lines.extend(later);
        out.extend((!block.lines.is_empty()).then_some(block));
    }
    Ok(out)
}

/// When the latest of some chunks ends.
pub(super) fn latest(view: &View<'_>, rows: &[FactRow]) -> Option<i64> {
    rows.iter().filter_map(|r| ends(view, r)).map(|(_, end)| end).max()
}

/// Where to look, for a type that has no sample in the period asked.
pub(super) fn outside(view: &View<'_>, concept: &Concept, title: &str) -> Result<Vec<Block>> {
    let rows = view.series_rows(concept, None)?;
    let mut out = Vec::new();
    for (chunks, later) in by_unit(view, concept, title, &rows)? {
        let mut block = Block::new(chunks.title.clone(), chunks.title.clone());
        block.lines.extend(chunks.elsewhere()?);
        block.lines.extend(later);
        out.extend((!block.lines.is_empty()).then_some(block));
    }
    Ok(out)
}

/// What an interval is told by.
struct Chosen {
    sources: Vec<String>,
    sums: Sums,
}

/// Each day by the source that has the most of it, where the days are known; else all of it by one source.
fn choose(by_source: &BySource, by_day: Option<&ByStart>) -> Option<Chosen> {
    let read = |source: &String| -> u64 {
        by_day.iter().flat_map(|days| days.values()).filter_map(|of| of.get(source)).map(|s| s.count).sum()
    };
    let known = by_source.len() > 1 && by_source.iter().all(|(source, sums)| read(source) == sums.count);
    let Some(days) = by_day.filter(|_| known) else {
        let (source, sums) = best(by_source)?;
        return Some(Chosen { sources: vec![source.clone()], sums: sums.clone() });
    };
    let (mut sources, mut sums) = (BTreeSet::new(), Sums::default());
    // Of sources with as many samples that day, the one with more of them around it.
    let most = |source: &String, of_day: &Sums| {
        let around = by_source.get(source).map_or(0, |s| s.numbers);
        (of_day.numbers, of_day.count, around)
    };
    let of = |day: &'_ BySource| {
        let best = day.iter().max_by(|a, b| most(a.0, a.1).cmp(&most(b.0, b.1)).then(b.0.cmp(a.0)));
        best.map(|(source, sums)| (source.clone(), sums.clone()))
    };
    for (source, of_day) in days.values().filter_map(of) {
        sources.insert(source);
        sums.merge(&of_day);
    }
    sums.rows.sort_unstable();
    sums.rows.dedup();
    Some(Chosen { sources: sources.into_iter().collect(), sums })
}

impl Chunks<'_> {
    /// A number as recorded; a fraction as the percentage that it is.
    fn number(&self, x: Decimal) -> String {
        let x = if self.fractions { hundredfold(x).unwrap_or(x) } else { x };
        local(self.view.lang, &x.to_string())
    }

    /// As [`number`](Self::number), of a sum's binary number.
    fn bound(&self, x: f64) -> String {
        let digits = format!("{x}");
        Decimal::parse(&digits).map_or_else(|| local(self.view.lang, &digits), |d| self.number(d))
    }

    /// First and last local day.
    fn span(&self) -> Option<(i64, i64)> {
        let all = || self.rows.iter().filter_map(|r| days(self.view, r));
        Some((all().map(|d| d.0).min()?, all().map(|d| d.1).max()?))
    }

    fn lines(&self, block: &mut Block, event: Option<&Event>) -> Result<()> {
        let view = self.view;
        let Some((first, last)) = self.span() else { return Ok(()) };
        let period = view.plan.period;
        let from = period.and_then(|p| p.from).unwrap_or(first).max(first);
        let to = period.and_then(|p| p.to).unwrap_or(last + 1).min(last + 1);
        let weekly = period.is_some() && to - from <= WEEKLY;
        let period = period.map(|_| Period { from: Some(from), to: Some(to) });
        let Buckets { by_start, by_day, utc } = self.buckets(weekly, period)?;
        if by_start.is_empty() {
            return Ok(());
        }
        let chosen: Vec<(i64, Chosen)> =
            by_start.iter().filter_map(|(at, of)| Some((*at, choose(of, by_day.get(at))?))).collect();
        let mut all = Sums::default();
        chosen.iter().for_each(|(_, c)| all.merge(&c.sums));
        let first = self.head(block, &by_start, period)?;
        if view.plan.average || self.style == Style::Total {
            block.push(self.overall(&all));
        }
        if let Some(e) = event {
            self.around(block, e)?;
        }
        let several = self.sources().len() > 1;
        if several {
            block.push(Line::new(2).text(match self.style {
                Style::Total => view.say(
                    "several sources: each day takes the one with the most samples, they are never added up",
                    "plusieurs sources : chaque jour prend celle qui a le plus de mesures, jamais leur somme",
                ),
                _ => view.say(
                    "several sources: each interval takes the one with the most samples, they are never added up",
                    "plusieurs sources : chaque intervalle prend celle qui a le plus de mesures, jamais leur somme",
                ),
            }));
        }
        if utc {
            block.push(Line::new(2).text(view.say("months begin at midnight UTC", "les mois commencent à minuit UTC")));
        }
        let mut rank = 12u8;
        let total = chosen.len();
        for (start, Chosen { sources, sums }) in chosen.iter().rev().take(LISTED) {
            let head = if weekly {
                view.say(format!("week of {}", view.day(*start)), format!("semaine du {}", view.day(*start)))
            } else {
                view.day(*start).chars().take(7).collect()
            };
            // A month of UTC reaches into a local day more than it has.
            let most = if weekly { 7 } else { month(*start + 31) - *start };
            let mut text = format!("{head}{}{}", view.colon(), self.summary(sums, most));
            if several {
                sources.iter().for_each(|s| text = format!("{text}, {}", view.quote(s)));
            }
            let rows = sums.rows.iter().filter_map(|i| self.rows.get(*i).copied());
            let mut line = Line::new(rank).text(text).release(rows.clone());
            for row in rows.take(2) {
                line = line.cite(row);
            }
            block.push(line);
            rank = rank.saturating_add(1);
        }
        block.lines.extend(first);
        block.unlisted = u32::try_from(total.saturating_sub(LISTED)).unwrap_or(u32::MAX);
        Ok(())
    }

    /// The total or the mean of all that is asked for.
    fn overall(&self, all: &Sums) -> Line {
        let view = self.view;
        let head = match view.plan.period {
            Some(_) => view.say("in the period asked", "dans la période demandée"),
            None => view.say("in all", "en tout"),
        };
        let rows: Vec<&FactRow> = all.rows.iter().filter_map(|i| self.rows.get(*i).copied()).collect();
        let mut line = Line::new(1).text(format!("{head}{}{}", view.colon(), self.summary(all, i64::MAX)));
        line = line.release(rows.iter().copied());
        for row in rows.first().into_iter().chain(rows.last().filter(|_| rows.len() > 1)) {
            line = line.cite(row);
        }
        line
    }

    /// What there is outside of the period asked.
    fn elsewhere(&self) -> Result<Option<Line>> {
        let view = self.view;
        let Some((first, last)) = self.span() else { return Ok(None) };
        let (first, last) = (view.day(first), view.day(last));
        let mut line = Line::new(1).text(view.say(
            format!("none in the period asked; samples run from {first} to {last}"),
            format!("rien dans la période demandée ; les mesures vont du {first} au {last}"),
        ));
        let latest = if self.style == Style::Level { newest(view, &self.rows, &|_| true)? } else { None };
        if let Some((row, i, s)) = latest {
            let (value, day) = (s.number.map(|n| self.number(n)).unwrap_or_default(), view.day(day_of(&s)));
            let unit = &self.unit;
            line = line
                .text(view.say(
                    format!("; the latest is {value} {unit} ({day})"),
                    format!(" ; la dernière est {value} {unit} ({day})"),
                ))
                .cite_sample(row, i, &s);
        } else if let Some(row) = self.rows.last() {
            line = line.cite(row);
        }
        Ok(Some(line))
    }

    fn sources(&self) -> BTreeMap<&str, u64> {
        let mut out = BTreeMap::new();
        for r in &self.rows {
            *out.entry(r.fact.text.as_str()).or_default() += u64::from(r.series.map_or(0, |s| s.count));
        }
        out
    }

    /// The months, of UTC, in which more than one source has samples.
    fn mixed(&self) -> BTreeSet<i64> {
        let mut of: BTreeMap<i64, &str> = BTreeMap::new();
        let mut out = BTreeSet::new();
        for row in &self.rows {
            let Some((at, until)) = ends(self.view, row) else { continue };
            for at in [at, until].map(|at| month(at.div_euclid(DAY_MS))) {
                if *of.entry(at).or_insert(&row.fact.text) != row.fact.text {
                    out.insert(at);
                }
            }
        }
        out
    }

    /// Sums by interval and source.
    fn buckets(&self, weekly: bool, period: Option<Period>) -> Result<Buckets> {
        let view = self.view;
        let mut out = Buckets::default();
        let adds_up = self.style == Style::Total;
        let mixed = if adds_up { self.mixed() } else { BTreeSet::new() };
        for (i, row) in self.rows.iter().enumerate() {
            let Some((at, until)) = ends(view, row) else { continue };
            let Some((first, last)) = days(view, row) else { continue };
            let inside = |d: i64| period.is_none_or(|p| p.from.is_none_or(|f| f <= d) && p.to.is_none_or(|t| d < t));
            if period.is_some_and(|p| p.from.is_some_and(|f| last < f) || p.to.is_some_and(|t| t <= first)) {
                continue;
            }
            let start = |day: i64| if weekly { monday(day) } else { month(day) };
            // The chunk's own month, that of UTC. By week every sample is read.
            let of_utc = month(at.div_euclid(DAY_MS));
            let one = !weekly && of_utc == month(until.div_euclid(DAY_MS));
            let whole = inside(first) && inside(last) && !reaches_ahead(view, row);
            match row.series.filter(|_| whole && one && !mixed.contains(&of_utc)) {
                Some(s) => {
                    out.utc |= (month(first), month(last)) != (of_utc, of_utc);
                    let by_source = out.by_start.entry(of_utc).or_default();
                    by_source.entry(row.fact.text.clone()).or_default().chunk(i, &s, (first, last));
                }
                None => {
                    for s in samples(view, row)? {
                        let day = day_of(&s);
                        if inside(day) {
                            let by_source = out.by_start.entry(start(day)).or_default();
                            by_source.entry(row.fact.text.clone()).or_default().sample(i, &s);
                            if adds_up {
                                let of_day = out.by_day.entry(start(day)).or_default().entry(day).or_default();
                                of_day.entry(row.fact.text.clone()).or_default().sample(i, &s);
                            }
                        }
                    }
                }
            }
        }
        Ok(out)
    }

    /// Samples, span, last value, least and greatest of all. The first value of what is measured all day long is given
    /// back: it stands behind the intervals.
    fn head(&self, block: &mut Block, buckets: &ByStart, period: Option<Period>) -> Result<Option<Line>> {
        let mut first_alone = None;
        let view = self.view;
        let all = || buckets.values().flat_map(BTreeMap::values);
        let count: u64 = all().map(|s| s.count).sum();
        let (Some(first), Some(last)) =
            (all().filter_map(|s| s.days).map(|d| d.0).min(), all().filter_map(|s| s.days).map(|d| d.1).max())
        else {
            return Ok(None);
        };
        let n = view.many(count, ["sample", "samples"], ["mesure", "mesures"]);
        let (first, last) = (view.day(first), view.day(last));
        let mut text = view.say(format!("{n}, {first} to {last}"), format!("{n}, du {first} au {last}"));
        let used: Vec<&FactRow> = all().flat_map(|s| &s.rows).filter_map(|i| self.rows.get(*i).copied()).collect();
        let mut line = Line::new(1).release(used.iter().copied());
        let sources = self.sources();
        let names: Vec<String> = sources.keys().take(4).map(|s| view.quote(s)).collect();
        text.push_str(
            &view.say(format!("; sources: {}", names.join(", ")), format!(" ; sources : {}", names.join(", "))),
        );
        line = line.text(text);
        // The last that lies in what was asked; a chunk that is cut ends later.
        let asked = |d: i64| period.is_none_or(|p| p.from.is_none_or(|f| f <= d) && p.to.is_none_or(|t| d < t));
        let latest = if self.style == Style::Total { None } else { newest(view, &used, &asked)? };
        if let Some((row, i, s)) = &latest {
            let (row, i) = (*row, *i);
            let (number, day) = (s.number.map(|n| self.number(n)).unwrap_or_default(), view.day(day_of(s)));
            let unit = &self.unit;
            line = line.text(
                view.say(format!("; last {number} {unit} ({day})"), format!(" ; dernière {number} {unit} ({day})")),
            );
            line = line.cite_sample(row, i, s);
        } else if let Some(row) = used.iter().max_by_key(|r| (ends(view, r).map(|e| e.1), place(r))) {
            line = line.cite(row);
        }
        block.push(line);
        if self.style == Style::Level {
            self.extremes(block, buckets, &asked)?;
            let days = all()
                .filter_map(|s| s.days)
                .fold(None, |d: Option<(i64, i64)>, (a, b)| Some(d.map_or((a, b), |(x, y)| (x.min(a), y.max(b)))));
            // Of what is measured all day long, a change from a first moment to a last one means nothing.
            if count > 1 && days.is_some_and(|(a, b)| count <= 2 * (b - a + 1).unsigned_abs()) {
                let last = latest.as_ref().map(|(row, i, s)| (*row, *i, s));
                match self.change(&used, last, &asked)? {
                    Some(line) => block.push(line),
                    None => block.lines.extend(self.first(&used, &asked)?),
                }
            } else if count > 1 {
                first_alone = self.first(&used, &asked)?;
            }
        }
        if self.fractions {
            block.push(Line::new(2).text(view.say(
                "recorded as fractions of 1, shown here as percentages",
                "enregistrées en fractions de 1, montrées ici en pourcentages",
            )));
        }
        Ok(first_alone)
    }

    /// The first sample.
    fn first(&self, used: &[&FactRow], asked: &dyn Fn(i64) -> bool) -> Result<Option<Line>> {
        let view = self.view;
        let Some((row, i, s)) = oldest(view, used, asked)? else { return Ok(None) };
        let (x, unit, day) = (s.number.map(|n| self.number(n)).unwrap_or_default(), &self.unit, view.day(day_of(&s)));
        let text = view.say(format!("first {x} {unit} ({day})"), format!("première {x} {unit} ({day})"));
        Ok(Some(Line::new(2).text(text).cite_sample(row, i, &s)))
    }

    /// The first sample, and the change from it to the last.
    fn change(
        &self,
        used: &[&FactRow],
        last: Option<(&FactRow, usize, &Sample)>,
        asked: &dyn Fn(i64) -> bool,
    ) -> Result<Option<Line>> {
        let view = self.view;
        let Some((a, i, first)) = oldest(view, used, asked)? else { return Ok(None) };
        let Some((b, k, last)) = last else { return Ok(None) };
        let (Some(x), Some(y)) = (first.number, last.number) else { return Ok(None) };
        if first.start >= last.start || self.fractions {
            return Ok(None);
        }
        let Some(moved) = difference(x, y) else { return Ok(None) };
        let part = percent(x, y).filter(|_| y.mantissa() > 0 && !matches!(self.unit.as_str(), "" | "degC" | "degF"));
        let part = part.map_or_else(String::new, |p| format!(" ({} %)", p.signed(view.lang)));
        let (unit, day, moved) = (&self.unit, view.day(day_of(&first)), moved.signed(view.lang));
        let x = self.number(x);
        Ok(Some(
            Line::new(2)
                .text(view.say(format!("first {x} {unit} ({day})"), format!("première {x} {unit} ({day})")))
                .cite_sample(a, i, &first)
                .text(view.say(
                    format!("; change from first to last: {moved} {unit}{part}"),
                    format!(" ; évolution de la première à la dernière : {moved} {unit}{part}"),
                ))
                .cite_sample(b, k, last),
        ))
    }

    /// The least and the greatest number, each with its sample: two chunks are opened at most.
    fn extremes(&self, block: &mut Block, buckets: &ByStart, asked: &dyn Fn(i64) -> bool) -> Result<()> {
        type Extreme = Option<(f64, Vec<usize>)>;
        let (mut low, mut high): (Extreme, Extreme) = (None, None);
        for s in buckets.values().flat_map(BTreeMap::values) {
            if let Some(x) = s.min.filter(|x| low.as_ref().is_none_or(|(l, _)| x < l)) {
                low = Some((x, s.rows.clone()));
            }
            if let Some(x) = s.max.filter(|x| high.as_ref().is_none_or(|(h, _)| x > h)) {
                high = Some((x, s.rows.clone()));
            }
        }
        let (Some(low), Some(high)) = (low, high) else { return Ok(()) };
        let line = Line::new(2).text(self.view.say("lowest ", "minimum "));
        let line = self.extreme(line, low, asked)?.text(self.view.say("; highest ", " ; maximum "));
        block.push(self.extreme(line, high, asked)?);
        Ok(())
    }

    /// A number that is an end of all, its day, and the earliest sample that has it.
    fn extreme(&self, line: Line, (x, rows): (f64, Vec<usize>), asked: &dyn Fn(i64) -> bool) -> Result<Line> {
        let (view, shown) = (self.view, &self.unit);
        let line = line.text(format!("{} {shown}", self.bound(x)));
        let rows = || rows.iter().filter_map(|i| self.rows.get(*i).copied());
        let reaches = |r: &&FactRow| r.series.is_none_or(|s| s.min <= x && x <= s.max);
        for row in rows().filter(reaches) {
            let is = |s: &Sample| s.number.is_some_and(|n| n.to_f64() == x) && asked(day_of(s));
            if let Some((i, s)) = samples(view, row)?.iter().enumerate().find(|(_, s)| is(s)) {
                return Ok(line.text(format!(" ({})", view.day(day_of(s)))).cite_sample(row, i, s));
            }
        }
        Ok(match rows().next() {
            Some(row) => line.cite(row),
            None => line,
        })
    }

    /// The total and the amount per day, of at most so many days, or the mean and the bounds.
    fn summary(&self, s: &Sums, most: i64) -> String {
        let (view, shown, n) = (self.view, &self.unit, s.numbers);
        if n == 0 {
            let n = view.many(s.count, ["sample", "samples"], ["mesure", "mesures"]);
            return view.say(format!("{n} without a number"), format!("{n} sans nombre"));
        }
        if self.style != Style::Total {
            let by = if self.fractions { 100.0 } else { 1.0 };
            let mean = approximate(view.lang, by * s.sum / n as f64);
            let bound = |x: Option<f64>| x.map(|x| self.bound(x)).unwrap_or_default();
            let (low, high) = (bound(s.min), bound(s.max));
            return view.say(
                format!("mean ≈{mean} {shown}, min {low}, max {high} (n {n})"),
                format!("moyenne ≈{mean} {shown}, min {low}, max {high} (n {n})"),
            );
        }
        let span = s.days.map_or(1, |(a, b)| b - a + 1).clamp(1, most).unsigned_abs();
        let over = |d: u64| view.many(d, ["day", "days"], ["jour", "jours"]);
        let (days, over) = match s.days_with_data() {
            Some(d) if d >= span => (span, over(span)),
            Some(d) => (d, view.say(format!("{} with data", over(d)), format!("{} avec données", over(d)))),
            // A summary does not tell which days between have none.
            None => (
                span,
                view.say(
                    format!("{} from the first to the last with data", over(span)),
                    format!("{} du premier au dernier avec données", over(span)),
                ),
            ),
        };
        let (per, total) = (approximate(view.lang, s.sum / days.max(1) as f64), approximate(view.lang, s.sum));
        view.say(
            format!("≈{per} {shown} per day over {over} (total ≈{total}, n {n})"),
            format!("≈{per} {shown} par jour sur {over} (total ≈{total}, n {n})"),
        )
    }

    /// Before and after an event, within the source that has the most samples.
    fn around(&self, block: &mut Block, e: &Event) -> Result<()> {
        let view = self.view;
        let Some((source, _)) = self.sources().into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0))) else {
            return Ok(());
        };
        let (mut before, mut after) = (Sums::default(), Sums::default());
        let day = super::period::days(&e.when).0;
        for (i, row) in self.rows.iter().enumerate().filter(|(_, r)| r.fact.text == source) {
            let Some((first, last)) = days(view, row) else { continue };
            match row.series.filter(|_| (last < day || first >= day) && !reaches_ahead(view, row)) {
                Some(s) => {
                    let side = if last < day { &mut before } else { &mut after };
                    side.chunk(i, &s, (first, last));
                }
                None => {
                    for s in samples(view, row)? {
                        let side = if day_of(&s) < day { &mut before } else { &mut after };
                        side.sample(i, &s);
                    }
                }
            }
        }
        let start = format!("{} ({})", e.name, view.date(Some(&e.when)));
        let of = de(&start);
        for (sums, en, fr) in
            [(&before, "before the start of", "avant le début"), (&after, "from the start of", "depuis le début")]
        {
            let rows: Vec<&FactRow> = sums.rows.iter().filter_map(|r| self.rows.get(*r).copied()).collect();
            let mut line = Line::new(1).release(rows.iter().copied());
            line = line.text(view.say(format!("{en} {start}"), format!("{fr} {of}"))).cite(&e.row);
            line = line.text(if rows.is_empty() {
                view.say(": no sample", " : aucune mesure")
            } else {
                format!(": {}, {}", self.summary(sums, i64::MAX), view.quote(source))
            });
            for row in rows.first().into_iter().chain(rows.last().filter(|_| rows.len() > 1)) {
                line = line.cite(row);
            }
            block.push(line);
        }
        Ok(())
    }
}

//! Wearable series: sums and means per week or month, without opening more than must be.
//!
//! Two sources that count the same steps are never added up: each interval takes the source with
//! the most samples, and the line names it. A whole chunk inside the period is taken from its
//! summary; only chunks that an end of the period or an event cuts are opened. Months are UTC
//! months, as chunks are; weeks begin on the caller's Monday.

use std::collections::BTreeMap;

use super::concepts::{Concept, Style};
use super::number::{approximate, local};
use super::page::{Block, Line};
use super::period::{DAY_MS, Period};
use super::sleep;
use super::view::{Event, View, de};
use crate::catalog::FactRow;
use crate::error::Result;
use crate::id::{civil_from_days, days_from_civil};
use crate::record::Sample;

/// Longest period that is shown by week, in days.
const WEEKLY: i64 = 120;
/// Intervals listed at most.
const LISTED: usize = 60;

/// Sums over some samples of one source.
#[derive(Clone, Default)]
pub(super) struct Sums {
    pub(super) count: u64,
    pub(super) numbers: u64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
    /// First and last local day.
    days: Option<(i64, i64)>,
    /// Rows it comes from, by position.
    rows: Vec<usize>,
}

silent_debug!(Sums);

impl Sums {
    fn add(&mut self, row: usize, count: u64, numbers: u64, sum: f64, range: Option<(f64, f64)>, days: (i64, i64)) {
        self.count += count;
        self.numbers += numbers;
        self.sum += sum;
        if let Some((low, high)) = range {
            self.min = Some(self.min.map_or(low, |m| m.min(low)));
            self.max = Some(self.max.map_or(high, |m| m.max(high)));
        }
        self.days = Some(self.days.map_or(days, |(a, b)| (a.min(days.0), b.max(days.1))));
        if self.rows.last() != Some(&row) {
            self.rows.push(row);
        }
    }

    fn sample(&mut self, row: usize, s: &Sample, day: i64) {
        let x = s.number.map(crate::record::Decimal::to_f64);
        self.add(row, 1, u64::from(x.is_some()), x.unwrap_or(0.0), x.map(|x| (x, x)), (day, day));
    }
}

/// The rows of one unit.
struct Chunks<'a> {
    view: &'a View<'a>,
    rows: Vec<&'a FactRow>,
}

/// First and last instant of a chunk, as far as it does not lie ahead; `None` where all of it does.
pub(super) fn ends(view: &View<'_>, row: &FactRow) -> Option<(i64, i64)> {
    let (first, last) = (row.fact.when?.at, last(row)?);
    let now = view.options.now.as_millis();
    (first <= now).then_some((first, last.min(now)))
}

fn last(row: &FactRow) -> Option<i64> {
    row.fact.until.or(row.fact.when).map(|w| w.at)
}

/// Whether some of a chunk lies ahead.
fn reaches_ahead(view: &View<'_>, row: &FactRow) -> bool {
    last(row).is_some_and(|at| at > view.options.now.as_millis())
}

/// The samples of a chunk that do not lie ahead.
pub(super) fn samples(view: &View<'_>, row: &FactRow) -> Result<Vec<Sample>> {
    let mut samples = view.facts.samples(row)?;
    samples.retain(|s| s.start <= view.options.now.as_millis());
    Ok(samples)
}

/// That some samples are dated after now: they are told, and computed with nowhere.
fn ahead(view: &View<'_>, rows: &[&FactRow]) -> Result<Option<Line>> {
    let now = view.options.now.as_millis();
    let (mut n, mut days, mut from) = (0u64, None::<(i64, i64)>, Vec::new());
    for row in rows.iter().filter(|r| reaches_ahead(view, r)) {
        let before = n;
        for s in view.facts.samples(row)?.iter().filter(|s| s.start > now) {
            let day = view.local_day(s.start);
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

/// The blocks of a wearable type, one per unit; none where there is nothing.
pub(super) fn blocks(
    view: &View<'_>,
    concept: &Concept,
    title: &str,
    rows: &[FactRow],
    event: Option<&Event>,
) -> Result<Vec<Block>> {
    let mut units: BTreeMap<&str, Vec<&FactRow>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.fact.when.is_some()) {
        units.entry(row.fact.note.as_str()).or_default().push(row);
    }
    let mut out = Vec::new();
    for (unit, mut rows) in units {
        rows.sort_by_key(|r| (r.fact.when.map(|w| w.at), last(r), r.record));
        let later = ahead(view, &rows)?;
        rows.retain(|r| ends(view, r).is_some());
        let shown = view.unit_text(unit);
        let title = if shown.is_empty() {
            format!("{title}, {}", device(view))
        } else {
            format!("{title}, {} ({shown})", device(view))
        };
        let mut block = Block::new(title.clone(), title);
        let chunks = Chunks { view, rows };
        if concept.style == Style::Sleep {
            sleep::lines(view, &mut block, &chunks.rows)?;
        } else {
            chunks.lines(&mut block, concept.style, unit, &shown, event)?;
        }
        block.lines.extend(later);
        out.extend((!block.lines.is_empty()).then_some(block));
    }
    Ok(out)
}

fn device(view: &View<'_>) -> String {
    view.say("from devices", "des appareils")
}

impl Chunks<'_> {
    fn lines(&self, block: &mut Block, style: Style, unit: &str, shown: &str, event: Option<&Event>) -> Result<()> {
        let view = self.view;
        let (first, last) = match (
            self.rows.iter().filter_map(|r| ends(view, r)).map(|e| e.0).min(),
            self.rows.iter().filter_map(|r| ends(view, r)).map(|e| e.1).max(),
        ) {
            (Some(a), Some(b)) => (view.local_day(a), view.local_day(b)),
            _ => return Ok(()),
        };
        let period = view.plan.period;
        let from = period.and_then(|p| p.from).unwrap_or(first).max(first);
        let to = period.and_then(|p| p.to).unwrap_or(last + 1).min(last + 1);
        if from >= to {
            let text = view.say(
                format!("none in the period asked; samples run from {} to {}", view.day(first), view.day(last)),
                format!(
                    "rien dans la période demandée ; les mesures vont du {} au {}",
                    view.day(first),
                    view.day(last)
                ),
            );
            block.lines.extend(self.rows.last().map(|r| Line::new(1).text(text).cite(r)));
            return Ok(());
        }
        let weekly = period.is_some() && to - from <= WEEKLY;
        let buckets = self.buckets(weekly, period.map(|_| Period { from: Some(from), to: Some(to) }))?;
        self.head(block, &buckets, style, unit, shown)?;
        if let Some(e) = event {
            self.around(block, style, shown, e)?;
        }
        let several = self.sources().len() > 1;
        if several {
            block.push(Line::new(2).text(view.say(
                "several sources: each interval takes the one with the most samples, they are never added up",
                "plusieurs sources : chaque intervalle prend celle qui a le plus de mesures, jamais leur somme",
            )));
        }
        let mut rank = 12u8;
        let total = buckets.len();
        for (start, by_source) in buckets.iter().rev().take(LISTED) {
            if let Some((source, sums)) = best(by_source) {
                let head = if weekly {
                    view.say(format!("week of {}", view.day(*start)), format!("semaine du {}", view.day(*start)))
                } else {
                    view.day(*start).chars().take(7).collect()
                };
                let mut text = format!("{head}{}{}", view.colon(), self.summary(sums, style, shown));
                if several {
                    text = format!("{text}, {}", view.quote(source));
                }
                let rows = sums.rows.iter().filter_map(|i| self.rows.get(*i).copied());
                let mut line = Line::new(rank).text(text).release(rows.clone());
                for row in rows.take(2) {
                    line = line.cite(row);
                }
                block.push(line);
            }
            rank = rank.saturating_add(1);
        }
        block.unlisted = u32::try_from(total.saturating_sub(LISTED)).unwrap_or(u32::MAX);
        Ok(())
    }

    fn sources(&self) -> BTreeMap<&str, u64> {
        let mut out = BTreeMap::new();
        for r in &self.rows {
            *out.entry(r.fact.text.as_str()).or_default() += u64::from(r.series.map_or(0, |s| s.count));
        }
        out
    }

    /// Sums by interval and source.
    fn buckets(&self, weekly: bool, period: Option<Period>) -> Result<BTreeMap<i64, BTreeMap<String, Sums>>> {
        let view = self.view;
        let mut out: BTreeMap<i64, BTreeMap<String, Sums>> = BTreeMap::new();
        for (i, row) in self.rows.iter().enumerate() {
            let Some((a, b)) = ends(view, row) else { continue };
            let (first, last) = (view.local_day(a), view.local_day(b));
            let inside = |d: i64| period.is_none_or(|p| p.from.is_none_or(|f| f <= d) && p.to.is_none_or(|t| d < t));
            if period.is_some_and(|p| p.from.is_some_and(|f| last < f) || p.to.is_some_and(|t| t <= first)) {
                continue;
            }
            let whole = inside(first) && inside(last);
            let start = |at: i64| if weekly { monday(view.local_day(at)) } else { month(at) };
            match row.series.filter(|_| whole && !reaches_ahead(view, row) && start(a) == start(b)) {
                Some(s) => {
                    let range = (s.numbers > 0).then_some((s.min, s.max));
                    let sums = out.entry(start(a)).or_default().entry(row.fact.text.clone()).or_default();
                    sums.add(i, u64::from(s.count), u64::from(s.numbers), s.sum, range, (first, last));
                }
                None => {
                    for s in samples(view, row)? {
                        let day = view.local_day(s.start);
                        if inside(day) {
                            out.entry(start(s.start))
                                .or_default()
                                .entry(row.fact.text.clone())
                                .or_default()
                                .sample(i, &s, day);
                        }
                    }
                }
            }
        }
        Ok(out)
    }

    /// Samples, span, last value, least and greatest of all.
    fn head(
        &self,
        block: &mut Block,
        buckets: &BTreeMap<i64, BTreeMap<String, Sums>>,
        style: Style,
        unit: &str,
        shown: &str,
    ) -> Result<()> {
        let view = self.view;
        let all = || buckets.values().flat_map(BTreeMap::values);
        let count: u64 = all().map(|s| s.count).sum();
        let (Some(first), Some(last)) =
            (all().filter_map(|s| s.days).map(|d| d.0).min(), all().filter_map(|s| s.days).map(|d| d.1).max())
        else {
            return Ok(());
        };
        let n = view.many(count, ["sample", "samples"], ["mesure", "mesures"]);
        let (first, last_day) = (view.day(first), view.day(last));
        let mut text = view.say(format!("{n}, {first} to {last_day}"), format!("{n}, du {first} au {last_day}"));
        let used: Vec<&FactRow> = all().flat_map(|s| &s.rows).filter_map(|i| self.rows.get(*i).copied()).collect();
        let mut line = Line::new(1).release(used.iter().copied());
        let sources = self.sources();
        let names: Vec<String> = sources.keys().take(4).map(|s| view.quote(s)).collect();
        text.push_str(
            &view.say(format!("; sources: {}", names.join(", ")), format!(" ; sources : {}", names.join(", "))),
        );
        line = line.text(text);
        let newest = used.iter().max_by_key(|r| (ends(view, r).map(|e| e.1), r.record));
        if let (Some(row), false) = (newest, style == Style::Total) {
            let samples = view.facts.samples(row)?;
            // The last that lies in what was asked; a chunk that is cut ends later.
            let now = view.options.now.as_millis();
            let asked = |s: &Sample| s.start <= now && view.local_day(s.start) <= last;
            let pick = samples.iter().enumerate().rfind(|(_, s)| s.number.is_some() && asked(s));
            if let Some((i, s)) = pick {
                let number = s.number.map(|n| local(view.lang, &n.to_string())).unwrap_or_default();
                let day = view.day(view.local_day(s.start));
                line =
                    line.text(view.say(
                        format!("; last {number} {shown} ({day})"),
                        format!(" ; dernière {number} {shown} ({day})"),
                    ));
                line = line.cite_sample(row, i, s);
            }
        } else if let Some(row) = newest {
            line = line.cite(row);
        }
        block.push(line);
        if style == Style::Level {
            self.extremes(block, buckets, shown);
            if unit == "%" && all().filter_map(|s| s.max).fold(0.0, f64::max) <= 1.0 {
                block.push(Line::new(2).text(view.say(
                    "values are fractions as reported: 1 is 100 %",
                    "valeurs en fractions, telles quelles : 1 vaut 100 %",
                )));
            }
        }
        Ok(())
    }

    fn extremes(&self, block: &mut Block, buckets: &BTreeMap<i64, BTreeMap<String, Sums>>, shown: &str) {
        let view = self.view;
        type Extreme = Option<(f64, usize)>;
        let (mut low, mut high): (Extreme, Extreme) = (None, None);
        for s in buckets.values().flat_map(BTreeMap::values) {
            let Some(row) = s.rows.first().copied() else { continue };
            if let Some(x) = s.min.filter(|x| low.is_none_or(|(l, _)| *x < l)) {
                low = Some((x, row));
            }
            if let Some(x) = s.max.filter(|x| high.is_none_or(|(h, _)| *x > h)) {
                high = Some((x, row));
            }
        }
        let (Some((low, a)), Some((high, b))) = (low, high) else { return };
        let (Some(a), Some(b)) = (self.rows.get(a), self.rows.get(b)) else { return };
        let print = |x: f64| local(view.lang, &format!("{x}"));
        let line = Line::new(2)
            .text(view.say(format!("lowest {} {shown}", print(low)), format!("minimum {} {shown}", print(low))))
            .cite(a);
        block.push(
            line.text(
                view.say(format!("; highest {} {shown}", print(high)), format!(" ; maximum {} {shown}", print(high))),
            )
            .cite(b),
        );
    }

    fn summary(&self, s: &Sums, style: Style, shown: &str) -> String {
        let view = self.view;
        let n = s.numbers;
        if n == 0 {
            let n = view.many(s.count, ["sample", "samples"], ["mesure", "mesures"]);
            return view.say(format!("{n} without a number"), format!("{n} sans nombre"));
        }
        let days = s.days.map_or(1, |(a, b)| b - a + 1).max(1);
        let over = view.many(days.unsigned_abs(), ["day", "days"], ["jour", "jours"]);
        let print = |x: f64| local(view.lang, &format!("{x}"));
        match style {
            Style::Total => {
                let (per, total) = (approximate(view.lang, s.sum / days as f64), approximate(view.lang, s.sum));
                view.say(
                    format!("≈{per} {shown} per day over {over} (total ≈{total}, n {n})"),
                    format!("≈{per} {shown} par jour sur {over} (total ≈{total}, n {n})"),
                )
            }
            _ => {
                let mean = approximate(view.lang, s.sum / n as f64);
                let (low, high) = (s.min.map(print).unwrap_or_default(), s.max.map(print).unwrap_or_default());
                view.say(
                    format!("mean ≈{mean} {shown}, min {low}, max {high} (n {n})"),
                    format!("moyenne ≈{mean} {shown}, min {low}, max {high} (n {n})"),
                )
            }
        }
    }

    /// Before and after an event, within the source that has the most samples.
    fn around(&self, block: &mut Block, style: Style, shown: &str, e: &Event) -> Result<()> {
        let view = self.view;
        let Some((source, _)) = self.sources().into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0))) else {
            return Ok(());
        };
        let (mut before, mut after) = (Sums::default(), Sums::default());
        let day = super::period::days(&e.when).0;
        for (i, row) in self.rows.iter().enumerate().filter(|(_, r)| r.fact.text == source) {
            let Some((a, b)) = ends(view, row) else { continue };
            let (first, last) = (view.local_day(a), view.local_day(b));
            match row.series.filter(|_| (last < day || first >= day) && !reaches_ahead(view, row)) {
                Some(s) => {
                    let side = if last < day { &mut before } else { &mut after };
                    let range = (s.numbers > 0).then_some((s.min, s.max));
                    side.add(i, u64::from(s.count), u64::from(s.numbers), s.sum, range, (first, last));
                }
                None => {
                    for s in samples(view, row)? {
                        let d = view.local_day(s.start);
                        let side = if d < day { &mut before } else { &mut after };
                        side.sample(i, &s, d);
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
                format!(": {}, {}", self.summary(sums, style, shown), view.quote(source))
            });
            for row in rows.first().into_iter().chain(rows.last().filter(|_| rows.len() > 1)) {
                line = line.cite(row);
            }
            block.push(line);
        }
        Ok(())
    }
}

/// The source with the most numbers; of equals, the first by name.
fn best(by_source: &BTreeMap<String, Sums>) -> Option<(&String, &Sums)> {
    by_source.iter().max_by(|a, b| (a.1.numbers, a.1.count).cmp(&(b.1.numbers, b.1.count)).then(b.0.cmp(a.0)))
}

/// The Monday of a day's week: 1970-01-01 was a Thursday.
pub(super) const fn monday(day: i64) -> i64 {
    day - (day + 3).rem_euclid(7)
}

/// First day of the UTC month of an instant.
pub(super) const fn month(at: i64) -> i64 {
    let (y, m, _) = civil_from_days(at.div_euclid(DAY_MS));
    days_from_civil(y, m, 1)
}

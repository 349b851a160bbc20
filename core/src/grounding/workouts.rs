//! Workouts: one line for each, with what its source says was done in it; and the daily totals
//! (activity rings) that stand beside the samples.

use super::concepts::{self, Concept};
use super::entry::Entry;
use super::fold;
use super::page::Line;
use super::view::{View, place};
use super::within::within;
use crate::catalog::FactRow;
use crate::error::Result;
use crate::id::RecordId;
use crate::record::{Decimal, FactDraft, Kind, Status, Value};
use std::collections::BTreeSet;

/// Apple's older totals: code, English, French, the concept that it is a total of.
const TOTALS: [(&str, &str, &str, &str); 4] = [
    ("totalDistance", "distance", "distance", "distance"),
    ("totalEnergyBurned", "energy", "énergie", "active-energy"),
    ("totalSwimmingStrokeCount", "strokes", "mouvements de nage", ""),
    ("totalFlightsClimbed", "flights climbed", "étages montés", ""),
];

/// Measures of one sort of workout: the concept, that of its total, the sort.
const OF_SORT: [(&str, &str, &str); 2] =
    [("cycling-distance", "distance", "cycling"), ("swimming-distance", "distance", "swimming")];

/// The statistics of a part that are not its sum.
const STATISTICS: [(&str, &str, &str); 3] =
    [("average", "average", "moyenne"), ("minimum", "minimum", "minimum"), ("maximum", "maximum", "maximum")];

/// The rows of each workout, the latest first: a record has one fact for itself and one for each
/// total and statistic.
pub(super) fn each(mut rows: Vec<FactRow>) -> Vec<Vec<FactRow>> {
    rows.retain(|r| r.fact.status != Status::EnteredInError);
    rows.sort_by_key(place);
    let mut out: Vec<Vec<FactRow>> = rows.chunk_by(|a, b| a.record == b.record).map(<[FactRow]>::to_vec).collect();
    out.sort_by_key(|w| core::cmp::Reverse(w.first().map(|r| (r.fact.when.map(|when| when.at), place(r)))));
    out
}

/// The workouts as entries.
pub(super) fn entries(rows: Vec<FactRow>) -> Vec<Entry> {
    each(rows).into_iter().map(|rows| Entry { concept: None, rows, twins: Vec::new() }).collect()
}

/// Sorts of workout: the words of a question, those by which records name it, and French ones.
const SORTS: [(&str, &str, &str); 7] = [
    (" run running runs ran jog jogs jogged jogging footing couru courir course courses ", "running", "course à pied"),
    (" cycling cycle cycled bike bikes biked biking bicycle ride rides rode velo ", "cycling", "vélo"),
    (" walk walks walked walking marche marcher marches ", "walking", "marche"),
    (" swim swims swam swimming nage nager natation ", "swimming", "natation"),
    (" hike hikes hiked hiking randonnee randonnees ", "hiking", "randonnée"),
    (" row rowing rowed aviron ", "rowing", "aviron"),
    (" yoga ", "yoga", "yoga"),
];

/// The sorts that the words of a question name.
pub(super) fn sorts<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Vec<&'static str> {
    let named = |list: &str| words.clone().any(|w| !w.is_empty() && list.contains(&format!(" {w} ")));
    SORTS.iter().filter(|(list, ..)| named(list)).map(|(_, sort, _)| *sort).collect()
}

/// What a sort is called.
pub(super) fn title(view: &View<'_>, sort: &str) -> String {
    let fr = SORTS.iter().find(|(_, en, _)| *en == sort).map_or(sort, |(.., fr)| *fr);
    view.say(sort, fr)
}

/// The rows of workouts that may be seen themselves: where only a statistic of one may, it must not
/// tell that there was one.
fn seen(mut rows: Vec<FactRow>) -> Vec<FactRow> {
    let own: BTreeSet<RecordId> = rows.iter().filter(|r| r.part == 0).map(|r| r.record).collect();
    rows.retain(|r| own.contains(&r.record));
    rows
}

/// The workouts of some sorts, and the others; all are of the sorts where none is named.
pub(super) fn of_sorts(rows: Vec<FactRow>, sorts: &[&str]) -> (Vec<FactRow>, Vec<FactRow>) {
    let rows = seen(rows);
    let is = |r: &&FactRow| r.part == 0 && fold::words(&r.fact.text).iter().any(|w| sorts.contains(&w.as_str()));
    let of: BTreeSet<RecordId> = rows.iter().filter(is).map(|r| r.record).collect();
    rows.into_iter().partition(|r| sorts.is_empty() || of.contains(&r.record))
}

/// What a daily summary calls a measure: the concept, and its code (HealthKit `ActivitySummary`).
const RINGS: [(&str, &str); 3] =
    [("active-energy", "activeEnergyBurned"), ("exercise", "appleExerciseTime"), ("stand-hours", "appleStandHours")];

/// The daily totals of a measure.
pub(super) fn rings(view: &View<'_>, c: &Concept) -> Result<Vec<FactRow>> {
    let Some((_, code)) = RINGS.iter().find(|(key, _)| *key == c.key) else { return Ok(Vec::new()) };
    let mut rows = view.kind_rows(Kind::ActivitySummary)?;
    rows.retain(|r| r.fact.status != Status::EnteredInError && r.fact.codes.iter().any(|k| k.code == *code));
    Ok(rows)
}

/// `«Running», 2025-05-04: 240 min; distance: 42.195 km`
pub(super) fn line(view: &View<'_>, rows: &[FactRow], rank: u8) -> Option<Line> {
    let first = rows.first()?;
    let mut text = String::new();
    let mut parts = rows;
    if first.part == 0 {
        text.push_str(&view.source_words(&first.fact));
        text.push_str(", ");
        parts = rows.get(1..).unwrap_or_default();
    }
    text.push_str(&view.dated(&first.fact));
    let mut said: Vec<String> = Vec::new();
    if first.part == 0 && first.fact.value != Value::None {
        said.push(view.value(&first.fact.value));
    }
    said.extend(parts.iter().map(|r| part(view, &r.fact)));
    if !said.is_empty() {
        text.push_str(view.colon());
        text.push_str(&said.join(view.say("; ", " ; ").as_str()));
    }
    Some(Line::new(rank).release(rows).text(text).cite(first))
}

fn part(view: &View<'_>, fact: &FactDraft) -> String {
    let code = fact.codes.first().map_or("", |c| c.code.as_str());
    let known = || concepts::of_fact(Kind::Series, &fact.codes, "").map(|c| c.name(view.lang).to_owned());
    let name = TOTALS.iter().find(|(t, ..)| *t == code).map(|(_, en, fr, _)| view.say(*en, *fr)).or_else(known);
    let name = name.unwrap_or_else(|| view.quote(code.strip_prefix("HKQuantityTypeIdentifier").unwrap_or(code)));
    let words = fold::words(&fact.text).join(" ");
    let statistic = STATISTICS.iter().find(|(word, ..)| *word == words);
    let statistic = statistic.map_or_else(String::new, |(_, en, fr)| format!(" ({})", view.say(*en, *fr)));
    format!("{name}{statistic}{}{}", view.colon(), view.value(&fact.value))
}

/// Whether a workout says something of a measure that is not on record by itself.
pub(super) fn tell_of(view: &View<'_>, c: &Concept) -> Result<bool> {
    let sort = OF_SORT.iter().find(|(key, ..)| *key == c.key);
    let total = |code: &str| {
        let of = sort.map_or(c.key, |(_, total, _)| total);
        TOTALS.iter().any(|(t, .., key)| *t == code && *key == of)
    };
    // Whoever worked out has exercised.
    let says = |r: &FactRow| c.key == "exercise" || r.fact.codes.iter().any(|k| c.has_code(k) || total(&k.code));
    let sorts: Vec<&str> = sort.map(|(.., sort)| *sort).into_iter().collect();
    let (rows, _) = of_sorts(view.kind_rows(Kind::Workout)?, &sorts);
    Ok(rows.iter().any(|r| r.fact.status != Status::EnteredInError && says(r)))
}

/// The greatest value of a measure that a workout of the period asked tells, where it is above all
/// of the samples.
pub(super) fn highest(view: &View<'_>, c: &Concept, samples: &[FactRow]) -> Result<Option<Line>> {
    let says = |r: &FactRow| {
        let greatest = fold::words(&r.fact.text).iter().any(|w| w == "maximum");
        greatest && r.fact.status != Status::EnteredInError && r.fact.codes.iter().any(|k| c.has_code(k))
    };
    let (mut rows, _) = within(view, seen(view.kind_rows(Kind::Workout)?));
    rows.retain(says);
    let number = |r: &FactRow| match &r.fact.value {
        Value::Quantity(q) => Some(q.number),
        _ => None,
    };
    let mut best: Option<(&FactRow, Decimal)> = None;
    for row in &rows {
        let Some(x) = number(row) else { continue };
        if best.is_none_or(|(_, b)| x.cmp_value(b).is_gt()) {
            best = Some((row, x));
        }
    }
    let known = samples.iter().filter_map(|r| r.series).filter(|s| s.numbers > 0).map(|s| s.max);
    let Some((row, x)) = best else { return Ok(None) };
    if known.fold(f64::NEG_INFINITY, f64::max) >= x.to_f64() {
        return Ok(None);
    }
    let (value, date) = (view.value(&row.fact.value), view.dated(&row.fact));
    let text = view.say(
        format!("highest that a workout tells: {value} ({date})"),
        format!("maximum indiqué par une séance d'exercice : {value} ({date})"),
    );
    Ok(Some(Line::new(2).release(&rows).text(text).cite(row)))
}

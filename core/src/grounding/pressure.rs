//! Blood pressure as it is read: the two halves of one measurement together, those of records and those of
//! devices, the latest first.

use super::number::local;
use super::page::Line;
use super::sums::{day_of, newest, samples};
use super::view::{View, place};
use crate::catalog::{FactRow, Lean};
use crate::error::Result;
use crate::record::{Decimal, Quantity, Value};

/// Other readings of the latest one's time that are named beside it, at most.
const EQUALS: usize = 3;

/// The halves of a blood pressure, of records and of devices.
pub(super) struct Halves<'a> {
    pub(super) systolic: &'a [Lean],
    pub(super) diastolic: &'a [Lean],
    pub(super) systolic_samples: &'a [FactRow],
    pub(super) diastolic_samples: &'a [FactRow],
}

/// A line for the latest reading of the records and one for that of the devices, the later one first.
pub(super) fn lines(view: &View<'_>, halves: &Halves<'_>) -> Result<Vec<Line>> {
    let mut out: Vec<(i64, Line)> = Vec::new();
    out.extend(recorded(view, halves.systolic, halves.diastolic)?);
    out.extend(sampled(view, halves.systolic_samples, halves.diastolic_samples)?);
    out.sort_by_key(|(at, _)| core::cmp::Reverse(*at));
    Ok(out.into_iter().map(|(_, line)| line).collect())
}

fn recorded(view: &View<'_>, systolic: &[Lean], diastolic: &[Lean]) -> Result<Option<(i64, Line)>> {
    let asked = |r: &&Lean| match (&r.fact.when, &view.plan.period) {
        (Some(w), Some(p)) => p.covers(w),
        (when, _) => when.is_some(),
    };
    let dated = || systolic.iter().filter(|r| asked(r) && r.fact.value != Value::None && !view.ahead(&r.fact));
    let Some(last) = dated().max_by_key(|r| (r.fact.when.map(|w| w.at), place(r))) else { return Ok(None) };
    let pair = |of: &Lean| diastolic.iter().find(|d| d.record == of.record && d.fact.when == of.fact.when);
    let mut said: Option<(i64, String, Line)> = None;
    // Nothing tells which of several readings of one time is the later one.
    let others = dated().filter(|r| r.fact.when == last.fact.when && !core::ptr::eq(*r, last));
    for high in core::iter::once(last).chain(others.take(EQUALS)) {
        let Some(low) = pair(high) else { continue };
        let (high, low) = (&*view.whole(high)?, &*view.whole(low)?);
        let (Value::Quantity(s), Value::Quantity(d)) = (&high.fact.value, &low.fact.value) else { continue };
        if s.unit != d.unit {
            continue;
        }
        let print = |q: &Quantity| format!("{}{}", q.comparator.sign(), local(view.lang, &q.number.to_string()));
        let reading = format!("{}/{} {}", print(s), print(d), view.unit(s));
        said = Some(match said {
            None => {
                let date = view.date(high.fact.when.as_ref());
                let mark = [&high.fact, &low.fact].map(|f| view.mark(f)).into_iter().max().unwrap_or_default();
                let text = view.say(
                    format!("last reading {reading} ({date}){mark}"),
                    format!("dernière mesure {reading} ({date}){mark}"),
                );
                let at = high.fact.when.map_or(0, |w| w.at);
                (at, reading, Line::new(1).text(text).cite(high).release([low]))
            }
            Some((at, first, line)) if first == reading => (at, first, line.release([high, low])),
            Some((at, first, line)) => {
                let text = view.say(format!("; equally late: {reading}"), format!(" ; aussi récente : {reading}"));
                (at, first, line.text(text).cite(high).release([low]))
            }
        });
    }
    Ok(said.map(|(at, _, line)| (at, line)))
}

/// Two samples of one source that begin together are one reading.
fn sampled(view: &View<'_>, systolic: &[FactRow], diastolic: &[FactRow]) -> Result<Option<(i64, Line)>> {
    let asked =
        |day: i64| view.plan.period.is_none_or(|p| p.from.is_none_or(|f| f <= day) && p.to.is_none_or(|t| day < t));
    let rows: Vec<&FactRow> = systolic.iter().collect();
    let Some((row, i, high)) = newest(view, &rows, &asked)? else { return Ok(None) };
    for other in diastolic.iter().filter(|r| r.fact.text == row.fact.text && r.fact.note == row.fact.note) {
        let samples = samples(view, other)?;
        let pair = samples.iter().enumerate().find(|(_, s)| s.start == high.start && s.number.is_some());
        let Some((k, low)) = pair else { continue };
        let (Some(s), Some(d)) = (high.number, low.number) else { continue };
        let print = |x: Decimal| local(view.lang, &x.to_string());
        let reading = format!("{}/{} {}", print(s), print(d), view.unit_text(&row.fact.note));
        let (day, source) = (view.day(day_of(&high)), view.quote(&row.fact.text));
        let text = view.say(
            format!("last reading of a device {reading} ({day}), {source}"),
            format!("dernière mesure d'un appareil {reading} ({day}), {source}"),
        );
        let line = Line::new(1).text(text).cite_sample(row, i, &high).cite_sample(other, k, low);
        return Ok(Some((high.start, line)));
    }
    Ok(None)
}

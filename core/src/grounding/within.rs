//! What lies in the period that a question asks about: one rule for everything that is listed.

use super::page::Line;
use super::period::{Period, days};
use super::view::{View, place};
use crate::catalog::FactRow;
use crate::record::{FactDraft, Kind, Precision, Status};

/// The rows of the period asked, and those of which no date tells whether they are; all where none
/// is asked.
pub(super) fn within(view: &View<'_>, rows: Vec<FactRow>) -> (Vec<FactRow>, Vec<FactRow>) {
    let Some(p) = &view.plan.period else { return (rows, Vec::new()) };
    let (mut inside, mut open) = (Vec::new(), Vec::new());
    for row in rows {
        match reaches(p, &row.fact) {
            Some(true) => inside.push(row),
            Some(false) => {}
            None => open.push(row),
        }
    }
    (inside, open)
}

/// Whether a fact lies in a period; what lasts does from its beginning to its end. `None` where no
/// date tells.
fn reaches(p: &Period, f: &FactDraft) -> Option<bool> {
    let lasts = matches!(f.kind, Kind::Medication | Kind::Condition | Kind::Allergy);
    let end = f.until.as_ref().map(|u| days(u).1);
    let Some(when) = f.when.as_ref() else {
        // The end alone: in the period it was there.
        return f.until.as_ref().and_then(|u| p.holds(u)).filter(|holds| *holds);
    };
    let (first, last) = days(when);
    let before = p.from.is_some_and(|from| end.unwrap_or(last).max(last) < from);
    let after = p.to.is_some_and(|to| first >= to);
    if !lasts {
        return match p.holds(when) {
            Some(false) if before || after => Some(false),
            // A stay that reaches into the period.
            Some(false) if when.precision >= Precision::Day => Some(true),
            Some(false) => None,
            holds => holds,
        };
    }
    match f.standing() {
        // It was written down later, and began nobody knows when.
        s if after && s.recorded => None,
        _ if after => Some(false),
        _ if p.covers(when) || !before => Some(true),
        _ if f.until.is_some() => Some(false),
        s => match s.clinical {
            Status::Active | Status::OnHold => Some(true),
            Status::NotDone | Status::Preliminary => Some(false),
            _ => None,
        },
    }
}

/// The latest row, by date.
pub(super) fn latest(rows: &[FactRow]) -> Option<FactRow> {
    let standing = rows.iter().filter(|r| r.fact.status != Status::EnteredInError);
    standing.max_by_key(|r| (r.fact.when.map(|w| w.at), place(r))).cloned()
}

/// That what there is lies outside the period asked, with its latest row.
pub(super) fn outside(view: &View<'_>, latest: &FactRow) -> Line {
    let text = match &latest.fact.when {
        Some(when) => {
            let (date, mark) = (view.date(Some(when)), view.mark(&latest.fact));
            view.say(
                format!("none in the period asked; the latest is of {date}{mark}"),
                format!("rien dans la période demandée ; le dernier élément date du {date}{mark}"),
            )
        }
        None => view.say(
            "none dated in the period asked; there are undated ones",
            "rien de daté dans la période demandée ; il y a des éléments sans date",
        ),
    };
    Line::new(1).text(text).cite(latest)
}

/// How many there are of which no date tells; `None` where there are none.
pub(super) fn unclear(view: &View<'_>, rows: &[FactRow], rank: u8) -> Option<Line> {
    (!rows.is_empty()).then(|| Line::new(rank).text(besides(view, rows.len())).release(rows))
}

/// As [`unclear`], the text.
pub(super) fn besides(view: &View<'_>, n: usize) -> String {
    let n = view.many(n as u64, ["record", "records"], ["enregistrement", "enregistrements"]);
    view.say(
        format!("besides, {n} of which no date tells whether it lies in the period asked"),
        format!("de plus, {n} dont aucune date ne dit s'il relève de la période demandée"),
    )
}

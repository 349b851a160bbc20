//! Values before and after an event.

use super::page::{Block, Line};
use super::series::{EXTREMES, Group, beside, change, extreme, mean_of};
use super::view::{Event, View, de};
use crate::catalog::Lean;
use crate::error::Result;
use crate::record::{Precision, When};

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

/// Before and after an event.
pub(super) fn around(view: &View<'_>, block: &mut Block, g: &Group<'_>, prefix: &str, e: &Event) -> Result<()> {
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
            let whole = &*view.whole(last)?;
            let line = line
                .text(view.say(format!(": n {}, last ", before.len()), format!(" : n {}, dernier ", before.len())))
                .text(g.valued(view, whole))
                .cite(whole);
            let line = beside(view, g, line, &before, last, true)?;
            extremes(view, g, line, &before)?.text(mean_text(&before))
        }
        None => line.text(view.say(": no result", " : aucun résultat")),
    };
    block.push(line);
    let mut line = Line::new(1).release(after.iter().map(|r| &r.row)).text(prefix).text(view.say("after it", "après"));
    line = match (after.first(), after.last()) {
        (Some(first), Some(last)) => {
            let (earliest, latest) = (&*view.whole(first)?, &*view.whole(last)?);
            let mut line = line.text(view.say(format!(": n {}, ", after.len()), format!(" : n {}, ", after.len())));
            if after.len() > 1 {
                line = line.text(view.say("first ", "premier ")).text(g.valued(view, earliest)).cite(earliest);
                line = beside(view, g, line, &after, first, false)?.text(view.say("; latest ", " ; dernier "));
            }
            let line = line.text(g.valued(view, latest)).cite(latest);
            let line = beside(view, g, line, &after, last, true)?;
            extremes(view, g, line, &after)?.text(mean_text(&after))
        }
        _ => line.text(view.say(": no result", " : aucun résultat")),
    };
    block.push(line);
    if let (Some(a), Some(b)) = (before.last(), after.last()) {
        let line = Line::new(1).text(prefix).text(view.say(
            "change from the last before to the latest after: ",
            "évolution du dernier avant au dernier après : ",
        ));
        block.lines.extend(change(view, line, (&before, a), (&after, b), &g.unit)?);
    }
    if !unclear.is_empty() {
        block.push(Line::new(2).text(prefix).text(view.say(
            format!("dated too vaguely to place before or after: {}", unclear.len()),
            format!("date trop imprécise pour situer avant ou après : {}", unclear.len()),
        )));
    }
    Ok(())
}

/// The least and the greatest of one side of an event.
fn extremes(view: &View<'_>, g: &Group<'_>, mut line: Line, rows: &[&Lean]) -> Result<Line> {
    for (want, en, fr) in EXTREMES.into_iter().filter(|_| rows.len() > 1) {
        let Some((row, sure)) = extreme(rows, want) else { continue };
        let row = &*view.whole(row)?;
        line = line.text(view.say("; ", " ; ")).text(view.say(en, fr)).text(g.valued(view, row)).cite(row);
        if !sure {
            line = line.text(view.say(", bounds aside", ", bornes mises à part"));
        }
    }
    Ok(line)
}

//! Reference ranges and flags as reported, and where a value stands to its own range.

use std::cmp::Ordering;

use super::number::local;
use super::view::View;
use crate::record::{Comparator, FactDraft, Quantity, Value};

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

/// Whether the source flags a value, or it lies outside of its own range.
pub(super) fn is_flagged(fact: &FactDraft) -> bool {
    let flag = fact.range.as_ref().map_or("", |r| r.interpretation.trim());
    !matches!(flag, "" | "N" | "NEG" | "ND") || matches!(place(fact), Some(Ordering::Less | Ordering::Greater))
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

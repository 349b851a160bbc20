//! What a question leaves out of what it asks for, and what it would limit that nothing here limits.

use super::clause::Found;
use super::concepts::Area;
use super::event;
use super::phrases::Word;
use super::question::{Plan, RESULTS, begins};
use super::topic::Topic;

/// Whether the words before a place leave out what is named there: "not my weight", "sauf le LDL";
/// `true` where all else is asked for: "other than hypertension". `several` where more than this is named.
pub(super) fn leaves_out(words: &[Word], at: usize, several: bool) -> Option<bool> {
    let clause = words.get(at)?.clause;
    let word = |i: usize| words.get(i).filter(|w| w.clause == clause).map_or("", |w| w.text.as_str());
    let before = |i: usize, n: usize| i.checked_sub(n).map_or("", word);
    let is = |list: &str, w: &str| !w.is_empty() && list.contains(&format!(" {w} "));
    // "I don't want to see my weight"
    let filler =
        |w: &str| is(" my the a an any l le la les mon ma mes du des de d want need to see show tell me include ", w);
    let lead = (0..at).rev().find(|i| !filler(word(*i)))?;
    match word(lead) {
        "except" | "excepte" | "sauf" | "hormis" | "excluding" | "besides" => Some(true),
        "from" if before(lead, 1) == "apart" => Some(true),
        "part" if is(" a mis ", before(lead, 1)) => Some(true),
        "than" | "que" | "qu" if is(" other autre autres ", before(lead, 1)) => Some(true),
        // "All labs but LDL"
        "but" if lead > 0 => {
            let last = words.get(lead - 1).map_or("", |w| w.text.as_str());
            let before = lead.checked_sub(2).and_then(|i| words.get(i)).map_or("", |w| w.text.as_str());
            (is(ALL, last) || is(ALL, before)).then_some(true)
        }
        // "No LDL please, just HDL"
        "no" if several && (0..lead).all(|i| word(i).is_empty()) => Some(false),
        "not" if several && words.iter().skip(at).any(|w| matches!(w.text.as_str(), "but" | "mais")) => Some(false),
        "not" | "pas" => {
            // At the beginning of a question it is what is asked: "pas de diabète ?"
            let first = clause > 0 && (0..lead).all(|i| word(i).is_empty() || is(" but and or mais et ou ", word(i)));
            // "Pas le LDL, le HDL": what is named is not asked for, where something else is.
            let named = several && lead + 1 < at && is(" le la les l mon ma mes my the ", word(lead + 1));
            let first = first || (named && (0..lead).all(|i| word(i).is_empty()));
            let refused = is(" do does veux voudrais montre montrez besoin ", before(lead, 1));
            (first || refused).then_some(false)
        }
        "t" if is(" don dont doesn ", before(lead, 1)) => Some(false),
        "dont" => Some(false),
        _ => None,
    }
}

/// Words for all of something.
const ALL: &str = " all any anything everything every none nothing tout tous toutes toute ";

/// Whether a place is led by a word that leaves out what is listed before: "my results without cholesterol".
pub(super) fn without(words: &[Word], at: usize) -> bool {
    let word = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    let filler = |w: &str| matches!(w, "my" | "the" | "le" | "la" | "les" | "l" | "mon" | "ma" | "mes");
    let lead = (0..at).rev().find(|i| !filler(word(*i)));
    lead.is_some_and(|i| {
        matches!(word(i), "without" | "sans" | "minus") || (word(i) == "part" && i > 0 && word(i - 1) == "a")
    })
}

/// Where results of no kind are named.
pub(super) fn bare_list(words: &[Word]) -> Vec<usize> {
    let is = |w: &Word| !w.text.is_empty() && RESULTS.contains(&format!(" {} ", w.text));
    words.iter().enumerate().filter(|(_, w)| is(w)).map(|(at, _)| at).collect()
}

/// Whether nothing but a joining word stands between two places.
pub(super) fn joined(words: &[Word], end: usize, at: usize) -> bool {
    let between = || words.iter().take(at).skip(end).map(|w| w.text.as_str());
    let joins = |w: &str| matches!(w, "and" | "or" | "nor" | "et" | "ou" | "ni");
    let filler = |w: &str| joins(w) || matches!(w, "my" | "the" | "le" | "la" | "les" | "l" | "mon" | "ma" | "mes");
    between().any(joins) && between().all(filler)
}

/// What limits no list here is said to: what came "since my stroke", and the results "of my last visit", of which
/// the visits themselves were not asked for.
pub(super) fn unlimited(plan: &mut Plan, words: &[Word], found: &mut Vec<Found>, markers: &[(usize, usize)]) {
    let word = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    let said = |from: usize, to: usize| (from..to).map(word).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let filler = |w: &str| event::is_last(w) || " my the a l la le mon ma mes ".contains(&format!(" {w} "));
    // "A" is an article, and in French, before another one, it leads.
    let leads_in = |i: usize| word(i) == "a" && matches!(word(i + 1), "l" | "la");
    let lead = |at: usize| (0..at).rev().find(|i| !filler(word(*i)) || leads_in(*i));
    let asked = |f: &Found, at: usize| f.at < at && (f.topic.is_some() || !f.concepts.is_empty());
    let visits = |f: &Found| f.topic == Some(Topic::Encounters) && f.concepts.is_empty();
    let other: Vec<usize> = found
        .iter()
        .filter(|f| !visits(f))
        .filter(|f| asked(f, usize::MAX))
        .map(|f| f.at)
        .chain(bare_list(words))
        .collect();
    let other_clauses: Vec<(usize, usize)> =
        other.iter().filter_map(|at| Some((*at, words.get(*at)?.clause))).collect();
    found.retain(|f| {
        let leads = |i: &usize| {
            matches!(word(*i), "of" | "from" | "at" | "on" | "in" | "during" | "de" | "du" | "a" | "lors" | "pendant")
        };
        // "In hospital" leads by itself.
        let near = other_clauses.iter().any(|(at, clause)| *at < f.at && *clause == f.clause);
        let led = if near && f.len > 1 && leads(&f.at) && matches!(word(f.at + 1), "hospital" | "the" | "l") {
            Some(f.at)
        } else {
            lead(f.at).filter(leads)
        };
        let led = led.filter(|i| *i > 0 && other.iter().any(|at| at < i));
        let Some(from) = led.filter(|_| visits(f)) else { return true };
        limits(plan, said(from, f.at + f.len));
        false
    });
    let measured = plan.concepts.iter().any(|c| c.area == Area::Measure);
    let since = |i: usize| matches!(word(i), "since" | "after" | "before" | "depuis" | "apres" | "avant");
    if measured {
        return;
    }
    for f in found.iter().filter(|f| found.iter().any(|other| asked(other, f.at))) {
        let place = begins(words, markers, f.at).then(|| (0..f.at).rev().find(|i| since(*i))).flatten();
        let first = place.filter(|m| found.iter().any(|other| asked(other, *m)));
        if let Some(first) = first {
            limits(plan, said(first, f.at + f.len));
        }
    }
    // What no table knows of it.
    for at in (0..words.len()).filter(|i| since(*i) && found.iter().any(|f| asked(f, *i))) {
        let first = (at + 1..words.len()).find(|i| !filler(word(*i))).unwrap_or(words.len());
        let of_it = |i: &usize| plan.rest.iter().any(|r| r.words.iter().any(|w| w == word(*i)));
        let end = (first..words.len()).take_while(of_it).last();
        if let Some(end) = end {
            limits(plan, said(at, end + 1));
        }
    }
}

/// Says of words that they limit nothing, once.
fn limits(plan: &mut Plan, said: String) {
    if !plan.unread.iter().any(|u| u.contains(&said)) {
        plan.unread.push(said);
    }
}

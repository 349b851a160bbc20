//! Words of time that nothing understood: they are said to be so, for a period that is ignored
//! without a word makes an answer of all years look like one of that time.

use super::{MONTHS, number, unit};

/// Words that speak of a time by themselves.
const TIMES: &str = " ago weekdays quarter quarters trimestre trimestres semestre decade decades decennie decennies century siecle fortnight \
weekend weekends christmas noel easter paques birthday anniversaire childhood enfance teenager adolescence morning mornings evening \
evenings night nights afternoon noon midnight matin matins soir soirs soiree nuit nuits midi minuit tomorrow demain next prochain \
prochaine prochains prochaines monday tuesday wednesday thursday friday saturday sunday lundi mardi mercredi jeudi vendredi samedi \
dimanche recently lately nowadays recemment dernierement lockdown lockdowns confinement confinements rentree \
summer winter autumn hiver automne printemps twenties thirties forties fifties sixties seventies eighties nineties ";

/// Words that make a time of a unit beside them.
const LEANING: &str = " last past previous next recent coming dernier derniere derniers dernieres prochain prochaine recents recentes before after ";

/// Phrases that speak of a time, where none of their words does alone.
const PHRASES: [&str; 43] = [
    "new year",
    "new years",
    "nouvel an",
    "jour de l an",
    "st sylvestre",
    "as a child",
    "as a kid",
    "as a baby",
    "as a teenager",
    "as a teen",
    "as an adult",
    "when i was a child",
    "when i was a kid",
    "when i was young",
    "when i was little",
    "when i was small",
    "quand j etais petit",
    "quand j etais petite",
    "quand j etais enfant",
    "quand j etais jeune",
    "derniers temps",
    "ces temps ci",
    "beginning of the year",
    "start of the year",
    "middle of the year",
    "end of the year",
    "debut d annee",
    "milieu d annee",
    "fin d annee",
    "fin de l annee",
    "milieu de l annee",
    "debut de mois",
    "fin de mois",
    "end of the month",
    "l ete",
    "every day",
    "every week",
    "every month",
    "every year",
    "chaque jour",
    "chaque semaine",
    "chaque mois",
    "chaque annee",
];

/// The runs of words of time, among words that are free.
pub(in crate::grounding) fn unread(words: &[&str], free: &[bool]) -> Vec<Vec<usize>> {
    let at = |i: Option<usize>| i.filter(|i| free.get(*i) == Some(&true)).and_then(|i| words.get(i)).copied();
    let says = |list: &str, w: &str| list.contains(&format!(" {w} "));
    let decade = |w: &str| w.strip_suffix('s').is_some_and(|d| d.len() >= 2 && d.bytes().all(|b| b.is_ascii_digit()));
    let month =
        |w: &str| w.len() >= 4 && !matches!(w, "mars" | "sept" | "march") && MONTHS.iter().any(|(n, _)| *n == w);
    let mut told = vec![false; words.len()];
    let mut tell = |i: Option<usize>| {
        if let Some(told) = i.and_then(|i| told.get_mut(i)) {
            *told = true;
        }
    };
    for i in 0..words.len() {
        let Some(w) = at(Some(i)) else { continue };
        if says(TIMES, w) || decade(w) || month(w) {
            tell(Some(i));
        }
        for phrase in PHRASES {
            let len = phrase.split(' ').count();
            if phrase.split(' ').enumerate().all(|(k, p)| at(Some(i + k)) == Some(p)) {
                (i..i + len).for_each(|i| tell(Some(i)));
            }
        }
        if unit(w).is_some() {
            let before = i.checked_sub(1);
            for (place, lead) in [(before, true), (Some(i + 1), false)] {
                let Some(other) = at(place) else { continue };
                if (lead && number(other).is_some()) || says(LEANING, other) {
                    tell(Some(i));
                    tell(place);
                }
            }
        }
        // "Les week-ends"
        if matches!(w, "week") && matches!(at(Some(i + 1)), Some("end" | "ends")) {
            tell(Some(i));
            tell(Some(i + 1));
        }
        // What stands before "ago" says how long.
        if w == "ago" {
            (1..=2).for_each(|k| tell(i.checked_sub(k).filter(|i| at(Some(*i)).is_some())));
        }
    }
    let mut out: Vec<Vec<usize>> = Vec::new();
    for i in (0..words.len()).filter(|i| told.get(*i) == Some(&true)) {
        match out.last_mut() {
            Some(run) if run.last().is_some_and(|last| last + 1 == i) => run.push(i),
            _ => out.push(vec![i]),
        }
    }
    out
}

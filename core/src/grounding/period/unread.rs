//! Words of time that nothing understood: they are said to be so, for a period that is ignored
//! without a word makes an answer of all years look like one of that time.

use super::forms::JOINS;
use super::{MONTHS, number, unit};

/// Words that speak of a time by themselves.
const TIMES: &str = " ago weekdays quarter quarters trimestre trimestres semestre decade decades decennie decennies century siecle fortnight \
weekend weekends christmas noel easter paques birthday anniversaire childhood enfance teenager adolescence morning mornings evening \
evenings night nights afternoon noon midnight matin matins soir soirs soiree nuit nuits midi minuit tomorrow demain next prochain \
prochaine prochains prochaines monday tuesday wednesday thursday friday saturday sunday lundi mardi mercredi jeudi vendredi samedi \
dimanche mondays tuesdays wednesdays thursdays fridays saturdays sundays lundis mardis mercredis jeudis vendredis samedis dimanches \
thanksgiving halloween ramadan hanukkah diwali toussaint carnaval oclock recently lately nowadays recemment dernierement lockdown lockdowns confinement confinements rentree \
summer winter autumn hiver automne printemps twenties thirties forties fifties sixties seventies eighties nineties ";

/// Words that make a time of a unit beside them.
const LEANING: &str = " last past previous next recent coming dernier derniere derniers dernieres prochain prochaine recents recentes before after ";

/// Phrases that speak of a time, where none of their words does alone.
const PHRASES: [&str; 46] = [
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
    "last day of",
    "first day of",
    "dernier jour de",
];

/// Phrases that lead what was then: that, too, limits nothing here.
const WHILE: [&str; 18] = [
    "while i",
    "when i had",
    "during my",
    "the day i",
    "the day of my",
    "day of my",
    "between ages",
    "between the ages",
    "pendant que",
    "pendant mon",
    "pendant ma",
    "pendant mes",
    "durant mon",
    "durant ma",
    "quand j ai",
    "lorsque j ai",
    "le jour de mon",
    "le jour de ma",
];

/// Whether a word is a time of day: "8am", "9h", "9h30".
fn clock(w: &str) -> bool {
    let digits = w.bytes().take_while(u8::is_ascii_digit).count();
    let (n, rest) = w.split_at(digits);
    let minutes = |m: &str| m.len() == 2 && m.bytes().all(|b| b.is_ascii_digit());
    let is = matches!(rest, "am" | "pm" | "h") || rest.strip_prefix('h').is_some_and(minutes);
    (1..=2).contains(&digits) && is && n.parse::<u8>().is_ok_and(|n| n <= 24)
}

/// Words that lead a time of day.
const AT: &str = " at a around about vers by before after avant apres between entre and et to ";

/// The runs of words of time, among words that are free; `dated` are those that a date was read from.
pub(in crate::grounding) fn unread(words: &[&str], free: &[bool], dated: &[usize]) -> Vec<Vec<usize>> {
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
        // "The 3, 4 and 5 August", "Q2-Q3 2026": what stands at a date, and was not read with it.
        let part = w.len() <= 2 && w.parse().is_ok_and(|n: u8| (1..=31).contains(&n));
        let quarter = matches!(w, "q1" | "q2" | "q3" | "q4" | "t1" | "t2" | "t3" | "t4");
        let joined = i + 1 < words.len() && words.get(i + 1).is_some_and(|w| says(JOINS, w));
        let near = dated.contains(&(i + 1)) || (joined && dated.contains(&(i + 2)));
        if (part || quarter) && near {
            tell(Some(i));
        }
        for phrase in PHRASES {
            let len = phrase.split(' ').count();
            if phrase.split(' ').enumerate().all(|(k, p)| at(Some(i + k)) == Some(p)) {
                (i..i + len).for_each(|i| tell(Some(i)));
            }
        }
        for phrase in WHILE {
            let len = phrase.split(' ').count();
            if phrase.split(' ').enumerate().all(|(k, p)| at(Some(i + k)) == Some(p)) {
                // With what it was, whether that is known or not.
                (i..(i + len + 2).min(words.len())).for_each(|i| tell(Some(i)));
            }
        }
        // "Between 8 and 9 am", "à 8 h"; "8 h of sleep" is how long.
        let sign = matches!(w, "am" | "pm" | "h" | "heure" | "heures");
        let hour = |w: &str| number(w).is_some_and(|n| n <= 24) || clock(w);
        let first =
            if clock(w) { Some(i) } else { i.checked_sub(1).filter(|i| sign && at(Some(*i)).is_some_and(hour)) };
        if let Some(first) = first {
            let led = first.checked_sub(1).and_then(|i| words.get(i)).is_some_and(|w| says(AT, w));
            if led || w.ends_with("am") || w.ends_with("pm") {
                (first..=i).for_each(|i| tell(Some(i)));
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

//! Words of time that nothing understood: they are said to be so, for a period that is ignored
//! without a word makes an answer of all years look like one of that time.

use super::forms::JOINS;
use super::{MONTHS, Unit, number, unit};

/// Words that speak of a time by themselves.
const TIMES: &str = " ago weekdays quarter quarters trimestre trimestres semestre decade decades decennie decennies century siecle fortnight \
weekend weekends christmas noel easter paques birthday anniversaire childhood enfance teenager adolescence morning mornings evening \
evenings night nights afternoon noon midnight matin matins soir soirs soiree nuit nuits midi minuit tomorrow demain next prochain \
prochaine prochains prochaines monday tuesday wednesday thursday friday saturday sunday lundi mardi mercredi jeudi vendredi samedi \
dimanche mondays tuesdays wednesdays thursdays fridays saturdays sundays lundis mardis mercredis jeudis vendredis samedis dimanches \
thanksgiving halloween ramadan hanukkah diwali toussaint carnaval oclock recently lately nowadays recemment dernierement lockdown lockdowns confinement confinements rentree \
valentine valentines valentin sylvestre summer winter autumn hiver automne printemps twenties thirties forties fifties sixties seventies eighties nineties ";

/// Words that make a time of a unit beside them.
const LEANING: &str = " last past previous next recent coming dernier derniere derniers dernieres prochain prochaine recents recentes before after ";

/// Phrases that speak of a time, where none of their words does alone.
const PHRASES: [&str; 80] = [
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
    "per year",
    "per month",
    "par an",
    "par mois",
    "year by year",
    "month by month",
    "school year",
    "academic year",
    "annee scolaire",
    "in hospital",
    "a l hopital",
    "en reanimation",
    "year to date",
    "month to date",
    "year over year",
    "this time",
    "la vingtaine",
    "la trentaine",
    "la quarantaine",
    "la cinquantaine",
    "la soixantaine",
    "ces jours ci",
    "il y a peu",
    "en semaine",
    "during the day",
    "puberty",
    "puberte",
    "at birth",
    "a la naissance",
    "dizaine d annees",
    "d avant",
    "fiscal year",
    "several years",
    "ytd",
];

/// Phrases that lead what was then: that, too, limits nothing here.
const WHILE: [&str; 36] = [
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
    "the year i",
    "the month i",
    "the week i",
    "the year of my",
    "the time of my",
    "the time i",
    "when i was diagnosed",
    "when i got",
    "when i fell",
    "when i broke",
    "quand je me",
    "lorsque je me",
    "l annee de mon",
    "l annee de ma",
    "au moment de mon",
    "au moment de ma",
    "between my",
    "entre mon",
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

/// What makes an amount of the number before it.
const AMOUNTS: &str = " mg g mcg ug ml dl l mmol umol iu ui kg lb lbs km m cm mm bpm percent times fois steps pas hours heures h readings results values mesures resultats ";

/// Words that lead a year.
const LED: &str = " in since until before after from en depuis avant apres de of and et to ";

/// Words that lead a year of two digits, and what follows one.
const YEARS_LEAD: &str = " in since until from en depuis ";
const YEARS_END: &str = " and or to until compared versus et ou a jusqu ";

/// Words that make a date less exact.
const ABOUT: &str = " around about circa roughly approximately environ vers autour ";

/// Words that relate to a time, and change which one is meant.
const RELATIONS: &str = " later earlier onward onwards till until half prior tard jusqu jusque demi demie moitie ";

/// Of these, those that are read before a date.
const UNTIL: &str = " till until jusqu jusque ";

/// What makes a month of the one that is a verb, too.
const MARCH: &str = " this next early late mid by of ce en debut fin mi ";

/// The runs of words of time, among words that are free; `dated` are those that a date was read from.
pub(in crate::grounding) fn unread(words: &[&str], free: &[bool], dated: &[usize]) -> Vec<Vec<usize>> {
    let at = |i: Option<usize>| i.filter(|i| free.get(*i) == Some(&true)).and_then(|i| words.get(i)).copied();
    let says = |list: &str, w: &str| list.contains(&format!(" {w} "));
    let decade = |w: &str| w.strip_suffix('s').is_some_and(|d| d.len() >= 2 && d.bytes().all(|b| b.is_ascii_digit()));
    let month =
        |w: &str| w.len() >= 4 && !matches!(w, "mars" | "sept" | "march") && MONTHS.iter().any(|(n, _)| *n == w);
    let mut told = vec![false; words.len()];
    let mut out_of_date: Vec<usize> = Vec::new();
    let mut tell = |i: Option<usize>| {
        if let Some(told) = i.and_then(|i| told.get_mut(i)) {
            *told = true;
        }
    };
    for i in 0..words.len() {
        let Some(w) = at(Some(i)) else { continue };
        let march = matches!(w, "march" | "mars") && i > 0 && words.get(i - 1).is_some_and(|w| says(MARCH, w));
        let half = matches!(w, "q1" | "q2" | "q3" | "q4" | "h1" | "h2");
        // A unit of time that nothing read: "by year", "month to date". How old somebody is limits nothing.
        let old = words.get(i + 1).is_some_and(|w| matches!(*w, "old"));
        let length =
            w != "an" && matches!(unit(w), Some(Unit::Week | Unit::Month | Unit::Quarter | Unit::Year)) && !old;
        if says(TIMES, w) || decade(w) || month(w) || march || half || length {
            tell(Some(i));
        }
        // "The 3, 4 and 5 August", "Q2-Q3 2026": what stands at a date, and was not read with it.
        let part = w.len() <= 2 && w.parse().is_ok_and(|n: u8| (1..=31).contains(&n));
        let quarter = matches!(w, "q1" | "q2" | "q3" | "q4" | "t1" | "t2" | "t3" | "t4");
        let joined = i + 1 < words.len() && words.get(i + 1).is_some_and(|w| says(JOINS, w));
        let near = dated.contains(&(i + 1)) || (joined && dated.contains(&(i + 2)));
        // "2019-13-01": what follows one, and is no amount.
        let amount = words.get(i + 1).is_some_and(|w| says(AMOUNTS, w));
        let after = |i: usize| dated.contains(&i) || out_of_date.contains(&i);
        let joined = i > 1 && words.get(i - 1).is_some_and(|w| says(JOINS, w)) && after(i - 2);
        let behind = i > 0 && (after(i - 1) || joined);
        let digits = !w.is_empty() && w.len() <= 4 && w.bytes().all(|b| b.is_ascii_digit());
        let behind = digits && behind && !amount;
        if behind {
            out_of_date.push(i);
        }
        // "In 1850"
        let year = w.len() == 4 && w.parse().is_ok_and(|y: i64| (1000..2200).contains(&y)) && !amount;
        let led = i > 0 && words.get(i - 1).is_some_and(|w| says(LED, w));
        // "In 19": a year, if anything, where it ends what is said.
        let short = w.len() == 2 && digits && words.get(i + 1).is_none_or(|w| says(YEARS_END, w));
        let short = short && i > 0 && words.get(i - 1).is_some_and(|w| says(YEARS_LEAD, w));
        if ((part || quarter) && near) || behind || (year && led) || short {
            tell(Some(i));
        }
        if says(ABOUT, w) && dated.contains(&(i + 1)) {
            tell(Some(i));
        }
        // "2019 or later", "between 2019 and a later one": beside a date, and not read with it.
        // "Until March 2019" is read; "2019 until a later one" is not.
        let leads_date = says(UNTIL, w) && (1..=3).any(|k| dated.contains(&(i + k)));
        if says(RELATIONS, w)
            && !leads_date
            && (1..=3).any(|k| dated.contains(&(i + k)) || (i >= k && dated.contains(&(i - k))))
        {
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
            // "Ages" ask for an age elsewhere.
            let word = |k: usize| if k > 0 && w == "between" { words.get(i + k).copied() } else { at(Some(i + k)) };
            if phrase.split(' ').enumerate().all(|(k, p)| word(k) == Some(p)) {
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

//! Dates as they are written: days, months, quarters, years, decades.

use super::{MONTHS, day, month_start, number};
use crate::id::civil_from_days;
use crate::lang::Lang;

/// Words that lead a bare month.
const LEADS: &str =
    " in since from until before after during last to through till en depuis avant apres pendant de d a ";

/// Words that lead a day without a year.
const DATED: &str = " on since from until before after between and to the le du au depuis avant apres entre et ";

fn year(s: &str) -> Option<i64> {
    (s.len() == 4).then(|| s.parse::<i64>().ok()).flatten().filter(|y| (1900..2200).contains(y))
}

fn month(s: &str) -> Option<i64> {
    MONTHS.iter().find(|(n, _)| *n == s).map(|(_, m)| i64::from(*m))
}

/// A date that begins at a word: (words used, first day, day after the last).
pub(super) fn date_at(question: &str, words: &[String], i: usize, lang: Lang, today: i64) -> Option<(usize, i64, i64)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let num = |s: &str, len: usize| (s.len() <= len && !s.is_empty()).then(|| s.parse::<i64>().ok()).flatten();
    let ordinal = |s: &str| {
        if matches!(s, "first" | "premier") {
            return Some(1);
        }
        let s = ["st", "nd", "rd", "th", "er"].iter().find_map(|x| s.strip_suffix(x)).unwrap_or(s);
        num(s, 2).filter(|d| (1..=31).contains(d))
    };
    let one = |y, m, d| day(y, m, d).map(|at| (at, at + 1));
    if let Some(part) = part_of_year(words, i).or_else(|| decade(question, words, i)) {
        return Some(part);
    }
    if let Some(y) = year(w(0)) {
        let dashed = |k: usize| question.contains(&(0..=k).map(w).collect::<Vec<_>>().join("-"));
        if let (Some(m), Some(d)) = (num(w(1), 2), num(w(2), 2))
            && let Some((from, to)) = dashed(2).then(|| one(y, m, d)).flatten()
        {
            return Some((3, from, to));
        }
        if let Some(m) = num(w(1), 2).filter(|m| (1..=12).contains(m) && dashed(1)) {
            return Some((2, month_start(y, m, 0), month_start(y, m, 1)));
        }
        return Some((1, month_start(y, 1, 0), month_start(y, 1, 12)));
    }
    if let (Some(a), Some(b), Some(y)) = (num(w(0), 2), num(w(1), 2), year(w(2))) {
        let (d, m) = if day_first(words).unwrap_or(lang == Lang::Fr) { (a, b) } else { (b, a) };
        if let Some((from, to)) = one(y, m, d) {
            return Some((3, from, to));
        }
    }
    // "06/2019"
    if let (Some(m), Some(y)) = (num(w(0), 2).filter(|m| (1..=12).contains(m)), year(w(1)))
        && ["/", "-", "."].iter().any(|sign| question.contains(&format!("{}{sign}{}", w(0), w(1))))
    {
        return Some((2, month_start(y, m, 0), month_start(y, m, 1)));
    }
    let prep = i.checked_sub(1).and_then(|k| words.get(k)).map_or("", String::as_str);
    let (this_year, this_month, this_day) = civil_from_days(today);
    // A day without a year is the latest one.
    let yearless = |m: i64, d: i64| {
        let ahead = (m, d) > (i64::from(this_month), i64::from(this_day));
        one(if ahead { this_year - 1 } else { this_year }, m, d).filter(|_| DATED.contains(&format!(" {prep} ")))
    };
    if let Some(d) = ordinal(w(0)) {
        // "The 3rd of May"
        let of = usize::from(matches!(w(1), "of" | "de" | "d"));
        if let Some(m) = month(w(1 + of)) {
            return match year(w(2 + of)) {
                Some(y) => one(y, m, d).map(|(from, to)| (3 + of, from, to)),
                None => yearless(m, d).map(|(from, to)| (2 + of, from, to)),
            };
        }
    }
    let m = month(w(0))?;
    if let (Some(d), Some(y)) = (ordinal(w(1)), year(w(2))) {
        return one(y, m, d).map(|(from, to)| (3, from, to));
    }
    // "May of 2019"
    if let (Some(y), true) = (year(w(2)), matches!(w(1), "of" | "de")) {
        return Some((3, month_start(y, m, 0), month_start(y, m, 1)));
    }
    if let Some(y) = year(w(1)) {
        return Some((2, month_start(y, m, 0), month_start(y, m, 1)));
    }
    if let Some((from, to)) = ordinal(w(1)).and_then(|d| yearless(m, d)) {
        return Some((2, from, to));
    }
    // A bare month is the latest one; "may" and "mars" are words too, so a preposition must lead.
    // "To August", but not "to march".
    let leads = |list: &str| list.contains(&format!(" {prep} "));
    let joined = || leads(JOINS) && !matches!(w(0), "may" | "march" | "mar" | "sept");
    if w(0).len() < 3 || !(leads(LEADS) || joined()) {
        return None;
    }
    // "Last November" is not the one that it is now.
    let over = prep == "last" && m == i64::from(this_month);
    let y = if m > i64::from(this_month) || over { this_year - 1 } else { this_year };
    Some((1, month_start(y, m, 0), month_start(y, m, 1)))
}

/// Whether dates in numbers begin with the day: a number above twelve in any of them tells for all.
fn day_first(words: &[String]) -> Option<bool> {
    let number = |w: &String| (w.len() <= 2).then(|| w.parse::<u8>().ok()).flatten();
    words.windows(3).find_map(|w| {
        let [a, b, y] = w else { return None };
        let (a, b) = (number(a)?, number(b)?);
        year(y)?;
        if a > 12 { Some(true) } else { (b > 12).then_some(false) }
    })
}

/// A quarter or a half of a year: "Q2 2019", "T2 2019", "le premier semestre 2019".
fn part_of_year(words: &[String], i: usize) -> Option<(usize, i64, i64)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let half = |s: &str| match s {
        "h1" | "s1" => Some(1),
        "h2" | "s2" => Some(2),
        _ => None,
    };
    let quarter = |s: &str| match s {
        "q1" | "t1" => Some(1),
        "q2" | "t2" => Some(2),
        "q3" | "t3" => Some(3),
        "q4" | "t4" => Some(4),
        _ => None,
    };
    let of = |k: usize| k + usize::from(matches!(w(k), "of" | "de" | "in" | "en"));
    let part = |y: i64, n: i64, months: i64| (month_start(y, 1, (n - 1) * months), month_start(y, 1, n * months));
    if let Some(n) = quarter(w(0)) {
        let (from, to) = part(year(w(of(1)))?, n, 3);
        return Some((of(1) + 1, from, to));
    }
    if let (Some(n), Some(y)) = (half(w(0)), year(w(of(1)))) {
        let (from, to) = part(y, n, 6);
        return Some((of(1) + 1, from, to));
    }
    if let (Some(y), Some(n)) = (year(w(0)), quarter(w(1))) {
        let (from, to) = part(y, n, 3);
        return Some((2, from, to));
    }
    let months = match w(1) {
        "quarter" | "trimestre" => 3,
        "half" | "semestre" | "moitie" => 6,
        _ => return None,
    };
    let n = match w(0) {
        "first" | "1st" | "premier" | "premiere" | "1er" | "1ere" => 1,
        "second" | "2nd" | "seconde" | "deuxieme" | "2e" | "2eme" => 2,
        "third" | "3rd" | "troisieme" | "3e" | "3eme" => 3,
        "fourth" | "4th" | "quatrieme" | "4e" | "4eme" => 4,
        "last" | "dernier" | "derniere" => 12 / months,
        _ => return None,
    };
    let (from, to) = part(year(w(of(2)))?, n, months);
    (n * months <= 12).then_some((of(2) + 1, from, to))
}

/// "Week 12 of 2025", "semaine 12 de 2025": Monday to Sunday of ISO 8601. (words used, first day, day after the last).
pub(super) fn numbered_week(words: &[String], i: usize) -> Option<(usize, i64, i64)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let (n, of, year) = match (year(w(0)), w(1).strip_prefix('w')) {
        // "2020-W48"
        (Some(y), Some(n)) if n.len() == 2 => (number(n)?, 1, y),
        // "S32 2026"
        (None, _) if w(0).len() == 3 && w(0).starts_with('s') => {
            let of = 1 + usize::from(matches!(w(1), "of" | "in" | "de" | "en"));
            (number(w(0).strip_prefix('s')?)?, of, year(w(of))?)
        }
        // "The 32nd week of 2026"
        _ if matches!(w(1), "week" | "semaine") => {
            let of = if matches!(w(2), "of" | "in" | "de" | "en") { 3 } else { 2 };
            let n = ["st", "nd", "rd", "th", "e", "eme"].iter().find_map(|end| w(0).strip_suffix(end));
            (number(n?)?, of, year(w(of))?)
        }
        _ if matches!(w(0), "week" | "semaine") => {
            let of = if matches!(w(2), "of" | "in" | "de" | "en") { 3 } else { 2 };
            (number(w(1))?, of, year(w(of))?)
        }
        _ => return None,
    };
    if !(1..=53).contains(&n) {
        return None;
    }
    // The 4th of January is in week 1.
    let fourth = day(year, 1, 4)?;
    let monday = fourth - (fourth + 3).rem_euclid(7) + 7 * (n - 1);
    // A week is of the year that its Thursday is in.
    (monday + 3 < day(year + 1, 1, 1)?).then_some((of + 1, monday, monday + 7))
}

/// Days of one month, of which the first and the last count: "Nov 25-28 2020", "from November 25 to 28, 2020",
/// "25-28 November 2020", "25-28/11/2020". (words used, first day, day after the last).
pub(super) fn days_of_month(question: &str, words: &[String], i: usize) -> Option<(usize, i64, i64)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let day_of = |s: &str| {
        let s = ["st", "nd", "rd", "th", "er"].iter().find_map(|x| s.strip_suffix(x)).unwrap_or(s);
        (s.len() <= 2).then(|| s.parse::<i64>().ok()).flatten().filter(|d| (1..=31).contains(d))
    };
    let dashed = |a: &str, b: &str| ["-", "\u{2013}"].iter().any(|sign| question.contains(&format!("{a}{sign}{b}")));
    let range = |y, m, a, b| {
        let (from, to) = (day(y, m, a)?, day(y, m, b)?);
        (from < to).then_some((from, to + 1))
    };
    if let Some(m) = month(w(0)) {
        let (mut k, mut days) = (1, Vec::new());
        let mut spans = dashed(w(1), w(2));
        loop {
            match day_of(w(k)) {
                Some(d) => days.push(d),
                None if JOINS.contains(&format!(" {} ", w(k))) && !w(k).is_empty() => {
                    spans |= !matches!(w(k), "and" | "et" | "or" | "ou");
                }
                None => break,
            }
            k += 1;
        }
        // "August 3 and 15" are two days, "August 3, 4 and 5" are three.
        if !spans && !days.is_sorted_by(|a, b| a + 1 == *b) {
            return None;
        }
        let (from, to) = range(year(w(k))?, m, *days.first()?, *days.last()?)?;
        return Some((k + 1, from, to));
    }
    let (a, b) = (day_of(w(0))?, day_of(w(1))?);
    if !dashed(w(0), w(1)) {
        return None;
    }
    let numbered = || w(2).parse().ok().filter(|m| w(2).len() <= 2 && (1..=12).contains(m));
    let slashed = || ["/", "."].iter().any(|sign| question.contains(&format!("{}{sign}{}{sign}{}", w(1), w(2), w(3))));
    let m = month(w(2)).or_else(|| numbered().filter(|_| slashed()))?;
    let (from, to) = range(year(w(3))?, m, a, b)?;
    Some((4, from, to))
}

/// Words between two dates of one range or list.
pub(super) const JOINS: &str = " and to et a au until till jusqu jusque through or ou ";

/// The first date of two, whose month or year only the second one states: "from April to August
/// 2020", "du 1er au 15 mars 2024". (words used, first day, day after the last).
pub(super) fn shared(question: &str, words: &[String], i: usize, lang: Lang, today: i64) -> Option<(usize, i64, i64)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let day_of = |s: &str| {
        let s = ["st", "nd", "rd", "th", "er"].iter().find_map(|x| s.strip_suffix(x)).unwrap_or(s);
        (s.len() <= 2).then(|| s.parse::<i64>().ok()).flatten().filter(|d| (1..=31).contains(d))
    };
    let (len, m, d) = match (day_of(w(0)), month(w(0))) {
        (Some(d), _) => match (month(w(1)), matches!(w(1), "of" | "de" | "d")) {
            (Some(m), _) => (2, Some(m), Some(d)),
            (None, true) => (3, Some(month(w(2))?), Some(d)),
            (None, false) => (1, None, Some(d)),
        },
        (None, Some(m)) => match day_of(w(1)) {
            Some(d) => (2, Some(m), Some(d)),
            None => (1, Some(m), None),
        },
        (None, None) => return None,
    };
    let joins = |k: usize| JOINS.contains(&format!(" {} ", w(k))) && !w(k).is_empty();
    let mut next = len;
    while joins(next) || (next > len && matches!(w(next), "le" | "l" | "the" | "en" | "in")) {
        next += 1;
    }
    // "April-August 2020": another month follows at once. "5 May 2020" has its day, and is no range.
    let sign = || ["-", "\u{2013}"].iter().any(|sign| question.contains(sign));
    let dashed = next == len && m.is_some() && month(w(next)).is_some() && sign();
    if next == len && !dashed {
        return None;
    }
    let (used, from, _) = date_at(question, words, i + next, lang, today)?;
    // The year is that of the other one, and the month where this one has none.
    let stated = || (0..used).map(|k| w(next + k));
    let (y, ..) = civil_from_days(from);
    let other = stated().find_map(month);
    if m.is_none() && (other.is_none() || !stated().any(|s| day_of(s).is_some())) {
        return None;
    }
    let m = m.or(other)?;
    let of = |y: i64| match d {
        Some(d) => day(y, m, d).map(|at| (at, at + 1)),
        None => Some((month_start(y, m, 0), month_start(y, m, 1))),
    };
    // "From November to February 2020" begins in the year before.
    let (a, b) = of(y).filter(|(a, _)| *a <= from).or_else(|| of(y - 1))?;
    Some((len, a, b))
}

const DECADES: [(&str, i64); 6] =
    [("forties", 40), ("fifties", 50), ("sixties", 60), ("seventies", 70), ("eighties", 80), ("nineties", 90)];

/// The tens that a word names, where it is one of "nineties" and "90s".
pub(super) fn tens(w: &str) -> Option<i64> {
    let digits = || w.strip_suffix('s').filter(|d| d.len() == 2).and_then(|d| d.parse::<i64>().ok());
    DECADES.iter().find(|(n, _)| *n == w).map(|(_, n)| *n).or_else(digits).filter(|n| n % 10 == 0)
}

/// Ten years: "the nineties", "the 1990s", "les annees 90".
fn decade(question: &str, words: &[String], i: usize) -> Option<(usize, i64, i64)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let whole = |len: usize, y: i64| (y % 10 == 0).then(|| (len, month_start(y, 1, 0), month_start(y + 10, 1, 0)));
    // "90" is of the last century, "10" of this one.
    let of = |tens: i64| if tens < 30 { 2000 + tens } else { 1900 + tens };
    if w(0) == "annees" {
        let (len, tens) = match (w(1), w(2), w(3)) {
            ("quatre", "vingt", "dix") => (4, 90),
            ("quatre", "vingt", _) => (3, 80),
            ("soixante", "dix", _) => (3, 70),
            ("soixante", ..) => (2, 60),
            ("cinquante", ..) => (2, 50),
            (w, ..) if w.len() == 2 => (2, w.parse().ok()?),
            (w, ..) => return whole(2, year(w)?),
        };
        return whole(len, of(tens));
    }
    // "In my nineties" is an age.
    let mine = i.checked_sub(1).and_then(|k| words.get(k)).is_some_and(|w| w == "my");
    if let Some(tens) = tens(w(0)).filter(|_| !mine) {
        return whole(1, of(tens));
    }
    if let Some(y) = w(0).strip_suffix('s').and_then(year) {
        return whole(1, y);
    }
    let y = year(w(0)).filter(|_| w(1) == "s")?;
    ["'", "\u{2019}"].iter().any(|sign| question.contains(&format!("{y}{sign}s"))).then(|| whole(2, y)).flatten()
}

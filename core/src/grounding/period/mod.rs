//! The period a question names: "in 2014", "depuis mars 2020", "over the last six months".
//!
//! Periods are whole local days, `from` inclusive and `to` exclusive, as day numbers since
//! 1970-01-01 in the zone of the caller.
//!
//! What belongs here: the words of time of a question. Forms of dates in `forms`, what leans on
//! today or on the birth date in `leaning`, what leads to a time in `leads`, other ways to write the same in `plain`, words of time that nothing understood in `unread`.

mod forms;
mod leads;
mod leaning;
mod linked;
mod plain;
mod unread;

pub(super) use plain::plain;
pub(super) use unread::unread;

use crate::id::{civil_from_days, days_from_civil};
use crate::lang::Lang;
use crate::record::{Precision, When};
use leads::{compared, compares, excludes, lead, part_of};
use linked::{linked, spanned};

/// Half-open range of local days; an end may be open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

silent_debug!(Period);

pub(super) const DAY_MS: i64 = 86_400_000;

impl Period {
    /// Whether what was stated lies wholly within.
    pub(super) fn covers(&self, when: &When) -> bool {
        let (first, last) = days(when);
        self.from.is_none_or(|f| f <= first) && self.to.is_none_or(|t| last < t)
    }

    /// The same, and `None` where what was stated reaches over an end of it.
    pub(super) fn holds(&self, when: &When) -> Option<bool> {
        let (first, last) = days(when);
        let apart = self.from.is_some_and(|f| last < f) || self.to.is_some_and(|t| first >= t);
        if self.covers(when) { Some(true) } else { apart.then_some(false) }
    }

    /// Bounds for a catalog query: a day wider at each end, for zones; [`covers`](Self::covers)
    /// decides.
    pub(super) fn query_bounds(&self) -> (Option<i64>, Option<i64>) {
        (
            self.from.map(|d| d.saturating_sub(1).saturating_mul(DAY_MS)),
            self.to.map(|d| d.saturating_add(1).saturating_mul(DAY_MS)),
        )
    }
}

/// First and last local day of what was stated.
pub(super) fn days(when: &When) -> (i64, i64) {
    let shift = i64::from(when.offset.unwrap_or(0)) * 60_000;
    let first = when.at.saturating_add(shift).div_euclid(DAY_MS);
    let last = match when.precision {
        Precision::Year | Precision::Month => when.end().saturating_add(shift - 1).div_euclid(DAY_MS),
        _ => first,
    };
    (first, last)
}

const MONTHS: [(&str, u8); 42] = [
    ("january", 1),
    ("jan", 1),
    ("janvier", 1),
    ("february", 2),
    ("feb", 2),
    ("fevrier", 2),
    ("march", 3),
    ("mar", 3),
    ("mars", 3),
    ("april", 4),
    ("apr", 4),
    ("avril", 4),
    ("may", 5),
    ("mai", 5),
    ("june", 6),
    ("jun", 6),
    ("juin", 6),
    ("july", 7),
    ("jul", 7),
    ("juillet", 7),
    ("august", 8),
    ("aug", 8),
    ("aout", 8),
    ("september", 9),
    ("sep", 9),
    ("sept", 9),
    ("septembre", 9),
    ("october", 10),
    ("oct", 10),
    ("octobre", 10),
    ("november", 11),
    ("nov", 11),
    ("novembre", 11),
    ("december", 12),
    ("dec", 12),
    ("decembre", 12),
    ("janv", 1),
    ("fevr", 2),
    ("juil", 7),
    ("avr", 4),
    ("febuary", 2),
    ("feburary", 2),
];

const NUMBERS: [(&str, i64); 33] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("twelve", 12),
    ("un", 1),
    ("une", 1),
    ("deux", 2),
    ("trois", 3),
    ("quatre", 4),
    ("cinq", 5),
    ("sept", 7),
    ("huit", 8),
    ("neuf", 9),
    ("dix", 10),
    ("douze", 12),
    ("couple", 2),
    ("few", 3),
    ("quelques", 3),
    ("eleven", 11),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("onze", 11),
    ("quinze", 15),
    ("vingt", 20),
    ("trente", 30),
];

#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Whether a word is a unit of time, or several.
pub(super) fn is_unit(w: &str) -> bool {
    unit(w).is_some()
}

fn unit(w: &str) -> Option<Unit> {
    Some(match w {
        "day" | "days" | "jour" | "jours" => Unit::Day,
        "week" | "weeks" | "semaine" | "semaines" => Unit::Week,
        "month" | "months" | "mois" => Unit::Month,
        "quarter" | "quarters" | "trimestre" | "trimestres" => Unit::Quarter,
        "year" | "years" | "an" | "ans" | "annee" | "annees" => Unit::Year,
        _ => return None,
    })
}

/// A number in digits, of three at most, or in words.
pub(super) fn number(w: &str) -> Option<i64> {
    NUMBERS.iter().find(|(n, _)| *n == w).map(|(_, v)| *v).or_else(|| (w.len() <= 3).then(|| w.parse().ok()).flatten())
}

fn day(y: i64, m: i64, d: i64) -> Option<i64> {
    let w = When::local(y, m, d, 0, Precision::Day, None)?;
    Some(w.at.div_euclid(DAY_MS))
}

/// The first day of the month so many months after.
fn month_start(y: i64, m: i64, plus: i64) -> i64 {
    let n = y * 12 + m - 1 + plus;
    days_from_civil(n.div_euclid(12), u8::try_from(n.rem_euclid(12) + 1).unwrap_or(1), 1)
}

/// The same day so many months earlier; the last of the month where it has no such day.
fn months_back(today: i64, n: i64) -> i64 {
    let (y, m, d) = civil_from_days(today);
    let start = month_start(y, i64::from(m), -n);
    let next = month_start(y, i64::from(m), 1 - n);
    (start + i64::from(d) - 1).min(next - 1)
}

/// The beginning of the year of an instant, in ms since the epoch.
pub(super) fn year_start(at: i64) -> i64 {
    let (y, ..) = civil_from_days(at.div_euclid(DAY_MS));
    days_from_civil(y, 1, 1).saturating_mul(DAY_MS)
}

/// What periods are counted from, as local day numbers.
#[derive(Clone, Copy)]
pub(super) struct Base {
    pub(super) today: i64,
    /// First and last possible day of birth, where it is known.
    pub(super) born: Option<(i64, i64)>,
}

silent_debug!(Base);

/// What is found of time in a question.
pub(super) struct Found {
    pub(super) period: Option<Period>,
    /// The words that are understood.
    pub(super) used: Vec<usize>,
    /// Words that are not: a period that is excluded.
    pub(super) unread: Vec<usize>,
    /// Whether the period counts from the birth date.
    pub(super) by_birth: bool,
    /// The periods named, where they are several and leave days out that the one period has, or that
    /// no period has: only one is understood.
    pub(super) several: Vec<Period>,
    /// All periods named.
    pub(super) named: Vec<Period>,
    /// The days of the dates among them, whatever leads to them.
    pub(super) dates: Vec<(i64, i64)>,
}

/// Finds the period, and which of the words it used.
pub(super) fn find(question: &str, words: &[String], lang: Lang, from: Base) -> Found {
    let today = from.today;
    let mut spans: Vec<(usize, usize, i64, i64)> = Vec::new();
    let mut seasons: Vec<(usize, usize, Period)> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        if let Some((len, p)) = seasonal(words, i, today) {
            seasons.push((i, len, led(words, i, p)));
            i += len;
        } else if let Some((len, from, to)) = forms::days_of_month(question, words, i) {
            seasons.push((i, len, Period { from: Some(from), to: Some(to) }));
            i += len;
        } else if let Some((len, from, to)) = forms::shared(question, words, i, lang, today)
            .or_else(|| forms::numbered_week(words, i))
            .or_else(|| weeks(question, words, i, lang, today))
            .or_else(|| forms::date_at(question, words, i, lang, today))
        {
            spans.push((i, len, from, to));
            i += len;
        } else {
            i += 1;
        }
    }
    let mut used: Vec<usize> = spans.iter().flat_map(|(at, len, ..)| *at..at + len).collect();
    used.extend(seasons.iter().flat_map(|(at, len, _)| *at..at + len));
    let (mut leaning, by_birth, ageless) = leaning::find(words, &used, from);
    leaning.extend(seasons);
    used.extend(leaning.iter().flat_map(|(at, len, _)| *at..at + len));
    // "Not in 2017" is every other time, which is no period.
    let mut unread = ageless;
    let mut excluded = |at: usize, len: usize| {
        let first = excludes(words, at);
        unread.extend(first.into_iter().flat_map(|first| first..at + len));
        first.is_some()
    };
    spans.retain(|(at, len, ..)| !excluded(*at, *len));
    leaning.retain(|(at, len, _)| !excluded(*at, *len));
    // "At the end of 2015" is shown as all of it, and said to be.
    unread.extend(spans.iter().flat_map(|(at, ..)| part_of(words, *at)).flatten());
    unread.extend(leaning.iter().flat_map(|(at, ..)| part_of(words, *at)).flatten());
    let against = compares(words);
    // "2015 compared with now"
    let now = |w: &String| matches!(w.as_str(), "now" | "currently" | "nowadays" | "maintenant" | "actuellement");
    let past =
        spans.iter().any(|(.., to)| *to <= today) || leaning.iter().any(|(.., p)| p.to.is_some_and(|to| to <= today));
    if let Some(at) = words.iter().position(now).filter(|at| {
        let joined = at.checked_sub(1).and_then(|i| words.get(i)).is_some_and(|w| matches!(w.as_str(), "and" | "et"));
        (against || joined) && past && !used.contains(at)
    }) {
        leaning.push((at, 1, Period { from: Some(today), to: Some(today + 1) }));
        used.push(at);
    }
    // "Compared to last year" asks for what came after, too.
    if let (true, [(at, _, p)]) = (spans.is_empty(), leaning.as_mut_slice())
        && compared(words, *at)
    {
        p.to = None;
    }
    let dash = [" - ", "–", "—"].iter().any(|d| question.contains(d));
    let mut all = absolute(words, &spans, dash);
    all.extend(leaning.into_iter().map(|(.., p)| p));
    // "LDL in 2010, visits in 2014": what lies between is shown too, so that none is lost.
    let hull = all.iter().copied().reduce(|p, q| Period {
        from: p.from.zip(q.from).map(|(a, b)| a.min(b)),
        to: p.to.zip(q.to).map(|(a, b)| a.max(b)),
    });
    let period = hull.filter(|p| p.from.is_some() || p.to.is_some());
    all.sort_by_key(|p| (p.from.unwrap_or(i64::MIN), p.to.unwrap_or(i64::MAX)));
    all.dedup();
    // "In 2019 against 2020" has two figures.
    let several = if apart(&all) || (against && all.len() > 1) { all.clone() } else { Vec::new() };
    let dates = spans.iter().map(|(.., from, to)| (*from, *to)).collect();
    Found { period, used, unread, by_birth, several, named: all, dates }
}

/// Whether periods, by their beginning, leave something out that lies between them, or overlap into
/// all of time: "since 2018" and "before 2020" do.
fn apart(all: &[Period]) -> bool {
    let mut end = Some(i64::MIN);
    for (i, p) in all.iter().enumerate() {
        if i > 0 && end.zip(p.from).is_some_and(|(end, from)| from > end) {
            return true;
        }
        end = end.zip(p.to).map(|(a, b)| a.max(b));
    }
    all.len() > 1 && all.iter().any(|p| p.from.is_none()) && all.iter().any(|p| p.to.is_none())
}

/// The periods that the dates of a question name.
fn absolute(words: &[String], spans: &[(usize, usize, i64, i64)], dash: bool) -> Vec<Period> {
    let w = |i: usize| words.get(i).map_or("", String::as_str);
    let (mut out, rest) = match spans {
        [(a, len, from, _), (b, _, _, to), rest @ ..]
            if (linked(words, *a, a + len, *b) || spanned(words, a + len, *b, dash)) && from < to =>
        {
            (vec![Period { from: Some(*from), to: Some(*to) }], rest)
        }
        _ => (Vec::new(), spans),
    };
    let since = |at: usize| words.iter().take(at).any(|x| x == "since" || x == "depuis");
    let one = |(at, _, from, to): &(usize, usize, i64, i64)| {
        let before = |n: usize| at.checked_sub(n).map_or("", w);
        // "since the 3rd of May": a filler word may stand between.
        let prep = match before(1) {
            "the" | "le" | "l" | "of" | "de" | "du" | "early" | "late" | "debut" | "start" | "fin" => before(2),
            p => p,
        };
        let (far, place) = lead(words, *at);
        let until = matches!(far, "until" | "till" | "jusqu" | "jusque" | "through")
            || (far == "up" && words.get(place + 1).is_some_and(|w| w == "to"));
        let joins = matches!(before(2), "and" | "or" | "et" | "ou");
        let (earlier, later) = (Period { from: None, to: Some(*from) }, Period { from: Some(*to), to: None });
        match prep {
            // "Before and after 2016" is any time.
            "after" | "apres" if joins && matches!(before(3), "before" | "avant") => vec![earlier, later],
            "before" | "avant" if joins && matches!(before(3), "after" | "apres") => vec![earlier, later],
            _ if spans.len() == 1 && compared(words, *at) => vec![Period { from: Some(*from), to: None }],
            "after" | "apres" => vec![later],
            "before" | "avant" => vec![earlier],
            _ if until => vec![Period { from: None, to: Some(*to) }],
            // "Labs from March 2024" are those of that month.
            "from" if results(words, *at) => vec![Period { from: Some(*from), to: Some(*to) }],
            "since" | "depuis" | "from" | "partir" => vec![Period { from: Some(*from), to: None }],
            _ if since(*at) => vec![Period { from: Some(*from), to: None }],
            _ => vec![Period { from: Some(*from), to: Some(*to) }],
        }
    };
    out.extend(rest.iter().flat_map(one));
    // "Since 2015 and before 2018" is one, where nothing else is said between them.
    if let ([(a, len, ..), (b, ..)], [p, q]) = (spans, out.as_slice()) {
        let leads = |w: &String| {
            matches!(
                w.as_str(),
                "and"
                    | "but"
                    | "et"
                    | "mais"
                    | "before"
                    | "avant"
                    | "until"
                    | "since"
                    | "after"
                    | "depuis"
                    | "apres"
                    | "jusqu"
                    | "en"
                    | "le"
                    | "the"
                    | "in"
            )
        };
        let bare = words.get(a + len..*b).is_some_and(|w| w.iter().all(leads));
        let both =
            |p: &Period, q: &Period| p.from.zip(q.to).filter(|(f, t)| f < t && p.to.is_none() && q.from.is_none());
        if let Some((from, to)) = both(p, q).or_else(|| both(q, p)).filter(|_| bare) {
            return vec![Period { from: Some(from), to: Some(to) }];
        }
    }
    out
}

/// "The week of 10 August 2026": seven days from the Monday; "the night of 10 August 2026": the
/// day. (words used, first day, day after the last).
fn weeks(question: &str, words: &[String], i: usize, lang: Lang, today: i64) -> Option<(usize, i64, i64)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    if !matches!(w(0), "week" | "semaine" | "night" | "nuit") {
        return None;
    }
    let lead = (1..4).take_while(|k| matches!(w(*k), "of" | "the" | "du" | "de" | "le" | "starting" | "from")).count();
    let (len, from, to) = forms::date_at(question, words, i + 1 + lead, lang, today).filter(|_| lead > 0)?;
    let one = to - from == 1;
    if matches!(w(0), "night" | "nuit") {
        return one.then_some((1 + lead + len, from, to));
    }
    let monday = from - (from + 3).rem_euclid(7);
    one.then_some((1 + lead + len, monday, monday + 7))
}

/// What has a date of its own: "the labs from March" are those of that month, a weight from March
/// goes on to now.
const DATED: &str = " lab labs result results test tests bloodwork work panel report reports scan scans mri letter letters note notes \
document documents visit visits appointment appointments vaccine vaccines shot shots prescription prescriptions procedure procedures \
reading readings measurement measurements ";

/// Whether the word before "from" at a place is such a thing, and no course is asked for.
fn results(words: &[String], at: usize) -> bool {
    let noun = lead(words, at).1.checked_sub(1).and_then(|i| words.get(i)).map_or("", String::as_str);
    let course = words.iter().any(|w| COURSE.contains(&format!(" {w} ")));
    !noun.is_empty() && DATED.contains(&format!(" {noun} ")) && !course
}

/// Words of a question about a course: with them, "from March" goes on to now.
const COURSE: &str = " trend trends change changed changes changing evolve evolved evolution develop developed progress progressed progression course history over on onward onwards forward starting beginning ";

/// The month that a season of the northern hemisphere begins in: three whole months, as in weather
/// statistics. The text says which days were meant.
fn season(w: &str) -> Option<i64> {
    Some(match w {
        "spring" | "printemps" => 3,
        "summer" | "ete" => 6,
        "autumn" | "fall" | "automne" => 9,
        "winter" | "hiver" => 12,
        _ => return None,
    })
}

/// A season with its year or with a word that leans on today: (words used, period).
fn seasonal(words: &[String], i: usize, today: i64) -> Option<(usize, Period)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let of = |y: i64, m: i64| Period { from: Some(month_start(y, m, 0)), to: Some(month_start(y, m, 3)) };
    let year = |s: &str| (s.len() == 4).then(|| s.parse::<i64>().ok()).flatten().filter(|y| (1900..2200).contains(y));
    let (this_year, ..) = civil_from_days(today);
    // The latest that has begun, and the latest that is over.
    let begun = |m| (0..3).map(|n| of(this_year - n, m)).find(|p| p.from.is_some_and(|f| f <= today));
    let over = |m| (0..3).map(|n| of(this_year - n, m)).find(|p| p.to.is_some_and(|t| t <= today));
    if let Some(m) = season(w(0)) {
        let of_year = usize::from(matches!(w(1), "of" | "de" | "in"));
        if let Some(y) = year(w(1 + of_year)) {
            // "The winter 2020-2021" is one.
            let both = usize::from(m == 12 && year(w(2 + of_year)) == Some(y + 1));
            return Some((2 + of_year + both, of(y, m)));
        }
        // "Ete" is also French "been": only with a word that makes it a season.
        return matches!(w(1), "dernier" | "passe").then(|| over(m)).flatten().map(|p| (2, p));
    }
    let m = season(w(1))?;
    match w(0) {
        "last" | "past" | "previous" => over(m).map(|p| (2, p)),
        "this" | "cet" | "ce" => begun(m).map(|p| (2, p)),
        _ => None,
    }
}

/// A period with the word before it: "since last year".
fn led(words: &[String], i: usize, p: Period) -> Period {
    let before = |n: usize| i.checked_sub(n).and_then(|k| words.get(k)).map_or("", String::as_str);
    let near = if matches!(before(1), "the" | "le" | "la" | "l") { before(2) } else { before(1) };
    if matches!(lead(words, i).0, "until" | "till" | "jusqu" | "jusque") {
        return Period { from: None, to: p.to };
    }
    match near {
        // Until today, too.
        "since" | "depuis" => Period { to: None, ..p },
        "before" | "avant" => Period { from: None, to: p.from },
        "after" | "apres" => Period { from: p.to, to: None },
        "than" | "que" | "qu" if compared(words, i) => Period { to: None, ..p },
        _ => p,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grounding::fold;

    fn at(q: &str) -> (Option<String>, Option<String>) {
        let today = day(2026, 11, 23).unwrap();
        let lang = if q.is_ascii() && !q.contains("depuis") && !q.contains("entre") { Lang::En } else { Lang::Fr };
        let born = Some((day(1970, 5, 1).unwrap(), day(1970, 5, 1).unwrap()));
        let q = &*plain(q, today);
        let p = find(q, &fold::words(q), lang, Base { today, born }).period;
        let show = |d: i64| {
            let (y, m, d) = civil_from_days(d);
            format!("{y:04}-{m:02}-{d:02}")
        };
        (p.and_then(|p| p.from).map(show), p.and_then(|p| p.to).map(show))
    }

    #[test]
    fn periods() {
        let mut wrong = Vec::new();
        for (q, from, to) in [
            ("my LDL in 2014", "2014-01-01", "2015-01-01"),
            ("LDL since March 2020", "2020-03-01", ""),
            ("LDL depuis mars 2020", "2020-03-01", ""),
            ("LDL between 2010 and 2014", "2010-01-01", "2015-01-01"),
            ("LDL entre mars 2010 et juin 2011", "2010-03-01", "2011-07-01"),
            ("LDL over the last year", "2025-11-23", "2026-11-24"),
            ("LDL in the last year", "2025-11-23", "2026-11-24"),
            ("steps within the last month", "2026-10-23", "2026-11-24"),
            ("LDL last year", "2025-01-01", "2026-01-01"),
            ("LDL of the last year", "2025-01-01", "2026-01-01"),
            ("LDL half a year ago", "2026-05-01", "2026-06-01"),
            ("LDL in the last half year", "2026-05-23", "2026-11-24"),
            ("steps in the last couple of months", "2026-09-23", "2026-11-24"),
            ("LDL a couple of months ago", "2026-09-01", "2026-10-01"),
            ("LDL before 2014-03-05", "", "2014-03-05"),
            ("LDL after 3 March 2014", "2014-03-04", ""),
            ("LDL on March 3rd, 2014", "2014-03-03", "2014-03-04"),
            ("LDL on 03/04/2014", "2014-03-04", "2014-03-05"),
            ("mon LDL du 03/04/2014 à jeun", "2014-04-03", "2014-04-04"),
            ("LDL in 2014-03", "2014-03-01", "2014-04-01"),
            ("LDL this year", "2026-01-01", "2026-11-24"),
            ("mon LDL cette année", "2026-01-01", "2026-11-24"),
            ("LDL last year", "2025-01-01", "2026-01-01"),
            ("le LDL de l'année dernière", "2025-01-01", "2026-01-01"),
            ("LDL over the last 3 months", "2026-08-23", "2026-11-24"),
            ("mes pas des six derniers mois, à peu près", "2026-05-23", "2026-11-24"),
            ("steps in the past week", "2026-11-17", "2026-11-24"),
            ("since December", "2025-12-01", ""),
            ("steps this week", "2026-11-23", "2026-11-24"),
            ("since I started it in 2014", "2014-01-01", ""),
            ("LDL in 2010 and visits in 2014", "2010-01-01", "2015-01-01"),
            ("LDL in 2014 against 2010", "2010-01-01", "2015-01-01"),
            ("was I vaccinated against flu in 2017?", "2017-01-01", "2018-01-01"),
            ("Did I take anything against pain in 2012?", "2012-01-01", "2013-01-01"),
            ("LDL before 2010 and after 2014", "", ""),
            ("LDL between 2010 and 2012, visits in 2018", "2010-01-01", "2019-01-01"),
            ("LDL since last year", "2025-01-01", ""),
            ("mon LDL depuis l'année dernière", "2025-01-01", ""),
            ("steps before last month", "", "2026-10-01"),
            ("steps this week compared to last week", "2026-11-16", "2026-11-24"),
            ("steps today and yesterday", "2026-11-22", "2026-11-24"),
            ("heart rate last week, blood pressure in 2019", "2019-01-01", "2026-11-23"),
            ("is my LDL lower than in 2012", "2012-01-01", ""),
            ("mon LDL par rapport à 2012", "2012-01-01", ""),
            ("mon LDL est-il plus bas qu'en mars 2012 ?", "2012-03-01", ""),
            ("higher than last year", "2025-01-01", ""),
            ("weight last summer", "2026-06-01", "2026-09-01"),
            ("mon poids l'été dernier", "2026-06-01", "2026-09-01"),
            ("weight last winter", "2025-12-01", "2026-03-01"),
            ("weight this winter", "2025-12-01", "2026-03-01"),
            ("steps in the summer of 2019", "2019-06-01", "2019-09-01"),
            ("mon LDL depuis l'hiver 2018", "2018-12-01", ""),
            ("LDL before fall 2020", "", "2020-09-01"),
            ("j'ai été malade", "", ""),
            ("did I fall last year", "2025-01-01", "2026-01-01"),
            ("was I vaccinated against flu in 2017?", "2017-01-01", "2018-01-01"),
            ("Did I take anything against pain in 2012?", "2012-01-01", "2013-01-01"),
            ("Est-ce qu'en 2012 mon LDL était haut ?", "2012-01-01", "2013-01-01"),
            ("LDL compared to March 2012", "2012-03-01", ""),
            ("LDL 3 years ago", "2023-01-01", "2024-01-01"),
            ("mon LDL il y a cinq ans", "2021-01-01", "2022-01-01"),
            ("LDL a month ago", "2026-10-01", "2026-11-01"),
            ("LDL more than 5 years ago", "", "2021-11-23"),
            ("mon LDL il y a plus de 5 ans", "", "2021-11-23"),
            ("LDL less than two years ago", "2024-11-23", "2026-11-24"),
            ("steps ten days ago", "2026-11-13", "2026-11-14"),
            ("LDL since 2 years ago", "2024-11-23", "2026-11-24"),
            ("LDL in 06/2019", "2019-06-01", "2019-07-01"),
            ("mon LDL en 6/2019", "2019-06-01", "2019-07-01"),
            ("LDL between 01/2019 and 06/2019", "2019-01-01", "2019-07-01"),
            ("LDL in Q2 2019", "2019-04-01", "2019-07-01"),
            ("steps in week 12 of 2025", "2025-03-17", "2025-03-24"),
            ("mes pas de la semaine 1 de 2021", "2021-01-04", "2021-01-11"),
            ("steps in week 53 of 2020", "2020-12-28", "2021-01-04"),
            ("steps in Febuary 2025", "2025-02-01", "2025-03-01"),
            ("LDL T2 2019", "2019-04-01", "2019-07-01"),
            ("LDL in the second quarter of 2019", "2019-04-01", "2019-07-01"),
            ("mon LDL au 3e trimestre 2019", "2019-07-01", "2019-10-01"),
            ("mon LDL au premier semestre 2019", "2019-01-01", "2019-07-01"),
            ("LDL last quarter", "2026-07-01", "2026-10-01"),
            ("LDL between March and May of 2019", "2019-03-01", "2019-06-01"),
            ("LDL 2020/11/25", "2020-11-25", "2020-11-26"),
            ("LDL 2019 through 2021", "2019-01-01", "2022-01-01"),
            ("LDL March 2019 through May 2020", "2019-03-01", "2020-06-01"),
            ("LDL 2019–2021", "2019-01-01", "2022-01-01"),
            ("LDL Jan 2015 - Mar 2016", "2015-01-01", "2016-04-01"),
            ("LDL 1 Jan 2015 to 31 Mar 2015", "2015-01-01", "2015-04-01"),
            ("LDL 2015-01 to 2015-03", "2015-01-01", "2015-04-01"),
            ("mon LDL 2019 à 2021", "2019-01-01", "2022-01-01"),
            ("LDL before the year 2022", "", "2022-01-01"),
            ("LDL without 2020", "", ""),
            ("LDL under the age of 45", "", "2015-05-01"),
            ("LDL over the age of 50", "2021-05-01", ""),
            ("LDL since the start of last year", "2025-01-01", ""),
            ("mon LDL depuis le début de l'année dernière", "2025-01-01", ""),
            ("LDL at least 5 years ago", "", "2021-11-23"),
            ("LDL up to 2 years ago", "2024-11-23", "2026-11-24"),
            ("LDL two to three years ago", "", ""),
            ("mon LDL il y a 2 à 3 ans", "", ""),
            ("mon LDL de 40 à 45 ans", "", ""),
            ("LDL 1.5 years ago", "2025-05-01", "2025-06-01"),
            ("LDL from January to March", "2026-01-01", "2026-04-01"),
            ("LDL in my early 40s", "2010-05-01", "2020-05-01"),
            ("LDL 2020+", "2020-01-01", ""),
            ("LDL 2019.03.05", "2019-03-05", "2019-03-06"),
            ("LDL 2019/03", "2019-03-01", "2019-04-01"),
            ("LDL 2017-19", "2017-01-01", "2020-01-01"),
            ("LDL in 2017/18", "2017-01-01", "2019-01-01"),
            ("mon LDL du 25/12/19, à jeun", "2019-12-25", "2019-12-26"),
            ("LDL 05-MAR-19", "2019-03-05", "2019-03-06"),
            ("LDL 20190305", "2019-03-05", "2019-03-06"),
            ("LDL in Nov. '20", "2020-11-01", "2020-12-01"),
            ("LDL in november twenty twenty", "2020-11-01", "2020-12-01"),
            ("LDL en deux mille dix-neuf", "2019-01-01", "2020-01-01"),
            ("LDL March the 5th 2019", "2019-03-05", "2019-03-06"),
            ("LDL H1 2019", "2019-01-01", "2019-07-01"),
            ("LDL S2 2019", "2019-07-01", "2020-01-01"),
            ("steps S32 2026", "2026-08-03", "2026-08-10"),
            ("LDL prior to 2019", "", "2019-01-01"),
            ("LDL starting in 2019", "2019-01-01", ""),
            ("LDL not before 2019", "2019-01-01", ""),
            ("LDL no later than 2019", "", "2020-01-01"),
            ("LDL in or after 2019", "2019-01-01", ""),
            ("LDL in 2019 or later", "2019-01-01", ""),
            ("LDL en 2019 ou avant", "", "2020-01-01"),
            ("LDL between 2019 and now", "2019-01-01", ""),
            ("LDL depuis mars 2019 jusqu'à aujourd'hui", "2019-03-01", ""),
            ("LDL in March this year", "2026-03-01", "2026-04-01"),
            ("LDL en mars de l'année dernière", "2025-03-01", "2025-04-01"),
            ("LDL last November", "2025-11-01", "2025-12-01"),
            ("LDL this past March", "2026-03-01", "2026-04-01"),
            ("LDL in the first three months of 2019", "2019-01-01", "2019-04-01"),
            ("LDL last three months of 2019", "2019-10-01", "2020-01-01"),
            ("LDL les trois premiers mois de 2019", "2019-01-01", "2019-04-01"),
            ("steps in the first half of August 2026", "2026-08-01", "2026-08-16"),
            ("LDL since 2015 and before 2018", "2015-01-01", "2018-01-01"),
            ("LDL in the nineties", "1990-01-01", "2000-01-01"),
            ("LDL in the '80s", "1980-01-01", "1990-01-01"),
            ("LDL in the 1990s", "1990-01-01", "2000-01-01"),
            ("mon LDL dans les années 90", "1990-01-01", "2000-01-01"),
            ("mon LDL des années quatre-vingt-dix", "1990-01-01", "2000-01-01"),
            ("LDL at the age of 5", "1975-05-01", "1976-05-01"),
            ("mon LDL à 30 ans", "2000-05-01", "2001-05-01"),
            ("mon LDL quand j'avais trente ans", "2000-05-01", "2001-05-01"),
            ("LDL before the age of 40", "", "2010-05-01"),
            ("LDL in my forties", "2010-05-01", "2020-05-01"),
            ("LDL when I was 2 weeks in hospital", "", ""),
            ("LDL the year before last", "2024-01-01", "2025-01-01"),
            ("mon LDL l'avant-dernière année", "2024-01-01", "2025-01-01"),
            ("LDL before and after 2016", "", ""),
            ("mon LDL avant et après 2016", "", ""),
            ("LDL not in 2017", "", ""),
            ("mon LDL sauf en 2017", "", ""),
            ("mon LDL mais pas en 2017", "", ""),
            ("nombre de pas en 2017", "2017-01-01", "2018-01-01"),
            ("LDL other than in 2017", "", ""),
            ("steps on August 10", "2026-08-10", "2026-08-11"),
            ("steps on the 10th of August 2025", "2025-08-10", "2025-08-11"),
            ("mes pas du 3 août au 10 août, dormi", "2026-08-03", "2026-08-11"),
            ("steps on December 24th", "2025-12-24", "2025-12-25"),
            ("sleep last night", "2026-11-23", "2026-11-24"),
            ("labs from March 2024", "2024-03-01", "2024-04-01"),
            ("my blood test results from March 2024", "2024-03-01", "2024-04-01"),
            ("My weight from January 2015", "2015-01-01", ""),
            ("weight trend from January 2015", "2015-01-01", ""),
            ("my weight from 2015", "2015-01-01", ""),
            ("Mon poids jusqu'en 2016", "", "2017-01-01"),
            ("mon poids jusqu'à la fin de 2016", "", "2017-01-01"),
            ("mon poids jusqu'au 3 mars 2016", "", "2016-03-04"),
            ("My weight up to and including 2016", "", "2017-01-01"),
            ("my weight up to 2016", "", "2017-01-01"),
            ("weight until the end of 2016", "", "2017-01-01"),
            ("mon poids jusqu'à l'année dernière", "", "2026-01-01"),
            ("Mon poids avant-hier", "2026-11-21", "2026-11-22"),
            ("my weight the day before yesterday", "2026-11-21", "2026-11-22"),
            ("mes pas depuis avant-hier", "2026-11-21", ""),
            ("hemoglobin since 2018 and platelets before 2020", "", ""),
            ("Mon poids avant 2015 et après 2018", "", ""),
            ("My weight between 12/01/2016 and 17/01/2017", "2016-01-12", "2017-01-18"),
            ("mon poids le 01/17/2017, à jeun", "2017-01-17", "2017-01-18"),
            ("LDL from 2019 on", "2019-01-01", ""),
            ("How did my LDL change from March 2019?", "2019-03-01", ""),
            ("blood pressure trend from April to August 2020", "2020-04-01", "2020-09-01"),
            ("évolution de ma tension entre avril et août 2020", "2020-04-01", "2020-09-01"),
            ("weight between January and June 2026", "2026-01-01", "2026-07-01"),
            ("weight from November to February 2020", "2019-11-01", "2020-03-01"),
            ("mes résultats entre le 1er janvier et le 30 juin 2024", "2024-01-01", "2024-07-01"),
            ("results between January 1 and June 30, 2024", "2024-01-01", "2024-07-01"),
            ("mes analyses du 1er au 15 mars 2024", "2024-03-01", "2024-03-16"),
            ("LDL from the 1st to the 15th of March 2024", "2024-03-01", "2024-03-16"),
            ("LDL April-August 2020", "2020-04-01", "2020-09-01"),
            ("LDL Nov 25-28 2020", "2020-11-25", "2020-11-29"),
            ("LDL Nov 25, 26 and 27 2020", "2020-11-25", "2020-11-28"),
            ("LDL from Nov 25 to 28, 2020", "2020-11-25", "2020-11-29"),
            ("LDL 25-28 November 2020", "2020-11-25", "2020-11-29"),
            ("LDL 25-28/11/2020", "2020-11-25", "2020-11-29"),
            ("LDL August 3 to 15, 2020", "2020-08-03", "2020-08-16"),
            ("LDL on Nov 25, 2020", "2020-11-25", "2020-11-26"),
            ("steps in the 48th week of 2020", "2020-11-23", "2020-11-30"),
            ("steps on the first of August 2026", "2026-08-01", "2026-08-02"),
            ("mes pas le premier août 2026", "2026-08-01", "2026-08-02"),
            ("steps in 2020-W48", "2020-11-23", "2020-11-30"),
            ("LDL in the winter 2020-2021", "2020-12-01", "2021-03-01"),
            ("mon LDL de l'hiver 2020-2021", "2020-12-01", "2021-03-01"),
            ("LDL from 2020-11-25 to 2020-11-28", "2020-11-25", "2020-11-29"),
            ("LDL in April and August 2020", "2020-04-01", "2020-09-01"),
            ("LDL on 5 May 2020", "2020-05-05", "2020-05-06"),
            ("steps the week of 12 August 2026", "2026-08-10", "2026-08-17"),
            ("mes pas la semaine du 10 août 2026", "2026-08-10", "2026-08-17"),
            ("mon sommeil la nuit du 12 août 2026", "2026-08-12", "2026-08-13"),
            ("LDL from April to August", "2026-04-01", "2026-09-01"),
            ("weight between November and February", "2025-11-01", "2026-03-01"),
            ("ma tension de janvier à mars", "2026-01-01", "2026-04-01"),
            ("may I see my LDL and march on", "", ""),
            ("LDL from 3 to 9 May", "2026-05-03", "2026-05-10"),
            ("ma glycémie depuis le début de l'année", "2026-01-01", ""),
            ("steps since the beginning of the month", "2026-11-01", ""),
            ("may I see my LDL", "", ""),
            ("my last LDL", "", ""),
        ] {
            let s = |s: &str| (!s.is_empty()).then(|| s.to_owned());
            let found = at(q);
            wrong.extend((found != (s(from), s(to))).then(|| format!("{q}: {found:?}")));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Several periods are one only where nothing lies between them.
    #[test]
    fn periods_that_are_several_are_told_to_be() {
        let several = |q: &str| {
            let lang = if q.contains("mon") || q.contains("Mon") { Lang::Fr } else { Lang::En };
            find(q, &fold::words(q), lang, Base { today: day(2026, 11, 23).unwrap(), born: None }).several.len()
        };
        for (q, n) in [
            ("Mon poids avant 2015 et après 2018", 2),
            ("My weight before and after 2016", 2),
            ("My weights 2016 and 2018", 2),
            ("hemoglobin since 2018 and platelets before 2020", 2),
            ("LDL in 2010, visits in 2014", 2),
            ("LDL in 2014 and 2015", 0),
            ("steps today and yesterday", 0),
            ("LDL between 2010 and 2014", 0),
            ("LDL since 2014", 0),
            ("LDL in 2014, yes in 2014", 0),
        ] {
            assert_eq!(several(q), n, "{q}");
        }
    }

    #[test]
    fn a_part_of_a_year_is_said_not_to_be_understood() {
        let unread = |q: &str| {
            let words = fold::words(q);
            let found = find(q, &words, Lang::En, Base { today: day(2026, 11, 23).unwrap(), born: None });
            found.unread.iter().map(|i| words[*i].clone()).collect::<Vec<_>>().join(" ")
        };
        for (q, said) in [
            ("weight at the beginning of 2020", "beginning"),
            ("poids fin 2015", "fin"),
            ("poids à la fin de l'année 2015", "fin"),
            ("poids depuis fin 2015", "fin"),
            ("poids depuis début 2015", ""),
            ("poids jusqu'à la fin de 2015", ""),
            ("weight in 2015", ""),
        ] {
            assert_eq!(unread(q), said, "{q}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(q in "((since|in|last|il|y|a|ans|years|ago|age|of|my|90s|annees|quarter|depuis|between|and|march|not|[0-9]{1,9})[ /-]){0,8}", today in -1_000_000i64..1_000_000) {
            let from = Base { today, born: Some((today - 20_000, today - 19_000)) };
            let _ = find(&q, &fold::words(&q), Lang::En, from);
            let _ = find(&q, &fold::words(&q), Lang::Fr, from);
        }
    }
}

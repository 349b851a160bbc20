//! Ways to write a time that mean the same as one that is understood: rewritten before a question is read.
//!
//! Only what has a date in it is touched; what is rewritten says no more and no less than it did.

use super::{MONTHS, day, month_start, number};
use crate::grounding::fold;
use crate::id::civil_from_days;
use std::borrow::Cow;

/// A word: its first byte, the byte after its last, and itself, folded.
struct Token {
    from: usize,
    to: usize,
    word: String,
}

/// A replacement of bytes.
type Edit = (usize, usize, String);

/// The question, with dates and what leads them in forms that are read.
pub(in crate::grounding) fn plain(question: &str, today: i64) -> Cow<'_, str> {
    let dates = apply(question, dates(question));
    let words = tokens(&dates);
    match apply(&dates, phrases(&dates, &words, today)) {
        Cow::Owned(text) => Cow::Owned(text),
        Cow::Borrowed(_) => dates,
    }
}

fn apply(text: &str, edits: Vec<Edit>) -> Cow<'_, str> {
    if edits.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (String::new(), 0);
    for (from, to, with) in edits {
        // Of two that overlap the first one counts.
        if from >= at {
            out.push_str(text.get(at..from).unwrap_or_default());
            out.push_str(&with);
            at = to;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

fn is_year(y: i64) -> bool {
    (1900..2200).contains(&y)
}

/// The year that two digits stand for.
fn century(y: i64) -> i64 {
    if y <= 40 { 2000 + y } else { 1900 + y }
}

/// Dates in numbers.
fn dates(text: &str) -> Vec<Edit> {
    let mut out = Vec::new();
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let rest = text.get(at..).unwrap_or_default();
        if matches!(c, '<' | '>') {
            // "LDL < 100"
            let sign = 1 + usize::from(rest.get(1..).is_some_and(|r| r.starts_with('=')));
            let number = rest.get(sign..).is_some_and(|r| r.trim_start().starts_with(|c: char| c.is_ascii_digit()));
            if number {
                out.push((at, at + sign, if c == '<' { " below " } else { " above " }.to_owned()));
            }
            before = c;
            continue;
        }
        let head = text.get(..at).unwrap_or_default();
        let quarter = matches!(c, '\'' | '\u{2019}')
            && head.ends_with(['1', '2', '3', '4'])
            && head.get(..head.len() - 1).is_some_and(|h| h.ends_with(['Q', 'q', 'T', 'H', 'h', 'S']));
        if !quarter && (before.is_alphanumeric() || matches!(before, '/' | '-' | '.')) {
            before = c;
            continue;
        }
        before = c;
        if matches!(c, '\'' | '\u{2019}') {
            // "Nov. '20"
            let digits = rest.get(c.len_utf8()..c.len_utf8() + 2).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
            let next = rest.get(c.len_utf8() + 2..).and_then(|r| r.chars().next());
            if let Some(y) = digits.and_then(|d| d.parse().ok()).filter(|_| !next.is_some_and(char::is_alphanumeric)) {
                let gap = if quarter { " " } else { "" };
                out.push((at, at + c.len_utf8() + 2, format!("{gap}{}", century(y))));
            }
            continue;
        }
        if !c.is_ascii_digit() {
            continue;
        }
        let sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.');
        let len = rest.find(|c| !sign(c)).unwrap_or(rest.len());
        let run = rest.get(..len).unwrap_or_default().trim_end_matches(['.', '-', '/']);
        // "1.5 years ago", "il y a 1,5 an"
        if let Some((used, months)) = years_and_part(rest) {
            out.push((at, at + used, months));
            while chars.peek().is_some_and(|(next, _)| *next < at + used) {
                before = chars.next().map_or(before, |(_, c)| c);
            }
            continue;
        }
        // "2020+"
        let plus = rest.get(run.len()..).is_some_and(|r| r.starts_with('+'));
        if plus && run.len() == 4 && run.parse().is_ok_and(is_year) {
            out.push((at, at + 5, format!("since {run}")));
            continue;
        }
        if let Some(with) = date(run) {
            let mut end = at + run.len();
            if run.contains(['T', 't']) {
                // The minutes of a time of day, and its zone.
                let tail = text.get(end..).unwrap_or_default();
                let clock = |c: char| c.is_ascii_digit() || matches!(c, ':' | 'Z' | '+' | '.');
                end += tail.find(|c| !clock(c)).unwrap_or(tail.len());
            }
            out.push((at, end, with));
        }
        while chars.peek().is_some_and(|(next, _)| *next < at + len) {
            before = chars.next().map_or(before, |(_, c)| c);
        }
    }
    out
}

/// Years with a part of one, in months: (bytes used, instead).
fn years_and_part(text: &str) -> Option<(usize, String)> {
    let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let rest = text.get(whole..)?;
    let part = digits(rest.strip_prefix(['.', ','])?);
    if !(1..=2).contains(&whole) || part != 1 {
        return None;
    }
    let unit = rest.get(1 + part..)?.trim_start();
    let name = unit.bytes().take_while(u8::is_ascii_alphabetic).count();
    let months = match unit.get(..name)? {
        "years" | "year" => "months",
        "ans" | "an" => "mois",
        _ => return None,
    };
    let tenths = 10 * text.get(..whole)?.parse::<i64>().ok()? + rest.get(1..1 + part)?.parse::<i64>().ok()?;
    let used = text.len() - unit.len() + name;
    Some((used, format!("{} {months}", (12 * tenths + 5).div_euclid(10))))
}

/// A date in numbers, in the form that is read; none where it is one already, or none.
fn date(run: &str) -> Option<String> {
    let pieces: Vec<&str> = run.split(['/', '-', '.']).collect();
    let signs: Vec<char> = run.chars().filter(|c| matches!(c, '/' | '-' | '.')).collect();
    let sign = signs.first().copied();
    if signs.iter().any(|s| Some(*s) != sign) {
        return None;
    }
    let digits = |s: &str, len: usize| {
        (s.len() == len && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<i64>().ok()).flatten()
    };
    let short = |s: &str| digits(s, 1).or_else(|| digits(s, 2));
    match pieces.as_slice() {
        // "20190305"
        [all] => {
            let (y, m, d) = (all.get(..4)?, all.get(4..6)?, all.get(6..8)?);
            let known = all.len() == 8 && is_year(digits(y, 4)?) && day(digits(y, 4)?, short(m)?, short(d)?).is_some();
            known.then(|| format!("{y}-{m}-{d}"))
        }
        // "2013-2020"; of two years on end, a winter has both.
        [a, b] if a.len() == 4 && b.len() == 4 => {
            let (from, to) = (digits(a, 4).filter(|y| is_year(*y))?, digits(b, 4).filter(|y| is_year(*y))?);
            (from + 1 < to && sign != Some('.')).then(|| format!("from {from} to {to}"))
        }
        // "2019/03"; "2017-19" and "2017/18" are years.
        [a, b] => {
            let (y, n) = (digits(a, 4).filter(|y| is_year(*y))?, digits(b, 2)?);
            let to = y - y.rem_euclid(100) + n;
            match sign {
                Some('/') if (1..=12).contains(&n) => Some(format!("{a}-{b}")),
                Some('/' | '-') if n > 12 && (y + 1..=y + 20).contains(&to) => Some(format!("from {y} to {to}")),
                _ => None,
            }
        }
        [y, m, d] if y.len() == 4 => {
            digits(y, 4).filter(|y| is_year(*y))?;
            // "2019-03-05T10:00"
            if let Some((d, hour)) = d.split_once(['T', 't']) {
                let known = short(d).is_some() && digits(hour, 2).is_some();
                return known.then(|| format!("{y}-{m}-{d} at {hour}h"));
            }
            day(digits(y, 4)?, short(m)?, short(d)?)?;
            (sign != Some('-')).then(|| format!("{y}-{m}-{d}"))
        }
        // "5/3/19", "05-MAR-19"
        [a, b, y] => {
            let full = century(digits(y, 2)?);
            short(a)?;
            let named = MONTHS.iter().any(|(n, _)| b.len() >= 3 && *n == b.to_lowercase());
            if named {
                return Some(format!("{a} {b} {full}"));
            }
            let (a, b) = (short(a)?, short(b)?);
            let is = |d: i64, m: i64| day(full, m, d).is_some();
            (is(a, b) || is(b, a)).then(|| format!("{a}/{b}/{full}"))
        }
        _ => None,
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut from = None;
    let ends = text.char_indices().map(Some).chain([None]);
    for end in ends {
        match (end, from) {
            (Some((at, c)), None) if c.is_alphanumeric() => from = Some(at),
            (Some((_, c)), Some(_)) if c.is_alphanumeric() => {}
            (end, Some(first)) => {
                let to = end.map_or(text.len(), |(at, _)| at);
                let word = fold::words(text.get(first..to).unwrap_or_default()).concat();
                out.push(Token { from: first, to, word });
                from = None;
            }
            _ => {}
        }
    }
    out
}

/// What leads a date, and the word that is read in its place.
const LEADS: [(&str, &str); 61] = [
    ("prior to", "before"),
    ("b4", "before"),
    ("starting in", "since"),
    ("starting from", "since"),
    ("beginning in", "since"),
    ("beginning from", "since"),
    ("as of", "since"),
    ("on or after", "since"),
    ("in or after", "since"),
    ("in or since", "since"),
    ("not before", "since"),
    ("no earlier than", "since"),
    ("not earlier than", "since"),
    ("on or before", "until"),
    ("in or before", "until"),
    ("not after", "until"),
    ("no later than", "until"),
    ("not later than", "until"),
    ("pas avant", "depuis"),
    ("pas apres", "jusqu"),
    ("au plus tard", "jusqu"),
    ("au plus tot", "depuis"),
    ("a compter de", "depuis"),
    ("a compter du", "depuis"),
    ("dès", "depuis"),
    ("pre", "before"),
    ("post", "after"),
    ("starting", "since"),
    ("by", "until"),
    ("ending", "until"),
    ("before the year", "before"),
    ("after the year", "after"),
    ("since the year", "since"),
    ("until the year", "until"),
    ("excluding the year", "except"),
    ("except the year", "except"),
    ("avant l annee", "avant"),
    ("avant l an", "avant"),
    ("apres l annee", "apres"),
    ("apres l an", "apres"),
    ("depuis l annee", "depuis"),
    ("depuis l an", "depuis"),
    ("without the year", "except"),
    ("without", "except"),
    ("apart from", "except"),
    ("minus", "except"),
    ("except for", "except"),
    ("sans l annee", "sauf"),
    ("sans", "sauf"),
    ("hormis l annee", "sauf"),
    ("hormis", "sauf"),
    ("mis a part", "sauf"),
    ("a part", "sauf"),
    ("throughout", "in"),
    ("a partir de", "depuis"),
    ("a partir d", "depuis"),
    ("up until", "until"),
    ("up to but not including", "before"),
    ("up to but excluding", "before"),
    ("pre covid", "before covid"),
    ("post covid", "after covid"),
];

/// What follows a date, and the word that is read before it.
const FOLLOWS: [(&str, &str); 22] = [
    ("or later", "since"),
    ("and later", "since"),
    ("or after", "since"),
    ("and after", "since"),
    ("and onward", "since"),
    ("and onwards", "since"),
    ("onward", "since"),
    ("onwards", "since"),
    ("or newer", "since"),
    ("ou plus tard", "depuis"),
    ("et plus tard", "depuis"),
    ("ou apres", "depuis"),
    ("et apres", "depuis"),
    ("et au dela", "depuis"),
    ("au plus tot", "depuis"),
    ("or earlier", "until"),
    ("and earlier", "until"),
    ("or before", "until"),
    ("and before", "until"),
    ("ou plus tot", "jusqu"),
    ("ou avant", "jusqu"),
    ("au plus tard", "jusqu"),
];

/// The end of a span that goes on to today.
const NOW: [&str; 20] = [
    "and now",
    "and today",
    "to now",
    "to today",
    "to date",
    "to present",
    "to the present",
    "till now",
    "till today",
    "until now",
    "until today",
    "up to now",
    "up to today",
    "et maintenant",
    "et aujourd hui",
    "a maintenant",
    "a aujourd hui",
    "a nos jours",
    "jusqu a maintenant",
    "jusqu a aujourd hui",
];

/// Words of dates as they are told, and what leads them.
fn phrases(text: &str, words: &[Token], today: i64) -> Vec<Edit> {
    let word = |i: usize| words.get(i).map_or("", |t| t.word.as_str());
    let start = |i: usize| words.get(i).map_or(text.len(), |t| t.from);
    let end = |i: usize| words.get(i).map_or(text.len(), |t| t.to);
    let said = |from: usize, to: usize| text.get(start(from)..end(to)).unwrap_or_default();
    let stands = |i: usize, phrase: &str| {
        let n = phrase.split(' ').count();
        let is = |(k, p): (usize, &str)| word(i + k) == p || (p == "dès" && said(i + k, i + k).to_lowercase() == p);
        phrase.split(' ').enumerate().all(is).then_some(n)
    };
    let month = |i: usize| MONTHS.iter().find(|(n, _)| *n == word(i) && n.len() > 2).map(|(_, m)| i64::from(*m));
    let year = |i: usize| word(i).parse().ok().filter(|y| word(i).len() == 4 && is_year(*y));
    let days = |i: usize| word(i).len() <= 4 && word(i).starts_with(|c: char| c.is_ascii_digit());
    let dated = |i: usize| month(i).is_some() || days(i);
    let filler = |i: usize| matches!(word(i), "the" | "in" | "en" | "le" | "l" | "la" | "of" | "de" | "au" | "a");
    let (this_year, ..) = civil_from_days(today);
    let mut out: Vec<Edit> = Vec::new();
    for i in 0..words.len() {
        for (phrase, with) in LEADS {
            let Some(n) = stands(i, phrase) else { continue };
            let date = dated(i + n) || (filler(i + n) && dated(i + n + 1));
            // "Without 3 of them" leaves out no time.
            let exact = |i: usize| year(i).is_some() || month(i).is_some();
            let loose = !matches!(with, "except" | "sauf" | "in");
            let date = date && (loose || exact(i + n) || (filler(i + n) && exact(i + n + 1)));
            if date || matches!(phrase, "prior to" | "pre covid" | "post covid") {
                let with = if with == "jusqu" && !filler(i + n) { "jusqu en" } else { with };
                out.push((start(i), end(i + n - 1), with.to_owned()));
            }
        }
        // "Following my operation"
        let mine = matches!(word(i + 1), "my" | "the" | "a" | "an");
        let noun =
            i.checked_sub(1).is_some_and(|i| matches!(word(i), "the" | "these" | "those" | "this" | "is" | "are"));
        if word(i) == "following" && mine && !noun && i > 0 {
            out.push((start(i), end(i), "after".to_owned()));
        }
        out.extend(aged(words, i).map(|(last, with)| (start(i), end(last), with.to_owned())));
        // "In my early forties"
        if word(i) == "my"
            && matches!(word(i + 1), "early" | "mid" | "late")
            && super::forms::tens(word(i + 2)).is_some()
        {
            out.push((start(i), end(i + 1), format!("{} my", word(i + 1))));
        }
        // "Since the beginning of last year"
        if matches!(word(i), "since" | "depuis") {
            let begins = ["the start of last", "the beginning of last", "start of last", "beginning of last"];
            let begins = begins.iter().find_map(|p| stands(i + 1, p).map(|n| i + n));
            let french = ["le debut de l annee derniere", "le debut de l annee passee", "debut de l annee derniere"];
            let french = french.iter().find_map(|p| stands(i + 1, p).map(|n| i + n - 2));
            if let Some(next) = begins.or(french) {
                out.push((end(i), start(next), " ".to_owned()));
            }
        }
        // "This past March", "March the 5th"
        if word(i) == "this" && word(i + 1) == "past" && month(i + 2).is_some() {
            out.push((start(i), end(i + 1), "last".to_owned()));
        }
        if month(i).is_some() && word(i + 1) == "the" && days(i + 2) {
            out.push((start(i + 1), start(i + 2), String::new()));
        }
        // "March this year", "mars de l'année dernière"
        if month(i).is_some() {
            let of = i + 1 + usize::from(matches!(word(i + 1), "of" | "de"));
            let lean = [("this year", 0), ("last year", 1), ("cette annee", 0), ("l annee derniere", 1)];
            let lean = lean.into_iter().chain([("l annee passee", 1), ("l an dernier", 1), ("l an passe", 1)]);
            if let Some((n, back)) = lean.into_iter().find_map(|(p, back)| stands(of, p).map(|n| (n, back))) {
                out.push((start(i), end(of + n - 1), format!("{} {}", said(i, i), this_year - back)));
            }
        }
        if let Some((n, y)) = spelled(words, i) {
            out.push((start(i), end(i + n - 1), y.to_string()));
        }
        out.extend(part(words, i, &year, &month).map(|(first, last, with)| (start(first), end(last), with)));
        // What follows a date leads it.
        let Some(last) = (year(i).is_some() || month(i).is_some()).then_some(i) else { continue };
        let of = |k: usize| matches!(word(k), "of" | "de") && k > 0 && dated(k - 1);
        let first = (0..last).rev().take_while(|k| dated(*k) || of(*k)).last().unwrap_or(last);
        let lead = first.checked_sub(1);
        let follows = FOLLOWS.iter().find_map(|(p, with)| stands(last + 1, p).map(|n| (n, *with)));
        // "Before 2015 and after 2018" leads another.
        let leads = |n: usize| dated(last + n + 1) || (filler(last + n + 1) && dated(last + n + 2));
        if let Some((n, with)) = follows.filter(|(n, _)| year(i).is_some() && !leads(*n)) {
            let lead = lead.filter(|k| matches!(word(*k), "in" | "on" | "from" | "since" | "en" | "de" | "depuis"));
            let with = if with == "jusqu" { "jusqu en" } else { with };
            out.push((start(lead.unwrap_or(first)), end(last + n), format!("{with} {}", said(first, last))));
            continue;
        }
        if let Some(n) = NOW.iter().find_map(|p| stands(last + 1, p)) {
            let lead =
                lead.filter(|k| matches!(word(*k), "between" | "from" | "since" | "entre" | "de" | "du" | "depuis"));
            let french = |k: usize| matches!(word(k), "entre" | "de" | "du" | "depuis");
            if let Some(k) = lead {
                let with = if french(k) { "depuis" } else { "since" };
                out.push((start(k), end(last + n), format!("{with} {}", said(first, last))));
            }
        }
    }
    out.sort_by_key(|(from, ..)| *from);
    out
}

/// "Under the age of 45", "by age 52". (last word, instead).
fn aged(words: &[Token], i: usize) -> Option<(usize, &'static str)> {
    let word = |i: usize| words.get(i).map_or("", |t| t.word.as_str());
    let with = match word(i) {
        "under" | "below" => "before the age of",
        "over" | "above" | "past" => "after the age of",
        "by" => "until the age of",
        _ => return None,
    };
    let age = i + 1 + usize::from(word(i + 1) == "the");
    let last = age + usize::from(word(age + 1) == "of");
    (word(age) == "age" && number(word(last + 1)).is_some()).then_some((last, with))
}

/// A year in words: "twenty nineteen", "deux mille dix-neuf". (words used, year).
fn spelled(words: &[Token], i: usize) -> Option<(usize, i64)> {
    const TEENS: [(&str, i64); 16] = [
        ("thirteen", 13),
        ("fourteen", 14),
        ("sixteen", 16),
        ("seventeen", 17),
        ("eighteen", 18),
        ("nineteen", 19),
        ("treize", 13),
        ("quatorze", 14),
        ("seize", 16),
        ("dix sept", 17),
        ("dix huit", 18),
        ("dix neuf", 19),
        ("vingt et un", 21),
        ("vingt deux", 22),
        ("vingt trois", 23),
        ("vingt quatre", 24),
    ];
    let word = |i: usize| words.get(i).map_or("", |t| t.word.as_str());
    let teen = |at: usize| {
        let is = |p: &str| p.split(' ').enumerate().all(|(k, p)| word(at + k) == p);
        TEENS.iter().find(|(p, _)| is(p)).map(|(p, n)| (p.split(' ').count(), *n))
    };
    let of = |at: usize| teen(at).or_else(|| number(word(at)).filter(|n| (1..=30).contains(n)).map(|n| (1, n)));
    if matches!((word(i), word(i + 1)), ("deux", "mille") | ("two", "thousand")) {
        let and = usize::from(word(i + 2) == "and");
        let of = |at: usize| of(at + and).map(|(n, y)| (n + and, y));
        let (n, y) = of(i + 2).unwrap_or((0, 0));
        return Some((2 + n, 2000 + y));
    }
    let lead = i.checked_sub(1).map_or("", word);
    let led = matches!(lead, "in" | "since" | "of" | "from" | "before" | "after" | "until" | "during" | "to");
    let month = MONTHS.iter().any(|(n, _)| *n == lead);
    if word(i) != "twenty" || !(led || month) || word(i + 1).bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let (n, y) = of(i + 1).filter(|(_, y)| *y >= 10)?;
    // "In twenty twenty one"
    let (more, one) = number(word(i + 1 + n)).filter(|one| y == 20 && (1..10).contains(one)).map_or((0, 0), |o| (1, o));
    super::unit(word(i + 1 + n + more)).is_none().then_some((1 + n + more, 2000 + y + one))
}

/// "The first three months of 2019", "the second half of August 2026". (first word, last word, instead).
fn part(
    words: &[Token],
    i: usize,
    year: &impl Fn(usize) -> Option<i64>,
    month: &impl Fn(usize) -> Option<i64>,
) -> Option<(usize, usize, String)> {
    let word = |i: usize| words.get(i).map_or("", |t| t.word.as_str());
    let first = |w: &str| match w {
        "first" | "premiers" | "premier" | "premiere" | "1st" | "1ere" => Some(true),
        "last" | "second" | "derniers" | "dernier" | "deuxieme" | "seconde" | "2nd" | "2e" => Some(false),
        _ => None,
    };
    let months = |w: &str| matches!(w, "months" | "mois");
    let of = |k: usize| matches!(word(k), "of" | "de" | "d");
    // "First three months of 2019", "trois premiers mois de 2019"
    let (n, begins) = match (first(word(i)), number(word(i)), first(word(i + 1)), number(word(i + 1))) {
        (Some(begins), _, _, Some(n)) | (_, Some(n), Some(begins), _) => (n, begins),
        _ if matches!(word(i + 1), "half" | "quinzaine") && of(i + 2) => {
            let (m, y) = (month(i + 3)?, year(i + 4)?);
            let length = month_start(y, m, 1) - month_start(y, m, 0);
            let days = if first(word(i))? { "1-15".to_owned() } else { format!("16-{length}") };
            return Some((i, i + 4, format!("{days} {} {y}", word(i + 3))));
        }
        _ => return None,
    };
    let y = year(i + 4).filter(|_| months(word(i + 2)) && of(i + 3) && (1..12).contains(&n))?;
    let (from, to) = if begins { (1, n) } else { (13 - n, 12) };
    Some((i, i + 4, format!("from {y}-{from:02} to {y}-{to:02}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(question: &str) -> String {
        plain(question, day(2026, 11, 27).unwrap()).into_owned()
    }

    #[test]
    fn dates_are_rewritten() {
        for (from, to) in [
            ("glucose 2020/11/25", "glucose 2020-11-25"),
            ("2019.03.05", "2019-03-05"),
            ("2019/03", "2019-03"),
            ("in 2017-19", "in from 2017 to 2019"),
            ("2017/18", "from 2017 to 2018"),
            ("LDL 2013-2020", "LDL from 2013 to 2020"),
            ("le 5/3/19 ?", "le 5/3/2019 ?"),
            ("25/12/19.", "25/12/2019."),
            ("05-MAR-19", "05 MAR 2019"),
            ("20190305", "2019-03-05"),
            ("at 2019-03-05T10:00:00Z,", "at 2019-03-05 at 10h,"),
            ("LDL < 100", "LDL  below  100"),
            ("LDL>=100?", "LDL above 100?"),
            ("Nov. '20", "Nov. 2020"),
            ("'17 to ’19", "2017 to 2019"),
            ("in Q4'19", "in Q4 2019"),
            ("LDL 2020+", "LDL since 2020"),
            ("1.5 years ago", "18 months ago"),
            ("il y a 2,5 ans", "il y a 30 mois"),
        ] {
            assert_eq!(of(from), to);
        }
    }

    #[test]
    fn what_is_no_date_stays() {
        for text in [
            "",
            "LDL 03/04/2014",
            "LDL 2014-03-05",
            "in 2014-03",
            "in the '90s",
            "140/90",
            "1.5.3.2",
            "12345678",
            "HbA1c 5.4",
            "l'été",
            "des analyses",
            "the following my doctor gave",
            "twenty twenty vision",
            "not before breakfast",
            "first half of the night",
            "12 months of 2019",
            "é'1é",
        ] {
            assert_eq!(of(text), text);
        }
    }

    #[test]
    fn what_leads_and_follows_is_rewritten() {
        for (from, to) in [
            ("LDL prior to 2019", "LDL before 2019"),
            ("calcium prior to my cardioversion", "calcium before my cardioversion"),
            ("sodium following my ankle fracture", "sodium after my ankle fracture"),
            ("starting in 2019", "since 2019"),
            ("pre 2015", "before 2015"),
            ("post-2015", "after-2015"),
            ("25 Nov 2020 onwards", "since 25 Nov 2020"),
            ("by 25 Nov 2020", "until 25 Nov 2020"),
            ("weight post-covid", "weight after covid"),
            ("before 2015 and after 2018", "before 2015 and after 2018"),
            ("dès 2019", "depuis 2019"),
            ("not before 2019", "since 2019"),
            ("no later than March 2019", "until March 2019"),
            ("pas avant 2019", "depuis 2019"),
            ("in 2018 or later", "since 2018"),
            ("in March 2018 or earlier", "until March 2018"),
            ("en 2018 ou plus tard", "depuis 2018"),
            ("between 2019 and now", "since 2019"),
            ("de 2019 à nos jours", "depuis 2019"),
            ("from March 2019 till today?", "since March 2019?"),
            ("in March this year", "in March 2026"),
            ("en mars de l'année dernière", "en mars 2025"),
            ("this past March", "last March"),
            ("March the 5th 2019", "March 5th 2019"),
            ("in twenty nineteen", "in 2019"),
            ("november twenty twenty", "november 2020"),
            ("en deux mille dix-neuf", "en 2019"),
            ("in two thousand and nineteen", "in 2019"),
            ("the first three months of 2019", "the from 2019-01 to 2019-03"),
            ("les trois premiers mois de 2019", "les from 2019-01 to 2019-03"),
            ("steps in the second half of August 2026", "steps in the 16-31 august 2026"),
            ("before the year 2022", "before 2022"),
            ("LDL avant l'an 2000", "LDL avant 2000"),
            ("without 2020, hormis 2017", "except 2020, sauf 2017"),
            ("throughout 2019", "in 2019"),
            ("à partir de mars 2019", "depuis mars 2019"),
            ("under the age of 45", "before the age of 45"),
            ("by age 52", "until the age of 52"),
            ("in my early 40s", "in early my 40s"),
            ("since the start of last year", "since last year"),
            ("depuis le début de l'année dernière", "depuis l'année dernière"),
            ("from 2010 up to but not including 2015", "from 2010 before 2015"),
        ] {
            assert_eq!(of(from), to);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "(([0-9]{1,9}|twenty|deux mille|first|half|of|March|or later|and now|T|'|é)[ /.-]?){0,9}", any in ".{0,40}") {
            let today = day(2026, 11, 27).unwrap();
            plain(&text, today);
            plain(&any, today);
        }
    }
}

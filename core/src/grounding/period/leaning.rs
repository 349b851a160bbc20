//! Periods that lean on today or on the birth date: "last year", "three years ago", "at the age
//! of 5".

use super::forms::tens;
use super::{Base, Period, Unit, led, month_start, months_back, number, unit};
use crate::id::civil_from_days;

/// Where a period stands: its first word, how many words, the days.
type Place = (usize, usize, Period);

/// Periods among words that are no date, whether one counts from the birth date, and the words of ages
/// where no birth date is known.
pub(super) fn find(words: &[String], dated: &[usize], base: Base) -> (Vec<Place>, bool, Vec<usize>) {
    let (mut out, mut by_birth, mut ageless, mut i) = (Vec::new(), false, Vec::new(), 0);
    while i < words.len() {
        let free = |(len, _): &(usize, Period)| !dated.iter().any(|d| (i..i + len).contains(d));
        let aged = base.born.and_then(|born| age(words, i, born)).filter(free);
        by_birth |= aged.is_some();
        if base.born.is_none()
            && let Some((len, _)) = age(words, i, (0, 0)).filter(free)
        {
            // "At 5 years", "my forties": they lead with a word that says nothing.
            let first = i + usize::from(words.get(i).is_some_and(|w| matches!(w.as_str(), "a" | "at" | "my")));
            ageless.extend(first..i + len);
            i += len;
            continue;
        }
        let today = Today(base.today);
        let hit = aged.or_else(|| today.ago(words, i)).or_else(|| today.leans(words, i)).filter(free);
        let Some((len, p)) = hit else {
            i += 1;
            continue;
        };
        out.push((i, len, led(words, i, p)));
        i += len;
    }
    (out, by_birth, ageless)
}

struct Today(i64);

impl Today {
    fn until_now(&self, from: i64) -> Period {
        Period { from: Some(from), to: Some(self.0 + 1) }
    }

    /// The first of so many days, weeks, months or years that end today.
    fn back(&self, n: i64, u: Unit) -> i64 {
        match u {
            Unit::Day => self.0 - n.min(40_000) + 1,
            Unit::Week => self.0 - 7 * n.min(5000) + 1,
            Unit::Month => months_back(self.0, n.min(1200)),
            Unit::Quarter => months_back(self.0, 3 * n.min(400)),
            Unit::Year => months_back(self.0, 12 * n.min(100)),
        }
    }

    /// The whole day, week, month, quarter or year so many before this one.
    fn calendar(&self, n: i64, u: Unit) -> Period {
        let (y, m, _) = civil_from_days(self.0);
        let m = i64::from(m);
        let months = |first: i64, len: i64, n: i64| {
            (month_start(y, first, -len * n.min(1200)), month_start(y, first, len - len * n.min(1200)))
        };
        let (from, to) = match u {
            Unit::Day => (self.0 - n.min(40_000), self.0 + 1 - n.min(40_000)),
            Unit::Week => {
                let monday = self.0 - (self.0 + 3).rem_euclid(7) - 7 * n.min(5000);
                (monday, monday + 7)
            }
            Unit::Month => months(m, 1, n),
            Unit::Quarter => months(m - (m - 1) % 3, 3, n),
            Unit::Year => months(1, 12, n),
        };
        Period { from: Some(from), to: Some(to) }
    }

    /// "Three years ago", "il y a plus de cinq ans": the calendar year so long ago; its words begin
    /// at the number, in French at "il" or "y".
    fn ago(&self, words: &[String], i: usize) -> Option<(usize, Period)> {
        let w = |k: usize| words.get(i + k).map_or("", String::as_str);
        let before = |k: usize| i.checked_sub(k).and_then(|k| words.get(k)).map_or("", String::as_str);
        let (head, bound, n, u) = if matches!((w(0), w(1), w(2)), ("il", "y", "a")) || (w(0), w(1)) == ("y", "a") {
            let head = if w(0) == "il" { 3 } else { 2 };
            let (bound, more) = match (w(head), w(head + 1)) {
                (b @ ("plus" | "moins"), "de" | "d") => (b, 2),
                ("au", "moins") => ("plus", 2),
                ("au", "plus") => ("moins", 2),
                ("environ" | "presque", _) => ("", 1),
                _ => ("", 0),
            };
            (head + more, bound, number(w(head + more))?, unit(w(head + more + 1))?)
        } else {
            // "Half a year ago"
            if w(0) == "half" && matches!(w(1), "a" | "an") && unit(w(2)) == Some(Unit::Year) && w(3) == "ago" {
                return Some((4, self.calendar(6, Unit::Month)));
            }
            // "A couple of months ago"
            if w(1) == "of" && w(3) == "ago" {
                return Some((4, self.calendar(number(w(0))?, unit(w(2))?)));
            }
            if !matches!(w(2), "ago" | "back") {
                return None;
            }
            let n = if matches!(w(0), "a" | "an") { 1 } else { number(w(0))? };
            // "Two to three years ago"
            if matches!(before(1), "to" | "or") && number(before(2)).is_some() {
                return None;
            }
            let bound = match (before(2), before(1)) {
                ("more", "than") | ("at", "least") | (_, "over") => "plus",
                ("less", "than") | ("at", "most") | ("up", "to") | (_, "under") => "moins",
                _ => "",
            };
            (1, bound, n, unit(w(1))?)
        };
        let point = self.back(n, u);
        let period = match bound {
            "plus" => Period { from: None, to: Some(point) },
            "moins" => self.until_now(point),
            _ => self.calendar(n, u),
        };
        Some((head + 2, period))
    }

    /// Periods that today ends, and those before it.
    fn leans(&self, words: &[String], i: usize) -> Option<(usize, Period)> {
        let w = |k: usize| words.get(i + k).map_or("", String::as_str);
        let (a, b, c) = (w(0), w(1), w(2));
        let is_last =
            |s: &str| matches!(s, "last" | "past" | "previous" | "dernier" | "derniere" | "derniers" | "dernieres");
        let ends_now = |n, u| self.until_now(self.back(n, u));
        let this = |u| Period { to: Some(self.0 + 1), ..self.calendar(0, u) };
        if (a, b) == ("avant", "hier") {
            return Some((2, self.calendar(2, Unit::Day)));
        }
        if (a, b, c) == ("day", "before", "yesterday") {
            return Some((3, self.calendar(2, Unit::Day)));
        }
        if (a, b, c) == ("night", "before", "last") {
            return Some((3, self.calendar(1, Unit::Day)));
        }
        if let (Some(u), "before", "last") = (unit(a), b, c) {
            return Some((3, self.calendar(2, u)));
        }
        if let ("avant", "dernier" | "derniere", Some(u)) = (a, b, unit(c)) {
            return Some((3, self.calendar(2, u)));
        }
        if matches!((a, b), ("last", "night") | ("nuit", "derniere") | ("cette", "nuit")) {
            return Some((2, self.calendar(0, Unit::Day)));
        }
        if matches!(a, "this" | "ce" | "cet" | "cette")
            && let Some(u) = unit(b)
        {
            return Some((2, this(u)));
        }
        if is_last(a)
            && let Some(n) = number(b)
        {
            // "The last couple of months"
            let of = usize::from(matches!(c, "of" | "de"));
            if let Some(u) = unit(w(2 + of)) {
                return Some((3 + of, ends_now(n, u)));
            }
        }
        // "Over five years", "sur 5 ans"; "stays over two days" have a length.
        let lasts = i.checked_sub(1).and_then(|i| words.get(i)).is_some_and(|w| {
            matches!(
                w.as_str(),
                "stay" | "stays" | "visit" | "visits" | "admission" | "admissions" | "hospitalizations"
            )
        });
        if matches!(a, "over" | "sur")
            && !lasts
            && w(3) != "ago"
            && let (Some(n), Some(u)) = (number(b), unit(c))
        {
            return Some((3, ends_now(n, u)));
        }
        // "The last half year"
        if is_last(a) && b == "half" && unit(c) == Some(Unit::Year) {
            return Some((3, ends_now(6, Unit::Month)));
        }
        // "In the last year" is the year up to now, "last year" the calendar's.
        let before = |k: usize| i.checked_sub(k).and_then(|k| words.get(k)).map_or("", String::as_str);
        let within = matches!(before(2), "in" | "over" | "during" | "within" | "for" | "throughout" | "across");
        if a == "last"
            && before(1) == "the"
            && within
            && c != "of"
            && let Some(u) = unit(b)
        {
            return Some((2, ends_now(1, u)));
        }
        if let (Some(n), true, Some(u)) = (number(a), is_last(b), unit(c)) {
            return Some((3, ends_now(n, u)));
        }
        // "Since the beginning of the year"
        let begins = match (a, b, c) {
            ("beginning" | "start", "of", "the" | "this") => Some(3),
            ("debut", "de" | "du", "l" | "cette" | "ce") => Some(3),
            ("debut", "de" | "du", _) => Some(2),
            _ => None,
        };
        if let Some(len) = begins
            && let Some(u) = unit(w(len))
        {
            return Some((len + 1, this(u)));
        }
        if matches!(a, "depuis" | "since")
            && let (Some(n), Some(u)) = (number(b), unit(c))
        {
            return Some((3 + usize::from(w(3) == "ago"), ends_now(n, u)));
        }
        match (a, b) {
            ("past", b) if unit(b).is_some() => unit(b).map(|u| (2, ends_now(1, u))),
            // "La dernière semaine de novembre" is none that ends today.
            ("dernier" | "derniere", b) if unit(b).is_some() && !matches!(c, "de" | "d" | "du") => {
                unit(b).map(|u| (2, ends_now(1, u)))
            }
            // "The last day of my stay" is none of the calendar.
            ("last" | "previous", b) if c != "of" => unit(b).map(|u| (2, self.calendar(1, u))),
            (a, "dernier" | "derniere" | "passe" | "passee") => unit(a).map(|u| (2, self.calendar(1, u))),
            ("today", _) | ("aujourd", "hui") => Some((1, self.calendar(0, Unit::Day))),
            ("yesterday" | "hier", _) => Some((1, self.calendar(1, Unit::Day))),
            _ => None,
        }
    }
}

/// Words that lead an age, the longest first, and whether a unit must follow the number: "at 5".
const AGES: [(&str, bool); 20] = [
    ("at the age of", false),
    ("at age", false),
    ("the age of", false),
    ("age of", false),
    ("aged", false),
    ("age", false),
    ("when i was", false),
    ("when she was", false),
    ("when he was", false),
    ("quand elle avait", true),
    ("quand il avait", true),
    ("i was", true),
    ("at", true),
    ("a l age de", false),
    ("l age de", false),
    ("age de", false),
    ("quand j avais", true),
    ("lorsque j avais", true),
    ("j avais", true),
    ("a", true),
];

/// A year of life: "at the age of 5", "quand j'avais cinq ans"; ten of them: "in my forties".
fn age(words: &[String], i: usize, born: (i64, i64)) -> Option<(usize, Period)> {
    let w = |k: usize| words.get(i + k).map_or("", String::as_str);
    let life = |n: i64, years: i64| Period {
        from: Some(months_back(born.0, -12 * n)),
        to: Some(months_back(born.1, -12 * (n + years))),
    };
    if w(0) == "my"
        && let Some(n) = tens(w(1))
    {
        return Some((2, life(n, 10)));
    }
    let before = i.checked_sub(1).and_then(|k| words.get(k)).map_or("", String::as_str);
    AGES.iter().find_map(|(says, with_unit)| {
        let len = says.split(' ').count();
        let leads = says.split(' ').enumerate().all(|(k, s)| w(k) == s);
        let n = leads.then(|| number(w(len))).flatten().filter(|n| (0..=120).contains(n))?;
        // "A 10 year history" has an article, "à 10 ans" has not.
        if *says == "a" && !matches!(w(len + 1), "an" | "ans") {
            return None;
        }
        let more = match (unit(w(len + 1)), w(len + 2)) {
            (Some(Unit::Year), "old") => 2,
            (Some(Unit::Year), _) => 1,
            (Some(_), _) => return None,
            (None, _) => 0,
        };
        // "Il y a 3 ans", and "a year ago", are no ages.
        let other =
            (*says == "a" && (before == "y" || number(before).is_some())) || (1..=2).any(|k| w(len + k) == "ago");
        ((more > 0 || !with_unit) && !other).then(|| (len + 1 + more, life(n, 1)))
    })
}

//! The clauses of a question: what one of them asks is not absorbed by another.
//!
//! A clause ends where a sentence does, at a comma, a colon, a dash or a sign that adds (`&`, `+`),
//! and before a word that joins: and, or, also, et, ou, aussi... Too many clauses show a little
//! more than was asked; too few would lose something.

use super::concepts::{self, Area, Concept};
use super::fold;
use super::phrases::Word;
use super::question::Topic;

/// Longest question that is looked at, in characters.
const MAX_CHARS: usize = 4000;

/// Whether a question is longer than that.
pub(super) fn is_cut(question: &str) -> bool {
    question.chars().nth(MAX_CHARS).is_some()
}

const JOINS: &str =
    " and or also but plus then nor besides versus vs et ou aussi mais puis ni ainsi egalement sinon donc ";

/// The folded words of a question, each with the number of its clause.
pub(super) fn split(question: &str) -> Vec<(String, usize)> {
    let chars: Vec<char> = question.chars().take(MAX_CHARS).collect();
    let (mut out, mut clause, mut piece) = (Vec::new(), 0usize, String::new());
    for (i, c) in chars.iter().enumerate() {
        if ends(*c, chars.get(i + 1).copied()) && !between(&chars, i) {
            add(&mut out, &mut clause, &piece);
            piece.clear();
            clause += 1;
        } else {
            piece.push(*c);
        }
    }
    add(&mut out, &mut clause, &piece);
    out
}

fn add(out: &mut Vec<(String, usize)>, clause: &mut usize, piece: &str) {
    for w in fold::words(piece) {
        if joins(&w) {
            *clause += 1;
        }
        out.push((w, *clause));
    }
}

/// Whether a word joins what stands before it to what follows.
pub(super) fn joins(word: &str) -> bool {
    JOINS.contains(&format!(" {word} "))
}

/// Whether neighbouring words belong together: no clause ends between them, unless at a joining
/// word of their own ("walking and running distance").
pub(super) fn is_one<'a>(words: impl Iterator<Item = (&'a str, usize)>) -> bool {
    let mut last = None;
    for (word, clause) in words {
        let joins = usize::from(joins(word));
        if last.is_some_and(|l| l + joins != clause) {
            return false;
        }
        last = Some(clause);
    }
    true
}

/// Whether a clause ends at a sign: not in `1.5`, `x-ray` or `1,5`.
fn ends(c: char, next: Option<char>) -> bool {
    match c {
        '?' | '!' | ';' | '\n' | '&' | '+' | '…' | '—' | '？' | '！' | '；' | '，' | '。' => true,
        '.' | ':' | '/' | '-' | '–' => next.is_none_or(char::is_whitespace),
        ',' => !next.is_some_and(|n| n.is_ascii_digit()),
        _ => false,
    }
}

/// Whether a sign stands between two letters that are one name: A&E.
fn between(chars: &[char], at: usize) -> bool {
    let letter = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphanumeric());
    letter(at.checked_sub(1)) && !letter(at.checked_sub(2)) && letter(Some(at + 1)) && !letter(Some(at + 2))
}

/// A phrase of the tables in a question.
pub(super) struct Found {
    /// Its first word, and how many it has.
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) clause: usize,
    pub(super) concepts: Vec<&'static Concept>,
    pub(super) topic: Option<Topic>,
    /// Words that are looked for in the place of its own.
    pub(super) means: Option<&'static str>,
}

/// "Pas hier": the word that mostly says "not" is steps where a question begins with it and names nothing but a time.
pub(super) fn bare_steps(words: &[Word]) -> Option<Found> {
    let at = words.iter().position(|w| !w.text.is_empty())?;
    let word = words.get(at).filter(|w| w.text == "pas" && !w.used)?;
    let concepts = vec![concepts::by_key("steps")?];
    Some(Found { at, len: 1, clause: word.clause, concepts, topic: None, means: None })
}

/// Whether something of an area stands in a clause.
pub(super) fn has(found: &[Found], clause: usize, area: Area) -> bool {
    found.iter().any(|f| f.clause == clause && f.concepts.iter().any(|c| c.area == area))
}

/// Whether a topic is asked for in a clause.
pub(super) fn asks(found: &[Found], clause: usize, topic: Topic) -> bool {
    found.iter().any(|f| f.clause == clause && f.topic == Some(topic))
}

/// Whether a topic's word only accompanies something more exact of its own clause: "lab" beside
/// "LDL", "taking" beside "statin". `word` is the first of the phrase.
pub(super) fn accompanies(found: &[Found], clause: usize, topic: Topic, word: &str) -> bool {
    let has = |area| has(found, clause, area);
    match topic {
        Topic::Medications => {
            let dose = matches!(word, "dose" | "doses")
                && (has(Area::Immunization) || asks(found, clause, Topic::Immunizations));
            has(Area::Medication) || dose || (word == "taking" && has(Area::Measure))
        }
        Topic::Conditions => has(Area::Condition),
        Topic::Immunizations => has(Area::Immunization),
        Topic::Laboratory | Topic::Vitals | Topic::Documents | Topic::Imaging | Topic::Workouts => has(Area::Measure),
        Topic::Encounters | Topic::Person | Topic::Marital | Topic::Allergies | Topic::Procedures => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(q: &str) -> Vec<String> {
        let mut out: Vec<(usize, String)> = Vec::new();
        for (w, n) in split(q) {
            match out.last_mut() {
                Some((last, text)) if *last == n => *text = format!("{text} {w}"),
                _ => out.push((n, w)),
            }
        }
        out.into_iter().map(|(_, t)| t).collect()
    }

    #[test]
    fn clauses_end_at_signs_and_at_words_that_join() {
        for (q, parts) in [
            ("What is my LDL, and when was my last visit?", vec!["what is my ldl", "and when was my last visit"]),
            ("LDL? Any workouts?", vec!["ldl", "any workouts"]),
            ("mon LDL et mes vaccins", vec!["mon ldl", "et mes vaccins"]),
            ("LDL & vaccines + visits", vec!["ldl", "vaccines", "visits"]),
            ("LDL 1,5 or 1.5 after an x-ray", vec!["ldl 1 5", "or 1 5 after an x ray"]),
            ("been to A&E & seen", vec!["been to a e", "seen"]),
            ("LDL: high - why", vec!["ldl", "high", "why"]),
            ("", vec![]),
        ] {
            assert_eq!(clauses(q), parts, "{q}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_word_is_lost(q in "(\\PC|[ .,:?&+-]){0,80}") {
            let words: Vec<String> = split(&q).into_iter().map(|(w, _)| w).collect();
            proptest::prop_assert_eq!(words, fold::words(&q));
        }
    }
}

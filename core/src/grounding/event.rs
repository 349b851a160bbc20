//! The event that a question names: what its measures are compared before and after.

use super::clause::Found;
use super::concepts::Concept;
use super::phrases::Word;
use super::question::Rest;
use super::topic::Topic;

/// The event a question names.
#[derive(Clone)]
pub(super) struct EventAsk {
    /// Known to the tables, or else to be looked for among the records' own words.
    pub(super) concept: Option<&'static Concept>,
    /// A whole kind: "since the surgery".
    pub(super) topic: Option<Topic>,
    /// Whether the last of several is meant.
    pub(super) last: bool,
    /// Which of several is meant, from the first one on: "my second shot".
    pub(super) nth: Option<usize>,
    /// The words to look for where no table knows it.
    pub(super) words: Vec<String>,
    /// Whether its end is asked about.
    pub(super) end: bool,
    /// The number of its strength, where the question names one.
    pub(super) strength: Option<String>,
}

silent_debug!(EventAsk);

impl EventAsk {
    pub(super) const fn new(concept: Option<&'static Concept>, words: Vec<String>) -> Self {
        Self { concept, topic: None, last: false, nth: None, words, end: false, strength: None }
    }
}

pub(super) fn is_last(word: &str) -> bool {
    " last latest recent dernier derniere derniers dernieres ".contains(&format!(" {word} "))
}

/// Which of several a word means, where it is neither the first nor the last.
pub(super) fn ordinal(word: &str) -> Option<usize> {
    Some(match word {
        "second" | "2nd" | "deuxieme" | "seconde" | "2e" | "2eme" => 2,
        "third" | "3rd" | "troisieme" | "3e" | "3eme" => 3,
        "fourth" | "4th" | "quatrieme" | "4e" | "4eme" => 4,
        "fifth" | "5th" | "cinquieme" | "5e" | "5eme" => 5,
        _ => return None,
    })
}

/// Words that say that something was done, or which of several: none of its name.
const DONE: &str = " first premier premiere second seconde third deuxieme troisieme fourth fifth 2nd 3rd 4th 5th implanted inserted placed put removed done performed fitted implante implantee pose posee fait faite realise realisee opere operee insertion ";

/// Whether a word marks a beginning.
pub(super) fn marks(word: &str) -> bool {
    MARKERS.contains(&format!(" {word} ").as_str())
}

/// Whether a word asks about an end.
pub(super) fn is_end(word: &str) -> bool {
    ENDS.contains(&format!(" {word} "))
}

/// Whether an end is asked about.
pub(super) fn ends(words: &[Word]) -> bool {
    words.iter().any(|w| ENDS.contains(&format!(" {} ", w.text)))
}

/// An event that no table knows, by the words that were left in the clause of a marker: "since I started Xyz". They are
/// left over no more. `markers` are the places of marking words and their clauses, `dated` what a time was read from.
pub(super) fn unnamed(
    left: &mut Vec<Rest>,
    words: &[Word],
    found: &[Found],
    markers: &[(usize, usize)],
    dated: &[usize],
) -> Option<EventAsk> {
    // "Since a year" and "since 2019" name a time, and no event.
    let word = |at: usize| words.get(at).map_or("", |w| w.text.as_str());
    let dates = |at: usize| {
        let filler = matches!(word(at + 1), "the" | "le" | "la" | "l" | "early" | "late" | "debut" | "fin");
        let leads = matches!(word(at), "since" | "after" | "before" | "depuis" | "apres" | "avant");
        dated.contains(&at) || (leads && dated.contains(&(at + 1 + usize::from(filler))))
    };
    let of = |clause: usize| markers.iter().filter(move |(at, n)| *n == clause && !dates(*at)).map(|(at, _)| *at);
    let at = left.iter().position(|r| of(r.clause).next().is_some())?;
    let mut rest = left.remove(at);
    // "Since my acute kidney failure": what a table read of its name belongs to it.
    let first = of(rest.clause).min()?;
    let named = |i: usize| words.get(i).is_some_and(|w| rest.seek.contains(&w.text));
    let beside = |f: &&Found| (f.at.saturating_sub(1)..=f.at + f.len).any(named);
    let of_it = found.iter().filter(|f| f.clause == rest.clause && first < f.at).filter(beside);
    let more: Vec<String> = of_it.flat_map(|f| words.iter().skip(f.at).take(f.len).map(|w| w.text.clone())).collect();
    rest.seek.extend(more);
    let named = |w: &String| !DONE.contains(&format!(" {w} "));
    if rest.seek.iter().any(named) {
        rest.seek.retain(named);
    }
    let nth = words.iter().filter(|w| w.clause == rest.clause).find_map(|w| ordinal(&w.text));
    let last = words.iter().any(|w| w.clause == rest.clause && is_last(&w.text));
    Some(EventAsk { last, nth, ..EventAsk::new(None, rest.seek) })
}

/// The number of a strength that stands right behind a medication: "atorvastatin 40 mg".
pub(super) fn strength(words: &[Word], found: &[Found], concept: &Concept) -> Option<String> {
    let of = found.iter().find(|f| f.concepts.iter().any(|c| c.key == concept.key))?;
    let word = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    let at = of.at + of.len;
    let number = !word(at).is_empty() && word(at).bytes().all(|b| b.is_ascii_digit());
    (number && matches!(word(at + 1), "mg" | "mcg" | "ug" | "g" | "ml" | "iu" | "ui")).then(|| word(at).to_owned())
}

/// Words that ask about an end.
const ENDS: &str =
    " stop stopped stopping quit ended discontinued without off arret arrete arreter arretee cesse fini sans ";

const MARKERS: [&str; 16] = [
    " since ",
    " after ",
    " before ",
    " started ",
    " start ",
    " starting ",
    " began ",
    " depuis ",
    " apres ",
    " avant ",
    " debut ",
    " commence ",
    " debute ",
    " sous ",
    " instauration ",
    " effect ",
];

//! What of a question no table knows, by clause: to be looked for among the records' own words.

use super::clause::{self, Found};
use super::concepts::{self, Area, Concept};
use super::dictionary::Wanted;
use super::fold;
use super::phrases::Word;
use super::topic::{STOP, Topic};
use std::collections::BTreeSet;

/// Words of one clause that no table knows, folded: to be looked for among the records' own words.
#[derive(Clone)]
pub(super) struct Rest {
    pub(super) clause: usize,
    /// As the question has them.
    pub(super) words: Vec<String>,
    /// What is looked for.
    pub(super) seek: Vec<String>,
    /// Whether the clause names nothing that a table knows, a whole kind aside.
    pub(super) bare: bool,
    /// Words at the name of what is measured, with that name: "urine glucose" is another thing than glucose.
    pub(super) beside: Vec<String>,
    /// Drugs that are named, with the words for them: to be looked for among the allergies.
    pub(super) drugs: Vec<(Vec<String>, &'static Concept)>,
}

silent_debug!(Rest);

impl Rest {
    pub(super) const fn new(clause: usize, bare: bool) -> Self {
        Self { clause, words: Vec::new(), seek: Vec::new(), bare, beside: Vec::new(), drugs: Vec::new() }
    }

    /// A word that is looked for as it is.
    fn add(&mut self, word: &str) {
        self.words.push(word.to_owned());
        self.seek.push(word.to_owned());
    }
}

/// The words by which concepts are named, folded: where none of these has anything on record, all
/// else is looked through for the words.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) clause: usize,
    pub(super) words: Vec<String>,
    pub(super) concepts: Vec<&'static Concept>,
}

silent_debug!(Said);

impl Said {
    /// What is looked for among the words of records.
    pub(super) fn wanted(&self) -> Wanted {
        let one = if let [c] = self.concepts.as_slice() { Some(*c) } else { None };
        Wanted::of(&self.words, one)
    }
}

/// Whether a word says what is asked about.
pub(super) fn tells(word: &str) -> bool {
    let common = |w: &str| STOP.contains(&format!(" {w} "));
    // "Whats my weight": a word that only questions have is none of a record's.
    word.len() >= 3 && !common(word) && !word.strip_suffix('s').is_some_and(common)
}

/// Whether a word is a long common one with a slip: "happend".
fn is_slip(word: &str) -> bool {
    let like =
        |w: &&str| w.len() >= 7 && w.len().abs_diff(word.len()) <= 1 && w.as_bytes().first() == word.as_bytes().first();
    STOP.split(' ').filter(like).any(|w| fold::near(w, word))
}

/// Words at the name of what is measured that make nothing else of it.
const PLAIN: &str = " daily quotidien quotidiens quotidienne quotidiennes maximal maximale minimal minimale blood sang sanguin sanguine sanguins sanguines serum plasma serique plasmatique panel exam examen numbers figures home clinic doctor lab laboratory labs laboratoire analyse analyses bilan dosage ratio durant during pendant vs versus compared ";

/// Words for a movement of values that are names of other things too.
const MOVES: &str = " fall falls peak peaks spike jump jumps chute chutes pic pics ";

/// What no table knows, by clause, and what is to be looked for by its words whatever knows it.
pub(super) fn rest(words: &[Word], cased: &[String], found: &[Found]) -> Vec<Rest> {
    let mut out: Vec<Rest> = Vec::new();
    let named = |clause| found.iter().any(|f| f.clause == clause && !f.concepts.is_empty());
    let clauses: BTreeSet<usize> = words.iter().map(|w| w.clause).collect();
    for clause in clauses {
        let mut r = Rest::new(clause, !named(clause));
        // "Did my potassium fall?": beside what is measured, a movement and no accident.
        let measured = clause::has(found, clause, Area::Measure);
        let moves = |w: &Word| measured && MOVES.contains(&format!(" {} ", w.text));
        let of_clause = || words.iter().filter(|w| w.clause == clause && !w.used && !moves(w));
        of_clause().filter(|w| tells(&w.text) && !(w.odd && is_slip(&w.text))).for_each(|w| r.add(&w.text));
        let here = || found.iter().filter(|f| f.clause == clause);
        // Two capitals are a name: what no table has is said to be missing.
        let capitals = |i: usize| {
            let w = cased.get(i).map_or("", String::as_str);
            w.len() == 2 && w.bytes().all(|b| b.is_ascii_uppercase())
        };
        for (i, w) in words.iter().enumerate().filter(|(_, w)| w.clause == clause && !w.used) {
            let common = clause::joins(&w.text) || STOP.contains(&format!(" {} ", w.text));
            if w.text.len() == 2 && capitals(i) && !common {
                r.add(&w.text);
            }
            // "Troponin T": a letter of its own at the name of what is measured.
            let letter = cased.get(i).is_some_and(|c| matches!(c.as_bytes(), [b'B'..=b'H' | b'K' | b'N'..=b'Z']));
            let measure = |f: &Found| !f.concepts.is_empty() && f.concepts.iter().all(|c| c.area == Area::Measure);
            if letter && here().any(|f| measure(f) && f.at + f.len == i) {
                r.add(&w.text);
            }
        }
        if r.words.is_empty() && here().next().is_none() {
            // Two letters can be all that a clause says: "Do I have MS?"
            let short = |w: &&Word| w.text.len() == 2 && w.text.bytes().all(|b| b.is_ascii_alphabetic());
            let common = |w: &&Word| clause::joins(&w.text) || STOP.contains(&format!(" {} ", w.text));
            of_clause().filter(|w| short(w) && !common(w)).for_each(|w| r.add(&w.text));
        }
        for f in here() {
            let phrase = || words.iter().skip(f.at).take(f.len).map(|w| w.text.as_str());
            if let Some(means) = f.means {
                r.words.extend(phrase().filter(|w| tells(w)).map(str::to_owned));
                r.seek.extend(means.split(' ').map(str::to_owned));
            } else if f.topic == Some(Topic::Imaging) && !r.words.is_empty() {
                // The image of something: it is looked for with it.
                phrase().for_each(|w| r.add(w));
            }
        }
        for f in here().filter(|f| !f.concepts.is_empty() && f.concepts.iter().all(|c| c.area == Area::Measure)) {
            let beside = |i: Option<usize>| {
                let w = i.and_then(|i| words.get(i)).filter(|w| w.clause == clause && !w.used)?;
                r.words.contains(&w.text).then_some(w).filter(|w| !PLAIN.contains(&format!(" {} ", w.text)))
            };
            let links = |i: usize| {
                words
                    .get(i)
                    .is_some_and(|w| " of the my a in le la les l de du d en dans ".contains(&format!(" {} ", w.text)))
            };
            let before = f.at.checked_sub(1);
            let after = (f.at + f.len..).find(|i| !links(*i));
            let named: Vec<String> =
                [beside(before), beside(after)].into_iter().flatten().map(|w| w.text.clone()).collect();
            if !named.is_empty() {
                r.beside.extend(named);
                r.beside.extend(words.iter().skip(f.at).take(f.len).map(|w| w.text.clone()));
            }
        }
        r.words.dedup();
        r.seek.dedup();
        out.extend((!r.words.is_empty()).then_some(r));
    }
    out
}

/// In clauses about vaccinations a disease is what they are against.
pub(super) fn given(found: &mut [Found], vaccines: &[usize]) {
    for f in found.iter_mut().filter(|f| vaccines.contains(&f.clause)) {
        let against = |c: &'static Concept| {
            let of = concepts::vaccines(c);
            if of.is_empty() { vec![c] } else { of }
        };
        f.concepts = f.concepts.iter().flat_map(|c| against(c)).collect();
    }
}

/// "Covid and flu vaccines": what joins begins a clause, and of the other one the disease may be meant, or its vaccine.
pub(super) fn joined_vaccines(found: &mut [Found], vaccines: &[usize]) {
    let of = |f: &Found| f.concepts.iter().any(|c| c.area == Area::Immunization);
    let given: BTreeSet<usize> =
        found.iter().filter(|f| of(f)).map(|f| f.clause).chain(vaccines.iter().copied()).collect();
    let near = |c: usize| !given.contains(&c) && (given.contains(&(c + 1)) || (c > 0 && given.contains(&(c - 1))));
    let clauses: Vec<usize> = found.iter().map(|f| f.clause).collect();
    let alone = |c: usize| clauses.iter().filter(|n| **n == c).count() == 1;
    for f in found.iter_mut().filter(|f| near(f.clause) && alone(f.clause)) {
        let more: Vec<&'static Concept> = f.concepts.iter().flat_map(|c| concepts::vaccines(c)).collect();
        f.concepts.extend(more);
    }
}

/// "Mes derniers examens" names no kind, and means results; "examen du pied" does not.
pub(super) fn bare_exams(texts: &mut [String]) {
    let exam = |w: &str| matches!(w, "examen" | "examens" | "exams");
    if texts.iter().any(|w| exam(w)) && texts.iter().all(|w| w.is_empty() || exam(w) || !tells(w)) {
        texts.iter_mut().filter(|w| exam(w)).for_each(|w| "analyses".clone_into(w));
    }
}

/// The words by which each concept is named.
pub(super) fn said_of(words: &[Word], found: &[Found]) -> Vec<Said> {
    let said = |f: &Found| {
        let mut words: Vec<String> = words.iter().skip(f.at).take(f.len).map(|w| w.text.clone()).collect();
        words.retain(|w| f.len > 1 || tells(w));
        Said { clause: f.clause, words, concepts: f.concepts.clone() }
    };
    found.iter().filter(|f| !f.concepts.is_empty()).map(said).collect()
}

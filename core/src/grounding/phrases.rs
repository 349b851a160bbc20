//! The phrases of the tables in a question: which words stand for what.

use super::clause;
use super::concepts::{self, Concept, GROUPS};
use super::dictionary::{self, PHRASES, WEAK};
use super::fold;
use super::question::{STOP, TOPICS, Topic};
use std::collections::BTreeSet;

/// A word of the question, its clause, and whether something understood it already.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) clause: usize,
    pub(super) used: bool,
    /// No word that the tables or everyday questions have: it may be mistyped.
    pub(super) odd: bool,
    /// Whether it was taken for a name with a slip.
    pub(super) mended: bool,
}

/// What the words stand for: first word, how many, and what. `fixed` are phrases that were found
/// before, `kept` words that are none with a slip.
pub(super) fn hits(
    words: &mut [Word],
    cased: &[String],
    fixed: Vec<(usize, usize, &'static str)>,
    kept: &[String],
) -> Vec<(usize, usize, Hit)> {
    for (at, len, _) in &fixed {
        words.iter_mut().skip(*at).take(*len).for_each(|w| w.used = true);
    }
    mark_odd(words);
    words.iter_mut().filter(|w| kept.contains(&w.text)).for_each(|w| w.odd = false);
    let mut hits = phrases(words);
    hits.extend(short(words, cased));
    typos(words, &mut hits);
    hits.extend(fixed.into_iter().map(|(at, len, means)| (at, len, Hit::Words(means))));
    weak(words, &mut hits);
    hits
}

/// What a phrase of the tables stands for.
pub(super) enum Hit {
    One(&'static Concept),
    Many(&'static str),
    Topic(Topic),
    /// Words that are looked for in the place of its own.
    Words(&'static str),
}

impl Hit {
    pub(super) fn concepts(&self) -> Vec<&'static Concept> {
        match self {
            Self::One(c) => vec![*c],
            Self::Many(keys) => keys.split(' ').filter_map(concepts::by_key).collect(),
            Self::Topic(_) | Self::Words(_) => Vec::new(),
        }
    }

    /// The keys of what is meant too where it is on record.
    pub(super) fn besides(&self) -> impl Iterator<Item = &'static str> + use<> {
        let keys = if let Self::Many(keys) = self { *keys } else { "" };
        concepts::BESIDES.iter().filter(move |(key, _)| keys.split(' ').any(|k| k == *key)).map(|(_, besides)| *besides)
    }

    pub(super) const fn means(&self) -> Option<&'static str> {
        match self {
            Self::Words(means) => Some(means),
            Self::One(_) | Self::Many(_) | Self::Topic(_) => None,
        }
    }

    pub(super) const fn topic(&self) -> Option<Topic> {
        match self {
            Self::Topic(t) => Some(*t),
            Self::One(_) | Self::Many(_) | Self::Words(_) => None,
        }
    }
}

/// Every phrase of the tables: (what it means, its words).
fn table() -> impl Iterator<Item = (Hit, &'static str)> {
    let one = concepts::all().flat_map(|c| c.says.split('|').map(move |p| (Hit::One(c), p)));
    let many = GROUPS.iter().flat_map(|(says, keys)| says.split('|').map(move |p| (Hit::Many(keys), p)));
    let topics = TOPICS.iter().flat_map(|(t, says)| says.split('|').map(move |p| (Hit::Topic(*t), p)));
    one.chain(many).chain(topics)
}

/// Whether words are a phrase; of several words one may have a slip, where it is no word of its own.
fn said(window: &[Word], phrase: &str) -> bool {
    let mut slips = 0;
    let mut pairs = window.iter().zip(phrase.split(' '));
    let all = pairs.all(|(w, p)| {
        let (word, wanted) = (fold::stem(&w.text), fold::stem(p));
        let slip = || w.odd && p.len() >= 5 && fold::near(word, wanted);
        !w.used && (word == wanted || (slip() && core::mem::replace(&mut slips, 1) == 0))
    });
    all && (slips == 0 || window.len() > 1)
}

/// What clinicians write short: as written, and the concept. Case tells calcium from the French "ça"
/// and potassium from a letter.
const SHORT: &[(&str, &str)] = &[
    ("HR hr", "heart-rate"),
    ("RR rr", "respiratory-rate"),
    ("temp Temp TEMP", "temperature"),
    ("plt plts Plt PLT", "platelets"),
    ("TC tc", "total-cholesterol"),
    ("K", "potassium"),
    ("Ca", "calcium"),
    ("Na", "sodium"),
    ("Cl", "chloride"),
    ("Mg", "magnesium"),
    ("Fe", "iron"),
    // An aid for hearing is none.
    ("AIDS", "hiv"),
    ("wt Wt WT", "weight"),
    ("ht Ht HT", "height"),
];

/// What is written short among words that nothing has understood; `cased` are the words as written.
/// Beside a number it is a unit, or something else: 24 hr, CA 125, vitamin K.
pub(super) fn short(words: &mut [Word], cased: &[String]) -> Vec<(usize, usize, Hit)> {
    let mut out = Vec::new();
    let number = |w: Option<&String>| w.is_some_and(|w| w.bytes().all(|b| b.is_ascii_digit()));
    for (at, text) in cased.iter().enumerate().take(words.len()) {
        let key = SHORT.iter().find(|(says, _)| says.split(' ').any(|s| s == text)).map(|(_, key)| *key);
        let Some(concept) = key.and_then(concepts::by_key) else { continue };
        let before = at.checked_sub(1).and_then(|i| cased.get(i));
        let vitamin = before.is_some_and(|w| w.to_lowercase().starts_with("vitamin"));
        // "Ça va ?"
        let that = text == "Ca"
            && words.get(at + 1).is_some_and(|n| {
                words.get(at).is_some_and(|w| w.clause == n.clause) && STOP.contains(&format!(" {} ", n.text))
            });
        let Some(word) = words.get_mut(at).filter(|w| !w.used && !w.text.is_empty()) else { continue };
        if !vitamin && !that && !number(before) && !number(cased.get(at + 1)) {
            word.used = true;
            out.push((at, 1, Hit::One(concept)));
        }
    }
    out
}

/// Ordinary words that are one letter away from a name of the tables: none is that name with a slip.
const ORDINARY: &str = " ambient analyst anger aspiring aware baking bikini biting bolster brake broker cancel case cash caste cheat chlorine chore class cleat comprise concert concord concur constant court creak cream create creator crest devise emergence fewer flora fooling gripped gross hiding hiker hired hiring imagine impatient latter lever liner liter litter lived locale lover lyric marred mediation meditation mess moral noose notation opera operate pail peer pester peter poll pond pool purse recede reflex remade resort retort ruining satin sheep short single singular skimming sleek sleet slimming smote snort sort spanner spoke spore spot spout spurt staged stance star state stated states static stating station statue statute steep strike strode stroked sweep sweeping swept table talking taming tanking taping tasking taxing tutor ultra urgency vial wafer wager wait waiter walker walled watery waver weighted window wright ";

fn is_common(word: &str) -> bool {
    let is = |list: &str, w: &str| list.contains(&format!(" {w} "));
    is(STOP, word) || [word, fold::stem(word), word.strip_suffix("es").unwrap_or(word)].iter().any(|w| is(ORDINARY, w))
}

/// Marks the words that no phrase of the tables has, and that are not common either.
fn mark_odd(words: &mut [Word]) {
    let common = |w: &Word| w.used || w.text.len() < 5 || is_common(&w.text) || dictionary::knows(&w.text);
    words.iter_mut().for_each(|w| w.odd = !common(w));
    for (_, phrase) in table() {
        for p in phrase.split(' ').map(fold::stem) {
            words.iter_mut().filter(|w| w.odd && fold::stem(&w.text) == p).for_each(|w| w.odd = false);
        }
    }
}

/// The longest phrase that begins at each word, left to right; none reaches over the end of a clause.
fn phrases(words: &mut [Word]) -> Vec<(usize, usize, Hit)> {
    let mut best: Vec<Option<(usize, Hit)>> = words.iter().map(|_| None).collect();
    for (hit, phrase) in table() {
        let len = phrase.split(' ').count();
        for (at, slot) in best.iter_mut().enumerate() {
            let Some(window) = words.get(at..at + len) else { break };
            let fits = said(window, phrase) && clause::is_one(window.iter().map(|w| (w.text.as_str(), w.clause)));
            if fits && slot.as_ref().is_none_or(|(n, _)| *n < len) {
                // `hit` is rebuilt cheaply instead of being shared: most phrases never match.
                *slot = Some((len, hit.copy()));
            }
        }
    }
    let mut out = Vec::new();
    let mut next = 0;
    for (at, slot) in best.into_iter().enumerate() {
        let Some((len, hit)) = slot else { continue };
        if at >= next {
            next = at + len;
            words.iter_mut().skip(at).take(len).for_each(|w| w.used = true);
            out.push((at, len, hit));
        }
    }
    out
}

impl Hit {
    const fn copy(&self) -> Self {
        match self {
            Self::One(c) => Self::One(c),
            Self::Many(k) => Self::Many(k),
            Self::Topic(t) => Self::Topic(*t),
            Self::Words(w) => Self::Words(w),
        }
    }
}

/// One slip in a word of five letters and more, where it can mean only one thing and is no word of
/// its own.
fn typos(words: &mut [Word], found: &mut Vec<(usize, usize, Hit)>) {
    for (at, word) in words.iter_mut().enumerate() {
        if !word.odd || word.used {
            continue;
        }
        let mut hits: Vec<Hit> = Vec::new();
        for (hit, phrase) in table() {
            if phrase.len() < 5
                || phrase.len().abs_diff(word.text.len()) > 3
                || phrase.contains(' ')
                || !fold::near(fold::stem(&word.text), fold::stem(phrase))
            {
                continue;
            }
            if !hits.iter().any(|h| h.same(&hit)) {
                hits.push(hit);
            }
        }
        if let (1, Some(hit)) = (hits.len(), hits.pop()) {
            (word.used, word.mended) = (true, true);
            found.push((at, 1, hit));
        }
    }
}

impl Hit {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => a.key == b.key,
            (Self::Many(a), Self::Many(b)) => a == b,
            (Self::Topic(a), Self::Topic(b)) => a == b,
            _ => false,
        }
    }
}

/// The phrases that mean something else than their words do: first word, length, what is looked for.
pub(super) fn fixed(texts: &[String], clauses: &[usize]) -> Vec<(usize, usize, &'static str)> {
    let mut out: Vec<(usize, usize, &'static str)> = Vec::new();
    for (says, means) in PHRASES {
        for phrase in says.split('|') {
            let len = phrase.split(' ').count();
            for at in 0..texts.len() {
                let window = texts.iter().zip(clauses).skip(at).take(len);
                let same = phrase.split(' ').map(fold::stem).eq(window.clone().map(|(w, _)| fold::stem(w)));
                let free = !out.iter().any(|(a, n, _)| *a < at + len && at < a + n);
                if same && free && clause::is_one(window.map(|(w, c)| (w.as_str(), *c))) {
                    out.push((at, len, *means));
                }
            }
        }
    }
    out
}

/// What is named by words that name nothing beside anything else of their clause.
fn weak(words: &mut [Word], hits: &mut Vec<(usize, usize, Hit)>) {
    let clause_of = |words: &[Word], at: usize| words.get(at).map(|w| w.clause);
    let known: BTreeSet<usize> = hits.iter().filter_map(|(at, ..)| clause_of(words, *at)).collect();
    for (says, key) in WEAK {
        let hit = match concepts::by_key(key) {
            Some(concept) => Hit::One(concept),
            None => Hit::Topic(Topic::Workouts),
        };
        for phrase in says.split('|') {
            let len = phrase.split(' ').count();
            for at in 0..words.len() {
                let Some(window) = words.get(at..at + len) else { break };
                let same =
                    window.iter().zip(phrase.split(' ')).all(|(w, p)| !w.used && fold::stem(&w.text) == fold::stem(p));
                let alone = clause_of(words, at).is_some_and(|c| !known.contains(&c));
                if same && alone && clause::is_one(window.iter().map(|w| (w.text.as_str(), w.clause))) {
                    hits.push((at, len, hit.copy()));
                    words.iter_mut().skip(at).take(len).for_each(|w| w.used = true);
                }
            }
        }
    }
}

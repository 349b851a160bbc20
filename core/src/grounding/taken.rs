//! What is taken for something: "blood pressure meds", "what do I take for my heart?".

use super::clause::Found;
use super::concepts::{self, Area};
use super::dictionary;
use super::phrases::Word;
use super::topic::Topic;

/// What a class of medications is for: one of the keys that a word for it stands for, and the class.
const TREATS: [(&str, &str); 14] = [
    ("systolic", "antihypertensive"),
    ("ldl", "statin"),
    ("hypercholesterolemia", "statin"),
    ("hypertension", "antihypertensive"),
    ("pain", "painkiller"),
    ("glucose", "diabetes-medicine"),
    ("diabetes", "diabetes-medicine"),
    ("depression", "antidepressant"),
    ("tsh", "thyroid-hormone"),
    ("hypothyroidism", "thyroid-hormone"),
    ("reflux", "ppi"),
    ("epilepsy", "antiepileptic"),
    ("cancer", "cancer-medicine"),
    ("osteoporosis", "bisphosphonate"),
];

/// What a person does with a medication.
const TAKES: &str = " take takes taking took taken on given prescribed prescribe prends prend prendre prenais pris prescrit prescrite prescrits ";

/// Words that lead what something is taken for.
const LEADS: &str = " for pour contre against ";

/// Words between that and what it is, and between a medication and that.
const FILLERS: &str = " my the a high ma mon mes le la les l de du des d ";

fn is(list: &str, word: &str) -> bool {
    !word.is_empty() && list.contains(&format!(" {word} "))
}

/// "Blood pressure meds", "meds for my blood pressure", "what do I take for my blood pressure?": not the measure and
/// all that is taken, but what is taken for it. Of what no class is for, all that is taken: "what do I take for my heart?"
pub(super) fn treated(words: &[Word], found: &mut Vec<Found>, dated: &[usize]) {
    let text = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    let leads = |from: usize, to: usize| {
        (from..to).all(|i| is(FILLERS, text(i)) || is(LEADS, text(i)))
            && (from..to).any(|i| is(LEADS, text(i)) || is(" de du des d ", text(i)))
    };
    let meds: Vec<(usize, usize, usize)> = found
        .iter()
        .filter(|f| f.topic == Some(Topic::Medications) && !matches!(text(f.at), "taking" | "dose" | "doses"))
        .map(|f| (f.at, f.len, f.clause))
        .collect();
    let mut taken = Vec::new();
    for f in found.iter_mut() {
        let class = TREATS.iter().find(|(key, _)| f.concepts.iter().any(|c| c.key == *key)).map(|(_, class)| *class);
        let Some(class) = class.and_then(concepts::by_key) else { continue };
        let (at, end) = (f.at, f.at + f.len);
        let of = |(m, len, clause): &(usize, usize, usize)| {
            let before = m + len <= at && leads(m + len, at);
            (*clause == f.clause && (end == *m || before)).then_some((at.min(*m), end.max(m + len)))
        };
        // "For diabetes and cholesterol"
        let joins = |f: &Found| f.clause > 0 && taken.contains(&(f.clause - 1)) && is_joined_alone(words, f);
        if let Some((from, to)) = meds.iter().find_map(of) {
            // A reading of what it is for is none of them: all of these words are looked for.
            (f.at, f.len, f.concepts) = (from, to - from, vec![class]);
        } else if lead(words, at).and_then(|lead| verb(words, lead)).is_some() || joins(f) {
            f.concepts = vec![class];
            taken.push(f.clause);
        }
    }
    let asked =
        |f: &Found| f.topic == Some(Topic::Medications) || f.concepts.iter().any(|c| c.area == Area::Medication);
    let leads = (0..words.len()).filter(|at| is(LEADS, text(*at)) && !dated.contains(&(at + 1)) && names(words, *at));
    let all = leads.filter_map(|at| Some((verb(words, at)?, words.get(at)?.clause))).next();
    if let Some((at, clause)) =
        all.filter(|(_, c)| !taken.contains(c) && !found.iter().any(|f| f.clause == *c && asked(f)))
    {
        list(found, at, clause);
    }
    // "Do I take vitamin D?" asks for no result.
    let substance = |f: &&Found| !f.concepts.is_empty() && f.concepts.iter().all(|c| dictionary::is_substance(c));
    let taken_up = found.iter().filter(substance).filter_map(|f| Some((verb(words, f.at)?, f.clause))).next();
    if let Some((at, clause)) = taken_up.filter(|(_, c)| !found.iter().any(|f| f.clause == *c && asked(f))) {
        list(found, at, clause);
    }
    let is_verb = |f: &Found| f.topic == Some(Topic::Medications) && is(TAKES, text(f.at));
    found.retain(|f| !(is_verb(f) && taken.contains(&f.clause)));
}

/// Asks for all that is taken, at a verb.
fn list(found: &mut Vec<Found>, at: usize, clause: usize) {
    found.push(Found { at, len: 1, clause, concepts: Vec::new(), topic: Some(Topic::Medications), means: None });
    found.sort_by_key(|f| f.at);
}

/// The word that leads to a place, over words that say nothing: "for my blood pressure".
fn lead(words: &[Word], at: usize) -> Option<usize> {
    let text = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    (0..at).rev().find(|i| !is(FILLERS, text(*i))).filter(|i| is(LEADS, text(*i)))
}

/// What a person does, before a word of the same clause: to be on something is one, and "on Monday" is none.
fn verb(words: &[Word], before: usize) -> Option<usize> {
    let text = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    let clause = words.get(before)?.clause;
    let on = |i: usize| i.checked_sub(1).is_some_and(|i| is(" i am was be ", text(i)));
    (0..before)
        .rev()
        .filter(|i| words.get(*i).is_some_and(|w| w.clause == clause))
        .find(|i| is(TAKES, text(*i)) && (text(*i) != "on" || on(*i)))
}

/// Whether something is named behind a word of the same clause, and no number.
fn names(words: &[Word], at: usize) -> bool {
    let of = words.iter().skip(at + 1).take_while(|w| words.get(at).is_some_and(|x| x.clause == w.clause));
    let first = of.map(|w| w.text.as_str()).find(|w| !is(FILLERS, w));
    first.is_some_and(|w| !w.is_empty() && !w.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a clause names one thing, and nothing but a joining word leads it.
fn is_joined_alone(words: &[Word], f: &Found) -> bool {
    let filler = |w: &str| is(FILLERS, w) || is(LEADS, w) || is(" and or et ou ", w);
    let of = words.iter().enumerate().filter(|(_, w)| w.clause == f.clause && !w.text.is_empty());
    of.filter(|(i, _)| !(f.at..f.at + f.len).contains(i)).all(|(_, w)| filler(&w.text))
}

//! The net: what a question says that limits or computes, and that nothing used. Tables end somewhere; what falls
//! through them is told, for an answer to less than was asked looks like one to all of it.

use super::clause::{self, Found};
use super::concepts::Area;
use super::event;
use super::period;
use super::phrases::Word;
use super::question::Plan;
use super::topic::Topic;
use super::whose;
use std::collections::BTreeSet;

/// Words for how something stands.
const STATES: &str = " normal abnormal abnormally high low elevated raised flagged normale normaux normales anormal anormale anormaux anormales haut haute hauts hautes bas basse basses eleve elevee eleves elevees ";
const STATE_PHRASES: [&str; 8] = [
    "out of range",
    "in range",
    "within range",
    "within the normal range",
    "hors norme",
    "hors normes",
    "hors des normes",
    "dans les normes",
];

/// Words that ask how many there are of something, or which and when: how each stands is not looked at for it.
const WHICH: &str = " many often when which only list times count number ever always never mostly usually combien quand quel quelle quels quelles seulement uniquement jamais toujours souvent nombre first last ";

/// Words that leave something out.
const WITHOUT: &str = " except excepte sauf hormis excluding exclude besides without sans minus ";

/// Words for a change, which is computed of what is measured alone.
const CHANGES: &str = " change changed changes changing changement changements evolved evolution worsened improved ";

/// What leaves something out in two words: "other than", "apart from", "à part".
const PAIRS: [(&str, &str); 9] = [
    ("other", "than"),
    ("others", "than"),
    ("autre", "que"),
    ("autres", "que"),
    ("autre", "qu"),
    ("autres", "qu"),
    ("apart", "from"),
    ("a", "part"),
    ("mis", "part"),
];

/// Words that relate to an event or a time.
const RELATES: &str =
    " before after since until till avant apres depuis between entre during while pendant durant lors ";

/// Words that relate what is measured to something else.
const LINKS: &str = " when quand lorsque at on with under sous au aux moment ";
const WHEN: &str = " when quand lorsque ";

/// Words for an extreme, at which another measure may be asked for.
const EXTREMES: &str = " highest lowest maximum minimum max min peak most least haut haute bas basse eleve elevee ";

/// Words for a state of what is counted.
const STATUS: &str = " active inactive resolved stopped completed ended ongoing actif actifs active actives resolu resolue resolus resolues arrete arretes arretee arretees termine termines terminee terminees ";

/// What is done to a dose.
const ALTERS: &str = " doubled halved increased reduced raised lowered tripled double doublee augmente augmentee diminue diminuee reduit reduite ";

/// Words of a number that have no place among those of times.
const HUNDREDS: &str = " hundred hundreds thousand thousands cent mille ";

/// Words for how much is taken.
const DOSES: &str = " dose doses dosage dosages posologie ";

/// Words told together, at most.
const RUN: usize = 4;

/// The words that nothing used, in runs. `left` are the places that were left out, as the question says.
pub(super) fn unmet(words: &[Word], found: &[Found], plan: &Plan, time: &period::Found, left: &[usize]) -> Vec<String> {
    let is = |list: &str, w: &str| !w.is_empty() && list.contains(&format!(" {w} "));
    let text = |i: usize| words.get(i).map_or("", |w| w.text.as_str());
    let measured = |clause: usize| clause::has(found, clause, Area::Measure);
    let listed = |clause: usize| found.iter().any(|f| f.clause == clause && f.topic.is_some_and(Topic::is_list));
    let taken = |clause: usize| clause::has(found, clause, Area::Medication);
    // The words of a clause from a place on.
    let run = |at: usize| {
        let of = words.iter().skip(at).take(RUN).take_while(|w| words.get(at).is_some_and(|x| x.clause == w.clause));
        of.map(|w| w.text.as_str()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let mut out: Vec<String> = Vec::new();
    for (i, w) in words.iter().enumerate() {
        if w.text.is_empty() || time.used.contains(&i) || time.unread.contains(&i) {
            continue;
        }
        let (word, clause) = (w.text.as_str(), w.clause);
        let here = measured(clause) || listed(clause);
        let digits = word.bytes().all(|b| b.is_ascii_digit());
        let counted = digits || is(HUNDREDS, word) || period::number(word).is_some_and(|n| n > 1);
        let nth = event::ordinal(word).is_some() || day_number(word) || matches!(word, "top" | "bottom");
        let event = plan.event.as_ref();
        let phrase = STATE_PHRASES.iter().find(|p| p.split(' ').enumerate().all(|(k, p)| text(i + k) == p));
        let state = is(STATES, word) || phrase.is_some();
        let dated = |i: usize| (i + 1..i + 4).any(|k| time.used.contains(&k) || time.unread.contains(&k));
        let extreme = |clause: usize| words.iter().any(|w| w.clause == clause && is(EXTREMES, &w.text));
        let which = || words.iter().enumerate().any(|(k, w)| k != i && w.clause == clause && is(WHICH, &w.text));
        let of_event =
            |f: &Found| event.and_then(|e| e.concept).is_some_and(|e| f.concepts.iter().any(|c| c.key == e.key));
        let told = if w.used {
            // "Since the dose was increased": it is the beginning that is compared with.
            is(DOSES, word) && event.is_some_and(|e| e.concept.is_some()) && measured(clause)
        } else if is(ALTERS, word) && found.iter().any(|f| (i + 1..i + 4).contains(&f.at) && of_event(f)) {
            // "Since I doubled metformin"
            true
        } else if is(RELATES, word) && event.is_some_and(|e| e.concept.is_some()) {
            // "After metformin but before the statin": one of them is compared with.
            let other = |f: &&Found| f.concepts.iter().any(|c| c.area != Area::Measure) && !of_event(f);
            found.iter().any(|f| (i + 1..i + 5).contains(&f.at) && other(&f))
                || (matches!(word, "between" | "entre") && !dated(i))
        } else if counted && here && !taken(clause) {
            !matches!(word, "couple" | "few" | "quelques")
        } else if nth && here {
            event.is_none_or(|e| e.nth.is_none())
        } else if state && measured(clause) {
            which()
        } else if is(WITHOUT, word) {
            let consumed = left.iter().any(|at| (i..i + 8).contains(at));
            !consumed && !event.is_some_and(|e| e.end) && (here || taken(clause))
        } else if is(CHANGES, word) && listed(clause) && !measured(clause) {
            true
        } else if i > 0 && PAIRS.contains(&(text(i - 1), word)) {
            !left.iter().any(|at| (i..i + 8).contains(at)) && (here || taken(clause))
        } else if is(RELATES, word) && here {
            // "How long since my last LDL?"
            let long = matches!(word, "since" | "depuis") && measured(clause);
            let next = |f: &&Found| (i + 1..i + 5).contains(&f.at);
            let itself = long && found.iter().filter(next).any(|f| f.concepts.iter().any(|c| c.area == Area::Measure));
            (matches!(word, "between" | "entre") && !dated(i)) || (event.is_none() && !itself && !dated(i))
        } else if is(WHEN, word) && extreme(clause) && is(" my the i mon ma mes le la l j ", text(i + 1)) {
            // "When my LDL was highest, what was my HDL?"
            let all = found.iter().flat_map(|f| &f.concepts);
            all.filter(|c| c.area == Area::Measure).map(|c| c.key).collect::<BTreeSet<_>>().len() > 1
        } else if is(LINKS, word) && measured(clause) && event.is_none() && !dated(i) {
            // "My weight when I was diagnosed": what is measured, and then what it is related to.
            let of = |f: &&Found| f.clause == clause && !(f.concepts.is_empty() && f.topic.is_none());
            let measure = |f: &Found| f.concepts.iter().any(|c| c.area == Area::Measure);
            let before = found.iter().filter(of).any(|f| f.at < i && measure(f));
            let after = found.iter().filter(of).find(|f| (i + 1..i + 8).contains(&f.at));
            before && after.is_some_and(|f| !measure(f) || is(WHEN, word) || extreme(clause))
        } else if is(STATUS, word) && !measured(clause) && !listed(clause) {
            // "How many of my sprains were resolved?"
            words.iter().any(|w| w.clause == clause && is(" many often combien number nombre ", &w.text))
        } else if word == "not" && here && !dated(i) {
            !left.iter().any(|at| (i..i + 8).contains(at))
        } else {
            false
        };
        if told {
            let said = match phrase {
                Some(phrase) => (*phrase).to_owned(),
                None if i > 0 && PAIRS.contains(&(text(i - 1), word)) => run(i - 1),
                None if [WITHOUT, RELATES, LINKS, DOSES, ALTERS].iter().any(|l| is(l, word)) || word == "not" => run(i),
                None => word.to_owned(),
            };
            let known = |o: &String| o.contains(&said) || said.split(' ').any(|w| w == o);
            if !plan.unread.iter().chain(&out).any(known) {
                out.push(said);
            }
        }
    }
    out
}

/// What people do with what is measured, and with a question.
const EVERYDAY: &str = " burn burned burnt burning drink drank drunk drinking eat ate eaten eating walk walked walking sleep slept sleeping breathe breathing weigh weighed begin began begun started through avais feel feels felt doing bu bue bus bues boire brule brulee brules brulees bruler mange mangee manger marche marchee dormi dormir pese peser demande demander respire trop assez good bad ok great healthy bon bonne ";

/// Whether a word that nobody knows would limit what is named beside it: not whom somebody is asked for, nor what
/// is done with what is measured.
pub(super) fn limits(word: &str) -> bool {
    !whose::is_kin(word) && !event::is_end(word) && !EVERYDAY.contains(&format!(" {word} "))
}

/// "The 5th" of a month that nobody names.
fn day_number(word: &str) -> bool {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
    digits.is_some_and(|d| (1..=2).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()))
}

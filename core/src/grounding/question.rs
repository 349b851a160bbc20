//! What a question asks for: language, concepts, topics, an event, a period.

use super::clause::{self, Found};
use super::concepts::{self, Area, Concept};
use super::event;
pub(super) use super::event::EventAsk;
use super::fold;
use super::imaging;
use super::limits::{self, bare_list, joined, leaves_out, without};
use super::net;
use super::period::{self, Period};
use super::phrases::{self, Word};
pub(super) use super::rest::{Rest, Said};
use super::rest::{bare_exams, given, joined_vaccines, rest, said_of};
use super::sleep::{self, Stage};
use super::standing;
use super::taken;
pub(super) use super::topic::{STOP, TOPICS, Topic};
use super::uncomputed::{self, Asked};
use super::visits::{self, Visit};
use super::whose;
use super::workouts;
use crate::lang::Lang;
use std::collections::BTreeSet;

/// A question taken apart.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) lang: Lang,
    pub(super) concepts: Vec<&'static Concept>,
    pub(super) topics: Vec<Topic>,
    pub(super) event: Option<EventAsk>,
    pub(super) period: Option<Period>,
    /// From when on the event is meant, where the question says so.
    pub(super) begun: Option<Period>,
    /// Whether the period counts from the birth date.
    pub(super) by_birth: bool,
    /// The periods named, where only one of several is understood.
    pub(super) several: Vec<Period>,
    /// What the question asks to leave out.
    pub(super) excluded: Vec<&'static Concept>,
    /// The whole kinds that it does.
    pub(super) left_topics: Vec<Topic>,
    /// Clauses that ask for allergies.
    pub(super) allergic: BTreeSet<usize>,
    /// Clauses that ask for a list of things, and name none of them.
    pub(super) listed: BTreeSet<usize>,
    /// Words of time that are not understood.
    pub(super) unread: Vec<String>,
    pub(super) rest: Vec<Rest>,
    pub(super) said: Vec<Said>,
    /// Concepts that are shown where they are on record, and not missed.
    pub(super) besides: Vec<&'static Concept>,
    /// The sorts of workout that are named.
    pub(super) sorts: Vec<&'static str>,
    /// The sorts of visit that are named.
    pub(super) visits: Vec<Visit>,
    /// The sorts of image that are named.
    pub(super) images: Vec<&'static imaging::Sort>,
    /// Whether the first of something is asked for.
    pub(super) oldest: bool,
    /// Whether a score or a number is asked for.
    pub(super) measured: bool,
    /// The stages of sleep that are named.
    pub(super) stages: Vec<Stage>,
    /// What is asked to be worked out and nothing here does, in its words.
    pub(super) uncomputed: Vec<(Asked, String)>,
    /// What lists are limited to.
    pub(super) limits: standing::Limits,
    /// Words that would limit what is listed, and do not.
    pub(super) unlimited: Vec<String>,
    /// Whether a mean is asked for.
    pub(super) average: bool,
    /// Whether some of it is about somebody else.
    pub(super) others: bool,
    /// Whether the end of the question was not read.
    pub(super) cut: bool,
    /// Words that were taken for names with a slip.
    pub(super) mended: Vec<String>,
}

silent_debug!(Plan);

impl Plan {
    /// The period that measures are read within; a comparison with an event needs all of them.
    pub(super) fn narrowed(&self) -> Option<&Period> {
        self.period.as_ref().filter(|_| self.event.is_none())
    }
}

const ENGLISH: &str = " the my is was what how did does do since i am are have has which when of and to in latest last show me ever any been that with for before after on started taking year month blood ";
const FRENCH: &str = " pouls sommeil moyen moyenne frequence imc maladies traitement traitements analyses poids taille glycemie vaccins ordonnances le la les mon ma mes est quel quelle quels quelles comment depuis que je suis prends ai ete etait il elle sur dans en de du des et un une dernier derniere ce cette avant apres pour plus avec au aux pas mois annee ";

/// Words of a question that are looked at; a longer text is no question.
const WORDS: usize = 120;

/// Takes a question apart.
pub(super) fn parse(question: &str, lang: Option<Lang>, from: period::Base) -> Plan {
    parse_but(question, lang, from, &[])
}

/// The same, where these words are none with a slip.
pub(super) fn parse_but(question: &str, lang: Option<Lang>, from: period::Base, kept: &[String]) -> Plan {
    let plain = period::plain(question, from.today);
    let question = &*plain;
    let mut split = clause::split(question);
    let cut = split.len() > WORDS || clause::is_cut(question);
    split.truncate(WORDS);
    // In the space of a child, "my daughter" is whose it is.
    if from.born.is_some_and(|(_, last)| from.today - last < 18 * 366) {
        split.iter_mut().filter(|(w, _)| whose::is_child(w)).for_each(|(w, _)| w.clear());
    }
    let others = whose::others(&split);
    let (mut texts, clauses): (Vec<String>, Vec<usize>) = split.into_iter().unzip();
    let cased = fold::cased(question);
    let lang = lang.unwrap_or_else(|| detect(question, &texts));
    // What is about somebody else is not read: neither what it asks for nor its dates.
    texts.iter_mut().zip(&others.words).filter(|(_, o)| **o).for_each(|(text, _)| text.clear());
    imaging::lungs(&mut texts, &clauses);
    bare_exams(&mut texts);
    let fixed = phrases::fixed(&texts, &clauses);
    let mut timed = texts.clone();
    for (at, len, _) in &fixed {
        timed.iter_mut().skip(*at).take(*len).for_each(String::clear);
    }
    let time = period::find(question, &timed, lang, from);
    let mut words: Vec<Word> = texts
        .into_iter()
        .zip(clauses)
        .enumerate()
        .map(|(i, (text, clause))| Word {
            text,
            clause,
            used: time.used.contains(&i) || time.unread.contains(&i),
            odd: false,
            mended: false,
        })
        .collect();
    // "Par rapport à" compares, and is no document.
    for i in 1..words.len() {
        let compares = words.get(i - 1).is_some_and(|w| w.text == "par");
        words.get_mut(i).filter(|w| compares && w.text == "rapport").into_iter().for_each(|w| w.used = true);
    }
    let mut hits = phrases::hits(&mut words, &cased, fixed, kept);
    let unread = unread(&mut words, &time);
    let uncomputed = uncomputed(&mut words, &mut hits, &time);
    hits.sort_by_key(|(at, ..)| *at);
    let besides = hits.iter().flat_map(|(_, _, hit)| hit.besides()).filter_map(concepts::by_key).collect();
    let mut found: Vec<Found> = hits
        .into_iter()
        .filter_map(|(at, len, hit)| {
            let clause = words.get(at)?.clause;
            Some(Found { at, len, clause, concepts: hit.concepts(), topic: hit.topic(), means: hit.means() })
        })
        .collect();
    if found.is_empty() && time.period.is_some() {
        found.extend(clause::bare_steps(&words));
    }
    taken::treated(&words, &mut found, &time.used);
    let mut excluded: Vec<&'static Concept> = Vec::new();
    let (mut left_out, mut left_topics) = (Vec::new(), Vec::new());
    let several = found.len() > 1;
    let mut others_than = false;
    // What else is asked for, before: "my labs without glucose".
    let listed: Vec<usize> = found.iter().filter(|f| f.topic.is_some() || f.concepts.len() > 1).map(|f| f.at).collect();
    let listed = if listed.is_empty() { bare_list(&words) } else { listed };
    let mut left: Option<usize> = None;
    let kept: Vec<Topic> = found.iter().filter_map(|f| f.topic).collect();
    found.retain(|f| {
        let measures = f.concepts.iter().all(|c| c.area == Area::Measure);
        let how = leaves_out(&words, f.at, several);
        let how =
            how.or_else(|| (measures && listed.iter().any(|at| *at < f.at) && without(&words, f.at)).then_some(false));
        // "Excluding glucose and sodium"
        let one = how.is_some() || (!f.concepts.is_empty() && left.is_some_and(|end| joined(&words, end, f.at)));
        // "Visits except hospital": those are visits as well, and nobody asked for none.
        let one = one && f.topic.is_none_or(|t| kept.iter().filter(|k| **k == t).count() <= 1);
        left = one.then_some(f.at + f.len);
        others_than |= one && how == Some(true) && f.concepts.iter().all(|c| c.area == Area::Condition);
        if one {
            excluded.extend(&f.concepts);
            left_topics.extend(f.topic);
            left_out.push(f.at);
        }
        !one
    });
    // "The electrolytes, except potassium"
    let left = |c: &Concept| excluded.iter().any(|e| e.key == c.key);
    found.iter_mut().filter(|f| f.concepts.len() > 1).for_each(|f| f.concepts.retain(|c| !left(c)));
    // "Vaccinated against covid" does not ask for the disease.
    let dose = |f: &Found| f.len == 1 && words.get(f.at).is_some_and(|w| matches!(w.text.as_str(), "dose" | "doses"));
    let vaccines: Vec<usize> =
        found.iter().filter(|f| f.topic == Some(Topic::Immunizations) || dose(f)).map(|f| f.clause).collect();
    given(&mut found, &vaccines);
    joined_vaccines(&mut found, &vaccines);
    found.iter_mut().for_each(|f| f.concepts.dedup_by_key(|c| c.key));

    let sleeps = found.iter().any(|f| f.concepts.iter().any(|c| c.key == "sleep"));
    let stages = sleep::stages(&mut words, sleeps);
    let (limits, unlimited) = standing::find(&mut words, &found, time.period.as_ref(), &time.used);
    let has = |list: &str| words.iter().any(|w| !w.text.is_empty() && list.contains(&format!(" {} ", w.text)));
    let phrase = |f: &Found| words.iter().skip(f.at).take(f.len).map(|w| w.text.clone()).collect::<Vec<String>>();
    let sorts = |t: Topic| found.iter().filter(|f| f.topic == Some(t)).map(phrase).collect::<Vec<_>>();
    let mut plan = Plan {
        lang,
        concepts: Vec::new(),
        topics: Vec::new(),
        event: None,
        begun: None,
        period: time.period,
        several: time.several.clone(),
        excluded,
        left_topics,
        allergic: found.iter().filter(|f| f.topic == Some(Topic::Allergies)).map(|f| f.clause).collect(),
        listed: BTreeSet::new(),
        by_birth: time.by_birth,
        unread,
        rest: rest(&words, &cased, &found),
        said: said_of(&words, &found),
        besides,
        sorts: workouts::sorts(words.iter().map(|w| w.text.as_str())),
        visits: sorts(Topic::Encounters).iter().filter_map(|p| visits::named(p)).collect(),
        images: sorts(Topic::Imaging).iter().filter_map(|p| imaging::named(p)).collect(),
        oldest: has(" oldest first earliest premier premiere premiers premieres ancien ancienne anciens anciennes "),
        measured: has(" score scores screening scored depistage ") || how_much(&words),
        stages,
        average: averages(&words),
        uncomputed,
        limits,
        unlimited,
        others: others.stated,
        cut,
        mended: words.iter().filter(|w| w.mended).map(|w| w.text.clone()).collect(),
    };
    let markers: Vec<(usize, usize)> =
        words.iter().enumerate().filter(|(_, w)| event::marks(&w.text)).map(|(at, w)| (at, w.clause)).collect();
    name(&mut plan, &words, &found, &markers);
    if others_than {
        plan.topics.push(Topic::Conditions);
    }
    limits::unlimited(&mut plan, &words, &mut found, &markers);
    for f in &found {
        let Some(topic) = f.topic.filter(|t| !plan.topics.contains(t)) else { continue };
        // "My creatinine since the hospital stay"
        let kind = matches!(topic, Topic::Encounters | Topic::Procedures);
        if kind
            && plan.event.is_none()
            && clause::has(&found, f.clause, Area::Measure)
            && begins(&words, &markers, f.at)
        {
            let said = words.iter().skip(f.at).take(f.len).map(|w| w.text.clone()).collect();
            plan.event = Some(EventAsk { topic: Some(topic), last: true, ..EventAsk::new(None, said) });
            continue;
        }
        // "My weight since my divorce": what has no start here is said to have none.
        let other = matches!(topic, Topic::Marital | Topic::Immunizations | Topic::Imaging | Topic::Documents);
        if other
            && plan.event.is_none()
            && clause::has(&found, f.clause, Area::Measure)
            && begins(&words, &markers, f.at)
        {
            let said = words.iter().skip(f.at).take(f.len).map(|w| w.text.clone()).collect();
            plan.event = Some(EventAsk::new(None, said));
            continue;
        }
        let word = words.get(f.at).map_or("", |w| w.text.as_str());
        // "My LDL since I started taking them": the event is among what is taken.
        let event = topic == Topic::Medications
            && plan.event.is_none()
            && !markers.is_empty()
            && !clause::has(&found, f.clause, Area::Medication);
        // "The distance of my run": the workout has its own.
        let run =
            topic == Topic::Workouts && plan.concepts.iter().any(|c| matches!(c.key, "distance" | "active-energy"));
        if event || run || !clause::accompanies(&found, f.clause, topic, word) {
            plan.topics.push(topic);
        }
    }
    if nothing_but(&plan) && plan.limits.flagged {
        plan.topics.push(Topic::Laboratory);
    }
    // "What did I take in 2015?"
    if nothing_but(&plan) && plan.period.is_some() && has(" take took taking prends prend prenais prenait ") {
        plan.topics.push(Topic::Medications);
    }
    // "Abnormal results" names no kind, and means these.
    let bare = nothing_but(&plan);
    if bare && words.iter().any(|w| !w.used && RESULTS.contains(&format!(" {} ", w.text))) {
        plan.topics.push(Topic::Laboratory);
    }
    // "What happened in January?"
    let nothing = nothing_but(&plan);
    if nothing && plan.period.is_some() {
        plan.topics.extend(HAPPENED);
    }
    let shown = |f: &&Found| f.topic.is_some_and(|t| t.is_of_things() && plan.topics.contains(&t));
    plan.listed = found.iter().filter(shown).map(|f| f.clause).collect();
    // "When did I start metformin?" asks for the start itself.
    if plan.concepts.is_empty() && plan.topics.is_empty() {
        plan.concepts.extend(plan.event.take().and_then(|e| e.concept));
    }
    // A question about something that starts without a known name: "since I started Xyz".
    // Without a measure there is nothing to compare with a start.
    if plan.event.is_none() && plan.concepts.iter().any(|c| c.area == Area::Measure) {
        plan.event = event::unnamed(&mut plan.rest, &words, &found, &markers, &time.used);
    }
    if let Some(event) = &mut plan.event {
        event.end = event::ends(&words);
        event.strength = event.concept.and_then(|c| event::strength(&words, &found, c));
    }
    // "Since I began the statin five years ago": behind the name of what began, it is when it did.
    let named = found.iter().filter(|f| f.concepts.iter().any(|c| c.area != Area::Measure)).map(|f| f.at + f.len).min();
    let began = words.iter().any(|w| STARTED.contains(&format!(" {} ", w.text)));
    let behind = began && named.zip(time.used.iter().min().copied()).is_some_and(|(name, date)| name <= date);
    if plan.event.is_some() && plan.period.is_some_and(|p| p.to.is_none() || behind) {
        // "since I started it in 2014": the year describes the event, and must not hide what was before.
        plan.begun = plan.period.take();
    }
    // "Since the statin in 2018" names a year of the event, whatever leads to that.
    let place = time.used.iter().min().copied();
    let led = place.and_then(|at| at.checked_sub(1)).and_then(|i| words.get(i));
    let led = led.is_some_and(|w| matches!(w.text.as_str(), "in" | "of" | "en" | "de")) || place == named;
    if let (true, true, Some(name), Some(at), [(from, to)]) =
        (plan.event.is_some(), led, named, place, time.dates.as_slice())
        && name <= at
    {
        plan.begun = Some(Period { from: Some(*from), to: Some(*to) });
        plan.period = None;
    }
    merged(&mut plan, &words, &found, &time);
    let unmet = net::unmet(&words, &found, &plan, &time, &left_out);
    plan.unlimited.extend(unmet);
    plan
}

/// Several periods for several things are one period of all of them: "LDL in 2020 and weight in 2021".
fn merged(plan: &mut Plan, words: &[Word], found: &[Found], time: &period::Found) {
    let dated = |clause: usize| time.used.iter().any(|i| words.get(*i).is_some_and(|w| w.clause == clause));
    let clauses: BTreeSet<usize> = found.iter().map(|f| f.clause).filter(|c| dated(*c)).collect();
    if plan.several.is_empty() && time.named.len() > 1 && clauses.len() > 1 && plan.period.is_some() {
        plan.several.clone_from(&time.named);
    }
}

/// Whether a question names nothing.
pub(super) const fn nothing_but(plan: &Plan) -> bool {
    plan.concepts.is_empty() && plan.topics.is_empty() && plan.event.is_none() && plan.rest.is_empty()
}

/// Words that something began.
const STARTED: &str = " start started starting began begin begun commence commencee debute debutee ";

/// Words for results of no kind.
pub(super) const RESULTS: &str = " result results tests resultat resultats analyse analyses ";

/// What a period is asked about that names nothing else.
const HAPPENED: [Topic; 6] = [
    Topic::Encounters,
    Topic::Conditions,
    Topic::Procedures,
    Topic::Medications,
    Topic::Immunizations,
    Topic::Laboratory,
];

/// The words of time that nothing understood, marked as read; with those of a period that is not to be.
fn unread(words: &mut [Word], time: &period::Found) -> Vec<String> {
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    let free: Vec<bool> = words.iter().map(|w| !w.used).collect();
    let mut runs = period::unread(&texts, &free, &time.used);
    runs.extend((!time.unread.is_empty()).then(|| time.unread.clone()));
    runs.sort();
    let say = |run: &Vec<usize>| run.iter().filter_map(|i| texts.get(*i).copied()).collect::<Vec<_>>().join(" ");
    let out = runs.iter().map(say).collect();
    for i in runs.into_iter().flatten() {
        if let Some(w) = words.get_mut(i) {
            w.used = true;
        }
    }
    out
}

/// What nothing here works out, marked as read: a unit is none of a record's words.
fn uncomputed(
    words: &mut [Word],
    hits: &mut Vec<(usize, usize, phrases::Hit)>,
    time: &period::Found,
) -> Vec<(Asked, String)> {
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    let named: Vec<usize> = hits.iter().map(|(at, ..)| *at).collect();
    let found = uncomputed::find(&texts, &time.used, &named);
    let said = |a: &Asked| texts.iter().skip(a.at).take(a.len).copied().collect::<Vec<_>>().join(" ");
    let out: Vec<(Asked, String)> = found.into_iter().map(|a| (a.clone(), said(&a))).collect();
    for (asked, _) in &out {
        let inside = |at: &usize| (asked.at..asked.at + asked.len).contains(at);
        // "How many pounds, in pounds?": where it names the measure itself, it does so still.
        if hits.iter().any(|(at, ..)| !inside(at)) {
            hits.retain(|(at, ..)| !inside(at));
        }
        words.iter_mut().enumerate().filter(|(i, _)| inside(i)).for_each(|(_, w)| w.used = true);
    }
    out
}

/// Whether a mean is asked for: "does it mean" is no such question.
fn averages(words: &[Word]) -> bool {
    let word = |at: Option<usize>| at.and_then(|at| words.get(at)).map_or("", |w| w.text.as_str());
    words.iter().enumerate().any(|(at, w)| match w.text.as_str() {
        "average" | "averages" | "averaged" | "moyenne" | "moyennes" | "moyen" | "moyens" => true,
        "mean" => at == 0 || matches!(word(at.checked_sub(1)), "my" | "the" | "a"),
        _ => false,
    })
}

/// "How much do I drink", "combien d'alcool".
fn how_much(words: &[Word]) -> bool {
    let word = |at: usize| words.get(at).map_or("", |w| w.text.as_str());
    (0..words.len()).any(|at| {
        matches!((word(at), word(at + 1)), ("how", "much"))
            || (word(at) == "combien" && matches!(word(at + 1), "d" | "de"))
    })
}

/// Whether a word that marks a beginning leads to a place, over words that say nothing.
pub(super) fn begins(words: &[Word], markers: &[(usize, usize)], at: usize) -> bool {
    let filler = |w: &str| {
        event::is_last(w) || " my the a l la le ma mon mes les most was were je i got had ".contains(&format!(" {w} "))
    };
    let lead = (0..at).rev().find(|i| words.get(*i).is_none_or(|w| !filler(&w.text)));
    lead.is_some_and(|lead| markers.iter().any(|(m, _)| *m == lead))
}

/// What is named: the event, and all else.
fn name(plan: &mut Plan, words: &[Word], found: &[Found], markers: &[(usize, usize)]) {
    let measures = found.iter().any(|f| f.concepts.iter().any(|c| c.area == Area::Measure));
    for f in found {
        let after = markers.iter().any(|(m, _)| *m < f.at);
        // In a clause that speaks of no measure and no start, what is named is asked for itself.
        let itself = !clause::has(found, f.clause, Area::Measure) && !markers.iter().any(|(_, n)| *n == f.clause);
        let allergic = clause::asks(found, f.clause, Topic::Allergies);
        for c in f.concepts.iter().copied() {
            let turns = match c.area {
                Area::Medication => (measures || after) && !allergic,
                Area::Condition | Area::Immunization => after && measures,
                Area::Measure => false,
            };
            let event = turns && plan.event.is_none();
            if event {
                let from = markers.iter().map(|(m, _)| *m).filter(|m| *m < f.at).max().unwrap_or(f.at);
                let last = words.iter().take(f.at).skip(from).any(|w| event::is_last(&w.text));
                let nth = words.iter().take(f.at).skip(from).find_map(|w| event::ordinal(&w.text));
                plan.event = Some(EventAsk { last, nth, ..EventAsk::new(Some(c), Vec::new()) });
            }
            if event && !itself {
                // What else its word may mean, a vaccine, is not asked for either.
                break;
            }
            if c.area == Area::Medication && allergic {
                // "Am I allergic to penicillin?" asks for allergies, not for prescriptions.
                let named: Vec<String> = words.iter().skip(f.at).take(f.len).map(|w| w.text.clone()).collect();
                let at = plan.rest.iter().position(|r| r.clause == f.clause);
                let at = at.unwrap_or_else(|| {
                    plan.rest.push(Rest::new(f.clause, true));
                    plan.rest.len() - 1
                });
                if let Some(r) = plan.rest.get_mut(at) {
                    r.words.extend(named.iter().cloned());
                    r.drugs.push((named, c));
                    r.bare = true;
                }
            } else if !plan.concepts.iter().any(|x| x.key == c.key) {
                plan.concepts.push(c);
            }
        }
    }
}

/// English unless the function words speak for French. A letter alone speaks only where it is elided:
/// that of a vitamin or a test does not.
fn detect(question: &str, words: &[String]) -> Lang {
    let count = |list: &str| words.iter().filter(|w| list.contains(&format!(" {w} "))).count();
    let accents = question.chars().filter(|c| "éèêàâîïôûçœÉÈÀ".contains(*c)).count();
    if count(FRENCH) + elided(question) + 2 * accents.min(2) > count(ENGLISH) { Lang::Fr } else { Lang::En }
}

/// How many words stand before an apostrophe as French elides them: `l'`, `d'`, `qu'`.
fn elided(question: &str) -> usize {
    let chars: Vec<char> = question.chars().take(1000).collect();
    let at = |i: Option<usize>| i.and_then(|i| chars.get(i)).copied();
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let elided = |i: &usize| {
        let letter = at(i.checked_sub(1)).map(|c| c.to_ascii_lowercase());
        let start = if letter == Some('u') && matches!(at(i.checked_sub(2)), Some('q' | 'Q')) { 3 } else { 2 };
        matches!(at(Some(*i)), Some('\'' | '’'))
            && (letter.is_some_and(|c| "ldjcnsmt".contains(c)) || start == 3)
            && !is_word(at(i.checked_sub(start)))
            && is_word(at(Some(i + 1)))
    };
    (0..chars.len()).filter(elided).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(q: &str) -> (Lang, Vec<&'static str>, Option<&'static str>) {
        let p = parse(q, None, period::Base { today: 20_000, born: None });
        (p.lang, p.concepts.iter().map(|c| c.key).collect(), p.event.and_then(|e| e.concept).map(|c| c.key))
    }

    #[test]
    fn both_languages_are_understood() {
        use Lang::{En, Fr};
        for (q, lang, concepts, event) in [
            ("How did my LDL change since I started the statin?", En, vec!["ldl"], Some("statin")),
            ("Comment mon LDL a-t-il évolué depuis que je prends la statine ?", Fr, vec!["ldl"], Some("statin")),
            ("Comment mon LDL a-t-il évolué depuis la statine ?", Fr, vec!["ldl"], Some("statin")),
            ("What is my latest HbA1c?", En, vec!["hba1c"], None),
            ("Quelle est ma dernière hémoglobine glyquée ?", Fr, vec!["hba1c"], None),
            ("Ma créatinine est-elle normale ?", Fr, vec!["creatinine"], None),
            ("Latest thyroid test result?", En, vec!["tsh", "ft4", "ft3"], None),
            ("Résultat de mon dernier bilan thyroïdien ?", Fr, vec!["tsh", "ft4", "ft3"], None),
            ("What is my highest triglyceride value ever?", En, vec!["triglycerides"], None),
            ("Quelle était ma dernière tension ?", Fr, vec!["systolic", "diastolic"], None),
            ("my colesterol total", En, vec!["total-cholesterol"], None),
            ("Did metformin lower my A1c?", En, vec!["hba1c"], Some("metformin")),
            ("When was my last flu shot?", En, vec!["flu-vaccine"], None),
            (
                "Has my resting heart rate gone down since bisoprolol?",
                En,
                vec!["resting-heart-rate"],
                Some("bisoprolol"),
            ),
            ("Nombre de pas cette semaine", Fr, vec!["steps"], None),
            ("Pas hier", Fr, vec!["steps"], None),
            ("pas au printemps 2025 ?", Fr, vec!["steps"], None),
            ("Pas de diabète ?", Fr, vec!["diabetes"], None),
            ("Do I have diabetes?", En, vec!["diabetes"], None),
            ("glucosse", En, vec!["glucose"], None),
        ] {
            assert_eq!(keys(q), (lang, concepts, event), "{q}");
        }
    }

    #[test]
    fn topics_are_understood() {
        for (q, topics) in [
            ("Which medicines am I taking?", vec![Topic::Medications]),
            ("Quels médicaments est-ce que je prends ?", vec![Topic::Medications]),
            ("Am I allergic to penicillin?", vec![Topic::Allergies]),
            ("Quelles sont mes allergies ?", vec![Topic::Allergies]),
            ("What vaccines have I had?", vec![Topic::Immunizations]),
            ("Quelles maladies ai-je ?", vec![Topic::Conditions]),
            ("Show my lab results", vec![Topic::Laboratory]),
            ("When did I last see a doctor?", vec![Topic::Encounters]),
            ("Quand ai-je vu un médecin ?", vec![Topic::Encounters]),
        ] {
            assert_eq!(parse(q, None, period::Base { today: 20_000, born: None }).topics, topics, "{q}");
        }
    }

    /// A text calls a thing by a name; a question that uses the name means just that.
    #[test]
    fn every_name_of_the_tables_is_understood() {
        let mut lost = Vec::new();
        for c in concepts::all() {
            for q in [format!("What is my {}?", c.en), format!("Quel est mon {} ?", c.fr)] {
                let p = parse(&q, None, period::Base { today: 20_000, born: None });
                let named: Vec<&str> = p.concepts.iter().map(|x| x.key).collect();
                // Two words that mean another thing first: steps and "not", a vitamin and its level.
                let other = [("steps", Lang::Fr), ("folic-acid", p.lang), ("thyroid-hormone", p.lang)];
                if other.contains(&(c.key, p.lang)) {
                    continue;
                }
                if !named.contains(&c.key) || !p.rest.is_empty() || !p.topics.is_empty() {
                    lost.push(format!("{q} {named:?} {:?} {:?}", p.rest, p.topics));
                }
            }
        }
        assert!(lost.is_empty(), "{}", lost.join("\n"));
    }

    #[test]
    fn what_no_table_knows_is_kept() {
        let rest = parse("my procalcitriol results", None, period::Base { today: 0, born: None }).rest;
        let [r] = &rest[..] else { panic!("{}", rest.len()) };
        assert_eq!(
            (r.clause, &r.words[..], &r.seek[..], r.bare),
            (0, &["procalcitriol".to_owned()][..], &r.words[..], true)
        );
        assert!(parse("", None, period::Base { today: 0, born: None }).concepts.is_empty());
    }
}

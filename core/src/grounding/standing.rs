//! What a question limits a list to: what goes on or is over, what began in the period, what is flagged. Of the
//! words that would limit one and do not, it says so.

use super::clause::Found;
use super::entry::{Entry, entries, uncertain};
use super::page::Line;
use super::period::Period;
use super::phrases::Word;
use super::question::RESULTS;
use super::topic::Topic;
use super::view::View;
use super::within::within;
use crate::catalog::FactRow;
use crate::record::{FactDraft, Kind};
use std::collections::BTreeSet;

/// What one kind of list is limited to.
#[derive(Clone, Copy, Default)]
pub(super) struct Limit {
    goes_on: bool,
    over: bool,
    /// What began in the period, and not all that was there in it.
    begun: bool,
}

impl Limit {
    /// What goes on, or what does not; both are all of it.
    fn state(self) -> Option<bool> {
        (self.goes_on != self.over).then_some(self.goes_on)
    }
}

/// What lists are limited to.
#[derive(Clone, Default)]
pub(super) struct Limits {
    kinds: Vec<(Kind, Limit)>,
    /// Results that their source flags, or that are out of their own range.
    pub(super) flagged: bool,
}

silent_debug!(Limits);

impl Limits {
    fn of(&self, kind: Kind) -> Limit {
        self.kinds.iter().find(|(k, _)| *k == kind).map(|(_, l)| *l).unwrap_or_default()
    }

    /// What a list is limited to, in words.
    pub(super) fn said(&self, view: &View<'_>, topic: Topic) -> Option<String> {
        let limit = self.of(topic.kind()?);
        let dated = view.plan.period.is_some();
        Some(match (limit.state(), dated, dated && limit.begun) {
            (Some(false), _, true) => view.say("begun or ended in the period", "commencés ou terminés dans la période"),
            (_, _, true) => view.say("begun in the period", "commencés dans la période"),
            (Some(false), true, _) => view.say("ended in the period", "terminés dans la période"),
            (Some(false), false, _) => view.say("that do not go on", "qui ne sont plus en cours"),
            (Some(true), false, _) => view.say("that go on", "en cours"),
            _ => return None,
        })
    }
}

/// Words for what goes on, and for what does not.
const GOES_ON: &str = " active actives actif actifs current currently ongoing presently still actuel actuelle actuels actuelles actuellement encore ";
const IS_OVER: &str = " inactive inactif inactifs inactives resolved resolu resolue resolus resolues stop stopped discontinued arrete arretes arretee arretees arreter completed finished termine terminee termines terminees gueri guerie gueris gueries former ";

/// Words for what is over, where they stand beside what is listed: "past week" is a time.
const OVER_BESIDE: &str = " past previous old former ancien ancienne anciens anciennes passe passee passes passees ";

/// Words that deny the one after them.
const DENIES: &str = " not non no longer t pas plus never jamais ";

/// Words for a beginning.
const BEGINS: &str = " start started starting began begin begun new newly diagnosed diagnose diagnostique diagnostiquee diagnostiques diagnostiquees commence commencee commences commencees commencer debute debutee debutes debutees appeared appeare apparu apparue apparus apparues nouveau nouveaux nouvelle nouvelles ";

/// Of these, those that say something without a period, too: what nothing here can tell.
const NEW: &str = " new newly nouveau nouveaux nouvelle nouvelles ";

/// Words for results that stand out.
const ABNORMAL: &str =
    " abnormal abnormally abnormality abnormalities anormal anormale anormaux anormales flagged anomalie anomalies ";
const ABNORMAL_PHRASES: [&str; 9] = [
    "out of range",
    "out of the range",
    "outside range",
    "outside the range",
    "outside of range",
    "hors norme",
    "hors normes",
    "hors des normes",
    "hors limites",
];

/// Words that would limit a list of results or of things, and by which none here is limited.
const QUALIFIES: &str = " normal normale normaux normales high higher highest low lower lowest eleve elevee eleves elevees bas basse basses positive positif positifs positives negative negatif negatifs negatives better worse worst improved worsened changed changing increased decreased increasing decreasing rising falling dropped fallen risen stable removed unchanged double doubled baisse augmente diminue change ";

/// What the words limit lists to. Words that were used for it are marked; those that limit nothing are given back.
pub(super) fn find(
    words: &mut [Word],
    found: &[Found],
    period: Option<&Period>,
    dated: &[usize],
) -> (Limits, Vec<String>) {
    let is = |list: &str, w: &str| !w.is_empty() && list.contains(&format!(" {w} "));
    // What is named in the same clause is asked for itself.
    let named = |clause| found.iter().any(|f| f.clause == clause && !f.concepts.is_empty());
    let clauses = |of: &dyn Fn(Topic) -> bool| -> BTreeSet<usize> {
        found.iter().filter(|f| f.topic.is_some_and(of)).map(|f| f.clause).filter(|c| !named(*c)).collect()
    };
    let lasts = |t: Topic| matches!(t, Topic::Medications | Topic::Conditions | Topic::Allergies);
    let lasting = clauses(&lasts);
    let mut results = clauses(&|t| matches!(t, Topic::Laboratory | Topic::Vitals));
    // "Which of my results are positive?"
    let of_no_kind = |w: &&Word| !w.used && is(RESULTS, &w.text) && !found.iter().any(|f| f.clause == w.clause);
    results.extend(words.iter().filter(of_no_kind).map(|w| w.clause));
    // "Active and resolved conditions": what joins begins a clause.
    let bare = |clause: usize| !found.iter().any(|f| f.clause == clause);
    let near = |c: usize, list: &BTreeSet<usize>| list.contains(&(c + 1)) || (c > 0 && list.contains(&(c - 1)));
    let of_list =
        |w: &Word, list: &BTreeSet<usize>| list.contains(&w.clause) || (bare(w.clause) && near(w.clause, list));
    let text = |i: Option<usize>| i.and_then(|i| words.get(i)).map_or("", |w| w.text.as_str());
    let denied = |i: usize| is(DENIES, text(i.checked_sub(1)));
    let listed = |i: usize| found.iter().any(|f| f.topic.is_some() && f.at == i);
    let ends_list = |i: usize| found.iter().any(|f| f.topic.is_some() && f.at + f.len == i);
    // "Past medical history" is all of it.
    let beside = |i: usize| (listed(i + 1) && text(Some(i + 1)) != "medical") || ends_list(i);

    // The lists that a word of a clause is about: its own, or the one that it joins.
    let kinds = |clause: usize| -> Vec<Kind> {
        let of = |c: usize| found.iter().filter(move |f| f.clause == c).filter_map(|f| f.topic).filter(|t| lasts(*t));
        let near = [Some(clause), Some(clause + 1), clause.checked_sub(1)].into_iter().flatten();
        let first = near.map(|c| of(c).filter_map(Topic::kind).collect::<Vec<_>>()).find(|k| !k.is_empty());
        first.unwrap_or_default()
    };
    let mut limits = Limits::default();
    let mut note = |clause: usize, what: fn(&mut Limit)| {
        for kind in kinds(clause) {
            match limits.kinds.iter_mut().find(|(k, _)| *k == kind) {
                Some((_, l)) => what(l),
                None => {
                    let mut l = Limit::default();
                    what(&mut l);
                    limits.kinds.push((kind, l));
                }
            }
        }
    };
    let mut flagged = false;
    let (mut used, mut unlimited) = (Vec::new(), Vec::new());
    let mut told = |i: usize, w: &str| unlimited.push((i, w.to_owned()));
    for (i, w) in words.iter().enumerate().filter(|(i, _)| !dated.contains(i)) {
        let (word, free) = (w.text.as_str(), !w.used);
        if of_list(w, &lasting) && free {
            let course = word == "cours" && text(i.checked_sub(1)) == "en";
            if is(GOES_ON, word) || course {
                note(w.clause, if denied(i) { |l| l.over = true } else { |l| l.goes_on = true });
                used.push(i);
            } else if is(IS_OVER, word) || (is(OVER_BESIDE, word) && beside(i)) {
                note(w.clause, if denied(i) { |l| l.goes_on = true } else { |l| l.over = true });
                used.push(i);
            } else if word == "longer" && text(i.checked_sub(1)) == "no" {
                if !is(GOES_ON, text(Some(i + 1))) {
                    note(w.clause, |l| l.over = true);
                }
                used.push(i);
            }
        }
        if of_list(w, &lasting) && is(BEGINS, word) && !denied(i) {
            if period.is_some() {
                note(w.clause, |l| l.begun = true);
            }
            if period.is_none() && is(NEW, word) && free {
                told(i, word);
            }
        }
        if of_list(w, &results) && free && !denied(i) && is(QUALIFIES, word) {
            told(i, word);
        }
        // Of what is named the question itself says how it stands, or the net does.
        if named(w.clause) {
            continue;
        }
        if free && is(ABNORMAL, word) {
            flagged |= !denied(i);
            used.push(i);
        }
        for phrase in ABNORMAL_PHRASES {
            let n = phrase.split(' ').count();
            if phrase.split(' ').enumerate().all(|(k, p)| text(Some(i + k)) == p) {
                flagged = true;
                used.extend(i..i + n);
            }
        }
    }
    // "Normal or abnormal": both are asked for.
    let calm = |w: &Word| is(" normal normale normaux normales ", &w.text);
    limits.flagged = flagged && !words.iter().any(calm);
    used.extend(unlimited.iter().map(|(i, _)| *i));
    used.into_iter().for_each(|i| words.get_mut(i).into_iter().for_each(|w| w.used = true));
    unlimited.dedup();
    (limits, unlimited.into_iter().map(|(_, w)| w).collect())
}

/// Takes from a list what the question does not ask for, with the line that says so. What nobody can tell is in both.
pub(super) fn limited(view: &View<'_>, kind: Kind, list: &mut Vec<Entry>, rank: u8) -> Option<Line> {
    let limit = view.plan.limits.of(kind);
    let goes_on = limit.state()?;
    if list.is_empty() {
        return None;
    }
    if view.plan.period.is_some() {
        // The rows were chosen by it.
        let (en, fr) = match (goes_on, limit.begun) {
            (true, _) => (
                "what was there in the period is shown, also what has ended since",
                "ce qui était là dans la période est montré, aussi ce qui a pris fin depuis",
            ),
            (false, true) => (
                "what began or ended in the period is shown, as asked",
                "ce qui a commencé ou pris fin dans la période est montré, comme demandé",
            ),
            (false, false) => (
                "what ended in the period is shown, as asked",
                "ce qui a pris fin dans la période est montré, comme demandé",
            ),
        };
        return Some(Line::new(rank).text(view.say(en, fr)));
    }
    let before = list.len();
    list.retain(|e| e.active(view) == goes_on || uncertain(view, e));
    let left = before - list.len();
    let (en, fr) = match goes_on {
        true => ("what goes on is shown, as asked", "ce qui est en cours est montré, comme demandé"),
        false => ("what does not go on is shown, as asked", "ce qui n'est plus en cours est montré, comme demandé"),
    };
    Some(Line::new(rank).text(view.say(format!("{en}; not shown: {left}"), format!("{fr} ; non montrés : {left}"))))
}

/// The rows of the period asked, and those of which no date tells: of what began or ended in it, where that is asked.
pub(super) fn chosen(view: &View<'_>, kind: Kind, rows: Vec<FactRow>) -> (Vec<FactRow>, Vec<FactRow>) {
    let limit = view.plan.limits.of(kind);
    match (&view.plan.period, limit.state()) {
        (Some(p), Some(false)) if limit.begun => {
            // "Which did I start or stop?": each once, and what is in one of the two is not open.
            let ((mut inside, open), (over, unsure)) = (begun(view, kind, rows.clone()), ended(view, p, kind, rows));
            let place = |r: &FactRow| (r.record, r.part);
            let known: BTreeSet<_> = inside.iter().map(place).collect();
            inside.extend(over.into_iter().filter(|r| !known.contains(&place(r))));
            let mut known: BTreeSet<_> = inside.iter().map(place).collect();
            let open = open.into_iter().chain(unsure).filter(|r| known.insert(place(r))).collect();
            (inside, open)
        }
        (Some(_), _) if limit.begun => begun(view, kind, rows),
        (Some(p), Some(false)) => ended(view, p, kind, rows),
        _ => within(view, rows),
    }
}

/// What ended in a period: of a medication the last of its entries tells, of other things each by itself.
fn ended(view: &View<'_>, p: &Period, kind: Kind, rows: Vec<FactRow>) -> (Vec<FactRow>, Vec<FactRow>) {
    let (mut inside, mut open) = (Vec::new(), Vec::new());
    for group in groups(view, kind, rows) {
        let entry = Entry { concept: None, rows: group, twins: Vec::new() };
        if entry.active(view) || uncertain(view, &entry) {
            continue;
        }
        let until = entry.rows.iter().filter_map(|r| r.fact.until).max_by_key(|u| u.at);
        match until.map(|u| p.holds(&u)) {
            Some(Some(true)) => inside.extend(entry.rows),
            Some(Some(false)) => {}
            Some(None) | None => open.extend(entry.rows),
        }
    }
    (inside, open)
}

/// What is one thing: a medication's entries, anything else by itself.
fn groups(view: &View<'_>, kind: Kind, rows: Vec<FactRow>) -> Vec<Vec<FactRow>> {
    match kind {
        Kind::Medication => {
            entries(view, rows).into_iter().map(|e| e.rows.into_iter().chain(e.twins).collect()).collect()
        }
        _ => rows.into_iter().map(|r| vec![r]).collect(),
    }
}

/// The rows of what began in the period, and those of which no date tells: where a medication is one entry after
/// another, the first is its beginning.
fn begun(view: &View<'_>, kind: Kind, rows: Vec<FactRow>) -> (Vec<FactRow>, Vec<FactRow>) {
    let Some(period) = &view.plan.period else { return (rows, Vec::new()) };
    let (mut inside, mut open) = (Vec::new(), Vec::new());
    for group in groups(view, kind, rows) {
        let first = group.iter().filter(|r| r.fact.when.is_some()).min_by_key(|r| r.fact.when.map(|w| w.at));
        match first.and_then(|r| began(period, &r.fact)) {
            Some(true) => inside.extend(group),
            Some(false) => {}
            None => open.extend(group),
        }
    }
    (inside, open)
}

/// Whether something began in a period. What was only written down then, or later, may have begun before.
fn began(p: &Period, f: &FactDraft) -> Option<bool> {
    let holds = f.when.as_ref().and_then(|w| p.holds(w))?;
    let recorded = f.standing().recorded && f.kind != Kind::Medication;
    let before = f.when.is_some_and(|w| p.from.is_some_and(|from| super::period::days(&w).1 < from));
    if recorded && !holds && !before { None } else { Some(holds) }
}

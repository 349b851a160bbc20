//! What a question was read as, in one line: a reader sees what is answered, and that nothing else of the question
//! limits it.

use super::concepts::Area;
use super::imaging;
use super::lists;
use super::page::Line;
use super::question::Topic;
use super::remarks::names;
use super::sleep;
use super::view::{Event, View};
use super::visits;
use super::workouts;

/// Names that are said of one sort, at most.
const NAMED: usize = 6;

/// The line. `event` is what measures are compared with, `family` whether relatives are asked for.
/// `idle` are words that were looked for in vain, or that limit nothing: they are told elsewhere.
pub(super) fn line(view: &View<'_>, event: Option<&Event>, family: bool, idle: &[String]) -> Line {
    let mut what = Vec::new();
    what.extend(family.then(|| view.say("family history", "antécédents familiaux")));
    what.extend(concepts(view));
    what.extend(view.plan.topics.iter().map(|t| topic(view, *t)));
    what.extend(words(view, idle));
    if what.is_empty() {
        what.push(view.say("an overview of what is on record", "un aperçu du dossier"));
    }
    let mut said = vec![what.join(", ")];
    said.extend(slips(view));
    said.extend(time(view, event));
    let gap = view.say("; ", " ; ");
    let said = said.join(&gap);
    Line::new(0).text(view.say(
        format!("question read as: {said}; nothing else in it limits what follows"),
        format!("question comprise ainsi : {said} ; rien d'autre n'y limite ce qui suit"),
    ))
}

/// What is named, by the names of the tables.
fn concepts(view: &View<'_>) -> Option<String> {
    let mut all: Vec<&str> = view.plan.concepts.iter().map(|c| c.name(view.lang)).collect();
    all.dedup();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let mut said = all.join(", ");
    if more > 0 {
        said += &view.say(format!(" and {more} more"), format!(" et {more} de plus"));
    }
    let stages: Vec<String> = view.plan.stages.iter().map(|s| sleep::name(view, *s)).collect();
    if view.plan.concepts.iter().any(|c| c.key == "sleep") && !stages.is_empty() {
        said += &format!(" ({})", stages.join(", "));
    }
    (!said.is_empty()).then_some(said)
}

/// A list, and what of it.
fn topic(view: &View<'_>, t: Topic) -> String {
    let plan = view.plan;
    let of: Vec<String> = match t {
        Topic::Encounters => plan.visits.iter().map(|v| visits::title(view, *v)).collect(),
        Topic::Imaging => imaging::names(view),
        Topic::Workouts => plan.sorts.iter().map(|s| workouts::title(view, s)).collect(),
        Topic::Laboratory | Topic::Vitals if plan.limits.flagged => {
            vec![view.say("flagged or out of their range", "signalés ou hors de leur intervalle")]
        }
        _ => plan.limits.said(view, t).into_iter().collect(),
    };
    let title = lists::title(view, t).to_lowercase();
    match (of.is_empty(), t.is_list()) {
        (false, _) => format!("{title} ({})", of.join(", ")),
        (true, true) => view.say(format!("{title} (all)"), format!("{title} (tout)")),
        (true, false) => title,
    }
}

/// Words of no table, which are looked for among those of records.
fn words(view: &View<'_>, idle: &[String]) -> Option<String> {
    let told = |w: &String| idle.iter().chain(&view.plan.unlimited).any(|t| t.split(' ').any(|t| t == w));
    let named = |w: &&String| w.len() <= 40 && names(w) && !told(w);
    let mut all: Vec<&str> = view.plan.rest.iter().flat_map(|r| &r.words).filter(named).map(String::as_str).collect();
    all.dedup();
    all.truncate(NAMED);
    (!all.is_empty()).then(|| {
        let words = view.quote(&all.join(", "));
        view.say(format!("records with these words: {words}"), format!("éléments avec ces mots : {words}"))
    })
}

/// Words that were taken for a name with a slip.
fn slips(view: &View<'_>) -> Option<String> {
    let words: Vec<&str> = view.plan.mended.iter().filter(|w| w.len() <= 40).map(String::as_str).collect();
    (!words.is_empty()).then(|| {
        let words = view.quote(&words.join(", "));
        view.say(format!("{words} taken for a slip"), format!("{words} : pris pour une faute de frappe"))
    })
}

/// What measures are compared with, and when.
fn time(view: &View<'_>, event: Option<&Event>) -> Vec<String> {
    let plan = view.plan;
    let compared = event.filter(|_| plan.concepts.iter().any(|c| c.area == Area::Measure));
    let mut said = Vec::new();
    said.extend(compared.map(|e| {
        let name = &e.name;
        view.say(format!("before and after: {name}"), format!("avant et après : {name}"))
    }));
    match (plan.period.is_some(), plan.event.is_some()) {
        (true, false) => said.push(view.say("in the period asked", "dans la période demandée")),
        (true, true) => {}
        (false, _) => said.push(view.say("at any time", "à toute date")),
    }
    said
}

//! Visits by their sort: an emergency, a stay in hospital.

use super::fold;
use super::view::View;
use crate::catalog::FactRow;
use crate::record::{FactDraft, Kind};

/// A sort that questions name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    Emergency,
    Stay,
    Outpatient,
}

/// Each with its codes (HL7 v3 ActEncounterCode), the words of a question, and those by which a visit
/// without a code of its own is known.
const SORTS: [(Visit, &str, &str, &str); 3] = [
    (Visit::Outpatient, " AMB ", "outpatient|consultation externe|ambulatoire", "outpatient|ambulatory|ambulatoire"),
    (
        Visit::Emergency,
        " EMER ",
        "er|ed|a e|emergency|casualty|urgence|accident emergency",
        "emergency !no|urgence !sans|casualty",
    ),
    (
        Visit::Stay,
        " IMP ACUTE NONAC ",
        "in hospital|in the hospital|a l hopital|inpatient|admission|admitted|hospitaliz*|hospitalis*|stay|sejour",
        "inpatient|hospitaliz*|hospitalis*|hospital admission",
    ),
];

/// The sort of a visit (HL7 v3 ActEncounterCode): code, English, French.
const NAMES: [(&str, &str, &str); 8] = [
    ("EMER", "emergency", "urgences"),
    ("IMP", "hospital stay", "hospitalisation"),
    ("ACUTE", "hospital stay", "hospitalisation"),
    ("NONAC", "hospital stay", "hospitalisation"),
    ("OBSENC", "observation in hospital", "observation à l'hôpital"),
    ("AMB", "outpatient", "ambulatoire"),
    ("VR", "remote", "à distance"),
    ("HH", "at home", "à domicile"),
];

/// The sort that the words of a phrase name.
pub(super) fn named(phrase: &[String]) -> Option<Visit> {
    SORTS.iter().find(|(_, _, says, _)| says.split('|').any(|p| fold::matches(p, phrase))).map(|(sort, ..)| *sort)
}

/// What visits of a sort are called.
pub(super) fn title(view: &View<'_>, sort: Visit) -> String {
    match sort {
        Visit::Emergency => view.say("emergencies", "urgences"),
        Visit::Stay => view.say("stays in hospital", "hospitalisations"),
        Visit::Outpatient => view.say("outpatient", "ambulatoires"),
    }
}

/// Whether a visit is of a sort: its code tells, and its words where it has none.
pub(super) fn is(fact: &FactDraft, sort: Visit) -> bool {
    let Some((_, codes, _, words)) = SORTS.iter().find(|(s, ..)| *s == sort) else { return false };
    if name(fact).is_some() {
        return fact.codes.iter().any(|c| codes.contains(&format!(" {} ", c.code)));
    }
    let texts = || fact.codes.iter().map(|c| &c.display).chain([&fact.text]);
    words.split('|').any(|p| texts().any(|t| fold::matches(p, &fold::words(t))))
}

fn name(fact: &FactDraft) -> Option<(&'static str, &'static str)> {
    let coded = |code: &str| fact.kind == Kind::Encounter && fact.codes.iter().any(|c| c.code == code);
    NAMES.iter().find(|(code, ..)| coded(code)).map(|(_, en, fr)| (*en, *fr))
}

/// Whether a visit is a stay in hospital.
pub(super) fn is_stay(fact: &FactDraft) -> bool {
    is(fact, Visit::Stay)
}

/// With the sort of visit: an answer to "how many emergencies" counts by it.
pub(super) fn sort(view: &View<'_>, fact: &FactDraft) -> String {
    name(fact).map_or_else(String::new, |(en, fr)| format!(", {}", view.say(en, fr)))
}

/// How many of some visits are of each sort: ` (1 hospital stay, 2 emergency visits)`; empty where
/// none is.
pub(super) fn counts<'a>(view: &View<'_>, rows: impl Iterator<Item = &'a FactRow> + Clone) -> String {
    let n = |sort| rows.clone().filter(|r| is(&r.fact, sort)).count() as u64;
    let stays = (n(Visit::Stay), ["hospital stay", "hospital stays"], ["hospitalisation", "hospitalisations"]);
    let emergencies = (
        n(Visit::Emergency),
        ["emergency visit", "emergency visits"],
        ["passage aux urgences", "passages aux urgences"],
    );
    let said = [stays, emergencies].into_iter().filter(|(n, ..)| *n > 0).map(|(n, en, fr)| view.many(n, en, fr));
    let said = said.collect::<Vec<_>>().join(", ");
    if said.is_empty() { said } else { format!(" ({said})") }
}

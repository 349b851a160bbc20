//! "None known", where a source says so itself.

use super::fold;
use super::page::{Block, Line};
use super::view::{View, sort};
use crate::catalog::FactRow;
use crate::error::Result;
use crate::record::{Category, Kind, Value};

/// Words of a stated absence, folded.
const NONE: [&str; 7] = ["no", "none", "known", "nil", "aucun", "aucune", "pas"];

/// Words of one sort of allergy: none of that sort is not none at all.
const SORTS: &str = "drug|medication|medicine|medicament*|medicamenteuse*|food|aliment*|latex|environment*|environnement*|insect*|pollen|animal|animaux";

/// Stated absences at most, per list.
const ABSENCES: usize = 5;

/// Whether a stated absence says that there is none. A coded reason decides (FHIR list-empty-reason), the
/// words where there is none.
fn says_none(row: &FactRow) -> bool {
    let reason = match &row.fact.value {
        Value::Text(t) => t.as_str(),
        _ => "",
    };
    match reason {
        "nilknown" => true,
        "" => fold::words(&row.fact.text).iter().any(|w| NONE.contains(&w.as_str())),
        _ => false,
    }
}

/// Whether it speaks of one sort of allergy alone.
fn of_a_sort(row: &FactRow) -> bool {
    let coded = row.fact.codes.iter().flat_map(|c| [c.code.as_str(), c.display.as_str()]);
    let of = |t: &str| SORTS.split('|').any(|p| fold::matches(p, &fold::words(t)));
    row.fact.category == Category::Allergies && coded.chain([row.fact.text.as_str()]).any(of)
}

/// Adds what a source says there is not; `against` where something of the kind is on record, so that
/// nothing is claimed that it contradicts.
pub(super) fn absences(view: &View<'_>, block: &mut Block, kind: Kind, rank: u8, against: bool) -> Result<()> {
    let category = match kind {
        Kind::Allergy => Category::Allergies,
        Kind::Medication => Category::Medications,
        Kind::Condition => Category::Conditions,
        Kind::Immunization => Category::Immunizations,
        _ => return Ok(()),
    };
    let mut rows = view.kind_rows(Kind::Absence)?;
    sort(&mut rows);
    let mut said: Vec<(bool, &FactRow)> =
        rows.iter().filter(|r| r.fact.category == category).map(|r| (says_none(r), r)).collect();
    // What the source says before what it does not say, the latest first.
    said.sort_by_key(|(none, r)| (!none, core::cmp::Reverse(r.fact.when.map(|w| w.at))));
    let left = said.len().saturating_sub(ABSENCES);
    block.unlisted = block.unlisted.saturating_add(u32::try_from(left).unwrap_or(u32::MAX));
    for (none, row) in said.into_iter().take(ABSENCES) {
        let line = Line::new(rank).text(match none {
            false => view.say("not stated by the source: ", "non renseigné par la source : "),
            true if against => {
                view.say("beside the above, the source also states: ", "outre ce qui précède, la source dit aussi : ")
            }
            true if of_a_sort(row) => view.say(
                "none known of one sort, others not spoken of, as the source states: ",
                "aucun connu d'une sorte, sans rien dire des autres, selon la source : ",
            ),
            true => view.say("none known, as the source states: ", "aucun connu, selon la source : "),
        });
        let line = line.text(view.source_words(&row.fact)).text(format!(" ({})", view.dated(&row.fact)));
        block.push(line.cite(row));
    }
    Ok(())
}

//! Who the records are about: age and sex, which no reading of a value should forget.

use super::concepts::Concept;
use super::fold;
use super::lists;
use super::page::{Block, Line};
use super::view::{View, place};
use crate::catalog::{FactRow, Facts, Query};
use crate::error::Result;
use crate::record::{Coding, Kind, Status, Value};

/// The record of the birth date, where the view holds one.
pub(super) fn born(facts: &dyn Facts) -> Result<Option<FactRow>> {
    let mut rows = facts.query(&Query { kinds: vec![Kind::Patient], ..Query::default() })?;
    rows.retain(|r| r.fact.status != Status::EnteredInError && r.fact.when.is_some());
    rows.retain(|r| r.fact.codes.iter().all(|c| c.code != "deceased"));
    Ok(rows.into_iter().min_by_key(place))
}

/// Age and sex, where the view holds them. Never the name.
pub(super) fn line(view: &View<'_>) -> Result<Option<Line>> {
    let mut rows = view.kind_rows(Kind::Patient)?;
    rows.retain(|r| r.fact.status != Status::EnteredInError);
    rows.sort_by_key(place);
    let sex = rows.iter().find_map(|r| Some((sex(view, r)?, r)));
    let deceased = rows.iter().find(|r| r.fact.codes.iter().any(|c| c.code == "deceased"));
    let age = rows.iter().filter(|_| deceased.is_none()).find_map(|r| {
        let years = view.age(r.fact.when.as_ref()?).unwrap_or_else(|| view.say("under 1 year", "moins d'un an"));
        Some((years, r))
    });
    if sex.is_none() && age.is_none() && deceased.is_none() {
        return Ok(None);
    }
    let mut line = Line::new(0).text(view.say("person: ", "personne : "));
    let mut gap = "";
    if let Some((sex, row)) = sex {
        line = line.text(sex).cite(row);
        gap = ", ";
    }
    if let Some((age, row)) = age {
        line = line.text(gap).text(view.say(format!("{age} old"), age)).cite(row);
    }
    if let Some(row) = deceased {
        line = line.text(gap).text(view.say("deceased", "personne décédée")).cite(row);
    }
    Ok(Some(line))
}

/// Marital status (HL7 v3 MaritalStatus): code, English, French.
const MARITAL: [(&str, &str, &str); 10] = [
    ("A", "annulled", "mariage annulé"),
    ("C", "common law", "union libre"),
    ("D", "divorced", "divorcé(e)"),
    ("I", "interlocutory divorce", "divorce en cours"),
    ("L", "legally separated", "séparé(e) légalement"),
    ("M", "married", "marié(e)"),
    ("P", "polygamous", "polygame"),
    ("S", "never married", "jamais marié(e)"),
    ("T", "domestic partner", "partenaire"),
    ("W", "widowed", "veuf ou veuve"),
];

/// The marital status, where a source states it.
pub(super) fn marital(view: &View<'_>) -> Result<Option<Block>> {
    let mut rows = view.kind_rows(Kind::Patient)?;
    rows.retain(|r| r.fact.status != Status::EnteredInError && has(r, "marital-status"));
    rows.sort_by_key(place);
    let title = view.say("Marital status", "Situation matrimoniale");
    let mut block = Block::new(title.clone(), title);
    for row in rows.iter().take(LISTED) {
        let Value::Coded(codes, text) = &row.fact.value else { continue };
        let code = MARITAL.iter().find(|(code, ..)| codes.iter().any(|c| c.code == *code));
        let said = match code {
            Some((_, en, fr)) => view.say(*en, *fr),
            None => view.quote(text),
        };
        block.push(Line::new(1).text(said).cite(row));
    }
    Ok((!block.lines.is_empty()).then_some(block))
}

/// Records of one person that are told, at most: one for each file.
const LISTED: usize = 5;

/// HealthKit `HKBloodType`: code, as it is written.
const BLOOD: [(&str, &str); 8] = [
    ("APositive", "A+"),
    ("ANegative", "A-"),
    ("BPositive", "B+"),
    ("BNegative", "B-"),
    ("ABPositive", "AB+"),
    ("ABNegative", "AB-"),
    ("OPositive", "O+"),
    ("ONegative", "O-"),
];

/// What a person stated of a measure about themselves, where the phone keeps it with the birth date.
pub(super) fn stated(view: &View<'_>, c: &Concept) -> Result<Option<Block>> {
    let code = c.more.split(' ').find(|m| m.starts_with("HKCharacteristic"));
    let Some(code) = code else { return Ok(None) };
    let mut rows = view.kind_rows(Kind::Patient)?;
    rows.retain(|r| r.fact.status != Status::EnteredInError && has(r, code));
    rows.sort_by_key(place);
    let title = lists::capital(c.name(view.lang));
    let mut block = Block::new(title.clone(), title);
    for row in rows.iter().take(LISTED) {
        let Value::Coded(_, word) = &row.fact.value else { continue };
        let known = BLOOD.iter().find(|(name, _)| word.strip_prefix("HKBloodType") == Some(*name));
        let said = known.map_or_else(|| view.quote(word), |(_, said)| (*said).to_owned());
        let by = view.say("as entered by the person on the phone", "saisi par la personne sur le téléphone");
        block.push(Line::new(1).text(format!("{said}, {by}")).cite(row));
    }
    Ok((!block.lines.is_empty()).then_some(block))
}

fn has(row: &FactRow, code: &str) -> bool {
    row.fact.codes.iter().any(|c| c.code == code)
}

fn sex(view: &View<'_>, row: &FactRow) -> Option<String> {
    // A name can be "M": only a fact that says it is about sex, or a bare code, counts.
    let about = |c: &Coding| ["sex", "gender"].iter().any(|w| c.code.to_lowercase().contains(w));
    if !row.fact.codes.is_empty() && !row.fact.codes.iter().any(about) {
        return None;
    }
    let mut words = Vec::new();
    match &row.fact.value {
        Value::Coded(codes, text) => {
            words.extend(codes.iter().flat_map(|c| [c.code.as_str(), c.display.as_str()]));
            words.push(text);
        }
        Value::Text(text) if !row.fact.codes.is_empty() => words.push(text),
        _ => {}
    }
    words.into_iter().find_map(|w| match fold::words(w).join(" ").as_str() {
        "female" | "f" | "femme" | "feminin" | "hkbiologicalsexfemale" => Some(view.say("female", "femme")),
        "male" | "m" | "homme" | "masculin" | "hkbiologicalsexmale" => Some(view.say("male", "homme")),
        "other" | "hkbiologicalsexother" => Some(view.say("sex: other", "sexe : autre")),
        _ => None,
    })
}

//! What a context says of the question itself: the period that was understood, what is left out, and
//! which of its words nothing matches.

use super::concepts::Area;
use super::page::Line;
use super::period;
use super::question::{Rest, Said};
use super::view::View;
use crate::error::Result;
use crate::record::Kind;

/// The period that is asked for.
pub(super) fn asked(view: &View<'_>, p: &period::Period) -> String {
    let span = span(view, p);
    view.say(format!("period asked: {span}"), format!("période demandée : {span}"))
}

fn span(view: &View<'_>, p: &period::Period) -> String {
    match (p.from, p.to) {
        (Some(a), Some(b)) => {
            let (a, b) = (view.day(a), view.day(b - 1));
            view.say(format!("{a} to {b}"), format!("du {a} au {b}"))
        }
        (Some(a), None) => {
            let a = view.day(a);
            view.say(format!("from {a}"), format!("depuis {a}"))
        }
        (None, b) => {
            let b = b.map(|b| view.day(b - 1)).unwrap_or_default();
            view.say(format!("to {b}"), format!("jusqu'au {b}"))
        }
    }
}

/// That several periods are named, and which one was taken.
pub(super) fn several(view: &View<'_>) -> Option<Line> {
    let all: Vec<String> = view.plan.several.iter().map(|p| span(view, p)).collect();
    if all.is_empty() {
        return None;
    }
    let all = all.join("; ");
    let (en, fr) = match view.plan.period {
        Some(_) => ("what lies between is shown too", "ce qui est entre elles est montré aussi"),
        None => ("all of time is shown", "tout est montré, sans limite de date"),
    };
    Some(Line::new(0).text(view.say(
        format!("several periods are named ({all}); only one is understood here: {en}"),
        format!("plusieurs périodes sont nommées ({all}) ; une seule est comprise ici : {fr}"),
    )))
}

/// What is not shown because the question says so.
pub(super) fn excluded(view: &View<'_>) -> Option<Line> {
    let topics = view.plan.left_topics.iter().map(|t| super::lists::title(view, *t).to_lowercase());
    let names = view.plan.excluded.iter().map(|c| c.name(view.lang).to_owned()).chain(topics);
    let names: Vec<String> = names.collect();
    let names = names.join(", ");
    (!names.is_empty()).then(|| {
        Line::new(0).text(view.say(
            format!("left out, as the question says: {names}"),
            format!("laissé de côté, comme le dit la question : {names}"),
        ))
    })
}

/// Words repeated from a question, at most.
const REPEATED: usize = 8;

/// That nothing matches the words of a clause; they are quoted, for a question can carry the words
/// of others.
pub(super) fn unmatched(view: &View<'_>, rest: &Rest, allergic: bool) -> Result<String> {
    let named = |w: &&String| w.len() <= 40 && names(w);
    let words: Vec<&str> = rest.words.iter().filter(named).take(REPEATED).map(String::as_str).collect();
    if words.is_empty() {
        return Ok(view.say(
            "nothing on record available here matches the other words of the question",
            "rien au dossier disponible ici ne correspond aux autres mots de la question",
        ));
    }
    let words = view.quote(&words.join(", "));
    let said = view.say(
        format!("nothing on record available here matches these words of the question: {words}"),
        format!("rien au dossier disponible ici ne correspond à ces mots de la question : {words}"),
    );
    let unread = unread(view)?;
    let said = if unread.is_empty() { said } else { format!("{said} ({unread})") };
    // The word may be a brand of what is on record by another name.
    let products =
        !allergic && view.presence()?.iter().any(|p| matches!(p.kind, Kind::Medication | Kind::Immunization));
    let brands = view.say(
        " (a medication or vaccine on record by another name or brand would not be found)",
        " (un médicament ou vaccin au dossier sous un autre nom ou une autre marque ne serait pas trouvé)",
    );
    Ok(if products { said + &brands } else { said })
}

/// Types of records of which the answers, the messages and the lines are no facts.
const FORMS: &str =
    " QuestionnaireResponse Communication CommunicationRequest Claim ClaimResponse ExplanationOfBenefit Invoice ";

/// What is on record and not looked through; empty where there is nothing of the kind.
pub(super) fn unread(view: &View<'_>) -> Result<String> {
    let letters = view.presence()?.iter().any(|p| p.kind == Kind::Document);
    let forms = view.kind_rows(Kind::Other)?.iter().any(|r| FORMS.contains(&format!(" {} ", r.type_name)));
    // What a letter says is in its file, and no fact; nor is what is asked, answered, written and billed.
    Ok(match (letters, forms) {
        (_, true) => view.say(
            "what documents, forms, messages and bills contain is not looked through",
            "le contenu des documents, formulaires, messages et factures n'est pas examiné",
        ),
        (true, false) => {
            view.say("what documents contain is not looked through", "le contenu des documents n'est pas examiné")
        }
        (false, false) => String::new(),
    })
}

/// That what follows has some of the words only: a hip replacement is none of the knee.
pub(super) fn partly(view: &View<'_>, words: &[String], missed: &[&Said]) -> String {
    let named = |w: &&String| w.len() <= 40 && names(w);
    let all = words.iter().chain(missed.iter().flat_map(|s| &s.words));
    let words: Vec<&str> = all.filter(named).take(REPEATED).map(String::as_str).collect();
    let words = view.quote(&words.join(", "));
    view.say(
        format!(
            "no record available here has all of these words of the question, what follows has some of them: {words}"
        ),
        format!("aucun élément disponible ici n'a tous ces mots de la question, ce qui suit en a certains : {words}"),
    )
}

/// A bare number is a threshold or a dose: what else has it in its name has nothing to do with it.
pub(super) fn names(word: &str) -> bool {
    word.chars().any(char::is_alphabetic)
}

/// That some of the question is about somebody else; `relatives` where a family history is shown.
pub(super) fn another(view: &View<'_>, relatives: bool) -> String {
    if relatives {
        view.say(
            "the question, or a part of it, is about another person: this space holds the records of one person, and what they say of relatives is all the answer to that part",
            "la question, ou une partie, porte sur une autre personne : cet espace contient le dossier d'une seule personne, et ce qu'il dit des proches est la seule réponse à cette partie",
        )
    } else {
        view.say(
            "the question, or a part of it, is about another person: this space holds the records of one person, and that part is not answered",
            "la question, ou une partie, porte sur une autre personne : cet espace contient le dossier d'une seule personne, et cette partie reste sans réponse",
        )
    }
}

/// That some of what is stored cannot be read.
pub(super) fn damaged(view: &View<'_>) -> Line {
    Line::new(1).text(view.say(
        "part of the stored data is damaged and could not be read: more may be on record than is said here, and newer",
        "une partie des données enregistrées est endommagée et n’a pas pu être lue : il peut y en avoir d’autres, et de \
         plus récentes",
    ))
}

/// A medication that is asked about and not found may be one whose name stood in another file: then
/// "not on record" alone would be a wrong no.
pub(super) fn nameless(view: &View<'_>, missing: &[String]) -> Result<Option<Line>> {
    let asked = view.plan.concepts.iter().any(|c| c.area == Area::Medication && missing.iter().any(|m| m == c.key));
    if !asked {
        return Ok(None);
    }
    let mut rows = view.kind_rows(Kind::Medication)?;
    let reference = |t: &str| t.starts_with("urn:") || t.starts_with('#') || t.contains("Medication/");
    rows.retain(|r| r.fact.codes.is_empty() && (r.fact.text.is_empty() || reference(&r.fact.text)));
    Ok((!rows.is_empty()).then(|| {
        let n = rows.len();
        let text = view.say(
            format!("{n} of the medications on record: name not readable, so it may be among them"),
            format!("{n} des médicaments au dossier : nom illisible, la réponse peut être parmi eux"),
        );
        Line::new(1).text(text).release(&rows)
    }))
}

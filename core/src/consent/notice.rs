//! The notice: what a person reads before consenting, written from the object that is enforced.

use super::carer;
use super::grant::{GLASS_MINUTES, GrantSpec, known_obligations};
use super::words::{self, pick};
use crate::id::{Timestamp, civil_from_days};
use crate::label::{Confidentiality, Purpose};
use crate::lang::{Lang, MONTHS};
use crate::record::Category;

const DAY: i64 = 86_400_000;

/// The notice of a grant over a partition of this name: who, what, why, until when, what is not
/// allowed, how to withdraw. The same text for the same grant, name and language, always; its hash
/// goes into the consent.
///
/// ```
/// use healthspace::consent::{GrantSpec, GrantTerms, Recipient, notice};
/// use healthspace::record::Category;
/// use healthspace::{Lang, Purpose, ScopeId};
/// let who = Recipient::model("eu-llm").unwrap();
/// let terms = GrantTerms::new(Purpose::PatientRequest, ScopeId::from_bytes([7; 16]), &[Category::Laboratory], who);
/// let text = notice(&GrantSpec::new(terms).unwrap(), "health", Lang::Fr);
/// assert!(text.contains("résultats de laboratoire") && text.contains("health"));
/// ```
#[must_use]
pub fn notice(spec: &GrantSpec, partition: &str, lang: Lang) -> String {
    let parts = [
        who(spec, partition, lang),
        what(spec, lang),
        which(spec, lang),
        why(spec, lang),
        how(spec, lang),
        spec.terms().delegation.map_or_else(String::new, |d| carer::notice(spec, d, lang)),
        until(spec, lang),
        limits(spec, lang),
        pick(lang, WITHDRAWAL).to_owned(),
    ];
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

const WITHDRAWAL: (&str, &str) = (
    "How to withdraw: at any time, in one step, without giving a reason. From that moment nothing more is released \
     under this consent. What was released before cannot be called back.",
    "Comment retirer ce consentement\u{a0}: à tout moment, en une seule étape, sans avoir à vous justifier. Dès cet \
     instant, plus rien n’est communiqué au titre de ce consentement. Ce qui a été communiqué auparavant ne peut \
     pas être repris.",
);

fn who(spec: &GrantSpec, partition: &str, lang: Lang) -> String {
    let r = &spec.terms().recipient;
    let kind = pick(lang, words::recipient(r.kind()));
    match lang {
        Lang::En => {
            format!(
                "Who: you let {kind} “{}” use health data of the partition “{partition}” of your Health space.",
                r.name()
            )
        }
        Lang::Fr => format!(
            "Qui\u{a0}: vous permettez {kind} «\u{a0}{}\u{a0}» d’utiliser des données de santé de la partition \
             «\u{a0}{partition}\u{a0}» de votre espace Santé.",
            r.name()
        ),
    }
}

fn what(spec: &GrantSpec, lang: Lang) -> String {
    let list: Vec<&str> = spec.terms().categories.iter().map(|c| pick(lang, words::category(*c))).collect();
    let mut text = match lang {
        Lang::En => format!("What: {}.", list.join("; ")),
        Lang::Fr => format!("Quoi\u{a0}: {}.", list.join("\u{202f}; ")),
    };
    if spec.terms().categories.contains(&Category::Conditions) {
        text.push(' ');
        text.push_str(pick(lang, REASONS));
    }
    text
}

/// Why something was done is a condition, whatever it stands in.
const REASONS: (&str, &str) = (
    "Conditions include what a medication, a procedure, a visit or anything else is for, and its date, even where \
     that is not shared itself.",
    "Les problèmes de santé comprennent le motif d’un médicament, d’une intervention, d’une consultation ou de tout \
     autre acte, avec sa date, même si l’acte lui-même n’est pas partagé.",
);

/// Dates and labels of the data.
fn which(spec: &GrantSpec, lang: Lang) -> String {
    let t = spec.terms();
    let mut text = match (t.data_period, lang) {
        (None, Lang::En) => "Which: of any date.".to_owned(),
        (None, Lang::Fr) => "Lesquelles\u{a0}: de toute date.".to_owned(),
        (Some((from, to)), Lang::En) => {
            format!("Which: only data dated {} {} (UTC).", since(from, lang), before(to, lang))
        }
        (Some((from, to)), Lang::Fr) => format!(
            "Lesquelles\u{a0}: seulement les données datées {} {} (UTC).",
            since(from, lang).replacen("à partir ", "", 1),
            before(to, lang)
        ),
    };
    let listed: Vec<&str> = t.sensitivities.iter().map(|s| pick(lang, words::sensitivity(s))).collect();
    let up_to = |c: Confidentiality| pick(lang, words::confidentiality(c));
    let labels = match (t.confidentiality, listed.is_empty(), lang) {
        (None, true, Lang::En) => "This includes data that is marked as particularly sensitive.".to_owned(),
        (None, true, Lang::Fr) => "Cela comprend les données signalées comme particulièrement sensibles.".to_owned(),
        (Some(c), true, Lang::En) => format!("Only data whose level of confidentiality is at most “{}”.", up_to(c)),
        (Some(c), true, Lang::Fr) => {
            format!("Seulement les données dont le niveau de confidentialité est au plus «\u{a0}{}\u{a0}».", up_to(c))
        }
        (None, false, Lang::En) => format!(
            "Only data that is marked as sensitive, and for these reasons alone (or what belongs to them): {}.",
            listed.join("; ")
        ),
        (None, false, Lang::Fr) => format!(
            "Seulement les données signalées comme sensibles, et pour ces seuls motifs (ou ce qui en relève)\u{a0}: {}.",
            listed.join("\u{202f}; ")
        ),
        (Some(c), false, Lang::En) => format!(
            "Only data whose level of confidentiality is at most “{}”, and data that is marked as sensitive for these \
             reasons alone (or what belongs to them): {}.",
            up_to(c),
            listed.join("; ")
        ),
        (Some(c), false, Lang::Fr) => format!(
            "Seulement les données dont le niveau de confidentialité est au plus «\u{a0}{}\u{a0}», et les données \
             signalées comme sensibles pour ces seuls motifs (ou ce qui en relève)\u{a0}: {}.",
            up_to(c),
            listed.join("\u{202f}; ")
        ),
    };
    text.push(' ');
    text.push_str(&labels);
    text
}

fn why(spec: &GrantSpec, lang: Lang) -> String {
    let p = spec.terms().purpose;
    let say = |p: Purpose| words::why(p, lang);
    let mut text = match lang {
        Lang::En => format!("Why: {}.", say(p)),
        Lang::Fr => format!("Pourquoi\u{a0}: {}.", say(p)),
    };
    // A purpose of HL7's tree stands for those below it.
    let below: Vec<String> = Purpose::ALL.iter().filter(|q| **q != p && p.permits(**q)).map(|q| say(*q)).collect();
    if !below.is_empty() {
        match lang {
            Lang::En => text.push_str(&format!(" This includes what is done {}.", below.join("; "))),
            Lang::Fr => text.push_str(&format!(" Cela comprend ce qui est fait {}.", below.join("\u{202f}; "))),
        }
    }
    text.push_str(pick(lang, (" Nothing else is allowed.", " Rien d’autre n’est permis.")));
    if p == Purpose::MlTraining {
        text.push_str(pick(
            lang,
            (
                " What a model has learned cannot be taken out of it again.",
                " Ce qu’un modèle a appris ne peut plus en être retiré.",
            ),
        ));
    }
    text
}

fn how(spec: &GrantSpec, lang: Lang) -> String {
    let mut text = pick(
        lang,
        (
            "How: the data may be read, counted and used, and notes about it may be kept in your Health space. It may \
             not be exported as a file or erased under this consent.",
            "Comment\u{a0}: les données peuvent être lues, comptées et utilisées, et des notes à leur sujet peuvent \
             être conservées dans votre espace Santé. Ce consentement ne permet ni de les exporter dans un fichier, \
             ni de les effacer.",
        ),
    )
    .to_owned();
    if spec.terms().purpose == Purpose::BreakGlass {
        text.push_str(&match lang {
            Lang::En => format!(
                " Each time, a reason must be given and you must agree if you are able to; it ends after \
                 {GLASS_MINUTES}\u{a0}minutes at the latest, is entered in your log before anything is shown, and you \
                 are told what was done. What you refuse stays refused."
            ),
            Lang::Fr => format!(
                " À chaque fois, un motif doit être donné et vous devez être d’accord si vous en êtes capable\u{202f}; \
                 cela prend fin après {GLASS_MINUTES}\u{a0}minutes au plus tard, est inscrit dans votre journal avant \
                 que quoi que ce soit ne soit montré, et vous apprenez ce qui a été fait. Ce que vous refusez reste \
                 refusé."
            ),
        });
    }
    match (spec.terms().uses, lang) {
        (None, _) => {}
        (Some(1), Lang::En) => text.push_str(" Once only."),
        (Some(1), Lang::Fr) => text.push_str(" Une seule fois."),
        (Some(n), Lang::En) => text.push_str(&format!(" At most {n} times.")),
        (Some(n), Lang::Fr) => text.push_str(&format!(" Au plus {n}\u{a0}fois.")),
    }
    text
}

fn until(spec: &GrantSpec, lang: Lang) -> String {
    format!("{}{}", pick(lang, ("Until when: ", "Jusqu’à quand\u{a0}: ")), term(spec, lang))
}

/// From when and until when it holds.
pub(super) fn term(spec: &GrantSpec, lang: Lang) -> String {
    let t = spec.terms();
    let mut text = t.starts.map_or_else(String::new, |start| format!("{} (UTC), ", since(start, lang)));
    match (t.expires, lang) {
        (Some(end), Lang::En) => text.push_str(&format!("{} (UTC), unless you withdraw before.", before(end, lang))),
        (Some(end), Lang::Fr) => {
            text.push_str(&format!("{} (UTC), sauf si vous le retirez avant.", before(end, lang)));
        }
        (None, Lang::En) => text.push_str("no end date; it holds until you withdraw it."),
        (None, Lang::Fr) => {
            text.push_str("sans date de fin\u{202f}; il vaut jusqu’à ce que vous le retiriez.");
        }
    }
    text
}

fn limits(spec: &GrantSpec, lang: Lang) -> String {
    let has = |o| spec.terms().obligations.contains(o);
    let say = |of: fn(_) -> Option<(&'static str, &'static str)>| -> Vec<&'static str> {
        known_obligations().filter(|(o, _)| has(*o)).filter_map(|(o, _)| of(o)).map(|w| pick(lang, w)).collect()
    };
    let (refrains, duties) = (say(words::refrains), say(words::duties));
    let mut lines = Vec::new();
    if !refrains.is_empty() {
        lines.push(match lang {
            Lang::En => format!("What is not allowed: to {}.", refrains.join("; to ")),
            Lang::Fr => format!("Ce qui est interdit\u{a0}: {}.", refrains.join("\u{202f}; ")),
        });
    }
    if !duties.is_empty() {
        lines.push(match lang {
            Lang::En => format!("What the recipient must do: {}.", duties.join("; ")),
            Lang::Fr => format!("Ce que le destinataire doit faire\u{a0}: {}.", duties.join("\u{202f}; ")),
        });
    }
    if lines.is_empty() {
        lines.push(pick(lang, ("No further conditions.", "Aucune autre condition.")).to_owned());
    }
    lines.join("\n")
}

fn date(days: i64, lang: Lang) -> String {
    let (y, m, d) = civil_from_days(days);
    let month = MONTHS.get(usize::from(m) - 1).map_or("", |pair| pick(lang, *pair));
    match (lang, d) {
        (Lang::Fr, 1) => format!("1er\u{a0}{month} {y}"),
        _ => format!("{d}\u{a0}{month} {y}"),
    }
}

/// A moment to the minute; a midnight shows no time.
fn moment(t: Timestamp, lang: Lang) -> String {
    let day = date(t.as_millis().div_euclid(DAY), lang);
    let minutes = t.as_millis().rem_euclid(DAY) / 60_000;
    match (minutes, lang) {
        (0, _) => day,
        (m, Lang::En) => format!("{day} at {:02}:{:02}", m / 60, m % 60),
        (m, Lang::Fr) => format!("{day} à {}\u{a0}h\u{a0}{:02}", m / 60, m % 60),
    }
}

fn since(t: Timestamp, lang: Lang) -> String {
    match lang {
        Lang::En => format!("from {}", moment(t, lang)),
        Lang::Fr => format!("à partir du {}", moment(t, lang)),
    }
}

/// An excluded end; a midnight is the end of the day before.
pub(super) fn before(t: Timestamp, lang: Lang) -> String {
    if t.as_millis().rem_euclid(DAY) == 0 {
        let day = date(t.as_millis().div_euclid(DAY) - 1, lang);
        return match lang {
            Lang::En => format!("until the end of {day}"),
            Lang::Fr => format!("jusqu’à la fin du {day}"),
        };
    }
    match lang {
        Lang::En => format!("until {}", moment(t, lang)),
        Lang::Fr => format!("jusqu’au {}", moment(t, lang)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{GrantTerms, Recipient};
    use crate::id::{ScopeId, days_from_civil};
    use crate::label::{Sensitivities, Sensitivity, purpose_words};
    use crate::record::Category;

    fn day(y: i64, m: u8, d: u8) -> Timestamp {
        Timestamp::from_millis(days_from_civil(y, m, d) * DAY)
    }

    fn terms() -> GrantTerms {
        let who = Recipient::model("eu-llm").unwrap();
        let what = [Category::Medications, Category::Laboratory];
        GrantTerms::new(Purpose::PatientRequest, ScopeId::from_bytes([7; 16]), &what, who)
    }

    fn plain(spec: GrantTerms, lang: Lang) -> String {
        notice(&GrantSpec::new(spec).unwrap(), "health", lang).replace(['\u{a0}', '\u{202f}'], " ")
    }

    #[test]
    fn the_notice_of_the_story_in_english() {
        let text = plain(GrantTerms { expires: Some(day(2027, 2, 23)), ..terms() }, Lang::En);
        let expect = "Who: you let the AI model “eu-llm” use health data of the partition “health” of your Health space.\n\n\
            What: laboratory results; medications.\n\n\
            Which: of any date. This includes data that is marked as particularly sensitive.\n\n\
            Why: to answer your own requests. This includes what is done to answer requests of your family; to answer \
            requests of the person who holds your power of attorney; to answer requests of those who support you. \
            Nothing else is allowed.\n\n\
            How: the data may be read, counted and used, and notes about it may be kept in your Health space. It may \
            not be exported as a file or erased under this consent.\n\n\
            Until when: until the end of 22 February 2027 (UTC), unless you withdraw before.\n\n\
            What is not allowed: to train, fine-tune or distil an AI model with this data; to use this data for any \
            other purpose; to pass this data on without a new consent of yours.\n\
            What the recipient must do: keep the protection label with the data; comply with this consent.\n\n\
            How to withdraw: at any time, in one step, without giving a reason. From that moment nothing more is \
            released under this consent. What was released before cannot be called back.\n";
        assert_eq!(text, expect);
    }

    #[test]
    fn the_notice_of_the_story_in_french() {
        let text = plain(GrantTerms { expires: Some(day(2027, 2, 23)), ..terms() }, Lang::Fr);
        for part in [
            "Qui : vous permettez au modèle d’IA « eu-llm » d’utiliser des données de santé",
            "Quoi : résultats de laboratoire ; médicaments.",
            "Pourquoi : pour répondre à vos propres demandes. Cela comprend ce qui est fait pour répondre aux demandes \
             de votre famille ;",
            "Jusqu’à quand : jusqu’à la fin du 22 février 2027 (UTC), sauf si vous le retirez avant.",
            "Ce qui est interdit : entraîner, affiner ou distiller un modèle d’IA avec ces données ; utiliser ces \
             données à d’autres fins ; transmettre ces données sans un nouveau consentement de votre part.",
            "Comment retirer ce consentement : à tout moment, en une seule étape",
        ] {
            assert!(text.contains(part), "{part}\n---\n{text}");
        }
        assert!(!text.contains('\''), "typographic apostrophes only");
    }

    #[test]
    fn a_grant_of_conditions_says_that_it_tells_what_a_medication_is_for() {
        let of = |what: &[Category], lang| plain(GrantTerms { categories: what.to_vec(), ..terms() }, lang);
        let en = "What: conditions and diagnoses. Conditions include what a medication, a procedure, a visit or anything \
                  else is for, and its date, even where that is not shared itself.\n\n";
        let fr = "Quoi : problèmes de santé et diagnostics. Les problèmes de santé comprennent le motif d’un médicament, \
                  d’une intervention, d’une consultation ou de tout autre acte, avec sa date, même si l’acte lui-même \
                  n’est pas partagé.\n\n";
        assert!(of(&[Category::Conditions], Lang::En).contains(en));
        assert!(of(&[Category::Conditions], Lang::Fr).contains(fr));
        assert!(!of(&[Category::Medications], Lang::En).contains("is for"));
    }

    #[test]
    fn every_bound_that_is_enforced_is_told() {
        let all = GrantTerms {
            starts: Some(day(2026, 3, 1)),
            expires: Some(day(2027, 2, 22).plus_millis((9 * 60 + 5) * 60_000 + 59_999)),
            data_period: Some((day(2022, 1, 1), day(2023, 1, 1))),
            confidentiality: Some(Confidentiality::Normal),
            sensitivities: Sensitivities::only(Sensitivity::Hiv),
            uses: Some(3),
            ..terms()
        };
        let en = plain(all.clone(), Lang::En);
        let fr = plain(all, Lang::Fr);
        for part in [
            "dated from 1 January 2022 until the end of 31 December 2022 (UTC).",
            "from 1 March 2026 (UTC), until 22 February 2027 at 09:05 (UTC)",
            "at most “normal”",
            "HIV/AIDS",
            "At most 3 times.",
        ] {
            assert!(en.contains(part), "{part}\n---\n{en}");
        }
        for part in [
            "datées du 1er janvier 2022 jusqu’à la fin du 31 décembre 2022 (UTC).",
            "à partir du 1er mars 2026 (UTC), jusqu’au 22 février 2027 à 9 h 05 (UTC)",
            "au plus « normal »",
            "VIH/sida",
            "Au plus 3 fois.",
        ] {
            assert!(fr.contains(part), "{part}\n---\n{fr}");
        }
    }

    #[test]
    fn every_purpose_and_category_has_words() {
        for p in Purpose::ALL {
            let terms =
                GrantTerms { purpose: *p, ..GrantTerms::new(*p, terms().scope, Category::ALL, terms().recipient) };
            for lang in [Lang::En, Lang::Fr] {
                let text = plain(terms.clone(), lang);
                let usual = words::purpose(*p).map(|pair| pick(lang, pair));
                assert!(text.contains(usual.unwrap_or(pick(lang, purpose_words(*p)))), "{text}");
                assert!(!text.contains("HL7") && !text.contains(p.code()), "{text}");
                assert!(Category::ALL.iter().all(|c| text.contains(pick(lang, words::category(*c)))));
                assert_eq!(text.contains("fine-tune") || text.contains("affiner"), *p != Purpose::MlTraining);
            }
        }
    }
}

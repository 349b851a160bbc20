//! The notice of a consent to lower a label, written from the object that is enforced.

use super::DeclassifySpec;
use crate::consent::grant::known_obligations;
use crate::consent::notice::before;
use crate::consent::words::{self, pick};
use crate::label::Purpose;
use crate::lang::Lang;

const WITHDRAWAL: (&str, &str) = (
    "How to withdraw: at any time, in one step, without giving a reason. From that moment nothing more is moved under \
     this consent, and what was moved is set aside until you keep or delete it. What was shown there before cannot be \
     called back.",
    "Comment retirer ce consentement\u{a0}: à tout moment, en une seule étape, sans avoir à vous justifier. Dès cet \
     instant, plus rien n’est déplacé au titre de ce consentement, et ce qui l’a été est mis de côté jusqu’à ce que \
     vous le gardiez ou le supprimiez. Ce qui y a été montré auparavant ne peut pas être repris.",
);

/// The notice: from where, to where, what protection is dropped and what is kept, what for, until
/// when, how to withdraw. The same text for the same consent and language, always.
#[must_use]
pub fn notice(spec: &DeclassifySpec, lang: Lang) -> String {
    let t = spec.terms();
    let (from, to) = (&t.from.name, &t.to.name);
    let what = match lang {
        Lang::En => format!(
            "What: single statements that rest on your data in the partition “{from}” may be copied into the partition \
             “{to}”. Each time you are asked, and each time an entry is made first. Those who may use “{to}” can see \
             such a statement and tell from it what your data says."
        ),
        Lang::Fr => format!(
            "Quoi\u{a0}: des énoncés isolés qui reposent sur vos données de la partition «\u{a0}{from}\u{a0}» peuvent \
             être copiés dans la partition «\u{a0}{to}\u{a0}». Vous êtes sollicité à chaque fois, et chaque fois une \
             entrée est d’abord inscrite au journal. Ceux qui peuvent utiliser «\u{a0}{to}\u{a0}» peuvent voir un tel \
             énoncé et en déduire ce que disent vos données."
        ),
    };
    let parts = [what, dropped(spec, lang), kept(spec, lang), why(t.purpose, lang), until(spec, lang)];
    let mut text = parts.join("\n\n");
    text.push_str("\n\n");
    text.push_str(pick(lang, WITHDRAWAL));
    text.push('\n');
    text
}

fn dropped(spec: &DeclassifySpec, lang: Lang) -> String {
    let (t, l) = (spec.terms(), &spec.terms().lowering);
    let mut list = vec![match lang {
        Lang::En => format!("that it comes from “{}”", t.from.name),
        Lang::Fr => format!("sa provenance de «\u{a0}{}\u{a0}»", t.from.name),
    }];
    if let Some(c) = l.confidentiality {
        let level = pick(lang, words::confidentiality(c));
        list.push(match lang {
            Lang::En => format!("any confidentiality above “{level}”"),
            Lang::Fr => format!("toute confidentialité au-dessus de «\u{a0}{level}\u{a0}»"),
        });
    }
    let marks: Vec<&str> = l.sensitivities.iter().map(|s| pick(lang, words::sensitivity(s))).collect();
    if !marks.is_empty() {
        list.push(match lang {
            Lang::En => format!("the mark of being sensitive because of: {}", marks.join(", ")),
            Lang::Fr => format!("la mention de son caractère sensible au titre de\u{a0}: {}", marks.join(", ")),
        });
    }
    let rules = known_obligations().filter(|(one, _)| l.obligations.contains(*one));
    let pair = |(o, code): (_, &'static str)| words::refrains(o).or_else(|| words::duties(o)).unwrap_or((code, code));
    let rules: Vec<&str> = rules.map(|rule| pick(lang, pair(rule))).collect();
    if !rules.is_empty() {
        list.push(match lang {
            Lang::En => format!("these rules about it: {}", rules.join(", ")),
            Lang::Fr => format!("les règles suivantes\u{a0}: {}", rules.join(", ")),
        });
    }
    let added: Vec<String> =
        Purpose::ALL.iter().filter(|p| l.purposes.contains(**p)).map(|p| words::why(*p, lang)).collect();
    if !added.is_empty() {
        list.push(match lang {
            Lang::En => format!("the limit to its purposes; it may then also be used {}", added.join(", ")),
            Lang::Fr => {
                format!("la limite de ses finalités\u{202f}; il peut alors servir aussi {}", added.join(", "))
            }
        });
    }
    match lang {
        Lang::En => format!("What is dropped from its protection, and nothing else: {}.", list.join("; ")),
        Lang::Fr => format!("Ce qui est retiré de sa protection, et rien d’autre\u{a0}: {}.", list.join("\u{202f}; ")),
    }
}

fn kept(spec: &DeclassifySpec, lang: Lang) -> String {
    let rules = spec.terms().lowering.obligations == crate::label::Obligations::NONE;
    let purposes = spec.terms().lowering.purposes == crate::label::Purposes::NONE;
    let mut list = vec![
        pick(lang, ("that no AI model may be trained with it", "l’interdiction d’entraîner un modèle d’IA avec lui")),
        pick(lang, ("which records it was made from", "les enregistrements dont il est issu")),
    ];
    if rules {
        list.push(pick(lang, ("every rule about its use", "toutes les règles sur son usage")));
    }
    if purposes {
        list.push(pick(lang, ("what it may be used for", "ce à quoi il peut servir")));
    }
    match lang {
        Lang::En => format!("What stays with it: {}.", list.join("; ")),
        Lang::Fr => format!("Ce qui lui reste attaché\u{a0}: {}.", list.join("\u{202f}; ")),
    }
}

fn why(p: Purpose, lang: Lang) -> String {
    match lang {
        Lang::En => format!("Why: {}.", words::why(p, lang)),
        Lang::Fr => format!("Pourquoi\u{a0}: {}.", words::why(p, lang)),
    }
}

fn until(spec: &DeclassifySpec, lang: Lang) -> String {
    match (spec.terms().expires, lang) {
        (Some(end), Lang::En) => {
            format!("Until when: {} (UTC), unless you withdraw before.", before(end, lang))
        }
        (Some(end), Lang::Fr) => {
            format!("Jusqu’à quand\u{a0}: {} (UTC), sauf si vous le retirez avant.", before(end, lang))
        }
        (None, Lang::En) => "Until when: no end date; it holds until you withdraw it.".to_owned(),
        (None, Lang::Fr) => {
            "Jusqu’à quand\u{a0}: sans date de fin\u{202f}; il vaut jusqu’à ce que vous le retiriez.".to_owned()
        }
    }
}

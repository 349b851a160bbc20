//! Renewing a grant: the same terms under a new end, and the words that say what changes.

use super::Recipient;
use super::grant::{GrantSpec, GrantTerms};
use super::notice::{notice, term};
use crate::error::{Error, Malformed, Result};
use crate::id::Timestamp;
use crate::lang::Lang;

/// The terms of a renewal: those that were given, until another end; a count begins anew, with
/// another number where one is given.
///
/// # Errors
/// `Malformed(Terms)` where they are no terms of a grant: an end before the beginning, no uses; or a count for a
/// grant that is not counted.
pub fn renewed(given: &GrantSpec, expires: Timestamp, uses: Option<u32>) -> Result<GrantSpec> {
    let terms = given.terms().clone();
    if uses.is_some() && terms.uses.is_none() {
        return Err(Error::Malformed(Malformed::Terms));
    }
    GrantSpec::new(GrantTerms { expires: Some(expires), uses: terms.uses.map(|n| uses.unwrap_or(n)), ..terms })
}

/// The notice of a renewal: what stood until now, what changes, for whom else it does since it was passed on to them,
/// and the notice of what is in force from now on.
#[must_use]
pub fn renewal_notice(
    given: &GrantSpec,
    new: &GrantSpec,
    passed_on: &[Recipient],
    partition: &str,
    lang: Lang,
) -> String {
    let counted = new.terms().uses.is_some();
    let (first, before, after) = match (lang, counted) {
        (Lang::En, false) => (
            "You gave this consent before and are asked to renew it. What changes is its end; all else stays as it was.",
            "Until now:",
            "From now on:",
        ),
        (Lang::En, true) => (
            "You gave this consent before and are asked to renew it. What changes is its end and how often it can still \
             be used; the rest stays as it was.",
            "Until now:",
            "From now on:",
        ),
        (Lang::Fr, false) => (
            "Vous avez déjà donné ce consentement et on vous demande de le renouveler. Seule sa fin change\u{202f}; tout \
             le reste demeure.",
            "Jusqu’ici\u{a0}:",
            "Désormais\u{a0}:",
        ),
        (Lang::Fr, true) => (
            "Vous avez déjà donné ce consentement et on vous demande de le renouveler. Ce qui change est sa fin et le \
             nombre de fois où il peut encore servir\u{202f}; le reste est inchangé.",
            "Jusqu’ici\u{a0}:",
            "Désormais\u{a0}:",
        ),
    };
    let mut text = format!("{first}\n{before} {}\n{after} {}", term(given, lang), term(new, lang));
    if let Some(n) = new.terms().uses {
        let old = given.terms().uses.unwrap_or(n);
        text.push('\n');
        text.push_str(&match lang {
            Lang::En => format!("Uses are counted anew: {n} from now on ({old} before)."),
            Lang::Fr => format!("Les utilisations sont comptées à nouveau\u{a0}: {n} désormais ({old} jusqu’ici)."),
        });
    }
    if !passed_on.is_empty() {
        let names: Vec<String> = passed_on.iter().map(|r| quoted(r.name(), lang)).collect();
        text.push('\n');
        text.push_str(&match lang {
            Lang::En => {
                format!("What was passed on under it holds again or on, until then at most: for {}.", names.join(", "))
            }
            Lang::Fr => format!(
                "Ce qui a été transmis sur cette base vaut à nouveau ou encore, au plus jusque-là\u{a0}: pour {}.",
                names.join(", ")
            ),
        });
    }
    format!("{text}\n\n{}", notice(new, partition, lang))
}

fn quoted(name: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!("“{name}”"),
        Lang::Fr => format!("«\u{a0}{name}\u{a0}»"),
    }
}

//! Results that belong to a condition without being it: tests for an infection, the state of a
//! pregnancy. They are shown with it; no diagnosis is read out of them.

use super::{Concept, LOINC, LOINC_OID, is};
use crate::grounding::fold;
use crate::record::Coding;

/// The condition, LOINC codes, and patterns of words besides its own.
const OBSERVED: &[(&str, &str, &str)] = &[
    ("pregnancy", "82810-3 11778-8 11779-6", "delivery date|pregnan* !intend*|grossesse|date accouchement"),
    (
        "covid",
        "94500-6 94309-2 94306-8 94531-1 94558-4 94759-8",
        "sars cov|sars coronavirus|covid*|coronavirus 2019|2019 ncov",
    ),
    ("influenza", "92142-9 92141-1 80382-5 80383-3", "influenza* !haemophilus !parainfluenza|grippe"),
    ("depression", "", "phq*"),
    ("anxiety", "", "gad*"),
    ("hiv", "", "hiv*|vih*"),
    ("hepatitis-a", "", ""),
    ("hepatitis-b", "", "hbsag|hbs"),
    ("hepatitis", "", ""),
    ("measles", "", ""),
    ("mumps", "", ""),
    ("rubella", "", "rubella*"),
    ("chickenpox", "", ""),
    ("shingles", "", "varicella zoster"),
    ("pertussis", "", "bordetella"),
    ("tetanus", "", ""),
    ("diphtheria", "", ""),
    ("hpv", "", ""),
    ("sore-throat", "", "streptoc* throat|streptoc* pyogenes"),
];

/// Whether results can belong to a condition.
pub(in crate::grounding) fn is_observed(c: &Concept) -> bool {
    OBSERVED.iter().any(|(key, ..)| *key == c.key)
}

/// Whether a result with this code, of these names, belongs to a condition.
pub(in crate::grounding) fn observes(c: &Concept, coding: &Coding, names: &[Vec<String>]) -> bool {
    let Some((_, codes, patterns)) = OBSERVED.iter().find(|(key, ..)| *key == c.key) else { return false };
    if is(&coding.system, LOINC, LOINC_OID) && codes.split(' ').any(|k| !k.is_empty() && k == coding.code) {
        return true;
    }
    let says = |p: &str| names.iter().any(|n| fold::matches(p, n));
    patterns.split('|').any(says) || c.stems.split('|').any(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grounding::concepts::{Area, by_key, measures_by_code};

    #[test]
    fn the_table_is_sound() {
        let measures = measures_by_code();
        for (key, codes, patterns) in OBSERVED {
            assert!(by_key(key).is_some_and(|c| c.area == Area::Condition), "{key}");
            assert!(patterns.is_ascii(), "{key}");
            assert!(codes.split(' ').all(|c| !measures.contains_key(c) || c.is_empty()), "{key}");
        }
    }

    #[test]
    fn a_test_belongs_to_its_infection() {
        let of = |key: &str, code: &str, text: &str| {
            let coding = Coding::new("http://loinc.org", code, "");
            by_key(key).is_some_and(|c| observes(c, &coding, &[fold::words(text)]))
        };
        assert!(of("pregnancy", "82810-3", "") && of("covid", "94531-1", "") && of("influenza", "92141-1", ""));
        assert!(of("covid", "", "SARS-CoV-2 RNA Ql NAA+probe") && of("influenza", "", "Influenza virus A Ag"));
        assert!(of("hiv", "", "HIV 1+2 Ab") && of("hepatitis-b", "", "HBsAg"));
        assert!(!of("influenza", "", "Parainfluenza virus 1 RNA") && !of("influenza", "", "Haemophilus influenzae"));
        assert!(!of("asthma", "", "Asthma control test"));
    }
}

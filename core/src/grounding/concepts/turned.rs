//! Words beside a condition's name that turn it: that it is not so, is only feared or looked for,
//! is another's, or is past. A closed list, English and French, folded; where one stands, a record
//! is not taken for the condition, and its own words are shown instead.

/// Wherever they stand.
const ANYWHERE: &str = "history|hx|antecedent|antecedents|atcd|h o|familiaux|family|fh|fhx|\
mother|father|brother|sister|sibling|siblings|parent|parents|grandmother|grandfather|grandparent|grandparents|aunt|uncle|cousin|daughter|\
wife|husband|spouse|partner|degree relative|paternal|mere|pere|frere|soeur|grand mere|grand pere|oncle|tante|fille|conjoint|conjointe|\
suspected|suspicion|suspect|suspecte|suspectee|possible|possibly|probable|presumed|presumptive|questionable|query|eventuel|eventuelle|\
rule out|ruled out|r o|to exclude|excluded|exclu|exclue|exclus|a eliminer|elimine|eliminee|ecarte|ecartee|infirme|infirmee|\
unlikely|improbable|absence of|absence d|absence de|absent|absente|denies|denied|refuted|nie|free of|negative for|negatif pour|\
risk|risque|predisposition|susceptible|susceptibility|fear|fearful|peur|crainte|worried|\
screening|screen|depistage|exposure|exposed|exposition|contact with|contact avec|vaccination|vaccine|vaccin|immunization|immunisation|\
counseling|counselling|prevention|prophylaxis|prophylaxie|immune|immunise|immunisee";

/// Only where the name follows.
const BEFORE: &str = "no|not|never|without|sans|pas|aucun|aucune|jamais";

/// Only where the name, or the end of it, follows at once: "non-diabetic", not "non-small cell".
const JUST_BEFORE: &str = "non";

/// Only where it follows the name.
const AFTER: &str = "negative|negatif|negatifs|negatives|not present|not detected|not found|not confirmed|not seen|not diagnosed|non retrouve|non confirme";

/// Only where it follows the name at once.
const JUST_AFTER: &str =
    "associated|related|induced|like|phobia|phobic|test|tests|testing|status|associe|associee|lie|liee|induit|induite";

/// Only as the last word, behind the name: "diabetes: no".
const LAST: &str = "no|non|none|aucun|aucune";

/// Whether a phrase of a list begins at a word.
fn at(list: &str, words: &[String], i: usize) -> bool {
    let begins = |p: &str| {
        let mut said = words.iter().skip(i);
        p.split(' ').all(|w| said.next().is_some_and(|s| s == w))
    };
    list.split('|').any(begins)
}

/// Whether the words beside a name turn it; the name reaches from its first word to its last, and
/// is not among the words where a code alone tells it.
pub(super) fn turns(words: &[String], name: Option<(usize, usize)>) -> bool {
    let (first, last) = name.unwrap_or((1, words.len()));
    (0..words.len()).any(|i| {
        at(ANYWHERE, words, i)
            || (i < first && at(BEFORE, words, i))
            || (i + 1 == first && at(JUST_BEFORE, words, i))
            || (i > last && at(AFTER, words, i))
            || (i == last + 1 && at(JUST_AFTER, words, i))
            || (i > last && i + 1 == words.len() && at(LAST, words, i))
    })
}

#[cfg(test)]
mod tests {
    use crate::grounding::concepts::of_fact;
    use crate::record::{Coding, Kind};

    fn key(text: &str) -> Option<&'static str> {
        of_fact(Kind::Condition, &[], text).map(|c| c.key)
    }

    #[test]
    fn a_name_that_is_turned_is_not_taken_for_the_condition() {
        for text in [
            "Family history of cancer of colon",
            "Cancer associated pain",
            "HIV negative",
            "Not pregnant",
            "Non-diabetic",
            "Diabetes insipidus",
            "Absence of stroke",
            "Heat stroke",
            "Pas de fracture",
            "Rule out pulmonary embolism",
            "No evidence of malignant neoplasm",
            "Risk of diabetes",
            "Fear of cancer",
            "History of stroke",
            "Mother had breast cancer",
            "Screening for HIV",
            "At risk for osteoporosis",
            "Hepatitis B immune",
            "Antécédents familiaux de diabète",
            "Suspicion d'AVC",
            "Suspected COVID-19 (situation)",
            "Diabète : non",
            "COVID-19 not detected",
            "Chest pain without myocardial infarction",
            "Pregnancy test",
            "Portal hypertension",
            "Pulmonary arterial hypertension",
            "Ocular hypertension",
            "Respiratory depression",
            "ST depression",
            "Malignant hyperthermia",
            "Benign neoplasm of skin",
        ] {
            assert_eq!(key(text), None, "{text}");
        }
    }

    #[test]
    fn words_that_turn_elsewhere_turn_nothing() {
        for (text, expected) in [
            ("Non-small cell carcinoma of lung", "cancer"),
            ("Triple-negative breast cancer", "cancer"),
            ("Type 2 diabetes mellitus without complication", "diabetes"),
            ("Asthma, not controlled", "asthma"),
            ("Familial hypercholesterolemia", "hypercholesterolemia"),
            ("Contact dermatitis", "eczema"),
            ("Epilepsy with absence seizures", "epilepsy"),
            ("Migraine without aura", "migraine"),
            ("Diabète de type 2 sans complication", "diabetes"),
            ("Acute tension-type headache", "headache"),
            ("Fracture of tooth", "fracture"),
            ("Postpartum depression", "depression"),
            ("Influenza", "influenza"),
        ] {
            assert_eq!(key(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn words_turn_what_a_code_names() {
        let stroke = [Coding::new("http://snomed.info/sct", "230690007", "")];
        let key = |text| of_fact(Kind::Condition, &stroke, text).map(|c| c.key);
        assert_eq!(key("Cerebral infarct"), Some("stroke"));
        assert_eq!(key("No stroke"), None);
        assert_eq!(key("Kein Schlaganfall"), Some("stroke"));
        assert_eq!(key("History of stroke (situation)"), None);
    }
}

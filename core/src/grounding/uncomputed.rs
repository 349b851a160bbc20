//! What a question asks to be worked out, and nothing here does: an answer that passes over it without a
//! word would look like one that did it.

use super::page::Block;
use super::period;

/// What is asked to be worked out, as words joined by blanks.
const PHRASES: [&str; 100] = [
    "median",
    "medians",
    "mediane",
    "medianes",
    "quartile",
    "quartiles",
    "standard deviation",
    "ecart type",
    "ecarts types",
    "variance",
    "correlation",
    "correlations",
    "correlate",
    "correlates",
    "correlated",
    "correle",
    "correlee",
    "extrapolate",
    "forecast",
    "predict",
    "prediction",
    "prevision",
    "day with the most",
    "day with the least",
    "day with the fewest",
    "most active day",
    "least active day",
    "jour avec le plus",
    "jour avec le moins",
    "jour le plus actif",
    "in a single day",
    "longer than",
    "shorter than",
    "plus longues que",
    "plus longs que",
    "jour ou j ai",
    "nuit la plus courte",
    "nuit la plus longue",
    "shortest night",
    "longest night",
    "longest run",
    "longest walk",
    "longest ride",
    "longest workout",
    "plus longue course",
    "plus longue marche",
    "plus longue sortie",
    "shortest run",
    "time in range",
    "time above range",
    "time below range",
    "temps dans la cible",
    "heure de coucher",
    "bedtime",
    "time did i wake",
    "penultimate",
    "second to last",
    "next to last",
    "last but one",
    "avant derniere",
    "ratio of",
    "my record",
    "mon record",
    "personal best",
    "record de",
    "jour ou j ai le plus",
    "jour ou j ai le moins",
    "rapport entre",
    "slope",
    "how fast",
    "biggest",
    "largest",
    "greatest",
    "steepest",
    "fastest",
    "plus grosse",
    "plus grande",
    "plus grand",
    "yearly",
    "annual",
    "annually",
    "quarterly",
    "hourly",
    "annuel",
    "annuelle",
    "annuelles",
    "convert",
    "converted",
    "conversion",
    "convertir",
    "convertis",
    "si units",
    "si unit",
    "unites si",
    "difference between",
    "difference entre",
    "result before the latest",
    "the one before",
    "celle d avant",
    "celui d avant",
];

/// What several of are asked for.
const VALUES: &str = " reading readings value values result results measurement measurements mesure mesures valeur valeurs resultat resultats ";

/// Words for an extreme, which of sums by day is not worked out.
const EXTREMES: &str = " most max maximum least min minimum fewest highest lowest plus moins ";

/// Words that lead a bound for values.
const BOUNDS: [&str; 27] = [
    "above",
    "below",
    "over",
    "under",
    "exceed",
    "exceeds",
    "exceeded",
    "exceeding",
    "more than",
    "less than",
    "fewer than",
    "greater than",
    "higher than",
    "lower than",
    "at least",
    "at most",
    "plus de",
    "moins de",
    "au dessus de",
    "en dessous de",
    "au moins",
    "au plus",
    "superieur a",
    "superieure a",
    "inferieur a",
    "inferieure a",
    "depasse",
];

/// Units as a person asks for them, and as records print them.
const UNITS: [(&str, &[&str]); 22] = [
    ("pounds|pound|lbs|lb|livres", &["lb", "lbs", "[lb_av]"]),
    ("kg|kilos|kilo|kilograms|kilogrammes", &["kg"]),
    ("stone|stones", &["st", "[stone_av]"]),
    ("grams|grammes", &["g"]),
    ("mmol l", &["mmol/L", "mmol/l"]),
    ("umol l|micromol l", &["umol/L", "umol/l", "µmol/L", "μmol/L", "µmol/l", "μmol/l"]),
    ("nmol l", &["nmol/L", "nmol/l"]),
    ("pmol l", &["pmol/L", "pmol/l"]),
    ("mg dl", &["mg/dL", "mg/dl"]),
    ("mg l", &["mg/L", "mg/l"]),
    ("g dl", &["g/dL", "g/dl"]),
    ("g l", &["g/L", "g/l"]),
    ("ng ml", &["ng/mL", "ng/ml"]),
    ("mmol mol", &["mmol/mol"]),
    ("percent|pourcent|pour cent", &["%"]),
    ("miles", &["mi", "[mi_i]", "[mi_us]"]),
    ("km|kilometers|kilometres", &["km"]),
    ("inches|pouces", &["in", "[in_i]", "[in_us]"]),
    ("cm|centimeters|centimetres", &["cm"]),
    ("celsius|degrees celsius|degres celsius", &["Cel", "°C", "degC"]),
    ("fahrenheit|degrees fahrenheit|degres fahrenheit", &["[degF]", "°F", "degF"]),
    ("kj|kilojoules", &["kJ"]),
];

/// One thing that is asked for: its place in the question, and for a unit how records print it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) at: usize,
    pub(super) len: usize,
    unit: Option<&'static [&'static str]>,
}

silent_debug!(Asked);

/// How many words of a phrase stand at a place; 0 where it does not.
fn stands(words: &[&str], at: usize, phrase: &str) -> usize {
    let n = phrase.split(' ').count();
    if phrase.split(' ').enumerate().all(|(k, p)| words.get(at + k) == Some(&p)) { n } else { 0 }
}

/// What nothing here works out, among the words of a question; `dated` are those that a date was read from, `named`
/// the places where the tables know something.
pub(super) fn find(words: &[&str], dated: &[usize], named: &[usize]) -> Vec<Asked> {
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let before = |at: usize| at.checked_sub(1).map_or("", word);
    let number = |at: usize| {
        let w = word(at);
        !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit()) && !dated.contains(&at)
    };
    let mut out: Vec<Asked> = Vec::new();
    for at in 0..words.len() {
        if out.last().is_some_and(|a| at < a.at + a.len) {
            continue;
        }
        let phrase = PHRASES.iter().map(|p| stands(words, at, p)).max().unwrap_or(0);
        // The median nerve is no statistic.
        let phrase = if (at..at + phrase).any(|i| dated.contains(&i)) { 0 } else { phrase };
        let nerve = word(at + 1).starts_with("nerve") || before(at).starts_with("nerf");
        if phrase > 0 && !nerve {
            out.push(Asked { at, len: phrase, unit: None });
            continue;
        }
        // "My last three readings"
        let last = |w: &str| matches!(w, "last" | "latest" | "recent" | "dernieres" | "derniers");
        let many = |i: usize| number(i) || period::number(word(i)).is_some_and(|n| n > 1);
        let counted = (last(word(at)) && many(at + 1)) || (many(at) && last(word(at + 1)));
        let most = many(at) && word(at + 1) == "most" && word(at + 2) == "recent";
        if most {
            out.push(Asked { at, len: 3, unit: None });
            continue;
        }
        if counted && (VALUES.contains(&format!(" {} ", word(at + 2))) || named.contains(&(at + 2))) {
            out.push(Asked { at, len: if named.contains(&(at + 2)) { 2 } else { 3 }, unit: None });
            continue;
        }
        // "Which day did I walk the most?"
        let which = ["which day", "what day", "quel jour"].iter().any(|p| stands(words, at, p) > 0);
        let most = (at + 2..at + 8).find(|i| matches!(word(*i), "most" | "least" | "fewest" | "plus" | "moins"));
        if let Some(most) = most.filter(|_| which) {
            out.push(Asked { at, len: 2, unit: None });
            out.push(Asked { at: most, len: 1, unit: None });
            continue;
        }
        // "Most steps in a day"
        let daily = ["in a day", "in one day", "en un jour", "en une journee", "dans une journee"];
        let daily = daily.iter().map(|p| stands(words, at, p)).max().unwrap_or(0);
        if daily > 0 && words.iter().any(|w| EXTREMES.contains(&format!(" {w} "))) {
            out.push(Asked { at, len: daily, unit: None });
            continue;
        }
        // "Above 140"; "over 5 years" is a time.
        let bound = BOUNDS.iter().map(|p| stands(words, at, p)).max().unwrap_or(0);
        let digits = (at + bound..).take_while(|i| number(*i)).count();
        let led = matches!(before(at), "the" | "my" | "les" | "mes");
        if bound > 0 && digits > 0 && !led && !period::is_unit(word(at + bound + digits)) {
            out.push(Asked { at, len: bound + digits, unit: None });
            continue;
        }
        if matches!(word(at), "in" | "en" | "into") {
            let named = |names: &str| names.split('|').map(|n| stands(words, at + 1, n)).max().unwrap_or(0);
            let unit = UNITS.iter().map(|(names, printed)| (named(names), *printed)).max_by_key(|(n, _)| *n);
            if let Some((n, printed)) = unit.filter(|(n, _)| *n > 0) {
                out.push(Asked { at, len: n + 1, unit: Some(printed) });
            }
        }
    }
    out
}

/// Whether what is asked for is not in these blocks: a unit that something is shown in is.
pub(super) fn lacks(asked: &Asked, blocks: &[Block]) -> bool {
    let Some(printed) = asked.unit else { return true };
    let is = |t: &str| printed.contains(&t.trim_matches(|c| matches!(c, ';' | ',' | '(' | ')' | ':')));
    !blocks.iter().flat_map(|b| &b.lines).any(|l| l.texts().any(|t| t.split_whitespace().any(is)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(question: &str) -> Vec<String> {
        let words = super::super::fold::words(question);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = |a: &Asked| words[a.at..a.at + a.len].join(" ");
        find(&words, &[], &[]).iter().map(said).collect()
    }

    #[test]
    fn what_is_asked_to_be_worked_out_is_found() {
        for (question, wanted) in [
            ("median potassium", vec!["median"]),
            ("mon poids médian et la médiane de mes pas", vec!["median", "mediane"]),
            ("What is my weight in pounds?", vec!["in pounds"]),
            ("mon poids en kilos", vec!["en kilos"]),
            ("glucose in mmol/L", vec!["in mmol l"]),
            ("HbA1c in mmol/mol", vec!["in mmol mol"]),
            ("how often was my systolic above 140/90?", vec!["above 140 90"]),
            ("jours avec plus de 3000 pas", vec!["plus de 3000"]),
            ("the day with the most steps", vec!["day with the most"]),
            ("Which day did I walk the most?", vec!["which day", "most"]),
            ("quel jour ai-je le plus marché ?", vec!["quel jour", "plus"]),
            ("standard deviation of my pulse", vec!["standard deviation"]),
        ] {
            assert_eq!(found(question), wanted, "{question}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        for question in [
            "compression of the median nerve",
            "nerf médian",
            "my LDL over 5 years",
            "my LDL over the last 2 years",
            "over 3 months",
            "depuis plus de 2 ans",
            "kidney stones in 2020",
            "numbness in feet",
            "what day was my last visit?",
        ] {
            assert_eq!(found(question), Vec::<String>::new(), "{question}");
        }
    }
}

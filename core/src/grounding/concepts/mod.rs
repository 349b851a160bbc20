//! What a person may ask about, in lay words and in codes.
//!
//! What belongs here: our own table of concepts: names, the words people use in English and
//! French (folded as [`fold`](super::fold) does), and the few codes by which records name them.
//! What must not: terminologies. Codes are facts about records; no display text of LOINC, SNOMED
//! CT, ICD-10, RxNorm or ATC is copied.
//!
//! LOINC codes are used under the LOINC licence (<https://loinc.org/license>): this material
//! contains content from LOINC, copyright Regenstrief Institute, Inc. and the LOINC Committee,
//! available at no cost; LOINC is a registered trademark of Regenstrief Institute, Inc.

mod conditions;
mod labs;
mod medications;
mod observed;
mod turned;
mod vaccines;
mod vitals;

use std::collections::BTreeMap;

pub(super) use observed::{is_observed, observes};

use super::fold;
use crate::lang::Lang;
use crate::record::{Coding, Kind};

/// What sort of thing a concept is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    /// A value over time: laboratory, vital sign, score or wearable type.
    Measure,
    /// An ingredient or a class of them.
    Medication,
    /// A condition.
    Condition,
    /// A vaccine.
    Immunization,
}

/// How wearable samples of a measure are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Mean, least, greatest.
    Level,
    /// Sum: steps, energy, distance.
    Total,
    /// Hours asleep per night.
    Sleep,
}

/// One thing that can be asked about. The strings are lists: `|` between phrases and patterns,
/// blanks between codes.
#[derive(Debug)]
pub(super) struct Concept {
    /// Stable key, in [`Composed::missing`](super::Composed::missing).
    pub(super) key: &'static str,
    pub(super) area: Area,
    pub(super) style: Style,
    /// Its name in an English sentence.
    pub(super) en: &'static str,
    /// Its name in a French sentence.
    pub(super) fr: &'static str,
    /// What people call it, both languages, folded.
    pub(super) says: &'static str,
    /// LOINC codes (measures), SNOMED CT codes (conditions), CVX codes (vaccines), RxNorm codes
    /// (medications).
    pub(super) codes: &'static str,
    /// HealthKit types (measures), ICD-10 beginnings (conditions), ATC beginnings (medications and
    /// vaccines).
    pub(super) more: &'static str,
    /// Patterns by which a record's own words are recognised; see [`fold::matches`].
    pub(super) stems: &'static str,
}

impl Concept {
    const fn new(area: Area, key: &'static str, en: &'static str, fr: &'static str, says: &'static str) -> Self {
        Self { key, area, style: Style::Level, en, fr, says, codes: "", more: "", stems: "" }
    }

    const fn coded(mut self, codes: &'static str, more: &'static str, stems: &'static str) -> Self {
        self.codes = codes;
        self.more = more;
        self.stems = stems;
        self
    }

    /// With names of HealthKit.
    const fn also(mut self, more: &'static str) -> Self {
        self.more = more;
        self
    }

    const fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    pub(super) const fn name(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Fr => self.fr,
        }
    }

    /// The kinds of fact that can be it.
    pub(super) const fn kinds(&self) -> &'static [Kind] {
        match self.area {
            Area::Measure => &[Kind::Observation, Kind::Series],
            Area::Medication => &[Kind::Medication],
            Area::Condition => &[Kind::Condition],
            Area::Immunization => &[Kind::Immunization],
        }
    }

    /// Whether one of its codes is among these.
    pub(super) fn has_code(&self, coding: &Coding) -> bool {
        let code = coding.code.as_str();
        if code.is_empty() {
            return false;
        }
        let exact = |list: &str| list.split(' ').any(|c| c == code);
        let system = coding.system.as_str();
        match self.area {
            Area::Measure => (is(system, LOINC, LOINC_OID) && exact(self.codes)) || exact(self.more),
            Area::Condition if system.contains("icd-10") || ICD10_OIDS.iter().any(|o| system.ends_with(o)) => {
                begins(self.more, code)
            }
            Area::Condition => is(system, "http://snomed.info/sct", SNOMED_OID) && exact(self.codes),
            Area::Medication | Area::Immunization if is(system, ATC, ATC_OID) && begins(self.more, code) => true,
            Area::Medication => is(system, RXNORM, RXNORM_OID) && exact(self.codes),
            Area::Immunization => is(system, "http://hl7.org/fhir/sid/cvx", CVX_OID) && exact(self.codes),
        }
    }

    /// Whether a record's own words are those of this concept; of a condition, only where no word
    /// beside its name turns it.
    pub(super) fn has_words(&self, words: &[String]) -> bool {
        let turned = |p: &str| self.area == Area::Condition && turned::turns(words, fold::place(p, words));
        let another = self.area == Area::Measure && words.iter().any(|w| OTHER.contains(&format!(" {w} ")));
        !another && self.stems.split('|').any(|p| fold::matches(p, words) && !turned(p)) || self.has_member(words)
    }

    /// Whether words name an ingredient, or a brand of it, all of whose codes lie in this class.
    fn has_member(&self, words: &[String]) -> bool {
        let of_class = |i: &Concept| i.more.split(' ').all(|atc| begins(self.more, atc));
        let member =
            |i: &&Concept| !i.codes.is_empty() && of_class(i) && i.stems.split('|').any(|p| fold::matches(p, words));
        self.area == Area::Medication && self.codes.is_empty() && medications::INGREDIENTS.iter().any(|i| member(&i))
    }

    /// Whether words name it, whatever else they say of it.
    pub(super) fn is_named(&self, words: &[String]) -> bool {
        self.stems.split('|').any(|p| {
            let p: Vec<&str> = p.split(' ').filter(|w| !w.starts_with('!')).collect();
            fold::matches(&p.join(" "), words)
        })
    }

    /// Whether a fact that this concept's codes name says in its words that it is something else.
    pub(super) fn is_turned(&self, text: &str) -> bool {
        let words = fold::words(text);
        let name = self.stems.split('|').find_map(|p| fold::place(p, &words));
        self.area == Area::Condition && turned::turns(&words, name)
    }

    /// The (system, code) pairs to ask a catalog for; an empty system is any.
    pub(super) fn query_codes(&self) -> impl Iterator<Item = (String, String)> {
        let own = self.codes.split(' ').filter(|c| !c.is_empty());
        let apple = self.more.split(' ').filter(|c| !c.is_empty());
        own.map(|c| (LOINC.to_owned(), c.to_owned())).chain(apple.map(|c| (String::new(), c.to_owned())))
    }
}

/// Words beside the name of what is measured that make it something else: what binds to it, where it was taken, what
/// it should be.
const OTHER: &str = " ab abs antibody antibodies anticorps receptor recepteur csf cerebral cerebrospinal spinal lcr \
cephalorachidien fluid saliva sputum stool selles venous target goal cible objectif hypersegmented fetal foetal fetus foetus ideal room ambient ";

pub(super) const LOINC: &str = "http://loinc.org";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
const ATC: &str = "http://www.whocc.no/atc";
// The same systems by OID, as CDA names them.
pub(super) const LOINC_OID: &str = "2.16.840.1.113883.6.1";
const RXNORM_OID: &str = "2.16.840.1.113883.6.88";
const ATC_OID: &str = "2.16.840.1.113883.6.73";
const SNOMED_OID: &str = "2.16.840.1.113883.6.96";
/// The modification of the USA, that of the WHO, that of Austria.
const ICD10_OIDS: [&str; 3] = ["2.16.840.1.113883.6.90", "2.16.840.1.113883.6.3", "1.2.40.0.34.5.171"];
const CVX_OID: &str = "2.16.840.1.113883.12.292";

/// The system by its FHIR URI or its OID, or left out by the source.
fn is(system: &str, uri: &str, oid: &str) -> bool {
    system.is_empty() || system == uri || system.strip_prefix("urn:oid:").unwrap_or(system) == oid
}

fn begins(list: &str, code: &str) -> bool {
    list.split(' ').any(|p| !p.is_empty() && code.starts_with(p))
}

/// Every concept, in a fixed order; the more specific one of a list stands first.
pub(super) fn all() -> impl Iterator<Item = &'static Concept> {
    [
        labs::LABS,
        vitals::VITALS,
        medications::INGREDIENTS,
        medications::CLASSES,
        conditions::CONDITIONS,
        vaccines::VACCINES,
    ]
    .into_iter()
    .flatten()
}

/// Measures by each of their codes.
pub(super) fn measures_by_code() -> BTreeMap<&'static str, &'static Concept> {
    let measures = all().filter(|c| c.area == Area::Measure);
    // A list that is empty has no code: not one that is empty.
    let codes = |c: &'static Concept| c.codes.split(' ').chain(c.more.split(' ')).filter(|k| !k.is_empty());
    measures.flat_map(|c| codes(c).map(move |k| (k, c))).collect()
}

/// The concept of this key.
pub(super) fn by_key(key: &str) -> Option<&'static Concept> {
    all().find(|c| c.key == key)
}

/// Words that mean several concepts at once: (phrases, keys).
pub(super) const GROUPS: &[(&str, &str)] = &[
    ("blood pressure|bp|tension|tension arterielle|pression arterielle|ta|pression sanguine", "systolic diastolic"),
    (
        "test thyroidien|tests thyroidiens|thyroid|thyroid test|thyroid function|thyroid panel|bilan thyroidien|thyroide|fonction thyroidienne|hormone thyroidienne",
        "tsh ft4 ft3",
    ),
    (
        "lipid|lipid panel|lipid profile|cholesterol|cholesterol panel|bilan lipidique|profil lipidique|lipide",
        "total-cholesterol ldl hdl triglycerides",
    ),
    (
        "test renal|tests renaux|kidney|kidney function|renal function|kidney test|fonction renale|rein|bilan renal",
        "creatinine egfr urea",
    ),
    (
        "test hepatique|liver|liver function|liver test|liver enzyme|lft|foie|bilan hepatique|fonction hepatique|enzyme hepatique|transaminase",
        "alt ast ggt alp bilirubin",
    ),
    (
        "blood count|full blood count|complete blood count|cbc|fbc|nfs|numeration|numeration formule sanguine|hemogramme",
        "hemoglobin hematocrit wbc rbc platelets mcv",
    ),
    ("electrolyte|ionogramme|iono", "sodium potassium chloride bicarbonate"),
    ("vitamin|vitamine", "vitamin-d b12 folate"),
    ("iron panel|iron status|iron level|bilan martial", "ferritin iron transferrin-saturation"),
    ("blood sugar|sugar|sugar level|glycemie|sucre|sucre dans le sang|taux de sucre|diabetes control", "glucose hba1c"),
    // What measures a mood or a habit, where a score of it is asked for.
    (
        "depression score|depression screening|depression test|depression questionnaire|score de depression|depistage de la depression|test de depression|questionnaire de depression",
        "phq9 phq2",
    ),
    (
        "total calorie|total energy|calorie totale|energie totale|depense totale|depense energetique totale|energie totale depensee",
        "active-energy basal-energy",
    ),
    ("blood oxygen|oxygen|oxygene sanguin|oxygene|oxygene dans le sang", "spo2"),
    ("t4|thyroxine libre", "ft4"),
    ("t3|triiodothyronine", "ft3"),
    // Diseases that a vaccine is called by as well: both are looked for.
    ("flu|influenza|grippe", "influenza flu-vaccine"),
    ("measle|rougeole", "measles mmr-vaccine"),
    ("mumps|oreillon", "mumps mmr-vaccine"),
    ("rubella|rubeole", "rubella mmr-vaccine"),
    ("tetanus|tetano|tetanos", "tetanus tetanus-vaccine"),
    ("pertussis|whooping cough|coqueluche", "pertussis pertussis-vaccine"),
    ("diphtheria|diphterie", "diphtheria diphtheria-vaccine"),
    ("hepatitis b|hep b|hepatite b", "hepatitis-b hepatitis-b-vaccine"),
    ("hepatitis a|hep a|hepatite a", "hepatitis-a hepatitis-a-vaccine"),
    ("shingle|zoster|zona", "shingles shingles-vaccine"),
    ("varicella|chickenpox|varicelle", "chickenpox varicella-vaccine"),
    ("hpv|papillomavirus", "hpv hpv-vaccine"),
    ("polio|poliomyelitis|poliomyelite", "polio polio-vaccine"),
    ("meningitis|meningite", "meningitis meningococcal-vaccine"),
];

/// What a word for several may mean besides, where it is on record: T4 is the free one, mostly.
pub(super) const BESIDES: &[(&str, &str)] = &[("ft4", "total-t4"), ("ft3", "total-t3")];

/// Words by which other records speak of a concept that they are not: a visit before a birth.
const SPEAKING: &[(&str, &str)] = &[(
    "pregnancy",
    "prenatal*|antenatal*|obstetric*|obstetriq*|gravid*|gestation*|postpartum|post partum|maternity|maternite|childbirth|accouchement",
)];

/// Patterns of the words by which other records speak of a concept.
pub(super) fn speaking(c: &Concept) -> impl Iterator<Item = &'static str> + use<> {
    let patterns = SPEAKING.iter().find(|(key, _)| *key == c.key).map_or("", |(_, patterns)| *patterns);
    patterns.split('|').filter(|p| !p.is_empty())
}

/// Conditions that are told where another is asked for: nobody should take them for it, nor miss them.
const AKIN: &[(&str, &str)] = &[("diabetes", "prediabetes gestational-diabetes"), ("headache", "migraine")];

/// What is akin to a condition, and not it.
pub(super) fn akin(c: &Concept) -> impl Iterator<Item = &'static Concept> + use<> {
    let keys = AKIN.iter().find(|(key, _)| *key == c.key).map_or("", |(_, keys)| *keys);
    keys.split(' ').filter_map(by_key)
}

/// Whether words name a condition, and others beside the name turn it.
pub(super) fn is_turned(words: &[String]) -> bool {
    let turns = |c: &Concept| {
        let name = c.stems.split('|').find_map(|p| fold::place(p, words));
        name.is_some() && turned::turns(words, name)
    };
    all().filter(|c| c.area == Area::Condition).any(turns)
}

/// Diseases that several vaccines are against, or one of another name: none of these is the disease.
const AGAINST: &[(&str, &str)] =
    &[("hepatitis", "hepatitis-a-vaccine hepatitis-b-vaccine"), ("pneumonia", "pneumococcal-vaccine")];

/// The vaccines against a disease.
pub(super) fn vaccines(disease: &Concept) -> Vec<&'static Concept> {
    let keys = AGAINST.iter().find(|(key, _)| *key == disease.key).map_or("", |(_, keys)| *keys);
    let of: Vec<&'static Concept> = keys.split(' ').filter_map(by_key).collect();
    if of.is_empty() { vaccine(disease).into_iter().collect() } else { of }
}

/// The vaccine that a disease's name stands for as well.
pub(super) fn vaccine(disease: &Concept) -> Option<&'static Concept> {
    if disease.area != Area::Condition {
        return None;
    }
    let is = |c: &&Concept| c.area == Area::Immunization;
    let group = GROUPS.iter().find(|(_, keys)| keys.split(' ').any(|k| k == disease.key));
    let of_group = group.and_then(|(_, keys)| keys.split(' ').filter_map(by_key).find(is));
    let named = fold::words(disease.en);
    of_group.or_else(|| all().filter(is).find(|v| v.has_words(&named)))
}

/// Recognises a record's codes and words. Codes decide; words only where no code is known.
/// A condition whose name other words turn is none.
pub(super) fn of_fact(kind: Kind, codes: &[Coding], text: &str) -> Option<&'static Concept> {
    let fits = |c: &&Concept| c.kinds().contains(&kind);
    if let Some(c) = all().filter(fits).find(|c| codes.iter().any(|k| c.has_code(k))) {
        return Some(c).filter(|c| !c.is_turned(text));
    }
    let of = |words: &[String]| all().filter(fits).find(|c| c.has_words(words));
    of(&fold::words(text)).or_else(|| of(&all_words(text, codes)))
}

/// Whether a text is empty, or nothing but one of the codes it stands beside.
pub(super) fn is_bare(text: &str, codes: &[Coding]) -> bool {
    let text = text.trim();
    text.is_empty() || codes.iter().any(|c| c.code == text)
}

/// The words of a text together with what its codes are called: what turns a name in one of them
/// turns it in both.
pub(super) fn all_words(text: &str, codes: &[Coding]) -> Vec<String> {
    let own = if is_bare(text, codes) { "" } else { text };
    let mut words = fold::words(own);
    words.extend(codes.iter().flat_map(|c| fold::words(&c.display)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let keys: Vec<_> = all().map(|c| c.key).collect();
        assert!(keys.len() >= 120, "{}", keys.len());
        for (i, k) in keys.iter().enumerate() {
            assert!(!keys[i + 1..].contains(k), "{k} twice");
        }
        for c in all() {
            assert!(!c.en.is_empty() && !c.fr.is_empty() && !c.says.is_empty(), "{}", c.key);
            for p in c.says.split('|') {
                assert_eq!(fold::words(p).join(" "), p, "{} is not folded", c.key);
            }
            for p in c.stems.split('|').chain([c.says]) {
                assert!(p.is_ascii(), "{}", c.key);
            }
        }
        for (says, keys) in GROUPS {
            assert!(keys.split(' ').all(|k| by_key(k).is_some()), "{keys}");
            assert!(says.split('|').all(|p| fold::words(p).join(" ") == p), "{says}");
        }
    }

    #[test]
    fn a_code_names_one_measure() {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for c in all().filter(|c| c.area == Area::Measure) {
            for code in c.codes.split(' ').chain(c.more.split(' ')).filter(|c| !c.is_empty()) {
                assert!(!seen.iter().any(|(k, x)| *x == code && *k != c.key), "{code}");
                assert!(code.starts_with("HK") || loinc_check_digit(code), "{code}");
                seen.push((c.key, code));
            }
        }
    }

    /// LOINC Users' Guide, appendix B: the check digit is the mod 10 (Luhn) one.
    fn loinc_check_digit(code: &str) -> bool {
        let Some((body, check)) = code.split_once('-') else { return false };
        let sum: u32 = body
            .bytes()
            .rev()
            .enumerate()
            .map(|(i, b)| {
                let d = u32::from(b - b'0') * if i % 2 == 0 { 2 } else { 1 };
                d / 10 + d % 10
            })
            .sum();
        check == ((10 - sum % 10) % 10).to_string()
    }

    #[test]
    fn phrases_do_not_collide() {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for (key, says) in all().map(|c| (c.key, c.says)).chain(GROUPS.iter().map(|(s, k)| (*k, *s))) {
            for p in says.split('|') {
                assert!(!seen.iter().any(|(_, x)| *x == p), "{p} in {key}");
                seen.push((key, p));
            }
        }
    }

    #[test]
    fn words_of_records_are_recognised() {
        for (kind, text, key) in [
            (Kind::Observation, "Cholestérol LDL (calculé)", "ldl"),
            (Kind::Observation, "Hémoglobine glyquée (HbA1c)", "hba1c"),
            (Kind::Observation, "Hémoglobine", "hemoglobin"),
            (Kind::Observation, "Créatininémie", "creatinine"),
            (Kind::Medication, "Atorvastatine 20 mg, comprimé", "atorvastatin"),
            (Kind::Medication, "pitavastatin 2 MG", "statin"),
            (Kind::Medication, "lisinopril 10 MG Oral Tablet", "lisinopril"),
            (Kind::Condition, "Hypertension artérielle essentielle", "hypertension"),
            (Kind::Condition, "Diabète de type 2", "diabetes"),
            (Kind::Immunization, "Influenza, seasonal, injectable", "flu-vaccine"),
        ] {
            assert_eq!(of_fact(kind, &[], text).map(|c| c.key), Some(key), "{text}");
        }
        assert!(of_fact(Kind::Medication, &[], "Nystatin 100000 UNT/ML").is_none());
        assert!(
            of_fact(Kind::Observation, &[], "Creatinine [Mass/volume] in Urine").is_none_or(|c| c.key != "creatinine")
        );
    }
}

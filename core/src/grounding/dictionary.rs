//! Common words of medicine in English and French: what a question calls a thing, and what else a
//! record may call it.
//!
//! Each group is one thing; its phrases are patterns as those of the concepts are (see
//! [`fold::matches`](super::fold::matches)), folded, and stand for each other in both directions. What
//! the concepts know needs no group here. A closed list: where a word is in none, it is looked for as
//! it is.

use super::concepts::{Area, Concept};
use super::fold;
use crate::record::Kind;

const GROUPS: &[&str] = &[
    // Parts of the body.
    "head|tete|cranial|cranien*",
    "brain|cerebral*|cerveau|encephal*",
    "eye|oeil|yeux|ocular|oculaire|ophthalm*|ophtalm*",
    "ear|oreille",
    "nose|nez|nasal*",
    "mouth|bouche|buccal*",
    "tooth|teeth|dent|dental|dentaire",
    "tongue|langue",
    "throat|gorge|pharyn*",
    "neck|cou|cervical*",
    "shoulder|epaule",
    "arm|bras",
    "elbow|coude",
    "wrist|poignet",
    "finger|doigt",
    "thumb|pouce",
    "chest|thorax|thoracic|thoracique|poitrine",
    "lung|poumon|pulmonary|pulmonaire",
    "breast|sein|mammary|mammaire",
    "cardiac|cardiaque|heart|coeur",
    "cardiac arrest|arret cardiaque",
    "back|dos|spine|spinal*|colonne vertebrale|rachis|vertebra*",
    "rib|cote|costal*",
    "abdomen|abdominal*|belly|ventre",
    "stomach|estomac|gastric|gastrique",
    "bowel|intestin*|gut",
    "colon|colic|colique",
    "gallbladder|vesicule biliaire|cholecyst*",
    "pancrea*|pancreat*",
    "spleen|splenic|splenique",
    "bladder|vessie|vesical*",
    "womb|uterus|uterin*|hyster*",
    "ovary|ovaries|ovaire|ovarian|ovarien*",
    "skin|peau|cutaneous|cutane*|derma*",
    "bone|os|osseu*",
    "joint|articul*",
    "muscle|muscular|musculaire",
    "hip|hanche",
    "thigh|cuisse|femoral*|femur",
    "knee|genou*",
    "leg|jambe",
    "ankle|cheville",
    "foot|feet|pied",
    "toe|orteil",
    "heel|talon",
    "nerve|nerf|neuro*",
    "vein|veine|venous|veineu*",
    "artery|arteries|artere|arterial|arteriel*",
    "lymph node|ganglion*",
    "hair|cheveu*",
    "nail|ongle",
    // Complaints and findings.
    "pain|ache|douleur",
    "cough|toux",
    "cold|rhume",
    "nausea|nausee",
    "vomiting|vomit|vomissement",
    "dizziness|dizzy|vertige*|vertigo",
    "fainting|faint|syncope|evanouissement",
    "tired|tiredness|fatigue|asthenia|asthenie",
    "itch|itching|prurit*|demangeaison",
    "rash|eruption|exanthem*",
    "hives|urticaria|urticaire",
    "swelling|oedeme|edema|oedema|gonflement|enflure",
    "swallowing|dysphagi*|avaler",
    "bleeding|saignement|hemorrh*|haemorrh*",
    "bruise|ecchymos*|contusion",
    "wound|plaie|laceration|blessure",
    "burn|brulure",
    "injury|traumatism*|lesion",
    "sprain|entorse",
    "hernia|hernie",
    "stone|calcul*|lithias*",
    "lump|nodule|grosseur",
    "cyst|kyste",
    "ulcer|ulcere",
    "constipation|constipe*",
    "shortness of breath|dyspn*|essouffl*",
    "hearing|audition|surdite|deafness|acouphene|tinnitus",
    "vision|sight|visual|visuel*",
    "glasses|lunette",
    "cataract|cataracte",
    "glaucoma|glaucome",
    "memory|memoire",
    "fall|falls|fell|falling|chute|chutes",
    "risk|risque",
    "menopaus*|climacteri*",
    "mmse|mini mental|mental state exam*|cognitive test*|test cognitif|cognitive screening|cognitive assessment",
    "hot flash*|hot flush*|menopausal flushing|bouffee chaleur",
    "morning sickness|hyperemesis|nausees matinales|vomissements gravidiques",
    "miscarriage|fausse couche|spontaneous abortion",
    "mrsa|sarm|methicillin resistant|meticillin resistant|resistant meticilline",
    "rsv|vrs|respiratory syncytial|syncytial respiratoire",
    "staph|staphyloc*",
    "strep|streptoc*",
    "wart|verrue",
    "acne|acnee",
    "lyme|borrelia|borreliose",
    "tuberculosis|tuberculose|tb|mycobacterium tuberculosis|quantiferon",
    "malaria|paludisme|plasmodium",
    "yeast|mycose|candida*|candidos*|thrush|muguet",
    "scoliosis|scoliose",
    "autism|autisme|autistic",
    "concussion|commotion",
    // Examinations.
    "x ray|xray|xr|radiograph*|radiograf*|radio",
    "mri|irm|magnetic resonance|resonance magnetique",
    "ct|scanner|computed tomography|tomodensitometr*|tdm|scan",
    "echocardiogra*|echo|echographie cardiaque|echographie coeur|cardiac ultrasound|heart ultrasound",
    "ultrasound|echo|ultrasonograph*|sonogra*|echographie|echography|echogram*",
    "ecg|ekg|electrocardiogra*",
    "eeg|electroencephalogra*",
    "spirometr*|lung function|fonction respiratoire|pulmonary function",
    "stress test|exercise stress|epreuve effort|test effort",
    "pap|cervical smear|frottis|cytology cervical",
    "swab|ecouvillon*|prelevement nasal",
    "urine test|urinalysis|ecbu|urine culture|analyse urine|bandelette",
    "urine|urinary|urinaire*",
    "ionized|ionised|ionise*",
    "birth|naissance",
    "fasting|jeun",
    "blood count|cbc|fbc|nfs|numeration|hemogram*|complete blood",
    "stool|selles|faecal|fecal|feces|faeces",
    // Interventions and devices.
    "pacemaker|stimulateur cardiaque|cardiac pacemaker",
    "defibrillator|defibrillateur",
    "stent|endoprothese",
    "prosthe*|prothese|replacement|arthroplast*|remplacement",
    "transplant*|greffe",
    "bypass|pontage",
    "catheter*|sonde",
    "dialysis|dialyse|hemodialys*|haemodialys*",
    "appendix|appendectom*|appendicectom*|appendice",
    "tonsil*|amygdal*",
    "caesarean|cesarean|cesarienne|c section",
    "circumcision|circoncision",
    "chemotherap*|chimiotherap*|chemo|chimio",
    "radiotherap*|radiation therap*|rayons",
    "physiotherap*|physical therap*|kine|kinesitherap*|reeducation",
    "counsel*|conseil*",
    "anesthes*|anaesthes*",
    "suture*|stitches|points suture",
    "cast|platre|splint|attelle",
    "crutch*|bequille",
    "wheelchair|fauteuil roulant",
    "hearing aid|appareil auditif|audioprothese",
    "oxygen therapy|oxygenotherap*|oxygen administration|oxygen gas",
    "cpap|pression positive",
    // Pregnancy and family.
    "delivery|accouch*|childbirth",
    "births total|parity|parite|live births|children|enfant*|naissances vivantes",
    "pregnan*|grossesse|enceinte|gravid*",
    "breastfeeding|breast feeding|allaite*",
    "father|pere|papa|dad|daddy|paternal|paternel*",
    "mother|mere|maman|mom|mum|mommy|maternal|maternel*",
    "brother|frere",
    "sister|soeur",
    "son|fils",
    "daughter|fille",
    "grandmother|grand mere|mamie|grandma",
    "grandfather|grand pere|papi|papy|grandpa",
    "uncle|oncle",
    "aunt|tante",
    // Ways of life.
    "alcohol*|alcool*|drinker|ethanol|binge drink*|audit c",
    "drink|drinks|drinking|drinker|bois|boire|buvez|bu|audit c|alcohol use",
    "drogue|stupefiant*|dast|drug* misus*|drug* abus*|drug* use|substance* misus*|substance* abus*|substance* use|opioid* abus*|opioid* misus*|opioid* dependen*|cocain* abus*|cannabis abus*|toxicoman*",
    "misus*|toxicoman*|addict*|dependen*|dependance|opioid* abus*|drug* abus*|substance* abus*|alcohol* abus*",
    "opioid*|opioide*|opiate*|opiace*",
    "taste|ageusi*|agueusi*|dysgeusi*|perte gout",
    "smell|odorat|anosmi*|perte odorat",
    "celiac|coeliac|coeliaque|celiaque",
    "iud|iucd|sterilet|diu|intrauterine device|intrauterine contraceptive|dispositif intra uterin",
    "cannabis|marijuana|weed|thc",
    "smok*|tabac|tabagi*|tobacco|fume*|cigarette|nicotine",
    "vaping|vape|vapot*|electronic cigarette",
    "travel*|voyage*",
    "diet|regime|alimentation|alimentaire|food|nourriture",
    "employment|employed|unemploy*|job|occupation|profession*|metier|emploi|employe|working|work situation|travaille|chomage",
    "housing|logement|homeless*|sans abri",
    "education|scolarite|etudes",
    "violence|victim*",
    "organ donor|donneur organe*|don organe*",
    "advance directive|directive anticipee*|living will",
    "insurance|assurance|mutuelle|coverage",
    "form|formulaire|questionnaire",
    "bill|invoice|facture|claim|billing",
    // What people react to.
    "peanut|cacahuete|arachide|groundnut",
    "milk|lait|dairy|laitier*",
    "egg|oeuf",
    "fish|poisson|seafood|fruit mer",
    "shellfish|crustace*|shrimp|crevette|prawn|crab|crabe|lobster|homard|seafood|fruit mer|mollus*",
    "nut|noix|tree nut",
    "hazelnut|noisette",
    "almond|amande",
    "cashew|cajou",
    "soy|soya|soja",
    "wheat|ble",
    "strawberry|strawberries|fraise",
    "apple|pomme",
    "mustard|moutarde",
    "celery|celeri",
    "cat|chat",
    "dog|chien",
    "horse|cheval",
    "dander|fur|squame*|poil*|animal|animaux",
    "mite|acarien*|house dust|poussiere",
    "bee|abeille",
    "wasp|guepe",
    "mold|mould|moisissure*",
    "grass|graminee",
    "birch|bouleau",
    "iodine|iode|iodinated|contrast media|produit contraste",
    "sulfa|sulfamide*|sulfonamide*",
];

/// Who reacts to one of these may react to all: looked for among allergies alone, for what a germ
/// resists or what is taken is one of them and not the others.
const KINDRED: &[&str] = &[
    "penicillin*|amoxicillin*|ampicillin*|augmentin*|clamoxyl*|amoxil*",
    "cephalosporin*|cefal*|cephal*|ceft*|cefu*|cefi*|cefazolin*|keflex*|rocephin*",
];

/// How much of a thing is an illness: beside it, and not somewhere in a name.
const DEGREES: [&str; 4] = ["high ", "low ", "elevated ", "exces "];

fn is_degree(pattern: &str) -> bool {
    DEGREES.iter().any(|d| pattern.starts_with(d))
}

/// Whether the words of a pattern that matches stand close to each other, the first of it first.
fn is_close(pattern: &str, words: &[String]) -> bool {
    let first = |w: &String| pattern.split(' ').next().is_some_and(|p| fold::word_matches(p, w));
    let near = |(a, b): (usize, usize)| b - a <= pattern.split(' ').count() && words.get(a).is_some_and(first);
    fold::place(pattern, words).is_some_and(near)
}

/// Words of a vaccine's name that are not of what it is against.
const SHOTS: &str = " vaccine vaccin shot jab booster contre le la les l d ";

/// Words that say nothing beside no other: where a question has more than them, they alone find
/// nothing.
const VAGUE: &str = " ratio rapport score scores unit units unite unites risk risks risque risques total totals number test tests type \
types index side left right gauche droit droite problem problems probleme problemes issue issues trouble troubles \
replacement imaging imagerie radiology radiologie scan scans radio ray rays xray mri irm ct scanner exam examen loss perte severe mild chronic acute chronique aigu aigue new \
old change check control x ";

/// Whole questions' phrases that mean something else than their words do: the phrases, and what is
/// looked for in their place. They are read before words of time and of kinds.
pub(super) const PHRASES: &[(&str, &str)] = &[
    (
        "use drugs|use any drugs|do drugs|misuse drugs|abuse drugs|street drug|recreational drug|illegal drug|illicit drug|drug use|drug abuse|drug misuse|de la drogue|des drogues",
        "drogue",
    ),
    ("morning sickness|nausee matinale", "morning sickness"),
    ("le gout|du gout|de gout|perdu gout|perte gout|mon gout", "taste"),
    (
        "oxygen therapy|put on oxygen|on oxygen|given oxygen|needed oxygen|need oxygen|oxygenotherapie|sous oxygene",
        "oxygen therapy",
    ),
    (
        "cognitive test|cognitive score|cognitive assessment|cognitive screening|memory test|mental state exam|mini mental|test cognitif|test de memoire",
        "mmse",
    ),
    ("iron deficiency|carence en fer|carence martiale", "iron deficiency"),
    (
        "due date|baby due|baby be due|baby be born|baby expected|baby arrive|naissance du bebe|bebe est prevu|bebe prevu|delivery date|date prevue d accouchement|date d accouchement|date du terme",
        "delivery",
    ),
    ("kidney transplant|renal transplant|greffe de rein|greffe du rein|greffe renale", "kidney transplant"),
    ("liver transplant|greffe de foie|greffe du foie|greffe hepatique", "liver transplant"),
    ("kidney stone|calcul renal|calculs renaux|calcul au rein", "kidney stone"),
];

/// What names a thing where its clause names nothing else: the forms of a verb, a unit, a word that has
/// other meanings.
pub(super) const WEAK: &[(&str, &str)] = &[
    (
        "mesurait|mesurais|mesurer|mesurera|mesures|mesure t|je mesure|combien mesure|combien mesurait|how big|grandi|grandir",
        "height",
    ),
    ("kilo|kg|pound|livre", "weight"),
    ("mal", "pain"),
    ("a pied|marche|marcher|marchais|marchait|km", "distance"),
    // No concept: the workouts, of the sort that the word names.
    ("ma course|mes course|la course|une course|de course|derniere course|course la plus|en courant", "workouts"),
];

/// Whether some phrase has the word.
pub(super) fn knows(word: &str) -> bool {
    GROUPS.iter().flat_map(|g| g.split('|')).any(|p| p.split(' ').any(|w| fold::word_matches(w, word)))
}

/// Whether a word names a part of the body: the groups before those of complaints.
pub(super) fn is_body(word: &str) -> bool {
    let body = GROUPS.iter().take_while(|g| !g.starts_with("pain|"));
    body.flat_map(|g| g.split('|')).any(|p| !p.contains(' ') && fold::word_matches(p, word))
}

/// What is measured and taken as well, by its key: that which makes salts, and all else.
const SALTS: &str = " sodium potassium chloride bicarbonate calcium magnesium phosphate ";
const SUBSTANCES: &str = " albumin iron b12 folate vitamin-d testosterone estradiol cortisol glucose hcg spo2 ";

fn listed(list: &str, word: &str) -> bool {
    list.contains(&format!(" {word} "))
}

/// Whether a measure is of what is taken as well.
pub(super) fn is_substance(c: &Concept) -> bool {
    listed(SALTS, c.key) || listed(SUBSTANCES, c.key)
}

/// Something that is looked for: any of these names it.
#[derive(Default)]
pub(super) struct Wanted {
    /// Of how many words of the question it is made.
    pub(super) weight: usize,
    patterns: Vec<String>,
    /// A word that no group has: it may have other endings.
    word: Option<String>,
    /// Things that name it together.
    all: Vec<Wanted>,
    /// Whether these stand close to each other.
    close: bool,
    /// What names it among allergies alone.
    kindred: Vec<String>,
    /// Whether it says nothing beside no other thing.
    pub(super) vague: bool,
    /// The concept that is looked for by its words.
    pub(super) concept: Option<&'static Concept>,
}

silent_debug!(Wanted);

impl Wanted {
    /// Whether folded words of a record name it.
    pub(super) fn is_in(&self, words: &[String], kind: Kind) -> bool {
        let words = self.speaking(words, kind);
        self.may_be(kind)
            && (self.patterns.iter().any(|p| fold::matches(p, words) && (!is_degree(p) || is_close(p, words)))
                || self.word.as_ref().is_some_and(|asked| words.iter().any(|w| fold::alike(asked, w)))
                || self.has_all(words, kind)
                || (kind == Kind::Allergy && self.kindred.iter().any(|p| fold::matches(p, words))))
    }

    /// Whether words name all of its things; where it is a vaccine, the words of a vaccination alone:
    /// what else has the disease in its name is none.
    fn has_all(&self, words: &[String], kind: Kind) -> bool {
        let vaccine = self.concept.is_some_and(|c| c.area == Area::Immunization);
        (!vaccine || kind == Kind::Immunization)
            && !self.all.is_empty()
            && self.all.iter().all(|w| w.is_in(words, kind))
            && (!self.close || self.stand_close(words, kind))
    }

    /// Whether some of the words that follow each other, one more than it has and the first of it first, name all of its
    /// things: a "High Density Lipoprotein Cholesterol" is no high cholesterol.
    fn stand_close(&self, words: &[String], kind: Kind) -> bool {
        let first = |of: &[String]| of.get(..1).zip(self.all.first()).is_some_and(|(w, first)| first.is_in(w, kind));
        let of = |at: usize| words.get(at..(at + self.all.len() + 1).min(words.len())).unwrap_or_default();
        (0..words.len()).map(of).any(|of| first(of) && self.all.iter().all(|w| w.is_in(of, kind)))
    }

    /// The words of a name that can speak of it: behind that of a medication an element is its salt.
    fn speaking<'a>(&self, words: &'a [String], kind: Kind) -> &'a [String] {
        let salt = kind == Kind::Medication && self.concept.is_some_and(|c| listed(SALTS, c.key));
        let first = || words.iter().position(|w| w.chars().all(char::is_alphabetic));
        let Some(at) = first().filter(|_| salt) else { return words };
        // "Sodium bicarbonate" is one of both.
        let two = words.get(at).is_some_and(|w| listed(SALTS, w));
        words.get(at..(at + 1 + usize::from(two)).min(words.len())).unwrap_or(words)
    }

    /// Whether a record of a kind can speak of it: some of what is measured is taken as well, and who is vaccinated
    /// against a disease has not had it.
    fn may_be(&self, kind: Kind) -> bool {
        match self.concept.map(|c| c.area) {
            Some(Area::Measure) => match kind {
                Kind::Allergy | Kind::Immunization => false,
                Kind::Medication => self.concept.is_some_and(is_substance),
                _ => true,
            },
            Some(Area::Condition) => kind != Kind::Immunization,
            _ => true,
        }
    }

    /// A concept by the words that named it, or by any other that it has; `said` alone where they
    /// name several.
    pub(super) fn of(said: &[String], concept: Option<&'static Concept>) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        if let Some(c) = concept {
            // What is short means too much.
            patterns.extend(c.says.split('|').filter(|p| p.len() >= 4).map(str::to_owned));
            patterns.extend(super::concepts::speaking(c).map(str::to_owned));
            patterns.extend(c.stems.split('|').filter(|p| p.len() >= 3).map(str::to_owned));
        }
        // "AIDS" is written as the plural of an aid.
        let said: Vec<String> = said.iter().map(|w| if w == "aids" { "hiv".to_owned() } else { w.clone() }).collect();
        let mut all = wanted(&said);
        // All of its words, the common ones too: a heart is no heart rate.
        all.iter_mut().for_each(|w| w.vague = false);
        if concept.is_some_and(|c| c.area == Area::Medication && !c.says.split('|').any(|p| fold::matches(p, &said))) {
            // "Anything for cholesterol": who names what it is for has not named it.
            all.clear();
        }
        let kindred = all.iter_mut().flat_map(|w| core::mem::take(&mut w.kindred)).collect();
        if concept.is_some_and(|c| c.area == Area::Immunization) {
            // Elsewhere it must say that it is a vaccine; Dutch and German write it in one word.
            let one = |p: &String| {
                let (first, rest) = p.split_once(' ').unwrap_or((p, ""));
                format!("{}* *vaccin {rest}", first.trim_end_matches('*'))
            };
            patterns = patterns.iter().flat_map(|p| [format!("{p} vaccin*"), format!("{p} immuni*"), one(p)]).collect();
            let shot = |w: &&String| !SHOTS.contains(&format!(" {w} "));
            all = wanted(&said.iter().filter(shot).cloned().collect::<Vec<_>>());
        }
        let close = concept.is_some_and(|c| c.area == Area::Condition) && is_degree(&said.join(" "));
        Self { weight: said.len().max(1), patterns, all, close, kindred, concept, ..Self::default() }
    }
}

/// Whether two words are one in some row: "urinaire" and "urine".
pub(super) fn one(a: &str, b: &str) -> bool {
    let has = |group: &str, word: &str| group.split('|').any(|p| fold::word_matches(p, word));
    GROUPS.iter().any(|group| has(group, a) && has(group, b))
}

/// What the words of a question look for: a phrase of a group for all that the group has, the
/// longest phrases first.
pub(super) fn wanted(words: &[String]) -> Vec<Wanted> {
    let mut free: Vec<bool> = words.iter().map(|_| true).collect();
    let mut out = Vec::new();
    for len in (1..=3).rev() {
        for at in 0..words.len() {
            let Some(first) = words.get(at).filter(|_| free.get(at) == Some(&true)) else { continue };
            let mut taken: Vec<usize> = Vec::new();
            let mut patterns: Vec<String> = Vec::new();
            for group in GROUPS {
                let said = group.split('|').filter(|p| p.split(' ').count() == len).find_map(|p| {
                    p.split(' ').any(|w| fold::word_matches(w, first)).then(|| places(p, words, &free)).flatten()
                });
                if let Some(places) = said.filter(|p| p.contains(&at)) {
                    taken.extend(places);
                    patterns.extend(group.split('|').map(str::to_owned));
                }
            }
            if !patterns.is_empty() {
                for (i, f) in free.iter_mut().enumerate() {
                    *f &= !taken.contains(&i);
                }
                let vague = taken.iter().filter_map(|i| words.get(*i)).all(|w| is_vague(w));
                out.push(Wanted { weight: len, patterns, vague, ..Wanted::default() });
            }
        }
    }
    let left = words.iter().zip(free).filter(|(_, free)| *free);
    out.extend(left.map(|(w, _)| Wanted {
        weight: 1,
        word: Some(w.clone()),
        patterns: mended(w),
        kindred: kindred(w),
        vague: is_vague(w),
        ..Wanted::default()
    }));
    out
}

fn is_vague(word: &str) -> bool {
    VAGUE.contains(&format!(" {word} "))
}

/// The others that an allergy to a thing may be to.
fn kindred(word: &str) -> Vec<String> {
    let of = KINDRED.iter().filter(|g| g.split('|').any(|p| fold::word_matches(p, word)));
    of.flat_map(|g| g.split('|').map(str::to_owned)).collect()
}

/// What a mistyped word means, where two neighbours swapped make it a word of one group.
fn mended(word: &str) -> Vec<String> {
    if word.len() < 5 || knows(word) {
        return Vec::new();
    }
    let group = |g: &&&str| g.split('|').any(|p| fold::swapped(p.trim_end_matches('*'), word));
    let mut of = GROUPS.iter().filter(group);
    match (of.next(), of.next()) {
        (Some(g), None) => g.split('|').map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Where the words of a phrase stand among those that are free.
fn places(phrase: &str, words: &[String], free: &[bool]) -> Option<Vec<usize>> {
    let place = |p: &str| words.iter().zip(free).position(|(w, free)| *free && fold::word_matches(p, w));
    phrase.split(' ').map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for group in GROUPS {
            for phrase in group.split('|') {
                let bare = phrase.replace('*', "");
                assert_eq!(fold::words(&bare).join(" "), bare, "{phrase} is not folded");
                assert!(phrase.split(' ').count() <= 3, "{phrase}");
            }
        }
        for (says, means) in PHRASES {
            assert!(says.split('|').all(|p| fold::words(p).join(" ") == p), "{says}");
            assert_eq!(fold::words(means).join(" "), *means);
        }
    }

    /// Every phrase of a group finds every other, both ways.
    #[test]
    fn a_group_is_one_thing() {
        for group in GROUPS {
            for asked in group.split('|') {
                let wanted = wanted(&fold::words(asked));
                for said in group.split('|') {
                    let said = fold::words(said);
                    assert!(wanted.iter().any(|w| w.is_in(&said, Kind::Other)), "{asked} does not find {said:?}");
                }
            }
        }
    }

    /// Words of which no record says anything, one by one, and a slip of two neighbours.
    #[test]
    fn what_is_vague_and_what_is_mended() {
        let vague = |q: &str| wanted(&fold::words(q)).iter().map(|w| w.vague).collect::<Vec<_>>();
        assert_eq!(vague("knee replacement"), [false, true]);
        assert_eq!(vague("risque"), [true]);
        assert!(is_body("chest") && is_body("poumons") && !is_body("burn") && !is_body("pain"));
        let found =
            |q: &str, said: &str| wanted(&fold::words(q)).iter().any(|w| w.is_in(&fold::words(said), Kind::Other));
        assert!(found("shuolder", "Pain in shoulder") && !found("holder", "Pain in shoulder"));
        let kin = |kind| wanted(&fold::words("ampicillin")).iter().any(|w| w.is_in(&fold::words("Penicillin V"), kind));
        assert!(kin(Kind::Allergy) && !kin(Kind::Observation) && !kin(Kind::Medication));
    }

    #[test]
    fn two_languages_meet() {
        for (asked, said) in [
            ("hanche", "Total hip replacement"),
            ("crevettes", "Shellfish free diet"),
            ("cheville", "Fracture of ankle"),
            ("chest x ray", "XR chest 1V"),
            ("chute", "Morse Fall Scale"),
            ("lait", "Cow milk IgE Ab"),
            ("appendix", "Appendectomy"),
            ("voyages", "History of Travel"),
            ("mrsa", "Methicillin resistant Staphylococcus aureus"),
            ("fall", "Risque de chute"),
            ("knee", "Radiographie du genou"),
        ] {
            let said = fold::words(said);
            assert!(wanted(&fold::words(asked)).iter().any(|w| w.is_in(&said, Kind::Other)), "{asked}");
        }
        assert!(!wanted(&fold::words("hanche")).iter().any(|w| w.is_in(&fold::words("Knee replacement"), Kind::Other)));
    }
}

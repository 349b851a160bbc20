//! What is asked for as a whole kind, and the words that say nothing of what is asked.

use crate::record::Kind;

/// What is asked for as a whole kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Medications,
    Allergies,
    Conditions,
    Immunizations,
    Procedures,
    Encounters,
    Documents,
    Imaging,
    Laboratory,
    Vitals,
    Workouts,
    Person,
    Marital,
}

impl Topic {
    /// Whether asking for it lists what there is.
    pub(super) const fn is_list(self) -> bool {
        !matches!(self, Self::Person | Self::Marital)
    }

    /// Whether it lists things of which a question may mean some: "medications for migraine".
    pub(super) const fn is_of_things(self) -> bool {
        matches!(self, Self::Medications | Self::Conditions | Self::Encounters | Self::Procedures | Self::Documents)
    }

    /// The kinds of fact it lists.
    pub(super) const fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Medications => Kind::Medication,
            Self::Allergies => Kind::Allergy,
            Self::Conditions => Kind::Condition,
            Self::Immunizations => Kind::Immunization,
            Self::Procedures => Kind::Procedure,
            Self::Encounters => Kind::Encounter,
            Self::Documents => Kind::Document,
            Self::Workouts => Kind::Workout,
            Self::Imaging | Self::Laboratory | Self::Vitals | Self::Person | Self::Marital => return None,
        })
    }
}

pub(super) const TOPICS: &[(Topic, &str)] = &[
    (
        Topic::Medications,
        "medicine|medication|med|drug|pill|prescription|prescribed|treatment|tablet|dose|dosage|taking|medicament|traitement|ordonnance|comprime|cachet|posologie|remede",
    ),
    (
        Topic::Allergies,
        "allergic reaction|reaction|drug allergies|medication allergy|medication allergies|allergie medicamenteuse|allergies medicamenteuses|drug allergy|allergy|allergies|allergic|intolerance|intolerant|allergie|allergique|react|react to|reacted to|reaction to|reagis|reagi|reagir",
    ),
    (
        Topic::Conditions,
        "condition|disease|diagnosis|diagnoses|diagnosed|problem|illness|health problem|medical history|maladie|diagnostic|diagnostique|pathologie|antecedent|probleme|probleme de sante|affection",
    ),
    (
        Topic::Immunizations,
        "vaccine|vaccination|vaccinated|immunization|immunisation|shot|jab|booster|vaccin|vaccine e|rappel|carnet de vaccination",
    ),
    (
        Topic::Procedures,
        "procedure|surgery|surgeries|operation|operated|implant|device|chirurgie|opere|intervention|acte|prothese",
    ),
    (
        Topic::Encounters,
        "in hospital|in the hospital|a l hopital|visite a l hopital|visite|visite medicale|check ups|checkups|hospital|inpatient|outpatient|outpatient visit|consultation externe|consultation ambulatoire|visite ambulatoire|hopital|er|the ed|ed visit|a e|a and e|accident and emergency|er visit|emergency|emergency visit|emergency department|casualty|hospital stay|hospital visit|hospital admission|admitted|admitted to hospital|passage aux urgence|service des urgence|check up|checkup|doctor visit|doctor s visit|doctor appointment|see a doctor|see my doctor|see the doctor|saw a doctor|saw my doctor|seen a doctor|vu un medecin|vu mon medecin|voir un medecin|consulte un medecin|visit|appointment|encounter|hospitalization|hospitalisation|hospitalized|admission|emergency room|consultation|rendez vous|hospitalise|urgence|sejour",
    ),
    (Topic::Documents, "document|letter|report|diagnostic report|note|compte rendu|lettre|courrier|rapport"),
    (
        Topic::Imaging,
        "imaging|imaging study|imaging studies|medical imaging|imagerie|imagerie medicale|radiology|radiology report|radiologie|scan|mri|mri scan|irm|ct|ct scan|cat scan|scanner|radio|x ray|xray|radiographie|radiography|echographie|ultrasound|ultrasound scan",
    ),
    (
        Topic::Laboratory,
        "laboratoire|labo|resultat d examen|exam result|resultat de laboratoire|resultat de labo|analyse de laboratoire|examen de laboratoire|test sanguin|test de sang|resultat biologique|examen de labo|examen sanguin|blood panel|lab|lab result|lab test|laboratory|blood test|blood work|bloodwork|blood result|test result|analyse|analyse de sang|prise de sang|bilan|bilan sanguin|bilan biologique|resultat d analyse|examen de sang|biologie",
    ),
    (Topic::Vitals, "vital|vital sign|constante|signe vitaux"),
    (
        Topic::Workouts,
        "workout|i cycle|cycled|i bike|biked|bike ride|rode|je pedale|pedale|training|run|running|ran|jog|jogging|footing|cycling|bike|biking|swim|swimming|swam|hike|hiking|hiked|yoga|natation|nage|randonnee|couru|courir|velo|activity|activities|entrainement|sport|seance|course a pied|activite|activite physique",
    ),
    (
        Topic::Marital,
        "marital status|married|divorced|widowed|widow|widower|suis je marie|suis je mariee|marie ou celibataire|celibataire|divorce|divorcee|veuf|veuve|situation matrimoniale|statut matrimonial|statut marital|situation familiale|etat civil",
    ),
    (
        Topic::Person,
        "how old|age|quel age|sex|sexe|date of birth|birth date|date de naissance|when was i born|was i born|suis je ne|suis je nee",
    ),
];

/// Words that say nothing about what is asked. Both languages, folded.
pub(super) const STOP: &str = " reach reached reaching atteint atteins atteindre a about above after against all also am an and any are as at average be been before being below between both but by can change changed changing check come could current currently data day days detected did do does doing done down during each ever evolution evolve evolved file first for found from get give go going had has have having health healthy help helped here high higher highest history how i if in increase increased is it its know last late latest least less level levels like list long low lower lowered lowest make many max maximum me mean means measure measured measurement medical min minimum month months more most much my need never new newest normal not now number of off ok old oldest on one only or other our out over past patient person please previous range rate right reading readings recent recently record records result results say see shall she should show showed since so some something start started starting status still stop stopped such take taken takes tell test tested tests than that the their them then there these they this time times to today too trend under until up use used using usually value values very was way we week weeks well went were what when where whether which while who why will with without would year years yes yesterday yet you your \
again hi coucou through apart per versus seulement uniquement exclusivement premier premiere premiers premieres haut haute hauts hautes got course often sometimes generally anyone anybody someone somebody nobody mention mentions mentioned tried try trying quickly quick brief briefly detail details detailed full complete completely entire whole overall concerning regarding relation related matter sure certain possible actually basically simply obviously normally souvent parfois generalement bref rapidement detaille details entier entiere complet complete concernant sur sujet spiked spiking spikes peaked plunged plummeted soared soaring jumped crept creep creeping drifted surged dipped sank sunk stabilised stabilized stabilise stabilize worsened worsen exceed exceeded afraid fallen fell falling double doubled doubling triple tripled halve halved dropped dropping drop risen rose rising climb climbed abnormal ask asking don didn doesn isn wasn aren haven hasn came except excluding besides including inclusive free negative positive negatif negatifs negatives positif positifs positives gain gained gaining lose losing lost longer longest mine removed shorter shortest better compared concerned control count counts far happen happened happens controlled exactly explain explained fine getting given hello hey improve improved interpret just kindly maybe okay really summarise summarize table thank thanks think tomorrow trending true understand anything everything nothing two three four five six seven eight nine ten twelve ago want wonder wondering worried worry worse \
au aux quelque chose took gone maximal maximale maximaux minimal minimale minimaux summary resume liste lister prenais prenait prenions heure heures avant avec avez avoir ai as ont aie apres baisse baisser baissee beaucoup bien bon bonne ca car ce cela ces cet cette changement change changer chez combien comme comment compare comparer connaitre cours dans de debut debute commence commencer commencee depuis dernier derniere derniers dernieres des deux devenu dire dis dois donc donne donner dossier dont du duree elle elles elevee eleve elevees eleves en encore enregistre entre est et etait etaient ete etes eu evolue evoluer evolution fait faire faut fois hier homme ici il ils indique j jamais je jour jours jusqu l la le les leur lors m ma mais maximum me mes mesure mesures mesuree mieux minimum mois moi moins mon montre montrer moyen moyenne n ne niveau niveaux nombre normal normale normaux nos notre nous nouveau on ou par parle pas passe pendant personne peu plus plupart pour pourquoi pouvez prend prendre prends pris prise quand quel quelle quelles quels qu que qui recent recente recents recentes resultat resultats s sa sans sante savoir se selon semaine semaines ses si son sont sous suis suivi sur t ta taux te tes test tests toujours tous tout toute toutes tres trouve tu un une va vais valeur valeurs ver vers veux voir vos votre vous y an ans annee annees aujourd hui alle allee anormal anormale anormales anormaux arrive arretes arretees arretee bas basse basses courte courtes court date faites gagne gagner longue longues mien mienne miens miennes perdu perdue perdre eue eues eus augmente augmenter diminue diminuer double doubler doublee triple tripler chuter grimpe grimper remonte remonter \
fondu stabilise stabiliser monte descendu monter descendre grimpee explose effondre peur bonjour bonsoir puis hormis sauf excepte inclus trois quatre cinq sept huit neuf dix douze comprendre contre demain exactement explique expliquer expliquez expliques inquiet inquiete merci non oui peut peux pourriez pouvez plait salut stp svp tableau vrai vraiment moment pose posee poser temps quoi deja recu recus recue recues actuel actuelle actuels actuelles actuellement reste restant passage passages \
cause causes caused causing resolved active total admitted department happend ";

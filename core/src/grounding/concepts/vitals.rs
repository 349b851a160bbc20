//! Vital signs, body measures, scores and wearable types: LOINC and HealthKit names of one thing.

use super::{Area, Concept, Style};

const fn vital(
    key: &'static str,
    en: &'static str,
    fr: &'static str,
    says: &'static str,
    codes: &'static str,
    more: &'static str,
    stems: &'static str,
) -> Concept {
    Concept::new(Area::Measure, key, en, fr, says).coded(codes, more, stems)
}

#[rustfmt::skip]
pub(super) const VITALS: &[Concept] = &[
    vital("systolic", "systolic blood pressure", "pression artérielle systolique", "systolic|systolic blood pressure|systolic pressure|systolique|pression systolique|tension systolique|pression arterielle systolique",
        "8480-6 8459-0 8460-8 8461-6", "HKQuantityTypeIdentifierBloodPressureSystolic", "systoli*"),
    vital("diastolic", "diastolic blood pressure", "pression artérielle diastolique", "diastolic|diastolic blood pressure|diastolic pressure|diastolique|pression diastolique|tension diastolique|pression arterielle diastolique",
        "8462-4 8453-3 8454-1 8455-8", "HKQuantityTypeIdentifierBloodPressureDiastolic", "diastoli*"),
    vital("resting-heart-rate", "resting heart rate", "fréquence cardiaque au repos", "resting heart rate|resting pulse|rhr|resting hr|resting heartbeat|resting bpm|heart rate at rest|hr at rest|pulse at rest|fc au repos|fc de repos|frequence cardiaque au repos|frequence cardiaque de repos|pouls au repos|rythme cardiaque au repos",
        "40443-4", "HKQuantityTypeIdentifierRestingHeartRate", "resting heart rate|cardiaque repos"),
    vital("heart-rate", "heart rate", "fréquence cardiaque", "heart rate|pulse|heartbeat|bpm|frequence cardiaque|pouls|rythme cardiaque",
        "8867-4", "HKQuantityTypeIdentifierHeartRate", "heart rate !variability !resting|frequence cardiaque !repos"),
    vital("hrv", "heart rate variability", "variabilité de la fréquence cardiaque", "hrv|heart rate variability|variabilite cardiaque|variabilite de la frequence cardiaque|vfc",
        "80404-7", "HKQuantityTypeIdentifierHeartRateVariabilitySDNN", "heart rate variability|variabilite cardiaque"),
    vital("weight", "body weight", "poids", "weight|body weight|body mass|poids|poids corporel|weigh|weighed|weighing|pese|pesait|pesais|peser|grossi|maigri", "29463-7 3141-9 3142-7", "HKQuantityTypeIdentifierBodyMass", "body weight|weight !length !birth|poids !naissance"),
    vital("height", "body height", "taille", "height|body height|how tall|taille|stature", "8302-2 3137-7", "HKQuantityTypeIdentifierHeight", "body height|height|taille !tour"),
    vital("bmi", "body mass index", "indice de masse corporelle", "bmi|body mass index|imc|indice de masse corporelle", "39156-5", "HKQuantityTypeIdentifierBodyMassIndex", "bmi !percentile|body mass index !percentile|imc"),
    vital("temperature", "body temperature", "température", "temperature|body temperature|fever|fievre", "8310-5 8331-1", "HKQuantityTypeIdentifierBodyTemperature", "body temperature|temperature"),
    vital("spo2", "oxygen saturation", "saturation en oxygène", "spo2|sao2|sp02|oxygen saturation|o2 sat|saturation|saturation en oxygene|saturation d oxygene", "2708-6 59408-5", "HKQuantityTypeIdentifierOxygenSaturation", "oxygen saturation|saturation oxygene|spo2"),
    vital("respiratory-rate", "respiratory rate", "fréquence respiratoire", "respiratory rate|breathing rate|respiration rate|frequence respiratoire|rythme respiratoire", "9279-1", "HKQuantityTypeIdentifierRespiratoryRate", "respiratory rate|frequence respiratoire"),
    vital("waist", "waist circumference", "tour de taille", "waist|waist circumference|tour de taille", "8280-0 56086-2", "HKQuantityTypeIdentifierWaistCircumference", "waist circumference|tour taille"),
    vital("body-fat", "body fat", "masse grasse", "body fat|fat percentage|masse grasse|graisse corporelle", "41982-0", "HKQuantityTypeIdentifierBodyFatPercentage", "body fat|masse grasse"),
    vital("lean-mass", "lean body mass", "masse maigre", "lean body mass|lean mass|masse maigre", "91557-9", "HKQuantityTypeIdentifierLeanBodyMass", "lean body mass|lean mass|masse maigre"),
    vital("head-circumference", "head circumference", "périmètre crânien", "head circumference|perimetre cranien", "9843-4", "", "head circumference !percentile|perimetre cranien"),
    vital("pain", "pain score", "score de douleur", "pain score|pain severity|pain level|douleur|pain|score de douleur", "72514-3 38208-5", "", "pain severity"),
    vital("phq9", "PHQ-9 score", "score PHQ-9", "phq9|phq 9|phq 9 score|score phq 9", "44261-6 89204-2", "", "phq 9"),
    vital("phq2", "PHQ-2 score", "score PHQ-2", "phq2|phq 2|phq 2 score|score phq 2", "55758-7", "", "phq 2"),
    vital("gad7", "GAD-7 score", "score GAD-7", "gad7|gad 7|anxiety score|gad 7 score|score gad 7", "70274-6", "", "gad 7"),
    vital("smoking", "tobacco smoking status", "statut tabagique", "smoking|smoker|smoke|smoking status|tobacco|tabac|tabagisme|fumeur|fumeuse|fume|tobacco smoking status|statut tabagique|tabagique", "72166-2", "", "smoking status|tabagi*"),
    vital("bone-density", "bone density", "densité osseuse", "bone density|bone mineral density|t score|dxa|dexa|densite osseuse|osteodensitometrie", "38265-5", "", "bone density|bone mineral density|t score|densite osseuse|densite minerale osseuse"),
    vital("steps", "steps", "pas", "step|step count|nombre de pas|podometre|pas par jour|pas moyen|pas quotidien|mes pas|de pas|des pas|000 pas", "41950-7 55423-8", "HKQuantityTypeIdentifierStepCount", "step count|number steps").style(Style::Total),
    vital("distance", "walking and running distance", "distance de marche et de course", "distance|walk|walked|walking distance|distance walked|distance parcourue|distance de marche|kilometre|walking and running distance|distance de marche et de course", "", "HKQuantityTypeIdentifierDistanceWalkingRunning", "walking distance").style(Style::Total),
    vital("cycling-distance", "cycling distance", "distance à vélo", "cycling distance|distance cycled|distance biked|bike distance|biking distance|distance a velo|distance en velo|distance de velo", "", "HKQuantityTypeIdentifierDistanceCycling", "cycling distance").style(Style::Total),
    vital("swimming-distance", "swimming distance", "distance de nage", "swimming distance|distance swum|swim distance|distance de nage|distance nagee|distance de natation|distance a la nage", "", "HKQuantityTypeIdentifierDistanceSwimming", "swimming distance").style(Style::Total),
    vital("active-energy", "active energy", "énergie active", "active energy|active calorie|calorie burned|calorie|energie active|calorie brulee|calorie active", "", "HKQuantityTypeIdentifierActiveEnergyBurned", "active energy").style(Style::Total),
    vital("basal-energy", "resting energy", "énergie au repos", "basal energy|resting energy|energie au repos|energie basale|metabolisme de base|metabolisme basal|resting calorie|basal calorie|calorie at rest|calorie burned at rest|calorie au repos|calorie brulee au repos|bmr|basal metabolic rate|depense au repos", "", "HKQuantityTypeIdentifierBasalEnergyBurned", "basal energy").style(Style::Total),
    vital("flights", "flights climbed", "étages montés", "flight climbed|stair|stair climbed|etage|etage monte|escalier", "", "HKQuantityTypeIdentifierFlightsClimbed", "flights climbed").style(Style::Total),
    vital("exercise", "exercise time", "temps d'exercice", "exercise time|exercise minute|exercise|temps d exercice|minute d exercice|exercice", "", "HKQuantityTypeIdentifierAppleExerciseTime", "exercise time").style(Style::Total),
    // A sample an hour, stood or idle: they are counted, and no hours are made of them.
    vital("stand-hours", "recorded stand or idle hours", "heures enregistrées debout ou inactives", "recorded stand or idle hour|heure enregistree debout ou inactive|stand hour|stand time|standing hour|standing time|heure debout|temps debout", "", "HKCategoryTypeIdentifierAppleStandHour", "stand hours"),
    vital("vo2max", "VO2max (device estimate)", "VO2max (estimation de l'appareil)", "vo2max|vo2 max|cardio fitness|vo2|capacite cardio|forme cardio|vo2max device estimate|vo2max estimation de l appareil", "", "HKQuantityTypeIdentifierVO2Max", "vo2 max"),
    vital("walking-speed", "walking speed", "vitesse de marche", "walking speed|vitesse de marche", "", "HKQuantityTypeIdentifierWalkingSpeed", "walking speed"),
    vital("walking-heart-rate", "walking heart rate average", "fréquence cardiaque à la marche", "walking heart rate|frequence cardiaque a la marche", "", "HKQuantityTypeIdentifierWalkingHeartRateAverage", "walking heart rate"),
    vital("noise", "environmental noise", "bruit ambiant", "noise|noise exposure|sound level|loud|how loud|loudness|bruyant|bruyante|niveau sonore|volume sonore|bruit|exposition au bruit|environmental noise|bruit ambiant", "", "HKQuantityTypeIdentifierEnvironmentalAudioExposure", "audio exposure"),
    vital("sleep", "sleep", "sommeil", "sleep|sleeping|slept|asleep|nap|sieste|sommeil|dormi|dor|dormir|nuit de sommeil|time in bed|in bed|hours in bed|temps au lit|au lit|rem|rem sleep|sommeil paradoxal|paradoxal|deep sleep|sommeil profond|core sleep|light sleep|sommeil leger|time awake|awake|awake at night|temps eveille|temps d eveil|eveille la nuit", "93832-4", "HKCategoryTypeIdentifierSleepAnalysis", "sleep duration").style(Style::Sleep),
    vital("water", "water intake", "eau bue", "water intake|hydration|water|hydratation|eau|eau bue", "", "HKQuantityTypeIdentifierDietaryWater", "water intake").style(Style::Total),
    vital("dietary-energy", "dietary energy", "énergie alimentaire", "dietary energy|calorie intake|calorie eaten|apport calorique|calorie ingeree|dietary energy intake|energie alimentaire", "", "HKQuantityTypeIdentifierDietaryEnergyConsumed", "dietary energy").style(Style::Total),
    vital("menstruation", "menstrual period", "règles menstruelles", "menstrual period|regle menstruelle|my period|last period|last menstrual period|menstruation|menses|menstrual cycle|menstrual flow|mes regles|derniere regle|dernieres regles|cycle menstruel", "8665-2 3144-3", "HKCategoryTypeIdentifierMenstrualFlow", "menstrual period|menstrual flow|menstruation|menses|dernieres regles"),
];

//! The words for a category, in each language: the same in a notice and in the log.

use super::Category;

/// English and French, as they stand in a list.
pub(crate) const fn category_words(c: Category) -> (&'static str, &'static str) {
    match c {
        Category::Laboratory => ("laboratory results", "résultats de laboratoire"),
        Category::VitalSigns => ("vital signs and body measurements", "signes vitaux et mesures corporelles"),
        Category::Medications => ("medications", "médicaments"),
        Category::Conditions => ("conditions and diagnoses", "problèmes de santé et diagnostics"),
        Category::Allergies => ("allergies and intolerances", "allergies et intolérances"),
        Category::Immunizations => ("vaccinations", "vaccinations"),
        Category::Procedures => ("procedures, devices and implants", "interventions, dispositifs et implants"),
        Category::Encounters => ("visits, appointments and referrals", "consultations, rendez-vous et orientations"),
        Category::Documents => ("notes, letters, reports and images", "notes, courriers, comptes rendus et images"),
        Category::Activity => ("physical activity and workouts", "activité physique et séances de sport"),
        Category::Sleep => ("sleep", "sommeil"),
        Category::Nutrition => ("nutrition", "alimentation"),
        Category::Reproductive => {
            ("menstrual cycle, pregnancy and sexual health", "cycle menstruel, grossesse et santé sexuelle")
        }
        Category::SocialHistory => {
            ("questionnaires, social history and lifestyle", "questionnaires, situation sociale et mode de vie")
        }
        Category::Demographics => ("name, birth date and sex", "nom, date de naissance et sexe"),
        Category::CarePlans => ("care plans, goals and care teams", "plans de soins, objectifs et équipes de soins"),
        Category::Financial => ("claims and insurance", "remboursements et assurance"),
        Category::Memories => ("what an assistant noted or concluded", "ce qu’un assistant a noté ou déduit"),
        Category::Other => ("all other health data", "toutes les autres données de santé"),
    }
}

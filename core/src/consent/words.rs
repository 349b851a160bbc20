//! The words of a notice, in each language: tables only.

use super::RecipientKind;
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivity, purpose_words};
use crate::lang::Lang;
pub(super) use crate::record::category_words as category;

type Pair = (&'static str, &'static str);

pub(super) const fn pick(lang: Lang, (en, fr): Pair) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Fr => fr,
    }
}

pub(super) const fn sensitivity(s: Sensitivity) -> Pair {
    match s {
        Sensitivity::Unknown => ("of an unknown kind", "d’une nature inconnue"),
        Sensitivity::SpeciallyProtected => ("specially protected information", "informations spécialement protégées"),
        Sensitivity::BehaviouralHealth => ("behavioural health", "santé comportementale"),
        Sensitivity::Psychiatry => ("mental health", "santé mentale"),
        Sensitivity::SubstanceUse => ("substance use disorder", "trouble lié à l’usage de substances"),
        Sensitivity::SubstanceAbuse => ("substance abuse", "abus de substances"),
        Sensitivity::AlcoholUse => ("alcohol use disorder", "trouble lié à l’usage d’alcool"),
        Sensitivity::OpioidUse => ("opioid use disorder", "trouble lié à l’usage d’opioïdes"),
        Sensitivity::Hiv => ("HIV/AIDS", "VIH/sida"),
        Sensitivity::DomesticViolence => {
            ("sexual assault, abuse or domestic violence", "agression sexuelle, maltraitance ou violences conjugales")
        }
        Sensitivity::Sexuality => ("sexuality and reproductive health", "sexualité et santé reproductive"),
        Sensitivity::Genetic => ("genetic disease", "maladie génétique"),
        Sensitivity::Std => ("sexually transmitted disease", "maladie sexuellement transmissible"),
        Sensitivity::SickleCell => ("sickle cell disease", "drépanocytose"),
        Sensitivity::MentalHealth => ("mental disorders", "troubles psychiques"),
        Sensitivity::Psychotherapy => ("psychotherapy notes", "notes de psychothérapie"),
        Sensitivity::Cognitive => ("cognitive disability", "handicap cognitif"),
        Sensitivity::Developmental => ("developmental disability", "trouble du développement"),
        Sensitivity::Emotional => ("emotional disturbance", "trouble émotionnel"),
        Sensitivity::MilitaryTrauma => ("military sexual trauma", "traumatisme sexuel dans l’armée"),
        Sensitivity::Pregnancy => ("pregnancy", "grossesse"),
        Sensitivity::SickleCellAnemia => ("sickle cell anaemia", "anémie falciforme"),
        Sensitivity::Taboo => ("what a doctor should tell you first", "ce qu’un médecin doit d’abord vous dire"),
        Sensitivity::Violence => ("harm by violence", "blessures par violence"),
        Sensitivity::Identifiers => ("identity numbers", "numéros d’identité"),
    }
}

pub(super) const fn confidentiality(c: Confidentiality) -> Pair {
    match c {
        Confidentiality::Unrestricted => ("unrestricted", "non restreint"),
        Confidentiality::Low => ("low", "faible"),
        Confidentiality::Moderate => ("moderate", "modéré"),
        Confidentiality::Normal => ("normal", "normal"),
        Confidentiality::Restricted => ("restricted", "restreint"),
        Confidentiality::VeryRestricted => ("very restricted", "très restreint"),
    }
}

pub(super) const fn recipient(kind: RecipientKind) -> Pair {
    match kind {
        RecipientKind::Model => ("the AI model", "au modèle d’IA"),
        RecipientKind::App => ("the app", "à l’application"),
        RecipientKind::Person => ("the person", "à la personne"),
        RecipientKind::Organization => ("the organisation", "à l’organisation"),
        RecipientKind::Reference | RecipientKind::Role => ("the one named", "à la personne ou au système nommé"),
    }
}

/// What follows "the recipient must not"; `None` for what only concerns the library itself or is
/// said elsewhere.
pub(super) fn refrains(o: Obligations) -> Option<Pair> {
    Some(match o {
        Obligations::NO_TRAINING => (
            "train, fine-tune or distil an AI model with this data",
            "entraîner, affiner ou distiller un modèle d’IA avec ces données",
        ),
        Obligations::NO_REDISCLOSURE => (
            "pass this data on without a new consent of yours",
            "transmettre ces données sans un nouveau consentement de votre part",
        ),
        Obligations::NO_REUSE => ("use this data for any other purpose", "utiliser ces données à d’autres fins"),
        Obligations::NO_INTEGRATION => {
            ("merge this data into another record", "fusionner ces données avec un autre dossier")
        }
        Obligations::NO_PERSISTENCE => ("store this data permanently", "conserver durablement ces données"),
        Obligations::NO_DISCLOSURE => {
            ("disclose this data without your consent", "divulguer ces données sans votre consentement")
        }
        Obligations::NO_RELINKING => ("link this data to you again", "rattacher de nouveau ces données à vous"),
        Obligations::NO_COLLECTION => ("gather this data", "recueillir ces données"),
        _ => return None,
    })
}

/// What follows "the recipient must".
pub(super) fn duties(o: Obligations) -> Option<Pair> {
    Some(match o {
        Obligations::PERSIST_LABEL => {
            ("keep the protection label with the data", "conserver l’étiquette de protection avec les données")
        }
        Obligations::COMPLY_CONSENT => ("comply with this consent", "respecter ce consentement"),
        Obligations::DEIDENTIFY => (
            "receive this data only without what identifies you",
            "ne recevoir ces données que sans ce qui vous identifie",
        ),
        Obligations::REDACT => {
            ("receive this data only with parts left out", "ne recevoir ces données qu’en partie occultées")
        }
        Obligations::PSEUDONYMIZE => {
            ("receive this data only under a pseudonym", "ne recevoir ces données que sous un pseudonyme")
        }
        Obligations::MASK => {
            ("receive this data only with parts made unreadable", "ne recevoir ces données qu’en partie masquées")
        }
        Obligations::DELETE_AFTER_USE => ("delete this data after use", "effacer ces données après usage"),
        _ => return None,
    })
}

/// A purpose in words; where nobody is usually asked for it, by what it is called.
pub(super) fn why(p: Purpose, lang: Lang) -> String {
    match (purpose(p), lang, purpose_words(p)) {
        (Some(pair), ..) => pick(lang, pair).to_owned(),
        (None, Lang::En, (en, _)) => format!("for {en}"),
        (None, Lang::Fr, (_, fr)) => format!("pour «\u{a0}{fr}\u{a0}»"),
    }
}

/// The purposes that a person is usually asked for, in words.
pub(super) const fn purpose(p: Purpose) -> Option<Pair> {
    Some(match p {
        Purpose::PatientRequest => ("to answer your own requests", "pour répondre à vos propres demandes"),
        Purpose::FamilyRequest => ("to answer requests of your family", "pour répondre aux demandes de votre famille"),
        Purpose::SupportNetwork => {
            ("to answer requests of those who support you", "pour répondre aux demandes de vos proches aidants")
        }
        Purpose::PowerOfAttorney => (
            "to answer requests of the person who holds your power of attorney",
            "pour répondre aux demandes de la personne qui a procuration pour vous",
        ),
        Purpose::Treatment => ("for your medical treatment", "pour vos soins médicaux"),
        Purpose::CareCoordination => ("to coordinate your care", "pour coordonner vos soins"),
        Purpose::EmergencyTreatment => ("to treat you in an emergency", "pour vous soigner en urgence"),
        Purpose::BreakGlass => (
            "in an emergency, beyond what you allow otherwise",
            "en cas d’urgence, au-delà de ce que vous permettez par ailleurs",
        ),
        Purpose::TreatmentDecisionSupport => (
            "to support decisions about your treatment, with the help of AI",
            "pour aider, avec l’IA, aux décisions concernant vos soins",
        ),
        Purpose::ClinicalTrial => ("for a clinical trial", "pour un essai clinique"),
        Purpose::Payment => ("to pay for your care", "pour le paiement de vos soins"),
        Purpose::Coverage => ("for your health insurance", "pour votre assurance maladie"),
        Purpose::CareManagement => ("to manage your care", "pour la gestion de vos soins"),
        Purpose::QualityImprovement => ("to improve the quality of care", "pour améliorer la qualité des soins"),
        Purpose::MlTraining => ("to train an AI model", "pour entraîner un modèle d’IA"),
        Purpose::Research => ("for health research", "pour la recherche en santé"),
        Purpose::BiomedicalResearch => ("for biomedical research", "pour la recherche biomédicale"),
        Purpose::ClinicalTrialResearch => {
            ("for research in a clinical trial", "pour la recherche dans un essai clinique")
        }
        Purpose::DiseaseResearch => {
            ("for research on a particular disease", "pour la recherche sur une maladie particulière")
        }
        Purpose::PublicHealth => ("for public health", "pour la santé publique"),
        Purpose::Marketing => ("for marketing", "à des fins commerciales"),
        _ => return None,
    })
}

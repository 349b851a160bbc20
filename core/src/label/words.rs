//! The words for a purpose: a table only.

use super::Purpose;

/// A purpose as a noun phrase, in English and in French.
pub(crate) const fn purpose_words(purpose: Purpose) -> (&'static str, &'static str) {
    use Purpose as P;
    match purpose {
        P::Treatment => ("treatment", "soins"),
        P::ClinicalTrial => ("a clinical trial", "essai clinique"),
        P::CareCoordination => ("coordination of care", "coordination des soins"),
        P::EmergencyTreatment => ("emergency treatment", "soins d’urgence"),
        P::BreakGlass => ("emergency access", "accès d’urgence"),
        P::EmergencyRoom => ("emergency room treatment", "soins aux urgences"),
        P::PopulationHealth => ("population health", "santé des populations"),
        P::TreatmentDecisionSupport => ("treatment decisions with AI", "aide à la décision de soins par IA"),
        P::Payment => ("payment for care", "paiement des soins"),
        P::ClaimAttachment => ("a claim attachment", "pièce jointe à une demande de remboursement"),
        P::CoverageAuthorization => ("authorization of coverage", "accord de prise en charge"),
        P::Coverage => ("insurance coverage", "couverture d’assurance"),
        P::RemittanceAdvice => ("advice of payment", "avis de paiement"),
        P::PaymentDecisionSupport => ("payment decisions with AI", "aide à la décision de paiement par IA"),
        P::Operations => ("health care operations", "gestion des soins de santé"),
        P::CareManagement => ("care management", "gestion de la prise en charge"),
        P::RecordManagement => ("record management", "gestion des dossiers"),
        P::QualityImprovement => ("quality improvement", "amélioration de la qualité"),
        P::PatientAdministration => ("patient administration", "administration des patients"),
        P::SystemDevelopment => ("system development", "développement de systèmes"),
        P::TestData => ("test data", "données de test"),
        P::StaffTraining => ("training of staff", "formation du personnel"),
        P::MlTraining => ("training of AI models", "entraînement de modèles d’IA"),
        P::Legal => ("legal matters", "questions juridiques"),
        P::Fraud => ("detection of fraud", "détection de fraude"),
        P::Research => ("research", "recherche"),
        P::BiomedicalResearch => ("biomedical research", "recherche biomédicale"),
        P::ClinicalTrialResearch => ("clinical trial research", "recherche par essai clinique"),
        P::DiseaseResearch => ("research on a disease", "recherche sur une maladie"),
        P::AncestryResearch => ("research on ancestry", "recherche sur les origines"),
        P::TranslationalResearch => ("translational research", "recherche translationnelle"),
        P::PatientRequest => ("the person’s own request", "demande de la personne elle-même"),
        P::FamilyRequest => ("a request of the family", "demande de la famille"),
        P::PowerOfAttorney => ("a request by power of attorney", "demande d’un mandataire"),
        P::SupportNetwork => ("a request of the support network", "demande de l’entourage"),
        P::PublicHealth => ("public health", "santé publique"),
        P::Disaster => ("a disaster", "catastrophe"),
        P::Threat => ("a threat", "menace"),
        P::Marketing => ("marketing", "démarchage commercial"),
        P::ClinicalTrialResearchWithoutCare => {
            ("clinical trial research without care", "recherche par essai clinique sans soins")
        }
        P::ClinicalTrialResearchWithCare => {
            ("clinical trial research with care", "recherche par essai clinique avec soins")
        }
        P::PreclinicalResearch => ("preparation of a clinical trial", "préparation d’un essai clinique"),
        P::EligibilityDetermination => ("deciding on eligibility", "détermination des droits"),
        P::EligibilityVerification => ("verifying eligibility", "vérification des droits"),
        P::Enrollment => ("enrolment in a programme", "inscription à un programme"),
        P::MilitaryDischarge => ("military discharge", "libération des obligations militaires"),
        P::Donation => ("donation of organs or tissue", "don d’organes ou de tissus"),
        P::Government => ("government", "administration publique"),
        P::Accreditation => ("accreditation", "accréditation"),
        P::Compliance => ("compliance", "conformité"),
        P::Decedent => ("matters after a death", "affaires après un décès"),
        P::Directory => ("a directory", "annuaire"),
        P::DeliveryManagement => ("management of care delivery", "gestion de l’offre de soins"),
        P::OutcomeMeasure => ("measuring outcomes", "mesure des résultats"),
        P::ProgramReporting => ("programme reporting", "rapports de programme"),
        P::SystemAdministration => ("system administration", "administration des systèmes"),
        P::Labeling => ("labelling of data", "étiquetage des données"),
        P::MetadataManagement => ("management of metadata", "gestion des métadonnées"),
        P::MemberAdministration => ("administration of members", "gestion des assurés"),
        P::MilitaryCommand => ("military command", "commandement militaire"),
        P::PatientSafety => ("patient safety", "sécurité des patients"),
        P::PerformanceMeasure => ("measuring performance", "mesure des performances"),
    }
}

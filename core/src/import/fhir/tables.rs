//! Fixed tables: resource types, and the few codes that decide on a category or an absence.

use crate::record::{Category, Status};

/// The word for a resource type that FHIR R4 does not have.
pub(super) const UNKNOWN: &str = "Unknown";

/// Resource types of FHIR R4 (4.0.1), sorted, each with the category of its one plain fact; none
/// where the type says nothing about a person.
#[rustfmt::skip]
const TYPES: &[(&str, Option<Category>)] = {
    use Category as C;
    &[
        ("Account", Some(C::Financial)), ("ActivityDefinition", None), ("AdverseEvent", Some(C::Conditions)),
        ("AllergyIntolerance", Some(C::Allergies)), ("Appointment", Some(C::Encounters)),
        ("AppointmentResponse", Some(C::Encounters)), ("AuditEvent", None), ("Basic", Some(C::Other)),
        ("Binary", Some(C::Documents)), ("BiologicallyDerivedProduct", None), ("BodyStructure", Some(C::Conditions)),
        ("Bundle", None), ("CapabilityStatement", None), ("CarePlan", Some(C::CarePlans)),
        ("CareTeam", Some(C::CarePlans)), ("CatalogEntry", None), ("ChargeItem", Some(C::Financial)),
        ("ChargeItemDefinition", None), ("Claim", Some(C::Financial)), ("ClaimResponse", Some(C::Financial)),
        ("ClinicalImpression", Some(C::Conditions)), ("CodeSystem", None), ("Communication", Some(C::Documents)),
        ("CommunicationRequest", Some(C::Encounters)), ("CompartmentDefinition", None),
        ("Composition", Some(C::Documents)), ("ConceptMap", None), ("Condition", Some(C::Conditions)),
        ("Consent", Some(C::Other)), ("Contract", Some(C::Financial)), ("Coverage", Some(C::Financial)),
        ("CoverageEligibilityRequest", Some(C::Financial)), ("CoverageEligibilityResponse", Some(C::Financial)),
        ("DetectedIssue", Some(C::Conditions)), ("Device", Some(C::Procedures)), ("DeviceDefinition", None),
        ("DeviceMetric", None), ("DeviceRequest", Some(C::Procedures)), ("DeviceUseStatement", Some(C::Procedures)),
        ("DiagnosticReport", Some(C::Documents)), ("DocumentManifest", Some(C::Documents)),
        ("DocumentReference", Some(C::Documents)), ("EffectEvidenceSynthesis", None),
        ("Encounter", Some(C::Encounters)), ("Endpoint", None), ("EnrollmentRequest", Some(C::Financial)),
        ("EnrollmentResponse", Some(C::Financial)), ("EpisodeOfCare", Some(C::Encounters)), ("EventDefinition", None),
        ("Evidence", None), ("EvidenceVariable", None), ("ExampleScenario", None),
        ("ExplanationOfBenefit", Some(C::Financial)), ("FamilyMemberHistory", Some(C::Conditions)),
        ("Flag", Some(C::Other)), ("Goal", Some(C::CarePlans)), ("GraphDefinition", None), ("Group", None),
        ("GuidanceResponse", Some(C::Other)), ("HealthcareService", None), ("ImagingStudy", Some(C::Documents)),
        ("Immunization", Some(C::Immunizations)), ("ImmunizationEvaluation", Some(C::Immunizations)),
        ("ImmunizationRecommendation", Some(C::Immunizations)), ("ImplementationGuide", None), ("InsurancePlan", None),
        ("Invoice", Some(C::Financial)), ("Library", None), ("Linkage", None), ("List", Some(C::Other)),
        ("Location", None), ("Measure", None), ("MeasureReport", None), ("Media", Some(C::Documents)),
        ("Medication", Some(C::Medications)), ("MedicationAdministration", Some(C::Medications)),
        ("MedicationDispense", Some(C::Medications)), ("MedicationKnowledge", None),
        ("MedicationRequest", Some(C::Medications)), ("MedicationStatement", Some(C::Medications)),
        ("MedicinalProduct", None), ("MedicinalProductAuthorization", None), ("MedicinalProductContraindication", None),
        ("MedicinalProductIndication", None), ("MedicinalProductIngredient", None), ("MedicinalProductInteraction", None),
        ("MedicinalProductManufactured", None), ("MedicinalProductPackaged", None),
        ("MedicinalProductPharmaceutical", None), ("MedicinalProductUndesirableEffect", None), ("MessageDefinition", None),
        ("MessageHeader", None), ("MolecularSequence", Some(C::Laboratory)), ("NamingSystem", None),
        ("NutritionOrder", Some(C::Nutrition)), ("Observation", Some(C::Other)), ("ObservationDefinition", None),
        ("OperationDefinition", None), ("OperationOutcome", None), ("Organization", None),
        ("OrganizationAffiliation", None), ("Parameters", None), ("Patient", Some(C::Demographics)),
        ("PaymentNotice", Some(C::Financial)), ("PaymentReconciliation", Some(C::Financial)), ("Person", None),
        ("PlanDefinition", None), ("Practitioner", None), ("PractitionerRole", None), ("Procedure", Some(C::Procedures)),
        ("Provenance", None), ("Questionnaire", None), ("QuestionnaireResponse", Some(C::SocialHistory)),
        ("RelatedPerson", None), ("RequestGroup", Some(C::CarePlans)), ("ResearchDefinition", None),
        ("ResearchElementDefinition", None), ("ResearchStudy", None), ("ResearchSubject", Some(C::Other)),
        ("RiskAssessment", Some(C::Conditions)), ("RiskEvidenceSynthesis", None), ("Schedule", None),
        ("SearchParameter", None), ("ServiceRequest", Some(C::Encounters)), ("Slot", None),
        ("Specimen", Some(C::Laboratory)), ("SpecimenDefinition", None), ("StructureDefinition", None),
        ("StructureMap", None), ("Subscription", None), ("Substance", None), ("SubstanceNucleicAcid", None),
        ("SubstancePolymer", None), ("SubstanceProtein", None), ("SubstanceReferenceInformation", None),
        ("SubstanceSourceMaterial", None), ("SubstanceSpecification", None), ("SupplyDelivery", Some(C::Procedures)),
        ("SupplyRequest", Some(C::Procedures)), ("Task", Some(C::Encounters)), ("TerminologyCapabilities", None),
        ("TestReport", None), ("TestScript", None), ("ValueSet", None), ("VerificationResult", None),
        ("VisionPrescription", Some(C::Procedures)),
    ]
};

/// The fixed word for a resource type of FHIR R4, and the category of its plain fact.
pub(super) fn resource_type(name: &str) -> Option<(&'static str, Option<Category>)> {
    let i = TYPES.binary_search_by(|(n, _)| (*n).cmp(name)).ok()?;
    TYPES.get(i).copied()
}

/// Every resource type of FHIR R4.
pub(super) fn types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, _)| *name)
}

/// Category by a LOINC code that leaves no doubt. These go before the source's own category: what
/// a person keeps back as reproductive must not slip through as social history.
pub(super) fn loinc_first(code: &str) -> Option<Category> {
    Some(match code {
        "82810-3" | "11778-8" | "11779-6" | "11780-4" | "8665-2" | "11996-6" | "11977-6" | "11636-8" | "11637-6"
        | "11638-4" | "11639-2" | "11640-0" | "11612-9" | "11613-7" | "11614-5" | "33065-4" | "86645-9" | "2106-3"
        | "2118-8" | "21198-7" => Category::Reproductive,
        "93832-4" => Category::Sleep,
        "41950-7" | "55423-8" => Category::Activity,
        _ => return None,
    })
}

/// Category by a LOINC code, where the source states none: the vital signs of the FHIR R4 profile
/// with their parts, and the common social history questions.
pub(super) fn loinc_else(code: &str) -> Option<Category> {
    Some(match code {
        "85353-1" | "9279-1" | "8867-4" | "2708-6" | "59408-5" | "8310-5" | "8302-2" | "9843-4" | "29463-7"
        | "39156-5" | "85354-9" | "8480-6" | "8462-4" | "8478-0" | "8306-3" | "8287-5" | "8331-1" | "3141-9"
        | "59576-9" | "77606-2" | "8289-1" | "3151-8" | "3150-6" | "8280-0" => Category::VitalSigns,
        "72166-2" | "74013-4" | "11331-6" | "11367-0" | "8663-7" | "76690-7" | "76689-9" | "63586-2" | "93025-5" => {
            Category::SocialHistory
        }
        _ => return None,
    })
}

/// Category by a code of `observation-category`, or of the older and national systems beside it.
pub(super) fn observation_category(code: &str) -> Option<Category> {
    Some(match code {
        "laboratory" | "LAB" | "lab" => Category::Laboratory,
        "vital-signs" => Category::VitalSigns,
        "social-history" | "survey" | "sdoh" | "functional-status" | "disability-status" | "cognitive-status" => {
            Category::SocialHistory
        }
        "imaging" => Category::Documents,
        "procedure" | "therapy" => Category::Procedures,
        "activity" => Category::Activity,
        "exam" => Category::Other,
        _ => return None,
    })
}

/// Category of a document section (LOINC), for an absence it states.
pub(super) fn section_category(code: &str) -> Option<Category> {
    Some(match code {
        "48765-2" => Category::Allergies,
        "10160-0" => Category::Medications,
        "11450-4" | "11348-0" => Category::Conditions,
        "11369-6" => Category::Immunizations,
        "30954-2" | "26436-6" => Category::Laboratory,
        "47519-4" | "46264-8" => Category::Procedures,
        "8716-3" => Category::VitalSigns,
        "29762-2" | "47420-5" => Category::SocialHistory,
        "10162-6" => Category::Reproductive,
        "18776-5" => Category::CarePlans,
        "46240-8" => Category::Encounters,
        "48768-6" => Category::Financial,
        "42348-3" => Category::Documents,
        _ => return None,
    })
}

/// What a code states about an absence: `nilknown` or `unavailable`, the words that FHIR's
/// `list-empty-reason` has for it. SNOMED CT "no known ..." situations, and the IPS code system.
pub(super) fn absence(system: &str, code: &str) -> Option<&'static str> {
    if system.ends_with("absent-unknown-uv-ips") {
        return Some(if code.starts_with("no-known") { "nilknown" } else { "unavailable" });
    }
    let known = matches!(
        code,
        "716186003" | "409137002" | "428607008" | "716184000" | "429625007" | "160245001" | "787481004" | "787480003"
    );
    (known && !system.contains("loinc")).then_some("nilknown")
}

/// What uncoded words state about an absence. Only these openings: a longer list would sooner or
/// later take something that is there for absent.
pub(super) fn absence_in_words(text: &str) -> Option<&'static str> {
    let folded: String = text.trim().chars().take(40).flat_map(char::to_lowercase).collect();
    let opening = ["no known ", "aucune allergie connue", "pas d'allergie connue", "keine bekannten "];
    let stated = matches!(folded.as_str(), "nka" | "nkda") || opening.iter().any(|o| folded.starts_with(o));
    stated.then_some("nilknown")
}

/// Folds the status words of the FHIR resources together.
pub(super) fn status(word: &str) -> Status {
    match word {
        "active" | "in-progress" | "recurrence" | "relapse" | "current" | "arrived" | "triaged" | "onleave"
        | "accepted" | "confirmed" | "ready" | "received" | "available" => Status::Active,
        "final" | "completed" | "finished" | "done" | "fulfilled" => Status::Final,
        "amended" | "corrected" | "appended" => Status::Amended,
        "preliminary" | "registered" | "draft" | "planned" | "unconfirmed" | "provisional" | "partial"
        | "preparation" | "pending" | "intended" | "proposed" | "booked" | "requested" | "differential" => {
            Status::Preliminary
        }
        "stopped" | "ended" | "inactive" | "superseded" | "aborted" | "retired" => Status::Stopped,
        "resolved" => Status::Resolved,
        "remission" => Status::Remission,
        "on-hold" | "suspended" => Status::OnHold,
        "cancelled" | "not-done" | "refuted" | "not-taken" | "declined" | "rejected" | "revoked" | "noshow" => {
            Status::NotDone
        }
        "entered-in-error" => Status::EnteredInError,
        _ => Status::Unstated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_those_of_r4_and_sorted() {
        // The code system `resource-types` has 148, two of them abstract (Resource, DomainResource).
        assert_eq!(TYPES.len(), 146);
        assert!(TYPES.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(resource_type("Observation").map(|t| t.0), Some("Observation"));
        assert!(resource_type("Citation").is_none());
    }
}

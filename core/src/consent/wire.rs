//! The JSON shape of our own Consents: FHIR R4, profile IHE PCF Advanced. An element that is not
//! named here makes a Consent unreadable, so nothing can be overlooked.

use serde::{Deserialize, Serialize};

pub(super) const PROFILE: &str = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced";
/// Identifiers that are URIs (FHIR R4, "identifier systems").
pub(super) const URI: &str = "urn:ietf:rfc:3986";
pub(super) const POLICY: &str = "https://healthspace.invalid/fhir/policy/grant/1";
pub(super) const SCOPE: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy");
pub(super) const CATEGORY: (&str, &str) = ("http://loinc.org", "59284-0");
pub(super) const INFORMATION_RECIPIENT: (&str, &str) =
    ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP");
pub(super) const ACTION_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
pub(super) const CONFIDENTIALITY_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
pub(super) const ACT_CODE_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// Codes that HL7 lacks: a category of this library, and the refrain `NOMLTRAINING`.
pub(super) const OWN_CATEGORY_SYSTEM: &str = "https://healthspace.invalid/fhir/CodeSystem/category";
pub(super) const OWN_OBLIGATION_SYSTEM: &str = "https://healthspace.invalid/fhir/CodeSystem/obligation";
pub(super) use crate::record::RECIPIENT_SYSTEM;
/// A permit holds only under these controls (as in the "Consent about AI" guide).
pub(super) const LIMIT: &str = "http://hl7.org/fhir/StructureDefinition/consent-provision-limit";
pub(super) const USES: &str = "https://healthspace.invalid/fhir/StructureDefinition/consent-uses";
/// Says that a grant is a carer's, and whether they may pass it on.
pub(super) const DELEGATION: &str = "https://healthspace.invalid/fhir/StructureDefinition/consent-delegation";
/// A permit holds only while another Consent does: whoever does not understand it may not permit.
pub(super) const PARENT: &str = "https://healthspace.invalid/fhir/StructureDefinition/consent-parent";
pub(super) const CUSTODIAN: &str = "Health space of the person";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coding {
    pub(super) system: String,
    pub(super) code: String,
}

impl Coding {
    pub(super) fn new(system: &str, code: &str) -> Self {
        Self { system: system.to_owned(), code: code.to_owned() }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Concept {
    pub(super) coding: Vec<Coding>,
}

impl Concept {
    pub(super) fn new(system: &str, code: &str) -> Self {
        Self { coding: vec![Coding::new(system, code)] }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identifier {
    pub(super) system: String,
    pub(super) value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identifier: Option<Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<String>,
}

impl Reference {
    pub(super) fn new(kind: &str, system: &str, value: String, display: Option<&str>) -> Self {
        Self {
            kind: Some(kind.to_owned()),
            identifier: Some(Identifier { system: system.to_owned(), value }),
            display: display.map(str::to_owned),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meta {
    #[serde(rename = "versionId")]
    pub(super) version_id: String,
    #[serde(rename = "lastUpdated")]
    pub(super) last_updated: String,
    pub(super) profile: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) uri: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Actor {
    pub(super) role: Concept,
    pub(super) reference: Reference,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    pub(super) meaning: String,
    pub(super) reference: Reference,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Control {
    pub(super) url: String,
    #[serde(rename = "valueCodeableConcept")]
    pub(super) value: Concept,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modifier {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) extension: Vec<Control>,
    pub(super) url: String,
    #[serde(rename = "valuePositiveInt", skip_serializing_if = "Option::is_none")]
    pub(super) uses: Option<u32>,
    #[serde(rename = "valueUri", skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    pub(super) url: String,
    #[serde(rename = "valueBoolean")]
    pub(super) value: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Root {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) period: Option<Period>,
    pub(super) actor: Vec<Actor>,
    pub(super) purpose: Vec<Coding>,
    pub(super) data: Vec<Data>,
    pub(super) provision: Vec<Nested>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nested {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) extension: Vec<Extension>,
    #[serde(rename = "modifierExtension", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) modifiers: Vec<Modifier>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) action: Vec<Concept>,
    #[serde(rename = "securityLabel", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) security_label: Vec<Coding>,
    pub(super) purpose: Vec<Coding>,
    pub(super) class: Vec<Coding>,
    #[serde(rename = "dataPeriod", skip_serializing_if = "Option::is_none")]
    pub(super) data_period: Option<Period>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consent {
    #[serde(rename = "resourceType")]
    pub(super) resource_type: String,
    pub(super) id: String,
    pub(super) meta: Meta,
    pub(super) language: String,
    pub(super) identifier: Vec<Identifier>,
    pub(super) status: String,
    pub(super) scope: Concept,
    pub(super) category: Vec<Concept>,
    pub(super) patient: Reference,
    #[serde(rename = "dateTime")]
    pub(super) date_time: String,
    pub(super) performer: Vec<Reference>,
    pub(super) organization: Vec<Reference>,
    #[serde(rename = "sourceReference")]
    pub(super) source: Reference,
    pub(super) policy: Vec<Policy>,
    pub(super) provision: Root,
}

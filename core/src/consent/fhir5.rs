//! A grant as a FHIR R5 Consent, for a server that reads no R4. It is handed out and never stored: what a space
//! decides by, and signs, is the R4 text.
//!
//! R5 has one decision for everything and everybody, and provisions that are exceptions to it. A grant refuses
//! training to its recipient and permits one purpose, and says nothing else; of R5's two decisions that leaves `deny`.
//! So the text permits just what the grant does, and refuses where the grant says nothing: beside other Consents a
//! reader that counts every refusal lets none of these permit. It is for one that decides by this Consent alone.

use super::fhir::{ConsentMeta, write};
use super::grant::GrantSpec;
use super::wire as w;
use crate::error::{Error, Malformed, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "versionId")]
    version_id: String,
    #[serde(rename = "lastUpdated")]
    last_updated: String,
}

#[derive(Serialize)]
struct PolicyBasis {
    url: String,
}

#[derive(Serialize)]
struct Provision {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extension: Vec<w::Extension>,
    #[serde(rename = "modifierExtension", skip_serializing_if = "Vec::is_empty")]
    modifiers: Vec<w::Modifier>,
    actor: Vec<w::Actor>,
    action: Vec<w::Concept>,
    #[serde(rename = "securityLabel", skip_serializing_if = "Vec::is_empty")]
    security_label: Vec<w::Coding>,
    purpose: Vec<w::Coding>,
    #[serde(rename = "resourceType")]
    class: Vec<w::Coding>,
    #[serde(rename = "dataPeriod", skip_serializing_if = "Option::is_none")]
    data_period: Option<w::Period>,
    data: Vec<w::Data>,
}

#[derive(Serialize)]
struct Consent {
    #[serde(rename = "resourceType")]
    resource_type: String,
    id: String,
    meta: Meta,
    language: String,
    identifier: Vec<w::Identifier>,
    status: String,
    category: Vec<w::Concept>,
    subject: w::Reference,
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<w::Period>,
    grantor: Vec<w::Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grantee: Vec<w::Reference>,
    controller: Vec<w::Reference>,
    #[serde(rename = "sourceReference")]
    source: Vec<w::Reference>,
    #[serde(rename = "policyBasis")]
    policy: PolicyBasis,
    decision: String,
    provision: Vec<Provision>,
}

/// The bytes of a grant as a FHIR R5 Consent: always the same for the same arguments. It permits just what
/// [`to_fhir`](super::to_fhir) permits, and refuses everything else to everybody: for a server that decides about one
/// recipient by this Consent alone. Beside others that permit it would refuse what they do.
///
/// # Errors
/// As [`to_fhir`](super::to_fhir).
pub fn to_fhir_r5(spec: &GrantSpec, meta: &ConsentMeta) -> Result<Vec<u8>> {
    let bad = || Error::Malformed(Malformed::Argument);
    let consent = write(spec, meta).and_then(of_r4).ok_or_else(bad)?;
    serde_json::to_vec(&consent).map_err(|_| bad())
}

/// What R5 calls otherwise, and has elsewhere: recipient and partition stand in the one provision.
fn of_r4(mut c: w::Consent) -> Option<Consent> {
    let nested = c.provision.provision.pop()?;
    let copy = |r: &w::Reference| w::Reference {
        kind: r.kind.clone(),
        identifier: r.identifier.as_ref().map(|i| w::Identifier { system: i.system.clone(), value: i.value.clone() }),
        display: r.display.clone(),
    };
    // A device is an actor, and no grantee.
    let named = c.provision.actor.iter().map(|a| &a.reference).filter(|r| r.kind.as_deref() != Some("Device"));
    let grantee = named.map(copy).collect();
    Some(Consent {
        resource_type: c.resource_type,
        id: c.id,
        meta: Meta { version_id: c.meta.version_id, last_updated: c.meta.last_updated },
        language: c.language,
        identifier: c.identifier,
        status: c.status,
        category: c.category,
        subject: c.patient,
        // R5 has the day alone.
        date: c.date_time.get(..10)?.to_owned(),
        period: c.provision.period,
        grantor: c.performer,
        grantee,
        controller: c.organization,
        source: vec![c.source],
        policy: PolicyBasis { url: c.policy.pop()?.uri },
        decision: "deny".to_owned(),
        provision: vec![Provision {
            extension: nested.extension,
            modifiers: nested.modifiers,
            actor: c.provision.actor,
            action: nested.action,
            security_label: nested.security_label,
            purpose: nested.purpose,
            class: nested.class,
            data_period: nested.data_period,
            data: c.provision.data,
        }],
    })
}

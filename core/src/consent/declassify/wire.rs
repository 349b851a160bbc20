//! The wire form: a FHIR R4 Consent whose action is HL7's `DOWNGRDLABEL`, or `DECLASSIFYLABEL`
//! where nothing confidential is left. What is dropped stands in a modifier extension, so that
//! nobody who does not know it takes the Consent for a permit to see data.

use super::{DeclassifyDoc, DeclassifySpec, DeclassifyTerms, NamedPartition};
use crate::codec::json::has_private_name;
use crate::consent::fhir::{ConsentMeta, ConsentStatus, instant, nih, read_instant, read_nih, read_uuid, uuid};
use crate::consent::grant::known_obligations;
use crate::consent::wire as w;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Identity, ScopeId};
use crate::label::{Confidentiality, Lowering, Obligations, Purpose, Purposes, Sensitivities, Sensitivity};
use crate::lang::Lang;
use serde_json::{Value, json};

const BAD: Error = Error::Malformed(Malformed::Consent);
const MAX_BYTES: usize = 64 * 1024;
const POLICY: &str = "https://healthspace.invalid/fhir/policy/declassify/1";
const LOWERING: &str = "https://healthspace.invalid/fhir/StructureDefinition/label-lowering";

/// The bytes of a consent: always the same for the same arguments; stored and hashed as they are.
///
/// # Errors
/// `Malformed(Argument)` for a time outside the years 1..=9999, or version 0.
pub fn to_fhir(spec: &DeclassifySpec, meta: &ConsentMeta) -> Result<Vec<u8>> {
    let bad = || Error::Malformed(Malformed::Argument);
    serde_json::to_vec(&write(spec, meta).ok_or_else(bad)?).map_err(|_| bad())
}

/// Reads a consent that [`to_fhir`] wrote; white space and the order of members are free, all else
/// must be as written.
///
/// # Errors
/// `Malformed(Consent)` for anything else. Such a consent lowers nothing.
pub fn from_fhir(bytes: &[u8]) -> Result<DeclassifyDoc> {
    if bytes.len() > MAX_BYTES || has_private_name(bytes) {
        return Err(BAD);
    }
    let given: Value = serde_json::from_slice(bytes).map_err(|_| BAD)?;
    let doc = read(&given).ok_or(BAD)?;
    // What was not looked at must still be what we would have written.
    if write(&doc.spec, &doc.meta).ok_or(BAD)? == given { Ok(doc) } else { Err(BAD) }
}

fn write(spec: &DeclassifySpec, meta: &ConsentMeta) -> Option<Value> {
    let t = spec.terms();
    if meta.version == 0 {
        return None;
    }
    let concept = |(system, code): (&str, &str)| json!({"coding": [{"system": system, "code": code}]});
    let identifier = |value: String| json!({"system": w::URI, "value": value});
    let person = json!({"type": "Patient", "identifier": identifier(uuid(meta.subject.as_bytes()))});
    let list = |p: &NamedPartition| json!({"type": "List", "identifier": identifier(uuid(p.scope.as_bytes())), "display": p.name});
    let code = |url: &str, code: &str| json!({"url": url, "valueCode": code});
    let l = &t.lowering;
    let mut dropped = Vec::new();
    dropped.extend(l.confidentiality.map(|c| code("confidentiality", c.code())));
    dropped.extend(l.sensitivities.iter().map(|s| code("sensitivity", s.code())));
    dropped.extend(Purpose::ALL.iter().filter(|p| l.purposes.contains(**p)).map(|p| code("purpose", p.code())));
    let removed = known_obligations().filter(|(one, _)| l.obligations.contains(*one));
    dropped.extend(removed.map(|(_, name)| code("obligation", name)));
    dropped.push(json!({"url": "into", "valueReference": list(&t.to)}));
    let action = match l.confidentiality {
        Some(Confidentiality::Unrestricted) => "DECLASSIFYLABEL",
        _ => "DOWNGRDLABEL",
    };
    let mut provision = json!({
        "modifierExtension": [{"url": LOWERING, "extension": dropped}],
        "type": "permit",
        "action": [concept((w::ACT_CODE_SYSTEM, action))],
        "purpose": [{"system": Purpose::SYSTEM, "code": t.purpose.code()}],
        "data": [{"meaning": "instance", "reference": list(&t.from)}],
    });
    if let Some(end) = t.expires {
        let period = json!({"end": instant(end.plus_millis(-1))?});
        provision.as_object_mut()?.insert("period".to_owned(), period);
    }
    Some(json!({
        "resourceType": "Consent",
        "id": meta.series.to_hex(),
        "meta": {"versionId": meta.version.to_string(), "lastUpdated": instant(meta.updated)?},
        "language": meta.lang.tag(),
        "identifier": [identifier(uuid(meta.series.as_bytes()))],
        "status": match meta.status {
            ConsentStatus::Active => "active",
            ConsentStatus::Inactive => "inactive",
        },
        "scope": concept(w::SCOPE),
        "category": [concept(w::CATEGORY)],
        "patient": person,
        "dateTime": instant(meta.given)?,
        "performer": [person],
        "organization": [{"display": w::CUSTODIAN}],
        "sourceReference": {"type": "DocumentReference", "identifier": identifier(nih(&meta.notice))},
        "policy": [{"uri": POLICY}],
        "provision": provision,
    }))
}

/// Takes out what varies; [`from_fhir`] holds the rest against a fresh copy.
fn read(c: &Value) -> Option<DeclassifyDoc> {
    let text = |path: &str| c.pointer(path)?.as_str();
    let partition = |v: &Value| {
        let scope = ScopeId::from_bytes(read_uuid(v.pointer("/identifier/value")?.as_str()?)?);
        Some(NamedPartition { scope, name: v.pointer("/display")?.as_str()?.to_owned() })
    };
    let (mut lowering, mut to) = (Lowering::NONE, None);
    for e in c.pointer("/provision/modifierExtension/0/extension")?.as_array()? {
        let url = e.get("url")?.as_str()?;
        if url == "into" {
            to = Some(partition(e.get("valueReference")?)?);
            continue;
        }
        let code = e.get("valueCode")?.as_str()?;
        let by = match url {
            "confidentiality" => {
                Lowering { confidentiality: Some(Confidentiality::from_code(code)?), ..Lowering::NONE }
            }
            "sensitivity" => {
                Lowering { sensitivities: Sensitivities::only(Sensitivity::from_code(code)), ..Lowering::NONE }
            }
            "purpose" => Lowering { purposes: Purposes::only(Purpose::from_code(code)?), ..Lowering::NONE },
            "obligation" => {
                let obligations: Obligations = known_obligations().find(|(_, name)| *name == code)?.0;
                Lowering { obligations, ..Lowering::NONE }
            }
            _ => return None,
        };
        lowering = lowering.and(by);
    }
    let expires = match c.pointer("/provision/period") {
        Some(_) => Some(read_instant(text("/provision/period/end")?)?.plus_millis(1)),
        None => None,
    };
    let terms = DeclassifyTerms {
        purpose: Purpose::from_code(text("/provision/purpose/0/code")?)?,
        from: partition(c.pointer("/provision/data/0/reference")?)?,
        to: to?,
        lowering,
        expires,
    };
    let meta = ConsentMeta {
        series: GrantId::from_hex(text("/id")?)?,
        version: text("/meta/versionId")?.parse().ok()?,
        status: match text("/status")? {
            "active" => ConsentStatus::Active,
            "inactive" => ConsentStatus::Inactive,
            _ => return None,
        },
        subject: Identity::from_bytes(read_uuid(text("/patient/identifier/value")?)?),
        given: read_instant(text("/dateTime")?)?,
        updated: read_instant(text("/meta/lastUpdated")?)?,
        notice: read_nih(text("/sourceReference/identifier/value")?)?,
        lang: Lang::parse(text("/language")?),
    };
    Some(DeclassifyDoc { spec: DeclassifySpec::new(terms).ok()?, meta })
}

//! What stands around the provisions: which consent it is, whether it counts, what is not
//! understood of it.

use super::super::rule::Effect;
use super::super::wire as w;
use super::flat::{Flat, Inherited};
use super::json::{Json, is_allowed};
use super::node::{Node, Reader, Stated};
use super::{Broken, Form, Reads, terms};
use crate::crypto::hash::sha256;
use crate::id::{GrantId, Timestamp};
use crate::record::{When, is_uuid, patient_key};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Whom a Consent is about, as far as its reference to the patient tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// It has no reference: nobody, or somebody by identifiers and words.
    Untold,
    /// The patient of this id, wherever.
    Patient(String),
    /// The patient of this id on a server: its address, and the id alone.
    At(String, String),
    /// Somebody else, or nobody can tell whom.
    Other,
}

impl Whom {
    fn by(reference: &str) -> Self {
        let key = || patient_key(reference).unwrap_or_default();
        if reference.strip_prefix("urn:uuid:").is_some_and(is_uuid) {
            return Self::Patient(key());
        }
        let (server, local) = match reference.rfind("/Patient/") {
            Some(at) => reference.split_at(at + 1),
            None => ("", reference),
        };
        let Some(versioned) = local.strip_prefix("Patient/") else { return Self::Other };
        let id = versioned.split_once("/_history/").map_or(versioned, |(id, _)| id);
        // FHIR R4, 2.24.0.1: what an id is made of.
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        if id.is_empty() || id.len() > 64 || !plain {
            return Self::Other;
        }
        match server {
            // A UUID is one person's whatever server knows it.
            _ if server.is_empty() || is_uuid(id) => Self::Patient(key()),
            _ if is_web(server) => Self::At(format!("{server}Patient/{id}"), key()),
            _ => Self::Other,
        }
    }

    /// A reference without a server is to a patient of the one that has the text (FHIR R4, 2.36.4).
    pub(super) fn of_server(self, server: Option<&str>) -> Self {
        match (self, server) {
            (Self::Patient(id), Some(server)) if is_web(server) && !is_uuid(&id) => {
                Self::At(format!("{server}Patient/{id}"), id)
            }
            (whom, _) => whom,
        }
    }
}

fn is_web(server: &str) -> bool {
    server.starts_with("http://") || server.starts_with("https://")
}

/// What is looked at even where the rest cannot be read.
#[derive(Default, Deserialize)]
pub(super) struct Shown {
    id: Option<String>,
    #[serde(default)]
    identifier: Vec<Identifier>,
    patient: Option<Subject>,
    subject: Option<Subject>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Identifier {
    system: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Subject {
    reference: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    identifier: Option<Identifier>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "lastUpdated")]
    last_updated: Option<String>,
    source: Option<String>,
}

/// By what a text is the same Consent as another: all of it, not any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole {
    identifiers: BTreeSet<GrantId>,
    /// Patient, `id` and where it comes from; none where it has no `id`, or neither of the others.
    named: Option<GrantId>,
}

impl Whole {
    /// Whether a text of this identity is a version of that one: by all of its identifiers, or where it has
    /// none by the rest.
    pub(super) fn is_of(&self, of: &Self) -> bool {
        if of.identifiers.is_empty() {
            of.named.is_some() && self.named == of.named
        } else {
            of.identifiers.is_subset(&self.identifiers)
        }
    }

    /// Of texts of which none counts.
    pub(super) fn join(self, other: Self) -> Self {
        let identifiers = self.identifiers.into_iter().chain(other.identifiers).collect();
        Self { identifiers, named: self.named.filter(|_| self.named == other.named) }
    }
}

impl Shown {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(super) fn updated(&self) -> Option<Timestamp> {
        let text = self.meta.as_ref()?.last_updated.as_ref()?;
        When::parse_fhir(text).map(|w| Timestamp::from_millis(w.at))
    }

    pub(super) fn subject(&self) -> Option<String> {
        let s = self.patient.as_ref().or(self.subject.as_ref())?;
        let identifier =
            s.identifier.as_ref().and_then(|i| Some(format!("{}|{}", i.system.as_deref()?, i.value.as_deref()?)));
        s.reference.clone().or(identifier)
    }

    pub(super) fn whom(&self) -> Whom {
        let Some(s) = self.patient.as_ref().or(self.subject.as_ref()) else { return Whom::Untold };
        let of_patient = |kind: &str| kind.rsplit('/').next() == Some("Patient");
        match &s.reference {
            _ if !s.kind.as_deref().is_none_or(of_patient) => Whom::Other,
            None => Whom::Untold,
            Some(reference) => Whom::by(reference.trim()),
        }
    }

    /// The least identifier, so that their order does not matter; else subject, `id` and source; a Consent
    /// that has neither is a series of its own.
    pub(super) fn series(&self, bytes: &[u8]) -> GrantId {
        if let Some((system, value)) = self.identifier.iter().filter_map(Identifier::known).min() {
            return by_identifier(&system, &value);
        }
        match &self.id {
            Some(id) => hashed(b"id", &self.whose(&self.subject().unwrap_or_default()), id),
            None => hashed(b"bytes", "", &String::from_utf8_lossy(bytes)),
        }
    }

    /// By what versions of it are known, whatever else they say: each identifier, its system with a slash
    /// at its end or without; each patient with the `id`, however the patient is written.
    pub(super) fn keys(&self, bytes: &[u8]) -> BTreeSet<GrantId> {
        let mut keys = BTreeSet::from([self.series(bytes)]);
        for (system, value) in self.identifier.iter().filter_map(Identifier::known) {
            keys.insert(by_identifier(&system, &value));
            keys.insert(by_identifier(plain(&system), value.trim()));
        }
        if let Some(id) = &self.id {
            keys.extend(self.patients().map(|whose| hashed(b"patient and id", &whose, id)));
        }
        keys
    }

    /// By what it is known to be a version of another one for certain.
    pub(super) fn whole(&self) -> Whole {
        let identifiers = self.identifier.iter().filter_map(Identifier::known);
        let identifiers = identifiers.map(|(system, value)| by_identifier(plain(&system), value.trim())).collect();
        let named = self.id.as_ref().and_then(|id| Some(hashed(b"id", &self.known_at()?, id)));
        Whole { identifiers, named }
    }

    /// By what an `id` is no number that anybody may give: where the text comes from and its patient, on the server that
    /// it names.
    fn known_at(&self) -> Option<String> {
        let patient = match self.whom() {
            Whom::At(address, _) => address,
            Whom::Patient(key) => key,
            Whom::Untold | Whom::Other => self.patients().next().unwrap_or_default(),
        };
        Some(self.whose(&patient)).filter(|whose| !whose.is_empty())
    }

    /// The patient, by reference and by identifier, however it is written.
    fn patients(&self) -> impl Iterator<Item = String> {
        let subject = self.patient.as_ref().or(self.subject.as_ref());
        let reference = subject.and_then(|s| s.reference.as_ref());
        let reference = reference.map(|r| patient_key(r).unwrap_or_else(|| r.clone()));
        let identifier = subject.and_then(|s| s.identifier.as_ref()?.known());
        let identifier = identifier.map(|(system, value)| format!("{}|{}", plain(&system), value.trim()));
        reference.into_iter().chain(identifier)
    }

    /// A patient as known where the text comes from. The fragment of a source may tell each version.
    fn whose(&self, patient: &str) -> String {
        let source = self.meta.as_ref().and_then(|m| m.source.as_deref()).unwrap_or_default();
        match source.split('#').next().unwrap_or_default().trim() {
            "" => patient.to_owned(),
            source => format!("{}\n{patient}", plain(source)),
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Identifier {
    fn known(&self) -> Option<(String, String)> {
        // Without a system it is a number that anybody may give.
        let system = self.system.as_ref().filter(|s| !plain(s).is_empty())?;
        Some((system.clone(), self.value.clone().filter(|v| !v.trim().is_empty())?))
    }
}

/// A system as it is compared.
fn plain(system: &str) -> &str {
    system.trim().trim_end_matches('/')
}

fn by_identifier(system: &str, value: &str) -> GrantId {
    let own = (system == w::URI).then(|| super::super::fhir::read_uuid(value)).flatten();
    own.map_or_else(|| hashed(b"identifier", system, value), GrantId::from_bytes)
}

fn hashed(kind: &[u8], a: &str, b: &str) -> GrantId {
    let length = (a.len() as u64).to_be_bytes();
    let digest = sha256(&[b"hs/v1/consent-series\0", kind, &length, a.as_bytes(), b.as_bytes()]);
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(o, b)| *o = b);
    GrantId::from_bytes(id)
}

const BOTH: &[&str] = &[
    "resourceType",
    "meta",
    "language",
    "text",
    "contained",
    "identifier",
    "status",
    "category",
    "sourceAttachment",
    "sourceReference",
    "verification",
    "provision",
];
const R4: &[&str] = &["scope", "patient", "dateTime", "performer", "organization", "policy", "policyRule"];
const R5: &[&str] = &[
    "subject",
    "date",
    "period",
    "grantor",
    "grantee",
    "manager",
    "controller",
    "regulatoryBasis",
    "policyBasis",
    "policyText",
    "decision",
];
/// Elements of R5 that R4 lacks, by which it is told.
const OF_R5: &[&str] = &["decision", "subject", "grantor", "grantee", "period", "date"];

/// Reads a Consent below its identity.
pub(super) fn read(j: &Json, series: GrantId, zone: i16) -> Result<(Reads, Flat), Broken> {
    let members = j.object().ok_or(Broken)?;
    let has = |name: &str| members.iter().any(|(k, _)| k == name);
    // Either changes the meaning of everything else.
    if j.get("resourceType").and_then(Json::text) != Some("Consent") || has("modifierExtension") || has("implicitRules")
    {
        return Err(Broken);
    }
    let form = if OF_R5.iter().any(|k| has(k)) { Form::R5 } else { Form::R4 };
    let active = match (j.get("status").and_then(Json::text).ok_or(Broken)?, form) {
        ("active", _) => true,
        ("draft" | "inactive" | "entered-in-error", _)
        | ("proposed" | "rejected", Form::R4)
        | ("not-done", Form::R5) => false,
        _ => return Err(Broken),
    };
    if !active {
        return Ok((Reads::Inactive, Flat::default()));
    }
    if j.get("meta").is_some_and(super::around::is_partial) {
        return Err(Broken);
    }
    let own = if form == Form::R4 { R4 } else { R5 };
    let known = |k: &str| is_allowed(members, k, BOTH) || is_allowed(members, k, own);
    // An element whose value is absent; of any other that FHIR does not have, nobody knows what it refuses.
    let absent = |k: &str| k.strip_prefix('_').is_some_and(|k| BOTH.contains(&k) || own.contains(&k));
    if !members.iter().all(|(k, _)| known(k) || absent(k)) {
        return Err(Broken);
    }
    let about = if form == Form::R4 { is_about_privacy(j) } else { is_about_disclosure(j) };
    let (base, made) = (Base::of(j), made(j));
    let unknown = !members.iter().all(|(k, _)| known(k))
        || !super::around::is_plain(members)
        || !about
        || !is_verified(j)
        || !is_plain_policy(j)
        || holds_consent(j)
        || base != Base::Assent
        || made.is_none();
    let mut reader = Reader { form, zone, nodes: 0 };
    let (node, validity) = match form {
        Form::R4 => {
            let node = reader.node(j.get("provision").ok_or(Broken)?, 0)?;
            // Nothing says what a root without a type does.
            node.effect.ok_or(Broken)?;
            (node, None)
        }
        Form::R5 => r5(j, &mut reader)?,
    };
    // A dissent that permits says two things.
    if base == Base::Dissent && node.effect == Some(Effect::Permit) {
        return Err(Broken);
    }
    let mut flat = Flat::default();
    let root = Inherited::root(validity.flatten(), unknown || validity == Some(None), made.flatten());
    flat.walk(node, series, &root, None, 0);
    Ok((Reads::Active, flat))
}

/// The decision of R5 is a root without conditions; its provisions are exceptions to it.
fn r5(j: &Json, reader: &mut Reader) -> Result<(Node, Option<Option<super::node::Range>>), Broken> {
    let effect = match j.get("decision").and_then(Json::text) {
        Some("permit") => Effect::Permit,
        Some("deny") => Effect::Deny,
        _ => return Err(Broken),
    };
    let mut node = Node { effect: Some(effect), stated: Stated::default(), children: Vec::new() };
    if let Some(list) = j.get("provision") {
        for child in list.list().ok_or(Broken)? {
            node.children.push(reader.node(child, 1)?);
        }
    }
    Ok((node, j.get("period").map(|p| terms::period(p, reader.zone))))
}

/// What the policy that a consent is made under makes of it (`policyRule`, `regulatoryBasis`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Base {
    /// The person assents to what stands in the provisions: also where there is none.
    Assent,
    /// A rule that is not known here: what it would limit, nobody can tell.
    Unknown,
    /// The person dissents.
    Dissent,
}

impl Base {
    fn of(j: &Json) -> Self {
        let rule = j.get("policyRule").map(Self::of_concept);
        let of_list = |list: &Json| list.list().and_then(|all| all.iter().map(Self::of_concept).max());
        let basis = j.get("regulatoryBasis").map(|list| of_list(list).unwrap_or(Self::Unknown));
        rule.max(basis).unwrap_or(Self::Assent)
    }

    fn of_concept(j: &Json) -> Self {
        let of = |(system, code): &(Option<&str>, &str)| match *code {
            _ if !system.is_some_and(terms::is_act_code) => Self::Unknown,
            "OPTIN" | "OPTINR" => Self::Assent,
            "OPTOUT" | "OPTOUTE" => Self::Dissent,
            _ => Self::Unknown,
        };
        terms::concept(j).and_then(|all| all.iter().map(of).max()).unwrap_or(Self::Unknown)
    }
}

/// The earliest that a consent can have been made, where it says when; `None` where that cannot be read. The day alone
/// begins first where the zone is 14 hours ahead.
fn made(j: &Json) -> Option<Option<Timestamp>> {
    const AHEAD: i64 = 14 * 3_600_000;
    let Some(stated) = j.get("dateTime").or_else(|| j.get("date")) else { return Some(None) };
    let when = When::parse_fhir(stated.text()?)?;
    let first = if when.offset.is_none() { when.at.saturating_sub(AHEAD) } else { when.at };
    Some(Some(Timestamp::from_millis(first)))
}

/// A consent to be treated, or an advance directive, permits no use of data.
fn is_about_privacy(j: &Json) -> bool {
    let scope = j.get("scope").and_then(terms::concept);
    let system = "http://terminology.hl7.org/CodeSystem/consentscope";
    scope.is_some_and(|all| all.iter().any(|(s, c)| *s == Some(system) && matches!(*c, "patient-privacy" | "research")))
}

/// R5 has no scope: its category must be one about the use of data.
fn is_about_disclosure(j: &Json) -> bool {
    const CATEGORIES: [(&str, &[&str]); 3] = [
        ("http://loinc.org", &["59284-0", "64292-6", "57016-8"]),
        (w::ACT_CODE_SYSTEM, &["IDSCL", "INFA", "INFASO", "RESEARCH", "RSDID", "RSREID"]),
        ("http://terminology.hl7.org/CodeSystem/consentscope", &["patient-privacy", "research"]),
    ];
    let all = j.get("category").and_then(Json::list).unwrap_or_default();
    let named = |(system, code): (Option<&str>, &str)| {
        CATEGORIES.iter().any(|(s, codes)| system == Some(s) && codes.contains(&code))
    };
    all.iter().filter_map(terms::concept).flatten().any(named)
}

/// Whether nothing says that the person did not confirm it.
fn is_verified(j: &Json) -> bool {
    const NAMES: &[&str] = &["verified", "verifiedWith", "verificationDate", "verificationType", "verifiedBy"];
    let Some(list) = j.get("verification") else { return true };
    let Some(all) = list.list().filter(|all| all.iter().all(|v| v.only(NAMES).is_some())) else { return false };
    let verified = |v: &Json| matches!(v.get("verified"), Some(Json::Bool(true)));
    let at = |v: &Json| v.get("verificationDate").and_then(Json::text).and_then(When::parse_fhir).map(|w| w.at);
    let newest = all.iter().filter(|v| verified(v)).filter_map(at).max();
    // What was not verified then may be since.
    let before = |v: &Json| at(v).zip(newest).is_some_and(|(then, newest)| then < newest);
    all.iter().any(verified) && all.iter().all(|v| verified(v) || before(v))
}

/// Whether a Consent may stand within it, which could refuse what this one permits.
fn holds_consent(j: &Json) -> bool {
    let other = |r: &Json| r.get("resourceType").and_then(Json::text).is_some_and(|t| t != "Consent" && t != "Bundle");
    j.get("contained").is_some_and(|all| !all.list().is_some_and(|all| all.iter().all(other)))
}

/// Whether the policy that it is made under is named without modifiers.
fn is_plain_policy(j: &Json) -> bool {
    let plain =
        |list: &Json| list.list().is_some_and(|all| all.iter().all(|p| p.only(&["authority", "uri"]).is_some()));
    j.get("policy").is_none_or(plain)
}

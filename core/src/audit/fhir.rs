//! Entries as FHIR R4 AuditEvents, in the manner of IHE Basic Audit Log Patterns.
//!
//! No profile is claimed: the network addresses that they ask for are known to the host alone.
//! Codes: DICOM DCM and ISO 21089 for types, HL7 v3-ActReason for purposes, v3-ObservationValue for what an AI asserts, IHE BALP for decisions;
//! and each event's own name, so that nothing is told twice apart.

use super::event::AuditEvent;
use super::words::describe;
use super::{Entry, LogHead, ReleaseKind};
use crate::codec::hex;
use crate::id::{GrantId, Timestamp};
use crate::label::{Integrity, Purpose};
use crate::lang::Lang;
use crate::record::{RECIPIENT_SYSTEM, Recipient};
use serde_json::{Value, json};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const DECISION: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType";
const VALUE: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
const OWN: &str = "https://healthspace.invalid/fhir/CodeSystem/event";
const ENTITY: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const RESOURCE: &str = "http://hl7.org/fhir/resource-types";
const URI: &str = "urn:ietf:rfc:3986";

/// Years that an instant of FHIR can hold: 1 to 9999.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

/// An entry as a FHIR R4 AuditEvent, in JSON; `origin` and `index` say where it stands.
///
/// ```
/// use healthspace::{GrantId, Lang, Timestamp, audit::{AuditEvent, Entry, audit_event}};
/// let event = AuditEvent::Withdrawn { grant: GrantId::from_bytes([0; 16]), gesture: None };
/// let entry = Entry { time: Timestamp::from_millis(0), event };
/// let json = audit_event("healthspace.invalid/log/00", 3, &entry, Lang::En);
/// assert!(json.contains("\"recorded\":\"1970-01-01T00:00:00Z\""));
/// ```
#[must_use]
pub fn audit_event(origin: &str, index: u64, entry: &Entry, lang: Lang) -> String {
    resource(origin, index, entry, lang).to_string()
}

/// The entries of a log as a FHIR R4 Bundle of AuditEvents.
pub(crate) fn bundle<'a>(origin: &str, entries: impl Iterator<Item = (u64, &'a Entry)>, lang: Lang) -> String {
    let entry: Vec<Value> =
        entries.map(|(index, entry)| json!({ "resource": resource(origin, index, entry, lang) })).collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "collection" });
    // FHIR has no empty lists.
    if let (false, Some(b)) = (entry.is_empty(), bundle.as_object_mut()) {
        b.insert("entry".to_owned(), Value::Array(entry));
    }
    bundle.to_string()
}

/// How an event is coded.
struct Coded {
    kind: Value,
    /// Besides the event's own name.
    subtype: Option<Value>,
    /// create, read, update, delete or execute.
    action: &'static str,
    /// 0 success, 8 refused.
    outcome: &'static str,
}

fn dicom(code: &str, display: &str) -> Value {
    json!({ "system": DCM, "code": code, "display": display })
}

fn emergency() -> Value {
    dicom("110127", "Emergency Override Started")
}

/// DICOM's code for a change of who may get in.
fn attributes() -> Value {
    dicom("110137", "User Security Attributes Changed")
}

fn lifecycle(code: &str) -> Value {
    json!({ "system": LIFECYCLE, "code": code })
}

fn coded(event: &AuditEvent) -> Coded {
    use AuditEvent as E;
    let done = |kind, subtype, action| Coded { kind, subtype, action, outcome: "0" };
    let activity = || dicom("110100", "Application Activity");
    let alert = |subtype| Coded { kind: dicom("110113", "Security Alert"), subtype, action: "E", outcome: "8" };
    match event {
        // The person's own look is an access, not a disclosure.
        E::Released { grants, .. } if grants.is_empty() => done(lifecycle("access"), None, "R"),
        E::Released { .. } => done(dicom("110106", "Export"), Some(lifecycle("disclose")), "R"),
        E::OriginalExported { .. } => done(dicom("110106", "Export"), Some(lifecycle("extract")), "R"),
        E::Imported { .. } | E::ConsentImported { .. } => {
            done(dicom("110107", "Import"), Some(lifecycle("receive")), "C")
        }
        E::ImportDiscarded { .. }
        | E::MemoryDeleted { .. }
        | E::EntriesErased { .. }
        | E::Erased { .. }
        | E::ErasureSwept { .. }
        | E::EpochEnded { .. }
        | E::EpochDestroyed { .. } => done(lifecycle("destroy"), None, "D"),
        E::Granted { .. } | E::Remembered { .. } | E::TurnAppended { .. } | E::Heard { .. } => {
            done(lifecycle("originate"), None, "C")
        }
        E::Withdrawn { .. } => done(lifecycle("deprecate"), None, "U"),
        E::Renewed { .. } => done(lifecycle("amend"), None, "U"),
        // DICOM's code for the start of emergency access.
        E::GlassBroken { .. } => done(dicom("110113", "Security Alert"), Some(emergency()), "E"),
        E::WayInAdded { .. } | E::WayInChanged { .. } | E::WayInRemoved { .. } | E::LogRekeyed { .. } => {
            done(dicom("110113", "Security Alert"), Some(attributes()), "E")
        }
        E::Declassified { .. } | E::MemoryEdited { .. } => done(lifecycle("amend"), None, "U"),
        E::Endorsed { .. } => done(lifecycle("attest"), None, "U"),
        E::ErasureChecked { .. } => done(lifecycle("verify"), None, "E"),
        E::Quarantined { .. } => done(lifecycle("hold"), None, "U"),
        E::MemoryKept { .. } => done(lifecycle("unhold"), None, "U"),
        E::Refused { .. } => alert(Some(json!({ "system": DECISION, "code": "AuthZ-Consent" }))),
        E::FlowDenied { .. } => alert(None),
        E::BackedUp { .. } => done(dicom("110106", "Export"), Some(lifecycle("archive")), "R"),
        E::Restored { .. } => done(dicom("110113", "Security Alert"), Some(lifecycle("restore")), "E"),
        E::Recovered { .. } => done(dicom("110113", "Security Alert"), None, "E"),
        E::PermissionConfirmed { .. } => done(lifecycle("reactivate"), None, "U"),
        E::SpaceCreated {} | E::LogOpened { .. } | E::PartitionCreated { .. } | E::LogNamed { .. } => {
            done(activity(), None, "C")
        }
        E::SubjectPinned { .. }
        | E::SubjectConfirmed { .. }
        | E::ClockConfirmed { .. }
        | E::ConversationSaved { .. }
        | E::ClearanceChanged { .. }
        | E::RecipientNotified { .. }
        | E::RecipientConfirmed { .. }
        | E::GlassSeen { .. }
        | E::BackupFailed { .. }
        | E::RecoveryConfirmed { .. }
        | E::LogContinued { .. }
        | E::Unknown { .. } => done(activity(), None, "E"),
    }
}

fn resource(origin: &str, index: u64, entry: &Entry, lang: Lang) -> Value {
    let Coded { kind, subtype, action, outcome } = coded(&entry.event);
    let own = json!({ "system": OWN, "code": entry.event.name() });
    let subtypes: Vec<Value> = subtype.into_iter().chain([own]).collect();
    let log = origin.rsplit('/').next().unwrap_or_default();
    let time = Timestamp::from_millis(entry.time.as_millis().clamp(FIRST, LAST));
    let mut out = json!({
        "resourceType": "AuditEvent",
        "id": format!("{log}-{index}"),
        "language": lang.tag(),
        "type": kind,
        "subtype": subtypes,
        "action": action,
        "recorded": time.to_rfc3339(),
        "outcome": outcome,
        "outcomeDesc": describe(&entry.event, lang),
        "agent": agents(origin, &entry.event),
        "source": {
            "site": origin,
            "observer": { "display": origin },
            "type": [{ "system": "http://terminology.hl7.org/CodeSystem/security-source-type", "code": "1", "display": "User Device" }],
        },
        "entity": entities(origin, index, &entry.event),
    });
    if let (Some(purpose), Some(o)) = (purpose(&entry.event), out.as_object_mut()) {
        let coding = json!([{ "coding": [{ "system": REASON, "code": purpose.code() }] }]);
        o.insert("purposeOfEvent".to_owned(), coding);
    }
    out
}

const fn purpose(event: &AuditEvent) -> Option<Purpose> {
    match event {
        AuditEvent::Released { purpose, .. }
        | AuditEvent::Refused { purpose, .. }
        | AuditEvent::Granted { purpose, .. } => Some(*purpose),
        AuditEvent::FlowDenied { purpose, .. } => *purpose,
        AuditEvent::GlassBroken { .. } => Some(Purpose::BreakGlass),
        _ => None,
    }
}

/// The space, and whoever got, asked for or decided something.
fn agents(origin: &str, event: &AuditEvent) -> Vec<Value> {
    let role = |code: &str, display: &str| json!({ "coding": [dicom(code, display)] });
    let space = json!({
        "type": role("110153", "Source Role ID"), "who": { "display": origin }, "requestor": false,
    });
    let destination = |to: &Recipient, asks: bool| json!({ "type": role("110152", "Destination Role ID"), "who": whom(to), "requestor": asks });
    let recipient = |to: &Recipient| destination(to, true);
    let person = || {
        let patient = json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-RoleClass", "code": "PAT" });
        json!({ "type": { "coding": [patient] }, "who": subject(), "requestor": true })
    };
    match event {
        AuditEvent::Released { grants, .. } if grants.is_empty() => vec![space, person()],
        AuditEvent::Released { actor, .. }
        | AuditEvent::Refused { actor, .. }
        | AuditEvent::RecipientConfirmed { actor, .. }
        | AuditEvent::FlowDenied { actor: Some(actor), .. }
        | AuditEvent::GlassBroken { actor, .. } => vec![space, recipient(actor)],
        AuditEvent::RecipientNotified { actor, .. } => vec![space, destination(actor, false)],
        AuditEvent::Granted { .. }
        | AuditEvent::Renewed { .. }
        | AuditEvent::GlassSeen { .. }
        | AuditEvent::Withdrawn { .. }
        | AuditEvent::ConsentImported { .. }
        | AuditEvent::Declassified { .. }
        | AuditEvent::Endorsed { .. }
        | AuditEvent::Heard { .. }
        | AuditEvent::MemoryEdited { .. }
        | AuditEvent::MemoryDeleted { .. }
        | AuditEvent::MemoryKept { .. }
        | AuditEvent::ClearanceChanged { gesture: Some(_), .. }
        | AuditEvent::SubjectConfirmed { .. }
        | AuditEvent::ClockConfirmed { .. }
        | AuditEvent::EntriesErased { .. }
        | AuditEvent::EpochEnded { .. }
        | AuditEvent::WayInAdded { .. }
        | AuditEvent::WayInChanged { .. }
        | AuditEvent::WayInRemoved { .. }
        | AuditEvent::LogRekeyed { .. }
        | AuditEvent::RecoveryConfirmed { .. }
        | AuditEvent::Restored { .. }
        | AuditEvent::Recovered { .. }
        | AuditEvent::PermissionConfirmed { .. }
        | AuditEvent::Erased { .. }
        | AuditEvent::OriginalExported { .. } => vec![space, person()],
        _ => vec![space],
    }
}

/// As a grant of ours names its recipient: two of one name and of two kinds are told apart.
fn whom(to: &Recipient) -> Value {
    let system = format!("{RECIPIENT_SYSTEM}{}", to.kind().code());
    let mut out = json!({ "identifier": { "system": system, "value": to.name() }, "display": to.name() });
    if let (Some(kind), Some(o)) = (to.kind().fhir_type(), out.as_object_mut()) {
        o.insert("type".to_owned(), json!(kind));
    }
    out
}

/// Nobody is named: an AuditEvent leaves the space, and the log's random name says enough.
fn subject() -> Value {
    json!({ "type": "Patient", "display": "the person whose space this is" })
}

fn entities(origin: &str, index: u64, event: &AuditEvent) -> Vec<Value> {
    let code = |system: &str, code: &str| json!({ "system": system, "code": code });
    let mut out = vec![
        json!({ "what": subject(), "type": code(ENTITY, "1"), "role": code(ROLE, "1") }),
        json!({
            "what": { "identifier": { "value": format!("{origin}#{index}") } },
            "type": code(ENTITY, "2"),
            "role": code(ROLE, "13"),
            "detail": details(event),
        }),
    ];
    // FHIR has no empty lists.
    if let Some(o) = out.last_mut().and_then(Value::as_object_mut)
        && o.get("detail").and_then(Value::as_array).is_some_and(Vec::is_empty)
    {
        o.remove("detail");
    }
    let consent = |grant: &GrantId| {
        let identifier = json!({ "system": URI, "value": urn(grant) });
        json!({ "what": { "type": "Consent", "identifier": identifier }, "type": code(RESOURCE, "Consent") })
    };
    match event {
        AuditEvent::Released { grants, .. } | AuditEvent::GlassBroken { grants, .. } => {
            out.extend(grants.iter().map(consent));
        }
        // What nobody vouched for when it was stored an AI asserts.
        AuditEvent::Remembered { label, .. } | AuditEvent::TurnAppended { label, .. }
            if label.integrity <= Integrity::AiAsserted =>
        {
            let asserted = json!([{ "system": VALUE, "code": "AIAST", "display": "Artificial Intelligence asserted" }]);
            let name = if matches!(event, AuditEvent::TurnAppended { .. }) { "turn" } else { "memory" };
            out.push(json!({ "type": code(ENTITY, "2"), "name": name, "securityLabel": asserted }));
        }
        AuditEvent::Granted { grant, .. }
        | AuditEvent::Renewed { grant, .. }
        | AuditEvent::Withdrawn { grant, .. }
        | AuditEvent::ConsentImported { grant, .. }
        | AuditEvent::RecipientNotified { grant, .. }
        | AuditEvent::RecipientConfirmed { grant, .. }
        | AuditEvent::Declassified { grant, .. } => out.push(consent(grant)),
        _ => {}
    }
    out
}

fn details(event: &AuditEvent) -> Vec<Value> {
    let text = |name: &str, value: String| json!({ "type": name, "valueString": value });
    match event {
        AuditEvent::Released {
            count, items_root, system: LogHead { origin, size, root }, kind, categories, ..
        } => {
            let form = match kind {
                ReleaseKind::Read => "read",
                ReleaseKind::Ground => "ground",
                ReleaseKind::Count => "count",
                ReleaseKind::Reader => "reader",
                ReleaseKind::More => "more",
                ReleaseKind::File => "file",
            };
            let mut out = vec![
                text("items", count.to_string()),
                text("form", form.to_owned()),
                text("items-root", hex(items_root)),
                text("decided-under", format!("{origin} {size} {}", hex(root))),
            ];
            out.extend(categories.iter().map(|c| text("category", c.code().to_owned())));
            out
        }
        AuditEvent::Granted { consent_hash, notice_hash, locale, gesture, .. }
        | AuditEvent::Renewed { consent_hash, notice_hash, locale, gesture, .. } => vec![
            text("consent-sha256", hex(consent_hash)),
            text("notice-sha256", hex(notice_hash)),
            text("notice-language", locale.clone()),
            text("gesture", gesture.method.clone()),
        ],
        AuditEvent::Imported { source, records, facts, .. } => vec![
            text("source-tag", source.to_hex()),
            text("records", records.to_string()),
            text("facts", facts.to_string()),
        ],
        _ => Vec::new(),
    }
}

/// As the Consent itself names its grant.
pub(super) fn urn(grant: &GrantId) -> String {
    let hex = grant.to_hex();
    let mut out = String::from("urn:uuid:");
    for (i, c) in hex.chars().enumerate() {
        if matches!(i, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(c);
    }
    out
}

//! A consent as an ISO/IEC TS 27560:2023 record and receipt: JSON-LD in the terms of the W3C Data
//! Privacy Vocabulary (DPV 2; guide "Consent Records and Receipts as per ISO/IEC TS 27560:2023").
//!
//! A copy for others to read: what is enforced is the FHIR Consent. What DPV has no term for keeps
//! its HL7 code. Permissions and prohibitions on model training are said in ODRL, over DPV's
//! processing terms (`ai:ModelTraining`, `ai:ModelFineTuning`).

use super::fhir::{ConsentDoc, ConsentStatus};
use crate::codec::hex;
use crate::error::{Error, Result};
use crate::id::{GrantId, Timestamp};
use crate::label::{Obligations, Purpose};
use serde_json::{Map, Value, json};

/// The profile that a record conforms to.
const RECORD: &str = "https://w3id.org/dpv/schema/dpv-27560#record";
const RECEIPT: &str = "https://w3id.org/dpv/schema/dpv-27560#receipt";

/// What the library does not know and a record of TS 27560 names: who answers for the processing,
/// and under which law.
///
/// ```
/// use healthspace::consent::Parties;
/// let parties = Parties { controller: "Example App Ltd".into(), contact: "privacy@example.org".into(), jurisdictions: vec!["FR".into()] };
/// assert_eq!(parties.jurisdictions, ["FR"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Parties {
    /// Name of the data controller.
    pub controller: String,
    /// Where it is reached.
    pub contact: String,
    /// ISO 3166-1 alpha-2 codes.
    pub jurisdictions: Vec<String>,
}

impl Parties {
    fn complete(&self) -> bool {
        !self.controller.is_empty() && !self.contact.is_empty() && !self.jurisdictions.is_empty()
    }
}

/// What the ledger says of a consent.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    /// The log that says so, by its origin.
    pub(crate) log: String,
    /// How the person said yes: the method, and the hash of its evidence.
    pub(crate) gesture: (String, [u8; 32]),
    /// The entry that says so.
    pub(crate) given: u64,
    /// How it was renewed, each time: the method and the hash of its evidence, when, and the entry.
    pub(crate) renewed: Vec<((String, [u8; 32]), Timestamp, u64)>,
    /// When it was withdrawn, and the entry: a partition's own log has it where a handle of that
    /// partition withdrew.
    pub(crate) withdrawn: Option<(Timestamp, String, u64)>,
    /// Whether it waits until the person confirms it, and permits nothing.
    pub(crate) waits: bool,
}

/// A UUID that stands for an id of the space: its bytes, in that form.
fn urn(id: &[u8; 16]) -> String {
    let h = GrantId::from_bytes(*id).to_hex();
    let part = |a: usize, b: usize| h.get(a..b).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn context() -> Value {
    json!({
        "dpv": "https://w3id.org/dpv#",
        "pd": "https://w3id.org/dpv/pd#",
        "ai": "https://w3id.org/dpv/ai#",
        "loc": "https://w3id.org/dpv/loc#",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "dct": "http://purl.org/dc/terms/",
        "odrl": "http://www.w3.org/ns/odrl/2/",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "schema": "https://schema.org/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "hs": "urn:healthspace:"
    })
}

fn time(t: Timestamp) -> Value {
    json!({"@type": "xsd:dateTime", "@value": t.to_rfc3339()})
}

fn purpose(p: Purpose) -> Value {
    // DPV's own term where its definition is no wider than HL7's.
    let term = match p {
        Purpose::Research => Some("dpv:ResearchAndDevelopment"),
        Purpose::Marketing => Some("dpv:Marketing"),
        _ => None,
    };
    let mut types = vec!["dpv:Purpose"];
    types.extend(term);
    json!({"@id": format!("{}#{}", Purpose::SYSTEM, p.code()), "@type": types, "skos:notation": p.code()})
}

/// The process that was consented to, and what is not allowed in it.
fn process(doc: &ConsentDoc) -> Value {
    let t = doc.spec.terms();
    let data: Vec<Value> = t
        .categories
        .iter()
        .map(|c| json!({"@id": format!("hs:category:{}", c.code()), "@type": "pd:MedicalHealth", "skos:notation": c.code()}))
        .collect();
    let mut out = Map::new();
    out.insert("@type".into(), json!("dpv:Process"));
    out.insert("dpv:hasPurpose".into(), purpose(t.purpose));
    out.insert("dpv:hasPersonalData".into(), Value::Array(data));
    let kind = format!("hs:{}", t.recipient.kind().code());
    let recipient = json!({"@type": ["dpv:Recipient", kind], "schema:name": t.recipient.name()});
    out.insert("dpv:hasRecipient".into(), recipient);
    // As the Consent names it.
    out.insert("hs:partition".into(), json!({"@id": urn(t.scope.as_bytes())}));
    if let Some(level) = t.confidentiality {
        out.insert("hs:upTo".into(), json!(level.code()));
    }
    if !t.sensitivities.is_empty() {
        let codes: Vec<&str> = t.sensitivities.iter().map(crate::label::Sensitivity::code).collect();
        out.insert("hs:sensitivities".into(), json!(codes));
    }
    if let Some((from, to)) = t.data_period {
        out.insert("dct:temporal".into(), json!({"schema:startDate": time(from), "schema:endDate": time(to)}));
    }
    let mut duration = Map::new();
    if let Some(start) = t.starts {
        duration.insert("schema:startTime".into(), time(start));
    }
    if let Some(end) = t.expires {
        duration.insert("schema:endTime".into(), time(end));
    }
    if !duration.is_empty() {
        let kind = if t.expires.is_some() { "dpv:UntilTimeDuration" } else { "dpv:Duration" };
        duration.insert("@type".into(), json!(kind));
        out.insert("dpv:hasDuration".into(), Value::Object(duration));
    }
    if let Some(uses) = t.uses {
        out.insert("dpv:hasFrequency".into(), json!({"@type": "dpv:Frequency", "schema:maxValue": uses}));
    }
    if let Some(d) = t.delegation {
        let parent = d.parent.map(|p| json!({"@id": urn(p.as_bytes())}));
        out.insert("hs:delegation".into(), json!({"hs:mayPassOn": d.may_pass_on, "hs:fallsWith": parent}));
    }
    if t.obligations.contains(Obligations::NO_TRAINING) {
        let of = |action: &str| json!({"odrl:action": {"@id": action}});
        out.insert("odrl:prohibition".into(), json!([of("ai:ModelTraining"), of("ai:ModelFineTuning")]));
    }
    let duties: Vec<&str> = t.obligations.codes().collect();
    out.insert("hs:obligations".into(), json!(duties));
    Value::Object(out)
}

fn events(doc: &ConsentDoc, happened: &Happened, now: Timestamp) -> Value {
    let (method, evidence) = &happened.gesture;
    let entry = |index: u64| json!({"hs:log": happened.log, "hs:entry": index});
    let mut out = vec![json!({
        "@type": "dpv:ConsentGiven",
        "dpv:isIndicatedBy": {"@id": urn(doc.meta.subject.as_bytes())},
        "dpv:isIndicatedAtTime": time(doc.meta.given),
        "dpv:hasIndicationMethod": method,
        "hs:evidence": hex(evidence),
        "dct:source": entry(happened.given)
    })];
    for ((method, evidence), at, index) in &happened.renewed {
        out.push(json!({
            "@type": "dpv:RenewedConsentGiven",
            "dpv:isIndicatedBy": {"@id": urn(doc.meta.subject.as_bytes())},
            "dpv:isIndicatedAtTime": time(*at),
            "dpv:hasIndicationMethod": method,
            "hs:evidence": hex(evidence),
            "dct:source": entry(*index)
        }));
    }
    if let Some((at, log, index)) = &happened.withdrawn {
        out.push(json!({
            "@type": "dpv:ConsentWithdrawn",
            "dpv:isIndicatedBy": {"@id": urn(doc.meta.subject.as_bytes())},
            "dpv:isIndicatedAtTime": time(*at),
            "dct:source": {"hs:log": log, "hs:entry": index}
        }));
    } else if let Some(end) = doc.spec.terms().expires.filter(|end| *end <= now) {
        out.push(json!({"@type": "dpv:ConsentExpired", "dpv:isIndicatedAtTime": time(end)}));
    }
    Value::Array(out)
}

/// The record, as a tree.
fn tree(doc: &ConsentDoc, happened: &Happened, parties: &Parties, now: Timestamp) -> Value {
    let m = &doc.meta;
    let mut out = Map::new();
    out.insert("@id".into(), json!(urn(m.series.as_bytes())));
    out.insert("@type".into(), json!("dpv:ConsentRecord"));
    out.insert("dct:identifier".into(), json!(m.series.to_hex()));
    if parties.complete() {
        out.insert("dct:conformsTo".into(), json!({"@id": RECORD}));
        let controller = json!({
            "@type": "dpv:DataController", "schema:name": parties.controller, "dpv:hasContact": parties.contact
        });
        out.insert("dpv:hasDataController".into(), controller);
        let places: Vec<Value> = parties.jurisdictions.iter().map(|c| json!({"@id": format!("loc:{c}")})).collect();
        out.insert("dpv:hasJurisdiction".into(), Value::Array(places));
    }
    out.insert("dct:created".into(), time(m.given));
    out.insert("dct:modified".into(), time(m.updated));
    let subject = json!({"@id": urn(m.subject.as_bytes()), "@type": ["dpv:DataSubject", "dpv:Patient"]});
    out.insert("dpv:hasDataSubject".into(), subject);
    out.insert("dpv:hasLegalBasis".into(), json!({"@id": "dpv:ExplicitlyExpressedConsent"}));
    out.insert("dpv:hasProcess".into(), process(doc));
    let notice = json!({
        "@type": "dpv:ConsentNotice", "dct:language": m.lang.tag(), "hs:sha256": hex(&m.notice)
    });
    out.insert("dpv:hasNotice".into(), notice);
    out.insert("dpv:hasConsentStatus".into(), events(doc, happened, now));
    // GDPR article 7(3): as easy as giving.
    out.insert("dpv:hasRight".into(), json!([{"@id": "eu-gdpr:A7-3"}]));
    let standing = match m.status {
        ConsentStatus::Active if happened.waits => "suspended",
        ConsentStatus::Active => "active",
        ConsentStatus::Inactive => "inactive",
    };
    out.insert("hs:status".into(), json!(standing));
    Value::Object(out)
}

fn text(value: &Value) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|_| Error::Internal(210))
}

fn with_context(value: Value) -> Value {
    match value {
        Value::Object(mut map) => {
            map.insert("@context".into(), context());
            Value::Object(map)
        }
        other => other,
    }
}

/// The record, as JSON-LD text.
pub(crate) fn record(doc: &ConsentDoc, happened: &Happened, parties: &Parties, now: Timestamp) -> Result<String> {
    text(&with_context(tree(doc, happened, parties, now)))
}

/// The receipt for the person: the record, wrapped, with whom it is for.
pub(crate) fn receipt(doc: &ConsentDoc, happened: &Happened, parties: &Parties, now: Timestamp) -> Result<String> {
    let mut out = Map::new();
    out.insert("@context".into(), context());
    out.insert("@type".into(), json!("dpv:ConsentReceipt"));
    out.insert("dct:identifier".into(), json!(format!("receipt-{}-{}", doc.meta.series.to_hex(), doc.meta.version)));
    if parties.complete() {
        out.insert("dct:conformsTo".into(), json!({"@id": RECEIPT}));
        out.insert("dct:publisher".into(), json!({"@type": "dpv:DataController", "schema:name": parties.controller}));
    }
    out.insert("dct:created".into(), time(now));
    out.insert("schema:recipient".into(), json!({"@id": urn(doc.meta.subject.as_bytes())}));
    out.insert("dpv:hasRecordOfActivity".into(), tree(doc, happened, parties, now));
    text(&Value::Object(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{ConsentMeta, GrantSpec, GrantTerms, Recipient, from_fhir, to_fhir};
    use crate::id::{Identity, ScopeId};
    use crate::lang::Lang;
    use crate::record::Category;

    fn terms(purpose: Purpose) -> GrantTerms {
        let who = Recipient::model("eu-llm").unwrap();
        let mut terms = GrantTerms::new(purpose, ScopeId::from_bytes([7; 16]), &[Category::Laboratory], who);
        terms.expires = Some(Timestamp::from_millis(1_900_000_020_000));
        terms
    }

    fn doc(purpose: Purpose) -> ConsentDoc {
        doc_of(terms(purpose))
    }

    fn doc_of(terms: GrantTerms) -> ConsentDoc {
        let meta = ConsentMeta {
            series: GrantId::from_bytes([0xab; 16]),
            version: 1,
            status: ConsentStatus::Active,
            subject: Identity::from_bytes([9; 16]),
            given: Timestamp::from_millis(1_800_000_000_000),
            updated: Timestamp::from_millis(1_800_000_000_000),
            notice: [3; 32],
            lang: Lang::Fr,
        };
        from_fhir(&to_fhir(&GrantSpec::new(terms).unwrap(), &meta).unwrap()).unwrap()
    }

    fn given() -> Happened {
        Happened {
            log: "log".into(),
            gesture: ("tap".into(), [5; 32]),
            given: 4,
            renewed: Vec::new(),
            withdrawn: None,
            waits: false,
        }
    }

    fn parties() -> Parties {
        Parties { controller: "Example".into(), contact: "p@example.org".into(), jurisdictions: vec!["FR".into()] }
    }

    #[test]
    fn a_record_says_what_is_enforced() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let text = record(&doc(Purpose::PatientRequest), &given(), &parties(), now).unwrap();
        let v: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(v["@type"], "dpv:ConsentRecord");
        assert_eq!(v["@id"], "urn:uuid:abababab-abab-abab-abab-abababababab");
        assert_eq!(v["dct:conformsTo"]["@id"], RECORD);
        let process = &v["dpv:hasProcess"];
        assert_eq!(process["dpv:hasPurpose"]["skos:notation"], "PATRQT");
        assert_eq!(process["dpv:hasPersonalData"][0]["skos:notation"], "laboratory");
        assert_eq!(process["odrl:prohibition"][0]["odrl:action"]["@id"], "ai:ModelTraining");
        assert_eq!(v["dpv:hasConsentStatus"][0]["dpv:hasIndicationMethod"], "tap");
        assert_eq!(v["dpv:hasConsentStatus"][0]["dct:source"]["hs:entry"], 4);
        assert_eq!(v["dpv:hasNotice"]["dct:language"], "fr");
    }

    /// Two grants that differ in one term have records that differ in more than their ids.
    #[test]
    fn no_term_is_left_out() {
        use crate::consent::RecipientKind;
        use crate::label::{Confidentiality, Sensitivities, Sensitivity};
        let plain = || terms(Purpose::PatientRequest);
        let process = |terms: GrantTerms| process(&doc_of(terms));
        let at = |ms| Some(Timestamp::from_millis(ms));
        let others = [
            GrantTerms { scope: ScopeId::from_bytes([8; 16]), ..plain() },
            GrantTerms { starts: at(1_850_000_000_000), ..plain() },
            GrantTerms { expires: None, ..plain() },
            GrantTerms { confidentiality: Some(Confidentiality::Normal), ..plain() },
            GrantTerms { sensitivities: Sensitivities::only(Sensitivity::Hiv), ..plain() },
            GrantTerms { uses: Some(3), ..plain() },
            GrantTerms { data_period: at(0).zip(at(86_400_000)), ..plain() },
            GrantTerms { recipient: Recipient::new(RecipientKind::Organization, "eu-llm").unwrap(), ..plain() },
        ];
        for other in others {
            assert_ne!(process(other), process(plain()));
        }
    }

    #[test]
    fn without_a_controller_no_conformance_is_claimed() {
        let now = Timestamp::from_millis(0);
        for parties in [Parties::default(), Parties { contact: String::new(), ..parties() }] {
            for text in [
                record(&doc(Purpose::PatientRequest), &given(), &parties, now).unwrap(),
                receipt(&doc(Purpose::PatientRequest), &given(), &parties, now).unwrap(),
            ] {
                assert!(!text.contains("conformsTo") && !text.contains("Controller"), "{text}");
            }
        }
    }

    #[test]
    fn ends_are_events() {
        let after = Timestamp::from_millis(1_900_000_020_000);
        let v: Value =
            serde_json::from_str(&record(&doc(Purpose::Research), &given(), &parties(), after).unwrap()).unwrap();
        assert_eq!(v["dpv:hasConsentStatus"][1]["@type"], "dpv:ConsentExpired");
        let withdrawn =
            Happened { withdrawn: Some((Timestamp::from_millis(1_850_000_000_000), "log".into(), 9)), ..given() };
        let v: Value =
            serde_json::from_str(&receipt(&doc(Purpose::Research), &withdrawn, &parties(), after).unwrap()).unwrap();
        let status = &v["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"];
        assert_eq!((&status[1]["@type"], status.as_array().unwrap().len()), (&json!("dpv:ConsentWithdrawn"), 2));
        assert_eq!(status[1]["dct:source"]["hs:entry"], 9);
    }

    #[test]
    fn only_a_training_consent_does_not_prohibit_training() {
        let now = Timestamp::from_millis(0);
        for p in Purpose::ALL {
            let text = record(&doc(*p), &given(), &parties(), now).unwrap();
            assert_eq!(text.contains("odrl:prohibition"), *p != Purpose::MlTraining, "{}", p.code());
        }
    }
}

//! Reading consents: ours and nobody else's.

use super::*;
use crate::error::ErrorCode;
use crate::id::{GrantId, Identity, ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::lang::Lang;
use crate::record::Category;
use proptest::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

fn meta() -> ConsentMeta {
    ConsentMeta {
        series: GrantId::from_bytes([0xa1; 16]),
        version: 1,
        status: ConsentStatus::Active,
        subject: Identity::from_bytes([0xb2; 16]),
        given: Timestamp::from_millis(1_790_000_000_123),
        updated: Timestamp::from_millis(1_790_000_000_123),
        notice: [0xc3; 32],
        lang: Lang::Fr,
    }
}

fn full() -> GrantTerms {
    let who = Recipient::new(RecipientKind::Organization, "Clinique ‹ Été › '\\ 🏥").unwrap();
    GrantTerms {
        starts: Some(Timestamp::from_millis(1_790_000_040_000)),
        expires: Some(Timestamp::from_millis(1_800_000_000_000)),
        data_period: Some((Timestamp::from_millis(0), Timestamp::from_millis(60_000))),
        confidentiality: Some(Confidentiality::Normal),
        sensitivities: Sensitivities::only(Sensitivity::Psychiatry).union(Sensitivities::only(Sensitivity::Hiv)),
        uses: Some(3),
        obligations: Obligations::HEALTH.union(Obligations::DEIDENTIFY),
        ..GrantTerms::new(Purpose::PatientRequest, ScopeId::from_bytes([0xd4; 16]), Category::ALL, who)
    }
}

fn plain() -> GrantTerms {
    let who = Recipient::model("eu-llm").unwrap();
    let what = [Category::Medications, Category::Laboratory];
    GrantTerms::new(Purpose::PatientRequest, ScopeId::from_bytes([0xd4; 16]), &what, who)
}

fn bytes(terms: GrantTerms) -> Vec<u8> {
    to_fhir(&GrantSpec::new(terms).unwrap(), &meta()).unwrap()
}

fn readable(value: &Value) -> bool {
    from_fhir(&serde_json::to_vec(value).unwrap()).is_ok()
}

#[test]
fn the_bytes_are_fixed() {
    let text = String::from_utf8(bytes(plain())).unwrap();
    let head = "{\"resourceType\":\"Consent\",\"id\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\",\"meta\":{\"versionId\":\"1\",\
        \"lastUpdated\":\"2026-09-21T14:13:20.123Z\",\"profile\":[\
        \"https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced\"]},\"language\":\"fr\",";
    assert!(text.starts_with(head), "{text}");
    let class = "\"class\":[{\"system\":\"https://healthspace.invalid/fhir/CodeSystem/category\",\"code\":\"laboratory\"},\
        {\"system\":\"https://healthspace.invalid/fhir/CodeSystem/category\",\"code\":\"medications\"}]";
    assert!(text.contains(class), "{text}");
    assert_eq!(bytes(plain()), text.as_bytes());
}

/// What the profile forbids (IHE PCF 1.1, FoundationConsent): nesting below the first level, and
/// `action`, `class`, `code` at the root.
#[test]
fn the_shape_is_that_of_the_profile() {
    for terms in [plain(), full()] {
        let v: Value = serde_json::from_slice(&bytes(terms)).unwrap();
        let root = &v["provision"];
        assert!(["action", "class", "code"].iter().all(|k| root.get(k).is_none()));
        assert_eq!(root["provision"].as_array().unwrap().len(), 1);
        assert!(root["provision"][0].get("provision").is_none());
        assert_eq!((root["type"].as_str(), root["purpose"][0]["code"].as_str()), (Some("deny"), Some("MLTRAINING")));
        assert_eq!(root["actor"][0]["role"]["coding"][0]["code"], "IRCP");
        for required in ["status", "scope", "category", "patient", "dateTime", "performer", "organization"] {
            assert!(v.get(required).is_some());
        }
        assert!(v["policy"][0]["uri"].is_string() && v["sourceReference"].is_object());
    }
}

#[test]
fn it_reads_what_it_wrote_in_any_layout() {
    for terms in [plain(), full()] {
        let written = bytes(terms);
        let doc = from_fhir(&written).unwrap();
        assert_eq!((to_fhir(&doc.spec, &doc.meta).unwrap(), &doc.meta), (written.clone(), &meta()));
        let v: Value = serde_json::from_slice(&written).unwrap();
        // Sorted members, indented.
        assert_eq!(from_fhir(&serde_json::to_vec_pretty(&v).unwrap()).unwrap(), doc);
    }
}

/// Every object of the tree in turn: an unknown member, a null, a missing or doubled member.
#[test]
fn an_element_that_is_not_ours_makes_it_unreadable() {
    fn pointers(v: &Value, at: &str, out: &mut Vec<String>) {
        out.push(at.to_owned());
        match v {
            Value::Object(map) => map.iter().for_each(|(k, v)| pointers(v, &format!("{at}/{k}"), out)),
            Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| pointers(v, &format!("{at}/{i}"), out)),
            _ => {}
        }
    }
    let whole: Value = serde_json::from_slice(&bytes(full())).unwrap();
    let mut all = Vec::new();
    pointers(&whole, "", &mut all);
    let mut tried = 0;
    for pointer in &all {
        for (add, what) in [("modifierExtension", "[]"), ("extension", "[]"), ("_x", "null"), ("text", "{}")] {
            let mut v = whole.clone();
            match v.pointer_mut(pointer).unwrap() {
                Value::Object(map) if !map.contains_key(add) => {
                    map.insert(add.to_owned(), serde_json::from_str(what).unwrap());
                }
                _ => continue,
            }
            assert!(!readable(&v), "{pointer} {add}");
            tried += 1;
        }
        for put in ["null", "[]", "{}", "\"x\"", "\"\"", "7", "-1", "1.5", "true"] {
            let mut v = whole.clone();
            *v.pointer_mut(pointer).unwrap() = serde_json::from_str(put).unwrap();
            // A recipient's name may be any text, but it stands there twice; 7 uses are as good as 3.
            assert!(!readable(&v) || (put == "7" && pointer.ends_with("valuePositiveInt")), "{pointer} {put}");
            tried += 1;
        }
        let mut v = whole.clone();
        if let Some(Value::Array(list)) = v.pointer_mut(pointer) {
            list.push(list[0].clone());
            assert!(!readable(&v), "{pointer} twice");
            tried += 1;
        }
    }
    let text = String::from_utf8(bytes(full())).unwrap();
    for doubled in ["\"status\":\"active\"", "\"type\":\"permit\"", "\"type\":\"deny\""] {
        assert!(text.contains(doubled));
        assert!(from_fhir(text.replace(doubled, &format!("{doubled},{doubled}")).as_bytes()).is_err());
    }
    println!("{tried} changes, none readable");
}

#[test]
fn terms_are_checked() {
    let bad = |t: GrantTerms| GrantSpec::new(t).unwrap_err().code() == ErrorCode::Malformed;
    let at = |ms| Some(Timestamp::from_millis(ms));
    assert!(bad(GrantTerms { categories: vec![], ..plain() }));
    assert!(bad(GrantTerms { uses: Some(0), ..plain() }));
    assert!(bad(GrantTerms { starts: at(60_000), expires: at(60_000), ..plain() }));
    assert!(bad(GrantTerms { expires: at(i64::MAX), ..plain() }));
    assert!(bad(GrantTerms { expires: at(i64::MIN), ..plain() }));
    let period = (Timestamp::from_millis(60_001), Timestamp::from_millis(119_999));
    assert!(bad(GrantTerms { data_period: Some(period), ..plain() }), "empty once cut to minutes");
    assert!(bad(GrantTerms { sensitivities: Sensitivities::ALL, ..plain() }));
    assert!(bad(GrantTerms { obligations: Obligations::NONE, ..plain() }), "training must be forbidden");
    assert!(bad(GrantTerms { obligations: Obligations::from_bits(u32::MAX), ..plain() }));
    assert!(bad(GrantTerms { purpose: Purpose::MlTraining, ..plain() }));
    let twice = GrantTerms { categories: [plain().categories, plain().categories].concat(), ..plain() };
    assert_eq!(GrantSpec::new(twice).unwrap().terms().categories, [Category::Laboratory, Category::Medications]);

    for name in ["", " a", "a ", "a\nb", "a\u{202e}b", "\u{200b}", "\u{feff}a", &"x".repeat(201), &"x".repeat(1 << 20)]
    {
        assert!(Recipient::app(name).is_err());
    }
    // Nor what a notice would read as its own words, or what is not seen.
    for bad in "“”„‟«»\"＂\u{34f}\u{115f}\u{17b4}\u{180b}\u{2800}\u{3164}\u{fe0f}\u{ffa0}\u{fff0}\u{e0fff}".chars()
    {
        assert!(Recipient::app(&format!("eu-llm{bad}x")).is_err(), "{bad:?}");
    }
    assert!(Recipient::app(&"x".repeat(200)).is_ok());
    assert!(Recipient::app(&"é".repeat(128)).is_ok() && Recipient::app(&"é".repeat(129)).is_err());
    assert_eq!(Recipient::app("e\u{301}").unwrap().name(), "é");
    assert_eq!(format!("{:?}", Recipient::app("secret").unwrap()), "Recipient(app, ..)");
}

#[test]
fn withdrawal_is_the_next_version_and_never_fails_for_a_readable_consent() {
    let doc = from_fhir(&bytes(full())).unwrap();
    let now = Timestamp::from_millis(1_795_000_000_000);
    let gone = from_fhir(&withdraw(&doc, now).unwrap()).unwrap();
    assert_eq!((gone.meta.version, gone.meta.status, gone.meta.updated), (2, ConsentStatus::Inactive, now));
    for clock in [i64::MIN, i64::MAX, 0] {
        assert!(from_fhir(&withdraw(&doc, Timestamp::from_millis(clock)).unwrap()).is_ok());
    }
    assert_eq!((gone.spec, gone.meta.given, gone.meta.notice), (doc.spec, doc.meta.given, doc.meta.notice));
}

#[test]
fn versions_in_any_order_give_one_state() {
    let now = Timestamp::from_millis(1_795_000_000_000);
    let read = |b: &[u8]| {
        let doc = from_fhir(b).unwrap();
        (doc.meta.series, doc.meta.version, Kept::Read { doc: Box::new(doc), used: 0, notice_logged: true })
    };
    let first = bytes(plain());
    let second = withdraw(&from_fhir(&first).unwrap(), now).unwrap();
    let third = to_fhir(&GrantSpec::new(full()).unwrap(), &ConsentMeta { version: 3, ..meta() }).unwrap();
    let mut list = [read(&first), read(&second), read(&third), read(&third)];
    let mut seen = Vec::new();
    for _ in 0..list.len() {
        list.rotate_left(1);
        let mut state = ConsentState::default();
        list.iter().cloned().for_each(|(s, v, k)| state.add(s, v, k));
        seen.push((state.standing(meta().series, now), state.rules_at(now)));
    }
    assert!(seen.iter().all(|s| *s == seen[0]) && seen[0].0 == Some(Standing::InForce));

    // Two texts of one version, or a text in another's row, are unusable.
    let other = to_fhir(&GrantSpec::new(full()).unwrap(), &meta()).unwrap();
    let mut state = ConsentState::default();
    for (s, v, k) in [read(&first), read(&other)] {
        state.add(s, v, k);
    }
    assert_eq!(state.standing(meta().series, now), Some(Standing::Unusable));
    let mut state = ConsentState::default();
    let (_, v, k) = read(&first);
    state.add(GrantId::from_bytes([1; 16]), v, k);
    assert_eq!(state.standing(GrantId::from_bytes([1; 16]), now), Some(Standing::Unusable));
}

fn shared() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let at = std::env::var_os("HEALTHSPACE_SHARED").map_or(beside, PathBuf::from);
    at.is_dir().then_some(at)
}

/// The Consents of IHE PCF and of "Consent about AI" are not grants of ours.
#[test]
fn other_consents_are_no_grants_of_ours() {
    let Some(shared) = shared() else {
        println!("SKIPPED: shared data not found");
        return;
    };
    let dir = shared.join("vectors/consent");
    let pcf: Value = serde_json::from_slice(&std::fs::read(dir.join("pcf_consents.json")).unwrap()).unwrap();
    let mut all: Vec<Vec<u8>> = pcf.as_object().unwrap().values().map(|v| serde_json::to_vec(v).unwrap()).collect();
    for entry in std::fs::read_dir(dir.join("moehrke-ai-consent/docs")).unwrap() {
        all.push(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for bytes in &all {
        assert!(matches!(from_fhir(bytes), Err(crate::Error::Malformed(crate::Malformed::Consent))));
    }
    assert!(all.len() >= 30);
}

fn json() -> impl Strategy<Value = Value> {
    let words = proptest::sample::select(vec![
        "resourceType",
        "Consent",
        "provision",
        "type",
        "permit",
        "deny",
        "status",
        "active",
        "meta",
        "actor",
        "class",
        "purpose",
        "identifier",
        "system",
        "code",
        "id",
        "urn:uuid:",
        "9999-99-99",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|list| { Value::Object(list.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()) }),
        ]
    })
}

/// 100,000 cases or what `HEALTHSPACE_CASES` says, divided for the one that takes long.
fn config(divided_by: u32) -> ProptestConfig {
    let cases: u32 =
        std::env::var("HEALTHSPACE_CASES").ok().and_then(|s| s.parse().ok()).unwrap_or(100_000) / divided_by;
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn reading_arbitrary_bytes_never_panics(b in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(from_fhir(&b).is_err());
    }

    #[test]
    fn reading_arbitrary_json_never_panics_and_never_permits(v in json()) {
        prop_assert!(!readable(&v));
    }

}

proptest! {
    #![proptest_config(config(4))]

    /// Grafts arbitrary JSON onto ours: what can still be read is what we would have written.
    #[test]
    fn a_graft_is_refused_or_harmless(v in json(), at in any::<proptest::sample::Index>(), flip in any::<u8>()) {
        let ours = bytes(full());
        let mut whole: Value = serde_json::from_slice(&ours).unwrap();
        let keys: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
        whole[at.get(&keys)] = v;
        let whole = serde_json::to_vec(&whole).unwrap();
        let mut bent = ours.clone();
        let i = at.index(bent.len());
        bent[i] ^= flip;
        for text in [whole, bent] {
            if let Ok(doc) = from_fhir(&text) {
                let again: Value = serde_json::from_slice(&to_fhir(&doc.spec, &doc.meta).unwrap()).unwrap();
                prop_assert_eq!(again, serde_json::from_slice::<Value>(&text).unwrap());
            }
        }
    }
}

#[test]
fn deep_and_large_inputs_are_refused() {
    assert!(from_fhir("[".repeat(60_000).as_bytes()).is_err());
    assert!(from_fhir("{\"provision\":".repeat(4_000).as_bytes()).is_err());
    let mut padded = bytes(plain());
    padded.extend(vec![b' '; 70_000]);
    assert!(from_fhir(&padded).is_err());
}

//! What is read and what is not, element by element.

use super::super::rule::{Action, Effect};
use super::*;
use crate::label::{Obligations, Purpose, Sensitivities, Sensitivity};
use serde_json::{Value, json};

const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";

fn r4(root: Value) -> Value {
    json!({
        "resourceType": "Consent",
        "id": "1",
        "status": "active",
        "scope": { "coding": [{ "system": SCOPE, "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "patient": { "reference": "Patient/p" },
        "provision": root,
    })
}

fn r5() -> Value {
    json!({
        "resourceType": "Consent",
        "id": "1",
        "status": "active",
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "subject": { "reference": "Patient/p" },
        "date": "2026-01-01",
        "period": { "start": "2026", "end": "2026-06" },
        "grantor": [{ "reference": "Patient/p" }],
        "decision": "deny",
        "provision": [{
            "purpose": [{ "system": REASON, "code": "TREAT" }],
            "resourceType": [{ "system": "http://hl7.org/fhir/resource-types", "code": "Observation" }],
            "provision": [{ "code": [{ "coding": [{ "system": "http://loinc.org", "code": "1" }] }] }],
        }],
    })
}

fn treat() -> Value {
    json!({ "type": "permit", "purpose": [{ "system": REASON, "code": "TREAT" }] })
}

fn of(v: &Value) -> ReadConsent {
    read_consent(&serde_json::to_vec(v).unwrap(), 0)
}

fn with(mut v: Value, name: &str, value: Value) -> Value {
    v.as_object_mut().unwrap().insert(name.to_owned(), value);
    v
}

fn without(mut v: Value, name: &str) -> Value {
    v.as_object_mut().unwrap().remove(name);
    v
}

/// `(permits, denies, void permits)`
fn counts(c: &ReadConsent) -> (usize, usize, usize) {
    let of = |e| c.rules.iter().filter(|r| r.effect == e).count();
    (of(Effect::Permit), of(Effect::Deny), c.void)
}

#[test]
fn only_an_active_status_counts_and_an_unknown_one_cannot_be_read() {
    for (status, reads) in [
        ("active", Reads::Active),
        ("draft", Reads::Inactive),
        ("proposed", Reads::Inactive),
        ("rejected", Reads::Inactive),
        ("inactive", Reads::Inactive),
        ("entered-in-error", Reads::Inactive),
        ("not-done", Reads::Unusable),
        ("Active", Reads::Unusable),
        ("unknown", Reads::Unusable),
    ] {
        assert_eq!(of(&with(r4(treat()), "status", status.into())).reads(), reads, "{status}");
    }
    assert_eq!(of(&with(r5(), "status", "not-done".into())).reads(), Reads::Inactive);
    assert_eq!(of(&with(r5(), "status", "unknown".into())).reads(), Reads::Unusable);
    // Withdrawn, it need not say what it once permitted.
    assert_eq!(of(&with(without(r4(treat()), "provision"), "status", "inactive".into())).reads(), Reads::Inactive);
}

#[test]
fn r_not_understood_or_no_root_makes_it_unusable() {
    let good = r4(treat());
    assert_eq!((of(&good).reads(), counts(&of(&good))), (Reads::Active, (1, 0, 0)));
    for bad in [
        with(good.clone(), "modifierExtension", json!([{ "url": "http://example.org/x", "valueBoolean": false }])),
        with(good.clone(), "modifierExtension", json!([])),
        with(good.clone(), "implicitRules", "http://example.org/x".into()),
        with(good.clone(), "resourceType", "Contract".into()),
        with(good.clone(), "meta", json!({ "tag": [{ "code": "SUBSETTED" }] })),
        with(good.clone(), "meta", json!({ "tag": { "code": "SUBSETTED" } })),
        with(good.clone(), "meta", json!([{ "tag": [{ "code": "SUBSETTED" }] }])),
        with(good.clone(), "meta", json!({ "security": [{ "system": "x", "code": "R" }, { "code": "SUBSETTED" }] })),
        with(good.clone(), "identifier", json!({ "value": "not a list" })),
        with(good.clone(), "provision", json!([treat()])),
        with(good.clone(), "provision", json!({})),
        without(good.clone(), "provision"),
        without(good.clone(), "status"),
        r4(json!({ "purpose": [{ "system": REASON, "code": "TREAT" }] })),
        r4(json!({ "type": "allow" })),
        r4(json!({ "type": "permit", "provision": [] })),
        r4(json!({ "type": "permit", "provision": treat() })),
        without(r5(), "decision"),
        with(r5(), "decision", "allow".into()),
        with(r5(), "provision", json!({ "purpose": [] })),
    ] {
        let c = of(&bad);
        assert_eq!((c.reads(), c.rules(1, 0, true)), (Reads::Unusable, vec![Rule::unusable(c.series(), 1)]), "{bad}");
    }
    for text in ["", "{", "null", "[]", "{\"resourceType\":\"Consent\",\"status\":\"active\",\"status\":\"active\"}"] {
        assert_eq!(read_consent(text.as_bytes(), 0).reads(), Reads::Unusable);
    }
    let doubled =
        serde_json::to_string(&good).unwrap().replace("\"type\":\"permit\"", "\"type\":\"deny\",\"type\":\"permit\"");
    assert_eq!(read_consent(doubled.as_bytes(), 0).reads(), Reads::Unusable);
    // An object that the parser would take for a number; a text that says its name is only a text.
    for (more, reads) in [
        (r#""extension":[{"$serde_json::private::Number":"zz"}]"#, Reads::Unusable),
        (r#""extension":[{"\u0024serde_json::private::Number":"1"}]"#, Reads::Unusable),
        (r#""extension":[{"url":"$serde_json::private::Number"}]"#, Reads::Active),
    ] {
        let text = serde_json::to_string(&good).unwrap().replacen('{', &format!("{{{more},"), 1);
        let c = read_consent(text.as_bytes(), 0);
        assert_eq!((c.reads(), c.series()), (reads, of(&good).series()), "{more}");
    }
}

#[test]
fn r_not_understood_is_no_tree_that_is_only_deep() {
    let nest =
        |n: usize| (0..n).fold(json!({ "type": "permit" }), |inner, _| json!({ "type": "deny", "provision": [inner] }));
    let c = of(&r4(nest(32)));
    assert_eq!((c.reads(), counts(&c)), (Reads::Active, (1, 32, 0)));
    assert!(c.rules[32].place.is_inside(c.rules[0].place));
    for n in [33, 60, 100] {
        assert_eq!(of(&r4(nest(n))).reads(), Reads::Unusable, "{n}");
    }
    let wide = json!({ "type": "deny", "provision": vec![treat(); 1000] });
    assert_eq!(of(&r4(wide)).reads(), Reads::Unusable);
    // Deeper than a parser goes: still the same series.
    let deep = "{\"provision\":[".repeat(5000) + &"]}".repeat(5000);
    let text = format!(
        "{{\"resourceType\":\"Consent\",\"id\":\"1\",\"patient\":{{\"reference\":\"Patient/p\"}},\"provision\":{deep}}}"
    );
    let c = read_consent(text.as_bytes(), 0);
    assert_eq!((c.reads(), c.series()), (Reads::Unusable, of(&r4(treat())).series()));
}

#[test]
fn r_not_understood_voids_a_permit_and_widens_a_deny() {
    let coded = |system: &str, code: &str| json!([{ "system": system, "code": code }]);
    let conditions = [
        ("purpose", json!([])),
        ("purpose", json!([{ "display": "words" }])),
        ("securityLabel", coded("http://example.org/labels", "X")),
        ("securityLabel", coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "NOSUCH")),
        ("securityLabel", json!([{ "code": "R" }])),
        ("action", json!([{ "coding": coded("http://example.org/actions", "x") }])),
        ("action", json!([{ "text": "look" }])),
        ("class", coded("urn:ietf:bcp:13", "application/pdf")),
        ("code", json!([{ "text": "cholesterol" }])),
        ("actor", json!([{ "role": { "text": "doctor" } }])),
        ("actor", json!([{ "reference": { "display": "Dr A" } }])),
        ("actor", json!([{ "reference": { "reference": "#contained" } }])),
        ("actor", json!([{ "reference": { "reference": "Group/1" }, "modifierExtension": [{ "url": "x" }] }])),
        ("data", json!([{ "meaning": "beside", "reference": { "reference": "Observation/1" } }])),
        ("data", json!([{ "reference": { "reference": "Observation/1" } }])),
        ("period", json!({ "start": "yesterday" })),
        ("period", json!({ "start": "2026-02", "end": "2026-01" })),
        ("dataPeriod", json!({})),
        ("dataPeriod", json!({ "start": "2026", "_end": { "extension": [] } })),
        ("_type", json!({ "extension": [{ "url": "x" }] })),
        ("modifierExtension", json!([{ "url": "http://example.org/only-on-sundays", "valueBoolean": true }])),
    ];
    for (name, value) in conditions {
        let permit = of(&r4(with(treat(), name, value.clone())));
        let expect = if name == "_type" { (1, 0, 0) } else { (0, 0, 1) };
        assert_eq!((permit.reads(), counts(&permit)), (Reads::Active, expect), "{name} {value}");
        let deny = of(&r4(with(json!({ "type": "deny" }), name, value.clone())));
        let any = of(&r4(json!({ "type": "deny" })));
        assert_eq!(deny.rules, any.rules, "{name} {value}");
    }
    // A child inherits what is not understood, unless it states its own.
    let inner = json!({ "type": "permit", "provision": [treat(), { "type": "permit" }], "purpose": [] });
    assert_eq!(counts(&of(&r4(inner))), (1, 0, 2));
    // Elements that R5 has and that are not read: conditions, so a permit is void and a deny wider.
    for name in ["documentType", "expression"] {
        let provisions = json!([with(json!({ "id": "x" }), name, json!({ "language": "text/cql" }))]);
        assert_eq!(counts(&of(&with(r5(), "provision", provisions.clone()))), (0, 1, 1), "{name}");
        let deny = of(&with(with(r5(), "decision", "permit".into()), "provision", provisions));
        assert_eq!(counts(&deny), (1, 1, 0), "{name}");
        assert_eq!(deny.rules[1].covers, crate::consent::Covers::ANY, "{name}");
    }
}

/// A permit inside a permit speaks in its place where it matches. Where it is void nobody knows what
/// it would have asked for, so what it limits is void too; a refusal stands.
#[test]
fn a_void_permit_voids_the_permits_around_it() {
    let limit = json!([{ "url": "http://example.org/only-on-sundays", "valueBoolean": true }]);
    let void = with(treat(), "modifierExtension", limit);
    let around = |effect: &str, inner: Value| json!({ "type": effect, "provision": [inner] });
    for (tree, expect) in [
        (around("permit", void.clone()), (0, 0, 2)),
        (around("permit", around("permit", void.clone())), (0, 0, 3)),
        (around("permit", around("deny", void.clone())), (0, 1, 2)),
        (around("deny", around("permit", void.clone())), (0, 1, 2)),
        (around("deny", void.clone()), (0, 1, 1)),
        // Another branch keeps what it says.
        (json!({ "type": "deny", "provision": [around("permit", void.clone()), treat()] }), (1, 1, 2)),
    ] {
        let c = of(&r4(tree.clone()));
        assert_eq!((c.reads(), counts(&c)), (Reads::Active, expect), "{tree}");
        assert!(c.rules.iter().zip(0..).all(|(r, n)| r.place.at >= n && r.place.last >= r.place.at), "{tree}");
    }
    // The same in R5, where provisions are exceptions: the permit is two levels below.
    let exceptions = json!([{ "id": "x", "provision": [{ "expression": {} }] }]);
    let c = of(&with(with(r5(), "decision", "permit".into()), "provision", exceptions));
    assert_eq!(counts(&c), (0, 1, 2));
}

/// A refusal may stand in it, and nobody can tell which.
#[test]
fn a_member_that_fhir_does_not_have_makes_the_whole_unusable() {
    let hidden = json!([{ "type": "deny" }]);
    let inner = |name: &str| json!({ "type": "permit", "provision": [with(treat(), name, hidden.clone())] });
    for name in ["provisionX", "except", "resourceType", "expression", "_provisionX", "_code"] {
        for bad in [
            r4(with(treat(), name, hidden.clone())),
            r4(inner(name)),
            r4(with(json!({ "type": "deny" }), name, hidden.clone())),
            with(r5(), "provision", json!([with(json!({ "id": "x" }), &format!("{name}X"), hidden.clone())])),
        ] {
            assert_eq!(of(&bad).reads(), Reads::Unusable, "{bad}");
        }
    }
    for name in ["condition", "except", "provisionX", "_status2"] {
        for bad in [with(r4(treat()), name, hidden.clone()), with(r5(), name, hidden.clone())] {
            assert_eq!(of(&bad).reads(), Reads::Unusable, "{bad}");
        }
    }
}

#[test]
fn r_not_understood_around_the_provisions_voids_every_permit() {
    let tree = json!({ "type": "deny", "provision": [treat()] });
    for bad in [
        with(r4(tree.clone()), "scope", json!({ "coding": [{ "system": SCOPE, "code": "treatment" }] })),
        without(r4(tree.clone()), "scope"),
        with(r4(tree.clone()), "_dateTime", json!({ "extension": [{ "url": "x", "valueCode": "unknown" }] })),
        with(r4(tree.clone()), "verification", json!([{ "verified": false }])),
        with(r4(tree.clone()), "verification", json!([])),
        with(r4(tree.clone()), "verification", json!([{ "verified": true }, { "verified": false }])),
        with(
            r4(tree.clone()),
            "verification",
            json!([
                { "verified": true, "verificationDate": "2025-01-01" },
                { "verified": false, "verificationDate": "2025-02-01" }
            ]),
        ),
        with(r4(tree.clone()), "verification", json!([{ "verified": true, "modifierExtension": [{ "url": "x" }] }])),
        with(r4(tree.clone()), "policy", json!([{ "uri": "x", "modifierExtension": [{ "url": "x" }] }])),
    ] {
        assert_eq!(counts(&of(&bad)), (0, 1, 1), "{bad}");
    }
    for good in [
        with(r4(tree.clone()), "verification", json!([{ "verified": true }])),
        with(
            r4(tree.clone()),
            "verification",
            json!([
                { "verified": false, "verificationDate": "2025-01-01" },
                { "verified": true, "verificationDate": "2025-02-01" }
            ]),
        ),
        with(r4(tree.clone()), "_status", json!({ "id": "a" })),
        with(r4(tree), "extension", json!([{ "url": "x", "valueCode": "y" }])),
    ] {
        assert_eq!(counts(&of(&good)), (1, 1, 0), "{good}");
    }
    assert_eq!(counts(&of(&with(r5(), "category", json!([{ "text": "resuscitation" }])))).2, 1);
    assert_eq!(counts(&of(&with(r5(), "period", json!({ "end": "never" })))).2, 1);
}

#[test]
fn d3_each_dimension_is_the_nodes_own_or_that_of_the_nearest_around_it() {
    let purpose =
        |code: &str| json!([{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code }]);
    let actor = |n: u8| json!([{ "reference": { "reference": format!("Practitioner/{n}") } }]);
    let labels = json!([{ "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N" }]);
    let read = |stated: bool| {
        let mut inner = json!({ "type": "permit", "purpose": purpose("HRESCH") });
        let mut middle = json!({ "type": "deny", "actor": actor(2) });
        if stated {
            (inner["actor"], inner["securityLabel"]) = (actor(2), labels.clone());
            (middle["purpose"], middle["securityLabel"]) = (purpose("TREAT"), labels.clone());
        }
        middle["provision"] = json!([inner]);
        let root = json!({
            "type": "permit", "purpose": purpose("TREAT"), "actor": actor(1), "securityLabel": labels, "provision": [middle],
        });
        of(&r4(root))
    };
    let (inherited, stated) = (read(false), read(true));
    assert_eq!(inherited.rules.len(), 3);
    for (a, b) in inherited.rules.iter().zip(&stated.rules) {
        assert!(a.applies == b.applies && a.covers == b.covers);
    }
    let differ = |a: usize, b: usize| inherited.rules[a].applies != inherited.rules[b].applies;
    assert!(differ(0, 1) && differ(1, 2) && differ(0, 2), "its own takes the place of what is around it");
    let effects: Vec<_> = inherited.rules.iter().map(|r| r.effect).collect();
    assert_eq!(effects, [Effect::Permit, Effect::Deny, Effect::Permit], "a type is never inherited");
}

#[test]
fn d3_without_a_type_r5_decides_at_the_root_and_reverses_below() {
    let c = of(&r5());
    assert_eq!((c.reads(), counts(&c)), (Reads::Active, (1, 2, 0)));
    let effects: Vec<_> = c.rules.iter().map(|r| (r.effect, r.place.depth)).collect();
    assert_eq!(effects, [(Effect::Deny, 0), (Effect::Permit, 1), (Effect::Deny, 2)]);
    let day = |t: &str| crate::record::When::parse_fhir(t).map(|w| Timestamp::from_millis(w.at));
    let v = c.rules[2].applies.validity;
    assert_eq!((v.start, v.end), (day("2026-01-01"), day("2026-07-01")), "partial dates are whole intervals");
    assert_eq!(c.rules[2].covers.detail.as_ref().unwrap().types.as_ref().unwrap().names, ["Observation"]);
    // The words of R4 are not those of R5, and the other way round.
    let old = with(
        json!({ "type": "permit" }),
        "resourceType",
        json!([{ "system": "http://hl7.org/fhir/resource-types", "code": "Observation" }]),
    );
    assert_eq!(of(&r4(old)).reads(), Reads::Unusable);
}

#[test]
fn r_labels_and_limits_are_conditions_or_obligations() {
    let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    let label = |code: &str| json!({ "system": act, "code": code });
    let c = of(&r4(with(treat(), "securityLabel", json!([label("PSY"), label("NOREUSE"), label("MASK")]))));
    assert_eq!(c.rules[0].obligations, Obligations::NO_REUSE.union(Obligations::MASK));
    let test = c.rules[0].covers.labels.unwrap();
    assert!(test.permits(Sensitivities::only(Sensitivity::Psychiatry), crate::label::Confidentiality::Restricted));
    let only = of(&r4(with(treat(), "securityLabel", json!([label("DEID")]))));
    assert_eq!((only.rules[0].covers.labels, only.rules[0].obligations), (None, Obligations::DEIDENTIFY));

    let url = "http://hl7.org/fhir/StructureDefinition/consent-provision-limit";
    let limit =
        |controls: Value| r4(with(treat(), "modifierExtension", json!([{ "url": url, "extension": controls }])));
    let control = |code: &str| json!({ "url": "control", "valueCodeableConcept": { "coding": [label(code)] } });
    let c = of(&limit(json!([control("DEID"), control("DELAU")])));
    assert_eq!(c.rules[0].obligations, Obligations::DEIDENTIFY.union(Obligations::DELETE_AFTER_USE));
    for bad in [
        json!([control("ENCRYPT")]),
        json!([]),
        json!([{ "url": "control", "valueCodeableConcept": { "text": "carefully" } }]),
        json!([{ "url": "other", "valueCodeableConcept": { "coding": [label("DEID")] } }]),
        json!([with(control("DEID"), "extension", json!([{ "url": "x" }]))]),
    ] {
        assert_eq!(counts(&of(&limit(bad))), (0, 0, 1));
    }
}

#[test]
fn r_deepest_match_obligations_and_periods_of_a_parent_hold_for_its_children() {
    let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    let tree = json!({
        "type": "permit",
        "securityLabel": [{ "system": act, "code": "DEID" }],
        "period": { "start": "2026-01-01", "end": "2026-12-31" },
        "provision": [
            { "type": "permit", "securityLabel": [{ "system": act, "code": "DELAU" }], "period": { "start": "2025", "end": "2026-03-01" } },
        ],
    });
    let c = of(&r4(tree));
    let (outer, inner) = (&c.rules[0], &c.rules[1]);
    assert_eq!(inner.obligations, outer.obligations.union(Obligations::DELETE_AFTER_USE));
    assert_eq!(inner.applies.validity.start, outer.applies.validity.start);
    assert!(inner.applies.validity.end < outer.applies.validity.end);
}

#[test]
fn r_actions_are_read_narrowly_for_a_permit_and_widely_for_a_deny() {
    let system = "http://terminology.hl7.org/CodeSystem/consentaction";
    let actions = |effect: &str, code: &str| {
        let action = json!([{ "coding": [{ "system": system, "code": code }] }]);
        of(&r4(json!({ "type": effect, "action": action }))).rules[0].applies.actions
    };
    assert!(
        actions("permit", "access").contains(Action::Read) && !actions("permit", "access").contains(Action::Ground)
    );
    assert!(actions("permit", "use").contains(Action::Remember) && !actions("permit", "use").contains(Action::Export));
    assert!(
        actions("permit", "disclose").contains(Action::Export) && !actions("permit", "disclose").contains(Action::Read)
    );
    for action in [Action::Read, Action::Ground, Action::Count, Action::Remember, Action::Export] {
        assert!(actions("deny", "access").contains(action) && actions("deny", "disclose").contains(action));
    }
    assert!(
        !actions("permit", "correct").contains(Action::Erase) && actions("deny", "correct").contains(Action::Erase)
    );
}

#[test]
fn r_purpose_is_read_by_its_system_or_without_one() {
    let purposes = |v: Value| of(&r4(json!({ "type": "deny", "purpose": [v] }))).rules[0].applies.clone();
    for system in [None, Some(REASON), Some("http://hl7.org/fhir/v3/ActReason"), Some("urn:oid:2.16.840.1.113883.5.8")]
    {
        let coded = system.map_or(json!({ "code": "TREAT" }), |s| json!({ "system": s, "code": "TREAT" }));
        assert!(purposes(coded).purposes.contains(Purpose::BreakGlass));
    }
    let other = purposes(json!({ "system": "http://example.org", "code": "TREAT" }));
    assert!(!other.purposes.contains(Purpose::Treatment) && other.outside.unwrap().len() == 1);
    // A code of the system that the table does not have may stand above what it has.
    let newer = json!({ "system": REASON, "code": "NOSUCH" });
    assert!(purposes(newer.clone()).purposes.contains(Purpose::Treatment));
    assert_eq!(of(&r4(json!({ "type": "permit", "purpose": [newer] }))).void_permits(), 1);
    let any = purposes(json!({ "system": REASON, "code": "PurposeOfUse" }));
    assert!(any.purposes.contains(Purpose::MlTraining) && any.outside.is_none());
    let permit = of(&r4(json!({ "type": "permit", "purpose": [{ "system": REASON, "code": "PurposeOfUse" }] })));
    assert!(!permit.rules[0].applies.purposes.contains(Purpose::MlTraining));
}

#[test]
fn r_order_a_series_is_its_identifier_or_its_subject_and_id() {
    let id = |v: Value| of(&v).series();
    let base = r4(treat());
    assert_ne!(id(base.clone()), id(with(base.clone(), "id", "2".into())));
    assert_ne!(id(base.clone()), id(with(base.clone(), "patient", json!({ "reference": "Patient/q" }))));
    let named = |list: Value| with(base.clone(), "identifier", list);
    let (a, b) = (json!({ "system": "s", "value": "1" }), json!({ "system": "s", "value": "2" }));
    assert_eq!(id(named(json!([a, b]))), id(with(named(json!([b, a])), "id", "9".into())));
    assert_ne!(id(named(json!([a]))), id(named(json!([b]))));
    assert_eq!(id(named(json!([{ "system": "s" }]))), id(base.clone()));
    let (x, y) = (without(base.clone(), "id"), with(without(base, "id"), "language", "fr".into()));
    assert_ne!(id(x.clone()), id(y));
    assert_eq!(id(x.clone()), id(x));
}

#[test]
fn r_order_of_a_bundle_each_series_counts_once_with_its_last_version() {
    let at = |v: Value, t: &str| with(v, "meta", json!({ "lastUpdated": t }));
    let gone = with(r4(treat()), "status", "inactive".into());
    let bundle = |list: Vec<Value>| {
        let entry: Vec<Value> = list.into_iter().map(|r| json!({ "fullUrl": "urn:x", "resource": r })).collect();
        read_consents(
            &serde_json::to_vec(&json!({ "resourceType": "Bundle", "type": "collection", "entry": entry })).unwrap(),
            0,
        )
    };
    let (old, new) = (at(r4(treat()), "2026-01-01T00:00:00Z"), at(gone.clone(), "2026-02-01T00:00:00Z"));
    for list in
        [vec![old.clone(), new.clone()], vec![new, json!({ "resourceType": "Patient", "id": "p" }), old.clone()]]
    {
        let all = bundle(list).unwrap();
        assert_eq!((all.len(), all[0].reads()), (1, Reads::Inactive));
    }
    let unclear = bundle(vec![r4(treat()), gone]).unwrap();
    assert_eq!((unclear.len(), unclear[0].reads()), (1, Reads::Unusable), "nothing says which is newer");
    // What is filed of them, and read again, is neither one.
    let third = with(r4(json!({ "type": "deny" })), "language", "fr".into());
    let three = bundle(vec![r4(treat()), r4(json!({ "type": "deny" })), third]).unwrap();
    for c in [&unclear[0], &three[0]] {
        assert_eq!(read_consent(c.source(), 0), *c);
        assert!(read_consents(c.source(), 0).unwrap().iter().eq([c]));
    }
    assert_eq!(three[0].source().windows(10).filter(|w| w == b"\"resource\"").count(), 3);
    let twice = bundle(vec![old.clone(), old.clone()]).unwrap();
    assert_eq!((twice.len(), twice[0].reads()), (1, Reads::Active));
    let untyped = bundle(vec![without(old.clone(), "resourceType")]).unwrap();
    assert_eq!((untyped.len(), untyped[0].reads()), (1, Reads::Unusable));
    assert_eq!(twice[0].source(), serde_json::to_vec(&old).unwrap());
    for bad in ["", "[]", "{}", "{\"resourceType\":\"Patient\"}", "{\"resourceType\":\"Bundle\",\"entry\":{}}"] {
        assert!(read_consents(bad.as_bytes(), 0).is_err());
    }
}

/// A modifier, or what FHIR does not have, around a Consent says what nobody reads: nothing is permitted.
#[test]
fn r_not_understood_around_a_consent_in_its_bundle_makes_it_unusable() {
    let modifier = json!([{ "url": "http://example.org/withdrawn", "valueBoolean": true }]);
    let entry = json!({
        "fullUrl": "http://example.org/fhir/Consent/c", "resource": r4(treat()), "search": { "mode": "match", "score": 1 },
        "link": [{ "relation": "self", "url": "x" }], "request": { "method": "PUT", "url": "Consent/c" },
        "response": { "status": "200 OK", "etag": "1" }, "extension": [{ "url": "x", "valueCode": "y" }]
    });
    let bundle = json!({
        "resourceType": "Bundle", "id": "b", "type": "collection", "timestamp": "2026-01-01T00:00:00Z", "total": 1,
        "identifier": { "system": "x", "value": "y" }, "link": [{ "relation": "self", "url": "x" }],
        "meta": { "lastUpdated": "2026-01-01T00:00:00Z", "tag": [{ "code": "x" }] }, "entry": [entry]
    });
    let read = |b: &Value| read_consents(&serde_json::to_vec(b).unwrap(), 0).unwrap().remove(0);
    assert_eq!(read(&bundle).reads(), Reads::Active);
    let around = |name: &str, value: Value| with(bundle.clone(), name, value);
    let of_entry = |name: &str, value: Value| {
        let mut b = bundle.clone();
        b["entry"][0][name] = value;
        b
    };
    let deny = r4(json!({ "type": "deny" }));
    for bad in [
        around("modifierExtension", modifier.clone()),
        around("implicitRules", "http://example.org/x".into()),
        around("entries", json!([{ "resource": deny }])),
        around("provision", json!({ "type": "deny" })),
        around("link", json!([{ "relation": "self", "url": "x", "modifierExtension": modifier }])),
        around("meta", json!({ "tag": [{ "code": "SUBSETTED" }] })),
        around("signature", json!({ "who": { "modifierExtension": modifier } })),
        of_entry("modifierExtension", modifier.clone()),
        of_entry("Resource", deny.clone()),
        of_entry("resources", json!([deny])),
        of_entry("request", json!({ "method": "PUT", "url": "Consent/c", "modifierExtension": modifier })),
        of_entry("response", json!({ "status": "200", "modifierExtension": modifier })),
        of_entry("search", json!({ "mode": "match", "modifierExtension": modifier })),
        of_entry("link", json!([{ "relation": "self", "modifierExtension": modifier }])),
        of_entry("_fullUrl", json!({ "modifierExtension": modifier })),
        // Nor within what FHIR has there, nor where it has nothing.
        around("meta", json!({ "tag": { "code": "SUBSETTED" } })),
        around("meta", json!([{ "tag": [{ "code": "SUBSETTED" }] }])),
        around("meta", json!({ "tag": [[{ "code": "SUBSETTED" }]] })),
        around("meta", json!({ "provision": { "type": "deny" } })),
        around("timestamp", json!({ "provision": deny })),
        around("link", json!([{ "relation": "self", "url": { "provision": deny } }])),
        around("signature", json!({ "what": deny })),
        around("issues", deny.clone()),
        around("issues", json!({ "resourceType": "OperationOutcome", "contained": [deny] })),
        around("_entry", json!([{ "resource": deny }])),
        of_entry("_resource", deny.clone()),
        of_entry("_request", json!({ "method": "DELETE", "url": "Consent/c" })),
        of_entry("_response", json!({ "status": "410" })),
        of_entry("response", json!({ "status": "200", "outcome": deny })),
        of_entry(
            "response",
            json!({ "status": "200", "outcome": { "resourceType": "OperationOutcome",
            "issue": [{ "severity": "fatal", "code": "deleted" }] } }),
        ),
    ] {
        let c = read(&bad);
        assert_eq!((c.reads(), c.permits()), (Reads::Unusable, false), "{bad}");
        // As it is filed, too.
        assert_eq!(read_consent(c.source(), 0).reads(), Reads::Unusable, "{bad}");
    }
    let fine = json!({ "resourceType": "OperationOutcome", "id": "o", "text": { "status": "generated", "div": "<div/>" },
        "issue": [{ "severity": "information", "code": "informational", "details": { "text": "x" } }] });
    let signature = json!({ "type": [{ "system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1" }],
        "when": "2026-01-01T00:00:00Z", "who": { "reference": "Practitioner/1" }, "sigFormat": "x/y", "data": "AAAA" });
    for good in [
        around("issues", fine.clone()),
        around("signature", signature),
        around("_timestamp", json!({ "extension": [{ "url": "x", "valueCode": "y" }] })),
        of_entry("response", json!({ "status": "201 Created", "location": "x", "outcome": fine })),
    ] {
        assert_eq!(read(&good).reads(), Reads::Active, "{good}");
    }
    // Of a member that stands twice nobody knows which counts.
    let text = serde_json::to_string(&bundle).unwrap();
    for twice in [
        text.replacen('{', r#"{"meta":{"tag":[{"code":"SUBSETTED"}]},"#, 1),
        text.replacen('{', r#"{"link":[],"#, 1),
        text.replacen(r#""entry":[{"#, r#""entry":[{"search":{},"#, 1),
    ] {
        assert!(read_consents(twice.as_bytes(), 0).is_err(), "{twice}");
    }
    // Another entry is no concern of it.
    let mut two = bundle.clone();
    two["entry"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "modifierExtension": modifier, "resource": { "resourceType": "Patient" } }));
    assert_eq!(read(&two).reads(), Reads::Active);
}

#[test]
fn nothing_of_a_consent_shows_in_debug() {
    let named = with(
        treat(),
        "actor",
        json!([{ "reference": { "reference": "Practitioner/secret" }, "role": { "coding": [{ "code": "secret" }] } }]),
    );
    let named = with(named, "code", json!([{ "coding": [{ "system": "secret", "code": "secret" }] }]));
    let named =
        with(named, "data", json!([{ "meaning": "instance", "reference": { "reference": "Observation/secret" } }]));
    let c = of(&with(r4(named), "patient", json!({ "reference": "Patient/secret" })));
    assert_eq!(counts(&c), (1, 0, 0));
    assert!(!format!("{c:?} {:?}", c.rules(1, 0, false)).contains("secret"));
}

/// A rule that is not known limits nobody knows what: nothing is permitted by it, and what is refused stands.
#[test]
fn d1_a_policy_rule_that_is_not_known_permits_nothing() {
    const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    let rule = |system: &str, code: &str| json!({ "coding": [{ "system": system, "code": code }] });
    let tree = || with(treat(), "provision", json!([{ "type": "deny" }]));
    for (of_rule, expected) in [
        (rule(ACT, "OPTIN"), (1, 1, 0)),
        (rule("urn:oid:2.16.840.1.113883.5.4", "OPTINR"), (1, 1, 0)),
        (rule(ACT, "NOPP"), (0, 1, 1)),
        (rule(ACT, "optin"), (0, 1, 1)),
        (rule("http://example.org/policies", "only-with-approval"), (0, 1, 1)),
        (rule("http://example.org/policies", "OPTIN"), (0, 1, 1)),
        (json!({ "coding": [{ "system": ACT, "code": "OPTIN" }, { "system": "urn:x", "code": "y" }] }), (0, 1, 1)),
        (json!({ "text": "for the board alone" }), (0, 1, 1)),
        (json!({ "coding": [] }), (0, 1, 1)),
        (json!("OPTIN"), (0, 1, 1)),
    ] {
        let c = of(&with(r4(tree()), "policyRule", of_rule.clone()));
        assert_eq!((c.reads(), counts(&c)), (Reads::Active, expected), "{of_rule}");
        let c = of(&with(r5(), "regulatoryBasis", json!([of_rule])));
        assert_eq!((c.reads(), counts(&c).1), (Reads::Active, 2), "{of_rule}");
        assert_eq!(counts(&c).0, expected.0, "{of_rule}");
    }
    // Who dissents and permits says two things; who dissents and refuses, one.
    for code in ["OPTOUT", "OPTOUTE"] {
        assert_eq!(of(&with(r4(tree()), "policyRule", rule(ACT, code))).reads(), Reads::Unusable);
        let permitting = with(r5(), "decision", json!("permit"));
        assert_eq!(of(&with(permitting, "regulatoryBasis", json!([rule(ACT, code)]))).reads(), Reads::Unusable);
        let refusing = json!({ "type": "deny", "provision": [treat()] });
        let c = of(&with(r4(refusing), "policyRule", rule(ACT, code)));
        assert_eq!((c.reads(), counts(&c)), (Reads::Active, (0, 1, 1)));
    }
}

/// What is dated later than now is not made yet: it permits nothing until then, and refuses.
#[test]
fn d2_a_consent_permits_nothing_before_it_is_made() {
    let at = |t: &str| crate::record::When::parse_fhir(t).map(|w| Timestamp::from_millis(w.at));
    let tree =
        with(with(treat(), "period", json!({ "start": "2026-05-01" })), "provision", json!([{ "type": "deny" }]));
    for (made, earliest) in [
        ("2099-01-01T00:00:00Z", at("2099-01-01T00:00:00Z")),
        ("2099-01-01", at("2098-12-31T10:00:00Z")),
        ("2099", at("2098-12-31T10:00:00Z")),
        ("2026-01-01T00:00:00+02:00", at("2025-12-31T22:00:00Z")),
    ] {
        let c = of(&with(r4(tree.clone()), "dateTime", json!(made)));
        let said: Vec<_> = c.rules.iter().map(|r| (r.effect, r.applies.made, r.applies.validity.start)).collect();
        let start = at("2026-05-01");
        assert_eq!(said, [(Effect::Permit, earliest, start), (Effect::Deny, None, start)], "{made}");
    }
    for odd in [json!("soon"), json!(2099), json!("")] {
        assert_eq!(counts(&of(&with(r4(tree.clone()), "dateTime", odd.clone()))), (0, 1, 1), "{odd}");
    }
    let c = of(&with(r5(), "date", json!("2099-01-01T00:00:00Z")));
    assert!(c.rules.iter().all(|r| r.applies.made.is_some() == (r.effect == Effect::Permit)));
}

/// In everything around the provisions, at any depth.
#[test]
fn what_is_unknown_around_the_provisions_voids_every_permit() {
    let coding = json!([{ "system": "http://loinc.org", "code": "59284-0" }]);
    let identifier = json!({ "system": "urn:x", "value": "1", "type": { "coding": coding }, "period": { "start": "2020" },
        "assigner": { "display": "x" } });
    let reference = json!({ "reference": "Organization/1", "identifier": identifier });
    let mut full = r4(json!({ "type": "permit", "purpose": [{ "system": REASON, "code": "TREAT" }],
        "provision": [{ "type": "deny", "purpose": [{ "system": REASON, "code": "HMARKT" }] }] }));
    for (name, value) in [
        (
            "meta",
            json!({ "lastUpdated": "2026-01-01T00:00:00Z", "_lastUpdated": { "id": "a" }, "security": coding,
            "tag": coding, "profile": ["http://example.org/p"] }),
        ),
        ("identifier", json!([identifier])),
        ("category", json!([{ "coding": coding, "text": "x" }])),
        ("patient", json!({ "reference": "Patient/p", "identifier": identifier })),
        ("performer", json!([reference])),
        ("organization", json!([reference])),
        ("sourceAttachment", json!({ "title": "x", "contentType": "text/plain" })),
        ("text", json!({ "status": "generated", "div": "<div/>" })),
        ("verification", json!([{ "verified": true, "verifiedWith": reference, "verificationDate": "2026-01-01" }])),
        (
            "extension",
            json!([{ "url": "http://example.org/x", "valueCoding": coding[0] },
            { "url": "http://example.org/y", "extension": [{ "url": "z", "valueString": "z" }] }]),
        ),
    ] {
        full = with(full, name, value);
    }
    let (permits, denies, void) = counts(&of(&full));
    assert!(permits > 0 && denies > 0 && void == 0);
    // Every object of it but the provisions and what an extension says.
    fn objects(v: &Value, at: &str, out: &mut Vec<String>) {
        match v {
            Value::Object(members) => {
                out.push(at.to_owned());
                let inner = members.iter().filter(|(k, _)| !matches!(k.as_str(), "provision" | "valueCoding"));
                inner.for_each(|(k, v)| objects(v, &format!("{at}/{k}"), out));
            }
            Value::Array(all) => all.iter().enumerate().for_each(|(i, v)| objects(v, &format!("{at}/{i}"), out)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    objects(&full, "", &mut all);
    assert!(all.len() > 40, "{}", all.len());
    for at in all.iter().filter(|at| !at.is_empty()) {
        for (name, value) in [
            ("modifierExtension", json!([{ "url": "http://example.org/m", "valueBoolean": true }])),
            ("implicitRules", json!("http://example.org/r")),
            ("unknown", json!([{ "type": "deny" }])),
            ("_unknown", json!({ "id": "a" })),
        ] {
            let mut bad = full.clone();
            bad.pointer_mut(at).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
            let read = of(&bad);
            assert_eq!((read.reads(), counts(&read).0), (Reads::Active, 0), "{name} in {at}");
            assert!(counts(&read).1 >= denies, "{name} in {at}");
        }
    }
    // Nor is a value what FHIR has no object for.
    let bad = with(full, "text", json!({ "status": "generated", "div": { "provision": { "type": "deny" } } }));
    assert_eq!(counts(&of(&bad)).0, 0);
}

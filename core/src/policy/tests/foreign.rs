//! Consents from elsewhere: random ones are written as FHIR, read, and held against the plain
//! implementation, which inherits in its own way; damaged ones never open; any JSON is read.

use super::oracle::{self, Node, Tree};
use super::random::{
    CATEGORIES, CODES, MEANINGS, NAMES, OBLIGATIONS, OUTSIDE, PURPOSES, Random, SENSITIVITIES, TYPES, actors, cases,
    confidentiality, item, maybe, request, scope,
};
use crate::consent::{
    Action, ConsentState, Effect, Kept, Meaning, ReadConsent, Reads, Recipient, RecipientKind, Rules, read_consent,
    read_consents,
};
use crate::id::{GrantId, Timestamp};
use crate::label::{Obligations, Purpose, Sensitivity};
use crate::policy::compile::compile;
use crate::policy::{Decision, Refusal, decide};
use serde_json::{Map, Value, json};

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const ACTIONS: &[&str] = &["collect", "access", "use", "disclose", "correct"];

/// A provision as it is written, before anything is inherited.
#[derive(Clone)]
struct Written {
    node: Node,
    actions: Option<Vec<&'static str>>,
    children: Vec<Self>,
}

fn range(r: &mut Random) -> (i64, i64) {
    let from = r.below(7) as i64;
    let to = from + 1 + r.below(4) as i64;
    match r.below(4) {
        0 => (i64::MIN, to),
        1 => (from, i64::MAX),
        _ => (from, to),
    }
}

fn provision(r: &mut Random, depth: usize) -> Written {
    let mut n = Node::new(if r.one_in(3) { Effect::Deny } else { Effect::Permit });
    n.actors = maybe(r, 4, |r| r.some(&[0, 1, 2], 2));
    n.acting = r.one_in(4);
    n.purposes = maybe(r, 2, |r| r.some(PURPOSES, 2));
    n.outside = maybe(r, 6, |r| r.some(&[0, 1], 1));
    match r.below(6) {
        0 => n.scope = Some(scope(r.below(2) as u8)),
        1 => n.data = Some((0..=r.below(2)).map(|_| (r.pick(MEANINGS), r.below(NAMES.len()))).collect()),
        _ => {}
    }
    match r.below(6) {
        0 => n.types = Some(r.some(TYPES, 1)),
        1 | 2 => n.categories = Some(r.some(CATEGORIES, 2)),
        _ => {}
    }
    n.codes = maybe(r, 8, |r| r.some(&[0, 1, 2], 2));
    n.sensitivities = maybe(r, 4, |r| r.some(SENSITIVITIES, 2)).unwrap_or_default();
    n.sensitivities.retain(|s| *s != Sensitivity::Unknown);
    n.confidentialities = maybe(r, 4, |r| vec![confidentiality(r)]).unwrap_or_default();
    n.data_period = maybe(r, 4, range);
    if r.one_in(6) {
        let (a, b) = range(r);
        n.start = (a != i64::MIN).then(|| Timestamp::from_millis(a));
        n.end = (b != i64::MAX).then(|| Timestamp::from_millis(b));
    }
    n.obligations = maybe(r, 4, |r| r.pick(OBLIGATIONS)).unwrap_or(Obligations::NONE);
    n.uses_left = maybe(r, 8, |r| 1 + r.below(2) as u32);
    let children = match depth {
        0..3 => (0..r.below(3)).map(|_| provision(r, depth + 1)).collect(),
        _ => Vec::new(),
    };
    Written { node: n, actions: maybe(r, 5, |r| r.some(ACTIONS, 2)), children }
}

fn coding((system, code): (&str, &str)) -> Value {
    if system.is_empty() { json!({ "code": code }) } else { json!({ "system": system, "code": code }) }
}

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [coding((system, code))] })
}

fn instant(ms: i64) -> String {
    format!("1970-01-01T00:00:00.{ms:03}Z")
}

fn period(from: Option<i64>, to: Option<i64>) -> Value {
    let mut p = Map::new();
    from.and_then(|t| p.insert("start".into(), instant(t).into()));
    // The end of a Period is part of it.
    to.and_then(|t| p.insert("end".into(), instant(t - 1).into()));
    Value::Object(p)
}

fn actor(who: &Recipient, acting: bool) -> Value {
    let system = format!("https://healthspace.invalid/fhir/recipient/{}", who.kind().code());
    assert_ne!(who.kind(), RecipientKind::Role);
    let role = if acting { ("r", "x") } else { ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP") };
    json!({ "role": concept(role.0, role.1), "reference": { "identifier": { "system": system, "value": who.name() } } })
}

impl Written {
    fn json(&self) -> Value {
        let n = &self.node;
        let mut out = Map::new();
        let mut put = |name: &str, v: Value| out.insert(name.to_owned(), v);
        put("type", if n.effect == Effect::Permit { "permit".into() } else { "deny".into() });
        if let Some(list) = &n.actors {
            let who = actors();
            put("actor", list.iter().map(|i| actor(&who[*i], n.acting)).collect());
        }
        if n.purposes.is_some() || n.outside.is_some() {
            let known = n.purposes.iter().flatten().map(|p| coding((Purpose::SYSTEM, p.code())));
            put("purpose", known.chain(n.outside.iter().flatten().map(|i| coding(OUTSIDE[*i]))).collect());
        }
        if let Some(list) = &self.actions {
            let system = "http://terminology.hl7.org/CodeSystem/consentaction";
            put("action", list.iter().map(|a| concept(system, a)).collect());
        }
        let labels = n.sensitivities.iter().map(|s| coding((ACT_CODE, s.code())));
        let levels = n
            .confidentialities
            .iter()
            .map(|c| coding(("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", c.code())));
        let mut labels: Vec<Value> = labels.chain(levels).collect();
        // Obligations stand in either of two places.
        let own = n.obligations == Obligations::NO_TRAINING;
        let system = if own { "https://healthspace.invalid/fhir/CodeSystem/obligation" } else { ACT_CODE };
        let mut modifiers: Vec<Value> = Vec::new();
        for code in n.obligations.codes() {
            if n.acting {
                labels.push(coding((system, code)));
            } else {
                let control = json!({ "url": "control", "valueCodeableConcept": concept(system, code) });
                let limit = "http://hl7.org/fhir/StructureDefinition/consent-provision-limit";
                modifiers.push(json!({ "url": limit, "extension": [control] }));
            }
        }
        if let Some(uses) = n.uses_left {
            let url = "https://healthspace.invalid/fhir/StructureDefinition/consent-uses";
            modifiers.push(json!({ "url": url, "valuePositiveInt": uses }));
        }
        if !labels.is_empty() {
            put("securityLabel", labels.into());
        }
        if !modifiers.is_empty() {
            put("modifierExtension", modifiers.into());
        }
        let own = "https://healthspace.invalid/fhir/CodeSystem/category";
        if let Some(list) = &n.categories {
            put("class", list.iter().map(|c| coding((own, c.code()))).collect());
        }
        if let Some(list) = &n.types {
            put("class", list.iter().map(|t| coding(("http://hl7.org/fhir/resource-types", t))).collect());
        }
        if let Some(list) = &n.codes {
            put("code", list.iter().map(|i| json!({ "coding": [coding(CODES[*i])] })).collect());
        }
        if let Some(id) = n.scope {
            let uuid = format!("urn:uuid:{}", GrantId::from_bytes(*id.as_bytes()).to_hex());
            let list = json!({ "type": "List", "identifier": { "system": "urn:ietf:rfc:3986", "value": uuid } });
            put("data", json!([{ "meaning": "instance", "reference": list }]));
        }
        if let Some(list) = &n.data {
            let entry = |(m, i): &(Meaning, usize)| {
                let meaning = match m {
                    Meaning::Instance => "instance",
                    Meaning::Related => "related",
                    Meaning::Dependents => "dependents",
                    Meaning::AuthoredBy => "authoredby",
                };
                let reference = match NAMES[*i].split_once('|') {
                    Some((system, value)) => json!({ "identifier": { "system": system, "value": value } }),
                    None => json!({ "reference": format!("{}/_history/2", NAMES[*i]) }),
                };
                json!({ "meaning": meaning, "reference": reference })
            };
            put("data", list.iter().map(entry).collect());
        }
        if let Some((a, b)) = n.data_period {
            put("dataPeriod", period((a != i64::MIN).then_some(a), (b != i64::MAX).then_some(b)));
        }
        if n.start.is_some() || n.end.is_some() {
            put("period", period(n.start.map(Timestamp::as_millis), n.end.map(Timestamp::as_millis)));
        }
        if !self.children.is_empty() {
            put("provision", self.children.iter().map(Self::json).collect());
        }
        Value::Object(out)
    }

    /// D3: what is not stated is as in the nearest one around.
    fn inherit(&self, around: Option<(&Node, &Option<Vec<&'static str>>)>) -> Node {
        let mut n = self.node.clone();
        let mut actions = self.actions.clone();
        if let Some((outer, of)) = around {
            if n.actors.is_none() {
                (n.actors, n.acting) = (outer.actors.clone(), outer.acting);
            }
            if n.purposes.is_none() && n.outside.is_none() {
                (n.purposes, n.outside) = (outer.purposes.clone(), outer.outside.clone());
            }
            if n.sensitivities.is_empty() && n.confidentialities.is_empty() {
                (n.sensitivities, n.confidentialities) = (outer.sensitivities.clone(), outer.confidentialities.clone());
            }
            if n.scope.is_none() && n.data.is_none() {
                (n.scope, n.data) = (outer.scope, outer.data.clone());
            }
            if n.categories.is_none() && n.types.is_none() {
                (n.categories, n.types) = (outer.categories.clone(), outer.types.clone());
            }
            n.codes = n.codes.or(outer.codes.clone());
            n.data_period = n.data_period.or(outer.data_period);
            n.start = n.start.max(outer.start);
            n.end = match (n.end, outer.end) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            n.obligations = n.obligations.union(outer.obligations);
            n.uses_left = n.uses_left.or(outer.uses_left);
            actions = actions.or(of.clone());
        }
        let children = self.children.iter().map(|c| c.inherit(Some((&n, &actions)))).collect();
        n.actions = actions.map(|list| list.iter().flat_map(|a| acts(n.effect, a)).copied().collect());
        n.children = children;
        n
    }
}

fn acts(effect: Effect, code: &str) -> &'static [Action] {
    use Action::{Count, Erase, Export, Ground, Read, Remember};
    match (effect == Effect::Permit, code) {
        (true, "collect") => &[Remember],
        (true, "access") => &[Read, Count],
        (true, "use") => &[Read, Ground, Count, Remember],
        (true, "disclose") => &[Export],
        (true, _) => &[],
        (false, "collect") => &[Remember, Export],
        (false, "use") => &[Ground, Remember],
        (false, "correct") => &[Erase],
        (false, _) => &[Read, Ground, Count, Remember, Export],
    }
}

/// What only the type of a node decides: a deny names no role, obligation or number of uses.
fn settle(n: &mut Node, only_training: bool, made: Option<Timestamp>) {
    if n.effect == Effect::Deny {
        (n.acting, n.uses_left, n.obligations) = (false, None, Obligations::NONE);
    } else {
        (n.lifts_floor, n.made) = (only_training, made);
    }
    n.children.iter_mut().for_each(|c| settle(c, only_training, made));
}

/// When a consent was made, as it is written and the earliest that it may mean.
fn made(r: &mut Random) -> Option<(String, i64)> {
    const DAY: i64 = 86_400_000;
    const AHEAD: i64 = 14 * 3_600_000;
    match r.below(12) {
        0..3 => {
            let ms = r.below(10) as i64;
            Some((instant(ms), ms))
        }
        // A day begins first where the zone is 14 hours ahead.
        3 => Some(("1970-01-01".into(), -AHEAD)),
        4 => Some(("1970-01-02".into(), DAY - AHEAD)),
        _ => None,
    }
}

/// The rule that a consent is made under, and whether what it permits stands.
fn policy(r: &mut Random, root: Effect) -> Option<(Value, bool)> {
    let of = |code: &str| concept(ACT_CODE, code);
    match r.below(12) {
        0 => Some((of("OPTIN"), true)),
        1 => Some((of("OPTINR"), true)),
        // One that dissents and permits says two things, and is not read.
        2 if root == Effect::Deny => Some((of("OPTOUT"), false)),
        3 => Some((of("HIPAAConsent"), false)),
        _ => None,
    }
}

/// Whether every permit is for training alone.
fn trains_only(n: &Node) -> bool {
    let training = |list: &Vec<Purpose>| !list.is_empty() && list.iter().all(|p| *p == Purpose::MlTraining);
    (n.effect == Effect::Deny || n.outside.is_none() && n.purposes.as_ref().is_some_and(training))
        && n.children.iter().all(trains_only)
}

fn has_permit(n: &Node) -> bool {
    n.effect == Effect::Permit || n.children.iter().any(has_permit)
}

fn consent(n: u8, root: Value) -> Value {
    json!({
        "resourceType": "Consent",
        "id": format!("c{n}"),
        "status": "active",
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [concept("http://loinc.org", "59284-0")],
        "patient": { "reference": "Patient/p" },
        "provision": root,
    })
}

/// The same in the words of R5, where the root has no conditions and types alternate.
fn as_r5(mut v: Value) -> Value {
    fn untype(v: &mut Value) {
        let o = v.as_object_mut().unwrap();
        o.remove("type");
        // FHIR knows no empty object.
        o.insert("id".into(), "x".into());
        if let Some(class) = o.remove("class") {
            o.insert("resourceType".into(), class);
        }
        if let Some(list) = o.get_mut("provision") {
            list.as_array_mut().unwrap().iter_mut().for_each(untype);
        }
    }
    let o = v.as_object_mut().unwrap();
    let mut root = o.remove("provision").unwrap();
    let patient = o.remove("patient").unwrap();
    o.remove("scope");
    o.insert("subject".into(), patient);
    o.insert("decision".into(), root["type"].clone());
    if let Some(mut list) = root.as_object_mut().unwrap().remove("provision") {
        list.as_array_mut().unwrap().iter_mut().for_each(untype);
        o.insert("provision".into(), list);
    }
    v
}

/// Brings a tree to what R5 can say.
fn alternate(w: &mut Written, effect: Effect) {
    w.node.effect = effect;
    let inner = if effect == Effect::Permit { Effect::Deny } else { Effect::Permit };
    w.children.iter_mut().for_each(|c| alternate(c, inner));
}

fn read(v: &Value) -> ReadConsent {
    read_consent(&serde_json::to_vec(v).unwrap(), 0)
}

fn rules(list: impl IntoIterator<Item = ReadConsent>, now: Timestamp) -> Rules {
    let mut state = ConsentState::default();
    for c in list {
        state.add(c.series(), 1, Kept::Imported { consent: Box::new(c), used: 0, notice_logged: true });
    }
    state.rules_at(now)
}

#[test]
fn what_is_read_decides_as_the_plain_implementation() {
    let who = actors();
    let (mut permits, mut denies, mut asked) = (0u64, 0u64, 0u64);
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let (mut trees, mut consents) = (Vec::new(), Vec::new());
        for n in 0..1 + r.below(3) as u8 {
            let mut written = provision(r, 0);
            let r5 = r.one_in(3);
            if r5 {
                let effect = written.node.effect;
                alternate(&mut written, effect);
                (written.node, written.actions) = (Node::new(effect), None);
            }
            let (made, policy) = (made(r), policy(r, written.node.effect));
            let json = consent(n, written.json());
            let mut json = if r5 { as_r5(json) } else { json };
            if let Some((text, _)) = &made {
                json[if r5 { "date" } else { "dateTime" }] = text.clone().into();
            }
            if let Some((rule, _)) = &policy {
                let (name, rule) = if r5 { ("regulatoryBasis", json!([rule])) } else { ("policyRule", rule.clone()) };
                json[name] = rule;
            }
            let stands = policy.is_none_or(|(_, stands)| stands);
            let read = read(&json);
            let mut root = written.inherit(None);
            assert_eq!(read.reads(), Reads::Active, "seed {seed}");
            assert_eq!(read.void_permits() == 0, stands || !has_permit(&root), "seed {seed}");
            let alone = trains_only(&root) && has_permit(&root);
            // A permit that does not stand is as one that is not made yet, for ever.
            let from = if stands { made.map(|(_, ms)| ms) } else { Some(i64::MAX) };
            settle(&mut root, alone, from.map(Timestamp::from_millis));
            trees.push(Tree { series: read.series(), root });
            consents.push(read);
        }
        let now = Timestamp::from_millis(r.below(10) as i64);
        let rules = rules(consents, now);
        for _ in 0..16 {
            let (mut q, item) = (request(r, &who), item(r));
            q.now = now;
            let decision = decide(&rules, &q, &item);
            assert_eq!(decision, oracle::decide(&trees, &q, &item), "seed {seed}");
            permits += u64::from(decision.is_permit());
            denies += u64::from(matches!(decision, Decision::Deny { basis: Refusal::Consent(_) }));
            asked += 1;
        }
    }
    println!("read = oracle: {asked} decisions, {permits} permits, {denies} denies");
    assert!(permits > asked / 20 && denies > asked / 20);
}

/// The objects of a text, by number.
fn objects(v: &mut Value, skip: &mut usize, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    match v {
        Value::Object(o) => {
            if *skip == 0 {
                change(o);
            }
            *skip = skip.wrapping_sub(1);
            o.values_mut().for_each(|v| objects(v, skip, change));
        }
        Value::Array(list) => list.iter_mut().for_each(|v| objects(v, skip, change)),
        _ => {}
    }
}

fn count(v: &Value) -> usize {
    match v {
        Value::Object(o) => 1 + o.values().map(count).sum::<usize>(),
        Value::Array(list) => list.iter().map(count).sum(),
        _ => 0,
    }
}

/// A member that nobody understands, a known one under an unknown name, or a value of another kind;
/// not another name or code: that is understood, and means something else.
fn damage(r: &mut Random, v: &mut Value) {
    let (mut at, how) = (r.below(count(v)), r.below(4));
    let (pick, other) = (r.below(64), r.below(6));
    objects(v, &mut at, &mut |o| {
        let Some(key) = o.keys().nth(pick % o.len().max(1)).cloned() else { return };
        let strange = [json!(null), json!([]), json!({}), json!("x"), json!(7), json!([[]])][other].clone();
        let names = matches!(&*key, "system" | "value" | "reference" | "code" | "type") && strange.is_string();
        if how == 3 && names {
            return;
        }
        match how {
            0 => _ = o.insert("condition".into(), strange),
            1 => {
                _ = o.insert(
                    "modifierExtension".into(),
                    json!([{ "url": "http://example.org/x", "valueBoolean": true }]),
                )
            }
            2 => {
                let value = o.remove(&key).unwrap();
                o.insert(format!("{key}X"), value);
            }
            _ => _ = o.insert(key, strange),
        }
    });
}

/// A known element that is spoiled never lets through what was refused, neither by its own Consent
/// nor by another one.
#[test]
fn what_is_not_understood_never_opens() {
    let who = actors();
    let (mut closed, mut same) = (0u64, 0u64);
    for seed in 0..cases() / 4 {
        let r = &mut Random::new(seed);
        let whole = consent(0, provision(r, 0).json());
        let whole = if r.one_in(3) { as_r5(whole) } else { whole };
        let other = read(&consent(1, provision(r, 1).json()));
        let now = Timestamp::from_millis(r.below(10) as i64);
        let before = rules([read(&whole), other.clone()], now);
        for _ in 0..8 {
            let mut bad = whole.clone();
            damage(r, &mut bad);
            let after = rules([read(&bad), other.clone()], now);
            for _ in 0..4 {
                let (mut q, item) = (request(r, &who), item(r));
                q.now = now;
                let was = decide(&before, &q, &item).is_permit();
                let is = decide(&after, &q, &item).is_permit();
                assert!(was || !is, "seed {seed}");
                closed += u64::from(was && !is);
                same += u64::from(was && is);
            }
        }
    }
    println!("damaged: {closed} permits fell, {same} stood");
    assert!(closed > same / 4);
}

const WORDS: &[&str] = &[
    "resourceType",
    "Consent",
    "Bundle",
    "entry",
    "resource",
    "provision",
    "type",
    "permit",
    "deny",
    "status",
    "active",
    "scope",
    "actor",
    "role",
    "reference",
    "identifier",
    "system",
    "value",
    "code",
    "coding",
    "class",
    "purpose",
    "action",
    "data",
    "meaning",
    "instance",
    "period",
    "start",
    "end",
    "dataPeriod",
    "securityLabel",
    "modifierExtension",
    "extension",
    "url",
    "decision",
    "2022",
    "2022-02-30",
    "9999-12-31",
    "urn:uuid:",
    "",
    "_type",
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "MLTRAINING",
];

fn any_json(r: &mut Random, depth: usize) -> Value {
    match r.below(if depth > 6 { 4 } else { 8 }) {
        0 => json!(null),
        1 => json!(r.below(9) as i64 - 4),
        2 => json!(r.one_in(2)),
        3 => json!(r.pick(WORDS)),
        4 => (0..r.below(4)).map(|_| any_json(r, depth + 1)).collect(),
        _ => Value::Object((0..r.below(5)).map(|_| (r.pick(WORDS).to_owned(), any_json(r, depth + 1))).collect()),
    }
}

/// Total: any JSON is read, and what is read is decided. No training without saying so.
#[test]
fn r_invariant_any_json_is_read_and_decided() {
    let who = actors();
    let (mut read_at_all, mut unusable, mut active, mut seed) = (0u64, 0u64, 0u64, 0u64);
    while read_at_all < 4 * cases() {
        seed += 1;
        let r = &mut Random::new(seed);
        let mut v = match r.below(3) {
            0 => any_json(r, 0),
            1 => consent(0, any_json(r, 0)),
            _ => consent(0, provision(r, if seed % 4 == 0 { 2 } else { 3 }).json()),
        };
        for _ in 0..if v.is_object() { r.below(4) } else { 0 } {
            damage(r, &mut v);
        }
        if r.one_in(8) {
            v = json!({ "resourceType": "Bundle", "entry": [{ "resource": v.clone() }, { "resource": v }] });
        }
        let bytes = serde_json::to_vec(&v).unwrap();
        let Ok(all) = read_consents(&bytes, r.below(1441) as i16 - 720) else { continue };
        read_at_all += 1;
        unusable += all.iter().filter(|c| c.reads() == Reads::Unusable).count() as u64;
        active += all.iter().filter(|c| c.reads() == Reads::Active).count() as u64;
        let refuses = all.iter().any(|c| c.reads() == Reads::Unusable);
        let now = request(r, &who).now;
        let rules = rules(all, now);
        let (mut q, item) = (request(r, &who), item(r));
        q.now = now;
        let decision = decide(&rules, &q, &item);
        assert!(!(refuses && decision.is_permit()), "seed {seed}");
        let _ = compile(&rules, &q);
        if seed % 64 == 0 {
            let _ = format!("{rules:?}");
        }
    }
    println!("any JSON: {read_at_all} of {seed} files were read, {unusable} unusable and {active} active Consents");
    assert!(unusable > 1000 && active > 100);
}

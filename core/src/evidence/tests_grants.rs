//! What a release rests on: the grant's text, the grant above it, and the categories of both.

use super::file::ItemsPart;
use super::tests::{A, CONSENT, Liar, ask, file_with, granted, imported, keys, released, space, verify};
use super::*;
use crate::audit::AuditEvent;
use crate::consent::{Recipient, RecipientKind};
use crate::crypto::hash::sha256;
use crate::error::{Error, Malformed};
use crate::id::{GrantId, Timestamp};
use crate::label::Purpose;
use crate::record::Category;
use crate::vault::tests::{gesture, of_code};
use crate::vault::{ConsentRequest, HealthSpace, LogOf};
use serde_json::{Value, json};

const P: GrantId = GrantId([2; 16]);
const URN: &str = "urn:uuid:02020202-0202-0202-0202-020202020202";
const URL: &str = "https://healthspace.invalid/fhir/StructureDefinition/";

/// A Consent for this recipient, with these members in its one provision.
fn text(who: &str, members: &[(&str, Value)]) -> String {
    let mut inner = json!({ "class": classes(&["laboratory"]) });
    members.iter().for_each(|(name, value)| inner[*name] = value.clone());
    let actor = json!([{ "reference": { "identifier": { "value": who } } }]);
    json!({ "provision": { "actor": actor, "provision": [inner] } }).to_string()
}

fn classes(codes: &[&str]) -> Value {
    let system = "https://healthspace.invalid/fhir/CodeSystem/category";
    codes.iter().map(|code| json!({ "system": system, "code": code })).collect()
}

fn under(urn: &str) -> Value {
    json!([{ "url": format!("{URL}consent-parent"), "valueUri": urn }])
}

fn passes(may: bool) -> Value {
    json!([{ "url": format!("{URL}consent-delegation"), "valueBoolean": may }])
}

fn carer() -> String {
    text("ana", &[("extension", passes(true))])
}

fn child() -> String {
    text("eu-llm", &[("modifierExtension", under(URN))])
}

fn given(id: GrantId, text: &str, end: i64) -> AuditEvent {
    match granted(Some(end)) {
        AuditEvent::Granted { notice_hash, locale, gesture, purpose, expires, .. } => {
            let consent_hash = sha256(&[text.as_bytes()]);
            AuditEvent::Granted { grant: id, consent_hash, notice_hash, locale, gesture, purpose, expires }
        }
        other => other,
    }
}

fn renewed(id: GrantId, text: &str, end: i64) -> AuditEvent {
    let (consent_hash, expires) = (sha256(&[text.as_bytes()]), Timestamp::from_millis(end));
    let (notice_hash, locale, gesture) = ([0; 32], "en".into(), gesture());
    AuditEvent::Renewed { grant: id, version: 2, consent_hash, notice_hash, locale, gesture, expires }
}

fn withdrawn(id: GrantId) -> AuditEvent {
    AuditEvent::Withdrawn { grant: id, gesture: None }
}

/// What follows of a release of laboratory results at time 10 when the log had this size, these of its
/// entries and these texts being shown; one line where it is refused.
fn limits(events: &[AuditEvent], size: usize, shown: &[usize], texts: &[&str]) -> Vec<&'static str> {
    let system = Liar::of(1, &events.iter().map(|e| (5, e.clone())).collect::<Vec<_>>());
    let health = Liar::of(2, &[(10, released(system.head(size), &[]))]);
    let texts: Vec<&[u8]> = texts.iter().map(|t| t.as_bytes()).collect();
    match file_with(&system, shown, &[size], &health, ItemsPart::Hidden, &texts) {
        Err(Error::Malformed(Malformed::Proof)) => vec!["refused"],
        Err(e) => panic!("{e}"),
        Ok(bytes) => {
            let one = verify(&bytes, &[system.key(), health.key()]).unwrap().disclosures.remove(0);
            let unsure = [OMITTED, PASSED_ON, ACTIVE].iter().any(|l| one.does_not_prove.contains(l));
            assert_eq!(one.level == Level::Logged, unsure, "{:?}", one.does_not_prove);
            one.does_not_prove
        }
    }
}

const OMITTED: &str = "omitted withdrawals";
const PASSED_ON: &str = "that the grant was not passed on under another";
const ACTIVE: &str = "that the consent from elsewhere was active";
const TERMS: &str = "the terms of the consent";
const PURPOSE: &str = "that the purpose lies within the grant's";
const RECIPIENT: &str = "that the recipient is the grant's";
const CATEGORIES: &str = "that the categories lie within the grant's";
const REFUSED: [&str; 1] = ["refused"];
const NONE: [&str; 0] = [];

#[test]
fn a_grant_is_for_the_recipient_that_its_consent_names() {
    let check = |text: &str| limits(&[given(A, text, 20)], 1, &[0], &[text]);
    assert_eq!(check(&text("eu-llm", &[])), NONE);
    assert_eq!(check(&text("us-llm", &[])), REFUSED);
    for unsaid in ["{}", "not JSON", r#"{"provision":{"actor":[]}}"#, r#"{"provision":{"actor":{"0":{}}}}"#] {
        assert_eq!(check(unsaid), [PASSED_ON, RECIPIENT, CATEGORIES], "{unsaid}");
    }
}

/// Of a consent from elsewhere nobody reads the terms; that it stands it must say itself.
#[test]
fn a_consent_from_elsewhere_is_active_by_its_own_text() {
    let check = |text: &str, shown: &[&str]| {
        let event = match imported(1) {
            AuditEvent::ConsentImported { grant, version, gesture, .. } => {
                AuditEvent::ConsentImported { grant, version, consent_hash: sha256(&[text.as_bytes()]), gesture }
            }
            other => other,
        };
        limits(&[event], 1, &[0], shown)
    };
    let terms = [TERMS, PURPOSE, RECIPIENT, CATEGORIES];
    let active = std::str::from_utf8(CONSENT).unwrap();
    assert_eq!(check(active, &[active]), terms);
    assert_eq!(check(active, &[])[..1], [ACTIVE]);
    assert_eq!(check("{}", &["{}"])[..1], [ACTIVE]);
    for over in ["inactive", "entered-in-error", "rejected", "Active"] {
        let text = active.replace("active", over);
        assert_eq!(check(&text, &[&text]), REFUSED, "{over}");
    }
    // It is not passed on, whatever it says.
    let passed_on = child().replacen('{', r#"{"status":"active","#, 1);
    assert_eq!(check(&passed_on, &[&passed_on]), terms);
}

#[test]
fn what_was_passed_on_needs_the_grant_above_to_stand() {
    let (carer, child) = (carer(), child());
    let both = [carer.as_str(), child.as_str()];
    let above = |end| given(P, &carer, end);
    let below = || given(A, &child, 20);
    let fallen = || withdrawn(P);
    let noise = || AuditEvent::SpaceCreated {};
    assert_eq!(limits(&[above(20), below()], 2, &[0, 1], &both), NONE);
    assert_eq!(limits(&[above(20), below(), fallen()], 2, &[0, 1, 2], &both), NONE, "withdrawn later");
    assert_eq!(limits(&[above(7), below(), renewed(P, &carer, 11)], 3, &[0, 1, 2], &both), NONE);
    // The grant above was withdrawn, is over, or was given later.
    assert_eq!(limits(&[above(20), below(), fallen()], 3, &[0, 1, 2], &both), REFUSED);
    assert_eq!(limits(&[above(20), fallen(), below()], 3, &[0, 1, 2], &both), REFUSED);
    assert_eq!(limits(&[above(20), below(), noise(), fallen()], 4, &[0, 1, 3], &both), REFUSED);
    assert_eq!(limits(&[above(10), below()], 2, &[0, 1], &both), REFUSED);
    assert_eq!(limits(&[above(20), below(), renewed(P, &carer, 9)], 3, &[0, 1, 2], &both), REFUSED);
    assert_eq!(limits(&[above(20), below(), renewed(P, &carer, 9)], 2, &[0, 1, 2], &both), NONE, "renewed later");
    assert_eq!(limits(&[below(), above(20)], 1, &[0, 1], &both), REFUSED);
    // It was withdrawn by whoever opens the partition alone.
    let system = Liar::of(1, &[(5, above(20)), (5, below())]);
    let health = Liar::of(2, &[(9, fallen()), (10, released(system.head(2), &[]))]);
    let logs = |own: &[usize]| (system.part(&[0, 1], &[2]), health.part(own, &[]));
    assert!(super::tests::of_parts(&[&system, &health], logs(&[0, 1]), 1, &both).is_err());
    assert!(super::tests::of_parts(&[&system, &health], logs(&[1]), 1, &both).is_ok(), "said under the limits");
    // What is not shown of it lowers the level.
    assert_eq!(limits(&[above(20), below(), fallen()], 3, &[0, 1], &both), [OMITTED]);
    let hidden = [PASSED_ON, TERMS, CATEGORIES];
    assert_eq!(limits(&[above(20), below()], 2, &[1], &both[1..]), [&[OMITTED][..], &hidden].concat());
    assert_eq!(limits(&[above(20), below()], 2, &[0, 1], &both[1..]), hidden);
    assert_eq!(limits(&[above(20), below()], 2, &[0, 1], &both[..1]), [PASSED_ON, TERMS, RECIPIENT, CATEGORIES]);
    // It does not allow it, was passed on itself, or is from elsewhere.
    let other = text("ana", &[("extension", passes(true)), ("modifierExtension", under(&URN.replace('2', "3")))]);
    for no in [text("ana", &[]), text("ana", &[("extension", passes(false))]), other] {
        assert_eq!(limits(&[given(P, &no, 20), below()], 2, &[0, 1], &[&no, &child]), REFUSED, "{no}");
    }
    let own = text("eu-llm", &[("extension", passes(true)), ("modifierExtension", under(&URN.replace('2', "1")))]);
    assert_eq!(limits(&[given(A, &own, 20)], 1, &[0], &[&own]), REFUSED, "under itself");
    let elsewhere = AuditEvent::ConsentImported {
        grant: P,
        version: 1,
        consent_hash: sha256(&[carer.as_bytes()]),
        gesture: gesture(),
    };
    assert_eq!(limits(&[elsewhere, below()], 2, &[0, 1], &both), REFUSED);
}

#[test]
fn a_text_that_does_not_tell_proves_nothing_of_what_it_rests_on() {
    let check = |text: &str| limits(&[given(A, text, 20)], 1, &[0], &[text]);
    let two = json!([under(URN)[0], under(URN)[0]]);
    let no_name = json!([{ "url": format!("{URL}consent-parent") }]);
    for bad in [
        under(&URN.to_uppercase()),
        under(&URN.replacen('-', "", 1)),
        under("x"),
        two,
        no_name,
        json!([{}]),
        json!({}),
        json!(null),
    ] {
        assert_eq!(check(&text("eu-llm", &[("modifierExtension", bad.clone())])), [PASSED_ON], "{bad}");
    }
    for other in [json!([]), json!([{ "url": "https://example.org/other" }])] {
        assert_eq!(check(&text("eu-llm", &[("modifierExtension", other)])), NONE);
    }
    // Where parsers differ: half a pair, depth, one provision or several.
    let good = text("eu-llm", &[]);
    let with = |more: &str| good.replacen('{', &format!("{{{more},"), 1);
    let unread = [PASSED_ON, RECIPIENT, CATEGORIES];
    assert_eq!(check(&with(r#""x":"\ud83d""#)), unread);
    assert_eq!(check(&with(r#""x":"\ud83d\ude00""#)), unread, "a whole one is not told from it");
    assert_eq!(check(&with(&format!(r#""x":{}{}"#, "[".repeat(16), "]".repeat(16)))), unread);
    assert_eq!(check(&with(&format!(r#""x":{}{}"#, "[".repeat(15), "]".repeat(15)))), NONE);
    assert_eq!(check(&with(r#""x":[1e999,99999999999999999999999]"#)), NONE);
    for (several, limits) in [("[{},{}]", &unread[..]), ("[]", &unread), ("[7]", &unread)] {
        let mut json: Value = serde_json::from_str(&good).unwrap();
        json["provision"]["provision"] = serde_json::from_str(several).unwrap();
        assert_eq!(check(&json.to_string()), [limits[0], limits[2]]);
    }
}

#[test]
fn categories_lie_within_the_grants() {
    let of = |class: Value| text("eu-llm", &[("class", class)]);
    let check = |text: &str| limits(&[given(A, text, 20)], 1, &[0], &[text]);
    assert_eq!(check(&of(classes(&["sleep", "laboratory"]))), NONE);
    assert_eq!(check(&of(classes(&["sleep"]))), REFUSED);
    assert_eq!(check(&of(classes(&[]))), REFUSED);
    let foreign = json!([{ "system": "http://loinc.org", "code": "laboratory" }]);
    for unsaid in [foreign, json!([{ "code": "laboratory" }]), json!(["laboratory"]), json!(null), json!({})] {
        assert_eq!(check(&of(unsaid)), [CATEGORIES]);
    }
    // Those of both, of what was passed on.
    let child = |class| text("eu-llm", &[("modifierExtension", under(URN)), ("class", class)]);
    let carer = |class| text("ana", &[("extension", passes(true)), ("class", class)]);
    for (above, below, said) in [
        (classes(&["laboratory"]), classes(&["laboratory", "sleep"]), &NONE[..]),
        (classes(&["sleep"]), classes(&["laboratory", "sleep"]), &REFUSED),
        (json!(null), classes(&["laboratory"]), &[CATEGORIES]),
    ] {
        let (above, below) = (carer(above), child(below));
        assert_eq!(limits(&[given(P, &above, 20), given(A, &below, 20)], 2, &[0, 1], &[&above, &below]), said);
    }
}

/// Whoever writes a partition's log alone cannot go back to a time before a withdrawal, nor show a text
/// that the person never saw.
#[test]
fn a_partition_goes_back_to_no_older_log_and_names_no_consents() {
    let system = Liar::of(1, &[(5, granted(None)), (6, withdrawn(A))]);
    let release = |size| released(system.head(size), &[]);
    let texts = [std::str::from_utf8(CONSENT).unwrap()];
    let of = |before: AuditEvent, texts: &[&str]| {
        let health = Liar::of(2, &[(9, before), (10, release(1))]);
        super::tests::of_parts(&[&system, &health], (system.part(&[0], &[1]), health.part(&[0, 1], &[])), 1, texts)
    };
    assert!(of(release(1), &texts).is_ok());
    assert!(of(release(2), &texts).is_err());
    let forged = text("eu-llm", &[]);
    assert!(of(given(P, &forged, 20), &texts).is_ok());
    assert!(of(given(P, &forged, 20), &[&forged, texts[0]]).is_err());
}

fn carers(space: &HealthSpace, name: &str) -> ConsentRequest {
    let ask = space.consent_request().purpose(Purpose::FamilyRequest).categories(&[Category::Laboratory]);
    ask.carer(name).unwrap().expires_in_days(30)
}

fn carer_asks(space: &HealthSpace, name: &str) {
    let who = Recipient::new(RecipientKind::Person, name).unwrap();
    space.session(who, Purpose::FamilyRequest).unwrap().query(&of_code("13457-7")).unwrap();
}

#[test]
fn a_release_that_was_passed_on_is_proved_with_the_grant_above() {
    let (_dir, space) = space();
    let parent = carers(&space, "Ana").may_pass_on().confirm(gesture()).unwrap();
    let child = carers(&space, "Ben").under(parent.id()).confirm(gesture()).unwrap();
    space.renewal(parent.id()).expires_in_days(40).confirm(gesture()).unwrap();
    carer_asks(&space, "Ben");
    space.withdraw(parent.id()).unwrap();
    let prove =
        |ask: EvidenceRequest| verify(&space.evidence(&ask).unwrap(), &keys(&space)).unwrap().disclosures.remove(0);
    let one = prove(EvidenceRequest::new());
    assert_eq!(one.level, Level::Verifiable);
    assert_eq!(one.does_not_prove, ["withdrawals entered in the partition's own log"]);
    let [below, above] = &one.grants[..] else { panic!("{} grants", one.grants.len()) };
    assert_eq!((below.id, below.entry, below.parent), (child.id(), Some(child.entry()), Some(parent.id())));
    assert_eq!((above.id, above.entry, above.parent), (parent.id(), Some(parent.entry()), None));
    // The text that was in force: the renewed one.
    let doc = crate::consent::from_fhir(above.consent.as_ref().unwrap()).unwrap();
    assert_eq!((doc.meta.series, doc.meta.version), (parent.id(), 2));
    assert!(parent.entry() < child.entry());
    // What is left out lowers the claim.
    let bare = prove(EvidenceRequest::new().without_consents());
    assert!(bare.level == Level::Logged && bare.does_not_prove.contains(&PASSED_ON) && bare.grants.len() == 1);
    let logged = prove(EvidenceRequest::new().without_system_entries());
    assert!(logged.level == Level::Logged && logged.does_not_prove.contains(&PASSED_ON));
    // The entry by which the grant above was given is erased: nobody knows any more.
    space.withdraw(child.id()).unwrap();
    let of_parent = |e: &AuditEvent| match e {
        AuditEvent::Granted { grant, .. } | AuditEvent::Renewed { grant, .. } | AuditEvent::Withdrawn { grant, .. } => {
            *grant == parent.id()
        }
        _ => false,
    };
    let log = space.log(LogOf::Space).unwrap();
    let theirs: Vec<u64> = log.iter().filter(|l| of_parent(&l.entry.event)).map(|l| l.index).collect();
    space.erase_entries(LogOf::Space, &theirs, gesture()).unwrap();
    let erased = prove(EvidenceRequest::new());
    assert!(erased.level == Level::Logged && erased.does_not_prove.contains(&OMITTED));
}

/// A consent from elsewhere was withdrawn, filed anew, used, withdrawn again, and its newer entry erased:
/// what is left shows a withdrawal before the release, and is no lie.
#[test]
fn an_erased_entry_makes_no_contradiction() {
    let (_dir, space) = space();
    let file = |month: u8| {
        let text = format!(
            r#"{{"resourceType":"Consent","id":"a","meta":{{"lastUpdated":"2026-0{month}-01T00:00:00Z"}},"status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{{"type":"permit","purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}}]}}}}"#
        );
        space.import_consents(text.as_bytes(), gesture()).unwrap().filed[0]
    };
    let id = file(1);
    space.withdraw(id).unwrap();
    assert_eq!(file(2), id);
    ask(&space, "eu-llm");
    space.withdraw(id).unwrap();
    let log = space.log(LogOf::Space).unwrap();
    let newer = log.iter().rfind(|l| l.entry.event.name() == "ConsentImported").unwrap().index;
    space.erase_entries(LogOf::Space, &[newer], gesture()).unwrap();
    let report = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap();
    assert_eq!(report.disclosures[0].level, Level::Logged);
    assert!(report.disclosures[0].does_not_prove.contains(&OMITTED));
}

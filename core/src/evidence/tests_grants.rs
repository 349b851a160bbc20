//! What a release rests on: the grant's text, the grant above it, and what both say.

use super::file::ItemsPart;
use super::tests::{
    A, ELSEWHERE, Liar, MINUTE, SCOPE, ask, consent, file_with, granted, imported, keys, opened, released, space,
    terms, text_of, verify,
};
use super::*;
use crate::audit::{AuditEvent, ReleaseKind};
use crate::consent::{Delegation, GrantTerms, Recipient, RecipientKind};
use crate::crypto::hash::sha256;
use crate::environment::{Environment, FileAnchor};
use crate::error::{Error, Malformed};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::{Label, Obligations, Purpose};
use crate::record::Category;
use crate::vault::tests::{clock, fill, gesture, model, of_code, unlock};
use crate::vault::{ConsentRequest, HealthSpace, LogOf, Presence};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) const P: GrantId = GrantId([2; 16]);
const URN: &str = "urn:uuid:02020202-0202-0202-0202-020202020202";

pub(super) fn at(minute: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millis(minute * MINUTE))
}

/// A carer's terms: until 20, of laboratory results.
pub(super) fn carers_terms(name: &str, delegation: Delegation) -> GrantTerms {
    let who = Recipient::new(RecipientKind::Person, name).unwrap();
    let base = GrantTerms::new(Purpose::FamilyRequest, SCOPE, &[Category::Laboratory], who);
    GrantTerms { expires: at(20), delegation: Some(delegation), ..base }
}

pub(super) fn may() -> Delegation {
    Delegation { may_pass_on: true, parent: None }
}

pub(super) fn below() -> Delegation {
    Delegation { may_pass_on: false, parent: Some(P) }
}

pub(super) fn event(id: GrantId, text: &str, t: &GrantTerms) -> AuditEvent {
    match granted(None) {
        AuditEvent::Granted { notice_hash, locale, gesture, .. } => {
            let (purpose, expires, consent_hash) = (t.purpose, t.expires, sha256(&[text.as_bytes()]));
            AuditEvent::Granted { grant: id, consent_hash, notice_hash, locale, gesture, purpose, expires }
        }
        other => other,
    }
}

/// A grant by these terms: its entry and its text.
pub(super) fn given(id: GrantId, terms: &GrantTerms) -> (AuditEvent, String) {
    let text = text_of(id, 1, 5, terms.clone());
    (event(id, &text, terms), text)
}

/// The same renewed until then, filed at 5 too.
pub(super) fn renewed(id: GrantId, terms: &GrantTerms, end: i64) -> (AuditEvent, String) {
    let text = text_of(id, 2, 5, GrantTerms { expires: at(end), ..terms.clone() });
    let (consent_hash, expires) = (sha256(&[text.as_bytes()]), Timestamp::from_millis(end * MINUTE));
    let (notice_hash, locale, gesture) = ([0; 32], "en".into(), gesture());
    (AuditEvent::Renewed { grant: id, version: 2, consent_hash, notice_hash, locale, gesture, expires }, text)
}

fn withdrawn(id: GrantId) -> AuditEvent {
    AuditEvent::Withdrawn { grant: id, gesture: None }
}

/// The fields of a release that may be told otherwise.
pub(super) type Change<'a> = &'a dyn Fn(&mut Fields<'_>);

pub(super) struct Fields<'a> {
    pub(super) purpose: &'a mut Purpose,
    pub(super) grants: &'a mut Vec<GrantId>,
    pub(super) actor: &'a mut Recipient,
    pub(super) label: &'a mut Label,
    pub(super) count: &'a mut u64,
    pub(super) categories: &'a mut BTreeSet<Category>,
    pub(super) kind: &'a mut ReleaseKind,
}

fn changed(mut event: AuditEvent, change: Change<'_>) -> AuditEvent {
    if let AuditEvent::Released { purpose, grants, actor, label, count, categories, kind, .. } = &mut event {
        change(&mut Fields { purpose, grants, actor, label, count, categories, kind });
    }
    event
}

/// What follows of a release of laboratory results at time 10 when the log had this size, these of its
/// entries and these texts being shown; one line where it is refused.
pub(super) fn limits_of(
    events: &[AuditEvent],
    size: usize,
    shown: &[usize],
    texts: &[&str],
    change: Change<'_>,
) -> Vec<&'static str> {
    let timed: Vec<_> = events.iter().map(|e| (5, e.clone())).collect();
    limits_at(&timed, size, shown, texts, &[], change)
}

/// The same with times, and with entries before it in its own log, all shown.
pub(super) fn limits_at(
    events: &[(i64, AuditEvent)],
    size: usize,
    shown: &[usize],
    texts: &[&str],
    before: &[(i64, AuditEvent)],
    change: Change<'_>,
) -> Vec<&'static str> {
    let system = Liar::of(1, events);
    let release = (10, changed(released(system.head(size), &[]), change));
    let own: Vec<_> = [opened()].into_iter().chain(before.iter().cloned()).chain([release]).collect();
    let health = Liar::of(2, &own);
    let all: Vec<usize> = (0..own.len()).collect();
    let parts = (system.part(shown, &[size]), health.part(&all, &[]));
    match super::tests::of_parts(&[&system, &health], parts, own.len() as u64 - 1, texts) {
        Err(Error::Malformed(Malformed::Proof)) => vec!["refused"],
        Err(e) => panic!("{e}"),
        Ok(mut report) => {
            let one = report.disclosures.remove(0);
            let unsure = [OMITTED, PASSED_ON, ACTIVE, DATED].iter().any(|l| one.does_not_prove.contains(l));
            let own_look = one.grants.is_empty();
            assert_eq!(one.level == Level::Logged, unsure || own_look, "{:?}", one.does_not_prove);
            one.does_not_prove
        }
    }
}

pub(super) fn limits(events: &[AuditEvent], size: usize, shown: &[usize], texts: &[&str]) -> Vec<&'static str> {
    limits_of(events, size, shown, texts, &|_| {})
}

/// A release to a carer.
pub(super) fn to_ben(f: &mut Fields<'_>) {
    *f.purpose = Purpose::FamilyRequest;
    *f.actor = Recipient::new(RecipientKind::Person, "Ben").unwrap();
}

pub(super) const OMITTED: &str = "omitted withdrawals";
pub(super) const PASSED_ON: &str = "that the grant was not passed on under another";
pub(super) const DATED: &str = "that an end of the grant that is dated before it came after it";
const ACTIVE: &str = "that the consent from elsewhere was active";
pub(super) const TERMS: &str = "the terms of the consent";
pub(super) const PURPOSE: &str = "that the purpose lies within the grant's";
pub(super) const RECIPIENT: &str = "that the recipient is the grant's";
pub(super) const CATEGORIES: &str = "that the categories lie within the grant's";
pub(super) const PARTITION: &str = "that the partition is the grant's";
pub(super) const USES: &str = "that the grant was used no more often than it says";
pub(super) const GLASS: &str = "that emergency access had begun";
pub(super) const REFUSED: [&str; 1] = ["refused"];
pub(super) const NONE: [&str; 0] = [];

/// The text of a grant has one form: whatever else it says, it is none.
#[test]
fn the_text_of_a_grant_is_read_wholly() {
    let good = consent(None);
    let check = |text: &str| limits(&[event(A, text, &terms(model()))], 1, &[0], &[text]);
    assert_eq!(check(&good), NONE);
    for (from, to) in [
        (r#""status":"active""#, r#""status":"inactive""#),
        (r#""status":"active""#, r#""status":"entered-in-error""#),
        (r#""type":"permit""#, r#""type":"deny""#),
        (r#""type":"deny""#, r#""type":"permit""#),
        (r#""provision":{"type""#, r#""provision":{"period":{"end":"1960-01-01"},"type""#),
        (r#""type":"deny","#, r#""type":"deny","period":{"end":"1960-01-01T23:59:59.999Z"},"#),
        (r#""type":"deny","#, r#""type":"deny","period":{"start":"2999-01-01T00:00:00.000Z"},"#),
        (r#""code":"PATRQT""#, r#""code":"HRESCH""#),
        (r#""type":"permit","#, r#""actor":[{"reference":{"identifier":{"value":"us-llm"}}}],"type":"permit","#),
        ("01010101010101010101010101010101", "02020202020202020202020202020202"),
        (r#"{"modifierExtension":["#, r#"{"modifierExtension":[{"url":"https://example.org/only-on-sundays"},"#),
        ("eu-llm", "us-llm"),
        (r#""code":"laboratory""#, r#""code":"sleep""#),
        (r#""code":"laboratory""#, r#""code":"zzz""#),
        (r#""code":"NOMLTRAINING""#, r#""code":"NOREUSE""#),
        (r#""versionId":"1""#, r#""versionId":"2""#),
        (r#""language":"en""#, r#""language":"fr""#),
        (r#""dateTime":"1970-01-01T00:05:00.000Z""#, r#""dateTime":"1970-01-01T00:04:00.000Z""#),
        (r#""lastUpdated":"1970-01-01T00:05:00.000Z""#, r#""lastUpdated":"1970-01-01T00:06:00.000Z""#),
        ("sha-256;00", "sha-256;01"),
        (r#""resourceType":"Consent","#, r#""resourceType": "Consent","#),
        (r#""resourceType":"Consent","#, r#""resourceType":"Consent","resourceType":"Consent","#),
        ("eu-llm", r"eu\u002dllm"),
        (&good, "{}"),
        (&good, ""),
        (&good, "not JSON"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert_eq!(check(&bad), REFUSED, "{to}");
    }
    // Not shown, it proves nothing.
    let hidden = [PASSED_ON, TERMS, RECIPIENT, CATEGORIES, PARTITION];
    assert_eq!(limits(&[granted(None)], 1, &[0], &[]), hidden);
}

#[test]
fn a_release_keeps_to_what_the_text_says() {
    let check = |t: &GrantTerms, change: Change<'_>| {
        let (event, text) = given(A, t);
        limits_of(&[event], 1, &[0], &[&text], change)
    };
    let (plain, none) = (terms(model()), &|_: &mut Fields<'_>| {});
    assert_eq!(check(&plain, none), NONE);
    assert_eq!(check(&GrantTerms { starts: at(10), ..plain.clone() }, none), NONE);
    assert_eq!(check(&GrantTerms { starts: at(11), ..plain.clone() }, none), REFUSED, "it begins later");
    assert_eq!(check(&GrantTerms { expires: at(10), ..plain.clone() }, none), REFUSED, "it is over");
    let other = GrantTerms { scope: ScopeId([9; 16]), ..plain.clone() };
    assert_eq!(check(&other, none), REFUSED, "another partition");
    let more = GrantTerms { obligations: plain.obligations.union(Obligations::DELETE_AFTER_USE), ..plain.clone() };
    assert_eq!(check(&more, none), REFUSED, "the label says less than it asks for");
    assert_eq!(check(&terms(Recipient::model("us-llm").unwrap()), none), REFUSED);
    // Another purpose; below it is within it, but training never is.
    for (purpose, within) in [
        (Purpose::FamilyRequest, true),
        (Purpose::Treatment, false),
        (Purpose::Marketing, false),
        (Purpose::MlTraining, false),
        (Purpose::BreakGlass, false),
    ] {
        let said = check(&plain, &|f| *f.purpose = purpose);
        assert_eq!(said.is_empty(), within, "{purpose:?} {said:?}");
    }
    let operations = GrantTerms { purpose: Purpose::Operations, ..plain.clone() };
    assert_eq!(check(&operations, &|f| *f.purpose = Purpose::MlTraining), REFUSED);
    let trainer = GrantTerms::new(Purpose::MlTraining, SCOPE, &[Category::Laboratory], model());
    assert_eq!(check(&trainer, &|f| *f.purpose = Purpose::MlTraining), NONE);
    // Nothing leaves without the label that forbids training, but for training.
    let trains = |f: &mut Fields<'_>| f.label.obligations = Obligations::PERSIST_LABEL;
    assert_eq!(check(&plain, &trains), REFUSED);
    assert_eq!(limits_of(&[granted(None)], 1, &[0], &[], &trains), REFUSED, "also where the text is not shown");
    assert_eq!(limits_of(&[imported(1)], 1, &[0], &[ELSEWHERE], &trains), REFUSED);
    assert_eq!(limits_of(&[imported(1)], 1, &[0], &[ELSEWHERE], &|f| *f.purpose = Purpose::MlTraining), REFUSED);
    assert_eq!(check(&plain, &|f| f.grants.push(A)), REFUSED, "one grant twice");
    // The person's own look is theirs.
    let look = |f: &mut Fields<'_>| {
        f.grants.clear();
        *f.actor = Recipient::the_person();
    };
    assert_eq!(check(&plain, &look), NONE);
    assert_eq!(check(&plain, &|f| f.grants.clear()), REFUSED, "by eu-llm");
    let called_so = |f: &mut Fields<'_>| (look(f), *f.actor = Recipient::model("person").unwrap()).1;
    assert_eq!(check(&plain, &called_so), REFUSED, "by a model of that name");
    // A grant is for one of its name and its kind.
    let of_the_name = |f: &mut Fields<'_>| *f.actor = Recipient::app("eu-llm").unwrap();
    assert_eq!(check(&plain, &of_the_name), REFUSED);
    assert_eq!(check(&plain, &|f| (look(f), *f.purpose = Purpose::MlTraining).1), REFUSED);
}

#[test]
fn a_release_comes_after_its_grant_by_time_too() {
    let (event, text) = (granted(None), consent(None));
    let text_at = |minute: i64| {
        let text = text.replace("00:05:00", &format!("00:{minute:02}:00"));
        let AuditEvent::Granted { grant, notice_hash, locale, gesture, purpose, expires, .. } = event.clone() else {
            panic!("no grant")
        };
        let consent_hash = sha256(&[text.as_bytes()]);
        (AuditEvent::Granted { grant, consent_hash, notice_hash, locale, gesture, purpose, expires }, text)
    };
    let (later, text) = text_at(30);
    let check =
        |events: &[(i64, AuditEvent)], shown: &[usize]| limits_at(events, events.len(), shown, &[&text], &[], &|_| {});
    assert_eq!(check(&[(30, later.clone())], &[0]), REFUSED);
    let confirmed = AuditEvent::ClockConfirmed { floor: Timestamp::from_millis(30 * MINUTE), gesture: gesture() };
    let log = [(30, later), (6, confirmed)];
    assert_eq!(check(&log, &[0, 1]), NONE, "by a clock that ran ahead, and was confirmed since");
    assert_eq!(check(&log, &[0]), [OMITTED]);
}

#[test]
fn a_counted_grant_is_used_no_more_often_than_it_says() {
    let counted = GrantTerms { uses: Some(2), expires: at(20), ..terms(model()) };
    let (event, text) = given(A, &counted);
    let (again, newer) = renewed(A, &counted, 30);
    let head = |events: &[AuditEvent], size: usize| {
        Liar::of(1, &events.iter().map(|e| (5, e.clone())).collect::<Vec<_>>()).head(size)
    };
    let one = [event.clone()];
    let use_of = |events: &[AuditEvent]| (9, released(head(events, events.len()), &[]));
    let check = |events: &[AuditEvent], texts: &[&str], before: &[(i64, AuditEvent)]| {
        let (timed, all): (Vec<_>, Vec<_>) = events.iter().enumerate().map(|(i, e)| ((5, e.clone()), i)).unzip();
        limits_at(&timed, events.len(), &all, texts, before, &|_| {})
    };
    assert_eq!(check(&one, &[&text], &[use_of(&one)]), NONE);
    assert_eq!(check(&one, &[&text], &[use_of(&one), use_of(&one)]), REFUSED);
    // Renewed, it is counted anew.
    let two = [event, again];
    let both = [text.as_str(), &newer];
    assert_eq!(check(&two, &both, &[use_of(&one), use_of(&one), use_of(&two)]), NONE);
    assert_eq!(check(&two, &both, &[use_of(&two), use_of(&two)]), REFUSED);
}

/// A real space: counted, an emergency, training; what is not shown is said.
#[test]
fn every_kind_of_grant_is_proved_by_a_space() {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let env = Environment { anchor: Some(Arc::new(FileAnchor::new(dir.path().join("a")))), ..env };
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    let asked = |purpose, name: &str| {
        let ask = space.consent_request().purpose(purpose).categories(&[Category::Laboratory]);
        ask.recipient(Recipient::model(name).unwrap())
    };
    let query = |purpose, name: &str| {
        let session = space.session(Recipient::model(name).unwrap(), purpose).unwrap();
        session.query(&of_code("13457-7")).unwrap().receipt().entry
    };
    let counted = asked(Purpose::PatientRequest, "counted").uses(1).expires_in_days(3).agree(gesture()).unwrap();
    query(Purpose::PatientRequest, "counted");
    space.renewal(counted.id()).expires_in_days(4).uses(2).agree(gesture()).unwrap();
    query(Purpose::PatientRequest, "counted");
    asked(Purpose::MlTraining, "trainer").agree(gesture()).unwrap();
    query(Purpose::MlTraining, "trainer");
    let doctor = Recipient::model("doctor").unwrap();
    asked(Purpose::BreakGlass, "doctor").agree(gesture()).unwrap();
    let glass = space.break_glass(doctor, "found unconscious", Presence::Unable, 10).unwrap();
    glass.query(&of_code("13457-7")).unwrap();
    let all = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap();
    let limited = "withdrawals entered in the partition's own log";
    let said: Vec<_> = all.disclosures.iter().map(|d| (d.level, &d.does_not_prove[..])).collect();
    let (counts, plain) = ([limited, USES], [limited]);
    let expect = [&counts[..], &counts, &plain, &plain].map(|limits| (Level::Verifiable, limits));
    assert_eq!(said, expect);
    // With the partition's own log nothing is left.
    let whole = || verify(&space.evidence(&EvidenceRequest::new().with_partition_entries()).unwrap(), &keys(&space));
    let whole_says = whole().unwrap().disclosures;
    assert!(whole_says.iter().all(|d| d.level == Level::Verifiable && d.does_not_prove.is_empty()));
    assert_eq!(whole_says.len(), 4);
    // The entry by which it began, erased, is missing and not denied.
    let log = space.log(LogOf::Partition("health")).unwrap();
    let began = log.iter().find(|l| l.entry.event.name() == "GlassBroken").unwrap().index;
    time.set(Timestamp::from_millis(1_790_000_000_000 + 11 * MINUTE));
    space.break_glass_seen("health", began, gesture()).unwrap();
    space.erase_entries(LogOf::Partition("health"), &[began], gesture()).unwrap();
    let all = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap();
    assert_eq!(all.disclosures[3].does_not_prove, [limited, GLASS]);
    let said: Vec<_> = whole().unwrap().disclosures.into_iter().map(|d| d.does_not_prove).collect();
    assert_eq!(said, [vec![], vec![], vec![], vec![limited, GLASS]], "below the gap all is shown");
}

/// The clock ran ahead for one entry of the partition: what is released since is decided at the time that its
/// entry bears, so evidence of it can be written. An entry of another partition is of no account.
#[test]
fn a_release_is_decided_at_the_time_of_its_entry() {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    let hour = |n: i64| Timestamp::from_millis(1_790_000_000_000 + n * 60 * MINUTE);
    let request = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    request.recipient(model()).expires_at(hour(1)).agree(gesture()).unwrap();
    ask(&space, "eu-llm");
    let remember = |partition: &str| {
        time.set(hour(2));
        space.session(model(), Purpose::PatientRequest).unwrap().remember_in(partition, "hello").unwrap();
        time.set(hour(0).plus_millis(MINUTE));
    };
    remember("general");
    ask(&space, "eu-llm");
    remember("health");
    let again = space.session(model(), Purpose::PatientRequest).unwrap().query(&of_code("13457-7"));
    assert!(matches!(again, Err(Error::ClockBehind)), "over by the log's time alone");
    let file = space.evidence(&EvidenceRequest::new()).unwrap();
    assert_eq!(verify(&file, &keys(&space)).unwrap().disclosures.len(), 2);
    space.confirm_clock(gesture()).unwrap();
    ask(&space, "eu-llm");
    let file = space.evidence(&EvidenceRequest::new()).unwrap();
    assert_eq!(verify(&file, &keys(&space)).unwrap().disclosures.len(), 3);
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
    let unread = [TERMS, PURPOSE, RECIPIENT, CATEGORIES, PARTITION];
    assert_eq!(check(ELSEWHERE, &[ELSEWHERE]), unread);
    assert_eq!(check(ELSEWHERE, &[])[..1], [ACTIVE]);
    assert_eq!(check("{}", &["{}"])[..1], [ACTIVE]);
    for over in ["inactive", "entered-in-error", "rejected", "Active"] {
        let text = ELSEWHERE.replace("active", over);
        assert_eq!(check(&text, &[&text]), REFUSED, "{over}");
    }
    // It is not passed on, whatever it says.
    let passed_on = text_of(A, 1, 5, carers_terms("Ben", below()));
    assert_eq!(check(&passed_on, &[&passed_on]), unread);
    // Where parsers differ: half a pair, depth, what one of them takes for a number.
    let with = |more: &str| ELSEWHERE.replacen('{', &format!("{{{more},"), 1);
    for (more, first) in [
        (r#""x":"\ud83d""#.to_owned(), ACTIVE),
        (r#""x":"\ud83d\ude00""#.to_owned(), ACTIVE),
        (format!(r#""x":{}{}"#, "[".repeat(16), "]".repeat(16)), ACTIVE),
        (format!(r#""x":{}{}"#, "[".repeat(15), "]".repeat(15)), TERMS),
        (r#""x":[1e999,99999999999999999999999]"#.to_owned(), TERMS),
        (r#""x":{"$serde_json::private::Number":"1"}"#.to_owned(), ACTIVE),
        (r#""x":{"\u0024serde_json::private::Number":"1"},"x":1"#.to_owned(), ACTIVE),
        (r#""$serde_json::private::RawValue":"1""#.to_owned(), ACTIVE),
        (r#""x":"$serde_json::private::Number""#.to_owned(), TERMS),
    ] {
        let text = with(&more);
        assert_eq!(check(&text, &[&text])[0], first, "{more}");
    }
}

#[test]
fn what_was_passed_on_needs_the_grant_above_to_stand() {
    let (above, child) = (carers_terms("Ana", may()), carers_terms("Ben", below()));
    let with_end = |end| given(P, &GrantTerms { expires: at(end), ..above.clone() });
    let (own, below_text) = given(A, &child);
    let (long, carer) = with_end(20);
    let both = [carer.as_str(), &below_text];
    let fallen = || withdrawn(P);
    let noise = || AuditEvent::SpaceCreated {};
    let check = |events: &[AuditEvent], size: usize, shown: &[usize], texts: &[&str]| {
        limits_of(events, size, shown, texts, &to_ben)
    };
    assert_eq!(check(&[long.clone(), own.clone()], 2, &[0, 1], &both), NONE);
    assert_eq!(
        check(&[long.clone(), own.clone(), fallen()], 2, &[0, 1, 2], &both),
        [DATED],
        "withdrawn later, and dated before it"
    );
    let (short, short_text) = with_end(7);
    let (again, newer) = renewed(P, &above, 11);
    let log = [short, own.clone(), again];
    assert_eq!(check(&log, 3, &[0, 1, 2], &[&short_text, &newer, &below_text]), NONE);
    assert_eq!(check(&log, 3, &[0, 1, 2], &[&newer, &below_text]), [PASSED_ON, TERMS, CATEGORIES]);
    // The grant above was withdrawn, is over, or was given later.
    assert_eq!(check(&[long.clone(), own.clone(), fallen()], 3, &[0, 1, 2], &both), REFUSED);
    assert_eq!(check(&[long.clone(), fallen(), own.clone()], 3, &[0, 1, 2], &both), REFUSED);
    assert_eq!(check(&[long.clone(), own.clone(), noise(), fallen()], 4, &[0, 1, 3], &both), REFUSED);
    let (over, over_text) = with_end(10);
    assert_eq!(check(&[over, own.clone()], 2, &[0, 1], &[&over_text, &below_text]), REFUSED);
    let (again, newer) = renewed(P, &above, 9);
    let log = [long.clone(), own.clone(), again];
    assert_eq!(check(&log, 3, &[0, 1, 2], &[&newer, &below_text]), REFUSED);
    assert_eq!(check(&log, 2, &[0, 1, 2], &both), [DATED], "renewed later, and dated before it");
    assert_eq!(check(&[own.clone(), long.clone()], 1, &[0, 1], &both), REFUSED);
    // It was withdrawn by whoever opens the partition alone.
    let log = [(5, long.clone()), (5, own.clone())];
    assert_eq!(limits_at(&log, 2, &[0, 1], &both, &[(9, fallen())], &to_ben), REFUSED);
    // What is not shown of it lowers the level.
    assert_eq!(check(&[long.clone(), own.clone(), fallen()], 3, &[0, 1], &both), [OMITTED]);
    let hidden = [PASSED_ON, TERMS, CATEGORIES];
    assert_eq!(check(&[long.clone(), own.clone()], 2, &[1], &both[1..]), [&[OMITTED][..], &hidden].concat());
    assert_eq!(check(&[long.clone(), own.clone()], 2, &[0, 1], &both[1..]), hidden);
    let nothing = [PASSED_ON, TERMS, RECIPIENT, CATEGORIES, PARTITION];
    assert_eq!(check(&[long, own.clone()], 2, &[0, 1], &both[..1]), nothing);
    let text = &below_text;
    let elsewhere = AuditEvent::ConsentImported {
        grant: P,
        version: 1,
        consent_hash: sha256(&[carer.as_bytes()]),
        gesture: gesture(),
    };
    assert_eq!(check(&[elsewhere, own], 2, &[0, 1], &[&carer, text]), REFUSED);
}

#[test]
fn what_was_passed_on_reaches_no_further_than_the_grant_above() {
    let (above, child) = (carers_terms("Ana", may()), carers_terms("Ben", below()));
    let check = |above: &GrantTerms, child: &GrantTerms| {
        let ((one, carer), (two, text)) = (given(P, above), given(A, child));
        limits_of(&[one, two], 2, &[0, 1], &[&carer, &text], &to_ben)
    };
    assert_eq!(check(&above, &child), NONE);
    let wider = GrantTerms { categories: vec![Category::Laboratory, Category::Sleep], ..above.clone() };
    assert_eq!(check(&wider, &child), NONE);
    let (from, to) = (at(0).unwrap(), at(5).unwrap());
    let refused = [
        ("not allowed", GrantTerms { delegation: Some(Delegation::default()), ..above.clone() }),
        ("no carer's", GrantTerms { delegation: None, ..above.clone() }),
        (
            "passed on itself",
            GrantTerms { delegation: Some(Delegation { parent: Some(A), ..Delegation::default() }), ..above.clone() },
        ),
        ("fewer categories", GrantTerms { categories: vec![Category::Sleep], ..above.clone() }),
        ("fewer dates", GrantTerms { data_period: Some((from, to)), ..above.clone() }),
        ("another partition", GrantTerms { scope: ScopeId([9; 16]), ..above.clone() }),
        ("another purpose", GrantTerms { purpose: Purpose::SupportNetwork, ..above.clone() }),
        ("other labels", GrantTerms { confidentiality: Some(crate::label::Confidentiality::Normal), ..above.clone() }),
        ("counted", GrantTerms { uses: Some(9), ..above.clone() }),
        (
            "it asks for more",
            GrantTerms { obligations: above.obligations.union(Obligations::DELETE_AFTER_USE), ..above.clone() },
        ),
    ];
    for (why, above) in &refused {
        assert_eq!(check(above, &child), REFUSED, "{why}");
    }
    let (own, text) = given(A, &GrantTerms { delegation: Some(Delegation { parent: Some(A), ..below() }), ..child });
    assert_eq!(limits_of(&[own], 1, &[0], &[&text], &to_ben), REFUSED, "under itself");
    assert!(text.contains(&URN.replace('2', "1")));
}

#[test]
fn categories_lie_within_the_grants() {
    let check = |categories: &[Category]| {
        let (event, text) = given(A, &GrantTerms { categories: categories.to_vec(), ..terms(model()) });
        limits(&[event], 1, &[0], &[&text])
    };
    assert_eq!(check(&[Category::Sleep, Category::Laboratory]), NONE);
    assert_eq!(check(&[Category::Sleep]), REFUSED);
}

/// Whoever writes a partition's log alone cannot go back to a time before a withdrawal, nor show a text
/// that the person never saw.
#[test]
fn a_partition_goes_back_to_no_older_log_and_names_no_consents() {
    let system = Liar::of(1, &[(5, granted(None)), (6, withdrawn(A))]);
    let release = |size| released(system.head(size), &[]);
    let own = consent(None);
    let of = |before: AuditEvent, texts: &[&str]| {
        let health = Liar::of(2, &[opened(), (9, before), (10, release(1))]);
        let parts = (system.part(&[0], &[1]), health.part(&[0, 1, 2], &[]));
        super::tests::of_parts(&[&system, &health], parts, 2, texts)
    };
    assert!(of(release(1), &[&own]).is_ok());
    assert!(of(release(2), &[&own]).is_err());
    let (forged, text) = given(P, &terms(model()));
    assert!(of(forged.clone(), &[&own]).is_ok());
    assert!(of(forged, &[&text, &own]).is_err());
}

/// What is not known is counted, what is known is read wholly.
#[test]
fn an_entry_of_a_known_event_is_read_wholly() {
    let check = |event: AuditEvent| {
        let system = Liar::of(1, &[(5, granted(None)), (5, event)]);
        let health = Liar::of(2, &[opened(), (10, released(system.head(2), &[]))]);
        let file = file_with(&system, &[0, 1], &[2], &health, ItemsPart::Hidden, &[consent(None).as_bytes()])?;
        verify(&file, &[system.key(), health.key()]).map(|r| r.logs[0].unknown)
    };
    assert_eq!(check(AuditEvent::SpaceCreated {}).unwrap(), 0);
    assert_eq!(check(AuditEvent::Unknown { number: 1 << 40, body: b"of a later version".to_vec() }).unwrap(), 1);
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
    let parent = carers(&space, "Ana").may_pass_on().agree(gesture()).unwrap();
    let child = carers(&space, "Ben").under(parent.id()).agree(gesture()).unwrap();
    space.renewal(parent.id()).expires_in_days(40).agree(gesture()).unwrap();
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

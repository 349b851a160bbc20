//! Reports of what the logs say, where one of them lies, cannot be read, or has another clock.

use super::tests::{allow, clock, fill, gesture, model, observation, of_code, source, unlock};
use super::tests_backup::options;
use super::tests_planted::World;
use super::*;
use crate::audit::{AuditEvent, LogHead, ReleaseKind};
use crate::catalog::Query;
use crate::consent::Standing;
use crate::environment::FixedClock;
use crate::error::{Error, Result};
use crate::evidence::{EvidenceRequest, verify_evidence};
use crate::id::{GrantId, Timestamp};
use crate::label::{Label, Obligations, Purpose};
use crate::record::Category;
use std::sync::Arc;

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

fn space() -> (tempfile::TempDir, HealthSpace, Arc<FixedClock>) {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    (dir, space, time)
}

/// A medication with a reason.
fn import(space: &HealthSpace) {
    let m = r#"{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","medicationCodeableConcept":{"text":"Zyloprim"},"subject":{"reference":"Patient/p1"},"authoredOn":"2026-01-01","reasonCode":[{"text":"HIV infection"}]}"#;
    space.partition("health").unwrap().import(source(&[m.to_owned()])).unwrap();
}

fn keeps() -> Label {
    Endpoint::cleared(Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE))
}

fn session(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

/// Makes `general`'s log one that cannot be read, by its holder: its head says an entry that is not there.
fn make_unreadable(w: &World) {
    let own = w.limited().inner.peek().unwrap().partitions[0].clone();
    let mut head = (*own.head).clone();
    head.generation += 1;
    head.previous = own.digest;
    head.log_size += 1;
    let body = head.encode();
    let auth = super::head::authenticate(&body, &own.keys.head_mac, None).unwrap();
    w.disk.tamper(|i| super::tests_limited::put_head(i, own.id, &crate::storage::HeadRow { body, auth }));
}

fn verified(space: &HealthSpace, request: &EvidenceRequest) -> Result<Vec<String>> {
    let bytes = space.evidence(request)?;
    let keys = space.verifier_keys()?;
    let report = verify_evidence(&bytes, &keys.iter().map(String::as_str).collect::<Vec<_>>())?;
    Ok(report.disclosures.iter().map(|d| format!("{} {} {:?}", d.origin, d.index, d.level)).collect())
}

/// The log of `health` was written by a clock that ran three minutes ahead.
fn ahead() -> (tempfile::TempDir, HealthSpace, Arc<FixedClock>, GrantId) {
    let (dir, space, time) = space();
    fill(&space);
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    let grant = allow(&space, Category::ALL).id();
    let ask = space.consent_request().partition("fitness").purpose(Purpose::PatientRequest);
    ask.categories(Category::ALL).recipient(model()).agree(gesture()).unwrap();
    time.set(Timestamp::from_millis(NOW + 180_000));
    session(&space).count(&Query::default()).unwrap();
    (dir, space, time, grant)
}

#[test]
fn a_room_confirms_nothing_for_recipients_of_another_room() {
    let w = World::new();
    let grant = allow(&w.space, &[Category::Laboratory]).id();
    session(&w.space).query(&of_code("13457-7")).unwrap();
    w.space.withdraw(grant).unwrap();
    let state = |s: &HealthSpace| s.withdrawal_notices().unwrap().into_iter().find(|n| n.grant == grant).unwrap().state;
    assert_eq!(state(&w.full()), NoticeState::Open);
    w.write(|tx, work| {
        let event = AuditEvent::RecipientConfirmed { grant, actor: model(), gesture: gesture() };
        tx.log(work, event).map(drop)
    });
    assert_eq!(state(&w.full()), NoticeState::Open);
}

#[test]
fn a_room_tells_of_no_withdrawal_in_another_room() {
    let w = World::new();
    let grant = allow(&w.space, &[Category::Laboratory]).id();
    session(&w.space).query(&of_code("13457-7")).unwrap();
    w.write(|tx, work| tx.log(work, AuditEvent::Withdrawn { grant, gesture: None }).map(drop));
    let full = w.full();
    assert_eq!(full.grants().unwrap().iter().find(|g| g.id == grant).unwrap().standing, Standing::InForce);
    let notices = full.withdrawal_notices().unwrap();
    assert!(notices.iter().all(|n| n.grant != grant), "told as withdrawn, while it is in force: {}", notices.len());
}

/// A permit from elsewhere that the person withdrew by a handle of `health`, the only health partition.
#[test]
fn a_permit_from_elsewhere_that_was_withdrawn_does_not_come_back_in_a_new_partition() {
    let (dir, space, _) = space();
    fill(&space);
    let permit = r#"{"resourceType":"Consent","id":"a","meta":{"lastUpdated":"2026-01-01T00:00:00Z"},"status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}"#;
    let id = space.import_consents(permit.as_bytes(), gesture()).unwrap().filed[0];
    let part = HealthSpace::open_partitions(dir.path().join("me.hs"), &unlock(), clock().0, &["health"]).unwrap();
    part.withdraw(id).unwrap();
    assert_eq!(space.imported_consents().unwrap()[0].standing, Standing::Withdrawn);
    assert!(space.permissions().unwrap().is_empty());
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    let run = observation("77", "laboratory", "13457-7", "2026-02-05", "199.5", "");
    space.partition("fitness").unwrap().import(source(&[run])).unwrap();
    let s = space.session(model(), Purpose::Treatment).unwrap().within("fitness");
    let seen = s.query(&Query::default()).map(|r| r.value().len());
    let standing = space.imported_consents().unwrap()[0].standing;
    assert!(matches!(seen, Err(Error::Denied)), "{seen:?} {standing:?}");
}

#[test]
fn a_grant_that_was_over_when_the_space_was_restored_can_be_renewed() {
    let (dir, space, time) = space();
    fill(&space);
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    let grant = ask.recipient(model()).expires_in_days(1).agree(gesture()).unwrap().id();
    time.set(Timestamp::from_millis(NOW + 2 * DAY));
    space.backup_to(dir.path().join("b")).unwrap();
    let (env, later) = clock();
    later.set(Timestamp::from_millis(NOW + 2 * DAY));
    let (back, _) =
        HealthSpace::restore(dir.path().join("b"), dir.path().join("c"), &unlock(), env, &options()).unwrap();
    let one = back.confirm_permission(grant, gesture());
    let all = back.confirm_all_permissions(gesture()).unwrap();
    let renewed = back.renewal(grant).expires_in_days(30).agree(gesture());
    assert!(renewed.is_ok(), "{renewed:?}; confirmed: {one:?}, {all}");
}

#[test]
fn a_turn_of_an_assistant_is_marked_in_the_audit_event_too() {
    let (_dir, space, _) = space();
    let s = session(&space);
    let said = s.say("Good morning").unwrap();
    s.append("general", Role::Assistant, &said).unwrap();
    let told = space.audit_events(LogOf::Partition("general"), "en").unwrap();
    assert!(told.contains("AIAST"), "{told}");
}

#[test]
fn what_a_room_enters_keeps_nobody_from_evidence_of_other_rooms() {
    let w = World::new();
    allow(&w.space, &[Category::Laboratory]);
    session(&w.space).query(&of_code("13457-7")).unwrap();
    assert_eq!(verified(&w.full(), &EvidenceRequest::new()).unwrap().len(), 1);
    w.write(|tx, work| {
        let event = AuditEvent::Released {
            purpose: Purpose::Research,
            grants: Vec::new(),
            actor: model(),
            query_hash: [0; 32],
            count: 0,
            items_root: [0; 32],
            system: LogHead { origin: "x".into(), size: 0, root: [0; 32] },
            label: Label::BOTTOM,
            kind: ReleaseKind::Read,
            categories: Default::default(),
        };
        tx.log(work, event).map(drop)
    });
    let ask = [
        ("all", EvidenceRequest::new()),
        ("of the model", EvidenceRequest::new().recipient(model())),
        ("of health", EvidenceRequest::new().partition("health")),
    ];
    let lost: Vec<String> =
        ask.iter().filter_map(|(what, ask)| verified(&w.full(), ask).err().map(|e| format!("{what}: {e:?}"))).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_room_whose_log_cannot_be_read_hides_nothing_of_the_others() {
    let w = World::new();
    let grant = allow(&w.space, &[Category::Laboratory]).id();
    session(&w.space).query(&of_code("13457-7")).unwrap();
    w.space.withdraw(grant).unwrap();
    make_unreadable(&w);
    let full = w.full();
    let mut lost = Vec::new();
    let mut tell = |what: &str, e: Option<Error>| {
        if let Some(e) = e {
            lost.push(format!("{what}: {e:?}"))
        }
    };
    tell("disclosure_log", full.disclosure_log().err());
    tell("withdrawal_notices", full.withdrawal_notices().err());
    tell("recipient_notified", full.recipient_notified(grant, &model(), gesture()).err());
    tell("break_glass_notices", full.break_glass_notices().err());
    tell("claims", full.claims().err());
    tell("evidence of health", full.evidence(&EvidenceRequest::new().partition("health")).err());
    tell("verifier_keys", full.verifier_keys().err());
    assert!(lost.is_empty(), "{lost:#?}");
    // Nobody can be named of what cannot be read, and that is said.
    let lines = full.disclosure_log().unwrap();
    assert!(lines.iter().any(|l| l.unreadable && l.partition == "general" && l.describe("en").contains("general")));
    assert!(lines.iter().any(|l| !l.unreadable && l.partition == "health"));
    let told = full.claims().unwrap();
    assert!(told.iter().any(|c| c.does_not_prove.iter().any(|d| d.contains("cannot be read"))));
    let here = full.evidence(&EvidenceRequest::new()).unwrap();
    let keys = full.verifier_keys().unwrap();
    assert_eq!(
        verify_evidence(&here, &keys.iter().map(String::as_str).collect::<Vec<_>>()).unwrap().disclosures.len(),
        1
    );
    assert!(full.evidence(&EvidenceRequest::new().partition("general")).is_err());
}

/// A release that rests on a grant from before a restore and on one given since.
#[test]
fn evidence_after_a_restore() {
    let (dir, space, _) = space();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    session(&space).query(&Query::default()).unwrap();
    space.backup_to(dir.path().join("b")).unwrap();
    let (back, _) =
        HealthSpace::restore(dir.path().join("b"), dir.path().join("c"), &unlock(), clock().0, &options()).unwrap();
    back.confirm_all_permissions(gesture()).unwrap();
    session(&back).query(&Query::default()).unwrap();
    assert_eq!(verified(&back, &EvidenceRequest::new()).unwrap().len(), 2);
    allow(&back, &[Category::VitalSigns]);
    session(&back).query(&Query::default()).unwrap();
    assert_eq!(verified(&back, &EvidenceRequest::new()).unwrap().len(), 3);
    let back = back.rotate(&unlock(), &[]).unwrap().space;
    session(&back).query(&Query::default()).unwrap();
    assert_eq!(verified(&back, &EvidenceRequest::new()).unwrap().len(), 4);
}

/// Every form of release, by honest calls, is shown and verified.
#[test]
fn evidence_of_every_form_of_release() {
    let (_dir, space, time) = space();
    fill(&space);
    import(&space);
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL).recipient(model());
    let grant = ask.expires_in_days(3).agree(gesture()).unwrap().id();
    let s = session(&space);
    s.query(&Query::default()).unwrap();
    s.count(&Query::default()).unwrap();
    _ = s.count(&Query { categories: vec![Category::Other], ..Query::default() });
    s.presence().unwrap();
    s.ground("Do I have HIV?", crate::grounding::Budget::tokens(500)).unwrap();
    s.ground("Do I take Zyloprim?", crate::grounding::Budget::tokens(500)).unwrap();
    assert!(s.reader(&Query::default(), 1).is_err());
    assert!(s.reader(&Query::default(), 0).is_err());
    s.reader(&Query::default(), 10).unwrap();
    let seen = s.query(&of_code("13457-7")).unwrap();
    s.remember("LDL is high", &seen).unwrap();
    s.memories("health").unwrap();
    let said = s.say("hm").unwrap();
    s.append("health", Role::Assistant, &said).unwrap();
    s.turns("health").unwrap();
    s.conversations("health").unwrap();
    let held = s.hold(seen.value()[0].record).unwrap();
    let call = s.model_call(&[&held, &said], &Endpoint::model(model(), keeps())).unwrap();
    s.reveal(&call.finish("x").unwrap()).unwrap();
    time.set(Timestamp::from_millis(NOW + DAY));
    space.renewal(grant).expires_in_days(9).agree(gesture()).unwrap();
    s.query(&Query::default()).unwrap();
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    s.count(&Query::default()).unwrap();
    let out = verified(&space, &EvidenceRequest::new()).unwrap();
    assert!(out.len() >= 15);
}

#[test]
fn a_recipient_that_confirmed_has_confirmed_though_the_clock_was_set_back() {
    for back in [false, true] {
        let (_dir, space, time, grant) = ahead();
        if back {
            time.set(Timestamp::from_millis(NOW + 1000));
        }
        space.withdraw(grant).unwrap();
        space.recipient_notified(grant, &model(), gesture()).unwrap();
        space.recipient_acknowledged(grant, &model(), gesture()).unwrap();
        let notice = space.withdrawal_notices().unwrap().into_iter().find(|n| n.grant == grant).unwrap();
        assert!(matches!(notice.state, NoticeState::Acknowledged(_)), "set back {back}: {:?}", notice.state);
    }
}

/// A withdrawal is never kept waiting by another room.
#[test]
fn a_room_whose_log_cannot_be_read_keeps_no_withdrawal_waiting() {
    let w = World::new();
    let grant = allow(&w.space, &[Category::Laboratory]).id();
    make_unreadable(&w);
    let full = w.full();
    // Its memories rest on the grant, by what it says: the withdrawal is to be entered there too.
    session(&full).query(&of_code("13457-7")).unwrap();
    full.withdraw(grant).unwrap();
    assert!(matches!(session(&full).query(&of_code("13457-7")), Err(Error::Denied)));
}

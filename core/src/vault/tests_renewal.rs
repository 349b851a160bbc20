//! Renewal: the same series, a new end, a notice and a gesture of its own.

use super::tests::*;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::{Parties, Standing};
use crate::environment::FixedClock;
use crate::error::{Error, Result};
use crate::evidence::EvidenceRequest;
use crate::id::Timestamp;
use crate::label::Purpose;
use crate::record::Category;
use std::sync::Arc;

const DAY: i64 = 86_400_000;
const NOW: i64 = 1_790_000_000_000;

fn space() -> (tempfile::TempDir, HealthSpace, Arc<FixedClock>) {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    (dir, space, time)
}

fn grant(space: &HealthSpace, days: u32) -> Grant {
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).expires_in_days(days).agree(gesture()).unwrap()
}

fn ask(space: &HealthSpace) -> Result<usize> {
    let session = space.session(model(), Purpose::PatientRequest)?;
    session.query(&Query::default()).map(|r| r.into_value().len())
}

#[test]
fn an_expired_grant_renews_and_says_what_changes() {
    let (_dir, space, time) = space();
    let given = grant(&space, 30);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let read = session.query(&Query::default()).unwrap();
    session.remember("LDL was 112.5", &read).unwrap();
    time.set(Timestamp::from_millis(NOW + 40 * DAY));
    assert!(matches!(ask(&space), Err(Error::Denied)));
    let quarantined = |space: &HealthSpace| {
        let memories = space.partition("health").unwrap().memories().unwrap();
        memories.value().iter().filter(|m| m.quarantine.is_some()).count()
    };
    assert_eq!(quarantined(&space), 1);
    let renewal = space.renewal(given.id()).expires_in_days(90);
    let text = renewal.notice("en").unwrap().replace(['\u{a0}', '\u{202f}'], " ");
    let parts = ["What changes is its end", "Until now: until 21 October 2026", "From now on: until 29 January 2027"];
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let text = renewal.notice("fr").unwrap();
    assert!(text.contains("Seule sa fin change") && text.contains("Qui\u{a0}: vous permettez"));
    let renewed = renewal.confirm(gesture()).unwrap();
    assert_eq!(ask(&space).unwrap(), 2);
    assert_eq!(quarantined(&space), 0, "what rests on it holds as long");
    let all = space.grants().unwrap();
    assert_eq!((all.len(), all[0].id, all[0].standing), (1, given.id(), Standing::InForce));
    let log = space.log(LogOf::Space).unwrap();
    let AuditEvent::Renewed { grant, version, notice_hash, locale, .. } = &log[renewed.entry() as usize].entry.event
    else {
        panic!("no renewal");
    };
    assert_eq!((*grant, *version, locale.as_str()), (given.id(), 2, "fr"));
    assert_eq!(*notice_hash, crate::crypto::hash::sha256(&[text.as_bytes()]));
    time.set(Timestamp::from_millis(NOW + 131 * DAY));
    assert!(matches!(ask(&space), Err(Error::Denied)), "the new end holds");
}

#[test]
fn a_withdrawn_grant_takes_a_new_grant() {
    let (dir, space, _) = space();
    let given = grant(&space, 30);
    let renewal = space.renewal(given.id()).expires_in_days(90);
    renewal.notice("en").unwrap();
    space.withdraw(given.id()).unwrap();
    assert!(matches!(renewal.confirm(gesture()), Err(Error::Denied)));
    assert!(matches!(renewal.notice("en"), Err(Error::Denied)));
    // Withdrawn by a handle of the partition alone, which cannot file that.
    let again = grant(&space, 30);
    let part = HealthSpace::open_partitions(dir.path().join("me.hs"), &unlock(), clock().0, &["health"]).unwrap();
    part.withdraw(again.id()).unwrap();
    assert!(matches!(space.renewal(again.id()).expires_in_days(9).agree(gesture()), Err(Error::Denied)));
    let unknown = crate::id::GrantId::from_bytes([1; 16]);
    assert!(matches!(space.renewal(unknown).expires_in_days(9).agree(gesture()), Err(Error::NotFound)));
    assert!(ask(&space).is_err());
}

#[test]
fn a_renewal_is_what_was_shown_and_not_over() {
    let (dir, space, time) = space();
    let given = grant(&space, 30);
    let renewal = space.renewal(given.id());
    assert!(matches!(renewal.agree(gesture()), Err(Error::Malformed(_))), "without an end");
    let shown = space.renewal(given.id()).expires_in_days(10);
    shown.notice("en").unwrap();
    assert!(matches!(shown.clone().expires_in_days(20).confirm(gesture()), Err(Error::Malformed(_))));
    let over = space.renewal(given.id()).expires_at(Timestamp::from_millis(NOW - DAY));
    assert!(matches!(over.agree(gesture()), Err(Error::Malformed(_))));
    let part = HealthSpace::open_partitions(dir.path().join("me.hs"), &unlock(), clock().0, &["health"]).unwrap();
    assert!(matches!(part.renewal(given.id()).expires_in_days(10).agree(gesture()), Err(Error::NeedsFullSlot)));
    // Renewed by another call since it was shown: what changes is no longer what was said.
    space.renewal(given.id()).expires_in_days(60).agree(gesture()).unwrap();
    assert!(matches!(shown.confirm(gesture()), Err(Error::Malformed(_))));
    // It can also be shortened.
    space.renewal(given.id()).expires_in_days(1).agree(gesture()).unwrap();
    time.set(Timestamp::from_millis(NOW + 2 * DAY));
    assert!(ask(&space).is_err());
}

#[test]
fn evidence_and_record_follow_a_renewal() {
    let (_dir, space, time) = space();
    let given = grant(&space, 30);
    ask(&space).unwrap();
    time.set(Timestamp::from_millis(NOW + 40 * DAY));
    space.renewal(given.id()).expires_in_days(90).agree(gesture()).unwrap();
    ask(&space).unwrap();
    let bytes = space.evidence(&EvidenceRequest::new()).unwrap();
    let keys = space.verifier_keys().unwrap();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let report = crate::evidence::verify_evidence(&bytes, &keys).unwrap();
    assert_eq!(report.disclosures.len(), 2);
    for d in &report.disclosures {
        assert_eq!(d.level, crate::evidence::Level::Verifiable);
        assert!(!d.does_not_prove.contains(&"the terms of the consent"), "each by the text of its time");
    }
    let record = space.consent_record(given.id(), &Parties::default()).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let status = record["dpv:hasConsentStatus"].as_array().unwrap();
    let types: Vec<&str> = status.iter().map(|s| s["@type"].as_str().unwrap()).collect();
    assert_eq!(types, ["dpv:ConsentGiven", "dpv:RenewedConsentGiven"]);
    let log = space.log(LogOf::Space).unwrap();
    let entry = status[1]["dct:source"]["hs:entry"].as_u64().unwrap();
    assert_eq!(log[entry as usize].entry.event.name(), "Renewed");
}

#[test]
fn a_renewal_is_not_erased_from_under_its_grant() {
    let (_dir, space, time) = space();
    let given = grant(&space, 30);
    time.set(Timestamp::from_millis(NOW + 20 * DAY));
    let renewed = space.renewal(given.id()).expires_in_days(90).agree(gesture()).unwrap();
    time.set(Timestamp::from_millis(NOW + 40 * DAY));
    ask(&space).unwrap();
    let evidence = || space.evidence(&crate::evidence::EvidenceRequest::new()).map(drop);
    evidence().unwrap();
    let erase = |entries: &[u64]| space.erase_entries(LogOf::Space, entries, gesture());
    assert!(matches!(erase(&[renewed.entry()]), Err(Error::Denied)), "in force");
    space.withdraw(given.id()).unwrap();
    assert!(matches!(erase(&[renewed.entry()]), Err(Error::Denied)), "its grant would seem to have ended before");
    evidence().unwrap();
    erase(&[given.entry(), renewed.entry()]).unwrap();
    evidence().unwrap();
}

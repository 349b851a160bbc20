//! Claims and notices after entries were erased, labels lowered, and consents from elsewhere filed again.

use super::tests::{allow, clock, fill, gesture, model, of_code, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::environment::{Environment, FileAnchor, FixedClock};
use crate::error::Error;
use crate::id::Timestamp;
use crate::label::{Confidentiality, Label, Lowering, Purpose};
use crate::record::Category;
use std::path::Path;
use std::sync::Arc;

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;
const HEALTH: LogOf<'static> = LogOf::Partition("health");

fn env(dir: &Path) -> (Environment, Arc<FixedClock>) {
    let (env, time) = clock();
    (Environment { anchor: Some(Arc::new(FileAnchor::new(dir.join("a")))), ..env }, time)
}

fn space() -> (tempfile::TempDir, HealthSpace, Arc<FixedClock>) {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = env(dir.path());
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    (dir, space, time)
}

/// A handle of `general` alone, so many days later.
fn general_alone(dir: &Path, days: i64) -> HealthSpace {
    let (env, time) = env(dir);
    time.set(Timestamp::from_millis(NOW + days * DAY));
    HealthSpace::open_partitions(dir.join("me.hs"), &unlock(), env, &["general"]).unwrap()
}

fn asks(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

fn claim(space: &HealthSpace, name: &str) -> SpaceClaim {
    space.claims().unwrap().into_iter().find(|c| c.name == name).unwrap()
}

fn permit(updated: &str, status: &str, more: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Consent","id":"a","meta":{{"lastUpdated":"{updated}T00:00:00Z"}},"status":"{status}","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{{"type":"permit"{more},"purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}}]}}}}"#
    )
    .into_bytes()
}

#[test]
fn a_release_for_training_whose_entry_is_erased_is_not_denied() {
    let (_d, space, _) = space();
    let trainer = Recipient::model("trainer").unwrap();
    let ask = space.consent_request().purpose(Purpose::MlTraining).categories(&[Category::Laboratory]);
    let grant = ask.recipient(trainer.clone()).agree(gesture()).unwrap();
    let session = space.session(trainer, Purpose::MlTraining).unwrap();
    let entry = session.query(&Query::default()).unwrap().receipt().entry;
    space.withdraw(grant.id()).unwrap();
    assert!(claim(&space, "no-training").claim.contains("1 releases were for it"));
    space.erase_entries(HEALTH, &[entry], gesture()).unwrap();
    for name in ["consent", "withdrawal", "separation", "no-training"] {
        let c = claim(&space, name);
        assert_eq!(c.level, ClaimLevel::Logged, "{name}");
        assert!(c.evidence.ends_with("; 1 entries of the logs were erased"), "{name}");
        assert!(
            c.does_not_prove.contains(&"anything that entries of the logs told which are erased or cannot be read"),
            "{name}"
        );
    }
    assert!(!claim(&space, "no-training").claim.contains("Nothing leaves"));
}

#[test]
fn a_grant_for_training_that_begins_later_is_one() {
    let (_d, space, _) = space();
    let ask = space.consent_request().purpose(Purpose::MlTraining).categories(&[Category::Laboratory]);
    let ask = ask.recipient(Recipient::model("trainer").unwrap()).starts_at(Timestamp::from_millis(NOW + DAY));
    ask.agree(gesture()).unwrap();
    assert!(claim(&space, "no-training").claim.starts_with("Training is allowed by 1 consents"));
}

#[test]
fn what_was_lowered_into_general_is_told_while_it_stands_there() {
    let (dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let session = asks(&space);
    let seen = session.query(&of_code("13457-7")).unwrap();
    let id = session.remember("LDL is a bit high", &seen).unwrap();
    let value = space.partition("health").unwrap().memory_value(id).unwrap();
    let lowering = Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE };
    let ask = space.declassify_request("health", "general", Purpose::PatientRequest).dropping(lowering);
    ask.notice("en").unwrap();
    let grant = ask.agree(gesture()).unwrap().id();
    assert!(claim(&space, "separation").claim.contains("lowers under 1 consents"));
    let asked = asks(&space).heard("Tell the cook", gesture()).unwrap();
    let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
    space.declassify(&what, &asked, gesture()).unwrap();

    let told = "but for 1 items whose label the person lowered";
    assert!(claim(&space, "separation").claim.contains(told));
    // The entry stands in the log of `health`.
    assert!(claim(&general_alone(dir.path(), 0), "separation").claim.contains(told));
    let declassified = |l: &LogLine| matches!(l.entry.event, AuditEvent::Declassified { .. });
    let at = space.log(HEALTH).unwrap().into_iter().find(declassified).unwrap().index;
    space.erase_entries(HEALTH, &[at], gesture()).unwrap();
    assert!(claim(&space, "separation").claim.contains(told));
}

/// Nothing is left of it, but the entries.
#[test]
fn a_general_partition_that_was_open_to_health_data_is_told_when_it_is_empty_and_narrow_again() {
    let (dir, space, _) = space();
    let usual = space.clearance("general").unwrap();
    let silent = "What is read in a health partition is not written into a general one.";
    assert_eq!(claim(&space, "separation").claim, silent);
    // Narrower than usual is not open.
    space.set_clearance("general", Label { confidentiality: Confidentiality::Low, ..usual }, None).unwrap();
    space.set_clearance("general", usual, Some(gesture())).unwrap();
    assert_eq!(claim(&space, "separation").claim, silent);
    space.set_clearance("general", space.clearance("health").unwrap(), Some(gesture())).unwrap();
    allow(&space, &[Category::Laboratory]);
    let session = asks(&space);
    session.query(&of_code("13457-7")).unwrap();
    let id = session.remember_in("general", "LDL is a bit high").unwrap();
    space.partition("general").unwrap().delete_memory(id, gesture()).unwrap();
    space.set_clearance("general", usual, None).unwrap();
    let c = claim(&space, "separation");
    assert_eq!(c.claim, "The person lets health data flow into, or has let it: general.");
    assert_ne!(c.level, ClaimLevel::Configured);
    drop((session, space));
    let again = HealthSpace::open(dir.path().join("me.hs"), &unlock(), env(dir.path()).0).unwrap();
    assert_eq!(claim(&again, "separation").claim, c.claim);
    assert!(claim(&again, "keystore").claim.ends_with("by guessing the passphrase."));
}

#[test]
fn whoever_got_something_after_it_confirmed_is_told_of_the_next_withdrawal() {
    let (_d, space, time) = space();
    let id = space.import_consents(&permit("2026-01-01", "active", ""), gesture()).unwrap().filed[0];
    asks(&space).query(&of_code("13457-7")).unwrap();
    space.withdraw(id).unwrap();
    space.recipient_notified(id, &model(), gesture()).unwrap();
    space.recipient_acknowledged(id, &model(), gesture()).unwrap();
    time.set(Timestamp::from_millis(NOW + 60 * DAY));
    let released = |n: u64| {
        let n = space.withdrawal_notices().unwrap().iter().map(|n| n.releases).sum::<u64>() == n;
        n && space.withdrawal_notices().unwrap().len() == 1
    };
    space.import_consents(&permit("2026-02-01", "active", ""), gesture()).unwrap();
    assert!(released(1));
    asks(&space).query(&of_code("13457-7")).unwrap();
    assert!(released(1), "in force again: what is released since is none of it");
    let again = Timestamp::from_millis(NOW + 61 * DAY);
    time.set(again);
    space.withdraw(id).unwrap();
    let n = space.withdrawal_notices().unwrap().remove(0);
    assert_eq!((n.state, n.releases, n.withdrawn, n.overdue), (NoticeState::Open, 2, again, false));

    // Given and withdrawn once more, and nothing was released meanwhile: what was confirmed stands.
    space.recipient_acknowledged(id, &model(), gesture()).unwrap();
    space.import_consents(&permit("2026-03-01", "active", ""), gesture()).unwrap();
    space.withdraw(id).unwrap();
    let n = space.withdrawal_notices().unwrap().remove(0);
    assert_eq!((n.state, n.overdue), (NoticeState::Acknowledged(again), false));
}

#[test]
fn a_newer_version_that_says_inactive_is_a_withdrawal() {
    let (_d, space, time) = space();
    space.import_consents(&permit("2026-01-01", "active", ""), gesture()).unwrap();
    asks(&space).query(&of_code("13457-7")).unwrap();
    let later = Timestamp::from_millis(NOW + DAY);
    time.set(later);
    let id = space.import_consents(&permit("2026-02-01", "inactive", ""), gesture()).unwrap().filed[0];
    assert!(matches!(asks(&space).query(&of_code("13457-7")), Err(Error::Denied)));
    let n = space.withdrawal_notices().unwrap().remove(0);
    assert_eq!((n.grant, n.recipient.as_ref(), n.withdrawn, n.state), (id, Some(&model()), later, NoticeState::Open));
    space.recipient_notified(id, &model(), gesture()).unwrap();
    assert_eq!(space.withdrawal_notices().unwrap()[0].state, NoticeState::Notified(later));
}

#[test]
fn a_memory_ends_with_its_consent_from_elsewhere_in_every_handle() {
    let (dir, space, time) = space();
    space.import_consents(&permit("2026-01-01", "active", r#","period":{"end":"2026-10-01"}"#), gesture()).unwrap();
    let ask = space.consent_request().partition("general").purpose(Purpose::PatientRequest);
    ask.categories(&[Category::Memories]).recipient(model()).agree(gesture()).unwrap();
    space.set_clearance("general", space.clearance("health").unwrap(), Some(gesture())).unwrap();
    let session = asks(&space);
    session.query(&of_code("13457-7")).unwrap();
    session.remember_in("general", "LDL is 112.5").unwrap();
    let why = |s: &HealthSpace| s.partition("general").unwrap().memories().unwrap().value()[0].quarantine;
    assert_eq!((why(&space), why(&general_alone(dir.path(), 0))), (None, None));
    time.set(Timestamp::from_millis(NOW + 60 * DAY));
    let ended = Some(Quarantine::ConsentEnded);
    assert_eq!((why(&space), why(&general_alone(dir.path(), 60))), (ended, ended));
}

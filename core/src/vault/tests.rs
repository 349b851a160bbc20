//! The vault as a whole: consent, release, withdrawal, labels.

use super::*;
use crate::audit::Gesture;
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::environment::{Environment, FixedClock};
use crate::error::Error;
use crate::id::Timestamp;
use crate::keyring::{KdfParams, Unlock};
use crate::label::Purpose;
use crate::record::Category;
use std::sync::Arc;

pub(crate) fn unlock() -> Unlock {
    Unlock::passphrase("one").with_cost(KdfParams::FLOOR)
}

pub(crate) fn gesture() -> Gesture {
    Gesture { method: "tap".into(), evidence: [7; 32] }
}

pub(crate) fn clock() -> (Environment, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_790_000_000_000)));
    (Environment { clock: Arc::<FixedClock>::clone(&clock), ..Environment::default() }, clock)
}

fn model() -> Recipient {
    Recipient::model("eu-llm").unwrap()
}

#[test]
fn nothing_leaves_without_a_grant_and_a_withdrawal_is_seen_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(&file, &unlock(), env.clone()).unwrap();
    let other = HealthSpace::open(&file, &unlock(), env.clone()).unwrap();
    let part = HealthSpace::open_partitions(&file, &unlock(), env, &["health", "general"]).unwrap();
    let ask =
        |s: &HealthSpace| s.session(model(), Purpose::PatientRequest).unwrap().query(&Query::default()).map(|_| ());
    assert!(matches!(ask(&space), Err(Error::Denied)));
    let request = space
        .consent_request()
        .purpose(Purpose::PatientRequest)
        .categories(&[Category::Laboratory])
        .recipient(model())
        .expires_in_days(90);
    assert!(request.notice("fr").unwrap().contains("eu-llm"));
    assert!(matches!(
        part.consent_request()
            .purpose(Purpose::PatientRequest)
            .categories(&[Category::Laboratory])
            .recipient(model())
            .confirm(gesture()),
        Err(Error::NeedsFullSlot)
    ));
    let grant = request.confirm(gesture()).unwrap();
    for s in [&space, &other, &part] {
        ask(s).unwrap();
    }
    // Somebody else, or for something else: no.
    let elsewhere = other.session(Recipient::model("us-llm").unwrap(), Purpose::PatientRequest).unwrap();
    assert!(matches!(elsewhere.query(&Query::default()), Err(Error::Denied)));
    for p in [Purpose::MlTraining, Purpose::Treatment, Purpose::Research] {
        let s = space.session(model(), p).unwrap();
        assert!(matches!(s.query(&Query::default()), Err(Error::Denied)));
    }
    other.withdraw(grant.id()).unwrap();
    other.withdraw(grant.id()).unwrap();
    for s in [&space, &other, &part] {
        assert!(matches!(ask(s), Err(Error::Denied)));
    }
    // Withdrawn by a handle that holds no system key: seen by the others too.
    let again = request.confirm(gesture()).unwrap();
    ask(&part).unwrap();
    part.withdraw(again.id()).unwrap();
    for s in [&space, &other, &part] {
        assert!(matches!(ask(s), Err(Error::Denied)));
    }
    // Expired by time.
    request.confirm(gesture()).unwrap();
    ask(&other).unwrap();
    clock.set(Timestamp::from_millis(1_790_000_000_000 + 91 * 86_400_000));
    for s in [&space, &other, &part] {
        assert!(matches!(ask(s), Err(Error::Denied)));
    }
    // A clock set back does not bring it to life again.
    clock.set(Timestamp::from_millis(1_790_000_000_000));
    assert!(ask(&space).is_err());
    assert_eq!(space.grants().unwrap().len(), 3);
}

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

pub(crate) fn model() -> Recipient {
    Recipient::model("eu-llm").unwrap()
}

/// A grant of these categories to [`model`], without an end.
pub(crate) fn allow(space: &HealthSpace, categories: &[Category]) -> Grant {
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(categories).recipient(model());
    ask.agree(gesture()).unwrap()
}

/// An observation of an invented person; `more` stands among its members.
pub(crate) fn observation(id: &str, category: &str, loinc: &str, date: &str, value: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}",{more}"status":"final","category":[{{"coding":[{{"code":"{category}"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{loinc}"}}],"text":"code {loinc}"}},"subject":{{"reference":"Patient/p1"}},"effectiveDateTime":"{date}","valueQuantity":{{"value":{value},"unit":"mg/dL"}}}}"#
    )
}

pub(crate) fn source(entries: &[String]) -> crate::import::Source {
    let entries: Vec<String> = entries.iter().map(|r| format!("{{\"resource\":{r}}}")).collect();
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","));
    crate::import::Source::bytes(bundle.into_bytes()).unwrap()
}

/// Imports an LDL result, a heart rate and a very restricted HIV result into `health`.
pub(crate) fn fill(space: &HealthSpace) {
    let hiv = r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"#;
    let entries = [
        observation("1", "laboratory", "13457-7", "2026-01-05", "112.5", ""),
        observation("2", "vital-signs", "8867-4", "2026-01-06", "61", ""),
        observation("3", "laboratory", "20447-9", "2026-01-07", "50", hiv),
    ];
    assert_eq!(space.partition("health").unwrap().import(source(&entries)).unwrap().imported(), 3);
}

pub(crate) fn of_code(code: &str) -> Query {
    Query { codes: vec![(String::new(), code.to_owned())], ..Query::default() }
}

/// The events of a log, in order.
pub(crate) fn events(space: &HealthSpace, of: LogOf<'_>) -> Vec<crate::audit::AuditEvent> {
    space.log(of).unwrap().into_iter().map(|l| l.entry.event).collect()
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
            .agree(gesture()),
        Err(Error::NeedsFullSlot)
    ));
    let grant = request.agree(gesture()).unwrap();
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
    let again = request.agree(gesture()).unwrap();
    ask(&part).unwrap();
    part.withdraw(again.id()).unwrap();
    for s in [&space, &other, &part] {
        assert!(matches!(ask(s), Err(Error::Denied)));
    }
    // Expired by time.
    request.agree(gesture()).unwrap();
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

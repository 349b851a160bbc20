//! Consents from elsewhere that end, are replaced, or ask for what is not given: what they permit then, what rests
//! on them, and who is to be told.

use super::recipients::NoticeState;
use super::tests::{clock, fill, gesture, model, of_code, unlock};
use super::*;
use crate::consent::Standing;
use crate::error::Error;
use crate::id::Timestamp;
use crate::label::Purpose;

const LDL: &str = "13457-7";
const HIV: &str = "20447-9";

fn consent(updated: &str, provision: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Consent","id":"a","meta":{{"lastUpdated":"{updated}"}},"status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{provision}}}"#
    )
    .into_bytes()
}

fn coding(system: &str, code: &str) -> String {
    format!(r#"{{"system":"http://terminology.hl7.org/CodeSystem/{system}","code":"{code}"}}"#)
}

fn provision(effect: &str, purpose: &str, more: &str) -> String {
    let purpose = coding("v3-ActReason", purpose);
    format!(r#"{{"type":"{effect}","purpose":[{purpose}]{more}}}"#)
}

fn space() -> (tempfile::TempDir, HealthSpace, std::sync::Arc<crate::environment::FixedClock>) {
    let dir = tempfile::tempdir().unwrap();
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), env).unwrap();
    fill(&space);
    (dir, space, clock)
}

fn file(space: &HealthSpace, text: &[u8]) -> ConsentsReport {
    space.import_consents(text, gesture()).unwrap()
}

fn shown(space: &HealthSpace, code: &str) -> Option<usize> {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    match session.query(&of_code(code)) {
        Ok(rows) => Some(rows.into_value().len()),
        Err(Error::Denied) => None,
        Err(e) => panic!("{e}"),
    }
}

/// "Data about HIV only without what identifies me", inside a permit of everything.
#[test]
fn d7_a_permit_inside_another_whose_terms_are_not_met_does_not_leave_it_to_the_outer_one() {
    let label = |more: &str| format!(r#""securityLabel":[{}{more}]"#, coding("v3-ActCode", "HIV"));
    let deid = coding("v3-ActCode", "DEID");
    let once = r#","modifierExtension":[{"url":"https://healthspace.invalid/fhir/StructureDefinition/consent-uses","valuePositiveInt":1}]"#;
    for inner in [label(&format!(",{deid}")), format!("{}{once}", label(""))] {
        let (_dir, space, _) = space();
        let inside = format!(r#","provision":[{{"type":"permit",{inner}}}]"#);
        file(&space, &consent("2026-01-01T00:00:00Z", &provision("permit", "PATRQT", &inside)));
        assert_eq!(shown(&space, HIV), Some(0), "{inner}");
        assert_eq!(shown(&space, LDL), Some(1), "what the inner one does not speak of");
        // What still permits something is no consent that is used up.
        assert_eq!(space.imported_consents().unwrap()[0].standing, Standing::InForce);
        assert_eq!(space.permissions().unwrap().len(), 1);
    }
}

/// What somebody else may read of the memories.
fn remembered(space: &HealthSpace) -> usize {
    let all = space.partition("health").unwrap().memories().unwrap().into_value();
    all.iter().filter(|m| m.quarantine.is_none()).count()
}

fn remember(space: &HealthSpace) {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let seen = session.query(&of_code(LDL)).unwrap();
    session.remember("LDL was 131.5", &seen).unwrap();
}

#[test]
fn what_rests_on_a_permit_that_is_over_is_set_aside_though_its_consent_goes_on_refusing() {
    let (_dir, space, clock) = space();
    let inside = format!(r#","provision":[{}]"#, provision("permit", "PATRQT", r#","period":{"end":"2026-12-31"}"#));
    file(&space, &consent("2026-01-01T00:00:00Z", &provision("deny", "MLTRAINING", &inside)));
    remember(&space);
    assert_eq!(remembered(&space), 1);
    clock.set(Timestamp::from_millis(crate::record::When::parse_fhir("2027-01-02T00:00:00Z").unwrap().at));
    assert_eq!((shown(&space, LDL), remembered(&space)), (None, 0));
    assert_eq!(space.imported_consents().unwrap()[0].standing, Standing::InForce, "it refuses");
}

/// Another purpose, a refusal, a permit of which something is not understood.
#[test]
fn what_rests_on_a_version_that_was_replaced_is_set_aside_and_its_recipients_are_to_be_told() {
    let newer = [
        provision("permit", "TREAT", ""),
        provision("deny", "PATRQT", ""),
        provision("permit", "PATRQT", r#","condition":"x""#),
        provision("permit", "PATRQT", r#","dataPeriod":{"start":"2026-01-01"}"#),
    ];
    for newer in newer {
        let (_dir, space, _) = space();
        let first = consent("2026-01-01T00:00:00Z", &provision("permit", "PATRQT", ""));
        let id = file(&space, &first).filed[0];
        remember(&space);
        // The same in another print.
        let again = consent("2026-01-02T00:00:00Z", &provision("permit", "PATRQT", ""));
        assert_eq!(file(&space, &again).filed, [id]);
        assert_eq!((remembered(&space), space.withdrawal_notices().unwrap().len()), (1, 0));
        assert_eq!(file(&space, &consent("2026-01-03T00:00:00Z", &newer)).filed, [id]);
        assert_eq!(remembered(&space), 0, "{newer}");
        let notices = space.withdrawal_notices().unwrap();
        assert_eq!((notices.len(), notices[0].recipient.clone()), (1, Some(model())), "{newer}");
        space.recipient_notified(id, &model(), gesture()).unwrap();
        // What the person keeps stands by itself.
        let health = space.partition("health").unwrap();
        let memory = health.memories().unwrap().value()[0].id;
        health.keep_memory(memory, gesture()).unwrap();
        assert_eq!(remembered(&space), 1);
    }
}

#[test]
fn who_was_to_be_told_of_a_withdrawal_stays_so_when_a_newer_version_is_filed() {
    let (_dir, space, _) = space();
    let id = file(&space, &consent("2026-01-01T00:00:00Z", &provision("permit", "PATRQT", ""))).filed[0];
    assert_eq!(shown(&space, LDL), Some(1));
    space.withdraw(id).unwrap();
    let releases = |space: &HealthSpace| space.withdrawal_notices().unwrap().iter().map(|n| n.releases).sum::<u64>();
    assert_eq!(releases(&space), 1);
    file(&space, &consent("2026-02-01T00:00:00Z", &provision("deny", "PATRQT", "")));
    assert_eq!(releases(&space), 1);
    space.recipient_notified(id, &model(), gesture()).unwrap();
    // What was released since under a version in force is not to be taken back, until that ends too.
    file(&space, &consent("2026-03-01T00:00:00Z", &provision("permit", "PATRQT", "")));
    assert_eq!(shown(&space, LDL), Some(1));
    assert_eq!(releases(&space), 1);
    assert!(matches!(space.withdrawal_notices().unwrap()[0].state, NoticeState::Notified(_)));
    space.withdraw(id).unwrap();
    assert_eq!(releases(&space), 2);
    assert!(matches!(space.withdrawal_notices().unwrap()[0].state, NoticeState::Open), "of the last nobody was told");
}

#[test]
fn erasures_that_wait_for_the_sweep_are_claimed_as_such() {
    let (dir, space, _) = space();
    let claim = |space: &HealthSpace| space.claims().unwrap().into_iter().find(|c| c.name == "erasure").unwrap();
    assert_eq!(claim(&space).level, ClaimLevel::Configured);
    // Somebody reads the file meanwhile.
    let other = rusqlite::Connection::open(dir.path().join("s.hs")).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;").unwrap();
    let health = space.partition("health").unwrap();
    let record = {
        let state = space.inner.peek().unwrap();
        state.partitions[0].catalog.records().next().unwrap().id()
    };
    let done = health.erase(&Erase::Records(vec![record]), gesture()).unwrap();
    assert_eq!(done.level, ErasureLevel::NotShown);
    let waiting = claim(&space);
    assert_eq!(waiting.level, ClaimLevel::Promise);
    assert!(waiting.claim.contains("may still hold what 1 erasures took"), "{}", waiting.claim);
}

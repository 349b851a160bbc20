//! Consents from elsewhere that end, are replaced, or ask for what is not given: what they permit then, what rests
//! on them, and who is to be told.

use super::recipients::NoticeState;
use super::tests::{clock, fill, gesture, model, of_code, unlock};
use super::*;
use crate::consent::Standing;
use crate::error::Error;
use crate::grounding::Budget;
use crate::id::Timestamp;
use crate::label::Purpose;
use crate::record::Category;

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
        state.partitions[0].readable.records().next().unwrap().id()
    };
    let done = health.erase(&Erase::Records(vec![record]), gesture()).unwrap();
    assert_eq!(done.level, ErasureLevel::NotShown);
    let waiting = claim(&space);
    assert_eq!(waiting.level, ClaimLevel::Promise);
    assert!(waiting.claim.contains("may still hold what 1 erasures took"), "{}", waiting.claim);
}

/// HL7's actions: `use` and `collect` are more than to be shown.
#[test]
fn a_refusal_of_collecting_stops_remembering_and_one_of_using_stops_models() {
    let refuse = |code: &str, day: u32| {
        let action = format!(r#"{{"type":"deny","action":[{{"coding":[{}]}}]}}"#, coding("consentaction", code));
        consent(&format!("2026-01-0{day}T00:00:00Z"), &action)
    };
    let (_dir, space, _) = space();
    super::tests::allow(&space, &[Category::Laboratory]);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let seen = session.query(&of_code(LDL)).unwrap();
    let record = seen.value()[0].record;
    session.remember("before", &seen).unwrap();
    let held = session.hold(record).unwrap();
    let keeps = Endpoint::cleared(crate::label::Obligations::from_bits(u32::MAX));
    let endpoint = Endpoint::model(model(), keeps);
    assert!(session.model_call(&[&held], &endpoint).is_ok());

    let id = file(&space, &refuse("collect", 1)).filed[0];
    assert_eq!(shown(&space, LDL), Some(1));
    assert!(matches!(session.remember("after", &seen), Err(Error::Denied)));
    assert!(matches!(session.remember_in("health", "after"), Err(Error::Denied)));
    assert!(matches!(session.remember("after", &[record][..]), Err(Error::NotFound)));
    assert_eq!(remembered(&space), 1);
    space.withdraw(id).unwrap();

    assert_eq!(file(&space, &refuse("use", 2)).filed, [id]);
    assert_eq!(shown(&space, LDL), Some(1));
    assert!(matches!(session.model_call(&[&held], &endpoint), Err(Error::Denied)));
    assert!(matches!(session.remember("after", &seen), Err(Error::Denied)));
    assert!(matches!(session.ground("What is my last LDL?", Budget::tokens(100)), Err(Error::Denied)));
    // To be shown is not to be remembered, nor to be used by a model.
    space.withdraw(id).unwrap();
    let access = format!(
        r#"{{"type":"permit","action":[{{"coding":[{}]}}],"purpose":[{}]}}"#,
        coding("consentaction", "access"),
        coding("v3-ActReason", "TREAT")
    );
    file(&space, &consent("2026-01-03T00:00:00Z", &access));
    let session = space.session(model(), Purpose::Treatment).unwrap();
    assert_eq!(session.query(&of_code(LDL)).unwrap().value().len(), 1);
    let held = session.hold(record).unwrap();
    assert!(matches!(session.model_call(&[&held], &endpoint), Err(Error::Denied)));
    assert!(matches!(session.remember("after", &[record][..]), Err(Error::NotFound)));
}

/// To lift a refusal is to permit: that takes the whole space.
#[test]
fn a_handle_of_partitions_withdraws_what_a_consent_permits_and_lifts_no_refusal() {
    let (dir, space, _) = space();
    super::tests::allow(&space, &[Category::Laboratory]);
    let part = HealthSpace::open_partitions(dir.path().join("s.hs"), &unlock(), clock().0, &["health"]).unwrap();
    let refusal = consent("2026-01-01T00:00:00Z", &provision("deny", "PATRQT", ""));
    let id = file(&space, &refusal).filed[0];
    assert!(matches!(part.withdraw(id), Err(Error::NeedsFullSlot)));
    assert_eq!((shown(&space, LDL), shown(&part, LDL)), (None, None));

    // One that refuses and permits: the permit goes.
    let inside = format!(r#","provision":[{}]"#, provision("permit", "TREAT", ""));
    file(&space, &consent("2026-01-02T00:00:00Z", &provision("deny", "PATRQT", &inside)));
    let treated = |s: &HealthSpace| {
        let s = s.session(model(), Purpose::Treatment).unwrap();
        s.query(&of_code(LDL)).is_ok()
    };
    assert!(treated(&part));
    part.withdraw(id).unwrap();
    for s in [&space, &part] {
        assert!(!treated(s) && shown(s, LDL).is_none());
        assert_eq!(s.imported_consents().unwrap()[0].standing, Standing::Withdrawn);
    }
    // In a partition that comes later as well.
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    let entry = super::tests::observation("9", "laboratory", "2345-7", "2026-02-01", "91", "");
    space.partition("fitness").unwrap().import(super::tests::source(&[entry])).unwrap();
    let ask = space.consent_request().partition("fitness").purpose(Purpose::PatientRequest);
    ask.categories(&[Category::Laboratory]).recipient(model()).agree(gesture()).unwrap();
    let record = space.inner.peek().unwrap().partitions[2].readable.records().next().unwrap().id();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(session.hold(record).is_err(), "refused there too");
    space.withdraw(id).unwrap();
    assert_eq!(shown(&space, LDL), Some(1), "the whole space lifts it");
}

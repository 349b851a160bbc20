//! What notices, lists and records say of a consent is what is enforced.

use super::tests::*;
use super::*;
use crate::catalog::Query;
use crate::consent::{Parties, Recipient};
use crate::environment::{Environment, FileAnchor};
use crate::error::{Error, Malformed};
use crate::id::Timestamp;
use crate::label::{Confidentiality, Purpose};
use crate::record::Category;
use serde_json::Value;
use std::sync::Arc;

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

fn space(dir: &std::path::Path) -> HealthSpace {
    let env = Environment { anchor: Some(Arc::new(FileAnchor::new(dir.join("a")))), ..clock().0 };
    let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    space
}

fn ask(space: &HealthSpace, purpose: Purpose) -> ConsentRequest {
    space.consent_request().purpose(purpose).categories(&[Category::Laboratory]).recipient(model())
}

fn foreign(more: &str) -> String {
    let scope =
        r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]}"#;
    let purpose = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}"#;
    format!(
        r#"{{"resourceType":"Consent","id":"1","status":"active",{more}"scope":{scope},"provision":{{"type":"permit","purpose":[{purpose}]}}}}"#
    )
}

#[test]
fn a_notice_names_its_partition_and_confirms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let space = space(dir.path());
    space.create_partition("psychiatry", PartitionKind::Health, &unlock()).unwrap();
    for lang in ["en", "fr"] {
        let of = |p: &str| ask(&space, Purpose::PatientRequest).partition(p).notice(lang).unwrap();
        assert!(of("health").contains("health") && of("psychiatry").contains("psychiatry"));
        assert_ne!(of("health"), of("psychiatry"));
    }
    let shown = ask(&space, Purpose::PatientRequest);
    shown.notice("fr").unwrap();
    let moved = shown.clone().partition("psychiatry").confirm(gesture());
    assert!(matches!(moved, Err(Error::Malformed(Malformed::Notice))));
    shown.confirm(gesture()).unwrap();
}

#[test]
fn a_renewal_says_that_the_count_changes() {
    let dir = tempfile::tempdir().unwrap();
    let space = space(dir.path());
    let g = ask(&space, Purpose::PatientRequest).uses(1).expires_in_days(3).agree(gesture()).unwrap();
    let r = space.renewal(g.id()).expires_in_days(3).uses(500);
    let (en, fr) = (r.notice("en").unwrap(), r.notice("fr").unwrap());
    assert!(en.contains("how often it can still be used") && en.contains("500 from now on (1 before)"), "{en}");
    assert!(!en.contains("all else") && !fr.contains("tout le reste") && fr.contains("nombre de fois"), "{en}\n{fr}");
    let carer = |ask: ConsentRequest| ask.carer("Ana").unwrap().expires_in_days(30);
    let passed = carer(ask(&space, Purpose::FamilyRequest)).may_pass_on().notice("en").unwrap();
    assert!(passed.contains("withdraw consents other than those named next, nor"), "{passed}");
    let kept = carer(ask(&space, Purpose::FamilyRequest)).notice("en").unwrap();
    assert!(kept.contains("withdraw consents, nor"), "{kept}");
}

/// Every grant refuses training but by itself: what would be refused is not given.
#[test]
fn a_grant_that_another_one_refuses_is_not_given() {
    let dir = tempfile::tempdir().unwrap();
    let space = space(dir.path());
    let read = |p| space.session(model(), p).unwrap().query(&Query::default());
    let first = ask(&space, Purpose::PatientRequest).uses(1).agree(gesture()).unwrap();
    let training = ask(&space, Purpose::MlTraining);
    assert!(matches!(training.agree(gesture()), Err(Error::Denied)));
    read(Purpose::PatientRequest).unwrap();
    assert!(matches!(training.agree(gesture()), Err(Error::Denied)), "one that is used up refuses still");
    space.withdraw(first.id()).unwrap();
    let given = training.agree(gesture()).unwrap();
    assert!(read(Purpose::MlTraining).is_ok());
    // Nor one that would refuse it, or another one for training.
    assert!(matches!(ask(&space, Purpose::PatientRequest).agree(gesture()), Err(Error::Denied)));
    assert!(matches!(training.agree(gesture()), Err(Error::Denied)));
    ask(&space, Purpose::PatientRequest).recipient(Recipient::model("other").unwrap()).agree(gesture()).unwrap();
    space.renewal(given.id()).expires_in_days(9).agree(gesture()).unwrap();
    assert!(read(Purpose::MlTraining).is_ok());
}

#[test]
fn a_grant_begins_later_and_leaves_sensitive_data_out() {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    let all = ask(&space, Purpose::PatientRequest).recipient(Recipient::model("all").unwrap());
    all.agree(gesture()).unwrap();
    let some = ask(&space, Purpose::PatientRequest)
        .starts_at(Timestamp::from_millis(NOW + DAY))
        .up_to(Confidentiality::Restricted);
    let notice = some.notice("en").unwrap();
    assert!(notice.contains("at most") && !notice.contains("This includes data that is marked"), "{notice}");
    some.agree(gesture()).unwrap();
    let read = |who: Recipient| {
        space.session(who, Purpose::PatientRequest).unwrap().query(&Query::default()).map(|o| o.value().len())
    };
    assert!(matches!(read(model()), Err(Error::Denied)));
    time.set(Timestamp::from_millis(NOW + 2 * DAY));
    let (few, every) = (read(model()).unwrap(), read(Recipient::model("all").unwrap()).unwrap());
    assert!(0 < few && few < every, "{few} of {every}");
}

#[test]
fn a_record_and_an_export_know_of_a_withdrawal_within_a_partition() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    let grant = allow(&space, &[Category::Laboratory]).id();
    HealthSpace::open_partitions(&file, &unlock(), clock().0, &["health"]).unwrap().withdraw(grant).unwrap();
    let record: Value = serde_json::from_str(&space.consent_record(grant, &Parties::default()).unwrap()).unwrap();
    let export = space.export_consents().unwrap().remove(0).1;
    assert_eq!(serde_json::from_slice::<Value>(&export).unwrap()["status"], "inactive");
    assert_eq!(record["hs:status"], "inactive");
    let entry = &record["dpv:hasConsentStatus"][1];
    assert_eq!(entry["@type"], "dpv:ConsentWithdrawn");
    let index = usize::try_from(entry["dct:source"]["hs:entry"].as_u64().unwrap()).unwrap();
    assert_eq!(space.log(LogOf::Partition("health")).unwrap()[index].entry.event.name(), "Withdrawn");
    assert_eq!(export, space.export_consents().unwrap().remove(0).1, "the same again");
    // What the entry said may be erased; that the grant is withdrawn stays.
    space.erase_entries(LogOf::Partition("health"), &[index as u64], gesture()).unwrap();
    let record: Value = serde_json::from_str(&space.consent_record(grant, &Parties::default()).unwrap()).unwrap();
    let export = space.export_consents().unwrap().remove(0).1;
    assert_eq!(record["hs:status"], "inactive");
    assert_eq!(serde_json::from_slice::<Value>(&export).unwrap()["status"], "inactive");
}

#[test]
fn a_grant_of_another_space_is_said_to_permit_nothing_here() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [a, b] = dirs.each_ref().map(|dir| space(dir.path()));
    allow(&a, &[Category::Laboratory]);
    let (_, bytes) = a.export_consents().unwrap().remove(0);
    b.import_consents(&bytes, gesture()).unwrap();
    assert_eq!(b.imported_consents().unwrap()[0].void_permits, 1);
}

#[test]
fn no_consent_within_another_resource_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let space = space(dir.path());
    let read = || space.session(model(), Purpose::PatientRequest).unwrap().query(&Query::default());
    let inner = foreign("").replace("permit", "deny");
    let bundle = format!(
        r#"{{"resourceType":"Bundle","entry":[{{"resource":{}}},{{"resource":{{"resourceType":"Bundle","entry":[{{"resource":{inner}}}]}}}}]}}"#,
        foreign("")
    );
    assert!(matches!(space.import_consents(bundle.as_bytes(), gesture()), Err(Error::Malformed(Malformed::Consent))));
    let contained = foreign(&format!(r#""contained":[{inner}],"#));
    let report = space.import_consents(contained.as_bytes(), gesture()).unwrap();
    assert_eq!(report.void_permits, 1);
    assert!(matches!(read(), Err(Error::Denied)));
    // What is no Consent may stand there.
    let harmless =
        foreign(r#""contained":[{"resourceType":"Organization","id":"o"}],"#).replace(r#""id":"1""#, r#""id":"2""#);
    space.withdraw(report.filed[0]).unwrap();
    assert_eq!(space.import_consents(harmless.as_bytes(), gesture()).unwrap().void_permits, 0);
    assert!(read().is_ok());
}

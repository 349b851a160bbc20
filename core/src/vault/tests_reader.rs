//! Readers: what they open is what was released, and no longer than the consent stands.

use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::*;
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::environment::FixedClock;
use crate::error::Error;
use crate::id::{GrantId, RecordId, Timestamp};
use crate::import::Source;
use crate::label::Purpose;
use crate::record::{Category, Kind};
use std::sync::Arc;

const DAY: i64 = 86_400_000;

struct Case {
    _dir: tempfile::TempDir,
    space: HealthSpace,
    clock: Arc<FixedClock>,
}

impl Case {
    fn new(resources: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (env, clock) = clock();
        let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
        let entries: Vec<String> = resources.iter().map(|r| format!(r#"{{"resource":{r}}}"#)).collect();
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","));
        let report = space.partition("health").unwrap().import(Source::bytes(bundle.into_bytes()).unwrap()).unwrap();
        assert_eq!(report.imported(), resources.len() as u64);
        Self { _dir: dir, space, clock }
    }

    fn grant(&self, category: Category, days: u32) -> GrantId {
        let ask = self.space.consent_request().purpose(Purpose::PatientRequest).categories(&[category]);
        ask.recipient(Recipient::model("eu-llm").unwrap()).expires_in_days(days).agree(gesture()).unwrap().id()
    }

    fn session(&self) -> Session {
        self.space.session(Recipient::model("eu-llm").unwrap(), Purpose::PatientRequest).unwrap()
    }
}

const LDL: &str = r#"{"resourceType":"Observation","id":"1","status":"final","category":[{"coding":[{"code":"laboratory"}]}],
    "code":{"coding":[{"system":"http://loinc.org","code":"13457-7"}]},"effectiveDateTime":"2026-01-05",
    "valueQuantity":{"value":112.5,"unit":"mg/dL"}}"#;
const PULSE: &str = r#"{"resourceType":"Observation","id":"2","status":"final","category":[{"coding":[{"code":"vital-signs"}]}],
    "code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"effectiveDateTime":"2026-01-05",
    "valueQuantity":{"value":61,"unit":"/min"}}"#;
/// Two facts of one record, in two categories.
const SUMMARY: &str = r#"{"resourceType":"Composition","id":"c1","status":"final","date":"2026-01-01","title":"Summary",
    "type":{"coding":[{"system":"http://loinc.org","code":"60591-5"}]},"section":[
    {"title":"Allergies","code":{"coding":[{"system":"http://loinc.org","code":"48765-2"}]},"text":{"div":"<div>none</div>"},
     "emptyReason":{"coding":[{"code":"nilknown"}]}},
    {"title":"Problems","code":{"coding":[{"system":"http://loinc.org","code":"11450-4"}]},"text":{"div":"<div>secret</div>"}}]}"#;

fn id_of(session: &Session, category: Category) -> RecordId {
    let rows = session.query(&Query { categories: vec![category], ..Query::default() }).unwrap().into_value();
    rows[0].record
}

#[test]
fn a_consent_that_ends_stops_an_open_reader_without_any_commit() {
    let case = Case::new(&[LDL]);
    case.grant(Category::Laboratory, 1);
    let session = case.session();
    let id = id_of(&session, Category::Laboratory);
    let reader = session.reader(&Query::default(), 10).unwrap();
    reader.body(id).unwrap();
    let now = 1_790_000_000_000;
    // A consent ends on a whole minute, as its notice says.
    case.clock.set(Timestamp::from_millis(now + DAY - 60_000));
    reader.body(id).unwrap();
    case.clock.set(Timestamp::from_millis(now + DAY));
    assert!(matches!(reader.body(id), Err(Error::Denied)), "what was opened before is no exception");
    assert!(matches!(reader.bodies(&[id]), Err(Error::Denied)));
    assert!(matches!(reader.facts(&Query::default()), Err(Error::Denied)));
    assert!(matches!(reader.readings(&Query::default()), Err(Error::Denied)));
}

#[test]
fn a_clock_that_is_put_back_stops_an_open_reader() {
    let case = Case::new(&[LDL]);
    case.grant(Category::Laboratory, 1);
    let session = case.session();
    let reader = session.reader(&Query::default(), 10).unwrap();
    case.clock.set(Timestamp::from_millis(1_790_000_000_000 - DAY));
    assert!(matches!(reader.facts(&Query::default()), Err(Error::ClockBehind)));
}

#[test]
fn withdrawing_one_of_two_grants_takes_its_part_out_of_an_open_reader() {
    let case = Case::new(&[LDL, PULSE]);
    let lab = case.grant(Category::Laboratory, 9);
    case.grant(Category::VitalSigns, 9);
    let session = case.session();
    let (ldl, pulse) = (id_of(&session, Category::Laboratory), id_of(&session, Category::VitalSigns));
    let reader = session.reader(&Query::default(), 10).unwrap();
    assert_eq!(reader.bodies(&[ldl, pulse]).unwrap().len(), 2);
    case.space.withdraw(lab).unwrap();
    assert!(matches!(reader.body(ldl), Err(Error::NotFound)));
    assert!(matches!(reader.bodies(&[pulse, ldl]), Err(Error::NotFound)));
    assert_eq!(reader.facts(&Query::default()).unwrap().len(), 1);
    assert_eq!(reader.readings(&Query::default()).unwrap()[0].record, pulse);
    reader.body(pulse).unwrap();
}

#[test]
fn a_grant_given_later_widens_no_open_reader() {
    let case = Case::new(&[LDL, PULSE]);
    case.grant(Category::Laboratory, 9);
    let session = case.session();
    let reader = session.reader(&Query::default(), 10).unwrap();
    case.grant(Category::VitalSigns, 9);
    let pulse = id_of(&session, Category::VitalSigns);
    assert!(matches!(reader.body(pulse), Err(Error::NotFound)));
    assert_eq!(reader.facts(&Query::default()).unwrap().len(), 1);
}

#[test]
fn a_body_is_opened_only_where_all_of_its_facts_may_be_seen() {
    let case = Case::new(&[SUMMARY]);
    case.grant(Category::Allergies, 9);
    let session = case.session();
    let rows = session.query(&Query::default()).unwrap().into_value();
    assert!(!rows.is_empty() && rows.iter().all(|r| r.class.category == Category::Allergies));
    let reader = session.reader(&Query::default(), 10).unwrap();
    assert!(matches!(reader.body(rows[0].record), Err(Error::NotFound)));
    for category in Category::ALL {
        case.grant(*category, 9);
    }
    let whole = session.reader(&Query::default(), 10).unwrap();
    assert!(String::from_utf8(whole.body(rows[0].record).unwrap()).unwrap().contains("secret"));
    // Not through the reader of the narrower release either.
    assert!(matches!(reader.body(rows[0].record), Err(Error::NotFound)));
}

#[test]
fn pages_of_a_reader_are_pages_of_what_was_released() {
    let case = Case::new(&[LDL, PULSE]);
    case.grant(Category::Laboratory, 9);
    case.grant(Category::VitalSigns, 9);
    let session = case.session();
    let lab = Query { categories: vec![Category::Laboratory], kinds: vec![Kind::Observation], ..Query::default() };
    let reader = session.reader(&lab, 10).unwrap();
    // The pulse is newer or equal in order, and was not released: it takes no place on a page.
    let page = reader.facts(&Query { limit: 1, ..Query::default() }).unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(reader.facts(&Query { skip: 1, ..Query::default() }).unwrap().len(), 0);
}

#[test]
fn what_is_written_meanwhile_stops_no_reader() {
    let case = Case::new(&[LDL]);
    case.grant(Category::Laboratory, 9);
    let session = case.session();
    let id = id_of(&session, Category::Laboratory);
    // Each memory has a key of its own: the page of keys that the record's stands in is sealed anew.
    for cached in [true, false] {
        let reader = session.reader(&Query::default(), 10).unwrap();
        if cached {
            reader.body(id).unwrap();
        }
        for n in 0..3 {
            session.remember_in("health", &format!("note {n}")).unwrap();
        }
        assert!(reader.body(id).is_ok());
        session.remember_in("health", "another").unwrap();
        assert!(reader.bodies(&[id]).is_ok());
    }
}

#[test]
fn closing_the_handle_closes_its_readers() {
    let case = Case::new(&[LDL]);
    case.grant(Category::Laboratory, 9);
    let session = case.session();
    let id = id_of(&session, Category::Laboratory);
    let reader = session.reader(&Query::default(), 10).unwrap();
    reader.body(id).unwrap();
    case.space.close();
    assert!(matches!(reader.body(id), Err(Error::Locked)));
    assert!(matches!(reader.bodies(&[id]), Err(Error::Locked)));
    assert!(matches!(reader.facts(&Query::default()), Err(Error::Locked)));
    assert!(matches!(reader.readings(&Query::default()), Err(Error::Locked)));
}

#[test]
fn old_heads_that_are_put_back_let_no_reader_go_on() {
    let case = Case::new(&[LDL]);
    let grant = case.grant(Category::Laboratory, 9);
    let session = case.session();
    let id = id_of(&session, Category::Laboratory);
    let reader = session.reader(&Query::default(), 10).unwrap();
    reader.body(id).unwrap();
    let storage = &case.space.inner.base.storage;
    let scopes = storage.begin_read().unwrap().scopes().unwrap();
    let old: Vec<_> = scopes
        .iter()
        .map(|s| (*s, storage.begin_read().unwrap().head(s, crate::storage::Copy::First).unwrap().unwrap()))
        .collect();
    case.space.withdraw(grant).unwrap();
    let mut txn = storage.begin_write().unwrap();
    for (scope, head) in &old {
        txn.put_head(scope, &head.body, &head.auth).unwrap();
    }
    txn.commit().unwrap();
    assert!(matches!(session.query(&Query::default()), Err(Error::RolledBack)));
    assert!(matches!(reader.body(id), Err(Error::RolledBack)));
    assert!(matches!(reader.bodies(&[id]), Err(Error::RolledBack)));
    assert!(matches!(reader.facts(&Query::default()), Err(Error::RolledBack)));
}

/// That there is more than was asked for is told to the recipient, and so to the person.
#[test]
fn that_there_is_more_is_entered_as_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(session.reader(&Query::default(), 1), Err(Error::TooLarge(_))));
    assert!(session.label().no_training(), "it was told something");
    let line = space.disclosure_log().unwrap().remove(0);
    assert!(
        line.describe("en").contains("“eu-llm” (AI model) was told that there is more than 1 item"),
        "{}",
        line.describe("en")
    );
    assert!(line.describe("en").contains("laboratory results") && !line.describe("en").contains("refused"));
    assert!(line.describe("fr").contains("a appris qu’il y a plus d’un élément"), "{}", line.describe("fr"));
    let evidence = space.evidence(&crate::evidence::EvidenceRequest::new()).unwrap();
    assert!(!evidence.is_empty());
}

/// By this handle or by another one: what was erased is given no more, what shared a key with it still is.
#[test]
fn what_was_erased_is_gone_from_open_readers() {
    let case = Case::new(&[LDL, PULSE]);
    allow(&case.space, Category::ALL);
    let file = case._dir.path().join("me.hs");
    let other = HealthSpace::open(&file, &unlock(), case.space.inner.base.env.clone()).unwrap();
    let sessions = [case.session(), other.session(model(), Purpose::PatientRequest).unwrap()];
    let readers: Vec<_> = sessions.iter().map(|s| s.reader(&Query::default(), 10).unwrap()).collect();
    let (gone, stays) = (id_of(&sessions[0], Category::Laboratory), id_of(&sessions[0], Category::VitalSigns));
    let pulse = readers[0].body(stays).unwrap();
    readers[0].body(gone).unwrap();
    case.space.partition("health").unwrap().erase(&Erase::Records(vec![gone]), gesture()).unwrap();
    for reader in &readers {
        assert!(matches!(reader.body(gone), Err(Error::NotFound)));
        assert!(matches!(reader.bodies(&[gone]), Err(Error::NotFound)));
        let facts = reader.facts(&Query::default()).unwrap();
        assert!(facts.iter().all(|f| f.record == stays) && facts.len() == 1);
        assert!(reader.readings(&Query::default()).unwrap().iter().all(|r| r.record == stays));
        assert_eq!(
            (reader.body(stays).unwrap(), reader.bodies(&[stays]).unwrap()),
            (pulse.clone(), vec![pulse.clone()])
        );
        assert_eq!(reader.len(), 1);
    }
}

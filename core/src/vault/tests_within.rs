//! Partitions beside the first, uses after a renewal, and what changes between two steps of one call.

use super::tests::{allow, clock, fill, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::catalog::{Facts as _, Query};
use crate::consent::{Recipient, RecipientKind};
use crate::environment::{Environment, FileAnchor, FixedClock};
use crate::error::{Error, Result};
use crate::grounding::Budget;
use crate::id::RecordId;
use crate::label::{Confidentiality, Lowering, Obligations, Purpose};
use crate::record::Category;
use std::cell::Cell;
use std::sync::Arc;

fn space() -> (tempfile::TempDir, HealthSpace, Arc<FixedClock>) {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let env = Environment { anchor: Some(Arc::new(FileAnchor::new(dir.path().join("a")))), ..env };
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    (dir, space, time)
}

fn asks(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

/// The record of a code in the first partition.
fn record(space: &HealthSpace, code: &str) -> RecordId {
    let state = space.inner.peek().unwrap();
    let view = crate::catalog::View::new(&state.partitions[0].readable, &crate::record::Everything);
    view.query_facts(&of_code(code))[0].record().id()
}

fn fitness(space: &HealthSpace) {
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    let entry = observation("9", "laboratory", "2345-7", "2026-02-01", "91", "");
    space.partition("fitness").unwrap().import(source(&[entry])).unwrap();
}

#[test]
fn a_grant_over_a_second_health_partition_lets_its_recipient_read_there() {
    let (_d, space, _) = space();
    fitness(&space);
    let ask = space.consent_request().partition("fitness").purpose(Purpose::PatientRequest);
    let grant = ask.categories(&[Category::Laboratory]).recipient(model()).agree(gesture()).unwrap().id();
    assert!(matches!(asks(&space).query(&Query::default()), Err(Error::Denied)), "the first health partition");
    let s = asks(&space).within("fitness");
    assert_eq!(s.query(&Query::default()).unwrap().value().len(), 1);
    assert_eq!(*s.count(&Query::default()).unwrap().value(), 1);
    assert_eq!(s.presence().unwrap().value().len(), 1);
    assert_eq!(s.reader(&Query::default(), 10).unwrap().len(), 1);
    assert!(s.ground("What is my glucose?", Budget::tokens(300)).unwrap().value().text.contains("91"));
    assert_eq!(s.label().origins, crate::label::Origins::partition(3));
    space.withdraw(grant).unwrap();
    assert!(matches!(s.query(&Query::default()), Err(Error::Denied)));
}

#[test]
fn a_partition_that_nothing_shows_is_not_told_from_none() {
    let (_d, space, _) = space();
    fitness(&space);
    allow(&space, &[Category::Laboratory]);
    let entries = || -> usize {
        let of = |name: &String| space.log(LogOf::Partition(name)).unwrap().len();
        space.info().unwrap().partitions.iter().map(of).sum()
    };
    let answers = ["fitness", "none of that name"].map(|name| {
        let (s, before) = (asks(&space).within(name), entries());
        let all = [
            s.query(&Query::default()).map(drop).map_err(|e| e.to_string()),
            s.count(&Query::default()).map(drop).map_err(|e| e.to_string()),
            s.presence().map(drop).map_err(|e| e.to_string()),
            s.reader(&Query::default(), 10).map(drop).map_err(|e| e.to_string()),
            s.ground("What is my glucose?", Budget::tokens(300)).map(drop).map_err(|e| e.to_string()),
        ];
        (all, entries() - before)
    });
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].0.iter().all(Result::is_err) && answers[0].1 == 5);
}

#[test]
fn emergency_access_reaches_the_partition_that_its_grant_names_and_no_other() {
    let (_d, space, _) = space();
    fitness(&space);
    let doctor = Recipient::new(RecipientKind::Person, "Dr X").unwrap();
    let ask = space.consent_request().partition("fitness").purpose(Purpose::BreakGlass).categories(Category::ALL);
    ask.recipient(doctor.clone()).agree(gesture()).unwrap();
    let breaks = |name: &str| space.break_glass_in(name, doctor.clone(), "found unconscious", Presence::Unable, 10);
    for other in ["health", "general", "none of that name"] {
        assert!(matches!(breaks(other), Err(Error::Denied)), "{other}");
    }
    let s = breaks("fitness").unwrap();
    assert_eq!(s.query(&Query::default()).unwrap().value().len(), 1);
    assert_eq!(space.break_glass_notices().unwrap()[0].partition, "fitness");
}

/// Of invisible characters, and letters that show nothing.
#[test]
fn d11_a_reason_that_nobody_sees_is_none() {
    let (_d, space, _) = space();
    let doctor = Recipient::new(RecipientKind::Person, "Dr X").unwrap();
    let ask = space.consent_request().purpose(Purpose::BreakGlass).categories(Category::ALL);
    ask.recipient(doctor.clone()).agree(gesture()).unwrap();
    for reason in ["\u{ad}", "\u{61c}", "\u{180e}", "\u{e0041}", "\u{3164}", "\u{2800}", ".", "x\u{200b}"] {
        let broken = space.break_glass(doctor.clone(), reason, Presence::Unable, 10);
        assert!(matches!(broken, Err(Error::Malformed(_))), "{reason:?}");
    }
}

#[test]
fn d10_a_renewed_count_ends_too() {
    let (_d, space, _) = space();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    let grant = ask.recipient(model()).uses(1).expires_in_days(3).agree(gesture()).unwrap();
    assert!(asks(&space).query(&Query::default()).is_ok() && asks(&space).query(&Query::default()).is_err());
    space.renewal(grant.id()).expires_in_days(9).uses(2).agree(gesture()).unwrap();
    assert_eq!((0..5).filter(|_| asks(&space).query(&Query::default()).is_ok()).count(), 2);
}

/// After a restore, like any other permission.
#[test]
fn r_freshness_a_suspended_consent_to_lower_lowers_nothing() {
    let (dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let lowering = Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE };
    let ask = space.declassify_request("health", "general", Purpose::PatientRequest).dropping(lowering);
    let grant = ask.agree(gesture()).unwrap().id();
    let (copy, to) = (dir.path().join("backup"), dir.path().join("restored.hs"));
    space.backup_to(&copy).unwrap();
    drop(space);
    let again = HealthSpace::restore(&copy, &to, &unlock(), clock().0, &RestoreOptions::new(gesture())).unwrap().0;
    let said = asks(&again).heard("My LDL is a bit high, says the doctor", gesture()).unwrap();
    let id = asks(&again).keep(&said, "health").unwrap();
    let value = again.partition("health").unwrap().memory_value(id).unwrap();
    let asked = asks(&again).heard("Tell the cook", gesture()).unwrap();
    let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
    assert!(matches!(again.declassify(&what, &asked, gesture()), Err(Error::FlowDenied)));
    again.confirm_permission(grant, gesture()).unwrap();
    again.declassify(&what, &asked, gesture()).unwrap();
}

/// Though it has a grant in that partition, for something else.
#[test]
fn a_text_made_from_what_an_endpoint_may_not_see_is_refused_to_it() {
    let (_d, space, _) = space();
    allow(&space, &[Category::Laboratory, Category::VitalSigns]);
    let other = Recipient::model("us-llm").unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::VitalSigns]);
    ask.recipient(other.clone()).agree(gesture()).unwrap();
    let lab = asks(&space).hold(record(&space, "13457-7")).unwrap();
    let keeps = || Endpoint::cleared(Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE));
    let s = asks(&space);
    let answer = s.model_call(&[&lab], &Endpoint::model(model(), keeps())).unwrap().finish("LDL is 112.5").unwrap();
    assert!(s.model_call(&[&answer], &Endpoint::model(other, keeps())).is_err());
    assert!(s.model_call(&[&answer], &Endpoint::model(model(), keeps())).is_ok());
}

/// By another handle, between what was composed and the lock under which it is entered.
#[test]
fn what_is_erased_meanwhile_is_not_released() {
    let (_d, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let id = record(&space, "13457-7");
    let (s, once) = (asks(&space), Cell::new(false));
    let kind = crate::audit::ReleaseKind::Read;
    let released = s.release("health", crate::consent::Action::Read, kind, b"q", &mut |v| {
        let value = v.query(&of_code("13457-7"))?;
        if !once.replace(true) {
            let other = space.clone();
            let erase = move || other.partition("health")?.erase(&Erase::Records(vec![id]), gesture()).map(drop);
            std::thread::scope(|t| t.spawn(erase).join().unwrap())?;
        }
        let items = value.iter().map(|r| (r.record, r.part)).collect();
        Ok(super::release::Release { items, categories: Default::default(), value, unread: 0 })
    });
    assert!(released.unwrap().value().is_empty());
}

#[test]
fn a_memory_of_general_that_is_withheld_is_not_told_from_none() {
    let (_d, space, _) = space();
    let real = asks(&space).remember_in("general", "Has a dog").unwrap();
    let answers = [real, RecordId::from_bytes([9; 16])].map(|id| {
        let s = space.session(Recipient::model("us-llm").unwrap(), Purpose::PatientRequest).unwrap();
        (s.remember("x", &vec![id]).map(drop).map_err(|e| e.to_string()), s.label() == crate::label::Label::BOTTOM)
    });
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].0.is_err());
}

/// What is open in one process ends with a withdrawal in another.
#[test]
fn a_withdrawal_in_another_process_stops_what_is_open_here() {
    const FILE: &str = "HEALTHSPACE_WITHDRAWS_IN";
    let env = |file: &std::path::Path| {
        let anchor = FileAnchor::new(file.with_file_name("a"));
        Environment { anchor: Some(Arc::new(anchor)), ..clock().0 }
    };
    if let Some(file) = std::env::var_os(FILE) {
        let file = std::path::PathBuf::from(file);
        let space = HealthSpace::open(&file, &unlock(), env(&file)).unwrap();
        return space.withdraw(space.grants().unwrap()[0].id).unwrap();
    }
    let (dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let s = asks(&space);
    let reader = s.reader(&Query::default(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    reader.body(record).unwrap();
    let held = s.hold(record).unwrap();
    let mut other = std::process::Command::new(std::env::current_exe().unwrap());
    let name = "vault::tests_within::a_withdrawal_in_another_process_stops_what_is_open_here";
    assert!(other.args(["--exact", name]).env(FILE, dir.path().join("me.hs")).output().unwrap().status.success());
    assert!(matches!(s.query(&Query::default()), Err(Error::Denied)));
    assert!(reader.body(record).is_err() && reader.facts(&Query::default()).is_err());
    assert!(s.reveal(&held).is_err() && s.hold(record).is_err());
    let withdrawn = |l: &LogLine| matches!(l.entry.event, crate::audit::AuditEvent::Withdrawn { .. });
    assert_eq!(space.log(LogOf::Space).unwrap().iter().filter(|l| withdrawn(l)).count(), 1, "by the other process");
}

/// Such grants apply only where an older copy of the file would be noticed.
#[test]
fn d10_a_counted_grant_in_a_space_without_an_anchor_is_not_listed_as_in_force() {
    use crate::consent::Standing;
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).uses(3).agree(gesture()).unwrap();
    let glass = space.consent_request().purpose(Purpose::BreakGlass).categories(Category::ALL);
    glass.recipient(Recipient::new(RecipientKind::Person, "Dr X").unwrap()).agree(gesture()).unwrap();
    assert!(matches!(asks(&space).query(&Query::default()), Err(Error::Denied)));
    assert!(space.grants().unwrap().iter().all(|g| g.standing == Standing::Unanchored));
    assert_eq!(space.permissions().unwrap().len(), 2, "each can be withdrawn from the list");
    let (_d, space, _) = self::space();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).uses(3).agree(gesture()).unwrap();
    assert!(space.grants().unwrap().iter().all(|g| g.standing == Standing::InForce));
}

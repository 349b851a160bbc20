//! Labels launder nothing, and nothing leaves without a permit that holds, an entry and a label.

use super::tests::{allow, clock, events, fill, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::audit::{AuditEvent, ReleaseKind};
use crate::catalog::Query;
use crate::consent::{Recipient, RecipientKind};
use crate::environment::{Clock, Environment, FixedClock};
use crate::error::{Error, Malformed};
use crate::id::{RecordId, Timestamp};
use crate::label::{Confidentiality, Label, Purpose, Sensitivities, Sensitivity};
use crate::record::Category;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const T0: i64 = 1_790_000_000_000;
const HEALTH: LogOf<'static> = LogOf::Partition("health");

fn space() -> (tempfile::TempDir, HealthSpace, Arc<FixedClock>) {
    let dir = tempfile::tempdir().unwrap();
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    (dir, space, clock)
}

fn session(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

fn kept(space: &HealthSpace, partition: &str) -> Vec<Memory> {
    space.partition(partition).unwrap().memories().unwrap().into_value()
}

fn hiv(label: &Label) -> bool {
    Sensitivities::only(Sensitivity::Hiv).is_subset(label.sensitivities)
}

fn stored(space: &HealthSpace, s: &Session) -> Label {
    space.resume(s.conversation(), model(), Purpose::PatientRequest).unwrap().label()
}

/// Says one time so often, then another.
struct Jump {
    left: AtomicI64,
    later: i64,
}

impl Clock for Jump {
    fn now(&self) -> Timestamp {
        let now = if self.left.fetch_sub(1, Ordering::SeqCst) > 0 { T0 } else { self.later };
        Timestamp::from_millis(now)
    }
}

fn jumping(dir: &tempfile::TempDir) -> (HealthSpace, Arc<Jump>) {
    let jump = Arc::new(Jump { left: 1_000_000.into(), later: T0 + 600_000 });
    let env = Environment { clock: Arc::<Jump>::clone(&jump), ..Environment::default() };
    (HealthSpace::open(dir.path().join("me.hs"), &unlock(), env).unwrap(), jump)
}

fn soon_over(space: &HealthSpace) -> Grant {
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).expires_at(Timestamp::from_millis(T0 + 120_000)).agree(gesture()).unwrap()
}

#[test]
fn a_grant_that_ends_while_a_release_is_put_together_releases_nothing() {
    let (dir, space, _) = space();
    let lab = soon_over(&space);
    let vitals = allow(&space, &[Category::VitalSigns]);
    let (later, jump) = jumping(&dir);
    let s = session(&later);
    jump.left.store(1, Ordering::SeqCst);
    let out = s.query(&Query::default()).unwrap();
    assert_eq!(out.value().len(), 1);
    assert_eq!(out.receipt().count, 1);
    assert!(out.value().iter().all(|r| r.class.category == Category::VitalSigns));
    let all = events(&later, HEALTH);
    let Some(AuditEvent::Released { grants, count, .. }) = all.last() else { panic!("{all:?}") };
    assert!(grants.contains(&vitals.id()) && !grants.contains(&lab.id()) && *count == 1);
}

#[test]
fn a_refusal_under_the_write_lock_is_logged() {
    let (dir, space, _) = space();
    soon_over(&space);
    let (later, jump) = jumping(&dir);
    let s = session(&later);
    jump.left.store(1, Ordering::SeqCst);
    assert!(matches!(s.query(&Query::default()), Err(Error::Denied)));
    assert!(matches!(events(&later, HEALTH).last(), Some(AuditEvent::Refused { .. })));
}

#[test]
fn a_refusal_of_an_open_reader_is_logged() {
    let (_dir, space, _) = space();
    let grant = allow(&space, &[Category::Laboratory]);
    let s = session(&space);
    let reader = s.reader(&Query::default(), 10).unwrap();
    space.withdraw(grant.id()).unwrap();
    let before = events(&space, HEALTH).len();
    assert!(matches!(reader.facts(&Query::default()), Err(Error::Denied)));
    let all = events(&space, HEALTH);
    assert!(all.len() == before + 1 && matches!(all.last(), Some(AuditEvent::Refused { .. })));
}

#[test]
fn parents_by_id_bring_their_label_along() {
    let (_dir, space, _) = space();
    let grant = allow(&space, &[Category::Laboratory]);
    let ids = session(&space).query(&of_code("20447-9")).unwrap().into_value();
    let ids: Vec<RecordId> = ids.iter().map(|r| r.record).collect();
    let fresh = session(&space);
    fresh.remember("It was 50", &ids).unwrap();
    assert!(kept(&space, "general").is_empty());
    let memory = kept(&space, "health").remove(0);
    assert!(memory.label.no_training() && memory.parents == ids);
    assert_eq!(memory.label.confidentiality, Confidentiality::VeryRestricted);
    // The session that names them has been near them.
    assert!(fresh.label().no_training() && stored(&space, &fresh).no_training());
    assert!(matches!(fresh.remember_in("general", "It was 50"), Err(Error::FlowDenied)));
    // An id that is nowhere, or of a record that this recipient may not see: not told apart.
    let unknown = vec![RecordId::from_bytes([9; 16])];
    assert!(matches!(session(&space).remember("x", &unknown), Err(Error::NotFound)));
    space.withdraw(grant.id()).unwrap();
    let refused = |space: &HealthSpace| {
        events(space, HEALTH).into_iter().filter(|e| matches!(e, AuditEvent::Refused { .. })).count()
    };
    let before = refused(&space);
    assert!(matches!(session(&space).remember("x", &ids), Err(Error::NotFound)));
    assert_eq!(refused(&space), before + 1, "whoever asks what is there is entered");
    // What a general memory rests on may be named.
    let talk = session(&space);
    let first = talk.remember_in("general", "Prefers short answers").unwrap();
    talk.remember("Still does", &vec![first]).unwrap();
    assert_eq!(kept(&space, "general").len(), 2);
    assert!(!talk.label().no_training());
}

#[test]
fn what_another_conversation_was_shown_taints_this_one() {
    let (_dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let shown = session(&space).query(&of_code("13457-7")).unwrap();
    let fresh = session(&space);
    fresh.remember("LDL is fine", &shown).unwrap();
    assert!(fresh.label().no_training());
    assert!(stored(&space, &fresh).no_training());
    assert!(matches!(fresh.remember_in("general", "LDL is fine"), Err(Error::FlowDenied)));
}

#[test]
fn the_stored_label_of_a_conversation_never_shrinks() {
    let (_dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let a = session(&space);
    a.query(&of_code("13457-7")).unwrap();
    let b = space.resume(a.conversation(), model(), Purpose::PatientRequest).unwrap();
    a.query(&of_code("20447-9")).unwrap();
    let high = stored(&space, &a);
    assert!(hiv(&high));
    b.query(&of_code("13457-7")).unwrap();
    assert_eq!(stored(&space, &a), high);
    assert_eq!(b.label(), high);
}

#[test]
fn a_conversation_is_tainted_in_every_handle_at_once() {
    let (_dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let a = session(&space);
    a.remember_in("general", "Hello").unwrap();
    a.query(&of_code("13457-7")).unwrap();
    let b = space.resume(a.conversation(), model(), Purpose::PatientRequest).unwrap();
    a.query(&of_code("20447-9")).unwrap();
    b.remember_in("health", "Noted").unwrap();
    assert!(hiv(&kept(&space, "health")[0].label));
}

/// What is spoken or heard in a handle that read less rests on what its conversation was shown.
#[test]
fn what_one_handle_says_carries_what_another_of_its_conversation_was_shown() {
    let (_dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let reads = session(&space);
    reads.query(&of_code("13457-7")).unwrap();
    let speaks = space.resume(reads.conversation(), model(), Purpose::PatientRequest).unwrap();
    reads.query(&of_code("20447-9")).unwrap();
    assert!(hiv(&reads.label()) && !hiv(&speaks.label()));
    let said = [speaks.say("So it is.").unwrap(), speaks.heard("So it is.", gesture()).unwrap()];
    for value in said {
        assert!(hiv(&value.label()), "another conversation would keep it without");
    }
    assert!(hiv(&speaks.label()), "by now it knows");
}

#[test]
fn health_files_do_not_go_into_a_general_partition() {
    let (_dir, space, _) = space();
    let general = space.partition("general").unwrap();
    let file = source(&[observation("1", "laboratory", "13457-7", "2026-01-05", "112.5", "")]);
    assert!(matches!(general.import(file), Err(Error::FlowDenied)));
    assert!(general.staged_imports().unwrap().is_empty() && general.sources().unwrap().is_empty());
    assert!(matches!(events(&space, LogOf::Partition("general")).last(), Some(AuditEvent::FlowDenied { .. })));
}

#[test]
fn looking_through_memories_is_logged_before_they_are_shown() {
    let (_dir, space, _) = space();
    let s = session(&space);
    s.remember_in("health", "One").unwrap();
    s.remember_in("health", "Two").unwrap();
    let before = events(&space, HEALTH).len();
    assert_eq!(kept(&space, "health").len(), 2);
    let log = space.log(HEALTH).unwrap();
    assert_eq!(log.len(), before + 1);
    let AuditEvent::Released { count, grants, label, kind, .. } = &log[before].entry.event else { panic!() };
    assert!(*count == 2 && grants.is_empty() && label.no_training() && *kind == ReleaseKind::Read);
    assert!(log[before].describe("en").contains("person"), "{}", log[before].describe("en"));
}

#[test]
fn what_is_there_and_how_many_raise_the_label_and_are_counted() {
    let (_dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let last_count = |space: &HealthSpace| match events(space, HEALTH).last() {
        Some(AuditEvent::Released { count, kind: ReleaseKind::Count, .. }) => *count,
        other => panic!("{other:?}"),
    };
    let s = session(&space);
    let lines = s.presence().unwrap();
    assert_eq!(lines.value().len(), 2);
    assert!(hiv(&lines.label()));
    assert_eq!(lines.label().confidentiality, Confidentiality::VeryRestricted);
    assert_eq!((lines.receipt().count, last_count(&space)), (2, 2));
    let s = session(&space);
    let n = s.count(&of_code("13457-7")).unwrap();
    assert_eq!((*n.value(), n.receipt().count, last_count(&space)), (1, 1, 1));
    assert!(n.label().no_training() && !hiv(&n.label()));
    let n = s.count(&of_code("20447-9")).unwrap();
    assert!(hiv(&n.label()) && stored(&space, &s) == s.label());
    // Of what is not granted, not even the label tells.
    space.grants().unwrap().iter().for_each(|g| space.withdraw(g.id).unwrap());
    allow(&space, &[Category::VitalSigns]);
    let lines = session(&space).presence().unwrap();
    assert!(lines.value().len() == 1 && !hiv(&lines.label()));
}

#[test]
fn a_reader_that_would_be_too_large_tells_that_much_and_is_logged() {
    let (_dir, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let s = session(&space);
    let before = events(&space, HEALTH).len();
    assert!(matches!(s.reader(&Query::default(), 1), Err(Error::TooLarge(_))));
    let all = events(&space, HEALTH);
    let told = |e: &AuditEvent| matches!(e, AuditEvent::Released { kind: ReleaseKind::More, count: 1, .. });
    assert!(all.len() == before + 1 && all.last().is_some_and(told));
    assert!(s.label().no_training() && hiv(&s.label()));
    assert_eq!(stored(&space, &s), s.label());
    assert!(matches!(s.remember_in("general", "more than one"), Err(Error::FlowDenied)));
}

#[test]
fn every_recipient_can_be_logged() {
    assert!(Recipient::model(&"\u{e9}".repeat(129)).is_err());
    let (_dir, space, _) = space();
    let long = Recipient::model(&"\u{e9}".repeat(128)).unwrap();
    let s = space.session(long.clone(), Purpose::PatientRequest).unwrap();
    assert!(matches!(s.query(&Query::default()), Err(Error::Denied)));
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(long).agree(gesture()).unwrap();
    assert_eq!(s.query(&Query::default()).unwrap().value().len(), 2);
    // Whatever a name may hold, an entry may hold.
    for c in ('\0'..=char::MAX).filter(|c| !c.is_alphanumeric()) {
        if let Ok(r) = Recipient::new(RecipientKind::App, &format!("a{c}b")) {
            let event = AuditEvent::Refused { purpose: Purpose::PatientRequest, actor: r.clone() };
            let entry = crate::audit::Entry { time: Timestamp::from_millis(0), event };
            assert!(entry.encode().is_ok(), "{c:?}");
        }
    }
}

#[test]
fn the_notice_that_was_shown_is_the_one_that_is_logged() {
    let (_dir, space, _) = space();
    let ask = || {
        let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
        ask.recipient(model()).expires_in_days(9)
    };
    let logged = |space: &HealthSpace| match events(space, LogOf::Space).pop() {
        Some(AuditEvent::Granted { locale, notice_hash, .. }) => (locale, notice_hash),
        other => panic!("{other:?}"),
    };
    let request = ask();
    let french = request.notice("fr").unwrap();
    request.confirm(gesture()).unwrap();
    let hash = crate::crypto::hash::sha256(&[french.as_bytes()]);
    assert_eq!(logged(&space), ("fr".to_owned(), hash));
    // A second tap gives nothing more; and what nobody read is not agreed to.
    let refused =
        |asked: crate::error::Result<Grant>| assert!(matches!(asked, Err(Error::Malformed(Malformed::Notice))));
    refused(request.confirm(gesture()));
    refused(ask().confirm(gesture()));
    assert_eq!(space.grants().unwrap().len(), 1);
    let grant = space.grants().unwrap()[0].id;
    let renewal = space.renewal(grant).expires_in_days(20);
    refused(renewal.confirm(gesture()));
    renewal.notice("fr").unwrap();
    renewal.confirm(gesture()).unwrap();
    refused(renewal.confirm(gesture()));
    let lower =
        space.declassify_request("health", "general", Purpose::PatientRequest).dropping(crate::label::Lowering {
            confidentiality: Some(crate::label::Confidentiality::Normal),
            ..crate::label::Lowering::NONE
        });
    refused(lower.confirm(gesture()));
    lower.notice("fr").unwrap();
    lower.confirm(gesture()).unwrap();
    refused(lower.confirm(gesture()));
    // The last one shown counts.
    let request = ask();
    request.notice("fr").unwrap();
    request.notice("en").unwrap();
    request.clone().confirm(gesture()).unwrap();
    assert_eq!(logged(&space).0, "en");
    request.notice("en").unwrap();
    // Other terms than those that were shown are not what the person said yes to.
    let wider = request.categories(Category::ALL);
    refused(wider.confirm(gesture()));
    wider.notice("en").unwrap();
    wider.confirm(gesture()).unwrap();
}

#[test]
fn a_grant_that_is_over_is_not_confirmed() {
    let (_dir, space, clock) = space();
    let ask = |end: i64| {
        let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
        ask.recipient(model()).expires_at(Timestamp::from_millis(end)).agree(gesture())
    };
    for end in [T0 - 86_400_000, T0, T0 + 1] {
        assert!(matches!(ask(end), Err(Error::Malformed(Malformed::Terms))), "{}", end - T0);
    }
    assert!(space.grants().unwrap().is_empty());
    ask(T0 + 120_000).unwrap();
    // The log's last entry counts, not a clock that was set back.
    clock.set(Timestamp::from_millis(T0 + 600_000));
    ask(T0 + 700_000).unwrap();
    clock.set(Timestamp::from_millis(T0));
    assert!(ask(T0 + 300_000).is_err());
}

/// Taps that come together, from as many threads: one of them is the consent.
#[test]
fn taps_that_come_together_are_one() {
    let (_dir, space, _) = space();
    for _ in 0..20 {
        let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
        let ask = ask.recipient(model()).expires_in_days(9);
        ask.notice("en").unwrap();
        let before = space.grants().unwrap().len();
        let given = std::thread::scope(|t| {
            let taps: Vec<_> = (0..4).map(|_| t.spawn(|| ask.confirm(gesture()).is_ok())).collect();
            taps.into_iter().map(|tap| tap.join().unwrap()).filter(|done| *done).count()
        });
        assert_eq!((given, space.grants().unwrap().len()), (1, before + 1));
    }
    // What did not come about can be confirmed again.
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    let ask = ask.recipient(model()).expires_in_days(9);
    ask.notice("en").unwrap();
    let wider = ask.clone().categories(Category::ALL);
    assert!(matches!(wider.confirm(gesture()), Err(Error::Malformed(Malformed::Notice))));
    ask.confirm(gesture()).unwrap();
}

/// Or whoever reads an entry could try what was asked.
#[test]
fn the_hash_of_a_question_is_salted() {
    let (_d, space, _) = space();
    allow(&space, &[Category::Laboratory]);
    let hash = || {
        session(&space).query(&of_code("13457-7")).unwrap();
        match events(&space, HEALTH).pop() {
            Some(AuditEvent::Released { query_hash, .. }) => query_hash,
            other => panic!("{other:?}"),
        }
    };
    assert_ne!(hash(), hash());
}

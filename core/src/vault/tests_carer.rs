//! Delegation to a carer: scope, end, passing on, and falling with the parent (D9).

use super::tests::*;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::{Parties, Recipient, RecipientKind, Standing, from_fhir};
use crate::environment::FixedClock;
use crate::error::{Error, Result};
use crate::id::{GrantId, Timestamp};
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

fn to(space: &HealthSpace, name: &str) -> ConsentRequest {
    let ask = space.consent_request().purpose(Purpose::FamilyRequest).categories(&[Category::Laboratory]);
    ask.carer(name).unwrap()
}

fn ask(space: &HealthSpace, name: &str) -> Result<usize> {
    let who = Recipient::new(RecipientKind::Person, name).unwrap();
    space.session(who, Purpose::FamilyRequest)?.query(&Query::default()).map(|r| r.into_value().len())
}

fn standing(space: &HealthSpace, id: GrantId) -> Standing {
    space.grants().unwrap().into_iter().find(|g| g.id == id).unwrap().standing
}

#[test]
fn a_carer_has_a_scope_and_an_end_and_a_notice_that_says_so() {
    let (_dir, space, time) = space();
    assert!(matches!(to(&space, "Ana").agree(gesture()), Err(Error::Malformed(_))), "an end must be given");
    for purpose in [Purpose::Treatment, Purpose::PatientRequest, Purpose::Research] {
        let other = to(&space, "Ana").expires_in_days(30).purpose(purpose);
        assert!(matches!(other.agree(gesture()), Err(Error::Malformed(_))));
    }
    let model = to(&space, "Ana").recipient(model()).expires_in_days(30);
    assert!(matches!(model.agree(gesture()), Err(Error::Malformed(_))), "a carer is a person");
    let request = to(&space, "Ana").expires_in_days(30);
    let en = request.notice("en").unwrap();
    for part in ["On your behalf: “Ana” may read", "not let anybody else", "nor export or erase", "laboratory results"]
    {
        assert!(en.contains(part), "{part}\n{en}");
    }
    let fr = request.notice("fr").unwrap();
    for part in ["En votre nom\u{a0}: «\u{a0}Ana\u{a0}» peut lire", "participer personne d’autre"] {
        assert!(fr.contains(part), "{part}\n{fr}");
    }
    let given = request.agree(gesture()).unwrap();
    assert_eq!(ask(&space, "Ana").unwrap(), 2, "no more than its categories");
    assert!(matches!(ask(&space, "Ben"), Err(Error::Denied)));
    let consents = space.export_consents().unwrap();
    let doc = from_fhir(&consents.iter().find(|c| c.0 == given.id()).unwrap().1).unwrap();
    assert!(doc.spec.terms().delegation.is_some());
    let record = space.consent_record(given.id(), &Parties::default()).unwrap();
    assert!(record.contains("hs:mayPassOn"));
    time.set(Timestamp::from_millis(NOW + 31 * DAY));
    assert!(matches!(ask(&space, "Ana"), Err(Error::Denied)));
    space.renewal(given.id()).expires_in_days(30).agree(gesture()).unwrap();
    assert_eq!(ask(&space, "Ana").unwrap(), 2);
}

#[test]
fn nothing_is_passed_on_unless_stated_and_never_more_than_was_given() {
    let (_dir, space, _) = space();
    let firm = to(&space, "Ana").expires_in_days(30).agree(gesture()).unwrap().id();
    let child = |parent| to(&space, "Ben").under(parent).expires_in_days(20);
    assert!(matches!(child(firm).agree(gesture()), Err(Error::Denied)), "not stated");
    let open = to(&space, "Ana").may_pass_on().expires_in_days(30);
    assert!(open.notice("en").unwrap().contains("let others take part within these limits"));
    let parent = open.agree(gesture()).unwrap().id();
    let refused = [
        child(parent).categories(Category::ALL),
        child(parent).expires_in_days(31),
        child(parent).purpose(Purpose::SupportNetwork),
        child(parent).partition("general"),
        child(GrantId::from_bytes([1; 16])),
    ];
    for wider in refused {
        assert!(matches!(wider.agree(gesture()), Err(Error::Denied)));
    }
    // Nor over other dates than were given.
    let at = |day: i64| Timestamp::from_millis(NOW + day * DAY);
    let dated = to(&space, "Ana").may_pass_on().expires_in_days(30).data_period(at(-100), at(-50));
    let dated = dated.agree(gesture()).unwrap().id();
    for (from, until) in [(-101, -50), (-100, -49), (-200, 0), (-40, -30)] {
        let wider = child(dated).data_period(at(from), at(until));
        assert!(matches!(wider.agree(gesture()), Err(Error::Denied)), "{from} to {until}");
    }
    assert!(matches!(child(dated).agree(gesture()), Err(Error::Denied)), "all dates");
    space.withdraw(child(dated).data_period(at(-90), at(-60)).agree(gesture()).unwrap().id()).unwrap();
    assert!(matches!(child(parent).may_pass_on().agree(gesture()), Err(Error::Malformed(_))), "only once");
    assert!(child(parent).notice("fr").unwrap().contains("prend fin avec lui"));
    let passed = child(parent).agree(gesture()).unwrap().id();
    assert_eq!(ask(&space, "Ben").unwrap(), 2);
    let third = to(&space, "Cleo").under(passed).expires_in_days(10);
    assert!(matches!(third.agree(gesture()), Err(Error::Denied)));
    let longer = space.renewal(passed).expires_in_days(31);
    assert!(matches!(longer.agree(gesture()), Err(Error::Denied)), "nor by renewal");
}

#[test]
fn d9_what_was_passed_on_falls_with_its_parent() {
    let (dir, space, time) = space();
    let give = || {
        let parent = to(&space, "Ana").may_pass_on().expires_in_days(30).agree(gesture()).unwrap().id();
        let child = to(&space, "Ben").under(parent).expires_in_days(30).agree(gesture()).unwrap().id();
        assert_eq!((ask(&space, "Ana").unwrap(), ask(&space, "Ben").unwrap()), (2, 2));
        (parent, child)
    };
    // By a full handle.
    let (parent, child) = give();
    space.withdraw(parent).unwrap();
    assert!(ask(&space, "Ben").is_err() && ask(&space, "Ana").is_err());
    assert_eq!(standing(&space, child), Standing::Withdrawn);
    let withdrawn = events(&space, LogOf::Space).iter().filter(|e| e.name() == "Withdrawn").count();
    assert_eq!(withdrawn, 2, "each is entered, so that whoever got something is told");
    assert!(matches!(space.renewal(child).expires_in_days(9).agree(gesture()), Err(Error::Denied)));
    // By a handle of the partition alone.
    let (parent, child) = give();
    let part = HealthSpace::open_partitions(dir.path().join("me.hs"), &unlock(), clock().0, &["health"]).unwrap();
    part.withdraw(parent).unwrap();
    for s in [&space, &part] {
        assert!(ask(s, "Ben").is_err());
        assert_eq!(standing(s, child), Standing::Withdrawn);
    }
    // The child alone: the parent stays.
    let (parent, child) = give();
    space.withdraw(child).unwrap();
    assert!(ask(&space, "Ben").is_err());
    assert_eq!((ask(&space, "Ana").unwrap(), standing(&space, parent)), (2, Standing::InForce));
    space.withdraw(parent).unwrap();
    // A parent that was shortened takes its child along in time.
    let (parent, child) = give();
    space.renewal(parent).expires_in_days(1).agree(gesture()).unwrap();
    time.set(Timestamp::from_millis(NOW + 2 * DAY));
    assert!(ask(&space, "Ben").is_err());
    assert_eq!(standing(&space, child), Standing::Expired);
}

#[test]
fn what_was_kept_under_a_child_ends_with_a_parent_that_was_shortened() {
    let (dir, space, time) = space();
    let parent = to(&space, "Ana").may_pass_on().expires_in_days(30).agree(gesture()).unwrap().id();
    to(&space, "Ben").under(parent).expires_in_days(30).agree(gesture()).unwrap();
    let ben = Recipient::new(RecipientKind::Person, "Ben").unwrap();
    let session = space.session(ben, Purpose::FamilyRequest).unwrap();
    let read = session.query(&Query::default()).unwrap();
    session.remember("LDL was 112.5", &read).unwrap();
    space.renewal(parent).expires_in_days(5).agree(gesture()).unwrap();
    let set_aside = |space: &HealthSpace| {
        let memories = space.partition("health").unwrap().memories().unwrap();
        memories.value().iter().filter(|m| m.quarantine.is_some()).count()
    };
    let env = crate::environment::Environment { clock: Arc::<FixedClock>::clone(&time), ..Default::default() };
    let limited = HealthSpace::open_partitions(dir.path().join("me.hs"), &unlock(), env, &["health"]).unwrap();
    assert_eq!((set_aside(&space), set_aside(&limited)), (0, 0));
    time.set(Timestamp::from_millis(NOW + 6 * DAY));
    assert_eq!((set_aside(&space), set_aside(&limited)), (1, 1));
    // What the manifest keeps says so by itself.
    let state = space.inner.peek().unwrap();
    let ends: Vec<_> = state.partitions[0].manifest.tags.resting.iter().map(|r| r.expires).collect();
    assert!(matches!(ends[..], [Some(end)] if end <= NOW + 5 * DAY), "{ends:?}");
}

#[test]
fn an_open_reader_of_a_child_ends_with_a_parent_that_was_shortened() {
    let (_dir, space, time) = space();
    let parent = to(&space, "Ana").may_pass_on().expires_in_days(30).agree(gesture()).unwrap().id();
    to(&space, "Ben").under(parent).expires_in_days(30).agree(gesture()).unwrap();
    let ben = Recipient::new(RecipientKind::Person, "Ben").unwrap();
    let session = space.session(ben, Purpose::FamilyRequest).unwrap();
    let before = session.reader(&Query::default(), 10).unwrap();
    let record = before.facts(&Query::default()).unwrap()[0].record;
    space.renewal(parent).expires_in_days(5).agree(gesture()).unwrap();
    let after = session.reader(&Query::default(), 10).unwrap();
    // To the minute, as the notice says it.
    let end = space.grants().unwrap().iter().find(|g| g.id == parent).unwrap().terms.expires.unwrap();
    for reader in [&before, &after] {
        time.set(Timestamp::from_millis(NOW));
        reader.body(record).unwrap();
        time.set(end.plus_millis(-1));
        reader.body(record).unwrap();
        reader.bodies(&[record]).unwrap();
        time.set(end);
        assert!(matches!(reader.body(record), Err(Error::Denied)));
        assert!(matches!(reader.bodies(&[record]), Err(Error::Denied)));
        assert!(matches!(reader.facts(&Query::default()), Err(Error::Denied)));
        time.set(Timestamp::from_millis(NOW));
        space.confirm_clock(gesture()).unwrap();
    }
}

#[test]
fn a_child_that_was_withdrawn_in_its_partition_does_not_come_back_with_its_parent() {
    let (dir, space, time) = space();
    space.create_partition("diary", PartitionKind::Health, &unlock()).unwrap();
    let parent = to(&space, "Ana").may_pass_on().expires_in_days(30).agree(gesture()).unwrap().id();
    let child = to(&space, "Ben").under(parent).expires_in_days(30).agree(gesture()).unwrap().id();
    let ben = Recipient::new(RecipientKind::Person, "Ben").unwrap();
    let session = space.session(ben, Purpose::FamilyRequest).unwrap();
    session.query(&Query::default()).unwrap();
    let there = to(&space, "Ben").partition("diary").categories(&[Category::Memories]).expires_in_days(90);
    there.agree(gesture()).unwrap();
    session.remember_in("health", "LDL was 112.5").unwrap();
    session.remember_in("diary", "LDL was 112.5").unwrap();
    let limited = |name: &str| {
        let env = crate::environment::Environment { clock: Arc::<FixedClock>::clone(&time), ..Default::default() };
        HealthSpace::open_partitions(dir.path().join("me.hs"), &unlock(), env, &[name]).unwrap()
    };
    let set_aside = |space: &HealthSpace, partition: &str| {
        let memories = space.partition(partition).unwrap().memories().unwrap();
        memories.value().iter().filter(|m| m.quarantine.is_some()).count()
    };
    let (health, diary) = (limited("health"), limited("diary"));
    health.withdraw(child).unwrap();
    assert_eq!((set_aside(&health, "health"), set_aside(&space, "diary")), (1, 1));
    space.renewal(parent).expires_in_days(90).agree(gesture()).unwrap();
    for days in [0, 40] {
        time.set(Timestamp::from_millis(NOW + days * DAY));
        for (handle, partition) in [(&health, "health"), (&diary, "diary"), (&space, "health"), (&space, "diary")] {
            assert_eq!(set_aside(handle, partition), 1, "{days} {partition}");
        }
        assert!(ask(&space, "Ben").is_err() && ask(&space, "Ana").is_ok());
        assert_eq!(standing(&health, child), Standing::Withdrawn);
    }
    // Withdrawn with its parent by the handle that withdrew it before, it is entered once.
    health.withdraw(parent).unwrap();
    let entered = |id| {
        let withdrawn = |e: &AuditEvent| matches!(e, AuditEvent::Withdrawn { grant, .. } if *grant == id);
        events(&health, LogOf::Partition("health")).iter().filter(|e| withdrawn(e)).count()
    };
    assert_eq!((entered(parent), entered(child)), (1, 1));
}

/// After a restore, what was passed on waits for the grant that it falls with.
#[test]
fn d9_r_freshness_a_child_is_not_confirmed_before_its_parent() {
    let (dir, space, _) = space();
    let parent = to(&space, "Ana").may_pass_on().expires_in_days(30).agree(gesture()).unwrap().id();
    let child = to(&space, "Ben").under(parent).expires_in_days(20).agree(gesture()).unwrap().id();
    let (copy, to) = (dir.path().join("backup"), dir.path().join("restored.hs"));
    space.backup_to(&copy).unwrap();
    let again = HealthSpace::restore(&copy, &to, &unlock(), clock().0, &RestoreOptions::new(gesture())).unwrap().0;
    let ben = || ask(&again, "Ben").is_ok();
    assert!(!ben() && matches!(again.confirm_permission(child, gesture()), Err(Error::Denied)) && !ben());
    again.confirm_permission(parent, gesture()).unwrap();
    again.confirm_permission(child, gesture()).unwrap();
    assert!(ben());
}

#[test]
fn the_notice_of_a_renewal_tells_for_whom_else_it_is() {
    let (_dir, space, _) = space();
    let parent = to(&space, "Ana").may_pass_on().expires_in_days(30).agree(gesture()).unwrap().id();
    let renewal = || space.renewal(parent).expires_in_days(60);
    assert!(!renewal().notice("en").unwrap().contains("passed on under it holds"));
    let child = to(&space, "Ben").under(parent).expires_in_days(20).agree(gesture()).unwrap().id();
    assert!(renewal().notice("en").unwrap().contains("for “Ben”."));
    assert!(renewal().notice("fr").unwrap().contains("pour «\u{a0}Ben\u{a0}»."));
    assert!(matches!(renewal().uses(2).notice("en"), Err(Error::Malformed(_))), "it is not counted");
    let waiting = renewal();
    waiting.notice("en").unwrap();
    space.withdraw(child).unwrap();
    assert!(matches!(waiting.confirm(gesture()), Err(Error::Malformed(_))), "the words are others now");
    assert!(!renewal().notice("en").unwrap().contains("Ben"));
}

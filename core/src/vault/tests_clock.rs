//! A clock that ran ahead for one call, and its confirmation.

use super::tests::{clock, events, fill, gesture, model, of_code, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::environment::{Environment, FixedClock};
use crate::error::{Error, Result};
use crate::id::Timestamp;
use crate::label::Purpose;
use crate::record::Category;
use std::sync::Arc;

const T0: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

struct Clocked {
    dir: tempfile::TempDir,
    env: Environment,
    clock: Arc<FixedClock>,
    space: HealthSpace,
}

fn space() -> Clocked {
    let dir = tempfile::tempdir().unwrap();
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env.clone()).unwrap();
    fill(&space);
    Clocked { dir, env, clock, space }
}

impl Clocked {
    fn at(&self, days: i64) {
        self.clock.set(Timestamp::from_millis(T0 + days * DAY));
    }

    fn open(&self, names: &[&str]) -> HealthSpace {
        let (file, env) = (self.dir.path().join("me.hs"), self.env.clone());
        match names {
            [] => HealthSpace::open(file, &unlock(), env).unwrap(),
            names => HealthSpace::open_partitions(file, &unlock(), env, names).unwrap(),
        }
    }
}

fn request(space: &HealthSpace) -> ConsentRequest {
    space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL).recipient(model())
}

fn grant(space: &HealthSpace, days: u32) -> Result<Grant> {
    request(space).expires_in_days(days).agree(gesture())
}

fn ask(space: &HealthSpace) -> Result<usize> {
    space.session(model(), Purpose::PatientRequest).unwrap().query(&Query::default()).map(|found| found.value().len())
}

#[test]
fn r_clock_that_ran_ahead_is_confirmed() {
    let c = space();
    let other = c.open(&[]);
    let part = c.open(&["health"]);
    grant(&c.space, 90).unwrap();
    for s in [&c.space, &other, &part] {
        assert_eq!(ask(s).unwrap(), 3);
    }
    // Years ahead for one call.
    c.at(5000);
    assert!(matches!(ask(&c.space), Err(Error::Denied)));
    c.at(1);
    for s in [&c.space, &other, &part] {
        assert!(matches!(ask(s), Err(Error::ClockBehind)));
    }
    assert!(matches!(grant(&c.space, 90), Err(Error::ClockBehind)));
    assert!(matches!(part.confirm_clock(gesture()), Err(Error::NeedsFullSlot)));
    assert!(matches!(ask(&c.space), Err(Error::ClockBehind)));
    c.space.confirm_clock(gesture()).unwrap();
    let reopened = c.open(&[]);
    for s in [&c.space, &other, &part, &reopened] {
        assert_eq!(ask(s).unwrap(), 3);
    }
    let seen = events(&c.space, LogOf::Space);
    let confirmed = AuditEvent::ClockConfirmed { floor: Timestamp::from_millis(T0 + 5000 * DAY), gesture: gesture() };
    assert_eq!(seen.iter().filter(|e| **e == confirmed).count(), 1);
    let last = c.space.log(LogOf::Space).unwrap().pop().unwrap();
    assert_eq!((last.entry.time, last.entry.event), (Timestamp::from_millis(T0 + DAY), confirmed));
    // Once is enough, and what it says is proven like any entry.
    c.space.confirm_clock(gesture()).unwrap();
    assert_eq!(events(&c.space, LogOf::Space).len(), seen.len());
    let receipt = c.space.receipt(LogOf::Space, seen.len() as u64 - 1).unwrap();
    assert!(verify_receipt(&receipt, &c.space.verifier_key(LogOf::Space).unwrap()).is_ok());
    // Time goes on as before: forwards, and what is over is over.
    grant(&c.space, 10).unwrap();
    c.at(91);
    assert!(matches!(ask(&part), Err(Error::Denied)));
    c.at(50);
    assert!(matches!(ask(&c.space), Err(Error::ClockBehind)));
}

#[test]
fn r_clock_what_is_over_or_withdrawn_stays_so() {
    let c = space();
    let short = grant(&c.space, 30).unwrap();
    let withdrawn = grant(&c.space, 900).unwrap();
    c.at(5000);
    c.space.withdraw(withdrawn.id()).unwrap();
    // Given while the clock was wrong: its end is as wrong, until it is withdrawn.
    let early = grant(&c.space, 90).unwrap();
    c.at(40);
    c.space.confirm_clock(gesture()).unwrap();
    let standing = |g: &Grant| {
        let list = c.space.grants().unwrap();
        list.iter().find(|i| i.id == g.id()).unwrap().standing
    };
    use crate::consent::Standing as S;
    assert_eq!([&short, &withdrawn, &early].map(standing), [S::Expired, S::Withdrawn, S::InForce]);
    // It can be withdrawn, and what is given now holds.
    c.space.withdraw(early.id()).unwrap();
    assert_eq!(standing(&early), S::Withdrawn);
    assert!(matches!(ask(&c.space), Err(Error::Denied)));
    grant(&c.space, 1).unwrap();
    assert_eq!(ask(&c.space).unwrap(), 3);
    c.space.partition("health").unwrap().memories().unwrap();
}

#[test]
fn a_partition_that_another_handle_added_is_not_left_behind() {
    let c = space();
    c.open(&[]).create_partition("second", PartitionKind::Health, &unlock()).unwrap();
    c.at(5000);
    drop(ask(&c.space));
    c.at(1);
    assert!(matches!(c.space.confirm_clock(gesture()), Err(Error::NoSuchPartition)));
    c.open(&[]).confirm_clock(gesture()).unwrap();
    grant(&c.space, 1).unwrap();
    assert_eq!(ask(&c.space).unwrap(), 3);
}

#[test]
fn r_clock_within_the_tolerance_needs_no_word() {
    let c = space();
    grant(&c.space, 90).unwrap();
    c.clock.set(Timestamp::from_millis(T0 - 60_000));
    assert_eq!(ask(&c.space).unwrap(), 3);
}

/// A clock that is right for two days at most.
struct Wary(Arc<FixedClock>);

impl crate::environment::Clock for Wary {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn confirms(&self, last: Timestamp, now: Timestamp) -> bool {
        now.as_millis() - last.as_millis() < 2 * DAY
    }
}

#[test]
fn r_clock_an_entry_far_ahead_needs_the_hosts_word() {
    let c = space();
    grant(&c.space, 90).unwrap();
    let env = Environment { clock: Arc::new(Wary(Arc::clone(&c.clock))), ..Environment::default() };
    let space = HealthSpace::open(c.dir.path().join("me.hs"), &unlock(), env).unwrap();
    let entries = || c.space.log(LogOf::Partition("health")).unwrap().len();
    let before = entries();
    c.at(2);
    assert!(matches!(ask(&space), Err(Error::ClockAhead)));
    assert!(matches!(grant(&space, 90), Err(Error::ClockAhead)));
    assert_eq!(entries(), before);
    // Confirmed, and a day from there to the next.
    c.clock.set(Timestamp::from_millis(T0 + 2 * DAY - 1));
    assert!(ask(&space).unwrap() > 0);
    c.at(3);
    assert!(ask(&space).unwrap() > 0);
}

/// The result was shown by a log whose clock ran ahead, or is told by a log with another clock.
#[test]
fn what_was_remembered_goes_with_its_source_though_the_clock_was_set_back() {
    for (back, into) in [(false, "fitness"), (true, "fitness"), (false, "health"), (true, "health")] {
        let c = space();
        c.space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
        for room in ["health", "fitness"] {
            let ask = c.space.consent_request().partition(room).purpose(Purpose::PatientRequest);
            ask.categories(Category::ALL).recipient(model()).agree(gesture()).unwrap();
        }
        // For another room three minutes are enough; the same one has to be set back.
        let ahead = if into == "fitness" { 180_000 } else { 5 * 3_600_000 };
        c.clock.set(Timestamp::from_millis(T0 + ahead));
        let ask = || c.space.session(model(), Purpose::PatientRequest).unwrap();
        ask().count(&Query::default()).unwrap();
        let s = ask();
        if into == "fitness" && back {
            c.clock.set(Timestamp::from_millis(T0 + 1000));
        }
        let rows = s.query(&of_code("13457-7")).unwrap();
        if into == "health" && back {
            c.clock.set(Timestamp::from_millis(T0 + 1000));
            c.space.confirm_clock(gesture()).unwrap();
        }
        s.remember_in(into, "LDL is 112.5").unwrap();
        let id = rows.value()[0].record;
        c.space.partition("health").unwrap().erase(&Erase::Records(vec![id]), gesture()).unwrap();
        let left = c.space.partition(into).unwrap().memories().unwrap().into_value();
        assert!(left.len() == 1 && left[0].quarantine == Some(Quarantine::SourceGone), "{into}, set back {back}");
    }
}

/// Of one log the order is known, whatever the clock says.
#[test]
fn what_was_remembered_before_in_the_same_log_stays_though_the_clock_was_set_back() {
    let c = space();
    let ask = c.space.consent_request().purpose(Purpose::PatientRequest);
    ask.categories(Category::ALL).recipient(model()).agree(gesture()).unwrap();
    c.clock.set(Timestamp::from_millis(T0 + 5 * 3_600_000));
    let s = c.space.session(model(), Purpose::PatientRequest).unwrap();
    s.query(&of_code("8867-4")).unwrap();
    s.remember_in("health", "The pulse is 61").unwrap();
    c.clock.set(Timestamp::from_millis(T0 + 1000));
    c.space.confirm_clock(gesture()).unwrap();
    let id = s.query(&of_code("13457-7")).unwrap().value()[0].record;
    s.remember_in("health", "LDL is 112.5").unwrap();
    let health = c.space.partition("health").unwrap();
    health.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    let aside: Vec<_> = health.memories().unwrap().into_value().iter().map(|m| m.quarantine.is_some()).collect();
    assert_eq!(aside.iter().filter(|a| **a).count(), 1);
    assert_eq!(aside.len(), 2);
}

/// As `docs/consent.md` says: what was recorded while the clock was ahead stays, and nothing else.
#[test]
fn a_grant_that_a_wrong_clock_ended_is_recorded_as_over_by_what_is_written_under_it() {
    for [writes, renews] in [[false, false], [true, false], [true, true]] {
        let c = space();
        let given = grant(&c.space, 1).unwrap();
        let s = c.space.session(model(), Purpose::PatientRequest).unwrap();
        s.query(&of_code("13457-7")).unwrap();
        s.remember_in("health", "LDL is 112.5").unwrap();
        let aside = || -> Vec<bool> {
            let all = c.space.partition("health").unwrap().memories().unwrap().into_value();
            all.iter().map(|m| m.quarantine == Some(Quarantine::ConsentEnded)).collect()
        };
        c.at(2);
        assert_eq!(aside(), [true]);
        if writes {
            s.remember_in("health", "LDL is high").unwrap();
        }
        c.at(0);
        c.space.confirm_clock(gesture()).unwrap();
        assert!(ask(&c.space).unwrap() > 0);
        assert_eq!(aside(), vec![writes; 1 + usize::from(writes)]);
        if renews {
            let renewal = c.space.renewal(given.id()).expires_in_days(5);
            renewal.notice("en").unwrap();
            renewal.confirm(gesture()).unwrap();
            assert_eq!(aside(), [false, false]);
        }
    }
}

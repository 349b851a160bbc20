//! A clock that ran ahead for one call, and its confirmation.

use super::tests::{clock, events, fill, gesture, model, unlock};
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

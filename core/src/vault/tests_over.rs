//! A conversation that was erased everywhere is over: what it was shown is not known any more, and no handle of it
//! goes on below that.

use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::tests_faults::create;
use super::*;
use crate::catalog::Query;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::label::Purpose;
use crate::record::{Author, Category};
use crate::storage::memory::{Fault, Memory as Disk};
use std::sync::Arc;

fn space() -> (Disk, HealthSpace) {
    let disk = Disk::new();
    let space = create(Arc::new(disk.clone()), clock().0);
    fill(&space);
    allow(&space, &[Category::Laboratory, Category::Memories]);
    let ask = space.consent_request().partition("general").purpose(Purpose::PatientRequest).recipient(model());
    ask.categories(&[Category::Memories]).agree(gesture()).unwrap();
    (disk, space)
}

fn open(disk: &Disk, only: Option<&[&str]>) -> HealthSpace {
    HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, only).unwrap()
}

fn begin(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

fn resume(space: &HealthSpace, of: &Session) -> Result<Session> {
    space.resume(of.conversation(), model(), Purpose::PatientRequest)
}

fn erase(space: &HealthSpace, partition: &str) {
    space.partition(partition).unwrap().erase(&Erase::Everything, gesture()).unwrap();
}

fn remembers(s: &Session) -> Result<()> {
    s.remember_in("general", "LDL was 132.5").map(|_| ())
}

/// Nothing is done for a session that is over; `before` is what it said while it was not.
fn is_over(s: &Session, record: RecordId, before: &Value) {
    let nothing = |what: &str, r: Result<()>| assert!(matches!(r, Err(Error::NotFound)), "{what}: {r:?}");
    let none = Vec::<RecordId>::new();
    let model = Endpoint::model(model(), before.label());
    nothing("remember_in", remembers(s));
    nothing("remember", s.remember("LDL", &none).map(|_| ()));
    nothing("keep", s.keep(before, "general").map(|_| ()));
    nothing("append", s.append("general", Role::Assistant, before).map(|_| ()));
    nothing("say", s.say("LDL").map(|_| ()));
    nothing("heard", s.heard("LDL", gesture()).map(|_| ()));
    nothing("reveal", s.reveal(before).map(|_| ()));
    nothing("model_call", s.model_call(&[before], &model).map(|_| ()));
    nothing("write", s.write(before, &model).map(|_| ()));
    nothing("hold", s.hold(record).map(|_| ()));
    nothing("memories", s.memories("general").map(|_| ()));
    nothing("turns", s.turns("general").map(|_| ()));
}

#[test]
fn a_second_handle_of_an_erased_conversation_is_over() {
    let (disk, space) = space();
    let general = open(&disk, Some(&["general"]));
    let a = begin(&general);
    a.memories("general").unwrap();
    let said = a.say("likes tea").unwrap();
    let b = resume(&space, &a).unwrap();
    let record = b.query(&Query::default()).unwrap().value()[0].record;
    assert!(matches!(remembers(&a), Err(Error::FlowDenied)));
    erase(&space, "general");
    is_over(&a, record, &said);
    assert!(matches!(resume(&general, &a), Err(Error::NotFound)));
    assert!(general.partition("general").unwrap().memories().unwrap().value().is_empty());
    // Where it is known still it goes on, with its label, and so does the other one once that is told here.
    assert!(matches!(remembers(&b), Err(Error::FlowDenied)));
    b.query(&Query::default()).unwrap();
    assert!(matches!(remembers(&a), Err(Error::FlowDenied)));
    // One that begins is bound by nothing.
    begin(&general).remember_in("general", "likes coffee").unwrap();
}

#[test]
fn and_so_is_each_where_all_partitions_forgot_it() {
    let (disk, space) = space();
    let a = begin(&space);
    a.memories("general").unwrap();
    let said = a.say("likes tea").unwrap();
    let other = open(&disk, None);
    let b = resume(&other, &a).unwrap();
    let record = b.query(&Query::default()).unwrap().value()[0].record;
    for partition in ["general", "health"] {
        assert!(matches!(remembers(&a), Err(Error::FlowDenied)));
        assert!(matches!(remembers(&b), Err(Error::FlowDenied)));
        erase(&space, partition);
    }
    for s in [&a, &b] {
        is_over(s, record, &said);
        assert!(matches!(s.query(&Query::default()), Err(Error::NotFound)));
        assert!(matches!(s.count(&Query::default()), Err(Error::NotFound)));
        assert!(matches!(s.remember_in("health", "LDL was 132.5"), Err(Error::NotFound)));
    }
    assert!(matches!(resume(&open(&disk, None), &a), Err(Error::NotFound)));
}

#[test]
fn one_that_has_stored_nothing_is_not_over() {
    let (_disk, space) = space();
    let s = begin(&space);
    s.remember_in("general", "likes tea").unwrap();
    for partition in ["general", "health"] {
        erase(&space, partition);
    }
    s.remember_in("general", "likes tea").unwrap();
    let said = s.say("Good morning").unwrap();
    assert_eq!(said.author(), Author::Assistant);
    s.keep(&said, "general").unwrap();
}

/// A commit that failed has stored nothing: there is nothing that could have been erased.
#[test]
fn a_commit_that_failed_ends_no_session() {
    let (disk, space) = space();
    let s = begin(&space);
    let mut failed = 0;
    for n in 0.. {
        disk.fail_after(n, Fault::Full);
        let out = s.memories("general");
        // What is left of it, if any, is for nothing that follows.
        disk.fail_after(u64::MAX, Fault::Full);
        assert_eq!(resume(&space, &s).is_ok(), out.is_ok());
        if out.is_ok() {
            break;
        }
        failed += 1;
        s.say("likes tea").unwrap();
        // Once: each makes what follows longer.
        if failed == 1 {
            remembers(&s).unwrap();
        }
    }
    assert!(failed > 2);
    erase(&space, "general");
    assert!(matches!(remembers(&s), Err(Error::NotFound)));
}

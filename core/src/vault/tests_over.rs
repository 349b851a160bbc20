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
    // Also where another partition has its label still.
    is_over(&b, record, &said);
    assert!(matches!(b.query(&Query::default()), Err(Error::NotFound)));
    assert!(matches!(resume(&space, &a), Err(Error::NotFound)));
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
    for partition in ["health", "general"] {
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

fn delete(space: &HealthSpace, of: &Session) -> Result<DeletedConversation> {
    space.delete_conversation(of.conversation(), gesture())
}

#[test]
fn a_conversation_is_deleted_with_its_turns_wherever_they_stand() {
    let (disk, space) = space();
    let (a, other) = (begin(&space), begin(&space));
    other.memories("general").unwrap();
    let tea = a.say("likes tea").unwrap();
    let first = a.append("general", Role::Assistant, &tea).unwrap();
    space.partition("general").unwrap().edit_memory(first, "likes green tea", gesture()).unwrap();
    let record = a.query(&Query::default()).unwrap().value()[0].record;
    let ldl = a.say("LDL was 132.5").unwrap();
    let mut turns = vec![a.append("health", Role::Assistant, &ldl).unwrap()];
    turns.extend((0..300).map(|_| a.append("health", Role::Tool, &ldl).unwrap()));
    let kept = other.append("general", Role::Assistant, &other.say("Good morning").unwrap()).unwrap();
    let memory = a.remember_in("health", "LDL was asked for").unwrap();
    let derived = other.remember("made from a turn", &vec![turns[7]]).unwrap();
    let b = resume(&open(&disk, None), &a).unwrap();

    let deleted = delete(&space, &a).unwrap();
    assert_eq!((deleted.turns, deleted.unread), (302, 0));
    let left = |d: &DeletedConversation| d.memories.iter().map(|m| (m.partition.clone(), m.record)).collect::<Vec<_>>();
    assert_eq!(left(&deleted), [("health".to_owned(), memory)]);
    // One entry for each; all it said before went with it.
    let entries = |of: &str| super::tests::events(&space, LogOf::Partition(of));
    let gone = |of: &str| {
        let of = entries(of).into_iter();
        let of = of.filter_map(|e| match e {
            crate::audit::AuditEvent::MemoryDeleted { record, versions, .. } => Some((record, versions)),
            _ => None,
        });
        of.collect::<Vec<_>>()
    };
    assert_eq!(gone("general").iter().map(|(_, versions)| *versions).collect::<Vec<_>>(), [2]);
    let (mut in_health, mut of_health) = (gone("health"), turns.iter().map(|t| (*t, 1)).collect::<Vec<_>>());
    in_health.sort_unstable();
    of_health.sort_unstable();
    assert_eq!(in_health, of_health);

    for s in [&a, &b] {
        is_over(s, record, &tea);
    }
    for handle in [&space, &open(&disk, None), &open(&disk, Some(&["general"]))] {
        assert!(matches!(resume(handle, &a), Err(Error::NotFound)));
        assert!(matches!(delete(handle, &a), Err(Error::NotFound)));
    }
    // The other one is whole.
    let space = open(&disk, None);
    let (general, health) = (space.partition("general").unwrap(), space.partition("health").unwrap());
    assert_eq!(
        general.conversations().unwrap().value().iter().map(|c| c.id).collect::<Vec<_>>(),
        [other.conversation()]
    );
    assert_eq!(general.turns(other.conversation()).unwrap().value()[0].memory.id, kept);
    assert!(health.conversations().unwrap().value().is_empty());
    let memories = health.memories().unwrap().into_value();
    assert_eq!(memories.iter().find(|m| m.id == memory).unwrap().quarantine, None);
    assert_eq!(memories.iter().find(|m| m.id == derived).unwrap().quarantine, Some(Quarantine::SourceGone));
    assert!(resume(&space, &other).is_ok());
    let check = space.check().unwrap();
    assert!(check.stray == 0 && check.scopes.iter().all(|s| s.damaged.is_empty() && s.unnamed == 0), "{check:?}");
}

/// Its label, its recipient and its purpose are nowhere in the file any more, by any key that is there.
#[test]
fn what_is_kept_of_a_deleted_conversation_goes_page_by_page() {
    let (_disk, space) = space();
    let all: Vec<Session> = (0..20).map(|_| begin(&space)).collect();
    all.iter().for_each(|s| drop(s.query(&Query::default()).unwrap()));
    for (n, s) in all.iter().enumerate() {
        let deleted = delete(&space, s).unwrap();
        assert_eq!((deleted.turns, deleted.memories.len()), (0, 0));
        for other in &all[n + 1..] {
            assert!(resume(&space, other).is_ok());
        }
        let (txn, state) = space.inner.read().unwrap();
        for scope in &state.partitions {
            let pages = scope.manifest.conversation_pages.iter();
            let kept: Vec<_> = pages
                .flat_map(|p| scope.conversation_page(&space.inner.base, &*txn, p).unwrap().to_vec())
                .map(|c| c.id)
                .collect();
            assert_eq!(kept, all[n + 1..].iter().map(Session::conversation).collect::<Vec<_>>());
        }
    }
    let again = begin(&space);
    again.query(&Query::default()).unwrap();
    assert!(resume(&space, &again).is_ok());
}

/// Nobody goes on below what the conversation was shown, whichever handle deletes and whatever it can see.
#[test]
fn a_handle_of_one_partition_that_deletes_frees_nobody() {
    let (disk, space) = space();
    let general = open(&disk, Some(&["general"]));
    let a = begin(&general);
    a.memories("general").unwrap();
    let tea = a.say("likes tea").unwrap();
    let b = resume(&space, &a).unwrap();
    let record = b.query(&Query::default()).unwrap().value()[0].record;
    delete(&general, &a).unwrap();
    is_over(&a, record, &tea);
    is_over(&b, record, &tea);
    for handle in [&space, &general] {
        assert!(matches!(resume(handle, &a), Err(Error::NotFound)));
    }
    // What another partition has of it goes when that is open.
    assert_eq!(delete(&space, &a).unwrap().turns, 0);
    assert!(matches!(delete(&space, &a), Err(Error::NotFound)));

    // Where its home is not open, its turns go and nothing else.
    let health = open(&disk, Some(&["health"]));
    let c = begin(&space);
    c.query(&Query::default()).unwrap();
    let said = c.say("LDL was 132.5").unwrap();
    c.append("health", Role::Assistant, &said).unwrap();
    assert_eq!(delete(&health, &c).unwrap().turns, 1);
    assert!(matches!(remembers(&c), Err(Error::FlowDenied)));
    assert!(matches!(remembers(&resume(&space, &c).unwrap()), Err(Error::FlowDenied)));
}

#[test]
fn a_turn_that_is_damaged_stays_and_is_counted() {
    let (disk, space) = space();
    let a = begin(&space);
    let said = a.say("likes tea").unwrap();
    let ids: Vec<RecordId> = (0..3).map(|_| a.append("general", Role::Assistant, &said).unwrap()).collect();
    {
        let state = space.inner.peek().unwrap();
        let general = state.partitions.iter().find(|p| p.policy.name == "general").unwrap();
        let object = general.readable.find_record(&ids[1]).unwrap().object();
        super::tests_damaged::spoil_row(&disk, general.id, object.number >> 8, |row| {
            *row.sealed.last_mut().unwrap() ^= 1
        });
    }
    let deleted = delete(&space, &a).unwrap();
    assert_eq!((deleted.turns, deleted.unread), (2, 1));
}

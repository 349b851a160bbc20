//! Memories and conversations: listing, editing, deleting, lineage, quarantine.

use super::tests::{allow, clock, events, fill, gesture, model, of_code, unlock};
use super::*;
use crate::audit::{AuditEvent, ReleaseKind};
use crate::catalog::{Facts, Query};
use crate::environment::FixedClock;
use crate::error::{Error, Malformed};
use crate::grounding::{Budget, GroundOptions};
use crate::id::{RecordId, Timestamp};
use crate::label::{Confidentiality, Integrity, Label, Purpose, Purposes};
use crate::lang::Lang;
use crate::record::{Category, Kind};
use std::sync::Arc;

const HEALTH: LogOf<'static> = LogOf::Partition("health");
const T0: i64 = 1_790_000_000_000;

struct Setting {
    dir: tempfile::TempDir,
    space: HealthSpace,
    clock: Arc<FixedClock>,
}

fn setting() -> Setting {
    let dir = tempfile::tempdir().unwrap();
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    Setting { dir, space, clock }
}

impl Setting {
    fn session(&self) -> Session {
        self.space.session(model(), Purpose::PatientRequest).unwrap()
    }

    fn partition(&self, name: &str) -> Partition {
        self.space.partition(name).unwrap()
    }

    fn kept(&self, partition: &str) -> Vec<Memory> {
        self.partition(partition).memories().unwrap().into_value()
    }

    /// As sessions are shown them, by a grant over memories.
    fn listed(&self, partition: &str) -> Vec<RecordId> {
        self.session().memories(partition).unwrap().value().iter().map(|m| m.id).collect()
    }

    fn limited(&self, names: &[&str]) -> HealthSpace {
        let env = crate::environment::Environment {
            clock: Arc::<FixedClock>::clone(&self.clock),
            ..crate::environment::Environment::default()
        };
        HealthSpace::open_partitions(self.dir.path().join("me.hs"), &unlock(), env, names).unwrap()
    }
}

/// A grant over what is remembered in a partition.
fn allow_memories(space: &HealthSpace, partition: &str) -> Grant {
    let ask = space.consent_request().partition(partition).purpose(Purpose::PatientRequest);
    ask.categories(&[Category::Memories]).recipient(model()).agree(gesture()).unwrap()
}

#[test]
fn memories_are_listed_to_a_session_by_consent_and_taint_it_with_their_own_label() {
    let t = setting();
    allow(&t.space, &[Category::Laboratory]);
    let first = t.session();
    first.query(&of_code("20447-9")).unwrap();
    let id = first.remember_in("health", "It was 50").unwrap();
    let fresh = t.session();
    // Named in a grant or not at all.
    assert!(fresh.memories("health").unwrap().value().is_empty());
    assert!(matches!(fresh.memories("general"), Err(Error::Denied)));
    allow_memories(&t.space, "health");
    let before = events(&t.space, HEALTH).len();
    let seen = fresh.memories("health").unwrap();
    assert!(seen.value().len() == 1 && seen.value()[0].id == id && seen.value()[0].text == "It was 50");
    assert_eq!(events(&t.space, HEALTH).len(), before + 1);
    let made = t.kept("health").remove(0);
    assert!(made.label.flows_to(seen.label()) && made.label.flows_to(fresh.label()));
    assert!(matches!(fresh.remember_in("general", "50"), Err(Error::FlowDenied)));
    // What is read as a fact brings the memory's own label, too, and what it rests on.
    let by_query = t.session();
    by_query.query(&Query { kinds: vec![Kind::Memory], ..Query::default() }).unwrap();
    assert!(made.label.flows_to(by_query.label()));
    let derived = by_query.remember_in("health", "Fifty").unwrap();
    let grants = &t.kept("health").into_iter().find(|m| m.id == derived).unwrap().grants;
    assert!(made.grants.iter().all(|g| grants.contains(g)));
    let counted = t.session();
    counted.count(&Query { kinds: vec![Kind::Memory], ..Query::default() }).unwrap();
    assert!(made.label.flows_to(counted.label()));
    // "What is there" shows words of memories: what is made of it rests on the same.
    let listed = t.session();
    listed.presence().unwrap();
    assert!(made.label.flows_to(listed.label()));
    let derived = listed.remember_in("health", "There is a memory").unwrap();
    let grants = &t.kept("health").into_iter().find(|m| m.id == derived).unwrap().grants;
    assert!(made.grants.iter().all(|g| grants.contains(g)));
}

#[test]
fn turns_are_records_of_their_conversation_in_order() {
    let t = setting();
    allow_memories(&t.space, "health");
    let s = t.session();
    let ask = s.heard("What is my LDL?", gesture()).unwrap();
    let say = s.say("I will look").unwrap();
    s.append("health", Role::Person, &ask).unwrap();
    let second = s.append("health", Role::Assistant, &say).unwrap();
    s.append("health", Role::Tool, &say).unwrap();
    // A model's words are not the person's.
    assert!(matches!(s.append("health", Role::Person, &say), Err(Error::Malformed(Malformed::Argument))));
    t.session().append("health", Role::Assistant, &say).unwrap();
    let said =
        |turns: &[Turn]| -> Vec<(Role, String)> { turns.iter().map(|t| (t.role, t.memory.text.clone())).collect() };
    let want = [(Role::Person, "What is my LDL?"), (Role::Assistant, "I will look"), (Role::Tool, "I will look")];
    let want: Vec<(Role, String)> = want.map(|(r, s)| (r, s.to_owned())).into();
    let person = t.partition("health").turns(s.conversation()).unwrap().into_value();
    assert_eq!(said(&person), want);
    assert!(person[0].memory.label.integrity == Integrity::User && person[1].memory.label.integrity < Integrity::User);
    assert_eq!(said(s.turns("health").unwrap().value()), want);
    assert!(matches!(events(&t.space, HEALTH).iter().rev().nth(2), Some(AuditEvent::TurnAppended { .. })));
    // They are no memories, and an edited one stays where it was.
    assert!(t.kept("health").is_empty());
    t.partition("health").edit_memory(second, "I looked", gesture()).unwrap();
    let after = t.partition("health").turns(s.conversation()).unwrap().into_value();
    assert_eq!(after[1].memory.text, "I looked");
    // A turn that rests on health data does not go into a general partition.
    allow(&t.space, &[Category::Laboratory]);
    s.query(&of_code("13457-7")).unwrap();
    let said = s.say("It is 112.5").unwrap();
    assert!(matches!(s.append("general", Role::Assistant, &said), Err(Error::FlowDenied)));
    s.append("health", Role::Assistant, &said).unwrap();
}

#[test]
fn an_edited_memory_is_a_new_version_and_its_past_is_history() {
    let t = setting();
    allow(&t.space, &[Category::Laboratory]);
    allow_memories(&t.space, "health");
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let old = s.remember("LDL is hihg", &seen).unwrap();
    let was = t.kept("health").remove(0);
    assert_eq!(was.label.integrity, Integrity::External);
    let new = t.partition("health").edit_memory(old, "LDL is high", gesture()).unwrap();
    let now = t.kept("health");
    assert_eq!(now.len(), 1);
    assert!(now[0].id == new && new != old && now[0].text == "LDL is high");
    assert!(now[0].parents == was.parents && now[0].grants == was.grants);
    assert_eq!(now[0].label, crate::label::Label { integrity: Integrity::User, ..was.label });
    assert_eq!(t.listed("health"), [new]);
    let Some(AuditEvent::MemoryEdited { record, replaces, .. }) =
        events(&t.space, HEALTH).into_iter().rev().find(|e| matches!(e, AuditEvent::MemoryEdited { .. }))
    else {
        panic!()
    };
    assert!(record == new && replaces == old);
    // The past is found by nobody, and is no longer to be edited.
    assert!(matches!(t.partition("health").edit_memory(old, "x", gesture()), Err(Error::NotFound)));
    assert!(matches!(t.partition("health").edit_memory(seen.value()[0].record, "x", gesture()), Err(Error::NotFound)));
    assert!(matches!(t.partition("health").edit_memory(new, " ", gesture()), Err(Error::Malformed(_))));
    let (_txn, state) = t.space.inner.read().unwrap();
    assert!(state.partitions[0].readable.find_record(&old).unwrap().is_history());
}

#[test]
fn a_deleted_memory_cannot_be_opened_again() {
    let t = setting();
    allow_memories(&t.space, "health");
    let s = t.session();
    for n in 0..12 {
        s.remember_in("health", &format!("note {n}")).unwrap();
    }
    let first = s.remember_in("health", "xylophone one").unwrap();
    let second = t.partition("health").edit_memory(first, "xylophone two", gesture()).unwrap();
    let objects: Vec<_> = {
        let (_txn, state) = t.space.inner.read().unwrap();
        [first, second].map(|id| state.partitions[0].readable.find_record(&id).unwrap().object()).into()
    };
    let before = events(&t.space, HEALTH).len();
    t.partition("health").delete_memory(second, gesture()).unwrap();
    let all = events(&t.space, HEALTH);
    assert!(all.len() == before + 1);
    assert!(matches!(all.last(), Some(AuditEvent::MemoryDeleted { versions: 2, .. })));
    assert_eq!((t.kept("health").len(), t.listed("health").len()), (12, 12));
    assert!(matches!(t.partition("health").delete_memory(second, gesture()), Err(Error::NotFound)));
    // Neither its rows nor the keys that sealed them are there, and no segment holds its words.
    let (txn, state) = t.space.inner.read().unwrap();
    let scope = &state.partitions[0];
    for object in objects {
        assert!(txn.row(&scope.id, object.number >> 8).unwrap().is_none());
        let base = &t.space.inner.base;
        assert!(scope.with_group(base, &*txn, object.group, |_, _| Ok(())).is_err());
    }
    for s in &scope.manifest.segments {
        let segment = scope.read_segment(&t.space.inner.base, &*txn, s).unwrap();
        assert!(!segment.holds(&first) && !segment.holds(&second));
    }
}

#[test]
fn lineage_is_kept_through_memories_made_from_memories() {
    let t = setting();
    allow(&t.space, &[Category::Laboratory]);
    allow_memories(&t.space, "health");
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let source = seen.value()[0].record;
    let first = s.remember("LDL is 112.5", &seen).unwrap();
    let second = s.remember("LDL is high", &vec![first]).unwrap();
    s.remember_in("health", "Likes tea").unwrap();
    let derived = t.partition("health").derived_from(source).unwrap();
    let ids: Vec<RecordId> = derived.value().iter().map(|m| m.id).collect();
    assert!(ids.len() == 2 && ids.contains(&first) && ids.contains(&second));
    assert!(derived.label().no_training());
    let only: Vec<RecordId> = t.partition("health").derived_from(first).unwrap().value().iter().map(|m| m.id).collect();
    assert_eq!(only, [second]);
    // Deleting the first sets the second aside.
    t.partition("health").delete_memory(first, gesture()).unwrap();
    assert!(matches!(events(&t.space, HEALTH).pop(), Some(AuditEvent::Quarantined { records: 1 })));
    let set_aside = t.kept("health").into_iter().find(|m| m.id == second).unwrap();
    assert_eq!(set_aside.quarantine, Some(Quarantine::SourceGone));
    assert!(!t.listed("health").contains(&second));
    assert!(matches!(s.remember("more", &vec![second]), Err(Error::NotFound)));
}

#[test]
fn withdrawal_lists_and_quarantines_what_was_derived_until_the_person_decides() {
    let t = setting();
    let lab = allow(&t.space, &[Category::Laboratory]);
    let vitals = allow(&t.space, &[Category::VitalSigns]);
    allow_memories(&t.space, "health");
    // The first memory rests on both grants, because a release rests on all that permit it.
    let by_lab = |text: &str| {
        let s = t.session();
        let seen = s.query(&of_code("13457-7")).unwrap();
        s.remember(text, &seen).unwrap()
    };
    let (kept, deleted) = (by_lab("LDL one"), by_lab("LDL two"));
    let parentless = t.session().remember_in("health", "Likes tea").unwrap();
    let of = |g: &Grant| -> Vec<RecordId> { t.space.derived(g.id()).unwrap().into_iter().map(|d| d.record).collect() };
    let mut both = vec![kept, deleted];
    both.sort();
    assert!(of(&lab) == both && t.listed("health").len() == 3);
    t.space.withdraw(lab.id()).unwrap();
    assert_eq!(of(&lab), both);
    assert_eq!(t.listed("health"), [parentless]);
    let s = t.session();
    assert_eq!(s.query(&Query { kinds: vec![Kind::Memory], ..Query::default() }).unwrap().value().len(), 1);
    assert_eq!(*s.count(&Query { kinds: vec![Kind::Memory], ..Query::default() }).unwrap().value(), 1);
    assert!(matches!(s.hold(kept), Err(Error::NotFound)));
    assert!(matches!(s.remember("more", &vec![kept]), Err(Error::NotFound)));
    // The person sees them, and why.
    let shown = t.kept("health");
    assert_eq!(shown.iter().filter(|m| m.quarantine == Some(Quarantine::ConsentEnded)).count(), 2);
    assert!(matches!(t.partition("health").keep_memory(parentless, gesture()), Err(Error::NotFound)));
    t.partition("health").keep_memory(kept, gesture()).unwrap();
    t.partition("health").delete_memory(deleted, gesture()).unwrap();
    assert!(
        events(&t.space, HEALTH).iter().any(|e| matches!(e, AuditEvent::MemoryKept { record, .. } if *record == kept))
    );
    let after = t.kept("health");
    let it = after.iter().find(|m| m.id == kept).unwrap();
    assert!(after.len() == 2 && it.quarantine.is_none() && it.label.no_training());
    assert!(!it.grants.contains(&lab.id()) && of(&lab).is_empty());
    assert!(t.listed("health").contains(&kept));
    // What still stands may still end.
    if it.grants.contains(&vitals.id()) {
        t.space.withdraw(vitals.id()).unwrap();
        assert!(!t.listed("health").contains(&kept));
    }
}

#[test]
fn a_source_that_is_erased_sets_aside_all_that_was_derived_from_it() {
    let t = setting();
    allow(&t.space, &[Category::Laboratory]);
    allow_memories(&t.space, "health");
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let first = s.remember("LDL is 112.5", &seen).unwrap();
    let second = s.remember("LDL is high", &vec![first]).unwrap();
    let other = s.remember_in("health", "Likes tea").unwrap();
    let held = s.hold(second).unwrap();
    // What an erasure does besides dropping the keys of the record.
    let gone = std::collections::BTreeSet::from([seen.value()[0].record]);
    t.space.inner.write(|tx, w| super::memory::quarantine_derived(tx, w, 0, &gone)).unwrap();
    assert!(matches!(events(&t.space, HEALTH).pop(), Some(AuditEvent::Quarantined { records: 2 })));
    assert_eq!(t.listed("health"), [other]);
    let why = |id| t.kept("health").into_iter().find(|m| m.id == id).unwrap().quarantine;
    assert_eq!(
        (why(first), why(second), why(other)),
        (Some(Quarantine::SourceGone), Some(Quarantine::SourceGone), None)
    );
    assert!(matches!(s.reveal(&held), Err(Error::NotFound)));
    // Nor as parents by way of what the person was shown.
    let shown = t.partition("health").memories().unwrap();
    assert!(matches!(s.remember("more", &shown), Err(Error::NotFound)));
    // An edit does not free it; keeping does, and once is enough.
    let edited = t.partition("health").edit_memory(first, "LDL was high", gesture()).unwrap();
    assert_eq!(why(edited), Some(Quarantine::SourceGone));
    t.partition("health").keep_memory(edited, gesture()).unwrap();
    assert!(t.listed("health").contains(&edited));
    t.space.inner.write(|tx, w| super::memory::quarantine_derived(tx, w, 0, &gone)).unwrap();
    assert_eq!(why(edited), Some(Quarantine::SourceGone), "gone a second time");
}

#[test]
fn a_grant_that_runs_out_quarantines_in_every_handle_without_a_call() {
    let t = setting();
    let ask = t.space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).expires_at(Timestamp::from_millis(T0 + 120_000)).agree(gesture()).unwrap();
    allow_memories(&t.space, "health");
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let id = s.remember("LDL", &seen).unwrap();
    let limited = t.limited(&["health"]);
    let reads = |space: &HealthSpace| {
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        s.memories("health").unwrap().value().len()
    };
    assert_eq!((reads(&t.space), reads(&limited)), (1, 1));
    let fresh = t.session();
    let reader = fresh.reader(&Query { kinds: vec![Kind::Memory], ..Query::default() }, 5).unwrap();
    assert_eq!(reader.facts(&Query::default()).unwrap().len(), 1);
    t.clock.set(Timestamp::from_millis(T0 + 120_000));
    assert_eq!((reads(&t.space), reads(&limited)), (0, 0));
    // An open reader as well.
    assert!(reader.facts(&Query::default()).unwrap().is_empty());
    assert!(matches!(reader.body(id), Err(Error::NotFound)));
    assert_eq!(t.kept("health")[0].quarantine, Some(Quarantine::ConsentEnded));
}

/// Whether that grant is of whoever lists or of somebody else.
#[test]
fn a_memory_whose_grant_runs_out_while_a_list_is_made_is_not_in_it() {
    for who in [model(), crate::consent::Recipient::model("us-llm").unwrap()] {
        let t = setting();
        let (ask, end) = (t.space.consent_request(), Timestamp::from_millis(T0 + 120_000));
        let ask = ask.purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]).recipient(model());
        ask.expires_at(end).agree(gesture()).unwrap();
        let s = t.session();
        let seen = s.query(&of_code("13457-7")).unwrap();
        s.remember("LDL", &seen).unwrap();
        let ask = t.space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Memories]);
        ask.recipient(who.clone()).agree(gesture()).unwrap();
        let list = |at: Timestamp| {
            let (s, kind) = (t.space.session(who.clone(), Purpose::PatientRequest).unwrap(), ReleaseKind::Read);
            let released = s.release("health", crate::consent::Action::Read, kind, b"q", &mut |v| {
                let value = v.query(&Query { kinds: vec![Kind::Memory], ..Query::default() })?;
                t.clock.set(at);
                let items = value.iter().map(|r| (r.record, r.part)).collect();
                Ok(super::release::Release { items, categories: [Category::Memories].into(), value, unread: 0 })
            });
            released.unwrap().into_value().len()
        };
        assert_eq!((list(Timestamp::from_millis(T0)), list(end)), (1, 0), "{who:?}");
    }
}

#[test]
fn a_withdrawal_by_a_handle_of_one_partition_quarantines_there() {
    let t = setting();
    let lab = allow(&t.space, &[Category::Laboratory]);
    allow_memories(&t.space, "health");
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    s.remember("LDL", &seen).unwrap();
    let limited = t.limited(&["health"]);
    limited.withdraw(lab.id()).unwrap();
    assert!(t.listed("health").is_empty());
    assert_eq!(limited.derived(lab.id()).unwrap().len(), 1);
}

#[test]
fn what_an_assistant_writes_is_its_word_until_the_person_endorses_it() {
    let t = setting();
    allow_memories(&t.space, "health");
    let id = t.session().remember_in("health", "Allergic to penicillin").unwrap();
    let before = t.kept("health").remove(0);
    assert_eq!(before.label.integrity, Integrity::AiAsserted);
    t.partition("health").endorse(id, gesture()).unwrap();
    let after = t.kept("health").remove(0);
    assert!(after.id == id && after.text == before.text && after.at == before.at);
    assert_eq!(after.label, crate::label::Label { integrity: Integrity::User, ..before.label });
    let entry = events(&t.space, HEALTH).into_iter().find(|e| matches!(e, AuditEvent::Endorsed { .. }));
    let Some(AuditEvent::Endorsed { record: Some(r), before: b, after: a, .. }) = entry else { panic!() };
    assert!(r == id && b == before.label && a == after.label);
    assert!(before.is_ai_asserted() && !after.is_ai_asserted());
    // A session that reads it gets it as such.
    let s = t.session();
    let read = s.memories("health").unwrap();
    assert_eq!(read.value()[0].label.integrity, Integrity::User);
    assert!(matches!(t.partition("health").endorse(RecordId::from_bytes([1; 16]), gesture()), Err(Error::NotFound)));
    // The conversation of one handle is not read by another recipient without a grant.
    let stranger = t.space.session(crate::consent::Recipient::app("x").unwrap(), Purpose::PatientRequest).unwrap();
    assert!(matches!(stranger.memories("health"), Err(Error::Denied)));
}

/// A file's integrity is below an AI's, and the lowest counts: that an AI wrote it is told all the same.
#[test]
fn what_an_assistant_makes_of_a_file_is_asserted_by_an_ai_until_the_person_vouches_for_it() {
    let t = setting();
    allow(&t.space, &[Category::Laboratory]);
    allow_memories(&t.space, "health");
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let first = s.remember("LDL is a bit high", &seen).unwrap();
    let second = s.remember("Eat less butter", &seen).unwrap();
    let said = s.say("It is 112.5").unwrap();
    s.append("health", Role::Assistant, &said).unwrap();
    let asserted = |all: Vec<Memory>| -> Vec<RecordId> {
        assert!(all.iter().all(|m| !m.is_ai_asserted() || m.label.integrity == Integrity::External));
        all.into_iter().filter(Memory::is_ai_asserted).map(|m| m.id).collect()
    };
    assert_eq!(asserted(t.kept("health")).len(), 2);
    assert_eq!(asserted(t.session().memories("health").unwrap().into_value()).len(), 2);
    assert!(s.turns("health").unwrap().value()[0].memory.is_ai_asserted());
    let grounded = |lang: Lang| {
        let options = GroundOptions { lang: Some(lang), ..GroundOptions::new(Budget::tokens(1000)) };
        t.session().ground_with("What about butter?", &options).unwrap().into_value().text
    };
    let (en, fr) = (grounded(Lang::En), grounded(Lang::Fr));
    assert!(en.contains("Eat less butter», noted by an assistant, not confirmed by the person"), "{en}");
    assert!(fr.contains("noté par un assistant, non confirmé par la personne"), "{fr}");
    t.partition("health").endorse(first, gesture()).unwrap();
    assert_eq!(asserted(t.kept("health")), [second]);
    t.partition("health").endorse(second, gesture()).unwrap();
    assert!(grounded(Lang::En).contains("Eat less butter», noted, confirmed by the person"));
    t.partition("health").edit_memory(second, "Eat no butter", gesture()).unwrap();
    assert!(grounded(Lang::En).contains("Eat no butter», noted, confirmed by the person"));
    assert!(asserted(t.kept("health")).is_empty());
    // What the person vouched for before it was kept, and what they said, is theirs.
    let mine = t.space.endorse(&s.say("Butter is out").unwrap(), gesture()).unwrap();
    s.keep(&mine, "health").unwrap();
    s.append("health", Role::Person, &s.heard("No butter", gesture()).unwrap()).unwrap();
    assert!(asserted(t.kept("health")).is_empty());
    // In FHIR by the security label that HL7 has for it: of the two that nobody had vouched for then, and of what the
    // assistant said.
    let told = t.space.audit_events(HEALTH, "en").unwrap();
    assert_eq!((told.matches(r#""code":"AIAST""#).count(), told.matches(r#""code":"Remembered""#).count()), (3, 3));
}

/// Its label is no less strict than any.
#[test]
fn a_memory_whose_label_is_missing_is_of_the_strictest() {
    let t = setting();
    t.session().remember_in("general", "Likes tea").unwrap();
    allow_memories(&t.space, "general");
    assert_eq!(t.session().memories("general").unwrap().value().len(), 1);
    let forget = |tx: &mut tx::Tx<'_>, w: &mut state::Writing| {
        let at = w.state.position("general")?;
        w.work(tx, state::Target::Partition(at))?.manifest.tags.named.clear();
        Ok(())
    };
    t.space.inner.write(forget).unwrap();
    let (_txn, state) = t.space.inner.read().unwrap();
    let scope = &state.partitions[state.position("general").unwrap()];
    let tag = scope.tag_of(scope.notes()[0]);
    assert_eq!(tag.label, Label::BOTTOM.join(Label { integrity: Integrity::External, ..tag.label }));
    assert!(tag.label.purposes == Purposes::NONE && tag.label.confidentiality == Confidentiality::VeryRestricted);
    assert!(tag.label.origins.bits() == u64::MAX && tag.label.obligations.bits() == u32::MAX);
}

#[test]
fn conversations_are_listed_by_their_turns_to_the_person_and_by_consent() {
    let t = setting();
    let at = |days: i64| t.clock.set(Timestamp::from_millis(T0 + days * 86_400_000));
    let append = |s: &Session, text: &str| {
        let said = s.say(text).unwrap();
        s.append("health", Role::Assistant, &said).unwrap()
    };
    let (older, newer) = (t.session(), t.session());
    append(&older, "one");
    at(1);
    let two = append(&newer, "two");
    at(2);
    append(&older, "three");
    // What was read under a grant is told by its turns as well.
    let lab = allow(&t.space, &[Category::Laboratory]);
    let reading = t.session();
    reading.query(&of_code("13457-7")).unwrap();
    at(3);
    append(&reading, "It is 112.5");
    let line = |s: &Session, first: i64, last: i64, turns: u64| {
        let at = |days: i64| Timestamp::from_millis(T0 + days * 86_400_000);
        (s.conversation(), at(first), at(last), turns)
    };
    let all = [line(&reading, 3, 3, 1), line(&older, 0, 2, 2), line(&newer, 1, 1, 1)];
    let told = |list: &[Conversation]| list.iter().map(|c| (c.id, c.first, c.last, c.turns)).collect::<Vec<_>>();
    let health = t.partition("health");
    let shown = health.conversations().unwrap();
    assert_eq!(told(shown.value()), all);
    assert_eq!((shown.receipt().count, format!("{:?}", shown.value()[0])), (4, "Conversation(..)".to_owned()));
    assert!(t.partition("general").conversations().unwrap().value().is_empty());
    assert!(matches!(events(&t.space, HEALTH).last(), Some(AuditEvent::Released { grants, .. }) if grants.is_empty()));
    // A session finds none that no grant reaches, and gets the label with the list.
    let asking = t.session();
    assert!(asking.conversations("health").unwrap().value().is_empty());
    assert!(matches!(asking.conversations("general"), Err(Error::Denied)));
    allow_memories(&t.space, "health");
    let listed = asking.conversations("health").unwrap();
    assert_eq!((told(listed.value()), listed.receipt().count), (all.to_vec(), 4));
    assert!(asking.label().no_training());
    assert!(matches!(asking.remember_in("general", "There were three"), Err(Error::FlowDenied)));
    let rests = t.space.derived(lab.id()).unwrap().len();
    asking.remember_in("health", "There were three").unwrap();
    assert_eq!(t.space.derived(lab.id()).unwrap().len(), rests + 1, "it rests on what the turns rest on");
    // What is set aside, or gone, is not told to a session; the person sees what is set aside.
    t.space.withdraw(lab.id()).unwrap();
    let asking = t.session();
    assert_eq!(told(asking.conversations("health").unwrap().value()), all[1..]);
    assert_eq!(told(health.conversations().unwrap().value()), all);
    health.delete_memory(two, gesture()).unwrap();
    assert_eq!(told(asking.conversations("health").unwrap().value()), all[1..2]);
}

//! Ways around: what a session (or a program of calls) could try so that health data stands where it
//! may not, or goes on after its source or its consent has ended.

use super::tests::{allow, clock, events, fill, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::consent::Recipient;
use crate::environment::Environment;
use crate::error::{Error, Limit};
use crate::id::RecordId;
use crate::label::{Lowering, Obligations, Purpose};
use crate::lang::Lang;
use crate::record::{Author, Category};
use std::sync::Arc;

struct Setting {
    dir: tempfile::TempDir,
    space: HealthSpace,
    env: Environment,
    lab: Grant,
}

fn setting() -> Setting {
    let dir = tempfile::tempdir().unwrap();
    let env = clock().0;
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env.clone()).unwrap();
    fill(&space);
    let lab = allow(&space, &[Category::Laboratory]);
    for name in ["health", "general"] {
        let ask = space.consent_request().partition(name).purpose(Purpose::PatientRequest);
        ask.categories(&[Category::Memories]).recipient(model()).agree(gesture()).unwrap();
    }
    Setting { dir, space, env, lab }
}

impl Setting {
    fn session(&self) -> Session {
        self.space.session(model(), Purpose::PatientRequest).unwrap()
    }

    fn health(&self) -> Partition {
        self.space.partition("health").unwrap()
    }

    fn why(&self, id: RecordId) -> Option<Quarantine> {
        self.health().memories().unwrap().into_value().into_iter().find(|m| m.id == id).unwrap().quarantine
    }
}

fn keeps_all() -> crate::label::Label {
    Endpoint::cleared(Obligations::from_bits(u32::MAX))
}

#[test]
fn what_was_made_from_an_older_version_goes_with_the_source_of_that_version() {
    let t = setting();
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let first = s.remember("LDL is 112.5", &seen).unwrap();
    let second = s.remember("LDL is high", &vec![first]).unwrap();
    let third = s.remember("Eat less butter", &vec![second]).unwrap();
    // What it was made from says something else now.
    let edited = t.health().edit_memory(second, "LDL is fine", gesture()).unwrap();
    assert_eq!((t.why(edited), t.why(third)), (None, Some(Quarantine::SourceGone)));
    t.health().keep_memory(third, gesture()).unwrap();
    let derived = t.health().derived_from(first).unwrap();
    assert!(derived.value().iter().any(|m| m.id == third), "found by way of the older version");
    t.health().delete_memory(first, gesture()).unwrap();
    assert_eq!((t.why(edited), t.why(third)), (Some(Quarantine::SourceGone), Some(Quarantine::SourceGone)));
}

#[test]
fn a_replaced_source_sets_aside_what_was_made_from_it() {
    let t = setting();
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let first = s.remember("LDL is 112.5", &seen).unwrap();
    let second = s.remember("LDL is high", &vec![first]).unwrap();
    let other = s.remember_in("health", "Likes tea").unwrap();
    let held = s.hold(seen.value()[0].record).unwrap();
    let before = events(&t.space, LogOf::Partition("health")).len();
    let newer = observation("1", "laboratory", "13457-7", "2026-01-05", "91", "");
    assert_eq!(t.health().import(source(&[newer])).unwrap().replaced(), 1);
    let all = events(&t.space, LogOf::Partition("health"));
    assert_eq!(all.len(), before + 2);
    assert!(matches!(all.last(), Some(AuditEvent::Quarantined { records: 2 })));
    let why = [first, second, other].map(|id| t.why(id));
    assert_eq!(why, [Some(Quarantine::SourceGone), Some(Quarantine::SourceGone), None]);
    // Nothing is made from what was replaced any more.
    assert!(matches!(s.remember("LDL is 112.5", &seen), Err(Error::NotFound)));
    assert!(matches!(s.remember("LDL is 112.5", &vec![seen.value()[0].record]), Err(Error::NotFound)));
    assert!(matches!(s.reveal(&held), Err(Error::NotFound)));
}

#[test]
fn the_past_of_a_memory_is_no_source_and_is_not_lowered() {
    let t = setting();
    let s = t.session();
    let old = s.remember_in("health", "Needs less salt").unwrap();
    let value = t.health().memory_value(old).unwrap();
    t.health().edit_memory(old, "Needs no diet", gesture()).unwrap();
    assert!(matches!(s.remember("A diet", &vec![old]), Err(Error::NotFound)));
    let ask = t.space.declassify_request("health", "general", Purpose::PatientRequest);
    let confidentiality = Some(crate::label::Confidentiality::Normal);
    let ask = ask.dropping(Lowering { confidentiality, ..Lowering::NONE });
    ask.notice("en").unwrap();
    let grant = ask.agree(gesture()).unwrap().id();
    let person = s.heard("Tell the cook", gesture()).unwrap();
    let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
    assert!(matches!(t.space.declassify(&what, &person, gesture()), Err(Error::NotFound)));
    assert!(t.space.partition("general").unwrap().memories().unwrap().value().is_empty());
}

#[test]
fn what_was_said_goes_nowhere_once_its_grant_has_ended() {
    let t = setting();
    let s = t.session();
    s.query(&of_code("13457-7")).unwrap();
    let said = s.say("112.5").unwrap();
    let endpoint = Endpoint::model(model(), keeps_all());
    assert_eq!(s.reveal(&said).unwrap(), "112.5");
    s.model_call(&[&said], &endpoint).unwrap();
    t.space.withdraw(t.lab.id()).unwrap();
    assert!(matches!(s.reveal(&said), Err(Error::Denied)));
    assert!(matches!(s.model_call(&[&said], &endpoint), Err(Error::Denied)));
    assert!(matches!(s.write(&said, &Endpoint::tool(model(), keeps_all())), Err(Error::Denied)));
    let last = events(&t.space, LogOf::Partition("general")).pop();
    assert!(matches!(last, Some(AuditEvent::Refused { .. })));
    // A session that was shown nothing under it goes on.
    let fresh = t.session();
    let said = fresh.say("Good morning").unwrap();
    fresh.model_call(&[&said], &endpoint).unwrap();
}

#[test]
fn what_was_said_after_reading_is_not_exported_by_a_grant_to_read() {
    let t = setting();
    let file = Endpoint::file(model(), keeps_all());
    let s = t.session();
    s.write(&s.say("Good morning").unwrap(), &file).unwrap();
    s.query(&of_code("13457-7")).unwrap();
    let said = s.say("112.5").unwrap();
    assert!(matches!(s.write(&said, &file), Err(Error::FlowDenied)));
    let last = events(&t.space, LogOf::Partition("health")).pop();
    assert!(matches!(last, Some(AuditEvent::FlowDenied { .. })));
}

#[test]
fn whether_a_record_is_there_is_not_told_by_the_entries_either() {
    let t = setting();
    let there = t.session().query(&of_code("13457-7")).unwrap().value()[0].record;
    let stranger = t.space.session(Recipient::app("x").unwrap(), Purpose::PatientRequest).unwrap();
    let count = || ["health", "general"].map(|p| events(&t.space, LogOf::Partition(p)).len());
    let mut grew = Vec::new();
    for id in [there, RecordId::from_bytes([9; 16])] {
        let before = count();
        assert!(matches!(stranger.hold(id), Err(Error::NotFound)));
        let after = count();
        grew.push([after[0] - before[0], after[1] - before[1]]);
    }
    assert_eq!(grew, [[1, 0], [1, 0]]);
}

#[test]
fn lineage_is_not_cut_off() {
    let t = setting();
    let one = t.session().query(&of_code("13457-7")).unwrap().value()[0].record;
    let many = vec![one; 4097];
    assert!(matches!(t.session().remember("x", &many), Err(Error::TooLarge(Limit::Items))));
}

#[test]
fn what_is_written_after_a_withdrawal_is_set_aside_for_a_handle_that_cannot_see_it_too() {
    let t = setting();
    t.space.create_partition("diary", PartitionKind::Health, &unlock()).unwrap();
    let ask = t.space.consent_request().partition("diary").purpose(Purpose::PatientRequest);
    ask.categories(&[Category::Memories]).recipient(model()).agree(gesture()).unwrap();
    let s = t.session();
    s.query(&of_code("13457-7")).unwrap();
    t.space.withdraw(t.lab.id()).unwrap();
    s.remember_in("diary", "LDL is 112.5").unwrap();
    let file = t.dir.path().join("me.hs");
    let part = HealthSpace::open_partitions(file, &unlock(), t.env.clone(), &["diary"]).unwrap();
    let other = part.session(model(), Purpose::PatientRequest).unwrap();
    assert!(other.memories("diary").unwrap().value().is_empty());
    let kept = part.partition("diary").unwrap().memories().unwrap().into_value();
    assert_eq!(kept[0].quarantine, Some(Quarantine::ConsentEnded));
}

#[test]
fn a_deleted_memory_leaves_no_tag_behind() {
    let t = setting();
    let tags = || t.space.inner.peek().unwrap().partitions[0].manifest.tags.named.len();
    let s = t.session();
    s.remember_in("health", "Likes tea").unwrap();
    s.query(&of_code("20447-9")).unwrap();
    let id = s.remember_in("health", "It was 50").unwrap();
    let edited = t.health().edit_memory(id, "It was 49", gesture()).unwrap();
    assert_eq!(tags(), 3);
    t.health().delete_memory(edited, gesture()).unwrap();
    assert_eq!(tags(), 1);
}

#[test]
fn the_catalog_without_what_is_set_aside_is_made_once() {
    let t = setting();
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let first = s.remember("LDL", &seen).unwrap();
    s.remember_in("health", "Likes tea").unwrap();
    let shown = || {
        let state = t.space.inner.peek().unwrap();
        state.shown(&state.partitions[0], s.now()).unwrap()
    };
    let newer = observation("1", "laboratory", "13457-7", "2026-01-05", "91", "");
    t.health().import(source(&[newer])).unwrap();
    let one = shown();
    // Releases write entries; they change nothing of this.
    t.session().query(&of_code("20447-9")).unwrap();
    assert!(Arc::ptr_eq(&one, &shown()) && one.find_record(&first).is_none());
    t.health().keep_memory(first, gesture()).unwrap();
    assert!(shown().find_record(&first).is_some());
}

#[test]
fn the_person_is_told_who_wrote_a_memory_from_what_and_whether_it_is_set_aside() {
    let t = setting();
    let s = t.session();
    let seen = s.query(&of_code("13457-7")).unwrap();
    let first = s.remember("LDL is high", &seen).unwrap();
    t.health().endorse(first, gesture()).unwrap();
    let second = s.remember("Eat less butter", &vec![first]).unwrap();
    t.health().edit_memory(second, "Eat no butter", gesture()).unwrap();
    let authors = t.health().memories().unwrap().into_value();
    let of = |text: &str| authors.iter().find(|m| m.text == text).unwrap().author;
    assert_eq!((of("LDL is high"), of("Eat no butter")), (Author::Assistant, Author::Person));
    let mut told = t.health().memories_in_words(Lang::En).unwrap().into_value();
    told.sort();
    assert_eq!(
        told,
        [
            "“Eat no butter”. Written by you on 21 September 2026. Made from: another memory.",
            "“LDL is high”. Written by an assistant on 21 September 2026, confirmed by you. Made from: code 13457-7 (5 January 2026)."
        ]
    );
    t.health().delete_memory(first, gesture()).unwrap();
    s.remember_in("health", "Aime le thé").unwrap();
    t.space.withdraw(t.lab.id()).unwrap();
    let told = t.health().memories_in_words(Lang::Fr).unwrap().into_value();
    assert!(told.contains(&"« Eat no butter ». Écrit par vous le 21 septembre 2026. D’après : quelque chose qui n’existe plus. Mis de côté : ce dont il est issu n’existe plus ou a été remplacé.".replace("« ", "«\u{a0}").replace(" »", "\u{a0}»").replace(" :", "\u{a0}:")), "{told:?}");
    assert!(told.iter().any(|m| m.contains("non confirmé par vous") && m.contains("une autorisation dont il dépend")));
}

#[test]
fn a_conversation_goes_on_for_its_own_recipient_and_purpose_only() {
    let t = setting();
    let s = t.session();
    s.query(&of_code("13457-7")).unwrap();
    let other = || Recipient::model("us-llm").unwrap();
    for (who, why) in [(other(), Purpose::PatientRequest), (model(), Purpose::Marketing), (other(), Purpose::Marketing)]
    {
        assert!(matches!(t.space.resume(s.conversation(), who, why), Err(Error::NotFound)));
    }
    assert_eq!(t.space.resume(s.conversation(), model(), Purpose::PatientRequest).unwrap().label(), s.label());
    // As another handle knows it too, and after a restart.
    let file = t.dir.path().join("me.hs");
    let again = HealthSpace::open_partitions(&file, &unlock(), t.env.clone(), &["general"]).unwrap();
    assert!(matches!(again.resume(s.conversation(), other(), Purpose::PatientRequest), Err(Error::NotFound)));
    again.resume(s.conversation(), model(), Purpose::PatientRequest).unwrap();
}

#[test]
fn what_was_said_for_one_purpose_does_not_flow_for_another() {
    let t = setting();
    let s = t.session();
    s.query(&of_code("13457-7")).unwrap();
    let said = s.say("The LDL is 112.5").unwrap();
    let marketing = t.space.session(model(), Purpose::Marketing).unwrap();
    let to = Endpoint::model(model(), keeps_all());
    assert!(matches!(marketing.reveal(&said), Err(Error::FlowDenied)));
    assert!(matches!(marketing.model_call(&[&said], &to), Err(Error::FlowDenied)));
    // Nor by way of a call.
    let answer = s.model_call(&[&said], &to).unwrap().finish("High").unwrap();
    assert!(matches!(marketing.model_call(&[&answer], &to), Err(Error::FlowDenied)));
    assert_eq!(marketing.label(), crate::label::Label::BOTTOM);
    let same = t.session();
    assert_eq!(same.reveal(&said).unwrap(), "The LDL is 112.5");
}

/// What a handle of some partitions is shown is known to every handle that goes on with the conversation.
#[test]
fn a_conversation_goes_on_where_its_home_is_open() {
    let t = setting();
    let path = t.dir.path().join("me.hs");
    let open = |names: &[&str]| HealthSpace::open_partitions(&path, &unlock(), t.env.clone(), names).unwrap();
    let resume = |space: &HealthSpace, id| space.resume(id, model(), Purpose::PatientRequest);
    t.session().remember_in("general", "likes tea").unwrap();
    let spoke = t.session();
    spoke.remember_in("general", "likes green tea").unwrap();
    spoke.memories("general").unwrap();
    let beside = resume(&t.space, spoke.conversation()).unwrap();
    t.session().remember_in("general", "wakes at seven").unwrap();
    spoke.memories("general").unwrap();
    // It is stored with the health partition, too, and is at home in the general one.
    beside.remember_in("health", "hello").unwrap();
    assert!(matches!(resume(&open(&["health"]), spoke.conversation()), Err(Error::NotFound)));
    // Both ways on keep what was shown.
    let both = open(&["health", "general"]);
    resume(&both, spoke.conversation()).unwrap().query(&of_code("13457-7")).unwrap();
    let alone = open(&["general"]);
    let later = resume(&alone, spoke.conversation()).unwrap();
    assert!(matches!(later.remember_in("general", "LDL is 112.5"), Err(Error::FlowDenied)));
    // One that was begun with health data alone goes on with it, and not without.
    let room = open(&["health"]);
    let begun = room.session(model(), Purpose::PatientRequest).unwrap();
    begun.query(&of_code("13457-7")).unwrap();
    resume(&t.space, begun.conversation()).unwrap().remember_in("health", "noted").unwrap();
    let again = resume(&room, begun.conversation()).unwrap();
    again.query(&of_code("13457-7")).unwrap();
    assert_eq!(again.label(), begun.label());
    assert!(matches!(resume(&alone, begun.conversation()), Err(Error::NotFound)));
}

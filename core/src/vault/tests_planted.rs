//! A room's holder gives a record of theirs the id of a record elsewhere: it stands for no other.

use super::state::Target;
use super::tests::{clock, events, fill, gesture, model, observation, source, unlock};
use super::tests_keystore::make;
use super::tx::Work;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::{NewRecord, ObjectRef, Query, SegmentBuilder};
use crate::consent::Recipient;
use crate::crypto::context::Class;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::id::{Identity, RecordId};
use crate::keyring::Unlock;
use crate::label::{Confidentiality, Label, Obligations, Origins, Purpose, Sensitivities};
use crate::lang::Lang;
use crate::record::{Author, Category, FactDraft, Kind, Revision};
use crate::storage::memory::Memory as Disk;
use std::sync::Arc;

fn keeps() -> Label {
    Endpoint::cleared(Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE))
}

fn other() -> Recipient {
    Recipient::model("other-llm").unwrap()
}

/// `health` (1), `general` (2), `fitness` (3) with one result, and a limited way in for `general`.
pub(super) struct World {
    pub(super) disk: Disk,
    env: Environment,
    pub(super) space: HealthSpace,
    secret: Vec<u8>,
}

impl World {
    pub(super) fn new() -> Self {
        let (disk, (env, _)) = (Disk::new(), clock());
        let (space, _) = make(&disk, &unlock(), env.clone()).unwrap();
        fill(&space);
        space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
        let run = observation("77", "laboratory", "13457-7", "2026-02-05", "199.5", "");
        space.partition("fitness").unwrap().import(source(&[run])).unwrap();
        give(&space, "fitness", model());
        give(&space, "general", other());
        let (secret, _) = space.add_limited_way_in(&unlock(), &["general"]).unwrap();
        Self { disk, env, space, secret: secret.expose().to_vec() }
    }

    fn open(&self, by: &Unlock) -> HealthSpace {
        HealthSpace::open_in(Arc::new(self.disk.clone()), by, self.env.clone(), None).unwrap()
    }

    pub(super) fn full(&self) -> HealthSpace {
        self.open(&unlock())
    }

    /// By the limited way in.
    pub(super) fn limited(&self) -> HealthSpace {
        self.open(&Unlock::limited(self.secret.clone()))
    }

    /// Writes in `general` what its holder can write.
    pub(super) fn write(&self, change: impl FnOnce(&mut tx::Tx<'_>, &mut Work) -> Result<()>) {
        self.limited().inner.write(|tx, w| change(tx, w.work(tx, Target::Partition(0))?)).unwrap();
    }

    fn plant(&self, id: RecordId) {
        self.write(|tx, work| plant(tx, work, id, Category::Laboratory));
    }
}

fn give(space: &HealthSpace, partition: &str, who: Recipient) {
    let ask = space.consent_request().partition(partition).purpose(Purpose::PatientRequest);
    ask.categories(Category::ALL).recipient(who).agree(gesture()).unwrap();
}

/// Puts a record of this id into a partition.
pub(super) fn plant(tx: &mut tx::Tx<'_>, work: &mut Work, id: RecordId, category: Category) -> Result<()> {
    let group = tx.new_group(work)?;
    let put = tx.put_content(work, Class::Body, group, payload::Content::Dense, &[1, 1, 7])?;
    let mut builder = SegmentBuilder::new();
    let fact = FactDraft { text: "mine".into(), ..FactDraft::new(Kind::Other, category) };
    builder.add(NewRecord {
        id,
        identity: Identity(*id.as_bytes()),
        content: [8; 16],
        object: ObjectRef { number: put.number << 8, version: put.version, group },
        origins: &[],
        author: Author::Source,
        confidentiality: Confidentiality::Unrestricted,
        sensitivities: Sensitivities::NONE,
        obligations: crate::label::Obligations::NONE,
        type_name: "X",
        facts: &[fact],
        series: None,
        revision: Revision::default(),
        history: false,
    });
    tx.add_segment(work, &builder.finish()?, 0)
}

fn fitness(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap().within("fitness")
}

/// The result, and a text that a hidden call made of it.
fn result_and_text(full: &HealthSpace, before: impl FnOnce(RecordId)) -> (RecordId, Session, Value) {
    let id = fitness(full).query(&Query::default()).unwrap().value()[0].record;
    before(id);
    let s = fitness(full);
    let held = s.hold(id).unwrap();
    let call = s.model_call(&[&held], &Endpoint::model(model(), keeps())).unwrap();
    assert!(call.contents().next().unwrap().contains("199.5"));
    let text = call.finish("The LDL is 199.5").unwrap();
    (id, s, text)
}

#[test]
fn nothing_of_another_room_goes_to_the_recipient_of_the_room() {
    for planted in [false, true] {
        let w = World::new();
        let full = w.full();
        let (_, s, text) = result_and_text(&full, |id| {
            if planted {
                w.plant(id)
            }
        });
        let entered = || events(&full, LogOf::Partition("general")).len();
        let before = entered();
        let out = s.model_call(&[&text], &Endpoint::model(other(), keeps()));
        assert!(matches!(out, Err(Error::Denied)), "planted {planted}");
        assert_eq!(entered(), before, "planted {planted}: nothing was released from general");
        // Nor after the result is gone.
        let result = text.parents()[0];
        full.partition("fitness").unwrap().erase(&Erase::Records(vec![result]), gesture()).unwrap();
        let out = s.model_call(&[&text], &Endpoint::model(other(), keeps()));
        assert!(matches!(out, Err(Error::NotFound)), "planted {planted}");
    }
}

#[test]
fn nothing_new_is_made_from_what_was_erased() {
    for planted in [false, true] {
        let w = World::new();
        let full = w.full();
        let (id, s, text) = result_and_text(&full, |_| ());
        let memory = s.keep(&text, "fitness").unwrap();
        let value = full.partition("fitness").unwrap().memory_value(memory).unwrap();
        full.partition("fitness").unwrap().erase(&Erase::Records(vec![id]), gesture()).unwrap();
        if planted {
            w.plant(id);
            w.plant(memory);
        }
        assert!(matches!(s.keep(&text, "fitness"), Err(Error::NotFound)), "planted {planted}");
        assert!(full.partition("fitness").unwrap().memories().unwrap().value().is_empty(), "it went along");
        let ask = full.declassify_request("fitness", "general", Purpose::PatientRequest);
        let down =
            crate::label::Lowering { confidentiality: Some(Confidentiality::Normal), ..crate::label::Lowering::NONE };
        let grant = ask.dropping(down).agree(gesture()).unwrap().id();
        let person = s.heard("Tell the cook", gesture()).unwrap();
        for value in [&value, &text] {
            let what = Declassify { value, into: "general", grant, also: crate::label::Lowering::NONE };
            assert!(matches!(full.declassify(&what, &person, gesture()), Err(Error::NotFound)), "planted {planted}");
        }
    }
}

#[test]
fn what_a_memory_was_made_from_is_told_of_the_record_that_it_names() {
    let w = World::new();
    let full = w.full();
    let s = fitness(&full);
    let seen = s.query(&Query::default()).unwrap();
    s.remember("LDL is high", &seen).unwrap();
    let told = || {
        let all = full.partition("fitness").unwrap().memories_in_words(Lang::En).unwrap();
        all.into_value().remove(0)
    };
    let before = told();
    assert!(before.contains("13457-7"));
    let id = seen.value()[0].record;
    w.plant(id);
    assert_eq!(told(), before);
    // What is erased in the room leaves it alone; what is erased in its own place takes it along.
    full.partition("general").unwrap().erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert_eq!(told(), before);
    full.partition("fitness").unwrap().erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert!(full.partition("fitness").unwrap().memories().unwrap().value().is_empty());
}

#[test]
fn what_is_held_is_what_was_meant_or_nothing() {
    let w = World::new();
    let full = w.full();
    give(&full, "general", model());
    let id = fitness(&full).query(&Query::default()).unwrap().value()[0].record;
    let origins = |s: Session| s.hold(id).map(|v| v.label().origins);
    let anywhere = || full.session(model(), Purpose::PatientRequest).unwrap();
    assert_eq!(origins(anywhere()).unwrap(), Origins::partition(3));
    w.plant(id);
    assert_eq!(origins(fitness(&full)).unwrap(), Origins::partition(3));
    assert_eq!(origins(anywhere().within("general")).unwrap(), Origins::partition(2));
    assert!(matches!(origins(anywhere()), Err(Error::NotFound)));
    assert!(matches!(events(&full, LogOf::Partition("health")).pop(), Some(AuditEvent::Refused { .. })));
}

#[test]
fn an_id_of_a_list_is_that_of_every_record_that_has_it() {
    let w = World::new();
    let full = w.full();
    give(&full, "general", model());
    let id = fitness(&full).query(&Query::default()).unwrap().value()[0].record;
    w.plant(id);
    let s = fitness(&full);
    let memory = s.remember("LDL is high", &vec![id]).unwrap();
    let here = full.partition("fitness").unwrap();
    let found = here.memories().unwrap().into_value().remove(0);
    assert!(found.id == memory && Origins::partition(2).is_subset(found.label.origins));
    assert!(Origins::partition(3).is_subset(found.label.origins));
    here.erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert!(here.memories().unwrap().value().is_empty());
}

#[test]
fn a_handle_that_has_not_opened_the_place_makes_nothing_from_it() {
    let w = World::new();
    let full = w.full();
    let (id, s, text) = result_and_text(&full, |_| ());
    let memory = s.keep(&text, "fitness").unwrap();
    w.plant(id);
    let part = HealthSpace::open_in(Arc::new(w.disk.clone()), &unlock(), w.env.clone(), Some(&["general", "health"]));
    let part = part.unwrap();
    let there = part.session(model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(there.keep(&text, "health"), Err(Error::NotFound)));
    // By its id it is found where it stands, its partition open here or not.
    let alone = HealthSpace::open_in(Arc::new(w.disk.clone()), &unlock(), w.env.clone(), Some(&["general", "fitness"]));
    let found = alone.unwrap().partition("fitness").unwrap().derived_from(id).unwrap().into_value();
    assert!(found.len() == 1 && found[0].id == memory);
}

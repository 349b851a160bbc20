//! Random programs of calls against a real vault in memory, compared call by call with the model.

use super::tests::{clock, events, fill, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::error::Error;
use crate::id::{GrantId, RecordId};
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::{Label, Lowering, Obligations, Purpose};
use crate::policy::clearance_of_health;
use crate::policy::programs::{Dice, Model, Op, Outcome, Room, bound, pick, rounds, told};
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use std::sync::Arc;

struct World {
    space: HealthSpace,
    /// LDL, HIV, and one of the other partition.
    records: [RecordId; 3],
    /// In force, and withdrawn.
    grants: [GrantId; 2],
}

struct Run<'w> {
    world: &'w World,
    sessions: Vec<Session>,
    values: Vec<Value>,
    memories: Vec<(Room, RecordId)>,
    consent: bool,
}

fn world() -> World {
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(Arc::new(Disk::new()), &row, &unlock(), clock().0).unwrap();
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    fill(&space);
    let entry = observation("9", "laboratory", "2345-7", "2026-02-01", "91", "");
    space.partition("fitness").unwrap().import(source(&[entry])).unwrap();
    for name in ["health", "general", "fitness"] {
        let ask = space.consent_request().partition(name).purpose(Purpose::PatientRequest);
        ask.categories(&[Category::Laboratory, Category::Memories]).recipient(model()).agree(gesture()).unwrap();
    }
    let lower = || {
        let ask = space.declassify_request("health", "general", Purpose::PatientRequest).dropping(bound());
        ask.notice("en").unwrap();
        ask.agree(gesture()).unwrap().id()
    };
    let grants = [lower(), lower()];
    space.withdraw(grants[1]).unwrap();
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let of = |code: &str| s.query(&of_code(code)).unwrap().value()[0].record;
    let fitness = space.inner.peek().unwrap().partitions[2].readable.records().next().unwrap().id();
    let records = [of("13457-7"), of("20447-9"), fitness];
    World { space, records, grants }
}

fn outcome<T>(result: Result<T, Error>, label: impl FnOnce(T) -> Label) -> Outcome {
    match result {
        Ok(done) => Outcome::Done(label(done)),
        Err(Error::FlowDenied) => Outcome::Refused,
        Err(e) => panic!("{e}"),
    }
}

impl Run<'_> {
    fn label_of(&self, room: Room, id: RecordId) -> Label {
        let (_txn, state) = self.world.space.inner.read().unwrap();
        let scope = &state.partitions[state.position(room.name()).unwrap()];
        scope.tag_of(scope.readable.find_record(&id).unwrap()).label
    }

    fn value(&mut self, result: Result<Value, Error>) -> Outcome {
        outcome(result, |v| {
            let label = v.label();
            self.values.push(v);
            label
        })
    }

    fn memory(&mut self, room: Room, result: Result<RecordId, Error>) -> Outcome {
        outcome(result, |id| {
            self.memories.push((room, id));
            self.label_of(room, id)
        })
    }

    fn step(&mut self, op: Op) -> Option<Outcome> {
        let space = &self.world.space;
        Some(match op {
            Op::Begin => {
                self.sessions.push(space.session(model(), Purpose::PatientRequest).unwrap());
                Outcome::Done(Label::BOTTOM)
            }
            Op::Resume { session } => {
                let conversation = self.sessions[pick(session, self.sessions.len())?].conversation();
                match space.resume(conversation, model(), Purpose::PatientRequest) {
                    Err(Error::NotFound) => Outcome::Nothing,
                    s => outcome(s, |s| {
                        let label = s.label();
                        self.sessions.push(s);
                        label
                    }),
                }
            }
            Op::Hold { session, record } => {
                let s = &self.sessions[pick(session, self.sessions.len())?];
                let held = s.hold(self.world.records[usize::from(record) % 3]);
                self.value(held)
            }
            Op::HoldMemory { session, memory } => {
                let s = &self.sessions[pick(session, self.sessions.len())?];
                let held = s.hold(self.memories[pick(memory, self.memories.len())?].1);
                self.value(held)
            }
            Op::Say { session } => {
                let said = self.sessions[pick(session, self.sessions.len())?].say("said");
                self.value(said)
            }
            Op::Heard { session } => {
                let heard = self.sessions[pick(session, self.sessions.len())?].heard("heard", gesture());
                self.value(heard)
            }
            Op::Reveal { session, value } => {
                let s = &self.sessions[pick(session, self.sessions.len())?];
                outcome(s.reveal(&self.values[pick(value, self.values.len())?]), |_| s.label())
            }
            Op::Call { session, inputs, keeps } => {
                let s = &self.sessions[pick(session, self.sessions.len())?];
                let inputs: Vec<&Value> =
                    inputs.iter().filter_map(|n| pick(*n, self.values.len())).map(|i| &self.values[i]).collect();
                let obligations = if keeps { Obligations::from_bits(u32::MAX) } else { Obligations::NONE };
                let endpoint = Endpoint::model(model(), Label { obligations, ..clearance_of_health() });
                let answer = s.model_call(&inputs, &endpoint).and_then(|call| call.finish("answer"));
                self.value(answer)
            }
            Op::Keep { session, value, room } => {
                let v = &self.values[pick(value, self.values.len())?];
                v.text()?;
                let kept = self.sessions[pick(session, self.sessions.len())?].keep(v, room.name());
                self.memory(room, kept)
            }
            Op::Remember { session, room } => {
                let kept = self.sessions[pick(session, self.sessions.len())?].remember_in(room.name(), "remembered");
                self.memory(room, kept)
            }
            Op::Endorse { value } => {
                let v = &self.values[pick(value, self.values.len())?];
                v.text()?;
                let endorsed = space.endorse(v, gesture());
                self.value(endorsed)
            }
            Op::EndorseMemory { memory } => {
                let (room, id) = self.memories[pick(memory, self.memories.len())?];
                let endorsed = space.partition(room.name()).unwrap().endorse(id, gesture());
                outcome(endorsed, |_| self.label_of(room, id))
            }
            Op::Declassify { value, request } => {
                let v = &self.values[pick(value, self.values.len())?];
                let request = &self.values[pick(request, self.values.len())?];
                let grant = self.world.grants[usize::from(!self.consent)];
                let what = Declassify { value: v, into: "general", grant, also: Lowering::NONE };
                let lowered = space.declassify(&what, request, gesture());
                self.memory(Room::General, lowered)
            }
        })
    }
}

#[test]
fn the_vault_does_what_the_model_does_and_each_declassification_has_one_earlier_entry() {
    let (mut steps, mut lowered, mut stale) = (0, 0, 0);
    let all = rounds(300, 50);
    for round in all.clone() {
        let world = world();
        let mut declassified = Vec::new();
        for program in 0..50u64 {
            let seed = round * 50 + program + 1;
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1);
            let consent = !seed.is_multiple_of(3);
            let mut model = Model::with(consent);
            let mut run =
                Run { world: &world, sessions: Vec::new(), values: Vec::new(), memories: Vec::new(), consent };
            for (at, op) in dice.program(20).into_iter().enumerate() {
                let (want, got) = (model.step(op), run.step(op).unwrap_or(Outcome::Nothing));
                assert_eq!(want, got, "program {seed}, call {at}: {op:?}");
                steps += 1;
            }
            model.check();
            stale += model.stale;
            let of = |(at, m): (usize, &(Room, RecordId))| model.memories[at].declassified.map(|_| m.1);
            declassified.extend(run.memories.iter().enumerate().filter_map(of));
        }
        // One entry each, in the log of the partition that it came from; and it was there before
        // the memory was: the value is entered in the other log, at a time that is not earlier.
        let entries: Vec<RecordId> = events(&world.space, LogOf::Partition("health"))
            .into_iter()
            .filter_map(|e| match e {
                AuditEvent::Declassified { record, .. } => Some(record),
                _ => None,
            })
            .collect();
        assert_eq!(entries, declassified);
        lowered += entries.len();
        // What stands in the general memory without one holds nothing of health.
        let kept = world.space.partition("general").unwrap().memories().unwrap().into_value();
        for m in kept.iter().filter(|m| !m.label.origins.is_empty() && !declassified.contains(&m.id)) {
            assert!(m.label.origins == crate::label::Origins::partition(2));
        }
        told(round, 50);
    }
    println!("{steps} calls, {lowered} declassified, {stale} told by the label of a moment later");
    assert!(steps == (all.end - all.start) * 1000 && lowered > 10 && stale > 5, "{lowered} {stale}");
}

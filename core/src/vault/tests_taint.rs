//! Random programs of many calls against a real vault. What truly came from health records is followed
//! beside it, without labels: none of it stands in the general partition but by a declassification, and each
//! of those has one entry.

use super::tests::{clock, events, fill, gesture, model, of_code, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::consent::Recipient;
use crate::error::{Error, Result};
use crate::grounding::Budget;
use crate::id::{ConversationId, GrantId, RecordId};
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::{Label, Lowering, Obligations, Purpose};
use crate::policy::programs::{Dice, bound, pick, rounds, told};
use crate::record::Category;
use crate::storage::memory::{Image, Memory as Disk};
use crate::vault::scope::Damage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const ROOMS: [&str; 2] = ["health", "general"];

struct World {
    disk: Disk,
    space: HealthSpace,
    /// A handle of the general partition alone.
    general: HealthSpace,
    records: Vec<RecordId>,
    lowering: GrantId,
    reading: Vec<GrantId>,
}

/// A memory or turn that stands somewhere.
#[derive(Clone, Copy)]
struct Note {
    room: usize,
    id: RecordId,
    health: bool,
}

struct Run<'w> {
    world: &'w mut World,
    sessions: Vec<Arc<Session>>,
    /// Conversations that were shown something of health.
    shown: BTreeMap<ConversationId, bool>,
    values: Vec<(Value, bool)>,
    notes: Vec<Note>,
    /// What was let into `general`.
    lowered: BTreeSet<RecordId>,
    /// Writes into `general` that were let through, and those of health that were refused.
    clean: u64,
    refused: u64,
}

fn recipients() -> [Recipient; 2] {
    [model(), Recipient::model("us-llm").unwrap()]
}

impl World {
    fn new() -> Self {
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let disk = Disk::new();
        let (space, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), clock().0).unwrap();
        let general = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["general"])).unwrap();
        fill(&space);
        let ask = space.declassify_request("health", "general", Purpose::PatientRequest).dropping(bound());
        ask.notice("en").unwrap();
        let lowering = ask.agree(gesture()).unwrap().id();
        let records = {
            let state = space.inner.peek().unwrap();
            state.partitions[0].readable.records().map(|r| r.id()).collect()
        };
        let mut world = Self { disk, space, general, records, lowering, reading: Vec::new() };
        world.give();
        world
    }

    fn give(&mut self) {
        for who in recipients() {
            for room in ROOMS {
                let ask = self.space.consent_request().partition(room).purpose(Purpose::PatientRequest);
                let ask = ask.categories(&[Category::Laboratory, Category::Memories]).recipient(who.clone());
                self.reading.push(ask.agree(gesture()).unwrap().id());
            }
        }
    }
}

impl Run<'_> {
    fn is_shown(&self, s: &Session) -> bool {
        self.shown.get(&s.conversation()).copied().unwrap_or(false)
    }

    fn show(&mut self, conversation: ConversationId, health: bool) {
        *self.shown.entry(conversation).or_default() |= health;
    }

    fn add(&mut self, value: Result<Value>, health: bool) {
        if let Ok(v) = value {
            self.values.push((v, health));
        }
    }

    /// What was stored, or why it was not.
    fn stored(&mut self, seed: u64, room: usize, health: bool, stored: Result<RecordId>) {
        match stored {
            Ok(id) => {
                assert!(room == 0 || !health, "program {seed}: something of health stands in general");
                self.clean += u64::from(room == 1);
                self.notes.push(Note { room, id, health });
            }
            Err(Error::FlowDenied) => self.refused += u64::from(room == 1 && health),
            Err(Error::NotFound | Error::Denied | Error::NoSuchPartition | Error::Malformed(_)) => {}
            Err(e) => panic!("program {seed}: {e}"),
        }
    }

    fn health_of(&self, ids: &[RecordId]) -> bool {
        ids.iter().any(|id| self.notes.iter().any(|n| n.id == *id && n.health) || self.world.records.contains(id))
    }

    fn step(&mut self, seed: u64, dice: &mut Dice) {
        let mut at = |n: usize| pick(dice.byte(), n);
        let (op, who, room) = (at(29).unwrap_or(0), at(2).unwrap_or(0), at(2).unwrap_or(0));
        let session = at(self.sessions.len()).map(|i| Arc::clone(&self.sessions[i]));
        let value = at(self.values.len());
        let note = at(self.notes.len()).map(|i| self.notes[i]);
        let record = at(self.world.records.len()).map(|i| self.world.records[i]);
        let other = at(self.values.len());
        let space = self.world.space.clone();
        let recipient = recipients()[who].clone();
        match (op, session) {
            (0, _) | (_, None) => {
                self.sessions.push(Arc::new(space.session(recipient, Purpose::PatientRequest).unwrap()));
            }
            (1, Some(s)) => {
                let resumed = space.resume(s.conversation(), recipient, Purpose::PatientRequest);
                self.sessions.extend(resumed.map(Arc::new));
            }
            (2, Some(s)) => {
                let seen = s.query(&of_code("13457-7")).map(|v| !v.value().is_empty());
                self.show(s.conversation(), seen.unwrap_or(false));
            }
            (3, Some(s)) => {
                let seen = s.ground("What was my LDL?", Budget::tokens(300)).map(|a| a.receipt().count > 0);
                self.show(s.conversation(), seen.unwrap_or(false));
            }
            (4, Some(s)) => {
                let ids = s.memories(ROOMS[room]).map(|m| m.value().iter().map(|m| m.id).collect::<Vec<_>>());
                let health = self.health_of(&ids.unwrap_or_default());
                self.show(s.conversation(), health);
            }
            (5, Some(s)) => {
                let ids = s.turns(ROOMS[room]).map(|t| t.value().iter().map(|t| t.memory.id).collect::<Vec<_>>());
                let health = self.health_of(&ids.unwrap_or_default());
                self.show(s.conversation(), health);
            }
            (6, Some(s)) => {
                let held = record.map(|id| s.hold(id));
                held.into_iter().for_each(|v| self.add(v, true));
            }
            (7, Some(s)) => {
                if let Some(n) = note {
                    self.add(s.hold(n.id), n.health);
                }
            }
            (8, Some(s)) => {
                let health = self.is_shown(&s);
                self.add(s.say("said"), health);
            }
            (9, Some(s)) => self.add(s.heard("heard", gesture()), false),
            (10 | 11, Some(s)) => {
                if let Some((v, health)) = value.map(|i| &self.values[i]) {
                    let (seen, health) = (s.reveal(v).is_ok(), *health);
                    self.show(s.conversation(), seen && health);
                }
            }
            (12, Some(s)) => {
                let inputs: Vec<&(Value, bool)> =
                    [value, other].into_iter().flatten().map(|i| &self.values[i]).collect();
                let health = inputs.iter().any(|(_, h)| *h);
                let inputs: Vec<&Value> = inputs.iter().map(|(v, _)| v).collect();
                let keeps = Endpoint::cleared(Obligations::from_bits(u32::MAX));
                let answer = s.model_call(&inputs, &Endpoint::model(recipient, keeps));
                let answer = answer.and_then(|call| call.finish("answer"));
                self.add(answer, health);
            }
            (13 | 14, Some(s)) => {
                if let Some((v, health)) = value.map(|i| &self.values[i]) {
                    let (kept, health) = (s.keep(v, ROOMS[room]), *health);
                    self.stored(seed, room, health, kept);
                }
            }
            (15, Some(s)) => {
                let parents: Vec<RecordId> =
                    note.map(|n| n.id).into_iter().chain(record.filter(|_| who == 0)).collect();
                let health = self.is_shown(&s) || self.health_of(&parents);
                // It goes where its parents' labels lead: into health.
                self.stored(seed, 0, health, s.remember("made from these", &parents));
            }
            (16 | 17, Some(s)) => {
                let health = self.is_shown(&s);
                self.stored(seed, room, health, s.remember_in(ROOMS[room], "remembered"));
            }
            (18, Some(s)) => {
                if let Some((v, health)) = value.map(|i| &self.values[i]) {
                    let (kept, health) = (s.append(ROOMS[room], Role::Assistant, v), *health);
                    self.stored(seed, room, health, kept);
                }
            }
            (19, Some(_)) => {
                if let Some(n) = note {
                    let partition = space.partition(ROOMS[n.room]).unwrap();
                    let new = if who == 0 { partition.edit_memory(n.id, "mended", gesture()).ok() } else { None };
                    self.notes.extend(new.map(|id| Note { id, ..n }));
                    if who == 1 && partition.delete_memory(n.id, gesture()).is_ok() {
                        self.notes.retain(|m| m.id != n.id);
                    }
                }
            }
            (20, Some(_)) => {
                if let Some((v, health)) = value.map(|i| &self.values[i]) {
                    let (endorsed, health) = (space.endorse(v, gesture()), *health);
                    self.add(endorsed, health);
                }
                if let Some(n) = note {
                    let _ = space.partition(ROOMS[n.room]).unwrap().endorse(n.id, gesture());
                }
            }
            (21, Some(_)) => {
                if let (Some(v), Some(request)) = (value, other) {
                    let (v, request) = (&self.values[v].0, &self.values[request].0);
                    let what =
                        Declassify { value: v, into: "general", grant: self.world.lowering, also: Lowering::NONE };
                    if let Ok(id) = space.declassify(&what, request, gesture()) {
                        self.lowered.insert(id);
                        // Whoever reads it there is shown what the person let go.
                        self.notes.push(Note { room: 1, id, health: false });
                    }
                }
            }
            (22, Some(_)) if room == 0 && who == 0 => {
                // Given anew: what rested on the old ones waits, or goes.
                for grant in std::mem::take(&mut self.world.reading) {
                    space.withdraw(grant).unwrap();
                }
                self.world.give();
            }
            (23, Some(_)) => {
                if let Some(n) = note {
                    let partition = space.partition(ROOMS[n.room]).unwrap();
                    let _ = partition.keep_memory(n.id, gesture());
                    if who == 1 && partition.erase(&Erase::Records(vec![n.id]), gesture()).is_ok() {
                        self.notes.retain(|m| m.id != n.id);
                    }
                }
            }
            (24 | 25, Some(s)) => {
                // Of the general partition alone: anew, or the same conversation by another handle.
                let general = &self.world.general;
                let begun = if who == 0 {
                    general.resume(s.conversation(), s.actors[0].clone(), Purpose::PatientRequest)
                } else {
                    general.session(recipient, Purpose::PatientRequest)
                };
                self.sessions.extend(begun.map(Arc::new));
            }
            (26, Some(_)) if room == 0 => {
                // What its conversations were shown is forgotten there, and true still.
                match space.partition("general").unwrap().erase(&Erase::Everything, gesture()) {
                    Ok(_) | Err(Error::NotFound) => self.notes.retain(|n| n.room == 0),
                    Err(e) => panic!("program {seed}: {e}"),
                }
            }
            (27, Some(s)) if who == 0 => {
                // By a handle of all, or of the general partition alone.
                let handle = if room == 0 { &space } else { &self.world.general };
                match handle.delete_conversation(s.conversation(), gesture()) {
                    // Those of its turns that went are found nowhere; what stays is asked for again.
                    Ok(_) | Err(Error::NotFound) => {}
                    Err(e) => panic!("program {seed}: {e}"),
                }
            }
            _ => {
                let wide: Label = space.clearance("health").unwrap();
                assert!(space.set_clearance("general", wide, None).is_err(), "relaxed without the person");
            }
        }
    }
}

/// An older state of the file is recovered: what a conversation was shown since is true there, too. How many of its
/// conversations are there.
fn go_on_from(world: World, older: &Image, shown: &BTreeMap<ConversationId, bool>) -> u64 {
    let World { disk, space, general, .. } = world;
    drop((space, general));
    disk.restore(older);
    let storage = Arc::new(disk);
    let (space, _) = HealthSpace::recover_in(storage, &unlock(), clock().0, &gesture(), Damage::Refused).unwrap();
    space.confirm_all_permissions(gesture()).unwrap();
    let mut resumed = 0;
    for (id, of_health) in shown {
        for who in recipients() {
            let Ok(s) = space.resume(*id, who, Purpose::PatientRequest) else { continue };
            resumed += 1;
            assert!(s.remember_in("general", "remembered").is_err() || !of_health, "of health in an older state");
        }
    }
    resumed
}

#[test]
fn nothing_of_health_stands_in_general_but_what_was_declassified_with_one_entry() {
    let (mut lowered, mut clean, mut refused, mut resumed) = (0, 0, 0, 0);
    let rounds = rounds(100, 20);
    let all = (rounds.end - rounds.start) * 20;
    for round in rounds {
        let mut world = World::new();
        let (mut entries, mut shown, mut older) = (Vec::new(), BTreeMap::new(), None);
        for program in 0..20 {
            let seed = round * 20 + program + 1;
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x7a17);
            let mut run = Run {
                world: &mut world,
                sessions: Vec::new(),
                shown: BTreeMap::new(),
                values: Vec::new(),
                notes: Vec::new(),
                lowered: BTreeSet::new(),
                clean: 0,
                refused: 0,
            };
            for step in 0..25 {
                if program == 19 && step == 5 + round % 10 {
                    older = Some(run.world.disk.image());
                }
                run.step(seed, &mut dice);
            }
            (clean, refused) = (clean + run.clean, refused + run.refused);
            entries.extend(run.lowered);
            shown.extend(run.shown);
        }
        let of_health = events(&world.space, LogOf::Partition("health"));
        let entered = of_health.into_iter().filter_map(|e| match e {
            AuditEvent::Declassified { record, .. } => Some(record),
            _ => None,
        });
        let mut entered: Vec<RecordId> = entered.collect();
        entered.sort_unstable();
        entries.sort_unstable();
        assert_eq!(entered, entries, "round {round}: one entry each, and none besides");
        lowered += entered.len() as u64;
        resumed += go_on_from(world, &older.unwrap(), &shown);
        told(round, 20);
    }
    println!(
        "{all} programs: {clean} writes into general, {refused} of health refused, {lowered} declassified; \
         {resumed} conversations gone on with in an older state"
    );
    assert!(clean > all / 4 && refused > all / 8 && lowered > all / 100, "{clean} {refused} {lowered}");
}

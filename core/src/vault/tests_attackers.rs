//! Random attackers against a real vault, judged by what stands where: no label is asked.
//!
//! Each session knows the words that it was shown, and puts all of them into all that it says. Two
//! handles of one space are used, and the person edits, confirms, keeps, deletes and withdraws in
//! between. Nothing is ever lowered: not one word of health data may come to stand in `general`.

use super::state::Target;
use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::tests_planted::plant;
use super::*;
use crate::catalog::Query;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::{Confidentiality, Lowering, Obligations, Purpose};
use crate::policy::programs::{Dice, pick};
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use std::sync::Arc;

/// By which health data is known, in facts and in bodies.
const MARKS: [&str; 3] = ["13457-7", "8867-4", "20447-9"];
const ROOMS: [&str; 3] = ["health", "general", "fitness"];

fn marks(text: &str) -> Vec<&'static str> {
    MARKS.into_iter().filter(|m| text.contains(m)).collect()
}

struct World {
    handles: [HealthSpace; 2],
    records: Vec<RecordId>,
    lowering: crate::id::GrantId,
}

fn world() -> World {
    let disk = Arc::new(Disk::new());
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let env = clock().0;
    let (space, _) = HealthSpace::create_in(Arc::<Disk>::clone(&disk), &row, &unlock(), env.clone()).unwrap();
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    fill(&space);
    let ask = space.declassify_request("health", "general", Purpose::PatientRequest);
    let ask = ask.dropping(Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE });
    ask.notice("en").unwrap();
    let lowering = ask.agree(gesture()).unwrap().id();
    let records = space.inner.peek().unwrap().partitions[0].readable.records().map(|r| r.id()).collect();
    let other = HealthSpace::open_in(disk, &unlock(), env, None).unwrap();
    World { handles: [space, other], records, lowering }
}

fn grant_all(space: &HealthSpace) -> Vec<crate::id::GrantId> {
    let mut grants = vec![allow(space, &[Category::Laboratory, Category::VitalSigns]).id()];
    for room in ROOMS {
        let ask = space.consent_request().partition(room).purpose(Purpose::PatientRequest);
        let ask = ask.categories(&[Category::Memories]).recipient(model());
        grants.push(ask.agree(gesture()).unwrap().id());
    }
    grants
}

struct Attack<'w> {
    world: &'w World,
    grants: Vec<crate::id::GrantId>,
    /// With what each knows.
    sessions: Vec<(Session, String)>,
    values: Vec<Value>,
    notes: Vec<(&'static str, RecordId)>,
    /// Ids that were given to records in `general`, and that nobody asks for any more.
    planted: Vec<RecordId>,
    /// What went well.
    done: [u64; 20],
}

impl Attack<'_> {
    fn room(&self, n: u8) -> &'static str {
        ROOMS[usize::from(n) % 3]
    }

    fn learn(&mut self, session: usize, text: &str) {
        let known = &mut self.sessions[session].1;
        marks(text).into_iter().for_each(|m| *known = format!("{known} {m}"));
        if known.len() > 400 {
            *known = marks(known).join(" ");
        }
    }

    /// One call; a refusal is an answer.
    fn step(&mut self, [kind, a, b, c]: [u8; 4]) -> Result<()> {
        let space = &self.world.handles[usize::from(a) % 2];
        let (s, v, n) = (pick(a % 4, self.sessions.len()), pick(b, self.values.len()), pick(b, self.notes.len()));
        let room = self.room(c);
        let Some(at) = s.filter(|_| !kind.is_multiple_of(20)) else {
            self.sessions.push((space.session(model(), Purpose::PatientRequest)?, String::new()));
            return Ok(());
        };
        let session = &self.sessions[at].0;
        let text = format!("so: {}", self.sessions[at].1);
        match kind % 20 {
            1 => {
                let conversation = session.conversation();
                let again = space.resume(conversation, model(), Purpose::PatientRequest)?;
                self.sessions.push((again, String::new()));
            }
            2 => {
                let rows = session.query(&Query::default())?;
                let seen: String = rows.value().iter().map(|r| format!("{:?}", r.fact)).collect();
                if b.is_multiple_of(2) {
                    self.notes
                        .push(("health", session.remember(&format!("{text} {}", marks(&seen).join(" ")), &rows)?));
                }
                self.learn(at, &seen);
            }
            3 => {
                let seen = session.memories(room)?;
                let seen: String = seen.value().iter().map(|m| m.text.clone()).collect();
                self.learn(at, &seen);
            }
            4 => {
                let seen = session.turns(room)?;
                let seen: String = seen.value().iter().map(|t| t.memory.text.clone()).collect();
                self.learn(at, &seen);
            }
            5 => self.values.push(session.hold(self.world.records[usize::from(b) % self.world.records.len()])?),
            6 => self.values.push(session.hold(self.notes[n.ok_or(Error::NotFound)?].1)?),
            7 => self.values.push(if b > 128 { session.say(&text)? } else { session.heard(&text, gesture())? }),
            8 => {
                let seen = session.reveal(&self.values[v.ok_or(Error::NotFound)?])?;
                self.learn(at, &seen);
            }
            9 | 10 => {
                let inputs: Vec<&Value> =
                    [b, c].iter().filter_map(|n| Some(&self.values[pick(*n, self.values.len())?])).collect();
                let endpoint = Endpoint::model(model(), Endpoint::cleared(Obligations::from_bits(u32::MAX)));
                let call = session.model_call(&inputs, &endpoint)?;
                let said: String = call.contents().collect();
                self.values.push(call.finish(&format!("{text} {}", marks(&said).join(" ")))?);
            }
            11 => self.notes.push((room, session.keep(&self.values[v.ok_or(Error::NotFound)?], room)?)),
            12 => {
                let value = &self.values[v.ok_or(Error::NotFound)?];
                self.notes.push((room, session.append(room, if a > 200 { Role::Person } else { Role::Tool }, value)?));
            }
            13 => self.notes.push((room, session.remember_in(room, &text)?)),
            14 => {
                let from = vec![self.notes[n.ok_or(Error::NotFound)?].1];
                let id = session.remember(&text, &from)?;
                let (_txn, state) = space.inner.read()?;
                let place = state.partitions.iter().find(|p| p.readable.find_record(&id).is_some()).unwrap();
                let place = ROOMS.into_iter().find(|r| *r == place.policy.name).unwrap();
                self.notes.push((place, id));
            }
            15 => {
                let endorsed = space.endorse(&self.values[v.ok_or(Error::NotFound)?], gesture())?;
                self.values.push(endorsed);
            }
            16 => {
                let (room, id) = self.notes[n.ok_or(Error::NotFound)?];
                let p = space.partition(room)?;
                match c % 5 {
                    0 => p.endorse(id, gesture()).map(|_| ())?,
                    1 => p.keep_memory(id, gesture()).map(|_| ())?,
                    2 => p.delete_memory(id, gesture()).map(|_| ())?,
                    3 if room != "general" => {
                        // The holder of `general` gives its id to a record of theirs, that everybody may see.
                        space.inner.write(|tx, w| {
                            let at = w.state.position("general")?;
                            plant(tx, w.work(tx, Target::Partition(at))?, id, Category::Memories)
                        })?;
                        if a < 128 {
                            p.delete_memory(id, gesture())?;
                        }
                        self.notes.retain(|n| n.1 != id);
                        self.planted.push(id);
                    }
                    _ => {
                        let text =
                            p.memories()?.into_value().into_iter().find(|m| m.id == id).ok_or(Error::NotFound)?.text;
                        self.notes.push((room, p.edit_memory(id, &format!("{text}!"), gesture())?));
                    }
                }
            }
            17 => {
                space.withdraw(self.grants[usize::from(b) % self.grants.len()])?;
                self.grants = grant_all(space);
            }
            18 => {
                // Without a gesture nothing more is let in.
                let wide = space.clearance("health")?;
                assert!(space.set_clearance("general", wide, None).is_err());
            }
            _ => {
                // A model asks for a lowering under a consent that is in force.
                let value = self.values[v.ok_or(Error::NotFound)?].clone();
                let what =
                    Declassify { value: &value, into: "general", grant: self.world.lowering, also: Lowering::NONE };
                let request = session.say(&text)?;
                assert!(space.declassify(&what, &request, gesture()).is_err());
            }
        }
        Ok(())
    }
}

/// What was released from `general`.
fn released(space: &HealthSpace) -> Vec<RecordId> {
    let (txn, state) = space.inner.read().unwrap();
    let scope = &state.partitions[state.position("general").unwrap()];
    let entries =
        (0..scope.head.log_size).map(|n| super::tx::read_entry(&space.inner.base, &*txn, scope, n).unwrap().items);
    entries.flatten().map(|item| RecordId(*item.first_chunk().unwrap())).collect()
}

fn standing(space: &HealthSpace, room: &str) -> Vec<String> {
    let (txn, state) = space.inner.read().unwrap();
    let scope = &state.partitions[state.position(room).unwrap()];
    let open = |r| super::memory::open_note(&space.inner.base, &*txn, scope, r).unwrap().text;
    scope.notes().into_iter().map(open).collect()
}

#[test]
fn no_attacker_brings_a_word_of_health_data_into_general() {
    let (mut calls, mut done, mut health, mut general, mut planted) = (0u64, [0u64; 20], 0, 0, Vec::new());
    for round in 0..12u64 {
        let world = world();
        for program in 0..3u64 {
            let mut dice = Dice((round * 3 + program + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xa77a);
            let grants = grant_all(&world.handles[0]);
            let mut attack = Attack {
                world: &world,
                grants,
                sessions: Vec::new(),
                values: Vec::new(),
                notes: Vec::new(),
                planted: std::mem::take(&mut planted),
                done,
            };
            for _ in 0..60 {
                let [kind, a, b, c, ..] = dice.next().to_be_bytes();
                calls += 1;
                match attack.step([kind, a, b, c]) {
                    Ok(()) => attack.done[usize::from(kind) % 20] += 1,
                    Err(Error::FlowDenied | Error::NotFound | Error::Denied | Error::Malformed(_)) => {}
                    Err(e) => panic!("program {program} of {round}: {e}"),
                }
            }
            done = attack.done;
            planted = std::mem::take(&mut attack.planted);
            // Once nothing is granted any more, nothing is shown any more, by either handle.
            let space = &world.handles[0];
            for grant in space.grants().unwrap() {
                space.withdraw(grant.id).unwrap();
            }
            for (s, _) in attack.sessions.iter().take(2) {
                assert!(attack.values.iter().filter(|v| !v.tag().basis.is_empty()).all(|v| s.reveal(v).is_err()));
                assert!(ROOMS.into_iter().all(|room| matches!(s.memories(room), Err(Error::Denied))));
                assert!(matches!(s.query(&Query::default()), Err(Error::Denied)));
            }
        }
        let texts = standing(&world.handles[1], "general");
        assert!(texts.iter().all(|t| marks(t).is_empty()), "round {round}");
        assert!(released(&world.handles[1]).iter().all(|id| !planted.contains(id)), "round {round}");
        general += texts.len();
        health += standing(&world.handles[1], "health").iter().filter(|t| !marks(t).is_empty()).count();
    }
    // They do something: every kind of call went through, and both places were written to. Ids are
    // random, and with them what is picked.
    assert!(done.iter().all(|n| *n > 0), "{done:?}");
    assert!(calls == 2160 && general > 0 && health > 0 && !planted.is_empty(), "{general} {health}");
}

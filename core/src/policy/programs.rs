//! Random programs of calls against the session core: the pure model that the vault's sessions are
//! also compared with. Tests only.
//!
//! The model keeps, beside the labels that the core computes, what is true: whether a value holds
//! anything of a health partition that was not declassified. The labels are never asked for that.

use super::{Floating, Sink, Tag, clearance_of_general, clearance_of_health, may_flow};
use crate::label::{
    Confidentiality, Integrity, Label, Lowering, Obligations, Origins, Purpose, Sensitivities, Sensitivity,
};

/// Where things are kept: a health partition (ordinal 1), the general one (2), another health
/// partition (3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Health,
    General,
    Fitness,
}

impl Room {
    pub(crate) const ALL: [Self; 3] = [Self::Health, Self::General, Self::Fitness];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::General => "general",
            Self::Fitness => "fitness",
        }
    }

    fn label(self) -> Label {
        match self {
            Self::Health => Label::health(1),
            Self::General => Label { origins: Origins::partition(2), ..Label::BOTTOM },
            Self::Fitness => Label::health(3),
        }
    }

    fn clearance(self) -> Label {
        if self == Self::General { clearance_of_general(2) } else { clearance_of_health() }
    }
}

/// What a grant asks for beyond the labels of the data.
const ASKED: Obligations = Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE);

/// One call; numbers pick among what is there, whatever there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Begin,
    /// Another handle of a conversation.
    Resume {
        session: u8,
    },
    /// A record: an LDL result, a very restricted HIV result, or one of the other partition.
    Hold {
        session: u8,
        record: u8,
    },
    HoldMemory {
        session: u8,
        memory: u8,
    },
    Say {
        session: u8,
    },
    Heard {
        session: u8,
    },
    Reveal {
        session: u8,
        value: u8,
    },
    /// Two inputs; a model that keeps every obligation, or none.
    Call {
        session: u8,
        inputs: [u8; 2],
        keeps: bool,
    },
    Keep {
        session: u8,
        value: u8,
        room: Room,
    },
    Remember {
        session: u8,
        room: Room,
    },
    Endorse {
        value: u8,
    },
    EndorseMemory {
        memory: u8,
    },
    /// With the person's own request, or with something that a session said.
    Declassify {
        value: u8,
        request: u8,
    },
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done; the label of what it made or raised.
    Done(Label),
    Refused,
    /// There was nothing to do it with.
    Nothing,
}

#[derive(Clone)]
struct Session {
    floating: Floating,
    conversation: usize,
}

#[derive(Clone)]
struct Conversation {
    stored: Option<Tag>,
    /// Whether any of its handles was shown anything of a health partition.
    saw: bool,
}

#[derive(Clone)]
struct Value {
    tag: Tag,
    /// Holds something of a health partition.
    tainted: bool,
    text: bool,
    /// A held memory, not a source's record.
    noted: bool,
    /// Where the records behind it are.
    rooms: Vec<Room>,
    /// Those of them that are memories: they are released again, whoever vouches for what was made of them.
    memories: Vec<usize>,
}

pub(crate) struct Memory {
    pub(crate) room: Room,
    tag: Tag,
    tainted: bool,
    /// The entry that it rests on.
    pub(crate) declassified: Option<usize>,
}

/// The model.
#[derive(Default)]
pub(crate) struct Model {
    sessions: Vec<Session>,
    conversations: Vec<Conversation>,
    values: Vec<Value>,
    pub(crate) memories: Vec<Memory>,
    /// Of declassifications: which memory each was for.
    pub(crate) entries: Vec<usize>,
    /// Calls and words that carried what only another handle of the conversation was shown.
    pub(crate) stale: u64,
    /// Whether labels may be lowered in this program at all.
    consent: bool,
}

const PURPOSE: Purpose = Purpose::PatientRequest;

pub(crate) fn bound() -> Lowering {
    Lowering {
        confidentiality: Some(Confidentiality::Normal),
        sensitivities: Sensitivities::only(Sensitivity::Hiv),
        ..Lowering::NONE
    }
}

/// Which rounds of so many programs are run: `HEALTHSPACE_PROGRAMS` says how many programs, or from where
/// to where (`37000..100000`); what is not asked for is not said.
pub(crate) fn rounds(default: u64, of: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("HEALTHSPACE_PROGRAMS").unwrap_or_default();
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    let to: u64 = to.parse().unwrap_or(default);
    from.parse().unwrap_or(0) / of..to.div_ceil(of)
}

/// After every 5,000 programs of a long run.
pub(crate) fn told(round: u64, of: u64) {
    let (before, done) = (round * of / 5000, (round + 1) * of / 5000);
    if done > before {
        println!("{} programs", (round + 1) * of);
    }
}

/// 255 is the last one, 254 the one before it.
pub(crate) fn pick(n: u8, len: usize) -> Option<usize> {
    match n {
        254.. => len.checked_sub(256 - usize::from(n)),
        _ => (len > 0).then(|| usize::from(n) % len),
    }
}

fn tag(label: Label) -> Tag {
    Tag { label, ..Tag::bottom() }
}

pub(crate) fn record(n: u8) -> (Room, Label) {
    let own = |room: Room, confidentiality, sensitivities| {
        let label = Label { confidentiality, sensitivities, obligations: ASKED, ..Label::BOTTOM };
        (room, room.label().join(label))
    };
    match n % 3 {
        0 => own(Room::Health, Confidentiality::Restricted, Sensitivities::NONE),
        1 => own(Room::Health, Confidentiality::VeryRestricted, Sensitivities::only(Sensitivity::Hiv)),
        _ => own(Room::Fitness, Confidentiality::Restricted, Sensitivities::NONE),
    }
}

impl Model {
    pub(crate) fn with(consent: bool) -> Self {
        Self { consent, ..Self::default() }
    }

    pub(crate) fn step(&mut self, op: Op) -> Outcome {
        self.try_step(op).unwrap_or(Outcome::Nothing)
    }

    fn value(&mut self, value: Value) -> Option<Outcome> {
        let label = value.tag.label;
        self.values.push(value);
        Some(Outcome::Done(label))
    }

    /// What this handle and every other of its conversation were shown.
    fn joined(&self, session: usize) -> Floating {
        let s = &self.sessions[session];
        let mut floating = s.floating.clone();
        floating.raise(&self.conversations[s.conversation].stored.clone().unwrap_or_else(Tag::bottom));
        floating
    }

    /// The same, which the handle knows from then on.
    fn caught_up(&mut self, session: usize) -> Floating {
        let floating = self.joined(session);
        self.stale += u64::from(floating != self.sessions[session].floating);
        self.sessions[session].floating = floating.clone();
        floating
    }

    /// Whether its conversation was shown something of health, in whichever handle.
    fn saw(&self, session: usize) -> bool {
        self.conversations[self.sessions[session].conversation].saw
    }

    fn store(&mut self, session: usize, floating: Floating) {
        let s = &mut self.sessions[session];
        let stored = &mut self.conversations[s.conversation].stored;
        *stored = Some(floating.tag().clone().join(&stored.clone().unwrap_or_else(Tag::bottom)));
        s.floating = floating;
    }

    fn try_step(&mut self, op: Op) -> Option<Outcome> {
        match op {
            Op::Begin => {
                self.conversations.push(Conversation { stored: None, saw: false });
                let conversation = self.conversations.len() - 1;
                self.sessions.push(Session { floating: Floating::at(Tag::bottom()), conversation });
                Some(Outcome::Done(Label::BOTTOM))
            }
            Op::Resume { session } => {
                let conversation = self.sessions[pick(session, self.sessions.len())?].conversation;
                let stored = self.conversations[conversation].stored.clone()?;
                let label = stored.label;
                self.sessions.push(Session { floating: Floating::at(stored), conversation });
                Some(Outcome::Done(label))
            }
            Op::Hold { session, record: n } => {
                pick(session, self.sessions.len())?;
                let (room, label) = record(n);
                self.value(Value {
                    tag: tag(label),
                    tainted: true,
                    text: false,
                    noted: false,
                    rooms: vec![room],
                    memories: vec![],
                })
            }
            Op::HoldMemory { session, memory } => {
                pick(session, self.sessions.len())?;
                let of = pick(memory, self.memories.len())?;
                let m = &self.memories[of];
                let asked = Label { obligations: ASKED, ..Label::BOTTOM };
                let (tag, tainted, rooms) = (m.tag.clone().join(&tag(asked)), m.tainted, vec![m.room]);
                self.value(Value { tag, tainted, text: false, noted: true, rooms, memories: vec![of] })
            }
            Op::Say { session } | Op::Heard { session } => {
                let at = pick(session, self.sessions.len())?;
                let floating = self.caught_up(at);
                let said = matches!(op, Op::Say { .. });
                let tag = if said { floating.said() } else { floating.heard() };
                let tainted = self.saw(at);
                self.value(Value { tag, tainted, text: true, noted: false, rooms: Vec::new(), memories: Vec::new() })
            }
            Op::Reveal { session, value } => {
                let at = pick(session, self.sessions.len())?;
                let v = self.values[pick(value, self.values.len())?].clone();
                let before = self.caught_up(at);
                let mut floating = before.clone();
                floating.raise(&v.tag);
                v.rooms.iter().for_each(|r| floating.raise(&tag(r.label())));
                v.memories.iter().for_each(|m| floating.raise(&self.memories[*m].tag));
                let conversation = self.sessions[at].conversation;
                self.conversations[conversation].saw |= v.tainted;
                // What changes nothing is not stored; a release always is.
                if !v.rooms.is_empty() || floating != before {
                    self.store(at, floating);
                }
                Some(Outcome::Done(self.sessions[at].floating.tag().label))
            }
            Op::Call { session, inputs, keeps } => {
                let at = pick(session, self.sessions.len())?;
                let inputs: Vec<Value> =
                    inputs.iter().filter_map(|n| pick(*n, self.values.len())).map(|i| self.values[i].clone()).collect();
                let floating = self.caught_up(at);
                let mut out = floating.called(inputs.iter().map(|v| &v.tag));
                let rooms: Vec<Room> = inputs.iter().flat_map(|v| v.rooms.clone()).collect();
                rooms.iter().for_each(|r| out = out.clone().join(&tag(r.label())));
                let obligations = if keeps { Obligations::from_bits(u32::MAX) } else { Obligations::NONE };
                let clearance = Label { obligations, ..clearance_of_health() };
                if !floating.may_write(&out, Sink::Model(clearance), PURPOSE) {
                    return Some(Outcome::Refused);
                }
                let tainted = inputs.iter().any(|v| v.tainted) || self.saw(at);
                let memories = inputs.iter().flat_map(|v| v.memories.clone()).collect();
                self.value(Value { tag: out.by_assistant(), tainted, text: true, noted: false, rooms, memories })
            }
            Op::Keep { session, value, room } => {
                let v = self.values[pick(value, self.values.len())?].clone();
                if !v.text {
                    return None;
                }
                self.keep(session, &v.tag, v.tainted, room)
            }
            Op::Remember { session, room } => {
                let at = pick(session, self.sessions.len())?;
                let (said, saw) = (self.sessions[at].floating.said(), self.saw(at));
                self.keep(session, &said, saw, room)
            }
            Op::Endorse { value } => {
                let v = self.values[pick(value, self.values.len())?].clone();
                if !v.text {
                    return None;
                }
                self.value(Value { tag: v.tag.endorsed(), ..v })
            }
            Op::EndorseMemory { memory } => {
                let at = pick(memory, self.memories.len())?;
                let m = &mut self.memories[at];
                m.tag = m.tag.clone().endorsed();
                Some(Outcome::Done(m.tag.label))
            }
            Op::Declassify { value, request } => {
                let v = self.values[pick(value, self.values.len())?].clone();
                let request = self.values[pick(request, self.values.len())?].tag.label;
                let bound = Lowering { origins: Origins::partition(1), ..bound() };
                let clearance = Room::General.clearance();
                let by = Lowering::to_fit(v.tag.label, clearance);
                let own = Label { integrity: Integrity::Clinician, ..Room::General.label() };
                let after = v.tag.label.lowered(&by).join(own);
                let holds = self.consent
                    && request.integrity >= Integrity::User
                    && (v.text || v.noted)
                    && by.is_within(&bound)
                    && may_flow(after, Sink::Partition(clearance), PURPOSE);
                if !holds {
                    return Some(Outcome::Refused);
                }
                // Purposes, refrains and integrity are kept.
                let before = v.tag.label;
                assert_eq!(after.purposes, before.purposes);
                assert_eq!((after.obligations, after.integrity), (before.obligations, before.integrity));
                self.entries.push(self.memories.len());
                let declassified = Some(self.entries.len() - 1);
                let room = Room::General;
                self.memories.push(Memory { room, tag: tag(after), tainted: false, declassified });
                Some(Outcome::Done(after))
            }
        }
    }

    fn keep(&mut self, session: u8, value: &Tag, tainted: bool, room: Room) -> Option<Outcome> {
        let at = pick(session, self.sessions.len())?;
        let floating = self.joined(at);
        let tainted = tainted || self.saw(at);
        if floating != self.sessions[at].floating {
            self.store(at, floating.clone());
        }
        if !floating.may_write(value, Sink::Partition(room.clearance()), PURPOSE) {
            return Some(Outcome::Refused);
        }
        let own = Label { integrity: Integrity::Clinician, ..room.label() };
        let tag = floating.written(value).join(&tag(own));
        let label = tag.label;
        // Whatever is in a health partition is health data from then on.
        let tainted = tainted || room != Room::General;
        self.memories.push(Memory { room, tag, tainted, declassified: None });
        Some(Outcome::Done(label))
    }

    /// What must hold after every call.
    pub(crate) fn check(&self) {
        for (at, m) in self.memories.iter().enumerate() {
            match m.declassified {
                None => assert!(m.room != Room::General || !m.tainted, "health data in a general memory"),
                Some(_) => assert_eq!(self.entries.iter().filter(|of| **of == at).count(), 1, "one entry each"),
            }
        }
        for v in self.values.iter().filter(|v| v.tainted) {
            let origins = v.tag.label.origins;
            assert!(v.tag.label.no_training(), "a refrain was lost");
            assert!(!origins.is_subset(Origins::partition(2)), "an origin was lost");
        }
    }
}

/// Xorshift: a program is its seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// A program; every eighth begins with two handles of one conversation, of which one is shown
    /// more than the other.
    pub(crate) fn program(&mut self, calls: usize) -> Vec<Op> {
        let mut ops = vec![Op::Begin];
        if self.next().is_multiple_of(8) {
            let (last, before) = (255, 254);
            ops.extend([
                Op::Hold { session: last, record: 0 },
                Op::Reveal { session: last, value: last },
                Op::Resume { session: last },
                Op::Hold { session: before, record: 1 },
                Op::Reveal { session: before, value: last },
                Op::Say { session: last },
                Op::Call { session: last, inputs: [last, last], keeps: true },
            ]);
        }
        while ops.len() < calls {
            ops.push(self.op());
        }
        ops
    }

    fn op(&mut self) -> Op {
        let n = self.next();
        let [a, b, c, d, kind, ..] = n.to_be_bytes();
        let (session, value, room) = (a % 3, b, Room::ALL[usize::from(d) % 3]);
        match kind % 20 {
            0 => Op::Begin,
            1 | 16 => Op::Resume { session },
            2 | 3 => Op::Hold { session, record: c },
            4 => Op::HoldMemory { session, memory: c },
            5 => Op::Say { session },
            6 => Op::Heard { session },
            7 | 17 => Op::Reveal { session, value },
            8 | 9 => Op::Call { session, inputs: [b, c], keeps: d > 40 },
            10 | 11 => Op::Keep { session, value, room },
            12 | 18 => Op::Remember { session, room },
            13 => Op::Endorse { value },
            14 => Op::EndorseMemory { memory: c },
            _ => Op::Declassify { value, request: c },
        }
    }
}

#[test]
fn no_program_moves_health_data_where_it_is_not_cleared_without_declassifying() {
    let (mut done, mut refused, mut lowered, mut kept, mut stale) = (0u64, 0u64, 0u64, 0u64, 0u64);
    for seed in 1..=110_000u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut model = Model::with(seed.is_multiple_of(2));
        for op in dice.program(19) {
            match model.step(op) {
                Outcome::Done(_) => done += 1,
                Outcome::Refused => refused += 1,
                Outcome::Nothing => {}
            }
        }
        model.check();
        lowered += model.entries.len() as u64;
        stale += model.stale;
        assert!(model.consent || model.entries.is_empty());
        kept += model.memories.iter().filter(|m| m.room == Room::General && m.declassified.is_none()).count() as u64;
    }
    // The programs do something, and are stopped from something.
    let enough = done > 400_000 && refused > 20_000 && lowered > 1000 && kept > 10_000 && stale > 1000;
    assert!(enough, "{done} {refused} {lowered} {kept} {stale}");
}

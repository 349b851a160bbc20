//! A label that comes later than the record reaches whoever was shown the record before.

use super::tests::{allow, clock, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::catalog::Query;
use crate::grounding::Budget;
use crate::id::{ConversationId, RecordId};
use crate::import::Source;
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::{Obligations, Purpose, Sensitivities, Sensitivity};
use crate::policy::programs::{Dice, pick, rounds, told};
use crate::record::{Category, Kind};
use crate::storage::memory::Memory as Disk;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const HIV: Sensitivities = Sensitivities::only(Sensitivity::Hiv);

struct Case {
    _dir: tempfile::TempDir,
    file: std::path::PathBuf,
    space: HealthSpace,
}

fn case() -> Case {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    allow(&space, &[Category::Laboratory, Category::Documents, Category::Memories, Category::VitalSigns]);
    let heart = observation("2", "vital-signs", "8867-4", "2026-01-06", "61", "");
    space.partition("health").unwrap().import(source(&[heart])).unwrap();
    Case { _dir: dir, file, space }
}

fn meta() -> String {
    format!(r#""meta":{{"security":[{{"system":"{ACT}","code":"HIV"}}]}},"#)
}

/// What is imported first, what labels it later, and what is labelled from the start.
pub(super) fn kinds() -> Vec<[String; 3]> {
    let value = |more: &str| observation("1", "laboratory", "20447-9", "2026-01-05", "51", more);
    let bytes =
        r#"{"resourceType":"Binary","id":"b1","contentType":"text/plain","data":"V29yZHMgb2YgdGhlIGxldHRlcg=="}"#;
    let letter = format!(
        r#"{{"resourceType":"DocumentReference","id":"dr",{}"status":"current","subject":{{"reference":"Patient/p1"}},"date":"2026-01-05","type":{{"text":"Letter"}},"content":[{{"attachment":{{"contentType":"text/plain","url":"Binary/b1"}}}}]}}"#,
        meta()
    );
    vec![[value(""), value(&meta()), value(&meta())], [bytes.to_owned(), letter.clone(), format!("{letter}\n{bytes}")]]
}

pub(super) fn import(space: &HealthSpace, lines: &str) {
    let text = format!("{lines}\n").into_bytes();
    space.partition("health").unwrap().import(Source::bytes(text).unwrap()).unwrap();
}

fn begin(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

fn look(s: &Session) -> usize {
    let documents = Query { kinds: vec![Kind::Document], ..Query::default() };
    [of_code("20447-9"), documents].iter().map(|q| s.query(q).unwrap().value().len()).sum()
}

fn deny_hiv(space: &HealthSpace) {
    let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"provision":{"type":"deny","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}}"#;
    space.import_consents(refusal, gesture()).unwrap();
}

/// What a new session is shown of memories and turns.
fn remembered(space: &HealthSpace) -> Vec<String> {
    let s = begin(space);
    let mut all: Vec<String> = s.memories("health").unwrap().into_value().into_iter().map(|m| m.text).collect();
    let answer = s.ground("What was found, and what was said of the letter?", Budget::tokens(900)).unwrap();
    all.extend(answer.value().citations.iter().map(|_| answer.value().text.clone()));
    all.sort();
    all
}

fn memory(space: &HealthSpace, id: RecordId) -> crate::Memory {
    let all = space.partition("health").unwrap().memories().unwrap().into_value();
    all.into_iter().find(|m| m.id == id).unwrap()
}

#[test]
fn a_later_label_reaches_what_a_conversation_wrote_and_writes() {
    for [first, later, from_the_start] in kinds() {
        for late in [true, false] {
            let c = case();
            let bystander = begin(&c.space);
            bystander.query(&of_code("8867-4")).unwrap();
            let apart = bystander.remember_in("health", "Apart").unwrap();
            import(&c.space, if late { &first } else { &from_the_start });
            let s = begin(&c.space);
            assert!(look(&s) > 0);
            let early = s.remember_in("health", "Early").unwrap();
            // In a conversation that was shown no more than what this one wrote.
            let second = begin(&c.space);
            assert_eq!(second.memories("health").unwrap().value().len(), 2);
            let third = second.remember_in("health", "Third").unwrap();
            let other = HealthSpace::open(&c.file, &unlock(), clock().0).unwrap();
            let elsewhere = other.resume(s.conversation(), model(), Purpose::PatientRequest).unwrap();
            if late {
                for id in [early, third] {
                    assert_eq!(memory(&c.space, id).label.sensitivities, Sensitivities::NONE);
                }
                import(&c.space, &later);
                for id in [early, third] {
                    let m = memory(&c.space, id);
                    assert_eq!((m.quarantine.is_some(), m.label.sensitivities), (true, HIV));
                }
            }
            // Each handle and each session as it was, and one that goes on.
            s.remember_in("health", "Late").unwrap();
            elsewhere.remember_in("health", "Elsewhere").unwrap();
            second.remember_in("health", "Second").unwrap();
            let said = elsewhere.say("Said").unwrap();
            assert_eq!(said.label().sensitivities, HIV);
            elsewhere.keep(&said, "health").unwrap();
            let resumed = c.space.resume(s.conversation(), model(), Purpose::PatientRequest).unwrap();
            assert_eq!(resumed.label().sensitivities, HIV);
            resumed.remember_in("health", "Resumed").unwrap();
            let all = c.space.partition("health").unwrap().memories().unwrap().into_value();
            assert_eq!(all.len(), 8);
            for m in all {
                assert_eq!(m.label.sensitivities, if m.id == apart { Sensitivities::NONE } else { HIV }, "{}", m.text);
                assert!(m.id != apart || m.quarantine.is_none());
            }
            let again = bystander.remember_in("health", "Apart again").unwrap();
            assert_eq!(memory(&c.space, again).label, memory(&c.space, apart).label);
            deny_hiv(&c.space);
            let seen = remembered(&c.space);
            assert!(seen.iter().all(|t| t == "Apart" || t.contains("Apart")), "{seen:?}");
            // The person's word brings it back, not without its label.
            if late {
                c.space.partition("health").unwrap().keep_memory(early, gesture()).unwrap();
                assert_eq!(memory(&c.space, early).label.sensitivities, HIV);
                assert!(!remembered(&c.space).iter().any(|t| t.contains("Early")));
            }
            assert!(c.space.check().is_ok());
        }
    }
}

/// What was handed out before the label came is not older than the label where it is used.
#[test]
fn what_was_shown_before_brings_the_label_that_it_has_now() {
    let [[_, _, _], [bytes, letter, _]] = <[_; 2]>::try_from(kinds()).unwrap();
    let c = case();
    import(&c.space, &bytes);
    let s = begin(&c.space);
    let seen = s.query(&Query { kinds: vec![Kind::Document], ..Query::default() }).unwrap();
    let held = begin(&c.space).hold(seen.value()[0].record).unwrap();
    import(&c.space, &letter);
    let other = begin(&c.space);
    let id = other.remember("There is a letter", &seen).unwrap();
    assert_eq!((memory(&c.space, id).label.sensitivities, other.label().sensitivities), (HIV, HIV));
    let third = begin(&c.space);
    third.reveal(&held).unwrap();
    assert_eq!(third.label().sensitivities, HIV);
}

/// A handle of some partitions raises what stands in those: whoever opens them goes on with it. Of one that is at home in
/// another, what a handle of that one alone knows is raised by none but itself.
#[test]
fn a_handle_of_one_partition_raises_what_it_can() {
    let [[first, later, _], _] = <[_; 2]>::try_from(kinds()).unwrap();
    let c = case();
    import(&c.space, &first);
    let s = begin(&c.space);
    assert_eq!(look(&s), 1);
    let early = s.remember_in("health", "Early").unwrap();
    let of = |names: &[&str]| HealthSpace::open_partitions(&c.file, &unlock(), clock().0, names).unwrap();
    import(&of(&["health"]), &later);
    assert_eq!(memory(&c.space, early).label.sensitivities, HIV);
    assert_eq!(s.say("Said").unwrap().label().sensitivities, HIV);
    let resumed = |space: &HealthSpace| space.resume(s.conversation(), model(), Purpose::PatientRequest).unwrap();
    assert_eq!(resumed(&c.space).label().sensitivities, HIV);
    let home = of(&["general"]);
    assert_eq!(resumed(&home).label().sensitivities, Sensitivities::NONE);
    // With the next thing that it is shown, its home has it as well.
    s.query(&of_code("8867-4")).unwrap();
    assert_eq!(resumed(&home).label().sensitivities, HIV);
}

/// What something truly came from, and of it what its records and its conversation tell of: not what another
/// conversation knew whose hidden words were passed on.
#[derive(Clone, Default)]
struct Truth {
    all: BTreeSet<usize>,
    told: BTreeSet<usize>,
}

impl Truth {
    fn of(k: usize) -> Self {
        Self { all: [k].into(), told: [k].into() }
    }

    fn and(mut self, other: &Self) -> Self {
        self.all.extend(&other.all);
        self.told.extend(&other.told);
        self
    }
}

/// A value, what its records tell, and what the conversations whose words it has knew.
struct Hidden {
    value: Value,
    records: Truth,
    words: BTreeMap<ConversationId, Truth>,
}

impl Hidden {
    /// What is told of it where this conversation gets it.
    fn told_to(&self, c: ConversationId) -> Truth {
        self.words.iter().fold(self.records.clone(), |truth, (speaker, knew)| {
            let told = if *speaker == c { knew.told.clone() } else { BTreeSet::new() };
            truth.and(&Truth { all: knew.all.clone(), told })
        })
    }
}

/// What truly came from which result is followed beside the vault: a note that rests on one of which it turned out,
/// before or after, that it is sensitive, says so, and no other does.
#[test]
fn random_programs_in_which_labels_come_late() {
    const CODES: [&str; 4] = ["20447-9", "13457-7", "2345-7", "718-7"];
    let (mut raised, mut written, mut checked) = (0, 0, 0);
    let all = rounds(60, 1);
    for seed in all.clone() {
        let mut dice = Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1abe1);
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let (space, _) = HealthSpace::create_in(Arc::new(Disk::new()), &row, &unlock(), clock().0).unwrap();
        allow(&space, &[Category::Laboratory, Category::Memories]);
        let health = space.partition("health").unwrap();
        let result = |k: usize, value: u64, more: &str| {
            observation(&format!("{k}"), "laboratory", CODES[k], "2026-01-05", &format!("{value}"), more)
        };
        let first: Vec<String> = (0..CODES.len()).map(|k| result(k, 50, "")).collect();
        health.import(source(&first)).unwrap();
        let mut sessions: Vec<Session> = Vec::new();
        let mut shown: BTreeMap<ConversationId, Truth> = BTreeMap::new();
        let mut notes: BTreeMap<RecordId, Truth> = BTreeMap::new();
        let mut values: Vec<Hidden> = Vec::new();
        let mut labelled = BTreeSet::new();
        for step in 0..40u64 {
            let mut at = |n: usize| pick(dice.byte(), n).unwrap_or(0);
            let (op, k, n) = (at(14), at(CODES.len()), at(255));
            if sessions.is_empty() || op == 0 {
                sessions.push(begin(&space));
                continue;
            }
            let s = &sessions[n % sessions.len()];
            let c = s.conversation();
            let of = shown.get(&c).cloned().unwrap_or_default();
            let note = notes.keys().nth(n % notes.len().max(1)).copied();
            let value = values.get(n % values.len().max(1));
            let mut see = |more: &Truth| _ = shown.insert(c, of.clone().and(more));
            let mut kept = |id: crate::error::Result<RecordId>, of: Truth| {
                written += u64::from(id.is_ok());
                notes.extend(id.ok().map(|id| (id, of)));
            };
            match op {
                1 => {
                    let resumed = space.resume(c, model(), Purpose::PatientRequest);
                    sessions.extend(resumed);
                }
                2 | 3 => {
                    let seen = s.query(&of_code(CODES[k])).unwrap();
                    assert_eq!(seen.value().len(), 1);
                    see(&Truth::of(k));
                    if op == 3 {
                        kept(s.remember("made from it", &seen), of.and(&Truth::of(k)));
                    }
                }
                4 => {
                    let seen = s.memories("health").unwrap().into_value();
                    see(&seen.iter().fold(Truth::default(), |all, m| all.and(&notes[&m.id])));
                }
                5 => kept(s.remember_in("health", "remembered"), of),
                6 => kept(s.append("health", Role::Assistant, &s.say("said").unwrap()), of),
                7 => {
                    let id = s.query(&of_code(CODES[k])).unwrap().value()[0].record;
                    see(&Truth::of(k));
                    let value = s.hold(id).unwrap();
                    values.push(Hidden { value, records: Truth::of(k), words: BTreeMap::new() });
                }
                8 => {
                    let endpoint = Endpoint::model(model(), Endpoint::cleared(Obligations::from_bits(u32::MAX)));
                    if let Some(v) = value
                        && let Ok(call) = s.model_call(&[&v.value], &endpoint)
                    {
                        let mut words = v.words.clone();
                        words.entry(c).and_modify(|knew| *knew = knew.clone().and(&of)).or_insert(of);
                        let records = v.records.clone();
                        values.push(Hidden { value: call.finish("answer").unwrap(), records, words });
                    }
                }
                9 => {
                    if let Some(v) = value {
                        kept(s.keep(&v.value, "health"), v.told_to(c).and(&of));
                    }
                }
                10 => {
                    if let Some(v) = value
                        && s.reveal(&v.value).is_ok()
                    {
                        see(&v.told_to(c));
                    }
                }
                11 => _ = note.map(|id| health.keep_memory(id, gesture())),
                12 => {
                    if let Some(id) = note {
                        // What the person knew when they wrote it anew, nobody can tell.
                        let from = Truth { all: (0..CODES.len()).collect(), ..notes.remove(&id).unwrap() };
                        notes.insert(health.edit_memory(id, "mended", gesture()).unwrap(), from);
                    }
                }
                _ => {
                    let label = n % 3 > 0;
                    let more = if label { meta() } else { String::new() };
                    health.import(source(&[result(k, 51 + step, &more)])).unwrap();
                    raised += u64::from(label && labelled.insert(k));
                }
            }
            let state = space.inner.peek().unwrap();
            let p = &state.partitions[0];
            for (id, from) in &notes {
                let label = p.tag_of(p.readable.find_record(id).unwrap()).label;
                let (at, says) = ((seed, step, op), HIV.is_subset(label.sensitivities));
                assert!(says || from.told.is_disjoint(&labelled), "{at:?}");
                assert!(!says || !from.all.is_disjoint(&labelled), "{at:?}: more than was shown");
                checked += u64::from(says);
            }
        }
        assert!(space.check().is_ok());
        told(seed, 1);
    }
    let n = all.end - all.start;
    println!("{n} programs: {written} written, {raised} labelled late, {checked} looks at a raised one");
    assert!(written > 3 * n && raised > n && checked > 10 * n, "{written} {raised} {checked}");
}

/// A conversation that names a record was given what it says, by whomever: no release tells of it.
#[test]
fn what_a_memory_names_was_shown_to_its_conversation() {
    for late in [true, false] {
        let c = case();
        import(&c.space, &kinds()[0][0]);
        let record = begin(&c.space).query(&of_code("20447-9")).unwrap().value()[0].record;
        let b = begin(&c.space);
        b.query(&of_code("8867-4")).unwrap();
        let early = b.remember_in("health", "Early").unwrap();
        let named = b.remember("Named", &vec![record]).unwrap();
        let after = b.remember_in("health", "After").unwrap();
        let third = begin(&c.space);
        third.memories("health").unwrap();
        let repeated = third.remember_in("health", "Repeated").unwrap();
        let apart = begin(&c.space);
        apart.query(&of_code("8867-4")).unwrap();
        let other = apart.remember_in("health", "Apart").unwrap();
        if late {
            import(&c.space, &kinds()[0][1]);
            for id in [named, after, repeated] {
                let m = memory(&c.space, id);
                assert_eq!((m.quarantine.is_some(), m.label.sensitivities), (true, HIV), "{}", m.text);
            }
            let id = b.remember_in("health", "Late").unwrap();
            assert_eq!(memory(&c.space, id).label.sensitivities, HIV);
            let resumed = c.space.resume(b.conversation(), model(), Purpose::PatientRequest).unwrap();
            assert_eq!(resumed.label().sensitivities, HIV);
        } else {
            let health = c.space.partition("health").unwrap();
            health.erase(&Erase::Records(vec![record]), gesture()).unwrap();
            for id in [after, repeated] {
                assert!(memory(&c.space, id).quarantine.is_some(), "{}", memory(&c.space, id).text);
            }
        }
        for id in [early, other] {
            let m = memory(&c.space, id);
            assert_eq!((m.quarantine.is_some(), m.label.sensitivities), (false, Sensitivities::NONE), "{}", m.text);
        }
        assert!(c.space.check().is_ok());
    }
}

/// A memory that was deleted tells nobody any more what it was made from: what was shown it has the label, too.
#[test]
fn a_deleted_memory_carries_a_later_label_on() {
    for (named, edited, late) in (0..8).map(|n| (n & 1 > 0, n & 2 > 0, n & 4 > 0)) {
        let c = case();
        let health = c.space.partition("health").unwrap();
        let apart = begin(&c.space);
        apart.query(&of_code("8867-4")).unwrap();
        let earlier = apart.remember_in("health", "Earlier").unwrap();
        let plain = begin(&c.space);
        plain.memories("health").unwrap();
        let of_earlier = plain.remember_in("health", "Of the earlier one").unwrap();
        import(&c.space, &kinds()[0][0]);
        let a = begin(&c.space);
        let record = a.query(&of_code("20447-9")).unwrap().value()[0].record;
        let first = if named {
            begin(&c.space).remember("It was 51", &vec![record]).unwrap()
        } else {
            a.remember_in("health", "It was 51").unwrap()
        };
        let b = begin(&c.space);
        b.memories("health").unwrap();
        let after = b.remember_in("health", "After").unwrap();
        let last = if edited { health.edit_memory(first, "It was 51, once", gesture()).unwrap() } else { first };
        health.delete_memory(last, gesture()).unwrap();
        // One that was written before the record was shown to anybody carries nothing.
        health.delete_memory(earlier, gesture()).unwrap();
        if late {
            import(&c.space, &kinds()[0][1]);
        } else {
            health.erase(&Erase::Records(vec![record]), gesture()).unwrap();
        }
        let what = format!("{named} {edited} {late}");
        let m = memory(&c.space, after);
        assert!(m.quarantine.is_some(), "{what}");
        if late {
            assert_eq!(m.label.sensitivities, HIV, "{what}");
            let id = b.remember_in("health", "Late").unwrap();
            assert_eq!(memory(&c.space, id).label.sensitivities, HIV, "{what}");
        }
        let m = memory(&c.space, of_earlier);
        assert_eq!((m.quarantine.is_some(), m.label.sensitivities), (false, Sensitivities::NONE), "{what}");
    }
}

/// Where no entry tells that the record was released, and where the copy that was deleted had lost its origins.
#[test]
fn nor_does_a_restore_or_a_declassification_cut_it_off() {
    use super::tests_backup::{Place, options};
    let t = Place::new(clock().0);
    let grants = |space: &HealthSpace| {
        for name in ["health", "general"] {
            let ask = space.consent_request().partition(name).purpose(Purpose::PatientRequest);
            ask.categories(&[Category::Memories, Category::Laboratory]).recipient(model()).agree(gesture()).unwrap();
        }
    };
    import(&t.space, &kinds()[0][0]);
    t.backup("b");
    grants(&t.space);
    let record = begin(&t.space).query(&of_code("20447-9")).unwrap().value()[0].record;
    let (back, _) = t.restore_with("b", "c", clock().0, &options()).unwrap();
    grants(&back);
    let first = begin(&back).remember("It was 51", &vec![record]).unwrap();
    let b = begin(&back);
    b.memories("health").unwrap();
    let after = b.remember_in("health", "After").unwrap();
    back.partition("health").unwrap().delete_memory(first, gesture()).unwrap();
    import(&back, &kinds()[0][1]);
    let m = memory(&back, after);
    assert_eq!((m.quarantine.is_some(), m.label.sensitivities), (true, HIV));

    let c = case();
    grants(&c.space);
    let ask = c.space.declassify_request("health", "general", Purpose::PatientRequest);
    let ask = ask.dropping(crate::policy::programs::bound());
    ask.notice("en").unwrap();
    let grant = ask.agree(gesture()).unwrap().id();
    import(&c.space, &kinds()[0][0]);
    let a = begin(&c.space);
    let seen = a.query(&of_code("20447-9")).unwrap();
    let first = a.remember("It was 51", &seen).unwrap();
    let value = c.space.partition("health").unwrap().memory_value(first).unwrap();
    let what = Declassify { value: &value, into: "general", grant, also: crate::label::Lowering::NONE };
    let request = begin(&c.space).heard("Tell it", gesture()).unwrap();
    let copy = c.space.declassify(&what, &request, gesture()).unwrap();
    let b = begin(&c.space);
    b.memories("general").unwrap();
    let after = b.remember_in("general", "After").unwrap();
    let general = c.space.partition("general").unwrap();
    general.delete_memory(copy, gesture()).unwrap();
    import(&c.space, &kinds()[0][1]);
    let m = general.memories().unwrap().into_value().into_iter().find(|m| m.id == after).unwrap();
    assert_eq!((m.quarantine.is_some(), m.label.sensitivities), (true, HIV));
}

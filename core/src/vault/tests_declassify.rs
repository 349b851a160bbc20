//! Lowering a label: only the person can, under a consent that names it, with an entry first.

use super::tests::{allow, clock, events, fill, gesture, model, of_code, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::Standing;
use crate::environment::{Environment, FixedClock};
use crate::error::{Error, Malformed};
use crate::id::{GrantId, Timestamp};
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::{
    Confidentiality, Integrity, Label, Lowering, Obligations, Origins, Purpose, Purposes, Sensitivities, Sensitivity,
};
use crate::record::{Category, Kind};
use crate::storage::memory::{Fault, Memory as Disk};
use std::sync::Arc;

const T0: i64 = 1_790_000_000_000;
const HEALTH: LogOf<'static> = LogOf::Partition("health");
const GENERAL: LogOf<'static> = LogOf::Partition("general");

struct Setting {
    dir: tempfile::TempDir,
    space: HealthSpace,
    clock: Arc<FixedClock>,
    lab: Grant,
}

fn setting() -> Setting {
    let dir = tempfile::tempdir().unwrap();
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    let lab = allow(&space, &[Category::Laboratory]);
    for name in ["health", "general"] {
        let ask = space.consent_request().partition(name).purpose(Purpose::PatientRequest);
        ask.categories(&[Category::Memories]).recipient(model()).agree(gesture()).unwrap();
    }
    Setting { dir, space, clock, lab }
}

fn down_to_normal() -> Lowering {
    Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE }
}

impl Setting {
    fn session(&self) -> Session {
        self.space.session(model(), Purpose::PatientRequest).unwrap()
    }

    fn consent(&self, lowering: Lowering) -> GrantId {
        let ask = self.space.declassify_request("health", "general", Purpose::PatientRequest).dropping(lowering);
        ask.notice("fr").unwrap();
        ask.agree(gesture()).unwrap().id()
    }

    /// A memory of the LDL result, as a value.
    fn ldl(&self) -> Value {
        let s = self.session();
        let seen = s.query(&of_code("13457-7")).unwrap();
        let id = s.remember("LDL is a bit high", &seen).unwrap();
        self.space.partition("health").unwrap().memory_value(id).unwrap()
    }

    fn asked(&self) -> Value {
        self.session().heard("Tell the cooking assistant about my LDL", gesture()).unwrap()
    }

    fn lower(&self, value: &Value, grant: GrantId, also: Lowering) -> Result<crate::id::RecordId, Error> {
        let what = Declassify { value, into: "general", grant, also };
        self.space.declassify(&what, &self.asked(), gesture())
    }

    fn general(&self) -> Vec<Memory> {
        self.space.partition("general").unwrap().memories().unwrap().into_value()
    }

    fn refused(&self, result: Result<crate::id::RecordId, Error>) {
        assert!(matches!(result, Err(Error::FlowDenied)), "{result:?}");
        assert!(matches!(events(&self.space, HEALTH).pop(), Some(AuditEvent::FlowDenied { into: Some(_), .. })));
        assert!(!events(&self.space, HEALTH).iter().any(|e| matches!(e, AuditEvent::Declassified { .. })));
        assert!(self.general().is_empty());
    }
}

#[test]
fn a_statement_is_lowered_and_keeps_purposes_obligations_and_parents() {
    let t = setting();
    let (grant, value) = (t.consent(down_to_normal()), t.ldl());
    let before = value.label();
    let id = t.lower(&value, grant, Lowering::NONE).unwrap();
    let m = t.general().remove(0);
    assert!(m.id == id && m.text == "LDL is a bit high");
    assert_eq!(
        (m.label.purposes, m.label.obligations, m.label.integrity),
        (before.purposes, before.obligations, before.integrity)
    );
    assert_eq!((m.label.confidentiality, m.label.origins), (Confidentiality::Normal, Origins::partition(2)));
    assert!(m.parents == value.parents() && m.grants.contains(&grant) && m.grants.contains(&t.lab.id()));
    let Some(AuditEvent::Declassified { record, grant: by, before: b, after: a, .. }) = events(&t.space, HEALTH).pop()
    else {
        panic!()
    };
    assert!(record == id && by == grant && b == before && a == m.label);
    // A session of the general memory is shown it, and what it shows is still not for training.
    let s = t.session();
    assert_eq!(s.memories("general").unwrap().value().len(), 1);
    assert!(s.label().no_training() && s.label().origins == Origins::partition(2));
    s.remember_in("general", "Cook with less butter").unwrap();
}

#[test]
fn the_entry_is_durable_before_the_value_is_there() {
    let t = setting();
    let (grant, value) = (t.consent(down_to_normal()), t.ldl());
    let id = t.lower(&value, grant, Lowering::NONE).unwrap();
    let count = |of: LogOf<'_>, f: &dyn Fn(&AuditEvent) -> bool| events(&t.space, of).iter().filter(|e| f(e)).count();
    assert_eq!(count(HEALTH, &|e| matches!(e, AuditEvent::Declassified { record, .. } if *record == id)), 1);
    assert_eq!(count(GENERAL, &|e| matches!(e, AuditEvent::Remembered { record, .. } if *record == id)), 1);
    drop(t);
    // Whatever operation of the disk fails: an entry without a value at worst.
    let mut seen = [0; 3];
    for n in 0.. {
        let disk = Disk::new();
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let (space, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), clock().0).unwrap();
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        let id = s.remember_in("health", "Needs less salt").unwrap();
        let value = space.partition("health").unwrap().memory_value(id).unwrap();
        let ask = space.declassify_request("health", "general", Purpose::PatientRequest).dropping(down_to_normal());
        ask.notice("en").unwrap();
        let grant = ask.agree(gesture()).unwrap().id();
        let request = s.heard("Tell the cook", gesture()).unwrap();
        disk.fail_after(n, Fault::Full);
        let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
        let result = space.declassify(&what, &request, gesture());
        let done = disk.fault_pending();
        disk.crash();
        let entered = events(&space, HEALTH).iter().any(|e| matches!(e, AuditEvent::Declassified { .. }));
        let kept = !space.partition("general").unwrap().memories().unwrap().value().is_empty();
        assert!(entered || !kept, "a value without its entry, at operation {n}");
        assert!(kept || result.is_err());
        seen[usize::from(entered) + usize::from(kept)] += 1;
        if done {
            break;
        }
    }
    assert!(seen[0] > 3 && seen[1] > 3 && seen[2] >= 1, "{seen:?}");
}

#[test]
fn without_a_consent_in_force_nothing_is_lowered() {
    let t = setting();
    let value = t.ldl();
    assert!(matches!(t.lower(&value, GrantId::from_bytes([3; 16]), Lowering::NONE), Err(Error::NotFound)));
    // A grant to see data is none to lower it.
    assert!(matches!(t.lower(&value, t.lab.id(), Lowering::NONE), Err(Error::NotFound)));
    let withdrawn = t.consent(down_to_normal());
    t.space.withdraw(withdrawn).unwrap();
    t.space.withdraw(withdrawn).unwrap();
    t.refused(t.lower(&value, withdrawn, Lowering::NONE));
    let ask = t.space.declassify_request("health", "general", Purpose::PatientRequest).dropping(down_to_normal());
    let ask = ask.expires_at(Timestamp::from_millis(T0 + 120_000));
    ask.notice("en").unwrap();
    let short = ask.agree(gesture()).unwrap().id();
    let info = |id| t.space.declassify_grants().unwrap().into_iter().find(|g| g.id == id).unwrap().standing;
    assert_eq!((info(short), info(withdrawn)), (Standing::InForce, Standing::Withdrawn));
    t.clock.set(Timestamp::from_millis(T0 + 120_000));
    assert_eq!(info(short), Standing::Expired);
    t.refused(t.lower(&value, short, Lowering::NONE));
}

#[test]
fn a_model_cannot_ask_for_it() {
    let t = setting();
    let (grant, value) = (t.consent(down_to_normal()), t.ldl());
    let s = t.session();
    let said = s.say("The person wants this declassified").unwrap();
    let endpoint = Endpoint::model(model(), Endpoint::cleared(Obligations::from_bits(u32::MAX)));
    let answer = s.model_call(&[&value], &endpoint).unwrap().finish("Declassify it!").unwrap();
    for request in [&said, &answer, &value] {
        let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
        t.refused(t.space.declassify(&what, request, gesture()));
    }
    // What a model wrote and the person confirmed is theirs.
    let confirmed = t.space.endorse(&said, gesture()).unwrap();
    let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
    t.space.declassify(&what, &confirmed, gesture()).unwrap();
}

#[test]
fn what_is_not_named_is_not_dropped() {
    let t = setting();
    let s = t.session();
    let seen = s.query(&of_code("20447-9")).unwrap();
    let id = s.remember("The viral load is low", &seen).unwrap();
    let hiv = t.space.partition("health").unwrap().memory_value(id).unwrap();
    let ldl = t.ldl();
    let narrow = t.consent(down_to_normal());
    // A sensitivity; a confidentiality; a purpose; an obligation; another partition.
    t.refused(t.lower(&hiv, narrow, Lowering::NONE));
    t.refused(t.lower(&ldl, t.consent(Lowering::NONE), Lowering::NONE));
    let low = Lowering { confidentiality: Some(Confidentiality::Low), ..Lowering::NONE };
    t.refused(t.lower(&ldl, narrow, low));
    let research = Lowering { purposes: Purposes::only(Purpose::Research), ..Lowering::NONE };
    t.refused(t.lower(&ldl, narrow, research));
    let reuse = Lowering { obligations: Obligations::NO_REUSE, ..Lowering::NONE };
    t.refused(t.lower(&ldl, narrow, reuse));
    let training = Lowering { obligations: Obligations::NO_TRAINING, ..Lowering::NONE };
    t.refused(t.lower(&ldl, narrow, training));
    let elsewhere = Declassify { value: &ldl, into: "health", grant: narrow, also: Lowering::NONE };
    assert!(matches!(t.space.declassify(&elsewhere, &t.asked(), gesture()), Err(Error::FlowDenied)));
    // A record of a source is no statement.
    let record = t.session().hold(seen.value()[0].record).unwrap();
    t.refused(t.lower(&record, narrow, Lowering::NONE));
    // Named, it is dropped, and no more than was asked for.
    let wide = t.consent(Lowering {
        sensitivities: Sensitivities::only(Sensitivity::Hiv),
        obligations: Obligations::NO_REUSE,
        ..down_to_normal()
    });
    t.lower(&hiv, wide, Lowering::NONE).unwrap();
    t.lower(&ldl, wide, reuse).unwrap();
    let kept = t.general();
    let of = |text: &str| kept.iter().find(|m| m.text.contains(text)).unwrap().label;
    assert!(of("viral").obligations.contains(Obligations::NO_REUSE) && of("viral").sensitivities.is_empty());
    assert!(!of("LDL").obligations.contains(Obligations::NO_REUSE) && of("LDL").no_training());
}

#[test]
fn its_consent_is_a_kind_of_its_own_with_a_notice_that_was_shown() {
    let t = setting();
    let ask = || t.space.declassify_request("health", "general", Purpose::PatientRequest);
    // Not without a notice, nor with another one than was shown.
    assert!(matches!(ask().confirm(gesture()), Err(Error::Malformed(Malformed::Notice))));
    let request = ask();
    assert!(request.notice("en").unwrap().contains("“general”"));
    assert!(matches!(request.dropping(down_to_normal()).confirm(gesture()), Err(Error::Malformed(_))));
    let training = Lowering { obligations: Obligations::NO_TRAINING, ..Lowering::NONE };
    assert!(matches!(ask().dropping(training).notice("en"), Err(Error::Malformed(_))));
    let request = ask();
    let shown = request.notice("fr").unwrap();
    let id = request.confirm(gesture()).unwrap().id();
    let Some(AuditEvent::Granted { grant, notice_hash, locale, .. }) = events(&t.space, LogOf::Space).pop() else {
        panic!()
    };
    assert!(grant == id && locale == "fr" && notice_hash == crate::crypto::hash::sha256(&[shown.as_bytes()]));
    // It lets nobody see anything.
    let stranger = crate::consent::Recipient::model("us-llm").unwrap();
    let stranger = t.space.session(stranger, Purpose::PatientRequest).unwrap();
    assert!(matches!(stranger.memories("general"), Err(Error::Denied)));
    assert!(t.space.grants().unwrap().iter().all(|g| g.id != id));
    // A handle that cannot sign the space's head cannot file one.
    let env = Environment { clock: Arc::<FixedClock>::clone(&t.clock), ..Environment::default() };
    let names = ["health", "general"];
    let part = HealthSpace::open_partitions(t.dir.path().join("me.hs"), &unlock(), env, &names).unwrap();
    let request = part.declassify_request("health", "general", Purpose::PatientRequest);
    request.notice("en").unwrap();
    assert!(matches!(request.confirm(gesture()), Err(Error::NeedsFullSlot)));
}

#[test]
fn withdrawing_either_consent_sets_aside_what_was_lowered_also_for_a_handle_of_general_alone() {
    for what in ["the declassification", "the grant to read", "by the other handle", "the source is deleted"] {
        let t = setting();
        let (grant, value) = (t.consent(down_to_normal()), t.ldl());
        let id = t.lower(&value, grant, Lowering::NONE).unwrap();
        let env = Environment { clock: Arc::<FixedClock>::clone(&t.clock), ..Environment::default() };
        let file = t.dir.path().join("me.hs");
        let chat = HealthSpace::open_partitions(file, &unlock(), env, &["general"]).unwrap();
        let seen = |space: &HealthSpace| {
            let s = space.session(model(), Purpose::PatientRequest).unwrap();
            s.memories("general").unwrap().value().len()
        };
        assert_eq!((seen(&t.space), seen(&chat)), (1, 1));
        match what {
            "the declassification" => t.space.withdraw(grant).unwrap(),
            "the grant to read" => t.space.withdraw(t.lab.id()).unwrap(),
            "by the other handle" => chat.withdraw(grant).unwrap(),
            _ => {
                let health = t.space.partition("health").unwrap();
                health.delete_memory(value.parents()[0], gesture()).unwrap();
            }
        }
        assert_eq!((seen(&t.space), seen(&chat)), (0, 0), "{what}");
        assert!(t.general()[0].quarantine.is_some());
        // Open declassifications end with it.
        assert!(t.lower(&value, grant, Lowering::NONE).is_err());
        // ... until the person decides.
        t.space.partition("general").unwrap().keep_memory(id, gesture()).unwrap();
        assert_eq!((seen(&t.space), seen(&chat)), (1, 1), "{what}");
    }
}

/// What was made of a lowered statement elsewhere knows until when the consent to lower holds.
#[test]
fn what_was_made_of_a_lowered_statement_ends_with_the_consent_in_a_handle_that_does_not_know_it() {
    let t = setting();
    let ask = t.space.declassify_request("health", "general", Purpose::PatientRequest).dropping(down_to_normal());
    let grant = ask.expires_at(Timestamp::from_millis(T0 + 10 * 86_400_000)).agree(gesture()).unwrap().id();
    t.lower(&t.ldl(), grant, Lowering::NONE).unwrap();
    let s = t.session();
    s.memories("general").unwrap();
    let made = s.remember_in("health", "Told the cook").unwrap();
    t.clock.set(Timestamp::from_millis(T0 + 11 * 86_400_000));
    let env = Environment { clock: Arc::<FixedClock>::clone(&t.clock), ..Environment::default() };
    let alone = HealthSpace::open_partitions(t.dir.path().join("me.hs"), &unlock(), env, &["health"]).unwrap();
    for space in [&t.space, &alone] {
        let kept = space.partition("health").unwrap().memories().unwrap().into_value();
        let of = kept.iter().find(|m| m.id == made).unwrap();
        assert!(of.grants.contains(&grant) && of.quarantine == Some(Quarantine::ConsentEnded));
    }
}

#[test]
fn a_text_that_a_hidden_call_made_can_be_lowered_without_anybody_having_seen_it() {
    let t = setting();
    let grant = t.consent(down_to_normal());
    let s = t.session();
    let record = t.session().query(&of_code("13457-7")).unwrap().value()[0].record;
    let held = s.hold(record).unwrap();
    let endpoint = Endpoint::model(model(), Endpoint::cleared(Obligations::from_bits(u32::MAX)));
    let answer = s.model_call(&[&held], &endpoint).unwrap().finish("Low-fat recipes, please").unwrap();
    assert!(matches!(s.keep(&answer, "general"), Err(Error::FlowDenied)));
    let what = Declassify { value: &answer, into: "general", grant, also: Lowering::NONE };
    t.space.declassify(&what, &s.heard("Yes, tell the cook", gesture()).unwrap(), gesture()).unwrap();
    assert_eq!(s.label(), Label::BOTTOM);
    let m = t.general().remove(0);
    assert!(m.text == "Low-fat recipes, please" && m.parents == [record] && m.label.integrity <= Integrity::AiAsserted);
    // Without the consent to read, there is nothing left to lower.
    t.space.withdraw(t.lab.id()).unwrap();
    assert!(matches!(t.space.declassify(&what, &t.asked(), gesture()), Err(Error::NotFound)));
}

/// A label that comes after the value was made is dropped by no consent that does not name it.
#[test]
fn what_is_said_since_of_a_record_is_not_dropped_unnamed() {
    for named in [false, true] {
        let t = setting();
        let hiv = Sensitivities::only(Sensitivity::Hiv);
        let bound = Lowering { sensitivities: if named { hiv } else { Sensitivities::NONE }, ..down_to_normal() };
        let grant = t.consent(bound);
        let s = t.session();
        allow(&t.space, &[Category::Documents]);
        let [bytes, letter, _] = &super::tests_relabel::kinds()[1];
        super::tests_relabel::import(&t.space, bytes);
        let documents = Query { kinds: vec![Kind::Document], ..Query::default() };
        let record = t.session().query(&documents).unwrap().value()[0].record;
        let held = s.hold(record).unwrap();
        let endpoint = Endpoint::model(model(), Endpoint::cleared(Obligations::from_bits(u32::MAX)));
        let answer = s.model_call(&[&held], &endpoint).unwrap().finish("Low-fat recipes, please").unwrap();
        super::tests_relabel::import(&t.space, letter);
        assert_eq!(answer.label().sensitivities, Sensitivities::NONE);
        let lowered = t.lower(&answer, grant, Lowering::NONE);
        if !named {
            t.refused(lowered);
            continue;
        }
        lowered.unwrap();
        let all = events(&t.space, HEALTH);
        let before = all.iter().rev().find_map(|e| match e {
            AuditEvent::Declassified { before, .. } => Some(*before),
            _ => None,
        });
        assert_eq!(before.unwrap().sensitivities, hiv);
    }
}

/// Who wrote the words stays with them wherever they go.
#[test]
fn what_the_person_said_or_wrote_is_told_as_theirs() {
    let t = setting();
    let general = t.space.partition("general").unwrap();
    let who = |text: &str| {
        let told = general.memories_in_words(crate::lang::Lang::En).unwrap().into_value();
        let told = told.iter().find_map(|m| m.strip_prefix(&format!("“{text}”. Written by "))).unwrap().to_owned();
        told.split(" on ").next().unwrap().to_owned()
    };
    let s = t.session();
    let heard = s.heard("I do not eat meat", gesture()).unwrap();
    s.keep(&heard, "general").unwrap();
    assert_eq!(who("I do not eat meat"), "you");
    // What an assistant wrote and the person confirmed is still an assistant's.
    let said = t.space.endorse(&s.say("Eats fish").unwrap(), gesture()).unwrap();
    s.keep(&said, "general").unwrap();
    assert_eq!(who("Eats fish"), "an assistant");
    // And so is an answer that was made of their words.
    let call = s.model_call(&[&heard], &Endpoint::model(model(), t.space.clearance("health").unwrap())).unwrap();
    s.keep(&call.finish("No meat").unwrap(), "general").unwrap();
    assert_eq!(who("No meat"), "an assistant");
    let health = t.space.partition("health").unwrap();
    let grant = t.consent(down_to_normal());
    let written = s.remember_in("health", "Needs salt").unwrap();
    let edited = s.remember_in("health", "Needs sugar").unwrap();
    let edited = health.edit_memory(edited, "Needs no sugar", gesture()).unwrap();
    for (id, text, by) in [(written, "Needs salt", "an assistant"), (edited, "Needs no sugar", "you")] {
        let value = health.memory_value(id).unwrap();
        let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
        t.space.declassify(&what, &heard, gesture()).unwrap();
        assert_eq!(who(text), by);
    }
}

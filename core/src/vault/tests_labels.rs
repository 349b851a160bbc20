//! Labels of data from elsewhere: what is not understood is no less sensitive for it.

use super::tests::{allow, clock, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::catalog::RecordRef;
use crate::consent::Recipient;
use crate::error::Error;
use crate::grounding::Budget;
use crate::id::RecordId;
use crate::import::Source;
use crate::label::{Confidentiality, Label, Obligations, Purpose};
use crate::record::Category;

const LDL: &str = "13457-7";

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
    (dir, space)
}

fn refuse_hiv(space: &HealthSpace) {
    let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"provision":{"type":"deny","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}}"#;
    space.import_consents(refusal, gesture()).unwrap();
}

fn shown(space: &HealthSpace) -> usize {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    session.query(&of_code(LDL)).unwrap().into_value().len()
}

fn labelled(security: &str) -> String {
    observation("1", "laboratory", LDL, "2026-01-05", "131.5", &format!(r#""meta":{{"security":[{security}]}},"#))
}

#[test]
fn a_label_that_is_not_understood_is_hit_by_every_refusal_of_a_label() {
    let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    let of = |system: &str, code: &str| format!(r#"{{"system":"{system}","code":"{code}"}}"#);
    for refused in [
        of(act, "HIV"),
        r#"{"code":"HIV"}"#.into(),
        r#"{"code":"HIV","display":"HIV"}"#.into(),
        r#"{"display":"HIV"}"#.into(),
        of(&format!("{act}|4.0.0"), "HIV"),
        of("urn:oid:2.16.840.1.113883.5.4", "HIV"),
        of("https://hospital.example/labels", "hiv-data"),
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        space.partition("health").unwrap().import(source(&[labelled(&refused)])).unwrap();
        assert_eq!(shown(&space), 1, "{refused}");
        refuse_hiv(&space);
        assert_eq!(shown(&space), 0, "{refused}");
    }
    for silent in [
        of("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"),
        of("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST"),
        of("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED"),
        of(act, "NORDSCLCD"),
        r#"{"code":"N"}"#.into(),
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        refuse_hiv(&space);
        space.partition("health").unwrap().import(source(&[labelled(&silent)])).unwrap();
        assert_eq!(shown(&space), 1, "{silent}");
    }
}

/// D1: what a record itself obliges its reader to. What is not understood goes to nobody, in no way.
#[test]
fn d1_a_record_goes_only_to_who_understands_its_refrains() {
    let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    let own = "https://healthspace.invalid/fhir/CodeSystem/obligation";
    let of = |system: &str, code: &str| format!(r#"{{"system":"{system}","code":"{code}"}}"#);
    for label in [
        of(act, "NORELINK"),
        of(act, "DELAU"),
        of(act, "NODSCLCD"),
        of(act, "MASK"),
        of(act, "REDACT"),
        of(act, "NOAUTH"),
        of(act, "SOMETHINGNEW"),
        of(act, ""),
        of("urn:oid:2.16.840.1.113883.5.4", "NORELINK"),
        of(own, "NOFUNATALL"),
        of("", "NORELINK"),
        r#"{"code":"NOVIP"}"#.into(),
        r#"{"code":["NORELINK"]}"#.into(),
        format!("{},{}", of(act, "NOREUSE"), of(act, "DELAU")),
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        let plain = observation("2", "laboratory", LDL, "2026-01-06", "112.5", "");
        let report = space.partition("health").unwrap().import(source(&[labelled(&label), plain])).unwrap();
        assert_eq!(report.imported(), 2, "{label}");
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        let rows = s.query(&of_code(LDL)).unwrap().into_value();
        assert_eq!(rows.len(), 1, "{label}");
        assert_eq!(*s.count(&of_code(LDL)).unwrap().value(), 1, "{label}");
        assert_eq!(s.presence().unwrap().value().iter().map(|l| l.count).sum::<u64>(), 1, "{label}");
        let answer = s.ground("What was my last LDL?", Budget::tokens(500)).unwrap();
        assert!(answer.value().text.contains("112.5") && !answer.value().text.contains("131.5"), "{label}");
        let reader = s.reader(&of_code(LDL), 10).unwrap();
        assert_eq!(reader.len(), 1, "{label}");
        drop(reader);
        // Nor by its id, nor what it is named to have been the reason of.
        let hidden = of_the_record(&space, |r| r.obligations() != Obligations::NONE);
        assert!(matches!(s.hold(hidden), Err(Error::NotFound)), "{label}");
        assert!(s.remember("It was high", &[hidden][..]).is_err(), "{label}");
        assert!(s.label().obligations.is_subset(UNDERSTOOD), "{label}");
    }
}

fn of_the_record(space: &HealthSpace, is: impl Fn(&RecordRef<'_>) -> bool) -> RecordId {
    let state = space.inner.peek().unwrap();
    let found: Vec<_> = state.partitions[0].readable.records().filter(is).map(|r| r.id()).collect();
    assert_eq!(found.len(), 1);
    found[0]
}

const UNDERSTOOD: Obligations = Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE);

/// What a record obliges to comes with it, and with whatever is made from it: also after its segment was
/// written anew and read again.
#[test]
fn what_a_record_obliges_to_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    let refrain = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"NORDSCLCD"}"#;
    space.partition("health").unwrap().import(source(&[labelled(refrain)])).unwrap();
    // Enough for its segment to be merged with others.
    for n in 10..20 {
        let other = observation(&n.to_string(), "laboratory", "2093-3", "2026-01-07", "5", "");
        space.partition("health").unwrap().import(source(&[other])).unwrap();
    }
    drop(space);
    let space = HealthSpace::open(&file, &unlock(), clock().0).unwrap();
    // A consent from elsewhere asks for nothing; every grant of ours would ask for this very refrain.
    let permit = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
    space.import_consents(permit, gesture()).unwrap();
    let other = Recipient::model("other-llm").unwrap();
    let session = || space.session(model(), Purpose::PatientRequest).unwrap();
    let has = |label: Label| label.obligations.contains(Obligations::NO_REDISCLOSURE);

    assert!(!has(session().query(&of_code("2093-3")).unwrap().label()));
    let s = session();
    let held = s.query(&of_code(LDL)).unwrap();
    assert!(has(held.label()) && has(s.label()));
    let record = held.value()[0].record;
    s.remember("It was high", &held).unwrap();
    assert!(has(session().count(&of_code(LDL)).unwrap().label()));
    assert!(has(session().reader(&of_code(LDL), 5).unwrap().label()));

    let s = session();
    let value = s.hold(record).unwrap();
    assert!(has(value.label()) && !has(s.label()));
    let deaf = Endpoint::model(other.clone(), Endpoint::cleared(Obligations::HEALTH));
    assert!(matches!(s.model_call(&[&value], &deaf), Err(Error::FlowDenied)));
    let keeps = Endpoint::model(other, Endpoint::cleared(UNDERSTOOD));
    let call = s.model_call(&[&value], &keeps).unwrap();
    assert!(has(call.finish("It was high").unwrap().label()));
    let memory = of_the_record(&space, |r| r.type_name() == "Memory");
    let kept = space.inner.peek().unwrap();
    let kept = kept.partitions[0].readable.find_record(&memory).unwrap();
    assert_eq!(kept.obligations(), Obligations::NO_REDISCLOSURE);
}

/// D6: "ingest must raise any sensitive item to R".
#[test]
fn d6_what_is_sensitive_is_restricted_whatever_else_it_says() {
    let (_dir, space) = space();
    let normal = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}"#;
    let hiv = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}"#;
    space.partition("health").unwrap().import(source(&[labelled(&format!("{normal},{hiv}"))])).unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(model()).up_to(Confidentiality::Normal).agree(gesture()).unwrap();
    assert_eq!(shown(&space), 0);
    allow(&space, &[Category::Laboratory]);
    assert_eq!(shown(&space), 1);
}

/// Members of an object have no order.
#[test]
fn the_labels_of_a_bundle_hold_wherever_they_stand() {
    let entry = format!(r#""entry":[{{"resource":{}}}]"#, labelled(""));
    let meta = r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}"#;
    let bundle = |members: &str| format!(r#"{{"resourceType":"Bundle","type":"collection",{members}}}"#);
    let inner = bundle(&entry);
    for text in [
        bundle(&format!("{meta},{entry}")),
        bundle(&format!("{entry},{meta}")),
        bundle(&format!(r#""entry":[{{"resource":{inner}}}],{meta}"#)),
        bundle(&format!(r#""entry":[{{"resource":{}}}]"#, bundle(&format!("{entry},{meta}")))),
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        space.partition("health").unwrap().import(Source::bytes(text.clone().into_bytes()).unwrap()).unwrap();
        assert_eq!(shown(&space), 1, "{text}");
        refuse_hiv(&space);
        assert_eq!(shown(&space), 0, "{text}");
    }
}

/// A file that breaks off within what may be a label, and a label under a name that is spelled with an escape beside one
/// that is known without it.
#[test]
fn a_label_that_is_cut_or_spelled_otherwise_holds() {
    let hiv = r#""security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]"#;
    let entry =
        format!(r#""entry":[{{"resource":{}}}]"#, observation("1", "laboratory", LDL, "2026-01-05", "131.5", ""));
    let whole = format!(r#"{{"resourceType":"Bundle","type":"collection",{entry},"meta":{{{hiv}}}}}"#);
    let from = whole.rfind(r#""meta""#).unwrap();
    for at in (from + 6..whole.len()).step_by(3) {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        refuse_hiv(&space);
        space.partition("health").unwrap().import(Source::bytes(whole.as_bytes()[..at].to_vec()).unwrap()).unwrap();
        assert_eq!(shown(&space), 0, "cut at {}", &whole[from..at]);
    }
    let escaped = format!(r#""meta":{{{}}},"#, hiv.replace("security", r"s\u0065curity"));
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    refuse_hiv(&space);
    for meta in ["", &escaped] {
        let text = observation("1", "laboratory", LDL, "2026-01-05", "131.5", meta);
        space.partition("health").unwrap().import(source(&[text])).unwrap();
        assert_eq!(shown(&space), usize::from(meta.is_empty()));
    }
}

/// Three texts of one id that contradict one another, at once and one after the other: nothing tells which is right, so
/// what the first asks for holds for the last.
#[test]
fn of_several_texts_of_one_id_the_label_of_any_holds() {
    let refrain = labelled(r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"NORELINK"}"#);
    let other = |value: &str| observation("1", "laboratory", LDL, "2026-01-05", value, "");
    let (second, third) = (other("132.5"), other("133.5"));
    for files in [
        vec![vec![refrain.clone(), second.clone(), third.clone()]],
        vec![vec![refrain.clone()], vec![second.clone(), third.clone()]],
        vec![vec![refrain], vec![second], vec![third]],
    ] {
        let (_dir, space) = space();
        allow(&space, &[Category::Laboratory]);
        for file in &files {
            space.partition("health").unwrap().import(source(file)).unwrap();
        }
        assert_eq!(shown(&space), 0, "{} files", files.len());
    }
}

/// What a training grant lets a trainer see of what was remembered in `health`.
fn for_training(space: &HealthSpace) -> Vec<String> {
    let trainer = Recipient::model("trainer").unwrap();
    let session = space.session(trainer, Purpose::MlTraining).unwrap();
    let mut all: Vec<String> =
        session.memories("health").unwrap().into_value().into_iter().map(|m| m.text.to_string()).collect();
    all.sort();
    all
}

/// A record that says itself that it trains no model trains none as a memory either: of a session, also one that goes
/// on after a restart, of a value, of another memory, and after the person edited it.
#[test]
fn what_a_record_says_of_training_goes_with_what_is_remembered_of_it() {
    let own = r#"{"system":"https://healthspace.invalid/fhir/CodeSystem/obligation","code":"NOMLTRAINING"}"#;
    for (label, free) in [(own, false), ("", true)] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s.hs");
        let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
        allow(&space, &[Category::Laboratory, Category::Memories]);
        let ask = space.consent_request().purpose(Purpose::MlTraining);
        let ask = ask.categories(&[Category::Laboratory, Category::Memories]);
        ask.recipient(Recipient::model("trainer").unwrap()).agree(gesture()).unwrap();
        let health = space.partition("health").unwrap();
        health.import(source(&[labelled(label)])).unwrap();
        let session = || space.session(model(), Purpose::PatientRequest).unwrap();

        let untouched = session();
        untouched.remember_in("health", "0 of nothing").unwrap();
        let s = session();
        let held = s.query(&of_code(LDL)).unwrap();
        let record = held.value()[0].record;
        s.remember("1 of a release", &held).unwrap();
        let edited = s.remember_in("health", "2 in the session").unwrap();
        s.keep(&s.say("3 said").unwrap(), "health").unwrap();
        let hidden = session();
        let value = hidden.hold(record).unwrap();
        let to = Endpoint::model(model(), Endpoint::cleared(UNDERSTOOD));
        let call = hidden.model_call(&[&value], &to).unwrap();
        hidden.keep(&call.finish("4 by a call").unwrap(), "health").unwrap();
        session().remember("5 of a record", &[record][..]).unwrap();
        let of_memories = session();
        let memories = of_memories.memories("health").unwrap();
        of_memories.remember("6 of memories", &memories).unwrap();
        let endorsed = s.remember_in("health", "7 endorsed").unwrap();
        health.endorse(endorsed, gesture()).unwrap();
        health.edit_memory(edited, "2 edited", gesture()).unwrap();
        let conversation = s.conversation();
        drop((s, hidden, of_memories, untouched, space));
        let space = HealthSpace::open(&file, &unlock(), clock().0).unwrap();
        let s = space.resume(conversation, model(), Purpose::PatientRequest).unwrap();
        s.remember_in("health", "8 resumed").unwrap();
        let told = for_training(&space);
        assert_eq!(told.len(), if free { 8 } else { 1 }, "{told:?}");
        assert_eq!(told[0], "0 of nothing");
        // The person's own assistant goes on with them.
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        assert_eq!(s.memories("health").unwrap().value().len(), 8);
    }
}

/// Of a partition that is not open nobody can tell what its records say.
#[test]
fn what_cannot_be_looked_up_is_remembered_as_not_for_training() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    space.create_partition("fitness", crate::label::PartitionKind::Health, &unlock()).unwrap();
    let state = space.inner.peek().unwrap();
    let both = state.partitions.iter().fold(Label::BOTTOM, |all, p| all.join(p.label()));
    assert_eq!(state.own_obligations(both), Obligations::NONE);
    let part = HealthSpace::open_partitions(&file, &unlock(), clock().0, &["health"]).unwrap();
    let state = part.inner.peek().unwrap();
    assert_eq!(state.own_obligations(both), both.obligations);
    assert_eq!(state.own_obligations(state.partitions[0].label()), Obligations::NONE);
}

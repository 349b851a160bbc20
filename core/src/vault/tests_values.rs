//! Values: holding does not taint, revealing does, calls join, sinks have clearances.

use super::tests::{allow, clock, events, fill, gesture, model, of_code, source, unlock};
use super::*;
use crate::audit::{AuditEvent, ReleaseKind};
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::error::{Error, Malformed};
use crate::id::RecordId;
use crate::label::{Confidentiality, Integrity, Label, Obligations, Origins, Purpose};
use crate::lang::Lang;
use crate::policy::clearance_of_health;
use crate::record::Category;

const HEALTH: LogOf<'static> = LogOf::Partition("health");

fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    (dir, space)
}

fn session(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

/// The id of the LDL result; another conversation was shown it.
fn ldl(space: &HealthSpace) -> RecordId {
    session(space).query(&of_code("13457-7")).unwrap().value()[0].record
}

fn other() -> Recipient {
    Recipient::model("quarantined-llm").unwrap()
}

fn allow_other(space: &HealthSpace) -> Grant {
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    ask.recipient(other()).agree(gesture()).unwrap()
}

fn keeps() -> Label {
    Endpoint::cleared(Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE))
}

#[test]
fn holding_neither_opens_nor_taints_nor_logs_and_revealing_does_all() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let id = ldl(&space);
    let s = session(&space);
    let before = events(&space, HEALTH).len();
    let value = s.hold(id).unwrap();
    assert_eq!(events(&space, HEALTH).len(), before);
    assert_eq!(s.label(), Label::BOTTOM);
    assert!(value.label().no_training() && value.parents() == [id]);
    assert_eq!(format!("{value:?}"), "Value(..)");
    s.remember_in("general", "Nothing was read").unwrap();
    assert!(s.reveal(&value).unwrap().contains("112.5"));
    let all = events(&space, HEALTH);
    assert!(matches!(all.last(), Some(AuditEvent::Released { count: 1, .. })));
    assert!(s.label().no_training() && s.label().origins == Origins::partition(1));
    assert!(matches!(s.remember_in("general", "It was read"), Err(Error::FlowDenied)));
    // ... and a restart launders nothing.
    let again = space.resume(s.conversation(), model(), Purpose::PatientRequest).unwrap();
    assert_eq!(again.label(), s.label());
}

#[test]
fn what_may_not_be_read_may_not_be_held() {
    let (_dir, space) = space();
    let grant = allow(&space, &[Category::Laboratory]);
    let id = ldl(&space);
    let s = session(&space);
    let value = s.hold(id).unwrap();
    assert!(matches!(s.hold(RecordId::from_bytes([9; 16])), Err(Error::NotFound)));
    allow(&space, &[Category::VitalSigns]);
    space.withdraw(grant.id()).unwrap();
    assert!(matches!(s.hold(id), Err(Error::NotFound)));
    // Decided again when it is shown or passed on.
    assert!(matches!(s.reveal(&value), Err(Error::NotFound)));
    space.grants().unwrap().iter().for_each(|g| space.withdraw(g.id).unwrap());
    let before = events(&space, HEALTH).len();
    assert!(matches!(s.hold(id), Err(Error::NotFound)), "not told from a record that is not there");
    assert!(matches!(events(&space, HEALTH).last(), Some(AuditEvent::Refused { .. })));
    assert_eq!(events(&space, HEALTH).len(), before + 1);
    assert!(matches!(s.reveal(&value), Err(Error::Denied)));
    assert_eq!(s.label(), Label::BOTTOM);
}

/// A document that says of allergies that none are known is of two categories.
#[test]
fn what_is_seen_in_part_may_not_be_held() {
    let (_dir, space) = space();
    let document = r#"{"resourceType":"Composition","id":"c","status":"final","type":{"text":"Summary"},"subject":{"reference":"Patient/p1"},"date":"2026-01-05","title":"Summary","section":[{"title":"Allergies","code":{"coding":[{"system":"http://loinc.org","code":"48765-2"}]},"emptyReason":{"coding":[{"code":"nilknown"}]}}]}"#;
    space.partition("health").unwrap().import(source(&[document.to_owned()])).unwrap();
    allow(&space, &[Category::Documents]);
    let rows = session(&space).query(&Query::default()).unwrap().into_value();
    assert_eq!(rows.len(), 1, "the document, and not what it says of allergies");
    assert!(matches!(session(&space).hold(rows[0].record), Err(Error::NotFound)));
    allow(&space, &[Category::Allergies]);
    session(&space).hold(rows[0].record).unwrap();
}

/// An Apple correlation is kept verbatim, without facts that a grant could reach.
#[test]
fn a_record_without_facts_is_held_by_nobody() {
    let (_dir, space) = space();
    let dates = r#"startDate="2026-09-01 10:00:00 +0200" endDate="2026-09-01 10:00:00 +0200""#;
    let part = format!(r#"<Record type="HKQuantityTypeIdentifierHeartRate" unit="count/min" {dates} value="61"/>"#);
    let xml = format!(
        r#"<?xml version="1.0"?><HealthData locale="en_US"><ExportDate value="2026-09-01 10:00:00 +0200"/><Correlation type="HKCorrelationTypeIdentifierBloodPressure" sourceName="Cuff" {dates}>{part}</Correlation></HealthData>"#
    );
    let source = crate::import::Source::bytes(xml.into_bytes()).unwrap();
    space.partition("health").unwrap().import(source).unwrap();
    let of_no_fact = || -> Vec<RecordId> {
        let (_, state) = space.inner.read().unwrap();
        let bare = |r: &crate::catalog::RecordRef<'_>| r.facts().next().is_none() && !r.is_history();
        state
            .partitions
            .iter()
            .flat_map(|p| p.readable.records().filter(bare).map(|r| r.id()).collect::<Vec<_>>())
            .collect()
    };
    let [id] = of_no_fact()[..] else { panic!("no correlation") };
    for categories in [&[Category::Laboratory][..], Category::ALL] {
        allow(&space, categories);
        assert!(matches!(session(&space).hold(id), Err(Error::NotFound)));
    }
}

#[test]
fn a_session_speaks_with_its_own_label_and_never_with_the_persons() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let s = session(&space);
    let before = s.say("Hello").unwrap();
    assert_eq!(before.label().integrity, Integrity::AiAsserted);
    assert!(before.label().origins.is_empty());
    s.query(&of_code("13457-7")).unwrap();
    let after = s.say("It is 112.5").unwrap();
    assert!(after.label().no_training() && after.label().integrity <= Integrity::AiAsserted);
    assert!(matches!(s.say("  "), Err(Error::Malformed(Malformed::Argument))));
    assert!(matches!(s.say(&"x".repeat(20_000)), Err(Error::TooLarge(_))));
    // What was said before may still not be kept there: that it is kept now rests on what was read.
    assert!(matches!(s.keep(&before, "general"), Err(Error::FlowDenied)));
}

#[test]
fn a_quarantined_call_releases_to_the_endpoint_and_taints_its_answer_not_the_session() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let id = ldl(&space);
    let s = session(&space);
    let held = s.hold(id).unwrap();
    let question = s.say("Summarize:").unwrap();
    let endpoint = Endpoint::model(other(), keeps());
    // The session's own grant is not the endpoint's.
    assert!(matches!(s.model_call(&[&question, &held], &endpoint), Err(Error::Denied)));
    let actor = |e: Option<&AuditEvent>| match e {
        Some(AuditEvent::Refused { actor, .. } | AuditEvent::Released { actor, .. }) => actor.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(actor(events(&space, HEALTH).last()).name(), "quarantined-llm");
    let grant = allow_other(&space);
    let call = s.model_call(&[&question, &held], &endpoint).unwrap();
    let all = events(&space, HEALTH);
    let Some(AuditEvent::Released { grants, count, .. }) = all.last() else { panic!("{all:?}") };
    assert!(actor(all.last()).name() == "quarantined-llm" && *count == 1 && grants.contains(&grant.id()));
    let contents: Vec<&str> = call.contents().collect();
    assert!(contents[0] == "Summarize:" && contents[1].contains("112.5"));
    assert!(call.label().no_training() && s.label() == Label::BOTTOM);
    let answer = call.finish("LDL is fine").unwrap();
    assert!(answer.label().no_training() && answer.label().integrity <= Integrity::AiAsserted);
    assert_eq!(answer.parents(), [id]);
    // Hidden as it is, it may be kept where its label may flow, and nowhere else.
    assert!(matches!(s.keep(&answer, "general"), Err(Error::FlowDenied)));
    s.keep(&answer, "health").unwrap();
    assert_eq!(s.label(), Label::BOTTOM);
    s.remember_in("general", "Something was summarized").unwrap();
    let kept = space.partition("health").unwrap().memories().unwrap().into_value().remove(0);
    assert!(kept.text == "LDL is fine" && kept.parents == [id] && kept.label.no_training());
    assert!(kept.grants.contains(&grant.id()));
    // Looking at it is a release of what it was made from.
    let before = events(&space, HEALTH).len();
    assert_eq!(s.reveal(&answer).unwrap(), "LDL is fine");
    assert_eq!(events(&space, HEALTH).len(), before + 1);
    assert!(s.label().no_training());
    // The next call of the same session carries all that it has seen.
    let next = s.model_call(&[&s.say("And now?").unwrap()], &Endpoint::model(model(), keeps())).unwrap();
    assert!(next.finish("x").unwrap().label().no_training());
}

#[test]
fn an_endpoint_has_a_clearance_and_a_refusal_is_logged() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let id = ldl(&space);
    let s = session(&space);
    let held = s.hold(id).unwrap();
    let forgetful = Endpoint::model(other(), Endpoint::cleared(Obligations::NO_TRAINING));
    let low = Endpoint::model(other(), Label { confidentiality: Confidentiality::Normal, ..keeps() });
    let released = || events(&space, HEALTH).iter().filter(|e| e.name() == "Released").count();
    let before = released();
    for endpoint in [&forgetful, &low] {
        assert!(matches!(s.model_call(&[&held], endpoint), Err(Error::FlowDenied)));
        let last = events(&space, HEALTH).pop();
        let Some(AuditEvent::FlowDenied { label, into: None, purpose, actor }) = last else { panic!() };
        assert!(label.no_training());
        // Who would have been given it, and for what.
        assert_eq!((purpose, actor), (Some(Purpose::PatientRequest), Some(other())));
    }
    assert_eq!(released(), before);
    s.model_call(&[&held], &Endpoint::model(model(), keeps())).unwrap();
}

#[test]
fn tools_screens_and_files_are_sinks() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let id = ldl(&space);
    let s = session(&space);
    let held = s.hold(id).unwrap();
    let all = Label { obligations: Obligations::from_bits(u32::MAX), ..clearance_of_health() };
    assert!(s.write(&held, &Endpoint::screen(model(), all)).unwrap().contains("112.5"));
    assert!(s.write(&held, &Endpoint::tool(model(), all)).unwrap().contains("112.5"));
    // A tool of somebody else; a file, which a grant to read does not cover; one that trusts only
    // what the person vouches for.
    let search = Recipient::app("web-search").unwrap();
    assert!(matches!(s.write(&held, &Endpoint::tool(search.clone(), all)), Err(Error::Denied)));
    assert!(matches!(s.write(&held, &Endpoint::file(model(), all)), Err(Error::Denied)));
    let careful = Label { integrity: Integrity::User, ..all };
    assert!(matches!(s.write(&held, &Endpoint::tool(model(), careful)), Err(Error::FlowDenied)));
    let plain = s.say("weather in Lyon").unwrap();
    assert!(matches!(s.write(&plain, &Endpoint::tool(search.clone(), careful)), Err(Error::FlowDenied)));
    let heard = s.heard("weather in Lyon", gesture()).unwrap();
    assert_eq!(s.write(&heard, &Endpoint::tool(search.clone(), careful)).unwrap(), "weather in Lyon");
    assert_eq!(s.write(&plain, &Endpoint::tool(search.clone(), all)).unwrap(), "weather in Lyon");
    // Once it has read, nothing that it says goes to whom no grant names.
    s.query(&of_code("13457-7")).unwrap();
    let said = s.say("cholesterol 112.5 meaning").unwrap();
    assert!(matches!(s.write(&said, &Endpoint::tool(search, all)), Err(Error::FlowDenied)));
    assert_eq!(s.write(&said, &Endpoint::screen(model(), all)).unwrap(), "cholesterol 112.5 meaning");
}

#[test]
fn what_goes_into_a_file_is_entered_as_handed_out() {
    let (_dir, space) = space();
    let permit = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
    space.import_consents(permit, gesture()).unwrap();
    let id = ldl(&space);
    let s = session(&space);
    let held = s.hold(id).unwrap();
    let stick = Recipient::app("usb-stick").unwrap();
    let all = Label { obligations: Obligations::from_bits(u32::MAX), ..clearance_of_health() };
    for (endpoint, as_file) in [(Endpoint::file(stick.clone(), all), true), (Endpoint::tool(stick, all), false)] {
        assert!(s.write(&held, &endpoint).unwrap().contains("112.5"));
        let Some(AuditEvent::Released { count: 1, kind, .. }) = events(&space, HEALTH).pop() else { panic!() };
        assert_eq!(kind, if as_file { ReleaseKind::File } else { ReleaseKind::Read });
        let told = space.audit_events(HEALTH, "en").unwrap();
        assert_eq!(told.matches(r#""valueString":"file""#).count(), 1);
    }
}

#[test]
fn an_answer_of_one_model_reaches_another_only_by_consent() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let grant = allow_other(&space);
    let id = ldl(&space);
    let s = session(&space);
    let held = s.hold(id).unwrap();
    let question = s.say("Is it fine?").unwrap();
    let first = s.model_call(&[&question, &held], &Endpoint::model(model(), keeps())).unwrap();
    let answer = first.finish("fine").unwrap();
    let next = Endpoint::model(other(), keeps());
    let before = events(&space, HEALTH).len();
    s.model_call(&[&answer], &next).unwrap();
    assert_eq!(events(&space, HEALTH).len(), before + 1);
    space.withdraw(grant.id()).unwrap();
    assert!(matches!(s.model_call(&[&answer], &next), Err(Error::Denied)));
    assert!(
        matches!(events(&space, HEALTH).last(), Some(AuditEvent::Refused { actor, .. }) if actor.name() == "quarantined-llm")
    );
}

#[test]
fn a_call_carries_what_any_handle_of_the_conversation_was_shown() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let a = session(&space);
    a.remember_in("general", "Hello").unwrap();
    a.query(&of_code("13457-7")).unwrap();
    let b = space.resume(a.conversation(), model(), Purpose::PatientRequest).unwrap();
    let said = b.say("And now?").unwrap();
    a.query(&of_code("20447-9")).unwrap();
    let hiv = |l: Label| l.confidentiality == Confidentiality::VeryRestricted;
    assert!(!hiv(said.label()));
    let call = b.model_call(&[&said], &Endpoint::model(model(), keeps())).unwrap();
    assert!(hiv(call.label()));
    let low = Label { confidentiality: Confidentiality::Restricted, ..keeps() };
    assert!(matches!(b.write(&said, &Endpoint::screen(model(), low)), Err(Error::FlowDenied)));
}

#[test]
fn what_a_session_says_after_reading_is_for_its_own_recipient() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let grant = allow_other(&space);
    let s = session(&space);
    let before = s.say("Hello").unwrap();
    s.query(&of_code("13457-7")).unwrap();
    let after = s.say("It is 112.5").unwrap();
    let stranger = space.session(other(), Purpose::PatientRequest).unwrap();
    assert_eq!(stranger.reveal(&before).unwrap(), "Hello");
    assert!(matches!(stranger.reveal(&after), Err(Error::FlowDenied)));
    let last = events(&space, HEALTH).pop();
    let Some(AuditEvent::FlowDenied { into: None, purpose, actor, .. }) = last else { panic!() };
    assert_eq!((purpose, actor), (Some(Purpose::PatientRequest), Some(other())));
    assert_eq!(stranger.label(), before.label());
    assert_eq!(session(&space).reveal(&after).unwrap(), "It is 112.5");
    // Kept after the consent has ended, it is set aside at once.
    space.grants().unwrap().iter().filter(|g| g.id != grant.id()).for_each(|g| space.withdraw(g.id).unwrap());
    let id = s.keep(&after, "health").unwrap();
    let kept = space.partition("health").unwrap().memories().unwrap().into_value();
    assert!(kept[0].id == id && kept[0].quarantine == Some(Quarantine::ConsentEnded));
}

#[test]
fn training_takes_no_health_value_whatever_the_endpoint_says() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let id = ldl(&space);
    let held = session(&space).hold(id).unwrap();
    let trainer = space.session(model(), Purpose::MlTraining).unwrap();
    let all = Endpoint::model(model(), clearance_of_health());
    assert!(matches!(trainer.model_call(&[&held], &all), Err(Error::FlowDenied)));
}

#[test]
fn only_a_gesture_raises_integrity_and_it_is_logged_first() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    let s = session(&space);
    s.query(&Query::default()).unwrap();
    let said = s.say("You should keep your LDL low").unwrap();
    let before = events(&space, HEALTH).len();
    let confirmed = space.endorse(&said, gesture()).unwrap();
    assert_eq!(confirmed.label(), Label { integrity: Integrity::User, ..said.label() });
    let Some(AuditEvent::Endorsed { record: None, before: b, after: a, .. }) = events(&space, HEALTH).pop() else {
        panic!()
    };
    assert!(b == said.label() && a == confirmed.label() && events(&space, HEALTH).len() == before + 1);
    // Kept, it still has the person's integrity, although the session had read a file.
    s.keep(&confirmed, "health").unwrap();
    s.keep(&said, "health").unwrap();
    let kept = space.partition("health").unwrap().memories().unwrap().into_value();
    let integrity: Vec<Integrity> = kept.iter().map(|m| m.label.integrity).collect();
    assert!(integrity.contains(&Integrity::User) && integrity.iter().min() < Some(&Integrity::User));
    let heard = s.heard("I agree", gesture()).unwrap();
    assert!(heard.label().no_training() && heard.label().integrity == Integrity::User);
    // What the person said is not told as what was written for them.
    let entry = events(&space, HEALTH).pop().unwrap();
    let said = |lang| crate::audit::describe(&entry, lang);
    assert!(said(Lang::En).contains("in their own words") && said(Lang::Fr).contains("ses propres mots"));
    let AuditEvent::Heard { conversation, label, .. } = entry else { panic!("{entry:?}") };
    assert!(conversation == s.conversation() && label == heard.label());
    let held = s.hold(ldl(&space)).unwrap();
    assert!(matches!(space.endorse(&held, gesture()), Err(Error::Malformed(_))));
    assert!(matches!(s.keep(&held, "health"), Err(Error::Malformed(_))));
}

#[test]
fn a_value_of_another_space_is_not_taken() {
    let (_dir, space) = space();
    let (_other_dir, elsewhere) = self::space();
    let value = session(&elsewhere).say("x").unwrap();
    let s = session(&space);
    let screen = Endpoint::screen(model(), clearance_of_health());
    assert!(matches!(s.keep(&value, "health"), Err(Error::Malformed(Malformed::Argument))));
    assert!(matches!(s.reveal(&value), Err(Error::Malformed(Malformed::Argument))));
    assert!(matches!(s.write(&value, &screen), Err(Error::Malformed(Malformed::Argument))));
    assert!(matches!(space.endorse(&value, gesture()), Err(Error::Malformed(Malformed::Argument))));
}

/// What is decided after an entry is made must not leave the entry behind.
#[test]
fn what_an_endpoint_may_not_have_is_not_entered_as_released() {
    let (_dir, space) = space();
    // The session's consent, from elsewhere, asks for nothing; the endpoint's own forbids to pass on.
    let permit = br#"{"resourceType":"Consent","id":"a","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"permit","actor":[{"reference":{"reference":"Practitioner/1"}}],"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}"#;
    assert_eq!(space.import_consents(permit, gesture()).unwrap().void_permits, 0);
    let ask = space.consent_request().purpose(Purpose::Treatment).categories(&[Category::Laboratory]);
    ask.recipient(other()).agree(gesture()).unwrap();
    let s = space.session(Recipient::reference("Practitioner/1").unwrap(), Purpose::Treatment).unwrap();
    let id = s.query(&of_code("13457-7")).unwrap().value()[0].record;
    let s = space.session(Recipient::reference("Practitioner/1").unwrap(), Purpose::Treatment).unwrap();
    let held = s.hold(id).unwrap();
    assert!(!held.label().obligations.contains(Obligations::NO_REDISCLOSURE));
    let released = |of| events(&space, of).iter().filter(|e| e.name() == "Released").count();
    let before = released(HEALTH);
    let endpoint = Endpoint::model(other(), Endpoint::cleared(Obligations::HEALTH));
    let stopped = s.model_call(&[&held], &endpoint);
    assert!(matches!(stopped, Err(Error::FlowDenied)));
    assert_eq!(released(HEALTH), before);
    assert!(matches!(events(&space, HEALTH).last(), Some(AuditEvent::FlowDenied { .. })));
    s.model_call(&[&held], &Endpoint::model(other(), keeps())).unwrap();
    assert_eq!(released(HEALTH), before + 1);
}

#[test]
fn of_several_partitions_all_is_released_or_nothing() {
    let (_dir, space) = space();
    space.create_partition("more", PartitionKind::Health, &unlock()).unwrap();
    let more = super::tests::observation("9", "laboratory", "13457-7", "2026-02-05", "99", "");
    space.partition("more").unwrap().import(super::tests::source(&[more])).unwrap();
    let to = |partition: &str, who| {
        let ask = space.consent_request().partition(partition).purpose(Purpose::PatientRequest);
        ask.categories(&[Category::Laboratory]).recipient(who).agree(gesture()).unwrap()
    };
    let mine = to("more", model());
    to("health", model());
    to("health", other());
    let s = session(&space);
    let state = space.inner.peek().unwrap();
    let all = crate::catalog::View::new(&state.partitions[2].readable, &crate::record::Everything);
    let far = all.query(&Query::default())[0].record;
    let held = [s.hold(ldl(&space)).unwrap(), s.hold(far).unwrap()];
    let made = s.model_call(&[&held[0], &held[1]], &Endpoint::model(model(), keeps())).unwrap();
    let answer = made.finish("Both are fine").unwrap();
    const MORE: LogOf<'static> = LogOf::Partition("more");
    let entries = || [HEALTH, MORE].map(|of| events(&space, of).into_iter().map(|e| e.name()).collect::<Vec<_>>());
    let [health, more] = entries();
    assert!(health.ends_with(&["Released"]) && more.ends_with(&["Released"]));
    // The other endpoint has a grant over one of the two.
    let refused = s.model_call(&[&held[0], &held[1]], &Endpoint::model(other(), keeps()));
    assert!(matches!(refused, Err(Error::Denied)));
    let [health_now, more_now] = entries();
    assert_eq!(health_now, health, "nothing was released");
    assert_eq!(more_now[more.len()..], ["Refused"]);
    // Shown to the session: the same.
    s.reveal(&answer).unwrap();
    let [health, more] = entries();
    space.withdraw(mine.id()).unwrap();
    assert!(matches!(s.reveal(&answer), Err(Error::Denied)));
    let [health_now, more_now] = entries();
    let released = |names: &[&str]| names.iter().filter(|n| **n == "Released").count();
    assert_eq!([released(&health_now), released(&more_now)], [released(&health), released(&more)]);
}

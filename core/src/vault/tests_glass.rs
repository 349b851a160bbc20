//! Emergency access (D11).

use super::tests::*;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::environment::{Environment, FileAnchor, FixedClock};
use crate::error::{Error, Result};
use crate::id::Timestamp;
use crate::label::{Obligations, Purpose};
use crate::record::Category;
use std::sync::Arc;

const MINUTE: i64 = 60_000;
const NOW: i64 = 1_790_000_000_000;

fn space() -> (tempfile::TempDir, HealthSpace, Arc<FixedClock>) {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let env = Environment { anchor: Some(Arc::new(FileAnchor::new(dir.path().join("a")))), ..env };
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    (dir, space, time)
}

fn doctor() -> Recipient {
    Recipient::new(crate::consent::RecipientKind::Person, "Dr X").unwrap()
}

fn grant(space: &HealthSpace, purpose: Purpose, who: Recipient) -> Grant {
    let ask = space.consent_request().purpose(purpose).categories(Category::ALL).recipient(who);
    let text = ask.notice("en").unwrap();
    assert_eq!(text.contains("after 60\u{a0}minutes"), purpose == Purpose::BreakGlass);
    ask.agree(gesture()).unwrap()
}

fn unable(space: &HealthSpace, minutes: u32) -> Result<Session> {
    space.break_glass(doctor(), "found unconscious", Presence::Unable, minutes)
}

#[test]
fn d11_only_a_grant_that_names_it_opens_it() {
    let (_dir, space, _) = space();
    assert!(matches!(unable(&space, 10), Err(Error::Denied)));
    for p in [Purpose::Treatment, Purpose::EmergencyTreatment] {
        grant(&space, p, doctor());
        assert!(matches!(unable(&space, 10), Err(Error::Denied)), "D5: explicit only");
    }
    let refused = events(&space, LogOf::Partition("health"));
    assert_eq!(refused.iter().filter(|e| e.name() == "Refused").count(), 3);
    grant(&space, Purpose::BreakGlass, doctor());
    assert_eq!(unable(&space, 10).unwrap().query(&Query::default()).unwrap().value().len(), 3);
    let other = space.break_glass(model(), "found unconscious", Presence::Unable, 10);
    assert!(matches!(other, Err(Error::Denied)), "for whom it was given");
}

#[test]
fn d11_r_break_glass_no_session_has_it_without_breaking_the_glass() {
    let (_dir, space, _) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let plain = space.session(doctor(), Purpose::BreakGlass).unwrap();
    assert!(matches!(plain.query(&Query::default()), Err(Error::Denied)));
    let broken = unable(&space, 10).unwrap();
    broken.query(&Query::default()).unwrap();
    let resumed = space.resume(broken.conversation(), doctor(), Purpose::BreakGlass).unwrap();
    assert!(matches!(resumed.query(&Query::default()), Err(Error::Denied)), "nor by going on with one");
}

#[test]
fn d11_asks_for_a_reason_and_minutes() {
    let (_dir, space, _) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    for reason in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(1001)] {
        let said = space.break_glass(doctor(), reason, Presence::Unable, 10);
        assert!(matches!(said, Err(Error::Malformed(_))));
    }
    assert!(matches!(unable(&space, 0), Err(Error::Malformed(_))));
    assert!(space.break_glass_notices().unwrap().is_empty());
}

#[test]
fn d11_the_entry_comes_first_and_time_ends_it() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let session = unable(&space, 600).unwrap();
    let log = events(&space, LogOf::Partition("health"));
    let AuditEvent::GlassBroken { until, gesture: None, actor, .. } = log.last().unwrap() else { panic!("no entry") };
    assert_eq!((until.as_millis(), actor), (NOW + 60 * MINUTE, &doctor()), "an hour at most");
    let reader = session.reader(&Query::default(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    time.set(Timestamp::from_millis(NOW + 60 * MINUTE - 1));
    reader.body(record).unwrap();
    session.count(&Query::default()).unwrap();
    time.set(Timestamp::from_millis(NOW + 60 * MINUTE));
    assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
    assert!(matches!(reader.body(record), Err(Error::Denied)), "an open reader too");
    // Set back within the tolerance: the log's time stands.
    time.set(Timestamp::from_millis(NOW + 58 * MINUTE));
    assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
}

#[test]
fn d11_the_person_is_told_what_was_done() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let session = space.break_glass(doctor(), "chest pain", Presence::Confirmed(gesture()), 10).unwrap();
    session.query(&of_code("13457-7")).unwrap();
    session.count(&Query::default()).unwrap();
    // Again, and nothing looked at.
    time.set(Timestamp::from_millis(NOW + 30 * MINUTE));
    unable(&space, 10).unwrap();
    let all = space.break_glass_notices().unwrap();
    assert_eq!(
        all.iter().map(|n| (n.uses.len(), n.present, n.seen)).collect::<Vec<_>>(),
        [(2, true, None), (0, false, None)]
    );
    let en = all[0].text("en");
    for part in [
        "\u{201c}Dr X\u{201d} (person)",
        "chest pain",
        "You were there and agreed",
        "1 item was read",
        "3 items were counted",
    ] {
        assert!(en.contains(part), "{part}\n{en}");
    }
    let fr = all[0].text("fr");
    for part in ["Accès d’urgence", "chest pain", "Vous étiez là", "1 élément lu"] {
        assert!(fr.contains(part), "{part}\n{fr}");
    }
    assert!(all[1].text("en").contains("You were not able to be asked") && all[1].text("en").contains("Nothing was"));
    assert_eq!(format!("{:?}", all[0]), "BreakGlassNotice(..)");
    space.break_glass_seen("health", all[0].entry, gesture()).unwrap();
    space.break_glass_seen("health", all[0].entry, gesture()).unwrap();
    assert!(matches!(space.break_glass_seen("health", 0, gesture()), Err(Error::NotFound)));
    let again = space.break_glass_notices().unwrap();
    assert!(again[0].seen.is_some() && again[1].seen.is_none());
    let seen = events(&space, LogOf::Partition("health")).iter().filter(|e| e.name() == "GlassSeen").count();
    assert_eq!(seen, 1);
}

#[test]
fn d11_a_refusal_of_the_person_and_a_withdrawal_reach_it() {
    let (_dir, space, _) = space();
    let given = grant(&space, Purpose::BreakGlass, doctor());
    let session = unable(&space, 10).unwrap();
    session.query(&Query::default()).unwrap();
    let deny = br#"{"resourceType":"Consent","id":"1","status":"active","provision":{"type":"deny","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}"#;
    let refused = space.import_consents(deny, gesture()).unwrap();
    assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
    assert!(matches!(unable(&space, 10), Err(Error::Denied)));
    space.withdraw(refused.filed[0]).unwrap();
    session.query(&Query::default()).unwrap();
    space.withdraw(given.id()).unwrap();
    assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
}

#[test]
fn d11_it_never_reaches_a_model_and_needs_an_anchor() {
    let (_dir, space, _) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    grant(&space, Purpose::BreakGlass, model());
    let session = unable(&space, 10).unwrap();
    let record = session.query(&Query::default()).unwrap().value()[0].record;
    let held = session.hold(record).unwrap();
    let keeps = Endpoint::cleared(Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE));
    assert!(session.model_call(&[&held], &Endpoint::model(model(), keeps)).is_err());
    let dir = tempfile::tempdir().unwrap();
    let (bare, _) = HealthSpace::create(dir.path().join("b.hs"), &unlock(), clock().0).unwrap();
    fill(&bare);
    grant(&bare, Purpose::BreakGlass, doctor());
    assert!(matches!(unable(&bare, 10), Err(Error::Denied)));
}

#[test]
fn d11_a_clock_set_back_does_not_lengthen_the_hour() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let session = unable(&space, 60).unwrap();
    let reader = session.reader(&Query::default(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    for back in [6 * MINUTE, 365 * 24 * 60 * MINUTE] {
        time.set(Timestamp::from_millis(NOW - back));
        assert!(session.query(&Query::default()).is_err());
        assert!(reader.body(record).is_err());
    }
    // Over is over: at the right time it takes breaking the glass again.
    time.set(Timestamp::from_millis(NOW));
    assert!(session.query(&Query::default()).is_err());
    assert!(reader.body(record).is_err());
    unable(&space, 60).unwrap().query(&Query::default()).unwrap();
}

#[test]
fn d11_a_clock_set_back_a_little_again_and_again_does_not_either() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let at = |minutes: i64| time.set(Timestamp::from_millis(NOW + minutes * MINUTE));
    for by_reader in [false, true] {
        at(0);
        space.confirm_clock(gesture()).unwrap();
        let session = unable(&space, 60).unwrap();
        let reader = session.reader(&Query::default(), 10).unwrap();
        let record = reader.facts(&Query::default()).unwrap()[0].record;
        let goes_on = || if by_reader { reader.body(record).is_ok() } else { session.query(&Query::default()).is_ok() };
        // 50 minutes, four of them back, nine more: 59.
        for minutes in [50, 46, 55] {
            at(minutes);
            assert!(goes_on(), "{minutes} {by_reader}");
        }
        at(56);
        assert!(!goes_on(), "{by_reader}");
        // Ten times a minute, all in the first hour.
        let session = unable(&space, 60).unwrap();
        let reader = session.reader(&Query::default(), 10).unwrap();
        let goes_on = || if by_reader { reader.body(record).is_ok() } else { session.query(&Query::default()).is_ok() };
        let held = (0..20).take_while(|n| {
            at(56 - n % 2);
            goes_on()
        });
        // Five minutes of setting back, and as many of going on.
        assert_eq!(held.count(), 11, "{by_reader}");
    }
}

#[test]
fn d11_a_clock_that_ran_ahead_and_was_confirmed_does_not_either() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    time.set(Timestamp::from_millis(NOW + 20 * 60 * MINUTE));
    let session = unable(&space, 60).unwrap();
    session.query(&Query::default()).unwrap();
    time.set(Timestamp::from_millis(NOW + MINUTE));
    space.confirm_clock(gesture()).unwrap();
    assert!(session.query(&Query::default()).is_err());
    // Nor at the hours that it was given, however it was asked meanwhile.
    let at = |hours: i64| time.set(Timestamp::from_millis(NOW + hours * 60 * MINUTE));
    at(20);
    assert!(session.query(&Query::default()).is_err());
    for confirmed in [true, false] {
        at(40);
        let session = unable(&space, 60).unwrap();
        at(21);
        if confirmed {
            space.confirm_clock(gesture()).unwrap();
        } else {
            assert!(session.query(&Query::default()).is_err());
        }
        at(40);
        assert!(session.query(&Query::default()).is_err(), "{confirmed}");
        let notice = space.break_glass_notices().unwrap().pop().unwrap();
        assert!(notice.until >= notice.began);
        at(0);
        space.confirm_clock(gesture()).unwrap();
    }
}

#[test]
fn d11_what_was_done_is_not_erased_before_the_person_knows() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let session = unable(&space, 60).unwrap();
    session.query(&Query::default()).unwrap();
    let health = LogOf::Partition("health");
    let broken = space.break_glass_notices().unwrap()[0].entry;
    let released = broken + 1;
    for entry in [broken, released] {
        assert!(matches!(space.erase_entries(health, &[entry], gesture()), Err(Error::Denied)));
    }
    // While it goes on, the person has not seen all of it.
    space.break_glass_seen("health", broken, gesture()).unwrap();
    let last = session.query(&Query::default()).unwrap().receipt().entry;
    for entry in [broken, released, last] {
        assert!(matches!(space.erase_entries(health, &[entry], gesture()), Err(Error::Denied)));
    }
    assert_eq!(space.break_glass_notices().unwrap()[0].seen, None);
    let over = Timestamp::from_millis(NOW + 60 * MINUTE);
    time.set(over);
    space.break_glass_seen("health", broken, gesture()).unwrap();
    assert_eq!(space.break_glass_notices().unwrap()[0].seen, Some(over));
    let seen = events(&space, health).iter().filter(|e| e.name() == "GlassSeen").count();
    assert_eq!(seen, 2, "both are logged");
    space.erase_entries(health, &[released, last], gesture()).unwrap();
    let notice = &space.break_glass_notices().unwrap()[0];
    assert!(notice.erased && notice.uses.is_empty());
    assert!(notice.text("en").contains("were erased since") && !notice.text("en").contains("Nothing was"));
    assert!(notice.text("fr").contains("effacées depuis") && !notice.text("fr").contains("Rien n"));
    // With its own entry the notice goes too: who, when and why.
    space.erase_entries(health, &[broken], gesture()).unwrap();
    assert!(space.break_glass_notices().unwrap().is_empty());
}

#[test]
fn d11_each_notice_tells_of_its_own_access_also_where_a_later_one_is_gone() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    unable(&space, 10).unwrap().query(&of_code("13457-7")).unwrap();
    time.set(Timestamp::from_millis(NOW + 20 * MINUTE));
    let second = unable(&space, 10).unwrap();
    let released = second.query(&Query::default()).unwrap().receipt().entry;
    let uses = || space.break_glass_notices().unwrap().iter().map(|n| (n.uses.len(), n.erased)).collect::<Vec<_>>();
    assert_eq!(uses(), [(1, false), (1, false)]);
    time.set(Timestamp::from_millis(NOW + 30 * MINUTE));
    let [first, later] = [0, 1].map(|i| space.break_glass_notices().unwrap()[i].entry);
    space.break_glass_seen("health", later, gesture()).unwrap();
    let health = LogOf::Partition("health");
    space.erase_entries(health, &[later], gesture()).unwrap();
    assert_eq!(uses(), [(1, false)], "what was done under the later one is not of the earlier one");
    space.erase_entries(health, &[released], gesture()).unwrap();
    assert!(matches!(space.erase_entries(health, &[first + 1], gesture()), Err(Error::Denied)), "its own is owed");
    assert_eq!(uses(), [(1, false)]);
}

#[test]
fn d11_the_notice_says_until_when_and_what_was_refused() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let session = unable(&space, 10).unwrap();
    let notice = || space.break_glass_notices().unwrap().pop().unwrap();
    let end = Timestamp::from_millis(NOW + 10 * MINUTE);
    assert_eq!((notice().began.as_millis(), notice().until), (NOW, end));
    let clock = |t| crate::audit::day_and_time(t, crate::lang::Lang::En);
    assert!(notice().text("en").contains(&format!("until {} at the latest", clock(end))));
    time.set(end);
    assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
    let [refused] = &notice().uses[..] else { panic!("one entry") };
    assert_eq!(refused.event, AuditEvent::Refused { purpose: Purpose::BreakGlass, actor: doctor() });
    for (language, told) in [("en", crate::lang::Lang::En), ("fr", crate::lang::Lang::Fr)] {
        assert!(notice().text(language).contains(&refused.tell(told)), "{language}");
    }
    // Asked for by somebody who has no such access, it is of no notice.
    let other = space.break_glass(model(), "found unconscious", Presence::Unable, 10);
    assert!(matches!(other, Err(Error::Denied)));
    assert_eq!(notice().uses.len(), 1);
}

#[test]
fn d11_the_notice_tells_of_what_was_written_and_kept_from_flowing() {
    let (_dir, space, time) = space();
    grant(&space, Purpose::BreakGlass, doctor());
    let s = unable(&space, 10).unwrap();
    s.remember_in("general", "A doctor was here").unwrap();
    let seen = s.query(&of_code("20447-9")).unwrap();
    s.remember("HIV positive", &seen).unwrap();
    s.append("health", Role::Assistant, &s.say("HIV again").unwrap()).unwrap();
    assert!(matches!(s.remember_in("general", "HIV positive"), Err(Error::FlowDenied)));
    let other = Endpoint::model(model(), Endpoint::cleared(Obligations::from_bits(u32::MAX)));
    assert!(matches!(s.model_call(&[&s.say("HIV").unwrap()], &other), Err(Error::FlowDenied)));
    // Others do such things at the same time.
    allow(&space, &[Category::Laboratory]);
    space.session(model(), Purpose::PatientRequest).unwrap().remember_in("health", "hello").unwrap();
    let notice = |space: &HealthSpace| space.break_glass_notices().unwrap().remove(0);
    let names = |n: &BreakGlassNotice| n.uses.iter().map(|e| e.event.name()).collect::<Vec<_>>();
    let told = notice(&space);
    // What is not for the log of `general` stands in that of `health`.
    let of_health = ["Released", "Remembered", "TurnAppended", "FlowDenied", "FlowDenied"];
    assert_eq!(names(&told), [&of_health[..], &["Remembered"]].concat());
    for words in ["A memory was stored", "kept from flowing into another partition", "kept from leaving the space"] {
        assert!(told.text("en").contains(words), "{words}\n{}", told.text("en"));
    }
    // Owed until it is seen, wherever it stands.
    let of_general = LogOf::Partition("general");
    let last = space.log(of_general).unwrap().last().unwrap().index;
    assert!(matches!(space.erase_entries(of_general, &[last], gesture()), Err(Error::Denied)));
    time.set(Timestamp::from_millis(NOW + 11 * MINUTE));
    space.break_glass_seen("health", told.entry, gesture()).unwrap();
    assert!(notice(&space).seen.is_some());
    space.erase_entries(of_general, &[last], gesture()).unwrap();
    let told = notice(&space);
    assert!(told.erased && names(&told) == of_health);
    // Written afterwards from what was seen in it: the person is told again.
    s.remember_in("health", "HIV positive").unwrap();
    let told = notice(&space);
    assert!(told.seen.is_none() && names(&told).last() == Some(&"Remembered"), "{:?}", names(&told));
}

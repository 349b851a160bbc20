//! What a grant does not become by being renewed, used in two logs or in an emergency, or by not being there.

use super::file::{ClaimPart, DisclosurePart, File, ItemsPart};
use super::tests::{
    A, ELSEWHERE, Liar, MINUTE, SCOPE, ask, consent, file_with, granted, imported, keys, opened, released, space,
    terms, verify,
};
use super::tests_grants::*;
use super::*;
use crate::audit::{AuditEvent, ReleaseKind};
use crate::consent::{Delegation, GrantTerms, Recipient};
use crate::environment::{Environment, FileAnchor};
use crate::error::{Error, Malformed};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Origins, PartitionKind, Purpose};
use crate::record::Category;
use crate::vault::tests::{allow, clock, fill, gesture, model, of_code, unlock};
use crate::vault::{Endpoint, HealthSpace, Presence, Session};
use std::sync::Arc;

/// What is not proved where a text is hidden.
const HIDDEN: [&str; 5] = [PASSED_ON, TERMS, RECIPIENT, CATEGORIES, PARTITION];

#[test]
fn a_grant_that_a_whole_log_does_not_give_was_never_given() {
    let noise = || AuditEvent::SpaceCreated {};
    let nothing = [OMITTED, PASSED_ON, TERMS, PURPOSE, RECIPIENT, CATEGORIES, PARTITION];
    let of = |events: &[AuditEvent], shown: &[usize]| limits(events, events.len(), shown, &[]);
    assert_eq!(of(&[noise(), noise()], &[0, 1]), REFUSED);
    assert_eq!(of(&[noise(), noise()], &[1]), nothing, "or where it is not shown");
    let (again, _) = renewed(A, &terms(model()), 30);
    assert_eq!(of(&[again], &[0]), REFUSED, "renewed it was, and never given");
    // The one above is as necessary.
    let (child, text) = given(A, &carers_terms("Ben", below()));
    let log = [child, noise()];
    assert_eq!(limits_of(&log, 2, &[0, 1], &[&text], &to_ben), REFUSED);
    assert_eq!(limits_of(&log, 2, &[0], &[&text], &to_ben), [OMITTED, PASSED_ON, TERMS, CATEGORIES]);
}

#[test]
fn a_renewal_gives_another_end_and_count_and_nothing_else() {
    let plain = GrantTerms { expires: at(7), ..terms(model()) };
    let check = |before: &GrantTerms, after: &GrantTerms, shown: &dyn Fn(&[&str]) -> Vec<String>| {
        let ((event, first), (again, newer)) = (given(A, before), renewed(A, after, 20));
        let texts = shown(&[&first, &newer]);
        limits(&[event, again], 2, &[0, 1], &texts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let all = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
    let newer = |texts: &[&str]| vec![texts[1].to_owned()];
    let first = |texts: &[&str]| vec![texts[0].to_owned()];
    let uses = |n| GrantTerms { uses: Some(n), ..plain.clone() };
    assert_eq!(check(&plain, &plain, &all), NONE);
    assert_eq!(check(&uses(1), &uses(3), &all), NONE);
    assert_eq!(check(&GrantTerms { expires: None, ..plain.clone() }, &plain, &all), NONE);
    // Of what is hidden nobody knows whether it is the same.
    assert_eq!(check(&plain, &plain, &newer), HIDDEN);
    assert_eq!(check(&plain, &plain, &first), HIDDEN);
    let more = vec![Category::Laboratory, Category::Sleep];
    let us = terms(Recipient::model("us-llm").unwrap()).recipient;
    for (why, before) in [
        ("who", GrantTerms { recipient: us, ..plain.clone() }),
        ("what", GrantTerms { categories: more, ..plain.clone() }),
        ("where", GrantTerms { scope: ScopeId([9; 16]), ..plain.clone() }),
        ("since when", GrantTerms { starts: at(1), ..plain.clone() }),
        ("of when", GrantTerms { data_period: Some((at(0).unwrap(), at(1).unwrap())), ..plain.clone() }),
        ("up to what", GrantTerms { confidentiality: Some(crate::label::Confidentiality::Normal), ..plain.clone() }),
        (
            "with what duties",
            GrantTerms { obligations: plain.obligations.union(Obligations::DELETE_AFTER_USE), ..plain.clone() },
        ),
        ("counted", uses(9)),
    ] {
        assert_eq!(check(&before, &plain, &all), REFUSED, "{why}");
        assert_eq!(check(&before, &plain, &newer), HIDDEN, "{why}");
    }
    let (event, first) = given(A, &plain);
    let ((again, newer), whose) = (renewed(A, &plain, 20), "07070707-0707-0707-0707-070707070707");
    let other = newer.replace(whose, &whose.replace('7', "8"));
    assert_ne!(other, newer);
    let AuditEvent::Renewed { grant, version, notice_hash, locale, gesture, expires, .. } = again else { panic!() };
    let consent_hash = crate::crypto::hash::sha256(&[other.as_bytes()]);
    let again = AuditEvent::Renewed { grant, version, consent_hash, notice_hash, locale, gesture, expires };
    assert_eq!(limits(&[event, again], 2, &[0, 1], &[&first, &other]), REFUSED, "whose");
    // Nor does it stop to be under another.
    let carer = |name, delegation: Delegation| GrantTerms { expires: at(40), ..carers_terms(name, delegation) };
    let ((above, carers), (child, text)) = (given(P, &carer("Ana", may())), given(A, &carer("Ben", below())));
    let (free, newer) = renewed(A, &carer("Ben", Delegation::default()), 30);
    assert_eq!(limits_of(&[above, child, free], 3, &[0, 1, 2], &[&carers, &text, &newer], &to_ben), REFUSED);
}

#[test]
fn emergency_access_is_under_its_grants_and_for_an_hour_at_most() {
    let theirs = GrantTerms { purpose: Purpose::BreakGlass, ..terms(model()) };
    let (event, text) = given(A, &theirs);
    let began = |time: i64, grants: &[GrantId], who: &str, until: i64| {
        let (grants, actor, until) =
            (grants.to_vec(), Recipient::model(who).unwrap(), Timestamp::from_millis(until * MINUTE));
        (time, AuditEvent::GlassBroken { grants, actor, reason_hash: [0; 32], until, gesture: None })
    };
    let btg = |f: &mut Fields<'_>| *f.purpose = Purpose::BreakGlass;
    let check = |before: &[(i64, AuditEvent)]| limits_at(&[(5, event.clone())], 1, &[0], &[&text], before, &btg);
    for (time, grants, until) in [(8, &[A][..], 11), (8, &[P, A], 11), (8, &[A], 68), (10, &[A], 11), (5, &[A], 11)] {
        assert_eq!(check(&[began(time, grants, "eu-llm", until)]), NONE, "{time} {until}");
    }
    for not in [
        began(8, &[A], "eu-llm", 10),
        began(8, &[A], "us-llm", 11),
        began(8, &[A], "eu-llm", 69),
        began(8, &[A], "eu-llm", i64::MAX / MINUTE),
        began(i64::MIN / MINUTE, &[A], "eu-llm", 11),
        began(8, &[P], "eu-llm", 11),
        began(8, &[], "eu-llm", 11),
        began(11, &[A], "eu-llm", 12),
        began(4, &[A], "eu-llm", 11),
    ] {
        assert_eq!(check(std::slice::from_ref(&not)), REFUSED, "{:?}", not.1);
    }
    assert_eq!(check(&[]), REFUSED);
    assert_eq!(check(&[began(1, &[A], "eu-llm", 9), began(9, &[A], "eu-llm", 12)]), NONE, "begun again");
}

#[test]
fn what_was_released_is_of_a_category() {
    let check = |events: &[AuditEvent], texts: &[&str], count: u64| {
        limits_of(events, 1, &[0], texts, &|f| (f.categories.clear(), *f.count = count).1)
    };
    let own = consent(None);
    assert_eq!(check(&[granted(None)], &[&own], 3), REFUSED);
    assert_eq!(check(&[granted(None)], &[], 1), REFUSED);
    assert_eq!(check(&[imported(1)], &[], 1), REFUSED);
    assert_eq!(check(&[granted(None)], &[&own], 0), NONE);
}

#[test]
fn a_partition_has_one_log() {
    let counted = GrantTerms { uses: Some(1), ..terms(model()) };
    let (event, text) = given(A, &counted);
    let check = |names: &[(ScopeId, u16, u8)], limits: &[&str]| {
        let system = Liar::naming(1, &[(5, event.clone())], names);
        let first = AuditEvent::SpaceCreated {};
        let logs = [2, 3].map(|n| Liar::of(n, &[(1, first.clone()), (10, released(system.head(1), &[]))]));
        let claim = ClaimPart {
            what: "released under a grant that was not withdrawn before".into(),
            level: "verifiable".into(),
            does_not_prove: limits.iter().map(|l| (*l).to_owned()).collect(),
        };
        let one = |log| DisclosurePart { log, index: 1, items: ItemsPart::Hidden, claim: claim.clone() };
        let file = File {
            logs: vec![system.part(&[0], &[1]), logs[0].part(&[0, 1], &[]), logs[1].part(&[0, 1], &[])],
            consents: vec![text.clone().into_bytes()],
            disclosures: vec![one(1), one(2)],
            limits: super::claim::LIMITS.map(str::to_owned).to_vec(),
        };
        match verify(&file.encode().unwrap(), &[system.key(), logs[0].key(), logs[1].key()]) {
            Err(Error::Malformed(Malformed::Proof)) => false,
            other => other.is_ok(),
        }
    };
    assert!(!check(&[(SCOPE, 1, 2), (SCOPE, 1, 3)], &[]), "a one-time grant, used in each");
    assert!(!check(&[(SCOPE, 1, 2), (SCOPE, 2, 3)], &[]));
    assert!(!check(&[(SCOPE, 1, 2), (SCOPE, 1, 2)], &[PARTITION, USES]), "one origin, named twice");
    // Where it is not said which partition it is, how often a grant was used is not known either.
    assert!(check(&[], &[PARTITION, USES]));
    assert!(!check(&[], &[PARTITION]));
}

/// Whoever holds the key of one partition's log cannot make it that of another one: the space's log alone
/// says which is which.
#[test]
fn a_log_is_of_the_partition_that_the_space_says() {
    let own = consent(None);
    let shown = |names: &[(ScopeId, u16, u8)], first: AuditEvent| {
        let system = Liar::naming(1, &[(5, granted(None))], names);
        let room = Liar::of(2, &[(1, first), (10, released(system.head(1), &[]))]);
        let bytes = file_with(&system, &[0], &[1], &room, ItemsPart::Hidden, &[own.as_bytes()])?;
        let health = Liar::of(3, &[]).key();
        let report = verify(&bytes, &[system.key(), room.key(), health])?;
        Ok::<_, Error>(report.disclosures[0].does_not_prove.contains(&PARTITION))
    };
    assert!(!shown(&[(SCOPE, 1, 2)], opened().1).unwrap());
    assert!(!shown(&[(SCOPE, 1, 2)], AuditEvent::SpaceCreated {}).unwrap());
    // `general`'s log says of itself that it is that of the partition that the grant names.
    assert!(shown(&[], opened().1).unwrap());
    assert!(shown(&[(SCOPE, 1, 3)], opened().1).unwrap());
    let general = ScopeId([9; 16]);
    assert!(shown(&[(SCOPE, 1, 3), (general, 2, 2)], opened().1).is_err());
    // And one that says otherwise of itself is not that one.
    for (scope, ordinal) in [(general, 1), (SCOPE, 2)] {
        let first = AuditEvent::PartitionCreated { scope, ordinal, kind: PartitionKind::Health };
        assert!(shown(&[(SCOPE, 1, 2)], first).is_err());
    }
}

#[test]
fn a_release_comes_after_what_came_before_it() {
    let noise = AuditEvent::SpaceCreated {};
    let confirmed = AuditEvent::ClockConfirmed { floor: Timestamp::from_millis(30 * MINUTE), gesture: gesture() };
    let own = consent(None);
    let check = |system: &[(i64, AuditEvent)], shown: &[usize], before: &[(i64, AuditEvent)]| {
        let log = [&[(5, granted(None))], system].concat();
        limits_at(&log, log.len(), shown, &[&own], before, &|_| {})
    };
    let ahead = || (11, noise.clone());
    assert_eq!(check(&[(10, noise.clone())], &[0, 1], &[(10, noise.clone())]), NONE);
    assert_eq!(check(&[ahead()], &[0, 1], &[]), REFUSED);
    assert_eq!(check(&[ahead(), (6, confirmed.clone())], &[0, 1, 2], &[]), NONE);
    assert_eq!(check(&[ahead(), (6, noise.clone())], &[0, 1], &[]), [OMITTED]);
    assert_eq!(check(&[], &[0], &[ahead()]), REFUSED);
    assert_eq!(check(&[(6, confirmed)], &[0, 1], &[ahead()]), NONE);
    assert_eq!(check(&[(6, noise.clone())], &[0], &[ahead()]), [OMITTED], "a clock may have been confirmed");
    // The grant above comes before the one below.
    let ((above, carer), (child, text)) =
        (given(P, &carers_terms("Ana", may())), given(A, &carers_terms("Ben", below())));
    let both = [carer.as_str(), &text];
    assert_eq!(limits_of(&[above.clone(), child.clone()], 2, &[0, 1], &both, &to_ben), NONE);
    assert_eq!(limits_of(&[child, above], 2, &[0, 1], &both, &to_ben), REFUSED);
}

#[test]
fn a_grant_that_waits_is_confirmed_first() {
    let held = [
        AuditEvent::Recovered { permissions: 1, gesture: gesture() },
        AuditEvent::Restored { backup: None, erasures: "unknown".into(), permissions: 1, gesture: gesture() },
    ];
    let confirmed = |grant| AuditEvent::PermissionConfirmed { grant, gesture: gesture() };
    let own = consent(None);
    for hold in held {
        let check = |events: &[AuditEvent], shown: &[usize]| limits(events, events.len(), shown, &[&own]);
        let log = |more: &[AuditEvent]| [&[granted(None), hold.clone()], more].concat();
        assert_eq!(check(&log(&[]), &[0, 1]), REFUSED);
        assert_eq!(check(&log(&[confirmed(P)]), &[0, 1, 2]), REFUSED);
        assert_eq!(check(&log(&[confirmed(A)]), &[0, 1, 2]), NONE);
        assert_eq!(check(&log(&[confirmed(A), hold.clone()]), &[0, 1, 2, 3]), REFUSED);
        assert_eq!(check(&log(&[confirmed(A)]), &[0, 1]), [OMITTED], "it may have been");
        assert_eq!(check(&[hold.clone(), granted(None)], &[0, 1]), NONE, "given since");
        let elsewhere = |events: &[AuditEvent], shown: &[usize]| limits(events, events.len(), shown, &[ELSEWHERE]);
        assert_eq!(elsewhere(&[imported(1), hold.clone()], &[0, 1]), REFUSED);
        assert_eq!(elsewhere(&[imported(1), hold.clone(), imported(2)], &[0, 1, 2])[0], TERMS);
    }
}

#[test]
fn a_release_bears_the_label_of_its_partition() {
    let own = consent(None);
    let check = |bits: u64, before: &[(i64, AuditEvent)]| {
        let of = |f: &mut Fields<'_>| f.label.origins = Origins::from_bits(bits);
        limits_at(&[(5, granted(None))], 1, &[0], &[&own], before, &of)
    };
    assert_eq!((check(0b10, &[]), check(0b110, &[])), (NONE.to_vec(), NONE.to_vec()));
    assert_eq!((check(0, &[])[0], check(0b100, &[])[0]), ("refused", "refused"));
    let level = |of| limits_at(&[(5, granted(None))], 1, &[0], &[&own], &[], &|f| f.label.confidentiality = of);
    assert_eq!(
        (level(Confidentiality::Restricted), level(Confidentiality::VeryRestricted)),
        (NONE.to_vec(), NONE.to_vec())
    );
    assert_eq!(level(Confidentiality::Normal), REFUSED, "what is in a partition of health data is restricted");
    assert_eq!(level(Confidentiality::Unrestricted), REFUSED);
    // And a log is of one partition, by its first entry alone.
    let other = AuditEvent::PartitionCreated { scope: ScopeId([9; 16]), ordinal: 2, kind: PartitionKind::Health };
    assert_eq!(check(0b110, &[(5, other)]), REFUSED);
}

/// In a space: the first text is shown with the one in force, and each version of it is.
#[test]
fn a_space_shows_what_was_renewed() {
    let (_dir, space) = space();
    let grant = allow(&space, &[Category::Laboratory]);
    for days in [40, 50, 60] {
        space.renewal(grant.id()).expires_in_days(days).agree(gesture()).unwrap();
    }
    ask(&space, "eu-llm");
    let bytes = space.evidence(&EvidenceRequest::new()).unwrap();
    assert_eq!(File::decode(&bytes).unwrap().consents.len(), 2);
    let one = verify(&bytes, &keys(&space)).unwrap().disclosures.remove(0);
    assert_eq!(
        (one.level, &one.does_not_prove[..]),
        (Level::Verifiable, &["withdrawals entered in the partition's own log"][..])
    );
    let text = one.grants[0].consent.clone().unwrap();
    assert_eq!(crate::consent::from_fhir(&text).unwrap().meta.version, 4);
}

/// Emergency access is of the grants that it began with, so evidence of it can be written: what is given
/// while it goes on takes one of its own.
#[test]
fn emergency_access_does_not_grow() {
    let dir = tempfile::tempdir().unwrap();
    let env = Environment { anchor: Some(Arc::new(FileAnchor::new(dir.path().join("a")))), ..clock().0 };
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    let give = |category| {
        let ask = space.consent_request().purpose(Purpose::BreakGlass).categories(&[category]);
        ask.recipient(model()).agree(gesture()).unwrap()
    };
    let begin = || space.break_glass(model(), "found unconscious", Presence::Unable, 10).unwrap();
    let look = |session: &Session| session.query(&of_code("13457-7")).map(|found| found.value().len());
    let (first, session) = (give(Category::Laboratory), begin());
    assert_eq!(look(&session).unwrap(), 1);
    let second = give(Category::Sleep);
    assert!(matches!(look(&session), Err(Error::Denied)), "under more than it began with");
    let both = begin();
    assert_eq!(look(&both).unwrap(), 1);
    space.withdraw(second.id()).unwrap();
    assert_eq!((look(&both).unwrap(), look(&session).unwrap()), (1, 1), "under less");
    space.withdraw(first.id()).unwrap();
    assert!(matches!(look(&both), Err(Error::Denied)));
    let all = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap().disclosures;
    assert_eq!(all.len(), 4);
    for one in all {
        assert_eq!(
            (one.level, &one.does_not_prove[..]),
            (Level::Verifiable, &["withdrawals entered in the partition's own log"][..])
        );
    }
}

/// What a grant of the space never permits is not proved by one, and an emergency exports under none.
#[test]
fn a_file_is_handed_out_under_a_consent_from_elsewhere_alone() {
    let file = |f: &mut Fields<'_>| *f.kind = ReleaseKind::File;
    let in_emergency = |f: &mut Fields<'_>| *f.purpose = Purpose::BreakGlass;
    let own = consent(None);
    assert_eq!(limits_of(&[granted(None)], 1, &[0], &[&own], &file), REFUSED);
    assert_eq!(limits_of(&[granted(None)], 1, &[0], &[], &file), REFUSED, "also where the text is not shown");
    let trainer = GrantTerms::new(Purpose::MlTraining, SCOPE, &[Category::Laboratory], model());
    let (event, text) = given(A, &trainer);
    let trains = |f: &mut Fields<'_>| (file(f), *f.purpose = Purpose::MlTraining).1;
    assert_eq!(limits_of(&[event], 1, &[0], &[&text], &trains), REFUSED);
    for kind in [ReleaseKind::Read, ReleaseKind::Ground, ReleaseKind::Count, ReleaseKind::Reader, ReleaseKind::More] {
        assert_eq!(limits_of(&[granted(None)], 1, &[0], &[&own], &|f| *f.kind = kind), NONE, "{kind:?}");
    }
    let elsewhere = |change: Change<'_>| limits_of(&[imported(1)], 1, &[0], &[ELSEWHERE], change);
    assert_eq!(elsewhere(&file), elsewhere(&|_| {}));
    let until = Timestamp::from_millis(20 * MINUTE);
    let began = AuditEvent::GlassBroken { grants: vec![A], actor: model(), reason_hash: [0; 32], until, gesture: None };
    let glass =
        |change: Change<'_>| limits_at(&[(5, imported(1))], 1, &[0], &[ELSEWHERE], &[(9, began.clone())], change);
    assert_ne!(glass(&in_emergency), REFUSED);
    assert_eq!(glass(&|f| (file(f), in_emergency(f)).1), REFUSED);
}

/// What a space hands out as a file, under a consent that permits it, it can prove.
#[test]
fn a_space_proves_what_it_handed_out_as_a_file() {
    let (_dir, space) = space();
    let permit = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
    space.import_consents(permit, gesture()).unwrap();
    allow(&space, &[Category::Laboratory]);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let record = session.query(&of_code("13457-7")).unwrap().value()[0].record;
    let stick = Recipient::app("usb-stick").unwrap();
    let all = Obligations::from_bits(u32::MAX);
    for to in [stick, model()] {
        let session = space.session(to.clone(), Purpose::PatientRequest).unwrap();
        let held = session.hold(record).unwrap();
        session.write(&held, &Endpoint::file(to, Endpoint::cleared(all))).unwrap();
    }
    let told = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap().disclosures;
    let files = told.iter().filter(|d| matches!(d.entry.event, AuditEvent::Released { kind: ReleaseKind::File, .. }));
    assert_eq!((told.len(), files.count()), (3, 2));
    assert!(told.iter().all(|d| d.level == Level::Verifiable));
}

/// Which came first is not proved where the place of a withdrawal says one thing and its time another: who holds a
/// partition's key names whichever size it likes, and an honest clock may have been set back.
#[test]
fn an_end_that_is_dated_before_a_release_and_stands_behind_it_is_said() {
    let plain = GrantTerms { expires: at(30), ..terms(model()) };
    let (event, text) = given(A, &plain);
    let check = |last: (i64, AuditEvent)| {
        let log = [(5, event.clone()), last];
        limits_at(&log, 1, &[0, 1], &[&text], &[], &|_| {})
    };
    let withdrawn = |grant| AuditEvent::Withdrawn { grant, gesture: None };
    assert_eq!(check((9, withdrawn(A))), [DATED]);
    assert_eq!((check((10, withdrawn(A))), check((11, withdrawn(A)))), (NONE.to_vec(), NONE.to_vec()));
    assert_eq!(check((9, withdrawn(P))), NONE, "another grant");
    let until = |end| renewed(A, &plain, end).0;
    assert_eq!((check((9, until(10))), check((9, until(11)))), (vec![DATED], NONE.to_vec()));
    assert_eq!(check((11, until(10))), NONE);
    let restored = AuditEvent::Recovered { permissions: 1, gesture: gesture() };
    assert_eq!((check((9, restored.clone())), check((11, restored))), (vec![DATED], NONE.to_vec()));
    // A clock that was confirmed since may explain it, or not: it is said all the same.
    let confirmed = AuditEvent::ClockConfirmed { floor: Timestamp::from_millis(30 * MINUTE), gesture: gesture() };
    let log = [(5, event.clone()), (9, confirmed), (9, withdrawn(A))];
    assert_eq!(limits_at(&log, 1, &[0, 1, 2], &[&text], &[], &|_| {}), [DATED]);
    assert_eq!(limits_at(&log, 1, &[0, 1], &[&text], &[], &|_| {}), NONE, "what is not shown is not seen");
}

/// In a space: a clock that was set back by a minute before the withdrawal. Evidence of it is written, shows the
/// withdrawal, and leaves open which came first.
#[test]
fn a_space_shows_a_withdrawal_that_a_clock_dates_before_a_release() {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    let grant = allow(&space, &[Category::Laboratory]);
    let at = |minute: i64| time.set(Timestamp::from_millis(1_790_000_000_000 + minute * MINUTE));
    let told = || {
        let all = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap().disclosures;
        all.into_iter().map(|d| (d.level, d.does_not_prove)).collect::<Vec<_>>()
    };
    let limited = "withdrawals entered in the partition's own log";
    at(1);
    ask(&space, "eu-llm");
    at(3);
    ask(&space, "eu-llm");
    let plain = (Level::Verifiable, vec![limited]);
    assert_eq!(told(), [plain.clone(), plain.clone()]);
    at(2);
    space.withdraw(grant.id()).unwrap();
    assert_eq!(told(), [plain, (Level::Logged, vec![DATED, limited])]);
}

/// Of a partition's own log what stands below the last release is shown, and nothing behind it; a withdrawal that
/// stands there is seen.
#[test]
fn the_partitions_own_log_is_shown_where_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let env = Environment { anchor: Some(Arc::new(FileAnchor::new(dir.path().join("a")))), ..clock().0 };
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    let allow = |name: &str| {
        let request = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
        let request = request.recipient(Recipient::model(name).unwrap()).uses(2).expires_in_days(3);
        request.agree(gesture()).unwrap()
    };
    let counted = [allow("eu-llm"), allow("us-llm")];
    let first = ask(&space, "eu-llm");
    ask(&space, "us-llm");
    let second = ask(&space, "eu-llm");
    ask(&space, "us-llm");
    let request = || EvidenceRequest::new().recipient(model());
    let limits = |request: EvidenceRequest| {
        let all = verify(&space.evidence(&request).unwrap(), &keys(&space)).unwrap().disclosures;
        all.into_iter().map(|d| (d.index, d.does_not_prove)).collect::<Vec<_>>()
    };
    let not_seen = vec!["withdrawals entered in the partition's own log", USES];
    assert_eq!(limits(request()), [(first, not_seen.clone()), (second, not_seen.clone())]);
    assert_eq!(limits(request().with_partition_entries()), [(first, vec![]), (second, vec![])]);
    // Whose partition it is, the space's log says.
    let alone = limits(request().with_partition_entries().without_system_entries());
    assert!(alone.iter().all(|(_, said)| !said.contains(&not_seen[0]) && !said.is_empty()));
    let bytes = space.evidence(&request().with_partition_entries()).unwrap();
    let own: Vec<Vec<u64>> = File::decode(&bytes).unwrap().logs.iter().map(|l| indexes(&l.entries)).collect();
    assert!(own.contains(&(0..=second).collect()), "{own:?}");
    // By its number, of one of them; and none where nothing was asked for.
    let one = EvidenceRequest::new().partition("health").entries(&[first]).with_partition_entries();
    let bytes = space.evidence(&one).unwrap();
    let own: Vec<Vec<u64>> = File::decode(&bytes).unwrap().logs.iter().map(|l| indexes(&l.entries)).collect();
    assert!(own.contains(&(0..=first).collect()), "{own:?}");
    let none = EvidenceRequest::new().recipient(Recipient::model("nobody").unwrap()).with_partition_entries();
    assert!(File::decode(&space.evidence(&none).unwrap()).unwrap().logs.is_empty());
    counted.iter().for_each(|grant| space.withdraw(grant.id()).unwrap());
    assert_eq!(limits(request().with_partition_entries()), [(first, vec![]), (second, vec![])]);
}

fn indexes(entries: &[super::file::EntryPart]) -> Vec<u64> {
    entries.iter().map(|e| e.index).collect()
}

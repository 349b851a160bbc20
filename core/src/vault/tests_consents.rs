//! Consents from elsewhere in the vault: filed, decided by, withdrawn, handed out.

use super::tests::{allow, clock, events, fill, gesture, model, observation, of_code, source, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::consent::{Recipient, Standing};
use crate::error::Error;
use crate::id::Timestamp;
use crate::label::Purpose;
use crate::record::Category;

const LDL: &str = "13457-7";

fn consent(id: &str, updated: &str, status: &str, provision: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Consent","id":"{id}","meta":{{"lastUpdated":"{updated}T00:00:00Z"}},"status":"{status}","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{provision}}}"#
    )
    .into_bytes()
}

fn provision(effect: &str, purpose: &str, more: &str) -> String {
    format!(
        r#"{{"type":"{effect}"{more},"purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"{purpose}"}}]}}"#
    )
}

/// How many LDL results a practitioner is shown.
fn asked(space: &HealthSpace, who: &Recipient, purpose: Purpose) -> crate::Result<usize> {
    let s = space.session(who.clone(), purpose)?;
    Ok(s.query(&of_code(LDL))?.into_value().len())
}

#[test]
fn a_consent_from_elsewhere_is_decided_by_until_it_is_withdrawn() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(&file, &unlock(), env.clone()).unwrap();
    fill(&space);
    let part = HealthSpace::open_partitions(&file, &unlock(), env.clone(), &["health"]).unwrap();
    let doctor = Recipient::reference("Practitioner/1").unwrap();
    let treat = |s: &HealthSpace| asked(s, &doctor, Purpose::Treatment);
    assert!(matches!(treat(&space), Err(Error::Denied)));

    let actor = r#","period":{"end":"2027"},"actor":[{"reference":{"reference":"Practitioner/1"}}]"#;
    let permit = consent("a", "2026-01-01", "active", &provision("permit", "TREAT", actor));
    assert!(matches!(part.import_consents(&permit, gesture()), Err(Error::NeedsFullSlot)));
    let report = space.import_consents(&permit, gesture()).unwrap();
    assert_eq!((report.filed.len(), report.unusable, report.void_permits), (1, 0, 0));
    let id = report.filed[0];
    let again = space.import_consents(&permit, gesture()).unwrap();
    assert_eq!((again.filed.len(), again.unchanged), (0, 1));
    for s in [&space, &part] {
        assert_eq!(treat(s).unwrap(), 1);
        assert!(matches!(asked(s, &model(), Purpose::Treatment), Err(Error::Denied)));
        assert!(matches!(asked(s, &doctor, Purpose::MlTraining), Err(Error::Denied)));
        assert_eq!(s.imported_consents().unwrap()[0].standing, Standing::InForce);
        assert_eq!(s.export_consents().unwrap(), [(id, permit.clone())]);
    }
    let imports = |s: &HealthSpace| {
        events(s, LogOf::Space)
            .iter()
            .filter(|e| matches!(e, AuditEvent::ConsentImported { grant, .. } if *grant == id))
            .count()
    };
    assert_eq!(imports(&space), 1);

    // It ends with the year that it names.
    let at = |text| Timestamp::from_millis(crate::record::When::parse_fhir(text).unwrap().at);
    clock.set(at("2027-12-31T23:59:59Z"));
    assert_eq!(treat(&space).unwrap(), 1);
    clock.set(at("2028-01-01T00:00:00Z"));
    assert!(matches!(treat(&space), Err(Error::Denied)));
    assert_eq!(space.imported_consents().unwrap()[0].standing, Standing::Expired);

    // Withdrawn by a newer version of its own; the older one does not come back.
    let gone = consent("a", "2026-03-01", "inactive", &provision("permit", "TREAT", ""));
    assert_eq!(space.import_consents(&gone, gesture()).unwrap().filed, [id]);
    let report = space.import_consents(&permit, gesture()).unwrap();
    assert_eq!((report.older, report.filed.len()), (1, 0));
    assert_eq!(space.imported_consents().unwrap()[0].standing, Standing::Withdrawn);
}

#[test]
fn the_person_withdraws_it_in_one_call_from_any_handle() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(&file, &unlock(), env.clone()).unwrap();
    fill(&space);
    let part = HealthSpace::open_partitions(&file, &unlock(), env.clone(), &["health"]).unwrap();
    let permit = |id: &str| consent(id, "2026-01-01", "active", &provision("permit", "TREAT", ""));
    for (id, by) in [("a", &space), ("b", &part)] {
        let report = space.import_consents(&permit(id), gesture()).unwrap();
        assert_eq!(asked(&part, &model(), Purpose::Treatment).unwrap(), 1);
        by.withdraw(report.filed[0]).unwrap();
        by.withdraw(report.filed[0]).unwrap();
        for s in [&space, &part] {
            assert!(matches!(asked(s, &model(), Purpose::Treatment), Err(Error::Denied)));
            assert!(s.imported_consents().unwrap().iter().all(|c| c.standing == Standing::Withdrawn));
        }
        // The same bytes do not undo it, and are handed out as they came.
        assert_eq!(space.import_consents(&permit(id), gesture()).unwrap().unchanged, 1);
        assert!(matches!(asked(&space, &model(), Purpose::Treatment), Err(Error::Denied)));
        assert!(space.export_consents().unwrap().iter().any(|(_, bytes)| *bytes == permit(id)));
    }
    drop((space, part));
    let space = HealthSpace::open(&file, &unlock(), env).unwrap();
    assert!(matches!(asked(&space, &model(), Purpose::Treatment), Err(Error::Denied)));
}

#[test]
fn a_refusal_from_elsewhere_outweighs_grants_and_reaches_later_partitions() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    let ask = || asked(&space, &model(), Purpose::PatientRequest);
    assert_eq!(ask().unwrap(), 1);
    // What cannot be read refuses everything, until it is withdrawn.
    let broken = consent("x", "2026-01-01", "active", r#"{"type":"perhaps"}"#);
    let report = space.import_consents(&broken, gesture()).unwrap();
    assert_eq!((report.unusable, report.filed.len()), (1, 1));
    assert!(matches!(ask(), Err(Error::Denied)));
    assert_eq!(space.imported_consents().unwrap()[0].standing, Standing::Unusable);
    space.withdraw(report.filed[0]).unwrap();
    assert_eq!(ask().unwrap(), 1);

    let deny = consent("d", "2026-01-01", "active", &provision("deny", "PATRQT", ""));
    let id = space.import_consents(&deny, gesture()).unwrap().filed[0];
    assert!(matches!(ask(), Err(Error::Denied)));
    space.create_partition("more", PartitionKind::Health, &unlock()).unwrap();
    let stands = |name: &str| {
        let state = space.inner.peek().unwrap();
        let at = state.position(name).unwrap();
        state.partitions[at].policy.state.standing(id, Timestamp::from_millis(0))
    };
    assert_eq!((stands("more"), stands("general")), (Some(Standing::InForce), None));
    space.withdraw(id).unwrap();
    assert_eq!(stands("more"), Some(Standing::Withdrawn));
}

/// What comes from elsewhere in our own form is no grant of ours: no notice was shown here.
#[test]
fn a_grant_of_ours_is_not_exchanged_and_training_is_not_smuggled_in() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (a, _) = HealthSpace::create(dir.path().join("a.hs"), &unlock(), env.clone()).unwrap();
    let (b, _) = HealthSpace::create(dir.path().join("b.hs"), &unlock(), env).unwrap();
    let request = |s: &HealthSpace, purpose| {
        s.consent_request().purpose(purpose).categories(Category::ALL).recipient(model()).agree(gesture()).unwrap()
    };
    let own = request(&a, Purpose::PatientRequest);
    let (_, bytes) = a.export_consents().unwrap().remove(0);
    assert_eq!(a.import_consents(&bytes, gesture()).unwrap().unchanged, 1);
    let other = String::from_utf8(bytes).unwrap().replace("\"PATRQT\"", "\"TREAT\"");
    let report = a.import_consents(other.as_bytes(), gesture()).unwrap();
    assert_eq!((report.conflicting, report.filed.len()), (1, 0));
    a.withdraw(own.id()).unwrap();

    request(&a, Purpose::MlTraining);
    fill(&b);
    let training =
        String::from_utf8(a.export_consents().unwrap().into_iter().find(|(id, _)| *id != own.id()).unwrap().1);
    // As if it were about a partition of the other space: any.
    let mut training: serde_json::Value = serde_json::from_str(&training.unwrap()).unwrap();
    training["provision"].as_object_mut().unwrap().remove("data");
    training["provision"]["purpose"] = serde_json::json!([{ "code": "HMARKT" }]);
    b.import_consents(&serde_json::to_vec(&training).unwrap(), gesture()).unwrap();
    assert!(matches!(asked(&b, &model(), Purpose::MlTraining), Err(Error::Denied)));
}

#[test]
fn what_is_no_consent_or_too_much_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    assert!(matches!(space.import_consents(b"{}", gesture()), Err(Error::Malformed(_))));
    let long = " ".repeat(600_000);
    for n in 0..3 {
        let padded = consent(&n.to_string(), "2026-01-01", "active", &format!(r#"{{"type":"deny"{long}}}"#));
        let done = space.import_consents(&padded, gesture());
        assert_eq!(done.is_ok(), n == 0);
    }
    assert_eq!(space.imported_consents().unwrap().len(), 1);
}

#[test]
fn a_handle_of_partitions_withdraws_a_consent_from_elsewhere_in_each_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    fill(&space);
    let entry = observation("9", "laboratory", "2345-7", "2026-02-01", "91", "");
    space.partition("fitness").unwrap().import(source(&[entry])).unwrap();
    let record = space.inner.peek().unwrap().partitions[2].readable.records().next().unwrap().id();
    let permit = consent("a", "2026-01-01", "active", &provision("permit", "PATRQT", ""));
    let id = space.import_consents(&permit, gesture()).unwrap().filed[0];
    let open = |names: &[&str]| HealthSpace::open_partitions(&file, &unlock(), clock().0, names).unwrap();
    let (one, all) = (open(&["health", "general"]), open(&["health", "general", "fitness"]));
    let of_fitness = |s: &HealthSpace| {
        let s = s.session(model(), Purpose::PatientRequest)?;
        s.hold(record).and_then(|v| s.reveal(&v)).map(drop)
    };
    let standing = |s: &HealthSpace| s.imported_consents().unwrap()[0].standing;
    assert!(of_fitness(&all).is_ok() && of_fitness(&space).is_ok());

    one.withdraw(id).unwrap();
    assert_eq!(
        (standing(&one), standing(&all), standing(&space)),
        (Standing::Withdrawn, Standing::InForce, Standing::InForce)
    );
    for s in [&one, &space] {
        assert!(matches!(asked(s, &model(), Purpose::PatientRequest), Err(Error::Denied)));
    }
    assert!(of_fitness(&space).is_ok(), "what it had not opened");

    all.withdraw(id).unwrap();
    all.withdraw(id).unwrap();
    for s in [&all, &space] {
        assert!(matches!(of_fitness(s), Err(Error::NotFound)));
        assert_eq!(standing(s), Standing::Withdrawn);
    }
    let entered = |name| events(&space, LogOf::Partition(name)).iter().filter(|e| e.name() == "Withdrawn").count();
    assert_eq!((entered("health"), entered("fitness"), entered("general")), (1, 1, 0));
}

#[test]
fn a_withdrawn_version_does_not_come_back_in_another_print() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let ask = || asked(&space, &model(), Purpose::PatientRequest);
    let dated = |day: &str| consent("a", day, "active", &provision("permit", "PATRQT", ""));
    let undated = |text: &[u8]| {
        let text = String::from_utf8(text.to_vec()).unwrap().replace("\"id\":\"a\"", "\"id\":\"u\"");
        let at = text.find("\"meta\"").unwrap();
        let end = text.find("\"status\"").unwrap();
        format!("{}{}", &text[..at], &text[end..]).into_bytes()
    };
    let printed = |text: &[u8]| {
        String::from_utf8(text.to_vec()).unwrap().replace("\"patient\":", "\n  \"patient\": ").into_bytes()
    };
    let first = dated("2026-01-02");
    for text in [first.clone(), undated(&first)] {
        let id = space.import_consents(&text, gesture()).unwrap().filed[0];
        assert_eq!(ask().unwrap(), 1);
        space.withdraw(id).unwrap();
        assert!(matches!(ask(), Err(Error::Denied)));
        let again = space.import_consents(&printed(&text), gesture()).unwrap();
        assert_eq!((again.older, again.filed.len()), (1, 0));
        assert!(matches!(ask(), Err(Error::Denied)));
    }
    assert_eq!(space.import_consents(&printed(&dated("2026-01-01")), gesture()).unwrap().older, 1);
    // A version that is newer was given since.
    assert_eq!(space.import_consents(&dated("2026-01-03"), gesture()).unwrap().filed.len(), 1);
    assert_eq!(ask().unwrap(), 1);
}

/// Nothing is released under a permit that asks for what nobody here does.
#[test]
fn a_permit_with_an_obligation_that_is_not_kept_here_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let labelled = |code: &str| {
        let more = format!(
            r#","securityLabel":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{code}"}}]"#
        );
        consent(code, "2026-01-01", "active", &provision("permit", "PATRQT", &more))
    };
    for (code, kept) in [("DEID", false), ("MASK", false), ("DELAU", false), ("NORDSCLCD", true), ("NOREUSE", true)] {
        let id = space.import_consents(&labelled(code), gesture()).unwrap().filed[0];
        let got = asked(&space, &model(), Purpose::PatientRequest);
        assert_eq!(got.is_ok(), kept, "{code}: {got:?}");
        assert!(kept || matches!(got, Err(Error::Denied)), "{code}");
        space.withdraw(id).unwrap();
    }
}

/// A refusal that has a date gives way to what says that it is newer, or refuses as well.
#[test]
fn what_does_not_say_that_it_is_newer_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let of = |date: &str, effect: &str| {
        let text = String::from_utf8(consent("a", date, "active", &provision(effect, "PATRQT", ""))).unwrap();
        if date.is_empty() { text.replace(r#""meta":{"lastUpdated":"T00:00:00Z"},"#, "") } else { text }
    };
    let files = |text: String| {
        let report = space.import_consents(text.as_bytes(), gesture()).unwrap();
        (report.filed.len(), report.older)
    };
    assert_eq!(files(of("2026-02-01", "deny")), (1, 0));
    assert_eq!(files(of("", "permit")), (0, 1));
    assert!(matches!(asked(&space, &model(), Purpose::PatientRequest), Err(Error::Denied)));
    assert_eq!(files(of("2026-03-01", "permit")), (1, 0));
    assert_eq!(asked(&space, &model(), Purpose::PatientRequest).unwrap(), 1);
    assert_eq!(files(of("", "deny")), (1, 0));
    assert!(matches!(asked(&space, &model(), Purpose::PatientRequest), Err(Error::Denied)));
}

/// The data are of Patient/p1.
#[test]
fn a_consent_of_another_patient_needs_the_persons_word() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    let of = |patient: &str, id: &str| {
        let text = consent(id, "2026-01-01", "active", &provision("permit", "PATRQT", ""));
        String::from_utf8(text).unwrap().replace("Patient/p1", patient).into_bytes()
    };
    // Of whom it is is not known before there are data, or another consent.
    let first = space.import_consents(&of("Patient/p1", "a"), gesture()).unwrap().filed[0];
    assert!(matches!(space.import_consents(&of("Patient/p2", "b"), gesture()), Err(Error::OtherSubject)));
    fill(&space);
    space.withdraw(first).unwrap();
    assert!(matches!(space.import_consents(&of("Patient/p2", "b"), gesture()), Err(Error::OtherSubject)));
    assert!(matches!(asked(&space, &model(), Purpose::PatientRequest), Err(Error::Denied)));
    // Which server's patient 1 the data are of, nobody tells.
    let address = of("https://a.example/Patient/p1", "c");
    assert!(matches!(space.import_consents(&address, gesture()), Err(Error::OtherSubject)));
    assert_eq!(space.import_consents_confirmed(&address, gesture()).unwrap().filed.len(), 1);
    let filed = space.import_consents_confirmed(&of("Patient/p2", "b"), gesture()).unwrap().filed;
    assert_eq!(filed.len(), 1);
    // From then on that is a name of the person.
    assert_eq!(space.import_consents(&of("Patient/p2", "d"), gesture()).unwrap().filed.len(), 1);
}

/// Permits of consents from elsewhere wait as well.
#[test]
fn r_freshness_a_consent_from_elsewhere_permits_nothing_after_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let asks = |s: &HealthSpace| asked(s, &model(), Purpose::PatientRequest);
    let text = consent("a", "2026-01-01", "active", &provision("permit", "PATRQT", ""));
    space.import_consents(&text, gesture()).unwrap();
    assert!(asks(&space).is_ok());
    let (copy, to) = (dir.path().join("backup"), dir.path().join("restored.hs"));
    space.backup_to(&copy).unwrap();
    drop(space);
    drop(HealthSpace::restore(&copy, &to, &unlock(), clock().0, &RestoreOptions::new(gesture())).unwrap());
    let again = HealthSpace::open(&to, &unlock(), clock().0).unwrap();
    assert!(matches!(asks(&again), Err(Error::Denied)));
}

/// A text with other identifiers, or another name of its patient, is the same consent all the same.
#[test]
fn a_text_that_shares_any_identifier_is_a_version_of_what_is_there() {
    let id = |values: &[&str]| {
        let one = |v: &&str| {
            let (system, value) = v.rsplit_once('|').unwrap();
            format!(r#"{{"system":"{system}","value":"{value}"}}"#)
        };
        format!(r#""identifier":[{}],"status""#, values.iter().map(one).collect::<Vec<_>>().join(","))
    };
    let (a, b) = ("http://h|A", "http://h|B");
    let of = |status: &str, day: &str, change: &dyn Fn(String) -> String| {
        change(String::from_utf8(consent("c", day, status, &provision("permit", "PATRQT", ""))).unwrap())
    };
    let with = |list: &[&str]| {
        let list = id(list);
        move |text: String| text.replace("\"status\"", &list)
    };
    let renamed = |patient: &'static str| move |text: String| text.replace("Patient/p1", patient);
    let plain = |text: String| text;
    type Change<'a> = &'a dyn Fn(String) -> String;
    let cases: [(Change<'_>, Change<'_>); 7] = [
        (&with(&[b]), &with(&[a, b])),
        (&with(&[a, b]), &with(&[b])),
        (&plain, &with(&[b])),
        (&with(&[a]), &with(&["http://h/|A"])),
        (&plain, &renamed("https://h/fhir/Patient/p1")),
        (&plain, &renamed("Patient/p1/_history/2")),
        // Through the id alone.
        (&with(&[a]), &with(&[b])),
    ];
    for (n, (before, after)) in cases.into_iter().enumerate() {
        let (old, new) = (of("active", "2026-01-01", before), of("inactive", "2026-02-01", after));
        let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{new}}},{{"resource":{old}}}]}}"#);
        for files in [vec![&old, &new], vec![&bundle]] {
            let dir = tempfile::tempdir().unwrap();
            let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
            fill(&space);
            for file in files {
                // An address of a server is no name of the person by itself.
                let report = space.import_consents_confirmed(file.as_bytes(), gesture()).unwrap();
                assert_eq!(report.filed.len(), 1, "{n}");
            }
            assert!(matches!(asked(&space, &model(), Purpose::PatientRequest), Err(Error::Denied)), "{n}");
            assert_eq!(space.imported_consents().unwrap().len(), 1, "{n}");
            assert_eq!(space.import_consents(old.as_bytes(), gesture()).unwrap().older, 1, "{n}");
        }
    }
}

#[test]
fn a_text_that_joins_two_consents_replaces_both() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let of = |id: &str, names: &str, day: &str, status: &str| {
        let text = String::from_utf8(consent(id, day, status, &provision("permit", "PATRQT", ""))).unwrap();
        let one = |v: char| format!(r#"{{"system":"http://h","value":"{v}"}}"#);
        let list = names.chars().map(one).collect::<Vec<_>>().join(",");
        text.replace("\"status\"", &format!(r#""identifier":[{list}],"status""#)).into_bytes()
    };
    for (id, names) in [("1", "B"), ("2", "C")] {
        space.import_consents(&of(id, names, "2026-01-01", "active"), gesture()).unwrap();
    }
    assert_eq!(asked(&space, &model(), Purpose::PatientRequest).unwrap(), 1);
    let gone = of("3", "CB", "2026-02-01", "inactive");
    assert_eq!(space.import_consents(&gone, gesture()).unwrap().filed.len(), 1);
    assert!(matches!(asked(&space, &model(), Purpose::PatientRequest), Err(Error::Denied)));
    assert!(space.imported_consents().unwrap().iter().all(|c| c.standing == Standing::Withdrawn));
    let ended = events(&space, LogOf::Space).iter().filter(|e| matches!(e, AuditEvent::Withdrawn { .. })).count();
    assert_eq!(ended, 2, "each of the two");
    // By an identifier that only an older text had, and a newer one of both opens again.
    assert_eq!(space.import_consents(&of("1", "B", "2026-01-01", "active"), gesture()).unwrap().older, 1);
    assert_eq!(space.import_consents(&of("4", "B", "2026-03-01", "active"), gesture()).unwrap().filed.len(), 1);
    assert_eq!(asked(&space, &model(), Purpose::PatientRequest).unwrap(), 1);
}

#[test]
fn no_date_keeps_a_permit_from_a_text_that_permits_nothing() {
    let permit = |day: &str| consent("a", day, "active", &provision("permit", "PATRQT", ""));
    let deny = |day: &str| consent("a", day, "active", &provision("deny", "PATRQT", ""));
    let gone = |day: &str| consent("a", day, "inactive", &provision("permit", "PATRQT", ""));
    for (there, text) in [
        (permit("2099-01-01"), deny("2026-02-01")),
        (permit("2099-01-01"), gone("2026-02-01")),
        (permit("2026-03-01"), deny("2026-02-01")),
        (permit("2026-03-01"), gone("2026-02-01")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
        fill(&space);
        space.import_consents(&there, gesture()).unwrap();
        assert_eq!(asked(&space, &model(), Purpose::PatientRequest).unwrap(), 1);
        assert_eq!(space.import_consents(&text, gesture()).unwrap().filed.len(), 1);
        assert!(matches!(asked(&space, &model(), Purpose::PatientRequest), Err(Error::Denied)));
        // One that claims to be of a day that has not come is not newer.
        assert_eq!(space.import_consents(&permit("2098-01-01"), gesture()).unwrap().older, 1);
    }
    // An older text takes no refusal away.
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    space.import_consents(&deny("2026-02-01"), gesture()).unwrap();
    assert_eq!(space.import_consents(&gone("2026-01-01"), gesture()).unwrap().older, 1);
    let inner = provision("permit", "TREAT", "");
    let mixed = format!(r#"{{"type":"deny","provision":[{inner}]}}"#);
    space.import_consents(&consent("a", "2026-03-01", "active", &mixed), gesture()).unwrap();
    let report = space.import_consents(&gone("2026-01-01"), gesture()).unwrap();
    assert_eq!((report.filed.len(), report.unusable), (1, 1));
    assert!(matches!(asked(&space, &model(), Purpose::PatientRequest), Err(Error::Denied)));
}

#[test]
fn a_deny_for_a_list_that_is_no_partition_here_refuses_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    let part = HealthSpace::open_partitions(&file, &unlock(), clock().0, &["health"]).unwrap();
    let of = |uuid: &str| {
        let data = format!(
            r#","data":[{{"meaning":"instance","reference":{{"type":"List","identifier":{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:{uuid}"}}}}}}]"#
        );
        consent(uuid, "2026-01-01", "active", &provision("deny", "PATRQT", &data))
    };
    let uuid = |scope: crate::id::ScopeId| {
        let hex: String = scope.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    };
    let id = |at: usize| uuid(space.inner.peek().unwrap().partitions[at].id);
    let ask = |s: &HealthSpace| asked(s, &model(), Purpose::PatientRequest);
    // Another partition, which this handle does not have open.
    let other = space.import_consents(&of(&id(2)), gesture()).unwrap().filed[0];
    assert!(ask(&space).is_ok() && ask(&part).is_ok());
    space.withdraw(other).unwrap();
    let unknown = "7a9f1c1e-0d0b-4f3e-9f0a-000000000001".to_owned();
    let health = space.inner.peek().unwrap().position("health").unwrap();
    for uuid in [unknown, id(health)] {
        let filed = space.import_consents(&of(&uuid), gesture()).unwrap().filed[0];
        for s in [&space, &part] {
            assert!(matches!(ask(s), Err(Error::Denied)), "{uuid}");
        }
        space.withdraw(filed).unwrap();
        assert!(ask(&space).is_ok());
    }
}

#[test]
fn a_grant_is_handed_out_as_a_consent_of_r5() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    let grant = allow(&space, &[Category::Laboratory]).id();
    let written = || -> serde_json::Value {
        let bytes = space.export_consent_r5(grant).unwrap();
        let read = crate::consent::read_consent(&bytes, 0);
        assert_eq!((read.series(), read.void_permits()), (grant, 0));
        serde_json::from_slice(&bytes).unwrap()
    };
    let given = written();
    assert_eq!((&given["decision"], &given["status"]), (&"deny".into(), &"active".into()));
    for of_r4 in ["patient", "dateTime", "scope", "performer", "organization", "policy"] {
        assert!(given.get(of_r4).is_none(), "{of_r4}");
    }
    // A model is a device, which R5 has among the actors alone.
    assert_eq!(given["provision"][0]["actor"][0]["reference"]["type"], "Device");
    assert!(given.get("grantee").is_none());
    let relative = Recipient::new(crate::consent::RecipientKind::Person, "Anna").unwrap();
    let ask = space.consent_request().purpose(Purpose::FamilyRequest).categories(&[Category::Laboratory]);
    let named = ask.recipient(relative).expires_in_days(9).agree(gesture()).unwrap().id();
    let named: serde_json::Value = serde_json::from_slice(&space.export_consent_r5(named).unwrap()).unwrap();
    assert_eq!(named["provision"][0]["actor"][0]["reference"], named["grantee"][0]);
    assert!(given["provision"][0].get("type").is_none());
    space.withdraw(grant).unwrap();
    assert_eq!(written()["status"], "inactive");
    // Of one from elsewhere there is its own text.
    let report =
        space.import_consents(&consent("h1", "2026-01-01", "active", &provision("permit", "PATRQT", "")), gesture());
    let other = report.unwrap().filed[0];
    assert!(matches!(space.export_consent_r5(other), Err(Error::NotFound)));
    assert!(matches!(space.export_consent_r5(crate::id::GrantId::from_bytes([1; 16])), Err(Error::NotFound)));
}

#[test]
fn a_consent_that_its_bundle_deletes_permits_nothing() {
    let text = String::from_utf8(consent("h1", "2026-01-01", "active", &provision("permit", "PATRQT", ""))).unwrap();
    let put = format!(
        r#"{{"fullUrl":"http://x/Consent/h1","resource":{text},"request":{{"method":"PUT","url":"Consent/h1"}}}}"#
    );
    let deletes = |url: &str| format!(r#"{{"request":{{"method":"DELETE","url":"{url}"}}}}"#);
    let within = |more: &str| format!(r#"{{"fullUrl":"http://x/Consent/h1","resource":{text},{more}}}"#);
    for (entries, opens) in [
        (vec![put.clone()], true),
        (vec![deletes("Consent/h1"), put.clone()], false),
        (vec![put.clone(), deletes("http://x/Consent/h1/_history/2")], false),
        (vec![put.clone(), r#"{"fullUrl":"http://x/Consent/h1","request":{"method":"delete"}}"#.to_owned()], false),
        (vec![put.clone(), deletes("Consent?identifier=1")], false),
        (vec![put.clone(), deletes("Observation/h1")], true),
        (vec![put.clone(), deletes("Consent/h2")], true),
        (vec![within(r#""request":{"method":"DELETE","url":"Consent/h1"}"#)], false),
        (vec![within(r#""response":{"status":"410 Gone"}"#)], false),
        (vec![within(r#""response":{"status":"200 OK"}"#)], true),
    ] {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let make =
            |dir: &tempfile::TempDir| HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap().0;
        let (space, other) = (make(&a), make(&b));
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"history","entry":[{}]}}"#, entries.join(","));
        let report = space.import_consents(bundle.as_bytes(), gesture()).unwrap();
        assert_eq!((report.filed.len(), report.unusable), (1, usize::from(!opens)), "{bundle}");
        // Nor where it is handed out and read again.
        other.import_consents(&space.export_consents().unwrap()[0].1, gesture()).unwrap();
        for s in [&space, &other] {
            fill(s);
            // The data names no server: the patient of one is theirs by the person's word.
            for c in s.imported_consents().unwrap().iter().filter(|c| c.standing == Standing::Suspended) {
                s.confirm_permission(c.id, gesture()).unwrap();
            }
            assert_eq!(asked(s, &model(), Purpose::PatientRequest).is_ok(), opens, "{bundle}");
        }
    }
}

#[test]
fn a_name_of_a_partition_cannot_pass_for_words_of_a_notice() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    for name in ["health” only, and of no other “x", "a \"b\"", "«x»", "health\u{fe0f}", "\u{2800}"] {
        assert!(matches!(space.create_partition(name, PartitionKind::Health, &unlock()), Err(Error::Malformed(_))));
    }
}

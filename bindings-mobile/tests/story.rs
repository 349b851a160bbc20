//! The story as Kotlin and Swift tell it, on the same functions and types.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{QUESTION, allow, bundle, import, kind, model, place, secret, terms, text};
use healthspace_mobile::{
    ErrorKind, GrantStanding, HealthSpace, ImportProgress, ProgressError, Recipient, Secret, create_space,
    verify_receipt, version,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn a_report_names_the_place_of_what_it_refuses() {
    let place = place();
    let source = place.dir.join("lines.ndjson");
    let dated = r#"{"resourceType":"Observation","id":"b","status":"final","code":{"text":"LDL"},"effectiveDateTime":"2020-13-01"}"#;
    std::fs::write(&source, format!("{{\"word\":\"Nothing\"}}\n{dated}\n")).unwrap();
    let space = create_space(place.file.clone(), secret()).unwrap().space;
    let report = space.import_file("health".into(), text(&source), false, None).unwrap();
    let said: Vec<(bool, &str, u64)> = report.issues.iter().map(|i| (i.refused, i.code.as_str(), i.offset)).collect();
    assert!(matches!(said[..], [(true, "not-a-resource", 0), (false, "bad-date", 19..)]), "{said:?}");
    assert!(report.issues[0].what.contains("no FHIR resource") && report.issues[0].name.is_none());
    assert_eq!(report.issues[0].to_string(), "ImportIssue(..)");
}

#[test]
fn the_whole_story() {
    let place = place();
    let source = place.dir.join("bundle.json");
    std::fs::write(&source, bundle(2)).unwrap();
    let created = create_space(place.file.clone(), secret()).unwrap();
    let (space, code) = (created.space, created.recovery_code.reveal());
    assert_eq!(space.partitions().unwrap(), ["health", "general"]);

    let report = space.import_file("health".into(), text(&source), false, None).unwrap();
    assert_eq!((report.imported, report.refused, report.types["Observation"].imported), (3, 0, 2));
    assert!(space.import_file("health".into(), text(&source), false, None).unwrap().already_imported);

    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    let ground = || session.ground(QUESTION.into(), 1500, None, 0);
    assert_eq!(kind(ground()), ErrorKind::Denied);
    session.remember_in("general".into(), "likes tea".into()).unwrap();

    let ask = space.consent_request(terms()).unwrap();
    assert_eq!(ask.notice(None), ask.notice(Some("fr".into())));
    assert_ne!(ask.notice(None), ask.notice(Some("en".into())));
    assert!(ask.notice(None).unwrap().contains("eu-llm"));
    let grant = ask.confirm("tap".into(), vec![7; 32]).unwrap();

    let context = ground().unwrap();
    assert!(context.text().contains("132.5") && context.text().contains("[r:1]"));
    assert!(context.no_training() && session.no_training());
    let first = &context.citations()[0];
    let (from, len) = (usize::try_from(first.offset).unwrap(), usize::try_from(first.length).unwrap());
    let cited = std::fs::read(&source).unwrap()[from..from + len].to_vec();
    assert!(String::from_utf8(cited).unwrap().contains("132.5"));
    let french = session.ground(QUESTION.into(), 1500, Some("fr".into()), 0).unwrap();
    assert_ne!(french.text(), context.text());
    // Zones 26 hours apart have no day in common.
    let today = |zone| session.ground("my LDL today".into(), 1500, None, zone).unwrap().text();
    let asked = |text: String| text.lines().find(|l| l.contains("period asked")).map(str::to_owned).unwrap();
    assert_ne!(asked(today(-720)), asked(today(840)));

    session.remember("LDL was 132.5".into(), Some(context.clone())).unwrap();
    session.remember("asked about LDL".into(), None).unwrap();
    assert_eq!(kind(session.remember_in("general".into(), "LDL was 132.5".into())), ErrorKind::FlowDenied);
    // What one conversation was given taints the memory that another writes from it.
    let other = space.session(model(), "PATRQT".into(), None).unwrap();
    let elsewhere = other.remember("LDL was 132.5".into(), Some(context.clone())).unwrap();
    assert!(!elsewhere.is_empty());

    let [listed] = space.grants().unwrap().try_into().unwrap();
    assert_eq!((&listed.id, listed.standing, listed.recipient), (&grant.id, GrantStanding::InForce, model()));
    space.withdraw(grant.id.clone()).unwrap();
    assert_eq!(kind(ground()), ErrorKind::Denied);
    assert_eq!(space.grants().unwrap()[0].standing, GrantStanding::Withdrawn);

    // What happened is proved without the space: of the partition's log, and of the space's own.
    let health = || Some("health".to_owned());
    let proofs = [
        (space.receipt(health(), context.entry()).unwrap(), space.verifier_key(health()).unwrap(), context.entry()),
        (space.receipt(None, grant.entry).unwrap(), space.verifier_key(None).unwrap(), grant.entry),
    ];
    let resumed = session.conversation();
    space.lock();
    assert_eq!(kind(ground()), ErrorKind::Locked);
    assert_eq!(kind(space.partitions()), ErrorKind::Locked);
    for (receipt, key, entry) in &proofs {
        let proved = verify_receipt(receipt.clone(), key.clone()).unwrap();
        assert_eq!(proved.entry(), *entry);
        assert!(proved.log_size() > *entry && proved.time_millis() > 1_600_000_000_000);
        assert!(proved.origin().len() > 3 && proved.describe("en".into()) != proved.describe("fr".into()));
        let forged = receipt.replacen('A', "B", 1);
        assert_eq!(kind(verify_receipt(forged, key.clone())), ErrorKind::Malformed);
    }
    assert_eq!(kind(verify_receipt(proofs[0].0.clone(), proofs[1].1.clone())), ErrorKind::Malformed);

    // As typed by somebody, and the conversation still knows what it has read.
    let again = HealthSpace::open_recovery(place.file, Secret::from(code.to_lowercase().into_bytes()), None).unwrap();
    let session = again.resume(resumed, model(), "PATRQT".into()).unwrap();
    assert_eq!(kind(session.remember_in("general".into(), "LDL was 132.5".into())), ErrorKind::FlowDenied);
}

#[test]
fn a_handle_for_one_partition_withdraws_and_grants_nothing() {
    let place = place();
    let space = create_space(place.file.clone(), secret()).unwrap().space;
    let grant = allow(&space);
    let part = HealthSpace::open_partitions(place.file.clone(), secret(), vec!["health".into()], None).unwrap();
    let ask = part.consent_request(terms()).unwrap();
    ask.notice(None).unwrap();
    assert_eq!(kind(ask.confirm("tap".into(), vec![0; 32])), ErrorKind::NeedsFullSlot);
    let elsewhere = space.session(model(), "PATRQT".into(), Some("diary".into())).unwrap();
    assert_eq!(kind(elsewhere.ground(QUESTION.into(), 500, None, 0)), ErrorKind::Denied);
    part.withdraw(grant.id).unwrap();
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    assert_eq!(kind(session.ground(QUESTION.into(), 500, None, 0)), ErrorKind::Denied);
    assert!(HealthSpace::open(place.file, secret()).is_ok());
}

#[test]
fn failures_have_a_kind_and_no_content() {
    let place = place();
    let space = create_space(place.file.clone(), secret()).unwrap().space;
    let session = || space.session(model(), "PATRQT".into(), None).unwrap();
    let bytes = |name: &str, data: &[u8]| space.import_bytes(name.into(), data.to_vec(), false, None).map(drop);
    let wrong = || Secret::from(b"sesame".to_vec());
    let nobody = Recipient { name: String::new(), ..model() };
    let cases = [
        (create_space(place.file.clone(), secret()).map(drop), ErrorKind::AlreadyExists),
        (HealthSpace::open(place.file.clone(), wrong()).map(drop), ErrorKind::CannotOpen),
        (HealthSpace::open(text(&place.dir.join("none.hs")), secret()).map(drop), ErrorKind::Io),
        (HealthSpace::open_recovery(place.file.clone(), wrong(), None).map(drop), ErrorKind::CannotOpen),
        (
            HealthSpace::open_recovery(place.file.clone(), Secret::from(vec![0xff]), None).map(drop),
            ErrorKind::CannotOpen,
        ),
        (
            HealthSpace::open_partitions(place.file.clone(), secret(), vec!["nowhere-near".into()], None).map(drop),
            ErrorKind::NoSuchPartition,
        ),
        (bytes("nowhere-near", &bundle(1)), ErrorKind::NoSuchPartition),
        (bytes("health", b"not a health file"), ErrorKind::Malformed),
        (space.import_file("health".into(), "/no/private/file".into(), false, None).map(drop), ErrorKind::Io),
        (space.withdraw("ab".repeat(16)), ErrorKind::NotFound),
        (space.withdraw("not hexadecimal".into()), ErrorKind::Malformed),
        (space.session(model(), "NOSUCHPURPOSE".into(), None).map(drop), ErrorKind::Malformed),
        (space.session(nobody, "PATRQT".into(), None).map(drop), ErrorKind::Malformed),
        (space.resume("ab".repeat(16), model(), "PATRQT".into()).map(drop), ErrorKind::NotFound),
        (space.consent_request(terms()).unwrap().confirm("tap".into(), vec![0; 31]).map(drop), ErrorKind::Malformed),
        (session().remember(" ".into(), None).map(drop), ErrorKind::Malformed),
        (session().remember("long ".repeat(9000), None).map(drop), ErrorKind::TooLarge),
        (space.receipt(Some("health".into()), 1 << 40).map(drop), ErrorKind::NotFound),
        (verify_receipt("LDL 3.1".into(), "sesame".into()).map(drop), ErrorKind::Malformed),
    ];
    for (result, wanted) in cases {
        let said = format!("{result:?} {}", result.as_ref().unwrap_err());
        assert_eq!(kind(result), wanted);
        for word in ["private", "sesame", "nowhere", "not a", "abab", "hexadecimal", "NOSUCH", "LDL", "long"] {
            assert!(!said.contains(word), "{said}");
        }
    }
    import(&space, bundle(1));
    let somebody_else = String::from_utf8(bundle(1)).unwrap().replace("1970-03-04", "1980-01-01");
    let about = |confirmed| space.import_bytes("health".into(), somebody_else.clone().into_bytes(), confirmed, None);
    assert_eq!(kind(about(false)), ErrorKind::OtherSubject);
    assert!(about(true).is_ok());
}

#[test]
fn nothing_shows_what_it_holds() {
    let place = place();
    let created = create_space(place.file.clone(), secret()).unwrap();
    let code = created.recovery_code.reveal();
    let space = created.space.clone();
    let report = import(&space, bundle(2));
    let grant = allow(&space);
    let info = space.grants().unwrap().remove(0);
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    let context = session.ground(QUESTION.into(), 1500, None, 0).unwrap();
    let cited = context.citations().remove(0);
    let receipt = space.receipt(Some("health".into()), context.entry()).unwrap();
    let proved = verify_receipt(receipt, space.verifier_key(Some("health".into())).unwrap()).unwrap();
    let said = [
        format!("{created:?} {space:?} {session:?} {context:?} {:?}", created.recovery_code),
        format!("{report:?} {report} {grant:?} {grant} {info:?} {info} {cited:?} {cited}"),
        format!("{:?} {} {:?} {} {proved:?}", model(), model(), terms(), terms()),
        format!("{:?} {:?}", secret(), space.consent_request(terms()).unwrap()),
    ]
    .join(" ");
    let (conversation, origin) = (session.conversation(), proved.origin());
    let words = ["132", "LDL", "eu-llm", "private", "Laboratory", "Observation", "one"];
    for word in words.into_iter().chain([&*grant.id, &*cited.record, &*cited.source, &*code, &*conversation, &*origin])
    {
        assert!(!said.contains(word), "{word} in {said}");
    }
    assert_eq!(version(), env!("CARGO_PKG_VERSION"));
}

/// Counts the calls, does something at the first one, and says what it was told to.
struct Watch<F> {
    calls: AtomicU64,
    furthest: AtomicU64,
    answer: Result<bool, ProgressError>,
    first: F,
}

impl<F: Fn() + Send + Sync> Watch<F> {
    fn new(answer: Result<bool, ProgressError>, first: F) -> Arc<Self> {
        Arc::new(Self { calls: AtomicU64::new(0), furthest: AtomicU64::new(0), answer, first })
    }
}

impl<F: Fn() + Send + Sync> ImportProgress for Watch<F> {
    fn on_progress(&self, done: u64, total: Option<u64>, _records: u64) -> Result<bool, ProgressError> {
        assert!(total.is_some_and(|t| done <= t));
        self.furthest.fetch_max(done, Ordering::SeqCst);
        if self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            (self.first)();
        }
        self.answer
    }
}

#[test]
fn progress_is_told_and_stops_the_import_and_no_other() {
    let place = place();
    let space = create_space(place.file.clone(), secret()).unwrap().space;
    let data = bundle(2500);
    let with = |watch| space.import_bytes("health".into(), data.clone(), false, Some(watch));
    assert_eq!(kind(with(Watch::new(Ok(false), || ()))), ErrorKind::Cancelled);
    assert_eq!(kind(with(Watch::new(Err(ProgressError::Stopped), || ()))), ErrorKind::Cancelled);
    // A callback that panics is an internal error, and the lane is free again.
    assert_eq!(kind(with(Watch::new(Ok(true), || panic!("LDL 3.1")))), ErrorKind::Internal);

    // An import that a callback begins into another space does not take the callback's place; a
    // second one into the same space waits for its turn.
    let other = create_space(text(&place.dir.join("other.hs")), secret()).unwrap().space;
    let same = space.clone();
    let watch = Watch::new(Ok(true), move || {
        assert_eq!(import(&other, bundle(1)).imported, 2);
        assert_eq!(kind(same.import_bytes("health".into(), bundle(1), false, None)), ErrorKind::Busy);
    });
    let report = with(watch.clone()).unwrap();
    assert_eq!(report.imported, 2501);
    assert!(watch.calls.load(Ordering::SeqCst) > 3);
    assert!(watch.furthest.load(Ordering::SeqCst) > data.len() as u64 / 2);
}

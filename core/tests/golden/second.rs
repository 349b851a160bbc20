//! The second set of files of format 1, under `format-1b`: what those of the first do not hold. A grant that a handle
//! of one partition withdrew (manifest key 10), memories set aside (19), an erasure that waits for the sweep (24),
//! ids that a segment retires, every comparator, a fact that is true, and entries 14, 16, 23, 37, 43 and 48. Entry 15
//! is none that anything writes.

use crate::input::{bundle, compared, somebody_else};
use crate::make::{PASSPHRASE, allow, env, gesture, give, import, keep, model, session};
use crate::tell::{hex, tell, unhex};
use crate::{copied, same};
use healthspace::audit::AuditEvent;
use healthspace::catalog::{FactRow, Query};
use healthspace::consent::{Recipient, Standing};
use healthspace::import::Source;
use healthspace::record::{Comparator, Value};
use healthspace::{
    Environment, Erase, ErasureLevel, ErasureTrial, Error, FixedClock, HealthSpace, ImportOptions, KdfParams, LogOf,
    Partition, Purpose, Quarantine, Timestamp, Unlock,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const HEALTH: LogOf<'static> = LogOf::Partition("health");
/// Ten days ahead of the clock of all other files.
const AHEAD: i64 = 1_790_000_000_000 + 10 * 86_400_000;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-1b")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn coach() -> Recipient {
    Recipient::app("coach").unwrap()
}

fn of_code(code: &str) -> Query {
    Query { codes: vec![(String::new(), code.to_owned())], ..Query::default() }
}

/// Makes those of the files that are not there.
pub(crate) fn all() {
    let dir = folder();
    std::fs::create_dir_all(&dir).unwrap();
    let unlock = Unlock::passphrase(PASSPHRASE).with_cost(KdfParams::FLOOR);
    if !dir.join("late.hs").exists() {
        late(&dir, &unlock);
        keep(&dir, "late", &unlock);
    }
    if !dir.join("unswept.hs").exists() {
        unswept(&dir, &unlock);
    }
}

fn late(dir: &Path, unlock: &Unlock) {
    let file = dir.join("late.hs");
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(AHEAD)));
    let (space, _) = HealthSpace::create(&file, unlock, Environment { clock, ..Environment::default() }).unwrap();
    space.close();
    let space = HealthSpace::open(&file, unlock, env()).unwrap();
    space.confirm_clock(gesture()).unwrap();
    // Something of its name is there.
    assert!(matches!(space.backup_to(&file), Err(Error::AlreadyExists)));
    space.close();
    let (space, _) = HealthSpace::recover(&file, unlock, env(), gesture()).unwrap();
    import(&space, bundle(1));
    let health = space.partition("health").unwrap();
    let other = Source::bytes(somebody_else()).unwrap();
    health.import_with(other, &ImportOptions::new().confirm_subject()).unwrap();
    import(&space, compared());
    for partition in ["health", "general"] {
        allow(&space, partition, None);
    }
    // Given to another, who remembers; withdrawn by a handle of this partition alone.
    let lent = give(space.consent_request().purpose(Purpose::PatientRequest).recipient(coach()));
    let theirs = space.session(coach(), Purpose::PatientRequest).unwrap();
    let read = theirs.query(&of_code("85354-9")).unwrap();
    theirs.remember("rests on what was withdrawn", &read).unwrap();
    drop((theirs, read));
    let (secret, _) = space.add_limited_way_in(unlock, &["health"]).unwrap();
    std::fs::write(dir.join("late.limited"), format!("{}\n", hex(secret.expose()))).unwrap();
    let part = HealthSpace::open(&file, &Unlock::limited(secret), env()).unwrap();
    part.withdraw(lent).unwrap();
    part.close();
    // Said after something was shown that was erased since; looked for.
    let s = session(&space);
    let shown = s.query(&of_code("2085-9")).unwrap().into_value()[0].record;
    s.remember_in("health", "said after it was shown").unwrap();
    drop(s);
    let done = health.erase(&Erase::Records(vec![shown]), gesture()).unwrap();
    assert_eq!((done.aside, done.level), (1, ErasureLevel::FileErased));
    let trial = ErasureTrial::new().ids(vec![shown], done.salt);
    assert!(health.verify_erasure(done.entry, &trial).unwrap().confirmed.is_some());
    // The first of so many that it does not stand in the newest segment.
    let s = session(&space);
    let notes: Vec<_> = (0..10).map(|n| s.remember_in("health", &format!("note {n}")).unwrap()).collect();
    health.edit_memory(notes[0], "edited", gesture()).unwrap();
    drop((s, health));
    space.close();
}

fn unswept(dir: &Path, unlock: &Unlock) {
    let file = dir.join("unswept.hs");
    let (space, _) = HealthSpace::create(&file, unlock, env()).unwrap();
    import(&space, bundle(4));
    import(&space, bundle(5));
    allow(&space, "health", None);
    let (secret, _) = space.add_limited_way_in(unlock, &["health"]).unwrap();
    std::fs::write(dir.join("unswept.limited"), format!("{}\n", hex(secret.expose()))).unwrap();
    // Somebody reads an older image meanwhile.
    let theirs = rusqlite::Connection::open(&file).unwrap();
    theirs.execute_batch("BEGIN; SELECT count(*) FROM row;").unwrap();
    let health = space.partition("health").unwrap();
    let last = health.sources().unwrap().pop().unwrap().id;
    assert_eq!(health.erase(&Erase::Source(last), gesture()).unwrap().level, ErasureLevel::NotShown);
    drop((theirs, health));
    space.close();
}

fn open(name: &str, limited: bool) -> (tempfile::TempDir, HealthSpace) {
    let (dir, file) = copied(&folder(), &format!("{name}.hs"));
    let unlock = if limited {
        Unlock::limited(unhex(text(&format!("{name}.limited")).trim()))
    } else {
        Unlock::passphrase(PASSPHRASE)
    };
    let space = HealthSpace::open(&file, &unlock, env()).unwrap();
    assert_eq!(space.info().unwrap().full, !limited);
    (dir, space)
}

fn names(space: &HealthSpace, of: LogOf<'_>) -> Vec<&'static str> {
    space.log(of).unwrap().iter().map(|l| l.entry.event.name()).collect()
}

fn texts(health: &Partition) -> Vec<(String, Option<Quarantine>)> {
    health.memories().unwrap().into_value().into_iter().map(|m| (m.text, m.quarantine)).collect()
}

/// What sessions of the model are shown.
fn shown(space: &HealthSpace) -> Vec<String> {
    session(space).memories("health").unwrap().into_value().into_iter().map(|m| m.text).collect()
}

#[test]
fn what_the_first_set_lacks_says_what_it_said() {
    let (_dir, space) = open("late", false);
    assert!(space.check().unwrap().is_whole());
    same(&tell(&space), &text("late.txt"), "late.hs");
    let said: Vec<&str> = [LogOf::Space, HEALTH].into_iter().flat_map(|of| names(&space, of)).collect();
    for name in
        ["ClockConfirmed", "SubjectConfirmed", "Quarantined", "Recovered", "BackupFailed", "ErasureChecked", "Erased"]
    {
        assert!(said.contains(&name), "{name}");
    }
}

#[test]
fn what_a_handle_of_one_partition_withdrew_stays_withdrawn() {
    for limited in [true, false] {
        let (_dir, mut space) = open("late", limited);
        let refused = |space: &HealthSpace| {
            let standing: Vec<Standing> =
                space.grants().unwrap().iter().filter(|g| g.terms.recipient == coach()).map(|g| g.standing).collect();
            assert_eq!(standing, [Standing::Withdrawn], "{limited}");
            let theirs = space.session(coach(), Purpose::PatientRequest).unwrap();
            assert!(matches!(theirs.query(&Query::default()), Err(Error::Denied)), "{limited}");
            assert!(matches!(theirs.memories("health"), Err(Error::Denied)), "{limited}");
        };
        refused(&space);
        // The control: what was not withdrawn is in force.
        assert!(!session(&space).query(&Query::default()).unwrap().value().is_empty());
        // Written on, under the same keys and under others.
        session(&space).remember_in("health", "written on").unwrap();
        refused(&space);
        if !limited {
            space = space.rotate(&Unlock::passphrase(PASSPHRASE), &[]).unwrap().space;
            refused(&space);
        }
    }
}

#[test]
fn what_was_set_aside_is_shown_to_its_person_alone() {
    for limited in [true, false] {
        let (_dir, space) = open("late", limited);
        let health = space.partition("health").unwrap();
        let mine = texts(&health);
        for (text, why) in [
            ("rests on what was withdrawn", Some(Quarantine::ConsentEnded)),
            ("said after it was shown", Some(Quarantine::SourceGone)),
            ("note 1", None),
            ("edited", None),
        ] {
            assert_eq!(mine.iter().filter(|m| *m == &(text.to_owned(), why)).count(), 1, "{text}");
            assert_eq!(shown(&space).iter().filter(|m| *m == text).count(), usize::from(why.is_none()), "{text}");
        }
        // Of an edited one the older text is retired.
        assert!(!mine.iter().any(|(text, _)| text == "note 0"));
        // Others are remembered and edited, and it stays where it is until the person keeps it.
        session(&space).remember_in("health", "written on").unwrap();
        let all = health.memories().unwrap().into_value();
        let of = |text: &str| all.iter().find(|m| m.text == text).unwrap().id;
        health.edit_memory(of("note 2"), "edited as well", gesture()).unwrap();
        assert!(!shown(&space).iter().any(|m| m.starts_with("said after") || m.starts_with("rests on")));
        health.keep_memory(of("said after it was shown"), gesture()).unwrap();
        assert!(shown(&space).iter().any(|m| m == "said after it was shown"));
        assert!(!shown(&space).iter().any(|m| m.starts_with("rests on")));
    }
}

#[test]
fn comparators_and_truth_are_read() {
    let (_dir, space) = open("late", false);
    let rows = session(&space).query(&Query::default()).unwrap().into_value();
    let of = |c: Comparator| move |r: &&FactRow| matches!(&r.fact.value, Value::Quantity(q) if q.comparator == c);
    for c in [Comparator::Less, Comparator::LessOrEqual, Comparator::GreaterOrEqual, Comparator::Greater] {
        assert_eq!(rows.iter().filter(of(c)).count(), 1, "{}", c.sign());
    }
    for truth in [true, false] {
        assert_eq!(rows.iter().filter(|r| matches!(r.fact.value, Value::Bool(b) if b == truth)).count(), 1, "{truth}");
    }
}

/// The first opening of the whole space goes on with the sweep, says so once, and no other one does.
#[test]
fn an_erasure_that_waits_is_swept() {
    let swept = |space: &HealthSpace| -> Vec<(u64, String)> {
        let lines = space.log(HEALTH).unwrap();
        lines
            .into_iter()
            .filter_map(|l| match l.entry.event {
                AuditEvent::ErasureSwept { entry, level } => Some((entry, level)),
                _ => None,
            })
            .collect()
    };
    let (dir, space) = open("unswept", true);
    assert!(swept(&space).is_empty());
    let erased = names(&space, HEALTH).iter().rposition(|n| *n == "Erased").unwrap() as u64;
    space.close();
    let file = dir.path().join("unswept.hs");
    for _ in 0..2 {
        let space = HealthSpace::open(&file, &Unlock::passphrase(PASSPHRASE), env()).unwrap();
        assert_eq!(swept(&space), [(erased, "E1".to_owned())]);
        assert_eq!(space.partition("health").unwrap().sweep(erased).unwrap(), ErasureLevel::FileErased);
        assert!(space.check().unwrap().is_whole());
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        assert!(!s.query(&Query::default()).unwrap().value().is_empty());
    }
}

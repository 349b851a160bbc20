//! Backups: made while others write, taken up again, and what a restored space does not take for granted.

use super::tests::{allow, clock, events, fill, gesture, model, observation, source, unlock};
use super::tests_anchor::{TestAnchor, ask, with};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::Standing;
use crate::environment::Environment;
use crate::error::{Error, Part, Result};
use crate::id::RecordId;
use crate::keyring::Unlock;
use crate::label::Purpose;
use crate::record::Category;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(super) struct Place {
    dir: tempfile::TempDir,
    pub(super) space: HealthSpace,
}

impl Place {
    pub(super) fn new(env: Environment) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
        fill(&space);
        Self { dir, space }
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn backup(&self, name: &str) -> Backup {
        self.space.backup_to(self.at(name)).unwrap()
    }

    pub(super) fn restore(&self, from: &str, to: &str) -> Result<(HealthSpace, Restored)> {
        self.restore_with(from, to, clock().0, &options())
    }

    pub(super) fn restore_with(
        &self,
        from: &str,
        to: &str,
        env: Environment,
        options: &RestoreOptions,
    ) -> Result<(HealthSpace, Restored)> {
        HealthSpace::restore(self.at(from), self.at(to), &unlock(), env, options)
    }

    /// Names in the directory besides the space's own.
    fn names(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut all: Vec<_> = all.filter(|n| !n.starts_with("me.hs") || n.contains("part")).collect();
        all.sort();
        all
    }
}

pub(super) fn options() -> RestoreOptions {
    RestoreOptions::new(gesture())
}

/// Every record of `health` with its bytes.
pub(super) fn held(space: &HealthSpace) -> Vec<(RecordId, Vec<u8>)> {
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let reader = session.reader(&Query::default(), 100_000).unwrap();
    let rows = reader.facts(&Query::default()).unwrap();
    let mut all: Vec<_> = rows.into_iter().map(|r| (r.record, reader.body(r.record).unwrap())).collect();
    all.sort();
    all.dedup();
    all
}

pub(super) fn import(space: &HealthSpace, ids: std::ops::Range<u32>) -> SourceOf {
    let one = |n: u32| observation(&format!("b{n}"), "laboratory", "13457-7", "2026-02-05", &format!("{n}.5"), "");
    let before = space.partition("health").unwrap().sources().unwrap().len();
    space.partition("health").unwrap().import(source(&ids.map(one).collect::<Vec<_>>())).unwrap();
    space.partition("health").unwrap().sources().unwrap()[before].id
}

type SourceOf = crate::id::SourceId;

#[test]
fn a_backup_is_restored_with_everything_and_nothing_is_taken_for_granted() {
    let t = Place::new(clock().0);
    allow(&t.space, Category::ALL);
    let lowering = t.space.declassify_request("health", "general", Purpose::PatientRequest);
    lowering.notice("en").unwrap();
    lowering.agree(gesture()).unwrap();
    let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","provision":{"type":"deny","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}}"#;
    t.space.import_consents(refusal, gesture()).unwrap();
    let (secret, _) = t.space.add_limited_way_in(&unlock(), &["general"]).unwrap();
    let before = held(&t.space);
    let old_key = t.space.verifier_key(LogOf::Partition("health")).unwrap();
    let made = t.backup("b");
    assert_eq!(std::fs::metadata(t.at("b")).unwrap().len(), made.bytes);
    let old = t.space.log(LogOf::Space).unwrap();

    let (again, restored) = t.restore("b", "again.hs").unwrap();
    assert_eq!((restored.backup, restored.erasures), (Some(made.id), ErasuresAfter::Unknown));
    assert!(restored.read.is_whole() && restored.read.scopes.len() == 3);
    assert_eq!((restored.permissions, restored.limited_ways_in), (3, 1));
    // Everything is there, for nobody yet.
    assert!(matches!(ask(&again), Err(Error::Denied)));
    let waiting = again.permissions().unwrap();
    assert_eq!(waiting.len(), 3);
    assert!(waiting.iter().all(|p| p.standing() == Standing::Suspended));
    let by = Unlock::limited(secret.expose().to_vec());
    assert!(matches!(HealthSpace::open(t.at("again.hs"), &by, clock().0), Err(Error::CannotOpen)));
    // One by one, or all.
    let grant = waiting[0].id();
    again.confirm_permission(grant, gesture()).unwrap();
    assert!(matches!(again.confirm_permission(grant, gesture()), Err(Error::NotFound)));
    assert_eq!(ask(&again).unwrap(), ask(&t.space).unwrap());
    assert_eq!(again.confirm_all_permissions(gesture()).unwrap(), 2);
    assert!(again.permissions().unwrap().iter().all(|p| p.standing() == Standing::InForce));
    assert!(held(&again) == before);
    let opened = HealthSpace::open(t.at("again.hs"), &unlock(), clock().0).unwrap();
    assert!(held(&opened) == before && opened.check().unwrap().is_whole());
    // The logs go on under other names and keys, from the checkpoint that the first entry names.
    for of in [LogOf::Space, LogOf::Partition("health"), LogOf::Partition("general")] {
        let key = opened.verifier_key(of).unwrap();
        assert!(key != t.space.verifier_key(of).unwrap());
        let lines = opened.log(of).unwrap();
        let first = lines.iter().position(|l| matches!(l.entry.event, AuditEvent::LogOpened { previous: Some(_), .. }));
        let first = first.unwrap();
        let AuditEvent::LogOpened { previous: Some(previous), .. } = &lines[first].entry.event else { panic!() };
        assert_eq!(previous.size, first as u64);
        assert!(t.space.verifier_key(of).unwrap().starts_with(&previous.origin));
        for line in &lines {
            verify_receipt(&opened.receipt(of, line.index).unwrap(), &key).unwrap();
            assert!(verify_receipt(&opened.receipt(of, line.index).unwrap(), &old_key).is_err());
        }
    }
    assert!(opened.log(LogOf::Space).unwrap()[..old.len()] == old[..]);
    assert!(
        events(&opened, LogOf::Space)
            .iter()
            .any(|e| matches!(e, AuditEvent::Restored { backup, permissions: 3, .. } if *backup == Some(made.id)))
    );
    let keys = opened.verifier_keys().unwrap();
    let file = opened.evidence(&crate::evidence::EvidenceRequest::new()).unwrap();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    crate::evidence::verify_evidence(&file, &keys).unwrap();
}

#[test]
fn a_backup_is_of_one_moment_while_others_write() {
    let t = Place::new(clock().0);
    allow(&t.space, Category::ALL);
    let file = t.at("me.hs");
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|s| {
        let writer = s.spawn(|| {
            let other = HealthSpace::open(&file, &unlock(), clock().0).unwrap();
            let mut n = 0;
            while !stop.load(Ordering::SeqCst) {
                import(&other, n * 10..n * 10 + 10);
                n += 1;
                done.store(n.into(), Ordering::SeqCst);
            }
        });
        for n in 0..4 {
            while done.load(Ordering::SeqCst) < n {
                std::thread::yield_now();
            }
            // Who writes without a pause may keep a backup from beginning: it says so, and is asked again.
            while let Err(e) = t.space.backup_to(t.at(&format!("b{n}"))) {
                if !matches!(e, Error::Busy) {
                    stop.store(true, Ordering::SeqCst);
                    panic!("{e:?}");
                }
            }
        }
        stop.store(true, Ordering::SeqCst);
        writer.join().unwrap();
    });
    let mut last = 0;
    for n in 0..4 {
        let (again, restored) = t.restore(&format!("b{n}"), &format!("r{n}")).unwrap();
        assert!(restored.read.is_whole());
        again.confirm_all_permissions(gesture()).unwrap();
        let now = held(&again).len();
        assert!(now % 10 == 3 && now >= last.max(10 * n), "{now}");
        last = now;
    }
    assert_eq!(t.space.known_copies().unwrap().len(), 4);
}

/// Bytes of a file.
fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn nothing_that_was_deleted_is_in_a_backup() {
    let t = Place::new(clock().0);
    let first = import(&t.space, 0..200);
    import(&t.space, 300..320);
    // Not swept: what was erased is still somewhere in the file or its log.
    let rows = |space: &HealthSpace| {
        let (txn, state) = space.inner.read().unwrap();
        let mut all = Vec::new();
        for scope in state.partitions.iter().map(|p| p.id) {
            for class in 1..=12 {
                txn.scan(&scope, class, &mut |row| {
                    all.push(row.sealed[..24].to_vec());
                    Ok(())
                })
                .unwrap();
            }
        }
        all
    };
    let before = rows(&t.space);
    let (held_up, _state) = t.space.inner.read().unwrap();
    let done = t.space.partition("health").unwrap().erase(&Erase::Source(first), gesture()).unwrap();
    assert_eq!((done.level, done.known_copies), (ErasureLevel::NotShown, 0));
    drop(held_up);
    let after = rows(&t.space);
    let gone: Vec<_> = before.into_iter().filter(|salt| !after.contains(salt)).collect();
    assert!(gone.len() > 40);
    t.backup("b");
    let (file, mut log) = (bytes(&t.at("me.hs")), bytes(&t.at("me.hs-wal")));
    log.extend(file);
    let (held, backup) = (|salt: &Vec<u8>, b: &[u8]| memchr::memmem::find(b, salt).is_some(), bytes(&t.at("b")));
    assert!(gone.iter().any(|salt| held(salt, &log)), "the test would see it");
    assert!(gone.iter().all(|salt| !held(salt, &backup)));
    assert!(rows(&t.space).iter().all(|salt| held(salt, &backup)));
}

#[test]
fn a_backup_is_no_space_and_a_space_is_no_backup() {
    let t = Place::new(clock().0);
    t.backup("b");
    let whole = bytes(&t.at("b"));
    assert!(matches!(HealthSpace::open(t.at("b"), &unlock(), clock().0), Err(Error::NotASpace)));
    assert!(matches!(t.restore("me.hs", "r"), Err(Error::NotASpace)));
    std::fs::write(t.at("text"), "not one").unwrap();
    assert!(matches!(t.restore("text", "r"), Err(Error::NotASpace)));
    assert!(matches!(t.restore("missing", "r"), Err(Error::Io(std::io::ErrorKind::NotFound))));
    let wrong = Unlock::passphrase("two").with_cost(crate::keyring::KdfParams::FLOOR);
    let restored = HealthSpace::restore(t.at("b"), t.at("r"), &wrong, clock().0, &options());
    assert!(matches!(restored, Err(Error::CannotOpen)));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(t.at("b"), t.at("link")).unwrap();
        assert!(matches!(t.restore("link", "r"), Err(Error::Malformed(_))));
        std::fs::remove_file(t.at("link")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(t.at("b")).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    // Nothing was written over, left behind or changed.
    assert!(matches!(t.space.backup_to(t.at("b")), Err(Error::AlreadyExists)));
    assert!(matches!(t.space.backup_to(t.at("me.hs")), Err(Error::AlreadyExists)));
    assert!(matches!(t.restore("b", "text"), Err(Error::AlreadyExists)));
    assert!(t.space.backup_to(t.at("no/where")).is_err());
    assert_eq!(t.names(), ["b", "text"]);
    assert!(bytes(&t.at("b")) == whole && bytes(&t.at("text")) == b"not one");
    assert_eq!(t.space.known_copies().unwrap().len(), 1, "those that failed are not listed");
    let (again, _) = t.restore("b", "r").unwrap();
    assert!(bytes(&t.at("b")) == whole);
    drop(again);
    assert_eq!(t.names(), ["b", "r", "text"]);
    // A handle of some partitions cannot enter it.
    let part = HealthSpace::open_partitions(t.at("me.hs"), &unlock(), clock().0, &["health"]).unwrap();
    assert!(matches!(part.backup_to(t.at("c")), Err(Error::NeedsFullSlot)));
}

#[test]
fn progress_is_told_and_the_host_may_stop_it() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (stop_at, mut env) = (Arc::new(AtomicU64::new(u64::MAX)), clock().0);
    let (seen, cancel, at) = (Arc::clone(&told), env.cancel.clone(), Arc::clone(&stop_at));
    env.progress = Some(Arc::new(move |p| {
        seen.lock().unwrap().push((p.done, p.total.unwrap()));
        if p.done >= at.load(Ordering::SeqCst) {
            cancel.cancel();
        }
    }));
    let t = Place::new(env.clone());
    import(&t.space, 0..2000);
    told.lock().unwrap().clear();
    let bytes = t.backup("b").bytes;
    let seen = std::mem::take(&mut *told.lock().unwrap());
    assert!(seen.len() > 1 && seen.is_sorted() && seen.last() == Some(&(bytes, bytes)), "{seen:?}");
    t.restore_with("b", "r", env.clone(), &options()).unwrap();
    assert_eq!(told.lock().unwrap().last(), Some(&(bytes, bytes)));
    std::fs::remove_file(t.at("r")).unwrap();
    for at in [0, bytes / 2] {
        stop_at.store(at, Ordering::SeqCst);
        if at == 0 {
            env.cancel.reset();
            assert!(matches!(t.space.backup_to(t.at("c")), Err(Error::Cancelled)));
        }
        env.cancel.reset();
        assert!(matches!(t.restore_with("b", "c", env.clone(), &options()), Err(Error::Cancelled)));
        assert_eq!(t.names(), ["b"]);
    }
    env.cancel.reset();
    assert_eq!(t.space.known_copies().unwrap().len(), 1);
}

#[test]
fn a_restored_file_that_cannot_be_opened_is_not_left() {
    let t = Place::new(clock().0);
    t.backup("b");
    // A journal appears beside it after its name was found free: SQLite would roll it back.
    let (journal, mut env) = (t.at("r-journal"), clock().0);
    env.progress = Some(Arc::new(move |_| std::fs::write(&journal, "x").unwrap()));
    assert!(matches!(t.restore_with("b", "r", env, &options()), Err(Error::NotASpace)));
    assert_eq!(t.names(), ["b", "r-journal"]);
    std::fs::remove_file(t.at("r-journal")).unwrap();
    t.restore("b", "r").unwrap();
}

#[test]
fn a_damaged_backup_says_so_and_what_is_whole_can_be_had() {
    let t = Place::new(clock().0);
    allow(&t.space, Category::ALL);
    import(&t.space, 0..30);
    let before = held(&t.space);
    t.backup("b");
    let conn = |name: &str| rusqlite::Connection::open(t.at(name)).unwrap();
    let rows: Vec<(i64, u8)> = {
        let c = conn("b");
        let mut s = c.prepare("SELECT number,class FROM row").unwrap();
        s.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let (mut refused, mut had) = (0, 0);
    for (number, class) in rows {
        std::fs::copy(t.at("b"), t.at("d")).unwrap();
        conn("d").execute("UPDATE row SET sealed=zeroblob(length(sealed)) WHERE number=?1", [number]).unwrap();
        assert!(t.restore("d", "r").is_err(), "{number} {class}");
        refused += 1;
        if class == 1 {
            assert!(matches!(t.restore("d", "r"), Err(Error::Corrupt(Part::Body | Part::Policy))), "{number}");
            let (again, restored) = t.restore_with("d", "r", clock().0, &options().with_damage()).unwrap();
            assert_eq!(restored.read.scopes.iter().flat_map(|s| &s.damaged).map(|d| d.1).sum::<u64>(), 1);
            again.confirm_all_permissions(gesture()).unwrap();
            let session = again.session(model(), Purpose::PatientRequest).unwrap();
            let reader = session.reader(&Query::default(), 1000).unwrap();
            let read = before.iter().filter(|(id, body)| reader.body(*id).is_ok_and(|b| b == *body)).count();
            assert!(read + 5 >= before.len(), "{read}");
            had += 1;
            drop(reader);
            drop((session, again));
            std::fs::remove_file(t.at("r")).unwrap();
        }
    }
    assert!(refused > 15 && had > 6, "{refused} {had}");
    for table in ["head", "slot"] {
        // One copy is what the other one is for; it is reported.
        std::fs::copy(t.at("b"), t.at("d")).unwrap();
        conn("d").execute(&format!("UPDATE {table} SET body=zeroblob(length(body))"), []).unwrap();
        let (_, restored) = t.restore("d", &format!("r-{table}")).unwrap();
        assert!(!restored.read.is_whole());
        assert_eq!(restored.read.slots_agree, table == "head");
    }
    assert!(!t.names().iter().any(|n| n.contains("part")));
}

#[test]
fn a_restored_space_takes_the_place_that_the_anchor_knew() {
    let anchor = TestAnchor::new();
    let t = Place::new(with(&anchor));
    let grant = allow(&t.space, &[Category::Laboratory]).id();
    t.backup("b");
    // Nothing was changed since: the anchor knows that.
    let kept = anchor.heads.lock().unwrap().clone();
    let (again, restored) = t.restore_with("b", "r0", with(&anchor), &options()).unwrap();
    assert_eq!(restored.erasures, ErasuresAfter::None);
    assert!(matches!(ask(&again), Err(Error::Denied)));
    assert!(matches!(ask(&t.space), Err(Error::RolledBack)));
    drop(again);
    *anchor.heads.lock().unwrap() = kept;
    // After a withdrawal it is an older state, and said to be.
    t.space.withdraw(grant).unwrap();
    import(&t.space, 0..3);
    let (again, restored) = t.restore_with("b", "r", with(&anchor), &options()).unwrap();
    assert_eq!(restored.erasures, ErasuresAfter::Unknown);
    assert_eq!(again.info().unwrap().freshness, "anchored");
    assert!(matches!(ask(&again), Err(Error::Denied)));
    again.withdraw(grant).unwrap();
    drop(again);
    let again = HealthSpace::open(t.at("r"), &unlock(), with(&anchor)).unwrap();
    assert!(again.check().unwrap().is_whole());
    // The old one is refused there, open or opened.
    assert!(matches!(ask(&t.space), Err(Error::RolledBack)));
    assert!(matches!(HealthSpace::open(t.at("me.hs"), &unlock(), with(&anchor)), Err(Error::RolledBack)));
    // Restored without the anchor, the anchor refuses it, and it does without one.
    let (alone, _) = t.restore("b", "alone").unwrap();
    assert_eq!(alone.info().unwrap().freshness, "unverified");
    drop(alone);
    let opened = HealthSpace::open(t.at("alone"), &unlock(), with(&anchor));
    assert!(matches!(opened, Err(Error::RolledBack | Error::Forked)));
    assert!(HealthSpace::open(t.at("alone"), &unlock(), clock().0).is_ok());
    // Another anchor takes it up from the start.
    let (fresh, _) = t.restore_with("b", "fresh", with(&TestAnchor::new()), &options()).unwrap();
    assert_eq!(fresh.info().unwrap().freshness, "anchored");
}

#[test]
fn an_anchor_that_was_not_told_in_time_takes_the_finished_file() {
    let anchor = TestAnchor::new();
    let t = Place::new(with(&anchor));
    t.backup("b");
    import(&t.space, 0..3);
    let known = anchor.heads.lock().unwrap().clone();
    let (again, _) = t.restore_with("b", "r", with(&anchor), &options()).unwrap();
    drop(again);
    // As if the process had ended right before.
    *anchor.heads.lock().unwrap() = known.clone();
    let again = HealthSpace::open(t.at("r"), &unlock(), with(&anchor)).unwrap();
    assert!(again.check().unwrap().is_whole() && *anchor.heads.lock().unwrap() != known);
    assert!(matches!(ask(&t.space), Err(Error::RolledBack)));
}

/// A memory that is touched while its grant waits keeps the others from nothing.
#[test]
fn memories_come_back_with_the_grant_that_was_confirmed() {
    for touch in 0..3 {
        let t = Place::new(clock().0);
        allow(&t.space, &[Category::Laboratory, Category::Memories]);
        let s = t.space.session(model(), Purpose::PatientRequest).unwrap();
        let seen = s.query(&Query::default()).unwrap();
        let one = s.remember("LDL is high", &seen).unwrap();
        s.remember("LDL was 112", &seen).unwrap();
        t.backup("b");
        let (back, _) = t.restore("b", "c").unwrap();
        let health = back.partition("health").unwrap();
        assert!(health.memories().unwrap().value().iter().all(|m| m.quarantine == Some(Quarantine::ConsentEnded)));
        match touch {
            0 => {}
            1 => drop(health.endorse(one, gesture()).unwrap()),
            _ => drop(health.edit_memory(one, "LDL is fine", gesture()).unwrap()),
        }
        assert!(health.memories().unwrap().value().iter().all(|m| m.quarantine == Some(Quarantine::ConsentEnded)));
        back.confirm_all_permissions(gesture()).unwrap();
        let s = back.session(model(), Purpose::PatientRequest).unwrap();
        assert_eq!(s.memories("health").unwrap().value().len(), 2, "{touch}");
    }
}

/// The old words of a memory go at once where it is endorsed or edited: of a whole space nothing is missing.
#[test]
fn a_space_whose_memories_were_endorsed_is_whole_and_is_restored() {
    for act in 0..2 {
        let t = Place::new(clock().0);
        allow(&t.space, &[Category::Laboratory, Category::Memories]);
        let s = t.space.session(model(), Purpose::PatientRequest).unwrap();
        let note = s.remember_in("health", "prefers mornings").unwrap();
        let health = t.space.partition("health").unwrap();
        // Another segment behind the one that has it.
        let one = observation("later", "laboratory", "13457-7", "2026-02-05", "1.5", "");
        health.import(source(&[one])).unwrap();
        match act {
            0 => drop(health.endorse(note, gesture()).unwrap()),
            _ => drop(health.edit_memory(note, "prefers evenings", gesture()).unwrap()),
        }
        let found = t.space.check().unwrap();
        assert!(found.is_whole(), "{act} {found:?}");
        t.backup("b");
        let (back, _) = t.restore("b", "c").unwrap();
        assert_eq!(back.partition("health").unwrap().memories().unwrap().value().len(), 1, "{act}");
    }
}

#[test]
fn what_was_set_aside_since_is_set_aside_in_the_restored_space() {
    for edited in [false, true] {
        let t = Place::new(clock().0);
        allow(&t.space, &[Category::Laboratory, Category::Memories]);
        let s = t.space.session(model(), Purpose::PatientRequest).unwrap();
        let shown = s.query(&Query::default()).unwrap().value()[0].record;
        let note = s.remember_in("health", "cholesterol was high").unwrap();
        s.remember_in("health", "likes walking").unwrap();
        t.backup("b");
        let health = t.space.partition("health").unwrap();
        let done = health.erase(&Erase::Records(vec![shown]), gesture()).unwrap();
        assert_eq!((done.records, done.aside), (1, 2));
        if edited {
            health.edit_memory(note, "cholesterol was rather high", gesture()).unwrap();
        }
        let (back, _) = t.restore_with("b", "c", clock().0, &options().later(&t.space)).unwrap();
        back.confirm_all_permissions(gesture()).unwrap();
        let mine = back.partition("health").unwrap().memories().unwrap().into_value();
        assert_eq!(mine.iter().map(|m| m.quarantine).collect::<Vec<_>>(), [Some(Quarantine::SourceGone); 2]);
        let s = back.session(model(), Purpose::PatientRequest).unwrap();
        assert!(s.memories("health").unwrap().value().is_empty());
        assert!(back.check().unwrap().is_whole());
    }
}

/// A text that rests on a grant which waits goes nowhere until it was confirmed.
#[test]
fn a_text_under_a_grant_that_waits_goes_nowhere() {
    let t = Place::new(clock().0);
    allow(&t.space, &[Category::Laboratory, Category::Memories]);
    let s = t.space.session(model(), Purpose::PatientRequest).unwrap();
    s.query(&Query::default()).unwrap();
    let (said, conversation) = (s.say("LDL is 112.5").unwrap(), s.conversation());
    t.backup("b");
    let (back, _) = t.restore("b", "c").unwrap();
    let s = back.resume(conversation, model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(s.reveal(&said), Err(Error::Denied)));
    back.confirm_all_permissions(gesture()).unwrap();
    assert_eq!(s.reveal(&said).unwrap(), "LDL is 112.5");
}

//! Going on without what an anchor knew, and repeating erasures in a restored space.

use super::tests::{allow, clock, events, fill, gesture, model, unlock};
use super::tests_anchor::{TestAnchor, ask, with};
use super::tests_backup::{Place, held, import, options};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::consent::Standing;
use crate::environment::{Environment, Progress};
use crate::error::{Error, Result};
use crate::id::Timestamp;
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::{Fault, Image, Memory as Disk};
use crate::vault::scope::Damage;
use std::sync::Arc;

fn create(disk: &Disk, env: Environment) -> HealthSpace {
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), env).unwrap();
    fill(&space);
    space
}

fn open(disk: &Disk, env: Environment) -> Result<HealthSpace> {
    HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), env, None)
}

fn recover(disk: &Disk, env: Environment) -> Result<(HealthSpace, Recovered)> {
    HealthSpace::recover_in(Arc::new(disk.clone()), &unlock(), env, &gesture(), Damage::Refused)
}

/// An older state, put back after a withdrawal.
fn rolled_back(anchor: &Arc<TestAnchor>) -> (Disk, Image, crate::id::GrantId) {
    let disk = Disk::new();
    let space = create(&disk, with(anchor));
    let counted = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    let grant = counted.recipient(model()).uses(2).agree(gesture()).unwrap().id();
    ask(&space).unwrap();
    let image = disk.image();
    space.withdraw(grant).unwrap();
    let newest = disk.image();
    disk.restore(&image);
    (disk, newest, grant)
}

#[test]
fn a_lost_anchor_is_gone_without_by_an_explicit_act() {
    let anchor = TestAnchor::new();
    let (disk, newest, grant) = rolled_back(&anchor);
    assert!(matches!(open(&disk, with(&anchor)), Err(Error::RolledBack)));
    assert!(matches!(open(&disk, clock().0), Err(Error::AnchorMissing)));
    let empty = TestAnchor::new();
    assert!(matches!(open(&disk, with(&empty)), Err(Error::AnchorMissing)));
    for (env, freshness) in
        [(with(&anchor), "anchored"), (clock().0, "unverified"), (with(&TestAnchor::new()), "anchored")]
    {
        let (older, known) = (disk.image(), anchor.heads.lock().unwrap().clone());
        let (space, done) = recover(&disk, env.clone()).unwrap();
        assert_eq!((done.permissions, done.limited_ways_in), (1, 0));
        assert_eq!(space.info().unwrap().freshness, freshness);
        assert!(matches!(ask(&space), Err(Error::Denied)));
        let grants = space.grants().unwrap();
        assert_eq!((grants[0].standing, grants[0].uses_left), (Standing::Suspended, Some(2)));
        // A renewal is no way around it.
        let renewal = space.renewal(grant).expires_in_days(9);
        assert!(matches!(renewal.agree(gesture()), Err(Error::Denied)));
        assert!(matches!(events(&space, LogOf::Space).last(), Some(AuditEvent::Recovered { permissions: 1, .. })));
        // It opens as usual from now on, and what was there before does not.
        let again = open(&disk, env.clone()).unwrap();
        assert!(again.check().unwrap().is_whole() && matches!(ask(&again), Err(Error::Denied)));
        let now = disk.image();
        if freshness == "anchored" {
            for image in [&older, &newest] {
                disk.restore(image);
                assert!(matches!(open(&disk, env.clone()), Err(Error::RolledBack | Error::Forked)));
            }
            disk.restore(&now);
            again.confirm_permission(grant, gesture()).unwrap();
            assert_eq!(ask(&open(&disk, env).unwrap()).unwrap(), 2);
            assert_eq!(again.grants().unwrap()[0].uses_left, Some(1));
        }
        disk.restore(&older);
        *anchor.heads.lock().unwrap() = known;
    }
}

fn restore(disk: &Disk, env: Environment) -> Result<()> {
    let (_, places, next, _) = super::backup::restore_in(Arc::new(disk.clone()), &unlock(), env, &options())?;
    places.tell(&next)
}

#[test]
fn a_recovery_that_breaks_off_changes_nothing_or_everything() {
    breaks_off(|disk, env| recover(disk, env).map(|_| ()));
}

#[test]
fn a_restore_that_breaks_off_changes_nothing_or_everything() {
    breaks_off(restore);
}

/// At every step of the disk: the space is as it was, or it has gone on.
fn breaks_off(go_on: impl Fn(&Disk, Environment) -> Result<()>) {
    breaks_off_with(false, &go_on);
    breaks_off_with(true, &go_on);
}

/// With the anchor that knows a newer state, or with one that knows nothing.
fn breaks_off_with(lost: bool, go_on: &impl Fn(&Disk, Environment) -> Result<()>) {
    let anchor = TestAnchor::new();
    let (disk, _, grant) = rolled_back(&anchor);
    if lost {
        anchor.heads.lock().unwrap().clear();
    }
    let (image, known) = (disk.image(), anchor.heads.lock().unwrap().clone());
    let before = disk.operations().len();
    go_on(&disk, with(&anchor)).unwrap();
    let steps = (disk.operations().len() - before) as u64;
    let (mut as_it_was, mut gone_on) = (0, 0);
    for fault in [Fault::Io, Fault::IoAfterEffect, Fault::Full] {
        // How a step fails matters where it is the commit, among the last.
        let every = if fault == Fault::Io { 2 } else { 9 };
        for step in (0..steps).filter(|s| s % every == 0 || s + 9 > steps) {
            disk.restore(&image);
            anchor.heads.lock().unwrap().clone_from(&known);
            disk.fail_after(step, fault);
            let done = go_on(&disk, with(&anchor));
            assert!(!disk.fault_pending(), "{step} of {steps}");
            disk.reopen();
            match open(&disk, with(&anchor)) {
                // Locked as it was: before the commit, or before an anchor was told that knew nothing.
                Err(Error::RolledBack | Error::AnchorMissing) => {
                    assert!(done.is_err());
                    as_it_was += 1;
                    if step % 7 == 0 {
                        go_on(&disk, with(&anchor)).unwrap();
                    }
                }
                Ok(space) => {
                    assert!(matches!(ask(&space), Err(Error::Denied)), "{step}");
                    assert!(space.check().unwrap().is_whole());
                    space.confirm_permission(grant, gesture()).unwrap();
                    gone_on += 1;
                }
                Err(e) => panic!("{step} {fault:?}: {e:?}"),
            }
        }
    }
    assert!(as_it_was > 20 && (lost || gone_on > 1), "{as_it_was} {gone_on}");
}

#[test]
fn what_rests_on_a_suspended_permission_waits_with_it() {
    let disk = Disk::new();
    let space = create(&disk, clock().0);
    let grant = allow(&space, Category::ALL).id();
    let lowering = space.declassify_request("health", "general", Purpose::PatientRequest);
    lowering.notice("en").unwrap();
    let lowering = lowering.agree(gesture()).unwrap().id();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let read = session.query(&Query::default()).unwrap();
    session.remember("LDL was 112.5", &read).unwrap();
    // What may be kept was relaxed, and it is not known for how long.
    let wide = space.clearance("health").unwrap();
    let narrow = space.clearance("general").unwrap();
    space.set_clearance("general", wide, Some(gesture())).unwrap();
    session.remember_in("general", "LDL was 112.5").unwrap();
    drop((session, space));

    let (space, _) = recover(&disk, clock().0).unwrap();
    assert_eq!(space.clearance("general").unwrap(), narrow);
    let memories = |s: &HealthSpace| s.partition("health").unwrap().memories().unwrap().into_value();
    assert!(memories(&space)[0].quarantine.is_some());
    // Also for a handle that does not see the grant's own partition, and in no entry's way out.
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["general"])).unwrap();
    assert_eq!(part.inner.peek().unwrap().partitions[0].policy.suspended, [grant, lowering].into());
    assert!(part.partition("general").unwrap().memories().unwrap().value()[0].quarantine.is_some());
    assert!(matches!(part.confirm_permission(grant, gesture()), Err(Error::NotFound | Error::NeedsFullSlot)));
    let given = events(&space, LogOf::Space).iter().position(|e| e.name() == "Granted").unwrap() as u64;
    assert!(matches!(space.erase_entries(LogOf::Space, &[given], gesture()), Err(Error::Denied)));
    let standing = |s: &HealthSpace| s.declassify_grants().unwrap()[0].standing;
    assert_eq!(standing(&space), Standing::Suspended);
    space.confirm_permission(grant, gesture()).unwrap();
    assert!(memories(&space)[0].quarantine.is_none());
    space.withdraw(lowering).unwrap();
    assert_eq!(standing(&space), Standing::Withdrawn);
    assert!(matches!(space.confirm_permission(lowering, gesture()), Err(Error::NotFound)));
    assert_eq!(space.confirm_all_permissions(gesture()).unwrap(), 0);
}

/// New keys, or an erasure from copies, do not stand for the person's word.
#[test]
fn a_suspended_permission_waits_after_a_rotation_too() {
    let disk = Disk::new();
    let space = create(&disk, clock().0);
    let grant = allow(&space, Category::ALL).id();
    drop(space);
    let (space, _) = recover(&disk, clock().0).unwrap();
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    assert_eq!(space.grants().unwrap()[0].standing, Standing::Suspended);
    assert!(matches!(ask(&space), Err(Error::Denied)));
    space.confirm_permission(grant, gesture()).unwrap();
    assert!(ask(&space).is_ok());
}

#[test]
fn a_partition_that_comes_later_opens_nothing_that_waits() {
    let disk = Disk::new();
    let space = create(&disk, clock().0);
    let permit = br#"{"resourceType":"Consent","id":"1","status":"active","scope":{"coding":[{"code":"patient-privacy"}]},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
    assert_eq!(space.import_consents(permit, gesture()).unwrap().filed.len(), 1);
    drop(space);
    let (space, done) = recover(&disk, clock().0).unwrap();
    assert_eq!(done.permissions, 1);
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    let state = space.inner.peek().unwrap();
    for p in &state.partitions {
        let has = usize::from(p.policy.kind == PartitionKind::Health);
        assert_eq!(p.policy.suspended.len(), has, "{}", p.policy.name);
        let now = crate::id::Timestamp::from_millis(0);
        assert!(p.policy.state.rules_at(now).as_slice().iter().all(|r| r.effect == crate::consent::Effect::Deny));
    }
    assert_eq!(space.confirm_all_permissions(gesture()).unwrap(), 1);
}

#[test]
fn what_was_erased_since_is_erased_again() {
    let t = Place::new(clock().0);
    allow(&t.space, Category::ALL);
    let first = import(&t.space, 0..20);
    import(&t.space, 30..40);
    let session = t.space.session(model(), Purpose::PatientRequest).unwrap();
    session.remember_in("general", "likes walking").unwrap();
    let read = session.query(&Query::default()).unwrap();
    session.remember("LDL was 112.5", &read).unwrap();
    drop(session);
    t.backup("old");
    // A record, a source, a memory, an entry; and what came later is of no concern.
    let health = t.space.partition("health").unwrap();
    let all = held(&t.space);
    let one = all.iter().find(|(_, body)| memchr::memmem::find(body, b"33.5").is_some()).unwrap().0;
    health.erase(&Erase::Records(vec![one]), gesture()).unwrap();
    health.erase(&Erase::Source(first), gesture()).unwrap();
    let general = t.space.partition("general").unwrap();
    let memory = general.memories().unwrap().into_value()[0].id;
    general.delete_memory(memory, gesture()).unwrap();
    let released = events(&t.space, LogOf::Partition("health")).iter().position(|e| e.name() == "Released").unwrap();
    t.space.erase_entries(LogOf::Partition("health"), &[released as u64], gesture()).unwrap();
    let left = held(&t.space);
    import(&t.space, 50..55);
    let copies = t.space.known_copies().unwrap();
    // Two acts touched two partitions' logs or one; each is counted where it stands.
    assert!(copies.len() == 1 && copies[0].erasures_since >= 4, "{copies:?}");

    let (back, restored) = t.restore("old", "back").unwrap();
    assert_eq!(restored.erasures, ErasuresAfter::Unknown);
    back.confirm_all_permissions(gesture()).unwrap();
    assert!(held(&back) == all, "without a later state it is back");
    let words = back.log(LogOf::Space).unwrap();
    assert!(words.iter().any(|l| l.describe("en").contains("may be back")));

    let (again, restored) = t.restore_with("old", "again", clock().0, &options().later(&t.space)).unwrap();
    let ErasuresAfter::Replayed { records, sources, entries } = restored.erasures else { panic!() };
    assert_eq!((sources, entries), (1, 1));
    assert!(records >= 22, "{records}");
    again.confirm_all_permissions(gesture()).unwrap();
    assert!(held(&again) == left);
    assert!(again.partition("general").unwrap().memories().unwrap().into_value().is_empty());
    let sources: Vec<_> = again.partition("health").unwrap().sources().unwrap().iter().map(|s| s.id).collect();
    assert!(!sources.contains(&first) && sources.len() == 2);
    let log = again.log(LogOf::Partition("health")).unwrap();
    assert!(log.iter().all(|l| l.index != released as u64));
    let found = again.check().unwrap();
    assert!(found.is_whole() && found.scopes.iter().all(|s| s.unnamed == 0), "{found:?}");
    drop(again);
    // Nothing of it is left in the file either: no sealed row that only the backup has.
    let opened = HealthSpace::open(t.at("again"), &unlock(), clock().0).unwrap();
    assert!(opened.check().unwrap().is_whole());
    // A restored space is a later state as well, and an older or another one is none.
    t.space.backup_to(t.at("new")).unwrap();
    let (later, _) = t.restore("new", "later").unwrap();
    assert!(t.restore_with("old", "r1", clock().0, &options().later(&later)).is_ok());
    let older = t.restore_with("new", "r2", clock().0, &options().later(&back));
    assert!(matches!(older, Err(Error::Forked | Error::RolledBack)));
    let other = Place::new(clock().0);
    let forked = t.restore_with("old", "r3", clock().0, &options().later(&other.space));
    assert!(matches!(forked, Err(Error::Forked)));
    let part = HealthSpace::open_partitions(t.at("me.hs"), &unlock(), clock().0, &["health"]).unwrap();
    let some = t.restore_with("old", "r4", clock().0, &options().later(&part));
    assert!(matches!(some, Err(Error::NeedsFullSlot)));
    assert!(["r2", "r3", "r4"].iter().all(|n| !t.at(n).exists()));
}

#[test]
fn what_was_withdrawn_since_is_withdrawn_again() {
    let (env, time) = clock();
    let t = Place::new(env);
    import(&t.space, 0..5);
    let (kept, gone) = (allow(&t.space, &[Category::Laboratory]).id(), allow(&t.space, Category::ALL).id());
    t.space.session(model(), Purpose::PatientRequest).unwrap().query(&Query::default()).unwrap();
    let level = |s: &HealthSpace| s.claims().unwrap().into_iter().find(|c| c.name == "consent").unwrap().level;
    assert_eq!(level(&t.space), ClaimLevel::Verifiable);
    // One that is over by then is among none that wait.
    let ask = t.space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
    let over = ask.recipient(model()).expires_in_days(1).agree(gesture()).unwrap().id();
    let later = Timestamp::from_millis(crate::environment::Clock::now(&*time).as_millis() + 20 * 3_600_000);
    time.set(later);
    t.backup("old");
    let after = Timestamp::from_millis(later.as_millis() + 5 * 3_600_000);
    time.set(after);
    t.space.withdraw(gone).unwrap();
    t.space.withdraw(over).unwrap();
    let (env, time) = clock();
    time.set(after);
    let (back, restored) = t.restore_with("old", "again", env, &options().later(&t.space)).unwrap();
    assert_eq!(restored.permissions, 1);
    back.confirm_all_permissions(gesture()).unwrap();
    let standing = |id| back.grants().unwrap().into_iter().find(|g| g.id == id).unwrap().standing;
    assert_eq!((standing(kept), standing(gone)), (Standing::InForce, Standing::Withdrawn));
    assert_eq!(level(&back), ClaimLevel::Logged, "that log is over");
}

#[test]
fn an_import_that_was_not_finished_does_not_bring_back_what_was_erased() {
    let t = Place::new(clock().0);
    import(&t.space, 0..5);
    let mut env = clock().0;
    let (cancel, big) = (env.cancel.clone(), super::tests_faults::bundle(3000, ""));
    env.progress = Some(Arc::new(move |p: Progress| {
        if p.records > 500 {
            cancel.cancel()
        }
    }));
    let other = HealthSpace::open(t.at("me.hs"), &unlock(), env).unwrap();
    let broken = other.partition("health").unwrap().import(crate::import::Source::bytes(big).unwrap());
    assert!(matches!(broken, Err(Error::Cancelled)));
    drop(other);
    let health = t.space.partition("health").unwrap();
    assert_eq!(health.staged_imports().unwrap().len(), 1);
    t.backup("old");
    health.discard(health.staged_imports().unwrap()[0].source).unwrap();
    let first = health.sources().unwrap()[0].id;
    health.erase(&Erase::Source(first), gesture()).unwrap();
    let (again, _) = t.restore_with("old", "r", clock().0, &options().later(&t.space)).unwrap();
    let health = again.partition("health").unwrap();
    assert!(health.staged_imports().unwrap().is_empty() && health.sources().unwrap().len() == 1);
    let found = again.check().unwrap();
    assert!(found.is_whole() && found.scopes.iter().all(|s| s.unnamed == 0), "{found:?}");
    let (kept, _) = t.restore("old", "k").unwrap();
    assert_eq!(kept.partition("health").unwrap().staged_imports().unwrap().len(), 1);
}

/// A row is damaged and the anchor is gone.
#[test]
fn what_is_damaged_goes_on_without_its_anchor_on_request_alone() {
    for segment in [false, true] {
        let disk = Disk::new();
        let space = create(&disk, with(&TestAnchor::new()));
        if segment {
            super::tests_left_out::spoil_segment(&disk, &space, 0, true);
        } else {
            super::tests_left_out::spoil_manifest(&disk, &space, 0);
        }
        drop(space);
        let hurt = disk.image();
        let at_hand = |damage| HealthSpace::open_with(Arc::new(disk.clone()), &unlock(), clock().0, None, damage);
        assert!(matches!(at_hand(Damage::LeftOut), Err(Error::AnchorMissing)));
        assert!(matches!(recover(&disk, clock().0), Err(Error::Corrupt(_))));
        assert!(disk.image().rows == hurt.rows);
        let (space, done) = HealthSpace::recover_in(
            Arc::new(disk.clone()),
            &unlock(),
            with(&TestAnchor::new()),
            &gesture(),
            Damage::LeftOut,
        )
        .unwrap();
        assert_eq!(done.emptied.len(), usize::from(!segment));
        assert!(space.check().unwrap().is_whole());
        assert_eq!(space.info().unwrap().partitions.len(), 2);
        assert_eq!(space.info().unwrap().freshness, "anchored");
        drop(space);
        let (space, done) = recover(&disk, clock().0).unwrap();
        assert!(done.emptied.is_empty() && space.check().unwrap().is_whole());
    }
}

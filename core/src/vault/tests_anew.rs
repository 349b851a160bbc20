//! A partition that is begun anew in the place of one that is too damaged: what it takes over, and what is left.

use super::backup::restore_in;
use super::tests::{allow, clock, gesture, model, observation, of_code, source, unlock};
use super::tests_backup::options;
use super::tests_keystore::{make, open};
use super::tests_left_out::{damaged, spoil_manifest};
use super::*;
use crate::consent::Standing;
use crate::error::Error;
use crate::id::ScopeId;
use crate::label::{PartitionKind, Purpose};
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use std::sync::Arc;

const PERMIT: &[u8] = br#"{"resourceType":"Consent","id":"9","meta":{"lastUpdated":"2026-01-01T00:00:00Z"},"status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
const REFUSAL: &[u8] = br#"{"resourceType":"Consent","id":"8","meta":{"lastUpdated":"2026-01-01T00:00:00Z"},"status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"deny","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}"#;

fn import(space: &HealthSpace, into: &str) {
    let one = observation("1", "laboratory", "13457-7", "2026-02-05", "112.5", "");
    space.partition(into).unwrap().import(source(&[one])).unwrap();
}

fn asks(space: &HealthSpace, of: &str) -> crate::error::Result<usize> {
    let session = space.session(model(), Purpose::PatientRequest)?.within(of);
    session.query(&of_code("13457-7")).map(|found| found.value().len())
}

/// With a consent from elsewhere that a handle of `fitness` withdrew there.
fn setting() -> (Disk, HealthSpace) {
    let disk = Disk::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    import(&space, "health");
    import(&space, "fitness");
    let permit = space.import_consents_confirmed(PERMIT, gesture()).unwrap().filed[0];
    space.import_consents_confirmed(REFUSAL, gesture()).unwrap();
    assert_eq!(asks(&space, "fitness").unwrap(), 1);
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["fitness"])).unwrap();
    part.withdraw(permit).unwrap();
    assert!(matches!(asks(&space, "fitness"), Err(Error::Denied)));
    assert_eq!(asks(&space, "health").unwrap(), 1);
    (disk, space)
}

#[test]
fn what_was_withdrawn_there_permits_nothing_until_it_is_confirmed() {
    for restores in [false, true] {
        let (disk, space) = setting();
        spoil_manifest(&disk, &space, 2);
        drop(space);
        if restores {
            assert_eq!(restored(&disk).emptied, ["fitness"]);
        } else {
            let rotated = damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
            assert_eq!((&rotated.emptied[..], rotated.permissions), (&["fitness".to_owned()][..], 1));
        }
        let space = open(&disk, &unlock()).unwrap();
        import(&space, "fitness");
        let standings = |space: &HealthSpace| {
            let all = space.imported_consents().unwrap();
            let waiting = all.iter().filter(|c| c.standing == Standing::Suspended).count();
            (all.len(), waiting)
        };
        // A refusal is no less of one.
        assert_eq!(standings(&space), (2, if restores { 2 } else { 1 }));
        for of in ["fitness", "health"] {
            assert!(matches!(asks(&space, of), Err(Error::Denied)), "{of}");
        }
        assert!(space.confirm_all_permissions(gesture()).unwrap() >= 1);
        assert_eq!(standings(&space), (2, 0));
        assert_eq!(asks(&space, "fitness").unwrap(), 1);
    }
}

/// New keys where nothing is begun anew leave every permission as it is.
#[test]
fn what_is_whole_waits_for_nothing() {
    let (disk, space) = setting();
    let rotated = space.rotate_with_damage(&unlock(), &[]).unwrap();
    assert_eq!(rotated.permissions, 0);
    drop((space, rotated));
    let space = open(&disk, &unlock()).unwrap();
    assert!(matches!(asks(&space, "fitness"), Err(Error::Denied)));
    assert_eq!(asks(&space, "health").unwrap(), 1);
}

/// How many rows, entries, hashes and heads there are of a scope.
fn left(disk: &Disk, scope: ScopeId) -> [usize; 4] {
    let image = disk.image();
    [
        image.rows.values().filter(|(of, _)| *of == scope).count(),
        image.ledger.keys().filter(|(of, _)| *of == scope).count(),
        image.tree.keys().filter(|(of, ..)| *of == scope).count(),
        image.heads.iter().filter(|copy| copy.contains_key(&scope)).count(),
    ]
}

fn restored(disk: &Disk) -> Restored {
    let asked = options().with_damage();
    let (inner, places, next, restored) = restore_in(Arc::new(disk.clone()), &unlock(), clock().0, &asked).unwrap();
    drop(inner);
    places.tell(&next).unwrap();
    restored
}

#[test]
fn nothing_of_it_is_left_in_the_file() {
    for restores in [false, true] {
        let (disk, space) = setting();
        let old = space.inner.peek().unwrap().partitions[2].id;
        spoil_manifest(&disk, &space, 2);
        drop(space);
        assert!(left(&disk, old).iter().all(|n| *n > 0));
        if restores {
            restored(&disk);
        } else {
            damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
        }
        assert_eq!(left(&disk, old), [0; 4]);
        assert_eq!(open(&disk, &unlock()).unwrap().check().unwrap().stray, 0);
    }
}

/// The copy of the ways in that is damaged is no better for being the first.
#[test]
fn a_restore_begins_it_anew_by_the_copy_of_the_ways_in_that_is_named() {
    for copy in [0, 1] {
        let (disk, space) = setting();
        let old = disk.image();
        space
            .add_way_in(
                &unlock(),
                &crate::keyring::Unlock::passphrase("another").with_cost(crate::keyring::KdfParams::FLOOR),
            )
            .unwrap();
        spoil_manifest(&disk, &space, 2);
        drop(space);
        // One that opens all the same, and is not the one that the head names.
        disk.tamper(|i| i.slots[copy] = old.slots[copy].clone());
        assert_eq!(restored(&disk).emptied, ["fitness"]);
        assert_eq!(open(&disk, &unlock()).unwrap().info().unwrap().partitions.len(), 3);
    }
}

#[test]
fn what_a_lost_copy_holds_of_it_is_told() {
    let (disk, space) = setting();
    let id = crate::id::BackupId([7; 16]);
    space
        .inner
        .write(|tx, w| {
            let scopes = w.state.system.iter().chain(&w.state.partitions);
            let mark = |s: &crate::vault::scope::Scope| crate::audit::LogMark {
                scope: s.id,
                size: s.head.log_size,
                root: s.head.log_root,
            };
            let event = crate::audit::AuditEvent::BackedUp { backup: id, logs: scopes.map(mark).collect() };
            tx.log(w.work(tx, crate::vault::state::Target::System)?, event)
        })
        .unwrap();
    let (_, slot) = space.add_limited_way_in(&unlock(), &["fitness"]).unwrap();
    let names = |scope: &BreachScope| {
        let mut all: Vec<_> = scope.partitions.iter().map(|p| (p.name.clone(), p.records)).collect();
        all.sort();
        all
    };
    let before = space.breach_scope(&Lost::Backup(id)).unwrap();
    assert_eq!(names(&before), [("fitness".into(), 1), ("general".into(), 0), ("health".into(), 1)]);
    spoil_manifest(&disk, &space, 2);
    drop(space);
    damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
    let space = open(&disk, &unlock()).unwrap();
    let after = space.breach_scope(&Lost::Backup(id)).unwrap();
    assert_eq!(names(&after), [("fitness".into(), 0), ("general".into(), 0), ("health".into(), 1)]);
    assert_eq!(after.does_not_say.len(), before.does_not_say.len() + 1);
    let way = space.breach_scope(&Lost::WayIn(slot)).unwrap();
    assert_eq!(names(&way), [("fitness".into(), 0)]);
}

/// The space's own log names another log in its place, and that is told wherever the lost one would have been.
#[test]
fn that_an_earlier_log_is_gone_is_told_wherever_it_is_missed() {
    for restores in [false, true] {
        let disk = Disk::new();
        let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
        import(&space, "health");
        let grant = allow(&space, Category::ALL);
        assert_eq!(asks(&space, "health").unwrap(), 1);
        space.withdraw(grant.id()).unwrap();
        let claim =
            |space: &HealthSpace, name: &str| space.claims().unwrap().into_iter().find(|c| c.name == name).unwrap();
        assert_eq!(space.withdrawal_notices().unwrap()[0].lost_logs, 0);
        assert!(!claim(&space, "consent").evidence.contains("gone"));
        assert!(space.disclosure_log().unwrap().iter().all(|line| !line.gone));
        spoil_manifest(&disk, &space, 0);
        drop(space);
        if restores {
            assert_eq!(restored(&disk).emptied, ["health"]);
        } else {
            damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
        }
        let space = open(&disk, &unlock()).unwrap();
        let consent = claim(&space, "consent");
        assert_eq!(consent.level, ClaimLevel::Logged);
        assert!(consent.evidence.contains("1 earlier logs of partitions are gone"), "{}", consent.evidence);
        assert!(consent.does_not_prove.iter().any(|not| not.contains("earlier log of a partition")));
        assert_eq!(claim(&space, "separation").level, ClaimLevel::Logged);
        assert!(claim(&space, "no-training").claim.contains("no entry that is left"));
        let lines = space.disclosure_log().unwrap();
        assert!(lines.len() == 1 && lines[0].gone && lines[0].partition == "health" && !lines[0].unreadable);
        assert!(lines[0].describe("en").contains("began anew on") && lines[0].describe("fr").contains("recommencée"));
        let notices = space.withdrawal_notices().unwrap();
        assert_eq!(notices.len(), 1);
        assert_eq!((notices[0].grant, notices[0].lost_logs, notices[0].recipient.is_none()), (grant.id(), 1, true));
        // What was given since was never told of there.
        let later = allow(&space, Category::ALL);
        space.withdraw(later.id()).unwrap();
        assert_eq!(space.withdrawal_notices().unwrap().len(), 1);
    }
}

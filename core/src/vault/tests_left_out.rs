//! A space of which something in a partition is damaged opens on request, and says so; what is whole is there, and
//! what takes all that there is fails.

use super::backup::restore_in;
use super::tests::{allow, clock, fill, gesture, model, observation, source, unlock};
use super::tests_backup::options;
use super::tests_keystore::{make, open};
use super::*;
use crate::catalog::Query;
use crate::consent::Standing;
use crate::crypto::context::Class;
use crate::environment::{Environment, FileAnchor};
use crate::error::{Error, Part, Result};
use crate::grounding::Budget;
use crate::id::ScopeId;
use crate::keyring::{KdfParams, Unlock};
use crate::label::{PartitionKind, Purpose};
use crate::record::Category;
use crate::storage::Row;
use crate::storage::memory::Memory as Disk;
use crate::vault::manifest::SegmentRef;
use crate::vault::payload::Content;
use crate::vault::policy_row::Origin;
use crate::vault::scope::Damage;
use crate::vault::state::Target;
use std::sync::Arc;

pub(super) fn damaged(disk: &Disk) -> Result<HealthSpace> {
    HealthSpace::open_with(Arc::new(disk.clone()), &unlock(), clock().0, None, Damage::LeftOut)
}

/// With records, memories and a grant in both partitions.
pub(super) fn setting() -> (Disk, HealthSpace, Grant) {
    let disk = Disk::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    fill(&space);
    let grant = allow(&space, Category::ALL);
    let more = observation("9", "laboratory", "1-8", "2026-01-09", "1", "");
    space.partition("health").unwrap().import(source(&[more])).unwrap();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let read = session.query(&Query::default()).unwrap();
    session.remember("LDL was 112.5", &read).unwrap();
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..9 {
        session.remember_in("general", &format!("likes walk {n}")).unwrap();
    }
    (disk, space, grant)
}

pub(super) fn spoil(disk: &Disk, scope: ScopeId, number: u64) {
    disk.tamper(|i| {
        let mut rows = Arc::make_mut(&mut i.rows).values_mut();
        let (_, row) = rows.find(|(s, row)| *s == scope && row.number == number).unwrap();
        *row = Arc::new(Row { sealed: vec![9; row.sealed.len()], ..(**row).clone() });
    });
}

/// Spoils the first or the last segment of a partition.
pub(super) fn spoil_segment(disk: &Disk, space: &HealthSpace, at: usize, last: bool) {
    let state = space.inner.peek().unwrap();
    let p = &state.partitions[at];
    let mut rows = p.manifest.segments.iter().filter(|s| s.here.is_none() && s.staged == 0).map(|s| s.row.number);
    let number = if last { rows.next_back() } else { rows.next() };
    spoil(disk, p.id, number.unwrap());
}

pub(super) fn spoil_manifest(disk: &Disk, space: &HealthSpace, at: usize) {
    let p = space.inner.peek().unwrap().partitions[at].clone();
    spoil(disk, p.id, p.head.manifest.number);
}

fn spoil_policy(disk: &Disk, space: &HealthSpace, at: usize) {
    let state = space.inner.peek().unwrap();
    spoil(disk, state.view.id, state.view.head.entry(&state.partitions[at].id).unwrap().policy.number);
}

fn texts(space: &HealthSpace) -> usize {
    space.partition("general").unwrap().memories().unwrap().value().len()
}

/// Each row in turn: what is not concerned is there, in a space that is opened and in one that is restored.
#[test]
fn whatever_row_is_damaged_the_rest_is_there() {
    let (disk, space, _) = setting();
    let (image, state) = (disk.image(), space.inner.peek().unwrap());
    let [records, memories] = [0, 1].map(|n| state.partitions[n].readable.records().count());
    let of_system = |number: u64| number == state.system.as_ref().unwrap().head.manifest.number;
    let (mut concerned, mut emptied) = (0, 0);
    let rows: Vec<_> = image.rows.iter().map(|(n, (scope, row))| (*n, *scope, row.class, row.number)).collect();
    for (n, scope, class, number) in rows {
        disk.restore(&image);
        disk.tamper(|i| {
            let (_, row) = Arc::make_mut(&mut i.rows).get_mut(&n).unwrap();
            *row = Arc::new(Row { sealed: vec![9; row.sealed.len()], ..(**row).clone() });
        });
        let hurt = disk.image();
        let Ok(again) = damaged(&disk) else {
            assert!(scope == state.view.id && of_system(number), "{class}");
            continue;
        };
        let found = again.check().unwrap();
        assert!(!found.is_whole());
        let told: Vec<_> = found.scopes.iter().filter(|s| !s.damaged.is_empty()).collect();
        assert_eq!(told.len(), 1);
        let names = again.info().unwrap().damaged;
        concerned += names.len();
        // It opens as ever where nothing keeps it from that.
        assert_eq!(open(&disk, &unlock()).is_ok(), names.is_empty(), "{class}");
        let is_hurt = |name: &str| told[0].partition.as_deref() == Some(name) || names == [name];
        if !is_hurt("general") {
            let found = again.partition("general").unwrap().memories().unwrap();
            assert_eq!((found.value().len(), found.unread()), (memories, 0));
        }
        if !is_hurt("health") {
            assert_eq!(again.partition("health").unwrap().stats().unwrap().records, records as u64);
            if !is_hurt("general") {
                let session = again.session(model(), Purpose::PatientRequest).unwrap();
                assert_eq!(session.query(&Query::default()).unwrap().unread(), 0);
            }
        }
        drop(again);
        disk.restore(&hurt);
        let (inner, places, next, restored) =
            restore_in(Arc::new(disk.clone()), &unlock(), clock().0, &options().with_damage()).unwrap();
        drop(inner);
        places.tell(&next).unwrap();
        emptied += restored.emptied.len();
        let back = open(&disk, &unlock()).unwrap();
        assert_eq!(back.info().unwrap().partitions.len(), 2);
        if !is_hurt("general") {
            assert_eq!(texts(&back), memories);
        }
        if !is_hurt("health") {
            assert_eq!(back.partition("health").unwrap().stats().unwrap().records, records as u64);
        }
    }
    assert!(concerned >= 7 && emptied == 4, "{concerned} {emptied}");
}

#[test]
fn a_missing_segment_is_told_with_everything_that_is_released() {
    for last in [false, true] {
        let (disk, space, grant) = setting();
        spoil_segment(&disk, &space, 0, last);
        drop(space);
        assert!(matches!(open(&disk, &unlock()), Err(Error::Corrupt(Part::Segment))));
        let space = damaged(&disk).unwrap();
        let info = space.info().unwrap();
        assert_eq!((info.partitions.len(), &info.damaged[..]), (2, &["health".to_owned()][..]));
        assert!(!format!("{info:?}").contains("health"));
        assert_eq!(space.check().unwrap().scopes[1].damaged, [(Part::Segment, 1)]);
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        let found = session.query(&Query::default()).unwrap();
        assert!(!found.value().is_empty() && found.value().len() < 5);
        assert_eq!(found.unread(), 1);
        assert!(matches!(found.into_whole(), Err(Error::Corrupt(_))));
        assert_eq!(session.count(&Query::default()).unwrap().unread(), 1);
        assert_eq!(session.presence().unwrap().unread(), 1);
        let reader = session.reader(&Query::default(), 100).unwrap();
        assert_eq!((reader.unread(), reader.is_empty()), (1, false));
        drop(reader);
        for (question, says) in
            [("How was my LDL?", "is damaged and could not be read"), ("Comment va mon LDL ?", "endommagée")]
        {
            let told = session.ground(question, Budget::tokens(800)).unwrap();
            assert_eq!(told.unread(), 1);
            assert!(told.value().text.contains(says), "{}", told.value().text);
            assert!(told.value().missing.iter().any(|m| m == "damaged"));
        }
        // General is whole, and says so.
        assert_eq!(space.partition("general").unwrap().memories().unwrap().unread(), 0);
        let other = space.session(model(), Purpose::PatientRequest).unwrap();
        other.remember_in("general", "likes tea").unwrap();
        space.withdraw(grant.id()).unwrap();
        assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
        // Withdrawn stays withdrawn, and what was written since is there.
        let space = damaged(&disk).unwrap();
        assert!(space.grants().unwrap().iter().all(|g| g.standing == Standing::Withdrawn));
        assert_eq!(texts(&space), 10);
    }
}

/// An image of it still stands where the segment was: should it come back, nothing that it tells of was passed over.
#[test]
fn what_takes_all_that_there_is_fails_while_a_segment_is_missing() {
    let (disk, space, _) = setting();
    let whole = disk.image();
    let memory = space.partition("health").unwrap().memories().unwrap().value()[0].id;
    let source_of = space.partition("health").unwrap().sources().unwrap()[0].id;
    spoil_segment(&disk, &space, 0, false);
    drop(space);
    let space = damaged(&disk).unwrap();
    let (health, general) = (space.partition("health").unwrap(), space.partition("general").unwrap());
    let stays = general.memories().unwrap().value()[0].id;
    let corrupt = |e: Error| matches!(e, Error::Corrupt(Part::Segment));
    for what in [Erase::Everything, Erase::Source(source_of), Erase::Records(vec![memory])] {
        assert!(corrupt(health.erase(&what, gesture()).unwrap_err()));
    }
    assert!(corrupt(general.erase(&Erase::Everything, gesture()).unwrap_err()), "health may hold what rests on it");
    assert!(corrupt(
        health.import(source(&[observation("7", "laboratory", "1-8", "2026-01-09", "1", "")])).unwrap_err()
    ));
    assert!(corrupt(health.delete_memory(memory, gesture()).unwrap_err()));
    assert!(corrupt(health.edit_memory(memory, "other", gesture()).unwrap_err()));
    assert!(corrupt(general.delete_memory(stays, gesture()).unwrap_err()));
    assert!(corrupt(space.claims().unwrap_err()));
    // Evidence rests on the logs alone.
    assert!(space.evidence(&crate::evidence::EvidenceRequest::new()).is_ok());
    // Many commits later it is where it was.
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..30 {
        session.remember_in("health", &format!("note {n}")).unwrap();
    }
    let scope = space.inner.peek().unwrap().partitions[0].clone();
    let missing = scope.manifest.segments.iter().find(|s| scope.misses(s)).unwrap().row.number;
    drop(space);
    disk.tamper(|i| {
        let old = whole.rows.values().find(|(s, row)| *s == scope.id && row.number == missing).unwrap().1.clone();
        let mut rows = Arc::make_mut(&mut i.rows).values_mut();
        rows.find(|(s, row)| *s == scope.id && row.number == missing).unwrap().1 = old;
    });
    let space = open(&disk, &unlock()).unwrap();
    assert!(space.check().unwrap().is_whole());
    assert_eq!(space.partition("health").unwrap().stats().unwrap().records, 35);
}

#[test]
fn new_keys_leave_behind_what_does_not_open() {
    let (disk, space, _) = setting();
    spoil_segment(&disk, &space, 0, true);
    spoil_segment(&disk, &space, 1, false);
    drop(space);
    assert!(open(&disk, &unlock()).is_err());
    let hurt = disk.image();
    // What is missing would be marked no more.
    let refused = damaged(&disk).unwrap().rotate(&unlock(), &[]);
    assert!(matches!(refused, Err(Error::Corrupt(Part::Segment))) && disk.image().rows == hurt.rows);
    let rotated = damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
    assert_eq!((rotated.pages_lost, rotated.emptied.len()), (2, 0));
    drop(rotated);
    let space = open(&disk, &unlock()).unwrap();
    assert!(space.check().unwrap().is_whole() && space.info().unwrap().damaged.is_empty());
    let health = space.partition("health").unwrap();
    assert!(health.stats().unwrap().records > 0);
    health.erase(&Erase::Everything, gesture()).unwrap();
    assert_eq!(health.stats().unwrap().records, 0);
}

type Harm = fn(&Disk, &HealthSpace, usize);

fn spoil_head(disk: &Disk, space: &HealthSpace, at: usize) {
    let id = space.inner.peek().unwrap().partitions[at].id;
    disk.tamper(|i| {
        for heads in &mut i.heads {
            Arc::make_mut(heads).get_mut(&id).unwrap().body[9] ^= 1;
        }
    });
}

const HARMS: [(Harm, Part); 3] =
    [(spoil_manifest, Part::Manifest), (spoil_policy, Part::Policy), (spoil_head, Part::Head)];

#[test]
fn a_partition_that_is_left_out_stops_nothing_elsewhere() {
    for (harm, part) in HARMS {
        for (at, name) in ["health", "general"].into_iter().enumerate() {
            let (disk, space, grant) = setting();
            let other = ["general", "health"][at];
            harm(&disk, &space, at);
            drop(space);
            assert!(matches!(open(&disk, &unlock()), Err(Error::Corrupt(p)) if p == part));
            let space = damaged(&disk).unwrap();
            let info = space.info().unwrap();
            assert_eq!((&info.partitions[..], &info.damaged[..]), (&[other.to_owned()][..], &[name.to_owned()][..]));
            assert!(info.full);
            assert!(matches!(space.partition(name), Err(Error::NoSuchPartition)));
            let found = space.check().unwrap();
            let told: Vec<_> = found.scopes.iter().filter(|s| !s.damaged.is_empty()).collect();
            assert_eq!(
                (told.len(), told[0].partition.as_deref(), &told[0].damaged[..]),
                (1, Some(name), &[(part, 1)][..])
            );
            // What concerns all of them does not pass one over.
            let corrupt = |e: Error| matches!(e, Error::Corrupt(p) if p == part);
            assert!(corrupt(space.create_partition("more", PartitionKind::Health, &unlock()).unwrap_err()));
            let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","provision":{"type":"deny"}}"#;
            assert!(corrupt(space.import_consents(refusal, gesture()).unwrap_err()));
            assert!(corrupt(space.rotate(&unlock(), &[]).map(drop).unwrap_err()));
            assert!(corrupt(space.claims().unwrap_err()));
            assert!(corrupt(space.evidence(&crate::evidence::EvidenceRequest::new()).unwrap_err()));
            if at == 1 {
                space.withdraw(grant.id()).unwrap();
                assert!(space.grants().unwrap().iter().all(|g| g.standing == Standing::Withdrawn));
            } else {
                assert!(corrupt(space.withdraw(grant.id()).unwrap_err()), "it may be one of what is left out");
                assert_eq!(texts(&space), 9);
            }
            let (_, slot) = space.add_limited_way_in(&unlock(), &[other]).unwrap();
            space.remove_way_in(&unlock(), slot).unwrap();
        }
    }
}

/// What is withdrawn while a partition is left out is withdrawn there too, should it be put back.
#[test]
fn a_partition_that_is_put_back_undoes_no_withdrawal() {
    for (harm, part) in HARMS {
        let (disk, space, _) = setting();
        space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
        let permit = br#"{"resourceType":"Consent","id":"9","status":"active","provision":{"type":"permit"}}"#;
        let series = space.import_consents(permit, gesture()).unwrap().filed[0];
        let whole = disk.image();
        harm(&disk, &space, 0);
        drop(space);
        let space = damaged(&disk).unwrap();
        let done = space.withdraw(series);
        if part == Part::Policy {
            assert!(matches!(done, Err(Error::Corrupt(Part::Policy))));
            continue;
        }
        done.unwrap();
        drop(space);
        let id = {
            let state = damaged(&disk).unwrap().inner.peek().unwrap();
            state.left_out[0].scope
        };
        disk.tamper(|i| {
            let old = whole.rows.iter().filter(|(_, (scope, _))| *scope == id);
            Arc::make_mut(&mut i.rows).extend(old.map(|(n, row)| (*n, row.clone())));
            for (own, old) in i.heads.iter_mut().zip(&whole.heads) {
                let head = old[&id].clone();
                Arc::make_mut(own).insert(id, head);
            }
        });
        let space = open(&disk, &unlock()).unwrap();
        let all = space.imported_consents().unwrap();
        assert!(!all.is_empty() && all.iter().all(|c| c.standing == Standing::Withdrawn));
        assert!(
            space.inner.peek().unwrap().partitions[0]
                .policy
                .consents
                .iter()
                .any(|c| { c.series == series && c.origin == crate::vault::policy_row::Origin::Withdrawn })
        );
    }
}

/// A restored space knows nothing of a partition that it left behind: it cannot be put back with what was permitted.
#[test]
fn a_partition_that_is_begun_anew_is_empty_and_permits_nothing() {
    for (harm, _) in HARMS {
        let (disk, space, grant) = setting();
        let old = space.inner.peek().unwrap().partitions[0].id;
        harm(&disk, &space, 0);
        drop(space);
        let asked = options();
        assert!(matches!(restore_in(Arc::new(disk.clone()), &unlock(), clock().0, &asked), Err(Error::Corrupt(_))));
        let asked = asked.with_damage();
        let (inner, places, next, restored) = restore_in(Arc::new(disk.clone()), &unlock(), clock().0, &asked).unwrap();
        drop(inner);
        places.tell(&next).unwrap();
        assert_eq!(restored.emptied, ["health"]);
        assert!(!restored.read.is_whole());
        let space = open(&disk, &unlock()).unwrap();
        let state = space.inner.peek().unwrap();
        assert!(state.view.head.entry(&old).is_none());
        assert_eq!(state.partitions.iter().map(|p| p.ordinal).collect::<Vec<_>>(), [1, 2]);
        assert!(disk.image().rows.values().all(|(scope, _)| *scope != old));
        assert!(space.check().unwrap().is_whole());
        space.confirm_all_permissions(gesture()).unwrap();
        assert!(space.grants().unwrap().iter().all(|g| g.id != grant.id()));
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
        assert_eq!(texts(&space), 9);
        fill(&space);
        allow(&space, Category::ALL);
        assert_eq!(session.query(&Query::default()).unwrap().unread(), 0);
        assert!(space.rotate(&unlock(), &[]).unwrap().space.check().unwrap().is_whole());
    }
}

/// New keys reach what is whole, and what is left behind is told: on request alone.
#[test]
fn new_keys_begin_a_partition_that_is_left_out_anew_on_request_alone() {
    for (harm, part) in HARMS {
        for (at, name) in ["health", "general"].into_iter().enumerate() {
            let (disk, space, grant) = setting();
            space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
            let refusal = br#"{"resourceType":"Consent","id":"9","status":"active","provision":{"type":"deny"}}"#;
            space.import_consents(refusal, gesture()).unwrap();
            let (secret, _) = space.add_limited_way_in(&unlock(), &[name]).unwrap();
            let limited = || Unlock::limited(secret.expose().to_vec()).with_cost(KdfParams::FLOOR);
            let old = space.inner.peek().unwrap().partitions[at].id;
            let records = space.partition("health").unwrap().stats().unwrap().records;
            let whole = disk.image();
            harm(&disk, &space, at);
            drop(space);
            let hurt = disk.image();
            let space = damaged(&disk).unwrap();
            assert!(matches!(space.rotate(&unlock(), &[]), Err(Error::Corrupt(p)) if p == part));
            assert!(disk.image().rows == hurt.rows, "nothing was touched");
            let rotated = space.rotate_with_damage(&unlock(), &[&limited()]).unwrap();
            assert_eq!(rotated.emptied, [name]);
            assert!(rotated.recovery_code.is_some());
            drop((space, rotated));

            let look = || {
                let space = open(&disk, &unlock()).unwrap();
                let info = space.info().unwrap();
                assert_eq!((info.partitions.len(), info.damaged.len()), (3, 0));
                assert!(space.check().unwrap().is_whole());
                let state = space.inner.peek().unwrap();
                assert!(state.view.head.entry(&old).is_none());
                assert_eq!(state.partitions.iter().map(|p| p.ordinal).collect::<Vec<_>>(), [1, 2, 3]);
                let health = space.partition("health").unwrap();
                if at == 0 {
                    assert_eq!((health.stats().unwrap().records, texts(&space)), (0, 9));
                    assert!(space.grants().unwrap().iter().all(|g| g.id != grant.id()));
                } else {
                    assert_eq!((health.stats().unwrap().records, texts(&space)), (records, 0));
                    assert!(space.grants().unwrap().iter().any(|g| g.id == grant.id()));
                }
                // What was refused is refused.
                let session = space.session(model(), Purpose::PatientRequest).unwrap();
                assert!(matches!(session.query(&Query::default()), Err(Error::Denied)));
                assert_eq!(
                    state.partitions[0].policy.consents.iter().filter(|c| c.origin == Origin::Imported).count(),
                    1
                );
                let limited = open(&disk, &limited()).unwrap();
                assert_eq!(limited.info().unwrap().partitions, [name]);
                space
            };
            look();
            // What stood there is not taken up again, whoever puts it back.
            disk.tamper(|i| {
                for (own, old_heads) in i.heads.iter_mut().zip(&whole.heads) {
                    let head = old_heads[&old].clone();
                    Arc::make_mut(own).insert(old, head);
                }
            });
            let space = look();
            let file = space.evidence(&crate::evidence::EvidenceRequest::new()).unwrap();
            let keys = space.verifier_keys().unwrap();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            crate::evidence::verify_evidence(&file, &keys).unwrap();
            if at == 0 {
                fill(&space);
            }
            space.session(model(), Purpose::PatientRequest).unwrap().remember_in("general", "likes tea").unwrap();
            let again = space.rotate(&unlock(), &[]).unwrap();
            assert!(again.emptied.is_empty() && again.space.check().unwrap().is_whole());
        }
    }
}

/// What rests on a grant that was lost waits for the person: nobody can withdraw that grant any more.
#[test]
fn what_rests_on_a_grant_that_was_lost_is_set_aside() {
    for restores in [false, true] {
        let (disk, space, _) = setting();
        space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
        let ask = space.consent_request().partition("fitness").purpose(Purpose::PatientRequest);
        ask.categories(Category::ALL).recipient(model()).agree(gesture()).unwrap();
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        let read = session.query(&Query::default()).unwrap();
        session.remember("LDL was 112.5", &read).unwrap();
        session.remember_in("fitness", "LDL was high, so walk").unwrap();
        let conversation = session.conversation();
        let aside = |space: &HealthSpace| {
            let all = space.partition("fitness").unwrap().memories().unwrap().into_value();
            all.into_iter().map(|m| m.quarantine).collect::<Vec<_>>()
        };
        assert_eq!(aside(&space), [None]);
        spoil_manifest(&disk, &space, 0);
        drop((session, space));
        if restores {
            let asked = options().with_damage();
            let (inner, places, next, _) = restore_in(Arc::new(disk.clone()), &unlock(), clock().0, &asked).unwrap();
            drop(inner);
            places.tell(&next).unwrap();
        } else {
            damaged(&disk).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
        }
        let space = open(&disk, &unlock()).unwrap();
        assert_eq!(aside(&space), [Some(Quarantine::ConsentEnded)]);
        let fitness = space.partition("fitness").unwrap();
        let memory = fitness.memories().unwrap().value()[0].id;
        fitness.keep_memory(memory, gesture()).unwrap();
        assert_eq!(aside(&space), [None]);
        let label = space.resume(conversation, model(), Purpose::PatientRequest).unwrap().label();
        assert_eq!(label, crate::vault::memory::STRICTEST);
    }
}

#[test]
fn an_anchor_knows_a_partition_that_was_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let anchor = Arc::new(FileAnchor::new(dir.path().join("me.anchor")));
    let env = || Environment { anchor: Some(Arc::<FileAnchor>::clone(&anchor)), ..clock().0 };
    let disk = Disk::new();
    let (space, _) = make(&disk, &unlock(), env()).unwrap();
    spoil_manifest(&disk, &space, 1);
    drop(space);
    let open = |damage| HealthSpace::open_with(Arc::new(disk.clone()), &unlock(), env(), None, damage);
    let rotated = open(Damage::LeftOut).unwrap().rotate_with_damage(&unlock(), &[]).unwrap();
    assert_eq!(rotated.emptied, ["general"]);
    drop(rotated);
    let before = disk.image();
    let space = open(Damage::Refused).unwrap();
    assert_eq!(space.info().unwrap().freshness, "local");
    space.session(model(), Purpose::PatientRequest).unwrap().remember_in("general", "likes tea").unwrap();
    drop(space);
    disk.restore(&before);
    assert!(matches!(open(Damage::Refused), Err(Error::RolledBack)));
}

#[test]
fn a_backup_of_what_is_whole_is_made_and_restored() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name);
    let (space, _) = HealthSpace::create(file("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    space.session(model(), Purpose::PatientRequest).unwrap().remember_in("general", "likes tea").unwrap();
    let state = space.inner.peek().unwrap();
    let number = state.partitions[0].manifest.segments[0].row.number;
    let scope = state.partitions[0].id;
    space.close();
    {
        let sqlite: Arc<dyn crate::storage::Storage> = Arc::new(crate::storage::Sqlite::open(&file("me.hs")).unwrap());
        let mut txn = sqlite.begin_write().unwrap();
        let row = txn.row(&scope, number).unwrap().unwrap();
        txn.delete(&scope, number).unwrap();
        txn.put(&scope, number, row.group, Class::Catalog as u8, row.version, &vec![7; row.sealed.len()]).unwrap();
        txn.commit().unwrap();
    }
    assert!(matches!(HealthSpace::open(file("me.hs"), &unlock(), clock().0), Err(Error::Corrupt(Part::Segment))));
    let space = HealthSpace::open_damaged(file("me.hs"), &unlock(), clock().0).unwrap();
    space.backup_to(file("b")).unwrap();
    let restore = |asked: &RestoreOptions| HealthSpace::restore(file("b"), file("again"), &unlock(), clock().0, asked);
    assert!(matches!(restore(&options()), Err(Error::Corrupt(Part::Segment))));
    let (again, restored) = restore(&options().with_damage()).unwrap();
    assert_eq!(restored.read.scopes[1].damaged, [(Part::Segment, 1)]);
    assert!(restored.emptied.is_empty());
    assert!(again.check().unwrap().is_whole());
    assert_eq!(texts(&again), 1);
    drop(again);
    HealthSpace::open(file("again"), &unlock(), clock().0).unwrap();
}

/// A segment of which little stands in the file and much in memory.
fn bomb() -> Vec<u8> {
    let mut builder = crate::catalog::SegmentBuilder::new();
    builder.retire(crate::id::RecordId([1; 16]));
    let small = builder.finish().unwrap();
    // Version, four counts of one byte, a retired id; then the form, the length and the frame.
    let (head, rest) = small.split_at(1 + 4 + 16);
    assert_eq!(rest[0], 0);
    let mut tail = &rest[1..];
    let len = crate::codec::varint::take(&mut tail).unwrap() as usize;
    assert_eq!(len, tail.len());
    // Its first table are the strings: one, the empty one, of which the length is a column.
    let mut x = 88_172_645_463_325_252u64;
    let mut noise = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        b'0' + (x % 64) as u8
    };
    let noise: Vec<u8> = (0..80_000).map(|_| noise()).collect();
    let text: Vec<u8> = noise.iter().copied().cycle().take(16 << 20).collect();
    let mut frame = Vec::new();
    crate::codec::varint::put(&mut frame, 2);
    // Two lengths in planes of four bytes: 0 and that of the text.
    frame.push(4);
    frame.push(0);
    for plane in 0..4 {
        frame.extend([0u8, ((16usize << 20) >> (8 * plane)) as u8]);
    }
    frame.extend(text);
    frame.extend(after_strings(tail));
    let mut out = head.to_vec();
    out.push(1);
    crate::codec::varint::put(&mut out, frame.len() as u64);
    out.extend(zstd::bulk::compress(&frame, 3).unwrap());
    out
}

/// What follows the table of strings where that has the empty one alone.
fn after_strings(frame: &[u8]) -> Vec<u8> {
    // One string; a column one byte wide, base 0, value 0.
    let width = frame[1] as usize;
    frame[1 + 1 + 1 + width..].to_vec()
}

fn plant(disk: &Disk, bombs: usize) {
    let bytes = bomb();
    assert!(bytes.len() < 200_000);
    let space = open(disk, &unlock()).unwrap();
    space
        .inner
        .write(|tx, w| {
            let work = w.work(tx, Target::Partition(1))?;
            for _ in 0..bombs {
                let (group, number) = (tx.new_group(work)?, tx.next_row(work)?);
                let row = tx.put_content_at(work, Class::Catalog, group, Content::Dense, &bytes, number)?;
                work.manifest.segments.push(SegmentRef { row, group, here: None, level: 0, weight: 1, staged: 0 });
            }
            Ok(())
        })
        .unwrap();
}

/// The most memory that this process has had, in MiB, where that can be told and nothing else runs in it.
fn most() -> Option<u64> {
    std::env::var_os("NEXTEST")?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? >> 10)
}

/// Whoever has the key of one room names there what would fill the memory of whoever opens the space.
#[test]
fn a_bomb_in_a_room_is_refused_and_leaves_the_others_open() {
    let (disk, space, grant) = setting();
    let (secret, slot) = space.add_limited_way_in(&unlock(), &["general"]).unwrap();
    drop((space, secret));
    let before = disk.image();
    // One of them is no harm.
    plant(&disk, 1);
    assert!(open(&disk, &unlock()).is_ok());
    disk.restore(&before);
    plant(&disk, 40);
    let began = std::time::Instant::now();
    assert!(matches!(open(&disk, &unlock()), Err(Error::Corrupt(Part::Segment))));
    HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["health"])).unwrap();
    let space = damaged(&disk).unwrap();
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    if let Some(most) = most() {
        assert!(most < 256, "{most} MiB");
    }
    assert_eq!(space.info().unwrap().damaged, ["general"]);
    assert!(!space.check().unwrap().is_whole());
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    assert_eq!(session.query(&Query::default()).unwrap().unread(), 0);
    space.withdraw(grant.id()).unwrap();
    space.remove_way_in(&unlock(), slot).unwrap();
    let rotated = space.rotate_with_damage(&unlock(), &[]).unwrap();
    assert!(rotated.pages_lost > 30 && rotated.emptied.is_empty());
    drop(rotated);
    assert_eq!(texts(&open(&disk, &unlock()).unwrap()), 9);
}

/// A head and a log that are damaged are told apart from ones that are older.
#[test]
fn what_is_older_is_refused_all_the_same() {
    let (disk, space, _) = setting();
    let before = disk.image();
    allow(&space, &[Category::Laboratory]);
    let system = space.inner.peek().unwrap().view.id;
    drop(space);
    // The system scope is put back alone.
    disk.tamper(|i| {
        for (own, old) in i.heads.iter_mut().zip(&before.heads) {
            let head = old[&system].clone();
            Arc::make_mut(own).insert(system, head);
        }
        let rows = Arc::make_mut(&mut i.rows);
        rows.retain(|_, (scope, _)| *scope != system);
        rows.extend(before.rows.iter().filter(|(_, (scope, _))| *scope == system).map(|(n, row)| (*n, row.clone())));
    });
    assert!(matches!(damaged(&disk), Err(Error::RolledBack)));
}

/// Whoever has the key of one room says in its head that it is of keys that are not there yet.
#[test]
fn a_room_that_claims_other_keys_is_damaged() {
    let (disk, space, _) = setting();
    let p = space.inner.peek().unwrap().partitions[1].clone();
    let head = crate::vault::head::Head { epoch: p.head.epoch + 1, ..(*p.head).clone() };
    let body = head.encode();
    let auth = crate::vault::head::authenticate(&body, &p.keys.head_mac, None).unwrap();
    disk.tamper(|i| {
        for heads in &mut i.heads {
            let row = crate::storage::HeadRow { body: body.clone(), auth: auth.clone() };
            Arc::make_mut(heads).insert(p.id, row);
        }
    });
    assert!(matches!(space.check(), Err(Error::Corrupt(Part::Head))));
    drop(space);
    assert!(matches!(open(&disk, &unlock()), Err(Error::Corrupt(Part::Head))));
    let space = damaged(&disk).unwrap();
    assert_eq!(space.info().unwrap().damaged, ["general"]);
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(!session.query(&Query::default()).unwrap().value().is_empty());
}

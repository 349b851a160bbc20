//! Whoever has a limited way in writes proper heads and manifests of their own room, as they like: what
//! they say there changes nothing in the others.

use super::head::{self, Head};
use super::manifest::{ConversationEntry, Staged};
use super::state::Target;
use super::tests::{allow, clock, events, fill, gesture, model, unlock};
use super::tests_anchor::TestAnchor;
use super::tests_keystore::make;
use super::tests_limited::put_head;
use super::tx::Work;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::{NewRecord, ObjectRef, Query, SegmentBuilder};
use crate::consent::{Recipient, Standing};
use crate::crypto::context::Class;
use crate::environment::Environment;
use crate::error::{Error, Limit, Result};
use crate::id::{GrantId, Identity, RecordId, SlotId, SourceId, SourceTag};
use crate::keyring::{RecoveryCode, Unlock};
use crate::label::{Confidentiality, Purpose, Sensitivities};
use crate::ledger::note::VerifierKey;
use crate::record::{Author, Category, Revision};
use crate::storage::HeadRow;
use crate::storage::memory::Memory;
use std::sync::Arc;

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

/// A grant over `health` for 90 days, and a limited way in for `general`.
struct World {
    disk: Memory,
    env: Environment,
    space: HealthSpace,
    code: RecoveryCode,
    secret: Vec<u8>,
    slot: SlotId,
    grant: GrantId,
}

impl World {
    /// A space that goes on without its anchor.
    fn recovered(&self) -> HealthSpace {
        let (disk, refused) = (Arc::new(self.disk.clone()), crate::vault::scope::Damage::Refused);
        HealthSpace::recover_in(disk, &unlock(), self.env.clone(), &gesture(), refused).unwrap().0
    }

    fn new() -> Self {
        Self::with(clock().0)
    }

    fn with(env: Environment) -> Self {
        let disk = Memory::new();
        let (space, code) = make(&disk, &unlock(), env.clone()).unwrap();
        fill(&space);
        let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
        let grant = ask.recipient(model()).expires_in_days(90).agree(gesture()).unwrap().id();
        let (secret, slot) = space.add_limited_way_in(&unlock(), &["general"]).unwrap();
        Self { disk, env, space, code, secret: secret.expose().to_vec(), slot, grant }
    }

    fn open(&self, by: &Unlock) -> Result<HealthSpace> {
        HealthSpace::open_in(Arc::new(self.disk.clone()), by, self.env.clone(), None)
    }

    fn full(&self) -> HealthSpace {
        self.open(&unlock()).unwrap()
    }

    fn limited(&self) -> HealthSpace {
        self.open(&Unlock::limited(self.secret.clone())).unwrap()
    }

    /// The next head of `general`, as its holder likes it.
    fn forge(&self, change: impl Fn(&mut Head)) {
        let handle = self.limited();
        let own = handle.inner.peek().unwrap().partitions[0].clone();
        let mut head = (*own.head).clone();
        head.generation += 1;
        head.previous = own.digest;
        change(&mut head);
        let body = head.encode();
        let auth = head::authenticate(&body, &own.keys.head_mac, None).unwrap();
        self.disk.tamper(|i| put_head(i, own.id, &HeadRow { body, auth }));
    }

    /// The same of its manifest and log.
    fn write(&self, change: impl FnOnce(&mut tx::Tx<'_>, &mut Work) -> Result<()>) {
        self.limited()
            .inner
            .write(|tx, w| {
                let work = w.work(tx, Target::Partition(0))?;
                change(tx, work)
            })
            .unwrap();
    }

    fn stage(&self, ordinal: u32) -> SourceId {
        let source = SourceId::from_bytes([3; 32]);
        self.write(|_, work| {
            let (began, owner, settings) = (0, [1; 16], [1; 16]);
            work.manifest.staged.push(Staged {
                ordinal,
                source,
                tag: SourceTag::from_bytes([3; 32]),
                group: 99,
                units: 1,
                first_row: u64::MAX,
                began,
                owner,
                settings,
            });
            Ok(())
        });
        source
    }
}

fn asks(space: &HealthSpace) -> Result<()> {
    space.session(model(), Purpose::PatientRequest)?.query(&Query::default()).map(|_| ())
}

#[test]
fn a_time_that_it_says_ends_no_grant_of_another_room_and_dates_no_other_log() {
    for time in [NOW + 400 * DAY, i64::MAX] {
        let w = World::new();
        asks(&w.space).unwrap();
        w.forge(|head| head.last_entry = time);
        let full = w.full();
        asks(&full).unwrap();
        assert_eq!(full.grants().unwrap()[0].standing, Standing::InForce);
        full.withdraw(w.grant).unwrap();
        full.remove_way_in(&unlock(), w.slot).unwrap();
        allow(&full, &[Category::Activity]);
        for log in [LogOf::Space, LogOf::Partition("health")] {
            assert!(full.log(log).unwrap().iter().all(|l| l.entry.time.as_millis() <= NOW + DAY), "{log:?}");
        }
        assert!(full.withdrawal_notices().unwrap().iter().all(|n| !n.overdue));
        let heads = full.inner.peek().unwrap();
        assert_eq!((heads.latest(), heads.partitions[0].head.last_entry < time), (time, true));
        // Its own room is as late as it says, until the person confirms the clock.
        full.confirm_clock(gesture()).unwrap();
        assert!(full.inner.peek().unwrap().latest() <= NOW + DAY);
    }
}

#[test]
fn a_room_that_has_no_number_left_stops_nothing_and_new_keys_let_it_go_on() {
    for (own, env) in [(u32::MAX, clock().0), (u32::MAX - 1, clock().0)] {
        let w = World::with(env);
        w.forge(|head| head.generation = own);
        let full = w.full();
        full.withdraw(w.grant).unwrap();
        let code = full.new_recovery_code(&unlock()).unwrap();
        full.confirm_clock(gesture()).unwrap();
        full.remove_way_in(&unlock(), w.slot).unwrap();
        let general = full.partition("general").unwrap();
        let log = |full: &HealthSpace| {
            let at = Target::Partition(1);
            full.inner.write(|tx, w| tx.log(w.work(tx, at)?, AuditEvent::Quarantined { records: 1 }).map(drop))
        };
        assert!(matches!(log(&full), Err(Error::TooLarge(Limit::Capacity))));
        drop(general);
        let by_code = Unlock::recovery_code(&code.0.reveal()).unwrap();
        let full = full.rotate(&unlock(), &[&by_code]).unwrap().space;
        log(&full).unwrap();
        asks(&full).unwrap_err();
        let generations: Vec<u32> = full.inner.peek().unwrap().partitions.iter().map(|p| p.head.generation).collect();
        assert!(generations.iter().all(|g| *g < 10), "{generations:?}");
        assert!(full.check().unwrap().is_whole());
        w.open(&by_code).unwrap();
    }
}

#[test]
fn it_goes_on_where_the_space_goes_on_anew_too() {
    let w = World::new();
    w.forge(|head| head.generation = u32::MAX);
    let full = w.recovered();
    full.confirm_all_permissions(gesture()).unwrap();
    asks(&full).unwrap();
    assert!(full.check().unwrap().is_whole());
    // And where it is made of a backup.
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("b"), dir.path().join("c"));
    let (space, _) = HealthSpace::create(dir.path().join("a"), &unlock(), clock().0).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    let own = space.inner.peek().unwrap().partitions[1].clone();
    let head = Head { generation: u32::MAX, previous: own.digest, ..(*own.head).clone() }.encode();
    let auth = head::authenticate(&head, &own.keys.head_mac, None).unwrap();
    let mut txn = space.inner.base.storage.begin_write().unwrap();
    txn.put_head(&own.id, &head, &auth).unwrap();
    txn.commit().unwrap();
    space.backup_to(&from).unwrap();
    let (full, _) = HealthSpace::restore(&from, &to, &unlock(), clock().0, &RestoreOptions::new(gesture())).unwrap();
    full.confirm_all_permissions(gesture()).unwrap();
    asks(&full).unwrap();
}

#[test]
fn an_anchor_follows_new_keys() {
    let server = TestAnchor::new();
    let env = Environment { anchor: Some(Arc::<TestAnchor>::clone(&server)), ..clock().0 };
    let w = World::with(env);
    w.full();
    let old = w.disk.image();
    let full = w.full().rotate(&unlock(), &[]).unwrap().space;
    asks(&full).unwrap();
    let heads = server.heads.lock().unwrap().clone();
    assert!(heads.values().all(|h| h.epoch == 2 && h.generation < 5), "{heads:?}");
    assert!(full.check().unwrap().is_whole());
    w.disk.restore(&old);
    assert!(matches!(w.open(&unlock()), Err(Error::RolledBack)));
}

#[test]
fn what_it_says_is_unfinished_stops_no_erasure_and_no_new_keys() {
    for ordinal in [7, u32::MAX] {
        let w = World::new();
        let source = w.stage(ordinal);
        let full = w.full();
        let id = full.partition("health").unwrap().sources().unwrap()[0].id;
        full.partition("health").unwrap().erase(&Erase::Source(id), gesture()).unwrap();
        let general = full.partition("general").unwrap();
        assert!(matches!(general.erase(&Erase::Everything, gesture()), Err(Error::Busy)));
        general.discard(source).unwrap();
        assert!(general.staged_imports().unwrap().is_empty());
        w.stage(ordinal);
        let full = full.rotate(&unlock(), &[]).unwrap().space;
        assert!(full.partition("general").unwrap().staged_imports().unwrap().is_empty());
        assert!(full.check().unwrap().is_whole());
        assert!(full.partition("health").unwrap().sources().unwrap().is_empty());
    }
}

#[test]
fn it_withdraws_nothing_in_other_rooms_and_ends_no_memory_there() {
    let w = World::new();
    allow(&w.space, &[Category::Memories]);
    let session = w.space.session(model(), Purpose::PatientRequest).unwrap();
    let rows = session.query(&Query::default()).unwrap();
    session.remember("rests on the results", &rows).unwrap();
    let tag = session.floating().tag().clone();
    w.write(|tx, work| {
        work.manifest.denied.push(w.grant);
        work.manifest.tags.adopt(&tag, &[(w.grant, Some(0))]);
        work.manifest.tags.end(w.grant);
        tx.log(work, AuditEvent::Withdrawn { grant: w.grant, gesture: None }).map(drop)
    });
    let full = w.full();
    let seen = || {
        let session = full.session(model(), Purpose::PatientRequest).unwrap();
        session.memories("health").unwrap().into_value().len()
    };
    assert_eq!((seen(), full.withdrawn_within(w.grant).unwrap()), (1, None));
    // Nor of what is written from now on.
    let session = full.session(model(), Purpose::PatientRequest).unwrap();
    let rows = session.query(&Query::default()).unwrap();
    session.remember("rests on them as well", &rows).unwrap();
    assert_eq!(seen(), 2);
}

/// A record of its own under an id that it has seen.
fn plant(tx: &mut tx::Tx<'_>, work: &mut Work, id: RecordId) -> Result<()> {
    let group = tx.new_group(work)?;
    let put = tx.put_content(work, Class::Body, group, payload::Content::Dense, &[1, 1, 7])?;
    let mut builder = SegmentBuilder::new();
    builder.add(NewRecord {
        id,
        identity: Identity([9; 16]),
        content: [8; 16],
        object: ObjectRef { number: put.number << 8, version: put.version, group },
        origins: &[],
        author: Author::Source,
        confidentiality: Confidentiality::Unrestricted,
        sensitivities: Sensitivities::NONE,
        obligations: crate::label::Obligations::NONE,
        type_name: "X",
        facts: &[],
        series: None,
        revision: Revision::default(),
        history: false,
    });
    tx.add_segment(work, &builder.finish()?, 0)
}

#[test]
fn erasing_its_room_takes_no_memory_of_another() {
    let w = World::new();
    allow(&w.space, &[Category::Memories]);
    let session = w.space.session(model(), Purpose::PatientRequest).unwrap();
    let rows = session.query(&Query::default()).unwrap();
    let id = rows.value()[0].record;
    session.remember("rests on the results", &rows).unwrap();
    let notes = |s: &HealthSpace| s.inner.peek().unwrap().partitions[0].notes().len();
    w.write(|tx, work| plant(tx, work, id));
    let full = w.full();
    let done = full.partition("general").unwrap().erase(&Erase::Everything, gesture()).unwrap();
    assert_eq!((done.derived, notes(&full)), (0, 1));
    w.write(|tx, work| plant(tx, work, id));
    let done = w.full().partition("health").unwrap().erase(&Erase::Records(vec![id]), gesture()).unwrap();
    assert_eq!((done.records, done.derived, notes(&w.full())), (2, 1, 0));
}

#[test]
fn it_gives_no_conversation_to_another_recipient() {
    let w = World::new();
    let session = w.space.session(model(), Purpose::PatientRequest).unwrap();
    session.query(&Query::default()).unwrap();
    let id = session.conversation();
    let evil = Recipient::model("evil-llm").unwrap();
    w.write(|tx, work| {
        let old = work.scope.conversation(tx.base, &*tx.txn, id)?.unwrap();
        tx.set_conversation(work, ConversationEntry { recipient: evil.clone(), ..(*old).clone() })
    });
    let full = w.full();
    assert!(matches!(full.resume(id, evil, Purpose::PatientRequest), Err(Error::NotFound)));
    let label = full.resume(id, model(), Purpose::PatientRequest).unwrap().label();
    assert_eq!(label, session.label());
}

#[test]
fn an_emergency_that_it_makes_up_keeps_no_entry_of_another_log() {
    let w = World::new();
    let system = w.space.inner.peek().unwrap().view.id;
    let health = w.space.inner.peek().unwrap().partitions[0].id;
    asks(&w.space).unwrap();
    let added = events(&w.space, LogOf::Space).len() as u64 - 1;
    let last = events(&w.space, LogOf::Partition("health")).len() as u64 - 1;
    let mut c = crate::codec::cbor::Writer::new();
    c.uint(23)
        .array(1)
        .array(10)
        .uint(0)
        .text("model")
        .text("x")
        .text("y")
        .int(0)
        .int(0)
        .bool(false)
        .null()
        .null()
        .array(2);
    c.array(2).bytes(system.as_bytes()).uint(added).array(2).bytes(health.as_bytes()).uint(last);
    let bytes = c.into_bytes();
    w.write(|_, work| {
        work.manifest.breaks = glass::read_breaks(&mut crate::codec::cbor::Reader::new(&bytes))?;
        Ok(())
    });
    let full = w.full();
    full.erase_entries(LogOf::Partition("health"), &[last], gesture()).unwrap();
    full.erase_entries(LogOf::Space, &[added], gesture()).unwrap();
}

#[test]
fn the_key_of_its_log_is_the_one_that_the_system_head_names() {
    let w = World::new();
    let state = w.space.inner.peek().unwrap();
    let named = state.view.head.entry(&state.partitions[1].id).unwrap().verify;
    let general = LogOf::Partition("general");
    let key = |s: &HealthSpace| VerifierKey::parse(&s.verifier_key(general).unwrap()).unwrap().key.0;
    assert_eq!(key(&w.space), named);
    w.write(|tx, work| {
        let number = work.manifest.seed.number;
        work.manifest.seed = tx.put_bookkeeping(work, Class::LogSeed, &[5; 32], number)?;
        Ok(())
    });
    let full = w.full();
    assert!(matches!(full.verifier_key(general), Err(Error::Corrupt(_))));
    assert!(matches!(full.checkpoint(general), Err(Error::Corrupt(_))));
    assert!(!full.check().unwrap().is_whole());
    // New keys begin a log that says from which it goes on.
    let full = full.rotate(&unlock(), &[]).unwrap().space;
    let state = full.inner.peek().unwrap();
    assert_eq!(key(&full), state.view.head.entry(&state.partitions[1].id).unwrap().verify);
    let said = events(&full, general);
    assert!(matches!(said.last(), Some(AuditEvent::LogOpened { previous: Some(_), .. })));
    assert!(full.check().unwrap().is_whole());
}

#[test]
fn after_a_restore_its_row_names_no_permission_of_another_room() {
    let w = World::new();
    let full = w.recovered();
    let (secret, _) = full.add_limited_way_in(&unlock(), &["general"]).unwrap();
    let part = w.open(&Unlock::limited(secret.expose().to_vec())).unwrap();
    assert!(part.inner.peek().unwrap().partitions[0].policy.suspended.is_empty());
    assert_eq!(full.grants().unwrap()[0].standing, Standing::Suspended);
    full.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    assert!(full.inner.peek().unwrap().partitions[2].policy.suspended.is_empty());
    assert_eq!(full.confirm_all_permissions(gesture()).unwrap(), 1);
}

#[test]
fn labels_tell_all_partitions_apart() {
    let w = World::new();
    let by_code = Unlock::recovery_code(&w.code.reveal()).unwrap();
    for n in 3..64 {
        w.space.create_partition(&format!("p{n}"), PartitionKind::General, &by_code).unwrap();
    }
    let more = w.space.create_partition("p64", PartitionKind::General, &by_code);
    assert!(matches!(more, Err(Error::TooLarge(Limit::Capacity))), "{more:?}");
    let state = w.space.inner.peek().unwrap();
    let origins = state.partitions.iter().map(|p| crate::label::Origins::partition(p.ordinal).bits());
    assert_eq!(origins.collect::<std::collections::BTreeSet<_>>().len(), 63);
}

/// Everything that a full handle reads, and does, over a room whose numbers are not so.
fn use_all(full: &HealthSpace) {
    let general = LogOf::Partition("general");
    _ = full.check();
    _ = full.repair();
    _ = full.claims();
    _ = (full.withdrawal_notices(), full.break_glass_notices(), full.grants(), full.permissions());
    _ = (full.log(general), full.verifier_key(general), full.consistency(general, 1), full.receipt(general, 0));
    _ = (full.handovers(general), full.disclosure_log(), full.breach_scope(&Lost::Device));
    _ = full.breach_scope(&Lost::Entries("general", 0..u64::MAX));
    let room = full.partition("general").unwrap();
    _ = (room.sources(), room.stats(), room.memories(), room.conversations());
    let session = full.session(model(), Purpose::PatientRequest).unwrap();
    _ = (session.query(&Query::default()), session.remember_in("general", "a note"));
    _ = full.erase_entries(general, &[0], gesture());
    for staged in room.staged_imports().unwrap() {
        _ = room.discard(staged.source);
    }
    _ = room.erase(&Erase::Everything, gesture());
    _ = full.rotate(&unlock(), &[]);
}

#[test]
fn no_number_of_its_manifest_makes_a_full_handle_panic() {
    type Change = fn(&mut Work);
    let changes: [Change; 9] = [
        |work| work.manifest.next_row = u64::MAX,
        |work| (work.manifest.sources, work.manifest.zone_minutes) = (u32::MAX, i16::MIN),
        |work| work.manifest.erased = vec![(0, u64::MAX)],
        |work| work.manifest.erased = vec![(1, u64::MAX - 1)],
        |work| work.last_entry = i64::MIN,
        |work| work.last_entry = i64::MAX,
        |work| {
            let weight = |level, weight| manifest::SegmentRef {
                row: head::RowRef { number: u64::MAX, version: u64::MAX, salt: [0; 24] },
                group: u64::MAX,
                here: None,
                level,
                weight,
                staged: 7,
            };
            work.manifest.segments.extend((0..9).map(|n| weight(u8::MAX, u64::MAX - n)));
            work.manifest.staged.push(Staged {
                ordinal: 6,
                source: SourceId::from_bytes([3; 32]),
                tag: SourceTag::from_bytes([7; 32]),
                group: 0,
                units: u64::MAX,
                first_row: u64::MAX,
                began: i64::MIN,
                owner: [1; 16],
                settings: [1; 16],
            });
        },
        |work| {
            let mut c = crate::codec::cbor::Writer::new();
            c.uint(23).array(2);
            for (from, to) in [(u64::MAX, 0), (0, u64::MAX)] {
                c.array(10)
                    .uint(from)
                    .text("model")
                    .text("x")
                    .text("y")
                    .int(i64::MAX)
                    .int(i64::MIN)
                    .bool(false)
                    .null()
                    .uint(to)
                    .array(0);
            }
            let bytes = c.into_bytes();
            work.manifest.breaks = glass::read_breaks(&mut crate::codec::cbor::Reader::new(&bytes)).unwrap();
        },
        |work| work.manifest.denied = vec![GrantId::from_bytes([1; 16]); 3],
    ];
    for change in changes {
        let w = World::new();
        w.write(|_, work| {
            change(work);
            Ok(())
        });
        use_all(&w.full());
        w.full().partition("health").unwrap().erase(&Erase::Everything, gesture()).unwrap();
    }
}

#[test]
fn a_size_of_its_log_that_nothing_reaches_is_told_and_not_walked_to() {
    for size in [1 << 40, u64::MAX] {
        let w = World::new();
        w.forge(|head| head.log_size = size);
        let check = w.full().check().unwrap();
        assert!(!check.is_whole());
        assert!(
            check.scopes.iter().filter(|s| s.partition.as_deref() != Some("general")).all(|s| s.damaged.is_empty())
        );
    }
}

/// A room that says of itself that it waits for a sweep, and can take no entry that says it was: what is erased
/// elsewhere is swept, and said to be.
#[test]
fn an_erasure_that_cannot_be_noted_in_a_room_is_noted_in_others() {
    for forge in [|head: &mut Head| head.generation = u32::MAX, |head: &mut Head| head.log_size += 1000] {
        let w = World::new();
        w.write(|_, work| {
            work.manifest.unswept = vec![0];
            Ok(())
        });
        w.forge(forge);
        let health = w.full().partition("health").unwrap();
        let source = health.sources().unwrap()[0].id;
        let done = health.erase(&Erase::Source(source), gesture()).unwrap();
        assert_eq!(done.level, ErasureLevel::FileErased);
        let waits = w.full().inner.peek().unwrap().partitions[0].manifest.unswept.clone();
        assert!(waits.is_empty());
    }
}

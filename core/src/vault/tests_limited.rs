//! Limited ways in, and what an attacker does with one and with write access to the file.

use super::head;
use super::policy_row::PolicyRow;
use super::rows::Place;
use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::tests_keystore::{make, store, with};
use super::*;
use crate::audit::AuditEvent;
use crate::crypto::context::Class;
use crate::crypto::hash::sha256;
use crate::crypto::seal;
use crate::error::{Error, Part, Result};
use crate::id::ScopeId;
use crate::keyring::{SlotKind, Unlock, make_slot};
use crate::label::{Confidentiality, Lowering, Purpose};
use crate::record::Category;
use crate::storage::memory::{Image, Memory};
use crate::storage::{HeadRow, Row};
use std::sync::Arc;

struct World {
    disk: Memory,
    space: HealthSpace,
    secret: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let disk = Memory::new();
        let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
        space.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
        fill(&space);
        allow(&space, &[Category::Laboratory]);
        let (secret, _) = space.add_limited_way_in(&unlock(), &["general", "fitness"]).unwrap();
        Self { disk, space, secret: secret.expose().to_vec() }
    }

    fn limited(&self) -> Result<HealthSpace> {
        let by = Unlock::limited(self.secret.clone());
        HealthSpace::open_in(Arc::new(self.disk.clone()), &by, clock().0, None)
    }

    fn full(&self) -> Result<HealthSpace> {
        HealthSpace::open_in(Arc::new(self.disk.clone()), &unlock(), clock().0, None)
    }
}

#[test]
fn a_limited_way_in_reads_writes_and_withdraws_in_its_rooms() {
    let world = World::new();
    let rooms = ["general", "fitness"];
    assert_eq!(world.limited().unwrap().info().unwrap().partitions, rooms);
    let grants = rooms.map(|room| {
        let ask = world.space.consent_request().partition(room).purpose(Purpose::PatientRequest);
        ask.categories(&[Category::Memories]).recipient(model()).agree(gesture()).unwrap()
    });
    let part = world.limited().unwrap();
    assert!(!part.info().unwrap().full);
    let chat = part.session(model(), Purpose::PatientRequest).unwrap();
    chat.remember_in("general", "likes walking").unwrap();
    assert_eq!(part.partition("general").unwrap().memories().unwrap().into_value().len(), 1);
    assert_eq!(
        part.log(LogOf::Partition("general")).unwrap().len(),
        world.space.log(LogOf::Partition("general")).unwrap().len()
    );
    // What it withdraws holds at once, for the other handle too; what it may not do it cannot.
    part.withdraw(grants[0].id()).unwrap();
    let full = world.full().unwrap();
    assert!(
        !full
            .grants()
            .unwrap()
            .iter()
            .any(|g| g.id == grants[0].id() && g.standing == crate::consent::Standing::InForce)
    );
    let needs_full = |r: Result<()>| assert!(matches!(r, Err(Error::NeedsFullSlot)));
    needs_full(part.log(LogOf::Space).map(drop));
    needs_full(part.create_partition("x", PartitionKind::Health, &unlock()));
    needs_full(part.add_way_in(&unlock(), &Unlock::passphrase("x")).map(drop));
    needs_full(part.add_limited_way_in(&unlock(), &["general"]).map(drop));
    let asked = part.consent_request().partition("general").purpose(Purpose::PatientRequest);
    needs_full(asked.categories(&[Category::Memories]).recipient(model()).agree(gesture()).map(drop));
    assert!(matches!(part.partition("health"), Err(Error::NoSuchPartition)));
    // With the space opened in full the limited secret is none of the ways to change it.
    let by = Unlock::limited(world.secret.clone());
    needs_full(world.space.add_way_in(&by, &Unlock::passphrase("x")).map(drop));
    assert!(matches!(world.space.add_way_in(&unlock(), &by), Err(Error::Malformed(_))));
    for bad in [&[][..], &["general", "general"]] {
        assert!(matches!(world.space.add_limited_way_in(&unlock(), bad), Err(Error::Malformed(_))));
    }
    assert!(matches!(world.space.add_limited_way_in(&unlock(), &["x"]), Err(Error::NoSuchPartition)));
    // It may be opened for less, and not for more.
    let open = |only: &[&str]| {
        let by = Unlock::limited(world.secret.clone());
        HealthSpace::open_in(Arc::new(world.disk.clone()), &by, clock().0, Some(only))
    };
    assert_eq!(open(&["fitness"]).unwrap().info().unwrap().partitions, ["fitness"]);
    assert!(matches!(open(&["health"]), Err(Error::NoSuchPartition)));
    // Removed, it opens nothing more; it does not count among the two ways in.
    let slot = world.space.ways_in().unwrap().into_iter().find(|w| w.kind == WayInKind::Limited).unwrap();
    let removed = world.space.remove_way_in(&unlock(), slot.id).unwrap();
    assert_eq!(removed.old_copies, OldCopies::OpenWithTheOldSecret);
    assert!(matches!(world.limited(), Err(Error::CannotOpen)));
    part.partition("general").unwrap().stats().unwrap();
}

#[test]
fn with_a_keystore_it_needs_the_device() {
    let (disk, store) = (Memory::new(), store());
    let (space, _) = make(&disk, &with(&store, "one"), clock().0).unwrap();
    let (secret, _) = space.add_limited_way_in(&with(&store, "one"), &["general"]).unwrap();
    let by = || Unlock::limited(secret.expose().to_vec());
    let open = |u: Unlock| HealthSpace::open_in(Arc::new(disk.clone()), &u, clock().0, None);
    assert!(matches!(open(by()), Err(Error::CannotOpen)));
    let store: Arc<dyn crate::KeyStore> = store;
    assert_eq!(open(by().with_device(store)).unwrap().info().unwrap().partitions, ["general"]);
}

/// What the attacker's process holds.
struct Loot {
    handle: HealthSpace,
    /// Of its rooms.
    general: ScopeId,
    /// Which it has no key for.
    system: ScopeId,
    health: ScopeId,
}

fn loot(world: &World) -> Loot {
    let handle = world.limited().unwrap();
    let (own, all) = (handle.inner.peek().unwrap(), world.space.inner.peek().unwrap());
    Loot { general: own.partitions[0].id, system: own.view.id, health: all.partitions[0].id, handle }
}

pub(super) fn put_head(image: &mut Image, scope: ScopeId, row: &HeadRow) {
    for copy in &mut image.heads {
        Arc::make_mut(copy).insert(scope, row.clone());
    }
}

fn row_of(image: &Image, scope: ScopeId, number: u64) -> Row {
    let (owner, row) = &image.rows[&(number as i64)];
    assert!(*owner == scope);
    (**row).clone()
}

fn put_row(image: &mut Image, scope: ScopeId, row: Row) {
    Arc::make_mut(&mut image.rows).insert(row.number as i64, (scope, Arc::new(row)));
}

/// Everything the attacker can sign or seal, put where it has no right to be.
#[test]
fn it_forges_nothing_outside_its_rooms() {
    let world = World::new();
    let loot = loot(&world);
    let state = loot.handle.inner.peek().unwrap();
    let (base, own) = (&loot.handle.inner.base, state.partitions[0].clone());
    let signer = state.signer(base, &*base.storage.begin_read().unwrap(), &own).unwrap();
    let good = world.disk.image();
    let system_head = good.heads[0][&loot.system].clone();
    let entry = state.view.head.entry(&loot.general).unwrap().clone();

    // A policy row of its own room that lets everything flow, sealed as it should be.
    let mut policy = PolicyRow::new("general", PartitionKind::Health);
    policy.clearance = Some(crate::label::Label::health(1));
    let mut packed = Vec::new();
    base.codec.pack(super::payload::Content::Dense, &policy.encode(), &mut packed).unwrap();
    let place = Place {
        tag: loot.system,
        scope: loot.general,
        class: Class::Policy,
        number: entry.policy.number,
        version: entry.policy.version,
        epoch: base.epoch,
        group: 0,
    };
    let sealed = seal::seal(own.keys.policy.expose(), &base.context(&place).encode(), &packed).unwrap();
    let forged_policy = Row { sealed: sealed.clone(), ..row_of(&good, loot.system, entry.policy.number) };

    // A system head that names it, authenticated with all that it has.
    let head_over = |change: &dyn Fn(&mut head::SystemPart)| {
        let mut h = (*state.view.head).clone();
        h.generation += 1;
        h.previous = state.view.digest;
        change(h.system.as_mut().unwrap());
        let body = h.encode();
        let auth = head::authenticate(&body, &own.keys.head_mac, Some(&signer)).unwrap();
        HeadRow { body, auth }
    };
    let forged_system = head_over(&|part| {
        for e in part.scopes.iter_mut().filter(|e| e.scope == loot.general) {
            e.policy_digest = sha256(&[&sealed]);
        }
    });
    // A new signer for the space, named by itself.
    let own_signer = head_over(&|part| part.scopes.iter_mut().for_each(|e| e.verify = signer.verifying_key().0));

    // A head of `health` under its own room's key.
    let mut h = (*own.head).clone();
    h.scope = loot.health;
    h.generation += 100;
    let body = h.encode();
    let auth = head::authenticate(&body, &own.keys.head_mac, None).unwrap();
    let forged_health = HeadRow { body, auth };

    // A slot for a passphrase of its own, over all the keys that it could take for a root.
    let (txn, _) = loot.handle.inner.read().unwrap();
    let slots = txn.slots(crate::storage::Copy::First).unwrap();
    drop(txn);
    let shared = slots.iter().find(|s| s.id == [0; 16]).unwrap();
    let row = crate::keyring::SpaceRow::decode(&shared.body).unwrap();
    let intruder = super::tests_keys::pass("intruder");
    let root = crate::crypto::secret::Key::copy_of(&own.keys.all()[0]).unwrap();
    let (planted_id, planted) = make_slot(&row, &row.stretch(&intruder).unwrap(), &root).unwrap();
    // Its own slot with a bundle over a room that it was not given.
    let by = Unlock::limited(world.secret.clone());
    let keys = crate::keyring::ScopeKeys::make().unwrap();
    let wider = crate::keyring::make_limited(
        &row,
        &row.stretch(&by).unwrap(),
        loot.system,
        &state.view.verify.0,
        [(loot.health, &keys)].into_iter(),
    );
    let (wider_id, wider) = wider.unwrap();
    let limited_id =
        slots.iter().find(|s| crate::keyring::Slot::decode(&s.body).is_some_and(|s| s.kind == SlotKind::Limited));
    let limited_id = limited_id.unwrap().id;

    type Forge<'a> = (&'a str, Box<dyn Fn(&mut Image) + 'a>);
    let forgeries: Vec<Forge<'_>> = vec![
        ("a policy row", Box::new(|i| put_row(i, loot.system, forged_policy.clone()))),
        ("a system head", Box::new(|i| put_head(i, loot.system, &forged_system))),
        (
            "a system head and its policy row",
            Box::new(|i| {
                put_row(i, loot.system, forged_policy.clone());
                put_head(i, loot.system, &forged_system);
            }),
        ),
        ("a system head that names its signer", Box::new(|i| put_head(i, loot.system, &own_signer))),
        (
            "its signature behind the true MAC",
            Box::new(|i| {
                let mut row = forged_system.clone();
                row.auth[..32].copy_from_slice(&system_head.auth[..32]);
                put_head(i, loot.system, &row);
            }),
        ),
        ("a head of another room", Box::new(|i| put_head(i, loot.health, &forged_health))),
        (
            "its own head as that of another room",
            Box::new(|i| put_head(i, loot.health, &i.heads[0][&loot.general].clone())),
        ),
        (
            "its own rows as those of another room",
            Box::new(|i| {
                let rows: Vec<_> = i.rows.values().filter(|(s, _)| *s == loot.general).cloned().collect();
                for (_, row) in rows {
                    let number = 1 << 40 | (row.number & ((1 << 40) - 1));
                    put_row(i, loot.health, Row { number, ..(*row).clone() });
                }
            }),
        ),
        (
            "its own entries as those of another room",
            Box::new(|i| {
                let own: Vec<_> =
                    i.ledger.iter().filter(|((s, _), _)| *s == loot.general).map(|(k, v)| (k.1, v.clone())).collect();
                for (index, entry) in own {
                    Arc::make_mut(&mut i.ledger).insert((loot.health, index), entry);
                }
            }),
        ),
        (
            "a slot over its own key",
            Box::new(|i| i.slots.iter_mut().for_each(|s| _ = Arc::make_mut(s).insert(planted_id, planted.encode()))),
        ),
        (
            "a wider bundle",
            Box::new(|i| i.slots.iter_mut().for_each(|s| _ = Arc::make_mut(s).insert(wider_id, wider.encode()))),
        ),
        (
            "a wider bundle in the place of its own",
            Box::new(|i| {
                for s in &mut i.slots {
                    let s = Arc::make_mut(s);
                    s.remove(&limited_id);
                    s.insert(wider_id, wider.encode());
                }
            }),
        ),
    ];
    let before = said(&world.full().unwrap()).unwrap();
    for (name, forge) in &forgeries {
        world.disk.restore(&good);
        world.disk.tamper(forge);
        // Refused; or the second copy, or nothing, made it void. Never is anything else said.
        match world.full().and_then(|s| said(&s)) {
            Ok(now) => assert!(now == before, "{name}"),
            Err(Error::Corrupt(_) | Error::CannotOpen | Error::RolledBack | Error::Forked) => {}
            Err(e) => panic!("{name}: {e:?}"),
        }
        let open = HealthSpace::open_in(Arc::new(world.disk.clone()), &intruder, clock().0, None);
        assert!(matches!(open, Err(Error::CannotOpen | Error::Corrupt(_))), "{name}");
        // Another program with the same secret is not deceived either: it opens its rooms as they were,
        // or nothing.
        match world.limited() {
            Ok(part) => {
                assert_eq!(part.info().unwrap().partitions, ["general", "fitness"], "{name}");
                assert!(part.inner.peek().unwrap().partitions[0].policy.clearance.is_none(), "{name}");
            }
            Err(Error::Corrupt(_) | Error::CannotOpen | Error::RolledBack | Error::Forked) => {}
            Err(e) => panic!("{name}: {e:?}"),
        }
        // Nor is a handle that was open.
        match said(&world.space) {
            Ok(now) => assert!(now == before, "{name}"),
            Err(Error::Corrupt(_) | Error::RolledBack | Error::Forked) => {}
            Err(e) => panic!("{name}: {e:?}"),
        }
    }
    // The control: what it does in its own room is done.
    world.disk.restore(&good);
    loot.handle.session(model(), Purpose::PatientRequest).unwrap().remember_in("general", "mine").unwrap();
    assert!(said(&world.full().unwrap()).unwrap() == before, "outside nothing changed");
    assert_eq!(world.full().unwrap().log(LogOf::Partition("general")).unwrap().len(), 2);
}

/// What stands outside the attacker's rooms.
#[derive(PartialEq)]
struct Said {
    logs: [Vec<LogLine>; 2],
    grants: Vec<GrantInfo>,
    sources: Vec<ImportedSource>,
    records: u64,
    key: String,
    relaxed: Vec<bool>,
}

fn said(space: &HealthSpace) -> Result<Said> {
    let health = space.partition("health")?;
    let state = space.inner.peek()?;
    Ok(Said {
        logs: [space.log(LogOf::Space)?, space.log(LogOf::Partition("health"))?],
        grants: space.grants()?,
        sources: health.sources()?,
        records: health.stats()?.records,
        key: space.verifier_key(LogOf::Space)?,
        relaxed: state.partitions.iter().map(|p| p.policy.clearance.is_some()).collect(),
    })
}

/// None of the keys above or beside its rooms can be had from what the slot gives.
#[test]
fn the_bundle_holds_the_keys_of_its_rooms_alone() {
    let world = World::new();
    let [health, _, above] = world.space.keys_for_tests(&unlock());
    let part = world.limited().unwrap();
    let state = part.inner.peek().unwrap();
    assert!(state.system.is_none());
    let held: Vec<[u8; 32]> = state.partitions.iter().flat_map(|p| p.keys.all()).collect();
    assert_eq!(held.len(), 8);
    assert!(held.iter().all(|k| !health.contains(k) && !above.contains(k)));
    // A bit of its slot, anywhere, and it does not open.
    let good = world.disk.image();
    let id = part.ways_in().unwrap().into_iter().find(|w| w.kind == WayInKind::Limited).unwrap().id;
    for i in (0..good.slots[0][id.as_bytes()].len()).step_by(7) {
        world.disk.restore(&good);
        world.disk.tamper(|image| {
            for s in &mut image.slots {
                Arc::make_mut(s).get_mut(id.as_bytes()).unwrap()[i] ^= 1;
            }
        });
        assert!(matches!(world.limited(), Err(Error::CannotOpen | Error::Corrupt(Part::Slot))), "{i}");
    }
}

/// What was refused is entered where such a label may stand: it tells something, too.
#[test]
fn the_log_of_a_general_room_tells_no_sensitivity_of_health_data() {
    let world = World::new();
    let space = &world.space;
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let seen = s.query(&super::tests::of_code("20447-9")).unwrap();
    assert!(!seen.label().sensitivities.is_empty());
    let memory = s.remember("fifty", &seen).unwrap();
    let refused = |r: Result<()>| assert!(matches!(r, Err(Error::FlowDenied)));
    refused(s.remember_in("general", "fifty").map(drop));
    let said = s.say("fifty").unwrap();
    refused(s.keep(&said, "general").map(drop));
    let nowhere = Endpoint::model(model(), Endpoint::cleared(crate::label::Obligations::NONE));
    refused(s.model_call(&[&said], &nowhere).map(drop));
    let ask = space.declassify_request("health", "general", Purpose::PatientRequest);
    let ask = ask.dropping(Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE });
    let grant = ask.agree(gesture()).unwrap().id();
    let value = space.partition("health").unwrap().memory_value(memory).unwrap();
    let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
    refused(space.declassify(&what, &said, gesture()).map(drop));
    let entered = |s: &HealthSpace, room| {
        let all = super::tests::events(s, LogOf::Partition(room)).into_iter();
        let all = all.filter(|e| matches!(e, AuditEvent::FlowDenied { label, .. } if !label.sensitivities.is_empty()));
        all.count()
    };
    let part = world.limited().unwrap();
    assert_eq!((entered(&part, "general"), entered(&part, "fitness"), entered(space, "health")), (0, 0, 4));
}

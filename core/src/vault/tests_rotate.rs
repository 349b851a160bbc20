//! New keys for the whole space: nothing is lost, nothing old opens it, and logs stay the same logs.

use super::head::Head;
use super::key_list::STRETCH;
use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::tests_faults::{Held, held, import, meddled, sorted};
use super::tests_keys::pass;
use super::tests_keystore::{Mood, alone, make, open, store, with};
use super::tx::Wrapped;
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::crypto::context::{Class, Context};
use crate::crypto::seal;
use crate::environment::{Environment, FileAnchor};
use crate::error::{Error, Result};
use crate::evidence::{EvidenceRequest, verify_evidence};
use crate::id::{ConversationId, ScopeId};
use crate::keyring::{KeyStore, Unlock};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::{Fault, Image, Memory};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const LOGS: [LogOf<'static>; 4] =
    [LogOf::Space, LogOf::Partition("health"), LogOf::Partition("general"), LogOf::Partition("fitness")];

fn by(code: &crate::RecoveryCode) -> Unlock {
    Unlock::recovery_code(&code.reveal()).unwrap()
}

/// A space with something of everything, and a conversation.
fn filled(disk: &Memory, unlock: &Unlock) -> (HealthSpace, crate::RecoveryCode, ConversationId) {
    let (space, code) = make(disk, unlock, clock().0).unwrap();
    space.create_partition("fitness", PartitionKind::Health, unlock).unwrap();
    fill(&space);
    allow(&space, Category::ALL);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let read = s.query(&Query::default()).unwrap();
    s.remember("LDL was 112.5", &read).unwrap();
    s.remember_in("health", "likes walking").unwrap();
    (space, code, s.conversation())
}

/// What a space holds, without its log: reading is logged.
fn holds(space: &HealthSpace) -> (Held, usize, Vec<GrantInfo>) {
    let memories = space.partition("health").unwrap().memories().unwrap().into_value().len();
    let grants = space.grants().unwrap();
    (sorted(held(space)), memories, grants)
}

fn lines(space: &HealthSpace) -> Vec<Vec<LogLine>> {
    LOGS.into_iter().map(|of| space.log(of).unwrap()).collect()
}

fn rekeyed<T>(r: Result<T>) -> bool {
    matches!(r, Err(Error::Rekeyed))
}

#[test]
fn everything_stays_and_every_old_handle_says_why_it_stops() {
    let disk = Memory::new();
    let (space, code, conversation) = filled(&disk, &unlock());
    let spare = allow(&space, Category::ALL).id();
    let full = open(&disk, &unlock()).unwrap();
    let part = HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), clock().0, Some(&["health"])).unwrap();
    let suspended = open(&disk, &unlock()).unwrap();
    suspended.suspend();
    let s = full.session(model(), Purpose::PatientRequest).unwrap();
    let reader = s.reader(&Query::default(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    let label = full.resume(conversation, model(), Purpose::PatientRequest).unwrap().label();
    let (before, log) = (holds(&full), lines(&full));

    let rotated = space.rotate(&unlock(), &[]).unwrap();
    assert_eq!(rotated.old_copies, OldCopies::OpenUpToTheRotation);
    assert_eq!(rotated.removed.iter().map(|w| w.kind).collect::<Vec<_>>(), [WayInKind::RecoveryCode]);
    assert!(matches!(space.info(), Err(Error::Locked)));
    assert!(rekeyed(full.log(LogOf::Space)) && rekeyed(part.log(LogOf::Partition("health"))));
    assert!(rekeyed(s.query(&Query::default())) && rekeyed(reader.body(record)));
    assert!(rekeyed(part.session(model(), Purpose::PatientRequest).unwrap().remember_in("health", "x")));
    assert!(rekeyed(full.withdraw(before.2[0].id)) && rekeyed(full.rotate(&unlock(), &[])));
    assert!(rekeyed(suspended.reopen(&unlock())));

    assert!(matches!(open(&disk, &by(&code)), Err(Error::CannotOpen)));
    let code = rotated.recovery_code.unwrap();
    for space in [rotated.space, open(&disk, &unlock()).unwrap(), open(&disk, &by(&code)).unwrap()] {
        let after = lines(&space);
        for (before, after) in log.iter().zip(&after) {
            assert!(after.starts_with(before));
            assert_eq!(after[before.len()].entry.event.number(), 35);
            assert_eq!(after[before.len() + 1].entry.event.number(), 36);
        }
        assert!(space.check().unwrap().is_whole());
        assert_eq!(space.resume(conversation, model(), Purpose::PatientRequest).unwrap().label(), label);
        assert_eq!(space.info().unwrap().partitions, ["health", "general", "fitness"]);
    }
    let space = open(&disk, &unlock()).unwrap();
    space.withdraw(spare).unwrap();
    let after = holds(&space);
    assert!(after.0 == before.0 && after.1 == before.1);
    // Again, and it goes on as any other.
    let space = space.rotate(&unlock(), &[&pass("two")]).unwrap().space;
    fill_again(&space);
    space.create_partition("more", PartitionKind::Health, &pass("two")).unwrap();
    assert!(space.check().unwrap().is_whole());
    // What was sealed under keys of before goes with them still, and what stays is sealed under new ones.
    let health = space.partition("health").unwrap();
    let records = health.stats().unwrap().records;
    let one = space.inner.peek().unwrap().partitions[0].readable.records().next().unwrap().id();
    health.erase(&Erase::Records(vec![one]), gesture()).unwrap();
    assert!(health.stats().unwrap().records < records && space.check().unwrap().is_whole());
    let entries = space.log(LogOf::Partition("health")).unwrap();
    space.erase_entries(LogOf::Partition("health"), &[0], gesture()).unwrap();
    for line in entries.iter().filter(|l| [35, 36].contains(&l.entry.event.number())) {
        assert!(matches!(
            space.erase_entries(LogOf::Partition("health"), &[line.index], gesture()),
            Err(Error::Denied)
        ));
    }
    assert_eq!(open(&disk, &pass("two")).unwrap().log(LogOf::Partition("health")).unwrap().len(), entries.len());
}

fn fill_again(space: &HealthSpace) {
    let entry = super::tests::observation("9", "laboratory", "2345-7", "2026-02-01", "90", "");
    assert_eq!(space.partition("health").unwrap().import(super::tests::source(&[entry])).unwrap().imported(), 1);
}

/// Keys that an old handle held, and in which epoch they were made.
struct OldKeys {
    /// Root, head MAC, manifest, policy and log keys.
    scopes: Vec<[u8; 32]>,
    groups: Vec<[u8; 32]>,
}

fn keys(space: &HealthSpace) -> OldKeys {
    let (txn, state) = space.inner.read().unwrap();
    let (mut scopes, mut groups) = (Vec::new(), Vec::new());
    for s in state.system.iter().chain(&state.partitions) {
        scopes.extend(s.keys.all());
        scopes.push(*s.manifest.log_key.expose());
        for page in 0..=s.manifest.key_pages.len() as u64 {
            let (page, _) = s.group_page(&space.inner.base, &*txn, page * 64 + 1).unwrap();
            groups.extend((0..64).filter_map(|n| page.get(n)).map(|(_, key)| *key.expose()));
        }
    }
    OldKeys { scopes, groups }
}

/// How many sealed things of an image open with any of these keys: bookkeeping, content.
fn opened(image: &Image, space: crate::SpaceId, keys: &[[u8; 32]], scopes: &[ScopeId]) -> [usize; 2] {
    const CLASSES: [Class; 10] = [
        Class::Body,
        Class::Catalog,
        Class::Manifest,
        Class::KeyPage,
        Class::LedgerPayload,
        Class::Series,
        Class::ScopeWrap,
        Class::LedgerWrap,
        Class::Policy,
        Class::LogSeed,
    ];
    let mut found = [0, 0];
    let mut attempt = |class: Class, object: u64, version: u64, sealed: &[u8]| {
        for epoch in 1..=3 {
            for scope in scopes {
                let at = Context { space, scope: *scope, epoch, class, object, version }.encode();
                if keys.iter().any(|k| seal::open(k, &at, sealed).is_ok()) {
                    found[usize::from(matches!(class, Class::Body | Class::Catalog | Class::Series))] += 1;
                }
            }
        }
    };
    for (_, row) in image.rows.values() {
        let class = CLASSES.into_iter().find(|c| *c as u8 == row.class).unwrap();
        attempt(class, row.number, row.version, &row.sealed);
    }
    let heads = image.heads.iter().flat_map(|copy| copy.values()).filter_map(|row| Head::decode(&row.body).ok());
    for entry in heads.filter_map(|head| head.system).flat_map(|part| part.scopes) {
        attempt(Class::ScopeWrap, u64::from(entry.ordinal), 0, &entry.wrap);
    }
    for ((_, index), row) in image.ledger.iter() {
        if let Ok(wrap) = Wrapped::read(&row.wrap) {
            attempt(Class::LedgerWrap, *index as u64, wrap.version, wrap.sealed);
        }
    }
    found
}

/// Somebody took every key there was, from an older copy and its passphrase.
#[test]
fn no_old_key_opens_what_is_written_since() {
    let disk = Memory::new();
    let (space, code, _) = filled(&disk, &unlock());
    let id = space.inner.base.space;
    let old = keys(&space);
    let mut all = old.scopes.clone();
    all.extend(&old.groups);
    all.extend(space.keys_for_tests(&unlock()).concat());
    let root = space.slot_for_tests(&unlock(), &pass("thief"));
    let scopes: Vec<ScopeId> =
        space.inner.peek().unwrap().view.head.system.as_ref().unwrap().scopes.iter().map(|e| e.scope).collect();
    // The control: with the old keys everything opens that is sealed, but for what is under wrap keys alone.
    let before = disk.image();
    let [bookkeeping, content] = opened(&before, id, &all, &scopes);
    assert!(bookkeeping > 20 && content >= 4, "{bookkeeping} {content}");

    let space = space.rotate(&unlock(), &[&by(&code)]).unwrap().space;
    let now = disk.image();
    let [bookkeeping, same] = opened(&now, id, &all, &scopes);
    assert_eq!((bookkeeping, same), (0, content), "what they had read they have read");
    // A thief who plants a slot over the old root, or the old slots themselves, gets nowhere.
    disk.tamper(|image| image.slots.iter_mut().for_each(|s| _ = Arc::make_mut(s).insert(root.0, root.1.clone())));
    assert!(open(&disk, &pass("thief")).is_err());
    disk.restore(&now);
    disk.tamper(|image| image.slots = before.slots.clone());
    assert!(open(&disk, &unlock()).is_err());
    disk.restore(&now);

    // What is written from here on, none of the old keys opens.
    fill_again(&space);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    for n in 0..20 {
        s.remember_in("health", &format!("since {n}")).unwrap();
    }
    let later = disk.image();
    let fresh: BTreeMap<_, _> = later
        .rows
        .iter()
        .filter(|(n, r)| now.rows.get(n).is_none_or(|o| o.1.sealed != r.1.sealed))
        .map(|(n, r)| (*n, r.clone()))
        .collect();
    let content = |c: u8| [1, 2, 7].contains(&c);
    assert!(fresh.values().filter(|(_, r)| content(r.class)).count() >= 3);
    let fresh = Image { rows: Arc::new(fresh), ..later };
    assert_eq!(opened(&fresh, id, &all, &scopes), [0, 0]);
    // The control: the keys of now do.
    let new = keys(&space);
    assert!(opened(&fresh, id, &[new.scopes, new.groups].concat(), &scopes)[1] >= 3);
}

#[test]
fn a_log_leads_from_the_old_key_to_the_new_one() {
    let disk = Memory::new();
    let (space, _, _) = filled(&disk, &unlock());
    let of = LogOf::Partition("health");
    let (key, kept, receipt) =
        (space.verifier_key(of).unwrap(), space.checkpoint(of).unwrap(), space.receipt(of, 1).unwrap());
    let size = space.log(of).unwrap().len() as u64;
    assert!(space.handovers(of).unwrap().is_empty());
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    fill_again(&space);
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    // What was kept verifies as it did.
    verify_receipt(&receipt, &key).unwrap();
    for of in LOGS {
        assert_eq!(space.handovers(of).unwrap().len(), 2);
    }
    let steps = space.handovers(of).unwrap();
    let (mut trusted, mut checkpoint, mut at) = (key.clone(), kept, size);
    for step in &steps {
        assert_eq!(step.old_key, trusted);
        let entry = verify_receipt(&step.receipt, &trusted).unwrap().entry;
        let AuditEvent::LogRekeyed { key: named, .. } = entry.event else { panic!("{entry:?}") };
        assert!(crate::ledger::note::VerifierKey::parse(&step.new_key).unwrap().key.0 == named);
        verify_consistency(&checkpoint, &space.consistency_with(of, at, step).unwrap(), &trusted).unwrap();
        assert!(
            verify_consistency(&checkpoint, &space.consistency_with(of, at, step).unwrap(), &step.new_key).is_err()
        );
        (trusted, checkpoint, at) = (step.new_key.clone(), step.first.clone(), step.size);
    }
    assert_eq!(trusted, space.verifier_key(of).unwrap());
    verify_consistency(&checkpoint, &space.consistency(of, at).unwrap(), &trusted).unwrap();
    assert!(matches!(space.consistency_with(of, steps[0].size + 1, &steps[0]), Err(Error::Malformed(_))));
    assert!(matches!(space.consistency_with(LogOf::Space, 1, &steps[0]), Err(Error::Malformed(_))));
    // Entries from before are shown under the key of now.
    let keys = space.verifier_keys().unwrap();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let evidence = space.evidence(&EvidenceRequest::new().partition("health")).unwrap();
    assert!(!verify_evidence(&evidence, &keys).unwrap().disclosures.is_empty());
    assert!(verify_evidence(&evidence, &[&key]).is_err());
    assert!(verify_receipt(&space.receipt(of, 1).unwrap(), &key).is_err());
    verify_receipt(&space.receipt(of, 1).unwrap(), &trusted).unwrap();
}

#[test]
fn ways_in_are_those_that_were_presented() {
    let disk = Memory::new();
    let (space, code, _) = filled(&disk, &unlock());
    space.add_way_in(&unlock(), &pass("two")).unwrap();
    let (kept, _) = space.add_limited_way_in(&unlock(), &["general"]).unwrap();
    let (gone, _) = space.add_limited_way_in(&unlock(), &["fitness"]).unwrap();
    let limited = |s: &crate::SecretBytes| Unlock::limited(s.expose().to_vec());
    let stranger = Unlock::limited(vec![1; 32]);
    assert!(matches!(space.rotate(&unlock(), &[&stranger]), Err(Error::CannotOpen)));
    assert!(matches!(space.rotate(&limited(&kept), &[]), Err(Error::NeedsFullSlot)));
    assert!(matches!(space.rotate(&pass("three"), &[]), Err(Error::CannotOpen)));
    let rotated = space.rotate(&unlock(), &[&pass("three"), &limited(&kept), &by(&code)]).unwrap();
    assert!(rotated.recovery_code.is_none());
    assert_eq!(rotated.removed.len(), 2);
    for u in [unlock(), pass("three"), by(&code)] {
        assert!(open(&disk, &u).unwrap().info().unwrap().full);
    }
    assert!(rotated.space.ways_in().unwrap().iter().all(|w| w.confirmed));
    let part = open(&disk, &limited(&kept)).unwrap();
    assert_eq!(part.info().unwrap().partitions, ["general"]);
    part.session(model(), Purpose::PatientRequest).unwrap().remember_in("general", "x").unwrap();
    for u in [pass("two"), limited(&gone)] {
        assert!(matches!(open(&disk, &u), Err(Error::CannotOpen)));
    }
}

#[test]
fn two_ways_in_are_left_at_least() {
    let (disk, words) = (Memory::new(), pass("one"));
    let (space, code, _) = filled(&disk, &words);
    let (part, _) = space.add_limited_way_in(&words, &["general"]).unwrap();
    let part = Unlock::limited(part.expose().to_vec());
    assert!(matches!(space.rotate(&by(&code), &[]), Err(Error::TwoWaysIn)));
    assert!(matches!(space.rotate(&by(&code), &[&part]), Err(Error::TwoWaysIn)));
    assert!(matches!(space.rotate(&by(&code), &[&by(&code)]), Err(Error::Malformed(_))));
    assert_eq!(space.ways_in().unwrap().len(), 3, "nothing has changed");
    let space = space.rotate(&by(&code), &[&words, &part]).unwrap().space;
    assert_eq!(space.ways_in().unwrap().len(), 3);
}

#[test]
fn long_lists_of_keys_go_along_and_what_was_erased_stays_so() {
    let disk = Memory::new();
    let (space, _, _) = filled(&disk, &unlock());
    let of = LogOf::Partition("health");
    let session = space.session(model(), Purpose::PatientRequest).unwrap();
    let mut ids = Vec::new();
    for n in 0..17 * 64 {
        ids.push(session.remember_in("health", &format!("Remark {n}")).unwrap());
    }
    let keys = |space: &HealthSpace| {
        let list = Arc::clone(&space.inner.peek().unwrap().partitions[0].manifest.key_pages);
        (list.len(), list.stretches().to_vec(), list.iter().copied().collect::<Vec<_>>())
    };
    let before = keys(&space);
    assert!(before.0 > STRETCH && before.1.len() == 1);
    space.erase_entries(of, &[1, 3], gesture()).unwrap();
    space.partition("health").unwrap().delete_memory(ids[5], gesture()).unwrap();
    let open = |disk: &Memory| open(disk, &unlock()).unwrap();
    let kept = |s: &HealthSpace| s.partition("health").unwrap().memories().unwrap().into_value().len();
    let (said, mut gone) = (kept(&space), 0);
    let rotated = space.rotate(&unlock(), &[]).unwrap().space;
    for space in [rotated, open(&disk)] {
        let after = keys(&space);
        assert!(after.0 == before.0 && after.1[0].number == before.1[0].number && after.1[0] != before.1[0]);
        assert!(after.2.iter().zip(&before.2).all(|(a, b)| a.number == b.number && a.salt != b.salt));
        let found = space.check().unwrap();
        assert!(found.is_whole() && found.scopes.iter().all(|s| s.unnamed == 0), "{found:?}");
        assert_eq!(kept(&space), said - gone);
        gone += 2;
        assert!(matches!(space.receipt(of, 1), Err(Error::NotFound)));
        // Keys in the oldest pages are found, and dropped there.
        space.partition("health").unwrap().delete_memory(ids.pop().unwrap(), gesture()).unwrap();
        let first = ids.remove(6);
        space.partition("health").unwrap().delete_memory(first, gesture()).unwrap();
    }
    let space = open(&disk).rotate(&unlock(), &[]).unwrap().space;
    assert_eq!(kept(&space), said - 4);
    assert!(space.check().unwrap().is_whole() && open(&disk).check().unwrap().is_whole());
}

#[test]
fn the_devices_old_key_dies_and_a_lost_device_is_replaced() {
    let (disk, phone, other) = (Memory::new(), store(), store());
    let (space, code, _) = filled(&disk, &with(&phone, "one"));
    space.add_way_in(&with(&phone, "one"), &alone(&phone)).unwrap();
    assert_eq!(phone.keys(), 3);
    assert!(matches!(space.rotate(&with(&phone, "one"), &[&with(&other, "two")]), Err(Error::CannotOpen)));
    assert!(matches!(space.rotate(&with(&phone, "one"), &[&pass("two")]), Err(Error::Malformed(_))));
    assert_eq!((phone.keys(), other.keys()), (3, 0), "nothing is left of what came to nothing");
    phone.set(Mood::Lies);
    assert!(space.rotate(&by(&code), &[&with(&phone, "one")]).is_err());
    phone.set(Mood::Honest);
    assert_eq!(phone.keys(), 3);

    let before = disk.image();
    let rotated = space.rotate(&with(&phone, "one"), &[]).unwrap();
    assert_eq!(rotated.old_copies, OldCopies::OpenByTheRecoveryCodeAlone { rollback_resistant: true });
    assert_eq!(phone.keys(), 2);
    let now = disk.image();
    disk.restore(&before);
    for u in [with(&phone, "one"), alone(&phone)] {
        assert!(matches!(open(&disk, &u), Err(Error::CannotOpen)));
    }
    open(&disk, &by(&code)).unwrap();
    disk.restore(&now);

    // The phone is lost: the code moves the space to another device, or to none.
    let code = rotated.recovery_code.unwrap();
    drop(open(&disk, &with(&phone, "one")).unwrap());
    let rotated = open(&disk, &by(&code)).unwrap().rotate(&by(&code), &[&with(&other, "two")]).unwrap();
    assert_eq!(rotated.old_copies, OldCopies::OpenUpToTheRotation);
    assert!(matches!(open(&disk, &with(&phone, "one")), Err(Error::CannotOpen)));
    assert_eq!((open(&disk, &with(&other, "two")).unwrap().info().unwrap().keystore, other.keys()), ("hardware", 2));
    let moved = open(&disk, &by(&code)).unwrap().rotate(&by(&code), &[&pass("two")]).unwrap();
    assert_eq!(moved.space.info().unwrap().keystore, "none");
    open(&disk, &pass("two")).unwrap();

    // The keystore cannot destroy now: it does so at the next opening.
    let (disk, phone) = (Memory::new(), store());
    let (space, _) = make(&disk, &with(&phone, "one"), clock().0).unwrap();
    phone.set(Mood::Clings);
    let rotated = space.rotate(&with(&phone, "one"), &[]).unwrap();
    assert_eq!((rotated.old_copies, phone.keys()), (OldCopies::OpenUpToTheRotation, 4));
    phone.set(Mood::Honest);
    open(&disk, &with(&phone, "one")).unwrap();
    assert_eq!(phone.keys(), 2);
}

#[test]
fn partitions_of_other_handles_are_rotated_too_and_unfinished_imports_discarded() {
    let disk = Memory::new();
    let (space, _) = make(&disk, &unlock(), clock().0).unwrap();
    let other = open(&disk, &unlock()).unwrap();
    other.create_partition("fitness", PartitionKind::Health, &unlock()).unwrap();
    assert_eq!(space.info().unwrap().partitions.len(), 2);
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    assert_eq!(space.info().unwrap().partitions, ["health", "general", "fitness"]);
    drop(space);
    let file = super::tests_faults::bundle(1500, "");
    let env = clock().0;
    let cancel = env.cancel.clone();
    let (space, cut) = meddled(env.clone(), &disk, &file, move || cancel.cancel());
    assert!(matches!(cut, Err(Error::Cancelled)));
    env.cancel.reset();
    assert!(space.partition("health").unwrap().staged_imports().unwrap()[0].units > 0);
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    assert!(space.partition("health").unwrap().staged_imports().unwrap().is_empty());
    let said = super::tests::events(&space, LogOf::Partition("health"));
    assert!(matches!(said.last(), Some(AuditEvent::ImportDiscarded { .. })));
    assert!(space.check().unwrap().is_whole() && space.check().unwrap().scopes.iter().all(|s| s.unnamed == 0));
    import(&space, &file).unwrap();
    env.cancel.cancel();
    assert!(matches!(space.rotate(&unlock(), &[]), Err(Error::Cancelled)));
    env.cancel.reset();
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    assert_eq!(space.partition("health").unwrap().stats().unwrap().records, 1500);
    assert!(space.check().unwrap().is_whole());
}

/// Under no lock: another handle writes while it is told.
#[test]
fn progress_is_told_and_whoever_is_told_may_stop_it() {
    for stop_at in 0..3 {
        let (disk, phone) = (Memory::new(), store());
        let way = || with(&phone, "one");
        let (made, _) = make(&disk, &way(), clock().0).unwrap();
        drop(made);
        let keys = phone.keys();
        let told = Arc::new(Mutex::new(Vec::new()));
        let (log, cancel, other) = (Arc::clone(&told), crate::Cancel::default(), open(&disk, &way()).unwrap());
        let stop = cancel.clone();
        let progress: crate::OnProgress = Arc::new(move |p: crate::Progress| {
            log.lock().unwrap().push((p.done, p.total));
            if p.done == 1 {
                fill(&other);
            }
            if p.done == stop_at {
                stop.cancel();
            }
        });
        let env = Environment { progress: Some(progress), cancel, ..clock().0 };
        let space = HealthSpace::open_in(Arc::new(disk.clone()), &way(), env, None).unwrap();
        let done = space.rotate(&way(), &[&alone(&phone)]);
        let steps: Vec<_> = (1..=4).map(|n| (n, Some(4))).collect();
        let told = told.lock().unwrap();
        if stop_at == 0 {
            assert_eq!(*told, steps);
            assert_eq!(done.unwrap().space.partition("health").unwrap().stats().unwrap().records, 3);
        } else {
            assert!(matches!(done, Err(Error::Cancelled)));
            assert_eq!((told.len() as u64, phone.keys()), (stop_at, keys), "and no key is left behind");
            assert_eq!(open(&disk, &way()).unwrap().partition("health").unwrap().stats().unwrap().records, 3);
        }
    }
}

#[test]
fn an_anchor_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let env = || Environment { anchor: Some(Arc::new(FileAnchor::new(dir.path().join("a")))), ..clock().0 };
    let disk = Memory::new();
    let (space, _) = make(&disk, &unlock(), env()).unwrap();
    fill(&space);
    let before = disk.image();
    let space = space.rotate(&unlock(), &[]).unwrap().space;
    fill_again(&space);
    let open = || HealthSpace::open_in(Arc::new(disk.clone()), &unlock(), env(), None);
    assert_eq!(open().unwrap().partition("health").unwrap().stats().unwrap().records, 4);
    disk.restore(&before);
    assert!(matches!(open(), Err(Error::RolledBack)));
}

#[test]
fn a_crash_leaves_the_old_keys_or_the_new_ones() {
    let setup = |keystore: bool| {
        let (disk, phone) = (Memory::new(), store());
        let way = || if keystore { alone(&phone) } else { unlock() };
        let (space, code) = make(&disk, &way(), clock().0).unwrap();
        fill(&space);
        (disk, Arc::clone(&phone), space, code)
    };
    for keystore in [false, true] {
        let way = |phone: &Arc<super::tests_keystore::TestKeyStore>| if keystore { alone(phone) } else { unlock() };
        let (want, steps) = {
            let (disk, phone, space, _) = setup(keystore);
            let begin = disk.operations().len();
            let space = space.rotate(&way(&phone), &[]).unwrap().space;
            let steps = (disk.operations().len() - begin) as u64;
            (sorted(held(&space)).facts.len(), steps)
        };
        assert!(steps > 60, "{steps}");
        let mut outcomes = [0, 0];
        for fault in [Fault::Io, Fault::IoAfterEffect, Fault::Full] {
            // Every step of one of them, and of the others those near the commit.
            let all = keystore && fault == Fault::IoAfterEffect;
            for step in (0..steps).filter(|s| all || s % 37 == 0 || s + 36 > steps && s % 4 == 0) {
                let (disk, phone, space, code) = setup(keystore);
                disk.fail_after(step, fault);
                let done = space.rotate(&way(&phone), &[]);
                let pending = disk.fault_pending();
                disk.crash();
                let new = matches!(open(&disk, &by(&code)), Err(Error::CannotOpen));
                outcomes[usize::from(new)] += 1;
                assert!(done.is_err() || new, "{fault:?} at {step} of {steps}: acknowledged and lost");
                assert!(!pending || done.is_ok());
                // The way in opens either, and all is there.
                let space =
                    open(&disk, &way(&phone)).unwrap_or_else(|e| panic!("{fault:?} at {step} of {steps}: {e:?}"));
                assert!(space.check().unwrap().is_whole());
                assert_eq!(space.handovers(LogOf::Partition("health")).unwrap().len(), usize::from(new));
                assert_eq!(sorted(held(&space)).facts.len(), want);
                if keystore {
                    // Nothing that is needed was destroyed; what is dead is gone after the opening. Keys made
                    // for a rotation that a crash cut short may be left, and open nothing.
                    assert!((2..=4).contains(&phone.keys()), "{}", phone.keys());
                    assert!(!new || phone.keys() == 2);
                }
            }
        }
        assert!(outcomes[0] > 8 && outcomes[1] > 3, "{outcomes:?}");
    }
}

#[test]
fn nothing_of_the_old_keys_is_left_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&path, &unlock(), clock().0).unwrap();
    fill(&space);
    let old: Vec<Vec<u8>> = {
        let (txn, state) = space.inner.read().unwrap();
        // What all slots share goes on, but for its secret.
        let slots = txn.slots(crate::storage::Copy::First).unwrap().into_iter().filter(|s| s.id != [0; 16]);
        let mut old: Vec<_> = slots.map(|s| s.body).collect();
        for s in state.system.iter().chain(&state.partitions) {
            old.push(txn.row(&s.id, s.head.manifest.number).unwrap().unwrap().sealed);
            old.push(txn.row(&s.id, s.manifest.seed.number).unwrap().unwrap().sealed);
            old.push(txn.ledger(&s.log(), 0).unwrap().unwrap().wrap);
        }
        old
    };
    let on_disk = || {
        let file = |end: &str| std::fs::read(dir.path().join(format!("me.hs{end}"))).unwrap_or_default();
        [file(""), file("-wal")].concat()
    };
    let left = |disk: &[u8]| old.iter().filter(|o| memchr::memmem::find(disk, &o[o.len() - 40..]).is_some()).count();
    assert_eq!(left(&on_disk()), old.len(), "the control");
    let rotated = space.rotate(&unlock(), &[]).unwrap();
    assert!(rotated.swept);
    assert_eq!(left(&on_disk()), 0);
    drop(rotated);
    let store: Arc<dyn KeyStore> = store();
    let again = HealthSpace::open(&path, &unlock(), clock().0).unwrap();
    let moved = again.rotate(&unlock().with_device(store), &[]);
    assert!(matches!(moved, Err(Error::CannotOpen)), "a passphrase without the device is another way in");
}

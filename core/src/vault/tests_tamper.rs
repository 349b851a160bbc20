//! Somebody else writes to the file: forks, rollbacks and swaps are seen.

use super::tests::{allow, clock, model, unlock};
use super::*;
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::environment::Environment;
use crate::error::{Error, Part, Result};
use crate::evidence::EvidenceRequest;
use crate::id::ScopeId;
use crate::keyring::{KdfParams, SpaceRow, Unlock};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::{Image, Memory};
use std::sync::Arc;

struct Disk {
    memory: Memory,
    env: Environment,
    space: HealthSpace,
    system: ScopeId,
    health: ScopeId,
}

fn disk() -> Disk {
    let memory = Memory::new();
    let (env, _) = clock();
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(Arc::new(memory.clone()), &row, &unlock(), env.clone()).unwrap();
    let state = space.inner.peek().unwrap();
    Disk { memory, env, space, system: state.view.id, health: state.partitions[0].id }
}

impl Disk {
    fn open(&self, only: Option<&[&str]>) -> Result<HealthSpace> {
        HealthSpace::open_in(Arc::new(self.memory.clone()), &unlock(), self.env.clone(), only)
    }
}

fn ask(space: &HealthSpace) -> Result<()> {
    space.session(model(), Purpose::PatientRequest)?.query(&Query::default()).map(|_| ())
}

fn refuse(space: &HealthSpace, name: &str) {
    let s = space.session(Recipient::model(name).unwrap(), Purpose::PatientRequest).unwrap();
    assert!(matches!(s.query(&Query::default()), Err(Error::Denied)));
}

/// Puts all that one scope has in another image in the place of what it has here.
fn graft(to: &mut Image, from: &Image, scope: ScopeId) {
    let rows = Arc::make_mut(&mut to.rows);
    rows.retain(|_, (s, _)| *s != scope);
    rows.extend(from.rows.iter().filter(|(_, (s, _))| *s == scope).map(|(n, r)| (*n, r.clone())));
    let ledger = Arc::make_mut(&mut to.ledger);
    ledger.retain(|(s, _), _| *s != scope);
    ledger.extend(from.ledger.iter().filter(|((s, _), _)| *s == scope).map(|(k, v)| (*k, v.clone())));
    let tree = Arc::make_mut(&mut to.tree);
    tree.retain(|(s, _, _), _| *s != scope);
    tree.extend(from.tree.iter().filter(|((s, _, _), _)| *s == scope).map(|(k, v)| (*k, *v)));
    for (copy, other) in to.heads.iter_mut().zip(&from.heads) {
        Arc::make_mut(copy).insert(scope, other[&scope].clone());
    }
}

#[test]
fn a_fork_of_the_system_scope_does_not_bring_a_withdrawn_grant_back() {
    let d = disk();
    let grant = allow(&d.space, &[Category::Laboratory]);
    let before = d.memory.image();
    d.space.withdraw(grant.id()).unwrap();
    refuse(&d.space, "eu-llm");
    let withdrawn = d.memory.image();
    // The other history: as many changes of the system scope, none of them a withdrawal.
    d.memory.restore(&before);
    let other = d.open(None).unwrap();
    allow(&other, &[Category::VitalSigns]);
    let forked = d.memory.image();
    d.memory.restore(&before);
    let (full, part) = (d.open(None).unwrap(), d.open(Some(&["health"])).unwrap());
    ask(&full).unwrap();
    ask(&part).unwrap();
    d.memory.restore(&withdrawn);
    d.memory.tamper(|image| graft(image, &forked, d.system));
    for only in [None, Some(&["health"][..])] {
        assert!(matches!(d.open(only).and_then(|s| ask(&s)), Err(Error::Forked)), "{only:?}");
    }
    assert!(matches!(ask(&full), Err(Error::Forked)));
    assert!(matches!(ask(&part), Err(Error::Forked)));
}

#[test]
fn a_system_head_that_does_not_follow_the_one_seen_is_a_fork() {
    let d = disk();
    let before = d.memory.image();
    allow(&d.space, &[Category::Laboratory]);
    let (full, part) = (d.open(None).unwrap(), d.open(Some(&["health"])).unwrap());
    // Two changes from the same beginning: a higher generation, and not of this history.
    d.memory.restore(&before);
    let other = d.open(None).unwrap();
    allow(&other, &[Category::VitalSigns]);
    allow(&other, &[Category::VitalSigns]);
    assert!(matches!(ask(&full), Err(Error::Forked)));
    assert!(matches!(ask(&part), Err(Error::Forked)));
}

#[test]
fn rolling_back_the_system_scope_alone_is_seen() {
    let d = disk();
    let grant = allow(&d.space, &[Category::Laboratory]);
    ask(&d.space).unwrap();
    let before = d.memory.image();
    d.space.withdraw(grant.id()).unwrap();
    let withdrawn = d.memory.image();
    let rolled_back = |d: &Disk| {
        for only in [None, Some(&["health"][..]), Some(&["general"][..])] {
            assert!(matches!(d.open(only), Err(Error::RolledBack)), "{only:?}");
        }
    };
    d.memory.tamper(|image| graft(image, &before, d.system));
    rolled_back(&d);
    // A grant that is rolled back: the person is told as well.
    d.memory.restore(&withdrawn);
    let again = d.open(None).unwrap();
    allow(&again, &[Category::Laboratory]);
    d.memory.tamper(|image| graft(image, &withdrawn, d.system));
    rolled_back(&d);
}

#[test]
fn a_withdrawal_by_a_handle_of_partitions_is_adopted_by_a_full_one() {
    let d = disk();
    let grant = allow(&d.space, &[Category::Laboratory]);
    let part = d.open(Some(&["health"])).unwrap();
    let before = d.memory.image();
    part.withdraw(grant.id()).unwrap();
    d.space.withdraw(grant.id()).unwrap();
    // Now it stands in the system scope: putting the partition back does not undo it.
    d.memory.tamper(|image| graft(image, &before, d.health));
    let opened = d.open(None).and_then(|s| ask(&s));
    assert!(matches!(opened, Err(Error::Denied | Error::RolledBack | Error::Forked)), "{opened:?}");
}

#[test]
fn entries_of_another_history_are_not_shown() {
    let d = disk();
    let before = d.memory.image();
    refuse(&d.space, "evil-llm");
    let at = d.space.inner.peek().unwrap().partitions[0].head.log_size - 1;
    refuse(&d.space, "one");
    refuse(&d.space, "two");
    refuse(&d.space, "three");
    let honest = d.memory.image();
    d.memory.restore(&before);
    let other = d.open(None).unwrap();
    refuse(&other, "friendly-llm");
    let forged = d.memory.image();
    d.memory.restore(&honest);
    let of = LogOf::Partition("health");
    assert!(d.open(None).unwrap().log(of).is_ok());
    d.memory.tamper(|image| {
        let row = forged.ledger[&(d.health, at.cast_signed())].clone();
        Arc::make_mut(&mut image.ledger).insert((d.health, at.cast_signed()), row);
        let leaf = forged.tree[&(d.health, 0, at.cast_signed())];
        Arc::make_mut(&mut image.tree).insert((d.health, 0, at.cast_signed()), leaf);
    });
    let opened = d.open(None).unwrap();
    assert!(matches!(opened.log(of), Err(Error::Corrupt(Part::Ledger))));
    assert!(matches!(opened.receipt(of, at), Err(Error::Corrupt(Part::Ledger))));
    // One that shares no subtree with it is still proved.
    assert!(opened.receipt(of, at + 3).is_ok());
}

#[test]
fn slots_are_opened_from_the_copy_that_the_head_names() {
    let d = disk();
    let honest = d.memory.image();
    let by = |u: &Unlock| HealthSpace::open_in(Arc::new(d.memory.clone()), u, d.env.clone(), None).map(|_| ());
    // A way in that the head does not name, planted in one copy by somebody who once knew the keys.
    let intruder = Unlock::passphrase("intruder").with_cost(KdfParams::FLOOR);
    let (id, body) = d.space.slot_for_tests(&unlock(), &intruder);
    for copy in [0, 1] {
        d.memory.restore(&honest);
        d.memory.tamper(|image| {
            Arc::make_mut(&mut image.slots[copy]).insert(id, body.clone());
        });
        assert!(matches!(by(&intruder), Err(Error::CannotOpen | Error::Corrupt(Part::Slot))), "copy {copy}");
        by(&unlock()).unwrap();
    }
    // In both copies: nothing is opened at all.
    d.memory.tamper(|image| image.slots.iter_mut().for_each(|s| drop(Arc::make_mut(s).insert(id, body.clone()))));
    assert!(matches!(by(&intruder), Err(Error::Corrupt(Part::Slot))));
    // A damaged copy does not lock the person out.
    for copy in [0, 1] {
        d.memory.restore(&honest);
        d.memory.tamper(|image| Arc::make_mut(&mut image.slots[copy]).values_mut().for_each(|b| b[9] ^= 1));
        by(&unlock()).unwrap();
    }
}

/// What erasing an entry will do, done by hand: its wrapped key and sealed content are gone. Every
/// other receipt, the checkpoints and their consistency hold, and nobody confirms the true text.
#[test]
fn an_entry_whose_secret_is_gone_confirms_nothing_and_every_other_proof_holds() {
    let d = disk();
    allow(&d.space, &[Category::Laboratory]);
    for _ in 0..5 {
        ask(&d.space).unwrap();
    }
    let of = LogOf::Partition("health");
    let key = d.space.verifier_key(of).unwrap();
    let (kept, size) = (d.space.checkpoint(of).unwrap(), d.space.log(of).unwrap().len() as u64);
    let gone = size - 3;
    let truth = d.space.log(of).unwrap()[gone as usize].entry.encode().unwrap();
    let leaf = d.memory.image().tree[&(d.health, 0, gone as i64)];
    d.memory.tamper(|image| {
        Arc::make_mut(&mut image.ledger).remove(&(d.health, gone as i64));
    });
    for index in 0..size {
        let receipt = d.space.receipt(of, index);
        assert_eq!(receipt.is_ok_and(|r| verify_receipt(&r, &key).is_ok()), index != gone);
    }
    ask(&d.space).unwrap();
    let grown = d.space.consistency(of, size).unwrap();
    verify_consistency(&kept, &grown, &key).unwrap();
    let evidence = EvidenceRequest::new().recipient(super::tests::model()).partition("health");
    assert!(matches!(d.space.evidence(&evidence), Err(Error::Corrupt(Part::Ledger))), "not shown as if whole");
    // What is left is 32 bytes: without r, the text is no better than another one. Every secret that
    // is still there is another entry's.
    let others = (0..size).filter(|i| *i != gone).map(|i| {
        let text = d.space.receipt(of, i).unwrap();
        let line = text.lines().nth(1).unwrap().strip_prefix("r ").unwrap().to_owned();
        <[u8; 32]>::try_from(crate::codec::base64::decode(&line).unwrap()).unwrap()
    });
    for r in others.chain([[0; 32]]) {
        assert_ne!(crate::ledger::commit::commitment(&r, &truth), leaf);
    }
    let plain = [crate::crypto::hash::sha256(&[&truth]), crate::ledger::tree::leaf_hash(&truth)];
    assert!(!plain.contains(&leaf));
}

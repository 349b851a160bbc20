//! Erased entries: what is gone, what still holds, and who may do it.

use super::tests::{allow, clock, events, fill, gesture, model, of_code, unlock};
use super::*;
use crate::audit::{AuditEvent, Entry};
use crate::error::{Error, Limit};
use crate::evidence::{EvidenceRequest, Level, verify_evidence};
use crate::label::Purpose;
use crate::ledger::commit::commitment;
use crate::ledger::tree::leaf_hash;
use crate::record::Category;
use crate::vault::tx::read_entry;

const HEALTH: LogOf<'_> = LogOf::Partition("health");

fn ask(space: &HealthSpace) -> u64 {
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    s.query(&of_code("13457-7")).unwrap().receipt().entry
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

#[test]
fn every_other_proof_holds_and_the_true_text_cannot_be_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(&file, &unlock(), env.clone()).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    let entries: Vec<u64> = (0..9).map(|_| ask(&space)).collect();
    let (gone, before) = (entries[3], space.checkpoint(HEALTH).unwrap());
    let size = entries[8] + 1;
    let key = space.verifier_key(HEALTH).unwrap();
    let receipts: Vec<String> = (0..size).map(|n| space.receipt(HEALTH, n).unwrap()).collect();
    let (row, text, leaf) = {
        let (txn, state) = space.inner.read().unwrap();
        let scope = &state.partitions[0];
        let open = read_entry(&space.inner.base, &*txn, scope, gone).unwrap();
        (txn.ledger(&scope.log(), gone).unwrap().unwrap(), open.bytes, open.leaf)
    };
    let on_disk = || -> Vec<u8> {
        let paths = ["me.hs", "me.hs-wal"].map(|n| dir.path().join(n));
        paths.iter().filter_map(|p| std::fs::read(p).ok()).flatten().collect()
    };
    assert!(holds(&on_disk(), &row.wrap) && holds(&on_disk(), &row.sealed[..64]));

    let erasure = space.erase_entries(HEALTH, &[gone], gesture()).unwrap();
    assert_eq!((erasure.entry, erasure.swept), (size, true));
    let disk = on_disk();
    assert!(!holds(&disk, &row.wrap) && !holds(&disk, &row.sealed[..64]), "old rows are in the file");
    // The old rows, put back, are opened by nothing: the log's key is another one.
    {
        let (txn, state) = space.inner.read().unwrap();
        let mut scope = state.partitions[0].clone();
        let manifest = std::sync::Arc::make_mut(&mut scope.manifest);
        manifest.erased.clear();
        assert!(matches!(read_entry(&space.inner.base, &*txn, &scope, gone), Err(Error::Corrupt(_))));
        let at = crate::crypto::context::Context {
            space: space.inner.base.space,
            scope: scope.id,
            epoch: space.inner.base.epoch,
            class: crate::crypto::context::Class::LedgerWrap,
            object: gone,
            version: u64::from_be_bytes(row.wrap[..8].try_into().unwrap()),
        };
        let key = scope.manifest.log_key.expose();
        assert!(crate::crypto::seal::open(key, &at.encode(), &row.wrap[12..]).is_err());
        // What is left is the leaf: no hash of the true text, nor one under a secret that is there.
        assert_eq!(txn.tree(&scope.log(), 0, gone).unwrap(), Some(leaf));
        assert!(leaf != leaf_hash(&text) && leaf != commitment(&[0; 32], &text));
    }

    for again in [space.clone(), HealthSpace::open(&file, &unlock(), env.clone()).unwrap()] {
        assert!(matches!(again.receipt(HEALTH, gone), Err(Error::NotFound)));
        let lines = again.log(HEALTH).unwrap();
        assert!(lines.iter().map(|l| l.index).eq((0..=size).filter(|n| *n != gone)));
        let last = &lines.last().unwrap().entry;
        assert!(matches!(&last.event, AuditEvent::EntriesErased { entries, .. } if *entries == [gone]));
        assert!(lines.last().unwrap().describe("fr").contains("Contenu effacé"));
        for n in (0..size).filter(|n| *n != gone) {
            // Old receipts hold, and new ones say the same.
            let old = verify_receipt(&receipts[n as usize], &key).unwrap();
            assert_eq!(verify_receipt(&again.receipt(HEALTH, n).unwrap(), &key).unwrap().entry, old.entry);
        }
        assert!(again.check().unwrap().is_whole());
        verify_consistency(&before, &again.consistency(HEALTH, size).unwrap(), &key).unwrap();
        for old in 1..=size {
            again.consistency(HEALTH, old).unwrap();
        }
        assert!(matches!(
            again.evidence(&EvidenceRequest::new().partition("health").entries(&[gone])),
            Err(Error::NotFound)
        ));
        let keys = again.verifier_keys().unwrap();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let report = verify_evidence(&again.evidence(&EvidenceRequest::new()).unwrap(), &keys).unwrap();
        assert!(report.disclosures.iter().map(|d| d.index).eq(entries.iter().copied().filter(|n| *n != gone)));
        assert!(report.disclosures.iter().all(|d| d.level == Level::Verifiable));
        assert_eq!(again.disclosure_log().unwrap().len(), 8);
        assert!(again.audit_events(HEALTH, "en").is_ok());
    }
    // The log goes on.
    assert_eq!(ask(&space), size + 1);
}

#[test]
fn a_gap_between_grant_and_release_lowers_the_level() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let grant = allow(&space, &[Category::Laboratory]);
    let other = allow(&space, &[Category::Activity]);
    space.withdraw(other.id()).unwrap();
    ask(&space);
    let level = || {
        let keys = space.verifier_keys().unwrap();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let file = space.evidence(&EvidenceRequest::new()).unwrap();
        verify_evidence(&file, &keys).unwrap().disclosures.iter().map(|d| d.level).collect::<Vec<_>>()
    };
    assert_eq!(level(), [Level::Verifiable]);
    space.erase_entries(LogOf::Space, &[other.entry()], gesture()).unwrap();
    assert_eq!(level(), [Level::Logged], "it could have been a withdrawal");
    space.withdraw(grant.id()).unwrap();
    space.erase_entries(LogOf::Space, &[grant.entry()], gesture()).unwrap();
    assert_eq!(level(), [Level::Logged]);
    let parties = crate::consent::Parties::default();
    assert!(matches!(space.consent_record(grant.id(), &parties), Err(Error::NotFound)));
}

#[test]
fn what_shows_a_consent_in_force_stays_and_a_withdrawal_outlives_its_entry() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (env, _) = clock();
    let (space, _) = HealthSpace::create(&file, &unlock(), env.clone()).unwrap();
    fill(&space);
    let part = HealthSpace::open_partitions(&file, &unlock(), env.clone(), &["health"]).unwrap();
    let grant = allow(&space, &[Category::Laboratory]);
    let entry = ask(&part);
    let denied = |r: crate::Result<LogErasure>| assert!(matches!(r, Err(Error::Denied)));
    denied(space.erase_entries(LogOf::Space, &[grant.entry()], gesture()));
    // All or nothing.
    denied(space.erase_entries(LogOf::Space, &[0, grant.entry()], gesture()));
    assert_eq!(space.log(LogOf::Space).unwrap()[0].index, 0);

    assert!(matches!(part.erase_entries(LogOf::Space, &[0], gesture()), Err(Error::NeedsFullSlot)));
    let erased = part.erase_entries(HEALTH, &[entry, entry], gesture()).unwrap().entry;
    for s in [&part, &space] {
        assert!(matches!(s.receipt(HEALTH, entry), Err(Error::NotFound)));
        assert!(matches!(s.erase_entries(HEALTH, &[entry], gesture()), Err(Error::NotFound)));
        denied(s.erase_entries(HEALTH, &[erased], gesture()));
        assert!(matches!(s.erase_entries(HEALTH, &[999], gesture()), Err(Error::NotFound)));
        assert!(matches!(s.erase_entries(HEALTH, &[], gesture()), Err(Error::Malformed(_))));
        let many: Vec<u64> = (0..257).collect();
        assert!(matches!(s.erase_entries(HEALTH, &many, gesture()), Err(Error::TooLarge(Limit::Items))));
    }

    space.withdraw(grant.id()).unwrap();
    let log = space.log(LogOf::Space).unwrap();
    let of_it = |e: &AuditEvent| matches!(e, AuditEvent::Granted { grant: g, .. } | AuditEvent::Withdrawn { grant: g, .. } if *g == grant.id());
    let both: Vec<u64> = log.iter().filter(|l| of_it(&l.entry.event)).map(|l| l.index).collect();
    assert_eq!(both.len(), 2);
    space.erase_entries(LogOf::Space, &both, gesture()).unwrap();
    assert!(!events(&space, LogOf::Space).iter().any(of_it));
    drop((space, part));
    let space = HealthSpace::open(&file, &unlock(), env).unwrap();
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(s.query(&of_code("13457-7")), Err(Error::Denied)), "state is not folded from the log");
}

#[test]
fn one_that_is_damaged_is_not_erased_by_asking_for_it() {
    use crate::storage::memory::Memory;
    let memory = Memory::new();
    let row = crate::keyring::SpaceRow::make(crate::keyring::KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(std::sync::Arc::new(memory.clone()), &row, &unlock(), clock().0).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    let entry = ask(&space);
    let scope = space.inner.peek().unwrap().partitions[0].id;
    memory.tamper(|image| {
        std::sync::Arc::make_mut(&mut image.ledger).get_mut(&(scope, 0)).unwrap().wrap[20] ^= 1;
    });
    // It may be one that is not to be erased.
    assert!(matches!(space.erase_entries(HEALTH, &[0, entry], gesture()), Err(Error::Corrupt(_))));
    assert!(
        Entry::decode(
            &space
                .inner
                .read()
                .map(|(t, s)| { read_entry(&space.inner.base, &*t, &s.partitions[0], entry).unwrap().bytes })
                .unwrap()
        )
        .is_ok()
    );
}

/// An older library does not undo what a newer one protects.
#[test]
fn what_a_later_version_wrote_is_not_erased() {
    let disk = crate::storage::memory::Memory::new();
    let row = crate::keyring::SpaceRow::make(crate::keyring::KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(std::sync::Arc::new(disk), &row, &unlock(), clock().0).unwrap();
    let entry = space.inner.write(|tx, w| {
        let work = w.work(tx, super::state::Target::System)?;
        tx.log(work, AuditEvent::Unknown { number: 99, body: vec![0xa0] })
    });
    let erased = space.erase_entries(LogOf::Space, &[entry.unwrap()], gesture());
    assert!(matches!(erased, Err(Error::Denied)));
}

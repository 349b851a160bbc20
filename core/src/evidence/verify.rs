//! Verifying a file offline, with nothing but the logs' public keys.

use super::claim::{self, Claim, Known, LIMITS, MAX_SIZE};
use super::file::{BAD, File, ItemsPart, LogPart};
use super::report::{Disclosed, DisclosedItems, EvidenceReport, ShownGrant, ShownLog};
use crate::audit::{AuditEvent, Entry};
use crate::crypto::hash::sha256;
use crate::error::{Error, Result};
use crate::id::RecordId;
use crate::ledger::commit::commitment;
use crate::ledger::note::{self, VerifierKey};
use crate::ledger::verify::{verify_consistency, verify_inclusion};
use std::collections::BTreeSet;

/// Verifies an evidence file, all of it or nothing: every signature, proof, hash and claim.
///
/// `keys` are the verifier keys of the logs that the caller trusts, that of the space's own log first
/// ([`HealthSpace::verifier_keys`](crate::HealthSpace::verifier_keys)): consents stand in that one
/// alone, for a handle of some partitions can sign for theirs. Keys come from the person, not with the
/// file.
///
/// # Errors
/// [`Error::Malformed`] for anything that does not hold, to the bit, and where what is shown
/// contradicts a disclosure, as a withdrawal before it does; [`Error::NeedsNewerLibrary`] for a
/// later version.
pub fn verify_evidence(bytes: &[u8], keys: &[&str]) -> Result<EvidenceReport> {
    let keys = keys.iter().map(|k| VerifierKey::parse(k)).collect::<Result<Vec<_>>>()?;
    let file = File::decode(bytes)?;
    if file.limits != LIMITS {
        return Err(BAD);
    }
    let space = keys.first().map(|k| k.name.as_str());
    let mut logs = file.logs.iter().map(|l| log(l, &keys, space)).collect::<Result<Vec<_>>>()?;
    claim::name_partitions(&mut logs)?;
    let hashes: Vec<_> = file.consents.iter().map(|c| sha256(&[c])).collect();
    let named = claim::consents_named(&logs);
    let in_order = pairs(&logs).all(|(a, b)| a.origin < b.origin)
        && pairs(&hashes).all(|(a, b)| a < b)
        && pairs(&file.disclosures).all(|(a, b)| (a.log, a.index) < (b.log, b.index));
    // A partition has one log, and that log says of itself what the space's own says of it.
    let scopes: Vec<_> = logs.iter().filter_map(|l| l.partition).map(|(scope, ..)| scope).collect();
    let one_each =
        scopes.iter().collect::<BTreeSet<_>>().len() == scopes.len() && logs.iter().all(Known::is_of_its_partition);
    // A consent that no entry names is authenticated by nothing.
    if !in_order || !one_each || !hashes.iter().all(|h| named.contains(h)) {
        return Err(BAD);
    }
    let mut disclosures = Vec::with_capacity(file.disclosures.len());
    for d in &file.disclosures {
        let claim = claim::derive(&logs, &file, d.log, d.index, &d.items)?;
        if claim.part() != d.claim {
            return Err(BAD);
        }
        disclosures.push(disclosed(&logs, &file, d.log, d.index, &d.items, claim)?);
    }
    let unknown = |l: &Known| l.entries.values().filter(|e| matches!(e.event, AuditEvent::Unknown { .. })).count();
    let shown = |l: Known| ShownLog { unknown: unknown(&l) as u64, origin: l.origin, size: l.size };
    let logs = logs.into_iter().map(shown).collect();
    Ok(EvidenceReport { disclosures, logs, does_not_prove: LIMITS.to_vec() })
}

fn pairs<T>(all: &[T]) -> impl Iterator<Item = (&T, &T)> {
    all.iter().zip(all.iter().skip(1))
}

/// One log: its signature, and every entry and prefix under it.
fn log(part: &LogPart, keys: &[VerifierKey], space: Option<&str>) -> Result<Known> {
    let claimed = note::claimed_origin(&part.checkpoint)?;
    let mut of_this = keys.iter().filter(|k| k.name == claimed);
    let (checkpoint, others) = of_this.find_map(|k| note::open_checkpoint(&part.checkpoint, k).ok()).ok_or(BAD)?;
    // Signatures that nobody here can check would be bits that nobody authenticates.
    if others != 0 || checkpoint.head.size > MAX_SIZE {
        return Err(BAD);
    }
    let head = checkpoint.head;
    let mut known = Known {
        of_space: space == Some(checkpoint.origin.as_str()),
        origin: checkpoint.origin,
        size: head.size,
        partition: None,
        entries: Default::default(),
        prefixes: Default::default(),
    };
    for e in &part.entries {
        let leaf = commitment(&e.r, &e.entry);
        let later = known.entries.last_key_value().is_none_or(|(last, _)| *last < e.index);
        if !later || !verify_inclusion(&head.root, head.size, e.index, &leaf, &e.path) {
            return Err(BAD);
        }
        let entry = Entry::decode(&e.entry).map_err(|_| BAD)?;
        let misplaced = match &entry.event {
            AuditEvent::Released { system, .. } => system.size > MAX_SIZE,
            // By its first entry a log is a partition's.
            AuditEvent::PartitionCreated { .. } => e.index > 0,
            _ => false,
        };
        if misplaced {
            return Err(BAD);
        }
        known.entries.insert(e.index, entry);
    }
    for p in &part.prefixes {
        let later = known.prefixes.last_key_value().is_none_or(|(last, _)| *last < p.size);
        if !later || !verify_consistency(p.size, &p.root, head.size, &head.root, &p.path) {
            return Err(BAD);
        }
        known.prefixes.insert(p.size, p.root);
    }
    Ok(known)
}

fn disclosed(logs: &[Known], file: &File, at: u64, index: u64, items: &ItemsPart, claim: Claim) -> Result<Disclosed> {
    let log = usize::try_from(at).ok().and_then(|at| logs.get(at)).ok_or(BAD)?;
    let entry = log.entries.get(&index).ok_or(BAD)?.clone();
    let items = match items {
        ItemsPart::Hidden => DisclosedItems::Hidden,
        ItemsPart::Hashes(all) => DisclosedItems::Hashes(all.clone()),
        ItemsPart::Open(_, all) => DisclosedItems::Open(all.iter().map(item).collect()),
    };
    let grants = claim.grants.iter().map(|g| {
        let consent = g.consent.and_then(|at| file.consents.get(at)).cloned();
        ShownGrant { id: g.grant, entry: g.index, consent, parent: g.parent }
    });
    Ok(Disclosed {
        origin: log.origin.clone(),
        index,
        entry,
        level: claim.level,
        grants: grants.collect(),
        items,
        does_not_prove: claim.does_not_prove,
    })
}

/// Record id and position of the fact.
fn item(bytes: &[u8; 18]) -> (RecordId, u16) {
    let [id @ .., high, low] = bytes;
    (RecordId::from_bytes(*id), u16::from_be_bytes([*high, *low]))
}

/// A file that its own writer cannot verify is damage, not evidence.
pub(super) fn check_own(bytes: &[u8], space: &VerifierKey, others: &[VerifierKey]) -> Result<()> {
    let texts: Vec<String> = core::iter::once(space).chain(others).map(VerifierKey::to_text).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    verify_evidence(bytes, &texts).map(|_| ()).map_err(|_| Error::Corrupt(crate::error::Part::Ledger))
}

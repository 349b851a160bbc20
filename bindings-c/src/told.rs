//! What a space tells the person about itself: permissions, promises, disclosures, whom to tell of
//! a withdrawal, evidence and damage.

use crate::buffer::{Buffer, Hash, Id};
use crate::consent::{gesture, recipient};
use crate::guard::guard;
use crate::pointer::{Out, get, slice, text};
use crate::space::Space;
use healthspace::consent::Recipient;
use healthspace::evidence::{EvidenceRequest, verify_evidence};
use healthspace::{Error, GrantId, NoticeState, Permission};
use serde_json::{Map, Value, json};

/// Hands a list out.
///
/// # Safety
/// As [`get`] and [`Out::new`].
unsafe fn list(
    space: *const Space,
    out: *mut *mut Buffer,
    told: impl FnOnce(&healthspace::HealthSpace) -> Result<Vec<Value>, Error>,
) -> i32 {
    guard(|| {
        // SAFETY: the caller's contract.
        let (space, out) = unsafe { (get(space)?, Out::new(out)?) };
        out.hand(Buffer::from(told(&space.inner)?));
        Ok(())
    })
}

/// Every grant over the partitions that are open here: of each its id, partition, purpose,
/// categories, recipient (kind, name), expires, uses_left (either null) and standing ("in-force",
/// "not-yet", "expired", "withdrawn", "used-up", "unusable", "suspended", "unanchored").
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_grants(space: *const Space, grants: *mut *mut Buffer) -> i32 {
    let told = |g: healthspace::GrantInfo| {
        json!({
            "id": g.id.to_hex(),
            "partition": g.partition,
            "purpose": g.terms.purpose.code(),
            "categories": g.terms.categories.iter().map(|c| c.code()).collect::<Vec<_>>(),
            "recipient": { "kind": g.terms.recipient.kind().code(), "name": g.terms.recipient.name() },
            "expires": g.terms.expires.map(healthspace::Timestamp::as_millis),
            "uses_left": g.uses_left,
            "standing": g.standing.code(),
        })
    };
    // SAFETY: the contract of the header.
    unsafe { list(space, grants, |s| Ok(s.grants()?.into_iter().map(told).collect())) }
}

/// All that is in force, whoever wrote it: of each its kind ("grant", "lowering", "imported"), its
/// id, by which hs_withdraw takes it back, and its standing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_permissions(space: *const Space, permissions: *mut *mut Buffer) -> i32 {
    let told = |p: Permission| {
        let kind = match p {
            Permission::Grant(_) => "grant",
            Permission::Lowering(_) => "lowering",
            Permission::Imported(_) => "imported",
            _ => "other",
        };
        json!({ "kind": kind, "id": p.id().to_hex(), "standing": p.standing().code() })
    };
    // SAFETY: the contract of the header.
    unsafe { list(space, permissions, |s| Ok(s.permissions()?.into_iter().map(told).collect())) }
}

/// What this space promises as it stands: of each promise its name, claim, level ("promise",
/// "configured", "logged", "verifiable", "witnessed"), evidence and does_not_prove.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_claims(space: *const Space, claims: *mut *mut Buffer) -> i32 {
    let told = |c: healthspace::SpaceClaim| {
        let (level, proves) = (c.level.code(), c.does_not_prove);
        json!({ "name": c.name, "claim": c.claim, "level": level, "evidence": c.evidence, "does_not_prove": proves })
    };
    // SAFETY: the contract of the header.
    unsafe { list(space, claims, |s| Ok(s.claims()?.into_iter().map(told).collect())) }
}

/// Every recipient of what was released under a grant that is withdrawn since: grant, kind, recipient,
/// releases, last_release, erased, withdrawn, due, state ("open", "notified", "acknowledged"), overdue.
/// erased counts erased entries that may have been of releases to anybody; where there are any, one
/// notice has null for kind and recipient.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_withdrawal_notices(space: *const Space, notices: *mut *mut Buffer) -> i32 {
    let told = |n: healthspace::WithdrawalNotice| {
        let state = match n.state {
            NoticeState::Open => "open",
            NoticeState::Notified(_) => "notified",
            NoticeState::Acknowledged(_) => "acknowledged",
        };
        json!({
            "grant": n.grant.to_hex(),
            "kind": n.recipient.as_ref().map(|r| r.kind().code()),
            "recipient": n.recipient.as_ref().map(Recipient::name),
            "releases": n.releases,
            "last_release": n.last_release.as_millis(),
            "erased": n.erased,
            "withdrawn": n.withdrawn.as_millis(),
            "due": n.due.as_millis(),
            "state": state,
            "overdue": n.overdue,
        })
    };
    // SAFETY: the contract of the header.
    unsafe { list(space, notices, |s| Ok(s.withdrawal_notices()?.into_iter().map(told).collect())) }
}

/// Enters that a recipient was told of a withdrawal: its kind ("model", ...) and its name. `method` and
/// `evidence` say how, as for hs_grant. NotFound where nothing was released to it under that grant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_recipient_notified(
    space: *const Space,
    grant: *const Id,
    kind: *const u8,
    kind_len: usize,
    name: *const u8,
    name_len: usize,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, grant, who, how) = unsafe {
            let who = recipient(text(kind, kind_len)?, text(name, name_len)?)?;
            (get(space)?, get(grant)?, who, gesture(method, method_len, evidence)?)
        };
        space.inner.recipient_notified(GrantId::from_bytes(grant.bytes), &who, how)
    })
}

/// Enters that a recipient acknowledged a withdrawal; otherwise as hs_recipient_notified.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_recipient_acknowledged(
    space: *const Space,
    grant: *const Id,
    kind: *const u8,
    kind_len: usize,
    name: *const u8,
    name_len: usize,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, grant, who, how) = unsafe {
            let who = recipient(text(kind, kind_len)?, text(name, name_len)?)?;
            (get(space)?, get(grant)?, who, gesture(method, method_len, evidence)?)
        };
        space.inner.recipient_acknowledged(GrantId::from_bytes(grant.bytes), &who, how)
    })
}

/// What was released, handed out or refused, the oldest first: a list of texts in plain words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_disclosure_log(
    space: *const Space,
    language: *const u8,
    language_len: usize,
    lines: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, tag, out) = unsafe { (get(space)?, text(language, language_len)?, Out::new(lines)?) };
        let told = space.inner.disclosure_log()?;
        out.hand(Buffer::from(told.iter().map(|line| Value::from(line.describe(tag))).collect::<Vec<_>>()));
        Ok(())
    })
}

/// Looks through the space: whether nothing is damaged (1) or something is (0), and what was found
/// in each scope: partition (null for the space's own), whole, damaged (counts by part), records (ids of
/// those that do not open), entries (positions), unnamed, heads_agree. Damage is no error of this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_check(space: *const Space, is_whole: *mut i32, scopes: *mut *mut Buffer) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, whole, out) = unsafe { (get(space)?, Out::new(is_whole)?, Out::new(scopes)?) };
        let found = space.inner.check()?;
        let told = |s: &healthspace::ScopeCheck| {
            let damaged: Map<String, Value> =
                s.damaged.iter().map(|(part, n)| (format!("{part:?}"), Value::from(*n))).collect();
            json!({
                "partition": s.partition,
                "whole": s.whole,
                "damaged": damaged,
                "records": s.records.iter().map(healthspace::RecordId::to_hex).collect::<Vec<_>>(),
                "entries": s.entries,
                "unnamed": s.unnamed,
                "heads_agree": s.heads_agree,
            })
        };
        whole.write(i32::from(found.is_whole()));
        out.hand(Buffer::from(found.scopes.iter().map(told).collect::<Vec<_>>()));
        Ok(())
    })
}

/// An evidence file of releases: of one partition and to one recipient (its kind and its name), or of
/// all where the text has length 0. Where partition_entries is not 0, it shows all of a partition's own log up to the last
/// of them: that no withdrawal was entered there before, and how often a counted grant was used, and to whoever reads it
/// also what else was entered there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_evidence(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    kind: *const u8,
    kind_len: usize,
    name: *const u8,
    name_len: usize,
    partition_entries: i32,
    file: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, kind, name, out) = unsafe {
            let partition = text(partition, partition_len)?;
            (get(space)?, partition, text(kind, kind_len)?, text(name, name_len)?, Out::new(file)?)
        };
        let mut request = EvidenceRequest::new();
        if !partition.is_empty() {
            request = request.partition(partition);
        }
        if !name.is_empty() {
            request = request.recipient(recipient(kind, name)?);
        }
        if partition_entries != 0 {
            request = request.with_partition_entries();
        }
        out.hand(Buffer::from(space.inner.evidence(&request)?));
        Ok(())
    })
}

/// The verifier keys of all logs, one a line, that of the space's own log first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_verifier_keys(space: *const Space, keys: *mut *mut Buffer) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, out) = unsafe { (get(space)?, Out::new(keys)?) };
        out.hand(Buffer::from(space.inner.verifier_keys()?.join("\n")));
        Ok(())
    })
}

/// Verifies an evidence file with verifier keys as hs_verifier_keys gives them; needs no space. Of
/// each disclosure that it proves: entry, level ("logged", "verifiable"), grants, does_not_prove,
/// and what it says in plain words (text).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_verify_evidence(
    file: *const u8,
    file_len: usize,
    keys: *const u8,
    keys_len: usize,
    language: *const u8,
    language_len: usize,
    disclosures: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (file, keys, tag, out) = unsafe {
            let words = (text(keys, keys_len)?, text(language, language_len)?);
            (slice(file, file_len)?, words.0, words.1, Out::new(disclosures)?)
        };
        let report = verify_evidence(file, &keys.lines().collect::<Vec<_>>())?;
        let told = |d: &healthspace::evidence::Disclosed| {
            json!({
                "entry": d.index,
                "level": d.level.code(),
                "grants": d.grants.iter().map(|g| g.id.to_hex()).collect::<Vec<_>>(),
                "does_not_prove": d.does_not_prove,
                "text": d.describe(tag),
            })
        };
        out.hand(Buffer::from(report.disclosures.iter().map(told).collect::<Vec<_>>()));
        Ok(())
    })
}

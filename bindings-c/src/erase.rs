//! Erasing, new keys, and what a loss concerns.

use crate::buffer::{Buffer, Hash, Id};
use crate::consent::gesture;
use crate::guard::guard;
use crate::keystore::{KeyStore, with_device};
use crate::pointer::{Out, get, get_or_none, slice, text};
use crate::space::{Space, passphrase};
use healthspace::audit::Gesture;
use healthspace::{
    BackupId, BreachScope, Erase, ErasureTrial, Error, Exposure, GrantId, Lost, RecordId, Rotated, SlotId, SourceId,
    Timestamp, TriedBy, Unlock, WayInKind,
};
use serde_json::{Value, json};

const fn way_in(kind: WayInKind) -> &'static str {
    match kind {
        WayInKind::Passphrase => "passphrase",
        WayInKind::PassphraseAndDevice => "passphrase_and_device",
        WayInKind::KeyStore => "keystore",
        WayInKind::RecoveryCode => "recovery_code",
        WayInKind::Limited => "limited",
        _ => "other",
    }
}

fn erase(space: &Space, partition: &str, what: &Erase, gesture: Gesture, out: Out<*mut Buffer>) -> Result<(), Error> {
    let done = space.inner.partition(partition)?.erase(what, gesture)?;
    let hex = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
    out.hand(Buffer::from(vec![json!({
        "entry": done.entry,
        "level": done.level.name(),
        "records": done.records,
        "derived": done.derived,
        "aside": done.aside,
        "unread": done.unread,
        "sources": done.sources,
        "keys": done.keys,
        "sealed_anew": done.sealed_anew,
        "undated": done.undated,
        "known_copies": done.known_copies,
        "copies_unknown": done.copies_unknown,
        "salt": hex(&done.salt),
    })]));
    Ok(())
}

/// Erases records of a partition, memories and turns among them, for good: `records` has `count` ids. What was
/// made from them goes as well. What came of it is a list of one: entry, level ("E0" where somebody was
/// reading: see hs_sweep; else "E1"), records, derived, aside, unread (damaged memories, set aside as well),
/// sources, keys, sealed_anew, undated, known_copies, copies_unknown (whether there may be more), salt (for
/// hs_verify_erasure).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_erase_records(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    records: *const Id,
    count: usize,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    erased: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, ids) = unsafe { (get(space)?, text(partition, partition_len)?, slice(records, count)?) };
        // SAFETY: the contract of the header.
        let (gesture, out) = unsafe { (gesture(method, method_len, evidence)?, Out::new(erased)?) };
        let ids = ids.iter().map(|id| RecordId::from_bytes(id.bytes)).collect();
        erase(space, partition, &Erase::Records(ids), gesture, out)
    })
}

/// As hs_erase_records: what an imported file brought, and that it was imported.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_erase_source(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    source: *const Hash,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    erased: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, source) = unsafe { (get(space)?, text(partition, partition_len)?, get(source)?) };
        // SAFETY: the contract of the header.
        let (gesture, out) = unsafe { (gesture(method, method_len, evidence)?, Out::new(erased)?) };
        erase(space, partition, &Erase::Source(SourceId::from_bytes(source.bytes)), gesture, out)
    })
}

/// As hs_erase_records: memories and turns that rest on a grant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_erase_consent(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    grant: *const Id,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    erased: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, grant) = unsafe { (get(space)?, text(partition, partition_len)?, get(grant)?) };
        // SAFETY: the contract of the header.
        let (gesture, out) = unsafe { (gesture(method, method_len, evidence)?, Out::new(erased)?) };
        erase(space, partition, &Erase::Consent(GrantId::from_bytes(grant.bytes)), gesture, out)
    })
}

/// As hs_erase_records: what happened from `from` on and before `up_to`, in milliseconds since 1970. Records
/// that reach into that time go whole, samples by where they begin; `undated` counts what has no date and stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_erase_period(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    from: i64,
    up_to: i64,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    erased: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition) = unsafe { (get(space)?, text(partition, partition_len)?) };
        // SAFETY: the contract of the header.
        let (gesture, out) = unsafe { (gesture(method, method_len, evidence)?, Out::new(erased)?) };
        let what = Erase::Period { from: Timestamp::from_millis(from), up_to: Timestamp::from_millis(up_to) };
        erase(space, partition, &what, gesture, out)
    })
}

/// As hs_erase_records: every record and source of the partition.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_erase_everything(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    erased: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition) = unsafe { (get(space)?, text(partition, partition_len)?) };
        // SAFETY: the contract of the header.
        let (gesture, out) = unsafe { (gesture(method, method_len, evidence)?, Out::new(erased)?) };
        erase(space, partition, &Erase::Everything, gesture, out)
    })
}

/// Sweeps the file after an erasure that reached "E0": 1 where it is "E1" now, 0 where somebody is reading.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_sweep(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    entry: u64,
    swept: *mut i32,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, out) = unsafe { (get(space)?, text(partition, partition_len)?, Out::new(swept)?) };
        let level = space.inner.partition(partition)?.sweep(entry)?;
        out.write(i32::from(level >= healthspace::ErasureLevel::FileErased));
        Ok(())
    })
}

/// The certificate of an erasure as JSON, in "en" or "fr": the level that it has reached by now, against whom
/// that holds, and the receipts that prove it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_erasure_certificate(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    entry: u64,
    language: *const u8,
    language_len: usize,
    certificate: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, language, out) = unsafe {
            (get(space)?, text(partition, partition_len)?, text(language, language_len)?, Out::new(certificate)?)
        };
        let page = space.inner.partition(partition)?.erasure_certificate(entry, language)?;
        out.hand(Buffer::from(page));
        Ok(())
    })
}

/// Looks for what an erasure took: by the ids of the records (`count` of them) with the salt that it gave, or
/// NULL; and in an older copy of the file, with the passphrase, the recovery code (each of
/// length 0 where it is not tried) and the keystore, or NULL. What came of it is a list of one: claimed, confirmed (or
/// null), entry (or null), tries (by, objects, opened), does_not_prove.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_verify_erasure(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    entry: u64,
    records: *const Id,
    count: usize,
    salt: *const Hash,
    older: *const u8,
    older_len: usize,
    secret: *const u8,
    secret_len: usize,
    code: *const u8,
    code_len: usize,
    keystore: *const KeyStore,
    check: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, ids, salt) =
            unsafe { (get(space)?, text(partition, partition_len)?, slice(records, count)?, get_or_none(salt)) };
        // SAFETY: the contract of the header.
        let (older, words, code, keystore) = unsafe {
            (text(older, older_len)?, passphrase(secret, secret_len)?, text(code, code_len)?, get_or_none(keystore))
        };
        // SAFETY: the contract of the header.
        let out = unsafe { Out::new(check) }?;
        let mut ways = Vec::new();
        if secret_len > 0 {
            ways.push(with_device(words, keystore));
        }
        if !code.is_empty() {
            ways.push(with_device(Unlock::recovery_code(code)?, keystore));
        }
        let mut trial = ErasureTrial::new();
        if !older.is_empty() {
            trial = ways.iter().fold(trial.older(older), ErasureTrial::way);
        }
        if let Some(salt) = salt {
            trial = trial.ids(ids.iter().map(|id| RecordId::from_bytes(id.bytes)).collect(), salt.bytes);
        }
        let found = space.inner.partition(partition)?.verify_erasure(entry, &trial)?;
        let by = |by| match by {
            TriedBy::Id => "id",
            TriedBy::Bytes => "bytes",
            TriedBy::OlderCopy(kind) => way_in(kind),
            _ => "other",
        };
        let tries = found.tries.iter().map(|t| json!({ "by": by(t.by), "objects": t.objects, "opened": t.opened }));
        out.hand(Buffer::from(vec![json!({
            "claimed": found.claimed.name(),
            "confirmed": found.confirmed.map(healthspace::ErasureLevel::name),
            "entry": found.entry,
            "tries": tries.collect::<Vec<Value>>(),
            "does_not_prove": found.does_not_prove("en"),
        })]));
        Ok(())
    })
}

/// Which new keys.
pub(crate) enum Renewing {
    Keys,
    /// Also where a partition is too damaged for them.
    WithDamage,
    /// For what was erased in older copies too.
    FromCopies(Gesture),
}

/// New keys by these ways in.
pub(crate) fn renew(
    space: &Space,
    words: Unlock,
    code: &str,
    keystore: Option<&KeyStore>,
    renewing: Renewing,
) -> Result<Rotated, Error> {
    let words = with_device(words, keystore);
    let code = if code.is_empty() { None } else { Some(Unlock::recovery_code(code)?) };
    let others: Vec<&Unlock> = code.iter().collect();
    match renewing {
        Renewing::Keys => space.inner.rotate(&words, &others),
        Renewing::WithDamage => space.inner.rotate_with_damage(&words, &others),
        Renewing::FromCopies(gesture) => space.inner.erase_from_copies(&words, &others, gesture),
    }
}

pub(crate) fn hand_rotated(old: &mut Space, r: Rotated, recovery_code: Out<*mut Buffer>, rotated: Out<*mut Buffer>) {
    old.inner = r.space;
    recovery_code.hand(Buffer::from(r.recovery_code.map_or_else(String::new, |c| String::from(c.reveal().as_str()))));
    rotated.hand(Buffer::from(vec![json!({
        "removed": r.removed.iter().map(|w| way_in(w.kind)).collect::<Vec<_>>(),
        "old_copies": r.old_copies.describe("en"),
        "level": r.destroyed.map(|d| d.level.name()),
        "since": r.destroyed.map(|d| d.since),
        "entry": r.destroyed.map(|d| d.entry),
        "swept": r.swept,
        "entries_lost": r.entries_lost,
        "pages_lost": r.pages_lost,
        "emptied": r.emptied,
        "permissions": r.permissions,
    })]));
}

/// Gives the space new keys. The handle goes on under them; its sessions end, and other handles fail with
/// Rekeyed. The passphrase, with the keystore (or NULL), and the recovery code are the ways
/// in from then on; where the code is of length 0 a new one is issued, else `recovery_code` is empty. What came of
/// it is a list of one: removed, old_copies (in words), level, since and entry (null where no keystore destroyed the
/// old keys' secret), swept, entries_lost and pages_lost (damaged, and not carried along), emptied (partitions of
/// hs_rotate_keys_damaged, by name), and permissions (that wait since to be confirmed). Nobody else may use the handle
/// meanwhile.
///
/// Corrupt where a partition is left out or a part of one is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_rotate_keys(
    space: *mut Space,
    secret: *const u8,
    secret_len: usize,
    code: *const u8,
    code_len: usize,
    keystore: *const KeyStore,
    recovery_code: *mut *mut Buffer,
    rotated: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, words, code, keystore) = unsafe {
            (
                crate::pointer::get_mut(space)?,
                passphrase(secret, secret_len)?,
                text(code, code_len)?,
                get_or_none(keystore),
            )
        };
        // SAFETY: the contract of the header.
        let (new, told) = unsafe { (Out::new(recovery_code)?, Out::new(rotated)?) };
        let done = renew(space, words, code, keystore, Renewing::Keys)?;
        hand_rotated(space, done, new, told);
        Ok(())
    })
}

/// As hs_rotate_keys, and what was erased is taken from older copies of the file as well: the keystore destroys
/// the secret of the old keys. LevelUnavailable where it does not hold it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_erase_from_copies(
    space: *mut Space,
    secret: *const u8,
    secret_len: usize,
    code: *const u8,
    code_len: usize,
    keystore: *const KeyStore,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    recovery_code: *mut *mut Buffer,
    rotated: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, words, code, keystore) = unsafe {
            (
                crate::pointer::get_mut(space)?,
                passphrase(secret, secret_len)?,
                text(code, code_len)?,
                get_or_none(keystore),
            )
        };
        // SAFETY: the contract of the header.
        let (gesture, new, told) =
            unsafe { (gesture(method, method_len, evidence)?, Out::new(recovery_code)?, Out::new(rotated)?) };
        let done = renew(space, words, code, keystore, Renewing::FromCopies(gesture))?;
        hand_rotated(space, done, new, told);
        Ok(())
    })
}

/// What a loss concerns: of the "device"; of a "backup" or a "way_in" by `id` (NULL for others); or of the
/// "entries" of a partition's log, from `from` on and before `to`. A list of one: partitions (name, records, clear),
/// recipients (kind, name, releases, items, last, clear), erasures_since, does_not_say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breach_scope(
    space: *const Space,
    lost: *const u8,
    lost_len: usize,
    id: *const Id,
    partition: *const u8,
    partition_len: usize,
    from: u64,
    to: u64,
    scope: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, lost, partition, out) =
            unsafe { (get(space)?, text(lost, lost_len)?, text(partition, partition_len)?, Out::new(scope)?) };
        let lost = match lost {
            "device" => Lost::Device,
            // SAFETY: the contract of the header.
            "backup" => Lost::Backup(BackupId::from_bytes(unsafe { get(id) }?.bytes)),
            // SAFETY: the contract of the header.
            "way_in" => Lost::WayIn(SlotId::from_bytes(unsafe { get(id) }?.bytes)),
            "entries" => Lost::Entries(partition, from..to),
            _ => return Err(Error::Malformed(healthspace::Malformed::Argument)),
        };
        out.hand(Buffer::from(vec![told(space.inner.breach_scope(&lost)?)]));
        Ok(())
    })
}

fn told(scope: BreachScope) -> Value {
    let clear = |e| e == Exposure::Clear;
    let partition =
        |p: healthspace::BreachedPartition| json!({ "name": p.name, "records": p.records, "clear": clear(p.exposure) });
    let recipient = |r: healthspace::BreachedRecipient| {
        json!({
            "kind": r.recipient.kind().code(),
            "name": r.recipient.name(),
            "releases": r.releases,
            "items": r.items,
            "last": r.last.as_millis(),
            "clear": clear(r.exposure),
        })
    };
    json!({
        "partitions": scope.partitions.into_iter().map(partition).collect::<Vec<_>>(),
        "recipients": scope.recipients.into_iter().map(recipient).collect::<Vec<_>>(),
        "erasures_since": scope.erasures_since,
        "does_not_say": scope.does_not_say,
    })
}

/// Notes that the person typed the recovery code again, as it was shown; with the keystore (or NULL) where the space
/// is bound to one. CannotOpen where it is not the code of this space.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_confirm_recovery_code(
    space: *const Space,
    code: *const u8,
    code_len: usize,
    keystore: *const KeyStore,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, code, keystore) = unsafe { (get(space)?, text(code, code_len)?, get_or_none(keystore)) };
        space.inner.confirm_recovery_code(&with_device(Unlock::recovery_code(code)?, keystore))
    })
}

/// The ways in: of each its id, kind and whether it is confirmed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_ways_in(space: *const Space, ways: *mut *mut Buffer) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, out) = unsafe { (get(space)?, Out::new(ways)?) };
        let told =
            |w: healthspace::WayIn| json!({ "id": w.id.to_hex(), "kind": way_in(w.kind), "confirmed": w.confirmed });
        out.hand(Buffer::from(space.inner.ways_in()?.into_iter().map(told).collect::<Vec<Value>>()));
        Ok(())
    })
}

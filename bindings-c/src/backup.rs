//! Backups, what comes back from one, and going on without a lost anchor.

use crate::buffer::{Buffer, Hash, Id};
use crate::consent::gesture;
use crate::guard::guard;
use crate::pointer::{Out, get, get_or_none, text};
use crate::space::{Space, environment_of, passphrase};
use healthspace::{Error, GrantId, HealthSpace, RestoreOptions, Unlock};
use serde_json::{Value, json};

/// Makes a backup, while the space is open and others write: its id, and the length of its file. The file
/// is opened by hs_restore alone.
///
/// AlreadyExists where something is at the path; no file is left by a call that fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_backup(
    space: *const Space,
    path: *const u8,
    path_len: usize,
    backup: *mut Id,
    bytes: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, path, id, length) =
            unsafe { (get(space)?, text(path, path_len)?, Out::new(backup)?, Out::new(bytes)?) };
        let made = space.inner.backup_to(path)?;
        id.write(Id { bytes: *made.id.as_bytes() });
        length.write(made.bytes);
        Ok(())
    })
}

/// As hs_backup, and what was left out where pages of the file are damaged, so that the backup was made row by row: a list
/// of one with damaged (rows and entries that are named and do not open) and entered ("log", "backup" or "nowhere": where
/// the entry stands that names it), or an empty list where it is a copy of the whole file. One that was made row by row is
/// restored by hs_restore_damaged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_backup_told(
    space: *const Space,
    path: *const u8,
    path_len: usize,
    backup: *mut Id,
    bytes: *mut u64,
    row_by_row: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, path, id, length) =
            unsafe { (get(space)?, text(path, path_len)?, Out::new(backup)?, Out::new(bytes)?) };
        // SAFETY: the contract of the header.
        let told = unsafe { Out::new(row_by_row) }?;
        let made = space.inner.backup_to(path)?;
        id.write(Id { bytes: *made.id.as_bytes() });
        length.write(made.bytes);
        let rows = made.row_by_row.map(|r| json!({ "damaged": r.damaged, "entered": r.entered.code() }));
        told.hand(Buffer::from(rows.into_iter().collect::<Vec<_>>()));
        Ok(())
    })
}

/// The backups that the space knows of: of each its id, made, entry, and erasures_since: where that is
/// not 0, the backup holds what is gone here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_known_copies(space: *const Space, copies: *mut *mut Buffer) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, out) = unsafe { (get(space)?, Out::new(copies)?) };
        let told = |c: healthspace::KnownCopy| {
            json!({
                "id": c.id.to_hex(),
                "made": c.made.as_millis(),
                "entry": c.entry,
                "erasures_since": c.erasures_since,
            })
        };
        out.hand(Buffer::from(space.inner.known_copies()?.into_iter().map(told).collect::<Vec<Value>>()));
        Ok(())
    })
}

/// Makes a space of a backup, at a path where nothing is, and opens it in full by its passphrase. Every
/// permission waits for hs_confirm_permission. `anchor` is the path of an anchor, or of length 0.
/// `later`, or NULL, is a later state of the same space, open in full: what was erased there is erased
/// again. What came of it is a list of one: backup and made (or null), erasures ("unknown", "none",
/// "replayed" or "replayed-in-part"), unaccounted (records, sources and entries that `later` lacks and that were not
/// erased there, as far as is known: they are back), not_replayed (partitions, by name, of which it is not known what was
/// erased in them), permissions, limited_ways_in, emptied (partitions of hs_restore_damaged, by name), refusals (consents
/// from elsewhere that were filed since and refuse here too), and broken_logs (logs of which entries are lost, so that
/// nothing proves that they continue what was signed before).
///
/// NotASpace for anything but a backup; Corrupt where it is damaged; no file is left by a call that fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_restore(
    backup: *const u8,
    backup_len: usize,
    to: *const u8,
    to_len: usize,
    secret: *const u8,
    secret_len: usize,
    anchor: *const u8,
    anchor_len: usize,
    later: *const Space,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    space: *mut *mut Space,
    restored: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (backup, to, unlock, anchor) = unsafe {
            (text(backup, backup_len)?, text(to, to_len)?, passphrase(secret, secret_len)?, text(anchor, anchor_len)?)
        };
        // SAFETY: the contract of the header.
        let (later, gesture, out) =
            unsafe { (get_or_none(later), gesture(method, method_len, evidence)?, Out::new(space)?) };
        // SAFETY: the contract of the header.
        let told = unsafe { Out::new(restored) }?;
        let mut options = RestoreOptions::new(gesture);
        if let Some(later) = later {
            options = options.later(&later.inner);
        }
        restore(backup, to, &unlock, anchor, &options, out, told)
    })
}

/// As hs_restore, by the recovery code: on a new device, say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_restore_recovery(
    backup: *const u8,
    backup_len: usize,
    to: *const u8,
    to_len: usize,
    code: *const u8,
    code_len: usize,
    anchor: *const u8,
    anchor_len: usize,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    space: *mut *mut Space,
    restored: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (backup, to, code, anchor) =
            unsafe { (text(backup, backup_len)?, text(to, to_len)?, text(code, code_len)?, text(anchor, anchor_len)?) };
        // SAFETY: the contract of the header.
        let (gesture, out, told) =
            unsafe { (gesture(method, method_len, evidence)?, Out::new(space)?, Out::new(restored)?) };
        restore(backup, to, &Unlock::recovery_code(code)?, anchor, &RestoreOptions::new(gesture), out, told)
    })
}

pub(crate) fn restore(
    backup: &str,
    to: &str,
    unlock: &Unlock,
    anchor: &str,
    options: &RestoreOptions,
    out: Out<*mut Space>,
    told: Out<*mut Buffer>,
) -> Result<(), Error> {
    let (env, lane) = environment_of(anchor);
    let (inner, r) = HealthSpace::restore(backup, to, unlock, env, options)?;
    told.hand(Buffer::from(vec![json!({
        "backup": r.backup.map(|id| id.to_hex()),
        "made": r.made.map(healthspace::Timestamp::as_millis),
        "erasures": r.erasures.code(),
        "unaccounted": {
            "records": r.unaccounted.records,
            "sources": r.unaccounted.sources,
            "entries": r.unaccounted.entries,
        },
        "not_replayed": r.not_replayed,
        "permissions": r.permissions,
        "limited_ways_in": r.limited_ways_in,
        "emptied": r.emptied,
        "refusals": r.refusals,
        "broken_logs": r.broken_logs,
    })]));
    out.hand(Space { inner, lane });
    Ok(())
}

/// Opens a space whose anchor is lost or knows another state, by the person's explicit act: it may be an
/// older file that was put back, so that every permission waits for hs_confirm_permission; how many.
/// `anchor` is the path of the anchor from now on, or of length 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_recover(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    anchor: *const u8,
    anchor_len: usize,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    space: *mut *mut Space,
    permissions: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, anchor) =
            unsafe { (text(path, path_len)?, passphrase(secret, secret_len)?, text(anchor, anchor_len)?) };
        // SAFETY: the contract of the header.
        let (gesture, out, count) =
            unsafe { (gesture(method, method_len, evidence)?, Out::new(space)?, Out::new(permissions)?) };
        let (env, lane) = environment_of(anchor);
        let (inner, done) = HealthSpace::recover(path, &unlock, env, gesture)?;
        count.write(done.permissions);
        out.hand(Space { inner, lane });
        Ok(())
    })
}

/// Confirms a permission that waits since a restore or a recovery. NotFound where it does not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_confirm_permission(
    space: *const Space,
    grant: *const Id,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, grant, gesture) = unsafe { (get(space)?, get(grant)?, gesture(method, method_len, evidence)?) };
        space.inner.confirm_permission(GrantId::from_bytes(grant.bytes), gesture)
    })
}

/// Confirms every permission that waits since a restore; how many there were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_confirm_all_permissions(
    space: *const Space,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    confirmed: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, gesture, out) =
            unsafe { (get(space)?, gesture(method, method_len, evidence)?, Out::new(confirmed)?) };
        out.write(space.inner.confirm_all_permissions(gesture)?);
        Ok(())
    })
}

/// Writes heads and key slots again whose one copy is damaged: how many heads, and whether the slots (1
/// or 0). For what stands once there is the backup.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_repair(space: *const Space, heads: *mut u64, slots: *mut i32) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, heads, slots) = unsafe { (get(space)?, Out::new(heads)?, Out::new(slots)?) };
        let done = space.inner.repair()?;
        heads.write(done.heads);
        slots.write(i32::from(done.slots));
        Ok(())
    })
}

//! Spaces of which something is damaged: what is whole is opened and restored, and what is not is said.

use crate::backup::restore;
use crate::buffer::{Buffer, Hash};
use crate::consent::gesture;
use crate::erase::{Renewing, hand_rotated, renew};
use crate::guard::guard;
use crate::keystore::{KeyStore, with_device};
use crate::memory::told;
use crate::pointer::{Out, get, get_mut, get_or_none, slice, text};
use crate::session::Context;
use crate::space::{Space, environment_of, passphrase};
use healthspace::{Error, HealthSpace, RestoreOptions, Unlock};
use serde_json::{Value, json};

/// By the recovery code, or by the passphrase where the code has length 0.
///
/// # Safety
/// As [`slice`].
unsafe fn way(secret: *const u8, secret_len: usize, code: *const u8, code_len: usize) -> Result<Unlock, Error> {
    // SAFETY: the caller's contract is `slice`'s.
    unsafe {
        let code = text(code, code_len)?;
        if code.is_empty() {
            return passphrase(secret, secret_len);
        }
        // One way in, not two.
        if !slice(secret, secret_len)?.is_empty() {
            return Err(Error::Malformed(healthspace::Malformed::Argument));
        }
        Unlock::recovery_code(code)
    }
}

/// As hs_open, for a space that it refuses with Corrupt because something in a partition is damaged: opens what is
/// whole. By the passphrase or, where that has length 0, by the recovery code. `anchor` is the path of the anchor that
/// the space was given, or of length 0; `keystore` its keystore, or NULL. hs_damaged_partitions says which partitions
/// are concerned, hs_check what of them, and what is released says whether something is missing from it
/// (hs_context_unread; a context says it in its text too). What takes all that there is fails with Corrupt: imports and
/// erasures where what is not read may be concerned, hs_claims, and where a partition is left out hs_evidence. To go on
/// from here: hs_backup and hs_restore_damaged, or hs_rotate_keys_damaged.
///
/// Corrupt for damage in the space's own scope alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_open_damaged(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    code: *const u8,
    code_len: usize,
    anchor: *const u8,
    anchor_len: usize,
    keystore: *const KeyStore,
    space: *mut *mut Space,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, anchor) =
            unsafe { (text(path, path_len)?, way(secret, secret_len, code, code_len)?, text(anchor, anchor_len)?) };
        // SAFETY: the contract of the header.
        let (keystore, out) = unsafe { (get_or_none(keystore), Out::new(space)?) };
        let (env, lane) = environment_of(anchor);
        out.hand(Space { inner: HealthSpace::open_damaged(path, &with_device(unlock, keystore), env)?, lane });
        Ok(())
    })
}

/// As hs_recover, also where something in a partition is damaged, which it refuses with Corrupt: damaged lists of records
/// are left behind, and a partition that is too damaged to be read begins anew, empty. By the passphrase or, where that has
/// length 0, by the recovery code; `keystore` is the space's, or NULL. What came of it is a list of one: permissions (that
/// wait for hs_confirm_permission), limited_ways_in (that are gone), emptied (partitions, by name) and broken_logs. Keep a
/// copy of the file: this ends what a whole row could be put back into.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_recover_damaged(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    code: *const u8,
    code_len: usize,
    anchor: *const u8,
    anchor_len: usize,
    keystore: *const KeyStore,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    space: *mut *mut Space,
    recovered: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, anchor) =
            unsafe { (text(path, path_len)?, way(secret, secret_len, code, code_len)?, text(anchor, anchor_len)?) };
        // SAFETY: the contract of the header.
        let (keystore, gesture) = unsafe { (get_or_none(keystore), gesture(method, method_len, evidence)?) };
        // SAFETY: the contract of the header.
        let (out, told) = unsafe { (Out::new(space)?, Out::new(recovered)?) };
        let (env, lane) = environment_of(anchor);
        let (inner, r) = HealthSpace::recover_damaged(path, &with_device(unlock, keystore), env, gesture)?;
        told.hand(Buffer::from(vec![json!({
            "permissions": r.permissions,
            "limited_ways_in": r.limited_ways_in,
            "emptied": r.emptied,
            "broken_logs": r.broken_logs,
        })]));
        out.hand(Space { inner, lane });
        Ok(())
    })
}

/// Names of the partitions of which something is damaged, in a handle of hs_open_damaged: a list of texts, of which one
/// is empty for a partition whose name is damaged as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_damaged_partitions(space: *const Space, names: *mut *mut Buffer) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, out) = unsafe { (get(space)?, Out::new(names)?) };
        let names = space.inner.info()?.damaged.into_iter().map(Value::from);
        out.hand(Buffer::from(names.collect::<Vec<_>>()));
        Ok(())
    })
}

/// How much of what the context was made from is damaged and could not be read; 0 where nothing is missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_context_unread(context: *const Context, unread: *mut u64) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (context, out) = unsafe { (get(context)?, Out::new(unread)?) };
        out.write(context.unread());
        Ok(())
    })
}

/// As hs_memories, which fails with Corrupt where a memory is damaged: those that can be read, and how many others
/// there may be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_readable_memories(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    list: *mut *mut Buffer,
    unread: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, out, unread) =
            unsafe { (get(space)?, text(partition, partition_len)?, Out::new(list)?, Out::new(unread)?) };
        let found = space.inner.partition(partition)?.memories()?;
        unread.write(found.unread());
        out.hand(Buffer::from(found.value().iter().map(told).collect::<Vec<_>>()));
        Ok(())
    })
}

/// As hs_restore, also of a backup in which something of a partition is damaged, which it refuses: what is whole is
/// there then. By the passphrase or, where that has length 0, by the recovery code. A partition too damaged to be read
/// is empty, and without the consents that were given there; its name is in emptied.
///
/// Corrupt for damage in the space's own scope alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_restore_damaged(
    backup: *const u8,
    backup_len: usize,
    to: *const u8,
    to_len: usize,
    secret: *const u8,
    secret_len: usize,
    code: *const u8,
    code_len: usize,
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
        let (backup, to, unlock) =
            unsafe { (text(backup, backup_len)?, text(to, to_len)?, way(secret, secret_len, code, code_len)?) };
        // SAFETY: the contract of the header.
        let (anchor, later, gesture) =
            unsafe { (text(anchor, anchor_len)?, get_or_none(later), gesture(method, method_len, evidence)?) };
        // SAFETY: the contract of the header.
        let (out, told) = unsafe { (Out::new(space)?, Out::new(restored)?) };
        let mut options = RestoreOptions::new(gesture).with_damage();
        if let Some(later) = later {
            options = options.later(&later.inner);
        }
        restore(backup, to, &unlock, anchor, &options, out, told)
    })
}

/// As hs_rotate_keys, also where a partition is too damaged to be given new keys: it begins anew under its name, empty and
/// without the consents that were given there; its name is in emptied. What stood in it is gone from the file: make a
/// backup first, which holds it as it is, under the keys that it has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_rotate_keys_damaged(
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
        let (space, words, code, keystore) =
            unsafe { (get_mut(space)?, passphrase(secret, secret_len)?, text(code, code_len)?, get_or_none(keystore)) };
        // SAFETY: the contract of the header.
        let (new, told) = unsafe { (Out::new(recovery_code)?, Out::new(rotated)?) };
        let done = renew(space, words, code, keystore, Renewing::WithDamage)?;
        hand_rotated(space, done, new, told);
        Ok(())
    })
}

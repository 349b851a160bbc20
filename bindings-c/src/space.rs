//! Creating, opening and closing a space.

use crate::buffer::{Buffer, Hash, Id};
use crate::guard::guard;
use crate::import::Lane;
use crate::pointer::{Out, free, get, slice, text};
use healthspace::audit::Gesture;
use healthspace::{Environment, Error, FileAnchor, GrantId, HealthSpace, SecretBytes, Unlock};
use std::sync::Arc;

/// A space, open.
pub struct Space {
    pub(crate) inner: HealthSpace,
    pub(crate) lane: Lane,
}

/// # Safety
/// As [`slice`].
pub(crate) unsafe fn passphrase(secret: *const u8, len: usize) -> Result<Unlock, Error> {
    // SAFETY: the caller's contract is `slice`'s.
    let secret = unsafe { slice(secret, len) }?;
    Ok(Unlock::passphrase(SecretBytes::new(secret.to_vec())))
}

fn environment() -> (Environment, Lane) {
    let lane = Lane::default();
    (lane.environment(), lane)
}

/// With the anchor in the file at this path.
fn anchored(path: &str) -> (Environment, Lane) {
    let (env, lane) = environment();
    (Environment { anchor: Some(Arc::new(FileAnchor::new(path))), ..env }, lane)
}

/// With the anchor in the file at this path, or without one where the text is empty.
pub(crate) fn environment_of(anchor: &str) -> (Environment, Lane) {
    if anchor.is_empty() { environment() } else { anchored(anchor) }
}

/// Creates a space in a new file, with the partitions "health" and "general". The recovery code
/// is the second way in: show it to the person once and free it.
///
/// AlreadyExists where a file is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_create(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    space: *mut *mut Space,
    recovery_code: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, space, code) = unsafe {
            (text(path, path_len)?, passphrase(secret, secret_len)?, Out::new(space)?, Out::new(recovery_code)?)
        };
        let (env, lane) = environment();
        let (inner, recovery) = HealthSpace::create(path, &unlock, env)?;
        // Copied once, into a buffer of its exact size: nothing is left behind by growing.
        code.hand(Buffer::from(String::from(recovery.reveal().as_str())));
        space.hand(Space { inner, lane });
        Ok(())
    })
}

/// As hs_create, with an anchor in a file of its own: an older copy of the space's file is then
/// refused (RolledBack), and counted grants apply. It must not lie where the space is backed up. A
/// space whose anchor is lost does not open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_create_anchored(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    anchor: *const u8,
    anchor_len: usize,
    space: *mut *mut Space,
    recovery_code: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, anchor) =
            unsafe { (text(path, path_len)?, passphrase(secret, secret_len)?, text(anchor, anchor_len)?) };
        // SAFETY: the contract of the header.
        let (space, code) = unsafe { (Out::new(space)?, Out::new(recovery_code)?) };
        let (env, lane) = anchored(anchor);
        let (inner, recovery) = HealthSpace::create(path, &unlock, env)?;
        code.hand(Buffer::from(String::from(recovery.reveal().as_str())));
        space.hand(Space { inner, lane });
        Ok(())
    })
}

/// As hs_open, with the anchor that the space was given. AnchorMissing where it is opened without.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_open_anchored(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    anchor: *const u8,
    anchor_len: usize,
    space: *mut *mut Space,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, anchor) =
            unsafe { (text(path, path_len)?, passphrase(secret, secret_len)?, text(anchor, anchor_len)?) };
        // SAFETY: the contract of the header.
        let out = unsafe { Out::new(space) }?;
        let (env, lane) = anchored(anchor);
        out.hand(Space { inner: HealthSpace::open(path, &unlock, env)?, lane });
        Ok(())
    })
}

/// Opens a space in full with its passphrase.
///
/// CannotOpen for a wrong secret and for a damaged key slot alike.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_open(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    space: *mut *mut Space,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, out) = unsafe { (text(path, path_len)?, passphrase(secret, secret_len)?, Out::new(space)?) };
        let (env, lane) = environment();
        out.hand(Space { inner: HealthSpace::open(path, &unlock, env)?, lane });
        Ok(())
    })
}

/// Opens a space in full with its recovery code, in any case and with any spacing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_open_recovery(
    path: *const u8,
    path_len: usize,
    code: *const u8,
    code_len: usize,
    space: *mut *mut Space,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, code, out) = unsafe { (text(path, path_len)?, text(code, code_len)?, Out::new(space)?) };
        let (env, lane) = environment();
        out.hand(Space { inner: HealthSpace::open(path, &Unlock::recovery_code(code)?, env)?, lane });
        Ok(())
    })
}

/// Opens chosen partitions only: `names` and `name_lens` have `count` elements. The handle can
/// read, write and withdraw there, and can grant nothing (NeedsFullSlot).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_open_partitions(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    names: *const *const u8,
    name_lens: *const usize,
    count: usize,
    space: *mut *mut Space,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header; each name has its own length.
        let (path, unlock, names, out) = unsafe {
            let (names, lens) = (slice(names, count)?, slice(name_lens, count)?);
            let names: Result<Vec<&str>, Error> = names.iter().zip(lens).map(|(p, n)| text(*p, *n)).collect();
            (text(path, path_len)?, passphrase(secret, secret_len)?, names?, Out::new(space)?)
        };
        let (env, lane) = environment();
        out.hand(Space { inner: HealthSpace::open_partitions(path, &unlock, env, &names)?, lane });
        Ok(())
    })
}

/// Drops every key of the handle; later calls on it and its sessions fail with Locked. The handle
/// itself is still to be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_close(space: *const Space) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        unsafe { get(space) }?.inner.close();
        Ok(())
    })
}

/// Closes a space and frees its handle. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_space_free(space: *mut Space) {
    // SAFETY: the contract of the header. Sessions hold keys of their own, so closing comes first.
    unsafe {
        if let Ok(s) = get(space) {
            crate::guard::quietly(|| s.inner.close());
        }
        free(space);
    }
}

/// Withdraws a grant: effective when the call returns, in every open handle and process.
/// Withdrawing twice is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_withdraw(space: *const Space, grant: *const Id) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, grant) = unsafe { (get(space)?, get(grant)?) };
        space.inner.withdraw(GrantId::from_bytes(grant.bytes))
    })
}

/// The person confirms that the host's clock is right although the logs hold later entries: from
/// now on decisions use it again. `method` and `evidence` as for `hs_grant`. Does nothing where the
/// clock is not behind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_confirm_clock(
    space: *const Space,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, method, evidence) = unsafe { (get(space)?, text(method, method_len)?, get(evidence)?) };
        space.inner.confirm_clock(Gesture { method: method.to_owned(), evidence: evidence.bytes })
    })
}

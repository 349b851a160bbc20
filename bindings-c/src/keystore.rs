//! Keystores: the software one in a directory, and one that the host gives as functions.

use crate::buffer::Buffer;
use crate::guard::guard;
use crate::pointer::{Out, free, get, text};
use crate::space::{Space, environment_of, passphrase};
use core::ffi::c_void;
use healthspace::{
    DestroyProof, Error, ErrorCode, HealthSpace, KeyStore as CoreKeyStore, KeyStoreClass, Malformed, SoftwareKeyStore,
    Unlock,
};
use std::io::ErrorKind;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where a keystore keeps its keys: files; the operating system; a chip that does not give them away.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "said above")]
pub enum KeyStoreKind {
    Software = 1,
    Os = 2,
    Hardware = 3,
}

/// The device's keystore, by the host: all functions but `release` are needed. They are called within calls that
/// were given the keystore, by their thread, several at once where several such calls are made; they may ask the
/// person, and neither throw nor jump out.
///
/// Each returns 0, HS_ERROR_NOT_FOUND for a key that is not there (any more), HS_ERROR_CANNOT_OPEN for bytes that
/// are not this key's, or any other number for a failure, which counts as HS_ERROR_IO. A length that goes with
/// bytes to be written is the room there is, and is set to how many were written; more than the room is refused,
/// and nothing may be written beyond it. Secrets are 32 random bytes, wiped by the library: neither they nor
/// names belong in a log.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KeyStoreFunctions {
    /// Given to each function.
    pub ctx: *mut c_void,
    /// One of hs_keystore_kind.
    pub kind: i32,
    /// Makes a key that stays in the keystore: its name, 1 to 256 bytes that are no secret.
    pub create_key: Option<unsafe extern "C" fn(ctx: *mut c_void, key: *mut u8, key_len: *mut usize) -> i32>,
    /// Encrypts 32 bytes under a key, authenticated: 1 to 4096 bytes.
    pub wrap: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            key: *const u8,
            key_len: usize,
            secret: *const u8,
            secret_len: usize,
            wrapped: *mut u8,
            wrapped_len: *mut usize,
        ) -> i32,
    >,
    /// Decrypts what `wrap` gave, to 32 bytes.
    pub unwrap: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            key: *const u8,
            key_len: usize,
            wrapped: *const u8,
            wrapped_len: usize,
            secret: *mut u8,
            secret_len: *mut usize,
        ) -> i32,
    >,
    /// Destroys a key for good, and says the same of one that is not there. It is asked afterwards to wrap something
    /// under the key: only HS_ERROR_NOT_FOUND shows that it is gone. `rollback_resistant` 1 where no backup
    /// and no image of the device brings it back, else 0; `evidence`, at most 4096 bytes, what the keystore
    /// attests, of which the log keeps the hash.
    pub destroy_key: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            key: *const u8,
            key_len: usize,
            rollback_resistant: *mut i32,
            evidence: *mut u8,
            evidence_len: *mut usize,
        ) -> i32,
    >,
    /// Called once, when the keystore is freed and no call uses it any more. May be NULL.
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}

/// A keystore.
pub struct KeyStore(Arc<dyn CoreKeyStore>);

type CreateKey = unsafe extern "C" fn(*mut c_void, *mut u8, *mut usize) -> i32;
type Turn = unsafe extern "C" fn(*mut c_void, *const u8, usize, *const u8, usize, *mut u8, *mut usize) -> i32;
type DestroyKey = unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut i32, *mut u8, *mut usize) -> i32;

/// The host's functions, none of them NULL.
struct Host {
    ctx: *mut c_void,
    class: KeyStoreClass,
    create_key: CreateKey,
    wrap: Turn,
    unwrap: Turn,
    destroy_key: DestroyKey,
    release: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: `ctx` is never read here, only given to the host's functions, which the header lets any thread call.
unsafe impl Send for Host {}
// SAFETY: as above; the header says that several calls are made at once.
unsafe impl Sync for Host {}

const LONGEST_NAME: usize = 256;
const LONGEST: usize = 4096;

/// What a function of the host answered.
fn answer(code: i32) -> Result<(), Error> {
    const NOT_FOUND: i32 = ErrorCode::NotFound.number();
    const CANNOT_OPEN: i32 = ErrorCode::CannotOpen.number();
    match code {
        0 => Ok(()),
        NOT_FOUND => Err(Error::NotFound),
        CANNOT_OPEN => Err(Error::CannotOpen),
        _ => Err(Error::Io(ErrorKind::Other)),
    }
}

/// Has the host write into room for so many bytes: a place, and a length that it sets.
fn written(room: usize, f: impl FnOnce(*mut u8, *mut usize) -> i32) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(vec![0; room]);
    let mut len = room;
    answer(f(bytes.as_mut_ptr(), &raw mut len))?;
    if len > room {
        return Err(Error::KeyStore);
    }
    bytes.truncate(len);
    Ok(bytes)
}

impl CoreKeyStore for Host {
    fn create(&self) -> Result<Vec<u8>, Error> {
        // SAFETY: the host's function by the header's contract, with room for what it may write.
        let name = written(LONGEST_NAME, |key, len| unsafe { (self.create_key)(self.ctx, key, len) })?;
        Ok(name.to_vec())
    }

    fn wrap(&self, key: &[u8], secret: &[u8; 32]) -> Result<Vec<u8>, Error> {
        // SAFETY: as above; key and secret are readable as long as they say.
        let wrapped = written(LONGEST, |out, len| unsafe {
            (self.wrap)(self.ctx, key.as_ptr(), key.len(), secret.as_ptr(), secret.len(), out, len)
        })?;
        Ok(wrapped.to_vec())
    }

    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        // SAFETY: as above.
        written(32, |out, len| unsafe {
            (self.unwrap)(self.ctx, key.as_ptr(), key.len(), wrapped.as_ptr(), wrapped.len(), out, len)
        })
    }

    fn destroy(&self, key: &[u8]) -> Result<DestroyProof, Error> {
        let mut resistant = 0;
        // SAFETY: as above; `resistant` is there for the call.
        let evidence = written(LONGEST, |out, len| unsafe {
            (self.destroy_key)(self.ctx, key.as_ptr(), key.len(), &raw mut resistant, out, len)
        })?;
        Ok(DestroyProof { rollback_resistant: resistant == 1, evidence: evidence.to_vec() })
    }

    fn class(&self) -> KeyStoreClass {
        self.class
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the host's function by the header's contract, once, when nobody calls the others any more.
            unsafe { release(self.ctx) }
        }
    }
}

/// With the keystore, where there is one.
pub(crate) fn with_device(unlock: Unlock, keystore: Option<&KeyStore>) -> Unlock {
    match keystore {
        Some(store) => unlock.with_device(Arc::clone(&store.0)),
        None => unlock,
    }
}

/// The library's own keystore, in a directory of files: whoever can read it has what it keeps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_keystore_software(
    directory: *const u8,
    directory_len: usize,
    keystore: *mut *mut KeyStore,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (directory, out) = unsafe { (text(directory, directory_len)?, Out::new(keystore)?) };
        if directory.is_empty() {
            return Err(Error::Malformed(Malformed::Argument));
        }
        out.hand(KeyStore(Arc::new(SoftwareKeyStore::new(directory))));
        Ok(())
    })
}

/// A keystore of the host's own functions, which are copied. Where this fails, `release` is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_keystore_new(functions: *const KeyStoreFunctions, keystore: *mut *mut KeyStore) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (f, out) = unsafe { (get(functions)?, Out::new(keystore)?) };
        let class = match f.kind {
            1 => KeyStoreClass::Software,
            2 => KeyStoreClass::Os,
            3 => KeyStoreClass::Hardware,
            _ => return Err(Error::Malformed(Malformed::Argument)),
        };
        let (Some(create_key), Some(wrap), Some(unwrap), Some(destroy_key)) =
            (f.create_key, f.wrap, f.unwrap, f.destroy_key)
        else {
            return Err(Error::Malformed(Malformed::Argument));
        };
        let (ctx, release) = (f.ctx, f.release);
        out.hand(KeyStore(Arc::new(Host { ctx, class, create_key, wrap, unwrap, destroy_key, release })));
        Ok(())
    })
}

/// Frees a keystore. Spaces that were opened with it go on. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_keystore_free(keystore: *mut KeyStore) {
    // SAFETY: the contract of the header.
    unsafe { free(keystore) }
}

/// As hs_create, with a keystore: a copy of the space's file then opens neither by guessing the passphrase nor,
/// after hs_erase_from_copies, at all, but by its recovery code. `bound`, 1 or 0: whether the recovery code too
/// opens nothing without the keystore; with the device lost, everything is then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_create_with_keystore(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    keystore: *const KeyStore,
    bound: i32,
    space: *mut *mut Space,
    recovery_code: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, keystore) =
            unsafe { (text(path, path_len)?, passphrase(secret, secret_len)?, get(keystore)?) };
        // SAFETY: the contract of the header.
        let (space, code) = unsafe { (Out::new(space)?, Out::new(recovery_code)?) };
        let (env, lane) = environment_of("");
        let make = if bound == 0 { HealthSpace::create } else { HealthSpace::create_bound_to_device };
        let (inner, recovery) = make(path, &with_device(unlock, Some(keystore)), env)?;
        code.hand(Buffer::from(String::from(recovery.reveal().as_str())));
        space.hand(Space { inner, lane });
        Ok(())
    })
}

/// As hs_open, with the keystore that the space was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_open_with_keystore(
    path: *const u8,
    path_len: usize,
    secret: *const u8,
    secret_len: usize,
    keystore: *const KeyStore,
    space: *mut *mut Space,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, unlock, keystore) =
            unsafe { (text(path, path_len)?, passphrase(secret, secret_len)?, get(keystore)?) };
        // SAFETY: the contract of the header.
        let out = unsafe { Out::new(space) }?;
        let (env, lane) = environment_of("");
        out.hand(Space { inner: HealthSpace::open(path, &with_device(unlock, Some(keystore)), env)?, lane });
        Ok(())
    })
}

/// As hs_open_recovery, with the keystore that the space is bound to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_open_recovery_with_keystore(
    path: *const u8,
    path_len: usize,
    code: *const u8,
    code_len: usize,
    keystore: *const KeyStore,
    space: *mut *mut Space,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (path, code, keystore) = unsafe { (text(path, path_len)?, text(code, code_len)?, get(keystore)?) };
        // SAFETY: the contract of the header.
        let out = unsafe { Out::new(space) }?;
        let unlock = with_device(Unlock::recovery_code(code)?, Some(keystore));
        let (env, lane) = environment_of("");
        out.hand(Space { inner: HealthSpace::open(path, &unlock, env)?, lane });
        Ok(())
    })
}

//! Versions, and what the last failure was.

use crate::guard;
use core::ffi::c_char;

/// The version of this interface. It changes when a program that was compiled against an older
/// header could misbehave.
pub const ABI_VERSION: i32 = 1;

/// The version of the interface that the library was built with; compare it with HS_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn hs_abi_version() -> i32 {
    ABI_VERSION
}

/// The library's version, as text with a terminating zero; lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn hs_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The name of an error number ("Denied"), with a terminating zero; "OK" for 0, "Unknown" for a
/// number that is none. Lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_name(code: i32) -> *const c_char {
    guard::name_of(code).as_ptr()
}

/// The name of this thread's last failure, with a terminating zero; "OK" where there was none.
/// A call that succeeds does not change it. Lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn hs_last_error_name() -> *const c_char {
    guard::name_of(guard::last_code()).as_ptr()
}

/// What this thread's last failure was, as an English text with a terminating zero; valid until
/// the thread's next failure or its end. Holds no content, path, key or id.
#[unsafe(no_mangle)]
pub extern "C" fn hs_last_error_text() -> *const c_char {
    guard::last_text()
}

//! Versions, and what the last failure was.

use crate::guard;
use core::ffi::c_char;

/// The version of this interface. It changes when a program that was compiled against an older
/// header could misbehave.
pub const ABI_VERSION: i32 = 1;

/// The numbers of errors: 1xx the space, 2xx permission, 3xx input, 9xx bugs. A newer library may
/// return others.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "the names say it; the Rust library explains each")]
pub enum ErrorNumber {
    Ok = 0,
    NotASpace = 100,
    NeedsNewerLibrary = 101,
    CannotOpen = 102,
    AlreadyExists = 103,
    Locked = 104,
    Busy = 105,
    InUse = 106,
    Corrupt = 107,
    RolledBack = 108,
    Forked = 109,
    Rekeyed = 110,
    ForkedProcess = 111,
    Io = 112,
    DiskFull = 113,
    Storage = 114,
    Random = 115,
    AnchorMissing = 116,
    NotAnchored = 117,
    KeyStore = 118,
    TwoWaysIn = 119,
    LevelUnavailable = 120,
    PreRelease = 121,
    NoSuchPartition = 200,
    NotFound = 201,
    Denied = 202,
    FlowDenied = 203,
    ClockBehind = 204,
    ClockAhead = 205,
    OtherSubject = 206,
    NeedsFullSlot = 207,
    Malformed = 300,
    TooLarge = 301,
    InputChanged = 302,
    Cancelled = 303,
    Internal = 900,
}

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

#[cfg(test)]
mod tests {
    use super::ErrorNumber as N;
    use healthspace::ErrorCode;

    #[test]
    fn the_numbers_are_those_of_the_library() {
        let here = [
            N::NotASpace,
            N::NeedsNewerLibrary,
            N::CannotOpen,
            N::AlreadyExists,
            N::Locked,
            N::Busy,
            N::InUse,
            N::Corrupt,
            N::RolledBack,
            N::Forked,
            N::Rekeyed,
            N::ForkedProcess,
            N::Io,
            N::DiskFull,
            N::Storage,
            N::Random,
            N::AnchorMissing,
            N::NotAnchored,
            N::KeyStore,
            N::TwoWaysIn,
            N::LevelUnavailable,
            N::PreRelease,
            N::NoSuchPartition,
            N::NotFound,
            N::Denied,
            N::FlowDenied,
            N::ClockBehind,
            N::ClockAhead,
            N::OtherSubject,
            N::NeedsFullSlot,
            N::Malformed,
            N::TooLarge,
            N::InputChanged,
            N::Cancelled,
            N::Internal,
        ];
        assert_eq!(here.len(), ErrorCode::ALL.len());
        for (n, (code, _)) in here.into_iter().zip(ErrorCode::ALL) {
            assert_eq!(n as i32, code.number());
        }
        assert_eq!(N::Ok as i32, 0);
    }

    #[test]
    fn the_header_names_them_alike() {
        let header = include_str!("../include/healthspace.h");
        for (code, name) in ErrorCode::ALL {
            let mut word = String::from("HS_ERROR");
            for c in name.chars() {
                if c.is_ascii_uppercase() {
                    word.push('_');
                }
                word.push(c.to_ascii_uppercase());
            }
            assert!(header.contains(&format!("{word} = {}", code.number())), "{word}");
        }
    }
}

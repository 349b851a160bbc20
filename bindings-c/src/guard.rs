//! The one boundary between Rust and C: no panic crosses it, and the last failure is kept.

use healthspace::{Error, ErrorCode};
use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static LAST: RefCell<(i32, CString)> = RefCell::default();
}

/// Runs the body of a function. On failure its outputs are untouched, because bodies write them
/// as their last step.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Error>) -> i32 {
    // After a panic a handle is still sound: the core publishes state by whole values only.
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error,
        // The panic's text is dropped: nobody vouches for what is in it.
        Err(_) => Error::Internal(9000),
    };
    let code = error.code().number();
    let text = CString::new(error.to_string()).unwrap_or_default();
    // A thread that is ending has no such storage any more.
    let _ = LAST.try_with(|last| last.replace((code, text)));
    code
}

/// For functions without a status: nothing to report, and still no panic may cross.
pub(crate) fn quietly(body: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(body));
}

/// The number of this thread's last failure; 0 where there was none.
pub(crate) fn last_code() -> i32 {
    LAST.try_with(|last| last.borrow().0).unwrap_or(0)
}

/// The text of this thread's last failure, valid until the next one.
pub(crate) fn last_text() -> *const core::ffi::c_char {
    const NONE: &CStr = c"";
    LAST.try_with(|last| last.borrow().1.as_ptr()).unwrap_or(NONE.as_ptr())
}

/// The name of an error number, with its terminating zero.
pub(crate) fn name_of(number: i32) -> &'static CStr {
    use std::sync::OnceLock;
    static NAMES: OnceLock<Vec<(i32, CString)>> = OnceLock::new();
    if number == 0 {
        return c"OK";
    }
    NAMES
        .get_or_init(|| {
            ErrorCode::ALL.iter().map(|(code, name)| (code.number(), CString::new(*name).unwrap_or_default())).collect()
        })
        .iter()
        .find(|(n, _)| *n == number)
        .map_or(c"Unknown", |(_, name)| name.as_c_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_number_and_its_text_is_dropped() {
        assert_eq!(guard(|| panic!("LDL 3.1")), 900);
        let text = LAST.with(|l| l.borrow().1.clone());
        assert!(!text.to_string_lossy().contains("LDL"));
        assert_eq!(last_code(), 900);
        quietly(|| panic!("LDL 3.1"));
    }

    #[test]
    fn every_code_has_its_name() {
        for (code, name) in ErrorCode::ALL {
            assert_eq!(name_of(code.number()).to_str().unwrap(), *name);
        }
        assert_eq!(name_of(0), c"OK");
        assert_eq!(name_of(7), c"Unknown");
    }
}

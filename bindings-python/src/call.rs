//! The one way from Python into the library: without the interpreter's lock, no panic out, and
//! every error as its own exception of `healthspace.errors`.

use healthspace::{Error, ErrorCode, Malformed};
use pyo3::{PyErr, PyResult, Python};
use std::panic::{AssertUnwindSafe, catch_unwind};

macro_rules! exceptions {
    ($($name:ident)*) => {
        mod python {
            $(pyo3::import_exception!(healthspace.errors, $name);)*
            pyo3::import_exception!(healthspace.errors, InternalError);
        }

        /// The exception for an error. Its text is the library's: no content, path, key or id.
        pub(crate) fn exception(error: &Error) -> PyErr {
            let text = error.to_string();
            match error.code() {
                $(ErrorCode::$name => python::$name::new_err(text),)*
                _ => python::InternalError::new_err(text),
            }
        }
    };
}

exceptions! {
    NotASpace NeedsNewerLibrary CannotOpen AlreadyExists Locked Busy InUse Corrupt RolledBack Forked
    Rekeyed ForkedProcess Io DiskFull Storage Random AnchorMissing NotAnchored KeyStore TwoWaysIn
    LevelUnavailable PreRelease NoSuchPartition NotFound Denied FlowDenied ClockBehind ClockAhead OtherSubject NeedsFullSlot
    Malformed TooLarge InputChanged Cancelled
}

/// Runs `f` without the interpreter's lock.
pub(crate) fn call<T: Send>(py: Python<'_>, f: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    // After a panic a handle is still sound: the core publishes state by whole values only.
    match py.detach(|| catch_unwind(AssertUnwindSafe(f))) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(exception(&error)),
        // The panic's text is dropped: nobody vouches for what is in it.
        Err(_) => Err(exception(&Error::Internal(9000))),
    }
}

/// The error for an argument that means nothing.
pub(crate) const fn argument() -> Error {
    Error::Malformed(Malformed::Argument)
}

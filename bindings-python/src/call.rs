//! The one way from Python into the library: without the interpreter's lock, no panic out, and
//! every error as its own exception of `healthspace.errors`.

use healthspace::{Error, ErrorCode, Malformed};
use pyo3::exceptions::PyException;
use pyo3::{PyErr, PyResult, Python};
use std::cell::RefCell;
use std::io::ErrorKind;
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

thread_local! {
    /// What a host's keystore raised that is no `Exception`: Ctrl-C, say. It is raised again.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// What a host's keystore raised, as the library's: `NotFound` and `CannotOpen` are themselves, and all else is
/// input or output that failed. The text is dropped.
fn from_keystore(py: Python<'_>, raised: &PyErr) -> Error {
    if raised.is_instance_of::<python::NotFound>(py) {
        Error::NotFound
    } else if raised.is_instance_of::<python::CannotOpen>(py) {
        Error::CannotOpen
    } else {
        Error::Io(ErrorKind::Other)
    }
}

/// What a host's keystore raised where an argument is read: an error without its text, or Ctrl-C and the like.
pub(crate) fn raised_by_keystore(py: Python<'_>, raised: PyErr) -> PyErr {
    if raised.is_instance_of::<PyException>(py) { exception(&from_keystore(py, &raised)) } else { raised }
}

/// Runs what a host's keystore does, with the interpreter's lock, within a [`call`].
pub(crate) fn ask_keystore<T>(f: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, Error> {
    Python::attach(|py| {
        f(py).map_err(|raised| {
            let error = from_keystore(py, &raised);
            if !raised.is_instance_of::<PyException>(py) {
                RAISED.set(Some(raised));
            }
            error
        })
    })
}

/// Runs `f` without the interpreter's lock.
pub(crate) fn call<T: Send>(py: Python<'_>, f: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    // After a panic a handle is still sound: the core publishes state by whole values only.
    let done = py.detach(|| catch_unwind(AssertUnwindSafe(f)));
    if let Some(raised) = RAISED.take() {
        return Err(raised);
    }
    match done {
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

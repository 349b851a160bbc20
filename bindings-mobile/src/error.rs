//! The one error: what kind, and its number. It has no text of its own to leak.

use healthspace::{Error, ErrorCode, Malformed};
use std::panic::{AssertUnwindSafe, catch_unwind};

macro_rules! kinds {
    ($($name:ident)*) => {
        /// What went wrong; the names are those of the Rust library.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
        #[expect(missing_docs, reason = "the names say it; the Rust library explains each")]
        pub enum ErrorKind { $($name,)* }

        impl From<ErrorCode> for ErrorKind {
            fn from(code: ErrorCode) -> Self {
                match code {
                    $(ErrorCode::$name => Self::$name,)*
                    _ => Self::Internal,
                }
            }
        }
    };
}

kinds! {
    NotASpace NeedsNewerLibrary CannotOpen AlreadyExists Locked Busy InUse Corrupt RolledBack
    Forked Rekeyed ForkedProcess Io DiskFull Storage Random AnchorMissing NotAnchored KeyStore TwoWaysIn
    LevelUnavailable PreRelease NoSuchPartition NotFound Denied FlowDenied ClockBehind ClockAhead OtherSubject NeedsFullSlot Malformed TooLarge InputChanged
    Cancelled Internal
}

/// Whatever the library can fail with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum HealthspaceError {
    /// The call failed.
    #[error("{kind:?} ({code})")]
    Failed {
        /// What went wrong.
        kind: ErrorKind,
        /// The stable number, the same in every language.
        code: i32,
    },
}

impl From<Error> for HealthspaceError {
    fn from(error: Error) -> Self {
        let code = error.code();
        Self::Failed { kind: code.into(), code: code.number() }
    }
}

/// What a callback for progress may fail with: any failure stops the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ProgressError {
    /// Stop.
    #[error("stopped")]
    Stopped,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ProgressError {
    /// The reason is the host's text, and is dropped.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Stopped
    }
}

/// The one way into the library: a panic is an internal error, and its text is dropped.
pub(crate) fn call<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, HealthspaceError> {
    // After a panic a handle is still sound: the core publishes state by whole values only.
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => Ok(result?),
        Err(_) => Err(Error::Internal(9000).into()),
    }
}

/// For functions without a result: nothing to report, and still no panic may cross.
pub(crate) fn quietly(f: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(f));
}

/// The error for an argument that means nothing.
pub(crate) const fn argument() -> Error {
    Error::Malformed(Malformed::Argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_kind_and_number() {
        // A code without a kind of its own would be named `Internal` here.
        for (code, name) in ErrorCode::ALL {
            let kind = ErrorKind::from(*code);
            assert_eq!(format!("{kind:?}"), *name);
        }
    }

    #[test]
    fn every_error_crosses_as_kind_and_number_and_nothing_else() {
        let error = HealthspaceError::from(Error::Malformed(Malformed::Argument));
        assert_eq!(error, HealthspaceError::Failed { kind: ErrorKind::Malformed, code: 300 });
        assert_eq!(error.to_string(), "Malformed (300)");
        assert_eq!(HealthspaceError::from(Error::Storage(5)).to_string(), "Storage (114)");
    }

    #[test]
    fn a_panic_is_internal_and_its_text_is_dropped() {
        let failed = call::<()>(|| panic!("LDL 3.1")).unwrap_err();
        assert_eq!(failed, HealthspaceError::Failed { kind: ErrorKind::Internal, code: 900 });
        quietly(|| panic!("LDL 3.1"));
    }
}

//! The Python interface of `healthspace`: create, open, import, grant, ground, withdraw, close; what
//! is kept, permitted, promised and proven.
//!
//! What belongs here: turning Python's values into checked Rust values and back. What must not:
//! decisions, formats, or content in a `__repr__` or an exception.

mod backup;
mod call;
mod consent;
mod convert;
mod damaged;
mod erase;
mod import;
mod keystore;
mod memory;
mod session;
mod space;
mod told;

#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::backup::{Backup, KnownCopy, Recovered, Restored};
    #[pymodule_export]
    use crate::consent::{ConsentRequest, ConsentsReport, Grant, GrantInfo, Recipient, RenewalRequest};
    #[pymodule_export]
    use crate::erase::{BreachScope, Erasure, ErasureCheck, ErasureTry, Rotated};
    #[pymodule_export]
    use crate::import::{Issue, Report, TypeCount};
    #[pymodule_export]
    use crate::memory::{DeletedConversation, Memory};
    #[pymodule_export]
    use crate::session::{Citation, Context, Session};
    #[pymodule_export]
    use crate::space::{HealthSpace, RecoveryCode};
    #[pymodule_export]
    use crate::told::{
        Claim, Disclosure, EvidenceReport, Permission, ScopeCheck, SpaceCheck, WithdrawalNotice, verify_evidence,
        verify_receipt,
    };

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    /// Every error code with its name: what `errors.py` is checked against.
    #[pyo3::pyfunction]
    fn error_codes() -> Vec<(i32, &'static str)> {
        healthspace::ErrorCode::ALL.iter().map(|(code, name)| (code.number(), *name)).collect()
    }
}

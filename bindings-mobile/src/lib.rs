//! The Kotlin and Swift interface of `healthspace`, by uniffi: create, open, import, grant,
//! ground, withdraw, close.
//!
//! What belongs here: objects and records that mirror the library's, and nothing else. What must
//! not: decisions, formats, or content in an error. What holds content or a secret is an object,
//! not a record: Kotlin and Swift print every field of a record that somebody logs.

mod consent;
mod error;
mod import;
mod session;
mod space;

pub use consent::{Category, ConsentRequest, ConsentTerms, DataPeriod, Grant, GrantInfo, Recipient, RecipientKind};
pub use error::{ErrorKind, HealthspaceError, ProgressError};
pub use import::{ImportProgress, Report, TypeCount};
pub use session::{Citation, Context, Session};
pub use space::{Created, RecoveryCode, Space, create_space, error_codes, version};

uniffi::setup_scaffolding!("healthspace");

//! A person's health data in a space of its own: sealed, partitioned, released only under a
//! recorded consent, labelled so that it is not trained on, and cited when an answer builds on it.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::string_slice,
        clippy::collapsible_if
    )
)]

mod codec;
mod crypto;
mod environment;
mod error;
mod id;
mod keyring;
mod label;
mod lang;
mod ledger;
mod storage;
mod vault;

pub mod audit;
pub mod catalog;
pub mod consent;
pub mod grounding;
pub mod import;
pub mod policy;
pub mod record;

pub use crypto::secret::SecretBytes;
pub use environment::{Cancel, Clock, Environment, Event, FixedClock, OnEvent, OnProgress, Progress, SystemClock};
pub use error::{Error, ErrorCode, Limit, Malformed, Part, Result};
pub use id::{ConversationId, GrantId, Identity, RecordId, ScopeId, SourceId, SpaceId, Timestamp};
pub use keyring::{KdfParams, RecoveryCode, Unlock};
pub use label::{
    Confidentiality, Integrity, Label, Obligations, Origins, Purpose, Purposes, Sensitivities, Sensitivity,
};
pub use lang::Lang;
pub use vault::{
    Audited, ConsentRequest, Grant, GrantInfo, HealthSpace, ImportOptions, Info, LogLine, LogOf, Memory, Parents,
    Partition, PartitionKind, Reader, Records, ReleaseReceipt, Session, StagedImport, VerifiedReceipt,
    verify_consistency, verify_receipt,
};

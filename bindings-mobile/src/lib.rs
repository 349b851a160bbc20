//! The Kotlin and Swift interface of `healthspace`, by uniffi: create, open, import, grant,
//! ground, remember, withdraw, lock; what is kept, permitted, promised and proven.
//!
//! What belongs here: objects and records that mirror the library's, and nothing else. What must
//! not: decisions, formats, or content in an error. What holds content or a secret is an object,
//! not a record; and since Kotlin and Swift print every field of a record that somebody logs,
//! records with an id or a name in them print that they are one, and no more.
//!
//! `Category` and `Context` alone are names that Apple's and Android's own modules have taken.

/// `Debug` and `Display` of a type that shows nothing of what it holds.
macro_rules! veiled {
    ($($name:ident)*) => { $(
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
    )* };
}

mod consent;
mod damaged;
mod erase;
mod error;
mod import;
mod keystore;
mod memory;
mod receipt;
mod restore;
mod secret;
mod session;
mod space;
mod told;

pub use consent::{
    ConsentRequest, ConsentTerms, DataPeriod, Grant, GrantInfo, GrantStanding, HealthCategory, Recipient,
    RecipientKind, RenewalRequest,
};
pub use damaged::ReadableMemories;
pub use erase::{
    BreachScope, BreachedPartition, BreachedRecipient, Erasing, Erasure, ErasureCheck, ErasureTrialTerms, ErasureTry,
    KnownCopy, LostThing, MadeBackup, RotatedSpace, WayIn, WayKind,
};
pub use error::{ErrorKind, HealthspaceError, ProgressError};
pub use import::{ImportIssue, ImportProgress, ImportReport, TypeCount};
pub use keystore::{DestroyOutcome, DeviceKeyError, DeviceKeyStore, KeyStoreKind, SpaceKeyStore};
pub use memory::{HealthMemory, MemoryPlace, MemoryQuarantine};
pub use receipt::{VerifiedReceipt, verify_receipt};
pub use restore::{
    RecoveredSpace, RestoredSpace, recover_damaged_space, recover_damaged_space_by_code, recover_space, restore_space,
    restore_space_by_code,
};
pub use secret::Secret;
pub use session::{Citation, GroundedContext, Session};
pub use space::{
    CreatedSpace, HealthSpace, RecoveryCode, create_anchored_space, create_space, create_space_bound_to_device,
    create_space_with_keystore, error_codes, version,
};
pub use told::{
    Disclosure, Permission, PermissionKind, ScopeCheck, SpaceCheck, SpaceClaim, WithdrawalNotice,
    WithdrawalNoticeState, verify_evidence,
};

uniffi::setup_scaffolding!("healthspace");

//! A person's health data in a space of its own: sealed, partitioned, released only under a
//! recorded consent, labelled so that it is not trained on, and cited when an answer builds on it.
//!
//! A [`HealthSpace`] is one file. In it, partitions (`health`, `general`, ...) have keys of their
//! own. Files come in through [`Partition::import`]; what leaves goes through a [`Session`], which
//! acts for one recipient and one purpose: every release is decided against the consents in force,
//! entered into a ledger before it is handed out, and raises the session's [`Label`].
//!
//! * to make or open a space: [`HealthSpace::create`], [`HealthSpace::open`], [`Unlock`]
//! * to bring data in: [`import::Source`], [`Partition::import`], [`import::Report`]
//! * to ask the person: [`HealthSpace::consent_request`], [`HealthSpace::withdraw`]
//! * to answer a question: [`Session::ground`]; to read records: [`Session::query`],
//!   [`Session::reader`]
//! * to keep what an assistant concludes: [`Session::remember`], [`Session::remember_in`]; to look
//!   through it, edit or delete it: [`Partition::memories`]
//! * to pass data on without reading it: [`Session::hold`], [`Session::model_call`]; to lower a label:
//!   [`HealthSpace::declassify`]
//! * to show what happened: [`HealthSpace::log`], [`HealthSpace::receipt`], [`verify_receipt`];
//!   [`HealthSpace::evidence`], [`evidence::verify_evidence`]
//!
//! Features: `backend-ring` (default) and `backend-aws-lc` choose the cryptographic library; with both,
//! AWS-LC is used ([`CRYPTO_BACKEND`] says which). Files are the same. `bench-internals`,
//! `fuzz-internals` and `timing-internals` open doors for this project's own programs.
//!
//! What is not promised: an open partition is not defended against code in the same process; a
//! host that has received plaintext can copy it; a log proves nothing about what was left out of
//! it; no-training is a signed, sticky, checkable label and a refusal, not cryptography over
//! somebody else's model. The library is unaudited.
//!
//! ```
//! use healthspace::audit::Gesture;
//! use healthspace::consent::Recipient;
//! use healthspace::grounding::Budget;
//! use healthspace::import::Source;
//! use healthspace::record::Category;
//! use healthspace::{Environment, Error, HealthSpace, KdfParams, LogOf, Purpose, Unlock, verify_receipt};
//!
//! # let dir = std::env::temp_dir().join(format!("hs-doc-lib-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir)?;
//! # let file = dir.join("me.hs");
//! # let bundle = br#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation",
//! #   "id":"1","status":"final","category":[{"coding":[{"code":"laboratory"}]}],"code":{"coding":[{"system":
//! #   "http://loinc.org","code":"13457-7"}],"text":"LDL"},"effectiveDateTime":"2026-01-05",
//! #   "valueQuantity":{"value":112.5,"unit":"mg/dL"}}}]}"#.to_vec();
//! // A space of one person; the recovery code is shown once.
//! let unlock = Unlock::passphrase("correct horse battery staple").with_cost(KdfParams::FLOOR);
//! let (space, _recovery_code) = HealthSpace::create(&file, &unlock, Environment::default())?;
//! let report = space.partition("health")?.import(Source::bytes(bundle)?)?;
//! assert_eq!(report.imported(), 1);
//!
//! // The text is made from the object that is enforced.
//! let model = Recipient::model("eu-llm")?;
//! let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
//! let ask = ask.recipient(model.clone()).expires_in_days(90);
//! println!("{}", ask.notice("fr")?);
//! let grant = ask.confirm(Gesture { method: "tap".into(), evidence: [0; 32] })?;
//!
//! // Facts computed in code, each line cited; the entry is durable before the text is handed out.
//! let session = space.session(model, Purpose::PatientRequest)?;
//! let context = session.ground("What is my last LDL?", Budget::tokens(500))?;
//! assert!(context.value().text.contains("112.5 mg/dL"));
//! assert!(context.label().no_training());
//!
//! // What was read may be remembered where it came from, and not elsewhere.
//! session.remember("LDL was 112.5 mg/dL in January", &context)?;
//! assert!(matches!(session.remember_in("general", "LDL was high"), Err(Error::FlowDenied)));
//!
//! // One call, and the next request is refused.
//! space.withdraw(grant.id())?;
//! assert!(matches!(session.ground("And now?", Budget::tokens(500)), Err(Error::Denied)));
//!
//! // What happened is proved offline.
//! let log = LogOf::Partition("health");
//! let receipt = space.receipt(log, context.receipt().entry)?;
//! assert_eq!(verify_receipt(&receipt, &space.verifier_key(log)?)?.index, context.receipt().entry);
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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

/// `Debug` that shows the type and nothing in it: a log line of a host must not become a second
/// copy of the records.
macro_rules! silent_debug {
    ($($t:ident $(<$l:lifetime>)?)*) => {$(
        impl $(<$l>)? core::fmt::Debug for $t $(<$l>)? {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($t), "(..)"))
            }
        }
    )*};
}

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

#[cfg(any(test, feature = "fuzz-internals"))]
#[doc(hidden)]
pub mod fuzz_internals;

#[cfg(any(test, feature = "timing-internals"))]
#[doc(hidden)]
pub mod timing_internals;

pub mod audit;
pub mod catalog;
pub mod consent;
pub mod evidence;
pub mod grounding;
pub mod import;
pub mod policy;
pub mod record;

pub use crypto::CRYPTO_BACKEND;
pub use crypto::secret::SecretBytes;
pub use environment::{
    AnchoredHead, Cancel, Clock, Environment, Event, FileAnchor, FixedClock, FreshnessAnchor, OnEvent, OnProgress,
    Progress, SystemClock,
};
pub use error::{Error, ErrorCode, Limit, Malformed, Part, Result};
pub use id::{
    BackupId, ConversationId, GrantId, Identity, RecordId, ScopeId, SlotId, SourceId, SourceTag, SpaceId, Timestamp,
};
pub use keyring::{DestroyProof, KdfParams, KeyStore, KeyStoreClass, RecoveryCode, SoftwareKeyStore, Unlock};
pub use label::{
    Confidentiality, Integrity, Label, Lowering, NamedPurpose, Obligations, Origins, Purpose, Purposes, Sensitivities,
    Sensitivity,
};
pub use lang::Lang;
pub use vault::{
    Audited, Backup, BreachScope, BreachedPartition, BreachedRecipient, BreakGlassNotice, Call, ClaimLevel,
    ConsentRequest, ConsentsReport, Conversation, Declassify, DeclassifyInfo, DeclassifyRequest, DeletedConversation,
    Derived, DisclosureLine, Endpoint, EnteredIn, EpochDestroyed, Erase, ErasureCheck, ErasureLevel, ErasureTrial,
    ErasureTry, ErasuresAfter, Exposure, Grant, GrantInfo, HealthSpace, ImportOptions, ImportedConsent, ImportedSource,
    Info, KnownCopy, LogErasure, LogHandover, LogLine, LogOf, Lost, Memory, NoticeState, OldCopies, Parents, Partition,
    PartitionKind, Permission, Presence, Quarantine, Reader, Reading, RecordErasure, Records, Recovered,
    ReleaseReceipt, RenewalRequest, Repaired, RestoreOptions, Restored, Role, Rotated, RowByRow, ScopeCheck, Session,
    SpaceCheck, SpaceClaim, StagedImport, Stats, TriedBy, Turn, Unaccounted, Value, VerifiedReceipt, WayIn, WayInKind,
    WaysInChanged, WithdrawalNotice, verify_consistency, verify_receipt,
};

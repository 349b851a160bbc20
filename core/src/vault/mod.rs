//! The vault: the only place where keys, storage, policy, ledger and catalog meet.
//!
//! What belongs here: opening a space, transactions over sealed rows, and the one path by which
//! data leaves: request, decision, durable ledger entry, release. What must not: file formats,
//! clinical meaning, or a second path. Everything above (grounding, export) goes through here and
//! never sees storage or keys.

mod anchor;
mod backup;
mod block;
mod breach;
mod check;
mod chunks;
mod claims;
mod clearance;
mod clock;
mod consent_record;
mod consent_versions;
mod consents;
mod disclose;
mod erase;
mod flow;
mod found;
mod founding;
mod whose_consent;
#[cfg(any(test, feature = "timing-internals"))]
pub(crate) use {
    head::verify_mac,
    payload::{Codec, Content},
};
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) mod fuzz;
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) mod fuzz_file;
mod glass;
mod grants;
mod head;
mod ingest;
mod key_list;
mod keys;
mod logs;
mod manifest;
mod memory;
mod opened;
mod originals;
mod payload;
mod permissions;
mod permitted;
mod policy_row;
mod reader;
mod recipients;
mod release;
mod renewal;
mod rows;
mod scope;
mod segments;
mod session;
mod sources;
mod space;
mod state;
mod system_view;
mod tags;
mod told;
mod tx;
mod unlocking;
mod uses;

pub use crate::label::PartitionKind;
pub use backup::{
    Backup, EnteredIn, ErasuresAfter, KnownCopy, Recovered, RestoreOptions, Restored, RowByRow, Unaccounted,
};
pub use breach::{BreachScope, BreachedPartition, BreachedRecipient, Exposure, Lost};
pub use check::{Repaired, ScopeCheck, SpaceCheck};
pub use claims::{ClaimLevel, SpaceClaim};
pub use consents::{ConsentsReport, ImportedConsent};
pub(crate) use disclose::{Disclosing, Log};
pub use erase::{Erase, ErasureCheck, ErasureLevel, ErasureTrial, ErasureTry, LogErasure, RecordErasure, TriedBy};
pub use flow::{Call, Declassify, DeclassifyInfo, DeclassifyRequest, Endpoint, Value};
pub use glass::{BreakGlassNotice, Presence};
pub use grants::{ConsentRequest, Grant, GrantInfo};
pub use ingest::{ImportOptions, ImportedSource, Partition, StagedImport, Stats};
pub use keys::{EpochDestroyed, LogHandover, OldCopies, Rotated, WayIn, WayInKind, WaysInChanged};
pub(crate) use logs::is_damage;
pub use logs::{LogLine, LogOf, VerifiedReceipt, verify_consistency, verify_receipt};
pub use memory::{Conversation, DeletedConversation, Derived, Memory, Parents, Quarantine, Records, Role, Turn};
pub use permissions::Permission;
pub use reader::{Reader, Reading};
pub use recipients::{NoticeState, WithdrawalNotice};
pub(crate) use release::Release;
pub use release::{Audited, ReleaseReceipt};
pub use renewal::RenewalRequest;
pub use session::Session;
pub use space::{HealthSpace, Info};
pub use told::DisclosureLine;

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod tests_accounted;
#[cfg(test)]
mod tests_anchor;
#[cfg(test)]
mod tests_anchoring;
#[cfg(test)]
mod tests_anew;
#[cfg(test)]
mod tests_attack;
#[cfg(test)]
mod tests_attackers;
#[cfg(test)]
mod tests_backup;
#[cfg(test)]
mod tests_backup_kill;
#[cfg(test)]
mod tests_bad_pages;
#[cfg(test)]
mod tests_breach;
#[cfg(test)]
mod tests_carer;
#[cfg(test)]
mod tests_categories;
#[cfg(test)]
mod tests_check;
#[cfg(test)]
mod tests_claims;
#[cfg(test)]
mod tests_clearance;
#[cfg(test)]
mod tests_clock;
#[cfg(test)]
mod tests_consents;
#[cfg(test)]
mod tests_copies;
#[cfg(test)]
mod tests_damaged;
#[cfg(test)]
mod tests_dated;
#[cfg(test)]
mod tests_debug;
#[cfg(test)]
mod tests_declassify;
#[cfg(test)]
mod tests_documents;
#[cfg(test)]
mod tests_erase;
#[cfg(test)]
mod tests_erase_check;
#[cfg(test)]
mod tests_erase_copies;
#[cfg(test)]
mod tests_erase_images;
#[cfg(test)]
mod tests_erase_log;
#[cfg(test)]
mod tests_erase_period;
#[cfg(test)]
mod tests_faults;
#[cfg(test)]
mod tests_flow;
#[cfg(test)]
mod tests_glass;
#[cfg(test)]
mod tests_golden;
#[cfg(test)]
mod tests_import;
#[cfg(test)]
mod tests_keys;
#[cfg(test)]
mod tests_keystore;
#[cfg(test)]
mod tests_labels;
#[cfg(test)]
mod tests_launder;
#[cfg(test)]
mod tests_left_out;
#[cfg(test)]
mod tests_limited;
#[cfg(test)]
mod tests_lock;
#[cfg(test)]
mod tests_memories;
#[cfg(test)]
mod tests_memory;
#[cfg(test)]
mod tests_names;
#[cfg(test)]
mod tests_newer;
#[cfg(test)]
mod tests_over;
#[cfg(test)]
mod tests_planted;
#[cfg(test)]
mod tests_programs;
#[cfg(test)]
mod tests_reader;
#[cfg(test)]
mod tests_recover;
#[cfg(test)]
mod tests_refused_types;
#[cfg(test)]
mod tests_relabel;
#[cfg(test)]
mod tests_renewal;
#[cfg(test)]
mod tests_report;
#[cfg(test)]
mod tests_rooms;
#[cfg(test)]
mod tests_rotate;
#[cfg(test)]
mod tests_said;
#[cfg(test)]
mod tests_same_consent;
#[cfg(test)]
mod tests_segments;
#[cfg(test)]
mod tests_since;
#[cfg(test)]
mod tests_subject;
#[cfg(test)]
mod tests_suspend;
#[cfg(test)]
mod tests_taint;
#[cfg(test)]
mod tests_tamper;
#[cfg(test)]
mod tests_uses;
#[cfg(test)]
mod tests_values;
#[cfg(test)]
mod tests_versions;
#[cfg(test)]
mod tests_whose_consent;
#[cfg(test)]
mod tests_withheld;
#[cfg(test)]
mod tests_withheld_reasons;
#[cfg(test)]
mod tests_within;

//! Evidence files (`.hsev`): what a space discloses about its disclosures, verified offline by
//! programs that are not this library.
//!
//! What belongs here: choosing releases, putting the entries, consents, checkpoints and proofs
//! together that they rest on, the claims that follow and what they do not prove; and the pure
//! verification of such a file. What must not: storage and keys, which are the vault's; and a
//! claim that a reader of the file alone could not derive again.
//!
//! The file to the byte: `core/docs/format.md`. Every bit of it is either authenticated (entries by
//! their commitments, checkpoints by signatures, consents by the hash in their entry) or derived
//! again and compared (claims, limits, items, order).

mod claim;
mod file;
mod grounds;
mod make;
mod report;
mod text;
mod verify;

pub use claim::Level;
pub use make::{EvidenceRequest, ItemsShown};
pub use report::{Disclosed, DisclosedItems, EvidenceReport, ShownGrant, ShownLog};
pub use verify::verify_evidence;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_bounds;
#[cfg(test)]
mod tests_grants;

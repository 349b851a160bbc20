//! Decisions: pure functions of rules, a request and the facts of an item. No clock, no storage.
//!
//! What belongs here: whether something may be seen (`decide`, and the same compiled to a row
//! filter), the proof that it was decided (`Permit`), and whether a labelled value may flow into a
//! sink. What must not: reading consents, time, keys, storage or the ledger.
//!
//! Semantics: `D1`..`D13` of the specification (consent, ledger, labels; section 1.3) and the
//! resolutions of section 1.3.1, which win.

mod compile;
mod decide;
mod floating;
mod flow;
mod permit;
#[cfg(test)]
pub(crate) mod programs;
mod request;
#[cfg(test)]
mod tests;

pub use compile::RowFilter;
pub use decide::{Decision, Refusal, decide};
pub use flow::{Sink, clearance_of_general, clearance_of_health, may_flow};
pub use permit::{Denied, Permit};
pub use request::{ItemFacts, OutsidePurpose, Request};

pub(crate) use floating::{Basis, Floating, Tag};
pub(crate) use permit::authorize;
pub(crate) use permit::authorize_within;

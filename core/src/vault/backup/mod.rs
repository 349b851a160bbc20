//! Copies of a space, and going on from an older state of it.
//!
//! What belongs here: making a backup, taking one up, repeating what was erased after it, the new log
//! names and the suspended permissions with which a space goes on that may have forgotten something, and
//! their confirmation. What must not: the bytes of files (storage) and finding damage (`check`).

mod accounted;
mod anew;
mod confirm;
mod copy;
mod recover;
mod replay;
mod restore;
mod since;

pub use accounted::Unaccounted;
pub(super) use copy::known_copies;
pub use copy::{Backup, EnteredIn, KnownCopy, RowByRow};
pub use recover::Recovered;
#[cfg(test)]
pub(super) use restore::restore_in;
pub use restore::{ErasuresAfter, RestoreOptions, Restored};

//! The ways into a space, and its keys, as the person changes them.
//!
//! What belongs here: adding, changing and removing ways in, and what each of these leaves an older
//! copy of the file. What must not: the bytes of slots and derivations (the keyring), or a change of
//! anything but keys.

mod begin_anew;
mod destroy;
mod erase_copies;
mod handover;
mod limited;
mod old_copies;
mod own;
mod reseal;
mod rotate;
mod slots;
mod suspend;

pub use destroy::EpochDestroyed;
pub use handover::LogHandover;
pub(super) use limited::{drop_limited, open_limited};
pub use old_copies::OldCopies;
pub(super) use own::OwnKeys;
pub(super) use reseal::Forgot;
pub use rotate::Rotated;
pub(super) use slots::write_both;
pub use slots::{WayIn, WayInKind, WaysInChanged};
pub(super) use suspend::Left;

//! The C interface of `healthspace`: create, open, import, grant, ground, withdraw, close; what is
//! kept, permitted, promised and proven.
//!
//! What belongs here: turning C's pointers into checked Rust values and back, and nothing else.
//! What must not: decisions, formats, or a default that differs from the Rust library's.
//! `include/healthspace.h` is generated from these files and states the rules that every function
//! keeps; a test fails when it drifts.
#![expect(
    clippy::missing_safety_doc,
    reason = "one contract for all functions, stated at the top of the header: a pointer is NULL or \
              points to what its type says, with as many elements as its length says, for the call"
)]

mod backup;
mod buffer;
mod consent;
mod damaged;
mod erase;
mod error;
mod guard;
mod import;
mod keystore;
mod memory;
mod pointer;
mod session;
mod space;
mod told;

pub use backup::*;
pub use buffer::*;
pub use consent::*;
pub use damaged::*;
pub use erase::*;
pub use error::*;
pub use import::*;
pub use keystore::*;
pub use memory::*;
pub use session::*;
pub use space::*;
pub use told::*;

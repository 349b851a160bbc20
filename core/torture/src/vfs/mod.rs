//! A disk in memory under SQLite: it records, fails and crashes on demand.
//!
//! What belongs here: files as bytes, the order in which they were written and synchronised, faults,
//! and the functions by which SQLite reaches them (`shim`, where the `unsafe` is). What must
//! not: anything that knows what the files hold.
//!
//! The core looks at its main file by `stat`. A stub of the same length stands in its place in a real
//! directory; its bytes are never read.

mod disk;
mod shim;

pub(crate) use disk::{Disk, Fault, Files, Op, Which, write_at};
pub(crate) use shim::register;

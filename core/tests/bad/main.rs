//! Input that is broken or means harm, brought to a space through its public interface: a clear
//! error or a line in the report, and a space that stays as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice, clippy::print_stdout)]

mod archive;
mod common;
mod consents;
mod crash;
mod elsewhere;
mod file;
mod json;
mod original;
mod values;
mod xml;

//! What the story needs besides the library: an invented person, the command line, a progress bar
//! and readable output. The story itself, from the first call to the last, is `src/bin/story`.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod args;
pub mod bar;
pub mod leak;
pub mod person;
pub mod tell;

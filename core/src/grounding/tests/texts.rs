//! Expected texts.

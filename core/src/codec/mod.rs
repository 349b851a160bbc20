//! Encodings that carry no meaning: canonical CBOR, LEB128 integers, base64.
//!
//! What belongs here: turning numbers and byte strings into bytes and back, strictly and with
//! bounds. What must not: anything that knows what the bytes are for, or a key.

pub(crate) mod base64;
pub(crate) mod cbor;
pub(crate) mod varint;

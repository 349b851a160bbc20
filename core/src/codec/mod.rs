//! Encodings that carry no meaning: canonical CBOR, LEB128 integers, base64, hexadecimal;
//! and what JSON texts hold that their parser does not tell.
//!
//! What belongs here: turning numbers and byte strings into bytes and back, strictly and with
//! bounds. What must not: anything that knows what the bytes are for, or a key.

pub(crate) mod base64;
pub(crate) mod cbor;
pub(crate) mod json;
pub(crate) mod varint;

/// In hexadecimal, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |d: u8| char::from_digit(u32::from(d), 16);
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(digit).collect()
}

//! Bytes that the library hands out; wiped when they are given back.

use crate::guard::guard;
use crate::pointer::{Out, free, get};
use zeroize::Zeroizing;

/// Bytes or text of the library's; wiped when freed.
pub struct Buffer(Zeroizing<Vec<u8>>);

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<String> for Buffer {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text.into_bytes()))
    }
}

/// A list, as JSON.
impl From<Vec<serde_json::Value>> for Buffer {
    fn from(list: Vec<serde_json::Value>) -> Self {
        Self::from(serde_json::Value::Array(list).to_string())
    }
}

/// A fixed 16-byte id of a grant, record or conversation.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Id {
    /// The bytes.
    pub bytes: [u8; 16],
}

/// A fixed 32-byte hash: the id of a source, or the evidence of a gesture.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Hash {
    /// The bytes.
    pub bytes: [u8; 32],
}

/// The bytes of a buffer, without a terminating zero; borrowed until it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_buffer_bytes(buffer: *const Buffer, bytes: *mut *const u8, len: *mut usize) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (b, bytes, len) = unsafe { (get(buffer)?, Out::new(bytes)?, Out::new(len)?) };
        bytes.write(b.0.as_ptr());
        len.write(b.0.len());
        Ok(())
    })
}

/// Wipes a buffer and gives its memory back. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_buffer_free(buffer: *mut Buffer) {
    // SAFETY: the contract of the header.
    unsafe { free(buffer) }
}

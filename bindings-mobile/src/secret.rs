//! A passphrase or a typed recovery code on its way in.

use crate::UniFfiTag;
use healthspace::SecretBytes;
use uniffi::{Lift, LiftReturn, LowerReturn, MetadataBuffer, RustBuffer, RustCallError, TypeId};
use zeroize::Zeroizing;

/// A secret: bytes to Kotlin and Swift (`ByteArray`, `Data`), which can wipe theirs; wiped here.
pub struct Secret(SecretBytes);

veiled!(Secret);

impl Secret {
    pub(crate) fn into_bytes(self) -> SecretBytes {
        self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(SecretBytes::new(bytes))
    }
}

// SAFETY: read as `Vec<u8>` is, by `Vec<u8>`'s own code, under `Vec<u8>`'s type id. The difference
// is that the buffer that brought it is wiped before it is freed.
unsafe impl Lift<UniFfiTag> for Secret {
    type FfiType = RustBuffer;

    fn try_lift(buffer: RustBuffer) -> uniffi::Result<Self> {
        let whole = Zeroizing::new(buffer.destroy_into_vec());
        let mut rest = whole.as_slice();
        let secret = Self::try_read(&mut rest)?;
        if rest.is_empty() { Ok(secret) } else { Err(uniffi::deps::anyhow::anyhow!("too many bytes")) }
    }

    fn try_read(buf: &mut &[u8]) -> uniffi::Result<Self> {
        <Vec<u8> as Lift<UniFfiTag>>::try_read(buf).map(Self::from)
    }
}

// SAFETY: a callback returns it as it returns `Vec<u8>`, and it is lifted as above.
unsafe impl LiftReturn<UniFfiTag> for Secret {
    type ReturnType = RustBuffer;

    fn try_lift_successful_return(buffer: RustBuffer) -> uniffi::Result<Self> {
        Self::try_lift(buffer)
    }
}

// SAFETY: it writes no buffer. What uniffi generates for a callback asks for it, and no app reaches it: a
// secret goes in, never out.
unsafe impl LowerReturn<UniFfiTag> for Secret {
    type ReturnType = RustBuffer;

    fn lower_return(_: Self) -> Result<RustBuffer, RustCallError> {
        Err(RustCallError::InternalError("a secret does not leave".to_owned()))
    }
}

impl TypeId<UniFfiTag> for Secret {
    const TYPE_ID_META: MetadataBuffer = <Vec<u8> as TypeId<UniFfiTag>>::TYPE_ID_META;
}

#[cfg(test)]
mod tests {
    use super::*;
    use uniffi::Lower;

    #[test]
    fn it_is_read_as_bytes_are_and_shows_nothing() {
        let bytes = b"one\x00\xff".to_vec();
        let secret = Secret::try_lift(<Vec<u8> as Lower<UniFfiTag>>::lower(bytes.clone())).unwrap();
        assert_eq!(format!("{secret:?} {secret}"), "Secret(..) Secret(..)");
        assert_eq!(secret.into_bytes().expose(), bytes);
        assert!(Secret::try_lift(RustBuffer::from_vec(vec![0, 0, 0, 1, 7, 7])).is_err());
        assert!(Secret::try_lift(RustBuffer::from_vec(vec![0, 0, 0, 9, 7])).is_err());
        assert!(Secret::try_lift(RustBuffer::new()).is_err());
    }
}

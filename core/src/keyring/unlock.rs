//! What a person, a device or a process brings to open a space.

use super::{KdfParams, KeyStore, RecoveryCode, SlotKind};
use crate::crypto::secret::SecretBytes;
use crate::error::{Error, Malformed, Result};
use std::sync::Arc;

/// A way into a space.
///
/// ```
/// use healthspace::Unlock;
/// let by_words = Unlock::passphrase("correct horse battery staple");
/// assert_eq!(format!("{by_words:?}"), "Unlock(passphrase)");
/// ```
pub struct Unlock {
    pub(crate) secret: SecretBytes,
    pub(crate) kind: SlotKind,
    /// What the host wants a passphrase to cost; what it costs already, or else the default.
    pub(crate) params: Option<KdfParams>,
    pub(crate) keystore: Option<Arc<dyn KeyStore>>,
}

impl Unlock {
    fn of(secret: SecretBytes, kind: SlotKind) -> Self {
        Self { secret, kind, params: None, keystore: None }
    }

    /// Whether a way in is made of it: a passphrase says something.
    ///
    /// # Errors
    /// [`Error::Malformed`] for an empty passphrase.
    pub(crate) fn worth_making(&self) -> Result<()> {
        let words = matches!(self.kind, SlotKind::Passphrase | SlotKind::PassphraseDevice);
        if words && self.secret.expose().is_empty() { Err(Error::Malformed(Malformed::Argument)) } else { Ok(()) }
    }

    /// A passphrase, as bytes or text; an empty one opens nothing, and nothing is made with it.
    #[must_use]
    pub fn passphrase(secret: impl Into<SecretBytes>) -> Self {
        Self::of(secret.into(), SlotKind::Passphrase)
    }

    /// The device's keystore alone: as safe as the device.
    #[must_use]
    pub fn keystore(keystore: Arc<dyn KeyStore>) -> Self {
        Self { keystore: Some(keystore), ..Self::of(SecretBytes::new(Vec::new()), SlotKind::KeyStore) }
    }

    /// A recovery code as printed, in any case and with any spacing.
    ///
    /// # Errors
    /// [`Error::CannotOpen`] where the code's own check characters do not fit: a typing error.
    pub fn recovery_code(code: &str) -> Result<Self> {
        let bits = RecoveryCode::parse(code).ok_or(Error::CannotOpen)?;
        Ok(Self::of(bits.into_secret(), SlotKind::Recovery))
    }

    /// The secret of a program that was given some partitions
    /// ([`add_limited_way_in`](crate::HealthSpace::add_limited_way_in)).
    #[must_use]
    pub fn limited(secret: impl Into<SecretBytes>) -> Self {
        Self::of(secret.into(), SlotKind::Limited)
    }

    /// The bits of a recovery code.
    #[cfg(any(test, feature = "timing-internals"))]
    pub(crate) fn of_secret_for_timing(secret: &[u8]) -> Self {
        Self::of(SecretBytes::new(secret.to_vec()), SlotKind::Recovery)
    }

    pub(crate) fn of_code(code: &RecoveryCode) -> Self {
        Self::of(code.secret(), SlotKind::Recovery)
    }

    /// With the device's keystore: a passphrase opens together with a secret of the device only, and
    /// a copy of the file cannot be attacked by guessing. With another way in, the keystore gives
    /// what it keeps for the space, and that way in opens by itself otherwise.
    #[must_use]
    pub fn with_device(mut self, keystore: Arc<dyn KeyStore>) -> Self {
        if self.kind == SlotKind::Passphrase {
            self.kind = SlotKind::PassphraseDevice;
        }
        self.keystore = Some(keystore);
        self
    }

    /// The cost of the passphrase's derivation, for a space that is being created or given new keys
    /// ([`rotate`](crate::HealthSpace::rotate)); otherwise a space keeps its own.
    #[must_use]
    pub const fn with_cost(mut self, params: KdfParams) -> Self {
        self.params = Some(params);
        self
    }
}

impl core::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self.kind {
            SlotKind::Passphrase => "Unlock(passphrase)",
            SlotKind::PassphraseDevice => "Unlock(passphrase and device)",
            SlotKind::KeyStore => "Unlock(keystore)",
            SlotKind::Recovery => "Unlock(recovery code)",
            SlotKind::Limited => "Unlock(limited)",
        })
    }
}

//! Keystores: the software one in a directory, and one that the app gives, over what its platform has.

use crate::error::{HealthspaceError, call};
use crate::secret::Secret;
use healthspace::{DestroyProof, Error, KeyStore, KeyStoreClass, SoftwareKeyStore, Unlock};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where a keystore keeps its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum KeyStoreKind {
    /// Files: whoever copies them has the keys.
    Software,
    /// The operating system, by its accounts and permissions.
    Os,
    /// A chip that does not give its keys away (Secure Enclave, StrongBox).
    Hardware,
}

impl From<KeyStoreKind> for KeyStoreClass {
    fn from(kind: KeyStoreKind) -> Self {
        match kind {
            KeyStoreKind::Software => Self::Software,
            KeyStoreKind::Os => Self::Os,
            KeyStoreKind::Hardware => Self::Hardware,
        }
    }
}

/// What a keystore says of a key that it destroyed.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct DestroyOutcome {
    /// Whether no backup and no image of the device brings the key back.
    pub rollback_resistant: bool,
    /// What the keystore attests, or nothing; the log keeps its hash.
    pub evidence: Vec<u8>,
}

veiled!(DestroyOutcome);

/// What a keystore may fail with. Anything else that it throws counts as `Failed`, and its text is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum DeviceKeyError {
    /// It has no such key (any more).
    #[error("no such key")]
    NotFound,
    /// The bytes are not what this key wrapped.
    #[error("not this key's")]
    NotThisKey,
    /// It could not do it: locked, refused by the person, out of reach.
    #[error("failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for DeviceKeyError {
    /// The reason is the host's text, and is dropped.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

impl From<DeviceKeyError> for Error {
    fn from(error: DeviceKeyError) -> Self {
        match error {
            DeviceKeyError::NotFound => Self::NotFound,
            DeviceKeyError::NotThisKey => Self::CannotOpen,
            DeviceKeyError::Failed => Self::Io(ErrorKind::Other),
        }
    }
}

/// The device's keystore, by the app: over Android's Keystore, the Secure Enclave or the like. It is asked
/// within calls that were given it, by their thread, and may ask the person. Secrets are 32 random bytes:
/// wipe them, and write neither them nor names into a log.
#[uniffi::export(foreign)]
pub trait DeviceKeyStore: Send + Sync {
    /// Makes a key that stays in the keystore: its name, 1 to 256 bytes that are no secret.
    fn create_key(&self) -> Result<Vec<u8>, DeviceKeyError>;

    /// Encrypts 32 bytes under a key, authenticated: 1 to 4,096 bytes.
    fn wrap(&self, key: Vec<u8>, secret: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;

    /// Decrypts what `wrap` gave.
    fn unwrap(&self, key: Vec<u8>, wrapped: Vec<u8>) -> Result<Secret, DeviceKeyError>;

    /// Destroys a key for good. Of one that is not there (any more) it says the same. It is asked afterwards to wrap
    /// something under the key: only `NotFound` shows that it is gone.
    fn destroy_key(&self, key: Vec<u8>) -> Result<DestroyOutcome, DeviceKeyError>;

    /// Where it keeps its keys; asked once, when the `SpaceKeyStore` is made.
    fn kind(&self) -> Result<KeyStoreKind, DeviceKeyError>;
}

/// The keystore of a space. Its functions that take one take any.
#[derive(uniffi::Object)]
pub struct SpaceKeyStore(Arc<dyn KeyStore>);

veiled!(SpaceKeyStore);

#[uniffi::export]
impl SpaceKeyStore {
    /// The library's own, in a directory of files: whoever can read it has what it keeps.
    #[uniffi::constructor]
    pub fn software(directory: String) -> Arc<Self> {
        Arc::new(Self(Arc::new(SoftwareKeyStore::new(directory))))
    }

    /// The app's. Fails with `Io` where its `kind` does.
    #[uniffi::constructor]
    pub fn device(keystore: Arc<dyn DeviceKeyStore>) -> Result<Arc<Self>, HealthspaceError> {
        call(|| {
            let class = asked(|| keystore.kind())?.into();
            Ok(Arc::new(Self(Arc::new(Host { keystore, class }))))
        })
    }
}

/// With the keystore, where one is given.
pub(crate) fn with_device(unlock: Unlock, keystore: Option<&SpaceKeyStore>) -> Unlock {
    match keystore {
        Some(store) => unlock.with_device(Arc::clone(&store.0)),
        None => unlock,
    }
}

/// The app's keystore as the library's. The library asks for the class under a lock: the app is not asked then.
struct Host {
    keystore: Arc<dyn DeviceKeyStore>,
    class: KeyStoreClass,
}

/// Asks the app. What breaks on the way is a keystore that failed, and its text is dropped.
fn asked<T>(f: impl FnOnce() -> Result<T, DeviceKeyError>) -> Result<T, Error> {
    let answer = catch_unwind(AssertUnwindSafe(f)).unwrap_or(Err(DeviceKeyError::Failed));
    Ok(answer?)
}

impl KeyStore for Host {
    fn create(&self) -> Result<Vec<u8>, Error> {
        asked(|| self.keystore.create_key())
    }

    fn wrap(&self, key: &[u8], secret: &[u8; 32]) -> Result<Vec<u8>, Error> {
        asked(|| self.keystore.wrap(key.to_vec(), secret.to_vec()))
    }

    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let secret = asked(|| self.keystore.unwrap(key.to_vec(), wrapped.to_vec()))?.into_bytes();
        Ok(Zeroizing::new(secret.expose().to_vec()))
    }

    fn destroy(&self, key: &[u8]) -> Result<DestroyProof, Error> {
        let DestroyOutcome { rollback_resistant, evidence } = asked(|| self.keystore.destroy_key(key.to_vec()))?;
        Ok(DestroyProof { rollback_resistant, evidence })
    }

    fn class(&self) -> KeyStoreClass {
        self.class
    }
}

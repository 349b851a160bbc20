//! Keystores: the software one in a directory, and any object of the host that has the methods.

use crate::call::{argument, ask_keystore, exception, raised_by_keystore};
use crate::convert::Secret;
use healthspace::{DestroyProof, Error, KeyStore, KeyStoreClass, SoftwareKeyStore, Unlock};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PySlice};
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What `keystore=` takes: a path, or an object with `create_key`, `wrap`, `unwrap`, `destroy_key` and `kind`.
pub(crate) struct Device(Arc<dyn KeyStore>);

const METHODS: [&str; 5] = ["create_key", "wrap", "unwrap", "destroy_key", "kind"];

impl<'py> FromPyObject<'_, 'py> for Device {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(directory) = value.extract::<PathBuf>() {
            return Ok(Self(Arc::new(SoftwareKeyStore::new(directory))));
        }
        let py = value.py();
        for name in METHODS {
            if !value.hasattr(name).map_err(|e| raised_by_keystore(py, e))? {
                return Err(PyTypeError::new_err("a keystore is a path, or a DeviceKeyStore"));
            }
        }
        let kind = value.call_method0("kind").and_then(|kind| kind.extract::<String>());
        // Asked once: the library asks for the class under a lock.
        let class = match kind.map_err(|e| raised_by_keystore(py, e))?.as_str() {
            "software" => KeyStoreClass::Software,
            "os" => KeyStoreClass::Os,
            "hardware" => KeyStoreClass::Hardware,
            _ => return Err(exception(&argument())),
        };
        Ok(Self(Arc::new(Host { keystore: value.to_owned().unbind(), class })))
    }
}

/// With the keystore, where one is given.
pub(crate) fn with_device(unlock: Unlock, keystore: Option<&Device>) -> Unlock {
    match keystore {
        Some(store) => unlock.with_device(Arc::clone(&store.0)),
        None => unlock,
    }
}

/// The host's keystore as the library's.
struct Host {
    keystore: Py<PyAny>,
    class: KeyStoreClass,
}

impl Host {
    /// Asks the host, with the interpreter's lock. What it raises is an error without its text.
    fn ask<T>(&self, f: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> Result<T, Error> {
        ask_keystore(|py| f(self.keystore.bind(py)))
    }
}

impl KeyStore for Host {
    fn create(&self) -> Result<Vec<u8>, Error> {
        self.ask(|host| bytes(&host.call_method0("create_key")?))
    }

    fn wrap(&self, key: &[u8], secret: &[u8; 32]) -> Result<Vec<u8>, Error> {
        self.ask(|host| {
            let py = host.py();
            let given = PyByteArray::new(py, secret);
            let wrapped = host.call_method1("wrap", (PyBytes::new(py, key), &given));
            // As long as before, it is overwritten in its place.
            given.set_item(PySlice::full(py), PyBytes::new(py, &[0; 32]))?;
            bytes(&wrapped?)
        })
    }

    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.ask(|host| {
            let py = host.py();
            let secret = host.call_method1("unwrap", (PyBytes::new(py, key), PyBytes::new(py, wrapped)))?;
            let secret: Secret = secret.extract()?;
            Ok(Zeroizing::new(secret.0.expose().to_vec()))
        })
    }

    fn destroy(&self, key: &[u8]) -> Result<DestroyProof, Error> {
        self.ask(|host| {
            let said = host.call_method1("destroy_key", (PyBytes::new(host.py(), key),))?;
            let (rollback_resistant, evidence) = said.extract::<(bool, Bound<'_, PyAny>)>()?;
            Ok(DestroyProof { rollback_resistant, evidence: bytes(&evidence)? })
        })
    }

    fn class(&self) -> KeyStoreClass {
        self.class
    }
}

/// `bytes` or `bytearray`; never a list of numbers or a text.
fn bytes(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let bytes: Secret = value.extract()?;
    Ok(bytes.0.expose().to_vec())
}

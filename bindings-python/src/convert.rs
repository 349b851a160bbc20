//! Secrets, ids and instants, to and from Python.

use crate::call::{argument, exception};
use healthspace::{SecretBytes, Timestamp, Unlock};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict};

/// A secret is `bytes` or `bytearray`. Never `str`: Python keeps copies of those, and cannot wipe
/// them.
pub(crate) struct Secret(pub(crate) SecretBytes);

impl<'py> FromPyObject<'_, 'py> for Secret {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(b) = value.cast::<PyBytes>() {
            return Ok(Self(SecretBytes::new(b.as_bytes().to_vec())));
        }
        if let Ok(b) = value.cast::<PyByteArray>() {
            return Ok(Self(SecretBytes::new(b.to_vec())));
        }
        Err(PyTypeError::new_err("a secret is bytes or bytearray"))
    }
}

impl Secret {
    /// A recovery code as the person typed it.
    pub(crate) fn code(&self) -> PyResult<Unlock> {
        let typed = std::str::from_utf8(self.0.expose()).map_err(|_| exception(&argument()))?;
        Unlock::recovery_code(typed).map_err(|e| exception(&e))
    }
}

/// An id from its hexadecimal text.
pub(crate) fn id<T>(parsed: Option<T>) -> PyResult<T> {
    parsed.ok_or_else(|| exception(&argument()))
}

/// An instant from an aware `datetime`.
pub(crate) struct Instant(pub(crate) Timestamp);

impl<'py> FromPyObject<'_, 'py> for Instant {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let datetime = value.py().import("datetime")?.getattr("datetime")?;
        if !value.is_instance(&datetime)? {
            return Err(PyTypeError::new_err("an instant is a datetime"));
        }
        if value.call_method0("utcoffset")?.is_none() {
            return Err(PyValueError::new_err("an instant is a datetime with a time zone"));
        }
        let seconds: f64 = value.call_method0("timestamp")?.extract()?;
        // Years 1 to 9999 in milliseconds: far within what both types hold exactly.
        Ok(Self(Timestamp::from_millis((seconds * 1000.0).round() as i64)))
    }
}

/// An aware `datetime` in UTC.
pub(crate) fn datetime(py: Python<'_>, at: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    let module = py.import("datetime")?;
    let utc = module.getattr("timezone")?.getattr("utc")?;
    let epoch = module.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?;
    let since = PyDict::new(py);
    since.set_item("milliseconds", at.as_millis())?;
    epoch.call_method1("__add__", (module.getattr("timedelta")?.call((), Some(&since))?,))
}

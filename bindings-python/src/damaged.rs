//! Spaces of which something is damaged: what is whole is read, and what is not is counted.

use crate::call::{argument, call, exception};
use crate::convert::Secret;
use crate::keystore::{Device, with_device};
use crate::memory::Memory;
use healthspace::{Audited, Error, HealthSpace, Unlock};
use pyo3::prelude::*;

/// By the passphrase or the recovery code, of which one is given.
pub(crate) fn way(passphrase: Option<Secret>, code: Option<Secret>, keystore: Option<&Device>) -> PyResult<Unlock> {
    let unlock = match (passphrase, code) {
        (Some(words), None) => Unlock::passphrase(words.0),
        (None, Some(code)) => code.code()?,
        _ => return Err(exception(&argument())),
    };
    Ok(with_device(unlock, keystore))
}

/// Memories that can be read, and how many others there may be.
pub(crate) type Readable = (Vec<Memory>, u64);

/// The memories of one release, as far as they can be read.
pub(crate) fn readable(
    py: Python<'_>,
    release: impl FnOnce() -> Result<Audited<Vec<healthspace::Memory>>, Error> + Send,
) -> PyResult<Readable> {
    let found = call(py, release)?;
    let unread = found.unread();
    Ok((found.into_value().into_iter().map(Memory).collect(), unread))
}

/// Names of the partitions of which something is damaged.
pub(crate) fn partitions(py: Python<'_>, space: &HealthSpace) -> PyResult<Vec<String>> {
    call(py, || Ok(space.info()?.damaged))
}

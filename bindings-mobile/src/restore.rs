//! What comes back from a backup, or from a lost anchor.

use crate::erase::{by_code, words};
use crate::error::HealthspaceError;
use crate::keystore::{SpaceKeyStore, with_device};
use crate::secret::Secret;
use crate::space::{HealthSpace, gesture};
use healthspace::{Error, RestoreOptions, Unlock};
use std::sync::Arc;

/// A space that was made from a backup.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Display)]
pub struct RestoredSpace {
    /// The space.
    pub space: Arc<HealthSpace>,
    /// What is known of erasures after the backup: "unknown", "none", "replayed" or "replayed-in-part".
    pub erasures: String,
    /// Records, sources and entries of logs, all together, that the later state lacks and that were not erased there, as
    /// far as is known: they are back.
    pub unaccounted: u64,
    /// Partitions, by name, of which it is not known what was erased in them after the backup, so that it is back.
    pub not_replayed: Vec<String>,
    /// Permissions that wait to be confirmed.
    pub permissions: u64,
    /// Partitions that were too damaged to be read, by name: they are empty, and without the consents that were given
    /// there.
    pub emptied: Vec<String>,
    /// Consents from elsewhere that refuse something and were filed since, in the later state: they refuse here too.
    pub refusals: u64,
    /// Logs of which entries are lost, so that nothing proves that they continue what was signed before.
    pub broken_logs: u64,
}

/// A space that goes on without its anchor.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Display)]
pub struct RecoveredSpace {
    /// The space.
    pub space: Arc<HealthSpace>,
    /// Permissions that wait to be confirmed.
    pub permissions: u64,
    /// Partitions that were too damaged to be read, by name: they are empty, and without the consents that were given
    /// there.
    pub emptied: Vec<String>,
    /// Logs of which entries are lost, so that nothing proves that they continue what was signed before.
    pub broken_logs: u64,
}

veiled!(RestoredSpace RecoveredSpace);

/// Makes a space of a backup, at a path where nothing is, and opens it. Every permission waits to be confirmed;
/// what was erased in the later state of the space is erased again. `withDamage` restores also a backup in which
/// something of a partition is damaged; what is whole is there then.
#[uniffi::export(default(later = None, keystore = None, with_damage = false))]
#[expect(clippy::too_many_arguments, reason = "named in Kotlin and Swift")]
pub fn restore_space(
    backup: String,
    to: String,
    passphrase: Secret,
    method: String,
    evidence: Vec<u8>,
    later: Option<Arc<HealthSpace>>,
    keystore: Option<Arc<SpaceKeyStore>>,
    with_damage: bool,
) -> Result<RestoredSpace, HealthspaceError> {
    let unlock = || Ok(words(passphrase, keystore.as_deref()));
    restored(&backup, &to, unlock, options(method, evidence, later.as_deref(), with_damage))
}

/// As `restoreSpace`, by the recovery code: on a new device, say.
#[uniffi::export(default(keystore = None, with_damage = false))]
pub fn restore_space_by_code(
    backup: String,
    to: String,
    code: Secret,
    method: String,
    evidence: Vec<u8>,
    keystore: Option<Arc<SpaceKeyStore>>,
    with_damage: bool,
) -> Result<RestoredSpace, HealthspaceError> {
    let unlock = || Ok(with_device(by_code(code)?, keystore.as_deref()));
    restored(&backup, &to, unlock, options(method, evidence, None, with_damage))
}

fn options(
    method: String,
    evidence: Vec<u8>,
    later: Option<&HealthSpace>,
    with_damage: bool,
) -> Result<RestoreOptions, Error> {
    let mut options = RestoreOptions::new(gesture(method, evidence)?);
    if let Some(later) = later {
        options = options.later(&later.inner);
    }
    Ok(if with_damage { options.with_damage() } else { options })
}

fn restored(
    backup: &str,
    to: &str,
    unlock: impl FnOnce() -> Result<Unlock, Error>,
    options: Result<RestoreOptions, Error>,
) -> Result<RestoredSpace, HealthspaceError> {
    let mut told = None;
    let space = crate::space::opened(|env| {
        let (space, r) = healthspace::HealthSpace::restore(backup, to, &unlock()?, env, &options?)?;
        told = Some(r);
        Ok(space)
    })?;
    // A space that was opened comes with what it came to.
    let r = told.ok_or(Error::Internal(180))?;
    let unaccounted = r.unaccounted.records + r.unaccounted.sources + r.unaccounted.entries;
    let (not_replayed, permissions, emptied) = (r.not_replayed, r.permissions, r.emptied);
    let erasures = r.erasures.code().to_owned();
    let (refusals, broken_logs) = (r.refusals, r.broken_logs);
    Ok(RestoredSpace { space, erasures, unaccounted, not_replayed, permissions, emptied, refusals, broken_logs })
}

/// Opens a space whose anchor is lost or knows another state, by the person's explicit act; every permission waits
/// to be confirmed.
#[uniffi::export(default(keystore = None))]
pub fn recover_space(
    path: String,
    passphrase: Secret,
    method: String,
    evidence: Vec<u8>,
    keystore: Option<Arc<SpaceKeyStore>>,
) -> Result<RecoveredSpace, HealthspaceError> {
    recovered(|env| {
        let unlock = words(passphrase, keystore.as_deref());
        healthspace::HealthSpace::recover(path, &unlock, env, gesture(method, evidence)?)
    })
}

/// As `recoverSpace`, also where something in a partition is damaged, which it refuses with `Corrupt`: damaged lists of
/// records are left behind, and a partition that is too damaged to be read begins anew, empty. Keep a copy of the file.
#[uniffi::export(default(keystore = None))]
pub fn recover_damaged_space(
    path: String,
    passphrase: Secret,
    method: String,
    evidence: Vec<u8>,
    keystore: Option<Arc<SpaceKeyStore>>,
) -> Result<RecoveredSpace, HealthspaceError> {
    recovered(|env| {
        let unlock = words(passphrase, keystore.as_deref());
        healthspace::HealthSpace::recover_damaged(path, &unlock, env, gesture(method, evidence)?)
    })
}

/// As `recoverDamagedSpace`, by the recovery code.
#[uniffi::export(default(keystore = None))]
pub fn recover_damaged_space_by_code(
    path: String,
    code: Secret,
    method: String,
    evidence: Vec<u8>,
    keystore: Option<Arc<SpaceKeyStore>>,
) -> Result<RecoveredSpace, HealthspaceError> {
    recovered(|env| {
        let unlock = with_device(by_code(code)?, keystore.as_deref());
        healthspace::HealthSpace::recover_damaged(path, &unlock, env, gesture(method, evidence)?)
    })
}

fn recovered(
    go_on: impl FnOnce(healthspace::Environment) -> Result<(healthspace::HealthSpace, healthspace::Recovered), Error>,
) -> Result<RecoveredSpace, HealthspaceError> {
    let mut told = None;
    let space = crate::space::opened(|env| {
        let (space, r) = go_on(env)?;
        told = Some(r);
        Ok(space)
    })?;
    // A space that was opened comes with what it came to.
    let r = told.ok_or(Error::Internal(181))?;
    Ok(RecoveredSpace { space, permissions: r.permissions, emptied: r.emptied, broken_logs: r.broken_logs })
}

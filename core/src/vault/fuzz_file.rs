//! For fuzzing alone: a whole file, changed anywhere, met by the engine and by the vault.

use super::check::SpaceCheck;
use super::logs::{LogLine, LogOf};
use super::space::HealthSpace;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::import::Source;
use crate::keyring::{KdfParams, Unlock};
use std::path::PathBuf;
use std::sync::LazyLock;

/// A space as a file, how it opens, what it says, and where changed copies of it go.
struct Base {
    bytes: Vec<u8>,
    code: String,
    logs: Vec<Vec<LogLine>>,
    copy: PathBuf,
}

/// One for each process: its keys are random, and what fuzzes it changes bytes by their place.
static BASE: LazyLock<Result<Base>> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("hs-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let file = dir.join("base.hs");
    let _ = std::fs::remove_file(&file);
    let unlock = Unlock::passphrase("one").with_cost(KdfParams::FLOOR);
    let (space, code) = HealthSpace::create(&file, &unlock, Environment::default())?;
    let text = br#"{"resourceType":"Observation","status":"final","code":{"text":"LDL"},"valueInteger":1}"#;
    space.partition("health")?.import(Source::bytes(&text[..])?)?;
    let logs = logs(&space)?;
    drop(space);
    Ok(Base { bytes: std::fs::read(&file)?, code: code.reveal().to_string(), logs, copy: dir.join("copy.hs") })
});

fn logs(space: &HealthSpace) -> Result<Vec<Vec<LogLine>>> {
    [LogOf::Space, LogOf::Partition("health"), LogOf::Partition("general")]
        .map(|of| space.log(of))
        .into_iter()
        .collect()
}

/// Removes what this process has left behind.
#[cfg(test)]
pub(crate) fn clean() {
    if let Some(dir) = BASE.as_ref().ok().and_then(|b| b.copy.parent()) {
        let _ = std::fs::remove_dir_all(dir);
    }
}

/// Five bytes are a change: an offset, big-endian and modulo the length, and what is XORed there.
/// What is left at the end cuts the file.
///
/// # Errors
/// [`Error::Internal`] where something else is read than what was stored; otherwise as the space
/// that is opened.
pub(crate) fn file(changes: &[u8]) -> Result<SpaceCheck> {
    let base = BASE.as_ref().map_err(|_| Error::Internal(310))?;
    let mut bytes = base.bytes.clone();
    let (changes, rest) = changes.as_chunks::<5>();
    for [a, b, c, d, xor] in changes {
        let at = u32::from_be_bytes([*a, *b, *c, *d]) as usize % bytes.len();
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= xor;
        }
    }
    let cut = rest.iter().fold(0, |n, b| n << 8 | usize::from(*b));
    bytes.truncate(bytes.len().saturating_sub(cut));
    for left in ["copy.hs-wal", "copy.hs-shm"] {
        let _ = std::fs::remove_file(base.copy.with_file_name(left));
    }
    std::fs::write(&base.copy, bytes)?;
    let space = HealthSpace::open(&base.copy, &Unlock::recovery_code(&base.code)?, Environment::default())?;
    if logs(&space)? != base.logs {
        return Err(Error::Internal(311));
    }
    space.check()
}

//! Spaces of which something is damaged: what is whole is opened, and what is not is said.

use crate::erase::{by_code, words};
use crate::error::{HealthspaceError, call};
use crate::keystore::{SpaceKeyStore, with_device};
use crate::memory::HealthMemory;
use crate::secret::Secret;
use crate::session::GroundedContext;
use crate::space::{HealthSpace, anchored, opened};
use std::sync::Arc;

/// The memories of a partition that can be read.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ReadableMemories {
    /// The newest first.
    pub memories: Vec<Arc<HealthMemory>>,
    /// How many others there may be: they are damaged.
    pub unread: u64,
}

#[uniffi::export]
impl HealthSpace {
    /// As `open`, for a space that it refuses with `Corrupt` because something in a partition is damaged: opens what
    /// is whole. `damagedPartitions` names the partitions concerned, `check` says what of them, and what is released
    /// says whether something is missing from it (`GroundedContext.unread`; its text says it too). What takes all that
    /// there is fails with `Corrupt`: imports and erasures where what is not read may be concerned, `claims`, and where
    /// a partition is left out `evidence`. To go on from here: `backup`, and `restoreSpace` or `rotateKeys` with
    /// `withDamage`.
    #[uniffi::constructor(default(anchor = None, keystore = None))]
    pub fn open_damaged(
        path: String,
        passphrase: Secret,
        anchor: Option<String>,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<Arc<Self>, HealthspaceError> {
        let unlock = words(passphrase, keystore.as_deref());
        opened(|env| {
            let env = anchor.into_iter().fold(env, |env, path| anchored(path, env));
            healthspace::HealthSpace::open_damaged(path, &unlock, env)
        })
    }

    /// As `openDamaged`, by the recovery code.
    #[uniffi::constructor(default(anchor = None, keystore = None))]
    pub fn open_damaged_by_code(
        path: String,
        code: Secret,
        anchor: Option<String>,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<Arc<Self>, HealthspaceError> {
        opened(|env| {
            let unlock = with_device(by_code(code)?, keystore.as_deref());
            let env = anchor.into_iter().fold(env, |env, path| anchored(path, env));
            healthspace::HealthSpace::open_damaged(path, &unlock, env)
        })
    }

    /// Names of the partitions of which something is damaged, in a space of `openDamaged`; empty for one whose name is
    /// damaged as well.
    pub fn damaged_partitions(&self) -> Result<Vec<String>, HealthspaceError> {
        call(|| Ok(self.inner.info()?.damaged))
    }

    /// As `memories`, which fails with `Corrupt` where a memory is damaged: those that can be read, and how many
    /// others there may be.
    pub fn readable_memories(&self, partition: String) -> Result<ReadableMemories, HealthspaceError> {
        call(|| {
            let found = self.inner.partition(&partition)?.memories()?;
            let unread = found.unread();
            let memories = found.into_value().into_iter().map(|m| Arc::new(HealthMemory::from(m))).collect();
            Ok(ReadableMemories { memories, unread })
        })
    }
}

#[uniffi::export]
impl GroundedContext {
    /// How much of what it was made from is damaged and could not be read; 0 where nothing is missing.
    pub fn unread(&self) -> u64 {
        self.released().unread()
    }
}

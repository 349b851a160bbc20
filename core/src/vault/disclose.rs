//! The logs as evidence needs them: every checkpoint, entry and proof out of one snapshot.

use super::logs::{checkpoint, read_line, tree_head};
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::State;
use super::tx::{OpenEntry, ReadRows, read_entry};
use crate::audit::Entry;
use crate::catalog::ObjectRef;
use crate::crypto::context::Class;
use crate::crypto::sign::SigningKey;
use crate::error::{Error, Part, Result};
use crate::id::GrantId;
use crate::ledger::note::{self, VerifierKey};
use crate::ledger::tree::{self, Edge};
use crate::ledger::{Hash, verify};
use crate::storage::ReadTxn;

/// All logs of a space, in one snapshot.
pub(crate) struct Disclosing<'a> {
    space: &'a HealthSpace,
    txn: &'a dyn ReadTxn,
    state: &'a State,
}

/// One log.
#[derive(Clone, Copy)]
pub(crate) struct Log<'a> {
    of: &'a Disclosing<'a>,
    scope: &'a Scope,
}

impl HealthSpace {
    /// Runs `f` over the logs as they stand.
    pub(crate) fn disclosing<T>(&self, f: impl FnOnce(&Disclosing<'_>) -> Result<T>) -> Result<T> {
        let (txn, state) = self.inner.read()?;
        // A list that leaves out a partition would be read as the whole one.
        state.has_all()?;
        f(&Disclosing { space: self, txn: &*txn, state: &state })
    }
}

impl Disclosing<'_> {
    /// The space's own log.
    ///
    /// # Errors
    /// [`Error::NeedsFullSlot`] where some partitions only are open.
    pub(crate) fn system(&self) -> Result<Log<'_>> {
        Ok(Log { of: self, scope: self.state.system.as_ref().ok_or(Error::NeedsFullSlot)? })
    }

    /// The partitions' logs, by name.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = (&str, Log<'_>)> {
        self.state.partitions.iter().map(|scope| (scope.policy.name.as_str(), Log { of: self, scope }))
    }

    /// A version of a consent as it was stored when it was given; `None` where it is gone.
    pub(crate) fn consent(&self, grant: GrantId, version: u64) -> Result<Option<Vec<u8>>> {
        let system = self.system()?.scope;
        let Some(c) = system.manifest.consents.iter().find(|c| c.series == grant && u64::from(c.version) == version)
        else {
            return Ok(None);
        };
        let object = ObjectRef { number: c.number << 8, version: c.row_version, group: c.group };
        let mut bytes = Vec::new();
        match system.open_object(&self.space.inner.base, self.txn, Class::Body, &object, &mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            Err(Error::NotFound) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl Log<'_> {
    pub(crate) fn origin(&self) -> String {
        note::origin(&self.scope.head.log_origin)
    }

    pub(crate) fn ordinal(&self) -> u16 {
        self.scope.ordinal
    }

    pub(crate) fn size(&self) -> u64 {
        self.scope.head.log_size
    }

    fn signer(&self) -> Result<SigningKey> {
        self.of.state.signer(&self.of.space.inner.base, self.of.txn, self.scope)
    }

    /// Name and public key.
    pub(crate) fn key(&self) -> Result<VerifierKey> {
        let key = self.signer()?.verifying_key();
        Ok(VerifierKey { name: self.origin(), key })
    }

    pub(crate) fn checkpoint(&self) -> Result<String> {
        checkpoint(self.scope).sign(&self.signer()?)
    }

    /// Every entry that was not erased, by index: just those whose root the head names.
    pub(crate) fn read(&self) -> Result<Vec<(u64, Entry)>> {
        let mut edge = Edge::default();
        let mut entries = Vec::new();
        for index in 0..self.size() {
            let (leaf, entry) = read_line(&self.of.space.inner.base, self.of.txn, self.scope, index)?;
            edge.push(leaf, |_| ())?;
            entries.extend(entry.map(|entry| (index, entry)));
        }
        if edge.head() == tree_head(self.scope) { Ok(entries) } else { Err(Error::Corrupt(Part::Ledger)) }
    }

    pub(crate) fn entry(&self, index: u64) -> Result<OpenEntry> {
        read_entry(&self.of.space.inner.base, self.of.txn, self.scope, index)
    }

    /// The audit path of an entry.
    pub(crate) fn path(&self, index: u64, leaf: &Hash) -> Result<Vec<Hash>> {
        let path = tree::inclusion_proof(&ReadRows(self.of.txn, self.scope.log()), self.size(), index)?;
        let root = &self.scope.head.log_root;
        let holds = verify::verify_inclusion(root, self.size(), index, leaf, &path);
        if holds { Ok(path) } else { Err(Error::Corrupt(Part::Ledger)) }
    }

    /// The proof that the log of this earlier size had this root.
    pub(crate) fn prefix(&self, size: u64, root: &Hash) -> Result<Vec<Hash>> {
        let path = tree::consistency_proof(&ReadRows(self.of.txn, self.scope.log()), size, self.size())?;
        let holds = verify::verify_consistency(size, root, self.size(), &self.scope.head.log_root, &path);
        if holds { Ok(path) } else { Err(Error::Corrupt(Part::Ledger)) }
    }
}

//! Sealed rows: the one place where a key, a context and a row meet.

use super::head::RowRef;
use super::payload::{Codec, Content};
use crate::crypto::context::{Class, Context};
use crate::crypto::seal;
use crate::environment::Environment;
use crate::error::{Error, Part, Result};
use crate::id::{ScopeId, SpaceId};
use crate::keyring::{KeyStoreClass, SpaceRow};
use crate::storage::{ReadTxn, Storage, WriteTxn};
use std::sync::Arc;
use zeroize::Zeroize;

/// What every operation on an open space needs.
pub(crate) struct Base {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) codec: Codec,
    pub(crate) space: SpaceId,
    pub(crate) epoch: u32,
    /// Where the epoch's secret is kept.
    pub(crate) keystore: KeyStoreClass,
    /// Whether a recovery code opens the space by itself.
    pub(crate) by_code: bool,
    pub(crate) env: Environment,
}

/// Where a sealed row stands: the row's tag and the scope bound into its context (they differ for
/// policy rows, which stand in the system scope under a partition's key).
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) tag: ScopeId,
    pub(crate) scope: ScopeId,
    pub(crate) class: Class,
    pub(crate) number: u64,
    pub(crate) version: u64,
    /// The epoch in which the key was made.
    pub(crate) epoch: u32,
    /// Key group of content; 0 for bookkeeping.
    pub(crate) group: u64,
}

/// Buffers that a transaction uses again and again.
#[derive(Default)]
pub(crate) struct Buffers {
    packed: Vec<u8>,
    sealed: Vec<u8>,
}

impl Drop for Buffers {
    fn drop(&mut self) {
        self.packed.zeroize();
    }
}

impl Base {
    /// Of the space and epoch of this row.
    pub(crate) fn of(storage: Arc<dyn Storage>, row: &SpaceRow, env: Environment) -> Result<Self> {
        let codec = Codec::new()?;
        let (keystore, by_code) = (row.class(), row.opens_by_code());
        Ok(Self { storage, codec, space: row.space, epoch: row.epoch, keystore, by_code, env })
    }

    /// The same over another file of the space, where nobody watches.
    pub(crate) fn on(&self, storage: Arc<dyn Storage>) -> Result<Self> {
        Ok(Self { storage, codec: Codec::new()?, env: self.env.clone(), ..*self })
    }

    pub(crate) fn context(&self, p: &Place) -> Context {
        Context {
            space: self.space,
            scope: p.scope,
            epoch: p.epoch,
            class: p.class,
            object: p.number,
            version: p.version,
        }
    }

    /// Packs, seals and puts a row.
    pub(crate) fn put(
        &self,
        txn: &mut dyn WriteTxn,
        buffers: &mut Buffers,
        key: &[u8; 32],
        p: &Place,
        content: Content,
        raw: &[u8],
    ) -> Result<RowRef> {
        self.codec.pack(content, raw, &mut buffers.packed)?;
        buffers.sealed.clear();
        let salt = seal::seal_into(key, &self.context(p).encode(), &buffers.packed, &mut buffers.sealed)?;
        // The manifest names a segment and its group, which has no other row: nothing looks for it.
        let group = if p.class == Class::Catalog { 0 } else { p.group };
        txn.put(&p.tag, p.number, group, p.class as u8, p.version, &buffers.sealed)?;
        Ok(RowRef { number: p.number, version: p.version, salt })
    }

    /// Reads, opens and unpacks a row that something authenticated names.
    pub(crate) fn get(
        &self,
        txn: &dyn ReadTxn,
        key: &[u8; 32],
        p: &Place,
        part: Part,
        out: &mut Vec<u8>,
    ) -> Result<[u8; 24]> {
        let mut sealed = Vec::new();
        let (_, class, version) = txn.row_into(&p.tag, p.number, &mut sealed)?.ok_or(Error::Corrupt(part))?;
        if class != p.class as u8 || version != p.version {
            return Err(Error::Corrupt(part));
        }
        let opened = self.open(key, p, part, &mut sealed, out);
        if p.class.holds_keys() {
            // It was opened where it lay.
            sealed.zeroize();
        }
        opened
    }

    /// Opens and unpacks sealed bytes.
    pub(crate) fn open(
        &self,
        key: &[u8; 32],
        p: &Place,
        part: Part,
        sealed: &mut [u8],
        out: &mut Vec<u8>,
    ) -> Result<[u8; 24]> {
        let salt = seal::salt_of(sealed).ok_or(Error::Corrupt(part))?;
        let plain = seal::open_in_place(key, &self.context(p).encode(), sealed).map_err(|_| Error::Corrupt(part))?;
        self.codec.unpack(plain, part, out)?;
        Ok(salt)
    }

    /// [`get`](Self::get) for a row that is named with its salt: no other sealing will do.
    pub(crate) fn get_named(
        &self,
        txn: &dyn ReadTxn,
        key: &[u8; 32],
        p: &Place,
        row: &RowRef,
        part: Part,
    ) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let at = Place { number: row.number, version: row.version, ..*p };
        let salt = self.get(txn, key, &at, part, &mut out)?;
        if salt == row.salt {
            return Ok(out);
        }
        out.zeroize();
        Err(Error::Corrupt(part))
    }
}

//! Transactions over opaque rows.
//!
//! What belongs here: the file, its tables, snapshots, the write lock and durability, behind the
//! trait [`Storage`]. What must not: keys, records, or any idea of what a row means. This module is
//! handed ciphertext and hands back the same bytes; it cannot tell whether they are genuine, and
//! whoever writes to the file can put anything there. The vault checks all of it.
//!
//! Every number (row, group, version, log index) is a `u64` that engines may keep as the `i64` of
//! the same bits; order is that of the `i64`. Row numbers in use stay below 2^56
//! (keys-and-formats, section 4), where the two orders agree.

mod copy;
mod salvage;
mod schema;
mod sqlite;
mod transaction;

#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
mod tests;

pub(crate) use copy::{Draft, Watch};
pub(crate) use salvage::Extent;
pub(crate) use sqlite::Sqlite;

use crate::error::Result;
use crate::id::ScopeId;

/// A sealed row, without the scope under which it was asked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub number: u64,
    pub group: u64,
    pub class: u8,
    pub version: u64,
    pub sealed: Vec<u8>,
}

/// A scope's log: whose it is, and the number by which its rows are found.
#[derive(Clone, Copy)]
pub(crate) struct LogId {
    pub(crate) scope: ScopeId,
    pub(crate) ordinal: u16,
}

/// One entry of a scope's log: its key, wrapped, and itself, sealed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LedgerRow {
    pub wrap: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// A scope's head: canonical CBOR and what authenticates it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HeadRow {
    pub body: Vec<u8>,
    pub auth: Vec<u8>,
}

/// A key slot.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SlotRow {
    pub id: [u8; 16],
    pub body: Vec<u8>,
}

/// Which of the two copies of heads and slots: they lie on different pages of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copy {
    First,
    Second,
}

/// A head by its authenticator, which changes with every commit to its scope.
pub(crate) struct HeadSeen {
    pub(crate) scope: ScopeId,
    pub(crate) auth: Vec<u8>,
}

/// What [`Storage::row_under`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Under {
    /// One of the heads is another: nothing was read.
    HeadChanged,
    /// No such row in the scope.
    Missing,
    /// `(group, class, version)`; the sealed bytes are in the buffer.
    Row(u64, u8, u64),
}

/// A storage engine: one space, any number of handles and processes.
pub(crate) trait Storage: Send + Sync {
    /// A snapshot: it sees what was committed when it began, and nothing later.
    fn begin_read(&self) -> Result<Box<dyn ReadTxn + '_>>;

    /// The write lock and a snapshot under it. Waits about 5 s for another writer, in this process
    /// or elsewhere, then [`Busy`](crate::Error::Busy).
    fn begin_write(&self) -> Result<Box<dyn WriteTxn + '_>>;

    /// A row in a snapshot of its own, as [`ReadTxn::row_into`], unless one of two heads is no
    /// longer the one with these authenticators: what a reader of many rows asks for each of them.
    fn row_under(&self, heads: &[HeadSeen; 2], scope: &ScopeId, number: u64, out: &mut Vec<u8>) -> Result<Under> {
        let txn = self.begin_read()?;
        for seen in heads {
            if txn.head(&seen.scope, Copy::First)?.is_none_or(|h| h.auth != seen.auth) {
                return Ok(Under::HeadChanged);
            }
        }
        Ok(txn.row_into(scope, number, out)?.map_or(Under::Missing, |(g, c, v)| Under::Row(g, c, v)))
    }

    /// Moves everything committed into the main file and empties the write-ahead log, so that no
    /// older image of a row is left in it. `false`: somebody was still reading or writing after
    /// about 5 s; older images may remain.
    fn checkpoint(&self) -> Result<bool>;

    /// Lets go of the file: what is open and idle is closed, and whatever is in use as it ends. The last to do so
    /// moves what is committed into the main file and removes the files beside it. A later use opens it again,
    /// for as long as it lasts.
    fn release_file(&self) {}

    /// Writes a copy of what is committed into a new file beside which nobody else works: nothing but
    /// what is live, and of one moment, whoever writes meanwhile.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` where something of that name is there; `Cancelled`; what the disk says. No file
    /// is left then.
    fn copy_to(&self, to: &std::path::Path, watch: &Watch) -> Result<u64>;

    /// Shows every byte of the file, of free pages and free room in pages too, after everything in the
    /// write-ahead log was moved into it. `false`: somebody was reading or writing. Costs memory in proportion to
    /// the file.
    fn look_at(&self, look: &mut dyn FnMut(&[u8])) -> Result<bool>;

    /// Rewrites the file so that it holds nothing but what is live, then as
    /// [`checkpoint`](Self::checkpoint). Deleting zeroes a row where it lies, but an engine that
    /// moved the row between pages before may have left a copy behind; this removes those as well.
    /// Costs time and memory in proportion to the whole file.
    fn scrub(&self) -> Result<bool>;
}

/// A snapshot. Ends when dropped.
pub(crate) trait ReadTxn {
    /// The row of this number, if it is this scope's.
    fn row(&self, scope: &ScopeId, number: u64) -> Result<Option<Row>> {
        let mut sealed = Vec::new();
        let found = self.row_into(scope, number, &mut sealed)?;
        Ok(found.map(|(group, class, version)| Row { number, group, class, version, sealed }))
    }

    /// As [`row`](Self::row), into a buffer that is used again: `(group, class, version)`. The
    /// buffer's earlier content is gone in every case.
    fn row_into(&self, scope: &ScopeId, number: u64, out: &mut Vec<u8>) -> Result<Option<(u64, u8, u64)>>;

    /// A scope's rows of one class, ascending by number. The engine may read every row of the file: for
    /// checks and repair, not for answering.
    fn scan(&self, scope: &ScopeId, class: u8, f: &mut dyn FnMut(Row) -> Result<()>) -> Result<()>;

    /// Where every row of the file stands, ascending by number: scope (`None` where its tag is none),
    /// number, group. For checks.
    fn places(&self, f: &mut dyn FnMut(Option<ScopeId>, u64, u64) -> Result<()>) -> Result<()>;

    /// How many rows of logs there are, by scope (`None` where the tag is none), which may come more than
    /// once. For checks.
    fn log_rows(&self, f: &mut dyn FnMut(Option<ScopeId>, u64) -> Result<()>) -> Result<()>;

    /// Whether the engine finds all that it keeps in its place: pages, indexes, free room. Reads the whole
    /// file. For checks.
    fn in_order(&self) -> Result<bool>;

    /// As [`Storage::copy_to`], of this snapshot, where pages are damaged: row by row, without what cannot be read and
    /// without heads of other scopes. It is a space until it is [finished](Draft::finish_backup).
    ///
    /// # Errors
    ///
    /// As [`Storage::copy_to`].
    fn copy_what_opens(&self, to: &std::path::Path, extent: &Extent, watch: &Watch) -> Result<Draft>;

    /// A copy of a scope's head.
    fn head(&self, scope: &ScopeId, copy: Copy) -> Result<Option<HeadRow>>;

    /// The scopes that have a head in either copy, ascending. A damaged copy is passed over as long
    /// as the other one can be read.
    fn scopes(&self) -> Result<Vec<ScopeId>>;

    /// A copy of all key slots, ascending by id.
    fn slots(&self, copy: Copy) -> Result<Vec<SlotRow>>;

    /// An entry of a scope's log.
    fn ledger(&self, log: &LogId, idx: u64) -> Result<Option<LedgerRow>>;

    /// The hash of a complete subtree of a scope's log: it stands with the last entry it covers.
    fn tree(&self, log: &LogId, level: u8, idx: u64) -> Result<Option<[u8; 32]>>;
}

/// A write transaction; it reads what it has written. Dropped without
/// [`commit`](Self::commit), it never happened.
pub(crate) trait WriteTxn: ReadTxn {
    /// Writes a row, over any row of this number, whosever it was.
    fn put(&mut self, scope: &ScopeId, number: u64, group: u64, class: u8, version: u64, sealed: &[u8]) -> Result<()>;

    /// Deletes a row, if it is this scope's.
    fn delete(&mut self, scope: &ScopeId, number: u64) -> Result<()>;

    /// Deletes a scope's rows of a group from a row number on; how many there were. Rows of group 0
    /// are in none. The engine may read every row from that number on.
    fn delete_group(&mut self, scope: &ScopeId, group: u64, from: u64) -> Result<u64>;

    /// Deletes all that there is of a scope: rows, the entries and hashes of its log, both copies of its head. The engine
    /// may read the whole file.
    fn delete_scope(&mut self, scope: &ScopeId) -> Result<()>;

    /// Writes both copies of a scope's head.
    fn put_head(&mut self, scope: &ScopeId, body: &[u8], auth: &[u8]) -> Result<()>;

    /// Writes both copies of a key slot.
    fn put_slot(&mut self, id: &[u8; 16], body: &[u8]) -> Result<()>;

    /// Deletes both copies of a key slot.
    fn delete_slot(&mut self, id: &[u8; 16]) -> Result<()>;

    /// Writes an entry of a scope's log, whose index is below 2^47, with the hashes of the subtrees
    /// that it completes: the leaf itself, then the larger ones.
    fn put_ledger(&mut self, log: &LogId, idx: u64, nodes: &[[u8; 32]], wrap: &[u8], sealed: &[u8]) -> Result<()>;

    /// Replaces the wrapped key of an entry of a scope's log.
    fn rewrap_ledger(&mut self, log: &LogId, idx: u64, wrap: &[u8]) -> Result<()>;

    /// Deletes what an entry of a scope's log says; its hashes in the tree stay.
    fn erase_ledger(&mut self, log: &LogId, idx: u64) -> Result<()>;

    /// Makes everything durable, or nothing. `Ok` means that it survives the loss of power.
    fn commit(self: Box<Self>) -> Result<()>;
}

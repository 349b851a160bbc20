//! A copy of a file of which pages are damaged: row by row, without what cannot be read.
//!
//! A table is walked through by its key until a page does not open; from there each key that a row may have is tried by
//! itself, until one leads to a page that opens. Which keys those are is known: numbers are counters, and whoever knows
//! the space says how far they have come ([`Extent`]).

use super::copy::{Draft, Watch};
use super::schema;
use super::sqlite::{engine_error, length};
use super::transaction::Txn;
use super::{Copy, ReadTxn as _};
use crate::error::{Error, Result};
use crate::id::ScopeId;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, params};
use std::path::Path;
use std::time::Duration;

/// Rows between two looks at the host.
const STEPS: u64 = 128;

/// Keys that are tried one after another: whoever can write a room may have its counter stand anywhere.
const MOST_TRIED: u64 = 1 << 22;

/// How far the numbers of what there is have come: what stands behind that, and behind a page that is damaged, is not
/// looked for.
pub(crate) struct Extent {
    /// Scopes, and the numbers by which their rows are found.
    pub(crate) scopes: Vec<(ScopeId, u16)>,
    /// No counter of a row is as high.
    pub(crate) rows: u64,
    /// No log has more entries.
    pub(crate) entries: u64,
}

/// A table of which the key is a number: a counter, with the scope's ordinal in its lowest bits.
struct Table {
    walk: &'static str,
    one: &'static str,
    put: &'static str,
    /// Bits of the ordinal.
    bits: u32,
    /// What its columns hold, behind the key.
    columns: &'static [Column],
}

#[derive(Clone, Copy)]
enum Column {
    Scope,
    Number,
    Bytes,
    /// Erased entries have none.
    Maybe,
}

const ROWS: Table = Table {
    walk: "SELECT number,scope,grp,class,version,sealed FROM row WHERE number>=?1 ORDER BY number",
    one: "SELECT number,scope,grp,class,version,sealed FROM row WHERE number=?1",
    put: "INSERT INTO row(number,scope,grp,class,version,sealed)VALUES(?1,?2,?3,?4,?5,?6)",
    bits: 24,
    columns: &[Column::Scope, Column::Number, Column::Number, Column::Number, Column::Bytes],
};

const LEDGER: Table = Table {
    walk: "SELECT number,scope,nodes,wrap,sealed FROM ledger WHERE number>=?1 ORDER BY number",
    one: "SELECT number,scope,nodes,wrap,sealed FROM ledger WHERE number=?1",
    put: "INSERT INTO ledger(number,scope,nodes,wrap,sealed)VALUES(?1,?2,?3,?4,?5)",
    bits: 16,
    columns: &[Column::Scope, Column::Bytes, Column::Maybe, Column::Maybe],
};

impl Table {
    /// The first key from this one on that a row can have: of a known scope, and below the bound.
    fn key_from(&self, from: i64, ordinals: &[u16], bound: u64) -> Option<i64> {
        let mask = (1i64 << self.bits) - 1;
        let from = from.max(0);
        let (counter, low) = (from >> self.bits, from & mask);
        let here = ordinals.iter().map(|o| i64::from(*o)).find(|o| *o >= low);
        let (counter, low) = match here {
            Some(low) => (counter, low),
            None => (counter.checked_add(1)?, i64::from(*ordinals.first()?)),
        };
        (counter.cast_unsigned() < bound).then(|| counter << self.bits | low)
    }

    /// A row that is one of ours in form; what is in its place of another table is not.
    fn fits(&self, row: &rusqlite::Row<'_>) -> Result<bool> {
        for (i, column) in self.columns.iter().enumerate() {
            let value = row.get_ref(i + 1).map_err(|e| engine_error(&e))?;
            let fits = match (column, value) {
                (Column::Scope, ValueRef::Blob(b)) => b.len() == 16,
                (Column::Number, ValueRef::Integer(_)) | (Column::Bytes | Column::Maybe, ValueRef::Blob(_)) => true,
                (Column::Maybe, ValueRef::Null) => true,
                _ => false,
            };
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// One copy under way.
struct Salvage<'a> {
    from: &'a Connection,
    to: &'a Connection,
    done: u64,
    goes_on: &'a dyn Fn() -> bool,
}

impl Salvage<'_> {
    fn step(&mut self) -> Result<()> {
        self.done += 1;
        if self.done.is_multiple_of(STEPS) && !(self.goes_on)() { Err(Error::Cancelled) } else { Ok(()) }
    }

    fn put(&self, sql: &str, values: impl Params) -> Result<()> {
        let put = self.to.prepare_cached(sql).and_then(|mut s| s.execute(values));
        put.map(drop).map_err(|e| engine_error(&e))
    }

    fn table(&mut self, table: &Table, ordinals: &[u16], bound: u64) -> Result<()> {
        let mut start = i64::MIN;
        loop {
            let (last, ended) = self.walk(table, table.walk, start)?;
            if ended {
                return Ok(());
            }
            let mut from = last.map_or(Some(start), |last| last.checked_add(1));
            let mut tried = 0;
            // The page behind this does not open, and which keys are on it is not known: the next one that leads
            // elsewhere goes on.
            start = loop {
                let Some(key) = from.and_then(|from| table.key_from(from, ordinals, bound)) else { return Ok(()) };
                self.step()?;
                tried += 1;
                from = key.checked_add(1);
                if self.walk(table, table.one, key)?.1 {
                    break key.saturating_add(1);
                }
                if tried == MOST_TRIED {
                    return Ok(());
                }
            };
        }
    }

    /// Copies what a query gives: the last key that it gave, and whether it came to its end.
    fn walk(&mut self, table: &Table, sql: &str, start: i64) -> Result<(Option<i64>, bool)> {
        let mut last = None;
        let mut statement = match self.from.prepare_cached(sql).map_err(|e| engine_error(&e)) {
            Err(Error::Corrupt(_)) => return Ok((None, false)),
            other => other?,
        };
        let mut rows = statement.query([start]).map_err(|e| engine_error(&e))?;
        loop {
            let row = match rows.next().map_err(|e| engine_error(&e)) {
                Err(Error::Corrupt(_)) => return Ok((last, false)),
                other => other?,
            };
            let Some(row) = row else { return Ok((last, true)) };
            let key: i64 = row.get(0).map_err(|e| engine_error(&e))?;
            // Pages that stand where they do not belong.
            if key < start || last.is_some_and(|last| key <= last) {
                return Ok((last, false));
            }
            last = Some(key);
            self.step()?;
            if !table.fits(row)? {
                continue;
            }
            let values = (0..=table.columns.len()).map(|i| row.get_ref(i)).collect::<rusqlite::Result<Vec<_>>>();
            let values: Vec<_> = values.map_err(|e| engine_error(&e))?.into_iter().map(Value).collect();
            self.put(table.put, rusqlite::params_from_iter(values))?;
        }
    }
}

/// A value as it stands in the other file.
struct Value<'a>(ValueRef<'a>);

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}

impl Txn<'_> {
    /// Everything of the snapshot that can be read, in a new file: a space, until it is finished as a backup.
    pub(super) fn copy_what_opens(&self, to: &Path, extent: &Extent, watch: &Watch) -> Result<Draft> {
        let draft = Draft::new(to)?;
        let size = self.file_length();
        let goes_on = || watch.goes_on(length(draft.here()).min(size), size);
        {
            let other = schema::connect(draft.here(), Duration::ZERO).map_err(|e| engine_error(&e))?;
            schema::create(&other).map_err(|e| engine_error(&e))?;
            // What is half made gets no name, so that there is nothing to roll back.
            let begun = other.execute_batch("PRAGMA journal_mode=MEMORY;BEGIN EXCLUSIVE");
            begun.map_err(|e| engine_error(&e))?;
            let mut salvage = Salvage { from: self.conn()?, to: &other, done: 0, goes_on: &goes_on };
            let mut ordinals: Vec<u16> = extent.scopes.iter().map(|(_, ordinal)| *ordinal).collect();
            ordinals.sort_unstable();
            salvage.table(&ROWS, &ordinals, extent.rows)?;
            salvage.table(&LEDGER, &ordinals, extent.entries)?;
            self.copy_twofold(&salvage, extent)?;
            other.execute_batch("COMMIT").map_err(|e| engine_error(&e))?;
            other.close().map_err(|(_, e)| engine_error(&e))?;
        }
        draft.as_space()?;
        Ok(draft)
    }

    /// Each copy of heads and slots as far as it can be read.
    fn copy_twofold(&self, salvage: &Salvage<'_>, extent: &Extent) -> Result<()> {
        let copies = [
            (
                Copy::First,
                "INSERT INTO head(scope,body,auth)VALUES(?1,?2,?3)",
                "INSERT INTO slot(id,body)VALUES(?1,?2)",
            ),
            (
                Copy::Second,
                "INSERT INTO head_copy(scope,body,auth)VALUES(?1,?2,?3)",
                "INSERT INTO slot_copy(id,body)VALUES(?1,?2)",
            ),
        ];
        for (copy, head, slot) in copies {
            for (scope, _) in &extent.scopes {
                let Some(row) = readable(self.head(scope, copy))?.flatten() else { continue };
                salvage.put(head, params![scope.as_bytes(), row.body, row.auth])?;
            }
            for row in readable(self.slots(copy))?.unwrap_or_default() {
                salvage.put(slot, params![row.id, row.body])?;
            }
        }
        Ok(())
    }
}

fn readable<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Err(Error::Corrupt(_)) => Ok(None),
        other => other.map(Some),
    }
}

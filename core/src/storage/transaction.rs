//! The statements, inside a transaction on a connection of its own.
//!
//! What belongs here: SQL on our tables and the end of a transaction. What must not: files, locks
//! and the lending of connections (`sqlite`).

use super::sqlite::{Sqlite, engine_error, length};
use super::{Copy, Draft, Extent, HeadRow, HeadSeen, LedgerRow, LogId, ReadTxn, Row, SlotRow, Under, Watch, WriteTxn};
use crate::error::{Error, Limit, Part, Result};
use crate::id::ScopeId;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, ffi, params};
use std::collections::BTreeSet;

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// A transaction that has begun. A `Kind::Read` one is only ever handed out as a [`ReadTxn`].
pub(super) struct Txn<'s> {
    storage: &'s Sqlite,
    conn: Option<Connection>,
    kind: Kind,
    /// A write failed: what came before it may be undone, so nothing may follow it.
    broken: bool,
}

/// The longest head, authenticator and slot, and how many slots are read of a copy: what is planted is
/// refused before it takes memory.
const MAX_HEAD: u32 = 1 << 20;
const MAX_AUTH: u32 = 4096;
const MAX_SLOT: u32 = 64 << 10;
const MAX_SLOT_ROWS: u32 = 256;

// The number's bits are kept, see the module `storage`.
const fn to_db(n: u64) -> i64 {
    n.cast_signed()
}

const fn from_db(n: i64) -> u64 {
    n.cast_unsigned()
}

/// The last leaf of a subtree.
fn last_leaf(level: u8, idx: u64) -> Option<u64> {
    Some(idx.checked_add(1)?.checked_mul(1u64.checked_shl(level.into())?)? - 1)
}

/// The key of a row in the database: the counter before the ordinal of the scope, so that the scope that
/// grows most grows at the end of the table, where SQLite starts a new page and leaves the neighbours
/// alone. A bijection, whatever the number.
const fn row_key(number: u64) -> i64 {
    to_db(number.rotate_left(24))
}

/// The number of a row from its key.
const fn row_of(key: u64) -> u64 {
    key.rotate_right(24)
}

/// The number of an entry's row: index << 16 | ordinal. The longest log then grows at the end of the
/// table, where SQLite starts a new page without touching its neighbours.
fn log_row(log: &LogId, idx: u64) -> Option<i64> {
    (idx < 1 << 47).then(|| to_db(idx << 16 | u64::from(log.ordinal)))
}

const DAMAGED: Error = Error::Corrupt(Part::File);

fn blob<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<&'r [u8]> {
    row.get_ref(column).map_err(|e| engine_error(&e))?.as_blob().map_err(|_| DAMAGED)
}

fn number(row: &rusqlite::Row<'_>, column: usize) -> Result<u64> {
    row.get_ref(column).map_err(|e| engine_error(&e))?.as_i64().map(from_db).map_err(|_| DAMAGED)
}

fn class(row: &rusqlite::Row<'_>, column: usize) -> Result<u8> {
    u8::try_from(number(row, column)?).map_err(|_| DAMAGED)
}

/// The failure for which SQLite's check of the pages could not have one, where it lists that beside what is
/// damaged (`checkTreePage` and `checkList` in its `btree.c`): want of memory is no damage.
fn not_had(said: &str) -> Option<Error> {
    let code = match said.split_once("unable to get the page. error code=") {
        Some((_, rest)) => rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?,
        None if said.contains("failed to get page ") => ffi::SQLITE_IOERR,
        None => return None,
    };
    let e = engine_error(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    (!matches!(e, Error::Corrupt(_))).then_some(e)
}

impl<'s> Txn<'s> {
    pub(super) fn new(storage: &'s Sqlite, conn: Connection, kind: Kind) -> Self {
        Self { storage, conn: Some(conn), kind, broken: false }
    }

    pub(super) fn conn(&self) -> Result<&Connection> {
        self.conn.as_ref().ok_or(Error::Internal(201))
    }

    pub(super) fn file_length(&self) -> u64 {
        length(self.storage.path())
    }

    fn error(&self, e: &rusqlite::Error) -> Error {
        match self.kind {
            Kind::Read => engine_error(e),
            Kind::Write => self.storage.write_error(e),
        }
    }

    /// Runs a query and hands each of its rows to `f`, until that says `false`.
    fn each(
        &self,
        sql: &str,
        params: impl Params,
        f: &mut dyn FnMut(&rusqlite::Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut statement = self.conn()?.prepare_cached(sql).map_err(|e| self.error(&e))?;
        let mut rows = statement.query(params).map_err(|e| self.error(&e))?;
        while let Some(row) = rows.next().map_err(|e| self.error(&e))? {
            if !f(row)? {
                break;
            }
        }
        Ok(())
    }

    /// Runs a query on a whole key.
    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        f: impl FnOnce(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.conn()?.prepare_cached(sql).map_err(|e| self.error(&e))?;
        let found = statement.query_row(params, |row| Ok(f(row))).optional();
        found.map_err(|e| self.error(&e))?.transpose()
    }

    /// The statement of a write. Some errors end SQLite's transaction by themselves; a statement
    /// that ran then would be a transaction of its own.
    fn writing(&self, sql: &str) -> Result<CachedStatement<'_>> {
        let conn = self.conn()?;
        if self.broken || conn.is_autocommit() {
            return Err(Error::Storage(ffi::SQLITE_ABORT));
        }
        conn.prepare_cached(sql).map_err(|e| self.error(&e))
    }

    fn run(&mut self, sql: &str, params: impl Params) -> Result<usize> {
        let done = self.writing(sql).and_then(|mut s| s.execute(params).map_err(|e| self.error(&e)));
        self.broken |= done.is_err();
        done
    }

    fn scopes_of(&self, sql: &str, out: &mut BTreeSet<ScopeId>) -> Result<()> {
        self.each(sql, [], &mut |row| {
            out.insert(ScopeId::from_bytes(blob(row, 0)?.try_into().map_err(|_| DAMAGED)?));
            Ok(true)
        })
    }
}

/// A row and whether two heads are still those, in one statement.
pub(super) fn row_under(
    conn: &Connection,
    heads: &[HeadSeen; 2],
    scope: &ScopeId,
    row: u64,
    out: &mut Vec<u8>,
) -> Result<Under> {
    out.clear();
    let [a, b] = heads;
    let sql = "SELECT a.auth=?2 AND b.auth=?4,r.scope,r.grp,r.class,r.version,r.sealed \
               FROM head a JOIN head b ON b.scope=?3 LEFT JOIN row r ON r.number=?5 WHERE a.scope=?1";
    let mut statement = conn.prepare_cached(sql).map_err(|e| engine_error(&e))?;
    let params = params![a.scope.as_bytes(), a.auth, b.scope.as_bytes(), b.auth, row_key(row)];
    let found = statement.query_row(params, |r| {
        Ok((|| {
            if number(r, 0)? == 0 {
                return Ok(Under::HeadChanged);
            }
            if r.get_ref(1).is_ok_and(|v| v == rusqlite::types::ValueRef::Null) || blob(r, 1)? != scope.as_bytes() {
                return Ok(Under::Missing);
            }
            out.extend_from_slice(blob(r, 5)?);
            Ok(Under::Row(number(r, 2)?, class(r, 3)?, number(r, 4)?))
        })())
    });
    found.optional().map_err(|e| engine_error(&e))?.unwrap_or(Ok(Under::HeadChanged))
}

impl ReadTxn for Txn<'_> {
    fn row_into(&self, scope: &ScopeId, number_: u64, out: &mut Vec<u8>) -> Result<Option<(u64, u8, u64)>> {
        out.clear();
        let found =
            self.one("SELECT scope,grp,class,version,sealed FROM row WHERE number=?1", [row_key(number_)], |row| {
                if blob(row, 0)? != scope.as_bytes() {
                    return Ok(None);
                }
                let head = (number(row, 1)?, class(row, 2)?, number(row, 3)?);
                out.extend_from_slice(blob(row, 4)?);
                Ok(Some(head))
            })?;
        Ok(found.flatten())
    }

    fn scan(&self, scope: &ScopeId, class: u8, f: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        let mut each = |row: &rusqlite::Row<'_>| {
            f(Row {
                number: row_of(number(row, 0)?),
                group: number(row, 1)?,
                class,
                version: number(row, 2)?,
                sealed: blob(row, 3)?.to_vec(),
            })?;
            Ok(true)
        };
        self.each(
            "SELECT number,grp,version,sealed FROM row WHERE scope=?1 AND class=?2 ORDER BY number",
            params![scope.as_bytes(), class],
            &mut each,
        )
    }

    fn places(&self, f: &mut dyn FnMut(Option<ScopeId>, u64, u64) -> Result<()>) -> Result<()> {
        self.each("SELECT scope,number,grp FROM row ORDER BY number", [], &mut |row| {
            let scope = blob(row, 0).ok().and_then(|b| b.try_into().ok()).map(ScopeId::from_bytes);
            f(scope, row_of(number(row, 1)?), number(row, 2).unwrap_or(0))?;
            Ok(true)
        })
    }

    fn log_rows(&self, f: &mut dyn FnMut(Option<ScopeId>, u64) -> Result<()>) -> Result<()> {
        self.each("SELECT scope,count(*) FROM ledger GROUP BY scope", [], &mut |row| {
            let scope = blob(row, 0).ok().and_then(|b| b.try_into().ok()).map(ScopeId::from_bytes);
            f(scope, number(row, 1)?).map(|()| true)
        })
    }

    fn in_order(&self) -> Result<bool> {
        let mut ok = false;
        self.each("PRAGMA integrity_check(1)", [], &mut |row| {
            let said = row.get_ref(0).ok().and_then(|v| v.as_str().ok()).unwrap_or_default();
            ok = said == "ok";
            not_had(said).map_or(Ok(false), Err)
        })
        .map(|()| ok)
    }

    fn copy_what_opens(&self, to: &std::path::Path, extent: &Extent, watch: &Watch) -> Result<Draft> {
        Txn::copy_what_opens(self, to, extent, watch)
    }

    fn head(&self, scope: &ScopeId, copy: Copy) -> Result<Option<HeadRow>> {
        let sql = match copy {
            Copy::First => "SELECT iif(length(body)<=?2 AND length(auth)<=?3,body,NULL),auth FROM head WHERE scope=?1",
            Copy::Second => {
                "SELECT iif(length(body)<=?2 AND length(auth)<=?3,body,NULL),auth FROM head_copy WHERE scope=?1"
            }
        };
        self.one(sql, params![scope.as_bytes(), MAX_HEAD, MAX_AUTH], |row| {
            Ok(HeadRow { body: blob(row, 0)?.to_vec(), auth: blob(row, 1)?.to_vec() })
        })
    }

    fn scopes(&self) -> Result<Vec<ScopeId>> {
        let mut out = BTreeSet::new();
        let first = self.scopes_of("SELECT scope FROM head", &mut out);
        let second = self.scopes_of("SELECT scope FROM head_copy", &mut out);
        match (first, second) {
            (Err(e), Err(_)) => Err(e),
            // Damage in one copy is what the other is for; any other failure says nothing about it.
            (Err(e), _) | (_, Err(e)) if !matches!(e, Error::Corrupt(_)) => Err(e),
            _ => Ok(out.into_iter().collect()),
        }
    }

    fn slots(&self, copy: Copy) -> Result<Vec<SlotRow>> {
        let sql = match copy {
            // What is too long is read as nothing: no slot, and not what a head names.
            Copy::First => "SELECT id,iif(length(body)<=?1,body,x'') FROM slot ORDER BY id LIMIT ?2",
            Copy::Second => "SELECT id,iif(length(body)<=?1,body,x'') FROM slot_copy ORDER BY id LIMIT ?2",
        };
        let mut out = Vec::new();
        self.each(sql, params![MAX_SLOT, MAX_SLOT_ROWS], &mut |row| {
            let id = blob(row, 0)?.try_into().map_err(|_| DAMAGED)?;
            out.push(SlotRow { id, body: blob(row, 1)?.to_vec() });
            Ok(true)
        })?;
        Ok(out)
    }

    fn ledger(&self, log: &LogId, idx: u64) -> Result<Option<LedgerRow>> {
        let Some(number) = log_row(log, idx) else { return Ok(None) };
        let found = self.one("SELECT scope,wrap,sealed FROM ledger WHERE number=?1", [number], |row| {
            // Its words were erased, or it is another scope's.
            let erased = row.get_ref(1).is_ok_and(|v| v == rusqlite::types::ValueRef::Null);
            let of = blob(row, 0)? == log.scope.as_bytes() && !erased;
            let entry = || Ok(LedgerRow { wrap: blob(row, 1)?.to_vec(), sealed: blob(row, 2)?.to_vec() });
            of.then(entry).transpose()
        })?;
        Ok(found.flatten())
    }

    fn tree(&self, log: &LogId, level: u8, idx: u64) -> Result<Option<[u8; 32]>> {
        let Some(number) = last_leaf(level, idx).and_then(|last| log_row(log, last)) else { return Ok(None) };
        let found = self.one("SELECT scope,nodes FROM ledger WHERE number=?1", [number], |row| {
            let (nodes, rest) = blob(row, 1)?.as_chunks::<32>();
            if !rest.is_empty() {
                return Err(DAMAGED);
            }
            let of = blob(row, 0)? == log.scope.as_bytes();
            Ok(nodes.get(usize::from(level)).copied().filter(|_| of))
        })?;
        Ok(found.flatten())
    }
}

impl WriteTxn for Txn<'_> {
    fn put(&mut self, scope: &ScopeId, number: u64, group: u64, class: u8, version: u64, sealed: &[u8]) -> Result<()> {
        let params = params![row_key(number), scope.as_bytes(), to_db(group), class, to_db(version), sealed];
        // Bookkeeping mostly takes the place of its last version. An update of a range writes a row of the same
        // length over where it lies (`btreeOverwriteCell`), its overflow pages too; what replaces it, or updates
        // one row, frees them and takes others.
        let sql = "UPDATE row SET scope=?2,grp=?3,class=?4,version=?5,sealed=?6 WHERE number BETWEEN ?1 AND ?1";
        if group == 0 && self.run(sql, params)? > 0 {
            return Ok(());
        }
        let sql = "INSERT OR REPLACE INTO row(number,scope,grp,class,version,sealed)VALUES(?1,?2,?3,?4,?5,?6)";
        self.run(sql, params)?;
        Ok(())
    }

    fn delete(&mut self, scope: &ScopeId, number: u64) -> Result<()> {
        self.run("DELETE FROM row WHERE number=?1 AND scope=?2", params![row_key(number), scope.as_bytes()])?;
        Ok(())
    }

    fn delete_group(&mut self, scope: &ScopeId, group: u64, from: u64) -> Result<u64> {
        let sql = "DELETE FROM row WHERE number>=?3 AND grp=?1 AND grp<>0 AND scope=?2";
        let n = self.run(sql, params![to_db(group), scope.as_bytes(), row_key(from)])?;
        Ok(n as u64)
    }

    fn delete_scope(&mut self, scope: &ScopeId) -> Result<()> {
        for sql in [
            "DELETE FROM row WHERE scope=?1",
            "DELETE FROM ledger WHERE scope=?1",
            "DELETE FROM head WHERE scope=?1",
            "DELETE FROM head_copy WHERE scope=?1",
        ] {
            self.run(sql, params![scope.as_bytes()])?;
        }
        Ok(())
    }

    fn put_head(&mut self, scope: &ScopeId, body: &[u8], auth: &[u8]) -> Result<()> {
        if body.len() > MAX_HEAD as usize || auth.len() > MAX_AUTH as usize {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        for sql in [
            "INSERT OR REPLACE INTO head(scope,body,auth)VALUES(?1,?2,?3)",
            "INSERT OR REPLACE INTO head_copy(scope,body,auth)VALUES(?1,?2,?3)",
        ] {
            self.run(sql, params![scope.as_bytes(), body, auth])?;
        }
        Ok(())
    }

    fn put_slot(&mut self, id: &[u8; 16], body: &[u8]) -> Result<()> {
        if body.len() > MAX_SLOT as usize {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        for sql in [
            "INSERT OR REPLACE INTO slot(id,body)VALUES(?1,?2)",
            "INSERT OR REPLACE INTO slot_copy(id,body)VALUES(?1,?2)",
        ] {
            self.run(sql, params![id, body])?;
        }
        Ok(())
    }

    fn delete_slot(&mut self, id: &[u8; 16]) -> Result<()> {
        for sql in ["DELETE FROM slot WHERE id=?1", "DELETE FROM slot_copy WHERE id=?1"] {
            self.run(sql, [id])?;
        }
        Ok(())
    }

    fn put_ledger(&mut self, log: &LogId, idx: u64, nodes: &[[u8; 32]], wrap: &[u8], sealed: &[u8]) -> Result<()> {
        let number = log_row(log, idx).ok_or(Error::TooLarge(Limit::Capacity))?;
        let sql = "INSERT OR REPLACE INTO ledger(number,scope,nodes,wrap,sealed)VALUES(?1,?2,?3,?4,?5)";
        self.run(sql, params![number, log.scope.as_bytes(), nodes.as_flattened(), wrap, sealed])?;
        Ok(())
    }

    fn rewrap_ledger(&mut self, log: &LogId, idx: u64, wrap: &[u8]) -> Result<()> {
        let Some(number) = log_row(log, idx) else { return Ok(()) };
        let sql = "UPDATE ledger SET wrap=?3 WHERE number=?1 AND scope=?2 AND wrap IS NOT NULL";
        self.run(sql, params![number, log.scope.as_bytes(), wrap]).map(|_| ())
    }

    fn erase_ledger(&mut self, log: &LogId, idx: u64) -> Result<()> {
        let Some(number) = log_row(log, idx) else { return Ok(()) };
        let sql = "UPDATE ledger SET wrap=NULL,sealed=NULL WHERE number=?1 AND scope=?2";
        self.run(sql, params![number, log.scope.as_bytes()]).map(|_| ())
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        self.run("COMMIT", [])?;
        self.storage.after_commit(self.conn()?);
        Ok(())
    }
}

impl Drop for Txn<'_> {
    /// Ends what was not committed. A connection that cannot even do that is closed, which does.
    fn drop(&mut self) {
        let conn = self.conn.take().filter(|conn| {
            conn.is_autocommit()
                || conn.prepare_cached("ROLLBACK").and_then(|mut s| s.execute([])).is_ok_and(|_| conn.is_autocommit())
        });
        self.storage.give_back(self.kind, conn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_cannot_be_had_is_not_called_damaged() {
        let tree =
            |code: u32| format!("*** in database main ***\nTree 5 page 7: unable to get the page. error code={code}");
        assert!(matches!(not_had(&tree(7)), Some(Error::Storage(7))));
        assert!(matches!(not_had(&tree(266)), Some(Error::Io(_))));
        assert!(matches!(not_had("Freelist: failed to get page 9"), Some(Error::Io(_))));
        for damage in ["ok", &tree(11), "Tree 5 page 7: btreeInitPage() returns error code 11", "Page 9: never used"] {
            assert!(not_had(damage).is_none(), "{damage}");
        }
    }
}

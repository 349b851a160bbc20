//! The tables, and how a connection is set up before it may see them.
//!
//! What belongs here: the text of the schema, its check, the settings of a connection. What must
//! not: transactions.

use crate::error::{Error, Result};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// "HSPC" in the file's header (offset 68), for `file(1)` and for our own check.
pub(super) const APPLICATION_ID: i32 = 0x4853_5043;
/// "HSPB": a backup. It is no space: opened and written to, it would be a second history of one log.
pub(super) const BACKUP_ID: i32 = 0x4853_5042;
/// The format, in the file's header (offset 60).
pub(super) const FORMAT: i32 = 1;
/// Measured with 300-byte rows, CPU time, a loaded machine (`storage/tests/measure.rs`): larger
/// pages make bulk puts cheaper (2.2, 1.9 and 1.6 us at 4, 8 and 16 KiB) but random reads dearer
/// (2.6, 3.0 and 3.5 us) and write more for each small commit. Reading and small commits win.
pub(super) const PAGE_SIZE: i32 = 4096;
/// Page cache of one connection, KiB.
pub(super) const CACHE_KIB: i32 = 8 * 1024;
/// Bytes of the largest row or blob: a sealed message of 64 MiB and what is around it. A segment is about 1 MiB.
const ROW_BYTES: i32 = 66 << 20;

/// `(type, name, table, sql)` as `sqlite_schema` must hold them, byte for byte.
///
/// `row` has no index by group: what a source or a segment owns is named by its manifest and its
/// catalog, and an import's rows stand from its first number on.
///
/// `nodes` are the subtrees of the log's tree that an entry completes, in the same row: an append
/// writes one page. They stand before what may be long, so that reading one reads no more.
///
/// Heads and slots are found by their whole key only, so the key is the table.
const OBJECTS: [(&str, &str, &str, &str); 6] = [
    (
        "table",
        "row",
        "row",
        "CREATE TABLE row(number INTEGER PRIMARY KEY,scope BLOB,grp INTEGER,class INTEGER,version INTEGER,\
         sealed BLOB)",
    ),
    (
        "table",
        "ledger",
        "ledger",
        "CREATE TABLE ledger(number INTEGER PRIMARY KEY,scope BLOB,nodes BLOB,wrap BLOB,sealed BLOB)",
    ),
    (
        "table",
        "head",
        "head",
        "CREATE TABLE head(scope BLOB PRIMARY KEY,body BLOB NOT NULL,auth BLOB NOT NULL)WITHOUT ROWID",
    ),
    (
        "table",
        "head_copy",
        "head_copy",
        "CREATE TABLE head_copy(scope BLOB PRIMARY KEY,body BLOB NOT NULL,auth BLOB NOT NULL)WITHOUT ROWID",
    ),
    ("table", "slot", "slot", "CREATE TABLE slot(id BLOB PRIMARY KEY,body BLOB NOT NULL)WITHOUT ROWID"),
    ("table", "slot_copy", "slot_copy", "CREATE TABLE slot_copy(id BLOB PRIMARY KEY,body BLOB NOT NULL)WITHOUT ROWID"),
];

/// Opens a connection with every guard up, before any statement has run.
///
/// The path must be absolute: this build of SQLite takes a name that begins with `file:` for a URI.
pub(super) fn connect(path: &Path, wait: Duration) -> rusqlite::Result<Connection> {
    // No CREATE: a connection never makes a file. One connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(wait)?;
    // Nothing in the schema of a hostile file may run: not triggers, views, or functions in indexes.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Plans do not depend on the values that are bound. Without this, binding a value to a prepared
    // statement may compile it again: measured, half of the time of a random read.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, ROW_BYTES)?;
    conn.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 4096)?;
    conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    conn.set_limit(Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 0)?;
    conn.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
    conn.set_prepared_statement_cache_capacity(40);
    // None of these reads the file. The log is emptied by us, see `Sqlite::after_commit`.
    conn.execute_batch(
        "PRAGMA mmap_size=0;PRAGMA temp_store=MEMORY;PRAGMA trusted_schema=OFF;PRAGMA cell_size_check=ON;\
         PRAGMA fullfsync=ON;PRAGMA checkpoint_fullfsync=ON;PRAGMA wal_autocheckpoint=0",
    )?;
    cache(&conn, CACHE_KIB)?;
    Ok(conn)
}

/// Sets the page cache of a connection.
pub(super) fn cache(conn: &Connection, kib: i32) -> rusqlite::Result<()> {
    conn.execute_batch(&format!("PRAGMA cache_size=-{kib}"))
}

/// Settings that look into the file, so only after [`check`] on a file that may be hostile.
pub(super) fn settle(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch("PRAGMA synchronous=FULL;PRAGMA secure_delete=ON")
}

/// Makes the tables in an empty file. No journal: a file that is half made is no space yet, and
/// nothing may be left beside it that a later open would have to roll back.
pub(super) fn create(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(&format!("PRAGMA page_size={PAGE_SIZE};PRAGMA journal_mode=MEMORY"))?;
    settle(conn)?;
    conn.execute_batch("BEGIN EXCLUSIVE")?;
    for (_, _, _, sql) in OBJECTS {
        conn.execute_batch(sql)?;
    }
    conn.execute_batch(&format!("PRAGMA application_id={APPLICATION_ID};PRAGMA user_version={FORMAT};COMMIT"))?;
    let mode: String = conn.query_row("PRAGMA journal_mode=WAL", [], |r| r.get(0))?;
    if mode == "wal" { Ok(()) } else { Err(rusqlite::Error::InvalidQuery) }
}

/// What a file says it is, without writing to it or beside it.
pub(super) fn application_id(path: &Path) -> rusqlite::Result<i32> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.query_row("PRAGMA application_id", [], |r| r.get(0))
}

/// Whether the tables are ours and nothing else is there; the schema's cookie if so.
///
/// # Errors
///
/// `NotASpace`, `NeedsNewerLibrary`, `PreRelease`; a failure of the file itself as the engine reports it.
pub(super) fn check(conn: &Connection) -> rusqlite::Result<Result<i64>> {
    let header = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i64>(0));
    if header("application_id")? != i64::from(APPLICATION_ID) {
        return Ok(Err(Error::NotASpace));
    }
    match header("user_version")? {
        v if v == i64::from(FORMAT) => {}
        v if v > i64::from(FORMAT) => return Ok(Err(Error::NeedsNewerLibrary)),
        0 => return Ok(Err(Error::PreRelease)),
        _ => return Ok(Err(Error::NotASpace)),
    }
    if conn.query_row("PRAGMA journal_mode", [], |r| r.get::<_, String>(0))? != "wal" {
        return Ok(Err(Error::NotASpace));
    }
    let mut statement = conn.prepare("SELECT type,name,tbl_name,sql FROM main.sqlite_schema ORDER BY rowid")?;
    let mut found = statement.query([])?;
    for (kind, name, table, sql) in OBJECTS {
        let Some(row) = found.next()? else { return Ok(Err(Error::NotASpace)) };
        for (i, expected) in [kind, name, table, sql].into_iter().enumerate() {
            if row.get_ref(i)?.as_str().ok() != Some(expected) {
                return Ok(Err(Error::NotASpace));
            }
        }
    }
    if found.next()?.is_some() {
        return Ok(Err(Error::NotASpace));
    }
    drop(found);
    header("schema_version").map(Ok)
}

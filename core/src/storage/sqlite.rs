//! SQLite as the storage engine: the file, its connections, the write lock.
//!
//! What belongs here: making and opening the file, lending connections, durability, errors. What
//! must not: the tables (`schema`) and the statements on them (`transaction`).
//!
//! The file is only ever touched through SQLite, or by `stat`. Opening and closing it by other
//! means would drop the POSIX locks that SQLite holds on it in this process ("How To Corrupt An
//! SQLite Database File", section 2.2).

use super::schema::{self, CACHE_KIB, PAGE_SIZE};
use super::transaction::{Kind, Txn, row_under};
use super::{HeadSeen, ReadTxn, Storage, Under, WriteTxn};
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::ScopeId;
use rusqlite::config::DbConfig;
use rusqlite::ffi;
use rusqlite::limits::Limit as SqlLimit;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a writer waits for another.
const WAIT: Duration = Duration::from_secs(5);
/// Idle read connections that are kept; each has a page cache.
const IDLE_READERS: usize = 4;
/// Pages in the write-ahead log from which a commit also moves them into the main file.
const LOG_PAGES: i32 = 2048;
/// Page cache of a connection that writes the file anew, KiB, at most: as much again as the new file takes in memory.
const SCRUB_KIB: i32 = 32 * 1024;
/// What a page takes in a cache, KiB: a quarter more than it has.
const PAGE_KIB: i32 = PAGE_SIZE / 1024 + 1;

/// The one writing connection of a handle.
#[derive(Default)]
struct Writer {
    idle: Option<Connection>,
    taken: bool,
}

/// One open space file.
pub(crate) struct Sqlite {
    path: PathBuf,
    wait: Duration,
    process: AtomicU32,
    /// The schema's cookie when it was last found to be ours.
    cookie: AtomicI64,
    /// Set by the first I/O error of a write; never cleared.
    failed: AtomicBool,
    /// Nothing is kept open between uses.
    released: AtomicBool,
    /// Pages in the write-ahead log after the last commit.
    log_pages: Arc<AtomicI32>,
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Writer>,
    writer_free: Condvar,
}

impl Sqlite {
    /// Makes a new file, readable by its owner only, and opens it.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if anything of that name is there, even the log of an earlier file;
    /// otherwise as the operating system or the engine says. A file that could not be finished is
    /// removed.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let path = absolute(path)?;
        for suffix in ["-journal", "-wal", "-shm"] {
            // SQLite would delete these as left-overs; they may be all that is left of somebody's data.
            if fs::symlink_metadata(beside(&path, suffix)).is_ok() {
                return Err(Error::AlreadyExists);
            }
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => drop(file),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(Error::AlreadyExists),
            Err(e) => return Err(e.into()),
        }
        let made = fill(&path).and_then(|()| sync_directory(&path)).and_then(|()| Self::open_at(path.clone()));
        if made.is_err() {
            remove(&path);
        }
        made
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes a file that [`create`](Self::create) made and nobody has use of.
    pub(crate) fn discard(self) {
        let path = self.path.clone();
        drop(self);
        remove(&path);
    }

    /// Opens a file that [`create`](Self::create) made. A file that is refused is not changed.
    ///
    /// # Errors
    ///
    /// `Io(NotFound)`; `Malformed(NotAFile)` for a link, a directory or a device; `NotASpace`;
    /// `NeedsNewerLibrary`; `PreRelease`; `Busy`; `Io(PermissionDenied)` if it cannot be written.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::open_at(absolute(path)?)
    }

    pub(super) fn open_at(path: PathBuf) -> Result<Self> {
        let meta = fs::symlink_metadata(&path)?;
        if !meta.is_file() {
            return Err(Error::Malformed(Malformed::NotAFile));
        }
        // SQLite would roll a journal back into the file; our files never have one.
        if meta.len() < 512 || length(&beside(&path, "-journal")) > 0 {
            return Err(Error::NotASpace);
        }
        let logged = length(&beside(&path, "-wal")) > 0;
        let at_open = |e| match engine_error(&e) {
            Error::Corrupt(_) => Error::NotASpace,
            e => e,
        };
        let conn = schema::connect(&path, WAIT).map_err(at_open)?;
        // Closing must not move a foreign log into a file that is then refused.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, logged).map_err(at_open)?;
        let cookie = schema::check(&conn).map_err(at_open)??;
        if conn.is_readonly("main").map_err(at_open)? {
            return Err(Error::Io(ErrorKind::PermissionDenied));
        }
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(at_open)?;
        let storage = Self {
            path,
            wait: WAIT,
            process: AtomicU32::new(std::process::id()),
            cookie: AtomicI64::new(cookie),
            failed: AtomicBool::new(false),
            released: AtomicBool::new(false),
            log_pages: Arc::new(AtomicI32::new(0)),
            readers: Mutex::new(Vec::new()),
            writer: Mutex::new(Writer::default()),
            writer_free: Condvar::new(),
        };
        lock(&storage.writer).idle = Some(storage.as_writer(conn)?);
        Ok(storage)
    }

    /// A further connection to the same file, checked like the first.
    pub(super) fn connect(&self) -> Result<Connection> {
        let conn = schema::connect(&self.path, self.wait).map_err(|e| engine_error(&e))?;
        schema::check(&conn).map_err(|e| engine_error(&e))??;
        schema::settle(&conn).map_err(|e| engine_error(&e))?;
        Ok(conn)
    }

    fn as_writer(&self, conn: Connection) -> Result<Connection> {
        let mut conn = conn;
        schema::settle(&conn).map_err(|e| engine_error(&e))?;
        let pages = Arc::clone(&self.log_pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, n| {
            pages.store(n, Ordering::Relaxed);
            Ok(())
        }))
        .map_err(|e| engine_error(&e))?;
        Ok(conn)
    }

    /// Whether this handle may still be used.
    pub(super) fn usable(&self) -> Result<()> {
        if self.crossed_fork() {
            return Err(Error::ForkedProcess);
        }
        if self.failed.load(Ordering::SeqCst) {
            return Err(Error::Io(ErrorKind::Other));
        }
        Ok(())
    }

    fn crossed_fork(&self) -> bool {
        self.process.load(Ordering::Relaxed) != std::process::id()
    }

    /// Maps an error; one of input or output while writing ends the handle. After a failed `fsync`
    /// the kernel may have dropped the pages and call the next one good, so nothing is retried
    /// (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
    pub(super) fn write_error(&self, e: &rusqlite::Error) -> Error {
        let e = engine_error(e);
        if matches!(e, Error::Io(_)) {
            self.failed.store(true, Ordering::SeqCst);
        }
        e
    }

    /// Takes the writing connection, waiting for another thread until `deadline`.
    fn take_writer(&self, deadline: Instant) -> Result<Connection> {
        let mut writer = lock(&self.writer);
        while writer.taken {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Busy);
            }
            writer = self.writer_free.wait_timeout(writer, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        writer.taken = true;
        let idle = writer.idle.take();
        drop(writer);
        let conn = match idle {
            Some(conn) => Ok(conn),
            None => self.connect().and_then(|c| self.as_writer(c)),
        };
        conn.inspect_err(|_| self.give_back(Kind::Write, None))
    }

    /// Takes a connection back; `None` if it is not fit to be used again.
    pub(super) fn give_back(&self, kind: Kind, conn: Option<Connection>) {
        if self.crossed_fork() {
            // Closing would act on the parent's locks and log; the child lets it leak.
            Box::leak(Box::new(conn));
            return;
        }
        let conn = conn.filter(|_| !self.released.load(Ordering::SeqCst));
        match kind {
            Kind::Read => {
                let mut readers = lock(&self.readers);
                if let Some(conn) = conn.filter(|_| readers.len() < IDLE_READERS) {
                    readers.push(conn);
                }
            }
            Kind::Write => {
                let mut writer = lock(&self.writer);
                writer.idle = conn;
                writer.taken = false;
                drop(writer);
                self.writer_free.notify_one();
            }
        }
    }

    /// Fixes the snapshot of a transaction that has just begun, and sees that the tables are still
    /// the ones that were checked.
    fn fix_snapshot(&self, conn: &Connection) -> Result<()> {
        let mut statement = conn.prepare_cached("PRAGMA schema_version").map_err(|e| engine_error(&e))?;
        let cookie: i64 = statement.query_row([], |r| r.get(0)).map_err(|e| engine_error(&e))?;
        if cookie != self.cookie.load(Ordering::Relaxed) {
            self.cookie.store(schema::check(conn).map_err(|e| engine_error(&e))??, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Empties a long log. SQLite would do the same by itself, but swallow an error of `fsync`.
    pub(super) fn after_commit(&self, conn: &Connection) {
        if self.log_pages.load(Ordering::Relaxed) >= LOG_PAGES
            && let Err(e) = conn.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::PASSIVE)
        {
            // The commit stands; what failed is told to whoever comes next.
            self.write_error(&e);
        }
    }

    /// Does `first` under the write lock of this handle, then empties the log.
    fn empty_log(&self, first: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<bool> {
        self.usable()?;
        let deadline = Instant::now() + self.wait;
        let conn = match self.take_writer(deadline) {
            Err(Error::Busy) => return Ok(false),
            other => other?,
        };
        let done = conn
            .busy_timeout(deadline.saturating_duration_since(Instant::now()))
            .and_then(|()| first(&conn))
            .and_then(|()| conn.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::TRUNCATE))
            .map_err(|e| self.write_error(&e));
        self.give_back(Kind::Write, Some(conn).filter(Connection::is_autocommit));
        match done {
            Ok(_) => {
                self.log_pages.store(0, Ordering::Relaxed);
                Ok(true)
            }
            Err(Error::Busy) => Ok(false),
            Err(e) => Err(e),
        }
    }

    #[cfg(test)]
    pub(crate) fn set_wait(&mut self, wait: Duration) {
        self.wait = wait;
    }

    /// As if the disk were full from so many pages on; 0 lifts it.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        let pages = if pages == 0 { u32::MAX } else { pages };
        let writer = lock(&self.writer);
        writer.idle.as_ref().unwrap().query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(())).unwrap();
    }

    #[cfg(test)]
    pub(super) fn set_process(&self, id: u32) {
        self.process.store(id, Ordering::Relaxed);
    }
}

impl Storage for Sqlite {
    fn release_file(&self) {
        if self.crossed_fork() {
            return;
        }
        self.released.store(true, Ordering::SeqCst);
        // Whatever was given back before that is here; what comes after it is not kept.
        drop(core::mem::take(&mut *lock(&self.readers)));
        drop(lock(&self.writer).idle.take());
    }

    fn begin_read(&self) -> Result<Box<dyn ReadTxn + '_>> {
        self.usable()?;
        let idle = lock(&self.readers).pop();
        let conn = idle.map_or_else(|| self.connect(), Ok)?;
        begin(&conn, "BEGIN DEFERRED").map_err(|e| engine_error(&e))?;
        let txn = Txn::new(self, conn, Kind::Read);
        self.fix_snapshot(txn.conn()?)?;
        Ok(Box::new(txn))
    }

    fn begin_write(&self) -> Result<Box<dyn WriteTxn + '_>> {
        self.usable()?;
        let deadline = Instant::now() + self.wait;
        let conn = self.take_writer(deadline)?;
        let begun = conn
            .busy_timeout(deadline.saturating_duration_since(Instant::now()))
            .and_then(|()| begin(&conn, "BEGIN IMMEDIATE"));
        if let Err(e) = begun {
            self.give_back(Kind::Write, Some(conn).filter(Connection::is_autocommit));
            return Err(self.write_error(&e));
        }
        let txn = Txn::new(self, conn, Kind::Write);
        // The handle may have failed while this thread waited.
        self.usable()?;
        self.fix_snapshot(txn.conn()?)?;
        Ok(Box::new(txn))
    }

    fn row_under(&self, heads: &[HeadSeen; 2], scope: &ScopeId, number: u64, out: &mut Vec<u8>) -> Result<Under> {
        self.usable()?;
        let idle = lock(&self.readers).pop();
        let conn = idle.map_or_else(|| self.connect(), Ok)?;
        // One statement outside a transaction is a snapshot of its own.
        let found = row_under(&conn, heads, scope, number, out);
        self.give_back(Kind::Read, Some(conn));
        found
    }

    fn checkpoint(&self) -> Result<bool> {
        self.empty_log(|_| Ok(()))
    }

    fn copy_to(&self, to: &Path, watch: &super::Watch) -> Result<u64> {
        self.copy_live(to, watch)
    }

    fn look_at(&self, look: &mut dyn FnMut(&[u8])) -> Result<bool> {
        self.look_at_pages(look)
    }

    fn scrub(&self) -> Result<bool> {
        self.empty_log(|conn| {
            // VACUUM builds the new file in a database that it attaches, in memory.
            let cached = room_for_all(conn)?;
            conn.set_limit(SqlLimit::SQLITE_LIMIT_ATTACHED, 1)?;
            let done = conn.execute_batch("VACUUM");
            conn.set_limit(SqlLimit::SQLITE_LIMIT_ATTACHED, 0)?;
            if cached {
                schema::cache(conn, CACHE_KIB)?;
            }
            done
        })
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if self.crossed_fork() {
            Box::leak(Box::new((std::mem::take(&mut *lock(&self.readers)), lock(&self.writer).idle.take())));
        }
    }
}

impl core::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}

/// Whether a connection was given a page cache for the whole file: what VACUUM has read is then there when it is
/// written over, and not read again.
fn room_for_all(conn: &Connection) -> rusqlite::Result<bool> {
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |r| r.get(0))?;
    // With what the engine keeps beside each page.
    let kib = i32::try_from(pages).unwrap_or(i32::MAX).saturating_mul(PAGE_KIB);
    let fits = (CACHE_KIB..=SCRUB_KIB).contains(&kib);
    if fits {
        schema::cache(conn, kib)?;
    }
    Ok(fits)
}

fn begin(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// Every value under our locks is whole at any moment, so a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The absolute path, with links in its directories followed but not in its last part: on some
/// systems the directory for temporary files is behind a link.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().ok_or(Error::Malformed(Malformed::NotAFile))?;
    let path = std::path::absolute(path)?;
    let directory = path.parent().ok_or(Error::Malformed(Malformed::NotAFile))?;
    Ok(fs::canonicalize(directory)?.join(name))
}

/// Removes a file with what the engine put beside it; whoever calls has an error to report already.
pub(super) fn remove(path: &Path) {
    for suffix in ["-wal", "-shm", ""] {
        let _ = fs::remove_file(beside(path, suffix));
    }
}

/// The path of a file that SQLite keeps beside the main one.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

pub(super) fn length(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |m| m.len())
}

fn fill(path: &Path) -> Result<()> {
    let conn = schema::connect(path, WAIT).map_err(|e| engine_error(&e))?;
    schema::create(&conn).map_err(|e| engine_error(&e))?;
    conn.close().map_err(|(_, e)| engine_error(&e))
}

/// Makes the file's name durable. Where a directory cannot be synchronised there is nothing to ask.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        match fs::File::open(directory).and_then(|d| d.sync_all()) {
            Err(e) if !matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => return Err(e.into()),
            _ => {}
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The engine's error as ours. Its text is never kept: it can name tables, paths and values.
pub(super) fn engine_error(e: &rusqlite::Error) -> Error {
    let Some(e) = e.sqlite_error() else {
        return match e {
            // A column of another type than the one we write.
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => Error::Corrupt(Part::File),
            rusqlite::Error::InvalidPath(_) | rusqlite::Error::NulError(_) => Error::Malformed(Malformed::NotAFile),
            _ => Error::Storage(ffi::SQLITE_MISUSE),
        };
    };
    match (e.code, e.extended_code) {
        (_, ffi::SQLITE_CANTOPEN_SYMLINK | ffi::SQLITE_CANTOPEN_ISDIR) => Error::Malformed(Malformed::NotAFile),
        (_, ffi::SQLITE_READONLY_DBMOVED) => Error::Io(ErrorKind::NotFound),
        (_, ffi::SQLITE_IOERR_NOMEM) => Error::Storage(e.extended_code),
        (ErrorCode::DiskFull, _) => Error::DiskFull,
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Busy,
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Error::Corrupt(Part::File),
        (ErrorCode::PermissionDenied | ErrorCode::ReadOnly, _) => Error::Io(ErrorKind::PermissionDenied),
        (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen, _) => Error::Io(ErrorKind::Other),
        (ErrorCode::TooBig, _) => Error::TooLarge(Limit::Capacity),
        (_, code) => Error::Storage(code),
    }
}

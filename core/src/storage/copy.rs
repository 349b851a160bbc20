//! Whole copies of the file: one made while it is in use, one taken up to become a space again.
//!
//! A copy is written under a name of its own and gets its name once it is durable, in one step and
//! never over another file. What a killed process leaves ends in `.part`.

use super::Storage as _;
use super::schema::{APPLICATION_ID, BACKUP_ID, application_id};
use super::sqlite::{Sqlite, absolute, beside, engine_error, length, remove, sync_directory};
use crate::environment::{Cancel, OnProgress, Progress};
use crate::error::{Error, Malformed, Result};
use rusqlite::limits::Limit as SqlLimit;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// SQLite's own instructions between two looks at the host: about a hundred rows.
const STEPS: std::ffi::c_int = 500;
/// Bytes that are copied between two looks at the host.
const CHUNK: usize = 1 << 20;
/// Where the header of a SQLite file says how it is journalled (twice) and whose it is.
const JOURNAL: u64 = 18;
const APPLICATION: u64 = 68;
/// Write-ahead log, for readers and for writers.
const WAL: [u8; 2] = [2, 2];
const NO_WAL: [u8; 2] = [1, 1];
const NO_FILE: Error = Error::Malformed(Malformed::NotAFile);

/// Who is told how far a copy has come, and who may stop it.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    pub(crate) progress: Option<OnProgress>,
    pub(crate) cancel: Cancel,
}

impl Watch {
    /// Tells; whether to go on.
    pub(super) fn goes_on(&self, done: u64, total: u64) -> bool {
        if let Some(f) = &self.progress {
            f(Progress::new(done, Some(total), 0));
        }
        !self.cancel.is_cancelled()
    }
}

/// A file under way. Dropped before it was finished, it is removed.
pub(crate) struct Draft {
    here: PathBuf,
    to: PathBuf,
}

impl Draft {
    /// An empty file beside the one that it is to become, for its owner only.
    pub(super) fn new(to: &Path) -> Result<Self> {
        let to = absolute(to)?;
        for suffix in ["", "-journal", "-wal", "-shm"] {
            if fs::symlink_metadata(beside(&to, suffix)).is_ok() {
                return Err(Error::AlreadyExists);
            }
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        for n in 0..u16::MAX {
            let here = beside(&to, &format!(".{}-{n}.part", std::process::id()));
            match options.open(&here) {
                Ok(_) => return Ok(Self { here, to }),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(Error::AlreadyExists)
    }

    /// The file as an engine; to be dropped before it is finished.
    pub(crate) fn open(&self) -> Result<Sqlite> {
        Sqlite::open_at(self.here.clone())
    }

    pub(super) fn here(&self) -> &Path {
        &self.here
    }

    /// Lets it be opened as a space.
    pub(super) fn as_space(&self) -> Result<()> {
        self.stamp(JOURNAL, &WAL)?;
        self.stamp(APPLICATION, &APPLICATION_ID.to_be_bytes())
    }

    /// Says in the header that it is a backup, which has no log beside it, and gives it its name.
    pub(crate) fn finish_backup(self, watch: &Watch) -> Result<u64> {
        if length(&beside(&self.here, "-wal")) > 0 {
            return Err(Error::Busy);
        }
        self.stamp(JOURNAL, &NO_WAL)?;
        self.stamp(APPLICATION, &BACKUP_ID.to_be_bytes())?;
        let bytes = self.finish()?;
        watch.goes_on(bytes, bytes);
        Ok(bytes)
    }

    /// Overwrites bytes of the header. Nobody has the file open.
    fn stamp(&self, at: u64, bytes: &[u8]) -> Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.here)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        Ok(())
    }

    /// Makes it durable and gives it its name; its length.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` where the name was taken meanwhile; `Busy` where an engine still holds it.
    pub(crate) fn finish(self) -> Result<u64> {
        if length(&beside(&self.here, "-wal")) > 0 {
            return Err(Error::Busy);
        }
        let file = OpenOptions::new().write(true).open(&self.here)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        drop(file);
        // A second name is refused where there is one already; renaming would replace it.
        match fs::hard_link(&self.here, &self.to) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(Error::AlreadyExists),
            Err(e) if fs::symlink_metadata(&self.to).is_ok() => return Err(e.into()),
            // A file system without second names.
            Err(_) => fs::rename(&self.here, &self.to)?,
        }
        if let Err(e) = sync_directory(&self.to) {
            remove(&self.to);
            return Err(e);
        }
        Ok(bytes)
    }

    /// As [`finish`](Self::finish), and opens it under its name; nothing is left where that fails.
    pub(crate) fn finish_and_open(self) -> Result<Sqlite> {
        let to = self.to.clone();
        self.finish()?;
        Sqlite::open_at(to.clone()).inspect_err(|_| remove(&to))
    }

    /// Takes up a backup: a copy of it that is a space.
    ///
    /// # Errors
    ///
    /// `NotASpace` for anything but a backup, a space too: where this process has it open, reading it
    /// by other means than the engine's would drop its locks. `AlreadyExists`, `Cancelled`.
    pub(crate) fn of_backup(from: &Path, to: &Path, watch: &Watch) -> Result<Self> {
        let from = absolute(from)?;
        let meta = fs::symlink_metadata(&from)?;
        if !meta.is_file() {
            return Err(NO_FILE);
        }
        let id = application_id(&from).map_err(|e| match engine_error(&e) {
            Error::Corrupt(_) => Error::NotASpace,
            e => e,
        })?;
        if id != BACKUP_ID || length(&beside(&from, "-journal")) > 0 {
            return Err(Error::NotASpace);
        }
        let draft = Self::new(to)?;
        let mut source = File::open(&from)?;
        let mut file = OpenOptions::new().write(true).open(&draft.here)?;
        let (mut buffer, mut done) = (vec![0; CHUNK], 0);
        loop {
            if !watch.goes_on(done, meta.len()) {
                return Err(Error::Cancelled);
            }
            let n = source.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            file.write_all(buffer.get(..n).ok_or(Error::Internal(120))?)?;
            done += n as u64;
        }
        drop(file);
        draft.as_space()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        remove(&self.here);
    }
}

impl Sqlite {
    /// `VACUUM INTO`: it reads one snapshot, holds up no writer and writes live rows alone, where the
    /// engine's copying of pages would carry over free pages and what deleted rows left in them.
    pub(super) fn copy_live(&self, to: &Path, watch: &Watch) -> Result<u64> {
        self.usable()?;
        let draft = Draft::new(to)?;
        let name = draft.here.to_str().ok_or(NO_FILE)?.to_owned();
        let mut conn = self.connect()?;
        let number = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, u32>(0));
        let size = || {
            let live = number("page_count")?.saturating_sub(number("freelist_count")?);
            Ok(u64::from(number("page_size")?) * u64::from(live))
        };
        let total = size().map_err(|e| engine_error(&e))?;
        let (told, file) = (watch.clone(), draft.here.clone());
        let copied = conn
            .progress_handler(STEPS, Some(move || !told.goes_on(length(&file).min(total), total)))
            .and_then(|()| conn.set_limit(SqlLimit::SQLITE_LIMIT_ATTACHED, 1).map(|_| ()))
            .and_then(|()| conn.execute("VACUUM INTO ?1", [name]).map(|_| ()));
        drop(conn);
        if watch.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        copied.map_err(|e| engine_error(&e))?;
        draft.finish_backup(watch)
    }

    /// By way of the engine: another descriptor of the file, once closed, would drop its locks.
    pub(super) fn look_at_pages(&self, look: &mut dyn FnMut(&[u8])) -> Result<bool> {
        if !self.checkpoint()? {
            return Ok(false);
        }
        let mut conn = self.connect()?;
        let pages = conn.serialize(rusqlite::MAIN_DB).map_err(|e| engine_error(&e))?;
        // Where something was written meanwhile, the log hides what lies below it in the file.
        if length(&beside(self.path(), "-wal")) > 0 {
            return Ok(false);
        }
        look(&pages);
        Ok(true)
    }
}

//! SQL engines: the same works over two schemas. Compiled here for plain SQLite and, outside the
//! workspace, for SQLCipher.
//!
//! naive: a JSON body per row, an index on code and time. best: bodies compressed with the same
//! dictionary as ours, a typed fact table that is its own covering index. Both number their rows,
//! read them by number, and keep a resource's id unique: what is stored twice is refused, as ours
//! does, and a reference finds its resource. Ours compares the content too, which they do not.

use crate::dataset::{Observation, Random, SYSTEM, code, observation};
use crate::measure::{Timer, figure};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::Path;
use zstd::bulk::{Compressor, Decompressor};

type Failure = Box<dyn std::error::Error>;

static DICTIONARY: &[u8] = include_bytes!("../../core/src/vault/dictionary-1.bin");

/// What was opened, and how it is laid out.
struct Engine {
    conn: Connection,
    best: bool,
}

/// Runs one work; `key` is the statement that gives the key, empty for plain SQLite.
pub(crate) fn run(key: &str, best: bool, work: &str, file: &Path, n: u64) -> Result<(), Failure> {
    match work {
        "put" => put(key, best, file, n),
        "reads" => reads(&Engine::open(key, best, file)?, n),
        "one" => one(&Engine::open(key, best, file)?, n),
        "open" => open(key, best, file, n),
        other => Err(format!("no such work: {other}").into()),
    }
}

impl Engine {
    fn open(key: &str, best: bool, file: &Path) -> Result<Self, Failure> {
        let conn = Connection::open(file)?;
        conn.execute_batch(key)?;
        conn.set_prepared_statement_cache_capacity(40);
        // The same cache budget and durability as ours.
        conn.execute_batch("PRAGMA cache_size=-8192;PRAGMA temp_store=MEMORY")?;
        let mode: String = conn.query_row("PRAGMA journal_mode=WAL", [], |r| r.get(0))?;
        if mode != "wal" {
            return Err("no write-ahead log".into());
        }
        conn.execute_batch("PRAGMA synchronous=FULL;PRAGMA wal_autocheckpoint=2048")?;
        Ok(Self { conn, best })
    }

    fn create(&self) -> Result<(), Failure> {
        self.conn.execute_batch(
            "CREATE TABLE log(idx INTEGER PRIMARY KEY, at INTEGER NOT NULL, entry TEXT NOT NULL, previous BLOB)",
        )?;
        self.conn.execute_batch(if self.best {
            "CREATE TABLE record(id INTEGER PRIMARY KEY, fhir_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
             CREATE TABLE code(id INTEGER PRIMARY KEY, system TEXT NOT NULL, code TEXT NOT NULL, UNIQUE(system, code));
             CREATE TABLE fact(code INTEGER NOT NULL, at INTEGER NOT NULL, record INTEGER NOT NULL,
                 value REAL, unit TEXT, status INTEGER, PRIMARY KEY(code, at, record)) WITHOUT ROWID"
        } else {
            "CREATE TABLE observation(id INTEGER PRIMARY KEY, fhir_id TEXT NOT NULL UNIQUE, code TEXT, at INTEGER, body TEXT);
             CREATE INDEX observation_code_at ON observation(code, at)"
        })?;
        Ok(())
    }

    fn code_id(&self, code: &str) -> Result<i64, Failure> {
        let mut find = self.conn.prepare_cached("SELECT id FROM code WHERE system=? AND code=?")?;
        if let Some(id) = find.query_row([SYSTEM, code], |r| r.get(0)).optional()? {
            return Ok(id);
        }
        self.conn.prepare_cached("INSERT INTO code(system, code) VALUES(?,?)")?.execute([SYSTEM, code])?;
        Ok(self.conn.last_insert_rowid())
    }

    fn insert(&self, id: i64, o: &Observation, pack: &mut Compressor<'_>, buffer: &mut Vec<u8>) -> Result<(), Failure> {
        if !self.best {
            let sql = "INSERT INTO observation VALUES(?,?,?,?,?)";
            self.conn.prepare_cached(sql)?.execute(params![id, o.id, o.code, o.at, o.body])?;
            return Ok(());
        }
        buffer.clear();
        buffer.reserve(zstd::zstd_safe::compress_bound(o.body.len()));
        pack.compress_to_buffer(o.body.as_bytes(), buffer)?;
        self.conn.prepare_cached("INSERT INTO record VALUES(?,?,?)")?.execute(params![id, o.id, &*buffer])?;
        let code = self.code_id(o.code)?;
        let values = params![code, o.at, id, o.value as f64 / 100.0, o.unit, 2];
        self.conn.prepare_cached("INSERT INTO fact VALUES(?,?,?,?,?,?)")?.execute(values)?;
        Ok(())
    }

    fn body(&self, id: i64, unpack: &mut Decompressor<'_>) -> Result<usize, Failure> {
        let table =
            if self.best { "SELECT body FROM record WHERE id=?" } else { "SELECT body FROM observation WHERE id=?" };
        let mut read = self.conn.prepare_cached(table)?;
        if self.best {
            let packed: Vec<u8> = read.query_row([id], |r| r.get(0))?;
            Ok(unpack.decompress(&packed, 64 << 10)?.len())
        } else {
            Ok(read.query_row([id], |r| r.get::<_, String>(0))?.len())
        }
    }

    /// The last 100 of a code: of the naive schema the bodies, for it has no typed values.
    fn last_values(&self, code: &str) -> Result<usize, Failure> {
        if !self.best {
            let sql = "SELECT body FROM observation WHERE code=? ORDER BY at DESC LIMIT 100";
            let mut read = self.conn.prepare_cached(sql)?;
            let rows = read.query_map([code], |r| r.get::<_, String>(0))?;
            return Ok(rows.collect::<Result<Vec<_>, _>>()?.len());
        }
        let sql = "SELECT at, value, unit, status FROM fact WHERE code=? ORDER BY at DESC LIMIT 100";
        let mut read = self.conn.prepare_cached(sql)?;
        let rows = read.query_map([self.code_id(code)?], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, f64>(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(3)?))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.len())
    }

    fn last_bodies(&self, code: &str, unpack: &mut Decompressor<'_>) -> Result<usize, Failure> {
        if !self.best {
            return self.last_values(code);
        }
        let sql = "SELECT body FROM fact JOIN record ON record.id=fact.record WHERE code=? ORDER BY at DESC LIMIT 100";
        let mut read = self.conn.prepare_cached(sql)?;
        let rows = read.query_map([self.code_id(code)?], |r| r.get::<_, Vec<u8>>(0))?;
        let mut all = Vec::with_capacity(100);
        for packed in rows {
            all.push(unpack.decompress(&packed?, 64 << 10)?);
        }
        Ok(all.len())
    }
}

fn put(key: &str, best: bool, file: &Path, n: u64) -> Result<(), Failure> {
    let engine = Engine::open(key, best, file)?;
    engine.create()?;
    let mut pack = Compressor::with_dictionary(1, DICTIONARY)?;
    let mut buffer = Vec::new();
    // A million would not fit in memory: then making them is in the time, which nobody compares.
    let all: Vec<Observation> = if n <= 200_000 { (0..n).map(observation).collect() } else { Vec::new() };
    let timer = Timer::start();
    let mut id = 0;
    while id < n {
        engine.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for i in id..(id + 1000).min(n) {
            match all.get(i as usize) {
                Some(o) => engine.insert(i as i64 + 1, o, &mut pack, &mut buffer)?,
                None => engine.insert(i as i64 + 1, &observation(i), &mut pack, &mut buffer)?,
            }
        }
        engine.conn.prepare_cached("COMMIT")?.execute([])?;
        id += 1000;
    }
    timer.report("put", n);
    drop(engine);
    figure("size", std::fs::metadata(file)?.len() as f64);
    Ok(())
}

fn reads(engine: &Engine, n: u64) -> Result<(), Failure> {
    let mut unpack = Decompressor::with_dictionary(DICTIONARY)?;
    let mut random = Random::new(7);
    let mut bytes = 0;
    let mut some = |count: u64, random: &mut Random| -> Result<(), Failure> {
        for _ in 0..count {
            bytes += engine.body(random.below(n) as i64 + 1, &mut unpack)?;
        }
        Ok(())
    };
    some(5_000, &mut random)?;
    let timer = Timer::start();
    some(20_000, &mut random)?;
    timer.report("random", 20_000);
    if bytes == 0 {
        return Err("no bodies".into());
    }
    for round in 0..2 {
        let timer = Timer::start();
        for i in 0..320 {
            if engine.last_values(code(i))? != 100 {
                return Err("not 100 values".into());
            }
        }
        if round == 1 {
            timer.report("values", 320);
        }
    }
    for (name, rounds) in [("bodies-first", 32), ("bodies", 320)] {
        let timer = Timer::start();
        for i in 0..rounds {
            if engine.last_bodies(code(i), &mut unpack)? != 100 {
                return Err("not 100 bodies".into());
            }
        }
        timer.report(name, rounds);
    }
    Ok(())
}

/// One record and its line in a log, durable before the next.
fn one(engine: &Engine, n: u64) -> Result<(), Failure> {
    let mut pack = Compressor::with_dictionary(1, DICTIONARY)?;
    let mut buffer = Vec::new();
    let table = if engine.best { "record" } else { "observation" };
    let next: i64 = engine.conn.query_row(&format!("SELECT max(id)+1 FROM {table}"), [], |r| r.get(0))?;
    let all: Vec<Observation> = (0..n).map(|i| observation(next as u64 + i)).collect();
    let timer = Timer::start();
    for (i, o) in all.iter().enumerate() {
        engine.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        engine.insert(next + i as i64, o, &mut pack, &mut buffer)?;
        let log = "INSERT INTO log(at, entry, previous) VALUES(?,?,randomblob(32))";
        engine.conn.prepare_cached(log)?.execute(params![o.at, "record added"])?;
        engine.conn.prepare_cached("COMMIT")?.execute([])?;
    }
    timer.report("one", n);
    Ok(())
}

fn open(key: &str, best: bool, file: &Path, n: u64) -> Result<(), Failure> {
    let timer = Timer::start();
    let engine = Engine::open(key, best, file)?;
    let mut unpack = Decompressor::with_dictionary(DICTIONARY)?;
    engine.body(n as i64 / 2, &mut unpack)?;
    timer.report("open", 1);
    Ok(())
}

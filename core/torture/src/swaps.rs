//! Any two sealed rows of a file are exchanged, wherever they stand: refused.

use crate::crash::guarded;
use crate::flips::{read, space};
use crate::look;
use crate::report::{Broken, Report};
use crate::vfs::Disk;
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Something sealed or authenticated: a column of one row. Copies of heads and slots go together.
struct Cell {
    tables: &'static [&'static str],
    column: &'static str,
    /// Which row, by the engine's own means: `rowid`, or the key of a table without one.
    key: Vec<(&'static str, rusqlite::types::Value)>,
    value: Vec<u8>,
}

const COLUMNS: [(&[&str], &str, &[&str]); 7] = [
    (&["row"], "sealed", &["number"]),
    (&["ledger"], "sealed", &["number"]),
    (&["ledger"], "wrap", &["number"]),
    (&["ledger"], "nodes", &["number"]),
    (&["head", "head_copy"], "body", &["scope"]),
    (&["head", "head_copy"], "auth", &["scope"]),
    (&["slot", "slot_copy"], "body", &["id"]),
];

fn cells(conn: &Connection) -> rusqlite::Result<Vec<Cell>> {
    let mut all = Vec::new();
    for (tables, column, keys) in COLUMNS {
        let mut s = conn.prepare(&format!("SELECT {column},{} FROM {}", keys.join(","), tables[0]))?;
        let found = s.query_map([], |r| {
            let key = keys.iter().enumerate().map(|(i, k)| Ok((*k, r.get(i + 1)?))).collect::<rusqlite::Result<_>>()?;
            Ok(Cell { tables, column, key, value: r.get(0)? })
        })?;
        for c in found {
            all.push(c?);
        }
    }
    Ok(all)
}

fn put(conn: &Connection, cell: &Cell, value: &[u8]) -> rusqlite::Result<()> {
    for table in cell.tables {
        let at: Vec<String> = cell.key.iter().enumerate().map(|(i, (k, _))| format!("{k}=?{}", i + 2)).collect();
        let sql = format!("UPDATE {table} SET {}=?1 WHERE {}", cell.column, at.join(" AND "));
        let mut params: Vec<&dyn rusqlite::ToSql> = vec![&value];
        params.extend(cell.key.iter().map(|(_, v)| v as &dyn rusqlite::ToSql));
        assert_eq!(conn.prepare_cached(&sql)?.execute(&params[..])?, 1);
    }
    Ok(())
}

/// Whole rows, with version, class and group: only their numbers stay.
fn exchange_rows(conn: &Connection, a: &Cell, b: &Cell) -> rusqlite::Result<()> {
    let (a, b) = (&a.key[0].1, &b.key[0].1);
    for sql in [
        "UPDATE row SET number=-1 WHERE number=?1",
        "UPDATE row SET number=?1 WHERE number=?2",
        "UPDATE row SET number=?2 WHERE number=-1",
    ] {
        let mut s = conn.prepare_cached(sql)?;
        if s.parameter_count() == 1 {
            s.execute([a])?
        } else {
            s.execute([a, b])?
        };
    }
    Ok(())
}

/// Whether a look through the whole space tells of damage.
pub(crate) fn told(disk: &Disk, code: &str) -> bool {
    look::open(disk.path(), code).and_then(|s| s.check()).is_ok_and(|c| !c.is_whole())
}

/// One in so many pairs.
pub(crate) fn campaign(dir: &Path, stride: usize, jobs: usize, report: &Report) {
    let disk = Disk::new(&dir.join("swap.hs"));
    let (files, story) = space(&disk);
    let truth = read(&disk, files.clone(), &story).unwrap();
    disk.load(files.clone());
    let cells = cells(&Connection::open(disk.path()).unwrap()).unwrap();
    let sealed = cells.iter().filter(|c| c.column == "sealed").count();
    let pairs: Vec<(usize, usize)> = (0..cells.len()).flat_map(|a| (a + 1..cells.len()).map(move |b| (a, b))).collect();
    report.say(&format!(
        "{sealed} sealed rows, {} things to exchange, {} pairs, one in {stride}",
        cells.len(),
        pairs.len()
    ));
    assert!(sealed >= 200, "too few rows");
    let (files, story, truth, cells, pairs) = (&files, &story, &truth, &cells, &pairs);
    let unread = &AtomicU64::new(0);
    std::thread::scope(|s| {
        for j in 0..jobs {
            let disk = Disk::new(&dir.join(format!("swap-{j}.hs")));
            s.spawn(move || {
                for (a, b) in pairs.iter().skip(j * stride).step_by(stride * jobs) {
                    let (x, y) = (&cells[*a], &cells[*b]);
                    let both_rows = x.tables == ["row"] && y.tables == ["row"];
                    for whole in [false, true].into_iter().filter(|w| !w || both_rows) {
                        if report.stopped() {
                            return;
                        }
                        let verdict = guarded(|| {
                            disk.load(files.clone());
                            let conn = Connection::open(disk.path()).unwrap();
                            conn.execute_batch("PRAGMA synchronous=OFF;BEGIN").unwrap();
                            if whole {
                                exchange_rows(&conn, x, y).unwrap();
                            } else {
                                put(&conn, x, &y.value).unwrap();
                                put(&conn, y, &x.value).unwrap();
                            }
                            conn.execute_batch("COMMIT").unwrap();
                            drop(conn);
                            match read(&disk, disk.files(), story) {
                                Ok(l) if l != *truth => Err(Broken::Wrong),
                                // No call reads it today; whoever looks through the space is told.
                                Ok(_) if told(&disk, &story.code) => {
                                    unread.fetch_add(1, Relaxed);
                                    Ok(())
                                }
                                Ok(_) => Err(Broken::Unnoticed(format!(
                                    "{:?} {:?} for {:?} {:?}, whole {whole}",
                                    x.tables[0], x.key, y.tables[0], y.key
                                ))),
                                Err(_) => Ok(()),
                            }
                        });
                        report.state(false);
                        if let Err(broken) = verdict {
                            report.broken(&broken, "exchange", &disk.files(), &story.code);
                        }
                    }
                }
            });
        }
    });
    report.say(&format!("{} of them told by `check` alone", unread.load(Relaxed)));
}

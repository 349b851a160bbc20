//! Images of the files after every write since a space was made, given to whoever the levels of erasure are
//! about: none opens what was erased, and where nothing is claimed all of them do.

use crate::crash::guarded;
use crate::history::History;
use crate::look::{env, gesture, model};
use crate::report::{Broken, Report};
use crate::vfs::{Disk, Files, Op};
use healthspace::catalog::Query;
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{
    DestroyProof, Erase, ErasureLevel, Error, HealthSpace, KdfParams, KeyStore, KeyStoreClass, Purpose, RecordId,
    Result, Unlock,
};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A keystore that keeps its word.
#[derive(Default)]
pub(crate) struct Device(Mutex<(u8, BTreeMap<u8, [u8; 32]>)>);

impl KeyStore for Device {
    fn create(&self) -> Result<Vec<u8>> {
        let mut keys = self.0.lock().unwrap();
        keys.0 += 1;
        let (name, key) = (keys.0, std::array::from_fn(|i| (i as u8).wrapping_mul(keys.0) ^ 0x5a));
        keys.1.insert(name, key);
        Ok(vec![name])
    }

    fn wrap(&self, key: &[u8], secret: &[u8; 32]) -> Result<Vec<u8>> {
        let keys = self.0.lock().unwrap();
        let mask = key.first().and_then(|name| keys.1.get(name)).ok_or(Error::NotFound)?;
        Ok(secret.iter().zip(mask).map(|(s, m)| s ^ m).collect())
    }

    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        let keys = self.0.lock().unwrap();
        let mask = key.first().and_then(|name| keys.1.get(name)).ok_or(Error::NotFound)?;
        Ok(zeroize::Zeroizing::new(wrapped.iter().zip(mask).map(|(s, m)| s ^ m).collect()))
    }

    fn destroy(&self, key: &[u8]) -> Result<DestroyProof> {
        let mut keys = self.0.lock().unwrap();
        key.first().and_then(|name| keys.1.remove(name));
        Ok(DestroyProof { rollback_resistant: true, evidence: vec![1] })
    }

    fn class(&self) -> KeyStoreClass {
        KeyStoreClass::Hardware
    }
}

/// What whoever has an image has besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Passphrase,
    Device,
    Code,
}

/// A level of an erasure, and what came of it.
struct Played {
    level: ErasureLevel,
    device: Arc<Device>,
    code: String,
    /// Every image, with what was done before it.
    images: Vec<(usize, Files)>,
    /// After which and before which operation an image holds what was erased, and whoever may open it reads it.
    held: (usize, usize),
    /// Sealed rows that are gone since the erasure.
    rows: Vec<Vec<u8>>,
}

impl Played {
    fn way(&self, who: Who) -> Unlock {
        let device = || Arc::<Device>::clone(&self.device);
        match who {
            Who::Passphrase => words(&self.device),
            Who::Device => Unlock::keystore(device()),
            Who::Code => {
                let code = Unlock::recovery_code(&self.code).unwrap();
                if self.level == ErasureLevel::CopiesByDevice { code.with_device(device()) } else { code }
            }
        }
    }

    /// Whether the level says of an older image that this one does not open it.
    fn claims(&self, who: Who) -> bool {
        match self.level {
            ErasureLevel::CopiesButByCode => who != Who::Code,
            level => level > ErasureLevel::CopiesButByCode,
        }
    }
}

fn words(device: &Arc<Device>) -> Unlock {
    Unlock::passphrase("one").with_device(Arc::<Device>::clone(device)).with_cost(KdfParams::FLOOR)
}

const DOOMED: usize = 5;

fn file(from: u32, word: &str) -> Vec<u8> {
    let one = |n: u32| {
        format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"{n}","status":"final","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"text":"{word}"}},"effectiveDateTime":"2026-01-05"}}}}"#
        )
    };
    let all: Vec<String> = (from..from + DOOMED as u32).map(one).collect();
    format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, all.join(",")).into()
}

/// Sealed rows as they stand in the file.
fn rows(path: &Path) -> Vec<Vec<u8>> {
    let conn = Connection::open(path).unwrap();
    let mut s = conn.prepare("SELECT sealed FROM row").unwrap();
    s.query_map([], |r| r.get(0)).unwrap().map(|r| r.unwrap()).collect()
}

/// Makes a space, erases some of it as far as `level` says, and goes on.
fn play(disk: &Disk, level: ErasureLevel) -> Played {
    disk.forget();
    let _ = std::fs::remove_file(disk.path());
    disk.record();
    let device: Arc<Device> = Arc::default();
    let bound = level == ErasureLevel::CopiesByDevice;
    let make = if bound { HealthSpace::create_bound_to_device } else { HealthSpace::create };
    let (space, code) = make(disk.path(), &words(&device), env()).unwrap();
    space.add_way_in(&words(&device), &Unlock::keystore(Arc::<Device>::clone(&device))).unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
    let ask = ask.recipient(model().unwrap());
    ask.notice("en").unwrap();
    ask.confirm(gesture()).unwrap();
    let health = space.partition("health").unwrap();
    let import = |from, word| health.import(Source::bytes(file(from, word)).unwrap()).unwrap();
    import(100, "doomed");
    disk.acknowledge(1);
    import(200, "kept");
    let doomed: Vec<RecordId> = found(&space).unwrap();
    assert_eq!(doomed.len(), DOOMED);
    let before = rows(disk.path());
    disk.acknowledge(2);
    // At E0 somebody reads meanwhile: the log keeps what they read.
    let reader = (level == ErasureLevel::NotShown).then(|| {
        let conn = Connection::open(disk.path()).unwrap();
        conn.execute_batch("BEGIN").unwrap();
        conn.query_row("SELECT count(*) FROM row", [], |_| Ok(())).unwrap();
        conn
    });
    let done = health.erase(&Erase::Records(doomed), gesture()).unwrap();
    let space = if level > ErasureLevel::FileErased {
        let others = Unlock::keystore(Arc::<Device>::clone(&device));
        let done = space.erase_from_copies(&words(&device), &[&others], gesture()).unwrap();
        assert_eq!(done.destroyed.unwrap().level, level);
        done.space
    } else {
        assert_eq!(done.level, level);
        space
    };
    let after = rows(disk.path());
    if level != ErasureLevel::NotShown {
        space.partition("health").unwrap().import(Source::bytes(file(300, "later")).unwrap()).unwrap();
    }
    let ops = disk.recorded();
    drop((reader, space, health));
    let mut images: Vec<(usize, Files)> = Vec::new();
    let mut h = History::empty();
    let (mut held, mut acknowledged) = ((0, 0), 0);
    for (i, op) in ops.iter().enumerate() {
        h.follow(op);
        match op {
            Op::Acknowledged(step) => {
                acknowledged = *step;
                if *step == 1 { held.0 = i } else { held.1 = i }
            }
            Op::Sync(..) => {}
            _ => images.push((i, h.whole())),
        }
    }
    assert_eq!(acknowledged, 2);
    let rows = before.into_iter().filter(|r| !after.contains(r)).collect();
    Played { level, device, code: code.reveal().to_string(), images, held, rows }
}

/// Records that say the word.
fn found(space: &HealthSpace) -> Result<Vec<RecordId>> {
    let all = Query::default();
    let session = space.session(model()?, Purpose::PatientRequest)?;
    let reader = match session.reader(&all, 1_000_000) {
        Err(Error::Denied) => return Ok(Vec::new()),
        other => other?,
    };
    let mut doomed = Vec::new();
    for fact in reader.facts(&all)? {
        if holds(&reader.body(fact.record)?, b"doomed") {
            doomed.push(fact.record);
        }
    }
    Ok(doomed)
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

/// How many of the doomed open.
fn tries(disk: &Disk, files: &Files, way: &Unlock) -> usize {
    disk.load(files.clone());
    let opened = HealthSpace::open(disk.path(), way, env());
    opened.and_then(|space| found(&space)).map_or(0, |all| all.len())
}

fn judge(p: &Played, at: usize, n: usize, who: Who) -> std::result::Result<(), Broken> {
    let held = (p.held.0..=p.held.1).contains(&at);
    let expected = if p.claims(who) { 0 } else { DOOMED };
    if n != expected && (held || p.claims(who)) {
        return Err(Broken::Erasure(format!("{}: {who:?} opens {n} after operation {at}", p.level.name())));
    }
    Ok(())
}

/// The file as it is at the end: what is left in its bytes, and in every state that its log still holds.
fn as_it_is(p: &Played, disk: &Disk) -> std::result::Result<(), Broken> {
    let (_, files) = p.images.last().unwrap();
    let everything = [&files.main[..], files.log.as_deref().unwrap_or(&[])].concat();
    let left = p.rows.iter().filter(|row| holds(&everything, &row[..24])).count();
    let mut opened = 0;
    let log = files.log.clone().unwrap_or_default();
    // A header of 32 bytes, and frames of a page with 24 before it.
    let mut ends: Vec<usize> = (32..=log.len()).step_by(24 + 4096).collect();
    ends.push(0);
    for end in ends {
        let files = Files { main: files.main.clone(), log: (end > 0).then(|| log[..end].to_vec()) };
        opened = opened.max(tries(disk, &files, &words(&p.device)));
    }
    let hidden = p.level == ErasureLevel::NotShown;
    // What is erased from copies is left where it lay, and opens no more.
    let swept = p.level == ErasureLevel::FileErased;
    if p.rows.len() < 3 || hidden && (left == 0 || opened != DOOMED) || swept && left > 0 || !hidden && opened > 0 {
        let (name, all) = (p.level.name(), p.rows.len());
        return Err(Broken::Erasure(format!(
            "{name}, the file as it is: {left} of {all} rows are left, {opened} open"
        )));
    }
    Ok(())
}

/// One in so many images.
pub(crate) fn campaign(dir: &Path, stride: usize, jobs: usize, report: &Report) {
    let levels =
        [ErasureLevel::NotShown, ErasureLevel::FileErased, ErasureLevel::CopiesButByCode, ErasureLevel::CopiesByDevice];
    let disk = Disk::new(&dir.join("erasure.hs"));
    for level in levels {
        let played = play(&disk, level);
        report.say(&format!("{}: {} images, one in {stride}", level.name(), played.images.len()));
        if let Err(broken) = guarded(|| as_it_is(&played, &disk)) {
            report.broken(&broken, "as it is", &played.images.last().unwrap().1, &played.code);
        }
        let p = &played;
        std::thread::scope(|s| {
            for j in 0..jobs {
                let disk = Disk::new(&dir.join(format!("erasure-{j}.hs")));
                s.spawn(move || {
                    for (at, files) in p.images.iter().skip(j * stride).step_by(stride * jobs) {
                        let log = files.log.as_deref().unwrap_or(&[]);
                        let plain = [&files.main[..], log].iter().any(|b| holds(b, b"doomed"));
                        for who in [Who::Passphrase, Who::Device, Who::Code] {
                            if report.stopped() {
                                return;
                            }
                            let verdict = guarded(|| {
                                if plain {
                                    return Err(Broken::Erasure("in plain text".into()));
                                }
                                judge(p, *at, tries(&disk, files, &p.way(who)), who)
                            });
                            report.state(false);
                            if let Err(broken) = verdict {
                                report.broken(&broken, "erasure", files, &p.code);
                            }
                        }
                    }
                });
            }
        });
    }
}

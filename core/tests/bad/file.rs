//! Files that are none, that vanish, and that change under the reader.

use super::common::*;
use healthspace::import::Source;
use healthspace::{Environment, Error, Malformed};
use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[test]
fn what_is_no_file_is_refused() {
    let room = Room::new();
    let at = |name: &str| room.dir.path().join(name);
    std::fs::write(at("empty.json"), b"").unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    let e = room.refuses(Source::open(at("empty.json")));
    assert!(matches!(e, Error::Malformed(Malformed::Empty)));
    assert!(matches!(room.refuses(Source::bytes(b"")), Error::Malformed(Malformed::Empty)));
    assert!(matches!(room.refuses(Source::open(at("folder"))), Error::Malformed(Malformed::NotAFile)));
    assert!(matches!(room.refuses(Source::open(at("nowhere"))), Error::Io(ErrorKind::NotFound)));
    #[cfg(unix)]
    {
        assert!(matches!(room.refuses(Source::open("/dev/null")), Error::Malformed(Malformed::NotAFile)));
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        assert!(matches!(room.refuses(Source::open(at("dangling"))), Error::Io(ErrorKind::NotFound)));
        std::os::unix::fs::symlink(at("folder"), at("link")).unwrap();
        assert!(matches!(room.refuses(Source::open(at("link"))), Error::Malformed(Malformed::NotAFile)));
        // A pipe without a writer: asked about, never waited for.
        if std::process::Command::new("mkfifo").arg(at("pipe")).status().is_ok_and(|s| s.success()) {
            assert!(matches!(room.refuses(Source::open(at("pipe"))), Error::Malformed(Malformed::NotAFile)));
        } else {
            println!("SKIPPED: no mkfifo");
        }
    }
    // The space itself is no health file.
    assert!(matches!(room.refuses(Source::open(&room.file)), Error::Malformed(Malformed::UnknownFormat)));
}

/// A file that is another one from its nth reading on.
struct Shifty {
    of: [Cursor<Vec<u8>>; 2],
    rewinds: u32,
    from: u32,
}

impl Shifty {
    fn now(&mut self) -> &mut Cursor<Vec<u8>> {
        &mut self.of[usize::from(self.rewinds >= self.from)]
    }
}

impl Read for Shifty {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.now().read(out)
    }
}

impl Seek for Shifty {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        if to == SeekFrom::Start(0) {
            self.rewinds += 1;
        }
        self.now().seek(to)
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_leaves_nothing() {
    let big = |n: &str| bundle(&(0..1500).map(|i| observation(i, &value(n))).collect::<Vec<_>>());
    let (one, other) = (big("1"), big("2"));
    let mut outcomes = Vec::new();
    // Another content of the same length, a shorter file, nothing at all.
    for changed in [other, one[..one.len() / 2].to_owned(), String::new()] {
        for from in 2..6 {
            let room = Room::new();
            let of = [one.clone(), changed.clone()].map(|f| Cursor::new(f.into_bytes()));
            let before = room.mark();
            let done = room.health().import(Source::reader(Shifty { of, rewinds: 0, from }).unwrap());
            outcomes.push(done.is_ok());
            match done {
                Ok(report) => assert_eq!(report.imported(), 1500),
                Err(e) => {
                    assert!(matches!(e, Error::InputChanged | Error::Malformed(_)), "{e:?}");
                    let health = room.health();
                    assert_eq!((health.stats().unwrap().facts, health.stats().unwrap().records), (0, 0));
                    assert!(health.sources().unwrap().is_empty() && health.staged_imports().unwrap().is_empty());
                    // At most a line of the log says that it was tried.
                    assert!(room.mark() == before || discarded(&room.space) == 1);
                }
            }
        }
    }
    assert!(outcomes.iter().filter(|ok| !**ok).count() >= 6, "{outcomes:?}");
}

#[test]
fn a_file_that_is_deleted_or_cut_while_it_is_read() {
    let text = bundle(&(0..3000).map(|i| observation(i, &value("1"))).collect::<Vec<_>>());
    for cut in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("in.json");
        std::fs::write(&path, &text).unwrap();
        let (calls, at) = (Arc::new(AtomicU32::new(0)), path.clone());
        let env = Environment {
            progress: Some(Arc::new(move |p| {
                if p.records > 0 && calls.fetch_add(1, Ordering::SeqCst) == 0 {
                    match cut {
                        true => std::fs::OpenOptions::new().write(true).open(&at).unwrap().set_len(1000).unwrap(),
                        false => std::fs::remove_file(&at).unwrap(),
                    }
                }
            })),
            ..env()
        };
        let room = Room::with(env);
        let done = room.health().import(Source::open(&path).unwrap());
        if cut {
            assert!(matches!(done, Err(Error::InputChanged)), "{done:?}");
            assert_eq!(room.health().stats().unwrap().facts, 0);
            assert!(room.health().staged_imports().unwrap().is_empty());
        } else if cfg!(unix) {
            // What is open stays readable, whatever its name has become.
            assert_eq!(done.unwrap().imported(), 3000);
        }
    }
}

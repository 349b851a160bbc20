//! Documents come back byte for byte: the slices that became records, and the envelope around.

use super::common::*;
use healthspace::import::Source;
use healthspace::{Error, HealthSpace, LogOf, SourceId, verify_receipt};

fn original(space: &HealthSpace, source: SourceId) -> (Vec<u8>, u64) {
    let mut out = Vec::new();
    let entry = space.partition("health").unwrap().original(source, gesture(), &mut out).unwrap();
    (out, entry)
}

#[test]
fn every_real_document_comes_back_byte_for_byte() {
    let Some(shared) = shared() else { return };
    let (mut files, mut bytes) = (0, 0);
    for (folder, every) in [("spezi-synthea", 4), ("ips-connectathon", 5), ("hl7-r4-examples", 9)] {
        let mut list: Vec<_> =
            std::fs::read_dir(shared.join("data").join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        list.retain(|p| p.extension().is_some_and(|e| e == "json" || e == "ndjson"));
        list.sort();
        // Several files in one space: records that are known already come from where they were first.
        let room = Room::new();
        for path in list.iter().step_by(every) {
            let text = std::fs::read(path).unwrap();
            let report = room.health().import_with(Source::open(path).unwrap(), &confirmed()).unwrap();
            if report.already_imported {
                continue;
            }
            let source = room.health().sources().unwrap().last().unwrap().id;
            assert!(original(&room.space, source).0 == text, "{}", path.display());
            files += 1;
            bytes += text.len();
            // With a line end more, all of its records are known.
            if files % 8 == 1 {
                let mut more = text.clone();
                more.push(b'\n');
                let linked = room.health().import_with(Source::bytes(more.clone()).unwrap(), &confirmed()).unwrap();
                assert_eq!(linked.imported(), 0);
                let source = room.health().sources().unwrap().last().unwrap().id;
                assert!(original(&room.space, source).0 == more, "{}", path.display());
            }
        }
        // And after it was closed, with every segment merged by then.
        let again = room.again();
        let sources = again.partition("health").unwrap().sources().unwrap();
        assert!(!original(&again, sources[0].id).0.is_empty());
    }
    println!("{files} files, {bytes} bytes");
    assert!(files > 15);
}

#[test]
fn broken_and_odd_documents_come_back_as_well() {
    let good = |i: usize| observation(i, &value("1.50"));
    let broken = r#"{"resourceType":"Observation","status":tru}"#.to_owned();
    let mut truncated = bundle(&[good(1), good(2)]).into_bytes();
    truncated.truncate(truncated.len() - 70);
    let mut invalid = good(1).into_bytes();
    let at = invalid.iter().position(|b| *b == b'L').unwrap();
    invalid[at] = 0xff;
    for (name, file) in [
        ("twice the same", bundle(&[good(1), good(1), good(1)]).into_bytes()),
        ("two values for one id", bundle(&[good(1), observation(1, &value("2")), good(1)]).into_bytes()),
        ("broken entry", bundle(&[good(1), broken, good(2)]).into_bytes()),
        ("truncated", truncated),
        ("not UTF-8", invalid),
        ("byte order mark", [b"\xef\xbb\xbf", good(1).as_bytes(), b"\r\n \r\n"].concat()),
        ("lines", format!("{}\r\n{}\n\n{}", good(1), good(2), good(3)).into_bytes()),
        ("empty bundle", b"  {\"resourceType\": \"Bundle\"}  ".to_vec()),
    ] {
        let room = Room::new();
        room.import(file.clone()).unwrap();
        let source = room.health().sources().unwrap()[0].id;
        assert_eq!(String::from_utf8_lossy(&original(&room.space, source).0), String::from_utf8_lossy(&file), "{name}");
        assert_eq!(original(&room.again(), source).0, file, "{name}");
    }
}

#[test]
fn handing_out_a_document_is_logged_before_it_happens() {
    let room = Room::new();
    room.import(observation(1, &value("1"))).unwrap();
    let source = room.health().sources().unwrap()[0].id;
    let before = room.health().stats().unwrap().log_entries;
    /// Looks at the log when the first byte arrives.
    struct Watch(HealthSpace, u64);
    impl std::io::Write for Watch {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            assert_eq!(self.0.partition("health").unwrap().stats().unwrap().log_entries, self.1 + 1);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let entry = room.health().original(source, gesture(), &mut Watch(room.again(), before)).unwrap();
    assert_eq!(entry, before);
    let of = LogOf::Partition("health");
    let line = &room.space.log(of).unwrap()[usize::try_from(entry).unwrap()];
    assert_eq!(line.entry.event.name(), "OriginalExported");
    let proved =
        verify_receipt(&room.space.receipt(of, entry).unwrap(), &room.space.verifier_key(of).unwrap()).unwrap();
    assert_eq!(proved.entry, line.entry);
    // Somewhere that takes nothing.
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(matches!(room.health().original(source, gesture(), &mut Full), Err(Error::DiskFull)));
}

#[test]
fn what_is_not_kept_whole_or_may_not_be_asked_for() {
    let room = Room::new();
    let mut out = Vec::new();
    let mut ask =
        |space: &HealthSpace, source| space.partition("health").unwrap().original(source, gesture(), &mut out);
    assert!(matches!(ask(&room.space, SourceId::from_bytes([1; 32])), Err(Error::NotFound)));
    // Samples are kept as columns.
    room.import(export("", &steps("2026-01-05 10:00:00 +0000", "/>"))).unwrap();
    room.import(observation(1, &value("1"))).unwrap();
    let [samples, document] = &room.health().sources().unwrap()[..] else { panic!() };
    let entries = room.health().stats().unwrap().log_entries;
    assert!(matches!(ask(&room.space, samples.id), Err(Error::NotFound)));
    // A handle for some partitions is not the person's.
    let part = HealthSpace::open_partitions(&room.file, &unlock(), env(), &["health"]).unwrap();
    assert!(matches!(ask(&part, document.id), Err(Error::NeedsFullSlot)));
    assert_eq!(room.health().stats().unwrap().log_entries, entries, "what is refused here is nobody's release");
    assert!(ask(&room.space, document.id).is_ok());
}

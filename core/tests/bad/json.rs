//! JSON that is none, that is deep, endless, or broken in one place.

use super::common::*;
use healthspace::import::{Severity, Source, What};
use healthspace::{Error, Malformed};
use std::io::{Read, Seek, SeekFrom};

#[test]
fn what_is_no_health_file_leaves_no_trace() {
    let room = Room::new();
    for (bytes, expected) in [
        (&b"hello"[..], Malformed::UnknownFormat),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Malformed::UnknownFormat),
        (b"\xff\xfe{\0}\0", Malformed::UnknownFormat),
        (b"7777777777", Malformed::UnknownFormat),
        (b"\"a string\"", Malformed::UnknownFormat),
        (b" \r\n\t ", Malformed::Empty),
        (b"\xef\xbb\xbf", Malformed::Empty),
        (b"[1, 2]", Malformed::NotFhir),
        (b"{}", Malformed::NotFhir),
        (b"{\"a\": {\"b\": 1}}", Malformed::NotFhir),
        (b"{", Malformed::Json),
        (b"{\"a\":", Malformed::Json),
        (b"{\"resourceType\" \"Patient\"}", Malformed::Json),
        (b"{]}", Malformed::Json),
        (b"{'resourceType':'Patient'}", Malformed::Json),
    ] {
        let e = room.refuses(Source::bytes(bytes));
        let text = String::from_utf8_lossy(bytes);
        assert!(matches!(e, Error::Malformed(m) if m == expected), "{text}: {e:?}");
    }
    // What says that it is FHIR and then is not JSON is a line in the report.
    let report = room.import(&b"{\"resourceType\":\"Patient\",}"[..]).unwrap();
    assert_eq!((report.imported(), issue(&report, What::BadJson).offset), (0, 0));
    // After all that, it works.
    assert_eq!(room.import(observation(1, &value("1"))).unwrap().imported(), 1);
}

#[test]
fn a_million_levels_of_nesting() {
    let room = Room::new();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = open.repeat(1_000_000) + "1" + &close.repeat(1_000_000);
        // Around the others, inside a resource, and all by itself.
        let good = observation(1, &value("1.5"));
        let json = format!(
            r#"{{"resourceType":"Bundle","x":{deep},"entry":[{{"resource":{{"resourceType":"Basic","x":{deep}}}}},{{"resource":{good}}}]}}"#
        );
        let report = room.import(json.clone()).unwrap();
        let found = issue(&report, What::TooDeep);
        assert_eq!((found.severity, report.refused()), (Severity::Refused, 1));
        let at = usize::try_from(found.offset).unwrap();
        assert!(json[at..].starts_with("{\"resourceType\":\"Basic\""));
        assert_eq!(report.imported() + report.linked(), 1);
        let alone = room.import(format!("{{\"resourceType\":\"Basic\",\"x\":{deep}}}")).unwrap();
        assert_eq!((issue(&alone, What::TooDeep).offset, alone.imported()), (0, 0));
    }
    // Long enough that some of it was staged before it broke off: the log says so, and no more.
    let done = room.import("{\"a\":[".repeat(1_000_000));
    assert!(matches!(done, Err(Error::Malformed(Malformed::Json))), "{done:?}");
    assert!(room.health().staged_imports().unwrap().is_empty() && discarded(&room.space) == 1);
    let e = room.refuses(Source::bytes("[".repeat(1_000_000)));
    assert!(matches!(e, Error::Malformed(_)), "{e:?}");
    assert_eq!(facts(&room.space).len(), 1);
}

/// A file that is not there: its bytes are made as they are read.
struct Endless {
    head: &'static [u8],
    byte: u8,
    tail: &'static [u8],
    len: u64,
    at: u64,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let (head, tail) = (self.head.len() as u64, self.len - self.tail.len() as u64);
        let n = if self.at < head {
            (&self.head[usize::try_from(self.at).unwrap()..]).read(out)?
        } else if self.at < tail {
            let n = out.len().min(usize::try_from(tail - self.at).unwrap());
            out[..n].fill(self.byte);
            n
        } else {
            (&self.tail[usize::try_from(self.at - tail).unwrap()..]).read(out)?
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(n) => n,
            SeekFrom::End(n) => self.len.saturating_add_signed(n),
            SeekFrom::Current(n) => self.at.saturating_add_signed(n),
        };
        Ok(self.at)
    }
}

/// The most memory that this process ever had, in bytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[test]
fn a_number_of_a_gigabyte() {
    let room = Room::new();
    let tail = format!("}}}}}},{{\"resource\":{}}}]}}", observation(2, &value("3.25"))).leak();
    let head =
        br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","valueQuantity":{"value":1"#;
    // Unoptimised, a tenth: the steps are the same.
    let size = if cfg!(debug_assertions) { 100 << 20 } else { 1 << 30 };
    let input = Endless { head, byte: b'7', tail: tail.as_bytes(), len: size, at: 0 };
    let (before, begin) = (peak(), std::time::Instant::now());
    let report = room.health().import(Source::reader(input).unwrap()).unwrap();
    println!("{:?}, peak {before:?} -> {:?}", begin.elapsed(), peak());
    let found = issue(&report, What::TooLarge);
    assert_eq!((found.severity, found.offset), (Severity::Refused, 46));
    assert_eq!((report.imported(), report.refused()), (1, 1));
    // In a process of its own, as nextest runs it, the peak is this import's.
    if let (Some(before), Some(after), Some(_)) = (before, peak(), std::env::var_os("NEXTEST")) {
        assert!(after - before < 256 << 20, "{} MiB", (after - before) >> 20);
    }
    let rows = facts(&room.space);
    assert_eq!(rows.len(), 1);
    // By itself it is no health file.
    let alone = Endless { head: b"", byte: b'7', tail: b"", len: 1 << 30, at: 0 };
    let begin = std::time::Instant::now();
    assert!(matches!(room.refuses(Source::reader(alone)), Error::Malformed(Malformed::UnknownFormat)));
    assert!(begin.elapsed().as_secs() < 1, "told by its first bytes");
}

#[test]
fn one_broken_entry_costs_that_entry() {
    let good = |i: usize| observation(i, &value(&format!("{i}.5")));
    for (broken, what) in [
        (
            r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":}}"#,
            What::BadJson,
        ),
        (r#"{"resourceType":"Observation","status":"final""code":{}}"#, What::BadJson),
        (r#"{"resourceType":"Observation","status":tru}"#, What::BadJson),
        (r#"{"resourceType":"Observation","note":["a"}"#, What::BadJson),
        (r#"{"no":"type"}"#, What::NotAResource),
        (r#""just a string""#, What::NotAResource),
        ("null", What::NotAResource),
        ("[]", What::NotAResource),
    ] {
        let room = Room::new();
        let all = bundle(&[good(1), broken.to_owned(), good(2), good(3)]);
        let report = room.import(all.clone()).unwrap();
        assert_eq!((report.imported(), report.refused()), (3, 1), "{broken}");
        let found = issue(&report, what);
        assert_eq!((found.severity, found.member), (Severity::Refused, 0));
        let entry = all.find(broken).unwrap();
        let at = usize::try_from(found.offset).unwrap();
        assert!((entry..=entry + broken.len()).contains(&at), "{broken}: at {at}, entry at {entry}");
        assert_eq!(facts(&room.space).len(), 3);
        assert_eq!(events(&room.space).last().unwrap(), "Imported(..)");
    }
    // The file ends in the middle: what was whole is there, the rest is named.
    let room = Room::new();
    let all = bundle(&[good(1), good(2)]);
    let report = room.import(&all.as_bytes()[..all.len() - 60]).unwrap();
    assert_eq!((report.imported(), report.refused()), (1, 1));
    assert_eq!(issue(&report, What::Truncated).severity, Severity::Refused);
    // One line of many.
    let room = Room::new();
    let lines = format!("{}\n{}\n{{\"resourceType\":\n{}\n", good(1), good(2), good(3));
    let report = room.import(lines.clone()).unwrap();
    assert_eq!((report.imported(), report.refused()), (3, 1));
    assert_eq!(
        usize::try_from(issue(&report, What::BadJson).offset).unwrap(),
        lines.find("{\"resourceType\":\n").unwrap()
    );
}

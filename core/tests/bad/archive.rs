//! Archives that lie about what is in them, and where.

use super::common::*;
use healthspace::import::{Limits, Report, Severity, Source, What};
use healthspace::{Error, ImportOptions, Limit, Malformed};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

fn pack(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn health_data(hour: u32) -> String {
    export("", &steps(&format!("2026-01-05 {hour:02}:00:00 +0000"), "/>"))
}

/// What was the matter, and with which member.
fn members(report: &Report) -> Vec<(Severity, What, u32)> {
    report.issues.iter().map(|i| (i.severity, i.what, i.member)).collect()
}

/// Where the nth record of a kind is in the archive.
fn at(zip: &[u8], signature: &[u8], nth: usize) -> usize {
    zip.windows(4).enumerate().filter(|(_, w)| *w == signature).nth(nth).unwrap().0
}

const CENTRAL: &[u8] = b"PK\x01\x02";

#[test]
fn a_name_that_leads_out_is_refused_and_never_followed() {
    let room = Room::new();
    let (good, bad) = (health_data(10), health_data(11));
    let names = ["../up.xml", "a/../../up.xml", "/abs.xml", "C:\\up.xml", "a\\..\\up.xml", "apple/../export.xml"];
    let mut all: Vec<(&str, &[u8])> = names.iter().map(|n| (*n, bad.as_bytes())).collect();
    all.push(("apple_health_export/export.xml", good.as_bytes()));
    let report = room.import(pack(&all)).unwrap();
    assert_eq!(report.imported(), 1);
    let want: Vec<_> = (0..6).map(|m| (Severity::Refused, What::UnsafeName, m)).collect();
    assert_eq!(members(&report), want);
    let left: Vec<_> = std::fs::read_dir(room.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| n.to_string_lossy().starts_with("me.hs")), "{left:?}");
    assert!(!room.dir.path().parent().unwrap().join("up.xml").exists());
    // Nothing but such: the reason is told.
    let e = room.refuses(Source::bytes(pack(&[("../up.xml", bad.as_bytes())])));
    assert!(matches!(e, Error::Malformed(Malformed::Zip)), "{e:?}");
}

#[test]
fn members_that_overlap_are_refused() {
    let room = Room::new();
    let (a, b, c) = (health_data(10), health_data(11), health_data(12));
    let mut zip = pack(&[("a.xml", a.as_bytes()), ("b.xml", b.as_bytes()), ("c.xml", c.as_bytes())]);
    // The second entry points to the first one's bytes (APPNOTE 4.4.16).
    let second = at(&zip, CENTRAL, 1);
    zip[second + 42..second + 46].copy_from_slice(&[0; 4]);
    let report = room.import(zip).unwrap();
    assert_eq!(
        members(&report),
        [(Severity::Refused, What::OverlappingMember, 0), (Severity::Refused, What::OverlappingMember, 1)]
    );
    assert_eq!(report.imported(), 1);
    // Two entries, and nothing else.
    let mut zip = pack(&[("a.xml", a.as_bytes()), ("b.xml", b.as_bytes())]);
    let second = at(&zip, CENTRAL, 1);
    zip[second + 42..second + 46].copy_from_slice(&[0; 4]);
    assert!(matches!(room.refuses(Source::bytes(zip)), Error::Malformed(Malformed::Zip)));
    // One name twice.
    let mut zip = pack(&[("a1.xml", a.as_bytes()), ("a2.xml", b.as_bytes())]);
    for nth in [at(&zip, b"PK\x03\x04", 1) + 30, at(&zip, CENTRAL, 1) + 46] {
        zip[nth + 1] = b'1';
    }
    assert!(matches!(room.refuses(Source::bytes(zip)), Error::Malformed(Malformed::Zip)));
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let room = Room::new();
    let (good, late) = (health_data(10), health_data(11));
    let mut blank = late.clone().into_bytes();
    blank.resize(200 << 20, b' ');
    let zip = pack(&[("a.xml", &blank), ("b.xml", good.as_bytes())]);
    assert!(blank.len() / zip.len() > 100);
    let begin = std::time::Instant::now();
    let report = room.import(zip.clone()).unwrap();
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
    assert_eq!((members(&report), report.imported()), (vec![(Severity::Refused, What::Bomb, 0)], 1));
    // Nothing but a bomb: told as what it is.
    let alone = pack(&[("a.xml", &blank)]);
    assert!(matches!(room.refuses(Source::bytes(alone.clone())), Error::TooLarge(Limit::Decompressed)));
    // It announces less than it holds: read as far as it announced, and the break is reported.
    let mut lying = alone;
    let central = at(&lying, CENTRAL, 0);
    lying[central + 24..central + 28].copy_from_slice(&(u32::try_from(late.len()).unwrap() + 9).to_le_bytes());
    let report = room.import(lying).unwrap();
    assert_eq!((members(&report), report.imported()), (vec![(Severity::Refused, What::Truncated, 0)], 1));
    // More than the host allows, in one member or in all together.
    let zip = pack(&[("a.xml", good.as_bytes()), ("b.xml", late.as_bytes())]);
    let mut limits = Limits::default();
    limits.decompressed_bytes = (good.len() + late.len()) as u64 - 1;
    let before = room.mark();
    let options = ImportOptions::new().limits(limits);
    let e = room.health().import_with(Source::bytes(zip).unwrap(), &options).unwrap_err();
    assert!(matches!(e, Error::TooLarge(Limit::Decompressed)));
    assert_eq!(room.mark(), before);
    // A million members announced, none there.
    let mut many = pack(&[("a.xml", good.as_bytes())]);
    let end = at(&many, b"PK\x05\x06", 0);
    many[end + 8..end + 12].copy_from_slice(&[0xfe, 0xff, 0xfe, 0xff]);
    assert!(matches!(room.refuses(Source::bytes(many)), Error::TooLarge(Limit::Members)));
}

#[test]
fn twins_and_members_of_other_kinds_are_named() {
    let room = Room::new();
    let (good, inner) = (health_data(10), pack(&[("export.xml", health_data(11).as_bytes())]));
    let report = room
        .import(pack(&[
            ("__MACOSX/apple_health_export/._export.xml", b"\0\x05\x16\x07"),
            ("apple_health_export/export.xml", good.as_bytes()),
            ("__MACOSX/export.xml", health_data(12).as_bytes()),
            (".DS_Store", b"x"),
            ("inner.zip", &inner),
            ("empty.json", b""),
            ("report.pdf", b"%PDF-1.7"),
        ]))
        .unwrap();
    assert_eq!(
        members(&report),
        [
            (Severity::Repaired, What::IgnoredMember, 0),
            (Severity::Repaired, What::IgnoredMember, 2),
            (Severity::Repaired, What::IgnoredMember, 3),
            (Severity::Refused, What::UnsupportedMember, 4),
            (Severity::Repaired, What::IgnoredMember, 5),
            (Severity::Refused, What::UnsupportedMember, 6),
        ]
    );
    assert_eq!(report.imported(), 1);
    // Nothing but twins: nothing that is read.
    let e = room.refuses(Source::bytes(pack(&[("__MACOSX/._export.xml", b"\0\x05\x16\x07")])));
    assert!(matches!(e, Error::Malformed(Malformed::UnknownFormat)), "{e:?}");
}

#[test]
fn an_archive_cut_anywhere_is_refused_or_reported() {
    let zip = pack(&[("a.xml", health_data(10).as_bytes()), ("b.json", observation(1, &value("1")).as_bytes())]);
    let room = Room::new();
    for cut in (1..zip.len()).step_by(17) {
        let e = room.refuses(Source::bytes(&zip[..cut]));
        assert!(matches!(e, Error::Malformed(_)), "{cut}: {e:?}");
    }
    assert_eq!(room.import(zip).unwrap().imported(), 2);
}

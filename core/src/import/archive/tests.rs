//! Archives, sound and hostile.

use super::*;
use crate::import::Source;
use crate::import::source::tests::{Kept, read_all, shared};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

const EXPORT: &[u8] = b"<HealthData locale=\"x\">\n <Record type=\"T\" startDate=\"2019-07-19 10:36:11 +0200\" endDate=\"2019-07-19 10:36:11 +0200\" value=\"1\"/>\n</HealthData>\n";

fn pack(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn read(bytes: &[u8], limits: &Limits) -> Result<(Kept, Report)> {
    read_all(&mut Source::bytes(bytes).unwrap(), limits)
}

fn issues(report: &Report) -> Vec<(What, u32)> {
    report.issues.iter().map(|i| (i.what, i.member)).collect()
}

/// Changes every occurrence of `from` to as many bytes.
fn patch(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let found: Vec<usize> = memchr::memmem::find_iter(bytes, from).collect();
    assert!(!found.is_empty() && from.len() == to.len());
    found.iter().for_each(|at| bytes[*at..*at + to.len()].copy_from_slice(to));
}

#[test]
fn an_issue_names_its_member() {
    let zip =
        pack(&[("apple_health_export/export.xml", EXPORT), ("a/\u{1b}evil.bin", b"\x01\x02"), ("b/ok.json", b"{]")]);
    let (_, mut report) = read(&zip, &Limits::default()).unwrap();
    report.trim_members();
    let named: Vec<_> = report.issues.iter().map(|i| (i.what, report.members[&i.member].as_str())).collect();
    assert_eq!(named, [(What::UnsupportedMember, "_evil.bin"), (What::UnsupportedMember, "ok.json")]);
    assert_eq!(report.members.len(), 2);
    assert!(!format!("{report:?}").contains("evil"));
}

#[test]
fn every_member_is_read_or_named() {
    let inner = pack(&[("export.xml", EXPORT)]);
    let zip = pack(&[
        ("apple_health_export/exportation.xml", EXPORT),
        ("__MACOSX/apple_health_export/._exportation.xml", b"\0\x05\x16\x07"),
        ("apple_health_export/workout-routes/route.gpx", b"<gpx></gpx>     "),
        ("apple_health_export/export_cda.xml", b"<ClinicalDocument></ClinicalDocument>"),
        ("apple_health_export/electrocardiograms/ecg.csv", b"Name,x"),
        ("apple_health_export/clinical-records/A.json", b"{\"resourceType\":\"Patient\"}"),
        ("apple_health_export/clinical-records/B.json", b"{\"resourceType\":"),
        ("../up.json", b"{\"resourceType\":\"Patient\"}"),
        ("C:\\x.json", b"{\"resourceType\":\"Patient\"}"),
        ("inner.zip", &inner),
        ("empty.json", b""),
        ("report.pdf", b"%PDF-1.7"),
    ]);
    let (kept, report) = read(&zip, &Limits::default()).unwrap();
    assert_eq!((kept.samples.len(), kept.samples[0].1), (1, 0));
    assert_eq!(kept.records.iter().map(|r| r.2).collect::<Vec<_>>(), [5]);
    assert_eq!(
        issues(&report),
        [
            (What::IgnoredMember, 1),
            (What::UnsupportedMember, 2),
            (What::UnsupportedMember, 3),
            (What::UnsupportedMember, 4),
            (What::BadJson, 6),
            (What::UnsafeName, 7),
            (What::UnsafeName, 8),
            (What::UnsupportedMember, 9),
            (What::IgnoredMember, 10),
            (What::UnsupportedMember, 11),
        ]
    );
    let nothing = pack(&[("report.pdf", b"%PDF-1.7")]);
    assert!(matches!(read(&nothing, &Limits::default()), Err(Error::Malformed(Malformed::UnknownFormat))));
}

#[test]
fn clinical_records_that_are_missing_are_named() {
    let xml = b"<HealthData locale=\"x\">\n <ClinicalRecord type=\"a\" resourceFilePath=\"/clinical-records/A.json\"/>\n <ClinicalRecord type=\"a\" resourceFilePath=\"/clinical-records/B.json\"/>\n</HealthData>\n";
    let zip = pack(&[("x/export.xml", xml), ("x/clinical-records/A.json", b"{\"resourceType\":\"Patient\"}")]);
    let (kept, report) = read(&zip, &Limits::default()).unwrap();
    assert_eq!((kept.records.len(), issues(&report)), (3, vec![(What::MissingMember, 0)]));
    assert_eq!(
        report.issues[0].offset,
        xml.windows(2).enumerate().filter(|(_, w)| w == b"<C").nth(1).unwrap().0 as u64
    );
}

#[test]
fn lying_directories_are_refused() {
    let mut twice = pack(&[("a1.xml", EXPORT), ("a2.xml", EXPORT)]);
    patch(&mut twice, b"a2.xml", b"a1.xml");
    assert!(matches!(read(&twice, &Limits::default()), Err(Error::Malformed(Malformed::Zip))));
    // The second entry points at the first one's bytes (4.4.16 "relative offset of local header").
    let mut overlap = pack(&[("a.xml", EXPORT), ("b.xml", EXPORT), ("c.xml", EXPORT)]);
    let second = memchr::memmem::find_iter(&overlap, b"PK\x01\x02").nth(1).unwrap();
    overlap[second + 42..second + 46].copy_from_slice(&[0; 4]);
    let (kept, report) = read(&overlap, &Limits::default()).unwrap();
    assert_eq!(issues(&report), [(What::OverlappingMember, 0), (What::OverlappingMember, 1)]);
    assert_eq!(kept.samples.iter().map(|s| s.1).collect::<Vec<_>>(), [2]);
    // Encrypted, by its flag (4.4.4 bit 0), in both headers.
    let mut locked = pack(&[("a.xml", EXPORT), ("b.xml", EXPORT)]);
    locked[6] |= 1;
    let central = memchr::memmem::find(&locked, b"PK\x01\x02").unwrap();
    locked[central + 8] |= 1;
    let (kept, report) = read(&locked, &Limits::default()).unwrap();
    assert_eq!((kept.samples.len(), issues(&report)), (1, vec![(What::UnsupportedMember, 0)]));
}

#[test]
fn limits_at_and_above() {
    let zip = pack(&[("a.xml", EXPORT), ("b.xml", EXPORT)]);
    let limits = Limits { members: 2, decompressed_bytes: 2 * EXPORT.len() as u64, ..Limits::default() };
    assert!(read(&zip, &limits).is_ok());
    let fewer = Limits { members: 1, ..limits };
    assert!(matches!(read(&zip, &fewer), Err(Error::TooLarge(Limit::Members))));
    let less = Limits { decompressed_bytes: limits.decompressed_bytes - 1, ..limits };
    assert!(matches!(read(&zip, &less), Err(Error::TooLarge(Limit::Decompressed))));
}

/// What counts is the quotient of the two sizes that the archive states, rounded up.
#[test]
fn ratio_and_listed_issues_at_and_above() {
    let mut blank = EXPORT.to_vec();
    blank.resize(2 << 20, b' ');
    let zip = pack(&[("a.xml", &blank), ("b.xml", EXPORT)]);
    let central = memchr::memmem::find(&zip, b"PK\x01\x02").unwrap();
    let packed = u64::from(u32::from_le_bytes(zip[central + 20..central + 24].try_into().unwrap()));
    let ratio = (blank.len() as u64).div_ceil(packed);
    let (kept, report) = read(&zip, &Limits { ratio, ..Limits::default() }).unwrap();
    assert_eq!((kept.samples.len(), issues(&report)), (2, vec![]));
    let (kept, report) = read(&zip, &Limits { ratio: ratio - 1, ..Limits::default() }).unwrap();
    assert_eq!((kept.samples.len(), issues(&report)), (1, vec![(What::Bomb, 0)]));
    // Up to 1 MiB no ratio is asked for.
    blank.truncate(1 << 20);
    let small = pack(&[("a.xml", &blank)]);
    assert_eq!(read(&small, &Limits { ratio: 1, ..Limits::default() }).unwrap().0.samples.len(), 1);
    blank.push(b' ');
    let over = pack(&[("a.xml", &blank), ("b.xml", EXPORT)]);
    assert_eq!(issues(&read(&over, &Limits { ratio: 1, ..Limits::default() }).unwrap().1), [(What::Bomb, 0)]);
    // Issues are listed up to the limit, and counted beyond.
    let odd = pack(&[("../a.xml", EXPORT), ("../b.xml", EXPORT), ("c.xml", EXPORT)]);
    for (limit, listed) in [(2, 2), (1, 1), (0, 0)] {
        let (_, report) = read(&odd, &Limits { issues: limit, ..Limits::default() }).unwrap();
        assert_eq!((report.issues.len(), report.issue_counts.values().sum::<u64>()), (listed, 2));
    }
}

#[test]
fn bombs_are_refused() {
    let mut blank = EXPORT.to_vec();
    blank.resize(20 << 20, b' ');
    let honest = pack(&[("a.xml", &blank), ("b.xml", EXPORT)]);
    let (kept, report) = read(&honest, &Limits::default()).unwrap();
    assert_eq!((kept.samples.len(), issues(&report)), (1, vec![(What::Bomb, 0)]));
    // One that announces less than it holds (4.4.9 "uncompressed size").
    let mut lying = honest.clone();
    let central = memchr::memmem::find(&lying, b"PK\x01\x02").unwrap();
    lying[central + 24..central + 28].copy_from_slice(&1000u32.to_le_bytes());
    let mut sink = Kept::default();
    let mut report = Report::default();
    let read = Source::bytes(lying).unwrap().read_with(
        &crate::import::source::tests::readers(),
        &Limits::default(),
        &mut sink,
        &mut report,
    );
    read.unwrap();
    assert_eq!((sink.samples.len(), issues(&report)), (2, vec![(What::Truncated, 0)]), "read as far as announced");
    // A million entries announced, none there.
    let mut many = pack(&[("a.xml", EXPORT)]);
    let end = memchr::memmem::rfind(&many, b"PK\x05\x06").unwrap();
    many[end + 8..end + 12].copy_from_slice(&[0xfe, 0xff, 0xfe, 0xff]);
    assert!(matches!(
        Source::bytes(many).unwrap().read_with(&Readers::default(), &Limits::default(), &mut sink, &mut report),
        Err(Error::TooLarge(Limit::Members))
    ));
}

#[test]
fn damage_never_panics() {
    let zip = pack(&[("a.xml", EXPORT), ("b.json", b"{\"resourceType\":\"Patient\"}")]);
    for cut in 1..zip.len() {
        let _ = read(&zip[..cut], &Limits::default());
    }
    for at in 0..zip.len() {
        for bit in [1, 0x80, 0xff] {
            let mut bad = zip.clone();
            bad[at] ^= bit;
            let _ = read(&bad, &Limits::default());
        }
    }
    // A flipped bit in the compressed bytes is reported.
    let mut bad = pack(&[("a.xml", &EXPORT.repeat(3))]);
    bad[60] ^= 0x10;
    let damaged = read(&bad, &Limits::default());
    assert!(!matches!(damaged, Ok((_, r)) if r.issues.is_empty()));
}

#[test]
fn a_real_archive() {
    let Some(dir) = shared() else { return };
    let (kept, report) =
        read_all(&mut Source::open(dir.join("data/apple-paulstaab/export.zip")).unwrap(), &Limits::default()).unwrap();
    assert_eq!((kept.samples.len(), kept.records.len()), (5, 8));
    assert_eq!(issues(&report), (1..5).map(|m| (What::UnsupportedMember, m)).collect::<Vec<_>>());
}

/// The medications in use, as they are named.
#[derive(Default)]
struct InUse(Vec<String>);

impl Sink for InUse {
    fn record(&mut self, draft: Draft<'_>) -> Result<()> {
        self.0.extend((draft.type_name == "MedicationRequest").then(|| draft.facts[0].text.clone()));
        Ok(())
    }

    fn sample(&mut self, _: &SeriesKey, _: u32, _: Sample) -> Result<()> {
        Ok(())
    }

    fn envelope(&mut self, _: u32, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Those of an archive, and how many issues there are.
fn medications(members: &[(&str, &str)]) -> (Vec<String>, usize) {
    let members: Vec<(&str, &[u8])> = members.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    let (mut found, mut report) = (InUse::default(), Report::default());
    Source::bytes(pack(&members)).unwrap().read(&Limits::default(), &mut found, &mut report).unwrap();
    (found.0, report.issues.len())
}

/// A bulk export names `Medication/7` in one file and says what it is in another, in any order.
#[test]
fn a_medication_is_found_in_another_file_of_its_folder() {
    let usage = r#"{"resourceType":"MedicationRequest","id":"1","status":"active","medicationReference":{"reference":"Medication/7"}}"#;
    let named = |text: &str| format!(r#"{{"resourceType":"Medication","id":"7","code":{{"text":"{text}"}}}}"#);
    let (a, b) = (named("Metformin"), named("Warfarin"));
    let (found, lost) = ((vec!["Metformin".to_owned()], 0), (vec!["Medication/7".to_owned()], 1));
    assert_eq!(medications(&[("x/Medication.ndjson", &a), ("x/MedicationRequest.ndjson", usage)]), found);
    assert_eq!(medications(&[("x/0.ndjson", usage), ("x/1.ndjson", &a)]), found);
    assert_eq!(medications(&[("x/0.ndjson", usage), ("x/1.ndjson", &a), ("x/2.ndjson", &a)]), found);
    // Its own file knows best.
    let both = format!("{usage}\n{b}");
    assert_eq!(medications(&[("x/0.ndjson", &a), ("x/1.ndjson", &both)]).0, ["Warfarin"]);
    // Another export, another server's record, a document of its own: not the same `Medication/7`.
    assert_eq!(medications(&[("x/0.ndjson", usage), ("y/1.ndjson", &a)]), lost);
    assert_eq!(medications(&[("x/1.ndjson", &a), ("y/0.ndjson", usage)]), lost);
    assert_eq!(medications(&[("x/0.ndjson", usage), ("x/1.ndjson", &a), ("x/2.ndjson", &b)]), lost);
    assert_eq!(medications(&[("clinical-records/0.json", usage), ("clinical-records/1.json", &a)]), lost);
    let bundle = |r: &str| format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{r}}}]}}"#);
    assert_eq!(medications(&[("x/0.json", &bundle(usage)), ("x/1.json", &a)]), lost);
    assert_eq!(medications(&[("x/0.json", usage), ("x/1.json", &bundle(&a))]), lost);
}

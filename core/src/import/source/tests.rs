//! Whole sources: generated exports against the generator's own figures, and dispatch.

use super::*;
use crate::id::Identity;
use crate::record::{Draft, Sample, SeriesKey};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// The folder of shared sample data, where there is one.
pub(in crate::import) fn shared() -> Option<PathBuf> {
    let dir = std::env::var_os("HEALTHSPACE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    if dir.join("data/gen.py").exists() {
        return Some(dir);
    }
    eprintln!("SKIPPED: shared data not found");
    None
}

#[derive(Default)]
pub(in crate::import) struct Kept {
    pub(in crate::import) samples: Vec<(SeriesKey, u32, Sample)>,
    pub(in crate::import) records: Vec<(&'static str, Identity, u32)>,
    progress: u64,
}

impl Sink for Kept {
    fn record(&mut self, d: Draft<'_>) -> Result<()> {
        self.records.push((d.type_name, d.identity, d.span.member));
        Ok(())
    }
    fn sample(&mut self, key: &SeriesKey, member: u32, sample: Sample) -> Result<()> {
        self.samples.push((key.clone(), member, sample));
        Ok(())
    }
    fn envelope(&mut self, _: u32, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn progress(&mut self, done: u64) -> Result<()> {
        self.progress = self.progress.max(done);
        Ok(())
    }
}

/// Stands in for the FHIR reader: dispatch is under test here, not FHIR.
pub(in crate::import) fn readers() -> Readers {
    fn looks_like(head: &[u8]) -> bool {
        memchr::memmem::find(head, b"\"resourceType\"").is_some()
    }
    fn import(
        input: &mut dyn Read,
        _: Option<u64>,
        member: u32,
        _: &Limits,
        sink: &mut dyn Sink,
        _: &mut Report,
        _: fhir::Context<'_>,
    ) -> Result<()> {
        let mut body = Vec::new();
        input.read_to_end(&mut body)?;
        if !body.ends_with(b"}") {
            return Err(Error::Malformed(Malformed::Json));
        }
        sink.record(Draft {
            content: None,
            print: None,
            revision: crate::record::Revision::default(),
            verbatim: true,
            body: &body,
            span: crate::record::Span { member, offset: 0, len: body.len() as u64 },
            identity: Identity::from_bytes([0; 16]),
            type_name: "Fhir",
            subject: Default::default(),
            confidentiality: None,
            sensitivities: Default::default(),
            obligations: Default::default(),
            ties: Default::default(),
            facts: Vec::new(),
        })
    }
    Readers { fhir: Some(Fhir { looks_like, import, survey: |_, _, _, _| Ok(fhir::Around::default()) }) }
}

pub(in crate::import) fn read_all(source: &mut Source, limits: &Limits) -> Result<(Kept, Report)> {
    let (mut sink, mut report) = (Kept::default(), Report::default());
    source.read_with(&readers(), limits, &mut sink, &mut report)?;
    assert!(sink.progress <= source.len());
    Ok((sink, report))
}

fn generate(dir: &std::path::Path, arguments: &[&str]) -> Option<(PathBuf, Json)> {
    let script = shared()?.join("data/gen.py");
    let (file, expect) = (dir.join("export"), dir.join("expect.json"));
    let out = if arguments.contains(&"--plain") { "--out" } else { "--zip" };
    let status = Command::new("python3")
        .arg(script)
        .args(["apple", "--records", "20000", out])
        .arg(&file)
        .arg("--expect")
        .arg(&expect)
        .args(arguments.iter().filter(|a| **a != "--plain"))
        .status()
        .expect("python3 runs");
    assert!(status.success());
    Some((file, serde_json::from_slice(&std::fs::read(expect).unwrap()).unwrap()))
}

#[derive(Default)]
struct Sum {
    count: u64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
    latest: (i64, String),
}

fn sums(samples: &[(SeriesKey, u32, Sample)]) -> BTreeMap<String, Sum> {
    let mut out: BTreeMap<String, Sum> = BTreeMap::new();
    for (key, _, s) in samples {
        let t = out.entry(key.code.clone()).or_default();
        t.count += 1;
        if let Some(n) = s.number.map(crate::record::Decimal::to_f64) {
            t.sum += n;
            t.min = Some(t.min.map_or(n, |m| m.min(n)));
            t.max = Some(t.max.map_or(n, |m| m.max(n)));
        }
        if t.count == 1 || s.start >= t.latest.0 {
            let value = s.number.map(|n| n.to_f64().to_string()).or(s.word.as_ref().map(ToString::to_string));
            t.latest = (s.start, value.unwrap_or_default());
        }
    }
    out
}

fn agrees(kept: &Kept, expect: &Json) {
    assert_eq!(kept.samples.len() as u64, expect["records_total"].as_u64().unwrap());
    let sums = sums(&kept.samples);
    let by_type = expect["by_type"].as_object().unwrap();
    assert_eq!(sums.keys().collect::<Vec<_>>(), by_type.keys().collect::<Vec<_>>());
    for (code, e) in by_type {
        let s = &sums[code];
        assert_eq!(s.count, e["count"].as_u64().unwrap(), "{code}");
        assert!((s.sum - e["sum"].as_f64().unwrap()).abs() < 0.001, "{code}");
        assert_eq!((s.min, s.max), (e["min"].as_f64(), e["max"].as_f64()), "{code}");
        let latest = e["latest"].as_f64().map_or_else(|| e["latest"].as_str().unwrap().to_owned(), |n| n.to_string());
        assert_eq!(s.latest.1, latest, "{code}");
        let at = crate::Timestamp::from_millis(s.latest.0).to_rfc3339();
        assert_eq!(at, e["latest_utc"].as_str().unwrap(), "{code}");
    }
    let mut records: BTreeMap<&str, u64> = BTreeMap::new();
    kept.records.iter().for_each(|(name, ..)| *records.entry(name).or_default() += 1);
    let n = |key: &str| expect[key].as_u64().unwrap();
    assert_eq!(records["Correlation"], n("correlations"));
    assert_eq!(records["Workout"], n("workouts"));
    assert_eq!(records["ActivitySummary"], n("activity_summaries"));
    assert_eq!(records["ClinicalRecord"], n("clinical_records"));
    assert_eq!(records["Me"], 1);
}

#[test]
fn generated_exports_agree_with_their_oracle() {
    let quirks = "vt,dupmeta,bom,dtd16";
    for arguments in [
        vec!["--lang", "en", "--tz", "paris"],
        vec!["--lang", "fr", "--tz", "newyork", "--glucose", "mmol", "--quirks", quirks],
        vec!["--lang", "fr", "--tz", "paris", "--tz-mode", "dst", "--seed", "7"],
        vec!["--lang", "en", "--tz", "utc", "--quirks", quirks, "--plain"],
    ] {
        let dir = tempfile::tempdir().unwrap();
        let Some((file, expect)) = generate(dir.path(), &arguments) else { return };
        let mut source = Source::open(&file).unwrap();
        let (kept, report) = read_all(&mut source, &Limits::default()).unwrap();
        agrees(&kept, &expect);
        let plain = arguments.contains(&"--plain");
        let count = |s, w| report.issue_counts.get(&(s, w)).copied().unwrap_or(0);
        let clinical = expect["clinical_records"].as_u64().unwrap();
        assert_eq!(count(Severity::Repaired, What::MissingMember), if plain { clinical } else { 0 });
        let fhir = kept.records.iter().filter(|r| r.0 == "Fhir").count() as u64;
        assert_eq!(fhir, if plain { 0 } else { clinical });
        if arguments.contains(&quirks) {
            assert_eq!(count(Severity::Repaired, What::ByteOrderMark), 1);
            assert_eq!(count(Severity::Repaired, What::BrokenDoctype), 1);
            assert!(count(Severity::Repaired, What::ForbiddenCharacter) >= 2);
            assert!(kept.samples.iter().any(|(_, _, s)| s.meta.windows(2).any(|m| m[0] == m[1])), "doubles are kept");
        } else {
            assert_eq!(report.issues, []);
        }
    }
}

fn without_place(kept: Kept) -> Vec<(SeriesKey, Sample)> {
    kept.samples.into_iter().map(|(key, _, s)| (key, Sample { at: 0, len: 0, ..s })).collect()
}

#[test]
fn the_same_data_exported_again_is_the_same() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let read = |i: usize, serial: &str, tz: &str| {
        let (file, _) = generate(dirs[i].path(), &["--export-serial", serial, "--tz", tz])?;
        Some(read_all(&mut Source::open(file).unwrap(), &Limits::default()).unwrap().0)
    };
    let (Some(one), Some(two), Some(three)) = (read(0, "1", "paris"), read(1, "2", "paris"), read(2, "3", "newyork"))
    else {
        return;
    };
    assert_eq!(one.records, two.records, "identities of workouts and the like");
    let names = |k: &Kept| k.records.iter().filter(|r| r.0 == "Workout").map(|r| r.1).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&three), "in another zone too");
    let (one, two, mut three) = (without_place(one), without_place(two), without_place(three));
    assert!(one == two, "no pointer and no export date in a sample");
    three.iter_mut().for_each(|(_, s)| s.offset = 120);
    assert!(one == three, "the same instants");
}

#[test]
fn what_is_no_file_or_empty() {
    let dir = tempfile::tempdir().unwrap();
    let is = |e: Result<Source>, m| matches!(e, Err(Error::Malformed(x)) if x == m);
    assert!(is(Source::open(dir.path()), Malformed::NotAFile));
    #[cfg(unix)]
    assert!(is(Source::open("/dev/null"), Malformed::NotAFile));
    let empty = dir.path().join("empty");
    std::fs::write(&empty, b"").unwrap();
    assert!(is(Source::open(&empty), Malformed::Empty));
    assert!(matches!(Source::open(dir.path().join("none")), Err(Error::Io(ErrorKind::NotFound))));
    #[cfg(unix)]
    {
        std::fs::write(&empty, b"<HealthData></HealthData>").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&empty, &link).unwrap();
        assert!(read_all(&mut Source::open(link).unwrap(), &Limits::default()).is_ok());
    }
}

#[test]
fn formats_are_told_by_content() {
    use Malformed as M;
    let read = |b: &[u8]| read_all(&mut Source::bytes(b).unwrap(), &Limits::default());
    for (bytes, kind) in [
        (&b"hello"[..], M::UnknownFormat),
        (b"{\"a\":1}", M::NotFhir),
        (b"<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>   ", M::UnknownFormat),
        (b"<Bundle xmlns=\"http://hl7.org/fhir\"/>     ", M::UnknownFormat),
        (b"<gpx><trk/></gpx>     ", M::UnknownFormat),
        (b"%PDF-1.7", M::UnknownFormat),
        (b"\xff\xfe<\0H\0", M::UnknownFormat),
        (b"  \n ", M::Empty),
        (b"PK\x03\x04 and no more", M::Zip),
        (b"PK\x05\x06", M::Zip),
    ] {
        assert!(matches!(read(bytes), Err(Error::Malformed(m)) if m == kind), "{bytes:?}");
    }
    assert_eq!(read(b"{\"resourceType\":\"X\"}").unwrap().0.records.len(), 1);
    assert_eq!(read(b"\xef\xbb\xbf<!DOCTYPE HealthData []><HealthData></HealthData>").unwrap().1.repaired(), 1);
}

#[test]
fn an_id_is_the_hash_of_all_bytes_and_limits_hold() {
    let bytes: Vec<u8> = (0..1_000_000u32).map(|i| i as u8).collect();
    let mut source = Source::bytes(bytes.clone()).unwrap();
    let mut last = 0;
    let mut progress = |n: u64| {
        last = n;
        Ok(())
    };
    let mut limits = Limits { input_bytes: 1_000_000, ..Limits::default() };
    let id = source.id(&limits, &mut progress).unwrap();
    assert_eq!(id.as_bytes(), blake3::hash(&bytes).as_bytes());
    assert_eq!(last, 1_000_000);
    assert_eq!(source.id(&limits, &mut |_| Ok(())).unwrap(), id, "it may be asked again");
    assert!(matches!(source.id(&limits, &mut |_| Err(Error::Cancelled)), Err(Error::Cancelled)));
    limits.input_bytes -= 1;
    assert!(matches!(source.id(&limits, &mut |_| Ok(())), Err(Error::TooLarge(Limit::InputBytes))));
    assert!(matches!(read_all(&mut source, &limits), Err(Error::TooLarge(Limit::InputBytes))));
}

/// User and system CPU seconds of this process (proc_pid_stat(5), 100 ticks a second), and its
/// peak resident MiB.
#[cfg(target_os = "linux")]
fn usage() -> (f64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    (ticks / 100.0, peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024)
}

struct Measured {
    chunks: Option<crate::catalog::series::Chunker>,
    bytes: u64,
    samples: u64,
    columns: BTreeMap<&'static str, usize>,
    split: bool,
    check: bool,
}

impl Measured {
    fn emit(&mut self) -> impl FnMut(crate::catalog::series::Chunk) -> Result<()> + '_ {
        |chunk| {
            if self.split {
                crate::catalog::series::measure(&chunk.samples, &mut self.columns);
            }
            let bytes = crate::catalog::series::encode(&chunk.samples);
            if self.check {
                assert_eq!(crate::catalog::series::decode(&bytes)?, chunk.samples);
            }
            self.bytes += bytes.len() as u64;
            Ok(())
        }
    }
}

impl Sink for Measured {
    fn record(&mut self, _: Draft<'_>) -> Result<()> {
        Ok(())
    }
    fn sample(&mut self, key: &SeriesKey, member: u32, sample: Sample) -> Result<()> {
        self.samples += 1;
        if let Some(mut chunks) = self.chunks.take() {
            let done = chunks.push(key, member, sample, &mut self.emit());
            self.chunks = Some(chunks);
            done?;
        }
        Ok(())
    }
    fn envelope(&mut self, _: u32, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn progress(&mut self, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Prints figures of a large export: `HEALTHSPACE_EXPORT=export.xml cargo test --release figures -- --nocapture`.
#[cfg(target_os = "linux")]
#[test]
fn figures_of_a_large_export() {
    let Some(path) = std::env::var_os("HEALTHSPACE_EXPORT") else {
        eprintln!("SKIPPED: HEALTHSPACE_EXPORT names no file");
        return;
    };
    let limits = Limits::default();
    let mut source = Source::open(path).unwrap();
    let mb = source.len() as f64 / 1e6;
    let (t, _) = usage();
    source.id(&limits, &mut |_| Ok(())).unwrap();
    eprintln!("hash: {:.0} MB/s CPU", mb / (usage().0 - t));
    for (name, chunks, split, check) in [
        ("parse", false, false, false),
        ("parse + chunk + encode", true, false, false),
        ("the same, decoded and compared", true, false, true),
        ("columns", true, true, false),
    ] {
        let mut sink = Measured {
            chunks: chunks.then(Default::default),
            bytes: 0,
            samples: 0,
            columns: BTreeMap::new(),
            split,
            check,
        };
        let mut report = Report::default();
        let (t, _) = usage();
        source.read_with(&readers(), &limits, &mut sink, &mut report).unwrap();
        if let Some(chunks) = sink.chunks.take() {
            chunks.finish(&mut sink.emit()).unwrap();
        }
        let (end, peak) = usage();
        eprintln!(
            "{name}: {:.0} MB/s CPU ({:.2} s), peak {peak} MiB, {} samples, {:.3} bytes per sample",
            mb / (end - t),
            end - t,
            sink.samples,
            sink.bytes as f64 / sink.samples as f64
        );
        for (column, bytes) in &sink.columns {
            eprintln!("  {column}: {:.3}", *bytes as f64 / sink.samples as f64);
        }
    }
}

/// Wherever a read ends.
#[test]
fn a_label_and_a_bundle_are_found_wherever_they_stand() {
    struct Pieces<'a>(&'a [u8], usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = self.1.min(out.len()).min(self.0.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }
    for word in [r#""Bundle""#, r#""entry""#, r#""Parameters""#, r#""\u0042undle""#] {
        for at in (0..20).chain(STEP - 12..STEP + 3) {
            let text = format!("{}{word}{}", " ".repeat(at), " ".repeat(30));
            for piece in [3, 7, STEP, STEP + 1] {
                assert!(may_bundle(&mut Pieces(text.as_bytes(), piece)).unwrap(), "{word} at {at} by {piece}");
            }
        }
    }
    for text in ["", r#"{"resourceType":"Observation","bundle":"\u2014"}"#, "Bundl"] {
        assert!(!may_bundle(&mut Pieces(text.as_bytes(), 4)).unwrap(), "{text}");
    }
    for word in [r#""security""#, r#""secur\u0069ty""#, r#""\u0073ecurity""#] {
        for at in (0..20).chain(STEP - 12..STEP + 3) {
            let text = format!("{}{word}{}", " ".repeat(at), " ".repeat(30));
            for piece in [3, 7, STEP, STEP + 1] {
                assert!(may_label(&mut Pieces(text.as_bytes(), piece)).unwrap(), "{word} at {at} by {piece}");
            }
        }
    }
    // A `meta` that is none, and one of which nothing more is there.
    for odd in [r#""meta":[1]"#, "\"meta\" \n : \"x\"", r#""meta":1"#, r#""meta""#, r#""meta": "#] {
        for at in (0..3).chain((STEP - 12..STEP + 3).step_by(2)) {
            let text = format!("{}{odd}", " ".repeat(at));
            for piece in [7, STEP, STEP + 1] {
                assert!(may_label(&mut Pieces(text.as_bytes(), piece)).unwrap(), "{odd} at {at} by {piece}");
            }
        }
    }
    // A file that breaks off: what was to follow may be a label.
    let whole =
        r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation"}}],"meta":{"sec":[{}]}}"#;
    for at in 1..whole.len() {
        assert!(may_label(&mut Pieces(&whole.as_bytes()[..at], 7)).unwrap(), "cut at {at}");
    }
    assert!(!may_label(&mut Pieces(whole.as_bytes(), 7)).unwrap());
    let silent = [r#"{"meta":{"lastUpdated":"2026"}}"#, r#"{"text":"meta","meta" : {}}"#, r#"["meta",1]"#];
    for text in silent.into_iter().chain(["", r#"{"secur":"ity","é":"\u00e9"}"#]) {
        assert!(!may_label(&mut Pieces(text.as_bytes(), 4)).unwrap(), "{text}");
    }
}

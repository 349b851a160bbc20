//! Real exports, generated ones against their oracle, and hostile ones.

use super::*;
use crate::import::source::tests::shared;
use crate::record::{Category, Decimal, FactDraft, Kind, Sample, SeriesKey, Value};
use std::collections::BTreeMap;

type Record = (&'static str, Span, Identity, Vec<u8>, Vec<FactDraft>);

#[derive(Default)]
struct Kept {
    samples: Vec<(SeriesKey, Sample)>,
    records: Vec<Record>,
    envelope: Vec<u8>,
    progress: u64,
}

use crate::id::Identity;

impl Sink for Kept {
    fn record(&mut self, d: Draft<'_>) -> Result<()> {
        self.records.push((d.type_name, d.span, d.identity, d.body.to_vec(), d.facts));
        Ok(())
    }
    fn sample(&mut self, key: &SeriesKey, _: u32, sample: Sample) -> Result<()> {
        self.samples.push((key.clone(), sample));
        Ok(())
    }
    fn envelope(&mut self, _: u32, _: u64, bytes: &[u8]) -> Result<()> {
        self.envelope.extend_from_slice(bytes);
        Ok(())
    }
    fn progress(&mut self, done: u64) -> Result<()> {
        assert!(done >= self.progress);
        self.progress = done;
        Ok(())
    }
}

fn read_with(xml: &[u8], limits: &Limits, fast: bool) -> Result<(Kept, Report, Vec<ClinicalFile>)> {
    let (mut sink, mut report) = (Kept::default(), Report::default());
    let mut input = xml;
    let import = Import {
        window: Window::new(&mut input),
        member: 0,
        limits,
        sink: &mut sink,
        report: &mut report,
        found: Findings::default(),
        records: Records::new(),
        clinical: Vec::new(),
        indent: None,
        indent_of: 0,
        fast,
    };
    let files = import.run()?;
    for (_, span, _, body, _) in &sink.records {
        let at = span.offset as usize;
        assert_eq!(&xml[at..at + span.len as usize], body, "a body is what stands in the file");
    }
    for (_, s) in &sink.samples {
        assert!(xml[s.at as usize..].starts_with(b"<Record"));
        assert!(xml[..s.at as usize + s.len as usize].ends_with(b">"));
    }
    Ok((sink, report, files))
}

fn read(xml: &str) -> (Kept, Report) {
    let limits = Limits::default();
    let (kept, report, _) = read_with(xml.as_bytes(), &limits, true).unwrap();
    let (slow, slow_report, _) = read_with(xml.as_bytes(), &limits, false).unwrap();
    assert_eq!(kept.samples, slow.samples, "both ways read the same");
    assert_eq!(report, slow_report);
    (kept, report)
}

fn issues(report: &Report) -> Vec<(Severity, What, u64)> {
    report.issue_counts.iter().map(|((s, w), n)| (*s, *w, *n)).collect()
}

const START: &str = r#"startDate="2019-07-19 10:36:11 +0200""#;
const END: &str = r#"endDate="2019-07-19 10:36:21 +0200""#;

fn record(attributes: &str, inner: &str) -> String {
    let head =
        format!(r#" <Record type="HKQuantityTypeIdentifierStepCount" sourceName="P" {START} {END} {attributes}"#);
    if inner.is_empty() { format!("{head}/>\n") } else { format!("{head}>{inner}</Record>\n") }
}

fn export(inner: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<HealthData locale=\"en_US\">\n{inner}</HealthData>\n")
}

#[test]
fn a_record_is_kept_whole() {
    let (kept, report) = read(&export(&record(
        r#"unit="count" value="12.50" device="&lt;&lt;HKDevice: 0x2ab&gt;, name:&quot;W&quot;&gt;" sourceVersion="1" creationDate="2019-07-19 10:36:22 +0200""#,
        "\n  <MetadataEntry key=\"k\" value=\"a &amp; b\"/>\n  <MetadataEntry key=\"k\" value=\"2\"/>\n ",
    )));
    assert!(report.issues.is_empty());
    let (key, s) = &kept.samples[0];
    assert_eq!(
        (key.code.as_str(), key.unit.as_str(), key.source.as_str()),
        ("HKQuantityTypeIdentifierStepCount", "count", "P")
    );
    assert_eq!((key.month, key.category), (2019 * 12 + 6, Category::Activity));
    assert_eq!(
        (s.start, s.end, s.created, s.offset),
        (1_563_525_371_000, 1_563_525_381_000, Some(1_563_525_382_000), 120)
    );
    assert_eq!((s.number, &s.word), (Decimal::new(1250, 2), &None));
    assert_eq!(s.device.as_deref(), Some("<<HKDevice>, name:\"W\">"));
    let meta: Vec<(&str, &str)> = s.meta.iter().map(|m| (&*m.key, &*m.value)).collect();
    assert_eq!(meta, [("k", "a & b"), ("k", "2")]);
}

#[test]
fn odd_records_lose_nothing() {
    let meta = |attributes: &str, inner: &str| {
        let (kept, report) = read(&export(&record(attributes, inner)));
        let s = kept.samples[0].1.clone();
        let meta: Vec<String> = s.meta.iter().map(|m| format!("{}={}", m.key, m.value)).collect();
        (s, meta, issues(&report))
    };
    use Severity::Repaired;
    let (s, m, i) = meta(r#"value="1e-05""#, "");
    assert_eq!((s.number, m, i), (Decimal::new(1, 5), vec!["@value=1e-05".to_owned()], vec![]));
    let (s, m, i) = meta(r#"value="123456789012345678901""#, "");
    assert_eq!(
        (s.number, s.word.as_deref(), m.len(), i),
        (None, Some("123456789012345678901"), 0, vec![(Repaired, What::BadNumber, 1)])
    );
    let (s, m, i) = meta(r#"value="HKCategoryValueSleepAnalysisInBed" colour="red""#, "");
    assert_eq!(
        (s.word.as_deref(), m, i),
        (Some("HKCategoryValueSleepAnalysisInBed"), vec!["@colour=red".into()], vec![(Repaired, What::BadNumber, 1)])
    );
    let (_, m, i) = meta(r#"value="1" Withings User Identifier="7""#, "");
    assert_eq!((m, i), (vec!["@Withings User Identifier=7".into()], vec![(Repaired, What::BadXml, 1)]));
    let (s, m, i) = meta("value=\"1\" creationDate=\"2019-07-19 09:36:11 +0100\"", "");
    assert_eq!((s.created, m, i), (Some(s.start), vec!["@creationDate=2019-07-19 09:36:11 +0100".into()], vec![]));
    let (s, m, i) = meta("value=\"1\" creationDate=\"never\"", "");
    assert_eq!((s.created, m, i), (None, vec!["@creationDate=never".into()], vec![(Repaired, What::BadDate, 1)]));
    let (_, m, i) = meta(
        "value=\"1\"",
        "<MetadataEntry key=\"@x\" value=\"a\u{b}b\"/><L><B bpm=\"61\" time=\"1:02\"/>word</L><MetadataEntry value=\"&who;\" key=\"z\"/>",
    );
    assert_eq!(
        m,
        ["\\@x=ab", "/L=", "/L/B@bpm@time=61\u{1f}1:02", "/L/#text=word", "/MetadataEntry@value@key=&who;\u{1f}z"]
    );
    assert_eq!(i, [(Repaired, What::ForbiddenCharacter, 1), (Repaired, What::UnknownEntity, 1)]);
    let (s, _, i) = meta("value=\"1\" value=\"2\"", "");
    assert_eq!((s.number, i), (Decimal::new(1, 0), vec![(Repaired, What::BadXml, 1)]));
}

/// The values of a quantity are numbers: each that is none is told, and kept as it stands.
#[test]
fn a_quantity_without_a_number_is_told() {
    for value in ["abc", "", "1e999", "NaN", "inf", "70,5", "0x10"] {
        let (kept, report) = read(&export(&record(&format!("value=\"{value}\""), "")));
        let s = &kept.samples[0].1;
        assert_eq!((s.number, s.word.as_deref()), (None, Some(value)));
        assert_eq!(issues(&report), [(Severity::Repaired, What::BadNumber, 1)], "{value}");
    }
    let (kept, report) = read(&export(&record("", "")));
    assert_eq!((kept.samples[0].1.number, &kept.samples[0].1.word), (None, &None));
    assert_eq!(issues(&report), [(Severity::Repaired, What::MissingField, 1)]);
    // A category says a word.
    let words = record("value=\"HKCategoryValueNotApplicable\"", "").replace("Quantity", "Category");
    let (kept, report) = read(&export(&words));
    assert_eq!(kept.samples[0].1.word.as_deref(), Some("HKCategoryValueNotApplicable"));
    assert!(report.issues.is_empty());
}

#[test]
fn records_without_a_date_or_type_are_kept_as_documents() {
    let xml = export(
        " <Record type=\"HKQuantityTypeIdentifierBodyMass\" startDate=\"2019-02-30 00:00:00 +0000\" value=\"70\" unit=\"kg\"/>\n <Record value=\"1\"/>\n",
    );
    let (kept, report) = read(&xml);
    assert_eq!(issues(&report), [(Severity::Repaired, What::BadDate, 1), (Severity::Repaired, What::MissingField, 1)]);
    assert!(kept.samples.is_empty());
    assert_eq!(kept.records.len(), 2);
    assert_eq!(kept.records[0].4[0].category, Category::VitalSigns);
    assert!(matches!(&kept.records[0].4[0].value, Value::Quantity(q) if q.unit == "kg"));
}

#[test]
fn damage_costs_one_element() {
    let good = record("value=\"1\"", "");
    use Severity::{Refused, Repaired};
    for (bad, what, survivors) in [
        (" <Record type=\"x\" startDate=\"2019\n", (Refused, What::BadXml), 2),
        (" <Record type=\"x\" value=\"1>\n", (Refused, What::BadXml), 2),
        (" <Record type=\"x\">\n  <MetadataEntry key=\"a\" value=\"b\"/>\n", (Refused, What::BadXml), 2),
        (" <Record type=\"x\"></Wrong>\n", (Refused, What::BadXml), 2),
        (" <Workout a=\"b\">\n", (Refused, What::BadXml), 2),
        (" stray text\n", (Refused, What::BadXml), 2),
        (" </Stray>\n", (Repaired, What::BadXml), 2),
        (" <![CDATA[<Record/>]]>\n", (Refused, What::BadXml), 2),
        (" <!DOCTYPE x [<!ENTITY a \"b\">]>\n", (Refused, What::BadXml), 2),
    ] {
        let (kept, report) = read(&export(&format!("{good}{bad}{good}")));
        assert_eq!(kept.samples.len(), survivors, "{bad}");
        assert_eq!(issues(&report), [(what.0, what.1, 1)], "{bad}");
    }
    // The parts of a broken correlation stay its own.
    let broken = format!(" <Correlation type=\"c\">\n {good}  <Record oops\n {good}{good}");
    let (kept, report) = read(&export(&format!("{good}{broken}")));
    assert_eq!((kept.samples.len(), report.refused()), (2, 1));
    let unclosed = format!(" <Correlation type=\"c\">\n {good} {good}{good}");
    let (kept, report) = read(&export(&unclosed));
    assert_eq!((kept.samples.len(), report.refused()), (1, 1));
}

#[test]
fn what_stands_behind_the_end_is_reported() {
    let (kept, report) = read(&format!("{}<HealthData/>", export(&record("value=\"1\"", ""))));
    assert_eq!((kept.samples.len(), issues(&report)), (1, vec![(Severity::Refused, What::BadXml, 1)]));
}

#[test]
fn not_utf8_is_repaired_and_reported() {
    let mut xml = export(&record("value=\"1\" device=\"caf#\"", "")).into_bytes();
    let at = xml.iter().position(|b| *b == b'#').unwrap();
    xml[at] = 0xe9;
    let (kept, report, _) = read_with(&xml, &Limits::default(), true).unwrap();
    assert_eq!(kept.samples[0].1.device.as_deref(), Some("caf\u{fffd}"));
    assert_eq!(issues(&report), [(Severity::Repaired, What::BadUtf8, 1)]);
}

#[test]
fn broken_off_anywhere() {
    let xml = export(&format!(
        "{}{} <Workout workoutActivityType=\"W\" {START}>\n  <MetadataEntry key=\"a\" value=\"b\"/>\n </Workout>\n",
        record("value=\"1\"", ""),
        record("value=\"2\"", "\n  <MetadataEntry key=\"a\" value=\"b\"/>\n "),
    ));
    let whole = read(&xml).0;
    let end = xml.find("</HealthData>").unwrap() + "</HealthData>".len();
    let head = xml.find("US\">").unwrap() + 4;
    for cut in 0..xml.len() {
        let read = read_with(&xml.as_bytes()[..cut], &Limits::default(), true);
        if cut < head {
            assert!(matches!(read, Err(Error::Malformed(Malformed::Xml))), "{cut}");
            continue;
        }
        let (kept, report, _) = read.unwrap();
        let truncated: u64 =
            report.issue_counts.iter().filter(|((_, w), _)| *w == What::Truncated).map(|(_, n)| *n).sum();
        assert_eq!(truncated > 0, cut < end, "{cut}");
        assert_eq!(kept.samples, whole.samples[..kept.samples.len()]);
    }
}

#[test]
fn real_exports() {
    let Some(dir) = shared() else { return };
    for (file, samples, records) in [
        ("apple-dogsheep/export.xml", 2, vec![("ActivitySummary", 2), ("Me", 1), ("Workout", 1)]),
        (
            "apple-dogsheep/zip_contents__apple_health_export__export.xml",
            2,
            vec![("ActivitySummary", 2), ("Me", 1), ("Workout", 1)],
        ),
        ("apple-paulstaab/export.xml", 5, vec![("Workout", 8)]),
    ] {
        let xml = std::fs::read_to_string(dir.join("data").join(file)).unwrap();
        let (kept, report) = read(&xml);
        assert!(report.issues.is_empty(), "{file}");
        assert_eq!(kept.samples.len(), samples, "{file}");
        let mut count = BTreeMap::new();
        kept.records.iter().for_each(|r| *count.entry(r.0).or_insert(0) += 1);
        assert_eq!(count.into_iter().collect::<Vec<_>>(), records, "{file}");
    }
}

#[test]
fn a_workout_and_a_day() {
    let Some(dir) = shared() else { return };
    let xml = std::fs::read_to_string(dir.join("data/apple-paulstaab/export.xml")).unwrap();
    let (kept, _) = read(&xml);
    let facts = &kept.records[3].4;
    let shown: Vec<String> = facts
        .iter()
        .map(|f| match &f.value {
            Value::Quantity(q) => format!("{} {} {} {}", f.codes[0].code, f.text, q.number, q.unit),
            Value::None => format!("{} {} none", f.codes[0].code, f.text),
            _ => panic!("neither an amount nor nothing"),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "HKWorkoutActivityTypeRunning Running none",
            "totalDistance sum 2.0 km",
            "HKQuantityTypeIdentifierDistanceWalkingRunning sum 2.5 km",
            "HKQuantityTypeIdentifierActiveEnergyBurned sum 900 kJ",
        ]
    );
    let xml = std::fs::read_to_string(dir.join("data/apple-dogsheep/export.xml")).unwrap();
    let (kept, _) = read(&xml);
    let me = kept.records.iter().find(|r| r.0 == "Me").unwrap();
    assert_eq!(me.4.len(), 2, "what is not set is no fact");
    assert!(me.4.iter().all(|f| f.kind == Kind::Patient && f.category == Category::Demographics));
    let day = kept.records.iter().find(|r| r.0 == "ActivitySummary").unwrap();
    assert_eq!(day.4[0].note, "goal 630 kcal");
    assert_eq!(day.4[0].when.unwrap().to_local_date(), "2016-11-15");
}

#[test]
fn both_ways_agree_on_whole_exports() {
    let Some(dir) = shared() else { return };
    let run = |arguments: &[&str]| {
        let out = std::process::Command::new("python3")
            .arg(dir.join("data/gen.py"))
            .args(["apple", "--records", "20000", "--out", "-"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(out.status.success());
        out.stdout
    };
    for arguments in
        [&["--quirks", "vt,dupmeta,bom,dtd16"][..], &["--lang", "fr", "--tz-mode", "dst", "--glucose", "mmol"]]
    {
        let xml = run(arguments);
        let limits = Limits::default();
        let (fast, fast_report, _) = read_with(&xml, &limits, true).unwrap();
        let (slow, slow_report, _) = read_with(&xml, &limits, false).unwrap();
        assert_eq!(fast.samples.len(), 20_000);
        assert!(fast.samples == slow.samples && fast_report == slow_report);
    }
}

/// Repeats a text for so many bytes, without holding them.
struct Endless {
    pattern: Vec<u8>,
    left: usize,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let from = self.at % self.pattern.len();
        let n = buf.len().min(self.left).min(self.pattern.len() - from);
        buf[..n].copy_from_slice(&self.pattern[from..from + n]);
        self.at += n;
        self.left -= n;
        Ok(n)
    }
}

fn endless(head: &[u8], body: &[u8], bytes: usize, close: &str) -> (Kept, Report) {
    let tail = format!("{close}\n{}</HealthData>", record("value=\"1\"", "")).into_bytes();
    let endless = Endless { pattern: body.repeat(1 << 14), left: bytes / body.len() * body.len(), at: 0 };
    let mut input = head.chain(endless).chain(tail.as_slice());
    let (mut sink, mut report) = (Kept::default(), Report::default());
    import(&mut input, 0, &Limits::default(), &mut sink, &mut report).unwrap();
    (sink, report)
}

#[test]
fn huge_and_deep_ones_are_refused_and_the_rest_is_read() {
    use Severity::Refused;
    let gib = 1 << 30;
    for (head, body, bytes, close, what) in [
        (&b"<HealthData><Record type=\""[..], &b"x"[..], gib, "\"/>", What::TooLarge),
        (b"<HealthData><Record ", b"a=\"1\" ", 600_000, "/>", What::TooLarge),
        (b"<HealthData><Foo>", b"<a>", 3_000_000, "</Foo>", What::TooDeep),
        (b"<HealthData><Foo>", b"<a></a>", gib / 32, "</Foo>", What::TooLarge),
        (b"<HealthData>", b"stray ", gib / 16, "", What::BadXml),
        (b"<HealthData><!--", b"- -", gib / 16, "-->", What::TooLarge),
    ] {
        let start = std::time::Instant::now();
        let (kept, report) = endless(head, body, bytes, close);
        assert_eq!(kept.samples.len(), 1, "{what:?}");
        assert_eq!(report.issue_counts.get(&(Refused, what)), Some(&1), "{:?}", report.issue_counts);
        let mib = bytes as f64 / f64::from(1 << 20);
        assert!(start.elapsed().as_secs_f64() < 1.0 + mib, "under a second for each MiB");
    }
    // White space is skipped, whatever there is of it.
    assert_eq!(endless(b"<HealthData>", b" \n", gib / 32, "").1.issues, []);
}

#[test]
fn limits_at_and_above() {
    let limits = Limits { attributes: 6, xml_depth: 3, token_bytes: 40, resource_bytes: 4000, ..Limits::default() };
    let refused = |inner: &str| {
        // One whose value is a word, and may be missing.
        let inner = inner.replace("HKQuantity", "HKCategory");
        let (_, report, _) = read_with(export(&inner).as_bytes(), &limits, false).unwrap();
        report.issues.first().map(|i| i.what)
    };
    assert_eq!(refused(&record("a=\"1\" b=\"2\"", "")), None);
    assert_eq!(refused(&record("a=\"1\" b=\"2\" c=\"3\"", "")), Some(What::TooLarge));
    assert_eq!(refused(&record("", "<a><b/></a>")), None);
    assert_eq!(refused(&record("", "<a><b><c/></b></a>")), None);
    assert_eq!(refused(&record("", "<a><b><c></c></b></a>")), Some(What::TooDeep));
    assert_eq!(refused(&record(&format!("a=\"{}\"", "x".repeat(40)), "")), None);
    assert_eq!(refused(&record(&format!("a=\"{}\"", "x".repeat(41)), "")), Some(What::TooLarge));
    let one = record("", "<a/>");
    let fill = limits.resource_bytes - one.trim().len();
    assert_eq!(refused(&record("", &format!("<a/>{}", " ".repeat(fill)))), None);
    assert_eq!(refused(&record("", &format!("<a/>{}", " ".repeat(fill + 1)))), Some(What::TooLarge));
}

/// As the page on hostile input has them, with nothing set. A text between elements, and names of namespaces, have no
/// limit of their own: the first counts as bytes of its element, the second are attributes.
#[test]
fn the_defaults_at_and_above() {
    let limits = Limits::default();
    assert_eq!((limits.attributes, limits.xml_depth), (256, 128));
    assert_eq!((limits.token_bytes, limits.resource_bytes), (4 << 20, 16 << 20));
    // One whose value is a word, and may be missing.
    let record = |attributes: &str, inner: &str| record(attributes, inner).replace("HKQuantity", "HKCategory");
    let refused = |inner: &str| {
        let (_, report, _) = read_with(export(inner).as_bytes(), &limits, true).unwrap();
        report.issues.first().map(|i| i.what)
    };
    // How many attributes there are without more.
    let own = record("", "").matches("=\"").count();
    let more = |n: usize, name: &str| (own..n).map(|i| format!("{name}{i}=\"urn:{i}\" ")).collect::<String>();
    for name in ["a", "xmlns:n"] {
        assert_eq!(refused(&record(&more(256, name), "")), None, "{name}");
        assert_eq!(refused(&record(&more(257, name), "")), Some(What::TooLarge), "{name}");
    }
    let nested = |n: usize| record("", &("<a>".repeat(n - 1) + &"</a>".repeat(n - 1)));
    assert_eq!(refused(&nested(128)), None);
    assert_eq!(refused(&nested(129)), Some(What::TooDeep));
    let token = |n: usize| record(&format!("a=\"{}\"", "x".repeat(n)), "");
    assert_eq!(refused(&token(4 << 20)), None);
    assert_eq!(refused(&token((4 << 20) + 1)), Some(What::TooLarge));
    let fill = limits.resource_bytes - record("", "<a></a>").trim().len();
    let text = |n: usize| record("", &format!("<a>{}</a>", "x".repeat(n)));
    assert_eq!(refused(&text(fill)), None);
    assert_eq!(refused(&text(fill + 1)), Some(What::TooLarge));
}

#[test]
fn entities_are_never_expanded() {
    let mut dtd = String::from("<!DOCTYPE HealthData [<!ENTITY lol0 \"lol\">");
    for i in 1..10 {
        let before = format!("&lol{};", i - 1).repeat(10);
        dtd.push_str(&format!("<!ENTITY lol{i} \"{before}\">"));
    }
    dtd.push_str("<!ENTITY file SYSTEM \"file:///etc/passwd\">]>");
    let xml = format!("{dtd}<HealthData>{}</HealthData>", record("value=\"&lol9;&file;\"", ""));
    let (kept, report) = read(&xml);
    assert_eq!(kept.samples[0].1.word.as_deref(), Some("&lol9;&file;"));
    assert_eq!(
        issues(&report),
        [
            (Severity::Repaired, What::DoctypeSkipped, 1),
            (Severity::Repaired, What::UnknownEntity, 1),
            (Severity::Repaired, What::BadNumber, 1)
        ]
    );
}

/// XML forbids a form feed: both ways say so.
#[test]
fn a_form_feed_between_entries_is_told() {
    let xml = export(&record("value=\"2\"", "\n \u{c}<MetadataEntry key=\"a\" value=\"b\"/>\n "));
    let [fast, slow] = [true, false].map(|fast| read_with(xml.as_bytes(), &Limits::default(), fast).unwrap());
    assert_eq!(fast.0.samples, slow.0.samples);
    assert_eq!(fast.1, slow.1);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 400, ..Default::default() })]
    #[test]
    fn mutated_exports_do_no_harm(
        changes in proptest::collection::vec((0usize..2000, proptest::prelude::any::<u8>()), 1..6),
        cut in 0usize..2000,
    ) {
        let mut xml = export(&format!(
            "{}{} <Correlation type=\"c\" {START} {END}>\n {}</Correlation>\n <Workout workoutActivityType=\"W\" {START}><WorkoutStatistics type=\"t\" sum=\"1\" unit=\"km\"/></Workout>\n",
            record("value=\"1\"", ""),
            record("value=\"2\"", "\n  <MetadataEntry key=\"a\" value=\"b\"/>\n "),
            record("value=\"3\"", ""),
        )).into_bytes();
        for (at, to) in changes {
            let n = xml.len();
            xml[at % n] = to;
        }
        xml.truncate(xml.len().saturating_sub(cut % 7 * 20));
        let both = [true, false].map(|fast| read_with(&xml, &Limits::default(), fast));
        if let [Ok(fast), Ok(slow)] = both {
            proptest::prop_assert_eq!(fast.0.samples, slow.0.samples);
            proptest::prop_assert_eq!(fast.1, slow.1);
        }
    }
}

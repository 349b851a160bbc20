//! For fuzzing alone (feature `fuzz-internals`): one function for each target of `core/fuzz`.
//!
//! What belongs here: bytes in, every decoder that could meet them called, and what must hold
//! asserted. What must not: anything that a program would call; none of it is part of the
//! interface.
#![expect(clippy::panic, reason = "a broken promise must stop the fuzzer")]

use crate::catalog::{Catalog, FactRow, Facts, Presence, Query, Segment, SourceInfo, View, series};
use crate::consent::{Action, ConsentState, Kept, Reads, Recipient, read_consent, read_consents};
use crate::crypto::seal;
use crate::environment::fuzz_lines;
use crate::error::{Error, Result};
use crate::evidence::verify_evidence;
use crate::grounding::{self, Options};
use crate::id::{ScopeId, SourceId, Timestamp};
use crate::import::{Limits, Report, Sink, Source};
use crate::keyring;
use crate::label::{Confidentiality, Obligations, Purpose};
use crate::lang::Lang;
use crate::policy::{ItemFacts, Request, authorize, decide};
use crate::record::{
    Author, Category, ClassFilter, DecisionClass, Draft, Everything, Kind, ResourceType, Sample, SeriesKey,
};
use crate::vault::{fuzz, fuzz_file};

/// Every piece of a plain file, where it stood.
#[derive(Default)]
struct Pieces(Vec<(u64, Vec<u8>)>);

impl Sink for Pieces {
    fn record(&mut self, draft: Draft<'_>) -> Result<()> {
        self.0.push((draft.span.offset, draft.body.to_vec()));
        Ok(())
    }

    fn sample(&mut self, _: &SeriesKey, _: u32, _: Sample) -> Result<()> {
        Ok(())
    }

    fn envelope(&mut self, _: u32, offset: u64, bytes: &[u8]) -> Result<()> {
        self.0.push((offset, bytes.to_vec()));
        Ok(())
    }

    fn progress(&mut self, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Reads a file as an import does, under limits that small inputs can reach.
pub fn import(bytes: &[u8]) {
    let Ok(mut source) = Source::bytes(bytes) else { return };
    let (mut pieces, mut report) = (Pieces::default(), Report::default());
    let limits = Limits {
        resource_bytes: 4096,
        decompressed_bytes: 1 << 20,
        json_depth: 16,
        xml_depth: 16,
        members: 16,
        token_bytes: 512,
        entries: 64,
        ..Limits::default()
    };
    let done = source.read(&limits, &mut pieces, &mut report);
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if done.is_ok() && text.first() == Some(&b'{') {
        let mut all = pieces.0;
        all.sort_by_key(|p| p.0);
        let whole: Vec<u8> = all.into_iter().flat_map(|p| p.1).collect();
        if whole != bytes {
            panic!("a document that was accepted cannot be rebuilt");
        }
    }
}

/// Opens a sealed message under a fixed key.
pub fn sealed(bytes: &[u8]) {
    let (key, context) = ([7; 32], [9; 72]);
    let Ok(plain) = seal::open(&key, &context, bytes) else { return };
    let mut other = bytes.to_vec();
    let at = plain.len() % other.len().max(1);
    if let Some(b) = other.get_mut(at) {
        *b ^= 1;
    }
    if seal::open(&key, &context, &other).is_ok() || seal::open(&key, &[8; 72], bytes).is_ok() {
        panic!("a changed message opened");
    }
}

/// Decodes bookkeeping.
pub fn form(bytes: &[u8]) {
    if matches!(fuzz::form(bytes), Err(Error::Internal(301))) {
        panic!("one value has two forms: form {:?}", bytes.first());
    }
}

/// Decodes what a way in keeps, a recovery code as typed, and the file of an anchor.
pub fn keys(bytes: &[u8]) {
    if matches!(what_opens(bytes), Err(Error::Internal(301))) {
        panic!("what was read is written otherwise: keys {:?}", bytes.first());
    }
}

fn what_opens(bytes: &[u8]) -> Result<()> {
    match bytes.strip_prefix(&[3]) {
        Some(file) => fuzz_lines(&String::from_utf8_lossy(file)),
        None => keyring::fuzz(bytes),
    }
}

/// Reads what a log hands out.
pub fn proof(bytes: &[u8]) {
    fuzz::proofs(&String::from_utf8_lossy(bytes));
}

/// Reads an evidence file; the keys that are trusted stand before U+0001, one a line.
pub fn evidence(bytes: &[u8]) {
    evidence_holds(bytes);
}

fn evidence_holds(bytes: &[u8]) -> bool {
    let at = bytes.iter().position(|b| *b == 1).unwrap_or(0);
    let (keys, file) = bytes.split_at(at);
    let keys = String::from_utf8_lossy(keys);
    let keys: Vec<&str> = keys.lines().collect();
    verify_evidence(file.strip_prefix(b"\x01").unwrap_or(file), &keys).is_ok()
}

/// Decodes a catalog segment and asks it; decodes a chunk of samples.
pub fn segment(bytes: &[u8]) {
    let _ = series::decode(bytes);
    let Ok(segment) = Segment::decode(bytes) else { return };
    let catalog = Catalog::of([std::sync::Arc::new(segment)]);
    let view = View::new(&catalog, &Everything);
    let rows = view.query(&Query { include_errors: true, ..Query::default() });
    let _ = view.presence(&mut |_| {});
    for record in catalog.records() {
        let _ = (record.origins(), record.identity(), record.facts().len());
    }
    for row in rows.iter().take(8) {
        for code in &row.fact.codes {
            let codes = vec![(code.system.clone(), code.code.clone())];
            let _ = view.count(&Query { codes, ..Query::default() }, &mut |_| {});
        }
    }
}

/// A space in which nothing is.
struct Nothing;

impl Facts for Nothing {
    fn query(&self, _: &Query) -> Result<Vec<FactRow>> {
        Ok(Vec::new())
    }

    fn count(&self, _: &Query) -> Result<u64> {
        Ok(0)
    }

    fn presence(&self) -> Result<Vec<Presence>> {
        Ok(Vec::new())
    }

    fn samples(&self, _: &FactRow) -> Result<Vec<Sample>> {
        Ok(Vec::new())
    }

    fn source(&self, _: u32) -> Result<SourceInfo> {
        Ok(SourceInfo { id: SourceId::from_bytes([0; 32]), imported_at: 0 })
    }
}

/// Reads consents from elsewhere and decides by them.
pub fn consent(bytes: &[u8]) {
    let Ok(all) = read_consents(bytes, 60) else { return };
    let mut state = ConsentState::default();
    for c in &all {
        // What is filed is its source.
        if *c != read_consent(c.source(), 60) {
            panic!("a Consent of a Bundle reads otherwise alone");
        }
        let kept = Kept::Imported { consent: Box::new(c.clone()), used: 0, notice_logged: false };
        state.add(c.series(), 1, kept);
    }
    let now = Timestamp::from_millis(1_790_000_000_000);
    let rules = state.rules_at(now);
    let Ok(who) = Recipient::reference("Practitioner/1") else { return };
    let actors = [who];
    for purpose in [Purpose::Treatment, Purpose::PatientRequest, Purpose::BreakGlass, Purpose::MlTraining] {
        let request = Request {
            scope: ScopeId::from_bytes([1; 16]),
            actors: &actors,
            purpose,
            outside: None,
            action: Action::Read,
            now,
            clock_behind: false,
            fresh: true,
            understands: Obligations::from_bits(u32::MAX),
        };
        let class = DecisionClass {
            category: Category::Laboratory,
            kind: Kind::Observation,
            confidentiality: Confidentiality::Restricted,
            sensitivities: 0,
            obligations: 0,
            author: Author::Source,
            resource: ResourceType::NONE,
        };
        let permitted = decide(&rules, &request, &ItemFacts::of_row(class, Some(0))).is_permit();
        let unusable = all.iter().any(|c| c.reads() == Reads::Unusable);
        if permitted && (unusable || purpose == Purpose::MlTraining) {
            panic!("a permit that nothing gives");
        }
        let filtered = authorize(&rules, &request).is_ok_and(|p| p.filter().judge(&class).passes(Some((0, 0))));
        if filtered != permitted {
            panic!("the row filter says something else");
        }
    }
}

/// Changes the file of a space and opens it.
pub fn file(bytes: &[u8]) {
    if let Err(Error::Internal(n @ 310..=311)) = fuzz_file::file(bytes) {
        panic!("a changed file says something else: {n}");
    }
}

/// Understands a question.
pub fn question(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for lang in [None, Some(Lang::En), Some(Lang::Fr)] {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let options = Options { lang, tokens: 300, now, nonce: [1; 8], zone_offset_minutes: 60 };
        if let Ok(out) = grounding::compose(&Nothing, &text, &options)
            && !out.citations.is_empty()
        {
            panic!("cited a record of an empty space");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use std::path::{Path, PathBuf};

    type Target = (&'static str, fn(&[u8]));

    /// Every target and what it runs.
    const TARGETS: [Target; 12] = [
        ("fhir", import),
        ("apple", import),
        ("zip", import),
        ("form", form),
        ("keys", keys),
        ("sealed", sealed),
        ("proof", proof),
        ("evidence", evidence),
        ("segment", segment),
        ("question", question),
        ("consent", consent),
        ("file", file),
    ];

    fn folder(target: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
    }

    const FHIR: [(&str, &str); 4] = [
        (
            "bundle",
            "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{\"fullUrl\":\"urn:uuid:p\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"family\":\"A\",\"given\":[\"B\"]}],\"birthDate\":\"1970-01-02\"}},\n{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"1\",\"status\":\"final\",\"category\":[{\"coding\":[{\"code\":\"laboratory\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"13457-7\"}],\"text\":\"LDL\"},\"subject\":{\"reference\":\"Patient/p\"},\"effectiveDateTime\":\"2026-01-05T10:00:00+01:00\",\"valueQuantity\":{\"value\":112.50,\"comparator\":\"<\",\"unit\":\"mg/dL\"},\"referenceRange\":[{\"high\":{\"value\":130}}]}},\n{\"resource\":{\"resourceType\":\"MedicationRequest\",\"status\":\"active\",\"medicationReference\":{\"reference\":\"Medication/m\"}}},\n{\"resource\":{\"resourceType\":\"Medication\",\"id\":\"m\",\"code\":{\"text\":\"simvastatin\"}},\"fullUrl\":\"urn:uuid:m\"}]}",
        ),
        (
            "resource",
            "{\"resourceType\":\"Condition\",\"id\":\"2\",\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"V\"}]},\"code\":{\"text\":\"asthma \\u00e9\"},\"onsetDateTime\":\"2019\"}",
        ),
        (
            "lines",
            "{\"resourceType\":\"Immunization\",\"vaccineCode\":{\"text\":\"a\"},\"occurrenceDateTime\":\"2020-02\"}\n{\"resourceType\":\"AllergyIntolerance\",\"code\":{\"text\":\"b\"}}\r\n{bad}\n",
        ),
        (
            "broken",
            "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Basic\",\"x\":[}},{\"resource\":{\"resourceType\":\"Patient\"}",
        ),
    ];

    const CONSENT: [(&str, &str); 4] = [
        (
            "r4",
            "{\"resourceType\":\"Consent\",\"id\":\"1\",\"identifier\":[{\"system\":\"s\",\"value\":\"v\"}],\"status\":\"active\",\"scope\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-privacy\"}]},\"patient\":{\"reference\":\"Patient/p\"},\"provision\":{\"type\":\"permit\",\"period\":{\"start\":\"2026\",\"end\":\"2027-02-03\"},\"purpose\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActReason\",\"code\":\"TREAT\"}],\"provision\":[{\"type\":\"deny\",\"securityLabel\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"PSY\"}],\"data\":[{\"meaning\":\"related\",\"reference\":{\"reference\":\"Encounter/e\"}}]},{\"modifierExtension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/consent-provision-limit\",\"extension\":[{\"url\":\"control\",\"valueCodeableConcept\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"DEID\"}]}}]}],\"type\":\"permit\",\"actor\":[{\"reference\":{\"reference\":\"Practitioner/1\"}}],\"dataPeriod\":{\"start\":\"1960\"}}]}}",
        ),
        (
            "r5",
            "{\"resourceType\":\"Consent\",\"id\":\"2\",\"status\":\"active\",\"category\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"59284-0\"}]}],\"subject\":{\"reference\":\"Patient/p\"},\"period\":{\"end\":\"2030\"},\"decision\":\"deny\",\"provision\":[{\"resourceType\":[{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":\"Observation\"}],\"action\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentaction\",\"code\":\"use\"}]}],\"provision\":[{\"code\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"1\"}]}]}]}]}",
        ),
        (
            "bundle",
            "{\"resourceType\":\"Bundle\",\"type\":\"history\",\"entry\":[{\"resource\":{\"resourceType\":\"Consent\",\"id\":\"3\",\"meta\":{\"lastUpdated\":\"2026-01-01T00:00:00Z\"},\"status\":\"active\",\"provision\":{\"type\":\"deny\"}}},\n{\"resource\":{\"resourceType\":\"Consent\",\"id\":\"3\",\"meta\":{\"lastUpdated\":\"2026-02-01T00:00:00Z\"},\"status\":\"inactive\"}},{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\"}}]}",
        ),
        (
            "broken",
            "{\"resourceType\":\"Consent\",\"status\":\"active\",\"provision\":{\"type\":\"permit\",\"type\":\"deny\"}}",
        ),
    ];

    const APPLE: [(&str, &str); 3] = [
        (
            "export",
            "<?xml version=\"1.0\"?>\n<HealthData locale=\"en_US\">\n <ExportDate value=\"2026-01-06 10:00:00 +0000\"/>\n <Me HKCharacteristicTypeIdentifierDateOfBirth=\"1970-01-02\"/>\n <Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"P\" unit=\"count\" startDate=\"2026-01-05 10:00:00 +0000\" endDate=\"2026-01-05 10:01:00 +0000\" value=\"100\"/>\n <Record type=\"HKCategoryTypeIdentifierSleepAnalysis\" sourceName=\"P\" startDate=\"2026-01-05 23:00:00 +0100\" endDate=\"2026-01-06 07:00:00 +0100\" value=\"HKCategoryValueSleepAnalysisAsleepCore\">\n  <MetadataEntry key=\"k\" value=\"v\"/>\n </Record>\n <Workout workoutActivityType=\"HKWorkoutActivityTypeRunning\" duration=\"30\" durationUnit=\"min\" startDate=\"2026-01-05 10:00:00 +0000\" endDate=\"2026-01-05 10:30:00 +0000\"/>\n</HealthData>\n",
        ),
        (
            "odd",
            "\u{feff}<!DOCTYPE HealthData [\n<!ATTLIST Me a CDATA #REQUIRED\n<!ENTITY lol \"lol\">\n]>\n<HealthData>\n <Record type=\"T\" value=\"1e-5\u{b}\" device=\"&lol;\" startDate=\"2026-01-05 10:00:00 +0000\" endDate=\"x\"/>\n <Correlation type=\"C\" startDate=\"2026-01-05 10:00:00 +0000\" endDate=\"2026-01-05 10:00:00 +0000\">\n  <Record type=\"T\" value=\"1\"/>\n </Correlation>\n <Workout <\n</HealthData>",
        ),
        ("cut", "<HealthData><Record type=\"T\" startDate=\"2026-01-05 10:00:00 +0000\" endDate=\"2026-01-05 1"),
    ];

    /// What is committed: made by this code alone.
    fn make() -> Vec<(&'static str, String, Vec<u8>)> {
        let mut all = Vec::new();
        for (name, text) in FHIR {
            all.push(("fhir", name.to_owned(), text.as_bytes().to_vec()));
        }
        for (name, text) in CONSENT {
            all.push(("consent", name.to_owned(), text.as_bytes().to_vec()));
        }
        for (name, text) in APPLE {
            all.push(("apple", name.to_owned(), text.as_bytes().to_vec()));
        }
        let zip = |members: &[(&str, &str)]| {
            let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
            for (name, text) in members {
                zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
                zip.write_all(text.as_bytes()).unwrap();
            }
            zip.finish().unwrap().into_inner()
        };
        let export = zip(&[("apple_health_export/export.xml", APPLE[0].1), ("apple_health_export/r.json", FHIR[1].1)]);
        all.push(("zip", "export".to_owned(), export));
        all.push(("zip", "odd".to_owned(), zip(&[("../up.xml", APPLE[0].1), ("__MACOSX/._a", "x"), ("e", "")])));
        // Nothing; the header; the schema; each page; a cut.
        all.push(("file", "whole".to_owned(), Vec::new()));
        all.push(("file", "header".to_owned(), vec![0, 0, 0, 18, 1]));
        all.push(("file", "schema".to_owned(), vec![0, 0, 15, 0, 32]));
        let pages = (0..8u32).flat_map(|p| [&(p * 4096 + 4000).to_be_bytes()[..], &[64]].concat());
        all.push(("file", "pages".to_owned(), pages.collect()));
        all.push(("file", "cut".to_owned(), vec![0, 0, 15, 0, 0, 16, 0]));
        for n in [0, 1, 100, 20_000] {
            let sealed = seal::seal(&[7; 32], &[9; 72], &vec![5; n]).unwrap();
            all.push(("sealed", format!("of-{n}"), sealed));
        }
        for (i, text) in [
            "How did my LDL change since I started the statin?",
            "Comment mon LDL a-t-il évolué depuis la statine ?",
            "steps last 3 months, and sleep between 2024-01-01 and March 2025",
            "Quels médicaments ai-je pris l’an dernier ? allergies, vaccins",
        ]
        .iter()
        .enumerate()
        {
            all.push(("question", format!("q{i}"), text.as_bytes().to_vec()));
        }
        let files = [FHIR[0].1, FHIR[1].1, APPLE[0].1].map(|t| t.as_bytes().to_vec());
        all.extend(fuzz::seeds::of_a_space(&files));
        let line = [("0a", 16), ("0b", 16)].map(|(byte, n)| byte.repeat(n)).join(" ");
        let file =
            format!("\u{3}healthspace-anchor/1\n{line} 1 7 {}\n{line} 2 0 {}\n", "0c".repeat(32), "00".repeat(32));
        all.push(("keys", "anchor".into(), file.into_bytes()));
        all.extend(keyring::fuzz_seeds().into_iter().map(|(name, bytes)| ("keys", name.to_owned(), bytes)));
        all
    }

    /// `HEALTHSPACE_WRITE_SEEDS=1` writes the seeds anew, for instance after a change of format.
    #[test]
    fn every_seed_is_read_whole_damaged_and_cut() {
        if std::env::var_os("HEALTHSPACE_WRITE_SEEDS").is_some() {
            for (target, name, bytes) in make() {
                std::fs::create_dir_all(folder(target)).unwrap();
                std::fs::write(folder(target).join(name), bytes).unwrap();
            }
        }
        for (target, run) in TARGETS {
            let mut seeds = 0;
            for entry in std::fs::read_dir(folder(target)).unwrap() {
                let bytes = std::fs::read(entry.unwrap().path()).unwrap();
                run(&bytes);
                // Some neighbours of each, the same ones every time.
                for i in 0..bytes.len().min(60) {
                    let at = i * bytes.len() / bytes.len().min(60);
                    let mut bad = bytes.clone();
                    bad[at] ^= 1 << (i % 8);
                    run(&bad);
                    if i % 3 == 0 {
                        run(&bytes[..at]);
                    }
                }
                seeds += 1;
            }
            assert!(seeds >= 2, "{target} has {seeds} seeds");
        }
        fuzz_file::clean();
    }

    /// What our own code makes is read by what is fuzzed: otherwise the targets reach nothing.
    #[test]
    fn the_seeds_of_today_are_understood() {
        let mut forms = 0;
        for (target, name, bytes) in make() {
            match target {
                "form" => {
                    fuzz::form(&bytes).unwrap_or_else(|e| panic!("{name}: {e:?}"));
                    forms += 1;
                }
                "keys" => what_opens(&bytes).unwrap_or_else(|e| panic!("{name}: {e:?}")),
                "segment" => assert!(Segment::decode(&bytes).is_ok() || series::decode(&bytes).is_ok(), "{name}"),
                "sealed" => assert!(seal::open(&[7; 32], &[9; 72], &bytes).is_ok(), "{name}"),
                "consent" if name != "broken" => {
                    let all = read_consents(&bytes, 0).unwrap();
                    assert!(all.iter().all(|c| c.reads() != Reads::Unusable && c.void_permits() == 0), "{name}");
                }
                "proof" => assert!(fuzz::proofs(core::str::from_utf8(&bytes).unwrap()), "{name}"),
                "file" => assert_eq!(fuzz_file::file(&bytes).is_ok_and(|c| c.is_whole()), name == "whole", "{name}"),
                "evidence" => assert!(evidence_holds(&bytes), "{name}"),
                _ => {}
            }
            TARGETS.iter().find(|t| t.0 == target).unwrap().1(&bytes);
        }
        assert!(forms >= 12);
        fuzz_file::clean();
    }
}

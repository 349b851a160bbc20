use super::*;
use std::collections::BTreeMap;

const FOLDERS: [&str; 3] = ["spezi-synthea", "hl7-r4-examples", "ips-connectathon"];

/// Every resource that is no Bundle and no Parameters, in order, with its entry's fullUrl.
fn oracle<'j>(json: &'j Json, url: Option<&'j str>, out: &mut Vec<(&'j Json, Option<&'j str>)>) {
    if json["resourceType"] == "Bundle" {
        for entry in json["entry"].as_array().into_iter().flatten() {
            if entry.get("resource").is_some() {
                oracle(&entry["resource"], entry["fullUrl"].as_str(), out);
            }
        }
    } else if json["resourceType"] == "Parameters" {
        for entry in json["parameter"].as_array().into_iter().flatten().filter(|p| p.get("resource").is_some()) {
            oracle(&entry["resource"], None, out);
        }
    } else {
        out.push((json, url));
    }
}

#[test]
fn every_resource_of_every_file_once_and_byte_for_byte() {
    let (mut files, mut records, mut facts) = (0, 0, 0);
    let mut by_type: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all_issues: BTreeMap<(Severity, What), u64> = BTreeMap::new();
    for path in FOLDERS.iter().flat_map(|f| shared(f)) {
        let bytes = std::fs::read(&path).unwrap();
        let json: Json = serde_json::from_slice(bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(&bytes)).unwrap();
        let mut want = Vec::new();
        oracle(&json, None, &mut want);
        let (sink, report) = run(&bytes);
        assert_eq!(report.refused(), 0, "{path:?}");
        let mut got = sink.records.clone();
        got.sort_by_key(|r| r.span.offset);
        assert_eq!(got.len(), want.len(), "{path:?}");
        for (g, (w, _)) in got.iter().zip(&want) {
            assert_eq!(&serde_json::from_slice::<Json>(&g.body).unwrap(), *w, "{path:?}");
            assert_eq!(g.type_name, w["resourceType"].as_str().unwrap());
            *by_type.entry(g.type_name).or_default() += 1;
            facts += g.facts.len();
        }
        records += got.len();
        files += 1;
        for (k, n) in report.issue_counts {
            *all_issues.entry(k).or_default() += n;
        }
    }
    println!("{files} files, {records} records, {facts} facts\n{by_type:?}\n{all_issues:?}");
    assert!(files == 0 || (files > 150 && records > 4000));
}

#[test]
fn laboratory_series_agree_to_the_digit() {
    let mut found = 0;
    for path in shared("spezi-synthea").into_iter().chain(shared("ips-connectathon")) {
        let bytes = std::fs::read(&path).unwrap();
        let json: Json = serde_json::from_slice(bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(&bytes)).unwrap();
        let mut all = Vec::new();
        oracle(&json, None, &mut all);
        let (sink, _) = run(&bytes);
        for code in ["18262-6", "13457-7", "2089-1", "4548-4", "2339-0", "29463-7", "8480-6"] {
            let mut want = Vec::new();
            for (o, _) in all.iter().filter(|(o, _)| o["resourceType"] == "Observation") {
                let date = o["effectiveDateTime"].as_str().map(str::to_owned);
                let parts = std::iter::once(*o).chain(o["component"].as_array().into_iter().flatten());
                for part in parts {
                    let coded = part["code"]["coding"].as_array().into_iter().flatten();
                    if coded.into_iter().any(|c| c["code"] == code && c["system"] == "http://loinc.org") {
                        if part["valueQuantity"]["value"].is_number() {
                            let q = &part["valueQuantity"];
                            let unit = q["unit"].as_str().or(q["code"].as_str()).unwrap_or("").to_owned();
                            want.push((date.clone(), q["value"].to_string(), unit));
                        }
                    }
                }
            }
            let mut got = Vec::new();
            for f in sink.records.iter().flat_map(|r| &r.facts) {
                if let (true, V::Quantity(q)) = (f.codes.iter().any(|c| c.code == code), &f.value) {
                    got.push((f.when, q.number.to_string(), q.unit.clone()));
                }
            }
            let dated: Vec<_> = want
                .iter()
                .map(|(d, n, u)| (d.as_deref().and_then(crate::record::When::parse_fhir), n.clone(), u.clone()))
                .collect();
            // Without effectiveDateTime the date comes from elsewhere: compare it where it is there.
            assert_eq!(got.len(), dated.len(), "{code} {path:?}");
            for (g, w) in got.iter().zip(&dated) {
                assert_eq!((&g.1, &g.2), (&w.1, &w.2), "{path:?}");
                assert!(w.0.is_none() || g.0 == w.0);
            }
            found += got.len();
        }
    }
    println!("{found} values compared");
    assert!(found == 0 || found > 200);
}

#[test]
fn every_synthea_observation_has_a_value_a_date_and_a_category() {
    for path in shared("spezi-synthea") {
        let (sink, report) = run(&std::fs::read(path).unwrap());
        for o in sink.of("Observation") {
            assert!(o.facts.iter().all(|f| f.when.is_some() && !f.codes.is_empty() && f.status == Status::Final));
            assert!(o.facts.iter().any(|f| f.value != V::None));
            assert!(o.facts.iter().all(|f| f.category != Category::Other), "{:?}", o.facts);
        }
        for t in ["Condition", "MedicationRequest", "Immunization", "Procedure", "Encounter", "AllergyIntolerance"] {
            assert!(sink.of(t).iter().all(|r| !r.facts[0].text.is_empty() && !r.facts[0].codes.is_empty()), "{t}");
        }
        // One person: every record that names a subject names the same, and is known by name.
        let p = SubjectHint { described: None, ..sink.of("Patient")[0].subject.clone() };
        assert!(p.reference.is_some() && p.person.is_some());
        let others: Vec<_> =
            sink.records.iter().filter(|r| r.type_name != "Patient" && r.subject != SubjectHint::default()).collect();
        assert!(others.len() > sink.records.len() / 2 && others.iter().all(|r| r.subject == p));
        assert!(report.issue_counts.keys().all(|(s, _)| *s == Severity::Repaired));
        let mut ids: Vec<_> = sink.records.iter().map(|r| r.identity).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), sink.records.len());
    }
}

#[test]
fn a_bulk_export_of_a_bundle_has_the_same_identities() {
    for path in shared("spezi-synthea") {
        let bytes = std::fs::read(path).unwrap();
        let json: Json = serde_json::from_slice(&bytes).unwrap();
        let mut all = Vec::new();
        oracle(&json, None, &mut all);
        let lines: String = all.iter().map(|(r, _)| r.to_string() + "\r\n").collect();
        let (a, b) = (run(&bytes).0, run(lines.as_bytes()).0);
        let ids = |c: &Collect| {
            c.records.iter().map(|r| (r.type_name, r.identity)).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(ids(&a), ids(&b));
        let facts = |c: &Collect| c.records.iter().map(|r| r.facts.len()).sum::<usize>();
        assert_eq!(facts(&a), facts(&b));
    }
}

#[test]
fn medication_references_are_resolved_and_absences_are_stated() {
    let (mut uses, mut named, mut absences) = (0, 0, BTreeMap::<(Category, String), usize>::new());
    for path in FOLDERS.iter().flat_map(|f| shared(f)) {
        let (sink, _) = run(&std::fs::read(&path).unwrap());
        for r in &sink.records {
            for f in &r.facts {
                if f.kind == Kind::Medication {
                    uses += 1;
                    named += usize::from(!f.codes.is_empty());
                }
                if let (Kind::Absence, V::Text(t)) = (f.kind, &f.value) {
                    *absences.entry((f.category, t.clone())).or_default() += 1;
                }
            }
        }
    }
    println!("{named} of {uses} medication uses have a code; absences {absences:?}");
    if uses > 0 {
        assert!(named * 100 >= uses * 90);
        assert!(absences.contains_key(&(Category::Allergies, "nilknown".into())));
        assert!(absences.contains_key(&(Category::Allergies, "unavailable".into())));
    }
}

/// `HEALTHSPACE_BENCH=1 cargo nextest run --release -p healthspace fhir::tests::real::throughput`
#[test]
fn throughput() {
    if std::env::var_os("HEALTHSPACE_BENCH").is_none() {
        return;
    }
    struct Nothing(usize);
    impl Sink for Nothing {
        fn record(&mut self, d: Draft<'_>) -> Result<()> {
            self.0 += d.facts.len();
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
    struct Skip;
    impl super::super::window::Handler for Skip {
        fn resource(&mut self, _: &[u8], _: u64, _: Option<&str>) -> Result<bool> {
            Ok(true)
        }
        fn envelope(&mut self, _: u64, _: &[u8]) -> Result<()> {
            Ok(())
        }
        fn issue(&mut self, _: Severity, _: What, _: u64) {}
        fn bundle(&mut self, _: usize) {}
        fn bundle_meta(&mut self, _: &[u8]) {}
        fn bundle_end(&mut self, _: usize, _: bool) {}
        fn progress(&mut self, _: u64) -> Result<()> {
            Ok(())
        }
    }
    let cpu = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
    };
    let files: Vec<Vec<u8>> = shared("spezi-synthea").iter().map(|p| std::fs::read(p).unwrap()).collect();
    let minified: Vec<Vec<u8>> =
        files.iter().map(|f| serde_json::from_slice::<Json>(f).unwrap().to_string().into_bytes()).collect();
    for (name, set) in [("as exported", &files), ("minified", &minified)] {
        let mb = 12.0 * set.iter().map(Vec::len).sum::<usize>() as f64 / 1e6;
        let start = cpu();
        let mut sink = Nothing(0);
        for file in (0..12).flat_map(|_| set.iter()) {
            let mut report = Report::default();
            import(&mut file.as_slice(), None, 0, &Limits::default(), &mut sink, &mut report, Context::default())
                .unwrap();
        }
        let whole = cpu() - start;
        let start = cpu();
        for file in (0..12).flat_map(|_| set.iter()) {
            super::super::walk::walk(&mut file.as_slice(), Skip, &Limits::default()).ok().unwrap();
        }
        let scan = cpu() - start;
        println!(
            "{name}: {mb:.0} MB, {} facts: whole {:.0} MB/s, scan alone {:.0} MB/s",
            sink.0,
            mb / whole,
            mb / scan
        );
    }
}

/// What keeps a body to grants with conditions without a word that is read: claims refer to diagnoses,
/// and hardly anything else has such members.
#[test]
fn ordinary_records_tell_of_no_condition_in_what_is_not_read() {
    let mut by_type: BTreeMap<(&str, &str), [usize; 2]> = BTreeMap::new();
    for folder in FOLDERS {
        for path in shared(folder) {
            let (sink, _) = run(&std::fs::read(&path).unwrap());
            for r in &sink.records {
                let wordless = |f: &&FactDraft| {
                    (f.kind, f.category) == (Kind::Other, Category::Conditions)
                        && f.text.is_empty()
                        && f.codes.is_empty()
                        && f.note.is_empty()
                };
                let n = by_type.entry((folder, r.type_name)).or_default();
                n[0] += 1;
                n[1] += usize::from(r.facts.iter().skip(1).any(|f| wordless(&f)));
            }
        }
    }
    for ((folder, name), [all, kept]) in &by_type {
        if *kept > 0 {
            println!("{folder} {name}: {kept} of {all}");
        }
        assert!(*folder != "spezi-synthea" || *kept == 0, "{name}: {kept} of {all}");
    }
}

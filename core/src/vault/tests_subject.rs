//! Whose data it is, and what a record must not be taken for.

use super::tests_import::{allow, files, space};
use super::tests_versions::{PATIENT, bundle, import, ldl, rows};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::error::{Error, Result};
use crate::import::{Report, Severity, Source, What};
use crate::record::{Category, Kind, Status, Value};
use std::collections::BTreeSet;

fn of(id: &str, subject: &str) -> String {
    ldl(id, "100", "final", "").replace("Patient/p1", subject)
}

fn me(born: &str, sex: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<HealthData locale=\"fr_FR\">\n <ExportDate value=\"2026-03-01 10:00:00 +0000\"/>\n <Me HKCharacteristicTypeIdentifierDateOfBirth=\"{born}\" HKCharacteristicTypeIdentifierBiologicalSex=\"HKBiologicalSex{sex}\"/>\n</HealthData>\n"
    )
}

fn refused(r: Result<Report>) -> bool {
    matches!(r, Err(Error::OtherSubject))
}

#[test]
fn a_file_of_two_persons_is_refused_with_a_patient_and_without() {
    let two = [
        bundle(&[of("1", "Patient/anna"), of("2", "Patient/bert")]),
        bundle(&[PATIENT.into(), of("1", "Patient/other")]),
        bundle(&[PATIENT.into(), PATIENT.replace("p1", "p2").replace("Durand", "Petit")]),
        // The same names, born on another day.
        bundle(&[PATIENT.into(), PATIENT.replace("p1", "p2").replace("1970", "1975")]),
    ];
    for text in &two {
        let (_dir, space) = space();
        assert!(refused(import(&space, text)), "{text}");
        assert!(rows(&space, None).is_empty());
    }
}

/// A Patient in `contained` is compared like any other.
#[test]
fn a_patient_within_another_record_is_compared() {
    let inner = |fields: &str| {
        let patient = format!(r##""contained":[{{"resourceType":"Patient","id":"x",{fields}}}],"status""##);
        of("9", "#x").replace("\"status\"", &patient)
    };
    let same = [r#""birthDate":"1970-01-02""#, r#""birthDate":"1970","gender":"female""#, r#""gender":"other""#];
    let others = [
        r#""birthDate":"1971-01-02""#,
        r#""birthDate":"1971""#,
        r#""gender":"male""#,
        r#""name":[{"family":"Durand"}],"birthDate":"1971-01-02""#,
        r#""name":[{"family":"Durand","given":["Anne"]}],"birthDate":"1971-01-02""#,
    ];
    let (_dir, space) = space();
    import(&space, &bundle(&[PATIENT.into(), of("1", "Patient/p1")])).unwrap();
    for fields in others {
        assert!(refused(import(&space, &inner(fields))), "{fields}");
        // In the file of the person's own.
        let (_dir, new) = super::tests_import::space();
        assert!(refused(import(&new, &bundle(&[PATIENT.into(), inner(fields)]))), "{fields}");
        // And once more where it is said by such a one alone.
        import(&new, &inner(same[1])).unwrap();
        assert!(refused(import(&new, &inner(fields))), "{fields}");
        let confirmed = ImportOptions::new().confirm_subject();
        let source = Source::bytes(inner(fields)).unwrap();
        assert_eq!(new.partition("health").unwrap().import_with(source, &confirmed).unwrap().refused(), 0);
    }
    for fields in same {
        import(&space, &inner(fields)).unwrap();
    }
}

#[test]
fn every_reference_leads_to_the_pinned_person() {
    let (_dir, space) = space();
    import(&space, &bundle(&[PATIENT.into(), of("1", "Patient/p1")])).unwrap();
    for text in [
        bundle(&[of("9", "Patient/other")]),
        bundle(&[of("9", "Patient/p1"), of("10", "Patient/other")]),
        bundle(&[PATIENT.into(), of("9", "Patient/other")]),
        bundle(&[
            PATIENT.replace("p1", "p2").replace("Durand", "Petit").replace("1970-01-02", ""),
            of("9", "Patient/p2"),
        ]),
        bundle(&[PATIENT.replace("female", "male"), of("9", "Patient/p1")]),
        bundle(&[PATIENT.replace("1970-01-02", "1971-01-02"), of("9", "Patient/p1")]),
    ] {
        assert!(refused(import(&space, &text)), "{text}");
    }
    // The person under another server's name, also where that comes behind; then by it alone.
    let again = PATIENT
        .replace("p1", "x7")
        .replace("\"gender\"", r#""identifier":[{"system":"urn:oid:1.2","value":"42"}],"gender""#);
    let by_number =
        of("11", "").replace(r#"{"reference":""}"#, r#"{"identifier":{"system":"urn:oid:1.2","value":"42"}}"#);
    import(&space, &bundle(&[of("9", "Patient/x7"), by_number.clone(), again])).unwrap();
    import(&space, &bundle(&[of("12", "https://h.example/Patient/x7"), by_number])).unwrap();
    // What says nothing of its subject stays acceptable.
    import(&space, &bundle(&[of("13", "Group/1")])).unwrap();
    import(&space, &of("14", "").replace(r#""subject":{"reference":""},"#, "")).unwrap();
}

#[test]
fn an_apple_export_and_a_patient_are_compared() {
    let patient = bundle(&[PATIENT.into()]);
    for (born, sex, same) in [
        ("1970-01-02", "Female", true),
        ("", "Female", true),
        ("1970-01-02", "NotSet", true),
        ("1970-01-02", "Male", false),
        ("1979-04-12", "Female", false),
    ] {
        for (first, second) in [(me(born, sex), patient.clone()), (patient.clone(), me(born, sex))] {
            let (_dir, space) = space();
            import(&space, &first).unwrap();
            assert_eq!(refused(import(&space, &second)), !same, "{born} {sex}");
        }
    }
    let (_dir, space) = space();
    import(&space, &me("1950-01-01", "Male")).unwrap();
    assert!(refused(import(&space, &me("2001-01-01", "Female"))));
}

/// A phone's export of samples, then one with the records of a clinic that was linked since: in either order.
#[test]
fn an_export_with_a_first_clinic_is_that_of_the_same_person() {
    let with = |born: &str, reference: &str| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let me = me(born, "Female");
        let named = r#"<ClinicalRecord type="Observation" identifier="a" sourceName="C" sourceURL="" fhirVersion="4.0.1" receivedDate="2026-02-01 10:00:00 +0000" resourceFilePath="/clinical-records/Observation-1.json"/></HealthData>"#;
        for (name, text) in [
            ("apple_health_export/export.xml", me.replace("</HealthData>", named)),
            ("apple_health_export/clinical-records/Observation-1.json", of("1", reference)),
        ] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
        }
        Source::bytes(zip.finish().unwrap().into_inner()).unwrap()
    };
    let (_dir, space) = space();
    let zipped = |source| space.partition("health").unwrap().import(source);
    import(&space, &me("1970-01-02", "Female")).unwrap();
    // Another birth date is another person.
    assert!(refused(zipped(with("1971-01-02", "Patient/x"))));
    let report = zipped(with("1970-01-02", "Patient/x")).unwrap();
    assert!(report.imported() > 0);
    // It is named now.
    assert!(refused(zipped(with("1970-01-02", "Patient/another"))));
    import(&space, &me("1970-01-02", "Female")).unwrap();
}

#[test]
fn a_confirmation_is_logged_whenever_it_decides() {
    let (_dir, space) = space();
    let health = space.partition("health").unwrap();
    let confirmed = |text: String| {
        let source = Source::bytes(text.into_bytes()).unwrap();
        health.import_with(source, &ImportOptions::new().confirm_subject()).unwrap()
    };
    let names = || -> Vec<&'static str> {
        let log = space.log(LogOf::Partition("health")).unwrap();
        log.iter()
            .map(|l| &l.entry.event)
            .filter(|e| matches!(e, AuditEvent::SubjectPinned { .. } | AuditEvent::SubjectConfirmed { .. }))
            .map(AuditEvent::name)
            .collect()
    };
    confirmed(bundle(&[PATIENT.into()]));
    assert_eq!(names(), ["SubjectPinned"]);
    let other = PATIENT.replace("Durand", "Petit").replace("p1", "p2").replace("1970", "1975");
    confirmed(bundle(core::slice::from_ref(&other)));
    assert_eq!(names(), ["SubjectPinned", "SubjectConfirmed"]);
    // What was confirmed once is known from then on.
    confirmed(bundle(&[other.clone(), of("1", "Patient/p2")]));
    import(&space, &bundle(&[other, of("2", "Patient/p2")])).unwrap();
    confirmed(bundle(&[of("3", "Patient/p3")]));
    assert_eq!(names(), ["SubjectPinned", "SubjectConfirmed", "SubjectConfirmed"]);
}

#[test]
fn real_bundles_are_about_one_person() {
    let mut odd = Vec::new();
    for file in files("spezi-synthea", ".json").into_iter().chain(files("ips-connectathon", ".json")) {
        let (_dir, space) = space();
        if refused(space.partition("health").unwrap().import(Source::open(&file).unwrap())) {
            odd.push(file.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    println!("{odd:?}");
    assert!(odd.iter().all(|f| !f.contains("Synthea")), "{odd:?}");
    assert!(odd.len() < 12, "{} {odd:?}", odd.len());
}

fn medication(id: &str, name: &str, extra: &str) -> String {
    format!(
        r#"{{"resourceType":"MedicationRequest","id":"{id}",{extra}"status":"active","intent":"order","medicationCodeableConcept":{{"text":"{name}"}},"subject":{{"reference":"Patient/p1"}},"authoredOn":"2026-01-01"}}"#
    )
}

#[test]
fn do_not_is_not_done_and_an_unknown_modifier_is_told() {
    let (_dir, space) = space();
    let report = import(
        &space,
        &bundle(&[
            medication("1", "aspirin", r#""doNotPerform":true,"#),
            medication("2", "metformin", r#""modifierExtension":[{"url":"urn:x","valueBoolean":true}],"#),
            medication("3", "ramipril", r#""doNotPerform":false,"modifierExtension":[],"#),
            r#"{"resourceType":"ServiceRequest","id":"4","status":"active","doNotPerform":true,"code":{"text":"MRI"},"subject":{"reference":"Patient/p1"}}"#.into(),
        ]),
    )
    .unwrap();
    let status = |name: &str| rows(&space, None).into_iter().find(|r| r.fact.text == name).map(|r| r.fact.status);
    assert_eq!(status("aspirin"), Some(Status::NotDone));
    assert_eq!(status("MRI"), Some(Status::NotDone));
    assert_eq!(status("ramipril"), Some(Status::Active));
    assert_eq!(status("metformin"), Some(Status::Preliminary));
    assert_eq!(report.issue_counts.get(&(Severity::Repaired, What::UnknownModifier)), Some(&1));
    assert_eq!(report.issues.len(), 1);
    let modified = rows(&space, None).into_iter().find(|r| r.fact.text == "metformin").unwrap();
    assert!(modified.fact.note.starts_with("changed in meaning"));
}

#[test]
fn records_of_one_number_at_two_providers_are_two() {
    let (_dir, space) = space();
    let at = |base: &str, value: &str| ldl("1", value, "final", "").replace("Patient/p1", &format!("{base}Patient/p1"));
    let a = bundle(&[PATIENT.into(), at("https://a.example/fhir/", "100")]);
    let b = bundle(&[PATIENT.into(), at("https://b.example/fhir/", "120")]);
    import(&space, &a).unwrap();
    let report = import(&space, &b).unwrap();
    assert_eq!((report.imported(), report.linked()), (1, 1));
    assert!(report.issue_counts.is_empty());
    assert_eq!(rows(&space, Some(Kind::Observation)).len(), 2);
}

/// What an empty section says can be found, and opens the document to nobody who may not see all
/// of it.
#[test]
fn an_absence_in_a_section_does_not_open_the_document() {
    let made = bundle(&[r#"{"resourceType":"Composition","id":"c1","status":"final","type":{"coding":[{"system":"http://loinc.org","code":"60591-5"}]},"subject":{"reference":"Patient/p1"},"date":"2026-01-01","title":"Summary","section":[{"title":"Allergies","code":{"coding":[{"system":"http://loinc.org","code":"48765-2"}]},"emptyReason":{"coding":[{"code":"nilknown"}]}},{"title":"Problems","text":{"div":"<div>asthma</div>"}}]}"#.into()]);
    let real = files("ips-connectathon", ".json").into_iter().filter(|f| {
        let name = f.to_string_lossy();
        name.ends_with("US_Washington_GDHP.json") || name.contains("US_Epic_Jan_emptyReason")
    });
    let mut texts = vec![made];
    texts.extend(real.map(|f| std::fs::read_to_string(f).unwrap()));
    if texts.len() < 3 {
        println!("SKIPPED: real documents not found");
    }
    for text in texts {
        let (_dir, space) = space();
        let source = Source::bytes(text.into_bytes()).unwrap();
        space.partition("health").unwrap().import_with(source, &ImportOptions::new().confirm_subject()).unwrap();
        let all = rows(&space, Some(Kind::Absence));
        let empty: Vec<_> = all.iter().filter(|r| matches!(&r.fact.value, Value::Text(_)) && r.part > 0).collect();
        assert!(!empty.is_empty(), "no empty section");
        for absence in empty {
            let category = absence.class.category;
            if category == Category::Documents {
                continue;
            }
            for g in space.grants().unwrap() {
                let _ = space.withdraw(g.id);
            }
            let s = allow(&space, &[category]);
            let query = Query { kinds: vec![Kind::Absence], ..Query::default() };
            let seen = s.query(&query).unwrap().into_value();
            assert!(seen.iter().any(|r| r.record == absence.record && r.part == absence.part));
            let reader = s.reader(&Query::default(), 10_000).unwrap();
            assert!(reader.body(absence.record).is_err());
        }
    }
}

/// What one file says of the person is kept with it, and not longer; what another says stays.
#[test]
fn what_a_file_says_of_its_person_goes_with_it() {
    let (_dir, space) = space();
    let gesture = || super::tests::gesture();
    let health = space.partition("health").unwrap();
    let pinned = || {
        let (txn, state) = space.inner.read().unwrap();
        let said = state.partitions[0].subject(&space.inner.base, &*txn).unwrap();
        (said.persons.len(), said.references.len(), said.born, said.sexes.len())
    };
    import(&space, &bundle(&[PATIENT.into(), of("1", "Patient/p1")])).unwrap();
    import(&space, &bundle(&[of("2", "Patient/p1"), of("3", "Patient/p1")])).unwrap();
    let (persons, references, born, _) = pinned();
    assert_eq!((persons, born.len()), (1, 1));
    assert!(references > 0);
    let sources: Vec<_> = health.sources().unwrap().iter().map(|s| s.id).collect();

    health.erase(&Erase::Source(sources[0]), gesture()).unwrap();
    assert_eq!(pinned(), (0, 1, Vec::new(), 0));
    assert!(refused(import(&space, &bundle(&[of("4", "Patient/bert")]))), "the other file's person is pinned still");
    import(&space, &bundle(&[PATIENT.into(), of("1", "Patient/p1")])).unwrap();
    assert_eq!(pinned().0, 1);

    // The record that describes the person, alone.
    let patient = {
        let (_txn, state) = space.inner.read().unwrap();
        let catalog = &state.partitions[0].readable;
        catalog.records().find(|r| r.type_name() == "Patient").map(|r| r.id()).unwrap()
    };
    health.erase(&Erase::Records(vec![patient]), gesture()).unwrap();
    let (persons, references, born, sexes) = pinned();
    assert_eq!((persons, born.len(), sexes), (0, 0, 0));
    assert!(references > 0);

    health.erase(&Erase::Everything, gesture()).unwrap();
    assert_eq!(pinned(), (0, 0, Vec::new(), 0));
    import(&space, &bundle(&[of("5", "Patient/bert")])).unwrap();
    assert!(space.check().unwrap().is_whole());
}

/// No entry says by which bytes a file can be known: the log of a space outlives what is erased.
#[test]
fn a_log_names_a_file_under_a_secret_that_goes_with_it() {
    let tag = |space: &HealthSpace| {
        let said = super::tests::events(space, LogOf::Partition("health"));
        said.into_iter().find_map(|e| if let AuditEvent::Imported { source, .. } = e { Some(source) } else { None })
    };
    let text = bundle(&[PATIENT.into(), of("1", "Patient/p1")]);
    let mut tags = Vec::new();
    for _ in 0..2 {
        let (_dir, space) = space();
        import(&space, &text).unwrap();
        let health = space.partition("health").unwrap();
        let [known] = &health.sources().unwrap()[..] else { panic!("one file") };
        assert_eq!(tag(&space), Some(known.tag));
        assert_ne!(known.tag.as_bytes(), known.id.as_bytes());
        tags.push(known.tag);
        health.erase(&Erase::Source(known.id), super::tests::gesture()).unwrap();
        assert_eq!(tag(&space), Some(known.tag));
        let (txn, state) = space.inner.read().unwrap();
        let left = state.partitions[0].source(&space.inner.base, &*txn, 0).unwrap();
        assert_eq!((left.secret, *left.id.as_bytes()), ([0; 32], [0; 32]));
    }
    assert_ne!(tags[0], tags[1], "two spaces cannot be told to hold one file");
}

/// What a recipient is shown of a record tells nobody what is in it, nor that another space has it.
#[test]
fn ids_of_records_are_those_of_one_space() {
    let text = bundle(&[PATIENT.into(), of("1", "Patient/p1"), of("2", "Patient/p1")]);
    let ids = |space: &HealthSpace| rows(space, None).into_iter().map(|r| r.record).collect::<BTreeSet<_>>();
    let (one, other) = (space(), space());
    for (_, space) in [&one, &other] {
        import(space, &text).unwrap();
    }
    assert!(ids(&one.1).len() == 3 && ids(&one.1).is_disjoint(&ids(&other.1)));
    // In one space they last: what is erased and comes again is known again to whoever has cited it.
    let before = ids(&one.1);
    let health = one.1.partition("health").unwrap();
    health.erase(&Erase::Source(health.sources().unwrap()[0].id), super::tests::gesture()).unwrap();
    import(&one.1, &text).unwrap();
    assert_eq!(ids(&one.1), before);
}

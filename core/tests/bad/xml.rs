//! XML with entities, forbidden characters and declarations that are themselves broken.

use super::common::*;
use healthspace::grounding::Budget;
use healthspace::import::{Severity, Source, What};
use healthspace::{Error, Malformed};

const AT: &str = "2026-01-05 10:00:00 +0000";

/// The declaration as iOS 16 writes it: an attribute list that never closes, elements left out.
const IOS_16: &str = "<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 12 -->\n<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary|ClinicalRecord|Audiogram|VisionPrescription)*)>\n<!ATTLIST HealthData\n  locale CDATA #REQUIRED\n>\n<!ATTLIST Me\n  HKCharacteristicTypeIdentifierDateOfBirth CDATA #REQUIRED\n<!ELEMENT VisionPrescription EMPTY>\n]>\n";

#[test]
fn entities_are_never_expanded() {
    let mut dtd = String::from("<!DOCTYPE HealthData [\n<!ENTITY lol0 \"CANARY\">\n");
    for i in 1..12 {
        dtd.push_str(&format!("<!ENTITY lol{i} \"{}\">\n", format!("&lol{};", i - 1).repeat(10)));
    }
    dtd.push_str(
        "<!ENTITY file SYSTEM \"file:///etc/passwd\">\n<!ENTITY % far SYSTEM \"http://127.0.0.1/x\">\n%far;\n]>\n",
    );
    let device = " device=\"&lol11;\" sourceVersion=\"&file;\">\n  <MetadataEntry key=\"k\" value=\"&lol11; &file;\"/>\n </Record>";
    let inner = steps(AT, device)
        + &format!(
            " <Record type=\"HKCategoryTypeIdentifierSleepAnalysis\" sourceName=\"&lol0;\" startDate=\"{AT}\" endDate=\"{AT}\" value=\"&lol11;\"/>\n"
        )
        + &format!(
            " <Workout workoutActivityType=\"&lol0;\" duration=\"30\" durationUnit=\"min\" startDate=\"{AT}\" endDate=\"{AT}\"/>\n"
        );
    let room = Room::new();
    let begin = std::time::Instant::now();
    let report = room.import(export(&dtd, &inner)).unwrap();
    assert!(begin.elapsed().as_secs() < 5);
    assert_eq!(report.imported(), 3);
    assert_eq!(
        (issue(&report, What::DoctypeSkipped).severity, issue(&report, What::DoctypeSkipped).offset),
        (Severity::Repaired, 0)
    );
    assert_eq!(report.issue_counts.get(&(Severity::Repaired, What::UnknownEntity)), Some(&3));
    // What the entities stand for is nowhere: not in facts, bodies, or what a model would be shown.
    let s = session(&room.space);
    let shown = s.ground("How many steps, how did I sleep, which workouts?", Budget::tokens(4000)).unwrap();
    let held = room.held();
    let mut all = words(&held.facts);
    assert!(all.iter().any(|w| w.contains("&lol0;")), "the reference itself is kept as text");
    all.extend(held.bodies.iter().map(|(_, body)| String::from_utf8_lossy(body).into_owned()));
    all.push(shown.value().text.clone());
    assert!(!all.iter().any(|w| w.contains("CANARY") || w.contains("root:")));
}

#[test]
fn a_document_of_another_kind_with_entities_is_refused() {
    let room = Room::new();
    for (xml, expected) in [
        (
            "<!DOCTYPE Patient [<!ENTITY a \"b\">]><Patient xmlns=\"http://hl7.org/fhir\"><id value=\"&a;\"/></Patient>",
            Malformed::UnknownFormat,
        ),
        ("<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>", Malformed::UnknownFormat),
        ("<HealthData", Malformed::Xml),
        ("<!DOCTYPE HealthData [<!ENTITY a \"b\">", Malformed::Xml),
    ] {
        let e = room.refuses(Source::bytes(xml));
        assert!(matches!(e, Error::Malformed(m) if m == expected), "{xml}: {e:?}");
    }
}

#[test]
fn a_vertical_tab_is_taken_out_and_reported() {
    let room = Room::new();
    let inner = steps(AT, " device=\"a\u{b}b\"/>")
        + &format!(
            " <Workout workoutActivityType=\"Run\u{b}ning\" duration=\"30\" durationUnit=\"min\" startDate=\"{AT}\" endDate=\"{AT}\"/>\n"
        )
        + &steps("2026-01-05 11:00:00 +0000", "/>");
    let report = room.import(export("", &inner)).unwrap();
    assert_eq!((report.imported(), report.refused()), (3, 0), "{:?}", report.issue_counts);
    assert_eq!(report.issue_counts.get(&(Severity::Repaired, What::ForbiddenCharacter)), Some(&2));
    let rows = words(&facts(&room.space));
    assert!(rows.iter().any(|w| w.contains("Running")) && !rows.iter().any(|w| w.contains('\u{b}')));
}

#[test]
fn the_broken_declaration_of_ios_16_is_skipped_and_reported() {
    let room = Room::new();
    let xml = export(IOS_16, &(steps(AT, "/>") + &steps("2026-01-05 11:00:00 +0000", "/>")));
    let report = room.import(xml).unwrap();
    assert_eq!((report.imported(), report.refused()), (2, 0));
    let found = issue(&report, What::BrokenDoctype);
    assert_eq!((found.severity, found.offset), (Severity::Repaired, 0));
    let rows = facts(&room.space);
    assert_eq!(rows[0].series.unwrap().sum.to_bits(), 200f64.to_bits());
}

#[test]
fn a_broken_element_costs_that_element() {
    let room = Room::new();
    let late = "2026-01-05 12:00:00 +0000";
    let broken = format!(" <Record type=\"HKQuantityTypeIdentifierStepCount\" startDate=\"{AT}\" value=\"<\n");
    let xml = export("", &(steps(AT, "/>") + &broken + &steps(late, "/>")));
    let report = room.import(xml.clone()).unwrap();
    assert_eq!((report.imported(), report.refused()), (2, 1), "{:?}", report.issues);
    let found = report.issues.iter().find(|i| i.severity == Severity::Refused).unwrap();
    assert_eq!(usize::try_from(found.offset).unwrap(), xml.find(broken.trim_start()).unwrap());
    // It ends in the middle.
    let room = Room::new();
    let report = room.import(&xml.as_bytes()[..xml.find(&broken).unwrap() - 10]).unwrap();
    assert_eq!(
        (report.imported(), report.issue_counts[&(Severity::Refused, What::Truncated)]),
        (0, 2),
        "the element and the file"
    );
}

//! A person who does not exist: eight years of laboratory results and visits as a FHIR R4 Bundle,
//! and half a year of wearable samples as an Apple Health export.
//!
//! Everything is invented and a function of nothing: two runs give the same bytes. The story in
//! the data: LDL cholesterol is high, a statin is begun in 2022, LDL falls.

use healthspace::Timestamp;
use std::fmt::Write as _;

/// The person's name, in both files.
const FAMILY: &str = "Exemple";
const GIVEN: &str = "Camille";
const BORN: &str = "1968-04-12";

/// A FHIR R4 Bundle of type `collection`, in JSON.
///
/// ```
/// use healthspace_examples::person;
/// assert!(person::bundle().starts_with(r#"{"resourceType":"Bundle""#));
/// assert_eq!(person::bundle(), person::bundle());
/// ```
#[must_use]
pub fn bundle() -> String {
    let mut b = Bundle::default();
    b.add(
        "Patient",
        &format!(
            r#""active":true,"name":[{{"use":"official","family":"{FAMILY}","given":["{GIVEN}"]}}],"gender":"female","birthDate":"{BORN}""#
        ),
    );
    b.condition("38341003", "Hypertensive disorder", "2016-03-21");
    b.condition("55822004", "Hyperlipidemia", "2019-02-11");
    b.add(
        "AllergyIntolerance",
        &format!(
            r#""clinicalStatus":{},"verificationStatus":{},"type":"allergy","category":["medication"],"criticality":"high","code":{},{},"recordedDate":"2004-10-02""#,
            concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active", "Active"),
            concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "confirmed", "Confirmed"),
            concept(SNOMED, "91936005", "Allergy to penicillin"),
            patient("patient"),
        ),
    );
    b.medication("314077", "lisinopril 20 MG Oral Tablet", "2016-03-21", "1 tablet in the morning");
    b.medication("312961", "simvastatin 20 MG Oral Tablet", "2022-05-09", "1 tablet in the evening");
    b.add(
        "Immunization",
        &format!(
            r#""status":"completed","vaccineCode":{},{},"occurrenceDateTime":"2025-10-14""#,
            concept("http://hl7.org/fhir/sid/cvx", "140", "Influenza, seasonal, injectable, preservative free"),
            patient("patient"),
        ),
    );
    for (date, value) in [
        ("2019-02-11", "4.21"),
        ("2020-03-02", "4.35"),
        ("2021-04-19", "4.40"),
        ("2022-04-28", "4.53"),
        ("2022-09-05", "3.02"),
        ("2023-05-15", "2.87"),
        ("2024-05-13", "2.79"),
        ("2025-05-19", "2.61"),
        ("2026-06-08", "2.55"),
    ] {
        let range = r#","referenceRange":[{"high":{"value":3.0,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}]"#;
        b.laboratory("22748-8", "LDL Cholesterol", date, value, "mmol/L", range);
    }
    for (date, value) in [
        ("2021-04-19", "5.8"),
        ("2022-04-28", "5.9"),
        ("2023-05-15", "6.0"),
        ("2024-05-13", "5.8"),
        ("2026-06-08", "5.7"),
    ] {
        b.laboratory("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", date, value, "%", "");
    }
    for (date, value) in [("2022-04-28", "78"), ("2024-05-13", "74"), ("2026-06-08", "76")] {
        b.laboratory("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", date, value, "umol/L", "");
    }
    for (date, high, low) in [
        ("2016-03-21", 158, 96),
        ("2019-02-11", 138, 86),
        ("2022-05-09", 134, 82),
        ("2024-05-20", 131, 80),
        ("2026-06-15", 128, 79),
    ] {
        b.pressure(date, high, low);
    }
    for (date, value) in
        [("2019-02-11", "74.5"), ("2022-05-09", "73.0"), ("2024-05-20", "71.8"), ("2026-06-15", "71.2")]
    {
        b.vital("29463-7", "Body weight", date, value, "kg");
    }
    b.finish()
}

const SNOMED: &str = "http://snomed.info/sct";
const LOINC: &str = "http://loinc.org";
const CLASSES: &str = "http://terminology.hl7.org/CodeSystem/observation-category";

fn concept(system: &str, code: &str, words: &str) -> String {
    format!(r#"{{"coding":[{{"system":"{system}","code":"{code}","display":"{words}"}}],"text":"{words}"}}"#)
}

fn patient(field: &str) -> String {
    format!(r#""{field}":{{"reference":"Patient/camille-1"}}"#)
}

fn amount(value: &str, unit: &str) -> String {
    format!(r#"{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}"#)
}

#[derive(Default)]
struct Bundle {
    entries: Vec<String>,
}

impl Bundle {
    fn add(&mut self, kind: &str, fields: &str) {
        let n = self.entries.len() + 1;
        self.entries.push(format!(r#"{{"resource":{{"resourceType":"{kind}","id":"camille-{n}",{fields}}}}}"#));
    }

    fn condition(&mut self, code: &str, words: &str, since: &str) {
        let status = concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active");
        let verified = concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "Confirmed");
        let fields = format!(
            r#""clinicalStatus":{status},"verificationStatus":{verified},"code":{},{},"onsetDateTime":"{since}""#,
            concept(SNOMED, code, words),
            patient("subject")
        );
        self.add("Condition", &fields);
    }

    fn medication(&mut self, code: &str, words: &str, since: &str, dosage: &str) {
        let fields = format!(
            r#""status":"active","intent":"order","medicationCodeableConcept":{},{},"authoredOn":"{since}","dosageInstruction":[{{"text":"{dosage}"}}]"#,
            concept("http://www.nlm.nih.gov/research/umls/rxnorm", code, words),
            patient("subject")
        );
        self.add("MedicationRequest", &fields);
    }

    fn observation(&mut self, class: &str, code: &str, words: &str, date: &str, rest: &str) {
        let fields = format!(
            r#""status":"final","category":[{}],"code":{},{},"effectiveDateTime":"{date}",{rest}"#,
            concept(CLASSES, class, class),
            concept(LOINC, code, words),
            patient("subject")
        );
        self.add("Observation", &fields);
    }

    fn laboratory(&mut self, code: &str, words: &str, date: &str, value: &str, unit: &str, more: &str) {
        let rest = format!(r#""valueQuantity":{}{more}"#, amount(value, unit));
        self.observation("laboratory", code, words, date, &rest);
    }

    fn vital(&mut self, code: &str, words: &str, date: &str, value: &str, unit: &str) {
        self.observation("vital-signs", code, words, date, &format!(r#""valueQuantity":{}"#, amount(value, unit)));
    }

    fn pressure(&mut self, date: &str, high: u32, low: u32) {
        let part = |code, words, value: u32| {
            let (code, value) = (concept(LOINC, code, words), amount(&value.to_string(), "mm[Hg]"));
            format!(r#"{{"code":{code},"valueQuantity":{value}}}"#)
        };
        let parts = format!(
            r#""component":[{},{}]"#,
            part("8480-6", "Systolic blood pressure", high),
            part("8462-4", "Diastolic blood pressure", low)
        );
        self.observation("vital-signs", "85354-9", "Blood pressure panel with all children optional", date, &parts);
    }

    fn finish(self) -> String {
        format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, self.entries.join(",\n"))
    }
}

/// Days of wearable samples.
const DAYS: i64 = 180;
const DAY: i64 = 86_400_000;
const HOUR: i64 = DAY / 24;
const MINUTE: i64 = HOUR / 60;

/// An Apple Health `export.xml`: steps, heart rate, resting heart rate, sleep and weight of half a
/// year, about 7,000 samples.
#[must_use]
pub fn export_xml() -> String {
    let mut x = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HealthData locale=\"fr_FR\">\n");
    x.push_str(" <ExportDate value=\"2026-11-01 09:00:00 +0000\"/>\n");
    let _ = writeln!(
        x,
        " <Me HKCharacteristicTypeIdentifierDateOfBirth=\"{BORN}\" \
         HKCharacteristicTypeIdentifierBiologicalSex=\"HKBiologicalSexFemale\" \
         HKCharacteristicTypeIdentifierBloodType=\"HKBloodTypeNotSet\"/>"
    );
    let mut dice = Dice(0x5eed);
    // 2026-05-05 to 2026-10-31.
    let first = 20_578 * DAY;
    for day in (0..DAYS).map(|d| first + d * DAY) {
        for hour in 8..22 {
            let at = day + hour * HOUR;
            let steps = 60 + dice.below(900);
            record(
                &mut x,
                "QuantityTypeIdentifierStepCount",
                "iPhone",
                Some("count"),
                at,
                55 * MINUTE,
                &steps.to_string(),
            );
        }
        for quarter in 0..24 {
            let at = day + quarter * HOUR + 7 * MINUTE;
            let asleep = !(7..23).contains(&quarter);
            let beats = if asleep { 54 + dice.below(6) } else { 66 + dice.below(34) };
            record(&mut x, "QuantityTypeIdentifierHeartRate", "Watch", Some("count/min"), at, 0, &beats.to_string());
        }
        let resting = 57 + dice.below(5);
        let at = day + 6 * HOUR;
        record(
            &mut x,
            "QuantityTypeIdentifierRestingHeartRate",
            "Watch",
            Some("count/min"),
            at,
            0,
            &resting.to_string(),
        );
        let (begin, length) = (day - HOUR - dice.below(50) as i64 * MINUTE, 7 * HOUR + dice.below(70) as i64 * MINUTE);
        let asleep = "HKCategoryValueSleepAnalysisAsleepUnspecified";
        record(&mut x, "CategoryTypeIdentifierSleepAnalysis", "Watch", None, begin, length, asleep);
    }
    for week in 0..DAYS / 7 {
        let grams = 71_900 - week * 30 + dice.below(300) as i64;
        let kilograms = format!("{}.{}", grams / 1000, grams % 1000 / 100);
        let at = first + week * 7 * DAY + 7 * HOUR;
        record(&mut x, "QuantityTypeIdentifierBodyMass", "Scales", Some("kg"), at, 0, &kilograms);
    }
    x.push_str("</HealthData>\n");
    x
}

fn record(x: &mut String, kind: &str, source: &str, unit: Option<&str>, at: i64, lasts: i64, value: &str) {
    let _ = write!(x, " <Record type=\"HK{kind}\" sourceName=\"{source}\" sourceVersion=\"1\"");
    if let Some(unit) = unit {
        let _ = write!(x, " unit=\"{unit}\"");
    }
    let (start, end) = (apple_time(at), apple_time(at + lasts));
    let _ = writeln!(x, " creationDate=\"{end}\" startDate=\"{start}\" endDate=\"{end}\" value=\"{value}\"/>");
}

fn apple_time(at: i64) -> String {
    let t = Timestamp::from_millis(at).to_rfc3339();
    t.replace('T', " ").replace('Z', " +0000")
}

/// Knuth's 64-bit linear congruential generator ("MMIX"): even enough for steps and heartbeats.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use healthspace::{Environment, HealthSpace, KdfParams, Unlock, import::Source};

    /// The files are what they say: nothing in them is repaired or refused.
    #[test]
    fn both_files_are_read_without_a_complaint() {
        assert_eq!((bundle(), export_xml()), (bundle(), export_xml()));
        let dir = tempfile::tempdir().unwrap();
        let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
        let (space, _) = HealthSpace::create(dir.path().join("x.hs"), &unlock, Environment::default()).unwrap();
        let health = space.partition("health").unwrap();
        for (text, least) in [(bundle(), 30), (export_xml(), 5000)] {
            let report = health.import(Source::bytes(text).unwrap()).unwrap();
            assert!(report.issue_counts.is_empty(), "{:?}", report.issue_counts);
            assert!(report.imported() >= least, "{}", report.imported());
        }
    }
}

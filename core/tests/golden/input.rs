//! What was brought to the files. Nobody in it exists.

use std::fmt::Write as _;

/// Resources of the file whose import was broken off.
pub(crate) const LONG: u64 = 9_000;

fn resource(n: u32) -> String {
    let patient = r#""subject":{"reference":"Patient/p"}"#;
    let day = format!("2025-{:02}-{:02}", n % 12 + 1, n % 27 + 1);
    match n % 8 {
        0 => r#""resourceType":"Patient","id":"p","gender":"female","birthDate":"1968-04-12""#.into(),
        1 => format!(
            r#""resourceType":"Observation","id":"o{n}","status":"final","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"13457-7","display":"LDL"}}],"text":"LDL cholesterol"}},{patient},"effectiveDateTime":"{day}T08:15:00+01:00","valueQuantity":{{"value":4.{n},"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}},"referenceRange":[{{"high":{{"value":3.0,"unit":"mmol/L"}},"text":"< 3.0"}}],"interpretation":[{{"coding":[{{"code":"H"}}]}}]"#
        ),
        2 => format!(
            r#""resourceType":"Condition","id":"c{n}","meta":{{"security":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}}]}},"clinicalStatus":{{"coding":[{{"code":"active"}}]}},"code":{{"text":"migraine, no. {n}"}},{patient},"onsetDateTime":"2024-0{}""#,
            n % 9 + 1
        ),
        3 => format!(
            r#""resourceType":"MedicationRequest","id":"m{n}","status":"active","intent":"order","medicationCodeableConcept":{{"coding":[{{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"312961"}}],"text":"simvastatin 20 MG"}},{patient},"authoredOn":"{day}","dosageInstruction":[{{"text":"1 le soir, après manger"}}],"reasonCode":[{{"text":"hyperlipidemia"}}]"#
        ),
        4 => format!(
            r#""resourceType":"AllergyIntolerance","id":"a{n}","meta":{{"security":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"NORDSCLCD"}}]}},"clinicalStatus":{{"coding":[{{"code":"active"}}]}},"criticality":"high","code":{{"text":"penicillin"}},"patient":{{"reference":"Patient/p"}},"recordedDate":"{day}""#
        ),
        5 => format!(
            r#""resourceType":"Immunization","id":"i{n}","status":"completed","vaccineCode":{{"coding":[{{"system":"http://hl7.org/fhir/sid/cvx","code":"140"}}]}},"patient":{{"reference":"Patient/p"}},"occurrenceDateTime":"{day}""#
        ),
        6 => format!(
            r#""resourceType":"Observation","id":"b{n}","status":"amended","category":[{{"coding":[{{"code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"85354-9"}}]}},{patient},"effectivePeriod":{{"start":"{day}","end":"{day}"}},"component":[{{"code":{{"coding":[{{"system":"http://loinc.org","code":"8480-6"}}]}},"valueQuantity":{{"value":131,"unit":"mmHg"}}}},{{"code":{{"coding":[{{"system":"http://loinc.org","code":"8462-4"}}]}},"valueQuantity":{{"value":84,"unit":"mmHg"}}}}]"#
        ),
        _ => format!(
            r#""resourceType":"Observation","id":"s{n}","status":"final","category":[{{"coding":[{{"code":"social-history"}}]}}],"code":{{"text":"Tobacco"}},{patient},"effectiveDateTime":"{day}","valueCodeableConcept":{{"coding":[{{"system":"http://snomed.info/sct","code":"266919005"}}],"text":"never smoked"}}"#
        ),
    }
}

/// Sixteen resources of all kinds, others for another `n`.
pub(crate) fn bundle(n: u32) -> Vec<u8> {
    let all: Vec<String> = (0..16).map(|i| format!("{{\"resource\":{{{}}}}}", resource(n * 16 + i))).collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{}\n]}}", all.join(",\n")).into()
}

/// An Apple Health export of so many hours of two days, and a workout.
pub(crate) fn export(hours: u32) -> Vec<u8> {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HealthData locale=\"fr_FR\">\n <ExportDate value=\"2026-02-01 09:00:00 +0100\"/>\n <Me HKCharacteristicTypeIdentifierDateOfBirth=\"1968-04-12\" HKCharacteristicTypeIdentifierBiologicalSex=\"HKBiologicalSexFemale\"/>\n",
    );
    for n in 0..hours {
        let (day, hour) = (5 + n % 2, 8 + n / 2);
        out.push_str(&format!(" <Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"Montre\" sourceVersion=\"11.2\" unit=\"count\" creationDate=\"2026-01-0{day} {hour:02}:31:00 +0100\" startDate=\"2026-01-0{day} {hour:02}:00:00 +0100\" endDate=\"2026-01-0{day} {hour:02}:30:00 +0100\" value=\"{}\"/>\n", 1000 + 10 * n));
    }
    out.push_str(" <Workout workoutActivityType=\"HKWorkoutActivityTypeWalking\" duration=\"30\" durationUnit=\"min\" sourceName=\"Montre\" startDate=\"2026-01-05 18:00:00 +0100\" endDate=\"2026-01-05 18:30:00 +0100\"/>\n</HealthData>\n");
    out.into()
}

/// More than one batch.
pub(crate) fn long() -> Vec<u8> {
    let one = |n| {
        format!(
            r#"{{"resourceType":"Observation","id":"{n}","status":"final","code":{{"text":"c"}},"effectiveDateTime":"2025-03-01","valueInteger":{n}}}"#
        )
    };
    (0..LONG).map(|n| one(n) + "\n").collect::<String>().into()
}

pub(crate) const CONSENT: &[u8] = br#"{"resourceType":"Consent","id":"9","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00Z"},"status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/p"},"dateTime":"2026-01-01","policy":[{"uri":"https://example.org/policy"}],"provision":{"type":"deny","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HMARKT"}]}}"#;

/// The same result, later another one, by another version; and what is named by nothing but its place.
pub(crate) fn corrected(version: u32) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[
{{"fullUrl":"urn:uuid:0f6b0c5e-0000-4000-8000-00000000000{version}","resource":{{"resourceType":"Observation","status":"final","code":{{"text":"Blood culture"}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2025-06-0{version}","valueBoolean":false}}}},
{{"resource":{{"resourceType":"Observation","id":"v","meta":{{"versionId":"{version}","lastUpdated":"2026-01-0{version}T10:00:00Z"}},"status":"corrected","code":{{"coding":[{{"system":"http://loinc.org","code":"2085-9"}}],"text":"HDL"}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2025-06","valueQuantity":{{"value":1.{version},"comparator":"<","unit":"mmol/L"}},"referenceRange":[{{"low":{{"value":1.0,"unit":"mmol/L"}},"high":{{"value":2.1,"unit":"mmol/L"}}}}]}}}}
]}}"#
    )
    .into()
}

/// Days of a watch: numbers of every shape, words, metadata, two devices.
pub(crate) fn watch(days: u32) -> Vec<u8> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HealthData locale=\"en_US\">\n");
    for day in 1..=days {
        for n in 0..144 {
            let (hour, minute, next) = (n / 6, n % 6 * 10, n % 6 * 10 + 5);
            let value = match n % 5 {
                0 => format!("{}.5", 58 + (n * 7 + day) % 40),
                1 => format!("{}.25", 58 + n % 31),
                _ => (58 + (n * 13 + day * 3) % 70).to_string(),
            };
            let device = if n % 9 < 6 { "Watch6,1" } else { "iPhone14,5" };
            let _ = writeln!(
                out,
                " <Record type=\"HKQuantityTypeIdentifierHeartRate\" sourceName=\"Watch\" sourceVersion=\"10.{}\" device=\"&lt;&lt;HKDevice: 0x28{day:02}&gt;, hardware:{device}&gt;\" unit=\"count/min\" creationDate=\"2025-11-{day:02} {hour:02}:{next:02}:0{} +0100\" startDate=\"2025-11-{day:02} {hour:02}:{minute:02}:00 +0100\" endDate=\"2025-11-{day:02} {hour:02}:{minute:02}:0{} +0100\" value=\"{value}\">\n  <MetadataEntry key=\"HKMetadataKeyHeartRateMotionContext\" value=\"{}\"/>\n </Record>",
                day / 8,
                n % 4 + 1,
                n % 3,
                n % 3
            );
        }
        for (hour, stage) in [(0, "AsleepCore"), (2, "AsleepDeep"), (4, "AsleepREM"), (5, "Awake")] {
            let _ = writeln!(
                out,
                " <Record type=\"HKCategoryTypeIdentifierSleepAnalysis\" sourceName=\"Watch\" startDate=\"2025-11-{day:02} 0{hour}:15:00 +0100\" endDate=\"2025-11-{day:02} 0{}:05:00 +0100\" value=\"HKCategoryValueSleepAnalysis{stage}\"/>",
                hour + 1
            );
        }
    }
    out.push_str("</HealthData>\n");
    out.into()
}

/// Another person's card.
pub(crate) fn somebody_else() -> Vec<u8> {
    br#"{"resourceType":"Patient","id":"q","gender":"male","birthDate":"1971-09-30"}"#.to_vec()
}

/// Results with every comparator; one that is true, and one that is false.
pub(crate) fn compared() -> Vec<u8> {
    let one = |id: &str, code: &str, value: &str| {
        format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2025-08-01",{value}}}}}"#
        )
    };
    let mut all: Vec<String> = ["<", "<=", ">=", ">"]
        .iter()
        .enumerate()
        .map(|(n, sign)| {
            let value = format!(r#""valueQuantity":{{"value":{n}.5,"comparator":"{sign}","unit":"mg/L"}}"#);
            one(&format!("k{n}"), "1988-5", &value)
        })
        .collect();
    all.push(one("yes", "600-7", "\"valueBoolean\":true"));
    all.push(one("no", "600-7", "\"valueBoolean\":false"));
    // What is erased.
    all.push(one("gone", "2085-9", r#""valueQuantity":{"value":1.4,"unit":"mmol/L"}"#));
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{}\n]}}", all.join(",\n")).into()
}

//! What `meta.security` says, however it is written and wherever it stands.

use super::*;
use crate::import::fhir::labels;

const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const LEVEL: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const UNKNOWN: Sensitivities = Sensitivities::only(Sensitivity::Unknown);
const HIV: Sensitivities = Sensitivities::only(Sensitivity::Hiv);
const R: Option<Confidentiality> = Some(Confidentiality::Restricted);

type Labels = (Option<Confidentiality>, Sensitivities);

fn all(json: &str) -> Vec<Labels> {
    run(json.as_bytes()).0.records.iter().map(|r| (r.confidentiality, r.sensitivities)).collect()
}

fn of_members(members: &str) -> Labels {
    all(&format!(r#"{{"resourceType":"Observation",{members},"code":{{"text":"x"}}}}"#))[0]
}

fn of(security: &str) -> Labels {
    of_members(&format!(r#""meta":{{"security":{security}}}"#))
}

fn coding(system: &str, code: &str) -> String {
    format!(r#"{{"system":"{system}","code":"{code}"}}"#)
}

#[test]
fn what_is_sensitive_is_restricted_at_least() {
    let both = |level: &str| of(&format!("[{},{}]", coding(LEVEL, level), coding(ACT, "HIV")));
    assert_eq!(both("N"), (R, HIV));
    assert_eq!(both("V"), (Some(Confidentiality::VeryRestricted), HIV));
    assert_eq!(of(&format!("[{}]", coding(ACT, "HIV"))), (R, HIV));
    assert_eq!(of(&format!("[{}]", coding(LEVEL, "N"))), (Some(Confidentiality::Normal), Sensitivities::NONE));
}

#[test]
fn a_label_is_known_under_every_name_of_its_system() {
    for system in [
        "http://terminology.hl7.org/CodeSystem/v3-ActCode|4.0.0",
        "http://hl7.org/fhir/v3/ActCode",
        "urn:oid:2.16.840.1.113883.5.4",
        "2.16.840.1.113883.5.4",
        "",
    ] {
        assert_eq!(of(&format!("[{}]", coding(system, "HIV"))), (R, HIV), "{system}");
    }
    assert_eq!(of(r#"[{"code":"HIV","display":"HIV"}]"#), (R, HIV));
    assert_eq!(of(r#"[{"code":"V"}]"#).0, Some(Confidentiality::VeryRestricted));
    assert_eq!(of(&format!("[{}]", coding("urn:oid:2.16.840.1.113883.5.25", "R"))), (R, Sensitivities::NONE));
}

#[test]
fn a_label_that_is_not_understood_is_an_unknown_sensitivity() {
    for security in [
        &*format!("[{}]", coding("https://hospital.example/labels", "hiv-data")),
        &*format!("[{}]", coding("https://hospital.example/ActCode", "PERSISTLABEL")),
        &*format!("[{}]", coding("https://hospital.example/Confidentiality", "N")),
        &*format!("[{}]", coding(ACT, "NOSUCH")),
        &*format!("[{}]", coding(ACT, "")),
        r#"[{"code":"hiv-data"}]"#,
        r#"[{"display":"HIV related"}]"#,
        r#"[{"system":{},"code":"N"}]"#,
        r#"[{"code":"HIV","code":"N"}]"#,
        r#"[[{"code":"N"}]]"#,
        r#"["HIV"]"#,
        r#"[7]"#,
        r#"[1.5]"#,
        r#"[true]"#,
        r#""HIV""#,
        r#"[{}]"#,
    ] {
        assert_eq!(of(security), (R, UNKNOWN), "{security}");
    }
    // A level that is not known may be the highest.
    let level = of(&format!("[{},{}]", coding(LEVEL, "N"), coding(LEVEL, "X")));
    assert_eq!(level, (Some(Confidentiality::VeryRestricted), Sensitivities::NONE));
}

#[test]
fn what_says_nothing_of_sensitivity_is_none() {
    for one in [
        coding("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED"),
        coding("http://hl7.org/fhir/v3/ObservationValue", "SUBSETTED"),
        coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST"),
        coding("urn:oid:2.16.840.1.113883.5.8", "TREAT"),
        coding("http://terminology.hl7.org/CodeSystem/common-tags", "actionable"),
        coding(ACT, "PERSISTLABEL"),
        coding(ACT, "NOAUTH"),
        coding(ACT, "MASK"),
        coding("https://healthspace.invalid/fhir/CodeSystem/obligation", "NOMLTRAINING"),
        coding("", "NOREUSE"),
        coding("", "TREAT"),
    ] {
        assert_eq!(of(&format!("[{one}]")), (None, Sensitivities::NONE), "{one}");
    }
    assert_eq!(of("[]"), (None, Sensitivities::NONE));
    assert_eq!(of("null"), (None, Sensitivities::NONE));
}

fn obliged(json: &str) -> Vec<Obligations> {
    run(json.as_bytes()).0.records.iter().map(|r| r.obligations).collect()
}

#[test]
fn what_a_label_obliges_to_is_kept() {
    const NONE: Obligations = Obligations::NONE;
    const UNKNOWN: Obligations = Obligations::UNKNOWN;
    const OWN: &str = "https://healthspace.invalid/fhir/CodeSystem/obligation";
    for (security, expected) in [
        (coding(ACT, "NORELINK"), Obligations::NO_RELINKING),
        (coding("http://hl7.org/fhir/v3/ActCode", "DELAU"), Obligations::DELETE_AFTER_USE),
        (coding("", "NODSCLCD"), Obligations::NO_DISCLOSURE),
        (coding(OWN, "NOMLTRAINING"), Obligations::NO_TRAINING),
        (format!("{},{}", coding(ACT, "MASK"), coding(ACT, "HIV")), Obligations::MASK),
        (
            format!("{},{}", coding(ACT, "REDACT"), coding(ACT, "PSEUD")),
            Obligations::REDACT.union(Obligations::PSEUDONYMIZE),
        ),
        // Of HL7, without a bit here; of nobody knows what; of an own system that has no such code.
        (coding(ACT, "ENCRYPT"), UNKNOWN),
        (coding("", "ORCON"), UNKNOWN),
        (coding(ACT, "NOSUCH"), UNKNOWN),
        (coding(ACT, ""), UNKNOWN),
        (coding(OWN, "NOSUCH"), UNKNOWN),
        (r#"{"code":"NORELINK","code":"N"}"#.to_owned(), UNKNOWN),
        ("\"NORELINK\"".to_owned(), UNKNOWN),
        // Somebody's own code is a reason to be careful, and no refrain of HL7.
        (coding("https://hospital.example/labels", "NORELINK"), NONE),
        (coding(ACT, "HIV"), NONE),
        (coding(LEVEL, "V"), NONE),
        // A law says why, and not what to do.
        (coding(ACT, "42CFRPart2"), NONE),
        (coding(ACT, "VIP"), NONE),
        // An address with a slash at its end, and an older one.
        (coding(&format!("{ACT}/"), "NORELINK"), Obligations::NO_RELINKING),
        (coding("http://www.hl7.org/implement/standards/fhir/v3/ActCode", "NORELINK"), Obligations::NO_RELINKING),
        (coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST"), NONE),
    ] {
        let json = |security: &str| format!(r#"{{"resourceType":"Patient","meta":{{"security":[{security}]}}}}"#);
        assert_eq!(obliged(&json(&security)), [expected], "{security}");
        // Of the Bundle around it, which makes it another record than one without.
        let bundle = |meta: &str| {
            format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Patient"}}}}]{meta}}}"#)
        };
        let around = bundle(&format!(r#","meta":{{"security":[{security}]}}"#));
        assert_eq!(obliged(&around), [expected], "{security}");
        let meta = format!(r#"{{"security":[{security}]}}"#);
        let content = labels::with_labels([1; 16], labels::Labels::of_meta(meta.as_bytes()));
        let says_nothing = expected == NONE && of(&format!("[{security}]")) == (None, Sensitivities::NONE);
        assert_eq!(content == [1; 16], says_nothing, "{security}");
    }
}

#[test]
fn labels_that_stand_twice_all_hold() {
    let hiv = format!(r#"[{}]"#, coding(ACT, "HIV"));
    let n = format!(r#"[{}]"#, coding(LEVEL, "N"));
    for members in [
        format!(r#""meta":{{"security":{hiv},"security":{n}}}"#),
        format!(r#""meta":{{"security":{n},"security":{hiv}}}"#),
        format!(r#""meta":{{"security":{hiv}}},"meta":{{"security":{n}}}"#),
        format!(r#""meta":{{"security":{hiv}}},"meta":{{}}"#),
        format!(r#""meta":{{"security":{hiv}}},"meta":null"#),
    ] {
        assert_eq!(of_members(&members), (R, HIV), "{members}");
    }
    assert_eq!(of_members(&format!(r#""meta":[{{"security":{n}}}]"#)), (R, UNKNOWN));
}

#[test]
fn a_label_of_a_bundle_holds_wherever_it_stands() {
    let meta = format!(r#""meta":{{"security":[{}]}}"#, coding(ACT, "HIV"));
    let p = r#"{"resourceType":"Patient"}"#;
    let entry = |of: &str| format!(r#""entry":[{{"resource":{of}}}]"#);
    let bundle = |a: &str, b: &str| format!(r#"{{"resourceType":"Bundle",{a},{b}}}"#);
    let plain = format!(r#"{{"resourceType":"Bundle",{}}}"#, entry(p));
    for file in [
        bundle(&meta, &entry(p)),
        bundle(&entry(p), &meta),
        bundle(&entry(&plain), &meta),
        plain.replace(p, &bundle(&entry(p), &meta)),
        bundle(&entry(p), &meta).replace("\"meta\"", "\"m\\u0065ta\""),
        format!(r#"{{"resourceType":"Bundle","meta":{{}},{},{meta}}}"#, entry(p)),
        format!(r#"{{{},{meta},"resourceType":"Bundle"}}"#, entry(p)),
    ] {
        assert_eq!(all(&file), [(R, HIV)], "{file}");
    }
    assert_eq!(all(&bundle(&entry(p), r#""meta":[1]"#)), [(R, UNKNOWN)]);
    // One line each: each is a document of its own.
    let lines = format!("{plain}\n{}\n{plain}\n", bundle(&entry(p), &meta));
    assert_eq!(all(&lines), [(None, Sensitivities::NONE), (R, HIV), (None, Sensitivities::NONE)]);
}

/// What nobody may be told of a medication is told of no use of it either, by whatever its name comes.
#[test]
fn a_use_has_the_labels_of_the_medication_that_names_it() {
    let meta = format!(r#""meta":{{"security":[{},{}]}}"#, coding(ACT, "NORELINK"), coding(ACT, "HIV"));
    let medication = format!(r#"{{"resourceType":"Medication","id":"m1",{meta},"code":{{"text":"Truvada"}}}}"#);
    let of = |reference: &str| {
        format!(
            r#"{{"resourceType":"MedicationRequest","id":"r1","status":"active","intent":"order","medicationReference":{{"reference":"{reference}"}},"authoredOn":"2026-01-03"}}"#
        )
    };
    let url = "https://a.example/fhir/Medication/m1";
    let entry = |url: &str, resource: &str| format!(r#"{{"fullUrl":"{url}","resource":{resource}}}"#);
    let bundle = |entries: [String; 2]| {
        format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","))
    };
    let (named, used) =
        (entry(url, &medication), |r: &str| entry("https://a.example/fhir/MedicationRequest/r1", &of(r)));
    for file in [
        bundle([named.clone(), used(url)]),
        bundle([used(url), named.clone()]),
        bundle([named.clone(), used("Medication/m1")]),
        format!("{medication}\n{}\n", of("Medication/m1")),
        format!("{}\n{medication}\n", of("Medication/m1")),
    ] {
        let records = run(file.as_bytes()).0.records;
        let found = records.iter().find(|r| r.type_name == "MedicationRequest").unwrap();
        assert_eq!(found.facts[0].text, "Truvada", "{file}");
        let labels = (found.confidentiality, found.sensitivities, found.obligations);
        assert_eq!(labels, (R, HIV, Obligations::NO_RELINKING), "{file}");
    }
}

const INLINE: &str = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label";

/// What stands within a record holds for all of it: it is handed out whole.
#[test]
fn what_a_record_contains_is_labelled_for_all_of_it() {
    let (hiv, refrain) = (coding(ACT, "HIV"), coding(ACT, "NORELINK"));
    let meta = format!(r#""meta":{{"security":[{hiv},{refrain}]}}"#);
    let inner = format!(r#"{{"resourceType":"Observation","id":"o",{meta},"code":{{"text":"x"}}}}"#);
    let deeper = format!(r#"{{"resourceType":"List","id":"l","contained":[{inner}]}}"#);
    let drug = format!(r#"{{"resourceType":"Medication","id":"m",{meta},"code":{{"text":"Truvada"}}}}"#);
    let named = r##""medicationReference":{"reference":"#m"}"##;
    for (record, contained) in [
        (r#""resourceType":"DiagnosticReport","code":{"text":"y"}"#, &inner),
        (r#""resourceType":"DiagnosticReport","code":{"text":"y"}"#, &deeper),
        (&format!(r#""resourceType":"MedicationRequest","status":"active",{named}"#), &drug),
    ] {
        for list in
            [format!("[{contained}]"), format!(r#"[{{"resourceType":"Basic"}},{contained}]"#), contained.clone()]
        {
            for member in ["contained", "cont\\u0061ined"] {
                for json in [format!(r#"{{{record},"{member}":{list}}}"#), format!(r#"{{"{member}":{list},{record}}}"#)]
                {
                    assert_eq!(all(&json), [(R, HIV)], "{json}");
                    assert_eq!(obliged(&json), [Obligations::NO_RELINKING], "{json}");
                }
            }
        }
    }
    for odd in [r#""meta":[1]"#, r#""meta":1.5"#, r#""meta":{"security":"HIV"}"#, r#""meta":{"security":[1.5]}"#] {
        let json = format!(r#"{{"resourceType":"List","contained":[{{"resourceType":"Basic",{odd}}}]}}"#);
        assert_eq!((all(&json), obliged(&json)), (vec![(R, UNKNOWN)], vec![Obligations::UNKNOWN]), "{json}");
    }
    let silent =
        r#"{"resourceType":"List","contained":[{"resourceType":"Basic","meta":{"versionId":"1"}},{"meta":null}]}"#;
    assert_eq!((all(silent), obliged(silent)), (vec![(None, Sensitivities::NONE)], vec![Obligations::NONE]));
}

/// Too deep to be looked at.
#[test]
fn what_cannot_be_looked_at_within_a_record_may_say_anything() {
    let limits = Limits { json_depth: 1000, ..Limits::default() };
    let of = |word: &str| {
        let deep = format!("{}{word}{}", "[".repeat(300), "]".repeat(300));
        let json = format!(r#"{{"resourceType":"Basic","extra":{deep}}}"#);
        run_with(&limits, json.as_bytes()).1.records.iter().map(|r| r.obligations).collect::<Vec<_>>()
    };
    assert_eq!(of(r#""security""#), [Obligations::UNKNOWN]);
    assert_eq!(of(r#""x""#), [Obligations::NONE]);
}

#[test]
fn a_document_has_the_labels_that_it_gives_itself() {
    let concepts = |codes: &[(&str, &str)]| {
        let list: Vec<String> = codes.iter().map(|(s, c)| format!(r#"{{"coding":[{}]}}"#, coding(s, c))).collect();
        format!("[{}]", list.join(","))
    };
    let file = |of: &str, security: &str| format!(r#"{{"resourceType":"{of}","securityLabel":{security}}}"#);
    let v = Some(Confidentiality::VeryRestricted);
    let both = concepts(&[(LEVEL, "V"), (ACT, "HIV"), (ACT, "NORELINK")]);
    let letter = file("DocumentReference", &both);
    assert_eq!((all(&letter), obliged(&letter)), (vec![(v, HIV)], vec![Obligations::NO_RELINKING]));
    let inner = format!(r#"{{"resourceType":"List","contained":[{letter}]}}"#);
    assert_eq!((all(&inner), obliged(&inner)), (vec![(v, HIV)], vec![Obligations::NO_RELINKING]));
    for strange in [r#"[{"text":"HIV"}]"#, r#"[{"coding":[{"display":"HIV"}]}]"#, r#"[{}]"#] {
        assert_eq!(all(&file("DocumentReference", strange)), [(R, UNKNOWN)], "{strange}");
    }
    let odd = file("DocumentReference", r#""HIV""#);
    assert_eq!((all(&odd), obliged(&odd)), (vec![(R, UNKNOWN)], vec![Obligations::UNKNOWN]));
    // Of which data a consent is, is no label of the consent.
    let consent = format!(r#"{{"resourceType":"Consent","provision":{{"securityLabel":[{}]}}}}"#, coding(ACT, "HIV"));
    assert_eq!(all(&consent), [(None, Sensitivities::NONE)]);
    let level = |level: &str| all(&format!(r#"{{"resourceType":"Composition","confidentiality":{level}}}"#))[0];
    assert_eq!(level(r#""R""#), (R, Sensitivities::NONE));
    assert_eq!(level(r#""N""#), (Some(Confidentiality::Normal), Sensitivities::NONE));
    assert_eq!(level(r#""SECRET""#), (v, Sensitivities::NONE));
    assert_eq!((level("7"), level("null")), ((R, UNKNOWN), (None, Sensitivities::NONE)));
}

/// DS4P labels single elements; a record has all of them.
#[test]
fn a_label_of_an_element_holds_for_its_record() {
    let label = |value: &str| format!(r#"{{"url":"{INLINE}",{value}}}"#);
    let hiv = label(&format!(r#""valueCoding":{}"#, coding(ACT, "HIV")));
    let refrain = label(&format!(r#""valueCodeableConcept":{{"coding":[{}]}}"#, coding(ACT, "NORELINK")));
    let record = |extension: &str| {
        format!(r#"{{"resourceType":"Observation","valueCodeableConcept":{{"extension":[{extension}],"text":"x"}}}}"#)
    };
    let json = record(&format!("{hiv},{refrain}"));
    assert_eq!((all(&json), obliged(&json)), (vec![(R, HIV)], vec![Obligations::NO_RELINKING]));
    // A hyphen is escaped by no letter of ASCII.
    let spelled = format!("{hiv},{refrain}").replace("sec-label", "sec\\u002dlabel");
    assert_eq!(obliged(&record(&spelled)), [Obligations::NO_RELINKING], "{spelled}");
    let json = record(&label(r#""extension":[]"#));
    assert_eq!((all(&json), obliged(&json)), (vec![(R, UNKNOWN)], vec![Obligations::UNKNOWN]));
    let other = r#"{"url":"https://a.example/security","valueCoding":{"code":"HIV"}}"#;
    assert_eq!(all(&record(other)), [(None, Sensitivities::NONE)]);
}

/// What is said of a Bundle may stand behind its entries. Where the file is cut or broken before, nobody knows it, and
/// the entries are there and go to nobody.
#[test]
fn a_bundle_that_does_not_end_may_say_anything_of_its_entries() {
    let meta = format!(r#""meta":{{"security":[{}]}}"#, coding(ACT, "NORELINK"));
    let p = r#"{"resourceType":"Patient"}"#;
    let of = |entries: &str, rest: &str| format!(r#"{{"resourceType":"Bundle","entry":[{entries}]{rest}"#);
    let one = format!(r#"{{"resource":{p}}}"#);
    let unknown = [Obligations::UNKNOWN];
    let whole = of(&one, &format!(",{meta}}}"));
    assert_eq!(obliged(&whole), [Obligations::NO_RELINKING]);
    let begins = whole.find("\"meta\"").unwrap() + "\"meta\":".len();
    for cut in begins..whole.len() - 2 {
        assert_eq!(obliged(&whole[..cut]), unknown, "{}", &whole[..cut]);
    }
    for broken in [
        of(&one, &format!(",,{meta}}}")),
        of(&one, &format!(" x ,{meta}}}")),
        of(&format!("{one}}}"), &format!(",{meta}}}")),
        of(&format!(r#"{one},{{"resource":{{"resourceType":"Basic"}}"#), &format!(",{meta}}}")),
        // The one around it, too.
        format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{}}}],,{meta}}}"#, of(&one, "}")),
    ] {
        let got = obliged(&broken);
        assert!(got.first() == Some(&Obligations::UNKNOWN), "{broken}: {got:?}");
    }
    // What was told before holds, and nothing where there is no label.
    let before = format!(r#"{{"resourceType":"Bundle",{meta},"entry":[{one},"#);
    assert_eq!(obliged(&before), [Obligations::NO_RELINKING]);
    assert_eq!(obliged(&of(&one, ",\"total\":")), [Obligations::NONE]);
    // One line is one Bundle.
    let lines = format!("{}\n{}\n{}\n", of(&one, "}"), of(&one, &format!(",,{meta}}}")), of(&one, "}"));
    assert_eq!(obliged(&lines), [Obligations::NONE, Obligations::UNKNOWN, Obligations::NONE]);
}

/// A medication that comes twice has the labels of both, and so has its use, which is one record in whatever order they
/// come.
#[test]
fn a_use_has_the_labels_of_every_text_of_its_medication_and_is_one_record_in_any_order() {
    let url = "https://a.example/fhir/Medication/m1";
    let entry = |url: &str, resource: &str| format!(r#"{{"fullUrl":"{url}","resource":{resource}}}"#);
    let of = |meta: &str| {
        entry(url, &format!(r#"{{"resourceType":"Medication","id":"m1"{meta},"code":{{"text":"Truvada"}}}}"#))
    };
    let (plain, labelled) = (of(""), of(&format!(r#","meta":{{"security":[{}]}}"#, coding(ACT, "NORELINK"))));
    // Without an id it is told by what it says.
    let used = |reference: &str| {
        let named = format!(r#""medicationReference":{{"reference":"{reference}"}}"#);
        format!(r#"{{"resource":{{"resourceType":"MedicationRequest","status":"active","intent":"order",{named}}}}}"#)
    };
    for reference in [url, "Medication/m1"] {
        let mut identities = Vec::new();
        let use_of = used(reference);
        for entries in [
            [&labelled, &plain, &use_of],
            [&plain, &labelled, &use_of],
            [&use_of, &labelled, &plain],
            [&use_of, &plain, &labelled],
        ] {
            let entries: Vec<&str> = entries.iter().map(|e| e.as_str()).collect();
            let file = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","));
            let records = run(file.as_bytes()).0.records;
            let found = records.iter().find(|r| r.type_name == "MedicationRequest").unwrap();
            assert_eq!((&*found.facts[0].text, found.obligations), ("Truvada", Obligations::NO_RELINKING), "{file}");
            identities.push(found.identity);
        }
        assert!(identities.iter().all(|i| *i == identities[0]), "{reference}");
    }
}

/// A document is one: what its Composition says holds for every entry, wherever the Bundle says that it is one. What says
/// little lowers nothing, and a Composition among other things is one of them.
#[test]
fn what_a_composition_says_holds_for_its_document() {
    let v = (Some(Confidentiality::VeryRestricted), Sensitivities::NONE);
    let none = (None, Sensitivities::NONE);
    let composition = |members: &str| format!(r#"{{"resource":{{"resourceType":"Composition"{members}}}}}"#);
    let other = r#"{"resource":{"resourceType":"Observation","code":{"text":"x"}}}"#;
    let bundle = |entries: &[&str], kind: &str| {
        let entries = format!(r#""entry":[{}]"#, entries.join(","));
        [
            format!(r#"{{"resourceType":"Bundle"{kind},{entries}}}"#),
            format!(r#"{{"resourceType":"Bundle",{entries}{kind}}}"#),
        ]
    };
    let document = r#","type":"document""#;
    let strict = composition(r#","confidentiality":"V""#);
    for kind in [document, ""] {
        for file in bundle(&[&strict, other], kind).into_iter().chain(bundle(&[other, &strict], kind)) {
            assert_eq!(all(&file), [v, v], "{file}");
            let within =
                format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{file}}},{other}]}}"#);
            assert_eq!(all(&within), [v, v, none], "{within}");
        }
    }
    let [file, _] = bundle(&[&strict.replace("Composition", r"\u0043omposition"), other], document);
    assert_eq!(all(&file), [v, v], "{file}");
    let hiv = format!(r#","meta":{{"security":[{},{}]}}"#, coding(ACT, "HIV"), coding(ACT, "NORELINK"));
    for file in bundle(&[&composition(&hiv), other], document) {
        assert_eq!(all(&file), [(R, HIV), (R, HIV)], "{file}");
        assert_eq!(obliged(&file), [Obligations::NO_RELINKING; 2], "{file}");
    }
    for file in bundle(&[&composition(r#","confidentiality":"N""#), other], document) {
        assert_eq!(all(&file), [(Some(Confidentiality::Normal), Sensitivities::NONE), none], "{file}");
    }
    for kind in ["searchset", "collection", "transaction", "Document"] {
        for file in bundle(&[&strict, other], &format!(r#","type":"{kind}""#)) {
            assert_eq!(all(&file), [v, none], "{file}");
        }
    }
    // One line each: each is a document of its own.
    let ([strict, _], [plain, _]) = (bundle(&[&strict, other], document), bundle(&[other], document));
    assert_eq!(all(&format!("{strict}\n{plain}\n")), [v, v, none]);
}

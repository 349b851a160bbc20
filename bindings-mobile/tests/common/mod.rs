//! What the tests share: an invented person and a space for them.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "helpers of tests; each uses some")]

use healthspace_mobile::{
    ConsentTerms, ErrorKind, Grant, HealthCategory, HealthSpace, HealthspaceError, Recipient, RecipientKind, Secret,
    error_codes,
};
use std::path::{Path, PathBuf};

pub(crate) const QUESTION: &str = "What was my last LDL?";

pub(crate) fn secret() -> Secret {
    Secret::from(b"one\x00\xff".to_vec())
}

/// A person with so many LDL results, from 131.5 mg/dL upwards.
pub(crate) fn bundle(count: u32) -> Vec<u8> {
    let mut entries = vec![
        r#"{"resource":{"resourceType":"Patient","id":"p","name":[{"family":"Invented","given":["Ada"]}],
            "gender":"female","birthDate":"1970-03-04"}}"#
            .to_owned(),
    ];
    for i in 0..count {
        entries.push(format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"o{i}","status":"final",
            "category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category",
            "code":"laboratory"}}]}}],
            "code":{{"coding":[{{"system":"http://loinc.org","code":"18262-6"}}],"text":"LDL cholesterol"}},
            "subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-01-{:02}",
            "valueQuantity":{{"value":{}.5,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}}}}"#,
            5 + i % 20,
            131 + i
        ));
    }
    format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(",")).into_bytes()
}

pub(crate) struct Place {
    _dir: tempfile::TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) file: String,
}

pub(crate) fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    Place { file: text(&path.join("very-private-name.hs")), dir: path, _dir: dir }
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub(crate) fn model() -> Recipient {
    Recipient { kind: RecipientKind::Model, name: "eu-llm".into() }
}

pub(crate) fn terms() -> ConsentTerms {
    ConsentTerms {
        recipient: model(),
        categories: vec![HealthCategory::Laboratory],
        purpose: "PATRQT".into(),
        partition: "health".into(),
        expires_in_days: Some(90),
        data_period: None,
        language: "fr".into(),
        uses: None,
    }
}

pub(crate) fn allow(space: &HealthSpace) -> Grant {
    let ask = space.consent_request(terms()).unwrap();
    ask.notice(None).unwrap();
    ask.confirm("tap".into(), vec![0; 32]).unwrap()
}

pub(crate) fn kind<T>(result: Result<T, HealthspaceError>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(HealthspaceError::Failed { kind, code }) => {
            assert_eq!(error_codes().get(&code), Some(&format!("{kind:?}")));
            kind
        }
    }
}

pub(crate) fn import(space: &HealthSpace, data: Vec<u8>) -> healthspace_mobile::ImportReport {
    space.import_bytes("health".into(), data, false, None).unwrap()
}

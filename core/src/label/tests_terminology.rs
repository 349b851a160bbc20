//! The tables of codes are those of `terminology.tsv`, which `core/tools/terminology.py` makes from
//! HL7's own files.

use super::{Purpose, Sensitivity};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const COMMITTED: &str = include_str!("terminology.tsv");

type Rows = BTreeMap<&'static str, Option<&'static str>>;

fn purposes() -> Rows {
    Purpose::ALL.iter().map(|p| (p.code(), p.parent().map(Purpose::code))).collect()
}

fn sensitivities() -> Rows {
    let all = Sensitivity::ALL.iter().filter(|s| **s != Sensitivity::Unknown);
    all.map(|s| (s.code(), s.parent().map(Sensitivity::code))).collect()
}

/// Name, root and rows.
type Table = (&'static str, &'static str, fn() -> Rows);

const TABLES: [Table; 2] =
    [("v3-ActReason", "PurposeOfUse", purposes), ("v3-ActCode", "_ActInformationSensitivityPolicy", sensitivities)];

#[test]
fn the_tables_are_those_of_the_committed_file() {
    let mut text = String::new();
    for (name, root, rows) in TABLES {
        writeln!(text, "# {name}, below {root}: code and parent").unwrap();
        for (code, parent) in rows() {
            writeln!(text, "{}", parent.map_or(code.to_owned(), |p| format!("{code}\t{p}"))).unwrap();
        }
    }
    assert_eq!(text, COMMITTED);
}

/// What the program prints of a directory; `None` where there is no Python.
fn generated(directory: &Path) -> Option<String> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/terminology.py");
    let out = match Command::new("python3").arg("-B").arg(tool).arg(directory).output() {
        Ok(out) => out,
        Err(_) => {
            println!("SKIPPED: no python3");
            return None;
        }
    };
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Some(String::from_utf8(out.stdout).unwrap())
}

/// HL7's form, with codes of other branches, a retired one, and one whose parent FHIR R4 alone gives.
#[test]
fn the_program_finds_just_the_codes_below_the_root() {
    let dir = tempfile::tempdir().unwrap();
    for (name, root, rows) in TABLES {
        let mut xml = format!(
            "<CodeSystem xmlns=\"http://hl7.org/fhir\"><version value=\"1\"/><concept><code value=\"{root}\"/></concept>"
        );
        let other = [("_Other", None), ("ELSEWHERE", Some("_Other"))];
        for (code, parent) in rows().into_iter().rev().chain(other) {
            let parent = parent.or((code != "_Other").then_some(root));
            let parent = parent.filter(|_| !["COGN", "DVD", "EMOTDIS"].contains(&code));
            let above =
                parent.map(|p| format!("<property><code value=\"subsumedBy\"/><valueCode value=\"{p}\"/></property>"));
            let status = "<property><code value=\"status\"/><valueCode value=\"retired\"/></property>";
            write!(xml, "<concept><code value=\"{code}\"/>{status}{}</concept>", above.unwrap_or_default()).unwrap();
        }
        std::fs::write(dir.path().join(format!("{name}.xml")), xml + "</CodeSystem>").unwrap();
    }
    if let Some(text) = generated(dir.path()) {
        assert_eq!(text, COMMITTED);
    }
}

#[test]
fn the_committed_file_is_what_the_program_makes_of_the_sources() {
    let shared = std::env::var_os("HEALTHSPACE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let sources = std::env::var_os("HEALTHSPACE_UTG").map_or_else(|| shared.join("terminology"), PathBuf::from);
    if !sources.join("v3-ActReason.xml").exists() {
        println!("SKIPPED: HL7's v3-ActReason.xml and v3-ActCode.xml are not there (HEALTHSPACE_UTG)");
        return;
    }
    if let Some(text) = generated(&sources) {
        assert_eq!(text, COMMITTED);
    }
}

//! A space to bring things to, and what can be seen of it.

use healthspace::audit::{AuditEvent, Gesture};
use healthspace::catalog::{FactRow, ObjectRef, Query};
use healthspace::consent::Recipient;
use healthspace::import::{Issue, Report, Source, What};
use healthspace::record::{Category, Kind, Value};
use healthspace::{
    Environment, Error, FixedClock, HealthSpace, ImportOptions, ImportedSource, KdfParams, LogOf, Partition, Purpose,
    RecordId, Result, Session, StagedImport, Stats, Timestamp, Unlock,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn unlock() -> Unlock {
    Unlock::passphrase("one").with_cost(KdfParams::FLOOR)
}

pub(crate) fn env() -> Environment {
    let clock = FixedClock::new(Timestamp::from_millis(1_790_000_000_000));
    Environment { clock: Arc::new(clock), ..Environment::default() }
}

pub(crate) fn gesture() -> Gesture {
    Gesture { method: "tap".into(), evidence: [7; 32] }
}

/// A fresh space in a folder of its own.
pub(crate) struct Room {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) file: PathBuf,
    pub(crate) space: HealthSpace,
    pub(crate) code: String,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self::with(env())
    }

    pub(crate) fn with(env: Environment) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("me.hs");
        let (space, code) = HealthSpace::create(&file, &unlock(), env).unwrap();
        Self { file, space, dir, code: code.reveal().to_string() }
    }

    pub(crate) fn health(&self) -> Partition {
        self.space.partition("health").unwrap()
    }

    pub(crate) fn import(&self, bytes: impl Into<Vec<u8>>) -> Result<Report> {
        self.health().import(Source::bytes(bytes)?)
    }

    pub(crate) fn mark(&self) -> Mark {
        mark(&self.space)
    }

    /// Brings something that must be refused, and sees that nothing is different afterwards.
    #[track_caller]
    pub(crate) fn refuses(&self, source: Result<Source>) -> Error {
        let before = self.mark();
        let e = source.and_then(|s| self.health().import(s)).expect_err("imported");
        assert_eq!(self.mark(), before, "the space is not as it was");
        e
    }

    pub(crate) fn held(&self) -> Held {
        held(&self.space)
    }

    /// The file, opened once more.
    pub(crate) fn again(&self) -> HealthSpace {
        open(&self.file)
    }
}

pub(crate) fn open(file: &Path) -> HealthSpace {
    HealthSpace::open(file, &unlock(), env()).unwrap()
}

/// What a partition holds, without reading it: reading leaves an entry in its log.
#[derive(Debug, PartialEq)]
pub(crate) struct Mark {
    stats: Stats,
    sources: Vec<ImportedSource>,
    staged: Vec<StagedImport>,
    events: Vec<String>,
}

pub(crate) fn mark(space: &HealthSpace) -> Mark {
    let health = space.partition("health").unwrap();
    let mut stats = health.stats().unwrap();
    // How much memory the indexes take depends on what was asked.
    stats.catalog_bytes = 0;
    Mark { stats, sources: health.sources().unwrap(), staged: health.staged_imports().unwrap(), events: events(space) }
}

pub(crate) fn events(space: &HealthSpace) -> Vec<String> {
    let lines = space.log(LogOf::Partition("health")).unwrap();
    lines.iter().map(|l| format!("{:?}", l.entry.event)).filter(|e| !e.starts_with("Released")).collect()
}

/// The number of imports that the log says were broken off.
pub(crate) fn discarded(space: &HealthSpace) -> usize {
    let lines = space.log(LogOf::Partition("health")).unwrap();
    lines.iter().filter(|l| matches!(l.entry.event, AuditEvent::ImportDiscarded { .. })).count()
}

pub(crate) fn session(space: &HealthSpace) -> Session {
    let model = Recipient::model("eu-llm").unwrap();
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
    let ask = ask.recipient(model.clone());
    ask.notice("en").unwrap();
    ask.confirm(gesture()).unwrap();
    space.session(model, Purpose::PatientRequest).unwrap()
}

pub(crate) fn facts(space: &HealthSpace) -> Vec<FactRow> {
    session(space).query(&Query { include_errors: true, ..Query::default() }).unwrap().into_value()
}

/// Every word and number of facts, by themselves: `Debug` shows none of them.
pub(crate) fn words(rows: &[FactRow]) -> Vec<String> {
    let mut out = Vec::new();
    for f in rows.iter().map(|r| &r.fact) {
        out.extend([f.text.clone(), f.note.clone()]);
        let mut codes = f.codes.clone();
        match &f.value {
            Value::Quantity(q) => out.extend([q.number.to_string(), q.unit.clone(), q.ucum.clone()]),
            Value::Coded(coded, text) => {
                codes.extend_from_slice(coded);
                out.push(text.clone());
            }
            Value::Text(text) => out.push(text.clone()),
            Value::None | Value::Bool(_) => {}
        }
        out.extend(codes.into_iter().flat_map(|c| [c.system, c.code, c.display]));
        if let Some(range) = &f.range {
            out.extend([range.text.clone(), range.interpretation.clone()]);
        }
    }
    out
}

/// Everything that a partition says, apart from the numbers of its rows and sources.
#[derive(Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) facts: Vec<FactRow>,
    pub(crate) bodies: Vec<(RecordId, Vec<u8>)>,
}

pub(crate) fn held(space: &HealthSpace) -> Held {
    let s = session(space);
    let reader = s.reader(&Query::default(), 1_000_000).unwrap();
    let mut facts = reader.facts(&Query::default()).unwrap();
    for row in &mut facts {
        row.object = ObjectRef { number: 0, version: 0, group: 0 };
        row.origins.iter_mut().for_each(|o| o.source = 0);
    }
    // Ids are keyed: another space has others for the same records. They are numbered by what they say.
    let body = |row: &FactRow| (row.fact.kind != Kind::Series).then(|| reader.body(row.record).unwrap());
    let mut said: Vec<_> = facts.iter().map(|r| (body(r), r.origins.clone(), r.record)).collect();
    said.sort();
    said.dedup();
    let number = |id: RecordId| {
        let at = said.iter().position(|(.., of)| *of == id).unwrap();
        RecordId::from_bytes((at as u128).to_be_bytes())
    };
    let mut bodies: Vec<_> = said.iter().filter_map(|(body, _, id)| Some((number(*id), body.clone()?))).collect();
    bodies.sort();
    bodies.dedup();
    facts.iter_mut().for_each(|row| row.record = number(row.record));
    facts.sort_by_key(|r| (r.record, r.part));
    Held { facts, bodies }
}

/// The one issue of a sort.
#[track_caller]
pub(crate) fn issue(report: &Report, what: What) -> Issue {
    let found: Vec<_> = report.issues.iter().filter(|i| i.what == what).collect();
    assert_eq!(found.len(), 1, "{what:?} in {:?}", report.issue_counts);
    *found[0]
}

pub(crate) fn confirmed() -> ImportOptions {
    ImportOptions::new().confirm_subject()
}

/// An observation of a value.
pub(crate) fn observation(id: usize, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"13457-7"}}],"text":"LDL"}}{more}}}"#
    )
}

pub(crate) fn value(n: &str) -> String {
    format!(
        r#","effectiveDateTime":"2026-01-05","valueQuantity":{{"value":{n},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}"#
    )
}

pub(crate) fn bundle(resources: &[String]) -> String {
    let entries: Vec<String> = resources.iter().map(|r| format!("{{\"resource\":{r}}}")).collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{}\n]}}", entries.join(",\n"))
}

/// An Apple Health export of these elements.
pub(crate) fn export(prolog: &str, inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{prolog}<HealthData locale=\"en_US\">\n{inner}</HealthData>\n")
}

pub(crate) fn steps(start: &str, more: &str) -> String {
    format!(
        " <Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"P\" unit=\"count\" startDate=\"{start}\" endDate=\"{start}\" value=\"100\"{more}\n"
    )
}

/// The folder of shared sample data, where there is one.
pub(crate) fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("HEALTHSPACE_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let found = given.or(Some(beside)).filter(|p| p.join("data").is_dir());
    if found.is_none() {
        println!("SKIPPED: shared data not found");
    }
    found
}

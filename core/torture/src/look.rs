//! All that a space says to its person, read through the public interface.

use healthspace::audit::Gesture;
use healthspace::catalog::{FactRow, Query};
use healthspace::consent::Recipient;
use healthspace::{
    ConversationId, DeclassifyInfo, Environment, Error, FixedClock, GrantInfo, HealthSpace, ImportedConsent,
    ImportedSource, Label, LogLine, LogOf, Memory, Purpose, RecordId, Result, StagedImport, Stats, Timestamp, Turn,
    Unlock, verify_consistency,
};
use std::path::Path;
use std::sync::Arc;

/// A clock that stands still: what is said does not depend on when it is asked.
pub(crate) fn env() -> Environment {
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_790_000_000_000)));
    Environment { clock, ..Environment::default() }
}

pub(crate) fn gesture() -> Gesture {
    Gesture { method: "tap".into(), evidence: [7; 32] }
}

pub(crate) fn model() -> Result<Recipient> {
    Recipient::model("eu-llm")
}

/// Opens by the recovery code: it is random, so that its derivation costs nothing.
pub(crate) fn open(path: &Path, code: &str) -> Result<HealthSpace> {
    HealthSpace::open(path, &Unlock::recovery_code(code)?, env())
}

/// Whether a log goes on where this checkpoint of it ended, over every change of its key since.
pub(crate) fn goes_on(space: &HealthSpace, of: LogOf<'_>, kept: &str) -> Result<()> {
    let mut size: u64 = kept.lines().nth(1).and_then(|l| l.parse().ok()).unwrap_or(0);
    // Before the first entry there is nothing to prove.
    if size == 0 {
        return Ok(());
    }
    let mut kept = kept.to_owned();
    for step in space.handovers(of)? {
        if step.size < size {
            continue;
        }
        verify_consistency(&kept, &space.consistency_with(of, size, &step)?, &step.old_key)?;
        (kept, size) = (step.first, step.size);
    }
    verify_consistency(&kept, &space.consistency(of, size)?, &space.verifier_key(of)?).map(drop)
}

/// What one partition says.
#[derive(Debug, PartialEq)]
pub(crate) struct PartitionLook {
    name: String,
    pub(crate) log: Vec<LogLine>,
    pub(crate) stats: Stats,
    pub(crate) sources: Vec<ImportedSource>,
    pub(crate) staged: Vec<StagedImport>,
    clearance: Label,
    pub(crate) memories: Vec<Memory>,
    turns: Vec<Turn>,
    originals: Vec<Vec<u8>>,
}

/// What a space says.
#[derive(Debug, PartialEq)]
pub(crate) struct Look {
    log: Vec<LogLine>,
    pub(crate) grants: Vec<GrantInfo>,
    consents: Vec<ImportedConsent>,
    lowered: Vec<DeclassifyInfo>,
    pub(crate) partitions: Vec<PartitionLook>,
    /// Label of the conversation, where it was stored.
    label: Option<Label>,
    /// Of records that a grant to the model covers; `None` where none does.
    pub(crate) facts: Option<Vec<FactRow>>,
    bodies: Vec<Vec<u8>>,
    samples: Vec<String>,
    /// Checkpoints of all logs, proved to belong to what is shown.
    pub(crate) checkpoints: Vec<String>,
}

/// Reads everything. Reading is logged, so what is there is noted before.
pub(crate) fn look(space: &HealthSpace, conversation: ConversationId) -> Result<Look> {
    let log = space.log(LogOf::Space)?;
    let names = space.info()?.partitions;
    let mut checkpoints = vec![space.checkpoint(LogOf::Space)?];
    let mut partitions = Vec::new();
    for name in names {
        let of = LogOf::Partition(&name);
        let (log, p) = (space.log(of)?, space.partition(&name)?);
        checkpoints.push(space.checkpoint(of)?);
        let (stats, sources, staged) = (p.stats()?, p.sources()?, p.staged_imports()?);
        partitions.push(PartitionLook {
            log,
            stats,
            sources,
            staged,
            clearance: space.clearance(&name)?,
            memories: Vec::new(),
            turns: Vec::new(),
            originals: Vec::new(),
            name,
        });
    }
    let (grants, consents, lowered) = (space.grants()?, space.imported_consents()?, space.declassify_grants()?);
    // From here on, reading adds entries to the logs.
    for p in &mut partitions {
        let partition = space.partition(&p.name)?;
        p.memories = partition.memories()?.into_whole()?;
        p.turns = partition.turns(conversation)?.into_whole()?;
        for source in &p.sources {
            let mut out = Vec::new();
            match partition.original(source.id, gesture(), &mut out) {
                // Of some sources the bytes are not kept.
                Err(Error::NotFound) => {}
                other => drop(other?),
            }
            p.originals.push(out);
        }
    }
    let (session, label) = match space.resume(conversation, model()?, Purpose::PatientRequest) {
        Ok(s) => {
            let label = s.label();
            (s, Some(label))
        }
        Err(Error::NotFound) => (space.session(model()?, Purpose::PatientRequest)?, None),
        Err(e) => return Err(e),
    };
    let all = Query { include_errors: true, ..Query::default() };
    let (mut facts, mut bodies, mut samples) = (None, Vec::new(), Vec::new());
    match session.reader(&all, 1_000_000) {
        Ok(reader) => {
            let rows = reader.facts(&all)?;
            let mut records: Vec<RecordId> =
                rows.iter().filter(|r| r.fact.kind != healthspace::record::Kind::Series).map(|r| r.record).collect();
            records.sort_unstable();
            records.dedup();
            bodies = reader.bodies(&records)?;
            facts = Some(rows);
            // Samples are read by a question about them alone.
            if facts.iter().flatten().any(|r| r.fact.kind == healthspace::record::Kind::Series) {
                let said = session.ground("steps on 2026-01-05", healthspace::grounding::Budget::tokens(400))?;
                samples = said.value().text.lines().filter(|l| l.contains("step")).map(str::to_owned).collect();
            }
        }
        Err(Error::Denied) => {}
        Err(e) => return Err(e),
    }
    Ok(Look { log, grants, consents, lowered, partitions, label, facts, bodies, samples, checkpoints })
}

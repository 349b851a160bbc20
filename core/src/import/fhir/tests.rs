//! Real files against an independent walk with `serde_json::Value`, and input that lies.

use super::*;
use crate::id::Identity;
use crate::import::{Severity, What};
use crate::record::{
    Category, Comparator, Draft, FactDraft, Kind, Sample, SeriesKey, Span, Status, SubjectHint, Value as V,
};
use crate::{Confidentiality, Obligations, Sensitivities, Sensitivity};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::io::Read;
use std::path::{Path, PathBuf};

mod dated;
mod hostile;
mod labelled;
mod real;
mod says;
mod why;
mod wrapped;

/// A record as the sink got it.
#[derive(Clone, PartialEq, Debug)]
struct Got {
    body: Vec<u8>,
    span: Span,
    identity: Identity,
    type_name: &'static str,
    subject: SubjectHint,
    confidentiality: Option<Confidentiality>,
    sensitivities: Sensitivities,
    obligations: Obligations,
    facts: Vec<FactDraft>,
}

#[derive(Default)]
struct Collect {
    records: Vec<Got>,
    envelope: Vec<(u64, Vec<u8>)>,
}

impl Sink for Collect {
    fn record(&mut self, d: Draft<'_>) -> Result<()> {
        self.records.push(Got {
            body: d.body.to_vec(),
            span: d.span,
            identity: d.identity,
            type_name: d.type_name,
            subject: d.subject,
            confidentiality: d.confidentiality,
            sensitivities: d.sensitivities,
            obligations: d.obligations,
            facts: d.facts,
        });
        Ok(())
    }
    fn sample(&mut self, _: &SeriesKey, _: u32, _: Sample) -> Result<()> {
        panic!("FHIR has no samples")
    }
    fn envelope(&mut self, _: u32, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = self.envelope.last().map_or(0, |(o, b)| o + b.len() as u64);
        assert!(offset >= end, "the envelope comes in order");
        self.envelope.push((offset, bytes.to_vec()));
        Ok(())
    }
    fn progress(&mut self, _: u64) -> Result<()> {
        Ok(())
    }
}

impl Collect {
    fn rebuild(&self) -> Vec<u8> {
        let mut parts: Vec<(u64, &[u8])> = self.envelope.iter().map(|(o, b)| (*o, b.as_slice())).collect();
        parts.extend(self.records.iter().map(|r| (r.span.offset, r.body.as_slice())));
        parts.sort_by_key(|(o, _)| *o);
        let mut out = Vec::new();
        for (offset, bytes) in parts {
            assert_eq!(offset, out.len() as u64, "no gap and no overlap");
            out.extend_from_slice(bytes);
        }
        out
    }
    fn of(&self, type_name: &str) -> Vec<&Got> {
        self.records.iter().filter(|r| r.type_name == type_name).collect()
    }
    fn fact(&self) -> &FactDraft {
        &self.records[0].facts[0]
    }
}

fn run_with(limits: &Limits, mut input: &[u8]) -> (Result<()>, Collect, Report) {
    let (mut sink, mut report) = (Collect::default(), Report::default());
    let context =
        Context { shared: None, around: survey(&mut { input }, limits, false, &mut sink).unwrap_or_default() };
    let done = import(&mut input, None, 0, limits, &mut sink, &mut report, context);
    (done, sink, report)
}

fn run(input: &[u8]) -> (Collect, Report) {
    let (done, sink, report) = run_with(&Limits::default(), input);
    done.unwrap();
    assert_eq!(sink.rebuild(), input);
    (sink, report)
}

fn issues(report: &Report) -> Vec<(Severity, What)> {
    report.issues.iter().map(|i| (i.severity, i.what)).collect()
}

/// The files of a folder of shared sample data; loudly none if the data is not there.
fn shared(folder: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("HEALTHSPACE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let Ok(dir) = std::fs::read_dir(root.join("data").join(folder)) else {
        println!("SKIPPED: shared data not found");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> =
        dir.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files
}

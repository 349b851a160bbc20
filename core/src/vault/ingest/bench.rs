//! For the benchmarks alone (feature `bench-internals`): records that are parsed already, and logs
//! that are long already.
//!
//! What importing costs without its parser is otherwise not to be seen from outside. Records go
//! the way of every import: staged batches, one publishing transaction.

use super::super::state::Target;
use super::batch::Ingest;
use super::{ImportOptions, Partition};
use crate::audit::AuditEvent;
use crate::error::Result;
use crate::id::{Identity, SourceId};
use crate::import::{Report, Sink, Source};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities};
use crate::record::{Draft, FactDraft, Revision, Sample, SeriesKey, Span, SubjectHint};

/// What an importer read, kept.
pub struct Parsed {
    source: SourceId,
    bytes: u64,
    records: Vec<Record>,
}

silent_debug!(Parsed);

struct Record {
    body: Vec<u8>,
    span: Span,
    identity: Identity,
    content: Option<[u8; 16]>,
    print: Option<[u8; 16]>,
    revision: Revision,
    verbatim: bool,
    type_name: &'static str,
    subject: SubjectHint,
    confidentiality: Option<Confidentiality>,
    sensitivities: Sensitivities,
    obligations: Obligations,
    facts: Vec<FactDraft>,
}

silent_debug!(Record);

impl Sink for Vec<Record> {
    fn record(&mut self, d: Draft<'_>) -> Result<()> {
        self.push(Record {
            body: d.body.to_vec(),
            span: d.span,
            identity: d.identity,
            content: d.content,
            print: d.print,
            revision: d.revision,
            verbatim: d.verbatim,
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
        Ok(())
    }

    fn envelope(&mut self, _: u32, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _: u64) -> Result<()> {
        Ok(())
    }
}

impl Partition {
    /// Reads a file and stores nothing.
    #[doc(hidden)]
    pub fn parse_only(&self, mut source: Source) -> Result<Parsed> {
        let options = ImportOptions::new();
        let id = source.id(&options.limits, &mut |_| Ok(()))?;
        let mut records = Vec::new();
        source.read(&options.limits, &mut records, &mut Report::default())?;
        Ok(Parsed { source: id, bytes: source.len(), records })
    }

    /// Appends as many refusals to the log, in one transaction.
    #[doc(hidden)]
    pub fn log_only(&self, entries: u64) -> Result<()> {
        self.inner.write(|tx, w| {
            let at = w.state.position(&self.name)?;
            let work = w.work(tx, Target::Partition(at))?;
            for _ in 0..entries {
                let event = AuditEvent::Refused {
                    purpose: Purpose::Marketing,
                    actor: crate::consent::Recipient::app("benchmark")?,
                };
                tx.log(work, event)?;
            }
            Ok(())
        })
    }

    /// Stores what was read.
    #[doc(hidden)]
    pub fn put_parsed(&self, parsed: Parsed) -> Result<Report> {
        let options = ImportOptions::new();
        let mut report = Report { bytes: parsed.bytes, ..Report::default() };
        let Some(staged) = self.stage(parsed.source, parsed.bytes, options.limits.fingerprint())? else {
            return Ok(report);
        };
        let tick = |_: u64, _: u64| Ok(());
        let mut sink = Ingest::new(&self.inner, &self.name, &staged, &options, &tick)?;
        for r in parsed.records {
            sink.record(Draft {
                body: &r.body,
                span: r.span,
                identity: r.identity,
                content: r.content,
                print: r.print,
                revision: r.revision,
                verbatim: r.verbatim,
                type_name: r.type_name,
                subject: r.subject,
                confidentiality: r.confidentiality,
                sensitivities: r.sensitivities,
                obligations: r.obligations,
                ties: crate::record::Ties::default(),
                facts: r.facts,
            })?;
        }
        let done = sink.finish(&mut report)?;
        self.publish(&staged, done, &options, &mut report)?;
        Ok(report)
    }
}

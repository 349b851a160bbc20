//! Apple Health `export.xml`, streamed.
//!
//! What belongs here: reading one export element by element. What must not: archives, or a whole
//! document in memory. One element is in memory at a time; damage costs the element it is in and
//! is reported; nothing is expanded, opened or followed.
//!
//! Records become samples, losslessly: see [`Meta`](crate::record::Meta) for what has no field of
//! its own. Apple prints the parts of a correlation at top level too: there they count, once; the
//! correlation is kept verbatim, without facts, so that a part that stands nowhere else is not
//! lost. Body and identity of everything else: [`draft`].

mod draft;
mod element;
mod intern;
mod odd;
mod prolog;
mod record;
mod scan;
mod text;
mod time;
mod types;
mod window;

#[cfg(test)]
mod tests;

use super::{Limits, Report, Severity, Sink, What};
use crate::error::{Error, Malformed, Result};
use crate::label::{Obligations, Sensitivities};
use crate::record::{Draft, Revision, Span, Ties};
use odd::NoSample;
use prolog::Prolog;
use record::Records;
use scan::Scan;
use std::io::Read;
use text::Findings;
use window::Window;

/// Bytes that tell what a `<` begins.
const LOOK_AHEAD: usize = 32;

/// White space before a tag that is looked at for its indentation.
const LINE: usize = 4096;

/// A member of the archive that an export names: a clinical record in FHIR.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ClinicalFile {
    /// Its name as the export gives it.
    pub(super) path: String,
    /// Where the export names it.
    pub(super) offset: u64,
}

/// Whether a document that begins so is an Apple Health export, by its root element.
pub(super) fn looks_like(head: &[u8]) -> bool {
    prolog::root_name(head) == Some(b"HealthData")
}

/// Reads an export from its first byte.
///
/// # Errors
/// [`Malformed::Xml`] where no `HealthData` element begins; else what the input or the sink fails
/// with.
pub(super) fn import(
    input: &mut dyn Read,
    member: u32,
    limits: &Limits,
    sink: &mut dyn Sink,
    report: &mut Report,
) -> Result<Vec<ClinicalFile>> {
    let import = Import {
        window: Window::new(input),
        member,
        limits,
        sink,
        report,
        found: Findings::default(),
        records: Records::new(),
        clinical: Vec::new(),
        indent: None,
        indent_of: 0,
        fast: record::within(limits),
    };
    import.run()
}

struct Import<'a> {
    window: Window<'a>,
    member: u32,
    limits: &'a Limits,
    sink: &'a mut dyn Sink,
    report: &'a mut Report,
    found: Findings,
    records: Records,
    clinical: Vec<ClinicalFile>,
    /// Indentation of what starts at `indent_of`, where that starts a line.
    indent: Option<usize>,
    indent_of: u64,
    fast: bool,
}

impl Import<'_> {
    fn run(mut self) -> Result<Vec<ClinicalFile>> {
        self.head()?;
        let mut closed = false;
        loop {
            if !self.gap()? {
                break;
            }
            self.window.ensure(LOOK_AHEAD)?;
            let b = self.window.bytes();
            if closed {
                self.issue(Severity::Refused, What::BadXml, 0);
                return self.done();
            }
            if self.fast
                && b.starts_with(b"<Record")
                && let Some((reading, len)) = self.records.fast(b)
            {
                let (key, sample) = self.records.sample(reading, self.window.offset(), len);
                self.sink.sample(key, self.member, sample)?;
                self.window.consume(len);
                continue;
            }
            if !b.starts_with(b"<") {
                self.issue(Severity::Refused, What::BadXml, 0);
                self.resync(0, None)?;
            } else if let Some(scan) = scan::misc(b, 0) {
                if matches!(scan, Scan::Done(_)) && b.starts_with(b"<![CDATA[") {
                    self.issue(Severity::Refused, What::BadXml, 0);
                }
                self.skip(scan)?;
            } else if b.starts_with(b"</") {
                let root = scan::name(b) == b"HealthData";
                let scan = scan::tag(b, 0).map(|(end, _)| end);
                if matches!(scan, Scan::Done(_)) {
                    closed = root;
                    if !root {
                        self.issue(Severity::Repaired, What::BadXml, 0);
                    }
                }
                self.skip(scan)?;
            } else {
                self.element()?;
            }
        }
        if !closed {
            self.issue(Severity::Refused, What::Truncated, 0);
        }
        self.done()
    }

    fn done(self) -> Result<Vec<ClinicalFile>> {
        self.sink.progress(self.window.offset())?;
        Ok(self.clinical)
    }

    fn issue(&mut self, severity: Severity, what: What, at: usize) {
        let offset = self.window.offset() + at as u64;
        self.report.issue(self.limits.issues, severity, what, self.member, offset);
    }

    fn more(&mut self) -> Result<bool> {
        self.sink.progress(self.window.offset())?;
        self.window.more()
    }

    /// Up to and with the root start tag: handed over as it stands.
    fn head(&mut self) -> Result<()> {
        let end = loop {
            let b = self.window.bytes();
            match prolog::prolog(b) {
                Prolog::Root(at, what) => {
                    if scan::name(b.get(at..).unwrap_or_default()) == b"HealthData"
                        && let Scan::Done((end, _)) = scan::tag(b, at)
                    {
                        if b.starts_with(prolog::BOM) {
                            self.issue(Severity::Repaired, What::ByteOrderMark, 0);
                        }
                        if let Some(what) = what {
                            self.issue(Severity::Repaired, what, 0);
                        }
                        break end;
                    }
                    if scan::tag(b, at) != Scan::More {
                        return Err(Error::Malformed(Malformed::Xml));
                    }
                }
                Prolog::NotXml => return Err(Error::Malformed(Malformed::Xml)),
                Prolog::More => {}
            }
            if b.len() > self.limits.resource_bytes || !self.more()? {
                return Err(Error::Malformed(Malformed::Xml));
            }
        };
        let head = self.window.bytes().get(..end).unwrap_or_default();
        self.sink.envelope(self.member, self.window.offset(), head)?;
        self.window.consume(end);
        Ok(())
    }

    /// Skips white space and notes the indentation of what follows; `false` at the end.
    fn gap(&mut self) -> Result<bool> {
        if self.window.offset() != self.indent_of {
            self.indent = None;
        }
        loop {
            let b = self.window.bytes();
            let n = b.iter().take_while(|c| matches!(c, b' ' | b'\t' | b'\r' | b'\n')).count();
            let line = memchr::memrchr(b'\n', b.get(..n).unwrap_or_default());
            self.indent = line.map(|at| n - at - 1).or(self.indent.map(|i| i + n));
            let found = n < b.len();
            self.window.consume(n);
            self.indent_of = self.window.offset();
            if found || !self.more()? {
                return Ok(found);
            }
        }
    }

    /// Past what a scan found, which is no element.
    fn skip(&mut self, scan: Scan<usize>) -> Result<()> {
        match scan {
            Scan::Done(end) => self.window.consume(end),
            Scan::Bad { at, what } => {
                self.issue(Severity::Refused, what, 0);
                self.resync(at, None)?;
            }
            Scan::More => {
                if self.window.bytes().len() > self.limits.resource_bytes {
                    self.issue(Severity::Refused, What::TooLarge, 0);
                    self.resync(self.window.bytes().len(), None)?;
                } else if !self.more()? {
                    self.window.consume(self.window.bytes().len());
                }
            }
        }
        Ok(())
    }

    /// One element, whatever it is.
    fn element(&mut self) -> Result<()> {
        let b = self.window.bytes();
        let indent = self.indent;
        let kind = scan::known(scan::name(b)).unwrap_or("Other");
        match scan::element(b, indent, self.limits) {
            Scan::Done(end) if end > self.limits.resource_bytes => {
                self.refuse(kind, What::TooLarge);
                self.window.consume(end);
            }
            Scan::Done(end) => {
                self.whole(kind, end)?;
                self.window.consume(end);
            }
            Scan::Bad { at, what } => {
                self.refuse(kind, what);
                self.resync(at.max(1), if kind == "Correlation" { indent } else { None })?;
            }
            Scan::More if b.len() > self.limits.resource_bytes => {
                self.refuse(kind, What::TooLarge);
                self.resync(self.window.bytes().len(), None)?;
            }
            Scan::More => {
                if !self.more()? {
                    self.refuse(kind, What::Truncated);
                    self.window.consume(self.window.bytes().len());
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, kind: &'static str, what: What) {
        self.issue(Severity::Refused, what, 0);
        self.report.tally(kind, |c| c.refused += 1);
    }

    /// Goes on at the next element whose name is known, from `at`. After a broken correlation that
    /// is one on its own level (`indent`), for its parts count elsewhere.
    fn resync(&mut self, at: usize, indent: Option<usize>) -> Result<()> {
        let mut at = at;
        loop {
            let b = self.window.bytes();
            while let Some(n) = memchr::memchr(b'<', b.get(at..).unwrap_or_default()) {
                at += n;
                let rest = b.get(at..).unwrap_or_default();
                if rest.len() < LOOK_AHEAD {
                    break;
                }
                let name = scan::name(rest);
                let known = scan::known(name).is_some() || name == b"HealthData" && rest.starts_with(b"</");
                let level = indent.is_none() || scan::indent(b, at).is_none_or(|i| Some(i) <= indent);
                if known && level {
                    self.window.consume(at);
                    return Ok(());
                }
                at += 1;
            }
            // The start of the line stays in memory, for the indentation of a tag on it.
            at = at.min(b.len());
            let done = at.saturating_sub(LINE);
            self.window.consume(done);
            at -= done;
            if !self.more()? {
                let rest = self.window.bytes().get(at..).unwrap_or_default();
                let end = memchr::memmem::find(rest, b"</HealthData").unwrap_or(rest.len());
                self.window.consume(at + end);
                return Ok(());
            }
        }
    }

    /// An element that is all there: `end` bytes.
    fn whole(&mut self, kind: &'static str, end: usize) -> Result<()> {
        let body = self.window.bytes().get(..end).unwrap_or_default();
        let at = self.window.offset();
        let text = String::from_utf8_lossy(body);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            self.found.repaired(What::BadUtf8);
        }
        if kind == "ExportDate" {
            self.sink.envelope(self.member, at, body)?;
            return Ok(());
        }
        if kind == "Record" {
            match self.records.slow(&text, self.limits, &mut self.found) {
                Ok(reading) => {
                    let (key, sample) = self.records.sample(reading, at, end);
                    self.sink.sample(key, self.member, sample)?;
                    self.found();
                    return Ok(());
                }
                Err(NoSample::Kept(what)) => self.found.repaired(what),
                Err(NoSample::Refused(what)) => {
                    self.found();
                    self.refuse(kind, what);
                    return Ok(());
                }
            }
        }
        match draft::read(kind, &text, self.limits, &mut self.found) {
            Ok(read) => {
                let draft = Draft {
                    content: Some(*read.identity.as_bytes()),
                    print: Some(*read.identity.as_bytes()),
                    revision: Revision::default(),
                    verbatim: false,
                    body,
                    span: Span { member: self.member, offset: at, len: end as u64 },
                    identity: read.identity,
                    type_name: kind,
                    subject: read.subject,
                    confidentiality: None,
                    sensitivities: Sensitivities::default(),
                    obligations: Obligations::NONE,
                    ties: Ties::default(),
                    facts: read.facts,
                };
                self.sink.record(draft)?;
                self.found();
                if let Some(path) = read.file {
                    if self.clinical.len() < self.limits.members {
                        self.clinical.push(ClinicalFile { path, offset: at });
                    } else {
                        self.issue(Severity::Refused, What::TooLarge, 0);
                    }
                }
            }
            Err(what) => {
                self.found();
                self.refuse(kind, what);
            }
        }
        Ok(())
    }

    /// Reports what was repaired in the element at hand.
    fn found(&mut self) {
        let offset = self.window.offset();
        for (severity, what) in self.found.drain() {
            self.report.issue(self.limits.issues, severity, what, self.member, offset);
        }
    }
}

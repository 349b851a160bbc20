//! Uses of a medication that wait for its name: to the end of their file, and in an archive for the
//! other files of their folder.
//!
//! A bulk export has each type in a file of its own, so that `Medication/7` of one file stands in
//! another. An id says which only among files of one server. What is shared is therefore what one
//! folder of an archive has outside of any Bundle, which is what a bulk export is; two medications of
//! one id in it are neither.

use super::extract::Known;
use super::identity::{self, Names};
use super::labels::Labels;
use crate::error::Result;
use crate::import::{Limits, Report, Severity, Sink, What};
use crate::record::{Draft, FactDraft};
use std::collections::VecDeque;

/// Drafts and bytes that wait at most.
const WAITING: usize = 10_000;
const WAITING_BYTES: usize = 16 << 20;

/// A use of a medication that is named elsewhere.
pub(super) struct Waiting {
    pub(super) body: Vec<u8>,
    pub(super) reference: String,
    pub(super) draft: Draft<'static>,
    /// What it says, whatever labels it is lent: the order of a file makes no other record of it.
    pub(super) content: [u8; 16],
    pub(super) full_url: Option<String>,
    pub(super) id: String,
    pub(super) subject: Option<String>,
    pub(super) base: Option<String>,
    /// The server of the record itself, where a name of it or of its subject tells.
    pub(super) server: String,
    pub(super) system: String,
    /// Outside of any Bundle, by a name that another file of the folder may have.
    pub(super) shared: bool,
}

impl Waiting {
    /// Gives it the name of its medication, where that is known.
    pub(super) fn resolve(&mut self, known: &Known) -> bool {
        let Self { reference, server, draft, .. } = self;
        let Some(fact) = draft.facts.first_mut() else { return true };
        known.resolve(reference, server, true, fact).map(|labels| labels.lend(draft)).is_some()
    }

    /// Hands it over with its name.
    pub(super) fn release(self, sink: &mut dyn Sink) -> Result<()> {
        let mut draft = Draft { body: &self.body, ..self.draft };
        let names = Names {
            full_url: self.full_url.as_deref(),
            id: &self.id,
            subject: self.subject.as_deref(),
            base: self.base.as_deref(),
            system: &self.system,
        };
        draft.identity = identity::identity(draft.type_name, names, &self.content);
        sink.record(draft)
    }

    /// Hands it over without: the medication stands in a file that is not here, or nowhere.
    pub(super) fn nameless(mut self, issues: usize, sink: &mut dyn Sink, report: &mut Report) -> Result<()> {
        if let Some(fact) = self.draft.facts.first_mut().filter(|f| f.text.is_empty()) {
            fact.text.clone_from(&self.reference);
            let span = self.draft.span;
            report.issue(issues, Severity::Repaired, What::MissingField, span.member, span.offset);
        }
        self.release(sink)
    }
}

/// What waits, the oldest first.
#[derive(Default)]
pub(super) struct Queue {
    list: VecDeque<Waiting>,
    bytes: usize,
}

impl Queue {
    /// Adds one; the oldest comes back where too much waits.
    pub(super) fn push(&mut self, w: Waiting) -> Option<Waiting> {
        self.bytes += w.body.len();
        self.list.push_back(w);
        if self.list.len() > WAITING || self.bytes > WAITING_BYTES { self.pop() } else { None }
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let w = self.list.pop_front()?;
        self.bytes = self.bytes.saturating_sub(w.body.len());
        Some(w)
    }
}

/// What the files of one folder of an archive share.
#[derive(Default)]
pub(crate) struct Shared {
    known: Known,
    waiting: Queue,
}

impl Shared {
    pub(super) fn learn(&mut self, id: &str, fact: &FactDraft, labels: Labels) {
        self.known.learn("", id, fact, labels);
    }

    /// Keeps one to the end of the folder. What is too much is handed over nameless: whether its id
    /// is the only one is not known yet.
    pub(super) fn push(&mut self, w: Waiting, issues: usize, sink: &mut dyn Sink, report: &mut Report) -> Result<()> {
        self.waiting.push(w).map_or(Ok(()), |oldest| oldest.nameless(issues, sink, report))
    }

    /// The folder is read: hands over what waits.
    pub(crate) fn finish(&mut self, limits: &Limits, sink: &mut dyn Sink, report: &mut Report) -> Result<()> {
        while let Some(mut w) = self.waiting.pop() {
            if w.resolve(&self.known) {
                w.release(sink)?;
            } else {
                w.nameless(limits.issues, sink, report)?;
            }
        }
        self.known = Known::default();
        Ok(())
    }
}

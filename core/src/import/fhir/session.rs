//! One import: each resource that the walk finds becomes a draft.

use super::Context;
use super::canonical::Canonical;
use super::extract::{self, Known, Marks, Reading};
use super::identity::Names;
use super::labels::{Around, Labels, with_labels};
use super::survey::Sight;
use super::types::{Meta, Reference};
use super::waiting::{Queue, Shared, Waiting};
use super::window::Handler;
use super::{bytes, identity, inner, tables};
use crate::error::Result;
use crate::id::Identity;
use crate::import::{Limits, Report, Severity, Sink, What, subject};
use crate::record::{Draft, FactDraft, PersonHint, Revision, Sex, Span, Status, SubjectHint, Ties, When};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// Patients remembered.
const PATIENTS: usize = 10_000;

pub(super) struct Session<'s> {
    sink: &'s mut dyn Sink,
    report: &'s mut Report,
    member: u32,
    issues: usize,
    medications: Known,
    canonical: Canonical,
    waiting: Queue,
    /// Of the folder, in an archive.
    shared: Option<&'s mut Shared>,
    /// By every name that a reference may use: the one they all stand for, and the person.
    patients: HashMap<Identity, SubjectHint>,
    /// The reference that was met last, and its pseudonym: nearly all of a file are to one patient.
    last: (String, Identity),
    /// What the file says of its Bundles.
    around: Around,
    /// Bundles met.
    met: u64,
    /// Labels of the Bundles around, the outermost first.
    bundles: Vec<Labels>,
    inner: inner::Finders,
    bytes: bytes::Finders,
    /// Something was stepped over that may name the bytes of a `Binary`, and whether what belongs to no record from
    /// there on has a label.
    skipped: bool,
    sight: Sight,
    /// Something in the file said that it is FHIR.
    pub(super) recognised: bool,
    /// Something in the file was not JSON.
    pub(super) broken: bool,
}

impl<'s> Session<'s> {
    pub(super) fn new(
        sink: &'s mut dyn Sink,
        report: &'s mut Report,
        member: u32,
        limits: &Limits,
        context: Context<'s>,
    ) -> Self {
        Self {
            sink,
            report,
            member,
            issues: limits.issues,
            medications: Known::default(),
            canonical: Canonical::default(),
            waiting: Queue::default(),
            shared: context.shared,
            patients: HashMap::new(),
            last: (String::new(), subject::reference("")),
            around: context.around,
            met: 0,
            bundles: Vec::new(),
            inner: inner::Finders::new(),
            bytes: bytes::Finders::new(),
            skipped: false,
            sight: Sight::default(),
            recognised: false,
            broken: false,
        }
    }

    /// Hands over what still waits.
    pub(super) fn finish(&mut self) -> Result<()> {
        if self.sight.any {
            self.sink.unread_label();
        }
        while let Some(w) = self.waiting.pop() {
            self.release(w)?;
        }
        Ok(())
    }

    fn release(&mut self, mut w: Waiting) -> Result<()> {
        if w.resolve(&self.medications) {
            return w.release(self.sink);
        }
        match self.shared.as_deref_mut().filter(|_| w.shared) {
            Some(shared) => shared.push(w, self.issues, self.sink, self.report),
            None => w.nameless(self.issues, self.sink, self.report),
        }
    }

    fn refused(&mut self, type_name: &str, what: What, at: u64) {
        self.skipped(Some(type_name));
        self.report.tally(type_name, |c| c.refused += 1);
        self.note(Severity::Refused, what, at);
    }

    fn note(&mut self, severity: Severity, what: What, at: u64) {
        self.broken |= matches!(what, What::BadJson | What::Truncated);
        self.report.issue(self.issues, severity, what, self.member, at);
    }

    fn marks(&mut self, marks: &Marks, at: u64) {
        let noticed = [
            (marks.bad_date.get(), What::BadDate),
            (marks.bad_number.get(), What::BadNumber),
            (marks.unknown_unit.get(), What::UnknownUnit),
            (marks.notes.duplicate.get(), What::DuplicateKey),
            (marks.notes.wrong_type.get() || marks.nameless.get() || marks.odd_status.get(), What::MissingField),
            (marks.notes.too_many.get(), What::TooLarge),
        ];
        for (_, what) in noticed.into_iter().filter(|(yes, _)| *yes) {
            self.note(Severity::Repaired, what, at);
        }
        if marks.stranger.get() {
            self.note(Severity::Refused, What::OtherSubject, at);
        }
    }

    /// The subject's key as the resource states it, and the hint with what the file said of it.
    fn subject(&mut self, type_name: &str, r: &Reading<'_>, full_url: Option<&str>) -> (Option<String>, SubjectHint) {
        let c = &r.common;
        if type_name == "Patient" {
            let by_url = full_url.and_then(subject::patient_key);
            let by_id = subject::patient_key(&c.id);
            let name = by_id.clone().or(by_url.clone());
            let reference = name.as_deref().map(subject::reference);
            let mut described = r.described.clone().unwrap_or_default();
            described.names.extend([by_id, by_url].into_iter().flatten().map(|k| subject::reference(&k)));
            if reference.is_some() {
                for alias in &described.names {
                    if self.patients.len() < PATIENTS {
                        let hint = SubjectHint { reference, person: r.person, described: None };
                        self.patients.insert(*alias, hint);
                    }
                }
            }
            return (name, SubjectHint { reference, person: r.person, described: Some(Box::new(described)) });
        }
        let subjects = c.subject.iter().chain([&c.patient, &c.beneficiary, &c.about]);
        for s in subjects {
            if let Some(key) = key(s) {
                if self.last.0 != key {
                    self.last = (key.clone(), subject::reference(&key));
                }
                let reference = self.last.1;
                let stranger = || SubjectHint { reference: Some(reference), ..SubjectHint::default() };
                return (Some(key), self.patients.get(&reference).cloned().unwrap_or_else(stranger));
            }
            if let Some(id) = s.reference.strip_prefix('#') {
                let inner = c.contained.iter().find(|p| &*p.id == id && &*p.resource_type == "Patient");
                let name = inner.and_then(|p| Some((p.name.first()?, &p.birth_date)));
                let person = name.and_then(|(n, d)| subject::person(&n.family, n.given.first().map_or("", |g| g), d));
                let described = inner.map(|p| {
                    let (born, sex) = (subject::birth_date(&p.birth_date), Sex::from_code(&p.gender));
                    Box::new(PersonHint { names: Vec::new(), born, sex, within: true })
                });
                return (None, SubjectHint { person, reference: None, described });
            }
        }
        (None, SubjectHint::default())
    }
}

/// A reference to a patient in one form; by identifier where it has no other.
fn key(r: &Reference<'_>) -> Option<String> {
    if !r.reference.is_empty() {
        return subject::patient_key(&r.reference);
    }
    let patient = r.type_name.is_empty() || &*r.type_name == "Patient";
    let i = &r.identifier;
    subject::identifier_key(&i.system, &i.value).filter(|_| patient)
}

/// A document's labels hold for the bytes that it names, and a Binary has those of its security context.
fn ties(type_name: &str, r: &Reading<'_>, names: &BTreeSet<String>, labels: Labels, server: &str) -> Ties {
    let (id, labelled) = (&*r.common.id, labels != Labels::default());
    let bytes = |url: &String| identity::referred(url, "Binary", server);
    let attached = r.attached.iter().filter(|url| !names.contains(url.trim()));
    let context = r.context.as_ref().filter(|_| type_name == "Binary");
    Ties {
        named: (!id.is_empty() && (labelled || type_name == "Binary")).then(|| identity::named(type_name, id)),
        over: attached.chain(names).flat_map(bytes).collect(),
        bare: !labelled,
        under: context.map(|(to, of)| identity::referred(to, of, server)).unwrap_or_default(),
    }
}

/// A fact of a record that an extension modifies which is not known here (FHIR R4, 2.4.0.1): it
/// may say the opposite, so it is shown as something that is not settled.
fn doubt(fact: &mut FactDraft) {
    if matches!(fact.status, Status::Unstated | Status::Active | Status::Final | Status::Amended) {
        fact.status = Status::Preliminary;
    }
    let note = core::mem::take(&mut fact.note);
    fact.note = [MODIFIED, &note].iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join("; ");
}

/// Stands first among the words of a fact that an unknown extension modifies.
const MODIFIED: &str = "changed in meaning by an extension that was not understood";

/// What the server says of the version.
fn revision(meta: &Meta<'_>) -> Revision {
    let version = meta.version.trim();
    let number = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
    Revision {
        updated: When::parse_fhir(meta.updated.trim()).map(|w| w.at),
        version: if number { version.parse().ok() } else { None },
    }
}

impl Handler for Session<'_> {
    fn resource(&mut self, body: &[u8], at: u64, full_url: Option<&str>) -> Result<bool> {
        let text = match core::str::from_utf8(body) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                self.note(Severity::Repaired, What::BadUtf8, at);
                String::from_utf8_lossy(body)
            }
        };
        let Ok(name) = extract::resource_type(&text) else {
            self.refused(tables::UNKNOWN, What::BadJson, at);
            return Ok(false);
        };
        if name.is_empty() {
            self.refused(tables::UNKNOWN, What::NotAResource, at);
            return Ok(false);
        }
        self.recognised = true;
        let known = tables::resource_type(&name);
        let (type_name, category) = known.unwrap_or((tables::UNKNOWN, None));
        let marks = Marks::new();
        let Ok(mut reading) = extract::read(type_name, category, &text, &marks, &self.medications) else {
            self.refused(type_name, What::BadJson, at);
            return Ok(false);
        };
        if known.is_none() {
            self.note(Severity::Repaired, What::UnknownType, at);
        }
        self.marks(&marks, at);
        let (subject, hint) = self.subject(type_name, &reading, full_url);
        // What is said of a Bundle holds for what is in it.
        let around = self.bundles.iter().fold(Labels::default(), |all, b| all.join(*b));
        let within = inner::labels(&self.inner, &text, !reading.common.contained.is_empty());
        let labels = around.join(reading.common.meta.0.security.0).join(within).raised();
        let mut facts = core::mem::take(&mut reading.facts);
        let said = self.canonical.read(body);
        if said.modified {
            self.note(Severity::Repaired, What::UnknownModifier, at);
            facts.iter_mut().for_each(doubt);
        }
        if let Some(fact) = facts.first().filter(|_| type_name == "Medication") {
            let id = extract::cut(&reading.common.id);
            self.medications.learn(full_url.unwrap_or("").trim(), &id, fact, labels);
            if let Some(shared) = self.shared.as_deref_mut().filter(|_| self.bundles.is_empty()) {
                shared.learn(&id, fact, labels);
            }
        }
        let c = &reading.common;
        let id = &*c.id;
        let base = identity::server(c);
        let system = c.identifier.first().map_or("", |i| &*i.system);
        let content = with_labels(said.content, around);
        let draft = Draft {
            content: Some(content),
            print: Some(said.print),
            revision: revision(&reading.common.meta.0),
            verbatim: true,
            body,
            span: Span { member: self.member, offset: at, len: body.len() as u64 },
            identity: Identity::from_bytes([0; 16]),
            type_name,
            subject: hint,
            confidentiality: labels.confidentiality,
            sensitivities: labels.sensitivities,
            obligations: labels.obligations,
            ties: Ties::default(),
            facts: Vec::new(),
        };
        let own = full_url.and_then(|u| identity::server_of(u, &name));
        let server = own.or(base).unwrap_or("");
        let names = bytes::named(&self.bytes, type_name, &text);
        let mut draft = Draft { facts, ties: ties(type_name, &reading, &names, labels, server), ..draft };
        reading.lent.lend(&mut draft);
        let awaits = reading.awaits.take().filter(|reference| {
            let fact = draft.facts.first_mut();
            let lent = fact.and_then(|f| self.medications.resolve(reference, server, false, f));
            lent.map(|labels| labels.lend(&mut draft)).is_none()
        });
        let Some(reference) = awaits else {
            let names = Names { full_url, id, subject: subject.as_deref(), base, system };
            let identity = identity::identity(type_name, names, &content);
            self.sink.record(Draft { identity, ..draft })?;
            return Ok(true);
        };
        let shared = self.bundles.is_empty() && (!reference.contains(':') || reference.starts_with("http"));
        let oldest = self.waiting.push(Waiting {
            body: body.to_vec(),
            reference,
            draft: Draft { body: &[], ..draft },
            content,
            full_url: full_url.map(str::to_owned),
            id: id.to_owned(),
            subject,
            base: base.map(str::to_owned),
            server: server.to_owned(),
            system: extract::cut(system),
            shared,
        });
        if let Some(oldest) = oldest {
            self.release(oldest)?;
        }
        Ok(true)
    }

    fn envelope(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        if self.skipped {
            self.sight.look(bytes);
        }
        self.sink.envelope(self.member, at, bytes)
    }

    fn skipped(&mut self, type_name: Option<&str>) {
        self.skipped |= type_name != Some("Binary");
    }

    fn issue(&mut self, severity: Severity, what: What, at: u64) {
        if severity == Severity::Refused {
            self.report.tally(tables::UNKNOWN, |c| c.refused += 1);
        }
        // What is too large or deep was not looked into: it may well have been FHIR.
        self.recognised |= matches!(what, What::TooLarge | What::TooDeep);
        self.note(severity, what, at);
    }

    fn bundle(&mut self, level: usize) {
        self.recognised = true;
        self.bundles.resize(level, Labels::default());
        self.bundles.push(self.around.of(self.met));
        self.met += 1;
    }

    fn bundle_meta(&mut self, meta: &[u8]) {
        if let Some(labels) = self.bundles.last_mut() {
            *labels = labels.join(Labels::of_meta(meta));
        }
    }

    fn bundle_end(&mut self, level: usize, _: bool) {
        self.bundles.truncate(level);
    }

    fn progress(&mut self, done: u64) -> Result<()> {
        self.sink.progress(done)
    }
}

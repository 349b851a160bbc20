//! A first look at a file: how its Bundles are labelled, for a `meta` may stand behind what it holds
//! for; and, where the entries are named by `urn:uuid:` alone, what each says, and what the entries
//! that it refers to say, but by what name.
//!
//! Many producers make these names anew for each document. So what an entry is told by is a digest
//! in which each name of an entry of the file is replaced: its own by a mark, another's by the
//! digest of the round before (colour refinement), a patient's by the pseudonym of the person. A
//! patient without a name and a birth date stays under its own name, and with it everything that
//! refers to it: two persons are never taken for one.
//!
//! What a document's Composition says of itself holds for all entries of that document, and so is among the labels of its
//! Bundle.
//!
//! Names are `urn:uuid:` with whatever follows, and every UUID, wherever in a string: in an `id`, a
//! reference, a narrative.
//!
//! Limits. A file that names more than [`ENTRIES`] entries or refers to them more
//! than [`REFERENCES`] times is not looked at: its names then count as they are.

use super::canonical::{Canonical, half, name_of};
use super::extract::{self, Known, Marks};
use super::identity::{self, Names};
use super::inner;
use super::labels::{Around, Labels};
use super::tables;
use super::walk;
use super::window::Handler;
use crate::error::{Error, Result};
use crate::id::Identity;
use crate::import::{Limits, Named, Severity, Sink, What};
use memchr::memmem::Finder;
use std::collections::HashMap;
use std::ops::Range;

const ENTRIES: usize = 200_000;
const REFERENCES: usize = 1_000_000;
/// How many references away something may be and still tell two entries apart.
const ROUNDS: usize = 8;

struct Entry {
    name: [u8; 16],
    identity: Identity,
    /// What it says by itself.
    says: [u8; 16],
    /// What it is to those that refer to it, whatever else it says.
    person: Option<[u8; 16]>,
    names: Range<usize>,
}

struct Survey<'s> {
    sink: &'s mut dyn Sink,
    canonical: Canonical,
    entries: Vec<Entry>,
    names: Vec<[u8; 16]>,
    around: Around,
    /// Bundles met.
    met: u64,
    /// The Bundles around.
    bundles: Vec<Open>,
    full: bool,
    sight: Sight,
    inner: inner::Finders,
    composition: [Finder<'static>; 2],
}

/// A Bundle that has not ended.
#[derive(Clone, Copy)]
struct Open {
    number: u64,
    labels: Labels,
    /// What its Compositions say.
    composed: Labels,
    /// It says that it is something else than a document, and that it is one: a name can stand twice.
    loose: bool,
    document: bool,
    /// Its `meta` was met.
    told: bool,
    /// Something was stepped over that may be its Composition.
    skipped: bool,
}

/// Whether a `security`, and any label, may stand in what was seen so far, in whatever pieces it comes.
#[derive(Default)]
pub(super) struct Sight {
    seen: bool,
    pub(super) any: bool,
    /// What a word may begin with.
    tail: Vec<u8>,
}

impl Sight {
    pub(super) fn look(&mut self, bytes: &[u8]) {
        if self.seen && self.any {
            return;
        }
        self.tail.extend_from_slice(bytes.get(..LONGEST_LABEL).unwrap_or(bytes));
        self.seen |= has_word(&self.tail) || has_word(bytes);
        self.any |= self.seen || has_label(&self.tail) || has_label(bytes);
        if bytes.len() > LONGEST_LABEL {
            self.tail.clear();
            self.tail.extend_from_slice(bytes.get(bytes.len() - LONGEST_LABEL..).unwrap_or_default());
        }
        self.tail.drain(..self.tail.len().saturating_sub(LONGEST_LABEL));
    }

    /// Whether it ends with the name of a `meta`.
    fn is_cut(&self) -> bool {
        let end = self.tail.trim_ascii_end();
        end.strip_suffix(b":").unwrap_or(end).trim_ascii_end().ends_with(b"\"meta\"")
    }
}

/// What is in a Composition: as it is, or with a letter of ASCII escaped.
const COMPOSITION: [&[u8]; 2] = [b"Composition", b"\\u00"];

/// Whether a `security` may stand in JSON: as it is, or with a small letter of ASCII escaped.
fn has_word(bytes: &[u8]) -> bool {
    const WORDS: [&[u8]; 3] = [b"\"security\"", b"\\u006", b"\\u007"];
    WORDS.iter().any(|w| memchr::memmem::find(bytes, w).is_some())
}

/// Bytes of the longest word that some label has in it.
pub(crate) const LONGEST_LABEL: usize = 15;

/// Whether any label may stand in JSON: a `security`, or one of those that only [`inner`] looks for.
pub(crate) fn has_label(bytes: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [b"\"securityLabel", b"sec-label", b"confidentiality", b"\\u002d", b"\\u002D"];
    has_word(bytes) || WORDS.iter().any(|w| memchr::memmem::find(bytes, w).is_some())
}

/// How the Bundles of a file are labelled. Where `names` is asked for, tells the sink which entries
/// of the file have no lasting name, and what each is told by. What is wrong with the file, reading
/// it will say.
///
/// # Errors
/// What the reader or the sink fails with.
pub(crate) fn survey(
    input: &mut dyn std::io::Read,
    limits: &Limits,
    names: bool,
    sink: &mut dyn Sink,
) -> Result<Around> {
    let survey = Survey {
        sink,
        canonical: Canonical::default(),
        entries: Vec::new(),
        names: Vec::new(),
        around: Around::default(),
        met: 0,
        bundles: Vec::new(),
        full: !names,
        sight: Sight::default(),
        inner: inner::Finders::new(),
        composition: COMPOSITION.map(Finder::new),
    };
    let mut survey = match walk::walk(input, survey, limits) {
        Ok(survey) => survey,
        // Reading it fails alike.
        Err(Error::Malformed(_) | Error::TooLarge(_)) => return Ok(Around::default()),
        Err(e) => return Err(e),
    };
    let cut = survey.sight.is_cut();
    survey.around.settle(survey.sight.seen || cut, survey.sight.any || cut);
    if !survey.full && !survey.entries.is_empty() {
        let list = refine(&survey.entries, &survey.names);
        survey.sink.names(&list)?;
    }
    Ok(survey.around)
}

/// Where something stands that is named; none for what is named twice.
fn places(entries: &[Entry]) -> HashMap<[u8; 16], Option<usize>> {
    let mut at = HashMap::with_capacity(entries.len());
    for (i, e) in entries.iter().enumerate() {
        at.entry(e.name).and_modify(|a| *a = None).or_insert(Some(i));
    }
    at
}

fn refine(entries: &[Entry], names: &[[u8; 16]]) -> Vec<Named> {
    let at = places(entries);
    let mut now: Vec<[u8; 16]> = entries.iter().map(|e| e.says).collect();
    let mut text = Vec::new();
    for _ in 0..ROUNDS {
        let round = |(i, e): (usize, &Entry)| {
            let names = names.get(e.names.clone()).unwrap_or_default();
            if names.is_empty() {
                return e.says;
            }
            text.clear();
            text.extend_from_slice(&e.says);
            for name in names {
                let (mark, what) = match at.get(name).copied().flatten() {
                    Some(own) if own == i => (b'o', None),
                    Some(j) => match entries.get(j).and_then(|e| e.person) {
                        Some(person) => (b'p', Some(person)),
                        None => (b'e', now.get(j).copied()),
                    },
                    None => (b'n', Some(*name)),
                };
                text.push(mark);
                text.extend_from_slice(&what.unwrap_or_default());
            }
            half(&text)
        };
        now = entries.iter().enumerate().map(round).collect();
    }
    let alone = |e: &Entry| at.get(&e.name).copied().flatten().is_some();
    let told = entries.iter().zip(now).filter(|(e, _)| alone(e));
    told.map(|(e, digest)| Named { identity: e.identity, digest }).collect()
}

impl Survey<'_> {
    /// What an entry says of the document that it is the Composition of; none if it is something else.
    fn composed(&self, body: &[u8]) -> Option<Labels> {
        let found = self.composition.iter().any(|f| f.find(body).is_some());
        let text = found.then(|| String::from_utf8_lossy(body))?;
        let marks = Marks::new();
        // What cannot be read may say anything.
        let Ok(name) = extract::resource_type(&text) else { return Some(Labels::UNKNOWN) };
        if name != "Composition" {
            return None;
        }
        let Ok(read) = extract::read("Composition", None, &text, &marks, &Known::default()) else {
            return Some(Labels::UNKNOWN);
        };
        let within = inner::labels(&self.inner, &text, !read.common.contained.is_empty());
        Some(read.common.meta.0.security.0.join(within).for_others())
    }
}

impl Handler for Survey<'_> {
    fn resource(&mut self, body: &[u8], _: u64, full_url: Option<&str>) -> Result<bool> {
        if !self.bundles.is_empty() {
            let composed = self.composed(body);
            if let Some((open, labels)) = self.bundles.last_mut().zip(composed) {
                open.composed = open.composed.join(labels);
            }
        }
        if self.full {
            return Ok(false);
        }
        let Some(own) = full_url.and_then(|u| name_of(u.trim().as_bytes())) else { return Ok(false) };
        if self.entries.len() >= ENTRIES || self.names.len() >= REFERENCES {
            self.full = true;
            return Ok(false);
        }
        let text = String::from_utf8_lossy(body);
        let Ok(type_name) = extract::resource_type(&text) else { return Ok(false) };
        let (type_name, category) = tables::resource_type(&type_name).unwrap_or((tables::UNKNOWN, None));
        let from = self.names.len();
        let mut says = self.canonical.nameless(body, &mut self.names);
        let mut person = None;
        if type_name == "Patient" {
            let marks = Marks::new();
            let read = extract::read(type_name, category, &text, &marks, &Known::default());
            person = read.ok().and_then(|r| r.person).map(|p| *p.as_bytes());
            if person.is_none() {
                says = half(&[says, own].concat());
            }
        }
        let names = Names { full_url, ..Names::default() };
        let identity = identity::identity(type_name, names, &[]);
        self.entries.push(Entry { name: own, identity, says, person, names: from..self.names.len() });
        Ok(false)
    }

    /// All of the file, for no record is taken.
    fn envelope(&mut self, _: u64, bytes: &[u8]) -> Result<()> {
        self.sight.look(bytes);
        Ok(())
    }

    fn issue(&mut self, _: Severity, _: What, _: u64) {}

    fn skipped(&mut self, type_name: Option<&str>) {
        if let Some(open) = self.bundles.last_mut() {
            open.skipped |= type_name.is_none_or(|name| name == "Composition");
        }
    }

    fn bundle(&mut self, level: usize) {
        self.bundle_end(level, true);
        // `Parameters` may skip a level.
        let labels = Labels::default();
        let none = Open {
            number: u64::MAX,
            labels,
            composed: labels,
            loose: true,
            document: false,
            told: true,
            skipped: false,
        };
        self.bundles.resize(level, none);
        self.bundles.push(Open { number: self.met, loose: false, told: false, ..none });
        self.met += 1;
    }

    fn bundle_type(&mut self, name: &str) {
        if let Some(open) = self.bundles.last_mut() {
            let document = name == "document";
            (open.loose, open.document) = (open.loose || !document, open.document || document);
        }
    }

    fn bundle_meta(&mut self, meta: &[u8]) {
        if let Some(open) = self.bundles.last_mut() {
            open.labels = open.labels.join(Labels::of_meta(meta));
            open.told = true;
        }
    }

    fn bundle_end(&mut self, level: usize, whole: bool) {
        while self.bundles.len() > level {
            let Some(open) = self.bundles.pop() else { return };
            let Open { number, labels, composed, .. } = open;
            let apart = open.loose && !open.document;
            self.around.add(number, if apart { labels } else { labels.join(composed) });
            if !whole && !open.told {
                self.around.unfinished(number, false);
            }
            if open.skipped && !apart {
                self.around.unfinished(number, true);
            }
        }
    }

    /// Where reading has come is for the reading to say: this only asks whether to go on.
    fn progress(&mut self, _: u64) -> Result<()> {
        self.sink.progress(0)
    }
}

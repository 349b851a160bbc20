//! What is imported: a file, bytes in memory, or anything that reads and seeks; and which reader
//! understands it.

use super::{Limits, Report, Severity, Sink, What, apple, archive, fhir};
use crate::error::{Error, Limit, Malformed, Result};
use crate::id::SourceId;
use std::io::{BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that a format is told by.
const HEAD: u64 = 64 << 10;
/// Bytes read at a time.
const STEP: usize = 256 << 10;

/// What a source is made of.
pub trait Input: Read + Seek + Send {}
impl<T: Read + Seek + Send> Input for T {}

/// A source of health data, before it is read: nothing is in memory, nothing is decided.
///
/// ```
/// use healthspace::import::Source;
/// let mut source = Source::bytes(b"{\"resourceType\":\"Patient\"}".to_vec())?;
/// assert_eq!(source.len(), 26);
/// assert!(Source::bytes(Vec::new()).is_err());
/// # Ok::<(), healthspace::Error>(())
/// ```
pub struct Source {
    input: Box<dyn Input>,
    len: u64,
}

impl core::fmt::Debug for Source {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Source(..)")
    }
}

impl Source {
    /// A file. A symbolic link is followed.
    ///
    /// # Errors
    /// [`Malformed::NotAFile`] for a directory, device, pipe or socket; [`Malformed::Empty`];
    /// [`Error::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        // Asked before opening: opening a pipe would wait for its other end.
        if !std::fs::metadata(&path)?.is_file() {
            return Err(Error::Malformed(Malformed::NotAFile));
        }
        let file = std::fs::File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(Error::Malformed(Malformed::NotAFile));
        }
        Self::reader(file)
    }

    /// Bytes in memory.
    ///
    /// # Errors
    /// [`Malformed::Empty`].
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        Self::reader(Cursor::new(bytes.into()))
    }

    /// Anything that reads and seeks.
    ///
    /// # Errors
    /// [`Malformed::Empty`]; [`Error::Io`].
    pub fn reader(mut input: impl Input + 'static) -> Result<Self> {
        let len = input.seek(SeekFrom::End(0))?;
        if len == 0 {
            return Err(Error::Malformed(Malformed::Empty));
        }
        Ok(Self { input: Box::new(input), len })
    }

    /// Its length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an empty source is refused when it is made")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// BLAKE3 of its bytes; `progress` is told how many were read.
    ///
    /// # Errors
    /// [`Limit::InputBytes`]; [`Error::InputChanged`] where the length changes meanwhile;
    /// [`Error::Io`]; what `progress` fails with.
    pub fn id(&mut self, limits: &Limits, progress: &mut dyn FnMut(u64) -> Result<()>) -> Result<SourceId> {
        self.rewind(limits)?;
        let mut hash = blake3::Hasher::new();
        let mut buf = vec![0; STEP];
        let mut done = 0;
        loop {
            match self.input.read(&mut buf) {
                Ok(0) => break,
                Ok(n) => {
                    hash.update(buf.get(..n).unwrap_or_default());
                    done += n as u64;
                    progress(done)?;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
            if done > self.len {
                break;
            }
        }
        if done == self.len { Ok(SourceId::from_bytes(*hash.finalize().as_bytes())) } else { Err(Error::InputChanged) }
    }

    /// Looks at its first bytes only.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is nothing that is read; [`Error::TooLarge`]; [`Error::Io`].
    pub(crate) fn check(&mut self, limits: &Limits) -> Result<()> {
        self.rewind(limits)?;
        self.format(&FHIR).map(|_| ())
    }

    /// What it is, and its first bytes.
    fn format(&mut self, readers: &Readers) -> Result<(Format, Vec<u8>)> {
        let mut head = Vec::new();
        (&mut self.input).take(HEAD).read_to_end(&mut head)?;
        Ok((format_of(&head, readers)?, head))
    }

    /// Reads all of it into `sink`, whatever it is: an archive, an Apple Health export, FHIR.
    ///
    /// # Errors
    /// As [`read_with`](Self::read_with).
    pub(crate) fn read(&mut self, limits: &Limits, sink: &mut dyn Sink, report: &mut Report) -> Result<()> {
        self.read_with(&FHIR, limits, sink, report)
    }

    /// Reads all of it into `sink`, whatever it is: an archive, an Apple Health export, FHIR.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is nothing that is read; [`Error::TooLarge`]; what the sink
    /// fails with. A bad entry is no error: it is in the report.
    pub(crate) fn read_with(
        &mut self,
        readers: &Readers,
        limits: &Limits,
        sink: &mut dyn Sink,
        report: &mut Report,
    ) -> Result<()> {
        self.rewind(limits)?;
        report.bytes = self.len;
        let (format, head) = self.format(readers)?;
        self.input.rewind()?;
        let mut context = fhir::Context::default();
        if let (Format::Fhir, Some(fhir)) = (format, &readers.fhir) {
            let names = Fhir::names(&head);
            // Without a Bundle nothing stands around a resource, and none is named by it.
            let mut look = may_bundle(&mut (&mut self.input).take(self.len))?;
            self.input.rewind()?;
            if look && !names {
                look = may_label(&mut (&mut self.input).take(self.len))?;
                self.input.rewind()?;
            }
            if look {
                context.around = (fhir.survey)(&mut (&mut self.input).take(self.len), limits, names, sink)?;
                self.input.rewind()?;
            }
        }
        let input = &mut self.input;
        match (format, &readers.fhir) {
            (Format::Zip, _) => archive::import(BufReader::with_capacity(STEP, input), readers, limits, sink, report),
            (Format::Apple, _) => {
                let files = apple::import(&mut input.take(self.len), 0, limits, sink, report)?;
                for file in files {
                    report.issue(limits.issues, Severity::Repaired, What::MissingMember, 0, file.offset);
                }
                Ok(())
            }
            (Format::Fhir, Some(fhir)) => {
                (fhir.import)(&mut input.take(self.len), Some(self.len), 0, limits, sink, report, context)
            }
            (Format::Fhir, None) => Err(Error::Malformed(Malformed::UnknownFormat)),
        }
    }

    fn rewind(&mut self, limits: &Limits) -> Result<()> {
        if self.len > limits.input_bytes {
            return Err(Error::TooLarge(Limit::InputBytes));
        }
        Ok(self.input.rewind()?)
    }
}

/// Some more of an input; nothing at its end.
fn more(input: &mut dyn Read, into: &mut [u8]) -> Result<usize> {
    loop {
        match input.read(into) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => return Ok(other?),
        }
    }
}

/// What a Bundle is told by, and `Parameters`; the beginning of any letter of these that is escaped.
const BUNDLES: [&[u8]; 4] = [b"Bundle", b"\"entry\"", b"Parameters", b"\\u00"];

/// Whether JSON may hold a Bundle.
fn may_bundle(input: &mut dyn Read) -> Result<bool> {
    let finders = BUNDLES.map(memchr::memmem::Finder::new);
    let longest = BUNDLES.iter().map(|w| w.len()).max().unwrap_or(0);
    let (mut buf, mut kept) = (vec![0; STEP], 0);
    loop {
        let n = more(input, buf.get_mut(kept..).unwrap_or_default())?;
        let seen = buf.get(..kept + n).unwrap_or_default();
        if finders.iter().any(|f| f.find(seen).is_some()) {
            return Ok(true);
        }
        if n == 0 {
            return Ok(false);
        }
        let from = (kept + n).saturating_sub(longest - 1);
        kept = kept + n - from;
        buf.copy_within(from..from + kept, 0);
    }
}

/// Whether JSON may have a label: one of its words, a `meta` that is none, or one that breaks off.
fn may_label(input: &mut dyn Read) -> Result<bool> {
    let (mut buf, mut kept) = (vec![0; STEP], 0);
    let (mut braces, mut last) = (0i64, b'}');
    let count = |bytes: &[u8], of: u8| i64::try_from(bytes.iter().filter(|b| **b == of).count()).unwrap_or(i64::MAX);
    loop {
        let n = more(input, buf.get_mut(kept..).unwrap_or_default())?;
        let new = buf.get(kept..kept + n).unwrap_or_default();
        braces = braces.saturating_add(count(new, b'{').saturating_sub(count(new, b'}')));
        last = new.iter().rfind(|b| !b.is_ascii_whitespace()).copied().unwrap_or(last);
        let seen = buf.get(..kept + n).unwrap_or_default();
        let odd = odd_meta(seen);
        if fhir::has_label(seen) || odd == Some(None) {
            return Ok(true);
        }
        if n == 0 {
            // Of what is not whole nobody knows what was to follow.
            return Ok(odd.is_some() || braces != 0 || !matches!(last, b'}' | b']'));
        }
        // What a word may begin with, or a `meta` whose value is not there yet.
        let from = (kept + n).saturating_sub(fhir::LONGEST_LABEL - 1);
        let from = odd.flatten().map_or(from, |at| from.min(at));
        kept = kept + n - from;
        if kept > STEP / 2 {
            return Ok(true);
        }
        buf.copy_within(from..from + kept, 0);
    }
}

/// Whether a `meta` has a value that is no object; where it stands, if its value is not there yet.
fn odd_meta(seen: &[u8]) -> Option<Option<usize>> {
    const META: &[u8] = b"\"meta\"";
    for at in memchr::memmem::find_iter(seen, META) {
        let mut rest = seen.get(at + META.len()..).unwrap_or_default().trim_ascii_start();
        match rest.first() {
            None => return Some(Some(at)),
            Some(b':') => rest = rest.get(1..).unwrap_or_default().trim_ascii_start(),
            // It is a value itself.
            Some(_) => continue,
        }
        match rest.first() {
            None => return Some(Some(at)),
            Some(b'{') => {}
            Some(_) => return Some(None),
        }
    }
    None
}

/// Input, its length where known, archive member; last what else is known of it.
type ImportFhir =
    fn(&mut dyn Read, Option<u64>, u32, &Limits, &mut dyn Sink, &mut Report, fhir::Context<'_>) -> Result<()>;

/// The reader of FHIR, as far as dispatch needs it.
#[derive(Clone, Copy)]
pub(crate) struct Fhir {
    /// Whether JSON that begins so is FHIR.
    pub(crate) looks_like: fn(&[u8]) -> bool,
    /// Reads it.
    pub(crate) import: ImportFhir,
    /// Looks at it before; also at names that may not last, where it is told to.
    pub(crate) survey: fn(&mut dyn Read, &Limits, bool, &mut dyn Sink) -> Result<fhir::Around>,
}

impl Fhir {
    /// Whether a file that begins so has names that may not last.
    pub(crate) fn names(head: &[u8]) -> bool {
        memchr::memmem::find(head, b"urn:uuid:").is_some()
    }
}

/// The readers of formats that live in modules of their own.
#[derive(Clone, Copy, Default)]
pub(crate) struct Readers {
    pub(crate) fhir: Option<Fhir>,
}

/// The readers of this version.
const FHIR: Readers =
    Readers { fhir: Some(Fhir { looks_like: fhir::looks_like, import: fhir::import, survey: fhir::survey }) };

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Zip,
    Apple,
    Fhir,
}

/// Tells a format by the first bytes; names and extensions lie.
pub(super) fn format_of(head: &[u8], readers: &Readers) -> Result<Format> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        None => Err(Error::Malformed(Malformed::Empty)),
        _ if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") => Ok(Format::Zip),
        Some(b'{' | b'[') => match readers.fhir {
            Some(fhir) if (fhir.looks_like)(head) => Ok(Format::Fhir),
            _ => Err(Error::Malformed(Malformed::NotFhir)),
        },
        Some(b'<') if apple::looks_like(head) => Ok(Format::Apple),
        _ => Err(Error::Malformed(Malformed::UnknownFormat)),
    }
}

#[cfg(test)]
pub(super) mod tests;

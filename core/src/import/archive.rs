//! Zip archives of health files (APPNOTE.TXT 6.3, zip64 included).
//!
//! A member's name is only ever compared, never used as a path; what a member is shows in its
//! bytes. Sizes are counted as they come out, not taken from headers. Members that overlap, hide
//! behind unsafe names, are encrypted, archives themselves or of no kind that is read are refused
//! one by one, each with an issue; an archive that lies about its directory, or a member that
//! turns out a bomb while it is read, fails the whole import.

use super::apple::{self, ClinicalFile};
use super::fhir::{Around, Context, Shared};
use super::source::{Fhir, Format, Readers, format_of};
use super::{Limits, MemberName, Named, Report, Severity, Sink, What};
use crate::error::{Error, Limit, Malformed, Result};
use crate::record::{Draft, Sample, SeriesKey};
use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};
use zip::ZipArchive;

/// Decompressed bytes of a member before its ratio is looked at.
const FREE: u64 = 1 << 20;
/// Bytes that a member's kind is told by.
const HEAD: u64 = 64 << 10;

const BAD: Error = Error::Malformed(Malformed::Zip);

/// Reads every member that can be read, in the order of the directory.
///
/// # Errors
/// [`Malformed::Zip`], [`Malformed::UnknownFormat`] where no member is of a kind that is read (where
/// all that might have been was refused, the error says for what),
/// [`Error::TooLarge`] for a bomb or too many members; else what the input or the sink fails with.
pub(super) fn import<R: Read + Seek>(
    mut input: R,
    readers: &Readers,
    limits: &Limits,
    sink: &mut dyn Sink,
    report: &mut Report,
) -> Result<()> {
    announced(&mut input, limits)?;
    let mut archive = ZipArchive::new(input).map_err(zip_error)?;
    if archive.len() > limits.members {
        return Err(Error::TooLarge(Limit::Members));
    }
    if archive.has_duplicate_names() {
        return Err(BAD);
    }
    let refused = overlapping(&mut archive)?;
    let mut all = Members {
        readers,
        limits,
        sink,
        report,
        out: 0,
        files: Vec::new(),
        names: HashSet::new(),
        folder: Vec::new(),
        shared: Shared::default(),
        read: 0,
        bombs: false,
        lies: false,
    };
    for index in 0..archive.len() {
        let member = u32::try_from(index).map_err(|_| BAD)?;
        if refused.contains(&index) {
            let entry = archive.by_index_raw(index).map_err(zip_error)?;
            all.report.members.insert(member, MemberName::new(entry.name_raw()));
            all.issue(Severity::Refused, What::OverlappingMember, member, 0);
        } else {
            all.member(&mut archive, index, member)?;
        }
    }
    all.shared.finish(limits, all.sink, all.report)?;
    all.missing();
    match (all.read, all.bombs, all.lies || !refused.is_empty()) {
        (0, true, _) => Err(Error::TooLarge(Limit::Decompressed)),
        (0, false, true) => Err(BAD),
        (0, false, false) => Err(Error::Malformed(Malformed::UnknownFormat)),
        _ => Ok(()),
    }
}

/// Refuses a directory that announces too many members, before it is read into memory: looks at
/// everything near the end that could be its closing record.
fn announced<R: Read + Seek>(input: &mut R, limits: &Limits) -> Result<()> {
    let len = input.seek(SeekFrom::End(0))?;
    let from = len.saturating_sub(22 + 20 + 56 + 0xffff);
    input.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    input.take(len - from).read_to_end(&mut tail)?;
    let most = limits.members as u64;
    let count = |signature: &[u8], at: usize, width: usize| {
        memchr::memmem::find_iter(&tail, signature)
            .filter_map(|i| tail.get(i + at..i + at + width))
            .map(|b| b.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b)))
            .filter(|n| width == 8 || *n != 0xffff)
            .any(|n| n > most)
    };
    // 4.3.16 "total number of entries"; 4.3.14, the same in zip64.
    if count(b"PK\x05\x06", 10, 2) || count(b"PK\x06\x06", 32, 8) {
        return Err(Error::TooLarge(Limit::Members));
    }
    Ok(())
}

fn zip_error(e: zip::result::ZipError) -> Error {
    match e {
        zip::result::ZipError::Io(e) if !data_fault(&e) => e.into(),
        _ => BAD,
    }
}

/// Whether an error is about the bytes rather than about reading them.
fn data_fault(e: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(e.kind(), K::InvalidData | K::InvalidInput | K::UnexpectedEof | K::Other)
}

/// Members whose bytes, header included, are not theirs alone.
fn overlapping<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<HashSet<usize>> {
    let end = archive.central_directory_start();
    let mut ranges = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(zip_error)?;
        let data = file.data_start().ok_or(BAD)?;
        ranges.push((file.header_start(), data.saturating_add(file.compressed_size()), index));
    }
    ranges.sort_unstable();
    let mut out = HashSet::new();
    let mut reach: Option<(u64, usize)> = None;
    for (start, stop, index) in ranges {
        if stop > end {
            out.insert(index);
        }
        match reach {
            Some((r, other)) if start < r => {
                out.extend([index, other]);
                reach = Some((r.max(stop), if stop > r { index } else { other }));
            }
            _ => reach = Some((stop, index)),
        }
    }
    Ok(out)
}

/// Whether a name, were it used as a path, could leave its folder.
fn unsafe_name(name: &[u8]) -> bool {
    let drive = matches!(name, [a, b':', ..] if a.is_ascii_alphabetic());
    name.starts_with(b"/")
        || drive
        || name.iter().any(|b| matches!(b, b'\\' | 0))
        || name.split(|b| *b == b'/').any(|part| part == b"..")
}

/// The folder of a name, with its slash.
fn folder_of(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
    name.get(..end).unwrap_or_default()
}

/// Twins and thumbnails that file managers leave.
fn of_no_use(name: &[u8]) -> bool {
    let last = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    name.starts_with(b"__MACOSX/") || last.starts_with(b"._") || last == b".DS_Store" || last == b"Thumbs.db"
}

struct Members<'a> {
    readers: &'a Readers,
    limits: &'a Limits,
    sink: &'a mut dyn Sink,
    report: &'a mut Report,
    /// Bytes that came out of all members.
    out: u64,
    files: Vec<(ClinicalFile, u32, Vec<u8>)>,
    names: HashSet<Vec<u8>>,
    /// The folder that is being read, and what its files share.
    folder: Vec<u8>,
    shared: Shared,
    read: usize,
    /// A member was refused as a bomb, or for its name.
    bombs: bool,
    lies: bool,
}

impl Members<'_> {
    fn issue(&mut self, severity: Severity, what: What, member: u32, offset: u64) {
        self.report.issue(self.limits.issues, severity, what, member, offset);
    }

    fn member<R: Read + Seek>(&mut self, archive: &mut ZipArchive<R>, index: usize, member: u32) -> Result<()> {
        let entry = archive.by_index_data(index).map_err(zip_error)?;
        let name = entry.name_raw().to_vec();
        self.report.members.insert(member, MemberName::new(&name));
        let (folder, locked) = (entry.is_dir() && entry.size() == 0, entry.encrypted() || entry.is_symlink());
        let (packed, size, start) = (entry.compressed_size(), entry.size(), entry.header_start());
        if unsafe_name(&name) {
            self.lies = true;
            self.issue(Severity::Refused, What::UnsafeName, member, 0);
            return Ok(());
        }
        if folder {
            return Ok(());
        }
        if of_no_use(&name) {
            self.issue(Severity::Repaired, What::IgnoredMember, member, 0);
            return Ok(());
        }
        if size > FREE.max(packed.saturating_mul(self.limits.ratio)) {
            self.bombs = true;
            self.issue(Severity::Refused, What::Bomb, member, 0);
            return Ok(());
        }
        let around = if locked { Around::default() } else { self.survey(archive, index, (start, packed, size))? };
        let file = match archive.by_index(index) {
            Ok(file) if !locked => file,
            Ok(_) | Err(zip::result::ZipError::UnsupportedArchive(_)) => {
                self.issue(Severity::Refused, What::UnsupportedMember, member, 0);
                return Ok(());
            }
            Err(e) => return Err(zip_error(e)),
        };
        let mut bytes = self.counted(file, packed);
        let done = self.read(&mut bytes, &name, member, (start, packed, size), around);
        self.out += bytes.seen;
        if bytes.bomb {
            self.issue(Severity::Refused, What::Bomb, member, bytes.seen);
            return Err(Error::TooLarge(Limit::Decompressed));
        }
        if bytes.damaged {
            self.issue(Severity::Refused, What::Truncated, member, bytes.seen);
        }
        match done {
            // One bad member is no reason to lose the others.
            Err(Error::Malformed(Malformed::Xml)) => self.issue(Severity::Refused, What::BadXml, member, 0),
            Err(Error::Malformed(Malformed::Json)) => self.issue(Severity::Refused, What::BadJson, member, 0),
            Err(Error::Malformed(_)) => self.issue(Severity::Refused, What::NotAResource, member, 0),
            Err(Error::TooLarge(_)) => self.issue(Severity::Refused, What::TooLarge, member, 0),
            other => return other,
        }
        Ok(())
    }

    fn counted<R>(&self, inner: R, packed: u64) -> Counted<R> {
        let most = FREE.max(packed.saturating_mul(self.limits.ratio));
        Counted { inner, seen: 0, most, left: self.limits.decompressed_bytes - self.out, bomb: false, damaged: false }
    }

    /// Looks at a member of FHIR before it is read. What is wrong with it, reading will say.
    fn survey<R: Read + Seek>(
        &mut self,
        archive: &mut ZipArchive<R>,
        index: usize,
        (start, packed, size): (u64, u64, u64),
    ) -> Result<Around> {
        let (Some(fhir), Ok(file)) = (&self.readers.fhir, archive.by_index(index)) else {
            return Ok(Around::default());
        };
        let mut bytes = self.counted(file, packed);
        let mut head = Vec::new();
        (&mut bytes).take(HEAD).read_to_end(&mut head)?;
        if !matches!(format_of(&head, self.readers), Ok(Format::Fhir)) {
            return Ok(Around::default());
        }
        let names = Fhir::names(&head);
        let mut sink = Within { sink: self.sink, start, packed, size };
        (fhir.survey)(&mut head.as_slice().chain(&mut bytes), self.limits, names, &mut sink)
    }

    fn read(
        &mut self,
        bytes: &mut dyn Read,
        name: &[u8],
        member: u32,
        (start, packed, size): (u64, u64, u64),
        around: Around,
    ) -> Result<()> {
        let mut head = Vec::new();
        (&mut *bytes).take(HEAD).read_to_end(&mut head)?;
        let format = format_of(&head, self.readers);
        let mut input = head.as_slice().chain(bytes);
        let mut sink = Within { sink: self.sink, start, packed, size };
        match (format, &self.readers.fhir) {
            (Ok(Format::Apple), _) => {
                self.read += 1;
                self.names.insert(name.to_vec());
                let root = folder_of(name);
                let files = apple::import(&mut input, member, self.limits, &mut sink, self.report)?;
                self.files.extend(files.into_iter().map(|f| (f, member, root.to_vec())));
                Ok(())
            }
            (Ok(Format::Fhir), Some(fhir)) => {
                self.read += 1;
                self.names.insert(name.to_vec());
                let folder = folder_of(name);
                // Clinical records on a phone come from any number of servers.
                let mixed = folder.ends_with(b"clinical-records/");
                if self.folder != folder {
                    self.shared.finish(self.limits, &mut sink, self.report)?;
                    self.folder = folder.to_vec();
                }
                let shared = (!mixed).then_some(&mut self.shared);
                (fhir.import)(
                    &mut input,
                    Some(size),
                    member,
                    self.limits,
                    &mut sink,
                    self.report,
                    Context { shared, around },
                )
            }
            (Err(Error::Malformed(Malformed::Empty)), _) => {
                self.issue(Severity::Repaired, What::IgnoredMember, member, 0);
                Ok(())
            }
            _ => {
                self.issue(Severity::Refused, What::UnsupportedMember, member, 0);
                Ok(())
            }
        }
    }

    /// Reports the clinical records that an export names and the archive does not hold.
    fn missing(&mut self) {
        for (file, member, root) in core::mem::take(&mut self.files) {
            let mut name = root;
            name.extend_from_slice(file.path.trim_start_matches('/').as_bytes());
            if !self.names.contains(&name) {
                self.issue(Severity::Repaired, What::MissingMember, member, file.offset);
            }
        }
    }
}

/// A member's bytes, counted as they come out.
struct Counted<R> {
    inner: R,
    seen: u64,
    most: u64,
    left: u64,
    bomb: bool,
    damaged: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.bomb || self.damaged {
            return Ok(0);
        }
        match self.inner.read(buf) {
            Ok(n) => {
                self.seen += n as u64;
                self.bomb = self.seen > self.most.min(self.left);
                Ok(if self.bomb { 0 } else { n })
            }
            // Damage inside: what came out until here is read, and the break is reported.
            Err(e) if data_fault(&e) => {
                self.damaged = true;
                Ok(0)
            }
            Err(e) => Err(e),
        }
    }
}

/// Translates progress in a member into progress in the archive.
struct Within<'a> {
    sink: &'a mut dyn Sink,
    start: u64,
    packed: u64,
    size: u64,
}

impl Sink for Within<'_> {
    fn names(&mut self, list: &[Named]) -> Result<()> {
        self.sink.names(list)
    }

    fn record(&mut self, draft: Draft<'_>) -> Result<()> {
        self.sink.record(draft)
    }

    fn sample(&mut self, key: &SeriesKey, member: u32, sample: Sample) -> Result<()> {
        self.sink.sample(key, member, sample)
    }

    fn envelope(&mut self, member: u32, offset: u64, bytes: &[u8]) -> Result<()> {
        self.sink.envelope(member, offset, bytes)
    }

    fn unread_label(&mut self) {
        self.sink.unread_label();
    }

    fn progress(&mut self, done: u64) -> Result<()> {
        let done = u128::from(done.min(self.size)) * u128::from(self.packed) / u128::from(self.size.max(1));
        self.sink.progress(self.start.saturating_add(u64::try_from(done).unwrap_or(self.packed)))
    }
}

#[cfg(test)]
mod tests;

//! The one error type and its stable numbers.
//!
//! What belongs here: every way in which an operation can fail, and the number that bindings
//! show for it. What must not: health data, keys, ids, paths or any text taken from input.
//! An error says *what kind* of thing went wrong; where in a file it went wrong is the import
//! report's business (offsets and member numbers, never content).

use thiserror::Error;

/// The result of almost everything in this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What was found damaged. Never names an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// A scope's head, after its copy was tried.
    Head,
    /// The table of what exists in a scope.
    Manifest,
    /// A page of group keys.
    KeyPage,
    /// A catalog segment.
    Segment,
    /// A record's body or a series chunk.
    Body,
    /// A ledger row or the hash tree over it.
    Ledger,
    /// A policy row or a consent.
    Policy,
    /// A key slot or a wrapped key.
    Slot,
    /// The database file itself.
    File,
}

/// Which bound an input went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of one input.
    InputBytes,
    /// Bytes after decompression, or their ratio to the bytes before it.
    Decompressed,
    /// Members of an archive.
    Members,
    /// Bytes of one resource or element.
    ResourceBytes,
    /// Nesting depth.
    Depth,
    /// Items in one list.
    Items,
    /// Bytes of one string, number or name.
    TokenBytes,
    /// Cost parameters of a key slot.
    KdfCost,
    /// Rows, groups or generations of a space.
    Capacity,
}

/// Why an input could not be read as what it claims to be, or an argument not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Neither JSON, XML nor a zip archive that this library reads.
    #[error("the input cannot be read: neither JSON, XML nor a zip archive of a kind that is known")]
    UnknownFormat,
    /// Not JSON, or broken off.
    #[error("the input cannot be read: not JSON, or broken off")]
    Json,
    /// Not XML, or broken off.
    #[error("the input cannot be read: not XML, or broken off")]
    Xml,
    /// Not a zip archive, or one that lies about itself.
    #[error("the input cannot be read: no zip archive, or one that lies about itself")]
    Zip,
    /// JSON, but not a FHIR resource.
    #[error("the input cannot be read: JSON, but no FHIR resource")]
    NotFhir,
    /// No bytes at all.
    #[error("the input cannot be read: it is empty")]
    Empty,
    /// A directory, a device or the like.
    #[error("the input cannot be read: it is no file")]
    NotAFile,
    /// A receipt, note, proof or evidence text.
    #[error("the input cannot be read: no receipt, note, proof or evidence")]
    Proof,
    /// A Consent that cannot be read.
    #[error("the input cannot be read: no Consent, or one that says nothing that is understood")]
    Consent,
    /// An argument of the caller: an empty name, a reversed period and so on.
    #[error("an argument cannot be used: empty, too long, out of range, or not of this space")]
    Argument,
    /// What would be agreed to cannot be: no recipient, purpose or category, an end that is past or before the
    /// beginning, no uses.
    #[error(
        "these terms cannot be agreed to: recipient, purpose, categories, period or uses are missing or impossible"
    )]
    Terms,
    /// A yes to what was not shown: the notice of this request was not made, is not what it would be now, or was
    /// confirmed already.
    #[error("the notice of this request was not shown as it stands now, or was confirmed already")]
    Notice,
    /// What the person alone may do was asked for without their gesture.
    #[error("this needs a gesture of the person")]
    Gesture,
    /// CBOR that is not in the one canonical form.
    #[error("the input cannot be read: no CBOR in its canonical form")]
    Cbor,
}

/// Everything that can go wrong.
///
/// The texts are fixed: they carry no content, path, key or id, so they may be logged.
///
/// ```
/// use healthspace::{Error, ErrorCode};
/// assert_eq!(Error::Locked.code(), ErrorCode::Locked);
/// assert_eq!(Error::Locked.code().number(), 104);
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not a health space, or its tables are not the ones this library made.
    #[error("this file is not a health space")]
    NotASpace,
    /// Written by a newer version of the library.
    #[error("this space needs a newer version of the library")]
    NeedsNewerLibrary,
    /// Wrong secret or damaged key slot: the two cannot be told apart, on purpose.
    #[error("cannot open: wrong secret, or a damaged key slot")]
    CannotOpen,
    /// The space exists already.
    #[error("a file is already there; nothing was written")]
    AlreadyExists,
    /// The handle is closed or locked.
    #[error("the space is locked")]
    Locked,
    /// Another process holds the write lock for longer than the wait allows.
    #[error("the space is busy: another process is writing")]
    Busy,
    /// The operation needs every other handle to be closed.
    #[error("the space is in use elsewhere")]
    InUse,
    /// Authenticated data says one thing and the file another.
    #[error("the space is damaged ({0:?})")]
    Corrupt(Part),
    /// The file is older than what was seen before.
    #[error("the space was rolled back to an older state")]
    RolledBack,
    /// Two histories of one space.
    #[error("the space has forked: two different states claim one generation")]
    Forked,
    /// Keys were rotated by another handle; open again.
    #[error("the keys of this space have changed; open it again")]
    Rekeyed,
    /// The handle crossed a `fork()`.
    #[error("this handle was carried over a fork of the process")]
    ForkedProcess,
    /// The operating system refused an input or output operation. Where it was on the space itself, this handle is
    /// at its end, and the space is to be opened again: nothing tells what of a failed write came to be.
    #[error("input or output failed ({0:?})")]
    Io(std::io::ErrorKind),
    /// The disk, a quota or the file system is full.
    #[error("no space left on the device")]
    DiskFull,
    /// The storage engine failed; its result code, no text.
    #[error("the storage engine failed (code {0})")]
    Storage(i32),
    /// The operating system's random generator failed.
    #[error("no randomness available")]
    Random,
    /// The space is anchored, and no anchor was given, or not the one that knows it. Where it is lost,
    /// [`HealthSpace::recover`](crate::HealthSpace::recover) goes on without it.
    #[error("this space is anchored, and its anchor is missing")]
    AnchorMissing,
    /// The change is durable, but the anchor did not take it: nothing was released, and what was
    /// changed stands. The next call tells the anchor again.
    #[error("the change is durable, but the anchor could not be told")]
    NotAnchored,
    /// The keystore did not give back what it was given.
    #[error("the keystore did not give back what it was given")]
    KeyStore,
    /// A space keeps two ways in, so that losing one loses nothing.
    #[error("this would leave the space with less than two ways in")]
    TwoWaysIn,
    /// What this level of erasure rests on is not there: a keystore that holds the secret of the keys.
    #[error("no keystore holds the secret of this space: that level of erasure is not available")]
    LevelUnavailable,
    /// Written before the format was final (format 0): its files are not read any more.
    #[error("this space was made before the format was final, and is not read any more")]
    PreRelease,

    /// No partition of this name is open in this handle.
    #[error("no such partition is open here")]
    NoSuchPartition,
    /// No such grant, record, session or source, or it may not be seen: not told apart.
    #[error("not found")]
    NotFound,
    /// Refused. An outside caller does not learn whether data exists.
    #[error("not permitted")]
    Denied,
    /// Health data, or what rests on it, may not flow to this partition or sink.
    #[error("not permitted: what this comes from may not flow there")]
    FlowDenied,
    /// The system clock is behind the ledger's last entry. Where it is the ledger that is wrong,
    /// [`HealthSpace::confirm_clock`](crate::HealthSpace::confirm_clock) says so.
    #[error("the clock is behind the last ledger entry; set it, or confirm it")]
    ClockBehind,
    /// An entry would be dated more than a day after the last one, and the host's
    /// [`Clock`](crate::Clock) does not confirm it.
    #[error("the clock is far ahead of the last ledger entry; confirm it")]
    ClockAhead,
    /// The input is about another person than the space, or about more than one.
    #[error("this input is about somebody else than the space, or about more than one person")]
    OtherSubject,
    /// The operation needs a handle that was opened with a full slot for the whole space.
    #[error("this operation needs the space opened in full")]
    NeedsFullSlot,

    /// The input is not what it claims to be, or an argument cannot be used.
    #[error("{0}")]
    Malformed(Malformed),
    /// The input goes over a limit.
    #[error("the input is over a limit ({0:?})")]
    TooLarge(Limit),
    /// The input is not the one that the staged import began with.
    #[error("the input changed since the import began")]
    InputChanged,
    /// The host asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A bug in this library; please report it with the number.
    #[error("internal error {0}")]
    Internal(u32),
}

/// The stable number of an [`enum@Error`], the same in every language.
///
/// Blocks of 100: 1xx the space, 2xx permission, 3xx input, 9xx bugs. A retired number stays as a
/// comment and is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum ErrorCode {
    /// [`Error::NotASpace`]
    NotASpace = 100,
    /// [`Error::NeedsNewerLibrary`]
    NeedsNewerLibrary = 101,
    /// [`Error::CannotOpen`]
    CannotOpen = 102,
    /// [`Error::AlreadyExists`]
    AlreadyExists = 103,
    /// [`Error::Locked`]
    Locked = 104,
    /// [`Error::Busy`]
    Busy = 105,
    /// [`Error::InUse`]
    InUse = 106,
    /// [`Error::Corrupt`]
    Corrupt = 107,
    /// [`Error::RolledBack`]
    RolledBack = 108,
    /// [`Error::Forked`]
    Forked = 109,
    /// [`Error::Rekeyed`]
    Rekeyed = 110,
    /// [`Error::ForkedProcess`]
    ForkedProcess = 111,
    /// [`Error::Io`]
    Io = 112,
    /// [`Error::DiskFull`]
    DiskFull = 113,
    /// [`Error::Storage`]
    Storage = 114,
    /// [`Error::Random`]
    Random = 115,
    /// [`Error::AnchorMissing`]
    AnchorMissing = 116,
    /// [`Error::NotAnchored`]
    NotAnchored = 117,
    /// [`Error::KeyStore`]
    KeyStore = 118,
    /// [`Error::TwoWaysIn`]
    TwoWaysIn = 119,
    /// [`Error::LevelUnavailable`]
    LevelUnavailable = 120,
    /// [`Error::PreRelease`]
    PreRelease = 121,
    /// [`Error::NoSuchPartition`]
    NoSuchPartition = 200,
    /// [`Error::NotFound`]
    NotFound = 201,
    /// [`Error::Denied`]
    Denied = 202,
    /// [`Error::FlowDenied`]
    FlowDenied = 203,
    /// [`Error::ClockBehind`]
    ClockBehind = 204,
    /// [`Error::ClockAhead`]
    ClockAhead = 205,
    /// [`Error::OtherSubject`]
    OtherSubject = 206,
    /// [`Error::NeedsFullSlot`]
    NeedsFullSlot = 207,
    /// [`Error::Malformed`]
    Malformed = 300,
    /// [`Error::TooLarge`]
    TooLarge = 301,
    /// [`Error::InputChanged`]
    InputChanged = 302,
    /// [`Error::Cancelled`]
    Cancelled = 303,
    /// [`Error::Internal`]
    Internal = 900,
}

impl ErrorCode {
    /// Every code, in order: bindings and their tests walk this table.
    pub const ALL: &'static [(ErrorCode, &'static str)] = &[
        (ErrorCode::NotASpace, "NotASpace"),
        (ErrorCode::NeedsNewerLibrary, "NeedsNewerLibrary"),
        (ErrorCode::CannotOpen, "CannotOpen"),
        (ErrorCode::AlreadyExists, "AlreadyExists"),
        (ErrorCode::Locked, "Locked"),
        (ErrorCode::Busy, "Busy"),
        (ErrorCode::InUse, "InUse"),
        (ErrorCode::Corrupt, "Corrupt"),
        (ErrorCode::RolledBack, "RolledBack"),
        (ErrorCode::Forked, "Forked"),
        (ErrorCode::Rekeyed, "Rekeyed"),
        (ErrorCode::ForkedProcess, "ForkedProcess"),
        (ErrorCode::Io, "Io"),
        (ErrorCode::DiskFull, "DiskFull"),
        (ErrorCode::Storage, "Storage"),
        (ErrorCode::Random, "Random"),
        (ErrorCode::AnchorMissing, "AnchorMissing"),
        (ErrorCode::NotAnchored, "NotAnchored"),
        (ErrorCode::KeyStore, "KeyStore"),
        (ErrorCode::TwoWaysIn, "TwoWaysIn"),
        (ErrorCode::LevelUnavailable, "LevelUnavailable"),
        (ErrorCode::PreRelease, "PreRelease"),
        (ErrorCode::NoSuchPartition, "NoSuchPartition"),
        (ErrorCode::NotFound, "NotFound"),
        (ErrorCode::Denied, "Denied"),
        (ErrorCode::FlowDenied, "FlowDenied"),
        (ErrorCode::ClockBehind, "ClockBehind"),
        (ErrorCode::ClockAhead, "ClockAhead"),
        (ErrorCode::OtherSubject, "OtherSubject"),
        (ErrorCode::NeedsFullSlot, "NeedsFullSlot"),
        (ErrorCode::Malformed, "Malformed"),
        (ErrorCode::TooLarge, "TooLarge"),
        (ErrorCode::InputChanged, "InputChanged"),
        (ErrorCode::Cancelled, "Cancelled"),
        (ErrorCode::Internal, "Internal"),
    ];

    /// The number that crosses every binding.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The name, the same in every language.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(code, _)| *code == self).map_or("Internal", |(_, name)| name)
    }
}

impl Error {
    /// The stable number of this error.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotASpace => ErrorCode::NotASpace,
            Self::NeedsNewerLibrary => ErrorCode::NeedsNewerLibrary,
            Self::CannotOpen => ErrorCode::CannotOpen,
            Self::AlreadyExists => ErrorCode::AlreadyExists,
            Self::Locked => ErrorCode::Locked,
            Self::Busy => ErrorCode::Busy,
            Self::InUse => ErrorCode::InUse,
            Self::Corrupt(_) => ErrorCode::Corrupt,
            Self::RolledBack => ErrorCode::RolledBack,
            Self::Forked => ErrorCode::Forked,
            Self::Rekeyed => ErrorCode::Rekeyed,
            Self::ForkedProcess => ErrorCode::ForkedProcess,
            Self::Io(_) => ErrorCode::Io,
            Self::DiskFull => ErrorCode::DiskFull,
            Self::Storage(_) => ErrorCode::Storage,
            Self::Random => ErrorCode::Random,
            Self::AnchorMissing => ErrorCode::AnchorMissing,
            Self::NotAnchored => ErrorCode::NotAnchored,
            Self::KeyStore => ErrorCode::KeyStore,
            Self::TwoWaysIn => ErrorCode::TwoWaysIn,
            Self::LevelUnavailable => ErrorCode::LevelUnavailable,
            Self::PreRelease => ErrorCode::PreRelease,
            Self::NoSuchPartition => ErrorCode::NoSuchPartition,
            Self::NotFound => ErrorCode::NotFound,
            Self::Denied => ErrorCode::Denied,
            Self::FlowDenied => ErrorCode::FlowDenied,
            Self::ClockBehind => ErrorCode::ClockBehind,
            Self::ClockAhead => ErrorCode::ClockAhead,
            Self::OtherSubject => ErrorCode::OtherSubject,
            Self::NeedsFullSlot => ErrorCode::NeedsFullSlot,
            Self::Malformed(_) => ErrorCode::Malformed,
            Self::TooLarge(_) => ErrorCode::TooLarge,
            Self::InputChanged => ErrorCode::InputChanged,
            Self::Cancelled => ErrorCode::Cancelled,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// What a packer's failure is: memory that is not there is never told as damage.
    pub(crate) fn unless_memory(e: &std::io::Error, otherwise: Self) -> Self {
        // zstd's own text (`ZSTD_error_memory_allocation`): its crate gives no code.
        if e.kind() == std::io::ErrorKind::OutOfMemory || e.to_string().ends_with(": not enough memory") {
            return Self::Io(std::io::ErrorKind::OutOfMemory);
        }
        otherwise
    }
}

impl From<std::io::Error> for Error {
    /// Only the kind is kept: the text of an I/O error can hold a path.
    fn from(e: std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        match e.kind() {
            K::StorageFull | K::QuotaExceeded | K::FileTooLarge => Self::DiskFull,
            kind => Self::Io(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packer_without_memory_says_so_and_one_that_is_given_damage_does_not() {
        // 64 is ZSTD_error_memory_allocation (zstd_errors.h).
        let text = zstd::zstd_safe::get_error_name(0usize.wrapping_sub(64));
        for e in [std::io::Error::other(text), std::io::ErrorKind::OutOfMemory.into()] {
            let e = Error::unless_memory(&e, Error::NotFound);
            assert!(matches!(e, Error::Io(std::io::ErrorKind::OutOfMemory)));
        }
        let damaged = zstd::bulk::decompress(b"no frame", 10).unwrap_err();
        assert!(matches!(Error::unless_memory(&damaged, Error::NotFound), Error::NotFound));
    }

    #[test]
    fn codes_are_unique_and_named() {
        for (i, (a, name)) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(a.name(), *name);
            for (b, _) in &ErrorCode::ALL[i + 1..] {
                assert!(a.number() < b.number());
            }
        }
    }

    #[test]
    fn an_io_error_keeps_no_path() {
        let e = std::fs::File::open("secret-name-of-a-file").map(|_| ()).map_err(Error::from);
        let text = format!("{e:?} {}", e.as_ref().err().map(ToString::to_string).unwrap_or_default());
        assert!(!text.contains("secret-name"));
    }
}

//! What became of each record of a source.

use std::collections::{BTreeMap, BTreeSet};

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Read all the same, with a repair.
    Repaired,
    /// Not imported.
    Refused,
}

/// What was the matter. A fixed list: but for types and the names of archive members, a report
/// never quotes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum What {
    /// Not JSON from here on.
    BadJson,
    /// Not XML here; reading went on at the next element that could be recognised.
    BadXml,
    /// An entry that is no FHIR resource.
    NotAResource,
    /// A resource type that FHIR R4 does not have.
    UnknownType,
    /// Over a limit.
    TooLarge,
    /// Nested too deeply.
    TooDeep,
    /// A character that XML 1.0 does not allow (U+000B and the like), taken out.
    ForbiddenCharacter,
    /// A document type declaration, skipped; its entities are never expanded.
    DoctypeSkipped,
    /// A document type declaration that is itself broken (iOS 16), skipped.
    BrokenDoctype,
    /// A reference to an entity that is not predefined: left as text.
    UnknownEntity,
    /// Bytes that are not UTF-8, replaced.
    BadUtf8,
    /// A byte order mark, skipped.
    ByteOrderMark,
    /// A date that does not exist or cannot be read; the record has no date.
    BadDate,
    /// A number that does not fit; kept as text.
    BadNumber,
    /// A unit that is not UCUM; kept as printed.
    UnknownUnit,
    /// Two different contents under one id, and nothing tells which is newer: the one that came
    /// last is shown, both are kept.
    ConflictingId,
    /// An extension that changes what a record means (`modifierExtension`) and is not known here:
    /// the record is kept, what it says is shown as unsettled.
    UnknownModifier,
    /// An attribute or element without which a record cannot be read, or says nothing: a medication
    /// without a name.
    MissingField,
    /// A duplicate key inside one JSON object; the last one counts, the bytes are kept.
    DuplicateKey,
    /// An archive member whose name could escape a folder.
    UnsafeName,
    /// An archive member that overlaps another.
    OverlappingMember,
    /// An archive member that expands too much.
    Bomb,
    /// An archive member of no use here (`__MACOSX` twins, thumbnails).
    IgnoredMember,
    /// An archive member of a kind that this version does not import.
    UnsupportedMember,
    /// A member that the file names but does not hold; the record that names it is kept.
    MissingMember,
    /// About somebody else than the space.
    OtherSubject,
    /// The file breaks off.
    Truncated,
    /// A sample whose instants and value are known, with other metadata than here: it is counted as linked, and
    /// the metadata that came first is kept.
    OtherMetadata,
}

/// One issue, with its place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// What.
    pub what: What,
    /// Archive member (0 for a plain file).
    pub member: u32,
    /// Byte offset in the (decompressed) member.
    pub offset: u64,
}

/// Characters of a member's name that are kept.
const NAME: usize = 60;

/// The name of an archive member, without its folders: letters, digits, blanks, dots and hyphens
/// alone, everything else shown as `_`, and of bounded length. It is content of the archive, for
/// whoever asked for the report: [`Debug`](core::fmt::Debug) prints none of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberName(String);

impl MemberName {
    /// From the name as the archive has it.
    pub(super) fn new(raw: &[u8]) -> Self {
        let last = raw.rsplit(|b| matches!(b, b'/' | b'\\')).find(|part| !part.is_empty()).unwrap_or_default();
        let text = String::from_utf8_lossy(last);
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_') { c } else { '_' };
        let mut name: String = text.chars().take(NAME).map(plain).collect();
        if text.chars().nth(NAME).is_some() {
            name.push('…');
        }
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

silent_debug!(MemberName);

/// Counts of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TypeCount {
    /// New in the space.
    pub imported: u64,
    /// Known already: the source was added to the record that was there.
    pub linked: u64,
    /// A newer version of what was known: it is shown from now on, the older one is kept.
    pub replaced: u64,
    /// An older version of what is known, or of what the same file holds: kept, not shown.
    pub superseded: u64,
    /// Not imported, each with an issue.
    pub refused: u64,
}

/// What an import did, per type, with every place where something was repaired or refused. Its
/// [`Debug`](core::fmt::Debug) shows counts: the name of a type can tell what a person measures.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Per type name: a FHIR resource type or an Apple type identifier that the file uses.
    pub types: BTreeMap<String, TypeCount>,
    /// Issues, in the order met, up to [`Limits::issues`](super::Limits::issues).
    pub issues: Vec<Issue>,
    /// The names of the archive members that the listed issues are in; empty for a plain file.
    pub members: BTreeMap<u32, MemberName>,
    /// How many issues of each sort there were, listed or not.
    pub issue_counts: BTreeMap<(Severity, What), u64>,
    /// Typed facts added.
    pub facts: u64,
    /// Bytes of the input as given.
    pub bytes: u64,
    /// The very same file was imported before: nothing was done.
    pub already_imported: bool,
    /// Consents from elsewhere that permit nothing from now on, until the person confirms them: the file tells of
    /// another patient than they do.
    pub held_back: u64,
}

impl core::fmt::Debug for Report {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Report")
            .field("imported", &self.imported())
            .field("linked", &self.linked())
            .field("issues", &self.issue_counts)
            .field("already_imported", &self.already_imported)
            .finish_non_exhaustive()
    }
}

impl Report {
    /// Notes an issue; beyond `max` it is only counted.
    pub fn issue(&mut self, max: usize, severity: Severity, what: What, member: u32, offset: u64) {
        *self.issue_counts.entry((severity, what)).or_default() += 1;
        if self.issues.len() < max {
            self.issues.push(Issue { severity, what, member, offset });
        }
    }

    /// Keeps the names of those members alone that a listed issue is in.
    pub(crate) fn trim_members(&mut self) {
        let met: BTreeSet<u32> = self.issues.iter().map(|i| i.member).collect();
        self.members.retain(|member, _| met.contains(member));
    }

    /// Adds to the counts of a type.
    pub(crate) fn tally(&mut self, type_name: &str, add: impl FnOnce(&mut TypeCount)) {
        match self.types.get_mut(type_name) {
            Some(count) => add(count),
            // Only a type's first record pays for its name.
            None => add(self.types.entry(type_name.to_owned()).or_default()),
        }
    }

    /// New in the space.
    #[must_use]
    pub fn imported(&self) -> u64 {
        self.types.values().map(|t| t.imported).sum()
    }

    /// Known already.
    #[must_use]
    pub fn linked(&self) -> u64 {
        self.types.values().map(|t| t.linked).sum()
    }

    /// Newer versions of what was known.
    #[must_use]
    pub fn replaced(&self) -> u64 {
        self.types.values().map(|t| t.replaced).sum()
    }

    /// Older versions, kept and not shown.
    #[must_use]
    pub fn superseded(&self) -> u64 {
        self.types.values().map(|t| t.superseded).sum()
    }

    /// Adds what another report counted; its issues are listed up to `max`.
    pub(crate) fn add(&mut self, other: Self, max: usize) {
        for (name, n) in other.types {
            self.tally(&name, |c| {
                c.imported += n.imported;
                c.linked += n.linked;
                c.replaced += n.replaced;
                c.superseded += n.superseded;
                c.refused += n.refused;
            });
        }
        for (what, n) in other.issue_counts {
            *self.issue_counts.entry(what).or_default() += n;
        }
        let room = max.saturating_sub(self.issues.len());
        self.issues.extend(other.issues.into_iter().take(room));
        self.members.extend(other.members);
        self.facts += other.facts;
    }

    /// Not imported.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.issue_counts.iter().filter(|((s, _), _)| *s == Severity::Refused).map(|(_, n)| n).sum()
    }

    /// Read with a repair.
    #[must_use]
    pub fn repaired(&self) -> u64 {
        self.issue_counts.iter().filter(|((s, _), _)| *s == Severity::Repaired).map(|(_, n)| n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_plain_and_short() {
        let of = |raw: &[u8]| MemberName::new(raw).as_str().to_owned();
        assert_eq!(of(b"apple_health_export/export.xml"), "export.xml");
        assert_eq!(of(b"a\\b/../Zo\xc3\xab 1-2.json"), "Zoë 1-2.json");
        assert_eq!(of("\u{1b}[31m\u{202e}x\n\0<b>".as_bytes()), "__31m_x___b_");
        assert_eq!(of(b"\xff.json"), "_.json");
        assert_eq!((of(b""), of(b"///")), (String::new(), String::new()));
        let long = of("é".repeat(10_000).as_bytes());
        assert_eq!(long.chars().count(), NAME + 1);
        assert_eq!(format!("{:?}", MemberName::new(b"x")), "MemberName(..)");
    }
}

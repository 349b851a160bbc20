//! What was the matter with a record of a source, and where.

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

impl What {
    /// A stable name in kebab case, for whoever counts or translates.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.told().0
    }

    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::BadJson => ("bad-json", "not JSON from here on"),
            Self::BadXml => ("bad-xml", "not XML here"),
            Self::NotAResource => ("not-a-resource", "an entry that is no FHIR resource"),
            Self::UnknownType => ("unknown-type", "a resource type that FHIR R4 does not have: kept all the same"),
            Self::TooLarge => ("too-large", "over a limit of size"),
            Self::TooDeep => ("too-deep", "nested too deeply"),
            Self::ForbiddenCharacter => ("forbidden-character", "a character that XML does not allow was taken out"),
            Self::DoctypeSkipped => ("doctype-skipped", "a document type declaration was skipped"),
            Self::BrokenDoctype => ("broken-doctype", "a document type declaration that is itself broken was skipped"),
            Self::UnknownEntity => ("unknown-entity", "a reference to an unknown entity was left as text"),
            Self::BadUtf8 => ("bad-utf8", "bytes that are not UTF-8 were replaced"),
            Self::ByteOrderMark => ("byte-order-mark", "a byte order mark was skipped"),
            Self::BadDate => ("bad-date", "a date that does not exist or cannot be read: the record has none"),
            Self::BadNumber => ("bad-number", "a number that does not fit was kept as text"),
            Self::UnknownUnit => ("unknown-unit", "a unit that is not UCUM was kept as printed"),
            Self::ConflictingId => {
                ("conflicting-id", "two contents under one id: the one that came last is shown, both are kept")
            }
            Self::UnknownModifier => {
                ("unknown-modifier", "an unknown extension may change the meaning: kept, and shown as unsettled")
            }
            Self::MissingField => {
                ("missing-field", "something is missing without which the record cannot be read or says nothing")
            }
            Self::DuplicateKey => ("duplicate-key", "a key that stands twice: the last one counts"),
            Self::UnsafeName => ("unsafe-name", "an archive member whose name could escape a folder"),
            Self::OverlappingMember => ("overlapping-member", "an archive member that overlaps another"),
            Self::Bomb => ("bomb", "an archive member that expands too much"),
            Self::IgnoredMember => ("ignored-member", "an archive member of no use here"),
            Self::UnsupportedMember => ("unsupported-member", "an archive member of a kind that is not imported"),
            Self::MissingMember => ("missing-member", "a member that the file names and does not hold"),
            Self::OtherSubject => ("other-subject", "about somebody else than the space"),
            Self::Truncated => ("truncated", "the file breaks off"),
            Self::OtherMetadata => {
                ("other-metadata", "a known sample with other metadata: those that came first are kept")
            }
        }
    }
}

impl core::fmt::Display for What {
    /// In plain words.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.told().1)
    }
}

impl Severity {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Refused => "refused",
        }
    }
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
    pub(in crate::import) fn new(raw: &[u8]) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_issue_has_a_name_of_its_own_and_words() {
        let all = [
            What::BadJson,
            What::BadXml,
            What::NotAResource,
            What::UnknownType,
            What::TooLarge,
            What::TooDeep,
            What::ForbiddenCharacter,
            What::DoctypeSkipped,
            What::BrokenDoctype,
            What::UnknownEntity,
            What::BadUtf8,
            What::ByteOrderMark,
            What::BadDate,
            What::BadNumber,
            What::UnknownUnit,
            What::ConflictingId,
            What::UnknownModifier,
            What::MissingField,
            What::DuplicateKey,
            What::UnsafeName,
            What::OverlappingMember,
            What::Bomb,
            What::IgnoredMember,
            What::UnsupportedMember,
            What::MissingMember,
            What::OtherSubject,
            What::Truncated,
            What::OtherMetadata,
        ];
        let codes: BTreeSet<&str> = all.iter().map(|w| w.code()).collect();
        let words: BTreeSet<String> = all.iter().map(What::to_string).collect();
        assert_eq!((codes.len(), words.len()), (all.len(), all.len()));
        assert!(codes.iter().all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'8'))));
    }

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

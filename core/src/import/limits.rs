//! Bounds on hostile input; all settable, all with a default.

/// What an importer refuses to go over.
///
/// What has no limit of its own: a text of XML counts as bytes of its element ([`resource_bytes`](Self::resource_bytes)),
/// and a declared namespace as an attribute ([`attributes`](Self::attributes)), for nothing is looked up by one.
/// Extensions of FHIR in one another go as deep as all JSON may ([`json_depth`](Self::json_depth)): they are kept as they
/// stand, and a resource is not refused for what nobody reads. What an import writes before it is finished follows from
/// the bytes and entries that it may bring, and is bounded by no multiple of its input: of very small resources the
/// catalog is larger than they are. Memory is bounded by what is read at once, not by a count of what is allocated.
///
/// ```
/// use healthspace::import::Limits;
/// let mut limits = Limits::default();
/// limits.resource_bytes = 1 << 20;
/// assert!(limits.json_depth >= 32);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one input.
    pub input_bytes: u64,
    /// Bytes after decompression, all members together.
    pub decompressed_bytes: u64,
    /// Decompressed bytes per compressed byte, after the first MiB.
    pub ratio: u64,
    /// Members of an archive.
    pub members: usize,
    /// Bytes of one resource.
    pub resource_bytes: usize,
    /// Entries of one Bundle, lines of one NDJSON file.
    pub entries: u64,
    /// Nesting of JSON.
    pub json_depth: usize,
    /// Nesting of XML.
    pub xml_depth: usize,
    /// Attributes of one XML element.
    pub attributes: usize,
    /// Bytes of one string, name or attribute value.
    pub token_bytes: usize,
    /// Issues listed one by one; the rest is counted.
    pub issues: usize,
}

/// Changes whenever the same file may be read into other records than before: an import that was
/// begun by another version then starts anew.
const IMPORTER: u32 = 5;

impl Limits {
    /// Under what a file is read: the importer's version and every limit that decides what becomes
    /// of a record.
    pub(crate) fn fingerprint(&self) -> [u8; 16] {
        let Self {
            input_bytes,
            decompressed_bytes,
            ratio,
            members,
            resource_bytes,
            entries,
            json_depth,
            xml_depth,
            attributes,
            token_bytes,
            issues: _,
        } = *self;
        let sizes = [members, resource_bytes, json_depth, xml_depth, attributes, token_bytes].map(|n| n as u64);
        let mut hash = blake3::Hasher::new();
        hash.update(&IMPORTER.to_be_bytes());
        for n in [input_bytes, decompressed_bytes, ratio, entries].iter().chain(&sizes) {
            hash.update(&n.to_be_bytes());
        }
        let mut out = [0; 16];
        hash.finalize_xof().fill(&mut out);
        out
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 64 << 30,
            decompressed_bytes: 64 << 30,
            ratio: 100,
            members: 10_000,
            resource_bytes: 16 << 20,
            entries: 1_000_000,
            json_depth: 64,
            xml_depth: 128,
            attributes: 256,
            token_bytes: 4 << 20,
            issues: 1000,
        }
    }
}

//! Bounds on hostile input; all settable, all with a default.

/// What an importer refuses to go over.
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

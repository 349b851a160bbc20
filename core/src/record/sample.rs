//! Wearable samples: one reading of one type, with everything its source said about it.

use super::{Category, Decimal};
use crate::id::Identity;
use std::sync::Arc;

/// A name and a value that a source attached to a sample, verbatim.
///
/// Apple Health: the key and value of a `MetadataEntry`. What has no place of its own is kept under
/// a key that starts with `@` (an attribute of the record: `@name`) or `/` (a nested element:
/// `/path/of/elements@attribute@attribute`, its values joined by U+001F, which XML cannot hold);
/// a real key that starts with `@`, `/` or `\` has a `\` before it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Meta {
    /// The name.
    pub key: Arc<str>,
    /// The value.
    pub value: Arc<str>,
}

silent_debug!(Meta);

/// One reading. Strings are those of the source, unescaped; nothing is dropped. They are shared:
/// a million samples hold few distinct ones, and an importer interns them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sample {
    /// Start, milliseconds since the epoch (UTC instant).
    pub start: i64,
    /// End.
    pub end: i64,
    /// When the source wrote it down, where stated.
    pub created: Option<i64>,
    /// Offset in which the source printed its times, minutes east of UTC.
    pub offset: i16,
    /// The number, digit for digit; `None` where the value is a word or absent.
    pub number: Option<Decimal>,
    /// The value where it is not a number that fits [`Decimal`]: a category word, or odd text.
    pub word: Option<Arc<str>>,
    /// Version of the source, where stated.
    pub source_version: Option<Arc<str>>,
    /// The device, without run-time pointers, where stated.
    pub device: Option<Arc<str>>,
    /// Metadata and nested elements, in the order of the source, duplicates kept.
    pub meta: Arc<[Meta]>,
    /// Where the sample stands in its (decompressed) member.
    pub at: u64,
    /// How many bytes it takes there.
    pub len: u32,
}

silent_debug!(Sample);

/// What samples of one chunk have in common.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The source's type identifier (`HKQuantityTypeIdentifierHeartRate`).
    pub code: String,
    /// The system that the code belongs to.
    pub system: String,
    /// The unit as the source prints it; empty for category types.
    pub unit: String,
    /// The source's name ("Apple Watch"), NFC and without run-time pointers.
    pub source: String,
    /// What consent is asked by.
    pub category: Category,
    /// Months since year 0 (UTC) of the start: a chunk never crosses a month.
    pub month: i32,
}

silent_debug!(SeriesKey);

impl SeriesKey {
    /// A stable identity of (code, unit, source, month): what an overlapping export is compared by.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let mut h = blake3::Hasher::new();
        for part in [&self.system, &self.code, &self.unit, &self.source] {
            h.update(&(part.len() as u64).to_be_bytes());
            h.update(part.as_bytes());
        }
        h.update(&self.month.to_be_bytes());
        let mut id = [0; 16];
        h.finalize_xof().fill(&mut id);
        Identity(id)
    }
}

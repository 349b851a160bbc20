//! What the text of a consent says, as far as a claim rests on it.
//!
//! By the rules of `core/docs/format.md`: programs that are not this library must come to the same.
//! The text of a grant of a space has one form, byte for byte, and is read wholly; of a consent from
//! elsewhere nothing is read but whether it stands.

use super::file::BAD;
use crate::codec::json::has_private_name;
use crate::consent::{self, ConsentDoc};
use crate::error::Result;
use crate::id::GrantId;
use serde_json::Value;

/// Deepest nesting that is read: where parsers give up differs.
const MAX_DEPTH: usize = 16;

/// The text of a grant of a space.
///
/// # Errors
/// Where it is anything else.
pub(super) fn grant(bytes: &[u8]) -> Result<ConsentDoc> {
    consent::as_written(bytes).ok_or(BAD)
}

/// Under which grant the one of this text was passed on.
pub(super) fn parent(bytes: &[u8]) -> Option<GrantId> {
    grant(bytes).ok().and_then(|doc| doc.parent())
}

/// Where a consent from elsewhere stands, as it says (FHIR `Consent.status`).
pub(super) fn status(bytes: &[u8]) -> Option<String> {
    parse(bytes).get("status").and_then(Value::as_str).map(str::to_owned)
}

/// The value; null where parsers may differ on it.
fn parse(bytes: &[u8]) -> Value {
    let differs = has_surrogate(bytes) || has_private_name(bytes);
    let json = if differs { None } else { serde_json::from_slice::<Value>(bytes).ok() };
    json.filter(|v| !is_deeper(v, MAX_DEPTH)).unwrap_or_default()
}

/// Whether half of a UTF-16 pair may be escaped: read as nothing, as a sign of its own, or not at all.
fn has_surrogate(bytes: &[u8]) -> bool {
    let is = |w: &[u8]| matches!(w, [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F']);
    bytes.windows(4).any(is)
}

fn is_deeper(v: &Value, than: usize) -> bool {
    let next = |v: &Value| than == 0 || is_deeper(v, than - 1);
    match v {
        Value::Array(all) => than == 0 || all.iter().any(next),
        Value::Object(all) => than == 0 || all.values().any(next),
        _ => false,
    }
}

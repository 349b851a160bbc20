//! What the text of a consent says, as far as a claim rests on it.
//!
//! By the rules of `core/docs/format.md`, and not by this library's reader of consents: programs
//! that are not this library must come to the same.

use crate::audit::urn;
use crate::consent::{DELEGATION, OWN_CATEGORY_SYSTEM, PARENT};
use crate::id::GrantId;
use serde_json::Value;
use std::collections::BTreeSet;

/// Deepest nesting that is read: where parsers give up differs.
const MAX_DEPTH: usize = 16;

/// On what other grant a grant rests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rests {
    /// On none: the person gave it.
    Alone,
    /// It was passed on under this one.
    On(GrantId),
    /// The text is of no kind that tells.
    Unread,
}

/// A text, read.
pub(super) struct Text {
    /// For whom the grant is: the one actor's identifier.
    pub(super) recipient: Option<String>,
    /// Under which grant it was passed on.
    pub(super) rests: Rests,
    /// Whether it says that it may be passed on.
    pub(super) may_pass_on: bool,
    /// The categories that it names, if it names them all by this library's codes.
    pub(super) categories: Option<BTreeSet<String>>,
    /// Where the consent stands (FHIR `Consent.status`).
    pub(super) status: Option<String>,
}

impl Text {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let json = parse(bytes);
        let at = |path: &str| json.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let one = |path: &str| json.pointer(path).and_then(Value::as_array).filter(|all| all.len() == 1);
        let nested = one("/provision/provision").and_then(|_| json.pointer("/provision/provision/0")?.as_object());
        let member = |name: &str| nested.and_then(|n| n.get(name));
        let passes = |e: &Value| is(e, "url", DELEGATION) && e.get("valueBoolean") == Some(&Value::Bool(true));
        Self {
            recipient: one("/provision/actor").and_then(|_| at("/provision/actor/0/reference/identifier/value")),
            rests: nested.and_then(|n| rests(n.get("modifierExtension"))).unwrap_or(Rests::Unread),
            may_pass_on: member("extension").and_then(Value::as_array).is_some_and(|all| all.iter().any(passes)),
            categories: member("class").and_then(Value::as_array).and_then(|all| all.iter().map(category).collect()),
            status: at("/status"),
        }
    }
}

/// The value; null where parsers may differ on it.
fn parse(bytes: &[u8]) -> Value {
    let json = if has_surrogate(bytes) { None } else { serde_json::from_slice::<Value>(bytes).ok() };
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

fn is(v: &Value, member: &str, text: &str) -> bool {
    v.get(member).and_then(Value::as_str) == Some(text)
}

/// `None` for a shape that this format does not know.
fn rests(modifiers: Option<&Value>) -> Option<Rests> {
    let Some(all) = modifiers else { return Some(Rests::Alone) };
    let all = all.as_array()?;
    if !all.iter().all(|m| m.get("url").is_some_and(Value::is_string)) {
        return None;
    }
    let mut parents = all.iter().filter(|m| is(m, "url", PARENT));
    match (parents.next(), parents.next()) {
        (None, _) => Some(Rests::Alone),
        (Some(one), None) => {
            let text = one.get("valueUri")?.as_str()?;
            let id = GrantId::from_hex(&text.strip_prefix("urn:uuid:")?.replace('-', ""))?;
            (urn(&id) == text).then_some(Rests::On(id))
        }
        _ => None,
    }
}

fn category(class: &Value) -> Option<String> {
    let code = class.get("code")?.as_str()?;
    is(class, "system", OWN_CATEGORY_SYSTEM).then(|| code.to_owned())
}

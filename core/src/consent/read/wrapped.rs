//! What stands around the Consents of a Bundle: allow-lists, as around provisions (specification section 1.3.1). What
//! FHIR does not have there may say anything of them, and be a refusal itself.

use super::around::is_partial;
use super::json::Json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Members of a Bundle in R4 and R5 that say nothing of what is in it (`implicitRules` does).
const BUNDLE: [&str; 12] = [
    "resourceType",
    "id",
    "meta",
    "language",
    "identifier",
    "type",
    "timestamp",
    "total",
    "link",
    "entry",
    "signature",
    "issues",
];
/// Of an entry.
const ENTRY: [&str; 6] = ["link", "fullUrl", "resource", "search", "request", "response"];
/// Of what is within: the member, and its own.
const WITHIN: [(&str, &[&str]); 4] = [
    ("link", &["relation", "url"]),
    ("search", &["mode", "score"]),
    ("request", &["method", "url", "ifNoneMatch", "ifModifiedSince", "ifMatch", "ifNoneExist"]),
    ("response", &["status", "location", "etag", "lastModified", "outcome"]),
];

type Members<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Deserialize)]
struct Entries<'a> {
    #[serde(borrow, default)]
    entry: Option<Vec<Members<'a>>>,
}

/// What is known of what stands around.
pub(super) struct Around {
    /// Whether all of the Bundle is, but its entries.
    pub(super) bundle: bool,
    /// Whether all of an entry is, but its resource.
    pub(super) entries: Vec<bool>,
}

impl Around {
    /// `None` for what is no Bundle of entries.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let members: Members<'_> = serde_json::from_slice(bytes).ok()?;
        let apart = |(name, value): (&String, &&RawValue)| name == "entry" || is_plain(name, value, &BUNDLE);
        let entries: Entries<'_> = serde_json::from_slice(bytes).ok()?;
        let plain =
            |entry: &Members<'_>| entry.iter().all(|(name, value)| name == "resource" || is_plain(name, value, &ENTRY));
        let entries = entries.entry.unwrap_or_default().iter().map(plain).collect();
        Some(Self { bundle: members.iter().all(apart), entries })
    }
}

fn is_plain(name: &str, value: &RawValue, names: &[&str]) -> bool {
    let name = name.strip_prefix('_').unwrap_or(name);
    if !names.contains(&name) && !matches!(name, "id" | "extension") {
        return false;
    }
    let Ok(json) = serde_json::from_str::<Json>(value.get()) else { return false };
    let own = WITHIN.iter().find(|(of, _)| *of == name).map(|(_, own)| *own);
    let within = |one: &Json| own.is_none_or(|own| one.only(own).is_some());
    let shaped = match &json {
        Json::List(all) => all.iter().all(within),
        one => within(one),
    };
    shaped && !modifies(&json) && (name != "meta" || !is_partial(&json))
}

/// Whether a modifier stands anywhere in it.
fn modifies(json: &Json) -> bool {
    match json {
        Json::List(all) => all.iter().any(modifies),
        Json::Object(all) => {
            all.iter().any(|(k, v)| matches!(k.as_str(), "modifierExtension" | "implicitRules") || modifies(v))
        }
        _ => false,
    }
}

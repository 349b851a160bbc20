//! What stands around the Consents of a Bundle: allow-lists, as around provisions (specification section 1.3.1). What
//! FHIR does not have there may say anything of them, and be a refusal itself.

use super::around::{Shape, is_partial, is_primitive};
use super::json::Json;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The members of an object, each once, unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members: Vec<(String, &RawValue)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            // FHIR objects have few members, each once.
            if members.len() >= 128 || members.iter().any(|(k, _)| *k == name) {
                return Err(A::Error::custom("member"));
            }
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// What is known of what stands around.
pub(super) struct Around {
    /// Whether all of the Bundle is, but its entries.
    pub(super) bundle: bool,
    /// Whether all of an entry is, but its resource.
    pub(super) entries: Vec<bool>,
}

impl Around {
    /// `None` for what is no Bundle of entries, or has a member twice.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let Members(members) = serde_json::from_slice(bytes).ok()?;
        let mut around = Self { bundle: true, entries: Vec::new() };
        for (name, value) in &members {
            if name == "entry" {
                let all: Option<Vec<Members<'_>>> = serde_json::from_str(value.get()).ok()?;
                let plain = |e: &Members<'_>| {
                    e.0.iter().all(|(name, v)| name == "resource" || is_read(v, |v| of_entry(name, v)))
                };
                around.entries = all.iter().flatten().map(plain).collect();
            } else {
                around.bundle &= is_read(value, |v| of_bundle(name, v));
            }
        }
        Some(around)
    }
}

fn is_read(value: &RawValue, is: impl Fn(&Json) -> bool) -> bool {
    serde_json::from_str::<Json>(value.get()).is_ok_and(|json| is(&json))
}

/// Whether a member of a Bundle is as FHIR R4 and R5 have it. `implicitRules` says how the rest is to be read.
fn of_bundle(name: &str, value: &Json) -> bool {
    match name {
        "resourceType" | "id" | "language" | "type" | "timestamp" | "total" => is_primitive(value),
        "_id" | "_language" | "_type" | "_timestamp" | "_total" => Shape::Element.is_one(value),
        "meta" => Shape::Meta.is_one(value) && !is_partial(value),
        "identifier" => Shape::Identifier.is_one(value),
        "extension" => Shape::Extension.is(value),
        "link" => Shape::Link.is(value),
        "signature" => Shape::Signature.is_one(value),
        "issues" => is_fine(value),
        _ => false,
    }
}

/// The same of an entry.
fn of_entry(name: &str, value: &Json) -> bool {
    match name {
        "id" | "fullUrl" => is_primitive(value),
        "_id" | "_fullUrl" => Shape::Element.is_one(value),
        "extension" => Shape::Extension.is(value),
        "link" => Shape::Link.is(value),
        "search" => Shape::Search.is_one(value),
        "request" => Shape::Request.is_one(value),
        "response" => value.only(&["status", "location", "etag", "lastModified", "outcome"]).is_some_and(|all| {
            all.iter().all(|(name, value)| match name.as_str() {
                "outcome" => is_fine(value),
                "extension" => Shape::Extension.is(value),
                name if name.starts_with('_') => Shape::Element.is_one(value),
                _ => is_primitive(value),
            })
        }),
        _ => false,
    }
}

/// Whether it is an outcome, and of nothing that failed.
fn is_fine(outcome: &Json) -> bool {
    let of = |name: &str, value: &Json| match name {
        "resourceType" => value.text() == Some("OperationOutcome"),
        "id" | "language" => is_primitive(value),
        "meta" => Shape::Meta.is_one(value),
        "text" => Shape::Narrative.is_one(value),
        "extension" => Shape::Extension.is(value),
        "issue" => value.list().is_some_and(|all| {
            let failed = |i: &Json| {
                !matches!(i.get("severity").and_then(Json::text), Some("warning" | "information" | "success"))
            };
            all.iter().all(|i| Shape::Issue.is_one(i) && !failed(i))
        }),
        _ => false,
    };
    outcome.get("resourceType").is_some()
        && outcome.object().is_some_and(|all| all.iter().all(|(name, value)| of(name, value)))
}

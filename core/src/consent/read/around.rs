//! What stands around the provisions has nothing in it that FHIR does not have there: a permit with
//! anything unknown is void (specification section 1.3.1).

use super::json::Json;

/// A datatype, as R4 and R5 together define it.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Attachment,
    Coding,
    Concept,
    /// What stands beside a primitive value.
    Element,
    Extension,
    Identifier,
    /// Of an OperationOutcome.
    Issue,
    /// Of a Bundle, and of its entries.
    Link,
    Meta,
    Narrative,
    Period,
    PolicyBasis,
    Reference,
    /// Of an entry of a Bundle.
    Request,
    /// The same.
    Search,
    Signature,
    Verification,
}

impl Shape {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Attachment => &[
                "contentType",
                "language",
                "data",
                "url",
                "size",
                "hash",
                "title",
                "creation",
                "height",
                "width",
                "frames",
                "duration",
                "pages",
            ],
            Self::Coding => &["system", "version", "code", "display", "userSelected"],
            Self::Concept => &["coding", "text"],
            Self::Element => &[],
            Self::Extension => &["url"],
            Self::Identifier => &["use", "type", "system", "value", "period", "assigner"],
            Self::Issue => &["severity", "code", "details", "diagnostics", "location", "expression"],
            Self::Link => &["relation", "url"],
            Self::Request => &["method", "url", "ifNoneMatch", "ifModifiedSince", "ifMatch", "ifNoneExist"],
            Self::Search => &["mode", "score"],
            Self::Signature => &["type", "when", "who", "onBehalfOf", "targetFormat", "sigFormat", "data"],
            Self::Meta => &["versionId", "lastUpdated", "source", "profile", "security", "tag"],
            Self::Narrative => &["status", "div"],
            Self::Period => &["start", "end"],
            Self::PolicyBasis => &["reference", "url"],
            Self::Reference => &["reference", "type", "identifier", "display"],
            Self::Verification => &["verified", "verifiedWith", "verificationDate", "verificationType", "verifiedBy"],
        }
    }

    /// What a member of it is; `None` for a primitive value.
    fn of(self, name: &str) -> Option<Self> {
        Some(match (self, name) {
            (_, "extension") => Self::Extension,
            (_, name) if name.starts_with('_') => Self::Element,
            (Self::Concept, "coding") | (Self::Meta, "security" | "tag") | (Self::Signature, "type") => Self::Coding,
            (Self::Identifier, "type") | (Self::Verification, "verificationType") | (Self::Issue, "details") => {
                Self::Concept
            }
            (Self::Identifier, "period") => Self::Period,
            (Self::Reference, "identifier") => Self::Identifier,
            (Self::Identifier, "assigner")
            | (Self::PolicyBasis, "reference")
            | (Self::Signature, "who" | "onBehalfOf")
            | (Self::Verification, "verifiedWith" | "verifiedBy") => Self::Reference,
            _ => return None,
        })
    }

    /// Of a member of a Consent; `None` for what is read elsewhere.
    fn of_consent(name: &str) -> Option<Self> {
        Some(match name {
            "meta" => Self::Meta,
            "text" => Self::Narrative,
            "extension" => Self::Extension,
            "identifier" => Self::Identifier,
            "scope" | "category" | "policyRule" | "regulatoryBasis" => Self::Concept,
            "patient" | "subject" | "performer" | "organization" | "grantor" | "grantee" | "manager" | "controller"
            | "sourceReference" | "policyText" => Self::Reference,
            "sourceAttachment" => Self::Attachment,
            "policyBasis" => Self::PolicyBasis,
            "verification" => Self::Verification,
            name if name.starts_with('_') => Self::Element,
            _ => return None,
        })
    }

    /// One of it, or a list of them.
    pub(super) fn is(self, j: &Json) -> bool {
        match j {
            Json::List(all) => !all.is_empty() && all.iter().all(|one| self.is_one(one)),
            one => self.is_one(one),
        }
    }

    pub(super) fn is_one(self, j: &Json) -> bool {
        let members = match self {
            // Of a list of values, one that has nothing beside it.
            Self::Element if matches!(j, Json::Null) => return true,
            // What an extension says means nothing here, whatever its type.
            Self::Extension => j.object().filter(|all| all.iter().all(|(k, _)| is_of_extension(k))),
            _ => j.only(self.names()),
        };
        let plain = |(name, value): &(String, Json)| match self.of(name) {
            Some(shape) => shape.is(value),
            None => matches!(self, Self::Extension) || is_primitive(value),
        };
        members.is_some_and(|all| all.iter().all(plain))
    }
}

fn is_of_extension(name: &str) -> bool {
    matches!(name, "id" | "url" | "extension") || name.trim_start_matches('_').starts_with("value")
}

pub(super) fn is_primitive(j: &Json) -> bool {
    let one = |j: &Json| matches!(j, Json::Bool(_) | Json::Number(_) | Json::Text(_));
    match j {
        // Where a value is absent, what is said of it stands beside it.
        Json::List(all) => all.iter().all(|v| one(v) || matches!(v, Json::Null)),
        j => one(j),
    }
}

/// Whether the members of a Consent around its provisions have nothing unknown within them.
pub(super) fn is_plain(members: &[(String, Json)]) -> bool {
    members.iter().all(|(name, value)| Shape::of_consent(name).is_none_or(|shape| shape.is(value)))
}

/// Whether the `meta` of a resource marks it as a part of that (`SUBSETTED`, as after `_summary` or `_elements`: FHIR R4
/// Search): what was left out may refuse.
pub(super) fn is_partial(meta: &Json) -> bool {
    match meta {
        Json::Text(t) => t.trim() == "SUBSETTED",
        Json::List(all) => all.iter().any(is_partial),
        Json::Object(all) => all.iter().any(|(_, v)| is_partial(v)),
        _ => false,
    }
}

//! What a resource *is*, across files.
//!
//! The strongest statement the source makes wins:
//! 1. `fullUrl` as an absolute `http(s)` URL (without `_history`) or a `urn:uuid:`; an `id` that
//!    is itself a UUID counts as `urn:uuid:` where there is no `fullUrl`, so that a Bundle and a
//!    bulk export of one server agree;
//! 2. resource type, `id` and the subject's reference: the `id` alone is unique only within a
//!    server, which such a file does not name;
//! 3. kind, codes, value and unit as sent, start and end of every fact: two records that agree in
//!    all of them are taken for one thing;
//! 4. all that it says, where there is no fact either.
//!
//! `meta.versionId` has no part in it: versions of a resource are one thing with several
//! contents; the vault keeps each and shows the newest. The `urn:uuid:` of a document is by many producers made
//! anew for each document; their records then differ in identity though not in content.

use crate::id::Identity;
use crate::import::subject::{is_uuid, pseudonym};
use crate::record::{FactDraft, Value, When};

const DOMAIN: &str = "healthspace fhir identity 1";

/// See the module's text. `subject` is the normalised subject reference.
pub(super) fn identity(
    type_name: &str,
    full_url: Option<&str>,
    id: &str,
    subject: Option<&str>,
    facts: &[FactDraft],
    content: &[u8],
) -> Identity {
    if let Some(url) = full_url.and_then(absolute) {
        return pseudonym(DOMAIN, &[b"url", url.as_bytes()]);
    }
    if is_uuid(id) {
        let url = format!("urn:uuid:{}", id.to_ascii_lowercase());
        return pseudonym(DOMAIN, &[b"url", url.as_bytes()]);
    }
    if !id.is_empty() {
        let subject = subject.unwrap_or("");
        return pseudonym(DOMAIN, &[b"id", type_name.as_bytes(), id.as_bytes(), subject.as_bytes()]);
    }
    if facts.iter().any(|f| !f.codes.is_empty() || !f.text.is_empty()) {
        let mut parts: Vec<Vec<u8>> = vec![b"facts".to_vec(), type_name.into(), subject.unwrap_or("").into()];
        for f in facts {
            parts.push(vec![f.kind as u8]);
            if f.codes.is_empty() {
                parts.push(f.text.clone().into());
            }
            parts.push((f.codes.len() as u64).to_be_bytes().into());
            parts.extend(f.codes.iter().flat_map(|c| [c.system.clone().into(), c.code.clone().into()]));
            parts.push(value(&f.value));
            parts.extend([time(f.when), time(f.until)]);
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        return pseudonym(DOMAIN, &parts);
    }
    pseudonym(DOMAIN, &[b"content", content])
}

/// An absolute URL with scheme and host in lower case, without a version; `None` if relative.
fn absolute(url: &str) -> Option<String> {
    let url = url.trim().trim_end_matches('/');
    let url = url.split_once("/_history/").map_or(url, |(u, _)| u);
    let lower = |n: usize| {
        let (head, tail) = (url.get(..n)?, url.get(n..)?);
        Some(head.to_ascii_lowercase() + tail)
    };
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" => {
            let host = url.split_once("://")?.1;
            let host_len = host.find('/').unwrap_or(host.len());
            lower(scheme.len() + 3 + host_len)
        }
        "urn" => {
            let lower = url.to_ascii_lowercase();
            lower.starts_with("urn:uuid:").then_some(lower)
        }
        _ => None,
    }
}

fn time(w: Option<When>) -> Vec<u8> {
    w.map(|w| [&w.at.to_be_bytes()[..], &[w.precision as u8]].concat()).unwrap_or_default()
}

fn value(v: &Value) -> Vec<u8> {
    match v {
        Value::None => Vec::new(),
        Value::Quantity(q) => format!("q{}{}\0{}\0{}", q.comparator.sign(), q.number, q.unit, q.ucum).into(),
        Value::Coded(codes, text) => {
            let codes = codes.iter().map(|c| format!("{}\0{}\0", c.system, c.code));
            format!("c{}\0\0{text}", codes.collect::<String>()).into()
        }
        Value::Text(t) => format!("t{t}").into(),
        Value::Bool(b) => vec![b'b', u8::from(*b)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_name_wins() {
        let of = |url: Option<&str>, id: &str, subject| identity("Observation", url, id, subject, &[], b"x");
        let a = of(Some("https://A.example/fhir/Observation/1"), "1", None);
        assert_eq!(a, of(Some("HTTPS://a.example/fhir/Observation/1/_history/4"), "2", Some("p")));
        assert_ne!(a, of(Some("https://b.example/fhir/Observation/1"), "1", None));
        let uuid = "0b1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4e5f";
        assert_eq!(of(Some(&format!("urn:uuid:{uuid}")), "7", None), of(None, &uuid.to_uppercase(), Some("p")));
        // A relative fullUrl names no server: the id with its subject does as well as can be.
        assert_eq!(of(Some("Observation/1"), "1", Some("p")), of(None, "1", Some("p")));
        assert_ne!(of(None, "1", Some("p")), of(None, "1", Some("q")));
        assert_ne!(of(None, "", None), identity("Observation", None, "", None, &[], b"y"));
    }
}

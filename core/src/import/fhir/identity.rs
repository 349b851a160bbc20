//! What a resource *is*, across files.
//!
//! The strongest statement the source makes wins:
//! 1. `fullUrl` as an absolute `http(s)` URL (without `_history`) or a `urn:uuid:`; an `id` that
//!    is itself a UUID counts as `urn:uuid:` where there is no `fullUrl`, so that a Bundle and a
//!    bulk export of one server agree;
//! 2. type and `id` on the server that the subject's reference names, where it is absolute; it is
//!    what a `fullUrl` of that server says. Else resource type, `id`, the subject's reference and
//!    the system of the first identifier: the `id` alone is unique only within a server, which such
//!    a file does not name;
//! 3. type and all that it says: of two doses or two eyes that differ in words only, neither may
//!    stand for the other.
//!
//! `meta.versionId` has no part in it: versions of a resource are one thing with several
//! contents; the vault keeps each and shows the newest. The `urn:uuid:` of a document is by many
//! producers made anew for each document: see [`super::survey`].

use super::tables;
use super::types::Common;
use crate::id::Identity;
use crate::import::subject::{is_uuid, pseudonym};

const DOMAIN: &str = "healthspace fhir identity 1";

/// What a resource says of itself and of its subject.
#[derive(Clone, Copy, Default)]
pub(super) struct Names<'a> {
    pub(super) full_url: Option<&'a str>,
    pub(super) id: &'a str,
    /// The normalised subject reference.
    pub(super) subject: Option<&'a str>,
    /// The server, as the subject's absolute reference names it.
    pub(super) base: Option<&'a str>,
    /// The system of the first identifier; may be empty.
    pub(super) system: &'a str,
}

/// See the module's text.
pub(super) fn identity(type_name: &str, names: Names<'_>, content: &[u8]) -> Identity {
    let Names { full_url, id, subject, base, system } = names;
    // An id is unique within its type only, so a UUID needs the type; a web address has it.
    let uuid = |url: &str| pseudonym(DOMAIN, &[b"uuid", type_name.as_bytes(), url.as_bytes()]);
    match full_url.and_then(absolute) {
        Some(url) if url.starts_with("urn:") => return uuid(&url),
        Some(url) => return pseudonym(DOMAIN, &[b"url", url.as_bytes()]),
        None if is_uuid(id) => return uuid(&["urn:uuid:", &id.to_ascii_lowercase()].concat()),
        None => {}
    }
    if !id.is_empty() {
        if let Some(url) = base.and_then(|b| absolute(&format!("{b}{type_name}/{id}"))) {
            return pseudonym(DOMAIN, &[b"url", url.as_bytes()]);
        }
        let subject = subject.unwrap_or("");
        let parts = [type_name, id, subject, system].map(str::as_bytes);
        return pseudonym(DOMAIN, &[b"id", parts[0], parts[1], parts[2], parts[3]]);
    }
    pseudonym(DOMAIN, &[b"content", type_name.as_bytes(), content])
}

/// What a resource is by its type and id alone.
pub(super) fn named(type_name: &str, id: &str) -> Identity {
    pseudonym(DOMAIN, &[b"id", type_name.as_bytes(), id.as_bytes(), b"", b""])
}

/// Everything that the target of a reference may be ([`identity`], [`named`]): of `type_name` where the reference
/// tells none, of any type where nothing does; `server` is that of the record that refers, with its slash, or empty.
pub(super) fn referred(reference: &str, type_name: &str, server: &str) -> Vec<Identity> {
    let reference = reference.split('#').next().unwrap_or_default().trim();
    let (path, query) = reference.split_once('?').unwrap_or((reference, ""));
    // A search by id finds that one (FHIR R4, 3.1.1.2); an operation is one of what stands before it.
    let of_type = path.rsplit('/').next().is_some_and(|last| tables::resource_type(last).is_some());
    let ids = query.split('&').filter_map(|part| part.strip_prefix("_id=")).flat_map(|ids| ids.split(','));
    let found: Vec<String> = if of_type { ids.map(|id| format!("{path}/{id}")).collect() } else { Vec::new() };
    if !found.is_empty() {
        return found.iter().flat_map(|one| plainly(one, type_name, server)).collect();
    }
    plainly(path.split_once("/$").map_or(path, |(of, _)| of), type_name, server)
}

/// The same of a reference without a search or an operation.
fn plainly(reference: &str, type_name: &str, server: &str) -> Vec<Identity> {
    if reference.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::new();
    match absolute(reference).or_else(|| absolute(&format!("{server}{reference}"))) {
        Some(urn) if urn.starts_with("urn:") => {
            let one = (!type_name.is_empty()).then_some(type_name);
            let types = tables::types().filter(|t| one.is_none_or(|one| one == *t));
            return types.map(|t| identity(t, Names { full_url: Some(&urn), ..Names::default() }, &[])).collect();
        }
        Some(url) => all.push(pseudonym(DOMAIN, &[b"url", url.as_bytes()])),
        None => {}
    }
    let plain = reference.split_once("/_history/").map_or(reference, |(r, _)| r);
    let mut last = plain.trim_end_matches('/').rsplit('/');
    let (id, told) = (last.next().unwrap_or_default(), last.next().unwrap_or_default());
    if let Some((type_name, _)) = tables::resource_type(told).filter(|_| !id.is_empty()) {
        if is_uuid(id) {
            all.push(identity(type_name, Names { id, ..Names::default() }, &[]));
        }
        all.push(named(type_name, id));
    }
    all
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

/// The server of an absolute reference to a patient, with its slash.
pub(super) fn base_of(reference: &str) -> Option<&str> {
    server_of(reference, "Patient")
}

/// The server of a record, as the absolute reference to its patient names it.
pub(super) fn server<'c>(c: &'c Common<'_>) -> Option<&'c str> {
    c.subject.iter().chain([&c.patient, &c.beneficiary, &c.about]).find_map(|s| base_of(&s.reference))
}

/// `https://base/` of `https://base/Type/7`.
pub(super) fn server_of<'u>(url: &'u str, type_name: &str) -> Option<&'u str> {
    let url = url.trim();
    let web = url.get(..4).is_some_and(|s| s.eq_ignore_ascii_case("http"));
    // Most references are relative.
    let at = if web { url.rfind(&format!("/{type_name}/")) } else { None };
    at.and_then(|i| url.get(..=i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_name_wins() {
        let none = Names::default();
        let of = |full_url: Option<&str>, id: &str, subject: Option<&str>| {
            identity("Observation", Names { full_url, id, subject, ..none }, b"x")
        };
        let a = of(Some("https://A.example/fhir/Observation/1"), "1", None);
        assert_eq!(a, of(Some("HTTPS://a.example/fhir/Observation/1/_history/4"), "2", Some("p")));
        assert_ne!(a, of(Some("https://b.example/fhir/Observation/1"), "1", None));
        let uuid = "0b1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4e5f";
        assert_eq!(of(Some(&format!("urn:uuid:{uuid}")), "7", None), of(None, &uuid.to_uppercase(), Some("p")));
        // One UUID under two types is two things.
        let report = Names { id: uuid, ..none };
        assert_ne!(identity("DiagnosticReport", report, b"x"), of(None, uuid, None));
        let url = format!("urn:uuid:{uuid}");
        let report = Names { full_url: Some(&url), ..none };
        assert_ne!(identity("DiagnosticReport", report, b"x"), of(Some(&url), "", None));
        // A relative fullUrl names no server: the id with its subject does as well as can be.
        assert_eq!(of(Some("Observation/1"), "1", Some("p")), of(None, "1", Some("p")));
        assert_ne!(of(None, "1", Some("p")), of(None, "1", Some("q")));
        let at =
            |base, system| identity("Observation", Names { id: "1", subject: Some("p"), base, system, ..none }, b"x");
        assert_eq!(at(base_of("https://a.example/fhir/Patient/p"), ""), a);
        assert_ne!(at(None, "urn:lab:1"), at(None, "urn:lab:2"));
        assert_eq!(base_of("Patient/p"), None);
        assert_ne!(of(None, "", None), identity("Observation", none, b"y"));
    }

    #[test]
    fn a_reference_leads_to_its_target_by_whatever_name_that_has() {
        let none = Names::default();
        let of = |names: Names<'_>| identity("Binary", names, b"x");
        let server = "https://a.example/fhir/";
        let by_url = of(Names { full_url: Some("https://a.example/fhir/Binary/b1"), id: "b1", ..none });
        let by_id = of(Names { id: "b1", ..none });
        assert_eq!(by_id, named("Binary", "b1"));
        for (reference, expected) in [
            ("Binary/b1", vec![by_url, by_id]),
            (" https://a.example/fhir/Binary/b1/_history/2?_format=json", vec![by_url, by_id]),
            ("Binary/b1/$binary-access-read?path=x", vec![by_url, by_id]),
            ("https://a.example/fhir/Binary?_format=json&_id=b1", vec![by_url, by_id]),
            ("Binary?_id=b1", vec![by_url, by_id]),
            ("https://a.example/files/7", vec![pseudonym(DOMAIN, &[b"url", b"https://a.example/files/7"])]),
            ("#b1", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(referred(reference, "Binary", server), expected, "{reference}");
        }
        assert_eq!(referred("Binary/b1", "", ""), [by_id]);
        let uuid = "0b1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4e5f";
        let urn = format!("urn:uuid:{uuid}");
        let by_urn = of(Names { full_url: Some(&urn), ..none });
        assert_eq!(referred(&urn, "Binary", ""), [by_urn]);
        assert!(referred(&urn, "", "").contains(&by_urn));
        assert_eq!(referred(&format!("Binary/{uuid}"), "", ""), [by_urn, named("Binary", uuid)]);
    }
}

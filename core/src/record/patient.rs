//! References to a patient, in the many ways that FHIR writes them.

/// What a FHIR reference to a patient says, in one form; `None` if it is to something else, or to
/// nothing.
///
/// `Patient/x`, `https://base/Patient/x/_history/2`, `urn:uuid:x` and plain `x` all give `x`.
pub(crate) fn patient_key(reference: &str) -> Option<String> {
    let r = reference.trim();
    if r.is_empty() || r.starts_with('#') {
        return None;
    }
    if let Some(uuid) = r.strip_prefix("urn:uuid:") {
        return Some(uuid.to_ascii_lowercase());
    }
    // Most are no more than that, and need no search.
    let plain = r.strip_prefix("Patient/").filter(|id| !id.contains('/')).map(|id| ("", id));
    if let Some((before, after)) = plain.or_else(|| r.rsplit_once("Patient/"))
        && (before.is_empty() || before.ends_with('/'))
    {
        let id = after.split(['/', '?', '|', '#']).next().unwrap_or("");
        return (!id.is_empty()).then(|| if is_uuid(id) { id.to_ascii_lowercase() } else { id.to_owned() });
    }
    let other = r.contains('/') && !r.starts_with("Patient?") && !r.starts_with("urn:");
    (!other).then(|| if is_uuid(r) { r.to_ascii_lowercase() } else { r.to_owned() })
}

/// Whether this is a UUID as printed (RFC 9562, section 4).
pub(crate) fn is_uuid(s: &str) -> bool {
    s.len() == 36
        && s.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

//! Whom a file is about, as pseudonyms that files can be compared by.
//!
//! A pseudonym is a hash without a key: whoever holds one can test a guess. It belongs where the
//! records are, sealed, and nowhere else.
//!
//! Limits. A reference is compared by its last part alone, so that `Patient/7`,
//! `https://a.example/Patient/7` and the `fullUrl` of patient 7 agree; patients 7 of two servers
//! then agree as well. A person is compared by family name, first given name and birth date: twins
//! of one first name agree, a changed name does not; letters without a decomposition in Unicode
//! (`ø`, `ł`, `ß`) do not fold.

use crate::id::Identity;
pub(super) use crate::record::is_uuid;
pub(crate) use crate::record::patient_key;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A hash over parts, none of which can run into the next.
pub(super) fn pseudonym(domain: &str, parts: &[&[u8]]) -> Identity {
    let mut h = blake3::Hasher::new();
    for part in core::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
        h.update(&(part.len() as u64).to_be_bytes());
        h.update(part);
    }
    let mut id = [0; 16];
    h.finalize_xof().fill(&mut id);
    Identity::from_bytes(id)
}

/// The pseudonym of what a file calls its subject by.
pub(crate) fn reference(key: &str) -> Identity {
    pseudonym("healthspace subject reference 1", &[key.as_bytes()])
}

/// The pseudonym of a person; `None` unless both names and the birth date are there.
pub(super) fn person(family: &str, given: &str, birth_date: &str) -> Option<Identity> {
    let (family, given) = (fold(family), fold(given));
    let date = birth_date.get(..10).unwrap_or(birth_date);
    if family.is_empty() || given.is_empty() || date.is_empty() {
        return None;
    }
    Some(pseudonym("healthspace person 1", &[family.as_bytes(), given.as_bytes(), date.as_bytes()]))
}

/// What a reference by identifier says, in one form.
pub(super) fn identifier_key(system: &str, value: &str) -> Option<String> {
    let short = |s: &str| s.trim().chars().take(1024).collect::<String>();
    (!value.trim().is_empty()).then(|| format!("{}|{}", short(system), short(value)))
}

/// A date of birth as far as it can be compared: year, month, day; empty where it is none.
pub(super) fn birth_date(printed: &str) -> String {
    let date = printed.trim().split('T').next().unwrap_or_default();
    let digits = date.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if digits && matches!(date.len(), 4 | 7 | 10) { date.to_owned() } else { String::new() }
}

/// Letters and digits alone, without accents, in lower case (Unicode NFKD, UAX #15).
pub(super) fn fold(name: &str) -> String {
    name.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .take(256)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_reference_agree() {
        let id = "0b1e6a53-6bf8-4c5a-9b6c-0a1b2c3d4e5f";
        for r in [
            format!("Patient/{id}"),
            format!("urn:uuid:{}", id.to_uppercase()),
            format!("https://a.example/fhir/Patient/{id}"),
            format!("https://a.example/fhir/Patient/{id}/_history/3"),
            id.to_owned(),
        ] {
            assert_eq!(patient_key(&r).as_deref(), Some(id));
        }
        for r in ["", "#p", "Group/1", "https://a.example/Device/1", "NotPatient/1", "Patient/"] {
            assert_eq!(patient_key(r), None, "{r}");
        }
        assert_ne!(patient_key("Patient/a"), patient_key("Patient/A"));
    }

    #[test]
    fn names_fold() {
        assert_eq!(fold("Élodie-Anne O’Brïen"), "elodieanneobrien");
        assert_eq!(person("Müller", "Zoë", "1970-01-02"), person("MULLER", "zoe", "1970-01-02T00:00:00Z"));
        assert_ne!(person("ab", "c", "1970"), person("a", "bc", "1970"));
        assert_eq!(person("", "a", "1970"), None);
        assert_eq!(person("a", "b", ""), None);
        assert!(person("a", "b", "１９７０年１").is_some());
    }
}

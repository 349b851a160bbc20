//! Which Binaries a record names: its labels hold for them, for its words stand there. By any address or reference of a
//! Binary, wherever in it, and by the `url` of any Attachment; by `urn:uuid:`, which tells no type, also where references to
//! a Binary stand (`Composition.section.entry`, `DocumentManifest.content`, `Consent.sourceReference`,
//! `Communication.payload.contentReference`, a `valueReference`). A Binary names none.
//!
//! One pass over the records in which there may be any.

use super::extract::{self, Known, Marks};
use super::node::Key;
use super::{identity, tables};
use crate::id::Identity;
use memchr::memmem::Finder;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// Where a reference stands that may be one to a Binary.
const PLACES: [&str; 5] = ["entry", "content", "sourceReference", "contentReference", "valueReference"];
/// Bytes of a name that is looked at.
const TOKEN: usize = 2048;

/// A letter of ASCII that is escaped, or a colon.
const ESCAPED: [&[u8]; 6] = [b"\\u004", b"\\u005", b"\\u006", b"\\u007", b"\\u003a", b"\\u003A"];

/// Looks for what is in a record that names one; made once, for many records.
pub(super) struct Finders {
    binary: Finder<'static>,
    url: Finder<'static>,
    /// With a `url`: what makes an Attachment of it.
    attachment: [Finder<'static>; 2],
    /// With a name by `urn:uuid:`: the places of [`PLACES`], but that of a Composition.
    places: [Finder<'static>; 2],
    urn: Finder<'static>,
    escaped: [Finder<'static>; 6],
}

impl Finders {
    pub(super) fn new() -> Self {
        Self {
            binary: Finder::new("Binary"),
            url: Finder::new("\"url\""),
            attachment: ["\"contentType\"", "ttachment\""].map(Finder::new),
            places: ["\"content", "eReference\""].map(Finder::new),
            urn: Finder::new("urn:uuid:"),
            escaped: ESCAPED.map(Finder::new),
        }
    }

    /// Every record is asked: of what most of them have, as little as can be is looked for.
    fn may_name(&self, type_name: &str, text: &str) -> bool {
        let text = text.as_bytes();
        let has = |f: &Finder<'_>| f.find(text).is_some();
        // Most references are by such names, and few an address.
        let is_url = |at: usize| {
            let before = text.get(..at).unwrap_or_default().trim_ascii_end();
            let before = before.strip_suffix(b"\"").map(<[u8]>::trim_ascii_end);
            let before = before.and_then(|b| b.strip_suffix(b":")).map(<[u8]>::trim_ascii_end);
            before.is_some_and(|b| b.ends_with(b"\"url\""))
        };
        let is_place = || type_name == "Composition" || self.places.iter().any(has);
        has(&self.binary)
            || memchr::memchr(b'\\', text).is_some() && self.escaped.iter().any(has)
            || has(&self.url) && (self.attachment.iter().any(has) || self.urn.find_iter(text).any(is_url))
            || is_place() && has(&self.urn)
    }
}

/// The names of Binaries in a record, as they stand there.
pub(super) fn named(finders: &Finders, type_name: &str, text: &str) -> BTreeSet<String> {
    if type_name != "Binary" && finders.may_name(type_name, text) { look(text) } else { BTreeSet::new() }
}

fn look(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut json = serde_json::Deserializer::from_str(text);
    // What does not parse is no record.
    let _ = Look { names: &mut names, place: false, attachment: false }.deserialize(&mut json);
    names
}

/// Everything that the Binaries may be which a record names, as far as it tells without its `fullUrl`.
pub(crate) fn names_of_bytes(body: &[u8]) -> Vec<Identity> {
    let text = String::from_utf8_lossy(body);
    let Ok(name) = extract::resource_type(&text) else { return Vec::new() };
    let (type_name, category) = tables::resource_type(&name).unwrap_or((tables::UNKNOWN, None));
    let marks = Marks::new();
    let Ok(read) = extract::read(type_name, category, &text, &marks, &Known::default()) else { return Vec::new() };
    let server = identity::server(&read.common).unwrap_or("");
    let mut names = look(&text);
    names.extend(read.attached);
    names.iter().flat_map(|name| identity::referred(name, "Binary", server)).collect()
}

/// Whether a word is an address or a reference of a Binary: the type, as a part of a path, and what tells which.
fn is_binary(word: &str) -> bool {
    const TYPE: &str = "Binary";
    let mut rest = word;
    while let Some(at) = rest.find(TYPE) {
        let (before, after) = rest.split_at(at);
        let after = after.get(TYPE.len()..).unwrap_or_default();
        let begins = before.ends_with('/') || before.is_empty() && rest.len() == word.len();
        if begins && after.starts_with(['/', '?']) {
            return !word.contains(char::is_whitespace);
        }
        rest = after;
    }
    false
}

fn is_urn(word: &str) -> bool {
    word.get(..9).is_some_and(|w| w.eq_ignore_ascii_case("urn:uuid:"))
}

struct Look<'l> {
    names: &'l mut BTreeSet<String>,
    /// It stands where a reference to a Binary may.
    place: bool,
    /// It is an Attachment, by its name.
    attachment: bool,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    /// Of a string.
    type Value = Option<String>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<String>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_str<E>(self, s: &str) -> Result<Option<String>, E> {
        let word = s.trim();
        Ok((word.len() <= TOKEN).then(|| word.to_owned()))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<String>, A::Error> {
        let Look { names, place, attachment } = self;
        while let Some(one) = seq.next_element_seed(Look { names: &mut *names, place, attachment })? {
            names.extend(one.filter(|word| is_binary(word)));
        }
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
        let Look { names, place, mut attachment } = self;
        let mut urls = Vec::new();
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            let inner =
                Look { names: &mut *names, place: PLACES.contains(&&*key), attachment: key.ends_with("ttachment") };
            let one = map.next_value_seed(inner)?;
            attachment |= key == "contentType";
            let Some(word) = one.filter(|word| !word.is_empty()) else { continue };
            match &*key {
                "url" => urls.push(word),
                "reference" if place && is_urn(&word) => _ = names.insert(word),
                _ if is_binary(&word) => _ = names.insert(word),
                _ => {}
            }
        }
        names.extend(urls.into_iter().filter(|url| attachment || is_urn(url) || is_binary(url)));
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_binaries_are_found_wherever_they_stand() {
        let finders = Finders::new();
        let of = |json: &str| named(&finders, "Communication", json).into_iter().collect::<Vec<_>>();
        for (json, name) in [
            (
                r#"{"payload":[{"contentAttachment":{"contentType":"a","url":"https://a.example/f/7"}}]}"#,
                "https://a.example/f/7",
            ),
            (r#"{"payload":[{"contentAttachment":{"url":"urn:uuid:1"}}]}"#, "urn:uuid:1"),
            (r#"{"payload":[{"contentAttachment":{"url":"https://a.example/f/7"}}]}"#, "https://a.example/f/7"),
            (r#"{"valueAttachment":{"url":" Binary\/b1 "}}"#, "Binary/b1"),
            (r#"{"valueAttachment":{"url":"\u0042inary/b1"}}"#, "Binary/b1"),
            (r#"{"x":{"content\u0054ype":"a","url":"https://a.example/f/7"}}"#, "https://a.example/f/7"),
            (r#"{"x":{"contentType":"a","\u0075rl":"https://a.example/f/7"}}"#, "https://a.example/f/7"),
            (r#"{"x":{"contentType":"a","url":"https://a.example/f/7"}}"#, "https://a.example/f/7"),
            (r#"{"x":{"url" : "urn:uuid:1"}}"#, "urn:uuid:1"),
            (r#"{"x":{"url":"urn\u003auuid:1"}}"#, "urn:uuid:1"),
            (r#"{"payload":[{"contentReference":{"reference":"urn:uuid:1"}}]}"#, "urn:uuid:1"),
            (r#"{"x":{"valueReference":{"reference":"urn:uuid:1"}}}"#, "urn:uuid:1"),
            (r#"{"sourceReference":{"reference":"Binary/b1"}}"#, "Binary/b1"),
            (r#"{"sourceReference":{"reference":"urn:uuid:1"}}"#, "urn:uuid:1"),
            (r#"{"content":[{"reference":"urn:uuid:1"}]}"#, "urn:uuid:1"),
            (
                r#"{"extension":[{"url":"http://x","valueUrl":"https://a.example/Binary?_id=b1"}]}"#,
                "https://a.example/Binary?_id=b1",
            ),
            (
                r#"{"item":[{"item":[{"answer":[{"valueAttachment":{"url":"Binary/b1/$binary-access-read"}}]}]}]}"#,
                "Binary/b1/$binary-access-read",
            ),
        ] {
            assert_eq!(of(json), [name], "{json}");
        }
        for json in [
            r#"{"url":"http://hl7.org/fhir/StructureDefinition/Binary"}"#,
            r#"{"text":"see Binary/b1 of him"}"#,
            r#"{"subject":{"reference":"urn:uuid:1"}}"#,
            r#"{"extension":[{"url":"http://x/MyBinary/1"}]}"#,
        ] {
            assert!(of(json).is_empty(), "{json}");
        }
        assert!(named(&finders, "Binary", r#"{"securityContext":{"reference":"Binary/b1"}}"#).is_empty());
    }
}

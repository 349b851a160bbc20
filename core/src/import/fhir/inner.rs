//! Labels that stand in a record elsewhere than in its own `meta`: those of what it contains, of single elements
//! (DS4P `extension-inline-sec-label`), and what a document says of itself
//! (`DocumentReference.securityLabel`, `Composition.confidentiality`). A record goes whole or not at all, so each holds
//! for all of it.
//!
//! One pass over the few records in which there may be any.

use super::labels::Labels;
use super::node::{Key, NUMBER};
use memchr::memmem::Finder;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What some label has among its words.
const WORDS: [&[u8]; 3] = [b"security", b"sec-label", b"confidentiality"];
/// A small letter of ASCII that is escaped, or a hyphen.
const ESCAPED: [&[u8]; 4] = [b"\\u006", b"\\u007", b"\\u002d", b"\\u002D"];
/// The extension that labels an element, by the end of its address.
const INLINE: &str = "inline-sec-label";
/// Bytes of a word that is looked at.
const TOKEN: usize = 512;

/// Looks for these words; made once, for many records.
pub(super) struct Finders([Finder<'static>; 3], [Finder<'static>; 4]);

impl Finders {
    pub(super) fn new() -> Self {
        Self(WORDS.map(Finder::new), ESCAPED.map(Finder::new))
    }

    /// Every record is asked, and most have no escape.
    fn may_label(&self, text: &[u8]) -> bool {
        let has = |f: &Finder<'_>| f.find(text).is_some();
        self.0.iter().any(has) || memchr::memchr(b'\\', text).is_some() && self.1.iter().any(has)
    }
}

/// What is said within a record; `contains` tells that other resources stand in it.
pub(super) fn labels(finders: &Finders, text: &str, contains: bool) -> Labels {
    if !contains && !finders.may_label(text.as_bytes()) {
        return Labels::default();
    }
    let mut found = Labels::default();
    let mut json = serde_json::Deserializer::from_str(text);
    // What is too deep to be looked at may say anything.
    let read = Look { found: &mut found, outermost: true }.deserialize(&mut json);
    if read.is_ok() { found } else { Labels::UNKNOWN }
}

/// What one value is, to the object that it stands in.
#[derive(Default)]
struct Value {
    /// The label that it would be: a coding, a concept, or a list of these.
    said: Labels,
    /// The same of its `security`: it may be a `meta`.
    security: Labels,
    /// Of a string.
    word: Option<String>,
    /// There is none, or a list of none.
    null: bool,
}

impl Value {
    /// What is no coding and no list of codings.
    fn odd() -> Self {
        Self { said: Labels::UNKNOWN, security: Labels::UNKNOWN, ..Self::default() }
    }
}

struct Look<'l> {
    found: &'l mut Labels,
    /// Of the record itself, whose `meta` is read with it.
    outermost: bool,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

/// A coding, and what a concept around it says.
#[derive(Default)]
struct Coded {
    system: Option<String>,
    code: Option<String>,
    within: Option<Labels>,
    odd: bool,
}

impl Coded {
    /// One of its words, which stands once.
    fn word(word: &mut Option<String>, value: Value, odd: &mut bool) {
        *odd |= word.is_some() || value.word.is_none() && !value.null;
        *word = value.word;
    }

    fn says(self) -> Labels {
        if self.odd {
            return Labels::UNKNOWN;
        }
        let (system, code) = (self.system.unwrap_or_default(), self.code.unwrap_or_default());
        self.within.unwrap_or_else(|| Labels::of_code(&system, code.trim()))
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value { word: (s.len() <= TOKEN).then(|| s.to_owned()), ..Value::odd() })
    }
    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::odd())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::odd())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::odd())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::odd())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value { null: true, ..Value::default() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // A `meta` is no list.
        let mut all = Value { security: Labels::UNKNOWN, null: true, ..Value::default() };
        while let Some(one) = seq.next_element_seed(Look { found: &mut *self.found, outermost: false })? {
            all.said = all.said.join(one.said);
            all.null = false;
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Look { found, outermost } = self;
        let (mut coded, mut security) = (Coded::default(), Labels::default());
        let (mut resource, mut url, mut label, mut level) = (None, None, Labels::default(), Labels::default());
        let mut value = None;
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            let one = map.next_value_seed(Look { found: &mut *found, outermost: false })?;
            match &*key {
                "resourceType" => resource = one.word,
                "url" => url = one.word,
                "system" => Coded::word(&mut coded.system, one, &mut coded.odd),
                "code" => Coded::word(&mut coded.code, one, &mut coded.odd),
                // A number, as the parser gives it.
                NUMBER => (coded.odd, security) = (true, Labels::UNKNOWN),
                "coding" if one.null => {}
                "coding" => coded.within = Some(coded.within.unwrap_or_default().join(one.said)),
                "security" => security = security.join(one.said),
                "meta" if !outermost => *found = found.join(one.security),
                "securityLabel" => label = label.join(one.said),
                "confidentiality" if one.null => {}
                "confidentiality" => {
                    let code = one.word.map(|code| Labels::of_level(code.trim()));
                    level = level.join(code.unwrap_or(Labels::UNKNOWN));
                }
                key if key.starts_with("value") => value = Some(one.said.join(value.unwrap_or_default())),
                _ => {}
            }
        }
        match resource.as_deref() {
            Some("DocumentReference") => *found = found.join(label),
            Some("Composition") => *found = found.join(level),
            _ => {}
        }
        if url.is_some_and(|url| url.trim().trim_end_matches('/').ends_with(INLINE)) {
            *found = found.join(value.unwrap_or(Labels::UNKNOWN));
        }
        Ok(Value { said: coded.says(), security, ..Value::default() })
    }
}

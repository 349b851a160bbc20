//! What is stepped over, looked at for one thing: whether it says in words of a condition.
//!
//! Consent is by category, and a record is handed out whole where all that it says is permitted. Of
//! a member that is not read nothing else is known than its name.

use super::node::{Key, NUMBER, Notes};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Deeper than any element of FHIR: nothing is looked at there, and it counts as told.
const DEEP: u8 = 32;

/// Whether a member of this name, or an extension, is there to say why, or of which condition. By the
/// stem without its first letter, which is a capital in some names.
fn asks(name: &str) -> bool {
    let stem = |w: &[u8]| {
        matches!(
            w,
            b"eason" | b"iagno" | b"ndica" | b"ondit" | b"ompli" | b"sNeed" | b"roble" | b"iseas" | b"isord" | b"llnes"
        )
    };
    name.as_bytes().windows(5).any(stem) && !name.ends_with("bsentReason") && name != "data-absent-reason"
}

/// Whether text that stands under this name is no word of anything.
fn is_wordless(name: &str) -> bool {
    matches!(name, "reference" | "system" | "url" | "id" | "type" | "use" | "version" | "linkId")
}

/// Steps over the value of the member `name`; what it yields is whether there are words in it.
pub(super) struct Skim<'n> {
    pub(super) notes: &'n Notes,
    depth: u8,
    wordless: bool,
    asked: bool,
}

impl<'n> Skim<'n> {
    pub(super) fn of(name: &str, notes: &'n Notes) -> Self {
        Self { notes, depth: 0, wordless: is_wordless(name), asked: asks(name) }
    }

    fn below(&self, name: &str) -> Self {
        Self { notes: self.notes, depth: self.depth + 1, wordless: is_wordless(name), asked: asks(name) }
    }

    fn word(self) -> bool {
        let words = !self.wordless;
        if words && self.asked {
            self.notes.tells.set(true);
        }
        words
    }
}

impl<'de> DeserializeSeed<'de> for Skim<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        if self.depth < DEEP {
            return from.deserialize_any(self);
        }
        self.notes.tells.set(true);
        from.deserialize_ignored_any(IgnoredAny).map(|_| true)
    }
}

impl<'de> Visitor<'de> for Skim<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_str<E>(self, s: &str) -> Result<bool, E> {
        Ok(!s.is_empty() && self.word())
    }
    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let (mut words, mut asked) = (false, self.asked);
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            if key == NUMBER {
                map.next_value::<IgnoredAny>()?;
            } else if key == "url" {
                // What an extension is called stands in it.
                let Url(url) = map.next_value::<Url>()?;
                asked |= url;
            } else {
                words |= map.next_value_seed(self.below(&key))?;
            }
        }
        if words && asked {
            self.notes.tells.set(true);
        }
        Ok(words)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut words = false;
        let one = |s: &Self| Skim { notes: s.notes, depth: s.depth + 1, wordless: s.wordless, asked: s.asked };
        while let Some(w) = seq.next_element_seed(one(&self))? {
            words |= w;
        }
        Ok(words)
    }
}

/// Whether the name at the end of an extension's address [`asks`].
struct Url(bool);

impl<'de> serde::Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Url;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_str<E>(self, s: &str) -> Result<Url, E> {
                Ok(Url(s.rsplit(['/', ':', '#']).next().is_some_and(asks)))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Url, E> {
                Ok(Url(false))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Url, E> {
                Ok(Url(false))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Url, E> {
                Ok(Url(false))
            }
            fn visit_unit<E>(self) -> Result<Url, E> {
                Ok(Url(false))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Url, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Url(false))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Url, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Url(false))
            }
        }
        from.deserialize_any(V)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tells(member: &str) -> bool {
        let notes = Notes::new();
        let text = format!("{{{member}}}");
        let mut json = serde_json::Deserializer::from_str(&text);
        Skim::of("", &notes).deserialize(&mut json).unwrap();
        json.end().unwrap();
        notes.tells.get()
    }

    #[test]
    fn what_is_not_read_is_known_to_tell_of_a_condition() {
        for yes in [
            r#""reasonForUseCodeableConcept":{"text":"HIV"}"#,
            r#""reasonForUseCodeableConcept":[{"coding":[{"system":"s","code":"86406008"}]}]"#,
            r#""reasonForUseReference":{"reference":"Condition/1","display":"HIV"}"#,
            r#""a":{"b":[{"primaryDiagnosis":"HIV"}]}"#,
            r#""extension":[{"url":"http://example.org/StructureDefinition/indication","valueString":"HIV"}]"#,
            r#""extension":[{"valueCodeableConcept":{"text":"HIV"},"url":"http://example.org/medication-reason"}]"#,
            r#""_reason":{"extension":[{"url":"http://example.org/x","valueString":"HIV"}]}"#,
        ] {
            assert!(tells(yes), "{yes}");
        }
        let deep = format!(r#""a":{}{}"#, r#"{"a":"#.repeat(500), "1".to_owned() + &"}".repeat(500));
        assert!(tells(&deep), "what is not looked at");
    }

    #[test]
    fn a_reference_an_amount_and_what_is_absent_tell_of_none() {
        for no in [
            r#""reasonForUseReference":{"reference":"Condition/1","type":"Condition"}"#,
            r#""diagnosisSequence":[1,2.5,true,null]"#,
            r#""dataAbsentReason":{"text":"not asked"}"#,
            r#""extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]"#,
            r#""text":{"status":"generated","div":"<div/>"}"#,
            r#""reason":[],"reasonCode":"""#,
            r#""url":{"reason":1},"performer":[{"display":"Dr. Who"}]"#,
        ] {
            assert!(!tells(no), "{no}");
        }
    }
}

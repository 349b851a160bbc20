//! JSON without ambiguity: a member that stands twice makes a text unreadable.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value. Numbers keep their text.
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// How `serde_json` hands a number over where its digits are to be kept.
const NUMBER: &str = "$serde_json::private::Number";

impl Json {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(s) => Some(s),
            _ => None,
        }
    }

    /// The items of a list that is not empty: FHIR knows no empty one.
    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) if !list.is_empty() => Some(list),
            _ => None,
        }
    }

    /// The members of an object that is not empty.
    pub(super) fn object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) if !members.is_empty() => Some(members),
            _ => None,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.object()?.iter().find(|(k, _)| k == name).map(|(_, v)| v)
    }

    /// The members, if each has one of these names. `id` and `extension` may stand everywhere, and
    /// so may the extensions of a value that is there itself: they never change its meaning.
    pub(super) fn only(&self, names: &[&str]) -> Option<&[(String, Self)]> {
        let members = self.object()?;
        members.iter().all(|(k, _)| is_allowed(members, k, names)).then_some(members)
    }
}

/// Whether a member is one of these, or an extension that means nothing here.
pub(super) fn is_allowed(members: &[(String, Json)], name: &str, names: &[&str]) -> bool {
    match name.strip_prefix('_') {
        Some(value) => names.contains(&value) && members.iter().any(|(k, _)| k == value),
        None => names.contains(&name) || name == "id" || name == "extension",
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Json, E> {
        Ok(Json::Bool(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Json, E> {
        Ok(Json::Number(v.to_string()))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Json, E> {
        Ok(Json::Number(v.to_string()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Json, E> {
        Ok(Json::Number(v.to_string()))
    }

    fn visit_str<E>(self, v: &str) -> Result<Json, E> {
        Ok(Json::Text(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Json, E> {
        Ok(Json::Text(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(v) = seq.next_element()? {
            list.push(v);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.is_empty() && name == NUMBER {
                return Ok(Json::Number(map.next_value()?));
            }
            // FHIR objects have few members; more than that is not one.
            if members.len() >= 128 || members.iter().any(|(k, _)| *k == name) {
                return Err(A::Error::custom("member"));
            }
            members.push((name, map.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

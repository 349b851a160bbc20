//! Reading JSON into typed structs, forgivingly: a field of a wrong type costs that field, never
//! the record. Strings are borrowed from the resource wherever they hold no escape.
//!
//! Two bounds hold whatever the input: lists share a budget of elements per resource, so that
//! sixteen megabytes of `[{},{},...` do not become a gigabyte of structs; and what is not read is
//! stepped over without recursion.

use super::skim;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// List elements kept per resource.
pub(super) const ELEMENTS: u32 = 32_768;

/// How `serde_json` hands over a number with all its digits, if it is not a 64-bit integer.
pub(super) const NUMBER: &str = "$serde_json::private::Number";

/// What was noticed while reading one resource.
pub(super) struct Notes {
    pub(super) wrong_type: Cell<bool>,
    pub(super) duplicate: Cell<bool>,
    pub(super) too_many: Cell<bool>,
    /// A member that is not read says in words of a condition.
    pub(super) tells: Cell<bool>,
    budget: Cell<u32>,
}

impl Notes {
    pub(super) fn new() -> Self {
        let no = || Cell::new(false);
        Self { wrong_type: no(), duplicate: no(), too_many: no(), tells: no(), budget: Cell::new(ELEMENTS) }
    }

    fn wrong(&self) {
        self.wrong_type.set(true);
    }
}

/// Something that can be read from JSON. What a type does not accept is stepped over and noted.
pub(super) trait Node<'de>: Default {
    fn text(&mut self, _: Cow<'de, str>, notes: &Notes) {
        notes.wrong();
    }

    fn boolean(&mut self, _: bool, notes: &Notes) {
        notes.wrong();
    }

    /// An integer that stands where no number is expected.
    fn integer(&mut self, _: i128, notes: &Notes) {
        notes.wrong();
    }

    fn object<A: MapAccess<'de>>(&mut self, mut map: A, notes: &Notes) -> Result<(), A::Error> {
        notes.wrong();
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(&mut self, mut seq: A, notes: &Notes) -> Result<(), A::Error> {
        notes.wrong();
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn read<D: Deserializer<'de>>(&mut self, from: D, notes: &Notes) -> Result<(), D::Error> {
        from.deserialize_any(Read(self, notes))
    }

    /// The member stands a second time: the last counts.
    fn again(&mut self) {
        *self = Self::default();
    }
}

/// Reads into a [`Node`].
pub(super) struct Read<'n, N>(pub(super) &'n mut N, pub(super) &'n Notes);

impl<'de, N: Node<'de>> DeserializeSeed<'de> for Read<'_, N> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        self.0.read(from, self.1)
    }
}

impl<'de, N: Node<'de>> Visitor<'de> for Read<'_, N> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_borrowed_str<E>(self, s: &'de str) -> Result<(), E> {
        self.0.text(Cow::Borrowed(s), self.1);
        Ok(())
    }
    fn visit_str<E>(self, s: &str) -> Result<(), E> {
        self.0.text(Cow::Owned(s.to_owned()), self.1);
        Ok(())
    }
    fn visit_bool<E>(self, b: bool) -> Result<(), E> {
        self.0.boolean(b, self.1);
        Ok(())
    }
    fn visit_i64<E>(self, i: i64) -> Result<(), E> {
        self.0.integer(i.into(), self.1);
        Ok(())
    }
    fn visit_u64<E>(self, i: u64) -> Result<(), E> {
        self.0.integer(i.into(), self.1);
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.object(map, self.1)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.0.list(seq, self.1)
    }
}

/// A member name.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }
            fn visit_borrowed_str<E>(self, s: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(s)))
            }
            fn visit_str<E>(self, s: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(s.to_owned())))
            }
        }
        from.deserialize_str(V)
    }
}

/// Which fields were met: those of the struct, of the one it builds on, and of those that follow.
#[derive(Default)]
pub(super) struct Seen(pub(super) [u64; 4]);

/// A struct that is read member by member.
pub(super) trait Fields<'de> {
    /// Reads the value of a member that the struct knows; `false` if it does not know it.
    fn field<A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        seen: &mut Seen,
        n: &Notes,
    ) -> Result<bool, A::Error>;
}

/// Reads all members of an object into a struct.
pub(super) fn members<'de, T: Fields<'de>, A: MapAccess<'de>>(
    t: &mut T,
    mut map: A,
    n: &Notes,
) -> Result<(), A::Error> {
    let mut seen = Seen::default();
    while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
        if !t.field(&key, &mut map, &mut seen, n)? {
            // A number where an object is expected: the parser gives it as one, whose only value is no JSON.
            if key == NUMBER {
                n.wrong();
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let passed = map.next_value::<&RawValue>()?.get();
            if !n.tells.get() && skim::tells(&key, passed) {
                n.tells.set(true);
            }
        }
    }
    Ok(())
}

/// Defines structs that are read by member name; the last of duplicate members counts. With
/// `.. field: Struct`, members it does not know are offered to that struct.
macro_rules! nodes {
    (@base $key:ident, $map:ident, $seen:ident, $n:ident) => { Ok(false) };
    (@base $key:ident, $map:ident, $seen:ident, $n:ident, $base:expr) => {{
        // By hand: the library's own turns call for a copy of memory each.
        let [own, base, second, third] = $seen.0;
        $seen.0 = [base, second, third, own];
        let known = $base.field($key, $map, $seen, $n)?;
        let [base, second, third, own] = $seen.0;
        $seen.0 = [own, base, second, third];
        Ok(known)
    }};
    ($($(#[$doc:meta])* $name:ident { $($field:ident : $ty:ty = $key:literal,)* $(.. $base:ident : $bty:ty)? })*) => { $(
        $(#[$doc])*
        #[derive(Default)]
        pub(in crate::import::fhir) struct $name<'a> {
            $(pub(in crate::import::fhir) $field: $ty,)*
            $(pub(in crate::import::fhir) $base: $bty,)?
        }

        impl<'a> $crate::import::fhir::node::Fields<'a> for $name<'a> {
            fn field<A: serde::de::MapAccess<'a>>(
                &mut self,
                key: &str,
                map: &mut A,
                seen: &mut $crate::import::fhir::node::Seen,
                n: &$crate::import::fhir::node::Notes,
            ) -> Result<bool, A::Error> {
                #[expect(non_camel_case_types, reason = "one bit per field, named like it")]
                enum Bit { $($field,)* }
                match key {
                    $($key => {
                        let bit = 1u64 << (Bit::$field as u32);
                        if seen.0[0] & bit != 0 {
                            n.duplicate.set(true);
                            $crate::import::fhir::node::Node::again(&mut self.$field);
                        }
                        seen.0[0] |= bit;
                        map.next_value_seed($crate::import::fhir::node::Read(&mut self.$field, n))?;
                        Ok(true)
                    })*
                    _ => nodes!(@base key, map, seen, n $(, self.$base)?),
                }
            }
        }

        impl<'a> $crate::import::fhir::node::Node<'a> for $name<'a> {
            fn object<A: serde::de::MapAccess<'a>>(
                &mut self,
                map: A,
                n: &$crate::import::fhir::node::Notes,
            ) -> Result<(), A::Error> {
                $crate::import::fhir::node::members(self, map, n)
            }
        }
    )* };
}
pub(super) use nodes;

/// A string; empty where there is none. A number in its place is taken as it is printed.
#[derive(Default, Clone, PartialEq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Node<'de> for Text<'de> {
    fn text(&mut self, s: Cow<'de, str>, _: &Notes) {
        self.0 = s;
    }
    fn integer(&mut self, i: i128, notes: &Notes) {
        notes.wrong();
        self.0 = Cow::Owned(i.to_string());
    }
    fn object<A: MapAccess<'de>>(&mut self, mut map: A, notes: &Notes) -> Result<(), A::Error> {
        notes.wrong();
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            if key == NUMBER {
                self.0 = Cow::Owned(map.next_value::<String>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Yes or no.
#[derive(Default, Clone, Copy, PartialEq)]
pub(super) struct Flag(pub(super) Option<bool>);

impl<'de> Node<'de> for Flag {
    fn boolean(&mut self, b: bool, _: &Notes) {
        self.0 = Some(b);
    }
    fn text(&mut self, s: Cow<'de, str>, notes: &Notes) {
        notes.wrong();
        self.0 = match &*s {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
    }
}

/// A number, digit for digit as it stands in the source. One in quotes is a number all the same.
#[derive(Default, Clone, PartialEq)]
pub(super) struct Number<'a>(pub(super) Option<&'a str>);

impl<'de> Node<'de> for Number<'de> {
    fn read<D: Deserializer<'de>>(&mut self, from: D, notes: &Notes) -> Result<(), D::Error> {
        let raw = <&'de RawValue as serde::Deserialize>::deserialize(from)?.get();
        match raw.as_bytes().first() {
            Some(b'0'..=b'9' | b'-') => self.0 = Some(raw),
            Some(b'"') => {
                notes.wrong();
                self.0 = raw.strip_prefix('"').and_then(|s| s.strip_suffix('"')).filter(|s| !s.is_empty());
            }
            Some(b'n') => {}
            _ => notes.wrong(),
        }
        Ok(())
    }
}

/// A list. FHIR has no lists of lists; one object or string in place of a list is a list of one.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Node<'de>> Node<'de> for List<T> {
    fn text(&mut self, s: Cow<'de, str>, notes: &Notes) {
        let mut one = T::default();
        one.text(s, notes);
        self.0.push(one);
    }
    fn object<A: MapAccess<'de>>(&mut self, map: A, notes: &Notes) -> Result<(), A::Error> {
        let mut one = T::default();
        one.object(map, notes)?;
        self.0.push(one);
        Ok(())
    }
    fn list<A: SeqAccess<'de>>(&mut self, mut seq: A, notes: &Notes) -> Result<(), A::Error> {
        loop {
            let left = notes.budget.get();
            if left == 0 {
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    notes.too_many.set(true);
                }
                return Ok(());
            }
            let mut one = T::default();
            if seq.next_element_seed(Read(&mut one, notes))?.is_none() {
                return Ok(());
            }
            notes.budget.set(left - 1);
            self.0.push(one);
        }
    }
}

//! Text as XML writes it: references, characters that XML does not have, attributes.

use crate::import::{Severity, What};
use std::borrow::Cow;

/// What was repaired within one element; each sort is reported once per element.
#[derive(Default)]
pub(super) struct Findings(Vec<(Severity, What)>);

impl Findings {
    pub(super) fn repaired(&mut self, what: What) {
        if !self.0.contains(&(Severity::Repaired, what)) {
            self.0.push((Severity::Repaired, what));
        }
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Severity, What)> {
        self.0.drain(..)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether XML 1.0 (section 2.2) has this character.
fn allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Resolves the five predefined entities and character references, keeps any other reference as it
/// stands, takes out what XML does not allow.
pub(super) fn unescape<'a>(raw: &'a str, found: &mut Findings) -> Cow<'a, str> {
    let plain = raw.bytes().all(|b| b != b'&' && (b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r')) && b != 0xef);
    if plain {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let mut width = c.len_utf8();
        if c == '&' {
            match reference(rest) {
                Some((c, n)) if allowed(c) => {
                    out.push(c);
                    width = n;
                }
                Some((_, n)) => {
                    found.repaired(What::ForbiddenCharacter);
                    width = n;
                }
                None => {
                    found.repaired(What::UnknownEntity);
                    out.push('&');
                }
            }
        } else if allowed(c) {
            out.push(c);
        } else {
            found.repaired(What::ForbiddenCharacter);
        }
        rest = rest.get(width..).unwrap_or_default();
    }
    Cow::Owned(out)
}

/// The character of a reference that `s` starts with, and the length of the reference.
fn reference(s: &str) -> Option<(char, usize)> {
    let end = s.bytes().take(12).position(|b| b == b';')?;
    let c = match s.get(1..end)? {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let number = name.strip_prefix('#')?;
            let n = match number.strip_prefix('x') {
                Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
                None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok()?,
                _ => return None,
            };
            char::from_u32(n)?
        }
    };
    Some((c, end + 1))
}

/// Names and raw values of a tag's attributes. Lenient: a name may hold spaces (exports of 2015)
/// and a value may be in either quotes; what has neither a name nor a value ends the list.
pub(super) struct Attributes<'a>(pub(super) &'a str);

impl<'a> Attributes<'a> {
    /// The next one; `None` at the end, `Some(None)` where no attribute can be read.
    pub(super) fn next(&mut self, found: &mut Findings) -> Option<Option<(&'a str, &'a str)>> {
        let rest = self.0.trim_start();
        if rest.trim_end_matches('/').trim_end().is_empty() {
            return None;
        }
        let read = || {
            let (name, tail) = rest.split_once('=')?;
            let (name, tail) = (name.trim_end(), tail.trim_start());
            let quote = tail.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, tail) = tail.get(1..)?.split_once(quote)?;
            (!name.is_empty()).then_some((name, value, tail))
        };
        let Some((name, value, tail)) = read() else {
            self.0 = "";
            return Some(None);
        };
        if name.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) {
            found.repaired(What::BadXml);
        }
        self.0 = tail;
        Some(Some((name, value)))
    }
}

/// Takes run-time pointers (`: 0x282a45810` before a `>`) out: they differ in each export and say
/// nothing.
pub(super) fn without_pointers(s: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = s;
    while let Some((head, tail)) = rest.split_once(": 0x") {
        let digits = tail.bytes().take_while(u8::is_ascii_hexdigit).count();
        let behind = tail.get(digits..).unwrap_or_default();
        out.push_str(head);
        if digits == 0 || !behind.starts_with('>') {
            out.push_str(": 0x");
            rest = tail;
        } else {
            rest = behind;
        }
    }
    if rest.len() == s.len() {
        return Cow::Borrowed(s);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_and_forbidden_characters() {
        for (raw, clean, repaired) in [
            ("plain é", "plain é", false),
            ("&lt;&lt;a&gt; &amp;amp; &quot;&apos;", "<<a> &amp; \"'", false),
            ("&#65;&#x42;&#x1F600;", "AB\u{1f600}", false),
            (
                "&lol9; & &#; &#xZ; &#x110000; &nosemicolonatall",
                "&lol9; & &#; &#xZ; &#x110000; &nosemicolonatall",
                true,
            ),
            ("a\u{b}b\0c&#11;d&#0;\u{ffff}", "abcd", true),
            ("tab\tnew\nline", "tab\tnew\nline", false),
        ] {
            let mut found = Findings::default();
            assert_eq!(unescape(raw, &mut found), clean);
            assert_eq!(!found.is_empty(), repaired, "{raw:?}");
        }
    }

    #[test]
    fn attributes_of_all_sorts() {
        let read = |s: &str| {
            let (mut a, mut found, mut out) = (Attributes(s), Findings::default(), Vec::new());
            while let Some(x) = a.next(&mut found) {
                out.push(x.map(|(k, v)| format!("{k}={v}")));
            }
            (out, found.is_empty())
        };
        let some = |v: &[&str]| v.iter().map(|s| Some((*s).to_owned())).collect::<Vec<_>>();
        assert_eq!(read(" a=\"1\"\n b = '2'/"), (some(&["a=1", "b=2"]), true));
        assert_eq!(
            read(" a=\"1\" Withings User Identifier=\"2\""),
            (some(&["a=1", "Withings User Identifier=2"]), false)
        );
        assert_eq!(read(" a=1"), (vec![None], true));
        assert_eq!(read("  /"), (vec![], true));
    }

    #[test]
    fn pointers_go_and_nothing_else() {
        assert_eq!(without_pointers("<<HKDevice: 0x282a45810>, name:Watch>"), "<<HKDevice>, name:Watch>");
        for s in ["", "Watch", "x: 0xzz>", "v: 0x12", "a: 0x"] {
            assert_eq!(without_pointers(s), s);
        }
    }

    proptest! {
        #[test]
        fn never_panics(s in "[&#;x0-9a-f<>=\"' :é\u{b}]{0,40}") {
            let mut found = Findings::default();
            let _ = unescape(&s, &mut found);
            let mut a = Attributes(&s);
            while a.next(&mut found).is_some() {}
            let _ = without_pointers(&s);
        }
    }
}

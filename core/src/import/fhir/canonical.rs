//! What a resource says, however it is printed: the content by which two exports of one resource
//! are compared.
//!
//! Left out: white space, commas and colons (each scalar ends with a zero byte instead, so that
//! nothing runs into the next), and all of the resource's own `meta` but `security`, which alone
//! says something of the record and not of the copy. Strings are compared by their characters,
//! numbers digit for digit, members and elements in the order given: a serialiser that sorts the
//! members of an object makes another content.
//!
//! What is left out is kept beside it with its place, so that both together stand for the bytes:
//! that is shorter to hash than all of them again.
//!
//! [`Canonical::nameless`] leaves out the names that entries of a Bundle have by `urn:uuid:` too,
//! and hands them over instead.
//!
//! One pass, into buffers that are used again; the resource was parsed before, so that whatever
//! is odd here was JSON all the same.

use super::scan::find_in_string;
use crate::import::subject;

/// What was found in one pass.
pub(super) struct Said {
    pub(super) content: [u8; 16],
    /// Equal for equal bytes alone.
    pub(super) print: [u8; 16],
    /// A `modifierExtension` somewhere: what the record says may mean something else.
    pub(super) modified: bool,
}

/// The buffers, and what was noticed.
#[derive(Default)]
pub(super) struct Canonical {
    out: Vec<u8>,
    left_out: Vec<u8>,
    modified: bool,
    /// The names met, where they do not count as content.
    names: Option<Vec<[u8; 16]>>,
}

/// Bytes kept between resources.
const KEEP: usize = 1 << 20;

impl Canonical {
    pub(super) fn read(&mut self, body: &[u8]) -> Said {
        self.out.clear();
        self.left_out.clear();
        self.modified = false;
        let mut at = 0;
        let mut first = true;
        while let Some((key, next)) = self.member(body, at, first) {
            first = false;
            let from = at;
            at = if key == b"meta" && body.get(next) == Some(&b'{') {
                let end = self.meta(body, next);
                self.leave_out(body, from, end);
                end
            } else {
                self.space(body, from, next);
                // `next` is at the value: what is asked of it is whether it is there at all.
                self.modified |= key == b"modifierExtension" && says_something(body, next);
                self.string(key, key.contains(&b'\\'));
                self.value(body, next, true)
            };
        }
        self.space(body, at, body.len());
        let content = half(&self.out);
        self.left_out.extend_from_slice(&content);
        self.left_out.extend_from_slice(&(body.len() as u64).to_be_bytes());
        let print = half(&self.left_out);
        self.out.shrink_to(KEEP);
        self.left_out.shrink_to(KEEP);
        Said { content, print, modified: self.modified }
    }

    /// The content without what may be the name of an entry; each goes to `names`.
    pub(super) fn nameless(&mut self, body: &[u8], names: &mut Vec<[u8; 16]>) -> [u8; 16] {
        self.names = Some(core::mem::take(names));
        let said = self.read(body);
        *names = self.names.take().unwrap_or_default();
        said.content
    }

    /// Takes the names out of a string: all of it by `urn:uuid:`, or each UUID in it. What is left.
    fn take_names<'t>(&mut self, inside: &'t [u8]) -> &'t [u8] {
        let Some(names) = &mut self.names else { return inside };
        // What JSON has in no string, so that no content looks like it.
        let mark = 1;
        if let Some(name) = name_of(inside) {
            names.push(name);
            self.out.extend_from_slice(&[b'"', mark]);
            self.out.extend_from_slice(b"urn:uuid:");
            return &[];
        }
        let (mut rest, mut at) = (inside, 0);
        while let Some(i) = rest.get(at..).and_then(|r| memchr::memchr(b'-', r)) {
            at += i;
            let from = at.wrapping_sub(8);
            match rest.get(from..).and_then(|r| r.split_at_checked(36)) {
                Some((uuid, after)) if is_uuid(uuid) => {
                    names.push(named(uuid));
                    self.out.extend_from_slice(rest.get(..from).unwrap_or_default());
                    self.out.push(mark);
                    (rest, at) = (after, 0);
                }
                _ => at += 1,
            }
        }
        rest
    }

    /// Notes bytes that do not count, with their place.
    fn leave_out(&mut self, body: &[u8], from: usize, to: usize) {
        self.left_out.extend_from_slice(&(from as u64).to_be_bytes());
        self.left_out.extend_from_slice(&(to as u64).to_be_bytes());
        self.left_out.extend_from_slice(body.get(from..to).unwrap_or(&[]));
    }

    /// Notes what stands between two places, if it is more than a comma, a name and a colon.
    fn space(&mut self, body: &[u8], from: usize, to: usize) {
        let between = body.get(from..to).unwrap_or(&[]);
        if between.iter().any(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'\\')) {
            self.leave_out(body, from, to);
        }
    }

    fn meta(&mut self, body: &[u8], mut at: usize) -> usize {
        let mut first = true;
        while let Some((key, next)) = self.member(body, at, first) {
            first = false;
            // A name with an escape may be that one, spelled otherwise.
            let says = key == b"security" || key.contains(&b'\\');
            if says {
                self.out.extend_from_slice(b"\"meta\"\"security\"");
            }
            at = self.value(body, next, says);
        }
        // Behind the closing brace.
        skip(body, if first { at + 1 } else { at }, b",") + 1
    }

    /// The next member's name, without quotes, and where its value begins; `first` is at the brace.
    fn member<'b>(&self, body: &'b [u8], at: usize, first: bool) -> Option<(&'b [u8], usize)> {
        let at = skip(body, if first { skip(body, at, &[]) + 1 } else { at }, b",");
        if body.get(at) != Some(&b'"') {
            return None;
        }
        let (end, _) = string_end(body, at);
        Some((body.get(at + 1..end.checked_sub(1)?)?, skip(body, end, b":")))
    }

    /// Takes the value at `at`; returns where it ends.
    fn value(&mut self, body: &[u8], mut at: usize, says: bool) -> usize {
        let mut depth = 0usize;
        while let Some(b) = body.get(at).copied() {
            match b {
                b',' | b':' => {
                    at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\r' | b'\n' => {
                    let end = skip(body, at, b"");
                    if says {
                        self.leave_out(body, at, end);
                    }
                    at = end;
                    continue;
                }
                b'"' => {
                    let (end, escaped) = string_end(body, at);
                    let inside = body.get(at + 1..end.saturating_sub(1)).unwrap_or(&[]);
                    if inside == b"modifierExtension" {
                        self.modified |= modifies(body, end);
                    }
                    if says {
                        if escaped {
                            self.leave_out(body, at, end);
                        }
                        if escaped || self.names.is_some() {
                            let rest = self.take_names(inside);
                            self.string(rest, escaped);
                        } else {
                            self.out.extend_from_slice(body.get(at..end).unwrap_or(&[]));
                        }
                    }
                    at = end;
                }
                b'{' | b'[' | b'}' | b']' => {
                    depth = if matches!(b, b'{' | b'[') { depth + 1 } else { depth.saturating_sub(1) };
                    if says {
                        self.out.push(b);
                    }
                    at += 1;
                }
                _ => {
                    let rest = body.get(at..).unwrap_or(&[]);
                    let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
                    let len = rest.iter().position(ends).unwrap_or(rest.len()).max(1);
                    if says {
                        self.out.extend_from_slice(rest.get(..len).unwrap_or(rest));
                        self.out.push(0);
                    }
                    at += len;
                }
            }
            if depth == 0 {
                break;
            }
        }
        at
    }

    /// A string by its characters: escapes only where JSON needs them.
    fn string(&mut self, inside: &[u8], escaped: bool) {
        self.out.push(b'"');
        let mut rest = inside;
        while let Some(i) = if escaped { memchr::memchr(b'\\', rest) } else { None } {
            let (before, escape) = rest.split_at(i);
            self.out.extend_from_slice(before);
            let (c, len) = unescape(escape);
            match c {
                Some(c @ ('"' | '\\')) => self.out.extend_from_slice(&[b'\\', c as u8]),
                Some(c) if !c.is_control() => {
                    self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(c) => self.out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
                None => self.out.extend(escape.iter().take(len).map(u8::to_ascii_lowercase)),
            }
            rest = escape.get(len..).unwrap_or(&[]);
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }
}

/// Whether a list that is not empty follows a member's name.
fn modifies(body: &[u8], at: usize) -> bool {
    let colon = skip(body, at, &[]);
    body.get(colon) == Some(&b':') && says_something(body, skip(body, colon + 1, &[]))
}

/// Whether a value is neither `null` nor an empty list.
fn says_something(body: &[u8], at: usize) -> bool {
    let empty = body.get(at) == Some(&b'[') && body.get(skip(body, at + 1, &[])) == Some(&b']');
    !empty && body.get(at) != Some(&b'n')
}

/// The first byte from `at` on that is neither white space nor one of `also`.
fn skip(body: &[u8], mut at: usize, also: &[u8]) -> usize {
    while body.get(at).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n') || also.contains(b)) {
        at += 1;
    }
    at
}

/// The name that a `urn:uuid:` gives.
pub(super) fn name_of(url: &[u8]) -> Option<[u8; 16]> {
    let (urn, name) = url.split_at_checked(9)?;
    urn.eq_ignore_ascii_case(b"urn:uuid:").then(|| named(name))
}

fn named(text: &[u8]) -> [u8; 16] {
    half(&text.to_ascii_lowercase())
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36 && core::str::from_utf8(text).is_ok_and(subject::is_uuid)
}

pub(super) fn half(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.iter_mut().zip(blake3::hash(bytes).as_bytes()).for_each(|(o, b)| *o = *b);
    out
}

/// Behind the closing quote of the string that begins at `at`, and whether an escape is in it.
pub(super) fn string_end(body: &[u8], at: usize) -> (usize, bool) {
    let mut at = at + 1;
    let mut escaped = false;
    while let Some(i) = body.get(at..).and_then(|rest| find_in_string(rest, false)) {
        at += i;
        if body.get(at) == Some(&b'"') {
            return (at + 1, escaped);
        }
        escaped = true;
        at += 2;
    }
    (body.len(), escaped)
}

/// The character of the escape that `s` begins with, and its length; none for half a surrogate
/// pair.
fn unescape(s: &[u8]) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let hex = s.get(at..at + 6).filter(|h| h.starts_with(b"\\u"))?;
        hex.get(2..)?.iter().try_fold(0u32, |n, b| Some(n << 4 | char::from(*b).to_digit(16)?))
    };
    let plain = |c| (Some(c), 2);
    match s.get(1) {
        Some(b'b') => plain('\u{8}'),
        Some(b'f') => plain('\u{c}'),
        Some(b'n') => plain('\n'),
        Some(b'r') => plain('\r'),
        Some(b't') => plain('\t'),
        Some(b'u') => match (unit(0), unit(6)) {
            (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                (char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)), 12)
            }
            (Some(n), _) => (char::from_u32(n), 6),
            (None, _) => (None, 2),
        },
        Some(b) => plain(char::from(*b)),
        None => (None, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> Said {
        Canonical::default().read(body.as_bytes())
    }

    fn same(a: &str, b: &str) -> bool {
        said(a).content == said(b).content
    }

    #[test]
    fn what_is_said_and_not_how() {
        let plain = r#"{"resourceType":"Observation","id":"1","a":[1.0,{"b":"é\n\"/"}],"c":true}"#;
        for other in [
            "{ \"resourceType\" : \"Observation\",\r\n\t\"id\": \"1\", \"a\": [ 1.0 , { \"b\" :\"\\u00E9\\u000a\\u0022\\/\" } ], \"c\" : true }",
            r#"{"resourceType":"Observation","meta":{"versionId":"2","lastUpdated":"2026-01-01T00:00:00Z","source":"x","tag":[{"code":"{\"}"}]},"id":"1","a":[1.0,{"b":"é\n\"/"}],"c":true}"#,
            r#"{"meta":{},"resourceType":"Observation","id":"1","a":[1.0,{"b":"é\n\"/"}],"c":true , "meta" : { "profile":["p"] } }"#,
        ] {
            assert!(same(plain, other), "{other}");
        }
        for other in [
            r#"{"resourceType":"Observation","id":"1","a":[1.00,{"b":"é\n\"/"}],"c":true}"#,
            r#"{"resourceType":"Observation","id":"1","a":[1.0,{"b":"é\n\"/ "}],"c":true}"#,
            r#"{"resourceType":"Observation","id":"1","a":[1.0,{"b":"é\n\"/"}],"c":false}"#,
            r#"{"resourceType":"Observation","id":"1","a":[1.0],"x":{"b":"é\n\"/"},"c":true}"#,
            r#"{"resourceType":"Observation","meta":{"security":[{"code":"R"}]},"id":"1","a":[1.0,{"b":"é\n\"/"}],"c":true}"#,
            r#"{"resourceType":"Observation","id":"1","a":[1.0,{"b":"é\n\"/","meta":{"source":"x"}}],"c":true}"#,
        ] {
            assert!(!same(plain, other), "{other}");
        }
        assert!(!same(r#"{"a":[1,2]}"#, r#"{"a":[12]}"#));
        assert!(!same(r#"{"a":["b","c"]}"#, r#"{"a":["b\"\"c"]}"#));
        assert!(same(r#"{"a":"\ud83d\ude00"}"#, "{\"a\":\"😀\"}"));
        assert!(same(r#"{"a":"\uD83D"}"#, r#"{"a":"\ud83d"}"#));
        let label = |of: &str| format!(r#"{{"meta":{{"lastUpdated":"{of}","security":[{{"code":"R"}}]}},"id":"1"}}"#);
        assert!(same(&label("1"), &label("2")));
    }

    #[test]
    fn equal_prints_are_equal_bytes() {
        let texts = [
            r#"{"a":[1,2],"b":"é"}"#,
            r#"{"a":[1,2],"b":"\u00e9"}"#,
            r#"{"a":[1,2],"b":"\u00E9"}"#,
            r#"{"a":[1, 2],"b":"é"}"#,
            r#"{"a":[1 ,2],"b":"é"}"#,
            r#"{"a":[1,2], "b":"é"}"#,
            r#"{"a":[1,2],"b": "é"}"#,
            r#"{ "a":[1,2],"b":"é"}"#,
            r#"{"a":[1,2],"b":"é" }"#,
            r#"{"a":[1,2],"b":"é","meta":{}}"#,
            r#"{"a":[1,2],"meta":{},"b":"é"}"#,
            r#"{"meta":{"x":1},"a":[1,2],"b":"é"}"#,
            r#"{"meta":{"x": 1},"a":[1,2],"b":"é"}"#,
        ];
        let prints: std::collections::BTreeSet<_> = texts.iter().map(|t| said(t).print).collect();
        assert_eq!(prints.len(), texts.len());
        assert!(texts.iter().all(|t| same(t, texts[0])));
        assert_eq!(said(texts[3]).print, said(texts[3]).print);
    }

    #[test]
    fn modifiers_are_seen_at_any_depth() {
        assert!(said(r#"{"a":[{"modifierExtension" : [ {"url":"x"} ]}]}"#).modified);
        assert!(said(r#"{"modifierExtension":[{"url":"x"}]}"#).modified);
        assert!(!said(r#"{"a":[{"modifierExtension" : [ ]}],"b":"modifierExtension","extension":[1]}"#).modified);
    }

    #[test]
    fn any_bytes_end() {
        for text in [
            "",
            "{",
            "{\"",
            "{\"a",
            "{\"a\"",
            "{\"a\":",
            "{\"a\\",
            "{\"meta\":{",
            "{\"meta\":{\"security\"",
            "}]",
            "{\"a\":\"\\u12",
        ] {
            said(text);
        }
        assert_eq!(said("{\"a\":\"\\u12\"}").content, said("{\"a\":\"\\u12\"} ").content);
    }
}

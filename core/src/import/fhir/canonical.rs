//! What a resource says, however it is printed: the content by which two exports of one resource
//! are compared.
//!
//! Left out: white space, commas and colons (each scalar ends with a zero byte instead, so that
//! nothing runs into the next), and all of the resource's own `meta` but `security`, which alone
//! says something of the record and not of the copy. Strings are compared by their characters,
//! numbers digit for digit, members and elements in the order given: a serialiser that sorts the
//! members of an object makes another content.
//!
//! One pass, into one buffer that is used again; the resource was parsed before, so that whatever
//! is odd here was JSON all the same.

use super::scan::find_in_string;

/// What was found in one pass.
pub(super) struct Said {
    pub(super) content: [u8; 16],
    /// A `modifierExtension` somewhere: what the record says may mean something else.
    pub(super) modified: bool,
}

/// The buffer, and what was noticed.
#[derive(Default)]
pub(super) struct Canonical {
    out: Vec<u8>,
    modified: bool,
}

/// Bytes kept between resources.
const KEEP: usize = 1 << 20;

impl Canonical {
    pub(super) fn read(&mut self, body: &[u8]) -> Said {
        self.out.clear();
        self.modified = false;
        let mut at = 0;
        let mut first = true;
        while let Some((key, next)) = self.member(body, at, first) {
            first = false;
            at = if key == b"meta" && body.get(next) == Some(&b'{') {
                self.meta(body, next)
            } else {
                // `next` is at the value: what is asked of it is whether it is there at all.
                self.modified |= key == b"modifierExtension" && says_something(body, next);
                self.string(key);
                self.value(body, next, true)
            };
        }
        let mut content = [0; 16];
        let mut hash = blake3::Hasher::new();
        hash.update(&self.out).finalize_xof().fill(&mut content);
        self.out.shrink_to(KEEP);
        Said { content, modified: self.modified }
    }

    fn meta(&mut self, body: &[u8], mut at: usize) -> usize {
        let mut first = true;
        while let Some((key, next)) = self.member(body, at, first) {
            first = false;
            let says = key == b"security";
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
        let end = string_end(body, at);
        Some((body.get(at + 1..end.checked_sub(1)?)?, skip(body, end, b":")))
    }

    /// Takes the value at `at`; returns where it ends.
    fn value(&mut self, body: &[u8], mut at: usize, says: bool) -> usize {
        let mut depth = 0usize;
        while let Some(b) = body.get(at).copied() {
            match b {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => {
                    at += 1;
                    continue;
                }
                b'"' => {
                    let end = string_end(body, at);
                    let inside = body.get(at + 1..end.saturating_sub(1)).unwrap_or(&[]);
                    if inside == b"modifierExtension" {
                        self.modified |= modifies(body, end);
                    }
                    if says {
                        self.string(inside);
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
    fn string(&mut self, inside: &[u8]) {
        self.out.push(b'"');
        let mut rest = inside;
        while let Some(i) = memchr::memchr(b'\\', rest) {
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

/// Behind the closing quote of the string that begins at `at`.
fn string_end(body: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(i) = body.get(at..).and_then(|rest| find_in_string(rest, false)) {
        at += i;
        if body.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    body.len()
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

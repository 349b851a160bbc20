//! JSON texts from elsewhere, before they are parsed.

/// How names of members begin by which `serde_json` tells itself numbers and raw texts: it takes an object
/// with such a name for one of those.
const PRIVATE: &str = "$serde_json::private";

/// Whether a member has such a name, also where it is written with escapes. No parsed value says so.
pub(crate) fn has_private_name(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((string, after)) = next_string(rest) {
        if after.trim_ascii_start().first() == Some(&b':') && is_private(string) {
            return true;
        }
        rest = after;
    }
    false
}

/// The next string, in its quotes, and what follows it.
fn next_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, from) = text.split_at_checked(text.iter().position(|b| *b == b'"')?)?;
    let mut escaped = false;
    let ends = |b: &u8| {
        let ends = *b == b'"' && !escaped;
        escaped = *b == b'\\' && !escaped;
        ends
    };
    let length = from.get(1..)?.iter().position(ends)?;
    from.split_at_checked(length + 2)
}

fn is_private(string: &[u8]) -> bool {
    if string.contains(&b'\\') {
        return serde_json::from_slice::<String>(string).is_ok_and(|name| name.starts_with(PRIVATE));
    }
    string.get(1..).is_some_and(|name| name.starts_with(PRIVATE.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::has_private_name;

    #[test]
    fn private_names_are_found_however_they_are_written() {
        for text in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"a":[{"b":"\"","$serde_json::private::RawValue" : 1}]}"#,
            "{\"a\\\\\":1,\"\\u0024serde_json::private::Number\"\n\t:\"1\"}",
            r#"{"$serde_json\u003a:private":{},"a":1}"#,
            r#"{"a":{"$serde_json::private::Number":"1"},"a":1}"#,
        ] {
            assert!(has_private_name(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            r#"{"a":"$serde_json::private::Number","b":1}"#,
            r#"{"a":"\"$serde_json::private::Number\":"}"#,
            r#"{"serde_json::private::Number":"1","$serde_json":":"}"#,
            r#"{"\\u0024serde_json::private::Number":"1"}"#,
            r#"{"a":"$serde_json::private"#,
        ] {
            assert!(!has_private_name(text.as_bytes()), "{text}");
        }
    }
}

//! Finding where one element ends, without understanding it: quotes, comments and nesting only.
//!
//! An XML attribute value cannot hold `<` (XML 1.0 section 2.3), and Apple's elements do not nest
//! but for records in a correlation. Both make a lost quote or end tag visible where it is lost,
//! so that damage costs one element.

use crate::import::{Limits, What};
use memchr::{memchr2, memmem};

/// What a scan of the bytes at hand came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan<T> {
    Done(T),
    /// The bytes end too early.
    More,
    /// Broken; reading may go on at `at`, which is never behind what was scanned.
    Bad {
        at: usize,
        what: What,
    },
}

impl<T> Scan<T> {
    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Scan<U> {
        match self {
            Self::Done(t) => Scan::Done(f(t)),
            Self::More => Scan::More,
            Self::Bad { at, what } => Scan::Bad { at, what },
        }
    }
}

/// The elements of an export, by the fixed word that reports count them by.
pub(super) const NAMES: [&str; 9] = [
    "Record",
    "Workout",
    "ActivitySummary",
    "Correlation",
    "ClinicalRecord",
    "Audiogram",
    "VisionPrescription",
    "Me",
    "ExportDate",
];

/// The name of the tag that starts at `<` or `</`.
pub(super) fn name(b: &[u8]) -> &[u8] {
    let b = b.strip_prefix(b"</").or_else(|| b.strip_prefix(b"<")).unwrap_or(b);
    let n = b.iter().position(|c| matches!(c, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>' | b'<' | b'='));
    b.get(..n.unwrap_or(b.len())).unwrap_or_default()
}

/// The fixed word for an element's name.
pub(super) fn known(name: &[u8]) -> Option<&'static str> {
    NAMES.iter().copied().find(|n| n.as_bytes() == name)
}

/// The first byte behind a tag, and whether it closes itself (`/>`).
pub(super) fn tag(b: &[u8], from: usize) -> Scan<(usize, bool)> {
    let mut at = from + 1;
    loop {
        match b.get(at) {
            None => return Scan::More,
            Some(b'>') => return Scan::Done((at + 1, b.get(at - 1) == Some(&b'/'))),
            Some(b'<') => return Scan::Bad { at, what: What::BadXml },
            Some(quote @ (b'"' | b'\'')) => {
                let rest = b.get(at + 1..).unwrap_or_default();
                match memchr2(*quote, b'<', rest) {
                    None => return Scan::More,
                    Some(n) if rest.get(n) == Some(&b'<') => {
                        return Scan::Bad { at: at + 1 + n, what: What::BadXml };
                    }
                    Some(n) => at += n + 2,
                }
            }
            Some(_) => at += 1,
        }
    }
}

/// A comment, CDATA section, processing instruction: the first byte behind it.
fn skip(b: &[u8], at: usize, open: usize, close: &[u8]) -> Option<usize> {
    memmem::find(b.get(at + open..)?, close).map(|n| at + open + n + close.len())
}

/// The first byte behind what is neither a tag nor text, if that is what stands at `at`.
pub(super) fn misc(b: &[u8], at: usize) -> Option<Scan<usize>> {
    let rest = b.get(at..).unwrap_or_default();
    let end = if rest.starts_with(b"<!--") {
        skip(b, at, 4, b"-->")
    } else if rest.starts_with(b"<![CDATA[") {
        skip(b, at, 9, b"]]>")
    } else if rest.starts_with(b"<?") {
        skip(b, at, 2, b"?>")
    } else if rest.starts_with(b"<!") {
        // Not enough to tell, or a declaration, which has no place inside an element.
        return Some(if rest.len() < 9 { Scan::More } else { Scan::Bad { at: at + 2, what: What::BadXml } });
    } else {
        return None;
    };
    Some(end.map_or(Scan::More, Scan::Done))
}

/// How far a tag is indented, where it starts a line.
pub(super) fn indent(b: &[u8], at: usize) -> Option<usize> {
    let line = b.get(..at)?;
    let n = line.iter().rev().take_while(|c| matches!(c, b' ' | b'\t')).count();
    (line.get(at.checked_sub(n + 1)?) == Some(&b'\n')).then_some(n)
}

/// Whether the tag at `at` cannot belong to `outer`, so that `outer` has lost its end.
fn intruder(b: &[u8], at: usize, outer: &[u8], outer_indent: Option<usize>) -> bool {
    let inner = name(b.get(at..).unwrap_or_default());
    if known(inner).is_none() {
        return false;
    }
    if outer != b"Correlation" || inner != b"Record" {
        return true;
    }
    matches!((indent(b, at), outer_indent), (Some(i), Some(o)) if i <= o)
}

/// The first byte behind the element that starts at `b[0]`; `outer_indent` is its indentation.
pub(super) fn element(b: &[u8], outer_indent: Option<usize>, limits: &Limits) -> Scan<usize> {
    let outer = name(b);
    let (mut at, closed) = match tag(b, 0) {
        Scan::Done(found) => found,
        Scan::More => return Scan::More,
        Scan::Bad { at, what } => return Scan::Bad { at, what },
    };
    let mut depth = usize::from(!closed);
    while depth > 0 {
        let Some(n) = memchr::memchr(b'<', b.get(at..).unwrap_or_default()) else { return Scan::More };
        at += n;
        match misc(b, at) {
            Some(Scan::Done(end)) => {
                at = end;
                continue;
            }
            Some(other) => return other,
            None => {}
        }
        let (end, closed) = match tag(b, at) {
            Scan::Done(found) => found,
            Scan::More => return Scan::More,
            Scan::Bad { at, what } => return Scan::Bad { at, what },
        };
        if b.get(at + 1) == Some(&b'/') {
            depth -= 1;
        } else if intruder(b, at, outer, outer_indent) {
            return Scan::Bad { at, what: What::BadXml };
        } else {
            depth += usize::from(!closed);
        }
        at = end;
        if depth > limits.xml_depth {
            return Scan::Bad { at, what: What::TooDeep };
        }
    }
    Scan::Done(at)
}

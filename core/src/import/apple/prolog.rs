//! What stands before the root element. The document type declaration is skipped by hand: the one
//! that iOS 16 writes is itself broken, and nothing in it is needed.

use super::scan;
use crate::import::What;
use memchr::memmem;

/// Where the root start tag is, and what was skipped on the way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Prolog {
    /// The root tag starts here.
    Root(usize, Option<What>),
    /// The bytes end too early.
    More,
    /// No XML.
    NotXml,
}

/// A byte order mark in UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Finds the root start tag, from the first byte of a document.
pub(super) fn prolog(b: &[u8]) -> Prolog {
    if b.len() < BOM.len() {
        return Prolog::More;
    }
    let mut at = if b.starts_with(BOM) { BOM.len() } else { 0 };
    let mut seen = None;
    loop {
        let rest = b.get(at..).unwrap_or_default();
        match rest.first() {
            None => return Prolog::More,
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'<') if rest.len() < 9 => return Prolog::More,
            Some(b'<') if rest.starts_with(b"<!DOCTYPE") => match doctype(b, at) {
                Some((end, what)) => {
                    at = end;
                    seen = seen.or(what);
                }
                None => return Prolog::More,
            },
            Some(b'<') => match scan::misc(b, at) {
                None => return Prolog::Root(at, seen),
                Some(scan::Scan::Done(end)) => at = end,
                Some(scan::Scan::More) => return Prolog::More,
                Some(scan::Scan::Bad { .. }) => return Prolog::NotXml,
            },
            Some(_) => return Prolog::NotXml,
        }
    }
}

/// The name of the root element, from the first bytes of a document; its declaration's, where
/// there is one.
pub(super) fn root_name(b: &[u8]) -> Option<&[u8]> {
    if let Prolog::Root(at, _) = prolog(b) {
        return Some(scan::name(b.get(at..)?));
    }
    // A long declaration: its first word is the name.
    let at = memmem::find(b, b"<!DOCTYPE")?;
    let rest = b.get(at + 9..)?.trim_ascii_start();
    let n = rest.iter().position(|c| c.is_ascii_whitespace() || matches!(c, b'[' | b'>'))?;
    rest.get(..n)
}

/// The first byte behind a document type declaration, and what is to be said about it: entities
/// that will not be expanded, or that a declaration in it has lost its end. Without a proper end,
/// it ends where the root element starts.
fn doctype(b: &[u8], from: usize) -> Option<(usize, Option<What>)> {
    let mut at = from + 9;
    let (mut subset, mut open, mut what) = (false, false, None);
    loop {
        let rest = b.get(at..)?;
        match rest.first()? {
            b'<' if rest.len() < 12 => return None,
            b'<' if rest.starts_with(b"<!--") => at += 4 + memmem::find(rest.get(4..)?, b"-->")? + 3,
            b'<' if rest.starts_with(b"<?") => at += 2 + memmem::find(rest.get(2..)?, b"?>")? + 2,
            b'<' if rest.starts_with(b"<!") => {
                if open {
                    what = Some(What::BrokenDoctype);
                } else if rest.starts_with(b"<!ENTITY") {
                    what = what.or(Some(What::DoctypeSkipped));
                }
                open = subset;
                at += 2;
            }
            b'<' if rest.starts_with(b"<HealthData") => return Some((at, Some(What::BrokenDoctype))),
            b'[' if !subset => {
                subset = true;
                at += 1;
            }
            b']' if subset => {
                let gap = rest.get(1..)?.iter().position(|c| !c.is_ascii_whitespace())?;
                if rest.get(1 + gap) == Some(&b'>') {
                    if open {
                        what = Some(What::BrokenDoctype);
                    }
                    return Some((at + gap + 2, what));
                }
                at += 1;
            }
            b'>' if !subset => return Some((at + 1, what)),
            b'>' => {
                open = false;
                at += 1;
            }
            quote @ (b'"' | b'\'') if open || !subset => {
                // A quote that does not end is taken for a character: the end is found all the same.
                let rest = rest.get(1..)?;
                at += 1 + memchr::memchr2(*quote, b'<', rest)
                    .filter(|n| rest.get(*n) == Some(quote))
                    .map_or(0, |n| n + 1);
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_sound_and_broken() {
        let root = "<HealthData locale='x'>";
        for (head, what) in [
            ("", None),
            ("\u{feff}<?xml version='1.0'?>\n", None),
            ("<!DOCTYPE HealthData>", None),
            (
                "<!DOCTYPE HealthData [<!-- it's ]> \" --><!ELEMENT Me EMPTY>\n<!ATTLIST Me a CDATA #REQUIRED>] >\n",
                None,
            ),
            (
                "<!DOCTYPE HealthData [<!ATTLIST A\n b CDATA #REQUIRED\n<!ELEMENT B EMPTY>\n]>",
                Some(What::BrokenDoctype),
            ),
            ("<!DOCTYPE HealthData [<!ELEMENT B EMPTY\n]>", Some(What::BrokenDoctype)),
            ("<!DOCTYPE HealthData [<!ELEMENT B EMPTY>\n", Some(What::BrokenDoctype)),
            ("<!DOCTYPE HealthData [<!ENTITY a \"]>\">]>", Some(What::DoctypeSkipped)),
            ("<!DOCTYPE HealthData [<!ENTITY a SYSTEM 'file:///x'>]>", Some(What::DoctypeSkipped)),
        ] {
            let text = format!("{head}{root} and more text");
            assert_eq!(prolog(text.as_bytes()), Prolog::Root(head.len(), what), "{head}");
            assert_eq!(root_name(text.as_bytes()), Some(&b"HealthData"[..]));
            for cut in 0..head.len() {
                assert!(matches!(prolog(&text.as_bytes()[..cut]), Prolog::More), "{head} {cut}");
            }
        }
        assert_eq!(prolog(b"{\"a\":1} and more"), Prolog::NotXml);
        assert_eq!(root_name(b"<!DOCTYPE HealthData [\n<!ELEMENT"), Some(&b"HealthData"[..]));
    }
}

//! Readable output: the report of an import, a context's citations, the log.

use healthspace::grounding::{Citation, Composed};
use healthspace::import::Report;
use healthspace::{Error, SourceId};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A number of bytes, in decimal units.
#[must_use]
pub fn bytes(n: u64) -> String {
    match n {
        0..1000 => format!("{n} B"),
        1000..1_000_000 => format!("{}.{} kB", n / 1000, n % 1000 / 100),
        1_000_000..1_000_000_000 => format!("{}.{} MB", n / 1_000_000, n % 1_000_000 / 100_000),
        _ => format!("{}.{} GB", n / 1_000_000_000, n % 1_000_000_000 / 100_000_000),
    }
}

/// Words of a file system or of a file on one line, without what a terminal would obey.
#[must_use]
pub fn shown(words: &str) -> String {
    let mut out = String::new();
    for c in words.chars() {
        // Direction marks and the like draw nothing and turn what follows.
        let unseen =
            matches!(u32::from(c), 0xAD | 0x061C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF);
        if c.is_control() || unseen { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// What an import did, per type; and what was the matter, with the first places of it.
#[must_use]
pub fn report(r: &Report) -> String {
    let mut out = String::new();
    if r.already_imported {
        out.push_str("  this very file was imported before: nothing to do\n");
        return out;
    }
    let width = r.types.keys().map(String::len).max().unwrap_or(4).max(4);
    // Versions of one thing are rare: their columns stand only where there are some.
    let versions = r.replaced() + r.superseded() > 0;
    let _ = write!(out, "  {:width$} {:>9} {:>9} {:>9}", "type", "imported", "known", "refused");
    let _ = if versions { writeln!(out, " {:>9} {:>9}", "newer", "older") } else { writeln!(out) };
    for (name, n) in &r.types {
        let name = shown(name);
        let _ = write!(out, "  {name:width$} {:>9} {:>9} {:>9}", n.imported, n.linked, n.refused);
        let _ = if versions { writeln!(out, " {:>9} {:>9}", n.replaced, n.superseded) } else { writeln!(out) };
    }
    let _ = writeln!(out, "  {} typed facts from {}", r.facts, bytes(r.bytes));
    for ((severity, what), n) in &r.issue_counts {
        let place = r.issues.iter().find(|i| i.what == *what && i.severity == *severity);
        let place = place.map(|i| match r.members.get(&i.member) {
            Some(name) => format!(", first in member {} ({}) at byte {}", i.member, shown(name.as_str()), i.offset),
            None => format!(", first at byte {}", i.offset),
        });
        let _ = writeln!(
            out,
            "  {}, {n} {}: {what}{}",
            severity.code(),
            if *n == 1 { "time" } else { "times" },
            place.unwrap_or_default()
        );
    }
    out
}

/// The context and under it, for every number in it, the place in the file that it stands on.
#[must_use]
pub fn context(c: &Composed, names: &BTreeMap<SourceId, String>) -> String {
    let mut out = c.text.clone();
    out.push_str("\nCitations\n");
    for cite in &c.citations {
        let _ = writeln!(out, "[r:{}] {}", cite.number, citation(cite, names));
    }
    for o in &c.omitted {
        let _ = writeln!(out, "left out for want of room: {} ({})", o.what, o.count);
    }
    out
}

fn citation(c: &Citation, names: &BTreeMap<SourceId, String>) -> String {
    let hash: String = c.source.to_hex().chars().take(16).collect();
    let name = names.get(&c.source).map_or("an earlier import", String::as_str);
    let member = if c.span.member == 0 { String::new() } else { format!(" member {}", c.span.member) };
    let day: String = c.imported_at.to_rfc3339().chars().take(10).collect();
    format!(
        "record {} | {name}{member}, bytes {}..{} | BLAKE3 {hash}.. | imported {day}",
        c.record.to_hex(),
        c.span.offset,
        c.span.offset.saturating_add(c.span.len),
    )
}

/// An error with what to do about it, where there is something to do.
#[must_use]
pub fn error(e: &Error) -> String {
    let hint = match e {
        Error::OtherSubject => "; if the files are about one person, say --same-person",
        Error::CannotOpen => "; is the passphrase right?",
        Error::Busy => "; close the other program and try again",
        Error::Malformed(healthspace::Malformed::UnknownFormat) => {
            "; FHIR R4 JSON or NDJSON, Apple Health export.xml, or a zip of either, is read"
        }
        Error::Malformed(healthspace::Malformed::NotAFile) => "; a directory or a device cannot be imported",
        Error::Io(std::io::ErrorKind::NotFound) => "; there is no such file",
        Error::Io(std::io::ErrorKind::PermissionDenied) => "; it may not be read or written",
        _ => "",
    };
    format!("{e} (error {}){hint}", e.code().number())
}

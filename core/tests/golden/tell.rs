//! What a space says, in words that no later version has a reason to change: ids, codes, digits, bytes, proofs.

use healthspace::catalog::{FactRow, Query};
use healthspace::grounding::{Budget, GroundOptions};
use healthspace::record::{Coding, Kind, Quantity, Value, When};
use healthspace::{Error, HealthSpace, Label, LogOf, Memory, Purpose, Role, Session, verify_receipt};
use std::fmt::Write as _;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(byte).collect()
}

/// Bytes on one line.
fn line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

/// A log, whole: its key, its checkpoint, and each entry with its proof, which must verify.
pub(crate) fn log(space: &HealthSpace, of: LogOf<'_>) -> String {
    let key = space.verifier_key(of).unwrap();
    let mut out = format!("{key}\n{}", space.checkpoint(of).unwrap());
    for l in space.log(of).unwrap() {
        let receipt = space.receipt(of, l.index).unwrap();
        assert_eq!(verify_receipt(&receipt, &key).unwrap().entry, l.entry);
        assert!(!l.describe("en").is_empty() && !l.describe("fr").is_empty());
        let _ = writeln!(out, "entry {} {}\n{receipt}", l.index, l.time().as_millis());
    }
    for step in space.handovers(of).unwrap() {
        let _ = writeln!(out, "handover at {}", step.size);
    }
    out
}

fn label(l: &Label) -> String {
    let (c, i) = (l.confidentiality.code(), l.integrity as u8);
    let bits = (l.sensitivities.bits(), l.origins.bits(), l.purposes.bits(), l.obligations.bits());
    format!("{c} {:x} {:x} {:x} {:x} {i}", bits.0, bits.1, bits.2, bits.3)
}

fn memory(m: &Memory) -> String {
    let parents: Vec<String> = m.parents.iter().map(|p| p.to_hex()).collect();
    let grants: Vec<String> = m.grants.iter().map(|g| g.to_hex()).collect();
    format!(
        "{} {} [{}] from {} under {} in {} at {} {}",
        m.id.to_hex(),
        m.text,
        label(&m.label),
        parents.join(","),
        grants.join(","),
        m.conversation.to_hex(),
        m.at.as_millis(),
        if m.quarantine.is_some() { "quarantined" } else { "" }
    )
}

fn when(w: Option<When>) -> String {
    w.map_or_else(String::new, |w| format!("{}/{}/{:?}", w.at, w.precision as u8, w.offset))
}

fn codes(all: &[Coding]) -> String {
    all.iter().map(|c| format!("{}|{}|{}", c.system, c.code, c.display)).collect::<Vec<_>>().join(",")
}

fn quantity(q: &Quantity) -> String {
    format!("{} {} {} {}", q.comparator as u8, q.number, q.unit, q.ucum)
}

fn fact(row: &FactRow) -> String {
    let (f, c) = (&row.fact, &row.class);
    let value = match &f.value {
        Value::None => String::new(),
        Value::Quantity(q) => format!("quantity {}", quantity(q)),
        Value::Coded(all, text) => format!("coded {} {text}", codes(all)),
        Value::Text(text) => format!("text {text}"),
        Value::Bool(b) => format!("bool {b}"),
    };
    let range = f.range.as_ref().map_or_else(String::new, |r| {
        let bound = |q: &Option<Quantity>| q.as_ref().map_or_else(String::new, quantity);
        format!("{}..{} {} {}", bound(&r.low), bound(&r.high), r.text, r.interpretation)
    });
    let series = row.series.as_ref().map_or_else(String::new, |s| {
        format!("{} samples, {} numbers, {} {} {}", s.count, s.numbers, s.sum, s.min, s.max)
    });
    let places: Vec<String> = row
        .origins
        .iter()
        .map(|o| format!("{}/{}/{}+{}", o.source, o.span.member, o.span.offset, o.span.len))
        .collect();
    let fields = [
        format!("{} {} {} {}", row.record.to_hex(), row.part, row.type_name, f.kind as u8),
        format!("{} {} {:x} {}", f.category.code(), c.confidentiality.code(), c.sensitivities, c.author as u8),
        codes(&f.codes),
        f.text.clone(),
        when(f.when),
        when(f.until),
        value,
        (f.status as u8).to_string(),
        range,
        f.note.clone(),
        series,
        places.join(","),
    ];
    fields.join(" ; ").escape_debug().to_string()
}

/// Everything that a space says to its person, and what a model is shown. Reading is logged, so logs come first.
pub(crate) fn tell(space: &HealthSpace) -> String {
    let info = space.info().unwrap();
    let mut out = format!("space {} format {}\n", if info.full { "full" } else { "partitions" }, info.format);
    out.push_str(&log(space, LogOf::Space));
    for name in &info.partitions {
        let clearance = label(&space.clearance(name).unwrap());
        let _ = writeln!(out, "partition {name} [{clearance}]\n{}", log(space, LogOf::Partition(name)));
    }
    for (id, consent) in space.export_consents().unwrap() {
        let _ = writeln!(out, "consent {} {}", id.to_hex(), line(&consent));
    }
    for g in space.grants().unwrap() {
        let _ = writeln!(out, "grant {} {} {:?} {:?}", g.id.to_hex(), g.partition, g.standing, g.uses_left);
    }
    for d in space.declassify_grants().unwrap() {
        let _ = writeln!(out, "lowering {}", d.id.to_hex());
    }
    for w in space.ways_in().unwrap() {
        let _ = writeln!(out, "way {} {:?}", w.id.to_hex(), w.kind);
    }
    for name in &info.partitions {
        kept(space, name, &mut out);
    }
    let session = space.session(super::make::model(), Purpose::PatientRequest).unwrap();
    shown(&session, &mut out);
    out
}

/// What a partition keeps.
fn kept(space: &HealthSpace, name: &str, out: &mut String) {
    let p = space.partition(name).unwrap();
    for c in p.conversations().unwrap().into_value() {
        let _ =
            writeln!(out, "conversation {} {} {} {}", c.id.to_hex(), c.first.as_millis(), c.last.as_millis(), c.turns);
        for t in p.turns(c.id).unwrap().into_value() {
            let role = match t.role {
                Role::Person => "person",
                Role::Assistant => "assistant",
                Role::Tool => "tool",
                _ => "another",
            };
            let _ = writeln!(out, "turn {role} {}", memory(&t.memory));
        }
    }
    for m in p.memories().unwrap().into_value() {
        let _ = writeln!(out, "memory {}", memory(&m));
    }
    for s in p.sources().unwrap() {
        let mut original = Vec::new();
        let there = match p.original(s.id, super::make::gesture(), &mut original) {
            Ok(_) => line(&original),
            Err(Error::NotFound) => "not kept whole".into(),
            Err(e) => panic!("{e:?}"),
        };
        let _ = writeln!(out, "source {} {} {} {there}", s.id.to_hex(), s.bytes, s.imported_at.as_millis());
    }
}

/// What a model is shown.
fn shown(session: &Session, out: &mut String) {
    let all = Query { include_errors: true, ..Query::default() };
    let reader = session.reader(&all, 10_000).unwrap();
    let rows = reader.facts(&all).unwrap();
    let mut facts: Vec<String> = rows.iter().map(fact).collect();
    facts.sort_unstable();
    facts.iter().for_each(|f| _ = writeln!(out, "fact {f}"));
    let mut records: Vec<_> = rows.iter().filter(|r| r.fact.kind != Kind::Series).map(|r| r.record).collect();
    records.sort_unstable();
    records.dedup();
    for (id, body) in records.iter().zip(reader.bodies(&records).unwrap()) {
        let _ = writeln!(out, "body {} {}", id.to_hex(), line(&body));
    }
    drop(reader);
    // Samples are read by a question about them alone; of its answer the numbers.
    let mut how = GroundOptions::new(Budget::tokens(700));
    how.nonce = Some([0xab; 8]);
    for (asked, of) in [("steps", 5), ("steps", 6), ("heart rate", 2), ("heart rate", 9), ("sleep", 4)] {
        let day = if asked == "steps" { format!("2026-01-0{of}") } else { format!("2025-11-0{of}") };
        let said = session.ground_with(&format!("{asked} on {day}"), &how).unwrap().into_value().text;
        let lines = said.lines().filter(|l| l.starts_with("- ") && l.contains('≈'));
        let words = lines.flat_map(|l| l.split(|c: char| !c.is_ascii_digit() && c != '.'));
        let numbers: Vec<&str> = words.map(|w| w.trim_matches('.')).filter(|w| !w.is_empty()).collect();
        let _ = writeln!(out, "samples of {asked} on {day}: {}", numbers.join(" "));
    }
}

//! Dates, units and ids that are odd: kept as they are, reported, and of no harm to an answer.

use super::common::*;
use healthspace::catalog::{Order, Query};
use healthspace::grounding::Budget;
use healthspace::import::{Severity, Source, What};
use healthspace::record::{Kind, Value};

fn dated(id: usize, date: &str) -> String {
    observation(
        id,
        &format!(
            r#","effectiveDateTime":"{date}","valueQuantity":{{"value":{id},"unit":"mg/dL","code":"mg/dL","system":"http://unitsofmeasure.org"}}"#
        ),
    )
}

#[test]
fn the_ends_of_time() {
    let room = Room::new();
    let dates = [
        ("0000-01-01", false),
        ("0000", false),
        ("0001-01-01", true),
        ("0001-01-01T00:00:00+14:00", true),
        ("9999-12-31", true),
        ("9999-12-31T23:59:59.999999999-12:00", true),
        ("9999", true),
        ("10000-01-01", false),
        ("-0001-01-01", false),
        ("2026-02-30", false),
        ("2026-13-01", false),
        ("2026-01-05T25:00:00Z", false),
        ("99999999999999999999", false),
        ("", false),
    ];
    let all: Vec<String> = dates.iter().enumerate().map(|(i, (d, _))| dated(i + 1, d)).collect();
    let report = room.import(bundle(&all)).unwrap();
    assert_eq!((report.imported(), report.refused()), (dates.len() as u64, 0));
    let bad = dates.iter().filter(|(d, good)| !good && !d.is_empty()).count() as u64;
    let counted = report.issue_counts.get(&(Severity::Repaired, What::BadDate)).copied().unwrap_or(0);
    assert!(counted == bad || counted == bad + 1, "{counted} of {bad}: {:?}", report.issue_counts);
    let rows = facts(&room.space);
    assert_eq!(rows.len(), dates.len());
    for (i, (date, good)) in dates.iter().enumerate() {
        let row = rows
            .iter()
            .find(|r| matches!(&r.fact.value, Value::Quantity(q) if q.number.to_string() == (i + 1).to_string()));
        assert_eq!(row.unwrap().fact.when.is_some(), *good, "{date}");
    }
    // Every way of asking goes through; undated facts come last, and are in no period.
    let s = session(&room.space);
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let rows = s.query(&Query { order, ..Query::default() }).unwrap().into_value();
        let when: Vec<_> = rows.iter().map(|r| r.fact.when.map(|w| w.at)).collect();
        let dated: Vec<i64> = when.iter().take_while(|w| w.is_some()).flatten().copied().collect();
        assert!(when.iter().skip(dated.len()).all(Option::is_none) && dated.len() == 5);
        assert!(dated.is_sorted_by(|a, b| if order == Order::OldestFirst { a <= b } else { a >= b }));
    }
    for (from, to) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (0, 0)] {
        s.query(&Query { from: Some(from), to: Some(to), ..Query::default() }).unwrap();
    }
    for question in [
        "How did my LDL change?",
        "LDL last year",
        "LDL between 0001 and 9999",
        "LDL in the year 0",
        "Mon LDL depuis 9999",
    ] {
        let text = s.ground(question, Budget::tokens(2000)).unwrap().into_value().text;
        assert!(!text.is_empty());
    }
    s.presence().unwrap();
    drop(s);
    assert_eq!(facts(&room.again()).len(), dates.len());
}

#[test]
fn the_ends_of_time_in_a_health_export() {
    let room = Room::new();
    let times = [
        "0000-01-01 00:00:00 +0000",
        "0001-01-01 00:00:00 +0000",
        "9999-12-31 23:59:59 -1200",
        "9999-12-31 23:59:60 +0000",
        "10000-01-01 00:00:00 +0000",
        "2026-02-30 10:00:00 +0000",
        "2026-01-05 10:00:00 +9959",
        "yesterday",
    ];
    let inner: String = times.iter().map(|t| steps(t, "/>")).collect();
    let report = room.import(export("", &inner)).unwrap();
    let n: u64 = report.imported() + report.refused();
    assert!(n == times.len() as u64 && report.imported() >= 2, "{report:?}");
    let named = |w: What| report.issue_counts.iter().filter(|((_, what), _)| *what == w).map(|(_, n)| n).sum::<u64>();
    assert!(named(What::BadDate) + named(What::MissingField) >= report.refused());
    let s = session(&room.space);
    for question in ["How many steps did I take?", "steps in 9999", "steps per month", "steps since the year 1"] {
        s.ground(question, Budget::tokens(2000)).unwrap();
    }
    // The chunks can be looked into again: an overlapping export does.
    let again = room.import(export("", &(inner + &steps("2026-01-06 10:00:00 +0000", "/>")))).unwrap();
    assert_eq!(again.imported(), 1, "{again:?}");
}

#[test]
fn a_unit_that_nobody_knows_is_kept_as_printed() {
    let room = Room::new();
    let with = |id: usize, q: &str| {
        observation(id, &format!(r#","effectiveDateTime":"2026-01-0{id}","valueQuantity":{{{q}}}"#))
    };
    let ucum = r#""system":"http://unitsofmeasure.org""#;
    let all = [
        with(1, &format!(r#""value":1,"unit":"furlongs per fortnight",{ucum},"code":"[furlong]/[fortnight]""#)),
        with(2, r#""value":2,"unit":"\u202eL/dg","code":"??""#),
        with(3, r#""value":3"#),
        with(4, &format!(r#""value":4,"unit":"mg/dL",{ucum},"code":"mg/dL""#)),
    ];
    let report = room.import(bundle(&all)).unwrap();
    assert_eq!((report.imported(), report.refused()), (4, 0));
    assert!(report.issue_counts[&(Severity::Repaired, What::UnknownUnit)] >= 1);
    let unknown: Vec<u64> = report.issues.iter().filter(|i| i.what == What::UnknownUnit).map(|i| i.offset).collect();
    let text = bundle(&all);
    let place = |n: usize| text.find(&all[n - 1]).unwrap() as u64;
    assert!(unknown.contains(&place(2)) && !unknown.contains(&place(4)), "{unknown:?}");
    let rows = facts(&room.space);
    let unit = |n: &str| {
        let found = rows.iter().find_map(|r| match &r.fact.value {
            Value::Quantity(q) if q.number.to_string() == n => Some(q.unit.clone()),
            _ => None,
        });
        found.unwrap()
    };
    assert_eq!((unit("1").as_str(), unit("3").as_str(), unit("4").as_str()), ("furlongs per fortnight", "", "mg/dL"));
    // A line about them does not mix units, and cannot be turned around by one.
    let s = session(&room.space);
    let text = s.ground("What is my LDL?", Budget::tokens(2000)).unwrap().into_value().text;
    assert!(!text.contains('\u{202e}'));
    // In an export: any word is a unit.
    let xml = export("", &steps("2026-01-05 10:00:00 +0000", "/>").replace("count", "zorkmids"));
    assert_eq!(room.import(xml).unwrap().imported(), 1);
    let series: Vec<_> = facts(&room.space).into_iter().filter(|r| r.fact.kind == Kind::Series).collect();
    assert_eq!(series[0].fact.note, "zorkmids");
}

#[test]
fn numbers_that_do_not_fit_are_kept_as_text() {
    let room = Room::new();
    let numbers = [
        "1e999999999",
        "123456789012345678901234567890",
        "0.00000000000000000000000000000000000001",
        "-0",
        "1E400",
        "-1e-400",
    ];
    let all: Vec<String> = numbers.iter().enumerate().map(|(i, n)| observation(i, &value(n))).collect();
    let report = room.import(bundle(&all)).unwrap();
    assert_eq!((report.imported(), report.refused()), (6, 0));
    assert!(report.issue_counts[&(Severity::Repaired, What::BadNumber)] >= 4);
    let shown = words(&facts(&room.space));
    for n in ["1e999999999", "123456789012345678901234567890"] {
        assert!(shown.iter().any(|w| w.contains(n)), "{n}");
    }
    session(&room.space).ground("How did my LDL change?", Budget::tokens(2000)).unwrap();
}

#[test]
fn of_two_values_for_one_id_one_is_shown_and_both_are_kept() {
    let (one, two) = (observation(1, &value("100")), observation(1, &value("200")));
    let values = |room: &Room| {
        let all = facts(&room.space);
        let number = |r: &healthspace::catalog::FactRow| match &r.fact.value {
            Value::Quantity(q) => Some(q.number.to_string()),
            _ => None,
        };
        all.iter().filter_map(number).collect::<Vec<String>>()
    };
    // In one file, the first again behind the second.
    let room = Room::new();
    let file = bundle(&[one.clone(), two.clone(), one.clone(), two.clone()]);
    let report = room.import(file.clone()).unwrap();
    assert_eq!((report.imported(), report.superseded(), report.linked(), report.refused()), (1, 1, 2, 0));
    let found = issue(&report, What::ConflictingId);
    assert_eq!(
        (found.severity, usize::try_from(found.offset).unwrap()),
        (Severity::Repaired, file.find(&two).unwrap())
    );
    assert_eq!(values(&room), ["200"], "the later one, and said to conflict");
    let more = room.import(bundle(std::slice::from_ref(&two))).unwrap();
    assert_eq!((more.imported(), more.replaced(), more.linked()), (0, 0, 1));
    assert_eq!(values(&room), ["200"]);
    // Across files: nothing tells which is right, so the last import is shown, whatever is known.
    let room = Room::new();
    room.import(one.clone()).unwrap();
    for (text, shown) in [(two.clone(), "200"), (one + "\n", "100"), (two + "\n", "200")] {
        let report = room.import(text).unwrap();
        assert_eq!((report.imported(), report.replaced(), issue(&report, What::ConflictingId).offset), (0, 1, 0));
        assert_eq!(values(&room), [shown]);
    }
}

#[test]
fn a_file_about_two_people_needs_a_word() {
    let room = Room::new();
    let patient = |id: &str, family: &str| {
        format!(
            r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"{family}","given":["X"]}}],"birthDate":"1970-01-02"}}"#
        )
    };
    let file = bundle(&[patient("a", "One"), patient("b", "Two")]);
    let before = room.mark();
    assert!(matches!(room.import(file.clone()), Err(healthspace::Error::OtherSubject)));
    assert_eq!(discarded(&room.space), 1);
    assert!(room.health().staged_imports().unwrap().is_empty() && room.health().sources().unwrap().is_empty());
    assert_ne!(room.mark(), before, "the log says that it was tried");
    let report = room.health().import_with(Source::bytes(file).unwrap(), &confirmed()).unwrap();
    assert_eq!(report.imported(), 2);
}

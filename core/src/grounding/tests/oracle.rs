//! What a bundle says, computed from its JSON alone: nothing of the library is used here.

use serde_json::Value as Json;
use std::collections::BTreeSet;

/// A reported decimal: its digits as one integer, and how many of them stand behind the point.
#[derive(Clone, Copy)]
struct Digits(i128, u32);

/// One numeric result.
#[derive(Clone, Debug)]
pub(super) struct Result {
    /// LOINC codes, the first one first.
    pub(super) codes: Vec<String>,
    /// Seconds since 1970.
    pub(super) at: i64,
    /// As reported; to the minute where the same was measured several times that day.
    pub(super) date: String,
    pub(super) number: String,
    pub(super) unit: String,
}

/// A start of a medication.
pub(super) struct Start {
    pub(super) at: i64,
    pub(super) date: String,
    /// In lower case.
    pub(super) text: String,
}

fn resources(bundle: &Json) -> impl Iterator<Item = &Json> {
    bundle["entry"].as_array().unwrap().iter().map(|e| &e["resource"])
}

/// Every numeric result, oldest first.
pub(super) fn results(bundle: &Json) -> Vec<Result> {
    let mut out = Vec::new();
    for r in resources(bundle).filter(|r| r["resourceType"] == "Observation") {
        assert_eq!(r["status"], "final");
        let date = r["effectiveDateTime"].as_str().unwrap();
        let parts = r["component"].as_array().into_iter().flatten();
        for x in [r].into_iter().chain(parts).filter(|x| x["valueQuantity"]["value"].is_number()) {
            let q = &x["valueQuantity"];
            assert!(q["comparator"].is_null());
            let codings = x["code"]["coding"].as_array().unwrap().iter().filter(|c| c["system"] == "http://loinc.org");
            out.push(Result {
                codes: codings.map(|c| c["code"].as_str().unwrap().to_owned()).collect(),
                at: seconds(date),
                date: date[..16].replace('T', " "),
                number: q["value"].to_string(),
                unit: q["unit"].as_str().unwrap().to_owned(),
            });
        }
    }
    out.sort_by_key(|r| r.at);
    let alone: Vec<bool> = out.iter().map(|r| out.iter().filter(|x| same_day(r, x)).count() == 1).collect();
    for (r, _) in out.iter_mut().zip(alone).filter(|(_, alone)| *alone) {
        r.date.truncate(10);
    }
    out
}

fn same_day(a: &Result, b: &Result) -> bool {
    a.date[..10] == b.date[..10] && a.codes.iter().any(|c| b.codes.contains(c))
}

/// Every prescription, oldest first.
pub(super) fn starts(bundle: &Json) -> Vec<Start> {
    let named = |reference: &Json| {
        let entries = bundle["entry"].as_array().unwrap();
        entries.iter().find(|e| e["fullUrl"] == *reference).map_or(&Json::Null, |e| &e["resource"]["code"])
    };
    let mut out = Vec::new();
    for r in resources(bundle).filter(|r| r["resourceType"] == "MedicationRequest") {
        assert!(r["intent"] == "order" && ["active", "stopped", "completed"].iter().any(|s| r["status"] == *s));
        let own = &r["medicationCodeableConcept"];
        let code = if own.is_null() { named(&r["medicationReference"]["reference"]) } else { own };
        let date = r["authoredOn"].as_str().unwrap();
        let text = code["text"].as_str().unwrap().to_lowercase();
        out.push(Start { at: seconds(date), date: date[..10].to_owned(), text });
    }
    out.sort_by_key(|r| r.at);
    out
}

/// Words of the medications that no result of the bundle has.
pub(super) fn medication_words(bundle: &Json) -> BTreeSet<String> {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase().split(|c: char| !c.is_alphabetic()).filter(|w| w.len() > 4).map(str::to_owned).collect()
    };
    let results: Vec<&Json> = resources(bundle).filter(|r| r["resourceType"] == "Observation").collect();
    let results: BTreeSet<String> = results.iter().flat_map(|r| words(&r["code"].to_string())).collect();
    let of_starts = starts(bundle);
    of_starts.iter().flat_map(|s| words(&s.text)).filter(|w| !results.contains(w)).collect()
}

/// The same person without any medication.
pub(super) fn without_medications(bundle: &Json) -> Json {
    let mut out = bundle.clone();
    let is = |e: &Json| e["resource"]["resourceType"].as_str().unwrap().starts_with("Medication");
    out["entry"].as_array_mut().unwrap().retain(|e| !is(e));
    out
}

/// `2015-08-05T16:36:45-04:00`
fn seconds(date: &str) -> i64 {
    let n = |a: usize, b: usize| date[a..b].parse::<i64>().unwrap();
    let (y, m, d) = (n(0, 4), n(5, 7), n(8, 10));
    let days_before = |y: i64| 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let months = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = days_before(y - 1) - days_before(1969) + months[..m as usize - 1].iter().sum::<i64>() + d - 1;
    let rest = &date[19..];
    let rest = rest.strip_prefix('.').map_or(rest, |r| r.trim_start_matches(|c: char| c.is_ascii_digit()));
    let offset = match rest {
        "Z" => 0,
        _ => {
            let sign = if rest.starts_with('-') { -1 } else { 1 };
            sign * (rest[1..3].parse::<i64>().unwrap() * 3600 + rest[4..6].parse::<i64>().unwrap() * 60)
        }
    };
    days * 86_400 + n(11, 13) * 3600 + n(14, 16) * 60 + n(17, 19) - offset
}

fn digits(number: &str) -> Digits {
    assert!(!number.contains(['e', 'E']), "{number}");
    let scale = number.split_once('.').map_or(0, |(_, part)| part.len() as u32);
    Digits(number.replace('.', "").parse().unwrap(), scale)
}

fn at(number: &str, scale: u32) -> i128 {
    let Digits(n, s) = digits(number);
    n * 10i128.pow(scale - s)
}

fn common(numbers: &[&str]) -> u32 {
    numbers.iter().map(|n| digits(n).1).max().unwrap_or(0)
}

pub(super) fn is_less(a: &str, b: &str) -> bool {
    let scale = common(&[a, b]);
    at(a, scale) < at(b, scale)
}

/// Half to even, and whether nothing was rounded.
fn divide(n: i128, by: i128) -> (i128, bool) {
    let (q, r) = (n.div_euclid(by), n.rem_euclid(by));
    (q + i128::from(2 * r > by || (2 * r == by && q % 2 != 0)), r == 0)
}

fn print(n: i128, scale: u32, exact: bool, plus: bool) -> String {
    let text = format!("{:0>width$}", n.unsigned_abs(), width = scale as usize + 1);
    let (whole, part) = text.split_at(text.len() - scale as usize);
    let sign = if n < 0 { "-" } else { ["", "+"][usize::from(plus && n > 0)] };
    let point = if part.is_empty() { "" } else { "." };
    format!("{}{sign}{whole}{point}{part}", if exact { "" } else { "≈" })
}

/// `-63.10 mg/dL (≈-40.7 %)`
pub(super) fn change(a: &str, b: &str, unit: &str) -> String {
    let scale = common(&[a, b]);
    let (x, y) = (at(a, scale), at(b, scale));
    let relative = if x > 0 && y > 0 && !unit.contains("score") && !matches!(unit, "" | "Cel") {
        let (p, exact) = divide((y - x) * 1000, x);
        format!(" ({} %)", print(p, 1, exact, true))
    } else {
        String::new()
    };
    let unit = if unit == "%" { "points" } else { unit };
    format!("{} {unit}{relative}", print(y - x, scale, true, true))
}

/// One digit more than the most precise number has, unless it is exact without.
pub(super) fn mean(numbers: &[&str]) -> String {
    let scale = common(numbers);
    let (n, exact) = divide(numbers.iter().map(|n| at(n, scale)).sum::<i128>() * 10, numbers.len() as i128);
    if exact && n % 10 == 0 { print(n / 10, scale, true, false) } else { print(n, scale + 1, exact, false) }
}

#[test]
fn the_oracle_counts_right() {
    assert_eq!(seconds("1970-01-02T00:00:00Z"), 86_400);
    assert_eq!(seconds("2000-03-01T00:00:00+01:00"), 951_868_800 - 3600);
    assert_eq!(seconds("1959-02-24T10:24:54.000-05:00"), -342_434_106);
    assert_eq!(change("155.2", "92.10", "mg/dL"), "-63.10 mg/dL (≈-40.7 %)");
    assert_eq!(change("37", "38", "Cel"), "+1 Cel");
    assert_eq!((mean(&["1", "2"]).as_str(), mean(&["150", "152"]).as_str()), ("1.5", "151"));
}

//! Holds an answer against the context it was written from.
//!
//! A check, not a proof: it finds citations that do not exist and numbers that do not stand in
//! the lines they cite. It cannot tell whether the words around them are true.

use std::collections::BTreeMap;

use super::Composed;
use crate::record::Decimal;

/// What is wrong with an answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// `[r:N]` that the context does not have.
    UnknownCitation {
        /// N.
        number: u64,
    },
    /// A number in a sentence with citations that stands in none of the lines cited.
    NumberNotCited {
        /// Which sentence, from 0.
        sentence: usize,
        /// The number as the answer has it.
        number: String,
    },
}

silent_debug!(Violation);

/// The outcome of [`check_answer`].
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AnswerCheck {
    /// What is wrong, in the order of the answer.
    pub violations: Vec<Violation>,
    /// The citations that exist and were used, ascending.
    pub cited: Vec<u32>,
    /// Sentences that state a number and cite nothing: not checked.
    pub uncited: usize,
}

silent_debug!(AnswerCheck);

impl AnswerCheck {
    /// Whether nothing was found wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// Checks that every citation of `answer` exists, and that the numbers of each sentence that
/// cites stand in a line of the context with one of those citations. Decimal points and commas
/// are the same; signs and trailing zeros do not count.
///
/// ```
/// use healthspace::grounding::{Composed, check_answer};
/// use healthspace::Lang;
/// # let composed = Composed { text: String::new(), citations: vec![], items: vec![], categories: Default::default(), omitted: vec![],
/// #     missing: vec![], lang: Lang::En, tokens_estimate: 0 };
/// let check = check_answer("Your LDL is 92.1 mg/dL [r:1].", &composed);
/// assert_eq!(check.violations.len(), 2); // no such citation, and so no line with 92.1
/// ```
#[must_use]
pub fn check_answer(answer: &str, composed: &Composed) -> AnswerCheck {
    let mut lines: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in composed.text.lines() {
        let numbers = numbers(&without_nonces(line));
        for n in citations(line) {
            lines.entry(n).or_default().extend(numbers.iter().flat_map(|x| readings(x)));
        }
    }
    let mut out = AnswerCheck::default();
    for (sentence, text) in sentences(answer).into_iter().enumerate() {
        let cited = citations(&text);
        let numbers = numbers(&without_nonces(&text));
        if cited.is_empty() {
            out.uncited += usize::from(!numbers.is_empty());
            continue;
        }
        for n in &cited {
            match u32::try_from(*n).ok().filter(|n| composed.citations.iter().any(|c| c.number == *n)) {
                Some(n) => out.cited.push(n),
                None => out.violations.push(Violation::UnknownCitation { number: *n }),
            }
        }
        for number in numbers {
            let known =
                readings(&number).iter().any(|r| cited.iter().any(|n| lines.get(n).is_some_and(|l| l.contains(r))));
            if !known {
                out.violations.push(Violation::NumberNotCited { sentence, number });
            }
        }
    }
    out.cited.sort_unstable();
    out.cited.dedup();
    out
}

/// A text without the nonces of fences, which are no numbers of anybody's health; an answer may
/// quote a fence.
fn without_nonces(text: &str) -> String {
    let nonce = |p: &str| p.len() >= 16 && p.bytes().take(16).all(|b| b.is_ascii_hexdigit());
    let mut parts = text.split('«');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for p in parts {
        out.push('«');
        out.push_str(if nonce(p) { p.get(16..).unwrap_or_default() } else { p });
    }
    out
}

/// The N of every `[r:N]`.
fn citations(text: &str) -> Vec<u64> {
    let mut out = Vec::new();
    for part in text.split("[r:").skip(1) {
        let Some((n, _)) = part.split_once(']') else { continue };
        if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) {
            // A number that no context could have still is a citation, of nothing.
            out.push(n.parse().unwrap_or(u64::MAX));
        }
    }
    out
}

/// Sentences: they end with a line, or with `.`, `!` or `?` before a blank. Citations that follow
/// the full stop belong to the sentence before it.
fn sentences(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        let mut chars = line.chars().peekable();
        let mut fresh = true;
        while let Some(c) = chars.next() {
            current.push(c);
            if matches!(c, '.' | '!' | '?') && chars.peek().is_none_or(|n| n.is_whitespace() || *n == '[') {
                push(&mut out, core::mem::take(&mut current), fresh);
                fresh = false;
            }
        }
        push(&mut out, current, fresh);
    }
    out
}

fn push(out: &mut Vec<String>, sentence: String, fresh: bool) {
    let mut rest = sentence.trim_start();
    let mut lead = String::new();
    while let Some((n, after)) = rest.strip_prefix("[r:").and_then(|r| r.split_once(']')) {
        lead.push_str("[r:");
        lead.push_str(n);
        lead.push(']');
        rest = after.trim_start();
    }
    match out.last_mut() {
        Some(last) if !fresh && !lead.is_empty() => last.push_str(&lead),
        _ if !lead.is_empty() => {
            out.push(format!("{lead}{rest}"));
            return;
        }
        _ => {}
    }
    if !rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty() {
        out.push(rest.to_owned());
    }
}

/// The numbers of a text, citations aside. Digits that belong to a word (`HbA1c`, `B12`) are no
/// numbers.
fn numbers(text: &str) -> Vec<String> {
    let mut bare = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once("[r:") {
        bare.push_str(head);
        bare.push(' ');
        rest = tail.split_once(']').map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let chars: Vec<char> = bare.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or(' ');
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        if at(i).is_alphabetic() {
            while at(i).is_alphanumeric() {
                i += 1;
            }
        } else if at(i).is_ascii_digit() {
            let start = i;
            while at(i).is_ascii_digit() || (matches!(at(i), '.' | ',') && at(i + 1).is_ascii_digit()) {
                i += 1;
            }
            if matches!(at(i), 'e' | 'E') && at(i + 1 + usize::from(matches!(at(i + 1), '+' | '-'))).is_ascii_digit() {
                i += 2;
                while at(i).is_ascii_digit() {
                    i += 1;
                }
            }
            out.push(chars.get(start..i).unwrap_or_default().iter().collect());
        } else {
            i += 1;
        }
    }
    out
}

/// A number without its exponent: `1E-3` is `0.001`.
fn expanded(number: &str) -> String {
    let exponent = || number.find(['e', 'E']).and_then(|_| Decimal::parse(&number.replace(',', ".")));
    let Some(d) = exponent() else { return number.to_owned() };
    let digits = d.mantissa().unsigned_abs().to_string();
    match usize::try_from(d.scale()) {
        Ok(scale) => {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, part) = digits.split_at(digits.len() - scale);
            format!("{whole}.{part}")
        }
        Err(_) => digits + &"0".repeat(usize::from(d.scale().unsigned_abs())),
    }
}

/// What a number may mean: with its comma as decimal sign, and as thousands separator.
fn readings(number: &str) -> Vec<String> {
    let plain = |s: &str| -> String {
        let s = if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.') } else { s };
        let s = s.trim_start_matches('0');
        if s.is_empty() || s.starts_with('.') { format!("0{s}") } else { s.to_owned() }
    };
    let mut out = Vec::new();
    let number = &expanded(number);
    let points = number.matches(['.', ',']).count();
    if points <= 1 {
        out.push(plain(&number.replace(',', ".")));
    }
    let grouped = number.split(',').skip(1).all(|g| g.split('.').next().is_some_and(|g| g.len() == 3));
    if number.contains(',') && grouped {
        out.push(plain(&number.replace(',', "")));
    }
    if out.is_empty() {
        // `1.2.3` and the like: every part for itself would be too lenient.
        out.push(number.to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_found_and_read() {
        assert_eq!(numbers("HbA1c 7.2 % on 2014-01-28 [r:3], B12 5mg -0,5."), ["7.2", "2014", "01", "28", "5", "0,5"]);
        assert_eq!(readings("92.10"), readings("92,1"));
        assert_eq!(readings("01"), ["1"]);
        assert!(readings("1,234").contains(&"1234".to_owned()));
        assert_eq!(readings("0.0"), ["0"]);
        assert_eq!(numbers("1.5E-7 g, 2e3, 4E, 5e+"), ["1.5E-7", "2e3", "4", "5"]);
        assert_eq!((readings("1,50E-3"), readings("2E+3")), (readings("0.0015"), readings("2000")));
        assert_eq!(sentences("A 1. [r:1] B 2 [r:2]. C 3"), ["A 1.[r:1]", "B 2 [r:2].", "C 3"]);
    }

    proptest! {
        #[test]
        fn never_panics(s in "\\PC{0,60}", t in "[0-9\\[\\]r:., \n]{0,60}") {
            for s in [s, t] {
                let _ = (sentences(&s), numbers(&s), citations(&s));
                for n in numbers(&s) { let _ = readings(&n); }
            }
        }
    }
}

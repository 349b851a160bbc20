//! Columns of strings: one for all, a dictionary, decimals, texts of one pattern with numbers in
//! them (`758.737 mmHg`, `63 10:42:53.43 AM`), or as they are.

use super::{BAD, Input, Output, ints, numbers};
use crate::codec::varint;
use crate::error::Result;
use crate::record::Decimal;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

const SAME: u8 = 0;
const DICTIONARY: u8 = 1;
const DECIMALS: u8 = 2;
const PATTERNS: u8 = 3;
const AS_THEY_ARE: u8 = 4;

/// A part of a pattern. Its number: 0 words, 1 digits without a zero before them, else digits
/// padded with zeros to that number less one.
enum Part<'a> {
    Words(&'a str),
    Digits { width: usize, value: i64 },
}

/// Longest run of digits that is taken for one number.
const DIGITS: usize = 18;

pub(super) fn put(out: &mut Output, v: &[&str]) {
    if v.is_empty() {
        return;
    }
    let mut ids: HashMap<&str, i64> = HashMap::new();
    let mut list: Vec<&str> = Vec::new();
    let column: Vec<i64> = v
        .iter()
        .map(|s| {
            *ids.entry(s).or_insert_with(|| {
                list.push(s);
                list.len() as i64 - 1
            })
        })
        .collect();
    if let [one] = list[..] {
        out.plain.push(SAME);
        varint::put_bytes(&mut out.plain, one.as_bytes());
    } else if list.len() <= 8.max(v.len() / 6) {
        out.plain.push(DICTIONARY);
        varint::put(&mut out.plain, list.len() as u64);
        list.iter().for_each(|s| varint::put_bytes(&mut out.plain, s.as_bytes()));
        ints::put(out, &column);
    } else if let Some(decimals) = v.iter().map(|s| exact(s)).collect::<Option<Vec<_>>>() {
        out.plain.push(DECIMALS);
        numbers::put(out, &decimals);
    } else if !patterns(out, v) {
        out.plain.push(AS_THEY_ARE);
        v.iter().for_each(|s| varint::put_bytes(&mut out.plain, s.as_bytes()));
    }
}

fn exact(s: &str) -> Option<Decimal> {
    Decimal::parse(s).filter(|d| d.to_string() == s)
}

fn parts(s: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = s;
    while !rest.is_empty() {
        let digits = rest.bytes().take(DIGITS).take_while(u8::is_ascii_digit).count();
        let n = if digits > 0 { digits } else { rest.bytes().take_while(|b| !b.is_ascii_digit()).count() };
        let (head, tail) = rest.split_at_checked(n).unwrap_or((rest, ""));
        rest = tail;
        out.push(if digits == 0 {
            Part::Words(head)
        } else {
            let padded = digits > 1 && head.starts_with('0');
            Part::Digits { width: if padded { digits } else { 0 }, value: head.parse().unwrap_or(0) }
        });
    }
    out
}

/// Writes patterns, if there are few.
fn patterns(out: &mut Output, v: &[&str]) -> bool {
    let mut ids: HashMap<Vec<u8>, i64> = HashMap::new();
    let mut list: Vec<Vec<u8>> = Vec::new();
    let mut columns: Vec<Vec<i64>> = Vec::new();
    let mut column = Vec::with_capacity(v.len());
    for s in v {
        let mut pattern = Vec::new();
        let mut nth = 0;
        let parts = parts(s);
        varint::put(&mut pattern, parts.len() as u64);
        for part in parts {
            match part {
                Part::Words(s) => {
                    pattern.push(0);
                    varint::put_bytes(&mut pattern, s.as_bytes());
                }
                Part::Digits { width, value } => {
                    pattern.push(if width == 0 { 1 } else { width as u8 + 1 });
                    if columns.len() == nth {
                        columns.push(Vec::new());
                    }
                    columns.get_mut(nth).into_iter().for_each(|c| c.push(value));
                    nth += 1;
                }
            }
        }
        column.push(*ids.entry(pattern).or_insert_with_key(|p| {
            list.push(p.clone());
            list.len() as i64 - 1
        }));
        if list.len() > 8.max(v.len() / 4) || columns.len() > 64 {
            return false;
        }
    }
    out.plain.push(PATTERNS);
    varint::put(&mut out.plain, list.len() as u64);
    list.iter().for_each(|p| out.plain.extend_from_slice(p));
    ints::put(out, &column);
    columns.iter().for_each(|c| ints::put(out, c));
    true
}

pub(super) fn take(input: &mut Input<'_>, n: usize) -> Result<Vec<Arc<str>>> {
    if n == 0 {
        return Ok(Vec::new());
    }
    match input.byte()? {
        SAME => Ok(vec![Arc::from(input.text()?); n]),
        DICTIONARY => {
            let count = input.bounded()?;
            let list = (0..count).map(|_| input.text().map(Arc::from)).collect::<Result<Vec<Arc<str>>>>()?;
            pick(&list, ints::take(input, n)?)
        }
        DECIMALS => Ok(numbers::take(input, n)?.into_iter().map(|d| d.to_string().into()).collect()),
        PATTERNS => take_patterns(input, n),
        AS_THEY_ARE if n <= input.plain.len() => (0..n).map(|_| input.text().map(Arc::from)).collect(),
        _ => Err(BAD),
    }
}

/// Items by their place in a list.
pub(super) fn pick<T: Clone>(list: &[T], ids: Vec<i64>) -> Result<Vec<T>> {
    ids.into_iter().map(|i| usize::try_from(i).ok().and_then(|i| list.get(i)).cloned().ok_or(BAD)).collect()
}

fn take_patterns(input: &mut Input<'_>, n: usize) -> Result<Vec<Arc<str>>> {
    let count = input.bounded()?;
    let mut list: Vec<Vec<(u8, &str)>> = Vec::new();
    for _ in 0..count {
        let parts = input.bounded()?;
        let mut pattern = Vec::new();
        for _ in 0..parts {
            let width = input.byte()?;
            pattern.push((width, if width == 0 { input.text()? } else { "" }));
        }
        list.push(pattern);
    }
    let ids = pick(&(0..list.len()).collect::<Vec<_>>(), ints::take(input, n)?)?;
    let numbers = |p: &Vec<(u8, &str)>| p.iter().filter(|(width, _)| *width > 0).count();
    let most = ids.iter().filter_map(|i| list.get(*i)).map(numbers).max().unwrap_or(0);
    let mut columns = Vec::new();
    for nth in 0..most {
        let len = ids.iter().filter(|i| list.get(**i).is_some_and(|p| numbers(p) > nth)).count();
        columns.push(ints::take(input, len)?.into_iter());
    }
    let mut room = super::MOST_TEXT;
    let mut out = Vec::with_capacity(n);
    for id in ids {
        let mut s = String::new();
        let mut nth = columns.iter_mut();
        for (width, words) in list.get(id).ok_or(BAD)? {
            s.push_str(words);
            if *width > 0 {
                let value = nth.next().and_then(Iterator::next).ok_or(BAD)?;
                let width = if *width == 1 { 0 } else { usize::from(*width) - 1 };
                write!(s, "{value:0width$}").map_err(|_| BAD)?;
            }
        }
        room = room.checked_sub(s.len()).ok_or(BAD)?;
        out.push(s.into());
    }
    Ok(out)
}

//! `<Record>`: one sample, by a fast way for plain ones and by quick-xml for all.
//!
//! The fast way takes a record only if every byte of it is understood: names known, values equal
//! to ones seen before or read to their last digit. Anything else is left to the slow way; a test
//! compares both on every record that the fast way takes.

use super::intern::{Word, Words, plain};
use super::text::without_pointers;
use super::time::{Months, Times};
use super::types;
use crate::import::Limits;
use crate::record::{Decimal, Meta, Sample, SeriesKey};
use memchr::{memchr, memmem};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Bytes of a record that the fast way looks at, and of nested elements that it remembers.
const NEAR: usize = 64 << 10;
const REMEMBERED: usize = 256;
/// Remembered lists and series; beyond, the table starts anew.
const MOST: usize = 2048;

/// Whether nothing that the fast way takes can be over these limits.
pub(super) fn within(limits: &Limits) -> bool {
    limits.token_bytes.min(limits.resource_bytes) >= NEAR && limits.attributes >= 9 && limits.xml_depth >= 2
}

/// A record read, but for its place.
pub(super) struct Reading {
    pub(super) code: Word,
    pub(super) unit: Word,
    pub(super) source: Word,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) created: Option<i64>,
    pub(super) offset: i16,
    pub(super) number: Option<Decimal>,
    pub(super) word: Option<Arc<str>>,
    pub(super) version: Option<Arc<str>>,
    pub(super) device: Option<Arc<str>>,
    pub(super) meta: Arc<[Meta]>,
}

/// Reads records; holds what they have in common.
pub(super) struct Records {
    pub(super) times: Times,
    months: Months,
    pub(super) codes: Words,
    pub(super) units: Words,
    pub(super) sources: Words,
    pub(super) versions: Words,
    pub(super) devices: Words,
    pub(super) words: Words,
    pub(super) keys: Words,
    pub(super) none: Word,
    pub(super) no_meta: Arc<[Meta]>,
    lists: HashMap<Box<[u8]>, Arc<[Meta]>>,
    series: HashMap<(u64, u64, u64), SeriesKey>,
    end_tag: memmem::Finder<'static>,
}

fn as_is(s: &str) -> Cow<'_, str> {
    Cow::Borrowed(s)
}

fn source_name(s: &str) -> Cow<'_, str> {
    let s = without_pointers(s);
    if unicode_normalization::is_nfc(&s) { s } else { Cow::Owned(s.nfc().collect()) }
}

impl Records {
    pub(super) fn new() -> Self {
        let mut units = Words::new(as_is);
        let none = units.text("");
        Self {
            times: Times::default(),
            months: Months::default(),
            codes: Words::new(as_is),
            units,
            sources: Words::new(source_name),
            versions: Words::new(as_is),
            devices: Words::new(without_pointers),
            words: Words::new(as_is),
            keys: Words::new(as_is),
            none: none.clone(),
            no_meta: Arc::default(),
            lists: HashMap::new(),
            series: HashMap::new(),
            end_tag: memmem::Finder::new(b"</Record>"),
        }
    }

    /// The record that `b` starts with and its length, if it is a plain one and all there.
    pub(super) fn fast(&mut self, b: &[u8]) -> Option<(Reading, usize)> {
        let b = b.get(..NEAR.min(b.len()))?;
        let mut at = b"<Record".len();
        let (mut code, mut unit, mut source, mut version, mut device) = (None, None, None, None, None);
        let (mut start, mut end, mut created, mut value) = (None, None, None, None);
        let nested = loop {
            let gap = at;
            while matches!(b.get(at)?, b' ' | b'\n' | b'\r' | b'\t') {
                at += 1;
            }
            match b.get(at)? {
                b'>' => break true,
                b'/' if b.get(at + 1)? == &b'>' => break false,
                _ if gap == at => return None,
                _ => {}
            }
            let rest = b.get(at..)?;
            let eq = rest.iter().take(16).position(|c| *c == b'=')?;
            let (name, tail) = (rest.get(..eq)?, rest.get(eq + 1..)?);
            let raw = tail.get(1..)?;
            let raw = raw.get(..memchr(b'"', raw)?).filter(|_| tail.first() == Some(&b'"'))?;
            at += eq + 3 + raw.len();
            let slot = match name {
                b"type" => &mut code,
                b"sourceName" => &mut source,
                b"sourceVersion" => &mut version,
                b"device" => &mut device,
                b"unit" => &mut unit,
                b"creationDate" => &mut created,
                b"startDate" => &mut start,
                b"endDate" => &mut end,
                b"value" => &mut value,
                _ => return None,
            };
            if slot.replace(raw).is_some() {
                return None;
            }
        };
        let (start, offset) = self.times.read(start?)?;
        let mut instant = |raw| self.times.read(raw).filter(|(_, o)| *o == offset).map(|(at, _)| at);
        let end = instant(end?)?;
        let created = match created {
            Some(raw) => Some(instant(raw)?),
            None => None,
        };
        let quantity = code.is_some_and(|c| c.starts_with(types::QUANTITY.as_bytes()));
        let (mut number, mut word) = (None, None);
        match value {
            Some(raw) => {
                number = canonical(raw);
                if number.is_none() {
                    if quantity || looks_numeric(raw) {
                        return None;
                    }
                    word = Some(self.words.raw(raw)?.text);
                }
            }
            None if quantity => return None,
            None => {}
        }
        let mut len = at + if nested { 1 } else { 2 };
        let mut meta = Arc::clone(&self.no_meta);
        if nested {
            let rest = b.get(len..)?;
            let inner = rest.get(..self.end_tag.find(rest)?)?;
            meta = self.entries(inner)?;
            len += inner.len() + b"</Record>".len();
        }
        let shared = |words: &mut Words, raw: Option<&[u8]>| match raw {
            Some(raw) => words.raw(raw).map(|w| Some(w.text)),
            None => Some(None),
        };
        let named = |words: &mut Words, raw: Option<&[u8]>| match raw {
            Some(b"") => None,
            Some(raw) => words.raw(raw),
            None => Some(self.none.clone()),
        };
        let reading = Reading {
            code: self.codes.raw(code.filter(|c| !c.is_empty())?)?,
            unit: named(&mut self.units, unit)?,
            source: named(&mut self.sources, source)?,
            start,
            end,
            created,
            offset,
            number,
            word,
            version: shared(&mut self.versions, version)?,
            device: shared(&mut self.devices, device)?,
            meta,
        };
        Some((reading, len))
    }

    /// The metadata entries between a start and an end tag, if there is nothing else.
    fn entries(&mut self, inner: &[u8]) -> Option<Arc<[Meta]>> {
        if let Some(list) = self.lists.get(inner) {
            return Some(Arc::clone(list));
        }
        let mut list = Vec::new();
        let mut rest = trim_start(inner);
        while !rest.is_empty() {
            rest = rest.strip_prefix(b"<MetadataEntry key=\"")?;
            let (key, tail) = rest.split_at_checked(memchr(b'"', rest)?)?;
            rest = tail.strip_prefix(b"\" value=\"")?;
            let (value, tail) = rest.split_at_checked(memchr(b'"', rest)?)?;
            rest = trim_start(tail.strip_prefix(b"\"/>")?);
            let key = self.keys.raw(key)?.text;
            if key.starts_with(['@', '/', '\\']) {
                return None;
            }
            list.push(Meta { key, value: plain(value)?.into() });
        }
        let list: Arc<[Meta]> = if list.is_empty() { Arc::clone(&self.no_meta) } else { list.into() };
        if inner.len() <= REMEMBERED {
            if self.lists.len() >= MOST {
                self.lists.clear();
            }
            self.lists.insert(inner.into(), Arc::clone(&list));
        }
        Some(list)
    }

    /// The sample and its series: `at` and `len` are its place.
    pub(super) fn sample(&mut self, r: Reading, at: u64, len: usize) -> (&SeriesKey, Sample) {
        if self.series.len() >= MOST {
            self.series.clear();
        }
        let month = self.months.of(r.start);
        let key = self.series.entry((r.code.id, r.unit.id, r.source.id)).or_insert_with(|| SeriesKey {
            code: r.code.text.to_string(),
            system: types::SYSTEM.to_owned(),
            unit: r.unit.text.to_string(),
            source: r.source.text.to_string(),
            category: types::category(&r.code.text),
            month,
        });
        key.month = month;
        let sample = Sample {
            start: r.start,
            end: r.end,
            created: r.created,
            offset: r.offset,
            number: r.number,
            word: r.word,
            source_version: r.version,
            device: r.device,
            meta: r.meta,
            at,
            len: u32::try_from(len).unwrap_or(u32::MAX),
        };
        (key, sample)
    }
}

/// Without the white space of XML in front, which a form feed is not.
fn trim_start(b: &[u8]) -> &[u8] {
    let at = b.iter().position(|c| !matches!(c, b' ' | b'\n' | b'\r' | b'\t')).unwrap_or(b.len());
    b.get(at..).unwrap_or_default()
}

/// A number that prints just as it stands: nothing of it is lost.
pub(super) fn canonical(b: &[u8]) -> Option<Decimal> {
    let (negative, digits) = match b.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, b),
    };
    let (mut mantissa, mut point, mut n) = (0i64, None, 0usize);
    for (i, c) in digits.iter().enumerate() {
        match c {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(c - b'0');
                n += 1;
            }
            b'.' if point.is_none() && i > 0 => point = Some(i),
            _ => return None,
        }
        if n > 18 {
            return None;
        }
    }
    let whole = point.unwrap_or(digits.len());
    let scale = point.map_or(0, |p| digits.len() - p - 1);
    let padded = whole > 1 && digits.first() == Some(&b'0');
    if n == 0 || padded || (point.is_some() && scale == 0) || (negative && mantissa == 0) {
        return None;
    }
    Decimal::new(if negative { -mantissa } else { mantissa }, i8::try_from(scale).ok()?)
}

/// Whether a text sets out to be a number.
pub(super) fn looks_numeric(b: &[u8]) -> bool {
    matches!(b.trim_ascii(), [b'0'..=b'9', ..] | [b'-' | b'+' | b'.', b'0'..=b'9' | b'.', ..])
}

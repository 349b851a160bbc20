//! `<Record>`, whatever it looks like: unknown attributes, nested lists, other times, repairs.

use super::element::{Node, walk};
use super::record::{Reading, Records, canonical, looks_numeric};
use super::text::Findings;
use super::types;
use crate::import::{Limits, What};
use crate::record::{Decimal, Meta};
use std::sync::Arc;

/// Joins the values of a nested element's attributes; XML 1.0 does not have this character.
const JOINT: &str = "\u{1f}";

/// Why a record is no sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSample {
    /// Not read at all.
    Refused(What),
    /// Read, but without a type or a start: kept as a document.
    Kept(What),
}

/// An element taken apart: the root's attributes, and what is nested as names and values.
#[derive(Default)]
struct Parts {
    attributes: Vec<(String, String)>,
    nested: Vec<(String, String)>,
}

fn parts(xml: &str, limits: &Limits, found: &mut Findings) -> Result<Parts, What> {
    let mut out = Parts::default();
    let mut path = String::new();
    let mut open: Vec<usize> = Vec::new();
    walk(xml, limits, found, &mut |node, _| {
        match node {
            Node::Open(name, attributes) => {
                open.push(path.len());
                if open.len() == 1 {
                    out.attributes = attributes.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
                    return Ok(());
                }
                path.push('/');
                path.push_str(name);
                if let [(k, key), (v, value)] = attributes
                    && (open.len(), name, &**k, &**v) == (2, "MetadataEntry", "key", "value")
                {
                    let escape = if key.starts_with(['@', '/', '\\']) { "\\" } else { "" };
                    out.nested.push((format!("{escape}{key}"), value.to_string()));
                    return Ok(());
                }
                let mut key = path.clone();
                for (k, _) in attributes {
                    key.push('@');
                    key.push_str(k);
                }
                let values: Vec<&str> = attributes.iter().map(|(_, v)| &**v).collect();
                out.nested.push((key, values.join(JOINT)));
            }
            Node::Close => path.truncate(open.pop().unwrap_or(0)),
            Node::Text(text) => out.nested.push((format!("{path}/#text"), text.to_owned())),
        }
        Ok(())
    })?;
    Ok(out)
}

impl Records {
    /// The record that `xml` consists of.
    pub(super) fn slow(&mut self, xml: &str, limits: &Limits, found: &mut Findings) -> Result<Reading, NoSample> {
        let Parts { attributes, nested } = parts(xml, limits, found).map_err(NoSample::Refused)?;
        let quantity = attributes.iter().any(|(name, value)| name == "type" && value.starts_with(types::QUANTITY));
        let (mut code, mut start, mut end, mut created) = (None, None, None, None);
        let mut r = Reading {
            code: self.none.clone(),
            unit: self.none.clone(),
            source: self.none.clone(),
            start: 0,
            end: 0,
            created: None,
            offset: 0,
            number: None,
            word: None,
            version: None,
            device: None,
            meta: Arc::clone(&self.no_meta),
        };
        // Attributes without a field of their own, and those that their field does not hold whole.
        let mut kept: Vec<(&str, &str)> = Vec::new();
        for (i, (name, value)) in attributes.iter().enumerate() {
            let (name, value) = (name.as_str(), value.as_str());
            if attributes.iter().take(i).any(|(n, _)| n == name) {
                found.repaired(What::BadXml);
                kept.push((name, value));
                continue;
            }
            match name {
                "type" if !value.is_empty() => code = Some(self.codes.text(value)),
                "unit" if !value.is_empty() => r.unit = self.units.text(value),
                "sourceName" if !value.is_empty() => r.source = self.sources.text(value),
                "sourceVersion" => r.version = Some(self.versions.text(value).text),
                "device" => r.device = Some(self.devices.text(value).text),
                "startDate" => start = Some(value),
                "endDate" => end = Some(value),
                "creationDate" => created = Some(value),
                "value" => match canonical(value.as_bytes()) {
                    Some(number) => r.number = Some(number),
                    None => {
                        if !quantity && !looks_numeric(value.as_bytes()) {
                            r.word = Some(self.words.text(value).text);
                        } else if let Some(number) = Decimal::parse(value) {
                            r.number = Some(number);
                            kept.push((name, value));
                        } else {
                            found.repaired(What::BadNumber);
                            r.word = Some(self.words.text(value).text);
                        }
                    }
                },
                _ => kept.push((name, value)),
            }
        }
        if quantity && !attributes.iter().any(|(name, _)| name == "value") {
            found.repaired(What::MissingField);
        }
        r.code = code.ok_or(NoSample::Kept(What::MissingField))?;
        let start = start.ok_or(NoSample::Kept(What::MissingField))?;
        (r.start, r.offset) = self.times.read_any(start).ok_or(NoSample::Kept(What::BadDate))?;
        if self.times.read(start.as_bytes()).is_none() {
            kept.push(("startDate", start));
        }
        r.end = r.start;
        match end {
            Some(text) => r.end = self.other_time("endDate", text, r.offset, &mut kept, found).unwrap_or(r.start),
            None => found.repaired(What::MissingField),
        }
        if let Some(text) = created {
            r.created = self.other_time("creationDate", text, r.offset, &mut kept, found);
        }
        let mut meta: Vec<Meta> = kept
            .iter()
            .map(|(name, value)| Meta { key: self.keys.text(&format!("@{name}")).text, value: (*value).into() })
            .collect();
        meta.extend(nested.iter().map(|(k, v)| Meta { key: self.keys.text(k).text, value: v.as_str().into() }));
        if !meta.is_empty() {
            r.meta = meta.into();
        }
        Ok(r)
    }

    /// A time beside the start; kept as printed too, where its offset or form is another.
    fn other_time<'a>(
        &mut self,
        name: &'a str,
        text: &'a str,
        offset: i16,
        kept: &mut Vec<(&'a str, &'a str)>,
        found: &mut Findings,
    ) -> Option<i64> {
        if let Some((at, o)) = self.times.read(text.as_bytes())
            && o == offset
        {
            return Some(at);
        }
        kept.push((name, text));
        let time = self.times.read_any(text);
        if time.is_none() {
            found.repaired(What::BadDate);
        }
        time.map(|(at, _)| at)
    }
}

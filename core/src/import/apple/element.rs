//! One whole element, read with quick-xml: the way for everything but plain records, and the
//! reference that the fast way is tested against.

use super::text::{Attributes, Findings, unescape};
use crate::import::{Limits, What};
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

/// What [`walk`] meets, in the order of the source.
pub(super) enum Node<'a> {
    /// A start tag, with its attributes unescaped.
    Open(&'a str, &'a [(Cow<'a, str>, Cow<'a, str>)]),
    /// An end tag.
    Close,
    /// Text that is not only white space.
    Text(&'a str),
}

/// Walks the element that `xml` consists of. An error says why it was given up.
pub(super) fn walk(
    xml: &str,
    limits: &Limits,
    found: &mut Findings,
    visit: &mut dyn FnMut(Node<'_>, &mut Findings) -> Result<(), What>,
) -> Result<(), What> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().allow_dangling_amp = true;
    let mut depth = 0usize;
    let mut text = String::new();
    loop {
        let event = reader.read_event().map_err(|_| What::BadXml)?;
        match &event {
            Event::Text(t) => {
                text.push_str(&unescape(t, found));
                continue;
            }
            Event::CData(t) => {
                text.push_str(t);
                continue;
            }
            Event::GeneralRef(name) => {
                text.push_str(&unescape(&format!("&{};", &**name), found));
                continue;
            }
            Event::Comment(_) | Event::PI(_) => continue,
            _ => {}
        }
        if !text.trim().is_empty() {
            visit(Node::Text(text.trim()), found)?;
        }
        text.clear();
        match event {
            Event::Start(e) => {
                depth += 1;
                if depth > limits.xml_depth {
                    return Err(What::TooDeep);
                }
                open(&e, limits, found, visit)?;
            }
            Event::Empty(e) => {
                open(&e, limits, found, visit)?;
                visit(Node::Close, found)?;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1).ok_or(What::BadXml)?;
                visit(Node::Close, found)?;
            }
            Event::Eof if depth == 0 => return Ok(()),
            _ => return Err(What::BadXml),
        }
    }
}

fn open(
    tag: &BytesStart<'_>,
    limits: &Limits,
    found: &mut Findings,
    visit: &mut dyn FnMut(Node<'_>, &mut Findings) -> Result<(), What>,
) -> Result<(), What> {
    let mut list = Attributes(tag.attributes_raw());
    let mut out: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    while let Some(next) = list.next(found) {
        let (name, value) = next.ok_or(What::BadXml)?;
        if out.len() >= limits.attributes || name.len().max(value.len()) > limits.token_bytes {
            return Err(What::TooLarge);
        }
        out.push((unescape(name, found), unescape(value, found)));
    }
    visit(Node::Open(tag.name().into_inner(), &out), found)
}

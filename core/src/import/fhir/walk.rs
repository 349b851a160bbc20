//! The shape of a file: one resource, one Bundle, or one of them per line.
//!
//! A Bundle inside a Bundle (document bundles in a search result) is descended as well, down to
//! [`NESTED`] levels; one below that is kept as a record like any other resource. A Bundle itself
//! is no record: all of it that is not an entry's resource is envelope. `Parameters`, in which
//! servers wrap what an operation returns, are read as a Bundle is: each `parameter` is an entry,
//! and so is each `part` of one.
//!
//! Limits. A brace too few, or a string that never ends, takes what follows with it: to the end of
//! the line in NDJSON, from its second line on (the first must be whole for the file to be known
//! as NDJSON), and to the end of the file in a Bundle. A Bundle whose `resourceType` stands behind
//! more than a resource may be long, and without an `entry` before it, is refused as too large.

use super::window::{Halt, Handler, Window};
use crate::error::{Error, Malformed, Result};
use crate::import::{Limits, Severity, What};
use std::io::Read;

/// Levels of Bundles that are descended.
const NESTED: usize = 4;
/// Bytes behind a resource, within its entry, in which a `fullUrl` is looked for.
const TAIL: usize = 64 << 10;

/// Walks over the whole input.
///
/// # Errors
/// [`Malformed::Empty`] and [`Malformed::Json`] for what is no JSON object from its first byte on;
/// whatever the handler or the reader returns.
pub(super) fn walk<H: Handler>(input: &mut dyn Read, out: H, limits: &Limits) -> Result<H> {
    let window = Window::new(input, out, limits.resource_bytes.saturating_add(TAIL), limits.input_bytes);
    let mut walk = Walk { w: window, limits: *limits, entries: 0, line: false, looked: false, told: None };
    match walk.file() {
        Ok(()) => {}
        Err(Halt::Stop(e)) => return Err(e),
        Err(Halt::End) => {
            let at = walk.w.offset();
            walk.w.out.issue(Severity::Refused, What::Truncated, at);
            walk.w.out.skipped(None);
        }
        Err(_) => {
            let at = walk.w.offset();
            walk.w.out.issue(Severity::Refused, What::BadJson, at);
            walk.w.out.skipped(None);
        }
    }
    match walk.w.drain() {
        Err(Halt::Stop(e)) => Err(e),
        _ => Ok(walk.w.out),
    }
}

struct Walk<'r, H> {
    w: Window<'r, H>,
    limits: Limits,
    entries: u64,
    /// The file has one value per line: a broken one ends with its line.
    line: bool,
    /// The rest of this entry was searched for its `fullUrl`.
    looked: bool,
    /// The type of the resource at hand, where it is known.
    told: Option<String>,
}

impl<H: Handler> Walk<'_, H> {
    fn file(&mut self) -> Result<(), Halt> {
        if self.w.fill()? && self.w.buf.first() == Some(&0xEF) {
            while self.w.buf.len() < 3 && self.w.fill()? {}
            if self.w.buf.starts_with(&[0xEF, 0xBB, 0xBF]) {
                self.w.out.issue(Severity::Repaired, What::ByteOrderMark, 0);
                self.w.pos = 3;
            }
        }
        match self.w.peek()? {
            None => return Err(Halt::Stop(Error::Malformed(Malformed::Empty))),
            Some(b'{') => {}
            Some(_) => return Err(Halt::Stop(Error::Malformed(Malformed::Json))),
        }
        while let Some(c) = self.w.peek()? {
            let at = self.w.offset();
            let done = match c {
                b'{' => {
                    self.entries += 1;
                    self.resource(0, None)
                }
                _ => Err(Halt::Bad),
            };
            match done {
                Ok(()) => {}
                Err(Halt::Bad | Halt::Line) if self.line => {
                    self.w.keep = None;
                    self.w.out.issue(Severity::Refused, What::BadJson, at);
                    self.w.out.skipped(None);
                    self.end_of_line()?;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn end_of_line(&mut self) -> Result<(), Halt> {
        loop {
            if let Some(i) = memchr::memchr(b'\n', self.w.buf.get(self.w.pos..).unwrap_or_default()) {
                self.w.pos += i;
                return Ok(());
            }
            self.w.pos = self.w.buf.len();
            if !self.w.fill()? {
                return Ok(());
            }
        }
    }

    /// One object that should be a resource; `pos` is at its brace. Returns behind it.
    fn resource(&mut self, level: usize, full_url: Option<&str>) -> Result<(), Halt> {
        let at = self.w.offset();
        self.told = None;
        if self.entries > self.limits.entries {
            return self.refuse(What::TooLarge, at);
        }
        self.w.keep = Some(self.w.pos);
        let bundle = match self.is_bundle(level) {
            Err(halt @ (Halt::Stop(_) | Halt::Line | Halt::End)) => return Err(halt),
            Err(Halt::Full) => return self.refuse(What::TooLarge, at),
            Err(Halt::Bad) => false,
            Ok(yes) => yes,
        };
        self.w.pos = self.w.keep.unwrap_or(self.w.pos);
        if bundle {
            self.w.keep = None;
            return self.bundle(level);
        }
        self.w.pos += 1;
        let deepest = match self.w.skip_nested(1, false, self.line) {
            Err(Halt::Full) => return self.refuse(What::TooLarge, at),
            other => other?,
        };
        let len = self.w.pos - self.w.keep.unwrap_or(self.w.pos);
        if len > self.limits.resource_bytes || deepest > self.limits.json_depth {
            self.w.keep = None;
            let what = if len > self.limits.resource_bytes { What::TooLarge } else { What::TooDeep };
            self.w.out.issue(Severity::Refused, what, at);
            self.w.out.skipped(self.told.as_deref());
            return Ok(());
        }
        // A serialiser may put `fullUrl` behind the resource: look ahead for it, and come back. Once
        // per entry, and not far, or a hostile entry could make every byte be read many times.
        let look = level > 0 && full_url.is_none() && !core::mem::replace(&mut self.looked, true);
        let room = core::mem::replace(&mut self.w.room, len.saturating_add(TAIL));
        let ahead = if look { self.full_url_ahead() } else { Ok(None) };
        self.w.room = room;
        let ahead = ahead?;
        let start = self.w.keep.take().unwrap_or_default();
        self.w.pos = start + len;
        self.w.offer(start, self.w.pos, full_url.or(ahead.as_deref()))?;
        if level == 0 && !self.line {
            let one_line = self.w.buf.get(start..self.w.pos).is_some_and(|b| memchr::memchr(b'\n', b).is_none());
            self.line = one_line && self.w.buf.get(self.w.pos..).is_some_and(starts_line);
        }
        Ok(())
    }

    /// Steps over an object whose bytes go to the envelope.
    fn refuse(&mut self, what: What, at: u64) -> Result<(), Halt> {
        self.w.out.issue(Severity::Refused, what, at);
        self.w.out.skipped(self.told.as_deref());
        self.w.pos = self.w.keep.take().unwrap_or(self.w.pos) + 1;
        self.w.skip_nested(1, false, self.line).map(|_| ())
    }

    /// Whether the object is a Bundle, or Parameters, to descend. `resourceType` comes first by custom only: where
    /// `entry` comes before it, the first entry's first member decides (`List` has an `entry` too).
    fn is_bundle(&mut self, level: usize) -> Result<bool, Halt> {
        self.w.pos += 1;
        let mut first = true;
        while let Some(name) = self.w.member(first, self.line)? {
            first = false;
            match name.as_str() {
                "resourceType" => {
                    let value = if self.w.must_peek()? == b'"' { self.w.string(self.line)? } else { None };
                    let bundle = level < NESTED && matches!(value.as_deref(), Some("Bundle" | "Parameters"));
                    self.told = value;
                    return Ok(bundle);
                }
                "entry" if self.w.must_peek()? == b'[' => {
                    let start = self.w.pos - self.w.keep.unwrap_or(0);
                    if self.bundle_entry_ahead()? {
                        return Ok(level < NESTED);
                    }
                    self.w.pos = self.w.keep.unwrap_or(0) + start;
                    self.w.skip_value(self.line)?;
                }
                _ => self.w.skip_value(self.line)?,
            }
        }
        Ok(false)
    }

    fn bundle_entry_ahead(&mut self) -> Result<bool, Halt> {
        self.w.pos += 1;
        if self.w.must_peek()? != b'{' {
            return Ok(false);
        }
        self.w.pos += 1;
        let name = self.w.member(true, self.line)?;
        Ok(matches!(name.as_deref(), Some("fullUrl" | "link" | "request" | "resource" | "response" | "search")))
    }

    fn full_url_ahead(&mut self) -> Result<Option<String>, Halt> {
        let mut url = None;
        let found = loop {
            match self.w.member(false, self.line) {
                Ok(Some(name)) if name == "fullUrl" && self.w.buf.get(self.w.pos) == Some(&b'"') => {
                    break self.w.string(self.line).map(|s| url = s);
                }
                Ok(Some(_)) => {
                    if let Err(e) = self.w.skip_value(self.line) {
                        break Err(e);
                    }
                }
                Ok(None) => break Ok(()),
                Err(e) => break Err(e),
            }
        };
        match found {
            Err(Halt::Stop(e)) => Err(Halt::Stop(e)),
            _ => Ok(url),
        }
    }

    /// A Bundle, from its brace on. What is broken between its entries ends with it.
    fn bundle(&mut self, level: usize) -> Result<(), Halt> {
        self.w.out.bundle(level);
        // A Bundle is no entry of its own: what is counted is what it holds.
        self.entries = self.entries.saturating_sub(1);
        self.w.pos += 1;
        let (mut first, mut whole) = (true, true);
        let done = loop {
            let step = match self.w.member(first, self.line) {
                Ok(None) => break Ok(()),
                Ok(Some(name)) => match (name.as_str(), self.w.buf.get(self.w.pos)) {
                    ("entry" | "parameter", Some(b'[')) => self.entry_list(level),
                    ("meta", _) => self.meta(),
                    ("type", Some(b'"')) => self.kind(),
                    _ => self.w.skip_value(self.line),
                },
                Err(e) => Err(e),
            };
            first = false;
            match step {
                Ok(()) => {}
                Err(Halt::Bad) => {
                    whole = false;
                    break self.resume();
                }
                Err(e) => break Err(e),
            }
        };
        self.w.out.bundle_end(level, whole && done.is_ok());
        done
    }

    /// Of what type a Bundle is.
    fn kind(&mut self) -> Result<(), Halt> {
        if let Some(kind) = self.w.string(self.line)? {
            self.w.out.bundle_type(&kind);
        }
        Ok(())
    }

    fn meta(&mut self) -> Result<(), Halt> {
        self.w.keep = Some(self.w.pos);
        let done = self.w.skip_value(self.line);
        let start = self.w.keep.take().unwrap_or(self.w.pos);
        if matches!(done, Err(Halt::Full)) {
            self.w.pos = start;
            // Too long to be looked at: nobody knows what it says.
            self.w.out.bundle_meta(b"");
            return self.w.skip_value(self.line);
        }
        if done.is_err() {
            // Nor what it would have said.
            self.w.out.bundle_meta(b"");
        }
        done?;
        self.w.out.bundle_meta(self.w.buf.get(start..self.w.pos).unwrap_or_default());
        Ok(())
    }

    /// After bad JSON directly inside an object: goes behind its closing brace.
    fn resume(&mut self) -> Result<(), Halt> {
        let at = self.w.offset();
        self.w.out.issue(Severity::Refused, What::BadJson, at);
        self.w.out.skipped(None);
        self.w.skip_nested(1, false, self.line).map(|_| ())
    }

    fn entry_list(&mut self, level: usize) -> Result<(), Halt> {
        self.w.pos += 1;
        loop {
            match self.w.must_peek()? {
                b']' => {
                    self.w.pos += 1;
                    return Ok(());
                }
                b',' => self.w.pos += 1,
                b'{' => self.entry(level)?,
                _ => self.no_resource()?,
            }
        }
    }

    fn no_resource(&mut self) -> Result<(), Halt> {
        let at = self.w.offset();
        self.w.skip_value(self.line)?;
        self.w.out.issue(Severity::Refused, What::NotAResource, at);
        Ok(())
    }

    fn too_deep(&mut self) -> Result<(), Halt> {
        let at = self.w.offset();
        self.w.skip_value(self.line)?;
        self.w.out.issue(Severity::Refused, What::TooDeep, at);
        self.w.out.skipped(None);
        Ok(())
    }

    fn entry(&mut self, level: usize) -> Result<(), Halt> {
        self.entries += 1;
        self.looked = false;
        self.w.pos += 1;
        let mut url = None;
        let mut first = true;
        loop {
            let step = match self.w.member(first, self.line) {
                Ok(None) => return Ok(()),
                Ok(Some(name)) => match (name.as_str(), self.w.buf.get(self.w.pos)) {
                    ("fullUrl", Some(b'"')) => self.w.string(self.line).map(|s| url = s),
                    ("resource", Some(b'{')) => self.resource(level + 1, url.as_deref()),
                    ("resource", _) => self.no_resource(),
                    ("part", Some(b'[')) if level < NESTED => self.entry_list(level + 1),
                    ("part", Some(b'[')) => self.too_deep(),
                    _ => self.w.skip_value(self.line),
                },
                Err(e) => Err(e),
            };
            first = false;
            match step {
                Err(Halt::Bad) => return self.resume(),
                other => other?,
            }
        }
    }
}

/// Whether a line end follows, white space aside.
fn starts_line(rest: &[u8]) -> bool {
    rest.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r')) == Some(&b'\n')
}

//! Steps over JSON without reading it: strings, nested values, member names. Iterative, so that
//! no depth of nesting can exhaust the stack, and resumable at every byte, so that no value has
//! to be in memory as a whole.
//!
//! Objects are delimited by counting braces alone: a resource with a bracket too few or too many
//! then still ends where it ends, and only that one is lost. Whether its inside is JSON is the
//! business of the parser that reads it.

use super::window::{Halt, Handler, Window};

/// Bytes of a member name or `fullUrl` that are looked at; a longer one is stepped over.
const TOKEN: usize = 4 << 10;

const fn table(of: &[u8]) -> [bool; 256] {
    let mut t = [false; 256];
    let mut i = 0;
    while i < of.len() {
        t[of[i] as usize] = true;
        i += 1;
    }
    t
}
static STRUCTURE: [bool; 256] = table(b"\"{}[]");
static STRUCTURE_LINE: [bool; 256] = table(b"\"{}[]\n");
static STRING: [bool; 256] = table(b"\"\\");
static STRING_LINE: [bool; 256] = table(b"\"\\\n");
static SCALAR_END: [bool; 256] = table(b",]}[{: \t\r\n\"");

fn find(table: &[bool; 256], bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| table[usize::from(*b)])
}

/// Where a string ends, or an escape begins (or the line, if `line`). Most strings are short: the
/// vector search is only worth its start on long ones.
pub(super) fn find_in_string(bytes: &[u8], line: bool) -> Option<usize> {
    let (head, rest) = bytes.split_at(bytes.len().min(32));
    find(if line { &STRING_LINE } else { &STRING }, head).or_else(|| {
        let found = if line { memchr::memchr3(b'"', b'\\', b'\n', rest) } else { memchr::memchr2(b'"', b'\\', rest) };
        Some(head.len() + found?)
    })
}

impl<H: Handler> Window<'_, H> {
    /// The next byte that is not white space, without taking it.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Halt> {
        loop {
            match self.buf.get(self.pos).copied() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.pos += 1,
                Some(b) => return Ok(Some(b)),
                None if self.fill()? => {}
                None => return Ok(None),
            }
        }
    }

    /// As [`peek`](Self::peek), where something must follow.
    pub(super) fn must_peek(&mut self) -> Result<u8, Halt> {
        self.peek()?.ok_or(Halt::End)
    }

    /// Takes one byte.
    fn next(&mut self) -> Result<u8, Halt> {
        loop {
            if let Some(b) = self.buf.get(self.pos) {
                self.pos += 1;
                return Ok(*b);
            }
            if !self.fill()? {
                return Err(Halt::End);
            }
        }
    }

    /// Steps over the rest of a string whose opening quote was taken.
    fn skip_string(&mut self, line: bool) -> Result<(), Halt> {
        loop {
            match self.buf.get(self.pos..).and_then(|rest| Some((find_in_string(rest, line)?, rest))) {
                Some((i, rest)) => {
                    let hit = rest.get(i).copied();
                    self.pos += i;
                    match hit {
                        Some(b'\\') => {
                            self.pos += 1;
                            if self.next()? == b'\n' && line {
                                self.pos -= 1;
                                return Err(Halt::Line);
                            }
                        }
                        Some(b'"') => {
                            self.pos += 1;
                            return Ok(());
                        }
                        _ => return Err(Halt::Line),
                    }
                }
                None => {
                    self.pos = self.buf.len();
                    if !self.fill()? {
                        return Err(Halt::End);
                    }
                }
            }
        }
    }

    /// Steps out of `open` braces, or brackets for a value that began with one. Returns how deeply
    /// it was nested, counting both; `line` forbids a line end.
    pub(super) fn skip_nested(&mut self, mut open: usize, bracket: bool, line: bool) -> Result<usize, Halt> {
        let table = if line { &STRUCTURE_LINE } else { &STRUCTURE };
        let (mut depth, mut deepest) = (open, open);
        while open > 0 {
            let rest = self.buf.get(self.pos..).unwrap_or_default();
            let Some(i) = find(table, rest) else {
                self.pos = self.buf.len();
                if !self.fill()? {
                    return Err(Halt::End);
                }
                continue;
            };
            let hit = rest.get(i).copied().unwrap_or_default();
            self.pos += i + 1;
            match hit {
                b'"' => self.skip_string(line)?,
                b'\n' => {
                    self.pos -= 1;
                    return Err(Halt::Line);
                }
                b'{' | b'[' => {
                    depth += 1;
                    deepest = deepest.max(depth);
                    open += usize::from(bracket == (hit == b'['));
                }
                _ => {
                    depth = depth.saturating_sub(1);
                    open -= usize::from(bracket == (hit == b']'));
                }
            }
        }
        Ok(deepest)
    }

    /// Steps over the value that begins at the next byte.
    pub(super) fn skip_value(&mut self, line: bool) -> Result<(), Halt> {
        match self.must_peek()? {
            b'"' => {
                self.pos += 1;
                self.skip_string(line)
            }
            c @ (b'{' | b'[') => {
                self.pos += 1;
                self.skip_nested(1, c == b'[', line).map(|_| ())
            }
            c if SCALAR_END[usize::from(c)] => Err(Halt::Bad),
            _ => loop {
                if let Some(i) = find(&SCALAR_END, self.buf.get(self.pos..).unwrap_or_default()) {
                    self.pos += i;
                    return Ok(());
                }
                self.pos = self.buf.len();
                if !self.fill()? {
                    return Err(Halt::End);
                }
            },
        }
    }

    /// Reads the string whose opening quote is the next byte; `None` where it is too long to be
    /// of interest or no JSON string.
    pub(super) fn string(&mut self, line: bool) -> Result<Option<String>, Halt> {
        // Most stand in the window as a whole, without an escape.
        let inside = self.buf.get(self.pos + 1..).unwrap_or_default();
        let end = find_in_string(inside.get(..TOKEN).unwrap_or(inside), line);
        if let Some(end) = end.filter(|i| inside.get(*i) == Some(&b'"')) {
            let raw = self.buf.get(self.pos..self.pos + end + 2).unwrap_or_default();
            let text = serde_json::from_slice(raw).ok();
            self.pos += end + 2;
            return Ok(text);
        }
        self.pos += 1;
        let mut raw = vec![b'"'];
        loop {
            match self.next()? {
                b'\n' if line => {
                    self.pos -= 1;
                    return Err(Halt::Line);
                }
                b'\\' => raw.extend_from_slice(&[b'\\', self.next()?]),
                b'"' => {
                    raw.push(b'"');
                    return Ok(serde_json::from_slice(&raw).ok());
                }
                b => raw.push(b),
            }
            if raw.len() > TOKEN {
                self.skip_string(line)?;
                return Ok(None);
            }
        }
    }

    /// Goes to the value of an object's next member and returns its name; `None` behind the
    /// closing brace. `first` says that no comma is due.
    pub(super) fn member(&mut self, first: bool, line: bool) -> Result<Option<String>, Halt> {
        let mut c = self.must_peek()?;
        if c == b'}' {
            self.pos += 1;
            return Ok(None);
        }
        if !first {
            if c != b',' {
                return Err(Halt::Bad);
            }
            self.pos += 1;
            c = self.must_peek()?;
        }
        if c != b'"' {
            return Err(Halt::Bad);
        }
        let name = self.string(line)?;
        if self.must_peek()? != b':' {
            return Err(Halt::Bad);
        }
        self.pos += 1;
        self.must_peek()?;
        Ok(Some(name.unwrap_or_default()))
    }
}

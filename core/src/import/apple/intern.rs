//! Strings that come back a million times, held once.

use super::text::{Findings, unescape};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Entries after which a table starts anew, and the longest string that enters one: hostile input
/// must not fill the memory.
const MOST: usize = 4096;
const LONGEST: usize = 1024;

/// A shared string, with a number that stands for it within one import.
#[derive(Clone)]
pub(super) struct Word {
    pub(super) text: Arc<str>,
    pub(super) id: u64,
}

/// Brings an unescaped string into its kept form.
pub(super) type Tidy = fn(&str) -> Cow<'_, str>;

/// The values of one attribute.
pub(super) struct Words {
    tidy: Tidy,
    last_raw: Vec<u8>,
    last: Option<Word>,
    by_raw: HashMap<Box<[u8]>, Word>,
    by_text: HashMap<Arc<str>, u64>,
    next: u64,
}

impl Words {
    pub(super) fn new(tidy: Tidy) -> Self {
        Self { tidy, last_raw: Vec::new(), last: None, by_raw: HashMap::new(), by_text: HashMap::new(), next: 0 }
    }

    /// The word for an attribute's bytes as they stand in the file; `None` where they need a
    /// repair, which is the slow way's business.
    #[inline]
    pub(super) fn raw(&mut self, raw: &[u8]) -> Option<Word> {
        if self.last_raw == raw
            && let Some(word) = &self.last
        {
            return Some(word.clone());
        }
        self.raw_anew(raw)
    }

    fn raw_anew(&mut self, raw: &[u8]) -> Option<Word> {
        let word = match self.by_raw.get(raw) {
            Some(word) => word.clone(),
            None => {
                let word = self.text(&plain(raw)?);
                if raw.len() <= LONGEST {
                    if self.by_raw.len() >= MOST {
                        self.by_raw.clear();
                    }
                    self.by_raw.insert(raw.into(), word.clone());
                }
                word
            }
        };
        self.last_raw.clear();
        self.last_raw.extend_from_slice(raw);
        self.last = Some(word.clone());
        Some(word)
    }

    /// The word for an unescaped string.
    pub(super) fn text(&mut self, text: &str) -> Word {
        let text = (self.tidy)(text);
        if let Some((text, id)) = self.by_text.get_key_value(&*text) {
            return Word { text: Arc::clone(text), id: *id };
        }
        let word = Word { text: Arc::from(&*text), id: self.next };
        self.next += 1;
        if text.len() <= LONGEST {
            if self.by_text.len() >= MOST {
                self.by_text.clear();
            }
            self.by_text.insert(Arc::clone(&word.text), word.id);
        }
        word
    }
}

/// The text of an attribute's bytes, where nothing about them needs a repair.
pub(super) fn plain(raw: &[u8]) -> Option<Cow<'_, str>> {
    if raw.contains(&b'<') {
        return None;
    }
    let mut found = Findings::default();
    let text = unescape(core::str::from_utf8(raw).ok()?, &mut found);
    found.drain().next().is_none().then_some(text)
}

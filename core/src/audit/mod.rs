//! What the entries of the ledger mean.
//!
//! What belongs here: the events, their one canonical encoding, the Merkle root over the items of
//! a release, and the words in which an event is told to the person, or to an auditor as FHIR AuditEvent. What must not: deciding
//! whether an event may happen, storing it, or committing it to a log; an event holds hashes,
//! counts and ids, never health data.
//!
//! An entry is one canonical CBOR map (RFC 8949 section 4.2.1):
//! `{1: version = 1, 2: event number, 3: milliseconds since 1970, 4: bytes}`; the bytes are again a
//! canonical CBOR map, of the event's fields by their numbers, every field present and an absent
//! value null. Numbers of events and fields are for ever: append only.

mod event;
mod fhir;
mod field;
mod items;
mod words;

pub use event::AuditEvent;
pub use fhir::audit_event;
pub use field::{Gesture, LogHead, LogMark, ReleaseKind};
pub use words::describe;

pub(crate) use fhir::bundle;
pub(crate) use items::{item_hash, items_root, root_of_hashes};
pub(crate) use words::{day, day_and_time};

use crate::codec::cbor::{Reader, Writer};
use crate::error::{Error, Malformed, Result};
use crate::id::Timestamp;
use crate::lang::Lang;
use words::clock;

const BAD: Error = Error::Malformed(Malformed::Cbor);
const VERSION: u64 = 1;
const MAX_BODY: usize = 32 << 10;

/// An event and when it happened, by the host's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub time: Timestamp,
    /// What.
    pub event: AuditEvent,
}

impl Entry {
    /// The bytes that the ledger commits to.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if a list or text is over its bound, [`Error::Malformed`] if a text holds
    /// characters that are not shown, or an unknown event bears a known number.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let body = self.event.body()?;
        let mut w = Writer::new();
        w.map(4).uint(1).uint(VERSION).uint(2).uint(self.event.number());
        w.uint(3).int(self.time.as_millis()).uint(4).bytes(&body);
        Ok(w.into_bytes())
    }

    /// Reads what [`encode`](Self::encode) wrote, and nothing else.
    ///
    /// # Errors
    /// [`Error::NeedsNewerLibrary`] for a later version of the entry format, [`Error::Malformed`]
    /// for anything that is not in canonical form. An event of a later library is no error: it
    /// becomes [`AuditEvent::Unknown`].
    ///
    /// ```
    /// use healthspace::{Timestamp, audit::{AuditEvent, Entry}};
    /// let entry = Entry { time: Timestamp::from_millis(0), event: AuditEvent::SpaceCreated {} };
    /// let bytes = entry.encode()?;
    /// assert_eq!(bytes, [0xa4, 1, 1, 2, 1, 3, 0, 4, 0x41, 0xa0]);
    /// assert_eq!(Entry::decode(&bytes)?, entry);
    /// # Ok::<(), healthspace::Error>(())
    /// ```
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        if r.map()? != 4 {
            return Err(BAD);
        }
        r.key_is(1)?;
        match r.uint()? {
            VERSION => {}
            0 => return Err(BAD),
            _ => return Err(Error::NeedsNewerLibrary),
        }
        r.key_is(2)?;
        let number = r.uint()?;
        r.key_is(3)?;
        let time = Timestamp::from_millis(r.int()?);
        r.key_is(4)?;
        let body = r.bytes()?;
        r.finish()?;
        let entry = Self { time, event: AuditEvent::from_body(number, body)? };
        // The reader is strict already; this holds it to that.
        if entry.encode()? == bytes { Ok(entry) } else { Err(BAD) }
    }

    /// When, in words, and what happened, for the person.
    #[must_use]
    pub fn tell(&self, lang: Lang) -> String {
        let (day, at) = (day(self.time, lang), clock(self.time, lang));
        match lang {
            Lang::En => format!("On {day} at {at}: {}", describe(&self.event, lang)),
            Lang::Fr => format!("Le {day} à {at}\u{a0}: {}", describe(&self.event, lang)),
        }
    }

    /// The time and what happened, in plain words.
    #[must_use]
    pub fn describe(&self, lang: Lang) -> String {
        format!("{} {}", self.time.to_rfc3339(), describe(&self.event, lang))
    }
}

#[cfg(test)]
mod tests;
